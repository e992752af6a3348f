/* A CSV of events, many to a statement, several statements under way at once. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/clock.h"
#include "cli/final.h"
#include "cli/import_lots.h"
#include "cli/import_rows.h"
#include "cli/journal.h"
#include "cli/meter.h"
#include "cli/show.h"
#include "ledger/events/kinds.h"

enum {
  WINDOW = 8,           /* statements under way: enough to keep a daemon's group commit full */
  BAD_TOLD_MAX = 10000, /* bad rows kept for --json; all are told on standard error */
};

static const struct om_option options[] = {
    {"atomic", NULL, "all rows or none, in one statement: at most 256 events"},
    {"events", "N", "events in a statement, 1 to 256 (default: 256)"},
    {"example", NULL, "print an example file"},
    {NULL, NULL, NULL},
};

static const char example[] =
    "event,group,at,site,ref,lots,material,form,gross,moisture,metals,aliases,consignee,mode,process,losses\r\n"
    "extract,,2026-03-01T06:00:00-05:00,Toquepala,A,,copper concentrate,concentrate,20 "
    "t,8.5%,Cu=5.206t@28.45%,DRUM-17;DRUM-18,,,,\r\n"
    "extract,,2026-03-02T06:00:00-05:00,Toquepala,B,,copper concentrate,concentrate,12.5 t,,Cu=3.5t;Au=12g,,,,,\r\n"
    "transform,melt-1,2026-03-09T12:00:00-05:00,Ilo,ANODE,A;B,copper anodes,anode,8.7 "
    "t,,Cu=8.6t,,,,smelt,slag:Cu=100kg\r\n"
    "transform,melt-1,2026-03-09T12:00:00-05:00,Ilo,SLIME,,anode slimes,residue,20 kg,,Au=12g,,,,smelt,\r\n"
    "ship,,2026-03-12T08:00:00-05:00,,,ANODE,,,,,,,Refiner,rail,,\r\n";

/* Groups that were made into one statement. */
struct batch {
  struct om_arena arena;
  struct om_draft draft;
  struct om_signed statement;
  struct om_touches touches;
  struct om_group *groups[OM_EVENTS_MAX];
  size_t n;
  uint64_t request; /* id of the submission */
  struct batch *next;
};

struct import {
  struct om_session *session;
  const char *path;
  const struct om_secret *secret;
  uint32_t self;
  int64_t valid_ms, wait_ms, final_ms;
  struct om_recorded last; /* the last in the log */
  bool any;                /* there is one */
  size_t events_max;
  bool atomic;
  struct om_rows *rows;
  struct om_journal *journal;
  struct om_import_lots lots;
  struct batch *first, **end; /* under way, oldest first */
  size_t under_way;
  struct batch *gathering; /* NULL: none */
  struct om_meter meter;
  uint64_t rows_recorded, rows_again, bad_groups, events, statements; /* of this run, but rows_again */
  struct om_arena replayed_arena; /* the statement of an earlier run that was read last */
  struct om_signed replayed;
  json_t *told; /* bad rows, for --json */
};

/* ---- bad rows ---- */

static void tell(struct import *import, uint64_t line, const struct om_status *st) {
  om_meter_clear(&import->meter);
  fprintf(import->session->err, "oremark: %s: line %" PRIu64 ": %s%s%s%s\n", import->path, line, st->text,
          *st->rule ? " [" : "", st->rule, *st->rule ? "]" : "");
  if (json_array_size(import->told) < BAD_TOLD_MAX)
    json_array_append_new(import->told, json_pack("{s:I, s:o, s:s}", "line", (json_int_t)line, "why",
                                                  om_json_text(st->text), "rule", st->rule));
}

static void bad_row(void *ctx, uint64_t line, const struct om_status *st) {
  tell(ctx, line, st);
}

/* GROUP can't be recorded; it is the import's no more. */
static void drop_group(struct import *import, struct om_group *group, const struct om_status *why) {
  import->bad_groups++;
  if (why) tell(import, group->line, why);
  om_import_spoil(&import->lots, group);
  om_group_free(group);
}

/* ---- batches ---- */

static void free_batch(struct batch *batch) {
  for (size_t i = 0; i < batch->n; i++) om_group_free(batch->groups[i]);
  om_touches_free(&batch->touches);
  om_arena_free(&batch->arena);
  free(batch);
}

static enum om_code new_batch(struct import *import, struct batch **out, struct om_status *st) {
  struct batch *batch = calloc(1, sizeof *batch);
  OM_ASSERT(batch);
  *out = batch;
  return om_draft_begin(&batch->draft, &batch->arena, import->self, import->valid_ms, st);
}

/* Makes GROUP the next event of BATCH. *FULL: there is no room for it. Another failure says what is wrong with the
 * group; the batch stays as it was. */
static enum om_code build(struct import *import, struct batch *batch, struct om_group *group, bool *full,
                          struct om_status *st) {
  struct om_session *session = import->session;
  struct om_arena *arena = session->arena;
  Oremark__Event *event;
  *full = batch->n == import->events_max;
  if (*full) return OM_OK;
  session->arena = &batch->arena;
  enum om_code code = om_event_begin(session, &event, &group->args, batch->draft.statement.signed_ms, st);
  if (code == OM_OK) code = group->args.command->build(session, &group->args, event, st);
  if (code == OM_OK) code = om_event_form(event, st);
  session->arena = arena;
  if (code != OM_OK) return code;
  if (!om_draft_fits(&batch->draft, event)) {
    *full = batch->n > 0;
    return *full ? OM_OK
                 : om_fail(st, OM_USAGE, NULL, "the event is larger than a statement may be (%d bytes): divide it",
                           OM_STATEMENT_MAX_BYTES);
  }
  if (om_import_apply(&import->lots, &batch->touches, group, event, (uint32_t)batch->n, st)) return st->code;
  om_draft_add(&batch->draft, event);
  batch->groups[batch->n++] = group;
  return OM_OK;
}

/* Signs the batch and notes it in the journal: from here on it may be submitted. */
static enum om_code seal(struct import *import, struct batch *batch, struct om_status *st) {
  uint64_t numbers[OM_EVENTS_MAX];
  uint8_t *bytes;
  size_t len;
  om_signed_make(&batch->statement, &batch->draft, &import->session->network);
  if (om_signed_add(&batch->statement, import->secret, import->self, st)) return st->code;
  om_import_seal(&import->lots, &batch->touches, &batch->statement);
  om_signed_pack(&batch->statement, &bytes, &len);
  for (size_t i = 0; i < batch->n; i++) numbers[i] = batch->groups[i]->number;
  return om_journal_submit(import->journal, &batch->statement.id, bytes, len, numbers, batch->n, st);
}

/* What stood there before this run stands before what is new. */
static void note_last(struct import *import, const struct om_signed *s, bool again) {
  if (again && import->events > 0) return;
  import->last = (struct om_recorded){s->statement->member, s->statement->signed_ms, s->id};
  import->any = true;
}

static enum om_code recorded(struct import *import, struct batch *batch, bool again, struct om_status *st) {
  om_import_recorded(&batch->touches);
  for (size_t i = 0; i < batch->n; i++)
    *(again ? &import->rows_again : &import->rows_recorded) += batch->groups[i]->rows;
  note_last(import, &batch->statement, again);
  if (!again) import->events += batch->n;
  import->statements++;
  return om_journal_accept(import->journal, &batch->statement.id, st);
}

/* Whether CODE speaks of the statement; otherwise of the daemon, and the import stops. */
static bool is_refusal(enum om_code code) {
  return code == OM_REFUSED || code == OM_MALFORMED || code == OM_MISSING || code == OM_NO || code == OM_USAGE;
}

static bool is_stop(enum om_code code) {
  return code != OM_OK && !is_refusal(code);
}

/* ---- when a statement is refused ---- */

static enum om_code settle_groups(struct import *import, struct om_group **groups, size_t n, struct om_status *st);

/* What is queued may be recorded at any time: no other statement may be made of its rows. So the import stops, and the
 * same command asks again. */
static enum om_code only_queued(struct om_status *st) {
  return om_fail(
      st, OM_WAIT, "queued",
      "the daemon is not ready yet and has queued what it was sent ('oremark status' says whom it waits for)");
}

/* The reply to a submission was that BATCH is queued: waits until it is recorded or refused. */
static enum om_code wait_queued(struct import *import, const struct om_signed *statement, bool *again,
                                struct om_status *st) {
  Oremark__Reply *reply;
  enum om_code code = om_submit(import->session, &reply, statement, import->wait_ms, st);
  if (code != OM_OK) return code;
  bool queued = reply->receipt->queued;
  *again = reply->receipt->again;
  oremark__reply__free_unpacked(reply, NULL);
  return queued ? only_queued(st) : OM_OK;
}

/* Submits the batch alone and waits. A refused batch of many groups is parted in halves, until the bad ones stand
 * alone. */
static enum om_code settle_batch(struct import *import, struct batch *batch, struct om_status *st) {
  struct om_group *groups[OM_EVENTS_MAX];
  size_t n = batch->n;
  bool again;
  enum om_code code = seal(import, batch, st);
  if (code == OM_OK) code = wait_queued(import, &batch->statement, &again, st);
  if (code == OM_OK) {
    code = recorded(import, batch, again, st);
    free_batch(batch);
    return code;
  }
  om_import_take_back(&batch->touches);
  struct om_status why = *st;
  if (is_refusal(code) && om_journal_give_up(import->journal, &batch->statement.id, st)) code = st->code;
  memcpy(groups, batch->groups, n * sizeof groups[0]);
  if (!is_refusal(code) || import->atomic) {
    free_batch(batch);
    return is_refusal(code) ? om_wrap(st, "nothing was recorded, as --atomic takes all rows or none") : code;
  }
  batch->n = 0;
  free_batch(batch);
  if (n == 1) return drop_group(import, groups[0], &why), OM_OK;
  code = settle_groups(import, groups, n / 2, st);
  if (code == OM_OK) return settle_groups(import, groups + n / 2, n - n / 2, st);
  for (size_t i = n / 2; i < n; i++) om_group_free(groups[i]);
  return code;
}

/* Records the groups one statement after the other, telling of those that can't be. They are the import's no more. */
static enum om_code settle_groups(struct import *import, struct om_group **groups, size_t n, struct om_status *st) {
  struct batch *batch = NULL;
  enum om_code code = OM_OK;
  size_t i = 0;
  while (i < n && code == OM_OK) {
    bool full;
    if (!batch && (code = new_batch(import, &batch, st)) != OM_OK) break;
    enum om_code built = build(import, batch, groups[i], &full, st);
    if (is_stop(built)) {
      code = built;
    } else if (full) {
      code = settle_batch(import, batch, st);
      batch = NULL;
    } else {
      if (built != OM_OK) drop_group(import, groups[i], st);
      i++;
    }
  }
  if (batch && batch->n && code == OM_OK)
    code = settle_batch(import, batch, st);
  else if (batch)
    free_batch(batch);
  for (; i < n; i++) om_group_free(groups[i]);
  return code;
}

/* Whether ST says that it may be submitted again later, as it is or otherwise. */
static bool is_wait(const struct om_status *st) {
  return st->code == OM_WAIT && strcmp(st->rule, "queued") != 0;
}

/* What REPLY, which it frees, says of BATCH. */
static enum om_code take_reply(struct import *import, const struct batch *batch, Oremark__Reply *reply, bool *again,
                               struct om_status *st) {
  enum om_code code = om_reply_status(reply, st);
  const Oremark__Receipt *receipt = reply->what_case == OREMARK__REPLY__WHAT_RECEIPT ? reply->receipt : NULL;
  bool queued = code == OM_OK && receipt && receipt->queued;
  *again = code == OM_OK && receipt && receipt->again;
  oremark__reply__free_unpacked(reply, NULL);
  return queued ? wait_queued(import, &batch->statement, again, st) : code;
}

/* Takes the replies to all that is under way; what was recorded is, the rest stays in the list. */
static enum om_code take_all(struct import *import, struct om_status *st) {
  struct batch **at = &import->first;
  while (*at) {
    struct batch *batch = *at;
    Oremark__Reply *reply;
    if (batch->request) {
      if (om_client_receive(import->session->client, &reply, batch->request, st)) return st->code;
      batch->request = 0;
      bool again;
      enum om_code code = take_reply(import, batch, reply, &again, st);
      if (code == OM_OK) {
        code = recorded(import, batch, again, st);
        *at = batch->next;
        import->under_way--;
        free_batch(batch);
        if (code != OM_OK) return code;
        continue;
      }
      if (!is_refusal(code) && !is_wait(st)) return code;
    }
    at = &batch->next;
  }
  return OM_OK;
}

/* Some statement was refused or must wait. Everything that may lean on it is taken back, and done again one by one. */
static enum om_code recover(struct import *import, struct om_status *st) {
  if (take_all(import, st)) return st->code;
  struct batch *failed = import->first;
  if (import->gathering) {
    struct batch **end = &failed;
    while (*end) end = &(*end)->next;
    *end = import->gathering;
    import->gathering->next = NULL;
  }
  for (struct batch *batch = failed; batch; batch = batch->next) om_import_take_back(&batch->touches);
  enum om_code code = OM_OK;
  for (struct batch *batch = import->first; batch && batch != import->gathering && code == OM_OK; batch = batch->next)
    code = om_journal_give_up(import->journal, &batch->statement.id, st);
  import->first = NULL;
  import->end = &import->first;
  import->under_way = 0;
  import->gathering = NULL;
  while (failed) {
    struct batch *batch = failed;
    struct om_group *groups[OM_EVENTS_MAX];
    size_t n = batch->n;
    failed = batch->next;
    memcpy(groups, batch->groups, n * sizeof groups[0]);
    batch->n = 0;
    free_batch(batch);
    if (code == OM_OK)
      code = settle_groups(import, groups, n, st);
    else
      for (size_t i = 0; i < n; i++) om_group_free(groups[i]);
  }
  return code;
}

/* ---- the ordinary way ---- */

/* The reply to the oldest statement under way. */
static enum om_code take_one(struct import *import, struct om_status *st) {
  struct batch *batch = import->first;
  Oremark__Reply *reply;
  if (om_client_receive(import->session->client, &reply, batch->request, st)) return st->code;
  batch->request = 0;
  bool again;
  enum om_code code = take_reply(import, batch, reply, &again, st);
  if (code != OM_OK) return is_refusal(code) || is_wait(st) ? recover(import, st) : code;
  code = recorded(import, batch, again, st);
  import->first = batch->next;
  if (!import->first) import->end = &import->first;
  import->under_way--;
  free_batch(batch);
  return code;
}

static enum om_code send_batch(struct import *import, struct om_status *st) {
  struct batch *batch = import->gathering;
  struct om_client *client;
  if (!batch || batch->n == 0) return OM_OK;
  if (seal(import, batch, st) || om_session_client(import->session, &client, st) ||
      om_client_send(client, &batch->request, om_submit_request(&batch->statement), st))
    return st->code;
  import->gathering = NULL;
  *import->end = batch;
  import->end = &batch->next;
  import->under_way++;
  return import->under_way >= WINDOW ? take_one(import, st) : OM_OK;
}

static enum om_code gather(struct import *import, struct om_group *group, struct om_status *st) {
  for (;;) {
    bool full;
    if (!import->gathering && new_batch(import, &import->gathering, st)) break;
    enum om_code code = build(import, import->gathering, group, &full, st);
    if (is_stop(code)) break; /* the daemon, not the row */
    if (code != OM_OK) return drop_group(import, group, st), OM_OK;
    if (!full) return OM_OK;
    if (send_batch(import, st)) break;
  }
  om_group_free(group);
  return st->code;
}

/* ---- what an earlier run did ---- */

/* A group that stands in the log: only what it did to lots is taken note of. */
static enum om_code replay(struct import *import, struct om_group *group, const struct om_journal_place *place,
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
  note_last(import, s, true);
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

/* Statements that were submitted, and whose answer was not heard: again, byte for byte. */
static enum om_code resubmit(struct import *import, struct om_status *st) {
  struct om_journal_open_statement open;
  while (om_journal_next_open(import->journal, &open)) {
    struct om_arena arena = {0};
    struct om_signed s;
    bool again;
    struct om_hash id = open.id;
    enum om_code code = om_signed_unpack(&s, &arena, &import->session->network, open.bytes, open.len, st);
    if (code == OM_OK) code = wait_queued(import, &s, &again, st);
    if (code == OM_OK) note_last(import, &s, true);
    om_arena_free(&arena);
    if (code == OM_OK)
      code = om_journal_accept(import->journal, &id, st);
    else if (is_refusal(code))
      code = om_journal_give_up(import->journal, &id, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* ---- the whole ---- */

static enum om_code nothing_recorded(struct import *import, struct om_status *st) {
  return om_fail(st, OM_REFUSED, "atomic",
                 "nothing was recorded: %" PRIu64 " of the rows are bad, and --atomic takes all or none",
                 import->bad_groups);
}

/* With --atomic: GROUP joins the only statement, or everything is refused. */
static enum om_code gather_atomic(struct import *import, struct om_group *group, struct om_status *st) {
  bool full;
  uint64_t line = group->line;
  if (!import->gathering && new_batch(import, &import->gathering, st)) return om_group_free(group), st->code;
  enum om_code code = build(import, import->gathering, group, &full, st);
  if (code == OM_OK && !full) return OM_OK;
  if (full) {
    om_group_free(group);
    return om_fail(st, OM_USAGE, NULL,
                   "nothing was recorded: at line %" PRIu64
                   " the statement is full (%d events, %d bytes), and --atomic "
                   "needs all rows in one: divide the file, or import without --atomic",
                   line, OM_EVENTS_MAX, OM_STATEMENT_MAX_BYTES);
  }
  if (is_stop(code)) return om_group_free(group), code;
  drop_group(import, group, st);
  return OM_OK;
}

static enum om_code take_group(struct import *import, struct om_group *group, struct om_status *st) {
  struct om_journal_place place;
  if (om_journal_find(import->journal, &place, group->number)) return replay(import, group, &place, st);
  if (group->bad) return drop_group(import, group, NULL), OM_OK;
  return import->atomic ? gather_atomic(import, group, st) : gather(import, group, st);
}

static enum om_code finish(struct import *import, struct om_status *st) {
  if (import->atomic) {
    struct batch *batch = import->gathering;
    import->gathering = NULL;
    if (import->bad_groups) {
      if (batch) free_batch(batch);
      return nothing_recorded(import, st);
    }
    return batch ? settle_batch(import, batch, st) : OM_OK;
  }
  enum om_code code = send_batch(import, st);
  while (code == OM_OK && import->first) code = take_one(import, st);
  return code;
}

static enum om_code run_rows(struct import *import, struct om_status *st) {
  for (;;) {
    struct om_group *group;
    enum om_code code = om_rows_next(import->rows, &group, st);
    if (code == OM_MISSING) return finish(import, st);
    if (code != OM_OK || take_group(import, group, st)) return st->code;
    om_meter_step(&import->meter, om_rows_count(import->rows), om_rows_bytes(import->rows));
  }
}

static json_t *refs_json(const struct import *import) {
  json_t *refs = json_object();
  char number[OM_LOT_TEXT_BYTES];
  for (const struct om_import_lot *lot = import->lots.all; lot; lot = lot->next)
    if (lot->ref && lot->recorded.exists)
      json_object_set_new(refs, lot->ref, json_string(om_lot_format(number, sizeof number, lot->number)));
  return refs;
}

/* When its last statement is final, all are: they stand in one log. */
static enum om_code wait_final(struct import *import, const Oremark__Finality **out, struct om_status *st) {
  *out = NULL;
  if (import->final_ms == 0 || !import->any) return OM_OK;
  return om_final_wait(import->session, out, import->session->arena, &import->last, import->final_ms, st);
}

static enum om_code summary(struct import *import, struct om_status *st) {
  const Oremark__Finality *finality = NULL;
  enum om_code waited = OM_OK;
  uint64_t all = om_rows_count(import->rows), done = import->rows_recorded + import->rows_again, left = all - done;
  int64_t took = om_tick_ms() - import->meter.began_ms;
  om_meter_clear(&import->meter);
  if (import->session->json) {
    waited = wait_final(import, &finality, st);
    struct om_status why = *st;
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:o}", "file", import->path, "rows",
                             (json_int_t)all, "recorded", (json_int_t)import->rows_recorded, "recorded_before",
                             (json_int_t)import->rows_again, "not_recorded", (json_int_t)left, "events",
                             (json_int_t)import->events, "statements", (json_int_t)import->statements, "milliseconds",
                             (json_int_t)took, "bad", import->told, "lots", refs_json(import));
    om_final_json(json, finality);
    if (om_show_json(import->session->out, json, st)) return st->code;
    *st = why;
  } else {
    fprintf(import->session->out,
            "%s: %" PRIu64 " row%s: %" PRIu64 " recorded as %" PRIu64 " event%s in %" PRIu64 " statement%s",
            import->path, all, all == 1 ? "" : "s", import->rows_recorded, import->events,
            import->events == 1 ? "" : "s", import->statements, import->statements == 1 ? "" : "s");
    if (import->rows_again) fprintf(import->session->out, ", %" PRIu64 " recorded before", import->rows_again);
    if (left) fprintf(import->session->out, ", %" PRIu64 " not recorded", left);
    fprintf(import->session->out, "; %" PRId64 ".%03d s\n", took / 1000, (int)(took % 1000));
    fflush(import->session->out);
    waited = wait_final(import, &finality, st);
    if (finality && waited == OM_OK) om_final_show(import->session->out, finality, true);
  }
  if (left == 0) return waited;
  if (waited != OM_OK) fprintf(import->session->err, "oremark: %s\n", st->text);
  return om_fail(st, OM_REFUSED, "import",
                 "%" PRIu64 " of %" PRIu64
                 " rows were not recorded: mend them and import them from a file of their own",
                 left, all);
}

/* SHA-256 of the whole file. */
static enum om_code hash_file(struct om_hash *out, uint64_t *size, FILE *file, const char *path, struct om_status *st) {
  struct stat info;
  if (fstat(fileno(file), &info) || !S_ISREG(info.st_mode))
    return om_fail(st, OM_USAGE, NULL, "%s is not a file: an import is made from one, so that it can be resumed", path);
  *size = (uint64_t)info.st_size;
  if (*size == 0) return om_sha256(out, NULL, 0), OM_OK;
  void *bytes = mmap(NULL, (size_t)*size, PROT_READ, MAP_PRIVATE, fileno(file), 0);
  if (bytes == MAP_FAILED) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  om_sha256(out, bytes, (size_t)*size);
  munmap(bytes, (size_t)*size);
  return OM_OK;
}

static enum om_code open_journal(struct import *import, const struct om_hash *csv, struct om_status *st) {
  size_t size = strlen(import->path) + sizeof ".oremark";
  char *path = malloc(size);
  OM_ASSERT(path);
  snprintf(path, size, "%s.oremark", import->path);
  enum om_code code = om_journal_open(&import->journal, path, csv, &import->session->network, import->self, st);
  free(path);
  return code;
}

static enum om_code prepare(struct import *import, FILE *file, struct om_status *st) {
  struct om_session *session = import->session;
  struct om_hash csv, network;
  uint64_t size = 0, events = OM_EVENTS_MAX;
  const struct om_given *given = om_args_find(session->args, "events");
  if (given && om_given_u64(given, &events, OM_EVENTS_MAX, st)) return st->code;
  if (events == 0) return om_fail(st, OM_USAGE, NULL, "--events: a statement has one event at least");
  import->events_max = (size_t)events;
  if (hash_file(&csv, &size, file, import->path, st) || om_rows_open(&import->rows, file, bad_row, import, st))
    return om_wrap(st, "%s", import->path);
  if (om_valid_option(&import->valid_ms, session->args, st) || om_wait_option(&import->wait_ms, session->args, st) ||
      om_final_option(&import->final_ms, session->args, st) || om_session_self(session, &import->self, st) ||
      om_session_network(session, &network, st) || om_session_secret(session, &import->secret, st) ||
      open_journal(import, &csv, st))
    return st->code;
  om_meter_begin(&import->meter, session->err, "rows", size, session->json);
  session->find_lot = om_import_find;
  session->found_lot = om_import_found;
  session->find_ctx = &import->lots;
  return resubmit(import, st);
}

static void release(struct import *import) {
  for (struct batch *batch = import->first, *next; batch; batch = next) {
    next = batch->next;
    free_batch(batch);
  }
  if (import->gathering) free_batch(import->gathering);
  om_import_lots_free(&import->lots);
  om_arena_free(&import->replayed_arena);
  om_rows_close(import->rows);
  om_journal_close(import->journal);
  json_decref(import->told);
}

/* What was submitted is in the journal already: only how to go on is left to say. */
static void on_interrupt(int number) {
  static const char text[] = "\noremark: interrupted: the same command goes on where this one ended\n";
  ssize_t said = write(STDERR_FILENO, text, sizeof text - 1);
  (void)said; /* it ends either way */
  signal(number, SIG_DFL);
  raise(number);
}

static enum om_code import_file(struct om_session *session, const char *path, FILE *file, struct om_status *st) {
  struct import import = {
      .session = session, .path = path, .atomic = om_args_has(session->args, "atomic"), .told = json_array()};
  import.end = &import.first;
  enum om_code code = prepare(&import, file, st);
  if (code == OM_OK) {
    if (!import.atomic) signal(SIGINT, on_interrupt);
    code = run_rows(&import, st);
    signal(SIGINT, SIG_DFL);
    if (code == OM_OK)
      code = summary(&import, st);
    else if (!import.atomic)
      om_wrap(st, "stopped after %" PRIu64 " rows, run it again to go on", import.rows_recorded + import.rows_again);
  }
  om_meter_clear(&import.meter);
  release(&import);
  return code;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  if (om_args_has(session->args, "example")) return fputs(example, session->out), OM_OK;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  if (om_args_has(session->args, "out"))
    return om_fail(st, OM_USAGE, NULL, "import: --out is for single events: an import is submitted as it goes");
  const char *path = session->args->words[0].value;
  FILE *file = fopen(path, "re");
  if (!file) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  enum om_code code = import_file(session, path, file, st);
  fclose(file);
  return code;
}

const struct om_command om_command_import = {
    .name = "import",
    .words = "FILE.csv",
    .summary = "Sign and submit events in bulk, one or more rows an event.",
    .help = OM_IMPORT_COLUMNS
    "Bad rows are told of by line and the rest goes on; exit status 4 says that some were not recorded. What was "
    "submitted is\n"
    "kept in FILE.csv.oremark: after an interruption the same command goes on, and nothing is recorded twice.\n"
    "Examples:\n  oremark import --example > events.csv\n  oremark import events.csv --key clerk.key --member Ilo\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
