#include <inttypes.h>

#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    {"member", "MEMBER", "one member only: number or name (default: every member)"},
    {NULL, NULL, NULL},
};

static json_t *sum_json(const Oremark__DriftSum *s) {
  return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o}", "member", (json_int_t)s->member, "member_name",
                   om_json_text(s->member_name), "element", om_show_element(s->element), "period_start",
                   om_json_time(s->period_start_ms, 0), "gained_mg", om_json_mass(s->gained_mg), "cap_mg",
                   om_json_mass(s->cap_mg));
}

static void add_line(struct libscols_table *table, const Oremark__DriftSum *s) {
  struct libscols_line *line = om_show_line(table, NULL);
  char when[OM_TIME_TEXT_BYTES], mass[OM_MASS_TEXT_BYTES], percent[16];
  om_show_cell(line, 0, "%s (member %u)", s->member_name, s->member);
  om_show_cell(line, 1, "%s", om_show_element(s->element));
  om_show_cell(line, 2, "%.10s", om_time_format(when, sizeof when, s->period_start_ms, 0));
  om_show_cell(line, 3, "%s", om_mass_format(mass, sizeof mass, (int64_t)s->gained_mg));
  om_show_cell(line, 4, "%s", om_mass_format(mass, sizeof mass, (int64_t)s->cap_mg));
  om_show_cell(line, 5, "%s", om_percent(percent, s->gained_mg, s->cap_mg));
}

enum ceiling { WITHIN, UNSURE, OVER };

/* How MG stands to what it may come to (0: nobody says), where CORRECTED of it may not have been there. */
static enum ceiling against(uint64_t mg, uint64_t corrected, uint64_t most) {
  if (most == 0 || mg <= most) return WITHIN;
  if (mg >= OM_MASS_MAX_MG) return OVER; /* more than can be added up */
  return corrected > 0 && mg - corrected <= most ? UNSURE : OVER;
}

/* Which ceiling the output is over. */
static const char *outcome(const Oremark__OutputSum *o) {
  enum ceiling capacity = against(o->mass_mg, o->corrected_mg, o->capacity_mg);
  enum ceiling resource = against(o->since_resource_mg, o->since_resource_corrected_mg, o->resource_mg);
  if (capacity == OVER && resource == OVER) return "over-capacity-and-resource";
  if (capacity == OVER) return "over-capacity";
  if (resource == OVER) return "over-resource";
  if (capacity == UNSURE || resource == UNSURE) return "unsure";
  return o->capacity_mg > 0 || o->resource_mg > 0 ? "within" : "no-estimate";
}

static json_t *output_json(const Oremark__OutputSum *o) {
  json_t *json = json_pack("{s:I, s:o, s:I, s:o, s:s, s:I, s:o}", "member", (json_int_t)o->member, "member_name",
                           om_json_text(o->member_name), "site", (json_int_t)o->site, "site_name",
                           om_json_text(o->site_name), "element", om_show_element(o->element), "year",
                           (json_int_t)o->year, "mass_mg", om_json_mass(o->mass_mg));
  bool capacity = o->capacity_mg > 0, resource = o->resource_mg > 0;
  json_object_set_new(json, "corrected_mg", om_json_mass(o->corrected_mg));
  json_object_set_new(json, "capacity_mg", capacity ? om_json_mass(o->capacity_mg) : json_null());
  json_object_set_new(json, "capacity_by", capacity ? om_json_text(o->capacity_by) : json_null());
  json_object_set_new(json, "resource_mg", resource ? om_json_mass(o->resource_mg) : json_null());
  json_object_set_new(json, "resource_by", resource ? om_json_text(o->resource_by) : json_null());
  json_object_set_new(json, "since_resource_mg", resource ? om_json_mass(o->since_resource_mg) : json_null());
  json_object_set_new(json, "outcome", json_string(outcome(o)));
  return json;
}

static void add_output(struct libscols_table *table, const Oremark__OutputSum *o) {
  struct libscols_line *line = om_show_line(table, NULL);
  char mass[OM_MASS_TEXT_BYTES];
  om_show_cell(line, 0, "%s", o->member_name);
  om_show_cell(line, 1, "%s", o->site_name);
  om_show_cell(line, 2, "%s", om_show_element(o->element));
  om_show_cell(line, 3, "%u", o->year);
  om_show_cell(line, 4, "%s", om_mass_format(mass, sizeof mass, (int64_t)o->mass_mg));
  if (o->corrected_mg) om_show_cell(line, 5, "%s", om_mass_format(mass, sizeof mass, (int64_t)o->corrected_mg));
  if (o->capacity_mg) om_show_cell(line, 6, "%s", om_mass_format(mass, sizeof mass, (int64_t)o->capacity_mg));
  if (o->resource_mg) om_show_cell(line, 7, "%s", om_mass_format(mass, sizeof mass, (int64_t)o->since_resource_mg));
  if (o->resource_mg) om_show_cell(line, 8, "%s", om_mass_format(mass, sizeof mass, (int64_t)o->resource_mg));
  om_show_cell(line, 9, "%s", outcome(o));
}

/* Drift and output, as they come. */
struct listing {
  struct om_session *session;
  struct libscols_table *drift, *output;
  json_t *drift_json, *output_json;
  size_t n_drift, n_output;
};

static void add_part(struct listing *l, const Oremark__Audit *audit) {
  for (size_t i = 0; i < audit->n_sums; i++) {
    if (l->drift_json)
      json_array_append_new(l->drift_json, sum_json(audit->sums[i]));
    else
      add_line(l->drift, audit->sums[i]);
  }
  for (size_t i = 0; i < audit->n_outputs; i++) {
    if (l->output_json)
      json_array_append_new(l->output_json, output_json(audit->outputs[i]));
    else
      add_output(l->output, audit->outputs[i]);
  }
  l->n_drift += audit->n_sums;
  l->n_output += audit->n_outputs;
}

static enum om_code take_parts(struct listing *l, Oremark__GetAudit *get, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_GET_AUDIT;
  request.get_audit = get;
  if (om_ask(l->session, &reply, &request, OREMARK__REPLY__WHAT_AUDIT, st)) return st->code;
  for (;;) {
    if (reply->what_case == OREMARK__REPLY__WHAT_AUDIT) add_part(l, reply->audit);
    if (!reply->more) break;
    if (om_client_next(l->session->client, &reply, st)) return st->code;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

static void print(const struct listing *l) {
  FILE *out = l->session->out;
  if (l->n_drift == 0)
    fprintf(out, "no gains: nothing was received, drawn or measured above what the records said\n");
  else
    om_show_print(l->drift);
  if (l->n_output == 0) return;
  fprintf(out, "\ndeclared output of mine sites, by year (UTC):\n");
  om_show_print(l->output);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  static const char *const drift[] = {"member", "metal", "period from", ">gained", ">allowed", ">used"};
  static const char *const output[] = {"member",     "site",      "metal",           "year",      ">put out",
                                       ">corrected", ">capacity", ">since estimate", ">resource", "~outcome"};
  Oremark__GetAudit get = OREMARK__GET_AUDIT__INIT;
  struct listing l = {.session = session};
  const char *member = om_args_value(session->args, "member");
  if (om_args_words(session->args, 0, 0, st) || (member && om_session_member(session, &get.member, member, st)))
    return st->code;
  if (session->json) {
    l.drift_json = json_array();
    l.output_json = json_array();
  } else {
    l.drift = om_show_table(session->out, drift, sizeof drift / sizeof drift[0]);
    l.output = om_show_table(session->out, output, sizeof output / sizeof output[0]);
  }
  if (take_parts(&l, &get, st) == OM_OK && session->json)
    return om_show_json(session->out, json_pack("{s:o, s:o}", "drift", l.drift_json, "output", l.output_json), st);
  if (st->code == OM_OK) {
    print(&l);
  } else {
    json_decref(l.drift_json);
    json_decref(l.output_json);
  }
  if (l.drift && (st->code != OM_OK || l.n_drift == 0)) scols_unref_table(l.drift);
  if (l.output && (st->code != OM_OK || l.n_output == 0)) scols_unref_table(l.output);
  return st->code;
}

const struct om_command om_command_audit = {
    .name = "audit",
    .summary = "Gains inside tolerances beside what is allowed, and sites' declared output beside what was estimated.",
    .help = "Example:\n  oremark audit --member Ilo\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
