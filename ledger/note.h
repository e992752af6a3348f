/* Signed notes (C2SP signed-note), and the two kinds of signature that Oremark puts on them: a log's signature of its
 * checkpoint (C2SP tlog-checkpoint, type 0x01) and a witness's timestamped cosignature (C2SP tlog-cosignature v1, type
 * 0x04). To the byte, so that tools that others wrote can check our logs.
 *
 *   kokkola.example/log            origin      \
 *   4711                           size         | text, what is signed
 *   CsUYapGGPo4dkMgIAUqom/Xa...    root        /
 *                                  blank line
 *   — kokkola.example/log Az3g...  signature lines: key name, base64 of key id and signature
 *   — outokumpu.example/w jWbP...
 *
 * A line by a key that nobody asks about is ignored, never an error. Nothing allocates: a parsed note points into the
 * caller's bytes. Thread: any. */
#ifndef OREMARK_LEDGER_NOTE_H
#define OREMARK_LEDGER_NOTE_H

#include "keys/base64.h"
#include "keys/status.h"
#include "keys/vkey.h"
#include "ledger/hash.h"

enum {
  OM_LOG_ORIGIN_BYTES = OM_KEY_NAME_BYTES, /* a log signs with a key of its origin's name */
  OM_COSIGNATURE_BYTES = 8 + OM_SIG_BYTES, /* big-endian time in seconds, then Ed25519 */
  OM_NOTE_KEY_ID_BYTES = 4,                /* big-endian, before the signature */
  /* em dash, space, name, space, base64 of the longest that we make, newline, NUL */
  OM_NOTE_LINE_BYTES = 3 + 1 + OM_KEY_NAME_BYTES + 1 + OM_BASE64_BYTES(OM_NOTE_KEY_ID_BYTES + OM_COSIGNATURE_BYTES) + 1,
  /* the log, two lists of 64 witnesses each, and the rest of the 16 that C2SP wants taken */
  OM_NOTE_SIGNATURES_MAX = 144,
  /* During a change of witnesses a head is signed by the quorums of both lists. At most: 194 bytes of checkpoint and a
   * blank line, 226 of the log's line, 128 cosignatures of 238: 30,885. */
  OM_NOTE_BYTES_MAX = 32768,
  /* origin, size of up to 19 digits, root, a newline each, NUL */
  OM_CHECKPOINT_BYTES = OM_LOG_ORIGIN_BYTES + 1 + 19 + 1 + OM_BASE64_BYTES(OM_HASH_BYTES) + 1,
};

/* The latest time of a cosignature (C2SP tlog-cosignature: at most 2^63 - 1), in seconds since 1970-01-01 UTC. */
#define OM_COSIGNATURE_TIME_MAX ((uint64_t)INT64_MAX)

/* One signature line. NAME and BASE64 point into the note and have no NUL. */
struct om_note_line {
  const char *name;
  size_t name_len;
  uint32_t key_id;
  const char *base64; /* of key id and signature; canonical */
  size_t base64_len;
};

/* A parsed note. It points into the bytes that it was parsed from, which must outlive it. */
struct om_note {
  const char *text; /* with its last newline, without the blank line; no NUL */
  size_t text_len;
  size_t n;
  struct om_note_line lines[OM_NOTE_SIGNATURES_MAX];
};

/* Parses the LEN bytes at DATA. OM_MALFORMED unless they are at most OM_NOTE_BYTES_MAX bytes of valid UTF-8 without
 * control characters (below U+0020, but for newline): a text, a blank line, and 1 to OM_NOTE_SIGNATURES_MAX signature
 * lines in canonical base64. No signature is checked. */
enum om_code om_note_parse(struct om_note *out, const char *data, size_t len, struct om_status *st);

/* Checks the signature of type 0x01 by KEY with NAME. OM_MISSING if the note has no line by this key, OM_REFUSED if it
 * has two, OM_NO if the signature is wrong. KEY has passed om_public_ok. */
enum om_code om_note_verify_log(const struct om_note *note, const char *name, const uint8_t key[OM_PUBLIC_BYTES],
                                struct om_status *st);

/* Checks the cosignature of type 0x04 by KEY with NAME, in the same way, and sets *TIME (seconds since 1970-01-01
 * UTC). */
enum om_code om_note_verify_cosignature(const struct om_note *note, uint64_t *time, const char *name,
                                        const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st);

/* Signs the text of a note with type 0x01: writes the signature line with newline and NUL, returns its length without
 * the NUL. NAME must be om_key_name_ok. */
size_t om_note_sign(char out[OM_NOTE_LINE_BYTES], const char *name, const struct om_secret *secret, const char *text,
                    size_t text_len);

/* Cosigns the text of a checkpoint (at most OM_NOTE_BYTES_MAX bytes) at TIME (seconds, at most
 * OM_COSIGNATURE_TIME_MAX): writes the signature line of type 0x04 with newline and NUL, returns its length without the
 * NUL. */
size_t om_note_cosign(char out[OM_NOTE_LINE_BYTES], const char *name, const struct om_secret *secret, uint64_t time,
                      const char *text, size_t text_len);

/* Begins a note in NOTE: TEXT, which must end with a newline, and the blank line. *LEN is the length so far; there is
 * no NUL. It is a note when the first line is added. OM_MALFORMED if TEXT is not the text of a note or too long. */
enum om_code om_note_begin(char note[OM_NOTE_BYTES_MAX], size_t *len, const char *text, size_t text_len,
                           struct om_status *st);

/* Adds one signature line, with its newline, to the *LEN bytes of NOTE (begun as above, or a whole note). OM_MALFORMED
 * if it is not exactly one such line, OM_REFUSED if the note has one of the same name and key id or has no room. NOTE
 * and *LEN are then as before. The signature is not checked. */
enum om_code om_note_add_line(char note[OM_NOTE_BYTES_MAX], size_t *len, const char *line, size_t line_len,
                              struct om_status *st);

/* Writes NOTE with no other signature than that by KEY of type 0x01 with NAME. OM_MISSING if it has no line by this
 * key.
 */
enum om_code om_note_bare(char out[OM_NOTE_BYTES_MAX], size_t *len, const struct om_note *note, const char *name,
                          const uint8_t key[OM_PUBLIC_BYTES], struct om_status *st);

/* A log's head: the first SIZE entries of log ORIGIN hash to ROOT. */
struct om_checkpoint {
  char origin[OM_LOG_ORIGIN_BYTES + 1]; /* 1 to OM_LOG_ORIGIN_BYTES bytes of om_text_ok, and NUL */
  uint64_t size;                        /* entries, at most OM_TREE_SIZE_MAX */
  struct om_hash root;
};

/* Reads the text of a note as a checkpoint. Oremark's logs have no extension lines (lines after the third): with
 * EXTENSIONS NULL they are OM_MALFORMED, otherwise *EXTENSIONS is set to their number. OM_MALFORMED too for an origin
 * that is too long or not om_text_ok, a size with leading zeros or above OM_TREE_SIZE_MAX, a root that is not canonical
 * base64 of 32 bytes. */
enum om_code om_checkpoint_parse(struct om_checkpoint *out, size_t *extensions, const char *text, size_t text_len,
                                 struct om_status *st);

/* Writes the three lines with a closing NUL; returns the length without it. */
size_t om_checkpoint_format(char out[OM_CHECKPOINT_BYTES], const struct om_checkpoint *checkpoint);

#endif
