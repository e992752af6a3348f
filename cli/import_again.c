/* What an earlier run of the same import did, as its journal says. */
#include "cli/import_state.h"

enum om_code om_import_replay(struct om_import *import, struct om_group *group, const struct om_journal_place *place,
                              struct om_status *st) {
  struct om_signed *s = &import->replayed;
  struct om_touches touches = {0};
  if (!om_hash_equal(&s->id, &place->statement_id) || !s->statement) {
    om_arena_reset(&import->replayed_arena);
    const uint8_t *bytes;
    size_t len;
    if (om_journal_read(import->journal, &import->replayed_arena, &bytes, &len, place, st) ||
        om_signed_unpack(s, &import->replayed_arena, &import->session->network, bytes, len, st)) {
      om_group_free(group);
      return om_wrap(st, "the journal");
    }
  }
  import->rows_again += group->rows;
  om_import_note_last(import, s, true);
  enum om_code code =
      om_import_apply(&import->lots, &touches, group, s->statement->events[place->event], place->event, st);
  if (code == OM_OK) {
    om_import_seal(&import->lots, &touches, s);
    om_import_recorded(&touches);
  }
  om_touches_free(&touches);
  om_group_free(group);
  return code;
}

enum om_code om_import_resubmit(struct om_import *import, struct om_status *st) {
  struct om_journal_open_statement open;
  while (om_journal_next_open(import->journal, &open)) {
    struct om_arena arena = {0};
    struct om_signed s;
    bool again;
    struct om_hash id = open.id;
    enum om_code code = om_signed_unpack(&s, &arena, &import->session->network, open.bytes, open.len, st);
    if (code == OM_OK) code = om_import_wait(import, &s, &again, st);
    if (code == OM_OK) om_import_note_last(import, &s, true);
    om_arena_free(&arena);
    if (code == OM_OK)
      code = om_journal_accept(import->journal, &id, st);
    else if (om_import_is_refusal(code))
      code = om_journal_give_up(import->journal, &id, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}
