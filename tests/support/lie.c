#include "support/lie.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"

static void submit(struct lie *l, size_t daemon, struct record record) {
  struct om_receipt receipt;
  must_be(network_submit(&l->net, daemon, l->ledgers[daemon], &receipt, record.bytes, record.len, LIE_MS, &l->st),
          OM_OK, &l->st);
  free(record.bytes);
}

struct om_log_info lie_info(struct lie *l, size_t daemon) {
  return network_info(l->ledgers[daemon], LIE_LOG);
}

static void extract(struct lie *l, size_t n) {
  for (size_t i = 0; i < n; i++)
    submit(l, LIE_LOG, record_extract(&l->net, 2, 1, 1, 1000 * (l->net.nonce + 1), LIE_MS));
}

/* The liar's log up to SIZE entries, mirrored everywhere but at daemon 4. */
void lie_open(struct lie *l, uint64_t size) {
  memset(l, 0, sizeof *l);
  network_open(&l->net, LIE_N, true);
  network_ledgers(&l->net, l->paths, l->ledgers);
  for (uint32_t member = 2; member <= 3; member++)
    submit(l, 0, record_site(&l->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, LIE_MS));
  must_be(network_settle(&l->net, l->ledgers, LIE_MS, &l->st), OM_OK, &l->st);
  extract(l, size - lie_info(l, LIE_LOG).size);
  for (size_t i = 0; i < 4; i++)
    if (i != LIE_LOG)
      must_be(network_mirror(&l->net, l->ledgers[i], l->ledgers[LIE_LOG], LIE_LOG, &l->st), OM_OK, &l->st);
  l->net.n = 4; /* a quorum without the last */
  must_be(network_finalise(&l->net, l->ledgers, LIE_LOG, LIE_MS / 1000, &l->st), OM_OK, &l->st);
  l->net.n = LIE_N;
  l->index = lie_info(l, LIE_LOG).size;
  assert_int_equal(l->index, size);
}

void lie_close(struct lie *l) {
  for (size_t i = 0; i < LIE_N; i++) {
    om_ledger_close(l->ledgers[i]);
    remove_folder(l->paths[i]);
  }
  free(l->bad);
  om_arena_free(&l->arena);
  network_close(&l->net);
}

/* Puts BYTES into the liar's log without asking the rules, with a signed head over them. */
static void smuggle(struct lie *l, const uint8_t *bytes, size_t len) {
  struct om_batch *batch;
  struct om_log_state *log;
  struct om_hash leaf;
  struct om_signers_keys keys = network_signers(&l->net, LIE_LOG);
  om_leaf_hash(&leaf, bytes, len);
  assert_int_equal(om_batch_begin(&batch, l->ledgers[LIE_LOG], &l->st), OM_OK);
  assert_int_equal(om_batch_log(batch, &log, LIE_LOG, &l->st), OM_OK);
  assert_int_equal(om_log_state_append(om_batch_txn(batch), log, bytes, len, &leaf, LIE_MS, &l->st), OM_OK);
  assert_int_equal(om_batch_commit(batch, &keys, &l->st), OM_OK);
}

/* Not even protobuf; or well-formed, but of a member whose home is another log. And entries behind it. */
void lie_tell(struct lie *l, bool malformed) {
  free(l->bad);
  if (malformed) {
    l->bad = malloc(l->bad_len = 3);
    memset(l->bad, 0xff, l->bad_len);
  } else {
    struct record record = record_extract(&l->net, 3, 1, 1, 5000, LIE_MS);
    Oremark__Entry entry = OREMARK__ENTRY__INIT;
    entry.taken_ms = LIE_MS;
    entry.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
    entry.statement = oremark__signed_statement__unpack(NULL, record.len, record.bytes);
    l->bad = malloc(oremark__entry__get_packed_size(&entry));
    l->bad_len = oremark__entry__pack(&entry, l->bad);
    oremark__signed_statement__free_unpacked(entry.statement, NULL);
    free(record.bytes);
  }
  smuggle(l, l->bad, l->bad_len);
  for (uint8_t i = 0; i < LIE_BEHIND; i++) smuggle(l, &i, 1);
}

struct lie_head lie_head(struct lie *l) {
  struct lie_head out;
  struct om_txn *txn;
  struct om_bytes note;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l->ledgers[LIE_LOG]), &l->st), OM_OK);
  assert_int_equal(om_log_head(txn, &note, LIE_LOG, &l->st), OM_OK);
  memcpy(out.note, note.data, out.len = note.len);
  om_txn_abort(txn);
  return out;
}

struct om_proven *lie_proven(struct lie *l, const struct lie_head *head, uint64_t start, const struct om_span *entries,
                             size_t n) {
  struct om_proven *out = calloc(1, sizeof *out + head->len);
  struct om_txn *txn;
  struct om_note note;
  struct om_checkpoint checkpoint;
  uint8_t *copy = (uint8_t *)(out + 1);
  assert_non_null(out);
  assert_int_equal(om_note_parse(&note, (const char *)head->note, head->len, &l->st), OM_OK);
  assert_int_equal(om_checkpoint_parse(&checkpoint, NULL, note.text, note.text_len, &l->st), OM_OK);
  memcpy(copy, head->note, head->len);
  *out = (struct om_proven){
      .start = start, .n = n, .entries = entries, .size = checkpoint.size, .note = copy, .len = head->len};
  if (checkpoint.size < start + n) return out;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(l->ledgers[LIE_LOG]), &l->st), OM_OK);
  assert_int_equal(om_log_prove(txn, &out->before, LIE_LOG, start, checkpoint.size, &l->st), OM_OK);
  assert_int_equal(om_log_prove(txn, &out->proof, LIE_LOG, start + n, checkpoint.size, &l->st), OM_OK);
  om_txn_abort(txn);
  return out;
}
