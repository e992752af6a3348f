/* Public keys as text: the vkeys of C2SP signed-note, "NAME+KEYID+BASE64(type byte, key)", for example
 * "kokkola.example/log+1f3a0c5d+AQ...". The key id says in every signature line which key made it.
 * Ownership: writes into the caller's memory. Thread: any. */
#ifndef OREMARK_KEYS_VKEY_H
#define OREMARK_KEYS_VKEY_H

#include "keys/sign.h"

enum {
  OM_KEY_NAME_BYTES = 128, /* a host name of 63 and a path; keeps a signature line on two lines of a terminal */
  /* name, '+', 8 hexadecimal digits, '+', 33 bytes in base64, NUL */
  OM_VKEY_BYTES = OM_KEY_NAME_BYTES + 1 + 8 + 1 + 44 + 1,
};

/* Signature types of C2SP signed-note that Oremark makes and checks. */
enum om_alg {
  OM_ALG_ED25519 = 0x01,     /* Ed25519 over the note's text */
  OM_ALG_COSIGNATURE = 0x04, /* Ed25519 cosignature/v1 with a time, C2SP tlog-cosignature */
};

struct om_vkey {
  char name[OM_KEY_NAME_BYTES + 1];
  enum om_alg alg;
  uint32_t id; /* the four bytes of the key id, the first the highest */
  uint8_t key[OM_PUBLIC_BYTES];
};

/* Whether the LEN bytes at NAME may name a key: 1 to OM_KEY_NAME_BYTES bytes, om_text_ok, no Unicode white space, no
 * '+'. */
bool om_key_name_ok(const char *name, size_t len);

/* The key id: the first four bytes of SHA-256(NAME, 0x0A, ALG, KEY), the first the highest. */
uint32_t om_key_id(const char *name, enum om_alg alg, const uint8_t key[OM_PUBLIC_BYTES]);

/* Reads the LEN characters at TEXT. Accepts only what om_vkey_format writes, with a key that om_public_ok admits;
 * anything else is OM_MALFORMED with the reason, and OUT is not to be used. */
enum om_code om_vkey_parse(struct om_vkey *out, const char *text, size_t len, struct om_status *st);

/* Writes the vkey with a closing NUL. NAME must be om_key_name_ok. */
void om_vkey_format(char out[OM_VKEY_BYTES], const char *name, enum om_alg alg, const uint8_t key[OM_PUBLIC_BYTES]);

#endif
