/* The documents that the lineage's events, attestations about its lots, and the certificates that bear on it name: are
 * those that are held here what was named? */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/attested.h"
#include "ledger/step.h"
#include "ledger/verify_state.h"

struct named {
  struct om_place by;
  const Oremark__Document *document;
  char start[17]; /* of the hash, hexadecimal */
};

/* What was found of a document that was named before: contracts and certificates are named again and again, and to hash
 * one takes long. */
struct known {
  struct om_hash hash;
  uint64_t size;
  enum om_document_state state;
};

static int by_hash(const void *a, const void *b) {
  return memcmp(((const struct known *)a)->hash.bytes, ((const struct known *)b)->hash.bytes, OM_HASH_BYTES);
}

static enum om_document_state check(struct om_verify *v, uint64_t *size, const struct om_hash *hash) {
  struct known *known = malloc(sizeof *known), **found;
  OM_ASSERT(known);
  *known = (struct known){.hash = *hash};
  found = tsearch(known, &v->known_documents, by_hash);
  OM_ASSERT(found);
  if (*found == known)
    known->state = v->documents->check(v->documents->ctx, &known->size, hash);
  else
    free(known);
  *size = (*found)->size;
  return (*found)->state;
}

static void judge(struct om_verify *v, const struct named *named) {
  static const char where[] = "entry %llu of %s, event %u: \"%s\" (%s): ";
  struct om_hash hash;
  uint64_t size = 0;
  char front[OM_STATUS_TEXT_BYTES];
  memcpy(hash.bytes, named->document->hash.data, sizeof hash.bytes);
  enum om_document_state state = check(v, &size, &hash);
  snprintf(front, sizeof front, where, (unsigned long long)named->by.index, om_verify_origin(v, named->by.log),
           named->by.event, named->document->name, named->start);
  switch (state) {
    case OM_DOCUMENT_HELD:
      if (size == named->document->size)
        om_verify_pass(v, OM_CHECK_DOCUMENTS, 1);
      else
        om_verify_fail(v, OM_CHECK_DOCUMENTS, "%sit has %llu bytes, and the event says %llu", front,
                       (unsigned long long)size, (unsigned long long)named->document->size);
      return;
    case OM_DOCUMENT_ALTERED:
      om_verify_fail(v, OM_CHECK_DOCUMENTS, "%sthe bytes that are held here have been altered", front);
      return;
    case OM_DOCUMENT_MISSING:
      om_verify_find(v, "document",
                     v->given ? "%sit is not in the file"
                              : "%sit is not held here; 'oremark document get' asks other daemons for it",
                     front);
      return;
    case OM_DOCUMENT_ERASED: om_verify_find(v, "document", "%sit was erased here", front); return;
  }
}

static void judge_event(struct om_verify *v, struct om_arena *arena, struct om_place by, const struct om_bytes *entry) {
  struct om_found found;
  const Oremark__Event *event = NULL;
  if (om_find_event(&found, entry->data, entry->len, by.event))
    event = oremark__event__unpack(om_arena_protobuf(arena), found.event.len, found.event.data);
  for (size_t i = 0; event && i < event->n_documents; i++) {
    struct named named = {by, event->documents[i], ""};
    if (named.document->hash.len != OM_HASH_BYTES) break; /* no such entry was taken in: other checks say so */
    for (size_t j = 0; j < 8; j++) snprintf(named.start + 2 * j, 3, "%02x", named.document->hash.data[j]);
    judge(v, &named);
  }
  om_arena_reset(arena);
}

/* ---- beside the lineage ---- */

enum { PAPERS_MAX = 1 << 14 }; /* more of one lineage nobody reads; that they are not looked after is told */

static int place_order(const void *a, const void *b) {
  const struct om_place *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return (x->event > y->event) - (x->event < y->event);
}

/* Each once: a certificate on a lot is also what a record draws from, and many may draw from one. */
static void order_papers(struct om_verify *v) {
  size_t n = 0;
  if (v->n_papers > 0) qsort(v->papers, v->n_papers, sizeof *v->papers, place_order);
  for (size_t i = 0; i < v->n_papers; i++)
    if (n == 0 || place_order(&v->papers[n - 1], &v->papers[i]) != 0) v->papers[n++] = v->papers[i];
  v->n_papers = n;
}

/* Room for one more. Where half of it is the same again, there is room in what there is. False: there are too many. */
static bool room_for_paper(struct om_verify *v) {
  if (v->n_papers < v->cap_papers) return true;
  order_papers(v);
  if (v->n_papers > 0 && v->n_papers <= v->cap_papers / 2) return true;
  if (v->cap_papers == PAPERS_MAX) return false;
  v->cap_papers = v->cap_papers == 0 ? 16 : 2 * v->cap_papers;
  v->papers = realloc(v->papers, v->cap_papers * sizeof *v->papers);
  OM_ASSERT(v->papers);
  return true;
}

enum om_code om_verify_paper(struct om_verify *v, const struct om_place *at, struct om_status *st) {
  bool named[OM_EVENTS_MAX], final;
  struct om_bytes entry;
  if (!v->documents || v->papers_cut) return OM_OK;
  enum om_code code = om_log_entry(v->txn, &entry, at->log, at->index, st);
  if (code == OM_MISSING) om_verify_fail(v, OM_CHECK_LINEAGE, "the entry of an attestation is not here: %s", st->text);
  if (code != OM_OK) return code == OM_MISSING ? OM_OK : code;
  if (at->event >= OM_EVENTS_MAX || !om_find_documents(named, entry.data, entry.len) || !named[at->event]) return OM_OK;
  code = om_verify_also(v, &final, at, st);
  if (code != OM_OK || !final) return code; /* nobody answers for it */
  v->papers_cut = !room_for_paper(v);
  if (!v->papers_cut) v->papers[v->n_papers++] = *at;
  return OM_OK;
}

static enum om_code find_papers(struct om_verify *v, struct om_status *st) {
  struct om_subject_key about;
  enum om_code code = OM_OK;
  if (!v->documents || !om_verify_lots_attested(v->txn)) return om_txn_check(v->txn, st);
  for (size_t i = 0; code == OM_OK && i < v->lineage.n_lots; i++) {
    struct om_place at = {0};
    int kind;
    om_about_lot(&about, v->lineage.lots[i].number);
    while (code == OM_OK && om_attested_next(v->txn, &at, &kind, &about)) code = om_verify_paper(v, &at, st);
    if (code == OM_OK) code = om_progress_tell(v->progress, "finding papers", i, v->lineage.n_lots, st);
  }
  return code == OM_OK ? om_txn_check(v->txn, st) : code;
}

enum om_code om_verify_papers(struct om_verify *v, struct om_status *st) {
  enum om_code code = find_papers(v, st);
  order_papers(v);
  return code;
}

static void add_naming(struct om_verify *v, const struct om_lineage_event *event) {
  if (v->n_naming == v->cap_naming) {
    v->cap_naming = v->cap_naming == 0 ? 16 : 2 * v->cap_naming;
    v->naming = realloc(v->naming, v->cap_naming * sizeof *v->naming);
    OM_ASSERT(v->naming);
  }
  v->naming[v->n_naming++] = (struct om_place){event->log, event->index, event->event, 0};
}

/* The events of the lineage that name documents: what is in their entries does not change. */
static enum om_code find_naming(struct om_verify *v, struct om_status *st) {
  bool named[OM_EVENTS_MAX], any = false;
  const struct om_lineage_event *before = NULL;
  enum om_code code = OM_OK;
  for (size_t i = 0; code == OM_OK && i < v->lineage.n_events; i++) {
    const struct om_lineage_event *event = &v->lineage.events[v->order[i]];
    if (!before || before->log != event->log || before->index != event->index) {
      struct om_status ignored; /* an entry that is not there was told of by others */
      struct om_bytes entry;
      before = event;
      any = om_log_entry(v->txn, &entry, event->log, event->index, &ignored) == OM_OK &&
            om_find_documents(named, entry.data, entry.len);
    }
    if (any && event->event < OM_EVENTS_MAX && named[event->event]) add_naming(v, event);
    code = om_progress_tell(v->progress, "finding documents", i, v->lineage.n_events, st);
  }
  return code;
}

/* Documents are large: after each entry it is looked whether anybody still waits. */
static enum om_code judge_places(struct om_verify *v, const struct om_place *places, size_t n, struct om_status *st) {
  struct om_arena arena = {0};
  enum om_code code = OM_OK;
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    struct om_bytes entry;
    struct om_status ignored; /* it was there when it was found */
    if (om_log_entry(v->txn, &entry, places[i].log, places[i].index, &ignored) == OM_OK)
      judge_event(v, &arena, places[i], &entry);
    code = om_progress_tell(v->progress, "hashing documents", i * OM_PROGRESS_EACH, n * OM_PROGRESS_EACH, st);
  }
  om_arena_free(&arena);
  return code;
}

enum om_code om_verify_documents(struct om_verify *v, struct om_status *st) {
  if (!v->documents) return OM_OK;
  enum om_code code = v->recalled ? OM_OK : find_naming(v, st);
  if (v->papers_cut)
    om_verify_find(v, "document",
                   "more attestations than %zu name documents: those of the others were not looked after", v->n_papers);
  if (code == OM_OK) code = judge_places(v, v->naming, v->n_naming, st);
  if (code == OM_OK) code = judge_places(v, v->papers, v->n_papers, st);
  tdestroy(v->known_documents, free);
  v->known_documents = NULL;
  return code == OM_OK ? om_txn_check(v->txn, st) : code;
}
