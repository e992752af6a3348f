/* Figures: each a number, its unit, and a bound measured in the same run, so that a ratio can be compared between
 * machines. */
#ifndef OREMARK_TESTS_BENCH_H
#define OREMARK_TESTS_BENCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/client.pb-c.h"
#include "support/network.h"

struct figure {
  const char *name;
  double value;
  const char *unit;
  double bound; /* what the value is divided by, or the limit itself */
  const char *bound_is;
  double goal; /* of the ratio, or of the value where on_value */
  bool on_value;
  bool less; /* smaller is better */
};

/* Prints FIGURE as a table row or a JSON line. */
void figure_print(const struct figure *figure);

/* Sorts the N values V; the one below which lies the share AT of them. */
double quantile(double *v, size_t n, double at);

/* Becomes a run of this program for the figure NAME alone, printed in the same form. For what has to stand in the
 * environment from the start. */
void bench_again(const char *name) __attribute__((noreturn));

double now_s(void);    /* monotonic */
int64_t wall_ms(void); /* Unix time */

/* ---- bounds ---- */

/* libsodium verifications a second on all cores together, of 32-byte messages. */
double bound_verify(void);
/* Bytes a second that one core hashes, in long pieces from memory: no reading of a store is faster. */
double bound_hash(void);
/* Rows a second at which bare LMDB takes the keys and values of the store in PATH again, in as many commits as COMMITS.
 */
double bound_lmdb(const char *path, uint64_t commits, uint64_t *rows);

/* Seconds that a commit of one small row to bare LMDB takes: the median of many. */
double bound_commit(void);

/* Seconds, the median of many, that a circle of processes takes for such commits alone, in the pattern of one statement
 * that becomes final: one at home, then one at each of WITNESSES processes told at the same time, and where QUORUM of
 * them have answered one more at home. No daemon on this machine can be faster, whatever it does beside. */
double bound_circle(size_t witnesses, size_t quorum);

/* ---- a daemon under measurement ---- */

struct daemon_process {
  pid_t pid;
  char folder[512]; /* store/, keys/, genesis, oremarkd.conf, sock */
  char socket[540];
};

/* Writes the folder of DAEMON: keys, genesis, settings. It listens on port LISTEN, and connects to daemon PEER on
 * PEER_PORT; 0: not. */
void daemon_prepare(struct daemon_process *d, const struct network *net, size_t daemon, int listen, size_t peer,
                    int peer_port);
/* Adds one more daemon that D connects to. Before the start. */
void daemon_add_peer(const struct daemon_process *d, size_t peer, int peer_port);
/* A port of loopback that nobody uses now. */
int free_port(void);
void daemon_start(struct daemon_process *d);
void daemon_stop(struct daemon_process *d);
void daemon_remove(struct daemon_process *d);
/* Size of LOG at the daemon; final only if FINAL. */
uint64_t daemon_size(struct daemon_process *d, uint32_t log, bool final);
/* Waits until LOG has SIZE entries there. */
void daemon_await(struct daemon_process *d, uint32_t log, uint64_t size, bool final);
/* Its links, as a reply Peers; the caller frees it. */
Oremark__Reply *daemon_peers(const struct daemon_process *d);
/* Resident bytes but for the map of the store. */
uint64_t daemon_rss(const struct daemon_process *d);

/* ---- the client's side ---- */

enum { LOAD_PER_MS = 16 };

struct load {
  uint8_t *bytes; /* framed Submit requests, one after the other */
  size_t len;
  uint64_t n; /* requests */
  uint64_t events;
  int64_t first_ms; /* load_extracts: when the first was signed; the others LOAD_PER_MS to a millisecond */
};

/* N statements of EVENTS Extract events each by member MEMBER, signed, as framed requests. */
void load_extracts(struct load *load, struct network *net, uint32_t member, uint64_t n, size_t events);
/* Adds one signed statement. */
void load_one(struct load *load, const uint8_t *statement, size_t len);
void load_free(struct load *load);
/* Sends the load down the daemon's socket, as fast as it is taken, and reads every reply; stops the program if one is
 * no receipt. Returns the seconds that it took; WATCH, if given, is called with CTX about ten times a second. */
double load_send(struct daemon_process *d, const struct load *load, void (*watch)(void *ctx), void *ctx);
/* Registers site 1 of MEMBER. The daemon's own log must be the registry. */
void load_site(struct daemon_process *d, struct network *net, uint32_t member);

int bench_connect(const struct daemon_process *d);
/* One request, one reply; the caller frees it with oremark__reply__free_unpacked. */
Oremark__Reply *bench_ask(int fd, Oremark__Request *request);
/* The next reply. */
Oremark__Reply *bench_read(int fd);

/* ---- figures ---- */

void bench_ingest_single(void);
void bench_ingest_batch(void);
void bench_mirror_single(void);
void bench_mirror_batch(void);
void bench_verify_lineage(void);
void bench_flags(void);
void bench_verify_million(void);
void bench_verify_deep(void);
void bench_rss_million(void);
void bench_finality(void);
void bench_finality_disk(void);
void bench_wire(void);
void bench_catch_up(void);
void bench_idle_peers(void);
void bench_bundle(void);
void bench_inclusion(void);

#endif
