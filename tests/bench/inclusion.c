/* inclusion: proofs that entries stand in the cosigned tree, asked for over the client socket in random order, one
 * client, pipelined; every one is checked against the root. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pair.h"

enum {
  ENTRIES = 100000,
  PROOFS = 300000,
  CHECKED_EVERY = 16, /* checking takes as long as making them */
  FRAME_HEAD = 4,
  READ_BYTES = 1 << 20,
};

struct asker {
  int fd;
  uint64_t size, sent, got;
  struct om_hash *leaves, root;
  uint32_t random;
  uint32_t *indexes; /* of each request */
  uint8_t *out, *in;
  size_t out_len, out_at, in_len;
};

static uint32_t next_random(uint32_t *x) {
  *x ^= *x << 13, *x ^= *x >> 17, *x ^= *x << 5;
  return *x;
}

/* All requests, made before the clock runs: the client shares the machine. */
static void make_requests(struct asker *a) {
  a->indexes = malloc(PROOFS * sizeof *a->indexes);
  a->out = malloc((size_t)PROOFS * 32);
  OM_ASSERT(a->indexes && a->out);
  for (uint64_t i = 0; i < PROOFS; i++) {
    Oremark__ProveInclusion prove = OREMARK__PROVE_INCLUSION__INIT;
    Oremark__Request request = OREMARK__REQUEST__INIT;
    a->indexes[i] = (uint32_t)(next_random(&a->random) % a->size);
    request.id = i + 1;
    request.what_case = OREMARK__REQUEST__WHAT_PROVE_INCLUSION;
    request.prove_inclusion = &prove;
    prove.log = 1;
    prove.index = a->indexes[i];
    prove.size = a->size;
    size_t len = oremark__request__pack(&request, a->out + a->out_len + FRAME_HEAD);
    OM_ASSERT(len <= 32 - FRAME_HEAD);
    om_be32(a->out + a->out_len, (uint32_t)len);
    a->out_len += FRAME_HEAD + len;
  }
}

static void take_reply(struct asker *a, const uint8_t *frame, size_t len) {
  struct om_proof proof;
  if (++a->got % CHECKED_EVERY) return;
  Oremark__Reply *reply = oremark__reply__unpack(NULL, len, frame);
  OM_ASSERT(reply && reply->what_case == OREMARK__REPLY__WHAT_INCLUSION && reply->id == a->got);
  proof.n = reply->inclusion->hashes.len / OM_HASH_BYTES;
  OM_ASSERT(proof.n <= OM_PROOF_MAX);
  memcpy(proof.hashes, reply->inclusion->hashes.data, proof.n * OM_HASH_BYTES);
  uint32_t index = a->indexes[a->got - 1];
  OM_ASSERT(om_inclusion_ok(&a->leaves[index], index, a->size, &proof, &a->root));
  oremark__reply__free_unpacked(reply, NULL);
}

static void take_replies(struct asker *a) {
  ssize_t n = read(a->fd, a->in + a->in_len, READ_BYTES - a->in_len);
  OM_ASSERT(n > 0);
  a->in_len += (size_t)n;
  size_t at = 0;
  while (a->in_len - at >= FRAME_HEAD && a->in_len - at - FRAME_HEAD >= om_get32(a->in + at)) {
    size_t len = om_get32(a->in + at);
    take_reply(a, a->in + at + FRAME_HEAD, len);
    at += FRAME_HEAD + len;
  }
  a->in_len -= at;
  memmove(a->in, a->in + at, a->in_len);
}

static double ask_all(struct asker *a) {
  double begin = now_s();
  while (a->got < PROOFS) {
    struct pollfd p = {a->fd, (short)(POLLIN | (a->out_at < a->out_len ? POLLOUT : 0)), 0};
    OM_ASSERT(poll(&p, 1, -1) == 1);
    if (p.revents & POLLOUT) {
      ssize_t n = write(a->fd, a->out + a->out_at, a->out_len - a->out_at);
      if (n > 0) a->out_at += (size_t)n;
    }
    if (p.revents & POLLIN) take_replies(a);
  }
  return now_s() - begin;
}

static enum om_code no_tile(void *arg, unsigned level, uint64_t index, const struct om_hash hashes[OM_TILE_HASHES],
                            struct om_status *st) {
  (void)arg, (void)level, (void)index, (void)hashes, (void)st;
  return OM_OK;
}

/* Every entry's leaf, and the root over them. */
static void read_leaves(struct asker *a) {
  a->leaves = malloc(a->size * sizeof *a->leaves);
  OM_ASSERT(a->leaves);
  for (uint64_t first = 0; first < a->size;) {
    Oremark__ReadEntries get = OREMARK__READ_ENTRIES__INIT;
    Oremark__Request request = OREMARK__REQUEST__INIT;
    request.what_case = OREMARK__REQUEST__WHAT_READ_ENTRIES;
    request.read_entries = &get;
    get.log = 1;
    get.first = first;
    get.count = a->size - first < OM_TILE_HASHES ? (uint32_t)(a->size - first) : OM_TILE_HASHES;
    for (Oremark__Reply *reply = bench_ask(a->fd, &request);; reply = bench_read(a->fd)) {
      OM_ASSERT(reply->what_case == OREMARK__REPLY__WHAT_ENTRIES);
      for (size_t i = 0; i < reply->entries->n_entries; i++) {
        om_leaf_hash(&a->leaves[first], reply->entries->entries[i].data, reply->entries->entries[i].len);
        first++;
      }
      bool more = reply->more;
      oremark__reply__free_unpacked(reply, NULL);
      if (!more) break;
    }
  }
  struct om_edge *edge = calloc(1, sizeof *edge);
  struct om_status st;
  OM_ASSERT(edge);
  for (uint64_t i = 0; i < a->size; i++) OM_ASSERT(om_edge_append(edge, &a->leaves[i], no_tile, NULL, &st) == OM_OK);
  om_edge_root(edge, &a->root);
  free(edge);
}

void bench_inclusion(void) {
  struct pair p;
  struct load load;
  struct asker a = {.random = 2463534242};
  double best = 1e9;
  pair_open(&p);
  load_extracts(&load, &p.net, 2, ENTRIES, 1);
  load_send(&p.home, &load, NULL, NULL);
  load_free(&load);
  a.size = daemon_size(&p.home, 1, false);
  a.fd = bench_connect(&p.home);
  a.in = malloc(READ_BYTES);
  OM_ASSERT(a.fd >= 0 && a.in);
  read_leaves(&a);
  make_requests(&a);
  OM_ASSERT(fcntl(a.fd, F_SETFL, O_NONBLOCK) == 0);
  for (int i = 0; i < 3; i++) {
    a.got = a.out_at = a.in_len = 0;
    double took = ask_all(&a);
    if (took < best) best = took;
  }
  figure_print(&(struct figure){.name = "inclusion",
                                .value = PROOFS / best,
                                .unit = "proofs/s",
                                .bound = 50000,
                                .bound_is = "proofs/s asked for",
                                .goal = 1});
  close(a.fd);
  free(a.indexes);
  free(a.leaves);
  free(a.out);
  free(a.in);
  pair_close(&p);
}
