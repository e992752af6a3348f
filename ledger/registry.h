/* Who may do what, as of a size of the registry log: members, keys, sites, daemons, witnesses, governors, limits. Every
 * row is kept with the registry index that began it; a lookup as of size R sees what entries below R wrote. Reads
 * through the caller's transaction; returned values are copies. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_REGISTRY_H
#define OREMARK_LEDGER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/arena.h"
#include "ledger/hash.h"
#include "ledger/names.h"
#include "proto/log.pb-c.h"

struct om_txn;

enum {
  OM_ADDRESS_BYTES = 255,  /* "host:port": the longest name of a host (RFC 1035) and its port just fit */
  OM_LABEL_BYTES = 64,     /* of a key: "weighbridge, night shift" */
  OM_SCHEME_BYTES = 64,    /* the name of a scheme: "RMI RMAP", "ISO 14001" */
  OM_NAME_BYTES = 128,     /* names of members, sites, origins: fits a line on a screen */
  OM_WITNESSES_MAX = 64,   /* so that a head with the cosignatures of two lists fits a note */
  OM_GOVERNORS_MAX = 32,   /* a statement carries at most 32 signatures */
  OM_CERTIFIERS_MAX = 256, /* under one scheme: some tens of firms audit for the large ones */
  OM_MOVES_MAX = 16, /* of a member from home log to home log: each of its statements is judged against all of them */
  OM_MEMBER_NONE = 0,
  OM_LOG_REGISTRY = 0,
};
/* As of all that is here: for showing. For judging only where nothing that comes later can change the answer: the acts
 * of the registry log, which are judged as it grows, and keys by their name. */
#define OM_REGISTRY_NOW UINT64_MAX

struct om_member {
  uint32_t number;
  uint32_t roles;       /* bit 1 << role */
  uint32_t home_log;    /* if the one that it was given has ended, where its members go on */
  uint32_t home_before; /* of the last Rehome, where moves > 0 */
  uint64_t home_since;  /* registry index of that act */
  uint8_t moves;        /* how many there were */
  bool suspended;
  char country[3];
  char name[OM_NAME_BYTES + 1];
};

struct om_site {
  uint32_t member, number;
  Oremark__SiteKind kind;
  bool ended; /* a revoked key added it: nothing is recorded at it any more */
  char country[3];
  char name[OM_NAME_BYTES + 1];
};

struct om_daemon {
  uint32_t log;
  uint32_t operator_member;
  char origin[OM_NAME_BYTES + 1];
  uint8_t log_key[32], cosign_key[32], witness_key[32], link_key[32];
};

struct om_witnesses {
  size_t n;
  uint32_t logs[OM_WITNESSES_MAX];
  uint32_t quorum; /* as stated; 0: by the formula */
};

struct om_governors {
  size_t n;
  uint32_t members[OM_GOVERNORS_MAX];
  uint32_t threshold;
};

/* Since which entry of the registry MEMBER is suspended; false: it is not. */
bool om_registry_suspended(struct om_txn *txn, uint64_t *since, uint32_t member);

/* Each: OM_MISSING (with a sentence) where there is no such row as of AS_OF. */
enum om_code om_registry_member(struct om_txn *txn, struct om_member *out, uint32_t member, uint64_t as_of,
                                struct om_status *st);
enum om_code om_registry_site(struct om_txn *txn, struct om_site *out, uint32_t member, uint32_t site, uint64_t as_of,
                              struct om_status *st);
enum om_code om_registry_daemon(struct om_txn *txn, struct om_daemon *out, uint32_t log, uint64_t as_of,
                                struct om_status *st);
enum om_code om_registry_witnesses(struct om_txn *txn, struct om_witnesses *out, uint64_t as_of, struct om_status *st);
enum om_code om_registry_governors(struct om_txn *txn, struct om_governors *out, uint64_t as_of, struct om_status *st);
/* Where the daemon of LOG says that it is reached, "host:port"; empty where it has not said, or says nowhere. */
enum om_code om_registry_address(struct om_txn *txn, char out[OM_ADDRESS_BYTES + 1], uint32_t log, uint64_t as_of,
                                 struct om_status *st);
/* The key of MEMBER with that id, which must stand: OM_MISSING says also that it was retired or revoked. */
enum om_code om_registry_key(struct om_txn *txn, uint8_t key[32], uint32_t member, uint32_t key_id, uint64_t as_of,
                             struct om_status *st);

/* Who wrote a row of a member's own, and by which registry entry. */
struct om_by {
  bool key;    /* a key of the member's... */
  uint32_t id; /* ...this one; else the genesis or the governors did */
  uint64_t at;
};

enum om_key_state { OM_KEY_STANDS = 1, OM_KEY_RETIRED, OM_KEY_REVOKED };
struct om_member_key {
  uint32_t member, id;
  uint8_t key[32];
  enum om_key_state state;
  struct om_by added, ended; /* the second where it does not stand */
  uint64_t since_entry;      /* revoked: what it added to the registry from this entry on has ended with it */
  int64_t stolen_ms;         /* revoked: when it got into other hands, Unix ms; 0: not known */
  char label[OM_LABEL_BYTES + 1];
};
/* All that is known of a key, whether it stands or not. The same (member, id) names one key for ever: an act that would
 * make it two is refused. */
enum om_code om_registry_key_row(struct om_txn *txn, struct om_member_key *out, uint32_t member, uint32_t key_id,
                                 uint64_t as_of, struct om_status *st);
/* The member's key with the least id from FROM on; false: there is none. Go on from out->id + 1. */
bool om_registry_key_next(struct om_txn *txn, struct om_member_key *out, uint32_t member, uint64_t from,
                          uint64_t as_of);
/* To which confidential details for MEMBER are sealed: X25519. OM_MISSING: it has published none. */
enum om_code om_registry_sealing_key(struct om_txn *txn, uint8_t key[32], uint32_t member, uint64_t as_of,
                                     struct om_status *st);

/* What a member lets another do with lots that it owns, without its signature each time. */
enum om_mandate { OM_MANDATE_SHIP = 1 << 0, OM_MANDATE_CONSUME = 1 << 1 };
/* *SCOPE: enum om_mandate, or-ed; 0: OWNER has given AGENT none. */
enum om_code om_registry_mandate(struct om_txn *txn, uint32_t owner, uint32_t agent, uint32_t *scope, uint64_t as_of,
                                 struct om_status *st);
/* OWNER's mandate of the least agent from FROM on; false: there is none. */
bool om_registry_mandate_next(struct om_txn *txn, uint32_t *agent, uint32_t *scope, uint32_t owner, uint64_t from,
                              uint64_t as_of);

/* A scheme under which members are certified, once the governors have recognised it; numbered from 1. */
struct om_scheme {
  uint32_t number;
  bool ended; /* it is recognised no more */
  char name[OM_SCHEME_BYTES + 1];
  size_t n_certifiers;
  uint32_t certifiers[OM_CERTIFIERS_MAX]; /* ascending */
};
enum om_code om_registry_scheme(struct om_txn *txn, struct om_scheme *out, uint32_t number, uint64_t as_of,
                                struct om_status *st);
uint32_t om_registry_schemes(struct om_txn *txn, uint64_t as_of); /* how many there are, and were */
/* The number of the scheme called NAME; 0: none ever was. */
uint32_t om_registry_scheme_number(struct om_txn *txn, const char *name);
/* Whether MEMBER may certify under the scheme called NAME. OM_MISSING (with a sentence): it is not recognised. */
enum om_code om_registry_scheme_certifier(struct om_txn *txn, const char *name, uint32_t member, uint64_t as_of,
                                          bool *yes, struct om_status *st);

struct om_site_status {
  Oremark__SiteState state;
  int64_t from_ms, until_ms; /* Unix ms, UNTIL exclusive */
  uint64_t since;            /* registry index of the act */
};
/* The status of a site at AT_MS: that of the last act whose validity covers it. false: there is none. */
bool om_registry_site_status(struct om_txn *txn, struct om_site_status *out, uint32_t member, uint32_t site,
                             int64_t at_ms, uint64_t as_of);
/* The last act's, whenever it is valid. */
bool om_registry_site_status_last(struct om_txn *txn, struct om_site_status *out, uint32_t member, uint32_t site,
                                  uint64_t as_of);
/* The version of the rules by which entries are judged (ledger/rules.h). */
enum om_code om_registry_rules(struct om_txn *txn, uint32_t *version, uint64_t as_of, struct om_status *st);
/* The limits, unpacked into ARENA. */
enum om_code om_registry_limits(struct om_txn *txn, struct om_arena *arena, const Oremark__Limits **out, uint64_t as_of,
                                struct om_status *st);

/* A lot that the governors have given to another member. */
struct om_reassigned {
  uint32_t to;
  uint64_t since; /* registry index of the act */
};
struct om_place;
/* What the governors overrule. */
enum om_overruled { OM_OVERRULED_FLAG, OM_OVERRULED_HOLD };

/* Whether the governors have overruled the flag or hold that is EVENT of that statement, and *ACT where. */
bool om_registry_overruled(struct om_txn *txn, struct om_place *act, enum om_overruled what, uint32_t member,
                           int64_t signed_ms, const struct om_hash *statement_id, uint32_t event, uint64_t as_of);

/* Whether they have overruled, of any statement that MEMBER (0: anybody) signed at SIGNED_MS (0: at any time), EVENT
 * (of anybody's: any). */
bool om_registry_overruled_any(struct om_txn *txn, enum om_overruled what, uint32_t member, uint32_t event,
                               int64_t signed_ms);

/* The act that gives the lot to another while LAST_EVENT is its last; false: there is none as of AS_OF. There is one at
 * most, ever: two could be taken up by two logs. */
bool om_registry_reassigned(struct om_txn *txn, struct om_reassigned *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                            const struct om_hash *last_event, uint64_t as_of);

/* Is CALL, at which witnesses have sealed LOG, lifted as of AS_OF? */
bool om_registry_lifted(struct om_txn *txn, uint32_t log, const struct om_hash *call, uint64_t as_of);

/* A log that the governors have ended. */
struct om_retired {
  uint64_t size; /* it ends with so many entries... */
  struct om_hash root;
  uint32_t successor; /* ...and its members go on in this log */
  uint64_t since;     /* registry index of the act */
};
bool om_registry_retired(struct om_txn *txn, struct om_retired *out, uint32_t log, uint64_t as_of);
/* Where the members of LOG go on: LOG itself unless it is retired, else its successor, or that one's. */
uint32_t om_registry_successor(struct om_txn *txn, uint32_t log, uint64_t as_of);

/* A restart of the network. */
enum { OM_RESTART_REASON_BYTES = 256 }; /* as registry.proto says */
struct om_restart {
  uint64_t since; /* registry index of the act */
  int64_t taken_ms;
  char reason[OM_RESTART_REASON_BYTES + 1];
};
/* The last one as of AS_OF; false: there was none. */
bool om_registry_restart(struct om_txn *txn, struct om_restart *out, uint64_t as_of);
/* The head of LOG that the last restart states: its size, and the registry index of the act; false: none does. */
bool om_registry_stated(struct om_txn *txn, uint64_t *size, uint64_t *since, uint32_t log);
/* And its root. */
bool om_registry_stated_root(struct om_txn *txn, uint64_t *size, struct om_hash *root, uint64_t *since, uint32_t log);
/* The size that the first restart which states LOG gives it: later ones state no less; false: none does. */
bool om_registry_first_stated(struct om_txn *txn, uint64_t *size, uint32_t log);
/* The head of LOG that the restart states which stands as registry entry SINCE; false: it states none. */
bool om_registry_stated_by(struct om_txn *txn, uint64_t *size, struct om_hash *root, uint32_t log, uint64_t since);

/* The registry log goes on under another daemon. */
struct om_succession {
  uint64_t since; /* registry index of the act: the first entry that is the new daemon's */
  int64_t taken_ms;
  char before[OM_NAME_BYTES + 1]; /* the origin under which it stood until then... */
  char origin[OM_NAME_BYTES + 1]; /* ...and from then on */
  char reason[OM_RESTART_REASON_BYTES + 1];
};
/* The first at registry index FROM or behind it; false: there is none. */
bool om_registry_succession(struct om_txn *txn, struct om_succession *out, uint64_t from);

/* Acts on one subject form a chain, so that none can be replayed. */
enum om_act_subject {
  OM_SUBJECT_MEMBER = 1, /* by the governors: what they make of a member, revocation of its keys included */
  OM_SUBJECT_KEYS,       /* by the member: keys, sealing key, addresses */
  OM_SUBJECT_SITES,      /* by the member */
  OM_SUBJECT_WITNESSES,  /* no number */
  OM_SUBJECT_GOVERNORS,  /* no number */
  OM_SUBJECT_RULES,      /* no number */
  OM_SUBJECT_LIMITS,     /* no number */
  OM_SUBJECT_SCHEME,     /* a scheme's number in the member's place */
  OM_SUBJECT_MANDATES,   /* by the member */
};
/* Id of the last act on a subject; OM_MISSING where the genesis alone has spoken of it: an act then names none before
 * it. */
enum om_code om_registry_last_act(struct om_txn *txn, struct om_hash *out, enum om_act_subject subject, uint32_t member,
                                  uint64_t as_of, struct om_status *st);

/* The same of the status of a site. */
enum om_code om_registry_last_status(struct om_txn *txn, struct om_hash *out, uint32_t member, uint32_t site,
                                     uint64_t as_of, struct om_status *st);

/* What EVENT, an act that SPEAKER is to make, must give as `previous`: the id of the last act on its subject.
 * OM_MISSING: nothing. */
enum om_code om_registry_previous(struct om_txn *txn, struct om_hash *out, const Oremark__Event *event,
                                  uint32_t speaker, uint64_t as_of, struct om_status *st);

/* How many members, daemons, and sites of a member there are as of AS_OF. */
uint32_t om_registry_members(struct om_txn *txn, uint64_t as_of);
uint32_t om_registry_daemons(struct om_txn *txn, uint64_t as_of);
uint32_t om_registry_sites(struct om_txn *txn, uint32_t member, uint64_t as_of);

/* "first four bytes, big-endian, of SHA-256(public key)": the key id of statement signatures. */
uint32_t om_member_key_id(const uint8_t key[32]);

#endif
