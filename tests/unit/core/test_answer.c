/* Answers to clients, made from a ledger with lots of long statements. */
#include "support/test.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/answer.h"
#include "ledger/evidence.h"
#include "support/lie.h"
#include "support/network.h"

enum { DAEMONS = 3 };
enum { EVENTS = 4, EVENT_LOTS = 900, LOTS = EVENTS * EVENT_LOTS };

static const int64_t t0 = INT64_C(1795000000000);

struct fixture {
  struct network net;
  struct om_ledger *ledgers[DAEMONS];
  char *folder;
  uint8_t lowest[OM_LOT_NUMBER_BYTES]; /* of the lots made in the last statement */
  struct om_hash made_by;
};

static void find_lowest(struct fixture *f, const uint8_t *bytes, size_t len) {
  memset(f->lowest, 0xff, sizeof f->lowest);
  for (uint16_t event = 0; event < EVENTS; event++)
    for (uint16_t output = 0; output < EVENT_LOTS; output += 50) { /* low enough */
      uint8_t number[OM_LOT_NUMBER_BYTES];
      struct om_hash id;
      network_lot(&f->net, number, &id, bytes, len, event, output);
      if (memcmp(number, f->lowest, sizeof number) >= 0) continue;
      memcpy(f->lowest, number, sizeof number);
      f->made_by = id;
    }
}

static void submit(struct fixture *f, size_t daemon, Oremark__Event **events, size_t n) {
  static const uint32_t signer[] = {2};
  struct om_status st;
  struct om_receipt receipt;
  size_t len;
  om_status_clear(&st);
  uint8_t *bytes = network_statement(&f->net, &len, 2, t0, events, n, signer, 1);
  assert_true(len <= OM_STATEMENT_MAX_BYTES);
  if (network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, bytes, len, t0, &st) != OM_OK)
    fail_msg("%s", st.text);
  if (n == EVENTS) find_lowest(f, bytes, len);
  free(bytes);
}

static void settle(struct fixture *f) {
  struct om_status st;
  om_status_clear(&st);
  if (network_settle(&f->net, f->ledgers, t0, &st) != OM_OK) fail_msg("%s", st.text);
}

static void add_mine(struct fixture *f) {
  Oremark__AddSite site = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  site.site = 1;
  site.name = (char *)"pit";
  site.country = (char *)"PE";
  site.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &site;
  submit(f, 0, events, 1);
  settle(f);
}

/* One statement, nearly as long as one may be, of many small lots: taken apart it is some twenty times as large. */
static void extract_many(struct fixture *f) {
  static Oremark__Metal metal;
  static Oremark__Material material, *lots[EVENT_LOTS];
  static Oremark__Extract acts[EVENTS];
  static Oremark__Event events[EVENTS], *all[EVENTS];
  static Oremark__Metal *metals[] = {&metal};
  metal = (Oremark__Metal)OREMARK__METAL__INIT;
  metal.element = 29;
  metal.contained_mg = 100;
  material = (Oremark__Material)OREMARK__MATERIAL__INIT;
  material.form = OREMARK__FORM__FORM_CONCENTRATE;
  material.gross_mg = 120;
  material.name = (char *)"n";
  material.n_metals = 1;
  material.metals = metals;
  for (size_t i = 0; i < EVENT_LOTS; i++) lots[i] = &material;
  for (size_t i = 0; i < EVENTS; i++) {
    acts[i] = (Oremark__Extract)OREMARK__EXTRACT__INIT;
    acts[i].site = 1;
    acts[i].n_lots = EVENT_LOTS;
    acts[i].lots = lots;
    events[i] = (Oremark__Event)OREMARK__EVENT__INIT;
    events[i].kind_case = OREMARK__EVENT__KIND_EXTRACT;
    events[i].extract = &acts[i];
    all[i] = &events[i];
  }
  submit(f, 1, all, EVENTS);
}

static void open_fixture(struct fixture *f) {
  char path[4096];
  memset(f, 0, sizeof *f);
  network_open(&f->net, DAEMONS, false);
  f->folder = temp_folder();
  for (size_t i = 0; i < DAEMONS; i++) {
    snprintf(path, sizeof path, "%s/%zu", f->folder, i);
    f->ledgers[i] = network_ledger(&f->net, i, path);
  }
  settle(f);
  add_mine(f);
  extract_many(f);
}

static void close_fixture(struct fixture *f) {
  for (size_t i = 0; i < DAEMONS; i++) om_ledger_close(f->ledgers[i]);
  remove_folder(f->folder);
  network_close(&f->net);
}

static bool count_lots(void *ctx, const Oremark__Reply *reply) {
  size_t *lots = ctx;
  if (strcmp(reply->code, "ok") != 0) fail_msg("%s", reply->text);
  assert_int_equal(reply->what_case, OREMARK__REPLY__WHAT_LOTS);
  for (size_t i = 0; i < reply->lots->n_lots; i++) assert_string_equal(reply->lots->lots[i]->name, "n");
  *lots += reply->lots->n_lots;
  return true;
}

/* Each lot's name stands in the statement that made it, which is long. */
static void test_many_lots_of_one_statement_are_listed(void **state) {
  (void)state;
  struct fixture f;
  struct om_txn *txn;
  struct om_status st;
  size_t lots = 0;
  struct om_answer_sink sink = {.ctx = &lots, .put = count_lots};
  struct om_about about = {.own_log = 1};
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListLots list = OREMARK__LIST_LOTS__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_LOTS;
  request.list_lots = &list;
  list.limit = LOTS;
  open_fixture(&f);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f.ledgers[1]), &st), OM_OK);
  om_answer(&sink, txn, &about, &request);
  assert_int_equal(lots, LOTS);
  om_txn_abort(txn);
  close_fixture(&f);
}

struct heap_use {
  size_t lots, most;
};

static bool note_heap(void *ctx, const Oremark__Reply *reply) {
  struct heap_use *use = ctx;
  size_t now = mallinfo2().uordblks;
  if (strcmp(reply->code, "ok") != 0) fail_msg("%s", reply->text);
  use->lots += reply->lots->n_lots;
  if (now > use->most) use->most = now;
  return true;
}

static void test_a_walk_past_unwanted_lots_takes_no_memory(void **state) {
  (void)state;
  struct fixture f;
  struct om_txn *txn;
  struct om_status st;
  struct heap_use use = {0};
  struct om_answer_sink sink = {.ctx = &use, .put = note_heap};
  struct om_about about = {.own_log = 1};
  Oremark__LotRef ref = OREMARK__LOT_REF__INIT, *refs[] = {&ref};
  Oremark__Ship act = OREMARK__SHIP__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListLots list = OREMARK__LIST_LOTS__INIT;
  open_fixture(&f);
  ref.number = (ProtobufCBinaryData){sizeof f.lowest, f.lowest};
  ref.last_event = (ProtobufCBinaryData){sizeof f.made_by.bytes, f.made_by.bytes};
  act.n_lots = 1;
  act.lots = refs;
  act.consignee = 3;
  event.kind_case = OREMARK__EVENT__KIND_SHIP;
  event.ship = &act;
  submit(&f, 1, events, 1);
  request.what_case = OREMARK__REQUEST__WHAT_LIST_LOTS;
  request.list_lots = &list;
  list.consignee = 3;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f.ledgers[1]), &st), OM_OK);
  om_answer(&sink, txn, &about, &request); /* what the first takes for good */
  list.limit = 1;
  use = (struct heap_use){0};
  om_answer(&sink, txn, &about, &request);
  assert_int_equal(use.lots, 1);
  size_t found = use.most; /* at the first of all lots or nearly */
  list.limit = 0;
  use = (struct heap_use){0};
  om_answer(&sink, txn, &about, &request);
  assert_int_equal(use.lots, 1);
  assert_true(use.most <= found + (64 << 10)); /* the other 3,599 */
  om_txn_abort(txn);
  close_fixture(&f);
}

/* ---- finality ---- */

struct finality_seen {
  char state[16], missing[200], code[16];
  uint32_t needed;
  size_t n;
};

static bool note_finality(void *ctx, const Oremark__Reply *reply) {
  struct finality_seen *seen = ctx;
  seen->n++;
  snprintf(seen->code, sizeof seen->code, "%s", reply->code);
  if (reply->what_case != OREMARK__REPLY__WHAT_FINALITY) return true;
  snprintf(seen->state, sizeof seen->state, "%s", reply->finality->state);
  seen->needed = reply->finality->needed;
  for (size_t i = 0; i < reply->finality->n_missing; i++)
    snprintf(seen->missing + strlen(seen->missing), sizeof seen->missing - strlen(seen->missing), "%s ",
             reply->finality->missing[i]);
  return true;
}

static struct finality_seen ask_finality(struct om_ledger *ledger, const struct om_about *about,
                                         const struct om_hash *id, size_t id_len) {
  struct finality_seen seen = {.n = 0};
  struct om_answer_sink sink = {.ctx = &seen, .put = note_finality};
  struct om_hash copy = *id;
  struct om_txn *txn;
  struct om_status st;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetFinality get = OREMARK__GET_FINALITY__INIT;
  get.member = 1;
  get.signed_ms = t0;
  get.statement_id = (ProtobufCBinaryData){id_len, copy.bytes};
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINALITY;
  request.get_finality = &get;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &st), OM_OK);
  om_answer(&sink, txn, about, &request);
  om_txn_abort(txn);
  assert_int_equal(seen.n, 1);
  return seen;
}

/* Member 1's first site, at its daemon alone: pending. */
static struct om_receipt submit_pending(struct network *net, struct om_ledger *ledger) {
  static const uint32_t signer[] = {1};
  Oremark__AddSite site = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  struct om_receipt receipt;
  struct om_status st;
  size_t len;
  site.site = 1;
  site.name = (char *)"yard";
  site.country = (char *)"PE";
  site.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &site;
  uint8_t *bytes = network_statement(net, &len, 1, t0, events, 1, signer, 1);
  if (network_submit(net, 0, ledger, &receipt, bytes, len, t0, &st) != OM_OK) fail_msg("%s", st.text);
  free(bytes);
  return receipt;
}

static void test_finality_names_who_has_not_cosigned(void **state) {
  (void)state;
  enum { N = 4 };
  struct network net;
  struct om_ledger *ledgers[N];
  struct om_status st;
  struct finality_seen seen;
  char path[4096], *folder = temp_folder();
  network_open(&net, N, true);
  for (size_t i = 0; i < N; i++) {
    snprintf(path, sizeof path, "%s/%zu", folder, i);
    ledgers[i] = network_ledger(&net, i, path);
  }
  om_status_clear(&st);
  assert_int_equal(network_settle(&net, ledgers, t0, &st), OM_OK);
  struct om_receipt receipt = submit_pending(&net, ledgers[0]);
  uint64_t covers = receipt.index + 1;
  /* Of the first list three operators are needed; "c" and "d" are of one. Of the second, all of two. */
  const struct om_node_witness witnesses[] = {{0, 2, "e", 0},          {0, 3, "b", covers - 1}, {0, 4, "c", covers},
                                              {0, 4, "d", covers + 5}, {1, 2, "e", 0},          {1, 9, "a", covers}};
  struct om_about about = {.own_log = 0, .n_witnesses = 6, .witnesses = witnesses, .witnesses_needed = {3, 2}};
  seen = ask_finality(ledgers[0], &about, &receipt.statement_id, OM_HASH_BYTES);
  assert_string_equal(seen.state, "pending");
  assert_string_equal(seen.missing, "b e ");
  assert_int_equal(seen.needed, 2);
  about.witnesses_needed[0] = 1;
  about.witnesses_needed[1] = 0;
  seen = ask_finality(ledgers[0], &about, &receipt.statement_id, OM_HASH_BYTES);
  assert_int_equal(seen.needed, 1); /* enough have signed, but no head has them all yet */
  about.reached_size = covers - 1;
  assert_string_equal(ask_finality(ledgers[0], &about, &receipt.statement_id, OM_HASH_BYTES).state, "pending");
  about.reached_size = covers;
  assert_string_equal(ask_finality(ledgers[0], &about, &receipt.statement_id, OM_HASH_BYTES).state, "final");
  about.own_log = 1;
  seen = ask_finality(ledgers[0], &about, &receipt.statement_id, OM_HASH_BYTES);
  assert_string_equal(seen.state, "pending"); /* another's log was meant */
  assert_string_equal(seen.missing, "");      /* another's log: nothing is known of its witnesses */
  assert_string_equal(ask_finality(ledgers[0], &about, &receipt.statement_id, 31).code, "malformed");
  struct om_hash other = receipt.statement_id;
  other.bytes[0] ^= 1;
  assert_string_equal(ask_finality(ledgers[0], &about, &other, OM_HASH_BYTES).state, "unknown");
  assert_int_equal(network_settle(&net, ledgers, t0, &st), OM_OK);
  assert_string_equal(ask_finality(ledgers[3], &about, &receipt.statement_id, OM_HASH_BYTES).state, "final");
  for (size_t i = 0; i < N; i++) om_ledger_close(ledgers[i]);
  remove_folder(folder);
  network_close(&net);
}

struct told {
  size_t files, ended;
  struct om_evidence_verdict verdict;
};

static bool take_evidence(void *ctx, const Oremark__Reply *reply) {
  struct told *told = ctx;
  struct om_status st;
  if (strcmp(reply->code, "ok") != 0) fail_msg("%s", reply->text);
  assert_int_equal(reply->what_case, OREMARK__REPLY__WHAT_EVIDENCE);
  for (size_t i = 0; i < reply->evidence->n_files; i++, told->files++) {
    const Oremark__EvidenceFile *file = reply->evidence->files[i];
    assert_string_equal(file->origin, "daemon1.example/log");
    assert_true(file->freezes);
    assert_int_equal(om_evidence_check(file->evidence.data, file->evidence.len, &told->verdict, &st), OM_OK);
  }
  told->ended += !reply->more;
  return true;
}

static bool take_status(void *ctx, const Oremark__Reply *reply) {
  assert_int_equal(reply->what_case, OREMARK__REPLY__WHAT_STATUS);
  for (size_t i = 0; i < reply->status->n_logs; i++) {
    assert_int_equal(reply->status->logs[i]->frozen, i == 1);
    assert_int_equal(reply->status->logs[i]->evidence, i == 1);
  }
  *(bool *)ctx = true;
  return true;
}

/* Without witnesses every signed head is final: another one of log 1, at size 1, to daemon 2. */
static void tell_another_head(struct fixture *f) {
  struct om_checkpoint head = {.size = 1, .origin = "daemon1.example/log"};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], note[OM_NOTE_BYTES_MAX];
  struct om_batch *batch;
  struct om_status st;
  bool newer;
  size_t len, text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t n = om_note_sign(line, head.origin, f->net.log_keys[1], text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  assert_int_equal(om_batch_begin(&batch, f->ledgers[2], &st), OM_OK);
  assert_int_equal(om_batch_final(batch, &newer, 1, (const uint8_t *)note, len, &st), OM_WAIT);
  assert_int_equal(om_batch_commit(batch, NULL, &st), OM_OK);
}

static void test_evidence_is_told(void **state) {
  (void)state;
  struct fixture f;
  struct om_txn *txn;
  struct om_status st;
  struct told *told = calloc(1, sizeof *told);
  bool seen = false;
  struct om_answer_sink sink = {.ctx = told, .put = take_evidence}, status = {.ctx = &seen, .put = take_status};
  struct om_about about = {.own_log = 2};
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListEvidence list = OREMARK__LIST_EVIDENCE__INIT;
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  open_fixture(&f);
  settle(&f);
  for (size_t pieces = 0; pieces < 2; pieces++) {
    if (pieces) tell_another_head(&f);
    told->files = told->ended = 0;
    request.what_case = OREMARK__REQUEST__WHAT_LIST_EVIDENCE;
    request.list_evidence = &list;
    assert_int_equal(om_txn_read(&txn, om_ledger_store(f.ledgers[2]), &st), OM_OK);
    om_answer(&sink, txn, &about, &request);
    assert_int_equal(told->files, pieces);
    assert_int_equal(told->ended, 1);
    request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
    request.get_status = &get;
    if (pieces) om_answer(&status, txn, &about, &request);
    om_txn_abort(txn);
  }
  assert_int_equal(told->verdict.smaller.size, 1);
  assert_true(seen);
  free(told);
  close_fixture(&f);
}

/* ---- heads held against the tree ---- */

struct compared {
  char state[16], code[16];
  uint64_t size, held;
};

static bool take_compared(void *ctx, const Oremark__Reply *reply) {
  struct compared *out = ctx;
  snprintf(out->code, sizeof out->code, "%s", reply->code);
  if (reply->what_case != OREMARK__REPLY__WHAT_HEAD_COMPARED) return true;
  snprintf(out->state, sizeof out->state, "%s", reply->head_compared->state);
  out->size = reply->head_compared->size;
  out->held = reply->head_compared->held;
  return true;
}

/* What daemon 2 says of a head of LOG over SIZE entries with ROOT, signed in the name of log 1. */
static struct compared ask_compared(struct fixture *f, uint32_t log, uint64_t size, const struct om_hash *root,
                                    size_t signer) {
  struct compared out = {.size = 0};
  struct om_answer_sink sink = {.ctx = &out, .put = take_compared};
  struct om_about about = {.own_log = 2};
  struct om_checkpoint head = {.size = size, .root = *root, .origin = "daemon1.example/log"};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], note[OM_NOTE_BYTES_MAX];
  struct om_status st;
  struct om_txn *txn;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__CompareHead ask = OREMARK__COMPARE_HEAD__INIT;
  size_t len, text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t n = om_note_sign(line, head.origin, f->net.log_keys[signer], text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  ask.log = log;
  ask.head = (ProtobufCBinaryData){len, (uint8_t *)note};
  request.what_case = OREMARK__REQUEST__WHAT_COMPARE_HEAD;
  request.compare_head = &ask;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f->ledgers[2]), &st), OM_OK);
  om_answer(&sink, txn, &about, &request);
  om_txn_abort(txn);
  return out;
}

static void test_heads_of_any_size_are_held_against_the_tree(void **state) {
  (void)state;
  static struct om_log_tiles tiles;
  struct fixture f;
  struct om_txn *txn;
  struct om_status st;
  struct om_log_info info;
  struct om_hash first, none = {{0}};
  open_fixture(&f);
  settle(&f);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(f.ledgers[2]), &st), OM_OK);
  assert_int_equal(om_log_info(txn, &info, 1, &st), OM_OK);
  assert_int_equal(om_log_tiles(txn, &tiles, 1, &st), OM_OK);
  assert_int_equal(om_tree_root_at(&tiles.tiles, &first, 1, &st), OM_OK);
  om_txn_abort(txn);
  assert_true(info.size > 1);
  struct compared seen = ask_compared(&f, 1, 1, &first, 1);
  assert_string_equal(seen.state, "same");
  assert_true(seen.size == 1 && seen.held == info.size);
  assert_string_equal(ask_compared(&f, 1, info.size, &info.root, 1).state, "same");
  assert_string_equal(ask_compared(&f, 1, 1, &none, 1).state, "other");
  assert_string_equal(ask_compared(&f, 1, info.size, &first, 1).state, "other");
  assert_string_equal(ask_compared(&f, 1, info.size + 1, &none, 1).state, "beyond");
  assert_string_equal(ask_compared(&f, 1, 1, &first, 0).state, "unsigned");
  assert_string_equal(ask_compared(&f, 0, 1, &first, 1).state, "unsigned"); /* of another log */
  assert_string_equal(ask_compared(&f, 99, 1, &first, 1).code, "missing");
  close_fixture(&f);
}

/* ---- an entry that its log has signed and must not hold ---- */

struct texts {
  size_t n;
  char why[OM_STATUS_TEXT_BYTES];
};

static bool take_text(void *ctx, const Oremark__Reply *reply) {
  struct texts *texts = ctx;
  assert_int_equal(reply->what_case, OREMARK__REPLY__WHAT_EVIDENCE);
  for (size_t i = 0; i < reply->evidence->n_files; i++, texts->n++) {
    snprintf(texts->why, sizeof texts->why, "%s", reply->evidence->files[i]->why);
    assert_false(reply->evidence->files[i]->freezes);
  }
  return true;
}

/* The one piece that DAEMON lists, if any. */
static struct texts listed(struct lie *l, size_t daemon) {
  struct texts texts = {0};
  struct om_answer_sink sink = {.ctx = &texts, .put = take_text};
  struct om_about about = {.own_log = (uint32_t)daemon};
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListEvidence list = OREMARK__LIST_EVIDENCE__INIT;
  struct om_txn *txn;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_EVIDENCE;
  request.list_evidence = &list;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l->ledgers[daemon]), &l->st), OM_OK);
  om_answer(&sink, txn, &about, &request);
  om_txn_abort(txn);
  return texts;
}

static void test_who_says_that_an_entry_is_invalid(void **state) {
  (void)state;
  static struct lie l;
  static const uint8_t after[LIE_BEHIND] = {0, 1, 2, 3, 4};
  struct om_batch *batch;
  struct om_bytes piece;
  struct om_span behind[LIE_BEHIND];
  enum om_evidence_standing standing;
  uint32_t number;
  bool news;
  lie_open(&l, 20);
  lie_tell(&l, false);
  struct lie_head head = lie_head(&l);
  struct om_status why = {.code = OM_REFUSED, .text = "entry 20: against a rule"};
  for (size_t i = 0; i < LIE_BEHIND; i++) behind[i] = (struct om_span){&after[i], 1};
  assert_int_equal(om_batch_begin(&batch, l.ledgers[2], &l.st), OM_OK);
  assert_int_equal(om_batch_stop_log(batch, LIE_LOG, l.index, l.bad, l.bad_len, &why, &l.st), OM_OK);
  assert_int_equal(om_batch_behind_stop(batch, LIE_LOG, l.index, behind, LIE_BEHIND, &l.st), OM_OK);
  assert_int_equal(om_batch_prove_stop(batch, LIE_LOG, head.note, head.len, &l.st), OM_OK);
  assert_int_equal(om_log_evidence(om_batch_txn(batch), &piece, &standing, LIE_LOG, 0, &l.st), OM_OK);
  uint8_t *bytes = om_arena_copy(&l.arena, piece.data, piece.len);
  assert_int_equal(om_batch_commit(batch, NULL, &l.st), OM_OK);
  struct texts texts = listed(&l, 2);
  assert_int_equal(texts.n, 1);
  assert_string_equal(texts.why, "entry 20, which the log has signed, is invalid");
  assert_int_equal(om_batch_begin(&batch, l.ledgers[3], &l.st), OM_OK);
  assert_int_equal(om_batch_evidence(batch, &number, &news, LIE_LOG, bytes, piece.len, &l.st), OM_OK);
  assert_int_equal(om_batch_commit(batch, NULL, &l.st), OM_OK);
  texts = listed(&l, 3);
  assert_int_equal(texts.n, 1);
  assert_non_null(strstr(texts.why, "as another daemon says; it was not judged here"));
  assert_int_equal(listed(&l, 4).n, 0);
  lie_close(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_lots_of_one_statement_are_listed),
                                     cmocka_unit_test(test_a_walk_past_unwanted_lots_takes_no_memory),
                                     cmocka_unit_test(test_finality_names_who_has_not_cosigned),
                                     cmocka_unit_test(test_evidence_is_told),
                                     cmocka_unit_test(test_heads_of_any_size_are_held_against_the_tree),
                                     cmocka_unit_test(test_who_says_that_an_entry_is_invalid)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
