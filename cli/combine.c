#include <string.h>

#include "cli/act.h"
#include "cli/material.h"
#include "ledger/quantity.h"

/* What the lots hold together, where WHOLE does not say. */
struct sums {
  bool described; /* every lot is */
  uint64_t gross_mg;
  uint64_t contained_mg[OM_ELEMENT_MAX + 1];
};

static enum om_code add_up(struct sums *sums, const struct om_found_lot *lots, size_t n, struct om_status *st) {
  *sums = (struct sums){.described = true};
  for (size_t i = 0; i < n; i++) {
    if (!lots[i].described) return sums->described = false, OM_OK;
    bool too_much = __builtin_add_overflow(sums->gross_mg, lots[i].gross_mg, &sums->gross_mg);
    for (size_t m = 0; m < lots[i].n_metals; m++) {
      if (lots[i].elements[m] > OM_ELEMENT_MAX) continue;
      uint64_t *sum = &sums->contained_mg[lots[i].elements[m]];
      too_much |= __builtin_add_overflow(*sum, lots[i].contained_mg[m], sum);
    }
    if (too_much || sums->gross_mg > (uint64_t)OM_MASS_MAX_MG)
      return om_fail(st, OM_USAGE, NULL, "combine: the lots are together more than one lot can hold");
  }
  return OM_OK;
}

static enum om_code fill_metals(struct om_arena *arena, Oremark__Material *whole, const struct sums *sums,
                                struct om_status *st) {
  for (uint32_t z = 1; z <= OM_ELEMENT_MAX; z++) {
    if (sums->contained_mg[z] == 0) continue;
    if (whole->n_metals == OM_MATERIAL_METALS_MAX)
      return om_fail(st, OM_USAGE, NULL, "combine: the lots hold more than %d metals together", OM_MATERIAL_METALS_MAX);
    Oremark__Metal *metal = om_arena_alloc(arena, sizeof *metal);
    oremark__metal__init(metal);
    metal->element = z;
    metal->contained_mg = sums->contained_mg[z];
    whole->metals[whole->n_metals++] = metal;
  }
  return OM_OK;
}

static enum om_code fill(struct om_session *session, Oremark__Material *whole, const struct om_found_lot *lots,
                         size_t n, struct om_status *st) {
  struct sums sums;
  if (add_up(&sums, lots, n, st) || !sums.described) return st->code;
  bool same_form = true, same_name = true;
  for (size_t i = 1; i < n; i++) {
    same_form &= lots[i].form == lots[0].form;
    same_name &= strcmp(lots[i].name, lots[0].name) == 0;
  }
  if (whole->form == OREMARK__FORM__FORM_UNSTATED) {
    if (!same_form) return om_fail(st, OM_USAGE, NULL, "combine: the lots differ in form: say the whole's with --form");
    whole->form = (Oremark__Form)lots[0].form;
  }
  if (!*whole->name && same_name) whole->name = om_copy_text(session->arena, lots[0].name);
  if (whole->gross_mg == 0) whole->gross_mg = sums.gross_mg;
  return whole->n_metals == 0 ? fill_metals(session->arena, whole, &sums, st) : OM_OK;
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Combine *combine = om_arena_alloc(session->arena, sizeof *combine);
  oremark__combine__init(combine);
  struct om_found_lot *lots;
  Oremark__Material **wholes;
  size_t n;
  om_status_clear(st);
  if (om_session_lots(session, &combine->lots, &combine->n_lots, &lots, args, 2, st) ||
      om_materials_read(session->arena, &wholes, &n, args, st))
    return st->code;
  if (n > 1) return om_fail(st, OM_USAGE, NULL, "combine: it makes one lot, but --lot was given %zu times", n);
  if (n == 1) {
    combine->whole = wholes[0];
  } else {
    combine->whole = om_arena_alloc(session->arena, sizeof *combine->whole);
    oremark__material__init(combine->whole);
    combine->whole->metals = om_arena_array(session->arena, OM_MATERIAL_METALS_MAX, sizeof *combine->whole->metals);
  }
  if (fill(session, combine->whole, lots, combine->n_lots, st)) return st->code;
  event->kind_case = OREMARK__EVENT__KIND_COMBINE;
  event->combine = combine;
  return OM_OK;
}

const struct om_command om_command_combine = {
    .name = "combine",
    .words = "LOT LOT...",
    .summary = "Join lots into one; gross mass and metals are conserved exactly.",
    .help =
        "Gross mass, metals, form and name are the lots' together, unless they are stated.\n"
        "Example:\n  oremark combine DRUM-17 DRUM-18 --lot \"copper concentrate\" --alias PILE-4\n",
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
