/* Acts of the governors on themselves, roles, limits, schemes and sites: their form and text. What they do is in
 * ledger/acts_govern.c. */
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
  for (size_t i = 0; i < n && i < NAMED_MAX; i++) {
    om_text_add(out, i == 0 ? " " : ", ");
    om_text_add_member(out, list[i]);
  }
  if (n > NAMED_MAX) om_text_add(out, " and %zu more", n - NAMED_MAX);
}

enum om_code om_set_roles_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__SetRoles *s = event->set_roles;
  if (om_form_number("member", s->member, st) != OM_OK) return st->code;
  return om_form_roles(s->roles, s->n_roles, st);
}

void om_set_roles_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__SetRoles *s = event->set_roles;
  om_text_add(out, "set the roles of ");
  om_text_add_member(out, s->member);
  om_text_roles(out, s->roles, s->n_roles);
  if (s->n_roles == 0) om_text_add(out, ": none");
}

enum om_code om_set_governors_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__SetGovernors *s = event->set_governors;
  if (form_members("governors", s->governors, s->n_governors, 1, OM_GOVERNORS_MAX, st) != OM_OK) return st->code;
  if (s->threshold <= s->n_governors && 2 * (uint64_t)s->threshold > s->n_governors) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "of %zu governors more than half must sign, and at most all: not %u",
                 s->n_governors, s->threshold);
}

void om_set_governors_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__SetGovernors *s = event->set_governors;
  om_text_add(out, "let");
  text_members(out, s->governors, s->n_governors);
  om_text_add(out, " govern from now on; %u of them must sign", s->threshold);
}

enum om_code om_set_rules_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_number("version of the rules", event->set_rules->rules_version, st);
}

void om_set_rules_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "follow version %u of the rules from here on", event->set_rules->rules_version);
}

/* The rest of it is checked with the genesis's: ledger/genesis.c. */
enum om_code om_set_limits_form(const Oremark__Event *event, struct om_status *st) {
  if (event->set_limits->limits) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "the limits are missing: state all of them");
}

static void text_ppm(struct om_text *out, const char *before, const char *what, uint32_t ppm) {
  om_text_add(out, "%s%s %u.%04u %%", before, what, ppm / 10000, ppm % 10000);
}

void om_set_limits_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Limits *l = event->set_limits->limits;
  char word[OM_ENUM_WORD_BYTES], mass[OM_MASS_TEXT_BYTES];
  text_ppm(out, "set the limits: tolerance at ", "receipt", l->receipt_tolerance_ppm);
  for (size_t i = 0; i < l->n_processes; i++)
    text_ppm(out, ", ", om_enum_word(word, &oremark__process__descriptor, (int)l->processes[i]->process),
             l->processes[i]->tolerance_ppm);
  om_text_add(out, "; gains in %u days at most", l->drift_period_days);
  for (size_t i = 0; i < l->n_drift_caps; i++) {
    const Oremark__DriftCap *cap = l->drift_caps[i];
    const char *symbol = cap->element <= OM_ELEMENT_MAX ? om_element_symbol((uint8_t)cap->element) : "?";
    om_text_add(out, "%s %s %s", i == 0 ? "" : ",", cap->element == 0 ? "any" : symbol,
                om_mass_format(mass, sizeof mass, (int64_t)cap->cap_mg));
  }
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
  om_text_add(out, r->n_certifiers ? "; it is certified by" : "; nobody certifies it");
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
  om_text_add_site(out, s->member, s->site);
  om_text_add(out, " of ");
  om_text_add_member(out, s->member);
  om_text_add(out, " is %s from %s until %s", om_enum_word(word, &oremark__site_state__descriptor, (int)s->state),
              om_time_format(from, sizeof from, s->valid_from_ms, 0),
              om_time_format(until, sizeof until, s->valid_until_ms, 0));
}
