#include "ledger/names.h"

#include <stdio.h>
#include <string.h>

#include "support/seed.h"
#include "support/test.h"

/* The bytes 0, 13, 26, ... 247 and their check character, computed with another program. */
#define LOT_TEXT "OM-006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-1"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Edges, and numbers like those that the ledger makes. */
enum { SAMPLES = 12 };

static void sample(uint8_t number[OM_LOT_NUMBER_BYTES], int i) {
  static uint64_t random_state;
  if (random_state == 0) random_state = test_seed();
  for (size_t k = 0; k < OM_LOT_NUMBER_BYTES; k++) number[k] = (uint8_t)test_random(&random_state);
  if (i < 2) memset(number, i == 0 ? 0 : 0xFF, OM_LOT_NUMBER_BYTES);
}

static void lot_text_is_pinned(void **state) {
  (void)state;
  uint8_t number[OM_LOT_NUMBER_BYTES], back[OM_LOT_NUMBER_BYTES];
  char text[OM_LOT_TEXT_BYTES];
  struct om_status st;
  for (size_t i = 0; i < sizeof number; i++) number[i] = (uint8_t)(i * 13);
  assert_string_equal(om_lot_format(text, sizeof text, number), LOT_TEXT);
  assert_int_equal(strlen(text), OM_LOT_TEXT_BYTES - 1);
  assert_int_equal(om_lot_parse(back, text, &st), OM_OK);
  assert_memory_equal(back, number, sizeof number);
}

static void lot_text_is_read_as_people_write_it(void **state) {
  (void)state;
  static const char *const forms[] = {
      LOT_TEXT,
      LOT_TEXT "\n",
      "om-006h-m9sm-8575-pt3n-ga7s-sadp-rf8d-vtqq-1",
      "OM006HM9SM8575PT3NGA7SSADPRF8DVTQQ1",
      " 0m 006h m9sm 8575 pt3n ga7s sadp rf8d vtqq 1",
      "oo6hm9sm8575pt3nga7ssadprf8dvtqqi",
      "OM-OO6H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ-L",
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    uint8_t back[OM_LOT_NUMBER_BYTES];
    struct om_status st = {0};
    if (om_lot_parse(back, forms[i], &st) != OM_OK) fail_msg("%s: %s", forms[i], st.text);
    for (size_t k = 0; k < sizeof back; k++) assert_int_equal(back[k], (uint8_t)(k * 13));
  }
}

static void a_number_that_begins_like_the_scheme(void **state) {
  (void)state;
  uint8_t number[OM_LOT_NUMBER_BYTES] = {0x05, 0x00, 0x12}, back[OM_LOT_NUMBER_BYTES]; /* its text begins with 0M */
  char text[OM_LOT_TEXT_BYTES], bare[OM_LOT_TEXT_BYTES];
  struct om_status st;
  om_lot_format(text, sizeof text, number);
  assert_memory_equal(text, "OM-0M", 5);
  size_t n = 0;
  for (const char *s = text + 3; *s != '\0'; s++)
    if (*s != '-') bare[n++] = *s;
  bare[n] = '\0';
  assert_int_equal(om_lot_parse(back, bare, &st), OM_OK);
  assert_memory_equal(back, number, sizeof number);
  assert_int_equal(om_lot_parse(back, text, &st), OM_OK);
  assert_memory_equal(back, number, sizeof number);
}

static void every_number_goes_round(void **state) {
  (void)state;
  for (int i = 0; i < 2000; i++) {
    uint8_t number[OM_LOT_NUMBER_BYTES], back[OM_LOT_NUMBER_BYTES];
    char text[OM_LOT_TEXT_BYTES];
    struct om_status st;
    sample(number, i);
    assert_int_equal(om_lot_parse(back, om_lot_format(text, sizeof text, number), &st), OM_OK);
    assert_memory_equal(back, number, sizeof number);
  }
}

static void refused_by_check(const char *text) {
  uint8_t back[OM_LOT_NUMBER_BYTES];
  struct om_status st = {0};
  if (om_lot_parse(back, text, &st) != OM_USAGE) fail_msg("taken: %s", text);
  assert_non_null(strstr(st.text, "check character"));
}

static void every_wrong_character_is_noticed(void **state) {
  (void)state;
  for (int i = 0; i < SAMPLES; i++) {
    uint8_t number[OM_LOT_NUMBER_BYTES];
    char text[OM_LOT_TEXT_BYTES];
    sample(number, i);
    om_lot_format(text, sizeof text, number);
    for (char *s = text + 3; *s != '\0'; s++) {
      if (*s == '-') continue;
      char right = *s;
      for (const char *c = alphabet; *c != '\0'; c++)
        if (*c != right) {
          *s = *c;
          refused_by_check(text);
        }
      *s = right;
    }
  }
}

static void every_swap_is_noticed(void **state) {
  (void)state;
  for (int i = 0; i < SAMPLES; i++) {
    uint8_t number[OM_LOT_NUMBER_BYTES];
    char text[OM_LOT_TEXT_BYTES], bare[OM_LOT_TEXT_BYTES];
    sample(number, i);
    om_lot_format(text, sizeof text, number);
    size_t n = 0;
    for (const char *s = text + 3; *s != '\0'; s++)
      if (*s != '-') bare[n++] = *s;
    bare[n] = '\0';
    for (size_t a = 0; a < n; a++)
      for (size_t b = a + 1; b < n && b <= a + 30; b++) {
        if (bare[a] == bare[b]) continue;
        char keep = bare[a];
        bare[a] = bare[b], bare[b] = keep;
        refused_by_check(bare);
        keep = bare[a];
        bare[a] = bare[b], bare[b] = keep;
      }
  }
}

static void other_lot_text_is_refused(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"", "here are 0"},
      {"OM-", "here are 0"},
      {"OM-006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQ-1", "left out"},
      {"OM-006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTQQ7-1", "typed twice"},
      {"OM-006H-M9SM-8575-PT3N-GA7S-SADP-RF8D-VTUQ-1", "'U'"},
      {"OM-000D-0T17\x1b", "character 13"},
      {"\xC3\x9C", "character 1 "},
      {"urn:epc:class:lgtin:4012345.012345.998877", "'u'"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    uint8_t back[OM_LOT_NUMBER_BYTES];
    struct om_status st = {0};
    assert_int_equal(om_lot_parse(back, bad[i][0], &st), OM_USAGE);
    if (strstr(st.text, bad[i][1]) == NULL) fail_msg("\"%s\": %s", bad[i][0], st.text);
  }
}

/* The hash part was computed with another program (hashlib of Python 3.11). */
static void lot_numbers_are_made_by_the_rule(void **state) {
  (void)state;
  static const uint8_t want[OM_LOT_NUMBER_BYTES] = {
      0x01, 0x02, 0x03, 0x04, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
      0xF4, 0xCF, 0x4A, 0xEC, 0x59, 0x2C, 0x58, 0x96, 0x88, 0xF3,
  };
  struct om_hash id;
  uint8_t number[OM_LOT_NUMBER_BYTES], other[OM_LOT_NUMBER_BYTES];
  for (size_t i = 0; i < OM_HASH_BYTES; i++) id.bytes[i] = (uint8_t)i;
  om_lot_number_make(number, 0x01020304, UINT64_C(0x0A0B0C0D0E0F), &id, 0x0102, 0x0304);
  assert_memory_equal(number, want, sizeof want);
  om_lot_number_make(other, 0x01020304, UINT64_C(0x0A0B0C0D0E0F), &id, 0x0304, 0x0102);
  assert_memory_not_equal(number, other, sizeof number);
  om_lot_number_make(other, UINT32_MAX, OM_SIGNED_MAX_MS, &id, 0, 0);
  for (size_t i = 0; i < 10; i++) assert_int_equal(other[i], 0xFF);
}

static void times_are_read_and_shown(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ms;
    int32_t zone;
    const char *shown; /* NULL: as written */
  } good[] = {
      {"1970-01-01T00:00:00Z", 0, 0, NULL},
      {"2019-03-07T14:05:00.250+02:00", INT64_C(1551960300250), 120, NULL},
      {"2000-02-29T23:59:59-05:00", INT64_C(951886799000), -300, NULL},
      {"9999-12-31T23:59:59.999Z", OM_TIME_MAX_MS, 0, NULL},
      {"2026-11-23t07:00:00z", INT64_C(1795417200000), 0, "2026-11-23T07:00:00Z"},
      {"2026-11-23 07:00:00+00:00", INT64_C(1795417200000), 0, "2026-11-23T07:00:00Z"},
      {"2026-11-23T07:00:00-00:00", INT64_C(1795417200000), 0, "2026-11-23T07:00:00Z"},
      {"2026-11-23T12:30:00.5+05:30", INT64_C(1795417200500), 330, "2026-11-23T12:30:00.500+05:30"},
      {"2026-11-23T07:00:00.00700000Z", INT64_C(1795417200007), 0, "2026-11-23T07:00:00.007Z"},
      {"2026-11-23T21:00:00+14:00", INT64_C(1795417200000), 840, NULL},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    int64_t ms = -7;
    int32_t zone = -7;
    char text[OM_TIME_TEXT_BYTES];
    struct om_status st = {0};
    if (om_time_parse(&ms, &zone, good[i].text, &st) != OM_OK) fail_msg("%s: %s", good[i].text, st.text);
    assert_true(ms == good[i].ms);
    assert_int_equal(zone, good[i].zone);
    om_time_format(text, sizeof text, ms, zone);
    assert_string_equal(text, good[i].shown != NULL ? good[i].shown : good[i].text);
  }
}

static void other_times_are_refused(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"2016-12-31T23:59:60Z", "leap seconds are not taken"},
      {"2019-02-29T00:00:00Z", "no such day"},
      {"2100-02-29T00:00:00Z", "no such day"},
      {"2019-00-10T00:00:00Z", "no such month"},
      {"2019-13-10T00:00:00Z", "no such month"},
      {"2019-04-31T00:00:00Z", "no such day"},
      {"2019-04-00T00:00:00Z", "no such day"},
      {"1969-12-31T23:59:59Z", "1970"},
      {"1970-01-01T00:00:00+00:01", "1970"},
      {"9999-12-31T23:59:59-00:01", "9999"},
      {"2019-03-07", "time of day is missing"},
      {"2019-03-07T14:05:00", "zone is missing"},
      {"2019-03-07T14:05:00+2", "zone is missing"},
      {"2019-03-07T14:05:00+0200", "zone is missing"},
      {"2019-03-07T14:05:00+14:01", "so far from UTC"},
      {"2019-03-07T14:05:00+01:60", "so far from UTC"},
      {"2019-03-07T14:05Z", "with seconds"},
      {"2019-03-07T24:00:00Z", "no such time"},
      {"2019-03-07T14:60:00Z", "no such time"},
      {"2019-03-07T14:05:61Z", "no such time"},
      {"2019-03-07T14:05:00.Z", "a digit after it"},
      {"2019-03-07T14:05:00.0001Z", "finer than a millisecond"},
      {"2019-03-07T14:05:00Z ", "something follows"},
      {"2019-03-07_14:05:00Z", "stands a T"},
      {"07.03.2019 14:05", "year-month-day"},
      {"10000-01-01T00:00:00Z", "year-month-day"},
      {"-019-01-01T00:00:00Z", "year-month-day"},
      {"2019-03-07T14:05:00Z\xC2\xA0", "ASCII"},
      {"", "year-month-day"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t ms = -7;
    int32_t zone = -7;
    struct om_status st = {0};
    assert_int_equal(om_time_parse(&ms, &zone, bad[i][0], &st), OM_USAGE);
    assert_int_equal(ms, -7);
    assert_int_equal(zone, -7);
    if (strstr(st.text, bad[i][1]) == NULL) fail_msg("\"%s\": %s", bad[i][0], st.text);
  }
  char text[OM_TIME_TEXT_BYTES];
  assert_string_equal(om_time_format(text, sizeof text, -5, 0), "(no time: -5 ms)");
  assert_string_equal(om_time_format(text, sizeof text, INT64_MIN, INT32_MIN), "(no time: -9223372036854775808 ms)");
  assert_false(om_time_ok(0, -1));
  assert_false(om_time_ok(OM_TIME_MAX_MS, 1));
  assert_false(om_time_ok(INT64_MAX, 0));
  assert_true(om_time_ok(60000, -1));
}

/* Every day from 1970 to 9999 follows the one before. */
static void the_calendar_has_no_gap(void **state) {
  (void)state;
  int year = 1970, month = 1, day = 1;
  for (int64_t ms = 0; ms <= OM_TIME_MAX_MS; ms += 86400000) {
    char want[OM_TIME_TEXT_BYTES], got[OM_TIME_TEXT_BYTES];
    int64_t back = -1;
    int32_t zone = -1;
    struct om_status st;
    snprintf(want, sizeof want, "%04d-%02d-%02dT00:00:00Z", year, month, day);
    assert_int_equal(om_time_parse(&back, &zone, want, &st), OM_OK);
    assert_true(back == ms && zone == 0);
    assert_string_equal(om_time_format(got, sizeof got, ms, 0), want);
    /* the parser knows where a month ends */
    snprintf(want, sizeof want, "%04d-%02d-%02dT00:00:00Z", year, month, day + 1);
    if (day < 31 && om_time_parse(&back, &zone, want, &st) == OM_OK) {
      day++;
      continue;
    }
    day = 1;
    assert_true(month == 2 ||
                (month == 4 || month == 6 || month == 9 || month == 11) == (strncmp(want + 8, "31", 2) == 0));
    month = month % 12 + 1;
    year += month == 1;
  }
  assert_int_equal(year, 10000);
}

static void countries_are_two_capitals(void **state) {
  (void)state;
  assert_true(om_country_ok("PE", 2));
  assert_false(om_country_ok("pe", 2));
  assert_false(om_country_ok("P", 1));
  assert_false(om_country_ok("PER", 3));
  assert_false(om_country_ok("P\0", 2));
  assert_false(om_country_ok("", 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lot_text_is_pinned),
      cmocka_unit_test(lot_text_is_read_as_people_write_it),
      cmocka_unit_test(a_number_that_begins_like_the_scheme),
      cmocka_unit_test(every_number_goes_round),
      cmocka_unit_test(every_wrong_character_is_noticed),
      cmocka_unit_test(every_swap_is_noticed),
      cmocka_unit_test(other_lot_text_is_refused),
      cmocka_unit_test(lot_numbers_are_made_by_the_rule),
      cmocka_unit_test(times_are_read_and_shown),
      cmocka_unit_test(other_times_are_refused),
      cmocka_unit_test(the_calendar_has_no_gap),
      cmocka_unit_test(countries_are_two_capitals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
