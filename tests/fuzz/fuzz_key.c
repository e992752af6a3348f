/* The text of a key file. */
#include "fuzz/fuzz.h"
#include "keys/keytext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_keytext *key;
  struct om_status st = {0};
  struct om_secret *secret;
  if (!key) OM_ASSERT(om_locked_alloc((void **)&key, sizeof *key, &st) == OM_OK);
  if (len > sizeof key->bytes) return 0; /* the reader of the file gives no more */
  memset(key, 0, sizeof *key);
  if (len) memcpy(key->bytes, data, len);
  key->len = len;
  enum om_code code = om_keytext_parse(key, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, code);
    return 0;
  }
  OM_ASSERT(len <= OM_KEYFILE_BYTES && om_key_name_ok(key->info.name, strlen(key->info.name)));
  if (key->info.is_encrypted) { /* deriving a key takes most of a second: only what it may cost is looked at */
    OM_ASSERT(om_pwhash_cost_ok(&key->cost));
  } else if (om_keytext_unseal(&secret, key, NULL, &st) == OM_OK) {
    OM_ASSERT(memcmp(om_secret_public(secret), key->info.public_key, OM_PUBLIC_BYTES) == 0);
    om_secret_free(secret);
  } else {
    fuzz_refusal(&st, OM_CORRUPT);
  }
  return 0;
}
