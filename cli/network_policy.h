/* Whose signatures make a log's checkpoints final, as a C2SP tlog-policy. Thread: one. */
#ifndef OREMARK_CLI_NETWORK_POLICY_H
#define OREMARK_CLI_NETWORK_POLICY_H

#include <stdbool.h>
#include <stdio.h>

#include "proto/client.pb-c.h"

/* Writes the policy that QUORUM comes to. What satisfies it is final; where a change of witnesses can't be said
 * exactly, not all that is final satisfies it, and a comment says so. False: QUORUM names keys that are none. */
bool om_policy_put(FILE *out, const Oremark__LogQuorum *quorum);

#endif
