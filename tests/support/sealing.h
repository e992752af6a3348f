/* Eight daemons that all witness, for tests of their changes, of sealing and of the end of a log: log LAST has seven
 * witnesses, a quorum of five, and needs five seals. Stops the test on any failure that is not returned. Times are Unix
 * ms. One thread. */
#ifndef OREMARK_TESTS_SUPPORT_SEALING_H
#define OREMARK_TESTS_SUPPORT_SEALING_H

#include "support/network.h"
#include "support/records.h"

enum { N = 8, LAST = N - 1, SUCCESSOR = 6, NEEDED = 5 };
static const int64_t t0 = 1790000000000;

struct sealing {
  struct network net;
  char *folders[N];
  struct om_ledger *ledgers[N];
  struct om_secret *spare; /* a cosign key that nobody has at first */
  struct om_arena arena;   /* of seals */
};

/* Around each test: a cmocka state. */
int sealing_open(void **state);     /* all is final everywhere */
int sealing_open_new(void **state); /* nothing has been said yet */
int sealing_close(void **state);
/* Everything everywhere, and final. */
void sealing_settle(struct sealing *f, int64_t at);
ProtobufCBinaryData sealing_data(const void *bytes, size_t len);

/* ---- the log that is to end ---- */

/* Member N, whose home log LAST is, gets site 1, a mine. */
void sealing_mine(struct sealing *f);
/* It digs a lot of 1,000 mg copper; daemons 0 to UPTO - 1 mirror that. To be freed. */
struct record sealing_grow(struct sealing *f, int64_t at, size_t upto);
/* WITNESS is asked to cosign LAST's own head. */
enum om_code sealing_asks(struct sealing *f, size_t witness, struct om_status *st);

/* ---- acts ---- */

/* EVENT by the governor, at the registry. ID: NULL, or the event's. */
enum om_code sealing_act(struct sealing *f, Oremark__Event *event, struct om_hash *id, int64_t at,
                         struct om_status *st);
/* PREVIOUS: the act on the witnesses before it; NULL: none. */
enum om_code sealing_set_witnesses(struct sealing *f, const uint32_t *logs, size_t n, uint32_t quorum,
                                   const struct om_hash *previous, struct om_hash *id, int64_t at,
                                   struct om_status *st);
enum om_code sealing_lift(struct sealing *f, uint32_t log, const struct om_hash *call, int64_t at,
                          struct om_status *st);

/* ---- seals ---- */

/* A call to seal LOG, signed by the governor, or by MEMBERS. To be freed. */
struct record sealing_call(struct sealing *f, uint32_t log, int64_t at);
struct record sealing_call_by(struct sealing *f, uint32_t log, const uint32_t *members, size_t n, int64_t at);
struct om_hash sealing_call_id(const struct sealing *f, const struct record *call);
/* WITNESS is given CALL; *OUT is in the fixture's arena. */
enum om_code sealing_make(struct sealing *f, size_t witness, const struct record *call, Oremark__Seal **out,
                          bool *again, int64_t at, struct om_status *st);
Oremark__Seal *sealing_seal(struct sealing *f, size_t witness, const struct record *call, int64_t at);
/* Signs SEAL, as changed, with KEY. */
void sealing_forge(struct sealing *f, Oremark__Seal *seal, const struct om_secret *key);

struct retire {
  uint32_t log, successor;
  uint64_t size;
  struct om_hash root;
  Oremark__Seal *seals[N];
  size_t n;
  bool judged;
};

/* Seals of the first N_SEALS daemons, and the end of LAST at what it holds itself. */
struct retire sealing_all(struct sealing *f, const struct record *call, size_t n_seals, int64_t at);
enum om_code sealing_retire(struct sealing *f, const struct retire *r, int64_t at, struct om_status *st);

#define REFUSED(f, r, word)                                                  \
  do {                                                                       \
    struct om_status why;                                                    \
    assert_int_equal(sealing_retire(f, r, t0 + 9, &why), OM_REFUSED);        \
    if (strcmp(why.rule, word) != 0) fail_msg("%s: %s", why.rule, why.text); \
  } while (0)

#define RETIRED(f, r)                                                          \
  do {                                                                         \
    struct om_status why;                                                      \
    if (sealing_retire(f, r, t0 + 9, &why) != OM_OK) fail_msg("%s", why.text); \
  } while (0)

#endif
