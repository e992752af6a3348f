/* One entry of a lineage judged again (verify_rules.c), by one of those who work side by side (verify_replay.c). Seen
 * by these two only. */
#ifndef OREMARK_LEDGER_VERIFY_REPLAY_H
#define OREMARK_LEDGER_VERIFY_REPLAY_H

#include "ledger/step.h"
#include "ledger/verify_state.h"

/* A lot of the lineage: of the entries that move it one is judged at a time. */
struct om_replay_lot {
  uint32_t done;      /* steps judged again */
  const uint8_t *row; /* the stored row of the last of them */
  size_t row_len;
};

enum { OM_REPLAY_KEYS = 64 }; /* (member, key) pairs remembered: a log has few that sign */

struct om_standing_key {
  bool filled;
  uint32_t member, key_id;
  uint64_t registry_size;
};

/* A key as it is known now. */
struct om_present_key {
  bool filled;
  struct om_member_key key;
};

/* Entry AT was signed by a key that was revoked since. */
struct om_replay_revoked {
  size_t at;
  uint32_t member, key_id;
};

/* Some entries that are judged one after the other, up to the first failure. */
struct om_replay_part {
  enum om_code code;
  struct om_status st;
  size_t failed; /* the entry */
  struct om_replay_revoked *revoked;
  size_t n_revoked;
};

/* One who judges. */
struct om_replay {
  const struct om_verify *v;
  struct om_txn *txn;
  struct om_arena arena;        /* of the entry in hand */
  struct om_arena scratch;      /* of a row that is looked through */
  struct om_replay_lot *lots;   /* everybody's */
  struct om_lineage bystanders; /* only its lots: n_steps is where to look on, first: 0 once it is counted */
  struct om_replay_part *part;  /* that the entry in hand is of */
  size_t at;                    /* the entry in hand */
  size_t next_judged;           /* where to look for it first among those that were judged as they were taken in */
  uint32_t
      *moved; /* the lots that it moves as ones of the lineage, by number: open addressing, 1 + their index; 0: free */
  size_t n_moved, cap_moved; /* powers of two */
  bool only[OM_EVENTS_MAX];
  struct om_standing_key keys[OM_REPLAY_KEYS];
  struct om_present_key present[OM_REPLAY_KEYS];
  uint64_t passed[OM_CHECKS];
};

/* Judges entry r->at by the rules. */
enum om_code om_replay_entry(struct om_replay *r, struct om_status *st);
/* Only counts it: it was judged as it was taken in. */
enum om_code om_replay_count(struct om_replay *r, struct om_status *st);
/* A key as it is known now; *OUT until the next. */
enum om_code om_replay_key(struct om_replay *r, const struct om_member_key **out, uint32_t member, uint32_t key_id,
                           struct om_status *st);

#endif
