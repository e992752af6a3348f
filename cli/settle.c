#include "cli/act.h"
#include "cli/material.h"
#include "cli/measured.h"

static const struct om_option options[] = {
    {"consignor", "MEMBER", "with whom: number or name (default: of whom the first lot was received)"},
    {"lot", "LOT", "a lot with final weights; the two options below belong to the lot before them"},
    {"gross", "MASS", "final gross mass (default: as received)"},
    {"metal", "METAL", "final contained metal: Cu=5.65t (default: as received); may be repeated"},
    {"contract", "NUMBER", "under which contract, at most 64 bytes; every member sees it"},
    {NULL, NULL, NULL},
};

struct settling {
  struct om_session *session;
  const struct om_args *args;
  Oremark__Settle *settle;
};

/* The options from FROM up to TO say what was agreed of the lot. */
static enum om_code add_lot(void *ctx, const struct om_found_lot *found, size_t from, size_t to, struct om_status *st) {
  const struct settling *s = ctx;
  Oremark__SettledLot *lot = om_arena_alloc(s->session->arena, sizeof *lot);
  oremark__settled_lot__init(lot);
  lot->lot = om_lot_ref(s->session->arena, found);
  if (s->settle->n_lots == 0 && s->settle->consignor == 0) s->settle->consignor = found->consignor;
  s->settle->lots[s->settle->n_lots++] = lot;
  for (size_t i = from; i < to; i++)
    if (om_given_is(&s->args->given[i], "gross") && om_given_mass(&s->args->given[i], &lot->gross_mg, st))
      return st->code;
  return om_measured_read(s->session->arena, &lot->metals, &lot->n_metals, s->args, from, to, st);
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  static const char *const found[] = {"gross", "metal", NULL};
  Oremark__Settle *settle = om_arena_alloc(session->arena, sizeof *settle);
  oremark__settle__init(settle);
  settle->lots = om_arena_array(session->arena, args->n_words + args->n, sizeof *settle->lots);
  struct settling settling = {session, args, settle};
  const struct om_given *consignor = om_args_find(args, "consignor");
  if (consignor && om_session_member(session, &settle->consignor, consignor->value, st))
    return om_given_wrap(consignor, st);
  if (om_measured_lots_read(session, args, &(struct om_measured_lots){found, add_lot, &settling}, st)) return st->code;
  if (settle->consignor == 0)
    return om_fail(st, OM_USAGE, NULL, "settle: of whom was it received? name the consignor with --consignor");
  settle->contract = om_copy_text(session->arena, om_args_value(args, "contract"));
  event->kind_case = OREMARK__EVENT__KIND_SETTLE;
  event->settle = settle;
  return OM_OK;
}

const struct om_command om_command_settle = {
    .name = "settle",
    .words = "[LOT...]",
    .summary = "Make the weights and assays of received lots final, signed by consignor and consignee.",
    .help =
        "Once for each receipt, while the lot is whole. The consignee writes it to a file, the consignor signs that.\n"
        "Example:\n"
        "  oremark settle DRUM-17 --gross \"19.94 t\" --metal Cu=5.21t --contract K-1177 --out final.statement\n"
        "  oremark sign final.statement --key mine.key --member Quellaveco\n"
        "  oremark submit final.statement\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
