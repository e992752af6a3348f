/* Commitments to confidential details, and what an event may say of them. */
#include "support/test.h"

#include <string.h>

#include "ledger/details.h"

static struct om_detail make(const char *value) {
  struct om_detail d = {.event = 0x0102, .index = 3, .what = OREMARK__DETAIL_KIND__DETAIL_KIND_PRICE};
  for (uint8_t i = 0; i < sizeof d.nonce; i++) d.nonce[i] = i;
  for (uint8_t i = 0; i < sizeof d.salt; i++) d.salt[i] = (uint8_t)(0x80 + i);
  d.value = (struct om_span){value, strlen(value)};
  return d;
}

/* The bytes, put together by hand. */
static void the_bytes(void **state) {
  uint8_t bytes[200];
  size_t n = 0;
  struct om_hash by_hand, made;
  struct om_detail d = make("17.25 EUR/kg");
  (void)state;
  memcpy(bytes, "oremark/v1/detail", 18), n = 18;
  memcpy(bytes + n, d.nonce, 16), n += 16;
  bytes[n++] = 1, bytes[n++] = 2, bytes[n++] = 3, bytes[n++] = 2;
  memcpy(bytes + n, d.salt, 32), n += 32;
  memcpy(bytes + n, "17.25 EUR/kg", 12), n += 12;
  om_sha256(&by_hand, bytes, n);
  om_detail_commitment(&made, &d);
  assert_true(om_hash_equal(&by_hand, &made));
}

/* Every part of it counts: a value can't be moved to another place, and a guess can't be checked without the salt. */
static void every_part_counts(void **state) {
  struct om_hash first, other;
  struct om_detail d = make("100");
  (void)state;
  om_detail_commitment(&first, &d);
  struct om_detail changed[7];
  for (size_t i = 0; i < 7; i++) changed[i] = d;
  changed[0].nonce[15] ^= 1;
  changed[1].event ^= 1;
  changed[2].index ^= 1;
  changed[3].what = OREMARK__DETAIL_KIND__DETAIL_KIND_NOTE;
  changed[4].salt[31] ^= 1;
  changed[5].value = (struct om_span){"101", 3};
  changed[6].value = (struct om_span){"1000", 4};
  for (size_t i = 0; i < 7; i++) {
    om_detail_commitment(&other, &changed[i]);
    assert_false(om_hash_equal(&first, &other));
  }
}

struct one {
  Oremark__Event event;
  Oremark__Document documents[2], *document_list[2];
  Oremark__SealedDetail details[OM_DETAILS_MAX + 1], *detail_list[OM_DETAILS_MAX + 1];
  uint8_t commitment[OM_HASH_BYTES];
};

static void event_with(struct one *one, size_t n, size_t holding) {
  memset(one, 0, sizeof *one);
  oremark__event__init(&one->event);
  for (size_t i = 0; i < 2; i++) {
    oremark__document__init(&one->documents[i]);
    one->documents[i].sealed = i < holding;
    one->document_list[i] = &one->documents[i];
  }
  for (size_t i = 0; i <= OM_DETAILS_MAX; i++) {
    oremark__sealed_detail__init(&one->details[i]);
    one->details[i].what = OREMARK__DETAIL_KIND__DETAIL_KIND_CONTRACT;
    one->details[i].commitment = (ProtobufCBinaryData){OM_HASH_BYTES, one->commitment};
    one->detail_list[i] = &one->details[i];
  }
  one->event.documents = one->document_list;
  one->event.n_documents = 2;
  one->event.sealed = one->detail_list;
  one->event.n_sealed = n;
}

static enum om_code form(const struct one *one) {
  struct om_status st;
  return om_details_form(&one->event, &st);
}

static void forms(void **state) {
  struct one one;
  (void)state;
  for (size_t n = 0; n <= OM_DETAILS_MAX + 1; n++)
    for (size_t holding = 0; holding <= 2; holding++) {
      event_with(&one, n, holding);
      bool good = n <= OM_DETAILS_MAX && holding == (n > 0 ? 1u : 0u);
      assert_int_equal(form(&one), good ? OM_OK : OM_REFUSED);
    }
  event_with(&one, 2, 1);
  one.details[1].what = OREMARK__DETAIL_KIND__DETAIL_KIND_UNSTATED;
  assert_int_equal(form(&one), OM_REFUSED);
  one.details[1].what = (Oremark__DetailKind)99;
  assert_int_equal(form(&one), OM_REFUSED);
  event_with(&one, 2, 1);
  one.details[1].commitment.len = 31;
  assert_int_equal(form(&one), OM_REFUSED);
  event_with(&one, 2, 1);
  assert_ptr_equal(om_details_document(&one.event), &one.documents[0]);
  event_with(&one, 0, 0);
  assert_null(om_details_document(&one.event));
}

static void text(void **state) {
  struct one one;
  struct om_text line;
  (void)state;
  event_with(&one, 2, 1);
  one.details[1].what = OREMARK__DETAIL_KIND__DETAIL_KIND_PRICE;
  om_text_clear(&line);
  om_details_text(&line, &one.event);
  assert_string_equal(line.bytes, "; sealed: contract, price");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_bytes), cmocka_unit_test(every_part_counts),
                                     cmocka_unit_test(forms), cmocka_unit_test(text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
