#include "ledger/evidence.h"

#include <stdio.h>
#include <string.h>

#include "keys/utf8.h"
#include "ledger/ledger.h"
#include "ledger/statement.h"
#include "proto/evidence.pb-c.h"

/* ---- checking ---- */

static bool is_key(ProtobufCBinaryData key) {
  return key.len == OM_PUBLIC_BYTES && om_public_ok(key.data);
}

/* A head of ORIGIN signed by KEY. */
static enum om_code read_head(struct om_note *note, struct om_checkpoint *out, ProtobufCBinaryData bytes,
                              const char *origin, const uint8_t *key, struct om_status *st) {
  struct om_status why;
  if (om_note_parse(note, (const char *)bytes.data, bytes.len, &why) != OM_OK ||
      om_checkpoint_parse(out, NULL, note->text, note->text_len, &why) != OM_OK)
    return om_fail(st, OM_NO, NULL, "a head in it is none: %s", why.text);
  if (strcmp(out->origin, origin) != 0)
    return om_fail(st, OM_NO, NULL, "a head in it is of %s, not of %s", out->origin, origin);
  if (out->size == 0) return om_fail(st, OM_NO, NULL, "a head in it covers nothing, so everything extends it");
  if (om_note_verify_log(note, origin, key, &why) != OM_OK)
    return om_fail(st, OM_NO, NULL, "the head of %s at %llu is not signed by the key that is stated", origin,
                   (unsigned long long)out->size);
  return OM_OK;
}

/* What the larger head has at the smaller one's size, from PROOF, which must lead to the larger head. */
static enum om_code first_root(struct om_evidence_verdict *out, ProtobufCBinaryData bytes, struct om_status *st) {
  struct om_proof proof;
  struct om_hash rebuilt;
  if (out->smaller.size > out->larger.size) return om_fail(st, OM_NO, NULL, "the smaller head in it is the larger one");
  if (out->smaller.size == out->larger.size) {
    out->first_root = out->larger.root;
    return bytes.len == 0 ? OM_OK : om_fail(st, OM_NO, NULL, "two heads of one size need no consistency proof");
  }
  if (bytes.len % OM_HASH_BYTES != 0 || bytes.len / OM_HASH_BYTES > OM_PROOF_MAX)
    return om_fail(st, OM_NO, NULL, "the consistency proof is not of whole hashes, or of too many");
  proof.n = bytes.len / OM_HASH_BYTES;
  if (bytes.len) memcpy(proof.hashes, bytes.data, bytes.len);
  if (!om_consistency_roots(&out->first_root, &rebuilt, out->smaller.size, out->larger.size, &proof) ||
      !om_hash_equal(&rebuilt, &out->larger.root))
    return om_fail(st, OM_NO, NULL, "the consistency proof does not lead to the larger head");
  return OM_OK;
}

/* Too long a name is none of ours; the same key twice is one witness. */
static bool is_named(const struct om_evidence_verdict *out, const Oremark__Daemon *w) {
  for (size_t i = 0; i < out->n_both; i++)
    if (memcmp(out->both[i].cosign_key, w->cosign_key.data, OM_PUBLIC_BYTES) == 0) return true;
  return strlen(w->origin) > OM_NAME_BYTES;
}

/* Those of the witnesses who signed both notes; SECOND may be NULL. */
static void name_cosigners(struct om_evidence_verdict *out, const Oremark__Evidence *e, const struct om_note *first,
                           const struct om_note *second) {
  for (size_t i = 0; i < e->n_witnesses; i++) {
    const Oremark__Daemon *w = e->witnesses[i];
    struct om_evidence_cosigner *both = &out->both[out->n_both];
    struct om_status ignored;
    uint64_t time;
    if (!is_key(w->cosign_key) || !om_key_name_ok(w->origin, strlen(w->origin)) || is_named(out, w)) continue;
    if (om_note_verify_cosignature(first, &time, w->origin, w->cosign_key.data, &ignored) != OM_OK ||
        (second && om_note_verify_cosignature(second, &time, w->origin, w->cosign_key.data, &ignored) != OM_OK))
      continue;
    strcpy(both->origin, w->origin);
    memcpy(both->cosign_key, w->cosign_key.data, sizeof both->cosign_key);
    out->n_both++;
  }
}

static enum om_code check_fork(struct om_evidence_verdict *out, const Oremark__Evidence *e, struct om_status *st) {
  struct om_note smaller, larger;
  enum om_code code = read_head(&smaller, &out->smaller, e->fork->smaller, e->origin, e->log_key.data, st);
  if (code == OM_OK) code = read_head(&larger, &out->larger, e->fork->larger, e->origin, e->log_key.data, st);
  if (code == OM_OK) code = first_root(out, e->fork->proof, st);
  if (code != OM_OK) return code;
  if (om_hash_equal(&out->first_root, &out->smaller.root))
    return om_fail(st, OM_NO, NULL, "the larger head of %s extends the smaller one: that is one history", e->origin);
  name_cosigners(out, e, &smaller, &larger);
  return OM_OK;
}

/* What no log of the network can hold, whatever its other entries and the registry are. */
static bool is_malformed(struct om_arena *arena, const struct om_evidence_verdict *v, ProtobufCBinaryData entry,
                         struct om_status *why) {
  struct om_checked *checked;
  bool first = v->log == OM_LOG_REGISTRY && v->index == 0;
  if (om_check_entry(&checked, arena, &v->network, NULL, entry.data, entry.len, why) != OM_OK) return true;
  if (checked->entry->what_case != OREMARK__ENTRY__WHAT_GENESIS || first) return false;
  om_fail(why, OM_REFUSED, "genesis", "a genesis stands only at the beginning of the registry log");
  return true;
}

static enum om_code check_entry(struct om_evidence_verdict *out, const Oremark__Evidence *e, struct om_arena *arena,
                                struct om_status *st) {
  struct om_note note;
  struct om_proof proof;
  struct om_status why;
  const Oremark__BadEntry *bad = e->bad_entry;
  out->what = OM_EVIDENCE_OF_ENTRY;
  out->index = bad->index;
  om_leaf_hash(&out->leaf, bad->entry.data, bad->entry.len);
  enum om_code code = read_head(&note, &out->larger, bad->head, e->origin, e->log_key.data, st);
  if (code != OM_OK) return code;
  if (bad->proof.len % OM_HASH_BYTES != 0 || bad->proof.len / OM_HASH_BYTES > OM_PROOF_MAX)
    return om_fail(st, OM_NO, NULL, "the inclusion proof is not of whole hashes, or of too many");
  proof.n = bad->proof.len / OM_HASH_BYTES;
  if (bad->proof.len) memcpy(proof.hashes, bad->proof.data, bad->proof.len);
  if (!om_inclusion_ok(&out->leaf, bad->index, out->larger.size, &proof, &out->larger.root))
    return om_fail(st, OM_NO, NULL, "the inclusion proof does not lead from the entry to the head");
  out->malformed = is_malformed(arena, out, bad->entry, &why);
  snprintf(out->why, sizeof out->why, "%s", out->malformed ? why.text : e->why);
  name_cosigners(out, e, &note, NULL);
  return OM_OK;
}

static enum om_code unknown(struct om_status *st) {
  return om_fail(st, OM_MALFORMED, "evidence", "evidence of nothing that is known here");
}

static enum om_code check_fields(struct om_evidence_verdict *out, const Oremark__Evidence *e, struct om_arena *arena,
                                 struct om_status *st) {
  if (e->network_id.len != OM_HASH_BYTES || e->log_key.len != OM_PUBLIC_BYTES ||
      !om_key_name_ok(e->origin, strlen(e->origin)) || e->n_witnesses > OM_WITNESSES_MAX)
    return om_fail(st, OM_MALFORMED, "evidence", "a network, a log, its key or its witnesses are not stated as such");
  if (!om_public_ok(e->log_key.data)) return om_fail(st, OM_NO, NULL, "the key that is stated is no safe public key");
  memcpy(out->network.bytes, e->network_id.data, OM_HASH_BYTES);
  memcpy(out->log_key, e->log_key.data, OM_PUBLIC_BYTES);
  out->log = e->log;
  switch (e->what_case) {
    case OREMARK__EVIDENCE__WHAT_FORK: return check_fork(out, e, st);
    case OREMARK__EVIDENCE__WHAT_BAD_ENTRY: return check_entry(out, e, arena, st);
    case OREMARK__EVIDENCE__WHAT__NOT_SET:
    case _OREMARK__EVIDENCE__WHAT__CASE_IS_INT_SIZE: break;
  }
  return unknown(st);
}

/* Into ARENA. */
static enum om_code unpack(struct om_arena *arena, const Oremark__Evidence **out, const uint8_t *bytes, size_t len,
                           struct om_status *st) {
  if (len > OM_EVIDENCE_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "evidence", "evidence has at most %d bytes, this has %zu", OM_EVIDENCE_MAX_BYTES,
                   len);
  if (!om_canonical(&oremark__evidence__descriptor, bytes, len, st)) return st->code;
  *out = oremark__evidence__unpack(om_arena_protobuf(arena), len, bytes);
  return *out ? OM_OK : om_fail(st, OM_MALFORMED, "evidence", "it can't be taken apart");
}

enum om_code om_evidence_check(const uint8_t *bytes, size_t len, struct om_evidence_verdict *out,
                               struct om_status *st) {
  struct om_arena arena = {0};
  const Oremark__Evidence *e;
  memset(out, 0, sizeof *out);
  enum om_code code = unpack(&arena, &e, bytes, len, st);
  if (code == OM_OK) code = check_fields(out, e, &arena, st);
  om_arena_free(&arena);
  return code;
}

static enum om_code fork_about(const Oremark__Fork *fork, struct om_checkpoint *out, struct om_status *st) {
  struct om_note note;
  enum om_code code = om_note_parse(&note, (const char *)fork->smaller.data, fork->smaller.len, st);
  return code == OM_OK ? om_checkpoint_parse(out, NULL, note.text, note.text_len, st) : code;
}

enum om_code om_evidence_about(const uint8_t *bytes, size_t len, enum om_evidence_what *what, struct om_checkpoint *out,
                               struct om_status *st) {
  struct om_arena arena = {0};
  const Oremark__Evidence *e;
  enum om_code code = unpack(&arena, &e, bytes, len, st);
  *what = OM_EVIDENCE_OF_FORK;
  if (code == OM_OK && e->what_case == OREMARK__EVIDENCE__WHAT_FORK) {
    code = fork_about(e->fork, out, st);
  } else if (code == OM_OK && e->what_case == OREMARK__EVIDENCE__WHAT_BAD_ENTRY) {
    *what = OM_EVIDENCE_OF_ENTRY;
    *out = (struct om_checkpoint){.size = e->bad_entry->index};
    om_leaf_hash(&out->root, e->bad_entry->entry.data, e->bad_entry->entry.len);
  } else if (code == OM_OK) {
    code = unknown(st);
  }
  om_arena_free(&arena);
  return code == OM_OK ? OM_OK : (st->code = OM_MALFORMED);
}

/* ---- making ---- */

static ProtobufCBinaryData key_bytes(const uint8_t key[32]) {
  return (ProtobufCBinaryData){32, (uint8_t *)key};
}

static Oremark__Daemon *named(struct om_arena *arena, const struct om_daemon *daemon) {
  Oremark__Daemon *out = om_arena_alloc(arena, sizeof *out);
  oremark__daemon__init(out);
  out->origin = (char *)daemon->origin;
  out->operator_ = daemon->operator_member;
  out->log_key = key_bytes(daemon->log_key);
  out->cosign_key = key_bytes(daemon->cosign_key);
  out->witness_key = key_bytes(daemon->witness_key);
  out->link_key = key_bytes(daemon->link_key);
  return out;
}

static enum om_code size_of(uint64_t *out, const struct om_signed_head *head, struct om_status *st) {
  struct om_note note;
  struct om_checkpoint checkpoint;
  enum om_code code = om_note_parse(&note, (const char *)head->note, head->len, st);
  if (code == OM_OK) code = om_checkpoint_parse(&checkpoint, NULL, note.text, note.text_len, st);
  if (code == OM_OK) *out = checkpoint.size;
  return code;
}

/* All but what it is evidence of. */
static void fill(struct om_arena *arena, Oremark__Evidence *e, const struct om_accused *accused) {
  const struct om_daemon *log = accused->log;
  const char *why = accused->why;
  oremark__evidence__init(e);
  e->network_id = (ProtobufCBinaryData){sizeof accused->network->bytes, (uint8_t *)accused->network->bytes};
  e->log = log->log;
  e->origin = (char *)log->origin;
  e->log_key = key_bytes(log->log_key);
  e->why = om_text_ok(why, strlen(why)) ? (char *)why : (char *)""; /* a sentence that was cut is no reason to fail */
  e->witnesses = om_arena_array(arena, accused->n_witnesses, sizeof *e->witnesses);
  for (size_t i = 0; i < accused->n_witnesses; i++)
    e->witnesses[e->n_witnesses++] = named(arena, &accused->witnesses[i]);
}

/* Nothing is made that others would not believe. */
static enum om_code pack(struct om_arena *arena, uint8_t **out, size_t *len, const Oremark__Evidence *e,
                         struct om_status *st) {
  struct om_evidence_verdict *verdict = om_arena_alloc(arena, sizeof *verdict);
  *len = oremark__evidence__get_packed_size(e);
  *out = om_arena_alloc(arena, *len);
  oremark__evidence__pack(e, *out);
  return om_evidence_check(*out, *len, verdict, st);
}

enum om_code om_evidence_fork_by(struct om_arena *arena, uint8_t **out, size_t *len, const struct om_accused *accused,
                                 const struct om_signed_head *smaller, const struct om_signed_head *larger,
                                 const struct om_proof *proof, struct om_status *st) {
  Oremark__Evidence e;
  Oremark__Fork fork = OREMARK__FORK__INIT;
  fill(arena, &e, accused);
  e.what_case = OREMARK__EVIDENCE__WHAT_FORK;
  e.fork = &fork;
  fork.smaller = (ProtobufCBinaryData){smaller->len, (uint8_t *)smaller->note};
  fork.larger = (ProtobufCBinaryData){larger->len, (uint8_t *)larger->note};
  fork.proof = (ProtobufCBinaryData){proof->n * sizeof *proof->hashes, (uint8_t *)proof->hashes[0].bytes};
  return pack(arena, out, len, &e, st);
}

enum om_code om_evidence_fork(struct om_arena *arena, uint8_t **out, size_t *len, const struct om_accused *accused,
                              const struct om_tiles *tree, const struct om_signed_head *held,
                              const struct om_signed_head *other, struct om_status *st) {
  struct om_proof proof;
  uint64_t from, to;
  enum om_code code = size_of(&from, other, st);
  if (code == OM_OK) code = size_of(&to, held, st);
  if (code == OM_OK && (from == 0 || from > to))
    return om_fail(st, OM_NO, NULL, "the head that is held is smaller than the other: no proof yet");
  if (code == OM_OK) code = om_prove_prefix(tree, &proof, from, to, st);
  if (code != OM_OK) return code;
  return om_evidence_fork_by(arena, out, len, accused, other, held, &proof, st);
}

enum om_code om_evidence_entry(struct om_arena *arena, uint8_t **out, size_t *len, const struct om_accused *accused,
                               uint64_t index, const struct om_span *entry, const struct om_signed_head *head,
                               const struct om_proof *proof, struct om_status *st) {
  Oremark__Evidence e;
  Oremark__BadEntry bad = OREMARK__BAD_ENTRY__INIT;
  fill(arena, &e, accused);
  e.what_case = OREMARK__EVIDENCE__WHAT_BAD_ENTRY;
  e.bad_entry = &bad;
  bad.index = index;
  bad.entry = (ProtobufCBinaryData){entry->len, (uint8_t *)entry->data};
  bad.head = (ProtobufCBinaryData){head->len, (uint8_t *)head->note};
  bad.proof = (ProtobufCBinaryData){proof->n * sizeof *proof->hashes, (uint8_t *)proof->hashes[0].bytes};
  return pack(arena, out, len, &e, st);
}
