/* What a lot was as of a moment, by a file: it holds some entries of each log, some marks and some times only, so that
 * what it shows to have been there was, and what it does not show may have been. */
#include <string.h>

#include "ledger/bundle_read.h"

struct asked {
  const struct om_bundle *b;
  struct om_txn *txn;
  const struct om_moment *moment;
  struct om_as_of *found;
};

/* The lot's step at AT stands in another log than the one that was asked for, and no mark in the file covers it: one
 * that was left out may. */
static enum om_code by_marks(const struct asked *a, const struct om_place *at, struct om_status *st) {
  struct om_log_info log, other;
  if (at->log == a->found->log || a->found->log == OM_LOG_REGISTRY) return OM_OK;
  if (om_log_info(a->txn, &log, a->found->log, st) != OM_OK || om_log_info(a->txn, &other, at->log, st) != OM_OK)
    return st->code;
  return om_fail(st, OM_WAIT, OM_RULE_AS_OF,
                 "the file does not hold every mark of %s, so that it can't tell whether entry %llu of %s counted by "
                 "then: ask as of a size of %s (--at %s:SIZE) or as of a time, or ask a daemon",
                 log.origin, (unsigned long long)at->index, other.origin, other.origin, other.origin);
}

/* STEP was taken in by then, and is known to have been final later only: by what the file holds. */
static enum om_code by_times(const struct asked *a, const struct om_as_of_step *step, const struct om_place *at,
                             struct om_status *st) {
  struct om_log_info log;
  char taken[OM_TIME_TEXT_BYTES], final[OM_TIME_TEXT_BYTES];
  if (step->taken_ms > a->moment->time_ms) return OM_OK;
  if (om_log_info(a->txn, &log, at->log, st) != OM_OK) return st->code;
  om_time_format(taken, sizeof taken, step->taken_ms, 0);
  om_time_format(final, sizeof final, step->final_ms, 0);
  return om_fail(st, OM_WAIT, OM_RULE_AS_OF,
                 "entry %llu of %s was taken in at %s, and by the file it was final by %s: of the time between it "
                 "can't tell; ask as of one outside, or ask a daemon",
                 (unsigned long long)at->index, log.origin, taken, final);
}

/* The step was final at a time that nobody says; that it was taken in is the word of who wrote the file, where those
 * would have cosigned it. */
static enum om_code by_word(const struct asked *a, struct om_status *st) {
  struct om_quorum_list now;
  struct om_log_info log;
  enum om_code code = om_quorum_list(a->txn, &now, a->found->log, OM_REGISTRY_NOW, st);
  if (code != OM_OK || now.k == 0) return code;
  code = om_log_info(a->txn, &log, a->found->log, st);
  if (code != OM_OK) return code;
  return om_fail(st, OM_WAIT, OM_RULE_AS_OF,
                 "the file does not say since when what it holds of %s is final: ask as of a size (--at %s:SIZE), or "
                 "ask a daemon",
                 log.origin, log.origin);
}

/* A later step than the next leans on the next: it counted no sooner. */
static enum om_code sure(const struct asked *a, struct om_status *st) {
  const struct om_as_of *found = a->found;
  if (a->moment->by_size) return found->later ? by_marks(a, &found->next_at, st) : OM_OK;
  if (found->by_taken) return by_word(a, st);
  return found->later ? by_times(a, &found->next, &found->next_at, st) : OM_OK;
}

/* There was no such lot, by what the file holds. */
static enum om_code sure_of_none(const struct asked *a, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_status why = *st;
  struct om_lot born;
  struct om_log_info log;
  enum om_code code = om_lot_get_step(a->txn, &arena, &born, a->b->told.lot, 0, st);
  if (code == OM_OK && a->moment->by_size) {
    code = om_log_info(a->txn, &log, a->found->log, st);
    if (code == OM_OK && *a->moment->origin && strcmp(log.origin, a->moment->origin) != 0) *st = why, code = why.code;
    if (code == OM_OK) code = by_marks(a, &born.at, st);
  }
  om_arena_free(&arena);
  if (code == OM_OK) *st = why, code = why.code;
  return code;
}

enum om_code om_bundle_as_of(struct om_bundle *b, struct om_as_of *out, const struct om_moment *moment,
                             struct om_status *st) {
  struct om_txn *txn;
  enum om_code code = om_bundle_at_end(b, st);
  if (code == OM_OK) code = om_txn_read(&txn, b->ledger->store, st);
  if (code != OM_OK) return code;
  struct asked asked = {b, txn, moment, out};
  code = om_as_of(txn, out, b->told.lot, moment, st);
  if (code == OM_OK)
    code = sure(&asked, st);
  else if (code == OM_MISSING && om_broke(st, OM_RULE_AS_OF))
    code = sure_of_none(&asked, st);
  om_txn_abort(txn);
  if (code == OM_OK) b->n_steps = out->step + 1;
  return code;
}
