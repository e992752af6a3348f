/* What must hold, whatever happens. The model follows lots through the records that are final, in the order in which
 * they became so, and knows custody by its own few lines. */
#include <stdlib.h>
#include <string.h>

#include "ledger/step.h"
#include "sim/sim.h"

enum { COPPER = 29 };
static const int64_t cap_mg = 1000000000; /* as in the genesis of tests/support/network.c */

void sim_check_begin(struct sim *s) {
  for (size_t log = 0; log < s->n; log++) {
    struct sim_canon *canon = &s->canon[log];
    canon->edge = calloc(1, sizeof *canon->edge);
    canon->roots = calloc(SIM_FINAL_MAX + 1, sizeof *canon->roots);
    canon->entries = calloc(SIM_FINAL_MAX, sizeof *canon->entries);
    OM_ASSERT(canon->edge != NULL && canon->roots != NULL && canon->entries != NULL);
  }
  s->model = calloc(SIM_LOTS, sizeof *s->model);
  OM_ASSERT(s->model != NULL);
}

void sim_check_end(struct sim *s) {
  for (size_t log = 0; log < s->n; log++) {
    struct sim_canon *canon = &s->canon[log];
    for (uint64_t i = 0; i < canon->edge->size; i++) free((void *)(uintptr_t)canon->entries[i].data);
    free(canon->edge);
    free(canon->roots);
    free(canon->entries);
  }
  free(s->model);
  free(s->seen);
}

/* ---- the model ---- */

struct said {
  struct sim *s;
  uint32_t log;
  uint64_t index;
  const Oremark__Statement *statement;
  const Oremark__SignedStatement *with_signatures;
  struct om_hash id;
};

static struct sim_lot *find(struct sim *s, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  for (size_t i = s->n_model; i-- > 0;)
    if (memcmp(s->model[i].number, number, OM_LOT_NUMBER_BYTES) == 0) return &s->model[i];
  return NULL;
}

static int64_t copper_of(const Oremark__Material *m) {
  int64_t sum = 0;
  for (size_t i = 0; i < m->n_metals; i++)
    if (m->metals[i]->element == COPPER) sum += (int64_t)m->metals[i]->contained_mg;
  return sum;
}

static int64_t born(const struct said *said, const Oremark__Event *event, uint16_t at, const struct om_hash *event_id,
                    uint32_t owner) {
  struct sim *s = said->s;
  size_t n, skip;
  int64_t sum = 0;
  Oremark__Material *const *materials = om_event_materials(event, &n, &skip);
  for (size_t i = 0; i < n; i++) {
    if (s->n_model == SIM_LOTS) sim_violation(s, "the model has no room: run fewer steps");
    struct sim_lot *lot = &s->model[s->n_model];
    *lot = (struct sim_lot){
        .last = *event_id, .pen = said->statement->member, .owner = owner, .copper_mg = copper_of(materials[i])};
    om_lot_number_make(lot->number, said->statement->member, (uint64_t)said->statement->signed_ms, &said->id, at,
                       (uint16_t)(skip + i));
    if (find(s, lot->number) != NULL) sim_violation(s, "log %u makes a lot twice", said->log);
    s->n_model++;
    sum += lot->copper_mg;
  }
  return sum;
}

static bool seen(const struct sim *s, const uint8_t event_id[OM_HASH_BYTES]) {
  for (size_t i = s->n_seen; i-- > 0;)
    if (memcmp(s->seen[i].bytes, event_id, OM_HASH_BYTES) == 0) return true;
  return false;
}

static void see(struct sim *s, const struct om_hash *event_id) {
  if (s->n_seen == s->cap_seen) {
    s->cap_seen = s->cap_seen == 0 ? SIM_LOTS : 2 * s->cap_seen;
    s->seen = realloc(s->seen, s->cap_seen * sizeof *s->seen);
    OM_ASSERT(s->seen != NULL);
  }
  s->seen[s->n_seen++] = *event_id;
}

/* False: the record before it is not final anywhere yet, as far as has been seen. */
static bool known(struct sim *s, const Oremark__Event *event) {
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  size_t n = om_event_refs(refs, event);
  for (size_t i = 0; i < n; i++)
    if (refs[i]->number.len == OM_LOT_NUMBER_BYTES && !seen(s, refs[i]->last_event.data)) return false;
  return true;
}

/* Whether the governors have given the lot, as it stands, to the member. */
static bool given(const struct said *said, const struct sim_lot *lot) {
  const struct sim *s = said->s;
  for (size_t i = 0; i < s->n_grants; i++)
    if (s->grants[i].to == said->statement->member && om_hash_equal(&s->grants[i].at, &lot->last) &&
        memcmp(s->grants[i].lot, lot->number, OM_LOT_NUMBER_BYTES) == 0)
      return true;
  return false;
}

/* One place: each record follows the lot's last one, and is by who has the pen. */
static struct sim_lot *follow(const struct said *said, const Oremark__LotRef *ref) {
  struct sim_lot *lot = find(said->s, ref->number.data);
  const char *wrong = lot->gone                                                  ? "is gone"
                      : lot->pen != said->statement->member && !given(said, lot) ? "is in other hands"
                                                                                 : NULL;
  if (memcmp(lot->last.bytes, ref->last_event.data, OM_HASH_BYTES) != 0) wrong = "went on from there already";
  if (wrong != NULL)
    sim_violation(said->s, "entry %llu of log %u, by member %u, moves a lot that %s: two places",
                  (unsigned long long)said->index, said->log, said->statement->member, wrong);
  return lot;
}

static bool signed_by(const struct said *said, uint32_t member) {
  for (size_t i = 0; i < said->with_signatures->n_signatures; i++)
    if (said->with_signatures->signatures[i]->member == member) return true;
  return false;
}

static void unsigned_by(const struct said *said, uint32_t member, const char *what) {
  if (signed_by(said, member)) return;
  sim_violation(said->s, "entry %llu of log %u, by member %u, %s without the signature of member %u",
                (unsigned long long)said->index, said->log, said->statement->member, what, member);
}

/* Whose it is, and who has agreed. */
static void check_owner(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_TRANSFORM:
    case OREMARK__EVENT__KIND_RETIRE: unsigned_by(said, lot->owner, "uses up a lot"); break;
    case OREMARK__EVENT__KIND_HOLD: unsigned_by(said, lot->owner, "puts a lot on hold"); break;
    case OREMARK__EVENT__KIND_SHIP:
      if (event->ship->with_title) unsigned_by(said, lot->owner, "sends a lot away with its title");
      lot->next_owner = event->ship->with_title ? event->ship->consignee : 0;
      break;
    case OREMARK__EVENT__KIND_RECEIVE:
      if (lot->next_owner != 0 && !given(said, lot)) lot->owner = lot->next_owner;
      lot->next_owner = 0;
      break;
    case OREMARK__EVENT__KIND_REJECT: lot->next_owner = 0; break;
    case OREMARK__EVENT__KIND_TRANSFER_TITLE:
      if (lot->owner != event->transfer_title->from)
        sim_violation(said->s, "entry %llu of log %u: a title that is another's", (unsigned long long)said->index,
                      said->log);
      unsigned_by(said, event->transfer_title->from, "takes a title");
      unsigned_by(said, event->transfer_title->to, "gives a title");
      lot->owner = event->transfer_title->to;
      break;
    default: break;
  }
}

/* What is on hold leaves by its release alone, and that has been signed; a reassignment moves the hold with the lot. */
static void check_hold(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  bool releases = event->kind_case == OREMARK__EVENT__KIND_RELEASE;
  uint32_t n = 0;
  if (event->kind_case == OREMARK__EVENT__KIND_RECEIVE || event->kind_case == OREMARK__EVENT__KIND_REJECT) return;
  if (releases != (lot->threshold != 0) && event->kind_case != OREMARK__EVENT__KIND_TRANSFER_TITLE)
    sim_violation(said->s, "entry %llu of log %u: a lot that is %s", (unsigned long long)said->index, said->log,
                  releases ? "released, and was not on hold" : "moved while it was on hold");
  if (event->kind_case == OREMARK__EVENT__KIND_HOLD) {
    lot->threshold = event->hold->threshold;
    for (size_t i = 0; i < event->hold->n_releasers && i < 2; i++) lot->releasers[i] = event->hold->releasers[i];
    return;
  }
  for (size_t i = 0; i < 2; i++) n += lot->releasers[i] != 0 && signed_by(said, lot->releasers[i]);
  if (n < lot->threshold)
    sim_violation(said->s, "entry %llu of log %u: %u of the %u signatures that a lot on hold takes",
                  (unsigned long long)said->index, said->log, n, lot->threshold);
  if (!releases) return;
  lot->threshold = lot->releasers[0] = lot->releasers[1] = 0;
  said->s->released++;
}

/* What two have agreed on: *LOT's new weight. */
static void check_settled(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  const Oremark__Settle *settled = event->settle;
  if (lot->had_from != settled->consignor)
    sim_violation(said->s, "entry %llu of log %u: settled with who did not send it, or twice",
                  (unsigned long long)said->index, said->log);
  unsigned_by(said, settled->consignor, "settles");
  lot->had_from = 0;
  for (size_t i = 0; i < settled->lots[0]->n_metals; i++)
    if (settled->lots[0]->metals[i]->element == COPPER) lot->copper_mg = (int64_t)settled->lots[0]->metals[i]->mass_mg;
}

static bool stays(const Oremark__Event *event) {
  return event->kind_case == OREMARK__EVENT__KIND_HOLD || event->kind_case == OREMARK__EVENT__KIND_RELEASE ||
         event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE || event->kind_case == OREMARK__EVENT__KIND_SETTLE;
}

static void move(const struct said *said, const Oremark__Event *event, struct sim_lot *lot) {
  uint32_t member = said->statement->member;
  bool arrives = event->kind_case == OREMARK__EVENT__KIND_RECEIVE || event->kind_case == OREMARK__EVENT__KIND_REJECT;
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE && (lot->consignor != 0 || given(said, lot))) return;
  if (event->kind_case == OREMARK__EVENT__KIND_RECEIVE && given(said, lot)) {
    uint32_t before = lot->consignor != 0 ? lot->consignor : lot->pen;
    lot->had_from = before == member ? 0 : before;
    lot->pen = member;
    lot->consignor = 0;
    said->s->taken_over++;
    return;
  }
  if (arrives != (lot->consignor != 0))
    sim_violation(said->s, "entry %llu of log %u: a lot that is %s", (unsigned long long)said->index, said->log,
                  arrives ? "received but was not sent" : "used on its way");
  if (event->kind_case == OREMARK__EVENT__KIND_SHIP) {
    lot->consignor = member;
    lot->pen = event->ship->consignee;
  } else if (event->kind_case == OREMARK__EVENT__KIND_RECEIVE) {
    lot->had_from = lot->consignor;
    lot->consignor = 0;
  } else if (event->kind_case == OREMARK__EVENT__KIND_REJECT) {
    lot->pen = lot->consignor;
    lot->consignor = 0;
  } else if (!stays(event)) {
    lot->gone = true;
  }
}

static void gain(const struct said *said, int64_t in, int64_t out) {
  int64_t *sum = &said->s->gained_mg[said->statement->member];
  if (out <= in) return;
  *sum += out - in;
  if (*sum > cap_mg)
    sim_violation(said->s, "member %u has gained %lld mg of copper out of nothing", said->statement->member,
                  (long long)*sum);
}

static void model_act(struct sim *s, const Oremark__Event *event) {
  if (event->kind_case == OREMARK__EVENT__KIND_RETIRE_LOG) s->ended_at = event->retire_log->size;
  if (event->kind_case == OREMARK__EVENT__KIND_REHOME) s->home[event->rehome->member] = event->rehome->home_log;
  if (event->kind_case != OREMARK__EVENT__KIND_REASSIGN) return;
  if (s->n_grants == SIM_GRANTS) sim_violation(s, "the model has no room for gifts: run fewer steps");
  struct sim_grant *grant = &s->grants[s->n_grants++];
  memcpy(grant->lot, event->reassign->lot.data, OM_LOT_NUMBER_BYTES);
  memcpy(grant->at.bytes, event->reassign->last_event.data, OM_HASH_BYTES);
  grant->to = event->reassign->to;
}

static void model_event(const struct said *said, uint16_t at) {
  const Oremark__Event *event = said->statement->events[at];
  model_act(said->s, event);
  const Oremark__LotRef *refs[OM_EVENT_REFS_MAX];
  struct om_hash event_id;
  int64_t in = 0, left = 0;
  uint32_t owner = said->statement->member;
  size_t n = om_event_refs(refs, event);
  om_event_id(&event_id, &said->s->net.id, &said->id, at);
  for (size_t i = 0; i < n; i++) {
    struct sim_lot *lot = follow(said, refs[i]);
    in += lot->copper_mg;
    owner = lot->owner;
    check_hold(said, event, lot);
    check_owner(said, event, lot);
    if (event->kind_case == OREMARK__EVENT__KIND_SETTLE) check_settled(said, event, lot);
    move(said, event, lot);
    lot->last = event_id;
    left += stays(event) ? lot->copper_mg : 0;
  }
  see(said->s, &event_id);
  int64_t out = left + born(said, event, at, &event_id, owner);
  if (n > 0) gain(said, in, out);
}

static bool model_entry(struct sim *s, uint32_t log, uint64_t index) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_status st = {0};
  const struct om_bytes *entry = &s->canon[log].entries[index];
  bool all = true;
  sim_must(s, om_check_entry(&checked, &arena, &s->net.id, NULL, entry->data, entry->len, &st), &st, "a final entry");
  struct said said = {s, log, index, checked->statement, checked->signed_statement, checked->statement_id};
  size_t n = checked->statement != NULL ? checked->statement->n_events : 0;
  for (size_t i = 0; i < n; i++) all = all && known(s, checked->statement->events[i]);
  for (size_t i = 0; i < n && all; i++) model_event(&said, (uint16_t)i);
  om_arena_free(&arena);
  return all;
}

/* Takes in what has become final, logs in whatever order lets them: what leans on another log waits for it. Whoever
 * leans on what is not final anywhere leans on nothing. */
static void model(struct sim *s) {
  bool moved = true, left = false;
  while (moved) {
    moved = left = false;
    for (uint32_t log = 0; log < s->n; log++) {
      struct sim_canon *canon = &s->canon[log];
      while (canon->modelled < canon->edge->size && model_entry(s, log, canon->modelled)) {
        canon->modelled++;
        moved = true;
      }
      left |= canon->modelled < canon->edge->size;
    }
  }
  for (uint32_t log = 0; log < s->n && left; log++)
    if (s->canon[log].modelled < s->canon[log].edge->size)
      sim_violation(s, "entry %llu of log %u is final and leans on what is not",
                    (unsigned long long)s->canon[log].modelled, log);
}

/* ---- final heads ---- */

static void extend(struct sim *s, struct om_txn *txn, uint32_t log, uint64_t upto) {
  struct sim_canon *canon = &s->canon[log];
  struct om_bytes entry;
  struct om_status st = {0};
  struct om_hash leaf;
  if (upto > SIM_FINAL_MAX) sim_violation(s, "log %u is too long for the check: run fewer steps", log);
  om_edge_root(canon->edge, &canon->roots[0]);
  while (canon->edge->size < upto) {
    uint64_t i = canon->edge->size;
    sim_must(s, om_log_entry(txn, &entry, log, i, &st), &st, "reading a final entry");
    uint8_t *copy = malloc(entry.len);
    OM_ASSERT(copy != NULL);
    memcpy(copy, entry.data, entry.len);
    canon->entries[i] = (struct om_bytes){copy, entry.len};
    om_leaf_hash(&leaf, entry.data, entry.len);
    sim_must(s, om_edge_append(canon->edge, &leaf, NULL, NULL, &st), &st, "growing a tree");
    om_edge_root(canon->edge, &canon->roots[i + 1]);
  }
}

/* A log that was ended is final to its end, by the act and not by a head. */
static void ended(const struct sim *s, const struct om_log_info *info, struct om_checkpoint *head) {
  if (s->call == NULL || info->log != s->ends || info->final_size != info->size || head->size > info->size) return;
  *head = (struct om_checkpoint){.size = info->size, .root = info->root};
}

/* What a restart states is final by the act, too. */
static void stated(const struct sim *s, const struct om_log_info *info, struct om_checkpoint *head) {
  if (s->restart == NULL || info->final_size != s->stated[info->log] || head->size > info->final_size) return;
  *head = (struct om_checkpoint){.size = info->final_size, .root = s->stated_roots[info->log]};
}

static void check_final(struct sim_node *n, struct om_txn *txn, const struct om_log_info *info) {
  struct sim *s = n->sim;
  struct om_bytes bytes;
  struct om_note note;
  struct om_checkpoint head = {.size = 0};
  struct om_status st = {0};
  enum om_code code = om_log_final(txn, &bytes, info->log, &st);
  bool by_act = (s->call != NULL && info->log == s->ends) || s->restart != NULL;
  if (code != OM_MISSING || !by_act) {
    sim_must(s, code, &st, "reading a final head");
    sim_must(s, om_note_parse(&note, (const char *)bytes.data, bytes.len, &st), &st, "a final head");
    sim_must(s, om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st), &st, "a final head");
  }
  if (head.size != info->final_size) ended(s, info, &head);
  if (head.size != info->final_size) stated(s, info, &head);
  if (head.size != info->final_size || head.size > info->size)
    sim_violation(s, "daemon %u: log %u holds %llu entries, of which %llu are said to be final and %llu signed",
                  n->daemon, info->log, (unsigned long long)info->size, (unsigned long long)info->final_size,
                  (unsigned long long)head.size);
  if (s->canon[info->log].edge->size < head.size) extend(s, txn, info->log, head.size);
  if (!om_hash_equal(&s->canon[info->log].roots[head.size], &head.root))
    sim_violation(s, "daemon %u holds a final head of log %u at %llu that conflicts with one seen before", n->daemon,
                  info->log, (unsigned long long)head.size);
  s->finals++;
}

/* What is sealed and ended is final no further; and nothing final was cut off. */
static void check_end(const struct sim *s) {
  uint64_t final = s->canon[s->ends].edge->size;
  if (s->ended_at != UINT64_MAX && final > s->ended_at)
    sim_violation(s, "log %u has ended at %llu, and is final to %llu", s->ends, (unsigned long long)s->ended_at,
                  (unsigned long long) final);
}

void sim_check_commit(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < om_log_count(txn); log++) {
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    if (info.final_size < n->final_seen[log])
      sim_violation(s, "daemon %u has forgotten that log %u is final to %llu", n->daemon, log,
                    (unsigned long long)n->final_seen[log]);
    if (info.final_size > n->final_seen[log]) check_final(n, txn, &info);
    n->final_seen[log] = info.final_size;
    sim_trace(s, info.root.bytes, sizeof info.root.bytes);
  }
  om_txn_abort(txn);
  if (!sim_liar(n)) model(s);
  check_end(s);
}

/* Of a log that has ended nothing beyond the end is told; a vote on one of two histories gives way to a quorum's. */
static uint64_t answered_for(struct sim_node *n, struct om_txn *txn, uint32_t log) {
  struct om_log_info info;
  struct om_status st = {0};
  if (n->voted[log] == 0 || n->sim->nodes[log].two_faced) return 0;
  return om_log_info(txn, &info, log, &st) == OM_OK && info.retired ? 0 : n->voted[log];
}

void sim_check_votes(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_bytes bytes;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < s->n; log++) {
    struct om_note note;
    struct om_checkpoint head = {.size = 0};
    if (answered_for(n, txn, log) == 0) continue;
    enum om_code code = om_head_highest(txn, &bytes, log, &st);
    if (code == OM_OK) code = om_note_parse(&note, (const char *)bytes.data, bytes.len, &st);
    if (code == OM_OK) code = om_checkpoint_parse(&head, NULL, note.text, note.text_len, &st);
    if (code != OM_MISSING) sim_must(s, code, &st, "reading a vote");
    if (head.size < n->voted[log])
      sim_violation(s, "daemon %u has cosigned %llu entries of log %u, and knows of %llu at its start", n->daemon,
                    (unsigned long long)n->voted[log], log, (unsigned long long)head.size);
  }
  om_txn_abort(txn);
}

void sim_check_ready(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  sim_must(s, om_log_info(txn, &info, n->daemon, &st), &st, "reading a log");
  om_txn_abort(txn);
  uint64_t final = s->canon[n->daemon].edge->size;
  if (info.size < final)
    sim_violation(s, "daemon %u goes on with %llu entries of its log, of which %llu are final", n->daemon,
                  (unsigned long long)info.size, (unsigned long long) final);
}

static void cut_canon(struct sim *s, struct sim_canon *canon, uint64_t size) {
  struct om_status st = {0};
  struct om_hash leaf;
  uint64_t held = canon->edge->size;
  canon->modelled = 0;
  if (held <= size) return;
  *canon->edge = (struct om_edge){0};
  for (uint64_t i = 0; i < held; i++) {
    if (i >= size) {
      free((void *)(uintptr_t)canon->entries[i].data);
      continue;
    }
    om_leaf_hash(&leaf, canon->entries[i].data, canon->entries[i].len);
    sim_must(s, om_edge_append(canon->edge, &leaf, NULL, NULL, &st), &st, "growing a tree");
  }
  s->unfinal += held - size;
}

void sim_check_restated(struct sim *s) {
  for (uint32_t log = 0; log < s->n; log++) cut_canon(s, &s->canon[log], s->stated[log]);
  s->n_model = s->n_grants = s->n_seen = 0;
  memset(s->gained_mg, 0, sizeof s->gained_mg);
  for (uint32_t member = 1; member <= s->n; member++) s->home[member] = member - 1;
  model(s);
}

/* ---- the dear ones ---- */

static void check_kept(struct sim_node *n, struct om_txn *txn, const struct om_log_info *info) {
  static struct om_log_tiles tiles; /* 67 KiB */
  struct sim *s = n->sim;
  struct om_status st = {0};
  struct om_hash root;
  if (info->final_size == 0) return;
  sim_must(s, om_log_tiles(txn, &tiles, info->log, &st), &st, "reading a tree");
  sim_must(s, om_tree_root_at(&tiles.tiles, &root, info->final_size, &st), &st, "reading a tree");
  if (!om_hash_equal(&root, &s->canon[info->log].roots[info->final_size]))
    sim_violation(s, "daemon %u has changed what was final of log %u", n->daemon, info->log);
}

static void check_state(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *txn;
  struct om_log_info info;
  struct om_status st = {0};
  struct om_hash state, vector;
  uint8_t text[SIM_LOGS * (8 + OM_HASH_BYTES)];
  size_t len = 0;
  sim_must(s, om_txn_read(&txn, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < om_log_count(txn); log++) {
    sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
    check_kept(n, txn, &info);
    om_be64(text + len, info.size);
    memcpy(text + len + 8, info.root.bytes, OM_HASH_BYTES);
    len += 8 + OM_HASH_BYTES;
  }
  om_sha256(&vector, text, len);
  sim_must(s, om_store_state_hash(&state, txn, &st), &st, "hashing the state");
  om_txn_abort(txn);
  for (size_t i = 0; i < 1024 && i < s->n_states; i++)
    if (om_hash_equal(&s->states[i].vector, &vector) && !om_hash_equal(&s->states[i].state, &state))
      sim_violation(s, "daemon %u holds the same logs as another and another state", n->daemon);
  s->states[s->n_states++ % 1024].vector = vector;
  s->states[(s->n_states - 1) % 1024].state = state;
}

void sim_check_all(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++)
    if (s->nodes[i].up) check_state(&s->nodes[i]);
}

/* Of a log whose daemon is gone nothing is made final any more: everybody holds it as far as it was stated. */
static bool holds_stated(struct sim *s, struct om_txn *here, uint32_t log) {
  struct om_log_info info;
  struct om_status st = {0};
  return s->restart != NULL && om_log_info(here, &info, log, &st) == OM_OK && info.size == s->stated[log];
}

static bool holds_all(struct sim_node *n) {
  struct sim *s = n->sim;
  struct om_txn *here, *home;
  struct om_log_info a, b;
  struct om_status st = {0};
  bool all = true;
  sim_must(s, om_txn_read(&here, om_ledger_store(n->ledger), &st), &st, "reading");
  for (uint32_t log = 0; log < s->n && all; log++) {
    if (sim_liar(&s->nodes[log])) continue;
    if (s->nodes[log].gone) {
      all = holds_stated(s, here, log);
      continue;
    }
    sim_must(s, om_txn_read(&home, om_ledger_store(s->nodes[log].ledger), &st), &st, "reading");
    all = om_log_info(home, &b, log, &st) == OM_OK; /* who joins is to be named first */
    om_txn_abort(home);
    all = all && om_log_info(here, &a, log, &st) == OM_OK && a.size == b.size && a.final_size == b.size &&
          (b.size > 0 || (log == s->ends && s->ended_at == 0)) && b.size >= s->canon[log].edge->size;
  }
  om_txn_abort(here);
  return all;
}

bool sim_converged(struct sim *s) {
  if (s->join_step != 0 && !s->joined) return false;
  for (size_t i = 0; i < s->n; i++)
    if (!s->nodes[i].up && !s->nodes[i].gone) return false;
  for (size_t i = 0; i < s->n; i++) {
    struct sim_node *n = &s->nodes[i];
    if (sim_liar(n) || n->gone) continue;
    if (s->gone_step != 0 && !n->accepted) return false;
    bool answered = n->n_statements == 0 || s->gone_step != 0; /* what leans on a log that is gone may wait for ever */
    if (!answered || !holds_all(n)) return false;
  }
  return true;
}

void sim_show(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++) {
    struct sim_node *n = &s->nodes[i];
    struct om_txn *txn;
    struct om_log_info info;
    struct om_status st = {0};
    char text[OM_STATUS_TEXT_BYTES];
    printf("  daemon %u%s%s:", n->daemon, n->up ? "" : " (down)", sim_liar(n) ? " (a liar)" : n->mute ? " (mute)" : "");
    if (n->up && om_txn_read(&txn, om_ledger_store(n->ledger), &st) == OM_OK) {
      for (uint32_t log = 0; log < om_log_count(txn); log++)
        if (om_log_info(txn, &info, log, &st) == OM_OK)
          printf(" %llu/%llu%s%s", (unsigned long long)info.final_size, (unsigned long long)info.size,
                 info.stopped ? " stopped" : "", info.frozen ? " frozen" : "");
      om_txn_abort(txn);
      if (om_node_waiting(n->node, text, sizeof text)) printf("; %s", text);
    }
    printf("; %zu statements wait\n", n->n_statements);
  }
}
