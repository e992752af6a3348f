/* What the files that make answers share; nobody else's. */
#ifndef OREMARK_DAEMON_CORE_ANSWER_PARTS_H
#define OREMARK_DAEMON_CORE_ANSWER_PARTS_H

#include "daemon/core/answer.h"
#include "daemon/core/view.h"

struct om_answering {
  const struct om_answer_sink *sink;
  const struct om_about *about;
  struct om_view view;
  uint64_t id;
};

/* Both return false when no more is wanted. */
bool om_answer_put(const struct om_answering *a, const Oremark__Reply *reply);
bool om_answer_wanted(const struct om_answering *a); /* asked on each row that is passed over */
/* An "ok" that is to be filled in. */
Oremark__Reply om_answer_good(const struct om_answering *a, Oremark__Reply__WhatCase what, bool more);

/* Each kind of request is answered by one function, which puts replies until no more is wanted; the last reply to one
 * that fails says why, and is put for it. */

/* answer_status.c */
enum om_code om_answer_get_status(struct om_answering *a, const Oremark__GetStatus *asked, struct om_status *st);
enum om_code om_answer_genesis(struct om_answering *a, struct om_status *st);
void om_answer_peers(struct om_answering *a);

/* answer_lots.c */
enum om_code om_answer_lot(struct om_answering *a, const Oremark__GetLot *asked, struct om_status *st);
enum om_code om_answer_lots(struct om_answering *a, const Oremark__ListLots *asked, struct om_status *st);
enum om_code om_answer_history(struct om_answering *a, const Oremark__GetHistory *asked, struct om_status *st);
/* The event at PLACE as a line of history, in the view's arena. */
enum om_code om_answer_step(struct om_answering *a, Oremark__Step **out, const struct om_place *place,
                            struct om_status *st);
/* Whether NUMBER has the length of a lot's. */
enum om_code om_answer_number(ProtobufCBinaryData number, struct om_status *st);

/* answer_as_of.c: the lot's step as of the moment ASKED, in the view's arena; *OUT NULL: ASKED is, it is as now. */
enum om_code om_answer_as_of(struct om_answering *a, Oremark__AsOf **out, ProtobufCBinaryData number,
                             const Oremark__Moment *asked, struct om_status *st);

/* answer_finality.c */
enum om_code om_answer_finality(struct om_answering *a, const Oremark__GetFinality *asked, struct om_status *st);
/* Who has cosigned no head of the own log beyond entry INDEX: origins, ascending, in the view's arena; and how many
 * operators' cosignatures are still needed, one at least unless nobody's are; where two lists must sign, of the one
 * that lacks more. */
void om_answer_missing(struct om_answering *a, char ***missing, size_t *n, uint32_t *needed, uint64_t index);

/* answer_lineage.c */
enum om_code om_answer_trace(struct om_answering *a, const Oremark__GetTrace *asked, struct om_status *st);
enum om_code om_answer_verify(struct om_answering *a, const Oremark__VerifyLot *asked, struct om_status *st);
enum om_code om_answer_bundle(struct om_answering *a, const Oremark__WriteBundle *asked, struct om_status *st);

/* answer_held.c */
enum om_code om_answer_held(struct om_answering *a, const Oremark__ListHeld *asked, struct om_status *st);
/* answer_registry.c */
enum om_code om_answer_registry(struct om_answering *a, const Oremark__GetRegistry *asked, struct om_status *st);
enum om_code om_answer_members(struct om_answering *a, struct om_status *st);
enum om_code om_answer_member(struct om_answering *a, const Oremark__GetMember *asked, struct om_status *st);

/* answer_attested.c */
enum om_code om_answer_attestations(struct om_answering *a, const Oremark__ListAttestations *asked,
                                    struct om_status *st);
enum om_code om_answer_audit(struct om_answering *a, const Oremark__GetAudit *asked, struct om_status *st);

/* answer_evidence.c */
enum om_code om_answer_evidence(struct om_answering *a, struct om_status *st);

/* answer_documents.c */
enum om_code om_answer_put_document(struct om_answering *a, const Oremark__PutDocument *asked, struct om_status *st);
enum om_code om_answer_get_document(struct om_answering *a, const Oremark__GetDocument *asked, struct om_status *st);
enum om_code om_answer_document_state(struct om_answering *a, const Oremark__GetDocumentState *asked,
                                      struct om_status *st);
enum om_code om_answer_erase_document(struct om_answering *a, const Oremark__EraseDocument *asked,
                                      struct om_status *st);

/* answer_tiles.c */
enum om_code om_answer_head(struct om_answering *a, const Oremark__GetFinalHead *asked, struct om_status *st);
enum om_code om_answer_compare(struct om_answering *a, const Oremark__CompareHead *asked, struct om_status *st);
enum om_code om_answer_tiles(struct om_answering *a, const Oremark__GetTiles *asked, struct om_status *st);
enum om_code om_answer_entry(struct om_answering *a, const Oremark__GetEntry *asked, struct om_status *st);
enum om_code om_answer_entries(struct om_answering *a, const Oremark__ReadEntries *asked, struct om_status *st);
enum om_code om_answer_quorum(struct om_answering *a, const Oremark__GetQuorum *asked, struct om_status *st);
enum om_code om_answer_inclusion(struct om_answering *a, const Oremark__ProveInclusion *asked, struct om_status *st);

#endif
