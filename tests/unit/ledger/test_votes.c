/* A witness whose store was set back to an older copy, while its own log did not move: nobody can tell it what it has
 * cosigned since, until it meets one of those heads. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "support/records.h"

enum { DAEMONS = 5, HOME = 1, WITNESS = 2, READER = 3, MINER = 2, SMELTER = 4 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *paths[DAEMONS], *backup;
static struct om_ledger *ledgers[DAEMONS];
static struct record lot;
static struct om_status st;

static void must(enum om_code code) {
  if (code != OM_OK) fail_msg("%s: [%s] %s", om_code_name(code), st.rule, st.text);
}

static void submit(size_t daemon, struct record record, int64_t at_ms) {
  struct om_receipt receipt;
  must(network_submit(&net, daemon, ledgers[daemon], &receipt, record.bytes, record.len, at_ms, &st));
}

static void copy_store(const char *to, const char *from) {
  char path[2][4200];
  static uint8_t bytes[1 << 16];
  snprintf(path[0], sizeof path[0], "%s/data.mdb", from);
  snprintf(path[1], sizeof path[1], "%s/data.mdb", to);
  FILE *in = fopen(path[0], "rb"), *out = fopen(path[1], "wb");
  assert_true(in != NULL && out != NULL);
  for (size_t len; (len = fread(bytes, 1, sizeof bytes, in)) > 0;) assert_int_equal(fwrite(bytes, 1, len, out), len);
  fclose(in);
  assert_int_equal(fclose(out), 0);
}

/* The witness has cosigned a head of HOME's log that the copy of its store does not know. */
static int begin(void **state) {
  (void)state;
  om_status_clear(&st);
  network_open(&net, DAEMONS, true);
  for (size_t i = 0; i < DAEMONS; i++) ledgers[i] = network_ledger(&net, i, paths[i] = temp_folder());
  must(network_settle(&net, ledgers, t0, &st));
  struct record mine = record_site(&net, MINER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  struct record plant = record_site(&net, SMELTER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  submit(0, mine, t0);
  submit(0, plant, t0);
  must(network_settle(&net, ledgers, t0 + 1, &st));
  free(mine.bytes);
  free(plant.bytes);
  lot = record_extract(&net, MINER, 1, 1, 1000000, t0 + 2);
  submit(HOME, lot, t0 + 2);
  must(network_settle(&net, ledgers, t0 + 3, &st));
  backup = temp_folder();
  om_ledger_close(ledgers[WITNESS]);
  copy_store(backup, paths[WITNESS]);
  ledgers[WITNESS] = network_ledger(&net, WITNESS, paths[WITNESS]);
  return 0;
}

static int end(void **state) {
  (void)state;
  free(lot.bytes);
  remove_folder(backup);
  for (size_t i = 0; i < DAEMONS; i++) {
    om_ledger_close(ledgers[i]);
    remove_folder(paths[i]);
  }
  network_close(&net);
  return 0;
}

static void set_back(void) {
  om_ledger_close(ledgers[WITNESS]);
  copy_store(paths[WITNESS], backup);
  ledgers[WITNESS] = network_ledger(&net, WITNESS, paths[WITNESS]);
}

static const char *key_says(void) {
  struct om_txn *txn;
  om_status_clear(&st);
  must(om_txn_read(&txn, om_ledger_store(ledgers[WITNESS]), &st));
  om_cosign_key_check(txn, WITNESS, om_secret_public(net.cosign_keys[WITNESS]), &st);
  om_txn_abort(txn);
  return st.rule;
}

static size_t final_of(size_t from, uint8_t out[OM_NOTE_BYTES_MAX]) {
  struct om_txn *txn;
  struct om_bytes note;
  must(om_txn_read(&txn, om_ledger_store(ledgers[from]), &st));
  must(om_log_final(txn, &note, HOME, &st));
  memcpy(out, note.data, note.len);
  om_txn_abort(txn);
  return note.len;
}

static enum om_code meet(const uint8_t *note, size_t len) {
  struct om_batch *batch;
  bool newer;
  must(om_batch_begin(&batch, ledgers[WITNESS], &st));
  enum om_code code = om_batch_final(batch, &newer, HOME, note, len, &st);
  struct om_status said = st;
  must(om_batch_commit(batch, NULL, &st));
  st = said;
  return code;
}

/* Gives the witness HOME's final head, as FROM holds it. */
static enum om_code meet_final(size_t from) {
  uint8_t note[OM_NOTE_BYTES_MAX];
  size_t len = final_of(from, note);
  return meet(note, len);
}

/* HOME's next proposal, to the witness. */
static enum om_code propose(void) {
  struct om_txn *txn;
  struct om_bytes note;
  struct om_batch *batch;
  char line[OM_NOTE_LINE_BYTES];
  struct om_signers_keys keys = network_signers(&net, WITNESS);
  must(network_mirror(&net, ledgers[WITNESS], ledgers[HOME], HOME, &st));
  must(om_txn_read(&txn, om_ledger_store(ledgers[HOME]), &st));
  must(om_log_head(txn, &note, HOME, &st));
  must(om_batch_begin(&batch, ledgers[WITNESS], &st));
  enum om_code code = om_batch_cosign(batch, line, HOME, note.data, note.len, (uint64_t)t0 / 1000, &keys, &st);
  struct om_status said = st;
  must(om_batch_commit(batch, NULL, &st));
  st = said;
  om_txn_abort(txn);
  return code;
}

static void grow(int64_t at_ms) {
  struct record more = record_extract(&net, MINER, 1, 1, 1000000, at_ms);
  submit(HOME, more, at_ms);
  free(more.bytes);
}

static void a_final_head_shows_the_loss(void **state) {
  (void)state;
  grow(t0 + 4);
  must(network_settle(&net, ledgers, t0 + 5, &st));
  assert_string_equal(key_says(), "");
  set_back();
  assert_string_equal(key_says(), ""); /* nothing can be known yet */
  must(network_mirror(&net, ledgers[WITNESS], ledgers[HOME], HOME, &st));
  must(meet_final(HOME));
  assert_string_equal(key_says(), "votes");
  grow(t0 + 6);
  assert_int_equal(propose(), OM_REFUSED);
  assert_string_equal(st.rule, "votes");
}

/* It votes on more first, and meets the head that it has forgotten then. */
static void so_does_one_below_a_later_vote(void **state) {
  (void)state;
  uint8_t note[OM_NOTE_BYTES_MAX];
  grow(t0 + 4);
  must(network_settle(&net, ledgers, t0 + 5, &st));
  size_t len = final_of(READER, note);
  set_back();
  grow(t0 + 6);
  must(propose());
  grow(t0 + 7);
  must(propose()); /* one further on passes nothing over */
  assert_string_equal(key_says(), "");
  must(meet(note, len));
  assert_string_equal(key_says(), "votes");
}

/* The entries under it are not held yet; and other daemons than the witness have lost nothing. */
static void so_does_one_that_covers_more_than_is_held(void **state) {
  (void)state;
  grow(t0 + 4);
  must(network_settle(&net, ledgers, t0 + 5, &st));
  set_back();
  assert_int_equal(meet_final(READER), OM_WAIT);
  assert_string_equal(key_says(), "votes");
}

/* So does a mark in another log. */
static void so_does_a_mark(void **state) {
  (void)state;
  struct record ship = record_ship(&net, MINER, &lot, SMELTER, t0 + 4);
  submit(HOME, ship, t0 + 4);
  must(network_settle(&net, ledgers, t0 + 5, &st));
  struct record receive = record_receive(&net, SMELTER, 1, &lot, &ship, t0 + 6);
  submit(READER, receive, t0 + 6);
  set_back();
  enum om_code code = network_mirror(&net, ledgers[WITNESS], ledgers[READER], READER, &st);
  assert_int_equal(code, OM_WAIT);
  assert_string_equal(key_says(), "votes");
  free(ship.bytes);
  free(receive.bytes);
}

/* Heads that the copy remembers prove nothing, nor do those that others alone have cosigned. */
static void what_is_remembered_shows_no_loss(void **state) {
  (void)state;
  must(meet_final(WITNESS));
  set_back();
  must(meet_final(READER));
  assert_string_equal(key_says(), "");
  struct om_ledger *witness = ledgers[WITNESS];
  grow(t0 + 4);
  ledgers[WITNESS] = NULL; /* down: four of the five are enough */
  must(network_settle(&net, ledgers, t0 + 5, &st));
  ledgers[WITNESS] = witness;
  must(network_mirror(&net, ledgers[WITNESS], ledgers[HOME], HOME, &st));
  must(meet_final(HOME));
  assert_string_equal(key_says(), "");
  grow(t0 + 6);
  must(propose());
}

/* A vote that has gone back to a lower head is not forgotten. */
static void a_vote_that_went_back_shows_no_loss(void **state) {
  (void)state;
  struct om_batch *batch;
  grow(t0 + 4);
  must(network_settle(&net, ledgers, t0 + 5, &st));
  uint64_t size = network_info(ledgers[HOME], HOME).size;
  set_back();
  must(om_batch_begin(&batch, ledgers[WITNESS], &st));
  om_votes_keep(om_batch_txn(batch), HOME, size);
  om_votes_keep(om_batch_txn(batch), HOME, 1); /* it only grows */
  must(om_batch_commit(batch, NULL, &st));
  must(network_mirror(&net, ledgers[WITNESS], ledgers[HOME], HOME, &st));
  must(meet_final(HOME));
  assert_string_equal(key_says(), "");
}

/* A restart sets votes back, and what is voted on anew may lie between two that were cosigned before. */
static void a_vote_among_what_was_passed_over_is_remembered(void **state) {
  (void)state;
  struct om_batch *batch;
  struct om_bytes row;
  uint8_t key[OM_HEAD_KEY_BYTES];
  uint64_t voted = network_info(ledgers[WITNESS], HOME).final_size;
  must(om_batch_begin(&batch, ledgers[WITNESS], &st));
  struct om_txn *txn = om_batch_txn(batch);
  om_votes_pass(txn, HOME, voted + 10);
  om_votes_keep(txn, HOME, voted + 10);
  om_votes_pass(txn, HOME, voted + 7);
  om_head_key(key, HOME, OM_HEAD_PASSED);
  assert_true(om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key));
  assert_true(om_get64(row.data) == voted && om_get64(row.data + 8) == voted + 7);
  om_batch_abort(batch);
}

/* Another head of HOME as large as its own, which the witness has cosigned if SIGNED. */
static size_t forge(uint8_t note[OM_NOTE_BYTES_MAX], bool is_signed) {
  struct om_checkpoint head = {.size = network_info(ledgers[HOME], HOME).size, .root = {{7}}};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], witness[64];
  size_t len;
  snprintf(head.origin, sizeof head.origin, "daemon%d.example/log", HOME);
  snprintf(witness, sizeof witness, "daemon%d.example/log", WITNESS);
  size_t text_len = om_checkpoint_format(text, &head);
  must(om_note_begin((char *)note, &len, text, text_len, &st));
  size_t n = om_note_sign(line, head.origin, net.log_keys[HOME], text, text_len);
  must(om_note_add_line((char *)note, &len, line, n, &st));
  if (!is_signed) return len;
  n = om_note_cosign(line, witness, net.cosign_keys[WITNESS], (uint64_t)t0 / 1000, text, text_len);
  must(om_note_add_line((char *)note, &len, line, n, &st));
  return len;
}

/* Shows the witness that HOME has signed OTHER and NOTE, which is its own history's. */
static void show(const uint8_t *note, size_t len, const uint8_t *other, size_t other_len) {
  struct om_arena arena = {0};
  struct om_log_tiles *tiles = om_arena_alloc(&arena, sizeof *tiles);
  struct om_daemon home;
  struct om_txn *txn;
  struct om_batch *batch;
  struct om_signed_head held = {note, len}, beside = {other, other_len};
  uint8_t *bytes;
  size_t bytes_len;
  uint32_t number;
  bool news;
  must(om_txn_read(&txn, om_ledger_store(ledgers[HOME]), &st));
  must(om_registry_daemon(txn, &home, HOME, OM_REGISTRY_NOW, &st));
  must(om_log_tiles(txn, tiles, HOME, &st));
  must(om_evidence_fork(&arena, &bytes, &bytes_len, &(struct om_accused){&net.id, &home, NULL, 0, "two heads"},
                        &tiles->tiles, &held, &beside, &st));
  om_txn_abort(txn);
  must(om_batch_begin(&batch, ledgers[WITNESS], &st));
  must(om_batch_evidence(batch, &number, &news, HOME, bytes, bytes_len, &st));
  must(om_batch_commit(batch, NULL, &st));
  om_arena_free(&arena);
}

static void so_does_evidence(void **state) {
  uint8_t note[OM_NOTE_BYTES_MAX], other[OM_NOTE_BYTES_MAX];
  for (int forged = 0; forged < 3; forged++) { /* neither, the one, the other is signed by the witness */
    if (forged > 0) begin(state);
    grow(t0 + 4);
    must(network_settle(&net, ledgers, t0 + 5, &st));
    size_t len = final_of(READER, note), other_len = forge(other, forged == 2);
    if (forged != 1) { /* the log's signature alone */
      struct om_note parsed;
      char bare[OM_NOTE_BYTES_MAX], origin[64];
      snprintf(origin, sizeof origin, "daemon%d.example/log", HOME);
      must(om_note_parse(&parsed, (const char *)note, len, &st));
      must(om_note_bare(bare, &len, &parsed, origin, om_secret_public(net.log_keys[HOME]), &st));
      memcpy(note, bare, len);
    }
    set_back();
    show(note, len, other, other_len);
    assert_string_equal(key_says(), forged == 0 ? "" : "votes");
    if (forged < 2) end(state);
  }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_final_head_shows_the_loss),
      TEST(so_does_one_below_a_later_vote),
      TEST(so_does_one_that_covers_more_than_is_held),
      TEST(so_does_a_mark),
      TEST(so_does_evidence),
      TEST(what_is_remembered_shows_no_loss),
      TEST(a_vote_that_went_back_shows_no_loss),
      TEST(a_vote_among_what_was_passed_over_is_remembered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
