#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024 };

static enum om_code read_all(int fd, struct om_arena *arena, uint8_t **out, size_t *len, const char *path, size_t max,
                             struct om_status *st) {
  size_t cap = READ_BYTES;
  *out = om_arena_alloc(arena, cap + 1);
  *len = 0;
  for (;;) {
    ssize_t n = read(fd, *out + *len, cap - *len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
    if (n == 0) break;
    *len += (size_t)n;
    if (*len > max) return om_fail(st, OM_USAGE, NULL, "%s is larger than %zu bytes: is it the right file?", path, max);
    if (*len < cap) continue;
    uint8_t *larger = om_arena_alloc(arena, 2 * cap + 1);
    memcpy(larger, *out, *len);
    *out = larger;
    cap *= 2;
  }
  (*out)[*len] = '\0';
  return OM_OK;
}

enum om_code om_file_read(struct om_arena *arena, uint8_t **out, size_t *len, const char *path, size_t max,
                          struct om_status *st) {
  if (strcmp(path, "-") == 0) return read_all(STDIN_FILENO, arena, out, len, "standard input", max, st);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  enum om_code code = read_all(fd, arena, out, len, path, max, st);
  close(fd);
  return code;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, bytes, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return fsync(fd) == 0;
}

enum om_code om_file_write(const char *path, const void *bytes, size_t len, bool replace, struct om_status *st) {
  char beside[PATH_MAX];
  if ((size_t)snprintf(beside, sizeof beside, "%s.%ld.tmp", path, (long)getpid()) >= sizeof beside)
    return om_fail(st, OM_USAGE, NULL, "%s: the path is too long", path);
  int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return om_fail(st, OM_IO, NULL, "can't write %s: %s", path, strerror(errno));
  bool ok = write_all(fd, bytes, len);
  int error = errno;
  close(fd);
  /* link() fails where the name is taken, rename() would replace it. */
  if (ok && (replace ? rename(beside, path) : link(beside, path))) ok = false, error = errno;
  if (!ok || !replace) unlink(beside);
  if (ok) return OM_OK;
  if (error == EEXIST)
    return om_fail(st, OM_BUSY, NULL, "%s exists already and is not overwritten: name another file", path);
  return om_fail(st, error == ENOSPC ? OM_FULL : OM_IO, NULL, "can't write %s: %s", path, strerror(error));
}
