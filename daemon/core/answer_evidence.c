/* The evidence that is held here. */
#include <stdio.h>
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/evidence.h"

/* What a piece says, in one sentence. */
static enum om_code evidence_text(struct om_answering *a, char **out, const struct om_bytes *bytes,
                                  enum om_evidence_standing standing, struct om_status *st) {
  struct om_checkpoint about;
  enum om_evidence_what what;
  char text[OM_STATUS_TEXT_BYTES];
  enum om_code code = om_evidence_about(bytes->data, bytes->len, &what, &about, st);
  if (code != OM_OK) return st->code = OM_CORRUPT;
  const char *said = standing == OM_EVIDENCE_CLAIMED ? ", as another daemon says; it was not judged here" : "";
  if (standing == OM_EVIDENCE_FREEZES)
    snprintf(text, sizeof text, "two final heads contradict each other: the log is frozen");
  else if (what == OM_EVIDENCE_OF_FORK)
    snprintf(text, sizeof text, "a signed head contradicts another one: a lapse, the log goes on");
  else
    snprintf(text, sizeof text, "entry %llu, which the log has signed, is invalid%s", (unsigned long long)about.size,
             said);
  *out = om_arena_copy(a->view.arena, text, strlen(text) + 1);
  return OM_OK;
}

/* *OUT NULL: a piece that is refuted here. */
static enum om_code evidence_file(struct om_answering *a, Oremark__EvidenceFile **out, uint32_t log, uint32_t number,
                                  struct om_status *st) {
  struct om_bytes bytes;
  struct om_log_info info;
  enum om_evidence_standing standing;
  char *why = NULL;
  *out = NULL;
  enum om_code code = om_log_info(a->view.txn, &info, log, st);
  if (code == OM_OK) code = om_log_evidence(a->view.txn, &bytes, &standing, log, number, st);
  if (code != OM_OK || standing == OM_EVIDENCE_REFUTED) return code;
  code = evidence_text(a, &why, &bytes, standing, st);
  if (code != OM_OK) return code;
  Oremark__EvidenceFile *file = *out = om_arena_alloc(a->view.arena, sizeof *file);
  oremark__evidence_file__init(file);
  file->evidence = (ProtobufCBinaryData){bytes.len, om_arena_copy(a->view.arena, bytes.data, bytes.len)};
  file->origin = om_arena_copy(a->view.arena, info.origin, strlen(info.origin) + 1);
  file->why = why;
  file->freezes = standing == OM_EVIDENCE_FREEZES;
  return OM_OK;
}

/* One reply a piece: each is a file of its own, and together they may be too long for one. */
enum om_code om_answer_evidence(struct om_answering *a, struct om_status *st) {
  Oremark__EvidenceList list = OREMARK__EVIDENCE_LIST__INIT;
  uint32_t logs = om_log_count(a->view.txn);
  for (uint32_t log = 0; log < logs; log++)
    for (uint32_t number = 0;; number++) {
      Oremark__EvidenceFile *file;
      enum om_code code = evidence_file(a, &file, log, number, st);
      if (code == OM_MISSING) break;
      if (code != OM_OK) return code;
      if (file == NULL) continue;
      Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_EVIDENCE, true);
      reply.evidence = &list;
      list.files = &file;
      list.n_files = 1;
      if (!om_answer_put(a, &reply)) return OM_OK;
      om_view_reset(&a->view);
    }
  Oremark__Reply last = om_answer_good(a, OREMARK__REPLY__WHAT_EVIDENCE, false);
  list.n_files = 0;
  last.evidence = &list;
  om_answer_put(a, &last);
  return OM_OK;
}
