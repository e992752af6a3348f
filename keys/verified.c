#include "keys/verified.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { PLACES = 1024 }; /* 32 kB: the heads of a second, of a hundred logs with ten witnesses each */
_Static_assert((int)OM_VERIFIED_BYTES == (int)crypto_hash_sha256_BYTES, "an id is a SHA-256");
_Static_assert(PLACES <= 1 << 16, "a place is found by two bytes of the id");

static struct {
  pthread_mutex_t lock;
  uint8_t ids[PLACES][OM_VERIFIED_BYTES]; /* zeros where nothing is: no id that anybody can find */
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

void om_verified_id(uint8_t id[OM_VERIFIED_BYTES], const uint8_t sig[OM_SIG_BYTES], const uint8_t *msg, size_t len,
                    const uint8_t key[OM_PUBLIC_BYTES]) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, key, OM_PUBLIC_BYTES);
  crypto_hash_sha256_update(&state, sig, OM_SIG_BYTES);
  crypto_hash_sha256_update(&state, msg, len);
  crypto_hash_sha256_final(&state, id);
}

static uint8_t *place(const uint8_t id[OM_VERIFIED_BYTES]) {
  return memory.ids[(id[0] << 8 | id[1]) % PLACES];
}

bool om_verified_known(const uint8_t id[OM_VERIFIED_BYTES]) {
  pthread_mutex_lock(&memory.lock);
  bool known = memcmp(place(id), id, OM_VERIFIED_BYTES) == 0;
  pthread_mutex_unlock(&memory.lock);
  return known;
}

void om_verified_note(const uint8_t id[OM_VERIFIED_BYTES]) {
  pthread_mutex_lock(&memory.lock);
  memcpy(place(id), id, OM_VERIFIED_BYTES);
  pthread_mutex_unlock(&memory.lock);
}
