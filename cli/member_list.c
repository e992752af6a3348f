#include "cli/member.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "cli/words.h"

const char *om_member_roles(char out[OM_SHOW_BYTES], const Oremark__Member *m) {
  char word[OM_WORD_BYTES];
  size_t used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < m->n_roles && used < OM_SHOW_BYTES; i++)
    used += (size_t)snprintf(out + used, OM_SHOW_BYTES - used, "%s%s", i ? ", " : "",
                             om_word(word, &oremark__role__descriptor, (int)m->roles[i]));
  return out;
}

uint32_t om_member_sites(const Oremark__Member *m) {
  return m->n_sites ? m->sites[m->n_sites - 1]->site : 0;
}

static json_t *status_json(const Oremark__Site *site) {
  char word[OM_WORD_BYTES];
  if (site->status == 0) return json_null();
  return json_pack("{s:s, s:o, s:o, s:o}", "status", om_word(word, &oremark__site_state__descriptor, (int)site->status),
                   "from", om_json_time(site->status_from_ms, 0), "until", om_json_time(site->status_until_ms, 0),
                   "last_act", om_json_hex(site->last_status.data, site->last_status.len));
}

json_t *om_member_json(const Oremark__Member *m) {
  json_t *roles = json_array(), *sites = json_array();
  char word[OM_WORD_BYTES];
  for (size_t i = 0; i < m->n_roles; i++)
    json_array_append_new(roles, json_string(om_word(word, &oremark__role__descriptor, (int)m->roles[i])));
  for (size_t i = 0; i < m->n_sites; i++)
    json_array_append_new(
        sites, json_pack("{s:I, s:o, s:o, s:s, s:b, s:o}", "site", (json_int_t)m->sites[i]->site, "name",
                         om_json_text(m->sites[i]->name), "country", om_json_text(m->sites[i]->country), "kind",
                         om_word(word, &oremark__site_kind__descriptor, (int)m->sites[i]->kind), "ended",
                         m->sites[i]->ended, "status", status_json(m->sites[i])));
  return json_pack("{s:I, s:o, s:o, s:o, s:I, s:o, s:b, s:b, s:o, s:I, s:o, s:o, s:o, s:o}", "member",
                   (json_int_t)m->member, "name", om_json_text(m->name), "country", om_json_text(m->country), "roles",
                   roles, "home_log", (json_int_t)m->home_log, "home_origin", om_json_text(m->home_origin), "governor",
                   m->governor, "suspended", m->suspended, "sites", sites, "sites_in_all",
                   (json_int_t)om_member_sites(m), "last_act", om_json_hex(m->last_act.data, m->last_act.len),
                   "last_key", om_json_hex(m->last_key.data, m->last_key.len), "last_site",
                   om_json_hex(m->last_site.data, m->last_site.len), "last_mandate",
                   om_json_hex(m->last_mandate.data, m->last_mandate.len));
}

static enum om_code run_list(struct om_session *session, struct om_status *st) {
  static const char *const columns[] = {">#", "member", "country", "~roles", "-home log", "->sites", "standing"};
  const Oremark__Members *members;
  if (om_args_words(session->args, 0, 0, st) || om_session_members(session, &members, st)) return st->code;
  if (session->json) {
    json_t *list = json_array();
    for (size_t i = 0; i < members->n_members; i++) json_array_append_new(list, om_member_json(members->members[i]));
    return om_show_json(session->out,
                        json_pack("{s:o, s:I}", "members", list, "threshold", (json_int_t)members->threshold), st);
  }
  struct libscols_table *table = om_show_table(session->out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < members->n_members; i++) {
    const Oremark__Member *m = members->members[i];
    struct libscols_line *line = om_show_line(table, NULL);
    char roles[OM_SHOW_BYTES];
    om_show_cell(line, 0, "%u", m->member);
    om_show_cell(line, 1, "%s", m->name);
    om_show_cell(line, 2, "%s", m->country);
    om_show_cell(line, 3, "%s", om_member_roles(roles, m));
    om_show_cell(line, 4, "%s", m->home_origin);
    om_show_cell(line, 5, "%u", om_member_sites(m));
    om_show_cell(line, 6, "%s%s", m->suspended ? "suspended" : "", m->governor ? "governor" : "");
  }
  om_show_print(table);
  return OM_OK;
}

const struct om_command om_command_member_list = {
    .name = "member list",
    .summary = "Who is in the network.",
    .groups = OM_OPTS_DAEMON,
    .run = run_list,
};
