/* CSV and what an import makes of its rows. First byte: whether rows are read as such, or as groups of an import. */
#include <stdio.h>

#include "cli/csv.h"
#include "cli/import_rows.h"
#include "fuzz/fuzz.h"
#include "keys/utf8.h"

static void rows(FILE *file, size_t len) {
  struct om_csv *csv = om_csv_new(file);
  struct om_csv_row row;
  struct om_status st = {0};
  uint64_t last = 0;
  enum om_code code;
  while ((code = om_csv_next(csv, &row, &st)) != OM_MISSING) {
    OM_ASSERT(row.line > last);
    last = row.line;
    if (code != OM_OK) {
      fuzz_refusal(&st, OM_MALFORMED);
      continue;
    }
    OM_ASSERT(row.n >= 1 && row.n <= OM_CSV_FIELDS_MAX);
    for (size_t i = 0; i < row.n; i++) OM_ASSERT(om_text_ok(row.fields[i], strlen(row.fields[i])));
  }
  OM_ASSERT(om_csv_bytes(csv) == len);
  om_csv_free(csv);
}

static void told(void *ctx, uint64_t line, const struct om_status *st) {
  size_t *bad = ctx;
  OM_ASSERT(line >= 1);
  fuzz_refusal(st, st->code);
  ++*bad;
}

static void groups(FILE *file) {
  struct om_rows *in;
  struct om_group *group;
  struct om_status st = {0};
  size_t bad = 0;
  uint64_t next = 0;
  enum om_code code = om_rows_open(&in, file, told, &bad, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, code);
    return;
  }
  while ((code = om_rows_next(in, &group, &st)) == OM_OK) {
    OM_ASSERT(group->number >= next && group->rows >= 1 && group->line >= 2 && (group->bad || group->args.command));
    next = group->number + 1;
    OM_ASSERT(!group->bad || bad > 0);
    om_group_free(group);
  }
  OM_ASSERT(code == OM_MISSING);
  om_rows_close(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  bool as_import = fuzz_byte(&data, &len) % 2;
  FILE *file = len ? fmemopen((void *)(uintptr_t)data, len, "rb") : fopen("/dev/null", "rb");
  OM_ASSERT(file);
  if (as_import)
    groups(file);
  else
    rows(file, len);
  fclose(file);
  return 0;
}
