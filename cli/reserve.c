#include <stdlib.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "cli/words.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    {"member", "MEMBER", "what this member keeps: number or name (default: everybody)"},
    {"metal", "METAL", "one metal only: Cu"},
    {"reason", "REASON", "strategic-reserve (the default), customs, pledge, quarantine"},
    {NULL, NULL, NULL},
};

/* One metal of one lot that went in or out. */
struct movement {
  int64_t at_ms, order_ms; /* a release comes behind its deposit whatever its signer's clock said */
  bool out, final;
  uint8_t element;
  uint64_t mg, after_mg; /* all that is held of the metal after it */
  uint32_t holder, site;
  char lot[OM_LOT_TEXT_BYTES];
  char *holder_name, *site_name; /* in the session's arena */
};

/* One metal at one place with one holder. */
struct place {
  uint8_t element;
  uint32_t holder, site;
  const char *holder_name, *site_name;
  uint64_t in_mg, out_mg, n_lots; /* lots that are there now */
};

struct reserves {
  struct om_session *session;
  uint8_t element; /* 0: any */
  struct movement *movements;
  size_t n_movements, cap_movements;
  struct place *places;
  size_t n_places, cap_places;
};

static void *room(void *list, size_t n, size_t *cap, size_t size) {
  if (n < *cap) return list;
  *cap = *cap ? *cap * 2 : 64;
  list = realloc(list, *cap * size);
  OM_ASSERT(list);
  return list;
}

static char *kept(const struct reserves *r, const char *text) {
  return om_arena_copy(r->session->arena, text, strlen(text) + 1);
}

/* Sums are shown, and no more than shown: one beyond what can be written stays at the largest. */
static uint64_t sum(uint64_t a, uint64_t b) {
  return a > (uint64_t)OM_MASS_MAX_MG - b ? (uint64_t)OM_MASS_MAX_MG : a + b;
}

static void add_movement(struct reserves *r, const Oremark__Lot *lot, const Oremark__Content *content, int64_t at_ms,
                         int64_t since_ms, bool out) {
  r->movements = room(r->movements, r->n_movements, &r->cap_movements, sizeof *r->movements);
  struct movement *m = &r->movements[r->n_movements++];
  *m = (struct movement){.at_ms = at_ms,
                         .order_ms = at_ms > since_ms ? at_ms : since_ms,
                         .out = out,
                         .final = lot->final,
                         .element = (uint8_t)content->element,
                         .mg = content->contained_mg,
                         .holder = lot->custodian,
                         .site = lot->site};
  om_lot_text(m->lot, lot->number);
  m->holder_name = kept(r, lot->custodian_name);
  m->site_name = kept(r, lot->site_name);
}

static struct place *place_of(struct reserves *r, const struct movement *m) {
  for (size_t i = 0; i < r->n_places; i++) {
    struct place *p = &r->places[i];
    if (p->element == m->element && p->holder == m->holder && p->site == m->site) return p;
  }
  r->places = room(r->places, r->n_places, &r->cap_places, sizeof *r->places);
  struct place *p = &r->places[r->n_places++];
  *p = (struct place){m->element, m->holder, m->site, m->holder_name, m->site_name, 0, 0, 0};
  return p;
}

static void add(struct reserves *r, const Oremark__HeldLot *held) {
  for (size_t i = 0; held->lot && i < held->lot->n_contents; i++) {
    const Oremark__Content *content = held->lot->contents[i];
    if (content->element == 0 || content->element > OM_ELEMENT_MAX) continue;
    if (r->element != 0 && content->element != r->element) continue;
    add_movement(r, held->lot, content, held->from_ms, held->from_ms, false);
    if (held->until_ms != 0) add_movement(r, held->lot, content, held->until_ms, held->from_ms, true);
  }
}

static int by_time(const void *a, const void *b) {
  const struct movement *x = a, *y = b;
  if (x->order_ms != y->order_ms) return x->order_ms < y->order_ms ? -1 : 1;
  if (x->out != y->out) return x->out ? 1 : -1; /* in before out, so that nothing is below zero */
  int order = strcmp(x->lot, y->lot);
  return order != 0 ? order : (x->element > y->element) - (x->element < y->element);
}

static int by_metal(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  int order = strcmp(om_show_element(x->element), om_show_element(y->element));
  if (order == 0) order = strcmp(x->site_name, y->site_name);
  return order != 0 ? order : strcmp(x->holder_name, y->holder_name);
}

static void add_up(struct reserves *r) {
  uint64_t held[OM_ELEMENT_MAX + 1] = {0};
  if (r->n_movements > 0) qsort(r->movements, r->n_movements, sizeof *r->movements, by_time);
  for (size_t i = 0; i < r->n_movements; i++) {
    struct movement *m = &r->movements[i];
    struct place *p = place_of(r, m);
    uint64_t *all = &held[m->element];
    if (m->out) {
      p->out_mg = sum(p->out_mg, m->mg);
      p->n_lots--;
      *all = *all > m->mg ? *all - m->mg : 0;
    } else {
      p->in_mg = sum(p->in_mg, m->mg);
      p->n_lots++;
      *all = sum(*all, m->mg);
    }
    m->after_mg = *all;
  }
  if (r->n_places > 0) qsort(r->places, r->n_places, sizeof *r->places, by_metal);
}

/* ---- showing ---- */

static json_t *places_json(const struct reserves *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->n_places; i++) {
    const struct place *p = &r->places[i];
    json_array_append_new(
        list, json_pack("{s:s, s:I, s:o, s:I, s:o, s:o, s:I, s:o, s:o}", "element", om_show_element(p->element), "site",
                        (json_int_t)p->site, "site_name", om_json_text(p->site_name), "holder", (json_int_t)p->holder,
                        "holder_name", om_json_text(p->holder_name), "held_mg", om_json_mass(p->in_mg - p->out_mg),
                        "lots", (json_int_t)p->n_lots, "deposited_mg", om_json_mass(p->in_mg), "released_mg",
                        om_json_mass(p->out_mg)));
  }
  return list;
}

static json_t *movements_json(const struct reserves *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->n_movements; i++) {
    const struct movement *m = &r->movements[i];
    json_array_append_new(
        list, json_pack("{s:o, s:s, s:s, s:o, s:o, s:s, s:I, s:o, s:I, s:o, s:b}", "at", om_json_time(m->at_ms, 0),
                        "movement", m->out ? "release" : "deposit", "element", om_show_element(m->element), "mass_mg",
                        om_json_mass(m->mg), "held_mg", om_json_mass(m->after_mg), "lot", m->lot, "site",
                        (json_int_t)m->site, "site_name", om_json_text(m->site_name), "holder", (json_int_t)m->holder,
                        "holder_name", om_json_text(m->holder_name), "final", m->final));
  }
  return list;
}

static void show_places(const struct reserves *r) {
  static const char *const columns[] = {"metal", "~place", "holder", ">held", ">lots", ">-deposited", ">-released"};
  struct libscols_table *table = om_show_table(r->session->out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < r->n_places; i++) {
    const struct place *p = &r->places[i];
    struct libscols_line *line = om_show_line(table, NULL);
    char mass[OM_MASS_TEXT_BYTES];
    om_show_cell(line, 0, "%s", om_show_element(p->element));
    om_show_cell(line, 1, "%s", p->site_name);
    om_show_cell(line, 2, "%s", p->holder_name);
    om_show_cell(line, 3, "%s", om_mass_format(mass, sizeof mass, (int64_t)(p->in_mg - p->out_mg)));
    om_show_cell(line, 4, "%llu", (unsigned long long)p->n_lots);
    om_show_cell(line, 5, "%s", om_mass_format(mass, sizeof mass, (int64_t)p->in_mg));
    om_show_cell(line, 6, "%s", om_mass_format(mass, sizeof mass, (int64_t)p->out_mg));
  }
  om_show_print(table);
}

static void show_movements(const struct reserves *r) {
  static const char *const columns[] = {"when", "what", "metal", ">mass", ">then held", "~place", "-holder", "-lot"};
  struct libscols_table *table = om_show_table(r->session->out, columns, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < r->n_movements; i++) {
    const struct movement *m = &r->movements[i];
    struct libscols_line *line = om_show_line(table, NULL);
    char mass[OM_MASS_TEXT_BYTES], when[OM_TIME_TEXT_BYTES];
    om_show_cell(line, 0, "%.16s", om_time_format(when, sizeof when, m->at_ms, om_zone_at(m->at_ms)));
    om_show_cell(line, 1, "%s%s", m->out ? "release" : "deposit", m->final ? "" : ", not final");
    om_show_cell(line, 2, "%s", om_show_element(m->element));
    om_show_cell(line, 3, "%s", om_mass_format(mass, sizeof mass, (int64_t)m->mg));
    om_show_cell(line, 4, "%s", om_mass_format(mass, sizeof mass, (int64_t)m->after_mg));
    om_show_cell(line, 5, "%s", m->site_name);
    om_show_cell(line, 6, "%s", m->holder_name);
    om_show_cell(line, 7, "%s", m->lot);
  }
  om_show_print(table);
}

/* ---- the command ---- */

static enum om_code read_options(struct reserves *r, Oremark__ListHeld *list, struct om_status *st) {
  const struct om_args *args = r->session->args;
  const struct om_given *member = om_args_find(args, "member"), *metal = om_args_find(args, "metal"),
                        *reason = om_args_find(args, "reason");
  int value = OREMARK__HOLD_REASON__HOLD_REASON_STRATEGIC_RESERVE;
  if (om_args_words(args, 0, 0, st) || (reason && om_given_word(reason, &value, &oremark__hold_reason__descriptor, st)))
    return st->code;
  list->reason = (uint32_t)value;
  if (member && om_session_member(r->session, &list->member, member->value, st)) return om_given_wrap(member, st);
  if (!metal) return OM_OK;
  r->element = om_element_parse(metal->value);
  if (r->element != 0) return OM_OK;
  om_fail(st, OM_USAGE, NULL, "'%s' is no metal: write its symbol, as Cu", metal->value);
  return om_given_wrap(metal, st);
}

static enum om_code take_all(struct reserves *r, Oremark__ListHeld *list, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__Reply *reply;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_HELD;
  request.list_held = list;
  if (om_ask(r->session, &reply, &request, OREMARK__REPLY__WHAT_HELD, st)) return st->code;
  for (;;) {
    if (reply->what_case == OREMARK__REPLY__WHAT_HELD)
      for (size_t i = 0; i < reply->held->n_lots; i++) add(r, reply->held->lots[i]);
    if (!reply->more) break;
    if (om_client_next(r->session->client, &reply, st)) return st->code;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return OM_OK;
}

static enum om_code show(struct reserves *r, int reason, struct om_status *st) {
  char word[OM_WORD_BYTES];
  add_up(r);
  om_word(word, &oremark__hold_reason__descriptor, reason);
  if (r->session->json)
    return om_show_json(
        r->session->out,
        json_pack("{s:s, s:o, s:o}", "reason", word, "reserves", places_json(r), "movements", movements_json(r)), st);
  if (r->n_movements == 0) {
    fprintf(r->session->out, "nothing is or was on hold here (%s)\n", word);
    return OM_OK;
  }
  show_places(r);
  fputc('\n', r->session->out);
  show_movements(r);
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct reserves r = {.session = session};
  Oremark__ListHeld list = OREMARK__LIST_HELD__INIT;
  enum om_code code = read_options(&r, &list, st);
  if (code == OM_OK) code = take_all(&r, &list, st);
  if (code == OM_OK) code = show(&r, (int)list.reason, st);
  free(r.movements);
  free(r.places);
  return code;
}

const struct om_command om_command_reserve = {
    .name = "reserve",
    .summary = "What is held in reserve, by metal, place and holder, and what went in and out over time.",
    .help =
        "Times are those that the signers state. What is held in customs, pledge or quarantine: --reason.\n"
        "Examples:\n  oremark reserve\n  oremark reserve --metal Co --member \"State reserve\" --json\n"
        "  oremark reserve --reason pledge\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
