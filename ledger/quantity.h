/* Quantities: masses in whole milligrams, exact decimal fractions (assay, moisture), the tests of balance, chemical
 * elements, and their text forms. No floating point anywhere: two machines must agree to the last milligram.
 * Everything here is a pure function of its arguments; any thread may call it. Text goes into the caller's buffer. */
#ifndef OREMARK_LEDGER_QUANTITY_H
#define OREMARK_LEDGER_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/status.h"

/* A product of a mass and a ratio of 64-bit numbers, before the division. */
__extension__ typedef unsigned __int128 om_u128;

#define OM_MASS_MAX_MG INT64_MAX /* 9.2 million kt: some years of all the iron ore that the world mines */

enum {
  OM_PLACES_MAX = 9,          /* of a fraction: 1 microgram in a kilogram, finer than any assay */
  OM_ELEMENT_MAX = 118,       /* oganesson, the last of the IUPAC table */
  OM_MASS_TEXT_BYTES = 32,    /* "-9223372036.854775807 t" and its NUL */
  OM_DECIMAL_TEXT_BYTES = 24, /* "99.9999999 %" and its NUL */
  OM_QUANTITY_INPUT_MAX = 64, /* longest text taken as a quantity; no honest one comes near */
};

/* digits / 10^places. A fraction of 1; its places say how precise it is: 28.45 % is {2845, 4}, 28.450 % is {28450,
 * 5}. */
struct om_decimal {
  uint64_t digits;
  uint32_t places;
};

/* *OUT = A + B. False, with *OUT untouched, if either is negative or the sum is over OM_MASS_MAX_MG. */
bool om_mass_add(int64_t *out, int64_t a, int64_t b);

/* Whether F is a fraction that the ledger takes: places <= OM_PLACES_MAX and value <= 1. */
bool om_fraction_ok(struct om_decimal f);

/* Whether CONTAINED_MG is GROSS_MG x (1 - MOISTURE) x ASSAY to within half a unit of the assay's last digit, plus 1
 * mg for rounding, and no more than the dry mass. False for a negative mass or a fraction that is not
 * om_fraction_ok. Exact. */
bool om_contained_agrees(int64_t contained_mg, int64_t gross_mg, struct om_decimal moisture, struct om_decimal assay);

/* GROSS_MG x (1 - MOISTURE) x ASSAY in mg, half a milligram rounded up. The arguments must be valid (OM_ASSERT). */
int64_t om_contained(int64_t gross_mg, struct om_decimal moisture, struct om_decimal assay);

/* Whether OUT_MG <= IN_MG x (1 + TOLERANCE_PPM / 1,000,000). False for a negative mass. Exact. */
bool om_within_tolerance(int64_t out_mg, int64_t in_mg, uint32_t tolerance_ppm);

/* A decimal number and one of the units mg, g, kg, t, kt, ozt (also "oz t": troy ounce, 31.1034768 g): "20 t",
 * "19.400t". OM_USAGE with a sentence that says what to write instead, for anything else: thousands separators, a
 * decimal comma, a sign, an exponent, an unknown unit, more than OM_MASS_MAX_MG, finer than 1 mg. Ounces alone are
 * rounded, to the nearest milligram, since hardly any number of them is a whole one. */
enum om_code om_mass_parse(int64_t *mg, const char *text, struct om_status *st);

/* MG in the largest of t, kg, g, mg that it reaches, with 3, 6 or 9 decimals, never losing any: "20.000 t",
 * "1.000001 kg", "12 mg". om_mass_parse reads it back exactly; a negative one (a difference, for display) begins
 * with '-'. CAP is at least OM_MASS_TEXT_BYTES. Returns OUT. */
char *om_mass_format(char *out, size_t cap, int64_t mg);

/* A fraction: "0.2845", "28.45 %", "12.5 g/t" or "12.5 ppm"; trailing zeros are kept as precision. OM_USAGE with a
 * sentence if it is over 1, has over OM_PLACES_MAX places as a fraction, or is not such a number. */
enum om_code om_decimal_parse(struct om_decimal *out, const char *text, struct om_status *st);

/* F as a percentage, below 100 g/t as g/t, with fewer than two places plain ("0.5"); reads back with the same digits
 * and places. F must be om_fraction_ok, CAP at least OM_DECIMAL_TEXT_BYTES. Returns OUT. */
char *om_decimal_format(char *out, size_t cap, struct om_decimal f);

/* Atomic number of a symbol ("Cu") or English name ("copper", also "aluminum", "cesium", "sulphur"), in any case; 0 if
 * there is none. */
uint8_t om_element_parse(const char *text);

/* Symbol of atomic number Z, 1 to OM_ELEMENT_MAX; NULL beyond. Static. */
const char *om_element_symbol(uint8_t z);

#endif
