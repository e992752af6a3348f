#include "ledger/documents.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/events/forms.h"

enum { NAMED_MAX = 4 }; /* in one line; the others are counted */

const char *om_document_state_name(enum om_document_state state) {
  switch (state) {
    case OM_DOCUMENT_MISSING: return "missing";
    case OM_DOCUMENT_HELD: return "held";
    case OM_DOCUMENT_ALTERED: return "altered";
    case OM_DOCUMENT_ERASED: return "erased";
  }
  return "";
}

/* "application/pdf": two names of RFC 6838's letters, without parameters. */
static bool media_ok(const char *media) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+";
  size_t type = strspn(media, letters);
  if (type == 0 || media[type] != '/') return false;
  size_t subtype = strspn(media + type + 1, letters);
  return subtype > 0 && media[type + 1 + subtype] == '\0';
}

static enum om_code form_document(const Oremark__Document *d, struct om_status *st) {
  if (d->hash.len != OM_HASH_BYTES)
    return om_fail(st, OM_REFUSED, "form", "its hash has %zu bytes: SHA-256 has %d", d->hash.len, OM_HASH_BYTES);
  if (d->size == 0 || d->size > OM_DOCUMENT_MAX_BYTES)
    return om_fail(st, OM_REFUSED, "form", "%" PRIu64 " bytes: a document has 1 to %d", d->size, OM_DOCUMENT_MAX_BYTES);
  if (om_form_text("its name", d->name, 1, OM_DOCUMENT_NAME_BYTES, st) != OM_OK ||
      om_form_text("its media type", d->media, 0, OM_MEDIA_BYTES, st) != OM_OK)
    return st->code;
  if (*d->media && !media_ok(d->media))
    return om_fail(st, OM_REFUSED, "form", "\"%s\" is no media type: write it like application/pdf, in small letters",
                   d->media);
  return OM_OK;
}

enum om_code om_documents_form(const Oremark__Event *event, struct om_status *st) {
  if (om_form_count("documents", event->n_documents, 0, OM_DOCUMENTS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < event->n_documents; i++) {
    const Oremark__Document *d = event->documents[i];
    if (form_document(d, st) != OM_OK) return om_wrap(st, "document no. %zu", i + 1);
    if (i > 0 && memcmp(event->documents[i - 1]->hash.data, d->hash.data, OM_HASH_BYTES) >= 0)
      return om_fail(st, OM_REFUSED, "form", "documents: put them in ascending order of their hashes, none twice");
  }
  return OM_OK;
}

void om_documents_text(struct om_text *out, const Oremark__Event *event) {
  if (event->n_documents == 0) return;
  om_text_add(out, "; ");
  om_text_count(out, event->n_documents, "document");
  for (size_t i = 0; i < event->n_documents && i < NAMED_MAX; i++)
    om_text_add(out, "%s%s", i == 0 ? ": " : ", ", event->documents[i]->name);
  if (event->n_documents > NAMED_MAX) om_text_add(out, " and %zu more", event->n_documents - NAMED_MAX);
}
