/* correct: say what was wrong in an event of one's own. */
#include <string.h>

#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/details.h"
#include "cli/material.h"
#include "cli/views.h"

static const struct om_option options[] = {
    {"event", "NAME", "the event that was wrong (default: the one that made the lot)"},
    {"did-not-occur", NULL, "it never happened"},
    {"gross", "MASS", "the right gross mass"},
    {"metal", "METAL", "the right contained metal: Cu=5.1t; may be repeated"},
    {"lower", NULL, "also lower the lot's balance to this: only while you still have it whole"},
    {"text", "TEXT", "what was wrong and why, at most 1,024 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code read_values(struct om_session *session, Oremark__Correct *correct, struct om_status *st) {
  const struct om_args *args = session->args;
  const struct om_given *gross = om_args_find(args, "gross"), *text;
  bool never = om_args_has(args, "did-not-occur");
  if (om_args_need(args, &text, "text", st) || (gross && om_given_mass(gross, &correct->gross_mg, st)) ||
      om_measured_read(session->arena, &correct->metals, &correct->n_metals, args, 0, args->n, st))
    return st->code;
  bool values = correct->gross_mg > 0 || correct->n_metals > 0;
  if (never && (values || om_args_has(args, "lower")))
    return om_fail(st, OM_USAGE, NULL, "correct: what did not occur has no right values: leave one of them out");
  if (om_args_has(args, "lower") && !values)
    return om_fail(st, OM_USAGE, NULL,
                   "correct: to what is the balance to be lowered? --gross MASS, --metal METAL=MASS");
  correct->reason = never ? OREMARK__CORRECT_REASON__CORRECT_REASON_DID_NOT_OCCUR
                          : OREMARK__CORRECT_REASON__CORRECT_REASON_INCORRECT_DATA;
  correct->text = om_copy_text(session->arena, text->value);
  return OM_OK;
}

/* An event may have made several lots, and a correction names the event: which of them is meant goes into its text. */
static enum om_code say_which(struct om_session *session, Oremark__Correct *correct,
                              const uint8_t number[OM_LOT_NUMBER_BYTES], struct om_status *st) {
  struct om_sealed_event e;
  struct om_made made;
  if (om_sealed_event(session, &e, correct->event, st)) return st->code;
  struct om_signed s = {.statement = e.statement};
  memcpy(s.id.bytes, correct->event->statement_id.data, OM_HASH_BYTES);
  om_event_makes(&made, e.event);
  for (size_t i = 0; made.n > 1 && i < made.n; i++) {
    uint8_t other[OM_LOT_NUMBER_BYTES];
    om_made_number(other, &s, (uint16_t)correct->event->event, (uint16_t)(made.first_output + i));
    if (memcmp(other, number, sizeof other) != 0) continue;
    const char *name = made.materials ? made.materials[i]->name : "";
    size_t room = strlen(name) + strlen(correct->text) + sizeof "lot 65536 of 65536, : ";
    char *text = om_arena_alloc(session->arena, room);
    snprintf(text, room, "lot %zu of %zu%s%s: %s", i + 1, made.n, *name ? ", " : "", name, correct->text);
    correct->text = text;
    return OM_OK;
  }
  return OM_OK;
}

static enum om_code read_correct(struct om_session *session, Oremark__Correct *correct, struct om_status *st) {
  const struct om_args *args = session->args;
  const char *name = om_args_value(args, "event");
  uint8_t number[OM_LOT_NUMBER_BYTES];
  Oremark__LotRef **lots;
  size_t n;
  if (om_args_words(args, 1, 1, st) || read_values(session, correct, st) ||
      om_session_number(session, number, args->words[0].value, st) ||
      (name ? om_event_ref_read(session, &correct->event, name, st)
            : om_event_of_lot(session, &correct->event, number, NULL, st)) ||
      (!name && correct->reason == OREMARK__CORRECT_REASON__CORRECT_REASON_INCORRECT_DATA &&
       say_which(session, correct, number, st)))
    return st->code;
  if (!om_args_has(args, "lower")) return OM_OK;
  if (om_session_lots(session, &lots, &n, NULL, args, 1, st)) return st->code;
  correct->lot = lots[0];
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  Oremark__Correct *correct = om_arena_alloc(session->arena, sizeof *correct);
  oremark__correct__init(correct);
  if (om_event_begin(session, &event, session->args, om_now_ms(), st) || read_correct(session, correct, st))
    return st->code;
  event->kind_case = OREMARK__EVENT__KIND_CORRECT;
  event->correct = correct;
  return om_act(session, event, st);
}

const struct om_command om_command_correct = {
    .name = "correct",
    .words = "LOT",
    .summary = "Say what was wrong in an event that you stated; nothing is rewritten.",
    .help =
        "'lot show' and 'lot verify' give the right values beside the first ones, for this lot and all that was made "
        "of "
        "it.\nWhere the event made several lots, the text says which one is meant.\nExamples:\n  oremark correct "
        "DRUM-17 --gross 19.4t --metal Cu=5.5t --text \"scale read 0.6 t high\" "
        "--lower\n  oremark correct DRUM-17 --did-not-occur --text \"typed twice\"\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
