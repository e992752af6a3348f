/* Two heads that one log has signed and that contradict each other: where two honest daemons hold one each, everybody
 * honest holds evidence of it, after healing. */
#include "ledger/ledger_state.h"
#include "sim/sim.h"

static const enum om_head_kind kinds[] = {OM_HEAD_OWN, OM_HEAD_FINAL, OM_HEAD_PROVEN, OM_HEAD_VOTED};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What a daemon has of a log. */
struct held {
  bool evidence;
  struct om_checkpoint heads[KINDS]; /* signed, of what it holds */
  size_t n;
};

static struct om_txn *reads(struct sim_node *n) {
  struct om_txn *txn;
  struct om_status st = {0};
  sim_must(n->sim, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  return txn;
}

static bool root_at(struct sim_node *n, struct om_txn *txn, struct om_hash *out, uint32_t log, uint64_t size) {
  static struct om_log_tiles tiles; /* 67 KiB */
  struct om_status st = {0};
  sim_must(n->sim, om_log_tiles(txn, &tiles, log, &st), &st, "reading a tree");
  if (size > tiles.edge.size) return false;
  sim_must(n->sim, om_tree_root_at(&tiles.tiles, out, size, &st), &st, "reading a tree");
  return true;
}

/* A vote may stand on entries that were taken out since: then it is left out. */
static void read_head(struct sim_node *n, struct om_txn *txn, struct held *out, uint32_t log, enum om_head_kind kind) {
  struct om_checkpoint *head = &out->heads[out->n];
  size_t skip = kind == OM_HEAD_FINAL ? 16 : 8;
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  struct om_note note;
  struct om_hash root;
  struct om_status st = {0};
  om_head_key(key, log, kind);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len <= skip) return;
  sim_must(n->sim, om_note_parse(&note, (const char *)row.data + skip, row.len - skip, &st), &st, "a head");
  sim_must(n->sim, om_checkpoint_parse(head, NULL, note.text, note.text_len, &st), &st, "a head");
  out->n += root_at(n, txn, &root, log, head->size) && om_hash_equal(&root, &head->root);
}

static void look(struct sim_node *n, struct held *out, uint32_t log) {
  struct om_log_info info;
  struct om_status st = {0};
  struct om_txn *txn = reads(n);
  *out = (struct held){0};
  bool named = om_log_info(txn, &info, log, &st) == OM_OK;
  out->evidence = named && info.pieces > 0;
  for (size_t i = 0; i < KINDS && named; i++) read_head(n, txn, out, log, kinds[i]);
  om_txn_abort(txn);
}

/* Whether one of A's heads of LOG contradicts one of what N, as B, holds. What a restart has stated is gone on from. */
static bool contradicts(const struct held *a, struct sim_node *n, const struct held *b, uint32_t log) {
  uint64_t most = 0;
  struct om_hash root;
  bool found = false;
  struct om_txn *txn = reads(n);
  for (size_t i = 0; i < b->n; i++)
    if (b->heads[i].size > most) most = b->heads[i].size;
  for (size_t i = 0; i < a->n && !found; i++) {
    bool before = n->sim->restart != NULL && a->heads[i].size > n->sim->stated[log];
    found = a->heads[i].size <= most && !before && root_at(n, txn, &root, log, a->heads[i].size) &&
            !om_hash_equal(&root, &a->heads[i].root);
  }
  om_txn_abort(txn);
  return found;
}

bool sim_contradicted(struct sim *s, uint32_t log) {
  struct held of[SIM_LOGS];
  bool counts[SIM_LOGS], all = true;
  for (size_t i = 0; i < s->n; i++) {
    counts[i] = !sim_liar(&s->nodes[i]) && !s->nodes[i].gone && s->nodes[i].up;
    if (counts[i]) look(&s->nodes[i], &of[i], log);
    all = all && (!counts[i] || of[i].evidence);
  }
  for (size_t i = 0; i < s->n && !all; i++)
    for (size_t k = 0; k < s->n && counts[i]; k++)
      if (i != k && counts[k] && contradicts(&of[i], &s->nodes[k], &of[k], log)) return true;
  return false;
}
