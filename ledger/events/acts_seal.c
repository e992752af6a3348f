/* The acts around the end of a log: their form and text. What they do is in ledger/seal.c and ledger/acts_seal.c. */
#include "keys/sign.h"
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/seal.h"

enum { SEALS_MAX = 64 }; /* one of each witness: OM_WITNESSES_MAX of a list, and more than that fit no entry */

enum om_code om_seal_log_form(const Oremark__Event *event, struct om_status *st) {
  return om_form_text("reason", event->seal_log->reason, 1, OM_REMARK_MAX, st);
}

void om_seal_log_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "call to seal log %u", event->seal_log->log);
  om_text_remark(out, event->seal_log->reason);
}

static enum om_code form_hash(const char *what, size_t len, struct om_status *st) {
  if (len == OM_HASH_BYTES) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "%s: %zu bytes: a hash has %d", what, len, OM_HASH_BYTES);
}

enum om_code om_lift_seal_form(const Oremark__Event *event, struct om_status *st) {
  if (form_hash("call", event->lift_seal->call.len, st) != OM_OK) return st->code;
  return om_form_text("reason", event->lift_seal->reason, 1, OM_REMARK_MAX, st);
}

void om_lift_seal_describe(struct om_text *out, const Oremark__Event *event) {
  om_text_add(out, "lift the seals of log %u", event->lift_seal->log);
  om_text_remark(out, event->lift_seal->reason);
}

/* Another log has a successor; the registry log another daemon. */
static enum om_code form_next(const Oremark__RetireLog *r, struct om_status *st) {
  if (r->log != OM_LOG_REGISTRY && !r->daemon) return om_form_number("successor", r->successor, st);
  if (r->log == OM_LOG_REGISTRY && r->daemon && r->successor == 0) return om_form_daemon(r->daemon, st);
  return om_fail(
      st, OM_REFUSED, "form",
      "the registry log goes on under another daemon, any other log's members in a successor: name the one or "
      "the other");
}

enum om_code om_retire_log_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__RetireLog *r = event->retire_log;
  if (form_next(r, st) != OM_OK || form_hash("root", r->root.len, st) != OM_OK ||
      om_form_count("seals", r->n_seals, 0, SEALS_MAX, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < r->n_seals; i++) {
    const Oremark__Seal *seal = r->seals[i];
    if (form_hash("call of a seal", seal->call.len, st) != OM_OK) return st->code;
    if (oremark__seal__get_packed_size(seal) > OM_SEAL_MAX_BYTES)
      return om_fail(st, OM_REFUSED, "form", "seals: no. %zu is longer than %d bytes", i + 1, OM_SEAL_MAX_BYTES);
    if (seal->signature.len != OM_SIG_BYTES)
      return om_fail(st, OM_REFUSED, "form", "seals: no. %zu carries no signature of %d bytes", i + 1, OM_SIG_BYTES);
    if (i > 0 && r->seals[i - 1]->witness >= seal->witness)
      return om_fail(st, OM_REFUSED, "form", "seals: put them in ascending order of the witnesses, one of each");
  }
  return om_form_text("reason", r->reason, 1, OM_REMARK_MAX, st);
}

void om_retire_log_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__RetireLog *r = event->retire_log;
  if (r->daemon) {
    om_text_add(out, "the registry log GOES ON behind entry %llu under the daemon %s, run by ",
                (unsigned long long)r->size, r->daemon->origin);
    om_text_add_member(out, r->daemon->operator_);
    om_text_add(out, "; ");
  } else {
    om_text_add(out, "log %u ends with %llu entries, its members go on in log %u; ", r->log,
                (unsigned long long)r->size, r->successor);
  }
  om_text_count(out, r->n_seals, "seal");
  if (r->judged) om_text_add(out, "; the governors have judged that its head stands");
  om_text_remark(out, r->reason);
}
