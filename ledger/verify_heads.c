#include "ledger/verify_state.h"

#include <stdlib.h>

#include "ledger/ledger_state.h"
#include "ledger/times.h"

const char *om_verify_origin(const struct om_verify *v, uint32_t log) {
  return log < v->n_logs && v->logs[log] ? v->logs[log]->info.origin : "an unknown log";
}

static void note_quorum(struct om_verify_log *log, const struct om_quorum *quorum) {
  log->k = quorum->lists[0].k;
  log->k_before = quorum->n_lists > 1 ? quorum->lists[1].k : 0;
}

/* A log that has ended stands as the act says that ended it, which the registry's own head covers. */
static bool take_end(struct om_verify *v, struct om_verify_log *log) {
  struct om_quorum quorum;
  struct om_status st;
  if (!log->info.retired || log->info.final_size != log->info.end.size) return false;
  log->head.size = log->info.end.size;
  log->head.root = log->info.end.root;
  log->has_head = log->stated = true;
  if (om_log_quorum(v->txn, &quorum, log->info.log, log->head.size, &st) == OM_OK) note_quorum(log, &quorum);
  om_verify_pass(v, OM_CHECK_HEAD, 1);
  return true;
}

/* A log that a restart states further than a quorum has signed stands as that act says. */
static bool take_stated(struct om_verify *v, struct om_verify_log *log) {
  struct om_quorum quorum;
  struct om_status st;
  uint64_t size;
  struct om_hash root;
  if (!om_stated_final(v->txn, &size, &root, log->info.log, log->info.size) || size <= log->info.head_size)
    return false;
  log->head.size = size;
  log->head.root = root;
  log->has_head = log->stated = true;
  if (om_log_quorum(v->txn, &quorum, log->info.log, size, &st) == OM_OK) note_quorum(log, &quorum);
  om_verify_pass(v, OM_CHECK_HEAD, 1);
  return true;
}

/* Reads LOG's final head and checks who signed it. */
static enum om_code read_head(struct om_verify *v, struct om_verify_log *log, uint32_t number, struct om_status *st) {
  struct om_bytes note;
  struct om_quorum quorum;
  enum om_code code = om_log_final(v->txn, &note, number, st);
  if (code == OM_MISSING) return OM_OK;
  if (code == OM_OK) code = om_quorum_check(v->txn, &log->head, &log->time_s, number, note.data, note.len, st);
  if (code == OM_OK) code = om_log_quorum(v->txn, &quorum, number, log->head.size, st);
  if (code == OM_IO) return code;
  if (code != OM_OK) {
    om_verify_fail(v, OM_CHECK_HEAD, "the final head of %s: %s", log->info.origin, st->text);
    return OM_OK;
  }
  log->has_head = true;
  note_quorum(log, &quorum);
  if (v->given && v->given->outdated[number])
    om_verify_unknown(v, OM_CHECK_HEAD,
                      "the head of %s at %llu is signed by witnesses that have been replaced since, and no log in the "
                      "file that has the present ones vouches for it: ask for a newer bundle",
                      log->info.origin, (unsigned long long)log->head.size);
  else
    om_verify_pass(v, OM_CHECK_HEAD, 1);
  return OM_OK;
}

/* NUMBER is from a row: it may be of no log at all. */
enum om_code om_verify_open(struct om_verify *v, uint32_t number, struct om_status *st) {
  if (number >= v->n_logs) return om_fail(st, OM_CORRUPT, NULL, "there is no log %u: " OM_STORE_DAMAGED, number);
  if (v->logs[number]) return OM_OK;
  struct om_verify_log *log = calloc(1, sizeof *log);
  OM_ASSERT(log);
  v->logs[number] = log;
  enum om_code code = om_log_info(v->txn, &log->info, number, st);
  if (code != OM_OK || take_end(v, log) || take_stated(v, log)) return code;
  return read_head(v, log, number, st);
}

uint64_t om_verify_time(struct om_verify *v, uint32_t log, uint64_t index) {
  if (v->watch) v->watch->when(v->watch->ctx, log, index);
  return om_times_final(v->txn, log, index);
}

bool om_verify_timeless(const struct om_verify *v, uint32_t log) {
  const struct om_verify_log *l = log < v->n_logs ? v->logs[log] : NULL;
  struct om_quorum_list now;
  struct om_status why;
  if (!l || !l->has_head || l->k > 0 || l->k_before > 0) return false;
  /* A file may have been made to end where no witness was needed yet: what they have signed since would say more. */
  return !v->given || (om_quorum_list(v->txn, &now, log, OM_REGISTRY_NOW, &why) == OM_OK && now.k == 0);
}
