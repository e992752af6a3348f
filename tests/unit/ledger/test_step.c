/* What is found in an event's bytes without taking them apart is what stands in the event. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/step.h"
#include "support/attest.h"

static Oremark__LotRef *numbered(struct custody *c, uint8_t mark) {
  Oremark__LotRef *ref = at_place(c, 0, 0);
  uint8_t number[OM_LOT_NUMBER_BYTES] = {1, 2, mark}, last[OM_HASH_BYTES] = {mark};
  ref->number = (ProtobufCBinaryData){sizeof number, om_arena_copy(&c->arena, number, sizeof number)};
  ref->last_event = (ProtobufCBinaryData){sizeof last, om_arena_copy(&c->arena, last, sizeof last)};
  return ref;
}

static struct om_bytes packed(struct custody *c, const Oremark__Event *event) {
  size_t len = oremark__event__get_packed_size(event);
  uint8_t *bytes = om_arena_alloc(&c->arena, len);
  oremark__event__pack(event, bytes);
  return (struct om_bytes){bytes, len};
}

/* Whether the inputs of EVENT are found; then they are those that it names. */
static bool found(struct custody *c, Oremark__Event *event) {
  const uint8_t *numbers[OM_EVENT_REFS_MAX];
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  size_t n;
  event->at_ms = 1795457610647;
  event->zone_min = -180;
  if (!om_find_inputs(numbers, &n, packed(c, event))) return false;
  assert_int_equal(n, om_event_refs(refs, event));
  for (size_t i = 0; i < n; i++) assert_memory_equal(numbers[i], refs[i]->number.data, OM_LOT_NUMBER_BYTES);
  return true;
}

static void inputs_are_found(void **state) {
  struct custody *c = *state;
  Oremark__LotRef *a = numbered(c, 1), *b = numbered(c, 2), *placed = at_place(c, 1, 2);
  Oremark__Material **parts = MATERIALS(copper(c, 10, 5), copper(c, 300, 200)), *whole = copper(c, 310, 205);
  Oremark__Process smelt = OREMARK__PROCESS__PROCESS_SMELT;
  assert_true(found(c, extract(c, 1, parts)));
  assert_true(found(c, collect(c, 1, OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER, parts)));
  assert_true(found(c, declare(c, 1, parts)));
  assert_true(found(c, split(c, a, parts)));
  assert_true(found(c, combine(c, LOTS(a, b), whole)));
  assert_true(found(c, transform(c, smelt, LOTS(b, a), parts, LOSSES(loss(c, CU, 3)))));
  assert_false(found(c, split(c, placed, parts))); /* by its place: that takes the events before it */
  assert_false(found(c, combine(c, LOTS(a, placed), whole)));
  assert_false(found(c, charge(c, a, LOTS(b)))); /* a pool goes on */
  assert_false(found(c, draw(c, a, parts, LOSSES(NULL))));
  assert_false(found(c, ship(c, TRADER, true, LOTS(a))));
  assert_false(found(c, flag(c, about_member(c, MINE))));
}

/* Cut anywhere, the bytes are never read beyond their end, nor taken for the whole event. */
static void what_is_cut_is_not_taken_for_whole(void **state) {
  struct custody *c = *state;
  Oremark__Event *event = combine(c, LOTS(numbered(c, 1), numbered(c, 2)), copper(c, 310, 205));
  struct om_bytes whole = packed(c, event);
  const uint8_t *numbers[OM_EVENT_REFS_MAX];
  size_t n;
  assert_true(om_find_inputs(numbers, &n, whole));
  for (size_t len = 0; len < whole.len; len++) {
    uint8_t *cut = malloc(len + 1);
    assert_non_null(cut);
    memcpy(cut + 1, whole.data, len);
    assert_false(om_find_inputs(numbers, &n, (struct om_bytes){cut + 1, len}));
    free(cut);
  }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(inputs_are_found),
      TEST(what_is_cut_is_not_taken_for_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
