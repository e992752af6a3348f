#include "ledger/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/times.h"
#include "ledger/verify_state.h"

static const char *const check_words[OM_CHECKS][2] = {
    [OM_CHECK_LINEAGE] = {"lineage",
                          "every lot that went into it, and every event that made or moved one, is held here"},
    [OM_CHECK_BYTES] = {"bytes",
                        "every entry of the lineage, its marks and the registry hashes to its leaf in its log's tree"},
    [OM_CHECK_TREE] = {"tree", "every tile of those trees hashes up to the root of its log's signed head"},
    [OM_CHECK_HEAD] = {"head", "every head is signed by its log and cosigned by its quorum"},
    [OM_CHECK_FINAL] = {"final", "every record is covered by such a head"},
    [OM_CHECK_MARK] = {"mark",
                       "every record that leans on another log or the registry stands behind a mark that covers it"},
    [OM_CHECK_RULES] = {"rules", "every event of the lineage is valid by the rules, judged again from nothing"},
    [OM_CHECK_CHAIN] = {"chain", "every event names the id of the event before it on each of its lots"},
    [OM_CHECK_CUSTODY] = {"custody",
                          "every hand-over, hold and change of owner is by who had the lot, with those who must sign"},
    [OM_CHECK_BALANCE] = {"balance", "no metal comes out that did not go in, but for the stated tolerances"},
    [OM_CHECK_ATTRIBUTION] = {"attribution", "every share of an origin follows from those of the inputs"},
    [OM_CHECK_STATE] = {"state", "every row that is shown of these lots is what follows from the entries"},
    [OM_CHECK_HISTORY] = {"history", "no log that the lineage stands in is known to have two final histories"},
    [OM_CHECK_CERTIFICATES] = {"certificates",
                               "where a certificate covers a record, or a record draws from one, the time that the "
                               "record states and the time by which it was final lie inside it"},
    [OM_CHECK_SITES] = {"sites",
                        "where the governors have spoken of a mine site, metal came from it while it was green "
                        "or yellow, by both times"},
    [OM_CHECK_OUTPUT] = {"output",
                         "what the mine sites declare to have put out in those years is within the highest that "
                         "was estimated"},
    [OM_CHECK_DOCUMENTS] = {"documents", "the documents that are held here have the hashes that the events name"},
    [OM_CHECK_SIGNATURES] = {"signatures", "every signature is good under a key that the registry had at the time"},
};

/* Of a file, where these mean something else. */
static const char *const given_words[OM_CHECKS] = {
    [OM_CHECK_LINEAGE] = "every lot that went into it, and every event that made or moved one, is in the file",
    [OM_CHECK_BYTES] = "every entry in the file is a leaf of its log's tree",
    [OM_CHECK_TREE] = "those leaves, and the hashes that stand for the others, lead to the root of each log's head",
    [OM_CHECK_STATE] = "every step that is shown of these lots follows from the entries in the file",
    [OM_CHECK_HISTORY] = "the file has no proof of two final histories of a log that the lineage stands in",
    [OM_CHECK_DOCUMENTS] = "the documents that are in the file have the hashes that the events name",
};

/* ---- findings ---- */

void om_verify_pass(struct om_verify *v, enum om_check_kind kind, uint64_t n) {
  v->verdict->checks[kind].passed += n;
}

void om_verify_failures(struct om_verify *v, enum om_check_kind kind, uint64_t n, const char *first) {
  struct om_check *check = &v->verdict->checks[kind];
  if (n > 0 && check->failed == 0) snprintf(check->first, sizeof check->first, "%s", first);
  check->failed += n;
}

void om_verify_fail(struct om_verify *v, enum om_check_kind kind, const char *fmt, ...) {
  char text[OM_STATUS_TEXT_BYTES];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  om_verify_failures(v, kind, 1, text);
}

void om_verify_unknown(struct om_verify *v, enum om_check_kind kind, const char *fmt, ...) {
  struct om_check *check = &v->verdict->checks[kind];
  va_list args;
  va_start(args, fmt);
  if (check->unknown++ == 0 && check->failed == 0) vsnprintf(check->first, sizeof check->first, fmt, args);
  va_end(args);
}

static void not_checked(struct om_verdict *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void not_checked(struct om_verdict *out, const char *fmt, ...) {
  OM_ASSERT(out->n_not_checked < OM_NOT_CHECKED_MAX);
  va_list args;
  va_start(args, fmt);
  vsnprintf(out->not_checked[out->n_not_checked++], OM_NOT_CHECKED_BYTES, fmt, args);
  va_end(args);
}

/* ---- logs ---- */

const char *om_verify_origin(const struct om_verify *v, uint32_t log) {
  return log < v->n_logs && v->logs[log] ? v->logs[log]->info.origin : "an unknown log";
}

static void note_quorum(struct om_verify_log *log, const struct om_quorum *quorum) {
  log->k = quorum->lists[0].k;
  log->k_before = quorum->n_lists > 1 ? quorum->lists[1].k : 0;
}

/* A log that has ended stands as the act says that ended it, which the registry's own head covers. */
static bool take_end(struct om_verify *v, struct om_verify_log *log) {
  struct om_quorum quorum;
  struct om_status st;
  if (!log->info.retired || log->info.final_size != log->info.end.size) return false;
  log->head.size = log->info.end.size;
  log->head.root = log->info.end.root;
  log->has_head = log->stated = true;
  if (om_log_quorum(v->txn, &quorum, log->info.log, log->head.size, &st) == OM_OK) note_quorum(log, &quorum);
  om_verify_pass(v, OM_CHECK_HEAD, 1);
  return true;
}

/* A log that a restart states further than a quorum has signed stands as that act says. */
static bool take_stated(struct om_verify *v, struct om_verify_log *log) {
  struct om_quorum quorum;
  struct om_status st;
  uint64_t size;
  struct om_hash root;
  if (!om_stated_final(v->txn, &size, &root, log->info.log, log->info.size) || size <= log->info.head_size)
    return false;
  log->head.size = size;
  log->head.root = root;
  log->has_head = log->stated = true;
  if (om_log_quorum(v->txn, &quorum, log->info.log, size, &st) == OM_OK) note_quorum(log, &quorum);
  om_verify_pass(v, OM_CHECK_HEAD, 1);
  return true;
}

/* Reads LOG's final head and checks who signed it. */
static enum om_code read_head(struct om_verify *v, struct om_verify_log *log, uint32_t number, struct om_status *st) {
  struct om_bytes note;
  struct om_quorum quorum;
  enum om_code code = om_log_final(v->txn, &note, number, st);
  if (code == OM_MISSING) return OM_OK;
  if (code == OM_OK) code = om_quorum_check(v->txn, &log->head, &log->time_s, number, note.data, note.len, st);
  if (code == OM_OK) code = om_log_quorum(v->txn, &quorum, number, log->head.size, st);
  if (code == OM_IO) return code;
  if (code != OM_OK) {
    om_verify_fail(v, OM_CHECK_HEAD, "the final head of %s: %s", log->info.origin, st->text);
    return OM_OK;
  }
  log->has_head = true;
  note_quorum(log, &quorum);
  if (v->given && v->given->outdated[number])
    om_verify_unknown(v, OM_CHECK_HEAD,
                      "the head of %s at %llu is signed by witnesses that have been replaced since, and no log in the "
                      "file that has the present ones vouches for it: ask for a newer bundle",
                      log->info.origin, (unsigned long long)log->head.size);
  else
    om_verify_pass(v, OM_CHECK_HEAD, 1);
  return OM_OK;
}

/* NUMBER is from a row: it may be of no log at all. */
enum om_code om_verify_open(struct om_verify *v, uint32_t number, struct om_status *st) {
  if (number >= v->n_logs) return om_fail(st, OM_CORRUPT, NULL, "there is no log %u: the store is damaged", number);
  if (v->logs[number]) return OM_OK;
  struct om_verify_log *log = calloc(1, sizeof *log);
  OM_ASSERT(log);
  v->logs[number] = log;
  enum om_code code = om_log_info(v->txn, &log->info, number, st);
  if (code != OM_OK || take_end(v, log) || take_stated(v, log)) return code;
  return read_head(v, log, number, st);
}

/* ---- what else bears on the lineage ---- */

enum om_code om_verify_also(struct om_verify *v, bool *final, const struct om_place *place, struct om_status *st) {
  *final = false;
  enum om_code code = om_verify_open(v, place->log, st);
  if (code != OM_OK) return code;
  *final = v->logs[place->log]->has_head && place->index < v->logs[place->log]->head.size;
  if (!*final || place->log == OM_LOG_REGISTRY) return OM_OK; /* the registry log is hashed as a whole */
  if (v->n_also == v->cap_also) {
    v->cap_also = v->cap_also == 0 ? 64 : 2 * v->cap_also;
    v->also = realloc(v->also, v->cap_also * sizeof *v->also);
    OM_ASSERT(v->also);
  }
  v->also[v->n_also++] = (struct om_verify_also){place->index, place->log, place->event};
  return OM_OK;
}

uint64_t om_verify_time(struct om_verify *v, uint32_t log, uint64_t index) {
  if (v->watch) v->watch->when(v->watch->ctx, log, index);
  return om_times_final(v->txn, log, index);
}

bool om_verify_timeless(const struct om_verify *v, uint32_t log) {
  const struct om_verify_log *l = log < v->n_logs ? v->logs[log] : NULL;
  struct om_quorum_list now;
  struct om_status why;
  if (!l || !l->has_head || l->k > 0 || l->k_before > 0) return false;
  /* A file may have been made to end where no witness was needed yet: what they have signed since would say more. */
  return !v->given || (om_quorum_list(v->txn, &now, log, OM_REGISTRY_NOW, &why) == OM_OK && now.k == 0);
}

static int also_order(const void *a, const void *b) {
  const struct om_verify_also *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return (x->event > y->event) - (x->event < y->event);
}

static void order_also(struct om_verify *v) {
  size_t n = 0;
  if (v->n_also > 0) qsort(v->also, v->n_also, sizeof *v->also, also_order);
  for (size_t i = 0; i < v->n_also; i++)
    if (n == 0 || also_order(&v->also[n - 1], &v->also[i]) != 0) v->also[n++] = v->also[i];
  v->n_also = n;
}

/* ---- the plan: which entries, in what order, leaning on which marks ---- */

static int by_place(const void *a, const void *b, void *arg) {
  const struct om_lineage *l = arg;
  const struct om_lineage_event *x = &l->events[*(const uint32_t *)a], *y = &l->events[*(const uint32_t *)b];
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return (x->event > y->event) - (x->event < y->event);
}

static void *array(size_t n, size_t size) {
  void *out = calloc(n + 1, size); /* also where there are none */
  OM_ASSERT(out);
  return out;
}

static void order_events(struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  size_t n = l->n_events;
  v->order = array(n, sizeof *v->order);
  v->entry_of = array(n, sizeof *v->entry_of);
  v->entries = array(n + 1, sizeof *v->entries);
  for (size_t i = 0; i < n; i++) v->order[i] = (uint32_t)i;
  qsort_r(v->order, n, sizeof *v->order, by_place, (void *)(uintptr_t)l);
  for (size_t i = 0; i < n; i++) {
    const struct om_lineage_event *e = &l->events[v->order[i]];
    struct om_verify_entry *last = v->n_entries == 0 ? NULL : &v->entries[v->n_entries - 1];
    if (!last || last->log != e->log || last->index != e->index)
      v->entries[v->n_entries++] =
          (struct om_verify_entry){.log = e->log, .index = e->index, .first_event = (uint32_t)i};
    v->entry_of[v->order[i]] = (uint32_t)v->n_entries - 1;
  }
  v->entries[v->n_entries].first_event = (uint32_t)n;
}

/* Steps by entry: counted, summed up, put in their places. */
static void order_steps(struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  v->row_steps = array(l->n_steps, sizeof *v->row_steps);
  for (size_t i = 0; i < l->n_steps; i++) v->entries[v->entry_of[l->steps[i].event]].first_step++;
  uint32_t sum = 0;
  for (size_t i = 0; i <= v->n_entries; i++) {
    sum += v->entries[i].first_step;
    v->entries[i].first_step = sum;
  }
  for (size_t i = l->n_steps; i-- > 0;)
    v->row_steps[--v->entries[v->entry_of[l->steps[i].event]].first_step] = (uint32_t)i;
}

static void add_mark(struct om_verify *v, uint32_t log, uint32_t marked, uint64_t index, uint64_t size) {
  if (v->n_marks == v->cap_marks) {
    v->cap_marks = v->cap_marks == 0 ? 256 : 2 * v->cap_marks;
    v->marks = realloc(v->marks, v->cap_marks * sizeof *v->marks);
    OM_ASSERT(v->marks);
  }
  v->marks[v->n_marks++] = (struct om_verify_mark){.index = index, .size = size, .log = log, .marked = marked};
}

/* Each entry's registry mark: backwards, so that one look-up serves all entries behind the same mark. */
static void find_registry_marks(struct om_verify *v) {
  uint64_t from = UINT64_MAX, size = 0;
  for (size_t i = v->n_entries; i-- > 0;) {
    struct om_verify_entry *e = &v->entries[i];
    bool same = i + 1 < v->n_entries && e[1].log == e->log && e->index > from;
    if (!same) {
      if (!om_log_mark_at(v->txn, &size, &from, e->log, OM_LOG_REGISTRY, e->index)) {
        om_verify_fail(v, OM_CHECK_MARK, "entry %llu of %s stands behind no mark of the registry",
                       (unsigned long long)e->index, om_verify_origin(v, e->log));
        from = UINT64_MAX;
        continue;
      }
      add_mark(v, e->log, OM_LOG_REGISTRY, from, size);
    }
    e->registry_size = size;
    om_verify_pass(v, OM_CHECK_MARK, 1);
  }
}

/* TO moves a lot that FROM, in another log, moved before. */
static void find_mark(struct om_verify *v, const struct om_verify_entry *from, const struct om_verify_entry *to) {
  uint64_t size, at;
  if (!om_log_mark_at(v->txn, &size, &at, to->log, from->log, to->index) || size <= from->index) {
    om_verify_fail(v, OM_CHECK_MARK, "entry %llu of %s leans on entry %llu of %s, which no mark before it covers",
                   (unsigned long long)to->index, om_verify_origin(v, to->log), (unsigned long long)from->index,
                   om_verify_origin(v, from->log));
    return;
  }
  add_mark(v, to->log, from->log, at, size);
  om_verify_pass(v, OM_CHECK_MARK, 1);
}

static void order_entries(struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  for (size_t i = 0; i < l->n_steps; i++) {
    if (l->steps[i].next == OM_LINEAGE_NONE) continue;
    const struct om_verify_entry *from = &v->entries[v->entry_of[l->steps[i].event]];
    struct om_verify_entry *to = &v->entries[v->entry_of[l->steps[l->steps[i].next].event]];
    if (from == to) continue;
    to->waits++;
    if (from->log != to->log) find_mark(v, from, to);
  }
}

static int mark_order(const void *a, const void *b) {
  const struct om_verify_mark *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static enum om_code plan(struct om_verify *v, struct om_status *st) {
  enum om_code code = om_verify_open(v, OM_LOG_REGISTRY, st);
  order_events(v);
  order_steps(v);
  for (size_t i = 0; i < v->n_entries && code == OM_OK; i++) code = om_verify_open(v, v->entries[i].log, st);
  for (uint32_t i = 0; v->given && i < v->given->n_logs && code == OM_OK; i++)
    if (v->given->entries[i] > 0) code = om_verify_open(v, i, st);
  if (code != OM_OK) return code;
  find_registry_marks(v);
  order_entries(v);
  if (v->n_marks > 0) qsort(v->marks, v->n_marks, sizeof *v->marks, mark_order);
  size_t n = 0;
  for (size_t i = 0; i < v->n_marks; i++)
    if (n == 0 || mark_order(&v->marks[n - 1], &v->marks[i]) != 0) v->marks[n++] = v->marks[i];
  v->n_marks = n;
  return om_txn_check(v->txn, st);
}

/* ---- the verdict ---- */

/* A frozen log is in doubt until the governors have ended it, and so said which of its histories counts. */
static void check_histories(struct om_verify *v) {
  struct om_retired retired;
  for (uint32_t i = 0; i < v->n_logs; i++) {
    if (!v->logs[i]) continue;
    if (v->logs[i]->info.frozen && !om_registry_retired(v->txn, &retired, i, OM_REGISTRY_NOW))
      om_verify_fail(v, OM_CHECK_HISTORY, "%s has two final histories and is frozen: 'oremark evidence' shows them",
                     v->logs[i]->info.origin);
    else
      om_verify_pass(v, OM_CHECK_HISTORY, 1);
  }
}

/* What an answer from a file rests on. */
static void say_given(const struct om_verify *v) {
  struct om_verdict *out = v->verdict;
  const struct om_verify_log *registry = v->logs[OM_LOG_REGISTRY];
  char when[OM_TIME_TEXT_BYTES] = "a time that nobody has signed";
  if (v->given->registry_s > 0) om_time_format(when, sizeof when, (int64_t)v->given->registry_s * 1000, 0);
  not_checked(out,
              "What the registry says after its entry %llu, final at %s: a key that was revoked or a member suspended "
              "since is not known here.",
              (unsigned long long)(registry && registry->has_head ? registry->head.size - 1 : 0), when);
  not_checked(out,
              "Caps on drift, that no statement stands twice, that every flag, correction and withdrawal is in the "
              "file, and that "
              "no log has left out a mark: they concern whole logs and rest on the cosigners' word.");
  not_checked(out,
              "That the heads in marks are of the same histories as the heads in the file: it rests on the cosigners' "
              "word.");
  not_checked(out, "Whether a record was final earlier than the file shows.");
  not_checked(out, "What the mine sites have put out in all, beside what was estimated: only their whole logs say so.");
  if (!v->documents) not_checked(out, "Documents: the bytes of those that its events name were not looked at.");
  if (v->given->others > 0)
    not_checked(out, "%llu other lots that were moved together with these were taken as the file has them.",
                (unsigned long long)v->given->others);
}

static void say_stored(const struct om_verify *v) {
  struct om_verdict *out = v->verdict;
  if (!v->deep)
    not_checked(out,
                "Signatures: each was checked when its entry was taken in here; a deep check goes over them again.");
  not_checked(
      out,
      "Who may do what is read from this store's table of the registry, derived from its log when that was taken in.");
  not_checked(
      out,
      "Caps on drift, and that no statement stands twice: they concern whole logs and rest on the cosigners' word.");
  if (v->recalled)
    not_checked(
        out,
        "The rules and the rows that are shown: they were when this lot was verified here last, and the bytes that "
        "they follow from are the same; a deep check goes over them again.");
  if (v->documents) not_checked(out, "Documents that attestations about members and sites name.");
  if (!v->documents) not_checked(out, "Documents: the bytes of those that its events name were not looked at.");
  if (v->bystanders > 0)
    not_checked(out, "%llu other lots that were moved together with these were taken as the store has them.",
                (unsigned long long)v->bystanders);
}

static void say_not_checked(const struct om_verify *v) {
  struct om_verdict *out = v->verdict;
  for (size_t i = 0; i < v->n_logs; i++) {
    if (!v->logs[i] || !v->logs[i]->has_head || v->logs[i]->k > 0) continue;
    not_checked(out, "The heads of %s need no cosignatures: this is not protected against a dishonest operator.",
                v->logs[i]->info.origin);
    break;
  }
  struct om_restart restart;
  if (om_registry_restart(v->txn, &restart, OM_REGISTRY_NOW))
    not_checked(out,
                "The governors have restarted the network by entry %llu of the registry: what that states of the logs "
                "stands by their word, where no quorum had signed it.",
                (unsigned long long)restart.since);
  if (v->given)
    say_given(v);
  else
    say_stored(v);
  if (v->n_steps > 0)
    not_checked(
        out,
        "What was known as of then: keys, flags, corrections, certificates, documents and heads are as known now; "
        "of the lot itself, what came later was left out.");
  not_checked(out, "What happens to the lot later, and what others may still say of it.");
  if (!v->given) not_checked(out, "The rules of attestations: each was judged when it was taken in here.");
  not_checked(out, "That stated masses, assays and origins are true.");
}

static void tell_logs(const struct om_verify *v, struct om_arena *arena) {
  struct om_verdict *out = v->verdict;
  out->logs = om_arena_array(arena, v->n_logs, sizeof *out->logs);
  for (uint32_t i = 0; i < v->n_logs; i++) {
    const struct om_verify_log *log = v->logs[i];
    if (!log) continue;
    struct om_verdict_log *told = &out->logs[out->n_logs++];
    *told = (struct om_verdict_log){.log = i, .entries = log->entries};
    memcpy(told->origin, log->info.origin, sizeof told->origin);
    if (!log->has_head) continue;
    told->size = log->head.size;
    told->root = log->head.root;
    told->k = log->k;
    told->k_before = log->k_before;
    told->time_s = log->time_s;
  }
}

static void conclude(struct om_verify *v, struct om_arena *arena) {
  struct om_verdict *out = v->verdict;
  uint64_t failed = 0, unknown = 0;
  check_histories(v);
  out->n_checks = v->deep ? OM_CHECKS : OM_CHECK_SIGNATURES;
  for (size_t i = 0; i < OM_CHECKS; i++) {
    failed += out->checks[i].failed;
    unknown += out->checks[i].unknown;
  }
  out->verified = failed + unknown == 0;
  out->undecided =
      !out->verified && failed == out->checks[OM_CHECK_FINAL].failed + out->checks[OM_CHECK_HISTORY].failed;
  out->records = v->lineage.n_events;
  out->lots = v->lineage.n_lots;
  tell_logs(v, arena);
  om_verify_tell_findings(v);
  say_not_checked(v);
}

/* What the lineage could not find is a finding; what was found is checked all the same, but for the rules: they would
 * stop at what is missing. */
static enum om_code find_lineage(struct om_verify *v, bool *whole, const uint8_t number[OM_LOT_NUMBER_BYTES],
                                 struct om_status *st) {
  enum om_code code = om_lineage_collect_steps(&v->lineage, v->crew ? v->txns : &v->txn, v->crew, v->network, number,
                                               v->n_steps, v->progress, st);
  *whole = code == OM_OK;
  if (code == OM_CORRUPT && om_txn_check(v->txn, st) == OM_OK) {
    om_verify_fail(v, OM_CHECK_LINEAGE, "%s", st->text);
    code = OM_OK;
  }
  if (code != OM_OK) return code;
  om_verify_pass(v, OM_CHECK_LINEAGE, v->lineage.n_events);
  return plan(v, st);
}

static enum om_code reopen_logs(struct om_verify *v, struct om_status *st) {
  enum om_code code = om_verify_open(v, OM_LOG_REGISTRY, st);
  for (size_t i = 0; i < v->n_entries && code == OM_OK; i++) code = om_verify_open(v, v->entries[i].log, st);
  return code;
}

static enum om_code recall_rules(struct om_verify *v) {
  const struct om_remembered *r = v->recalled;
  v->stale = !om_hash_equal(&v->leaves, &r->leaves);
  v->bystanders = r->bystanders;
  for (size_t i = 0; i < OM_CHECKS; i++) om_verify_pass(v, (enum om_check_kind)i, r->passed[i]);
  return OM_OK;
}

static enum om_code verify(struct om_verify *v, const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  bool whole = true;
  enum om_code code = v->recalled ? reopen_logs(v, st) : find_lineage(v, &whole, number, st);
  if (code == OM_CORRUPT && om_txn_check(v->txn, st) == OM_OK) {
    om_verify_fail(v, OM_CHECK_LINEAGE, "%s", st->text);
    return OM_OK;
  }
  if (code == OM_OK) code = om_verify_bearing(v, st);
  if (code == OM_OK) code = om_verify_attested(v, st);
  if (code == OM_OK) code = om_verify_papers(v, st);
  order_also(v);
  if (code == OM_OK) code = om_verify_hash(v, st);
  if (code == OM_OK && whole) code = v->recalled ? recall_rules(v) : om_verify_rules(v, st);
  if (v->stale) return code;
  if (code == OM_OK) code = om_verify_standing(v, st);
  if (code == OM_OK) code = om_verify_documents(v, st);
  return code;
}

void om_verify_free(struct om_verify *v) {
  for (size_t i = 0; i < v->n_logs; i++) free(v->logs[i]);
  free(v->logs);
  free(v->row_steps);
  free(v->also);
  free(v->papers);
  if (v->recalled) return;
  free(v->order);
  free(v->entry_of);
  free(v->entries);
  free(v->marks);
  free(v->naming);
  free(v->revoked);
  om_lineage_free(&v->lineage);
}

enum om_code om_verify_lot(struct om_txn *txn, struct om_arena *arena, struct om_verdict *out,
                           const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES], bool deep,
                           const struct om_progress *progress, struct om_status *st) {
  const struct om_verify_ask ask = {.number = number, .deep = deep, .progress = progress};
  return om_verify_asked(txn, arena, out, network, &ask, st);
}

static enum om_code ask_once(struct om_verify *v, struct om_verdict *out, const struct om_verify_ask *ask,
                             struct om_verify_memory *memory, struct om_status *st) {
  om_verify_recall(v, memory, ask->number);
  enum om_code code = om_verify_run(v, out, ask->number, st);
  if (v->stale)
    om_verify_forget(memory, ask->number);
  else if (code == OM_OK && out->verified && memory && !v->recalled)
    om_verify_keep(v, memory, ask->number);
  return code;
}

enum om_code om_verify_asked(struct om_txn *txn, struct om_arena *arena, struct om_verdict *out,
                             const struct om_hash *network, const struct om_verify_ask *ask, struct om_status *st) {
  struct om_txn *txns[OM_CREW_MAX];
  struct om_verify v, begun = {.txn = txn,
                               .arena = arena,
                               .network = network,
                               .documents = ask->documents,
                               .progress = ask->progress,
                               .n_steps = ask->n_steps,
                               .deep = ask->deep};
  size_t n = om_crew_size(ask->crew);
  struct om_status alone; /* then the caller does it all */
  if (n > 1 && om_txn_twins(txns, n, txn, &alone) == OM_OK) {
    begun.crew = ask->crew;
    begun.txns = txns;
    begun.txn = txns[0];
  }
  bool plain = !ask->deep && ask->n_steps == 0;
  enum om_code code;
  do { /* a second time where what was remembered is not what stands there */
    v = begun;
    code = ask_once(&v, out, ask, plain ? ask->memory : NULL, st);
    om_verify_free(&v);
  } while (v.stale && code == OM_OK);
  for (size_t i = 0; begun.crew && i < n; i++) om_txn_abort(txns[i]);
  return code;
}

enum om_code om_verify_run(struct om_verify *v, struct om_verdict *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                           struct om_status *st) {
  v->verdict = out;
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < OM_CHECKS; i++) {
    out->checks[i].name = check_words[i][0];
    out->checks[i].what = v->given && given_words[i] ? given_words[i] : check_words[i][1];
  }
  v->n_logs = om_log_count(v->txn);
  v->logs = array(v->n_logs + 1, sizeof(struct om_verify_log *));
  enum om_code code = verify(v, number, st);
  if (code == OM_OK) conclude(v, v->arena);
  return code;
}
