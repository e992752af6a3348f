#include "ledger/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- lot numbers ---- */

enum {
  SYMBOLS = OM_LOT_NUMBER_BYTES * 8 / 5, /* 32 characters of 5 bits, none left over */
  GROUP = 4,                             /* as many as people keep in mind between looking and typing */
  QUOTED_MAX = 60,                       /* of a wrong text, in a sentence */
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

static void put_big_endian(uint8_t *out, size_t n, uint64_t v) {
  while (n-- > 0) {
    out[n] = (uint8_t)v;
    v >>= 8;
  }
}

void om_lot_number_make(uint8_t out[OM_LOT_NUMBER_BYTES], uint32_t member, uint64_t signed_ms,
                        const struct om_hash *statement_id, uint16_t event, uint16_t output) {
  OM_ASSERT(signed_ms <= OM_SIGNED_MAX_MS);
  uint8_t place[4];
  put_big_endian(place, 2, event);
  put_big_endian(place + 2, 2, output);
  struct om_hash hash;
  om_sha256v(&hash, (const struct om_span[]){{statement_id->bytes, OM_HASH_BYTES}, {place, sizeof place}}, 2);
  put_big_endian(out, 4, member);
  put_big_endian(out + 4, 6, signed_ms);
  memcpy(out + 10, hash.bytes, OM_LOT_NUMBER_BYTES - 10);
}

/* X times the generator of GF(32) with x^5 + x^2 + 1, whose powers are all 31 elements but 0. */
static uint8_t times_generator(uint8_t x) {
  return (uint8_t)((x << 1 ^ (x & 0x10 ? 0x25 : 0)) & 0x1F);
}

/* The symbol that makes the polynomial with these coefficients and itself as the last zero at the generator. Two
 * symbols swapped change it by their difference times the difference of two powers, which is 0 only 31 places apart. */
static uint8_t check_symbol(const uint8_t symbols[SYMBOLS]) {
  uint8_t sum = 0;
  for (size_t i = 0; i < SYMBOLS; i++) sum = times_generator(sum ^ symbols[i]);
  return sum;
}

static void to_symbols(uint8_t symbols[SYMBOLS], const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  for (size_t i = 0; i < SYMBOLS; i++) {
    size_t bit = 5 * i;
    unsigned pair = (unsigned)number[bit / 8] << 8;
    if (bit / 8 + 1 < OM_LOT_NUMBER_BYTES) pair |= number[bit / 8 + 1];
    symbols[i] = (uint8_t)(pair >> (11 - bit % 8) & 0x1F);
  }
}

static void from_symbols(uint8_t number[OM_LOT_NUMBER_BYTES], const uint8_t symbols[SYMBOLS]) {
  memset(number, 0, OM_LOT_NUMBER_BYTES);
  for (size_t bit = 0; bit < SYMBOLS * 5; bit++)
    if (symbols[bit / 5] >> (4 - bit % 5) & 1) number[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

char *om_lot_format(char *out, size_t cap, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  OM_ASSERT(cap >= OM_LOT_TEXT_BYTES);
  uint8_t symbols[SYMBOLS];
  to_symbols(symbols, number);
  char *s = out;
  memcpy(s, "OM", 2);
  s += 2;
  for (size_t i = 0; i < SYMBOLS; i++) {
    if (i % GROUP == 0) *s++ = '-';
    *s++ = alphabet[symbols[i]];
  }
  *s++ = '-';
  *s++ = alphabet[check_symbol(symbols)];
  *s = '\0';
  return out;
}

/* The value of a character as people write and read it, or -1. */
static int symbol_of(char c) {
  if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const char *at = c == '\0' ? NULL : strchr(alphabet, c);
  return at == NULL ? -1 : (int)(at - alphabet);
}

/* Where the number begins behind the name of the scheme; the start of TEXT if it is not there. */
static const char *skip_scheme(const char *text) {
  const char *s = text;
  while (*s == ' ' || *s == '\t') s++;
  if (symbol_of(*s) != 0 || (s[1] != 'M' && s[1] != 'm')) return text;
  s += 2;
  size_t symbols = 0; /* a bare number may begin with "0M" too, and has no symbol to spare */
  for (const char *c = s; *c != '\0'; c++) symbols += symbol_of(*c) >= 0;
  return symbols >= SYMBOLS + 1 || *s == '-' ? s : text;
}

enum om_code om_lot_parse(uint8_t out[OM_LOT_NUMBER_BYTES], const char *text, struct om_status *st) {
  static const char rule[] = "lot-number-text";
  uint8_t symbols[SYMBOLS + 1];
  size_t n = 0;
  for (const char *s = skip_scheme(text); *s != '\0'; s++) {
    if (strchr(" -\t\r\n", *s) != NULL) continue;
    int symbol = symbol_of(*s);
    if (symbol < 0 && *s > 0x20 && *s < 0x7F)
      return om_fail(st, OM_USAGE, rule,
                     "character %zu, '%c', cannot stand in a lot number: it has digits and letters without U",
                     (size_t)(s - text) + 1, *s);
    if (symbol < 0)
      return om_fail(st, OM_USAGE, rule, "character %zu is neither digit, letter, hyphen nor space",
                     (size_t)(s - text) + 1);
    if (n < sizeof symbols) symbols[n] = (uint8_t)symbol;
    n++;
  }
  if (n != sizeof symbols)
    return om_fail(st, OM_USAGE, rule, "a lot number is OM- and %zu characters; here are %zu: look for one that was %s",
                   sizeof symbols, n, n < sizeof symbols ? "left out" : "typed twice");
  if (check_symbol(symbols) != symbols[SYMBOLS])
    return om_fail(st, OM_USAGE, rule,
                   "the check character of lot number %.*s does not fit: a character is wrong or two are swapped",
                   (int)QUOTED_MAX, text);
  from_symbols(out, symbols);
  return OM_OK;
}

/* ---- times ---- */

enum {
  MS_PER_DAY = 24 * 60 * 60 * 1000,
  MS_PER_MINUTE = 60 * 1000,
  FIRST_YEAR = 1970,
  LAST_YEAR = 9999,
};

struct date {
  int year;  /* FIRST_YEAR to LAST_YEAR */
  int month; /* 1 to 12 */
  int day;   /* 1 to 31 */
};

static bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of January of YEAR. */
static int64_t days_before_year(int year) {
  int y = year - 1;
  return 365 * ((int64_t)year - FIRST_YEAR) + (y / 4 - y / 100 + y / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t days_of(struct date date) {
  int64_t days = days_before_year(date.year) + date.day - 1;
  for (int month = 1; month < date.month; month++) days += days_in_month(date.year, month);
  return days;
}

static struct date date_of(int64_t days) {
  struct date date = {FIRST_YEAR + (int)(days / 366), 1, 1}; /* never too late, and at most 17 years early */
  while (days_before_year(date.year + 1) <= days) date.year++;
  days -= days_before_year(date.year);
  while (days >= days_in_month(date.year, date.month)) days -= days_in_month(date.year, date.month++);
  date.day = (int)days + 1;
  return date;
}

bool om_time_ok(int64_t ms, int32_t zone_minutes) {
  if (ms < 0 || ms > OM_TIME_MAX_MS || zone_minutes < -OM_ZONE_MAX_MINUTES || zone_minutes > OM_ZONE_MAX_MINUTES)
    return false;
  int64_t local = ms + (int64_t)zone_minutes * MS_PER_MINUTE;
  return local >= 0 && local <= OM_TIME_MAX_MS;
}

/* Reads exactly N digits and moves on; false if they are not there. */
static bool take_digits(int *out, const char **s, int n) {
  *out = 0;
  for (; n > 0; n--, (*s)++) {
    if (**s < '0' || **s > '9') return false;
    *out = *out * 10 + (**s - '0');
  }
  return true;
}

static bool take_char(const char **s, char c) {
  if (**s != c) return false;
  (*s)++;
  return true;
}

static enum om_code not_a_time(const char *text, const char *why, struct om_status *st) {
  for (const char *c = text; *c != '\0'; c++)
    if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7E)
      return om_fail(st, OM_USAGE, "time-text", "the time holds a character that is not plain ASCII");
  return om_fail(st, OM_USAGE, "time-text", "\"%.*s\": %s", (int)QUOTED_MAX, text, why);
}

static enum om_code take_date(struct date *date, const char **s, const char *text, struct om_status *st) {
  if (!take_digits(&date->year, s, 4) || !take_char(s, '-') || !take_digits(&date->month, s, 2) || !take_char(s, '-') ||
      !take_digits(&date->day, s, 2))
    return not_a_time(text, "a date is written year-month-day, like 2019-03-07", st);
  if (date->year < FIRST_YEAR) return not_a_time(text, "years before 1970 are not taken", st);
  if (date->month < 1 || date->month > 12) return not_a_time(text, "there is no such month", st);
  if (date->day < 1 || date->day > days_in_month(date->year, date->month))
    return not_a_time(text, "that month has no such day", st);
  return OM_OK;
}

static enum om_code take_clock(int64_t *ms, const char **s, const char *text, struct om_status *st) {
  int hour, minute, second;
  if (!take_digits(&hour, s, 2) || !take_char(s, ':') || !take_digits(&minute, s, 2) || !take_char(s, ':') ||
      !take_digits(&second, s, 2))
    return not_a_time(text, "a time of day is written with seconds, like 2019-03-07T14:05:00+02:00", st);
  if (second == 60) return not_a_time(text, "leap seconds are not taken: write 59", st);
  if (hour > 23 || minute > 59 || second > 59) return not_a_time(text, "there is no such time of day", st);
  *ms = ((int64_t)hour * 60 + minute) * MS_PER_MINUTE + (int64_t)second * 1000;
  if (!take_char(s, '.')) return OM_OK;
  if (**s < '0' || **s > '9') return not_a_time(text, "a point needs a digit after it", st);
  for (int64_t scale = 100; **s >= '0' && **s <= '9'; scale /= 10, (*s)++) {
    if (scale == 0 && **s != '0') return not_a_time(text, "finer than a millisecond: write at most three decimals", st);
    *ms += (**s - '0') * scale;
  }
  return OM_OK;
}

static enum om_code take_zone(int32_t *minutes, const char **s, const char *text, struct om_status *st) {
  int hours, rest;
  *minutes = 0;
  if (take_char(s, 'Z') || take_char(s, 'z')) return OM_OK;
  bool west = **s == '-';
  if ((!west && **s != '+') || (++*s, !take_digits(&hours, s, 2)) || !take_char(s, ':') || !take_digits(&rest, s, 2))
    return not_a_time(text, "the zone is missing: end with Z or an offset from UTC like +02:00", st);
  *minutes = hours * 60 + rest;
  if (rest > 59 || *minutes > OM_ZONE_MAX_MINUTES) return not_a_time(text, "no zone is so far from UTC", st);
  if (west) *minutes = -*minutes;
  return OM_OK;
}

enum om_code om_time_parse(int64_t *ms, int32_t *zone_minutes, const char *text, struct om_status *st) {
  const char *s = text;
  struct date date = {0};
  int64_t clock = 0;
  int32_t zone = 0;
  if (take_date(&date, &s, text, st)) return st->code;
  if (*s == '\0') return not_a_time(text, "the time of day is missing, like T14:05:00+02:00", st);
  if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
    return not_a_time(text, "between date and time stands a T", st);
  if (take_clock(&clock, &s, text, st) || take_zone(&zone, &s, text, st)) return st->code;
  if (*s != '\0') return not_a_time(text, "something follows the zone", st);
  int64_t result = days_of(date) * MS_PER_DAY + clock - (int64_t)zone * MS_PER_MINUTE;
  if (!om_time_ok(result, zone)) return not_a_time(text, "in UTC this is not between the years 1970 and 9999", st);
  *ms = result;
  *zone_minutes = zone;
  return OM_OK;
}

char *om_time_format(char *out, size_t cap, int64_t ms, int32_t zone_minutes) {
  OM_ASSERT(cap >= OM_TIME_TEXT_BYTES);
  if (!om_time_ok(ms, zone_minutes)) {
    snprintf(out, cap, "(no time: %" PRId64 " ms)", ms);
    return out;
  }
  int64_t local = ms + (int64_t)zone_minutes * MS_PER_MINUTE;
  struct date date = date_of(local / MS_PER_DAY);
  int clock = (int)(local % MS_PER_DAY);
  size_t n = (size_t)snprintf(out, cap, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month, date.day,
                              clock / (60 * MS_PER_MINUTE), clock / MS_PER_MINUTE % 60, clock / 1000 % 60);
  if (clock % 1000 != 0) n += (size_t)snprintf(out + n, cap - n, ".%03d", clock % 1000);
  int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
  if (zone == 0)
    snprintf(out + n, cap - n, "Z");
  else
    snprintf(out + n, cap - n, "%c%02d:%02d", zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
  return out;
}

bool om_country_ok(const char *country, size_t len) {
  return len == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z';
}
