/* A small network for tests and benchmarks: members, daemons and keys made from numbers, a genesis that names them, and
 * statements signed by them. Everything follows from the arguments: the same calls give the same bytes. */
#ifndef OREMARK_TESTS_SUPPORT_NETWORK_H
#define OREMARK_TESTS_SUPPORT_NETWORK_H

#include "ledger/ledger.h"

enum { NETWORK_MAX = 101 }; /* a daemon and a hundred peers; tests mostly take eight or fewer */

/* Member i + 1 operates daemon i; member 1 governs and daemon 0 holds the registry log. Every member has all roles. */
struct network {
  size_t n;
  struct om_secret *member_keys[NETWORK_MAX]; /* of member i + 1 */
  struct om_secret *log_keys[NETWORK_MAX], *cosign_keys[NETWORK_MAX], *witness_keys[NETWORK_MAX],
      *link_keys[NETWORK_MAX];
  uint8_t *genesis;
  size_t genesis_len;
  struct om_hash id;
  uint32_t nonce;      /* counts the statements made */
  uint32_t valid_days; /* of the next statements; 0: a year */
};

/* N members and daemons; WITNESSED: all daemons witness, else quorum 0. Stops the program on any failure. */
void network_open(struct network *net, size_t n, bool witnessed);
/* The same, with daemons 0 to N_WITNESSES - 1 as the witnesses; 0: none. */
void network_open_witnesses(struct network *net, size_t n, size_t n_witnesses);
/* The same, and the genesis names only the first N_NAMED members and daemons: the others have their keys ready. */
void network_open_part(struct network *net, size_t n, size_t n_named, size_t n_witnesses);
/* The same, begun under that version of the rules. */
void network_open_rules(struct network *net, size_t n, size_t n_witnesses, uint32_t rules_version);
/* NET, just opened, begins under that version instead. */
void network_begin_rules(struct network *net, uint32_t rules_version);
void network_close(struct network *net);
struct om_signers_keys network_signers(const struct network *net, size_t daemon);
/* Opens a fresh ledger of DAEMON in the folder PATH. */
struct om_ledger *network_ledger(const struct network *net, size_t daemon, const char *path);

/* A fresh folder and a ledger in it for each daemon, in FOLDERS and LEDGERS. */
void network_ledgers(const struct network *net, char **folders, struct om_ledger **ledgers);
/* Closes LEDGERS (NULL: closed before), removes FOLDERS and closes NET. */
void network_close_ledgers(struct network *net, char **folders, struct om_ledger **ledgers);

/* Packs STATEMENT's EVENTS, signed by the N_SIGNERS members of SIGNERS (ascending); bytes are malloc'ed. SIGNED_MS is
 * also the time of events that have none; not_after is a year later. */
uint8_t *network_statement(struct network *net, size_t *len, uint32_t member, int64_t signed_ms,
                           Oremark__Event **events, size_t n_events, const uint32_t *signers, size_t n_signers);
/* Packs the entry that an operator would write who checks nothing: that STATEMENT was taken at TAKEN_MS. Malloc'ed. */
uint8_t *network_entry(size_t *len, const uint8_t *statement, size_t statement_len, int64_t taken_ms);
/* The same, signed by those members with the keys given. */
uint8_t *network_statement_keys(struct network *net, size_t *len, uint32_t member, int64_t signed_ms,
                                Oremark__Event **events, size_t n_events, const uint32_t *signers,
                                const struct om_secret *const *keys, size_t n_signers);
/* The number of the lot that EVENT of the statement in BYTES writes as its OUTPUT, and the event's id. */
void network_lot(const struct network *net, uint8_t number[OM_LOT_NUMBER_BYTES], struct om_hash *event_id,
                 const uint8_t *bytes, size_t len, uint16_t event, uint16_t output);

/* Takes BYTES in at LEDGER, in a batch of its own. */
enum om_code network_submit(const struct network *net, size_t daemon, struct om_ledger *ledger, struct om_receipt *out,
                            const uint8_t *bytes, size_t len, int64_t taken_ms, struct om_status *st);
/* Copies what FROM's own log has more than TO's mirror of it. */
enum om_code network_mirror(const struct network *net, struct om_ledger *to, struct om_ledger *from, uint32_t log,
                            struct om_status *st);
/* Lets the witnesses among LEDGERS (by daemon; all N) cosign LOG's head and stores the final head with all. */
enum om_code network_finalise(const struct network *net, struct om_ledger **ledgers, uint32_t log, uint64_t time_s,
                              struct om_status *st);
/* Mirrors and finalises every log everywhere, and lets each daemon mark the registry, until nothing moves. A daemon
 * whose ledger is NULL is down. */
enum om_code network_settle(const struct network *net, struct om_ledger **ledgers, int64_t now_ms,
                            struct om_status *st);

/* What LEDGER holds of LOG, committed. */
struct om_log_info network_info(const struct om_ledger *ledger, uint32_t log);

/* A new folder below $TMPDIR; remove_folder takes it away with what is in it. */
char *temp_folder(void);
void remove_folder(char *path);

#endif
