#include "cli/publish_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/show.h"
#include "ledger/merkle.h"

enum {
  NAME_MAX_CHARS = 200, /* with a hash and the names of what is beside it still below 255 */
  HASH_DIGITS = 32,
  COMPARE_BYTES = 64 << 10,
};

#define BESIDE ".new" /* what is being written; of an earlier run that was cut off: written over */
#define CHECKPOINT "checkpoint"

/* ---- names ---- */

static bool stays(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && !first);
}

void om_published_name(char out[OM_PUBLISHED_NAME_BYTES], const char *origin) {
  size_t n = 0;
  bool whole = true;
  for (const char *c = origin; *c && whole; c++) {
    size_t more = *c == '/' || stays(*c, c == origin) ? 1 : 3;
    whole = n + more <= NAME_MAX_CHARS;
    if (!whole) break;
    if (more == 3)
      snprintf(out + n, 4, "=%02x", (unsigned char)*c);
    else
      out[n] = *c == '/' ? '_' : *c;
    n += more;
  }
  out[n] = '\0';
  if (whole) return;
  struct om_hash hash;
  om_sha256(&hash, origin, strlen(origin));
  memcpy(out + n, "==", 2);
  om_hex(out + n + 2, hash.bytes, HASH_DIGITS / 2);
}

void om_tile_path(char out[OM_TILE_PATH_BYTES], bool entries, unsigned level, uint64_t index, unsigned width) {
  unsigned groups[7], n = 0; /* 2^64 has 20 digits */
  size_t used;
  do groups[n++] = (unsigned)(index % 1000), index /= 1000;
  while (index > 0);
  used = (size_t)(entries ? snprintf(out, OM_TILE_PATH_BYTES, "tile/entries")
                          : snprintf(out, OM_TILE_PATH_BYTES, "tile/%u", level));
  while (n-- > 0) used += (size_t)snprintf(out + used, OM_TILE_PATH_BYTES - used, n ? "/x%03u" : "/%03u", groups[n]);
  if (width < OM_TILE_HASHES) snprintf(out + used, OM_TILE_PATH_BYTES - used, ".p/%u", width);
}

/* ---- the folder ---- */

static enum om_code trouble(const struct om_published *p, const char *what, const char *path, int error,
                            struct om_status *st) {
  if (error == ENOSPC || error == EDQUOT)
    return om_fail(st, OM_FULL, NULL,
                   "the disk is full at %s/%s: make room and publish again; what stands there is whole and is not "
                   "written again",
                   p->path, path);
  if (error == ELOOP || error == ENOTDIR)
    return om_fail(
        st, OM_REFUSED, "published",
        "%s/%s is no file or folder of ours but a link or a pipe, or lies below one: find out who put it there, "
        "delete it, and publish again",
        p->path, path);
  return om_fail(st, OM_IO, NULL, "can't %s %s/%s: %s", what, p->path, path, strerror(error));
}

enum om_code om_published_open(struct om_published *out, const char *root, const char *origin, struct om_status *st) {
  char name[OM_PUBLISHED_NAME_BYTES];
  memset(out, 0, sizeof *out);
  out->folder = -1;
  om_published_name(name, origin);
  if ((size_t)snprintf(out->path, sizeof out->path, "%s/%s", root, name) >= sizeof out->path)
    return om_fail(st, OM_USAGE, NULL, "the name of the folder is too long");
  if (mkdir(root, 0755) && errno != EEXIST)
    return om_fail(st, OM_IO, NULL, "can't make the folder %s: %s", root, strerror(errno));
  if (mkdir(out->path, 0755) && errno != EEXIST)
    return om_fail(st, OM_IO, NULL, "can't make the folder %s: %s", out->path, strerror(errno));
  out->folder = open(out->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (out->folder < 0) return trouble(out, "use", "", errno, st);
  if (flock(out->folder, LOCK_EX | LOCK_NB) == 0) return OM_OK;
  om_published_close(out);
  return om_fail(st, OM_BUSY, NULL, "another 'oremark publish' is at work in %s: wait until it has ended", out->path);
}

void om_published_close(struct om_published *p) {
  if (p->folder >= 0) close(p->folder);
  p->folder = -1;
}

/* ---- nothing but our own files and folders ---- */

/* Who may write in the folder may have put links and pipes there, which must lead us nowhere: every step of a path is
 * opened by itself. Opens the folder in which PATH lies, and with MAKE makes what is missing; -1 with errno. *NAME: the
 * rest of PATH. */
static int open_above(const struct om_published *p, const char **name, const char *path, bool make) {
  char step[OM_TILE_PATH_BYTES];
  int folder = fcntl(p->folder, F_DUPFD_CLOEXEC, 0);
  *name = path;
  for (const char *slash; folder >= 0 && (slash = strchr(*name, '/')) != NULL; *name = slash + 1) {
    snprintf(step, sizeof step, "%.*s", (int)(slash - *name), *name);
    bool there = !make || mkdirat(folder, step, 0755) == 0 || errno == EEXIST;
    int next = there ? openat(folder, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    int error = errno;
    close(folder);
    errno = error;
    folder = next;
  }
  return folder;
}

/* Opens the file NAME for reading; -1 with errno, ELOOP where it is something else. */
static int open_plain(int folder, const char *name) {
  struct stat about;
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENXIO) errno = ELOOP; /* a socket */
  if (fd < 0 || (fstat(fd, &about) == 0 && S_ISREG(about.st_mode))) return fd;
  close(fd);
  errno = ELOOP;
  return -1;
}

/* ---- writing ---- */

static bool write_beside(const struct om_published *p, const uint8_t *bytes, size_t len) {
  if (unlinkat(p->folder, BESIDE, 0) && errno != ENOENT) return false; /* it may be another name of somebody's file */
  int fd = openat(p->folder, BESIDE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  bool ok = fd >= 0;
  while (ok && len > 0) {
    ssize_t n = write(fd, bytes, len);
    if (n < 0 && errno == EINTR) continue;
    ok = n >= 0;
    if (ok) bytes += n, len -= (size_t)n;
  }
  ok = ok && fsync(fd) == 0;
  int error = errno;
  if (fd >= 0) close(fd);
  errno = error;
  return ok;
}

static enum om_code place(struct om_published *p, const char *path, struct om_span bytes, struct om_status *st) {
  const char *name;
  int folder = open_above(p, &name, path, true);
  bool ok = folder >= 0 && write_beside(p, bytes.data, bytes.len) && renameat(p->folder, BESIDE, folder, name) == 0;
  int error = errno;
  if (folder >= 0) close(folder);
  if (ok) {
    p->files++;
    p->bytes += bytes.len;
    return OM_OK;
  }
  unlinkat(p->folder, BESIDE, 0);
  return trouble(p, "write", path, error, st);
}

/* Whether the file FD holds exactly these bytes; false with errno where it can't be read. */
static bool holds(int fd, const uint8_t *bytes, size_t len, bool *same) {
  uint8_t *part = malloc(COMPARE_BYTES);
  ssize_t n = 0;
  OM_ASSERT(part);
  *same = true;
  while (*same && (n = read(fd, part, COMPARE_BYTES)) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    *same = (size_t)n <= len && memcmp(part, bytes, (size_t)n) == 0;
    if (*same) bytes += n, len -= (size_t)n;
  }
  free(part);
  *same = *same && len == 0;
  return n >= 0;
}

enum om_code om_published_put(struct om_published *p, const char *path, const void *bytes, size_t len,
                              struct om_status *st) {
  bool same;
  const char *name;
  int folder = open_above(p, &name, path, false), fd = folder < 0 ? -1 : open_plain(folder, name);
  int error = errno;
  if (folder >= 0) close(folder);
  if (fd < 0 && error == ENOENT) return place(p, path, (struct om_span){bytes, len}, st);
  bool read = fd >= 0 && holds(fd, bytes, len, &same);
  if (fd >= 0) {
    error = errno;
    close(fd);
  }
  if (!read) return trouble(p, "read", path, error, st);
  p->same += same;
  if (same) return OM_OK;
  return om_fail(
      st, OM_REFUSED, "published",
      "%s/%s has other bytes than the log, and is not overwritten: what is published never changes. If it was "
      "damaged there, delete it and run 'oremark publish --all'",
      p->path, path);
}

enum om_code om_published_put_head(struct om_published *p, struct om_span note, struct om_status *st) {
  if (syncfs(p->folder)) return trouble(p, "flush", "", errno, st);
  if (place(p, CHECKPOINT, note, st) != OM_OK) return st->code;
  return fsync(p->folder) ? trouble(p, "flush", CHECKPOINT, errno, st) : OM_OK;
}

void om_published_drop_partial(struct om_published *p, bool entries, unsigned level, uint64_t index) {
  char path[OM_TILE_PATH_BYTES];
  om_tile_path(path, entries, level, index, 1);
  *strrchr(path, '/') = '\0'; /* the folder of all widths */
  const char *name;
  int above = open_above(p, &name, path, false);
  int fd = above < 0 ? -1 : openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir && fd >= 0) close(fd);
  for (struct dirent *file; dir && (file = readdir(dir));)
    if (file->d_name[0] >= '1' && file->d_name[0] <= '9') unlinkat(dirfd(dir), file->d_name, 0);
  if (dir) {
    closedir(dir);
    unlinkat(above, name, AT_REMOVEDIR);
  }
  if (above >= 0) close(above);
}

/* ---- the checkpoint ---- */

enum om_code om_published_head(struct om_published *p, struct om_arena *arena, struct om_span *note,
                               struct om_checkpoint *out, const char *origin, struct om_status *st) {
  char path[PATH_MAX + sizeof CHECKPOINT + 1];
  struct om_note *parsed = om_arena_alloc(arena, sizeof *parsed);
  uint8_t *bytes;
  size_t len;
  int fd = open_plain(p->folder, CHECKPOINT);
  if (fd < 0 && errno != ENOENT) return trouble(p, "read", CHECKPOINT, errno, st);
  if (fd < 0) {
    st->code = OM_MISSING;
    return OM_MISSING;
  }
  snprintf(path, sizeof path, "%s/" CHECKPOINT, p->path);
  enum om_code code = om_file_read_fd(fd, arena, &bytes, &len, path, OM_NOTE_BYTES_MAX, st);
  close(fd);
  if (code != OM_OK) return code;
  *note = (struct om_span){bytes, len};
  code = om_note_parse(parsed, (const char *)bytes, len, st);
  if (code == OM_OK) code = om_checkpoint_parse(out, NULL, parsed->text, parsed->text_len, st);
  if (code == OM_OK && strcmp(out->origin, origin) == 0) return OM_OK;
  return om_fail(st, OM_REFUSED, "published", "%s is no checkpoint of %s: publish to another folder", path, origin);
}
