#include "ledger/as_of.h"

#include <string.h>

#include "ledger/step.h"
#include "ledger/times.h"

/* Cosignatures say in which second they were made: what they cover was final at its end. 0: no time is known. */
static int64_t by_ms(uint64_t time_s) {
  return time_s == 0 ? 0 : ((int64_t)time_s + 1) * 1000;
}

struct search {
  struct om_txn *txn;
  struct om_arena arena; /* of the row in hand: a pool has had many */
  const struct om_moment *moment;
  struct om_log_info log; /* in which the steps looked at last stand */
  bool has_log;
};

static enum om_code find_log(struct om_txn *txn, struct om_log_info *out, const char *origin, struct om_status *st) {
  uint32_t n = om_log_count(txn);
  for (uint32_t log = 0; log < n; log++) {
    enum om_code code = om_log_info(txn, out, log, st);
    if (code != OM_OK || strcmp(out->origin, origin) == 0) return code;
  }
  return om_fail(st, OM_MISSING, OM_RULE_AS_OF, "no log is known here by that name: 'oremark status' lists them");
}

static enum om_code find_size(struct om_txn *txn, struct om_as_of *out, const struct om_lot *last,
                              const struct om_moment *moment, struct om_status *st) {
  struct om_log_info info;
  enum om_code code =
      *moment->origin ? find_log(txn, &info, moment->origin, st) : om_log_info(txn, &info, last->at.log, st);
  if (code != OM_OK) return code;
  out->log = info.log;
  if (moment->size <= info.final_size) return OM_OK;
  return om_fail(st, OM_WAIT, OM_RULE_AS_OF, "of %s only %llu entries are final here: ask as of so many, or fewer",
                 info.origin, (unsigned long long)info.final_size);
}

static enum om_code times(struct search *s, struct om_as_of_step *out, const struct om_place *at,
                          struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  enum om_code code = om_log_entry(s->txn, &entry, at->log, at->index, st);
  if (code != OM_OK) return code == OM_MISSING ? (st->code = OM_CORRUPT) : code;
  if (!om_find_event(&found, entry.data, entry.len, at->event))
    return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u holds no event %u that can be read",
                   (unsigned long long)at->index, at->log, at->event);
  out->taken_ms = found.taken_ms;
  out->final_ms = by_ms(om_times_final(s->txn, at->log, at->index));
  return OM_OK;
}

/* A later step leans on the earlier ones: the last one that was covered is the answer, whatever is known of those. */
static enum om_code covered(struct search *s, bool *is, struct om_as_of *out, const struct om_place *at,
                            struct om_status *st) {
  enum om_code code = OM_OK;
  *is = false;
  if (s->moment->by_size) {
    *is = at->index < (at->log == out->log ? s->moment->size : om_log_mark(s->txn, out->log, at->log, s->moment->size));
    return OM_OK;
  }
  if (!s->has_log || s->log.log != at->log) code = om_log_info(s->txn, &s->log, at->log, st);
  s->has_log = code == OM_OK;
  if (code != OM_OK || at->index >= s->log.final_size) return code;
  code = times(s, &out->at, at, st);
  out->by_taken = out->at.final_ms == 0;
  *is = code == OM_OK && (out->by_taken ? out->at.taken_ms : out->at.final_ms) <= s->moment->time_ms;
  return code;
}

static enum om_code not_then(struct search *s, const struct om_place *born, struct om_status *st) {
  struct om_as_of_step step;
  struct om_log_info log;
  char taken[OM_TIME_TEXT_BYTES], final[OM_TIME_TEXT_BYTES];
  enum om_code code = times(s, &step, born, st);
  if (code == OM_OK) code = om_log_info(s->txn, &log, born->log, st);
  if (code != OM_OK) return code;
  om_time_format(taken, sizeof taken, step.taken_ms, 0);
  if (step.final_ms > 0) om_time_format(final, sizeof final, step.final_ms, 0);
  return om_fail(st, OM_MISSING, OM_RULE_AS_OF, "this lot %s: it begins with entry %llu of %s, taken in at %s%s%s",
                 s->moment->by_size                    ? "stands neither in those entries nor in what they mark"
                 : step.taken_ms <= s->moment->time_ms ? "was not known to be final then"
                                                       : "was not there then",
                 (unsigned long long)born->index, log.origin, taken,
                 step.final_ms > 0 ? " and known to be final by " : "", step.final_ms > 0 ? final : "");
}

static enum om_code search(struct search *s, struct om_as_of *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                           struct om_status *st) {
  struct om_lot lot;
  struct om_place next = {0};
  bool is = false;
  enum om_code code = om_lot_get(s->txn, &s->arena, &lot, number, st);
  if (code == OM_OK && s->moment->by_size) code = find_size(s->txn, out, &lot, s->moment, st);
  while (code == OM_OK) {
    code = covered(s, &is, out, &lot.at, st);
    if (code != OM_OK || is) break;
    if (lot.step == 0) return not_then(s, &lot.at, st);
    next = lot.at;
    out->later = true;
    om_arena_reset(&s->arena);
    code = om_lot_get_step(s->txn, &s->arena, &lot, number, lot.step - 1, st);
  }
  out->step = lot.step;
  if (code == OM_OK && s->moment->by_size) code = times(s, &out->at, &lot.at, st);
  if (code == OM_OK && out->later) code = times(s, &out->next, &next, st);
  out->next_at = next;
  if (!s->moment->by_size) out->log = lot.at.log;
  if (code == OM_OK) code = om_log_info(s->txn, &s->log, out->log, st);
  out->head_ms = by_ms(s->log.final_time_s);
  return code;
}

enum om_code om_as_of(struct om_txn *txn, struct om_as_of *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                      const struct om_moment *moment, struct om_status *st) {
  struct search s = {.txn = txn, .moment = moment};
  *out = (struct om_as_of){0};
  enum om_code code = search(&s, out, number, st);
  om_arena_free(&s.arena);
  return code == OM_OK ? om_txn_check(txn, st) : code;
}
