#include <inttypes.h>

#include "cli/attested.h"
#include "cli/moment.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"

static void add_line(struct libscols_table *table, const Oremark__Step *step) {
  struct libscols_line *line = om_show_line(table, NULL);
  char when[OM_TIME_TEXT_BYTES], name[OM_EVENT_NAME_BYTES];
  om_show_cell(line, 0, "%s", om_time_format(when, sizeof when, step->at_ms, step->zone_min));
  om_show_cell(line, 1, "%s", step->kind);
  om_show_cell(line, 2, "%s", step->member_name);
  om_show_cell(line, 3, "%s", step->text);
  if (step->at) om_show_cell(line, 4, "%s %" PRIu64 ".%u", step->at->origin, step->at->index, step->at->event);
  om_show_cell(line, 5, "%s", step->final ? "yes" : "no");
  om_show_cell(line, 6, "%s", om_event_name(name, step));
}

static const struct om_option options[] = {
    OM_MOMENT_OPTION,
    {NULL, NULL, NULL},
};

static enum om_code run(struct om_session *session, struct om_status *st) {
  static const char *const columns[] = {"when", "event", "member", "~what", "-entry", "-final", "-name"};
  uint8_t number[OM_LOT_NUMBER_BYTES];
  Oremark__GetHistory get = OREMARK__GET_HISTORY__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_HISTORY;
  request.get_history = &get;
  get.number = (ProtobufCBinaryData){sizeof number, number};
  Oremark__Reply *reply;
  if (om_args_words(session->args, 1, 1, st) || om_moment_read(session, &get.as_of, st) ||
      om_session_number(session, number, session->args->words[0].value, st) ||
      om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_HISTORY, st))
    return st->code;
  struct libscols_table *table =
      session->json ? NULL : om_show_table(session->out, columns, sizeof columns / sizeof columns[0]);
  json_t *json = session->json ? json_array() : NULL,
         *as_of = json ? om_moment_json(reply->history->as_of, OM_NOW_HISTORY) : NULL;
  if (table && reply->history->as_of) {
    om_moment_show(session->out, reply->history->as_of, OM_NOW_HISTORY);
    fputc('\n', session->out);
  }
  while (reply) {
    for (size_t i = 0; reply->what_case == OREMARK__REPLY__WHAT_HISTORY && i < reply->history->n_steps; i++) {
      if (json)
        json_array_append_new(json, om_step_json(reply->history->steps[i]));
      else
        add_line(table, reply->history->steps[i]);
    }
    if (!reply->more) break;
    om_client_next(session->client, &reply, st);
  }
  if (!reply) {
    json_decref(json);
    json_decref(as_of);
    scols_unref_table(table);
    return st->code;
  }
  oremark__reply__free_unpacked(reply, NULL);
  if (json) return om_show_json(session->out, json_pack("{s:o, s:o}", "steps", json, "as_of", as_of), st);
  om_show_print(table);
  return OM_OK;
}

const struct om_command om_command_lot_history = {
    .name = "lot history",
    .words = "LOT",
    .summary = "Every event of a lot, from its first to its last.",
    .help = OM_MOMENT_HELP "Example:\n  oremark lot history DRUM-17\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
