/* What goes to standard output: tables, trees and JSON. Names and texts of the ledger were chosen by strangers, so
 * nothing is shown before it has been made harmless. Results are the caller's (json_decref, scols_unref_table). Thread:
 * one.
 *
 * JSON has a stable shape: snake_case keys; masses are strings of whole milligrams (a shipload has more than the 2^53
 * that other programs read exactly) under keys that end in _mg; times are RFC 3339 strings; ids are hexadecimal; lots
 * by OM- number. */
#ifndef OREMARK_CLI_SHOW_H
#define OREMARK_CLI_SHOW_H

#include <jansson.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "keys/hex.h"
#include "keys/status.h"

enum { OM_SHOW_BYTES = 1100 }; /* the longest text of the schema is 1,024 bytes; longer is cut */

/* TEXT with every control character, bidi control and invalid byte as '?'; in OUT, which is returned. */
const char *om_show_text(char out[OM_SHOW_BYTES], const char *text);

/* An empty table for FILE with these N column names; a leading '>' aligns the column to the right, '+' draws the tree
 * in it. Where the table is wider than the terminal, a column with '~' (one a table) is wrapped between words, and
 * columns with '-' are left out, the right-most first, and named below. Headings are bold on a terminal that has
 * colours. */
struct libscols_table *om_show_table(FILE *file, const char *const *columns, size_t n);
struct libscols_line *om_show_line(struct libscols_table *table, struct libscols_line *parent);
/* Fills a cell; the text is made harmless. */
void om_show_cell(struct libscols_line *line, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a second line to a cell of a column "+~". BELOW is harmless text. */
void om_show_line_below(struct libscols_line *line, size_t column, const char *below);
/* Whether all columns have room side by side; true for what is no terminal. */
bool om_show_fits(struct libscols_table *table);
/* Prints harmless TEXT after MARK; on a terminal in lines that end between words, the later ones as far in as the
 * first. */
void om_show_wrapped(FILE *file, const char *mark, const char *text);
/* Prints and frees. */
void om_show_print(struct libscols_table *table);

/* Prints and frees JSON, with a newline. OM_IO if FILE can't be written. */
enum om_code om_show_json(FILE *file, json_t *json, struct om_status *st);
/* Why it failed, on a line of its own: a sentence for a person, or {"error": {"code", "rule", "text"}}, with the name
 * of the code and of the rule that was broken, or null. */
void om_show_error(FILE *file, const struct om_status *st, bool json);
json_t *om_json_text(const char *text); /* invalid bytes as '?' */
json_t *om_json_mass(uint64_t mg);
json_t *om_json_time(int64_t ms, int32_t zone_min);    /* null for 0 */
json_t *om_json_hex(const uint8_t *bytes, size_t len); /* null for none */

/* The symbol of the element with atomic number Z as a daemon or a file states it; "?" where there is none. */
const char *om_show_element(uint32_t z);

#endif
