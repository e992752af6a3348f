#include "ledger/accept.h"

#include <string.h>

#include "ledger/acts.h"
#include "ledger/ledger_state.h"
#include "ledger/rebuild.h"
#include "ledger/text.h"

static const char meta_by_hand[] = "by-hand"; /* index (8) of the registry entry that is waited at */

/* Size (8) and root by log: what is stated by an act that can't be accepted yet. */
static const char meta_wanted[] = "wanted";

enum { WANTED_BYTES = 8 + OM_HASH_BYTES };

enum { NAMED_MAX = 4 }; /* logs named in a sentence; the first ones say what to do */

/* ---- waiting ---- */

bool om_by_hand(const struct om_checked *checked) {
  if (!checked->statement || checked->statement->n_events == 0) return false;
  const Oremark__Event *event = checked->statement->events[0];
  return event->kind_case == OREMARK__EVENT__KIND_RESTART ||
         (event->kind_case == OREMARK__EVENT__KIND_RETIRE_LOG && event->retire_log->log == OM_LOG_REGISTRY);
}

bool om_by_hand_met(struct om_txn *txn, uint64_t *index) {
  struct om_bytes row;
  struct om_log_info info;
  struct om_status st;
  if (!om_txn_get(txn, &row, OM_TABLE_META, meta_by_hand, sizeof meta_by_hand - 1) || row.len != 8) return false;
  *index = om_get64(row.data);
  return om_log_info(txn, &info, OM_LOG_REGISTRY, &st) == OM_OK && info.size <= *index;
}

enum om_code om_restart_marked(struct om_txn *txn, uint32_t log, uint64_t size, uint64_t registry_size,
                               struct om_status *st) {
  uint64_t stated, since;
  if (log == OM_LOG_REGISTRY || !om_registry_stated(txn, &stated, &since, log) || size < stated ||
      registry_size > since)
    return om_txn_check(txn, st);
  return om_fail(
      st, OM_WAIT, "restart",
      "behind entry %llu log %u goes on with a mark of the restart, which its daemon has not accepted or not "
      "written yet",
      (unsigned long long)stated, log);
}

enum om_code om_restart_quorum(struct om_txn *txn, struct om_quorum *out, uint32_t log, uint64_t registry_size,
                               struct om_status *st) {
  uint64_t stated, since;
  if (log == OM_LOG_REGISTRY || !om_registry_stated(txn, &stated, &since, log) || registry_size > since)
    return OM_MISSING;
  out->n_lists = 1;
  out->changing = false;
  return om_quorum_list(txn, &out->lists[0], log, since + 1, st);
}

/* ---- what is stated, and what is held ---- */

struct accepting {
  struct om_accepted *out;
  const uint8_t *statement;
  size_t len;
  const Oremark__Daemon *daemon; /* that goes on with the registry log; NULL: the one that had it */
  Oremark__StatedHead **heads;   /* the registry's first */
  size_t n_heads;
  int64_t signed_ms;
  bool wants; /* the governors have signed it, but entries are missing */
};

/* What EVENT states; a succession, of the registry log only. */
static void read_act(struct accepting *a, struct om_arena *arena, const Oremark__Event *event) {
  if (event->kind_case == OREMARK__EVENT__KIND_RESTART) {
    a->heads = event->restart->heads;
    a->n_heads = event->restart->n_heads;
    return;
  }
  Oremark__StatedHead *head = om_arena_alloc(arena, sizeof *head);
  oremark__stated_head__init(head);
  head->size = event->retire_log->size;
  head->root = event->retire_log->root;
  a->heads = om_arena_array(arena, 1, sizeof *a->heads);
  a->heads[0] = head;
  a->n_heads = 1;
  a->daemon = event->retire_log->daemon;
}

/* Entries below a stated head that are missing here, as a sentence. */
static void add_missing(struct om_text *text, size_t n, const struct om_log_info *info, uint64_t size) {
  if (n >= NAMED_MAX) return;
  om_text_add(text, "%s%llu to %llu of %s", n == 0 ? "" : ", ", (unsigned long long)info->size,
              (unsigned long long)size - 1,
              *info->origin ? info->origin : "a log that the registry here does not name");
}

static enum om_code same_root(struct om_txn *txn, const struct om_log_info *info, const Oremark__StatedHead *head,
                              struct om_status *st) {
  struct om_log_state state;
  struct om_hash root;
  enum om_code code = om_log_state_read(txn, &state, info->log, st);
  om_empty_root(&root);
  if (code == OM_OK && head->size > 0) code = om_log_root_at(txn, &root, info->log, &state.edge, head->size, st);
  if (code != OM_OK || memcmp(root.bytes, head->root.data, sizeof root) == 0) return code;
  return om_fail(
      st, OM_REFUSED, OM_RULE_FORK,
      "another history of %s is held here up to %llu than the one that is stated: begin with an empty store, "
      "or ask the governors",
      info->origin, (unsigned long long)head->size);
}

/* Which logs are to be cut. */
static enum om_code compare(struct om_txn *txn, const struct accepting *a, struct om_cut *cuts, size_t *n_cuts,
                            struct om_status *st) {
  struct om_text missing;
  size_t n_missing = 0;
  om_text_clear(&missing);
  *n_cuts = 0;
  for (size_t i = 0; i < a->n_heads; i++) {
    const Oremark__StatedHead *head = a->heads[i];
    struct om_log_info info;
    enum om_code code = om_log_info(txn, &info, head->log, st);
    if (code != OM_OK && code != OM_MISSING) return code;
    if (code == OM_MISSING && head->size == 0) continue; /* named in what is missing of the registry log, if at all */
    bool behind = code == OM_MISSING || info.size < head->size;
    if (behind) add_missing(&missing, n_missing++, &info, head->size);
    if (behind) continue;
    if (same_root(txn, &info, head, st) != OM_OK) return st->code;
    if (info.size > head->size) cuts[(*n_cuts)++] = (struct om_cut){head->log, head->size};
  }
  if (n_missing == 0) return OM_OK;
  return om_fail(
      st, OM_MISSING, "missing",
      "entries are missing here: %s%s. They are fetched from the peers that hold them: accept again in a moment",
      missing.bytes, n_missing > NAMED_MAX ? " and others" : "");
}

/* Before anything is taken out: have the governors signed? */
static enum om_code check_signed(struct om_txn *txn, struct om_checked *checked, const struct om_hash *network,
                                 uint64_t as_of, struct om_status *st) {
  uint32_t signers[OM_SIGNATURES_MAX];
  struct om_case judged = {.network = *network,
                           .statement_id = checked->statement_id,
                           .statement = checked->statement,
                           .signers = signers,
                           .log = OM_LOG_REGISTRY,
                           .index = as_of};
  enum om_code code = om_signers(signers, &judged.n_signers, checked, txn, as_of, st);
  return code == OM_OK ? om_act_governors_signed(txn, &judged, st) : code;
}

/* Else the log's own daemon has put in what nobody could accept. */
static enum om_code check_met(struct om_batch *batch, uint64_t index, struct om_checked *checked,
                              struct om_status *st) {
  struct accepting a = {0};
  struct om_arena arena = {0};
  read_act(&a, &arena, checked->statement->events[0]);
  uint64_t stated = a.heads[0]->size;
  om_arena_free(&arena);
  if (stated == index) return check_signed(batch->txn, checked, &batch->ledger->network, index, st);
  return om_fail(st, OM_REFUSED, OM_RULE_BY_HAND,
                 "the act would stand behind entry %llu of the registry log, and stands as %llu",
                 (unsigned long long)stated, (unsigned long long)index);
}

enum om_code om_by_hand_wait(struct om_batch *batch, uint64_t index, struct om_checked *checked, struct om_status *st) {
  uint8_t row[8];
  if (check_met(batch, index, checked, st) != OM_OK) return st->code;
  om_be64(row, index);
  om_txn_put(batch->txn, OM_TABLE_META, meta_by_hand, sizeof meta_by_hand - 1, row, sizeof row);
  if (om_txn_check(batch->txn, st) != OM_OK) return st->code;
  return om_fail(st, OM_WAIT, OM_RULE_BY_HAND, OM_BY_HAND_TEXT);
}

/* ---- what is wanted ---- */

bool om_wanted(struct om_txn *txn) {
  struct om_bytes row;
  return om_txn_get(txn, &row, OM_TABLE_META, meta_wanted, sizeof meta_wanted - 1);
}

static bool wanted_row(struct om_txn *txn, struct om_bytes *out, uint32_t log) {
  struct om_bytes row;
  if (!om_txn_get(txn, &row, OM_TABLE_META, meta_wanted, sizeof meta_wanted - 1) || row.len / WANTED_BYTES <= log)
    return false;
  *out = (struct om_bytes){row.data + (size_t)log * WANTED_BYTES, WANTED_BYTES};
  return true;
}

uint64_t om_wanted_size(struct om_txn *txn, uint32_t log) {
  struct om_bytes row;
  uint64_t stated = 0, since;
  om_registry_stated(txn, &stated, &since, log);
  uint64_t wanted = wanted_row(txn, &row, log) ? om_get64(row.data) : 0;
  return wanted > stated ? wanted : stated;
}

bool om_stated_root(struct om_txn *txn, struct om_hash *root, uint32_t log, uint64_t size) {
  struct om_retired end;
  struct om_bytes row;
  uint64_t stated, since;
  if (om_registry_retired(txn, &end, log, OM_REGISTRY_NOW)) {
    *root = end.root; /* nothing else counts of it */
    return end.size == size;
  }
  if (om_registry_stated_root(txn, &stated, root, &since, log) && stated == size) return true;
  if (!wanted_row(txn, &row, log) || om_get64(row.data) != size) return false;
  memcpy(root->bytes, row.data + 8, sizeof root->bytes);
  return true;
}

/* The entries below the stated heads are to be fetched, so that the act can be accepted. */
static enum om_code want(struct om_ledger *ledger, struct om_arena *arena, const struct accepting *a,
                         struct om_status *st) {
  struct om_batch *batch;
  uint8_t *row = om_arena_alloc(arena, a->n_heads * WANTED_BYTES);
  for (size_t i = 0; i < a->n_heads; i++) {
    om_be64(row + WANTED_BYTES * i, a->heads[i]->size);
    memcpy(row + WANTED_BYTES * i + 8, a->heads[i]->root.data, OM_HASH_BYTES);
  }
  enum om_code code = om_batch_begin(&batch, ledger, st);
  if (code != OM_OK) return code;
  om_txn_put(batch->txn, OM_TABLE_META, meta_wanted, sizeof meta_wanted - 1, row, a->n_heads * WANTED_BYTES);
  return om_batch_commit(batch, NULL, st);
}

/* ---- taking it in ---- */

/* Votes beyond a stated head, or for another one, are forgotten. */
static void forget_vote(struct om_txn *txn, const Oremark__StatedHead *head) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, head->log, OM_HEAD_VOTE);
  if (!om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key) || row.len != 8 + OM_HASH_BYTES) return;
  uint64_t size = om_get64(row.data);
  if (size < head->size || (size == head->size && memcmp(row.data + 8, head->root.data, OM_HASH_BYTES) == 0)) return;
  om_votes_keep(txn, head->log, size);
  om_txn_del(txn, OM_TABLE_HEADS, key, sizeof key);
  om_head_key(key, head->log, OM_HEAD_VOTED);
  om_txn_del(txn, OM_TABLE_HEADS, key, sizeof key);
}

/* The same bytes at every daemon: they follow from the statement and the entry in front. */
static enum om_code make_entry(struct om_checked **out, struct om_arena *arena, struct om_batch *batch,
                               const struct accepting *a, int64_t before_ms, struct om_status *st) {
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  entry.taken_ms = a->signed_ms > before_ms ? a->signed_ms : before_ms;
  entry.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
  entry.statement = oremark__signed_statement__unpack(om_arena_protobuf(arena), a->len, a->statement);
  OM_ASSERT(entry.statement != NULL); /* it was before */
  size_t len = oremark__entry__get_packed_size(&entry);
  uint8_t *bytes = om_arena_alloc(arena, len);
  oremark__entry__pack(&entry, bytes); /* canonical: the statement's bytes again */
  return om_check_entry(out, arena, &batch->ledger->network, batch->txn, bytes, len, st);
}

/* A seal of the registry log ends with the succession that it was made for. */
static void end_seal(struct om_txn *txn) {
  uint8_t key[OM_HEAD_KEY_BYTES];
  struct om_bytes row;
  om_head_key(key, OM_LOG_REGISTRY, OM_HEAD_SEAL);
  if (om_txn_get(txn, &row, OM_TABLE_HEADS, key, sizeof key)) om_txn_del(txn, OM_TABLE_HEADS, key, sizeof key);
}

/* What leaned on what had to go has gone with it. */
static enum om_code still_held(struct om_batch *batch, const Oremark__StatedHead *head, struct om_status *st) {
  struct om_log_state *state;
  enum om_code code = om_batch_log(batch, &state, head->log, st);
  if (code != OM_OK || state->edge.size >= head->size) return code;
  return om_fail(
      st, OM_REFUSED, "restart",
      "entry %llu of log %u leans on what stands beyond the stated head of another log: the governors have to "
      "state heads that fit together",
      (unsigned long long)state->edge.size, head->log);
}

/* In the batch that has taken out what had to go. */
static enum om_code append(void *ctx, struct om_batch *batch, struct om_status *st) {
  struct accepting *a = ctx;
  struct om_arena arena = {0};
  struct om_log_state *registry;
  struct om_checked *entry;
  enum om_code code = om_batch_log(batch, &registry, OM_LOG_REGISTRY, st);
  if (code == OM_OK && registry->edge.size != a->heads[0]->size)
    code = om_fail(st, OM_CORRUPT, NULL, "the registry log could not be taken back to its stated head");
  if (code == OM_OK) a->out->index = registry->edge.size;
  for (size_t i = 1; i < a->n_heads && code == OM_OK; i++) code = still_held(batch, a->heads[i], st);
  if (code == OM_OK) code = make_entry(&entry, &arena, batch, a, registry->taken_ms, st);
  if (code == OM_OK) code = om_batch_take(batch, OM_LOG_REGISTRY, a->out->index, entry, st);
  for (size_t i = 0; i < a->n_heads && code == OM_OK; i++) {
    forget_vote(batch->txn, a->heads[i]);
    om_stop_forget(batch->txn, a->heads[i]->log);
  }
  if (code == OM_OK && a->daemon) end_seal(batch->txn);
  if (om_wanted(batch->txn)) om_txn_del(batch->txn, OM_TABLE_META, meta_wanted, sizeof meta_wanted - 1);
  om_txn_del(batch->txn, OM_TABLE_META, meta_by_hand, sizeof meta_by_hand - 1);
  om_arena_free(&arena);
  return code == OM_OK ? om_txn_check(batch->txn, st) : code;
}

static enum om_code take_in(struct om_ledger *ledger, struct accepting *a, const struct om_cut *cuts, size_t n_cuts,
                            struct om_status *st) {
  struct om_batch *batch;
  if (n_cuts > 0) return om_ledger_rebuild_then(ledger, cuts, n_cuts, append, a, st);
  enum om_code code = om_batch_begin(&batch, ledger, st);
  if (code != OM_OK) return code;
  code = append(a, batch, st);
  if (code == OM_OK) return om_batch_commit(batch, NULL, st);
  om_batch_abort(batch);
  return code;
}

/* Everything that can be known before: *CUTS, in ARENA. */
static enum om_code look(struct om_ledger *ledger, struct om_arena *arena, struct accepting *a, struct om_cut **cuts,
                         size_t *n_cuts, struct om_status *st) {
  struct om_txn *txn;
  struct om_checked *checked;
  struct om_place at;
  enum om_code code = om_txn_read(&txn, ledger->store, st);
  if (code != OM_OK) return code;
  code = om_check_statement(&checked, arena, &ledger->network, txn, a->statement, a->len, st);
  if (code == OM_OK && !om_by_hand(checked))
    code = om_fail(st, OM_REFUSED, OM_RULE_BY_HAND,
                   "this is no act that is accepted by hand: hand it in (oremark submit)");
  if (code == OM_OK) {
    const Oremark__Statement *s = checked->statement;
    read_act(a, arena, s->events[0]);
    a->signed_ms = s->signed_ms;
    a->out->statement_id = checked->statement_id;
    a->out->again = om_statement_find(txn, &at, s->member, s->signed_ms, &checked->statement_id, st) == OM_OK;
    if (a->out->again) a->out->index = at.index;
    code = om_txn_check(txn, st);
  }
  if (code == OM_OK && !a->out->again && a->daemon && ledger->own_log == OM_LOG_REGISTRY)
    code = om_fail(st, OM_REFUSED, "succession",
                   "this daemon is the one whose log goes on under another: stop it, its part has ended");
  if (code == OM_OK && !a->out->again) {
    *cuts = om_arena_array(arena, a->n_heads, sizeof **cuts);
    code = compare(txn, a, *cuts, n_cuts, st);
    struct om_status ignored;
    if (code == OM_OK)
      code = check_signed(txn, checked, &ledger->network, a->heads[0]->size, st);
    else if (code == OM_MISSING)
      a->wants = check_signed(txn, checked, &ledger->network, a->heads[0]->size, &ignored) == OM_OK;
  }
  om_txn_abort(txn);
  return code;
}

enum om_code om_ledger_accept(struct om_ledger *ledger, struct om_accepted *out, const uint8_t *statement, size_t len,
                              struct om_status *st) {
  struct om_arena arena = {0};
  struct accepting a = {.out = out, .statement = statement, .len = len};
  struct om_cut *cuts = NULL;
  size_t n_cuts = 0;
  *out = (struct om_accepted){0};
  enum om_code code = look(ledger, &arena, &a, &cuts, &n_cuts, st);
  if (code == OM_OK && !out->again) code = take_in(ledger, &a, cuts, n_cuts, st);
  if (code == OM_MISSING && a.wants) {
    struct om_status why = *st;
    code = want(ledger, &arena, &a, st);
    if (code == OM_OK) *st = why, code = why.code;
  }
  om_arena_free(&arena);
  return code;
}
