#include "support/kinds_seen.h"

#include "support/test.h"

void kinds_seen_add(struct kinds_seen *seen, const Oremark__Event *event, enum om_code code) {
  assert_true((size_t)event->kind_case < KINDS_SEEN);
  if (code == OM_OK)
    seen->taken[event->kind_case]++;
  else
    seen->refused[event->kind_case]++;
}

static bool is_in(const Oremark__Event__KindCase *list, size_t kind) {
  for (; *list != 0; list++)
    if ((size_t)*list == kind) return true;
  return false;
}

static const struct om_kind *kind_of(size_t i, enum om_kind_class class) {
  Oremark__Event event = OREMARK__EVENT__INIT;
  event.kind_case = (Oremark__Event__KindCase)i;
  const struct om_kind *kind = om_kind_of(&event);
  return kind && kind->class == class ? kind : NULL;
}

size_t kinds_seen_missing(const struct kinds_seen *seen, enum om_kind_class class,
                          const Oremark__Event__KindCase *never) {
  size_t missing = 0;
  for (size_t i = 1; i < KINDS_SEEN; i++) missing += kind_of(i, class) && !is_in(never, i) && seen->taken[i] == 0;
  return missing;
}

void kinds_seen_all(const struct kinds_seen *seen, enum om_kind_class class, const Oremark__Event__KindCase *never) {
  size_t wrong = 0;
  for (size_t i = 1; i < KINDS_SEEN; i++) {
    const struct om_kind *kind = kind_of(i, class);
    if (!kind) continue;
    bool wanted = !is_in(never, i);
    if (wanted) print_message("%s: %zu taken, %zu refused\n", kind->name, seen->taken[i], seen->refused[i]);
    if (wanted == (seen->taken[i] > 0)) continue;
    print_error("%s: was%s in the histories\n", kind->name, wanted ? " never" : "");
    wrong++;
  }
  assert_int_equal(wrong, 0);
}
