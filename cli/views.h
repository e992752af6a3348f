/* How the ledger's answers look, where more than one command shows them. Thread: one. */
#ifndef OREMARK_CLI_VIEWS_H
#define OREMARK_CLI_VIEWS_H

#include "cli/final.h"
#include "cli/session.h"
#include "cli/show.h"

enum { OM_CONTENTS_BYTES = 512 }; /* sixteen metals with their masses */

json_t *om_logs_json(Oremark__LogState *const *logs, size_t n);
void om_logs_show(FILE *out, Oremark__LogState *const *logs, size_t n);
/* Which daemons the registry log has gone on under; nothing where it never has. */
json_t *om_successions_json(Oremark__Succession *const *successions, size_t n);
void om_successions_show(FILE *out, Oremark__Succession *const *successions, size_t n);

/* A lot's number as text, "(no number)" where the daemon sent none. */
const char *om_lot_text(char out[OM_LOT_TEXT_BYTES], ProtobufCBinaryData number);
json_t *om_lot_json(const Oremark__Lot *lot);
enum { OM_EVENT_NAME_BYTES = OM_RECORDED_TEXT_BYTES + 4 };
/* The name of the event of STEP; in OUT, which is returned. */
const char *om_event_name(char out[OM_EVENT_NAME_BYTES], const Oremark__Step *step);
json_t *om_document_json(const Oremark__NamedDocument *document);
json_t *om_step_json(const Oremark__Step *step);
/* "Cu 5.690 t, Mo 2.100 kg". */
const char *om_contents_text(char out[OM_CONTENTS_BYTES], const Oremark__Lot *lot);
/* What a lot is called: its trade name, or its form, or "pool". */
const char *om_lot_name(char out[OM_SHOW_BYTES], const Oremark__Lot *lot);
/* Where metal came from, for a person. */
const char *om_share_text(char out[OM_SHOW_BYTES], const Oremark__Share *share);
/* PART of WHOLE in percent with two places, exact but for the last place: "12.50 %". */
const char *om_percent(char out[16], uint64_t part, uint64_t whole);

#endif
