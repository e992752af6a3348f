#include "cli/act.h"
#include "cli/material.h"

static const struct om_option options[] = {
    {"to", "MEMBER", "the next owner: number or name"},
    {"from", "MEMBER", "the present owner: number or name (default: who owns the first lot)"},
    {NULL, NULL, NULL},
};

static enum om_code present_owner(struct om_session *session, uint32_t *out, const struct om_found_lot *first,
                                  const struct om_args *args, struct om_status *st) {
  const struct om_given *from = om_args_find(args, "from");
  if (from) return om_session_member(session, out, from->value, st) ? om_given_wrap(from, st) : OM_OK;
  *out = first->owner;
  return *out ? OM_OK : om_fail(st, OM_USAGE, NULL, "title: whose is it now? name the present owner with --from");
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__TransferTitle *title = om_arena_alloc(session->arena, sizeof *title);
  oremark__transfer_title__init(title);
  struct om_found_lot *found;
  const struct om_given *to;
  if (om_session_lots(session, &title->lots, &title->n_lots, &found, args, 1, st) ||
      present_owner(session, &title->from, &found[0], args, st) || om_args_need(args, &to, "to", st))
    return st->code;
  if (om_session_member(session, &title->to, to->value, st)) return om_given_wrap(to, st);
  event->kind_case = OREMARK__EVENT__KIND_TRANSFER_TITLE;
  event->transfer_title = title;
  return OM_OK;
}

const struct om_command om_command_title = {
    .name = "title",
    .words = "LOT...",
    .summary = "Pass title to another owner; the lots stay where they are.",
    .help =
        "Whoever holds the lots writes it, and both owners sign: to a file first, unless you are both.\n"
        "Example:\n"
        "  oremark title CATHODE-1 CATHODE-2 --to \"Hilo cables\" --out sale.statement\n"
        "  oremark sign sale.statement --key ilo.key --member Ilo\n"
        "  oremark sign sale.statement --key hilo.key --member \"Hilo cables\"\n"
        "  oremark submit sale.statement\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
