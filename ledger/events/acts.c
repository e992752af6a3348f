/* Registry acts: their form and text. What they do is in ledger/acts.c. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

#include <stdlib.h>
#include <string.h>

enum { MICRODEGREES = 1000000, PORT_DIGITS = 5, PORT_MAX = 65535 };

enum om_code om_form_roles(const Oremark__Role *roles, size_t n, struct om_status *st) {
  for (size_t i = 0; i < n; i++) {
    if (om_form_enum("roles", &oremark__role__descriptor, (int)roles[i], true, st) != OM_OK) return st->code;
    if (i > 0 && roles[i - 1] >= roles[i])
      return om_fail(st, OM_REFUSED, "form", "roles: put them in ascending order, none twice (no. %zu)", i + 1);
  }
  return OM_OK;
}

enum om_code om_enrol_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__NewMember *m = event->enrol->member;
  if (!m) return om_fail(st, OM_REFUSED, "form", "the member is missing: say whom to enrol");
  if (om_form_number("member number", m->member, st) != OM_OK ||
      om_form_text("name", m->name, 1, OM_TITLE_MAX, st) != OM_OK ||
      om_form_country("country", m->country, st) != OM_OK || om_form_roles(m->roles, m->n_roles, st) != OM_OK)
    return st->code;
  return om_form_key("key", m->key.len, st);
}

void om_text_roles(struct om_text *out, const Oremark__Role *roles, size_t n) {
  char role[OM_ENUM_WORD_BYTES];
  for (size_t i = 0; i < n; i++)
    om_text_add(out, "%s%s", i == 0 ? ": " : ", ", om_enum_word(role, &oremark__role__descriptor, (int)roles[i]));
}

void om_enrol_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__NewMember *m = event->enrol->member;
  om_text_add(out, "enrol member %u, %s (%s), home log %u", m->member, m->name, m->country, m->home_log);
  om_text_roles(out, m->roles, m->n_roles);
}

static enum om_code form_standing(uint32_t member, const char *reason, struct om_status *st) {
  if (om_form_number("member number", member, st) != OM_OK) return st->code;
  return om_form_text("reason", reason, 1, OM_REMARK_MAX, st);
}

enum om_code om_suspend_form(const Oremark__Event *event, struct om_status *st) {
  return form_standing(event->suspend->member, event->suspend->reason, st);
}

void om_suspend_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "suspend ");
  om_text_add_member(out, event->suspend->member);
  om_text_remark(out, event->suspend->reason);
}

enum om_code om_reinstate_form(const Oremark__Event *event, struct om_status *st) {
  return form_standing(event->reinstate->member, event->reinstate->reason, st);
}

void om_reinstate_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "reinstate ");
  om_text_add_member(out, event->reinstate->member);
  om_text_remark(out, event->reinstate->reason);
}

enum om_code om_rehome_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_number("member number", event->rehome->member, st);
}

void om_rehome_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add_member(out, event->rehome->member);
  om_text_add(out, " goes on in log %u", event->rehome->home_log);
}

enum om_code om_reassign_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Reassign *r = event->reassign;
  if (r->lot.len != OM_LOT_NUMBER_BYTES || r->last_event.len != OM_HASH_BYTES)
    return om_fail(st, OM_REFUSED, "form", "name the lot by its number (%d bytes) and the id of its last event (%d)",
                   OM_LOT_NUMBER_BYTES, OM_HASH_BYTES);
  return form_standing(r->to, r->reason, st);
}

void om_reassign_describe(struct om_text *out, const Oremark__Event *event) {
  char lot[OM_LOT_TEXT_BYTES];
  om_text_add(out, "lot %s goes to ", om_lot_format(lot, sizeof lot, event->reassign->lot.data));
  om_text_add_member(out, event->reassign->to);
  om_text_remark(out, event->reassign->reason);
}

enum om_code om_form_daemon(const Oremark__Daemon *d, struct om_status *st) {
  if (om_form_text("origin", d->origin, 1, OM_TITLE_MAX, st) != OM_OK ||
      om_form_number("operator", d->operator_, st) != OM_OK || om_form_key("log key", d->log_key.len, st) != OM_OK ||
      om_form_key("cosign key", d->cosign_key.len, st) != OM_OK ||
      om_form_key("witness key", d->witness_key.len, st) != OM_OK)
    return st->code;
  return om_form_key("link key", d->link_key.len, st);
}

enum om_code om_add_daemon_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Daemon *d = event->add_daemon->daemon;
  if (!d) return om_fail(st, OM_REFUSED, "form", "the daemon is missing: say what to add");
  return om_form_number("log", event->add_daemon->log, st) == OM_OK ? om_form_daemon(d, st) : st->code;
}

void om_add_daemon_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__AddDaemon *a = event->add_daemon;
  om_text_add(out, "add daemon %u, %s, run by ", a->log, a->daemon->origin);
  om_text_add_member(out, a->daemon->operator_);
}

enum om_code om_add_key_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__AddKey *a = event->add_key;
  if (om_form_key("key", a->key.len, st) != OM_OK) return st->code;
  return om_form_text("label", a->label, 0, OM_WORD_MAX, st);
}

void om_add_key_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__AddKey *a = event->add_key;
  om_text_add(out, "add a key %08x", om_member_key_id(a->key.data));
  om_text_remark(out, a->label);
}

enum om_code om_add_site_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__AddSite *a = event->add_site;
  if (om_form_number("site", a->site, st) != OM_OK || om_form_text("name", a->name, 1, OM_TITLE_MAX, st) != OM_OK ||
      om_form_country("country", a->country, st) != OM_OK ||
      om_form_enum("kind", &oremark__site_kind__descriptor, (int)a->kind, true, st) != OM_OK ||
      om_form_text("external id", a->external_id, 0, OM_WORD_MAX, st) != OM_OK)
    return st->code;
  if (a->latitude_e6 < -90 * MICRODEGREES || a->latitude_e6 > 90 * MICRODEGREES ||
      a->longitude_e6 < -180 * MICRODEGREES || a->longitude_e6 > 180 * MICRODEGREES)
    return om_fail(st, OM_REFUSED, "form",
                   "%d, %d millionths of a degree are nowhere on Earth: latitude goes to 90 degrees, longitude to 180",
                   a->latitude_e6, a->longitude_e6);
  return OM_OK;
}

void om_add_site_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__AddSite *a = event->add_site;
  char kind[OM_ENUM_WORD_BYTES];
  om_text_add(out, "add site %u, %s (%s, %s)", a->site, a->name,
              om_enum_word(kind, &oremark__site_kind__descriptor, (int)a->kind), a->country);
}

/* "host:port". Whether there is such a host is the dialer's to find out. */
enum om_code om_set_address_form(const Oremark__Event *event, struct om_status *st) {
  const char *address = event->set_address->address;
  const char *colon = strrchr(address, ':');
  if (om_form_text("address", address, 0, OM_ADDRESS_BYTES, st) != OM_OK) return st->code;
  if (*address == '\0') return OM_OK;
  size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
  if (colon && colon > address && digits >= 1 && digits <= PORT_DIGITS && colon[1 + digits] == '\0' &&
      strtoul(colon + 1, NULL, 10) <= PORT_MAX && strpbrk(address, " /@") == NULL)
    return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "address: write host:port, as in oremark.kokkola.example:7412");
}

void om_set_address_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__SetAddress *a = event->set_address;
  om_text_add(out, "daemon %u is reached at %s", a->log, *a->address ? a->address : "no address from outside");
}

enum om_code om_form_witnesses(const Oremark__WitnessList *w, struct om_status *st) {
  if (!w) return om_fail(st, OM_REFUSED, "form", "the list of witnesses is missing: state it, empty for quorum 0");
  if (om_form_count("witnesses", w->n_logs, 0, OM_WITNESSES_MAX, st) != OM_OK) return st->code;
  for (size_t i = 1; i < w->n_logs; i++)
    if (w->logs[i] <= w->logs[i - 1])
      return om_fail(st, OM_REFUSED, "form", "witnesses: put the log numbers in ascending order, none twice");
  if (w->n_logs == 0 && w->quorum != 0)
    return om_fail(st, OM_REFUSED, "form", "a quorum of %u is stated, but there are no witnesses", w->quorum);
  return OM_OK;
}

enum om_code om_set_witnesses_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_witnesses(event->set_witnesses->witnesses, st);
}

void om_text_witnesses(struct om_text *out, const Oremark__WitnessList *w) {
  if (w->n_logs == 0) {
    om_text_add(out, "set no witnesses: heads are final at once, not protected against a dishonest operator");
    return;
  }
  om_text_add(out, "set the witnesses: the daemons of logs");
  for (size_t i = 0; i < w->n_logs; i++) om_text_add(out, "%s %u", i == 0 ? "" : ",", w->logs[i]);
  if (w->quorum != 0) om_text_add(out, "; quorum %u", w->quorum);
}

void om_set_witnesses_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_witnesses(out, event->set_witnesses->witnesses);
}
