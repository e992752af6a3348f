#include "ledger/details.h"

#include <string.h>

#include "ledger/events/forms.h"

static const char domain[] = "oremark/v1/detail"; /* with its NUL */

void om_detail_commitment(struct om_hash *out, const struct om_detail *detail) {
  uint8_t place[4] = {(uint8_t)(detail->event >> 8), (uint8_t)detail->event, detail->index, (uint8_t)detail->what};
  const struct om_span spans[] = {{domain, sizeof domain},
                                  {detail->nonce, sizeof detail->nonce},
                                  {place, sizeof place},
                                  {detail->salt, sizeof detail->salt},
                                  detail->value};
  om_sha256v(out, spans, sizeof spans / sizeof *spans);
}

const Oremark__Document *om_details_document(const Oremark__Event *event) {
  for (size_t i = 0; i < event->n_documents; i++)
    if (event->documents[i]->sealed) return event->documents[i];
  return NULL;
}

enum om_code om_details_form(const Oremark__Event *event, struct om_status *st) {
  size_t holding = 0;
  if (om_form_count("sealed details", event->n_sealed, 0, OM_DETAILS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < event->n_sealed; i++) {
    const Oremark__SealedDetail *d = event->sealed[i];
    if (om_form_enum("what it is", &oremark__detail_kind__descriptor, (int)d->what, true, st) != OM_OK)
      return om_wrap(st, "sealed detail no. %zu", i + 1);
    if (d->commitment.len != OM_HASH_BYTES)
      return om_fail(st, OM_REFUSED, "form", "sealed detail no. %zu: a commitment has %d bytes, this one %zu", i + 1,
                     OM_HASH_BYTES, d->commitment.len);
  }
  for (size_t i = 0; i < event->n_documents; i++) holding += event->documents[i]->sealed ? 1 : 0;
  if (holding == (event->n_sealed > 0 ? 1u : 0u)) return OM_OK;
  return om_fail(st, OM_REFUSED, "form",
                 "%zu documents are said to hold sealed details: one does where there are any, else none", holding);
}

void om_details_text(struct om_text *out, const Oremark__Event *event) {
  char word[OM_ENUM_WORD_BYTES];
  for (size_t i = 0; i < event->n_sealed; i++)
    om_text_add(out, "%s%s", i == 0 ? "; sealed: " : ", ",
                om_enum_word(word, &oremark__detail_kind__descriptor, (int)event->sealed[i]->what));
}
