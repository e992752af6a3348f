/* Acts of the governors on roles, limits, schemes, mine sites, keys and themselves. */
#include <stdlib.h>
#include <string.h>

#include "cli/act.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "cli/show.h"
#include "cli/spec.h"
#include "cli/words.h"
#include "keys/base64.h"

static int by_number(const void *a, const void *b) {
  const uint32_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static void sort(uint32_t *list, size_t n) {
  if (n > 1) qsort(list, n, sizeof *list, by_number);
}

/* ---- member set-roles ---- */

static const struct om_option set_roles_options[] = {
    {"role", "ROLE", OM_ROLES_HELP},
    {"none", NULL, "no role at all"},
    {NULL, NULL, NULL},
};

static enum om_code build_set_roles(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                    struct om_status *st) {
  OM_MAKE_ACT(SetRoles, set_roles, SET_ROLES, set_roles);
  if (om_args_words(args, 1, 1, st) || om_session_member(session, &act->member, args->words[0].value, st) ||
      om_roles_given(session, &act->roles, &act->n_roles, args, st))
    return st->code;
  if ((act->n_roles == 0) != om_args_has(args, "none"))
    return om_fail(st, OM_USAGE, NULL, "member set-roles: name all roles that the member is to have, or --none");
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_member_set_roles = {
    .name = "member set-roles",
    .words = "MEMBER",
    .summary = "Say what a member may write: all its roles anew (act of the governors).",
    .help =
        OM_GOVERNORS_ACT "Example:\n  oremark member set-roles 4 --role smelter --role refiner --out roles.statement\n",
    .options = set_roles_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_set_roles,
};

/* ---- network set-governors ---- */

static const struct om_option set_governors_options[] = {
    {"threshold", "K", "how many of them must sign an act: more than half"},
    {NULL, NULL, NULL},
};

static enum om_code build_set_governors(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                        struct om_status *st) {
  OM_MAKE_ACT(SetGovernors, set_governors, SET_GOVERNORS, set_governors);
  const struct om_given *threshold;
  uint64_t k;
  if (om_args_words(args, 1, OM_GOVERNORS_MAX, st) || om_args_need(args, &threshold, "threshold", st) ||
      om_given_u64(threshold, &k, OM_GOVERNORS_MAX, st))
    return st->code;
  act->threshold = (uint32_t)k;
  act->governors = om_arena_array(session->arena, args->n_words, sizeof *act->governors);
  for (size_t i = 0; i < args->n_words; i++)
    if (om_session_member(session, &act->governors[act->n_governors++], args->words[i].value, st)) return st->code;
  sort(act->governors, act->n_governors);
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_network_set_governors = {
    .name = "network set-governors",
    .words = "MEMBER...",
    .summary = "Say who governs from now on, all of them anew (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "What the former ones have gathered signatures for is void then.\n"
    "Example:\n  oremark network set-governors 1 2 5 --threshold 2 --out governors.statement\n",
    .options = set_governors_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_set_governors,
};

/* ---- network set-limits ---- */

static enum om_code build_set_limits(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                     struct om_status *st) {
  OM_MAKE_ACT(SetLimits, set_limits, SET_LIMITS, set_limits);
  if (om_args_words(args, 1, 1, st) || om_spec_limits(session->arena, &act->limits, args->words[0].value, st))
    return st->code;
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_network_set_limits = {
    .name = "network set-limits",
    .words = "SPEC",
    .summary = "Set tolerances and caps, all of them anew (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "SPEC is a file with a section limits { ... }, as in deploy/network.spec.example.\n"
    "Example:\n  oremark network set-limits limits.spec --out limits.statement\n",
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_set_limits,
};

/* ---- network set-rules ---- */

static enum om_code build_set_rules(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                    struct om_status *st) {
  OM_MAKE_ACT(SetRules, set_rules, SET_RULES, set_rules);
  uint64_t version;
  if (om_args_words(args, 1, 1, st) || om_given_u64(&args->words[0], &version, UINT32_MAX, st)) return st->code;
  act->rules_version = (uint32_t)version;
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_network_set_rules = {
    .name = "network set-rules",
    .words = "VERSION",
    .summary = "Go over to another version of the rules, in every log from its mark of this on (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Let every operator upgrade first: a daemon that does not know the version stops following the registry there.\n"
    "2: a statement is valid for 366 days from its signing at most.\n"
    "Example:\n  oremark network set-rules 2 --out rules.statement\n",
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_set_rules,
};

/* ---- scheme recognise ---- */

static const struct om_option recognise_options[] = {
    {"certifier", "MEMBER", "who may certify under it, number or name; may be repeated"},
    {"ended", NULL, "it is recognised no more"},
    {NULL, NULL, NULL},
};

static enum om_code build_recognise(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                    struct om_status *st) {
  OM_MAKE_ACT(RecogniseScheme, recognise_scheme, RECOGNISE_SCHEME, recognise_scheme);
  if (om_args_words(args, 1, 1, st)) return st->code;
  act->scheme = om_copy_text(session->arena, args->words[0].value);
  act->ended = om_args_has(args, "ended");
  act->certifiers = om_arena_array(session->arena, args->n, sizeof *act->certifiers);
  for (size_t i = 0; i < args->n; i++)
    if (om_given_is(&args->given[i], "certifier") &&
        om_session_member(session, &act->certifiers[act->n_certifiers++], args->given[i].value, st))
      return om_given_wrap(&args->given[i], st);
  sort(act->certifiers, act->n_certifiers);
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_scheme_recognise = {
    .name = "scheme recognise",
    .words = "SCHEME",
    .summary = "Recognise a scheme and name all who certify under it, or end that (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Example:\n  oremark scheme recognise \"RMI RMAP\" --certifier 9 --certifier 12 --out rmap.statement\n",
    .options = recognise_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_recognise,
};

/* ---- member site-status ---- */

static const struct om_option site_status_options[] = {
    {"status", "COLOUR", "green, yellow, red, blue: the ICGLR's status of mine sites"},
    {"from", "TIME", "from when it holds (a date: its first moment here)"},
    {"until", "TIME", "until this moment, which is no longer inside"},
    {NULL, NULL, NULL},
};

static enum om_code build_site_status(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                      struct om_status *st) {
  OM_MAKE_ACT(SiteStatus, site_status, SITE_STATUS, site_status);
  const struct om_given *status, *from, *until;
  int state;
  if (om_args_words(args, 2, 2, st) || om_args_need(args, &status, "status", st) ||
      om_given_word(status, &state, &oremark__site_state__descriptor, st) || om_args_need(args, &from, "from", st) ||
      om_given_time(from, &act->valid_from_ms, st) || om_args_need(args, &until, "until", st) ||
      om_given_time(until, &act->valid_until_ms, st) ||
      om_session_member(session, &act->member, args->words[0].value, st) ||
      om_session_site(session, &act->site, act->member, args->words[1].value, st))
    return st->code;
  act->state = (Oremark__SiteState)state;
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_member_site_status = {
    .name = "member site-status",
    .words = "MEMBER SITE",
    .summary = "Give a mine site its status for a time; a later act overrides (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Example:\n  oremark member site-status 2 1 --status green --from 2026-01-01 --until 2027-01-01 --out "
    "green.statement\n",
    .options = site_status_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_site_status,
};

/* ---- member revoke-key ---- */

static const struct om_option revoke_options[] = {
    {"key-id", "HEX", "the stolen key, by its id as 'oremark member show' lists it"},
    {"vkey", "VKEY", "or its public half, as 'oremark key show' prints it"},
    {"key-file", "FILE", "or its key file (only the public half is read)"},
    {"since-entry", "N", "what it did to the registry from this entry on is undone; see 'oremark member show'"},
    {"stolen-at", "TIME", "when it got into other hands, as far as is known"},
    {"new-vkey", "VKEY", "a key that takes its place: the public half"},
    {"new-key-file", "FILE", "or its key file"},
    {"reason", "TEXT", "why, at most 256 bytes"},
    {NULL, NULL, NULL},
};

enum om_code om_key_given(struct om_session *session, ProtobufCBinaryData *out, uint32_t member,
                          const struct om_args *args, struct om_status *st) {
  const struct om_given *given = om_args_find(args, "key-id");
  const Oremark__MemberRights *rights;
  uint8_t id[4];
  if (!given && !om_args_has(args, "vkey") && !om_args_has(args, "key-file"))
    return om_fail(st, OM_USAGE, NULL, "%s: which key? --key-id HEX, as 'oremark member show %u' lists it",
                   args->command->name, member);
  if (!given) return om_public_given(session, out, args, "", st);
  if (!om_hex_parse(id, sizeof id, given->value)) {
    om_fail(st, OM_USAGE, NULL, "'%s' is not a key's id of 8 hexadecimal digits", given->value);
    return om_given_wrap(given, st);
  }
  if (om_session_rights(session, &rights, member, st)) return st->code;
  uint32_t wanted = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
  for (size_t i = 0; i < rights->n_keys; i++)
    if (rights->keys[i]->id == wanted) return om_copy_id(session->arena, out, rights->keys[i]->key), OM_OK;
  return om_fail(st, OM_USAGE, NULL, "member %u has, and had, no key %s: see 'oremark member show %u'", member,
                 given->value, member);
}

/* Since when what the key ID did is void, as far as ACT and earlier revocations say; UINT64_MAX: it is not. KEYS are in
 * the order in which they were added. */
static uint64_t void_from(const Oremark__MemberRights *r, const uint64_t *from, uint32_t id) {
  for (size_t i = 0; i < r->n_keys; i++)
    if (r->keys[i]->id == id) return from[i];
  return UINT64_MAX;
}

/* Tells of the keys that the act would make stand again: one that its owner retired for cause, with the key that is
 * now known to be stolen, would be back without anybody's having meant it. */
static enum om_code tell_returning(struct om_session *session, const Oremark__RevokeKey *act, struct om_status *st) {
  const Oremark__MemberRights *r;
  char text[OM_SHOW_BYTES];
  if (om_session_rights(session, &r, act->member, st)) return st->code;
  uint64_t *from = om_arena_array(session->arena, r->n_keys, sizeof *from);
  for (size_t i = 0; i < r->n_keys; i++) from[i] = UINT64_MAX;
  for (size_t i = 0; i < r->n_keys; i++) {
    const Oremark__MemberKey *k = r->keys[i];
    if (strcmp(k->state, "revoked") == 0) from[i] = k->since_entry;
    if (k->key.len == act->key.len && memcmp(k->key.data, act->key.data, k->key.len) == 0 && act->since_entry < from[i])
      from[i] = act->since_entry;
    if (k->added_by_key && k->added >= void_from(r, from, k->added_by) && k->added < from[i]) from[i] = k->added;
  }
  for (size_t i = 0; i < r->n_keys; i++) {
    const Oremark__MemberKey *k = r->keys[i];
    if (strcmp(k->state, "retired") != 0 || !k->ended_by_key || k->ended < void_from(r, from, k->ended_by) ||
        from[i] != UINT64_MAX)
      continue;
    fprintf(session->err,
            "note: key %08x%s%s%s, which entry %llu retired with key %08x, would stand again: have it revoked too if "
            "it was retired for cause, and tell those who are to sign\n",
            k->id, *k->label ? " (" : "", om_show_text(text, k->label), *k->label ? ")" : "",
            (unsigned long long)k->ended, k->ended_by);
  }
  return OM_OK;
}

static enum om_code build_revoke(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                 struct om_status *st) {
  OM_MAKE_ACT(RevokeKey, revoke_key, REVOKE_KEY, revoke_key);
  const struct om_given *since, *stolen = om_args_find(args, "stolen-at");
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &since, "since-entry", st) ||
      om_given_u64(since, &act->since_entry, UINT64_MAX, st) ||
      om_session_member(session, &act->member, args->words[0].value, st) ||
      om_key_given(session, &act->key, act->member, args, st))
    return st->code;
  if (stolen && om_given_time(stolen, &act->stolen_ms, st)) return st->code;
  if ((om_args_has(args, "new-vkey") || om_args_has(args, "new-key-file")) &&
      om_public_given(session, &act->replacement, args, "new-", st))
    return st->code;
  act->reason = om_copy_text(session->arena, om_args_value(args, "reason"));
  if (om_governors_chain(session, event, st)) return st->code;
  return om_args_has(args, "previous") ? OM_OK : tell_returning(session, act, st); /* no daemon is asked then */
}

const struct om_command om_command_member_revoke_key = {
    .name = "member revoke-key",
    .words = "MEMBER",
    .summary = "End a stolen key of a member's, and what it did to the registry since (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Keys and sites that it added from --since-entry on end, and what those did in turn; keys that it retired stand\n"
    "again; mandates, sealing key and addresses are as they were before. A thief that keeps writing is stopped first\n"
    "by 'oremark member suspend'.\n"
    "Example:\n"
    "  oremark member revoke-key 4 --key-id 1f3a0c5d --since-entry 118 --stolen-at 2026-11-20T18:00:00Z \\\n"
    "    --new-vkey kokkola.example/clerk-2+77aa0b11+AQ... --reason \"laptop stolen\" --out revoke.statement\n",
    .options = revoke_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_revoke,
};
