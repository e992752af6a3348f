#include <inttypes.h>
#include <string.h>

#include "cli/assays.h"
#include "cli/attested.h"
#include "cli/moment.h"
#include "cli/papers.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "cli/words.h"
#include "ledger/quantity.h"

static void show_member(FILE *out, const char *what, const char *name, uint32_t member) {
  char text[OM_SHOW_BYTES];
  fprintf(out, "%s%s", what, om_show_text(text, name));
  if (member) fprintf(out, " (member %" PRIu32 ")", member); /* 0: nobody */
}

/* Of whom the custodian had it, and whether the two have agreed on its weights. */
static void show_receipt(FILE *out, const Oremark__Lot *lot) {
  if (!lot->consignor) return;
  show_member(out, lot->settled ? "weights    settled with " : "weights    provisional: as received from ",
              lot->consignor_name, lot->consignor);
  fputc('\n', out);
}

static void show_hold(FILE *out, const Oremark__LotHold *hold) {
  char text[OM_SHOW_BYTES], word[OM_WORD_BYTES], when[OM_TIME_TEXT_BYTES];
  if (!hold) return;
  fprintf(out, "hold       %s, released by %u of ", om_word(word, &oremark__hold_reason__descriptor, (int)hold->reason),
          hold->threshold);
  for (size_t i = 0; i < hold->n_releasers && i < hold->n_releaser_names; i++)
    show_member(out, i ? ", " : "", hold->releaser_names[i], hold->releasers[i]);
  if (hold->at)
    fprintf(out, "; by %s entry %" PRIu64 ", event %u", om_show_text(text, hold->at->origin), hold->at->index,
            hold->at->event);
  fputc('\n', out);
  if (!hold->overruled) return;
  om_time_format(when, sizeof when, hold->overruled->at_ms, hold->overruled->zone_min);
  fprintf(out, "           overruled by the governors on %s: its custodian releases it alone\n", when);
  om_show_wrapped(out, "           ", om_show_text(text, hold->overruled->text));
}

static void head(FILE *out, const Oremark__Lot *lot) {
  char number[OM_LOT_TEXT_BYTES], name[OM_SHOW_BYTES], text[OM_SHOW_BYTES], mass[OM_MASS_TEXT_BYTES];
  fprintf(out, "%s  %s%s\n", om_lot_text(number, lot->number), om_lot_name(name, lot),
          lot->pool && *lot->name ? " (pool)" : "");
  for (size_t i = 0; i < lot->n_aliases; i++)
    fprintf(out, "%s%s", i ? ", " : "alias      ", om_show_text(text, lot->aliases[i]));
  if (lot->n_aliases) fputc('\n', out);
  om_moment_show(out, lot->as_of, OM_NOW_LOT);
  fprintf(out, "state      %s%s\n", om_show_text(text, lot->state),
          lot->final ? ", final" : ", last event not final yet");
  if (lot->frozen)
    fprintf(out, "           in a log that has two final histories and is frozen: see 'oremark evidence'\n");
  fprintf(out, "gross      %s\n", om_mass_format(mass, sizeof mass, (int64_t)lot->gross_mg));
  show_member(out, "custodian  ", lot->custodian_name, lot->custodian);
  fprintf(out, "%s%s\n", *lot->site_name ? ", " : "", om_show_text(text, lot->site_name));
  if (lot->pen && lot->pen != lot->custodian) {
    show_member(out, "pen        ", lot->pen_name, lot->pen);
    fputc('\n', out);
  }
  show_member(out, "owner      ", lot->owner_name, lot->owner);
  fputc('\n', out);
  show_receipt(out, lot);
  show_hold(out, lot->hold);
  if (lot->at)
    fprintf(out, "last event %s entry %" PRIu64 ", event %u; %u before it\n", om_show_text(text, lot->at->origin),
            lot->at->index, lot->at->event, lot->step);
}

static void origins(FILE *out, const Oremark__Lot *lot) {
  static const char *const columns[] = {"metal", ">contained", "~origin", ">mass", ">share"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  char mass[OM_MASS_TEXT_BYTES], text[OM_SHOW_BYTES], percent[16];
  for (size_t i = 0; i < lot->n_contents; i++) {
    const Oremark__Content *c = lot->contents[i];
    for (size_t j = 0; j < c->n_shares || j == 0; j++) {
      struct libscols_line *line = om_show_line(table, NULL);
      if (j == 0) {
        om_show_cell(line, 0, "%s", om_show_element(c->element));
        om_show_cell(line, 1, "%s", om_mass_format(mass, sizeof mass, (int64_t)c->contained_mg));
      }
      if (j == c->n_shares) break;
      om_show_cell(line, 2, "%s", om_share_text(text, c->shares[j]));
      om_show_cell(line, 3, "%s", om_mass_format(mass, sizeof mass, (int64_t)c->shares[j]->mass_mg));
      om_show_cell(line, 4, "%s", om_percent(percent, c->shares[j]->mass_mg, c->contained_mg));
    }
  }
  if (lot->n_contents) fputc('\n', out);
  om_show_print(table);
}

struct bearing {
  struct om_session *session;
  json_t *json;
  size_t n;
  bool then; /* the lot is shown as of a moment that has passed */
};

/* A flag or a correction that bears on the lot. */
static enum om_code take(void *ctx, const Oremark__Attestation *a, struct om_status *st) {
  struct bearing *b = ctx;
  Oremark__Event *event;
  char name[OM_EVENT_NAME_BYTES], when[OM_TIME_TEXT_BYTES], text[OM_SHOW_BYTES], who[OM_SHOW_BYTES];
  FILE *out = b->session->out;
  if (om_attestation_event(b->session->arena, &event, a, st)) return st->code;
  const char *state = om_attestation_state(a, event, 0);
  if (b->json) {
    json_array_append_new(b->json, om_attestation_json(a, event, 0));
    return OM_OK;
  }
  if (b->n++ == 0) fprintf(out, "\nto be known of it%s, or of what it came from:\n", b->then ? " now" : "");
  om_time_format(when, sizeof when, a->made->at_ms, a->made->zone_min);
  fprintf(out, "%s  %s%s%s\n", when, om_show_text(who, a->made->member_name),
          event->kind_case == OREMARK__EVENT__KIND_FLAG ? ", " : "",
          event->kind_case != OREMARK__EVENT__KIND_FLAG ? ""
          : strcmp(state, "stands") == 0                ? "open"
                                                        : state);
  om_show_wrapped(out, "  ", om_show_text(text, a->made->text));
  if (a->about) om_show_wrapped(out, "  it says: ", om_show_text(text, a->about->text));
  fprintf(out, "  %s\n", om_attestation_name(name, a));
  return OM_OK;
}

static enum om_code show_bearing(struct om_session *session, json_t *json, struct om_attestations_rest *rest,
                                 const Oremark__Lot *lot, struct om_status *st) {
  Oremark__ListAttestations list = OREMARK__LIST_ATTESTATIONS__INIT;
  struct bearing bearing = {session, json, 0, lot->as_of != NULL};
  char text[OM_DOWNSTREAM_TEXT_BYTES];
  list.lineage = lot->number;
  enum om_code code = om_attestations_first(session, &list, take, &bearing, rest, st);
  if (code != OM_OK || json) return code;
  if (rest->left_out > 0)
    fprintf(session->out,
            "and %" PRIu64 " more, less severe or settled: 'oremark attestations' lists those of a member\n",
            rest->left_out);
  if (rest->built_on.n > 0)
    om_show_wrapped(session->out, "built on what was corrected: ", om_downstream_text(text, &rest->built_on));
  return OM_OK;
}

/* What was found in it, by both sides and by whoever was asked beside them. JSON gets a list and a count. */
static enum om_code show_assays(struct om_session *session, json_t *json, const Oremark__Lot *lot,
                                struct om_status *st) {
  struct om_assays assays;
  FILE *out = session->out;
  if (lot->number.len != OM_LOT_NUMBER_BYTES || om_assays_of(session, &assays, lot->number.data, st) != OM_OK)
    return lot->number.len != OM_LOT_NUMBER_BYTES ? OM_OK : st->code;
  if (json) {
    json_object_set_new(json, "assays", om_assays_json(&assays));
    json_object_set_new(json, "other_assays", json_integer((json_int_t)assays.others));
    return OM_OK;
  }
  if (assays.n_compared > 0) fprintf(out, "\nassays, side by side%s:\n", lot->as_of ? " now" : "");
  om_assays_show(out, &assays);
  if (assays.others > 0)
    fprintf(out, "%s%" PRIu64 " assay%s for neither side: 'oremark attestations --lot %s'\n",
            assays.n_compared > 0 ? "and " : "\n", assays.others, assays.others == 1 ? "" : "s",
            session->args->words[0].value);
  return OM_OK;
}

static json_t *built_on_json(const struct om_downstream *d) {
  char number[OM_LOT_TEXT_BYTES];
  json_t *first = json_array();
  for (size_t i = 0; i < d->n && i < OM_DOWNSTREAM_SHOWN; i++)
    json_array_append_new(first, json_string(om_lot_format(number, sizeof number, d->first[i])));
  return json_pack("{s:I, s:b, s:o}", "lots", (json_int_t)d->n, "at_least", d->more, "first", first);
}

/* ---- what lies beside the log ---- */

/* Of a pool with a longer history, 'document list' is to be asked: looking through it takes long. */
enum { STEPS_LOOKED_THROUGH = 1000 };

struct beside {
  struct om_paper_list papers;
  json_t *sealed;
};

static json_t *sealed_json(const Oremark__Step *step) {
  json_t *whats = json_array();
  char word[OM_WORD_BYTES], name[OM_EVENT_NAME_BYTES];
  for (size_t i = 0; i < step->n_sealed; i++)
    json_array_append_new(whats, json_string(om_word(word, &oremark__detail_kind__descriptor, (int)step->sealed[i])));
  return json_pack("{s:s, s:o, s:o, s:o}", "event", om_event_name(name, step), "kind", om_json_text(step->kind),
                   "member_name", om_json_text(step->member_name), "details", whats);
}

static void take_sealed(void *ctx, const Oremark__Step *step) {
  struct beside *beside = ctx;
  json_array_append_new(beside->sealed, sealed_json(step));
}

static void show_sealed(FILE *out, const json_t *sealed, const char *lot) {
  char text[OM_SHOW_BYTES];
  size_t i, k;
  const json_t *one, *what;
  if (json_array_size(sealed) > 0)
    fprintf(out, "\nconfidential details ('oremark detail list %s' tells who can open them):\n", lot);
  json_array_foreach(sealed, i, one) {
    fprintf(out, "%s  %s: ", json_string_value(json_object_get(one, "kind")),
            om_show_text(text, json_string_value(json_object_get(one, "member_name"))));
    json_array_foreach(json_object_get(one, "details"), k, what)
        fprintf(out, "%s%s", k ? ", " : "", json_string_value(what));
    fputc('\n', out);
  }
}

/* JSON gets both lists, null where there is too much to look through. */
static enum om_code show_beside(struct om_session *session, json_t *json, const Oremark__Lot *lot,
                                Oremark__Moment *as_of, struct om_status *st) {
  struct beside beside = {.sealed = json_array()};
  const char *name = session->args->words[0].value;
  bool all = lot->step < STEPS_LOOKED_THROUGH && lot->number.len == OM_LOT_NUMBER_BYTES;
  om_papers_begin(&beside.papers, session);
  beside.papers.sealed = take_sealed;
  beside.papers.as_of = as_of;
  beside.papers.ctx = &beside;
  enum om_code code = all ? om_papers_of_lot(&beside.papers, lot->number.data, st) : OM_OK;
  if (code == OM_OK && json) {
    json_object_set(json, "documents", all ? beside.papers.json : json_null());
    json_object_set(json, "sealed", all ? beside.sealed : json_null());
  } else if (code == OM_OK && all) {
    if (beside.papers.n > 0) fprintf(session->out, "\ndocuments ('oremark document get HASH -o FILE' brings one):\n");
    om_papers_print(&beside.papers);
    show_sealed(session->out, beside.sealed, name);
  } else if (code == OM_OK) {
    fprintf(session->out,
            "\nits history is long: 'oremark document list %s' and 'oremark detail list %s' look through it\n", name,
            name);
  }
  om_papers_drop(&beside.papers);
  json_decref(beside.sealed);
  return code;
}

static const struct om_option options[] = {
    OM_MOMENT_OPTION,
    {NULL, NULL, NULL},
};

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__GetLot get;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_LOT;
  request.get_lot = &get;
  Oremark__Reply *reply;
  if (om_args_words(session->args, 1, 1, st) || om_get_lot(session->arena, &get, session->args->words[0].value, st) ||
      om_moment_read(session, &get.as_of, st) || om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_LOT, st))
    return st->code;
  enum om_code code = OM_OK;
  struct om_attestations_rest rest = {0};
  if (session->json) {
    json_t *json = om_lot_json(reply->lot), *bearing = json_array();
    code = show_bearing(session, bearing, &rest, reply->lot, st);
    json_object_set_new(json, "as_of", om_moment_json(reply->lot->as_of, OM_NOW_LOT));
    json_object_set_new(json, "bearing", bearing);
    json_object_set_new(json, "more_bearing", json_integer((json_int_t)rest.left_out));
    json_object_set_new(json, "built_on", built_on_json(&rest.built_on));
    if (code == OM_OK) code = show_assays(session, json, reply->lot, st);
    if (code == OM_OK) code = show_beside(session, json, reply->lot, get.as_of, st);
    if (code == OM_OK)
      code = om_show_json(session->out, json, st);
    else
      json_decref(json);
  } else {
    head(session->out, reply->lot);
    origins(session->out, reply->lot);
    code = show_bearing(session, NULL, &rest, reply->lot, st);
    if (code == OM_OK) code = show_assays(session, NULL, reply->lot, st);
    if (code == OM_OK) code = show_beside(session, NULL, reply->lot, get.as_of, st);
  }
  oremark__reply__free_unpacked(reply, NULL);
  return code;
}

const struct om_command om_command_lot_show = {
    .name = "lot show",
    .words = "LOT",
    .summary = "Show a lot: what is in it, where it came from by share, who has it, what is known of it.",
    .help = "LOT is an OM- number or an alias.\n" OM_MOMENT_HELP
            "Examples:\n  oremark lot show DRUM-17\n  oremark lot show DRUM-17 --at \"2026-11-23 10:00\"\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
