/* Of which moment an answer about a lot is. */
#include "daemon/core/answer_parts.h"
#include "ledger/told.h"

enum om_code om_answer_as_of(struct om_answering *a, Oremark__AsOf **out, ProtobufCBinaryData number,
                             const Oremark__Moment *asked, struct om_status *st) {
  struct om_moment moment;
  struct om_as_of found;
  *out = NULL;
  if (asked == NULL) return OM_OK;
  moment = (struct om_moment){asked->time_ms == 0, asked->origin, asked->size, asked->time_ms};
  enum om_code code = om_answer_number(number, st);
  if (code == OM_OK) code = om_as_of(a->view.txn, &found, number.data, &moment, st);
  return code == OM_OK ? om_as_of_told(a->view.txn, a->view.arena, out, &found, &moment, st) : code;
}
