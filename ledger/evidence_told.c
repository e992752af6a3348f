/* Evidence that others made: taken in beside what was made here, and judged by the registry that is held. */
#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"
#include "ledger/rules.h"
#include "proto/evidence.pb-c.h"

/* The key is the log's, and the network this one: else the evidence is about somebody else. The registry log may have
 * had another daemon before, or have one that is not accepted here yet: then *IS_ITS_DAEMON is false, and whoever shows
 * it is as honest as before. */
static enum om_code check_named(struct om_batch *batch, bool *is_its_daemon, const struct om_evidence_verdict *v,
                                uint32_t log, struct om_status *st) {
  struct om_daemon daemon;
  enum om_code code = om_registry_daemon(batch->txn, &daemon, log, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  bool is_its_log = v->log == log && om_hash_equal(&v->network, &batch->ledger->network);
  *is_its_daemon = is_its_log && strcmp(v->larger.origin, daemon.origin) == 0 &&
                   memcmp(v->log_key, daemon.log_key, sizeof v->log_key) == 0;
  if (*is_its_daemon || (is_its_log && log == OM_LOG_REGISTRY)) return OM_OK;
  return om_fail(st, OM_NO, NULL, "it is about a key that is not the one of log %u, %s, in this network", log,
                 daemon.origin);
}

/* Whether a quorum signed both heads of a fork, as far as the witnesses are known here. */
static enum om_code both_final(struct om_txn *txn, bool *out, uint32_t log, const uint8_t *bytes, size_t len,
                               struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checkpoint head;
  struct om_status why;
  uint64_t time_s;
  const Oremark__Evidence *e = oremark__evidence__unpack(om_arena_protobuf(&arena), len, bytes);
  OM_ASSERT(e != NULL); /* it was checked */
  *out = e->what_case == OREMARK__EVIDENCE__WHAT_FORK;
  for (size_t i = 0; i < 2 && *out; i++) {
    const ProtobufCBinaryData *note = i == 0 ? &e->fork->smaller : &e->fork->larger;
    *out = om_quorum_check(txn, &head, &time_s, log, note->data, note->len, &why) == OM_OK;
  }
  om_arena_free(&arena);
  return om_txn_check(txn, st);
}

static enum om_code look_for_vote(struct om_batch *batch, uint32_t log, uint64_t size, const ProtobufCBinaryData *head,
                                  struct om_status *st) {
  struct om_note note;
  enum om_code code = om_note_parse(&note, (const char *)head->data, head->len, st);
  OM_ASSERT(code == OM_OK); /* it was checked */
  return om_votes_look(batch, log, &note, size, st);
}

/* The heads in it may carry a cosignature of this daemon's own that its store does not remember. */
static enum om_code look_for_votes(struct om_batch *batch, uint32_t log, const struct om_evidence_verdict *v,
                                   const uint8_t *bytes, size_t len, struct om_status *st) {
  struct om_arena arena = {0};
  const Oremark__Evidence *e = oremark__evidence__unpack(om_arena_protobuf(&arena), len, bytes);
  OM_ASSERT(e != NULL); /* it was checked */
  bool fork = v->what == OM_EVIDENCE_OF_FORK;
  enum om_code code = look_for_vote(batch, log, v->larger.size, fork ? &e->fork->larger : &e->bad_entry->head, st);
  if (code == OM_OK && fork) code = look_for_vote(batch, log, v->smaller.size, &e->fork->smaller, st);
  om_arena_free(&arena);
  return code;
}

/* What an entry that is said to be invalid is worth here. OM_NO: nothing; it was judged, and is not. */
static enum om_code weigh_entry(struct om_batch *batch, enum om_evidence_standing *standing, uint32_t log,
                                const struct om_evidence_verdict *v, struct om_status *st) {
  struct om_log_info info;
  struct om_bytes entry;
  struct om_hash leaf;
  *standing = OM_EVIDENCE_STANDS;
  enum om_code code = om_log_info(batch->txn, &info, log, st);
  /* A newer program may know what this one can't read: while it is waited for, nothing is proved by that. */
  if (code != OM_OK || (v->malformed && !om_upgrade_met(batch->txn))) return code;
  bool held = v->index < info.size;
  if (held) code = om_log_entry(batch->txn, &entry, log, v->index, st);
  /* A bundle leaves out what its lot does not need: then nobody has judged it here. */
  if (code == OM_MISSING && batch->ledger->sparse) held = false, code = OM_OK;
  if (code != OM_OK) return code;
  if (held) om_leaf_hash(&leaf, entry.data, entry.len);
  /* Where another entry is held, the log has signed both, and this one is not judged. */
  if (held && om_hash_equal(&leaf, &v->leaf))
    return om_fail(st, OM_NO, NULL, "entry %llu of %s was judged here", (unsigned long long)v->index, info.origin);
  *standing = OM_EVIDENCE_CLAIMED;
  if (om_evidence_claims(batch->txn, log) < OM_EVIDENCE_CLAIMS_MAX) return OM_OK;
  return om_fail(st, OM_NO, NULL, "as many entries of %s are said to be invalid as are kept", info.origin);
}

static enum om_code weigh(struct om_batch *batch, enum om_evidence_standing *standing, uint32_t log,
                          const struct om_evidence_verdict *v, const uint8_t *bytes, size_t len, struct om_status *st) {
  bool final;
  if (v->what == OM_EVIDENCE_OF_ENTRY) return weigh_entry(batch, standing, log, v, st);
  enum om_code code = both_final(batch->txn, &final, log, bytes, len, st);
  *standing = final ? OM_EVIDENCE_FREEZES : OM_EVIDENCE_STANDS;
  return code;
}

/* What is held already, and whatever there is no place for, is answered before any signature is looked at. */
static bool is_old(struct om_txn *txn, uint32_t *number, uint32_t log, enum om_evidence_what what,
                   const struct om_checkpoint *about) {
  bool frozen;
  uint32_t refuted;
  om_evidence_count(txn, &refuted, &frozen, log);
  *number = om_evidence_find(txn, log, about, true);
  if (*number == OM_EVIDENCE_NONE && (frozen || what == OM_EVIDENCE_OF_ENTRY))
    *number = om_evidence_find(txn, log, about, false);
  return *number != OM_EVIDENCE_NONE || om_evidence_room(txn, log, what == OM_EVIDENCE_OF_FORK) == OM_EVIDENCE_NONE;
}

/* Keeps what is news. */
static void keep(struct om_txn *txn, uint32_t *number, bool *news, uint32_t log, const struct om_checkpoint *about,
                 enum om_evidence_standing standing, const uint8_t *bytes, size_t len) {
  bool freezes = standing == OM_EVIDENCE_FREEZES;
  *number = om_evidence_find(txn, log, about, freezes);
  if (*number != OM_EVIDENCE_NONE) return;
  *number = om_evidence_room(txn, log, freezes);
  *news = *number != OM_EVIDENCE_NONE;
  if (*news) om_evidence_put(txn, log, *number, about, standing, bytes, len);
}

enum om_code om_batch_evidence(struct om_batch *batch, uint32_t *number, bool *news, uint32_t log, const uint8_t *bytes,
                               size_t len, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_evidence_verdict *v = om_arena_alloc(&arena, sizeof *v);
  struct om_checkpoint about;
  enum om_evidence_what what;
  enum om_evidence_standing standing;
  bool is_its_daemon = false;
  *news = false;
  *number = OM_EVIDENCE_NONE;
  enum om_code code = om_evidence_about(bytes, len, &what, &about, st);
  if (code == OM_OK && !is_old(batch->txn, number, log, what, &about)) {
    code = om_evidence_check(bytes, len, v, st);
    if (code == OM_OK) code = check_named(batch, &is_its_daemon, v, log, st);
    if (code == OM_OK && is_its_daemon) code = look_for_votes(batch, log, v, bytes, len, st);
    if (code == OM_OK && is_its_daemon) {
      code = weigh(batch, &standing, log, v, bytes, len, st);
      if (code == OM_OK) keep(batch->txn, number, news, log, &about, standing, bytes, len);
      if (code == OM_NO) om_status_clear(st); /* whoever shows it may not have judged the entry yet */
      if (code == OM_NO) code = OM_OK;
    }
  }
  om_arena_free(&arena);
  return code != OM_OK ? code : om_txn_check(batch->txn, st);
}

enum om_code om_batch_evidence_again(struct om_batch *batch, uint32_t log, struct om_status *st) {
  enum om_evidence_standing standing;
  enum om_evidence_what what;
  struct om_bytes row;
  enum om_code code = OM_OK;
  for (uint32_t i = 0; i < OM_EVIDENCE_PIECES_MAX && code == OM_OK; i++) {
    struct om_arena arena = {0};
    struct om_checkpoint about;
    bool final;
    code = om_log_evidence(batch->txn, &row, &standing, log, i, st);
    bool stands = standing == OM_EVIDENCE_STANDS || standing == OM_EVIDENCE_REFUTED; /* final heads stand anyway */
    if (code != OM_OK || !stands) continue;
    uint8_t *bytes = om_arena_copy(&arena, row.data, row.len);
    code = both_final(batch->txn, &final, log, bytes, row.len, st);
    if (code == OM_OK && final) code = om_evidence_about(bytes, row.len, &what, &about, st);
    if (code == OM_OK && final) om_evidence_put(batch->txn, log, i, &about, OM_EVIDENCE_FREEZES, bytes, row.len);
    om_arena_free(&arena);
  }
  return code == OM_OK || code == OM_MISSING ? om_txn_check(batch->txn, st) : code;
}
