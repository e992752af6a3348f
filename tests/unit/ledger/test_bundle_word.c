/* What in a bundle rests on somebody's word, and how much room a file may take for itself. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/verify_state.h"
#include "support/bundled.h"
#include "support/records.h"

enum { DAEMONS = 2, MINER = 2, LOG = MINER - 1 };

static const int64_t T = INT64_C(1710000000000);

struct scene {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
  uint8_t lot[OM_LOT_NUMBER_BYTES];
};

static void submit(struct scene *s, size_t daemon, struct record record, int64_t at, struct om_receipt *receipt) {
  struct om_status st = {0};
  assert_ok(network_submit(&s->net, daemon, s->ledgers[daemon], receipt, record.bytes, record.len, at, &st), &st);
}

static void settle(struct scene *s, int64_t at) {
  struct om_status st = {0};
  assert_ok(network_settle(&s->net, s->ledgers, at, &st), &st);
}

static void open_scene(struct scene *s, size_t daemons, bool witnessed) {
  struct om_receipt receipt;
  memset(s, 0, sizeof *s);
  network_open(&s->net, daemons, witnessed);
  network_ledgers(&s->net, s->paths, s->ledgers);
  settle(s, T);
  struct record mine = record_site(&s->net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, T);
  submit(s, 0, mine, T, &receipt);
  free(mine.bytes);
  settle(s, T + 1000);
}

static struct bundled written(struct scene *s) {
  struct om_status st = {0};
  struct bundled b;
  assert_ok(bundled_write(&b, s->ledgers[0], s->lot, &st), &st);
  return b;
}

/* ---- evidence ---- */

/* Ledger 0 has found, as it thinks, that entry INDEX of the miner's log is against the rules: its log signed it. */
static void accuse(struct scene *s, uint64_t index) {
  struct om_arena arena = {0};
  struct om_status st = {0};
  struct om_batch *batch;
  struct om_bytes entry, note;
  struct om_daemon daemon;
  struct om_proof proof;
  struct om_signers_keys keys = network_signers(&s->net, 0);
  static struct om_log_tiles tiles;
  struct om_checkpoint about = {.size = index};
  uint8_t *bytes;
  size_t len;
  assert_ok(om_batch_begin(&batch, s->ledgers[0], &st), &st);
  struct om_txn *txn = om_batch_txn(batch);
  assert_ok(om_registry_daemon(txn, &daemon, LOG, OM_REGISTRY_NOW, &st), &st);
  assert_ok(om_log_tiles(txn, &tiles, LOG, &st), &st);
  assert_ok(om_prove_inclusion(&tiles.tiles, &proof, index, tiles.edge.size, &st), &st);
  assert_ok(om_log_entry(txn, &entry, LOG, index, &st), &st);
  assert_ok(om_log_final(txn, &note, LOG, &st), &st);
  struct om_span span = {entry.data, entry.len};
  struct om_signed_head head = {note.data, note.len};
  assert_ok(om_evidence_entry(&arena, &bytes, &len, &(struct om_accused){&s->net.id, &daemon, NULL, 0, "it is bad"},
                              index, &span, &head, &proof, &st),
            &st);
  om_leaf_hash(&about.root, entry.data, entry.len);
  om_evidence_put(txn, LOG, 0, &about, OM_EVIDENCE_STANDS, bytes, len);
  assert_ok(om_batch_commit(batch, &keys, &st), &st);
  om_arena_free(&arena);
}

/* The file has no such entry: whether it is against the rules is the word of who wrote the file. */
static void evidence_of_an_entry_that_is_left_out(void **state) {
  (void)state;
  static struct scene s;
  struct om_receipt receipt;
  struct om_verdict verdict;
  struct om_bundle_told told;
  struct om_arena arena = {0};
  struct om_status st = {0};
  open_scene(&s, DAEMONS, false);
  struct record beside = record_extract(&s.net, MINER, 1, 1, 1000, T + 4000);
  struct record lot = record_extract(&s.net, MINER, 1, 1, 1000, T + 5000);
  submit(&s, LOG, beside, T + 4000, &receipt);
  uint64_t index = receipt.index;
  submit(&s, LOG, lot, T + 5000, &receipt);
  assert_true(receipt.index > index);
  network_lot(&s.net, s.lot, NULL, lot.bytes, lot.len, 0, 0);
  settle(&s, T + 6000);
  accuse(&s, index);
  struct bundled b = written(&s);
  assert_ok(bundled_verify(&arena, &verdict, &told, &s.net, b.bytes, b.len, NULL, &st), &st);
  assert_true(verdict.verified);
  assert_int_equal(told.evidence, 1);
  om_arena_free(&arena);
  free(b.bytes), free(beside.bytes), free(lot.bytes);
  network_close_ledgers(&s.net, s.paths, s.ledgers);
}

/* ---- room ---- */

/* The lots put together, of COPPER mg and a thousandth of gold in all. */
static struct record put_together(struct scene *s, Oremark__LotRef **lots, size_t n, uint64_t copper) {
  char name[] = "copper concentrate";
  Oremark__Metal one = OREMARK__METAL__INIT, two = OREMARK__METAL__INIT, *metals[] = {&one, &two};
  Oremark__Material whole = OREMARK__MATERIAL__INIT;
  Oremark__Combine act = OREMARK__COMBINE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct record out;
  uint32_t member = MINER;
  one.element = 29;
  one.contained_mg = copper;
  two.element = 79;
  two.contained_mg = copper / 1000;
  whole.form = OREMARK__FORM__FORM_CONCENTRATE;
  whole.name = name;
  whole.gross_mg = 4 * copper;
  whole.n_metals = 2;
  whole.metals = metals;
  act.n_lots = n;
  act.lots = lots;
  act.whole = &whole;
  event.kind_case = OREMARK__EVENT__KIND_COMBINE;
  event.combine = &act;
  out.bytes = network_statement(&s->net, &out.len, member, T + 5000, events, 1, &member, 1);
  return out;
}

/* Ten statements of a thousand lots each, one lot of each put together. */
static void more_rows_than_a_file_has_room_for(void **state) {
  enum { STATEMENTS = 10, LOTS = 1000, COPPER = 1000 };
  (void)state;
  static struct scene s;
  struct om_receipt receipt;
  struct om_status st = {0};
  struct om_bundle *bundle;
  uint8_t numbers[STATEMENTS][OM_LOT_NUMBER_BYTES];
  struct om_hash last[STATEMENTS];
  Oremark__LotRef ref[STATEMENTS], *refs[STATEMENTS];
  open_scene(&s, DAEMONS, false);
  for (size_t i = 0; i < STATEMENTS; i++) {
    struct record lots = record_extract(&s.net, MINER, 1, LOTS, COPPER, T + 4000);
    submit(&s, LOG, lots, T + 4000, &receipt);
    network_lot(&s.net, numbers[i], &last[i], lots.bytes, lots.len, 0, 0);
    ref[i] = (Oremark__LotRef)OREMARK__LOT_REF__INIT;
    ref[i].number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, numbers[i]};
    ref[i].last_event = (ProtobufCBinaryData){OM_HASH_BYTES, last[i].bytes};
    refs[i] = &ref[i];
    free(lots.bytes);
  }
  struct record whole = put_together(&s, refs, STATEMENTS, STATEMENTS * COPPER);
  submit(&s, LOG, whole, T + 5000, &receipt);
  network_lot(&s.net, s.lot, NULL, whole.bytes, whole.len, 0, 0);
  settle(&s, T + 6000);
  struct bundled b = written(&s);
  assert_ok(bundled_read(&bundle, &s.net, b.bytes, b.len, b.len, &st), &st);
  om_bundle_close(bundle);
  assert_refused(bundled_read(&bundle, &s.net, b.bytes, b.len, 1, &st), OM_NO, "limit", &st);
  assert_non_null(strstr(st.text, "times its size"));
  om_bundle_close(bundle);
  free(b.bytes), free(whole.bytes);
  network_close_ledgers(&s.net, s.paths, s.ledgers);
}

/* ---- times that nobody signs ---- */

/* A log whose head, by the file, needs no cosignatures, in a network that has witnesses by now. */
static void who_ends_a_log_before_its_witnesses_hides_their_times(void **state) {
  (void)state;
  struct om_status st = {0};
  for (int witnessed = 0; witnessed < 2; witnessed++) {
    static struct scene s;
    struct om_verify_given given = {.n_logs = 0};
    struct om_verify_log head = {.has_head = true}, *logs[] = {NULL, &head};
    struct om_verify v = {.logs = logs, .n_logs = 2};
    open_scene(&s, witnessed ? 4 : DAEMONS, witnessed);
    assert_ok(om_txn_read(&v.txn, om_ledger_store(s.ledgers[0]), &st), &st);
    assert_true(om_verify_timeless(&v, LOG));
    v.given = &given;
    assert_int_equal(om_verify_timeless(&v, LOG), !witnessed);
    om_txn_abort(v.txn);
    network_close_ledgers(&s.net, s.paths, s.ledgers);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(evidence_of_an_entry_that_is_left_out),
      cmocka_unit_test(more_rows_than_a_file_has_room_for),
      cmocka_unit_test(who_ends_a_log_before_its_witnesses_hides_their_times),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
