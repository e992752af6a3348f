/* What an import can't record: told to the person, line by line, and where that is much, in a file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import_state.h"

enum {
  BAD_TOLD_MAX = 10000, /* bad rows kept for --json: about a megabyte */
  BAD_SHOWN_MAX = 20,   /* on a screen: what went wrong is plain from them, and the command's first words still stand */
};

static void print(FILE *file, uint64_t line, const char *why, const char *rule) {
  fprintf(file, "line %" PRIu64 ": %s%s%s%s\n", line, why, *rule ? " [" : "", rule, *rule ? "]" : "");
}

/* The file begins with those that were shown, so that it holds all. */
static void open_refused(struct om_import *import) {
  size_t size = strlen(import->path) + sizeof ".refused";
  import->refused_path = malloc(size);
  OM_ASSERT(import->refused_path);
  snprintf(import->refused_path, size, "%s.refused", import->path);
  import->refused = fopen(import->refused_path, "we");
  if (!import->refused) {
    fprintf(import->session->err, "oremark: can't write %s: %s: all bad rows are told here\n", import->refused_path,
            strerror(errno));
    return;
  }
  for (size_t i = 0; i < BAD_SHOWN_MAX; i++) {
    const json_t *bad = json_array_get(import->told, i);
    print(import->refused, (uint64_t)json_integer_value(json_object_get(bad, "line")),
          json_string_value(json_object_get(bad, "why")), json_string_value(json_object_get(bad, "rule")));
  }
}

void om_import_tell(struct om_import *import, uint64_t line, const struct om_status *st) {
  if (import->bad_rows++ == BAD_SHOWN_MAX) open_refused(import);
  if (import->refused) {
    print(import->refused, line, st->text, st->rule);
  } else {
    om_meter_clear(&import->meter);
    fprintf(import->session->err, "oremark: %s: ", import->path);
    print(import->session->err, line, st->text, st->rule);
  }
  if (json_array_size(import->told) < BAD_TOLD_MAX)
    json_array_append_new(import->told, json_pack("{s:I, s:o, s:s}", "line", (json_int_t)line, "why",
                                                  om_json_text(st->text), "rule", st->rule));
}

void om_import_tell_rest(struct om_import *import) {
  if (!import->refused) return;
  om_meter_clear(&import->meter);
  bool lost = ferror(import->refused) != 0;
  lost = fclose(import->refused) != 0 || lost;
  import->refused = NULL;
  fprintf(import->session->err, "oremark: %s: and %" PRIu64 " more; %s %s\n", import->path,
          import->bad_rows - BAD_SHOWN_MAX, lost ? "the disk has no room for all of them in" : "all are in",
          import->refused_path);
}

void om_import_drop(struct om_import *import, struct om_group *group, const struct om_status *why) {
  import->bad_groups++;
  if (why) om_import_tell(import, group->line, why);
  om_import_spoil(&import->lots, group);
  om_group_free(group);
}
