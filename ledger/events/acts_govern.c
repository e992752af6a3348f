/* Acts of the governors on schemes and sites: their form and text. What they do is in ledger/acts_govern.c. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum { NAMED_MAX = 12 }; /* certifiers in a line */

/* Member numbers, ascending, none twice. */
static enum om_code form_members(const char *what, const uint32_t *list, size_t n, size_t min, size_t max,
                                 struct om_status *st) {
  if (om_form_count(what, n, min, max, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n; i++)
    if (list[i] == OM_MEMBER_NONE || (i > 0 && list[i] <= list[i - 1]))
      return om_fail(st, OM_REFUSED, "form", "%s: put the member numbers in ascending order, none twice", what);
  return OM_OK;
}

static void text_members(struct om_text *out, const uint32_t *list, size_t n) {
  for (size_t i = 0; i < n && i < NAMED_MAX; i++) om_text_add(out, "%s %u", i == 0 ? "" : ",", list[i]);
  if (n > NAMED_MAX) om_text_add(out, " and %zu more", n - NAMED_MAX);
}

enum om_code om_recognise_scheme_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__RecogniseScheme *r = event->recognise_scheme;
  if (om_form_text("scheme", r->scheme, 1, OM_SCHEME_BYTES, st) != OM_OK) return st->code;
  if (r->ended && r->n_certifiers > 0)
    return om_fail(st, OM_REFUSED, "form", "a scheme that is recognised no more has no certifiers: leave them out");
  return form_members("certifiers", r->certifiers, r->n_certifiers, 0, OM_CERTIFIERS_MAX, st);
}

void om_recognise_scheme_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__RecogniseScheme *r = event->recognise_scheme;
  om_text_add(out, r->ended ? "recognise the scheme %s no more" : "recognise the scheme %s", r->scheme);
  if (r->ended) return;
  om_text_add(out, r->n_certifiers ? "; it is certified by members" : "; nobody certifies it");
  text_members(out, r->certifiers, r->n_certifiers);
}

enum om_code om_site_status_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__SiteStatus *s = event->site_status;
  if (om_form_number("member", s->member, st) != OM_OK || om_form_number("site", s->site, st) != OM_OK ||
      om_form_enum("status", &oremark__site_state__descriptor, (int)s->state, true, st) != OM_OK)
    return st->code;
  if (om_time_ok(s->valid_from_ms, 0) && om_time_ok(s->valid_until_ms, 0) && s->valid_from_ms < s->valid_until_ms)
    return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "say from when until when it holds: the end is behind the beginning");
}

void om_site_status_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__SiteStatus *s = event->site_status;
  char word[OM_ENUM_WORD_BYTES], from[OM_TIME_TEXT_BYTES], until[OM_TIME_TEXT_BYTES];
  om_text_add(out, "site %u of member %u is %s from %s until %s", s->site, s->member,
              om_enum_word(word, &oremark__site_state__descriptor, (int)s->state),
              om_time_format(from, sizeof from, s->valid_from_ms, 0),
              om_time_format(until, sizeof until, s->valid_until_ms, 0));
}
