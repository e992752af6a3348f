#include "keys/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/keytext.h"

/* ---- the disk ---- */

/* Says that WHAT failed, by errno. */
static enum om_code fail_errno(struct om_status *st, const char *what) {
  int error = errno;
  enum om_code code = error == ENOSPC || error == EDQUOT ? OM_FULL : OM_IO;
  return om_fail(st, code, NULL, "%s: %s", what, strerror(error));
}

/* Opens PATH for reading with MORE flags and sees to it that it is a file. Without O_NONBLOCK a FIFO would hang us. */
static enum om_code open_regular(int *out, struct stat *found, const char *path, int more, struct om_status *st) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | more);
  if (fd < 0 && errno == ELOOP && (more & O_NOFOLLOW))
    return om_fail(st, OM_USAGE, NULL, "is a symbolic link; name the file that it leads to");
  if (fd < 0) return fail_errno(st, "can't be opened");
  enum om_code code = OM_OK;
  if (fstat(fd, found) != 0)
    code = fail_errno(st, "can't be read");
  else if (S_ISDIR(found->st_mode))
    code = om_fail(st, OM_USAGE, NULL, "is a folder, not a key file");
  else if (!S_ISREG(found->st_mode))
    code = om_fail(st, OM_USAGE, NULL, "is a device, pipe or socket, not a key file");
  if (code == OM_OK)
    *out = fd;
  else
    close(fd);
  return code;
}

/* Reads and parses the file at PATH into T. */
static enum om_code load(struct om_keytext *t, struct stat *found, const char *path, int more, struct om_status *st) {
  int fd = -1;
  enum om_code code = open_regular(&fd, found, path, more, st);
  if (code != OM_OK) return code;
  t->len = 0;
  ssize_t n = 1;
  while (n != 0 && t->len < sizeof t->bytes) {
    n = read(fd, t->bytes + t->len, sizeof t->bytes - t->len);
    if (n > 0) t->len += (size_t)n;
    if (n < 0 && errno != EINTR) break;
  }
  if (n < 0) code = fail_errno(st, "can't be read");
  close(fd);
  if (code != OM_OK) return code;
  if (t->len > OM_KEYFILE_BYTES)
    return om_fail(st, OM_MALFORMED, NULL, "is longer than %d bytes, so it is no key file", OM_KEYFILE_BYTES);
  return om_keytext_parse(t, st);
}

/* Opens the folder that PATH lies in. */
static enum om_code open_folder(int *out, const char *path, struct om_status *st) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t len = slash ? (size_t)(slash - path) : 0;
  if (strlen(path) + 16 > sizeof folder) return om_fail(st, OM_USAGE, NULL, "the path is too long");
  if (slash == path) len = 1;
  memcpy(folder, len ? path : ".", len ? len : 1);
  folder[len ? len : 1] = '\0';
  *out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return *out < 0 ? fail_errno(st, "its folder can't be opened") : OM_OK;
}

static bool write_all(int fd, const char *bytes, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, bytes, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    len -= (size_t)n;
  }
  return true;
}

/* Writes T to a new file at PATH and flushes it. OWNER: whose it shall be, NULL for ours. */
static enum om_code write_new(const char *path, const struct om_keytext *t, const struct stat *owner,
                              struct om_status *st) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return fail_errno(st, "can't be written");
  struct stat ours;
  bool ok = fstat(fd, &ours) == 0;
  if (ok && owner && (owner->st_uid != ours.st_uid || owner->st_gid != ours.st_gid))
    ok = fchown(fd, owner->st_uid, owner->st_gid) == 0;
  ok = ok && write_all(fd, t->bytes, t->len) && fsync(fd) == 0;
  enum om_code code = ok ? OM_OK : fail_errno(st, "can't be written");
  if (close(fd) != 0 && code == OM_OK) code = fail_errno(st, "can't be written");
  if (code != OM_OK) unlink(path);
  return code;
}

/* Gives the file FROM the name TO unless something has it already. */
static bool rename_to_free(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  /* A file system without that, such as NFS: a second name is refused in the same way where one is taken. */
  if (link(from, to) != 0) return false;
  (void)unlink(from);
  return true;
}

/* Puts T at PATH in one step: over the file OLD, or where nothing is yet if OLD is NULL. FOLDER is what PATH lies in.
 */
static enum om_code place(const char *path, int folder, const struct om_keytext *t, const struct stat *old,
                          struct om_status *st) {
  char passing[PATH_MAX];
  int n = snprintf(passing, sizeof passing, "%s.new-%08x", path, (unsigned)randombytes_random());
  OM_ASSERT(n > 0 && (size_t)n < sizeof passing); /* open_folder has seen to it */
  enum om_code code = write_new(passing, t, old, st);
  if (code != OM_OK) return code;
  bool ok = old ? rename(passing, path) == 0 : rename_to_free(passing, path);
  if (!ok) {
    if (!old && errno == EEXIST)
      code = om_fail(st, OM_USAGE, NULL, "exists already; a key file is never overwritten");
    else
      code = fail_errno(st, "can't be put in place");
    unlink(passing);
    return code;
  }
  if (fsync(folder) != 0 && errno != EINVAL) return fail_errno(st, "is in place, but its folder can't be flushed");
  return OM_OK;
}

/* ---- what the commands do ---- */

static enum om_code new_text(struct om_keytext **out, struct om_status *st) {
  void *memory = NULL;
  enum om_code code = om_locked_alloc(&memory, sizeof **out, st);
  if (code == OM_OK) sodium_memzero(memory, sizeof **out);
  *out = memory;
  return code;
}

/* Asks SOURCE for the passphrase of the key INFO; *OUT is NULL where there is none. */
static enum om_code get_passphrase(struct om_passphrase **out, const struct om_key_info *info,
                                   const struct om_passphrase_source *source, bool is_new, struct om_status *st) {
  char what[OM_KEY_NAME_BYTES + 32];
  *out = NULL;
  if (source->from == OM_PASSPHRASE_NONE) return OM_OK;
  snprintf(what, sizeof what, "%s key %s", om_key_kind_name(info->kind), info->name);
  return om_passphrase_get(out, source, what, is_new, st);
}

static enum om_code open_text(struct om_secret **secret, const struct om_keytext *t, const struct stat *found,
                              const char *path, const struct om_passphrase_source *source, struct om_status *st) {
  if (!t->info.is_encrypted) {
    if (found->st_mode & (S_IRWXG | S_IRWXO))
      return om_fail(st, OM_USAGE, NULL,
                     "holds a plain secret and is open to others (mode %04o): run \"chmod 600 %s\", and if somebody "
                     "may have read it, replace the key",
                     (unsigned)found->st_mode & 07777, path);
    return om_keytext_unseal(secret, t, NULL, st);
  }
  if (source->from == OM_PASSPHRASE_NONE)
    return om_fail(st, OM_USAGE, NULL, "is under a passphrase, and none was given");
  struct om_passphrase *passphrase;
  enum om_code code = get_passphrase(&passphrase, &t->info, source, false, st);
  if (code == OM_OK) code = om_keytext_unseal(secret, t, passphrase, st);
  om_passphrase_free(passphrase);
  return code;
}

static enum om_code check_new(enum om_key_kind kind, const char *path, const char *name, const char *created,
                              const struct om_pwhash_cost *cost, struct om_status *st) {
  struct stat found;
  OM_ASSERT(om_key_kind_name(kind) && om_pwhash_cost_ok(cost));
  if (!om_key_name_ok(name, strlen(name)))
    return om_fail(st, OM_USAGE, NULL,
                   "the key's name must be 1 to %d bytes of UTF-8 text without spaces, '+' or control characters",
                   OM_KEY_NAME_BYTES);
  if (!om_day_ok(created, strlen(created)))
    return om_fail(st, OM_USAGE, NULL, "\"%s\" is not a day written as 2026-11-23", created);
  /* Asked again when the file is put in place; here so that nobody types a passphrase in vain. */
  if (lstat(path, &found) == 0) return om_fail(st, OM_USAGE, NULL, "exists already; a key file is never overwritten");
  return OM_OK;
}

/* Fills T with a new key. Kind, name and day stand in T->info. */
static enum om_code make_key(struct om_keytext *t, const struct om_passphrase *passphrase,
                             const struct om_pwhash_cost *cost, struct om_status *st) {
  struct om_secret *secret;
  struct om_key_info info = t->info;
  enum om_code code =
      om_key_kind_agrees(info.kind) ? om_secret_new_x25519(&secret, NULL, st) : om_secret_new(&secret, NULL, st);
  if (code != OM_OK) return code;
  memcpy(info.public_key, om_secret_public(secret), OM_PUBLIC_BYTES);
  om_keytext_begin(t, &info);
  code = om_keytext_seal(t, secret, passphrase, cost, st);
  om_secret_free(secret);
  return code;
}

static enum om_code create_text(struct om_keytext *t, const char *path, const struct om_passphrase_source *source,
                                const struct om_pwhash_cost *cost, struct om_status *st) {
  int folder;
  struct om_passphrase *passphrase = NULL;
  enum om_code code = open_folder(&folder, path, st);
  if (code != OM_OK) return code;
  code = get_passphrase(&passphrase, &t->info, source, true, st);
  if (code == OM_OK) code = make_key(t, passphrase, cost, st);
  if (code == OM_OK) code = place(path, folder, t, NULL, st);
  om_passphrase_free(passphrase);
  close(folder);
  return code;
}

enum om_code om_keyfile_create(struct om_key_info *info, const char *path, enum om_key_kind kind, const char *name,
                               const char *created, const struct om_passphrase_source *source,
                               const struct om_pwhash_cost *cost, struct om_status *st) {
  struct om_keytext *t;
  if (!cost) cost = &om_pwhash_default;
  enum om_code code = check_new(kind, path, name, created, cost, st);
  if (code != OM_OK) return om_wrap(st, "%s", path);
  code = new_text(&t, st);
  if (code == OM_OK) {
    t->info.kind = kind;
    memcpy(t->info.name, name, strlen(name) + 1);
    memcpy(t->info.created, created, OM_CREATED_BYTES + 1);
    code = create_text(t, path, source, cost, st);
  }
  if (code == OM_OK) *info = t->info;
  sodium_free(t);
  return code == OM_OK ? OM_OK : om_wrap(st, "%s", path);
}

enum om_code om_keyfile_info(struct om_key_info *info, const char *path, struct om_status *st) {
  struct om_keytext *t;
  struct stat found;
  enum om_code code = new_text(&t, st);
  if (code == OM_OK) code = load(t, &found, path, 0, st);
  if (code == OM_OK) *info = t->info;
  sodium_free(t);
  return code == OM_OK ? OM_OK : om_wrap(st, "%s", path);
}

enum om_code om_keyfile_open(struct om_secret **secret, struct om_key_info *info, const char *path,
                             const struct om_passphrase_source *source, struct om_status *st) {
  struct om_keytext *t;
  struct stat found;
  *secret = NULL;
  enum om_code code = new_text(&t, st);
  if (code == OM_OK) code = load(t, &found, path, 0, st);
  if (code == OM_OK) code = open_text(secret, t, &found, path, source, st);
  if (code == OM_OK) *info = t->info;
  sodium_free(t);
  return code == OM_OK ? OM_OK : om_wrap(st, "%s", path);
}

static enum om_code change_text(struct om_keytext *t, const char *path, int folder,
                                const struct om_passphrase_source *before, const struct om_passphrase_source *after,
                                const struct om_pwhash_cost *cost, struct om_status *st) {
  struct stat found;
  struct om_secret *secret = NULL;
  struct om_passphrase *passphrase = NULL;
  enum om_code code = load(t, &found, path, O_NOFOLLOW, st);
  if (code == OM_OK) code = open_text(&secret, t, &found, path, before, st);
  if (code == OM_OK) code = get_passphrase(&passphrase, &t->info, after, true, st);
  if (code == OM_OK) code = om_keytext_seal(t, secret, passphrase, cost, st);
  if (code == OM_OK) code = place(path, folder, t, &found, st);
  om_passphrase_free(passphrase);
  om_secret_free(secret);
  return code;
}

enum om_code om_keyfile_passwd(const char *path, const struct om_passphrase_source *before,
                               const struct om_passphrase_source *after, const struct om_pwhash_cost *cost,
                               struct om_status *st) {
  struct om_keytext *t;
  int folder;
  enum om_code code = open_folder(&folder, path, st);
  if (code != OM_OK) return om_wrap(st, "%s", path);
  code = new_text(&t, st);
  if (code == OM_OK) code = change_text(t, path, folder, before, after, cost ? cost : &om_pwhash_default, st);
  sodium_free(t);
  close(folder);
  return code == OM_OK ? OM_OK : om_wrap(st, "%s", path);
}
