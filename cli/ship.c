#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"consignee", "MEMBER", "who will receive: number or name"},
    {"mode", "MODE", "road, rail, sea, inland-water, air, pipeline, conveyor"},
    {"with-title", NULL, "title passes to the consignee when it receives; else the owner stays (tolling, warehousing)"},
    {"seal", "NUMBER", "seal number (ISO 17712); may be repeated"},
    {"waybill", "NUMBER", "bill of lading or waybill"},
    {NULL, NULL, NULL},
};

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Ship *ship = om_arena_alloc(session->arena, sizeof *ship);
  oremark__ship__init(ship);
  const struct om_given *consignee, *mode = om_args_find(args, "mode");
  int value = 0;
  if (om_session_lots(session, &ship->lots, &ship->n_lots, NULL, args, 1, st) ||
      om_args_need(args, &consignee, "consignee", st) ||
      (mode && om_given_word(mode, &value, &oremark__transport_mode__descriptor, st)) ||
      om_texts_read(session->arena, &ship->seals, &ship->n_seals, args, "seal", st))
    return st->code;
  if (om_session_member(session, &ship->consignee, consignee->value, st)) return om_given_wrap(consignee, st);
  ship->mode = (Oremark__TransportMode)value;
  ship->with_title = om_args_has(args, "with-title");
  ship->waybill = om_copy_text(session->arena, om_args_value(args, "waybill"));
  event->kind_case = OREMARK__EVENT__KIND_SHIP;
  event->ship = ship;
  return OM_OK;
}

const struct om_command om_command_ship = {
    .name = "ship",
    .words = "LOT...",
    .summary = "Hand lots to a consignee: from then on only it may write their next record.",
    .help =
        "Example:\n  oremark ship DRUM-17 DRUM-18 --consignee \"Ilo smelter\" --mode rail --seal H0012345 "
        "--with-title\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
