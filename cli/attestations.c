/* What has been attested about a lot, a member or a site. */
#include <string.h>

#include "cli/attested.h"
#include "cli/clock.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    {"lot", "LOT", "about a lot: OM- number or alias"},
    {"member", "MEMBER", "about a member and all its sites: number or name"},
    {"site", "SITE", "about this site of the member only: number or name"},
    {NULL, NULL, NULL},
};

struct listing {
  struct om_session *session;
  json_t *json;
  int64_t now_ms;
  size_t n;
};

static void print(struct listing *l, const Oremark__Attestation *a, const Oremark__Event *event) {
  FILE *out = l->session->out;
  char name[OM_EVENT_NAME_BYTES], when[OM_TIME_TEXT_BYTES], text[OM_SHOW_BYTES];
  om_time_format(when, sizeof when, a->made->at_ms, a->made->zone_min);
  fprintf(out, "%s%s  %s", l->n > 0 ? "\n" : "", when, om_attestation_state(a, event, l->now_ms));
  fprintf(out, "  by %s%s\n", om_show_text(text, a->made->member_name), a->made->final ? "" : "  (not final yet)");
  om_show_wrapped(out, "  ", om_show_text(text, a->made->text));
  if (event->kind_case == OREMARK__EVENT__KIND_CERTIFY && event->certify->quantity_mg > 0) {
    char drawn[OM_MASS_TEXT_BYTES], left[OM_MASS_TEXT_BYTES];
    uint64_t whole = event->certify->quantity_mg;
    fprintf(out, "  %s drawn, %s left\n", om_mass_format(drawn, sizeof drawn, (int64_t)a->drawn_mg),
            om_mass_format(left, sizeof left, whole > a->drawn_mg ? (int64_t)(whole - a->drawn_mg) : 0));
  }
  for (size_t i = 0; i < a->n_ends; i++) {
    om_time_format(when, sizeof when, a->ends[i]->at_ms, a->ends[i]->zone_min);
    fprintf(out, "  %s  %s", when, om_show_text(text, a->ends[i]->text));
    fprintf(out, "  by %s\n", om_show_text(text, a->ends[i]->member_name));
  }
  fprintf(out, "  %s\n", om_attestation_name(name, a));
}

static enum om_code take(void *ctx, const Oremark__Attestation *a, struct om_status *st) {
  struct listing *l = ctx;
  Oremark__Event *event;
  if (om_attestation_event(l->session->arena, &event, a, st)) return st->code;
  if (l->json)
    json_array_append_new(l->json, om_attestation_json(a, event, l->now_ms));
  else
    print(l, a, event);
  l->n++;
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__ListAttestations list = OREMARK__LIST_ATTESTATIONS__INIT;
  uint8_t number[OM_LOT_NUMBER_BYTES];
  const struct om_args *args = session->args;
  const char *lot = om_args_value(args, "lot"), *member = om_args_value(args, "member"),
             *site = om_args_value(args, "site");
  if (om_args_words(args, 0, 0, st)) return st->code;
  if (lot && member)
    return om_fail(st, OM_USAGE, NULL, "attestations: about one thing at a time: give --lot or --member alone");
  if (lot ? site != NULL : member == NULL)
    return om_fail(st, OM_USAGE, NULL,
                   "attestations: about what? --lot LOT, --member MEMBER, or --member MEMBER --site SITE");
  list.lot = (ProtobufCBinaryData){lot ? sizeof number : 0, number};
  if ((lot && om_session_number(session, number, lot, st)) ||
      (member && om_session_member(session, &list.member, member, st)) ||
      (site && om_session_site(session, &list.site, list.member, site, st)))
    return st->code;
  struct listing listing = {.session = session, .json = session->json ? json_array() : NULL, .now_ms = om_now_ms()};
  enum om_code code = om_attestations_each(session, &list, take, &listing, st);
  if (code != OM_OK) {
    json_decref(listing.json);
    return code;
  }
  if (session->json) return om_show_json(session->out, json_pack("{s:o}", "attestations", listing.json), st);
  if (listing.n == 0) fprintf(session->out, "nothing is attested about it here\n");
  return OM_OK;
}

const struct om_command om_command_attestations = {
    .name = "attestations",
    .summary = "What has been attested about a lot, a member or a site, and in what state it is.",
    .help =
        "The last line of each is its name, for the commands that end it.\nExamples:\n  oremark attestations --lot "
        "DRUM-17\n  oremark attestations --member \"Toquepala Mine\" --site Toquepala --json\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
