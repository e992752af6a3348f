#include "ledger/events/kinds.h"

#include <strings.h>

#include "ledger/details.h"
#include "ledger/documents.h"
#include "ledger/events/events.h"
#include "ledger/names.h"

#define KIND(constant) [OREMARK__EVENT__KIND_##constant] = {OREMARK__EVENT__KIND_##constant
#define CUSTODY(constant, name, function)                                                                     \
  KIND(constant), name, OM_KIND_CUSTODY, om_##function##_form, om_##function##_rule, om_##function##_describe \
  }
/* As a custody event, but it writes rows of ledger/attested.h instead of lots. */
#define ATTESTATION(constant, name, function)                                                                     \
  KIND(constant), name, OM_KIND_ATTESTATION, om_##function##_form, om_##function##_rule, om_##function##_describe \
  }
#define ACT(constant, name, class, function)                                        \
  KIND(constant), name, class, om_##function##_form, NULL, om_##function##_describe \
  }

/* By field number in Event; numbers that no kind has stay empty. */
static const struct om_kind kinds[] = {
    CUSTODY(EXTRACT, "extract", extract),
    CUSTODY(COLLECT, "collect", collect),
    CUSTODY(DECLARE, "declare", declare),
    CUSTODY(SHIP, "ship", ship),
    CUSTODY(RECEIVE, "receive", receive),
    CUSTODY(REJECT, "reject", reject),
    CUSTODY(TRANSFORM, "transform", transform),
    CUSTODY(SPLIT, "split", split),
    CUSTODY(COMBINE, "combine", combine),
    CUSTODY(RETIRE, "retire", retire),
    CUSTODY(CHARGE, "charge", charge),
    CUSTODY(DRAW, "draw", draw),
    CUSTODY(STOCKTAKE, "stocktake", stocktake),
    CUSTODY(HOLD, "hold", hold),
    CUSTODY(RELEASE, "release", release),
    CUSTODY(TRANSFER_TITLE, "transfer-title", transfer_title),
    CUSTODY(SETTLE, "settle", settle),
    CUSTODY(CLAIM, "claim", claim),
    ATTESTATION(ASSAY, "assay", assay),
    ATTESTATION(CERTIFY, "certify", certify),
    ATTESTATION(WITHDRAW, "withdraw", withdraw),
    ATTESTATION(FLAG, "flag", flag),
    ATTESTATION(CLEAR, "clear", clear),
    ATTESTATION(CORRECT, "correct", correct),
    ATTESTATION(ESTIMATE, "estimate", estimate),
    ACT(ENROL, "enrol", OM_KIND_GOVERNORS, enrol),
    ACT(SET_ROLES, "set-roles", OM_KIND_GOVERNORS, set_roles),
    ACT(SUSPEND, "suspend", OM_KIND_GOVERNORS, suspend),
    ACT(REINSTATE, "reinstate", OM_KIND_GOVERNORS, reinstate),
    ACT(ADD_DAEMON, "add-daemon", OM_KIND_GOVERNORS, add_daemon),
    ACT(SET_WITNESSES, "set-witnesses", OM_KIND_GOVERNORS, set_witnesses),
    ACT(SET_GOVERNORS, "set-governors", OM_KIND_GOVERNORS, set_governors),
    ACT(SET_RULES, "set-rules", OM_KIND_GOVERNORS, set_rules),
    ACT(SET_LIMITS, "set-limits", OM_KIND_GOVERNORS, set_limits),
    ACT(RECOGNISE_SCHEME, "recognise-scheme", OM_KIND_GOVERNORS, recognise_scheme),
    ACT(SITE_STATUS, "site-status", OM_KIND_GOVERNORS, site_status),
    ACT(REVOKE_KEY, "revoke-key", OM_KIND_GOVERNORS, revoke_key),
    ACT(REHOME, "rehome", OM_KIND_GOVERNORS, rehome),
    ACT(REASSIGN, "reassign", OM_KIND_GOVERNORS, reassign),
    ACT(RETIRE_LOG, "retire-log", OM_KIND_GOVERNORS, retire_log),
    ACT(ADD_KEY, "add-key", OM_KIND_MEMBER, add_key),
    ACT(RETIRE_KEY, "retire-key", OM_KIND_MEMBER, retire_key),
    ACT(ADD_SITE, "add-site", OM_KIND_MEMBER, add_site),
    ACT(SEAL_LOG, "seal-log", OM_KIND_GOVERNORS, seal_log),
    ACT(LIFT_SEAL, "lift-seal", OM_KIND_GOVERNORS, lift_seal),
    ACT(RESTART, "restart", OM_KIND_GOVERNORS, restart),
    ACT(SET_ADDRESS, "set-address", OM_KIND_MEMBER, set_address),
    ACT(OVERRULE, "overrule", OM_KIND_GOVERNORS, overrule),
    ACT(GIVE_MANDATE, "give-mandate", OM_KIND_MEMBER, give_mandate),
    ACT(END_MANDATE, "end-mandate", OM_KIND_MEMBER, end_mandate),
    ACT(SET_SEALING_KEY, "set-sealing-key", OM_KIND_MEMBER, set_sealing_key),
};

const struct om_kind *om_kind_of(const Oremark__Event *event) {
  size_t kind = (size_t)event->kind_case;
  return kind < sizeof kinds / sizeof *kinds && kinds[kind].name ? &kinds[kind] : NULL;
}

Oremark__Material *const *om_event_materials(const Oremark__Event *event, size_t *n, size_t *skip) {
  *n = *skip = 0;
  if (event->kind_case == OREMARK__EVENT__KIND_EXTRACT) return *n = event->extract->n_lots, event->extract->lots;
  if (event->kind_case == OREMARK__EVENT__KIND_COLLECT) return *n = event->collect->n_lots, event->collect->lots;
  if (event->kind_case == OREMARK__EVENT__KIND_DECLARE) return *n = event->declare->n_lots, event->declare->lots;
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFORM)
    return *n = event->transform->n_outputs, event->transform->outputs;
  if (event->kind_case == OREMARK__EVENT__KIND_SPLIT) return *n = event->split->n_parts, event->split->parts;
  if (event->kind_case == OREMARK__EVENT__KIND_COMBINE) return *n = 1, &event->combine->whole;
  if (event->kind_case != OREMARK__EVENT__KIND_DRAW) return NULL;
  *skip = 1; /* the pool */
  return *n = event->draw->n_outputs, event->draw->outputs;
}

/* An act names the one before it on its subject; nothing else has a place for that. */
static enum om_code form_previous(const Oremark__Event *event, const struct om_kind *kind, struct om_status *st) {
  bool is_act = kind->class == OM_KIND_GOVERNORS || kind->class == OM_KIND_MEMBER;
  size_t len = event->previous.len;
  if (len == 0 || (is_act && len == OM_HASH_BYTES)) return OM_OK;
  if (!is_act) return om_fail(st, OM_REFUSED, "form", "%s: `previous` is for registry acts: leave it out", kind->name);
  return om_fail(st, OM_REFUSED, "form", "%s: `previous` has %zu bytes: an event id has %d", kind->name, len,
                 OM_HASH_BYTES);
}

enum om_code om_event_form(const Oremark__Event *event, struct om_status *st) {
  const struct om_kind *kind = om_kind_of(event);
  if (!kind) return om_fail(st, OM_REFUSED, "form", "the event says nothing: no kind of event is given");
  if (event->at_ms <= 0 || !om_time_ok(event->at_ms, event->zone_min))
    return om_fail(st, OM_REFUSED, "form",
                   "%s: %lld ms at %d minutes from UTC is no time between 1970 and 9999: state when it happened",
                   kind->name, (long long)event->at_ms, event->zone_min);
  if (form_previous(event, kind, st) != OM_OK) return st->code;
  if (om_documents_form(event, st) != OM_OK || om_details_form(event, st) != OM_OK)
    return om_wrap(st, "%s", kind->name);
  return kind->form(event, st) == OM_OK ? OM_OK : om_wrap(st, "%s", kind->name);
}
