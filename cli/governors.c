#include "cli/governors.h"

#include <stdlib.h>
#include <string.h>

enum om_code om_governors_suffice(struct om_session *session, const Oremark__Members *members, struct om_status *st) {
  if (members->threshold <= 1 || om_args_has(session->args, "out")) return OM_OK;
  return om_fail(st, OM_USAGE, NULL,
                 "%u governors must sign this: write it with --out FILE, let the others 'oremark sign FILE', then "
                 "'oremark submit FILE'",
                 members->threshold);
}

static bool as_number(uint32_t *out, const char *text) {
  char *end;
  unsigned long number = strtoul(text, &end, 10);
  *out = (uint32_t)number;
  return *text >= '0' && *text <= '9' && *end == '\0' && number < UINT32_MAX;
}

enum om_code om_log_named(struct om_session *session, uint32_t *out, const struct om_given *given,
                          struct om_status *st) {
  struct om_hash network;
  if (as_number(out, given->value)) return OM_OK;
  if (om_session_network(session, &network, st)) return st->code;
  for (size_t i = 0; session->status && i < session->status->status->n_logs; i++)
    if (strcmp(session->status->status->logs[i]->origin, given->value) == 0)
      return *out = session->status->status->logs[i]->log, OM_OK;
  om_fail(st, OM_USAGE, NULL, "no log '%s' is known here: see 'oremark status'", given->value);
  return om_given_wrap(given, st);
}

enum om_code om_log_state_named(struct om_session *session, const Oremark__LogState **out, const struct om_given *given,
                                struct om_status *st) {
  struct om_hash network;
  uint32_t log;
  if (om_log_named(session, &log, given, st) || om_session_network(session, &network, st)) return st->code;
  if (!session->status)
    return om_fail(st, OM_USAGE, NULL, "%s: what stands in the registry is asked of a daemon: leave --network out",
                   session->args->command->name);
  if (log < session->status->status->n_logs) return *out = session->status->status->logs[log], OM_OK;
  om_fail(st, OM_USAGE, NULL, "no log %u is known here: see 'oremark status'", log);
  return om_given_wrap(given, st);
}

void om_copy_id(struct om_arena *arena, ProtobufCBinaryData *out, ProtobufCBinaryData id) {
  out->data = om_arena_copy(arena, id.data, id.len);
  out->len = id.len;
}
