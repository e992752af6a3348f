#include "daemon/io/documents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "keys/hex.h"

enum { HEX_BYTES = OM_HEX_BYTES(OM_HASH_BYTES), SUFFIX_BYTES = 32 /* room for "/ab/", ".erased", "-" and an upload */ };

struct om_documents {
  char folder[PATH_MAX - HEX_BYTES - SUFFIX_BYTES]; /* "/var/lib/oremark/documents" */
  uint64_t max_bytes;
  uv_mutex_t lock; /* of what changes files, and of: */
  uint64_t used;   /* bytes of the documents held */
};

static enum om_code failed(const char *what, const char *path, struct om_status *st) {
  int error = errno;
  return om_fail(st, error == ENOSPC || error == EDQUOT ? OM_FULL : OM_IO, NULL, "can't %s %s: %s", what, path,
                 strerror(error));
}

/* ---- names ---- */

static void folder_of(const struct om_documents *d, char out[PATH_MAX], const struct om_hash *hash) {
  snprintf(out, PATH_MAX, "%s/%02x", d->folder, hash->bytes[0]);
}

static void path_of(const struct om_documents *d, char out[PATH_MAX], const struct om_hash *hash, const char *suffix) {
  char hex[HEX_BYTES];
  om_hex(hex, hash->bytes, OM_HASH_BYTES);
  snprintf(out, PATH_MAX, "%s/%.2s/%s%s", d->folder, hex, hex, suffix);
}

static void upload_path(const struct om_documents *d, char out[PATH_MAX], const struct om_hash *hash, uint64_t upload) {
  char hex[HEX_BYTES];
  om_hex(hex, hash->bytes, OM_HASH_BYTES);
  snprintf(out, PATH_MAX, "%s/new/%s-%016" PRIx64, d->folder, hex, upload);
}

static enum om_code make_folder(const char *path, struct om_status *st) {
  return mkdir(path, 0700) == 0 || errno == EEXIST ? OM_OK : failed("make the folder", path, st);
}

/* What was renamed or removed in the folder at PATH is durable. */
static enum om_code sync_folder(const char *path, struct om_status *st) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool good = fd >= 0 && fsync(fd) == 0;
  enum om_code code = good ? OM_OK : failed("make durable", path, st);
  if (fd >= 0) close(fd);
  return code;
}

/* ---- opening ---- */

/* Calls EACH for every name in the folder at PATH; a folder that is not there is empty. */
static enum om_code each_name(struct om_documents *d, const char *path,
                              void (*each)(struct om_documents *d, const char *path), struct om_status *st) {
  char name[PATH_MAX];
  DIR *dir = opendir(path);
  if (dir == NULL) return errno == ENOENT ? OM_OK : failed("read the folder", path, st);
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    if ((size_t)snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < sizeof name) each(d, name);
  }
  closedir(dir);
  return OM_OK;
}

static void count_file(struct om_documents *d, const char *path) {
  struct stat about;
  if (stat(path, &about) == 0) d->used += (uint64_t)about.st_size;
}

static void remove_file(struct om_documents *d, const char *path) {
  (void)d;
  unlink(path);
}

/* The folder itself is to be there after a crash, too. */
static enum om_code sync_parent(const struct om_documents *d, struct om_status *st) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/..", d->folder);
  return sync_folder(path, st);
}

static enum om_code open_folder(struct om_documents *d, struct om_status *st) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/new", d->folder);
  if (make_folder(d->folder, st) != OM_OK || sync_parent(d, st) != OM_OK || make_folder(path, st) != OM_OK ||
      each_name(d, path, remove_file, st) != OM_OK)
    return st->code;
  for (unsigned first = 0; first < 256; first++) {
    snprintf(path, sizeof path, "%s/%02x", d->folder, first);
    if (each_name(d, path, count_file, st) != OM_OK) return st->code;
  }
  return OM_OK;
}

enum om_code om_documents_open(struct om_documents **out, const char *folder, uint64_t max_bytes,
                               struct om_status *st) {
  struct om_documents *d = calloc(1, sizeof *d);
  if (d == NULL) return om_fail(st, OM_IO, NULL, "no memory for documents");
  d->max_bytes = max_bytes;
  enum om_code code = OM_OK;
  if ((size_t)snprintf(d->folder, sizeof d->folder, "%s", folder) >= sizeof d->folder)
    code = om_fail(st, OM_USAGE, NULL, "the path of the documents is too long: %s", folder);
  if (code == OM_OK) code = open_folder(d, st);
  if (code != OM_OK) {
    free(d);
    return code;
  }
  OM_ASSERT(uv_mutex_init(&d->lock) == 0);
  *out = d;
  return OM_OK;
}

void om_documents_close(struct om_documents *d) {
  if (d == NULL) return;
  uv_mutex_destroy(&d->lock);
  free(d);
}

/* ---- reading ---- */

static bool read_whole(int fd, uint8_t *bytes, size_t len, off_t from) {
  while (len > 0) {
    ssize_t n = pread(fd, bytes, len, from);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    from += n;
    len -= (size_t)n;
  }
  return true;
}

/* Whether the SIZE bytes of FD have HASH. */
static bool has_hash(int fd, uint64_t size, const struct om_hash *hash) {
  struct om_hash found;
  if (size == 0 || size > OM_DOCUMENT_MAX_BYTES) return false;
  uint8_t *bytes = malloc((size_t)size);
  OM_ASSERT(bytes != NULL);
  bool good = read_whole(fd, bytes, (size_t)size, 0);
  if (good) om_sha256(&found, bytes, (size_t)size);
  free(bytes);
  return good && om_hash_equal(&found, hash);
}

enum om_document_state om_documents_state(struct om_documents *d, uint64_t *size, const struct om_hash *hash) {
  char path[PATH_MAX];
  struct stat about;
  if (size != NULL) *size = 0;
  path_of(d, path, hash, "");
  if (stat(path, &about) == 0) {
    if (size != NULL) *size = (uint64_t)about.st_size;
    return OM_DOCUMENT_HELD;
  }
  path_of(d, path, hash, ".erased");
  return stat(path, &about) == 0 ? OM_DOCUMENT_ERASED : OM_DOCUMENT_MISSING;
}

enum om_document_state om_documents_check(struct om_documents *d, uint64_t *size, const struct om_hash *hash) {
  char path[PATH_MAX];
  uint64_t held = 0;
  enum om_document_state state = om_documents_state(d, &held, hash);
  if (size != NULL) *size = held;
  if (state != OM_DOCUMENT_HELD) return state;
  path_of(d, path, hash, "");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool good = fd >= 0 && has_hash(fd, held, hash);
  if (fd >= 0) close(fd);
  return good ? OM_DOCUMENT_HELD : OM_DOCUMENT_ALTERED;
}

static enum om_code not_held(enum om_document_state state, struct om_status *st) {
  if (state == OM_DOCUMENT_ERASED)
    return om_fail(st, OM_MISSING, OM_RULE_ERASED, "the document was erased here; its hash stands in the log for ever");
  if (state == OM_DOCUMENT_ALTERED)
    return om_fail(st, OM_CORRUPT, "document",
                   "the document's bytes here have another hash than its name says: put it again (oremark document "
                   "put FILE), or erase it and have it from another daemon");
  return om_fail(st, OM_MISSING, "document", "the document is not held here");
}

enum om_code om_documents_read(struct om_documents *d, uint8_t *bytes, size_t *len, uint64_t *size,
                               const struct om_hash *hash, uint64_t offset, size_t room, struct om_status *st) {
  char path[PATH_MAX];
  *len = 0;
  enum om_document_state state = offset == 0 ? om_documents_check(d, size, hash) : om_documents_state(d, size, hash);
  if (state != OM_DOCUMENT_HELD) return not_held(state, st);
  if (offset >= *size) return om_fail(st, OM_USAGE, NULL, "a part that begins behind the end of the document");
  path_of(d, path, hash, "");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t wanted = *size - offset < room ? (size_t)(*size - offset) : room;
  bool good = fd >= 0 && read_whole(fd, bytes, wanted, (off_t)offset);
  enum om_code code = good ? OM_OK : failed("read", path, st);
  if (fd >= 0) close(fd);
  if (good) *len = wanted;
  return code;
}

/* ---- taking in ---- */

static bool write_whole(int fd, const uint8_t *bytes, size_t len, off_t at) {
  while (len > 0) {
    ssize_t n = pwrite(fd, bytes, len, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    at += n;
    len -= (size_t)n;
  }
  return true;
}

/* How many uploads there are; those that nobody has added to for long are removed. */
static size_t count_uploads(struct om_documents *d) {
  char folder[PATH_MAX], path[PATH_MAX];
  struct stat about;
  size_t n = 0;
  snprintf(folder, sizeof folder, "%s/new", d->folder);
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    if (entry->d_name[0] == '.' || (size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path ||
        stat(path, &about) != 0)
      continue;
    if (time(NULL) - about.st_mtime > OM_UPLOAD_IDLE_S && unlink(path) == 0) continue;
    n++;
  }
  if (dir != NULL) closedir(dir);
  return n;
}

static enum om_code room_for(struct om_documents *d, uint64_t size, struct om_status *st) {
  if (d->used > d->max_bytes || size > d->max_bytes - d->used)
    return om_fail(st, OM_FULL, "documents-max",
                   "no room for %" PRIu64 " bytes: documents fill %" PRIu64 " of %" PRIu64
                   " bytes here; erase some, or raise documents-max in the daemon's settings",
                   size, d->used, d->max_bytes);
  if (count_uploads(d) >= OM_UPLOADS_MAX)
    return om_fail(st, OM_BUSY, NULL, "%d documents are being put already: try again in a while", OM_UPLOADS_MAX);
  return OM_OK;
}

static enum om_code form_part(const struct om_document_part *part, struct om_status *st) {
  if (part->size == 0 || part->size > OM_DOCUMENT_MAX_BYTES)
    return om_fail(st, OM_REFUSED, "size", "%" PRIu64 " bytes: a document has 1 to %d", part->size,
                   OM_DOCUMENT_MAX_BYTES);
  if (part->bytes.len == 0 || part->bytes.len > OM_DOCUMENT_PART_BYTES || part->offset > part->size ||
      part->bytes.len > part->size - part->offset)
    return om_fail(st, OM_USAGE, NULL, "a part of %zu bytes at %" PRIu64 " of %" PRIu64 "; at most %d, within it",
                   part->bytes.len, part->offset, part->size, OM_DOCUMENT_PART_BYTES);
  return OM_OK;
}

/* The whole file at TEMP, open as FD, gets its name. */
static enum om_code keep(struct om_documents *d, int fd, const char *temp, const struct om_document_part *part,
                         struct om_status *st) {
  char path[PATH_MAX], folder[PATH_MAX], erased[PATH_MAX];
  uint64_t before = 0;
  if (!has_hash(fd, part->size, &part->hash))
    return om_fail(st, OM_REFUSED, "hash", "the bytes that came have another hash than they were announced with");
  folder_of(d, folder, &part->hash);
  path_of(d, path, &part->hash, "");
  path_of(d, erased, &part->hash, ".erased");
  if (make_folder(folder, st) != OM_OK) return st->code;
  if (fsync(fd) != 0) return failed("make durable", temp, st);
  om_documents_state(d, &before, &part->hash); /* altered bytes are replaced */
  if (rename(temp, path) != 0) return failed("rename", temp, st);
  d->used += part->size - before;
  if (unlink(erased) != 0 && errno != ENOENT) return failed("remove", erased, st);
  return sync_folder(folder, st) == OM_OK ? sync_folder(d->folder, st) : st->code;
}

static enum om_code add_part(struct om_documents *d, bool *done, const struct om_document_part *part,
                             struct om_status *st) {
  char path[PATH_MAX];
  struct stat about;
  upload_path(d, path, &part->hash, part->upload);
  int fd = open(path, O_RDWR | O_CLOEXEC | (part->offset == 0 ? O_CREAT | O_TRUNC : 0), 0600);
  if (fd < 0 && errno == ENOENT)
    return om_fail(st, OM_USAGE, NULL, "a part at %" PRIu64 " of a document that was not begun, or was given up",
                   part->offset);
  if (fd < 0) return failed("write", path, st);
  enum om_code code = OM_OK;
  if (fstat(fd, &about) != 0 || (uint64_t)about.st_size != part->offset)
    code = om_fail(st, OM_USAGE, NULL, "parts of a document that do not follow each other");
  else if (!write_whole(fd, part->bytes.data, part->bytes.len, (off_t)part->offset))
    code = failed("write", path, st);
  *done = code == OM_OK && part->offset + part->bytes.len == part->size;
  if (*done) code = keep(d, fd, path, part, st);
  close(fd);
  if (code != OM_OK) unlink(path);
  return code;
}

static enum om_code take(struct om_documents *d, bool *done, const struct om_document_part *part,
                         struct om_status *st) {
  if (part->offset == 0) {
    *done = om_documents_check(d, NULL, &part->hash) == OM_DOCUMENT_HELD;
    if (*done || room_for(d, part->size, st) != OM_OK) return *done ? OM_OK : st->code;
  }
  return add_part(d, done, part, st);
}

enum om_code om_documents_part(struct om_documents *d, bool *done, const struct om_document_part *part,
                               struct om_status *st) {
  *done = false;
  if (form_part(part, st) != OM_OK) return st->code;
  uv_mutex_lock(&d->lock);
  enum om_code code = take(d, done, part, st);
  uv_mutex_unlock(&d->lock);
  return code;
}

enum om_code om_documents_whole(struct om_documents *d, const struct om_hash *hash, const uint8_t *bytes, size_t len,
                                struct om_status *st) {
  struct om_document_part part = {.hash = *hash, .size = len};
  bool done = false;
  enum om_code code = OM_OK;
  uv_mutex_lock(&d->lock);
  if (om_documents_state(d, NULL, hash) == OM_DOCUMENT_ERASED) {
    not_held(OM_DOCUMENT_ERASED, st);
    code = st->code = OM_REFUSED;
  }
  for (size_t at = 0; code == OM_OK && at < len && !done; at += part.bytes.len) {
    part.offset = at;
    part.bytes = (struct om_span){bytes + at, len - at < OM_DOCUMENT_PART_BYTES ? len - at : OM_DOCUMENT_PART_BYTES};
    code = form_part(&part, st);
    if (code == OM_OK) code = take(d, &done, &part, st);
  }
  uv_mutex_unlock(&d->lock);
  return code;
}

/* ---- erasing ---- */

static enum om_code erase(struct om_documents *d, bool *was, const struct om_hash *hash, struct om_status *st) {
  char path[PATH_MAX], erased[PATH_MAX], folder[PATH_MAX];
  uint64_t size = 0;
  *was = om_documents_state(d, &size, hash) == OM_DOCUMENT_HELD;
  if (!*was) return OM_OK;
  folder_of(d, folder, hash);
  path_of(d, path, hash, "");
  path_of(d, erased, hash, ".erased");
  int fd = open(erased, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed("write", erased, st);
  close(fd);
  if (unlink(path) != 0) return failed("erase", path, st);
  d->used -= size < d->used ? size : d->used;
  return sync_folder(folder, st);
}

enum om_code om_documents_erase(struct om_documents *d, bool *was, const struct om_hash *hash, struct om_status *st) {
  uv_mutex_lock(&d->lock);
  enum om_code code = erase(d, was, hash, st);
  uv_mutex_unlock(&d->lock);
  return code;
}

/* ---- the door ---- */

enum om_code om_documents_door(struct om_documents *d, const Oremark__Statement *statement, struct om_status *st) {
  char name[HEX_BYTES];
  for (size_t e = 0; e < statement->n_events; e++) {
    const Oremark__Event *event = statement->events[e];
    for (size_t i = 0; i < event->n_documents; i++) {
      const Oremark__Document *document = event->documents[i];
      struct om_hash hash;
      memcpy(hash.bytes, document->hash.data, sizeof hash.bytes);
      uint64_t size = document->size;
      enum om_document_state state = om_documents_state(d, &size, &hash);
      if (state == OM_DOCUMENT_HELD && size != document->size)
        return om_fail(st, OM_REFUSED, "document", "event %zu: \"%s\" has %" PRIu64 " bytes, not %" PRIu64, e,
                       document->name, size, document->size);
      if (state != OM_DOCUMENT_MISSING) continue;
      om_hex(name, hash.bytes, OM_HASH_BYTES);
      return om_fail(st, OM_REFUSED, "document",
                     "event %zu names a document that this daemon does not hold, \"%s\" (%.16s): put it first "
                     "(oremark document put FILE), then submit again",
                     e, document->name, name);
    }
  }
  return OM_OK;
}

/* ---- for those who answer ---- */

static enum om_document_state hook_state(void *ctx, uint64_t *size, const struct om_hash *hash, bool again) {
  return again ? om_documents_check(ctx, size, hash) : om_documents_state(ctx, size, hash);
}

static enum om_code hook_read(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                              uint64_t offset, size_t room, struct om_status *st) {
  return om_documents_read(ctx, bytes, len, size, hash, offset, room, st);
}

static enum om_code hook_part(void *ctx, bool *done, const struct om_document_part *part, struct om_status *st) {
  return om_documents_part(ctx, done, part, st);
}

static enum om_code hook_erase(void *ctx, bool *was, const struct om_hash *hash, struct om_status *st) {
  return om_documents_erase(ctx, was, hash, st);
}

struct om_document_hooks om_documents_hooks(struct om_documents *d) {
  return (struct om_document_hooks){d, hook_state, hook_read, hook_part, hook_erase};
}
