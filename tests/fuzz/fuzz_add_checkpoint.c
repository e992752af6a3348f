/* What is sent to a witness of others' logs: it answers as C2SP tlog-witness says, signs nothing but what goes on from
 * what it signed last, and never goes back. First byte: odd, and the log signs whatever checkpoint is in it. */
#include <stdio.h>

#include "daemon/core/add_checkpoint.h"
#include "fuzz/fuzz.h"
#include "ledger/merkle.h"
#include "support/network.h"

enum { MAP_BYTES = 1 << 20, NOW_S = 1700000000 };

#define ORIGIN "fuzz.example/log"

static struct om_secret *log_secret;
static struct om_outside_witness witness;
static struct om_vkey key;
static size_t signed_heads;

static struct om_secret *secret(uint8_t number) {
  uint8_t seed[OM_PUBLIC_BYTES];
  struct om_secret *out;
  struct om_status st = {0};
  memset(seed, number, sizeof seed);
  OM_ASSERT(om_secret_new(&out, seed, &st) == OM_OK);
  return out;
}

static void open_witness(void) {
  struct om_store *store;
  struct om_status st = {0};
  if (log_secret) return;
  char *folder = temp_folder(), vkey[OM_VKEY_BYTES];
  OM_ASSERT(om_store_open_scratch(&store, folder, MAP_BYTES, &st) == OM_OK);
  remove_folder(folder); /* what is open stays */
  log_secret = secret(1);
  om_vkey_format(vkey, ORIGIN, OM_ALG_ED25519, om_secret_public(log_secret));
  OM_ASSERT(om_vkey_parse(&key, vkey, strlen(vkey), &st) == OM_OK);
  witness = (struct om_outside_witness){
      .store = store, .name = "fuzz.example/w", .secret = secret(2), .n_keys = 1, .keys = &key};
}

/* Nothing is remembered of the input before. */
static void forget(void) {
  struct om_txn *txn;
  struct om_status st = {0};
  OM_ASSERT(om_txn_write(&txn, witness.store, &st) == OM_OK);
  om_txn_empty(txn, OM_TABLE_HEADS);
  OM_ASSERT(om_txn_commit(txn, &st) == OM_OK);
}

/* DATA with the log's own signature in place of all that are there; its length. 0: there is no note in it. */
static size_t sign(uint8_t out[OM_ADD_CHECKPOINT_MAX_BYTES], const uint8_t *data, size_t len) {
  char line[OM_NOTE_LINE_BYTES];
  const uint8_t *blank = memmem(data, len, "\n\n", 2), *text = blank ? blank + 2 : data;
  size_t left = len - (size_t)(text - data);
  const uint8_t *end = blank ? memmem(text, left, "\n\n", 2) : NULL;
  if (!end) return 0;
  size_t head = (size_t)(end - data) + 2, text_len = (size_t)(end - text) + 1;
  size_t n = om_note_sign(line, ORIGIN, log_secret, (const char *)text, text_len);
  if (head + n > OM_ADD_CHECKPOINT_MAX_BYTES) return 0;
  memcpy(out, data, head);
  memcpy(out + head, line, n);
  return head + n;
}

/* The size that was cosigned last: what a request that begins nowhere is told. */
static uint64_t remembered(void) {
  struct om_http_reply reply;
  struct om_edge empty = {0};
  struct om_checkpoint head = {.origin = ORIGIN, .size = UINT64_C(1) << 60};
  char text[OM_CHECKPOINT_BYTES];
  uint8_t body[OM_ADD_CHECKPOINT_MAX_BYTES], asked[OM_ADD_CHECKPOINT_MAX_BYTES];
  om_edge_root(&empty, &head.root);
  size_t n = om_checkpoint_format(text, &head);
  int len = snprintf((char *)body, sizeof body, "old 1152921504606846975\n\n%.*s\n", (int)n, text);
  size_t asked_len = sign(asked, body, (size_t)len);
  om_add_checkpoint(&reply, &witness, asked, asked_len, NOW_S);
  if (reply.status != 409) return UINT64_C(1152921504606846975);
  return strtoull(reply.body, NULL, 10);
}

static void check_reply(const struct om_http_reply *reply) {
  OM_ASSERT(reply->len > 0 && reply->len <= sizeof reply->body && reply->body[reply->len - 1] == '\n');
  switch (reply->status) {
    case 200:
    case 400:
    case 403:
    case 404:
    case 409:
    case 422: break;
    default: OM_ASSERT(false);
  }
  OM_ASSERT((reply->status == 409) == (strcmp(reply->type, "text/x.tlog.size") == 0));
}

/* The line in REPLY stands under the checkpoint in BODY, and that is what is remembered now. */
static void check_cosigned(const struct om_http_reply *reply, const uint8_t *body, size_t len, uint64_t before) {
  char bytes[OM_NOTE_BYTES_MAX];
  struct om_note note;
  struct om_checkpoint head;
  struct om_status st = {0};
  uint64_t time_s;
  size_t extensions, n;
  const uint8_t *at = (const uint8_t *)memmem(body, len, "\n\n", 2) + 2;
  OM_ASSERT(om_note_parse(&note, (const char *)at, len - (size_t)(at - body), &st) == OM_OK);
  OM_ASSERT(om_checkpoint_parse(&head, &extensions, note.text, note.text_len, &st) == OM_OK);
  OM_ASSERT(om_note_begin(bytes, &n, note.text, note.text_len, &st) == OM_OK);
  OM_ASSERT(om_note_add_line(bytes, &n, reply->body, reply->len, &st) == OM_OK);
  OM_ASSERT(om_note_parse(&note, bytes, n, &st) == OM_OK);
  OM_ASSERT(om_note_verify_cosignature(&note, &time_s, witness.name, om_secret_public(witness.secret), &st) == OM_OK);
  OM_ASSERT(time_s == NOW_S && head.size >= before && remembered() == head.size);
  signed_heads++;
}

/* One input is one or two requests, parted by a NUL: the second meets what the first has left. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_http_reply reply;
  static uint8_t body[OM_ADD_CHECKPOINT_MAX_BYTES];
  open_witness();
  forget();
  bool signs = fuzz_byte(&data, &len) & 1;
  for (int i = 0; i < 2 && len > 0; i++) {
    const uint8_t *nul = memchr(data, 0, len);
    size_t part = nul ? (size_t)(nul - data) : len;
    size_t n = signs ? sign(body, data, part) : part < sizeof body ? part : 0;
    if (!signs) memcpy(body, data, n);
    uint64_t before = remembered();
    om_add_checkpoint(&reply, &witness, body, n, NOW_S);
    check_reply(&reply);
    if (reply.status == 200)
      check_cosigned(&reply, body, n, before);
    else
      OM_ASSERT(remembered() == before);
    data += part + (nul != NULL), len -= part + (nul != NULL);
  }
  return 0;
}

void fuzz_replayed(void) {
  OM_ASSERT(signed_heads > 1);
}
