/* Two histories of one log: what proves them, and what does not. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/evidence.h"
#include "proto/evidence.pb-c.h"
#include "support/network.h"

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
  return om_evidence_fork(&h->arena, &out->bytes, &out->len, &h->net.id, &h->log, h->witnesses, 5, &tiles, &a, &b,
                          "two heads", &h->st);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_heads_of_one_size),
      cmocka_unit_test(test_heads_of_any_sizes),
      cmocka_unit_test(test_what_proves_nothing),
      cmocka_unit_test(test_every_byte_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
