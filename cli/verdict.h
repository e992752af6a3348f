/* How a verdict on a lot looks, whether a daemon reached it over its store or the command over a file. Thread: one. */
#ifndef OREMARK_CLI_VERDICT_H
#define OREMARK_CLI_VERDICT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "keys/status.h"
#include "proto/client.pb-c.h"

json_t *om_verdict_json(const Oremark__Verdict *verdict);
/* Its checks, heads, findings and what was not checked; last a line with the answer and how long it took. */
void om_verdict_show(FILE *out, const Oremark__Verdict *verdict, int64_t took_ms);
/* OM_OK: verified; OM_NO; OM_WAIT: it can't be decided, and why. */
enum om_code om_verdict_conclude(const Oremark__Verdict *verdict, struct om_status *st);

#endif
