/* Key files: text that a person recognises, with kind, name and public half in clear and the secret half under a
 * passphrase or, for a machine, plain.
 *
 *   oremark key file, version 1
 *   # Show the lines above "secret" to anybody; keep the secret line, and so this file, to yourself.
 *   kind: member
 *   name: kokkola.example/clerk-1
 *   public: kokkola.example/clerk-1+1f3a0c5d+AQ...            (a vkey; for link and sealing the 32 bytes in base64)
 *   created: 2026-11-23
 *   secret: plain BASE64
 * or
 *   secret: argon2id:OPSLIMIT:MEMLIMIT:SALT xchacha20poly1305:NONCE:CIPHERTEXT
 *
 * The lines stand in this order, each once, each ended by "\n", with nothing behind the secret; lines that begin with
 * '#' may stand between the first and the secret line. What is kept secret is the 32-byte seed (Ed25519) or scalar
 * (X25519). Under a passphrase it is sealed with XChaCha20-Poly1305 under crypto_pwhash Argon2id 1.3 of the passphrase
 * (OPSLIMIT passes, MEMLIMIT in bytes, 16-byte SALT, in base64 as NONCE and CIPHERTEXT are). The associated data is
 * every byte of the file before CIPHERTEXT but comment lines, so that none of it can be altered unnoticed once the file
 * is opened.
 *
 * Writing: a new file is written under a passing name beside its place, flushed, and put there in one step that
 * overwrites nothing (create) or replaces the old one (passwd); then the folder is flushed. Whatever interrupts that,
 * the file is the whole old one, the whole new one, or absent. At worst a whole file NAME.new-XXXXXXXX of mode 0600 is
 * left beside it.
 *
 * Errors name the file, the line and why: OM_MALFORMED not in this format; OM_CORRUPT halves that don't belong
 * together; OM_USAGE wrong passphrase, open to others, exists already; OM_IO, OM_FULL from the system. Ownership: a
 * secret that is handed out is ended with om_secret_free. Thread: any, but see passphrase.h for asking. */
#ifndef OREMARK_KEYS_KEYFILE_H
#define OREMARK_KEYS_KEYFILE_H

#include "keys/passphrase.h"
#include "keys/sign.h"
#include "keys/vkey.h"

enum {
  OM_KEYFILE_BYTES = 16 * 1024, /* the lines need under 1 KiB; the rest is room for comments */
  OM_CREATED_BYTES = 10,        /* YYYY-MM-DD */
};

/* What a key is for. One key, one meaning: a key of one kind is never used as another. */
enum om_key_kind {
  OM_KEY_MEMBER,  /* signs a member's statements (Ed25519) */
  OM_KEY_LOG,     /* signs the heads of a daemon's log (Ed25519, C2SP checkpoints) */
  OM_KEY_COSIGN,  /* cosigns heads whose every entry was checked (cosignature/v1) */
  OM_KEY_WITNESS, /* cosigns heads for consistency only, for outsiders (cosignature/v1) */
  OM_KEY_LINK,    /* proves a daemon to its peers (X25519, Noise) */
  OM_KEY_SEALING, /* opens the confidential details that are sealed to a member (X25519, keys/seal.h) */
};

/* What stands in clear in a key file. Until the file has been opened with its passphrase, only whoever wrote it vouches
 * for that. */
struct om_key_info {
  enum om_key_kind kind;
  char name[OM_KEY_NAME_BYTES + 1];
  uint8_t public_key[OM_PUBLIC_BYTES];
  char created[OM_CREATED_BYTES + 1]; /* the day, as whoever made it said */
  bool is_encrypted;
};

/* What deriving a key from a passphrase costs. */
struct om_pwhash_cost {
  uint32_t passes;    /* Argon2id's opslimit, 1 to OM_PWHASH_MAX_PASSES */
  uint64_t mem_bytes; /* its memlimit, 8 KiB to OM_PWHASH_MAX_MEM_BYTES */
};

#define OM_PWHASH_MAX_PASSES 16 /* with the most memory about ten seconds: a file can't hang its reader */
#define OM_PWHASH_MAX_MEM_BYTES \
  1073741824ull /* libsodium's SENSITIVE; a file can't demand more than a small server has */

/* The cost for new files where the caller names none: libsodium's MODERATE, 3 passes over 256 MiB. A key file is opened
 * once when a daemon starts or a person signs, so most of a second is not felt; a guesser pays the same for each guess
 * and 256 MiB for each at a time, which keeps graphics cards out; and a machine with 1 GiB can still open it. */
extern const struct om_pwhash_cost om_pwhash_default;

/* "member", "log", ...: as it stands in files and as commands take it. */
const char *om_key_kind_name(enum om_key_kind kind);

/* Whether keys of KIND agree on secrets (X25519) instead of signing. */
bool om_key_kind_agrees(enum om_key_kind kind);

/* Finds the kind of that name; false if there is none. */
bool om_key_kind_parse(enum om_key_kind *out, const char *name);

/* Writes the public half as it stands in the file: a vkey, or base64 where it is of X25519; with a closing NUL. */
void om_key_public_text(char out[OM_VKEY_BYTES], const struct om_key_info *info);

/* Makes a new key and its file at PATH, which must not exist. NAME must be om_key_name_ok and CREATED a day YYYY-MM-DD,
 * else OM_USAGE. SOURCE gives the passphrase (a person is asked twice), OM_PASSPHRASE_NONE keeps the secret plain; COST
 * NULL: om_pwhash_default. *INFO is filled. */
enum om_code om_keyfile_create(struct om_key_info *info, const char *path, enum om_key_kind kind, const char *name,
                               const char *created, const struct om_passphrase_source *source,
                               const struct om_pwhash_cost *cost, struct om_status *st);

/* Reads the public part of the file at PATH; needs no passphrase and minds no mode. */
enum om_code om_keyfile_info(struct om_key_info *info, const char *path, struct om_status *st);

/* Opens the file at PATH. SOURCE is asked only if the secret half is under a passphrase. A plain one is refused while
 * group or others have any right on the file. A symbolic link is followed; what counts is the file that it leads to.
 * *SECRET is NULL on error. */
enum om_code om_keyfile_open(struct om_secret **secret, struct om_key_info *info, const char *path,
                             const struct om_passphrase_source *source, struct om_status *st);

/* Puts the secret half at PATH under a new passphrase, or plain with OM_PASSPHRASE_NONE; comments stay, the mode
 * becomes 0600, the owner stays. BEFORE opens it as om_keyfile_open does. A symbolic link is refused, as replacing it
 * would leave the file that it leads to under the old passphrase. */
enum om_code om_keyfile_passwd(const char *path, const struct om_passphrase_source *before,
                               const struct om_passphrase_source *after, const struct om_pwhash_cost *cost,
                               struct om_status *st);

#endif
