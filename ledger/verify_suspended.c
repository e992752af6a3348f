/* Members of the lineage that are suspended now. What they had stated before their log took the act up stands; what was
 * not known to be final when the governors decided came in the stretch between the act and the log's mark of it. */
#include <stdlib.h>

#include "ledger/registry.h"
#include "ledger/step.h"
#include "ledger/times.h"
#include "ledger/verify_state.h"

/* The records of the lineage that MEMBER stated, and those that were not known to be final when the act was taken. */
static enum om_code find_records(struct om_verify *v, uint64_t *n, struct om_verify_doubtful *late, uint32_t member,
                                 int64_t act_ms, struct om_status *st) {
  enum { MS = 1000 };
  *n = 0;
  for (size_t i = 0; i < v->n_entries; i++) {
    const struct om_verify_entry *e = &v->entries[i];
    struct om_bytes bytes;
    struct om_found found;
    enum om_code code = om_log_entry(v->txn, &bytes, e->log, e->index, st);
    if (code == OM_MISSING) continue; /* other checks say so */
    if (code != OM_OK) return code;
    if (!om_find_event(&found, bytes.data, bytes.len, 0) || found.member != member) continue;
    uint64_t final_s = om_verify_time(v, e->log, e->index);
    if (final_s == 0 || final_s >= (uint64_t)act_ms / MS) om_verify_doubt(late, e->log, e->index);
    ++*n;
  }
  return OM_OK;
}

static enum om_code tell(struct om_verify *v, const struct om_member *member, struct om_status *st) {
  struct om_verify_doubtful late = {0};
  char when[OM_TIME_TEXT_BYTES], slow[OM_VERIFY_SLOW_BYTES];
  uint64_t act, n = 0;
  int64_t act_ms = 0;
  if (!om_registry_suspended(v->txn, &act, member->number)) return om_txn_check(v->txn, st);
  enum om_code code = om_verify_open(v, member->home_log, st);
  if (code == OM_OK) code = om_verify_taken(v, &act_ms, OM_LOG_REGISTRY, act, st);
  if (code == OM_OK) code = om_verify_slow(v, slow, member->home_log, act, act_ms, st);
  if (code == OM_OK) code = find_records(v, &n, &late, member->number, act_ms, st);
  om_time_format(when, sizeof when, act_ms, 0);
  if (code == OM_OK)
    om_verify_find_doubtful(v, "suspension", &late,
                            "%s (member %u), who had or owned some of it, is suspended now, since %s; what it stated "
                            "before its log took that up stands: of the %llu records here that are its own, %llu were "
                            "not known to be final before the act; %s",
                            member->name, member->number, when, (unsigned long long)n, (unsigned long long)late.all,
                            slow);
  free(late.first);
  return code;
}

enum om_code om_verify_suspended(struct om_verify *v, struct om_status *st) {
  enum om_code code = OM_OK;
  for (size_t i = 0; i < v->lineage.n_hands && code == OM_OK; i++) {
    struct om_member member;
    if (v->lineage.hands[i].site != 0) continue;
    code = om_registry_member(v->txn, &member, v->lineage.hands[i].member, OM_REGISTRY_NOW, st);
    if (code == OM_OK && member.suspended) code = tell(v, &member, st);
    if (code == OM_MISSING) code = OM_OK; /* the registry here is behind: other checks say so */
  }
  return code;
}
