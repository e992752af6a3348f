/* The assays of a lot side by side: seller's, buyer's, umpire's, and which result stands. */
#include <stdlib.h>
#include <string.h>

#include "cli/assays.h"
#include "cli/attested.h"
#include "cli/views.h"

struct gathering {
  struct om_session *session;
  struct om_assays *assays;
};

/* What was corrected no longer counts; a laboratory's that speaks for no side is shown by 'attestations'. */
static enum om_code take(void *ctx, const Oremark__Attestation *a, struct om_status *st) {
  const struct gathering *gathering = ctx;
  struct om_assays *g = gathering->assays;
  struct om_arena *arena = gathering->session->arena;
  Oremark__Event *event;
  if (om_attestation_event(arena, &event, a, st)) return st->code;
  if (event->kind_case != OREMARK__EVENT__KIND_ASSAY || a->n_ends > 0) return OM_OK;
  if (event->assay->role == OREMARK__ASSAY_ROLE__ASSAY_ROLE_UNSTATED) {
    g->others++;
    return OM_OK;
  }
  for (size_t i = 0; i < event->assay->n_results; i++)
    if (!event->assay->results[i]->value)
      return om_fail(st, OM_IO, NULL, "the daemon sent an assay without a result: are both of one version?");
  if (g->n == g->cap) {
    size_t cap = g->cap == 0 ? 16 : 2 * g->cap;
    struct om_assay_given *given = om_arena_array(arena, cap, sizeof *given);
    const char **names = om_arena_array(arena, cap, sizeof *names);
    if (g->n > 0) {
      memcpy(given, g->given, g->n * sizeof *given);
      memcpy(names, g->names, g->n * sizeof *names);
    }
    g->given = given, g->names = names, g->cap = cap;
  }
  g->names[g->n] = om_arena_copy(arena, a->made->member_name, strlen(a->made->member_name) + 1);
  int64_t at_ms = event->at_ms < a->made->taken_ms ? event->at_ms : a->made->taken_ms;
  g->given[g->n++] = (struct om_assay_given){.author = a->made->member, .at_ms = at_ms, .assay = event->assay};
  return OM_OK;
}

static const char *name_of(const struct om_assays *g, uint32_t author) {
  for (size_t i = 0; i < g->n; i++)
    if (g->given[i].author == author) return g->names[i];
  return "";
}

static const char *fraction(char out[OM_DECIMAL_TEXT_BYTES], bool stated, struct om_decimal d) {
  if (!stated) return "";
  return om_decimal_format(out, OM_DECIMAL_TEXT_BYTES, d);
}

static json_t *fraction_json(bool stated, struct om_decimal d) {
  char text[OM_DECIMAL_TEXT_BYTES];
  return stated ? json_string(fraction(text, true, d)) : json_null();
}

static bool both(const struct om_assay_compared *at) {
  return at->sides[OM_ASSAY_SELLER].stated && at->sides[OM_ASSAY_BUYER].stated;
}

static json_t *compared_json(const struct om_assays *g, const struct om_assay_compared *at) {
  static const char *const words[] = {"seller", "buyer", "umpire"};
  json_t *json =
      json_pack("{s:s, s:o, s:o, s:s, s:o}", "element", om_show_element(at->element), "difference",
                fraction_json(both(at), at->difference), "splitting_limit", fraction_json(at->limited, at->limit),
                "outcome", om_assay_outcome_word(at->outcome), "result", fraction_json(at->stands, at->result));
  for (int side = 0; side < OM_ASSAY_SIDES; side++) {
    bool stated = at->sides[side].stated;
    json_object_set_new(json, words[side],
                        stated ? json_pack("{s:o, s:I, s:o}", "value", fraction_json(true, at->sides[side].value),
                                           "member", (json_int_t)at->sides[side].author, "member_name",
                                           om_json_text(name_of(g, at->sides[side].author)))
                               : json_null());
  }
  return json;
}

static void add_line(struct libscols_table *table, const struct om_assays *g, const struct om_assay_compared *at) {
  struct libscols_line *line = om_show_line(table, NULL);
  char text[OM_DECIMAL_TEXT_BYTES];
  om_show_cell(line, 0, "%s", om_show_element(at->element));
  for (size_t side = 0; side < OM_ASSAY_SIDES; side++)
    om_show_cell(line, 1 + side, "%s%s%s", fraction(text, at->sides[side].stated, at->sides[side].value),
                 at->sides[side].stated ? " " : "", at->sides[side].stated ? name_of(g, at->sides[side].author) : "");
  om_show_cell(line, 4, "%s", fraction(text, both(at), at->difference));
  om_show_cell(line, 5, "%s", fraction(text, at->limited, at->limit));
  om_show_cell(line, 6, "%s", fraction(text, at->stands, at->result));
  om_show_cell(line, 7, "%s", om_assay_outcome_text(at->outcome));
}

enum om_code om_assays_of(struct om_session *session, struct om_assays *out, const uint8_t number[OM_LOT_NUMBER_BYTES],
                          struct om_status *st) {
  Oremark__ListAttestations list = OREMARK__LIST_ATTESTATIONS__INIT;
  struct gathering g = {session, out};
  *out = (struct om_assays){0};
  list.lot.data = om_arena_copy(session->arena, number, OM_LOT_NUMBER_BYTES);
  list.lot.len = OM_LOT_NUMBER_BYTES;
  if (om_attestations_each(session, &list, take, &g, st)) return st->code;
  out->compared = om_arena_array(session->arena, OM_ELEMENT_MAX, sizeof *out->compared);
  out->n_compared = om_assays_compare(out->compared, out->given, out->n);
  return OM_OK;
}

json_t *om_assays_json(const struct om_assays *assays) {
  json_t *metals = json_array();
  for (size_t i = 0; i < assays->n_compared; i++)
    json_array_append_new(metals, compared_json(assays, &assays->compared[i]));
  return metals;
}

void om_assays_show(FILE *out, const struct om_assays *assays) {
  static const char *const columns[] = {"metal",       "seller", "buyer",   "umpire",
                                        ">difference", ">limit", ">result", "~what follows"};
  if (assays->n_compared == 0) return;
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < assays->n_compared; i++) add_line(table, assays, &assays->compared[i]);
  om_show_print(table);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct om_assays assays;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  if (om_args_words(session->args, 1, 1, st) || om_session_number(session, number, session->args->words[0].value, st) ||
      om_assays_of(session, &assays, number, st))
    return st->code;
  if (session->json) return om_show_json(session->out, json_pack("{s:o}", "metals", om_assays_json(&assays)), st);
  if (assays.n_compared == 0) fprintf(session->out, "neither seller nor buyer has stated an assay of this lot here\n");
  om_assays_show(session->out, &assays);
  return OM_OK;
}

const struct om_command om_command_assays = {
    .name = "assays",
    .words = "LOT",
    .summary = "Seller's, buyer's and umpire's assays of a lot side by side, and which result stands.",
    .help =
        "Within the splitting limit that the two sides state the mean of theirs stands; beyond it an umpire is called "
        "for,\nand what he finds stands. An umpire who is one of the two sides does not count.\nExample:\n  oremark "
        "assays CONC-1\n",
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
