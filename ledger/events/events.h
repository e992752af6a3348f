/* The functions of each kind of event, for the table in kinds.c alone; kinds.h says what they do. */
#ifndef OREMARK_LEDGER_EVENTS_EVENTS_H
#define OREMARK_LEDGER_EVENTS_EVENTS_H

#include "ledger/events/kinds.h"

#define OM_ACT_FUNCTIONS(name)                                                      \
  enum om_code om_##name##_form(const Oremark__Event *event, struct om_status *st); \
  void om_##name##_describe(struct om_text *out, const Oremark__Event *event);

#define OM_CUSTODY_FUNCTIONS(name)                                                                   \
  OM_ACT_FUNCTIONS(name)                                                                             \
  enum om_code om_##name##_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, \
                                struct om_status *st);

OM_CUSTODY_FUNCTIONS(extract)
OM_CUSTODY_FUNCTIONS(collect)
OM_CUSTODY_FUNCTIONS(declare)
OM_CUSTODY_FUNCTIONS(ship)
OM_CUSTODY_FUNCTIONS(receive)
OM_CUSTODY_FUNCTIONS(reject)
OM_CUSTODY_FUNCTIONS(transform)
OM_CUSTODY_FUNCTIONS(split)
OM_CUSTODY_FUNCTIONS(combine)
OM_CUSTODY_FUNCTIONS(retire)
OM_CUSTODY_FUNCTIONS(charge)
OM_CUSTODY_FUNCTIONS(draw)
OM_CUSTODY_FUNCTIONS(stocktake)
OM_CUSTODY_FUNCTIONS(hold)
OM_CUSTODY_FUNCTIONS(release)
OM_CUSTODY_FUNCTIONS(transfer_title)
OM_CUSTODY_FUNCTIONS(settle)

OM_CUSTODY_FUNCTIONS(claim)

OM_CUSTODY_FUNCTIONS(assay)
OM_CUSTODY_FUNCTIONS(certify)
OM_CUSTODY_FUNCTIONS(withdraw)
OM_CUSTODY_FUNCTIONS(estimate)

OM_CUSTODY_FUNCTIONS(flag)
OM_CUSTODY_FUNCTIONS(clear)
OM_CUSTODY_FUNCTIONS(correct)

OM_ACT_FUNCTIONS(overrule)
OM_ACT_FUNCTIONS(enrol)
OM_ACT_FUNCTIONS(suspend)
OM_ACT_FUNCTIONS(reinstate)
OM_ACT_FUNCTIONS(rehome)
OM_ACT_FUNCTIONS(reassign)
OM_ACT_FUNCTIONS(add_daemon)
OM_ACT_FUNCTIONS(set_witnesses)
OM_ACT_FUNCTIONS(revoke_key)
OM_ACT_FUNCTIONS(add_key)
OM_ACT_FUNCTIONS(add_site)
OM_ACT_FUNCTIONS(set_address)
OM_ACT_FUNCTIONS(set_roles)
OM_ACT_FUNCTIONS(set_governors)
OM_ACT_FUNCTIONS(set_limits)
OM_ACT_FUNCTIONS(set_rules)
OM_ACT_FUNCTIONS(retire_key)
OM_ACT_FUNCTIONS(recognise_scheme)
OM_ACT_FUNCTIONS(site_status)
OM_ACT_FUNCTIONS(give_mandate)
OM_ACT_FUNCTIONS(end_mandate)
OM_ACT_FUNCTIONS(set_sealing_key)
OM_ACT_FUNCTIONS(seal_log)
OM_ACT_FUNCTIONS(lift_seal)
OM_ACT_FUNCTIONS(retire_log)
OM_ACT_FUNCTIONS(restart)

#endif
