/* Work side by side: each piece once, and nobody two pieces at a time. */
#include "support/test.h"

#include <stdatomic.h>

#include "ledger/crew.h"
#include "ledger/store.h"
#include "support/network.h"

enum { PIECES = 20000 };

struct pieces {
  size_t size;
  _Atomic bool wrong;
  _Atomic uint32_t done[PIECES];
  _Atomic uint32_t busy[OM_CREW_MAX];
};

static void one(void *ctx, size_t who, size_t i) {
  struct pieces *p = ctx;
  if (who >= p->size || i >= PIECES || atomic_fetch_add(&p->busy[who], 1) != 0) {
    atomic_store(&p->wrong, true); /* told by the test's own thread */
    return;
  }
  atomic_fetch_add(&p->done[i], 1);
  atomic_fetch_sub(&p->busy[who], 1);
}

static void each_piece_once(void **state) {
  (void)state;
  struct om_crew *crew = om_crew_new();
  static struct pieces pieces;
  pieces.size = om_crew_size(crew);
  assert_true(pieces.size >= 1 && pieces.size <= OM_CREW_MAX);
  for (uint32_t round = 1; round <= 3; round++) {
    om_crew_do(crew, 0, one, &pieces);
    om_crew_do(crew, 1, one, &pieces);
    om_crew_do(crew, PIECES, one, &pieces);
    for (size_t i = 0; i < PIECES; i++) assert_int_equal(pieces.done[i], i == 0 ? 2 * round : round);
  }
  assert_false(pieces.wrong);
  om_crew_free(crew);
}

static void nobody_is_the_caller(void **state) {
  (void)state;
  static struct pieces pieces;
  pieces.size = om_crew_size(NULL);
  assert_int_equal(pieces.size, 1);
  om_crew_do(NULL, PIECES, one, &pieces);
  for (size_t i = 0; i < PIECES; i++) assert_int_equal(pieces.done[i], 1);
  assert_false(pieces.wrong);
  om_crew_free(NULL);
}

/* Several transactions for as many threads see one commit, also one that came after the first was begun. */
static void twins_read_one_commit(void **state) {
  (void)state;
  enum { N = 5 };
  char *folder = temp_folder();
  struct om_store *store;
  struct om_txn *old, *write, *twins[N];
  struct om_status st;
  struct om_bytes bytes;
  assert_ok(om_store_open(&store, folder, 1 << 20, &st), &st);
  assert_ok(om_txn_read(&old, store, &st), &st);
  assert_ok(om_txn_write(&write, store, &st), &st);
  om_txn_put(write, OM_TABLE_META, "k", 1, "v", 1);
  assert_ok(om_txn_commit(write, &st), &st);
  assert_ok(om_txn_twins(twins, N, old, &st), &st);
  assert_false(om_txn_get(old, &bytes, OM_TABLE_META, "k", 1));
  for (size_t i = 0; i < N; i++) {
    assert_true(om_txn_get(twins[i], &bytes, OM_TABLE_META, "k", 1));
    om_txn_abort(twins[i]);
  }
  om_txn_abort(old);
  om_store_close(store);
  remove_folder(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_piece_once), cmocka_unit_test(nobody_is_the_caller),
                                     cmocka_unit_test(twins_read_one_commit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
