#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/rebuild.h"
#include "support/records.h"

enum { ROUNDS = 6, EXTRACTS = 44, BLOBS_MAX = 128, MEMBER = 2, OTHER = 3 };

static const int64_t t0 = INT64_C(1710000000000);

static void must(enum om_code code, const struct om_status *st, const char *doing) {
  if (code == OM_OK) return;
  fprintf(stderr, "%s: [%s] %s\n", doing, st->rule, st->text);
  abort();
}

/* ---- running ---- */

static enum om_code submit(struct script *script, struct om_batch *batch, const struct script_step *step,
                           struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_receipt receipt;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < step->n && code == OM_OK; i++) {
    code = om_check_statement(&checked, &arena, &script->net.id, om_batch_txn(batch), step->blobs[i].bytes,
                              step->blobs[i].len, st);
    if (code == OM_OK) code = om_batch_submit(batch, &receipt, checked, step->ms, st);
    if (code == OM_OK) step->blobs[i].index = receipt.index;
  }
  om_arena_free(&arena);
  return code;
}

static enum om_code mirror(struct script *script, struct om_batch *batch, const struct script_step *step,
                           struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < step->n && code == OM_OK; i++) {
    code = om_check_entry(&checked, &arena, &script->net.id, om_batch_txn(batch), step->blobs[i].bytes,
                          step->blobs[i].len, st);
    if (code == OM_OK) code = om_batch_mirror(batch, step->log, step->start + i, checked, st);
  }
  om_arena_free(&arena);
  return code;
}

static enum om_code run(struct script *script, struct om_ledger *ledger, const struct script_step *step,
                        char line[OM_NOTE_LINE_BYTES], struct om_status *st) {
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(&script->net, SCRIPT_DAEMON);
  bool flag;
  if (step->kind == SCRIPT_REBUILD) return om_ledger_rebuild(ledger, &(struct om_cut){step->log, step->start}, 1, st);
  enum om_code code = om_batch_begin(&batch, ledger, st);
  if (code != OM_OK) return code;
  switch (step->kind) {
    case SCRIPT_SUBMIT: code = submit(script, batch, step, st); break;
    case SCRIPT_MIRROR: code = mirror(script, batch, step, st); break;
    case SCRIPT_COSIGN:
      code = om_batch_cosign(batch, line, step->log, step->blobs[0].bytes, step->blobs[0].len,
                             (uint64_t)step->ms / 1000, &keys, st);
      break;
    case SCRIPT_FINAL:
      code = om_batch_final(batch, &flag, step->log, step->blobs[0].bytes, step->blobs[0].len, st);
      break;
    case SCRIPT_FOLLOW: code = om_batch_follow_registry(batch, &flag, step->ms, st); break;
    case SCRIPT_REBUILD: break; /* has no batch */
  }
  if (code == OM_OK) return om_batch_commit(batch, &keys, st);
  om_batch_abort(batch);
  return code;
}

enum om_code script_run(struct script *script, struct om_ledger *ledger, size_t i, struct om_status *st) {
  char line[OM_NOTE_LINE_BYTES];
  return run(script, ledger, &script->steps[i], line, st);
}

/* ---- looking ---- */

struct om_hash script_hash(struct om_ledger *ledger) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_bytes key, row;
  struct om_hash chain = {{0}};
  must(om_txn_read(&txn, om_ledger_store(ledger), &st), &st, "reading");
  for (uint8_t table = 0; table < OM_TABLES; table++)
    for (bool more = om_txn_next(txn, &key, &row, table, "", 0); more; more = om_txn_step(txn, &key, &row, table)) {
      uint8_t lens[9] = {table};
      om_be32(lens + 1, (uint32_t)key.len);
      om_be32(lens + 5, (uint32_t)row.len);
      const struct om_span spans[] = {
          {&chain, sizeof chain}, {lens, sizeof lens}, {key.data, key.len}, {row.data, row.len}};
      om_sha256v(&chain, spans, 4);
    }
  must(om_txn_check(txn, &st), &st, "reading");
  om_txn_abort(txn);
  return chain;
}

bool script_find(const struct script *script, size_t *steps, struct om_ledger *ledger) {
  struct om_hash now = script_hash(ledger);
  *steps = 0;
  if (om_hash_equal(&now, &script->begun)) return true;
  for (*steps = script->n; *steps > 0; --*steps)
    if (om_hash_equal(&now, &script->steps[*steps - 1].after)) return true;
  return false;
}

static enum om_code ignore_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                                struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

/* Every entry of LOG hashed again. */
static void check_log(struct om_txn *txn, uint32_t log) {
  struct om_edge *edge = calloc(1, sizeof *edge);
  struct om_log_info info;
  struct om_status st = {0};
  struct om_bytes entry;
  struct om_hash leaf, root;
  OM_ASSERT(edge);
  must(om_log_info(txn, &info, log, &st), &st, "a log");
  OM_ASSERT(!info.stopped && info.final_size <= info.size);
  for (uint64_t i = 0; i < info.size; i++) {
    must(om_log_entry(txn, &entry, log, i, &st), &st, "an entry");
    om_leaf_hash(&leaf, entry.data, entry.len);
    must(om_edge_append(edge, &leaf, ignore_tile, NULL, &st), &st, "hashing");
  }
  OM_ASSERT(om_log_entry(txn, &entry, log, info.size, &st) == OM_MISSING);
  om_edge_root(edge, &root);
  OM_ASSERT(om_hash_equal(&root, &info.root));
  free(edge);
}

static void check_head(const struct script *script, struct om_txn *txn) {
  struct om_bytes bytes;
  struct om_note note;
  struct om_checkpoint head;
  struct om_log_info info;
  struct om_status st = {0};
  must(om_log_info(txn, &info, SCRIPT_DAEMON, &st), &st, "the own log");
  if (info.size == 0) return;
  must(om_log_head(txn, &bytes, SCRIPT_DAEMON, &st), &st, "the own head");
  must(om_note_parse(&note, (const char *)bytes.data, bytes.len, &st), &st, "the own head");
  must(om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), &st, "the own head");
  must(om_note_verify_log(&note, head.origin, om_secret_public(script->net.log_keys[SCRIPT_DAEMON]), &st), &st,
       "the own head");
  OM_ASSERT(head.size == info.size && om_hash_equal(&head.root, &info.root));
}

static void check_receipts(struct script *script, struct om_ledger *ledger, const struct script_step *step) {
  struct om_batch *batch;
  struct om_status st = {0};
  must(om_batch_begin(&batch, ledger, &st), &st, "looking for statements");
  for (size_t i = 0; i < step->n; i++) {
    struct om_arena arena = {0};
    struct om_checked *checked;
    struct om_receipt receipt = {.again = false};
    must(om_check_statement(&checked, &arena, &script->net.id, NULL, step->blobs[i].bytes, step->blobs[i].len, &st),
         &st, "a statement");
    must(om_batch_submit(batch, &receipt, checked, step->ms, &st), &st, "an acknowledged statement");
    OM_ASSERT(receipt.again && receipt.index == step->blobs[i].index && receipt.log == SCRIPT_DAEMON);
    om_arena_free(&arena);
  }
  om_batch_abort(batch);
}

void script_check(struct script *script, struct om_ledger *ledger, size_t steps) {
  struct om_txn *txn;
  struct om_status st = {0};
  int looked = 0;
  must(om_txn_read(&txn, om_ledger_store(ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < script->net.n; log++) check_log(txn, log);
  check_head(script, txn);
  om_txn_abort(txn);
  for (size_t i = steps; i > 0 && looked < 2; i--) {
    if (script->steps[i - 1].kind != SCRIPT_SUBMIT) continue;
    check_receipts(script, ledger, &script->steps[i - 1]);
    looked++;
  }
}

struct om_ledger *script_open(const struct script *script, const char *folder) {
  return network_ledger(&script->net, SCRIPT_DAEMON, folder);
}

/* ---- making ---- */

/* The three daemons while the history is made. */
struct cast {
  struct script *script;
  struct om_ledger *ledgers[3];
  int64_t now_ms;
};

static struct script_blob blob(const void *bytes, size_t len) {
  struct script_blob out = {.bytes = malloc(len), .len = len};
  OM_ASSERT(out.bytes);
  memcpy(out.bytes, bytes, len);
  return out;
}

/* Runs STEP and keeps it if it changed anything. It owns its blobs. */
static void play(struct cast *cast, struct script_step step, char line[OM_NOTE_LINE_BYTES]) {
  struct script *script = cast->script;
  struct om_status st = {0};
  struct om_hash before = script->n ? script->steps[script->n - 1].after : script->begun;
  step.ms = cast->now_ms;
  must(run(script, cast->ledgers[SCRIPT_DAEMON], &step, line, &st), &st, "a step");
  step.after = script_hash(cast->ledgers[SCRIPT_DAEMON]);
  if (!om_hash_equal(&before, &step.after)) {
    OM_ASSERT(script->n < SCRIPT_STEPS_MAX);
    script->steps[script->n++] = step;
    return;
  }
  for (size_t i = 0; i < step.n; i++) free(step.blobs[i].bytes);
  free(step.blobs);
}

/* Lets step hold a copy of one blob. */
static struct script_step step_of(enum script_kind kind, uint32_t log, const void *bytes, size_t len) {
  struct script_step step = {.kind = kind, .log = log};
  if (!bytes) return step;
  step.n = 1;
  step.blobs = calloc(1, sizeof *step.blobs);
  OM_ASSERT(step.blobs);
  step.blobs[0] = blob(bytes, len);
  return step;
}

static void play_mirror(struct cast *cast, uint32_t log) {
  struct om_txn *txn;
  struct om_log_info here, there;
  struct om_status st = {0};
  struct script_step step = {.kind = SCRIPT_MIRROR, .log = log};
  must(om_txn_read(&txn, om_ledger_store(cast->ledgers[SCRIPT_DAEMON]), &st), &st, "reading");
  must(om_log_info(txn, &here, log, &st), &st, "a log");
  om_txn_abort(txn);
  must(om_txn_read(&txn, om_ledger_store(cast->ledgers[log]), &st), &st, "reading");
  must(om_log_info(txn, &there, log, &st), &st, "a log");
  step.start = here.size;
  step.n = (size_t)(there.size - here.size);
  step.blobs = calloc(step.n + 1, sizeof *step.blobs);
  OM_ASSERT(step.blobs);
  for (size_t i = 0; i < step.n; i++) {
    struct om_bytes entry;
    must(om_log_entry(txn, &entry, log, step.start + i, &st), &st, "an entry");
    step.blobs[i] = blob(entry.data, entry.len);
  }
  om_txn_abort(txn);
  play(cast, step, NULL);
}

/* The own head of LOG with everybody's cosignatures; false if it has none yet. */
static bool gather(struct cast *cast, char note[OM_NOTE_BYTES_MAX], size_t *len, uint32_t log) {
  struct om_txn *txn;
  struct om_bytes own;
  struct om_status st = {0};
  must(om_txn_read(&txn, om_ledger_store(cast->ledgers[log]), &st), &st, "reading");
  bool has = om_log_head(txn, &own, log, &st) == OM_OK;
  *len = has ? own.len : 0;
  if (has) memcpy(note, own.data, own.len);
  om_txn_abort(txn);
  size_t plain = *len;
  for (uint32_t i = 0; i < 3 && has; i++) {
    char line[OM_NOTE_LINE_BYTES];
    struct om_batch *batch;
    struct om_signers_keys keys = network_signers(&cast->script->net, i);
    if (i == log) continue;
    if (i == SCRIPT_DAEMON) {
      play(cast, step_of(SCRIPT_COSIGN, log, note, plain), line);
    } else {
      must(om_batch_begin(&batch, cast->ledgers[i], &st), &st, "cosigning");
      must(om_batch_cosign(batch, line, log, (const uint8_t *)note, plain, (uint64_t)cast->now_ms / 1000, &keys, &st),
           &st, "cosigning");
      must(om_batch_commit(batch, NULL, &st), &st, "cosigning");
    }
    must(om_note_add_line(note, len, line, strlen(line), &st), &st, "cosigning");
  }
  return has;
}

static void finalise(struct cast *cast, uint32_t log) {
  char note[OM_NOTE_BYTES_MAX];
  size_t len;
  if (!gather(cast, note, &len, log)) return;
  for (uint32_t i = 0; i < 3; i++) {
    struct om_batch *batch;
    struct om_status st = {0};
    bool newer;
    if (i == SCRIPT_DAEMON) {
      play(cast, step_of(SCRIPT_FINAL, log, note, len), NULL);
      continue;
    }
    must(om_batch_begin(&batch, cast->ledgers[i], &st), &st, "a final head");
    must(om_batch_final(batch, &newer, log, (const uint8_t *)note, len, &st), &st, "a final head");
    must(om_batch_commit(batch, NULL, &st), &st, "a final head");
  }
}

static void follow(struct cast *cast, uint32_t daemon) {
  struct om_batch *batch;
  struct om_status st = {0};
  struct om_signers_keys keys = network_signers(&cast->script->net, daemon);
  bool marked;
  if (daemon == SCRIPT_DAEMON) {
    play(cast, step_of(SCRIPT_FOLLOW, 0, NULL, 0), NULL);
    return;
  }
  must(om_batch_begin(&batch, cast->ledgers[daemon], &st), &st, "following");
  must(om_batch_follow_registry(batch, &marked, cast->now_ms, &st), &st, "following");
  must(om_batch_commit(batch, &keys, &st), &st, "following");
}

/* Everybody hears what everybody has, and signs it. */
static void spread(struct cast *cast) {
  struct om_status st = {0};
  cast->now_ms += 1000;
  for (uint32_t log = 0; log < 3; log++) {
    for (uint32_t i = 0; i < 3; i++) {
      if (i == log) continue;
      if (i == SCRIPT_DAEMON)
        play_mirror(cast, log);
      else
        must(network_mirror(&cast->script->net, cast->ledgers[i], cast->ledgers[log], log, &st), &st, "mirroring");
    }
    finalise(cast, log);
  }
  for (uint32_t i = 0; i < 3; i++) follow(cast, i);
}

static void elsewhere(struct cast *cast, uint32_t daemon, const struct record *record) {
  struct om_receipt receipt;
  struct om_status st = {0};
  must(network_submit(&cast->script->net, daemon, cast->ledgers[daemon], &receipt, record->bytes, record->len,
                      cast->now_ms, &st),
       &st, "a record");
}

static void play_round(struct cast *cast) {
  struct network *net = &cast->script->net;
  struct script_step many = {.kind = SCRIPT_SUBMIT, .n = EXTRACTS, .blobs = calloc(EXTRACTS, sizeof *many.blobs)};
  OM_ASSERT(many.blobs);
  for (size_t i = 0; i < EXTRACTS; i++) {
    struct record one = record_extract(net, MEMBER, 1, 1, 1000000 + i, cast->now_ms);
    many.blobs[i] = (struct script_blob){.bytes = one.bytes, .len = one.len};
  }
  play(cast, many, NULL);
  struct record lot = record_extract(net, OTHER, 1, 2, 2000000, cast->now_ms),
                sent = record_ship(net, OTHER, &lot, MEMBER, cast->now_ms);
  elsewhere(cast, 2, &lot);
  elsewhere(cast, 2, &sent);
  spread(cast);
  struct record got = record_receive(net, MEMBER, 1, &lot, &sent, cast->now_ms);
  play(cast, step_of(SCRIPT_SUBMIT, 1, got.bytes, got.len), NULL);
  free(lot.bytes);
  free(sent.bytes);
  free(got.bytes);
}

/* What the other daemon has and nobody has signed is taken and taken out again. */
static void play_rebuild(struct cast *cast) {
  struct script_step cut = {.kind = SCRIPT_REBUILD, .log = OTHER - 1};
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  must(om_txn_read(&txn, om_ledger_store(cast->ledgers[SCRIPT_DAEMON]), &st), &st, "reading");
  must(om_log_info(txn, &info, cut.log, &st), &st, "a log");
  om_txn_abort(txn);
  cut.start = info.final_size;
  struct record lot = record_extract(&cast->script->net, OTHER, 1, 2, 3000000, cast->now_ms);
  elsewhere(cast, cut.log, &lot);
  free(lot.bytes);
  play_mirror(cast, cut.log);
  play(cast, cut, NULL);
}

static void add_sites(struct cast *cast) {
  for (uint32_t member = MEMBER; member <= OTHER; member++) {
    struct record site =
        record_site(&cast->script->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, cast->now_ms);
    elsewhere(cast, 0, &site);
    free(site.bytes);
  }
  spread(cast);
  spread(cast);
}

void script_make(struct script *script) {
  struct cast cast = {.script = script, .now_ms = t0};
  char *folders[3];
  memset(script, 0, sizeof *script);
  network_open(&script->net, 3, true);
  network_ledgers(&script->net, folders, cast.ledgers);
  script->begun = script_hash(cast.ledgers[SCRIPT_DAEMON]);
  add_sites(&cast);
  for (int i = 0; i < ROUNDS; i++) {
    play_round(&cast);
    if (i == ROUNDS / 2) play_rebuild(&cast);
  }
  for (size_t i = 0; i < 3; i++) {
    om_ledger_close(cast.ledgers[i]);
    remove_folder(folders[i]);
  }
}

void script_free(struct script *script) {
  for (size_t i = 0; i < script->n; i++) {
    for (size_t b = 0; b < script->steps[i].n; b++) free(script->steps[i].blobs[b].bytes);
    free(script->steps[i].blobs);
  }
  network_close(&script->net);
}
