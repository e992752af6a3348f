/* Bundles in memory: written from a ledger, and verified with the genesis alone. */
#ifndef OREMARK_TESTS_SUPPORT_BUNDLED_H
#define OREMARK_TESTS_SUPPORT_BUNDLED_H

#include "ledger/bundle.h"
#include "proto/bundle.pb-c.h"
#include "support/network.h"

struct bundled {
  uint8_t *bytes; /* malloc'ed */
  size_t len, cap;
  struct om_bundle_written written;
};

enum om_code bundled_write(struct bundled *out, struct om_ledger *ledger, const uint8_t number[OM_LOT_NUMBER_BYTES],
                           struct om_status *st);
/* Verifies the LEN bytes at BYTES in a folder that is gone afterwards; what is found lives in ARENA. */
enum om_code bundled_verify(struct om_arena *arena, struct om_verdict *out, struct om_bundle_told *told,
                            const struct network *net, const uint8_t *bytes, size_t len,
                            const struct om_checkpoint *pinned, struct om_status *st);
/* Reads and judges them up to the end; the file is said to have SAID bytes. *OUT is to be closed in any case. */
enum om_code bundled_read(struct om_bundle **out, const struct network *net, const uint8_t *bytes, size_t len,
                          uint64_t said, struct om_status *st);
/* The same as of MOMENT. */
enum om_code bundled_verify_at(struct om_arena *arena, struct om_verdict *out, struct om_bundle_told *told,
                               struct om_as_of *found, const struct network *net, const uint8_t *bytes, size_t len,
                               const struct om_moment *moment, struct om_status *st);

/* The frames of one, for who alters it. */
enum { BUNDLED_FRAMES_MAX = 128 };
struct bundled_frames {
  Oremark__BundleFrame *all[BUNDLED_FRAMES_MAX];
  size_t n;
};
void bundled_apart(struct bundled_frames *out, const struct bundled *b);
/* Their file; its bytes are the caller's. */
void bundled_together(struct bundled *out, const struct bundled_frames *frames);
void bundled_drop(struct bundled_frames *frames);

/* The bundle of the lot NUMBER, as LEDGER writes it, says what LEDGER's own deep verification says; prints what differs
 * otherwise. */
void bundled_agrees(struct om_ledger *ledger, const struct network *net, const uint8_t number[OM_LOT_NUMBER_BYTES]);

#endif
