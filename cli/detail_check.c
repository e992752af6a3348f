/* A detail that somebody has disclosed, checked against the commitment in the log: as a daemon has it, or as a bundle
 * proves it. */
#include <inttypes.h>
#include <string.h>

#include "cli/attested.h"
#include "cli/bundled.h"
#include "cli/details.h"
#include "cli/file.h"
#include "cli/material.h"
#include "cli/verdict.h"
#include "keys/base64.h"
#include "ledger/step.h"
#include "ledger/told.h"

enum {
  DISCLOSURE_MAX_BYTES = 16 << 20, /* a file of 8 MiB in base64, and what stands around it */
};

static const struct om_option options[] = {
    {"bundle", "FILE", "a bundle that has the event in it: it is checked first, and no daemon is asked"},
    OM_BUNDLED_OPTIONS,
    {NULL, NULL, NULL},
};

struct disclosure {
  struct om_hash network;
  const char *event;
  struct om_opened detail;
};

static const char *member_text(const json_t *json, const char *name) {
  const char *text = json_string_value(json_object_get(json, name));
  return text ? text : "";
}

/* False: it is not what 'detail disclose' writes. */
static bool take_disclosure(struct om_arena *arena, struct disclosure *out, const json_t *json) {
  int what;
  struct om_status ignored;
  const json_t *index = json_object_get(json, "index"), *text = json_object_get(json, "value");
  const char *base64 = member_text(json, "value_base64");
  if (strcmp(member_text(json, "format"), OM_DISCLOSURE_1) != 0 || !json_is_integer(index) ||
      json_integer_value(index) < 0 || json_integer_value(index) >= OM_DETAILS_MAX ||
      !om_hex_parse(out->network.bytes, OM_HASH_BYTES, member_text(json, "network")) ||
      !om_hex_parse(out->detail.salt, sizeof out->detail.salt, member_text(json, "salt")) ||
      om_word_parse(&what, &oremark__detail_kind__descriptor, "detail", member_text(json, "what"), &ignored) ||
      json_is_string(text) == (*base64 != '\0'))
    return false;
  out->event = om_arena_copy(arena, member_text(json, "event"), strlen(member_text(json, "event")) + 1);
  out->detail.what = (Oremark__DetailKind)what;
  out->detail.index = (uint8_t)json_integer_value(index);
  if (json_is_string(text)) {
    out->detail.len = json_string_length(text);
    out->detail.value = om_arena_copy(arena, json_string_value(text), out->detail.len);
    return true;
  }
  uint8_t *bytes = om_arena_alloc(arena, strlen(base64) + 1);
  out->detail.value = bytes;
  return om_base64_decode(bytes, strlen(base64), &out->detail.len, base64, strlen(base64));
}

static enum om_code read_disclosure(struct om_session *session, struct disclosure *out, const char *path,
                                    struct om_status *st) {
  uint8_t *bytes;
  size_t len;
  *out = (struct disclosure){.event = NULL};
  if (om_file_read(session->arena, &bytes, &len, path, DISCLOSURE_MAX_BYTES, st)) return st->code;
  json_t *json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
  bool good = json && take_disclosure(session->arena, out, json);
  json_decref(json);
  return good ? OM_OK
              : om_fail(st, OM_USAGE, NULL, "%s is not what 'oremark detail disclose' writes, or was damaged", path);
}

/* Where the event stands, and who says so. */
struct committed {
  struct om_sealed_event e;
  const char *by;                  /* who signed it */
  const struct om_bundled *bundle; /* NULL: the daemon */
};

static json_t *check_json(struct om_session *session, const struct disclosure *d, const struct committed *c,
                          bool stands) {
  char word[OM_WORD_BYTES], lot[OM_LOT_TEXT_BYTES], head[OM_HEAD_TEXT_BYTES];
  const struct om_opened *o = &d->detail;
  json_t *json = json_pack(
      "{s:b, s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:I, s:b}", "matches_log", stands, "what",
      om_detail_name(word, (int)o->what), "event", d->event, "value",
      om_detail_is_text(o->value, o->len) ? json_string(om_detail_text(session->arena, o->value, o->len)) : json_null(),
      "size", (json_int_t)o->len, "member", (json_int_t)c->e.ref->member, "member_name", om_json_text(c->by), "origin",
      om_json_text(c->e.origin), "index", (json_int_t)c->e.index, "final", c->e.final);
  if (!c->bundle) return json;
  const struct om_bundle_told *told = &c->bundle->told;
  json_object_set_new(
      json, "bundle",
      json_pack("{s:s, s:s, s:s, s:o}", "file", c->bundle->path, "lot", om_lot_format(lot, sizeof lot, told->lot),
                "registry_head", om_head_text(head, &told->registry), "registry_time",
                told->registry_s ? om_json_time((int64_t)told->registry_s * 1000, 0) : json_null()));
  return json;
}

static void show_true(struct om_session *session, const struct disclosure *d, const struct committed *c) {
  char word[OM_WORD_BYTES], origin[OM_SHOW_BYTES], name[OM_SHOW_BYTES], head[OM_HEAD_TEXT_BYTES],
      lot[OM_LOT_TEXT_BYTES], when[OM_TIME_TEXT_BYTES];
  fprintf(session->out, "%s: ", om_detail_name(word, (int)d->detail.what));
  if (om_detail_is_text(d->detail.value, d->detail.len))
    fprintf(session->out, "%s\n", om_detail_text(session->arena, d->detail.value, d->detail.len));
  else
    fprintf(session->out, "a file of %zu bytes\n", d->detail.len);
  fprintf(session->out, "TRUE: this is what %s (member %u) committed to in entry %" PRIu64 " of %s%s\n",
          om_show_text(name, c->by), c->e.ref->member, c->e.index, om_show_text(origin, c->e.origin),
          c->e.final ? "" : ", which is not final yet");
  if (!c->bundle) return;
  const struct om_bundle_told *told = &c->bundle->told;
  fprintf(session->out, "proven by the verified bundle of lot %s, registry head %s",
          om_lot_format(lot, sizeof lot, told->lot), om_head_text(head, &told->registry));
  if (told->registry_s > 0)
    fprintf(session->out, ", signed %s", om_time_format(when, sizeof when, (int64_t)told->registry_s * 1000, 0));
  fputc('\n', session->out);
}

static enum om_code answer(struct om_session *session, const struct disclosure *d, const struct committed *c,
                           struct om_status *st) {
  bool stands = om_detail_stands(&c->e, &d->detail);
  if (session->json && om_show_json(session->out, check_json(session, d, c, stands), st)) return st->code;
  if (!session->json && stands) show_true(session, d, c);
  if (!stands)
    return om_fail(st, OM_NO, "detail",
                   "this is not what was committed to in the log: the value, its salt or its place is another");
  if (c->e.final) return OM_OK;
  return om_fail(st, OM_WAIT, NULL, "it matches, but the entry is not final yet: check it again later");
}

/* ---- by a bundle ---- */

static const struct om_verdict_log *head_of(const struct om_verdict *verdict, uint32_t log) {
  for (size_t i = 0; i < verdict->n_logs; i++)
    if (verdict->logs[i].log == log) return &verdict->logs[i];
  return NULL;
}

/* Finds the event in what was made of B. Only what stands under a head that the verdict is about is proven. */
static enum om_code find_in(struct om_txn *txn, struct om_session *session, struct committed *c,
                            const struct om_bundled *b, struct om_status *st) {
  struct om_sealed_event *e = &c->e;
  struct om_hash id;
  struct om_place at;
  struct om_bytes entry;
  struct om_found found;
  struct om_member member;
  memcpy(id.bytes, e->ref->statement_id.data, OM_HASH_BYTES);
  enum om_code code = om_statement_find(txn, &at, e->ref->member, e->ref->signed_ms, &id, st);
  const struct om_verdict_log *head = code == OM_OK ? head_of(&b->verdict, at.log) : NULL;
  if (code == OM_MISSING || (code == OM_OK && (!head || head->size <= at.index)))
    return om_fail(st, OM_MISSING, NULL,
                   "%s does not prove that event: have a bundle made of the lot that the event is about", b->path);
  if (code == OM_OK) code = om_log_entry(txn, &entry, at.log, at.index, st);
  if (code == OM_OK) code = om_registry_member(txn, &member, e->ref->member, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  if (e->ref->event >= OM_EVENTS_MAX || !om_find_event(&found, entry.data, entry.len, (uint16_t)e->ref->event))
    return om_fail(st, OM_MISSING, NULL, "the statement has no event %u", e->ref->event);
  e->statement =
      oremark__statement__unpack(om_arena_protobuf(session->arena), found.statement.len, found.statement.data);
  OM_ASSERT(e->statement && e->ref->event < e->statement->n_events); /* it was judged */
  e->event = e->statement->events[e->ref->event];
  e->network = b->network;
  e->origin = om_copy_text(session->arena, head->origin);
  e->index = at.index;
  e->final = true;
  c->by = om_copy_text(session->arena, member.name);
  return OM_OK;
}

/* Nothing is said of the detail by a file that does not verify. */
static enum om_code verified(struct om_session *session, struct om_bundled *b, struct om_txn *txn,
                             struct om_status *st) {
  Oremark__Verdict verdict;
  if (om_verdict_told(txn, session->arena, &verdict, &b->verdict, st) || om_verdict_conclude(&verdict, st) == OM_OK)
    return st->code;
  return om_wrap(st, "%s ('oremark verify' tells more)", b->path);
}

static enum om_code by_bundle(struct om_session *session, const struct disclosure *d, struct committed *c,
                              struct om_bundled *b, struct om_status *st) {
  struct om_txn *txn;
  if (om_bundled_judge(b, session, om_args_value(session->args, "bundle"), st)) return st->code;
  if (!om_hash_equal(&b->network, &d->network))
    return om_fail(st, OM_USAGE, NULL, "what was disclosed is of another network than the one of the genesis file");
  if (om_txn_read(&txn, om_bundle_store(b->bundle), st)) return st->code;
  enum om_code code = verified(session, b, txn, st);
  if (code == OM_OK) code = find_in(txn, session, c, b, st);
  om_txn_abort(txn);
  c->bundle = b;
  return code == OM_OK ? answer(session, d, c, st) : code;
}

/* ---- by a daemon ---- */

static enum om_code by_daemon(struct om_session *session, const struct disclosure *d, struct committed *c,
                              struct om_status *st) {
  const Oremark__Members *members;
  struct om_hash network;
  if (om_args_has(session->args, "registry-head"))
    return om_fail(st, OM_USAGE, NULL,
                   "detail check: --registry-head goes with --bundle: a daemon is asked without it");
  if (om_session_network(session, &network, st)) return st->code;
  if (!om_hash_equal(&network, &d->network))
    return om_fail(st, OM_USAGE, NULL, "it is of another network than the one that the daemon serves");
  if (om_sealed_event(session, &c->e, c->e.ref, st) || om_session_members(session, &members, st)) return st->code;
  c->by = "";
  for (size_t i = 0; i < members->n_members; i++)
    if (members->members[i]->member == c->e.ref->member) c->by = members->members[i]->name;
  return answer(session, d, c, st);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct disclosure d;
  struct committed c = {.by = NULL};
  if (om_args_words(session->args, 1, 1, st) || read_disclosure(session, &d, session->args->words[0].value, st) ||
      om_event_ref_read(session, &c.e.ref, d.event, st))
    return st->code;
  if (!om_args_has(session->args, "bundle")) return by_daemon(session, &d, &c, st);
  struct om_bundled *b = om_arena_alloc(session->arena, sizeof *b);
  *b = (struct om_bundled){.path = NULL};
  enum om_code code = by_bundle(session, &d, &c, b, st);
  om_bundled_close(b);
  return code;
}

const struct om_command om_command_detail_check = {
    .name = "detail check",
    .words = "FILE",
    .summary = "Check a detail that somebody has disclosed against the commitment in the log.",
    .help =
        "Needs no key. With --bundle it needs no daemon and trusts none: the bundle is verified first, as 'oremark "
        "verify'\ndoes it, and the event has to stand in it. Exit status: 0 it is what its signer committed to; 1 it "
        "is "
        "not; 5 the\nevent is not known here, or not final yet.\n"
        "Examples:\n"
        "  oremark detail check contract.json\n"
        "  oremark detail check contract.json --bundle drum-17.bundle --network genesis.oremark\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
