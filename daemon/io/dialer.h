/* Dialing one address again and again: name lookup, waiting between attempts (0.2 s doubling to 30 s, with jitter),
 * and what came of the last: one attempt at a time for each daemon, wherever its operator says that it is. Making the
 * connection is the owner's. Ownership: om_dial_close frees it within the
 * loop. Thread: the loop's. */
#ifndef OREMARK_DAEMON_IO_DIALER_H
#define OREMARK_DAEMON_IO_DIALER_H

#include <uv.h>

#include "daemon/io/settings.h"
#include "ledger/registry.h"

enum {
  OM_DIAL_FIRST_MS = 200, /* a peer that is just starting is reached soon */
  OM_DIAL_LONGEST_MS = 30000,
  OM_DIAL_STABLE_MS = 10000, /* a link that stood so long was a good one: the next wait is short again */
};

enum om_dial_state { OM_DIAL_WAITING, OM_DIAL_CONNECTING, OM_DIAL_CONNECTED };

struct om_dial {
  char origin[OM_NAME_BYTES + 1]; /* who is expected there */
  struct om_address address;
  enum om_dial_state state;
  int64_t since_ms; /* Unix time */
  char last_error[OM_STATUS_TEXT_BYTES];

  /* the dialer's own */
  uv_timer_t timer;
  uv_getaddrinfo_t lookup;
  bool looking, closing, timer_closed;
  unsigned attempts; /* since the last stable link */
  uint64_t up_ms;    /* loop time at which the link stood */
  void *ctx;
  void (*reach)(void *ctx, struct om_dial *dial, const struct sockaddr *address);
};

/* Begins to dial PEER's address: REACH is called with where to connect; om_dial_up, om_dial_down say what came of
 * it. ATTEMPTS were made in vain before, at another address: the first wait is as long as after these. NULL without
 * memory. */
struct om_dial *om_dial_new(uv_loop_t *loop, const struct om_settings_peer *peer, unsigned attempts, void *ctx,
                            void (*reach)(void *ctx, struct om_dial *dial, const struct sockaddr *address));
/* A link to the peer stands, whoever dialed it. */
void om_dial_up(struct om_dial *dial);
/* It does not, or no more: dialed again after a while. */
void om_dial_down(struct om_dial *dial, const char *why);
void om_dial_close(struct om_dial *dial);
/* Attempts in vain by now, with one under way: for a dial that takes this one's place. */
unsigned om_dial_attempts(const struct om_dial *dial);

#endif
