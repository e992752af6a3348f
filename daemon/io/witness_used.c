#include "daemon/io/witness_used.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "witness.used."
#define HEADER "oremark witness key in use, heads cosigned:\n"

enum { TEXT_BYTES = sizeof HEADER + OM_VKEY_BYTES + 1 + 20 + 1 };

static enum om_code trouble(const struct om_witness_used *used, const char *what, int error, struct om_status *st) {
  return om_fail(st, OM_IO, NULL,
                 "can't %s %s/%s"
                 ": %s; what the witness's key has cosigned is noted there, so let the daemon's user "
                 "write in that folder",
                 what, used->folder, used->name, strerror(error));
}

/* Fills TEXT with all of the file FD. */
static bool read_whole(char text[TEXT_BYTES], int fd) {
  size_t n = 0;
  while (n < TEXT_BYTES - 1) {
    ssize_t got = read(fd, text + n, TEXT_BYTES - 1 - n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    n += (size_t)got;
  }
  text[n] = '\0';
  return true;
}

static size_t format(char text[TEXT_BYTES], const char *vkey, uint64_t count) {
  int n = snprintf(text, TEXT_BYTES, HEADER "%s\n%" PRIu64 "\n", vkey, count);
  OM_ASSERT(n > 0 && n < TEXT_BYTES);
  return (size_t)n;
}

/* What TEXT says of this key. false: nobody here wrote it so, and nothing is known. */
static bool parse(const struct om_witness_used *used, uint64_t *count, const char *text) {
  char vkey[OM_VKEY_BYTES], again[TEXT_BYTES];
  const size_t header = sizeof HEADER - 1;
  *count = 0;
  if (strncmp(text, HEADER, header) != 0) return false;
  size_t len = strcspn(text + header, "\n");
  if (len >= sizeof vkey || sscanf(text + header + len, "\n%" SCNu64, count) != 1) return false;
  memcpy(vkey, text + header, len);
  vkey[len] = '\0';
  format(again, vkey, *count);
  if (strcmp(again, text) != 0) return false;
  return strcmp(vkey, used->vkey) == 0;
}

static bool write_whole(const struct om_witness_used *used, int folder, const char *text, size_t len) {
  char beside[sizeof used->name + 4];
  snprintf(beside, sizeof beside, "%s.new", used->name);
  int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
  int error = errno;
  close(fd);
  errno = error;
  return ok && renameat(folder, beside, folder, used->name) == 0 && fsync(folder) == 0;
}

static enum om_code put(struct om_witness_used *used, uint64_t count, struct om_status *st) {
  char text[TEXT_BYTES];
  int folder = open(used->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = folder >= 0 && write_whole(used, folder, text, format(text, used->vkey, count));
  int error = errno;
  if (folder >= 0) close(folder);
  if (!ok) return trouble(used, "write", error, st);
  used->count = count;
  return OM_OK;
}

enum om_code om_witness_used_open(struct om_witness_used *out, const char *folder, const char *vkey, uint64_t held,
                                  struct om_status *st) {
  char path[PATH_MAX], text[TEXT_BYTES];
  memset(out, 0, sizeof *out);
  const char *id = strchr(vkey, '+');
  OM_ASSERT(id && strlen(id) > OM_KEY_ID_DIGITS);
  snprintf(out->name, sizeof out->name, NAME "%.*s", OM_KEY_ID_DIGITS, id + 1);
  if ((size_t)snprintf(out->folder, sizeof out->folder, "%s", folder) >= sizeof out->folder ||
      (size_t)snprintf(path, sizeof path, "%s/%s", folder, out->name) >= sizeof path)
    return om_fail(st, OM_USAGE, NULL, "keys: the path is too long");
  OM_ASSERT(strlen(vkey) < sizeof out->vkey);
  memcpy(out->vkey, vkey, strlen(vkey) + 1);
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) return trouble(out, "read", errno, st);
  if (fd >= 0) {
    bool ok = read_whole(text, fd);
    int error = errno;
    close(fd);
    if (!ok) return trouble(out, "read", error, st);
    out->lost = !parse(out, &out->count, text) || out->count > held;
  }
  return out->lost ? OM_OK : put(out, held, st);
}

enum om_code om_witness_used_raise(struct om_witness_used *used, uint64_t count, struct om_status *st) {
  OM_ASSERT(!used->lost);
  return count <= used->count ? OM_OK : put(used, count, st);
}
