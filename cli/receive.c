#include <string.h>

#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"site", "SITE", "where they are taken in: number or name of one of your own sites"},
    {"lot", "LOT", "a lot that was measured on arrival; the three options below belong to the lot before them"},
    {"gross", "MASS", "gross mass as weighed on arrival (default: as shipped)"},
    {"metal", "METAL", "contained metal as found: Cu=5.65t (default: as shipped); may be repeated"},
    {"shortage", "REASON", "why there is less than was shipped: weighing, assay, moisture, spillage, theft, other"},
    {"note", "TEXT", "at most 256 bytes"},
    {NULL, NULL, NULL},
};

static Oremark__ReceivedLot *one_lot(struct om_session *session, const struct om_found_lot *found) {
  Oremark__ReceivedLot *lot = om_arena_alloc(session->arena, sizeof *lot);
  oremark__received_lot__init(lot);
  lot->lot = om_lot_ref(session->arena, found);
  return lot;
}

/* The options from FROM up to TO say what was found of LOT. */
static enum om_code found_on_arrival(struct om_session *session, Oremark__ReceivedLot *lot, const struct om_args *args,
                                     size_t from, size_t to, struct om_status *st) {
  int value;
  for (size_t i = from; i < to; i++) {
    const struct om_given *given = &args->given[i];
    if (om_given_is(given, "gross") && om_given_mass(given, &lot->gross_mg, st)) return st->code;
    if (!om_given_is(given, "shortage")) continue;
    if (om_given_word(given, &value, &oremark__shortage_reason__descriptor, st)) return st->code;
    lot->shortage = (Oremark__ShortageReason)value;
  }
  return om_measured_read(session->arena, &lot->metals, &lot->n_metals, args, from, to, st);
}

static bool is_measurement(const struct om_given *given) {
  return om_given_is(given, "gross") || om_given_is(given, "metal") || om_given_is(given, "shortage");
}

/* Every --lot with what follows it. */
static enum om_code measured_lots(struct om_session *session, Oremark__Receive *receive, const struct om_args *args,
                                  struct om_status *st) {
  for (size_t i = 0; i < args->n; i++) {
    const struct om_given *given = &args->given[i];
    if (!om_given_is(given, "lot")) continue;
    struct om_found_lot found;
    if (om_session_lot(session, &found, given->value, st)) return om_given_wrap(given, st);
    size_t to = i + 1;
    while (to < args->n && !om_given_is(&args->given[to], "lot")) to++;
    Oremark__ReceivedLot *lot = one_lot(session, &found);
    if (found_on_arrival(session, lot, args, i + 1, to, st)) return st->code;
    receive->lots[receive->n_lots++] = lot;
  }
  return OM_OK;
}

/* What stands before the first --lot speaks of the lot named by the only word. */
static enum om_code plain_lots(struct om_session *session, Oremark__Receive *receive, const struct om_args *args,
                               struct om_status *st) {
  size_t first = 0;
  const struct om_given *measurement = NULL;
  for (; first < args->n && !om_given_is(&args->given[first], "lot"); first++)
    if (is_measurement(&args->given[first])) measurement = &args->given[first];
  if (measurement && args->n_words != 1) {
    om_fail(st, OM_USAGE, NULL, "which lot was measured? write --lot LOT before what was found of it");
    return om_given_wrap(measurement, st);
  }
  for (size_t i = 0; i < args->n_words; i++) {
    struct om_found_lot found;
    if (om_session_lot(session, &found, args->words[i].value, st)) return om_given_wrap(&args->words[i], st);
    receive->lots[receive->n_lots++] = one_lot(session, &found);
  }
  return measurement ? found_on_arrival(session, receive->lots[0], args, 0, first, st) : OM_OK;
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Receive *receive = om_arena_alloc(session->arena, sizeof *receive);
  oremark__receive__init(receive);
  receive->lots = om_arena_array(session->arena, args->n_words + args->n, sizeof *receive->lots);
  if (!om_args_has(args, "lot") && om_args_words(args, 1, SIZE_MAX, st)) return st->code;
  if (om_session_own_site(session, &receive->site, args, "site", st) || plain_lots(session, receive, args, st) ||
      measured_lots(session, receive, args, st))
    return st->code;
  receive->note = om_copy_text(session->arena, om_args_value(args, "note"));
  event->kind_case = OREMARK__EVENT__KIND_RECEIVE;
  event->receive = receive;
  return OM_OK;
}

const struct om_command om_command_receive = {
    .name = "receive",
    .words = "[LOT...]",
    .summary = "Take custody of lots that were shipped to you.",
    .help =
        "Examples:\n"
        "  oremark receive DRUM-17 DRUM-18 --site Ilo\n"
        "  oremark receive DRUM-17 --site Ilo --gross \"19.96 t\" --metal Cu=5.19t --shortage weighing\n"
        "  oremark receive DRUM-18 --site Ilo --lot DRUM-17 --gross \"19.96 t\" --metal Cu=5.19t --shortage spillage\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
