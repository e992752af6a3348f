#include "cli/act.h"
#include "cli/material.h"
#include "cli/show.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    {"rest", NULL, "what the parts leave is one more part"},
    {NULL, NULL, NULL},
};

/* TOTAL x PART / WHOLE, rounded down. */
static uint64_t share(uint64_t total, uint64_t part, uint64_t whole) {
  return (uint64_t)((om_u128)total * part / whole);
}

static void set_metal(struct om_arena *arena, Oremark__Material *part, uint32_t element, uint64_t mg) {
  if (mg == 0) return;
  Oremark__Metal *metal = om_arena_alloc(arena, sizeof *metal);
  oremark__metal__init(metal);
  metal->element = element;
  metal->contained_mg = mg;
  part->metals[part->n_metals++] = metal;
}

/* A part whose metals are not stated gets its proportion of them. Rounding is by the running sum of the gross masses,
 * so that parts which are together the whole lot are together all of its metal. */
static void in_proportion(struct om_arena *arena, Oremark__Material *part, const struct om_found_lot *lot,
                          uint64_t before) {
  if (lot->gross_mg == 0 || before > lot->gross_mg || part->gross_mg > lot->gross_mg - before) return;
  for (size_t i = 0; i < lot->n_metals; i++)
    set_metal(arena, part, lot->elements[i],
              share(lot->contained_mg[i], before + part->gross_mg, lot->gross_mg) -
                  share(lot->contained_mg[i], before, lot->gross_mg));
}

static enum om_code add_rest(struct om_session *session, Oremark__Split *split, const struct om_found_lot *lot,
                             uint64_t gross, struct om_status *st) {
  Oremark__Material *rest = om_arena_alloc(session->arena, sizeof *rest);
  oremark__material__init(rest);
  char mass[OM_MASS_TEXT_BYTES];
  if (gross >= lot->gross_mg)
    return om_fail(st, OM_USAGE, NULL, "--rest: the parts leave nothing of the lot's %s",
                   om_mass_format(mass, sizeof mass, (int64_t)lot->gross_mg));
  rest->gross_mg = lot->gross_mg - gross;
  rest->form = (Oremark__Form)lot->form;
  rest->name = om_copy_text(session->arena, lot->name);
  rest->metals = om_arena_array(session->arena, lot->n_metals, sizeof *rest->metals);
  for (size_t i = 0; i < lot->n_metals; i++) {
    uint64_t left = lot->contained_mg[i];
    for (size_t p = 0; p < split->n_parts; p++)
      for (size_t m = 0; m < split->parts[p]->n_metals; m++) {
        const Oremark__Metal *metal = split->parts[p]->metals[m];
        if (metal->element != lot->elements[i]) continue;
        if (metal->contained_mg > left)
          return om_fail(st, OM_USAGE, NULL, "--rest: the parts hold more %s than the lot",
                         om_show_element(metal->element));
        left -= metal->contained_mg;
      }
    set_metal(session->arena, rest, lot->elements[i], left);
  }
  split->parts[split->n_parts++] = rest;
  return OM_OK;
}

static enum om_code fill_parts(struct om_session *session, Oremark__Split *split, const struct om_found_lot *lot,
                               bool with_rest, struct om_status *st) {
  uint64_t gross = 0;
  for (size_t i = 0; i < split->n_parts; i++) {
    Oremark__Material *part = split->parts[i];
    if (part->form == OREMARK__FORM__FORM_UNSTATED) part->form = (Oremark__Form)lot->form;
    if (!*part->name) part->name = om_copy_text(session->arena, lot->name);
    if (part->n_metals == 0) in_proportion(session->arena, part, lot, gross);
    if (__builtin_add_overflow(gross, part->gross_mg, &gross))
      return om_fail(st, OM_USAGE, NULL, "split: the parts' gross masses are together more than any lot can have");
  }
  return with_rest ? add_rest(session, split, lot, gross, st) : OM_OK;
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Split *split = om_arena_alloc(session->arena, sizeof *split);
  oremark__split__init(split);
  struct om_found_lot lot;
  Oremark__Material **parts;
  bool with_rest = om_args_has(args, "rest");
  if (om_args_words(args, 1, 1, st)) return st->code;
  if (om_session_lot(session, &lot, args->words[0].value, st)) return om_given_wrap(&args->words[0], st);
  split->lot = om_lot_ref(session->arena, &lot);
  if (om_materials_read(session->arena, &parts, &split->n_parts, args, st)) return st->code;
  split->parts = om_arena_array(session->arena, split->n_parts + 1, sizeof *split->parts);
  for (size_t i = 0; i < split->n_parts; i++) split->parts[i] = parts[i];
  if (with_rest && !lot.described)
    return om_fail(st, OM_USAGE, NULL, "--rest: what the lot holds is not known here: state every part");
  if (lot.described && fill_parts(session, split, &lot, with_rest, st)) return st->code;
  event->kind_case = OREMARK__EVENT__KIND_SPLIT;
  event->split = split;
  return OM_OK;
}

const struct om_command om_command_split = {
    .name = "split",
    .words = "LOT",
    .summary = "Part a lot; gross mass and metals are conserved exactly.",
    .help =
        "A part without a name or form has the lot's; one without metals has its proportion of the lot's.\n"
        "Examples:\n"
        "  oremark split DRUM-17 --lot \"\" --gross \"5 t\" --alias DRUM-17/1 --rest\n"
        "  oremark split DRUM-17 --lot a --gross \"5 t\" --metal Cu=1.3t --lot b --gross \"15 t\" --metal Cu=3.906t\n",
    .options = options,
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
