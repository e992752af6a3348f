/* Holds of the lineage that the governors have overruled: told, since whoever the hold named then had no say in the
 * release. */
#include "ledger/overruled.h"
#include "ledger/step.h"
#include "ledger/verify_state.h"

enum om_code om_verify_hold(struct om_verify *v, uint32_t member, size_t event, struct om_status *st) {
  const struct om_lineage_event *e = &v->lineage.events[event];
  const struct om_place place = {.log = e->log, .index = e->index, .event = e->event};
  struct om_place act;
  bool is, final;
  enum om_code code =
      om_overruled(v->txn, &is, &act, OM_OVERRULED_HOLD, v->network, &place, member, OM_REGISTRY_NOW, st);
  if (code != OM_OK || !is) return code;
  struct om_arena scratch = {0};
  struct om_step *held = om_arena_alloc(&scratch, sizeof *held), *said = om_arena_alloc(&scratch, sizeof *said);
  char when[OM_TIME_TEXT_BYTES];
  code = om_verify_also(v, &final, &act, st);
  if (code == OM_OK) code = om_step_read(v->txn, &scratch, held, v->network, &place, st);
  if (code == OM_OK) code = om_step_read(v->txn, &scratch, said, v->network, &act, st);
  if (code == OM_OK) {
    om_time_format(when, sizeof when, said->at_ms, said->zone_min);
    om_verify_find(v, "hold", "%s (member %u): %s; on %s the governors said: %s%s", held->member_name, held->member,
                   held->text.bytes, when, said->text.bytes, final ? "" : "; not final yet");
  }
  om_arena_free(&scratch);
  return code;
}
