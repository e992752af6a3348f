/* What sites declare to have put out, year by year (UTC, by when the events say that they happened), beside what others
 * or they themselves estimate that they can. Sums are written by Extract, and by Correct of one, in the home log of the
 * site's member alone, so that they are the same in whatever order logs are mirrored. What a correction lowers is taken
 * off the sum; what it only says stays in it, and is summed beside it. Estimates void nothing: going over one is a
 * finding.
 * Reads through the caller's transaction. Thread: the transaction's or the stage's. */
#ifndef OREMARK_LEDGER_OUTPUT_H
#define OREMARK_LEDGER_OUTPUT_H

#include "ledger/attested.h"

/* What an Estimate says, as its attestation keeps it. */
struct om_ceiling {
  Oremark__EstimateKind kind;
  int64_t as_of_ms; /* Unix ms */
  size_t n;         /* ascending by element */
  struct {
    uint8_t element;
    int64_t mg;
  } metals[OM_LOT_METALS_MAX];
};

/* Returns the length. */
size_t om_ceiling_pack(uint8_t out[OM_ATTESTED_KEPT_MAX], const struct om_ceiling *ceiling);

/* Under what the estimates of a site stand, beside no other words about it. */
void om_about_output(struct om_subject_key *out, uint32_t member, uint32_t site);

/* Year of a time between 1970 and 9999, in UTC. */
uint16_t om_year_of(int64_t ms);

/* Adds what EVENT, an Extract being judged, says to its site's sums. A sum that no longer fits stays at the largest
 * mass, which no site has. */
void om_stage_output_sum(struct om_stage *stage, const Oremark__Event *event);
/* The same for CORRECT, being judged, where the event at PLACE that it corrects is an Extract. WAS and NOW: the lot
 * that is lowered with it, before and after; both NULL: none is. */
enum om_code om_stage_output_corrected(struct om_stage *stage, const struct om_place *place,
                                       const Oremark__Correct *correct, const struct om_lot *was,
                                       const struct om_lot *now, struct om_status *st);

/* One site's output of one element in one year. */
struct om_output {
  uint32_t member, site;
  uint8_t element;
  uint16_t year;
  int64_t mg;
  int64_t corrected_mg; /* so much of it was not there, as who declared it says since */
};
/* The next sum of MEMBER (0: of all) after *OUT (all zero: the first); false: no more. By member, site, element, year.
 */
bool om_output_next(struct om_txn *txn, struct om_output *out, uint32_t member);

/* What one author estimates that an output may come to. */
struct om_output_ceiling {
  bool stated;
  int64_t mg;           /* what it may come to... */
  int64_t sum_mg;       /* ...and what is held against that: the year's output, or of a resource all since then */
  int64_t corrected_mg; /* so much of that was not there, as who declared it says since */
  uint32_t author;      /* member number */
  struct om_place at;   /* of the Estimate */
  int64_t as_of_ms;
};
/* The estimates of KIND that stand for OUTPUT, one of each author, ascending by author, in ARENA: of those that it has
 * made of the site, that name the element, are as of no later than the year's end and were not withdrawn, the last one
 * (of several as of the same moment, the lowest). Nobody's takes the place of another's. Against a resource counts all
 * that was put out since in whole years, up to OUTPUT's: what was put out in the rest of the estimate's own year is not
 * known and not counted. */
enum om_code om_output_ceilings(struct om_txn *txn, struct om_arena *arena, struct om_output_ceiling **out, size_t *n,
                                const struct om_output *output, Oremark__EstimateKind kind, struct om_status *st);
/* The one of them that leaves the most room: over this one is over all of them. Not STATED: there is none. */
struct om_output_ceiling om_output_widest(const struct om_output_ceiling *ceilings, size_t n);

#endif
