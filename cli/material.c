#include "cli/material.h"

#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "ledger/quantity.h"

char *om_copy_text(struct om_arena *arena, const char *text) {
  if (!text) text = "";
  return om_arena_copy(arena, text, strlen(text) + 1);
}

static enum om_code fraction(struct om_arena *arena, Oremark__Decimal **out, const char *text, struct om_status *st) {
  struct om_decimal value;
  if (om_decimal_parse(&value, text, st)) return st->code;
  *out = om_arena_alloc(arena, sizeof **out);
  oremark__decimal__init(*out);
  (*out)->digits = value.digits;
  (*out)->places = value.places;
  return OM_OK;
}

/* Reads the element's name at TEXT; *REST is left at the sign after it. */
static enum om_code element(uint32_t *out, char **rest, char *text, struct om_status *st) {
  char *name = text + strspn(text, " ");
  size_t len = strcspn(name, "=@");
  *rest = name + len;
  if (**rest == '\0')
    return om_fail(st, OM_USAGE, NULL, "'%s' is not a metal: write Cu=5.69t@28.45%%, Cu=5.69t or Cu@28.45%%", text);
  while (len > 0 && name[len - 1] == ' ') len--;
  char symbol[32] = ""; /* longer than any element's name */
  if (len < sizeof symbol) memcpy(symbol, name, len);
  *out = om_element_parse(symbol);
  if (*out == 0)
    return om_fail(st, OM_USAGE, NULL, "'%s' names no chemical element: write its symbol, as in Cu=5.69t", text);
  return OM_OK;
}

enum om_code om_metal_parse(struct om_arena *arena, Oremark__Metal **out, const char *text, struct om_status *st) {
  char *rest;
  *out = om_arena_alloc(arena, sizeof **out);
  oremark__metal__init(*out);
  if (element(&(*out)->element, &rest, om_copy_text(arena, text), st)) return st->code;
  char *assay = strchr(rest, '@');
  if (assay) *assay++ = '\0';
  if (*rest == '=') {
    int64_t mg;
    if (om_mass_parse(&mg, rest + 1, st)) return om_wrap(st, "%s", text);
    if (mg == 0) return om_fail(st, OM_USAGE, NULL, "%s: a metal of which there is nothing is left out", text);
    (*out)->contained_mg = (uint64_t)mg;
  }
  if (assay && fraction(arena, &(*out)->assay, assay, st)) return om_wrap(st, "%s", text);
  return OM_OK;
}

static enum om_code measured(struct om_arena *arena, Oremark__ElementMass **out, const char *text,
                             struct om_status *st) {
  char *rest;
  int64_t mg;
  *out = om_arena_alloc(arena, sizeof **out);
  oremark__element_mass__init(*out);
  if (element(&(*out)->element, &rest, om_copy_text(arena, text), st)) return st->code;
  if (*rest != '=' || strchr(rest, '@'))
    return om_fail(st, OM_USAGE, NULL, "'%s': here a metal is its mass alone, as in Cu=5.69t", text);
  if (om_mass_parse(&mg, rest + 1, st)) return om_wrap(st, "%s", text);
  (*out)->mass_mg = (uint64_t)mg;
  return OM_OK;
}

static int by_element(const void *a, const void *b) {
  const Oremark__Metal *x = *(Oremark__Metal *const *)a, *y = *(Oremark__Metal *const *)b;
  return (x->element > y->element) - (x->element < y->element);
}

static int by_element_mass(const void *a, const void *b) {
  const Oremark__ElementMass *x = *(Oremark__ElementMass *const *)a, *y = *(Oremark__ElementMass *const *)b;
  return (x->element > y->element) - (x->element < y->element);
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum om_code twice(const char *what, struct om_status *st) {
  return om_fail(st, OM_USAGE, NULL, "%s is given twice", what);
}

static enum om_code sort_masses(Oremark__ElementMass **list, size_t n, struct om_status *st) {
  qsort(list, n, sizeof *list, by_element_mass);
  for (size_t i = 1; i < n; i++)
    if (list[i]->element == list[i - 1]->element) return twice(om_element_symbol((uint8_t)list[i]->element), st);
  return OM_OK;
}

enum om_code om_measured_read(struct om_arena *arena, Oremark__ElementMass ***out, size_t *n,
                              const struct om_args *args, size_t from, size_t to, struct om_status *st) {
  *out = om_arena_array(arena, OM_MATERIAL_METALS_MAX, sizeof **out);
  *n = 0;
  const struct om_given *last = NULL;
  for (size_t i = from; i < to; i++) {
    const struct om_given *given = &args->given[i];
    if (!om_given_is(given, "metal")) continue;
    last = given;
    if (*n == OM_MATERIAL_METALS_MAX) {
      om_fail(st, OM_USAGE, NULL, "a lot has %d metals at most", OM_MATERIAL_METALS_MAX);
      return om_given_wrap(given, st);
    }
    if (measured(arena, &(*out)[(*n)++], given->value, st)) return om_given_wrap(given, st);
  }
  if (sort_masses(*out, *n, st)) return om_given_wrap(last, st);
  return OM_OK;
}

static enum om_code loss(struct om_arena *arena, Oremark__Loss **out, const char *text, struct om_status *st) {
  *out = om_arena_alloc(arena, sizeof **out);
  oremark__loss__init(*out);
  char *kind = om_copy_text(arena, text), *metals = strchr(kind, ':');
  if (!metals) return om_fail(st, OM_USAGE, NULL, "'%s' is not a loss: write slag:Cu=120kg,Au=3g", text);
  *metals++ = '\0';
  char *note = strchr(metals, ':');
  if (note) *note++ = '\0';
  int value;
  if (om_word_parse(&value, &oremark__loss_kind__descriptor, "kind of loss", kind, st)) return st->code;
  (*out)->kind = (Oremark__LossKind)value;
  (*out)->note = om_copy_text(arena, note);
  (*out)->metals = om_arena_array(arena, OM_MATERIAL_METALS_MAX, sizeof *(*out)->metals);
  char *save = NULL;
  for (char *one = strtok_r(metals, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
    if ((*out)->n_metals == OM_MATERIAL_METALS_MAX) return om_fail(st, OM_USAGE, NULL, "%s: too many metals", text);
    if (measured(arena, &(*out)->metals[(*out)->n_metals++], one, st)) return st->code;
  }
  return sort_masses((*out)->metals, (*out)->n_metals, st);
}

enum om_code om_losses_read(struct om_arena *arena, Oremark__Loss ***out, size_t *n, const struct om_args *args,
                            struct om_status *st) {
  *out = om_arena_array(arena, args->n, sizeof **out);
  *n = 0;
  for (size_t i = 0; i < args->n; i++)
    if (om_given_is(&args->given[i], "loss") && loss(arena, &(*out)[(*n)++], args->given[i].value, st))
      return om_given_wrap(&args->given[i], st);
  return OM_OK;
}

enum om_code om_texts_read(struct om_arena *arena, char ***out, size_t *n, const struct om_args *args, const char *name,
                           struct om_status *st) {
  *out = om_arena_array(arena, args->n, sizeof **out);
  *n = 0;
  for (size_t i = 0; i < args->n; i++)
    if (om_given_is(&args->given[i], name)) (*out)[(*n)++] = om_copy_text(arena, args->given[i].value);
  qsort(*out, *n, sizeof **out, by_bytes);
  for (size_t i = 1; i < *n; i++)
    if (strcmp((*out)[i], (*out)[i - 1]) == 0) {
      twice((*out)[i], st);
      return om_wrap(st, "--%s", name);
    }
  return OM_OK;
}

/* Works out what was left open, once the gross mass and the moisture are known, and puts the lists in order. */
static enum om_code finish(Oremark__Material *lot, struct om_status *st) {
  struct om_decimal moisture = {0, 0};
  if (lot->moisture) moisture = (struct om_decimal){lot->moisture->digits, lot->moisture->places};
  for (size_t i = 0; i < lot->n_metals; i++) {
    Oremark__Metal *metal = lot->metals[i];
    if (metal->contained_mg) continue;
    const char *symbol = om_element_symbol((uint8_t)metal->element);
    if (lot->gross_mg == 0)
      return om_fail(st, OM_USAGE, NULL, "--metal %s: its mass can't be worked out without --gross", symbol);
    int64_t mg =
        om_contained((int64_t)lot->gross_mg, moisture, (struct om_decimal){metal->assay->digits, metal->assay->places});
    if (mg == 0)
      return om_fail(st, OM_USAGE, NULL, "--metal %s: by this assay there is less than a milligram in the lot", symbol);
    metal->contained_mg = (uint64_t)mg;
  }
  qsort(lot->metals, lot->n_metals, sizeof *lot->metals, by_element);
  for (size_t i = 1; i < lot->n_metals; i++)
    if (lot->metals[i]->element == lot->metals[i - 1]->element)
      return twice(om_element_symbol((uint8_t)lot->metals[i]->element), st);
  qsort(lot->aliases, lot->n_aliases, sizeof *lot->aliases, by_bytes);
  for (size_t i = 1; i < lot->n_aliases; i++)
    if (strcmp(lot->aliases[i], lot->aliases[i - 1]) == 0) return twice(lot->aliases[i], st);
  return OM_OK;
}

static Oremark__Material *begin(struct om_arena *arena) {
  Oremark__Material *lot = om_arena_alloc(arena, sizeof *lot);
  oremark__material__init(lot);
  lot->metals = om_arena_array(arena, OM_MATERIAL_METALS_MAX, sizeof *lot->metals);
  lot->aliases = om_arena_array(arena, OM_MATERIAL_ALIASES_MAX, sizeof *lot->aliases);
  return lot;
}

static enum om_code apply(struct om_arena *arena, Oremark__Material *lot, const struct om_given *given,
                          struct om_status *st) {
  int form;
  if (om_given_is(given, "form")) {
    if (om_given_word(given, &form, &oremark__form__descriptor, st)) return st->code;
    lot->form = (Oremark__Form)form;
  } else if (om_given_is(given, "gross")) {
    return om_given_mass(given, &lot->gross_mg, st);
  } else if (om_given_is(given, "moisture")) {
    if (fraction(arena, &lot->moisture, given->value, st)) return om_given_wrap(given, st);
    if (lot->moisture->digits == 0) lot->moisture = NULL; /* no water and none stated are the same */
  } else if (om_given_is(given, "metal")) {
    if (lot->n_metals == OM_MATERIAL_METALS_MAX)
      om_fail(st, OM_USAGE, NULL, "a lot has %d metals at most", OM_MATERIAL_METALS_MAX);
    else if (!om_metal_parse(arena, &lot->metals[lot->n_metals], given->value, st))
      return lot->n_metals++, OM_OK;
    return om_given_wrap(given, st);
  } else if (om_given_is(given, "alias")) {
    if (lot->n_aliases == OM_MATERIAL_ALIASES_MAX) {
      om_fail(st, OM_USAGE, NULL, "a lot has %d aliases at most", OM_MATERIAL_ALIASES_MAX);
      return om_given_wrap(given, st);
    }
    lot->aliases[lot->n_aliases++] = om_copy_text(arena, given->value);
  }
  return OM_OK;
}

static bool describes_material(const struct om_given *given) {
  static const char *const names[] = {"lot", "form", "gross", "moisture", "metal", "alias"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (om_given_is(given, names[i])) return true;
  return false;
}

enum om_code om_materials_read(struct om_arena *arena, Oremark__Material ***out, size_t *n, const struct om_args *args,
                               struct om_status *st) {
  *out = om_arena_array(arena, args->n, sizeof **out);
  *n = 0;
  Oremark__Material *lot = NULL;
  for (size_t i = 0; i < args->n; i++) {
    const struct om_given *given = &args->given[i];
    if (!describes_material(given)) continue;
    if (!lot || om_given_is(given, "lot")) (*out)[(*n)++] = lot = begin(arena);
    if (om_given_is(given, "lot")) lot->name = om_copy_text(arena, given->value);
    if (apply(arena, lot, given, st)) return st->code;
  }
  for (size_t i = 0; i < *n; i++)
    if (finish((*out)[i], st)) return *n > 1 ? om_wrap(st, "new lot %zu", i + 1) : st->code;
  return OM_OK;
}
