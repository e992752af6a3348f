#include "ledger/assays.h"

#include <string.h>

/* ---- fractions ---- */

static uint64_t scaled(struct om_decimal d, uint32_t places) {
  uint64_t digits = d.digits;
  for (uint32_t i = d.places; i < places; i++) digits *= 10; /* at most 10^9: a fraction of one */
  return digits;
}

static uint32_t finer(struct om_decimal a, struct om_decimal b) {
  return a.places > b.places ? a.places : b.places;
}

static struct om_decimal difference(struct om_decimal a, struct om_decimal b) {
  uint32_t places = finer(a, b);
  uint64_t x = scaled(a, places), y = scaled(b, places);
  return (struct om_decimal){x > y ? x - y : y - x, places};
}

static bool is_above(struct om_decimal a, struct om_decimal b) {
  return scaled(a, OM_PLACES_MAX) > scaled(b, OM_PLACES_MAX);
}

/* Exact but in the last place that a fraction may have, where a half is rounded up. */
static struct om_decimal mean(struct om_decimal a, struct om_decimal b) {
  uint32_t places = finer(a, b);
  uint64_t sum = scaled(a, places) + scaled(b, places);
  if (sum % 2 == 0) return (struct om_decimal){sum / 2, places};
  if (places < OM_PLACES_MAX) return (struct om_decimal){sum * 5, places + 1};
  return (struct om_decimal){sum / 2 + 1, places};
}

/* ---- sides ---- */

static int side_of(Oremark__AssayRole role) {
  if (role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER) return OM_ASSAY_SELLER;
  if (role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_BUYER) return OM_ASSAY_BUYER;
  return role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UMPIRE ? OM_ASSAY_UMPIRE : OM_ASSAY_SIDES;
}

static const Oremark__AssayResult *result_of(const Oremark__Assay *assay, uint8_t element) {
  for (size_t i = 0; i < assay->n_results; i++)
    if (assay->results[i]->element == element) return assay->results[i];
  return NULL;
}

static bool is_party(const struct om_assay_compared *at, uint32_t author) {
  return (at->sides[OM_ASSAY_SELLER].stated && at->sides[OM_ASSAY_SELLER].author == author) ||
         (at->sides[OM_ASSAY_BUYER].stated && at->sides[OM_ASSAY_BUYER].author == author);
}

/* The last of SIDE that names the element of AT, where the sides before it stand already; NULL: none. */
static const struct om_assay_given *last_of(const struct om_assay_given *given, size_t n, int side,
                                            const struct om_assay_compared *at) {
  const struct om_assay_given *last = NULL;
  for (size_t i = 0; i < n; i++) {
    if (side_of(given[i].assay->role) != side || !result_of(given[i].assay, at->element)) continue;
    if (side == OM_ASSAY_UMPIRE && is_party(at, given[i].author)) continue;
    if (side == OM_ASSAY_BUYER && is_party(at, given[i].author)) continue; /* nobody sells to himself */
    if (!last || given[i].at_ms >= last->at_ms) last = &given[i];
  }
  return last;
}

static struct om_decimal fraction(const Oremark__Decimal *d) {
  return (struct om_decimal){d->digits, d->places};
}

/* The limit that both sides have stated, or the only one stated. */
static enum om_assay_outcome find_limit(struct om_assay_compared *out, const Oremark__AssayResult *const *sides) {
  const Oremark__Decimal *a = sides[OM_ASSAY_SELLER]->splitting_limit, *b = sides[OM_ASSAY_BUYER]->splitting_limit;
  if (!a && !b) return OM_ASSAY_NO_LIMIT;
  if (a && b && difference(fraction(a), fraction(b)).digits != 0) return OM_ASSAY_LIMITS_DIFFER;
  out->limited = true;
  out->limit = fraction(a ? a : b);
  return is_above(out->difference, out->limit) ? OM_ASSAY_SPLIT : OM_ASSAY_WITHIN;
}

static void conclude(struct om_assay_compared *out, const Oremark__AssayResult *const *sides) {
  out->outcome = OM_ASSAY_ONE_SIDED;
  if (out->sides[OM_ASSAY_SELLER].stated && out->sides[OM_ASSAY_BUYER].stated) {
    struct om_decimal seller = out->sides[OM_ASSAY_SELLER].value, buyer = out->sides[OM_ASSAY_BUYER].value;
    out->difference = difference(seller, buyer);
    out->outcome = find_limit(out, sides);
    out->stands = out->outcome == OM_ASSAY_WITHIN;
    if (out->stands) out->result = mean(seller, buyer);
  }
  if (!out->sides[OM_ASSAY_UMPIRE].stated) return;
  out->outcome = OM_ASSAY_UMPIRED;
  out->stands = true;
  out->result = out->sides[OM_ASSAY_UMPIRE].value;
}

size_t om_assays_compare(struct om_assay_compared *out, const struct om_assay_given *given, size_t n) {
  size_t found = 0;
  for (uint8_t z = 1; z <= OM_ELEMENT_MAX; z++) {
    struct om_assay_compared at = {.element = z};
    const Oremark__AssayResult *sides[OM_ASSAY_SIDES] = {NULL};
    bool any = false;
    for (int side = 0; side < OM_ASSAY_SIDES; side++) {
      const struct om_assay_given *last = last_of(given, n, side, &at);
      if (!last) continue;
      any = at.sides[side].stated = true;
      at.sides[side].author = last->author;
      sides[side] = result_of(last->assay, z);
      at.sides[side].value = fraction(sides[side]->value);
    }
    if (!any) continue;
    conclude(&at, sides);
    out[found++] = at;
  }
  return found;
}

/* ---- words ---- */

static const char *const words[][2] = {
    [OM_ASSAY_ONE_SIDED] = {"one-sided", "only one side has stated a result"},
    [OM_ASSAY_NO_LIMIT] = {"no-limit", "no splitting limit is stated"},
    [OM_ASSAY_LIMITS_DIFFER] = {"limits-differ", "the two sides state different splitting limits"},
    [OM_ASSAY_WITHIN] = {"within", "within the splitting limit: the mean stands"},
    [OM_ASSAY_SPLIT] = {"split", "beyond the splitting limit: an umpire is called for"},
    [OM_ASSAY_UMPIRED] = {"umpired", "the umpire's result stands"},
};

const char *om_assay_outcome_text(enum om_assay_outcome outcome) {
  return words[outcome][1];
}

const char *om_assay_outcome_word(enum om_assay_outcome outcome) {
  return words[outcome][0];
}
