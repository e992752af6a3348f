/* The verdict: its words, and what it says beside the checks. */
#include "ledger/verify_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void om_verify_name_checks(const struct om_verify *v) {
  for (size_t i = 0; i < OM_CHECKS; i++) {
    v->verdict->checks[i].name = check_words[i][0];
    v->verdict->checks[i].what = v->given && given_words[i] ? given_words[i] : check_words[i][1];
  }
}

static void not_checked(struct om_verdict *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void not_checked(struct om_verdict *out, const char *fmt, ...) {
  OM_ASSERT(out->n_not_checked < OM_NOT_CHECKED_MAX);
  va_list args;
  va_start(args, fmt);
  vsnprintf(out->not_checked[out->n_not_checked++], OM_NOT_CHECKED_BYTES, fmt, args);
  va_end(args);
}

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
  if (!v->documents)
    not_checked(out,
                "Documents: the file was made without them. Those that its events, and the certificates and assays "
                "that bear on it, name are not in it.");
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
  if (v->documents) not_checked(out, "Documents that flags, corrections and estimates about members and sites name.");
  if (!v->documents)
    not_checked(out,
                "Documents: the bytes of those that its events, and the certificates and assays that bear on it, name "
                "were not looked at.");
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

static void tell_logs(const struct om_verify *v) {
  struct om_verdict *out = v->verdict;
  out->logs = om_arena_array(v->arena, v->n_logs, sizeof *out->logs);
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

void om_verify_conclude(struct om_verify *v) {
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
  tell_logs(v);
  om_verify_tell_findings(v);
  say_not_checked(v);
}
