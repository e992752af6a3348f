#include "cli/details.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attested.h"
#include "cli/file.h"
#include "cli/material.h"
#include "cli/secret.h"
#include "cli/views.h"
#include "cli/words.h"
#include "keys/seal.h"
#include "keys/utf8.h"
#include "proto/sealed.pb-c.h"

enum { BOUND_BYTES = OM_HASH_BYTES + OM_DETAIL_NONCE_BYTES };

#define SEALED_NAME "confidential details"
#define SEALED_MEDIA "application/x-oremark-sealed"

/* What the ciphertext is bound to besides its key. */
static void bound_to(uint8_t out[BOUND_BYTES], const struct om_hash *network, const Oremark__Statement *statement) {
  memcpy(out, network->bytes, OM_HASH_BYTES);
  memcpy(out + OM_HASH_BYTES, statement->nonce.data, OM_DETAIL_NONCE_BYTES);
}

/* ---- sealing ---- */

const char om_details_seen[] =
    "every member still sees who did what and when, the lots with their masses, metals and origins, the\n"
    "oremark: counterparties, that these details exist, and who can open them; not what they say\n";

const char om_details_lost[] = "you have published no sealing key: nobody on your side can open them later\n";

struct sealing {
  struct om_session *session;
  const struct om_papers *from;
  const struct om_draft *draft;
  size_t n;
  Oremark__Detail details[OM_DETAILS_MAX], *list[OM_DETAILS_MAX];
  Oremark__DetailKind whats[OM_DETAILS_MAX];
  size_t n_to;
  struct om_recipient to[OM_SEAL_RECIPIENTS_MAX];
  bool own; /* the speaker can open it, too */
};

/* "contract=C-123", "document=FILE". */
static enum om_code read_secret(struct sealing *s, const struct om_given *given, struct om_status *st) {
  struct om_arena *arena = s->session->arena;
  char *word = om_copy_text(arena, given->value), *value = strchr(word, '=');
  int what;
  if (s->n == OM_DETAILS_MAX) return om_fail(st, OM_USAGE, NULL, "more than %d secrets in one event", OM_DETAILS_MAX);
  if (!value) return om_fail(st, OM_USAGE, NULL, "'%s': write what it is and its value, as in contract=C-123", word);
  *value++ = '\0';
  if (om_word_parse(&what, &oremark__detail_kind__descriptor, "secret", word, st)) return st->code;
  Oremark__Detail *d = s->list[s->n] = &s->details[s->n];
  oremark__detail__init(d);
  s->whats[s->n++] = (Oremark__DetailKind)what;
  d->salt.data = om_arena_alloc(arena, OM_DETAIL_SALT_BYTES);
  d->salt.len = OM_DETAIL_SALT_BYTES;
  randombytes_buf(d->salt.data, OM_DETAIL_SALT_BYTES);
  if (what == OREMARK__DETAIL_KIND__DETAIL_KIND_DOCUMENT) {
    const char *path = om_papers_path(arena, s->from, value);
    enum om_code code = om_file_read(arena, &d->value.data, &d->value.len, path, OM_DETAIL_FILE_BYTES, st);
    if (code == OM_OK || !s->from->args->from_rows) return code;
    return st->code = OM_USAGE; /* the row is wrong, not the machine */
  }
  d->value = (ProtobufCBinaryData){strlen(value), (uint8_t *)value};
  if (d->value.len == 0 || d->value.len > OM_DETAIL_TEXT_BYTES || !om_text_ok(value, d->value.len))
    return om_fail(st, OM_USAGE, NULL, "the value of '%s' must be 1 to %d bytes of text", word, OM_DETAIL_TEXT_BYTES);
  return OM_OK;
}

static enum om_code add_recipient(struct sealing *s, uint32_t member, const Oremark__MemberRights *rights,
                                  struct om_status *st) {
  size_t at = s->n_to;
  for (size_t i = 0; i < s->n_to; i++)
    if (s->to[i].member == member) return OM_OK;
  if (s->n_to == OM_SEAL_RECIPIENTS_MAX)
    return om_fail(st, OM_USAGE, NULL, "sealed to more than %d members", OM_SEAL_RECIPIENTS_MAX);
  for (; at > 0 && s->to[at - 1].member > member; at--) s->to[at] = s->to[at - 1];
  s->to[at].member = member;
  memcpy(s->to[at].public_key, rights->sealing_key.data, OM_PUBLIC_BYTES);
  s->n_to++;
  return OM_OK;
}

static enum om_code recipient(struct sealing *s, const char *name, struct om_status *st) {
  const Oremark__MemberRights *rights;
  uint32_t member;
  if (om_session_member(s->session, &member, name, st) || om_session_rights(s->session, &rights, member, st))
    return st->code;
  if (rights->sealing_key.len != OM_PUBLIC_BYTES)
    return om_fail(st, OM_MISSING, "sealing-key",
                   "%s has published no sealing key, so nothing can be sealed to it: it does that with 'oremark key "
                   "new --kind sealing' and 'oremark member set-sealing-key'",
                   name);
  return add_recipient(s, member, rights, st);
}

/* Members parted by commas. */
static enum om_code recipients(struct sealing *s, const struct om_given *given, struct om_status *st) {
  char *names = om_copy_text(s->session->arena, given->value), *rest = NULL;
  for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
    name += strspn(name, " ");
    if (recipient(s, name, st)) return st->code;
  }
  return OM_OK;
}

static enum om_code read_options(struct sealing *s, struct om_status *st) {
  const struct om_args *args = s->from->args;
  const Oremark__MemberRights *rights;
  uint32_t self = s->draft->statement.member;
  for (size_t i = 0; i < args->n; i++) {
    const struct om_given *given = &args->given[i];
    if ((om_given_is(given, "secret") && read_secret(s, given, st)) ||
        (om_given_is(given, "secret-to") && recipients(s, given, st)))
      return om_given_wrap(given, st);
  }
  if ((s->n > 0) != (s->n_to > 0))
    return om_fail(st, OM_USAGE, NULL,
                   s->n == 0 && args->from_rows ? "secret-to without secrets: what is to be sealed?"
                   : s->n == 0                  ? "--secret-to without a --secret: what is to be sealed?"
                   : !args->from_rows           ? "to whom is it sealed? name them with --secret-to MEMBER,MEMBER"
                                      : "to whom is it sealed? name them in the column secret-to, parted by commas");
  if (s->n == 0) return OM_OK;
  if (om_session_rights(s->session, &rights, self, st)) return st->code;
  s->own = rights->sealing_key.len == OM_PUBLIC_BYTES;
  return s->own ? add_recipient(s, self, rights, st) : OM_OK;
}

/* What stands in clear and is sealed, too, is no secret. */
static enum om_code check_clear(const struct sealing *s, const Oremark__Event *event, struct om_status *st) {
  if (event->kind_case != OREMARK__EVENT__KIND_SETTLE || !*event->settle->contract) return OM_OK;
  for (size_t i = 0; i < s->n; i++)
    if (s->whats[i] == OREMARK__DETAIL_KIND__DETAIL_KIND_CONTRACT)
      return om_fail(st, OM_USAGE, NULL,
                     "the contract is stated in clear and as a secret: leave out --contract, or everybody can read it");
  return OM_OK;
}

static void commit(const struct sealing *s, Oremark__Event *event) {
  struct om_arena *arena = s->session->arena;
  event->sealed = om_arena_array(arena, s->n, sizeof *event->sealed);
  for (size_t i = 0; i < s->n; i++) {
    struct om_hash *commitment = om_arena_alloc(arena, sizeof *commitment);
    struct om_detail detail = {.event = (uint16_t)s->draft->statement.n_events,
                               .index = (uint8_t)i,
                               .what = s->whats[i],
                               .value = {s->details[i].value.data, s->details[i].value.len}};
    memcpy(detail.nonce, s->draft->statement.nonce.data, sizeof detail.nonce);
    memcpy(detail.salt, s->details[i].salt.data, sizeof detail.salt);
    om_detail_commitment(commitment, &detail);
    Oremark__SealedDetail *d = event->sealed[event->n_sealed++] = om_arena_alloc(arena, sizeof *d);
    oremark__sealed_detail__init(d);
    d->what = s->whats[i];
    d->commitment = (ProtobufCBinaryData){sizeof commitment->bytes, commitment->bytes};
  }
}

static enum om_code encipher(struct sealing *s, struct om_file *out, const struct om_hash *network,
                             struct om_status *st) {
  struct om_arena *arena = s->session->arena;
  Oremark__Details details = OREMARK__DETAILS__INIT;
  uint8_t bound[BOUND_BYTES], *sealed;
  size_t len;
  details.details = s->list;
  details.n_details = s->n;
  size_t plain_len = oremark__details__get_packed_size(&details);
  uint8_t *plain = om_arena_alloc(arena, plain_len);
  oremark__details__pack(&details, plain);
  bound_to(bound, network, &s->draft->statement);
  enum om_code code = om_seal(&sealed, &len, s->to, s->n_to, plain, plain_len, bound, sizeof bound, st);
  sodium_memzero(plain, plain_len);
  if (code != OM_OK) return code;
  om_file_made(arena, out, SEALED_NAME, SEALED_MEDIA, sealed, len);
  out->document.sealed = true;
  om_seal_free(sealed, len);
  return OM_OK;
}

/* Said whenever something is sealed: what a member might take for secret, and is not. */
static enum om_code say_what_is_seen(const struct sealing *s, struct om_status *st) {
  FILE *err = s->session->err;
  const Oremark__Members *members;
  char word[OM_WORD_BYTES], name[OM_SHOW_BYTES];
  if (om_session_members(s->session, &members, st)) return st->code;
  fprintf(err, "oremark: sealed: ");
  for (size_t i = 0; i < s->n; i++)
    fprintf(err, "%s%s", i ? ", " : "", om_word(word, &oremark__detail_kind__descriptor, (int)s->whats[i]));
  fprintf(err, "; to be opened by ");
  for (size_t i = 0; i < s->n_to; i++) {
    const char *of = "";
    for (size_t j = 0; j < members->n_members; j++)
      if (members->members[j]->member == s->to[i].member) of = members->members[j]->name;
    fprintf(err, "%s%s (member %u)", i ? ", " : "", om_show_text(name, of), s->to[i].member);
  }
  fprintf(err, "\noremark: %s", om_details_seen);
  if (!s->own) fprintf(err, "oremark: %s", om_details_lost);
  return OM_OK;
}

enum om_code om_details_seal(struct om_session *session, struct om_files *files, Oremark__Event *event,
                             const struct om_papers *from, const struct om_draft *draft, const struct om_hash *network,
                             struct om_status *st) {
  struct sealing s = {.session = session, .from = from, .draft = draft};
  struct om_file file;
  if (read_options(&s, st) || check_clear(&s, event, st)) return st->code;
  if (s.n == 0) return OM_OK;
  if (encipher(&s, &file, network, st)) return st->code;
  commit(&s, event);
  om_files_add(session, files, event, &file);
  return from->args->from_rows ? OM_OK : say_what_is_seen(&s, st);
}

/* ---- finding ---- */

static enum om_code log_number(struct om_session *session, uint32_t *out, const char *origin, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_STATUS;
  request.get_status = &get;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_STATUS, st)) return st->code;
  bool found = false;
  for (size_t i = 0; i < reply->status->n_logs && !found; i++) {
    found = strcmp(reply->status->logs[i]->origin, origin) == 0;
    *out = reply->status->logs[i]->log;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return found ? OM_OK : om_fail(st, OM_IO, NULL, "the daemon names a log that it does not list");
}

static enum om_code get_statement(struct om_session *session, struct om_sealed_event *e, uint32_t log,
                                  struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetEntry get = OREMARK__GET_ENTRY__INIT;
  Oremark__Reply *reply;
  struct om_hash id = {{0}};
  request.what_case = OREMARK__REQUEST__WHAT_GET_ENTRY;
  request.get_entry = &get;
  get.log = log;
  get.index = e->index;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_ENTRY, st)) return st->code;
  ProtobufCAllocator *memory = om_arena_protobuf(session->arena);
  const Oremark__Entry *entry = oremark__entry__unpack(memory, reply->entry->entry.len, reply->entry->entry.data);
  oremark__reply__free_unpacked(reply, NULL);
  if (entry && entry->what_case == OREMARK__ENTRY__WHAT_STATEMENT) {
    const ProtobufCBinaryData bytes = entry->statement->statement;
    om_statement_id(&id, &e->network, bytes.data, bytes.len);
    e->statement = oremark__statement__unpack(memory, bytes.len, bytes.data);
  }
  if (!e->statement || e->ref->statement_id.len != OM_HASH_BYTES ||
      memcmp(id.bytes, e->ref->statement_id.data, OM_HASH_BYTES) != 0 ||
      e->statement->nonce.len != OM_DETAIL_NONCE_BYTES)
    return om_fail(st, OM_IO, NULL, "the daemon gave another statement than the one that was asked for");
  if (e->ref->event >= e->statement->n_events)
    return om_fail(st, OM_MISSING, NULL, "the statement has %zu events, and no event %u", e->statement->n_events,
                   e->ref->event);
  e->event = e->statement->events[e->ref->event];
  return OM_OK;
}

enum om_code om_sealed_event(struct om_session *session, struct om_sealed_event *out, Oremark__EventRef *ref,
                             struct om_status *st) {
  struct om_recorded recorded = {.member = ref->member, .signed_ms = ref->signed_ms};
  const Oremark__Finality *finality;
  uint32_t log = 0;
  *out = (struct om_sealed_event){.ref = ref};
  memcpy(recorded.id.bytes, ref->statement_id.data, OM_HASH_BYTES);
  if (om_session_network(session, &out->network, st) ||
      om_final_ask(session, &finality, session->arena, &recorded, 0, st))
    return st->code;
  if (!*finality->origin)
    return om_fail(st, OM_MISSING, NULL,
                   "this daemon knows no such event: it has not come here, or is of another network");
  out->origin = finality->origin;
  out->index = finality->index;
  out->final = om_final_is(finality, "final");
  return log_number(session, &log, out->origin, st) ? st->code : get_statement(session, out, log, st);
}

struct refs {
  Oremark__EventRef **refs;
  size_t n, cap;
};

static void add_ref(struct om_session *session, struct refs *all, const Oremark__Step *step) {
  if (all->n == all->cap) {
    size_t cap = all->cap ? 2 * all->cap : 16;
    Oremark__EventRef **larger = om_arena_array(session->arena, cap, sizeof *larger);
    for (size_t i = 0; i < all->n; i++) larger[i] = all->refs[i];
    all->refs = larger;
    all->cap = cap;
  }
  all->refs[all->n++] = om_event_ref_of(session->arena, step);
}

static enum om_code refs_of_lot(struct om_session *session, struct refs *all, const char *text, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  Oremark__GetHistory get = OREMARK__GET_HISTORY__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_HISTORY;
  request.get_history = &get;
  get.number = (ProtobufCBinaryData){sizeof number, number};
  if (om_session_number(session, number, text, st) ||
      om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_HISTORY, st))
    return st->code;
  for (bool more = true; more;) {
    const Oremark__Steps *steps = reply->what_case == OREMARK__REPLY__WHAT_HISTORY ? reply->history : NULL;
    for (size_t i = 0; steps && i < steps->n_steps; i++)
      if (steps->steps[i]->n_sealed > 0) add_ref(session, all, steps->steps[i]);
    more = reply->more;
    if (more && om_client_next(session->client, &reply, st)) return st->code;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

enum om_code om_sealed_events(struct om_session *session, Oremark__EventRef ***out, size_t *n, const char *text,
                              struct om_status *st) {
  struct refs all = {0};
  struct om_recorded recorded;
  size_t len = strcspn(text, "/");
  char *statement = om_copy_text(session->arena, text);
  statement[len] = '\0';
  if (om_recorded_parse(&recorded, statement, st) == OM_OK) {
    Oremark__EventRef **one = om_arena_array(session->arena, 1, sizeof *one);
    *out = one;
    *n = 1;
    return om_event_ref_read(session, &one[0], text, st);
  }
  om_status_clear(st);
  if (refs_of_lot(session, &all, text, st)) return st->code;
  *out = all.refs;
  *n = all.n;
  return OM_OK;
}

/* ---- opening ---- */

bool om_detail_stands(const struct om_sealed_event *e, const struct om_opened *opened) {
  struct om_detail detail = {.event = (uint16_t)e->ref->event,
                             .index = opened->index,
                             .what = opened->what,
                             .value = {opened->value, opened->len}};
  struct om_hash commitment;
  if (opened->index >= e->event->n_sealed || e->event->sealed[opened->index]->what != opened->what) return false;
  memcpy(detail.nonce, e->statement->nonce.data, sizeof detail.nonce);
  memcpy(detail.salt, opened->salt, sizeof detail.salt);
  om_detail_commitment(&commitment, &detail);
  return e->event->sealed[opened->index]->commitment.len == OM_HASH_BYTES &&
         memcmp(e->event->sealed[opened->index]->commitment.data, commitment.bytes, OM_HASH_BYTES) == 0;
}

static enum om_code read_details(struct om_session *session, struct om_opened out[OM_DETAILS_MAX], size_t *n,
                                 const struct om_sealed_event *e, const uint8_t *plain, size_t len,
                                 struct om_status *st) {
  const Oremark__Details *details = oremark__details__unpack(om_arena_protobuf(session->arena), len, plain);
  *n = 0;
  if (!details || details->n_details != e->event->n_sealed || details->n_details > OM_DETAILS_MAX)
    return om_fail(st, OM_NO, "detail", "what was sealed is not what the event names: its signer has made it so");
  for (size_t i = 0; i < details->n_details; i++) {
    const Oremark__Detail *d = details->details[i];
    struct om_opened *o = &out[(*n)++];
    *o = (struct om_opened){e->event->sealed[i]->what, (uint8_t)i, {0}, d->value.data, d->value.len, false};
    if (d->salt.len != sizeof o->salt) continue;
    memcpy(o->salt, d->salt.data, sizeof o->salt);
    o->stands = om_detail_stands(e, o);
  }
  return OM_OK;
}

enum om_code om_details_open(struct om_session *session, struct om_opened out[OM_DETAILS_MAX], size_t *n,
                             const struct om_sealed_event *e, const struct om_secret *secret, struct om_status *st) {
  const Oremark__Document *document = om_details_document(e->event);
  uint8_t hash[OM_HASH_BYTES], bound[BOUND_BYTES], *plain;
  const uint8_t *sealed;
  size_t len, plain_len;
  *n = 0;
  if (!document) return om_fail(st, OM_MISSING, NULL, "the event has no sealed details");
  memcpy(hash, document->hash.data, sizeof hash);
  bound_to(bound, &e->network, e->statement);
  if (om_document_get(session, &sealed, &len, hash, st) ||
      om_unseal(&plain, &plain_len, sealed, len, 0, secret, bound, sizeof bound, st))
    return st->code;
  enum om_code code = read_details(session, out, n, e, plain, plain_len, st);
  om_seal_free(plain, plain_len);
  return code;
}

enum om_code om_sealing_secret(struct om_session *session, struct om_secret **out, struct om_status *st) {
  const char *path = om_args_value(session->args, "key");
  struct om_passphrase_source source;
  struct om_key_info info;
  *out = NULL;
  if (!path) path = getenv("OREMARK_SEALING_KEY");
  if (!path || !*path)
    return om_fail(st, OM_USAGE, NULL, "with which sealing key? name its file with --key or OREMARK_SEALING_KEY");
  if (om_passphrase_option(&source, session->args, session->profile.passphrase_file, st) ||
      om_keyfile_info(&info, path, st))
    return st->code;
  if (info.kind != OM_KEY_SEALING)
    return om_fail(st, OM_USAGE, NULL, "%s is a %s key: details are opened with a sealing key", path,
                   om_key_kind_name(info.kind));
  return om_keyfile_open(out, &info, path, &source, st);
}

/* ---- how it is shown ---- */

const char *om_detail_name(char out[OM_WORD_BYTES], int what) {
  return om_word(out, &oremark__detail_kind__descriptor, what);
}

bool om_detail_is_text(const uint8_t *value, size_t len) {
  return len > 0 && len <= OM_DETAIL_TEXT_BYTES && om_text_ok((const char *)value, len);
}

char *om_detail_text(struct om_arena *arena, const uint8_t *value, size_t len) {
  char *text = om_arena_alloc(arena, len + 1);
  memcpy(text, value, len);
  return text;
}
