#include "daemon/io/dialer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/io/logline.h"
#include "daemon/io/wall.h"

enum { PORT_TEXT_BYTES = 6, DOUBLINGS_MAX = 8 /* 200 ms << 8 is over the longest wait */ };

static void set_state(struct om_dial *dial, enum om_dial_state state) {
  dial->state = state;
  dial->since_ms = om_wall_ms();
}

/* Half of the wait is fixed, half is chance: daemons that lost each other do not all come back at once. */
static uint64_t wait_ms(const struct om_dial *dial) {
  uint64_t most = (uint64_t)OM_DIAL_FIRST_MS << (dial->attempts < DOUBLINGS_MAX ? dial->attempts : DOUBLINGS_MAX);
  if (most > OM_DIAL_LONGEST_MS) most = OM_DIAL_LONGEST_MS;
  uint32_t chance = 0;
  if (uv_random(NULL, NULL, &chance, sizeof chance, 0, NULL) != 0) chance = (uint32_t)uv_hrtime();
  return most / 2 + chance % (most / 2 + 1);
}

static void free_if_closed(struct om_dial *dial) {
  if (dial->timer_closed && !dial->looking) free(dial);
}

static void on_found(uv_getaddrinfo_t *lookup, int rc, struct addrinfo *found) {
  struct om_dial *dial = lookup->data;
  dial->looking = false;
  if (dial->closing) {
    if (rc == 0) uv_freeaddrinfo(found);
    free_if_closed(dial);
    return;
  }
  if (rc != 0) {
    if (dial->state == OM_DIAL_CONNECTING) om_dial_down(dial, uv_strerror(rc));
    return;
  }
  if (dial->state != OM_DIAL_CONNECTING) { /* it has come to us meanwhile */
    uv_freeaddrinfo(found);
    return;
  }
  unsigned n = 0;
  for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) n++;
  const struct addrinfo *chosen = found; /* each attempt takes the next address */
  for (unsigned i = dial->attempts % n; i > 0; i--) chosen = chosen->ai_next;
  dial->reach(dial->ctx, dial, chosen->ai_addr);
  uv_freeaddrinfo(found);
}

static void on_timer(uv_timer_t *timer) {
  struct om_dial *dial = timer->data;
  if (dial->state != OM_DIAL_WAITING) return;
  if (dial->looking) { /* an earlier lookup has not ended yet */
    uv_timer_start(timer, on_timer, OM_DIAL_FIRST_MS, 0);
    return;
  }
  char port[PORT_TEXT_BYTES];
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  snprintf(port, sizeof port, "%u", dial->address.port);
  set_state(dial, OM_DIAL_CONNECTING);
  dial->lookup.data = dial;
  int rc = uv_getaddrinfo(timer->loop, &dial->lookup, on_found, dial->address.host, port, &hints);
  if (rc != 0)
    om_dial_down(dial, uv_strerror(rc));
  else
    dial->looking = true;
}

struct om_dial *om_dial_new(uv_loop_t *loop, const struct om_settings_peer *peer, unsigned attempts, void *ctx,
                            void (*reach)(void *ctx, struct om_dial *dial, const struct sockaddr *address)) {
  struct om_dial *dial = calloc(1, sizeof *dial);
  struct om_status st;
  if (dial == NULL) return NULL;
  OM_ASSERT(om_address_parse(&dial->address, peer->address, &st) == OM_OK); /* the settings were checked */
  snprintf(dial->origin, sizeof dial->origin, "%s", peer->origin);
  dial->ctx = ctx;
  dial->reach = reach;
  OM_ASSERT(uv_timer_init(loop, &dial->timer) == 0);
  dial->timer.data = dial;
  dial->attempts = attempts;
  set_state(dial, OM_DIAL_WAITING);
  uv_timer_start(&dial->timer, on_timer, attempts == 0 ? 0 : wait_ms(dial), 0);
  return dial;
}

void om_dial_up(struct om_dial *dial) {
  uv_timer_stop(&dial->timer);
  dial->up_ms = uv_now(dial->timer.loop);
  dial->last_error[0] = '\0';
  set_state(dial, OM_DIAL_CONNECTED);
}

void om_dial_down(struct om_dial *dial, const char *why) {
  if (dial->closing || dial->state == OM_DIAL_WAITING) return;
  if (dial->state == OM_DIAL_CONNECTED && uv_now(dial->timer.loop) - dial->up_ms >= OM_DIAL_STABLE_MS)
    dial->attempts = 0;
  /* The end of a link has been logged; an address that stays dead is one line, not one every half minute. */
  if (dial->state != OM_DIAL_CONNECTED && strcmp(dial->last_error, why) != 0)
    om_log(OM_LOG_INFO, "peer-unreachable", "origin=%s address=%s:%u why=\"%s\"", dial->origin, dial->address.host,
           dial->address.port, why);
  snprintf(dial->last_error, sizeof dial->last_error, "%s", why);
  set_state(dial, OM_DIAL_WAITING);
  uv_timer_start(&dial->timer, on_timer, wait_ms(dial), 0);
  dial->attempts++;
}

unsigned om_dial_attempts(const struct om_dial *dial) {
  return dial->attempts + (dial->state == OM_DIAL_CONNECTED ? 0 : 1);
}

static void on_closed(uv_handle_t *handle) {
  struct om_dial *dial = handle->data;
  dial->timer_closed = true;
  free_if_closed(dial);
}

void om_dial_close(struct om_dial *dial) {
  if (dial->closing) return;
  dial->closing = true;
  if (dial->looking) uv_cancel((uv_req_t *)&dial->lookup);
  uv_close((uv_handle_t *)&dial->timer, on_closed);
}
