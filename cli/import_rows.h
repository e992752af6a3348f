/* Rows of an import file as groups: the rows of one event, turned into the options of that event's command, so that an
 * import and the command line are built by the same code. Bad rows are told of as they are met, and reading goes on.
 * Thread: one. */
#ifndef OREMARK_CLI_IMPORT_ROWS_H
#define OREMARK_CLI_IMPORT_ROWS_H

#include "cli/args.h"
#include "cli/csv.h"

struct om_group_ref {
  const char *name;
  uint64_t line;
  size_t made; /* which of the event's new lots, from 0 */
};

struct om_group {
  uint64_t number; /* from 0, bad ones counted too */
  uint64_t line;   /* of its first row */
  uint64_t rows;
  bool bad;            /* told of already: not to be recorded; its args may not be whole */
  struct om_args args; /* args.command is NULL where not even the event is known */
  struct om_group_ref *refs;
  size_t n_refs, cap_refs;
  char **texts; /* what args and refs point to */
  size_t n_texts, cap_texts;
};

struct om_rows;

/* Told of every bad row: its line, and what is wrong. */
typedef void om_bad_row(void *ctx, uint64_t line, const struct om_status *st);

/* Reads the header of FILE, which stays the caller's. OM_USAGE where columns are missing, unknown or doubled. */
enum om_code om_rows_open(struct om_rows **out, FILE *file, om_bad_row *bad, void *ctx, struct om_status *st);
void om_rows_close(struct om_rows *rows);

/* The next group, the caller's; OM_MISSING at the end. */
enum om_code om_rows_next(struct om_rows *rows, struct om_group **out, struct om_status *st);
void om_group_free(struct om_group *group);

/* Bytes and rows read so far. */
uint64_t om_rows_bytes(const struct om_rows *rows);
uint64_t om_rows_count(const struct om_rows *rows);

/* What `import --help` says of the columns. */
#define OM_IMPORT_COLUMNS                                                                                              \
  "Columns, in any order; the first line names them; only event is needed by all rows:\n"                              \
  "  event      extract, collect, declare, ship, receive, reject, transform, split, combine, charge, draw,\n"          \
  "             stocktake, retire, hold, release, title, settle\n"                                                     \
  "  group      rows that follow each other with the same text here are one event: several new lots, several lots "    \
  "shipped\n"                                                                                                          \
  "  ref        a name for the row's new lot, for the lots column of later rows\n"                                     \
  "  lots       the lots that the event is about: refs or aliases of earlier rows, OM- numbers, aliases; parted by "   \
  "';'\n"                                                                                                              \
  "  at         when it happened, as --at\n"                                                                           \
  "  material, form, gross, moisture, metals, aliases     the row's new lot; several metals or aliases are parted by " \
  "';'\n"                                                                                                              \
  "  losses, seals, product-lots, releasers               several are parted by ';'\n"                                 \
  "  documents  files that belong to the event, parted by ';'; paths are from the folder of the CSV\n"                 \
  "  secrets, secret-to   as --secret and --secret-to: contract=C-17;price=8412 USD/t;document=plan.pdf, to whom by "  \
  "','\n"                                                                                                              \
  "  site, process, consignee, mode, with-title, waste, reason, shortage, ...   any other option of the event's "      \
  "command,\n"                                                                                                         \
  "             without its dashes; a switch is yes or no\n"                                                           \
  "  #ANYTHING  a column of your own: not read\n"                                                                      \
  "Masses need a unit (\"20 t\", 312.5kg) and no thousands separators. The file is UTF-8, RFC 4180.\n"

#endif
