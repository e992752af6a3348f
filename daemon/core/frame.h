/* Frames: how one protobuf message follows another in a byte stream. A frame is u32 big-endian length, then that many
 * bytes, 1 byte to 1 MiB (DESIGN section 5). Whoever holds a reader owns its buffer and frees it with
 * om_frame_reader_free; frames that it yields are views. Thread: a reader belongs to one thread at a time; nothing here
 * is shared. */
#ifndef OREMARK_DAEMON_CORE_FRAME_H
#define OREMARK_DAEMON_CORE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/status.h"

enum {
  OM_FRAME_HEADER_BYTES = 4,
  OM_FRAME_MAX_BYTES =
      1 << 20, /* message, header aside: 16 of the largest entries, so one frame never starves a link */
  OM_FRAME_KEEP_BYTES = 1 << 16, /* a reader keeps no larger buffer than this between frames: many links are idle */
};

/* A message inside somebody else's bytes; len 0 means that there is none. */
struct om_frame {
  const uint8_t *bytes;
  size_t len;
};

/* Bytes on their way in: what is left of a chunk that the caller owns. */
struct om_chunk {
  const uint8_t *bytes;
  size_t len;
};

/* Puts a frame together from chunks cut anywhere. All zero is a fresh reader. It never holds more than one frame, and
 * never more memory than twice the bytes that have arrived of it, whatever length the header claims. */
struct om_frame_reader {
  uint8_t header[OM_FRAME_HEADER_BYTES];
  size_t header_have; /* bytes of the header so far */
  size_t len;         /* length that the header states, once it is whole */
  uint8_t *buf;       /* start of a frame that no single chunk held whole; owned */
  size_t have;        /* bytes in buf */
  size_t room;        /* bytes allocated at buf */
};

/* Writes the header of a frame of LEN bytes (1 to OM_FRAME_MAX_BYTES, else the program stops: the sender counts first).
 */
void om_frame_header(uint8_t out[OM_FRAME_HEADER_BYTES], size_t len);

/* Takes bytes off the front of IN until FRAME is whole; FRAME->len is 0 when IN ran out first. FRAME points into the
 * chunk where it lay there in one piece, else into the reader's buffer: it is good until the next call and while the
 * chunk is. OM_MALFORMED for a length of 0 or above the limit (the stream is of no further use), OM_IO without memory.
 */
enum om_code om_frame_next(struct om_frame_reader *reader, struct om_frame *frame, struct om_chunk *in,
                           struct om_status *st);

/* Frees the buffer and makes READER fresh. */
void om_frame_reader_free(struct om_frame_reader *reader);

#endif
