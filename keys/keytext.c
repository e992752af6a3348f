#include "keys/keytext.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keys/base64.h"
#include "keys/utf8.h"

_Static_assert(OM_SALT_BYTES == crypto_pwhash_SALTBYTES, "the salt that libsodium wants");
_Static_assert(OM_SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce that libsodium wants");
_Static_assert(OM_SEALED_BYTES == OM_SEED_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES, "seed and tag");

static const char first_line[] = "oremark key file, version 1";
static const char first_words[] = "oremark key file, version ";

const struct om_pwhash_cost om_pwhash_default = {.passes = crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
                                                 .mem_bytes = crypto_pwhash_argon2id_MEMLIMIT_MODERATE};

/* ---- small words ---- */

static const char *const kind_names[] = {
    [OM_KEY_MEMBER] = "member",   [OM_KEY_LOG] = "log",   [OM_KEY_COSIGN] = "cosign",
    [OM_KEY_WITNESS] = "witness", [OM_KEY_LINK] = "link", [OM_KEY_SEALING] = "sealing"};

const char *om_key_kind_name(enum om_key_kind kind) {
  OM_ASSERT((size_t)kind < sizeof kind_names / sizeof *kind_names);
  return kind_names[kind];
}

bool om_key_kind_parse(enum om_key_kind *out, const char *name) {
  for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++)
    if (strcmp(name, kind_names[i]) == 0) {
      *out = (enum om_key_kind)i;
      return true;
    }
  return false;
}

/* The signature type of KIND's vkeys; not for those that agree. */
static enum om_alg alg_of(enum om_key_kind kind) {
  switch (kind) {
    case OM_KEY_MEMBER:
    case OM_KEY_LOG: return OM_ALG_ED25519;
    case OM_KEY_COSIGN:
    case OM_KEY_WITNESS: return OM_ALG_COSIGNATURE;
    case OM_KEY_LINK:
    case OM_KEY_SEALING: break;
  }
  om_panic(__FILE__, __LINE__, "a link key or sealing key signs nothing");
}

bool om_key_kind_agrees(enum om_key_kind kind) {
  return kind == OM_KEY_LINK || kind == OM_KEY_SEALING;
}

void om_key_public_text(char out[OM_VKEY_BYTES], const struct om_key_info *info) {
  if (om_key_kind_agrees(info->kind))
    om_base64(out, OM_VKEY_BYTES, info->public_key, OM_PUBLIC_BYTES);
  else
    om_vkey_format(out, info->name, alg_of(info->kind), info->public_key);
}

bool om_day_ok(const char *text, size_t len) {
  static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (len != OM_CREATED_BYTES) return false;
  unsigned part[3] = {0}, at = 0;
  for (size_t i = 0; i < len; i++) {
    bool is_dash = i == 4 || i == 7;
    if (is_dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
    if (is_dash)
      at++;
    else
      part[at] = part[at] * 10 + (unsigned)(text[i] - '0');
  }
  unsigned year = part[0], month = part[1], day = part[2];
  if (month < 1 || month > 12) return false;
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day >= 1 && day <= days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

bool om_pwhash_cost_ok(const struct om_pwhash_cost *cost) {
  return cost->passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN && cost->passes <= OM_PWHASH_MAX_PASSES &&
         cost->mem_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN && cost->mem_bytes <= OM_PWHASH_MAX_MEM_BYTES;
}

/* ---- reading ---- */

/* A stretch of text that is eaten from the front. */
struct span {
  const char *at;
  size_t len;
};

/* Takes everything up to MARK out of SPAN, and MARK itself; false if there is none. */
static bool take_until(struct span *out, struct span *from, char mark) {
  const char *end = memchr(from->at, mark, from->len);
  if (!end) return false;
  *out = (struct span){from->at, (size_t)(end - from->at)};
  from->at = end + 1;
  from->len -= out->len + 1;
  return true;
}

static bool take_words(struct span *from, const char *words) {
  size_t len = strlen(words);
  if (from->len < len || memcmp(from->at, words, len) != 0) return false;
  from->at += len;
  from->len -= len;
  return true;
}

/* A decimal number up to MOST without a leading zero, so that it has one text. */
static bool read_number(uint64_t *out, struct span s, uint64_t most) {
  *out = 0;
  if (s.len == 0 || s.len > 10 || s.at[0] == '0') return false;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] < '0' || s.at[i] > '9') return false;
    *out = *out * 10 + (uint64_t)(s.at[i] - '0');
  }
  return *out <= most;
}

static bool read_bytes(uint8_t *out, size_t want, struct span s) {
  size_t len;
  return om_base64_decode(out, want, &len, s.at, s.len) && len == want;
}

struct reader {
  struct span rest;
  unsigned line; /* the number of the line last read */
};

static enum om_code next_line(struct span *out, struct reader *r, struct om_status *st) {
  r->line++;
  if (r->rest.len == 0) return om_fail(st, OM_MALFORMED, NULL, "line %u: missing; the file was cut off", r->line);
  if (!take_until(out, &r->rest, '\n'))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: does not end in a newline; the file was cut off", r->line);
  if (out->len > 0 && out->at[out->len - 1] == '\r')
    return om_fail(st, OM_MALFORMED, NULL, "line %u: ends as on Windows; save the file with Unix line ends", r->line);
  if (!om_text_ok(out->at, out->len))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: holds a control character or is not UTF-8", r->line);
  return OM_OK;
}

/* Reads the next line that is not a comment, which must begin with FIELD and ": ", and sets VALUE to what follows. */
static enum om_code next_field(struct span *value, struct reader *r, const char *field, struct om_status *st) {
  enum om_code code;
  do code = next_line(value, r, st);
  while (code == OM_OK && value->len > 0 && value->at[0] == '#');
  if (code != OM_OK) return code;
  if (!take_words(value, field) || !take_words(value, ": "))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: must be \"%s: ...\"", r->line, field);
  return OM_OK;
}

static enum om_code read_first(struct reader *r, struct om_status *st) {
  struct span line = {0};
  /* The first words before anything else, so that any other file is called what it is. */
  if (r->rest.len < sizeof first_words - 1 || memcmp(r->rest.at, first_words, sizeof first_words - 1) != 0)
    return om_fail(st, OM_MALFORMED, NULL, "line 1: not an Oremark key file: it must begin with \"%s\"", first_line);
  enum om_code code = next_line(&line, r, st);
  if (code != OM_OK) return code;
  if (line.len != sizeof first_line - 1 || memcmp(line.at, first_line, line.len) != 0)
    return om_fail(st, OM_MALFORMED, NULL,
                   "line 1: only version 1 of key files is known here; a later Oremark may read this one");
  return OM_OK;
}

static enum om_code read_kind(struct om_key_info *info, struct reader *r, struct om_status *st) {
  struct span value;
  enum om_code code = next_field(&value, r, "kind", st);
  if (code != OM_OK) return code;
  char name[16] = "";
  if (value.len < sizeof name) memcpy(name, value.at, value.len);
  if (!om_key_kind_parse(&info->kind, name))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: the kind must be member, log, cosign, witness, link or sealing",
                   r->line);
  return OM_OK;
}

static enum om_code read_name(struct om_key_info *info, struct reader *r, struct om_status *st) {
  struct span value;
  enum om_code code = next_field(&value, r, "name", st);
  if (code != OM_OK) return code;
  if (!om_key_name_ok(value.at, value.len))
    return om_fail(st, OM_MALFORMED, NULL,
                   "line %u: the name must be 1 to %d bytes of UTF-8 text without spaces, '+' or control characters",
                   r->line, OM_KEY_NAME_BYTES);
  memcpy(info->name, value.at, value.len);
  info->name[value.len] = '\0';
  return OM_OK;
}

static enum om_code read_public(struct om_key_info *info, struct reader *r, struct om_status *st) {
  struct span value;
  struct om_vkey vkey;
  enum om_code code = next_field(&value, r, "public", st);
  if (code != OM_OK) return code;
  if (om_key_kind_agrees(info->kind)) {
    if (read_bytes(info->public_key, OM_PUBLIC_BYTES, value)) return OM_OK;
    return om_fail(st, OM_MALFORMED, NULL, "line %u: the public half is not the base64 of %d bytes", r->line,
                   OM_PUBLIC_BYTES);
  }
  if (om_vkey_parse(&vkey, value.at, value.len, st) != OM_OK) return om_wrap(st, "line %u", r->line);
  if (strcmp(vkey.name, info->name) != 0)
    return om_fail(st, OM_MALFORMED, NULL, "line %u: this public half is named %s, the file %s", r->line, vkey.name,
                   info->name);
  if (vkey.alg != alg_of(info->kind))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: a public half of signature type 0x%02x does not suit a %s key",
                   r->line, (unsigned)vkey.alg, om_key_kind_name(info->kind));
  memcpy(info->public_key, vkey.key, OM_PUBLIC_BYTES);
  return OM_OK;
}

static enum om_code read_created(struct om_key_info *info, struct reader *r, struct om_status *st) {
  struct span value;
  enum om_code code = next_field(&value, r, "created", st);
  if (code != OM_OK) return code;
  if (!om_day_ok(value.at, value.len))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: not a day written as 2026-11-23", r->line);
  memcpy(info->created, value.at, OM_CREATED_BYTES);
  info->created[OM_CREATED_BYTES] = '\0';
  return OM_OK;
}

static enum om_code read_cost(struct om_keytext *t, struct span passes, struct span mem, struct om_status *st) {
  uint64_t n = 0;
  bool is_ok =
      read_number(&n, passes, OM_PWHASH_MAX_PASSES) && read_number(&t->cost.mem_bytes, mem, OM_PWHASH_MAX_MEM_BYTES);
  t->cost.passes = (uint32_t)n;
  if (is_ok && om_pwhash_cost_ok(&t->cost)) return OM_OK;
  return om_fail(st, OM_MALFORMED, NULL,
                 "line %u: argon2id may take 1 to %d passes over 8192 to %llu bytes here, and this file asks otherwise",
                 t->secret_line, OM_PWHASH_MAX_PASSES, OM_PWHASH_MAX_MEM_BYTES);
}

static enum om_code read_sealed(struct om_keytext *t, struct span value, struct om_status *st) {
  struct span passes, mem, salt, nonce;
  bool has_form = take_until(&passes, &value, ':') && take_until(&mem, &value, ':') && take_until(&salt, &value, ' ') &&
                  take_words(&value, "xchacha20poly1305:") && take_until(&nonce, &value, ':');
  if (!has_form)
    return om_fail(st, OM_MALFORMED, NULL,
                   "line %u: must be \"secret: argon2id:PASSES:MEMORY:SALT xchacha20poly1305:NONCE:CIPHERTEXT\"",
                   t->secret_line);
  enum om_code code = read_cost(t, passes, mem, st);
  if (code != OM_OK) return code;
  if (!read_bytes(t->salt, sizeof t->salt, salt) || !read_bytes(t->nonce, sizeof t->nonce, nonce) ||
      !read_bytes(t->sealed, sizeof t->sealed, value))
    return om_fail(st, OM_MALFORMED, NULL,
                   "line %u: salt, nonce and ciphertext are not the base64 of %d, %d and %d bytes", t->secret_line,
                   OM_SALT_BYTES, OM_SEAL_NONCE_BYTES, OM_SEALED_BYTES);
  t->sealed_at = (size_t)(value.at - t->bytes);
  return OM_OK;
}

static enum om_code read_secret(struct om_keytext *t, struct reader *r, struct om_status *st) {
  struct span value;
  enum om_code code = next_field(&value, r, "secret", st);
  if (code != OM_OK) return code;
  t->secret_line = r->line;
  t->secret_at = (size_t)(value.at - t->bytes) - strlen("secret: ");
  if (r->rest.len > 0) return om_fail(st, OM_MALFORMED, NULL, "line %u: nothing may follow the secret", r->line + 1);
  t->info.is_encrypted = take_words(&value, "argon2id:");
  if (t->info.is_encrypted) return read_sealed(t, value, st);
  if (!take_words(&value, "plain "))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: the secret must be \"plain ...\" or \"argon2id:...\"", r->line);
  if (!read_bytes(t->seed, sizeof t->seed, value))
    return om_fail(st, OM_MALFORMED, NULL, "line %u: the plain secret is not the base64 of %d bytes", r->line,
                   OM_SEED_BYTES);
  return OM_OK;
}

enum om_code om_keytext_parse(struct om_keytext *t, struct om_status *st) {
  struct reader r = {.rest = {t->bytes, t->len}};
  enum om_code code = read_first(&r, st);
  if (code == OM_OK) code = read_kind(&t->info, &r, st);
  if (code == OM_OK) code = read_name(&t->info, &r, st);
  if (code == OM_OK) code = read_public(&t->info, &r, st);
  if (code == OM_OK) code = read_created(&t->info, &r, st);
  if (code == OM_OK) code = read_secret(t, &r, st);
  return code;
}

/* ---- the seal ---- */

/* Writes all that stands before the ciphertext, comment lines left out, and returns its length. */
static size_t bound_bytes(uint8_t out[OM_KEYFILE_BYTES], const struct om_keytext *t) {
  struct span rest = {t->bytes, t->sealed_at}, line;
  size_t len = 0;
  while (take_until(&line, &rest, '\n')) {
    if (line.len > 0 && line.at[0] == '#') continue;
    memcpy(out + len, line.at, line.len + 1);
    len += line.len + 1;
  }
  memcpy(out + len, rest.at, rest.len); /* the beginning of the secret line */
  return len + rest.len;
}

/* Derives the key that seals T's secret, in locked memory; the caller ends it with sodium_free. */
static enum om_code derive(uint8_t **out, const struct om_keytext *t, const struct om_passphrase *passphrase,
                           struct om_status *st) {
  void *key;
  enum om_code code = om_locked_alloc(&key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, st);
  if (code != OM_OK) return code;
  if (crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase->text, passphrase->len, t->salt,
                    t->cost.passes, (size_t)t->cost.mem_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    sodium_free(key);
    return om_fail(st, OM_IO, NULL, "not enough memory for the passphrase: argon2id needs %" PRIu64 " MiB here",
                   t->cost.mem_bytes / (1024 * 1024) + 1);
  }
  *out = key;
  return OM_OK;
}

static enum om_code unseal_seed(uint8_t seed[OM_SEED_BYTES], const struct om_keytext *t,
                                const struct om_passphrase *passphrase, struct om_status *st) {
  uint8_t bound[OM_KEYFILE_BYTES], *key = NULL;
  size_t bound_len = bound_bytes(bound, t);
  enum om_code code = derive(&key, t, passphrase, st);
  if (code != OM_OK) return code;
  int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(seed, NULL, NULL, t->sealed, sizeof t->sealed, bound,
                                                          bound_len, t->nonce, key);
  sodium_free(key);
  if (failed) return om_fail(st, OM_USAGE, NULL, "the passphrase is wrong, or the file was altered");
  return OM_OK;
}

static enum om_code secret_from_seed(struct om_secret **out, const struct om_keytext *t, const uint8_t *seed,
                                     struct om_status *st) {
  enum om_code code =
      om_key_kind_agrees(t->info.kind) ? om_secret_new_x25519(out, seed, st) : om_secret_new(out, seed, st);
  if (code != OM_OK) return code;
  if (memcmp(om_secret_public(*out), t->info.public_key, OM_PUBLIC_BYTES) == 0) return OM_OK;
  om_secret_free(*out);
  *out = NULL;
  return om_fail(st, OM_CORRUPT, NULL, "line %u: the secret half does not belong to the public half", t->secret_line);
}

enum om_code om_keytext_unseal(struct om_secret **out, const struct om_keytext *t,
                               const struct om_passphrase *passphrase, struct om_status *st) {
  *out = NULL;
  if (!t->info.is_encrypted) return secret_from_seed(out, t, t->seed, st);
  OM_ASSERT(passphrase);
  void *seed;
  enum om_code code = om_locked_alloc(&seed, OM_SEED_BYTES, st);
  if (code != OM_OK) return code;
  code = unseal_seed(seed, t, passphrase, st);
  if (code == OM_OK) code = secret_from_seed(out, t, seed, st);
  sodium_free(seed);
  return code;
}

/* ---- writing ---- */

void om_keytext_begin(struct om_keytext *t, const struct om_key_info *info) {
  char public_text[OM_VKEY_BYTES];
  om_key_public_text(public_text, info);
  int n =
      snprintf(t->bytes, sizeof t->bytes,
               "%s\n"
               "# Show the lines above \"secret\" to anybody; keep the secret line, and so this file, to yourself.\n"
               "kind: %s\nname: %s\npublic: %s\ncreated: %s\n",
               first_line, om_key_kind_name(info->kind), info->name, public_text, info->created);
  OM_ASSERT(n > 0 && (size_t)n < sizeof t->bytes);
  t->info = *info;
  t->len = t->secret_at = (size_t)n;
}

static void append_bytes(struct om_keytext *t, const uint8_t *bytes, size_t len, char after) {
  om_base64(t->bytes + t->len, sizeof t->bytes - t->len, bytes, len);
  t->len += OM_BASE64_BYTES(len) - 1;
  t->bytes[t->len++] = after;
}

static void append_text(struct om_keytext *t, const char *text) {
  size_t len = strlen(text);
  OM_ASSERT(len < sizeof t->bytes - t->len);
  memcpy(t->bytes + t->len, text, len);
  t->len += len;
}

static enum om_code append_sealed(struct om_keytext *t, const struct om_secret *secret,
                                  const struct om_passphrase *passphrase, struct om_status *st) {
  uint8_t bound[OM_KEYFILE_BYTES], *key = NULL;
  char cost[48];
  randombytes_buf(t->salt, sizeof t->salt);
  randombytes_buf(t->nonce, sizeof t->nonce);
  snprintf(cost, sizeof cost, "secret: argon2id:%" PRIu32 ":%" PRIu64 ":", t->cost.passes, t->cost.mem_bytes);
  append_text(t, cost);
  append_bytes(t, t->salt, sizeof t->salt, ' ');
  append_text(t, "xchacha20poly1305:");
  append_bytes(t, t->nonce, sizeof t->nonce, ':');
  t->sealed_at = t->len;
  size_t bound_len = bound_bytes(bound, t);
  enum om_code code = derive(&key, t, passphrase, st);
  if (code != OM_OK) return code;
  OM_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(t->sealed, NULL, secret->seed, OM_SEED_BYTES, bound, bound_len,
                                                       NULL, t->nonce, key) == 0);
  sodium_free(key);
  append_bytes(t, t->sealed, sizeof t->sealed, '\n');
  return OM_OK;
}

enum om_code om_keytext_seal(struct om_keytext *t, const struct om_secret *secret,
                             const struct om_passphrase *passphrase, const struct om_pwhash_cost *cost,
                             struct om_status *st) {
  enum { LONGEST_SECRET_LINE = 256 }; /* 192 characters at most, with the largest numbers */
  OM_ASSERT(om_pwhash_cost_ok(cost));
  if (t->secret_at + LONGEST_SECRET_LINE > OM_KEYFILE_BYTES)
    return om_fail(st, OM_USAGE, NULL, "the comments leave no room: a key file has at most %d bytes", OM_KEYFILE_BYTES);
  sodium_memzero(t->bytes + t->secret_at, sizeof t->bytes - t->secret_at);
  t->len = t->secret_at;
  t->cost = *cost;
  if (passphrase) {
    enum om_code code = append_sealed(t, secret, passphrase, st);
    if (code != OM_OK) return code;
  } else {
    append_text(t, "secret: plain ");
    append_bytes(t, secret->seed, OM_SEED_BYTES, '\n');
  }
  OM_ASSERT(om_keytext_parse(t, st) == OM_OK);
  return OM_OK;
}
