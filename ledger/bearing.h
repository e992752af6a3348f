/* What was said later that bears on a lineage: concerns about any lot, event, member or site in it, and corrections of
 * its events. They fail no rule; whoever judges the lot is told. Found by walking all flags and corrections that are
 * held here, each looked up in the lineage: there are few of them, and lots without number. As of now. Thread: the
 * transaction's or the stage's. */
#ifndef OREMARK_LEDGER_BEARING_H
#define OREMARK_LEDGER_BEARING_H

#include "ledger/attested.h"
#include "ledger/lineage.h"

enum {
  OM_FLAG_KEPT_BYTES = 1 + 1 + 8, /* category, severity, due */
  OM_CORRECT_KEPT_BYTES = 1,      /* reason */
};

/* Stages that the event being judged, about ABOUT, is one of those that are walked. */
void om_stage_bears(struct om_stage *stage, const Oremark__Event *event, const struct om_subject_key *about);

struct om_bearing {
  struct om_attested what;     /* a flag or a correction */
  struct om_subject_key about; /* as it was said */
  /* A flag: */
  int category; /* Oremark__FlagCategory */
  unsigned severity;
  int64_t due_ms; /* Unix ms; 0: none */
  bool cleared;   /* by its author... */
  bool overruled; /* ...or by the governors */
  struct om_place ended_by;
  /* A correction: */
  int reason; /* Oremark__CorrectReason */
};

/* Those that bear on LINEAGE, in the order of log and entry; *OUT in ARENA. */
enum om_code om_bearing_collect(struct om_txn *txn, struct om_arena *arena, struct om_bearing **out, size_t *n,
                                const struct om_hash *network, const struct om_lineage *lineage, struct om_status *st);

#endif
