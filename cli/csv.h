/* CSV by RFC 4180, strictly and as a stream: fields parted by commas, a field with a comma, quote or line break in
 * quotes, a quote in quotes doubled, lines ended by LF or CRLF; a UTF-8 byte order mark before all is skipped. What is
 * not that is refused with its line, and reading goes on with the next line. The fields belong to the reader until the
 * next call. Thread: one at a time. */
#ifndef OREMARK_CLI_CSV_H
#define OREMARK_CLI_CSV_H

#include <stdint.h>
#include <stdio.h>

#include "keys/status.h"

enum {
  OM_CSV_ROW_MAX_BYTES =
      65536,               /* no event of a row fits a statement beyond that; a quote never closed is noticed there */
  OM_CSV_FIELDS_MAX = 128, /* more than all columns that there are */
};

struct om_csv;

struct om_csv_row {
  uint64_t line; /* on which it begins, from 1 */
  size_t n;
  char **fields; /* valid UTF-8 without control characters */
};

/* Reads from FILE, which stays the caller's. */
struct om_csv *om_csv_new(FILE *file);
void om_csv_free(struct om_csv *csv);

/* The next row that is not empty. OM_MISSING at the end; OM_MALFORMED for a bad row (ROW->line says which), after which
 * it can be called again; OM_IO. */
enum om_code om_csv_next(struct om_csv *csv, struct om_csv_row *row, struct om_status *st);

/* Bytes used up so far, for showing progress. */
uint64_t om_csv_bytes(const struct om_csv *csv);

#endif
