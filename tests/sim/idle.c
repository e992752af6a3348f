/* An idle network falls silent. Honest daemons alone say nothing but pings. With a liar among them they say something
 * only in answer to it, so much for each thing that it says; and once it says no more, nothing but what still stands in
 * the room makes them speak: that it claims to hold more of a log, for which each asks it once in OM_STALL_MOST_MS. A
 * home that has forked its log goes on to propose and to ask in vain, and is answered: it is hushed, too. Where
 * it leaves no quorum heads stay unsettled, and honest daemons may know of more than they are shown. */
#include <string.h>

#include "sim/sim.h"

enum {
  SETTLE_MS = 5000,
  FORKED_MS = 20000, /* and where a home forks, who brought nothing is asked once more */
  SHORT_STEP_MS = 200,
  IDLE_MS = 60000,
  LONG_STEP_MS = 2000, /* well below a ping's time */
  ANSWERS = 8, /* for each daemon: a message may end the link, and at a new one all is said and asked for again */
  UNSETTLED =
      2,     /* times in OM_STALL_MOST_MS, where nobody can judge a head: some have a minute before the next is asked */
  ASKED = 4, /* times a log is asked for in vain in IDLE_MS: after OM_STALL_MS, then after twice as long each time */
};

void sim_idle_said(struct sim_node *n, uint32_t to, const struct om_peer_message *message) {
  struct sim *s = n->sim;
  const Oremark__PeerMessage *small = message->small;
  if (small != NULL && small->what_case == OREMARK__PEER_MESSAGE__WHAT_PING) return;
  if (sim_liar(n))
    s->idle.lies++;
  else if (small == NULL || small->what_case != OREMARK__PEER_MESSAGE__WHAT_FOLLOW)
    s->idle.talk++;
  else if (!small->follow->stop && s->idle.asked[n->index][to][small->follow->log] < UINT8_MAX)
    s->idle.asked[n->index][to][small->follow->log]++;
}

static void pass(struct sim *s, int64_t ms, int64_t step_ms, bool hushed) {
  memset(&s->idle, 0, sizeof s->idle);
  s->idle.hushed = hushed;
  for (int64_t until = s->now_ms + ms; s->now_ms < until;) sim_step(s, step_ms);
}

/* How often a daemon has asked another for the same log, at most; of honest ones, at all. */
static size_t asked_most(const struct sim *s, bool of_honest) {
  size_t most = 0;
  for (size_t from = 0; from < s->n; from++)
    for (size_t to = 0; to < s->n; to++)
      for (size_t log = 0; log < s->n && !(of_honest && sim_liar(&s->nodes[to])); log++)
        if (s->idle.asked[from][to][log] > most) most = s->idle.asked[from][to][log];
  return most;
}

static void while_it_lies(struct sim *s) {
  pass(s, IDLE_MS, SIM_STEP_MS, false);
  if (s->idle.talk > s->idle.lies * ANSWERS * s->n || asked_most(s, false) > s->idle.lies + ASKED)
    sim_violation(
        s, "to what a liar said in %zu messages, honest daemons have answered %zu, and asked for a log %zu times",
        s->idle.lies, s->idle.talk, asked_most(s, false));
}

static void silent(struct sim *s, size_t asks) {
  size_t of_honest = sim_quorum_left(s) ? 0 : UNSETTLED;
  if (asks < of_honest) asks = of_honest;
  if (s->idle.talk > 0 || s->idle.links > 0 || asked_most(s, true) > of_honest || asked_most(s, false) > asks)
    sim_violation(s, "an idle network has made %zu links and sent %zu messages; a log was asked for %zu times",
                  s->idle.links, s->idle.talk, asked_most(s, false));
}

/* What leans on a log that goes on no further waits for ever: whoever said it has given up. */
static void give_up(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++)
    for (size_t k = 0; k < s->nodes[i].n_statements; k++) s->nodes[i].statements[k]->due_ms = INT64_MAX;
}

void sim_idle(struct sim *s) {
  bool liars = false;
  for (size_t i = 0; i < s->n; i++) liars |= sim_liar(&s->nodes[i]);
  give_up(s);
  pass(s, SETTLE_MS, SIM_STEP_MS, false);
  if (sim_forked(s)) pass(s, FORKED_MS, SHORT_STEP_MS, false);
  if (!liars) {
    pass(s, IDLE_MS, SIM_STEP_MS, false);
    silent(s, 0);
    return;
  }
  while_it_lies(s);
  pass(s, OM_STALL_MOST_MS, LONG_STEP_MS, true);
  pass(s, OM_STALL_MOST_MS, LONG_STEP_MS, true);
  silent(s, 1);
}
