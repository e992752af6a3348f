#include <inttypes.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"

static const struct om_option options[] = {
    {"state-hash", NULL,
     "also hash all that follows from the logs: equal at daemons that hold the same; takes a while"},
    {NULL, NULL, NULL},
};

static json_t *names_json(char *const *names, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(list, om_json_text(names[i]));
  return list;
}

/* Entries of the own log that are not final yet. */
static uint64_t pending(const Oremark__Status *s) {
  for (size_t i = 0; i < s->n_logs && *s->origin; i++)
    if (strcmp(s->logs[i]->origin, s->origin) == 0 && s->logs[i]->size > s->logs[i]->final_size)
      return s->logs[i]->size - s->logs[i]->final_size;
  return 0;
}

static void show_pending(FILE *out, const Oremark__Status *s) {
  uint64_t n = pending(s);
  if (n == 0) return;
  fprintf(out, "%" PRIu64 " entr%s of the own log pending", n, n == 1 ? "y" : "ies");
  if (s->needed) fprintf(out, ": %u more operator%s must cosign", s->needed, s->needed == 1 ? "" : "s");
  for (size_t i = 0; i < s->n_missing; i++) {
    char name[OM_SHOW_BYTES];
    fprintf(out, "%s%s", i ? ", " : "; not heard from: ", om_show_text(name, s->missing[i]));
  }
  fprintf(out, "\n");
}

static json_t *restarted_json(const Oremark__Restarted *r) {
  if (!r) return json_null();
  return json_pack("{s:I, s:o, s:o}", "index", (json_int_t)r->index, "at", om_json_time(r->taken_ms, 0), "reason",
                   om_json_text(r->reason));
}

static json_t *status_json(const Oremark__Status *s) {
  json_t *json = json_pack(
      "{s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:o, s:o, s:o, s:o}", "version", om_json_text(s->version), "network",
      om_json_text(s->network), "network_id", om_json_hex(s->network_id.data, s->network_id.len), "origin",
      om_json_text(s->origin), "rules_version", (json_int_t)s->rules_version, "quorum", (json_int_t)s->quorum, "ready",
      s->ready, "waiting", om_json_text(s->waiting), "logs", om_logs_json(s->logs, s->n_logs), "started_at",
      om_json_time(s->started_ms, 0), "state_hash", om_json_hex(s->state_hash.data, s->state_hash.len));
  json_object_set_new(json, "cosign_waits", om_json_text(s->cosign_waits));
  json_object_set_new(json, "pending", json_integer((json_int_t)pending(s)));
  json_object_set_new(json, "by_hand", om_json_text(s->by_hand));
  json_object_set_new(json, "restarted", restarted_json(s->restarted));
  json_object_set_new(json, "successions", om_successions_json(s->successions, s->n_successions));
  json_object_set_new(json, "queued", json_integer((json_int_t)s->queued));
  json_object_set_new(json, "needed", json_integer((json_int_t)s->needed));
  json_object_set_new(json, "missing", names_json(s->missing, s->n_missing));
  return json;
}

static void show_status(FILE *out, const Oremark__Status *s) {
  char text[OM_SHOW_BYTES], when[OM_TIME_TEXT_BYTES], hex[2 * OM_HASH_BYTES + 1] = "";
  if (s->network_id.len == OM_HASH_BYTES) om_hex(hex, s->network_id.data, OM_HASH_BYTES);
  fprintf(out, "network %s (%s)\n", om_show_text(text, s->network), hex);
  fprintf(out, "daemon %s, oremarkd %s", *s->origin ? om_show_text(text, s->origin) : "mirror only", s->version);
  fprintf(out, ", since %s\n", om_time_format(when, sizeof when, s->started_ms, om_zone_at(s->started_ms)));
  fprintf(out, "rules version %u, quorum %u%s\n", s->rules_version, s->quorum,
          s->quorum ? "" : ": not protected against a dishonest operator");
  if (*s->waiting) fprintf(out, "not ready: it %s\n", om_show_text(text, s->waiting));
  if (*s->cosign_waits) fprintf(out, "cosigns nothing: %s\n", om_show_text(text, s->cosign_waits));
  if (*s->by_hand) fprintf(out, "waits for you: %s\n", om_show_text(text, s->by_hand));
  if (s->restarted)
    fprintf(out, "RESTARTED %s, by entry %" PRIu64 " of the registry log: %s\n",
            om_time_format(when, sizeof when, s->restarted->taken_ms, om_zone_at(s->restarted->taken_ms)),
            s->restarted->index, om_show_text(text, s->restarted->reason));
  om_successions_show(out, s->successions, s->n_successions);
  if (s->queued)
    fprintf(out, "%" PRIu64 " statement%s queued: recorded once %s\n", s->queued, s->queued == 1 ? "" : "s",
            s->ready ? "what they lean on is final" : "the daemon is ready");
  if (s->state_hash.len == OM_HASH_BYTES) {
    om_hex(hex, s->state_hash.data, OM_HASH_BYTES);
    fprintf(out, "state %s\n", hex);
  }
  show_pending(out, s);
  om_logs_show(out, s->logs, s->n_logs);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  get.state_hash = om_args_has(session->args, "state-hash");
  Oremark__Reply *reply;
  if (om_args_words(session->args, 0, 0, st) || om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st))
    return st->code;
  enum om_code code = OM_OK;
  if (session->json)
    code = om_show_json(session->out, status_json(reply->status), st);
  else
    show_status(session->out, reply->status);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_status = {
    .name = "status",
    .summary = "What the daemon holds: its network, and every log with its size and how far it is final.",
    .help = "Example:\n  oremark status --json\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
