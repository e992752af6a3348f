#include "cli/moment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/show.h"

static const char digits[] = "0123456789";

static enum om_code read_time(Oremark__Moment *moment, const struct om_given *given, struct om_status *st) {
  int32_t zone_min;
  if (om_when_parse(&moment->time_ms, &zone_min, given->value, st))
    return om_fail(st, OM_USAGE, NULL,
                   "--at: '%s' is neither a size (41, or ORIGIN:41) nor a time (2026-11-23T10:00:00Z, 2026-11-23 10:00 "
                   "in local time, 2026-11-23)",
                   given->value);
  if (moment->time_ms <= 0) return om_fail(st, OM_USAGE, NULL, "--at: no log is as old as %s", given->value);
  if (moment->time_ms <= om_now_ms()) return OM_OK;
  return om_fail(st, OM_WAIT, NULL, "--at: %s is still to come: what will be final then is not known", given->value);
}

/* A time has colons too, and a log's name may. */
enum om_code om_moment_read(struct om_session *session, Oremark__Moment **out, struct om_status *st) {
  const struct om_given *given = om_args_find(session->args, "at");
  struct om_status ignored;
  int64_t ms;
  int32_t zone_min;
  *out = NULL;
  if (!given) return OM_OK;
  Oremark__Moment *moment = *out = om_arena_alloc(session->arena, sizeof *moment);
  oremark__moment__init(moment);
  const char *colon = strrchr(given->value, ':');
  om_status_clear(&ignored);
  if (om_when_parse(&ms, &zone_min, given->value, &ignored) == OM_OK) return read_time(moment, given, st);
  const char *size = colon ? colon + 1 : given->value;
  if (*size == '\0' || size[strspn(size, digits)] != '\0' || colon == given->value) return read_time(moment, given, st);
  struct om_given number = {given->option, size, given->where};
  if (om_given_u64(&number, &moment->size, INT64_MAX, st)) return st->code;
  if (colon) {
    size_t len = (size_t)(colon - given->value);
    moment->origin = om_arena_copy(session->arena, given->value, len + 1);
    moment->origin[len] = '\0';
  }
  return OM_OK;
}

static const char *when(char out[OM_TIME_TEXT_BYTES], int64_t ms) {
  return om_time_format(out, OM_TIME_TEXT_BYTES, ms, om_zone_at(ms));
}

static void show_next(FILE *out, const Oremark__AsOf *as_of) {
  char taken[OM_TIME_TEXT_BYTES], final[OM_TIME_TEXT_BYTES];
  if (!as_of->later)
    fprintf(out, "           nothing that is known here has happened to it since\n");
  else if (as_of->next_final_ms > 0)
    fprintf(out, "           its next event was taken in at %s, and known to be final by %s\n",
            when(taken, as_of->next_taken_ms), when(final, as_of->next_final_ms));
  else
    fprintf(out, "           its next event was taken in at %s\n", when(taken, as_of->next_taken_ms));
}

void om_moment_show(FILE *out, const Oremark__AsOf *as_of, const char *now) {
  char text[OM_SHOW_BYTES], time[OM_TIME_TEXT_BYTES];
  if (!as_of) return;
  if (as_of->time_ms > 0)
    fprintf(out, "as of      %s, by what is known to have been final then\n", when(time, as_of->time_ms));
  else
    fprintf(out, "as of      the first %" PRIu64 " entries of %s, and what they mark of other logs\n", as_of->size,
            om_show_text(text, as_of->origin));
  if (as_of->final_ms > 0)
    fprintf(out, "           its last event then was final by %s\n", when(time, as_of->final_ms));
  else
    fprintf(out, "           its last event then was taken in at %s; since when it is final is not known here%s\n",
            when(time, as_of->taken_ms), as_of->by_taken ? ", so that time counts" : "");
  show_next(out, as_of);
  if (as_of->time_ms > 0 && as_of->head_ms > 0 && as_of->head_ms < as_of->time_ms)
    fprintf(out, "           the last final head of %s that is held here is of %s\n", om_show_text(text, as_of->origin),
            when(time, as_of->head_ms));
  fprintf(out, "           as of now are %s\n", now);
}

json_t *om_moment_json(const Oremark__AsOf *as_of, const char *now) {
  if (!as_of) return json_null();
  json_t *json =
      json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "log", om_json_text(as_of->origin), "size",
                as_of->time_ms > 0 ? json_null() : json_integer((json_int_t)as_of->size), "time",
                om_json_time(as_of->time_ms, 0), "step", (json_int_t)as_of->step, "taken",
                om_json_time(as_of->taken_ms, 0), "final_by", om_json_time(as_of->final_ms, 0), "by_taken",
                as_of->by_taken, "later", as_of->later, "next_taken", om_json_time(as_of->next_taken_ms, 0),
                "next_final_by", om_json_time(as_of->next_final_ms, 0), "head_time", om_json_time(as_of->head_ms, 0));
  OM_ASSERT(json);
  json_object_set_new(json, "as_now", om_json_text(now));
  return json;
}
