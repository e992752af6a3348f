#include "cli/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/show.h"
#include "keys/base64.h"
#include "ledger/statement.h"

#define FIRST_LINE "oremark import journal 1"
enum { GROUPS_MAX_BYTES = 256 * 22 /* a number of 20 digits and its comma for each event */ };

enum fate { OPEN, RECORDED, GIVEN_UP };

struct noted {
  struct om_hash id;
  enum fate fate;
  off_t at; /* of its base64 in the file */
  size_t at_len;
  uint8_t *bytes; /* while open */
  size_t len;
  uint64_t *groups; /* event i was made of groups[i] */
  size_t n;
};

struct om_journal {
  int fd;
  char *path;
  struct om_hash network;
  struct noted *noted;
  size_t n, cap;
  struct placed { /* by group; statement 0 is none, i + 1 the i-th */
    uint32_t statement;
    uint16_t event;
  } * placed;
  size_t n_placed;
};

static struct noted *find(const struct om_journal *journal, const struct om_hash *id) {
  for (size_t i = journal->n; i-- > 0;) /* the fate of a late one is what is asked for */
    if (om_hash_equal(&journal->noted[i].id, id)) return &journal->noted[i];
  return NULL;
}

static void note(struct om_journal *journal, const struct om_hash *id, const uint8_t *bytes, size_t len,
                 const uint64_t *groups, size_t n, off_t at, size_t at_len) {
  if (journal->n == journal->cap) {
    journal->cap = journal->cap ? journal->cap * 2 : 64;
    journal->noted = realloc(journal->noted, journal->cap * sizeof *journal->noted);
    OM_ASSERT(journal->noted);
  }
  struct noted *noted = &journal->noted[journal->n++];
  *noted = (struct noted){*id, OPEN, at, at_len, malloc(len), len, malloc(n * sizeof *groups), n};
  OM_ASSERT(noted->bytes && noted->groups);
  memcpy(noted->bytes, bytes, len);
  memcpy(noted->groups, groups, n * sizeof *groups);
}

static void place(struct om_journal *journal, uint64_t group, size_t statement, size_t event) {
  if (group >= journal->n_placed) {
    size_t n = (size_t)group * 2 + 256;
    journal->placed = realloc(journal->placed, n * sizeof *journal->placed);
    OM_ASSERT(journal->placed);
    memset(journal->placed + journal->n_placed, 0, (n - journal->n_placed) * sizeof *journal->placed);
    journal->n_placed = n;
  }
  journal->placed[group] = (struct placed){(uint32_t)(statement + 1), (uint16_t)event};
}

static void settle(struct om_journal *journal, const struct om_hash *id, enum fate fate) {
  struct noted *noted = find(journal, id);
  if (!noted || noted->fate != OPEN) return;
  noted->fate = fate;
  free(noted->bytes);
  noted->bytes = NULL;
  for (size_t i = 0; fate == RECORDED && i < noted->n; i++)
    place(journal, noted->groups[i], (size_t)(noted - journal->noted), i);
  free(noted->groups);
  noted->groups = NULL;
}

/* ---- reading ---- */

/* "0-99,101" into numbers; false if it is not that, or too many. */
static bool read_groups(uint64_t *out, size_t *n, const char *text) {
  for (*n = 0;;) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    uint64_t from = strtoull(text, &end, 10), to = from;
    if (*end == '-') to = strtoull(end + 1, &end, 10);
    if (to < from || to - from >= OM_EVENTS_MAX || *n + (to - from) + 1 > OM_EVENTS_MAX || to > UINT32_MAX)
      return false;
    for (uint64_t group = from; group <= to; group++) out[(*n)++] = group;
    if (*end == '\0') return true;
    if (*end != ',') return false;
    text = end + 1;
  }
}

/* LINE stands at AT in the file. */
static bool read_submitted(struct om_journal *journal, char *line, off_t at) {
  char *space = strchr(line, ' ');
  uint64_t groups[OM_EVENTS_MAX];
  size_t n, len, size = 0;
  if (!space) return false;
  *space = '\0';
  if (!read_groups(groups, &n, line)) return false;
  size = strlen(space + 1);
  uint8_t *bytes = malloc(size + 1);
  OM_ASSERT(bytes);
  struct om_hash id;
  bool ok = om_base64_decode(bytes, size, &len, space + 1, size);
  Oremark__SignedStatement *message = ok ? oremark__signed_statement__unpack(NULL, len, bytes) : NULL;
  Oremark__Statement *statement =
      message ? oremark__statement__unpack(NULL, message->statement.len, message->statement.data) : NULL;
  ok = statement && statement->n_events == n;
  if (ok) {
    om_statement_id(&id, &journal->network, message->statement.data, message->statement.len);
    note(journal, &id, bytes, len, groups, n, at + (space + 1 - line), size);
  }
  if (statement) oremark__statement__free_unpacked(statement, NULL);
  if (message) oremark__signed_statement__free_unpacked(message, NULL);
  free(bytes);
  return ok;
}

static bool read_fact(struct om_journal *journal, char *line, off_t at) {
  struct om_hash id;
  if (line[0] == 's' && line[1] == ' ') return read_submitted(journal, line + 2, at + 2);
  if ((line[0] != 'a' && line[0] != 'r') || line[1] != ' ' || !om_hex_parse(id.bytes, OM_HASH_BYTES, line + 2))
    return false;
  settle(journal, &id, line[0] == 'a' ? RECORDED : GIVEN_UP);
  return true;
}

static enum om_code differs(const struct om_journal *journal, const char *what, struct om_status *st) {
  return om_fail(
      st, OM_USAGE, NULL,
      "%s was begun with another %s: import a new file under a new name, or delete the journal if nothing of "
      "it was recorded",
      journal->path, what);
}

/* One of the three lines that say what the journal belongs to. */
static enum om_code check_head(struct om_journal *journal, size_t number, char *line, char *const head[4],
                               struct om_status *st) {
  if (strcmp(line, head[number]) == 0) return OM_OK;
  switch (number) {
    case 1:
      return om_fail(st, OM_USAGE, NULL,
                     "the CSV file was changed since its import began (%s): put it back, or import the new rows "
                     "from a file of their own",
                     journal->path);
    case 2: return differs(journal, "network", st);
    case 3: return differs(journal, "member", st);
  }
  return om_fail(st, OM_USAGE, NULL, "%s is not an import journal", journal->path);
}

/* Reads all whole lines; *WHOLE is where the last one ends. */
static enum om_code load(struct om_journal *journal, FILE *file, off_t *whole, char *const head[4],
                         struct om_status *st) {
  char *line = NULL;
  size_t cap = 0, number = 0;
  ssize_t n;
  enum om_code code = OM_OK;
  while (code == OM_OK && (n = getline(&line, &cap, file)) > 0 && line[n - 1] == '\n') {
    line[n - 1] = '\0';
    if (number < 4)
      code = check_head(journal, number, line, head, st);
    else if (!read_fact(journal, line, *whole))
      code = om_fail(st, OM_CORRUPT, NULL,
                     "%s, line %zu is damaged: restore the file; without it rows could be recorded twice",
                     journal->path, number + 1);
    *whole += n;
    number++;
  }
  free(line);
  if (code == OM_OK && number > 0 && number < 4) *whole = 0; /* its beginning was torn, so nothing was submitted */
  return code;
}

/* ---- writing ---- */

static enum om_code append(struct om_journal *journal, const char *text, size_t len, bool durable,
                           struct om_status *st) {
  while (len > 0) {
    ssize_t n = write(journal->fd, text, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return om_fail(st, errno == ENOSPC ? OM_FULL : OM_IO, NULL, "can't write %s: %s", journal->path, strerror(errno));
    text += n;
    len -= (size_t)n;
  }
  if (durable && fdatasync(journal->fd))
    return om_fail(st, OM_IO, NULL, "can't write %s: %s", journal->path, strerror(errno));
  return OM_OK;
}

static enum om_code begin(struct om_journal *journal, char *const head[4], off_t whole, struct om_status *st) {
  if (ftruncate(journal->fd, whole) || lseek(journal->fd, whole, SEEK_SET) < 0)
    return om_fail(st, OM_IO, NULL, "can't write %s: %s", journal->path, strerror(errno));
  if (whole > 0) return OM_OK;
  char text[512];
  int len = snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", head[0], head[1], head[2], head[3]);
  return append(journal, text, (size_t)len, true, st);
}

static enum om_code open_locked(struct om_journal *journal, struct om_status *st) {
  journal->fd = open(journal->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (journal->fd < 0) return om_fail(st, OM_IO, NULL, "can't write %s: %s", journal->path, strerror(errno));
  if (flock(journal->fd, LOCK_EX | LOCK_NB))
    return om_fail(st, OM_BUSY, NULL, "another import of this file is running (%s is locked)", journal->path);
  return OM_OK;
}

enum om_code om_journal_open(struct om_journal **out, const char *path, const struct om_hash *csv,
                             const struct om_hash *network, uint32_t member, struct om_status *st) {
  struct om_journal *journal = calloc(1, sizeof *journal);
  OM_ASSERT(journal);
  journal->fd = -1;
  journal->path = strdup(path);
  journal->network = *network;
  char hex[2 * OM_HASH_BYTES + 1], first[] = FIRST_LINE, lines[3][96];
  snprintf(lines[0], sizeof lines[0], "csv %s", om_hex(hex, csv->bytes, OM_HASH_BYTES));
  snprintf(lines[1], sizeof lines[1], "network %s", om_hex(hex, network->bytes, OM_HASH_BYTES));
  snprintf(lines[2], sizeof lines[2], "member %" PRIu32, member);
  char *const head[4] = {first, lines[0], lines[1], lines[2]};
  off_t whole = 0;
  enum om_code code = open_locked(journal, st);
  FILE *file = code == OM_OK ? fdopen(dup(journal->fd), "r") : NULL;
  if (code == OM_OK && !file) code = om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  if (file) {
    code = load(journal, file, &whole, head, st);
    fclose(file);
  }
  if (code == OM_OK) code = begin(journal, head, whole, st);
  if (code != OM_OK) {
    om_journal_close(journal);
    journal = NULL;
  }
  *out = journal;
  return code;
}

void om_journal_close(struct om_journal *journal) {
  if (!journal) return;
  for (size_t i = 0; i < journal->n; i++) {
    free(journal->noted[i].bytes);
    free(journal->noted[i].groups);
  }
  if (journal->fd >= 0) close(journal->fd);
  free(journal->noted);
  free(journal->placed);
  free(journal->path);
  free(journal);
}

bool om_journal_next_open(const struct om_journal *journal, struct om_journal_open_statement *out) {
  for (size_t i = 0; i < journal->n; i++)
    if (journal->noted[i].fate == OPEN) {
      *out = (struct om_journal_open_statement){journal->noted[i].id, journal->noted[i].bytes, journal->noted[i].len};
      return true;
    }
  return false;
}

bool om_journal_find(const struct om_journal *journal, struct om_journal_place *out, uint64_t group) {
  if (group >= journal->n_placed || journal->placed[group].statement == 0) return false;
  const struct noted *noted = &journal->noted[journal->placed[group].statement - 1];
  *out = (struct om_journal_place){noted->id, journal->placed[group].event};
  return true;
}

enum om_code om_journal_read(const struct om_journal *journal, struct om_arena *arena, const uint8_t **out, size_t *len,
                             const struct om_journal_place *place, struct om_status *st) {
  const struct noted *noted = find(journal, &place->statement_id);
  OM_ASSERT(noted);
  char *text = om_arena_alloc(arena, noted->at_len);
  uint8_t *bytes = om_arena_alloc(arena, noted->at_len);
  if (pread(journal->fd, text, noted->at_len, noted->at) != (ssize_t)noted->at_len ||
      !om_base64_decode(bytes, noted->at_len, len, text, noted->at_len))
    return om_fail(st, OM_IO, NULL, "can't read %s", journal->path);
  *out = bytes;
  return OM_OK;
}

/* Numbers as "0-99,101". */
static size_t write_groups(char *out, size_t size, const uint64_t *groups, size_t n) {
  size_t used = 0;
  for (size_t i = 0; i < n;) {
    size_t last = i;
    while (last + 1 < n && groups[last + 1] == groups[last] + 1) last++;
    used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, i ? "," : "", groups[i]);
    if (last > i) used += (size_t)snprintf(out + used, size - used, "-%" PRIu64, groups[last]);
    i = last + 1;
  }
  return used;
}

enum om_code om_journal_submit(struct om_journal *journal, const struct om_hash *id, const uint8_t *bytes, size_t len,
                               const uint64_t *groups, size_t n, struct om_status *st) {
  OM_ASSERT(n > 0 && n <= OM_EVENTS_MAX);
  size_t size = 2 + GROUPS_MAX_BYTES + 1 + OM_BASE64_BYTES(len) + 1;
  char *line = malloc(size);
  OM_ASSERT(line);
  memcpy(line, "s ", 2);
  size_t used = 2 + write_groups(line + 2, GROUPS_MAX_BYTES, groups, n);
  line[used++] = ' ';
  off_t at = lseek(journal->fd, 0, SEEK_CUR) + (off_t)used;
  om_base64(line + used, size - used, bytes, len);
  size_t at_len = strlen(line + used);
  used += at_len;
  line[used++] = '\n';
  enum om_code code = append(journal, line, used, true, st);
  free(line);
  if (code == OM_OK) note(journal, id, bytes, len, groups, n, at, at_len);
  return code;
}

static enum om_code decide(struct om_journal *journal, char letter, const struct om_hash *id, struct om_status *st) {
  char line[2 + 2 * OM_HASH_BYTES + 2], hex[2 * OM_HASH_BYTES + 1];
  int len = snprintf(line, sizeof line, "%c %s\n", letter, om_hex(hex, id->bytes, OM_HASH_BYTES));
  settle(journal, id, letter == 'a' ? RECORDED : GIVEN_UP);
  return append(journal, line, (size_t)len, false, st); /* lost, it is asked again */
}

enum om_code om_journal_accept(struct om_journal *journal, const struct om_hash *id, struct om_status *st) {
  return decide(journal, 'a', id, st);
}

enum om_code om_journal_give_up(struct om_journal *journal, const struct om_hash *id, struct om_status *st) {
  return decide(journal, 'r', id, st);
}
