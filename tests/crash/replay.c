/* What a crash may leave of the store: every prefix of the writes that LMDB made, every one of them missing, torn at
 * every sector, and unsynced ones in any subset; each such file is opened, must be the state after the last
 * acknowledged commit or the one under way, and must be able to take the next step. Usage: crash_replay [--all];
 * without it images are drawn at random (OREMARK_SEED repeats, OREMARK_EFFORT scales). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "script.h"
#include "support/seed.h"

enum {
  SECTOR_BYTES = 512, /* what a disk writes whole or not at all */
  SUBSETS = 8,        /* random subsets of the writes, and of their sectors, for each sync */
  IMAGES = 2000,      /* of all, in an ordinary run */
};

struct image {
  uint8_t *bytes;
  size_t len, room;
};

static struct {
  struct script script;
  struct disk_trace trace;
  char *folder;
  struct image safe; /* what is surely on the disk */
  struct image now;  /* a crash */
  size_t acked;      /* commits acknowledged so far */
  uint64_t seed;
  uint64_t one_in; /* images looked at */
  size_t images, looked;
} run;

/* ---- images ---- */

static void put(struct image *image, uint64_t at, const uint8_t *bytes, size_t len) {
  size_t end = (size_t)at + len;
  if (end > image->room) {
    image->room = end * 2;
    image->bytes = realloc(image->bytes, image->room);
    OM_ASSERT(image->bytes);
  }
  if (end > image->len) {
    memset(image->bytes + image->len, 0, end - image->len);
    image->len = end;
  }
  memcpy(image->bytes + at, bytes, len);
}

static void put_op(struct image *image, const struct disk_op *op) {
  put(image, op->at, op->bytes, op->len);
}

/* Writes IMAGE over the file; O_TRUNC would make some file systems flush it. */
static void store(const char *name, const struct image *image) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%s", run.folder, name);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  OM_ASSERT(fd >= 0 && ftruncate(fd, (off_t)image->len) == 0);
  for (size_t done = 0; done < image->len;) {
    ssize_t n = write(fd, image->bytes + done, image->len - done);
    OM_ASSERT(n > 0);
    done += (size_t)n;
  }
  close(fd);
}

/* ---- looking at one ---- */

static void look(const char *what, size_t op) {
  struct om_status st = {0};
  size_t steps;
  store("data.mdb", &run.now);
  struct om_ledger *ledger;
  const struct network *net = &run.script.net;
  enum om_code code = om_ledger_open(&ledger, run.folder, UINT64_C(1) << 33, net->genesis, net->genesis_len,
                                     om_secret_public(net->link_keys[SCRIPT_DAEMON]), &st);
  if (code != OM_OK) {
    fprintf(stderr, "%s, at operation %zu: it does not open: %s\n", what, op, st.text);
    abort();
  }
  if (!script_find(&run.script, &steps, ledger) || steps < run.acked || steps > run.acked + 1) {
    fprintf(stderr, "%s, at operation %zu: %zu commits were acknowledged, the store is as after %zu\n", what, op,
            run.acked, steps);
    abort();
  }
  script_check(&run.script, ledger, steps);
  if (steps < run.script.n) {
    code = script_run(&run.script, ledger, steps, &st);
    struct om_hash after = script_hash(ledger);
    if (code != OM_OK || !om_hash_equal(&after, &run.script.steps[steps].after)) {
      fprintf(stderr, "%s, at operation %zu: step %zu can't be taken: %s\n", what, op, steps, st.text);
      abort();
    }
  }
  om_ledger_close(ledger);
}

/* Begins an image of what is safe; false: this one is not drawn. */
static bool draw(void) {
  run.images++;
  if (test_below(&run.seed, run.one_in) != 0) return false;
  run.looked++;
  run.now.len = 0;
  put(&run.now, 0, run.safe.bytes, run.safe.len);
  return true;
}

/* ---- the images of the writes between two syncs ---- */

struct pending {
  const struct disk_op *const *ops;
  size_t n;
  size_t op; /* where in the trace */
};

static void prefixes(const struct pending *p) {
  for (size_t n = 0; n <= p->n; n++) {
    if (!draw()) continue;
    for (size_t i = 0; i < n; i++) put_op(&run.now, p->ops[i]);
    look("a prefix", p->op);
  }
}

static void omissions(const struct pending *p) {
  for (size_t out = 0; out + 1 < p->n; out++) {
    if (!draw()) continue;
    for (size_t i = 0; i < p->n; i++)
      if (i != out) put_op(&run.now, p->ops[i]);
    look("all but one", p->op);
  }
}

static void subsets(const struct pending *p) {
  for (int k = 0; k < SUBSETS && p->n > 1; k++) {
    if (!draw()) continue;
    for (size_t i = 0; i < p->n; i++)
      if (test_below(&run.seed, 2)) put_op(&run.now, p->ops[i]);
    look("a subset", p->op);
  }
}

/* Where the write crosses from one sector of the disk to the next, after AT bytes of it; its length at the end. */
static size_t next_sector(const struct disk_op *op, size_t at) {
  size_t next = at + SECTOR_BYTES - (size_t)((op->at + at) % SECTOR_BYTES);
  return next < op->len ? next : op->len;
}

/* The last write that was begun is there in part: its first sectors, or its last. */
static void tears(const struct pending *p) {
  for (size_t last = 0; last < p->n; last++) {
    const struct disk_op *op = p->ops[last];
    for (size_t cut = next_sector(op, 0); cut < op->len; cut = next_sector(op, cut))
      for (int end = 0; end < 2; end++) {
        if (!draw()) continue;
        for (size_t i = 0; i < last; i++) put_op(&run.now, p->ops[i]);
        if (end)
          put(&run.now, op->at + cut, op->bytes + cut, op->len - cut);
        else
          put(&run.now, op->at, op->bytes, cut);
        look("a torn write", p->op);
      }
  }
}

static void sectors(const struct pending *p) {
  for (int k = 0; k < SUBSETS && p->n > 0; k++) {
    if (!draw()) continue;
    for (size_t i = 0; i < p->n; i++)
      for (size_t at = 0, to; at < p->ops[i]->len; at = to) {
        to = next_sector(p->ops[i], at);
        if (test_below(&run.seed, 2)) put(&run.now, p->ops[i]->at + at, p->ops[i]->bytes + at, to - at);
      }
    look("a subset of sectors", p->op);
  }
}

static void crash_between(const struct pending *p) {
  prefixes(p);
  omissions(p);
  subsets(p);
  tears(p);
  sectors(p);
}

/* Goes through the trace; a crash may come anywhere between two syncs. A write with O_DSYNC is safe when it has
 * returned, and until then like the others: those that were not synced before it may still be missing when it is there.
 */
static void crash_everywhere(void) {
  const struct disk_op **waiting = calloc(run.trace.n + 1, sizeof *waiting);
  OM_ASSERT(waiting);
  struct pending p = {.ops = waiting};
  put(&run.safe, 0, run.trace.base, run.trace.base_len);
  for (p.op = 0; p.op < run.trace.n; p.op++) {
    const struct disk_op *op = &run.trace.ops[p.op];
    if (op->kind == DISK_WRITE) waiting[p.n++] = op;
    if (op->kind == DISK_SYNC || op->durable || op->kind == DISK_ACK) crash_between(&p);
    if (op->durable) {
      put_op(&run.safe, op);
      p.n--;
    }
    if (op->kind == DISK_ACK) run.acked = op->number;
    if (op->kind != DISK_SYNC) continue;
    for (size_t i = 0; i < p.n; i++) put_op(&run.safe, waiting[i]);
    p.n = 0;
  }
  crash_between(&p);
  free(waiting);
}

/* ---- the run ---- */

/* What is left of a store whose beginning was cut short. */
static void cut_beginning(const char *folder) {
  char path[4200];
  snprintf(path, sizeof path, "%s/begun", folder);
  OM_ASSERT(mkdir(path, 0700) == 0);
  snprintf(path, sizeof path, "%s/begun/data.mdb", folder);
  FILE *file = fopen(path, "wb");
  OM_ASSERT(file && fputs("half a page", file) >= 0 && fclose(file) == 0);
}

static void record(void) {
  struct om_status st = {0};
  char *folder = temp_folder(), path[4200];
  cut_beginning(folder);
  snprintf(path, sizeof path, "%s/data.mdb", folder);
  disk_watch(path);
  struct om_ledger *ledger = script_open(&run.script, folder);
  disk_ack(0);
  for (size_t i = 0; i < run.script.n; i++) {
    if (script_run(&run.script, ledger, i, &st) != OM_OK) om_panic(__FILE__, __LINE__, st.text);
    disk_ack(i + 1);
  }
  run.trace = disk_take();
  size_t steps;
  OM_ASSERT(script_find(&run.script, &steps, ledger) && steps == run.script.n);
  om_ledger_close(ledger);
  remove_folder(folder);
}

/* How many images there are in all. */
static size_t count(void) {
  uint64_t seed = run.seed;
  run.one_in = UINT64_MAX;
  crash_everywhere();
  size_t images = run.images;
  run.images = run.looked = run.acked = run.safe.len = 0;
  run.seed = seed;
  return images;
}

int main(int argc, char **argv) {
  bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
  size_t writes = 0;
  script_make(&run.script);
  disk_skip_syncs(true);
  record();
  disk_skip_syncs(true);
  run.seed = test_seed();
  run.folder = temp_folder();
  for (size_t i = 0; i < run.trace.n; i++) writes += run.trace.ops[i].kind == DISK_WRITE;
  size_t images = count();
  uint64_t wanted = test_times(IMAGES);
  run.one_in = all || wanted >= images ? 1 : images / wanted;
  crash_everywhere();
  printf("%zu commits, %zu writes: %zu of %zu crashes looked at\n", run.script.n, writes, run.looked, run.images);
  OM_ASSERT(run.looked > 0 && run.acked == run.script.n);
  remove_folder(run.folder);
  disk_free(&run.trace);
  free(run.safe.bytes);
  free(run.now.bytes);
  script_free(&run.script);
  return 0;
}
