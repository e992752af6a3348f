#include "cli/genesis.h"

#include "cli/file.h"
#include "cli/show.h"
#include "cli/words.h"
#include "ledger/acts.h"
#include "ledger/names.h"
#include "ledger/quantity.h"

enum om_code om_genesis_read(struct om_arena *arena, const Oremark__Genesis **out, struct om_hash *id, const char *path,
                             struct om_status *st) {
  uint8_t *bytes;
  size_t len;
  if (om_file_read(arena, &bytes, &len, path, OM_GENESIS_MAX_BYTES, st)) return st->code;
  if (om_genesis_check(out, arena, bytes, len, st)) return om_wrap(st, "%s is not a genesis file", path);
  if (id) om_sha256(id, bytes, len);
  return OM_OK;
}

enum om_code om_genesis_id(struct om_hash *out, const char *path, struct om_status *st) {
  struct om_arena arena = {0};
  const Oremark__Genesis *genesis;
  enum om_code code = om_genesis_read(&arena, &genesis, out, path, st);
  om_arena_free(&arena);
  return code;
}

static json_t *roles_json(const Oremark__NewMember *member) {
  json_t *roles = json_array();
  char word[OM_WORD_BYTES];
  for (size_t i = 0; i < member->n_roles; i++)
    json_array_append_new(roles, json_string(om_word(word, &oremark__role__descriptor, (int)member->roles[i])));
  return roles;
}

static json_t *members_json(const Oremark__Genesis *genesis) {
  json_t *members = json_array();
  for (size_t i = 0; i < genesis->n_members; i++) {
    const Oremark__NewMember *m = genesis->members[i];
    json_array_append_new(
        members, json_pack("{s:I, s:o, s:o, s:o, s:o, s:I}", "member", (json_int_t)m->member, "name",
                           om_json_text(m->name), "country", om_json_text(m->country), "roles", roles_json(m), "key",
                           om_json_hex(m->key.data, m->key.len), "home_log", (json_int_t)m->home_log));
  }
  return members;
}

static json_t *daemons_json(const Oremark__Genesis *genesis) {
  json_t *daemons = json_array();
  for (size_t i = 0; i < genesis->n_daemons; i++) {
    const Oremark__Daemon *d = genesis->daemons[i];
    json_array_append_new(daemons, json_pack("{s:I, s:o, s:I, s:o, s:o, s:o, s:o}", "log", (json_int_t)i, "origin",
                                             om_json_text(d->origin), "operator", (json_int_t)d->operator_, "log_key",
                                             om_json_hex(d->log_key.data, d->log_key.len), "cosign_key",
                                             om_json_hex(d->cosign_key.data, d->cosign_key.len), "witness_key",
                                             om_json_hex(d->witness_key.data, d->witness_key.len), "link_key",
                                             om_json_hex(d->link_key.data, d->link_key.len)));
  }
  return daemons;
}

static json_t *numbers_json(const uint32_t *numbers, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(list, json_integer(numbers[i]));
  return list;
}

json_t *om_limits_json(const Oremark__Limits *limits) {
  json_t *processes = json_object(), *caps = json_object();
  char word[OM_WORD_BYTES];
  for (size_t i = 0; i < limits->n_processes; i++)
    json_object_set_new(processes, om_word(word, &oremark__process__descriptor, (int)limits->processes[i]->process),
                        json_integer(limits->processes[i]->tolerance_ppm));
  for (size_t i = 0; i < limits->n_drift_caps; i++) {
    uint32_t element = limits->drift_caps[i]->element;
    json_object_set_new(caps, element ? om_show_element(element) : "any", om_json_mass(limits->drift_caps[i]->cap_mg));
  }
  return json_pack("{s:o, s:I, s:o, s:I}", "process_tolerance_ppm", processes, "receipt_tolerance_ppm",
                   (json_int_t)limits->receipt_tolerance_ppm, "drift_caps_mg", caps, "drift_period_days",
                   (json_int_t)limits->drift_period_days);
}

static json_t *genesis_json(const Oremark__Genesis *g, const struct om_hash *id) {
  const Oremark__WitnessList *w = g->witnesses;
  return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:o}", "network_id",
                   om_json_hex(id->bytes, OM_HASH_BYTES), "name", om_json_text(g->name), "rules_version",
                   (json_int_t)g->rules_version, "created_at", om_json_time(g->created_ms, 0), "members",
                   members_json(g), "governors", numbers_json(g->governors, g->n_governors), "threshold",
                   (json_int_t)g->threshold, "daemons", daemons_json(g), "witnesses",
                   numbers_json(w ? w->logs : NULL, w ? w->n_logs : 0), "quorum", (json_int_t)(w ? w->quorum : 0),
                   "limits", om_limits_json(g->limits));
}

static bool is_in(uint32_t number, const uint32_t *list, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (list[i] == number) return true;
  return false;
}

static void show_members(FILE *out, const Oremark__Genesis *g) {
  struct libscols_table *table =
      om_show_table(out, (const char *const[]){">#", "member", "country", "~roles", "home log", "governor"}, 6);
  for (size_t i = 0; i < g->n_members; i++) {
    const Oremark__NewMember *m = g->members[i];
    struct libscols_line *line = om_show_line(table, NULL);
    char roles[OM_SHOW_BYTES] = "", word[OM_WORD_BYTES];
    for (size_t r = 0, used = 0; r < m->n_roles && used < sizeof roles; r++)
      used += (size_t)snprintf(roles + used, sizeof roles - used, "%s%s", r ? ", " : "",
                               om_word(word, &oremark__role__descriptor, (int)m->roles[r]));
    om_show_cell(line, 0, "%u", m->member);
    om_show_cell(line, 1, "%s", m->name);
    om_show_cell(line, 2, "%s", m->country);
    om_show_cell(line, 3, "%s", roles);
    om_show_cell(line, 4, "%s", g->daemons[m->home_log]->origin);
    om_show_cell(line, 5, "%s", is_in(m->member, g->governors, g->n_governors) ? "yes" : "");
  }
  om_show_print(table);
}

static void show_daemons(FILE *out, const Oremark__Genesis *g) {
  struct libscols_table *table = om_show_table(out, (const char *const[]){">log", "origin", "operator", "witness"}, 4);
  for (size_t i = 0; i < g->n_daemons; i++) {
    const Oremark__Daemon *d = g->daemons[i];
    struct libscols_line *line = om_show_line(table, NULL);
    om_show_cell(line, 0, "%zu", i);
    om_show_cell(line, 1, "%s", d->origin);
    om_show_cell(line, 2, "%s", g->members[d->operator_ - 1]->name);
    om_show_cell(line, 3, "%s",
                 g->witnesses && is_in((uint32_t)i, g->witnesses->logs, g->witnesses->n_logs) ? "yes" : "");
  }
  om_show_print(table);
}

static void show_limits(FILE *out, const Oremark__Limits *limits) {
  char word[OM_WORD_BYTES], mass[OM_MASS_TEXT_BYTES];
  fprintf(out, "tolerance: receipt and stocktake %u ppm", limits->receipt_tolerance_ppm);
  for (size_t i = 0; i < limits->n_processes; i++)
    fprintf(out, ", %s %u ppm", om_word(word, &oremark__process__descriptor, (int)limits->processes[i]->process),
            limits->processes[i]->tolerance_ppm);
  fprintf(out, "\ndrift allowed to a member in %u days:", limits->drift_period_days);
  for (size_t i = 0; i < limits->n_drift_caps; i++) {
    uint32_t element = limits->drift_caps[i]->element;
    fprintf(out, "%s %s %s", i ? "," : "", element ? om_show_element(element) : "any other element",
            om_mass_format(mass, sizeof mass, (int64_t)limits->drift_caps[i]->cap_mg));
  }
  fprintf(out, "%s\n", limits->n_drift_caps ? "" : " none");
}

enum om_code om_genesis_show(FILE *out, const Oremark__Genesis *g, const struct om_hash *id, bool json,
                             struct om_status *st) {
  if (json) return om_show_json(out, genesis_json(g, id), st);
  char hex[2 * OM_HASH_BYTES + 1], name[OM_SHOW_BYTES], when[OM_TIME_TEXT_BYTES];
  fprintf(out, "network %s, rules version %u, created %s\nid %s\n", om_show_text(name, g->name), g->rules_version,
          om_time_format(when, sizeof when, g->created_ms, 0), om_hex(hex, id->bytes, OM_HASH_BYTES));
  fprintf(out, "acts of the governors need %u of %zu signatures\n", g->threshold, g->n_governors);
  size_t witnesses = g->witnesses ? g->witnesses->n_logs : 0;
  if (witnesses == 0)
    fprintf(out, "no witnesses: not protected against a dishonest operator\n");
  else if (g->witnesses->quorum)
    fprintf(out, "%zu witnesses, quorum %u operators\n", witnesses, g->witnesses->quorum);
  else
    fprintf(out, "%zu witnesses, quorum floor(2w/3)+1 of the w operators eligible\n", witnesses);
  show_members(out, g);
  show_daemons(out, g);
  show_limits(out, g->limits);
  return OM_OK;
}
