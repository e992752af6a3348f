/* The documents that an event names: an assay certificate, a bill of lading, a permit. Their hashes stand in the
 * statement and are part of what was signed; their bytes are kept beside the logs, by each daemon for itself, may be
 * erased, and never bear on whether an entry is valid. Thread: any. */
#ifndef OREMARK_LEDGER_DOCUMENTS_H
#define OREMARK_LEDGER_DOCUMENTS_H

#include "keys/status.h"
#include "ledger/hash.h"
#include "ledger/text.h"
#include "proto/log.pb-c.h"

enum {
  OM_DOCUMENTS_MAX = 16,            /* of one event: a shipment across two borders has about ten papers */
  OM_DOCUMENT_MAX_BYTES = 16 << 20, /* a certificate scanned in colour has 5 MB; what is larger belongs in an archive */
  OM_DOCUMENT_NAME_BYTES = 128,     /* in bytes of UTF-8, as a file is called */
  OM_MEDIA_BYTES = 64,              /* the longest registered media types in use for papers have some 70 characters */
  OM_DOCUMENT_PART_BYTES = 512 << 10 /* bytes are brought in such parts: half of a frame */
};

/* A part of a document on its way in. */
struct om_document_part {
  struct om_hash hash;
  uint64_t size;   /* of the whole */
  uint64_t upload; /* chosen by who brings it: two that bring the same do not mix their parts */
  uint64_t offset; /* parts follow each other from 0 */
  struct om_span bytes;
};

/* What a daemon has of a document. */
enum om_document_state {
  OM_DOCUMENT_MISSING, /* nothing: it may be had from others */
  OM_DOCUMENT_HELD,
  OM_DOCUMENT_ALTERED, /* bytes with another hash */
  OM_DOCUMENT_ERASED,  /* on purpose */
};
/* "held"; static. */
const char *om_document_state_name(enum om_document_state state);

/* The form of EVENT's documents: how many, ascending by hash, none twice, each with a size and a name. */
enum om_code om_documents_form(const Oremark__Event *event, struct om_status *st);
/* Appends "; 2 documents: assay 4711.pdf, bill.pdf"; nothing where there is none. */
void om_documents_text(struct om_text *out, const Oremark__Event *event);

#endif
