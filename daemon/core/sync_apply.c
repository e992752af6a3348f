/* What others have brought of a log is given to the writer to be taken in, and what came of that. */
#include <string.h>

#include "daemon/core/sync_parts.h"

uint64_t om_sync_apply_limit(const struct om_tracked *tracked) {
  if (tracked->ended) return tracked->end;
  if (tracked->refill.size > 0) return tracked->refill.size;
  if (tracked->asked) return UINT64_MAX;
  return om_larger(om_larger(tracked->wanted, tracked->invited),
                   om_larger(tracked->final.size, om_pair_highest(&tracked->claims)));
}

bool om_sync_gathers(const struct om_tracked *tracked, int64_t now_ms) {
  uint64_t wanted = om_larger(om_pair_highest(&tracked->proposals), om_pair_highest(&tracked->claims));
  if (!tracked->asked || !tracked->inbox.first->home || tracked->refill.size > 0 || tracked->relayed > 0) return false;
  return tracked->inbox.first->start >= om_larger(wanted, tracked->final.size) &&
         tracked->inbox.cost < (size_t)OM_GATHER_KB << 10 && now_ms - tracked->gather_ms < OM_GATHER_MS;
}

bool om_sync_may_apply(const struct om_tracked *tracked) {
  return !tracked->applying && !tracked->waits && !tracked->stopped && tracked->retry_ms == 0 &&
         tracked->inbox.first != NULL && tracked->inbox.first->start < om_sync_apply_limit(tracked);
}

static size_t point_entries(struct om_action *out) {
  size_t n = 0, i = 0;
  for (const struct om_inbox_chunk *chunk = out->chunks; chunk != NULL; chunk = chunk->next) n += chunk->n;
  out->entries = om_node_alloc(n, sizeof *out->entries);
  for (const struct om_inbox_chunk *chunk = out->chunks; chunk != NULL; chunk = chunk->next)
    for (size_t k = 0; k < chunk->n; k++) out->entries[i++] = chunk->spans[k];
  return n;
}

/* LAST: the last chunk of OUT. */
static void add_proof(struct om_action *out, const struct om_inbox_chunk *last) {
  struct om_proof ignored;
  size_t n = point_entries(out), len = last->head == NULL ? 0 : last->head->len;
  struct om_proven *proven = om_node_alloc(1, sizeof *proven + len);
  uint8_t *note = (uint8_t *)(proven + 1);
  *proven = (struct om_proven){
      .start = out->start, .n = n, .entries = out->entries, .size = last->size, .len = len, .home = last->home};
  if (len > 0) memcpy(note, last->head->note, len);
  if (len > 0) proven->note = note;
  om_peer_entries_proofs(&proven->proof, &ignored, &last->message);
  if (!out->chunks->trimmed) om_peer_entries_proofs(&ignored, &proven->before, &out->chunks->message);
  out->proven = proven;
}

static bool apply_next(struct om_node *node, struct om_action *out, struct om_tracked *tracked, int64_t now_ms) {
  if (!om_sync_may_apply(tracked) || om_sync_gathers(tracked, now_ms)) return false;
  OM_ASSERT(tracked->inbox.first->start == tracked->size);
  out->kind = OM_ACTION_APPLY;
  add_proof(out, om_inbox_take(tracked, out));
  tracked->applying = true;
  tracked->apply_stale = false;
  tracked->apply_start = out->start;
  tracked->apply_end = out->start + out->n;
  tracked->apply_slot = out->slot;
  tracked->apply_growths = node->growths;
  return true;
}

static bool final_next(struct om_node *node, struct om_action *out, struct om_tracked *tracked) {
  /* Of a log that is stopped, any: it may prove that the log has signed the entry at which it was. */
  const struct om_heard *best = om_pair_best(&tracked->claims, tracked->stopped ? UINT64_MAX : tracked->size);
  if (best == NULL || tracked->finalising != 0 || tracked->final_waits || tracked->retry_ms != 0) return false;
  out->kind = OM_ACTION_FINAL;
  out->bytes = om_node_alloc(best->len, 1);
  out->len = best->len;
  memcpy(out->bytes, best->note, best->len);
  tracked->finalising = best->size;
  tracked->finalising_slot = best->slot;
  tracked->final_growths = node->growths;
  return true;
}

bool om_sync_next(struct om_node *node, struct om_action *out, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->retry_ms != 0 && now_ms >= tracked->retry_ms) tracked->retry_ms = 0;
  return final_next(node, out, tracked) || apply_next(node, out, tracked, now_ms);
}

/* ---- what came of it ---- */

static void taken(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->holding && tracked->inbox.first == NULL) tracked->holding = false;
  bool waits_for_head = tracked->inbox.first != NULL && tracked->inbox.first->start >= om_sync_apply_limit(tracked);
  if (tracked->holding && waits_for_head)
    om_inbox_clear(node, tracked); /* nobody brings one where nothing is asked for */
  if (tracked->source != OM_SLOT_NONE) {
    struct om_row *row = om_node_row(node, tracked->source, log);
    if (tracked->size >= om_sync_offered(tracked, row)) om_sync_release_bulk(node, tracked);
    row->follow_due = true;
    om_node_mark_row(node, tracked->source, log);
  } else {
    om_sync_choose(node, log, now_ms);
  }
}

static void wait_for_other(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  om_inbox_hold(node, log);
  tracked->waits =
      tracked->holding && node->growths == tracked->apply_growths; /* else what it waits for may have come meanwhile */
}

void om_sync_stop(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->stopped = true;
  om_sync_stop_source(node, log);
  om_inbox_clear(node, tracked);
  om_witness_stopped(node, log);
  om_stopped_look_all(node, log);
}

/* What others have does not go on from what is held, and there is a head with its quorum beyond that: one of the two
 * histories is signed by a quorum. Whoever proves what it brings up to that head shows which (ledger/proven.c). */
static void prove_claim(struct om_node *node, uint32_t log, int64_t now_ms) {
  const struct om_tracked *tracked = &node->logs[log];
  const struct om_heard *claim = &tracked->claims.newest;
  if (claim->size == 0) claim = &tracked->claims.first;
  if (log == node->config.own_log || tracked->ended || tracked->refill.size > 0 || claim->size <= tracked->size) return;
  if (tracked->frozen) return; /* then both are: it is shown, and nobody changes sides */
  om_sync_refill(node, log, claim, now_ms);
  node->logs[log].refill_claimed = node->logs[log].refill.size > 0;
}

/* BESIDE: it was proven by a head of the log, and nothing else was asked for. */
static void brought_nothing(struct om_node *node, uint32_t log, bool beside) {
  uint32_t slot = node->logs[log].apply_slot;
  if (!om_node_live(node, slot)) return;
  om_node_row(node, slot, log)->stalled = true;
  om_node_row(node, slot, log)->beside = beside;
}

void om_node_applied(struct om_node *node, struct om_action *action, uint64_t size, enum om_code code, int64_t now_ms) {
  OM_ASSERT(action->kind == OM_ACTION_APPLY && action->log < node->n_logs);
  uint32_t log = action->log;
  struct om_tracked *tracked = &node->logs[log];
  OM_ASSERT(tracked->applying);
  if (tracked->apply_cut) { /* it was of a log that is gone */
    size = tracked->size;
    code = OM_OK;
  }
  OM_ASSERT(tracked->apply_cut || (size >= tracked->apply_start && size <= tracked->apply_end));
  bool stale = tracked->apply_stale, beside = om_sync_must_prove(tracked) == 0 && action->chunks->message.prove == 0;
  om_node_log_changed(node, log, size, tracked->stopped, now_ms);
  om_inbox_put_back(node, tracked, log, action);
  tracked->applying = false;
  tracked->apply_stale = tracked->apply_cut = false;
  om_action_free(action);
  if (stale && size != tracked->apply_end)
    om_sync_choose_again(node, log, now_ms); /* it was followed from where this was to end */
  switch (code) {
    case OM_OK: taken(node, log, now_ms); break;
    case OM_WAIT:
      wait_for_other(node, log);
      if (!tracked->holding) om_sync_choose(node, log, now_ms);
      break;
    case OM_MALFORMED:
    case OM_REFUSED:
      if (log == node->config.own_log && om_recover_behind(node, now_ms)) break;
      om_sync_stop(node, log);
      if (log == node->config.own_log) node->recovery.fork = true;
      break;
    case OM_NO:
      if (tracked->frozen) /* they may be those of the other history */
        brought_nothing(node, log, true);
      else
        om_node_drop(node, tracked->apply_slot, "it sent entries that are not those that the log has signed");
      om_sync_choose_again(node, log, now_ms);
      break;
    case OM_MISSING:
      brought_nothing(node, log, beside || tracked->frozen);
      prove_claim(node, log, now_ms);
      om_sync_choose_again(node, log, now_ms);
      break;
    case OM_USAGE:
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT: tracked->retry_ms = now_ms + OM_RETRY_MS; break;
  }
  tracked->looked = 0;
  om_marks_look(node, log);
  om_node_mark_log(node, log);
}

/* Some have cosigned the head of LOG that the peer in SLOT sent, and not those who count here. The log's own daemon may
 * go by an act of the governors that is not accepted here yet, and where the log has two final histories those who
 * count in the other one may be others: it pays, and stays. */
static void blame_for_head(struct om_node *node, uint32_t slot, uint32_t log) {
  bool home = om_node_live(node, slot) && node->peers[slot].log == log;
  if (home || (node->logs[log].frozen && om_node_live(node, slot)))
    om_judge_spend(node, slot);
  else
    om_node_drop(node, slot, "it sent a final head that does not stand");
}

void om_node_finalised(struct om_node *node, struct om_action *action, enum om_code code, int64_t now_ms) {
  OM_ASSERT(action->kind == OM_ACTION_FINAL && action->log < node->n_logs);
  uint32_t log = action->log;
  struct om_tracked *tracked = &node->logs[log];
  uint64_t size = tracked->finalising;
  OM_ASSERT(size != 0);
  bool cosigned = om_head_cosigned(action->bytes, action->len);
  tracked->finalising = 0;
  om_action_free(action);
  switch (code) {
    case OM_OK: om_pair_done(&tracked->claims, size); break;
    case OM_WAIT: tracked->final_waits = node->growths == tracked->final_growths; break;
    case OM_NO:
    case OM_MALFORMED:
    case OM_REFUSED:
      om_pair_remove(&tracked->claims, size);
      if (code == OM_REFUSED && cosigned)
        blame_for_head(node, tracked->finalising_slot, log);
      else
        om_node_drop(node, tracked->finalising_slot, "it sent a final head that does not stand");
      if (log == node->config.own_log) om_quorum_refused(node, now_ms);
      break;
    case OM_USAGE:
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT:
    case OM_MISSING: tracked->retry_ms = now_ms + OM_RETRY_MS; break;
  }
  om_node_mark_log(node, log);
}
