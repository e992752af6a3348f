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

/* All return false when no more is wanted. */
bool om_answer_put(const struct om_answering *a, const Oremark__Reply *reply);
bool om_answer_fail(const struct om_answering *a, const struct om_status *st);
/* An "ok" that is to be filled in. */
Oremark__Reply om_answer_good(const struct om_answering *a, Oremark__Reply__WhatCase what, bool more);
enum om_code om_answer_number(ProtobufCBinaryData number, struct om_status *st);

/* answer_lineage.c */
bool om_answer_trace(struct om_answering *a, const Oremark__GetTrace *asked, struct om_status *st);
bool om_answer_verify(struct om_answering *a, const Oremark__VerifyLot *asked, struct om_status *st);

#endif
