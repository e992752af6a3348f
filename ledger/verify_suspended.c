/* Members of the lineage that are suspended now. What they had stated before their log took the act up stands; what was
 * not known to be final when the governors decided came in the stretch between the act and the log's mark of it. */
#include <stdlib.h>

#include "ledger/registry.h"
#include "ledger/step.h"
#include "ledger/times.h"
#include "ledger/verify_state.h"

struct suspended {
  struct om_member member;
  uint64_t act;
  int64_t act_ms;
  uint64_t records;               /* of the lineage that it stated... */
  struct om_verify_doubtful late; /* ...and those that were not known to be final when the act was taken */
};

struct all {
  struct suspended *each; /* malloc'ed */
  size_t n;
};

static enum om_code add(struct om_verify *v, struct all *all, uint32_t member, struct om_status *st) {
  struct suspended s = {0};
  enum om_code code = om_registry_member(v->txn, &s.member, member, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return OM_OK; /* the registry here is behind: other checks say so */
  if (code != OM_OK || !om_registry_suspended(v->txn, &s.act, member)) return code;
  code = om_verify_taken(v, &s.act_ms, OM_LOG_REGISTRY, s.act, st);
  if (code != OM_OK) return code;
  all->each = realloc(all->each, (all->n + 1) * sizeof *all->each);
  OM_ASSERT(all->each);
  all->each[all->n++] = s;
  return OM_OK;
}

static enum om_code judge_entry(struct om_verify *v, struct all *all, const struct om_verify_entry *e,
                                struct om_status *st) {
  enum { MS = 1000 };
  struct om_bytes bytes;
  struct om_found found;
  enum om_code code = om_log_entry(v->txn, &bytes, e->log, e->index, st);
  if (code == OM_MISSING) return OM_OK; /* other checks say so */
  if (code != OM_OK || !om_find_event(&found, bytes.data, bytes.len, 0)) return code;
  for (size_t i = 0; i < all->n; i++) {
    struct suspended *s = &all->each[i];
    if (found.member != s->member.number) continue;
    uint64_t final_s = om_verify_time(v, e->log, e->index);
    if (final_s == 0 || final_s >= (uint64_t)s->act_ms / MS) om_verify_doubt(&s->late, e->log, e->index);
    s->records++;
  }
  return OM_OK;
}

static enum om_code tell(struct om_verify *v, const struct suspended *s, struct om_status *st) {
  char when[OM_TIME_TEXT_BYTES], slow[OM_VERIFY_SLOW_BYTES];
  enum om_code code = om_verify_open(v, s->member.home_log, st);
  if (code == OM_OK) code = om_verify_slow(v, slow, s->member.home_log, s->act, s->act_ms, st);
  if (code != OM_OK) return code;
  om_time_format(when, sizeof when, s->act_ms, 0);
  om_verify_find_doubtful(v, "suspension", &s->late,
                          "%s (member %u), who had or owned some of it, is suspended now, since %s; what it stated "
                          "before its log took that up stands: of the %llu records here that are its own, %llu were "
                          "not known to be final before the act; %s",
                          s->member.name, s->member.number, when, (unsigned long long)s->records,
                          (unsigned long long)s->late.all, slow);
  return OM_OK;
}

enum om_code om_verify_suspended(struct om_verify *v, struct om_status *st) {
  struct all all = {0};
  enum om_code code = OM_OK;
  for (size_t i = 0; i < v->lineage.n_hands && code == OM_OK; i++)
    if (v->lineage.hands[i].site == 0) code = add(v, &all, v->lineage.hands[i].member, st);
  for (size_t i = 0; all.n > 0 && i < v->n_entries && code == OM_OK; i++) {
    code = judge_entry(v, &all, &v->entries[i], st);
    if (code == OM_OK) code = om_progress_tell(v->progress, "suspended members", i, v->n_entries, st);
  }
  for (size_t i = 0; i < all.n && code == OM_OK; i++) code = tell(v, &all.each[i], st);
  for (size_t i = 0; i < all.n; i++) free(all.each[i].late.first);
  free(all.each);
  return code;
}
