/* A registry log that is told acts one by one, for tests of who governs and whose keys stand: one daemon, quorum 0, and
 * as many members as wanted. Member 1 governs at first. Acts are made by short calls; their memory is the fixture's. */
#ifndef OREMARK_TESTS_SUPPORT_GOVERNING_H
#define OREMARK_TESTS_SUPPORT_GOVERNING_H

#include "ledger/events/kinds.h"
#include "support/network.h"

enum { GOVERNING_KEYS_MAX = 80 };

struct governing {
  struct network net;
  char *folder;
  struct om_ledger *ledger;
  struct om_arena arena;
  struct om_secret *keys[GOVERNING_KEYS_MAX];
  int64_t now; /* of the next statement, Unix ms */
  /* The last statement that was told, taken or not: */
  struct om_receipt receipt;
  struct om_hash event_id;
  uint8_t *bytes;
  size_t len;
  struct om_status st;
};

void governing_open(struct governing *g, size_t n_members);
void governing_close(struct governing *g);
int governing_setup(void **state); /* four members */
int governing_teardown(void **state);

/* The secret number I besides those that the genesis knows; the fixture's. */
const struct om_secret *governing_key(struct governing *g, size_t i);
ProtobufCBinaryData governing_public(struct governing *g, const struct om_secret *key);

/* Who signs, with which key; NULL: the one of the genesis. */
struct signer {
  uint32_t member;
  const struct om_secret *key;
};
#define OF(member)  \
  (struct signer) { \
    member, NULL    \
  }
#define WITH(member, key) \
  (struct signer) {       \
    member, key           \
  }
#define BY(...) \
  (const struct signer[]){__VA_ARGS__}, sizeof((const struct signer[]){__VA_ARGS__}) / sizeof(struct signer)

/* Tells the registry EVENT, spoken by the first of SIGNERS (ascending by member); `previous` is filled in unless it is
 * set. The result, also in g->st. */
enum om_code governing_say(struct governing *g, Oremark__Event *event, const struct signer *signers, size_t n);
/* The same, and asserted: taken, or refused by RULE. */
void governing_admit(struct governing *g, int line, Oremark__Event *event, const struct signer *signers, size_t n);
void governing_refuse(struct governing *g, int line, const char *rule, Oremark__Event *event,
                      const struct signer *signers, size_t n);
#define TELL(g, event, ...) governing_admit(g, __LINE__, event, BY(__VA_ARGS__))
#define DENY(g, rule, event, ...) governing_refuse(g, __LINE__, rule, event, BY(__VA_ARGS__))
/* EVENT as it was first told, or made: its `previous`, or none, is not filled in any more. Returns EVENT. */
Oremark__Event *governing_old(Oremark__Event *event);
/* A read transaction of the registry; the caller ends it. */
struct om_txn *governing_read(struct governing *g);
uint64_t governing_size(struct governing *g); /* of the registry log */

/* ---- acts ---- */

struct members {
  const uint32_t *list;
  size_t n;
};
#define MEMBERS(...) \
  ((struct members){(const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)})
#define NOBODY ((struct members){NULL, 0})

Oremark__Event *act_add_key(struct governing *g, const struct om_secret *key, const char *label);
Oremark__Event *act_add_site(struct governing *g, uint32_t site, Oremark__SiteKind kind);
Oremark__Event *act_set_address(struct governing *g, uint32_t log, const char *address);
Oremark__Event *act_set_sealing_key(struct governing *g, const uint8_t key[32]);
Oremark__Event *act_give_mandate(struct governing *g, uint32_t agent, bool ship, bool consume);
Oremark__Event *act_end_mandate(struct governing *g, uint32_t agent);
Oremark__Event *act_suspend(struct governing *g, uint32_t member);
Oremark__Event *act_retire_key(struct governing *g, const struct om_secret *key);
/* REPLACEMENT may be NULL; without a time of theft. */
Oremark__Event *act_revoke_key(struct governing *g, uint32_t member, const struct om_secret *key, uint64_t since_entry,
                               const struct om_secret *replacement);
Oremark__Event *act_set_roles(struct governing *g, uint32_t member, const Oremark__Role *roles, size_t n);
Oremark__Event *act_set_governors(struct governing *g, struct members governors, uint32_t threshold);
/* One cap on every element, in milligrams; no tolerance but at receipt. */
Oremark__Event *act_set_limits(struct governing *g, uint32_t receipt_ppm, uint64_t cap_mg, uint32_t period_days);
Oremark__Event *act_recognise_scheme(struct governing *g, const char *scheme, struct members certifiers, bool ended);
Oremark__Event *act_site_status(struct governing *g, uint32_t member, uint32_t site, Oremark__SiteState state,
                                int64_t from_ms, int64_t until_ms);

#endif
