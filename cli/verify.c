/* `oremark verify`: a bundle checked with the genesis file alone: no daemon, and no trust in who wrote it. */
#include <inttypes.h>

#include "cli/bundled.h"
#include "cli/clock.h"
#include "cli/explain.h"
#include "cli/moment.h"
#include "cli/show.h"
#include "cli/verdict.h"
#include "ledger/told.h"

enum { MILLISECONDS_A_DAY = 86400000 };

static const struct om_option options[] = {
    OM_BUNDLED_OPTIONS,
    {"explain", NULL, "go through the history record by record"},
    {"documents", "DIR", "write the documents that are in the file there, each named by its hash, unless it fails"},
    OM_MOMENT_OPTION,
    {NULL, NULL, NULL},
};

struct verifying {
  struct om_session *session;
  struct om_bundled b;
  int64_t began_ms;
};

/* ---- what is shown ---- */

static void age(char out[48], uint64_t time_s) {
  int64_t days = (om_now_ms() - (int64_t)time_s * 1000) / MILLISECONDS_A_DAY;
  if (days <= 0)
    snprintf(out, 48, "less than a day ago");
  else
    snprintf(out, 48, "%" PRId64 " day%s ago", days, days == 1 ? "" : "s");
}

static void show(struct verifying *v, const Oremark__Verdict *verdict) {
  FILE *out = v->session->out;
  char lot[OM_LOT_TEXT_BYTES], head[OM_HEAD_TEXT_BYTES], when[OM_TIME_TEXT_BYTES], ago[48];
  fprintf(out, "bundle of lot %s, %" PRIu64 " bytes\n", om_lot_format(lot, sizeof lot, v->b.told.lot), v->b.told.bytes);
  fprintf(out, "registry head %s", om_head_text(head, &v->b.told.registry));
  if (v->b.told.registry_s > 0) {
    age(ago, v->b.told.registry_s);
    fprintf(out, ", signed %s, %s", om_time_format(when, sizeof when, (int64_t)v->b.told.registry_s * 1000, 0), ago);
  }
  fprintf(out,
          "\n%" PRIu64 " statement%s and %" PRIu64 " mark%s with %" PRIu64 " signature%s; %" PRIu64
          " hash%s for the entries that are left out\n\n",
          v->b.told.statements, v->b.told.statements == 1 ? "" : "s", v->b.told.marks, v->b.told.marks == 1 ? "" : "s",
          v->b.told.signatures, v->b.told.signatures == 1 ? "" : "s", v->b.told.hashes,
          v->b.told.hashes == 1 ? "" : "es");
  om_verdict_show(out, verdict, om_tick_ms() - v->began_ms);
  if (v->b.told.documents > 0 && !om_args_has(v->session->args, "documents"))
    fprintf(out, "%" PRIu64 " document%s in the file: --documents DIR takes %s out\n", v->b.told.documents,
            v->b.told.documents == 1 ? " is" : "s are", v->b.told.documents == 1 ? "it" : "them");
}

static json_t *told_json(struct verifying *v, const Oremark__Verdict *verdict) {
  json_t *json = om_verdict_json(verdict);
  char lot[OM_LOT_TEXT_BYTES], head[OM_HEAD_TEXT_BYTES];
  json_object_set_new(json, "lot", json_string(om_lot_format(lot, sizeof lot, v->b.told.lot)));
  json_object_set_new(json, "registry_head", json_string(om_head_text(head, &v->b.told.registry)));
  json_object_set_new(json, "registry_time", om_json_time((int64_t)v->b.told.registry_s * 1000, 0));
  json_object_set_new(json, "statements", json_integer((json_int_t)v->b.told.statements));
  json_object_set_new(json, "marks", json_integer((json_int_t)v->b.told.marks));
  json_object_set_new(json, "signatures", json_integer((json_int_t)v->b.told.signatures));
  json_object_set_new(json, "hashes", json_integer((json_int_t)v->b.told.hashes));
  json_object_set_new(json, "documents", json_integer((json_int_t)v->b.told.documents));
  json_object_set_new(json, "evidence", json_integer((json_int_t)v->b.told.evidence));
  return json;
}

static enum om_code tell(struct verifying *v, struct om_status *st) {
  struct om_session *session = v->session;
  Oremark__Verdict verdict;
  struct om_txn *txn;
  bool explain = om_args_has(session->args, "explain");
  json_t *records = explain && session->json ? json_array() : NULL;
  enum om_code code = om_txn_read(&txn, om_bundle_store(v->b.bundle), st);
  if (code == OM_OK) {
    code = om_verdict_told(txn, session->arena, &verdict, &v->b.verdict, st);
    if (code == OM_OK && v->b.as_of)
      code = om_as_of_told(txn, session->arena, &verdict.as_of, &v->b.found, &v->b.moment, st);
    if (code == OM_OK && explain)
      code = om_explain(session->out, records, txn, &v->b.network, v->b.told.lot, v->b.as_of ? v->b.found.step + 1 : 0,
                        &v->b.verdict, st);
    om_txn_abort(txn);
  }
  if (code != OM_OK) {
    json_decref(records);
    return code;
  }
  if (!session->json) {
    if (explain) fputc('\n', session->out);
    show(v, &verdict);
  } else {
    json_t *json = told_json(v, &verdict);
    if (records) json_object_set_new(json, "explained", records);
    code = om_show_json(session->out, json, st);
  }
  return code == OM_OK ? om_verdict_conclude(&verdict, st) : code;
}

/* ---- all of it ---- */

static enum om_code read_moment(struct verifying *v, struct om_status *st) {
  Oremark__Moment *at;
  enum om_code code = om_moment_read(v->session, &at, st);
  v->b.as_of = code == OM_OK && at;
  if (v->b.as_of) v->b.moment = (struct om_moment){at->time_ms == 0, at->origin, at->size, at->time_ms};
  return code;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct verifying *v = om_arena_alloc(session->arena, sizeof *v);
  *v = (struct verifying){.session = session, .began_ms = om_tick_ms()};
  v->b.documents.folder = om_args_value(session->args, "documents");
  if (om_args_words(session->args, 1, 1, st) || read_moment(v, st)) return st->code;
  enum om_code code = om_bundled_judge(&v->b, session, session->args->words[0].value, st);
  if (code == OM_OK) code = tell(v, st);
  om_bundled_close(&v->b);
  return code;
}

const struct om_command om_command_verify = {
    .name = "verify",
    .words = "FILE",
    .summary = "Check a bundle, a lot's whole history in a file: no daemon, and no trust in who wrote it.",
    .help =
        "Everything follows from the genesis file. The newest registry that a file was verified\nagainst is "
        "remembered: one with an older or another registry is refused afterwards.\nFILE may be -, standard "
        "input.\n" OM_MOMENT_HELP
        "A file may not hold enough to say what was then; it tells so.\nExit status: 0 verified, 1 "
        "not, 5 undecided.\nExample:\n  oremark verify drum-17.bundle --network genesis.oremark --explain\n",
    .options = options,
    .run = run,
};
