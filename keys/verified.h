/* Signatures that this process has found good lately. A head and its cosignatures are checked at several places: when
 * they are gathered, when the head is stored, where another log's mark repeats it. What is remembered is a hash of all
 * that a check depends on, key, signature and message, so that only the very same bytes are found again; what was found
 * bad is not remembered. Thread: any; a lock of its own. */
#ifndef OREMARK_KEYS_VERIFIED_H
#define OREMARK_KEYS_VERIFIED_H

#include "keys/sign.h"

/* SHA-256 of key, signature and message, in this order: the first two are of one length always. */
enum { OM_VERIFIED_BYTES = 32 };
void om_verified_id(uint8_t id[OM_VERIFIED_BYTES], const uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len,
                    const uint8_t key[OM_PUBLIC_BYTES]);

/* Whether ID was noted and has not given its place to another since. */
bool om_verified_known(const uint8_t id[OM_VERIFIED_BYTES]);
void om_verified_note(const uint8_t id[OM_VERIFIED_BYTES]);

#endif
