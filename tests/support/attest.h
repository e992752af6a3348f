/* Attestations for tests of their rules, made of short calls like those of support/custody.h; their memory is the
 * fixture's. */
#ifndef OREMARK_TESTS_SUPPORT_ATTEST_H
#define OREMARK_TESTS_SUPPORT_ATTEST_H

#include "support/custody.h"

Oremark__Subject *about_member(struct custody *c, uint32_t member);
Oremark__Subject *about_site(struct custody *c, uint32_t member, uint32_t site);
Oremark__Subject *about_lot(struct custody *c, struct lot_name lot);
/* Event EVENT of the last statement that was admitted. */
Oremark__EventRef *last_event(struct custody *c, uint32_t event);

/* A result of COPPER digits in 4 places (2845: 28.45 %), with a splitting limit where LIMIT is not 0. */
Oremark__Event *assay(struct custody *c, Oremark__Subject *subject, Oremark__AssayRole role, uint64_t copper,
                      uint64_t limit);
Oremark__Event *estimate(struct custody *c, uint32_t member, uint32_t site, Oremark__EstimateKind kind,
                         uint64_t copper_mg, int64_t as_of_ms);

/* Those CERTIFIERS (ended by 0) may certify under SCHEME, from the beginning. */
void recognise(struct custody *c, const char *scheme, const uint32_t *certifiers);
/* Under "Copper Mark", for a quantity of copper where QUANTITY_MG is not 0. */
Oremark__Event *certify(struct custody *c, Oremark__Subject *subject, int64_t from_ms, int64_t until_ms,
                        uint64_t quantity_mg);
Oremark__Event *withdraw(struct custody *c, Oremark__EventRef *certificate);
Oremark__Event *claim(struct custody *c, Oremark__EventRef *certificate, Oremark__LotRef *lot, uint64_t quantity_mg);
Oremark__Subject *about_event(struct custody *c, Oremark__EventRef *event);
/* Severity 2, no date. */
Oremark__Event *flag(struct custody *c, Oremark__Subject *subject);
Oremark__Event *clear(struct custody *c, Oremark__EventRef *flag);
/* The right figures of EVENT, 0 where they are not stated; LOT (NULL: none) is lowered to them. */
Oremark__Event *correct(struct custody *c, Oremark__EventRef *event, uint64_t gross_mg, uint64_t copper_mg,
                        Oremark__LotRef *lot);

#endif
