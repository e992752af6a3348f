#include "cli/seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/show.h"
#include "ledger/merkle.h"

static bool find_path(char out[PATH_MAX], const struct om_hash *network) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char hex[2 * OM_HASH_BYTES + 1];
  int n = 0;
  om_hex(hex, network->bytes, OM_HASH_BYTES);
  if (state && *state)
    n = snprintf(out, PATH_MAX, "%s/oremark/registry-heads/%s", state, hex);
  else if (home && *home)
    n = snprintf(out, PATH_MAX, "%s/.local/state/oremark/registry-heads/%s", home, hex);
  if (n > 0 && n < PATH_MAX) return true;
  out[0] = '\0';
  return false;
}

static enum om_code read_head(struct om_checkpoint *out, struct om_arena *arena, const char *path,
                              struct om_status *st) {
  uint8_t *text;
  size_t len;
  if (om_file_read(arena, &text, &len, path, OM_CHECKPOINT_BYTES, st) != OM_OK) return st->code;
  return om_checkpoint_parse(out, NULL, (const char *)text, len, st);
}

enum om_code om_seen_read(struct om_seen *out, const struct om_hash *network, struct om_status *st) {
  struct om_arena arena = {0};
  *out = (struct om_seen){.any = false};
  if (!find_path(out->path, network) || (access(out->path, F_OK) && errno == ENOENT)) return OM_OK;
  enum om_code code = read_head(&out->head, &arena, out->path, st);
  om_arena_free(&arena);
  out->any = code == OM_OK;
  if (code == OM_OK || code == OM_IO) return code;
  return om_fail(st, OM_CORRUPT, NULL,
                 "%s, which remembers the newest registry that was seen, is damaged: remove it, and pin the registry's "
                 "head by --registry-head",
                 out->path);
}

/* The folders above PATH. */
static enum om_code make_folders(const char *path, struct om_status *st) {
  char part[PATH_MAX];
  snprintf(part, sizeof part, "%s", path);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(part, 0700) && errno != EEXIST)
      return om_fail(st, OM_IO, NULL, "can't make %s: %s", part, strerror(errno));
    *slash = '/';
  }
  return OM_OK;
}

enum om_code om_seen_write(struct om_seen *seen, const struct om_checkpoint *head, struct om_status *st) {
  char text[OM_CHECKPOINT_BYTES];
  if (!*seen->path || (seen->any && seen->head.size >= head->size)) return OM_OK;
  seen->head = *head;
  seen->any = true;
  if (make_folders(seen->path, st) != OM_OK) return st->code;
  return om_file_write(seen->path, text, om_checkpoint_format(text, head), true, st);
}

const char *om_head_text(char out[OM_HEAD_TEXT_BYTES], const struct om_checkpoint *head) {
  int n = snprintf(out, OM_HEAD_TEXT_BYTES, "%" PRIu64 ":", head->size);
  om_hex(out + n, head->root.bytes, OM_HASH_BYTES);
  return out;
}

enum om_code om_head_text_parse(struct om_checkpoint *out, const char *text, struct om_status *st) {
  char *end;
  *out = (struct om_checkpoint){.size = 0};
  errno = 0;
  if (*text >= '1' && *text <= '9') out->size = strtoull(text, &end, 10);
  if (out->size > 0 && out->size <= OM_TREE_SIZE_MAX && errno == 0 && *end == ':' &&
      om_hex_parse(out->root.bytes, OM_HASH_BYTES, end + 1))
    return OM_OK;
  return om_fail(st, OM_USAGE, NULL,
                 "'%s' is no head of a registry: number of entries, a colon, 64 hexadecimal digits of the root, as "
                 "'oremark verify' prints it",
                 text);
}
