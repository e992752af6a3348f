#include "cli/governors.h"

#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "cli/words.h"
#include "keys/keyfile.h"
#include "keys/vkey.h"

static enum om_code too_few(const struct om_session *session, uint32_t threshold, struct om_status *st) {
  if (threshold <= 1 || session->args->propose || om_args_has(session->args, "out")) return OM_OK;
  return om_fail(st, OM_USAGE, NULL,
                 "%u governors must sign this: put 'governance propose' before the command and --out FILE behind it, "
                 "let each 'oremark governance sign FILE', then 'oremark governance submit FILE'",
                 threshold);
}

/* *STATED: by --previous. */
static enum om_code previous_given(struct om_session *session, ProtobufCBinaryData *out, bool *stated,
                                   struct om_status *st) {
  const struct om_given *given = om_args_find(session->args, "previous");
  uint8_t id[OM_HASH_BYTES];
  *stated = given != NULL;
  if (!given || strcmp(given->value, "none") == 0) return OM_OK;
  if (!om_hex_parse(id, sizeof id, given->value)) {
    om_fail(st, OM_USAGE, NULL, "'%s' is not an act's id of 64 hexadecimal digits, nor 'none'", given->value);
    return om_given_wrap(given, st);
  }
  out->data = om_arena_copy(session->arena, id, sizeof id);
  out->len = sizeof id;
  return OM_OK;
}

enum om_code om_chain_stated(struct om_session *session, Oremark__Event *event, bool *stated, struct om_status *st) {
  return previous_given(session, &event->previous, stated, st);
}

enum om_code om_governors_chain(struct om_session *session, Oremark__Event *event, struct om_status *st) {
  const Oremark__Registry *registry;
  bool stated;
  if (previous_given(session, &event->previous, &stated, st)) return st->code;
  if (stated) return OM_OK;
  if (om_session_registry(session, &registry, event, 0, st)) return st->code;
  om_copy_id(session->arena, &event->previous, registry->previous);
  return too_few(session, registry->threshold, st);
}

enum om_code om_member_chain(struct om_session *session, Oremark__Event *event, struct om_status *st) {
  const Oremark__Registry *registry;
  bool stated;
  uint32_t self;
  if (previous_given(session, &event->previous, &stated, st)) return st->code;
  if (stated) return OM_OK;
  if (om_session_self(session, &self, st) || om_session_registry(session, &registry, event, self, st)) return st->code;
  om_copy_id(session->arena, &event->previous, registry->previous);
  return OM_OK;
}

enum om_code om_governors_suffice(struct om_session *session, struct om_status *st) {
  const Oremark__Members *members;
  if (session->args->propose || om_args_has(session->args, "out")) return OM_OK;
  return om_session_members(session, &members, st) ? st->code : too_few(session, members->threshold, st);
}

/* ---- without a daemon ---- */

enum om_code om_number_stated(const struct om_args *args, uint32_t *out, bool *stated, struct om_status *st) {
  const struct om_given *given = om_args_find(args, "number");
  uint64_t number = 0;
  *stated = given != NULL;
  if (!given) return OM_OK;
  if (om_given_u64(given, &number, UINT32_MAX, st)) return st->code;
  *out = (uint32_t)number;
  return OM_OK;
}

static bool as_number(uint32_t *out, const char *text) {
  char *end;
  unsigned long number = strtoul(text, &end, 10);
  *out = (uint32_t)number;
  return *text >= '0' && *text <= '9' && *end == '\0' && number < UINT32_MAX;
}

enum om_code om_log_named(struct om_session *session, uint32_t *out, const struct om_given *given,
                          struct om_status *st) {
  const Oremark__Status *status;
  if (as_number(out, given->value)) return OM_OK;
  if (om_session_status(session, &status, st)) return st->code;
  for (size_t i = 0; i < status->n_logs; i++)
    if (strcmp(status->logs[i]->origin, given->value) == 0) return *out = status->logs[i]->log, OM_OK;
  om_fail(st, OM_USAGE, NULL, "no log '%s' is known here: see 'oremark status'", given->value);
  return om_given_wrap(given, st);
}

enum om_code om_log_state_named(struct om_session *session, const Oremark__LogState **out, const struct om_given *given,
                                struct om_status *st) {
  const Oremark__Status *status;
  uint32_t log;
  if (om_log_named(session, &log, given, st) || om_session_status(session, &status, st)) return st->code;
  if (log < status->n_logs) return *out = status->logs[log], OM_OK;
  om_fail(st, OM_USAGE, NULL, "no log %u is known here: see 'oremark status'", log);
  return om_given_wrap(given, st);
}

void om_copy_id(struct om_arena *arena, ProtobufCBinaryData *out, ProtobufCBinaryData id) {
  out->data = om_arena_copy(arena, id.data, id.len);
  out->len = id.len;
}

void om_show_last_act(FILE *out, const char *what, ProtobufCBinaryData id) {
  char hex[2 * OM_HASH_BYTES + 1] = "none";
  if (id.len == OM_HASH_BYTES) om_hex(hex, id.data, id.len);
  fprintf(out, "  %-20s %s\n", what, hex);
}

/* ---- what acts are made of ---- */

enum om_code om_public_given(struct om_session *session, ProtobufCBinaryData *out, const struct om_args *args,
                             const char *prefix, struct om_status *st) {
  char file_option[32], vkey_option[32];
  snprintf(file_option, sizeof file_option, "%skey-file", prefix);
  snprintf(vkey_option, sizeof vkey_option, "%svkey", prefix);
  const struct om_given *file = om_args_find(args, file_option), *vkey = om_args_find(args, vkey_option);
  uint8_t key[OM_PUBLIC_BYTES];
  if (!file == !vkey)
    return om_fail(st, OM_USAGE, NULL, "%s: give either --%s (its key file) or --%s (the public half)",
                   args->command->name, file_option, vkey_option);
  if (vkey) {
    struct om_vkey parsed;
    if (om_vkey_parse(&parsed, vkey->value, strlen(vkey->value), st)) return om_given_wrap(vkey, st);
    memcpy(key, parsed.key, sizeof key);
  } else {
    struct om_key_info info;
    if (om_keyfile_info(&info, file->value, st)) return om_given_wrap(file, st);
    if (info.kind != OM_KEY_MEMBER) {
      om_fail(st, OM_USAGE, NULL, "%s is a %s key; a member key is wanted", file->value, om_key_kind_name(info.kind));
      return om_given_wrap(file, st);
    }
    memcpy(key, info.public_key, sizeof key);
  }
  out->data = om_arena_copy(session->arena, key, sizeof key);
  out->len = sizeof key;
  return OM_OK;
}

static int by_value(const void *a, const void *b) {
  return (int)*(const Oremark__Role *)a - (int)*(const Oremark__Role *)b;
}

enum om_code om_roles_given(struct om_session *session, Oremark__Role **out, size_t *n, const struct om_args *args,
                            struct om_status *st) {
  *out = om_arena_array(session->arena, args->n, sizeof **out);
  *n = 0;
  for (size_t i = 0; i < args->n; i++) {
    int role;
    if (!om_given_is(&args->given[i], "role")) continue;
    if (om_given_word(&args->given[i], &role, &oremark__role__descriptor, st)) return st->code;
    (*out)[(*n)++] = (Oremark__Role)role;
  }
  qsort(*out, *n, sizeof **out, by_value);
  return OM_OK;
}
