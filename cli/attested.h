/* What is attested, as the command line reads and shows it: whom or what an attestation is about, the name by which one
 * is spoken of, and in what state it is. Thread: one. */
#ifndef OREMARK_CLI_ATTESTED_H
#define OREMARK_CLI_ATTESTED_H

#include "cli/final.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "ledger/downstream.h"

/* Whom or what an attestation is about. */
#define OM_SUBJECT_OPTIONS                                                             \
  {"lot", "LOT", "a lot: OM- number or alias"},                                        \
      {"of", "MEMBER", "a member, by number or name; with --site one of its sites"}, { \
    "site", "SITE", "site of that member, by number or name"                           \
  }

/* By --lot, or --of with --site or without; exactly one of them. In the session's arena. */
enum om_code om_subject_read(struct om_session *session, Oremark__Subject **out, const struct om_args *args,
                             struct om_status *st);

/* The lot typed as TEXT, as what is spoken of. */
enum om_code om_subject_lot(struct om_session *session, Oremark__Subject **out, const char *text, struct om_status *st);

/* An event's name: "MEMBER-TIME-ID/EVENT", of event 0 also without what stands behind the id. */
enum om_code om_event_ref_read(struct om_session *session, Oremark__EventRef **out, const char *text,
                               struct om_status *st);
/* STEP as a reference, in ARENA. */
Oremark__EventRef *om_event_ref_of(struct om_arena *arena, const Oremark__Step *step);
/* The last event of KIND ("hold") in the history of the lot NUMBER; NULL: the event that made it. OM_NO: there is none.
 */
enum om_code om_event_of_lot(struct om_session *session, Oremark__EventRef **out,
                             const uint8_t number[OM_LOT_NUMBER_BYTES], const char *kind, struct om_status *st);
/* The name of an attestation; in OUT, which is returned. */
const char *om_attestation_name(char out[OM_EVENT_NAME_BYTES], const Oremark__Attestation *attestation);

/* The event of ATTESTATION, in ARENA; OM_IO where the daemon sent none. */
enum om_code om_attestation_event(struct om_arena *arena, Oremark__Event **out, const Oremark__Attestation *attestation,
                                  struct om_status *st);
/* "stands", "withdrawn", "cleared", "overruled", "corrected"; a certificate that is not withdrawn: "not-yet-valid",
 * "valid" or "expired" at NOW_MS. Static. */
const char *om_attestation_state(const Oremark__Attestation *attestation, const Oremark__Event *event, int64_t now_ms);
json_t *om_attestation_json(const Oremark__Attestation *attestation, const Oremark__Event *event, int64_t now_ms);

/* Asks with LIST, and calls EACH for each attestation that the daemon sends, until it fails. */
enum om_code om_attestations_each(struct om_session *session, Oremark__ListAttestations *list,
                                  enum om_code (*each)(void *ctx, const Oremark__Attestation *attestation,
                                                       struct om_status *st),
                                  void *ctx, struct om_status *st);
/* What comes after them. */
struct om_attestations_rest {
  uint64_t left_out;             /* how many more there are that the daemon does not send */
  struct om_downstream built_on; /* lots that were made of one that a correction bears on */
};
/* The same, with what the daemon says of the rest. */
enum om_code om_attestations_first(struct om_session *session, Oremark__ListAttestations *list,
                                   enum om_code (*each)(void *ctx, const Oremark__Attestation *attestation,
                                                        struct om_status *st),
                                   void *ctx, struct om_attestations_rest *rest, struct om_status *st);

/* "Cu=28.45%" as element and fraction, in ARENA. */
enum om_code om_result_read(struct om_arena *arena, uint32_t *element, Oremark__Decimal **value, const char *text,
                            struct om_status *st);

#endif
