/* Real nodes (daemon/core/node.h) over real ledgers in one process, on a clock and a network that a seed drives. What
 * must hold is checked from outside, by a model that shares no code with the rules; the first thing that does not hold
 * ends the program with the seed and the step. Everything follows from the seed: the same seed gives the same run, byte
 * for byte. Thread: one. */
#ifndef OREMARK_TESTS_SIM_SIM_H
#define OREMARK_TESTS_SIM_SIM_H

#include "daemon/core/node.h"
#include "daemon/core/peer.h"
#include "daemon/io/batch.h"
#include "daemon/io/holdings.h"
#include "daemon/io/tracker.h"
#include "ledger/registry.h"
#include "support/custody.h"
#include "support/network.h"

enum {
  SIM_LOGS = 8,             /* daemons of the network */
  SIM_NODES = SIM_LOGS + 1, /* and the second face of one that has two */
  SIM_JOBS = 128,           /* five for each log are out at most */
  SIM_STATEMENTS = 256,     /* waiting at a daemon for their turn */
  SIM_LOTS = 4096,
  SIM_CERTIFICATES = 200,
  SIM_GRANTS = 64,
  SIM_MANDATES = 1024,
  SIM_FINAL_MAX = 8192, /* entries of one log */
  SIM_STEP_MS = 50,
  SIM_OLD_ACTS = 8,  /* handed in again */
  SIM_POLICIES = 64, /* limits, and versions of the rules */
  SIM_OVERRULED = 256,
  SIM_DOCUMENTS = 10,
};

struct sim_message {
  struct sim_message *next;
  uint8_t *bytes;
  size_t len;
  int64_t due_ms;
};

/* One direction of a link: order is kept, pace is not. */
struct sim_pipe {
  struct sim_message *first, *last;
};

struct sim_statement {
  uint8_t *bytes;
  size_t len;
  bool call;      /* to seal a log */
  int64_t due_ms; /* tried again then */
};

/* What a node has written and not synced. */
struct sim_disk {
  struct sim_write *writes;
  size_t n, room;
  size_t steps_left; /* until the power fails; 0: it does not */
  bool dead;
};

/* A document on its way to the disk. */
struct sim_keeping {
  struct om_hash hash;
  uint8_t *bytes; /* NULL: none */
  size_t len;
};

struct sim_document {
  uint8_t *bytes;
  size_t len;
  struct om_hash hash;
  uint32_t was_at; /* a bit for each daemon, as it held this at some time */
};

struct sim_node {
  struct sim *sim;
  uint32_t daemon; /* number of its log */
  uint32_t index;  /* among the nodes: the same, but for a second face */
  bool up;
  int64_t back_ms; /* down: when it starts again */
  char *path;
  char *backup; /* an old copy; NULL: none */
  struct sim_disk disk;
  struct om_ledger *ledger;
  struct om_node *node;
  struct om_tracker tracker;
  struct om_holdings holdings;
  struct om_signers_keys keys;
  struct om_queue queue;
  struct om_batches batches;
  struct om_job *jobs[SIM_JOBS]; /* not yet given to the writer */
  size_t n_jobs;
  struct sim_statement *statements[SIM_STATEMENTS];
  size_t n_statements;
  struct om_documents *documents; /* NULL: none are kept */
  struct sim_keeping keeping[OM_FETCHES_MAX];
  uint32_t wanted, held, erased; /* a bit for each document; the last two by the model */
  int64_t skew_ms;               /* of its wall clock */
  uint64_t final_seen[SIM_LOGS];
  bool gone, accepted;      /* for good; the restart, by hand */
  uint64_t voted[SIM_LOGS]; /* the largest head of each log that it has said it cosigned */
  bool ready_seen;
  uint64_t beyond[SIM_LOGS]; /* races.c: held of each log beyond what is stated */
  bool changing[SIM_LOGS];   /* races.c: what is stated of it would ask for two lists of witnesses */
  /* After its store was lost. */
  bool forgot, renewed;    /* its votes; it has a new cosigning key */
  struct om_secret *spare; /* that key */
  uint64_t asked_step;
  uint8_t *seal; /* of the log that ends */
  size_t seal_len;
  /* What makes it dishonest or useless. */
  bool behind;                 /* nobody can call it: two of these never have a link */
  bool mute;                   /* says nothing to what it is asked to witness */
  bool alters;                 /* gives out altered entries of others' logs */
  bool cosigns_all;            /* signs whatever is proposed, as soon as it sees it */
  bool replays;                /* sends old messages again */
  bool two_faced;              /* it forks its log, and has a second face from then on; and votes in both */
  bool stale;                  /* a face that marks no registry: it knows of no other witnesses */
  bool side;                   /* an honest one's: which of the two faces it is shown */
  bool boasts;                 /* says that it holds more, or less, than it does */
  bool feeds;                  /* gives bad entries of its log to one other, and good ones to the rest */
  uint32_t victim;             /* that one */
  bool outdated, told_upgrade; /* its program knows the first version of the rules only; and has refused another */
  struct sim_message old[16];  /* sent once; replayed */
};

/* A lot that the governors gave to another at one event of its life, by the registry's entry SINCE. */
struct sim_grant {
  uint64_t since;
  uint8_t lot[OM_LOT_NUMBER_BYTES];
  struct om_hash at;
  uint32_t to;
};

/* Of a member's mandates: the registry's entry SINCE gives AGENT that scope, or takes it away (0). */
struct sim_mandate {
  uint32_t owner, agent, scope;
  uint64_t since;
};

/* An event of any log, as others name it. */
struct sim_event_name {
  uint32_t member, event;
  int64_t signed_ms;
  struct om_hash statement;
};

/* By the registry's entry SINCE. */
struct sim_overruled {
  uint64_t since;
  struct sim_event_name hold;
};

struct sim_lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last;
  uint32_t pen;
  uint32_t consignor; /* in transit; 0: held */
  uint32_t owner, next_owner;
  uint32_t had_from;     /* of whom its keeper received it, to be settled with; 0: nobody, or settled */
  uint32_t threshold;    /* on hold: so many of these must sign the release; 0: it is free */
  uint32_t releasers[2]; /* 0: none */
  struct sim_event_name held_by;
  bool gone;
  int64_t copper_mg;
};

/* One for a quantity, on a member. */
struct sim_certificate {
  struct om_hash id; /* its statement's, of that one event */
  int64_t signed_ms, quantity_mg;
  uint32_t author, holder;
  bool final;       /* by the model, as is... */
  int64_t drawn_mg; /* ...what was drawn from it */
};

/* What is final of one log, as first seen at any daemon. */
struct sim_canon {
  struct om_edge *edge;
  struct om_hash *roots;    /* roots[n]: of the first n entries */
  struct om_bytes *entries; /* owned copies */
  uint64_t modelled;        /* of them taken into the model */
  uint64_t registry_size;   /* that the log has marked by then */
};

enum { SIM_KEYS = 40 }; /* that members add */
struct sim_member_keys {
  const struct om_secret *key, *stolen; /* a second key, and a thief's; NULL: none */
  bool revoked;                         /* the governor has said so */
};

struct sim_old_act {
  uint8_t *bytes;
  size_t len;
};

/* By the registry's entry SINCE. */
struct sim_limits {
  uint64_t since;
  int64_t cap_mg, smelt_ppm;
};
struct sim_rules {
  uint64_t since;
  uint32_t version;
};

/* What is made to happen in every seed, beside members and governors at work; else the seed draws. */
enum sim_scene { SIM_ANY, SIM_SUCCESSION, SIM_FREEZE, SIM_RESTART, SIM_MISSED };

struct sim {
  enum sim_scene scene;
  uint64_t seed, random;
  uint64_t step;
  int64_t now_ms;
  uint64_t steady_ns;
  bool verbose;
  size_t n;       /* daemons */
  size_t n_nodes; /* one more from when a home has forked */
  uint64_t fork_step;
  bool quiet; /* nothing else befalls the network for a while after the fork */
  struct network net;
  struct sim_node nodes[SIM_NODES];            /* the one at N is the second face */
  bool linked[SIM_NODES][SIM_NODES];           /* symmetric */
  bool parted[SIM_NODES][SIM_NODES];           /* symmetric: no link may come up */
  struct sim_pipe pipes[SIM_NODES][SIM_NODES]; /* [from][to] */
  bool healing;
  bool governs;                 /* members are suspended, moved, and their lots given to others */
  bool suspended[SIM_LOGS + 1]; /* by member: so the governor has said last */
  uint32_t home[SIM_LOGS + 1];  /* by member: log, by what is final */
  struct {                      /* keys.c */
    bool on;
    uint64_t random; /* apart from the seed's other choices */
    struct om_secret *made[SIM_KEYS];
    size_t n_made;
    struct sim_member_keys of[SIM_LOGS + 1]; /* by member */
  } keys;
  struct { /* governors.c */
    bool on;
    uint64_t random;
    struct sim_old_act old[SIM_OLD_ACTS];
    size_t n, changes; /* by the model, as is all that follows */
    uint32_t members[SIM_LOGS], threshold;
    struct om_hash *acts; /* ids of their statements */
    size_t n_acts;
  } governors;
  struct { /* policy.c */
    bool limits, rules;
    uint64_t random;
    size_t upgrades;
    size_t n_limits, n_rules; /* by the model */
    struct sim_limits limits_of[SIM_POLICIES];
    struct sim_rules rules_of[SIM_POLICIES];
  } policy;
  struct { /* overrule.c */
    bool on;
    uint64_t random;
    size_t n, released; /* by the model: acts, and what they have let go */
    struct sim_overruled of[SIM_OVERRULED];
  } overruled;
  struct { /* missed.c */
    uint64_t step;
    unsigned phase;
    uint64_t from; /* of the log that grows: where it began to */
    size_t said, unread, led_on;
    bool (*recorded)(void *ctx, uint8_t *note, size_t *len, uint64_t *size, uint32_t log, uint64_t from);
  } missed;
  struct { /* documents.c */
    bool on;
    uint64_t random;
    struct sim_document of[SIM_DOCUMENTS];
    size_t n, fetched, erasures;
    int attached; /* to the statement just made; -1: none */
  } documents;
  bool changed;       /* the witnesses have */
  uint64_t seal_step; /* the governor ends a log from then on; 0: none */
  uint64_t retire_step, retire_tries;
  uint32_t ends, successor;
  uint8_t *call; /* to seal it; NULL: not yet */
  size_t call_len;
  bool call_refused;     /* by a witness */
  uint64_t ended_at;     /* its final size, by the act; UINT64_MAX: it goes on */
  uint64_t change_step;  /* the governor changes the witnesses about then; 0: they stay */
  uint64_t join_step;    /* the last daemon and its member join from then on; 0: the genesis names them */
  bool joined;           /* it witnesses */
  uint64_t gone_step;    /* too many witnesses are gone then; 0: they stay */
  uint64_t restart_step; /* the governor restarts the network from then on */
  uint8_t *restart;      /* by this; NULL: not yet */
  size_t restart_len;
  struct {
    bool on;
    uint32_t who;
    uint64_t step;        /* 0: it has not accepted yet */
  } set_back;             /* to before the restart */
  struct {                /* races.c */
    bool changed;         /* the witnesses have */
    uint32_t spared;      /* who is not among them then, and is not lost */
    size_t acts, records; /* that were taken out where the restart was accepted */
    size_t unsettled;     /* changes of witnesses that it has ended */
  } races;
  uint64_t stated[SIM_LOGS]; /* heads, by it */
  struct om_hash stated_roots[SIM_LOGS];
  uint64_t loss_step; /* from here on a store is lost, or an old copy put in its place; 0: none is */
  struct {            /* succession.c */
    uint64_t step;    /* the registry's daemon is lost from then on; 0: it stays */
    bool lost;
    struct om_secret *former[4]; /* its keys */
    uint8_t *call, *act;         /* NULL: not yet */
    size_t call_len, act_len;
    uint64_t size; /* at which the other goes on */
  } succession;
  struct {                                         /* idle.c; since it last began to count: */
    size_t talk;                                   /* messages of honest daemons, but pings and... */
    uint8_t asked[SIM_NODES][SIM_NODES][SIM_LOGS]; /* ...to follow a log, [from][to][log] */
    size_t lies;                                   /* messages of liars, but pings */
    size_t links;                                  /* made */
    bool hushed;                                   /* a liar says nothing twice */
  } idle;
  uint64_t trace; /* of every message and commit */
  /* the story */
  struct custody tale;
  uint8_t lots[SIM_LOTS][OM_LOT_NUMBER_BYTES];
  size_t n_lots;
  /* the model */
  struct sim_canon canon[SIM_LOGS];
  struct sim_grant grants[SIM_GRANTS];
  size_t n_grants, taken_over, released, by_mandate;
  struct sim_mandate mandates[SIM_MANDATES];
  size_t n_mandates;
  bool undone[SIM_LOGS + 1]; /* a key of that member was revoked */
  struct om_hash *seen;      /* ids of the events that the model has taken in */
  size_t n_seen, cap_seen;
  uint64_t attest_random; /* of what is attested */
  bool attests;
  struct sim_certificate certificates[SIM_CERTIFICATES];
  size_t n_certificates, claims;
  struct sim_lot *model;
  size_t n_model;
  int64_t gained_mg[SIM_LOGS + 1]; /* by member */
  struct {
    struct om_hash vector, state;
  } states[1024];
  size_t n_states;
  size_t finals, refused, accepted, crashes, told, lost, unfinal, fed;
};

uint64_t sim_below(struct sim *s, uint64_t limit);
bool sim_one_in(struct sim *s, uint64_t n);
void sim_trace(struct sim *s, const void *bytes, size_t len);
/* Says which seed and step, and ends the program with 1. */
_Noreturn void sim_violation(const struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_must(const struct sim *s, enum om_code code, const struct om_status *st, const char *doing);
bool sim_liar(const struct sim_node *n);
/* Somebody keeps two histories: whoever took in the one that loses is stuck there, and blames who shows it the other.
 */
bool sim_forked(const struct sim *s);

/* main.c */
void sim_step(struct sim *s, int64_t ms);

/* cover.c */
void sim_cover(struct sim *s);          /* S is over */
bool sim_covered(enum sim_scene scene); /* whether all that such seeds are for has happened; says what has not */

/* idle.c: an idle network falls silent */
void sim_idle(struct sim *s);
void sim_idle_said(struct sim_node *n, uint32_t to, const struct om_peer_message *message);

/* node.c */
void sim_node_open(struct sim_node *n);
struct sim_node *sim_node_of_holdings(void *ctx);
void sim_node_crash(struct sim_node *n);
/* A two-faced home forks: from now on there are two of it with the same keys, each shown to some of the others. */
void sim_node_fork(struct sim_node *n);
/* N is shown the other face from now on. */
void sim_node_swap(struct sim_node *n);
void sim_node_close(struct sim_node *n);
void sim_node_submit_call(struct sim_node *n, uint8_t *bytes, size_t len); /* the same, for a call to seal a log */
void sim_node_submit(struct sim_node *n, uint8_t *bytes, size_t len);      /* takes BYTES */
/* N's operator accepts BYTES by hand; false: it can't yet. */
bool sim_node_accept(struct sim_node *n, const uint8_t *bytes, size_t len);
/* One batch of the writer. */
void sim_node_batch(struct sim_node *n);
/* A writer that answers votes before it commits them: for a program without that rule (mutations/durable.patch). */
void sim_node_release(struct om_batches *batches);
/* Takes the node's actions until there are none. */
void sim_node_pump(struct sim_node *n);
int64_t sim_wall(const struct sim_node *n);

/* disk.c */
void sim_disk_of(struct sim_node *n); /* who writes now; NULL: nobody */
/* After the store was closed: takes back what a power failure takes. */
void sim_disk_fail(struct sim_node *n);
void sim_disk_free(struct sim_node *n);

/* wire.c */
void sim_link(struct sim *s, uint32_t a, uint32_t b);
void sim_cut(struct sim *s, uint32_t a, uint32_t b);
void sim_send(struct sim *s, uint32_t from, struct om_action *action);
/* Delivers what is due, link by link in random order. */
void sim_deliver(struct sim *s);

/* feed.c */
bool sim_is_fed(const struct sim_node *n, const struct sim_node *home);
/* What goes from N to its victim in place of BYTES. */
void sim_feed(struct sim_node *n, uint32_t to, uint8_t **bytes, size_t *len);

/* story.c */
void sim_story_begin(struct sim *s);
void sim_story_step(struct sim *s);
void sim_story_sites(struct sim *s, uint32_t member); /* its two sites, said to the registry's daemon */
/* EVENT by the governor, after the last act on the same subject that its daemon knows. */
void sim_say_act(struct sim *s, Oremark__Event *event, enum om_act_subject subject, uint32_t member);
void sim_say_first_act(struct sim *s, Oremark__Event *event); /* that has none before it */
/* EVENT by MEMBER, to its home; ID and SIGNED_MS (may be NULL) are its statement's. */
void sim_say(struct sim *s, uint32_t member, Oremark__Event *event, struct om_hash *id, int64_t *signed_ms);
/* The lot as MEMBER's daemon knows it. */
bool sim_look(struct sim *s, struct om_lot *out, uint32_t member, const uint8_t number[OM_LOT_NUMBER_BYTES]);
Oremark__LotRef *sim_ref_of(struct sim *s, const struct om_lot *lot);

/* model.c */
void sim_model(struct sim *s); /* takes in what has become final */

/* check.c */
void sim_check_begin(struct sim *s);
void sim_check_end(struct sim *s);
void sim_check_commit(struct sim_node *n); /* after each commit */
void sim_check_votes(struct sim_node *n);  /* at a start: it has forgotten nothing that it has cosigned */
/* Heads have been stated: what was final beyond them is lost, and the model begins anew with what is left. */
void sim_check_restated(struct sim *s);
/* ACTION, a FINAL of N's own log, is about to be written: who waits for it is told already. */
void sim_check_reached(struct sim_node *n, const struct om_action *action);
/* N may sign from now on: nothing that is final of its log is missing. */
void sim_check_ready(struct sim_node *n);
void sim_check_all(struct sim *s);   /* the dear ones */
void sim_check_blame(struct sim *s); /* all are honest, and no store was lost but by a restart: nobody is accused */
/* Whether everybody honest holds all of everybody honest's logs, as final. */
bool sim_converged(struct sim *s);
/* agree.c: whether everybody honest thinks the same of liars' logs, and holds all that is final of them */
bool sim_agreed(struct sim *s);
/* contradict.c: whether honest daemons hold heads of LOG that contradict each other, and not all have evidence of it */
bool sim_contradicted(struct sim *s, uint32_t log);
/* How much of LOG anybody honest holds as final: less than what a home has told, where it lost the quorum's head in a
 * crash before it had stored that. */
uint64_t sim_final_held(const struct sim *s, uint32_t log);
/* Whether a home that has forked its log leaves enough witnesses for the others' logs to become final. */
bool sim_quorum_left(const struct sim *s);
/* Who holds how much of which log, final/all, on standard output. */
void sim_show(struct sim *s);

#include "sim/plots.h"

#endif
