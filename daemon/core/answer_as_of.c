/* Of which moment an answer about a lot is. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/as_of.h"

enum om_code om_answer_as_of(struct om_answering *a, Oremark__AsOf **out, ProtobufCBinaryData number,
                             const Oremark__Moment *asked, struct om_status *st) {
  struct om_moment moment;
  struct om_as_of found;
  struct om_log_info log;
  *out = NULL;
  if (asked == NULL) return OM_OK;
  moment = (struct om_moment){asked->time_ms == 0, asked->origin, asked->size, asked->time_ms};
  enum om_code code = om_answer_number(number, st);
  if (code == OM_OK) code = om_as_of(a->view.txn, &found, number.data, &moment, st);
  if (code == OM_OK) code = om_log_info(a->view.txn, &log, found.log, st);
  if (code != OM_OK) return code;
  Oremark__AsOf *as_of = *out = om_arena_alloc(a->view.arena, sizeof *as_of);
  oremark__as_of__init(as_of);
  as_of->origin = om_arena_copy(a->view.arena, log.origin, strlen(log.origin) + 1);
  as_of->size = asked->size;
  as_of->time_ms = asked->time_ms;
  as_of->step = found.step;
  as_of->taken_ms = found.at.taken_ms;
  as_of->final_ms = found.at.final_ms;
  as_of->by_taken = found.by_taken;
  as_of->later = found.later;
  as_of->next_taken_ms = found.next.taken_ms;
  as_of->next_final_ms = found.next.final_ms;
  as_of->head_ms = found.head_ms;
  return OM_OK;
}
