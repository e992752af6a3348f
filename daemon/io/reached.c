#include "daemon/io/reached.h"

void om_reached_look(struct om_reached *reached, struct om_store *store, const struct om_job *job) {
  struct om_status st;
  struct om_txn *txn;
  uint64_t size, time_s;
  if (om_txn_read(&txn, store, &st) != OM_OK) return;
  if (om_head_stands(txn, &size, &time_s, job->log, job->action.bytes, job->action.len, &st) == OM_OK) {
    reached->size = size;
    reached->time_s = time_s;
  }
  om_txn_abort(txn);
}

void om_reached_tell(struct om_reached *reached, struct om_clients *clients, uint32_t own_log, int64_t now_ms) {
  if (reached->size == 0 || !om_clients_reached(clients, own_log, reached->size)) return;
  reached->held = true;
  reached->held_ms = now_ms;
}

static void let_go(struct om_reached *reached, struct om_clients *clients) {
  if (!reached->held) return;
  reached->held = false;
  om_clients_shown(clients);
}

void om_reached_done(struct om_reached *reached, struct om_clients *clients) {
  reached->size = 0;
  let_go(reached, clients);
}

void om_reached_tick(struct om_reached *reached, struct om_clients *clients, int64_t now_ms) {
  if (now_ms - reached->held_ms >= OM_REACHED_MS) let_go(reached, clients);
}
