#include "ledger/crew.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/status.h"

struct om_crew {
  pthread_mutex_t lock;
  pthread_cond_t more, done;
  pthread_t threads[OM_CREW_MAX - 1];
  size_t n_threads, n_begun; /* begun: under the lock, each knows by it who it is */
  /* Under the lock: */
  bool ending;
  size_t next, n, under_way;
  void (*each)(void *ctx, size_t who, size_t i);
  void *ctx;
};

/* Does what there is, the lock held at the beginning and at the end. */
static void help(struct om_crew *crew, size_t who) {
  while (crew->next < crew->n) {
    size_t i = crew->next++;
    crew->under_way++;
    pthread_mutex_unlock(&crew->lock);
    crew->each(crew->ctx, who, i);
    pthread_mutex_lock(&crew->lock);
    crew->under_way--;
  }
}

static void *run(void *arg) {
  struct om_crew *crew = arg;
  pthread_mutex_lock(&crew->lock);
  size_t who = ++crew->n_begun;
  while (!crew->ending) {
    help(crew, who);
    if (crew->under_way == 0) pthread_cond_signal(&crew->done);
    if (!crew->ending) pthread_cond_wait(&crew->more, &crew->lock);
  }
  pthread_mutex_unlock(&crew->lock);
  return NULL;
}

struct om_crew *om_crew_new(void) {
  struct om_crew *crew = calloc(1, sizeof *crew);
  OM_ASSERT(crew);
  OM_ASSERT(pthread_mutex_init(&crew->lock, NULL) == 0 && pthread_cond_init(&crew->more, NULL) == 0 &&
            pthread_cond_init(&crew->done, NULL) == 0);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  while ((long)crew->n_threads + 1 < cores && crew->n_threads < OM_CREW_MAX - 1 &&
         pthread_create(&crew->threads[crew->n_threads], NULL, run, crew) == 0)
    crew->n_threads++;
  return crew;
}

size_t om_crew_size(const struct om_crew *crew) {
  return crew ? crew->n_threads + 1 : 1;
}

void om_crew_do(struct om_crew *crew, size_t n, void (*each)(void *ctx, size_t who, size_t i), void *ctx) {
  if (!crew || n == 1) {
    for (size_t i = 0; i < n; i++) each(ctx, 0, i);
    return;
  }
  pthread_mutex_lock(&crew->lock);
  crew->each = each;
  crew->ctx = ctx;
  crew->next = 0;
  crew->n = n;
  pthread_cond_broadcast(&crew->more);
  help(crew, 0);
  while (crew->under_way > 0) pthread_cond_wait(&crew->done, &crew->lock);
  pthread_mutex_unlock(&crew->lock);
}

void om_crew_free(struct om_crew *crew) {
  if (!crew) return;
  pthread_mutex_lock(&crew->lock);
  crew->ending = true;
  pthread_cond_broadcast(&crew->more);
  pthread_mutex_unlock(&crew->lock);
  for (size_t i = 0; i < crew->n_threads; i++) pthread_join(crew->threads[i], NULL);
  pthread_cond_destroy(&crew->more);
  pthread_cond_destroy(&crew->done);
  pthread_mutex_destroy(&crew->lock);
  free(crew);
}
