/* What was put on hold, and released again. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/held.h"

struct listing {
  struct om_answering *a;
  struct om_arena passing; /* a long walk past those of others takes no memory */
  uint32_t member;
  Oremark__HeldLot *rows[OM_REPLY_ROWS];
  size_t n, size;
  bool unwanted; /* the client has gone */
};

static bool put(struct listing *l, bool more) {
  Oremark__HeldLots out = OREMARK__HELD_LOTS__INIT;
  out.lots = l->rows;
  out.n_lots = l->n;
  Oremark__Reply reply = om_answer_good(l->a, OREMARK__REPLY__WHAT_HELD, more);
  reply.held = &out;
  l->unwanted = !om_answer_put(l->a, &reply);
  om_view_reset(&l->a->view);
  l->n = l->size = 0;
  return !l->unwanted;
}

/* The lot as its last holder has it. */
static enum om_code get(struct listing *l, struct om_arena *arena, struct om_lot *lot, const struct om_held *from,
                        const struct om_held *until, struct om_status *st) {
  struct om_txn *txn = l->a->view.txn;
  return until ? om_lot_get_step(txn, arena, lot, from->number, until->step, st)
               : om_lot_get(txn, arena, lot, from->number, st);
}

/* The hold that began at FROM; UNTIL is its end, NULL where it lasts. */
static enum om_code add(struct listing *l, const struct om_held *from, const struct om_held *until,
                        struct om_status *st) {
  struct om_view *view = &l->a->view;
  struct om_lot *lot = om_arena_alloc(&l->passing, sizeof *lot);
  enum om_code code = get(l, &l->passing, lot, from, until, st);
  bool passed_over = code != OM_OK || (l->member != OM_MEMBER_NONE && lot->custodian != l->member);
  om_arena_reset(&l->passing);
  if (passed_over) {
    l->unwanted = !om_answer_wanted(l->a);
    return code;
  }
  lot = om_arena_alloc(view->arena, sizeof *lot);
  if (get(l, view->arena, lot, from, until, st) != OM_OK) return st->code;
  Oremark__HeldLot *out = om_arena_alloc(view->arena, sizeof *out);
  oremark__held_lot__init(out);
  out->from_ms = from->at_ms;
  out->until_ms = until ? until->at_ms : 0;
  code = om_view_lot(view, &out->lot, lot, st);
  if (code != OM_OK) return code;
  l->rows[l->n++] = out;
  l->size += oremark__held_lot__get_packed_size(out);
  if (l->n == OM_REPLY_ROWS || l->size >= OM_REPLY_MAX_BYTES) put(l, true);
  return OM_OK;
}

/* A lot's rows follow each other: put on hold, released, put on hold again. */
static enum om_code walk(struct listing *l, uint8_t reason, struct om_status *st) {
  struct om_held held = {.reason = reason}, open = {0};
  bool is_open = false;
  enum om_code code = OM_OK;
  while (code == OM_OK && !l->unwanted && om_held_next(l->a->view.txn, &held)) {
    if (is_open) code = add(l, &open, held.released ? &held : NULL, st);
    is_open = !held.released;
    open = held;
  }
  if (code == OM_OK && is_open && !l->unwanted) code = add(l, &open, NULL, st);
  return code == OM_OK ? om_txn_check(l->a->view.txn, st) : code;
}

enum om_code om_answer_held(struct om_answering *a, const Oremark__ListHeld *asked, struct om_status *st) {
  struct listing l = {.a = a, .member = asked->member};
  if (asked->reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED ||
      asked->reason > OREMARK__HOLD_REASON__HOLD_REASON_QUARANTINE)
    return om_fail(st, OM_USAGE, NULL, "there is no reason %u to put a lot on hold", asked->reason);
  enum om_code code = walk(&l, (uint8_t)asked->reason, st);
  om_arena_free(&l.passing);
  if (code != OM_OK) return code;
  if (!l.unwanted) put(&l, false);
  return OM_OK;
}
