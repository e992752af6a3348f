/* Sealed details: what stands beside the log, brought by anybody. Nothing can be opened that was not sealed to the key;
 * and what a person is given as disclosed is read without a daemon, or said to be none. */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/session.h"
#include "fuzz/fuzz.h"
#include "keys/seal.h"

static const uint8_t seed[OM_SEED_BYTES] = {9};
static const uint8_t bound[48] = {1, 2, 3};

static void open_sealed(const uint8_t *data, size_t len) {
  static struct om_secret *secret;
  struct om_status st = {0}, again = {0};
  uint32_t members[OM_SEAL_RECIPIENTS_MAX];
  size_t n, plain_len;
  uint8_t *plain;
  if (secret == NULL) OM_ASSERT(om_secret_new_x25519(&secret, seed, &st) == OM_OK);
  enum om_code named = om_seal_recipients(members, &n, data, len, &st);
  if (named != OM_OK) fuzz_refusal(&st, OM_MALFORMED);
  for (size_t i = 1; i < n; i++) OM_ASSERT(members[i - 1] < members[i]);
  enum om_code code = om_unseal(&plain, &plain_len, data, len, 0, secret, bound, sizeof bound, &again);
  OM_ASSERT((code == OM_OK) == (plain != NULL) && (code == OM_OK || plain_len == 0));
  OM_ASSERT((code == OM_MALFORMED) == (named == OM_MALFORMED));
  if (code != OM_OK) fuzz_refusal(&again, code);
  om_seal_free(plain, plain_len);
}

/* The code with which "detail check" ends where no daemon is: it got as far as asking one, or said what is wrong. */
static void check_disclosure(const uint8_t *data, size_t len) {
  char path[64], name[] = "oremark", option[] = "--socket", nowhere[] = "/nonexistent/socket";
  struct om_args args;
  struct om_session session;
  struct om_status st = {0};
  char *words[] = {name, path, option, nowhere};
  int fd = memfd_create("disclosure", 0);
  OM_ASSERT(fd >= 0 && write(fd, data, len) == (ssize_t)len);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  OM_ASSERT(om_args_parse(&args, om_command_named("detail check"), 4, words, &st) == OM_OK);
  OM_ASSERT(om_session_begin(&session, &args, &st) == OM_OK);
  enum om_code code = args.command->run(&session, &st);
  OM_ASSERT(code == OM_USAGE || code == OM_IO);
  fuzz_refusal(&st, code);
  om_session_end(&session);
  om_args_free(&args);
  close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  open_sealed(data, len);
  check_disclosure(data, len);
  return 0;
}
