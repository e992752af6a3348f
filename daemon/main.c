/* oremarkd: reads its settings, keys and genesis file, then runs the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/io/shell.h"
#include "keys/keyfile.h"
#include "ledger/acts.h"

enum { GENESIS_MAX_BYTES = 1 << 20 /* thousands of members; longer is not a genesis file */ };

static const char help[] =
    "usage: oremarkd --config FILE [--check-config]\n"
    "       oremarkd --settings | --version | --help\n"
    "\n"
    "Runs a member's daemon: keeps its log, mirrors the others, cosigns what it has checked.\n"
    "\n"
    "  -c, --config FILE   settings file\n"
    "      --check-config  read settings, keys and genesis file, say whether they are fit, and end\n"
    "      --settings      print every setting with its meaning and default, as a settings file\n"
    "      --version       print the version\n"
    "      --help          print this\n"
    "\n"
    "It logs to standard error. SIGTERM or SIGINT stops it: what it has taken in is finished and answered first.\n"
    "Exit status: 0 stopped; 2 settings, keys or genesis file are wrong; 3 store, socket or port can't be used.\n";

struct options {
  const char *config;
  bool check_only;
};

/* 2: settings or what they name are wrong; 3: the system. */
static int exit_status(enum om_code code) {
  switch (code) {
    case OM_OK: return 0;
    case OM_NO:
    case OM_USAGE:
    case OM_MALFORMED:
    case OM_REFUSED:
    case OM_MISSING:
    case OM_WAIT: return 2;
    case OM_IO:
    case OM_FULL:
    case OM_BUSY:
    case OM_CORRUPT: return 3;
  }
  return 3;
}

static enum om_code read_genesis(uint8_t **out, size_t *len, const char *path, struct om_status *st) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return om_fail(st, OM_USAGE, NULL, "genesis file %s: %s", path, strerror(errno));
  uint8_t *bytes = malloc(GENESIS_MAX_BYTES + 1);
  OM_ASSERT(bytes != NULL);
  size_t have = 0;
  ssize_t n;
  while ((n = read(fd, bytes + have, GENESIS_MAX_BYTES + 1 - have)) > 0) have += (size_t)n;
  int error = errno;
  close(fd);
  if (n == 0 && have > 0 && have <= GENESIS_MAX_BYTES) {
    *out = bytes;
    *len = have;
    return OM_OK;
  }
  free(bytes);
  if (n < 0) return om_fail(st, OM_USAGE, NULL, "genesis file %s: %s", path, strerror(error));
  return om_fail(st, OM_USAGE, NULL, "genesis file %s: %s", path,
                 have == 0 ? "is empty" : "is longer than a genesis file can be");
}

static enum om_code check_genesis(const uint8_t *bytes, size_t len, const char *path, struct om_status *st) {
  struct om_arena arena = {0};
  const Oremark__Genesis *genesis;
  enum om_code code = om_genesis_check(&genesis, &arena, bytes, len, st);
  if (code != OM_OK) om_wrap(st, "genesis file %s", path);
  om_arena_free(&arena);
  return code;
}

/* NAME (may be NULL) gets the key's name. */
static enum om_code open_key(struct om_secret **out, char name[OM_KEY_NAME_BYTES + 1],
                             const struct om_settings *settings, const char *file, enum om_key_kind kind,
                             struct om_status *st) {
  char path[PATH_MAX];
  struct om_key_info info;
  struct om_passphrase_source source = {.from = OM_PASSPHRASE_NONE};
  if (settings->passphrase_file != NULL)
    source = (struct om_passphrase_source){.from = OM_PASSPHRASE_FILE, .file = settings->passphrase_file};
  int n = snprintf(path, sizeof path, "%s/%s", settings->keys, file);
  if (n < 0 || (size_t)n >= sizeof path) return om_fail(st, OM_USAGE, NULL, "keys: the path is too long");
  if (om_keyfile_info(&info, path, st) != OM_OK) return st->code;
  if (name != NULL) memcpy(name, info.name, sizeof info.name);
  if (info.kind != kind)
    return om_fail(st, OM_USAGE, NULL, "key file %s: holds a %s key, not a %s key", path, om_key_kind_name(info.kind),
                   om_key_kind_name(kind));
  if (info.is_encrypted && settings->passphrase_file == NULL)
    return om_fail(st, OM_USAGE, NULL,
                   "key file %s: is under a passphrase; name the file that holds it by passphrase-file", path);
  return om_keyfile_open(out, &info, path, &source, st);
}

static enum om_code open_keys(struct om_shell_keys *keys, const struct om_settings *settings, struct om_status *st) {
  enum om_code code = open_key(&keys->log, NULL, settings, "log.key", OM_KEY_LOG, st);
  if (code == OM_OK) code = open_key(&keys->cosign, NULL, settings, "cosign.key", OM_KEY_COSIGN, st);
  if (code == OM_OK) code = open_key(&keys->witness, keys->witness_name, settings, "witness.key", OM_KEY_WITNESS, st);
  if (code == OM_OK) code = open_key(&keys->link, NULL, settings, "link.key", OM_KEY_LINK, st);
  if (code == OM_IO || code == OM_MISSING) st->code = code = OM_USAGE; /* a key that can't be read is a wrong setting */
  return code;
}

static void close_keys(struct om_shell_keys *keys) {
  om_secret_free(keys->log);
  om_secret_free(keys->cosign);
  om_secret_free(keys->witness);
  om_secret_free(keys->link);
}

static enum om_code start(const struct options *options, const struct om_settings *settings, struct om_status *st) {
  struct om_shell_keys keys = {0};
  uint8_t *genesis = NULL;
  size_t len = 0;
  enum om_code code = read_genesis(&genesis, &len, settings->genesis, st);
  if (code == OM_OK) code = check_genesis(genesis, len, settings->genesis, st);
  if (code == OM_OK) code = open_keys(&keys, settings, st);
  if (code == OM_OK && !options->check_only) code = om_shell_run(settings, &keys, genesis, len, st);
  if (code == OM_OK && options->check_only && settings->group != NULL && getgrnam(settings->group) == NULL)
    code = om_fail(st, OM_USAGE, NULL, "%s: group: there is no group \"%s\" on this machine", options->config,
                   settings->group);
  if (code == OM_OK && options->check_only) printf("%s: fit\n", options->config);
  close_keys(&keys);
  free(genesis);
  return code;
}

/* -1: go on with OPTIONS; else the exit status. */
static int parse(struct options *options, int argc, char **argv) {
  enum { CHECK = 256, SETTINGS, VERSION, HELP };
  static const struct option known[] = {
      {"config", required_argument, NULL, 'c'},  {"check-config", no_argument, NULL, CHECK},
      {"settings", no_argument, NULL, SETTINGS}, {"version", no_argument, NULL, VERSION},
      {"help", no_argument, NULL, HELP},         {NULL, 0, NULL, 0}};
  for (int at; (at = getopt_long(argc, argv, "c:", known, NULL)) != -1;) {
    switch (at) {
      case 'c': options->config = optarg; break;
      case CHECK: options->check_only = true; break;
      case SETTINGS: om_settings_print(stdout); return 0;
      case VERSION: puts("oremarkd " OREMARK_VERSION); return 0;
      case HELP: fputs(help, stdout); return 0;
      default: fputs("try: oremarkd --help\n", stderr); return 2;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "oremarkd: what is \"%s\"? try: oremarkd --help\n", argv[optind]);
    return 2;
  }
  if (options->config != NULL) return -1;
  fputs("oremarkd: name the settings file with --config FILE; \"oremarkd --settings\" prints one\n", stderr);
  return 2;
}

/* Memory goes round between the loop, the pool and the writer many thousand times a second. Given back to the system
 * each time, every page of it faults again: a tenth of the processor's time when taking in bulk. */
static void keep_memory(void) {
  enum { KEPT_BYTES = 16 << 20, MAPPED_BYTES = 4 << 20, AT_A_TIME_BYTES = 1 << 20 };
  mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
  mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
  mallopt(M_TOP_PAD, AT_A_TIME_BYTES);
}

int main(int argc, char **argv) {
  struct options options = {0};
  struct om_settings settings;
  struct om_status st;
  int status = parse(&options, argc, argv);
  if (status >= 0) return status;
  keep_memory();
  om_sodium_start();
  om_status_clear(&st);
  if (om_settings_load(&settings, options.config, &st) == OM_OK) {
    om_log_set_level(settings.log_level);
    start(&options, &settings, &st);
    om_settings_free(&settings);
  }
  if (st.code != OM_OK) fprintf(stderr, "oremarkd: %s\n", st.text);
  return exit_status(st.code);
}
