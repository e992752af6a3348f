/* How the network is governed, and what a member has besides its roles and sites: for showing, and for those who make
 * registry acts. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/ledger.h"
#include "ledger/registry.h"
#include "ledger/statement.h"

enum { ROWS_MAX = 1000 }; /* of a list in an answer, so that it fits a message; see client.proto */

static char *name_of(struct om_answering *a, uint32_t member) {
  struct om_member row;
  struct om_status st;
  if (om_registry_member(a->view.txn, &row, member, OM_REGISTRY_NOW, &st) != OM_OK) return (char *)"?";
  return om_arena_copy(a->view.arena, row.name, strlen(row.name) + 1);
}

/* ---- the registry ---- */

static Oremark__Governor *governor(struct om_answering *a, uint32_t member) {
  Oremark__Governor *out = om_arena_alloc(a->view.arena, sizeof *out);
  struct om_member row;
  struct om_member_key key;
  struct om_status st;
  oremark__governor__init(out);
  out->member = member;
  out->name = name_of(a, member);
  out->suspended = om_registry_member(a->view.txn, &row, member, OM_REGISTRY_NOW, &st) == OM_OK && row.suspended;
  out->key_ids = om_arena_array(a->view.arena, ROWS_MAX, sizeof *out->key_ids);
  for (uint64_t from = 0;
       out->n_key_ids < ROWS_MAX && om_registry_key_next(a->view.txn, &key, member, from, OM_REGISTRY_NOW);
       from = (uint64_t)key.id + 1)
    if (key.state == OM_KEY_STANDS) out->key_ids[out->n_key_ids++] = key.id;
  return out;
}

static enum om_code fill_governors(struct om_answering *a, Oremark__Registry *out, struct om_status *st) {
  struct om_governors g;
  enum om_code code = om_registry_governors(a->view.txn, &g, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  out->threshold = g.threshold;
  out->governors = om_arena_array(a->view.arena, g.n, sizeof *out->governors);
  for (size_t i = 0; i < g.n; i++) out->governors[out->n_governors++] = governor(a, g.members[i]);
  return OM_OK;
}

/* The id of the last act on SUBJECT (a scheme by its NUMBER); empty: the genesis alone has spoken of it. */
static enum om_code last_act(struct om_answering *a, ProtobufCBinaryData *out, enum om_act_subject subject,
                             uint32_t number, struct om_status *st) {
  struct om_hash id;
  enum om_code code = om_registry_last_act(a->view.txn, &id, subject, number, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return OM_OK;
  if (code == OM_OK) *out = (ProtobufCBinaryData){sizeof id, om_arena_copy(a->view.arena, id.bytes, sizeof id)};
  return code;
}

/* What an act has to give that is made without a daemon. */
static enum om_code fill_next(struct om_answering *a, Oremark__Registry *out, struct om_status *st) {
  enum om_code code = last_act(a, &out->last_governors, OM_SUBJECT_GOVERNORS, 0, st);
  if (code == OM_OK) code = last_act(a, &out->last_rules, OM_SUBJECT_RULES, 0, st);
  if (code == OM_OK) code = last_act(a, &out->last_limits, OM_SUBJECT_LIMITS, 0, st);
  if (code == OM_OK) code = last_act(a, &out->last_witnesses, OM_SUBJECT_WITNESSES, 0, st);
  out->next_member = om_registry_members(a->view.txn, OM_REGISTRY_NOW) + 1;
  out->next_log = om_registry_daemons(a->view.txn, OM_REGISTRY_NOW);
  return code;
}

static enum om_code fill_schemes(struct om_answering *a, Oremark__Registry *out, struct om_status *st) {
  uint32_t n = om_registry_schemes(a->view.txn, OM_REGISTRY_NOW);
  size_t bytes = 0;
  out->schemes = om_arena_array(a->view.arena, n < ROWS_MAX ? n : ROWS_MAX, sizeof *out->schemes);
  struct om_scheme *row = om_arena_alloc(a->view.arena, sizeof *row);
  /* One is at most 40 KB, and the governors' part below 200 KB: what stops at this fits a frame. */
  for (uint32_t i = 1; i <= n && i <= ROWS_MAX && bytes < OM_REPLY_MAX_BYTES; i++) {
    Oremark__Scheme *scheme = om_arena_alloc(a->view.arena, sizeof *scheme);
    if (om_registry_scheme(a->view.txn, row, i, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
    oremark__scheme__init(scheme);
    scheme->name = om_arena_copy(a->view.arena, row->name, strlen(row->name) + 1);
    scheme->ended = row->ended;
    if (last_act(a, &scheme->last_act, OM_SUBJECT_SCHEME, i, st) != OM_OK) return st->code;
    scheme->certifiers = om_arena_array(a->view.arena, row->n_certifiers, sizeof *scheme->certifiers);
    scheme->certifier_names = om_arena_array(a->view.arena, row->n_certifiers, sizeof *scheme->certifier_names);
    for (size_t c = 0; c < row->n_certifiers; c++) {
      scheme->certifiers[scheme->n_certifiers++] = row->certifiers[c];
      scheme->certifier_names[scheme->n_certifier_names++] = name_of(a, row->certifiers[c]);
    }
    out->schemes[out->n_schemes++] = scheme;
    bytes += oremark__scheme__get_packed_size(scheme);
  }
  out->more_schemes = n - (uint32_t)out->n_schemes;
  return OM_OK;
}

/* An act as it was asked about; what is wrong with it otherwise is said when it is handed in. */
static enum om_code fill_previous(struct om_answering *a, Oremark__Registry *out, const Oremark__GetRegistry *asked,
                                  struct om_status *st) {
  struct om_hash id;
  if (asked->event.len == 0) return OM_OK;
  if (asked->event.len > OM_STATEMENT_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "size", "an act has at most %d bytes", OM_STATEMENT_MAX_BYTES);
  if (!om_canonical(&oremark__event__descriptor, asked->event.data, asked->event.len, st)) return st->code;
  const Oremark__Event *event =
      oremark__event__unpack(om_arena_protobuf(a->view.arena), asked->event.len, asked->event.data);
  if (!event) return om_fail(st, OM_MALFORMED, "event", "the act unpacks to more than is allowed");
  enum om_code code = om_registry_previous(a->view.txn, &id, event, asked->speaker, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return OM_OK;
  if (code != OM_OK) return code;
  out->previous = (ProtobufCBinaryData){sizeof id, om_arena_copy(a->view.arena, id.bytes, sizeof id)};
  return OM_OK;
}

enum om_code om_answer_registry(struct om_answering *a, const Oremark__GetRegistry *asked, struct om_status *st) {
  Oremark__Registry out = OREMARK__REGISTRY__INIT;
  const Oremark__Limits *limits = NULL;
  struct om_log_info info = {0};
  enum om_code code = fill_previous(a, &out, asked, st);
  if (code == OM_OK) code = fill_governors(a, &out, st);
  if (code == OM_OK) code = fill_schemes(a, &out, st);
  if (code == OM_OK) code = fill_next(a, &out, st);
  if (code == OM_OK) code = om_registry_limits(a->view.txn, a->view.arena, &limits, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_registry_rules(a->view.txn, &out.rules_version, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_log_info(a->view.txn, &info, OM_LOG_REGISTRY, st);
  if (code != OM_OK) return code;
  out.limits = (Oremark__Limits *)(uintptr_t)limits;
  out.size = info.size;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_REGISTRY, false);
  reply.registry = &out;
  om_answer_put(a, &reply);
  return OM_OK;
}

/* ---- a member ---- */

static const char *state_word(enum om_key_state state) {
  switch (state) {
    case OM_KEY_STANDS: return "stands";
    case OM_KEY_RETIRED: return "retired";
    case OM_KEY_REVOKED: return "revoked";
  }
  return "?";
}

static Oremark__MemberKey *view_key(struct om_answering *a, const struct om_member_key *key) {
  Oremark__MemberKey *out = om_arena_alloc(a->view.arena, sizeof *out);
  oremark__member_key__init(out);
  out->key = (ProtobufCBinaryData){sizeof key->key, om_arena_copy(a->view.arena, key->key, sizeof key->key)};
  out->id = key->id;
  out->state = (char *)state_word(key->state);
  out->label = om_arena_copy(a->view.arena, key->label, strlen(key->label) + 1);
  out->added = key->added.at;
  out->added_by_key = key->added.key;
  out->added_by = key->added.id;
  out->ended = key->ended.at;
  out->ended_by_key = key->ended.key;
  out->ended_by = key->ended.id;
  out->since_entry = key->since_entry;
  out->stolen_ms = key->stolen_ms;
  return out;
}

/* The last ROWS_MAX, in the order in which they were added. */
static void fill_keys(struct om_answering *a, Oremark__MemberRights *out, uint32_t member) {
  struct om_member_key key;
  out->keys = om_arena_array(a->view.arena, ROWS_MAX, sizeof *out->keys);
  for (uint64_t from = 0; om_registry_key_next(a->view.txn, &key, member, from, OM_REGISTRY_NOW);
       from = (uint64_t)key.id + 1) {
    size_t at = out->n_keys;
    while (at > 0 && out->keys[at - 1]->added > key.added.at) at--;
    if (out->n_keys == ROWS_MAX && at == 0) continue;
    if (out->n_keys == ROWS_MAX) {
      memmove(out->keys, out->keys + 1, --at * sizeof *out->keys);
    } else {
      memmove(out->keys + at + 1, out->keys + at, (out->n_keys - at) * sizeof *out->keys);
      out->n_keys++;
    }
    out->keys[at] = view_key(a, &key);
  }
}

static void fill_mandates(struct om_answering *a, Oremark__MemberRights *out, uint32_t member) {
  uint32_t agent, scope;
  out->mandates = om_arena_array(a->view.arena, ROWS_MAX, sizeof *out->mandates);
  for (uint64_t from = 0; out->n_mandates < ROWS_MAX &&
                          om_registry_mandate_next(a->view.txn, &agent, &scope, member, from, OM_REGISTRY_NOW);
       from = (uint64_t)agent + 1) {
    Oremark__MandateGiven *given = om_arena_alloc(a->view.arena, sizeof *given);
    oremark__mandate_given__init(given);
    given->agent = agent;
    given->agent_name = name_of(a, agent);
    given->ship = (scope & OM_MANDATE_SHIP) != 0;
    given->consume = (scope & OM_MANDATE_CONSUME) != 0;
    out->mandates[out->n_mandates++] = given;
  }
}

enum om_code om_answer_member(struct om_answering *a, const Oremark__GetMember *asked, struct om_status *st) {
  Oremark__MemberRights out = OREMARK__MEMBER_RIGHTS__INIT;
  struct om_member row;
  uint8_t sealing[32];
  enum om_code code = om_registry_member(a->view.txn, &row, asked->member, OM_REGISTRY_NOW, st);
  if (code == OM_OK) {
    fill_keys(a, &out, asked->member);
    fill_mandates(a, &out, asked->member);
    code = om_registry_sealing_key(a->view.txn, sealing, asked->member, OM_REGISTRY_NOW, st);
    if (code == OM_OK) out.sealing_key = (ProtobufCBinaryData){sizeof sealing, sealing};
    if (code == OM_MISSING) code = OM_OK;
  }
  if (code != OM_OK) return code;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_MEMBER, false);
  reply.member = &out;
  om_answer_put(a, &reply);
  return OM_OK;
}

/* ---- members ---- */

enum om_code om_answer_members(struct om_answering *a, struct om_status *st) {
  Oremark__Members members = OREMARK__MEMBERS__INIT;
  if (om_view_members(&a->view, &members, st) != OM_OK) return st->code;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_MEMBERS, false);
  reply.members = &members;
  if (oremark__reply__get_packed_size(&reply) <= OM_REPLY_MAX_BYTES) {
    om_answer_put(a, &reply);
    return OM_OK;
  }
  /* A large registry comes in pieces, each with what belongs to the whole. */
  size_t n = members.n_members;
  Oremark__Member **all = members.members;
  for (size_t from = 0; from < n; from += members.n_members) {
    size_t bytes = 0;
    members.members = all + from;
    members.n_members = 0;
    while (from + members.n_members < n && members.n_members < OM_REPLY_ROWS && bytes < OM_REPLY_MAX_BYTES)
      bytes += oremark__member__get_packed_size(members.members[members.n_members++]);
    reply.more = from + members.n_members < n;
    if (!om_answer_put(a, &reply)) break;
  }
  return OM_OK;
}
