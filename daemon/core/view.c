#include "daemon/core/view.h"

#include <string.h>

#include "ledger/events/kinds.h"
#include "ledger/overruled.h"
#include "ledger/step.h"
#include "ledger/told.h"

enum { COUNTRY_BYTES = 3, MILLISECONDS_A_DAY = 86400000 };

void om_view_begin(struct om_view *view, struct om_txn *txn, const struct om_hash *network) {
  memset(view, 0, sizeof *view);
  view->txn = txn;
  view->network = network;
  view->arena = &view->shown;
}

void om_view_reset(struct om_view *view) {
  om_arena_reset(&view->shown);
}

void om_view_end(struct om_view *view) {
  om_arena_free(&view->shown);
  om_arena_free(&view->kept);
  om_arena_free(&view->entry);
}

static char *text(struct om_view *view, const char *from) {
  return om_arena_copy(view->arena, from, strlen(from) + 1);
}

static ProtobufCBinaryData bytes(struct om_view *view, const void *from, size_t len) {
  return (ProtobufCBinaryData){len, om_arena_copy(view->arena, from, len)};
}

/* Looked up once for each view: a list of lots asks again and again. */
static enum om_code log_info(struct om_view *view, const struct om_log_info **out, uint32_t log, struct om_status *st) {
  if (view->logs == NULL) {
    view->n_logs = om_log_count(view->txn);
    view->logs = om_arena_array(&view->kept, view->n_logs, sizeof *view->logs);
  }
  if (log >= view->n_logs) return om_fail(st, OM_MISSING, NULL, "log %u is not in the registry here", log);
  if (view->logs[log] == NULL) {
    struct om_log_info *info = om_arena_alloc(&view->kept, sizeof *info);
    if (om_log_info(view->txn, info, log, st) != OM_OK) return st->code;
    view->logs[log] = info;
  }
  *out = view->logs[log];
  return OM_OK;
}

static char *member_name(struct om_view *view, uint32_t member) {
  struct om_member row;
  struct om_status st;
  if (member == OM_MEMBER_NONE) return (char *)"";
  if (om_registry_member(view->txn, &row, member, OM_REGISTRY_NOW, &st) != OM_OK) return (char *)"?";
  return text(view, row.name);
}

static char *site_name(struct om_view *view, uint32_t member, uint32_t site) {
  struct om_site row;
  struct om_status st;
  if (site == 0) return (char *)"";
  if (om_registry_site(view->txn, &row, member, site, OM_REGISTRY_NOW, &st) != OM_OK) return (char *)"?";
  return text(view, row.name);
}

enum om_code om_view_log(struct om_view *view, Oremark__LogState **out, uint32_t log, struct om_status *st) {
  const struct om_log_info *info = NULL;
  if (log_info(view, &info, log, st) != OM_OK) return st->code;
  return om_log_told(view->txn, view->arena, out, info, st);
}

enum om_code om_view_entry(struct om_view *view, const Oremark__Entry **out, uint32_t log, uint64_t index,
                           struct om_status *st) {
  struct om_bytes stored;
  if (om_log_entry(view->txn, &stored, log, index, st) != OM_OK) return st->code;
  *out = oremark__entry__unpack(om_arena_protobuf(view->arena), stored.len, stored.data);
  if (*out != NULL) return OM_OK;
  return om_fail(st, OM_CORRUPT, NULL, "entry %llu of log %u can't be read", (unsigned long long)index, log);
}

static enum om_code place(struct om_view *view, Oremark__Place **out, const struct om_place *at, struct om_status *st) {
  const struct om_log_info *info = NULL;
  if (log_info(view, &info, at->log, st) != OM_OK) return st->code;
  OM_ASSERT(info != NULL);
  *out = om_arena_alloc(view->arena, sizeof **out);
  oremark__place__init(*out);
  (*out)->log = at->log;
  (*out)->origin = text(view, info->origin);
  (*out)->index = at->index;
  (*out)->event = at->event;
  return OM_OK;
}

static enum om_code is_final(struct om_view *view, protobuf_c_boolean *out, const struct om_place *at,
                             struct om_status *st) {
  const struct om_log_info *info = NULL;
  if (log_info(view, &info, at->log, st) != OM_OK) return st->code;
  OM_ASSERT(info != NULL);
  *out = at->index < info->final_size;
  return OM_OK;
}

/* And not ended by the governors, who have said then which history counts. */
static enum om_code is_frozen(struct om_view *view, protobuf_c_boolean *out, uint32_t log, struct om_status *st) {
  const struct om_log_info *info = NULL;
  struct om_retired retired;
  if (log_info(view, &info, log, st) != OM_OK) return st->code;
  OM_ASSERT(info != NULL);
  *out = info->frozen && !om_registry_retired(view->txn, &retired, log, OM_REGISTRY_NOW);
  return OM_OK;
}

/* Takes apart the entry at AT, into memory of its own: it is many times as large as what is shown of it. */
static enum om_code read_entry(struct om_view *view, const struct om_place *at, struct om_status *st) {
  if (view->entry_read != NULL && view->entry_at.log == at->log && view->entry_at.index == at->index) return OM_OK;
  struct om_arena *arena = view->arena;
  om_arena_reset(&view->entry);
  view->entry_read = NULL;
  view->statement_read = NULL;
  view->arena = &view->entry;
  enum om_code code = om_view_entry(view, &view->entry_read, at->log, at->index, st);
  view->arena = arena;
  if (code != OM_OK) return code;
  view->entry_at = *at;
  if (view->entry_read->what_case != OREMARK__ENTRY__WHAT_STATEMENT) return OM_OK;
  ProtobufCBinaryData inner = view->entry_read->statement->statement;
  view->statement_read = oremark__statement__unpack(om_arena_protobuf(&view->entry), inner.len, inner.data);
  return OM_OK;
}

/* The event that stands at AT: good until the next call. */
static enum om_code event_at(struct om_view *view, const Oremark__Event **event, const struct om_place *at,
                             struct om_status *st) {
  if (read_entry(view, at, st) != OM_OK) return st->code;
  if (view->statement_read == NULL || at->event >= view->statement_read->n_events)
    return om_fail(st, OM_CORRUPT, NULL, "a lot's event is not in entry %llu of log %u", (unsigned long long)at->index,
                   at->log);
  *event = view->statement_read->events[at->event];
  return OM_OK;
}

/* ---- lots ---- */

static char *state_name(enum om_lot_state state) {
  switch (state) {
    case OM_LOT_HELD: return (char *)"held";
    case OM_LOT_IN_TRANSIT: return (char *)"in-transit";
    case OM_LOT_CONSUMED: return (char *)"consumed";
    case OM_LOT_RETIRED: return (char *)"retired";
  }
  return (char *)"";
}

static Oremark__Share *view_share(struct om_view *view, const struct om_share *share) {
  Oremark__Share *out = om_arena_alloc(view->arena, sizeof *out);
  char country[COUNTRY_BYTES] = {share->origin.country[0], share->origin.country[1], '\0'};
  struct om_text name;
  oremark__share__init(out);
  out->kind = share->origin.kind;
  out->country = text(view, country);
  out->member = share->origin.member;
  out->site = share->origin.site;
  out->mass_mg = (uint64_t)share->mg;
  if (share->origin.member == OM_MEMBER_NONE) return out;
  om_text_clear(&name);
  om_text_add(&name, "%s, %s", site_name(view, out->member, out->site), member_name(view, out->member));
  out->name = text(view, name.bytes);
  return out;
}

static Oremark__Content *view_content(struct om_view *view, const struct om_content *content) {
  Oremark__Content *out = om_arena_alloc(view->arena, sizeof *out);
  oremark__content__init(out);
  out->element = content->element;
  out->contained_mg = (uint64_t)content->contained_mg;
  out->shares = om_arena_array(view->arena, content->mix.n, sizeof(Oremark__Share *));
  out->n_shares = content->mix.n;
  for (size_t i = 0; i < content->mix.n; i++) out->shares[i] = view_share(view, &content->mix.shares[i]);
  return out;
}

/* Name and aliases, from the event that made the lot. */
static enum om_code name_lot(struct om_view *view, Oremark__Lot *out, const struct om_lot *lot, struct om_status *st) {
  const Oremark__Event *event = NULL;
  if (event_at(view, &event, &lot->born, st) != OM_OK) return st->code;
  size_t n, skip;
  Oremark__Material *const *materials = om_event_materials(event, &n, &skip);
  if (lot->born.output >= skip && lot->born.output - skip < n) {
    const Oremark__Material *material = materials[lot->born.output - skip];
    out->name = text(view, material->name);
    out->aliases = om_arena_array(view->arena, material->n_aliases, sizeof *out->aliases);
    out->n_aliases = material->n_aliases;
    for (size_t i = 0; i < out->n_aliases; i++) out->aliases[i] = text(view, material->aliases[i]);
  } else if (event->kind_case == OREMARK__EVENT__KIND_CHARGE) {
    out->name = text(view, event->charge->name);
  }
  return OM_OK;
}

static enum om_code view_overruled(struct om_view *view, Oremark__LotHold *out, const struct om_hold *hold,
                                   struct om_status *st) {
  struct om_place act;
  bool is;
  enum om_code code = om_overruled(view->txn, &is, &act, OM_OVERRULED_HOLD, view->network, &hold->at, OM_MEMBER_NONE,
                                   OM_REGISTRY_NOW, st);
  if (code != OM_OK || !is) return code;
  struct om_step *step = om_arena_alloc(view->arena, sizeof *step);
  code = om_step_read(view->txn, view->arena, step, view->network, &act, st);
  return code == OM_OK ? om_view_made(view, &out->overruled, step, st) : code;
}

static enum om_code view_hold(struct om_view *view, Oremark__Lot *lot, const struct om_hold *hold,
                              struct om_status *st) {
  if (hold->reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED) return OM_OK;
  Oremark__LotHold *out = lot->hold = om_arena_alloc(view->arena, sizeof *out);
  oremark__lot_hold__init(out);
  out->reason = hold->reason;
  out->threshold = hold->threshold;
  out->n_releasers = out->n_releaser_names = hold->n_releasers;
  out->releasers = om_arena_copy(view->arena, hold->releasers, hold->n_releasers * sizeof *hold->releasers);
  out->releaser_names = om_arena_array(view->arena, hold->n_releasers, sizeof *out->releaser_names);
  for (size_t i = 0; i < hold->n_releasers; i++) out->releaser_names[i] = member_name(view, hold->releasers[i]);
  enum om_code code = view_overruled(view, out, hold, st);
  return code == OM_OK ? place(view, &out->at, &hold->at, st) : code;
}

static void copy_lot(struct om_view *view, Oremark__Lot *out, const struct om_lot *lot) {
  out->number = bytes(view, lot->number, sizeof lot->number);
  out->step = lot->step;
  out->last_event = bytes(view, lot->last_event.bytes, sizeof lot->last_event.bytes);
  out->state = state_name(lot->state);
  out->pool = lot->pool;
  out->form = lot->form;
  out->custodian = lot->custodian;
  out->custodian_name = member_name(view, lot->custodian);
  out->pen = lot->pen;
  out->pen_name = member_name(view, lot->pen);
  out->owner = lot->owner;
  out->owner_name = member_name(view, lot->owner);
  out->consignor = lot->consignor;
  out->consignor_name = member_name(view, lot->consignor);
  out->settled = lot->settled;
  out->site = lot->site;
  out->site_name = site_name(view, lot->custodian, lot->site);
  out->gross_mg = (uint64_t)lot->gross_mg;
  out->contents = om_arena_array(view->arena, lot->n_contents, sizeof *out->contents);
  out->n_contents = lot->n_contents;
  for (size_t i = 0; i < lot->n_contents; i++) out->contents[i] = view_content(view, &lot->contents[i]);
}

enum om_code om_view_lot(struct om_view *view, Oremark__Lot **out, const struct om_lot *lot, struct om_status *st) {
  *out = om_arena_alloc(view->arena, sizeof **out);
  oremark__lot__init(*out);
  copy_lot(view, *out, lot);
  enum om_code code = name_lot(view, *out, lot, st);
  if (code == OM_OK) code = view_hold(view, *out, &lot->hold, st);
  if (code == OM_OK) code = place(view, &(*out)->at, &lot->at, st);
  if (code == OM_OK) code = place(view, &(*out)->born, &lot->born, st);
  if (code == OM_OK) code = is_final(view, &(*out)->final, &lot->at, st);
  if (code == OM_OK) code = is_frozen(view, &(*out)->frozen, lot->at.log, st);
  return code;
}

enum om_code om_view_made(struct om_view *view, Oremark__Step **out, const struct om_step *made, struct om_status *st) {
  Oremark__Step *step = *out = om_arena_alloc(view->arena, sizeof *step);
  oremark__step__init(step);
  step->event_id = bytes(view, made->event_id.bytes, sizeof made->event_id.bytes);
  step->member = made->member;
  step->member_name = text(view, made->member_name);
  step->kind = (char *)made->kind;
  step->text = text(view, made->text.bytes);
  step->at_ms = made->at_ms;
  step->zone_min = made->zone_min;
  step->taken_ms = made->taken_ms;
  step->final = made->final;
  step->signed_ms = (int64_t)made->signed_ms;
  step->statement_id = bytes(view, made->statement_id.bytes, sizeof made->statement_id.bytes);
  return place(view, &step->at, &made->at, st);
}

/* ---- members ---- */

static enum om_code view_sites(struct om_view *view, Oremark__Member *out, struct om_status *st) {
  uint32_t n = om_registry_sites(view->txn, out->member, OM_REGISTRY_NOW);
  uint32_t shown = n < OM_VIEW_SITES ? n : OM_VIEW_SITES;
  out->sites = om_arena_array(view->arena, shown, sizeof *out->sites);
  for (uint32_t i = n - shown + 1; i <= n; i++) {
    struct om_site row;
    if (om_registry_site(view->txn, &row, out->member, i, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
    Oremark__Site *site = om_arena_alloc(view->arena, sizeof *site);
    oremark__site__init(site);
    site->site = i;
    site->name = text(view, row.name);
    site->country = text(view, row.country);
    site->kind = row.kind;
    site->ended = row.ended;
    struct om_site_status status;
    struct om_hash act;
    if (om_registry_site_status_last(view->txn, &status, out->member, i, OM_REGISTRY_NOW)) {
      site->status = status.state;
      site->status_from_ms = status.from_ms;
      site->status_until_ms = status.until_ms;
      if (om_registry_last_status(view->txn, &act, out->member, i, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
      site->last_status = bytes(view, act.bytes, sizeof act.bytes);
    }
    out->sites[out->n_sites++] = site;
  }
  return OM_OK;
}

static enum om_code last_act(struct om_view *view, ProtobufCBinaryData *out, enum om_act_subject subject,
                             uint32_t member, struct om_status *st) {
  struct om_hash id;
  enum om_code code = om_registry_last_act(view->txn, &id, subject, member, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return OM_OK; /* the genesis alone has spoken of it */
  if (code == OM_OK) *out = bytes(view, id.bytes, sizeof id.bytes);
  return code;
}

static void view_roles(struct om_view *view, Oremark__Member *out, uint32_t roles) {
  out->roles = om_arena_array(view->arena, 32, sizeof *out->roles);
  for (uint32_t role = 1; role < 32; role++)
    if (roles >> role & 1) out->roles[out->n_roles++] = role;
}

static enum om_code view_member(struct om_view *view, Oremark__Member **result, uint32_t number,
                                const struct om_governors *governors, struct om_status *st) {
  struct om_member row;
  const struct om_log_info *home;
  if (om_registry_member(view->txn, &row, number, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  Oremark__Member *out = *result = om_arena_alloc(view->arena, sizeof *out);
  oremark__member__init(out);
  out->member = number;
  out->name = text(view, row.name);
  out->country = text(view, row.country);
  out->home_log = row.home_log;
  out->suspended = row.suspended;
  view_roles(view, out, row.roles);
  for (size_t i = 0; i < governors->n; i++) out->governor |= governors->members[i] == number;
  enum om_code code = log_info(view, &home, row.home_log, st);
  if (code == OM_OK) out->home_origin = text(view, home->origin);
  if (code == OM_OK || code == OM_MISSING) code = view_sites(view, out, st);
  if (code == OM_OK) code = last_act(view, &out->last_act, OM_SUBJECT_MEMBER, number, st);
  if (code == OM_OK) code = last_act(view, &out->last_key, OM_SUBJECT_KEYS, number, st);
  if (code == OM_OK) code = last_act(view, &out->last_site, OM_SUBJECT_SITES, number, st);
  if (code == OM_OK) code = last_act(view, &out->last_mandate, OM_SUBJECT_MANDATES, number, st);
  return code;
}

enum om_code om_view_members(struct om_view *view, Oremark__Members *out, struct om_status *st) {
  struct om_governors governors;
  if (om_registry_governors(view->txn, &governors, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  uint32_t n = om_registry_members(view->txn, OM_REGISTRY_NOW);
  out->threshold = governors.threshold;
  if (last_act(view, &out->last_witnesses, OM_SUBJECT_WITNESSES, 0, st) != OM_OK) return st->code;
  out->members = om_arena_array(view->arena, n, sizeof *out->members);
  for (uint32_t i = 1; i <= n; i++) {
    if (view_member(view, &out->members[i - 1], i, &governors, st) != OM_OK) return st->code;
    out->n_members = i;
  }
  return om_txn_check(view->txn, st);
}

/* ---- drift ---- */

static uint64_t cap_of(const Oremark__Limits *limits, uint32_t element) {
  uint64_t any = 0;
  for (size_t i = 0; i < limits->n_drift_caps; i++) {
    if (limits->drift_caps[i]->element == element) return limits->drift_caps[i]->cap_mg;
    if (limits->drift_caps[i]->element == 0) any = limits->drift_caps[i]->cap_mg;
  }
  return any;
}

/* Key: member (4), element (1), first day of the period (4); row: milligrams (8). */
static Oremark__DriftSum *view_drift(struct om_view *view, const struct om_bytes *key, const struct om_bytes *row,
                                     const Oremark__Limits *limits) {
  Oremark__DriftSum *sum = om_arena_alloc(view->arena, sizeof *sum);
  oremark__drift_sum__init(sum);
  sum->member = om_get32(key->data);
  sum->element = key->data[4];
  sum->period_start_ms = (int64_t)om_get32(key->data + 5) * MILLISECONDS_A_DAY;
  sum->gained_mg = om_get64(row->data);
  sum->cap_mg = cap_of(limits, sum->element);
  return sum;
}

enum om_code om_view_audit(struct om_view *view, Oremark__Audit *out, uint32_t member, struct om_status *st) {
  enum { KEY_BYTES = 9, ROW_BYTES = 8, SUMS_FIRST = 64 };
  const Oremark__Limits *limits;
  struct om_bytes key, row;
  uint8_t from[4];
  size_t room = SUMS_FIRST;
  if (om_registry_limits(view->txn, view->arena, &limits, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
  om_be32(from, member);
  out->sums = om_arena_array(view->arena, room, sizeof *out->sums);
  bool found = om_txn_next(view->txn, &key, &row, OM_TABLE_DRIFT, from, sizeof from);
  for (; found; found = om_txn_step(view->txn, &key, &row, OM_TABLE_DRIFT)) {
    if (key.len != KEY_BYTES || row.len != ROW_BYTES)
      return om_fail(st, OM_CORRUPT, NULL, "a row of the drift table can't be read: " OM_STORE_DAMAGED);
    if (member != OM_MEMBER_NONE && om_get32(key.data) != member) break;
    if (out->n_sums == room) {
      Oremark__DriftSum **larger = om_arena_array(view->arena, 2 * room, sizeof *larger);
      memcpy(larger, out->sums, room * sizeof(Oremark__DriftSum *));
      out->sums = larger;
      room *= 2;
    }
    Oremark__DriftSum *sum = view_drift(view, &key, &row, limits);
    sum->member_name = member_name(view, sum->member);
    out->sums[out->n_sums++] = sum;
  }
  return om_txn_check(view->txn, st);
}
