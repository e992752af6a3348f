/* Who may witness a log, and whether a head carries their quorum. */
#include <stdlib.h>
#include <string.h>

#include "ledger/accept.h"
#include "ledger/acts.h"
#include "ledger/ledger_state.h"
#include "ledger/registry_rows.h"

/* The registry size that LOG's head at SIZE is judged by. */
static uint64_t judged_by(struct om_txn *txn, uint32_t log, uint64_t size) {
  if (log == OM_LOG_REGISTRY) return size;
  uint64_t mark = om_log_mark(txn, log, OM_LOG_REGISTRY, size);
  /* Entry 0 is a mark of the registry. Where it is not held yet, who is to take it in, and which head it stands under,
   * is judged by the registry as it is here. */
  return mark == 0 ? OM_REGISTRY_NOW : mark;
}

static bool operator_counted(const struct om_quorum_list *q, uint32_t operator_member) {
  for (size_t i = 0; i < q->n; i++)
    if (q->daemons[i].operator_member == operator_member) return true;
  return false;
}

bool om_quorum_any(const struct om_quorum *quorum) {
  return quorum->lists[0].k > 0; /* a second list stands only where both ask for something */
}

const struct om_daemon *om_quorum_find(const struct om_quorum *quorum, uint32_t log) {
  for (size_t list = 0; list < quorum->n_lists; list++)
    for (size_t i = 0; i < quorum->lists[list].n; i++)
      if (quorum->lists[list].daemons[i].log == log) return &quorum->lists[list].daemons[i];
  return NULL;
}

enum om_code om_quorum_list(struct om_txn *txn, struct om_quorum_list *out, uint32_t log, uint64_t as_of,
                            struct om_status *st) {
  struct om_witnesses w;
  struct om_daemon own;
  out->n = 0;
  out->operators = out->k = 0;
  enum om_code code = om_registry_witnesses(txn, &w, as_of, st);
  if (code == OM_OK) code = om_registry_daemon(txn, &own, log, as_of, st);
  for (size_t i = 0; i < w.n && code == OM_OK; i++) {
    struct om_daemon *daemon = &out->daemons[out->n];
    code = om_registry_daemon(txn, daemon, w.logs[i], as_of, st);
    if (code != OM_OK || daemon->operator_member == own.operator_member) continue;
    if (!operator_counted(out, daemon->operator_member)) out->operators++;
    out->n++;
  }
  if (code == OM_OK && w.n > 0) {
    out->k = om_quorum_size(out->operators, w.quorum);
    if (!om_quorum_safe(out->operators, out->k))
      return om_fail(st, OM_REFUSED, OM_RULE_QUORUM, "the witnesses of log %u can make no safe quorum", log);
  }
  return code;
}

/* The registry size with which LOG was named. */
static uint64_t named_by(struct om_txn *txn, uint32_t log) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  struct om_bytes found, row;
  uint64_t named = 0, since = UINT64_MAX;
  for (;;) {
    om_registry_row_key(key, OM_ROW_DAEMON, log, 0, since);
    if (!om_txn_last(txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES)) return named;
    since = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES);
    named = since + 1;
    if (since == 0) return named;
    since--;
  }
}

/* The registry size that LOG's settled list is of: that of the head which its last mark of itself records; before any
 * such mark, that with which the log was named: entry 0 may mark any later one, and its home, if it lies, two of them.
 * 0: entry 0 is not held. Lists from before a restart of the network count no more. */
static uint64_t settled_by(struct om_txn *txn, uint32_t log, uint64_t size) {
  uint64_t recorded = om_log_mark(txn, log, log, size), settled;
  struct om_restart restart;
  if (recorded > 0)
    settled = judged_by(txn, log, recorded);
  else
    settled = log == OM_LOG_REGISTRY ? 1 : om_log_mark(txn, log, OM_LOG_REGISTRY, 1) == 0 ? 0 : named_by(txn, log);
  bool restarted = settled > 0 && om_registry_restart(txn, &restart, judged_by(txn, log, size));
  return restarted && restart.since >= settled ? restart.since + 1 : settled;
}

static bool same_list(const struct om_quorum_list *a, const struct om_quorum_list *b) {
  if (a->n != b->n || a->k != b->k) return false;
  for (size_t i = 0; i < a->n; i++) {
    const struct om_daemon *x = &a->daemons[i], *y = &b->daemons[i];
    if (x->log != y->log || memcmp(x->cosign_key, y->cosign_key, sizeof x->cosign_key) != 0) return false;
  }
  return true;
}

enum om_code om_log_quorum(struct om_txn *txn, struct om_quorum *out, uint32_t log, uint64_t size,
                           struct om_status *st) {
  uint64_t now = judged_by(txn, log, size), settled = settled_by(txn, log, size);
  out->n_lists = 1;
  out->changing = false;
  enum om_code code = om_quorum_list(txn, &out->lists[0], log, now, st);
  if (code != OM_OK || settled == 0 || settled == now) return code;
  code = om_quorum_list(txn, &out->lists[1], log, settled, st);
  if (code != OM_OK || same_list(&out->lists[0], &out->lists[1])) return code;
  out->changing = true;
  if (out->lists[0].k == 0)
    out->lists[0] = out->lists[1];
  else if (out->lists[1].k > 0)
    out->n_lists = 2;
  return OM_OK;
}

enum om_code om_quorum_indexes(struct om_txn *txn, uint64_t *now, uint64_t *settled, uint32_t log, uint64_t size,
                               struct om_status *st) {
  struct om_quorum quorum;
  *now = judged_by(txn, log, size);
  *settled = settled_by(txn, log, size);
  enum om_code code = om_log_quorum(txn, &quorum, log, size, st);
  if (code == OM_OK && (*settled == 0 || !quorum.changing)) *settled = *now;
  return code;
}

enum om_code om_quorum_settles(struct om_txn *txn, bool *settles, uint32_t log, uint64_t size, uint64_t recorded,
                               struct om_status *st) {
  struct om_quorum quorum;
  *settles = false;
  enum om_code code = om_log_quorum(txn, &quorum, log, size, st);
  if (code != OM_OK || !quorum.changing) return code;
  code = om_log_quorum(txn, &quorum, log, recorded, st);
  if (code != OM_OK || !quorum.changing) return code;
  code = om_quorum_list(txn, &quorum.lists[0], log, judged_by(txn, log, size), st);
  if (code == OM_OK) code = om_quorum_list(txn, &quorum.lists[1], log, judged_by(txn, log, recorded), st);
  *settles = code == OM_OK && same_list(&quorum.lists[0], &quorum.lists[1]);
  return code;
}

enum om_code om_quorum_unsettled(struct om_txn *txn, bool *unsettled, uint32_t log, uint64_t size,
                                 struct om_status *st) {
  struct om_quorum quorum;
  enum om_code code = om_log_quorum(txn, &quorum, log, size, st);
  *unsettled = code == OM_OK && quorum.changing;
  return code;
}

enum om_code om_quorum_current(struct om_txn *txn, bool *current, uint32_t log, uint64_t size, struct om_status *st) {
  struct om_quorum_list then, now;
  enum om_code code = om_quorum_list(txn, &then, log, judged_by(txn, log, size), st);
  if (code == OM_OK) code = om_quorum_list(txn, &now, log, OM_REGISTRY_NOW, st);
  *current = code == OM_OK && same_list(&then, &now);
  return code;
}

enum om_code om_quorum_third(struct om_txn *txn, bool *third, uint32_t log, uint64_t size, uint64_t marked,
                             struct om_status *st) {
  struct om_quorum_list present, next;
  struct om_restart restart;
  enum om_code code = om_quorum_unsettled(txn, third, log, size, st);
  if (code != OM_OK || !*third) return code;
  if (om_registry_restart(txn, &restart, marked) && restart.since >= judged_by(txn, log, size)) {
    *third = false; /* the lists before it count no more */
    return OM_OK;
  }
  code = om_quorum_list(txn, &present, log, judged_by(txn, log, size), st);
  if (code == OM_OK) code = om_quorum_list(txn, &next, log, marked, st);
  *third = code == OM_OK && !same_list(&present, &next);
  return code;
}

enum om_code om_head_signer(struct om_txn *txn, struct om_daemon *out, uint32_t log, uint64_t size,
                            struct om_status *st) {
  bool succeeded = log == OM_LOG_REGISTRY && size > 0;
  return om_registry_daemon(txn, out, log, succeeded ? size : OM_REGISTRY_NOW, st);
}

/* Whether the registry log was once ORIGIN's. */
static bool was_its_daemon(struct om_txn *txn, const char *origin) {
  struct om_succession s;
  for (uint64_t from = 0; om_registry_succession(txn, &s, from); from = s.since + 1)
    if (strcmp(s.before, origin) == 0) return true;
  return false;
}

/* OUT is not signed by what is held to be LOG's daemon, as ST says. The registry log may have got another one beyond
 * what is final here: what else is held of it may have been left behind. */
static enum om_code not_its_head(struct om_txn *txn, uint32_t log, const struct om_checkpoint *out,
                                 struct om_status *st) {
  struct om_status why = *st;
  struct om_log_info info = {0};
  enum om_code code = log == OM_LOG_REGISTRY ? om_log_info(txn, &info, log, st) : OM_OK;
  if (code != OM_OK) return code;
  bool beyond = log == OM_LOG_REGISTRY &&
                (out->size > info.size || (out->size > info.head_size && !was_its_daemon(txn, out->origin)));
  if (beyond)
    return om_fail(
        st, OM_WAIT, "succession",
        "a head of the registry log at %llu is signed in the name of %s, which is not its daemon here: if the "
        "governors have named a new one, accept it (oremark network accept FILE)",
        (unsigned long long)out->size, out->origin);
  *st = why;
  return why.code;
}

enum om_code om_head_parse(struct om_txn *txn, struct om_note *note, struct om_checkpoint *out, uint32_t log,
                           const uint8_t *bytes, size_t len, struct om_status *st) {
  struct om_daemon own;
  if (len > OM_MARK_NOTE_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "head", "a head is at most %d bytes, this one is %zu", OM_MARK_NOTE_MAX_BYTES,
                   len);
  enum om_code code = om_note_parse(note, (const char *)bytes, len, st);
  if (code == OM_OK) code = om_checkpoint_parse(out, NULL, note->text, note->text_len, st);
  if (code == OM_OK) code = om_head_signer(txn, &own, log, out->size, st);
  if (code != OM_OK) return code;
  if (strcmp(out->origin, own.origin) != 0) {
    om_fail(st, OM_REFUSED, "head", "the head is of %s, not of %s", out->origin, own.origin);
    return not_its_head(txn, log, out, st);
  }
  if (out->size == 0) return om_fail(st, OM_REFUSED, "head", "the head of %s covers nothing", own.origin);
  return om_note_verify_log(note, own.origin, own.log_key, st) == OM_OK
             ? OM_OK
             : om_fail(st, OM_REFUSED, "head", "the head of %s at %llu is not signed by that log", own.origin,
                       (unsigned long long)out->size);
}

struct vote {
  uint32_t operator_member;
  uint64_t time_s; /* the earliest of that operator's daemons */
};

static size_t add_vote(struct vote *votes, size_t n, uint32_t operator_member, uint64_t time_s) {
  for (size_t i = 0; i < n; i++) {
    if (votes[i].operator_member != operator_member) continue;
    if (time_s < votes[i].time_s) votes[i].time_s = time_s;
    return n;
  }
  votes[n] = (struct vote){operator_member, time_s};
  return n + 1;
}

static int by_time(const void *a, const void *b) {
  const struct vote *x = a, *y = b;
  return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

/* The time of LIST's quorum on NOTE: the k-th smallest of its operators' times. */
static enum om_code check_list(uint64_t *time_s, const struct om_quorum_list *list, const struct om_note *note,
                               const struct om_checkpoint *head, struct om_status *st) {
  struct vote votes[OM_WITNESSES_MAX];
  size_t n = 0;
  *time_s = 0;
  for (size_t i = 0; i < list->n; i++) {
    const struct om_daemon *w = &list->daemons[i];
    uint64_t time;
    if (om_note_verify_cosignature(note, &time, w->origin, w->cosign_key, st) == OM_OK)
      n = add_vote(votes, n, w->operator_member, time);
  }
  if (n < list->k)
    return om_fail(st, OM_REFUSED, OM_RULE_QUORUM,
                   "the head of %s at %llu carries the cosignatures of %zu operators, %u are needed", head->origin,
                   (unsigned long long)head->size, n, list->k);
  if (list->k > 0) {
    qsort(votes, n, sizeof *votes, by_time);
    *time_s = votes[list->k - 1].time_s;
  }
  om_status_clear(st);
  return OM_OK;
}

/* The lists that LOG asks for at SIZE; where nothing of it is final yet, the one with which it was named. */
static enum om_code lists_at(struct om_txn *txn, struct om_quorum *out, uint32_t log, uint64_t size,
                             struct om_status *st) {
  if (size > 0) return om_log_quorum(txn, out, log, size, st);
  out->n_lists = 1;
  return om_quorum_list(txn, &out->lists[0], log, named_by(txn, log), st);
}

/* As om_quorum_check, under the lists that LOG asks for at AT entries. */
static enum om_code check_at(struct om_txn *txn, struct om_checkpoint *out, uint64_t *time_s, uint32_t log,
                             const uint64_t *at, const uint8_t *note, size_t len, struct om_status *st) {
  struct om_note parsed;
  struct om_quorum quorum;
  *time_s = 0;
  enum om_code code = om_head_parse(txn, &parsed, out, log, note, len, st);
  if (code == OM_OK) code = lists_at(txn, &quorum, log, at == NULL ? out->size : *at, st);
  for (size_t i = 0; code == OM_OK && i < quorum.n_lists; i++) {
    uint64_t time;
    code = check_list(&time, &quorum.lists[i], &parsed, out, st);
    if (code == OM_OK && time > *time_s) *time_s = time;
  }
  return code;
}

enum om_code om_quorum_check(struct om_txn *txn, struct om_checkpoint *out, uint64_t *time_s, uint32_t log,
                             const uint8_t *note, size_t len, struct om_status *st) {
  return check_at(txn, out, time_s, log, NULL, note, len, st);
}

enum om_code om_quorum_beside(struct om_txn *txn, struct om_checkpoint *out, uint32_t log, uint64_t final_size,
                              const uint8_t *note, size_t len, struct om_status *st) {
  uint64_t time_s;
  enum om_code code = check_at(txn, out, &time_s, log, NULL, note, len, st);
  if (code != OM_REFUSED || out->size <= final_size) return code;
  return check_at(txn, out, &time_s, log, &final_size, note, len, st);
}

/* As ST says, NOTE has no quorum by what is held, which covers as much. If that is another history it may itself have
 * marked the other witnesses. */
static enum om_code claim_beside(struct om_txn *txn, struct om_checkpoint *out, uint32_t log, const uint8_t *note,
                                 size_t len, struct om_status *st) {
  struct om_status why = *st;
  struct om_log_info info;
  uint64_t size;
  enum om_code code = om_head_compare(txn, &size, log, note, len, st);
  if (code == OM_REFUSED) {
    code = om_log_info(txn, &info, log, st);
    return code == OM_OK ? om_quorum_beside(txn, out, log, info.head_size, note, len, st) : code;
  }
  if (code != OM_OK) return code;
  *st = why;
  return why.code;
}

enum om_code om_quorum_claim(struct om_txn *txn, struct om_checkpoint *out, uint32_t log, uint64_t held,
                             const uint8_t *note, size_t len, struct om_status *st) {
  struct om_note parsed;
  struct om_quorum quorum;
  uint64_t time;
  enum om_code code = om_head_parse(txn, &parsed, out, log, note, len, st);
  if (code != OM_OK) return code;
  code = om_log_quorum(txn, &quorum, log, out->size, st);
  bool settles = code == OM_OK && quorum.changing && out->size > held;
  for (size_t i = 0; code == OM_OK && i < (settles ? 1 : quorum.n_lists); i++)
    code = check_list(&time, &quorum.lists[i], &parsed, out, st);
  if (code != OM_REFUSED) return code;
  if (out->size <= held) return claim_beside(txn, out, log, note, len, st);
  struct om_status why = *st;
  uint64_t registry_size = om_log_mark(txn, log, OM_LOG_REGISTRY, UINT64_MAX);
  code = om_restart_quorum(txn, &quorum, log, registry_size, st);
  if (code == OM_OK) return check_list(&time, &quorum.lists[0], &parsed, out, st);
  *st = why;
  return why.code;
}
