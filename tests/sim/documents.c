/* Documents under seeds: members put them at a home and name them in what they say; daemons that lack one fetch it from
 * their peers when somebody asks for it, crash meanwhile, lose theirs with their stores and erase them; liars serve
 * altered bytes. What an honest daemon holds has the bytes that were put first, what was erased stays away until it is
 * put again, what a log names its daemon has held, and in the end everybody has what anybody honest still holds. In a
 * quarter of the seeds; its choices are drawn apart, so that the others stay as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "support/seed.h"

enum {
  DOCUMENTS_ONE_IN = 4, /* seeds */
  NAMES_ONE_IN = 5,     /* statements */
  ASK_ONE_IN = 6,       /* steps */
  ERASE_ONE_IN = 40,
  LEAST_BYTES = 16, /* the seed, and what tells two of a run apart */
  SMALL_BYTES = 2000,
  LARGE_BYTES = OM_DOCUMENT_PART_BYTES + 70000, /* two parts */
  NOTHING = -1,
};

static uint64_t below(struct sim *s, uint64_t limit) {
  return test_below(&s->documents.random, limit);
}

void sim_documents_begin(struct sim *s) {
  s->documents.random = s->seed * 0x8EBC6AF09C88C6E3u + 11;
  s->documents.on = below(s, DOCUMENTS_ONE_IN) == 0;
  s->documents.attached = NOTHING;
}

void sim_documents_end(struct sim *s) {
  for (size_t i = 0; i < s->documents.n; i++) free(s->documents.of[i].bytes);
}

/* ---- a daemon's ---- */

static void folder_of(const struct sim_node *n, char out[4200]) {
  snprintf(out, 4200, "%s/documents", n->path);
}

/* In the place of what it holds. */
static bool give_altered(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                         uint64_t offset) {
  struct sim_node *n = sim_node_of_holdings(ctx);
  struct om_status st;
  if (om_documents_read(n->documents, bytes, len, size, hash, offset, OM_DOCUMENT_PART_BYTES, &st) != OM_OK)
    return false;
  if (below(n->sim, 2)) bytes[below(n->sim, *len)] ^= 1;
  return true;
}

/* The disk takes its time. */
static void fetched(void *ctx, const struct om_hash *hash, uint8_t *bytes, size_t len) {
  struct sim_node *n = sim_node_of_holdings(ctx);
  for (size_t i = 0; i < OM_FETCHES_MAX; i++) {
    if (n->keeping[i].bytes != NULL) continue;
    n->keeping[i] = (struct sim_keeping){*hash, bytes, len};
    return;
  }
  sim_violation(n->sim, "daemon %u fetches more than %d documents at once", n->daemon, OM_FETCHES_MAX);
}

void sim_documents_open(struct sim_node *n, struct om_node_config *config) {
  char folder[4200];
  struct om_status st;
  if (!n->sim->documents.on) return;
  folder_of(n, folder);
  sim_must(n->sim, om_documents_open(&n->documents, folder, UINT64_C(1) << 30, &st), &st, "opening the documents");
  n->holdings.documents = n->documents;
  om_holdings_config(&n->holdings, config);
  config->fetched = fetched;
  if (sim_liar(n)) config->document = give_altered;
}

void sim_documents_close(struct sim_node *n) {
  for (size_t i = 0; i < OM_FETCHES_MAX; i++) {
    free(n->keeping[i].bytes);
    n->keeping[i].bytes = NULL;
  }
  om_documents_close(n->documents);
  n->documents = NULL;
}

void sim_documents_lose(struct sim_node *n) {
  char folder[4200];
  if (!n->sim->documents.on) return;
  folder_of(n, folder);
  remove_folder(strdup(folder));
  n->held = n->erased = 0;
}

/* ---- what members do ---- */

static int new_document(struct sim *s) {
  if (s->documents.n == SIM_DOCUMENTS) return (int)below(s, SIM_DOCUMENTS);
  struct sim_document *d = &s->documents.of[s->documents.n];
  d->len = below(s, 6) ? LEAST_BYTES + below(s, SMALL_BYTES) : LARGE_BYTES;
  d->bytes = malloc(d->len);
  OM_ASSERT(d->bytes != NULL);
  for (size_t i = 0; i < d->len; i++) d->bytes[i] = (uint8_t)(i * 31 + s->documents.n);
  om_be64(d->bytes, s->seed);
  om_sha256(&d->hash, d->bytes, d->len);
  return (int)s->documents.n++;
}

void sim_documents_attach(struct sim *s, Oremark__Event *event) {
  s->documents.attached = NOTHING;
  if (!s->documents.on || below(s, NAMES_ONE_IN)) return;
  static char name[] = "assay.pdf";
  int which = s->documents.n > 0 && below(s, 2) ? (int)below(s, s->documents.n) : new_document(s);
  struct sim_document *d = &s->documents.of[which];
  Oremark__Document *named = (Oremark__Document *)om_arena_copy(
      &s->tale.arena, &(const Oremark__Document)OREMARK__DOCUMENT__INIT, sizeof(Oremark__Document));
  named->hash = (ProtobufCBinaryData){OM_HASH_BYTES, d->hash.bytes};
  named->size = d->len;
  named->name = name;
  event->documents = (Oremark__Document **)om_arena_copy(&s->tale.arena, &named, sizeof(Oremark__Document *));
  event->n_documents = 1;
  s->documents.attached = which;
}

static void put(struct sim_node *n, int which) {
  struct sim_document *d = &n->sim->documents.of[which];
  struct om_status st;
  bool done = false;
  for (size_t at = 0; at < d->len && !done;) {
    size_t len = d->len - at < OM_DOCUMENT_PART_BYTES ? d->len - at : OM_DOCUMENT_PART_BYTES;
    struct om_document_part part = {
        .hash = d->hash, .size = d->len, .upload = 1, .offset = at, .bytes = {d->bytes + at, len}};
    sim_must(n->sim, om_documents_part(n->documents, &done, &part, &st), &st, "putting a document");
    at += len;
  }
  n->held |= 1u << which;
  n->erased &= ~(1u << which);
  d->was_at |= 1u << n->daemon;
}

void sim_documents_put(struct sim_node *n) {
  if (n->sim->documents.attached != NOTHING && n->up && below(n->sim, 8)) put(n, n->sim->documents.attached);
}

/* As oremarkd's door does. */
bool sim_documents_door(struct sim_node *n, const uint8_t *bytes, size_t len) {
  struct om_status st = {0};
  Oremark__SignedStatement *said = oremark__signed_statement__unpack(NULL, len, bytes);
  Oremark__Statement *statement = oremark__statement__unpack(NULL, said->statement.len, said->statement.data);
  bool in = om_documents_door(n->documents, statement, &st) == OM_OK;
  oremark__statement__free_unpacked(statement, NULL);
  oremark__signed_statement__free_unpacked(said, NULL);
  return in;
}

/* ---- what daemons do ---- */

static int which_of(const struct sim *s, const struct om_hash *hash) {
  for (size_t i = 0; i < s->documents.n; i++)
    if (om_hash_equal(&s->documents.of[i].hash, hash)) return (int)i;
  return NOTHING;
}

static void erase(struct sim_node *n, int which) {
  struct om_status st = {0};
  bool was;
  sim_must(n->sim, om_documents_erase(n->documents, &was, &n->sim->documents.of[which].hash, &st), &st, "erasing");
  if (was != ((n->held & 1u << which) != 0))
    sim_violation(n->sim, "daemon %u has%s document %d, which was to be erased", n->daemon, was ? "" : " not", which);
  if (!was) return;
  n->held &= ~(1u << which);
  n->erased |= 1u << which;
  n->sim->documents.erasures++;
}

/* Now and then somebody here has put it meanwhile, and has it erased. */
static void keep(struct sim_node *n, struct sim_keeping *k) {
  struct sim *s = n->sim;
  struct om_status st = {0};
  int which = which_of(s, &k->hash);
  if (below(s, 8) == 0) {
    put(n, which);
    erase(n, which);
  }
  enum om_code code = om_documents_whole(n->documents, &k->hash, k->bytes, k->len, &st);
  bool erased = n->erased & 1u << which;
  if (code != OM_OK && !(erased && code == OM_REFUSED)) sim_must(s, code, &st, "keeping a document");
  if (code == OM_OK && erased)
    sim_violation(s, "daemon %u brings back document %d, which it has erased", n->daemon, which);
  if (code == OM_OK) {
    n->held |= 1u << which;
    s->documents.of[which].was_at |= 1u << n->daemon;
    s->documents.fetched++;
  }
  om_node_fetched(n->node, &k->hash);
  free(k->bytes);
  k->bytes = NULL;
}

static void ask(struct sim_node *n, int which) {
  const struct om_hash *hash = &n->sim->documents.of[which].hash;
  enum om_document_state state = om_documents_state(n->documents, NULL, hash);
  if (state != OM_DOCUMENT_MISSING ||
      (om_node_fetch(n->node, hash, n->sim->now_ms) == OM_FETCH_NOWHERE && !n->sim->healing))
    n->wanted &= ~(1u << which);
}

static void step_node(struct sim_node *n) {
  struct sim *s = n->sim;
  if (s->healing) n->wanted = sim_documents_settled(s) ? 0 : ((1u << s->documents.n) - 1) & ~n->held & ~n->erased;
  for (size_t i = 0; i < OM_FETCHES_MAX; i++)
    if (n->keeping[i].bytes != NULL && below(s, 3) == 0) keep(n, &n->keeping[i]);
  for (int i = 0; i < (int)s->documents.n; i++)
    if (n->wanted & 1u << i) ask(n, i);
}

void sim_documents_step(struct sim *s) {
  if (!s->documents.on || s->documents.n == 0) return;
  struct sim_node *n = &s->nodes[below(s, s->n_nodes)];
  int which = (int)below(s, s->documents.n);
  if (!s->healing && below(s, ASK_ONE_IN) == 0) n->wanted |= 1u << which;
  if (!s->healing && n->up && below(s, ERASE_ONE_IN) == 0) erase(n, which);
  for (size_t i = 0; i < s->n_nodes; i++)
    if (s->nodes[i].up) step_node(&s->nodes[i]);
}

/* ---- what must hold ---- */

void sim_documents_model(struct sim *s, uint32_t log, const Oremark__Event *event) {
  for (size_t i = 0; i < event->n_documents; i++) {
    struct om_hash hash;
    memcpy(hash.bytes, event->documents[i]->hash.data, sizeof hash.bytes);
    int which = which_of(s, &hash);
    if (which == NOTHING) sim_violation(s, "log %u names a document that nobody has made", log);
    if (!(s->documents.of[which].was_at & 1u << log) && !sim_liar(&s->nodes[log]))
      sim_violation(s, "log %u names document %d, which its daemon never held", log, which);
  }
}

static void check_one(struct sim_node *n, int which) {
  static uint8_t bytes[LARGE_BYTES];
  struct sim *s = n->sim;
  const struct sim_document *d = &s->documents.of[which];
  struct om_status st = {0};
  uint64_t size = 0;
  bool held = n->held & 1u << which, erased = n->erased & 1u << which;
  enum om_document_state state = om_documents_check(n->documents, &size, &d->hash), right = held ? OM_DOCUMENT_HELD
                                                                                            : erased
                                                                                                ? OM_DOCUMENT_ERASED
                                                                                                : OM_DOCUMENT_MISSING;
  if (state != right || (held && size != d->len))
    sim_violation(s, "document %d is %s at daemon %u, and should be %s", which, om_document_state_name(state),
                  n->daemon, om_document_state_name(right));
  for (size_t at = 0, len; held && at < d->len; at += len)
    sim_must(s, om_documents_read(n->documents, bytes + at, &len, &size, &d->hash, at, sizeof bytes - at, &st), &st,
             "reading a document");
  if (held && memcmp(bytes, d->bytes, d->len) != 0)
    sim_violation(s, "daemon %u holds other bytes of document %d than were put", n->daemon, which);
}

void sim_documents_check(struct sim *s) {
  if (!s->documents.on) return;
  for (size_t i = 0; i < s->n_nodes; i++)
    for (size_t d = 0; s->nodes[i].up && d < s->documents.n; d++) check_one(&s->nodes[i], (int)d);
}

/* What N could have by now: of who can't reach it, only what others fetch and hand on, unless they have erased it. */
static uint32_t within_reach(const struct sim *s, const struct sim_node *n) {
  uint32_t held = 0;
  for (size_t i = 0; i < s->n; i++) {
    const struct sim_node *other = &s->nodes[i];
    if (!other->gone && !sim_liar(other) && !(n->behind && other->behind)) held |= other->held;
  }
  return held;
}

bool sim_documents_settled(struct sim *s) {
  for (size_t i = 0; i < s->n; i++) {
    const struct sim_node *n = &s->nodes[i];
    if (!n->gone && !sim_liar(n) && (within_reach(s, n) & ~n->held & ~n->erased)) return false;
  }
  return true;
}
