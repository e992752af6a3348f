/* `oremark fsck`: a daemon's store, checked from its bytes up. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/genesis.h"
#include "cli/meter.h"
#include "cli/scratch.h"
#include "cli/session.h"
#include "cli/show.h"
#include "ledger/fsck.h"

/* What a store may grow to while it is repaired; the daemon's own setting is not known here. */
#define REPAIR_MAP_BYTES (UINT64_C(1) << 40)

static const struct om_option options[] = {
    {"network", "GENESIS", "the genesis file: is the store this network's?"},
    {"repair", NULL, "make the tables that are wrong anew from the logs; the daemon must be stopped"},
    {NULL, NULL, NULL},
};

struct checking {
  struct om_session *session;
  const char *folder;
  bool repair;
  struct om_meter meter;
  json_t *findings;
};

static bool progress(void *ctx, const char *step, uint64_t done, uint64_t total) {
  struct checking *c = ctx;
  (void)total;
  if (strcmp(c->meter.unit, step) != 0) om_meter_begin(&c->meter, c->session->err, step, 0, c->session->json);
  om_meter_step(&c->meter, done, 0);
  return true;
}

/* Keys are numbers, big-endian, one after the other; shown as they stand. */
static void told(void *ctx, const struct om_fsck_finding *finding) {
  struct checking *c = ctx;
  char hex[2 * OM_FSCK_KEY_BYTES + 1], text[OM_SHOW_BYTES], byte[40] = "";
  om_hex(hex, finding->key, finding->key_len);
  if (finding->byte != OM_FSCK_NO_BYTE) snprintf(byte, sizeof byte, ", from byte %" PRIu64, finding->byte);
  if (c->findings) {
    json_array_append_new(
        c->findings,
        json_pack("{s:s, s:o, s:o, s:o}", "table", finding->table, "key", om_json_hex(finding->key, finding->key_len),
                  "byte", finding->byte != OM_FSCK_NO_BYTE ? json_integer((json_int_t)finding->byte) : json_null(),
                  "text", om_json_text(finding->text)));
    return;
  }
  om_meter_clear(&c->meter);
  fprintf(c->session->out, "%s %s%s: %s\n", finding->table, hex, byte, om_show_text(text, finding->text));
}

static json_t *result_json(const struct om_fsck *f, json_t *findings, uint32_t repaired) {
  return json_pack("{s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "sound", f->all == 0, "findings", findings,
                   "all", (json_int_t)f->all, "logs", (json_int_t)f->logs, "entries", (json_int_t)f->entries, "bytes",
                   (json_int_t)f->bytes, "rows", (json_int_t)f->rows, "pages", (json_int_t)f->pages, "repairable",
                   f->derived_only, "repaired", (json_int_t)repaired);
}

static enum om_code conclude(struct checking *c, const struct om_fsck *f, uint32_t repaired, struct om_status *st) {
  FILE *out = c->session->out;
  if (c->findings && om_show_json(out, result_json(f, json_incref(c->findings), repaired), st) != OM_OK)
    return st->code;
  if (!c->findings)
    fprintf(out,
            "%s: %" PRIu64 " pages, %" PRIu64 " entries of %" PRIu64 " log%s, %" PRIu64 " bytes, %" PRIu64
            " rows; %" PRIu64 " finding%s\n",
            f->all == 0 ? "SOUND"
            : repaired  ? "REPAIRED"
                        : "DAMAGED",
            f->pages, f->entries, f->logs, f->logs == 1 ? "" : "s", f->bytes, f->rows, f->all, f->all == 1 ? "" : "s");
  if (f->all == 0 || repaired > 0) return OM_OK;
  if (f->derived_only)
    return om_fail(st, OM_NO, NULL,
                   "what is damaged follows from the logs, which are sound: stop the daemon, and 'oremark fsck %s "
                   "--repair' makes it anew",
                   c->folder);
  return om_fail(
      st, OM_NO, NULL,
      "what is damaged follows from nothing else in the store: move it away and start the daemon on an empty "
      "folder, it takes its logs back from its peers; a witness replaces its cosigning key first, and witness.key");
}

/* In a process of its own. */
static enum om_code check(struct checking *c, const char *scratch, const struct om_hash *network,
                          struct om_status *st) {
  struct om_progress tell = {progress, c};
  struct om_fsck result = {.ctx = c, .told = told, .progress = &tell};
  struct om_store *store;
  uint32_t repaired = 0;
  enum om_code code = c->repair ? om_store_open(&store, c->folder, REPAIR_MAP_BYTES, st)
                                : om_store_open_readonly(&store, c->folder, st);
  if (code != OM_OK) return code;
  om_meter_begin(&c->meter, c->session->err, "entries", 0, c->session->json);
  code = c->repair ? om_fsck_repair(store, scratch, network, &result, &repaired, st)
                   : om_fsck(store, scratch, network, &result, st);
  om_meter_clear(&c->meter);
  if (code == OM_OK) code = conclude(c, &result, repaired, st);
  om_store_close(store);
  return code == OM_CORRUPT ? st->code = OM_NO : code;
}

/* LMDB trusts the pages of its file: one that is damaged can end the process that reads it. So that is another one. */
static enum om_code check_apart(struct checking *c, const struct om_hash *network, struct om_status *st) {
  static const enum om_code codes[] = {OM_OK, OM_NO, OM_USAGE, OM_IO, OM_REFUSED, OM_WAIT}; /* by exit status */
  struct om_scratch scratch;
  int status = 0;
  if (om_scratch_make(&scratch, st) != OM_OK) return st->code;
  fflush(c->session->out);
  fflush(c->session->err);
  pid_t child = fork();
  if (child == 0) {
    enum om_code code = check(c, scratch.store, network, st);
    if (code != OM_OK) om_show_error(c->session->err, st, c->session->json);
    fflush(c->session->out);
    fflush(c->session->err);
    _exit(om_exit_status(code));
  }
  if (child < 0) om_fail(st, OM_IO, NULL, "can't start a process: %s", strerror(errno));
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  om_scratch_unlink(&scratch);
  if (child < 0) return st->code;
  if (WIFEXITED(status) && WEXITSTATUS(status) < (int)(sizeof codes / sizeof codes[0])) {
    *st->text = '\0'; /* it has said why */
    return st->code = codes[WEXITSTATUS(status)];
  }
  return om_fail(st, OM_NO, NULL,
                 "the pages of the store in %s are damaged: reading them ended with signal %d (%s): move it away and "
                 "start the daemon on an empty folder, it takes its logs back from its peers; a witness replaces its "
                 "cosigning key "
                 "first, and witness.key",
                 c->folder, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                 WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "none");
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct om_hash id;
  struct stat about;
  char data[4096 + 16];
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  struct checking c = {.session = session,
                       .folder = session->args->words[0].value,
                       .repair = om_args_has(session->args, "repair"),
                       .findings = session->json ? json_array() : NULL};
  const char *genesis = om_args_value(session->args, "network");
  if (genesis && om_genesis_id(&id, genesis, st) != OM_OK)
    return st->code == OM_MALFORMED || st->code == OM_REFUSED ? st->code = OM_USAGE : st->code;
  snprintf(data, sizeof data, "%s/data.mdb", c.folder);
  enum om_code code = OM_OK;
  if (stat(data, &about) != 0)
    code = om_fail(st, errno == ENOENT || errno == ENOTDIR ? OM_USAGE : OM_IO, NULL,
                   "%s holds no store (%s: %s): name the folder that the daemon's settings call 'store'", c.folder,
                   data, strerror(errno));
  else
    code = check_apart(&c, genesis ? &id : NULL, st);
  json_decref(c.findings);
  return code;
}

const struct om_command om_command_fsck = {
    .name = "fsck",
    .words = "DIR",
    .summary = "Check a daemon's store: every entry hashed and judged again, every table compared with what follows.",
    .help =
        "The daemon may be running, but for --repair. What differs is named by table, key\n(hexadecimal) and byte. "
        "Takes as long as taking all entries in anew, and as much\nroom as the store (in TMPDIR, or /var/tmp).\n"
        "Exit status: 0 sound or repaired, 1 damaged.\nExample:\n  oremark fsck /var/lib/oremark\n",
    .options = options,
    .run = run,
};
