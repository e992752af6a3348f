#include <stdlib.h>

#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"result", "METAL=SHARE", "what was found: Cu=28.45%, Au=12.5g/t; once for each metal"},
    {"limit", "METAL=SHARE", "splitting limit of the contract: how far the two sides may lie apart: Cu=0.5%"},
    {"side", "SIDE", "for whom: seller, buyer, umpire (default: a laboratory for itself)"},
    {"method", "TEXT", "how it was found: ICP-OES, fire assay"},
    {"sample", "TEXT", "number of the sample"},
    {NULL, NULL, NULL},
};

static int by_element(const void *a, const void *b) {
  const Oremark__AssayResult *x = *(Oremark__AssayResult *const *)a, *y = *(Oremark__AssayResult *const *)b;
  return (x->element > y->element) - (x->element < y->element);
}

static Oremark__AssayResult *find(const Oremark__Assay *assay, uint32_t element) {
  for (size_t i = 0; i < assay->n_results; i++)
    if (assay->results[i]->element == element) return assay->results[i];
  return NULL;
}

static enum om_code read_results(struct om_session *session, Oremark__Assay *assay, struct om_status *st) {
  const struct om_args *args = session->args;
  assay->results = om_arena_array(session->arena, args->n, sizeof *assay->results);
  for (size_t i = 0; i < args->n; i++) {
    if (!om_given_is(&args->given[i], "result")) continue;
    Oremark__AssayResult *result = om_arena_alloc(session->arena, sizeof *result);
    oremark__assay_result__init(result);
    if (om_result_read(session->arena, &result->element, &result->value, args->given[i].value, st))
      return om_given_wrap(&args->given[i], st);
    assay->results[assay->n_results++] = result;
  }
  if (assay->n_results == 0)
    return om_fail(st, OM_USAGE, NULL, "assay: what was found? --result METAL=SHARE, as in --result Cu=28.45%%");
  qsort(assay->results, assay->n_results, sizeof *assay->results, by_element);
  for (size_t i = 0; i < args->n; i++) {
    uint32_t element;
    Oremark__Decimal *limit;
    if (!om_given_is(&args->given[i], "limit")) continue;
    if (om_result_read(session->arena, &element, &limit, args->given[i].value, st))
      return om_given_wrap(&args->given[i], st);
    Oremark__AssayResult *result = find(assay, element);
    if (!result)
      return om_fail(st, OM_USAGE, NULL, "--limit %s: there is no --result of that metal", args->given[i].value);
    result->splitting_limit = limit;
  }
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  const struct om_args *args = session->args;
  Oremark__Event *event = NULL;
  Oremark__Assay *assay = om_arena_alloc(session->arena, sizeof *assay);
  const struct om_given *method, *side = om_args_find(args, "side");
  int role = 0;
  oremark__assay__init(assay);
  if (om_args_words(args, 1, 1, st) || om_event_begin(session, &event, args, om_now_ms(), st) ||
      (side && om_given_word(side, &role, &oremark__assay_role__descriptor, st)) || read_results(session, assay, st) ||
      om_args_need(args, &method, "method", st) || om_subject_lot(session, &assay->subject, args->words[0].value, st))
    return st->code;
  assay->role = (Oremark__AssayRole)role;
  assay->method = om_copy_text(session->arena, method->value);
  assay->sample = om_copy_text(session->arena, om_args_value(args, "sample"));
  event->kind_case = OREMARK__EVENT__KIND_ASSAY;
  event->assay = assay;
  return om_act(session, event, st);
}

const struct om_command om_command_assay = {
    .name = "assay",
    .words = "LOT",
    .summary = "State what a laboratory, or one side of a sale, found in a lot.",
    .help =
        "Results of seller, buyer and umpire stand side by side: 'oremark assays LOT' shows what follows.\nExample:\n"
        "  oremark assay CONC-1 --side buyer --result Cu=28.31% --limit Cu=0.25% --result Au=12.5g/t --method ICP-OES "
        "--sample B-7\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
