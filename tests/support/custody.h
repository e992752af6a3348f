/* A ledger of a few members for tests of the custody rules: the registry's rows stand in a real store, lots in a
 * replay, and statements need no signatures. Events are made of short calls; their memory is the fixture's. */
#ifndef OREMARK_TESTS_SUPPORT_CUSTODY_H
#define OREMARK_TESTS_SUPPORT_CUSTODY_H

#include "ledger/events/kinds.h"
#include "ledger/names.h"
#include "ledger/quantity.h"
#include "ledger/store.h"
#include "support/replay.h"

/* Members; the home log of member m is log m. Each has site 1, a mine for MINE and a plant for the others, and site 2,
 * a plant, except ASSAYER, who has the role of laboratory alone, and GHOST, who is not enrolled. */
enum { MINE = 1, SMELTER, REFINER, MAKER, RECYCLER, TRADER, ASSAYER, EVERYTHING, GHOST };

enum {
  AU = 79,
  CU = 29,
  CO = 27,
  KG = 1000000,
  T = 1000 * KG,
};

#define REGISTRY_SIZE UINT64_C(10)

struct custody {
  char *folder;
  struct om_store *store;
  struct om_txn *txn;
  struct om_arena arena;
  struct om_replay replay;
  uint32_t statements;    /* how many were said: makes each its own */
  uint64_t sizes[16];     /* of each log */
  uint32_t homes[16];     /* home log of each member; 0: the one with its number */
  uint64_t marked[16];    /* how far all logs cover each */
  uint64_t registry_size; /* as of which is judged */
  int64_t taken_ms;
  struct om_case judged; /* the last statement... */
  struct om_stage stage; /* ...and what came of it */
  struct om_status st;
  uint32_t wait_log;
  uint64_t wait_size;
};

/* Tolerances: smelt 1 %, receipt 0.5 %; drift caps in 30 days: copper 1 t, any other 10 kg. */
void custody_open(struct custody *c);
void custody_close(struct custody *c);
/* The same around each test of a cmocka group; its state is the struct custody. */
int custody_setup(void **state);
int custody_teardown(void **state);

/* Writes MEMBER's row anew, as of registry size REGISTRY_SIZE + 1 and later. */
void custody_change(struct custody *c, uint32_t member, uint32_t roles, uint32_t home_log, bool suspended);

/* Says EVENTS (ended by NULL) as MEMBER, with the co-signers (ascending, ended by 0): forms, then rules. What was found
 * valid is taken over. The result, also in c->st. */
enum om_code custody_say(struct custody *c, uint32_t member, Oremark__Event **events, const uint32_t *cosigners);
#define SAY(c, member, ...) custody_say(c, member, (Oremark__Event *[]){__VA_ARGS__, NULL}, (const uint32_t[]){0})
/* The same, as asserted. */
void custody_admit(struct custody *c, uint32_t member, Oremark__Event **events, const uint32_t *cosigners, int line);
void custody_refuse(struct custody *c, const char *rule, uint32_t member, Oremark__Event **events,
                    const uint32_t *cosigners, int line);
#define ADMIT(c, member, ...) \
  custody_admit(c, member, (Oremark__Event *[]){__VA_ARGS__, NULL}, (const uint32_t[]){0}, __LINE__)
#define REFUSE(c, rule, member, ...) \
  custody_refuse(c, rule, member, (Oremark__Event *[]){__VA_ARGS__, NULL}, (const uint32_t[]){0}, __LINE__)
#define COSIGNED(...) ((const uint32_t[]){__VA_ARGS__, 0})

/* Lot OUTPUT of EVENT of the last statement that was admitted. */
struct lot_name {
  uint8_t number[OM_LOT_NUMBER_BYTES];
};
struct lot_name custody_lot(const struct custody *c, uint16_t event, uint16_t output);
/* What is known of it now. */
struct om_lot custody_look(struct custody *c, struct lot_name lot);
/* Its contained metal of ELEMENT, and of that from the site of MEMBER (0: undeclared). */
int64_t custody_metal(struct custody *c, struct lot_name lot, uint8_t element);
int64_t custody_metal_from(struct custody *c, struct lot_name lot, uint8_t element, uint8_t kind, uint32_t member);

/* ---- pieces ---- */

struct metal {
  uint32_t element;
  uint64_t mg;
};
/* A material of COPPER mg copper; or of the metals listed. */
Oremark__Material *copper(struct custody *c, uint64_t gross_mg, uint64_t copper_mg);
Oremark__Material *material(struct custody *c, uint64_t gross_mg, const struct metal *metals, size_t n);
#define METALS(...) \
  (const struct metal[]){__VA_ARGS__}, sizeof((const struct metal[]){__VA_ARGS__}) / sizeof(struct metal)
#define MATERIAL(c, gross_mg, ...) material(c, gross_mg, METALS(__VA_ARGS__))
Oremark__LotRef *at_last(struct custody *c, struct lot_name lot);
Oremark__LotRef *at_place(struct custody *c, uint32_t event, uint32_t output);
Oremark__Loss *loss(struct custody *c, uint32_t element, uint64_t mg);

/* ---- events; lists end with NULL ---- */

Oremark__Event *extract(struct custody *c, uint32_t site, Oremark__Material **lots);
Oremark__Event *collect(struct custody *c, uint32_t site, Oremark__WasteClass waste, Oremark__Material **lots);
Oremark__Event *declare(struct custody *c, uint32_t site, Oremark__Material **lots);
Oremark__Event *ship(struct custody *c, uint32_t consignee, bool with_title, Oremark__LotRef **lots);
/* As shipped; change what it returns for anything else. */
Oremark__Event *receive(struct custody *c, uint32_t site, Oremark__LotRef **lots);
/* Lot INDEX of a receipt or a stocktake as measured. */
void measured(struct custody *c, Oremark__Event *event, size_t index, uint64_t gross_mg, const struct metal *metals,
              size_t n, Oremark__ShortageReason reason);
Oremark__Event *reject(struct custody *c, Oremark__LotRef **lots);
Oremark__Event *transform(struct custody *c, Oremark__Process process, Oremark__LotRef **inputs,
                          Oremark__Material **outputs, Oremark__Loss **losses);
Oremark__Event *split(struct custody *c, Oremark__LotRef *lot, Oremark__Material **parts);
Oremark__Event *combine(struct custody *c, Oremark__LotRef **lots, Oremark__Material *whole);
Oremark__Event *retire(struct custody *c, Oremark__LotRef **lots);
Oremark__Event *charge(struct custody *c, Oremark__LotRef *pool, Oremark__LotRef **inputs);
Oremark__Event *draw(struct custody *c, Oremark__LotRef *pool, Oremark__Material **outputs, Oremark__Loss **losses);
Oremark__Event *stocktake(struct custody *c, Oremark__LotRef *pool, uint64_t gross_mg, const struct metal *metals,
                          size_t n);

/* RELEASERS ascending, ended by 0. */
Oremark__Event *hold(struct custody *c, Oremark__HoldReason reason, uint32_t threshold, const uint32_t *releasers,
                     Oremark__LotRef **lots);
Oremark__Event *release(struct custody *c, Oremark__LotRef **lots);
Oremark__Event *transfer_title(struct custody *c, uint32_t from, uint32_t to, Oremark__LotRef **lots);
/* One lot as received; change what it returns for anything else. */
Oremark__Event *settle(struct custody *c, uint32_t consignor, Oremark__LotRef *lot);
/* The lot of a settlement as agreed. */
void agreed(struct custody *c, Oremark__Event *event, uint64_t gross_mg, const struct metal *metals, size_t n);

/* The governors give LOT, at its last event, to TO: as of registry size REGISTRY_SIZE + 1 and later. */
void custody_reassign(struct custody *c, struct lot_name lot, uint32_t to);

/* The governors overrule HOLD: as of registry size SINCE + 1 and later. */
void custody_overrule(struct custody *c, const Oremark__EventRef *hold, uint64_t since);

/* OWNER gives AGENT a mandate of SCOPE (enum om_mandate; 0: ends it): as of registry size SINCE + 1 and later. */
void custody_mandate(struct custody *c, uint32_t owner, uint32_t agent, uint32_t scope, uint64_t since);

#define LOTS(...) ((Oremark__LotRef *[]){__VA_ARGS__, NULL})
#define MATERIALS(...) ((Oremark__Material *[]){__VA_ARGS__, NULL})
#define LOSSES(...) ((Oremark__Loss *[]){__VA_ARGS__, NULL})

#endif
