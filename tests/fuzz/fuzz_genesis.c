/* The genesis file: what is taken can be written into a registry. */
#include "fuzz/fuzz.h"
#include "ledger/acts.h"
#include "support/network.h"

static struct om_store *store(void) {
  static struct om_store *opened;
  struct om_status st = {0};
  if (opened) return opened;
  char *folder = temp_folder();
  OM_ASSERT(om_store_open(&opened, folder, 1 << 26, &st) == OM_OK);
  remove_folder(folder); /* it lives on in its descriptors, and leaves nothing behind */
  return opened;
}

static void apply(const Oremark__Genesis *genesis) {
  struct om_txn *txn;
  struct om_status st = {0};
  struct om_member member;
  OM_ASSERT(om_txn_write(&txn, store(), &st) == OM_OK);
  OM_ASSERT(om_genesis_apply(txn, genesis, &st) == OM_OK);
  OM_ASSERT(om_registry_members(txn, 1) == genesis->n_members && om_registry_daemons(txn, 1) == genesis->n_daemons);
  for (uint32_t m = 1; m <= genesis->n_members; m++) {
    OM_ASSERT(om_registry_member(txn, &member, m, 1, &st) == OM_OK);
    OM_ASSERT(strcmp(member.name, genesis->members[m - 1]->name) == 0);
  }
  om_txn_abort(txn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_arena arena;
  const Oremark__Genesis *genesis;
  struct om_status st = {0};
  om_arena_reset(&arena);
  enum om_code code = om_genesis_check(&genesis, &arena, data, len, &st);
  if (code == OM_OK) {
    apply(genesis);
  } else {
    fuzz_refusal(&st, code);
    OM_ASSERT(code == OM_MALFORMED || code == OM_REFUSED);
  }
  return 0;
}
