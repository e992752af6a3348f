#include "cli/beside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"

static enum om_code cant(const struct om_beside *files, const char *what, struct om_status *st) {
  return om_fail(st, errno == ENOSPC ? OM_FULL : OM_IO, NULL, "can't %s %s: %s", what, files->folder, strerror(errno));
}

static enum om_code begin(struct om_beside *files, struct om_status *st) {
  struct stat about;
  size_t len = strlen(files->folder);
  while (len > 1 && files->folder[len - 1] == '/') len--;
  files->is_there = stat(files->folder, &about) == 0;
  int n = snprintf(files->beside, sizeof files->beside, "%.*s%s.XXXXXX", (int)len, files->folder,
                   files->is_there ? "/" : "");
  if (n < 0 || (size_t)n + sizeof "/" + NAME_MAX >= sizeof files->beside) {
    *files->beside = '\0';
    return om_fail(st, OM_USAGE, NULL, "%s: the path is too long", files->folder);
  }
  if (mkdtemp(files->beside)) return OM_OK;
  *files->beside = '\0';
  return cant(files, "make", st);
}

enum om_code om_beside_add(struct om_beside *files, const char *name, const uint8_t *bytes, size_t len,
                           struct om_status *st) {
  char path[PATH_MAX + NAME_MAX + 2];
  if (!*files->beside && begin(files, st) != OM_OK) return st->code;
  snprintf(path, sizeof path, "%s/%s", files->beside, name);
  return om_file_write(path, bytes, len, true, st);
}

/* Moves each file to the folder TO; negative: takes it away. False: not all of them. */
static bool each(const struct om_beside *files, int to) {
  DIR *folder = opendir(files->beside);
  bool all = folder != NULL;
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    int failed =
        to < 0 ? unlinkat(dirfd(folder), entry->d_name, 0) : renameat(dirfd(folder), entry->d_name, to, entry->d_name);
    all = all && failed == 0;
  }
  if (folder) closedir(folder);
  return all;
}

enum om_code om_beside_keep(struct om_beside *files, struct om_status *st) {
  if (!*files->beside) return OM_OK;
  bool done;
  if (files->is_there) {
    int to = open(files->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    done = to >= 0 && each(files, to) && rmdir(files->beside) == 0;
    if (to >= 0) close(to);
  } else {
    mode_t mask = umask(0);
    umask(mask);
    done = chmod(files->beside, 0777 & ~mask) == 0 && rename(files->beside, files->folder) == 0;
  }
  if (!done) return cant(files, "write", st);
  *files->beside = '\0';
  return OM_OK;
}

void om_beside_drop(struct om_beside *files) {
  if (!*files->beside) return;
  each(files, -1);
  rmdir(files->beside);
  *files->beside = '\0';
}
