/* A disk that is full, or that fails: at each write of each commit, and at each sync. The batch fails and says so, the
 * store is as before it, and when there is room again the same batch succeeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "script.h"

static struct script script;

struct tally {
  size_t refusals, metas;
};

static void expect(struct om_ledger *ledger, size_t steps) {
  size_t found;
  OM_ASSERT(script_find(&script, &found, ledger) && found == steps);
}

/* After a failed write of its meta page LMDB refuses further work until it is opened again; the daemon says that. */
static void reopen(struct om_ledger **ledger, const char *folder) {
  struct om_batch *batch;
  struct om_status st = {0};
  OM_ASSERT(om_batch_begin(&batch, *ledger, &st) == OM_IO && strstr(st.text, "start again"));
  om_ledger_close(*ledger);
  *ledger = script_open(&script, folder);
}

/* Runs step I while the disk refuses; false: it was done before the disk came to refuse anything. */
static bool refused(struct om_ledger **ledger, const char *folder, size_t i, enum om_code wanted, struct tally *tally) {
  struct om_status st = {0};
  bool meta;
  enum om_code code = script_run(&script, *ledger, i, &st);
  bool refusals = disk_refused(&meta) > 0;
  disk_mend();
  OM_ASSERT(refusals == (code != OM_OK));
  if (!refusals) return false;
  if (code != wanted) om_panic(__FILE__, __LINE__, st.text);
  OM_ASSERT(st.text[0]);
  tally->refusals++;
  tally->metas += meta;
  if (meta) reopen(ledger, folder);
  expect(*ledger, i);
  return true;
}

int main(void) {
  struct tally full = {0, 0}, cut = {0, 0}, sync = {0, 0};
  char *folder = temp_folder(), path[4200];
  snprintf(path, sizeof path, "%s/data.mdb", folder);
  script_make(&script);
  disk_skip_syncs(true);
  struct om_ledger *ledger = script_open(&script, folder);
  for (size_t i = 0; i < script.n; i++) {
    bool done = false;
    for (size_t after = 0; !done; after++) {
      disk_fill(path, after, false);
      done = !refused(&ledger, folder, i, OM_FULL, &full);
      if (done) break;
      disk_fill(path, after, true);
      refused(&ledger, folder, i, OM_FULL, &cut);
      if (after > 0) continue;
      disk_fail_sync(path, 0);
      refused(&ledger, folder, i, OM_IO, &sync);
    }
    expect(ledger, i + 1);
    if (i + 1 == script.n) script_check(&script, ledger, i + 1);
  }
  printf("%zu commits: %zu writes refused, %zu cut short, %zu of them meta pages, %zu syncs failed\n", script.n,
         full.refusals, cut.refusals, full.metas, sync.refusals);
  OM_ASSERT(full.refusals > 2 * script.n && full.metas == script.n && sync.refusals == script.n);
  om_ledger_close(ledger);
  remove_folder(folder);
  script_free(&script);
  return 0;
}
