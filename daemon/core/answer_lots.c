/* Lots: one, many, and what has happened to one. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/had.h"

enum om_code om_answer_number(ProtobufCBinaryData number, struct om_status *st) {
  if (number.len == OM_LOT_NUMBER_BYTES) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "a lot number has %d bytes, this one has %zu", OM_LOT_NUMBER_BYTES, number.len);
}

/* The number of the one lot with ALIAS. */
static enum om_code find_alias(struct om_answering *a, ProtobufCBinaryData *out, const char *alias,
                               struct om_status *st) {
  size_t len = strlen(alias) + 1;
  struct om_bytes key, row;
  bool found = om_txn_next(a->view.txn, &key, &row, OM_TABLE_ALIASES, alias, len);
  if (!found || key.len != len + OM_LOT_NUMBER_BYTES || memcmp(key.data, alias, len) != 0) {
    enum om_code code = om_txn_check(a->view.txn, st);
    return code != OM_OK ? code
                         : om_fail(st, OM_MISSING, "lot",
                                   "no lot is known here by the alias \"%s\"; capital and small letters count", alias);
  }
  out->len = OM_LOT_NUMBER_BYTES;
  out->data = om_arena_copy(a->view.arena, key.data + len, OM_LOT_NUMBER_BYTES);
  if (om_txn_step(a->view.txn, &key, &row, OM_TABLE_ALIASES) && key.len == len + OM_LOT_NUMBER_BYTES &&
      memcmp(key.data, alias, len) == 0)
    return om_fail(st, OM_USAGE, "alias",
                   "several lots have the alias \"%s\": ask by lot number ('oremark lots' lists them)", alias);
  return om_txn_check(a->view.txn, st);
}

enum om_code om_answer_lot(struct om_answering *a, const Oremark__GetLot *asked, struct om_status *st) {
  ProtobufCBinaryData number = asked->number;
  struct om_lot lot;
  Oremark__Lot *out;
  Oremark__AsOf *as_of = NULL;
  bool by_alias = asked->alias[0] != '\0';
  if (by_alias == (number.len > 0))
    return om_fail(st, OM_USAGE, NULL, "ask for a lot by its number or by an alias, one of the two");
  enum om_code code = by_alias ? find_alias(a, &number, asked->alias, st) : om_answer_number(number, st);
  if (code == OM_OK) code = om_answer_as_of(a, &as_of, number, asked->as_of, st);
  if (code == OM_OK)
    code = as_of ? om_lot_get_step(a->view.txn, a->view.arena, &lot, number.data, as_of->step, st)
                 : om_lot_get(a->view.txn, a->view.arena, &lot, number.data, st);
  if (code == OM_OK) code = om_view_lot(&a->view, &out, &lot, st);
  if (code != OM_OK) return code;
  out->as_of = as_of;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_LOT, false);
  reply.lot = out;
  om_answer_put(a, &reply);
  return OM_OK;
}

static bool put_lots(struct om_answering *a, Oremark__Lot **lots, size_t n, bool more) {
  Oremark__Lots out = OREMARK__LOTS__INIT;
  out.lots = lots;
  out.n_lots = n;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_LOTS, more);
  reply.lots = &out;
  bool go_on = om_answer_put(a, &reply);
  om_view_reset(&a->view);
  return go_on;
}

/* Whose lots are asked for; OM_MEMBER_NONE: everybody's. */
static uint32_t whose(const Oremark__ListLots *asked) {
  return asked->owner != 0 ? asked->owner : asked->custodian != 0 ? asked->custodian : asked->consignee;
}

/* The last row of the first lot after NUMBER (or the first of all) that MEMBER has had to do with, in ARENA.
 * OM_MISSING: there is none. */
static enum om_code next_lot(struct om_answering *a, struct om_arena *arena, struct om_lot *out,
                             uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t member, bool first, struct om_status *st) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes found, row;
  om_lot_key(key, number, UINT32_MAX);
  bool any = member != OM_MEMBER_NONE
                 ? om_had_next(a->view.txn, number, member, first)
                 : om_txn_next(a->view.txn, &found, &row, OM_TABLE_LOTS, key, first ? 0 : sizeof key) &&
                       found.len == OM_LOT_KEY_BYTES;
  if (!any) {
    st->code = OM_MISSING;
    return om_txn_check(a->view.txn, st) != OM_OK ? st->code : OM_MISSING;
  }
  if (member == OM_MEMBER_NONE) memcpy(number, found.data, OM_LOT_NUMBER_BYTES);
  return om_lot_get(a->view.txn, arena, out, number, st);
}

static bool wanted(const Oremark__ListLots *asked, const struct om_lot *lot) {
  bool alive = lot->state == OM_LOT_HELD || lot->state == OM_LOT_IN_TRANSIT;
  if (asked->custodian != 0 && lot->custodian != asked->custodian) return false;
  if (asked->owner != 0 && lot->owner != asked->owner) return false;
  if (asked->on_hold && lot->hold.reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED) return false;
  if (asked->consignee != 0 && (lot->state != OM_LOT_IN_TRANSIT || lot->pen != asked->consignee)) return false;
  return asked->all || alive;
}

enum om_code om_answer_lots(struct om_answering *a, const Oremark__ListLots *asked, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES] = {0};
  bool first = asked->after.len == 0;
  uint32_t left = asked->limit == 0                  ? OM_LIST_LIMIT
                  : asked->limit < OM_LIST_LIMIT_MAX ? asked->limit
                                                     : OM_LIST_LIMIT_MAX;
  Oremark__Lot *rows[OM_REPLY_ROWS];
  size_t n = 0, size = 0;
  struct om_lot lot;
  enum om_code code = first ? OM_OK : om_answer_number(asked->after, st);
  if (code == OM_OK && !first) memcpy(number, asked->after.data, sizeof number);
  struct om_arena passing = {0}; /* a long walk past unwanted ones takes no memory */
  bool go_on = true;
  for (; code == OM_OK && left > 0 && go_on; om_arena_reset(&passing)) {
    code = next_lot(a, &passing, &lot, number, whose(asked), first, st);
    first = false;
    if (code == OM_OK && !wanted(asked, &lot)) go_on = om_answer_wanted(a);
    if (code != OM_OK || !wanted(asked, &lot)) continue;
    code = om_lot_get(a->view.txn, a->view.arena, &lot, number, st);
    if (code == OM_OK) code = om_view_lot(&a->view, &rows[n], &lot, st);
    if (code != OM_OK) break;
    size += oremark__lot__get_packed_size(rows[n++]);
    left--;
    if (n < OM_REPLY_ROWS && size < OM_REPLY_MAX_BYTES) continue;
    go_on = put_lots(a, rows, n, true);
    n = size = 0;
  }
  om_arena_free(&passing);
  if (!go_on) return OM_OK;
  if (code != OM_OK && code != OM_MISSING) return code;
  put_lots(a, rows, n, false);
  return OM_OK;
}

/* ---- history ---- */

static bool put_steps(struct om_answering *a, Oremark__Step **steps, size_t n, Oremark__AsOf *as_of, bool more) {
  Oremark__Steps out = OREMARK__STEPS__INIT;
  out.as_of = as_of;
  out.steps = steps;
  out.n_steps = n;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_HISTORY, more);
  reply.history = &out;
  bool go_on = om_answer_put(a, &reply);
  om_view_reset(&a->view);
  return go_on;
}

static void name_details(struct om_answering *a, Oremark__Step *step, const Oremark__Event *event) {
  step->sealed = om_arena_array(a->view.arena, event->n_sealed, sizeof *step->sealed);
  for (; step->n_sealed < event->n_sealed; step->n_sealed++)
    step->sealed[step->n_sealed] = (uint32_t)event->sealed[step->n_sealed]->what;
}

/* What EVENT names, which lives as long as the reply. */
static void name_documents(struct om_answering *a, Oremark__Step *step, const Oremark__Event *event) {
  step->documents = om_arena_array(a->view.arena, event->n_documents, sizeof *step->documents);
  for (; step->n_documents < event->n_documents; step->n_documents++) {
    const Oremark__Document *from = event->documents[step->n_documents];
    Oremark__NamedDocument *to = om_arena_alloc(a->view.arena, sizeof *to);
    oremark__named_document__init(to);
    to->hash = from->hash;
    to->size = from->size;
    to->name = from->name;
    to->media = from->media;
    to->sealed = from->sealed;
    step->documents[step->n_documents] = to;
  }
}

enum om_code om_answer_step(struct om_answering *a, Oremark__Step **out, const struct om_place *place,
                            struct om_status *st) {
  struct om_step *step = om_arena_alloc(a->view.arena, sizeof *step);
  enum om_code code = om_step_read(a->view.txn, a->view.arena, step, &a->about->network, place, st);
  if (code == OM_OK) code = om_view_made(&a->view, out, step, st);
  if (code == OM_OK) name_documents(a, *out, step->event);
  if (code == OM_OK) name_details(a, *out, step->event);
  return code;
}

enum om_code om_answer_history(struct om_answering *a, const Oremark__GetHistory *asked, struct om_status *st) {
  Oremark__Step *rows[OM_REPLY_ROWS];
  uint8_t number[OM_LOT_NUMBER_BYTES];
  size_t n = 0;
  struct om_lot lot;
  Oremark__AsOf *as_of;
  enum om_code code = om_answer_number(asked->number, st);
  if (code != OM_OK) return code;
  memcpy(number, asked->number.data, sizeof number);
  code = om_answer_as_of(a, &as_of, asked->number, asked->as_of, st);
  if (code == OM_OK) code = om_lot_get(a->view.txn, a->view.arena, &lot, number, st);
  uint32_t last = as_of ? as_of->step : lot.step;
  for (uint32_t step = 0; code == OM_OK && step <= last; step++) {
    code = om_lot_get_step(a->view.txn, a->view.arena, &lot, number, step, st);
    if (code == OM_OK) code = om_answer_step(a, &rows[n++], &lot.at, st);
    if (code != OM_OK || n < OM_REPLY_ROWS || step == last) continue;
    if (!put_steps(a, rows, n, as_of, true)) return OM_OK;
    as_of = NULL; /* it lived as long as that reply */
    n = 0;
  }
  if (code == OM_OK) put_steps(a, rows, n, as_of, false);
  return code;
}
