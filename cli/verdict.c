#include "cli/verdict.h"

#include <inttypes.h>
#include <string.h>

#include "cli/moment.h"
#include "cli/show.h"
#include "cli/views.h"

static json_t *left_json(const Oremark__Verdict *v) {
  json_t *left = json_array();
  for (size_t i = 0; i < v->n_left; i++)
    json_array_append_new(
        left, json_pack("{s:o, s:I}", "what", om_json_text(v->left[i]->what), "n", (json_int_t)v->left[i]->n));
  return left;
}

static json_t *finding_json(const Oremark__Finding *f) {
  json_t *records = json_array();
  for (size_t i = 0; i < f->n_records; i++) json_array_append_new(records, om_json_text(f->records[i]));
  return json_pack("{s:o, s:o, s:o, s:I}", "kind", om_json_text(f->kind), "text", om_json_text(f->text), "records",
                   records, "more_records", (json_int_t)f->more_records);
}

json_t *om_verdict_json(const Oremark__Verdict *v) {
  json_t *checks = json_array(), *not_checked = json_array(), *findings = json_array();
  for (size_t i = 0; i < v->n_checks; i++)
    json_array_append_new(
        checks,
        json_pack("{s:o, s:o, s:I, s:I, s:I, s:o}", "name", om_json_text(v->checks[i]->name), "what",
                  om_json_text(v->checks[i]->what), "passed", (json_int_t)v->checks[i]->passed, "failed",
                  (json_int_t)v->checks[i]->failed, "unknown", (json_int_t)v->checks[i]->unknown, "first_failure",
                  v->checks[i]->failed + v->checks[i]->unknown ? om_json_text(v->checks[i]->first) : json_null()));
  for (size_t i = 0; i < v->n_not_checked; i++) json_array_append_new(not_checked, om_json_text(v->not_checked[i]));
  for (size_t i = 0; i < v->n_findings; i++) json_array_append_new(findings, finding_json(v->findings[i]));
  return json_pack(
      "{s:s, s:o, s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "verdict",
      v->undecided  ? "undecided"
      : v->verified ? "verified"
                    : "failed",
      "checks", checks, "findings", findings, "not_checked", not_checked, "more_findings", (json_int_t)v->more_findings,
      "findings_left", left_json(v), "records", (json_int_t)v->records, "entries", (json_int_t)v->entries, "bytes",
      (json_int_t)v->bytes, "heads", om_logs_json(v->logs, v->n_logs), "successions",
      om_successions_json(v->successions, v->n_successions), "as_of", om_moment_json(v->as_of, OM_NOW_VERDICT));
}

/* The first thing that what is held here does not say; NULL: none. */
static const char *unknown(const Oremark__Verdict *v) {
  for (size_t i = 0; i < v->n_checks; i++)
    if (v->checks[i]->unknown && v->checks[i]->failed == 0) return v->checks[i]->first;
  return NULL;
}

static bool not_final(const Oremark__Verdict *v) {
  for (size_t i = 0; i < v->n_checks; i++)
    if (v->checks[i]->failed && strcmp(v->checks[i]->name, "final") == 0) return true;
  return false;
}

/* Which log of the lineage has two final histories, in a sentence; NULL: none. */
static const char *frozen(const Oremark__Verdict *v) {
  for (size_t i = 0; i < v->n_checks; i++)
    if (v->checks[i]->failed && strcmp(v->checks[i]->name, "history") == 0) return v->checks[i]->first;
  return NULL;
}

static void show_finding(FILE *out, const Oremark__Finding *f) {
  char text[OM_SHOW_BYTES];
  om_show_wrapped(out, "- ", om_show_text(text, f->text));
  if (f->n_records > 0) fprintf(out, "  in doubt:\n");
  for (size_t i = 0; i < f->n_records; i++) fprintf(out, "    %s\n", om_show_text(text, f->records[i]));
  if (f->more_records > 0)
    fprintf(out, "%s%" PRIu64 " %s\n", f->n_records > 0 ? "    and " : "  in doubt: ", f->more_records,
            f->n_records > 0 ? "more" : "records that are not named, as others are");
}

void om_verdict_show(FILE *out, const Oremark__Verdict *v, int64_t took_ms) {
  static const char *const columns[] = {"check", ">passed", ">failed", ">unknown", "~what"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  char text[OM_SHOW_BYTES];
  for (size_t i = 0; i < v->n_checks; i++) {
    const Oremark__Check *c = v->checks[i];
    struct libscols_line *line = om_show_line(table, NULL);
    om_show_cell(line, 0, "%s", c->name);
    om_show_cell(line, 1, "%" PRIu64, c->passed);
    om_show_cell(line, 2, "%" PRIu64, c->failed);
    om_show_cell(line, 3, "%" PRIu64, c->unknown);
    om_show_cell(line, 4, "%s%s%s", c->what,
                 c->failed    ? ": first failure: "
                 : c->unknown ? ": first unknown: "
                              : "",
                 c->failed + c->unknown ? c->first : "");
  }
  om_show_print(table);
  if (v->as_of) fputc('\n', out);
  om_moment_show(out, v->as_of, OM_NOW_VERDICT);
  fprintf(out, "\nagainst the heads of:\n");
  om_logs_show(out, v->logs, v->n_logs);
  om_successions_show(out, v->successions, v->n_successions);
  if (v->n_findings) fprintf(out, "\nto be known:\n");
  for (size_t i = 0; i < v->n_findings; i++) show_finding(out, v->findings[i]);
  for (size_t i = 0; i < v->n_left; i++)
    fprintf(out, "- and %" PRIu64 " more %s\n", v->left[i]->n, om_show_text(text, v->left[i]->what));
  if (v->n_not_checked) fprintf(out, "\nnot checked:\n");
  for (size_t i = 0; i < v->n_not_checked; i++) om_show_wrapped(out, "- ", om_show_text(text, v->not_checked[i]));
  fprintf(out, "\n%s: %" PRIu64 " record%s in %" PRIu64 " entries, %" PRIu64 " bytes re-hashed, %" PRId64 ".%03d s\n",
          v->undecided  ? (frozen(v)      ? "UNDECIDED, a log has two histories"
                           : not_final(v) ? "UNDECIDED, something is not final yet"
                                          : "UNDECIDED, something is not known here")
          : v->verified ? "VERIFIED"
                        : "FAILED",
          v->records, v->records == 1 ? "" : "s", v->entries, v->bytes, took_ms / 1000, (int)(took_ms % 1000));
}

enum om_code om_verdict_conclude(const Oremark__Verdict *v, struct om_status *st) {
  char text[OM_SHOW_BYTES];
  if (v->undecided && frozen(v))
    return om_fail(st, OM_WAIT, NULL,
                   "the lineage can't be decided: %s; the governors have to say which of them counts",
                   om_show_text(text, frozen(v)));
  if (v->undecided && !not_final(v) && unknown(v))
    return om_fail(st, OM_WAIT, NULL, "the lineage can't be decided: %s", om_show_text(text, unknown(v)));
  if (v->undecided)
    return om_fail(st, OM_WAIT, NULL,
                   "the lineage can't be decided yet: something in it is not final; 'oremark status' shows how far "
                   "each log is: try again once that has grown");
  if (!v->verified) return om_fail(st, OM_NO, NULL, "the lineage does not verify: see the failed checks");
  return OM_OK;
}
