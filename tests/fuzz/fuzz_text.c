/* What people type: quantities, lot numbers, times, addresses; and base64. What is read is written, read again and is
 * the same. First byte: which reader. */
#include <stdio.h>

#include "daemon/io/settings.h"
#include "fuzz/fuzz.h"
#include "keys/base64.h"
#include "keys/keytext.h"
#include "keys/utf8.h"
#include "ledger/names.h"
#include "ledger/quantity.h"

static enum om_code mass(const char *text, struct om_status *st) {
  int64_t mg, again;
  char out[OM_MASS_TEXT_BYTES];
  enum om_code code = om_mass_parse(&mg, text, st);
  if (code != OM_OK) return code;
  OM_ASSERT(mg >= 0 && om_mass_parse(&again, om_mass_format(out, sizeof out, mg), st) == OM_OK && again == mg);
  return OM_OK;
}

static enum om_code fraction(const char *text, struct om_status *st) {
  struct om_decimal f, again;
  char out[OM_DECIMAL_TEXT_BYTES];
  enum om_code code = om_decimal_parse(&f, text, st);
  if (code != OM_OK) return code;
  OM_ASSERT(om_fraction_ok(f) && om_decimal_parse(&again, om_decimal_format(out, sizeof out, f), st) == OM_OK);
  OM_ASSERT(again.digits == f.digits && again.places == f.places);
  return OM_OK;
}

static enum om_code lot(const char *text, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES], again[OM_LOT_NUMBER_BYTES];
  char out[OM_LOT_TEXT_BYTES];
  enum om_code code = om_lot_parse(number, text, st);
  if (code != OM_OK) return code;
  OM_ASSERT(om_lot_parse(again, om_lot_format(out, sizeof out, number), st) == OM_OK &&
            memcmp(number, again, sizeof number) == 0);
  return OM_OK;
}

static enum om_code instant(const char *text, struct om_status *st) {
  int64_t ms, ms_again;
  int32_t zone, zone_again;
  char out[OM_TIME_TEXT_BYTES];
  enum om_code code = om_time_parse(&ms, &zone, text, st);
  if (code != OM_OK) return code;
  OM_ASSERT(om_time_ok(ms, zone) &&
            om_time_parse(&ms_again, &zone_again, om_time_format(out, sizeof out, ms, zone), st) == OM_OK);
  OM_ASSERT(ms == ms_again && zone == zone_again);
  return OM_OK;
}

static enum om_code day(const char *text, struct om_status *st) {
  int64_t ms;
  int32_t zone;
  char out[OM_TIME_TEXT_BYTES], midnight[OM_TIME_TEXT_BYTES];
  if (!om_day_ok(text, strlen(text))) return om_fail(st, OM_USAGE, NULL, "no day");
  snprintf(midnight, sizeof midnight, "%sT00:00:00Z", text);
  OM_ASSERT((strcmp(text, "1970") < 0) == (om_time_parse(&ms, &zone, midnight, st) != OM_OK)); /* of the same days */
  if (strcmp(text, "1970") >= 0) OM_ASSERT(strcmp(om_time_format(out, sizeof out, ms, 0), midnight) == 0);
  return OM_OK;
}

static enum om_code element(const char *text, struct om_status *st) {
  uint8_t z = om_element_parse(text);
  if (z == 0) return om_fail(st, OM_USAGE, NULL, "no element");
  OM_ASSERT(z <= OM_ELEMENT_MAX && om_element_parse(om_element_symbol(z)) == z);
  return OM_OK;
}

static enum om_code address(const char *text, struct om_status *st) {
  struct om_address a;
  enum om_code code = om_address_parse(&a, text, st);
  if (code == OM_OK) OM_ASSERT(a.host[0] && strlen(a.host) < OM_ADDRESS_HOST_BYTES && strstr(text, a.host));
  return code;
}

static enum om_code base64(const char *text, struct om_status *st) {
  uint8_t bytes[256];
  char again[OM_BASE64_BYTES(sizeof bytes)];
  size_t len;
  if (!om_base64_decode(bytes, sizeof bytes, &len, text, strlen(text)))
    return om_fail(st, OM_USAGE, NULL, "not base64");
  om_base64(again, sizeof again, bytes, len);
  OM_ASSERT(strcmp(text, again) == 0);
  return OM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static enum om_code (*const readers[])(const char *, struct om_status *) = {mass, fraction, lot,     instant,
                                                                              day,  element,  address, base64};
  struct om_status st = {0};
  uint8_t which = fuzz_byte(&data, &len) % 8;
  char *text = fuzz_text(data, len);
  if (!text) return 0;
  enum om_code code = readers[which](text, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_USAGE);
    OM_ASSERT(om_text_ok(st.text, strlen(st.text)));
  }
  free(text);
  return 0;
}
