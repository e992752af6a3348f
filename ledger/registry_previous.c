/* The subject of each kind of act, for those who are to make one. The acts themselves are judged in ledger/acts_*.c. */
#include "ledger/events/kinds.h"
#include "ledger/registry.h"

/* The subject of EVENT; false: it has none, or it is a site's status. */
static bool subject_of(struct om_txn *txn, enum om_act_subject *subject, uint32_t *number, const Oremark__Event *event,
                       uint32_t speaker) {
  *subject = OM_SUBJECT_MEMBER;
  *number = 0;
  if (event->kind_case == OREMARK__EVENT__KIND_SET_ROLES) return *number = event->set_roles->member, true;
  if (event->kind_case == OREMARK__EVENT__KIND_SUSPEND) return *number = event->suspend->member, true;
  if (event->kind_case == OREMARK__EVENT__KIND_REINSTATE) return *number = event->reinstate->member, true;
  if (event->kind_case == OREMARK__EVENT__KIND_REHOME) return *number = event->rehome->member, true;
  if (event->kind_case == OREMARK__EVENT__KIND_REVOKE_KEY) return *number = event->revoke_key->member, true;
  *subject = OM_SUBJECT_SCHEME;
  if (event->kind_case == OREMARK__EVENT__KIND_RECOGNISE_SCHEME)
    return *number = om_registry_scheme_number(txn, event->recognise_scheme->scheme), *number != 0;
  static const struct {
    Oremark__Event__KindCase kind;
    enum om_act_subject subject;
  } subjects[] = {
      {OREMARK__EVENT__KIND_SET_WITNESSES, OM_SUBJECT_WITNESSES},
      {OREMARK__EVENT__KIND_RESTART, OM_SUBJECT_WITNESSES},
      {OREMARK__EVENT__KIND_SET_GOVERNORS, OM_SUBJECT_GOVERNORS},
      {OREMARK__EVENT__KIND_SET_RULES, OM_SUBJECT_RULES},
      {OREMARK__EVENT__KIND_SET_LIMITS, OM_SUBJECT_LIMITS},
      {OREMARK__EVENT__KIND_ADD_KEY, OM_SUBJECT_KEYS},
      {OREMARK__EVENT__KIND_RETIRE_KEY, OM_SUBJECT_KEYS},
      {OREMARK__EVENT__KIND_SET_ADDRESS, OM_SUBJECT_KEYS},
      {OREMARK__EVENT__KIND_SET_SEALING_KEY, OM_SUBJECT_KEYS},
      {OREMARK__EVENT__KIND_ADD_SITE, OM_SUBJECT_SITES},
      {OREMARK__EVENT__KIND_GIVE_MANDATE, OM_SUBJECT_MANDATES},
      {OREMARK__EVENT__KIND_END_MANDATE, OM_SUBJECT_MANDATES},
  };
  const struct om_kind *kind = om_kind_of(event);
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
    if (subjects[i].kind != event->kind_case) continue;
    *subject = subjects[i].subject;
    *number = kind->class == OM_KIND_MEMBER ? speaker : 0;
    return true;
  }
  return false;
}

enum om_code om_registry_previous(struct om_txn *txn, struct om_hash *out, const Oremark__Event *event,
                                  uint32_t speaker, uint64_t as_of, struct om_status *st) {
  enum om_act_subject subject;
  uint32_t number;
  if (event->kind_case == OREMARK__EVENT__KIND_SITE_STATUS)
    return om_registry_last_status(txn, out, event->site_status->member, event->site_status->site, as_of, st);
  if (subject_of(txn, &subject, &number, event, speaker))
    return om_registry_last_act(txn, out, subject, number, as_of, st);
  return om_fail(st, OM_MISSING, NULL, "this act names none before it");
}
