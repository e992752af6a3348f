#include "ledger/quantity.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

static void sums_are_checked(void **state) {
  (void)state;
  int64_t x = 7;
  assert_true(om_mass_add(&x, OM_MASS_MAX_MG - 1, 1));
  assert_true(x == OM_MASS_MAX_MG);
  x = 7;
  assert_false(om_mass_add(&x, OM_MASS_MAX_MG, 1));
  assert_false(om_mass_add(&x, -1, 5));
  assert_false(om_mass_add(&x, 5, -1));
  assert_false(om_mass_add(&x, INT64_MIN, INT64_MIN));
  assert_int_equal(x, 7);
}

static void fractions_are_at_most_one(void **state) {
  (void)state;
  assert_true(om_fraction_ok((struct om_decimal){1, 0}));
  assert_true(om_fraction_ok((struct om_decimal){1000000000, 9}));
  assert_false(om_fraction_ok((struct om_decimal){1000000001, 9}));
  assert_false(om_fraction_ok((struct om_decimal){2, 0}));
  assert_false(om_fraction_ok((struct om_decimal){1, 10}));
  assert_false(om_fraction_ok((struct om_decimal){1, UINT32_MAX}));
}

/* Rounded value and the lowest and highest declaration that agrees; computed with exact rationals. */
static const struct {
  int64_t gross;
  struct om_decimal moisture, assay;
  int64_t contained, low, high;
} contents[] = {
    {INT64_C(20000000000), {0, 0}, {2845, 4}, INT64_C(5690000000), INT64_C(5688999999), INT64_C(5691000001)},
    {INT64_C(20000000000), {85, 3}, {2845, 4}, INT64_C(5206350000), INT64_C(5205434999), INT64_C(5207265001)},
    {INT64_C(20000000000), {85, 3}, {28450, 5}, INT64_C(5206350000), INT64_C(5206258499), INT64_C(5206441501)},
    {1000000, {0, 0}, {1, 0}, 1000000, 499999, 1000000},
    {0, {0, 0}, {5, 1}, 0, 0, 0},
    {7, {333, 3}, {5, 1}, 2, 2, 3},
    {INT64_MAX, {0, 0}, {1, 0}, INT64_MAX, INT64_C(4611686018427387903), INT64_MAX},
    {INT64_MAX, {0, 9}, {1000000000, 9}, INT64_MAX, INT64_C(9223372032243089788), INT64_MAX},
    {INT64_MAX, {1, 9}, {999999999, 9}, INT64_C(9223372018408031743), INT64_C(9223372013796345728),
     INT64_C(9223372023019717757)},
    {INT64_MAX, {123456789, 9}, {987654321, 9}, INT64_C(7984873226205781806), INT64_C(7984873222163439735),
     INT64_C(7984873230248123877)},
    {INT64_MAX, {1000000000, 9}, {1000000000, 9}, 0, 0, 0},
    {INT64_MAX, {5, 1}, {333333333, 9}, INT64_C(1537228671271900628), INT64_C(1537228668966057619),
     INT64_C(1537228673577743638)},
    {1, {0, 0}, {5, 1}, 1, 0, 1},
    {3, {5, 1}, {1, 0}, 2, 0, 2},
    {INT64_MAX - 1, {999999999, 9}, {1, 9}, 9, 4, 14},
};

static void content_agrees_to_the_last_digit(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
    int64_t gross = contents[i].gross, low = contents[i].low, high = contents[i].high;
    struct om_decimal moisture = contents[i].moisture, assay = contents[i].assay;
    assert_true(om_contained(gross, moisture, assay) == contents[i].contained);
    assert_true(om_contained_agrees(contents[i].contained, gross, moisture, assay));
    assert_true(om_contained_agrees(low, gross, moisture, assay));
    assert_true(om_contained_agrees(high, gross, moisture, assay));
    if (low > 0) assert_false(om_contained_agrees(low - 1, gross, moisture, assay));
    if (high < INT64_MAX) assert_false(om_contained_agrees(high + 1, gross, moisture, assay));
  }
  struct om_decimal none = {0, 0}, half = {5, 1};
  assert_false(om_contained_agrees(-1, 10, none, half));
  assert_false(om_contained_agrees(0, -10, none, half));
  assert_false(om_contained_agrees(5, 10, (struct om_decimal){2, 0}, half));
  assert_false(om_contained_agrees(5, 10, none, (struct om_decimal){5, 10}));
}

static void tolerance_is_exact(void **state) {
  (void)state;
  assert_true(om_within_tolerance(1000, 1000, 0));
  assert_false(om_within_tolerance(1001, 1000, 0));
  assert_true(om_within_tolerance(1005, 1000, 5000));
  assert_false(om_within_tolerance(1005, 1000, 4999));
  assert_false(om_within_tolerance(1006, 1000, 5999));
  assert_true(om_within_tolerance(INT64_MAX, INT64_MAX, UINT32_MAX));
  assert_true(om_within_tolerance(INT64_MAX, INT64_MAX, 0));
  assert_false(om_within_tolerance(INT64_MAX, INT64_MAX - 1, 0));
  assert_false(om_within_tolerance(INT64_MAX, 0, UINT32_MAX));
  assert_false(om_within_tolerance(-1, 0, 0));
  assert_false(om_within_tolerance(0, -1, 0));
}

static void mass_text_is_read(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t mg;
  } good[] = {
      {"20 t", INT64_C(20000000000)},
      {"19.400t", INT64_C(19400000000)},
      {" 1234.5 kg \n", 1234500000},
      {"0 mg", 0},
      {"0.000000001 t", 1},
      {"1.5000000000000000000000 kg", 1500000},
      {"0.000000000001 kt", 1},
      {"9223372036.854775807 t", INT64_MAX},
      {"9223.372036854775000000 kt", INT64_C(9223372036854775)},
      {"007 g", 7000},
      {"1 ozt", 31103},
      {"2 ozt", 62207},
      {"625 oz t", 19439673},
      {"400.0005 ozt", 12441406}, /* 12,441,406.27... */
  };
  struct om_status st;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    int64_t mg = -1;
    om_status_clear(&st);
    if (om_mass_parse(&mg, good[i].text, &st) != OM_OK || mg != good[i].mg)
      fail_msg("\"%s\": %lld, %s", good[i].text, (long long)mg, st.text);
  }
}

static void bad_mass_text_says_what_to_write(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"1,234.5 kg", "write 1234.5 kg"},
      {"1.234,5 kg", "write 1234.5 kg"},
      {"1 234 kg", "write 1234 kg"},
      {"1'234'567 kg", "write 1234567 kg"},
      {"1.234.567 kg", "write 1234567 kg"},
      {"1_000 t", "write 1000 t"},
      {"1,5 t", "write 1.5 t"},
      {"1,234 t", "write 1234 t or 1.234 t"},
      {"1\xC2\xA0""234 kg", "no-break space"},
      {"20", "no unit: write 20 kg"},
      {"20 lb", "unknown unit \"lb\""},
      {"20 Mg", "unknown unit \"Mg\""},
      {"20 T", "unknown unit \"T\""},
      {"", "empty"},
      {"  ", "empty"},
      {"t", "does not begin with a digit"},
      {".5 t", "does not begin with a digit"},
      {"+5 t", "does not begin with a digit"},
      {"nan t", "does not begin with a digit"},
      {"-5 t", "negative"},
      {"5. t", "needs a digit"},
      {"5.t", "needs a digit"},
      {"1e3 t", "exponent"},
      {"1E-3 t", "exponent"},
      {"1.5 mg", "at most 0 decimals"},
      {"0.0000000001 t", "at most 9 decimals"},
      {"1.00000000000000000000000001 t", "at most 9 decimals"},
      {"9223372036.854775808 t", "more than the ledger can hold"},
      {"9223372.036854775808 kt", "more than the ledger can hold"},
      {"99999999999999999999999999999 mg", "more than the ledger can hold"},
      {"18446744073709551617 mg", "more than the ledger can hold"},
      {"9999999999999999999 kt", "more than the ledger can hold"},
      {"9999999999999999999 ozt", "more than the ledger can hold"},
      {"0000000000000000000000000000000000000000000000000000000000000000001 t", "at most 64"},
      {"20 t\x1b[31m", "not plain ASCII"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct om_status st = {0};
    int64_t mg = -7;
    assert_int_equal(om_mass_parse(&mg, bad[i][0], &st), OM_USAGE);
    assert_int_equal(mg, -7);
    if (strstr(st.text, bad[i][1]) == NULL) fail_msg("\"%s\": %s", bad[i][0], st.text);
  }
}

static void mass_text_goes_round(void **state) {
  (void)state;
  static const struct {
    int64_t mg;
    const char *text;
  } known[] = {
      {INT64_C(20000000000), "20.000 t"}, {INT64_C(19400500000), "19.400500 t"},
      {1, "1 mg"},                        {0, "0 mg"},
      {1000, "1.000 g"},                  {1000001, "1.000001 kg"},
      {999999999, "999.999999 kg"},       {INT64_MAX, "9223372036.854775807 t"},
      {-1500, "-1.500 g"},                {INT64_MIN, "-9223372036.854775808 t"},
  };
  char text[OM_MASS_TEXT_BYTES];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    assert_string_equal(om_mass_format(text, sizeof text, known[i].mg), known[i].text);
  struct om_status st;
  uint64_t x = 88172645463325252u;
  for (int i = 0; i < 100000; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64, Marsaglia 2003 */
    int64_t mg = (int64_t)(x >> (1 + x % 60)), back = -1;
    if (i % 3 == 0) mg -= mg % 1000000;
    assert_int_equal(om_mass_parse(&back, om_mass_format(text, sizeof text, mg), &st), OM_OK);
    assert_true(back == mg);
  }
}

static void fraction_text_keeps_its_precision(void **state) {
  (void)state;
  static const struct {
    const char *text;
    struct om_decimal value;
    const char *shown;
  } good[] = {
      {"28.45 %", {2845, 4}, "28.45 %"},  {"0.2845", {2845, 4}, "28.45 %"},
      {"28.450%", {28450, 5}, "28.450 %"}, {"100 %", {100, 2}, "100 %"},
      {"1", {1, 0}, "1"},                 {"0.5", {5, 1}, "0.5"},
      {"0", {0, 0}, "0"},                 {"0.00 %", {0, 4}, "0.00 %"},
      {"12.5 g/t", {125, 7}, "12.5 g/t"}, {"12.5 ppm", {125, 7}, "12.5 g/t"},
      {"99 g/t", {99, 6}, "99 g/t"},      {"100 g/t", {100, 6}, "0.0100 %"},
      {"99.9999999 %", {999999999, 9}, "99.9999999 %"},
      {"1.000000000", {1000000000, 9}, "100.0000000 %"},
      {"1000000 ppm", {1000000, 6}, "100.0000 %"},
  };
  struct om_status st;
  char text[OM_DECIMAL_TEXT_BYTES];
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    struct om_decimal value = {77, 77};
    assert_int_equal(om_decimal_parse(&value, good[i].text, &st), OM_OK);
    assert_true(value.digits == good[i].value.digits && value.places == good[i].value.places);
    assert_string_equal(om_decimal_format(text, sizeof text, value), good[i].shown);
  }
  for (uint32_t places = 0; places <= OM_PLACES_MAX; places++) {
    uint64_t one = 1;
    for (uint32_t i = 0; i < places; i++) one *= 10;
    for (uint64_t digits = 0; digits <= one; digits += one / 997 + 1) {
      struct om_decimal back = {77, 77};
      om_decimal_format(text, sizeof text, (struct om_decimal){digits, places});
      assert_int_equal(om_decimal_parse(&back, text, &st), OM_OK);
      if (back.digits != digits || back.places != places) fail_msg("%s", text);
    }
  }
}

static void bad_fraction_text_says_why(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"28.45", "write % after"},    {"100.01 %", "more than the whole"}, {"1.1", "more than the whole"},
      {"1000001 ppm", "the whole"},  {"0,2845", "write 0.2845"},          {"28,45 %", "write 28.45 %"},
      {"0.2845 t", "unknown unit"},  {"-0.1", "negative"},                {"0.1234567890", "at most 9"},
      {"1.12345678 %", "at most 7"}, {"", "empty"},                       {"18446744073709551616 %", "the whole"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct om_status st = {0};
    struct om_decimal value = {77, 77};
    assert_int_equal(om_decimal_parse(&value, bad[i][0], &st), OM_USAGE);
    assert_int_equal(value.places, 77);
    if (strstr(st.text, bad[i][1]) == NULL) fail_msg("\"%s\": %s", bad[i][0], st.text);
  }
}

static void elements_are_known(void **state) {
  (void)state;
  assert_int_equal(om_element_parse("Cu"), 29);
  assert_int_equal(om_element_parse("cu"), 29);
  assert_int_equal(om_element_parse("Copper"), 29);
  assert_int_equal(om_element_parse("sulphur"), 16);
  assert_int_equal(om_element_parse("aluminum"), 13);
  assert_int_equal(om_element_parse("tungsten"), 74);
  assert_int_equal(om_element_parse("Au"), 79);
  assert_int_equal(om_element_parse("U"), 92);
  assert_int_equal(om_element_parse("Og"), 118);
  assert_int_equal(om_element_parse("coltan"), 0);
  assert_int_equal(om_element_parse(""), 0);
  for (uint8_t z = 1; z <= OM_ELEMENT_MAX; z++) assert_int_equal(om_element_parse(om_element_symbol(z)), z);
  assert_null(om_element_symbol(0));
  assert_null(om_element_symbol(OM_ELEMENT_MAX + 1));
  assert_null(om_element_symbol(255));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_are_checked),
      cmocka_unit_test(fractions_are_at_most_one),
      cmocka_unit_test(content_agrees_to_the_last_digit),
      cmocka_unit_test(tolerance_is_exact),
      cmocka_unit_test(mass_text_is_read),
      cmocka_unit_test(bad_mass_text_says_what_to_write),
      cmocka_unit_test(mass_text_goes_round),
      cmocka_unit_test(fraction_text_keeps_its_precision),
      cmocka_unit_test(bad_fraction_text_says_why),
      cmocka_unit_test(elements_are_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
