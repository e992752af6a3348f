#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024 };

enum om_code om_file_read_fd(int fd, struct om_arena *arena, uint8_t **out, size_t *len, const char *path, size_t max,
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
  if (strcmp(path, "-") == 0) return om_file_read_fd(STDIN_FILENO, arena, out, len, "standard input", max, st);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  enum om_code code = om_file_read_fd(fd, arena, out, len, path, max, st);
  close(fd);
  return code;
}

static enum om_code exists(const char *path, struct om_status *st) {
  return om_fail(st, OM_BUSY, NULL, "%s exists already and is not overwritten: name another file", path);
}

static enum om_code cant_write(const struct om_new_file *file, int error, struct om_status *st) {
  if (error == EEXIST) return exists(file->path, st);
  return om_fail(st, error == ENOSPC ? OM_FULL : OM_IO, NULL, "can't write %s: %s", file->path, strerror(error));
}

enum om_code om_new_file_begin(struct om_new_file *out, const char *path, bool replace, struct om_status *st) {
  *out = (struct om_new_file){.fd = -1, .replace = replace, .path = path};
  if ((size_t)snprintf(out->beside, sizeof out->beside, "%s.%ld.tmp", path, (long)getpid()) >= sizeof out->beside)
    return om_fail(st, OM_USAGE, NULL, "%s: the path is too long", path);
  if (!replace && access(path, F_OK) == 0) return exists(path, st);
  out->fd = open(out->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (out->fd >= 0) return OM_OK;
  return om_fail(st, OM_IO, NULL, "can't write %s: %s", path, strerror(errno));
}

enum om_code om_new_file_write(struct om_new_file *file, const void *bytes, size_t len, struct om_status *st) {
  for (const uint8_t *at = bytes; len > 0;) {
    ssize_t n = write(file->fd, at, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cant_write(file, errno, st);
    at += n;
    len -= (size_t)n;
  }
  return OM_OK;
}

void om_new_file_drop(struct om_new_file *file) {
  if (file->fd < 0) return;
  close(file->fd);
  file->fd = -1;
  unlink(file->beside);
}

enum om_code om_new_file_end(struct om_new_file *file, struct om_status *st) {
  int error = 0;
  if (fsync(file->fd)) error = errno;
  if (close(file->fd) && error == 0) error = errno;
  file->fd = -1;
  /* link() fails where the name is taken, rename() would replace it. */
  if (error == 0 && (file->replace ? rename(file->beside, file->path) : link(file->beside, file->path))) error = errno;
  if (error || !file->replace) unlink(file->beside);
  return error ? cant_write(file, error, st) : OM_OK;
}

enum om_code om_file_write(const char *path, const void *bytes, size_t len, bool replace, struct om_status *st) {
  struct om_new_file file;
  if (om_new_file_begin(&file, path, replace, st) != OM_OK) return st->code;
  if (om_new_file_write(&file, bytes, len, st) == OM_OK) return om_new_file_end(&file, st);
  om_new_file_drop(&file);
  return st->code;
}
