#include "cli/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/file.h"
#include "cli/show.h"
#include "keys/base64.h"

#define FIRST_LINE "oremark facts 1"
enum {
  BASE64_LINE = 76,
  FACTS_MAX_BYTES = 8 << 20, /* three answers below a MiB, and the keys of some thousand members */
};

/* ---- writing ---- */

static enum om_code print(struct om_session *session, const Oremark__Facts *facts, const char *path,
                          struct om_status *st) {
  size_t len = oremark__facts__get_packed_size(facts), text_len = 0;
  uint8_t *bytes = om_arena_alloc(session->arena, len);
  char *base64 = om_arena_alloc(session->arena, OM_BASE64_BYTES(len)), hex[2 * OM_HASH_BYTES + 1], name[OM_SHOW_BYTES],
       when[OM_TIME_TEXT_BYTES], *text = NULL;
  struct om_hash hash;
  oremark__facts__pack(facts, bytes);
  om_base64(base64, OM_BASE64_BYTES(len), bytes, len);
  om_sha256(&hash, bytes, len);
  FILE *memory = open_memstream(&text, &text_len);
  OM_ASSERT(memory);
  fprintf(memory, FIRST_LINE "\n# of network %s, registry of %llu entries, %s\nsha256 %s\n",
          om_show_text(name, facts->status->network), (unsigned long long)facts->registry->size,
          om_time_format(when, sizeof when, facts->taken_ms, 0), om_hex(hex, hash.bytes, OM_HASH_BYTES));
  for (size_t at = 0, all = strlen(base64); at < all; at += BASE64_LINE)
    fprintf(memory, "%.*s\n", BASE64_LINE, base64 + at);
  OM_ASSERT(fclose(memory) == 0);
  enum om_code code =
      text_len > FACTS_MAX_BYTES
          ? om_fail(st, OM_FULL, NULL, "the registry says more than a facts file takes (%d MiB)", FACTS_MAX_BYTES >> 20)
          : om_file_write(path, text, text_len, false, st);
  free(text);
  return code;
}

/* A copy, as the session keeps the last answer only. */
static Oremark__MemberRights *copied(struct om_arena *arena, const Oremark__MemberRights *rights) {
  size_t len = oremark__member_rights__get_packed_size(rights);
  uint8_t *bytes = om_arena_alloc(arena, len);
  oremark__member_rights__pack(rights, bytes);
  return oremark__member_rights__unpack(om_arena_protobuf(arena), len, bytes);
}

/* Asks the daemon for all of it and writes it to PATH. */
static enum om_code facts_write(struct om_session *session, const char *path, struct om_status *st) {
  Oremark__Facts facts = OREMARK__FACTS__INIT;
  const Oremark__Status *status;
  const Oremark__Members *members;
  const Oremark__Registry *registry;
  if (om_session_status(session, &status, st) || om_session_members(session, &members, st) ||
      om_session_registry(session, &registry, NULL, 0, st))
    return st->code;
  facts.taken_ms = om_now_ms();
  facts.status = (Oremark__Status *)(uintptr_t)status;
  facts.members = (Oremark__Members *)(uintptr_t)members;
  facts.registry = (Oremark__Registry *)(uintptr_t)registry;
  facts.rights = om_arena_array(session->arena, members->n_members, sizeof(Oremark__MemberRights *));
  for (size_t i = 0; i < members->n_members; i++) {
    const Oremark__MemberRights *rights;
    if (om_session_rights(session, &rights, members->members[i]->member, st)) return st->code;
    facts.rights[i] = copied(session->arena, rights);
    if (!facts.rights[i])
      return om_fail(st, OM_IO, NULL, "member %u has more keys than a file takes", members->members[i]->member);
    facts.n_rights++;
  }
  return print(session, &facts, path, st);
}

/* ---- reading ---- */

/* The line at *TEXT without its end; NULL at the end of all. */
static char *next_line(char **text) {
  char *line = *text;
  if (!*line) return NULL;
  size_t len = strcspn(line, "\r\n");
  char *rest = line + len;
  while (*rest == '\r') *rest++ = '\0';
  if (*rest == '\n') *rest++ = '\0';
  *text = rest;
  return line;
}

static enum om_code damaged(const char *path, struct om_status *st) {
  return om_fail(st, OM_USAGE, NULL, "%s is damaged: have it written again with 'oremark network facts'", path);
}

enum om_code om_facts_read(struct om_arena *arena, Oremark__Facts **out, const char *path, struct om_status *st) {
  struct om_hash stated, found;
  uint8_t *file;
  size_t len, used = 0, packed_len;
  bool hashed = false;
  *out = NULL;
  if (om_file_read(arena, &file, &len, path, FACTS_MAX_BYTES, st)) return st->code;
  char *rest = (char *)file, *line = next_line(&rest), *base64 = om_arena_alloc(arena, len + 1);
  if (!line || strcmp(line, FIRST_LINE) != 0)
    return om_fail(st, OM_USAGE, NULL, "%s is no file of 'oremark network facts': its first line is not '%s'", path,
                   FIRST_LINE);
  while ((line = next_line(&rest))) {
    if (*line == '#') continue;
    if (strncmp(line, "sha256 ", 7) == 0) {
      hashed = om_hex_parse(stated.bytes, OM_HASH_BYTES, line + 7);
      continue;
    }
    memcpy(base64 + used, line, strlen(line));
    used += strlen(line);
  }
  uint8_t *packed = om_arena_alloc(arena, used + 1);
  if (!om_base64_decode(packed, used, &packed_len, base64, used)) return damaged(path, st);
  om_sha256(&found, packed, packed_len);
  if (!hashed || !om_hash_equal(&stated, &found)) return damaged(path, st);
  Oremark__Facts *facts = oremark__facts__unpack(om_arena_protobuf(arena), packed_len, packed);
  if (facts && facts->status && facts->members && facts->registry && facts->n_rights == facts->members->n_members)
    return *out = facts, OM_OK;
  return damaged(path, st);
}

/* ---- the act before ---- */

static const Oremark__Member *member_of(const Oremark__Facts *facts, uint32_t number) {
  for (size_t i = 0; i < facts->members->n_members; i++)
    if (facts->members->members[i]->member == number) return facts->members->members[i];
  return NULL;
}

static ProtobufCBinaryData of_scheme(const Oremark__Registry *registry, const char *name) {
  for (size_t i = 0; i < registry->n_schemes; i++)
    if (strcmp(registry->schemes[i]->name, name) == 0) return registry->schemes[i]->last_act;
  return (ProtobufCBinaryData){0};
}

static ProtobufCBinaryData of_site(const Oremark__Member *m, uint32_t site) {
  for (size_t i = 0; m && i < m->n_sites; i++)
    if (m->sites[i]->site == site) return m->sites[i]->last_status;
  return (ProtobufCBinaryData){0};
}

/* Whose chain of acts on it EVENT stands on; 0: nobody's. */
static uint32_t about_member(const Oremark__Event *event) {
  if (event->kind_case == OREMARK__EVENT__KIND_SET_ROLES) return event->set_roles->member;
  if (event->kind_case == OREMARK__EVENT__KIND_SUSPEND) return event->suspend->member;
  if (event->kind_case == OREMARK__EVENT__KIND_REINSTATE) return event->reinstate->member;
  if (event->kind_case == OREMARK__EVENT__KIND_REHOME) return event->rehome->member;
  if (event->kind_case == OREMARK__EVENT__KIND_REVOKE_KEY) return event->revoke_key->member;
  return 0;
}

ProtobufCBinaryData om_facts_previous(const Oremark__Facts *facts, const Oremark__Event *event, uint32_t speaker) {
  const Oremark__Registry *r = facts->registry;
  const Oremark__Member *subject = member_of(facts, about_member(event)), *self = member_of(facts, speaker);
  const Oremark__Event__KindCase kind = event->kind_case;
  if (subject) return subject->last_act;
  if (kind == OREMARK__EVENT__KIND_RECOGNISE_SCHEME) return of_scheme(r, event->recognise_scheme->scheme);
  if (kind == OREMARK__EVENT__KIND_SITE_STATUS)
    return of_site(member_of(facts, event->site_status->member), event->site_status->site);
  if (kind == OREMARK__EVENT__KIND_SET_WITNESSES) return r->last_witnesses;
  if (kind == OREMARK__EVENT__KIND_SET_GOVERNORS) return r->last_governors;
  if (kind == OREMARK__EVENT__KIND_SET_RULES) return r->last_rules;
  if (kind == OREMARK__EVENT__KIND_SET_LIMITS) return r->last_limits;
  if (!self) return (ProtobufCBinaryData){0};
  if (kind == OREMARK__EVENT__KIND_ADD_SITE) return self->last_site;
  if (kind == OREMARK__EVENT__KIND_GIVE_MANDATE || kind == OREMARK__EVENT__KIND_END_MANDATE) return self->last_mandate;
  if (kind == OREMARK__EVENT__KIND_ADD_KEY || kind == OREMARK__EVENT__KIND_RETIRE_KEY ||
      kind == OREMARK__EVENT__KIND_SET_ADDRESS || kind == OREMARK__EVENT__KIND_SET_SEALING_KEY)
    return self->last_key;
  return (ProtobufCBinaryData){0};
}

/* ---- the command ---- */

static const struct om_option facts_options[] = {
    {"out", "FILE", "where they go (-o); never overwritten"},
    {NULL, NULL, NULL},
};

static enum om_code run(struct om_session *session, struct om_status *st) {
  const struct om_given *out;
  if (om_args_words(session->args, 0, 0, st) || om_args_need(session->args, &out, "out", st) ||
      facts_write(session, out->value, st))
    return st->code;
  const Oremark__Registry *registry = session->registry->registry;
  const Oremark__Members *members = session->members->members;
  if (session->json)
    return om_show_json(session->out,
                        json_pack("{s:s, s:I, s:I}", "file", out->value, "registry_size", (json_int_t)registry->size,
                                  "members", (json_int_t)members->n_members),
                        st);
  fprintf(session->out,
          "%s holds what the registry says after %llu entries, of %zu members: where no daemon is, --facts %s\n",
          out->value, (unsigned long long)registry->size, members->n_members, out->value);
  return OM_OK;
}

const struct om_command om_command_network_facts = {
    .name = "network facts",
    .words = "-o FILE",
    .summary = "Write down what a machine without a daemon is to know: members, sites, keys, governors, last acts.",
    .help =
        "Carry the file there and give it with --facts: members, sites and logs can then be named, and acts know what "
        "stands\nbefore them. Lots are still named by number, with --last-event. Take it from a daemon of your own; it "
        "holds no secret.\nExample:\n  oremark network facts -o andes.facts\n  oremark governance propose member "
        "suspend Trafi --reason \"tags of another mine\" --facts andes.facts --out suspend.statement\n",
    .options = facts_options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
