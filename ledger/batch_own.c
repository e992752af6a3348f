/* The own log: what its members submit, and the marks that it needs for that or that follow the registry. */
#include <string.h>

#include "ledger/accept.h"
#include "ledger/ledger_state.h"

enum {
  CLOCK_BACK_MS =
      5000, /* how far the clock may step back (NTP does): the log's last time is used again; beyond it is a fault */
  MARKS_FOR_ONE = 64, /* marks that one statement may need: it can't lean on more logs than that at once */
};

/* A varint as protobuf writes it; returns its length. */
static size_t put_varint(uint8_t *out, uint64_t value) {
  size_t n = 0;
  for (; value >= 0x80; value >>= 7) out[n++] = (uint8_t)(value | 0x80);
  out[n++] = (uint8_t)value;
  return n;
}

enum { ENTRY_TAKEN_TAG = 1 << 3, ENTRY_STATEMENT_TAG = 3 << 3 | 2, ENTRY_MARK_TAG = 4 << 3 | 2 };

/* Entry bytes around BODY, which is never repacked. */
static enum om_code append_own(struct om_batch *batch, struct om_log_state *state, uint8_t tag, const uint8_t *body,
                               size_t len, int64_t taken_ms, struct om_status *st) {
  uint8_t head[32];
  size_t n = 0;
  head[n++] = ENTRY_TAKEN_TAG;
  n += put_varint(head + n, (uint64_t)taken_ms);
  head[n++] = tag;
  n += put_varint(head + n, len);
  OM_ASSERT(n + len <= OM_ENTRY_MAX_BYTES);
  uint8_t *entry = om_arena_alloc(&batch->arena, n + len);
  memcpy(entry, head, n);
  memcpy(entry + n, body, len);
  struct om_hash leaf;
  om_leaf_hash(&leaf, entry, n + len);
  return om_log_state_append(batch->txn, state, entry, n + len, &leaf, taken_ms, st);
}

static enum om_code own_clock(const struct om_log_state *state, int64_t *taken_ms, struct om_status *st) {
  if (*taken_ms >= state->taken_ms) return OM_OK;
  if (state->taken_ms - *taken_ms > CLOCK_BACK_MS)
    return om_fail(st, OM_IO, "clock",
                   "this machine's clock is %lld s behind the log's last entry: set it; nothing is recorded until then",
                   (long long)(state->taken_ms - *taken_ms) / 1000);
  *taken_ms = state->taken_ms;
  return OM_OK;
}

/* May the own log mark the registry as far as it is final? OM_WAIT: not before it has settled its witnesses. */
static enum om_code may_follow(struct om_batch *batch, const struct om_log_state *own, uint64_t registry_final,
                               struct om_status *st) {
  bool third;
  enum om_code code = om_quorum_third(batch->txn, &third, own->log, own->edge.size, registry_final, st);
  if (code != OM_OK || !third) return code;
  return om_fail(st, OM_WAIT, "unsettled",
                 "it leans on a registry with other witnesses, and this log has not settled its last change of them "
                 "yet: try again in a moment");
}

/* Appends a mark of LOG to the own log, from the final head that is held. OM_WAIT where that does not reach SIZE, or
 * where the own log can't follow the registry so far yet. */
static enum om_code append_mark(struct om_batch *batch, struct om_log_state *own, uint32_t log, uint64_t size,
                                int64_t taken_ms, struct om_status *st) {
  struct om_bytes note;
  struct om_log_info info;
  enum om_code code = om_log_info(batch->txn, &info, log, st);
  if (code != OM_OK) return code;
  if (info.frozen)
    return om_fail(st, OM_REFUSED, "frozen",
                   "it leans on %s, which has two final histories: nothing leans on it any more until the governors "
                   "have decided",
                   info.origin);
  if (info.head_size < size)
    return om_fail(st, OM_WAIT, "not-final",
                   "it leans on entry %llu of %s, which is not final yet (final up to %llu): try again in a moment",
                   (unsigned long long)(size - 1), info.origin, (unsigned long long)info.head_size);
  uint64_t follows = log == OM_LOG_REGISTRY ? info.head_size : own->registry_size;
  code = om_restart_marked(batch->txn, own->log, own->edge.size, follows, st);
  if (code == OM_OK && log == OM_LOG_REGISTRY && own->log != log) code = may_follow(batch, own, info.head_size, st);
  if (code != OM_OK) return code;
  uint64_t theirs = log == OM_LOG_REGISTRY ? 0 : om_log_mark(batch->txn, log, OM_LOG_REGISTRY, info.head_size);
  if (theirs > own->registry_size) {
    code = append_mark(batch, own, OM_LOG_REGISTRY, theirs, taken_ms, st);
    if (code != OM_OK) return code;
  }
  code = om_log_final(batch->txn, &note, log, st);
  if (code != OM_OK) return code;
  om_arena_reset(&batch->arena);
  Oremark__Mark mark = OREMARK__MARK__INIT;
  mark.log = log;
  mark.checkpoint.len = note.len;
  mark.checkpoint.data = om_arena_copy(&batch->arena, note.data, note.len);
  code = om_batch_mark(batch, own, &mark, st);
  if (code != OM_OK) return code;
  uint8_t *body = om_arena_alloc(&batch->arena, oremark__mark__get_packed_size(&mark));
  size_t len = oremark__mark__pack(&mark, body);
  return append_own(batch, own, ENTRY_MARK_TAG, body, len, taken_ms, st);
}

/* OM_REFUSED: the own log has ended, as the registry here says. */
static enum om_code own_ended(struct om_batch *batch, struct om_status *st) {
  struct om_retired ended;
  struct om_daemon next;
  uint32_t own = batch->ledger->own_log;
  if (own == OM_LOG_NONE || !om_registry_retired(batch->txn, &ended, own, OM_REGISTRY_NOW)) return OM_OK;
  uint32_t successor = om_registry_successor(batch->txn, own, OM_REGISTRY_NOW);
  enum om_code code = om_registry_daemon(batch->txn, &next, successor, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  return om_fail(st, OM_REFUSED, "retired",
                 "this daemon's log has ended, and its members go on in %s: submit to the daemon of that log",
                 next.origin);
}

/* The own log, begun if it can be. */
static enum om_code own_state(struct om_batch *batch, struct om_log_state **out, int64_t *taken_ms,
                              struct om_status *st) {
  uint32_t own = batch->ledger->own_log;
  bool marked;
  if (own == OM_LOG_NONE)
    return om_fail(st, OM_REFUSED, "home",
                   "this daemon has no log of its own: the registry here does not name its link key");
  enum om_code code = om_batch_log(batch, out, own, st);
  if (code == OM_OK) code = own_clock(*out, taken_ms, st);
  if (code == OM_OK && (*out)->edge.size == 0) code = om_batch_follow_registry(batch, &marked, *taken_ms, st);
  if (code == OM_OK && (*out)->edge.size == 0)
    return om_fail(st, OM_WAIT, "not-final",
                   "this log has not begun: the registry that names it is not final here yet");
  return code;
}

/* A frozen log takes nothing in: nobody cosigns it, so it would never be final. */
static enum om_code check_frozen(struct om_batch *batch, struct om_status *st) {
  bool frozen;
  uint32_t refuted;
  if (batch->ledger->own_log == OM_LOG_NONE) return OM_OK;
  om_evidence_count(batch->txn, &refuted, &frozen, batch->ledger->own_log);
  if (!frozen) return om_txn_check(batch->txn, st);
  return om_fail(st, OM_REFUSED, "frozen",
                 "this daemon's log has two final histories ('oremark evidence' shows them) and is frozen: nothing new "
                 "in it would ever be final; the governors have to end it, and its members go on in another log");
}

/* A resubmission is told where the statement stands; OM_MISSING: it is none. */
static enum om_code first_receipt(struct om_batch *batch, struct om_receipt *out, const struct om_checked *checked,
                                  struct om_status *st) {
  struct om_place place;
  if (!om_batch_stands(batch->txn, &place, checked)) return OM_MISSING;
  struct om_bytes entry;
  enum om_code code = om_log_entry(batch->txn, &entry, place.log, place.index, st);
  if (code == OM_MISSING) return om_fail(st, OM_CORRUPT, NULL, "the entry of a stored statement is not there");
  if (code != OM_OK) return code;
  om_arena_reset(&batch->arena);
  const Oremark__Entry *e = oremark__entry__unpack(om_arena_protobuf(&batch->arena), entry.len, entry.data);
  if (!e) return om_fail(st, OM_CORRUPT, NULL, "a stored entry can't be read");
  *out = (struct om_receipt){checked->statement_id, place.log, place.index, e->taken_ms, true, false};
  return OM_OK;
}

enum om_code om_batch_submit(struct om_batch *batch, struct om_receipt *out, struct om_checked *checked,
                             int64_t taken_ms, struct om_status *st) {
  struct om_log_state *own;
  struct om_need need = {0, 0};
  enum om_code code = first_receipt(batch, out, checked, st);
  if (code != OM_MISSING) return code;
  if (om_by_hand(checked))
    return om_fail(st, OM_REFUSED, OM_RULE_BY_HAND,
                   "such an act is accepted at each daemon by hand: oremark network accept");
  code = own_ended(batch, st);
  if (code == OM_OK) code = check_frozen(batch, st);
  if (code == OM_OK) code = own_state(batch, &own, &taken_ms, st);
  if (code == OM_OK) code = om_restart_marked(batch->txn, own->log, own->edge.size, own->registry_size, st);
  if (code == OM_OK) code = om_batch_judge(batch, own, checked, taken_ms, &need, st);
  for (int i = 0; code == OM_WAIT && need.size > 0 && i < MARKS_FOR_ONE; i++) {
    code = append_mark(batch, own, need.log, need.size, taken_ms, st);
    checked->marks += code == OM_OK;
    need.size = 0;
    if (code == OM_OK) code = om_batch_judge(batch, own, checked, taken_ms, &need, st);
  }
  if (code == OM_OK) {
    *out = (struct om_receipt){checked->statement_id, own->log, own->edge.size, taken_ms, false, false};
    code = append_own(batch, own, ENTRY_STATEMENT_TAG, checked->bytes, checked->len, taken_ms, st);
  }
  return code;
}

enum om_code om_batch_follow_registry(struct om_batch *batch, bool *marked, int64_t taken_ms, struct om_status *st) {
  struct om_log_state *own;
  struct om_log_info registry;
  struct om_daemon daemon;
  struct om_retired ended;
  *marked = false;
  if (batch->ledger->own_log == OM_LOG_NONE) return OM_OK;
  /* Also where nothing is to be marked: from here on the commit signs the log if it has no head of this size. */
  enum om_code code = om_batch_log(batch, &own, batch->ledger->own_log, st);
  if (code != OM_OK || own->log == OM_LOG_REGISTRY) return code;
  if (om_registry_retired(batch->txn, &ended, own->log, OM_REGISTRY_NOW)) return OM_OK;
  code = om_log_info(batch->txn, &registry, OM_LOG_REGISTRY, st);
  if (code != OM_OK || registry.head_size <= own->registry_size || registry.frozen) return code;
  if (own->edge.size == 0 && om_registry_daemon(batch->txn, &daemon, own->log, registry.head_size, st) != OM_OK)
    return st->code == OM_MISSING ? OM_OK : st->code;
  code = own_clock(own, &taken_ms, st);
  if (code == OM_OK) code = append_mark(batch, own, OM_LOG_REGISTRY, registry.head_size, taken_ms, st);
  *marked = code == OM_OK;
  return code == OM_WAIT ? OM_OK : code; /* followed when the witnesses are settled */
}

enum om_code om_batch_settle_witnesses(struct om_batch *batch, bool *marked, int64_t taken_ms, struct om_status *st) {
  struct om_log_state *own;
  struct om_log_info info;
  struct om_retired ended;
  bool settles;
  *marked = false;
  if (batch->ledger->own_log == OM_LOG_NONE) return OM_OK;
  enum om_code code = om_batch_log(batch, &own, batch->ledger->own_log, st);
  if (code == OM_OK && om_registry_retired(batch->txn, &ended, own->log, OM_REGISTRY_NOW)) return OM_OK;
  if (code == OM_OK) code = om_log_info(batch->txn, &info, own->log, st);
  if (code != OM_OK || info.head_size == 0 || own->edge.size == 0) return code;
  code = om_quorum_settles(batch->txn, &settles, own->log, own->edge.size, info.head_size, st);
  if (code == OM_REFUSED) return OM_OK; /* no quorum is possible: nothing to record */
  if (code != OM_OK || !settles) return code;
  code = own_clock(own, &taken_ms, st);
  if (code == OM_OK) code = append_mark(batch, own, own->log, info.head_size, taken_ms, st);
  if (code != OM_OK) return code;
  *marked = true;
  bool followed; /* the registry may have gone on to a list that this log had to wait for */
  return om_batch_follow_registry(batch, &followed, taken_ms, st);
}
