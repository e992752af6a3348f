/* The file witness.used.KEYID beside witness.key: how many heads were cosigned with that key for outsiders. Each key
 * has its own, so that one that is put back is not new. A witness that has forgotten what it has cosigned could sign
 * two histories; so a store that holds fewer than are noted here is lost or of yesterday, and the key must not be used
 * any more. Raised after the store has a head and before its cosignature leaves: a store that holds more than is noted
 * has only been ended in between. Thread: one at a time. */
#ifndef OREMARK_DAEMON_IO_WITNESS_USED_H
#define OREMARK_DAEMON_IO_WITNESS_USED_H

#include <limits.h>
#include <stdbool.h>

#include "keys/vkey.h"

enum { OM_KEY_ID_DIGITS = 8 }; /* of a vkey, hexadecimal */

struct om_witness_used {
  char folder[PATH_MAX];
  char name[32]; /* of the file */
  char vkey[OM_VKEY_BYTES];
  uint64_t count;
  bool lost; /* the store holds less than was cosigned, or that can't be known */
};

/* Reads the file in FOLDER for the key VKEY, whose store holds HELD heads, and raises it to that. OM_IO where it can't
 * be written; that a store is lost is no error, but in OUT. */
enum om_code om_witness_used_open(struct om_witness_used *out, const char *folder, const char *vkey, uint64_t held,
                                  struct om_status *st);

/* COUNT heads are cosigned: durable on return. Does nothing where that is noted already. OM_IO. */
enum om_code om_witness_used_raise(struct om_witness_used *used, uint64_t count, struct om_status *st);

#endif
