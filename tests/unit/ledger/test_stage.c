/* What one statement may ask of every daemon. */
#include "support/test.h"

#include <string.h>

#include "support/custody.h"

enum {
  FAT = 200,
  PER_LOT = OM_LOT_METALS_MAX * OM_MIX_MAX_SHARES
}; /* 200 lots with all the shares that a lot can have */

/* Puts lot NUMBER as full of origins as can be into the hands of SMELTER, a gram of each. */
static struct lot_name fat_lot(struct custody *c, uint8_t number) {
  struct lot_name name = {{SMELTER, number}};
  struct om_content *contents = om_arena_array(&c->arena, OM_LOT_METALS_MAX, sizeof *contents);
  for (uint8_t e = 0; e < OM_LOT_METALS_MAX; e++) {
    struct om_share *shares = om_arena_array(&c->arena, OM_MIX_MAX_SHARES, sizeof *shares);
    for (uint32_t i = 0; i < OM_MIX_MAX_SHARES; i++)
      shares[i] = (struct om_share){{OM_ORIGIN_MINE, {'P', 'E'}, MINE, i + 1}, 1000};
    contents[e] = (struct om_content){(uint8_t)(e + 1), INT64_C(1000) * OM_MIX_MAX_SHARES, {OM_MIX_MAX_SHARES, shares}};
  }
  struct om_lot *lot = om_arena_alloc(&c->arena, sizeof *lot);
  *lot = (struct om_lot){.step = 1,
                         .state = OM_LOT_HELD,
                         .custodian = SMELTER,
                         .pen = SMELTER,
                         .owner = SMELTER,
                         .site = 1,
                         .at = {.log = SMELTER},
                         .gross_mg = T,
                         .n_contents = OM_LOT_METALS_MAX,
                         .contents = contents};
  memcpy(lot->number, name.number, sizeof lot->number);
  struct om_stage stage = {.rows = &lot, .n_rows = 1};
  om_replay_apply(&c->replay, &stage);
  return name;
}

static void test_a_statement_moves_so_many_origins_and_no_more(void **state) {
  (void)state;
  struct custody c;
  Oremark__LotRef *refs[FAT + 1] = {NULL};
  custody_open(&c);
  for (uint8_t i = 0; i < FAT; i++) refs[i] = at_last(&c, fat_lot(&c, i));
  refs[OM_STATEMENT_SHARES_MAX / PER_LOT + 1] = NULL;
  REFUSE(&c, "origins", SMELTER, retire(&c, refs));
  refs[OM_STATEMENT_SHARES_MAX / PER_LOT] = NULL;
  ADMIT(&c, SMELTER, retire(&c, refs));
  custody_close(&c);
}

/* Each part takes its share of every origin. */
static void test_a_split_into_many_counts_for_each_part(void **state) {
  (void)state;
  struct custody c;
  Oremark__Material *parts[FAT + 1] = {NULL};
  struct metal metals[OM_LOT_METALS_MAX];
  custody_open(&c);
  for (uint32_t e = 0; e < OM_LOT_METALS_MAX; e++) metals[e] = (struct metal){e + 1, 10};
  for (size_t i = 0; i < FAT; i++) parts[i] = material(&c, T / FAT, metals, OM_LOT_METALS_MAX);
  for (uint32_t e = 0; e < OM_LOT_METALS_MAX; e++) metals[e].mg = 1000 * OM_MIX_MAX_SHARES - 10 * (FAT - 1);
  parts[FAT - 1] = material(&c, T / FAT, metals, OM_LOT_METALS_MAX);
  struct lot_name lot = fat_lot(&c, 0);
  REFUSE(&c, "origins", SMELTER, split(&c, at_last(&c, lot), parts));
  custody_close(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_statement_moves_so_many_origins_and_no_more),
      cmocka_unit_test(test_a_split_into_many_counts_for_each_part),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
