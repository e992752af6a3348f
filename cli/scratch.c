#include "cli/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

static const char *base(void) {
  const char *named = getenv("TMPDIR");
  return named && *named ? named : "/var/tmp";
}

enum om_code om_scratch_make(struct om_scratch *out, struct om_status *st) {
  int n = snprintf(out->folder, sizeof out->folder, "%s/oremark-XXXXXX", base());
  if (n < 0 || (size_t)n + sizeof "/store" > sizeof out->folder)
    return om_fail(st, OM_USAGE, NULL, "TMPDIR: the path is too long");
  if (!mkdtemp(out->folder))
    return om_fail(st, OM_IO, NULL, "can't make a folder in %s: %s; name another one by TMPDIR", base(),
                   strerror(errno));
  memcpy(out->store, out->folder, (size_t)n);
  memcpy(out->store + n, "/store", sizeof "/store");
  return OM_OK;
}

void om_scratch_unlink(const struct om_scratch *scratch) {
  DIR *folder = opendir(scratch->store);
  for (struct dirent *entry; folder && (entry = readdir(folder));)
    if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, 0);
  if (folder) closedir(folder);
  rmdir(scratch->store);
  rmdir(scratch->folder);
}

static enum om_code no_room(const char *path, struct om_status *st) {
  return om_fail(st, errno == ENOSPC ? OM_FULL : OM_IO, NULL,
                 "can't copy %s into %s: %s; name another folder by TMPDIR", path, base(), strerror(errno));
}

static enum om_code copy(FILE *to, uint64_t *len, FILE *from, const char *path, uint64_t max, struct om_status *st) {
  uint8_t *bytes = malloc(COPY_BYTES);
  OM_ASSERT(bytes);
  enum om_code code = OM_OK;
  *len = 0;
  for (size_t n; code == OM_OK && (n = fread(bytes, 1, COPY_BYTES, from)) > 0;) {
    *len += n;
    if (*len > max)
      code = om_fail(st, OM_USAGE, NULL,
                     "%s is longer than the %llu bytes that are taken of what is no regular file: keep it in a file, "
                     "and name that",
                     path, (unsigned long long)max);
    else if (fwrite(bytes, 1, n, to) != n)
      code = no_room(path, st);
  }
  free(bytes);
  if (code == OM_OK && ferror(from)) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  if (code == OM_OK && fflush(to) != 0) return no_room(path, st);
  rewind(to);
  return code;
}

enum om_code om_scratch_copy(FILE **out, uint64_t *len, FILE *from, const char *path, uint64_t max,
                             struct om_status *st) {
  char name[PATH_MAX];
  *out = NULL;
  if ((size_t)snprintf(name, sizeof name, "%s/oremark-XXXXXX", base()) >= sizeof name)
    return om_fail(st, OM_USAGE, NULL, "TMPDIR: the path is too long");
  int fd = mkostemp(name, O_CLOEXEC);
  if (fd < 0) return no_room(path, st);
  unlink(name);
  FILE *to = fdopen(fd, "w+");
  OM_ASSERT(to);
  enum om_code code = copy(to, len, from, path, max, st);
  if (code == OM_OK)
    *out = to;
  else
    fclose(to);
  return code;
}
