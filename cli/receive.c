#include "cli/act.h"
#include "cli/material.h"
#include "cli/measured.h"
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

struct receiving {
  struct om_session *session;
  const struct om_args *args;
  Oremark__Receive *receive;
};

/* The options from FROM up to TO say what was found of the lot. */
static enum om_code add_lot(void *ctx, const struct om_found_lot *found, size_t from, size_t to, struct om_status *st) {
  const struct receiving *r = ctx;
  Oremark__ReceivedLot *lot = om_arena_alloc(r->session->arena, sizeof *lot);
  oremark__received_lot__init(lot);
  lot->lot = om_lot_ref(r->session->arena, found);
  r->receive->lots[r->receive->n_lots++] = lot;
  int value;
  for (size_t i = from; i < to; i++) {
    const struct om_given *given = &r->args->given[i];
    if (om_given_is(given, "gross") && om_given_mass(given, &lot->gross_mg, st)) return st->code;
    if (!om_given_is(given, "shortage")) continue;
    if (om_given_word(given, &value, &oremark__shortage_reason__descriptor, st)) return st->code;
    lot->shortage = (Oremark__ShortageReason)value;
  }
  return om_measured_read(r->session->arena, &lot->metals, &lot->n_metals, r->args, from, to, st);
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  static const char *const found[] = {"gross", "metal", "shortage", NULL};
  Oremark__Receive *receive = om_arena_alloc(session->arena, sizeof *receive);
  oremark__receive__init(receive);
  receive->lots = om_arena_array(session->arena, args->n_words + args->n, sizeof *receive->lots);
  struct receiving receiving = {session, args, receive};
  if (!om_args_has(args, "lot") && om_args_words(args, 1, SIZE_MAX, st)) return st->code;
  if (om_session_own_site(session, &receive->site, args, "site", st) ||
      om_measured_lots_read(session, args, &(struct om_measured_lots){found, add_lot, &receiving}, st))
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
