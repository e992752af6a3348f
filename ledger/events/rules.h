/* What the rules of several event kinds share: who may do it, in whose hands a lot must be, what its owner has to sign,
 * and the ways in which metal and its attribution pass from lots to lots. Each function refuses with a rule's name, the
 * figures and what to do. Thread: the stage's. */
#ifndef OREMARK_LEDGER_EVENTS_RULES_H
#define OREMARK_LEDGER_EVENTS_RULES_H

#include "ledger/names.h"
#include "ledger/quantity.h"
#include "ledger/stage.h"

/* ---- who ---- */

/* Roles as a set: the bit of a role is 1 << its number. */
#define OM_ROLE(name) (UINT32_C(1) << OREMARK__ROLE__ROLE_##name)
/* Those that take custody of metal: all but laboratory, certifier, inspector and auditor. */
#define OM_ROLES_CUSTODY                                                                                           \
  (OM_ROLE(MINE) | OM_ROLE(TRADER) | OM_ROLE(CARRIER) | OM_ROLE(WAREHOUSE) | OM_ROLE(SMELTER) | OM_ROLE(REFINER) | \
   OM_ROLE(MANUFACTURER) | OM_ROLE(RECYCLER) | OM_ROLE(CUSTOMS) | OM_ROLE(RESERVE))

/* The roles of which a member needs one to run PROCESS; PROCESS_UNSTATED: any process at all. The table stands in
 * rules.c. */
uint32_t om_process_roles(Oremark__Process process);

/* Has the signer one of ROLES? Else "role". DOING completes "has not the role for ...". */
enum om_code om_rule_role(const struct om_stage *stage, uint32_t roles, const char *doing, struct om_status *st);

/* ---- whose ---- */

/* The whole lot that REF names, in the signer's hands and free to move: found (om_stage_find), "pen" (the pen is
 * another's, or the lot is in transit), "pool" (it is a pool), "hold" (it is on hold). */
enum om_code om_rule_take(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                          struct om_status *st);
/* The same for N of them, into an array in the arena. */
enum om_code om_rule_take_all(struct om_stage *stage, const struct om_lot ***out, Oremark__LotRef *const *refs,
                              size_t n, struct om_status *st);
/* The same, whether it is on hold or not: for events that leave it where and what it is. */
enum om_code om_rule_take_whole(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                                struct om_status *st);
/* The whole lot that REF names, on hold or not, in the signer's hands or on its way there: who has the pen. */
enum om_code om_rule_take_pen(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                              struct om_status *st);
/* The pool that REF names, in the signer's hands. */
enum om_code om_rule_take_pool(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                               struct om_status *st);
/* The lot that REF names, in transit to the signer; else "pen". */
enum om_code om_rule_take_incoming(struct om_stage *stage, const struct om_lot **out, const Oremark__LotRef *ref,
                                   struct om_status *st);

/* Is LOT the signer's own, has its owner signed, or given the signer a standing mandate of SCOPE (enum om_mandate; 0:
 * it takes the signature)? Else "title"; DOING completes "may be ... only with". */
enum om_code om_rule_title(struct om_stage *stage, const struct om_lot *lot, uint32_t scope, const char *doing,
                           struct om_status *st);
/* The same for lots that go whole into others, and in *OWNER who owns what comes out: the owner of all of them, or the
 * signer where there are several, all of whom have signed it away. INTO is who owns what they go into, where that was
 * there before. A mandate to consume is none to give away: it serves where what comes out is the same owner's. */
enum om_code om_rule_title_all(struct om_stage *stage, uint32_t *owner, const struct om_lot **lots, size_t n,
                               uint32_t into, const char *doing, struct om_status *st);

/* Have as many of those who may release LOT, which is on hold, signed as its release takes? Else "hold"; DOING
 * completes "its ... takes". A releaser who is suspended does not count. Where the governors have overruled the hold,
 * nobody needs to have. */
enum om_code om_rule_released(struct om_stage *stage, const struct om_lot *lot, const char *doing,
                              struct om_status *st);
/* Is LOT free? Else "hold", with who may release it. */
enum om_code om_rule_free(struct om_stage *stage, const struct om_lot *lot, struct om_status *st);

/* ---- what: masses and their attribution ---- */

/* Metal on its way from lots to lots, by atomic number: the mix of each element sums to its mass. 3 KiB: on a stack,
 * once. */
struct om_flow {
  int64_t gross_mg;
  int64_t mg[OM_ELEMENT_MAX + 1];
  struct om_mix mix[OM_ELEMENT_MAX + 1];
};

/* All that N lots hold; mixes pooled to OM_MIX_MAX_SHARES. "mass" where a sum does not fit. */
enum om_code om_flow_of(struct om_stage *stage, struct om_flow *out, const struct om_lot *const *lots, size_t n,
                        struct om_status *st);

/* What an event says comes out: outputs and losses summed by element. */
struct om_claim {
  int64_t gross_mg; /* of the outputs */
  int64_t mg[OM_ELEMENT_MAX + 1];
};
enum om_code om_claim_of(struct om_claim *out, Oremark__Material *const *materials, size_t n_materials,
                         Oremark__Loss *const *losses, size_t n_losses, struct om_status *st);

/* Takes MG of ELEMENT out of FLOW, in proportion; there must be as much. */
struct om_mix om_flow_take(struct om_stage *stage, struct om_flow *flow, uint8_t element, int64_t mg);

/* What FLOW still holds as the contents of a lot; "content" where there are more than OM_LOT_METALS_MAX elements. */
enum om_code om_flow_contents(struct om_stage *stage, struct om_lot *lot, const struct om_flow *flow,
                              struct om_status *st);

/* New lots of N materials in the signer's hands at SITE for OWNER, their metal taken out of FLOW one after the other.
 */
enum om_code om_flow_out(struct om_stage *stage, struct om_flow *flow, Oremark__Material *const *materials, size_t n,
                         uint32_t site, uint32_t owner, struct om_status *st);

/* New lots at SITE whose metal begins here, all of it from ORIGIN. */
enum om_code om_rule_begin(struct om_stage *stage, Oremark__Material *const *materials, size_t n, uint32_t site,
                           struct om_origin origin, struct om_status *st);

/* Outputs must come to exactly what went in, gross and each element: "balance". */
enum om_code om_rule_conserved(const struct om_flow *in, const struct om_claim *out, struct om_status *st);

/* LOT's contents as measured anew: an element that MEASURED leaves out is as before, one at zero drops out. Gains up to
 * the receipt tolerance count as drift, larger ones are refused ("gain", with ADVICE; with ADVICE NULL, where both
 * sides have agreed, they count as drift whatever their size), as is an element that the lot
 * does not hold ("balance"). *IS_SHORT says whether any element is less than before. */
enum om_code om_rule_measured(struct om_stage *stage, struct om_lot *lot, bool *is_short,
                              Oremark__ElementMass *const *measured, size_t n, const char *advice,
                              struct om_status *st);
/* ROW's gross mass is GROSS_MG from now on (0: as it was); refused where it grows by more than a scale may find:
 * "gross".
 */
enum om_code om_rule_gross(struct om_lot *row, uint64_t gross_mg, struct om_status *st);
/* The metals of LOT together are no more than its gross mass: "content". */
enum om_code om_rule_content(const struct om_lot *lot, struct om_status *st);

#endif
