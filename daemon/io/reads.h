/* Read requests answered outside the loop: each piece of work holds the requests of one chunk from one client and is
 * answered in libuv's pool from one read transaction. Answers go back to the loop as they grow; work whose client
 * does not read waits. Ownership: a read is the module's from om_reads_add on. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_READS_H
#define OREMARK_DAEMON_IO_READS_H

#include <uv.h>

#include "daemon/core/answer.h"

struct om_reads;
struct om_read;

struct om_reads_config {
  uv_loop_t *loop;
  struct om_store *store;
  void *ctx;
  void (*about)(void *ctx, struct om_about *out, struct om_arena *arena);
  /* Frames for OWNER; LAST: the work is done, and this is its last word (LEN may be 0). */
  void (*answer)(void *owner, const uint8_t *bytes, size_t len, bool last);
  /* False: OWNER has enough bytes waiting. */
  bool (*wants_more)(void *owner);
};

enum om_code om_reads_new(struct om_reads **out, const struct om_reads_config *config, struct om_status *st);
/* When no work is left; its handle closes within the loop. */
void om_reads_free(struct om_reads *reads);

struct om_read *om_read_new(void *owner);
/* Copies a request, which has been found to be one. */
void om_read_add(struct om_read *read, const uint8_t *bytes, size_t len);
void om_reads_add(struct om_reads *reads, struct om_read *read);
/* Reads that are added wait until they are let go on. */
void om_reads_hold(struct om_reads *reads);
void om_reads_go_on(struct om_reads *reads);
/* Answers at once, in the loop, also where others wait: for requests whose answers are short and found by a few rows.
 */
void om_reads_now(struct om_reads *reads, struct om_read *read);
/* OWNER wants more now. */
void om_reads_progress(struct om_reads *reads, void *owner);
/* OWNER wants nothing any more: its work ends soon, each with a last answer. */
void om_reads_cancel(struct om_reads *reads, void *owner);

#endif
