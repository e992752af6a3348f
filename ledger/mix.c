#include "ledger/mix.h"

#include <stdlib.h>
#include <string.h>

#include "keys/status.h"
#include "ledger/quantity.h"

static const char NO_COUNTRY[2] = {0, 0};

/* ---- origins ---- */

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool om_origin_ok(struct om_origin o) {
  bool has_country = is_upper(o.country[0]) && is_upper(o.country[1]);
  if (!has_country && memcmp(o.country, NO_COUNTRY, 2) != 0) return false;
  if (o.member == 0 ? o.site != 0 : !has_country) return false;
  if (o.kind == OM_ORIGIN_UNDECLARED) return !has_country;
  return o.kind >= OM_ORIGIN_MINE && o.kind < OM_ORIGIN_UNDECLARED;
}

int om_origin_compare(struct om_origin a, struct om_origin b) {
  if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
  int order = memcmp(a.country, b.country, sizeof a.country);
  if (order != 0) return order;
  if (a.member != b.member) return a.member < b.member ? -1 : 1;
  if (a.site != b.site) return a.site < b.site ? -1 : 1;
  return 0;
}

static void put_u32(uint8_t out[4], uint32_t v) {
  for (int i = 0; i < 4; i++) out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t in[4]) {
  return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

void om_origin_encode(uint8_t out[OM_ORIGIN_BYTES], struct om_origin o) {
  out[0] = o.kind;
  memcpy(out + 1, o.country, 2);
  put_u32(out + 3, o.member);
  put_u32(out + 7, o.site);
}

bool om_origin_decode(struct om_origin *out, const uint8_t in[OM_ORIGIN_BYTES]) {
  struct om_origin o = {.kind = in[0], .member = get_u32(in + 3), .site = get_u32(in + 7)};
  memcpy(o.country, in + 1, 2);
  if (!om_origin_ok(o)) return false;
  *out = o;
  return true;
}

/* ---- mixes ---- */

bool om_mix_ok(struct om_mix mix) {
  int64_t total = 0;
  for (size_t i = 0; i < mix.n; i++) {
    if (!om_origin_ok(mix.shares[i].origin) || mix.shares[i].mg <= 0) return false;
    if (i > 0 && om_origin_compare(mix.shares[i - 1].origin, mix.shares[i].origin) >= 0) return false;
    if (!om_mass_add(&total, total, mix.shares[i].mg)) return false;
  }
  return true;
}

struct om_mix om_mix_of(struct om_arena *arena, struct om_origin origin, int64_t mg) {
  OM_ASSERT(mg >= 0 && om_origin_ok(origin));
  if (mg == 0) return (struct om_mix){0};
  struct om_share share = {origin, mg};
  return (struct om_mix){1, om_arena_copy(arena, &share, sizeof share)};
}

int64_t om_mix_total(struct om_mix mix) {
  int64_t total = 0;
  for (size_t i = 0; i < mix.n; i++) OM_ASSERT(om_mass_add(&total, total, mix.shares[i].mg));
  return total;
}

static int by_origin(const void *a, const void *b) {
  return om_origin_compare(((const struct om_share *)a)->origin, ((const struct om_share *)b)->origin);
}

/* Sorts, makes one of equal origins, drops zeros; returns how many are left. The total must fit. */
static size_t normalise(struct om_share *shares, size_t n) {
  qsort(shares, n, sizeof *shares, by_origin);
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (shares[i].mg == 0) continue;
    if (kept > 0 && om_origin_compare(shares[kept - 1].origin, shares[i].origin) == 0)
      OM_ASSERT(om_mass_add(&shares[kept - 1].mg, shares[kept - 1].mg, shares[i].mg));
    else
      shares[kept++] = shares[i];
  }
  return kept;
}

/* What is left of a share's proportion after its whole milligrams. */
struct remainder {
  uint64_t left; /* of the old total; the same denominator for all */
  size_t index;  /* ascending with the origin */
};

static int by_remainder(const void *a, const void *b) {
  const struct remainder *x = a, *y = b;
  if (x->left != y->left) return x->left > y->left ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* Writes to PARTS[0..n) the apportionment of TOTAL_MG over IN, whose own total is not 0. */
static void apportion(struct om_arena *arena, int64_t *parts, struct om_mix in, int64_t total_mg) {
  uint64_t old = (uint64_t)om_mix_total(in);
  struct remainder *remainders = om_arena_array(arena, in.n, sizeof *remainders);
  uint64_t given = 0;
  for (size_t i = 0; i < in.n; i++) {
    om_u128 product = (om_u128)(uint64_t)in.shares[i].mg * (uint64_t)total_mg;
    parts[i] = (int64_t)(product / old);
    remainders[i] = (struct remainder){(uint64_t)(product % old), i};
    given += (uint64_t)parts[i];
  }
  uint64_t missing = (uint64_t)total_mg - given;
  if (missing == 0) return;
  OM_ASSERT(missing < in.n);
  qsort(remainders, in.n, sizeof *remainders, by_remainder);
  for (size_t i = 0; i < missing; i++) parts[remainders[i].index]++;
}

/* The mix with the origins of IN and the masses PARTS, or IN minus PARTS if REST. */
static struct om_mix with_masses(struct om_arena *arena, struct om_mix in, const int64_t *parts, bool rest) {
  struct om_share *shares = om_arena_array(arena, in.n, sizeof *shares);
  size_t n = 0;
  for (size_t i = 0; i < in.n; i++) {
    int64_t mg = rest ? in.shares[i].mg - parts[i] : parts[i];
    OM_ASSERT(mg >= 0);
    if (mg > 0) shares[n++] = (struct om_share){in.shares[i].origin, mg};
  }
  return (struct om_mix){n, shares};
}

bool om_mix_scale(struct om_arena *arena, struct om_mix *out, struct om_mix in, int64_t total_mg) {
  if (total_mg < 0 || (in.n == 0 && total_mg > 0)) return false;
  if (total_mg == 0) {
    *out = (struct om_mix){0};
    return true;
  }
  int64_t *parts = om_arena_array(arena, in.n, sizeof *parts);
  apportion(arena, parts, in, total_mg);
  *out = with_masses(arena, in, parts, false);
  return true;
}

bool om_mix_take(struct om_arena *arena, struct om_mix *taken, struct om_mix *rest, struct om_mix in,
                 int64_t amount_mg) {
  if (amount_mg < 0 || amount_mg > om_mix_total(in)) return false;
  int64_t *parts = om_arena_array(arena, in.n, sizeof *parts);
  if (amount_mg > 0) apportion(arena, parts, in, amount_mg);
  *taken = with_masses(arena, in, parts, false);
  *rest = with_masses(arena, in, parts, true);
  return true;
}

bool om_mix_sum(struct om_arena *arena, struct om_mix *out, const struct om_mix *mixes, size_t n) {
  size_t rows = 0;
  int64_t total = 0;
  for (size_t i = 0; i < n; i++) {
    rows += mixes[i].n;
    if (!om_mass_add(&total, total, om_mix_total(mixes[i]))) return false;
  }
  struct om_share *shares = om_arena_array(arena, rows, sizeof *shares);
  rows = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < mixes[i].n; k++) shares[rows++] = mixes[i].shares[k];
  *out = (struct om_mix){normalise(shares, rows), shares};
  return true;
}

/* ---- pooling ---- */

enum level { LEVEL_KIND, LEVEL_COUNTRY, LEVEL_SITE };

static enum level level_of(struct om_origin o) {
  if (o.member != 0) return LEVEL_SITE;
  return memcmp(o.country, NO_COUNTRY, 2) != 0 ? LEVEL_COUNTRY : LEVEL_KIND;
}

/* The row that O, a site or a country, is pooled into. */
static struct om_origin parent_of(struct om_origin o) {
  struct om_origin parent = {.kind = o.kind};
  if (o.member != 0) memcpy(parent.country, o.country, 2);
  return parent;
}

struct candidate {
  struct om_share share;
  size_t index;
  size_t group; /* index of the first row with the same parent */
};

static int smallest_first(const void *a, const void *b) {
  const struct candidate *x = a, *y = b;
  if (x->share.mg != y->share.mg) return x->share.mg < y->share.mg ? -1 : 1;
  return om_origin_compare(y->share.origin, x->share.origin);
}

/* The rows of LEVEL in ORDER; HAS_PARENT tells of each group whether its parent is a row too. In sorted rows a parent
 * stands right before those that it takes in. Returns how many. */
static size_t group_rows(struct candidate *order, bool *has_parent, const struct om_share *shares, size_t n,
                         enum level level) {
  size_t n_order = 0, group = 0;
  struct om_origin before = {0};
  for (size_t i = 0; i < n; i++) {
    bool is_candidate = level_of(shares[i].origin) == level;
    struct om_origin parent = is_candidate ? parent_of(shares[i].origin) : shares[i].origin;
    if (i == 0 || om_origin_compare(parent, before) != 0) group = i;
    before = parent;
    if (is_candidate)
      order[n_order++] = (struct candidate){shares[i], i, group};
    else
      has_parent[group] = true;
  }
  return n_order;
}

/* Pools rows of LEVEL into their parents until no more than MAX are left or none of LEVEL is. SHARES are sorted
 * before and after; returns how many there are. */
static size_t pool_level(struct om_arena *arena, struct om_share *shares, size_t n, size_t max, enum level level) {
  struct candidate *order = om_arena_array(arena, n, sizeof *order);
  bool *has_parent = om_arena_array(arena, n, sizeof *has_parent);
  size_t rows = n, n_order = group_rows(order, has_parent, shares, n, level);
  qsort(order, n_order, sizeof *order, smallest_first);
  for (size_t k = 0; k < n_order && rows > max; k++) {
    if (has_parent[order[k].group]) rows--;
    has_parent[order[k].group] = true;
    shares[order[k].index].origin = parent_of(order[k].share.origin);
  }
  return normalise(shares, n);
}

struct om_mix om_mix_pool(struct om_arena *arena, struct om_mix in, size_t max) {
  OM_ASSERT(max >= OM_MIX_POOLED_MAX);
  if (in.n <= max) return in;
  struct om_share *shares = om_arena_copy(arena, in.shares, in.n * sizeof *shares);
  size_t n = pool_level(arena, shares, in.n, max, LEVEL_SITE);
  if (n > max) n = pool_level(arena, shares, n, max, LEVEL_COUNTRY);
  OM_ASSERT(n <= max);
  return (struct om_mix){n, shares};
}
