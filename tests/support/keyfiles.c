#include "support/keyfiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/base64.h"
#include "keys/vkey.h"

void write_file(const char *path, const void *data, size_t len) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  OM_ASSERT(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
}

/* The seed is what network.c makes its keys from. */
static void write_key(const char *path, const char *kind_name, enum om_alg alg, uint32_t kind, uint32_t number,
                      const char *name, const struct om_secret *secret) {
  uint8_t seed[OM_SEED_BYTES] = {0};
  char secret_text[OM_BASE64_BYTES(OM_SEED_BYTES)], public_text[OM_VKEY_BYTES], file[1024];
  om_be32(seed, kind);
  om_be32(seed + 4, number + 1);
  om_base64(secret_text, sizeof secret_text, seed, sizeof seed);
  if (strcmp(kind_name, "link") == 0)
    om_base64(public_text, sizeof public_text, om_secret_public(secret), OM_PUBLIC_BYTES);
  else
    om_vkey_format(public_text, name, alg, om_secret_public(secret));
  int n =
      snprintf(file, sizeof file,
               "oremark key file, version 1\nkind: %s\nname: %s\npublic: %s\ncreated: 2026-01-01\nsecret: plain %s\n",
               kind_name, name, public_text, secret_text);
  OM_ASSERT(n > 0 && (size_t)n < sizeof file);
  write_file(path, file, (size_t)n);
}

void network_write_keys(const struct network *net, size_t daemon, const char *folder) {
  char path[1024], name[64];
  uint32_t number = (uint32_t)daemon;
  OM_ASSERT(mkdir(folder, 0700) == 0);
  snprintf(name, sizeof name, "daemon%zu.example/log", daemon);
  snprintf(path, sizeof path, "%s/log.key", folder);
  write_key(path, "log", OM_ALG_ED25519, 2, number, name, net->log_keys[daemon]);
  snprintf(path, sizeof path, "%s/cosign.key", folder);
  write_key(path, "cosign", OM_ALG_COSIGNATURE, 3, number, name, net->cosign_keys[daemon]);
  snprintf(path, sizeof path, "%s/witness.key", folder);
  write_key(path, "witness", OM_ALG_COSIGNATURE, 4, number, name, net->witness_keys[daemon]);
  snprintf(path, sizeof path, "%s/link.key", folder);
  write_key(path, "link", OM_ALG_ED25519, 5, number, name, net->link_keys[daemon]);
}

void network_write_member_key(const struct network *net, uint32_t member, const char *path) {
  char name[64];
  snprintf(name, sizeof name, "member%u.example", member);
  write_key(path, "member", OM_ALG_ED25519, 1, member - 1, name, net->member_keys[member - 1]);
}
