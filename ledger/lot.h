/* A lot as the ledger keeps it: one row for every step of its life, so that it can be looked up as of any mark. Pure
 * values; contents and mixes live in the arena that the caller names. Any thread. */
#ifndef OREMARK_LEDGER_LOT_H
#define OREMARK_LEDGER_LOT_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/arena.h"
#include "ledger/hash.h"
#include "ledger/mix.h"
#include "ledger/names.h"

enum {
  OM_LOT_METALS_MAX = 16, /* a polymetallic concentrate is assayed for about a dozen; keeps a row below 20 KB */
  OM_RELEASERS_MAX = 31,  /* of a hold: with whoever speaks they are the 32 signatures that a statement carries */
};

/* Where an event stands: log number, entry index, event in the statement, place among the lots that the event wrote
 * (its "outputs"); of a lot that the event consumed, its place among those consumed. */
struct om_place {
  uint32_t log;
  uint64_t index;
  uint16_t event;
  uint16_t output;
};

enum om_lot_state {
  OM_LOT_HELD = 1,       /* in its custodian's hands */
  OM_LOT_IN_TRANSIT = 2, /* shipped: custodian is still the consignor, the pen is the consignee's */
  OM_LOT_CONSUMED = 3,   /* went whole into other lots or a pool */
  OM_LOT_RETIRED = 4,    /* built in, left the network or disposed of */
};

/* One element in a lot: its contained metal and where that came from; the mix always sums to contained_mg. */
struct om_content {
  uint8_t element; /* atomic number */
  int64_t contained_mg;
  struct om_mix mix;
};

/* Why a lot may not be moved, and who can end that; all zero: it may. */
struct om_hold {
  uint8_t reason; /* Oremark__HoldReason */
  uint8_t threshold;
  uint8_t n_releasers;       /* at least threshold, at most OM_RELEASERS_MAX */
  const uint32_t *releasers; /* member numbers, ascending */
  struct om_place at;        /* the event that put it on hold */
};

struct om_lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  uint32_t step;             /* how many events it had before the last one; 0 at its birth */
  struct om_hash last_event; /* id of its last event */
  struct om_place at;        /* where that event stands */
  struct om_place born;      /* where the event that made it stands */
  enum om_lot_state state;
  bool pool;           /* a running balance: Charge, Draw and Stocktake only */
  uint8_t form;        /* Oremark__Form */
  uint32_t custodian;  /* member number */
  uint32_t pen;        /* member number of who may write its next record; 0: nobody any more */
  uint32_t owner;      /* member number */
  uint32_t next_owner; /* member number of who gets title at receipt; 0: title stays */
  uint32_t site;       /* number of the custodian's site where it is (in transit: where it was) */
  uint32_t consignor;  /* member number of whom the custodian had it from; 0: of nobody */
  bool settled;        /* its weights are final between the two; else they are as found at receipt */
  int64_t gross_mg;
  struct om_hold hold;
  size_t n_contents;                 /* ascending by element, at most OM_LOT_METALS_MAX */
  const struct om_content *contents; /* a consumed or retired lot: what it held at its end */
};

enum {
  OM_LOT_KEY_BYTES = OM_LOT_NUMBER_BYTES + 4, /* number, step (big-endian): the last step is the present */
};

/* The table key of a lot's row. */
void om_lot_key(uint8_t out[OM_LOT_KEY_BYTES], const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t step);

/* Row bytes of LOT (all but number and step, which are the key), in ARENA. Fixed layout, numbers big-endian: format (1,
 * is 2), state (1), pool (1), form (1), last event (32), at and born (log 4, index 8, event 2, output 2 each),
 * custodian, pen, owner, next owner, site, consignor (4 each), settled (1), gross (8), hold's reason (1), unless that
 * is 0 its threshold (1), releasers (1) and for each member (4), where the hold stands (16), contents (1), and for
 * each: element (1), shares (1), and for each: origin (11), mg (8). What is contained is the sum of the shares, so a
 * row cannot disagree with itself. */
void om_lot_encode(struct om_arena *arena, const uint8_t **out, size_t *len, const struct om_lot *lot);

/* Reads a row; OM_CORRUPT where it is not one. The lot lives in ARENA and points into nothing else. */
enum om_code om_lot_decode(struct om_arena *arena, struct om_lot *out, const uint8_t key[OM_LOT_KEY_BYTES],
                           const uint8_t *row, size_t len, struct om_status *st);
/* Only what stands before the hold and the contents, which OUT has none of: for walks over many lots. */
enum om_code om_lot_decode_head(struct om_lot *out, const uint8_t key[OM_LOT_KEY_BYTES], const uint8_t *row, size_t len,
                                struct om_status *st);

#endif
