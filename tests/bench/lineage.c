/* verify-lineage: `lot verify` over a lineage of 100,000 records. flags: which concerns bear on a lot that came of
 * 100,000 others through diamonds: split and joined again, each with another's half, so that many ways lead back to
 * each. verify-million: ten times as many, beside the hashing of the same bytes. verify-deep: one record in a
 * statement, beside the signatures alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lots.h"
#include "pair.h"
#include "proto/client.pb-c.h"

enum {
  LOTS = 33000, /* each extracted, split off... see below: three records a lot */
  LOTS_MILLION = 333000,
  LOTS_DEEP = 5000,
  LOTS_FLAGS = 10000, /* mined; each round of diamonds makes three of each: 100,000 in all, and those that join them */
  ROUNDS = 3,
  ASKED = 25, /* times: the median counts */
  DEEP_ROUNDS = 8,
  EVENTS = 100, /* in a statement, at most */
  STAGE = 1000, /* inputs that are combined at a time */
};

/* Sends one statement and says which lots its events wrote: the first PER of each. */
static void state_each(struct pair *p, Oremark__Event **events, size_t n, struct lot *out, size_t per) {
  struct load load = {0};
  uint32_t member = 2;
  size_t len;
  uint8_t *bytes = network_statement(&p->net, &len, member, wall_ms(), events, n, &member, 1);
  load_one(&load, bytes, len);
  load_send(&p->home, &load, NULL, NULL);
  load_free(&load);
  for (size_t i = 0; i < n * per; i++)
    network_lot(&p->net, out[i].number, &out[i].last, bytes, len, (uint16_t)(i / per), (uint16_t)(i % per));
  free(bytes);
}

static void state(struct pair *p, Oremark__Event **events, size_t n, struct lot *out) {
  state_each(p, events, n, out, 1);
}

enum { COPPER_MG = 1000000 };

/* LOTS lots, their records EVENTS to a statement. */
struct size {
  size_t lots, events;
};

static void extract_all(struct pair *p, struct lot *lots, struct size size) {
  struct material m;
  Oremark__Extract act = OREMARK__EXTRACT__INIT;
  Oremark__Event event[EVENTS], *list[EVENTS];
  set_material(&m, COPPER_MG);
  act.site = 1;
  act.n_lots = 1;
  act.lots = m.list;
  for (size_t i = 0; i < size.lots; i += size.events) {
    for (size_t e = 0; e < size.events; e++) {
      event[e] = (Oremark__Event)OREMARK__EVENT__INIT;
      event[e].kind_case = OREMARK__EVENT__KIND_EXTRACT;
      event[e].extract = &act;
      list[e] = &event[e];
    }
    state(p, list, size.events, lots + i);
  }
}

/* Every lot goes through one process that keeps all its metal: a record that makes a new lot of each. */
static void transform_all(struct pair *p, struct lot *lots, struct size size) {
  struct material m;
  Oremark__Transform act[EVENTS];
  Oremark__LotRef ref[EVENTS], *refs[EVENTS];
  Oremark__Event event[EVENTS], *list[EVENTS];
  set_material(&m, COPPER_MG);
  for (size_t i = 0; i < size.lots; i += size.events) {
    for (size_t e = 0; e < size.events; e++) {
      refer(&ref[e], &lots[i + e]);
      refs[e] = &ref[e];
      act[e] = (Oremark__Transform)OREMARK__TRANSFORM__INIT;
      act[e].site = 1;
      act[e].process = OREMARK__PROCESS__PROCESS_CONCENTRATE;
      act[e].n_inputs = 1;
      act[e].inputs = &refs[e];
      act[e].n_outputs = 1;
      act[e].outputs = m.list;
      event[e] = (Oremark__Event)OREMARK__EVENT__INIT;
      event[e].kind_case = OREMARK__EVENT__KIND_TRANSFORM;
      event[e].transform = &act[e];
      list[e] = &event[e];
    }
    state(p, list, size.events, lots + i);
  }
}

/* Every lot is parted: lot I into HALVES 2 I and 2 I + 1. */
static void split_all(struct pair *p, struct lot *halves, struct lot *lots, struct size size) {
  struct material m;
  Oremark__Split act[EVENTS];
  Oremark__LotRef ref[EVENTS];
  Oremark__Event event[EVENTS], *list[EVENTS];
  set_material(&m, COPPER_MG / 2);
  Oremark__Material *parts[] = {&m.material, &m.material};
  for (size_t i = 0; i < size.lots; i += size.events) {
    for (size_t e = 0; e < size.events; e++) {
      refer(&ref[e], &lots[i + e]);
      act[e] = (Oremark__Split)OREMARK__SPLIT__INIT;
      act[e].lot = &ref[e];
      act[e].n_parts = 2;
      act[e].parts = parts;
      event[e] = (Oremark__Event)OREMARK__EVENT__INIT;
      event[e].kind_case = OREMARK__EVENT__KIND_SPLIT;
      event[e].split = &act[e];
      list[e] = &event[e];
    }
    state_each(p, list, size.events, halves + 2 * i, 2);
  }
}

/* And joined: each lot's first half with the second one of the lot STRIDE further on. */
static void join_all(struct pair *p, struct lot *lots, struct lot *halves, struct size size, size_t stride) {
  struct material m;
  Oremark__Combine act[EVENTS];
  Oremark__LotRef ref[EVENTS][2], *refs[EVENTS][2];
  Oremark__Event event[EVENTS], *list[EVENTS];
  set_material(&m, COPPER_MG);
  for (size_t i = 0; i < size.lots; i += size.events) {
    for (size_t e = 0; e < size.events; e++) {
      refer(&ref[e][0], &halves[2 * (i + e)]);
      refer(&ref[e][1], &halves[2 * ((i + e + stride) % size.lots) + 1]);
      refs[e][0] = &ref[e][0];
      refs[e][1] = &ref[e][1];
      act[e] = (Oremark__Combine)OREMARK__COMBINE__INIT;
      act[e].n_lots = 2;
      act[e].lots = refs[e];
      act[e].whole = &m.material;
      event[e] = (Oremark__Event)OREMARK__EVENT__INIT;
      event[e].kind_case = OREMARK__EVENT__KIND_COMBINE;
      event[e].combine = &act[e];
      list[e] = &event[e];
    }
    state(p, list, size.events, lots + i);
  }
}

static struct lot combine(struct pair *p, struct lot *lots, size_t n, uint64_t copper_mg) {
  struct material m;
  struct lot out;
  Oremark__Combine act = OREMARK__COMBINE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *list[] = {&event};
  Oremark__LotRef *ref = calloc(n, sizeof *ref), **refs = calloc(n, sizeof *refs);
  OM_ASSERT(ref && refs);
  for (size_t i = 0; i < n; i++) {
    refer(&ref[i], &lots[i]);
    refs[i] = &ref[i];
  }
  set_material(&m, copper_mg);
  act.n_lots = n;
  act.lots = refs;
  act.whole = &m.material;
  event.kind_case = OREMARK__EVENT__KIND_COMBINE;
  event.combine = &act;
  state(p, list, 1, &out);
  free(ref);
  free(refs);
  return out;
}

/* All of them in one. */
static struct lot combine_all(struct pair *p, struct lot *lots, struct size size) {
  size_t n = size.lots / STAGE;
  struct lot *stages = calloc(n, sizeof *stages);
  OM_ASSERT(stages);
  for (size_t i = 0; i < n; i++) stages[i] = combine(p, lots + i * STAGE, STAGE, (uint64_t)STAGE * COPPER_MG);
  struct lot last = combine(p, stages, n, (uint64_t)size.lots * COPPER_MG);
  free(stages);
  return last;
}

/* The one lot that comes of them all. */
static struct lot grow(struct pair *p, struct lot *lots, struct size size) {
  for (int i = 0; i < 2; i++) transform_all(p, lots, size);
  return combine_all(p, lots, size);
}

/* The same through diamonds: each round joins those that lie twice as far apart, so that a lot comes of 2^ROUNDS. */
static struct lot grow_diamonds(struct pair *p, struct lot *lots, struct size size) {
  struct lot *halves = calloc(2 * size.lots, sizeof *halves);
  OM_ASSERT(halves);
  for (size_t round = 0; round < ROUNDS; round++) {
    split_all(p, halves, lots, size);
    join_all(p, lots, halves, size, (size_t)1 << round);
  }
  free(halves);
  return combine_all(p, lots, size);
}

static Oremark__Reply *verify(struct pair *p, struct lot *lot, bool deep) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__VerifyLot ask = OREMARK__VERIFY_LOT__INIT;
  request.id = 1;
  request.what_case = OREMARK__REQUEST__WHAT_VERIFY_LOT;
  request.verify_lot = &ask;
  ask.number = (ProtobufCBinaryData){sizeof lot->number, lot->number};
  ask.deep = deep;
  int fd = bench_connect(&p->home);
  OM_ASSERT(fd >= 0);
  Oremark__Reply *reply = bench_ask(fd, &request);
  while (reply->more) {
    oremark__reply__free_unpacked(reply, NULL);
    reply = bench_read(fd);
  }
  close(fd);
  if (reply->what_case == OREMARK__REPLY__WHAT_VERDICT && reply->verdict->verified) return reply;
  fprintf(stderr, "oremark-bench: not verified: %s\n", reply->text);
  exit(1);
}

/* A concern about one lot at the far end of the lineage. */
static void raise_flag(struct pair *p, struct lot *about) {
  static char text[] = "tags seen at two sites";
  struct lot none;
  Oremark__Subject subject = OREMARK__SUBJECT__INIT;
  Oremark__Flag flag = OREMARK__FLAG__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *list[] = {&event};
  subject.lot = (ProtobufCBinaryData){sizeof about->number, about->number};
  flag.subject = &subject;
  flag.category = OREMARK__FLAG_CATEGORY__FLAG_CATEGORY_OTHER;
  flag.severity = 1;
  flag.text = text;
  event.kind_case = OREMARK__EVENT__KIND_FLAG;
  event.flag = &flag;
  state(p, list, 1, &none);
}

/* How long the answer takes which concerns bear on LOT; it must be one. */
static double ask_flags(struct pair *p, struct lot *lot) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListAttestations ask = OREMARK__LIST_ATTESTATIONS__INIT;
  request.id = 1;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_ATTESTATIONS;
  request.list_attestations = &ask;
  ask.lineage = (ProtobufCBinaryData){sizeof lot->number, lot->number};
  int fd = bench_connect(&p->home);
  OM_ASSERT(fd >= 0);
  double begin = now_s();
  Oremark__Reply *reply = bench_ask(fd, &request);
  double took = now_s() - begin;
  if (reply->what_case != OREMARK__REPLY__WHAT_ATTESTATIONS || reply->attestations->n_attestations != 1) {
    fprintf(stderr, "oremark-bench: the concern is not told: %s\n", reply->text);
    exit(1);
  }
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  return took;
}

/* The shortest of three times that LOT takes to be verified; *RECORDS and *BYTES of it, and *FIRST: how long it took
 * when nothing was remembered of it. */
static double verify_best(struct pair *p, struct lot *lot, uint64_t *records, uint64_t *bytes, double *first) {
  double best = 1e9;
  for (int i = 0; i < 3; i++) {
    double begin = now_s();
    Oremark__Reply *reply = verify(p, lot, false);
    double took = now_s() - begin;
    if (took < best) best = took;
    if (i == 0) *first = took;
    *records = reply->verdict->records;
    *bytes = reply->verdict->bytes;
    oremark__reply__free_unpacked(reply, NULL);
  }
  return best;
}

void bench_verify_lineage(void) {
  struct pair p;
  struct size size = {LOTS, EVENTS};
  struct lot *lots = calloc(LOTS, sizeof *lots);
  uint64_t records, bytes;
  double first;
  OM_ASSERT(lots);
  pair_open(&p);
  extract_all(&p, lots, size);
  struct lot last = grow(&p, lots, size);
  double best = verify_best(&p, &last, &records, &bytes, &first);
  fprintf(stderr, "verify-lineage: %llu records, the first time in %.3f s\n", (unsigned long long)records, first);
  figure_print(&(struct figure){.name = "verify-lineage",
                                .value = best,
                                .unit = "s",
                                .bound = 1,
                                .bound_is = "s allowed for 99,000 records",
                                .goal = 1,
                                .less = true});
  pair_close(&p);
  free(lots);
}

void bench_flags(void) {
  struct pair p;
  struct size size = {LOTS_FLAGS, EVENTS};
  struct lot *lots = calloc(LOTS_FLAGS, sizeof *lots);
  double took[ASKED];
  OM_ASSERT(lots);
  pair_open(&p);
  extract_all(&p, lots, size);
  raise_flag(&p, &lots[LOTS_FLAGS / 2]);
  struct lot last = grow_diamonds(&p, lots, size);
  Oremark__Reply *reply = verify(&p, &last, false);
  for (size_t i = 0; i < ASKED; i++) took[i] = ask_flags(&p, &last);
  double first = took[0];
  fprintf(stderr, "flags: %d lots in %llu records, the first time in %.3f s\n", LOTS_FLAGS * (1 + 3 * ROUNDS),
          (unsigned long long)reply->verdict->records, first);
  oremark__reply__free_unpacked(reply, NULL);
  figure_print(&(struct figure){.name = "flags",
                                .value = quantile(took, ASKED, 0.5),
                                .unit = "s, median",
                                .bound = 0.1,
                                .bound_is = "s allowed, diamonds of 100,000 lots",
                                .goal = 1,
                                .less = true});
  pair_close(&p);
  free(lots);
}

void bench_verify_million(void) {
  struct pair p;
  struct size size = {LOTS_MILLION, EVENTS};
  struct lot *lots = calloc(LOTS_MILLION, sizeof *lots);
  uint64_t records, bytes;
  double first;
  OM_ASSERT(lots);
  pair_open(&p);
  extract_all(&p, lots, size);
  struct lot last = grow(&p, lots, size);
  double best = verify_best(&p, &last, &records, &bytes, &first);
  fprintf(stderr, "verify-million: %llu records of %llu bytes in %.3f s, the first time in %.3f s\n",
          (unsigned long long)records, (unsigned long long)bytes, best, first);
  figure_print(&(struct figure){.name = "verify-million",
                                .value = (double)bytes / best,
                                .unit = "bytes/s",
                                .bound = bound_hash(),
                                .bound_is = "bytes/s hashed, one core",
                                .goal = 0.5});
  pair_close(&p);
  free(lots);
}

void bench_verify_deep(void) {
  struct pair p;
  struct size size = {LOTS_DEEP, 1};
  struct lot *lots = calloc(LOTS_DEEP, sizeof *lots);
  uint64_t records = 0;
  OM_ASSERT(lots);
  pair_open(&p);
  extract_all(&p, lots, size);
  struct lot last = grow(&p, lots, size);
  double bound = bound_verify(), took = 0;
  for (int i = 0; i < DEEP_ROUNDS; i++) { /* in turns: the machine may slow down or speed up meanwhile */
    double begin = now_s();
    Oremark__Reply *reply = verify(&p, &last, true);
    took += now_s() - begin;
    records = reply->verdict->records;
    oremark__reply__free_unpacked(reply, NULL);
    bound += bound_verify();
  }
  fprintf(stderr, "verify-deep: %llu records, a signature each, in %.3f s\n", (unsigned long long)records,
          took / DEEP_ROUNDS);
  figure_print(&(struct figure){.name = "verify-deep",
                                .value = (double)records * DEEP_ROUNDS / took,
                                .unit = "signatures/s",
                                .bound = bound / (DEEP_ROUNDS + 1),
                                .bound_is = "verifications/s, all cores",
                                .goal = 0.9});
  pair_close(&p);
  free(lots);
}
