/* How the logs of others come in: one peer is followed for each, its entries wait in a bounded inbox for the writer,
 * and where this daemon is no witness of the log, only what stands under a quorum-signed head is taken. */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/node_state.h"

static uint64_t larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static int64_t larger_ms(int64_t a, int64_t b) {
  return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* ---- the inbox ---- */

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

static void clear_inbox(struct om_node *node, struct om_tracked *tracked) {
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

/* ---- whom to follow ---- */

/* Where the log's root was stated or told, so that only what leads there is taken; 0: nowhere. */
static uint64_t must_prove(const struct om_tracked *tracked) {
  if (tracked->ended) return tracked->end;
  return tracked->refill.size > tracked->size ? tracked->refill.size : 0;
}

uint64_t om_sync_prove(const struct om_tracked *tracked, const struct om_row *row) {
  uint64_t must = must_prove(tracked);
  if (must != 0) return must;
  return tracked->wanted > tracked->size && row->has >= tracked->wanted ? tracked->wanted : 0;
}

static uint64_t offered(const struct om_tracked *tracked, const struct om_row *row) {
  uint64_t must = must_prove(tracked);
  if (must != 0) return row->has >= must ? must : 0;
  if (tracked->asked) return row->has;
  return larger(row->has_final, smaller(row->has, larger(tracked->wanted, tracked->invited)));
}

static bool has_more(struct om_node *node, uint32_t slot, uint32_t log) {
  const struct om_tracked *tracked = &node->logs[log];
  const struct om_row *row = om_node_row(node, slot, log);
  return offered(tracked, row) > tracked->size || (!tracked->ended && row->has_final > tracked->final.size);
}

static bool eligible(struct om_node *node, uint32_t slot, uint32_t log) {
  if (!om_node_live(node, slot)) return false;
  const struct om_row *row = om_node_row(node, slot, log);
  return !row->stalled && !row->beside;
}

/* Whether LOG's own daemon is one like any other: the log has ended, or it has fed this daemon what it kept from
 * others. */
static bool home_is_one_of_many(const struct om_tracked *tracked) {
  return tracked->ended || tracked->refill.size > 0;
}

/* The next slot after AFTER, cyclically, from which more can be had; where the log's own daemon has fed this one what
 * it kept from others, it comes last. */
static uint32_t next_with_more(struct om_node *node, uint32_t log, uint32_t after) {
  uint32_t home = OM_SLOT_NONE;
  for (uint32_t i = 1; i <= OM_PEERS_MAX; i++) {
    uint32_t slot = (after + i) % OM_PEERS_MAX;
    if (!eligible(node, slot, log) || !has_more(node, slot, log)) continue;
    if (node->peers[slot].log != log || node->logs[log].refill.size == 0) return slot;
    home = slot;
  }
  return home;
}

/* The log's home first, unless it is one of many; then whom it is followed from already, unless only another has more.
 */
static uint32_t pick_source(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  uint32_t home = om_node_slot_of(node, log), now = tracked->source;
  if (!home_is_one_of_many(tracked) && home != OM_SLOT_NONE && eligible(node, home, log) &&
      om_node_row(node, home, log)->has >= tracked->size)
    return home;
  bool current = now != OM_SLOT_NONE && om_node_live(node, now);
  if (current && eligible(node, now, log) && has_more(node, now, log)) return now;
  uint32_t other = next_with_more(node, log, log % OM_PEERS_MAX);
  if (other != OM_SLOT_NONE) return other;
  return current && !tracked->ended ? now : OM_SLOT_NONE;
}

static void release_bulk(struct om_node *node, struct om_tracked *tracked) {
  if (!tracked->bulk) return;
  tracked->bulk = false;
  node->bulk--;
}

/* The inbox stays: what is in it may still be wanted. */
static void stop_source(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  uint32_t slot = tracked->source;
  tracked->source = OM_SLOT_NONE;
  release_bulk(node, tracked);
  if (slot == OM_SLOT_NONE || !node->peers[slot].connected) return;
  struct om_row *row = om_node_row(node, slot, log);
  row->stop_due = true;
  row->follow_due = false;
  om_node_mark_row(node, slot, log);
}

static void start_source(struct om_node *node, uint32_t log, uint32_t slot, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  struct om_row *row = om_node_row(node, slot, log);
  tracked->source = slot;
  tracked->patient = false;
  tracked->looked = 0;
  tracked->progress_ms = now_ms;
  row->follow_due = true; /* after the stop of an earlier following, where that is still to be sent */
  row->follow_from = tracked->got;
  row->begins = true;
  row->allowance += OM_WINDOW_BYTES + OM_CHUNK_BYTES + OM_ENTRY_MAX_BYTES + OM_PROOF_COST_BYTES;
  om_node_mark_row(node, slot, log);
}

static void abandon_source(struct om_node *node, uint32_t log) {
  stop_source(node, log);
  clear_inbox(node, &node->logs[log]);
}

/* Logs that are far behind take turns, so that what they are sent fits the inbox together. */
static bool admit(struct om_node *node, uint32_t log, uint32_t slot) {
  struct om_tracked *tracked = &node->logs[log];
  uint64_t there = offered(tracked, om_node_row(node, slot, log));
  bool far = there > tracked->got && there - tracked->got > OM_BULK_ENTRIES;
  if (!far || tracked->bulk || log == OM_LOG_REGISTRY) return true;
  if (node->bulk >= OM_BULK_LOGS) return false;
  tracked->bulk = true;
  node->bulk++;
  return true;
}

void om_sync_choose(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  bool own = log == node->config.own_log && tracked->refill.size <= tracked->size && !tracked->ended;
  if (own || tracked->stopped || tracked->waits || tracked->holding) return;
  uint32_t slot = pick_source(node, log);
  if (slot == tracked->source && (slot == OM_SLOT_NONE || tracked->bulk)) return;
  if (slot != tracked->source) abandon_source(node, log);
  tracked->starved = false;
  if (slot == OM_SLOT_NONE) return;
  if (!admit(node, log, slot)) {
    abandon_source(node, log);
    tracked->starved = true;
  } else if (tracked->source == OM_SLOT_NONE) {
    start_source(node, log, slot, now_ms);
  }
}

/* LOG is not what it was, or something else of it is looked for: what was brought beside it may fit now. */
static void forget_beside(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && log < node->peers[slot].n_rows) node->peers[slot].rows[log].beside = false;
}

void om_sync_refill(struct om_node *node, uint32_t log, const struct om_heard *head, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  uint64_t before = tracked->refill.size;
  if (head == NULL || head->size <= tracked->size)
    om_heard_clear(&tracked->refill);
  else if (head->size != before)
    om_heard_set(&tracked->refill, head->size, head->note, head->len, OM_SLOT_NONE);
  if (tracked->refill.size == before) return;
  forget_beside(node, log);
  if (tracked->source != OM_SLOT_NONE) abandon_source(node, log); /* it proves up to what was told before */
  om_node_mark_log(node, log);
  om_sync_choose(node, log, now_ms);
}

void om_row_told(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size) {
  struct om_row *row = om_node_row(node, slot, log);
  if (row != NULL) row->has = larger(row->has, size);
}

/* Begins again from what is held. */
static void choose_again(struct om_node *node, uint32_t log, int64_t now_ms) {
  abandon_source(node, log);
  om_sync_choose(node, log, now_ms);
}

static void forget_stalls(struct om_node *node, uint32_t log) {
  for (uint32_t slot = 0; slot < OM_PEERS_MAX; slot++)
    if (node->peers[slot].connected && log < node->peers[slot].n_rows) node->peers[slot].rows[log].stalled = false;
}

/* More has been said of LOG: whoever is followed for it has the usual time to bring it. */
void om_sync_news(struct om_node *node, uint32_t log) {
  node->logs[log].patience_ms = 0;
  node->logs[log].patient = false;
}

/* All were asked, had MS each, and brought nothing. */
static void be_patient(struct om_tracked *tracked, int64_t ms) {
  int64_t twice = 2 * larger_ms(tracked->patience_ms, ms);
  tracked->patience_ms = twice < OM_STALL_MOST_MS ? twice : OM_STALL_MOST_MS;
  tracked->patient = true;
}

void om_node_claim(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len, int64_t now_ms) {
  struct om_heard head = {.size = size, .note = (uint8_t *)(uintptr_t)note, .len = len, .slot = OM_SLOT_NONE};
  if (log >= node->n_logs || log == node->config.own_log) return;
  struct om_tracked *tracked = &node->logs[log];
  tracked->claimed = size > 0 || tracked->stopped; /* where it is stopped again, there is no other claim */
  om_stopped_look_all(node, log);
  om_sync_news(node, log);
  forget_stalls(node, log);
  forget_beside(node, log);
  om_sync_refill(node, log, size == 0 ? NULL : &head, now_ms);
}

void om_node_awaited(struct om_node *node, uint32_t log, uint64_t size, const uint8_t *note, size_t len,
                     int64_t now_ms) {
  struct om_heard head = {.size = size, .note = (uint8_t *)(uintptr_t)note, .len = len, .slot = OM_SLOT_NONE};
  if (log < node->n_logs && log != node->config.own_log && !node->logs[log].claimed && !node->logs[log].ended)
    om_sync_refill(node, log, &head, now_ms);
}

/* The peer in SLOT says less of LOG than it has sent: the log was cut there, and what came is of what is gone. The same
 * may be so of what is kept until it may be taken in, where the log's own daemon says less or has a new link. */
static void doubt_inbox(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, bool first) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->inbox.first == NULL && !tracked->applying) return;
  uint32_t from = tracked->inbox.first != NULL ? tracked->inbox.first->slot : tracked->apply_slot;
  bool less = size < tracked->got, home = node->peers[slot].log == log;
  if (!(less && from == slot) && !(tracked->holding && home && (less || first))) return;
  abandon_source(node, log);
  tracked->waits = false;
}

void om_sync_have(struct om_node *node, uint32_t slot, uint32_t log, uint64_t size, uint64_t final_size,
                  int64_t now_ms) {
  struct om_row *row = om_node_row(node, slot, log);
  if (row == NULL) return;
  bool news = size > row->has || final_size > row->has_final;
  if (news) row->stalled = row->beside = false;
  if (news && log < node->n_logs) om_sync_news(node, log);
  if (log < node->n_logs) doubt_inbox(node, slot, log, size, row->has == 0);
  /* What its daemon has proposed beyond what it holds is of what was cut, and would stand in the way of other heads. */
  bool gone = log < node->n_logs && node->peers[slot].log == log && size < om_pair_highest(&node->logs[log].proposals);
  if (gone) om_pair_clear(&node->logs[log].proposals);
  if (log == node->config.own_log && size < row->has) om_quorum_cut(node, slot);
  row->has = size;
  row->has_final = final_size;
  if (log >= node->n_logs) return;
  om_stopped_look(node, slot, log);
  om_sync_choose(node, log, now_ms);
}

void om_sync_lost(struct om_node *node, uint32_t slot, int64_t now_ms) {
  for (uint32_t log = 0; log < node->n_logs; log++) {
    struct om_tracked *tracked = &node->logs[log];
    om_pair_unslot(&tracked->claims, slot);
    if (tracked->unjudged.slot == slot) tracked->unjudged.slot = OM_SLOT_NONE;
    if (tracked->finalising_slot == slot) tracked->finalising_slot = OM_SLOT_NONE;
    if (tracked->apply_slot == slot) tracked->apply_slot = OM_SLOT_NONE;
    if (tracked->source == slot) choose_again(node, log, now_ms);
  }
}

/* Its own daemon is one like any other now: what it has beyond the end, or in place of what is under it, counts no
 * more. */
void om_sync_end(struct om_node *node, uint32_t log, uint64_t end, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->ended = true;
  tracked->end = end;
  om_stopped_look_all(node, log);
  tracked->waits = false;
  om_pair_clear(&tracked->claims);
  om_witness_forget(node, log);
  om_heard_clear(&tracked->unjudged);
  om_sync_news(node, log);
  forget_stalls(node, log);
  forget_beside(node, log);
  choose_again(node, log, now_ms);
}

/* ---- entries ---- */

/* A log that waits can ask for its entries again: its room goes first. */
static bool make_room(struct om_node *node, size_t cost) {
  for (uint32_t log = 0; log < node->n_logs && node->inbox_cost + cost > OM_INBOX_BYTES; log++)
    if (node->logs[log].waits) clear_inbox(node, &node->logs[log]);
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

/* Entries below this may be taken in: a witness has to see what it is asked to cosign, and whether it is one. */
static uint64_t apply_limit(const struct om_tracked *tracked) {
  if (tracked->ended) return tracked->end;
  if (tracked->refill.size > 0) return tracked->refill.size;
  if (tracked->asked) return UINT64_MAX;
  return larger(larger(tracked->wanted, tracked->invited),
                larger(tracked->final.size, om_pair_highest(&tracked->claims)));
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
  uint64_t must = must_prove(tracked);
  return in->prove == must || (must == 0 && in->prove == tracked->wanted);
}

static void take_chunk(struct om_node *node, uint32_t slot, struct om_row *row, uint64_t size,
                       const struct om_peer_entries *in) {
  struct om_tracked *tracked = &node->logs[in->log];
  bool home = !home_is_one_of_many(tracked) && node->peers[slot].log == in->log;
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
  row->has = larger(row->has, in->start + in->n);    /* the peer tells no more of what it has sent */
  if (tracked->source != slot || tracked->stopped) { /* crossed with a stop */
    om_sync_choose(node, in->log, now_ms);
    return OM_OK;
  }
  if (row->begins && in->start > 0 && in->n_before == 0) return OM_OK; /* of the following before this one */
  if (in->start != tracked->got) {
    if (in->n_before > 0 && !row->begins) /* the peer has begun anew: what follows can't be proven here */
      choose_again(node, in->log, now_ms);
    else
      om_sync_choose(node, in->log, now_ms);
    return OM_OK;
  }
  if (!proves_enough(tracked, in)) { /* crossed with another Follow */
    choose_again(node, in->log, now_ms);
    return OM_OK;
  }
  if (!make_room(node, in->cost)) {
    abandon_source(node, in->log);
    tracked->starved = true;
    return OM_OK;
  }
  if (tracked->inbox.first == NULL) tracked->gather_ms = now_ms;
  row->begins = false;
  take_chunk(node, slot, row, size, in);
  om_marks_look(node, in->log);
  if (in->start < apply_limit(tracked)) tracked->progress_ms = now_ms; /* what may never be taken in is no progress */
  om_node_mark_log(node, in->log);
  return OM_OK;
}

/* Whether a witness keeps what the log's daemon has sent back until it is proposed, as it will be in a moment. */
static bool gathers(const struct om_tracked *tracked, int64_t now_ms) {
  uint64_t wanted = larger(om_pair_highest(&tracked->proposals), om_pair_highest(&tracked->claims));
  if (!tracked->asked || !tracked->inbox.first->home || tracked->refill.size > 0 || tracked->relayed > 0) return false;
  return tracked->inbox.first->start >= larger(wanted, tracked->final.size) &&
         tracked->inbox.cost < (size_t)OM_GATHER_KB << 10 && now_ms - tracked->gather_ms < OM_GATHER_MS;
}

static bool may_apply(const struct om_tracked *tracked) {
  return !tracked->applying && !tracked->waits && !tracked->stopped && tracked->retry_ms == 0 &&
         tracked->inbox.first != NULL && tracked->inbox.first->start < apply_limit(tracked);
}

/* Whether CHUNK may follow FIRST in one action, which is proven as a whole by its last chunk. */
static bool goes_along(const struct om_inbox_chunk *first, const struct om_inbox_chunk *chunk) {
  bool same = first->head == chunk->head && first->size == chunk->size;
  return first->slot == chunk->slot && (same || first->trimmed || first->message.n_before == 0);
}

/* Moves whole chunks from the inbox to the action, as many as one APPLY holds; what lies above the limit comes back
 * with it. */
static struct om_inbox_chunk *take_chunks(struct om_tracked *tracked, struct om_action *out) {
  struct om_inbox_chunk **end = &out->chunks, *last = NULL;
  struct om_inbox *inbox = &tracked->inbox;
  uint64_t limit = apply_limit(tracked);
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
  if (!may_apply(tracked) || gathers(tracked, now_ms)) return false;
  OM_ASSERT(tracked->inbox.first->start == tracked->size);
  out->kind = OM_ACTION_APPLY;
  add_proof(out, take_chunks(tracked, out));
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

/* Puts what was not taken in back before the rest, and what was taken in to the account of the peer that sent it. */
static void put_back(struct om_node *node, struct om_tracked *tracked, uint32_t log, struct om_action *action) {
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

/* Keeps the entry that waits and a little more, so that trying again costs no traffic. */
static void hold(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  struct om_inbox kept = {NULL, NULL, 0};
  stop_source(node, log);
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

static void taken(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->holding && tracked->inbox.first == NULL) tracked->holding = false;
  if (tracked->source != OM_SLOT_NONE) {
    struct om_row *row = om_node_row(node, tracked->source, log);
    if (tracked->size >= offered(tracked, row)) release_bulk(node, tracked);
    row->follow_due = true;
    om_node_mark_row(node, tracked->source, log);
  } else {
    om_sync_choose(node, log, now_ms);
  }
}

static void wait_for_other(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  hold(node, log);
  tracked->waits =
      tracked->holding && node->growths == tracked->apply_growths; /* else what it waits for may have come meanwhile */
}

static void stop_log(struct om_node *node, uint32_t log) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->stopped = true;
  stop_source(node, log);
  clear_inbox(node, tracked);
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
  om_sync_refill(node, log, claim, now_ms);
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
  bool stale = tracked->apply_stale, beside = must_prove(tracked) == 0 && action->chunks->message.prove == 0;
  om_node_log_changed(node, log, size, tracked->stopped, now_ms);
  put_back(node, tracked, log, action);
  tracked->applying = false;
  tracked->apply_stale = tracked->apply_cut = false;
  om_action_free(action);
  if (stale && size != tracked->apply_end)
    choose_again(node, log, now_ms); /* it was followed from where this was to end */
  switch (code) {
    case OM_OK: taken(node, log, now_ms); break;
    case OM_WAIT:
      wait_for_other(node, log);
      if (!tracked->holding) om_sync_choose(node, log, now_ms);
      break;
    case OM_MALFORMED:
    case OM_REFUSED:
      if (log == node->config.own_log && om_recover_behind(node, now_ms)) break;
      stop_log(node, log);
      if (log == node->config.own_log) node->recovery.fork = true;
      break;
    case OM_NO:
      om_node_drop(node, tracked->apply_slot, "it sent entries that are not those that the log has signed");
      choose_again(node, log, now_ms);
      break;
    case OM_MISSING:
      brought_nothing(node, log, beside);
      prove_claim(node, log, now_ms);
      choose_again(node, log, now_ms);
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
 * go by an act of the governors that is not accepted here yet: it pays, and stays. */
static void blame_for_head(struct om_node *node, uint32_t slot, uint32_t log) {
  if (om_node_live(node, slot) && node->peers[slot].log == log)
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

/* ---- time and growth ---- */

static void wake(struct om_node *node, uint32_t log, uint32_t grown, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  bool registry = grown == OM_LOG_REGISTRY;
  if (log == grown || registry) {
    tracked->final_waits = false;
    tracked->cosign_waits = false;
    om_heads_judge_again(node, log);
    tracked->looked = 0;
    om_marks_look(node, log);
    om_node_mark_log(node, log);
  }
  if (log == grown || !tracked->waits) return;
  tracked->waits = false;
  om_node_mark_log(node, log);
  if (!tracked->holding) om_sync_choose(node, log, now_ms);
}

void om_sync_grown(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  node->growths++;
  tracked->progress_ms = now_ms;
  tracked->unjudged_ms = 0;
  om_sync_news(node, log);
  if (log != node->config.own_log && !tracked->claimed && tracked->refill.size <= tracked->size)
    om_heard_clear(&tracked->refill);
  if (!tracked->applying && tracked->inbox.first == NULL) tracked->got = larger(tracked->got, tracked->size);
  forget_stalls(node, log);
  forget_beside(node, log);
  if (tracked->stopped) stop_log(node, log);
  /* What waited has come in another way: its operator has accepted it by hand. */
  if (!tracked->applying && tracked->inbox.first != NULL && tracked->inbox.first->start < tracked->size) {
    clear_inbox(node, tracked);
    tracked->waits = false;
    choose_again(node, log, now_ms);
  }
  om_node_mark_rows(node, log);
  for (uint32_t other = 0; other < node->n_logs; other++) wake(node, other, log, now_ms);
}

void om_node_wanted(struct om_node *node, uint32_t log, uint64_t size, int64_t now_ms) {
  if (log >= node->n_logs || size <= node->logs[log].wanted) return;
  node->logs[log].wanted = size;
  om_node_mark_rows(node, log);
  om_sync_choose(node, log, now_ms);
  om_node_mark_log(node, log);
}

void om_sync_cut(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  tracked->apply_cut = tracked->applying;
  tracked->waits = tracked->final_waits = false;
  om_sync_news(node, log);
  forget_stalls(node, log);
  forget_beside(node, log);
  choose_again(node, log, now_ms);
  om_node_mark_log(node, log);
}

/* Nobody is followed: who brought what did not fit may have something else by now. */
static void ask_anew(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (now_ms - tracked->progress_ms < larger_ms(tracked->patience_ms, OM_STALL_MS)) return;
  tracked->progress_ms = now_ms;
  forget_stalls(node, log);
  om_sync_choose(node, log, now_ms);
  if (tracked->source != OM_SLOT_NONE) be_patient(tracked, OM_STALL_MS);
}

/* Nothing comes although somebody has more: another is asked; when all have been, each once more. */
static void check_stall(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  /* A head that can't be judged yet is a reason to wait for the registry, but anybody can pass on one that never will
   * be. */
  int64_t most = tracked->unjudged.size != 0 ? OM_SILENCE_MS : OM_STALL_MS;
  if (tracked->patient) most = larger_ms(most, tracked->patience_ms);
  uint32_t slot = tracked->source;
  if (slot == OM_SLOT_NONE) ask_anew(node, log, now_ms);
  bool retries = tracked->retry_ms != 0 && tracked->inbox.first != NULL; /* else it is something else that is tried */
  if (slot == OM_SLOT_NONE || tracked->applying || tracked->waits || tracked->holding || retries ||
      may_apply(tracked) || now_ms - tracked->progress_ms < most)
    return;
  tracked->progress_ms = now_ms;
  if (!has_more(node, slot, log) && next_with_more(node, log, slot) == OM_SLOT_NONE) return;
  om_node_row(node, slot, log)->stalled = true;
  uint32_t next = next_with_more(node, log, slot);
  bool again = next == OM_SLOT_NONE;
  if (again) {
    forget_stalls(node, log);
    next = next_with_more(node, log, slot);
  }
  abandon_source(node, log);
  if (next != OM_SLOT_NONE && admit(node, log, next))
    start_source(node, log, next, now_ms);
  else
    tracked->starved = true;
  if (again) be_patient(tracked, most);
}

static void tick_log(struct om_node *node, uint32_t log, int64_t now_ms) {
  struct om_tracked *tracked = &node->logs[log];
  if (tracked->have_later) om_node_mark_rows(node, log);
  tracked->have_later = false;
  bool retries = tracked->retry_ms != 0 && now_ms >= tracked->retry_ms;
  if (retries || (may_apply(tracked) && !gathers(tracked, now_ms))) om_node_mark_log(node, log);
  check_stall(node, log, now_ms);
  if (tracked->starved && node->inbox_cost < OM_INBOX_BYTES / 2) om_sync_choose(node, log, now_ms);
}

void om_sync_tick(struct om_node *node, int64_t now_ms) {
  for (uint32_t log = 0; log < node->n_logs; log++) tick_log(node, log, now_ms);
}
