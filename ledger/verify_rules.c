/* One entry of the lineage, judged again. Nothing stored is believed: a lot begins where its first event makes it, and
 * the row that an event leaves is compared with the stored one, to the byte, before the next event is judged on it; so
 * the store's own rows serve as memory, each proven by then. Lots outside the lineage that were moved by the same
 * events are taken as the store has them: no lot of the lineage depends on what is in them. */
#include <stdlib.h>
#include <string.h>

#include "ledger/events/kinds.h"
#include "ledger/rules.h"
#include "ledger/step.h"
#include "ledger/verify_replay.h"

static const struct om_verify_entry *entry_in_hand(const struct om_replay *r) {
  return &r->v->entries[r->at];
}

static void pass(struct om_replay *r, enum om_check_kind kind, uint64_t n) {
  r->passed[kind] += n;
}

/* ---- the lots that the entry in hand moves ---- */

/* Any bits of a number will do: who makes numbers up so that they meet here makes his own entry slower to judge, by the
 * few lots that one entry can move. */
static size_t moved_slot(const struct om_replay *r, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  uint64_t bits;
  memcpy(&bits, number + OM_LOT_NUMBER_BYTES - sizeof bits, sizeof bits);
  return (size_t)(bits * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (r->n_moved - 1);
}

/* The slot of NUMBER, or the free one where it would go. */
static uint32_t *find_slot(const struct om_replay *r, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  size_t i = moved_slot(r, number);
  while (r->moved[i] != 0 && memcmp(r->v->lineage.lots[r->moved[i] - 1].number, number, OM_LOT_NUMBER_BYTES) != 0)
    i = (i + 1) & (r->n_moved - 1);
  return &r->moved[i];
}

/* A table of them alone: the rules ask for each several times, and the lineage's own is far larger than any cache. */
static void take_moved(struct om_replay *r) {
  const struct om_verify_entry *e = entry_in_hand(r);
  size_t n = 16;
  while (n < 2 * (size_t)(e[1].first_step - e->first_step)) n *= 2;
  if (n > r->cap_moved) {
    free(r->moved);
    r->moved = malloc(n * sizeof *r->moved);
    OM_ASSERT(r->moved);
    r->cap_moved = n;
  }
  r->n_moved = n;
  memset(r->moved, 0, n * sizeof *r->moved);
  for (uint32_t i = e->first_step; i < e[1].first_step; i++) {
    uint32_t id = r->v->lineage.steps[r->v->row_steps[i]].lot;
    *find_slot(r, r->v->lineage.lots[id].number) = id + 1;
  }
}

/* The lot NUMBER if the entry in hand moved it as one of the lineage, or OM_LINEAGE_NONE. */
static uint32_t find_moved(const struct om_replay *r, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  uint32_t found = *find_slot(r, number);
  return found == 0 ? OM_LINEAGE_NONE : found - 1;
}

/* ---- what the rules ask ---- */

/* The first of a lot's steps, from *STEP on, that the entry in hand wrote; *FOUND false and *STEP behind the last where
 * it wrote none of them. */
static enum om_code find_step(struct om_replay *r, bool *found, uint32_t *step,
                              const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  const struct om_verify_entry *e = entry_in_hand(r);
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes bytes;
  struct om_lot row;
  for (*found = false;; (*step)++) {
    om_lot_key(key, number, *step);
    if (!om_txn_get(r->txn, &bytes, OM_TABLE_LOTS, key, sizeof key)) return om_txn_check(r->txn, st);
    om_arena_reset(&r->scratch);
    enum om_code code = om_lot_decode(&r->scratch, &row, key, bytes.data, bytes.len, st);
    if (code != OM_OK) return code;
    *found = row.at.log == e->log && row.at.index == e->index;
    if (*found) return OM_OK;
  }
}

/* A lot outside the lineage as it was before the entry in hand; the search goes on where it ended for the entry before.
 */
static enum om_code bystander(struct om_replay *r, struct om_arena *arena, struct om_lot *out,
                              const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct om_lineage *known = &r->bystanders;
  uint32_t id = om_lineage_add(known, number), *step = &known->lots[id].n_steps;
  bool found;
  enum om_code code = find_step(r, &found, step, number, st);
  if (code == OM_OK && !found) {
    *step = 0;
    code = find_step(r, &found, step, number, st);
  }
  if (code != OM_OK) return code;
  if (*step == 0) return om_fail(st, OM_MISSING, "lot", "no such lot before this entry");
  known->lots[id].first = 0; /* counted */
  if (found) {
    const struct om_verify_watch *watch = r->v->watch;
    code = om_lot_get_step(r->txn, arena, out, number, *step - 1, st);
    if (!watch || code != OM_OK) return code;
    watch->other(watch->ctx, r->at, number, *step - 1);
    out->at = (struct om_place){.log = entry_in_hand(r)->log}; /* what it leans on is not looked after */
    return OM_OK;
  }
  char text[OM_LOT_TEXT_BYTES];
  return om_fail(st, OM_CORRUPT, "state", "lot %s has no row by this entry, which names it: " OM_STORE_DAMAGED,
                 om_lot_format(text, sizeof text, number));
}

static enum om_code ask_lot(void *ctx, struct om_arena *arena, struct om_lot *out,
                            const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct om_replay *r = ctx;
  uint8_t key[OM_LOT_KEY_BYTES];
  uint32_t id = find_moved(r, number);
  if (id == OM_LINEAGE_NONE) return bystander(r, arena, out, number, st);
  const struct om_replay_lot *lot = &r->lots[id];
  if (lot->done == 0) return om_fail(st, OM_MISSING, "lot", "no such lot before this entry");
  om_lot_key(key, number, lot->done - 1);
  return om_lot_decode(arena, out, key, lot->row, lot->row_len, st);
}

static enum om_code ask_mark(void *ctx, uint64_t *size, uint32_t log, struct om_status *st) {
  struct om_replay *r = ctx;
  const struct om_verify_entry *e = entry_in_hand(r);
  if (r->v->watch) r->v->watch->mark(r->v->watch->ctx, e->log, e->index, log);
  *size = om_log_mark(r->txn, e->log, log, e->index);
  return om_txn_check(r->txn, st);
}

/* ---- who signed ---- */

/* MEMBER's key stood in the registry as the log followed it. */
static enum om_code check_key(struct om_replay *r, const Oremark__Signature *sig, uint64_t registry_size,
                              struct om_status *st) {
  struct om_standing_key *known = &r->keys[(sig->member ^ sig->key_id) % OM_REPLAY_KEYS];
  uint8_t key[OM_PUBLIC_BYTES];
  if (known->filled && known->member == sig->member && known->key_id == sig->key_id &&
      known->registry_size == registry_size)
    return OM_OK;
  enum om_code code = om_registry_key(r->txn, key, sig->member, sig->key_id, registry_size, st);
  if (code == OM_OK) *known = (struct om_standing_key){true, sig->member, sig->key_id, registry_size};
  return code;
}

enum om_code om_replay_key(struct om_replay *r, const struct om_member_key **out, uint32_t member, uint32_t key_id,
                           struct om_status *st) {
  struct om_present_key *known = &r->present[(member ^ key_id) % OM_REPLAY_KEYS];
  *out = &known->key;
  if (known->filled && known->key.member == member && known->key.id == key_id) return OM_OK;
  enum om_code code = om_registry_key_row(r->txn, &known->key, member, key_id, OM_REGISTRY_NOW, st);
  known->filled = code == OM_OK;
  return code;
}

/* Was the key revoked since? */
static enum om_code look_back(struct om_replay *r, const Oremark__Signature *sig, struct om_status *st) {
  const struct om_member_key *key;
  enum om_code code = om_replay_key(r, &key, sig->member, sig->key_id, st);
  if (code != OM_OK || key->state != OM_KEY_REVOKED) return code;
  struct om_replay_part *part = r->part;
  part->revoked = realloc(part->revoked, (part->n_revoked + 1) * sizeof *part->revoked);
  OM_ASSERT(part->revoked);
  part->revoked[part->n_revoked++] = (struct om_replay_revoked){r->at, sig->member, sig->key_id};
  return OM_OK;
}

static enum om_code find_signers(struct om_replay *r, uint32_t signers[OM_SIGNATURES_MAX], size_t *n,
                                 struct om_checked *checked, struct om_status *st) {
  const Oremark__SignedStatement *s = checked->signed_statement;
  uint64_t registry_size = entry_in_hand(r)->registry_size;
  for (size_t i = 0; i < s->n_signatures; i++) {
    enum om_code code = look_back(r, s->signatures[i], st);
    if (code != OM_OK) return code;
  }
  if (r->v->deep) {
    enum om_code code = om_signers(signers, n, checked, r->txn, registry_size, st);
    if (code == OM_OK) pass(r, OM_CHECK_SIGNATURES, s->n_signatures);
    return code;
  }
  *n = 0;
  for (size_t i = 0; i < s->n_signatures; i++) {
    enum om_code code = check_key(r, s->signatures[i], registry_size, st);
    if (code != OM_OK) return code;
    if (*n == 0 || signers[*n - 1] != s->signatures[i]->member) signers[(*n)++] = s->signatures[i]->member;
  }
  return OM_OK;
}

/* ---- which events ---- */

enum om_code om_verify_chosen(const struct om_verify *v, bool only[OM_EVENTS_MAX], size_t entry,
                              const Oremark__Statement *s, struct om_status *st) {
  const struct om_verify_entry *e = &v->entries[entry];
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  memset(only, 0, OM_EVENTS_MAX * sizeof *only);
  for (uint32_t i = e->first_event; i < e[1].first_event; i++) {
    uint16_t event = v->lineage.events[v->order[i]].event;
    if (event >= s->n_events) return om_fail(st, OM_CORRUPT, "state", "it holds no event %u", event);
    only[event] = true;
  }
  for (size_t i = s->n_events; i-- > 0;) {
    if (!only[i]) continue;
    const struct om_kind *kind = om_kind_of(s->events[i]);
    if (!kind || !kind->rule) return om_fail(st, OM_CORRUPT, "state", "event %zu moves no lot", i);
    size_t n = om_event_refs(refs, s->events[i]);
    for (size_t k = 0; k < n; k++)
      if (refs[k]->number.len == 0 && refs[k]->event < i) only[refs[k]->event] = true;
  }
  return OM_OK;
}

/* ---- what follows ---- */

/* One row that was judged: is it the stored one? */
static enum om_code check_row(struct om_replay *r, uint32_t *rows, const struct om_lot *row, struct om_status *st) {
  const struct om_verify *v = r->v;
  uint32_t id = find_moved(r, row->number);
  if (id == OM_LINEAGE_NONE || row->step >= v->lineage.lots[id].n_steps) return OM_OK;
  struct om_replay_lot *lot = &r->lots[id];
  uint8_t key[OM_LOT_KEY_BYTES];
  const uint8_t *bytes;
  size_t len, shares = 0;
  struct om_bytes stored = {NULL, 0};
  om_lot_encode(&r->arena, &bytes, &len, row);
  om_lot_key(key, row->number, row->step);
  bool same = om_txn_get(r->txn, &stored, OM_TABLE_LOTS, key, sizeof key) && row->step == lot->done &&
              stored.len == len && memcmp(stored.data, bytes, len) == 0;
  if (!same) {
    char text[OM_LOT_TEXT_BYTES];
    om_lot_format(text, sizeof text, row->number);
    return om_fail(st, OM_NO, "state",
                   "lot %s: the store's row of its step %u is not what event %u of this entry makes it", text,
                   row->step, row->at.event);
  }
  lot->done++;
  lot->row = stored.data;
  lot->row_len = stored.len;
  (*rows)++;
  for (size_t i = 0; i < row->n_contents; i++) shares += row->contents[i].mix.n;
  pass(r, OM_CHECK_ATTRIBUTION, shares);
  return OM_OK;
}

static enum om_code check_rows(struct om_replay *r, const struct om_stage *stage, struct om_status *st) {
  const struct om_verify_entry *e = entry_in_hand(r);
  uint32_t rows = 0, wanted = e[1].first_step - e->first_step;
  for (size_t i = 0; i < stage->n_rows; i++) {
    enum om_code code = check_row(r, &rows, stage->rows[i], st);
    if (code != OM_OK) return code;
  }
  if (rows != wanted)
    return om_fail(st, OM_NO, "state", "the store shows %u rows by it, and %u follow from it", wanted, rows);
  pass(r, OM_CHECK_STATE, rows);
  return OM_OK;
}

static void count_judged(struct om_replay *r, const struct om_verify_judged *judged) {
  pass(r, OM_CHECK_RULES, judged->events);
  pass(r, OM_CHECK_CHAIN, judged->chain);
  pass(r, OM_CHECK_CUSTODY, judged->custody);
  pass(r, OM_CHECK_BALANCE, judged->balance);
}

static void count(struct om_replay *r, const Oremark__Statement *s) {
  const struct om_verify *v = r->v;
  const struct om_verify_entry *e = entry_in_hand(r);
  struct om_verify_judged judged = {0};
  for (uint32_t i = e->first_event; i < e[1].first_event; i++)
    om_verify_judged_add(&judged, s->events[v->lineage.events[v->order[i]].event]);
  count_judged(r, &judged);
}

/* ---- one entry ---- */

static enum om_code judge(struct om_replay *r, const struct om_checked *checked, const uint32_t *signers,
                          size_t n_signers, struct om_status *st) {
  const struct om_verify_entry *e = entry_in_hand(r);
  struct om_case judged = {.network = *r->v->network,
                           .statement_id = checked->statement_id,
                           .statement = checked->statement,
                           .signers = signers,
                           .n_signers = n_signers,
                           .log = e->log,
                           .index = e->index,
                           .registry_size = e->registry_size,
                           .taken_ms = checked->entry->taken_ms,
                           .only = r->only};
  struct om_backing backing = {.ctx = r, .lot = ask_lot, .mark = ask_mark, .txn = r->txn, .uncapped = true};
  struct om_stage stage;
  uint32_t wait_log;
  uint64_t wait_size;
  enum om_code code = om_judge(&stage, &r->arena, &judged, &backing, &wait_log, &wait_size, st);
  return code == OM_OK ? check_rows(r, &stage, st) : code;
}

/* The rows that the entry wrote when it was judged as it was taken in. */
static enum om_code count_rows(struct om_replay *r, struct om_status *st) {
  const struct om_verify *v = r->v;
  const struct om_verify_entry *e = entry_in_hand(r);
  for (uint32_t i = e->first_step; i < e[1].first_step; i++) {
    uint32_t id = v->lineage.steps[v->row_steps[i]].lot;
    struct om_lot row;
    om_arena_reset(&r->scratch);
    enum om_code code = om_lot_get_step(r->txn, &r->scratch, &row, v->lineage.lots[id].number, r->lots[id].done++, st);
    if (code != OM_OK) return code;
    for (size_t k = 0; k < row.n_contents; k++) pass(r, OM_CHECK_ATTRIBUTION, row.contents[k].mix.n);
  }
  pass(r, OM_CHECK_STATE, e[1].first_step - e->first_step);
  return OM_OK;
}

/* What is remembered of the entry in hand, where all of it that was judged is of the lineage; NULL: not so. */
static const struct om_verify_judged *find_judged(struct om_replay *r) {
  const struct om_verify_given *given = r->v->given;
  const struct om_verify_entry *e = entry_in_hand(r);
  const struct om_verify_judged *list = given->judged[e->log];
  size_t low = 0, high = given->n_judged[e->log];
  if (r->next_judged < high && list[r->next_judged].index == e->index) low = high = r->next_judged;
  while (low < high) {
    size_t at = low + (high - low) / 2;
    if (list[at].index < e->index)
      low = at + 1;
    else
      high = at;
  }
  if (low == given->n_judged[e->log] || list[low].index != e->index) return NULL;
  r->next_judged = low + 1;
  bool whole =
      list[low].events == e[1].first_event - e->first_event && list[low].rows == e[1].first_step - e->first_step;
  return whole && !list[low].revoked ? &list[low] : NULL;
}

/* Entries of which only a part is of the lineage are taken apart again. */
static enum om_code count_part(struct om_replay *r, struct om_status *st) {
  const struct om_verify_entry *e = entry_in_hand(r);
  struct om_bytes bytes;
  struct om_checked *checked;
  enum om_code code = om_log_entry(r->txn, &bytes, e->log, e->index, st);
  if (code != OM_OK) return code;
  om_arena_reset(&r->arena);
  code = om_check_entry(&checked, &r->arena, r->v->network, NULL, bytes.data, bytes.len, st);
  for (size_t i = 0; code == OM_OK && i < checked->signed_statement->n_signatures; i++)
    code = look_back(r, checked->signed_statement->signatures[i], st);
  if (code == OM_OK) code = count_rows(r, st);
  if (code != OM_OK) return code;
  pass(r, OM_CHECK_SIGNATURES, checked->signed_statement->n_signatures);
  count(r, checked->statement);
  return OM_OK;
}

enum om_code om_replay_count(struct om_replay *r, struct om_status *st) {
  const struct om_verify_judged *judged = find_judged(r);
  if (!judged) return count_part(r, st);
  const struct om_verify *v = r->v;
  const struct om_verify_entry *e = entry_in_hand(r);
  for (uint32_t i = e->first_step; i < e[1].first_step; i++) r->lots[v->lineage.steps[v->row_steps[i]].lot].done++;
  pass(r, OM_CHECK_ATTRIBUTION, judged->shares);
  pass(r, OM_CHECK_STATE, judged->rows);
  pass(r, OM_CHECK_SIGNATURES, judged->signatures);
  count_judged(r, judged);
  return OM_OK;
}

enum om_code om_replay_entry(struct om_replay *r, struct om_status *st) {
  const struct om_verify_entry *e = entry_in_hand(r);
  struct om_bytes bytes;
  struct om_checked *checked;
  uint32_t signers[OM_SIGNATURES_MAX];
  size_t n_signers;
  enum om_code code = om_log_entry(r->txn, &bytes, e->log, e->index, st);
  if (code != OM_OK) return code;
  om_arena_reset(&r->arena);
  code = om_check_entry(&checked, &r->arena, r->v->network, NULL, bytes.data, bytes.len, st);
  if (code == OM_OK && !checked->statement) code = om_fail(st, OM_CORRUPT, "state", "it holds no statement");
  if (code == OM_OK) code = om_statement_times(checked->statement, checked->entry->taken_ms, st);
  if (code == OM_OK) code = om_rules_statement(r->txn, checked->statement, e->registry_size, st);
  if (code == OM_OK) code = find_signers(r, signers, &n_signers, checked, st);
  if (code == OM_OK) code = om_verify_chosen(r->v, r->only, r->at, checked->statement, st);
  if (code != OM_OK) return code;
  take_moved(r);
  code = judge(r, checked, signers, n_signers, st);
  if (code == OM_OK) count(r, checked->statement);
  return code;
}
