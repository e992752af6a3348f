/* om_canonical against unpacking and packing again. First byte: which message. */
#include "fuzz/fuzz.h"
#include "ledger/statement.h"
#include "support/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const ProtobufCMessageDescriptor *const types[] = {&oremark__signed_statement__descriptor,
                                                            &oremark__statement__descriptor,
                                                            &oremark__entry__descriptor, &oremark__genesis__descriptor};
  struct om_status st = {0};
  const ProtobufCMessageDescriptor *type = types[fuzz_byte(&data, &len) % 4];
  bool taken = om_canonical(type, data, len, &st);
  if (!taken) fuzz_refusal(&st, OM_MALFORMED);
  OM_ASSERT(taken == canon_by_repacking(type, data, len));
  return 0;
}
