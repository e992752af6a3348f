/* Random histories of several members: the bundle of any lot, checked with the genesis alone, says what a deep
 * verification says where it was written, and the same on every daemon. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/bundled.h"
#include "support/history.h"
#include "support/seed.h"

enum { HISTORIES = 3, STEPS = 60, LOTS = 12 };

static void test_bundles_say_what_stores_say(void **state) {
  (void)state;
  uint64_t seed = test_seed();
  for (uint64_t i = 0; i < test_times(HISTORIES); i++) {
    static struct history h;
    history_open(&h, seed + i);
    history_live(&h, STEPS);
    history_settle(&h);
    for (size_t k = 0; k < LOTS && k < h.n; k++) {
      const struct story *s = &h.stories[(k * 7 + i) % h.n];
      uint8_t number[OM_LOT_NUMBER_BYTES];
      struct om_hash last;
      network_lot(&h.net, number, &last, s->extracted.bytes, s->extracted.len, 0, 0);
      bundled_agrees(h.ledgers[k % HISTORY_DAEMONS], &h.net, number);
    }
    history_close(&h);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_bundles_say_what_stores_say)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
