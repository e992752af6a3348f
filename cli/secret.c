#include "cli/secret.h"

#include <limits.h>

enum om_code om_passphrase_option(struct om_passphrase_source *out, const struct om_args *args, const char *file,
                                  struct om_status *st) {
  const struct om_given *fd = om_args_find(args, "passphrase-fd");
  const char *named = om_args_value(args, "passphrase-file");
  if (fd && named) return om_fail(st, OM_USAGE, NULL, "give either --passphrase-file or --passphrase-fd, not both");
  *out = (struct om_passphrase_source){.from = OM_PASSPHRASE_ASK, .fd = -1};
  if (fd) {
    uint64_t number;
    if (om_given_u64(fd, &number, INT_MAX, st)) return st->code;
    out->from = OM_PASSPHRASE_FD;
    out->fd = (int)number;
  } else if (named || file) {
    out->from = OM_PASSPHRASE_FILE;
    out->file = named ? named : file;
  }
  return OM_OK;
}

enum om_code om_secret_load(struct om_secret **out, const struct om_args *args, const char *file, const char *path,
                            struct om_status *st) {
  struct om_passphrase_source source;
  struct om_key_info info;
  *out = NULL;
  if (om_passphrase_option(&source, args, file, st) || om_keyfile_info(&info, path, st)) return st->code;
  if (info.kind != OM_KEY_MEMBER)
    return om_fail(st, OM_USAGE, NULL, "%s is a %s key: statements are signed with a member key", path,
                   om_key_kind_name(info.kind));
  return om_keyfile_open(out, &info, path, &source, st);
}
