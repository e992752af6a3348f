/* What the files of registry acts (acts*.c, genesis.c) share, and the place of each kind of act. Only these include
 * this. Writer's thread. */
#ifndef OREMARK_LEDGER_ACTS_PARTS_H
#define OREMARK_LEDGER_ACTS_PARTS_H

#include "ledger/acts.h"
#include "ledger/registry_rows.h"

/* ---- acts_parts.c ---- */

/* OM_REFUSED by RULE. */
enum om_code om_act_refuse(struct om_status *st, const char *rule, const char *why);

/* Writes a row as registry index SINCE. */
void om_act_put(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint32_t b, uint64_t since, const void *row,
                size_t len);
void om_act_put_count(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint64_t since, uint32_t n);
/* HEAD, then the N numbers of LIST, at most OM_WITNESSES_MAX. */
void om_act_put_numbers(struct om_txn *txn, enum om_registry_kind kind, uint64_t since, uint32_t head,
                        const uint32_t *list, size_t n);

/* The act must name the one before it on its subject; it becomes the last one. OM_REFUSED ("previous"). */
enum om_code om_act_chain(struct om_txn *txn, const struct om_case *judged, enum om_act_subject subject,
                          uint32_t member, const Oremark__Event *event, uint16_t index, struct om_status *st);

/* The same for the status of a site. */
enum om_code om_act_chain_status(struct om_txn *txn, const struct om_case *judged, uint32_t member, uint32_t site,
                                 const Oremark__Event *event, uint16_t index, struct om_status *st);

/* Could the governors still speak: does a key stand of so many of them as must sign? OM_REFUSED ("governors"). */
enum om_code om_act_governors_can(struct om_txn *txn, struct om_status *st);
/* The daemon that MEMBER operates and that cosigns with KEY. OM_MISSING: none. */
enum om_code om_act_cosigner(struct om_txn *txn, struct om_daemon *out, uint32_t member,
                             const uint8_t key[OM_HASH_BYTES], struct om_status *st);

/* The author of what the statement's only signer writes for its own member. */
struct om_by om_act_by(const struct om_case *judged);
/* The author of what the genesis or the governors write as registry index SINCE. */
struct om_by om_act_by_governors(uint64_t since);

/* OM_REFUSED: FIELD of a message that the genesis and acts have in common, and why. */
enum om_code om_act_form(struct om_status *st, const char *field, const char *why);
bool om_act_is_key(ProtobufCBinaryData key); /* an Ed25519 public key */
bool om_act_is_name(const char *name);
bool om_act_is_country(const char *country); /* two capital letters, ISO 3166-1 alpha-2 */

/* ---- the place of each message: its form, and its rows as registry index SINCE ---- */

enum om_code om_act_member_form(const Oremark__NewMember *m, struct om_status *st);
void om_act_put_new_member(struct om_txn *txn, uint64_t since, const Oremark__NewMember *m);
enum om_code om_act_daemon_form(const Oremark__Daemon *d, struct om_status *st);
void om_act_put_new_daemon(struct om_txn *txn, uint64_t since, uint32_t log, const Oremark__Daemon *d);
void om_act_put_daemon(struct om_txn *txn, uint64_t since, const struct om_daemon *d);
enum om_code om_act_limits_form(const Oremark__Limits *l, struct om_status *st);
void om_act_put_limits(struct om_txn *txn, uint64_t since, const Oremark__Limits *l);
void om_act_put_key(struct om_txn *txn, uint64_t since, const struct om_member_key *key);
/* A new key of MEMBER's, which om_act_admit_key has admitted. */
void om_act_put_new_key(struct om_txn *txn, uint32_t member, struct om_by by, ProtobufCBinaryData key,
                        const char *label);
/* A key may be admitted to a member if its point is one, and its id is not taken by another key of that member's, ever.
 */
enum om_code om_act_admit_key(struct om_txn *txn, uint32_t member, ProtobufCBinaryData key, struct om_status *st);
/* Refused ("key") where MEMBER signs, or signed, statements with KEY: no daemon of its own cosigns with that one. */
enum om_code om_act_no_member_key(struct om_txn *txn, uint32_t member, const uint8_t key[OM_HASH_BYTES],
                                  struct om_status *st);
/* Puts D in the place of the registry log's daemon. OM_REFUSED: it is no new daemon of a member, or some log could not
 * become final any more. */
enum om_code om_act_succeed_daemon(struct om_txn *txn, uint64_t since, const Oremark__Daemon *d, struct om_status *st);
/* OM_REFUSED: the list names no daemon. */
enum om_code om_act_put_witnesses(struct om_txn *txn, uint64_t since, const Oremark__WitnessList *w,
                                  struct om_status *st);
/* Can LOG's heads become final, and no two that contradict each other, under the list of witnesses as it is now?
 * OM_REFUSED ("quorum"). */
enum om_code om_act_quorum_reachable(struct om_txn *txn, uint32_t log, struct om_status *st);

/* ---- the place of each kind of act: judges event INDEX of the statement and writes it, as registry index
 * JUDGED->index; rows are written before all is known to be good ---- */

typedef enum om_code om_act(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st);

om_act om_act_enrol, om_act_set_roles, om_act_suspend, om_act_reinstate, om_act_rehome,
    om_act_reassign;                                                                         /* acts_member.c */
om_act om_act_add_key, om_act_retire_key;                                                    /* acts_keys.c */
om_act om_act_add_site, om_act_set_sealing_key, om_act_give_mandate, om_act_end_mandate;     /* acts_own.c */
om_act om_act_set_rules;                                                                     /* acts_govern.c */
om_act om_act_set_governors, om_act_set_limits, om_act_recognise_scheme, om_act_site_status; /* acts_govern.c */
om_act om_act_add_daemon, om_act_set_address;                                                /* acts_daemon.c */
om_act om_act_revoke_key;                                                                    /* acts_revoke.c */
om_act om_act_set_witnesses, om_act_replace_cosign_key;                                      /* acts_witness.c */
om_act om_act_overrule;                                                                      /* acts_overrule.c */
om_act om_act_restart;                                                                       /* acts_restart.c */
om_act om_act_lift_seal, om_act_retire_log;                                                  /* acts_seal.c */

#endif
