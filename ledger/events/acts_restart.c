/* The restart genesis: its form and text. What it does is in ledger/acts_restart.c and ledger/accept.c. */
#include "ledger/events/events.h"
#include "ledger/events/forms.h"
#include "ledger/merkle.h"

static enum om_code form_heads(const Oremark__Restart *r, struct om_status *st) {
  if (r->n_heads == 0) return om_fail(st, OM_REFUSED, "form", "heads: state every log's, the registry's first");
  for (size_t i = 0; i < r->n_heads; i++) {
    const Oremark__StatedHead *head = r->heads[i];
    if (head->log != i)
      return om_fail(st, OM_REFUSED, "form", "heads: state every log's in ascending order; no. %zu is of log %u", i + 1,
                     head->log);
    if (head->root.len != OM_HASH_BYTES || head->size > OM_TREE_SIZE_MAX)
      return om_fail(st, OM_REFUSED, "form", "the head of log %u is none: a size, and a root of %d bytes", head->log,
                     OM_HASH_BYTES);
  }
  if (r->heads[0]->size > 0) return OM_OK;
  return om_fail(st, OM_REFUSED, "form", "the registry log begins with the genesis: its head has an entry at least");
}

enum om_code om_restart_form(const Oremark__Event *event, struct om_status *st) {
  const Oremark__Restart *r = event->restart;
  if (form_heads(r, st) != OM_OK || om_form_witnesses(r->witnesses, st) != OM_OK) return st->code;
  return om_form_text("reason", r->reason, 1, OM_REMARK_MAX, st);
}

void om_restart_describe(struct om_text *out, const Oremark__Event *event) {
  const Oremark__Restart *r = event->restart;
  om_text_add(out, "RESTART the network from the stated heads of ");
  om_text_count(out, r->n_heads, "log");
  om_text_add(out, ", the registry's at %llu; what stands beyond them goes; ", (unsigned long long)r->heads[0]->size);
  om_text_witnesses(out, r->witnesses);
  om_text_remark(out, r->reason);
}
