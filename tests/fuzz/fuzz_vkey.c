/* vkeys: what is read is written again as the same text. */
#include "fuzz/fuzz.h"
#include "keys/vkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  struct om_vkey key;
  struct om_status st = {0};
  char text[OM_VKEY_BYTES];
  enum om_code code = om_vkey_parse(&key, (const char *)data, len, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_MALFORMED);
    return 0;
  }
  om_vkey_format(text, key.name, key.alg, key.key);
  OM_ASSERT(strlen(text) == len && memcmp(text, data, len) == 0);
  return 0;
}
