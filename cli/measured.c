#include "cli/measured.h"

static bool is_measurement(const struct om_given *given, const struct om_measured_lots *lots) {
  for (const char *const *name = lots->options; *name; name++)
    if (om_given_is(given, *name)) return true;
  return false;
}

/* The plain words; what was found may be said of the only one without naming it again. */
static enum om_code plain(struct om_session *session, const struct om_args *args, const struct om_measured_lots *lots,
                          struct om_status *st) {
  size_t first = 0;
  const struct om_given *measurement = NULL;
  for (; first < args->n && !om_given_is(&args->given[first], "lot"); first++)
    if (is_measurement(&args->given[first], lots)) measurement = &args->given[first];
  if (measurement && args->n_words != 1) {
    om_fail(st, OM_USAGE, NULL, "which lot was measured? write --lot LOT before what was found of it");
    return om_given_wrap(measurement, st);
  }
  for (size_t i = 0; i < args->n_words; i++) {
    struct om_found_lot found;
    if (om_session_lot(session, &found, args->words[i].value, st)) return om_given_wrap(&args->words[i], st);
    if (lots->each(lots->ctx, &found, 0, measurement ? first : 0, st)) return st->code;
  }
  return OM_OK;
}

enum om_code om_measured_lots_read(struct om_session *session, const struct om_args *args,
                                   const struct om_measured_lots *lots, struct om_status *st) {
  if (!om_args_has(args, "lot") && om_args_words(args, 1, SIZE_MAX, st)) return st->code;
  if (plain(session, args, lots, st)) return st->code;
  for (size_t i = 0; i < args->n; i++) {
    const struct om_given *given = &args->given[i];
    if (!om_given_is(given, "lot")) continue;
    struct om_found_lot found;
    if (om_session_lot(session, &found, given->value, st)) return om_given_wrap(given, st);
    size_t to = i + 1;
    while (to < args->n && !om_given_is(&args->given[to], "lot")) to++;
    if (lots->each(lots->ctx, &found, i + 1, to, st)) return st->code;
  }
  return OM_OK;
}
