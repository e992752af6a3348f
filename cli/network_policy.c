/* `oremark network policy`: whose signatures make a log's checkpoint final, in the form that others' tools read (C2SP
 * tlog-policy). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/network_policy.h"
#include "cli/views.h"
#include "keys/vkey.h"

static const struct om_option options[] = {
    {"out", "FILE", "where the policy is written (default: standard output)"},
    {NULL, NULL, NULL},
};

/* What the file is made of: units, of each of which one cosignature counts as its operator's. */
enum { LISTS = 2, UNITS_MAX = 256, OPERATOR_DAEMONS_MAX = 64 };

struct unit {
  uint32_t operator_member;
  const char *operator;
  bool in[LISTS];
  size_t n;
  const Oremark__ListedWitness *daemons[OPERATOR_DAEMONS_MAX];
};

struct policy {
  const Oremark__LogQuorum *quorum;
  size_t n_units, counts[LISTS]; /* units of each list */
  struct unit units[UNITS_MAX];
  bool exact; /* what the file asks for is what the ledger asks for */
};

/* ---- units ---- */

static const Oremark__ListedWitness *in_list(const Oremark__QuorumList *list, uint32_t log) {
  for (size_t i = 0; i < list->n_witnesses; i++)
    if (list->witnesses[i]->log == log) return list->witnesses[i];
  return NULL;
}

/* The same daemon with the same key in both lists. */
static bool is_common(const Oremark__LogQuorum *q, const Oremark__ListedWitness *w) {
  for (size_t i = 0; i < q->n_lists; i++) {
    const Oremark__ListedWitness *there = in_list(q->lists[i], w->log);
    if (!there || there->cosign_key.len != w->cosign_key.len ||
        memcmp(there->cosign_key.data, w->cosign_key.data, w->cosign_key.len) != 0)
      return false;
  }
  return true;
}

static bool has_common(const Oremark__LogQuorum *q, uint32_t operator_member) {
  for (size_t i = 0; i < q->lists[0]->n_witnesses; i++)
    if (q->lists[0]->witnesses[i]->operator_member == operator_member && is_common(q, q->lists[0]->witnesses[i]))
      return true;
  return false;
}

static struct unit *unit_of(struct policy *p, const Oremark__ListedWitness *w, bool both, size_t list) {
  for (size_t i = 0; i < p->n_units; i++) {
    struct unit *u = &p->units[i];
    if (u->operator_member == w->operator_member && (both ? u->in[0] && u->in[1] : u->in[list] && !u->in[1 - list]))
      return u;
  }
  OM_ASSERT(p->n_units < UNITS_MAX);
  struct unit *u = &p->units[p->n_units++];
  *u = (struct unit){.operator_member = w->operator_member, .operator= w->operator_ };
  u->in[list] = true;
  if (both) u->in[0] = u->in[1] = true;
  for (size_t i = 0; i < LISTS; i++) p->counts[i] += u->in[i];
  return u;
}

/* Where an operator has a daemon in both lists, that stands for it in both, and what it has in one only is left out: a
 * witness may be named in one group only. Then fewer heads satisfy the file than are final, never more. */
static void add_witness(struct policy *p, const Oremark__ListedWitness *w, size_t list) {
  bool two = p->quorum->n_lists > 1, common = two && is_common(p->quorum, w);
  if (two && !common && has_common(p->quorum, w->operator_member)) {
    p->exact = false;
    return;
  }
  struct unit *u = unit_of(p, w, common, list);
  for (size_t i = 0; i < u->n; i++)
    if (u->daemons[i]->log == w->log) return;
  if (u->n < OPERATOR_DAEMONS_MAX)
    u->daemons[u->n++] = w;
  else
    p->exact = false;
}

static void make_units(struct policy *p) {
  p->exact = true;
  for (size_t list = 0; list < p->quorum->n_lists; list++)
    for (size_t i = 0; i < p->quorum->lists[list]->n_witnesses; i++)
      add_witness(p, p->quorum->lists[list]->witnesses[i], list);
}

/* ---- the file ---- */

static void put_witnesses(FILE *out, const struct policy *p) {
  for (size_t i = 0; i < p->n_units; i++) {
    const struct unit *u = &p->units[i];
    char name[OM_SHOW_BYTES], vkey[OM_VKEY_BYTES];
    fprintf(out, "# %s (member %" PRIu32 ")\n", om_show_text(name, u->operator), u->operator_member);
    for (size_t d = 0; d < u->n; d++) {
      om_vkey_format(vkey, u->daemons[d]->origin, OM_ALG_COSIGNATURE, u->daemons[d]->cosign_key.data);
      /* A list of before may name the same daemon with another key. */
      fprintf(out, "witness w%" PRIu32 "%s %s\n", u->daemons[d]->log, u->in[0] ? "" : "-before", vkey);
    }
  }
}

static void put_unit_name(FILE *out, const struct unit *u) {
  const char *before = u->in[0] ? "" : "-before";
  if (u->n == 1)
    fprintf(out, " w%" PRIu32 "%s", u->daemons[0]->log, before);
  else
    fprintf(out, " operator%" PRIu32 "%s", u->operator_member, before);
}

static void put_operators(FILE *out, const struct policy *p) {
  for (size_t i = 0; i < p->n_units; i++) {
    const struct unit *u = &p->units[i];
    const char *before = u->in[0] ? "" : "-before";
    if (u->n < 2) continue;
    fprintf(out, "group operator%" PRIu32 "%s any", u->operator_member, before);
    for (size_t d = 0; d < u->n; d++) fprintf(out, " w%" PRIu32 "%s", u->daemons[d]->log, before);
    fprintf(out, "\n");
  }
}

/* A group of the units that are IN one of the lists; LIST LISTS: of all. */
static void put_group(FILE *out, const struct policy *p, const char *name, size_t needed, size_t list) {
  fprintf(out, "group %s %zu", name, needed);
  for (size_t i = 0; i < p->n_units; i++)
    if (list == LISTS || p->units[i].in[list]) put_unit_name(out, &p->units[i]);
  fprintf(out, "\n");
}

static bool overlap(const struct policy *p) {
  for (size_t i = 0; i < p->n_units; i++)
    if (p->units[i].in[0] && p->units[i].in[1]) return true;
  return false;
}

/* So many of all units are surely enough of each list's. */
static size_t enough_of_all(struct policy *p) {
  size_t enough = 0;
  for (size_t list = 0; list < p->quorum->n_lists; list++) {
    size_t needed = p->quorum->lists[list]->needed + (p->n_units - p->counts[list]);
    if (needed > enough) enough = needed;
    if (p->counts[list] < p->n_units) p->exact = false;
  }
  return enough;
}

static void put_quorum(FILE *out, struct policy *p) {
  const Oremark__LogQuorum *q = p->quorum;
  if (q->n_lists == 1) {
    fprintf(out, "# Any %" PRIu32 " of these operators; of one that runs several daemons any daemon.\n",
            q->lists[0]->needed);
    put_group(out, p, "operators", q->lists[0]->needed, LISTS);
    fprintf(out, "quorum operators\n");
    return;
  }
  fprintf(out,
          "# The log is going over to other witnesses: both lists must sign until it has settled that, %" PRIu32
          " operators of the new\n# one and %" PRIu32 " of the old one. Write this file again then.\n",
          q->lists[0]->needed, q->lists[1]->needed);
  if (overlap(p)) {
    size_t enough = enough_of_all(p);
    if (!p->exact)
      fprintf(out,
              "# A witness stands in one group only, so this asks for more than the ledger does: what satisfies it "
              "is final, but\n# not every final checkpoint satisfies it.\n");
    put_group(out, p, "operators", enough, LISTS);
    fprintf(out, "quorum operators\n");
    return;
  }
  put_group(out, p, "now", q->lists[0]->needed, 0);
  put_group(out, p, "before", q->lists[1]->needed, 1);
  fprintf(out, "group both all now before\nquorum both\n");
}

static bool asks_for_any(const Oremark__LogQuorum *q) {
  for (size_t i = 0; i < q->n_lists; i++)
    if (q->lists[i]->needed > 0) return true;
  return false;
}

static void put_policy(FILE *out, struct policy *p) {
  const Oremark__LogQuorum *q = p->quorum;
  char vkey[OM_VKEY_BYTES], origin[OM_SHOW_BYTES];
  fprintf(out,
          "# Whose signatures make a checkpoint of %s final, as of its checkpoint of %" PRIu64
          " entries (C2SP\n"
          "# tlog-policy). The registry may name others for later ones.\n",
          om_show_text(origin, q->origin), q->size);
  om_vkey_format(vkey, q->origin, OM_ALG_ED25519, q->log_key.data);
  fprintf(out, "log %s\n", vkey);
  if (!asks_for_any(q)) {
    fprintf(out,
            "# The network has no witnesses for it: nothing protects against a dishonest operator.\nquorum none\n");
    return;
  }
  make_units(p);
  put_witnesses(out, p);
  put_operators(out, p);
  put_quorum(out, p);
}

/* ---- the command ---- */

/* Keys and names of another form would be no policy. */
static bool fits(const Oremark__LogQuorum *q) {
  bool good = om_key_name_ok(q->origin, strlen(q->origin)) && q->log_key.len == OM_PUBLIC_BYTES && q->n_lists >= 1 &&
              q->n_lists <= LISTS;
  for (size_t i = 0; good && i < q->n_lists; i++) {
    good = q->lists[i]->n_witnesses <= UNITS_MAX / LISTS;
    for (size_t w = 0; good && w < q->lists[i]->n_witnesses; w++) {
      const Oremark__ListedWitness *witness = q->lists[i]->witnesses[w];
      good = om_key_name_ok(witness->origin, strlen(witness->origin)) && witness->cosign_key.len == OM_PUBLIC_BYTES;
    }
  }
  return good;
}

bool om_policy_put(FILE *out, const Oremark__LogQuorum *quorum) {
  if (!fits(quorum)) return false;
  struct policy *policy = calloc(1, sizeof *policy);
  OM_ASSERT(policy);
  policy->quorum = quorum;
  put_policy(out, policy);
  free(policy);
  return true;
}

/* The number of the log with that origin; NULL: of the daemon's own, of which it tells ORIGIN. */
static enum om_code find_log(struct om_session *session, uint32_t *log, const char *origin, struct om_status *st) {
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  bool found = false;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st)) return st->code;
  const char *wanted = origin ? origin : reply->status->origin;
  for (size_t i = 0; i < reply->status->n_logs && !found; i++) {
    found = strcmp(reply->status->logs[i]->origin, wanted) == 0;
    *log = reply->status->logs[i]->log;
  }
  oremark__reply__free_unpacked(reply, NULL);
  if (found) return OM_OK;
  return origin
             ? om_fail(st, OM_USAGE, NULL, "the daemon holds no log %s: 'oremark status' lists them", origin)
             : om_fail(st, OM_USAGE, NULL, "the daemon has no log of its own: name one ('oremark status' lists them)");
}

static enum om_code show(struct om_session *session, const char *text, size_t len, struct om_status *st) {
  const char *path = om_args_value(session->args, "out");
  if (path && om_file_write(path, text, len, true, st) != OM_OK) return st->code;
  if (session->json)
    return om_show_json(
        session->out,
        json_pack("{s:o, s:o}", "policy", om_json_text(text), "file", path ? om_json_text(path) : json_null()), st);
  if (path)
    fprintf(session->out, "%s\n", path);
  else
    fputs(text, session->out);
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__GetQuorum get = OREMARK__GET_QUORUM__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  char *text = NULL;
  size_t len;
  request.what_case = OREMARK__REQUEST__WHAT_GET_QUORUM;
  request.get_quorum = &get;
  if (om_args_words(session->args, 0, 1, st) ||
      find_log(session, &get.log, session->args->n_words ? session->args->words[0].value : NULL, st) ||
      om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_QUORUM, st))
    return st->code;
  FILE *file = open_memstream(&text, &len);
  OM_ASSERT(file);
  bool put = om_policy_put(file, reply->quorum);
  OM_ASSERT(fclose(file) == 0);
  enum om_code code =
      put ? show(session, text, len, st) : om_fail(st, OM_IO, NULL, "the daemon names keys that are none: see its log");
  free(text);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_network_policy = {
    .name = "network policy",
    .words = "[LOG]",
    .summary = "Write whose signatures make a log's checkpoints final (C2SP tlog-policy).",
    .help =
        "Of the daemon's own log, or of the log with that origin. 'oremark verify-proof' and others' tools judge "
        "checkpoints by it.\nExamples:\n  oremark network policy -o own.policy\n  oremark network policy "
        "registry.example/log\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
