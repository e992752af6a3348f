#include "ledger/tlog_proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEADING "c2sp.org/tlog-proof@v1\n"

size_t om_tlog_proof_format(char **out, struct om_arena *arena, const struct om_tlog_proof *proof) {
  size_t n = 0, cap = OM_TLOG_PROOF_MAX_BYTES;
  OM_ASSERT(proof->entry.len <= OM_TLOG_ENTRY_MAX_BYTES && proof->note.len <= OM_NOTE_BYTES_MAX);
  char *text = *out = om_arena_alloc(arena, cap);
  n += (size_t)snprintf(text, cap, HEADING);
  if (proof->entry.len > 0) {
    n += (size_t)snprintf(text + n, cap - n, "extra ");
    om_base64(text + n, cap - n, proof->entry.data, proof->entry.len);
    n += OM_BASE64_BYTES(proof->entry.len) - 1;
    text[n++] = '\n';
  }
  n += (size_t)snprintf(text + n, cap - n, "index %" PRIu64 "\n", proof->index);
  for (size_t i = 0; i < proof->path.n; i++) {
    om_base64(text + n, cap - n, proof->path.hashes[i].bytes, OM_HASH_BYTES);
    n += OM_BASE64_BYTES(OM_HASH_BYTES) - 1;
    text[n++] = '\n';
  }
  text[n++] = '\n';
  memcpy(text + n, proof->note.data, proof->note.len);
  n += proof->note.len;
  text[n] = '\0';
  return n;
}

/* A line without its newline; false: there is no more. */
static bool next_line(struct om_span *out, const char **at, const char *end) {
  const char *newline = memchr(*at, '\n', (size_t)(end - *at));
  if (!newline) return false;
  *out = (struct om_span){*at, (size_t)(newline - *at)};
  *at = newline + 1;
  return true;
}

static bool begins(const struct om_span *line, const char *word) {
  return line->len >= strlen(word) && memcmp(line->data, word, strlen(word)) == 0;
}

static bool parse_number(uint64_t *out, const char *text, size_t len) {
  if (len == 0 || len > 19 || (len > 1 && text[0] == '0')) return false;
  *out = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    *out = *out * 10 + (uint64_t)(text[i] - '0');
  }
  return *out <= OM_TREE_SIZE_MAX;
}

static enum om_code wrong(int line, const char *what, struct om_status *st) {
  return om_fail(st, OM_MALFORMED, NULL, "no C2SP tlog-proof: line %d %s", line, what);
}

static bool parse_extra(struct om_tlog_proof *out, struct om_arena *arena, const struct om_span *line) {
  const char *text = (const char *)line->data + strlen("extra ");
  uint8_t *bytes = om_arena_alloc(arena, OM_TLOG_ENTRY_MAX_BYTES);
  bool ok = om_base64_decode(bytes, OM_TLOG_ENTRY_MAX_BYTES, &out->entry.len, text, line->len - strlen("extra "));
  out->entry.data = bytes;
  return ok;
}

enum om_code om_tlog_proof_parse(struct om_tlog_proof *out, struct om_arena *arena, const char *data, size_t len,
                                 struct om_status *st) {
  const char *at = data, *end = data + len;
  struct om_span line;
  int n = 1;
  memset(out, 0, sizeof *out);
  if (len < strlen(HEADING) || memcmp(data, HEADING, strlen(HEADING)) != 0)
    return wrong(n, "is not \"c2sp.org/tlog-proof@v1\"", st);
  at += strlen(HEADING);
  n++;
  if (!next_line(&line, &at, end)) return wrong(n, "is missing", st);
  if (begins(&line, "extra ")) {
    if (!parse_extra(out, arena, &line)) return wrong(n, "holds no base64 of an entry", st);
    n++;
    if (!next_line(&line, &at, end)) return wrong(n, "is missing", st);
  }
  if (!begins(&line, "index ") || !parse_number(&out->index, (const char *)line.data + 6, line.len - 6))
    return wrong(n, "is not \"index\" and a number", st);
  for (;;) {
    size_t got;
    n++;
    if (!next_line(&line, &at, end)) return wrong(n, "is missing", st);
    if (line.len == 0) break;
    if (out->path.n == OM_PROOF_MAX) return wrong(n, "is one hash too many", st);
    if (!om_base64_decode(out->path.hashes[out->path.n++].bytes, OM_HASH_BYTES, &got, line.data, line.len) ||
        got != OM_HASH_BYTES)
      return wrong(n, "is no base64 of a hash", st);
  }
  out->note = (struct om_span){at, (size_t)(end - at)};
  return OM_OK;
}
