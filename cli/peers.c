#include <inttypes.h>

#include "cli/clock.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"

static json_t *peers_json(const Oremark__Peers *peers) {
  json_t *list = json_array();
  for (size_t i = 0; i < peers->n_peers; i++) {
    const Oremark__Peer *p = peers->peers[i];
    json_array_append_new(
        list, json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o}", "origin", om_json_text(p->origin), "address",
                        om_json_text(p->address), "state", om_json_text(p->state), "since",
                        om_json_time(p->since_ms, 0), "bytes_in", (json_int_t)p->bytes_in, "bytes_out",
                        (json_int_t)p->bytes_out, "bytes_in_s", (json_int_t)p->bytes_in_s, "bytes_out_s",
                        (json_int_t)p->bytes_out_s, "last_error", om_json_text(p->last_error)));
  }
  return json_pack("{s:o}", "peers", list);
}

/* "12.3 kB/s": thousands of bytes, as links are sold. */
static void rate_cell(struct libscols_line *line, size_t column, uint64_t bytes_s) {
  om_show_cell(line, column, "%" PRIu64 ".%u kB/s", bytes_s / 1000, (unsigned)(bytes_s % 1000 / 100));
}

static void peers_table(FILE *out, const Oremark__Peers *peers) {
  static const char *const columns[] = {"peer",     "address", "state",     "-since",     "->in",
                                        "->in now", "->out",   "->out now", "~last error"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < peers->n_peers; i++) {
    const Oremark__Peer *p = peers->peers[i];
    struct libscols_line *line = om_show_line(table, NULL);
    char when[OM_TIME_TEXT_BYTES] = "";
    if (p->since_ms) om_time_format(when, sizeof when, p->since_ms / 1000 * 1000, om_zone_at(p->since_ms));
    om_show_cell(line, 0, "%s", p->origin);
    om_show_cell(line, 1, "%s", p->address);
    om_show_cell(line, 2, "%s", p->state);
    om_show_cell(line, 3, "%s", when);
    om_show_cell(line, 4, "%" PRIu64 " KiB", p->bytes_in / 1024);
    rate_cell(line, 5, p->bytes_in_s);
    om_show_cell(line, 6, "%" PRIu64 " KiB", p->bytes_out / 1024);
    rate_cell(line, 7, p->bytes_out_s);
    om_show_cell(line, 8, "%s", p->last_error);
  }
  om_show_print(table);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__GetPeers get = OREMARK__GET_PEERS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_PEERS;
  request.get_peers = &get;
  Oremark__Reply *reply;
  if (om_args_words(session->args, 0, 0, st) || om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_PEERS, st))
    return st->code;
  enum om_code code = OM_OK;
  if (session->json)
    code = om_show_json(session->out, peers_json(reply->peers), st);
  else if (reply->peers->n_peers == 0)
    fprintf(session->out, "no peers\n");
  else
    peers_table(session->out, reply->peers);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_peers = {
    .name = "peers",
    .summary = "The daemons that this one keeps links to.",
    .help = "Example:\n  oremark peers\n",
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
