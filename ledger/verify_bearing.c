/* What bears on the lineage that is verified: concerns and corrections, each told, and its entry hashed with the
 * others. */
#include <stdio.h>

#include "ledger/bearing.h"
#include "ledger/downstream.h"
#include "ledger/step.h"
#include "ledger/verify_state.h"

/* How it stands with a flag, for the end of a sentence. */
static const char *standing(const struct om_bearing *b) {
  if (b->what.kind != OREMARK__EVENT__KIND_FLAG) return "";
  return b->cleared ? "; cleared by its author" : b->overruled ? "; overruled by the governors" : "; open";
}

static const char *share_of(const struct om_bearing *b) {
  switch (b->share) {
    case OM_BEARING_OPEN: return "flags";
    case OM_BEARING_CORRECTION: return "corrections";
    case OM_BEARING_ENDED: return OM_SHARE_ENDED_FLAGS;
  }
  return "";
}

enum { BESIDE_BYTES = 256 };

/* What stands in the corrected event, and what has been built on it. */
static enum om_code beside(struct om_verify *v, struct om_arena *scratch, char out[BESIDE_BYTES],
                           const struct om_bearing *b, struct om_status *st) {
  struct om_step *step = om_arena_alloc(scratch, sizeof *step);
  struct om_place at;
  out[0] = '\0';
  if (b->share != OM_BEARING_CORRECTION) return OM_OK;
  om_place_read(&at, b->about.bytes + 1);
  enum om_code code = om_step_read(v->txn, scratch, step, v->network, &at, st);
  if (code != OM_OK) return code;
  uint32_t event = om_lineage_find_event(&v->lineage, &at);
  uint64_t built = event == OM_LINEAGE_NONE ? 0 : om_lineage_after(&v->lineage, event);
  int len = snprintf(out, BESIDE_BYTES, "; it says: %.160s", step->text.bytes);
  if (built > 0)
    snprintf(out + len, BESIDE_BYTES - (size_t)len, "; %llu lot%s of this lineage came of it since",
             (unsigned long long)built, built == 1 ? "" : "s");
  return OM_OK;
}

/* SCRATCH is for what is taken apart: there may be more of it than an arena takes between two resets. */
static enum om_code tell(struct om_verify *v, struct om_arena *scratch, const struct om_bearing *b,
                         struct om_status *st) {
  struct om_step *step = om_arena_alloc(scratch, sizeof *step);
  char when[OM_TIME_TEXT_BYTES], first[BESIDE_BYTES];
  bool final;
  enum om_code code = om_verify_also(v, &final, &b->what.at, st);
  if (code == OM_OK) code = om_step_read(v->txn, scratch, step, v->network, &b->what.at, st);
  if (code == OM_OK) code = beside(v, scratch, first, b, st);
  if (code != OM_OK) return code;
  om_time_format(when, sizeof when, step->at_ms, step->zone_min);
  om_verify_find_in(v, share_of(b), b->what.kind == OREMARK__EVENT__KIND_FLAG ? "flag" : "correction",
                    "%s, %s (member %u): %s%s%s%s", when, step->member_name, step->member, step->text.bytes, first,
                    standing(b), final ? "" : "; not final yet");
  return OM_OK;
}

/* What was made of the lot since stands on what was corrected, too. */
static enum om_code tell_downstream(struct om_verify *v, struct om_status *st) {
  struct om_downstream downstream;
  char text[OM_DOWNSTREAM_TEXT_BYTES];
  enum om_code code = om_downstream_collect(&downstream, v->txn, v->network, v->lineage.lots[0].number, st);
  bool lacking = code == OM_CORRUPT || code == OM_MISSING; /* what comes later is not judged here */
  if (lacking && om_txn_check(v->txn, st) == OM_OK) return OM_OK;
  if (code != OM_OK || downstream.n == 0) return code;
  om_verify_find_in(v, "corrections", "correction", "what was corrected is built on: %s",
                    om_downstream_text(text, &downstream));
  return OM_OK;
}

/* An entry that is gone from the store is no reason to say nothing of the lot. */
static enum om_code gone(struct om_verify *v, enum om_code code, struct om_status *st) {
  if (code != OM_MISSING) return code;
  om_verify_fail(v, OM_CHECK_LINEAGE, "the entry of what bears on it is not here: %s", st->text);
  return om_txn_check(v->txn, st);
}

enum om_code om_verify_bearing(struct om_verify *v, struct om_status *st) {
  struct om_arena found = {0}, scratch = {0};
  struct om_bearing *list;
  size_t n = 0;
  bool corrected = false;
  enum om_code code = om_bearing_collect(v->txn, &found, &list, &n, v->network, &v->lineage, v->progress, st);
  if (code != OM_OK) n = 0;
  code = gone(v, code, st);
  for (size_t i = 0; i < n && code == OM_OK; i++) {
    corrected |= list[i].share == OM_BEARING_CORRECTION;
    if (!om_verify_too_many(v, share_of(&list[i]))) code = gone(v, tell(v, &scratch, &list[i], st), st);
    om_arena_reset(&scratch);
    if (code == OM_OK) code = om_progress_tell(v->progress, "telling what bears on it", i + 1, n, st);
  }
  om_arena_free(&found);
  om_arena_free(&scratch);
  return code == OM_OK && corrected ? tell_downstream(v, st) : code;
}
