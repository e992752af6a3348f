#include "ledger/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static uint64_t power_of_ten(uint32_t n) {
  uint64_t p = 1;
  while (n-- > 0) p *= 10;
  return p;
}

bool om_mass_add(int64_t *out, int64_t a, int64_t b) {
  if (a < 0 || b < 0 || a > OM_MASS_MAX_MG - b) return false;
  *out = a + b;
  return true;
}

bool om_fraction_ok(struct om_decimal f) {
  return f.places <= OM_PLACES_MAX && f.digits <= power_of_ten(f.places);
}

/* Everything is multiplied by 2 x 10^(places of both), so that halves are whole. The largest term is
 * 2^63 x 10^9 x 10^9 x 2 < 2^124, and a sum of two of them stays below 2^128. */
bool om_contained_agrees(int64_t contained_mg, int64_t gross_mg, struct om_decimal moisture, struct om_decimal assay) {
  if (contained_mg < 0 || gross_mg < 0 || !om_fraction_ok(moisture) || !om_fraction_ok(assay)) return false;
  uint64_t moisture_one = power_of_ten(moisture.places);
  om_u128 milligram = (om_u128)2 * moisture_one * power_of_ten(assay.places);
  om_u128 dry = (om_u128)(uint64_t)gross_mg * (moisture_one - moisture.digits);
  om_u128 stated = (om_u128)(uint64_t)contained_mg * milligram;
  om_u128 computed = 2 * dry * assay.digits;
  if ((om_u128)(uint64_t)contained_mg * moisture_one > dry + moisture_one - 1) return false;
  om_u128 apart = stated > computed ? stated - computed : computed - stated;
  return apart <= dry + milligram;
}

int64_t om_contained(int64_t gross_mg, struct om_decimal moisture, struct om_decimal assay) {
  OM_ASSERT(gross_mg >= 0 && om_fraction_ok(moisture) && om_fraction_ok(assay));
  uint64_t moisture_one = power_of_ten(moisture.places);
  om_u128 one = (om_u128)moisture_one * power_of_ten(assay.places);
  om_u128 product = (om_u128)(uint64_t)gross_mg * (moisture_one - moisture.digits) * assay.digits;
  return (int64_t)((2 * product + one) / (2 * one));
}

bool om_within_tolerance(int64_t out_mg, int64_t in_mg, uint32_t tolerance_ppm) {
  const uint64_t million = 1000000;
  if (out_mg < 0 || in_mg < 0) return false;
  return (om_u128)(uint64_t)out_mg * million <= (om_u128)(uint64_t)in_mg * (million + tolerance_ppm);
}

/* ---- text ---- */

enum {
  WHOLE_DIGITS_MAX = 19,    /* 10^19 fits 64 bits unsigned; any mass with more digits is too large in every unit */
  FRACTION_DIGITS_MAX = 12, /* a kilotonne has 10^12 mg */
};

/* What stands before the unit: WHOLE and a fraction FRACTION / 10^PLACES. */
struct number {
  uint64_t whole;
  uint64_t fraction;
  uint32_t places;        /* as written, trailing zeros too; digits beyond FRACTION_DIGITS_MAX are not kept */
  uint32_t places_needed; /* without trailing zeros */
  bool too_large;
};

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static const char *skip_spaces(const char *s) {
  while (*s == ' ' || *s == '\t') s++;
  return s;
}

/* Copies TEXT without the spaces around it; refuses what could not be shown in a sentence. */
static enum om_code tidy_input(char out[OM_QUANTITY_INPUT_MAX + 1], const char *text, const char *rule,
                               struct om_status *st) {
  text = skip_spaces(text);
  size_t len = strlen(text);
  while (len > 0 && strchr(" \t\r\n", text[len - 1])) len--;
  if (len == 0) return om_fail(st, OM_USAGE, rule, "the quantity is empty");
  if (len > OM_QUANTITY_INPUT_MAX)
    return om_fail(st, OM_USAGE, rule, "the quantity has %zu characters; at most %d are taken", len,
                   (int)OM_QUANTITY_INPUT_MAX);
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7E)
      return om_fail(st, OM_USAGE, rule,
                     "character %zu of the quantity is not plain ASCII (a no-break space as thousands separator?): "
                     "write digits, a point and the unit",
                     i + 1);
  memcpy(out, text, len);
  out[len] = '\0';
  return OM_OK;
}

/* The number in TEXT has separators: says which, and how to write it. The last separator is the decimal one if another
 * kind stands before it; a lone comma with three digits after it can mean either, so both are offered. */
static enum om_code refuse_separators(const char *text, size_t len, const char *rule, struct om_status *st) {
  char digits[OM_QUANTITY_INPUT_MAX + 1];
  char pointed[OM_QUANTITY_INPUT_MAX + 1];
  size_t n = 0, p = 0, separators = 0, last = 0;
  bool mixed = false;
  for (size_t i = 0; i < len; i++)
    if (!is_digit(text[i])) {
      mixed = mixed || (separators > 0 && text[i] != text[last]);
      separators++;
      last = i;
    }
  for (size_t i = 0; i < len; i++) {
    if (is_digit(text[i]))
      digits[n++] = pointed[p++] = text[i];
    else if (i == last)
      pointed[p++] = '.';
  }
  digits[n] = pointed[p] = '\0';
  const char *unit = skip_spaces(text + len);
  const char *gap = *unit == '\0' ? "" : " ";
  bool decimal_comma = separators == 1 && text[last] == ',';
  if (decimal_comma && len - last - 1 == 3)
    return om_fail(st, OM_USAGE, rule,
                   "\"%s\" can be read in two ways, and thousands separators are not taken: write %s%s%s or %s%s%s",
                   text, digits, gap, unit, pointed, gap, unit);
  if (decimal_comma)
    return om_fail(st, OM_USAGE, rule, "\"%s\": a decimal comma is not taken: write %s%s%s", text, pointed, gap, unit);
  return om_fail(st, OM_USAGE, rule, "\"%s\": thousands separators are not taken: write %s%s%s", text,
                 mixed ? pointed : digits, gap, unit);
}

/* How much of TEXT is digits and what people put between digits; *PLAIN if it is digits with at most one point. */
static size_t number_span(const char *text, bool *plain) {
  size_t i = 0, points = 0, others = 0;
  for (;; i++) {
    if (is_digit(text[i])) continue;
    bool inside = i > 0 && is_digit(text[i - 1]) && text[i] != '\0' && is_digit(text[i + 1]);
    if (!inside || strchr(".,'_ ", text[i]) == NULL) break;
    if (text[i] == '.')
      points++;
    else
      others++;
  }
  *plain = points <= 1 && others == 0;
  return i;
}

/* Reads the number at the start of TEXT and leaves *UNIT at what follows it. */
static enum om_code parse_number(struct number *out, const char **unit, const char *text, const char *rule,
                                 struct om_status *st) {
  *out = (struct number){0};
  if (text[0] == '-') return om_fail(st, OM_USAGE, rule, "\"%s\" is negative; quantities are not", text);
  if (!is_digit(text[0]))
    return om_fail(st, OM_USAGE, rule, "\"%s\" does not begin with a digit: write a number and a unit, like 19.4 t",
                   text);
  bool plain;
  size_t len = number_span(text, &plain);
  if (!plain) return refuse_separators(text, len, rule, st);
  const char *s = text;
  for (; is_digit(*s); s++) {
    out->too_large = out->too_large || out->whole >= power_of_ten(WHOLE_DIGITS_MAX - 1);
    if (!out->too_large) out->whole = out->whole * 10 + (uint64_t)(*s - '0');
  }
  if (*s == '.' && is_digit(s[1]))
    for (s++; is_digit(*s); s++) {
      out->places++;
      if (*s != '0') out->places_needed = out->places;
      if (out->places <= FRACTION_DIGITS_MAX) out->fraction = out->fraction * 10 + (uint64_t)(*s - '0');
    }
  if ((*s == 'e' || *s == 'E') && (is_digit(s[1]) || s[1] == '-' || s[1] == '+'))
    return om_fail(st, OM_USAGE, rule, "\"%s\": an exponent is not taken: write the number in full", text);
  if (*s == '.') return om_fail(st, OM_USAGE, rule, "\"%s\": a point needs a digit after it", text);
  *unit = skip_spaces(s);
  return OM_OK;
}

/* The fraction of N as a whole number of 10^-PLACES; PLACES is at least what it needs. */
static uint64_t fraction_at(const struct number *n, uint32_t places) {
  uint32_t kept = n->places < FRACTION_DIGITS_MAX ? n->places : FRACTION_DIGITS_MAX;
  if (places >= kept) return n->fraction * power_of_ten(places - kept);
  return n->fraction / power_of_ten(kept - places);
}

/* A unit is 10^places x numerator / denominator milligrams. */
struct unit {
  const char *name;
  uint32_t places;
  uint64_t numerator;
  uint64_t denominator;
};

static const struct unit units[] = {
    {"mg", 0, 1, 1},
    {"g", 3, 1, 1},
    {"kg", 6, 1, 1},
    {"t", 9, 1, 1},
    {"kt", 12, 1, 1},
    {"ozt", 9, 311034768, UINT64_C(10000000000000)}, /* 480 grains of 64.79891 mg: 31.1034768 g exactly */
    {"oz t", 9, 311034768, UINT64_C(10000000000000)},
};

static const struct unit *find_unit(const char *name) {
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strcmp(name, units[i].name) == 0) return &units[i];
  return NULL;
}

enum om_code om_mass_parse(int64_t *mg, const char *text, struct om_status *st) {
  static const char rule[] = "mass-text";
  char clean[OM_QUANTITY_INPUT_MAX + 1];
  const char *name;
  struct number n;
  if (tidy_input(clean, text, rule, st) || parse_number(&n, &name, clean, rule, st)) return st->code;
  if (*name == '\0') return om_fail(st, OM_USAGE, rule, "\"%s\" has no unit: write %s kg or %s t", clean, clean, clean);
  const struct unit *unit = find_unit(name);
  if (unit == NULL)
    return om_fail(st, OM_USAGE, rule,
                   "\"%s\": unknown unit \"%s\": the units are mg, g, kg, t, kt and ozt (troy ounce)", clean, name);
  if (n.places_needed > unit->places)
    return om_fail(st, OM_USAGE, rule, "\"%s\" is finer than a milligram: %s takes at most %u decimals", clean, name,
                   (unsigned)unit->places);
  om_u128 scaled = (om_u128)n.whole * power_of_ten(unit->places) + fraction_at(&n, unit->places);
  om_u128 total = (2 * scaled * unit->numerator + unit->denominator) / ((om_u128)2 * unit->denominator);
  if (n.too_large || total > (om_u128)OM_MASS_MAX_MG)
    return om_fail(st, OM_USAGE, rule, "\"%s\" is more than the ledger can hold in one figure (9223372036 t)", clean);
  *mg = (int64_t)total;
  return OM_OK;
}

char *om_mass_format(char *out, size_t cap, int64_t mg) {
  static const char *const names[] = {"mg", "g", "kg", "t"};
  OM_ASSERT(cap >= OM_MASS_TEXT_BYTES);
  uint64_t value = mg < 0 ? 0 - (uint64_t)mg : (uint64_t)mg;
  const char *sign = mg < 0 ? "-" : "";
  uint32_t unit = 0;
  while (unit < 3 && value >= power_of_ten(3 * (unit + 1))) unit++;
  if (unit == 0) {
    snprintf(out, cap, "%s%" PRIu64 " mg", sign, value);
    return out;
  }
  uint64_t one = power_of_ten(3 * unit);
  uint64_t fraction = value % one;
  uint32_t places = 3 * unit;
  while (places > 3 && fraction % 1000 == 0) {
    fraction /= 1000;
    places -= 3;
  }
  snprintf(out, cap, "%s%" PRIu64 ".%0*" PRIu64 " %s", sign, value / one, (int)places, fraction, names[unit]);
  return out;
}

/* Units of a fraction: how many places the unit itself stands for. */
static const struct {
  const char *name;
  uint32_t places;
} ratios[] = {{"", 0}, {"%", 2}, {"g/t", 6}, {"ppm", 6}};

enum om_code om_decimal_parse(struct om_decimal *out, const char *text, struct om_status *st) {
  static const char rule[] = "fraction-text";
  char clean[OM_QUANTITY_INPUT_MAX + 1];
  const char *name;
  struct number n;
  if (tidy_input(clean, text, rule, st) || parse_number(&n, &name, clean, rule, st)) return st->code;
  size_t r = 0;
  while (r < sizeof ratios / sizeof *ratios && strcmp(name, ratios[r].name) != 0) r++;
  if (r == sizeof ratios / sizeof *ratios)
    return om_fail(st, OM_USAGE, rule,
                   "\"%s\": unknown unit \"%s\": write a fraction (0.2845), 28.45 %%, 12.5 g/t or 12.5 ppm", clean,
                   name);
  uint32_t places = n.places + ratios[r].places;
  if (places > OM_PLACES_MAX)
    return om_fail(st, OM_USAGE, rule, "\"%s\" has too many decimals: at most %u there", clean,
                   (unsigned)(OM_PLACES_MAX - ratios[r].places));
  if (n.too_large || n.whole > power_of_ten(ratios[r].places) ||
      (n.whole == power_of_ten(ratios[r].places) && n.fraction != 0))
    return om_fail(st, OM_USAGE, rule, "\"%s\" is more than the whole%s", clean,
                   *name == '\0' ? ": write % after a percentage, as in 28.45 %" : "");
  *out = (struct om_decimal){n.whole * power_of_ten(n.places) + n.fraction, places};
  return OM_OK;
}

char *om_decimal_format(char *out, size_t cap, struct om_decimal f) {
  OM_ASSERT(cap >= OM_DECIMAL_TEXT_BYTES && om_fraction_ok(f));
  size_t r = 0;
  bool is_trace = f.digits > 0 && f.places >= 6 && f.digits < power_of_ten(f.places - 4);
  if (is_trace)
    r = 2;
  else if (f.places >= ratios[1].places)
    r = 1;
  uint32_t places = f.places - ratios[r].places;
  uint64_t one = power_of_ten(places);
  int n = snprintf(out, cap, "%" PRIu64, f.digits / one);
  if (places > 0) n += snprintf(out + n, cap - (size_t)n, ".%0*" PRIu64, (int)places, f.digits % one);
  if (r > 0) snprintf(out + n, cap - (size_t)n, " %s", ratios[r].name);
  return out;
}

/* ---- elements, in the order of the IUPAC periodic table ---- */

static const char *const elements[OM_ELEMENT_MAX + 1][2] = {
    {NULL, NULL},          {"H", "hydrogen"},      {"He", "helium"},
    {"Li", "lithium"},     {"Be", "beryllium"},    {"B", "boron"},
    {"C", "carbon"},       {"N", "nitrogen"},      {"O", "oxygen"},
    {"F", "fluorine"},     {"Ne", "neon"},         {"Na", "sodium"},
    {"Mg", "magnesium"},   {"Al", "aluminium"},    {"Si", "silicon"},
    {"P", "phosphorus"},   {"S", "sulfur"},        {"Cl", "chlorine"},
    {"Ar", "argon"},       {"K", "potassium"},     {"Ca", "calcium"},
    {"Sc", "scandium"},    {"Ti", "titanium"},     {"V", "vanadium"},
    {"Cr", "chromium"},    {"Mn", "manganese"},    {"Fe", "iron"},
    {"Co", "cobalt"},      {"Ni", "nickel"},       {"Cu", "copper"},
    {"Zn", "zinc"},        {"Ga", "gallium"},      {"Ge", "germanium"},
    {"As", "arsenic"},     {"Se", "selenium"},     {"Br", "bromine"},
    {"Kr", "krypton"},     {"Rb", "rubidium"},     {"Sr", "strontium"},
    {"Y", "yttrium"},      {"Zr", "zirconium"},    {"Nb", "niobium"},
    {"Mo", "molybdenum"},  {"Tc", "technetium"},   {"Ru", "ruthenium"},
    {"Rh", "rhodium"},     {"Pd", "palladium"},    {"Ag", "silver"},
    {"Cd", "cadmium"},     {"In", "indium"},       {"Sn", "tin"},
    {"Sb", "antimony"},    {"Te", "tellurium"},    {"I", "iodine"},
    {"Xe", "xenon"},       {"Cs", "caesium"},      {"Ba", "barium"},
    {"La", "lanthanum"},   {"Ce", "cerium"},       {"Pr", "praseodymium"},
    {"Nd", "neodymium"},   {"Pm", "promethium"},   {"Sm", "samarium"},
    {"Eu", "europium"},    {"Gd", "gadolinium"},   {"Tb", "terbium"},
    {"Dy", "dysprosium"},  {"Ho", "holmium"},      {"Er", "erbium"},
    {"Tm", "thulium"},     {"Yb", "ytterbium"},    {"Lu", "lutetium"},
    {"Hf", "hafnium"},     {"Ta", "tantalum"},     {"W", "tungsten"},
    {"Re", "rhenium"},     {"Os", "osmium"},       {"Ir", "iridium"},
    {"Pt", "platinum"},    {"Au", "gold"},         {"Hg", "mercury"},
    {"Tl", "thallium"},    {"Pb", "lead"},         {"Bi", "bismuth"},
    {"Po", "polonium"},    {"At", "astatine"},     {"Rn", "radon"},
    {"Fr", "francium"},    {"Ra", "radium"},       {"Ac", "actinium"},
    {"Th", "thorium"},     {"Pa", "protactinium"}, {"U", "uranium"},
    {"Np", "neptunium"},   {"Pu", "plutonium"},    {"Am", "americium"},
    {"Cm", "curium"},      {"Bk", "berkelium"},    {"Cf", "californium"},
    {"Es", "einsteinium"}, {"Fm", "fermium"},      {"Md", "mendelevium"},
    {"No", "nobelium"},    {"Lr", "lawrencium"},   {"Rf", "rutherfordium"},
    {"Db", "dubnium"},     {"Sg", "seaborgium"},   {"Bh", "bohrium"},
    {"Hs", "hassium"},     {"Mt", "meitnerium"},   {"Ds", "darmstadtium"},
    {"Rg", "roentgenium"}, {"Cn", "copernicium"},  {"Nh", "nihonium"},
    {"Fl", "flerovium"},   {"Mc", "moscovium"},    {"Lv", "livermorium"},
    {"Ts", "tennessine"},  {"Og", "oganesson"},
};

uint8_t om_element_parse(const char *text) {
  static const struct {
    const char *name;
    uint8_t z;
  } others[] = {{"aluminum", 13}, {"sulphur", 16}, {"cesium", 55}};
  for (uint8_t z = 1; z <= OM_ELEMENT_MAX; z++)
    if (strcasecmp(text, elements[z][0]) == 0 || strcasecmp(text, elements[z][1]) == 0) return z;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcasecmp(text, others[i].name) == 0) return others[i].z;
  return 0;
}

const char *om_element_symbol(uint8_t z) {
  return z <= OM_ELEMENT_MAX ? elements[z][0] : NULL;
}
