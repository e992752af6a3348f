/* Heads: signing the own log's, storing final ones, and cosigning others' as a witness. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/seal.h"
#include "ledger/times.h"

enum {
  WITNESS_AHEAD_S =
      300,          /* how far a log's clock may be ahead of its witness's: more than clocks that are set differ by */
  TAKE_UP_S = 3600, /* how long a log may go on without a registry act that is final: a revoked key must not be used
                       much longer, and a daemon that was cut off hears of the act before of its witnesses */
};

void om_head_put_final(struct om_txn *txn, uint32_t log, uint64_t size, uint64_t time_s, const void *note, size_t len) {
  uint8_t key[OM_HEAD_KEY_BYTES], row[16 + OM_NOTE_BYTES_MAX];
  OM_ASSERT(len <= OM_NOTE_BYTES_MAX);
  om_head_key(key, log, OM_HEAD_FINAL);
  om_be64(row, size);
  om_be64(row + 8, time_s);
  memcpy(row + 16, note, len);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, 16 + len);
  om_times_keep(txn, log, size, time_s, note, len);
}

/* Text, blank line, signature. */
static enum om_code head_note(char note[OM_NOTE_BYTES_MAX], size_t *len, const struct om_daemon *own,
                              const struct om_log_state *state, const struct om_secret *secret, struct om_status *st) {
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  struct om_checkpoint head = {.size = state->edge.size};
  strcpy(head.origin, own->origin);
  om_edge_root(&state->edge, &head.root);
  size_t text_len = om_checkpoint_format(text, &head);
  enum om_code code = om_note_begin(note, len, text, text_len, st);
  if (code != OM_OK) return code;
  return om_note_add_line(note, len, line, om_note_sign(line, own->origin, secret, text, text_len), st);
}

enum om_code om_head_sign(struct om_batch *batch, const struct om_log_state *state, const struct om_signers_keys *keys,
                          struct om_status *st) {
  struct om_daemon own;
  struct om_quorum quorum;
  char note[OM_NOTE_BYTES_MAX];
  uint8_t key[OM_HEAD_KEY_BYTES], row[8 + OM_NOTE_BYTES_MAX];
  size_t len;
  enum om_code code = om_registry_daemon(batch->txn, &own, state->log, OM_REGISTRY_NOW, st);
  if (code == OM_OK && memcmp(om_secret_public(keys->log), own.log_key, sizeof own.log_key) != 0)
    code = om_fail(st, OM_USAGE, NULL, "the log key in the keys folder is not the one that the registry names for %s",
                   own.origin);
  if (code == OM_OK) code = head_note(note, &len, &own, state, keys->log, st);
  if (code == OM_OK) code = om_log_quorum(batch->txn, &quorum, state->log, state->edge.size, st);
  if (code != OM_OK) return code;
  om_head_key(key, state->log, OM_HEAD_OWN);
  om_be64(row, state->edge.size);
  memcpy(row + 8, note, len);
  om_txn_put(batch->txn, OM_TABLE_HEADS, key, sizeof key, row, 8 + len);
  if (!om_quorum_any(&quorum)) om_head_put_final(batch->txn, state->log, state->edge.size, 0, note, len);
  return om_txn_check(batch->txn, st);
}

enum om_code om_head_forked(struct om_batch *batch, const struct om_log_state *held, const uint8_t *note, size_t len,
                            struct om_status *st) {
  struct om_checkpoint head;
  struct om_log_info info;
  struct om_status fork = *st, unsigned_why;
  enum om_code code = om_log_info(batch->txn, &info, held->log, st);
  if (code != OM_OK) return code;
  bool quorum_signed =
      om_quorum_beside(batch->txn, &head, held->log, info.head_size, note, len, &unsigned_why) == OM_OK;
  code = om_evidence_keep(batch, held, &head, note, len, quorum_signed, fork.text, st);
  if (code == OM_OK && !quorum_signed) {
    *st = unsigned_why;
    return st->code;
  }
  bool lost = code == OM_OK && held->log != batch->ledger->own_log && head.size > info.head_size && !info.frozen &&
              !info.retired;
  if (lost && !om_lost_note(batch, &head, note, len, held->log, info.head_size) && !info.stopped)
    code = om_batch_stop_log(batch, held->log, held->edge.size, note, len, &fork, st);
  if (code != OM_OK) return code;
  *st = fork;
  return st->code = OM_WAIT;
}

static enum om_code mending(const struct om_log_info *info, struct om_status *st) {
  return om_fail(st, OM_WAIT, "mending",
                 "of log %s another history is held here than the one that was signed: it is followed anew first",
                 info->origin);
}

enum om_code om_head_final(struct om_batch *batch, bool *newer, const struct om_log_state *state, uint64_t size,
                           uint64_t time_s, const uint8_t *note, size_t len, struct om_status *st) {
  struct om_log_info info;
  *newer = false;
  enum om_code code = om_log_info(batch->txn, &info, state->log, st);
  if (code != OM_OK || size <= info.head_size) return code;
  if (om_lost_due(batch, state->log)) return mending(&info, st);
  om_head_put_final(batch->txn, state->log, size, time_s, note, len);
  *newer = true;
  om_stop_reached(batch->txn, state->log, size);
  return om_lost_final(batch, state, size, st);
}

/* A head of a log that an invalid entry has stopped may cover that entry, or have a quorum for another in its place. */
static void note_stopped(struct om_batch *batch, const struct om_log_info *info, const uint8_t *note, size_t len) {
  struct om_log_state *state;
  struct om_status st;
  if (!info->frozen && om_batch_log(batch, &state, info->log, &st) == OM_OK)
    om_stop_claim(batch, state, note, len, &st); /* what fails for good shows in the transaction */
}

enum om_code om_batch_final(struct om_batch *batch, bool *newer, uint32_t log, const uint8_t *note, size_t len,
                            struct om_status *st) {
  struct om_note parsed;
  struct om_checkpoint head;
  struct om_log_state *state;
  struct om_log_info info;
  uint64_t time_s;
  *newer = false;
  enum om_code code = om_head_parse(batch->txn, &parsed, &head, log, note, len, st);
  if (code == OM_OK) code = om_votes_look(batch, log, &parsed, head.size, st);
  if (code == OM_OK) code = om_log_info(batch->txn, &info, log, st);
  if (code == OM_OK && info.retired && head.size > info.end.size) return OM_OK; /* of no log any more */
  if (code == OM_OK) code = om_batch_log(batch, &state, log, st);
  if (code == OM_OK) code = om_head_matches(batch->txn, log, state, &head, st);
  if (code == OM_REFUSED && om_broke(st, OM_RULE_FORK)) {
    code = om_head_forked(batch, state, note, len, st);
    return code == OM_WAIT && log == batch->ledger->own_log ? st->code = OM_REFUSED : code;
  }
  if (code == OM_WAIT && info.stopped) note_stopped(batch, &info, note, len);
  if (code != OM_OK || head.size <= info.head_size) return code;
  code = om_quorum_check(batch->txn, &head, &time_s, log, note, len, st);
  return code == OM_OK ? om_head_final(batch, newer, state, head.size, time_s, note, len, st) : code;
}

/* Compare and set: a witness's votes on a log only ever grow, along one history. */
static enum om_code vote(struct om_batch *batch, const struct om_log_state *state, const struct om_checkpoint *head,
                         const uint8_t *note, size_t len, struct om_status *st) {
  uint32_t log = state->log;
  struct om_hash root;
  uint8_t key[OM_HEAD_KEY_BYTES], row[8 + OM_HASH_BYTES];
  struct om_bytes before;
  om_head_key(key, log, OM_HEAD_VOTE);
  if (om_txn_get(batch->txn, &before, OM_TABLE_HEADS, key, sizeof key)) {
    uint64_t size = before.len == sizeof row ? om_get64(before.data) : UINT64_MAX;
    if (before.len == sizeof row) memcpy(root.bytes, before.data + 8, sizeof root.bytes);
    if (head->size < size)
      return om_fail(st, OM_REFUSED, "vote", "a higher head of %s (%llu) was cosigned here than %llu", head->origin,
                     (unsigned long long)size, (unsigned long long)head->size);
    if (om_evidence_vote(batch, state, head->size, note, len, st) != OM_OK) return st->code;
    if (head->size == size && !om_hash_equal(&root, &head->root))
      return om_fail(st, OM_REFUSED, OM_RULE_FORK, "another head of %s at %llu was cosigned here", head->origin,
                     (unsigned long long)size);
    if (om_lost_vote(batch, state, size, &root, st) != OM_OK) return st->code;
  }
  om_votes_pass(batch->txn, log, head->size);
  om_be64(row, head->size);
  memcpy(row + 8, head->root.bytes, OM_HASH_BYTES);
  om_txn_put(batch->txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
  uint8_t voted[8 + OM_MARK_NOTE_MAX_BYTES];
  OM_ASSERT(len <= OM_MARK_NOTE_MAX_BYTES);
  om_head_key(key, log, OM_HEAD_VOTED);
  om_be64(voted, head->size);
  memcpy(voted + 8, note, len);
  om_txn_put(batch->txn, OM_TABLE_HEADS, key, sizeof key, voted, 8 + len);
  return om_evidence_later(batch, state, head->size, st);
}

/* Takes NOTE of SIZE if it is higher than what is there. */
static void higher(struct om_bytes *out, uint64_t *most, struct om_bytes note, uint64_t size, uint64_t limit) {
  if (size <= *most || size > limit) return;
  *most = size;
  *out = note;
}

enum om_code om_head_highest(struct om_txn *txn, struct om_bytes *note, uint32_t log, struct om_status *st) {
  struct om_bytes row;
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_retired end;
  uint64_t most = 0, size, limit = om_registry_retired(txn, &end, log, OM_REGISTRY_NOW) ? end.size : UINT64_MAX;
  om_head_key(key, log, OM_HEAD_FINAL);
  if (om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 16)
    higher(note, &most, (struct om_bytes){row.data + 16, row.len - 16}, om_get64(row.data), limit);
  om_head_key(key, log, OM_HEAD_VOTED);
  if (om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) && row.len > 8)
    higher(note, &most, (struct om_bytes){row.data + 8, row.len - 8}, om_get64(row.data), limit);
  if (om_lost_awaited(txn, &row, &size, log)) higher(note, &most, row, size, limit);
  if (om_txn_check(txn, st) != OM_OK) return st->code;
  return most > 0 ? OM_OK : om_fail(st, OM_MISSING, NULL, "no head of log %u is kept here", log);
}

enum om_code om_head_compare(struct om_txn *txn, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                             struct om_status *st) {
  struct om_note parsed;
  struct om_checkpoint head;
  struct om_log_state state;
  enum om_code code = om_head_parse(txn, &parsed, &head, log, note, len, st);
  if (code == OM_REFUSED) st->code = code = OM_MALFORMED;
  if (code == OM_OK) code = om_log_state_read(txn, &state, log, st);
  if (code != OM_OK) return code;
  *size = head.size;
  return om_head_matches(txn, log, &state, &head, st);
}

enum om_code om_head_stands(struct om_txn *txn, uint64_t *size, uint64_t *time_s, uint32_t log, const uint8_t *note,
                            size_t len, struct om_status *st) {
  struct om_log_info info;
  struct om_checkpoint head;
  struct om_bytes awaited;
  uint64_t ignored;
  *time_s = 0;
  enum om_code code = om_head_compare(txn, size, log, note, len, st);
  if (code == OM_OK) code = om_log_info(txn, &info, log, st);
  if (code == OM_OK && info.retired && *size > info.end.size)
    code = om_fail(st, OM_REFUSED, "retired", "log %s has ended before that", info.origin);
  if (code == OM_OK && om_lost_awaited(txn, &awaited, &ignored, log)) code = mending(&info, st);
  return code == OM_OK ? om_quorum_check(txn, &head, time_s, log, note, len, st) : code;
}

/* ---- cosigning ---- */

static enum om_code may_witness(struct om_batch *batch, struct om_daemon *self, uint32_t log,
                                const struct om_checkpoint *head, const struct om_signers_keys *keys,
                                struct om_status *st) {
  struct om_quorum quorum;
  enum om_code code = om_log_quorum(batch->txn, &quorum, log, head->size, st);
  if (code != OM_OK) return code;
  bool listed = false;
  for (size_t list = 0; list < quorum.n_lists; list++) {
    for (size_t i = 0; i < quorum.lists[list].n; i++) {
      if (quorum.lists[list].daemons[i].log != batch->ledger->own_log) continue;
      listed = true;
      *self = quorum.lists[list].daemons[i];
      if (memcmp(om_secret_public(keys->cosign), self->cosign_key, sizeof self->cosign_key) == 0) return OM_OK;
    }
  }
  if (!listed) return om_fail(st, OM_REFUSED, "witness", "this daemon is no witness of %s", head->origin);
  code = om_cosign_key_check(batch->txn, batch->ledger->own_log, om_secret_public(keys->cosign), st);
  if (code != OM_OK) return code;
  return om_fail(st, OM_IO, OM_RULE_COSIGN_KEY, "%s has not marked the registry yet that names the cosign key here",
                 head->origin);
}

/* Drift is capped by the period in which an entry says that it was taken: a log that runs ahead of time would use up
 * the caps of years to come. Not for ever refused: the time will come. */
static enum om_code check_clock(const struct om_log_state *state, const struct om_checkpoint *head, uint64_t time_s,
                                struct om_status *st) {
  uint64_t taken_s = (uint64_t)state->taken_ms / 1000;
  if (taken_s <= time_s || taken_s - time_s <= WITNESS_AHEAD_S) return OM_OK;
  return om_fail(
      st, OM_IO, "clock",
      "the last entry of %s was taken %llu s from now: it is not cosigned before that; one of the two clocks is wrong",
      head->origin, (unsigned long long)(taken_s - time_s));
}

/* A log that takes no registry act up would go on under revoked keys and suspended members: its heads below the mark of
 * the act are held back. Not one that can't follow: whose last change of witnesses is not settled while the registry
 * has the next one. */
static enum om_code check_taken_up(struct om_batch *batch, const struct om_checkpoint *head, uint32_t log,
                                   uint64_t time_s, struct om_status *st) {
  struct om_log_info registry;
  bool third;
  if (log == OM_LOG_REGISTRY) return OM_OK;
  uint64_t marked = om_log_mark(batch->txn, log, OM_LOG_REGISTRY, head->size);
  uint64_t final_s = om_times_final(batch->txn, OM_LOG_REGISTRY, marked);
  if (final_s == 0 || time_s < final_s || time_s - final_s <= TAKE_UP_S) return om_txn_check(batch->txn, st);
  enum om_code code = om_log_info(batch->txn, &registry, OM_LOG_REGISTRY, st);
  if (code == OM_OK) code = om_quorum_third(batch->txn, &third, log, head->size, registry.head_size, st);
  if (code != OM_OK || third) return code;
  return om_fail(
      st, OM_IO, "registry",
      "%s has not taken up entry %llu of the registry, which has been final for %llu s: it is cosigned again "
      "once it has",
      head->origin, (unsigned long long)marked, (unsigned long long)(time_s - final_s));
}

/* Where this daemon has not cosigned what is held beyond the last final head of LOG, nothing is bound to it. */
static bool voted_beyond(struct om_txn *txn, uint32_t log, uint64_t final_size) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes vote;
  om_head_key(key, log, OM_HEAD_VOTE);
  return om_txn_get(txn, &vote, OM_TABLE_HEADS, key, sizeof key) && vote.len >= 8 && om_get64(vote.data) > final_size;
}

/* What is proposed contradicts what is held, as ST says: refused, and kept as evidence. But entries that a relay has
 * altered, and that stay valid by themselves, show only here, at a head that the log has signed: where no vote stands
 * on them, they give way to the log's own. */
static enum om_code lapse(struct om_batch *batch, const struct om_log_state *state, const uint8_t *note, size_t len,
                          struct om_status *st) {
  struct om_status fork = *st, ignored = *st;
  struct om_log_info info;
  bool doubted = false;
  om_head_forked(batch, state, note, len, &ignored);
  enum om_code code = om_log_info(batch->txn, &info, state->log, st);
  if (code == OM_OK && !voted_beyond(batch->txn, state->log, info.head_size))
    code = om_lost_doubt(batch, &doubted, state, st);
  if (code != OM_OK || om_txn_check(batch->txn, st) != OM_OK) return st->code;
  if (doubted) return mending(&info, st);
  *st = fork;
  return st->code;
}

/* Nothing is cosigned before the head that is awaited is final here: it is, as soon as what it covers is held. */
static enum om_code reach_awaited(struct om_batch *batch, const struct om_log_info *info, struct om_status *st) {
  struct om_bytes row;
  uint8_t note[OM_NOTE_BYTES_MAX];
  uint64_t size;
  bool newer;
  if (!om_lost_awaited(batch->txn, &row, &size, info->log)) return om_txn_check(batch->txn, st);
  size_t len = row.len;
  memcpy(note, row.data, len);
  if (om_batch_final(batch, &newer, info->log, note, len, st) == OM_OK &&
      !om_lost_awaited(batch->txn, &row, &size, info->log))
    return OM_OK;
  return om_txn_check(batch->txn, st) == OM_OK ? mending(info, st) : st->code;
}

/* A log that was stopped or sealed here is cosigned no further. What is refused whatever it is may still contradict
 * what is held. */
static enum om_code check_open(struct om_batch *batch, const struct om_log_info *info, const uint8_t *note, size_t len,
                               struct om_status *st) {
  struct om_hash call;
  bool sealed = om_log_sealed(batch->txn, &call, info->log);
  if (!sealed && !info->stopped) return om_txn_check(batch->txn, st);
  if (om_batch_met(batch, info->log, note, len, st) != OM_OK) return st->code;
  if (!info->stopped) return om_sealed_refuse(st, info->log, &call);
  return om_fail(st, OM_REFUSED, OM_RULE_STOPPED, "log %s is not followed further: %s", info->origin,
                 info->stopped_why);
}

enum om_code om_batch_cosign(struct om_batch *batch, char line[OM_NOTE_LINE_BYTES], uint32_t log, const uint8_t *note,
                             size_t len, uint64_t time_s, const struct om_signers_keys *keys, struct om_status *st) {
  struct om_note parsed;
  struct om_checkpoint head;
  struct om_log_state *state;
  struct om_log_info info;
  struct om_daemon self;
  enum om_code code = om_head_parse(batch->txn, &parsed, &head, log, note, len, st);
  if (code == OM_OK) code = om_log_info(batch->txn, &info, log, st);
  if (code == OM_OK && info.stopped) note_stopped(batch, &info, note, len);
  if (code == OM_OK && info.frozen)
    code = om_fail(st, OM_REFUSED, "frozen", "log %s has two final histories: it is not cosigned further", info.origin);
  if (code == OM_OK && info.retired)
    code = om_fail(st, OM_REFUSED, "retired", "log %s has ended: it is not cosigned further", info.origin);
  if (code == OM_OK) code = check_open(batch, &info, note, len, st);
  if (code == OM_OK) code = reach_awaited(batch, &info, st);
  if (code == OM_OK) code = om_batch_log(batch, &state, log, st);
  if (code == OM_OK) code = om_head_matches(batch->txn, log, state, &head, st);
  if (code == OM_REFUSED && om_broke(st, OM_RULE_FORK)) return lapse(batch, state, note, len, st);
  if (code == OM_OK) code = check_clock(state, &head, time_s, st);
  if (code == OM_OK) code = check_taken_up(batch, &head, log, time_s, st);
  if (code == OM_OK) code = may_witness(batch, &self, log, &head, keys, st);
  if (code == OM_OK) code = om_votes_check(batch, keys, st);
  if (code == OM_OK) code = vote(batch, state, &head, note, len, st);
  if (code == OM_OK) om_note_cosign(line, self.origin, keys->cosign, time_s, parsed.text, parsed.text_len);
  return code;
}
