#include "cli/import_lots.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct om_import_lot *add_lot(struct om_import_lots *lots) {
  struct om_import_lot *lot = calloc(1, sizeof *lot);
  OM_ASSERT(lot);
  lot->next = lots->all;
  lots->all = lot;
  return lot;
}

void om_import_lots_free(struct om_import_lots *lots) {
  for (struct om_import_lot *lot = lots->all, *next; lot; lot = next) {
    next = lot->next;
    free(lot->name);
    free((char *)(uintptr_t)lot->ref);
    free(lot);
  }
  om_index_free(&lots->names);
  lots->all = NULL;
}

/* OM- numbers in whatever spelling are one name; other texts are their own. */
static struct om_import_lot *lookup(const struct om_import_lots *lots, const char *text) {
  struct om_import_lot *lot = om_index_get(&lots->names, text);
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_status st;
  char canonical[OM_LOT_TEXT_BYTES];
  if (lot || strncasecmp(text, "OM-", 3) != 0 || om_lot_parse(number, text, &st)) return lot;
  return om_index_get(&lots->names, om_lot_format(canonical, sizeof canonical, number));
}

static void give_number(struct om_import_lots *lots, struct om_import_lot *lot) {
  char text[OM_LOT_TEXT_BYTES];
  om_index_put(&lots->names, om_lot_format(text, sizeof text, lot->number), lot);
}

static void found_from(struct om_found_lot *out, const struct om_import_lot *lot) {
  *out = (struct om_found_lot){.within = lot->now.within,
                               .event = lot->now.event,
                               .output = lot->now.output,
                               .last_event = lot->now.last_event,
                               .described = lot->described,
                               .form = lot->form,
                               .name = lot->name ? lot->name : "",
                               .gross_mg = lot->gross_mg,
                               .n_metals = lot->n_metals};
  memcpy(out->number, lot->number, sizeof out->number);
  memcpy(out->elements, lot->elements, sizeof out->elements);
  memcpy(out->contained_mg, lot->contained_mg, sizeof out->contained_mg);
}

enum om_code om_import_find(void *ctx, struct om_found_lot *out, const char *text, struct om_status *st) {
  struct om_import_lots *lots = ctx;
  const struct om_import_lot *lot = lookup(lots, text);
  if (!lot) return OM_MISSING;
  if (lot == &lots->ambiguous)
    return om_fail(st, OM_USAGE, NULL, "'%s' names two lots of this file: use their refs", text);
  if (lot->bad)
    return om_fail(st, OM_USAGE, NULL, "lot '%s' was not recorded: mend line %" PRIu64 " first", text, lot->line);
  if (!lot->now.exists) return OM_MISSING;
  if (lot->now.gone) return om_fail(st, OM_USAGE, NULL, "lot '%s' was used up (line %" PRIu64 ")", text, lot->line);
  found_from(out, lot);
  return OM_OK;
}

void om_import_found(void *ctx, struct om_found_lot *found, const char *text) {
  struct om_import_lots *lots = ctx;
  char number[OM_LOT_TEXT_BYTES];
  struct om_import_lot *lot = om_index_get(&lots->names, om_lot_format(number, sizeof number, found->number));
  if (!lot) {
    lot = add_lot(lots);
    memcpy(lot->number, found->number, sizeof lot->number);
    lot->now = (struct om_lot_standing){.exists = true, .last_event = found->last_event};
    lot->recorded = lot->now;
    lot->described = found->described;
    lot->form = found->form;
    lot->name = strdup(found->name ? found->name : "");
    lot->gross_mg = found->gross_mg;
    lot->n_metals = found->n_metals;
    memcpy(lot->elements, found->elements, sizeof lot->elements);
    memcpy(lot->contained_mg, found->contained_mg, sizeof lot->contained_mg);
    give_number(lots, lot);
  }
  if (!om_index_get(&lots->names, text)) om_index_put(&lots->names, text, lot);
  found_from(found, lot);
}

static void touch(struct om_touches *touches, struct om_import_lot *lot) {
  if (touches->n == touches->cap) {
    touches->cap = touches->cap ? touches->cap * 2 : 64;
    touches->list = realloc(touches->list, touches->cap * sizeof *touches->list);
    OM_ASSERT(touches->list);
  }
  touches->list[touches->n++] = (struct om_lot_touch){lot, lot->now};
}

void om_touches_free(struct om_touches *touches) {
  free(touches->list);
  *touches = (struct om_touches){0};
}

/* ---- what an event does ---- */

/* The lot named TEXT is written by the event as output OUTPUT, or used up. */
static void write_lot(struct om_import_lots *lots, struct om_touches *touches, const char *text, uint64_t line,
                      uint32_t event, uint32_t output, bool gone) {
  struct om_import_lot *lot = lookup(lots, text);
  if (!lot || lot == &lots->ambiguous) return; /* the daemon's, and asked for when it is next named */
  lot->now = (struct om_lot_standing){.exists = true, .gone = gone, .within = true, .event = event, .output = output};
  if (gone) lot->line = line;
  touch(touches, lot);
}

static void name_lot(struct om_import_lots *lots, const char *text, struct om_import_lot *lot) {
  struct om_import_lot *other = om_index_get(&lots->names, text);
  if (other && other != lot && other->now.exists && !other->now.gone && !other->bad) lot = &lots->ambiguous;
  om_index_put(&lots->names, text, lot);
}

static void describe(struct om_import_lot *lot, const Oremark__Material *material) {
  lot->described = material != NULL;
  if (!material) return;
  lot->form = material->form;
  lot->name = strdup(material->name);
  lot->gross_mg = material->gross_mg;
  for (size_t i = 0; i < material->n_metals && i < OM_FOUND_METALS_MAX; i++, lot->n_metals++) {
    lot->elements[i] = material->metals[i]->element;
    lot->contained_mg[i] = material->metals[i]->contained_mg;
  }
}

static enum om_code check_refs(const struct om_import_lots *lots, const struct om_group *group, struct om_status *st) {
  for (size_t i = 0; i < group->n_refs; i++) {
    const struct om_import_lot *other = om_index_get(&lots->names, group->refs[i].name);
    if (other && other != &lots->ambiguous && other->ref && other->now.exists && !other->bad)
      return om_fail(st, OM_USAGE, NULL, "column ref: '%s' names a lot of line %" PRIu64 " already",
                     group->refs[i].name, other->line);
    for (size_t j = 0; j < i; j++)
      if (strcmp(group->refs[i].name, group->refs[j].name) == 0)
        return om_fail(st, OM_USAGE, NULL, "column ref: '%s' stands twice in the group", group->refs[i].name);
  }
  return OM_OK;
}

static void make_lots(struct om_import_lots *lots, struct om_touches *touches, const struct om_group *group,
                      const struct om_made *made, uint32_t event) {
  for (size_t i = 0; i < made->n; i++) {
    struct om_import_lot *lot = add_lot(lots);
    const Oremark__Material *material = made->materials ? made->materials[i] : NULL;
    uint32_t output = (uint32_t)(made->first_output + i);
    lot->now = (struct om_lot_standing){.exists = true, .within = true, .event = event, .output = output};
    lot->born_within = true;
    lot->born_event = event;
    lot->born_output = output;
    lot->line = group->line;
    describe(lot, material);
    touch(touches, lot);
    for (size_t a = 0; material && a < material->n_aliases; a++) name_lot(lots, material->aliases[a], lot);
    for (size_t r = 0; r < group->n_refs; r++)
      if (group->refs[r].made == i) {
        if (!lot->ref) lot->ref = strdup(group->refs[r].name);
        lot->line = group->refs[r].line;
        om_index_put(&lots->names, group->refs[r].name, lot);
      }
  }
}

/* What is known of a lot's content is no longer so, once it was measured. */
static void forget(struct om_import_lots *lots, const char *text) {
  struct om_import_lot *lot = lookup(lots, text);
  if (lot) lot->described = false;
}

enum om_code om_import_apply(struct om_import_lots *lots, struct om_touches *touches, const struct om_group *group,
                             const Oremark__Event *event, uint32_t index, struct om_status *st) {
  const struct om_args *args = &group->args;
  Oremark__Event__KindCase kind = event->kind_case;
  bool used_up = kind == OREMARK__EVENT__KIND_TRANSFORM || kind == OREMARK__EVENT__KIND_SPLIT ||
                 kind == OREMARK__EVENT__KIND_COMBINE || kind == OREMARK__EVENT__KIND_CHARGE;
  struct om_made made;
  om_event_makes(&made, event);
  if (check_refs(lots, group, st)) return st->code;
  uint32_t output = 0;
  for (size_t i = 0; i < args->n_words; i++)
    write_lot(lots, touches, args->words[i].value, group->line, index, output++, used_up);
  if (kind == OREMARK__EVENT__KIND_RECEIVE || kind == OREMARK__EVENT__KIND_SETTLE)
    for (size_t i = 0; i < args->n; i++)
      if (om_given_is(&args->given[i], "lot")) {
        write_lot(lots, touches, args->given[i].value, group->line, index, output++, false);
        forget(lots, args->given[i].value);
      }
  if (kind == OREMARK__EVENT__KIND_SETTLE && args->n_words) forget(lots, args->words[0].value);
  const char *pool = kind == OREMARK__EVENT__KIND_CHARGE ? om_args_value(args, "pool") : NULL;
  if (pool) write_lot(lots, touches, pool, group->line, index, 0, false);
  if (kind == OREMARK__EVENT__KIND_CHARGE && pool) forget(lots, pool);
  if ((kind == OREMARK__EVENT__KIND_DRAW || kind == OREMARK__EVENT__KIND_STOCKTAKE) && args->n_words)
    forget(lots, args->words[0].value);
  make_lots(lots, touches, group, &made,
            index); /* last, so that a new lot may have the alias of one that it came from */
  return OM_OK;
}

void om_import_seal(struct om_import_lots *lots, struct om_touches *touches, const struct om_signed *statement) {
  for (size_t i = 0; i < touches->n; i++) {
    struct om_import_lot *lot = touches->list[i].lot;
    if (lot->born_within) {
      om_made_number(lot->number, statement, (uint16_t)lot->born_event, (uint16_t)lot->born_output);
      lot->born_within = false;
      give_number(lots, lot);
    }
    if (lot->now.within) {
      om_event_id(&lot->now.last_event, &statement->network, &statement->id, (uint16_t)lot->now.event);
      lot->now.within = false;
    }
    touches->list[i].after = lot->now;
  }
}

void om_import_recorded(struct om_touches *touches) {
  for (size_t i = 0; i < touches->n; i++) touches->list[i].lot->recorded = touches->list[i].after;
}

void om_import_take_back(struct om_touches *touches) {
  for (size_t i = touches->n; i-- > 0;) {
    struct om_import_lot *lot = touches->list[i].lot;
    lot->now = lot->recorded;
    lot->born_within = false; /* a lot that does not exist is found by nobody; its row makes another one */
  }
}

void om_import_spoil(struct om_import_lots *lots, const struct om_group *group) {
  for (size_t i = 0; i < group->n_refs; i++) {
    struct om_import_lot *lot = om_index_get(&lots->names, group->refs[i].name);
    if (lot && lot != &lots->ambiguous && lot->now.exists && lot->line != group->refs[i].line) continue;
    lot = add_lot(lots);
    lot->bad = true;
    lot->line = group->refs[i].line;
    om_index_put(&lots->names, group->refs[i].name, lot);
  }
  for (size_t i = 0; i < group->args.n; i++) {
    if (!om_given_is(&group->args.given[i], "alias") || om_index_get(&lots->names, group->args.given[i].value))
      continue;
    struct om_import_lot *lot = add_lot(lots);
    lot->bad = true;
    lot->line = group->line;
    om_index_put(&lots->names, group->args.given[i].value, lot);
  }
}
