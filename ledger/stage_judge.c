/* Judging a statement: who speaks, its events one after the other, whose signatures it needed. */
#include "ledger/events/kinds.h"
#include "ledger/ledger.h"
#include "ledger/stage_parts.h"
#include "ledger/statement.h"

static bool has_signed(const struct om_case *judged, uint32_t member) {
  for (size_t i = 0; i < judged->n_signers; i++)
    if (judged->signers[i] == member) return true;
  return false;
}

/* A member that came from another home log speaks here once that log is bound by the move, which its own mark of the
 * act does, and this log's mark of it shows; the same for every home before. Else it could write in both. */
static enum om_code check_home(struct om_stage *stage, struct om_status *st) {
  enum om_code code = om_stage_check_moves(stage, &stage->member, st);
  if (code == OM_WAIT)
    om_wrap(st, "member %u (%s) has moved here from another log", stage->member.number, stage->member.name);
  return code;
}

/* May the statement's member speak in this log at all, and does it? Others' signatures do not stand for its own. */
static enum om_code check_member(struct om_stage *stage, struct om_status *st) {
  const struct om_case *judged = stage->judged;
  uint32_t number = judged->statement->member;
  enum om_code code = om_registry_member(stage->backing->txn, &stage->member, number, judged->registry_size, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "member",
                   "there is no member %u in the registry that this log follows: it must be enrolled first", number);
  if (code != OM_OK) return code;
  if (stage->member.suspended)
    return om_fail(st, OM_REFUSED, "suspended", "member %u (%s) is suspended: the governors can reinstate it", number,
                   stage->member.name);
  if (stage->member.home_log != judged->log)
    return om_fail(st, OM_REFUSED, "home",
                   "the home log of member %u (%s) is log %u, and this is log %u: submit to the daemon of its home log",
                   number, stage->member.name, stage->member.home_log, judged->log);
  if (!has_signed(judged, number))
    return om_fail(st, OM_REFUSED, "signature",
                   "the statement is of member %u (%s), and none of its keys has signed it: sign it with one", number,
                   stage->member.name);
  return check_home(stage, st);
}

static enum om_code judge_event(struct om_stage *stage, uint16_t index, struct om_status *st) {
  const struct om_case *judged = stage->judged;
  const Oremark__Event *event = judged->statement->events[index];
  const struct om_kind *kind = om_kind_of(event);
  OM_ASSERT(kind && kind->rule);
  stage->event = index;
  stage->n_consumed = 0;
  om_event_id(&stage->event_id, &judged->network, &judged->statement_id, index);
  enum om_code code = kind->rule(stage, index, event, st);
  return code == OM_OK ? OM_OK : om_wrap(st, "event %u (%s)", index, kind->name);
}

static enum om_code check_signers(const struct om_stage *stage, struct om_status *st) {
  for (size_t i = 0; i < stage->judged->n_signers; i++) {
    uint32_t signer = stage->judged->signers[i];
    if (signer == stage->member.number || (stage->needed >> i & 1) != 0) continue;
    char who[OM_WHO_BYTES];
    return om_fail(st, OM_REFUSED, "signature-not-needed",
                   "%s has signed, but no event here needs it: take that signature out ('oremark sign FILE --remove')",
                   om_stage_who(stage, who, signer));
  }
  return OM_OK;
}

static enum om_code judge_all(struct om_stage *stage, struct om_status *st) {
  size_t n = stage->judged->statement->n_events;
  const bool *only = stage->judged->only;
  enum om_code code = check_member(stage, st);
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    stage->first[i] = stage->n_outputs;
    if (!only || only[i]) code = judge_event(stage, (uint16_t)i, st);
  }
  stage->first[n] = stage->n_outputs;
  return code == OM_OK && !only ? check_signers(stage, st) : code;
}

enum om_code om_judge(struct om_stage *out, struct om_arena *arena, const struct om_case *judged,
                      const struct om_backing *backing, uint32_t *wait_log, uint64_t *wait_size, struct om_status *st) {
  _Static_assert(OM_SIGNATURES_MAX <= 64, "each has a bit in `needed`");
  OM_ASSERT(judged->statement->n_events <= OM_EVENTS_MAX && judged->n_signers <= OM_SIGNATURES_MAX);
  *out = (struct om_stage){.arena = arena, .judged = judged, .backing = backing};
  enum om_code code = judge_all(out, st);
  if (code == OM_OK) om_status_clear(st);
  if (code == OM_WAIT) {
    *wait_log = out->wait_log;
    *wait_size = out->wait_size;
  }
  return code;
}
