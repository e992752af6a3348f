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
#include "cli/details.h"
#include "cli/import_state.h"

static const struct om_option options[] = {
    {"atomic", NULL, "all rows or none, in one statement: at most 256 events"},
    {"events", "N", "events in a statement, 1 to 256 (default: 256)"},
    {"example", NULL, "print an example file"},
    {NULL, NULL, NULL},
};

static const char example[] =
    "event,group,at,site,ref,lots,material,form,gross,moisture,metals,aliases,consignee,mode,process,losses,documents,"
    "secrets,secret-to\r\n"
    "extract,,2026-03-01T06:00:00-05:00,Toquepala,A,,copper concentrate,concentrate,20 "
    "t,8.5%,Cu=5.206t@28.45%,DRUM-17;DRUM-18,,,,,,,\r\n"
    "extract,,2026-03-02T06:00:00-05:00,Toquepala,B,,copper concentrate,concentrate,12.5 "
    "t,,Cu=3.5t;Au=12g,,,,,,,,\r\n"
    "transform,melt-1,2026-03-09T12:00:00-05:00,Ilo,ANODE,A;B,copper anodes,anode,8.7 "
    "t,,Cu=8.6t,,,,smelt,slag:Cu=100kg,,,\r\n"
    "transform,melt-1,2026-03-09T12:00:00-05:00,Ilo,SLIME,,anode slimes,residue,20 kg,,Au=12g,,,,smelt,,,,\r\n"
    "ship,,2026-03-12T08:00:00-05:00,,,ANODE,,,,,,,Refiner,rail,,,bill-of-lading.pdf;packing-list.pdf,"
    "\"contract=ILO-2026-117;price=8,412.50 USD/t\",Refiner\r\n";

/* ---- the rows ---- */

static void bad_row(void *ctx, uint64_t line, const struct om_status *st) {
  om_import_tell(ctx, line, st);
}

static enum om_code nothing_recorded(struct om_import *import, struct om_status *st) {
  return om_fail(st, OM_REFUSED, "atomic",
                 "nothing was recorded: %" PRIu64 " of the rows are bad, and --atomic takes all or none",
                 import->bad_groups);
}

/* With --atomic: GROUP joins the only statement, or everything is refused. */
static enum om_code gather_atomic(struct om_import *import, struct om_group *group, struct om_status *st) {
  bool full;
  uint64_t line = group->line;
  if (!import->gathering && om_import_new_batch(import, &import->gathering, st)) return om_group_free(group), st->code;
  enum om_code code = om_import_build(import, import->gathering, group, &full, st);
  if (code == OM_OK && !full) return OM_OK;
  if (full) {
    om_group_free(group);
    return om_fail(st, OM_USAGE, NULL,
                   "nothing was recorded: at line %" PRIu64
                   " the statement is full (%d events, %d bytes), and --atomic "
                   "needs all rows in one: divide the file, or import without --atomic",
                   line, OM_EVENTS_MAX, OM_STATEMENT_MAX_BYTES);
  }
  if (om_import_is_stop(code)) return om_group_free(group), code;
  om_import_drop(import, group, st);
  return OM_OK;
}

static enum om_code take_group(struct om_import *import, struct om_group *group, struct om_status *st) {
  struct om_journal_place place;
  if (om_journal_find(import->journal, &place, group->number)) return om_import_replay(import, group, &place, st);
  if (group->bad) return om_import_drop(import, group, NULL), OM_OK;
  return import->atomic ? gather_atomic(import, group, st) : om_import_gather(import, group, st);
}

static enum om_code finish(struct om_import *import, struct om_status *st) {
  if (import->atomic) {
    struct om_import_batch *batch = import->gathering;
    import->gathering = NULL;
    if (import->bad_groups) {
      if (batch) om_import_free_batch(batch);
      return nothing_recorded(import, st);
    }
    return batch ? om_import_settle(import, batch, st) : OM_OK;
  }
  enum om_code code = om_import_send(import, st);
  while (code == OM_OK && import->first) code = om_import_take_one(import, st);
  return code;
}

static enum om_code run_rows(struct om_import *import, struct om_status *st) {
  for (;;) {
    struct om_group *group;
    enum om_code code = om_rows_next(import->rows, &group, st);
    if (code == OM_MISSING) return finish(import, st);
    if (code != OM_OK || take_group(import, group, st)) return st->code;
    om_meter_step(&import->meter, om_rows_count(import->rows), om_rows_bytes(import->rows));
  }
}

static json_t *refs_json(const struct om_import *import) {
  json_t *refs = json_object();
  char number[OM_LOT_TEXT_BYTES];
  for (const struct om_import_lot *lot = import->lots.all; lot; lot = lot->next)
    if (lot->ref && lot->recorded.exists)
      json_object_set_new(refs, lot->ref, json_string(om_lot_format(number, sizeof number, lot->number)));
  return refs;
}

/* When its last statement is final, all are: they stand in one log. */
static enum om_code wait_final(struct om_import *import, const Oremark__Finality **out, struct om_status *st) {
  *out = NULL;
  if (import->final_ms == 0 || !import->any) return OM_OK;
  return om_final_wait(import->session, out, import->session->arena, &import->last, import->final_ms, st);
}

/* What belongs to the rows, and what is said of it. */
static void say_papers(const struct om_import *import) {
  if (import->documents)
    fprintf(import->session->out, "%" PRIu64 " document%s brought to the daemon\n", import->documents,
            import->documents == 1 ? "" : "s");
  const Oremark__MemberRights *rights;
  struct om_status unknown;
  if (import->sealed == 0) return;
  fprintf(import->session->err, "oremark: details of %" PRIu64 " event%s are sealed; %s", import->sealed,
          import->sealed == 1 ? "" : "s", om_details_seen);
  if (om_session_rights(import->session, &rights, import->self, &unknown) == OM_OK && rights->sealing_key.len == 0)
    fprintf(import->session->err, "oremark: %s", om_details_lost);
}

static enum om_code summary(struct om_import *import, struct om_status *st) {
  const Oremark__Finality *finality = NULL;
  enum om_code waited = OM_OK;
  uint64_t all = om_rows_count(import->rows), done = import->rows_recorded + import->rows_again, left = all - done;
  int64_t took = om_tick_ms() - import->meter.began_ms;
  om_meter_clear(&import->meter);
  if (import->session->json) {
    waited = wait_final(import, &finality, st);
    struct om_status why = *st;
    json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:s?, s:o}", "file", import->path,
                             "rows", (json_int_t)all, "recorded", (json_int_t)import->rows_recorded, "recorded_before",
                             (json_int_t)import->rows_again, "not_recorded", (json_int_t)left, "events",
                             (json_int_t)import->events, "statements", (json_int_t)import->statements, "milliseconds",
                             (json_int_t)took, "documents", (json_int_t)import->documents, "bad", import->told,
                             "refused_file", import->refused_path, "lots", refs_json(import));
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
    say_papers(import);
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

static enum om_code open_journal(struct om_import *import, const struct om_hash *csv, struct om_status *st) {
  size_t size = strlen(import->path) + sizeof ".oremark";
  char *path = malloc(size);
  OM_ASSERT(path);
  snprintf(path, size, "%s.oremark", import->path);
  enum om_code code = om_journal_open(&import->journal, path, csv, &import->session->network, import->self, st);
  free(path);
  return code;
}

static enum om_code prepare(struct om_import *import, FILE *file, struct om_status *st) {
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
  return OM_OK;
}

static void release(struct om_import *import) {
  for (struct om_import_batch *batch = import->first, *next; batch; batch = next) {
    next = batch->next;
    om_import_free_batch(batch);
  }
  if (import->gathering) om_import_free_batch(import->gathering);
  om_import_lots_free(&import->lots);
  om_index_free(&import->held);
  free(import->folder);
  om_arena_free(&import->replayed_arena);
  om_rows_close(import->rows);
  om_journal_close(import->journal);
  json_decref(import->told);
  free(import->refused_path);
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
  struct om_import import = {
      .session = session, .path = path, .atomic = om_args_has(session->args, "atomic"), .told = json_array()};
  import.end = &import.first;
  const char *slash = strrchr(path, '/');
  import.folder = strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
  OM_ASSERT(import.folder);
  enum om_code code = prepare(&import, file, st);
  if (code == OM_OK) {
    if (!import.atomic) signal(SIGINT, on_interrupt);
    code = om_import_resubmit(&import, st);
    if (code == OM_OK) code = run_rows(&import, st);
    om_import_tell_rest(&import);
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
    "Bad rows are told of by line, the first 20 on the screen and where there are more, all in FILE.csv.refused; the "
    "rest goes\n"
    "on, and exit status 4 says that some were not recorded. What was submitted is kept in FILE.csv.oremark: after "
    "an\n"
    "interruption the same command goes on, and nothing is recorded twice.\n"
    "Examples:\n  oremark import --example > events.csv\n  oremark import events.csv --key clerk.key --member Ilo\n",
    .options = options,
    .groups = OM_OPTS_MANY | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
