/* Judges the acts of a statement: who must have signed them, and the place of each kind (acts_*.c). */
#include "ledger/acts.h"

#include "ledger/acts_parts.h"
#include "ledger/events/kinds.h"

enum om_code om_act_governors_signed(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  struct om_governors g;
  enum om_code code = om_registry_governors(txn, &g, judged->index, st);
  if (code != OM_OK) return code;
  for (size_t i = 0; i < judged->n_signers; i++) {
    bool is_governor = false;
    for (size_t j = 0; j < g.n; j++) is_governor = is_governor || g.members[j] == judged->signers[i];
    if (!is_governor)
      return om_fail(st, OM_REFUSED, "signature-not-needed",
                     judged->n_signers == 1
                         ? "this is an act of the governors, and member %u is none of them ('oremark network show' "
                           "lists them): have them sign it"
                         : "member %u signed, but is no governor: take that signature out ('oremark sign FILE "
                           "--remove')",
                     judged->signers[i]);
  }
  if (judged->n_signers < g.threshold)
    return om_fail(st, OM_REFUSED, "threshold",
                   "%zu of the governors have signed, %u are needed: gather the others' signatures", judged->n_signers,
                   g.threshold);
  return OM_OK;
}

static enum om_code member_signed(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  struct om_member m;
  enum om_code code = om_registry_member(txn, &m, judged->statement->member, judged->index, st);
  if (code == OM_MISSING) st->code = OM_REFUSED;
  if (code != OM_OK) return st->code;
  if (m.suspended) return om_fail(st, OM_REFUSED, "suspended", "member %u (%s) is suspended", m.number, m.name);
  if (judged->n_signers != 1 || judged->signers[0] != m.number)
    return om_fail(st, OM_REFUSED, "signature-not-needed", "an act of member %u for itself is signed by it alone",
                   m.number);
  return OM_OK;
}

/* Who may sign an act is its class (events/kinds.h); all else is judged in its place. */
static const struct {
  Oremark__Event__KindCase kind;
  om_act *apply;
} acts[] = {
    {OREMARK__EVENT__KIND_ENROL, om_act_enrol},
    {OREMARK__EVENT__KIND_SET_ROLES, om_act_set_roles},
    {OREMARK__EVENT__KIND_SET_GOVERNORS, om_act_set_governors},
    {OREMARK__EVENT__KIND_SET_RULES, om_act_set_rules},
    {OREMARK__EVENT__KIND_SET_LIMITS, om_act_set_limits},
    {OREMARK__EVENT__KIND_SUSPEND, om_act_suspend},
    {OREMARK__EVENT__KIND_REINSTATE, om_act_reinstate},
    {OREMARK__EVENT__KIND_REHOME, om_act_rehome},
    {OREMARK__EVENT__KIND_REASSIGN, om_act_reassign},
    {OREMARK__EVENT__KIND_ADD_DAEMON, om_act_add_daemon},
    {OREMARK__EVENT__KIND_SET_WITNESSES, om_act_set_witnesses},
    {OREMARK__EVENT__KIND_RESTART, om_act_restart},
    {OREMARK__EVENT__KIND_REVOKE_KEY, om_act_revoke_key},
    {OREMARK__EVENT__KIND_ADD_KEY, om_act_add_key},
    {OREMARK__EVENT__KIND_RETIRE_KEY, om_act_retire_key},
    {OREMARK__EVENT__KIND_SET_ADDRESS, om_act_set_address},
    {OREMARK__EVENT__KIND_ADD_SITE, om_act_add_site},
    {OREMARK__EVENT__KIND_SET_SEALING_KEY, om_act_set_sealing_key},
    {OREMARK__EVENT__KIND_GIVE_MANDATE, om_act_give_mandate},
    {OREMARK__EVENT__KIND_END_MANDATE, om_act_end_mandate},
    {OREMARK__EVENT__KIND_RECOGNISE_SCHEME, om_act_recognise_scheme},
    {OREMARK__EVENT__KIND_SITE_STATUS, om_act_site_status},
    {OREMARK__EVENT__KIND_OVERRULE, om_act_overrule},
    {OREMARK__EVENT__KIND_LIFT_SEAL, om_act_lift_seal},
    {OREMARK__EVENT__KIND_RETIRE_LOG, om_act_retire_log},
};

static enum om_code apply_one(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                              uint16_t index, struct om_status *st) {
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
    if (acts[i].kind == event->kind_case) return acts[i].apply(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_SEAL_LOG)
    return om_act_refuse(st, "call",
                         "a call to seal stands in no log: each witness makes its seal by `oremark log make-seal`");
  OM_ASSERT(!"every act has its place");
  return OM_REFUSED;
}

enum om_code om_acts_apply(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  const Oremark__Statement *s = judged->statement;
  enum om_kind_class class = om_kind_of(s->events[0])->class;
  enum om_code code = class == OM_KIND_GOVERNORS ? om_act_governors_signed(txn, judged, st)
                      : class == OM_KIND_MEMBER
                          ? member_signed(txn, judged, st)
                          : om_act_refuse(st, "registry", "the registry log holds registry acts only");
  for (size_t i = 0; i < s->n_events && code == OM_OK; i++) {
    code = apply_one(txn, judged, s->events[i], (uint16_t)i, st);
    if (code != OM_OK) om_wrap(st, "event %zu (%s)", i, om_kind_of(s->events[i])->name);
  }
  return code == OM_OK ? om_txn_check(txn, st) : code;
}
