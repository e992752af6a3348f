/* oremark-sim: runs seeds, one after the other, until one shows something that must not be. */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/io/logline.h"
#include "sim/sim.h"
#include "support/seed.h"

enum { HEAL_MS = 180000, FORKED_MS = 10000, DEAR_STEPS = 16, STEPS = 240, FORK_QUIET_STEPS = 80, SKEW_MS = 150000 };

uint64_t sim_below(struct sim *s, uint64_t limit) {
  return test_below(&s->random, limit);
}

bool sim_one_in(struct sim *s, uint64_t n) {
  return sim_below(s, n) == 0;
}

/* FNV-1a. */
void sim_trace(struct sim *s, const void *bytes, size_t len) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i < len; i++) s->trace = (s->trace ^ at[i]) * 0x100000001b3u;
}

static void clear_folders(const struct sim *s) {
  for (size_t i = 0; i < SIM_NODES; i++) {
    if (s->nodes[i].path != NULL) remove_folder(s->nodes[i].path);
    if (s->nodes[i].backup != NULL) remove_folder(s->nodes[i].backup);
  }
}

void sim_violation(const struct sim *s, const char *format, ...) {
  va_list args;
  printf("violation: seed %" PRIu64 ", step %" PRIu64 ": ", s->seed, s->step);
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  printf("\n");
  fflush(stdout);
  clear_folders(s);
  _exit(1);
}

void sim_must(const struct sim *s, enum om_code code, const struct om_status *st, const char *doing) {
  if (code != OM_OK) sim_violation(s, "%s: %s", doing, st->text);
}

/* ---- what happens to the network ---- */

static void part_nodes(struct sim *s, bool by_face) {
  bool side[SIM_NODES];
  for (size_t i = 0; i < s->n_nodes; i++) side[i] = by_face ? s->nodes[i].side : sim_one_in(s, 2);
  for (uint32_t a = 0; a < s->n_nodes; a++)
    for (uint32_t b = 0; b < a; b++) {
      const struct sim_node *x = &s->nodes[a], *y = &s->nodes[b];
      bool parted = side[a] != side[b] && !(by_face && (x->cosigns_all || y->cosigns_all));
      if (s->scene == SIM_FREEZE) parted = parted || sim_liar(x) != sim_liar(y);
      if (x->two_faced || y->two_faced) parted = parted && side[a] != side[b];
      s->parted[a][b] = s->parted[b][a] = parted;
      if (parted) sim_cut(s, a, b);
    }
}

static void mend(struct sim *s) {
  memset(s->parted, 0, sizeof s->parted);
}

static void links(struct sim *s) {
  for (uint32_t a = 0; a < s->n_nodes; a++)
    for (uint32_t b = 0; b < a; b++) {
      if (!s->linked[a][b] && sim_one_in(s, 4)) sim_link(s, a, b);
      if (!s->healing && sim_one_in(s, 600)) sim_cut(s, a, b);
    }
}

static void jump_clock(struct sim *s) {
  s->nodes[sim_below(s, s->n)].skew_ms = (int64_t)sim_below(s, 2 * SKEW_MS) - SKEW_MS;
}

/* It waits for a while for a good moment: everybody hears it. */
static void fork_home(struct sim *s, struct sim_node *n) {
  bool heard = true;
  for (size_t i = 0; i < s->n; i++) heard = heard && (i == n->index || s->linked[n->index][i]);
  if (s->change_step != 0 && !s->changed) return;
  if (!n->up || (!heard && s->step < s->fork_step + 60)) return;
  s->fork_step = s->step;
  sim_node_fork(n);
  if (s->scene == SIM_FREEZE) sim_freeze_forked(s);
  s->quiet = s->change_step != 0 || s->scene == SIM_FREEZE || sim_one_in(s, 2);
  if (s->quiet && s->change_step == 0)
    part_nodes(s, true); /* while those who see one face don't hear those who see the other */
  if (s->verbose) printf("  %llu: daemon %u forks its log\n", (unsigned long long)s->step, n->daemon);
}

static void mishap(struct sim *s) {
  if (sim_forked(s) && s->step < s->fork_step + FORK_QUIET_STEPS && s->quiet) return;
  if (sim_one_in(s, 60)) part_nodes(s, false);
  if (sim_one_in(s, 40)) mend(s);
  if (sim_one_in(s, 80)) jump_clock(s);
  for (size_t i = 0; i < s->n; i++) {
    if (s->nodes[i].two_faced && s->step >= s->fork_step && !sim_forked(s)) fork_home(s, &s->nodes[i]);
    if (!s->nodes[i].two_faced && sim_forked(s) && sim_one_in(s, 200)) sim_node_swap(&s->nodes[i]);
  }
  struct sim_node *n = &s->nodes[sim_below(s, s->n_nodes)];
  if (n->up && sim_one_in(s, 100)) sim_node_crash(n);
  if (s->loss_step != 0 && sim_one_in(s, 20)) sim_back_up(n);
  if (s->loss_step != 0 && s->step >= s->loss_step && sim_one_in(s, 4)) sim_lose_store(n);
}

void sim_step(struct sim *s, int64_t ms) {
  s->step++;
  s->now_ms += ms;
  if (!s->healing) mishap(s);
  for (size_t i = 0; i < s->n_nodes; i++)
    if (!s->nodes[i].up && s->now_ms >= s->nodes[i].back_ms) sim_node_open(&s->nodes[i]);
  links(s);
  sim_operators_step(s);
  sim_seal_step(s);
  if (!s->healing) sim_races_step(s);
  sim_restart_step(s);
  sim_succession_step(s);
  sim_join_step(s);
  sim_missed_step(s);
  sim_policy_step(s);
  if (!s->healing) sim_governors_step(s);
  if (!s->healing) sim_govern_step(s);
  if (!s->healing) sim_keys_step(s);
  if (!s->healing) sim_story_step(s);
  if (!s->healing) sim_overrule_step(s);
  sim_documents_step(s);
  sim_deliver(s);
  for (size_t i = 0, begin = sim_below(s, s->n_nodes); i < s->n_nodes; i++) {
    struct sim_node *n = &s->nodes[(begin + i) % s->n_nodes];
    if (n->up && s->step % 2 == 0) om_node_tick(n->node, s->now_ms);
    sim_node_pump(n);
    sim_node_batch(n);
  }
  bool much = s->scene == SIM_MISSED; /* too much for every time */
  if (!s->healing && s->step % DEAR_STEPS == 0 && !much) sim_check_all(s);
}

/* ---- a run ---- */

/* One home that forks its log does no harm by itself, nor with one witness that helps it where five or more make a
 * quorum of all but one. Of three witnesses none may be useless: all must sign. */
static void choose_liars(struct sim *s) {
  if (s->change_step != 0) {
    s->nodes[1 + sim_below(s, s->n - 1)].two_faced = sim_one_in(s, 2);
    return;
  }
  if (s->n >= 5 && sim_one_in(s, 2)) s->loss_step = 40 + sim_below(s, 150);
  struct sim_node *n = &s->nodes[sim_below(s, s->n)];
  if (sim_one_in(s, 2)) {
    n->two_faced = true;
    s->fork_step = 10 + sim_below(s, 120);
    struct sim_node *helper = &s->nodes[sim_below(s, s->n)];
    if (s->n >= 5 && helper != n && s->loss_step == 0) helper->cosigns_all = true;
    return;
  }
  if (s->n < 5 || s->loss_step != 0) return;
  switch (sim_below(s, 8)) {
    case 0: n->mute = true; break;
    case 1: n->alters = true; break;
    case 2: n->cosigns_all = true; break;
    case 3: n->replays = true; break;
    case 4: n->boasts = true; break;
    case 5:
    case 6:
      n->feeds = true;
      n->victim = (n->index + 1 + (uint32_t)(s->seed % (s->n - 1))) % (uint32_t)s->n;
      break;
    default: break;
  }
}

/* Who forks the registry log is a witness of the log that is sealed, and lies there too, in both faces. */
static bool too_many_liars(const struct sim *s) {
  bool helped = false;
  for (size_t i = 0; i < s->n; i++) helped |= s->nodes[i].cosigns_all;
  return s->nodes[0].two_faced && helped;
}

/* In every third seed where all are honest, two that can't reach each other. */
static void choose_behind(struct sim *s) {
  uint32_t first = (uint32_t)(s->seed / 3 % s->n);
  for (size_t i = 0; i < s->n; i++)
    if (s->seed % 3 != 0 || s->nodes[i].two_faced || sim_liar(&s->nodes[i])) return;
  s->nodes[first].behind = s->nodes[(first + 1) % s->n].behind = true;
}

/* What befalls the network in this seed, but for what members do. */
static void choose_plot(struct sim *s) {
  if (s->join_step == 0) choose_liars(s);
  if (s->join_step == 0 && s->change_step == 0 && sim_one_in(s, 3)) s->seal_step = 50 + sim_below(s, 80);
  if (too_many_liars(s)) s->seal_step = 0;
  choose_behind(s);
  if (s->join_step == 0) sim_restart_begin(s);
}

static void open_sim(struct sim *s) {
  bool any = s->scene == SIM_ANY;
  s->random = s->seed * 0x9E3779B97F4A7C15u + 1;
  s->trace = 0xcbf29ce484222325u;
  s->n = s->n_nodes = any ? 4 + sim_below(s, 3) : s->scene == SIM_FREEZE ? 5 : 5 + sim_below(s, 2);
  s->ended_at = UINT64_MAX;
  if (any && s->n == 6 && sim_one_in(s, 2)) s->change_step = 30 + sim_below(s, 60);
  if (any && s->change_step == 0 && sim_one_in(s, 6)) s->join_step = 20 + sim_below(s, 80);
  if (sim_missed_daemons(s) > 0) s->n = s->n_nodes = sim_missed_daemons(s);
  size_t named = s->join_step != 0 ? s->n - 1 : s->n;
  network_open_part(&s->net, s->n, named, s->scene == SIM_MISSED ? 2 : s->change_step != 0 ? s->n / 2 : named);
  sim_check_begin(s);
  for (uint32_t i = 0; i < s->n; i++) {
    s->nodes[i].sim = s;
    s->nodes[i].daemon = s->nodes[i].index = i;
    s->nodes[i].path = temp_folder();
  }
  if (any) choose_plot(s);
  sim_freeze_begin(s);
  sim_govern_begin(s);
  sim_races_begin(s);
  sim_keys_begin(s);
  sim_governors_begin(s);
  sim_missed_begin(s);
  sim_policy_begin(s);
  sim_overrule_begin(s);
  sim_succession_begin(s);
  sim_documents_begin(s);
  for (uint32_t i = 0; i < s->n; i++) sim_node_open(&s->nodes[i]);
  sim_story_begin(s);
}

static void close_sim(struct sim *s) {
  for (size_t i = 0; i < s->n_nodes; i++) sim_node_close(&s->nodes[i]);
  sim_check_end(s);
  free(s->call);
  free(s->restart);
  om_arena_free(&s->tale.arena);
  sim_keys_end(s);
  sim_succession_end(s);
  sim_governors_end(s);
  sim_documents_end(s);
  network_close(&s->net);
}

static void heal(struct sim *s) {
  s->healing = true;
  mend(s);
  for (size_t i = 0; i < s->n; i++) s->nodes[i].skew_ms = SKEW_MS; /* nobody is behind what was recorded */
  int64_t until = s->now_ms + HEAL_MS;
  while (s->now_ms < until && !sim_converged(s)) sim_step(s, SIM_STEP_MS);
  bool converged = sim_converged(s);
  if (!converged || s->verbose) sim_show(s);
  if (!converged) sim_violation(s, "healed %d s ago, and honest daemons do not agree", HEAL_MS / 1000);
  sim_check_all(s);
  if (s->restart != NULL || s->succession.lost) sim_check_blame(s);
}

static uint64_t run(enum sim_scene scene, uint64_t seed, uint64_t steps, bool verbose) {
  struct sim *s = calloc(1, sizeof *s);
  OM_ASSERT(s != NULL);
  s->scene = scene;
  s->seed = seed;
  s->verbose = verbose;
  open_sim(s);
  for (uint64_t i = 0; i < steps; i++) sim_step(s, SIM_STEP_MS);
  heal(s);
  sim_idle(s);
  sim_cover(s);
  if (s->scene == SIM_SUCCESSION && !sim_succeeded(s))
    sim_violation(s, "the registry log does not go on under another daemon");
  printf("seed %" PRIu64
         ": %zu daemons, %zu said, %zu taken, %zu refused, %zu lots final, %zu final heads, %zu crashes, %zu stores "
         "lost, %zu lots given, %zu released, %zu as %zu were overruled, %zu by one of %zu mandates, %zu claims, %zu "
         "governments, %zu limits, %zu "
         "rules, %zu upgrades, %zu documents fetched, %zu erased"
         ", trace %016" PRIx64 "\n",
         seed, s->n, s->told, s->accepted, s->refused, s->n_model, s->finals, s->crashes, s->lost, s->taken_over,
         s->released, s->overruled.released, s->overruled.n, s->by_mandate, s->n_mandates, s->claims,
         s->governors.changes, s->policy.n_limits - 1, s->policy.n_rules - 1, s->policy.upgrades, s->documents.fetched,
         s->documents.erasures, s->trace);
  fflush(stdout);
  uint64_t trace = s->trace;
  close_sim(s);
  free(s);
  return trace;
}

static int usage(void) {
  fprintf(stderr,
          "usage: oremark-sim [--seeds N] [--from S] [--steps M] [--scene succession|freeze|restart|missed] [--covers] "
          "[--twice] "
          "[--verbose]\n"
          "  --scene   what happens in every seed\n"
          "  --covers  fails where something that seeds are for happens in none of them; as a scene does\n"
          "  --twice   runs each seed twice and compares\n");
  return 2;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"seeds", required_argument, NULL, 'n'}, {"from", required_argument, NULL, 'f'},
      {"steps", required_argument, NULL, 's'}, {"scene", required_argument, NULL, 'c'},
      {"covers", no_argument, NULL, 'm'},      {"twice", no_argument, NULL, 't'},
      {"verbose", no_argument, NULL, 'v'},     {NULL, 0, NULL, 0}};
  uint64_t n = 1, from = 1, steps = STEPS;
  bool covers = false, twice = false, verbose = false;
  enum sim_scene scene = SIM_ANY;
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (c == 'n')
      n = strtoull(optarg, NULL, 10);
    else if (c == 'f')
      from = strtoull(optarg, NULL, 10);
    else if (c == 's')
      steps = strtoull(optarg, NULL, 10);
    else if (c == 'c' && strcmp(optarg, "succession") == 0)
      scene = SIM_SUCCESSION;
    else if (c == 'c' && strcmp(optarg, "freeze") == 0)
      scene = SIM_FREEZE;
    else if (c == 'c' && strcmp(optarg, "restart") == 0)
      scene = SIM_RESTART;
    else if (c == 'c' && strcmp(optarg, "missed") == 0)
      scene = SIM_MISSED;
    else if (c == 'm')
      covers = true;
    else if (c == 't')
      twice = true;
    else if (c == 'v')
      verbose = true;
    else
      return usage();
  }
  if (optind != argc) return usage();
  om_log_set_level(OM_LOG_ERROR);
  if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0); /* a crash here is no loss of power */
  for (uint64_t seed = from; seed < from + n; seed++) {
    uint64_t trace = run(scene, seed, steps, verbose);
    if (!twice || run(scene, seed, steps, verbose) == trace) continue;
    printf("violation: seed %" PRIu64 " does not replay\n", seed);
    return 1;
  }
  return (covers || scene != SIM_ANY) && !sim_covered(scene);
}
