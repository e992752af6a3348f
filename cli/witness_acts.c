/* Acts of the governors that change who witnesses, or with which key. */
#include <stdlib.h>
#include <string.h>

#include "cli/act.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "keys/keyfile.h"

/* What people must know once the act is on its way. */
static enum om_code run(struct om_session *session, const char *next, struct om_status *st) {
  if (om_act_run(session, st)) return st->code;
  if (!session->json) fprintf(session->out, "%s\n", next);
  return OM_OK;
}

/* ---- network set-witnesses ---- */

static const struct om_option set_witnesses_options[] = {
    {"quorum", "K", "operators that must cosign (default: floor(2w/3) + 1 of the w that may)"},
    {"none", NULL, "no witnesses: heads are final at once, not protected against a dishonest operator"},
    {NULL, NULL, NULL},
};

static int by_number(const void *a, const void *b) {
  const uint32_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

enum om_code om_list_witnesses(struct om_session *session, Oremark__WitnessList *list, const struct om_args *args,
                               struct om_status *st) {
  const struct om_given *quorum = om_args_find(args, "quorum");
  uint64_t k = 0;
  bool none = om_args_has(args, "none");
  if (!none && args->n_words == 0)
    return om_fail(st, OM_USAGE, NULL, "%s: whose daemons are to witness? name their logs, or say --none",
                   args->command->name);
  if (om_args_words(args, none ? 0 : 1, none ? 0 : OM_WITNESSES_MAX, st) ||
      (quorum && om_given_u64(quorum, &k, OM_WITNESSES_MAX, st)))
    return st->code;
  list->quorum = (uint32_t)k;
  list->logs = om_arena_array(session->arena, OM_WITNESSES_MAX, sizeof *list->logs);
  for (size_t i = 0; i < args->n_words; i++)
    if (om_log_named(session, &list->logs[list->n_logs++], &args->words[i], st)) return st->code;
  qsort(list->logs, list->n_logs, sizeof *list->logs, by_number);
  for (size_t i = 1; i < list->n_logs; i++)
    if (list->logs[i] == list->logs[i - 1])
      return om_fail(st, OM_USAGE, NULL, "log %u is named twice: name each witness once", list->logs[i]);
  return OM_OK;
}

static enum om_code build_set_witnesses(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                        struct om_status *st) {
  Oremark__SetWitnesses *set = om_arena_alloc(session->arena, sizeof *set);
  Oremark__WitnessList *list = om_arena_alloc(session->arena, sizeof *list);
  oremark__set_witnesses__init(set);
  oremark__witness_list__init(list);
  if (om_list_witnesses(session, list, args, st)) return st->code;
  set->witnesses = list;
  event->kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event->set_witnesses = set;
  return om_governors_chain(session, event, st);
}

static enum om_code run_set_witnesses(struct om_session *session, struct om_status *st) {
  return run(
      session,
      "once recorded: until each log has recorded a head that both lists signed, it needs the quorums of the old "
      "witnesses and of the new ones; so let all of them run. The next change can be made after that.",
      st);
}

const struct om_command om_command_network_set_witnesses = {
    .name = "network set-witnesses",
    .words = "[LOG...]",
    .summary = "Say whose daemons witness, all of them anew; by log origin or number (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "A list whose witnesses can't be reached can't be taken back by another: nothing becomes final without them.\n"
    "Example:\n  oremark network set-witnesses registry.example/log kokkola.example/log 4 5 --out "
    "witnesses.statement\n",
    .options = set_witnesses_options,
    .groups = OM_OPTS_ACT,
    .run = run_set_witnesses,
    .build = build_set_witnesses,
};

/* ---- member replace-cosign-key ---- */

static const struct om_option replace_options[] = {
    {"keys", "DIR", "the daemon's folder of keys, with the new cosign.key in it (only the public half is read)"},
    {"cosign-key", "VKEY", "or the new key's public half, as 'oremark key show' prints it"},
    {"operator", "MEMBER", "who runs the daemon, and..."},
    {"old-cosign-key", "VKEY", "...its cosign key so far, where no daemon can be asked"},
    {"reason", "TEXT", "why, at most 256 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code new_key(struct om_session *session, ProtobufCBinaryData *out, const struct om_args *args,
                            struct om_status *st) {
  const struct om_given *keys = om_args_find(args, "keys"), *text = om_args_find(args, "cosign-key");
  struct om_key_info info;
  struct om_vkey vkey;
  if (!keys == !text)
    return om_fail(
        st, OM_USAGE, NULL,
        "member replace-cosign-key: give either --keys (the daemon's folder of keys, with the new cosign.key) "
        "or --cosign-key (its public half)");
  if (text) {
    if (om_vkey_parse(&vkey, text->value, strlen(text->value), st)) return om_given_wrap(text, st);
    out->data = om_arena_copy(session->arena, vkey.key, sizeof vkey.key);
  } else {
    char path[4096];
    snprintf(path, sizeof path, "%s/cosign.key", keys->value);
    if (om_keyfile_info(&info, path, st)) return om_given_wrap(keys, st);
    if (info.kind != OM_KEY_COSIGN)
      return om_fail(st, OM_USAGE, NULL, "%s is a %s key; a cosign key is wanted", path, om_key_kind_name(info.kind));
    out->data = om_arena_copy(session->arena, info.public_key, sizeof info.public_key);
  }
  out->len = OM_PUBLIC_BYTES;
  return OM_OK;
}

/* The daemon's operator and its key so far, by --operator and --old-cosign-key. */
static enum om_code old_stated(struct om_session *session, Oremark__RevokeKey *revoke, const struct om_args *args,
                               struct om_status *st) {
  const struct om_given *operator_, *old;
  struct om_vkey vkey;
  if (om_args_need(args, &operator_, "operator", st) || om_args_need(args, &old, "old-cosign-key", st)) return st->code;
  if (om_session_member(session, &revoke->member, operator_->value, st)) return om_given_wrap(operator_, st);
  if (om_vkey_parse(&vkey, old->value, strlen(old->value), st)) return om_given_wrap(old, st);
  revoke->key = (ProtobufCBinaryData){sizeof vkey.key, om_arena_copy(session->arena, vkey.key, sizeof vkey.key)};
  return OM_OK;
}

static enum om_code old_asked(struct om_session *session, Oremark__RevokeKey *revoke, const struct om_args *args,
                              struct om_status *st) {
  const Oremark__LogState *log;
  if (om_log_state_named(session, &log, &args->words[0], st)) return st->code;
  revoke->member = log->operator_member;
  om_copy_id(session->arena, &revoke->key, log->cosign_key);
  return OM_OK;
}

static enum om_code build_replace(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                  struct om_status *st) {
  Oremark__RevokeKey *revoke = om_arena_alloc(session->arena, sizeof *revoke);
  oremark__revoke_key__init(revoke);
  bool stated = om_args_has(args, "operator") || om_args_has(args, "old-cosign-key");
  if (om_args_words(args, 1, 1, st) || new_key(session, &revoke->replacement, args, st) ||
      (stated ? old_stated : old_asked)(session, revoke, args, st))
    return st->code;
  if (revoke->key.len == OM_PUBLIC_BYTES && memcmp(revoke->key.data, revoke->replacement.data, OM_PUBLIC_BYTES) == 0)
    return om_fail(
        st, OM_USAGE, NULL,
        "the daemon of %s cosigns with that key already: make a new one with 'oremark key new --kind cosign'",
        args->words[0].value);
  revoke->reason = om_copy_text(session->arena, om_args_value(args, "reason"));
  event->kind_case = OREMARK__EVENT__KIND_REVOKE_KEY;
  event->revoke_key = revoke;
  return om_governors_chain(session, event, st);
}

static enum om_code run_replace(struct om_session *session, struct om_status *st) {
  return run(session,
             "once recorded: until each log has recorded a head that both lists signed, it needs a quorum with the old "
             "key and one with the new. Start the daemon with the new cosign.key in its keys folder; it cosigns once "
             "its own log shows the change.",
             st);
}

const struct om_command om_command_member_replace_cosign_key = {
    .name = "member replace-cosign-key",
    .words = "LOG",
    .summary = "Give a daemon, named by its log, another key to cosign with; ends the old one (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "A daemon whose store was lost or set back needs one before it cosigns again, and so does one whose key others may "
    "have.\n"
    "Example:\n"
    "  mv keys/cosign.key keys/cosign.key.old\n"
    "  oremark key new --kind cosign --name kokkola.example/log --no-passphrase keys/cosign.key\n"
    "  oremark member replace-cosign-key kokkola.example/log --keys keys --reason \"disk lost\" --out key.statement\n",
    .options = replace_options,
    .groups = OM_OPTS_ACT,
    .run = run_replace,
    .build = build_replace,
};
