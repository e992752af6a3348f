/* Flag: a concern about a member, a site, a lot or an event. It stops nothing and hides nothing: whoever judges a lot
 * is told of it, and of those on all that the lot came from. Any member may raise one, under its name. */
#include "ledger/bearing.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum { SEVERITY_MAX = 3, TEXT_MAX = 1024 };

enum om_code om_flag_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Flag *f = event->flag;
  if (om_form_subject(f->subject, st) != OM_OK ||
      om_form_enum("category", &oremark__flag_category__descriptor, (int)f->category, true, st) != OM_OK ||
      om_form_text("text", f->text, 1, TEXT_MAX, st) != OM_OK)
    return st->code;
  if (f->severity < 1 || f->severity > SEVERITY_MAX)
    return om_fail(st, OM_REFUSED, "form", "severity %u is none of 1 (low), 2, 3 (suspend at once)", f->severity);
  if (f->due_ms == 0 || (f->due_ms > 0 && f->due_ms <= OM_TIME_MAX_MS)) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "due: %lld ms is no time between 1970 and 9999", (long long)f->due_ms);
}

enum om_code om_flag_rule(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st) {
  (void)index;
  const Oremark__Flag *f = event->flag;
  struct om_subject_key about;
  uint8_t kept[OM_FLAG_KEPT_BYTES];
  if (om_stage_subject(stage, &about, f->subject, st) != OM_OK || om_stage_flag_raised(stage, st) != OM_OK)
    return st->code;
  kept[0] = (uint8_t)f->category;
  kept[1] = (uint8_t)f->severity;
  om_be64(kept + 2, (uint64_t)f->due_ms);
  om_stage_attest(stage, event, &about, kept, sizeof kept);
  om_stage_bears(stage, event, &about);
  return OM_OK;
}

void om_flag_describe(struct om_text *out, const Oremark__Event *event) {
  static const char *const severities[] = {"", "low", "medium", "suspend at once"};
  const Oremark__Flag *f = event->flag;
  char category[OM_ENUM_WORD_BYTES], due[OM_TIME_TEXT_BYTES];
  om_text_add(out, "flag ");
  om_text_subject(out, f->subject);
  om_text_add(out, ": %s (%s)", om_enum_word(category, &oremark__flag_category__descriptor, (int)f->category),
              severities[f->severity <= SEVERITY_MAX ? f->severity : 0]);
  if (f->due_ms != 0) {
    om_time_format(due, sizeof due, f->due_ms, 0);
    om_text_add(out, ", due %.10s", due);
  }
  om_text_remark(out, f->text);
}
