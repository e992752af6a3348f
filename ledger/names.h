/* How lots, times and countries are written for people: lot numbers with a check character, RFC 3339 times, country
 * codes. Pure functions of their arguments; any thread. Text goes into the caller's buffer. */
#ifndef OREMARK_LEDGER_NAMES_H
#define OREMARK_LEDGER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/hash.h"

enum {
  OM_LOT_NUMBER_BYTES = 20,  /* member (4), signing time in ms (6), hash (10): DESIGN section 5 */
  OM_LOT_TEXT_BYTES = 45,    /* "OM-", eight groups of four with hyphens, hyphen, check character, NUL */
  OM_TIME_TEXT_BYTES = 40,   /* "9999-12-31T23:59:59.999+14:00"; or what stands for a time out of range */
  OM_ZONE_MAX_MINUTES = 840, /* +14:00 (Line Islands) is the farthest in use; -12:00 lies inside */
};
#define OM_TIME_MAX_MS INT64_C(253402300799999)    /* 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year */
#define OM_SIGNED_MAX_MS ((UINT64_C(1) << 48) - 1) /* what fits the six bytes of a lot number */

/* OUT = MEMBER (big-endian, 4) || SIGNED_MS (big-endian, 6) || the first 10 bytes of SHA-256(statement id || EVENT ||
 * OUTPUT, each 2, big-endian). SIGNED_MS is Unix time and at most OM_SIGNED_MAX_MS (OM_ASSERT). */
void om_lot_number_make(uint8_t out[OM_LOT_NUMBER_BYTES], uint32_t member, uint64_t signed_ms,
                        const struct om_hash *statement_id, uint16_t event, uint16_t output);

/* "OM-" and the number in Crockford's base 32 in eight groups of four, then a check character of the same alphabet: a
 * Reed-Solomon symbol over GF(32), so that every single wrong character and every swap of two characters that differ is
 * noticed, adjacent or up to 30 places apart. CAP is at least OM_LOT_TEXT_BYTES. Returns OUT. */
char *om_lot_format(char *out, size_t cap, const uint8_t number[OM_LOT_NUMBER_BYTES]);

/* Reads it back, in any case, with or without spaces, hyphens and "OM", with O for 0 and I or L for 1. OM_USAGE with a
 * sentence where TEXT is not a lot number or its check character does not fit. */
enum om_code om_lot_parse(uint8_t out[OM_LOT_NUMBER_BYTES], const char *text, struct om_status *st);

/* Whether a time can be written: from 1970 to 9999 in UTC and in its zone, the zone within OM_ZONE_MAX_MINUTES. */
bool om_time_ok(int64_t ms, int32_t zone_minutes);

/* An RFC 3339 date-time with its zone, "2019-03-07T14:05:00.250+02:00" or "...Z", to milliseconds. OM_USAGE with a
 * sentence for anything else, also for a leap second, a finer fraction, and what om_time_ok refuses. */
enum om_code om_time_parse(int64_t *ms, int32_t *zone_minutes, const char *text, struct om_status *st);

/* RFC 3339 in the given zone ("Z" for zone 0), milliseconds only where they are not 0. A time that is not om_time_ok is
 * shown as "(no time: -5 ms)". CAP is at least OM_TIME_TEXT_BYTES. Returns OUT. */
char *om_time_format(char *out, size_t cap, int64_t ms, int32_t zone_minutes);

/* Whether the LEN bytes are two letters A-Z, the form of an ISO 3166-1 alpha-2 code. Which codes are countries changes
 * with the years and is for profiles to say, not for the ledger. */
bool om_country_ok(const char *country, size_t len);

#endif
