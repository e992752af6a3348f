#include "cli/views.h"

#include <inttypes.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/words.h"
#include "ledger/mix.h"
#include "ledger/quantity.h"
#include "ledger/stage.h"

json_t *om_logs_json(Oremark__LogState *const *logs, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    json_array_append_new(
        list, json_pack("{s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:b, s:I, s:I, s:I}", "log", (json_int_t)logs[i]->log,
                        "origin", om_json_text(logs[i]->origin), "operator", om_json_text(logs[i]->operator_), "size",
                        (json_int_t)logs[i]->size, "final_size", (json_int_t)logs[i]->final_size, "root",
                        om_json_hex(logs[i]->root.data, logs[i]->root.len), "stopped",
                        *logs[i]->stopped ? om_json_text(logs[i]->stopped) : json_null(), "frozen", logs[i]->frozen,
                        "evidence", (json_int_t)logs[i]->evidence, "quorum", (json_int_t)logs[i]->quorum,
                        "quorum_before", (json_int_t)logs[i]->quorum_before));
    json_t *log = json_array_get(list, i);
    json_object_set_new(log, "sealed", json_boolean(logs[i]->sealed));
    json_object_set_new(log, "end", logs[i]->retired ? json_integer((json_int_t)logs[i]->end) : json_null());
    json_object_set_new(log, "successor", logs[i]->retired ? om_json_text(logs[i]->successor) : json_null());
  }
  return list;
}

void om_logs_show(FILE *out, Oremark__LogState *const *logs, size_t n) {
  static const char *const columns[] = {">log",   "origin",  "-operator", ">entries",
                                        ">final", ">quorum", "-root",     "~state"};
  struct libscols_table *table = om_show_table(out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < n; i++) {
    struct libscols_line *line = om_show_line(table, NULL);
    char root[17] = "";
    if (logs[i]->root.len == OM_HASH_BYTES) om_hex(root, logs[i]->root.data, 8);
    om_show_cell(line, 0, "%u", logs[i]->log);
    om_show_cell(line, 1, "%s", logs[i]->origin);
    om_show_cell(line, 2, "%s", logs[i]->operator_);
    om_show_cell(line, 3, "%" PRIu64, logs[i]->size);
    om_show_cell(line, 4, "%" PRIu64, logs[i]->final_size);
    if (logs[i]->quorum_before)
      om_show_cell(line, 5, "%u and %u", logs[i]->quorum_before, logs[i]->quorum);
    else
      om_show_cell(line, 5, "%u", logs[i]->quorum);
    om_show_cell(line, 6, "%s", root);
    char held[48] = "", ended[OM_SHOW_BYTES + 64] = "", origin[OM_SHOW_BYTES];
    if (logs[i]->retired)
      snprintf(ended, sizeof ended, "ended with %" PRIu64 ", goes on in %s; ", logs[i]->end,
               om_show_text(origin, logs[i]->successor));
    else if (logs[i]->sealed)
      snprintf(ended, sizeof ended, "sealed here; ");
    if (logs[i]->evidence)
      snprintf(held, sizeof held, "%u piece%s of evidence; ", logs[i]->evidence, logs[i]->evidence == 1 ? "" : "s");
    om_show_cell(line, 7, "%s%s%s%s%s", ended, logs[i]->frozen ? "frozen; " : "", held,
                 *logs[i]->stopped ? "stopped: " : "followed", logs[i]->stopped);
  }
  om_show_print(table);
}

json_t *om_successions_json(Oremark__Succession *const *successions, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    const Oremark__Succession *s = successions[i];
    json_array_append_new(list, json_pack("{s:I, s:o, s:o, s:o, s:o}", "index", (json_int_t)s->index, "at",
                                          om_json_time(s->taken_ms, 0), "before", om_json_text(s->before), "origin",
                                          om_json_text(s->origin), "reason", om_json_text(s->reason)));
  }
  return list;
}

void om_successions_show(FILE *out, Oremark__Succession *const *successions, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const Oremark__Succession *s = successions[i];
    char when[OM_TIME_TEXT_BYTES], before[OM_SHOW_BYTES], origin[OM_SHOW_BYTES], reason[OM_SHOW_BYTES];
    fprintf(out,
            "SUCCEEDED %s, by entry %" PRIu64
            " of the registry log: it goes on with the keys of %s, in place of %s's: %s\n",
            om_time_format(when, sizeof when, s->taken_ms, om_zone_at(s->taken_ms)), s->index,
            om_show_text(origin, s->origin), om_show_text(before, s->before), om_show_text(reason, s->reason));
  }
}

const char *om_lot_text(char out[OM_LOT_TEXT_BYTES], ProtobufCBinaryData number) {
  if (number.len != OM_LOT_NUMBER_BYTES)
    snprintf(out, OM_LOT_TEXT_BYTES, "(no number)");
  else
    om_lot_format(out, OM_LOT_TEXT_BYTES, number.data);
  return out;
}

static const char *origin_kind(uint32_t kind) {
  switch (kind) {
    case OM_ORIGIN_MINE: return "mine";
    case OM_ORIGIN_MANUFACTURING_WASTE: return "manufacturing-waste";
    case OM_ORIGIN_POST_CONSUMER_WASTE: return "post-consumer-waste";
    case OM_ORIGIN_UNDECLARED: return "undeclared";
  }
  return "unknown";
}

static json_t *share_json(const Oremark__Share *share, uint64_t whole) {
  char percent[16];
  return json_pack("{s:s, s:o, s:I, s:I, s:o, s:o, s:s}", "kind", origin_kind(share->kind), "country",
                   *share->country ? om_json_text(share->country) : json_null(), "member", (json_int_t)share->member,
                   "site", (json_int_t)share->site, "name", om_json_text(share->name), "mass_mg",
                   om_json_mass(share->mass_mg), "percent", om_percent(percent, share->mass_mg, whole));
}

static json_t *place_json(const Oremark__Place *place) {
  if (!place) return json_null();
  return json_pack("{s:I, s:o, s:I, s:I}", "log", (json_int_t)place->log, "origin", om_json_text(place->origin),
                   "index", (json_int_t)place->index, "event", (json_int_t)place->event);
}

static json_t *hold_json(const Oremark__LotHold *hold) {
  char word[OM_WORD_BYTES];
  if (!hold) return json_null();
  json_t *releasers = json_array();
  for (size_t i = 0; i < hold->n_releasers && i < hold->n_releaser_names; i++)
    json_array_append_new(releasers, json_pack("{s:I, s:o}", "member", (json_int_t)hold->releasers[i], "name",
                                               om_json_text(hold->releaser_names[i])));
  return json_pack("{s:s, s:I, s:o, s:o, s:o}", "reason",
                   om_word(word, &oremark__hold_reason__descriptor, (int)hold->reason), "threshold",
                   (json_int_t)hold->threshold, "releasers", releasers, "at", place_json(hold->at), "overruled",
                   hold->overruled ? om_step_json(hold->overruled) : json_null());
}

json_t *om_lot_json(const Oremark__Lot *lot) {
  char number[OM_LOT_TEXT_BYTES], word[OM_WORD_BYTES];
  json_t *contents = json_array(), *aliases = json_array();
  for (size_t i = 0; i < lot->n_aliases; i++) json_array_append_new(aliases, om_json_text(lot->aliases[i]));
  for (size_t i = 0; i < lot->n_contents; i++) {
    const Oremark__Content *c = lot->contents[i];
    json_t *shares = json_array();
    for (size_t j = 0; j < c->n_shares; j++) json_array_append_new(shares, share_json(c->shares[j], c->contained_mg));
    json_array_append_new(contents, json_pack("{s:s, s:o, s:o}", "element", om_show_element(c->element), "contained_mg",
                                              om_json_mass(c->contained_mg), "origins", shares));
  }
  json_t *json =
      json_pack("{s:s, s:o, s:s, s:o, s:o, s:b, s:o, s:o}", "number", om_lot_text(number, lot->number), "name",
                om_json_text(lot->name), "form", om_word(word, &oremark__form__descriptor, (int)lot->form), "aliases",
                aliases, "state", om_json_text(lot->state), "pool", lot->pool, "gross_mg", om_json_mass(lot->gross_mg),
                "contents", contents);
  json_t *who =
      json_pack("{s:I, s:o, s:I, s:o, s:I, s:o, s:I, s:o}", "custodian", (json_int_t)lot->custodian, "custodian_name",
                om_json_text(lot->custodian_name), "pen", (json_int_t)lot->pen, "pen_name", om_json_text(lot->pen_name),
                "owner", (json_int_t)lot->owner, "owner_name", om_json_text(lot->owner_name), "site",
                (json_int_t)lot->site, "site_name", om_json_text(lot->site_name));
  json_t *where = json_pack("{s:I, s:o, s:o, s:o, s:b, s:b}", "step", (json_int_t)lot->step, "last_event",
                            om_json_hex(lot->last_event.data, lot->last_event.len), "at", place_json(lot->at), "born",
                            place_json(lot->born), "final", lot->final, "frozen", lot->frozen);
  json_object_update(json, who);
  json_object_update(json, where);
  json_object_set_new(json, "consignor", json_integer((json_int_t)lot->consignor));
  json_object_set_new(json, "consignor_name", om_json_text(lot->consignor_name));
  json_object_set_new(json, "settled", json_boolean(lot->settled));
  json_object_set_new(json, "hold", hold_json(lot->hold));
  json_decref(who);
  json_decref(where);
  return json;
}

const char *om_event_name(char out[OM_EVENT_NAME_BYTES], const Oremark__Step *step) {
  struct om_recorded recorded = {.member = step->member, .signed_ms = step->signed_ms};
  char text[OM_RECORDED_TEXT_BYTES];
  if (step->statement_id.len == OM_HASH_BYTES) memcpy(recorded.id.bytes, step->statement_id.data, OM_HASH_BYTES);
  snprintf(out, OM_EVENT_NAME_BYTES, "%s/%u", om_recorded_text(text, &recorded),
           step->at ? step->at->event % OM_EVENTS_MAX : 0);
  return out;
}

static json_t *documents_json(const Oremark__Step *step) {
  json_t *list = json_array();
  for (size_t i = 0; i < step->n_documents; i++) json_array_append_new(list, om_document_json(step->documents[i]));
  return list;
}

json_t *om_document_json(const Oremark__NamedDocument *d) {
  return json_pack("{s:o, s:I, s:o, s:o}", "hash", om_json_hex(d->hash.data, d->hash.len), "size", (json_int_t)d->size,
                   "name", om_json_text(d->name), "media", *d->media ? om_json_text(d->media) : json_null());
}

json_t *om_step_json(const Oremark__Step *step) {
  char name[OM_EVENT_NAME_BYTES];
  if (!step) return json_null();
  return json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "name", om_event_name(name, step),
                   "event_id", om_json_hex(step->event_id.data, step->event_id.len), "place", place_json(step->at),
                   "member", (json_int_t)step->member, "member_name", om_json_text(step->member_name), "kind",
                   om_json_text(step->kind), "text", om_json_text(step->text), "at",
                   om_json_time(step->at_ms, step->zone_min), "taken_at", om_json_time(step->taken_ms, 0), "final",
                   step->final, "documents", documents_json(step));
}

const char *om_contents_text(char out[OM_CONTENTS_BYTES], const Oremark__Lot *lot) {
  size_t used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < lot->n_contents && used < OM_CONTENTS_BYTES; i++) {
    char mass[OM_MASS_TEXT_BYTES];
    used += (size_t)snprintf(out + used, OM_CONTENTS_BYTES - used, "%s%s %s", i ? ", " : "",
                             om_show_element(lot->contents[i]->element),
                             om_mass_format(mass, sizeof mass, (int64_t)lot->contents[i]->contained_mg));
  }
  return out;
}

const char *om_lot_name(char out[OM_SHOW_BYTES], const Oremark__Lot *lot) {
  char word[OM_WORD_BYTES];
  om_show_text(out, *lot->name  ? lot->name
                    : lot->pool ? "pool"
                                : om_word(word, &oremark__form__descriptor, (int)lot->form));
  return out;
}

const char *om_share_text(char out[OM_SHOW_BYTES], const Oremark__Share *share) {
  char name[OM_SHOW_BYTES];
  om_show_text(name, share->name);
  const char *country = share->country[0] ? share->country : NULL;
  if (share->kind == OM_ORIGIN_UNDECLARED && !*name) snprintf(name, sizeof name, "undeclared");
  snprintf(
      out, OM_SHOW_BYTES, "%.*s%s%s%s%s", 512, *name ? name : origin_kind(share->kind), country ? ", " : "",
      country ? country : "", *name && share->kind != OM_ORIGIN_MINE ? ", " : "",
      *name && share->kind != OM_ORIGIN_MINE && share->kind != OM_ORIGIN_UNDECLARED ? origin_kind(share->kind) : "");
  size_t len = strlen(out);
  if (len > 2 && strcmp(out + len - 2, ", ") == 0) out[len - 2] = '\0';
  return out;
}

const char *om_percent(char out[16], uint64_t part, uint64_t whole) {
  if (whole == 0 || part > whole) return snprintf(out, 16, "-"), out;
  unsigned hundredths = (unsigned)(((om_u128)part * 10000 + whole / 2) / whole);
  if (hundredths == 0 && part > 0) return snprintf(out, 16, "< 0.01 %%"), out;
  if (hundredths == 10000 && part < whole) return snprintf(out, 16, "> 99.99 %%"), out;
  snprintf(out, 16, "%u.%02u %%", hundredths / 100, hundredths % 100);
  return out;
}
