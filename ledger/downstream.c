#include "ledger/downstream.h"

#include <stdio.h>
#include <string.h>

#include "ledger/lineage.h"
#include "ledger/step.h"

struct walk {
  struct om_downstream *out;
  struct om_txn *txn;
  const struct om_hash *network;
  struct om_lineage
      met; /* the lots alone, in the order in which they were met; n_steps: of a pool, from which step on */
  struct om_arena arena; /* of the statement in hand */
  uint32_t at;           /* the next of them to be followed */
  size_t n_events;
};

/* An event, and what it takes to number the lots that it made. */
struct maker {
  const Oremark__Statement *statement;
  const Oremark__Event *event;
  struct om_hash id;
  uint16_t number;
};

static enum om_code read_maker(struct walk *w, struct maker *out, const struct om_place *at, struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  enum om_code code = om_log_entry(w->txn, &entry, at->log, at->index, st);
  if (code != OM_OK) return code;
  om_arena_reset(&w->arena);
  out->statement = NULL;
  if (om_find_event(&found, entry.data, entry.len, at->event))
    out->statement =
        oremark__statement__unpack(om_arena_protobuf(&w->arena), found.statement.len, found.statement.data);
  if (!out->statement || at->event >= out->statement->n_events)
    return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u: " OM_STORE_DAMAGED,
                   (unsigned long long)at->index, at->log, at->event);
  om_statement_id(&out->id, w->network, found.statement.data, found.statement.len);
  out->number = at->event;
  out->event = out->statement->events[at->event];
  return OM_OK;
}

/* Takes in a lot, of a pool what follows on step FROM; a pool that was met before at a later step is followed anew. */
static void meet(struct walk *w, const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t from) {
  struct om_downstream *out = w->out;
  size_t before = w->met.n_lots;
  if (before > OM_DOWNSTREAM_MAX) {
    out->more = true;
    return;
  }
  uint32_t lot = om_lineage_add(&w->met, number);
  if (w->met.n_lots == before) {
    if (from >= w->met.lots[lot].n_steps) return;
    w->met.lots[lot].n_steps = from;
    if (lot < w->at) w->at = lot;
    return;
  }
  w->met.lots[lot].n_steps = from;
  if (out->n < OM_DOWNSTREAM_SHOWN) memcpy(out->first[out->n], number, OM_LOT_NUMBER_BYTES);
  out->n++;
}

/* The lots that M made, which are its outputs from FIRST on. */
static void meet_outputs(struct walk *w, const struct maker *m, size_t first, size_t n) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  for (size_t i = first; i < first + n && i <= UINT16_MAX; i++) {
    om_lot_number_make(number, m->statement->member, (uint64_t)m->statement->signed_ms, &m->id, m->number, (uint16_t)i);
    meet(w, number, 0);
  }
}

static const Oremark__LotRef *pool_of(const Oremark__Event *event) {
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_CHARGE: return event->charge->pool;
    case OREMARK__EVENT__KIND_DRAW: return event->draw->pool;
    case OREMARK__EVENT__KIND_STOCKTAKE: return event->stocktake->pool;
    default: return NULL;
  }
}

/* The pool that M charges: it may be named by an earlier event of the statement, and that may name it likewise. */
static bool charged_pool(uint8_t number[OM_LOT_NUMBER_BYTES], const struct maker *m) {
  uint16_t event = m->number;
  for (;;) {
    const Oremark__Event *e = m->statement->events[event];
    const Oremark__LotRef *pool = pool_of(e);
    if (!pool && e->kind_case != OREMARK__EVENT__KIND_CHARGE) return false;
    if (!pool) {
      om_lot_number_make(number, m->statement->member, (uint64_t)m->statement->signed_ms, &m->id, event, 0);
      return true;
    }
    if (pool->number.len == OM_LOT_NUMBER_BYTES) {
      memcpy(number, pool->number.data, OM_LOT_NUMBER_BYTES);
      return true;
    }
    if (pool->event >= event) return false;
    event = (uint16_t)pool->event;
  }
}

/* The step of the pool NUMBER that the event at PLACE wrote. */
static uint32_t step_at(struct walk *w, const uint8_t number[OM_LOT_NUMBER_BYTES], const struct om_place *place) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes found, row;
  struct om_lot lot;
  struct om_status ignored;
  om_lot_key(key, number, 0);
  for (bool more = om_txn_next(w->txn, &found, &row, OM_TABLE_LOTS, key, sizeof key);
       more && found.len == sizeof key && memcmp(found.data, number, OM_LOT_NUMBER_BYTES) == 0;
       more = om_txn_step(w->txn, &found, &row, OM_TABLE_LOTS))
    if (om_lot_decode_head(&lot, found.data, row.data, row.len, &ignored) == OM_OK && lot.at.log == place->log &&
        lot.at.index == place->index && lot.at.event == place->event)
      return lot.step;
  return 0;
}

/* What the event at PLACE, which took a lot, made of it. */
static enum om_code follow(struct walk *w, const struct om_place *place, struct om_status *st) {
  struct maker m;
  uint8_t pool[OM_LOT_NUMBER_BYTES];
  if (w->n_events++ >= OM_DOWNSTREAM_EVENTS) {
    w->out->more = true;
    return OM_OK;
  }
  enum om_code code = read_maker(w, &m, place, st);
  if (code != OM_OK) return code;
  switch ((int)m.event->kind_case) {
    case OREMARK__EVENT__KIND_TRANSFORM: meet_outputs(w, &m, 0, m.event->transform->n_outputs); break;
    case OREMARK__EVENT__KIND_SPLIT: meet_outputs(w, &m, 0, m.event->split->n_parts); break;
    case OREMARK__EVENT__KIND_COMBINE: meet_outputs(w, &m, 0, 1); break;
    case OREMARK__EVENT__KIND_DRAW: meet_outputs(w, &m, 1, m.event->draw->n_outputs); break; /* behind the pool */
    case OREMARK__EVENT__KIND_CHARGE:
      if (charged_pool(pool, &m)) meet(w, pool, step_at(w, pool, place));
      break;
    default: break;
  }
  return OM_OK;
}

/* A pool goes on: what each event made that moved it after step FROM. */
static enum om_code follow_pool(struct walk *w, const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t from,
                                struct om_status *st) {
  enum om_code code = OM_OK;
  for (uint32_t step = from + 1; code == OM_OK && !w->out->more; step++) {
    uint8_t key[OM_LOT_KEY_BYTES];
    struct om_bytes row;
    struct om_lot lot;
    om_lot_key(key, number, step);
    if (!om_txn_get(w->txn, &row, OM_TABLE_LOTS, key, sizeof key)) return om_txn_check(w->txn, st);
    code = om_lot_decode_head(&lot, key, row.data, row.len, st);
    if (code == OM_OK) code = follow(w, &lot.at, st);
  }
  return code;
}

static enum om_code follow_lot(struct walk *w, uint32_t index, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES], last[OM_LOT_KEY_BYTES];
  struct om_bytes key, row;
  struct om_lot lot;
  uint32_t from = w->met.lots[index].n_steps;
  memcpy(number, w->met.lots[index].number, sizeof number); /* what is met may move them */
  om_lot_key(last, number, UINT32_MAX);
  if (!om_txn_last(w->txn, &key, &row, OM_TABLE_LOTS, last, sizeof last, OM_LOT_NUMBER_BYTES) || key.len != sizeof last)
    return om_txn_check(w->txn, st); /* its log has not come so far */
  enum om_code code = om_lot_decode_head(&lot, key.data, row.data, row.len, st);
  if (code != OM_OK) return code;
  if (lot.pool) return follow_pool(w, number, from, st);
  return lot.state == OM_LOT_CONSUMED ? follow(w, &lot.at, st) : OM_OK;
}

enum om_code om_downstream_collect(struct om_downstream *out, struct om_txn *txn, const struct om_hash *network,
                                   const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct walk w = {.out = out, .txn = txn, .network = network};
  enum om_code code = OM_OK;
  memset(out, 0, sizeof *out);
  om_lineage_add(&w.met, number);
  w.met.lots[0].n_steps = 0;
  while (w.at < w.met.n_lots && code == OM_OK && !out->more) code = follow_lot(&w, w.at++, st);
  om_lineage_free(&w.met);
  om_arena_free(&w.arena);
  return code;
}

const char *om_downstream_text(char out[OM_DOWNSTREAM_TEXT_BYTES], const struct om_downstream *d) {
  char lot[OM_LOT_TEXT_BYTES];
  size_t shown = d->n < OM_DOWNSTREAM_SHOWN ? d->n : OM_DOWNSTREAM_SHOWN;
  out[0] = '\0';
  if (d->n == 0) return out;
  size_t len =
      (size_t)snprintf(out, OM_DOWNSTREAM_TEXT_BYTES, "%s%zu lot%s made of it since: ", d->more ? "at least " : "",
                       d->n, d->n == 1 ? " has been" : "s have been");
  for (size_t i = 0; i < shown; i++)
    len += (size_t)snprintf(out + len, OM_DOWNSTREAM_TEXT_BYTES - len, "%s%s", i ? ", " : "",
                            om_lot_format(lot, sizeof lot, d->first[i]));
  if (d->n > shown) snprintf(out + len, OM_DOWNSTREAM_TEXT_BYTES - len, ", ...");
  return out;
}
