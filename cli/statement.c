#include "cli/statement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/clock.h"
#include "cli/file.h"
#include "cli/show.h"
#include "keys/base64.h"
#include "ledger/events/kinds.h"

#define FIRST_LINE "oremark statement 1"
enum { BASE64_LINE = 76, EVENT_HEADER = 4 /* tag and length of an event within a statement */ };

enum om_code om_draft_begin(struct om_draft *draft, struct om_arena *arena, uint32_t member, int64_t valid_ms,
                            struct om_status *st) {
  *draft = (struct om_draft){.arena = arena};
  oremark__statement__init(&draft->statement);
  draft->statement.member = member;
  draft->statement.signed_ms = om_now_ms();
  draft->statement.not_after_ms = draft->statement.signed_ms + valid_ms;
  draft->statement.nonce.data = om_arena_alloc(arena, OM_NONCE_BYTES);
  draft->statement.nonce.len = OM_NONCE_BYTES;
  if (getrandom(draft->statement.nonce.data, OM_NONCE_BYTES, 0) != OM_NONCE_BYTES)
    return om_fail(st, OM_IO, NULL, "the system gives no random numbers: %s", strerror(errno));
  draft->statement.events = om_arena_array(arena, OM_EVENTS_MAX, sizeof *draft->statement.events);
  draft->bytes = oremark__statement__get_packed_size(&draft->statement);
  return OM_OK;
}

bool om_draft_fits(const struct om_draft *draft, const Oremark__Event *event) {
  size_t len = oremark__event__get_packed_size(event) + EVENT_HEADER;
  return draft->statement.n_events < OM_EVENTS_MAX && draft->bytes + len + OM_SIGNATURE_ROOM <= OM_STATEMENT_MAX_BYTES;
}

void om_draft_add(struct om_draft *draft, Oremark__Event *event) {
  OM_ASSERT(draft->statement.n_events < OM_EVENTS_MAX);
  draft->statement.events[draft->statement.n_events++] = event;
  draft->bytes += oremark__event__get_packed_size(event) + EVENT_HEADER;
}

void om_signed_make(struct om_signed *out, struct om_draft *draft, const struct om_hash *network) {
  OM_ASSERT(draft->statement.n_events > 0);
  *out = (struct om_signed){.arena = draft->arena, .network = *network, .statement = &draft->statement};
  out->len = oremark__statement__get_packed_size(&draft->statement);
  uint8_t *bytes = om_arena_alloc(draft->arena, out->len);
  oremark__statement__pack(&draft->statement, bytes);
  out->bytes = bytes;
  om_statement_id(&out->id, network, bytes, out->len);
}

enum om_code om_signed_add(struct om_signed *s, const struct om_secret *secret, uint32_t member, struct om_status *st) {
  uint32_t key_id = om_member_key_id(om_secret_public(secret));
  size_t at = 0;
  for (; at < s->n_signatures; at++) {
    const Oremark__Signature *other = s->signatures[at];
    if (other->member == member)
      return om_fail(st, OM_NO, NULL, "member %u has signed it already%s", member,
                     other->key_id == key_id ? "" : ", with another key: one signature of each counts");
    if (other->member > member) break;
  }
  if (s->n_signatures == OM_SIGNATURES_MAX)
    return om_fail(st, OM_USAGE, NULL, "a statement carries %d signatures at most", OM_SIGNATURES_MAX);
  Oremark__Signature *signature = om_arena_alloc(s->arena, sizeof *signature);
  oremark__signature__init(signature);
  signature->member = member;
  signature->key_id = key_id;
  signature->signature.data = om_arena_alloc(s->arena, OM_SIG_BYTES);
  signature->signature.len = OM_SIG_BYTES;
  om_sign(secret, signature->signature.data, s->id.bytes, OM_HASH_BYTES);
  memmove(s->signatures + at + 1, s->signatures + at, (s->n_signatures - at) * sizeof s->signatures[0]);
  s->signatures[at] = signature;
  s->n_signatures++;
  return OM_OK;
}

enum om_code om_signed_remove(struct om_signed *s, uint32_t member, struct om_status *st) {
  size_t kept = 0;
  for (size_t i = 0; i < s->n_signatures; i++)
    if (s->signatures[i]->member != member) s->signatures[kept++] = s->signatures[i];
  if (kept == s->n_signatures) return om_fail(st, OM_NO, NULL, "member %u has not signed it", member);
  s->n_signatures = kept;
  return OM_OK;
}

void om_signed_pack(const struct om_signed *s, uint8_t **out, size_t *len) {
  Oremark__SignedStatement message = OREMARK__SIGNED_STATEMENT__INIT;
  Oremark__Signature *signatures[OM_SIGNATURES_MAX];
  memcpy(signatures, s->signatures, sizeof signatures);
  message.statement.data = om_arena_copy(s->arena, s->bytes, s->len);
  message.statement.len = s->len;
  message.signatures = signatures;
  message.n_signatures = s->n_signatures;
  *len = oremark__signed_statement__get_packed_size(&message);
  *out = om_arena_alloc(s->arena, *len);
  oremark__signed_statement__pack(&message, *out);
}

enum om_code om_signed_unpack(struct om_signed *out, struct om_arena *arena, const struct om_hash *network,
                              const uint8_t *bytes, size_t len, struct om_status *st) {
  *out = (struct om_signed){.arena = arena, .network = *network};
  if (len > OM_STATEMENT_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, NULL, "a signed statement has %d bytes at most, this one %zu",
                   OM_STATEMENT_MAX_BYTES, len);
  Oremark__SignedStatement *message = oremark__signed_statement__unpack(om_arena_protobuf(arena), len, bytes);
  if (!message || message->n_signatures > OM_SIGNATURES_MAX)
    return om_fail(st, OM_MALFORMED, NULL, "it is no signed statement: name a file that a command wrote with --out");
  for (; out->n_signatures < message->n_signatures; out->n_signatures++)
    out->signatures[out->n_signatures] = message->signatures[out->n_signatures];
  out->bytes = message->statement.data;
  out->len = message->statement.len;
  if (out->len == 0) return om_fail(st, OM_MALFORMED, NULL, "there is no statement in it");
  if (!om_canonical(&oremark__statement__descriptor, out->bytes, out->len, st)) return om_wrap(st, "the statement");
  out->statement = oremark__statement__unpack(om_arena_protobuf(arena), out->len, out->bytes);
  if (!out->statement || out->statement->n_events == 0)
    return om_fail(st, OM_MALFORMED, NULL, "the bytes are not a statement with events");
  for (size_t i = 0; i < out->statement->n_events; i++)
    if (om_event_form(out->statement->events[i], st)) return om_wrap(st, "event %zu", i + 1);
  om_statement_id(&out->id, network, out->bytes, out->len);
  return OM_OK;
}

/* Those who govern are named; of others only the number is known. */
static bool governor_name(void *ctx, char out[OM_TEXT_NAME_BYTES], uint32_t member, uint32_t site) {
  const struct om_who_governs *governors = ctx;
  for (size_t i = 0; site == 0 && governors && i < governors->n; i++)
    if (governors->list[i].member == member)
      return snprintf(out, OM_TEXT_NAME_BYTES, "%s", governors->list[i].name) >= 0;
  return false;
}

void om_signed_describe(struct om_text *out, const struct om_signed *s, size_t event) {
  om_text_clear(out);
  out->namer = governor_name;
  out->namer_ctx = s->governors;
  om_kind_of(s->statement->events[event])->describe(out, s->statement->events[event]);
}

static void write_governors(FILE *file, const struct om_who_governs *governors) {
  fprintf(file, "threshold %u\n", governors->threshold);
  for (size_t i = 0; i < governors->n; i++) {
    const struct om_governor *g = &governors->list[i];
    fprintf(file, "governor %u ", g->member);
    if (g->n_keys == 0) fputc('*', file);
    for (size_t k = 0; k < g->n_keys; k++) fprintf(file, "%s%08x", k ? "," : "", g->keys[k]);
    fprintf(file, " %s\n", g->name);
  }
}

/* What LINE says of who governs; false: it says nothing, or something else. */
static bool read_governor(struct om_who_governs *governors, char *line) {
  char keys[OM_GOVERNOR_KEYS_MAX * 9 + 2];
  int name = 0;
  if (sscanf(line, "threshold %u", &governors->threshold) == 1) return true;
  if (governors->n == OM_GOVERNORS_MAX) return false;
  struct om_governor *g = &governors->list[governors->n];
  if (sscanf(line, "governor %u %577s %n", &g->member, keys, &name) != 2 || name == 0) return false;
  snprintf(g->name, sizeof g->name, "%s", line + name);
  char *rest = keys;
  for (const char *one; (one = strsep(&rest, ",")) && strcmp(one, "*") != 0;)
    if (g->n_keys < OM_GOVERNOR_KEYS_MAX) g->keys[g->n_keys++] = (uint32_t)strtoul(one, NULL, 16);
  governors->n++;
  return true;
}

enum om_code om_signed_write(const struct om_signed *s, const char *path, bool replace, struct om_status *st) {
  uint8_t *bytes;
  size_t len, text_len = 0;
  om_signed_pack(s, &bytes, &len);
  char *base64 = om_arena_alloc(s->arena, OM_BASE64_BYTES(len)), hex[2 * OM_HASH_BYTES + 1];
  om_base64(base64, OM_BASE64_BYTES(len), bytes, len);
  char *text = NULL;
  FILE *memory = open_memstream(&text, &text_len);
  OM_ASSERT(memory);
  fprintf(memory, FIRST_LINE "\nnetwork %s\n", om_hex(hex, s->network.bytes, OM_HASH_BYTES));
  if (s->governors) write_governors(memory, s->governors);
  for (size_t i = 0; i < s->statement->n_events; i++) {
    struct om_text line;
    om_signed_describe(&line, s, i);
    fprintf(memory, "# %s\n", line.bytes);
  }
  for (size_t at = 0, all = strlen(base64); at < all; at += BASE64_LINE)
    fprintf(memory, "%.*s\n", BASE64_LINE, base64 + at);
  OM_ASSERT(fclose(memory) == 0);
  enum om_code code = om_file_write(path, text, text_len, replace, st);
  free(text);
  return code;
}

/* The next line of *TEXT, cut at its end; NULL at the end of all. */
static char *next_line(char **text) {
  char *line = *text;
  if (!*line) return NULL;
  size_t len = strcspn(line, "\n");
  *text = line + len + (line[len] == '\n');
  line[len] = '\0';
  if (len > 0 && line[len - 1] == '\r') line[len - 1] = '\0';
  return line;
}

enum om_code om_signed_read(struct om_signed *out, struct om_arena *arena, const char *path, struct om_status *st) {
  uint8_t *bytes;
  size_t len, used = 0;
  struct om_hash network;
  if (om_file_read(arena, &bytes, &len, path, 4 * OM_STATEMENT_MAX_BYTES + OM_EVENTS_MAX * OM_TEXT_BYTES, st))
    return st->code;
  char *rest = (char *)bytes, *line = next_line(&rest);
  if (!line || strcmp(line, FIRST_LINE) != 0)
    return om_fail(st, OM_USAGE, NULL, "%s is not a statement: its first line is not '%s'", path, FIRST_LINE);
  line = next_line(&rest);
  if (!line || strncmp(line, "network ", 8) != 0 || !om_hex_parse(network.bytes, OM_HASH_BYTES, line + 8))
    return om_fail(st, OM_USAGE, NULL, "%s, line 2: 'network' and 64 hexadecimal digits should stand there", path);
  char *base64 = om_arena_alloc(arena, len + 1);
  struct om_who_governs *governors = om_arena_alloc(arena, sizeof *governors);
  while ((line = next_line(&rest))) {
    if (*line == '#') continue;
    if (strchr(line, ' ')) { /* no base64 */
      if (read_governor(governors, line)) continue;
      return om_fail(st, OM_USAGE, NULL, "%s is damaged: a line says neither who governs nor what is signed", path);
    }
    memcpy(base64 + used, line, strlen(line));
    used += strlen(line);
  }
  uint8_t *packed = om_arena_alloc(arena, used + 1);
  size_t packed_len;
  if (!om_base64_decode(packed, used, &packed_len, base64, used))
    return om_fail(st, OM_USAGE, NULL, "%s is damaged: its base64 lines are not whole", path);
  if (om_signed_unpack(out, arena, &network, packed, packed_len, st)) return om_wrap(st, "%s", path);
  if (governors->threshold > 0) out->governors = governors;
  return OM_OK;
}

void om_event_makes(struct om_made *out, const Oremark__Event *event) {
  *out = (struct om_made){0, NULL, 0};
  if (event->kind_case == OREMARK__EVENT__KIND_EXTRACT) {
    out->n = event->extract->n_lots, out->materials = event->extract->lots;
  } else if (event->kind_case == OREMARK__EVENT__KIND_COLLECT) {
    out->n = event->collect->n_lots, out->materials = event->collect->lots;
  } else if (event->kind_case == OREMARK__EVENT__KIND_DECLARE) {
    out->n = event->declare->n_lots, out->materials = event->declare->lots;
  } else if (event->kind_case == OREMARK__EVENT__KIND_TRANSFORM) {
    out->n = event->transform->n_outputs, out->materials = event->transform->outputs;
  } else if (event->kind_case == OREMARK__EVENT__KIND_SPLIT) {
    out->n = event->split->n_parts, out->materials = event->split->parts;
  } else if (event->kind_case == OREMARK__EVENT__KIND_COMBINE) {
    out->n = 1, out->materials = &event->combine->whole;
  } else if (event->kind_case == OREMARK__EVENT__KIND_DRAW) {
    out->n = event->draw->n_outputs, out->materials = event->draw->outputs, out->first_output = 1;
  } else if (event->kind_case == OREMARK__EVENT__KIND_CHARGE && !event->charge->pool) {
    out->n = 1;
  }
}

void om_made_number(uint8_t out[OM_LOT_NUMBER_BYTES], const struct om_signed *s, uint16_t event, uint16_t output) {
  om_lot_number_make(out, s->statement->member, (uint64_t)s->statement->signed_ms, &s->id, event, output);
}
