#include "daemon/io/settings.h"

#include <confuse.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/io/outsiders.h"
#include "daemon/io/settings_text.h"
#include "keys/utf8.h"
#include "keys/vkey.h"

enum {
  SOCKET_PATH_MAX = sizeof((struct sockaddr_un *)NULL)->sun_path - 1,
  GROUP_NAME_MAX = 32,     /* as useradd(8) has it */
  THREADS_MAX = 64,        /* more workers than this only wait for one another */
  INTERVAL_MAX_MS = 10000, /* ten seconds without a new head is an outage */
};

#define MAP_SIZE_MIN ((uint64_t)1 << 20)
#define MAP_SIZE_MAX ((uint64_t)1 << 46) /* half of what a process can address on x86-64 */

#define DOCUMENTS_MAX ((uint64_t)1 << 46) /* as for the store: beyond any disk */

enum kind {
  KIND_TEXT,    /* min and max: length in bytes */
  KIND_NUMBER,  /* min and max: value */
  KIND_SIZE,    /* min and max: bytes */
  KIND_LEVEL,   /* a name of a log level */
  KIND_ADDRESS, /* a list of addresses to listen at */
  KIND_ONE_ADDRESS,
  KIND_VKEYS,     /* a list of logs' keys */
  KIND_OUTSIDERS, /* a list of witnesses' keys with their addresses */
  KIND_PEERS,     /* sections; each has one address */
};

struct setting {
  const char *name;
  enum kind kind;
  size_t offset; /* in struct om_settings */
  uint64_t min;
  uint64_t max;
  const char *preset;  /* what holds when the file is silent; NULL: nothing, or found out at start */
  const char *example; /* shown commented out where there is no preset */
  const char *meaning;
};

#define AT(field) offsetof(struct om_settings, field)

static const struct setting table[] = {
    {"store", KIND_TEXT, AT(store), 1, PATH_MAX - 1, "/var/lib/oremark", NULL,
     "Folder of the logs and all that is derived from them"},
    {"genesis", KIND_TEXT, AT(genesis), 1, PATH_MAX - 1, "/etc/oremark/genesis", NULL, "Genesis file of the network"},
    {"keys", KIND_TEXT, AT(keys), 1, PATH_MAX - 1, "/etc/oremark/keys", NULL,
     "Folder of the daemon's keys: log.key, cosign.key, witness.key, link.key"},
    {"passphrase-file", KIND_TEXT, AT(passphrase_file), 1, PATH_MAX - 1, NULL, "\"/etc/oremark/passphrase\"",
     "File whose first line is the passphrase of the keys, where they have one"},
    {"socket", KIND_TEXT, AT(socket), 1, SOCKET_PATH_MAX, "/run/oremark/oremark.sock", NULL,
     "Unix socket for clients on this machine"},
    {"group", KIND_TEXT, AT(group), 1, GROUP_NAME_MAX, NULL, "\"oremark\"", "Unix group that may use the socket"},
    {"listen", KIND_ADDRESS, AT(listen), 0, 0, NULL, "{\"[::]:7412\", \"192.0.2.1:7412\"}",
     "Addresses at which peers and far clients are awaited, host:port; port 0 is any free one; none by default"},
    {"map-size", KIND_SIZE, AT(map_size), MAP_SIZE_MIN, MAP_SIZE_MAX, "64GiB", NULL,
     "Largest size of the store; address space, not disk, is set aside"},
    {"documents-max", KIND_SIZE, AT(documents_max), 0, DOCUMENTS_MAX, "10GiB", NULL,
     "What the documents may fill that events name (assay certificates, bills of lading), beside the logs"},
    {"log-level", KIND_LEVEL, AT(log_level), 0, 0, "info", NULL,
     "Least important log lines to write: error, warning, info or debug"},
    {"threads", KIND_NUMBER, AT(threads), 1, THREADS_MAX, NULL, "4",
     "Threads that check signatures; by default the number of cores"},
    {"propose-interval-ms", KIND_NUMBER, AT(propose_interval_ms), 0, INTERVAL_MAX_MS, "0", NULL,
     "Shortest time in milliseconds from one head proposed to the witnesses to the next"},
    {"witness-listen", KIND_ONE_ADDRESS, AT(witness_listen), 0, 0, NULL, "\"[::]:7480\"",
     "Address, host:port, where others' logs are witnessed (C2SP tlog-witness) by witness.key; witness.used.KEYID is "
     "written "
     "beside it"},
    {"witness-logs", KIND_VKEYS, AT(witness_logs), 0, 0, NULL, "{\"example.com/log+1f3a0c5d+AQ...\"}",
     "Keys of the logs to witness there, as C2SP vkeys; a key's name is the origin of its log, which may have several"},
    {"outside-witnesses", KIND_OUTSIDERS, AT(outside_witnesses), 0, 0, NULL,
     "{\"witness.example/w1+1f3a0c5d+BA... https://witness.example/\"}",
     "Witnesses outside the network that are asked to cosign the own log's final heads, as key and address; what they "
     "sign is published, and never counts for what is final"},
    {"peer", KIND_PEERS, AT(peers), 0, 0, NULL,
     "\"kokkola.example/log\" {\n#   address = \"kokkola.example:7412\"\n# }",
     "A daemon to keep a link to: the origin of its log, and its address; may be given for many"},
};

enum { SETTINGS = sizeof table / sizeof *table };

/* What the callbacks of libconfuse, which carry no argument of ours, work on. */
struct load {
  struct om_settings *s;
  const char *path;
  struct om_status *st;
  bool failed;
  bool seen[SETTINGS];
  const cfg_t *peer_seen; /* the section whose address has been read */
};

static _Thread_local struct load *load;

static enum om_code no_memory(struct om_status *st) {
  return om_fail(st, OM_IO, NULL, "no memory for the settings");
}

/* ---- values ---- */

/* DIGITS as a number; false if there is anything else in it or it does not fit. */
static bool read_number(uint64_t *out, const char *digits, size_t len) {
  *out = 0;
  for (size_t i = 0; i < len; i++) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    uint64_t digit = (uint64_t)(digits[i] - '0');
    if (*out > (UINT64_MAX - digit) / 10) return false;
    *out = *out * 10 + digit;
  }
  return len > 0;
}

static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"}; /* each 1024 of the one before */

static bool read_size(uint64_t *out, const char *text) {
  size_t digits = strspn(text, "0123456789");
  if (!read_number(out, text, digits)) return false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(text + digits, units[i]) != 0) continue;
    if (*out > UINT64_MAX >> (10 * i)) return false;
    *out <<= 10 * i;
    return true;
  }
  return false;
}

/* BYTES in the largest unit that divides it. */
static void size_text(char out[32], uint64_t bytes) {
  size_t i = 0;
  for (; i + 1 < sizeof units / sizeof *units && bytes > 0 && bytes % 1024 == 0; i++) bytes /= 1024;
  snprintf(out, 32, "%" PRIu64 "%s", bytes, units[i]);
}

static bool host_ok(const char *host, size_t len, bool is_bracketed) {
  if (len == 0 || len >= OM_ADDRESS_HOST_BYTES) return false;
  static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  static const char number[] = "0123456789abcdefABCDEF:.";
  size_t good = strspn(host, is_bracketed ? number : name);
  /* a zone ("fe80::1%eth0") is the name of an interface */
  if (is_bracketed && host[good] == '%') good += 1 + strspn(host + good + 1, name);
  return good >= len;
}

enum om_code om_address_parse(struct om_address *out, const char *text, struct om_status *st) {
  const char *colon = strrchr(text, ':');
  if (colon == NULL) return om_fail(st, OM_USAGE, NULL, "\"%s\" has no port: write host:port", text);
  uint64_t port;
  if (strlen(colon + 1) > 5 || !read_number(&port, colon + 1, strlen(colon + 1)) || port > UINT16_MAX)
    return om_fail(st, OM_USAGE, NULL, "\"%s\": the port is a number from 0 to 65535", text);
  const char *host = text;
  size_t len = (size_t)(colon - text);
  bool is_bracketed = len >= 2 && host[0] == '[' && host[len - 1] == ']';
  if (is_bracketed) {
    host++;
    len -= 2;
  }
  if (!host_ok(host, len, is_bracketed))
    return om_fail(st, OM_USAGE, NULL, "\"%s\": write host:port, an IPv6 address as [address]:port", text);
  memcpy(out->host, host, len);
  out->host[len] = '\0';
  out->port = (uint16_t)port;
  return OM_OK;
}

/* ---- one setting ---- */

static void *field(struct om_settings *s, const struct setting *row) {
  return (char *)s + row->offset;
}

static enum om_code set_text(struct om_settings *s, const struct setting *row, const char *value,
                             struct om_status *st) {
  size_t len = strlen(value);
  if (len < row->min || len > row->max)
    return om_fail(st, OM_USAGE, NULL, "%zu bytes long; allowed are %" PRIu64 " to %" PRIu64, len, row->min, row->max);
  if (!om_text_ok(value, len)) return om_fail(st, OM_USAGE, NULL, "control characters are not allowed");
  char **at = field(s, row);
  char *copy = strdup(value);
  if (copy == NULL) return no_memory(st);
  free(*at);
  *at = copy;
  return OM_OK;
}

static enum om_code set_number(struct om_settings *s, const struct setting *row, const char *value,
                               struct om_status *st) {
  uint64_t number;
  if (!read_number(&number, value, strlen(value)))
    return om_fail(st, OM_USAGE, NULL, "\"%s\" is not a whole number", value);
  if (number < row->min || number > row->max)
    return om_fail(st, OM_USAGE, NULL, "%" PRIu64 " is outside %" PRIu64 " to %" PRIu64, number, row->min, row->max);
  memcpy(field(s, row), &number, sizeof number);
  return OM_OK;
}

static enum om_code set_size(struct om_settings *s, const struct setting *row, const char *value,
                             struct om_status *st) {
  uint64_t bytes;
  if (!read_size(&bytes, value))
    return om_fail(st, OM_USAGE, NULL, "\"%s\" is not a size: a whole number and B, KiB, MiB, GiB or TiB", value);
  if (bytes < row->min || bytes > row->max) {
    char min[32], max[32];
    size_text(min, row->min);
    size_text(max, row->max);
    return om_fail(st, OM_USAGE, NULL, "%s is outside %s to %s", value, min, max);
  }
  memcpy(field(s, row), &bytes, sizeof bytes);
  return OM_OK;
}

static enum om_code set_level(struct om_settings *s, const struct setting *row, const char *value,
                              struct om_status *st) {
  enum om_log_level level;
  if (!om_log_level_parse(&level, value))
    return om_fail(st, OM_USAGE, NULL, "\"%s\" is not one of error, warning, info, debug", value);
  memcpy(field(s, row), &level, sizeof level);
  return OM_OK;
}

static bool is_list(enum kind kind) {
  return kind == KIND_ADDRESS || kind == KIND_VKEYS || kind == KIND_OUTSIDERS;
}

static enum om_code set_one_address(struct om_settings *s, const struct setting *row, const char *value,
                                    struct om_status *st) {
  struct om_address address;
  if (om_address_parse(&address, value, st) != OM_OK) return st->code;
  char **at = field(s, row);
  free(*at);
  *at = strdup(value);
  return *at != NULL ? OM_OK : no_memory(st);
}

static enum om_code check_vkey(const char *value, struct om_status *st) {
  struct om_vkey key;
  if (om_vkey_parse(&key, value, strlen(value), st) != OM_OK) {
    st->code = OM_USAGE;
    return om_wrap(st, "\"%s\"", value);
  }
  if (key.alg == OM_ALG_ED25519) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "\"%s\" is a witness's key, not a log's", value);
}

static enum om_code check_outsider(const char *value, struct om_status *st) {
  struct om_vkey key;
  const char *url;
  return om_outsider_parse(&key, &url, value, st);
}

/* Checks VALUE and keeps it; lists are only checked here and kept once they are whole. */
static enum om_code set_value(struct om_settings *s, const struct setting *row, const char *value,
                              struct om_status *st) {
  struct om_address address;
  switch (row->kind) {
    case KIND_TEXT: return set_text(s, row, value, st);
    case KIND_NUMBER: return set_number(s, row, value, st);
    case KIND_SIZE: return set_size(s, row, value, st);
    case KIND_LEVEL: return set_level(s, row, value, st);
    case KIND_ADDRESS: return om_address_parse(&address, value, st);
    case KIND_ONE_ADDRESS: return set_one_address(s, row, value, st);
    case KIND_VKEYS: return check_vkey(value, st);
    case KIND_OUTSIDERS: return check_outsider(value, st);
    case KIND_PEERS: break;
  }
  om_panic(__FILE__, __LINE__, "a section has no value");
}

static enum om_code set_presets(struct om_settings *s, struct om_status *st) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  s->threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (uint64_t)cores;
  for (size_t i = 0; i < SETTINGS; i++) {
    if (table[i].preset == NULL) continue;
    enum om_code code = set_value(s, &table[i], table[i].preset, st);
    if (code != OM_OK) return code;
  }
  return OM_OK;
}

/* ---- libconfuse ---- */

/* Puts file, line and setting (NULL: none) before the sentence of the status; the first error counts. */
static int fail_at(const cfg_t *cfg, const char *name) {
  load->failed = true;
  if (name != NULL) om_wrap(load->st, "%s", name);
  om_wrap(load->st, "%s:%d", load->path, cfg->line);
  return -1;
}

static void on_error(cfg_t *cfg, const char *fmt, va_list args) {
  if (load->failed) return;
  char text[OM_STATUS_TEXT_BYTES];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  vsnprintf(text, sizeof text, fmt, args);
#pragma GCC diagnostic pop
  om_fail(load->st, OM_USAGE, NULL, "%s", text);
  fail_at(cfg, NULL);
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result) {
  size_t i = 0;
  while (strcmp(table[i].name, opt->name) != 0) OM_ASSERT(++i < SETTINGS);
  /* the values of a list follow each other; when the first comes again the list was set again */
  bool is_again = load->seen[i] && (!is_list(table[i].kind) || opt->nvalues == 1);
  load->seen[i] = true;
  if (is_again) {
    om_fail(load->st, OM_USAGE, NULL, "set a second time");
    return fail_at(cfg, opt->name);
  }
  if (set_value(load->s, &table[i], value, load->st) != OM_OK) return fail_at(cfg, opt->name);
  *(const char **)result = value;
  return 0;
}

static int on_peer_address(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result) {
  struct om_address address;
  enum om_code code = om_address_parse(&address, value, load->st);
  if (code == OM_OK && address.port == 0)
    code = om_fail(load->st, OM_USAGE, NULL, "\"%s\": a peer's port can't be 0", value);
  if (code == OM_OK && load->peer_seen == cfg) code = om_fail(load->st, OM_USAGE, NULL, "set a second time");
  if (code != OM_OK) return fail_at(cfg, opt->name);
  load->peer_seen = cfg;
  *(const char **)result = value;
  return 0;
}

/* After each peer's closing brace. */
static int on_peer(cfg_t *cfg, cfg_opt_t *opt) {
  cfg_t *peer = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
  const char *origin = cfg_title(peer);
  if (!om_key_name_ok(origin, strlen(origin))) {
    om_fail(load->st, OM_USAGE, NULL, "\"%s\" can't be the origin of a log", origin);
    return fail_at(cfg, opt->name);
  }
  if (load->peer_seen == peer) return 0;
  om_fail(load->st, OM_USAGE, NULL, "\"%s\" has no address", origin);
  return fail_at(cfg, opt->name);
}

static enum om_code keep_list(char ***out, size_t *n, cfg_t *cfg, const char *name, struct om_status *st) {
  size_t all = cfg_size(cfg, name);
  *out = calloc(all + 1, sizeof **out);
  if (*out == NULL) return no_memory(st);
  for (; *n < all; (*n)++) {
    (*out)[*n] = strdup(cfg_getnstr(cfg, name, (unsigned)*n));
    if ((*out)[*n] == NULL) return no_memory(st);
  }
  return OM_OK;
}

static enum om_code keep_lists(struct om_settings *s, cfg_t *cfg, struct om_status *st) {
  size_t peers = cfg_size(cfg, "peer");
  if (keep_list(&s->listen, &s->listen_count, cfg, "listen", st) != OM_OK ||
      keep_list(&s->witness_logs, &s->witness_logs_count, cfg, "witness-logs", st) != OM_OK ||
      keep_list(&s->outside_witnesses, &s->outside_witnesses_count, cfg, "outside-witnesses", st) != OM_OK)
    return st->code;
  s->peers = calloc(peers + 1, sizeof *s->peers);
  if (s->peers == NULL) return no_memory(st);
  while (s->peers_count < peers) {
    cfg_t *section = cfg_getnsec(cfg, "peer", (unsigned)s->peers_count);
    struct om_settings_peer *peer = &s->peers[s->peers_count++];
    peer->origin = strdup(cfg_title(section));
    peer->address = strdup(cfg_getstr(section, "address"));
    if (peer->origin == NULL || peer->address == NULL) return no_memory(st);
  }
  return OM_OK;
}

static enum om_code parse(struct om_settings *s, const char *path, const char *text, struct om_status *st) {
  cfg_opt_t peer_opts[] = {CFG_STR_CB("address", NULL, CFGF_NODEFAULT, on_peer_address), CFG_END()};
  cfg_opt_t opts[SETTINGS + 1];
  for (size_t i = 0; i < SETTINGS; i++) {
    cfg_opt_t text_opt = CFG_STR_CB(table[i].name, NULL, CFGF_NODEFAULT, on_value);
    cfg_opt_t list_opt = CFG_STR_LIST_CB(table[i].name, NULL, CFGF_NODEFAULT, on_value);
    cfg_opt_t peer_opt = CFG_SEC(table[i].name, peer_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
    opts[i] = table[i].kind == KIND_PEERS ? peer_opt : is_list(table[i].kind) ? list_opt : text_opt;
  }
  opts[SETTINGS] = (cfg_opt_t)CFG_END();
  cfg_t *cfg = cfg_init(opts, CFGF_NONE);
  if (cfg == NULL) return no_memory(st);
  struct load here = {.s = s, .path = path, .st = st};
  load = &here;
  cfg_set_error_function(cfg, on_error);
  cfg_set_validate_func(cfg, "peer", on_peer);
  enum om_code code = OM_OK;
  errno = 0;
  if (cfg_parse_buf(cfg, text) != CFG_SUCCESS) {
    if (errno == ENOMEM) no_memory(st);
    /* all else that it refuses it has told on_error, but for this */
    if (errno != ENOMEM && !here.failed)
      om_fail(st, OM_USAGE, NULL, "%s:%d: a setting without a name", path, cfg->line);
    code = st->code;
  }
  if (code == OM_OK) code = keep_lists(s, cfg, st);
  cfg_free(cfg);
  load = NULL;
  return code;
}

/* ---- the whole ---- */

enum om_code om_settings_load(struct om_settings *s, const char *path, struct om_status *st) {
  *s = (struct om_settings){.store = NULL};
  char *text;
  enum om_code code = om_settings_text(&text, path, st);
  if (code == OM_OK) code = set_presets(s, st);
  if (code == OM_OK) code = parse(s, path, text, st);
  free(text);
  if (code != OM_OK) om_settings_free(s);
  return code;
}

void om_settings_free(struct om_settings *s) {
  for (size_t i = 0; i < SETTINGS; i++) {
    if (table[i].kind != KIND_TEXT && table[i].kind != KIND_ONE_ADDRESS) continue;
    char **at = field(s, &table[i]);
    free(*at);
  }
  for (size_t i = 0; i < s->listen_count; i++) free(s->listen[i]);
  for (size_t i = 0; i < s->peers_count; i++) {
    free(s->peers[i].origin);
    free(s->peers[i].address);
  }
  for (size_t i = 0; i < s->witness_logs_count; i++) free(s->witness_logs[i]);
  free(s->listen);
  free(s->witness_logs);
  for (size_t i = 0; i < s->outside_witnesses_count; i++) free(s->outside_witnesses[i]);
  free(s->outside_witnesses);
  free(s->peers);
  *s = (struct om_settings){.store = NULL};
}

/* ---- documentation ---- */

static void print_bounds(FILE *out, const struct setting *row) {
  char min[32], max[32];
  switch (row->kind) {
    case KIND_TEXT: fprintf(out, " (text, at most %" PRIu64 " bytes)", row->max); return;
    case KIND_NUMBER: fprintf(out, " (%" PRIu64 " to %" PRIu64 ")", row->min, row->max); return;
    case KIND_SIZE:
      size_text(min, row->min);
      size_text(max, row->max);
      fprintf(out, " (%s to %s)", min, max);
      return;
    case KIND_LEVEL:
    case KIND_ADDRESS:
    case KIND_ONE_ADDRESS:
    case KIND_VKEYS:
    case KIND_OUTSIDERS:
    case KIND_PEERS: return;
  }
}

void om_settings_print(FILE *out) {
  fputs(
      "# Settings of oremarkd. What stands here is what holds without a file; lines to be filled in are commented "
      "out.\n",
      out);
  for (size_t i = 0; i < SETTINGS; i++) {
    const struct setting *row = &table[i];
    fprintf(out, "\n# %s", row->meaning);
    print_bounds(out, row);
    fputs(".\n", out);
    if (row->preset == NULL)
      fprintf(out, "# %s%s%s\n", row->name, row->kind == KIND_PEERS ? " " : " = ", row->example);
    else if (row->kind == KIND_NUMBER)
      fprintf(out, "%s = %s\n", row->name, row->preset);
    else
      fprintf(out, "%s = \"%s\"\n", row->name, row->preset);
  }
}
