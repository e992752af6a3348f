#include <inttypes.h>
#include <string.h>

#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "ledger/quantity.h"

enum { PAGE_LOTS = 1000 };

static const struct om_option options[] = {
    {"held", NULL, "lots in the member's hands (the default)"},
    {"incoming", NULL, "lots on their way to the member"},
    {"owned", NULL, "lots that the member owns, wherever they are"},
    {"on-hold", NULL, "of these, the ones in a reserve, customs, pledge or quarantine"},
    {"all", NULL, "everybody's; with --held, --incoming or --owned: consumed and retired ones too"},
    {"member", "MEMBER", "whose: number or name (default: OREMARK_MEMBER)"},
    {NULL, NULL, NULL},
};

/* Lines as they come: a member can have a million lots, and a table is laid out only once it is whole. */
struct listing {
  struct om_session *session;
  struct libscols_table *table;
  json_t *json;
  uint8_t last[OM_LOT_NUMBER_BYTES];
  size_t n;
};

static void add(struct listing *listing, const Oremark__Lot *lot) {
  listing->n++;
  if (lot->number.len == sizeof listing->last) memcpy(listing->last, lot->number.data, sizeof listing->last);
  if (listing->json) {
    json_array_append_new(listing->json, om_lot_json(lot));
    return;
  }
  struct libscols_line *line = om_show_line(listing->table, NULL);
  char number[OM_LOT_TEXT_BYTES], name[OM_SHOW_BYTES], mass[OM_MASS_TEXT_BYTES], contents[OM_CONTENTS_BYTES];
  om_show_cell(line, 0, "%s", om_lot_text(number, lot->number));
  om_show_cell(line, 1, "%s", lot->n_aliases ? lot->aliases[0] : "");
  om_show_cell(line, 2, "%s", om_lot_name(name, lot));
  om_show_cell(line, 3, "%s", om_mass_format(mass, sizeof mass, (int64_t)lot->gross_mg));
  om_show_cell(line, 4, "%s", om_contents_text(contents, lot));
  om_show_cell(line, 5, "%s%s%s", lot->state, lot->hold ? ", on hold" : "", lot->final ? "" : ", not final");
  om_show_cell(line, 6, "%s", lot->custodian_name);
  om_show_cell(line, 7, "%s", lot->site_name);
  om_show_cell(line, 8, "%s", lot->owner_name);
}

/* One page, in one or more replies; *MORE whether there may be another. */
static enum om_code page(struct listing *listing, Oremark__ListLots *list, bool *more, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_LOTS;
  request.list_lots = list;
  Oremark__Reply *reply;
  size_t before = listing->n;
  if (om_ask(listing->session, &reply, &request, OREMARK__REPLY__WHAT_LOTS, st)) return st->code;
  while (reply) {
    if (reply->what_case == OREMARK__REPLY__WHAT_LOTS)
      for (size_t i = 0; i < reply->lots->n_lots; i++) add(listing, reply->lots->lots[i]);
    if (!reply->more) break;
    if (om_client_next(listing->session->client, &reply, st)) return st->code;
  }
  oremark__reply__free_unpacked(reply, NULL);
  *more = listing->n - before >= PAGE_LOTS;
  return OM_OK;
}

static enum om_code whose(struct om_session *session, Oremark__ListLots *list, struct om_status *st) {
  const struct om_args *args = session->args;
  bool incoming = om_args_has(args, "incoming"), held = om_args_has(args, "held"), owned = om_args_has(args, "owned");
  const char *text = om_args_value(args, "member");
  if (incoming + held + owned > 1)
    return om_fail(st, OM_USAGE, NULL, "lots: give one of --held, --incoming and --owned");
  list->all = om_args_has(args, "all");
  list->on_hold = om_args_has(args, "on-hold");
  if (list->all && !incoming && !held && !owned && !text) return OM_OK;
  if (!text) text = session->profile.member;
  if (!text)
    return om_fail(st, OM_USAGE, NULL, "lots: whose? name the member with --member or OREMARK_MEMBER, or write --all");
  uint32_t *whose = incoming ? &list->consignee : owned ? &list->owner : &list->custodian;
  return om_session_member(session, whose, text, st);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  static const char *const columns[] = {"lot",    "-alias",     "-what", "->gross", "-contains",
                                        "-state", "-custodian", "-site", "-owner"};
  Oremark__ListLots list = OREMARK__LIST_LOTS__INIT;
  if (om_args_words(session->args, 0, 0, st) || whose(session, &list, st)) return st->code;
  struct listing listing = {.session = session};
  if (session->json)
    listing.json = json_array();
  else
    listing.table = om_show_table(session->out, columns, sizeof columns / sizeof columns[0]);
  list.limit = PAGE_LOTS;
  enum om_code code;
  bool more = false;
  while ((code = page(&listing, &list, &more, st)) == OM_OK && more) {
    list.after.data = listing.last;
    list.after.len = sizeof listing.last;
  }
  if (code != OM_OK) {
    json_decref(listing.json);
    scols_unref_table(listing.table);
    return code;
  }
  if (session->json) return om_show_json(session->out, json_pack("{s:o}", "lots", listing.json), st);
  if (listing.n == 0) fprintf(session->out, "no lots%s\n", list.all ? "" : "; --all lists everybody's");
  om_show_print(listing.table);
  return OM_OK;
}

const struct om_command om_command_lots = {
    .name = "lots",
    .summary = "List the lots that a member holds or owns, those on their way to it, or everybody's.",
    .help =
        "Examples:\n  oremark lots --member Ilo\n  oremark lots --owned --member Quellaveco\n  oremark lots "
        "--incoming\n  oremark lots --all --json\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
