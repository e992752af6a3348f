/* A proof that an entry stands in a log, as a file that anybody's tools read (C2SP tlog-proof):
 *
 *   c2sp.org/tlog-proof@v1
 *   extra AAECAw...            base64 of the entry itself: its leaf hash is SHA-256(0x00, entry)
 *   index 4711
 *   gSKyXoYZUgZ6jduWYrkD...    the path to the root, from the leaf's sibling up
 *                              blank line
 *   kokkola.example/log        the checkpoint with its cosignatures
 *   ...
 *
 * Pure; nothing is believed of what is read but its form. Thread: any. */
#ifndef OREMARK_LEDGER_TLOG_PROOF_H
#define OREMARK_LEDGER_TLOG_PROOF_H

#include "ledger/arena.h"
#include "ledger/merkle.h"
#include "ledger/note.h"

enum {
  OM_TLOG_ENTRY_MAX_BYTES = 65535, /* C2SP tlog-tiles' limit on an entry */
  /* heading, "extra " and the longest entry, "index " with 19 digits, 65 hashes, blank line, the longest note */
  OM_TLOG_PROOF_MAX_BYTES = 23 + 6 + OM_BASE64_BYTES(OM_TLOG_ENTRY_MAX_BYTES) + 6 + 20 +
                            OM_PROOF_MAX * OM_BASE64_BYTES(OM_HASH_BYTES) + 1 + OM_NOTE_BYTES_MAX,
};

struct om_tlog_proof {
  struct om_span entry; /* LEN 0: the file carries none */
  uint64_t index;
  struct om_proof path;
  struct om_span note;
};

/* Writes it to ARENA; returns the length, without the closing NUL. The note ends with a newline. */
size_t om_tlog_proof_format(char **out, struct om_arena *arena, const struct om_tlog_proof *proof);

/* Reads the LEN bytes at DATA; what OUT points to lives in DATA and ARENA. OM_MALFORMED says which line is wrong. The
 * note is not looked into. */
enum om_code om_tlog_proof_parse(struct om_tlog_proof *out, struct om_arena *arena, const char *data, size_t len,
                                 struct om_status *st);

#endif
