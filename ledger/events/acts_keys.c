/* Acts about the keys that a member has: their form and text. What they do is in ledger/acts_keys.c and acts_revoke.c.
 */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"

enum om_code om_retire_key_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_key("key", event->retire_key->key.len, st);
}

void om_retire_key_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "retire key %08x", om_member_key_id(event->retire_key->key.data));
}

enum om_code om_revoke_key_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__RevokeKey *r = event->revoke_key;
  if (om_form_number("member", r->member, st) != OM_OK || om_form_key("key", r->key.len, st) != OM_OK ||
      (r->replacement.len != 0 && om_form_key("replacement", r->replacement.len, st) != OM_OK))
    return st->code;
  if (r->stolen_ms != 0 && (!om_time_ok(r->stolen_ms, 0) || r->stolen_ms > event->at_ms))
    return om_fail(st, OM_REFUSED, "form", "a key is revoked after it was stolen: state that time, or leave it out");
  return om_form_text("reason", r->reason, 0, OM_REMARK_MAX, st);
}

void om_revoke_key_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__RevokeKey *r = event->revoke_key;
  char stolen[OM_TIME_TEXT_BYTES];
  om_text_add(out, "revoke key %08x of ", om_member_key_id(r->key.data));
  om_text_add_member(out, r->member);
  if (r->since_entry != 0)
    om_text_add(out, ", with what it did to the registry from entry %llu on (keys that it retired stand again)",
                (unsigned long long)r->since_entry);
  if (r->stolen_ms != 0) om_text_add(out, ", stolen at %s", om_time_format(stolen, sizeof stolen, r->stolen_ms, 0));
  if (r->replacement.len != 0) om_text_add(out, "; %08x takes its place", om_member_key_id(r->replacement.data));
  om_text_remark(out, r->reason);
}
