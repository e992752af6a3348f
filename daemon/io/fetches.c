#include "daemon/io/fetches.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/turns.h"
#include "keys/hex.h"

/* A document on its way to the disk. */
struct keeping {
  struct om_fetches *fetches;
  struct om_hash hash;
  uint8_t *bytes;
  size_t len;
  struct om_status st;
  uv_work_t work;
};

static void keep(uv_work_t *work) {
  struct keeping *k = work->data;
  om_turn_whole();
  om_status_clear(&k->st);
  om_documents_whole(k->fetches->documents, &k->hash, k->bytes, k->len, &k->st);
}

static void kept(uv_work_t *work, int status) {
  struct keeping *k = work->data;
  struct om_fetches *fetches = k->fetches;
  char start[OM_HEX_BYTES(8)];
  (void)status;
  om_hex(start, k->hash.bytes, 8);
  if (k->st.code == OM_OK) {
    om_log(OM_LOG_INFO, "document-fetched", "hash=%s bytes=%zu", start, k->len);
  } else {
    om_log(OM_LOG_ERROR, "document-not-kept", "hash=%s code=%s why=\"%s\"", start, om_code_name(k->st.code),
           k->st.text);
    fetches->not_kept = k->st;
    fetches->not_kept_hash = k->hash;
  }
  om_node_fetched(fetches->node, &k->hash);
  free(k->bytes);
  free(k);
}

void om_fetches_keep(struct om_fetches *fetches, const struct om_hash *hash, uint8_t *bytes, size_t len) {
  struct keeping *k = calloc(1, sizeof *k);
  OM_ASSERT(k != NULL);
  *k = (struct keeping){.fetches = fetches, .hash = *hash, .bytes = bytes, .len = len};
  k->work.data = k;
  OM_ASSERT(uv_queue_work(fetches->loop, &k->work, keep, kept) == 0);
}

enum om_code om_fetches_ask(struct om_fetches *fetches, const char **state, const Oremark__FetchDocument *asked,
                            struct om_status *st) {
  struct om_hash hash;
  if (asked->hash.len != OM_HASH_BYTES)
    return om_fail(st, OM_USAGE, NULL, "a document is named by %d bytes, these are %zu", OM_HASH_BYTES,
                   asked->hash.len);
  memcpy(hash.bytes, asked->hash.data, sizeof hash.bytes);
  enum om_document_state held = om_documents_state(fetches->documents, NULL, &hash);
  *state = om_document_state_name(held);
  if (held != OM_DOCUMENT_MISSING) return OM_OK;
  if (fetches->not_kept.code != OM_OK && om_hash_equal(&hash, &fetches->not_kept_hash)) {
    *st = fetches->not_kept;
    om_status_clear(&fetches->not_kept);
    return st->code;
  }
  enum om_fetch how = om_node_fetch(fetches->node, &hash, (int64_t)uv_now(fetches->loop));
  *state = how == OM_FETCH_NOWHERE ? "nowhere" : "fetching";
  if (how != OM_FETCH_BUSY) return OM_OK;
  return om_fail(st, OM_BUSY, NULL, "%d other documents are being fetched: try again in a while", OM_FETCHES_MAX);
}
