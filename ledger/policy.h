/* Whose signatures make a checkpoint count, as a file that anybody's tools read (C2SP tlog-policy): logs, witnesses,
 * groups of them with a threshold, and the quorum. Pure; hostile input. A parsed policy points into the caller's bytes.
 * Thread: any. */
#ifndef OREMARK_LEDGER_POLICY_H
#define OREMARK_LEDGER_POLICY_H

#include "ledger/hash.h"
#include "ledger/note.h"

enum {
  OM_POLICY_LOGS_MAX = 64,       /* the specification wants 32 taken */
  OM_POLICY_NAMES_MAX = 512,     /* witnesses and groups together; it wants 32 of each taken */
  OM_POLICY_MAX_BYTES = 1 << 20, /* what these need with the longest names is a tenth */
};

/* A witness or a group. */
struct om_policy_node {
  struct om_span name;
  bool is_group, is_member;
  struct om_vkey key; /* of a witness */
  size_t k, n;        /* of a group: K of N members... */
  size_t first;       /* ...from here on in MEMBERS */
};

struct om_policy {
  size_t n_logs, n_nodes, n_members;
  struct om_vkey logs[OM_POLICY_LOGS_MAX];
  struct om_policy_node nodes[OM_POLICY_NAMES_MAX];
  size_t members[OM_POLICY_NAMES_MAX]; /* nodes; each is in one group at most */
  bool has_quorum;
  size_t quorum; /* a node; SIZE_MAX: no cosignature is asked for */
};

/* OM_MALFORMED names the line. 200 KiB: not for the stack. */
enum om_code om_policy_parse(struct om_policy *out, const char *data, size_t len, struct om_status *st);

/* Is NOTE a checkpoint of one of the logs, with the quorum? COSIGNED[i] tells whether node i has cosigned it, or, a
 * group, whether enough of it have. OM_NO says what is missing. */
enum om_code om_policy_check(const struct om_policy *policy, struct om_checkpoint *out,
                             bool cosigned[OM_POLICY_NAMES_MAX], const struct om_note *note, struct om_status *st);

#endif
