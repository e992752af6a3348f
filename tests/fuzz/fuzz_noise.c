/* Noise handshake messages, and transport messages behind them: the input is a row of messages, each behind its u16
 * length. First byte: the role. */
#include "daemon/core/noise.h"
#include "fuzz/fuzz.h"

static uint8_t out[OM_NOISE_MESSAGE_BYTES], payload[OM_NOISE_MESSAGE_BYTES];

static enum om_code receive(struct om_noise *noise, const uint8_t *msg, size_t len, struct om_status *st) {
  size_t n = 0;
  enum om_code code = om_noise_turn(noise) == OM_NOISE_READS ? om_noise_read(noise, payload, &n, msg, len, st)
                                                             : om_noise_decrypt(noise, payload, &n, msg, len, st);
  OM_ASSERT(code != OM_OK || n <= len);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_secret *local;
  static const uint8_t seed[OM_SEED_BYTES] = {2}, ephemeral[OM_NOISE_KEY_BYTES] = {3};
  struct om_status st = {0};
  struct om_noise *noise;
  size_t n;
  if (!local) OM_ASSERT(om_secret_new_x25519(&local, seed, &st) == OM_OK);
  enum om_noise_role role = fuzz_byte(&data, &len) % 2 ? OM_NOISE_RESPONDER : OM_NOISE_INITIATOR;
  OM_ASSERT(om_noise_begin(&noise, role, local, ephemeral, (const uint8_t *)"fuzz", 4, &st) == OM_OK);
  for (enum om_code code = OM_OK; code == OM_OK;) {
    if (om_noise_turn(noise) == OM_NOISE_WRITES) {
      code = om_noise_write(noise, out, &n, sizeof out, NULL, 0, &st);
      continue;
    }
    if (len < 2) break;
    n = (size_t)data[0] << 8 | data[1];
    if (n > len - 2) n = len - 2;
    uint8_t *msg = malloc(n);
    OM_ASSERT(msg || n == 0);
    if (n) memcpy(msg, data + 2, n);
    code = receive(noise, msg, n, &st);
    if (code != OM_OK) fuzz_refusal(&st, OM_MALFORMED);
    free(msg);
    data += 2 + n;
    len -= 2 + n;
  }
  OM_ASSERT((om_noise_turn(noise) == OM_NOISE_TRANSPORT) <= (om_noise_remote(noise) != NULL));
  om_noise_end(noise);
  return 0;
}
