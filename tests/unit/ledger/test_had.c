/* A member's lots are those that it has had, owned or was to get, on every daemon alike, and nobody else's. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/had.h"
#include "support/custody.h"
#include "support/records.h"

enum { N = 4, MINER = 2, CARRIER = 3, BUYER = 4, LOTS_MADE = 3 };

static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *paths[N];
  struct om_ledger *ledgers[N];
  struct custody pieces; /* whose memory events live in */
  uint8_t numbers[LOTS_MADE][OM_LOT_NUMBER_BYTES];
  struct om_hash last[LOTS_MADE];
  struct om_status st;
};

static void take(struct fixture *f, size_t daemon, const struct record *record) {
  struct om_receipt receipt;
  if (network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, record->bytes, record->len, t0, &f->st) != OM_OK ||
      network_settle(&f->net, f->ledgers, t0, &f->st) != OM_OK)
    fail_msg("%s", f->st.text);
}

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  network_open(&f->net, N, false);
  network_ledgers(&f->net, f->paths, f->ledgers);
  f->pieces.taken_ms = t0;
  struct record records[] = {
      record_site(&f->net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0),
      record_site(&f->net, BUYER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0),
      record_extract(&f->net, MINER, 1, LOTS_MADE, 1000000, t0),
  };
  take(f, 0, &records[0]);
  take(f, 0, &records[1]);
  take(f, MINER - 1, &records[2]);
  for (uint16_t i = 0; i < LOTS_MADE; i++)
    network_lot(&f->net, f->numbers[i], &f->last[i], records[2].bytes, records[2].len, 0, i);
  for (size_t i = 0; i < 3; i++) free(records[i].bytes);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  network_close_ledgers(&f->net, f->paths, f->ledgers);
  om_arena_free(&f->pieces.arena);
  free(f);
  return 0;
}

static Oremark__LotRef *ref(struct fixture *f, size_t lot) {
  Oremark__LotRef *out = at_place(&f->pieces, 0, 0);
  out->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, f->numbers[lot]};
  out->last_event = (ProtobufCBinaryData){sizeof f->last[lot].bytes, f->last[lot].bytes};
  return out;
}

/* MEMBER says EVENT of LOT, which OTHER signs too (0: nobody). */
static void say(struct fixture *f, uint32_t member, Oremark__Event *event, size_t lot, uint32_t other) {
  uint32_t members[] = {member, other};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct record said;
  said.bytes = network_statement(&f->net, &said.len, member, t0, &event, 1, members, other ? 2 : 1);
  take(f, member - 1, &said);
  network_lot(&f->net, number, &f->last[lot], said.bytes, said.len, 0, 0);
  free(said.bytes);
}

/* The lots of MEMBER, as bits; in their order, each once, on every daemon. */
static unsigned lots_of(struct fixture *f, uint32_t member) {
  unsigned out[N];
  for (size_t d = 0; d < N; d++) {
    struct om_txn *txn;
    uint8_t number[OM_LOT_NUMBER_BYTES], before[OM_LOT_NUMBER_BYTES] = {0};
    out[d] = 0;
    assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[d]), &f->st), OM_OK);
    for (bool first = true; om_had_next(txn, number, member, first); first = false) {
      assert_true(memcmp(before, number, sizeof number) < 0);
      memcpy(before, number, sizeof number);
      for (unsigned i = 0; i < LOTS_MADE; i++)
        if (memcmp(number, f->numbers[i], sizeof number) == 0) out[d] |= 1U << i;
    }
    om_txn_abort(txn);
    assert_int_equal(out[d], out[0]);
  }
  return out[0];
}

static void whoever_has_had_to_do_with_a_lot(void **state) {
  struct fixture *f = *state;
  assert_int_equal(lots_of(f, MINER), 7);
  assert_int_equal(lots_of(f, BUYER), 0);
  say(f, MINER, ship(&f->pieces, BUYER, true, LOTS(ref(f, 1))), 1, 0);
  assert_int_equal(lots_of(f, BUYER), 2); /* it is to get it */
  say(f, BUYER, receive(&f->pieces, 1, LOTS(ref(f, 1))), 1, 0);
  say(f, MINER, transfer_title(&f->pieces, MINER, BUYER, LOTS(ref(f, 2))), 2, BUYER);
  assert_int_equal(lots_of(f, BUYER), 6);
  assert_int_equal(lots_of(f, MINER), 7); /* it has had them */
  assert_int_equal(lots_of(f, CARRIER), 0);
  say(f, BUYER, retire(&f->pieces, LOTS(ref(f, 1))), 1, 0);
  assert_int_equal(lots_of(f, BUYER), 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(whoever_has_had_to_do_with_a_lot, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
