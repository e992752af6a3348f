/* The genesis: what it must be, and what it writes into the registry. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"

enum { PPM_MAX = 100000, PERIOD_DAYS_MAX = 3660 };

static bool ascending(const uint32_t *list, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (list[i] <= list[i - 1]) return false;
  return true;
}

enum om_code om_act_limits_form(const Oremark__Limits *l, struct om_status *st) {
  if (!l) return om_act_form(st, "limits", "are missing");
  for (size_t i = 0; i < l->n_processes; i++) {
    const Oremark__ProcessTolerance *p = l->processes[i];
    if (p->process == OREMARK__PROCESS__PROCESS_UNSTATED || (i > 0 && p->process <= l->processes[i - 1]->process))
      return om_act_form(st, "limits.processes", "are not ascending, each once");
    if (p->tolerance_ppm > PPM_MAX) return om_act_form(st, "limits.tolerance_ppm", "is over 100,000 (ten percent)");
  }
  if (l->receipt_tolerance_ppm > PPM_MAX)
    return om_act_form(st, "limits.receipt_tolerance_ppm", "is over 100,000 (ten percent)");
  for (size_t i = 0; i < l->n_drift_caps; i++) {
    const Oremark__DriftCap *c = l->drift_caps[i];
    if (c->element > 118 || c->cap_mg > INT64_MAX || (i > 0 && c->element <= l->drift_caps[i - 1]->element))
      return om_act_form(st, "limits.drift_caps", "are not ascending by element, each once, up to 2^63 - 1 mg");
  }
  if (l->drift_period_days < 1 || l->drift_period_days > PERIOD_DAYS_MAX)
    return om_act_form(st, "limits.drift_period_days", "is not 1 to 3,660");
  return OM_OK;
}

static enum om_code members_form(const Oremark__Genesis *g, struct om_status *st) {
  if (g->n_members == 0) return om_act_form(st, "members", "are missing");
  for (size_t i = 0; i < g->n_members; i++) {
    const Oremark__NewMember *m = g->members[i];
    if (m->member != i + 1) return om_act_form(st, "members", "are not numbered 1, 2, 3, ...");
    if (m->home_log >= g->n_daemons) return om_act_form(st, "home_log", "of a member names no daemon");
    if (om_act_member_form(m, st) != OM_OK) return om_wrap(st, "member %zu", i + 1);
  }
  if (g->n_governors == 0 || g->n_governors > OM_GOVERNORS_MAX || !ascending(g->governors, g->n_governors))
    return om_act_form(st, "governors", "are not 1 to 32, ascending, each once");
  if (g->governors[0] == OM_MEMBER_NONE || g->governors[g->n_governors - 1] > g->n_members)
    return om_act_form(st, "governors", "name no member");
  if (g->threshold > g->n_governors || 2 * (uint64_t)g->threshold <= g->n_governors)
    return om_act_form(st, "threshold", "is not over half of the governors, and at most all");
  return OM_OK;
}

static enum om_code daemons_form(const Oremark__Genesis *g, struct om_status *st) {
  if (g->n_daemons == 0) return om_act_form(st, "daemons", "are missing: the first one holds the registry log");
  for (size_t i = 0; i < g->n_daemons; i++) {
    const Oremark__Daemon *d = g->daemons[i];
    if (om_act_daemon_form(d, st) != OM_OK) return om_wrap(st, "daemon %zu", i);
    if (d->operator_ == OM_MEMBER_NONE || d->operator_ > g->n_members)
      return om_act_form(st, "operator", "of a daemon names no member");
    for (size_t j = 0; j < i; j++) {
      const Oremark__Daemon *e = g->daemons[j];
      if (strcmp(d->origin, e->origin) == 0) return om_act_form(st, "origin", "stands twice");
      if (memcmp(d->link_key.data, e->link_key.data, OM_PUBLIC_BYTES) == 0)
        return om_act_form(st, "link_key", "stands twice");
    }
  }
  return OM_OK;
}

/* Operators among the listed witnesses that are not OWN, each counted once. */
static uint32_t other_operators(const Oremark__Genesis *g, uint32_t own) {
  uint32_t n = 0;
  for (size_t i = 0; i < g->witnesses->n_logs; i++) {
    uint32_t operator_ = g->daemons[g->witnesses->logs[i]]->operator_;
    bool counted = operator_ == own;
    for (size_t j = 0; j < i && !counted; j++) counted = g->daemons[g->witnesses->logs[j]]->operator_ == operator_;
    if (!counted) n++;
  }
  return n;
}

static enum om_code witnesses_form(const Oremark__Genesis *g, struct om_status *st) {
  const Oremark__WitnessList *w = g->witnesses;
  if (!w || w->n_logs == 0)
    return !w || w->quorum == 0 ? OM_OK : om_act_form(st, "quorum", "is stated, but there are no witnesses");
  if (w->n_logs > OM_WITNESSES_MAX || !ascending(w->logs, w->n_logs))
    return om_act_form(st, "witnesses", "are not at most 64, ascending, each once");
  if (w->logs[w->n_logs - 1] >= g->n_daemons) return om_act_form(st, "witnesses", "name no daemon");
  for (size_t i = 0; i < g->n_daemons; i++) {
    uint32_t eligible = other_operators(g, g->daemons[i]->operator_);
    uint32_t k = om_quorum_size(eligible, w->quorum);
    if (!om_quorum_safe(eligible, k))
      return om_fail(st, OM_REFUSED, "genesis",
                     "quorum: log %s has %u operators that may witness it, and %u needed: that can't be reached, or "
                     "two heads could both be final",
                     g->daemons[i]->origin, eligible, k);
  }
  return OM_OK;
}

enum om_code om_genesis_check(const Oremark__Genesis **out, struct om_arena *arena, const uint8_t *bytes, size_t len,
                              struct om_status *st) {
  if (len == 0 || len > OM_ENTRY_MAX_BYTES - 64)
    return om_fail(st, OM_MALFORMED, "size", "a genesis file has 1 to %d bytes, this one has %zu",
                   OM_ENTRY_MAX_BYTES - 64, len);
  if (!om_canonical(&oremark__genesis__descriptor, bytes, len, st)) return st->code;
  const Oremark__Genesis *g = oremark__genesis__unpack(om_arena_protobuf(arena), len, bytes);
  if (!g) return om_fail(st, OM_MALFORMED, "size", "the genesis unpacks to more than is allowed");
  if (g->rules_version == 0) return om_act_form(st, "rules_version", "is missing");
  if (strlen(g->name) == 0 || strlen(g->name) > 64)
    return om_act_form(st, "name", "of the network is empty or longer than 64 bytes");
  if (g->created_ms <= 0) return om_act_form(st, "created_ms", "is missing");
  enum om_code code = daemons_form(g, st);
  if (code == OM_OK) code = members_form(g, st);
  if (code == OM_OK) code = witnesses_form(g, st);
  if (code == OM_OK) code = om_act_limits_form(g->limits, st);
  if (code == OM_OK) *out = g;
  return code;
}

void om_act_put_limits(struct om_txn *txn, uint64_t since, const Oremark__Limits *l) {
  uint8_t row[OM_ENTRY_MAX_BYTES];
  size_t len = oremark__limits__get_packed_size(l);
  OM_ASSERT(len <= sizeof row);
  oremark__limits__pack(l, row);
  om_act_put(txn, OM_ROW_LIMITS, 0, 0, since, row, len);
}

enum om_code om_genesis_apply(struct om_txn *txn, const Oremark__Genesis *g, struct om_status *st) {
  for (size_t i = 0; i < g->n_members; i++) om_act_put_new_member(txn, 0, g->members[i]);
  for (size_t i = 0; i < g->n_daemons; i++) om_act_put_new_daemon(txn, 0, (uint32_t)i, g->daemons[i]);
  om_act_put_numbers(txn, OM_ROW_GOVERNORS, 0, g->threshold, g->governors, g->n_governors);
  if (g->witnesses)
    om_act_put_numbers(txn, OM_ROW_WITNESSES, 0, g->witnesses->quorum, g->witnesses->logs, g->witnesses->n_logs);
  else
    om_act_put_numbers(txn, OM_ROW_WITNESSES, 0, 0, NULL, 0);
  om_act_put_limits(txn, 0, g->limits);
  om_act_put_count(txn, OM_ROW_RULES, 0, 0, g->rules_version);
  return om_txn_check(txn, st);
}
