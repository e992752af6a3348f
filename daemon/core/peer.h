/* Messages between daemons as bytes (proto/peer.proto). Small ones go through protobuf-c; Entries are read where they
 * lie and written as they come, since they are nearly all of the traffic. Ownership: encoders return malloc'd bytes
 * that the caller frees; a decoded message points into the bytes it came from, but for what om_peer_message_free ends.
 * Thread: any. */
#ifndef OREMARK_DAEMON_CORE_PEER_H
#define OREMARK_DAEMON_CORE_PEER_H

#include "daemon/core/frame.h"
#include "ledger/documents.h"
#include "ledger/evidence.h"
#include "ledger/hash.h"
#include "proto/peer.pb-c.h"

enum {
  OM_PEER_SMALL_BYTES =
      40960, /* any message but Entries and Shown: a note of 32 KiB and its frame, with room for fields to come */
  OM_PEER_DOCUMENT_BYTES = OM_DOCUMENT_PART_BYTES + 128, /* DocumentBytes, and what stands around the part */
  OM_PEER_SHOWN_BYTES = OM_EVIDENCE_MAX_BYTES + 64,      /* Shown: a piece of evidence, and what stands around it */
};

/* Entries, not taken apart yet: counted, every length within limits. */
struct om_peer_entries {
  uint32_t log;
  uint64_t start;
  size_t n;
  size_t bytes;             /* of all entries */
  size_t cost;              /* of the message, as it counts for windows and the inbox */
  struct om_span head;      /* empty: none travels with it */
  uint64_t prove;           /* as in Follow */
  size_t n_proof, n_before; /* hashes */
  const uint8_t *body;      /* of the Entries message */
  size_t body_len;
};

struct om_peer_cosigned {
  uint32_t log;
  uint64_t size;
  uint32_t witness;
  const char *line;
  size_t len;
};

struct om_peer_message {
  Oremark__PeerMessage *small; /* NULL: Entries */
  struct om_peer_entries entries;
};

/* OM_MALFORMED with the reason. */
enum om_code om_peer_decode(struct om_peer_message *out, const uint8_t *bytes, size_t len, struct om_status *st);
void om_peer_message_free(struct om_peer_message *message);
/* Points N spans at the entries of IN. */
void om_peer_entries_spans(struct om_span *spans, const struct om_peer_entries *in);
/* The two proofs of IN. */
void om_peer_entries_proofs(struct om_proof *proof, struct om_proof *before, const struct om_peer_entries *in);

/* Packs a message of any kind but Entries. */
void om_peer_encode(uint8_t **bytes, size_t *len, const Oremark__PeerMessage *message);

/* An Entries message on its way out. All zero is fresh. */
struct om_entry_sink {
  uint8_t *buf; /* room for the header, then the body */
  size_t len, room;
  size_t n, cost;
};
/* How the entries of a message are proven; see proto/peer.proto. */
struct om_entry_proof {
  const uint8_t *head; /* NULL: that of the message before */
  size_t head_len;
  uint64_t prove;
  struct om_proof proof, before;
};
void om_entry_sink_begin(struct om_entry_sink *sink, uint32_t log, uint64_t start);
/* Adds what proves the entries in SINK, of which there is one. */
void om_entry_sink_prove(struct om_entry_sink *sink, const struct om_entry_proof *proof);
/* Ends SINK: the whole message, or *BYTES NULL if it holds no entry. */
void om_entry_sink_end(struct om_entry_sink *sink, uint8_t **bytes, size_t *len);

#endif
