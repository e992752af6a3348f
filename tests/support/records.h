/* Signed statements of one event each, for tests that need a little history and not its details. Bytes are malloc'ed;
 * times are Unix milliseconds. */
#ifndef OREMARK_TESTS_SUPPORT_RECORDS_H
#define OREMARK_TESTS_SUPPORT_RECORDS_H

#include "support/network.h"

struct record {
  uint8_t *bytes;
  size_t len;
};

/* MEMBER's next site; PREVIOUS is the act before it on the member's sites, NULL for the first. */
struct record record_site(struct network *net, uint32_t member, uint32_t site, const struct om_hash *previous,
                          Oremark__SiteKind kind, int64_t at_ms);
/* RECORD is handed in at DAEMON of LEDGERS, which has to take it. */
struct om_receipt record_submit(const struct network *net, struct om_ledger **ledgers, size_t daemon,
                                const struct record *record, int64_t at_ms);
/* So is an act by which MEMBER has a first site, of KIND. */
void record_first_site(struct network *net, struct om_ledger **ledgers, uint32_t member, Oremark__SiteKind kind,
                       int64_t at_ms);
/* A network of N daemons that is settled at AT_MS (network_open, network_ledgers), and there the act by which MEMBER
 * has a mine, which is to be settled. */
void record_network(struct network *net, char **folders, struct om_ledger **ledgers, size_t n, bool witnessed,
                    uint32_t member, int64_t at_ms);
/* The id of the first event of RECORD. */
struct om_hash record_event(const struct network *net, const struct record *record);
/* N lots of copper concentrate from MEMBER's mine SITE, COPPER_MG in each, and a thousandth of that in gold. */
struct record record_extract(struct network *net, uint32_t member, uint32_t site, size_t n, uint64_t copper_mg,
                             int64_t at_ms);
/* Ships the first lot of RECORD, whose last event is that one, to CONSIGNEE with title. */
struct record record_ship(struct network *net, uint32_t member, const struct record *record, uint32_t consignee,
                          int64_t at_ms);
/* Receives at SITE that same lot of RECORD as SHIPPED. */
struct record record_receive(struct network *net, uint32_t member, uint32_t site, const struct record *record,
                             const struct record *shipped, int64_t at_ms);
/* Begins a pool at SITE with the first lot of RECORD. */
struct record record_charge(struct network *net, uint32_t member, uint32_t site, const struct record *record,
                            int64_t at_ms);

#endif
