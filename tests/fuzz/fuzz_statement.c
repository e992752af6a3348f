/* Signed statements and entries as they come from outside. First byte: which of the two. */
#include "fuzz/fuzz.h"
#include "ledger/events/kinds.h"
#include "ledger/statement.h"

static void check(const struct om_checked *checked, const uint8_t *data, size_t len) {
  static struct om_text text;
  const Oremark__SignedStatement *s = checked->signed_statement;
  OM_ASSERT(checked->len == len && memcmp(checked->bytes, data, len) == 0);
  OM_ASSERT((s == NULL) == (checked->statement == NULL));
  if (!s) return;
  OM_ASSERT(s->n_signatures >= 1 && s->n_signatures <= OM_SIGNATURES_MAX);
  OM_ASSERT(checked->statement->n_events >= 1 && checked->statement->n_events <= OM_EVENTS_MAX);
  for (size_t i = 0; i < checked->statement->n_events; i++) {
    const struct om_kind *kind = om_kind_of(checked->statement->events[i]);
    OM_ASSERT(kind && kind->form);
    om_text_clear(&text);
    kind->describe(&text, checked->statement->events[i]);
    OM_ASSERT(text.len > 0 && text.len < OM_TEXT_BYTES && text.bytes[text.len] == '\0');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_arena arena;
  static const struct om_hash network = {{1}};
  struct om_checked *checked;
  struct om_status st = {0};
  bool entry = fuzz_byte(&data, &len) % 2;
  om_arena_reset(&arena);
  enum om_code code = entry ? om_check_entry(&checked, &arena, &network, NULL, data, len, &st)
                            : om_check_statement(&checked, &arena, &network, NULL, data, len, &st);
  if (code == OM_OK) {
    OM_ASSERT(entry == (checked->entry != NULL) && (entry || checked->statement));
    check(checked, data, len);
  } else {
    fuzz_refusal(&st, code);
    OM_ASSERT(!checked && (code == OM_MALFORMED || code == OM_REFUSED));
  }
  return 0;
}
