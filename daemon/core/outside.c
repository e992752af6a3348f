#include "daemon/core/outside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/registry.h"

enum om_code om_outside_head(struct om_txn *txn, struct om_outside_head *out, uint32_t log, struct om_status *st) {
  struct om_bytes bytes;
  struct om_note note;
  struct om_daemon daemon;
  enum om_code code = om_log_final(txn, &bytes, log, st);
  if (code == OM_OK) code = om_note_parse(&note, (const char *)bytes.data, bytes.len, st);
  if (code == OM_OK) code = om_checkpoint_parse(&out->checkpoint, NULL, note.text, note.text_len, st);
  if (code == OM_OK) code = om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_note_bare(out->note, &out->len, &note, daemon.origin, daemon.log_key, st);
  return code;
}

enum om_code om_outside_body(struct om_txn *txn, char out[OM_ADD_CHECKPOINT_MAX_BYTES], size_t *len, uint32_t log,
                             const struct om_outside_head *head, uint64_t old, struct om_status *st) {
  static _Thread_local struct om_log_tiles tiles;
  struct om_proof proof;
  size_t n = (size_t)snprintf(out, OM_ADD_CHECKPOINT_MAX_BYTES, "old %" PRIu64 "\n", old);
  if (om_log_tiles(txn, &tiles, log, st) != OM_OK ||
      om_prove_consistency(&tiles.tiles, &proof, old, head->checkpoint.size, st) != OM_OK)
    return st->code;
  if (proof.n > OM_ADD_CHECKPOINT_HASHES || head->len > OM_NOTE_BYTES_MAX)
    return om_fail(st, OM_MALFORMED, NULL, "a proof of %zu hashes is longer than a witness takes", proof.n);
  for (size_t i = 0; i < proof.n; i++) {
    om_base64(out + n, OM_ADD_CHECKPOINT_MAX_BYTES - n, proof.hashes[i].bytes, OM_HASH_BYTES);
    n += OM_BASE64_BYTES(OM_HASH_BYTES) - 1;
    out[n++] = '\n';
  }
  out[n++] = '\n';
  memcpy(out + n, head->note, head->len);
  *len = n + head->len;
  return OM_OK;
}

enum om_code om_outside_line(char out[OM_NOTE_LINE_BYTES], const struct om_outside_head *head, const char *body,
                             size_t len, const struct om_vkey *key, struct om_status *st) {
  for (const char *at = body, *end = body + len; at < end;) {
    static _Thread_local char bytes[OM_NOTE_BYTES_MAX];
    static _Thread_local struct om_note note;
    size_t n = head->len;
    uint64_t time_s;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (newline == NULL) break;
    size_t line = (size_t)(newline - at) + 1;
    memcpy(bytes, head->note, n);
    /* What else it has signed with is nobody's concern here. */
    if (line < OM_NOTE_LINE_BYTES && om_note_add_line(bytes, &n, at, line, st) == OM_OK &&
        om_note_parse(&note, bytes, n, st) == OM_OK &&
        om_note_verify_cosignature(&note, &time_s, key->name, key->key, st) == OM_OK) {
      memcpy(out, at, line);
      out[line] = '\0';
      return OM_OK;
    }
    at = newline + 1;
  }
  return om_fail(st, OM_MISSING, NULL, "its answer holds no good cosignature by %s", key->name);
}

bool om_outside_size(uint64_t *out, const char *body, size_t len) {
  *out = 0;
  if (len < 2 || len > 20 || body[len - 1] != '\n' || (len > 2 && body[0] == '0')) return false;
  for (size_t i = 0; i + 1 < len; i++) {
    if (body[i] < '0' || body[i] > '9') return false;
    *out = *out * 10 + (uint64_t)(body[i] - '0');
  }
  return *out <= OM_TREE_SIZE_MAX;
}
