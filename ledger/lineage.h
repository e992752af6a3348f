/* All that went into one lot: every lot that it came from and every event that made or moved one of them, each once,
 * found breadth-first over the lots' rows and the bytes of their events. The rows only say where to look: whether what
 * was found there is true is for ledger/verify.h to say. Memory: about 100 bytes for each event and 50 for each lot;
 * the caller frees it with om_lineage_free. Thread: the transaction's. */
#ifndef OREMARK_LEDGER_LINEAGE_H
#define OREMARK_LEDGER_LINEAGE_H

#include "ledger/crew.h"
#include "ledger/ledger.h"

enum {
  OM_LINEAGE_MAX_EVENTS =
      2000000, /* 300 MB of lineage, and some 20 s to verify: more than a daemon gives to one question */
  OM_LINEAGE_MAX_LINKS = 16000000, /* references from events to the lots that went into them; most events have a few */
};
#define OM_LINEAGE_NONE UINT32_MAX

/* Called now and then: DONE of TOTAL records (0: not known yet) of the work STEP, a word for a person. Returning false
 * gives the work up: it then ends with OM_BUSY. */
struct om_progress {
  bool (*told)(void *ctx, const char *step, uint64_t done, uint64_t total);
  void *ctx;
};

struct om_lineage_lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  uint32_t n_steps;     /* its steps 0 to n_steps - 1 are in the lineage; all that it has, but for a pool's, and for
                           those of lots[0] where so many were asked for */
  uint32_t first, last; /* indexes of the first and last of them in steps */
};

struct om_lineage_event {
  uint64_t index; /* of its entry */
  uint32_t log;
  uint16_t event;
  bool expanded; /* its inputs are in the lineage; it made a lot of the lineage, or moved a pool of it */
  bool moved_pool;
  uint32_t first_input, n_inputs; /* in inputs; a pool does not count as input of what was charged into it */
};

/* One row of one lot. */
struct om_lineage_step {
  uint32_t lot, event; /* indexes */
  uint32_t next;       /* the lot's next step, or OM_LINEAGE_NONE */
};

/* A member that had a lot of the lineage at a site of its own, or owned one (site 0). */
struct om_lineage_hand {
  uint32_t member, site;
};

/* Open addressing over indexes. A slot remembers its key's hash, so that few keys are looked at and none is hashed
 * again when the table grows. */
struct om_lineage_slot {
  uint32_t hash, index; /* of what it stands for, plus 1; 0: free */
};
struct om_lineage_table {
  struct om_lineage_slot *slots;
  size_t n_slots; /* a power of two */
};

struct om_lineage {
  struct om_lineage_lot *lots; /* lots[0] is the one asked for */
  struct om_lineage_event *events;
  struct om_lineage_step *steps;
  uint32_t *inputs; /* indexes of lots */
  size_t n_lots, n_events, n_steps, n_inputs;
  size_t cap_lots, cap_events, cap_steps, cap_inputs;
  struct om_lineage_hand *hands;
  size_t n_hands, cap_hands;
  struct om_lineage_hand last_row; /* of the row that was added last */
  uint32_t last_owner;
  struct om_lineage_table by_number, by_place, by_hand;
};

/* Collects the lineage of the lot NUMBER up to its last step. OM_MISSING: no such lot. OM_REFUSED ("limit"): more than
 * OM_LINEAGE_MAX_EVENTS. OM_CORRUPT: a row or an entry that the lineage needs is not there or does not fit the others;
 * the sentence says which, and OUT holds what was found till then. OUT is to be freed in any case. PROGRESS may be
 * NULL. */
enum om_code om_lineage_collect(struct om_lineage *out, struct om_txn *txn, const struct om_hash *network,
                                const uint8_t number[OM_LOT_NUMBER_BYTES], const struct om_progress *progress,
                                struct om_status *st);
/* The same up to its first N_STEPS steps; 0: all. CREW (NULL: the caller) looks ahead, each through its own of TXNS,
 * which read the same; what is found does not depend on how many they are. */
enum om_code om_lineage_collect_steps(struct om_lineage *out, struct om_txn **txns, struct om_crew *crew,
                                      const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES],
                                      uint32_t n_steps, const struct om_progress *progress, struct om_status *st);
void om_lineage_free(struct om_lineage *lineage);

/* Index of the lot NUMBER, added without steps if it was not there. */
uint32_t om_lineage_add(struct om_lineage *lineage, const uint8_t number[OM_LOT_NUMBER_BYTES]);
/* Index of the lot NUMBER, or OM_LINEAGE_NONE. */
uint32_t om_lineage_find(const struct om_lineage *lineage, const uint8_t number[OM_LOT_NUMBER_BYTES]);

/* Index of the event at PLACE, or OM_LINEAGE_NONE. */
uint32_t om_lineage_find_event(const struct om_lineage *lineage, const struct om_place *place);
/* Whether MEMBER had a lot of the lineage at SITE; SITE 0: anywhere, or owned one. */
bool om_lineage_had(const struct om_lineage *lineage, uint32_t member, uint32_t site);

/* How many lots of the lineage came, at whatever remove, of those that EVENT (an index) wrote. */
uint64_t om_lineage_after(const struct om_lineage *lineage, uint32_t event);

/* Tells PROGRESS (may be NULL) every OM_PROGRESS_EACH records. */
enum { OM_PROGRESS_EACH = 4096 };
enum om_code om_progress_tell(const struct om_progress *progress, const char *step, uint64_t done, uint64_t total,
                              struct om_status *st);

#endif
