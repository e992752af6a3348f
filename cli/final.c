#include "cli/final.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/views.h"
#include "ledger/text.h"

enum {
  SLICE_MS = 20000, /* waited at a time: well below the silence after which a daemon counts as stuck */
  NAMED_MAX = 8,    /* witnesses named in a sentence; all stand in --json */
};

enum om_code om_final_option(int64_t *out_ms, const struct om_args *args, struct om_status *st) {
  const struct om_given *given = om_args_find(args, "wait-final");
  uint64_t seconds = OM_FINAL_DEFAULT_S;
  *out_ms = 0;
  if (!given) return OM_OK;
  if (om_args_has(args, "out"))
    return om_fail(st, OM_USAGE, NULL, "--wait-final is for what is submitted; with --out nothing is yet");
  if (given->value && om_given_u64(given, &seconds, OM_FINAL_MAX_S, st)) return st->code;
  if (seconds == 0)
    return om_fail(st, OM_USAGE, NULL,
                   "--wait-final: wait a second at least, or leave it out: the receipt says whether "
                   "it is final already (--json)");
  *out_ms = (int64_t)seconds * 1000;
  return OM_OK;
}

bool om_final_is(const Oremark__Finality *finality, const char *state) {
  return strcmp(finality->state, state) == 0;
}

const char *om_recorded_text(char out[OM_RECORDED_TEXT_BYTES], const struct om_recorded *recorded) {
  char hex[2 * OM_HASH_BYTES + 1];
  snprintf(out, OM_RECORDED_TEXT_BYTES, "%" PRIu32 "-%" PRId64 "-%s", recorded->member, recorded->signed_ms,
           om_hex(hex, recorded->id.bytes, OM_HASH_BYTES));
  return out;
}

enum om_code om_recorded_parse(struct om_recorded *out, const char *text, struct om_status *st) {
  char *end, *last;
  errno = 0;
  unsigned long member = strtoul(text, &end, 10);
  long long signed_ms = *end == '-' ? strtoll(end + 1, &last, 10) : 0;
  bool ok = text[0] >= '0' && text[0] <= '9' && errno == 0 && *end == '-' && member > 0 && member <= UINT32_MAX &&
            signed_ms > 0 && *last == '-';
  *out = (struct om_recorded){.member = (uint32_t)member, .signed_ms = signed_ms};
  if (ok && om_hex_parse(out->id.bytes, OM_HASH_BYTES, last + 1)) return OM_OK;
  return om_fail(
      st, OM_USAGE, NULL,
      "'%s' names no statement: it is MEMBER-TIME-ID, as the command that queued the statement has printed it", text);
}

enum om_code om_final_ask(struct om_session *session, const Oremark__Finality **out, struct om_arena *arena,
                          const struct om_recorded *recorded, int64_t wait_ms, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetFinality get = OREMARK__GET_FINALITY__INIT;
  struct om_hash id = recorded->id;
  Oremark__Reply *reply;
  get.member = recorded->member;
  get.signed_ms = recorded->signed_ms;
  get.statement_id = (ProtobufCBinaryData){sizeof id.bytes, id.bytes};
  get.wait_ms = (uint32_t)wait_ms;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINALITY;
  request.get_finality = &get;
  if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_FINALITY, st)) return st->code;
  size_t len = oremark__finality__get_packed_size(reply->finality);
  uint8_t *bytes = om_arena_alloc(arena, len);
  oremark__finality__pack(reply->finality, bytes);
  oremark__reply__free_unpacked(reply, NULL);
  *out = oremark__finality__unpack(om_arena_protobuf(arena), len, bytes);
  OM_ASSERT(*out);
  return OM_OK;
}

enum om_code om_final_refused(const Oremark__Finality *finality, struct om_status *st) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  reply.code = finality->code;
  reply.rule = finality->rule;
  reply.text = finality->text;
  om_reply_status(&reply, st);
  return om_wrap(st, "it was queued, and then refused");
}

static enum om_code not_final(const Oremark__Finality *finality, int64_t wait_ms, struct om_status *st) {
  struct om_text text;
  if (om_final_is(finality, "queued"))
    return om_fail(st, OM_WAIT, NULL,
                   "still queued after %" PRId64
                   " s: 'oremark status' says whom the daemon waits for. Nothing needs to "
                   "be done again.",
                   wait_ms / 1000);
  om_text_clear(&text);
  om_text_add(&text, "not final after %" PRId64 " s", wait_ms / 1000);
  if (finality->needed)
    om_text_add(&text, ": %" PRIu32 " more operator%s must cosign", finality->needed, finality->needed == 1 ? "" : "s");
  for (size_t i = 0; i < finality->n_missing && i < NAMED_MAX; i++) {
    char name[OM_SHOW_BYTES];
    om_text_add(&text, "%s%s", i ? ", " : "; not heard from: ", om_show_text(name, finality->missing[i]));
  }
  if (finality->n_missing > NAMED_MAX) om_text_add(&text, " and %zu others", finality->n_missing - NAMED_MAX);
  return om_fail(st, OM_WAIT, NULL, "%s. It is recorded; nothing needs to be done again.", text.bytes);
}

enum om_code om_final_wait(struct om_session *session, const Oremark__Finality **out, struct om_arena *arena,
                           const struct om_recorded *recorded, int64_t wait_ms, struct om_status *st) {
  int64_t until = om_tick_ms() + wait_ms;
  *out = NULL;
  for (;;) {
    int64_t left = until - om_tick_ms();
    int64_t slice = left > SLICE_MS ? SLICE_MS : left > 0 ? left : 0;
    if (om_final_ask(session, out, arena, recorded, slice, st)) {
      *out = NULL;
      return om_wrap(st, "it is recorded or queued, but whether it is final was not heard");
    }
    if (om_final_is(*out, "final")) return OM_OK;
    if (om_final_is(*out, "refused")) return om_final_refused(*out, st);
    if (om_final_is(*out, "unknown"))
      return om_fail(st, OM_IO, NULL, "the daemon knows nothing of what it gave a receipt for: see its log");
    if (left <= 0) return not_final(*out, wait_ms, st);
  }
}

void om_final_show(FILE *out, const Oremark__Finality *finality, bool pending) {
  char when[OM_TIME_TEXT_BYTES];
  if (finality->time_s == 0)
    fprintf(out, "final (this network has no witnesses: not protected against a dishonest operator)\n");
  else
    fprintf(out, "final %s %s (quorum time)\n", pending ? "at" : "by",
            om_time_format(when, sizeof when, (int64_t)finality->time_s * 1000, 0));
}

void om_final_json(json_t *json, const Oremark__Finality *finality) {
  if (!finality) return;
  json_t *missing = json_array();
  for (size_t i = 0; i < finality->n_missing; i++) json_array_append_new(missing, om_json_text(finality->missing[i]));
  json_object_set_new(json, "final", json_boolean(om_final_is(finality, "final")));
  json_object_set_new(json, "final_at", om_json_time((int64_t)finality->time_s * 1000, 0));
  json_object_set_new(json, "needed", json_integer((json_int_t)finality->needed));
  json_object_set_new(json, "missing", missing);
}
