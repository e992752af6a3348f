/* Confidential details (ledger/details.h) from the command line's side: sealing what --secret says, and finding and
 * opening them again. What is found lives in the session's arena. Thread: one. */
#ifndef OREMARK_CLI_DETAILS_H
#define OREMARK_CLI_DETAILS_H

#include "cli/documents.h"
#include "cli/statement.h"
#include "cli/words.h"
#include "ledger/details.h"

/* Seals what --secret of the options of FROM says to the members of --secret-to, and to the speaker if it has published
 * a key: commitments and the document that holds them go into EVENT, which is the next of DRAFT, and the document into
 * FILES. Says on the session's error stream what everybody still sees, unless the options are an import's row. Does
 * nothing without --secret. */
enum om_code om_details_seal(struct om_session *session, struct om_files *files, Oremark__Event *event,
                             const struct om_papers *from, const struct om_draft *draft, const struct om_hash *network,
                             struct om_status *st);
/* What a member might take for secret, and is not; and what follows where it has no sealing key itself. */
extern const char om_details_seen[], om_details_lost[];

/* An event with sealed details, as a log has it. */
struct om_sealed_event {
  Oremark__EventRef *ref;
  struct om_hash network;
  const Oremark__Statement *statement;
  const Oremark__Event *event;
  const char *origin; /* of the log, and the entry */
  uint64_t index;
  bool final;
};

/* Finds the event that REF names; it need have no details. OM_MISSING: it is not known here. */
enum om_code om_sealed_event(struct om_session *session, struct om_sealed_event *out, Oremark__EventRef *ref,
                             struct om_status *st);
/* The events that TEXT names: the one of MEMBER-TIME-ID/EVENT, or those of a lot that have details. */
enum om_code om_sealed_events(struct om_session *session, Oremark__EventRef ***out, size_t *n, const char *text,
                              struct om_status *st);

/* One detail, opened. */
struct om_opened {
  Oremark__DetailKind what;
  uint8_t index;
  uint8_t salt[OM_DETAIL_SALT_BYTES];
  const uint8_t *value;
  size_t len;
  bool stands; /* it is what its signer committed to */
};

/* Opens E's details with SECRET; *N of them, at most OM_DETAILS_MAX. OM_NO: not sealed to that key; OM_MISSING: the
 * document is not to be had, or was erased. */
enum om_code om_details_open(struct om_session *session, struct om_opened out[OM_DETAILS_MAX], size_t *n,
                             const struct om_sealed_event *e, const struct om_secret *secret, struct om_status *st);

/* Whether VALUE, with its salt, is what detail INDEX of E, which must be of kind WHAT, was committed to. */
bool om_detail_stands(const struct om_sealed_event *e, const struct om_opened *opened);

/* What a detail of that kind is called. */
const char *om_detail_name(char out[OM_WORD_BYTES], int what);
/* Whether a value is words for a person, and those. */
bool om_detail_is_text(const uint8_t *value, size_t len);
char *om_detail_text(struct om_arena *arena, const uint8_t *value, size_t len);
/* The first thing that a disclosure says of itself. */
#define OM_DISCLOSURE_1 "oremark disclosure 1"

/* The sealing key of --key, or OREMARK_SEALING_KEY. The caller's. */
enum om_code om_sealing_secret(struct om_session *session, struct om_secret **out, struct om_status *st);

#endif
