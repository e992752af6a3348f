/* What an import can't record: told to the person, line by line. */
#include <inttypes.h>

#include "cli/import_state.h"

enum { BAD_TOLD_MAX = 10000 }; /* bad rows kept for --json; all are told on standard error */

void om_import_tell(struct om_import *import, uint64_t line, const struct om_status *st) {
  om_meter_clear(&import->meter);
  fprintf(import->session->err, "oremark: %s: line %" PRIu64 ": %s%s%s%s\n", import->path, line, st->text,
          *st->rule ? " [" : "", st->rule, *st->rule ? "]" : "");
  if (json_array_size(import->told) < BAD_TOLD_MAX)
    json_array_append_new(import->told, json_pack("{s:I, s:o, s:s}", "line", (json_int_t)line, "why",
                                                  om_json_text(st->text), "rule", st->rule));
}

void om_import_drop(struct om_import *import, struct om_group *group, const struct om_status *why) {
  import->bad_groups++;
  if (why) om_import_tell(import, group->line, why);
  om_import_spoil(&import->lots, group);
  om_group_free(group);
}
