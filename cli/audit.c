#include <inttypes.h>

#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    {"member", "MEMBER", "one member only: number or name (default: every member)"},
    {NULL, NULL, NULL},
};

static const char *symbol(uint32_t z) {
  const char *text = z <= OM_ELEMENT_MAX ? om_element_symbol((uint8_t)z) : NULL;
  return text ? text : "?";
}

static json_t *sum_json(const Oremark__DriftSum *s) {
  return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o}", "member", (json_int_t)s->member, "member_name",
                   om_json_text(s->member_name), "element", symbol(s->element), "period_start",
                   om_json_time(s->period_start_ms, 0), "gained_mg", om_json_mass(s->gained_mg), "cap_mg",
                   om_json_mass(s->cap_mg));
}

static void add_line(struct libscols_table *table, const Oremark__DriftSum *s) {
  struct libscols_line *line = om_show_line(table, NULL);
  char when[OM_TIME_TEXT_BYTES], mass[OM_MASS_TEXT_BYTES], percent[16];
  om_show_cell(line, 0, "%s", s->member_name);
  om_show_cell(line, 1, "%s", symbol(s->element));
  om_show_cell(line, 2, "%.10s", om_time_format(when, sizeof when, s->period_start_ms, 0));
  om_show_cell(line, 3, "%s", om_mass_format(mass, sizeof mass, (int64_t)s->gained_mg));
  om_show_cell(line, 4, "%s", om_mass_format(mass, sizeof mass, (int64_t)s->cap_mg));
  om_show_cell(line, 5, "%s", om_percent(percent, s->gained_mg, s->cap_mg));
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  static const char *const columns[] = {"member", "metal", "period from", ">gained", ">allowed", ">used"};
  Oremark__GetAudit get = OREMARK__GET_AUDIT__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_AUDIT;
  request.get_audit = &get;
  const char *member = om_args_value(session->args, "member");
  Oremark__Reply *reply;
  if (om_args_words(session->args, 0, 0, st) || (member && om_session_member(session, &get.member, member, st)) ||
      om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_AUDIT, st))
    return st->code;
  enum om_code code = OM_OK;
  const Oremark__Audit *audit = reply->audit;
  if (session->json) {
    json_t *sums = json_array();
    for (size_t i = 0; i < audit->n_sums; i++) json_array_append_new(sums, sum_json(audit->sums[i]));
    code = om_show_json(session->out, json_pack("{s:o}", "drift", sums), st);
  } else if (audit->n_sums == 0) {
    fprintf(session->out, "no gains: nothing was received, drawn or measured above what the records said\n");
  } else {
    struct libscols_table *table = om_show_table(session->out, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < audit->n_sums; i++) add_line(table, audit->sums[i]);
    om_show_print(table);
  }
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_audit = {
    .name = "audit",
    .summary = "Gains inside tolerances, summed by member, metal and period, beside what is allowed.",
    .help = "Example:\n  oremark audit --member Ilo\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
