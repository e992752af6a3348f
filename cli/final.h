/* Where a statement stands: asking, waiting until it is final, and saying how it came out. Thread: one. */
#ifndef OREMARK_CLI_FINAL_H
#define OREMARK_CLI_FINAL_H

#include "cli/session.h"
#include "cli/show.h"

enum {
  OM_FINAL_DEFAULT_S = 60, /* a quorum is a few round trips; a witness that restarts is back within that */
  OM_FINAL_MAX_S = 86400,  /* what --wait takes too */
};

/* --wait-final in the text of a table of options. */
#define OM_WAIT_FINAL_OPTION                                                                     \
  {                                                                                              \
    "wait-final", "[=SECONDS]",                                                                  \
        "wait until it is final, and say so; exit status 5 if it is not by then (default: 60 s)" \
  }

/* A statement that a daemon has recorded or queued. */
struct om_recorded {
  uint32_t member;
  int64_t signed_ms;
  struct om_hash id;
};

enum { OM_RECORDED_TEXT_BYTES = 10 + 1 + 20 + 1 + 2 * OM_HASH_BYTES + 1 };

/* By what name a statement is asked for: "MEMBER-TIME-ID". */
const char *om_recorded_text(char out[OM_RECORDED_TEXT_BYTES], const struct om_recorded *recorded);
enum om_code om_recorded_parse(struct om_recorded *out, const char *text, struct om_status *st);

/* How long to wait, milliseconds; 0: not asked to. */
enum om_code om_final_option(int64_t *out_ms, const struct om_args *args, struct om_status *st);

/* What the daemon says of RECORDED now, or when it is decided, after WAIT_MS at the latest; in ARENA. */
enum om_code om_final_ask(struct om_session *session, const Oremark__Finality **out, struct om_arena *arena,
                          const struct om_recorded *recorded, int64_t wait_ms, struct om_status *st);
bool om_final_is(const Oremark__Finality *finality, const char *state);
/* Why it was refused when its turn came; returns that code. */
enum om_code om_final_refused(const Oremark__Finality *finality, struct om_status *st);
/* What the daemon says of RECORDED when it is final, or after WAIT_MS; in ARENA. OM_WAIT: not final by then, and ST
 * says whom it waits for; *OUT is there all the same. It was queued and then refused: that. Others: NULL. */
enum om_code om_final_wait(struct om_session *session, const Oremark__Finality **out, struct om_arena *arena,
                           const struct om_recorded *recorded, int64_t wait_ms, struct om_status *st);
/* One line on what is final. PENDING: it was pending when it was recorded, so that the time is its own. */
void om_final_show(FILE *out, const Oremark__Finality *finality, bool pending);
/* Adds "final", and what belongs to it, to JSON; FINALITY NULL: not known. */
void om_final_json(json_t *json, const Oremark__Finality *finality);

#endif
