#include "daemon/io/tracker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"

/* Makes rows for N logs and tells the node of them: after which of them is its own, or it would follow that one too,
 * and be served its own entries by those who hold them where the store is new and the daemon is not. */
static void grow(struct om_tracker *tracker, uint32_t n, uint32_t own_log) {
  if (own_log != tracker->own_log && own_log != OM_LOG_NONE) {
    tracker->own_log = own_log;
    om_node_own_log(tracker->node, own_log);
  }
  if (n <= tracker->n) return;
  tracker->logs = realloc(tracker->logs, n * sizeof *tracker->logs);
  OM_ASSERT(tracker->logs != NULL);
  memset(tracker->logs + tracker->n, 0, (n - tracker->n) * sizeof *tracker->logs);
  tracker->n = n;
  om_node_logs(tracker->node, n);
}

static enum om_code tell_quorum(struct om_tracker *tracker, struct om_txn *txn, const struct om_log_info *info,
                                int64_t now_ms, struct om_status *st) {
  struct om_quorum *quorum = malloc(sizeof *quorum);
  OM_ASSERT(quorum != NULL);
  enum om_code code = om_restart_quorum(txn, quorum, info->log, info->registry_size, st);
  if (code == OM_MISSING) code = om_log_quorum(txn, quorum, info->log, info->size, st);
  if (code == OM_OK) om_node_quorum(tracker->node, info->log, quorum, now_ms);
  free(quorum);
  /* A log that the registry as marked does not name yet, or whose witnesses can't count, is served by nobody's word. */
  return code == OM_MISSING || code == OM_REFUSED ? OM_OK : code;
}

static enum om_code tell_final(struct om_tracker *tracker, struct om_txn *txn, const struct om_log_info *info,
                               int64_t now_ms, struct om_status *st) {
  struct om_bytes note;
  if (info->head_size == 0) return OM_OK;
  enum om_code code = om_log_final(txn, &note, info->log, st);
  if (code == OM_OK) om_node_final(tracker->node, info->log, info->head_size, note.data, note.len, now_ms);
  return code;
}

/* At a start the log may be ahead of its head: what was taken back is signed later. */
static enum om_code tell_head(struct om_tracker *tracker, struct om_txn *txn, uint64_t *size, uint32_t log,
                              int64_t now_ms, struct om_status *st) {
  struct om_bytes bytes;
  struct om_note note;
  struct om_checkpoint head = {.size = 0};
  enum om_code code = om_log_head(txn, &bytes, log, st);
  if (code == OM_MISSING) return OM_OK;
  if (code == OM_OK) code = om_note_parse(&note, (const char *)bytes.data, bytes.len, st);
  if (code == OM_OK) code = om_checkpoint_parse(&head, NULL, note.text, note.text_len, st);
  if (code == OM_OK) om_node_own_head(tracker->node, head.size, bytes.data, bytes.len, now_ms);
  *size = head.size;
  return code;
}

static enum om_code tell_provable(struct om_tracker *tracker, struct om_txn *txn, uint64_t *told,
                                  const struct om_log_info *info, int64_t now_ms, struct om_status *st) {
  uint8_t note[OM_BARE_HEAD_MAX_BYTES];
  uint64_t size;
  size_t len;
  enum om_code code = om_provable_size(txn, &size, info->log, info->size, st);
  if (code != OM_OK || size == 0 || size == *told) return code;
  code = om_head_bare(txn, note, &len, info->log, size, st);
  if (code == OM_OK) om_node_provable(tracker->node, info->log, size, note, len, now_ms);
  if (code == OM_OK) *told = size;
  return code == OM_MISSING ? OM_OK : code;
}

/* A log that is stopped no more, because a quorum has signed another entry, is proven by that quorum's head from its
 * first message on; one that is stopped again is left before the head is forgotten. */
static void tell_stop(struct om_tracker *tracker, struct om_txn *txn, const struct om_log_info *info, uint64_t *claim,
                      bool changed, int64_t now_ms) {
  struct om_bytes note;
  uint64_t size = 0, before = *claim;
  bool stopped = info->stopped && !info->yields;
  *claim = info->log != tracker->own_log && om_log_claim(txn, &note, &size, NULL, info->log, info->size) ? size : 0;
  if (*claim != before && *claim != 0) om_node_claim(tracker->node, info->log, size, note.data, note.len, now_ms);
  if (changed) om_node_log_changed(tracker->node, info->log, info->size, stopped, now_ms);
  if (*claim != before && *claim == 0) om_node_claim(tracker->node, info->log, 0, NULL, 0, now_ms);
}

static void tell_awaited(struct om_tracker *tracker, struct om_txn *txn, const struct om_log_info *info,
                         uint64_t *awaited, int64_t now_ms) {
  struct om_bytes note;
  uint64_t size = 0;
  bool any =
      info->log != tracker->own_log && !info->stopped && om_log_awaited(txn, &note, &size, NULL, info->log, info->size);
  if (!any) size = 0;
  if (size != *awaited && any) om_node_awaited(tracker->node, info->log, size, note.data, note.len, now_ms);
  *awaited = size;
}

static enum om_code refresh(struct om_tracker *tracker, struct om_txn *txn, uint32_t log, bool first, bool witnesses,
                            int64_t now_ms, struct om_status *st) {
  struct om_log_info info;
  struct om_told *told = &tracker->logs[log];
  enum om_code code = om_log_info(txn, &info, log, st);
  if (code != OM_OK) return code;
  bool cut = !first && info.cuts != told->cuts;
  if (cut || info.size < told->size || info.head_size < told->final_head) {
    uint64_t left = cut && info.cut_at < info.size ? info.cut_at : info.size;
    om_node_log_cut(tracker->node, log, info.cuts - told->cuts > 1 && cut ? 0 : left, now_ms);
    told->final_head = told->head_size = told->provable = 0;
  }
  bool grown = info.size != told->size || cut;
  /* Either mark may change who is to sign. */
  uint64_t own_mark = grown || first ? om_log_mark(txn, log, log, UINT64_MAX) : told->own_mark;
  if (first || cut || witnesses || info.registry_size != told->registry_size || own_mark != told->own_mark)
    code = tell_quorum(tracker, txn, &info, now_ms, st);
  bool stopped = info.stopped && !info.yields;
  uint64_t claim = first ? 0 : told->claim, awaited = first || cut ? 0 : told->awaited;
  tell_awaited(tracker, txn, &info, &awaited, now_ms);
  tell_stop(tracker, txn, &info, &claim, first || grown || stopped != told->stopped, now_ms);
  uint64_t head_size = first ? 0 : told->head_size, provable = first ? 0 : told->provable;
  if (code == OM_OK) code = tell_provable(tracker, txn, &provable, &info, now_ms, st);
  if (code == OM_OK && log == tracker->own_log && head_size < info.size)
    code = tell_head(tracker, txn, &head_size, log, now_ms, st);
  if (code == OM_OK && info.head_size != told->final_head) code = tell_final(tracker, txn, &info, now_ms, st);
  if (info.pieces != told->pieces || info.frozen != told->frozen)
    om_node_evidence(tracker->node, log, info.pieces, info.frozen);
  if (info.retired && (first || !told->ended)) om_node_log_ended(tracker->node, log, info.end.size, now_ms);
  *told = (struct om_told){.size = info.size,
                           .provable = provable,
                           .final_size = info.final_size,
                           .final_head = info.head_size,
                           .registry_size = info.registry_size,
                           .head_size = head_size,
                           .cuts = info.cuts,
                           .own_mark = own_mark,
                           .claim = claim,
                           .awaited = awaited,
                           .stopped = stopped,
                           .frozen = info.frozen,
                           .ended = info.retired,
                           .pieces = info.pieces};
  return code;
}

/* What is stated of the logs by governors, in an act that is accepted here or can't be yet. */
static void tell_stated(struct om_tracker *tracker, struct om_txn *txn, int64_t now_ms) {
  for (uint32_t log = 0; log < tracker->n; log++) {
    uint64_t size, since;
    om_node_wanted(tracker->node, log, om_wanted_size(txn, log), now_ms);
    om_node_stated(tracker->node, log, om_registry_stated(txn, &size, &since, log) ? since + 1 : 0, now_ms);
  }
}

/* All that is looked at here was checked before it was stored. */
static enum om_code unreadable(uint32_t log, struct om_status *st) {
  if (st->code != OM_MALFORMED) return st->code;
  return om_fail(st, OM_CORRUPT, NULL, "a head of log %" PRIu32 " can't be read: " OM_STORE_DAMAGED, log);
}

enum om_code om_tracker_refresh(struct om_tracker *tracker, bool *registry, struct om_txn *txn,
                                const struct om_touched *touched, uint32_t own_log, int64_t now_ms,
                                struct om_status *st) {
  struct om_log_info info;
  uint32_t before = tracker->n, own_before = tracker->own_log;
  *registry = before == 0;
  if (om_touched_has(touched, OM_LOG_REGISTRY)) {
    if (om_log_info(txn, &info, OM_LOG_REGISTRY, st) != OM_OK) return st->code;
    *registry = before == 0 || info.size != tracker->logs[OM_LOG_REGISTRY].size ||
                info.cuts != tracker->logs[OM_LOG_REGISTRY].cuts;
  }
  grow(tracker, om_log_count(txn), own_log);
  if (*registry || om_wanted(txn)) tell_stated(tracker, txn, now_ms);
  bool witnesses = *registry || own_log != own_before; /* who is one of them is to be told anew for every log */
  uint32_t named = om_log_count(txn);                  /* fewer than before where the registry log was cut */
  for (uint32_t log = 0; log < tracker->n && log < named; log++) {
    bool first = log >= before || (log == own_log && own_log != own_before);
    if (!first && !witnesses && !om_touched_has(touched, log)) continue;
    if (refresh(tracker, txn, log, first, witnesses, now_ms, st) != OM_OK) return unreadable(log, st);
  }
  return om_txn_check(txn, st);
}

void om_tracker_free(struct om_tracker *tracker) {
  free(tracker->logs);
  tracker->logs = NULL;
}
