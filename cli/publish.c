/* `oremark publish`: every log that a daemon holds, as files that any web server can serve. */
#include "cli/publish.h"

#include <inttypes.h>
#include <string.h>

#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"

static const struct om_option options[] = {
    {"log", "ORIGIN", "only this log; may be given several times (default: every log that the daemon holds)"},
    {"all", NULL, "go through what is published already too: what is missing is written, what differs is told"},
    {NULL, NULL, NULL},
};

struct publishing {
  struct om_session *session;
  const char *root;
  json_t *logs;
  struct om_meter meter;
  struct om_status first; /* what went wrong first */
};

static bool wanted(const struct om_args *args, const char *origin) {
  bool any = false;
  for (size_t i = 0; i < args->n; i++) {
    if (!om_given_is(&args->given[i], "log")) continue;
    any = true;
    if (strcmp(args->given[i].value, origin) == 0) return true;
  }
  return !any;
}

/* Every log that was asked for is one of the N at LOGS. */
static enum om_code check_asked(const struct om_args *args, Oremark__LogState *const *logs, size_t n,
                                struct om_status *st) {
  for (size_t i = 0; i < args->n; i++) {
    bool known = !om_given_is(&args->given[i], "log");
    for (size_t k = 0; k < n && !known; k++) known = strcmp(args->given[i].value, logs[k]->origin) == 0;
    if (!known)
      return om_fail(st, OM_USAGE, NULL, "the daemon holds no log %s: 'oremark status' lists them",
                     args->given[i].value);
  }
  return OM_OK;
}

static const char *const states[] = {"published", "unchanged", "nothing-final", "newer-there"};

static void show(struct publishing *p, const char *origin, const struct om_publishing_report *report) {
  char name[OM_SHOW_BYTES];
  FILE *out = p->session->out;
  om_show_text(name, origin);
  switch (report->state) {
    case OM_PUBLISHING_DONE:
      fprintf(out, "%s: %" PRIu64 " entries in %s (%" PRIu64 " file%s written)\n", name, report->size, report->path,
              report->files, report->files == 1 ? "" : "s");
      break;
    case OM_PUBLISHING_UNCHANGED: fprintf(out, "%s: nothing new since entry %" PRIu64 "\n", name, report->size); break;
    case OM_PUBLISHING_NONE: fprintf(out, "%s: nothing of it is final yet\n", name); break;
    case OM_PUBLISHING_OLDER:
      fprintf(out, "%s: %s is further already (%" PRIu64 " entries) than this daemon: left as it is\n", name,
              report->path, report->size);
      break;
  }
}

/* What went wrong with one log; the others go on. */
static void tell_failed(struct publishing *p, const char *origin, const struct om_status *why) {
  json_array_append_new(p->logs, json_pack("{s:o, s:s, s:o}", "origin", om_json_text(origin), "state", "failed", "why",
                                           om_json_text(why->text)));
  if (p->first.code == OM_OK)
    p->first = *why;
  else if (!p->session->json)
    om_show_error(p->session->err, why, false);
}

static enum om_code publish_one(struct publishing *p, const Oremark__LogState *log, struct om_publishing_report *report,
                                struct om_status *st) {
  const char *socket = om_args_value(p->session->args, "socket");
  struct om_client *client;
  if (log->frozen)
    return om_fail(st, OM_NO, "frozen",
                   "%s has two final histories and is frozen: it is not published until the governors have ended it",
                   log->origin);
  report->state = OM_PUBLISHING_NONE;
  if (log->final_size == 0) return OM_OK;
  /* A connection of its own: what a failure leaves unread on it is nobody's concern. */
  if (om_client_open(&client, socket ? socket : p->session->profile.socket, st) != OM_OK) return st->code;
  om_meter_begin(&p->meter, p->session->err, "entries", log->final_size, p->session->json);
  enum om_code code = om_publish_log(report, client, &p->meter, p->root, log->log, log->origin,
                                     om_args_has(p->session->args, "all"), st);
  om_meter_clear(&p->meter);
  om_client_close(client);
  return code;
}

static void take_log(struct publishing *p, const Oremark__LogState *log) {
  struct om_publishing_report report = {.size = 0};
  struct om_status st;
  om_status_clear(&st);
  if (publish_one(p, log, &report, &st) != OM_OK) {
    tell_failed(p, log->origin, &st);
    return;
  }
  if (!p->session->json) show(p, log->origin, &report);
  json_array_append_new(p->logs, json_pack("{s:o, s:s, s:I, s:o, s:I, s:I}", "origin", om_json_text(log->origin),
                                           "state", states[report.state], "size", (json_int_t)report.size, "folder",
                                           *report.path ? om_json_text(report.path) : json_null(), "files",
                                           (json_int_t)report.files, "bytes", (json_int_t)report.bytes));
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  struct publishing p = {.session = session};
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  if (om_args_words(session->args, 1, 1, st) || om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st))
    return st->code;
  Oremark__LogState *const *logs = reply->status->logs;
  size_t n = reply->status->n_logs;
  p.root = session->args->words[0].value;
  om_status_clear(&p.first);
  enum om_code code = check_asked(session->args, logs, n, st);
  if (code == OM_OK) {
    p.logs = json_array();
    for (size_t i = 0; i < n; i++)
      if (wanted(session->args, logs[i]->origin)) take_log(&p, logs[i]);
    if (session->json)
      code = om_show_json(session->out, json_pack("{s:o}", "logs", p.logs), st);
    else
      json_decref(p.logs);
    if (code == OM_OK && p.first.code != OM_OK) *st = p.first, code = p.first.code;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_publish = {
    .name = "publish",
    .words = "DIR",
    .summary = "Write every log that the daemon holds to files that any web server can serve (C2SP tlog-tiles).",
    .help =
        "Each log has a folder in DIR, named by its origin (registry.example/log: registry.example_log), with its last "
        "final,\ncosigned checkpoint, its tree (tile/LEVEL/INDEX) and its entries (tile/entries/INDEX). Again and "
        "again "
        "into the same DIR, it\nwrites only what is new, the checkpoint last; what is published never changes. All is "
        "hashed up to the checkpoint before it is\nwritten. A run that was interrupted is completed by the next one.\n"
        "Exit status 1: a log is frozen, 3: a disk is full or the daemon's store damaged, 4: DIR holds another "
        "history.\nExamples:\n  oremark publish /var/www/logs\n  oremark publish /var/www/logs --log "
        "registry.example/log "
        "--json\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
