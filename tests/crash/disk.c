#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "keys/status.h"

static struct {
  bool recording, filling, failing_sync, skipping;
  char path[PATH_MAX];
  bool begun; /* base was taken */
  struct disk_trace trace;
  size_t left; /* writes or syncs until it refuses */
  bool short_next;
  size_t refused;
  bool refused_meta;
} disk;

static bool is_watched(int fd) {
  struct stat here, there;
  if (!disk.recording && !disk.filling && !disk.failing_sync) return false;
  return fstat(fd, &here) == 0 && stat(disk.path, &there) == 0 && here.st_dev == there.st_dev &&
         here.st_ino == there.st_ino;
}

static void set_path(const char *path) {
  OM_ASSERT(strlen(path) < sizeof disk.path);
  strcpy(disk.path, path);
}

/* ---- recording ---- */

static struct disk_op *add_op(enum disk_kind kind) {
  struct disk_trace *t = &disk.trace;
  if (t->n == t->room) {
    t->room = t->room * 2 + 256;
    t->ops = realloc(t->ops, t->room * sizeof *t->ops);
    OM_ASSERT(t->ops);
  }
  struct disk_op *op = &t->ops[t->n++];
  *op = (struct disk_op){.kind = kind};
  return op;
}

static void take_base(int fd) {
  struct stat info;
  OM_ASSERT(fstat(fd, &info) == 0);
  disk.trace.base_len = (size_t)info.st_size;
  disk.trace.base = malloc(disk.trace.base_len);
  OM_ASSERT(disk.trace.base_len == 0 || disk.trace.base);
  int own = open(disk.path, O_RDONLY | O_CLOEXEC);
  OM_ASSERT(own >= 0 && pread(own, disk.trace.base, disk.trace.base_len, 0) == (ssize_t)disk.trace.base_len);
  close(own);
  disk.begun = true;
}

static void record_write(int fd, const struct iovec *parts, int n, off_t at) {
  if (!disk.begun) take_base(fd);
  struct disk_op *op = add_op(DISK_WRITE);
  op->durable = fcntl(fd, F_GETFL) & O_DSYNC;
  op->at = (uint64_t)at;
  for (int i = 0; i < n; i++) op->len += parts[i].iov_len;
  op->bytes = malloc(op->len);
  OM_ASSERT(op->bytes);
  for (size_t i = 0, to = 0; i < (size_t)n; to += parts[i++].iov_len)
    memcpy(op->bytes + to, parts[i].iov_base, parts[i].iov_len);
}

void disk_watch(const char *path) {
  OM_ASSERT(!disk.recording);
  set_path(path);
  disk.recording = true;
}

void disk_ack(size_t number) {
  if (disk.recording) add_op(DISK_ACK)->number = number;
}

struct disk_trace disk_take(void) {
  struct disk_trace out = disk.trace;
  memset(&disk, 0, sizeof disk);
  return out;
}

void disk_free(struct disk_trace *trace) {
  for (size_t i = 0; i < trace->n; i++) free(trace->ops[i].bytes);
  free(trace->ops);
  free(trace->base);
  *trace = (struct disk_trace){0};
}

/* ---- refusing ---- */

void disk_fill(const char *path, size_t after, bool short_first) {
  disk_mend();
  set_path(path);
  disk.filling = true;
  disk.left = after;
  disk.short_next = short_first;
}

void disk_fail_sync(const char *path, size_t after) {
  disk_mend();
  set_path(path);
  disk.failing_sync = true;
  disk.left = after;
}

void disk_mend(void) {
  disk.filling = disk.failing_sync = disk.short_next = disk.refused_meta = false;
  disk.left = disk.refused = 0;
}

size_t disk_refused(bool *meta) {
  *meta = disk.refused_meta;
  return disk.refused;
}

void disk_skip_syncs(bool skip) {
  disk.skipping = skip;
}

/* Whether this call is refused; *HALF if it is to do half of its work first. */
static bool refuse(int fd, bool *half) {
  *half = false;
  if (disk.left > 0) {
    disk.left--;
    return false;
  }
  bool durable = fcntl(fd, F_GETFL) & O_DSYNC;
  if (disk.refused++ == 0) disk.refused_meta = durable;
  *half = disk.short_next && !durable; /* the meta page is written within one sector */
  disk.short_next = false;
  return true;
}

/* ---- what LMDB calls ---- */

static ssize_t write_parts(int fd, const struct iovec *parts, int n, off_t at) {
  bool half;
  ssize_t done = 0;
  if (is_watched(fd)) {
    if (disk.filling && refuse(fd, &half)) {
      errno = ENOSPC;
      return half ? (ssize_t)syscall(SYS_pwrite64, fd, parts[0].iov_base, parts[0].iov_len / 2, at) : -1;
    }
    if (disk.recording) record_write(fd, parts, n, at);
  }
  for (int i = 0; i < n; i++) {
    ssize_t one = (ssize_t)syscall(SYS_pwrite64, fd, parts[i].iov_base, parts[i].iov_len, at + done);
    if (one < 0) return one;
    done += one;
    if ((size_t)one < parts[i].iov_len) break;
  }
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
  struct iovec part = {(void *)(uintptr_t)bytes, len};
  return write_parts(fd, &part, 1, at);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
  if (!is_watched(fd)) return (ssize_t)syscall(SYS_writev, fd, parts, n);
  off_t at = lseek(fd, 0, SEEK_CUR);
  OM_ASSERT(at >= 0);
  ssize_t done = write_parts(fd, parts, n, at);
  if (done > 0) lseek(fd, at + done, SEEK_SET);
  return done;
}

static int synced(int fd, long call) {
  bool half;
  if (is_watched(fd)) {
    if (disk.failing_sync && refuse(fd, &half)) {
      errno = EIO;
      return -1;
    }
    if (disk.recording) add_op(DISK_SYNC);
  }
  return disk.skipping ? 0 : (int)syscall(call, fd);
}

int fdatasync(int fd) {
  return synced(fd, SYS_fdatasync);
}

int fsync(int fd) {
  return synced(fd, SYS_fsync);
}

/* What om_store asks when a write was cut short. */
int statvfs(const char *path, struct statvfs *out) {
  struct statfs info;
  if (statfs(path, &info) != 0) return -1;
  *out = (struct statvfs){.f_bsize = (unsigned long)info.f_bsize, .f_bavail = disk.filling ? 0 : info.f_bavail};
  return 0;
}

/* The ways that this does not know. */
ssize_t write(int fd, const void *bytes, size_t len) {
  OM_ASSERT(!is_watched(fd));
  return (ssize_t)syscall(SYS_write, fd, bytes, len);
}

int ftruncate(int fd, off_t len) {
  OM_ASSERT(!is_watched(fd));
  return (int)syscall(SYS_ftruncate, fd, len);
}

int msync(void *at, size_t len, int flags) {
  OM_ASSERT(!disk.recording);
  return (int)syscall(SYS_msync, at, len, flags);
}
