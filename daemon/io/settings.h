/* The settings file of oremarkd (libconfuse syntax: name = value, lists in braces, # comments, "${NAME}" for the
 * environment). Every setting stands in one table in settings.c with its type, bounds, default and meaning;
 * om_settings_print writes that table as a settings file. Unknown, repeated, ill-typed and out-of-range settings are
 * refused with file and line. A struct om_settings owns its strings; om_settings_free ends it. Thread: one load at a
 * time in a process (libconfuse's reader is global); a loaded struct may be read by all. */
#ifndef OREMARK_DAEMON_IO_SETTINGS_H
#define OREMARK_DAEMON_IO_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/io/logline.h"
#include "keys/status.h"

enum {
  OM_SETTINGS_FILE_MAX_BYTES = 1 << 20, /* room for 10,000 peers; a log given by mistake is not read to its end */
  OM_ADDRESS_HOST_BYTES = 254,          /* a DNS name of 253 characters and a NUL */
};

/* Where to connect or listen. */
struct om_address {
  char host[OM_ADDRESS_HOST_BYTES]; /* name or number, brackets taken off; "" never */
  uint16_t port;
};

/* Reads "host:port" or "[IPv6]:port". OM_USAGE with the reason. Port 0 is read; om_settings_load takes it for listen
 * only, where it means any free port. */
enum om_code om_address_parse(struct om_address *out, const char *text, struct om_status *st);

struct om_settings_peer {
  char *origin;  /* name of the peer's log */
  char *address; /* "host:port", checked */
};

struct om_settings {
  char *store;
  char *genesis;
  char *keys;
  char *passphrase_file; /* NULL: keys are stored plain */
  char *socket;
  char *group;   /* NULL: the socket keeps the daemon's own group */
  char **listen; /* "host:port", checked */
  size_t listen_count;
  struct om_settings_peer *peers;
  size_t peers_count;
  char *witness_listen; /* "host:port", checked; NULL: no log of others is witnessed */
  char **witness_logs;  /* vkeys of others' logs, checked */
  size_t witness_logs_count;
  char **outside_witnesses; /* "VKEY URL", checked */
  size_t outside_witnesses_count;
  uint64_t map_size;      /* bytes */
  uint64_t documents_max; /* bytes of documents together */
  uint64_t threads;       /* workers that check signatures */
  uint64_t propose_interval_ms;
  enum om_log_level log_level;
};

/* Reads the settings file at PATH over the defaults. OM_USAGE for what it says ("oremarkd.conf:12: threads: ..."),
 * OM_IO if it can't be read. On failure S holds nothing. No file or folder that a setting names is looked at. */
enum om_code om_settings_load(struct om_settings *s, const char *path, struct om_status *st);

/* Frees what S owns and clears it. */
void om_settings_free(struct om_settings *s);

/* Writes every setting with its meaning, bounds and default, as a settings file that changes nothing. */
void om_settings_print(FILE *out);

#endif
