/* A dishonest home that gives one chosen daemon an entry that no log may hold, under a head that it signs for it alone,
 * in the place of the good one that all others get. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/peer.h"
#include "sim/sim.h"

bool sim_is_fed(const struct sim_node *n, const struct sim_node *home) {
  return home->feeds && n->index == home->victim;
}

/* The head that N signs over its first UPTO entries and the one in LAST; and how the first FROM lie under it. */
static size_t sign_head(struct sim_node *n, char note[OM_NOTE_BYTES_MAX], struct om_proof *before, uint64_t from,
                        uint64_t upto, const struct om_span *last) {
  struct om_edge *edge = calloc(1, sizeof *edge);
  struct om_log_tiles *tiles = calloc(1, sizeof *tiles);
  struct om_checkpoint head = {.size = upto + 1};
  struct om_status st = {0};
  struct om_txn *txn;
  struct om_hash leaf;
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len;
  OM_ASSERT(edge != NULL && tiles != NULL);
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint64_t i = 0; i <= upto; i++) {
    struct om_bytes entry = {last->data, last->len};
    if (i < upto) sim_must(n->sim, om_log_entry(txn, &entry, n->daemon, i, &st), &st, "reading an entry");
    om_leaf_hash(&leaf, entry.data, entry.len);
    sim_must(n->sim, om_edge_append(edge, &leaf, NULL, NULL, &st), &st, "growing a tree");
  }
  sim_must(n->sim, om_log_tiles(txn, tiles, n->daemon, &st), &st, "reading a tree");
  tiles->tiles.edge = edge; /* the last fills no tile */
  sim_must(n->sim, om_prove_prefix(&tiles->tiles, before, from, upto + 1, &st), &st, "proving a tree");
  om_txn_abort(txn);
  om_edge_root(edge, &head.root);
  free(edge);
  free(tiles);
  snprintf(head.origin, sizeof head.origin, "daemon%u.example/log", n->daemon);
  size_t text_len = om_checkpoint_format(text, &head);
  sim_must(n->sim, om_note_begin(note, &len, text, text_len, &st), &st, "making a head");
  size_t line_len = om_note_sign(line, head.origin, n->keys.log, text, text_len);
  sim_must(n->sim, om_note_add_line(note, &len, line, line_len, &st), &st, "making a head");
  return len;
}

/* Some of IN's entries, and a bad one behind them. */
static void alter(struct sim_node *n, uint8_t **bytes, size_t *len, const struct om_peer_entries *in) {
  struct om_span *spans = calloc(in->n, sizeof *spans);
  struct om_entry_sink sink;
  uint8_t bad[OM_ENTRY_MAX_BYTES];
  char note[OM_NOTE_BYTES_MAX];
  OM_ASSERT(spans != NULL);
  om_peer_entries_spans(spans, in);
  size_t at = sim_below(n->sim, in->n);
  struct om_span last = {bad, spans[at].len};
  memcpy(bad, spans[at].data, last.len);
  if (at > 0 && sim_one_in(n->sim, 2))
    last = spans[at - 1]; /* the same twice */
  else
    bad[sim_below(n->sim, last.len)] ^= 1;
  om_entry_sink_begin(&sink, in->log, in->start);
  for (size_t i = 0; i < at; i++) OM_ASSERT(om_entry_put(&sink, spans[i].data, spans[i].len));
  OM_ASSERT(om_entry_put(&sink, last.data, last.len));
  struct om_entry_proof proof = {.head = (const uint8_t *)note};
  proof.head_len = sign_head(n, note, &proof.before, in->start, in->start + at, &last);
  if (in->n_before == 0) proof.before.n = 0; /* it goes on from the message before */
  om_entry_sink_prove(&sink, &proof);
  free(*bytes);
  om_entry_sink_end(&sink, bytes, len);
  free(spans);
  n->sim->fed++;
}

void sim_feed(struct sim_node *n, uint32_t to, uint8_t **bytes, size_t *len) {
  struct om_peer_message message;
  struct om_status st;
  if (!sim_is_fed(&n->sim->nodes[to], n) || n->sim->healing || !sim_one_in(n->sim, 6)) return;
  OM_ASSERT(om_peer_decode(&message, *bytes, *len, &st) == OM_OK);
  bool fills = message.small == NULL &&
               message.entries.start / OM_TILE_HASHES != (message.entries.start + message.entries.n) / OM_TILE_HASHES;
  bool entries = !fills && message.small == NULL && message.entries.log == n->daemon && message.entries.prove == 0;
  if (entries && message.entries.start > 0) alter(n, bytes, len, &message.entries);
  om_peer_message_free(&message);
}
