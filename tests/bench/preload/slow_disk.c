/* Preloaded into a program under measurement: each flush takes SLOW_DISK_US microseconds of the environment, or longer
 * where the disk itself does. As on a disk of its own: flushes of several programs don't wait for each other. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int slow_disk_loaded = 1; /* whoever measures looks whether it is there */

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_msync)(void *, size_t, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static long us;

static void find(void *out, const char *name) {
  void *f = dlsym(RTLD_NEXT, name);
  if (f == NULL) abort();
  memcpy(out, &f, sizeof f);
}

__attribute__((constructor)) static void start(void) {
  const char *asked = getenv("SLOW_DISK_US");
  us = asked == NULL ? 0 : atol(asked);
  find(&real_fsync, "fsync");
  find(&real_fdatasync, "fdatasync");
  find(&real_msync, "msync");
  find(&real_pwrite, "pwrite");
}

static struct timespec now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t;
}

/* Waits until what has begun at T has taken its time. */
static void wait_from(struct timespec t) {
  t.tv_nsec += us % 1000000 * 1000;
  t.tv_sec += us / 1000000 + t.tv_nsec / 1000000000;
  t.tv_nsec %= 1000000000;
  while (us > 0 && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) continue;
}

/* Whether what is written to FD is flushed with it, as LMDB's meta page is. */
static int writes_through(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags != -1 && (flags & O_DSYNC) != 0;
}

int fsync(int fd) {
  struct timespec begun = now();
  int rc = real_fsync(fd);
  wait_from(begun);
  return rc;
}

int fdatasync(int fd) {
  struct timespec begun = now();
  int rc = real_fdatasync(fd);
  wait_from(begun);
  return rc;
}

int msync(void *at, size_t len, int flags) {
  struct timespec begun = now();
  int rc = real_msync(at, len, flags);
  if (flags & MS_SYNC) wait_from(begun);
  return rc;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
  struct timespec begun = now();
  ssize_t n = real_pwrite(fd, bytes, len, at);
  if (writes_through(fd)) wait_from(begun);
  return n;
}
