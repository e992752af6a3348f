/* The table of event kinds: one kind, one place. Its rule, its form and its text are found here by its name. */
#ifndef OREMARK_LEDGER_EVENTS_KINDS_H
#define OREMARK_LEDGER_EVENTS_KINDS_H

#include "ledger/stage.h"
#include "ledger/text.h"

enum {
  OM_ALIAS_BYTES = 128, /* a GS1 Digital Link fits; keeps an alias a key of LMDB (at most 511 bytes) */
};

enum om_kind_class {
  OM_KIND_CUSTODY = 1,
  OM_KIND_ATTESTATION,
  OM_KIND_GOVERNORS, /* registry act of the governors' threshold */
  OM_KIND_MEMBER,    /* registry act of a member for itself */
};

struct om_kind {
  Oremark__Event__KindCase kind;
  const char *name; /* "extract", "transfer-title": the command's word */
  enum om_kind_class class;
  /* Checks what needs no state: counts, lengths, text, order, ranges. Any thread. */
  enum om_code (*form)(const Oremark__Event *event, struct om_status *st);
  /* Judges one custody event of STAGE's statement and stages what it writes. NULL for acts and attestations. */
  enum om_code (*rule)(struct om_stage *stage, uint16_t index, const Oremark__Event *event, struct om_status *st);
  /* One line for a person, without a newline: "extract 1 lot at site 1: copper concentrate 20.000 t, Cu 5.690 t". */
  void (*describe)(struct om_text *out, const Oremark__Event *event);
};

/* The kind of EVENT; NULL where it carries none. */
const struct om_kind *om_kind_of(const Oremark__Event *event);

/* The materials of the new lots that EVENT writes: *N of them, the first being the event's written lot *SKIP. */
Oremark__Material *const *om_event_materials(const Oremark__Event *event, size_t *n, size_t *skip);

/* Checks the form of any event: time, zone, `previous` (acts only), documents, sealed details, and the kind's own form. */
enum om_code om_event_form(const Oremark__Event *event, struct om_status *st);

#endif
