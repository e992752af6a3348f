#include "cli/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum om_code om_scratch_make(struct om_scratch *out, struct om_status *st) {
  const char *base = getenv("TMPDIR");
  if (!base || !*base) base = "/var/tmp";
  int n = snprintf(out->folder, sizeof out->folder, "%s/oremark-XXXXXX", base);
  if (n < 0 || (size_t)n + sizeof "/store" > sizeof out->folder)
    return om_fail(st, OM_USAGE, NULL, "TMPDIR: the path is too long");
  if (!mkdtemp(out->folder))
    return om_fail(st, OM_IO, NULL, "can't make a folder in %s: %s; name another one by TMPDIR", base, strerror(errno));
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
