/* What an import has submitted, in a file beside the CSV, written before each submission: after an interruption the
 * same statements are submitted again, byte for byte, and none is made twice. Text, appended to, one line a fact:
 *
 *   oremark import journal 1
 *   csv HEX                  SHA-256 of the CSV file
 *   network HEX
 *   member N
 *   s GROUPS BASE64          a SignedStatement made of these groups of rows: numbers from 0, "0-99,101"
 *   a ID                     the statement with that id is recorded
 *   r ID                     it was given up: refused, and its rows go into other statements
 *
 * A last line that was torn is dropped. Locked against a second import. Thread: one. */
#ifndef OREMARK_CLI_JOURNAL_H
#define OREMARK_CLI_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "ledger/arena.h"
#include "ledger/hash.h"

struct om_journal;

/* A statement whose fate is not known: submitted, perhaps recorded. */
struct om_journal_open_statement {
  struct om_hash id;
  const uint8_t *bytes; /* SignedStatement */
  size_t len;
};

/* Where a group of rows was recorded. */
struct om_journal_place {
  struct om_hash statement_id;
  uint16_t event;
};

/* Opens the journal at PATH or begins it. OM_USAGE where it belongs to another CSV (the file was changed), network or
 * member; OM_BUSY while another import runs. */
enum om_code om_journal_open(struct om_journal **out, const char *path, const struct om_hash *csv,
                             const struct om_hash *network, uint32_t member, struct om_status *st);
void om_journal_close(struct om_journal *journal);

/* The first statement that is neither recorded nor given up; false if there is none. Lives until the journal is next
 * written. */
bool om_journal_next_open(const struct om_journal *journal, struct om_journal_open_statement *out);
/* Whether GROUP stands in a recorded statement, and where. */
bool om_journal_find(const struct om_journal *journal, struct om_journal_place *out, uint64_t group);

/* The SignedStatement of a place that was found, in ARENA. */
enum om_code om_journal_read(const struct om_journal *journal, struct om_arena *arena, const uint8_t **out, size_t *len,
                             const struct om_journal_place *place, struct om_status *st);

/* Notes a statement of the N ascending GROUPS before it is submitted; durable when it returns. */
enum om_code om_journal_submit(struct om_journal *journal, const struct om_hash *id, const uint8_t *bytes, size_t len,
                               const uint64_t *groups, size_t n, struct om_status *st);
enum om_code om_journal_accept(struct om_journal *journal, const struct om_hash *id, struct om_status *st);
enum om_code om_journal_give_up(struct om_journal *journal, const struct om_hash *id, struct om_status *st);

#endif
