/* Links: bytes from a stranger. First byte: initiator or responder; second: how the stream is cut. All keys are
 * fixed, so the corpus can hold a handshake that succeeds. */
#include "daemon/core/link.h"
#include "fuzz/fuzz.h"

static struct om_link *open_link(uint8_t kind) {
  static struct om_secret *local;
  static const uint8_t seed[OM_SEED_BYTES] = {2}, ephemeral[OM_NOISE_KEY_BYTES] = {3},
                       network[OM_LINK_NETWORK_BYTES] = {4};
  struct om_status st = {0};
  struct om_link *link;
  if (!local) OM_ASSERT(om_secret_new_x25519(&local, seed, &st) == OM_OK);
  OM_ASSERT(om_link_open(&link, kind == 1 ? OM_NOISE_INITIATOR : OM_NOISE_RESPONDER, local, ephemeral, network, &st) ==
            OM_OK);
  return link;
}

/* Every frame is sent back, so that the way out is walked too. */
static enum om_code drain(struct om_link *link, struct om_status *st) {
  for (;;) {
    struct om_frame frame;
    enum om_code code = om_link_next(link, &frame, st);
    if (code != OM_OK) return code;
    if (om_link_state(link) == OM_LINK_ASKS) {
      OM_ASSERT(om_link_remote(link) && frame.len == 0);
      if (om_link_admit(link, st) != OM_OK) return st->code;
    } else if (frame.len == 0) {
      return OM_OK;
    } else {
      OM_ASSERT(om_link_state(link) == OM_LINK_OPEN && frame.len <= OM_FRAME_MAX_BYTES);
      code = om_link_send(link, frame.bytes, frame.len, st);
      if (code != OM_OK && code != OM_BUSY) return code;
    }
  }
}

static enum om_code feed(struct om_link *link, const uint8_t *data, size_t len, struct om_status *st) {
  uint8_t *copy = malloc(len), *out;
  size_t out_len;
  OM_ASSERT(copy);
  memcpy(copy, data, len);
  om_link_feed(link, copy, len);
  enum om_code code = drain(link, st);
  free(copy);
  if (code != OM_OK) return code;
  code = om_link_take(link, &out, &out_len, st);
  if (code == OM_OK) free(out);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  struct om_status st = {0}, again = {0};
  struct om_frame frame;
  struct om_link *link = open_link(fuzz_byte(&data, &len) % 2);
  size_t step = 1 + 4 * (size_t)fuzz_byte(&data, &len);
  enum om_code code = OM_OK;
  for (size_t at = 0; at < len && code == OM_OK; at += step)
    code = feed(link, data + at, len - at < step ? len - at : step, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, code);
    OM_ASSERT(om_link_state(link) == OM_LINK_FAILED && om_link_next(link, &frame, &again) == code);
  }
  om_link_close(link);
  return 0;
}
