/* Documents that clients want and another daemon has: asked of the node, and written to the disk in libuv's pool once
 * they are whole. Ownership: the caller's, with all that it points to, until the loop has ended. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_FETCHES_H
#define OREMARK_DAEMON_IO_FETCHES_H

#include <uv.h>

#include "daemon/core/node.h"
#include "daemon/io/documents.h"

struct om_fetches {
  uv_loop_t *loop;
  struct om_documents *documents;
  struct om_node *node;
  struct om_status not_kept; /* why the last that came could not be kept, until somebody is told: */
  struct om_hash not_kept_hash;
};

/* Answers a client: *STATE (static) as in client.proto's DocumentState. The node has something to say after it. */
enum om_code om_fetches_ask(struct om_fetches *fetches, const char **state, const Oremark__FetchDocument *asked,
                            struct om_status *st);
/* Keeps BYTES (taken over), which have HASH, and tells the node. */
void om_fetches_keep(struct om_fetches *fetches, const struct om_hash *hash, uint8_t *bytes, size_t len);

#endif
