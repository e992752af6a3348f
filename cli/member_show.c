/* One member: what it is, its sites, keys and mandates. */
#include "cli/clock.h"
#include "cli/governors.h"
#include "cli/member.h"
#include "cli/show.h"
#include "cli/words.h"

static json_t *keys_json(const Oremark__MemberRights *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->n_keys; i++) {
    const Oremark__MemberKey *k = r->keys[i];
    bool ended = strcmp(k->state, "stands") != 0, revoked = strcmp(k->state, "revoked") == 0;
    char id[16], by[16], ended_by[16];
    snprintf(ended_by, sizeof ended_by, "%08x", k->ended_by);
    snprintf(id, sizeof id, "%08x", k->id);
    snprintf(by, sizeof by, "%08x", k->added_by);
    json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "key", id, "public",
                                          om_json_hex(k->key.data, k->key.len), "state", om_json_text(k->state),
                                          "label", om_json_text(k->label), "added", (json_int_t)k->added, "added_by",
                                          k->added_by_key ? json_string(by) : json_null(), "ended",
                                          ended ? json_integer((json_int_t)k->ended) : json_null(), "ended_by",
                                          ended && k->ended_by_key ? json_string(ended_by) : json_null(), "since_entry",
                                          revoked ? json_integer((json_int_t)k->since_entry) : json_null(), "stolen_at",
                                          om_json_time(k->stolen_ms, 0)));
  }
  return list;
}

static json_t *mandates_json(const Oremark__MemberRights *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->n_mandates; i++)
    json_array_append_new(list, json_pack("{s:I, s:o, s:b, s:b}", "agent", (json_int_t)r->mandates[i]->agent,
                                          "agent_name", om_json_text(r->mandates[i]->agent_name), "ship",
                                          r->mandates[i]->ship, "consume", r->mandates[i]->consume));
  return list;
}

static void show_sites(FILE *out, const Oremark__Member *m) {
  static const char *const columns[] = {">#", "site", "country", "kind", "-status"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  char word[OM_WORD_BYTES], from[OM_TIME_TEXT_BYTES], until[OM_TIME_TEXT_BYTES];
  for (size_t i = 0; i < m->n_sites; i++) {
    const Oremark__Site *s = m->sites[i];
    struct libscols_line *line = om_show_line(table, NULL);
    om_show_cell(line, 0, "%u", s->site);
    om_show_cell(line, 1, "%s", s->name);
    om_show_cell(line, 2, "%s", s->country);
    om_show_cell(line, 3, "%s", om_word(word, &oremark__site_kind__descriptor, (int)s->kind));
    if (s->ended)
      om_show_cell(line, 4, "ended");
    else if (s->status)
      om_show_cell(line, 4, "%s, %.10s to %.10s", om_word(word, &oremark__site_state__descriptor, (int)s->status),
                   om_time_format(from, sizeof from, s->status_from_ms, om_zone_at(s->status_from_ms)),
                   om_time_format(until, sizeof until, s->status_until_ms, om_zone_at(s->status_until_ms)));
    else
      om_show_cell(line, 4, "%s", "");
  }
  om_show_print(table);
  if (om_member_sites(m) > m->n_sites)
    fprintf(out, "these are the last %zu of %u sites: name an older one by its number\n", m->n_sites,
            om_member_sites(m));
}

static void show_keys(FILE *out, const Oremark__MemberRights *r) {
  static const char *const columns[] = {"key", "state", "~label", ">since entry", "-added by", "~ended"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < r->n_keys; i++) {
    const Oremark__MemberKey *k = r->keys[i];
    struct libscols_line *line = om_show_line(table, NULL);
    char stolen[OM_TIME_TEXT_BYTES];
    om_show_cell(line, 0, "%08x", k->id);
    om_show_cell(line, 1, "%s", k->state);
    om_show_cell(line, 2, "%s", k->label);
    om_show_cell(line, 3, "%llu", (unsigned long long)k->added);
    if (k->added_by_key)
      om_show_cell(line, 4, "%08x", k->added_by);
    else
      om_show_cell(line, 4, "%s", "the governors");
    if (strcmp(k->state, "stands") == 0)
      om_show_cell(line, 5, "%s", "");
    else if (strcmp(k->state, "revoked") == 0)
      om_show_cell(line, 5, "by entry %llu, with what it did from entry %llu on%s%s", (unsigned long long)k->ended,
                   (unsigned long long)k->since_entry, k->stolen_ms ? "; stolen " : "",
                   k->stolen_ms ? om_time_format(stolen, sizeof stolen, k->stolen_ms, 0) : "");
    else if (k->ended_by_key)
      om_show_cell(line, 5, "by entry %llu, with key %08x", (unsigned long long)k->ended, k->ended_by);
    else
      om_show_cell(line, 5, "by entry %llu", (unsigned long long)k->ended);
  }
  om_show_print(table);
}

static void show_rights(FILE *out, const Oremark__MemberRights *r) {
  char name[OM_SHOW_BYTES];
  show_keys(out, r);
  if (r->sealing_key.len > 0) {
    fprintf(out, "sealing key: ");
    for (size_t i = 0; i < r->sealing_key.len; i++) fprintf(out, "%02x", r->sealing_key.data[i]);
    fputc('\n', out);
  }
  for (size_t i = 0; i < r->n_mandates; i++)
    fprintf(out, "mandate: %s (member %u) may %s%s%s what it owns\n", om_show_text(name, r->mandates[i]->agent_name),
            r->mandates[i]->agent, r->mandates[i]->ship ? "ship" : "",
            r->mandates[i]->ship && r->mandates[i]->consume ? " and " : "", r->mandates[i]->consume ? "consume" : "");
}

/* What is typed on a machine without a daemon. */
static void show_next(FILE *out, const Oremark__Member *m) {
  char what[64];
  fprintf(out, "for acts made without a daemon: --number of the next site %u; --previous on\n", om_member_sites(m) + 1);
  om_show_last_act(out, "the member", m->last_act);
  om_show_last_act(out, "its keys", m->last_key);
  om_show_last_act(out, "its sites", m->last_site);
  om_show_last_act(out, "its mandates", m->last_mandate);
  for (size_t i = 0; i < m->n_sites; i++) {
    if (!m->sites[i]->status) continue;
    snprintf(what, sizeof what, "status of site %u", m->sites[i]->site);
    om_show_last_act(out, what, m->sites[i]->last_status);
  }
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  const Oremark__Members *members;
  const Oremark__MemberRights *rights;
  uint32_t number;
  if (om_args_words(session->args, 1, 1, st) ||
      om_session_member(session, &number, session->args->words[0].value, st) ||
      om_session_members(session, &members, st))
    return st->code;
  const Oremark__Member *m = NULL;
  for (size_t i = 0; i < members->n_members; i++)
    if (members->members[i]->member == number) m = members->members[i];
  if (!m) return om_fail(st, OM_MISSING, NULL, "there is no member %u here: see 'oremark member list'", number);
  if (om_session_rights(session, &rights, number, st)) return st->code;
  if (session->json) {
    json_t *json = om_member_json(m);
    json_object_set_new(json, "keys", keys_json(rights));
    json_object_set_new(json, "sealing_key", om_json_hex(rights->sealing_key.data, rights->sealing_key.len));
    json_object_set_new(json, "mandates", mandates_json(rights));
    return om_show_json(session->out, json, st);
  }
  char name[OM_SHOW_BYTES], roles[OM_SHOW_BYTES], home[OM_SHOW_BYTES];
  fprintf(session->out, "member %u: %s, %.2s%s%s\nroles: %s\nhome log: %s\n", m->member, om_show_text(name, m->name),
          m->country, m->governor ? ", governor" : "", m->suspended ? ", suspended" : "", om_member_roles(roles, m),
          om_show_text(home, m->home_origin));
  show_sites(session->out, m);
  show_rights(session->out, rights);
  show_next(session->out, m);
  return OM_OK;
}

const struct om_command om_command_member_show = {
    .name = "member show",
    .words = "MEMBER",
    .summary = "One member: roles, home log, sites and their status, keys, mandates.",
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
