/* Passphrases for key files: asked at the terminal without echo, or read from a file or an open descriptor.
 *
 * A passphrase is the bytes typed, without the line's end; no normalisation, so a letter with an accent must be typed
 * the same way each time. Its first line counts, up to OM_PASSPHRASE_BYTES; a "\r" before the "\n" is dropped, for
 * files that were written on Windows. An empty one is refused everywhere.
 * Ownership: om_passphrase_get makes one, om_passphrase_free wipes and ends it; it lives in locked memory.
 * Thread: asking changes signal handlers and the terminal, so it must happen before other threads are started; the rest
 * may be called from any thread. */
#ifndef OREMARK_KEYS_PASSPHRASE_H
#define OREMARK_KEYS_PASSPHRASE_H

#include <stddef.h>
#include <stdint.h>

#include "keys/status.h"

enum {
  /* Far more than a person types, and below the 4,095 characters that a terminal takes in one line. */
  OM_PASSPHRASE_BYTES = 1024,
};

struct om_passphrase;

/* Where a passphrase comes from. */
enum om_passphrase_from {
  OM_PASSPHRASE_NONE, /* there is none: the secret half is kept plain */
  OM_PASSPHRASE_ASK,  /* the person at the controlling terminal */
  OM_PASSPHRASE_FILE, /* the first line of a file */
  OM_PASSPHRASE_FD,   /* the next line of a descriptor; what follows stays unread, so that it can serve twice */
};

struct om_passphrase_source {
  enum om_passphrase_from from;
  const char *file; /* with OM_PASSPHRASE_FILE: its path */
  int fd;           /* with OM_PASSPHRASE_FD: open for reading; stays the caller's */
};

/* Gets a passphrase from SOURCE, which must not be OM_PASSPHRASE_NONE, into *OUT (the caller frees it). WHAT says to
 * the person what it is for, as "member key kokkola.example/clerk-1"; it must be om_text_ok. IS_NEW asks a person twice
 * and refuses unless both are the same. Where the person stops the program with a key, the terminal is put back first;
 * after being stopped and continued (Ctrl-Z, fg) the question comes again. OM_USAGE: empty, too long, differing, no
 * terminal, interrupted; OM_IO: could not be read. *OUT is NULL then. */
enum om_code om_passphrase_get(struct om_passphrase **out, const struct om_passphrase_source *source, const char *what,
                               bool is_new, struct om_status *st);

/* Wipes and frees; NULL is allowed. */
void om_passphrase_free(struct om_passphrase *passphrase);

#endif
