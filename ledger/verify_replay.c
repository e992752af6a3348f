/* All entries of the lineage judged again, in an order in which every lot's steps follow each other: those that wait
 * for no other are judged side by side, a slice of them at a time. Slices and parts are the same however many work, and
 * so is what is found. */
#include <stdlib.h>
#include <string.h>

#include "ledger/verify_replay.h"

enum {
  SLICE = 4096, /* entries between two looks at whether anybody still waits for the answer: a second's work at most */
  PART = 8,     /* entries that one takes at a time: some 50 us of work without signatures */
  PARTS = SLICE / PART,
};

struct replaying {
  struct om_verify *v;
  struct om_replay *workers;
  size_t n_workers;
  struct om_replay_lot *lots;
  uint32_t *queue; /* entries in the order in which they are judged; those that are ready, so far */
  size_t n;
  size_t from, to; /* the slice in hand */
  struct om_replay_part *parts;
};

/* ---- a broken rule ---- */

/* To which check a broken rule belongs; the others are of the rules at large. */
static const struct {
  const char *rule;
  enum om_check_kind check;
} rule_checks[] = {
    {"chain", OM_CHECK_CHAIN},          {"lot", OM_CHECK_CHAIN},    {"consumed", OM_CHECK_CHAIN},
    {"retired", OM_CHECK_CHAIN},        {"twice", OM_CHECK_CHAIN},  {"pen", OM_CHECK_CUSTODY},
    {"title", OM_CHECK_CUSTODY},        {"hold", OM_CHECK_CUSTODY}, {"settle", OM_CHECK_CUSTODY},
    {"balance", OM_CHECK_BALANCE},      {"gain", OM_CHECK_BALANCE}, {"content", OM_CHECK_BALANCE},
    {"mass", OM_CHECK_BALANCE},         {"state", OM_CHECK_STATE},  {"mark", OM_CHECK_MARK},
    {"signature", OM_CHECK_SIGNATURES},
};

static enum om_check_kind check_of(const struct om_verify *v, const char *rule) {
  for (size_t i = 0; i < sizeof rule_checks / sizeof *rule_checks; i++)
    if (strcmp(rule, rule_checks[i].rule) == 0 && (rule_checks[i].check != OM_CHECK_SIGNATURES || v->deep))
      return rule_checks[i].check;
  return OM_CHECK_RULES;
}

/* ---- side by side ---- */

static void judge_part(void *ctx, size_t who, size_t i) {
  struct replaying *all = ctx;
  struct om_replay *r = &all->workers[who];
  struct om_replay_part *part = &all->parts[i];
  size_t end = all->from + (i + 1) * PART < all->to ? all->from + (i + 1) * PART : all->to;
  r->part = part;
  for (size_t k = all->from + i * PART; k < end && part->code == OM_OK; k++) {
    r->at = part->failed = all->queue[k];
    part->code = all->v->given ? om_replay_count(r, &part->st) : om_replay_entry(r, &part->st);
    if (part->code != OM_OK && om_txn_check(r->txn, &(struct om_status){0}) != OM_OK)
      part->code = om_txn_check(r->txn, &part->st);
  }
}

static enum om_code take_revoked(struct replaying *all, const struct om_replay_part *part, struct om_status *st) {
  enum om_code code = OM_OK;
  for (size_t i = 0; i < part->n_revoked && code == OM_OK; i++) {
    const struct om_replay_revoked *r = &part->revoked[i];
    const struct om_verify_entry *e = &all->v->entries[r->at];
    const struct om_member_key *key;
    code = om_replay_key(&all->workers[0], &key, r->member, r->key_id, st);
    if (code == OM_OK) om_verify_revoked(all->v, key, e->log, e->index);
  }
  return code;
}

/* What was found in the slice, up to the first failure; *GOOD false: there is one, and it is told. OM_IO is no finding.
 */
static enum om_code take_parts(struct replaying *all, bool *good, struct om_status *st) {
  size_t n = (all->to - all->from + PART - 1) / PART;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < n && code == OM_OK && *good; i++) {
    const struct om_replay_part *part = &all->parts[i];
    const struct om_verify_entry *e = &all->v->entries[part->failed];
    code = take_revoked(all, part, st);
    if (code != OM_OK || part->code == OM_OK) continue;
    *good = false;
    if (part->code == OM_IO)
      code = (*st = part->st).code;
    else
      om_verify_fail(all->v, check_of(all->v, part->st.rule), "entry %llu of %s: %s", (unsigned long long)e->index,
                     om_verify_origin(all->v, e->log), part->st.text);
  }
  for (size_t i = 0; i < n; i++) free(all->parts[i].revoked);
  return code;
}

/* Those that waited for ENTRY alone come next. */
static void release(struct replaying *all, uint32_t entry) {
  struct om_verify *v = all->v;
  const struct om_lineage_step *steps = v->lineage.steps;
  const struct om_verify_entry *e = &v->entries[entry];
  for (uint32_t i = e->first_step; i < e[1].first_step; i++) {
    uint32_t next = steps[v->row_steps[i]].next;
    if (next == OM_LINEAGE_NONE) continue;
    uint32_t after = v->entry_of[steps[next].event];
    if (after != entry && --v->entries[after].waits == 0) all->queue[all->n++] = after;
  }
}

static enum om_code replay_all(struct replaying *all, bool *good, struct om_status *st) {
  struct om_verify *v = all->v;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < v->n_entries; i++)
    if (v->entries[i].waits == 0) all->queue[all->n++] = (uint32_t)i;
  for (size_t told = 0; all->from < all->n && code == OM_OK && *good; all->from = all->to) {
    all->to = all->n - all->from > SLICE ? all->from + SLICE : all->n;
    size_t n = (all->to - all->from + PART - 1) / PART;
    memset(all->parts, 0, n * sizeof *all->parts);
    om_crew_do(v->crew, n, judge_part, all);
    code = take_parts(all, good, st);
    for (size_t i = all->from; i < all->to && *good; i++) release(all, all->queue[i]);
    for (; told < all->to && code == OM_OK; told++)
      code = om_progress_tell(v->progress, "judging", told, v->n_entries, st);
  }
  return code;
}

/* Each lot outside the lineage once, whoever met it. */
static void take_bystanders(struct om_lineage *all, const struct om_lineage *of) {
  for (size_t i = 0; i < of->n_lots; i++)
    if (of->lots[i].first != OM_LINEAGE_NONE) om_lineage_add(all, of->lots[i].number);
}

static void end(struct replaying *all) {
  struct om_verify *v = all->v;
  struct om_lineage bystanders = {0};
  for (size_t i = 0; i < all->n_workers; i++) {
    struct om_replay *r = &all->workers[i];
    for (size_t k = 0; k < OM_CHECKS; k++) om_verify_pass(v, (enum om_check_kind)k, r->passed[k]);
    take_bystanders(&bystanders, &r->bystanders);
    om_lineage_free(&r->bystanders);
    free(r->moved);
    om_arena_free(&r->arena);
    om_arena_free(&r->scratch);
  }
  v->bystanders = bystanders.n_lots;
  om_lineage_free(&bystanders);
}

enum om_code om_verify_rules(struct om_verify *v, struct om_status *st) {
  struct replaying all = {.v = v, .n_workers = om_crew_size(v->crew)};
  bool good = true;
  all.workers = calloc(all.n_workers, sizeof *all.workers);
  all.lots = calloc(v->lineage.n_lots + 1, sizeof *all.lots);
  all.queue = calloc(v->n_entries + 1, sizeof *all.queue);
  all.parts = calloc(PARTS, sizeof *all.parts);
  OM_ASSERT(all.workers && all.lots && all.queue && all.parts);
  for (size_t i = 0; i < all.n_workers; i++) {
    all.workers[i].v = v;
    all.workers[i].txn = v->crew ? v->txns[i] : v->txn;
    all.workers[i].lots = all.lots;
  }
  enum om_code code = replay_all(&all, &good, st);
  if (code == OM_OK && good && all.n < v->n_entries)
    om_verify_fail(v, OM_CHECK_CHAIN, "%zu entries each come before the other: their order can't be",
                   v->n_entries - all.n);
  end(&all);
  free(all.workers);
  free(all.lots);
  free(all.queue);
  free(all.parts);
  return code;
}
