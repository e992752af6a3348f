/* wire: bytes that a peer link carries, in bulk against what is stored and when nothing happens. Counted by the daemon
 * that mirrors, as it reads and writes the socket: with records, encryption and handshake, without TCP's and IP's
 * headers. */
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#include "pair.h"

enum {
  SINGLES = 20000, /* statements of one event */
  FULL = 400,      /* of as many events as a statement may hold */
  IDLE_S = 40,     /* two pings each way */
};

struct carried {
  uint64_t in, out;
};

static struct carried carried(const struct daemon_process *d) {
  Oremark__Reply *reply = daemon_peers(d);
  struct carried sum = {0};
  for (size_t i = 0; i < reply->peers->n_peers; i++) {
    sum.in += reply->peers->peers[i]->bytes_in;
    sum.out += reply->peers->peers[i]->bytes_out;
  }
  oremark__reply__free_unpacked(reply, NULL);
  return sum;
}

/* Bytes of the entries of LOG from FROM on, as D has stored them; D must be stopped. */
static uint64_t stored(const struct daemon_process *d, uint32_t log, uint64_t from) {
  char path[600];
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi table;
  MDB_cursor *c;
  MDB_val key, value;
  uint64_t sum = 0;
  snprintf(path, sizeof path, "%s/store", d->folder);
  OM_ASSERT(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 16) == 0);
  OM_ASSERT(mdb_env_open(env, path, MDB_RDONLY, 0600) == 0 && mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0);
  OM_ASSERT(mdb_dbi_open(txn, "entries", 0, &table) == 0 && mdb_cursor_open(txn, table, &c) == 0);
  while (mdb_cursor_get(c, &key, &value, MDB_NEXT) == 0)
    if (om_get32(key.mv_data) == log && om_get64((uint8_t *)key.mv_data + 4) >= from) sum += value.mv_size;
  mdb_cursor_close(c);
  mdb_txn_abort(txn);
  mdb_env_close(env);
  return sum;
}

static void in_bulk(const char *name, uint64_t n, size_t events, bool idle) {
  struct pair p;
  struct load load;
  pair_open(&p);
  load_extracts(&load, &p.net, 2, n, events);
  uint64_t from = daemon_size(&p.home, 1, false); /* the mirror may hold less: then it reads the few more */
  load_send(&p.home, &load, NULL, NULL);
  daemon_start(&p.mirror);
  daemon_await(&p.mirror, 1, daemon_size(&p.home, 1, false), true);
  struct carried begin = carried(&p.mirror), end = begin;
  if (idle) {
    sleep(1);
    end = carried(&p.mirror);
    double since = now_s();
    struct carried first = end;
    sleep(IDLE_S);
    end = carried(&p.mirror);
    figure_print(&(struct figure){.name = "wire-idle",
                                  .value = (double)(end.in + end.out - first.in - first.out) / (now_s() - since),
                                  .unit = "B/s",
                                  .bound = 100,
                                  .bound_is = "B/s allowed, both ways",
                                  .goal = 1,
                                  .less = true});
  }
  daemon_stop(&p.mirror);
  figure_print(&(struct figure){.name = name,
                                .value = (double)begin.in / (double)n,
                                .unit = "B/entry",
                                .bound = (double)stored(&p.mirror, 1, from) / (double)n,
                                .bound_is = "B/entry stored",
                                .goal = 1.1,
                                .less = true});
  load_free(&load);
  pair_close(&p);
}

void bench_wire(void) {
  in_bulk("wire-single", SINGLES, 1, false);
  in_bulk("wire-full", FULL, OM_EVENTS_MAX, true);
}
