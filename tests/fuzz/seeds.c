/* Writes the seeds of the fuzz corpora, FOLDER/X/seed-N: valid input of every kind, made with keys out of small
 * numbers, so that the same program writes the same bytes. Usage: fuzz_seeds FOLDER. What fuzzing found besides has
 * other names. */
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/core/link.h"
#include "daemon/core/node.h"
#include "fuzz/fuzz.h"
#include "fuzz/pair.h"
#include "fuzz/yard.h"
#include "keys/base64.h"
#include "keys/keytext.h"
#include "keys/seal.h"
#include "ledger/bundle_state.h"
#include "ledger/documents.h"
#include "ledger/evidence.h"
#include "ledger/merkle.h"
#include "ledger/note.h"
#include "ledger/tlog_proof.h"
#include "proto/client.pb-c.h"
#include "proto/peer.pb-c.h"
#include "support/records.h"

static const char *top;

/* Writes PREFIX (the bytes that choose a case) and the LEN bytes at DATA as seed N of WHAT. */
static void seed(const char *what, int n, const char *prefix, size_t prefix_len, const void *data, size_t len) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", top, what);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s/seed-%02d", top, what, n);
  FILE *file = fopen(path, "wb");
  OM_ASSERT(file && fwrite(prefix, 1, prefix_len, file) == prefix_len && fwrite(data, 1, len, file) == len &&
            fclose(file) == 0);
}

static void text(const char *what, int n, const char *prefix, const char *bytes) {
  seed(what, n, prefix, strlen(prefix), bytes, strlen(bytes));
}

/* ---- ledger ---- */

static void genesis(void) {
  for (int witnessed = 0; witnessed < 2; witnessed++) {
    struct network net;
    network_open(&net, 4, witnessed);
    seed("genesis", witnessed, "", 0, net.genesis, net.genesis_len);
    seed("canon", witnessed, "\3", 1, net.genesis, net.genesis_len);
    network_close(&net);
  }
}

/* A head of TREE, with the cosignatures of daemons 2 to N + 1. */
static size_t head_of(const struct network *net, char note[OM_NOTE_BYTES_MAX], const struct om_edge *tree, size_t n) {
  char text_bytes[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], name[] = "daemon0.example/log";
  struct om_checkpoint head = {.origin = "daemon1.example/log", .size = tree->size};
  struct om_status st = {0};
  size_t len;
  om_edge_root(tree, &head.root);
  size_t text_len = om_checkpoint_format(text_bytes, &head);
  OM_ASSERT(om_note_begin(note, &len, text_bytes, text_len, &st) == OM_OK);
  size_t line_len = om_note_sign(line, head.origin, net->log_keys[1], text_bytes, text_len);
  OM_ASSERT(om_note_add_line(note, &len, line, line_len, &st) == OM_OK);
  for (size_t i = 2; i < n + 2; i++) {
    name[6] = (char)('0' + i);
    line_len = om_note_cosign(line, name, net->cosign_keys[i], 1700000000, text_bytes, text_len);
    OM_ASSERT(om_note_add_line(note, &len, line, line_len, &st) == OM_OK);
  }
  return len;
}

/* Trees of the bytes 0 to 10; from the sixth on others in the second. */
static void grow(struct om_edge *tree, size_t n, bool other) {
  struct om_status st = {0};
  for (uint8_t i = (uint8_t)tree->size; i < n; i++) {
    uint8_t byte = other && i >= 5 ? (uint8_t)(i + 100) : i;
    struct om_hash leaf;
    om_leaf_hash(&leaf, &byte, 1);
    OM_ASSERT(om_edge_append(tree, &leaf, NULL, NULL, &st) == OM_OK);
  }
}

static struct om_daemon daemon_of(const struct network *net, uint32_t log) {
  struct om_daemon out = {.log = log, .operator_member = log + 1};
  snprintf(out.origin, sizeof out.origin, "daemon%u.example/log", log);
  memcpy(out.log_key, om_secret_public(net->log_keys[log]), sizeof out.log_key);
  memcpy(out.cosign_key, om_secret_public(net->cosign_keys[log]), sizeof out.cosign_key);
  memcpy(out.witness_key, om_secret_public(net->witness_keys[log]), sizeof out.witness_key);
  memcpy(out.link_key, om_secret_public(net->link_keys[log]), sizeof out.link_key);
  return out;
}

/* Forks of one size and of two; an entry that is malformed, and one that is not. */
static void evidence(void) {
  static struct om_edge ours, theirs, covering;
  struct network net;
  struct om_arena arena = {0};
  struct om_status st = {0};
  struct om_proof proof;
  uint8_t *bytes;
  size_t len;
  static char notes[2][OM_NOTE_BYTES_MAX];
  network_open(&net, 5, true);
  struct om_daemon log = daemon_of(&net, 1),
                   witnesses[3] = {daemon_of(&net, 2), daemon_of(&net, 3), daemon_of(&net, 4)};
  struct om_tiles tiles = {.edge = &ours};
  grow(&ours, 11, false);
  for (int n = 0; n < 3; n++) {
    memset(&theirs, 0, sizeof theirs);
    grow(&theirs, n == 0 ? 11 : n == 1 ? 8 : 7, true);
    struct om_signed_head held = {(uint8_t *)notes[0], head_of(&net, notes[0], &ours, 3)};
    struct om_signed_head other = {(uint8_t *)notes[1], head_of(&net, notes[1], &theirs, (size_t)n)};
    OM_ASSERT(om_evidence_fork(&arena, &bytes, &len, &(struct om_accused){&net.id, &log, witnesses, 3, "two heads"},
                               &tiles, &held, &other, &st) == OM_OK);
    seed("evidence", n, "", 0, bytes, len);
  }
  for (int n = 0; n < 2; n++) {
    struct record record = record_extract(&net, 2, 1, 1, 5000, INT64_C(1710000000000));
    Oremark__Entry entry = OREMARK__ENTRY__INIT;
    uint8_t packed[4096];
    struct om_hash leaf;
    entry.taken_ms = INT64_C(1710000000000);
    entry.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
    entry.statement = oremark__signed_statement__unpack(NULL, record.len, record.bytes);
    OM_ASSERT(entry.statement && oremark__entry__get_packed_size(&entry) <= sizeof packed);
    struct om_span bad = {packed, oremark__entry__pack(&entry, packed)};
    if (n == 0) packed[0] = 0xff;
    memset(&covering, 0, sizeof covering);
    grow(&covering, 5, false);
    om_leaf_hash(&leaf, bad.data, bad.len);
    OM_ASSERT(om_edge_append(&covering, &leaf, NULL, NULL, &st) == OM_OK);
    grow(&covering, 11, false);
    tiles.edge = &covering;
    OM_ASSERT(om_prove_inclusion(&tiles, &proof, 5, 11, &st) == OM_OK);
    struct om_signed_head head = {(uint8_t *)notes[0], head_of(&net, notes[0], &covering, 1)};
    OM_ASSERT(om_evidence_entry(&arena, &bytes, &len,
                                &(struct om_accused){&net.id, &log, witnesses, 3, "against a rule"}, 5, &bad, &head,
                                &proof, &st) == OM_OK);
    seed("evidence", 3 + n, "", 0, bytes, len);
    oremark__signed_statement__free_unpacked(entry.statement, NULL);
    free(record.bytes);
  }
  om_arena_free(&arena);
  network_close(&net);
}

static void heads(void) {
  struct network net;
  char head[OM_CHECKPOINT_BYTES], note[OM_NOTE_BYTES_MAX], line[OM_NOTE_LINE_BYTES], vkey[OM_VKEY_BYTES];
  struct om_checkpoint checkpoint = {.origin = "member1.example/log", .size = 4711, .root = {{1, 2, 3}}};
  struct om_status st = {0};
  size_t len, head_len = om_checkpoint_format(head, &checkpoint);
  network_open(&net, 3, true);
  OM_ASSERT(om_note_begin(note, &len, head, head_len, &st) == OM_OK);
  OM_ASSERT(om_note_add_line(note, &len, line, om_note_sign(line, checkpoint.origin, net.log_keys[0], head, head_len),
                             &st) == OM_OK);
  seed("note", 0, "", 0, note, len);
  for (size_t i = 1; i < 3; i++) {
    size_t n = om_note_cosign(line, i == 1 ? "member2.example/w" : "Rönnskär/w", net.cosign_keys[i], 1700000000 + i,
                              head, head_len);
    OM_ASSERT(om_note_add_line(note, &len, line, n, &st) == OM_OK);
  }
  seed("note", 1, "", 0, note, len);
  om_vkey_format(vkey, checkpoint.origin, OM_ALG_ED25519, om_secret_public(net.log_keys[0]));
  text("vkey", 0, "", vkey);
  om_vkey_format(vkey, "Rönnskär/w", OM_ALG_COSIGNATURE, om_secret_public(net.cosign_keys[0]));
  text("vkey", 1, "", vkey);
  network_close(&net);
}

static enum om_code full(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                         struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

static void edges(void) {
  static struct om_edge edge;
  static uint8_t bytes[OM_EDGE_BYTES_MAX];
  struct om_status st = {0};
  struct om_hash leaf;
  int n = 0;
  om_empty_root(&leaf);
  for (uint64_t size = 0; size <= 300; size++) {
    if (size == 0 || size == 1 || size == 7 || size == 256 || size == 258)
      seed("edge", n++, "", 0, bytes, om_edge_encode(&edge, bytes));
    OM_ASSERT(om_edge_append(&edge, &leaf, full, NULL, &st) == OM_OK);
  }
}

static void lot_rows(void) {
  struct om_arena arena = {0};
  struct om_origin origin = {OM_ORIGIN_MINE, {'P', 'E'}, 2, 1};
  struct om_content contents[] = {{29, 1000000, om_mix_of(&arena, origin, 1000000)},
                                  {79, 5, om_mix_of(&arena, origin, 5)}};
  struct om_lot lot = {.number = {0, 0, 0, 2},
                       .state = OM_LOT_HELD,
                       .form = 2,
                       .custodian = 2,
                       .pen = 2,
                       .owner = 3,
                       .site = 1,
                       .gross_mg = 4000000,
                       .n_contents = 2,
                       .contents = contents};
  static const uint32_t releasers[] = {2, 3, 5};
  for (int i = 0; i < 4; i++) {
    uint8_t key[OM_LOT_KEY_BYTES];
    const uint8_t *row;
    size_t len;
    lot.n_contents = (size_t)(i % 3);
    if (i == 3) lot.hold = (struct om_hold){1, 2, 3, releasers, {1, 7, 0, 0}};
    om_lot_key(key, lot.number, lot.step);
    om_lot_encode(&arena, &row, &len, &lot);
    seed("lot", i, (const char *)key, sizeof key, row, len);
  }
  om_arena_free(&arena);
}

/* ---- statements ---- */

static void ending(struct network *net, int n, Oremark__Event *event, int64_t at_ms) {
  const uint32_t governor = 1;
  size_t len;
  uint8_t *bytes = network_statement(net, &len, governor, at_ms, &event, 1, &governor, 1);
  seed("statement", n, "\0", 1, bytes, len);
  free(bytes);
}

/* The call to seal a log, its lifting, and the end of the log with a seal. */
static void endings(struct network *net, int64_t at_ms) {
  static uint8_t hash[OM_HASH_BYTES], signature[OM_SIG_BYTES], head[] = "not a note";
  Oremark__SealLog call = OREMARK__SEAL_LOG__INIT;
  Oremark__LiftSeal lift = OREMARK__LIFT_SEAL__INIT;
  Oremark__Seal seal = OREMARK__SEAL__INIT, *seals[] = {&seal};
  Oremark__RetireLog retire = OREMARK__RETIRE_LOG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  call.log = lift.log = retire.log = seal.log = seal.witness = 1;
  call.reason = lift.reason = retire.reason = "its operator is gone";
  lift.call = retire.root = seal.call = (ProtobufCBinaryData){sizeof hash, hash};
  seal.signature = (ProtobufCBinaryData){sizeof signature, signature};
  seal.head = (ProtobufCBinaryData){sizeof head, head};
  seal.registry_index = seal.settled_index = retire.size = 5;
  retire.successor = 2;
  retire.n_seals = 1;
  retire.seals = seals;
  retire.judged = true;
  event.kind_case = OREMARK__EVENT__KIND_SEAL_LOG;
  event.seal_log = &call;
  ending(net, 10, &event, at_ms);
  event.kind_case = OREMARK__EVENT__KIND_LIFT_SEAL;
  event.lift_seal = &lift;
  ending(net, 11, &event, at_ms);
  event.kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event.retire_log = &retire;
  ending(net, 12, &event, at_ms);
}

/* Records as statements and as entries, in the forms of fuzz_statement.c and fuzz_canon.c. */
static void records(void) {
  static uint8_t entry[OM_ENTRY_MAX_BYTES];
  static const int64_t at_ms = INT64_C(1710000000000);
  struct network net;
  network_open(&net, 3, false);
  struct record mine = record_site(&net, 2, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, at_ms);
  struct record lots = record_extract(&net, 2, 1, 2, 1000000, at_ms);
  struct record away = record_ship(&net, 2, &lots, 3, at_ms);
  struct record all[] = {mine, lots, away, record_receive(&net, 3, 1, &lots, &away, at_ms),
                         record_charge(&net, 2, 1, &lots, at_ms)};
  endings(&net, at_ms);
  for (int i = 0; i < 5; i++) {
    Oremark__Entry e = OREMARK__ENTRY__INIT;
    e.taken_ms = at_ms;
    e.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
    e.statement = oremark__signed_statement__unpack(NULL, all[i].len, all[i].bytes);
    OM_ASSERT(e.statement && oremark__entry__get_packed_size(&e) <= sizeof entry);
    size_t len = oremark__entry__pack(&e, entry);
    seed("statement", 2 * i, "\0", 1, all[i].bytes, all[i].len);
    seed("statement", 2 * i + 1, "\1", 1, entry, len);
    seed("canon", 2 + i, "\1", 1, e.statement->statement.data, e.statement->statement.len);
    seed("canon", 7 + i, "\2", 1, entry, len);
    oremark__signed_statement__free_unpacked(e.statement, NULL);
    free(all[i].bytes);
  }
  network_close(&net);
}

/* One statement of one event for fuzz_judge.c, signed by the speaker, or also by the other. */
static void judge_one(int n, Oremark__Event *event, bool both) {
  static uint8_t bytes[4096];
  Oremark__Statement s = OREMARK__STATEMENT__INIT;
  s.n_events = 1;
  s.events = &event;
  OM_ASSERT(oremark__statement__get_packed_size(&s) <= sizeof bytes - 1);
  size_t len = oremark__statement__pack(&s, bytes);
  seed("judge", n, both ? "\1" : "\0", 1, bytes, len);
}

#define JUDGE(n, kind, KIND, ...)                  \
  do {                                             \
    __VA_ARGS__;                                   \
    Oremark__Event event = OREMARK__EVENT__INIT;   \
    event.kind_case = OREMARK__EVENT__KIND_##KIND; \
    event.kind = &kind;                            \
    judge_one(n, &event, false);                   \
  } while (0)

/* What is put on hold and released, changes owners, and is settled: on one at rest, one received and one on hold. */
static void judged_for_two(void) {
  uint8_t numbers[] = {0, 9, 10};
  uint32_t releasers[] = {2, 3};
  char word[] = "word";
  Oremark__LotRef ref = OREMARK__LOT_REF__INIT, *refs[] = {&ref};
  Oremark__ElementMass mass = OREMARK__ELEMENT_MASS__INIT, *masses[] = {&mass};
  Oremark__SettledLot one = OREMARK__SETTLED_LOT__INIT, *settled[] = {&one};
  mass.element = 29;
  mass.mass_mg = 999000;
  one.lot = &ref;
  one.n_metals = 1;
  one.metals = masses;
  for (int i = 0; i < 3; i++) {
    ref.number = (ProtobufCBinaryData){1, &numbers[i]};
    Oremark__Hold hold = OREMARK__HOLD__INIT;
    Oremark__Release release = OREMARK__RELEASE__INIT;
    Oremark__TransferTitle title = OREMARK__TRANSFER_TITLE__INIT;
    Oremark__Settle settle = OREMARK__SETTLE__INIT;
    hold.n_lots = release.n_lots = title.n_lots = settle.n_lots = 1;
    hold.lots = release.lots = title.lots = refs;
    hold.reason = OREMARK__HOLD_REASON__HOLD_REASON_STRATEGIC_RESERVE;
    hold.n_releasers = hold.threshold = 2;
    hold.releasers = releasers;
    release.note = word;
    title.from = 2;
    title.to = 3;
    settle.lots = settled;
    settle.consignor = 3;
    settle.contract = word;
    Oremark__Event all[4];
    for (int k = 0; k < 4; k++) oremark__event__init(&all[k]);
    all[0].kind_case = OREMARK__EVENT__KIND_HOLD, all[0].hold = &hold;
    all[1].kind_case = OREMARK__EVENT__KIND_RELEASE, all[1].release = &release;
    all[2].kind_case = OREMARK__EVENT__KIND_TRANSFER_TITLE, all[2].transfer_title = &title;
    all[3].kind_case = OREMARK__EVENT__KIND_SETTLE, all[3].settle = &settle;
    for (int k = 0; k < 4; k++)
      for (int both = 0; both < 2; both++) judge_one(80 + 8 * i + 2 * k + both, &all[k], both);
  }
}

/* Every kind of attestation that the member can make, and a claim, by the one-byte names of lots and events. */
static void judged_attestations(void) {
  uint8_t lot_name = 0, names[YARD_EVENTS];
  Oremark__EventRef refs[YARD_EVENTS];
  for (uint8_t i = 0; i < YARD_EVENTS; i++) {
    names[i] = i;
    oremark__event_ref__init(&refs[i]);
    refs[i].statement_id = (ProtobufCBinaryData){1, &names[i]};
  }
  char word[] = "word";
  Oremark__Subject lot = OREMARK__SUBJECT__INIT, other = OREMARK__SUBJECT__INIT, event_of = OREMARK__SUBJECT__INIT;
  Oremark__Decimal tenth = OREMARK__DECIMAL__INIT;
  Oremark__AssayResult result = OREMARK__ASSAY_RESULT__INIT, *results[] = {&result};
  Oremark__ElementMass mass = OREMARK__ELEMENT_MASS__INIT, *masses[] = {&mass};
  Oremark__LotRef ref = OREMARK__LOT_REF__INIT;
  Oremark__ClaimedLot claimed = OREMARK__CLAIMED_LOT__INIT, *all_claimed[] = {&claimed};
  lot.lot = ref.number = (ProtobufCBinaryData){1, &lot_name};
  other.member = 3;
  event_of.event = &refs[YARD_EXTRACT];
  tenth.digits = tenth.places = 1;
  result.element = mass.element = 29;
  result.value = &tenth;
  mass.mass_mg = 999000;
  claimed.lot = &ref;
  claimed.quantity_mg = 1000;
  Oremark__Assay assay = OREMARK__ASSAY__INIT;
  Oremark__Certify certify = OREMARK__CERTIFY__INIT;
  Oremark__Withdraw withdraw = OREMARK__WITHDRAW__INIT;
  Oremark__Flag flag = OREMARK__FLAG__INIT;
  Oremark__Clear clear = OREMARK__CLEAR__INIT;
  Oremark__Correct correct = OREMARK__CORRECT__INIT;
  Oremark__Estimate estimate = OREMARK__ESTIMATE__INIT;
  Oremark__Claim claim = OREMARK__CLAIM__INIT;
  JUDGE(110, assay, ASSAY, assay.subject = &lot, assay.method = assay.sample = word, assay.n_results = 1,
        assay.results = results, assay.role = OREMARK__ASSAY_ROLE__ASSAY_ROLE_SELLER);
  JUDGE(111, certify, CERTIFY, certify.subject = &other, certify.scheme = certify.scope = word,
        certify.valid_from_ms = 1, certify.valid_until_ms = 2, certify.quantity_mg = 1000, certify.element = 29);
  JUDGE(112, certify, CERTIFY, certify.subject = &lot);
  JUDGE(113, withdraw, WITHDRAW, withdraw.certificate = &refs[YARD_OWN_CERTIFICATE], withdraw.reason = word);
  JUDGE(114, withdraw, WITHDRAW, withdraw.certificate = &refs[YARD_ESTIMATE]);
  JUDGE(115, flag, FLAG, flag.subject = &lot,
        flag.category = OREMARK__FLAG_CATEGORY__FLAG_CATEGORY_NON_STATE_ARMED_GROUPS, flag.severity = 3,
        flag.text = word);
  JUDGE(116, flag, FLAG, flag.subject = &event_of);
  JUDGE(117, clear, CLEAR, clear.flag = &refs[YARD_FLAG], clear.reason = word);
  JUDGE(118, clear, CLEAR, clear.flag = &refs[YARD_OTHERS_FLAG]);
  JUDGE(119, correct, CORRECT, correct.event = &refs[YARD_EXTRACT],
        correct.reason = OREMARK__CORRECT_REASON__CORRECT_REASON_INCORRECT_DATA, correct.n_metals = 1,
        correct.metals = masses, correct.text = word);
  JUDGE(120, correct, CORRECT, correct.lot = &ref);
  JUDGE(121, estimate, ESTIMATE, estimate.member = 2, estimate.site = 1,
        estimate.kind = OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, estimate.n_metals = 1,
        estimate.metals = masses, estimate.as_of_ms = YARD_NOW_MS);
  JUDGE(122, claim, CLAIM, claim.certificate = &refs[YARD_CERTIFICATE], claim.n_lots = 1, claim.lots = all_claimed);
}

/* Every custody event on lots of the yard by their one-byte names: on one at rest, on the pool, on one that is
 * arriving, on a large one; where two are named also on another at rest. */
static void judged(void) {
  uint8_t numbers[4] = {0, 8, 5, 7}, others[4] = {1, 0, 0, 0};
  char word[] = "word", country[] = "PE";
  Oremark__LotRef ref = OREMARK__LOT_REF__INIT, other = OREMARK__LOT_REF__INIT, *refs[] = {&ref, &other};
  Oremark__Metal copper = OREMARK__METAL__INIT, gold = OREMARK__METAL__INIT, *metals[] = {&copper, &gold};
  Oremark__Metal all_copper = OREMARK__METAL__INIT, all_gold = OREMARK__METAL__INIT, *sums[] = {&all_copper, &all_gold};
  Oremark__Material lot = OREMARK__MATERIAL__INIT, whole = OREMARK__MATERIAL__INIT, *lots[] = {&lot, &lot};
  Oremark__ElementMass mass = OREMARK__ELEMENT_MASS__INIT, *masses[] = {&mass};
  Oremark__Loss loss = OREMARK__LOSS__INIT, *losses[] = {&loss};
  copper.element = 29;
  copper.contained_mg = 500000;
  gold.element = 79;
  gold.contained_mg = 500;
  all_copper.element = 29;
  all_copper.contained_mg = 2000000;
  all_gold.element = 79;
  all_gold.contained_mg = 2000;
  lot.form = OREMARK__FORM__FORM_ANODE;
  lot.name = word;
  lot.gross_mg = 2000000;
  lot.n_metals = 2;
  lot.metals = metals;
  mass.element = 29;
  mass.mass_mg = 499999;
  loss.kind = OREMARK__LOSS_KIND__LOSS_KIND_SLAG;
  loss.n_metals = 1;
  loss.metals = masses;
  whole.form = lot.form;
  whole.name = word;
  whole.gross_mg = 8000000;
  whole.n_metals = 2;
  whole.metals = sums;
  for (int i = 0; i < 4; i++) {
    int n = 20 * i;
    ref.number = (ProtobufCBinaryData){1, &numbers[i]};
    other.number = (ProtobufCBinaryData){1, &others[i]};
    Oremark__ReceivedLot got = OREMARK__RECEIVED_LOT__INIT, *gots[] = {&got};
    got.lot = &ref;
    Oremark__Ship ship = OREMARK__SHIP__INIT;
    Oremark__Receive receive = OREMARK__RECEIVE__INIT;
    Oremark__Reject reject = OREMARK__REJECT__INIT;
    Oremark__Transform transform = OREMARK__TRANSFORM__INIT;
    Oremark__Split split = OREMARK__SPLIT__INIT;
    Oremark__Combine combine = OREMARK__COMBINE__INIT;
    Oremark__Retire retire = OREMARK__RETIRE__INIT;
    Oremark__Charge charge = OREMARK__CHARGE__INIT;
    Oremark__Draw draw = OREMARK__DRAW__INIT;
    Oremark__Stocktake stocktake = OREMARK__STOCKTAKE__INIT;
    Oremark__Extract extract = OREMARK__EXTRACT__INIT;
    Oremark__Collect collect = OREMARK__COLLECT__INIT;
    Oremark__Declare declare = OREMARK__DECLARE__INIT;
    JUDGE(n, ship, SHIP, ship.n_lots = 1, ship.lots = refs, ship.consignee = 3, ship.waybill = word);
    JUDGE(n + 1, receive, RECEIVE, receive.site = 2, receive.n_lots = 1, receive.lots = gots);
    JUDGE(n + 2, reject, REJECT, reject.n_lots = 1, reject.lots = refs, reject.reason = word);
    JUDGE(n + 3, transform, TRANSFORM, transform.site = 2, transform.process = OREMARK__PROCESS__PROCESS_SMELT,
          transform.n_inputs = 2, transform.inputs = refs, transform.n_outputs = 1, transform.outputs = lots,
          transform.n_losses = 1, transform.losses = losses);
    JUDGE(n + 4, split, SPLIT, split.lot = &ref, split.n_parts = 2, split.parts = lots);
    JUDGE(n + 5, combine, COMBINE, combine.n_lots = 2, combine.lots = refs, combine.whole = &whole);
    JUDGE(n + 6, retire, RETIRE, retire.n_lots = 1, retire.lots = refs,
          retire.reason = OREMARK__RETIRE_REASON__RETIRE_REASON_BUILT_IN, retire.product = word,
          retire.country = country);
    JUDGE(n + 7, charge, CHARGE, charge.site = 2, charge.pool = &ref, charge.n_inputs = 1, charge.inputs = refs + 1);
    JUDGE(n + 8, draw, DRAW, draw.pool = &ref, draw.n_outputs = 1, draw.outputs = lots, draw.n_losses = 1,
          draw.losses = losses);
    JUDGE(n + 9, stocktake, STOCKTAKE, stocktake.pool = &ref, stocktake.gross_mg = 20000000, stocktake.n_metals = 1,
          stocktake.metals = masses, stocktake.method = word);
    mass.mass_mg =
        UINT64_C(1004000000000000); /* four thousandths more than was shipped: within tolerance, over the cap */
    JUDGE(n + 13, receive, RECEIVE, got.n_metals = 1, got.metals = masses);
    mass.mass_mg = 499999;
    if (i == 1) { /* the pool: all that is in it, measured */
      Oremark__ElementMass gold_left = OREMARK__ELEMENT_MASS__INIT, *all_left[] = {&mass, &gold_left};
      gold_left.element = 79;
      gold_left.mass_mg = 4999;
      JUDGE(123, stocktake, STOCKTAKE, stocktake.n_metals = 2, stocktake.metals = all_left);
    }
    if (i > 0) continue;
    JUDGE(10, extract, EXTRACT, extract.site = 1, extract.n_lots = 2, extract.lots = lots);
    JUDGE(11, collect, COLLECT, collect.site = 2, collect.waste = OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER,
          collect.n_lots = 1, collect.lots = lots, collect.feedstock = word);
    JUDGE(12, declare, DECLARE, declare.site = 2, declare.n_lots = 1, declare.lots = lots, declare.reason = word);
  }
}

/* ---- links ---- */

enum { STREAM_BYTES = 4096 };

struct stream {
  size_t len;
  uint8_t bytes[STREAM_BYTES];
};

/* Gives what FROM has to say to TO, and writes it down. */
static void carry(struct stream *said, struct om_link *to, struct om_link *from) {
  struct om_status st = {0};
  struct om_frame frame;
  uint8_t *bytes;
  size_t len;
  OM_ASSERT(om_link_take(from, &bytes, &len, &st) == OM_OK && said->len + len <= STREAM_BYTES);
  if (len) memcpy(said->bytes + said->len, bytes, len);
  said->len += len;
  om_link_feed(to, bytes, len);
  do {
    OM_ASSERT(om_link_next(to, &frame, &st) == OM_OK);
    if (om_link_state(to) == OM_LINK_ASKS) OM_ASSERT(om_link_admit(to, &st) == OM_OK);
  } while (frame.len);
  free(bytes);
}

/* What the other side of fuzz_link.c's handshake says, role by role; then two frames, then one wrong byte. */
static void links(void) {
  static const uint8_t ours[OM_SEED_BYTES] = {2}, our_ephemeral[OM_NOISE_KEY_BYTES] = {3},
                       network[OM_LINK_NETWORK_BYTES] = {4};
  static const uint8_t theirs[OM_SEED_BYTES] = {5}, their_ephemeral[OM_NOISE_KEY_BYTES] = {6};
  struct om_secret *secrets[2];
  struct om_status st = {0};
  OM_ASSERT(om_secret_new_x25519(&secrets[0], ours, &st) == OM_OK &&
            om_secret_new_x25519(&secrets[1], theirs, &st) == OM_OK);
  for (uint8_t role = 0; role < 2; role++) {
    struct om_link *us, *them;
    struct stream said = {0}, ignored = {0};
    enum om_noise_role our_role = role == 0 ? OM_NOISE_INITIATOR : OM_NOISE_RESPONDER;
    OM_ASSERT(om_link_open(&us, our_role, secrets[0], our_ephemeral, network, &st) == OM_OK);
    OM_ASSERT(om_link_open(&them, role == 0 ? OM_NOISE_RESPONDER : OM_NOISE_INITIATOR, secrets[1], their_ephemeral,
                           network, &st) == OM_OK);
    for (int i = 0; i < 3; i++) {
      carry(&ignored, them, us);
      carry(&said, us, them);
    }
    seed("link", 2 * role, role == 0 ? "\1\377" : "\2\3", 2, said.bytes, said.len);
    OM_ASSERT(om_link_send(them, (const uint8_t *)"hello", 5, &st) == OM_OK &&
              om_link_send(them, (const uint8_t *)"again", 5, &st) == OM_OK);
    carry(&said, us, them);
    seed("link", 2 * role + 1, role == 0 ? "\1\7" : "\2\377", 2, said.bytes, said.len);
    om_link_close(us);
    om_link_close(them);
  }
  om_secret_free(secrets[0]);
  om_secret_free(secrets[1]);
}

static void put_message(struct stream *to, const uint8_t *msg, size_t len) {
  OM_ASSERT(to->len + 2 + len <= STREAM_BYTES);
  to->bytes[to->len++] = (uint8_t)(len >> 8);
  to->bytes[to->len++] = (uint8_t)len;
  memcpy(to->bytes + to->len, msg, len);
  to->len += len;
}

/* The same for fuzz_noise.c. */
static void noise(void) {
  static const uint8_t keys[2][OM_SEED_BYTES] = {{2}, {5}}, ephemerals[2][OM_NOISE_KEY_BYTES] = {{3}, {6}};
  static uint8_t msg[OM_NOISE_MESSAGE_BYTES], payload[OM_NOISE_MESSAGE_BYTES];
  struct om_secret *secrets[2];
  struct om_status st = {0};
  for (int i = 0; i < 2; i++) OM_ASSERT(om_secret_new_x25519(&secrets[i], keys[i], &st) == OM_OK);
  for (int role = 0; role < 2; role++) {
    struct om_noise *ends[2]; /* ours, theirs */
    struct stream said = {0};
    size_t len, n;
    for (int i = 0; i < 2; i++)
      OM_ASSERT(om_noise_begin(&ends[i], role == i ? OM_NOISE_INITIATOR : OM_NOISE_RESPONDER, secrets[i], ephemerals[i],
                               (const uint8_t *)"fuzz", 4, &st) == OM_OK);
    for (int i = 0; i < 3; i++) {
      int from = om_noise_turn(ends[0]) == OM_NOISE_WRITES ? 0 : 1;
      OM_ASSERT(om_noise_write(ends[from], msg, &len, sizeof msg, (const uint8_t *)"", 0, &st) == OM_OK);
      OM_ASSERT(om_noise_read(ends[1 - from], payload, &n, msg, len, &st) == OM_OK);
      if (from == 1) put_message(&said, msg, len);
    }
    OM_ASSERT(om_noise_encrypt(ends[1], msg, &len, (const uint8_t *)"hello", 5, &st) == OM_OK);
    put_message(&said, msg, len);
    seed("noise", role, role == 0 ? "\0" : "\1", 1, said.bytes, said.len);
    om_noise_end(ends[0]);
    om_noise_end(ends[1]);
  }
  om_secret_free(secrets[0]);
  om_secret_free(secrets[1]);
}

/* ---- messages ---- */

/* One event of fuzz_node.c: a message in SLOT. */
static void say(struct stream *to, uint8_t slot, const Oremark__PeerMessage *message) {
  uint8_t bytes[STREAM_BYTES];
  size_t len = oremark__peer_message__get_packed_size(message);
  OM_ASSERT(len <= sizeof bytes && to->len < STREAM_BYTES);
  oremark__peer_message__pack(message, bytes);
  to->bytes[to->len++] = slot;
  put_message(to, bytes, len);
}

#define SAY(to, slot, field, KIND, ...)                         \
  do {                                                          \
    Oremark__PeerMessage message = OREMARK__PEER_MESSAGE__INIT; \
    __VA_ARGS__;                                                \
    message.what_case = OREMARK__PEER_MESSAGE__WHAT_##KIND;     \
    message.field = &field;                                     \
    say(to, slot, &message);                                    \
  } while (0)

static void event(struct stream *to, uint8_t what, uint8_t arg) {
  OM_ASSERT(to->len + 2 <= STREAM_BYTES);
  to->bytes[to->len++] = what;
  to->bytes[to->len++] = arg;
}

/* A peer that greets, brings entries and heads of its log, asks for ours and cosigns. */
static void peers(void) {
  char version[] = "1", note[] =
                            "daemon0.example/log\n9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 "
                            "daemon0.example/log AAAAAAAA\n";
  char line[] = "\xe2\x80\x94 daemon0.example/log AAAAAAAA\n";
  uint8_t entry[] = {8, 1, 0x22, 0};
  ProtobufCBinaryData entries_of[] = {
      {sizeof entry, entry}, {sizeof entry, entry}, {sizeof entry, entry}, {sizeof entry, entry}};
  struct stream said = {0};
  Oremark__Hello hello = OREMARK__HELLO__INIT;
  Oremark__Have have = OREMARK__HAVE__INIT;
  Oremark__Follow follow = OREMARK__FOLLOW__INIT;
  Oremark__Entries entries = OREMARK__ENTRIES__INIT;
  Oremark__Head head = OREMARK__HEAD__INIT;
  Oremark__Propose propose = OREMARK__PROPOSE__INIT;
  Oremark__Cosigned cosigned = OREMARK__COSIGNED__INIT;
  Oremark__Ping ping = OREMARK__PING__INIT;
  Oremark__Shown shown = OREMARK__SHOWN__INIT;
  uint8_t piece[] = {2 << 3, 2}; /* evidence that says its log's number */
  SAY(&said, 0, hello, HELLO, hello.version = version);
  seed("node", 0, "", 0, said.bytes, said.len);
  SAY(&said, 0, have, HAVE, have.size = 9, have.final_size = 7);
  SAY(&said, 0, follow, FOLLOW, follow.log = 1, follow.from = 2);
  SAY(&said, 0, head, HEAD, head.checkpoint = (ProtobufCBinaryData){sizeof note - 1, (uint8_t *)note});
  event(&said, 4, 0);
  seed("node", 1, "", 0, said.bytes, said.len);
  SAY(&said, 0, entries, ENTRIES, entries.start = 5, entries.n_entries = 4, entries.entries = entries_of,
      entries.head = head.checkpoint);
  for (int i = 0; i < 4; i++) {
    event(&said, 5, 0);
    said.bytes[said.len++] = 15;
  }
  seed("node", 2, "", 0, said.bytes, said.len);
  SAY(&said, 0, propose, PROPOSE, propose.checkpoint = head.checkpoint);
  SAY(&said, 0, cosigned, COSIGNED, cosigned.log = 1, cosigned.size = 5,
      cosigned.line = (ProtobufCBinaryData){sizeof line - 1, (uint8_t *)line});
  event(&said, 5, 0);
  said.bytes[said.len++] = 0;
  event(&said, 3, 200);
  event(&said, 6, 1);
  event(&said, 3, 255);
  SAY(&said, 0, ping, PING, (void)0);
  event(&said, 7, 0);
  seed("node", 3, "", 0, said.bytes, said.len);
  said = (struct stream){0};
  SAY(&said, 0, hello, HELLO, hello.version = version);
  SAY(&said, 0, shown, SHOWN, shown.log = 2, shown.evidence = (ProtobufCBinaryData){sizeof piece, piece});
  event(&said, 5, 0);
  said.bytes[said.len++] = 0;
  SAY(&said, 0, shown, SHOWN, shown.evidence.len = 0);
  event(&said, 3, 200);
  seed("node", 4, "", 0, said.bytes, said.len);
  said = (struct stream){0};
  Oremark__WantDocument want_document = OREMARK__WANT_DOCUMENT__INIT;
  Oremark__DocumentBytes document_bytes = OREMARK__DOCUMENT_BYTES__INIT;
  uint8_t hash[OM_HASH_BYTES] = {1, 2, 3};
  SAY(&said, 0, hello, HELLO, hello.version = version);
  SAY(&said, 0, want_document, WANT_DOCUMENT, want_document.hash = (ProtobufCBinaryData){sizeof hash, hash});
  event(&said, 3, 200);
  SAY(&said, 0, want_document, WANT_DOCUMENT, want_document.offset = 524288);
  SAY(&said, 0, document_bytes, DOCUMENT_BYTES, document_bytes.hash = want_document.hash, document_bytes.size = 9);
  event(&said, 3, 200);
  seed("node", 5, "", 0, said.bytes, said.len);
  /* It follows our log and takes nothing in, until no more is sent: a recorded head, found at the second try. */
  said = (struct stream){0};
  SAY(&said, 0, hello, HELLO, hello.version = version);
  SAY(&said, 0, follow, FOLLOW, follow.log = 1, follow.from = 0);
  for (int i = 0; i < OM_WINDOW_CHUNKS; i++) {
    event(&said, 6, 0);
    event(&said, 4, 0);
  }
  event(&said, 3, 22);
  SAY(&said, 0, follow, FOLLOW, follow.log = 1, follow.from = 3);
  event(&said, 3, 22);
  seed("node", 6, "", 0, said.bytes, said.len);
}

static void ask(int n, const Oremark__Request *request) {
  uint8_t bytes[256];
  OM_ASSERT(oremark__request__get_packed_size(request) <= sizeof bytes);
  seed("request", n, "\1", 1, bytes, oremark__request__pack(request, bytes));
}

/* The first byte of a hash says what is held of it: fuzz_request.c. */
static void document_requests(void) {
  uint8_t hash[OM_HASH_BYTES] = {OM_DOCUMENT_HELD};
  ProtobufCBinaryData name = {sizeof hash, hash};
  Oremark__PutDocument put = OREMARK__PUT_DOCUMENT__INIT;
  Oremark__GetDocument get = OREMARK__GET_DOCUMENT__INIT;
  Oremark__GetDocumentState state = OREMARK__GET_DOCUMENT_STATE__INIT;
  Oremark__EraseDocument erase = OREMARK__ERASE_DOCUMENT__INIT;
  Oremark__Request all[4];
  put.hash = get.hash = state.hash = erase.hash = name;
  put.part = name;
  put.size = 40;
  for (int i = 0; i < 4; i++) all[i] = (Oremark__Request)OREMARK__REQUEST__INIT;
  all[0].what_case = OREMARK__REQUEST__WHAT_PUT_DOCUMENT, all[0].put_document = &put;
  all[1].what_case = OREMARK__REQUEST__WHAT_GET_DOCUMENT, all[1].get_document = &get;
  all[2].what_case = OREMARK__REQUEST__WHAT_GET_DOCUMENT_STATE, all[2].get_document_state = &state;
  all[3].what_case = OREMARK__REQUEST__WHAT_ERASE_DOCUMENT, all[3].erase_document = &erase;
  for (int i = 0; i < 4; i++) ask(30 + i, &all[i]);
  hash[0] = OM_DOCUMENT_ERASED;
  ask(34, &all[1]);
}

/* Each request once. */
static void requests(void) {
  uint8_t lot[] = {0};
  ProtobufCBinaryData number = {1, lot};
  Oremark__GetStatus status = OREMARK__GET_STATUS__INIT;
  Oremark__GetGenesis genesis_file = OREMARK__GET_GENESIS__INIT;
  Oremark__GetLot get_lot = OREMARK__GET_LOT__INIT;
  Oremark__GetHistory history = OREMARK__GET_HISTORY__INIT;
  Oremark__GetTrace trace = OREMARK__GET_TRACE__INIT;
  Oremark__VerifyLot verify = OREMARK__VERIFY_LOT__INIT;
  Oremark__ListLots lots = OREMARK__LIST_LOTS__INIT;
  Oremark__ListMembers members = OREMARK__LIST_MEMBERS__INIT;
  Oremark__GetPeers get_peers = OREMARK__GET_PEERS__INIT;
  Oremark__GetAudit audit = OREMARK__GET_AUDIT__INIT;
  Oremark__GetEntry entry = OREMARK__GET_ENTRY__INIT;
  get_lot.number = history.number = trace.number = verify.number = number;
  verify.deep = 1;
  Oremark__ListHeld held = OREMARK__LIST_HELD__INIT;
  Oremark__ListAttestations said = OREMARK__LIST_ATTESTATIONS__INIT;
  Oremark__GetRegistry registry = OREMARK__GET_REGISTRY__INIT;
  Oremark__GetMember member = OREMARK__GET_MEMBER__INIT;
  Oremark__SetRoles roles = OREMARK__SET_ROLES__INIT;
  Oremark__Event act = OREMARK__EVENT__INIT;
  uint8_t packed[64];
  Oremark__Request all[15];
  held.reason = OREMARK__HOLD_REASON__HOLD_REASON_PLEDGE;
  said.member = 2;
  said.site = UINT32_MAX;
  member.member = roles.member = 1;
  act.kind_case = OREMARK__EVENT__KIND_SET_ROLES, act.set_roles = &roles;
  registry.speaker = 1, registry.event = (ProtobufCBinaryData){oremark__event__pack(&act, packed), packed};
  for (int i = 0; i < 15; i++) all[i] = (Oremark__Request)OREMARK__REQUEST__INIT;
  all[0].what_case = OREMARK__REQUEST__WHAT_GET_STATUS, all[0].get_status = &status;
  all[1].what_case = OREMARK__REQUEST__WHAT_GET_GENESIS, all[1].get_genesis = &genesis_file;
  all[2].what_case = OREMARK__REQUEST__WHAT_GET_LOT, all[2].get_lot = &get_lot;
  all[3].what_case = OREMARK__REQUEST__WHAT_GET_HISTORY, all[3].get_history = &history;
  all[4].what_case = OREMARK__REQUEST__WHAT_GET_TRACE, all[4].get_trace = &trace;
  all[5].what_case = OREMARK__REQUEST__WHAT_VERIFY_LOT, all[5].verify_lot = &verify;
  all[6].what_case = OREMARK__REQUEST__WHAT_LIST_LOTS, all[6].list_lots = &lots;
  all[7].what_case = OREMARK__REQUEST__WHAT_LIST_MEMBERS, all[7].list_members = &members;
  all[8].what_case = OREMARK__REQUEST__WHAT_GET_PEERS, all[8].get_peers = &get_peers;
  all[9].what_case = OREMARK__REQUEST__WHAT_GET_AUDIT, all[9].get_audit = &audit;
  all[10].what_case = OREMARK__REQUEST__WHAT_GET_ENTRY, all[10].get_entry = &entry;
  all[11].what_case = OREMARK__REQUEST__WHAT_LIST_HELD, all[11].list_held = &held;
  all[12].what_case = OREMARK__REQUEST__WHAT_LIST_ATTESTATIONS, all[12].list_attestations = &said;
  all[13].what_case = OREMARK__REQUEST__WHAT_GET_REGISTRY, all[13].get_registry = &registry;
  all[14].what_case = OREMARK__REQUEST__WHAT_GET_MEMBER, all[14].get_member = &member;
  for (int i = 0; i < 15; i++) {
    all[i].id = (uint64_t)i + 1;
    ask(i, &all[i]);
  }
  Oremark__CompareHead compare = OREMARK__COMPARE_HEAD__INIT;
  compare.head = number;
  all[0] = (Oremark__Request)OREMARK__REQUEST__INIT;
  all[0].what_case = OREMARK__REQUEST__WHAT_COMPARE_HEAD, all[0].compare_head = &compare;
  ask(40, &all[0]);
  lot[0] = 8; /* the pool */
  for (int i = 2; i < 6; i++) ask(20 + i, &all[i]);
  document_requests();
}

/* ---- key files ---- */

static void key(int n, enum om_key_kind kind, const struct om_secret *secret) {
  struct om_status st = {0};
  struct om_keytext *file;
  struct om_key_info info = {.kind = kind, .name = "kokkola.example/clerk-1", .created = "2026-11-23"};
  OM_ASSERT(om_locked_alloc((void **)&file, sizeof *file, &st) == OM_OK);
  memcpy(info.public_key, om_secret_public(secret), OM_PUBLIC_BYTES);
  om_keytext_begin(file, &info);
  OM_ASSERT(om_keytext_seal(file, secret, NULL, &om_pwhash_default, &st) == OM_OK);
  seed("key", n, "", 0, file->bytes, file->len);
  sodium_free(file);
}

/* The same file with a secret line that asks for a passphrase; what it seals is nonsense. */
static void sealed_key(int n, const struct om_secret *secret) {
  uint8_t zeros[OM_SEALED_BYTES] = {0};
  char bytes[1024], vkey[OM_VKEY_BYTES], salt[OM_BASE64_BYTES(OM_SALT_BYTES)],
      nonce[OM_BASE64_BYTES(OM_SEAL_NONCE_BYTES)];
  char sealed[OM_BASE64_BYTES(OM_SEALED_BYTES)];
  om_vkey_format(vkey, "kokkola.example/log", OM_ALG_ED25519, om_secret_public(secret));
  om_base64(salt, sizeof salt, zeros, OM_SALT_BYTES);
  om_base64(nonce, sizeof nonce, zeros, OM_SEAL_NONCE_BYTES);
  om_base64(sealed, sizeof sealed, zeros, OM_SEALED_BYTES);
  snprintf(
      bytes, sizeof bytes,
      "oremark key file, version 1\n# ours\nkind: log\nname: kokkola.example/log\npublic: %s\ncreated: 2024-02-29\n"
      "secret: argon2id:3:268435456:%s xchacha20poly1305:%s:%s\n",
      vkey, salt, nonce, sealed);
  text("key", n, "", bytes);
}

static void keys(void) {
  struct network net;
  network_open(&net, 1, false);
  key(0, OM_KEY_MEMBER, net.member_keys[0]);
  key(1, OM_KEY_LINK, net.link_keys[0]);
  key(3, OM_KEY_SEALING, net.link_keys[0]);
  sealed_key(2, net.log_keys[0]);
  network_close(&net);
}

/* ---- sealed details ---- */

static void sealed_details(void) {
  static const uint8_t scalars[2][OM_SEED_BYTES] = {{9}, {10}}, bound[48] = {1, 2, 3}; /* fuzz_sealed.c's first */
  static const char plain[] = "\12\55\12\40salt salt salt salt salt salt salt\22\11C-2026-11";
  struct om_recipient to[2];
  struct om_status st;
  for (size_t i = 0; i < 2; i++) {
    struct om_secret *secret;
    OM_ASSERT(om_secret_new_x25519(&secret, scalars[i], &st) == OM_OK);
    to[i].member = (uint32_t)i + 2;
    memcpy(to[i].public_key, om_secret_public(secret), OM_PUBLIC_BYTES);
    om_secret_free(secret);
  }
  for (int i = 0; i < 3; i++) { /* for its key, for another, for both */
    uint8_t *bytes;
    size_t len;
    OM_ASSERT(om_seal(&bytes, &len, to + i % 2, i == 2 ? 1 : (size_t)(2 - i), (const uint8_t *)plain, sizeof plain - 1,
                      bound, sizeof bound, &st) == OM_OK);
    seed("sealed", i, "", 0, bytes, len);
    om_seal_free(bytes, len);
  }
#define DISCLOSED(value)                                                                                           \
  "{\"format\": \"oremark disclosure 1\", \"network\": \""                                                         \
  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\", \"event\": "                                \
  "\"2-1795000000000-00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff/0\", \"index\": 0, "         \
  "\"what\": \"contract\", \"salt\": \"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\", " value \
  "}\n"
  text("sealed", 3, "", DISCLOSED("\"value\": \"C-123\""));
  text("sealed", 4, "", DISCLOSED("\"value_base64\": \"AAEC\""));
}

/* ---- texts ---- */

static void texts(void) {
  static const char *const lines[][2] = {
      {"\10", "20.000 t"},
      {"\10", "1.000001 kg"},
      {"\10", "3 oz t"},
      {"\1", "28.450 %"},
      {"\1", "12.5 g/t"},
      {"\1", "0.5"},
      {"\2", "OM-0000-0000-0000-0000-0000-0000-0000-0000-0"},
      {"\3", "2019-03-07T14:05:00.250+02:00"},
      {"\3", "1970-01-01T00:00:00Z"},
      {"\4", "2024-02-29"},
      {"\5", "Aluminum"},
      {"\5", "cu"},
      {"\6", "[2001:db8::1]:7412"},
      {"\6", "kokkola.example:7412"},
      {"\7", "Zm9vYg=="},
  };
  for (int i = 0; i < (int)(sizeof lines / sizeof *lines); i++) text("text", i, lines[i][0], lines[i][1]);
  seed("frame", 0, "\1", 1, "\0\0\0\5hello\0\0\0\1!", 14);
  seed("frame", 1, "\3", 1, "\0\0\0\2hi\0\20\0\1", 10);
  text("csv", 0, "\1",
       "\xef\xbb\xbf"
       "event,site,ref,at,material,form,gross,metals,aliases\r\nextract,1,a,2019-03-07T14:05:00Z,copper "
       "concentrate,concentrate,20 t,Cu 5.69 t;Au 12 g,BAG-1\r\n");
  text("csv", 1, "\1",
       "event,lots,group,consignee,mode,at\nship,a;b,1,3,rail,2019-03-08T00:00:00Z\nship,c,1,,,\n\nreceive,\"OM-0\",,,,"
       "\n");
  text("csv", 2, "",
       "\xef\xbb\xbf"
       "a,\"b \"\"quoted\"\"\nline\",c\r\n\r\n,,\n1,2,\"\"\n");
  text("settings", 0, "", "# one\nthreads = 4\nlisten = {\"[::]:7412\"}\nlog-level = 'debug'\n");
  text("settings", 1, "",
       "peer \"kokkola.example/log\" {\n address = \"kokkola.example:7412\" /* two */\n}\nmap-size = 1GiB\n");
  text("settings", 2, "", "store = \"${HOME}/x\\\"y\"\npropose-interval-ms = 5\n// three\ngroup = oremark\n");
}

/* A bundle, whole and without its last frames; and the rows that stand beside its entries. */
static void bundles(void) {
  const struct network *net;
  const struct bundled *b = pair_open(&net);
  int n = 0;
  seed("bundle", n++, "\0", 1, b->bytes, b->len);
  seed("bundle", n++, "\0", 1, b->bytes, b->len / 2);
  for (size_t at = OM_BUNDLE_MAGIC_BYTES; at < b->len;) {
    size_t len = om_get32(b->bytes + at);
    Oremark__BundleFrame *frame = oremark__bundle_frame__unpack(NULL, len, b->bytes + at + OM_BUNDLE_LENGTH_BYTES);
    OM_ASSERT(frame);
    at += OM_BUNDLE_LENGTH_BYTES + len;
    if (frame->what_case == OREMARK__BUNDLE_FRAME__WHAT_ENTRY && frame->entry->n_others > 0) {
      const Oremark__BundleOther *other = frame->entry->others[0];
      char prefix[2] = {1, (char)other->key.data[OM_LOT_KEY_BYTES - 1]};
      seed("bundle", n++, prefix, 2, other->row.data, other->row.len);
    }
    oremark__bundle_frame__free_unpacked(frame, NULL);
  }
}

/* ---- what others' tools read ---- */

static struct om_secret *small_secret(uint8_t number) {
  uint8_t seed_bytes[OM_PUBLIC_BYTES];
  struct om_secret *out;
  struct om_status st = {0};
  memset(seed_bytes, number, sizeof seed_bytes);
  OM_ASSERT(om_secret_new(&out, seed_bytes, &st) == OM_OK);
  return out;
}

static void vkey_of(char out[OM_VKEY_BYTES], const char *name, enum om_alg alg, uint8_t number) {
  struct om_secret *of = small_secret(number);
  om_vkey_format(out, name, alg, om_secret_public(of));
  om_secret_free(of);
}

static void policies(void) {
  char log[OM_VKEY_BYTES], a[OM_VKEY_BYTES], b[OM_VKEY_BYTES], c[OM_VKEY_BYTES], all[4096];
  vkey_of(log, "fuzz.example/log", OM_ALG_ED25519, 1);
  vkey_of(a, "w2.example/w", OM_ALG_COSIGNATURE, 2);
  vkey_of(b, "w3.example/w", OM_ALG_COSIGNATURE, 3);
  vkey_of(c, "w4.example/w", OM_ALG_COSIGNATURE, 4);
  snprintf(all, sizeof all, "# none\n\n\tlog %s https://fuzz.example/\n quorum none \n", log);
  text("policy", 0, "", all);
  snprintf(all, sizeof all, "log %s\nwitness one %s\nquorum one\n", log, a);
  text("policy", 1, "", all);
  static const char *const groups[] = {
      "group g all a b c\nquorum g\n",
      "group g 2 a b c\nquorum g\n",
      "group g any a b\ngroup h all g c\nquorum h\n",
      "group g any a b\ngroup h any g c\nquorum h\n",
  };
  for (int i = 0; i < 4; i++) {
    snprintf(all, sizeof all, "log %s\nwitness a %s\nwitness b %s https://w/\nwitness c %s\n%s", log, a, b, c,
             groups[i]);
    text("policy", 2 + i, "", all);
  }
}

static void tlog_proofs(void) {
  static struct om_arena arena;
  static const char note[] = "fuzz.example/log\n5\nAAAA\n\n— fuzz.example/log AAAA\n";
  struct om_tlog_proof proof = {.entry = {"an entry", 8}, .index = 4711, .note = {note, sizeof note - 1}};
  char *bytes;
  for (int i = 0; i < 3; i++) {
    for (size_t j = 0; j < proof.path.n; j++) proof.path.hashes[j].bytes[i] = (uint8_t)j;
    size_t len = om_tlog_proof_format(&bytes, &arena, &proof);
    seed("tlog_proof", i, "", 0, bytes, len);
    proof.path.n += 2;
    proof.index = i == 0 ? 0 : OM_TREE_SIZE_MAX;
    if (i == 1) proof.entry.len = 0;
  }
  om_arena_free(&arena);
}

/* A request to cosign the tree of the bytes 0 to SIZE - 1, of whose first OLD it was asked last. */
static size_t add_request(char *out, size_t room, const struct om_secret *by, uint64_t old, uint64_t size, bool other) {
  static struct om_edge tree;
  struct om_tiles tiles = {.edge = &tree};
  struct om_checkpoint head = {.origin = "fuzz.example/log", .size = size};
  struct om_proof proof;
  struct om_status st = {0};
  char checkpoint[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  memset(&tree, 0, sizeof tree);
  grow(&tree, size, other);
  om_edge_root(&tree, &head.root);
  OM_ASSERT(om_prove_consistency(&tiles, &proof, old, size, &st) == OM_OK);
  size_t n = (size_t)snprintf(out, room, "old %llu\n", (unsigned long long)old);
  for (size_t i = 0; i < proof.n; i++) {
    om_base64(out + n, room - n, proof.hashes[i].bytes, OM_HASH_BYTES);
    n += strlen(out + n);
    out[n++] = '\n';
  }
  size_t len = om_checkpoint_format(checkpoint, &head);
  om_note_sign(line, head.origin, by, checkpoint, len);
  n += (size_t)snprintf(out + n, room - n, "\n%s\n%s", checkpoint, line);
  return n;
}

static void add_checkpoints(void) {
  static const struct {
    uint64_t old[2], size[2];
    bool other;
  } asked[] = {{{0, 1}, {1, 1}, false}, {{0, 7}, {7, 11}, false}, {{0, 7}, {7, 11}, true}, {{0, 0}, {11, 7}, false}};
  struct om_secret *by = small_secret(1);
  char bytes[8192];
  for (int i = 0; i < 4; i++) {
    size_t n = add_request(bytes, sizeof bytes, by, asked[i].old[0], asked[i].size[0], false);
    bytes[n++] = '\0';
    n += add_request(bytes + n, sizeof bytes - n, by, asked[i].old[1], asked[i].size[1], asked[i].other);
    seed("add_checkpoint", 2 * i, "\0", 1, bytes, n);
    seed("add_checkpoint", 2 * i + 1, "\1", 1, bytes, n);
  }
  om_secret_free(by);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
    return 2;
  }
  top = argv[1];
  genesis();
  heads();
  evidence();
  sealed_details();
  bundles();
  edges();
  records();
  judged();
  judged_for_two();
  judged_attestations();
  lot_rows();
  links();
  noise();
  peers();
  requests();
  keys();
  texts();
  policies();
  tlog_proofs();
  add_checkpoints();
  return 0;
}
