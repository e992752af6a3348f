#include "ledger/told.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/registry.h"
#include "ledger/seal.h"

/* ---- logs ---- */

static char *text(struct om_arena *arena, const char *from) {
  return om_arena_copy(arena, from, strlen(from) + 1);
}

static ProtobufCBinaryData bytes(struct om_arena *arena, const void *from, size_t len) {
  return (ProtobufCBinaryData){len, om_arena_copy(arena, from, len)};
}

static char *member_name(struct om_txn *txn, struct om_arena *arena, uint32_t member) {
  struct om_member row;
  struct om_status st;
  if (om_registry_member(txn, &row, member, OM_REGISTRY_NOW, &st) != OM_OK) return (char *)"?";
  return text(arena, row.name);
}

static enum om_code tell_end(struct om_txn *txn, struct om_arena *arena, Oremark__LogState *out,
                             const struct om_log_info *info, struct om_status *st) {
  struct om_hash call;
  struct om_daemon next;
  out->sealed = om_log_sealed(txn, &call, info->log);
  out->retired = info->retired;
  if (!info->retired) return OM_OK;
  out->end = info->end.size;
  uint32_t successor = om_registry_successor(txn, info->log, OM_REGISTRY_NOW);
  enum om_code code = om_registry_daemon(txn, &next, successor, OM_REGISTRY_NOW, st);
  if (code == OM_OK) out->successor = text(arena, next.origin);
  return code;
}

enum om_code om_log_told(struct om_txn *txn, struct om_arena *arena, Oremark__LogState **out,
                         const struct om_log_info *info, struct om_status *st) {
  Oremark__LogState *state = *out = om_arena_alloc(arena, sizeof *state);
  oremark__log_state__init(state);
  state->log = info->log;
  state->origin = text(arena, info->origin);
  state->size = info->size;
  state->final_size = info->final_size;
  state->root = bytes(arena, info->root.bytes, sizeof info->root.bytes);
  if (info->stopped) state->stopped = text(arena, info->stopped_why);
  state->operator_ = member_name(txn, arena, info->operator_member);
  state->frozen = info->frozen;
  state->evidence = info->evidence;
  state->operator_member = info->operator_member;
  struct om_daemon daemon;
  if (om_registry_daemon(txn, &daemon, info->log, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  state->cosign_key = bytes(arena, daemon.cosign_key, sizeof daemon.cosign_key);
  struct om_quorum quorum;
  enum om_code code = om_log_quorum(txn, &quorum, info->log, info->size, st);
  if (code != OM_OK && code != OM_MISSING && code != OM_REFUSED) return code;
  if (code == OM_OK) state->quorum = quorum.lists[0].k;
  if (code == OM_OK && quorum.n_lists > 1) state->quorum_before = quorum.lists[1].k;
  return tell_end(txn, arena, state, info, st);
}

/* ---- verdicts ---- */

static void tell_checks(struct om_arena *arena, Oremark__Verdict *out, const struct om_verdict *verdict) {
  out->checks = om_arena_array(arena, verdict->n_checks, sizeof *out->checks);
  for (size_t i = 0; i < verdict->n_checks; i++) {
    const struct om_check *from = &verdict->checks[i];
    Oremark__Check *to = out->checks[out->n_checks++] = om_arena_alloc(arena, sizeof *to);
    oremark__check__init(to);
    to->name = (char *)from->name;
    to->what = (char *)from->what;
    to->passed = from->passed;
    to->failed = from->failed;
    to->unknown = from->unknown;
    to->first = (char *)from->first;
  }
  out->not_checked = om_arena_array(arena, verdict->n_not_checked + 1, sizeof *out->not_checked);
  for (size_t i = 0; i < verdict->n_not_checked; i++)
    out->not_checked[out->n_not_checked++] = (char *)verdict->not_checked[i];
}

static void tell_findings(struct om_arena *arena, Oremark__Verdict *out, const struct om_verdict *verdict) {
  out->findings = om_arena_array(arena, verdict->n_findings, sizeof *out->findings);
  for (size_t i = 0; i < verdict->n_findings; i++) {
    Oremark__Finding *to = out->findings[out->n_findings++] = om_arena_alloc(arena, sizeof *to);
    oremark__finding__init(to);
    to->kind = (char *)verdict->findings[i].kind;
    to->text = (char *)verdict->findings[i].text;
    to->records = (char **)(uintptr_t)verdict->findings[i].records; /* which nobody writes to */
    to->n_records = verdict->findings[i].n_records;
    to->more_records = verdict->findings[i].more_records;
  }
  out->more_findings = verdict->more_findings;
  out->left = om_arena_array(arena, verdict->n_left, sizeof *out->left);
  for (size_t i = 0; i < verdict->n_left; i++) {
    Oremark__FindingsLeft *to = out->left[out->n_left++] = om_arena_alloc(arena, sizeof *to);
    oremark__findings_left__init(to);
    to->what = (char *)verdict->left[i].what;
    to->n = verdict->left[i].n;
  }
}

/* Said of every lot, ever after: what was there beyond the stated heads rests on the governors' word. */
static void tell_restart(struct om_txn *txn, struct om_arena *arena, Oremark__Verdict *out) {
  enum { TEXT_BYTES = 512 };
  struct om_restart restart;
  if (!om_registry_restart(txn, &restart, OM_REGISTRY_NOW)) return;
  char *text = om_arena_alloc(arena, TEXT_BYTES);
  snprintf(text, TEXT_BYTES,
           "whether the heads were right from which the governors restarted the network (entry %" PRIu64
           " of the registry log, %s)",
           restart.since, restart.reason);
  out->not_checked[out->n_not_checked++] = text;
}

Oremark__Succession **om_successions_told(struct om_txn *txn, struct om_arena *arena, size_t *n) {
  struct om_succession found;
  Oremark__Succession **out;
  size_t count = 0;
  for (uint64_t from = 0; om_registry_succession(txn, &found, from); from = found.since + 1) count++;
  out = om_arena_array(arena, count, sizeof *out);
  *n = 0;
  for (uint64_t from = 0; *n < count; from = out[*n - 1]->index + 1) {
    struct om_succession *kept = om_arena_alloc(arena, sizeof *kept);
    bool is = om_registry_succession(txn, kept, from);
    OM_ASSERT(is);
    Oremark__Succession *to = out[(*n)++] = om_arena_alloc(arena, sizeof *to);
    oremark__succession__init(to);
    to->index = kept->since;
    to->taken_ms = kept->taken_ms;
    to->before = kept->before;
    to->origin = kept->origin;
    to->reason = kept->reason;
  }
  return out;
}

/* The heads that it was checked against, in the place of what is held now. */
static enum om_code tell_heads(struct om_txn *txn, struct om_arena *arena, Oremark__Verdict *out,
                               struct om_verdict *verdict, struct om_status *st) {
  out->logs = om_arena_array(arena, verdict->n_logs, sizeof *out->logs);
  for (size_t i = 0; i < verdict->n_logs; i++) {
    struct om_verdict_log *from = &verdict->logs[i];
    Oremark__LogState *to;
    struct om_log_info info;
    if (om_log_info(txn, &info, from->log, st) != OM_OK || om_log_told(txn, arena, &to, &info, st) != OM_OK)
      return st->code;
    to->size = to->final_size = from->size;
    to->root = (ProtobufCBinaryData){sizeof from->root.bytes, from->root.bytes};
    to->quorum = from->k;
    to->quorum_before = from->k_before;
    out->logs[out->n_logs++] = to;
  }
  return OM_OK;
}

enum om_code om_verdict_told(struct om_txn *txn, struct om_arena *arena, Oremark__Verdict *out,
                             struct om_verdict *verdict, struct om_status *st) {
  oremark__verdict__init(out);
  if (tell_heads(txn, arena, out, verdict, st) != OM_OK) return st->code;
  tell_checks(arena, out, verdict);
  tell_findings(arena, out, verdict);
  tell_restart(txn, arena, out);
  out->successions = om_successions_told(txn, arena, &out->n_successions);
  out->verified = verdict->verified;
  out->undecided = verdict->undecided;
  out->records = verdict->records;
  out->entries = verdict->entries;
  out->bytes = verdict->bytes;
  return OM_OK;
}

enum om_code om_as_of_told(struct om_txn *txn, struct om_arena *arena, Oremark__AsOf **out,
                           const struct om_as_of *found, const struct om_moment *moment, struct om_status *st) {
  struct om_log_info log;
  enum om_code code = om_log_info(txn, &log, found->log, st);
  if (code != OM_OK) return code;
  Oremark__AsOf *as_of = *out = om_arena_alloc(arena, sizeof *as_of);
  oremark__as_of__init(as_of);
  as_of->origin = om_arena_copy(arena, log.origin, strlen(log.origin) + 1);
  as_of->size = moment->size;
  as_of->time_ms = moment->time_ms;
  as_of->step = found->step;
  as_of->taken_ms = found->at.taken_ms;
  as_of->final_ms = found->at.final_ms;
  as_of->by_taken = found->by_taken;
  as_of->later = found->later;
  as_of->next_taken_ms = found->next.taken_ms;
  as_of->next_final_ms = found->next.final_ms;
  as_of->head_ms = found->head_ms;
  return OM_OK;
}
