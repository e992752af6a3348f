/* What the files that read a bundle share and nobody else sees. */
#ifndef OREMARK_LEDGER_BUNDLE_READ_H
#define OREMARK_LEDGER_BUNDLE_READ_H

#include "ledger/bundle_state.h"
#include "ledger/ledger_state.h"
#include "ledger/pruned.h"

enum {
  OM_BUNDLE_ITEM_FRAMES = 4,        /* that are checked within one transaction */
  OM_BUNDLE_ITEM_BYTES = 16 * 1024, /* then the item is full, but for one frame: what unpacks shares an arena */
  OM_BUNDLE_FIRST_ITEMS = 8,        /* of the first block: while it is checked no key is known yet; each may have
                                       twice as many as the one before */
  OM_BUNDLE_KEYS = 64,              /* remembered: a log has few that sign */
};

/* A frame of the block in hand. */
struct om_bundle_frame {
  uint64_t offset; /* in the file */
  const uint8_t *bytes;
  size_t len;
  const Oremark__BundleFrame *frame;
  struct om_checked *checked; /* of an entry */
  struct om_status st;
  enum om_code code;
};

/* A few frames that follow each other. */
struct om_bundle_item {
  struct om_arena arena;
  struct om_bundle_frame frames[OM_BUNDLE_ITEM_FRAMES];
  size_t n;
  bool seen; /* the frames were taken apart */
};

struct om_bundle_block {
  struct om_bundle_item items[OM_BUNDLE_BLOCK_ITEMS];
  size_t n;
};

/* A log besides the registry's. */
struct om_bundle_log {
  struct om_pruned tree;
  uint64_t registry_size; /* its last mark of the registry */
  int64_t taken_ms;       /* its last entry */
  uint64_t entries;
  bool has_head, noted;            /* the head is there; it is a note, else the registry's acts state it */
  struct om_verify_judged *judged; /* its statements that are there, ascending by index */
  size_t n_judged, cap_judged;
};

/* What may come next. */
enum om_bundle_part {
  OM_BUNDLE_BEGINS = 0,
  OM_BUNDLE_REGISTRY,
  OM_BUNDLE_ENTRIES,
  OM_BUNDLE_TIMES,
  OM_BUNDLE_HEADS,
  OM_BUNDLE_EVIDENCE,
  OM_BUNDLE_DOCUMENTS,
  OM_BUNDLE_ENDED,
};

struct om_bundle_document {
  struct om_hash hash;
  uint64_t size;
};

struct om_bundle {
  struct om_bundle_source source;
  struct om_ledger *ledger;
  struct om_checkpoint pins[OM_BUNDLE_PINS_MAX];
  size_t n_pins;
  /* Bytes read and not yet made into items: buffer[from .. to). */
  uint8_t *buffer;
  size_t cap, from, to;
  uint64_t offset; /* of buffer[from] in the file */
  bool magic, at_end;
  struct om_bundle_block blocks[OM_BUNDLE_BLOCKS]; /* block N is blocks[N % OM_BUNDLE_BLOCKS] */
  uint64_t read, applied;                          /* blocks */
  size_t room;                                     /* items of the next one */
  enum om_bundle_part part;
  struct om_bundle_log **logs; /* by number, once the registry is read */
  size_t n_logs;
  uint32_t last_head; /* the log whose head came last */
  struct {
    uint32_t log;
    uint64_t size;
  } last_time;                               /* the head whose time came last */
  struct om_member_key keys[OM_BUNDLE_KEYS]; /* as they are now, by what was asked last; member 0: free */
  struct om_log_state *judged; /* the log of the entry in hand, as the rules ask for it; its tree is not there */
  struct om_bundle_told told;
  uint32_t n_steps; /* of the lot, that the verdict is about; 0: all */
  /* Documents: whether the file has them, the hashes of those that are whole, ascending, and the one under way. */
  bool with_documents;
  struct om_bundle_document *documents;
  size_t n_documents, cap_documents;
  struct om_bundle_document under_way; /* size 0: none */
  uint8_t *document;
  size_t document_len;
};

/* Gives the memory of what was read back: all of it was applied. */
void om_bundle_drop_blocks(struct om_bundle *bundle);
/* Has the file ended as a bundle does? */
enum om_code om_bundle_at_end(const struct om_bundle *bundle, struct om_status *st);
/* Takes FRAME in within BATCH. Any code: om_bundle_apply makes the sentence. */
enum om_code om_bundle_take(struct om_bundle *bundle, struct om_batch *batch, struct om_bundle_frame *frame,
                            struct om_status *st);

#endif
