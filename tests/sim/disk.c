/* Stands between LMDB and the disk: what a node writes to its store comes here first. A power failure takes back what
 * was not synced: all of it from some commit on, or any sectors of it, as a disk that writes in its own order does.
 * What is written after the moment of the failure never was. Else syncs cost nothing: nothing here outlives the
 * program.
 *
 * LMDB 0.9 writes a commit so: pages by pwrite and writev, fdatasync, then the meta page by pwrite through a descriptor
 * with O_DSYNC. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sim/sim.h"

enum { SECTOR = 512, META_BYTES = 8192 /* two pages of a store hold what says which commit is the last */ };

struct sim_write {
  off_t at;
  size_t len;
  uint8_t *before; /* zeros beyond the end */
  bool dead;       /* made after the failure */
};

static struct sim_node *writer;

void sim_disk_of(struct sim_node *n) {
  writer = n;
}

static bool is_store(int fd) {
  struct stat here, there;
  char path[4200];
  if (writer == NULL) return false;
  snprintf(path, sizeof path, "%s/data.mdb", writer->path);
  return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* One step of the disk's work; at the last one the power fails. */
static void work(struct sim_disk *disk) {
  if (disk->steps_left > 0 && --disk->steps_left == 0) disk->dead = true;
}

static void keep_old(struct sim_disk *disk, size_t len, off_t at) {
  if (disk->n == disk->room) {
    disk->room = disk->room * 2 + 64;
    disk->writes = realloc(disk->writes, disk->room * sizeof *disk->writes);
    OM_ASSERT(disk->writes != NULL);
  }
  struct sim_write *w = &disk->writes[disk->n++];
  *w = (struct sim_write){at, len, calloc(len, 1), disk->dead};
  OM_ASSERT(w->before != NULL);
  char path[4200];
  snprintf(path, sizeof path, "%s/data.mdb", writer->path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  OM_ASSERT(fd >= 0 && pread(fd, w->before, len, at) >= 0);
  close(fd);
}

static void forget(struct sim_disk *disk, size_t n) {
  for (size_t i = 0; i < n; i++) free(disk->writes[i].before);
  if (disk->n > n) memmove(disk->writes, disk->writes + n, (disk->n - n) * sizeof *disk->writes);
  disk->n -= n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
  if (is_store(fd)) {
    struct sim_disk *disk = &writer->disk;
    work(disk);
    if (disk->dead || !(fcntl(fd, F_GETFL) & O_DSYNC)) keep_old(disk, len, at);
  }
  return (ssize_t)syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
  if (!is_store(fd)) return (ssize_t)syscall(SYS_writev, fd, parts, n);
  off_t at = lseek(fd, 0, SEEK_CUR), end = at;
  for (int i = 0; i < n; i++) {
    ssize_t done = pwrite(fd, parts[i].iov_base, parts[i].iov_len, end);
    if (done < 0) return done;
    end += done;
  }
  lseek(fd, end, SEEK_SET);
  return (ssize_t)(end - at);
}

int fdatasync(int fd) {
  if (!is_store(fd)) return 0;
  struct sim_disk *disk = &writer->disk;
  work(disk);
  if (!disk->dead) forget(disk, disk->n);
  return 0;
}

int fsync(int fd) {
  return fdatasync(fd);
}

/* ---- the failure ---- */

static void put_back(struct sim *s, int fd, const struct sim_write *w, bool whole) {
  for (size_t from = 0; from < w->len; from += SECTOR) {
    size_t n = w->len - from < SECTOR ? w->len - from : SECTOR;
    if (whole || sim_one_in(s, 2))
      OM_ASSERT(syscall(SYS_pwrite64, fd, w->before + from, n, w->at + (off_t)from) == (long)n);
  }
}

/* Some commit after which nothing reached the disk. */
static size_t last_commit(struct sim *s, const struct sim_disk *disk) {
  size_t ends[64], n = 1;
  ends[0] = 0;
  for (size_t i = 0; i < disk->n && n < 64; i++)
    if (disk->writes[i].at < META_BYTES && !disk->writes[i].dead) ends[n++] = i + 1;
  return ends[sim_below(s, n)];
}

void sim_disk_fail(struct sim_node *n) {
  struct sim_disk *disk = &n->disk;
  struct sim *s = n->sim;
  char path[4200];
  disk->steps_left = 0;
  if (disk->n > 0) {
    snprintf(path, sizeof path, "%s/data.mdb", n->path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    OM_ASSERT(fd >= 0);
    size_t last = last_commit(s, disk);
    bool torn = last == 0 && sim_one_in(s, 2);
    for (size_t i = disk->n; i-- > last;) put_back(s, fd, &disk->writes[i], disk->writes[i].dead || !torn);
    close(fd);
  }
  forget(disk, disk->n);
  disk->dead = false;
}

void sim_disk_free(struct sim_node *n) {
  forget(&n->disk, n->disk.n);
  free(n->disk.writes);
  n->disk = (struct sim_disk){0};
}
