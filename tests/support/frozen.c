#include "support/frozen.h"

#include "support/test.h"

#include <string.h>

#include "ledger/evidence.h"
#include "ledger/ledger_state.h"

/* Another head of LOG of that size, which the log has signed too. */
static size_t another_head(const struct network *net, uint32_t log, char note[OM_NOTE_BYTES_MAX],
                           const struct om_daemon *daemon, uint64_t size) {
  struct om_checkpoint head = {.size = size, .root = {{1}}};
  struct om_status st = {0};
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len;
  memcpy(head.origin, daemon->origin, strlen(daemon->origin) + 1);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_ok(om_note_begin(note, &len, text, text_len, &st), &st);
  size_t line_len = om_note_sign(line, head.origin, net->log_keys[log], text, text_len);
  assert_ok(om_note_add_line(note, &len, line, line_len, &st), &st);
  return len;
}

void frozen_log(struct om_ledger *ledger, const struct network *net, uint32_t log) {
  struct om_arena arena = {0};
  struct om_status st = {0};
  struct om_batch *batch;
  struct om_daemon daemon;
  struct om_bytes held;
  struct om_signers_keys keys = network_signers(net, 0);
  static struct om_log_tiles tiles;
  static char note[OM_NOTE_BYTES_MAX];
  uint8_t *bytes;
  uint32_t number;
  size_t len;
  bool news;
  assert_ok(om_batch_begin(&batch, ledger, &st), &st);
  struct om_txn *txn = om_batch_txn(batch);
  assert_ok(om_registry_daemon(txn, &daemon, log, OM_REGISTRY_NOW, &st), &st);
  assert_ok(om_log_tiles(txn, &tiles, log, &st), &st);
  assert_ok(om_log_final(txn, &held, log, &st), &st);
  struct om_signed_head first = {om_arena_copy(&arena, held.data, held.len), held.len};
  struct om_signed_head other = {(const uint8_t *)note, another_head(net, log, note, &daemon, tiles.edge.size)};
  assert_ok(om_evidence_fork(&arena, &bytes, &len, &(struct om_accused){&net->id, &daemon, NULL, 0, "two heads"},
                             &tiles.tiles, &first, &other, &st),
            &st);
  assert_ok(om_batch_evidence(batch, &number, &news, log, bytes, len, &st), &st);
  assert_true(news);
  assert_ok(om_batch_commit(batch, &keys, &st), &st);
  om_arena_free(&arena);
}
