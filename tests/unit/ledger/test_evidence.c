/* Two histories of one log: what proves them, and what does not. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/rebuild.h"
#include "proto/evidence.pb-c.h"
#include "support/records.h"

enum { LOG = 1, FORK_AT = 5, LEAVES_MAX = 21 }; /* two trees that part after FORK_AT leaves, below one tile */

struct heads {
  struct network net;
  struct om_daemon log, witnesses[NETWORK_MAX];
  struct om_edge *ours[LEAVES_MAX + 1], *theirs[LEAVES_MAX + 1]; /* by size */
  struct om_arena arena;
  struct om_status st;
};

struct head {
  char note[OM_NOTE_BYTES_MAX];
  size_t len;
};

static struct om_edge *grown(const struct om_edge *from, uint8_t leaf) {
  struct om_edge *out = calloc(1, sizeof *out);
  struct om_hash hash;
  struct om_status st;
  assert_non_null(out);
  if (from) *out = *from;
  om_leaf_hash(&hash, &leaf, 1);
  assert_int_equal(om_edge_append(out, &hash, NULL, NULL, &st), OM_OK);
  return out;
}

static void open_heads(struct heads *h) {
  memset(h, 0, sizeof *h);
  network_open(&h->net, 5, true);
  for (uint32_t i = 0; i < 5; i++) {
    struct om_daemon *d = &h->witnesses[i];
    d->log = i;
    d->operator_member = i + 1;
    snprintf(d->origin, sizeof d->origin, "daemon%u.example/log", i);
    memcpy(d->log_key, om_secret_public(h->net.log_keys[i]), 32);
    memcpy(d->cosign_key, om_secret_public(h->net.cosign_keys[i]), 32);
  }
  h->log = h->witnesses[LOG];
  for (uint8_t i = 1; i <= LEAVES_MAX; i++) {
    h->ours[i] = grown(h->ours[i - 1], i);
    h->theirs[i] = grown(h->theirs[i - 1], i <= FORK_AT ? i : (uint8_t)(i + 100));
  }
}

static void close_heads(struct heads *h) {
  for (size_t i = 0; i <= LEAVES_MAX; i++) free(h->ours[i]), free(h->theirs[i]);
  om_arena_free(&h->arena);
  network_close(&h->net);
}

/* EDGE's head signed by the log key of SIGNER, cosigned by the daemons of WITNESSES (ended by 0). */
static struct head sign(struct heads *h, const struct om_edge *edge, size_t signer, const size_t *witnesses) {
  struct head out;
  struct om_checkpoint head = {.size = edge->size};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  strcpy(head.origin, h->log.origin);
  om_edge_root(edge, &head.root);
  size_t len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(out.note, &out.len, text, len, &h->st), OM_OK);
  size_t n = om_note_sign(line, h->log.origin, h->net.log_keys[signer], text, len);
  assert_int_equal(om_note_add_line(out.note, &out.len, line, n, &h->st), OM_OK);
  for (; *witnesses; witnesses++) {
    n = om_note_cosign(line, h->witnesses[*witnesses].origin, h->net.cosign_keys[*witnesses], 1700000000, text, len);
    assert_int_equal(om_note_add_line(out.note, &out.len, line, n, &h->st), OM_OK);
  }
  return out;
}
#define BY(...) ((const size_t[]){__VA_ARGS__, 0})

struct file {
  uint8_t *bytes;
  size_t len;
};

static enum om_code fork_of(struct heads *h, struct file *out, const struct om_edge *tree, const struct head *held,
                            const struct head *other) {
  struct om_tiles tiles = {.edge = tree};
  struct om_signed_head a = {(const uint8_t *)held->note, held->len}, b = {(const uint8_t *)other->note, other->len};
  return om_evidence_fork(&h->arena, &out->bytes, &out->len,
                          &(struct om_accused){&h->net.id, &h->log, h->witnesses, 5, "two heads"}, &tiles, &a, &b,
                          &h->st);
}

static void test_heads_of_one_size(void **state) {
  (void)state;
  struct heads h;
  struct om_evidence_verdict *v = malloc(sizeof *v);
  struct file file;
  open_heads(&h);
  struct head ours = sign(&h, h.ours[7], LOG, BY(2, 3)), theirs = sign(&h, h.theirs[7], LOG, BY(3, 4));
  assert_int_equal(fork_of(&h, &file, h.ours[7], &ours, &theirs), OM_OK);
  assert_int_equal(om_evidence_check(file.bytes, file.len, v, &h.st), OM_OK);
  assert_memory_equal(v->network.bytes, h.net.id.bytes, OM_HASH_BYTES);
  assert_int_equal(v->log, LOG);
  assert_int_equal(v->smaller.size, 7);
  assert_int_equal(v->larger.size, 7);
  assert_int_equal(v->n_both, 1); /* daemon 3 signed both; 2 and 4 one each */
  assert_string_equal(v->both[0].origin, "daemon3.example/log");
  assert_memory_equal(v->both[0].cosign_key, h.witnesses[3].cosign_key, 32);
  assert_int_equal(fork_of(&h, &file, h.ours[7], &ours, &ours), OM_NO); /* a head does not contradict itself */
  free(v);
  close_heads(&h);
}

/* Every pair of sizes, powers of two among them: those above the fork prove it, those below are one history. */
static void test_heads_of_any_sizes(void **state) {
  (void)state;
  struct heads h;
  struct om_evidence_verdict *v = malloc(sizeof *v);
  open_heads(&h);
  for (size_t small = 1; small <= LEAVES_MAX; small++) {
    struct head theirs = sign(&h, h.theirs[small], LOG, BY(0));
    for (size_t large = small; large <= LEAVES_MAX; large++) {
      struct head ours = sign(&h, h.ours[large], LOG, BY(0));
      struct file file;
      enum om_code code = fork_of(&h, &file, h.ours[large], &ours, &theirs);
      assert_int_equal(code, small <= FORK_AT ? OM_NO : OM_OK);
      if (code != OM_OK) continue;
      assert_int_equal(om_evidence_check(file.bytes, file.len, v, &h.st), OM_OK);
      assert_int_equal(v->smaller.size, small);
      assert_int_equal(v->larger.size, large);
      struct om_hash first;
      om_edge_root(h.ours[small], &first);
      assert_true(om_hash_equal(&v->first_root, &first));
    }
  }
  struct head large = sign(&h, h.theirs[9], LOG, BY(0)), small = sign(&h, h.ours[8], LOG, BY(0));
  struct file file;
  assert_int_equal(fork_of(&h, &file, h.ours[8], &small, &large), OM_NO); /* the smaller one is held: no proof yet */
  free(v);
  close_heads(&h);
}

/* Parts of a piece of evidence put together anew by hand, as a liar would. */
static enum om_code check_made(struct heads *h, const struct head *smaller, const struct head *larger,
                               const struct om_hash *proof, size_t n, const char *origin, size_t signer) {
  Oremark__Evidence e = OREMARK__EVIDENCE__INIT;
  Oremark__Fork fork = OREMARK__FORK__INIT;
  struct om_evidence_verdict *v = malloc(sizeof *v);
  e.network_id = (ProtobufCBinaryData){OM_HASH_BYTES, h->net.id.bytes};
  e.log = LOG;
  e.origin = (char *)origin;
  e.log_key = (ProtobufCBinaryData){32, h->witnesses[signer].log_key};
  e.what_case = OREMARK__EVIDENCE__WHAT_FORK;
  e.fork = &fork;
  fork.smaller = (ProtobufCBinaryData){smaller->len, (uint8_t *)smaller->note};
  fork.larger = (ProtobufCBinaryData){larger->len, (uint8_t *)larger->note};
  fork.proof = (ProtobufCBinaryData){n * sizeof *proof, (uint8_t *)proof};
  size_t len = oremark__evidence__get_packed_size(&e);
  uint8_t *bytes = malloc(len);
  oremark__evidence__pack(&e, bytes);
  enum om_code code = om_evidence_check(bytes, len, v, &h->st);
  free(bytes);
  free(v);
  return code;
}

static void test_what_proves_nothing(void **state) {
  (void)state;
  struct heads h;
  open_heads(&h);
  struct om_proof proof, foreign;
  struct om_tiles ours_tiles = {.edge = h.ours[11]}, theirs_tiles = {.edge = h.theirs[11]};
  assert_int_equal(om_prove_consistency(&ours_tiles, &proof, 7, 11, &h.st), OM_OK);
  assert_int_equal(om_prove_consistency(&theirs_tiles, &foreign, 7, 11, &h.st), OM_OK);
  struct head small = sign(&h, h.theirs[7], LOG, BY(0)), large = sign(&h, h.ours[11], LOG, BY(0));
  struct head own = sign(&h, h.ours[7], LOG, BY(0)), forged = sign(&h, h.theirs[7], 2, BY(0));
  const char *origin = h.log.origin;
  assert_int_equal(check_made(&h, &small, &large, proof.hashes, proof.n, origin, LOG), OM_OK);
  assert_int_equal(check_made(&h, &own, &large, proof.hashes, proof.n, origin, LOG), OM_NO);    /* one history */
  assert_int_equal(check_made(&h, &forged, &large, proof.hashes, proof.n, origin, LOG), OM_NO); /* another's key */
  assert_int_equal(check_made(&h, &small, &large, proof.hashes, proof.n, origin, 2), OM_NO);
  assert_int_equal(check_made(&h, &small, &large, proof.hashes, proof.n, "daemon2.example/log", LOG), OM_NO);
  assert_int_equal(check_made(&h, &own, &large, foreign.hashes, foreign.n, origin, LOG), OM_NO); /* leads elsewhere */
  assert_int_equal(check_made(&h, &small, &large, proof.hashes, proof.n - 1, origin, LOG), OM_NO);
  assert_int_equal(check_made(&h, &small, &large, proof.hashes, 0, origin, LOG), OM_NO);
  assert_int_equal(check_made(&h, &large, &small, proof.hashes, proof.n, origin, LOG), OM_NO);
  assert_int_equal(check_made(&h, &small, &own, proof.hashes, proof.n, origin, LOG), OM_NO); /* needs none */
  assert_int_equal(check_made(&h, &small, &own, NULL, 0, origin, LOG), OM_OK);
  assert_int_equal(check_made(&h, &own, &own, NULL, 0, origin, LOG), OM_NO);
  close_heads(&h);
}

/* Whatever bit is turned, nothing else is proved: it is refused, or it says the same of the same heads. */
static void test_every_byte_counts(void **state) {
  (void)state;
  struct heads h;
  struct om_evidence_verdict *v = malloc(sizeof *v), *was = malloc(sizeof *was);
  struct file file;
  open_heads(&h);
  struct head ours = sign(&h, h.ours[11], LOG, BY(3)), theirs = sign(&h, h.theirs[7], LOG, BY(3));
  assert_int_equal(fork_of(&h, &file, h.ours[11], &ours, &theirs), OM_OK);
  assert_int_equal(om_evidence_check(file.bytes, file.len, was, &h.st), OM_OK);
  size_t accepted = 0;
  for (size_t i = 0; i < file.len; i++) {
    file.bytes[i] ^= 1;
    enum om_code code = om_evidence_check(file.bytes, file.len, v, &h.st);
    file.bytes[i] ^= 1;
    if (code != OM_OK) {
      assert_true(code == OM_NO || code == OM_MALFORMED);
      continue;
    }
    accepted++; /* the network's id, the sentence, the list of witnesses and their lines are beside the proof */
    assert_true(om_hash_equal(&v->smaller.root, &was->smaller.root));
    assert_true(om_hash_equal(&v->larger.root, &was->larger.root));
    assert_true(om_hash_equal(&v->first_root, &was->first_root));
    assert_memory_equal(v->log_key, was->log_key, 32);
    assert_string_equal(v->larger.origin, was->larger.origin);
    assert_true(v->n_both <= 1);
  }
  assert_true(accepted > 0 && accepted < file.len);
  size_t cut = 0;
  for (size_t len = 0; len < file.len; len++) cut += om_evidence_check(file.bytes, len, v, &h.st) == OM_OK;
  assert_int_equal(cut, 5); /* behind the proof, and behind each of the witnesses but the last */
  free(v), free(was);
  close_heads(&h);
}

/* ---- through the ledger ---- */

static const int64_t t0 = INT64_C(1710000000000);

/* Five witnessed daemons, and a copy of daemon 1's folder that goes on by itself. */
struct twins {
  struct network net;
  char *paths[NETWORK_MAX], *copy;
  struct om_ledger *ledgers[NETWORK_MAX], *twin;
  struct om_status st;
};

static enum om_code submit(struct twins *t, struct om_ledger *ledger, size_t daemon, struct record record) {
  struct om_receipt receipt;
  memset(&t->st, 0, sizeof t->st);
  return network_submit(&t->net, daemon, ledger, &receipt, record.bytes, record.len, t0, &t->st);
}

static void settle(struct twins *t) {
  enum om_code code = network_settle(&t->net, t->ledgers, t0, &t->st);
  must_be(code, OM_OK, &t->st);
}

static void open_twins(struct twins *t) {
  char command[9000];
  memset(t, 0, sizeof *t);
  network_open(&t->net, 5, true);
  network_ledgers(&t->net, t->paths, t->ledgers);
  for (uint32_t member = 2; member <= 5; member++) {
    struct record site = record_site(&t->net, member, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
    must_be(submit(t, t->ledgers[0], 0, site), OM_OK, &t->st);
    free(site.bytes);
  }
  settle(t);
  om_ledger_close(t->ledgers[1]);
  t->copy = temp_folder();
  snprintf(command, sizeof command, "cp %s/data.mdb %s/", t->paths[1], t->copy);
  assert_int_equal(system(command), 0);
  t->ledgers[1] = network_ledger(&t->net, 1, t->paths[1]);
  t->twin = network_ledger(&t->net, 1, t->copy);
}

static void close_twins(struct twins *t) {
  for (size_t i = 0; i < 5; i++) {
    om_ledger_close(t->ledgers[i]);
    remove_folder(t->paths[i]);
  }
  om_ledger_close(t->twin);
  remove_folder(t->copy);
  network_close(&t->net);
}

/* An extraction taken in; the caller's. */
static struct record mine(struct twins *t, struct om_ledger *ledger, uint64_t copper_mg) {
  struct record out = record_extract(&t->net, 2, 1, 1, 1000 * copper_mg, t0);
  must_be(submit(t, ledger, 1, out), OM_OK, &t->st);
  return out;
}

/* The head of LEDGER's log 1, cosigned by the daemons of WITNESSES (ended by 0), whatever they hold. */
static struct head head_of(struct twins *t, struct om_ledger *ledger, const size_t *witnesses) {
  struct head out;
  struct om_txn *txn;
  struct om_bytes note;
  struct om_note parsed;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(ledger), &t->st), OM_OK);
  assert_int_equal(om_log_head(txn, &note, LOG, &t->st), OM_OK);
  memcpy(out.note, note.data, note.len);
  out.len = note.len;
  om_txn_abort(txn);
  for (; *witnesses; witnesses++) {
    char line[OM_NOTE_LINE_BYTES], origin[64];
    snprintf(origin, sizeof origin, "daemon%zu.example/log", *witnesses);
    assert_int_equal(om_note_parse(&parsed, out.note, out.len, &t->st), OM_OK);
    size_t n = om_note_cosign(line, origin, t->net.cosign_keys[*witnesses], 1710000000, parsed.text, parsed.text_len);
    assert_int_equal(om_note_add_line(out.note, &out.len, line, n, &t->st), OM_OK);
  }
  return out;
}

static enum om_code offer(struct twins *t, size_t daemon, const struct head *head, bool as_final) {
  char line[OM_NOTE_LINE_BYTES];
  bool newer;
  struct om_batch *batch;
  struct om_status committed;
  struct om_signers_keys keys = network_signers(&t->net, daemon);
  memset(&t->st, 0, sizeof t->st);
  assert_int_equal(om_batch_begin(&batch, t->ledgers[daemon], &t->st), OM_OK);
  const uint8_t *note = (const uint8_t *)head->note;
  enum om_code code = as_final ? om_batch_final(batch, &newer, LOG, note, head->len, &t->st)
                               : om_batch_cosign(batch, line, LOG, note, head->len, (uint64_t)t0 / 1000, &keys, &t->st);
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  return code;
}

/* What DAEMON holds against log 1; its first piece in V, which is checked as a stranger would. */
static struct om_log_info held(struct twins *t, size_t daemon, struct om_evidence_verdict *v) {
  struct om_log_info out;
  struct om_txn *txn;
  struct om_bytes bytes;
  enum om_evidence_standing freezes;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(t->ledgers[daemon]), &t->st), OM_OK);
  assert_int_equal(om_log_info(txn, &out, LOG, &t->st), OM_OK);
  enum om_code code = om_log_evidence(txn, &bytes, &freezes, LOG, 0, &t->st);
  assert_int_equal(code, out.evidence == 0 ? OM_MISSING : OM_OK);
  if (code == OM_OK) {
    code = om_evidence_check(bytes.data, bytes.len, v, &t->st);
    must_be(code, OM_OK, &t->st);
    assert_int_equal(freezes == OM_EVIDENCE_FREEZES, out.frozen);
  }
  assert_int_equal(om_log_evidence(txn, &bytes, &freezes, LOG, out.evidence, &t->st), OM_MISSING);
  om_txn_abort(txn);
  return out;
}

static void test_a_witness_keeps_what_contradicts_its_vote(void **state) {
  (void)state;
  struct twins t;
  struct om_evidence_verdict *v = malloc(sizeof *v);
  open_twins(&t);
  free(mine(&t, t.ledgers[1], 5).bytes);
  free(mine(&t, t.twin, 6).bytes);
  struct head honest = head_of(&t, t.ledgers[1], BY(0)), other = head_of(&t, t.twin, BY(0));
  assert_int_equal(network_mirror(&t.net, t.ledgers[2], t.ledgers[1], LOG, &t.st), OM_OK);
  assert_int_equal(offer(&t, 2, &other, false),
                   OM_WAIT); /* no signed head of its size is held yet: no proof; and no vote */
  assert_int_equal(held(&t, 2, v).evidence, 0);
  must_be(om_ledger_mend(t.ledgers[2], &t.st), OM_OK, &t.st);
  assert_int_equal(network_mirror(&t.net, t.ledgers[2], t.ledgers[1], LOG, &t.st), OM_OK);
  must_be(offer(&t, 2, &honest, false), OM_OK, &t.st);
  for (int again = 0; again < 2; again++) {
    assert_int_equal(offer(&t, 2, &other, false), OM_REFUSED);
    assert_string_equal(t.st.rule, "fork");
    struct om_log_info info = held(&t, 2, v);
    assert_int_equal(info.evidence, 1);
    assert_false(info.frozen);
    assert_false(info.stopped);
    assert_memory_equal(v->log_key, om_secret_public(t.net.log_keys[LOG]), 32);
    assert_int_equal(v->smaller.size, v->larger.size);
    assert_int_equal(v->n_both, 0);
  }
  settle(&t); /* a lapse is reported, and the log goes on */
  free(mine(&t, t.ledgers[1], 7).bytes);
  settle(&t);
  assert_int_equal(held(&t, 2, v).final_size, v->larger.size + 1);
  free(v);
  close_twins(&t);
}

static void test_two_final_heads_freeze_a_log(void **state) {
  (void)state;
  struct twins t;
  struct om_evidence_verdict *v = malloc(sizeof *v);
  open_twins(&t);
  struct record lot[2], shipped[2];
  for (uint32_t i = 0; i < 2; i++) {
    lot[i] = mine(&t, t.ledgers[1], 1000 + i);
    shipped[i] = record_ship(&t.net, 2, &lot[i], i == 0 ? 3 : 5, t0);
    must_be(submit(&t, t.ledgers[1], 1, shipped[i]), OM_OK, &t.st);
  }
  settle(&t);
  free(mine(&t, t.twin, 6).bytes);
  struct head two = head_of(&t, t.twin, BY(2, 3)), three = head_of(&t, t.twin, BY(2, 3, 4));
  assert_int_equal(offer(&t, 4, &two, true), OM_REFUSED); /* no quorum: a lapse */
  struct om_log_info info = held(&t, 4, v);
  assert_int_equal(info.evidence, 1);
  assert_false(info.frozen);
  assert_int_equal(v->n_both, 2);
  for (int again = 0; again < 2; again++) {
    assert_int_equal(offer(&t, 4, &three, true), OM_WAIT);
    assert_string_equal(t.st.rule, "fork");
    assert_int_equal(offer(&t, 4, &two, true), OM_REFUSED);
  }
  struct om_txn *txn;
  struct om_bytes bytes;
  enum om_evidence_standing freezes;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(t.ledgers[4]), &t.st), OM_OK);
  assert_int_equal(om_log_info(txn, &info, LOG, &t.st), OM_OK);
  assert_int_equal(info.evidence, 2); /* the one that freezes is news, the rest is not */
  assert_true(info.frozen);
  assert_false(info.stopped);
  assert_int_equal(om_log_evidence(txn, &bytes, &freezes, LOG, 1, &t.st), OM_OK);
  assert_int_equal(freezes, OM_EVIDENCE_FREEZES);
  assert_int_equal(om_evidence_check(bytes.data, bytes.len, v, &t.st), OM_OK);
  om_txn_abort(txn);
  assert_int_equal(v->n_both, 3);
  assert_true(v->smaller.size < v->larger.size);

  struct record received[2];
  for (uint32_t i = 0; i < 2; i++) received[i] = record_receive(&t.net, i == 0 ? 3 : 5, 1, &lot[i], &shipped[i], t0);
  assert_int_equal(submit(&t, t.ledgers[4], 4, received[1]), OM_REFUSED); /* its own marks of that log end */
  assert_string_equal(t.st.rule, "frozen");
  must_be(submit(&t, t.ledgers[2], 2, received[0]), OM_OK, &t.st);
  enum om_code code = network_mirror(&t.net, t.ledgers[4], t.ledgers[2], 2, &t.st); /* those of others stay valid */
  must_be(code, OM_OK, &t.st);
  free(mine(&t, t.ledgers[1], 8).bytes);
  code = network_mirror(&t.net, t.ledgers[4], t.ledgers[1], LOG, &t.st);
  must_be(code, OM_OK, &t.st);
  struct head next = head_of(&t, t.ledgers[1], BY(0));
  assert_int_equal(offer(&t, 4, &next, false), OM_REFUSED);
  assert_string_equal(t.st.rule, "frozen");
  for (int i = 0; i < 2; i++) free(lot[i].bytes), free(shipped[i].bytes), free(received[i].bytes);
  free(v);
  close_twins(&t);
}

static struct om_log_info info_of(struct twins *t, size_t daemon) {
  struct om_log_info out;
  struct om_txn *txn;
  assert_int_equal(om_txn_read(&txn, om_ledger_store(t->ledgers[daemon]), &t->st), OM_OK);
  assert_int_equal(om_log_info(txn, &out, LOG, &t->st), OM_OK);
  om_txn_abort(txn);
  return out;
}

/* DAEMON is shown BYTES by a peer. */
static enum om_code show(struct twins *t, size_t daemon, uint32_t log, const uint8_t *bytes, size_t len,
                         uint32_t *number, bool *news) {
  struct om_batch *batch;
  struct om_status committed;
  memset(&t->st, 0, sizeof t->st);
  assert_int_equal(om_batch_begin(&batch, t->ledgers[daemon], &t->st), OM_OK);
  enum om_code code = om_batch_evidence(batch, number, news, log, bytes, len, &t->st);
  assert_int_equal(om_batch_commit(batch, NULL, &committed), OM_OK);
  return code;
}

/* Two pieces as daemon 4 holds them: a lapse, and two final heads. */
static void make_pieces(struct twins *t, struct file out[2]) {
  struct om_txn *txn;
  struct om_bytes bytes;
  enum om_evidence_standing freezes;
  free(mine(t, t->ledgers[1], 5).bytes);
  settle(t);
  free(mine(t, t->twin, 6).bytes);
  struct head two = head_of(t, t->twin, BY(2, 3)), three = head_of(t, t->twin, BY(2, 3, 4));
  assert_int_equal(offer(t, 4, &two, true), OM_REFUSED);
  assert_int_equal(offer(t, 4, &three, true), OM_WAIT);
  assert_int_equal(om_txn_read(&txn, om_ledger_store(t->ledgers[4]), &t->st), OM_OK);
  for (uint32_t i = 0; i < 2; i++) {
    assert_int_equal(om_log_evidence(txn, &bytes, &freezes, LOG, i, &t->st), OM_OK);
    assert_int_equal(freezes, i == 0 ? OM_EVIDENCE_STANDS : OM_EVIDENCE_FREEZES);
    out[i] = (struct file){malloc(bytes.len), bytes.len};
    memcpy(out[i].bytes, bytes.data, bytes.len);
  }
  om_txn_abort(txn);
}

static void test_what_others_made_is_taken_in(void **state) {
  (void)state;
  struct twins t;
  struct file made[2];
  uint32_t number;
  bool news;
  open_twins(&t);
  make_pieces(&t, made);
  for (uint32_t i = 0; i < 2; i++) {
    for (int again = 0; again < 2; again++) {
      must_be(show(&t, 3, LOG, made[i].bytes, made[i].len, &number, &news), OM_OK, &t.st);
      assert_int_equal(number, i);
      assert_int_equal(news, again == 0);
    }
    struct om_log_info info = info_of(&t, 3);
    assert_int_equal(info.evidence, i + 1);
    assert_int_equal(info.frozen, i);
    assert_false(info.stopped);
  }
  must_be(show(&t, 3, LOG, made[0].bytes, made[0].len, &number, &news), OM_OK, &t.st);
  assert_false(news);
  assert_int_equal(number, 1); /* which says more */

  struct record before = mine(&t, t.ledgers[1], 7), after = record_extract(&t.net, 2, 1, 1, 8000, t0);
  must_be(show(&t, 1, LOG, made[1].bytes, made[1].len, &number, &news), OM_OK, &t.st);
  assert_int_equal(submit(&t, t.ledgers[1], 1, after), OM_REFUSED); /* nobody would ever cosign it */
  assert_string_equal(t.st.rule, "frozen");
  must_be(submit(&t, t.ledgers[1], 1, before), OM_OK, &t.st); /* it stands there, and is answered so */
  free(before.bytes), free(after.bytes);

  assert_int_equal(show(&t, 2, 2, made[1].bytes, made[1].len, &number, &news), OM_NO); /* about another log */
  assert_int_equal(show(&t, 2, LOG, made[1].bytes, made[1].len - 1, &number, &news), OM_MALFORMED);
  made[1].bytes[6] ^= 1; /* the network */
  assert_int_equal(show(&t, 2, LOG, made[1].bytes, made[1].len, &number, &news), OM_NO);
  assert_int_equal(info_of(&t, 2).evidence, 0);
  for (int i = 0; i < 2; i++) free(made[i].bytes);
  close_twins(&t);
}

/* What was held as a lapse turns out to be final when the witnesses are known better. */
static void test_held_evidence_is_looked_at_again(void **state) {
  (void)state;
  struct twins t;
  struct file made[2];
  struct om_checkpoint about;
  enum om_evidence_what what;
  struct om_batch *batch;
  open_twins(&t);
  make_pieces(&t, made);
  for (int again = 0; again < 2; again++) {
    assert_int_equal(om_batch_begin(&batch, t.ledgers[3], &t.st), OM_OK);
    for (uint32_t i = 0; i < 2 && !again; i++) {
      assert_int_equal(om_evidence_about(made[i].bytes, made[i].len, &what, &about, &t.st), OM_OK);
      om_evidence_put(om_batch_txn(batch), LOG, i, &about, OM_EVIDENCE_STANDS, made[i].bytes, made[i].len);
    }
    if (again) assert_int_equal(om_batch_evidence_again(batch, LOG, &t.st), OM_OK);
    assert_int_equal(om_batch_commit(batch, NULL, &t.st), OM_OK);
    struct om_txn *txn;
    struct om_bytes bytes;
    enum om_evidence_standing freezes[2];
    assert_int_equal(info_of(&t, 3).frozen, again);
    assert_int_equal(om_txn_read(&txn, om_ledger_store(t.ledgers[3]), &t.st), OM_OK);
    for (uint32_t i = 0; i < 2; i++) assert_int_equal(om_log_evidence(txn, &bytes, &freezes[i], LOG, i, &t.st), OM_OK);
    assert_memory_equal(bytes.data, made[1].bytes, made[1].len);
    assert_int_equal(freezes[0], OM_EVIDENCE_STANDS);
    assert_int_equal(freezes[1] == OM_EVIDENCE_FREEZES, again);
    om_txn_abort(txn);
  }
  for (int i = 0; i < 2; i++) free(made[i].bytes);
  close_twins(&t);
}

/* A log that signs ever new histories fills no disk, and a place is left for two final heads. */
static void test_so_many_pieces_and_no_more(void **state) {
  (void)state;
  struct twins t;
  struct file made[2];
  uint32_t number;
  bool news;
  open_twins(&t);
  make_pieces(&t, made);
  for (unsigned i = 0; i < OM_EVIDENCE_PIECES_MAX + 2; i++) {
    free(mine(&t, t.ledgers[1], 100 + i).bytes);
    settle(&t);
    free(mine(&t, t.twin, 200 + i).bytes);
    struct head other = head_of(&t, t.twin, BY(0));
    assert_int_equal(offer(&t, 2, &other, false), OM_REFUSED);
    assert_int_equal(info_of(&t, 2).evidence, i < OM_EVIDENCE_PIECES_MAX - 1 ? i + 1 : OM_EVIDENCE_PIECES_MAX - 1);
  }
  assert_int_equal(show(&t, 2, LOG, made[0].bytes, made[0].len, &number, &news), OM_OK);
  assert_int_equal(number, OM_EVIDENCE_NONE);
  assert_false(news);
  must_be(show(&t, 2, LOG, made[1].bytes, made[1].len, &number, &news), OM_OK, &t.st);
  assert_int_equal(number, OM_EVIDENCE_PIECES_MAX - 1);
  assert_true(info_of(&t, 2).frozen);
  for (int i = 0; i < 2; i++) free(made[i].bytes);
  close_twins(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_heads_of_one_size),
      cmocka_unit_test(test_heads_of_any_sizes),
      cmocka_unit_test(test_what_proves_nothing),
      cmocka_unit_test(test_every_byte_counts),
      cmocka_unit_test(test_a_witness_keeps_what_contradicts_its_vote),
      cmocka_unit_test(test_two_final_heads_freeze_a_log),
      cmocka_unit_test(test_what_others_made_is_taken_in),
      cmocka_unit_test(test_held_evidence_is_looked_at_again),
      cmocka_unit_test(test_so_many_pieces_and_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
