#include "ledger/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/utf8.h"
#include "ledger/merkle.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a space begin each signature line */
enum { DASH_BYTES = sizeof DASH - 1, PRINT_MAX = 200 };

/* How much of a name from outside is shown in a message. */
static int shown(size_t len) {
  return (int)(len < PRINT_MAX ? len : PRINT_MAX);
}

/* Whether these are valid UTF-8 without control characters other than newline (C2SP signed-note, "Format"). */
static bool note_chars_ok(const char *data, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if ((unsigned char)data[i] < 0x20 && data[i] != '\n') {
      return false;
    }
  }
  return om_utf8_ok(data, len);
}

/* Any name that C2SP allows, for unknown keys may have longer or stranger ones than ours. */
static bool line_name_ok(const char *name, size_t len) {
  for (size_t at = 0; at < len;) {
    uint32_t c;
    size_t n = om_utf8_next(&c, name + at, len - at);
    if (n == 0 || c == '+' || om_utf8_is_space(c)) {
      return false;
    }
    at += n;
  }
  return len > 0;
}

/* Parses one signature line of LEN bytes, without its newline. */
static bool parse_line(struct om_note_line *out, const char *line, size_t len) {
  uint8_t bytes[OM_NOTE_BYTES_MAX * 3 / 4];
  size_t n;
  if (len <= DASH_BYTES || memcmp(line, DASH, DASH_BYTES) != 0) {
    return false;
  }
  const char *name = line + DASH_BYTES, *end = line + len;
  const char *space = memchr(name, ' ', (size_t)(end - name));
  if (!space || !line_name_ok(name, (size_t)(space - name))) {
    return false;
  }
  const char *base64 = space + 1;
  if (!om_base64_decode(bytes, sizeof bytes, &n, base64, (size_t)(end - base64)) || n <= OM_NOTE_KEY_ID_BYTES) {
    return false;
  }
  uint32_t id = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
  *out = (struct om_note_line){name, (size_t)(space - name), id, base64, (size_t)(end - base64)};
  return true;
}

static enum om_code parse_lines(struct om_note *out, const char *at, const char *end, struct om_status *st) {
  for (out->n = 0; at < end; out->n++) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) {
      return om_fail(st, OM_MALFORMED, NULL, "the note does not end with a newline");
    }
    if (out->n == OM_NOTE_SIGNATURES_MAX) {
      return om_fail(st, OM_MALFORMED, NULL, "the note has more than %d signature lines", OM_NOTE_SIGNATURES_MAX);
    }
    if (!parse_line(&out->lines[out->n], at, (size_t)(newline - at))) {
      return om_fail(st, OM_MALFORMED, NULL, "line %zu after the note's text is not a signature line", out->n + 1);
    }
    at = newline + 1;
  }
  return OM_OK;
}

/* The text of a note, or of one that is being put together and has no line yet. */
static enum om_code parse_any(struct om_note *out, const char *data, size_t len, struct om_status *st) {
  if (len == 0 || len > OM_NOTE_BYTES_MAX) {
    return om_fail(st, OM_MALFORMED, NULL, "the note has %zu bytes; 1 to %d are allowed", len, OM_NOTE_BYTES_MAX);
  }
  if (!note_chars_ok(data, len)) {
    return om_fail(st, OM_MALFORMED, NULL, "the note is not UTF-8 text without control characters");
  }
  const char *blank = len == 0 ? NULL : memrchr(data, '\n', len); /* then the second newline of the last pair */
  while (blank && (blank == data || blank[-1] != '\n')) {
    blank = memrchr(data, '\n', (size_t)(blank - data));
  }
  if (!blank) {
    return om_fail(st, OM_MALFORMED, NULL, "the note has no blank line between its text and its signatures");
  }
  out->text = data;
  out->text_len = (size_t)(blank - data);
  return parse_lines(out, blank + 1, data + len, st);
}

enum om_code om_note_parse(struct om_note *out, const char *data, size_t len, struct om_status *st) {
  enum om_code code = parse_any(out, data, len, st);
  if (code == OM_OK && out->n == 0) {
    return om_fail(st, OM_MALFORMED, NULL, "the note has no signature line");
  }
  return code;
}

/* ---- checking ---- */

static bool same_key(const struct om_note_line *line, const char *name, size_t name_len, uint32_t key_id) {
  return line->key_id == key_id && line->name_len == name_len && memcmp(line->name, name, name_len) == 0;
}

/* Copies the signature of LEN bytes (without key id) in NAME's one line to SIG. */
static enum om_code find_signature(const struct om_note *note, uint8_t *sig, size_t len, const char *name,
                                   enum om_alg alg, const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st) {
  uint8_t bytes[OM_NOTE_KEY_ID_BYTES + OM_COSIGNATURE_BYTES];
  const struct om_note_line *found = NULL;
  uint32_t id = om_key_id(name, alg, key);
  size_t n;
  for (size_t i = 0; i < note->n; i++) {
    if (same_key(&note->lines[i], name, strlen(name), id)) {
      if (found) {
        return om_fail(st, OM_REFUSED, NULL, "the note has two signatures by %s with key id %08" PRIx32, name, id);
      }
      found = &note->lines[i];
    }
  }
  if (!found) {
    return om_fail(st, OM_MISSING, NULL, "the note has no signature by %s with key id %08" PRIx32, name, id);
  }
  if (!om_base64_decode(bytes, sizeof bytes, &n, found->base64, found->base64_len) || n != OM_NOTE_KEY_ID_BYTES + len) {
    return om_fail(st, OM_NO, NULL, "the signature by %s has the wrong length", name);
  }
  memcpy(sig, bytes + OM_NOTE_KEY_ID_BYTES, len);
  return OM_OK;
}

enum om_code om_note_verify_log(const struct om_note *note, const char *name, const uint8_t key[OM_PUBLIC_BYTES],
                                struct om_status *st) {
  uint8_t sig[OM_SIG_BYTES];
  enum om_code code = find_signature(note, sig, sizeof sig, name, OM_ALG_ED25519, key, st);
  if (code == OM_OK && !om_verify_once(sig, (const uint8_t *)note->text, note->text_len, key)) {
    return om_fail(st, OM_NO, NULL, "the signature by %s does not match the note", name);
  }
  return code;
}

/* What a cosignature v1 signs (C2SP tlog-cosignature, "Ed25519 signed message"). */
struct cosigned {
  size_t len;
  char bytes[64 + OM_NOTE_BYTES_MAX]; /* two short lines, then the text */
};

static void cosigned_message(struct cosigned *out, uint64_t seconds, const char *text, size_t text_len) {
  OM_ASSERT(text_len <= OM_NOTE_BYTES_MAX);
  int n = snprintf(out->bytes, sizeof out->bytes, "cosignature/v1\ntime %" PRIu64 "\n", seconds);
  memcpy(out->bytes + n, text, text_len);
  out->len = (size_t)n + text_len;
}

enum om_code om_note_verify_cosignature(const struct om_note *note, uint64_t *time, const char *name,
                                        const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st) {
  struct cosigned message;
  uint8_t sig[OM_COSIGNATURE_BYTES];
  uint64_t seconds = 0;
  enum om_code code = find_signature(note, sig, sizeof sig, name, OM_ALG_COSIGNATURE, key, st);
  if (code != OM_OK) {
    return code;
  }
  for (size_t i = 0; i < 8; i++) {
    seconds = seconds << 8 | sig[i];
  }
  if (seconds > OM_COSIGNATURE_TIME_MAX) {
    return om_fail(st, OM_NO, NULL, "the cosignature by %s has an impossible time", name);
  }
  cosigned_message(&message, seconds, note->text, note->text_len);
  if (!om_verify_once(sig + 8, (const uint8_t *)message.bytes, message.len, key)) {
    return om_fail(st, OM_NO, NULL, "the cosignature by %s does not match the note", name);
  }
  *time = seconds;
  return OM_OK;
}

/* ---- making ---- */

/* Writes the line of NAME with the LEN bytes of SIG. */
static size_t format_line(char out[OM_NOTE_LINE_BYTES], const char *name, enum om_alg alg,
                          const struct om_secret *secret, const uint8_t *sig, size_t len) {
  uint8_t bytes[OM_NOTE_KEY_ID_BYTES + OM_COSIGNATURE_BYTES];
  char base64[OM_BASE64_BYTES(sizeof bytes)];
  OM_ASSERT(om_key_name_ok(name, strlen(name)) && len <= OM_COSIGNATURE_BYTES);
  uint32_t id = om_key_id(name, alg, om_secret_public(secret));
  for (size_t i = 0; i < OM_NOTE_KEY_ID_BYTES; i++) {
    bytes[i] = (uint8_t)(id >> (24 - 8 * i));
  }
  memcpy(bytes + OM_NOTE_KEY_ID_BYTES, sig, len);
  om_base64(base64, sizeof base64, bytes, OM_NOTE_KEY_ID_BYTES + len);
  int n = snprintf(out, OM_NOTE_LINE_BYTES, DASH "%s %s\n", name, base64);
  OM_ASSERT(n > 0 && n < OM_NOTE_LINE_BYTES);
  return (size_t)n;
}

size_t om_note_sign(char out[OM_NOTE_LINE_BYTES], const char *name, const struct om_secret *secret, const char *text,
                    size_t text_len) {
  uint8_t sig[OM_SIG_BYTES];
  om_sign(secret, sig, (const uint8_t *)text, text_len);
  return format_line(out, name, OM_ALG_ED25519, secret, sig, sizeof sig);
}

size_t om_note_cosign(char out[OM_NOTE_LINE_BYTES], const char *name, const struct om_secret *secret, uint64_t time,
                      const char *text, size_t text_len) {
  struct cosigned message;
  uint8_t sig[OM_COSIGNATURE_BYTES];
  OM_ASSERT(time <= OM_COSIGNATURE_TIME_MAX);
  for (size_t i = 0; i < 8; i++) {
    sig[i] = (uint8_t)(time >> (56 - 8 * i));
  }
  cosigned_message(&message, time, text, text_len);
  om_sign(secret, sig + 8, (const uint8_t *)message.bytes, message.len);
  return format_line(out, name, OM_ALG_COSIGNATURE, secret, sig, sizeof sig);
}

enum om_code om_note_begin(char note[OM_NOTE_BYTES_MAX], size_t *len, const char *text, size_t text_len,
                           struct om_status *st) {
  if (text_len == 0 || text_len >= OM_NOTE_BYTES_MAX || text[text_len - 1] != '\n' || !note_chars_ok(text, text_len)) {
    return om_fail(st, OM_MALFORMED, NULL,
                   "a note's text is lines of UTF-8 without control characters, in all under %d bytes",
                   OM_NOTE_BYTES_MAX);
  }
  memcpy(note, text, text_len);
  note[text_len] = '\n';
  *len = text_len + 1;
  return OM_OK;
}

enum om_code om_note_add_line(char note[OM_NOTE_BYTES_MAX], size_t *len, const char *line, size_t line_len,
                              struct om_status *st) {
  struct om_note parsed;
  struct om_note_line added;
  enum om_code code = parse_any(&parsed, note, *len, st);
  if (code != OM_OK) {
    return code;
  }
  if (line_len > OM_NOTE_BYTES_MAX || line_len == 0 || line[line_len - 1] != '\n' || !note_chars_ok(line, line_len) ||
      !parse_line(&added, line, line_len - 1)) {
    return om_fail(st, OM_MALFORMED, NULL, "this is not one signature line of a note");
  }
  for (size_t i = 0; i < parsed.n; i++) {
    if (same_key(&parsed.lines[i], added.name, added.name_len, added.key_id)) {
      return om_fail(st, OM_REFUSED, NULL, "the note has a signature by %.*s already", shown(added.name_len),
                     added.name);
    }
  }
  if (parsed.n == OM_NOTE_SIGNATURES_MAX || line_len > OM_NOTE_BYTES_MAX - *len) {
    return om_fail(st, OM_REFUSED, NULL, "the note has no room for another signature");
  }
  memcpy(note + *len, line, line_len);
  *len += line_len;
  return OM_OK;
}

enum om_code om_note_bare(char out[OM_NOTE_BYTES_MAX], size_t *len, const struct om_note *note, const char *name,
                          const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st) {
  char line[OM_NOTE_LINE_BYTES];
  uint32_t id = om_key_id(name, OM_ALG_ED25519, key);
  for (size_t i = 0; i < note->n; i++) {
    const struct om_note_line *own = &note->lines[i];
    if (!same_key(own, name, strlen(name), id)) {
      continue;
    }
    int n = snprintf(line, sizeof line, "\u2014 %.*s %.*s\n", (int)own->name_len, own->name, (int)own->base64_len,
                     own->base64);
    if (n < 0 || (size_t)n >= sizeof line) {
      break;
    }
    enum om_code code = om_note_begin(out, len, note->text, note->text_len, st);
    return code == OM_OK ? om_note_add_line(out, len, line, (size_t)n, st) : code;
  }
  return om_fail(st, OM_MISSING, NULL, "the note has no signature by %s", name);
}

/* ---- checkpoints ---- */

/* Takes the next line off *TEXT: it must not be empty and must end with a newline. Its length, without that, or 0. */
static size_t next_line(const char **line, const char **text, const char *end) {
  const char *newline = memchr(*text, '\n', (size_t)(end - *text));
  if (!newline) {
    return 0;
  }
  size_t len = (size_t)(newline - *text);
  *line = *text;
  *text = newline + 1;
  return len;
}

/* A decimal number as C2SP tlog-checkpoint writes it: no sign, no leading zeros. */
static bool parse_size(uint64_t *out, const char *digits, size_t len) {
  uint64_t size = 0;
  if (len == 0 || (digits[0] == '0' && len > 1)) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    if (digits[i] < '0' || digits[i] > '9') {
      return false;
    }
    uint64_t digit = (uint64_t)(digits[i] - '0');
    if (size > (OM_TREE_SIZE_MAX - digit) / 10) {
      return false;
    }
    size = size * 10 + digit;
  }
  *out = size;
  return true;
}

enum om_code om_checkpoint_parse(struct om_checkpoint *out, size_t *extensions, const char *text, size_t text_len,
                                 struct om_status *st) {
  const char *line, *end = text + text_len;
  size_t len = next_line(&line, &text, end), n;
  if (len == 0 || len > OM_LOG_ORIGIN_BYTES || !om_text_ok(line, len)) {
    return om_fail(st, OM_MALFORMED, NULL, "the checkpoint's origin is not 1 to %d bytes of plain text",
                   OM_LOG_ORIGIN_BYTES);
  }
  memcpy(out->origin, line, len);
  out->origin[len] = '\0';
  len = next_line(&line, &text, end);
  if (!parse_size(&out->size, line, len)) {
    return om_fail(st, OM_MALFORMED, NULL, "the checkpoint of %s has no plain decimal number as its size", out->origin);
  }
  len = next_line(&line, &text, end);
  if (!om_base64_decode(out->root.bytes, OM_HASH_BYTES, &n, line, len) || n != OM_HASH_BYTES) {
    return om_fail(st, OM_MALFORMED, NULL, "the checkpoint of %s has no base64 of 32 bytes as its root", out->origin);
  }
  size_t more = 0;
  for (; text < end; more++) {
    if (next_line(&line, &text, end) == 0) {
      return om_fail(st, OM_MALFORMED, NULL, "the checkpoint of %s has an empty or unfinished line", out->origin);
    }
  }
  if (extensions) {
    *extensions = more;
  } else if (more) {
    return om_fail(st, OM_MALFORMED, NULL, "the checkpoint of %s has extension lines; Oremark's logs have none",
                   out->origin);
  }
  return OM_OK;
}

size_t om_checkpoint_format(char out[OM_CHECKPOINT_BYTES], const struct om_checkpoint *checkpoint) {
  char root[OM_BASE64_BYTES(OM_HASH_BYTES)];
  om_base64(root, sizeof root, checkpoint->root.bytes, OM_HASH_BYTES);
  int n = snprintf(out, OM_CHECKPOINT_BYTES, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin, checkpoint->size, root);
  OM_ASSERT(n > 0 && n < OM_CHECKPOINT_BYTES);
  return (size_t)n;
}
