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

/* In the order in which they are told. */
enum om_bearing_share {
  OM_BEARING_OPEN, /* flags */
  OM_BEARING_CORRECTION,
  OM_BEARING_ENDED, /* flags that were cleared or overruled */
};

/* Flags of one member that are open at once, in one home log. Whoever looks at a lot goes through all that bear on it,
 * on every daemon: this many take some milliseconds, and no firm has so many concerns that it has not settled. Those
 * that the governors overruled count until their author clears them: their word stands in another log. */
enum { OM_FLAGS_OPEN_MAX = 4096 };
/* Counts a flag that the event being judged raises; refused with "flags" beyond that. */
enum om_code om_stage_flag_raised(struct om_stage *stage, struct om_status *st);
/* One of the signer's at PLACE is cleared. */
void om_stage_flag_cleared(struct om_stage *stage, const struct om_place *place);

struct om_bearing {
  enum om_bearing_share share;
  bool later;                  /* its author has said as many that come before it */
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

/* The event that the correction at PLACE is about; false: there is no correction. */
bool om_corrected(struct om_txn *txn, struct om_place *out, const struct om_place *place);

/* Those that bear on LINEAGE by their shares; *OUT in ARENA. Open flags: the worst few of each author before all
 * others, so that nobody's many keep another's from being told, and the more severe first. What is equal in that stands
 * in the order of log and entry. Their entries are not read. OM_BUSY: PROGRESS (may be NULL) gave up. */
enum om_code om_bearing_collect(struct om_txn *txn, struct om_arena *arena, struct om_bearing **out, size_t *n,
                                const struct om_hash *network, const struct om_lineage *lineage,
                                const struct om_progress *progress, struct om_status *st);

#endif
