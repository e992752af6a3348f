/* A link between daemons: frames over a byte stream, without I/O. The stream is a Noise handshake with empty payloads,
 * then Noise messages that carry the stream of frames; each Noise message stands in a record: u16 big-endian length,
 * then the message. (On the Unix socket the stream is the frames alone: frame.h.)
 *
 * In: om_link_feed a chunk, then om_link_next until it yields nothing.
 *
 * Out: om_link_send frames, then om_link_take the bytes to write. Frames wait to be sealed together, so that many small
 * ones share a record; whatever has been sent is in what om_link_take gives.
 *
 * Between: when om_link_state says OM_LINK_ASKS, the peer has proved om_link_remote to be its key; nothing that it sent
 * later has been looked at. The caller looks the key up and says om_link_admit, or closes. An initiator reveals its own
 * key only after that.
 *
 * The first error ends the link: every later call gives the same status. The caller owns a link and frees it with
 * om_link_close. Thread: one at a time for each link. */
#ifndef OREMARK_DAEMON_CORE_LINK_H
#define OREMARK_DAEMON_CORE_LINK_H

#include "daemon/core/frame.h"
#include "daemon/core/noise.h"

enum {
  OM_LINK_PROLOGUE_BYTES = 16 + 32,     /* "oremark/v1/link" with its NUL, then the network id */
  OM_LINK_NETWORK_BYTES = 32,           /* SHA-256 of the genesis */
  OM_LINK_RECORD_HEADER_BYTES = 2,      /* u16 length of a Noise message */
  OM_LINK_PENDING_MAX_BYTES = 16 << 20, /* sent and not taken: 16 large frames; who gets there is not writing */
};

enum om_link_state {
  OM_LINK_HANDSHAKE, /* waits for the peer's handshake message */
  OM_LINK_ASKS,      /* knows the peer's key; om_link_admit or om_link_close it */
  OM_LINK_OPEN,      /* frames go both ways */
  OM_LINK_FAILED,
};

struct om_link;

/* Opens a link of the network NETWORK. An initiator's first message can be taken at once. LOCAL (this side's
 * X25519 link key) is borrowed as long as the link; EPHEMERAL is 32 fresh random bytes, which the caller wipes. OM_IO
 * without memory. */
enum om_code om_link_open(struct om_link **link, enum om_noise_role role, const struct om_secret *local,
                          const uint8_t ephemeral[OM_NOISE_KEY_BYTES], const uint8_t network[OM_LINK_NETWORK_BYTES],
                          struct om_status *st);

/* Wipes and frees; NULL is fine. */
void om_link_close(struct om_link *link);

enum om_link_state om_link_state(const struct om_link *link);

/* The peer's link key, proved by it; NULL before OM_LINK_ASKS. Good as long as the link. */
const uint8_t *om_link_remote(const struct om_link *link);

/* The caller has found om_link_remote to be a key that it talks to. The state must be OM_LINK_ASKS; it becomes
 * OM_LINK_OPEN. */
enum om_code om_link_admit(struct om_link *link, struct om_status *st);

/* Gives the link bytes that arrived. They are borrowed until om_link_next has yielded nothing in a state other than
 * OM_LINK_ASKS; before that, no more may be fed. */
void om_link_feed(struct om_link *link, const uint8_t *bytes, size_t len);

/* Yields the next frame; FRAME->len is 0 when more bytes are needed, or the peer is to be admitted first. FRAME is good
 * until the next call of om_link_next, om_link_feed or om_link_close, and while what was fed is. OM_MALFORMED when the
 * peer broke the format or the encryption. */
enum om_code om_link_next(struct om_link *link, struct om_frame *frame, struct om_status *st);

/* Queues one frame of LEN bytes (1 to OM_FRAME_MAX_BYTES) from MSG. The state must be OM_LINK_OPEN. OM_BUSY, and the
 * link lives on, when more than OM_LINK_PENDING_MAX_BYTES would wait: take first. OM_IO without memory. */
enum om_code om_link_send(struct om_link *link, const uint8_t *msg, size_t len, struct om_status *st);

/* Gives all bytes that are to be written, in order: *BYTES is the caller's to free() once written; NULL and 0 when
 * there are none. After a failure nothing is given. */
enum om_code om_link_take(struct om_link *link, uint8_t **bytes, size_t *len, struct om_status *st);

/* The prologue both sides must share (Noise section 6): protocol version and network id. */
void om_link_prologue(uint8_t out[OM_LINK_PROLOGUE_BYTES], const uint8_t network[OM_LINK_NETWORK_BYTES]);

#endif
