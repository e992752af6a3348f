/* What the files that bring other logs in share (sync_*.c); nobody else's. */
#ifndef OREMARK_DAEMON_CORE_SYNC_PARTS_H
#define OREMARK_DAEMON_CORE_SYNC_PARTS_H

#include "daemon/core/node_state.h"

/* sync_source.c: whom a log is followed from */
/* Where the log's root was stated or told, so that only what leads there is taken; 0: nowhere. */
uint64_t om_sync_must_prove(const struct om_tracked *tracked);
/* How many entries of the log may be fetched from the peer of ROW. */
uint64_t om_sync_offered(const struct om_tracked *tracked, const struct om_row *row);
bool om_sync_has_more(struct om_node *node, uint32_t slot, uint32_t log);
/* Whether LOG's own daemon is one like any other: the log has ended, or it has fed this daemon what it kept from
 * others. */
bool om_sync_home_is_one_of_many(const struct om_tracked *tracked);
/* The next slot after AFTER, cyclically, from which more can be had; where the log's own daemon has fed this one what
 * it kept from others, it comes last. */
uint32_t om_sync_next_with_more(struct om_node *node, uint32_t log, uint32_t after);
void om_sync_release_bulk(struct om_node *node, struct om_tracked *tracked);
/* The inbox stays: what is in it may still be wanted. */
void om_sync_stop_source(struct om_node *node, uint32_t log);
void om_sync_start_source(struct om_node *node, uint32_t log, uint32_t slot, int64_t now_ms);
/* And what it has brought is forgotten. */
void om_sync_abandon(struct om_node *node, uint32_t log);
/* Logs that are far behind take turns, so that what they are sent fits the inbox together. */
bool om_sync_admit(struct om_node *node, uint32_t log, uint32_t slot);
/* Begins again from what is held. */
void om_sync_choose_again(struct om_node *node, uint32_t log, int64_t now_ms);
/* LOG is not what it was, or something else of it is looked for: what was brought beside it may fit now. */
void om_sync_forget_beside(struct om_node *node, uint32_t log);

/* sync_inbox.c: what was brought */
/* Of TRACKED, which is fetched again from what is held or out with the writer. */
void om_inbox_clear(struct om_node *node, struct om_tracked *tracked);
/* Moves whole chunks from the inbox to the action, as many as one APPLY holds; what lies above the limit comes back
 * with it. */
struct om_inbox_chunk *om_inbox_take(struct om_tracked *tracked, struct om_action *out);
/* Puts what was not taken in back before the rest, and what was taken in to the account of the peer that sent it. */
void om_inbox_put_back(struct om_node *node, struct om_tracked *tracked, uint32_t log, struct om_action *action);
/* Keeps the entry that waits and a little more, so that trying again costs no traffic. */
void om_inbox_hold(struct om_node *node, uint32_t log);

/* sync_apply.c: taken in */
/* Entries below this may be taken in: a witness has to see what it is asked to cosign, and whether it is one. */
uint64_t om_sync_apply_limit(const struct om_tracked *tracked);
/* Whether a witness keeps what the log's daemon has sent back until it is proposed, as it will be in a moment. */
bool om_sync_gathers(const struct om_tracked *tracked, int64_t now_ms);
/* Whether something of the inbox is to be given to the writer. */
bool om_sync_may_apply(const struct om_tracked *tracked);
/* LOG has an invalid entry. */
void om_sync_stop(struct om_node *node, uint32_t log);

/* sync_stalls.c */
/* Whoever brought nothing may be asked again. */
void om_sync_forget_stalls(struct om_node *node, uint32_t log);

#endif
