/* What the operator is told of what the writer has done. */
#include <inttypes.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/shell_state.h"

static const char *what_failed(enum om_job_kind kind) {
  switch (kind) {
    case OM_JOB_MIRROR: return "entries-refused";
    case OM_JOB_EVIDENCE: return "evidence-refused";
    case OM_JOB_START: return "start-not-kept";
    case OM_JOB_COSIGN:
    case OM_JOB_FINAL:
    case OM_JOB_SUBMIT: break;
  }
  return "head-refused";
}

bool om_shell_tell_key(struct om_shell *shell, const struct om_status *why) {
  bool lost = om_broke(why, OM_RULE_VOTES), waits = om_broke(why, OM_RULE_COSIGN_KEY);
  if (!lost && !waits) return false;
  bool *told = lost ? &shell->told_votes : &shell->told_key;
  if (!*told) om_log(OM_LOG_WARNING, lost ? "votes-lost" : "cosign-key-waits", "detail=\"%s\"", why->text);
  *told = true;
  return true;
}

void om_shell_report(struct om_shell *shell, const struct om_job *job) {
  bool fork = om_broke(&job->status, OM_RULE_FORK); /* waits for the operator */
  if (job->kind == OM_JOB_EVIDENCE && job->code == OM_OK && job->news)
    om_log(OM_LOG_WARNING, "evidence", "log=%" PRIu32 " piece=%" PRIu32 " detail=\"see 'oremark evidence'\"", job->log,
           job->number);
  if (job->kind == OM_JOB_COSIGN && job->code == OM_OK && shell->told_key) {
    om_log_event(OM_LOG_INFO, "cosign-key-in-use");
    shell->told_key = false;
  }
  bool by_hand = job->code == OM_WAIT && /* either is the operator's to do */
                 (om_broke(&job->status, OM_RULE_BY_HAND) || om_broke(&job->status, OM_RULE_UPGRADE));
  if (by_hand && !shell->told_by_hand) om_log(OM_LOG_WARNING, job->status.rule, "detail=\"%s\"", job->status.text);
  shell->told_by_hand = shell->told_by_hand || by_hand;
  if (job->code == OM_OK || (job->code == OM_WAIT && !fork)) return;
  if (job->kind == OM_JOB_COSIGN && om_broke(&job->status, OM_RULE_STOPPED)) return; /* said when it was stopped */
  if (om_shell_tell_key(shell, &job->status)) return;
  om_log(job->code == OM_REFUSED || job->code == OM_MALFORMED ? OM_LOG_WARNING : OM_LOG_ERROR, what_failed(job->kind),
         "log=%" PRIu32 " code=%s why=\"%s\"", job->log, om_code_name(job->code), job->status.text);
}
