#include "daemon/io/overdue.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

enum { NOBODY = -1 };

#define SECOND_NS ((uint64_t)1000000000)

struct om_overdue_slot {
  int fd; /* NOBODY: free */
  uint64_t until;
};

struct om_overdue {
  uv_thread_t thread;
  uv_mutex_t lock;
  uv_cond_t change;
  uint64_t time_ns; /* of each */
  /* Under the lock: */
  bool stopping;
  size_t max, used;
  struct om_overdue_slot slots[];
};

static void look(struct om_overdue *o) {
  uint64_t now = uv_hrtime();
  for (size_t i = 0; i < o->max; i++)
    if (o->slots[i].fd != NOBODY && o->slots[i].until <= now) shutdown(o->slots[i].fd, SHUT_RDWR);
}

static void run(void *arg) {
  struct om_overdue *o = arg;
  uv_mutex_lock(&o->lock);
  while (!o->stopping) {
    if (o->used == 0)
      uv_cond_wait(&o->change, &o->lock);
    else
      uv_cond_timedwait(&o->change, &o->lock, SECOND_NS);
    look(o);
  }
  uv_mutex_unlock(&o->lock);
}

enum om_code om_overdue_start(struct om_overdue **out, size_t max, unsigned seconds, struct om_status *st) {
  struct om_overdue *o = calloc(1, sizeof *o + max * sizeof *o->slots);
  *out = NULL;
  OM_ASSERT(o != NULL && uv_mutex_init(&o->lock) == 0 && uv_cond_init(&o->change) == 0);
  o->time_ns = seconds * SECOND_NS;
  o->max = max;
  for (size_t i = 0; i < max; i++) o->slots[i].fd = NOBODY;
  if (uv_thread_create(&o->thread, run, o) == 0) {
    *out = o;
    return OM_OK;
  }
  uv_cond_destroy(&o->change);
  uv_mutex_destroy(&o->lock);
  free(o);
  return om_fail(st, OM_IO, NULL, "no thread to watch over connections");
}

void om_overdue_stop(struct om_overdue *o) {
  if (o == NULL) return;
  OM_ASSERT(o->used == 0);
  uv_mutex_lock(&o->lock);
  o->stopping = true;
  uv_cond_signal(&o->change);
  uv_mutex_unlock(&o->lock);
  uv_thread_join(&o->thread);
  uv_cond_destroy(&o->change);
  uv_mutex_destroy(&o->lock);
  free(o);
}

struct om_overdue_slot *om_overdue_add(struct om_overdue *o, int fd) {
  struct om_overdue_slot *slot = NULL;
  uv_mutex_lock(&o->lock);
  for (size_t i = 0; i < o->max && slot == NULL; i++)
    if (o->slots[i].fd == NOBODY) slot = &o->slots[i];
  if (slot != NULL) {
    *slot = (struct om_overdue_slot){fd, uv_hrtime() + o->time_ns};
    if (o->used++ == 0) uv_cond_signal(&o->change);
  }
  uv_mutex_unlock(&o->lock);
  return slot;
}

void om_overdue_again(struct om_overdue *o, struct om_overdue_slot *slot) {
  uv_mutex_lock(&o->lock);
  slot->until = uv_hrtime() + o->time_ns;
  uv_mutex_unlock(&o->lock);
}

void om_overdue_remove(struct om_overdue *o, struct om_overdue_slot *slot) {
  uv_mutex_lock(&o->lock);
  slot->fd = NOBODY;
  o->used--;
  uv_mutex_unlock(&o->lock);
}
