/* Acts of a member for itself: which of its keys stand, and who may act for it. */
#include <string.h>

#include "cli/act.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "keys/base64.h"

/* ---- member retire-key ---- */

static const struct om_option retire_options[] = {
    {"key-id", "HEX", "the key, by its id as 'oremark member show' lists it"},
    {"vkey", "VKEY", "or its public half, as 'oremark key show' prints it"},
    {"key-file", "FILE", "or its key file (only the public half is read)"},
    {NULL, NULL, NULL},
};

static enum om_code build_retire(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                 struct om_status *st) {
  OM_MAKE_ACT(RetireKey, retire_key, RETIRE_KEY, retire_key);
  uint32_t self;
  if (om_args_words(args, 0, 0, st) || om_session_self(session, &self, st) ||
      om_key_given(session, &act->key, self, args, st))
    return st->code;
  return om_member_chain(session, event, st);
}

const struct om_command om_command_member_retire_key = {
    .name = "member retire-key",
    .summary = "End a key of your own member's; what it has signed stays good. Never the last one.",
    .help =
        "Goes to the daemon that holds the registry log. A key that others may have is revoked by the governors.\n"
        "Example:\n  oremark member retire-key --key-id 1f3a0c5d --key clerk.key\n",
    .options = retire_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_retire,
};

/* ---- mandates ---- */

static const struct om_option mandate_options[] = {
    {"ship", NULL, "send them to a third party"},
    {"consume", NULL, "transform, charge or retire them"},
    {NULL, NULL, NULL},
};

static enum om_code build_give(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                               struct om_status *st) {
  OM_MAKE_ACT(GiveMandate, give_mandate, GIVE_MANDATE, give_mandate);
  if (om_args_words(args, 1, 1, st) || om_session_member(session, &act->agent, args->words[0].value, st))
    return st->code;
  act->ship = om_args_has(args, "ship");
  act->consume = om_args_has(args, "consume");
  if (!act->ship && !act->consume)
    return om_fail(st, OM_USAGE, NULL, "member give-mandate: say what for: --ship, --consume, or both");
  return om_member_chain(session, event, st);
}

const struct om_command om_command_member_give_mandate = {
    .name = "member give-mandate",
    .words = "AGENT",
    .summary = "Let another member ship or consume what yours owns, without your signature each time.",
    .help =
        "Takes the place of what was given to that member before. Goes to the daemon that holds the registry log.\n"
        "Example:\n  oremark member give-mandate \"Ilo Refinery\" --consume\n",
    .options = mandate_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_give,
};

static enum om_code build_end(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                              struct om_status *st) {
  OM_MAKE_ACT(EndMandate, end_mandate, END_MANDATE, end_mandate);
  if (om_args_words(args, 1, 1, st) || om_session_member(session, &act->agent, args->words[0].value, st))
    return st->code;
  return om_member_chain(session, event, st);
}

const struct om_command om_command_member_end_mandate = {
    .name = "member end-mandate",
    .words = "AGENT",
    .summary = "End the mandate that another member has of yours.",
    .help =
        "Each log is bound from its own mark of this act on.\nExample:\n  oremark member end-mandate \"Ilo "
        "Refinery\"\n",
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_end,
};

/* ---- member set-sealing-key ---- */

static const struct om_option sealing_options[] = {
    {"public", "BASE64", "the public half, X25519, 32 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code build_sealing(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                  struct om_status *st) {
  OM_MAKE_ACT(SetSealingKey, set_sealing_key, SET_SEALING_KEY, set_sealing_key);
  const struct om_given *given;
  uint8_t key[OM_PUBLIC_BYTES];
  size_t len;
  if (om_args_words(args, 0, 0, st) || om_args_need(args, &given, "public", st)) return st->code;
  if (!om_base64_decode(key, sizeof key, &len, given->value, strlen(given->value)) || len != sizeof key) {
    om_fail(st, OM_USAGE, NULL, "'%s' is not 32 bytes in base64", given->value);
    return om_given_wrap(given, st);
  }
  act->key.data = om_arena_copy(session->arena, key, sizeof key);
  act->key.len = sizeof key;
  return om_member_chain(session, event, st);
}

const struct om_command om_command_member_set_sealing_key = {
    .name = "member set-sealing-key",
    .summary = "Publish the key to which others seal confidential details for your member.",
    .help =
        "Takes the place of the one before; keep that too, for what was sealed to it.\n"
        "Example:\n  oremark member set-sealing-key --public q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=\n",
    .options = sealing_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_sealing,
};
