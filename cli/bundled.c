#include "cli/bundled.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/file.h"
#include "cli/genesis.h"
#include "cli/scratch.h"
#include "cli/show.h"

/* What is no regular file has no size to bound what is made of it by, and is copied first: no more of it, so that none
 * without an end fills the disk. A history of a million records has less, without documents. */
#define PIPE_MAX_BYTES (UINT64_C(1) << 30)

static enum om_code read_bytes(void *ctx, uint8_t *out, size_t *n, size_t wanted, struct om_status *st) {
  struct om_bundled *b = ctx;
  *n = fread(out, 1, wanted, b->file);
  b->read += *n;
  if (*n == 0 && ferror(b->file)) return om_fail(st, OM_IO, NULL, "can't read %s: %s", b->path, strerror(errno));
  return OM_OK;
}

/* Its name is its hash: nobody chose it. */
static enum om_code keep_document(void *ctx, const struct om_hash *hash, const uint8_t *bytes, size_t len,
                                  struct om_status *st) {
  struct om_bundled *b = ctx;
  char hex[2 * OM_HASH_BYTES + 1];
  return om_beside_add(&b->documents, om_hex(hex, hash->bytes, OM_HASH_BYTES), bytes, len, st);
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

static enum om_code go_through(struct om_bundled *b, struct om_status *st) {
  struct round round = {.bundle = b->bundle};
  for (size_t n = 1; n > 0; round.before = true) {
    enum om_code code = om_bundle_next(b->bundle, &n, st);
    if (code != OM_OK) return code;
    om_crew_do(b->crew, n + 1, do_part, &round);
    if (round.code != OM_OK) return *st = round.st, round.code;
    om_meter_step(&b->meter, b->read, b->read);
  }
  return OM_OK;
}

/* A file that is no whole bundle proves nothing: the answer is no, as for one that lies. */
static enum om_code no(struct om_bundled *b, struct om_status *st) {
  if (om_broke(st, OM_RULE_REGISTRY_HEAD) && b->seen.any) {
    struct om_status why = *st;
    om_fail(st, why.code, why.rule, "%s (known before: --registry-head, or what %s remembers)", why.text, b->seen.path);
  }
  if (st->code == OM_MALFORMED || st->code == OM_REFUSED || st->code == OM_CORRUPT) st->code = OM_NO;
  return om_wrap(st, "%s", b->path);
}

static enum om_code open_bundle(struct om_bundled *b, const struct om_checkpoint *pinned, struct om_status *st) {
  struct om_bundle_source source = {b, b->file_bytes, read_bytes, b->documents.folder ? keep_document : NULL};
  struct om_scratch scratch;
  uint8_t *genesis;
  size_t len;
  if (om_file_read(b->session->arena, &genesis, &len, b->genesis, OM_GENESIS_MAX_BYTES, st) != OM_OK ||
      om_scratch_make(&scratch, st) != OM_OK)
    return st->code;
  enum om_code code = om_bundle_open(&b->bundle, &source, scratch.store, genesis, len, pinned, st);
  om_scratch_unlink(&scratch);
  return code;
}

/* What was pinned by hand; *PINNED NULL: nothing. A file has to go on from that and from what is remembered. */
static enum om_code find_pinned(struct om_bundled *b, struct om_checkpoint *by_hand,
                                const struct om_checkpoint **pinned, struct om_status *st) {
  const struct om_given *given = om_args_find(b->session->args, "registry-head");
  *pinned = given ? by_hand : NULL;
  if (!given || om_head_text_parse(by_hand, given->value, st) == OM_OK) return OM_OK;
  return om_given_wrap(given, st);
}

static bool fails(const struct om_verdict *verdict) {
  uint64_t failed = 0;
  for (size_t i = 0; i < verdict->n_checks; i++) failed += verdict->checks[i].failed;
  return failed > 0;
}

/* The whole file is judged, as of whatever moment it is asked, and also where it can't say what was then. One that
 * fails says nothing of any moment, and nothing is taken out of it. */
static enum om_code conclude(struct om_bundled *b, struct om_status *st) {
  struct om_status then;
  om_status_clear(&then);
  enum om_code code = go_through(b, st);
  if (code == OM_OK && b->as_of) {
    code = om_bundle_as_of(b->bundle, &b->found, &b->moment, &then);
    if (code == OM_MISSING && om_broke(&then, OM_RULE_AS_OF)) code = then.code = OM_WAIT;
    if (code != OM_OK) *st = then;
    if (code == OM_WAIT) code = OM_OK;
  }
  if (code == OM_OK) code = om_bundle_finish(b->bundle, b->session->arena, &b->verdict, &b->told, NULL, st);
  b->judged = code == OM_OK;
  if (b->judged && fails(&b->verdict)) return b->as_of = false, OM_OK;
  if (b->judged && then.code != OM_OK) return *st = then, then.code;
  if (code == OM_OK && (b->verdict.verified || b->verdict.undecided)) code = om_beside_keep(&b->documents, st);
  return code;
}

/* A file that lies may lie about the registry, too, and would have honest ones refused. One in which nothing fails, a
 * log with two final histories among it, tells the truth about the registry, whose log was judged whole up to a head
 * with its quorum, also where something else is not known: an older one could hide again what was revoked since. */
static void remember(struct om_bundled *b) {
  struct om_status kept;
  om_status_clear(&kept);
  if (!b->judged || fails(&b->verdict) || om_seen_write(&b->seen, &b->told.registry, &kept) == OM_OK) return;
  fprintf(b->session->err, "oremark: the registry's head is not remembered: %s\n", kept.text);
}

static enum om_code judge(struct om_bundled *b, struct om_status *st) {
  struct om_checkpoint by_hand;
  const struct om_checkpoint *pinned;
  enum om_code code = om_seen_read(&b->seen, &b->network, st);
  if (code == OM_OK) code = find_pinned(b, &by_hand, &pinned, st);
  if (code == OM_OK) code = open_bundle(b, pinned, st);
  if (code != OM_OK) return code;
  if (b->seen.any) om_bundle_pin(b->bundle, &b->seen.head);
  om_meter_begin(&b->meter, b->session->err, "bytes", b->file_bytes, b->session->json);
  code = conclude(b, st);
  om_meter_clear(&b->meter);
  remember(b);
  return code == OM_OK ? OM_OK : no(b, st);
}

/* FILE_BYTES is known then. "-": standard input. */
static enum om_code open_file(struct om_bundled *b, const char *path, struct om_status *st) {
  struct stat about;
  bool input = strcmp(path, "-") == 0;
  b->path = input ? "standard input" : path;
  int fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return om_fail(st, OM_IO, NULL, "can't read %s: %s", b->path, strerror(errno));
  b->file = fdopen(fd, "r");
  OM_ASSERT(b->file);
  if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
    return b->file_bytes = (uint64_t)about.st_size, OM_OK;
  FILE *from = b->file;
  enum om_code code = om_scratch_copy(&b->file, &b->file_bytes, from, b->path, PIPE_MAX_BYTES, st);
  fclose(from);
  return code;
}

enum om_code om_bundled_judge(struct om_bundled *b, struct om_session *session, const char *path,
                              struct om_status *st) {
  b->session = session;
  b->genesis = om_args_value(session->args, "network");
  if (!b->genesis) b->genesis = session->profile.network;
  if (!b->genesis)
    return om_fail(st, OM_USAGE, NULL,
                   "%s: name the network's genesis file by --network: what the file says is checked against it",
                   session->args->command->name);
  if (om_genesis_id(&b->network, b->genesis, st) != OM_OK)
    return st->code == OM_MALFORMED || st->code == OM_REFUSED ? st->code = OM_USAGE : st->code;
  if (open_file(b, path, st) != OM_OK) return st->code;
  b->crew = om_crew_new();
  return judge(b, st);
}

void om_bundled_close(struct om_bundled *b) {
  om_crew_free(b->crew);
  om_beside_drop(&b->documents);
  om_bundle_close(b->bundle);
  if (b->file) fclose(b->file);
}
