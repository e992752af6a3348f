/* A daemon is off while the witnesses are replaced by others, one change after the other, until none is left of whom it
 * knows, and one log grows by more than a follower is sent ahead before either. When it is back it comes level by the
 * heads that the log has recorded at each change. Whoever serves it can't read one of them now and then. In a scene of
 * its own: nobody lies, and what else the governors may do is left out. */
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"

enum {
  DAEMONS = 7,
  OFF = DAEMONS - 1,
  BULK_LOG = 1, /* and of the member that follows it */
  FIRST_STEP = 20,
  LAST_STEP = 60,
  LOTS = 7,
  ALIASES = 64,
  ALIAS_BYTES = 128,
  PIECE_BYTES = LOTS * ALIASES * ALIAS_BYTES, /* the aliases of one statement: an entry is little more */
  BULK_BYTES = OM_WINDOW_BYTES / 8 * 9,
  SAY_ONE_IN = 3, /* steps: that the witnesses are to change */
  UNREAD_ONE_IN = 3,
};

enum { BEFORE, FIRST_BULK, FIRST_CHANGE, SECOND_BULK, SECOND_CHANGE, BACK };

static const uint32_t lists[][2] = {{2, 3}, {4, 5}};

size_t sim_missed_daemons(const struct sim *s) {
  return s->scene == SIM_MISSED ? DAEMONS : 0;
}

void sim_missed_begin(struct sim *s) {
  if (s->scene != SIM_MISSED) return;
  s->missed.step = FIRST_STEP + sim_below(s, LAST_STEP - FIRST_STEP);
  s->governs = s->keys.on = false;
}

/* ---- more than a follower is sent ahead ---- */

static Oremark__Event *much(struct sim *s) {
  Oremark__Material *lots[LOTS + 1] = {NULL};
  for (size_t lot = 0; lot < LOTS; lot++) {
    lots[lot] = copper(&s->tale, 4000, 1000);
    lots[lot]->aliases = om_arena_array(&s->tale.arena, ALIASES, sizeof *lots[lot]->aliases);
    lots[lot]->n_aliases = ALIASES;
    for (size_t i = 0; i < ALIASES; i++) {
      char *alias = om_arena_alloc(&s->tale.arena, ALIAS_BYTES + 1);
      snprintf(alias, ALIAS_BYTES + 1, "%0*zu", ALIAS_BYTES, (s->missed.said * LOTS + lot) * ALIASES + i);
      lots[lot]->aliases[i] = alias;
    }
  }
  return extract(&s->tale, 1, lots);
}

static void say_much(struct sim *s) {
  uint32_t member = BULK_LOG + 1;
  s->missed.from = s->canon[BULK_LOG].edge->size;
  for (size_t bytes = 0; bytes < BULK_BYTES; bytes += PIECE_BYTES) {
    om_arena_free(&s->tale.arena);
    s->tale.taken_ms = sim_wall(&s->nodes[member - 1]);
    sim_say(s, member, much(s), NULL, NULL);
    s->missed.said++;
  }
}

static bool much_is_final(const struct sim *s) {
  const struct sim_canon *canon = &s->canon[BULK_LOG];
  size_t bytes = 0;
  for (uint64_t i = s->missed.from; i < canon->edge->size; i++) bytes += canon->entries[i].len;
  return bytes >= BULK_BYTES;
}

/* ---- other witnesses ---- */

static void set_witnesses(struct sim *s, const uint32_t logs[2]) {
  uint32_t list[2] = {logs[0], logs[1]};
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  Oremark__SetWitnesses act = OREMARK__SET_WITNESSES__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  witnesses.n_logs = 2;
  witnesses.logs = list;
  act.witnesses = &witnesses;
  event.kind_case = OREMARK__EVENT__KIND_SET_WITNESSES;
  event.set_witnesses = &act;
  sim_say_act(s, &event, OM_SUBJECT_WITNESSES, 0);
  if (s->verbose) printf("  %llu: other witnesses\n", (unsigned long long)s->step);
}

static bool named(struct sim *s, const uint32_t logs[2]) {
  struct om_txn *txn;
  struct om_witnesses w;
  struct om_status st = {0};
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[0].ledger), &st), &st, "reading");
  sim_must(s, om_registry_witnesses(txn, &w, OM_REGISTRY_NOW, &st), &st, "reading");
  om_txn_abort(txn);
  return w.n == 2 && w.logs[0] == logs[0] && w.logs[1] == logs[1];
}

/* Whether LOG has come to ask those alone, by a head that it has recorded. */
static bool settled(struct sim *s, uint32_t log, const uint32_t logs[2]) {
  struct om_txn *txn;
  struct om_log_info info;
  struct om_quorum quorum;
  struct om_status st = {0};
  if (!s->nodes[log].up) return false;
  sim_must(s, om_txn_read(&txn, om_ledger_store(s->nodes[log].ledger), &st), &st, "reading");
  sim_must(s, om_log_info(txn, &info, log, &st), &st, "reading a log");
  sim_must(s, om_log_quorum(txn, &quorum, log, info.size, &st), &st, "reading who witnesses");
  om_txn_abort(txn);
  for (size_t i = 0; i < quorum.lists[0].n; i++)
    if (quorum.lists[0].daemons[i].log != logs[0] && quorum.lists[0].daemons[i].log != logs[1]) return false;
  return !quorum.changing && info.final_size == info.size;
}

static bool change(struct sim *s, const uint32_t logs[2]) {
  if (!s->nodes[0].up) return false;
  if (!named(s, logs)) {
    if (sim_one_in(s, SAY_ONE_IN)) set_witnesses(s, logs);
    return false;
  }
  for (uint32_t log = 0; log < OFF; log++)
    if (!settled(s, log, logs)) return false;
  return true;
}

/* ---- in turn ---- */

static void switch_off(struct sim_node *n) {
  if (n->up) sim_node_crash(n);
  n->back_ms = INT64_MAX;
}

static bool is_over(struct sim *s) {
  switch (s->missed.phase) {
    case BEFORE: return s->step >= s->missed.step;
    case FIRST_BULK:
    case SECOND_BULK: return much_is_final(s);
    case FIRST_CHANGE: return change(s, lists[0]);
    case SECOND_CHANGE: return change(s, lists[1]);
    default: return false;
  }
}

void sim_missed_step(struct sim *s) {
  if (s->scene != SIM_MISSED || !is_over(s)) return;
  s->missed.phase++;
  if (s->missed.phase == FIRST_BULK) switch_off(&s->nodes[OFF]);
  if (s->missed.phase == FIRST_BULK || s->missed.phase == SECOND_BULK) say_much(s);
  if (s->missed.phase == BACK) s->nodes[OFF].back_ms = s->now_ms;
  if (s->verbose) printf("  %llu: phase %u\n", (unsigned long long)s->step, s->missed.phase);
}

/* ---- what it is served ---- */

static bool recorded(void *ctx, uint8_t *note, size_t *len, uint64_t *size, uint32_t log, uint64_t from) {
  struct sim_node *n = sim_node_of_holdings(ctx);
  struct sim *s = n->sim;
  if (sim_one_in(s, UNREAD_ONE_IN)) {
    s->missed.unread++;
    return false;
  }
  bool some = s->missed.recorded(ctx, note, len, size, log, from);
  s->missed.led_on += some;
  return some;
}

void sim_missed_open(struct sim_node *n, struct om_node_config *config) {
  if (n->sim->scene != SIM_MISSED) return;
  n->sim->missed.recorded = config->recorded; /* the same of all */
  config->recorded = recorded;
}
