/* Seller's, buyer's and umpire's results for one lot, side by side, metal by metal. As trade has it: within the
 * splitting limit the mean of the two sides is taken; beyond it an umpire decides, and his result stands. Pure
 * functions of their arguments; any thread. */
#ifndef OREMARK_LEDGER_ASSAYS_H
#define OREMARK_LEDGER_ASSAYS_H

#include "ledger/lot.h"
#include "ledger/quantity.h"
#include "proto/log.pb-c.h"

enum om_assay_outcome {
  OM_ASSAY_ONE_SIDED = 1, /* only one of the two sides has stated a result */
  OM_ASSAY_NO_LIMIT,      /* neither has stated a splitting limit: whether they are close enough is not for us to say */
  OM_ASSAY_LIMITS_DIFFER, /* each has stated another one */
  OM_ASSAY_WITHIN,        /* the mean stands */
  OM_ASSAY_SPLIT,         /* they lie further apart: an umpire is called for */
  OM_ASSAY_UMPIRED,       /* the umpire's result stands */
};

enum { OM_ASSAY_SELLER = 0, OM_ASSAY_BUYER, OM_ASSAY_UMPIRE, OM_ASSAY_SIDES };

/* One element. */
struct om_assay_compared {
  uint8_t element;
  struct {
    bool stated;
    uint32_t author; /* member number */
    struct om_decimal value;
  } sides[OM_ASSAY_SIDES];
  bool limited;
  struct om_decimal limit;      /* where LIMITED */
  struct om_decimal difference; /* between the two sides, where both are stated */
  enum om_assay_outcome outcome;
  bool stands;
  struct om_decimal result; /* where STANDS */
};

/* An assay of the lot. */
struct om_assay_given {
  uint32_t author;
  int64_t at_ms; /* Unix ms; a time ahead of when it was taken in is for the caller to cut: it must outlast no other */
  const Oremark__Assay *assay;
};

/* Compares the N assays GIVEN, in the order in which they stand in the logs; of several of one side the last by its
 * time counts (of the same time, the later in that order). An umpire who is one of the two sides is none, and whom
 * the seller's side has it from is not the buyer too. OUT has room for OM_ELEMENT_MAX; returns how many elements a side
 * or an umpire has stated, ascending. */
size_t om_assays_compare(struct om_assay_compared *out, const struct om_assay_given *given, size_t n);

/* "within the splitting limit"; static. */
const char *om_assay_outcome_text(enum om_assay_outcome outcome);
/* "within", "one-sided": stable, for programs; static. */
const char *om_assay_outcome_word(enum om_assay_outcome outcome);

#endif
