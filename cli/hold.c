#include <stdlib.h>

#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"reason", "REASON", "strategic-reserve, customs, pledge, quarantine"},
    {"releaser", "MEMBER", "who may sign the release: number or name; may be repeated"},
    {"threshold", "K", "how many of them must sign it (default: all)"},
    {NULL, NULL, NULL},
};

static int ascending(const void *a, const void *b) {
  const uint32_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static enum om_code read_releasers(struct om_session *session, Oremark__Hold *hold, const struct om_args *args,
                                   struct om_status *st) {
  const struct om_given *any;
  uint64_t threshold;
  if (om_args_need(args, &any, "releaser", st)) return st->code;
  hold->releasers = om_arena_array(session->arena, args->n, sizeof *hold->releasers);
  for (size_t i = 0; i < args->n; i++) {
    const struct om_given *given = &args->given[i];
    if (!om_given_is(given, "releaser")) continue;
    if (om_session_member(session, &hold->releasers[hold->n_releasers], given->value, st))
      return om_given_wrap(given, st);
    hold->n_releasers++;
  }
  qsort(hold->releasers, hold->n_releasers, sizeof *hold->releasers, ascending);
  threshold = hold->n_releasers;
  const struct om_given *given = om_args_find(args, "threshold");
  for (size_t i = 1; i < hold->n_releasers; i++)
    if (hold->releasers[i] == hold->releasers[i - 1])
      return om_fail(st, OM_USAGE, NULL, "hold: member %u is named twice as a releaser: name each once",
                     hold->releasers[i]);
  if (given && om_given_u64(given, &threshold, UINT32_MAX, st)) return st->code;
  if (threshold < 1 || threshold > hold->n_releasers) {
    om_fail(st, OM_USAGE, NULL, "%s of %zu releasers can't sign: write a number from 1 to %zu", given->value,
            hold->n_releasers, hold->n_releasers);
    return om_given_wrap(given, st);
  }
  hold->threshold = (uint32_t)threshold;
  return OM_OK;
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Hold *hold = om_arena_alloc(session->arena, sizeof *hold);
  oremark__hold__init(hold);
  const struct om_given *reason;
  int value;
  if (om_session_lots(session, &hold->lots, &hold->n_lots, NULL, args, 1, st) ||
      om_args_need(args, &reason, "reason", st) ||
      om_given_word(reason, &value, &oremark__hold_reason__descriptor, st) || read_releasers(session, hold, args, st))
    return st->code;
  hold->reason = (Oremark__HoldReason)value;
  event->kind_case = OREMARK__EVENT__KIND_HOLD;
  event->hold = hold;
  return OM_OK;
}

const struct om_command om_command_hold = {
    .name = "hold",
    .words = "LOT...",
    .summary = "Put lots into a reserve, customs, pledge or quarantine until enough of the named members sign.",
    .help =
        "A lot on hold can't be shipped, split, processed or retired. Its release ('oremark release') takes the\n"
        "signatures of K of the releasers; a lot of another owner is put on hold with that owner's signature.\n"
        "Example:\n"
        "  oremark hold CATHODE-1 --reason strategic-reserve --releaser Ministry --releaser Bank --releaser Army \\\n"
        "    --threshold 2\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
