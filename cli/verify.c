/* `oremark verify`: a bundle checked with the genesis file alone: no daemon, and no trust in who wrote it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/beside.h"
#include "cli/clock.h"
#include "cli/explain.h"
#include "cli/file.h"
#include "cli/genesis.h"
#include "cli/meter.h"
#include "cli/moment.h"
#include "cli/scratch.h"
#include "cli/seen.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/verdict.h"
#include "ledger/bundle.h"
#include "ledger/crew.h"
#include "ledger/told.h"

enum { MILLISECONDS_A_DAY = 86400000 };

static const struct om_option options[] = {
    {"network", "GENESIS", "the network's genesis file, from somebody you trust: all else follows from it"},
    {"registry-head", "HEAD", "a head of the registry that you know to be true, as bundle and verify print it"},
    {"explain", NULL, "go through the history record by record"},
    {"documents", "DIR", "write the documents that are in the file there, each named by its hash, unless it fails"},
    OM_MOMENT_OPTION,
    {NULL, NULL, NULL},
};

struct verifying {
  struct om_session *session;
  const char *path;
  FILE *file;
  uint64_t file_bytes, read;
  struct om_bundle *bundle;
  struct om_crew *crew;
  struct om_meter meter;
  struct om_hash network;
  struct om_seen seen;
  struct om_verdict verdict;
  struct om_bundle_told told;
  struct om_beside documents; /* folder NULL: they are not asked for */
  bool as_of;
  struct om_moment moment; /* if as_of... */
  struct om_as_of found;   /* ...and what was then */
  int64_t began_ms;
};

static enum om_code read_bytes(void *ctx, uint8_t *out, size_t *n, size_t wanted, struct om_status *st) {
  struct verifying *v = ctx;
  *n = fread(out, 1, wanted, v->file);
  v->read += *n;
  if (*n == 0 && ferror(v->file)) return om_fail(st, OM_IO, NULL, "can't read %s: %s", v->path, strerror(errno));
  return OM_OK;
}

/* Its name is its hash: nobody chose it. */
static enum om_code keep_document(void *ctx, const struct om_hash *hash, const uint8_t *bytes, size_t len,
                                  struct om_status *st) {
  struct verifying *v = ctx;
  char hex[2 * OM_HASH_BYTES + 1];
  return om_beside_add(&v->documents, om_hex(hex, hash->bytes, OM_HASH_BYTES), bytes, len, st);
}

/* What is done side by side: the block before is judged, and the items of the one that was read last are checked. */
struct round {
  struct om_bundle *bundle;
  bool before; /* there is one to be judged */
  enum om_code code;
  struct om_status st;
};

static void do_part(void *ctx, size_t who, size_t i) {
  (void)who;
  struct round *round = ctx;
  if (i > 0)
    om_bundle_check(round->bundle, i - 1);
  else if (round->before)
    round->code = om_bundle_apply(round->bundle, &round->st);
}

static enum om_code go_through(struct verifying *v, struct om_status *st) {
  struct round round = {.bundle = v->bundle};
  for (size_t n = 1; n > 0; round.before = true) {
    enum om_code code = om_bundle_next(v->bundle, &n, st);
    if (code != OM_OK) return code;
    om_crew_do(v->crew, n + 1, do_part, &round);
    if (round.code != OM_OK) return *st = round.st, round.code;
    om_meter_step(&v->meter, v->read, v->read);
  }
  return OM_OK;
}

/* A file that is no whole bundle proves nothing: the answer is no, as for one that lies. */
static enum om_code no(struct verifying *v, struct om_status *st) {
  if (strcmp(st->rule, "registry-head") == 0 && v->seen.any) {
    struct om_status why = *st;
    om_fail(st, why.code, why.rule, "%s (known before: --registry-head, or what %s remembers)", why.text, v->seen.path);
  }
  if (st->code == OM_MALFORMED || st->code == OM_REFUSED || st->code == OM_CORRUPT) st->code = OM_NO;
  return om_wrap(st, "%s", v->path);
}

static enum om_code open_bundle(struct verifying *v, const struct om_checkpoint *pinned, struct om_status *st) {
  const char *genesis_path = om_args_value(v->session->args, "network");
  struct om_bundle_source source = {v, v->file_bytes, read_bytes, v->documents.folder ? keep_document : NULL};
  struct om_scratch scratch;
  uint8_t *genesis;
  size_t len;
  if (!genesis_path) genesis_path = v->session->profile.network;
  if (om_file_read(v->session->arena, &genesis, &len, genesis_path, OM_GENESIS_MAX_BYTES, st) != OM_OK ||
      om_scratch_make(&scratch, st) != OM_OK)
    return st->code;
  enum om_code code = om_bundle_open(&v->bundle, &source, scratch.store, genesis, len, pinned, st);
  om_scratch_unlink(&scratch);
  return code;
}

/* What was pinned by hand; *PINNED NULL: nothing. A file has to go on from that and from what is remembered. */
static enum om_code find_pinned(struct verifying *v, struct om_checkpoint *by_hand, const struct om_checkpoint **pinned,
                                struct om_status *st) {
  const struct om_given *given = om_args_find(v->session->args, "registry-head");
  *pinned = given ? by_hand : NULL;
  if (!given || om_head_text_parse(by_hand, given->value, st) == OM_OK) return OM_OK;
  return om_given_wrap(given, st);
}

/* ---- what is shown ---- */

static void age(char out[48], uint64_t time_s) {
  int64_t days = (om_now_ms() - (int64_t)time_s * 1000) / MILLISECONDS_A_DAY;
  if (days <= 0)
    snprintf(out, 48, "less than a day ago");
  else
    snprintf(out, 48, "%" PRId64 " day%s ago", days, days == 1 ? "" : "s");
}

static void show(struct verifying *v, const Oremark__Verdict *verdict) {
  FILE *out = v->session->out;
  char lot[OM_LOT_TEXT_BYTES], head[OM_HEAD_TEXT_BYTES], when[OM_TIME_TEXT_BYTES], ago[48];
  fprintf(out, "bundle of lot %s, %" PRIu64 " bytes\n", om_lot_format(lot, sizeof lot, v->told.lot), v->told.bytes);
  fprintf(out, "registry head %s", om_head_text(head, &v->told.registry));
  if (v->told.registry_s > 0) {
    age(ago, v->told.registry_s);
    fprintf(out, ", signed %s, %s", om_time_format(when, sizeof when, (int64_t)v->told.registry_s * 1000, 0), ago);
  }
  fprintf(out,
          "\n%" PRIu64 " statement%s and %" PRIu64 " mark%s with %" PRIu64 " signature%s; %" PRIu64
          " hash%s for the entries that are left out\n\n",
          v->told.statements, v->told.statements == 1 ? "" : "s", v->told.marks, v->told.marks == 1 ? "" : "s",
          v->told.signatures, v->told.signatures == 1 ? "" : "s", v->told.hashes, v->told.hashes == 1 ? "" : "es");
  om_verdict_show(out, verdict, om_tick_ms() - v->began_ms);
  if (v->told.documents > 0 && !om_args_has(v->session->args, "documents"))
    fprintf(out, "%" PRIu64 " document%s in the file: --documents DIR takes %s out\n", v->told.documents,
            v->told.documents == 1 ? " is" : "s are", v->told.documents == 1 ? "it" : "them");
}

static json_t *told_json(struct verifying *v, const Oremark__Verdict *verdict) {
  json_t *json = om_verdict_json(verdict);
  char lot[OM_LOT_TEXT_BYTES], head[OM_HEAD_TEXT_BYTES];
  json_object_set_new(json, "lot", json_string(om_lot_format(lot, sizeof lot, v->told.lot)));
  json_object_set_new(json, "registry_head", json_string(om_head_text(head, &v->told.registry)));
  json_object_set_new(json, "registry_time", om_json_time((int64_t)v->told.registry_s * 1000, 0));
  json_object_set_new(json, "statements", json_integer((json_int_t)v->told.statements));
  json_object_set_new(json, "marks", json_integer((json_int_t)v->told.marks));
  json_object_set_new(json, "signatures", json_integer((json_int_t)v->told.signatures));
  json_object_set_new(json, "hashes", json_integer((json_int_t)v->told.hashes));
  json_object_set_new(json, "documents", json_integer((json_int_t)v->told.documents));
  json_object_set_new(json, "evidence", json_integer((json_int_t)v->told.evidence));
  return json;
}

static enum om_code tell(struct verifying *v, struct om_status *st) {
  struct om_session *session = v->session;
  Oremark__Verdict verdict;
  struct om_txn *txn;
  bool explain = om_args_has(session->args, "explain");
  json_t *records = explain && session->json ? json_array() : NULL;
  enum om_code code = om_txn_read(&txn, om_bundle_store(v->bundle), st);
  if (code == OM_OK) {
    code = om_verdict_told(txn, session->arena, &verdict, &v->verdict, st);
    if (code == OM_OK && v->as_of) code = om_as_of_told(txn, session->arena, &verdict.as_of, &v->found, &v->moment, st);
    if (code == OM_OK && explain)
      code = om_explain(session->out, records, txn, &v->network, v->told.lot, v->as_of ? v->found.step + 1 : 0,
                        &v->verdict, st);
    om_txn_abort(txn);
  }
  if (code != OM_OK) {
    json_decref(records);
    return code;
  }
  if (!session->json) {
    if (explain) fputc('\n', session->out);
    show(v, &verdict);
  } else {
    json_t *json = told_json(v, &verdict);
    if (records) json_object_set_new(json, "explained", records);
    code = om_show_json(session->out, json, st);
  }
  return code == OM_OK ? om_verdict_conclude(&verdict, st) : code;
}

/* ---- all of it ---- */

static enum om_code read_moment(struct verifying *v, struct om_status *st) {
  Oremark__Moment *at;
  enum om_code code = om_moment_read(v->session, &at, st);
  v->as_of = code == OM_OK && at;
  if (v->as_of) v->moment = (struct om_moment){at->time_ms == 0, at->origin, at->size, at->time_ms};
  return code;
}

/* The whole file is judged, as of whatever moment it is asked. Of one that fails nothing is taken out. */
static enum om_code conclude(struct verifying *v, struct om_status *st) {
  enum om_code code = go_through(v, st);
  if (code == OM_OK && v->as_of) {
    code = om_bundle_as_of(v->bundle, &v->found, &v->moment, st);
    if (code == OM_MISSING && strcmp(st->rule, "as-of") == 0) code = st->code = OM_WAIT;
  }
  if (code == OM_OK) code = om_bundle_finish(v->bundle, v->session->arena, &v->verdict, &v->told, NULL, st);
  if (code == OM_OK && (v->verdict.verified || v->verdict.undecided)) code = om_beside_keep(&v->documents, st);
  return code;
}

static enum om_code verify(struct verifying *v, struct om_status *st) {
  struct om_checkpoint by_hand;
  const struct om_checkpoint *pinned;
  enum om_code code = om_seen_read(&v->seen, &v->network, st);
  if (code == OM_OK) code = find_pinned(v, &by_hand, &pinned, st);
  if (code == OM_OK) code = read_moment(v, st);
  if (code == OM_OK) code = open_bundle(v, pinned, st);
  if (code != OM_OK) return code;
  if (v->seen.any) om_bundle_pin(v->bundle, &v->seen.head);
  om_meter_begin(&v->meter, v->session->err, "bytes", v->file_bytes, v->session->json);
  code = conclude(v, st);
  om_meter_clear(&v->meter);
  if (code == OM_OK) {
    struct om_status kept;
    om_status_clear(&kept);
    /* Only what verified: a file that lies may lie about the registry, too, and would have honest ones refused. */
    if (v->verdict.verified && om_seen_write(&v->seen, &v->told.registry, &kept) != OM_OK)
      fprintf(v->session->err, "oremark: the registry's head is not remembered: %s\n", kept.text);
    return tell(v, st);
  }
  return no(v, st);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct verifying *v = om_arena_alloc(session->arena, sizeof *v);
  struct stat about;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  *v = (struct verifying){.session = session, .path = session->args->words[0].value, .began_ms = om_tick_ms()};
  v->documents.folder = om_args_value(session->args, "documents");
  const char *genesis = om_args_value(session->args, "network");
  if (!genesis) genesis = session->profile.network;
  if (!genesis)
    return om_fail(st, OM_USAGE, NULL,
                   "verify: name the network's genesis file by --network: what the file says is checked against it");
  if (om_genesis_id(&v->network, genesis, st) != OM_OK)
    return st->code == OM_MALFORMED || st->code == OM_REFUSED ? st->code = OM_USAGE : st->code;
  v->file = fopen(v->path, "re");
  if (!v->file) return om_fail(st, OM_IO, NULL, "can't read %s: %s", v->path, strerror(errno));
  if (fstat(fileno(v->file), &about) == 0 && about.st_size > 0) v->file_bytes = (uint64_t)about.st_size;
  v->crew = om_crew_new();
  enum om_code code = verify(v, st);
  om_crew_free(v->crew);
  om_beside_drop(&v->documents);
  om_bundle_close(v->bundle);
  fclose(v->file);
  return code;
}

const struct om_command om_command_verify = {
    .name = "verify",
    .words = "FILE",
    .summary = "Check a bundle, a lot's whole history in a file: no daemon, and no trust in who wrote it.",
    .help =
        "Everything follows from the genesis file. The newest registry that a file was verified\nagainst is "
        "remembered: one with an older or another registry is refused afterwards.\n" OM_MOMENT_HELP
        "A file may not hold enough to say what was then; it tells so.\nExit status: 0 verified, 1 "
        "not, 5 undecided.\nExample:\n  oremark verify drum-17.bundle --network genesis.oremark --explain\n",
    .options = options,
    .run = run,
};
