/* Lineages that were verified. What is kept of one is only used where all that the rules were judged on hashes to the
 * same again, entry for entry, under the heads of now; heads, finality, what bears on the lot and documents are looked
 * at anew each time. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/verify_state.h"

enum { LOTS_MAX = 64 }; /* a person or a program asks about a few again */

struct om_verify_memory {
  struct om_remembered *lots[LOTS_MAX];
  size_t n, bytes, max_bytes;
  uint64_t questions;
};

struct om_verify_memory *om_verify_memory_new(size_t max_bytes) {
  struct om_verify_memory *memory = calloc(1, sizeof *memory);
  OM_ASSERT(memory);
  memory->max_bytes = max_bytes;
  return memory;
}

static void drop(struct om_verify_memory *memory, size_t i) {
  struct om_remembered *r = memory->lots[i];
  memory->bytes -= r->bytes;
  memory->lots[i] = memory->lots[--memory->n];
  om_lineage_free(&r->lineage);
  free(r->order);
  free(r->entry_of);
  free(r->entries);
  free(r->marks);
  free(r->naming);
  free(r);
}

void om_verify_memory_free(struct om_verify_memory *memory) {
  if (!memory) return;
  while (memory->n > 0) drop(memory, 0);
  free(memory);
}

static size_t find(const struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  size_t i = 0;
  while (i < memory->n && memcmp(memory->lots[i]->number, number, OM_LOT_NUMBER_BYTES) != 0) i++;
  return i;
}

void om_verify_forget(struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  size_t i = find(memory, number);
  if (i < memory->n) drop(memory, i);
}

/* Is there a row behind the last one that is remembered? */
static bool went_on(struct om_txn *txn, const struct om_remembered *r) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes row;
  om_lot_key(key, r->number, r->lineage.lots[0].n_steps);
  return om_txn_get(txn, &row, OM_TABLE_LOTS, key, sizeof key);
}

bool om_verify_recall(struct om_verify *v, struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  size_t i = memory ? find(memory, number) : 0;
  if (!memory || i == memory->n) return false;
  struct om_remembered *r = memory->lots[i];
  if (went_on(v->txn, r) || r->documents != (v->documents != NULL)) {
    drop(memory, i);
    return false;
  }
  r->used = ++memory->questions;
  v->recalled = r;
  v->lineage = r->lineage;
  v->order = r->order;
  v->entry_of = r->entry_of;
  v->entries = r->entries;
  v->n_entries = r->n_entries;
  v->marks = r->marks;
  v->n_marks = r->n_marks;
  v->naming = r->naming;
  v->n_naming = r->n_naming;
  return true;
}

static size_t bytes_of(const struct om_verify *v) {
  const struct om_lineage *l = &v->lineage;
  const struct om_lineage_table *tables[] = {&l->by_number, &l->by_place, &l->by_hand};
  size_t sum = sizeof(struct om_remembered) + l->cap_lots * sizeof *l->lots + l->cap_events * sizeof *l->events +
               l->cap_steps * sizeof *l->steps + l->cap_inputs * sizeof *l->inputs + l->cap_hands * sizeof *l->hands;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) sum += tables[i]->n_slots * sizeof *tables[i]->slots;
  return sum + l->n_events * (sizeof *v->order + sizeof *v->entry_of) + (v->n_entries + 1) * sizeof *v->entries +
         v->cap_marks * sizeof *v->marks + v->cap_naming * sizeof *v->naming;
}

static void make_room(struct om_verify_memory *memory, size_t bytes) {
  while (memory->n > 0 && (memory->n == LOTS_MAX || memory->bytes > memory->max_bytes - bytes)) {
    size_t oldest = 0;
    for (size_t i = 1; i < memory->n; i++)
      if (memory->lots[i]->used < memory->lots[oldest]->used) oldest = i;
    drop(memory, oldest);
  }
}

/* What the lineage, its plan and the rules have passed: what else there is, is checked again each time. */
static void take_passed(struct om_remembered *r, const struct om_verdict *verdict) {
  static const enum om_check_kind kinds[] = {OM_CHECK_LINEAGE, OM_CHECK_MARK,        OM_CHECK_RULES, OM_CHECK_CHAIN,
                                             OM_CHECK_CUSTODY, OM_CHECK_ATTRIBUTION, OM_CHECK_STATE, OM_CHECK_BALANCE};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) r->passed[kinds[i]] = verdict->checks[kinds[i]].passed;
}

void om_verify_keep(struct om_verify *v, struct om_verify_memory *memory, const uint8_t number[OM_LOT_NUMBER_BYTES]) {
  size_t bytes = bytes_of(v);
  if (bytes > memory->max_bytes || v->n_revoked > 0) return; /* what is doubtful may be known better next time */
  om_verify_forget(memory, number);
  make_room(memory, bytes);
  struct om_remembered *r = calloc(1, sizeof *r);
  OM_ASSERT(r);
  *r = (struct om_remembered){.documents = v->documents != NULL,
                              .leaves = v->leaves,
                              .bystanders = v->bystanders,
                              .lineage = v->lineage,
                              .order = v->order,
                              .entry_of = v->entry_of,
                              .entries = v->entries,
                              .n_entries = v->n_entries,
                              .marks = v->marks,
                              .n_marks = v->n_marks,
                              .naming = v->naming,
                              .n_naming = v->n_naming,
                              .bytes = bytes,
                              .used = ++memory->questions};
  memcpy(r->number, number, OM_LOT_NUMBER_BYTES);
  take_passed(r, v->verdict);
  memory->lots[memory->n++] = r;
  memory->bytes += bytes;
  v->recalled = r; /* it is the memory's now */
}
