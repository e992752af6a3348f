#include "cli/session.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/facts.h"
#include "cli/file.h"
#include "cli/genesis.h"
#include "cli/nearest.h"
#include "cli/secret.h"
#include "cli/show.h"

enum om_code om_session_begin(struct om_session *session, const struct om_args *args, struct om_status *st) {
  *session = (struct om_session){.out = stdout, .err = stderr, .args = args, .json = om_args_has(args, "json")};
  session->arena = &session->own;
  return om_profile_load(&session->profile, st);
}

void om_session_end(struct om_session *session) {
  if (session->members) oremark__reply__free_unpacked(session->members, NULL);
  if (session->status) oremark__reply__free_unpacked(session->status, NULL);
  if (session->registry) oremark__reply__free_unpacked(session->registry, NULL);
  if (session->rights) oremark__reply__free_unpacked(session->rights, NULL);
  om_client_close(session->client);
  om_secret_free(session->secret);
  om_profile_free(&session->profile);
  om_arena_free(&session->own);
}

enum om_code om_session_client(struct om_session *session, struct om_client **out, struct om_status *st) {
  const char *path = om_args_value(session->args, "socket");
  if (!session->client && om_client_open(&session->client, path ? path : session->profile.socket, st)) {
    session->no_daemon = st->code == OM_IO;
    return st->code;
  }
  *out = session->client;
  return OM_OK;
}

enum om_code om_session_call(struct om_session *session, Oremark__Reply **out, Oremark__Request *request,
                             struct om_status *st) {
  struct om_client *client = NULL;
  *out = NULL;
  if (om_session_client(session, &client, st)) return st->code;
  return om_client_call(client, out, request, st);
}

enum om_code om_ask(struct om_session *session, Oremark__Reply **out, Oremark__Request *request,
                    Oremark__Reply__WhatCase wanted, struct om_status *st) {
  if (om_session_call(session, out, request, st)) return st->code;
  return om_reply_carries(out, wanted, st);
}

/* *OUT: what --facts says; NULL where it is not given, and the daemon is asked. */
static enum om_code facts_given(struct om_session *session, const Oremark__Facts **out, struct om_status *st) {
  const struct om_given *given = om_args_find(session->args, "facts");
  *out = NULL;
  if (!given) return OM_OK;
  if (!om_args_has(session->args, "out"))
    return om_fail(st, OM_USAGE, NULL,
                   "--facts is for where no daemon is: say with --out FILE where the statement goes");
  if (!session->facts && om_facts_read(&session->own, &session->facts, given->value, st))
    return om_given_wrap(given, st);
  *out = session->facts;
  return OM_OK;
}

enum om_code om_session_members(struct om_session *session, const Oremark__Members **out, struct om_status *st) {
  const Oremark__Facts *facts;
  if (facts_given(session, &facts, st)) return st->code;
  if (facts) return *out = facts->members, OM_OK;
  if (!session->members) {
    Oremark__ListMembers list = OREMARK__LIST_MEMBERS__INIT;
    Oremark__Request request = OREMARK__REQUEST__INIT;
    request.what_case = OREMARK__REQUEST__WHAT_LIST_MEMBERS;
    request.list_members = &list;
    if (om_ask(session, &session->members, &request, OREMARK__REPLY__WHAT_MEMBERS, st)) return st->code;
  }
  *out = session->members->members;
  return OM_OK;
}

enum om_code om_session_registry(struct om_session *session, const Oremark__Registry **out, const Oremark__Event *event,
                                 uint32_t speaker, struct om_status *st) {
  Oremark__GetRegistry get = OREMARK__GET_REGISTRY__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  const Oremark__Facts *facts;
  if (facts_given(session, &facts, st)) return st->code;
  if (facts) {
    Oremark__Registry *registry = om_arena_copy(session->arena, facts->registry, sizeof *registry);
    registry->previous = event ? om_facts_previous(facts, event, speaker) : (ProtobufCBinaryData){0};
    return *out = registry, OM_OK;
  }
  request.what_case = OREMARK__REQUEST__WHAT_GET_REGISTRY;
  request.get_registry = &get;
  if (event) {
    get.event.len = oremark__event__get_packed_size(event);
    get.event.data = om_arena_alloc(session->arena, get.event.len);
    oremark__event__pack(event, get.event.data);
    get.speaker = speaker;
  }
  if (session->registry) oremark__reply__free_unpacked(session->registry, NULL);
  if (om_ask(session, &session->registry, &request, OREMARK__REPLY__WHAT_REGISTRY, st)) return st->code;
  *out = session->registry->registry;
  return OM_OK;
}

enum om_code om_session_rights(struct om_session *session, const Oremark__MemberRights **out, uint32_t member,
                               struct om_status *st) {
  Oremark__GetMember get = OREMARK__GET_MEMBER__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  const Oremark__Facts *facts;
  if (facts_given(session, &facts, st)) return st->code;
  for (size_t i = 0; facts && i < facts->n_rights; i++)
    if (facts->members->members[i]->member == member) return *out = facts->rights[i], OM_OK;
  if (facts) return om_fail(st, OM_MISSING, NULL, "there is no member %u in the facts", member);
  get.member = member;
  request.what_case = OREMARK__REQUEST__WHAT_GET_MEMBER;
  request.get_member = &get;
  if (session->rights) oremark__reply__free_unpacked(session->rights, NULL);
  if (om_ask(session, &session->rights, &request, OREMARK__REPLY__WHAT_MEMBER, st)) return st->code;
  *out = session->rights->member;
  return OM_OK;
}

enum om_code om_session_status(struct om_session *session, const Oremark__Status **out, struct om_status *st) {
  const Oremark__Facts *facts;
  if (facts_given(session, &facts, st)) return st->code;
  if (facts) return *out = facts->status, OM_OK;
  if (!session->status) {
    Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
    Oremark__Request request = OREMARK__REQUEST__INIT;
    request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
    request.get_status = &get;
    if (om_ask(session, &session->status, &request, OREMARK__REPLY__WHAT_STATUS, st)) return st->code;
  }
  *out = session->status->status;
  return OM_OK;
}

static enum om_code network_of_daemon(struct om_session *session, struct om_hash *out, struct om_status *st) {
  const Oremark__Status *status;
  if (om_session_status(session, &status, st)) return st->code;
  if (status->network_id.len != OM_HASH_BYTES) return om_not_what_was_asked(st);
  memcpy(out->bytes, status->network_id.data, OM_HASH_BYTES);
  return OM_OK;
}

enum om_code om_session_network(struct om_session *session, struct om_hash *out, struct om_status *st) {
  if (session->have_network) return *out = session->network, OM_OK;
  const char *path = om_args_value(session->args, "network");
  if (!path) path = session->profile.network;
  if (path && om_genesis_id(&session->network, path, st)) return st->code;
  bool offline = path && om_args_has(session->args, "out");
  if (!offline || session->status || om_args_has(session->args, "facts")) {
    struct om_hash daemons;
    if (network_of_daemon(session, &daemons, st)) return st->code;
    if (path && !om_hash_equal(&daemons, &session->network))
      return om_fail(st, OM_USAGE, NULL,
                     om_args_has(session->args, "facts")
                         ? "the facts are of another network than %s: name the right file"
                         : "the daemon serves another network than %s: name the right socket or genesis file",
                     path);
    session->network = daemons;
  }
  session->have_network = true;
  *out = session->network;
  return OM_OK;
}

static bool as_number(uint32_t *out, const char *text) {
  char *end;
  if (!isdigit((unsigned char)*text)) return false;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (*end || errno || value == 0 || value > UINT32_MAX) return false;
  *out = (uint32_t)value;
  return true;
}

enum om_code om_session_member(struct om_session *session, uint32_t *out, const char *text, struct om_status *st) {
  const Oremark__Members *members;
  if (as_number(out, text)) return OM_OK;
  if (om_session_members(session, &members, st)) return st->code;
  struct om_nearest nearest = {text, NULL, 0};
  size_t found = 0;
  for (size_t i = 0; i < members->n_members; i++) {
    om_nearest_try(&nearest, members->members[i]->name);
    if (strcasecmp(members->members[i]->name, text) == 0) *out = members->members[i]->member, found++;
  }
  if (found == 1) return OM_OK;
  if (found > 1)
    return om_fail(st, OM_USAGE, NULL, "%zu members are named '%s': give the number (oremark member list)", found,
                   text);
  if (nearest.best)
    return om_fail(st, OM_USAGE, NULL, "there is no member '%s' here: did you mean '%s'?", text, nearest.best);
  return om_fail(st, OM_USAGE, NULL, "there is no member '%s' here: see 'oremark member list'", text);
}

enum om_code om_session_site(struct om_session *session, uint32_t *out, uint32_t member, const char *text,
                             struct om_status *st) {
  const Oremark__Members *members;
  if (as_number(out, text)) return OM_OK;
  if (om_session_members(session, &members, st)) return st->code;
  struct om_nearest nearest = {text, NULL, 0};
  size_t found = 0;
  uint32_t older = 0; /* sites that the answer leaves out */
  for (size_t i = 0; i < members->n_members; i++) {
    const Oremark__Member *m = members->members[i];
    if (m->member != member) continue;
    if (m->n_sites) older = m->sites[0]->site - 1;
    for (size_t j = 0; j < m->n_sites; j++) {
      om_nearest_try(&nearest, m->sites[j]->name);
      if (strcasecmp(m->sites[j]->name, text) == 0) *out = m->sites[j]->site, found++;
    }
  }
  if (found == 1) return OM_OK;
  if (found > 1)
    return om_fail(st, OM_USAGE, NULL, "member %u has %zu sites named '%s': give the number (oremark member show %u)",
                   member, found, text, member);
  if (older)
    return om_fail(st, OM_USAGE, NULL,
                   "member %u has no site '%s' among its latest: give the number if it is one of the first %u", member,
                   text, older);
  if (nearest.best)
    return om_fail(st, OM_USAGE, NULL, "member %u has no site '%s': did you mean '%s'?", member, text, nearest.best);
  return om_fail(st, OM_USAGE, NULL, "member %u has no site '%s': see 'oremark member show %u'", member, text, member);
}

enum om_code om_session_self(struct om_session *session, uint32_t *out, struct om_status *st) {
  if (session->self == 0) {
    const char *text = om_args_value(session->args, "member");
    if (!text) text = session->profile.member;
    if (!text) return om_fail(st, OM_USAGE, NULL, "who speaks? name the member with --member or OREMARK_MEMBER");
    if (om_session_member(session, &session->self, text, st)) return st->code;
  }
  *out = session->self;
  return OM_OK;
}

enum om_code om_session_secret(struct om_session *session, const struct om_secret **out, struct om_status *st) {
  if (!session->secret) {
    const char *path = om_args_value(session->args, "key");
    if (!path) path = session->profile.key;
    if (!path) return om_fail(st, OM_USAGE, NULL, "which key signs? name its file with --key or OREMARK_KEY");
    if (om_secret_load(&session->secret, session->args, session->profile.passphrase_file, path, st)) return st->code;
  }
  *out = session->secret;
  return OM_OK;
}

static bool looks_like_number(const char *text) {
  return strncasecmp(text, "OM-", 3) == 0;
}

enum om_code om_get_lot(struct om_arena *arena, Oremark__GetLot *get, const char *text, struct om_status *st) {
  oremark__get_lot__init(get);
  if (looks_like_number(text)) {
    uint8_t number[OM_LOT_NUMBER_BYTES];
    if (om_lot_parse(number, text, st)) return st->code;
    get->number.data = om_arena_copy(arena, number, sizeof number);
    get->number.len = sizeof number;
  } else {
    size_t len = strlen(text);
    get->alias = om_arena_copy(arena, text, len + 1);
  }
  return OM_OK;
}

/* What the daemon says of a lot, as found; NAME points into LOT. */
static void found_from(struct om_found_lot *out, const Oremark__Lot *lot) {
  *out = (struct om_found_lot){.described = true,
                               .form = lot->form,
                               .name = lot->name,
                               .owner = lot->owner,
                               .consignor = lot->consignor,
                               .gross_mg = lot->gross_mg};
  if (lot->number.len == sizeof out->number) memcpy(out->number, lot->number.data, sizeof out->number);
  if (lot->last_event.len == OM_HASH_BYTES) memcpy(out->last_event.bytes, lot->last_event.data, OM_HASH_BYTES);
  for (size_t i = 0; i < lot->n_contents && i < OM_FOUND_METALS_MAX; i++, out->n_metals++) {
    out->elements[i] = lot->contents[i]->element;
    out->contained_mg[i] = lot->contents[i]->contained_mg;
  }
}

static enum om_code ask_lot(struct om_session *session, struct om_found_lot *out, const char *text,
                            struct om_status *st) {
  Oremark__GetLot get;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_LOT;
  request.get_lot = &get;
  Oremark__Reply *reply;
  if (om_get_lot(session->arena, &get, text, st) || om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_LOT, st))
    return st->code;
  found_from(out, reply->lot);
  out->name = om_arena_copy(session->arena, out->name, strlen(out->name) + 1);
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

/* The next --last-event of the command line, where one is left. */
static enum om_code stated_last_event(struct om_session *session, struct om_found_lot *out, bool *stated,
                                      const char *text, struct om_status *st) {
  size_t seen = 0;
  *stated = false;
  for (size_t i = 0; i < session->args->n; i++) {
    const struct om_given *given = &session->args->given[i];
    if (!om_given_is(given, "last-event") || seen++ < session->last_events_used) continue;
    session->last_events_used++;
    *out = (struct om_found_lot){0};
    if (om_lot_parse(out->number, text, st)) return om_wrap(st, "without a daemon a lot is named by its number");
    if (!om_hex_parse(out->last_event.bytes, OM_HASH_BYTES, given->value)) {
      om_fail(st, OM_USAGE, NULL, "'%s' is not an event id of 64 hexadecimal digits", given->value);
      return om_given_wrap(given, st);
    }
    *stated = true;
    return OM_OK;
  }
  return OM_OK;
}

enum om_code om_session_lot(struct om_session *session, struct om_found_lot *out, const char *text,
                            struct om_status *st) {
  if (session->find_lot) {
    enum om_code code = session->find_lot(session->find_ctx, out, text, st);
    if (code != OM_MISSING) return code;
  }
  bool stated;
  if (stated_last_event(session, out, &stated, text, st)) return st->code;
  if (stated) return OM_OK;
  if (ask_lot(session, out, text, st)) return st->code;
  if (session->found_lot) session->found_lot(session->find_ctx, out, text);
  return OM_OK;
}

enum om_code om_session_number(struct om_session *session, uint8_t out[OM_LOT_NUMBER_BYTES], const char *text,
                               struct om_status *st) {
  struct om_found_lot found;
  if (looks_like_number(text)) return om_lot_parse(out, text, st);
  if (ask_lot(session, &found, text, st)) return st->code;
  memcpy(out, found.number, sizeof found.number);
  return OM_OK;
}

enum om_code om_session_own_site(struct om_session *session, uint32_t *out, const struct om_args *args,
                                 const char *name, struct om_status *st) {
  const struct om_given *given = NULL;
  uint32_t self = 0;
  if (om_args_need(args, &given, name, st) || om_session_self(session, &self, st)) return st->code;
  if (om_session_site(session, out, self, given->value, st)) return om_given_wrap(given, st);
  return OM_OK;
}

Oremark__LotRef *om_lot_ref(struct om_arena *arena, const struct om_found_lot *found) {
  Oremark__LotRef *ref = om_arena_alloc(arena, sizeof *ref);
  oremark__lot_ref__init(ref);
  if (found->within) {
    ref->event = found->event;
    ref->output = found->output;
    return ref;
  }
  ref->number.data = om_arena_copy(arena, found->number, sizeof found->number);
  ref->number.len = sizeof found->number;
  ref->last_event.data = om_arena_copy(arena, found->last_event.bytes, OM_HASH_BYTES);
  ref->last_event.len = OM_HASH_BYTES;
  return ref;
}

enum om_code om_session_lots(struct om_session *session, Oremark__LotRef ***out, size_t *n, struct om_found_lot **found,
                             const struct om_args *args, size_t min, struct om_status *st) {
  if (om_args_words(args, min, SIZE_MAX, st)) return st->code;
  *out = om_arena_array(session->arena, args->n_words, sizeof **out);
  struct om_found_lot *all = om_arena_array(session->arena, args->n_words, sizeof *all);
  *n = 0;
  for (size_t i = 0; i < args->n_words; i++) {
    if (om_session_lot(session, &all[i], args->words[i].value, st)) return om_given_wrap(&args->words[i], st);
    (*out)[(*n)++] = om_lot_ref(session->arena, &all[i]);
  }
  if (found) *found = all;
  return OM_OK;
}
