#include "cli/act.h"

#include <inttypes.h>
#include <string.h>

#include "cli/apart.h"
#include "cli/clock.h"
#include "cli/details.h"
#include "cli/file.h"
#include "cli/final.h"
#include "cli/governance.h"
#include "cli/show.h"
#include "cli/words.h"
#include "ledger/events/kinds.h"
#include "ledger/quantity.h"

enum { RETRY_FIRST_MS = 100, RETRY_MAX_MS = 1000, DAY_MS = 86400000 };

enum om_code om_valid_option(int64_t *out_ms, const struct om_args *args, struct om_status *st) {
  const struct om_given *given = om_args_find(args, "valid-for");
  *out_ms = (int64_t)OM_VALID_DEFAULT_DAYS * DAY_MS;
  return given ? om_given_duration(given, out_ms, st) : OM_OK;
}

enum om_code om_wait_option(int64_t *out_ms, const struct om_args *args, struct om_status *st) {
  const struct om_given *given = om_args_find(args, "wait");
  uint64_t seconds = OM_WAIT_DEFAULT_S;
  if (given && om_given_u64(given, &seconds, 86400, st)) return st->code;
  *out_ms = (int64_t)seconds * 1000;
  return OM_OK;
}

enum { AHEAD_MAX_MS = 86400000 }; /* a day, as for a statement's signing time: clocks and zones differ, years do not */

enum om_code om_event_begin(struct om_session *session, Oremark__Event **out, const struct om_args *args,
                            int64_t now_ms, struct om_status *st) {
  Oremark__Event *event = om_arena_alloc(session->arena, sizeof *event);
  oremark__event__init(event);
  event->at_ms = now_ms;
  event->zone_min = om_zone_at(now_ms);
  const struct om_given *given = om_args_find(args, "at");
  if (given && om_when_parse(&event->at_ms, &event->zone_min, given->value, st)) return om_given_wrap(given, st);
  if (given && event->at_ms - now_ms > AHEAD_MAX_MS) {
    om_fail(st, OM_USAGE, NULL, "'%s' is in the future: an event is recorded once it has happened", given->value);
    return om_given_wrap(given, st);
  }
  *out = event;
  return OM_OK;
}

Oremark__Request *om_submit_request(const struct om_signed *statement) {
  Oremark__Request *request = om_arena_alloc(statement->arena, sizeof *request);
  Oremark__Submit *submit = om_arena_alloc(statement->arena, sizeof *submit);
  oremark__request__init(request);
  oremark__submit__init(submit);
  om_signed_pack(statement, &submit->statement.data, &submit->statement.len);
  request->what_case = OREMARK__REQUEST__WHAT_SUBMIT;
  request->submit = submit;
  return request;
}

/* Which event was refused need not be said where there is one only. */
static void leave_out_event(struct om_status *st, const struct om_signed *statement) {
  static const char front[] = "event 0 (";
  const char *name = st->text + sizeof front - 1, *end = strstr(st->text, "): ");
  if (statement->statement->n_events != 1 || strncmp(st->text, front, sizeof front - 1) != 0 || !end) return;
  struct om_status plain = *st;
  om_fail(&plain, st->code, st->rule, "%.*s: %s", (int)(end - name), name, end + 3);
  *st = plain;
}

static void say_why(const struct om_session *session, const Oremark__Reply *queued, int64_t wait_ms,
                    const struct om_status *st) {
  if (queued)
    fprintf(session->err, "oremark: queued, as the daemon is not ready yet; waiting for %" PRId64 " s\n",
            wait_ms / 1000);
  else
    fprintf(session->err, "oremark: not final yet, trying again for %" PRId64 " s: %s\n", wait_ms / 1000, st->text);
}

enum om_code om_submit(struct om_session *session, Oremark__Reply **out, const struct om_signed *statement,
                       int64_t wait_ms, struct om_status *st) {
  Oremark__Request *request = om_submit_request(statement);
  int64_t until = om_tick_ms() + wait_ms, pause = RETRY_FIRST_MS;
  for (bool said = false;; said = true) {
    enum om_code code = om_ask(session, out, request, OREMARK__REPLY__WHAT_RECEIPT, st);
    if (code != OM_OK) leave_out_event(st, statement);
    bool queued = code == OM_OK && (*out)->receipt->queued;
    if ((code != OM_WAIT && !queued) || om_tick_ms() >= until) return code;
    if (!said) say_why(session, *out, wait_ms, st);
    if (queued) oremark__reply__free_unpacked(*out, NULL);
    *out = NULL;
    om_sleep_ms(pause);
    pause = pause * 2 < RETRY_MAX_MS ? pause * 2 : RETRY_MAX_MS;
  }
}

/* Calls EACH for every lot that STATEMENT makes. */
static void each_made(const struct om_signed *statement,
                      void (*each)(void *ctx, uint16_t event, uint16_t output, const uint8_t *number,
                                   const Oremark__Material *m),
                      void *ctx) {
  for (size_t e = 0; e < statement->statement->n_events; e++) {
    struct om_made made;
    om_event_makes(&made, statement->statement->events[e]);
    for (size_t i = 0; i < made.n; i++) {
      uint8_t number[OM_LOT_NUMBER_BYTES];
      uint16_t output = (uint16_t)(made.first_output + i);
      om_made_number(number, statement, (uint16_t)e, output);
      each(ctx, (uint16_t)e, output, number, made.materials ? made.materials[i] : NULL);
    }
  }
}

static void json_made(void *ctx, uint16_t event, uint16_t output, const uint8_t *number, const Oremark__Material *m) {
  char text[OM_LOT_TEXT_BYTES], word[OM_WORD_BYTES];
  json_t *lot = json_pack("{s:s, s:i, s:i}", "number", om_lot_format(text, sizeof text, number), "event", event,
                          "output", output);
  if (m) {
    json_object_set_new(lot, "name", om_json_text(m->name));
    json_object_set_new(lot, "form", json_string(om_word(word, &oremark__form__descriptor, (int)m->form)));
    json_object_set_new(lot, "gross_mg", om_json_mass(m->gross_mg));
  }
  json_array_append_new(ctx, lot);
}

static void line_made(void *ctx, uint16_t event, uint16_t output, const uint8_t *number, const Oremark__Material *m) {
  char text[OM_LOT_TEXT_BYTES], mass[OM_MASS_TEXT_BYTES], name[OM_SHOW_BYTES], word[OM_WORD_BYTES];
  (void)event, (void)output;
  om_lot_format(text, sizeof text, number);
  if (m)
    fprintf(ctx, "lot %s  %s  %s\n", text,
            om_show_text(name, *m->name ? m->name : om_word(word, &oremark__form__descriptor, (int)m->form)),
            om_mass_format(mass, sizeof mass, (int64_t)m->gross_mg));
  else
    fprintf(ctx, "lot %s  (pool)\n", text);
}

static struct om_recorded recorded_of(const struct om_signed *statement) {
  return (struct om_recorded){statement->statement->member, statement->statement->signed_ms, statement->id};
}

static json_t *made_json(const struct om_signed *statement) {
  json_t *lots = json_array();
  each_made(statement, json_made, lots);
  return lots;
}

static enum om_code show_receipt_json(struct om_session *session, const struct om_signed *statement,
                                      const Oremark__Receipt *receipt, const Oremark__Finality *finality,
                                      struct om_status *st) {
  char hex[2 * OM_HASH_BYTES + 1], name[OM_RECORDED_TEXT_BYTES];
  const struct om_recorded recorded = recorded_of(statement);
  om_hex(hex, statement->id.bytes, OM_HASH_BYTES);
  json_t *json =
      json_pack("{s:s, s:o, s:I, s:o, s:b, s:b, s:b, s:s, s:o}", "statement_id", hex, "origin",
                om_json_text(receipt->origin), "index", (json_int_t)receipt->index, "taken_at",
                om_json_time(receipt->taken_ms, 0), "again", receipt->again, "final", receipt->final, "queued",
                receipt->queued, "statement", om_recorded_text(name, &recorded), "lots", made_json(statement));
  if (receipt->queued) json_object_set_new(json, "index", json_null());
  om_final_json(json, finality);
  if (receipt->queued && finality && *finality->origin) { /* it has left the queue meanwhile */
    json_object_set_new(json, "queued", json_false());
    json_object_set_new(json, "origin", om_json_text(finality->origin));
    json_object_set_new(json, "index", json_integer((json_int_t)finality->index));
  }
  return om_show_json(session->out, json, st);
}

/* What ends an attestation takes its name; so that it need not be looked up. */
static void show_ending(FILE *out, const struct om_signed *statement) {
  const struct om_recorded recorded = recorded_of(statement);
  char name[OM_RECORDED_TEXT_BYTES];
  for (size_t i = 0; i < statement->statement->n_events; i++) {
    Oremark__Event__KindCase kind = statement->statement->events[i]->kind_case;
    bool flag = kind == OREMARK__EVENT__KIND_FLAG;
    if (flag || kind == OREMARK__EVENT__KIND_CERTIFY || kind == OREMARK__EVENT__KIND_ESTIMATE)
      fprintf(out, "what would end it: oremark %s %s/%zu --reason TEXT\n", flag ? "clear" : "withdraw",
              om_recorded_text(name, &recorded), i);
  }
}

static void show_receipt(struct om_session *session, const struct om_signed *statement,
                         const Oremark__Receipt *receipt) {
  char hex[2 * OM_HASH_BYTES + 1], when[OM_TIME_TEXT_BYTES], origin[OM_SHOW_BYTES];
  om_hex(hex, statement->id.bytes, OM_HASH_BYTES);
  om_time_format(when, sizeof when, receipt->taken_ms, om_zone_at(receipt->taken_ms));
  if (receipt->queued)
    fprintf(session->out, "queued, not recorded yet (statement %.16s)\n", hex);
  else
    fprintf(session->out, "%s in %s as entry %" PRIu64 " at %s (statement %.16s)\n",
            receipt->again ? "already recorded" : "recorded", om_show_text(origin, receipt->origin), receipt->index,
            when, hex);
  each_made(statement, line_made, session->out);
  if (!receipt->queued) show_ending(session->out, statement);
}

/* It is in the daemon's hands, and what comes of it is not known yet. */
static enum om_code only_queued(const struct om_recorded *recorded, struct om_status *st) {
  char name[OM_RECORDED_TEXT_BYTES];
  return om_fail(st, OM_WAIT, OM_RULE_QUEUED,
                 "the daemon keeps it until its witnesses have told how far its log had got, then records it; nothing "
                 "needs to be done again. What came of it: oremark receipt %s",
                 om_recorded_text(name, recorded));
}

/* The receipt is shown whatever comes of the waiting: the statement stands, or is queued. */
static enum om_code wait_and_show(struct om_session *session, const struct om_signed *statement,
                                  const Oremark__Receipt *receipt, int64_t final_ms, struct om_status *st) {
  const struct om_recorded recorded = recorded_of(statement);
  const Oremark__Finality *finality = NULL;
  struct om_status shown;
  enum om_code code = OM_OK;
  om_status_clear(&shown);
  if (!session->json) {
    show_receipt(session, statement, receipt);
    fflush(session->out);
  }
  if (final_ms > 0)
    code = om_final_wait(session, &finality, session->arena, &recorded, final_ms, st);
  else if (receipt->queued)
    code = only_queued(&recorded, st);
  if (session->json)
    show_receipt_json(session, statement, receipt, finality, &shown);
  else if (finality && code == OM_OK)
    om_final_show(session->out, finality, !receipt->final);
  if (code == OM_OK && shown.code != OM_OK) *st = shown;
  return code == OM_OK ? shown.code : code;
}

enum om_code om_submit_and_show(struct om_session *session, const struct om_signed *statement, struct om_status *st) {
  int64_t wait_ms = 0, final_ms = 0;
  Oremark__Reply *reply;
  if (om_wait_option(&wait_ms, session->args, st) || om_final_option(&final_ms, session->args, st) ||
      om_submit(session, &reply, statement, wait_ms, st))
    return st->code;
  enum om_code code = wait_and_show(session, statement, reply->receipt, final_ms, st);
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

/* What was sealed stands in no file yet: it goes beside the statement at PATH. */
static enum om_code write_sealed(struct om_session *session, const struct om_files *files, const char *path,
                                 struct om_status *st) {
  for (size_t i = 0; i < files->n; i++) {
    struct om_file *file = &files->files[i];
    if (file->path) continue;
    size_t len = strlen(path) + sizeof ".sealed";
    char *beside = om_arena_alloc(session->arena, len);
    snprintf(beside, len, "%s.sealed", path);
    if (om_file_write(beside, file->bytes, (size_t)file->document.size, false, st)) return st->code;
    file->path = beside;
  }
  return OM_OK;
}

/* What has to be done where the statement is handed in, before that. */
static void say_documents(struct om_session *session, const struct om_files *files) {
  char name[OM_SHOW_BYTES];
  for (size_t i = 0; i < files->n; i++)
    fprintf(session->out, "it names %s: put that first, with 'oremark document put %s'\n",
            om_show_text(name, files->files[i].document.name), files->files[i].path);
}

const char *om_next_command(const Oremark__Statement *statement) {
  const Oremark__Event *first = statement->events[0];
  if (first->kind_case == OREMARK__EVENT__KIND_SEAL_LOG) return "log make-seal";
  bool by_hand = first->kind_case == OREMARK__EVENT__KIND_RESTART ||
                 (first->kind_case == OREMARK__EVENT__KIND_RETIRE_LOG && first->retire_log->daemon);
  return by_hand ? "network accept" : "submit";
}

/* Whether no member makes it alone, whatever the lot. */
static bool needs_others(const Oremark__Statement *statement) {
  const Oremark__Event *first = statement->events[0];
  return first->kind_case == OREMARK__EVENT__KIND_RELEASE || first->kind_case == OREMARK__EVENT__KIND_TRANSFER_TITLE ||
         first->kind_case == OREMARK__EVENT__KIND_SETTLE;
}

static bool governors_act(const Oremark__Statement *statement) {
  return om_kind_of(statement->events[0])->class == OM_KIND_GOVERNORS;
}

/* An act of the governors that stands in the file at PATH, whether somebody has signed it yet or not. */
static enum om_code show_proposal(struct om_session *session, const struct om_signed *statement,
                                  const struct om_files *files, const char *path, struct om_status *st) {
  if (om_proposal_show(session, statement, path, st)) return st->code;
  if (!session->json) say_documents(session, files);
  return OM_OK;
}

static enum om_code write_out(struct om_session *session, const struct om_signed *statement,
                              const struct om_files *files, const char *path, struct om_status *st) {
  char hex[2 * OM_HASH_BYTES + 1];
  if (write_sealed(session, files, path, st) || om_signed_write(statement, path, false, st)) return st->code;
  if (governors_act(statement->statement)) return show_proposal(session, statement, files, path, st);
  om_hex(hex, statement->id.bytes, OM_HASH_BYTES);
  if (session->json)
    return om_show_json(session->out,
                        json_pack("{s:s, s:s, s:o}", "statement_id", hex, "file", path, "lots", made_json(statement)),
                        st);
  const char *next = om_next_command(statement->statement);
  if (needs_others(statement->statement))
    fprintf(
        session->out,
        "signed statement %.16s is in %s: it takes others' signatures too, by 'oremark sign %s'; then hand it in with "
        "'oremark %s %s'\n",
        hex, path, path, next, path);
  else
    fprintf(session->out, "signed statement %.16s is in %s: hand it in with 'oremark %s %s'\n", hex, path, next, path);
  say_documents(session, files);
  each_made(statement, line_made, session->out);
  return OM_OK;
}

/* A daemon that is at hand tells who must sign; where what it knows is stated instead, it is not asked. */
static enum om_code who_must_sign(struct om_session *session, struct om_who_governs **out, struct om_status *st) {
  static const char *const stated[] = {"previous", "number", "last-event"};
  *out = NULL;
  for (size_t i = 0; i < sizeof stated / sizeof *stated; i++)
    if (om_args_has(session->args, stated[i])) return OM_OK;
  if (om_who_governs(session, out, st) == OM_OK || !om_apart(session, st)) return st->code;
  om_status_clear(st);
  return OM_OK;
}

/* Who speaks: who is named, else the first of the governors; any one of them will do. */
static enum om_code proposer(struct om_session *session, uint32_t *out, const struct om_who_governs *governors,
                             struct om_status *st) {
  if (om_args_has(session->args, "member") || !governors) return om_session_self(session, out, st);
  *out = governors->list[0].member;
  return OM_OK;
}

/* A statement that nobody has signed yet, with who must. */
static enum om_code propose(struct om_session *session, Oremark__Event *event, const struct om_files *files,
                            struct om_status *st) {
  struct om_draft draft;
  struct om_signed statement;
  struct om_hash network;
  uint32_t self;
  int64_t valid_ms;
  const struct om_given *out;
  struct om_who_governs *governors = NULL;
  if (om_args_has(session->args, "secret"))
    return om_fail(st, OM_USAGE, NULL, "governance propose: what the governors decide has no secret part");
  if (om_kind_of(event)->class != OM_KIND_GOVERNORS)
    return om_fail(st, OM_USAGE, NULL,
                   "governance propose: '%s' is no act of the governors: it is signed by one member",
                   session->args->command->name);
  if (om_args_need(session->args, &out, "out", st) || om_event_form(event, st) ||
      om_valid_option(&valid_ms, session->args, st) || om_session_network(session, &network, st) ||
      who_must_sign(session, &governors, st) || proposer(session, &self, governors, st) ||
      om_draft_begin(&draft, session->arena, self, valid_ms, st))
    return st->code;
  if (!om_draft_fits(&draft, event))
    return om_fail(st, OM_USAGE, NULL, "the act is larger than a statement may be (%d bytes)", OM_STATEMENT_MAX_BYTES);
  om_draft_add(&draft, event);
  om_signed_make(&statement, &draft, &network);
  statement.governors = governors;
  if (om_signed_write(&statement, out->value, false, st)) return st->code;
  return show_proposal(session, &statement, files, out->value, st);
}

/* What a governor writes to a file and signs at once is a proposal too: it says who else must sign. */
static enum om_code sign_first(struct om_session *session, struct om_signed *statement, const struct om_secret *secret,
                               uint32_t self, struct om_status *st) {
  if (om_args_has(session->args, "out") && governors_act(statement->statement)) {
    if (who_must_sign(session, &statement->governors, st)) return st->code;
    if (om_proposal_wants(statement, self, om_member_key_id(om_secret_public(secret)), st)) {
      const struct om_status why = *st;
      return om_fail(st, why.code, why.rule, "%s; 'governance propose' before the command writes it unsigned",
                     why.text);
    }
  }
  return om_signed_add(statement, secret, self, st);
}

enum om_code om_act(struct om_session *session, Oremark__Event *event, struct om_status *st) {
  struct om_draft draft;
  struct om_signed statement;
  struct om_hash network;
  uint32_t self;
  int64_t valid_ms;
  const struct om_secret *secret;
  struct om_files files;
  const struct om_papers papers = {session->args, ""};
  if (om_files_read(session, &files, event, &papers, st)) return st->code;
  if (session->args->propose) return propose(session, event, &files, st);
  if (om_event_form(event, st) || om_valid_option(&valid_ms, session->args, st) ||
      om_session_self(session, &self, st) || om_session_network(session, &network, st) ||
      om_session_secret(session, &secret, st) || om_draft_begin(&draft, session->arena, self, valid_ms, st) ||
      om_details_seal(session, &files, event, &papers, &draft, &network, st) || om_event_form(event, st))
    return st->code;
  if (!om_draft_fits(&draft, event))
    return om_fail(st, OM_USAGE, NULL, "the event is larger than a statement may be (%d bytes): divide it",
                   OM_STATEMENT_MAX_BYTES);
  om_draft_add(&draft, event);
  om_signed_make(&statement, &draft, &network);
  if (sign_first(session, &statement, secret, self, st)) return st->code;
  const char *path = om_args_value(session->args, "out");
  if (path) return write_out(session, &statement, &files, path, st);
  return om_files_put(session, &files, st) ? st->code : om_submit_and_show(session, &statement, st);
}

enum om_code om_act_run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  int64_t final_ms;
  if (om_final_option(&final_ms, session->args, st) ||
      om_event_begin(session, &event, session->args, om_now_ms(), st) ||
      session->args->command->build(session, session->args, event, st))
    return st->code;
  return om_act(session, event, st);
}
