#include "cli/governance.h"

#include <string.h>

#include "cli/act.h"
#include "cli/clock.h"
#include "cli/show.h"
#include "ledger/events/kinds.h"

enum om_code om_who_governs(struct om_session *session, struct om_who_governs **out, struct om_status *st) {
  const Oremark__Registry *registry;
  if (om_session_registry(session, &registry, NULL, 0, st)) return st->code;
  struct om_who_governs *who = *out = om_arena_alloc(session->arena, sizeof *who);
  who->threshold = registry->threshold;
  for (size_t i = 0; i < registry->n_governors && who->n < OM_GOVERNORS_MAX; i++) {
    const Oremark__Governor *from = registry->governors[i];
    struct om_governor *to = &who->list[who->n++];
    char name[OM_SHOW_BYTES];
    to->member = from->member;
    snprintf(to->name, sizeof to->name, "%s", om_show_text(name, from->name));
    if (from->n_key_ids <= OM_GOVERNOR_KEYS_MAX)
      for (; to->n_keys < from->n_key_ids; to->n_keys++) to->keys[to->n_keys] = from->key_ids[to->n_keys];
  }
  if (who->n > 0 && who->threshold > 0) return OM_OK;
  return om_fail(st, OM_IO, NULL, "the daemon does not say who governs: are daemon and command of one version?");
}

/* ---- who has signed ---- */

static const struct om_governor *governor(const struct om_signed *s, uint32_t member) {
  for (size_t i = 0; s->governors && i < s->governors->n; i++)
    if (s->governors->list[i].member == member) return &s->governors->list[i];
  return NULL;
}

static const Oremark__Signature *signature_of(const struct om_signed *s, uint32_t member) {
  for (size_t i = 0; i < s->n_signatures; i++)
    if (s->signatures[i]->member == member) return s->signatures[i];
  return NULL;
}

size_t om_proposal_missing(const struct om_signed *s) {
  size_t have = 0;
  if (!s->governors) return 0;
  for (size_t i = 0; i < s->governors->n; i++) have += signature_of(s, s->governors->list[i].member) != NULL;
  return have < s->governors->threshold ? s->governors->threshold - have : 0;
}

enum om_code om_proposal_wants(const struct om_signed *s, uint32_t member, uint32_t key_id, struct om_status *st) {
  const struct om_governor *g = governor(s, member);
  bool known = g && g->n_keys == 0;
  if (!s->governors) return OM_OK;
  if (!g)
    return om_fail(
        st, OM_NO, NULL,
        "member %u does not govern, as of when this was proposed: its signature would make the ledger refuse "
        "the act",
        member);
  for (size_t i = 0; i < g->n_keys; i++) known |= g->keys[i] == key_id;
  if (known) return OM_OK;
  return om_fail(st, OM_NO, NULL,
                 "key %08x was none of member %u's (%s) when this was proposed: sign with a key that stands in the "
                 "registry, or propose the act anew",
                 key_id, member, g->name);
}

/* ---- what is shown ---- */

static json_t *proposal_json(const struct om_signed *s, const char *path) {
  char hex[2 * OM_HASH_BYTES + 1], id[16];
  json_t *acts = json_array(), *signed_by = json_array(), *not_yet = json_array();
  for (size_t i = 0; i < s->statement->n_events; i++) {
    struct om_text line;
    om_signed_describe(&line, s, i);
    json_array_append_new(acts, json_pack("{s:s, s:o}", "kind", om_kind_of(s->statement->events[i])->name, "text",
                                          om_json_text(line.bytes)));
  }
  for (size_t i = 0; i < s->n_signatures; i++) {
    const struct om_governor *g = governor(s, s->signatures[i]->member);
    snprintf(id, sizeof id, "%08x", s->signatures[i]->key_id);
    json_array_append_new(signed_by, json_pack("{s:I, s:o, s:s}", "member", (json_int_t)s->signatures[i]->member,
                                               "name", g ? om_json_text(g->name) : json_null(), "key", id));
  }
  for (size_t i = 0; s->governors && i < s->governors->n; i++) {
    const struct om_governor *g = &s->governors->list[i];
    if (!signature_of(s, g->member))
      json_array_append_new(not_yet,
                            json_pack("{s:I, s:o}", "member", (json_int_t)g->member, "name", om_json_text(g->name)));
  }
  return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "file", path, "statement_id",
                   om_hex(hex, s->id.bytes, OM_HASH_BYTES), "valid_until", om_json_time(s->statement->not_after_ms, 0),
                   "acts", acts, "threshold", s->governors ? json_integer(s->governors->threshold) : json_null(),
                   "signed", signed_by, "not_signed", not_yet, "missing",
                   s->governors ? json_integer((json_int_t)om_proposal_missing(s)) : json_null());
}

static void show_signatures(FILE *out, const struct om_signed *s) {
  for (size_t i = 0; i < s->n_signatures; i++) {
    const struct om_governor *g = governor(s, s->signatures[i]->member);
    fprintf(out, "signed by  member %u%s%s%s, key %08x\n", s->signatures[i]->member, g ? " (" : "", g ? g->name : "",
            g              ? ")"
            : s->governors ? ", who does not govern"
                           : "",
            s->signatures[i]->key_id);
  }
  for (size_t i = 0; s->governors && i < s->governors->n; i++)
    if (!signature_of(s, s->governors->list[i].member))
      fprintf(out, "not signed  member %u (%s)\n", s->governors->list[i].member, s->governors->list[i].name);
}

void om_proposal_next(FILE *out, const struct om_signed *s, const char *path) {
  const char *next = om_next_command(s->statement);
  fprintf(out, "enough have signed: hand it in with 'oremark %s%s %s'\n",
          strcmp(next, "submit") == 0 ? "governance " : "", next, path);
}

static void show_next(FILE *out, const struct om_signed *s, const char *path) {
  size_t missing = om_proposal_missing(s);
  if (om_kind_of(s->statement->events[0])->class != OM_KIND_GOVERNORS)
    fprintf(out, "no act of the governors: who makes it signs with 'oremark sign %s'; then 'oremark submit %s'\n", path,
            path);
  else if (!s->governors)
    fprintf(out,
            "who must sign is not in the file, as no daemon was asked. As many of the governors as 'oremark network "
            "show' tells: oremark governance sign %s; then: oremark governance submit %s\n",
            path, path);
  else if (missing > 0)
    fprintf(out, "%zu more of these %zu must sign: oremark governance sign %s\n", missing,
            s->governors->n - (s->governors->threshold - missing), path);
  else
    om_proposal_next(out, s, path);
}

void om_proposal_describe(struct om_session *session, const struct om_signed *s, const char *path) {
  char until[OM_TIME_TEXT_BYTES], hex[2 * OM_HASH_BYTES + 1];
  om_time_format(until, sizeof until, s->statement->not_after_ms, om_zone_at(s->statement->not_after_ms));
  fprintf(session->out, "%s, to be handed in by %s at the latest (statement %.16s):\n", path, until,
          om_hex(hex, s->id.bytes, OM_HASH_BYTES));
  for (size_t i = 0; i < s->statement->n_events; i++) {
    struct om_text line;
    om_signed_describe(&line, s, i);
    fprintf(session->out, "  %s\n", line.bytes);
  }
  show_signatures(session->out, s);
}

enum om_code om_proposal_show(struct om_session *session, const struct om_signed *s, const char *path,
                              struct om_status *st) {
  if (session->json) return om_show_json(session->out, proposal_json(s, path), st);
  om_proposal_describe(session, s, path);
  show_next(session->out, s, path);
  return OM_OK;
}

/* ---- commands ---- */

static enum om_code run_alone(struct om_session *session, struct om_status *st) {
  (void)session;
  return om_fail(st, OM_USAGE, NULL,
                 "governance propose: which act? As in: oremark governance propose member suspend 7 --reason \"...\" "
                 "--out suspend.statement");
}

const struct om_command om_command_governance_propose = {
    .name = "governance propose",
    .words = "ACT...",
    .summary = "Write an act of the governors to a file that nobody has signed yet.",
    .help =
        "ACT is the command that makes the act, with its options: member enrol, member set-roles, member suspend, "
        "member\n"
        "reinstate, member rehome, member add-daemon, member revoke-key, member site-status, member "
        "replace-cosign-key,\n"
        "network set-governors, network set-limits, network set-rules, network set-witnesses, scheme recognise, lot "
        "reassign\n"
        "and others. It is not signed; --out says where it goes. On a machine without a daemon, give --network\n"
        "and --previous or --number, which 'oremark network show' and 'oremark member show' tell on one that has one.\n"
        "Then each governor: oremark governance sign FILE; and one of them: oremark governance submit FILE. A "
        "governor\n"
        "who gives the command without 'governance propose', and with --out, signs at once; the file is the same.\n"
        "Example:\n"
        "  oremark governance propose member suspend 7 --reason \"tags of another mine\" --out suspend.statement\n",
    .run = run_alone,
};

static enum om_code run_show(struct om_session *session, struct om_status *st) {
  struct om_signed s;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  const char *path = session->args->words[0].value;
  if (om_signed_read(&s, session->arena, path, st)) return st->code;
  return om_proposal_show(session, &s, path, st);
}

const struct om_command om_command_governance_show = {
    .name = "governance show",
    .words = "FILE",
    .summary = "What a proposed act would do, who has signed it, and who is missing; needs no daemon.",
    .help = "Example:\n  oremark governance show suspend.statement\n",
    .run = run_show,
};

const struct om_command om_command_governance_sign = {
    .name = "governance sign",
    .words = "FILE",
    .summary = "Show a proposed act and add one governor's signature; needs no daemon.",
    .help =
        "The member is named by number where there is no daemon. A signature that the ledger would refuse is not "
        "added.\n"
        "Example:\n  oremark governance sign suspend.statement --key governor-2.key --member 2\n",
    .options = om_sign_options,
    .groups = OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_sign_run,
};

const struct om_command om_command_governance_submit = {
    .name = "governance submit",
    .words = "FILE",
    .summary = "Hand a proposed act in, once enough governors have signed it.",
    .help =
        "It goes to the daemon that holds the registry log.\nExample:\n  oremark governance submit suspend.statement\n",
    .options = om_submit_options,
    .groups = OM_OPTS_DAEMON,
    .run = om_submit_run,
};
