#include "cli/attested.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/material.h"
#include "cli/views.h"
#include "cli/words.h"
#include "ledger/quantity.h"
#include "ledger/stage.h"

/* ---- reading ---- */

enum om_code om_subject_lot(struct om_session *session, Oremark__Subject **out, const char *text,
                            struct om_status *st) {
  uint8_t *number = om_arena_alloc(session->arena, OM_LOT_NUMBER_BYTES);
  Oremark__Subject *subject = *out = om_arena_alloc(session->arena, sizeof *subject);
  oremark__subject__init(subject);
  subject->lot = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, number};
  return om_session_number(session, number, text, st);
}

enum om_code om_subject_read(struct om_session *session, Oremark__Subject **out, const struct om_args *args,
                             struct om_status *st) {
  const char *lot = om_args_value(args, "lot"), *of = om_args_value(args, "of"), *site = om_args_value(args, "site");
  if (lot && of)
    return om_fail(st, OM_USAGE, NULL, "%s: it is about one thing: give --lot or --of alone", args->command->name);
  if (site && !of)
    return om_fail(st, OM_USAGE, NULL, "%s: whose site is '%s'? name its member with --of", args->command->name, site);
  if (!lot && !of)
    return om_fail(st, OM_USAGE, NULL, "%s: what is it about? --lot LOT, --of MEMBER, or --of MEMBER --site SITE",
                   args->command->name);
  if (lot) return om_subject_lot(session, out, lot, st);
  Oremark__Subject *subject = *out = om_arena_alloc(session->arena, sizeof *subject);
  oremark__subject__init(subject);
  if (om_session_member(session, &subject->member, of, st)) return st->code;
  return site ? om_session_site(session, &subject->site, subject->member, site, st) : OM_OK;
}

enum om_code om_event_ref_read(struct om_session *session, Oremark__EventRef **out, const char *text,
                               struct om_status *st) {
  char *statement = om_copy_text(session->arena, text), *event = strchr(statement, '/'), *end = NULL;
  struct om_recorded recorded;
  unsigned long index = 0;
  if (event) {
    *event++ = '\0';
    index = *event >= '0' && *event <= '9' ? strtoul(event, &end, 10) : OM_EVENTS_MAX;
    if (index >= OM_EVENTS_MAX || *end != '\0')
      return om_fail(st, OM_USAGE, NULL, "'%s': behind the '/' stands the number of the event, 0 to %d", text,
                     OM_EVENTS_MAX - 1);
  }
  if (om_recorded_parse(&recorded, statement, st))
    return om_fail(st, OM_USAGE, NULL,
                   "'%s' names no event: it is MEMBER-TIME-ID/EVENT, as 'oremark attestations' shows it", text);
  Oremark__EventRef *ref = *out = om_arena_alloc(session->arena, sizeof *ref);
  oremark__event_ref__init(ref);
  ref->member = recorded.member;
  ref->signed_ms = recorded.signed_ms;
  ref->statement_id.len = OM_HASH_BYTES;
  ref->statement_id.data = om_arena_copy(session->arena, recorded.id.bytes, OM_HASH_BYTES);
  ref->event = (uint32_t)index;
  return OM_OK;
}

enum om_code om_result_read(struct om_arena *arena, uint32_t *element, Oremark__Decimal **value, const char *text,
                            struct om_status *st) {
  char *name = om_copy_text(arena, text), *fraction = strchr(name, '=');
  struct om_decimal parsed;
  if (fraction) *fraction++ = '\0';
  *element = fraction ? om_element_parse(name) : 0;
  if (*element == 0)
    return om_fail(st, OM_USAGE, NULL, "'%s': write the metal's symbol and its share, as in Cu=28.45%%", text);
  if (om_decimal_parse(&parsed, fraction, st)) return om_wrap(st, "%s", text);
  *value = om_arena_alloc(arena, sizeof **value);
  oremark__decimal__init(*value);
  (*value)->digits = parsed.digits;
  (*value)->places = parsed.places;
  return OM_OK;
}

/* ---- what the daemon says ---- */

enum om_code om_attestations_each(struct om_session *session, Oremark__ListAttestations *list,
                                  enum om_code (*each)(void *ctx, const Oremark__Attestation *attestation,
                                                       struct om_status *st),
                                  void *ctx, struct om_status *st) {
  struct om_attestations_rest rest;
  return om_attestations_first(session, list, each, ctx, &rest, st);
}

static void read_downstream(struct om_downstream *out, const Oremark__Downstream *from) {
  out->n = (size_t)from->lots;
  out->more = from->more;
  for (size_t i = 0; i < from->n_first && i < OM_DOWNSTREAM_SHOWN; i++)
    if (from->first[i].len == OM_LOT_NUMBER_BYTES) memcpy(out->first[i], from->first[i].data, OM_LOT_NUMBER_BYTES);
}

enum om_code om_attestations_first(struct om_session *session, Oremark__ListAttestations *list,
                                   enum om_code (*each)(void *ctx, const Oremark__Attestation *attestation,
                                                        struct om_status *st),
                                   void *ctx, struct om_attestations_rest *rest, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  *rest = (struct om_attestations_rest){0};
  request.what_case = OREMARK__REQUEST__WHAT_LIST_ATTESTATIONS;
  request.list_attestations = list;
  enum om_code code = om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_ATTESTATIONS, st);
  while (code == OM_OK) {
    const Oremark__Attestations *part =
        reply->what_case == OREMARK__REPLY__WHAT_ATTESTATIONS ? reply->attestations : NULL;
    for (size_t i = 0; part && i < part->n_attestations && code == OM_OK; i++)
      code = each(ctx, part->attestations[i], st);
    rest->left_out = part ? part->left_out : 0;
    if (part && part->built_on) read_downstream(&rest->built_on, part->built_on);
    if (code != OM_OK || !reply->more) break;
    code = om_client_next(session->client, &reply, st);
    if (code != OM_OK) return code;
  }
  if (reply) oremark__reply__free_unpacked(reply, NULL);
  return code;
}

enum om_code om_event_of_lot(struct om_session *session, Oremark__EventRef **out,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], const char *kind, struct om_status *st) {
  Oremark__GetHistory get = OREMARK__GET_HISTORY__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_HISTORY;
  request.get_history = &get;
  get.number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, (uint8_t *)(uintptr_t)number};
  *out = NULL;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_HISTORY, st)) return st->code;
  for (bool more = true; more && reply;) {
    for (size_t i = 0; i < reply->history->n_steps; i++) {
      const Oremark__Step *step = reply->history->steps[i];
      if (kind ? strcmp(step->kind, kind) == 0 : *out == NULL) *out = om_event_ref_of(session->arena, step);
    }
    more = reply->more;
    if (more && om_client_next(session->client, &reply, st)) return st->code;
  }
  if (reply) oremark__reply__free_unpacked(reply, NULL);
  if (*out) return OM_OK;
  return kind ? om_fail(st, OM_NO, NULL, "this lot has no event '%s' in its history: see 'oremark lot history'", kind)
              : om_fail(st, OM_IO, NULL, "the daemon told no history of this lot");
}

Oremark__EventRef *om_event_ref_of(struct om_arena *arena, const Oremark__Step *step) {
  Oremark__EventRef *ref = om_arena_alloc(arena, sizeof *ref);
  oremark__event_ref__init(ref);
  ref->member = step->member;
  ref->signed_ms = step->signed_ms;
  ref->statement_id.len = step->statement_id.len;
  ref->statement_id.data = om_arena_copy(arena, step->statement_id.data, step->statement_id.len);
  ref->event = step->at ? step->at->event : 0;
  return ref;
}

const char *om_attestation_name(char out[OM_EVENT_NAME_BYTES], const Oremark__Attestation *attestation) {
  const Oremark__Step *made = attestation->made;
  struct om_recorded recorded = {.member = made ? made->member : 0, .signed_ms = attestation->signed_ms};
  char text[OM_RECORDED_TEXT_BYTES];
  if (attestation->statement_id.len == OM_HASH_BYTES)
    memcpy(recorded.id.bytes, attestation->statement_id.data, OM_HASH_BYTES);
  snprintf(out, OM_EVENT_NAME_BYTES, "%s/%u", om_recorded_text(text, &recorded),
           made && made->at ? made->at->event % OM_EVENTS_MAX : 0);
  return out;
}

enum om_code om_attestation_event(struct om_arena *arena, Oremark__Event **out, const Oremark__Attestation *attestation,
                                  struct om_status *st) {
  *out = oremark__event__unpack(om_arena_protobuf(arena), attestation->event.len, attestation->event.data);
  if (*out && attestation->made) return OM_OK;
  return om_fail(st, OM_IO, NULL, "the daemon sent an attestation that can't be read: are both of one version?");
}

static const char *ended_word(const char *kind) {
  static const char *const words[][2] = {
      {"withdraw", "withdrawn"}, {"clear", "cleared"}, {"overrule", "overruled"}, {"correct", "corrected"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(kind, words[i][0]) == 0) return words[i][1];
  return "ended";
}

const char *om_attestation_state(const Oremark__Attestation *attestation, const Oremark__Event *event, int64_t now_ms) {
  if (attestation->n_ends > 0) return ended_word(attestation->ends[0]->kind);
  if (event->kind_case != OREMARK__EVENT__KIND_CERTIFY) return "stands";
  if (now_ms < event->certify->valid_from_ms) return "not-yet-valid";
  return now_ms < event->certify->valid_until_ms ? "valid" : "expired";
}

/* ---- as JSON ---- */

static json_t *decimal_json(const Oremark__Decimal *d) {
  char text[OM_DECIMAL_TEXT_BYTES];
  struct om_decimal value = d ? (struct om_decimal){d->digits, d->places} : (struct om_decimal){0, 0};
  return d && om_fraction_ok(value) ? json_string(om_decimal_format(text, sizeof text, value)) : json_null();
}

static json_t *assay_json(const Oremark__Assay *a) {
  char word[OM_WORD_BYTES];
  json_t *results = json_array();
  for (size_t i = 0; i < a->n_results; i++)
    json_array_append_new(results, json_pack("{s:s, s:o, s:o}", "element", om_show_element(a->results[i]->element),
                                             "value", decimal_json(a->results[i]->value), "splitting_limit",
                                             decimal_json(a->results[i]->splitting_limit)));
  return json_pack("{s:s, s:o, s:o, s:o}", "side", om_word(word, &oremark__assay_role__descriptor, (int)a->role),
                   "method", om_json_text(a->method), "sample", om_json_text(a->sample), "results", results);
}

static json_t *estimate_json(const Oremark__Estimate *e) {
  char word[OM_WORD_BYTES];
  json_t *metals = json_array();
  for (size_t i = 0; i < e->n_metals; i++)
    json_array_append_new(metals, json_pack("{s:s, s:o}", "element", om_show_element(e->metals[i]->element), "mass_mg",
                                            om_json_mass(e->metals[i]->mass_mg)));
  return json_pack("{s:s, s:o, s:o}", "of", om_word(word, &oremark__estimate_kind__descriptor, (int)e->kind), "as_of",
                   om_json_time(e->as_of_ms, 0), "metals", metals);
}

static json_t *certify_json(const Oremark__Certify *c, uint64_t drawn_mg) {
  json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "scheme", om_json_text(c->scheme), "level",
                           om_json_text(c->level), "scope", om_json_text(c->scope), "valid_from",
                           om_json_time(c->valid_from_ms, 0), "valid_until", om_json_time(c->valid_until_ms, 0),
                           "document_hash", om_json_hex(c->document_hash.data, c->document_hash.len));
  bool limited = c->quantity_mg > 0;
  json_object_set_new(json, "quantity_mg", limited ? om_json_mass(c->quantity_mg) : json_null());
  json_object_set_new(json, "drawn_mg", limited ? om_json_mass(drawn_mg) : json_null());
  json_object_set_new(json, "remaining_mg",
                      limited ? om_json_mass(c->quantity_mg > drawn_mg ? c->quantity_mg - drawn_mg : 0) : json_null());
  json_object_set_new(json, "element", limited && c->element ? json_string(om_show_element(c->element)) : json_null());
  return json;
}

json_t *om_attestation_json(const Oremark__Attestation *attestation, const Oremark__Event *event, int64_t now_ms) {
  char name[OM_EVENT_NAME_BYTES];
  json_t *json = om_step_json(attestation->made), *ends = json_array(), *more = NULL;
  for (size_t i = 0; i < attestation->n_ends; i++) json_array_append_new(ends, om_step_json(attestation->ends[i]));
  json_object_set_new(json, "name", json_string(om_attestation_name(name, attestation)));
  json_object_set_new(json, "state", json_string(om_attestation_state(attestation, event, now_ms)));
  json_object_set_new(json, "ended_by", ends);
  if (attestation->about) json_object_set_new(json, "corrected", om_step_json(attestation->about));
  if (event->kind_case == OREMARK__EVENT__KIND_ASSAY) more = assay_json(event->assay);
  if (event->kind_case == OREMARK__EVENT__KIND_CERTIFY) more = certify_json(event->certify, attestation->drawn_mg);
  if (event->kind_case == OREMARK__EVENT__KIND_ESTIMATE) more = estimate_json(event->estimate);
  if (more) json_object_update(json, more);
  json_decref(more);
  return json;
}
