/* Attribution (DESIGN section 4): how much of a lot's contained metal came from each origin, and the exact
 * arithmetic by which splitting, combining and processing pass it on. Everything is integers; the results depend on
 * the values alone, not on the order in which they are given, so every daemon computes the same mix. A mix that
 * these functions return has its shares in ascending order of origin, each origin once and none with zero, and they
 * sum to the stated total exactly. Shares live in the arena that the caller names; a mix may point into the shares
 * of another, so they are never written to. Mixes that are given must be of that form too (om_mix_ok). Thread: the
 * arena's. */
#ifndef OREMARK_LEDGER_MIX_H
#define OREMARK_LEDGER_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/arena.h"

enum om_origin_kind {
  OM_ORIGIN_MINE = 1,
  OM_ORIGIN_MANUFACTURING_WASTE = 2,
  OM_ORIGIN_POST_CONSUMER_WASTE = 3,
  OM_ORIGIN_UNDECLARED = 4, /* stock with no history: no country, no place */
};

enum {
  OM_ORIGIN_BYTES = 11,   /* kind (1), country (2), member (4, big-endian), site (4, big-endian) */
  OM_MIX_MAX_SHARES = 64, /* rows kept per lot and element: a kilobyte or so; beyond it the smallest are pooled */
  OM_MIX_POOLED_MAX = 4,  /* what pooling can always reach: one row a kind */
};

/* Where metal came from: a mine site, or a class of waste at the site that collected it; with member and site 0
 * everything of that kind from COUNTRY, with COUNTRY "\0\0" too everything of that kind. */
struct om_origin {
  uint8_t kind;    /* enum om_origin_kind */
  char country[2]; /* ISO 3166-1 alpha-2 of the site */
  uint32_t member;
  uint32_t site;
};

struct om_share {
  struct om_origin origin;
  int64_t mg;
};

struct om_mix {
  size_t n;
  const struct om_share *shares;
};

/* Whether O is one of the forms above: a known kind, two letters A-Z or none, a site only with its member, a member
 * only with a country, undeclared with nothing. */
bool om_origin_ok(struct om_origin o);

/* Less than, equal to or greater than 0, as memcmp of the encoded bytes. */
int om_origin_compare(struct om_origin a, struct om_origin b);

void om_origin_encode(uint8_t out[OM_ORIGIN_BYTES], struct om_origin o);

/* False where the bytes are not an origin that om_origin_ok takes. */
bool om_origin_decode(struct om_origin *out, const uint8_t in[OM_ORIGIN_BYTES]);

/* For tests: whether MIX keeps the promises of the head of this file. What reads mixes from elsewhere holds them to the same
 * (ledger/lot.c, as it reads each share). */
bool om_mix_ok(struct om_mix mix);

/* A mix of one share; empty if MG is 0. MG is not negative. */
struct om_mix om_mix_of(struct om_arena *arena, struct om_origin origin, int64_t mg);

/* Sum of the shares, mg. */
int64_t om_mix_total(struct om_mix mix);

/* *OUT = TOTAL_MG apportioned over the shares of IN by their weights: each gets the whole part of its proportion,
 * what is left goes to the largest remainders, among equal ones to the smaller origin. False, with *OUT untouched,
 * if IN is empty and TOTAL_MG is not 0 (there is nothing to attribute it to), or TOTAL_MG is negative. */
bool om_mix_scale(struct om_arena *arena, struct om_mix *out, struct om_mix in, int64_t total_mg);

/* *TAKEN = AMOUNT_MG of IN in proportion, as om_mix_scale; *REST is what stays, so that TAKEN + REST = IN share by
 * share. To give a process's inputs to its outputs, scale to the sum of outputs and losses, then take each in turn.
 * False, with both untouched, if AMOUNT_MG is negative or over the total. */
bool om_mix_take(struct om_arena *arena, struct om_mix *taken, struct om_mix *rest, struct om_mix in,
                 int64_t amount_mg);

/* *OUT = the sum of N mixes, in time of the shares times their logarithm. False, with *OUT untouched, if the total is
 * over OM_MASS_MAX_MG. Not pooled. */
bool om_mix_sum(struct om_arena *arena, struct om_mix *out, const struct om_mix *mixes, size_t n);

/* IN in at most MAX rows (at least OM_MIX_POOLED_MAX), the total unchanged. If it has more, the sites with the
 * smallest mass (among equal ones the larger origin first) become rows of their kind and country, one after the
 * other, until it fits; a row so made, or there before, counts as one and takes in those that follow. If countries
 * alone are too many, the smallest of them become rows of their kind in the same way. */
struct om_mix om_mix_pool(struct om_arena *arena, struct om_mix in, size_t max);

#endif
