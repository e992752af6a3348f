/* The writer: the one thread that owns the ledger's write transaction. It serves heads, then submissions, then
 * mirrored entries in slices of a few milliseconds, and makes everything durable with one flush; what arrives
 * meanwhile is checked by the pool and goes into the next. Outcomes come back to the loop after the flush, in the
 * order of the jobs of their class.
 *
 * Ownership: borrows the ledger and the keys until it is closed. A job is the writer's from om_writer_add until the
 * done hook. Thread: every function here is the loop's; the hooks run there too. */
#ifndef OREMARK_DAEMON_IO_WRITER_H
#define OREMARK_DAEMON_IO_WRITER_H

#include "daemon/io/queue.h"

typedef struct uv_loop_s uv_loop_t;

enum {
  OM_WRITER_ITEMS_MAX = 4096,    /* statements with the writer at once: a tenth of a second's work */
  OM_WRITER_BYTES_MAX = 8 << 20, /* of them; unpacked they take several times as much */
};

struct om_writer;

struct om_writer_hooks {
  void *ctx;
  /* At least one flush has been made since the last time: what the ledger holds may have changed. Comes before the
   * jobs of it. */
  void (*committed)(void *ctx);
  /* JOB has its outcome and is the callee's to free. */
  void (*done)(void *ctx, struct om_job *job);
  /* After the last done of a wake: time to write replies, and to read on where om_writer_has_room. */
  void (*settled)(void *ctx);
  /* The disk failed: nothing more is written, every job is answered with WHY, the daemon is to stop. Once. */
  void (*failed)(void *ctx, const struct om_status *why);
  /* Asked of every submission before it is written, in a thread of the pool: see om_door. NULL: nothing is asked. */
  enum om_code (*door)(void *ctx, const struct om_checked *checked, struct om_status *st);
  /* After om_writer_stop: everything has been written and handed back. Once. */
  void (*stopped)(void *ctx);
};

/* Starts the writer and a pool of THREADS that checks for it. OM_IO when the system gives no thread. */
enum om_code om_writer_open(struct om_writer **out, uv_loop_t *loop, struct om_ledger *ledger,
                            const struct om_signers_keys *keys, size_t threads, const struct om_writer_hooks *hooks,
                            struct om_status *st);
/* From here on the own log is signed, follows the registry and takes statements. Once. */
void om_writer_ready(struct om_writer *writer);
/* Takes JOB over. Not after om_writer_stop. */
void om_writer_add(struct om_writer *writer, struct om_job *job);
/* Takes over JOB, a submission of one statement that is accepted by hand; it comes back by the done hook. False:
 * another is under way, or the daemon stops; JOB stays the caller's. */
bool om_writer_accept(struct om_writer *writer, struct om_job *job);
/* The jobs of LIST in order, before anything is done with the first; empties it. */
void om_writer_add_all(struct om_writer *writer, struct om_job_list *list);
/* False: clients are not to be read until the next settled hook says otherwise. */
bool om_writer_has_room(const struct om_writer *writer);
/* Number of the own log as of the last flush; OM_LOG_NONE: none. */
uint32_t om_writer_own_log(struct om_writer *writer);
/* Writes what waits, then calls the stopped hook. */
void om_writer_stop(struct om_writer *writer);
/* Ends it after the stopped hook; its handle closes within the loop. */
void om_writer_close(struct om_writer *writer);

#endif
