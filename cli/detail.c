/* Confidential details: which there are, opening them, and giving one to an auditor. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attested.h"
#include "cli/details.h"
#include "cli/file.h"
#include "cli/views.h"
#include "cli/words.h"
#include "keys/base64.h"
#include "keys/seal.h"
#include "keys/utf8.h"

static const char *event_name(char out[OM_EVENT_NAME_BYTES], const Oremark__EventRef *ref) {
  struct om_recorded recorded = {.member = ref->member, .signed_ms = ref->signed_ms};
  char text[OM_RECORDED_TEXT_BYTES];
  memcpy(recorded.id.bytes, ref->statement_id.data, OM_HASH_BYTES);
  snprintf(out, OM_EVENT_NAME_BYTES, "%s/%u", om_recorded_text(text, &recorded), ref->event % OM_EVENTS_MAX);
  return out;
}

/* ---- list ---- */

/* Who can open the details of E, "Kokkola (member 3), ..."; or why that can't be said. */
static const char *readers(struct om_session *session, const struct om_sealed_event *e) {
  const Oremark__Document *document = om_details_document(e->event);
  struct om_status st;
  const uint8_t *sealed;
  size_t len, n;
  uint32_t members[OM_SEAL_RECIPIENTS_MAX];
  const Oremark__Members *all;
  struct om_text text;
  uint8_t hash[OM_HASH_BYTES];
  if (!document) return "";
  memcpy(hash, document->hash.data, sizeof hash);
  if (om_document_get(session, &sealed, &len, hash, &st))
    return om_broke(&st, OM_RULE_ERASED) ? "erased here" : "not to be had now";
  if (om_seal_recipients(members, &n, sealed, len, &st) || om_session_members(session, &all, &st))
    return "not readable";
  om_text_clear(&text);
  for (size_t i = 0; i < n; i++) {
    const char *name = "";
    for (size_t j = 0; j < all->n_members; j++)
      if (all->members[j]->member == members[i]) name = all->members[j]->name;
    om_text_add(&text, "%s%s (member %u)", i ? ", " : "", name, members[i]);
  }
  return om_arena_copy(session->arena, text.bytes, text.len + 1);
}

static enum om_code run_list(struct om_session *session, struct om_status *st) {
  static const char *const columns[] = {"detail", "~can be opened by", "event"};
  Oremark__EventRef **refs;
  size_t n;
  if (om_args_words(session->args, 1, 1, st) || om_sealed_events(session, &refs, &n, session->args->words[0].value, st))
    return st->code;
  json_t *json = json_array();
  struct libscols_table *table = om_show_table(session->out, columns, sizeof columns / sizeof columns[0]);
  size_t rows = 0;
  enum om_code code = OM_OK;
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    struct om_sealed_event e;
    char name[OM_EVENT_NAME_BYTES], word[OM_WORD_BYTES];
    code = om_sealed_event(session, &e, refs[i], st);
    const char *by = code == OM_OK ? readers(session, &e) : "";
    for (size_t j = 0; code == OM_OK && j < e.event->n_sealed; j++, rows++) {
      struct libscols_line *line = om_show_line(table, NULL);
      om_show_cell(line, 0, "%s", om_detail_name(word, (int)e.event->sealed[j]->what));
      om_show_cell(line, 1, "%s", by);
      om_show_cell(line, 2, "%s", event_name(name, refs[i]));
      json_array_append_new(json, json_pack("{s:s, s:i, s:s, s:o}", "event", name, "index", (int)j, "what", word,
                                            "readers", om_json_text(by)));
    }
  }
  bool shows = code == OM_OK && !session->json && rows > 0;
  if (shows)
    om_show_print(table);
  else
    scols_unref_table(table);
  if (code == OM_OK && session->json) return om_show_json(session->out, json_pack("{s:o}", "details", json), st);
  json_decref(json);
  if (code == OM_OK && rows == 0) fprintf(session->out, "no confidential details\n");
  return code;
}

const struct om_command om_command_detail_list = {
    .name = "detail list",
    .words = "LOT|EVENT",
    .summary = "The confidential details of a lot's events, or of one event, and who can open them.",
    .help =
        "EVENT is MEMBER-TIME-ID/EVENT, as 'lot history --json' and 'attestations' show it.\nExample:\n  oremark "
        "detail "
        "list DRUM-17\n",
    .groups = OM_OPTS_DAEMON,
    .run = run_list,
};

/* ---- open ---- */

static const struct om_option open_options[] = {
    {"key", "FILE", "your member's sealing key (OREMARK_SEALING_KEY)"},
    {"out", "FILE", "where the bytes of a sealed document go (-o)"},
    {NULL, NULL, NULL},
};

static json_t *opened_json(struct om_session *session, const char *event, const struct om_opened *o) {
  char word[OM_WORD_BYTES];
  return json_pack(
      "{s:s, s:i, s:s, s:o, s:I, s:b}", "event", event, "index", (int)o->index, "what",
      om_detail_name(word, (int)o->what), "value",
      om_detail_is_text(o->value, o->len) ? json_string(om_detail_text(session->arena, o->value, o->len)) : json_null(),
      "size", (json_int_t)o->len, "matches_log", o->stands);
}

static enum om_code show_opened(struct om_session *session, const struct om_opened *o, struct om_status *st) {
  char word[OM_WORD_BYTES];
  const char *out = om_args_value(session->args, "out");
  bool is_file = o->what == OREMARK__DETAIL_KIND__DETAIL_KIND_DOCUMENT;
  if (is_file && out && om_file_write(out, o->value, o->len, false, st)) return st->code;
  if (session->json) return OM_OK;
  fprintf(session->out, "%-9s ", om_detail_name(word, (int)o->what));
  if (is_file)
    fprintf(session->out, "%zu bytes%s%s", o->len, out ? " in " : ": name a file for them with -o", out ? out : "");
  else if (om_detail_is_text(o->value, o->len))
    fprintf(session->out, "%s", om_detail_text(session->arena, o->value, o->len));
  else
    fprintf(session->out, "%zu bytes that are no text", o->len);
  fprintf(session->out, "%s\n", o->stands ? "" : "   NOT what the log holds a commitment to");
  return OM_OK;
}

static enum om_code open_event(struct om_session *session, Oremark__EventRef *ref, const struct om_secret *secret,
                               json_t *json, bool *all_stand, struct om_status *st) {
  struct om_sealed_event e;
  struct om_opened opened[OM_DETAILS_MAX];
  char name[OM_EVENT_NAME_BYTES], origin[OM_SHOW_BYTES];
  size_t n;
  if (om_sealed_event(session, &e, ref, st) || om_details_open(session, opened, &n, &e, secret, st)) return st->code;
  event_name(name, ref);
  if (!session->json)
    fprintf(session->out, "%s, entry %" PRIu64 " of %s%s\n", name, e.index, om_show_text(origin, e.origin),
            e.final ? "" : ", not final yet");
  for (size_t i = 0; i < n; i++) {
    json_array_append_new(json, opened_json(session, name, &opened[i]));
    *all_stand = *all_stand && opened[i].stands;
    if (show_opened(session, &opened[i], st)) return st->code;
  }
  return OM_OK;
}

static enum om_code run_open(struct om_session *session, struct om_status *st) {
  Oremark__EventRef **refs;
  struct om_secret *secret;
  size_t n;
  bool all_stand = true;
  if (om_args_words(session->args, 1, 1, st) || om_sealed_events(session, &refs, &n, session->args->words[0].value, st))
    return st->code;
  if (n == 0) return om_fail(st, OM_MISSING, NULL, "no event of this lot has confidential details");
  if (om_sealing_secret(session, &secret, st)) return st->code;
  json_t *json = json_array();
  size_t opened = 0;
  enum om_code code = OM_OK;
  struct om_status why;
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    code = open_event(session, refs[i], secret, json, &all_stand, st);
    opened += code == OM_OK;
    if (code == OM_NO || code == OM_MISSING) why = *st;
    if (n > 1 && (code == OM_NO || code == OM_MISSING)) code = OM_OK; /* another event's may be for this key */
  }
  om_secret_free(secret);
  if (code == OM_OK && opened == 0) *st = why, code = why.code;
  if (code == OM_OK && session->json) code = om_show_json(session->out, json_pack("{s:O}", "details", json), st);
  json_decref(json);
  if (code == OM_OK && !all_stand)
    return om_fail(st, OM_NO, "detail",
                   "what was sealed is not what its signer committed to in the log: don't rely on it");
  return code;
}

const struct om_command om_command_detail_open = {
    .name = "detail open",
    .words = "LOT|EVENT",
    .summary = "Open the confidential details that are sealed to your member, and check them against the log.",
    .help =
        "Exit status: 0 opened, and they are what their signer committed to; 1 they are not sealed to this key, or are "
        "not\nwhat was committed to; 5 erased, or not to be had.\nExample:\n  oremark detail open DRUM-17 --key "
        "sealing.key\n",
    .options = open_options,
    .groups = OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run_open,
};

/* ---- disclose ---- */

static const struct om_option disclose_options[] = {
    {"key", "FILE", "your member's sealing key (OREMARK_SEALING_KEY)"},
    {"out", "FILE", "where the disclosed detail goes (-o)"},
    {NULL, NULL, NULL},
};

/* Which of the N details WORD means: its kind where there is one of it, or its number, from 0. */
static enum om_code choose(const struct om_opened **out, const struct om_opened *opened, size_t n, const char *word,
                           struct om_status *st) {
  int what = -1;
  size_t found = 0;
  *out = NULL;
  if (word[0] >= '0' && word[0] <= '9' && word[1] == '\0') {
    if ((size_t)(word[0] - '0') < n) *out = &opened[word[0] - '0'];
    return *out ? OM_OK
                : om_fail(st, OM_MISSING, NULL,
                          "the event has %zu details: name one by its kind, or by its place, the first being 0", n);
  }
  if (om_word_parse(&what, &oremark__detail_kind__descriptor, "detail", word, st)) return st->code;
  for (size_t i = 0; i < n; i++)
    if ((int)opened[i].what == what) found++, *out = &opened[i];
  if (found == 1) return OM_OK;
  return om_fail(st, found ? OM_USAGE : OM_MISSING, NULL,
                 found ? "the event has several such details: name one by its number ('detail open --json' shows it)"
                       : "the event has no such detail; 'oremark detail list' shows those it has");
}

static json_t *disclosure_json(struct om_session *session, const struct om_sealed_event *e, const struct om_opened *o) {
  char name[OM_EVENT_NAME_BYTES], word[OM_WORD_BYTES];
  json_t *json =
      json_pack("{s:s, s:o, s:s, s:i, s:s, s:o}", "format", OM_DISCLOSURE_1, "network",
                om_json_hex(e->network.bytes, OM_HASH_BYTES), "event", event_name(name, e->ref), "index", (int)o->index,
                "what", om_detail_name(word, (int)o->what), "salt", om_json_hex(o->salt, sizeof o->salt));
  if (om_detail_is_text(o->value, o->len)) {
    json_object_set_new(json, "value", json_string(om_detail_text(session->arena, o->value, o->len)));
  } else {
    size_t room = OM_BASE64_BYTES(o->len);
    char *base64 = om_arena_alloc(session->arena, room);
    om_base64(base64, room, o->value, o->len);
    json_object_set_new(json, "value_base64", json_string(base64));
  }
  return json;
}

static enum om_code disclose(struct om_session *session, const struct om_sealed_event *e,
                             const struct om_secret *secret, const char *word, const char *path, struct om_status *st) {
  struct om_opened opened[OM_DETAILS_MAX];
  const struct om_opened *one;
  char what[OM_WORD_BYTES];
  size_t n;
  if (om_details_open(session, opened, &n, e, secret, st) || choose(&one, opened, n, word, st)) return st->code;
  if (!one->stands)
    return om_fail(st, OM_NO, "detail", "what was sealed is not what its signer committed to: nobody would believe it");
  json_t *json = disclosure_json(session, e, one);
  char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
  json_decref(json);
  OM_ASSERT(text);
  size_t len = strlen(text);
  text[len] = '\n'; /* in the place of the NUL */
  enum om_code code = om_file_write(path, text, len + 1, false, st);
  free(text);
  if (code != OM_OK) return code;
  if (session->json)
    return om_show_json(session->out,
                        json_pack("{s:s, s:s}", "file", path, "what", om_detail_name(what, (int)one->what)), st);
  fprintf(session->out,
          "the %s is in %s, with what proves it; whoever gets that file can read it, and check it with 'oremark detail "
          "check %s', where no daemon is with a bundle of the lot (--bundle)\n",
          om_detail_name(what, (int)one->what), path, path);
  return OM_OK;
}

static enum om_code run_disclose(struct om_session *session, struct om_status *st) {
  const struct om_given *out;
  struct om_sealed_event e;
  Oremark__EventRef **refs;
  struct om_secret *secret;
  size_t n;
  if (om_args_words(session->args, 2, 2, st) || om_args_need(session->args, &out, "out", st) ||
      om_sealed_events(session, &refs, &n, session->args->words[0].value, st))
    return st->code;
  if (n != 1)
    return om_fail(st, n ? OM_USAGE : OM_MISSING, NULL,
                   n ? "several events of this lot have details: name the event ('oremark detail list' shows them)"
                     : "no event of this lot has confidential details");
  if (om_sealed_event(session, &e, refs[0], st) || om_sealing_secret(session, &secret, st)) return st->code;
  enum om_code code = disclose(session, &e, secret, session->args->words[1].value, out->value, st);
  om_secret_free(secret);
  return code;
}

const struct om_command om_command_detail_disclose = {
    .name = "detail disclose",
    .words = "LOT|EVENT WHAT -o FILE",
    .summary = "Write one confidential detail with its proof to a file, for an auditor.",
    .help =
        "WHAT is contract, price, place, document or note, or the detail's number. The other details stay closed.\n"
        "Example:\n  oremark detail disclose DRUM-17 contract --key sealing.key -o contract.json\n",
    .options = disclose_options,
    .groups = OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run_disclose,
};
