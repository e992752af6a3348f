/* Stands between LMDB and the disk: pwrite, writev, fsync and fdatasync of a program that links this come here first.
 * For one watched file it writes down what was written and when it was synced, or refuses writes as a full disk does.
 * Not for more than one thread.
 *
 * LMDB 0.9 writes a commit so: pages by pwrite and writev, fdatasync, then the meta page by pwrite through a descriptor
 * with O_DSYNC. Any other way of writing the watched file that this does not know stops the program. */
#ifndef OREMARK_TESTS_CRASH_DISK_H
#define OREMARK_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_kind {
  DISK_WRITE, /* on its way to the disk */
  DISK_SYNC,  /* all before is there */
  DISK_ACK,   /* the program has told somebody that commit NUMBER is done */
};

struct disk_op {
  enum disk_kind kind;
  bool durable; /* WRITE: there when it returned (O_DSYNC); says nothing of those before it */
  uint64_t at;  /* WRITE: offset */
  uint8_t *bytes;
  size_t len;
  size_t number; /* ACK */
};

/* Everything that happened to the file since it was first written to. BASE is what it held before that, safely. */
struct disk_trace {
  uint8_t *base;
  size_t base_len;
  struct disk_op *ops;
  size_t n, room;
};

/* Begins to record what is written to the file PATH, which need not exist yet. */
void disk_watch(const char *path);
void disk_ack(size_t number);
/* Ends recording; what was recorded is the caller's, to be ended with disk_free. */
struct disk_trace disk_take(void);
void disk_free(struct disk_trace *trace);

/* The file PATH gets no writes from the AFTER-th from now on (0: the next): each fails with ENOSPC; where SHORT_FIRST
 * the first of them writes half of what it should, as a disk does that fills up in the middle. */
void disk_fill(const char *path, size_t after, bool short_first);
/* Its syncs fail with EIO from the AFTER-th on. */
void disk_fail_sync(const char *path, size_t after);
/* All is well again. */
void disk_mend(void);
/* How often the disk has refused since disk_fill or disk_fail_sync; true in *META if the first was a durable write. */
size_t disk_refused(bool *meta);

/* Syncs are not passed on: for stores that live only for a moment. */
void disk_skip_syncs(bool skip);

#endif
