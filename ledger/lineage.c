#include "ledger/lineage.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/lineage_find.h"

enum {
  FIRST_SLOTS = 1024,
  SLOTS_GROW = 4, /* a large lineage is not moved from table to table too often */
  AHEAD = 2048,   /* events whose inputs are found side by side before they are taken in one after the other */
  AHEAD_FEW = 64, /* too few to share */
  PART = 16,      /* that one looks into at a time */
};

struct collect {
  struct om_lineage *out;
  struct om_txn *txn;
  uint32_t n_steps; /* of the lot asked for; 0: all */
  const struct om_progress *progress;
  uint64_t told;   /* events expanded and lots taken in: an event may have many */
  uint32_t *queue; /* events to be expanded, each once */
  size_t n_queue, cap_queue;
  struct om_crew *crew;
  struct om_finder *finders; /* one for each of the crew */
  struct om_ahead *ahead;    /* of queue[ahead_from .. ahead_to - 1] */
  size_t ahead_from, ahead_to;
  _Atomic size_t ahead_inputs;
};

/* ---- arrays and tables ---- */

static void *grown(void *array, size_t n, size_t *cap, size_t size) {
  if (n < *cap) return array;
  *cap = *cap == 0 ? FIRST_SLOTS : *cap * 2;
  array = realloc(array, *cap * size);
  OM_ASSERT(array);
  return array;
}

/* Two rounds of multiply and shift. Numbers and places come from others; at worst a crowd of equal slots costs time. */
static size_t mixed(uint64_t a, uint64_t b) {
  uint64_t h = (a ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
  h = (h ^ h >> 32 ^ b) * UINT64_C(0xc4ceb9fe1a85ec53);
  return (size_t)(h ^ h >> 29);
}

static uint32_t hash_number(const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  uint64_t a, b;
  memcpy(&a, number, 8);
  memcpy(&b, number + OM_LOT_NUMBER_BYTES - 8, 8);
  return (uint32_t)mixed(a, b);
}

static uint32_t hash_event(const struct om_lineage_event *e) {
  return (uint32_t)mixed(e->index, (uint64_t)e->log << 16 | e->event);
}

static uint32_t hash_hand(struct om_lineage_hand hand) {
  return (uint32_t)mixed(hand.member, hand.site);
}

/* The slot of NUMBER, whose hash is HASH, or the free one where it would go. */
static struct om_lineage_slot *number_slot(const struct om_lineage *l, const uint8_t number[OM_LOT_NUMBER_BYTES],
                                           uint32_t hash) {
  const struct om_lineage_table *t = &l->by_number;
  size_t mask = t->n_slots - 1, i = hash & mask;
  while (t->slots[i].index != 0 &&
         (t->slots[i].hash != hash || memcmp(l->lots[t->slots[i].index - 1].number, number, OM_LOT_NUMBER_BYTES) != 0))
    i = (i + 1) & mask;
  return &t->slots[i];
}

static bool same_event(const struct om_lineage_event *a, const struct om_lineage_event *b) {
  return a->index == b->index && a->log == b->log && a->event == b->event;
}

static struct om_lineage_slot *place_slot(const struct om_lineage *l, const struct om_lineage_event *e, uint32_t hash) {
  const struct om_lineage_table *t = &l->by_place;
  size_t mask = t->n_slots - 1, i = hash & mask;
  while (t->slots[i].index != 0 && (t->slots[i].hash != hash || !same_event(&l->events[t->slots[i].index - 1], e)))
    i = (i + 1) & mask;
  return &t->slots[i];
}

static struct om_lineage_slot *hand_slot(const struct om_lineage *l, struct om_lineage_hand hand, uint32_t hash) {
  const struct om_lineage_table *t = &l->by_hand;
  size_t mask = t->n_slots - 1, i = hash & mask;
  while (t->slots[i].index != 0 &&
         (l->hands[t->slots[i].index - 1].member != hand.member || l->hands[t->slots[i].index - 1].site != hand.site))
    i = (i + 1) & mask;
  return &t->slots[i];
}

/* Room for one more than N, half of the slots staying free. */
static void make_room(struct om_lineage_table *table, size_t n) {
  if (table->n_slots > 2 * n) return;
  struct om_lineage_table old = *table;
  table->n_slots = old.n_slots == 0 ? FIRST_SLOTS : SLOTS_GROW * old.n_slots;
  table->slots = calloc(table->n_slots, sizeof *table->slots);
  OM_ASSERT(table->slots);
  for (size_t i = 0; i < old.n_slots; i++) {
    if (old.slots[i].index == 0) continue;
    size_t at = old.slots[i].hash & (table->n_slots - 1);
    while (table->slots[at].index != 0) at = (at + 1) & (table->n_slots - 1);
    table->slots[at] = old.slots[i];
  }
  free(old.slots);
}

uint32_t om_lineage_add(struct om_lineage *l, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  uint32_t hash = hash_number(number);
  make_room(&l->by_number, l->n_lots);
  struct om_lineage_slot *slot = number_slot(l, number, hash);
  if (slot->index != 0) return slot->index - 1;
  l->lots = grown(l->lots, l->n_lots, &l->cap_lots, sizeof *l->lots);
  struct om_lineage_lot *lot = &l->lots[l->n_lots];
  *lot = (struct om_lineage_lot){.first = OM_LINEAGE_NONE, .last = OM_LINEAGE_NONE};
  memcpy(lot->number, number, sizeof lot->number);
  *slot = (struct om_lineage_slot){hash, (uint32_t)++l->n_lots};
  return slot->index - 1;
}

static uint32_t add_event(struct om_lineage *l, const struct om_lineage_event *event) {
  uint32_t hash = hash_event(event);
  make_room(&l->by_place, l->n_events);
  struct om_lineage_slot *slot = place_slot(l, event, hash);
  if (slot->index != 0) return slot->index - 1;
  l->events = grown(l->events, l->n_events, &l->cap_events, sizeof *l->events);
  l->events[l->n_events] = *event;
  *slot = (struct om_lineage_slot){hash, (uint32_t)++l->n_events};
  return slot->index - 1;
}

static void add_hand(struct om_lineage *l, uint32_t member, uint32_t site) {
  struct om_lineage_hand hand = {member, site};
  uint32_t hash = hash_hand(hand);
  make_room(&l->by_hand, l->n_hands);
  struct om_lineage_slot *slot = hand_slot(l, hand, hash);
  if (slot->index != 0) return;
  l->hands = grown(l->hands, l->n_hands, &l->cap_hands, sizeof *l->hands);
  l->hands[l->n_hands] = hand;
  *slot = (struct om_lineage_slot){hash, (uint32_t)++l->n_hands};
}

static void add_hands(struct om_lineage *l, const struct om_lineage_row *row) {
  if (l->last_row.member == row->custodian && l->last_row.site == row->site && l->last_owner == row->owner) return;
  l->last_row = (struct om_lineage_hand){row->custodian, row->site}; /* neighbours are mostly in the same hands */
  l->last_owner = row->owner;
  add_hand(l, row->custodian, row->site);
  add_hand(l, row->custodian, 0);
  add_hand(l, row->owner, 0);
}

static void add_step(struct om_lineage *l, uint32_t lot, uint32_t event) {
  l->steps = grown(l->steps, l->n_steps, &l->cap_steps, sizeof *l->steps);
  l->steps[l->n_steps] = (struct om_lineage_step){lot, event, OM_LINEAGE_NONE};
  struct om_lineage_lot *owner = &l->lots[lot];
  if (owner->n_steps++ == 0)
    owner->first = (uint32_t)l->n_steps;
  else
    l->steps[owner->last].next = (uint32_t)l->n_steps;
  owner->last = (uint32_t)l->n_steps++;
}

uint32_t om_lineage_find(const struct om_lineage *l, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  if (l->by_number.n_slots == 0) return OM_LINEAGE_NONE;
  uint32_t index = number_slot(l, number, hash_number(number))->index;
  return index == 0 ? OM_LINEAGE_NONE : index - 1;
}

uint32_t om_lineage_find_event(const struct om_lineage *l, const struct om_place *place) {
  struct om_lineage_event event = {.index = place->index, .log = place->log, .event = place->event};
  if (l->by_place.n_slots == 0) return OM_LINEAGE_NONE;
  uint32_t index = place_slot(l, &event, hash_event(&event))->index;
  return index == 0 ? OM_LINEAGE_NONE : index - 1;
}

bool om_lineage_had(const struct om_lineage *l, uint32_t member, uint32_t site) {
  const struct om_lineage_hand hand = {member, site};
  return l->by_hand.n_slots != 0 && hand_slot(l, hand, hash_hand(hand))->index != 0;
}

void om_lineage_free(struct om_lineage *l) {
  free(l->lots);
  free(l->events);
  free(l->steps);
  free(l->inputs);
  free(l->by_number.slots);
  free(l->by_place.slots);
  free(l->hands);
  free(l->by_hand.slots);
  *l = (struct om_lineage){0};
}

enum om_code om_progress_tell(const struct om_progress *progress, const char *step, uint64_t done, uint64_t total,
                              struct om_status *st) {
  if (!progress || done % OM_PROGRESS_EACH != 0 || progress->told(progress->ctx, step, done, total)) return OM_OK;
  return om_fail(st, OM_BUSY, NULL, "given up by who asked, %llu records into %s", (unsigned long long)done, step);
}

/* ---- a lot's rows ---- */

static void will_expand(struct collect *c, uint32_t event) {
  struct om_lineage_event *e = &c->out->events[event];
  if (e->expanded) return;
  e->expanded = true;
  c->queue = grown(c->queue, c->n_queue, &c->cap_queue, sizeof *c->queue);
  c->queue[c->n_queue++] = event;
}

static enum om_code limit(struct om_status *st) {
  return om_fail(st, OM_REFUSED, "limit",
                 "the lineage has more than %d events: ask for the lots that it was made of instead",
                 OM_LINEAGE_MAX_EVENTS);
}

/* Takes in ROW, the next of LOT. EVENT is likely to have written it, or OM_LINEAGE_NONE; *FOUND is what has. */
static enum om_code take_row(struct collect *c, uint32_t *found, uint32_t lot, const struct om_lineage_row *row,
                             uint32_t event, struct om_status *st) {
  struct om_lineage *l = c->out;
  const struct om_lineage_event at = {.index = row->index, .log = row->log, .event = row->event};
  *found = event != OM_LINEAGE_NONE && same_event(&l->events[event], &at) ? event : add_event(l, &at);
  if (l->n_events > OM_LINEAGE_MAX_EVENTS || l->n_steps > OM_LINEAGE_MAX_LINKS) return limit(st);
  add_step(l, lot, *found);
  add_hands(l, row);
  if (row->pool) l->events[*found].moved_pool = true;
  if (row->step == 0 || row->pool) will_expand(c, *found);
  return OM_OK;
}

/* Takes in the rows of LOT up to the one that EVENT wrote, OM_LINEAGE_NONE: all. *FOUND says what wrote the last of
 * them, OM_LINEAGE_NONE where there was none. A lot's rows stand side by side. */
static enum om_code take_rows(struct collect *c, uint32_t *found, uint32_t lot, uint32_t event, struct om_status *st) {
  const struct om_lineage_lot *taken = &c->out->lots[lot];
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes at, bytes;
  uint32_t step = taken->n_steps;
  enum om_code code = OM_OK;
  *found = OM_LINEAGE_NONE;
  om_lot_key(key, taken->number, step);
  for (bool more = om_txn_next(c->txn, &at, &bytes, OM_TABLE_LOTS, key, sizeof key);
       more && code == OM_OK && at.len == sizeof key && memcmp(at.data, key, sizeof key) == 0;
       more = om_txn_step(c->txn, &at, &bytes, OM_TABLE_LOTS)) {
    struct om_lot read;
    struct om_lineage_row row;
    code = om_lot_decode_head(&read, key, bytes.data, bytes.len, st);
    if (code == OM_OK) om_lineage_row_of(&row, &read);
    if (code == OM_OK) code = take_row(c, found, lot, &row, event, st);
    if (*found == event && event != OM_LINEAGE_NONE) return code;
    om_be32(key + OM_LOT_NUMBER_BYTES, ++step);
    if (event == OM_LINEAGE_NONE && step == c->n_steps) break;
  }
  return code == OM_OK ? om_txn_check(c->txn, st) : code;
}

static enum om_code no_row(const struct om_lineage *l, uint32_t lot, uint32_t event, struct om_status *st) {
  char text[OM_LOT_TEXT_BYTES];
  om_lot_format(text, sizeof text, l->lots[lot].number);
  return om_fail(st, OM_CORRUPT, NULL,
                 "lot %s has no row by event %u of entry %llu of log %u, which took it: " OM_STORE_DAMAGED, text,
                 l->events[event].event, (unsigned long long)l->events[event].index, l->events[event].log);
}

/* LOT went into EVENT: its rows up to there, if they are not there yet. AHEAD: what was found of it before, or NULL. */
static enum om_code take_input(struct collect *c, uint32_t lot, uint32_t event, bool pool,
                               const struct om_ahead_input *ahead, struct om_status *st) {
  struct om_lineage *l = c->out;
  if (pool && l->events[event].moved_pool) return OM_OK;
  if (l->lots[lot].n_steps > 0 && l->steps[l->lots[lot].last].event == event) return OM_OK;
  uint32_t found = OM_LINEAGE_NONE;
  enum om_code code = OM_OK;
  for (uint32_t i = l->lots[lot].n_steps == 0 && ahead ? 0 : UINT32_MAX; ahead && i < ahead->n_rows && code == OM_OK;
       i++)
    code = take_row(c, &found, lot, &ahead->rows[i], event, st);
  if (code == OM_OK && found != event) code = take_rows(c, &found, lot, event, st);
  return code == OM_OK && found != event ? no_row(l, lot, event, st) : code;
}

/* ---- what went into an event ---- */

static enum om_code add_input(struct collect *c, const uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t event, bool pool,
                              const struct om_ahead_input *ahead, struct om_status *st) {
  struct om_lineage *l = c->out;
  uint32_t lot = om_lineage_add(l, number);
  if (l->n_inputs >= OM_LINEAGE_MAX_LINKS) return limit(st);
  l->inputs = grown(l->inputs, l->n_inputs, &l->cap_inputs, sizeof *l->inputs);
  l->inputs[l->n_inputs++] = lot;
  l->events[event].n_inputs++;
  enum om_code code = om_progress_tell(c->progress, "collecting", c->told++, 0, st);
  return code == OM_OK ? take_input(c, lot, event, pool, ahead, st) : code;
}

/* All numbers are found before any of the lots is taken in: that may look into other entries. */
static enum om_code expand(struct collect *c, uint32_t event, const struct om_ahead *ahead, struct om_status *st) {
  struct om_lineage_event at = c->out->events[event];
  const uint8_t *numbers[OM_EVENT_REFS_MAX];
  size_t n = 0;
  bool pool;
  enum om_code code = OM_OK;
  c->out->events[event].first_input = (uint32_t)c->out->n_inputs;
  for (size_t i = 0; ahead && i < ahead->n && code == OM_OK; i++)
    code = add_input(c, ahead->inputs[i].number, event, ahead->pool, &ahead->inputs[i], st);
  if (ahead && ahead->found) return code;
  code = om_finder_inputs(&c->finders[0], numbers, &n, &pool, &at, st);
  for (size_t i = 0; i < n && code == OM_OK; i++) code = add_input(c, numbers[i], event, pool, NULL, st);
  return code;
}

/* ---- ahead ---- */

static void look_ahead(void *ctx, size_t who, size_t part) {
  struct collect *c = ctx;
  size_t n = c->ahead_to - c->ahead_from, end = (part + 1) * PART < n ? (part + 1) * PART : n;
  for (size_t i = part * PART; i < end; i++)
    om_finder_ahead(&c->finders[who], &c->ahead[i], &c->ahead_inputs, &c->out->events[c->queue[c->ahead_from + i]]);
}

static void forget_ahead(struct collect *c) {
  for (size_t i = 0; i < c->ahead_to - c->ahead_from; i++) free(c->ahead[i].inputs);
  c->ahead_from = c->ahead_to = 0;
}

/* What is known of queue[I], after a look ahead if it is time; NULL: nothing. */
static const struct om_ahead *ahead_of(struct collect *c, size_t i) {
  if (i < c->ahead_to) return &c->ahead[i - c->ahead_from];
  forget_ahead(c);
  if (om_crew_size(c->crew) == 1 || c->n_queue - i < AHEAD_FEW) return NULL;
  c->ahead_from = i;
  c->ahead_to = c->n_queue - i < AHEAD ? c->n_queue : i + AHEAD;
  memset(c->ahead, 0, AHEAD * sizeof *c->ahead);
  atomic_store(&c->ahead_inputs, 0);
  om_crew_do(c->crew, (c->ahead_to - i + PART - 1) / PART, look_ahead, c);
  return &c->ahead[0];
}

/* ---- all of it ---- */

static enum om_code collect_all(struct collect *c, struct om_status *st) {
  uint32_t found;
  enum om_code code = take_rows(c, &found, 0, OM_LINEAGE_NONE, st);
  if (code == OM_OK && found == OM_LINEAGE_NONE)
    return om_fail(st, OM_MISSING, "lot",
                   "no such lot is known here; if it was recorded a moment ago elsewhere, it may not have arrived yet");
  for (size_t i = 0; i < c->n_queue && code == OM_OK; i++) {
    code = om_progress_tell(c->progress, "collecting", c->told++, 0, st);
    if (code == OM_OK) code = expand(c, c->queue[i], ahead_of(c, i), st);
  }
  return code;
}

enum om_code om_lineage_collect(struct om_lineage *out, struct om_txn *txn, const struct om_hash *network,
                                const uint8_t number[OM_LOT_NUMBER_BYTES], const struct om_progress *progress,
                                struct om_status *st) {
  return om_lineage_collect_steps(out, &txn, NULL, network, number, 0, progress, st);
}

enum om_code om_lineage_collect_steps(struct om_lineage *out, struct om_txn **txns, struct om_crew *crew,
                                      const struct om_hash *network, const uint8_t number[OM_LOT_NUMBER_BYTES],
                                      uint32_t n_steps, const struct om_progress *progress, struct om_status *st) {
  size_t n = om_crew_size(crew);
  struct collect c = {.out = out, .txn = txns[0], .n_steps = n_steps, .progress = progress, .crew = crew};
  c.finders = calloc(n, sizeof *c.finders);
  c.ahead = calloc(AHEAD, sizeof *c.ahead);
  OM_ASSERT(c.finders && c.ahead);
  for (size_t i = 0; i < n; i++) {
    c.finders[i].txn = txns[i];
    c.finders[i].network = network;
  }
  *out = (struct om_lineage){0};
  om_lineage_add(out, number);
  enum om_code code = collect_all(&c, st);
  forget_ahead(&c);
  for (size_t i = 0; i < n; i++) om_arena_free(&c.finders[i].arena);
  free(c.finders);
  free(c.ahead);
  free(c.queue);
  return code;
}
