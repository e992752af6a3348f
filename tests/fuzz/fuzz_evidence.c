/* Evidence against logs: what the ledger makes of a file, and what the command says of it. */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/session.h"
#include "fuzz/fuzz.h"
#include "ledger/evidence.h"

/* The code with which verify-evidence ends. */
static enum om_code command(const uint8_t *data, size_t len, char *json) {
  char path[64], name[] = "oremark";
  struct om_args args;
  struct om_session session;
  struct om_status st = {0};
  char *words[] = {name, path, json}, *said = NULL;
  size_t said_len = 0;
  int fd = memfd_create("evidence", 0);
  OM_ASSERT(fd >= 0 && write(fd, data, len) == (ssize_t)len);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  OM_ASSERT(om_args_parse(&args, om_command_named("verify-evidence"), json ? 3 : 2, words, &st) == OM_OK);
  OM_ASSERT(om_session_begin(&session, &args, &st) == OM_OK);
  session.out = open_memstream(&said, &said_len);
  OM_ASSERT(session.out);
  enum om_code code = args.command->run(&session, &st);
  fclose(session.out);
  if (code != OM_OK) fuzz_refusal(&st, code);
  OM_ASSERT(code == OM_OK || code == OM_WAIT ? said_len > 0 : said_len == 0);
  for (size_t i = 0; i < said_len; i++) OM_ASSERT((uint8_t)said[i] >= ' ' || said[i] == '\n');
  free(said);
  om_session_end(&session);
  om_args_free(&args);
  close(fd);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_evidence_verdict v;
  struct om_checkpoint about;
  struct om_status st = {0}, again = {0};
  enum om_evidence_what what;
  static char json[] = "--json";
  enum om_code code = om_evidence_check(data, len, &v, &st);
  enum om_code named = om_evidence_about(data, len, &what, &about, &again);
  if (named != OM_OK) fuzz_refusal(&again, OM_MALFORMED);
  if (code != OM_OK) {
    OM_ASSERT(code == OM_MALFORMED || code == OM_NO);
    fuzz_refusal(&st, code);
  } else {
    OM_ASSERT(named == OM_OK && what == v.what && v.n_both <= OM_WITNESSES_MAX);
    bool fork = what == OM_EVIDENCE_OF_FORK;
    OM_ASSERT(about.size == (fork ? v.smaller.size : v.index));
    OM_ASSERT(om_hash_equal(&about.root, fork ? &v.smaller.root : &v.leaf));
    OM_ASSERT(fork ? v.smaller.size <= v.larger.size : v.index < v.larger.size);
  }
  if (len > OM_EVIDENCE_MAX_BYTES) return 0; /* longer than a file may be */
  enum om_code said = command(data, len, NULL);
  OM_ASSERT(said == command(data, len, json));
  OM_ASSERT(said == (code == OM_MALFORMED                           ? OM_USAGE
                     : code == OM_NO                                ? OM_NO
                     : v.what == OM_EVIDENCE_OF_FORK || v.malformed ? OM_OK
                                                                    : OM_WAIT));
  return 0;
}
