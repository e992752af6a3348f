/* Break glass: the restart of the network, stated by the governors and accepted at each daemon by its operator. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/clock.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "cli/views.h"
#include "ledger/events/kinds.h"

/* ---- network restart ---- */

static const struct om_option restart_options[] = {
    {"quorum", "K", "operators that must cosign (default: floor(2w/3) + 1 of the w that may)"},
    {"none", NULL, "no witnesses: heads are final at once, not protected against a dishonest operator"},
    {"reason", "TEXT", "why, at most 256 bytes: it is shown ever after"},
    {NULL, NULL, NULL},
};

/* Every log's head as the daemon holds it. */
static enum om_code state_heads(struct om_session *session, Oremark__Restart *restart, struct om_status *st) {
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st)) return st->code;
  const Oremark__Status *status = reply->status;
  restart->heads = om_arena_array(session->arena, status->n_logs, sizeof *restart->heads);
  for (size_t i = 0; i < status->n_logs; i++) {
    Oremark__StatedHead *head = restart->heads[restart->n_heads++] = om_arena_alloc(session->arena, sizeof *head);
    oremark__stated_head__init(head);
    head->log = status->logs[i]->log;
    head->size = status->logs[i]->size;
    om_copy_id(session->arena, &head->root, status->logs[i]->root);
  }
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

static enum om_code build_restart(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                  struct om_status *st) {
  Oremark__Restart *restart = om_arena_alloc(session->arena, sizeof *restart);
  Oremark__WitnessList *list = om_arena_alloc(session->arena, sizeof *list);
  const Oremark__Members *members;
  const struct om_given *reason = NULL;
  oremark__restart__init(restart);
  oremark__witness_list__init(list);
  if (!om_args_has(args, "out"))
    return om_fail(st, OM_USAGE, NULL,
                   "network restart: write it to a file (--out FILE): every operator accepts it at its own daemon");
  if (om_args_need(args, &reason, "reason", st) || om_list_witnesses(session, list, args, st) ||
      om_session_members(session, &members, st) || state_heads(session, restart, st))
    return st->code;
  restart->witnesses = list;
  restart->reason = om_arena_copy(session->arena, reason->value, strlen(reason->value) + 1);
  om_copy_id(session->arena, &event->previous, members->last_witnesses);
  event->kind_case = OREMARK__EVENT__KIND_RESTART;
  event->restart = restart;
  return OM_OK;
}

static enum om_code run_restart(struct om_session *session, struct om_status *st) {
  if (om_act_run(session, st)) return st->code;
  if (!session->json)
    fprintf(session->out,
            "the governors' threshold signs it (oremark governance sign); then every operator who agrees accepts it: oremark "
            "network accept FILE\n");
  return OM_OK;
}

const struct om_command om_command_network_restart = {
    .name = "network restart",
    .words = "[LOG...]",
    .summary = "Restart a network that has lost more witnesses than the rules can mend (act of the governors).",
    .help =
        "Break glass: every log goes on from the head that this daemon holds, with the daemons of these logs as "
        "witnesses; what\n"
        "others hold beyond goes. Ask at the daemon that holds most. Each operator accepts it by hand; who does not, "
        "stops.\n"
        "Example:\n  oremark network restart registry.example/log kokkola.example/log --reason \"fire\" --out "
        "restart.statement\n",
    .options = restart_options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run_restart,
    .build = build_restart,
};

/* ---- network accept ---- */

static const struct om_option accept_options[] = {
    {"yes", NULL, "do not ask"},
    {NULL, NULL, NULL},
};

static void show_heads(FILE *out, Oremark__StatedHead *const *heads, size_t n, const Oremark__Status *status) {
  static const char *const columns[] = {"log", ">from", ">held here", ">goes", "root"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < n; i++) {
    const Oremark__StatedHead *head = heads[i];
    const Oremark__LogState *held = i < status->n_logs ? status->logs[i] : NULL;
    struct libscols_line *line = om_show_line(table, NULL);
    char hex[2 * OM_HASH_BYTES + 1];
    om_show_cell(line, 0, "%s", held ? held->origin : "?");
    om_show_cell(line, 1, "%" PRIu64, head->size);
    om_show_cell(line, 2, "%" PRIu64, held ? held->size : 0);
    om_show_cell(line, 3, "%" PRIu64, held && held->size > head->size ? held->size - head->size : 0);
    om_show_cell(line, 4, "%.16s", om_hex(hex, head->root.data, OM_HASH_BYTES));
  }
  om_show_print(table);
}

static void show_restart(FILE *out, const Oremark__Restart *r, const Oremark__Status *status) {
  char text[OM_SHOW_BYTES];
  fprintf(out, "Reason: %s\n", om_show_text(text, r->reason));
  fprintf(
      out,
      "Every log goes on from the head stated here. What this daemon holds beyond goes, even where it was final:\n");
  show_heads(out, r->heads, r->n_heads, status);
}

static void show_succession(FILE *out, const Oremark__RetireLog *r, const Oremark__Status *status) {
  char text[OM_SHOW_BYTES], hex[2 * OM_HASH_BYTES + 1];
  Oremark__StatedHead head = OREMARK__STATED_HEAD__INIT, *heads[] = {&head};
  head.size = r->size;
  head.root = r->root;
  fprintf(out, "Reason: %s\n", om_show_text(text, r->reason));
  fprintf(out,
          "The registry log goes on from this head under another daemon; its former one has no part in it any more:\n");
  show_heads(out, heads, 1, status);
  fprintf(out, "new daemon: %s, run by member %" PRIu32 ", log key %s\n", om_show_text(text, r->daemon->origin),
          r->daemon->operator_, om_hex(hex, r->daemon->log_key.data, OM_PUBLIC_BYTES));
  fprintf(out, "seals of witnesses: %zu%s\n", r->n_seals,
          r->judged ? "; the governors have judged that this head stands" : "");
}

static bool by_hand(const Oremark__Statement *s) {
  if (s->n_events != 1) return false;
  const Oremark__Event *event = s->events[0];
  return event->kind_case == OREMARK__EVENT__KIND_RESTART ||
         (event->kind_case == OREMARK__EVENT__KIND_RETIRE_LOG && event->retire_log->daemon);
}

/* In full: whoever accepts it gives up the promises that witnesses have made. */
static enum om_code show_meaning(struct om_session *session, FILE *out, const struct om_signed *s,
                                 struct om_status *st) {
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  char text[OM_SHOW_BYTES], when[OM_TIME_TEXT_BYTES];
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  if (!by_hand(s->statement))
    return om_fail(st, OM_USAGE, NULL,
                   "this is no act that is accepted by hand: sign it (oremark sign) or hand it in (oremark submit)");
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st)) return st->code;
  const Oremark__Event *event = s->statement->events[0];
  bool restart = event->kind_case == OREMARK__EVENT__KIND_RESTART;
  fprintf(out, "The governors %s the network %s (signed %s",
          restart ? "restart" : "name another daemon for the registry of", om_show_text(text, reply->status->network),
          om_time_format(when, sizeof when, s->statement->signed_ms, om_zone_at(s->statement->signed_ms)));
  for (size_t i = 0; i < s->n_signatures; i++)
    fprintf(out, "%s member %" PRIu32, i == 0 ? " by" : ",", s->signatures[i]->member);
  fprintf(out, ").\n");
  if (restart)
    show_restart(out, event->restart, reply->status);
  else
    show_succession(out, event->retire_log, reply->status);
  struct om_text what;
  om_text_clear(&what);
  om_kind_of(event)->describe(&what, event);
  fprintf(out, "%s\n", om_show_text(text, what.bytes));
  fprintf(out, "What this daemon has cosigned beyond is forgotten.%s\nIf you do not agree, stop this daemon.\n",
          restart ? " 'lot verify' and 'status' say so ever after." : "");
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

static enum om_code agreed(struct om_session *session, struct om_status *st) {
  char answer[16] = "";
  if (om_args_has(session->args, "yes")) return OM_OK;
  if (!isatty(STDIN_FILENO))
    return om_fail(st, OM_USAGE, NULL,
                   "network accept: nobody is here to ask: write --yes to accept without a question");
  fprintf(session->err, "accept this at this daemon? Type 'accept': ");
  fflush(session->err);
  if (fgets(answer, sizeof answer, stdin) && strcasecmp(answer, "accept\n") == 0) return OM_OK;
  return om_fail(st, OM_NO, NULL, "not accepted");
}

static enum om_code hand_over(struct om_session *session, const struct om_signed *s, struct om_status *st) {
  Oremark__Accept accept = OREMARK__ACCEPT__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  om_signed_pack(s, &accept.statement.data, &accept.statement.len);
  request.what_case = OREMARK__REQUEST__WHAT_ACCEPT;
  request.accept = &accept;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_ACCEPTED, st)) return st->code;
  const Oremark__Accepted *accepted = reply->accepted;
  enum om_code code = OM_OK;
  char hex[2 * OM_HASH_BYTES + 1];
  if (session->json)
    code = om_show_json(session->out,
                        json_pack("{s:s, s:I, s:b}", "statement_id", om_hex(hex, s->id.bytes, OM_HASH_BYTES), "index",
                                  (json_int_t)accepted->index, "again", accepted->again),
                        st);
  else
    fprintf(session->out, "%s as entry %" PRIu64 " of the registry log\n",
            accepted->again ? "accepted before," : "accepted", accepted->index);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

static enum om_code run_accept(struct om_session *session, struct om_status *st) {
  struct om_signed s;
  struct om_hash network;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  const char *path = session->args->words[0].value;
  if (om_signed_read(&s, session->arena, path, st) || om_session_network(session, &network, st)) return st->code;
  if (!om_hash_equal(&network, &s.network))
    return om_fail(st, OM_USAGE, NULL, "%s is for another network than the one that the daemon serves", path);
  if (show_meaning(session, session->json ? session->err : session->out, &s, st) || agreed(session, st))
    return st->code;
  return hand_over(session, &s, st);
}

const struct om_command om_command_network_accept = {
    .name = "network accept",
    .words = "FILE",
    .summary = "Accept at this daemon, by hand, a restart of the network or another daemon for the registry log.",
    .help =
        "Shows in full what it means and asks. Accepting it again does no harm.\n"
        "Example:\n  oremark network accept restart.statement\n",
    .options = accept_options,
    .groups = OM_OPTS_DAEMON,
    .run = run_accept,
};
