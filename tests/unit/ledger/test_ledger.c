/* The ledger as a daemon uses it: several of them, mirroring, marking, cosigning. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "support/records.h"

static const int64_t t0 = INT64_C(1710000000000);
static const uint32_t alone[NETWORK_MAX] = {1, 2, 3, 4, 5, 6, 7, 8};

struct fixture {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
};

static void open_all(struct fixture *f, size_t n, bool witnessed) {
  network_open(&f->net, n, witnessed);
  network_ledgers(&f->net, f->paths, f->ledgers);
}

static void close_all(struct fixture *f) {
  network_close_ledgers(&f->net, f->paths, f->ledgers);
}

static void settle(struct fixture *f, int64_t now_ms) {
  struct om_status st = {0};
  enum om_code code = network_settle(&f->net, f->ledgers, now_ms, &st);
  must_be(code, OM_OK, &st);
}

static struct om_hash state_hash(struct om_ledger *ledger) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_hash out;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &st), OM_OK);
  assert_int_equal(om_store_state_hash(&out, txn, &st), OM_OK);
  om_txn_abort(txn);
  return out;
}

static void assert_same_state(struct fixture *f) {
  struct om_hash first = state_hash(f->ledgers[0]);
  for (size_t i = 1; i < f->net.n; i++) {
    struct om_hash other = state_hash(f->ledgers[i]);
    assert_memory_equal(first.bytes, other.bytes, sizeof first.bytes);
  }
}

/* ---- statements ---- */

struct bytes {
  uint8_t *data;
  size_t len;
};

static struct bytes add_site(struct network *net, uint32_t member, uint32_t site, const struct om_hash *previous,
                             Oremark__SiteKind kind, int64_t at) {
  struct record record = record_site(net, member, site, previous, kind, at);
  return (struct bytes){record.bytes, record.len};
}

static struct bytes extract(struct network *net, uint32_t member, uint64_t copper_mg, int64_t at) {
  Oremark__Metal metal = OREMARK__METAL__INIT, *metals[] = {&metal};
  Oremark__Material material = OREMARK__MATERIAL__INIT, *lots[] = {&material};
  Oremark__Extract act = OREMARK__EXTRACT__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  char name[] = "copper concentrate";
  metal.element = 29;
  metal.contained_mg = copper_mg;
  material.form = OREMARK__FORM__FORM_CONCENTRATE;
  material.name = name;
  material.gross_mg = 4 * copper_mg;
  material.n_metals = 1;
  material.metals = metals;
  act.site = 1;
  act.n_lots = 1;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_EXTRACT;
  event.extract = &act;
  struct bytes out;
  out.data = network_statement(net, &out.len, member, at, events, 1, &alone[member - 1], 1);
  return out;
}

static void refer(Oremark__LotRef *ref, uint8_t number[OM_LOT_NUMBER_BYTES], struct om_hash *last) {
  *ref = (Oremark__LotRef)OREMARK__LOT_REF__INIT;
  ref->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, number};
  ref->last_event = (ProtobufCBinaryData){sizeof last->bytes, last->bytes};
}

static struct bytes ship(struct network *net, uint32_t member, uint32_t consignee, uint8_t number[OM_LOT_NUMBER_BYTES],
                         struct om_hash *last, int64_t at) {
  Oremark__LotRef ref, *refs[] = {&ref};
  Oremark__Ship act = OREMARK__SHIP__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  refer(&ref, number, last);
  act.n_lots = 1;
  act.lots = refs;
  act.consignee = consignee;
  act.mode = OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_RAIL;
  act.with_title = 1;
  event.kind_case = OREMARK__EVENT__KIND_SHIP;
  event.ship = &act;
  struct bytes out;
  out.data = network_statement(net, &out.len, member, at, events, 1, &alone[member - 1], 1);
  return out;
}

static struct bytes receive(struct network *net, uint32_t member, uint8_t number[OM_LOT_NUMBER_BYTES],
                            struct om_hash *last, int64_t at) {
  Oremark__LotRef ref;
  Oremark__ReceivedLot lot = OREMARK__RECEIVED_LOT__INIT, *lots[] = {&lot};
  Oremark__Receive act = OREMARK__RECEIVE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  refer(&ref, number, last);
  lot.lot = &ref;
  act.site = 1;
  act.n_lots = 1;
  act.lots = lots;
  event.kind_case = OREMARK__EVENT__KIND_RECEIVE;
  event.receive = &act;
  struct bytes out;
  out.data = network_statement(net, &out.len, member, at, events, 1, &alone[member - 1], 1);
  return out;
}

static enum om_code submit(struct fixture *f, size_t daemon, struct bytes b, int64_t at, struct om_receipt *receipt,
                           struct om_status *st) {
  struct om_receipt unused;
  memset(st, 0, sizeof *st);
  return network_submit(&f->net, daemon, f->ledgers[daemon], receipt ? receipt : &unused, b.data, b.len, at, st);
}

/* A network in which members 2 and 3 have a site, all of it final everywhere. */
static void with_sites(struct fixture *f, size_t n, bool witnessed) {
  struct om_status st;
  open_all(f, n, witnessed);
  settle(f, t0);
  for (uint32_t member = 2; member <= 3; member++) {
    struct bytes b = add_site(&f->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
    enum om_code code = submit(f, 0, b, t0, NULL, &st);
    must_be(code, OM_OK, &st);
    free(b.data);
  }
  settle(f, t0 + 1);
}

/* ---- tests ---- */

static void test_a_fresh_store_begins_with_the_genesis(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st = {0};
  struct om_ledger *again;
  open_all(&f, 3, false);
  assert_int_equal(network_info(f.ledgers[1], 0).size, 1);
  assert_int_equal(network_info(f.ledgers[1], 1).size, 0);
  assert_int_equal(om_ledger_own_log(f.ledgers[2]), 2);
  assert_int_equal(om_ledger_open(&again, f.paths[1], 1 << 24, f.net.genesis, f.net.genesis_len, NULL, &st), OM_BUSY);
  om_ledger_close(f.ledgers[1]);
  struct network other;
  network_open(&other, 4, false);
  assert_int_equal(om_ledger_open(&again, f.paths[1], 1 << 24, other.genesis, other.genesis_len, NULL, &st),
                   OM_REFUSED);
  assert_string_equal(st.rule, "network");
  network_close(&other);
  f.ledgers[1] = network_ledger(&f.net, 1, f.paths[1]);
  assert_int_equal(network_info(f.ledgers[1], 0).size, 1);
  close_all(&f);
}

static void test_logs_begin_with_a_registry_mark_and_settle(void **state) {
  (void)state;
  struct fixture f;
  open_all(&f, 5, true);
  settle(&f, t0);
  for (uint32_t log = 1; log < 5; log++) {
    struct om_log_info i = network_info(f.ledgers[4], log);
    assert_int_equal(i.size, 1);
    assert_int_equal(i.final_size, 1);
    assert_int_equal(i.registry_size, 1);
  }
  assert_same_state(&f);
  close_all(&f);
}

static void test_a_site_counts_from_the_mark_on(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  open_all(&f, 5, true);
  settle(&f, t0);
  struct bytes site = add_site(&f.net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  struct bytes lot = extract(&f.net, 2, 1000, t0);
  assert_int_equal(submit(&f, 1, site, t0, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "registry");
  enum om_code code = submit(&f, 0, site, t0, NULL, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(submit(&f, 1, lot, t0, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "site");
  settle(&f, t0 + 5);
  code = submit(&f, 1, lot, t0 + 5, NULL, &st);
  must_be(code, OM_OK, &st);
  free(site.data);
  free(lot.data);
  close_all(&f);
}

static void test_custody_across_logs_needs_what_is_final(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  struct om_receipt receipt, again;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash born, shipped;
  uint8_t same[OM_LOT_NUMBER_BYTES];
  with_sites(&f, 5, true);
  struct bytes b = extract(&f.net, 2, 5000000, t0 + 10);
  enum om_code code = submit(&f, 1, b, t0 + 10, &receipt, &st);
  must_be(code, OM_OK, &st);
  network_lot(&f.net, number, &born, b.data, b.len, 0, 0);
  assert_int_equal(submit(&f, 1, b, t0 + 99, &again, &st), OM_OK);
  assert_true(again.again && again.index == receipt.index && again.taken_ms == t0 + 10);
  struct bytes s = ship(&f.net, 2, 3, number, &born, t0 + 11);
  code = submit(&f, 1, s, t0 + 11, NULL, &st);
  must_be(code, OM_OK, &st);
  network_lot(&f.net, same, &shipped, s.data, s.len, 0, 0);

  struct bytes r = receive(&f.net, 3, number, &shipped, t0 + 12);
  assert_int_equal(network_mirror(&f.net, f.ledgers[2], f.ledgers[1], 1, &st), OM_OK);
  uint64_t before = network_info(f.ledgers[2], 2).size;
  assert_int_equal(submit(&f, 2, r, t0 + 12, NULL, &st), OM_WAIT);
  assert_string_equal(st.rule, "not-final");
  assert_int_equal(network_info(f.ledgers[2], 2).size, before);
  settle(&f, t0 + 20);
  code = submit(&f, 2, r, t0 + 21, &receipt, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(receipt.index, before + 1); /* behind the mark that it needed */
  settle(&f, t0 + 30);
  assert_same_state(&f);

  struct bytes twice = ship(&f.net, 2, 4, number, &born, t0 + 40);
  assert_int_equal(submit(&f, 1, twice, t0 + 40, NULL, &st), OM_REFUSED);
  free(b.data), free(s.data), free(r.data), free(twice.data);
  close_all(&f);
}

static void test_what_stands_survives_reopening(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  struct om_receipt receipt, again;
  with_sites(&f, 3, false);
  struct bytes b = extract(&f.net, 2, 77, t0 + 10);
  enum om_code code = submit(&f, 1, b, t0 + 10, &receipt, &st);
  must_be(code, OM_OK, &st);
  struct om_hash before = state_hash(f.ledgers[1]);
  om_ledger_close(f.ledgers[1]);
  f.ledgers[1] = network_ledger(&f.net, 1, f.paths[1]);
  struct om_hash after = state_hash(f.ledgers[1]);
  assert_memory_equal(before.bytes, after.bytes, sizeof after.bytes);
  assert_int_equal(submit(&f, 1, b, t0 + 50, &again, &st), OM_OK);
  assert_true(again.again);
  assert_int_equal(again.index, receipt.index);
  free(b.data);
  close_all(&f);
}

static void test_signatures_and_times(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  with_sites(&f, 3, false);
  struct bytes b = extract(&f.net, 2, 77, t0 + 10);
  b.data[b.len - 1] ^= 1;
  assert_int_equal(submit(&f, 1, b, t0 + 10, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "signature");
  b.data[b.len - 1] ^= 1;
  assert_int_equal(submit(&f, 1, b, t0 + INT64_C(366) * 86400000, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "late");
  assert_int_equal(submit(&f, 1, b, t0 - 60000, NULL, &st), OM_IO); /* the daemon's clock went back */
  assert_string_equal(st.rule, "clock");
  assert_int_equal(submit(&f, 2, b, t0 + 10, NULL, &st), OM_REFUSED); /* not its home log */
  assert_string_equal(st.rule, "home");
  free(b.data);
  b = extract(&f.net, 2, 77, t0 + 2 * INT64_C(86400000));
  assert_int_equal(submit(&f, 1, b, t0 + 10, NULL, &st), OM_REFUSED); /* signed two days from now */
  assert_string_equal(st.rule, "clock");
  free(b.data);
  close_all(&f);
}

/* The entry bytes of STATEMENT, as a daemon that checks nothing would write them. */
static struct bytes rogue_entry(struct bytes statement, int64_t taken_ms) {
  struct bytes out;
  out.data = network_entry(&out.len, statement.data, statement.len, taken_ms);
  return out;
}

static enum om_code mirror_bytes(struct fixture *f, size_t daemon, uint32_t log, struct bytes entry,
                                 struct om_status *st) {
  struct om_arena arena = {0};
  struct om_batch *batch;
  struct om_checked *checked;
  struct om_status committed = {0};
  memset(st, 0, sizeof *st);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[daemon], st), OM_OK);
  enum om_code code = om_check_entry(&checked, &arena, &f->net.id, om_batch_txn(batch), entry.data, entry.len, st);
  if (code == OM_OK) code = om_batch_mirror(batch, log, network_info(f->ledgers[daemon], log).size, checked, st);
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  om_arena_free(&arena);
  return code;
}

static void test_an_invalid_entry_stops_the_log(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  uint8_t number[OM_LOT_NUMBER_BYTES] = {0};
  struct om_hash none = {{0}};
  with_sites(&f, 3, true);
  struct bytes forged = ship(&f.net, 2, 3, number, &none, t0 + 10);
  struct bytes entry = rogue_entry(forged, t0 + 10);
  uint64_t size = network_info(f.ledgers[0], 1).size;
  assert_int_equal(mirror_bytes(&f, 0, 1, entry, &st), OM_REFUSED);
  struct om_log_info after = network_info(f.ledgers[0], 1);
  assert_true(after.stopped);
  assert_int_equal(after.size, size);
  assert_non_null(strstr(after.stopped_why, "daemon1.example/log"));
  /* It takes nothing more of that log, not even what is valid, and cosigns none of it. */
  struct bytes fine = extract(&f.net, 2, 5, t0 + 11);
  enum om_code code = submit(&f, 1, fine, t0 + 11, NULL, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(network_mirror(&f.net, f.ledgers[0], f.ledgers[1], 1, &st), OM_REFUSED);
  assert_string_equal(st.rule, "stopped");
  free(forged.data), free(entry.data), free(fine.data);
  close_all(&f);
}

static void test_time_in_a_log_never_goes_back(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  with_sites(&f, 3, false);
  struct bytes b = extract(&f.net, 2, 5, t0 - 100);
  struct bytes entry = rogue_entry(b, t0 - 100);
  assert_int_equal(mirror_bytes(&f, 0, 1, entry, &st), OM_REFUSED);
  assert_string_equal(st.rule, "time");
  free(b.data), free(entry.data);
  close_all(&f);
}

static enum om_code cosign_at(struct fixture *f, size_t daemon, uint32_t log, struct bytes note, uint64_t time_s,
                              struct om_status *st) {
  struct om_batch *batch;
  char line[OM_NOTE_LINE_BYTES];
  struct om_signers_keys keys = network_signers(&f->net, daemon);
  struct om_status committed = {0};
  memset(st, 0, sizeof *st);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[daemon], st), OM_OK);
  enum om_code code = om_batch_cosign(batch, line, log, note.data, note.len, time_s, &keys, st);
  assert_int_equal(om_batch_commit(batch, &keys, &committed), OM_OK);
  return code;
}

static enum om_code cosign(struct fixture *f, size_t daemon, uint32_t log, struct bytes note, struct om_status *st) {
  return cosign_at(f, daemon, log, note, (uint64_t)t0 / 1000, st);
}

static struct bytes head_of(struct om_ledger *ledger, uint32_t log) {
  struct om_txn *txn;
  struct om_bytes note;
  struct om_status st = {0};
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &st), OM_OK);
  assert_int_equal(om_log_head(txn, &note, log, &st), OM_OK);
  struct bytes out = {malloc(note.len), note.len};
  memcpy(out.data, note.data, note.len);
  om_txn_abort(txn);
  return out;
}

static void test_a_witness_signs_one_history(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  with_sites(&f, 5, true);
  /* The same daemon's log, twice: a copy of its folder went on by itself. */
  char *copy = temp_folder(), command[9000];
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", f.paths[1], copy);
  om_ledger_close(f.ledgers[1]);
  assert_int_equal(system(command), 0);
  struct om_ledger *twin = network_ledger(&f.net, 1, copy);
  f.ledgers[1] = network_ledger(&f.net, 1, f.paths[1]);
  struct bytes one = extract(&f.net, 2, 5, t0 + 10), two = extract(&f.net, 2, 6, t0 + 10);
  assert_int_equal(submit(&f, 1, one, t0 + 10, NULL, &st), OM_OK);
  struct om_receipt receipt;
  assert_int_equal(network_submit(&f.net, 1, twin, &receipt, two.data, two.len, t0 + 10, &st), OM_OK);
  struct bytes head = head_of(f.ledgers[1], 1), other = head_of(twin, 1);

  assert_int_equal(cosign(&f, 2, 1, head, &st), OM_WAIT); /* not mirrored yet */
  assert_int_equal(network_mirror(&f.net, f.ledgers[2], f.ledgers[1], 1, &st), OM_OK);
  enum om_code code = cosign(&f, 2, 1, head, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(cosign(&f, 2, 1, head, &st), OM_OK);
  assert_int_equal(cosign(&f, 2, 1, other, &st), OM_REFUSED);
  assert_string_equal(st.rule, "fork");
  assert_int_equal(cosign(&f, 1, 1, head, &st), OM_REFUSED); /* its own operator is not eligible */
  assert_string_equal(st.rule, "witness");
  free(one.data), free(two.data), free(head.data), free(other.data);
  om_ledger_close(twin);
  remove_folder(copy);
  close_all(&f);
}

static void test_a_head_without_its_quorum_is_not_final(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  with_sites(&f, 5, true);
  struct bytes b = extract(&f.net, 2, 5, t0 + 10);
  assert_int_equal(submit(&f, 1, b, t0 + 10, NULL, &st), OM_OK);
  struct bytes head = head_of(f.ledgers[1], 1);
  struct om_batch *batch;
  bool newer;
  assert_int_equal(om_batch_begin(&batch, f.ledgers[1], &st), OM_OK);
  assert_int_equal(om_batch_final(batch, &newer, 1, head.data, head.len, &st), OM_REFUSED);
  assert_string_equal(st.rule, "quorum");
  assert_false(newer);
  om_batch_abort(batch);
  free(b.data), free(head.data);
  close_all(&f);
}

/* The cosignature line of DAEMON on NOTE, a head of LOG, which it holds. */
static void cosignature(struct fixture *f, char line[OM_NOTE_LINE_BYTES], size_t daemon, const struct bytes *note) {
  struct om_note parsed;
  struct om_status st = {0};
  char name[32];
  assert_int_equal(om_note_parse(&parsed, (const char *)note->data, note->len, &st), OM_OK);
  snprintf(name, sizeof name, "daemon%zu.example/log", daemon);
  om_note_cosign(line, name, f->net.cosign_keys[daemon], 1, parsed.text, parsed.text_len);
}

static enum om_code offer_final(struct fixture *f, const char *note, size_t len, bool *newer, struct om_status *st) {
  struct om_batch *batch;
  struct om_txn *txn;
  uint64_t size, time_s;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[1]), st), OM_OK);
  enum om_code stands = om_head_stands(txn, &size, &time_s, 1, (const uint8_t *)note, len, st);
  assert_true((time_s == 1) == (stands == OM_OK));
  om_txn_abort(txn);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[1], st), OM_OK);
  enum om_code code = om_batch_final(batch, newer, 1, (const uint8_t *)note, len, st);
  om_batch_abort(batch);
  assert_int_equal(stands, code); /* whoever asks before is told the same */
  return code;
}

/* Four operators may witness log 1, so three are needed: not two, and not two and the log's own. */
static void test_a_quorum_is_neither_less_nor_the_logs_own(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  bool newer;
  char note[OM_NOTE_BYTES_MAX], line[OM_NOTE_LINE_BYTES];
  static const size_t signers[] = {0, 2, 1 /* its own */, 4};
  static const enum om_code codes[] = {OM_REFUSED, OM_REFUSED, OM_REFUSED, OM_OK};
  with_sites(&f, 5, true);
  struct bytes b = extract(&f.net, 2, 5, t0 + 10);
  assert_int_equal(submit(&f, 1, b, t0 + 10, NULL, &st), OM_OK);
  struct bytes head = head_of(f.ledgers[1], 1);
  size_t len = head.len;
  memcpy(note, head.data, len);
  for (size_t i = 0; i < 4; i++) {
    cosignature(&f, line, signers[i], &head);
    assert_int_equal(om_note_add_line(note, &len, line, strlen(line), &st), OM_OK);
    assert_int_equal(offer_final(&f, note, len, &newer, &st), codes[i]);
    if (codes[i] == OM_REFUSED) assert_string_equal(st.rule, "quorum");
    assert_true(newer == (codes[i] == OM_OK));
  }
  free(b.data), free(head.data);
  close_all(&f);
}

static void test_a_witness_does_not_go_back(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  with_sites(&f, 5, true);
  struct bytes one = extract(&f.net, 2, 5, t0 + 10), two = extract(&f.net, 2, 6, t0 + 11);
  assert_int_equal(submit(&f, 1, one, t0 + 10, NULL, &st), OM_OK);
  struct bytes lower = head_of(f.ledgers[1], 1);
  assert_int_equal(submit(&f, 1, two, t0 + 11, NULL, &st), OM_OK);
  struct bytes higher = head_of(f.ledgers[1], 1);
  assert_int_equal(network_mirror(&f.net, f.ledgers[2], f.ledgers[1], 1, &st), OM_OK);
  enum om_code code = cosign(&f, 2, 1, higher, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(cosign(&f, 2, 1, lower, &st), OM_REFUSED);
  assert_string_equal(st.rule, "vote");
  free(one.data), free(two.data), free(lower.data), free(higher.data);
  close_all(&f);
}

/* A log that goes on below a registry act as if there were none is held back, until it marks the act. */
static void test_a_log_that_takes_no_act_up_is_held_back(void **state) {
  (void)state;
  enum { HOUR_S = 3600 };
  struct fixture f;
  struct om_status st;
  with_sites(&f, 5, true);
  uint64_t act_s = (uint64_t)t0 / 1000 + 100;
  struct bytes act = add_site(&f.net, 5, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 2);
  assert_ok(submit(&f, 0, act, t0 + 2, NULL, &st), &st);
  for (size_t i = 1; i < f.net.n; i++) assert_ok(network_mirror(&f.net, f.ledgers[i], f.ledgers[0], 0, &st), &st);
  assert_ok(network_finalise(&f.net, f.ledgers, 0, act_s, &st), &st);
  struct bytes one = extract(&f.net, 2, 5, t0 + 10), two = extract(&f.net, 2, 6, t0 + 11);
  assert_ok(submit(&f, 1, one, t0 + 10, NULL, &st), &st);
  assert_ok(network_mirror(&f.net, f.ledgers[2], f.ledgers[1], 1, &st), &st);
  struct bytes head = head_of(f.ledgers[1], 1);
  assert_ok(cosign_at(&f, 2, 1, head, act_s + HOUR_S, &st), &st);
  assert_int_equal(cosign_at(&f, 2, 1, head, act_s + HOUR_S + 1, &st), OM_IO);
  assert_string_equal(st.rule, "registry");
  settle(&f, t0 + 12); /* it marks the act */
  assert_ok(submit(&f, 1, two, t0 + 13, NULL, &st), &st);
  assert_ok(network_mirror(&f.net, f.ledgers[2], f.ledgers[1], 1, &st), &st);
  struct bytes next = head_of(f.ledgers[1], 1);
  assert_ok(cosign_at(&f, 2, 1, next, act_s + 2 * HOUR_S, &st), &st);
  free(act.data), free(one.data), free(two.data), free(head.data), free(next.data);
  close_all(&f);
}

/* A mark says when what it covers was final, also where that head itself was never held. */
static void test_marks_say_when_it_was_final(void **state) {
  (void)state;
  enum { LOG_AND_SIZE = 12, PLACE = 12 };
  struct fixture f;
  struct om_status st;
  struct om_txn *txn;
  struct om_bytes key, row;
  size_t n = 0;
  with_sites(&f, 5, true);
  assert_ok(om_txn_read(&txn, om_ledger_store(f.ledgers[4]), &st), &st);
  for (bool more = om_txn_next(txn, &key, &row, OM_TABLE_COVERED, "", 0); more;
       more = om_txn_step(txn, &key, &row, OM_TABLE_COVERED)) {
    assert_int_equal(key.len, LOG_AND_SIZE + PLACE);
    uint32_t marked = om_get32(key.data), log = om_get32(key.data + LOG_AND_SIZE);
    assert_int_equal(marked, 0); /* nothing leaned on another log than the registry yet */
    assert_true(log >= 1 && log <= 4);
    assert_int_equal(om_get64(key.data + 4), om_log_mark(txn, log, 0, om_get64(key.data + LOG_AND_SIZE + 4) + 1));
    assert_int_equal(om_get64(row.data), (uint64_t)t0 / 1000);
    n++;
  }
  om_txn_abort(txn);
  assert_true(n >= 4); /* each log's first mark */
  close_all(&f);
}

/* An entry that marks LOG by NOTE, as a daemon that checks nothing would write it. */
static struct bytes rogue_mark(uint32_t log, const char *note, size_t len, int64_t taken_ms) {
  Oremark__Mark mark = OREMARK__MARK__INIT;
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  mark.log = log;
  mark.checkpoint = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)note};
  entry.taken_ms = taken_ms;
  entry.what_case = OREMARK__ENTRY__WHAT_MARK;
  entry.mark = &mark;
  struct bytes out = {malloc(oremark__entry__get_packed_size(&entry)), 0};
  out.len = oremark__entry__pack(&entry, out.data);
  return out;
}

/* What daemon 0 says of a mark of log 2's present head in log 1, with the cosignatures of the first N of its witnesses.
 */
static enum om_code marked(struct fixture *f, size_t n, int64_t at, struct om_status *st) {
  static const size_t witnesses[] = {0, 3, 4};
  char note[OM_NOTE_BYTES_MAX], line[OM_NOTE_LINE_BYTES];
  assert_int_equal(network_mirror(&f->net, f->ledgers[0], f->ledgers[2], 2, st), OM_OK);
  struct bytes head = head_of(f->ledgers[2], 2);
  size_t len = head.len;
  memcpy(note, head.data, len);
  for (size_t i = 0; i < n; i++) {
    cosignature(f, line, witnesses[i], &head);
    assert_int_equal(om_note_add_line(note, &len, line, strlen(line), st), OM_OK);
  }
  struct bytes entry = rogue_mark(2, note, len, at);
  enum om_code code = mirror_bytes(f, 0, 1, entry, st);
  free(head.data), free(entry.data);
  return code;
}

static void test_a_mark_needs_the_quorum(void **state) {
  (void)state;
  for (size_t n = 2; n <= 3; n++) {
    struct fixture f;
    struct om_status st;
    with_sites(&f, 5, true);
    struct bytes b = extract(&f.net, 3, 5, t0 + 10);
    assert_int_equal(submit(&f, 2, b, t0 + 10, NULL, &st), OM_OK);
    enum om_code code = marked(&f, n, t0 + 11, &st);
    must_be(code, n == 3 ? OM_OK : OM_REFUSED, &st);
    if (n == 2) assert_string_equal(st.rule, "quorum");
    free(b.data);
    close_all(&f);
  }
}

/* A mark of a log that follows a newer registry than the log that marks it. */
static void test_a_mark_needs_the_registry_of_what_it_marks(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  struct om_batch *batch;
  bool did;
  with_sites(&f, 5, true);
  struct bytes act = add_site(&f.net, 4, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0 + 10);
  assert_int_equal(submit(&f, 0, act, t0 + 10, NULL, &st), OM_OK);
  for (size_t i = 1; i < 5; i++) assert_int_equal(network_mirror(&f.net, f.ledgers[i], f.ledgers[0], 0, &st), OM_OK);
  assert_int_equal(network_finalise(&f.net, f.ledgers, 0, (uint64_t)t0 / 1000, &st), OM_OK);
  struct om_signers_keys keys = network_signers(&f.net, 2);
  assert_int_equal(om_batch_begin(&batch, f.ledgers[2], &st), OM_OK);
  assert_int_equal(om_batch_follow_registry(batch, &did, t0 + 11, &st), OM_OK);
  assert_true(did);
  assert_int_equal(om_batch_commit(batch, &keys, &st), OM_OK);
  assert_int_equal(marked(&f, 3, t0 + 12, &st), OM_REFUSED);
  assert_string_equal(st.rule, "mark");
  free(act.data);
  close_all(&f);
}

static bool has_lot(struct om_ledger *ledger, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_arena arena = {0};
  struct om_lot lot;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &st), OM_OK);
  enum om_code code = om_lot_get(txn, &arena, &lot, number, &st);
  om_txn_abort(txn);
  om_arena_free(&arena);
  return code != OM_MISSING;
}

static void test_a_lot_number_that_is_taken_refuses_the_whole_statement(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st = {0};
  struct om_txn *txn;
  uint8_t first[OM_LOT_NUMBER_BYTES], second[OM_LOT_NUMBER_BYTES], key[OM_LOT_KEY_BYTES];
  with_sites(&f, 3, false);
  struct record two = record_extract(&f.net, 2, 1, 2, 1000000, t0 + 10);
  network_lot(&f.net, first, NULL, two.bytes, two.len, 0, 0);
  network_lot(&f.net, second, NULL, two.bytes, two.len, 0, 1);
  /* As if somebody had found another statement with the same eighty bits: of the lot that is written last. */
  bool in_order = memcmp(first, second, sizeof first) < 0;
  om_lot_key(key, in_order ? second : first, 0);
  assert_int_equal(om_txn_write(&txn, om_ledger_store(f.ledgers[1]), &st), OM_OK);
  om_txn_put(txn, OM_TABLE_LOTS, key, sizeof key, "taken", 5);
  assert_int_equal(om_txn_commit(txn, &st), OM_OK);
  struct om_hash before = state_hash(f.ledgers[1]);
  uint64_t size = network_info(f.ledgers[1], 1).size;
  struct bytes b = {two.bytes, two.len};
  assert_int_equal(submit(&f, 1, b, t0 + 10, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "lot");
  assert_int_equal(network_info(f.ledgers[1], 1).size, size);
  assert_false(has_lot(f.ledgers[1], in_order ? first : second));
  struct om_hash after = state_hash(f.ledgers[1]);
  assert_memory_equal(before.bytes, after.bytes, sizeof after.bytes);
  free(two.bytes);
  close_all(&f);
}

/* Two statements of one member and moment whose ids agree in all but a bit are two. */
static void test_a_statement_is_known_by_its_whole_id(void **state) {
  (void)state;
  Oremark__Statement s = OREMARK__STATEMENT__INIT;
  uint8_t one[OM_STATEMENT_KEY_BYTES], other[OM_STATEMENT_KEY_BYTES];
  struct om_hash id = {{0}};
  s.member = 2;
  s.signed_ms = t0;
  om_statement_key(one, &s, &id);
  for (size_t i = 0; i < OM_HASH_BYTES; i++) {
    id.bytes[i] ^= 1;
    om_statement_key(other, &s, &id);
    assert_memory_not_equal(one, other, sizeof one);
    id.bytes[i] ^= 1;
  }
}

static void test_acts_form_a_chain(void **state) {
  (void)state;
  struct fixture f;
  struct om_status st;
  struct om_hash first;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  open_all(&f, 3, false);
  settle(&f, t0);
  struct bytes a = add_site(&f.net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  assert_int_equal(submit(&f, 0, a, t0, NULL, &st), OM_OK);
  network_lot(&f.net, number, &first, a.data, a.len, 0, 0);
  struct bytes replay = add_site(&f.net, 2, 2, NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  assert_int_equal(submit(&f, 0, replay, t0, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "previous");
  struct bytes skip = add_site(&f.net, 2, 3, &first, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  assert_int_equal(submit(&f, 0, skip, t0, NULL, &st), OM_REFUSED);
  assert_string_equal(st.rule, "number");
  struct bytes next = add_site(&f.net, 2, 2, &first, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0);
  enum om_code code = submit(&f, 0, next, t0, NULL, &st);
  must_be(code, OM_OK, &st);
  assert_int_equal(network_info(f.ledgers[0], 0).size, 3);
  free(a.data), free(replay.data), free(skip.data), free(next.data);
  close_all(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_fresh_store_begins_with_the_genesis),
      cmocka_unit_test(test_logs_begin_with_a_registry_mark_and_settle),
      cmocka_unit_test(test_a_site_counts_from_the_mark_on),
      cmocka_unit_test(test_custody_across_logs_needs_what_is_final),
      cmocka_unit_test(test_what_stands_survives_reopening),
      cmocka_unit_test(test_signatures_and_times),
      cmocka_unit_test(test_an_invalid_entry_stops_the_log),
      cmocka_unit_test(test_time_in_a_log_never_goes_back),
      cmocka_unit_test(test_a_witness_signs_one_history),
      cmocka_unit_test(test_a_head_without_its_quorum_is_not_final),
      cmocka_unit_test(test_a_lot_number_that_is_taken_refuses_the_whole_statement),
      cmocka_unit_test(test_a_quorum_is_neither_less_nor_the_logs_own),
      cmocka_unit_test(test_a_witness_does_not_go_back),
      cmocka_unit_test(test_a_log_that_takes_no_act_up_is_held_back),
      cmocka_unit_test(test_marks_say_when_it_was_final),
      cmocka_unit_test(test_a_mark_needs_the_quorum),
      cmocka_unit_test(test_a_mark_needs_the_registry_of_what_it_marks),
      cmocka_unit_test(test_a_statement_is_known_by_its_whole_id),
      cmocka_unit_test(test_acts_form_a_chain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
