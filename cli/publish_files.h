/* A log's folder in the form of C2SP tlog-tiles, for any web server: every file is written beside its place, flushed
 * and moved there, so that whoever reads sees it whole or not at all; a tile is never written twice. All names are made
 * of numbers and of a log's origin with every character replaced that could mean something to a file system, so that
 * nothing leaves the folder. Thread: one; another process that publishes to the same folder is turned away. */
#ifndef OREMARK_CLI_PUBLISH_FILES_H
#define OREMARK_CLI_PUBLISH_FILES_H

#include <limits.h>

#include "ledger/arena.h"
#include "ledger/hash.h"
#include "ledger/note.h"

enum {
  OM_PUBLISHED_NAME_BYTES = 256, /* what file systems allow */
  OM_TILE_PATH_BYTES = 64,       /* "tile/entries/x999/x999/x999/x999/x999/x999/999.p/255" */
};

struct om_published {
  int folder;           /* open, and locked */
  char path[PATH_MAX];  /* of the folder, for sentences */
  uint64_t files, same; /* written; found to be there already */
  uint64_t bytes;       /* written */
};

/* The folder's name for a log: small letters, digits, '.' and '-' of ORIGIN stay, '/' is '_', any other byte is '=' and
 * two hexadecimal digits, and so is a '.' at the beginning; what would be longer than 200 characters is cut there, and
 * "==" and the first 32 digits of ORIGIN's SHA-256 follow. No two origins have the same. */
void om_published_name(char out[OM_PUBLISHED_NAME_BYTES], const char *origin);

/* Where a tile or, with ENTRIES, an entry bundle stands below the folder; WIDTH 256 for a full one. */
void om_tile_path(char out[OM_TILE_PATH_BYTES], bool entries, unsigned level, uint64_t index, unsigned width);

/* Opens ORIGIN's folder in ROOT, and makes both where they are missing. OM_BUSY: somebody else is at work there. */
enum om_code om_published_open(struct om_published *out, const char *root, const char *origin, struct om_status *st);
void om_published_close(struct om_published *published);

/* The checkpoint that stands there: its note in ARENA, and what it says. OM_MISSING: none yet. OM_REFUSED: it is none
 * of ORIGIN's. */
enum om_code om_published_head(struct om_published *published, struct om_arena *arena, struct om_span *note,
                               struct om_checkpoint *out, const char *origin, struct om_status *st);
/* Replaces it, after all that was written before is on the disk. */
enum om_code om_published_put_head(struct om_published *published, struct om_span note, struct om_status *st);

/* Writes the file at PATH (om_tile_path), which never changes again: OM_REFUSED where it is there with other bytes. */
enum om_code om_published_put(struct om_published *published, const char *path, const void *bytes, size_t len,
                              struct om_status *st);
/* The full tile or bundle is there: its partial ones go. What can't be removed stays. */
void om_published_drop_partial(struct om_published *published, bool entries, unsigned level, uint64_t index);

#endif
