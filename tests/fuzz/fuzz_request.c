/* What clients ask: every answer fits a frame, can be read, and ends. First byte: after how many replies the client has
 * had enough; a lot number of one byte stands for one of the yard's. */
#include "daemon/core/answer.h"
#include "daemon/core/frame.h"
#include "fuzz/fuzz.h"
#include "fuzz/yard.h"
#include "support/canon.h"

struct client {
  uint64_t id;
  size_t replies, enough;
  bool ended;
};

static bool put(void *ctx, const Oremark__Reply *reply) {
  struct client *client = ctx;
  OM_ASSERT(!client->ended && client->replies < client->enough && reply->id == client->id);
  size_t len = oremark__reply__get_packed_size(reply);
  OM_ASSERT(len <= OM_FRAME_MAX_BYTES);
  uint8_t *bytes = malloc(len);
  OM_ASSERT(bytes || len == 0);
  oremark__reply__pack(reply, bytes);
  Oremark__Reply *again = oremark__reply__unpack(NULL, len, bytes);
  OM_ASSERT(again && again->what_case == reply->what_case);
  oremark__reply__free_unpacked(again, NULL);
  free(bytes);
  client->ended = !reply->more;
  return ++client->replies < client->enough;
}

static void resolve(const struct yard *yard, ProtobufCBinaryData *number) {
  if (number->len == 1)
    *number =
        (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, (uint8_t *)(uintptr_t)yard->lots[number->data[0] % yard->n_lots]};
}

static void resolve_request(const struct yard *yard, Oremark__Request *request) {
  if (request->what_case == OREMARK__REQUEST__WHAT_GET_LOT) resolve(yard, &request->get_lot->number);
  if (request->what_case == OREMARK__REQUEST__WHAT_GET_HISTORY) resolve(yard, &request->get_history->number);
  if (request->what_case == OREMARK__REQUEST__WHAT_GET_TRACE) resolve(yard, &request->get_trace->number);
  if (request->what_case == OREMARK__REQUEST__WHAT_VERIFY_LOT) resolve(yard, &request->verify_lot->number);
}

enum { DOCUMENT_BYTES = OM_DOCUMENT_PART_BYTES + 1 };

/* A document is what the first byte of its hash says, and two parts long. */
static enum om_document_state document_state(void *ctx, uint64_t *size, const struct om_hash *hash, bool again) {
  (void)ctx, (void)again;
  *size = hash->bytes[0] % 4 == OM_DOCUMENT_HELD ? DOCUMENT_BYTES : 0;
  return (enum om_document_state)(hash->bytes[0] % 4);
}

static enum om_code document_read(void *ctx, uint8_t *bytes, size_t *len, uint64_t *size, const struct om_hash *hash,
                                  uint64_t offset, size_t room, struct om_status *st) {
  if (document_state(ctx, size, hash, false) != OM_DOCUMENT_HELD) return om_fail(st, OM_MISSING, NULL, "not held");
  OM_ASSERT(offset < DOCUMENT_BYTES && room == OM_DOCUMENT_PART_BYTES);
  *len = DOCUMENT_BYTES - offset < room ? (size_t)(DOCUMENT_BYTES - offset) : room;
  memset(bytes, 0x5a, *len);
  return OM_OK;
}

static enum om_code document_part(void *ctx, bool *done, const struct om_document_part *part, struct om_status *st) {
  (void)ctx;
  *done = part->offset + part->bytes.len == part->size;
  return part->size <= OM_DOCUMENT_MAX_BYTES ? OM_OK : om_fail(st, OM_REFUSED, "size", "too large");
}

static enum om_code document_erase(void *ctx, bool *was, const struct om_hash *hash, struct om_status *st) {
  uint64_t size;
  (void)st;
  *was = document_state(ctx, &size, hash, false) == OM_DOCUMENT_HELD;
  return OM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const struct om_peer_view peer = {
      .origin = "daemon2.example/log", .address = "[::1]:7412", .state = "connected"};
  static struct om_arena arena;
  struct yard *yard = yard_open();
  struct client client = {.enough = 1 + (size_t)fuzz_byte(&data, &len) % 4 * 100};
  struct om_answer_sink sink = {.ctx = &client, .put = put};
  struct om_about about = {
      .network = yard->net.id, .started_ms = YARD_NOW_MS, .own_log = 1, .n_peers = 1, .peers = &peer};
  about.documents = (struct om_document_hooks){(void *)(uintptr_t)&peer, document_state, document_read, document_part,
                                               document_erase};
  struct om_status st = {0};
  struct om_txn *txn;
  om_arena_reset(&arena);
  Oremark__Request *request = oremark__request__unpack(om_arena_protobuf(&arena), len, data);
  /* The daemon answers these two before anybody else is asked. */
  if (!request || request->what_case == OREMARK__REQUEST__WHAT_SUBMIT ||
      request->what_case == OREMARK__REQUEST__WHAT__NOT_SET)
    return 0;
  resolve_request(yard, request);
  client.id = request->id;
  OM_ASSERT(om_txn_read(&txn, om_ledger_store(yard->ledgers[1]), &st) == OM_OK);
  om_answer(&sink, txn, &about, request);
  om_txn_abort(txn);
  OM_ASSERT(client.replies > 0 && (client.ended || client.replies == client.enough));
  return 0;
}
