/* The settings file. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/io/settings.h"
#include "fuzz/fuzz.h"

static void check(const struct om_settings *s) {
  struct om_address a;
  struct om_status st = {0};
  OM_ASSERT(s->threads >= 1 && s->map_size > 0);
  for (size_t i = 0; i < s->listen_count; i++) OM_ASSERT(om_address_parse(&a, s->listen[i], &st) == OM_OK);
  for (size_t i = 0; i < s->peers_count; i++)
    OM_ASSERT(s->peers[i].origin && om_address_parse(&a, s->peers[i].address, &st) == OM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  struct om_settings s;
  struct om_status st = {0};
  char path[64];
  int fd = memfd_create("settings", MFD_CLOEXEC);
  OM_ASSERT(fd >= 0 && (len == 0 || write(fd, data, len) == (ssize_t)len));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  enum om_code code = om_settings_load(&s, path, &st);
  close(fd);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_USAGE);
    return 0;
  }
  check(&s);
  om_settings_free(&s);
  return 0;
}
