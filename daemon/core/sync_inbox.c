/* The entries of a log that its source has brought wait in a bounded inbox for the writer; where this daemon is no
 * witness of the log, only what stands under a quorum-signed head is taken in. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/sync_parts.h"

void om_proof_head_free(struct om_proof_head *head) {
  if (head != NULL && --head->users == 0) free(head);
}

static struct om_proof_head *new_proof_head(const uint8_t *note, size_t len) {
  struct om_proof_head *head = om_node_alloc(1, sizeof *head + len);
  head->users = 1;
  head->len = len;
  memcpy(head->note, note, len);
  return head;
}

static void free_chunk(struct om_inbox_chunk *chunk) {
  om_proof_head_free(chunk->head);
  free(chunk->bytes);
  free(chunk);
}

static void push_chunk(struct om_inbox *inbox, struct om_inbox_chunk *chunk) {
  chunk->next = NULL;
  if (inbox->last == NULL)
    inbox->first = chunk;
  else
    inbox->last->next = chunk;
  inbox->last = chunk;
  inbox->cost += chunk->cost;
}

static struct om_inbox_chunk *pop_chunk(struct om_inbox *inbox) {
  struct om_inbox_chunk *chunk = inbox->first;
  inbox->first = chunk->next;
  if (inbox->first == NULL) inbox->last = NULL;
  inbox->cost -= chunk->cost;
  return chunk;
}

/* Takes the entries before START off CHUNK; the message's bytes stay until the whole chunk goes. */
static void trim_front(struct om_inbox_chunk *chunk, uint64_t start) {
  size_t gone = (size_t)(start - chunk->start);
  for (size_t i = 0; i < gone; i++) chunk->cost -= chunk->spans[i].len + OM_ENTRY_COST_BYTES;
  memmove(chunk->spans, chunk->spans + gone, (chunk->n - gone) * sizeof chunk->spans[0]);
  chunk->n -= gone;
  chunk->start = start;
  chunk->trimmed = true;
}

void om_inbox_clear(struct om_node *node, struct om_tracked *tracked) {
  node->inbox_cost -= tracked->inbox.cost;
  while (tracked->inbox.first != NULL) free_chunk(pop_chunk(&tracked->inbox));
  if (tracked->applying) tracked->apply_stale = true;
  tracked->got = tracked->applying ? tracked->apply_end : tracked->size;
  tracked->holding = false;
}

void om_sync_free(struct om_tracked *tracked) {
  while (tracked->inbox.first != NULL) free_chunk(pop_chunk(&tracked->inbox));
  om_pair_clear(&tracked->claims);
  om_heard_clear(&tracked->unjudged);
  om_heard_clear(&tracked->refill);
}

/* ---- what came ---- */

/* A log that waits can ask for its entries again: its room goes first. */
static bool make_room(struct om_node *node, size_t cost) {
  for (uint32_t log = 0; log < node->n_logs && node->inbox_cost + cost > OM_INBOX_BYTES; log++)
    if (node->logs[log].waits) om_inbox_clear(node, &node->logs[log]);
  return node->inbox_cost + cost <= OM_INBOX_BYTES;
}

static struct om_inbox_chunk *new_chunk(const struct om_peer_entries *in, uint32_t slot, bool home) {
  struct om_inbox_chunk *chunk = om_node_alloc(1, sizeof *chunk + in->n * sizeof chunk->spans[0]);
  chunk->bytes = om_node_alloc(in->body_len, 1);
  memcpy(chunk->bytes, in->body, in->body_len);
  chunk->message = *in;
  chunk->message.body = chunk->bytes;
  om_peer_entries_spans(chunk->spans, &chunk->message);
  chunk->start = in->start;
  chunk->n = in->n;
  chunk->cost = in->cost;
  chunk->slot = slot;
  chunk->home = home;
  return chunk;
}

/* What the proof in IN leads to; the head that travels with it stands for the messages after it too. */
static enum om_code take_proof_head(struct om_row *row, uint64_t *size, const struct om_peer_entries *in,
                                    struct om_status *st) {
  *size = in->prove;
  if (in->prove == 0 && in->head.len > 0) {
    enum om_code code = om_note_size(&row->head_size, in->head.data, in->head.len, st);
    if (code != OM_OK) return code;
    om_proof_head_free(row->head);
    row->head = new_proof_head(in->head.data, in->head.len);
  }
  if (in->prove == 0 && row->head == NULL)
    return om_fail(st, OM_MALFORMED, "peer-entries", "entries of log %u without a head", in->log);
  if (in->prove == 0) *size = row->head_size;
  if (*size >= in->start + in->n) return OM_OK;
  return om_fail(st, OM_MALFORMED, "peer-entries", "entries of log %u beyond the head that they come with", in->log);
}

/* Whether what the proof in IN leads to is what was asked for, as things stand now. */
static bool proves_enough(const struct om_tracked *tracked, const struct om_peer_entries *in) {
  uint64_t must = om_sync_must_prove(tracked);
  return in->prove == must || (must == 0 && in->prove == tracked->wanted);
}

static void take_chunk(struct om_node *node, uint32_t slot, struct om_row *row, uint64_t size,
                       const struct om_peer_entries *in) {
  struct om_tracked *tracked = &node->logs[in->log];
  bool home = !om_sync_home_is_one_of_many(tracked) && node->peers[slot].log == in->log;
  struct om_inbox_chunk *chunk = new_chunk(in, slot, home);
  chunk->size = size;
  if (in->prove == 0) {
    chunk->head = row->head;
    row->head->users++;
  } else if (in->prove == tracked->refill.size && !tracked->ended) {
    chunk->head = new_proof_head(tracked->refill.note, tracked->refill.len);
  }
  push_chunk(&tracked->inbox, chunk);
  node->inbox_cost += in->cost;
  tracked->got += in->n;
}

enum om_code om_sync_entries(struct om_node *node, uint32_t slot, const struct om_peer_entries *in, int64_t now_ms,
                             struct om_status *st) {
  struct om_row *row = in->log < node->n_logs ? om_node_row(node, slot, in->log) : NULL;
  uint64_t size = 0;
  if (row == NULL || row->allowance < (int64_t)in->cost)
    return om_fail(st, OM_MALFORMED, "peer-entries", "entries of log %u that it was not asked for", in->log);
  row->allowance -= (int64_t)in->cost;
  if (take_proof_head(row, &size, in, st) != OM_OK) return st->code;
  struct om_tracked *tracked = &node->logs[in->log];
  row->has = om_larger(row->has, in->start + in->n); /* the peer tells no more of what it has sent */
  if (tracked->source != slot || tracked->stopped) { /* crossed with a stop */
    om_sync_choose(node, in->log, now_ms);
    return OM_OK;
  }
  if (row->begins && in->start > 0 && in->n_before == 0) return OM_OK; /* of the following before this one */
  if (in->start != tracked->got) {
    if (in->n_before > 0 && !row->begins) /* the peer has begun anew: what follows can't be proven here */
      om_sync_choose_again(node, in->log, now_ms);
    else
      om_sync_choose(node, in->log, now_ms);
    return OM_OK;
  }
  if (!proves_enough(tracked, in)) { /* crossed with another Follow */
    om_sync_choose_again(node, in->log, now_ms);
    return OM_OK;
  }
  if (!make_room(node, in->cost)) {
    om_sync_abandon(node, in->log);
    tracked->starved = true;
    return OM_OK;
  }
  if (tracked->inbox.first == NULL) tracked->gather_ms = now_ms;
  row->begins = false;
  take_chunk(node, slot, row, size, in);
  om_marks_look(node, in->log);
  if (in->start < om_sync_apply_limit(tracked))
    tracked->progress_ms = now_ms; /* what may never be taken in is no progress */
  om_node_mark_log(node, in->log);
  return OM_OK;
}

/* ---- what goes to the writer, and back ---- */

/* Whether CHUNK may follow FIRST in one action, which is proven as a whole by its last chunk. */
static bool goes_along(const struct om_inbox_chunk *first, const struct om_inbox_chunk *chunk) {
  bool same = first->head == chunk->head && first->size == chunk->size;
  return first->slot == chunk->slot && (same || first->trimmed || first->message.n_before == 0);
}

struct om_inbox_chunk *om_inbox_take(struct om_tracked *tracked, struct om_action *out) {
  struct om_inbox_chunk **end = &out->chunks, *last = NULL;
  struct om_inbox *inbox = &tracked->inbox;
  uint64_t limit = om_sync_apply_limit(tracked);
  size_t total = 0;
  tracked->apply_cost = 0;
  out->slot = inbox->first->slot;
  out->start = inbox->first->start;
  while (inbox->first != NULL && inbox->first->start < limit &&
         (total == 0 ||
          (goes_along(out->chunks, inbox->first) && tracked->apply_cost + inbox->first->cost <= OM_APPLY_BYTES))) {
    last = pop_chunk(inbox);
    last->next = NULL;
    *end = last;
    end = &last->next;
    total += last->n;
    tracked->apply_cost += last->cost;
  }
  out->n = limit - out->start < total ? (size_t)(limit - out->start) : total;
  return last;
}

void om_inbox_put_back(struct om_node *node, struct om_tracked *tracked, uint32_t log, struct om_action *action) {
  struct om_inbox back = {NULL, NULL, 0};
  size_t before = tracked->apply_cost;
  while (action->chunks != NULL) {
    struct om_inbox_chunk *chunk = action->chunks;
    action->chunks = chunk->next;
    if (tracked->apply_stale || chunk->start + chunk->n <= tracked->size) {
      free_chunk(chunk);
      continue;
    }
    if (chunk->start < tracked->size) trim_front(chunk, tracked->size);
    push_chunk(&back, chunk);
  }
  node->inbox_cost -= before - back.cost;
  if (om_node_live(node, tracked->apply_slot))
    om_node_row(node, tracked->apply_slot, log)->allowance += (int64_t)(before - back.cost);
  if (back.first == NULL) return;
  back.last->next = tracked->inbox.first;
  if (tracked->inbox.last == NULL) tracked->inbox.last = back.last;
  tracked->inbox.first = back.first;
  tracked->inbox.cost += back.cost;
}

void om_inbox_hold(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  struct om_inbox kept = {NULL, NULL, 0};
  om_sync_stop_source(node, log);
  node->inbox_cost -= tracked->inbox.cost;
  while (tracked->inbox.first != NULL) {
    struct om_inbox_chunk *chunk = pop_chunk(&tracked->inbox);
    if (kept.first == NULL ||
        (chunk->start == kept.last->start + kept.last->n && kept.cost + chunk->cost <= OM_KEPT_BYTES))
      push_chunk(&kept, chunk);
    else
      free_chunk(chunk);
  }
  tracked->inbox = kept;
  node->inbox_cost += kept.cost;
  tracked->got = kept.last == NULL ? tracked->size : kept.last->start + kept.last->n;
  tracked->holding = kept.first != NULL;
}
