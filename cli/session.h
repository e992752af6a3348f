/* One run of `oremark`: what was typed, the settings, the connection, and what has been asked of the daemon so far.
 * Connects at the first need, so that what can be done without a daemon is. What it hands out lives until the session
 * ends. Thread: one. */
#ifndef OREMARK_CLI_SESSION_H
#define OREMARK_CLI_SESSION_H

#include <stdio.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/profile.h"
#include "keys/sign.h"
#include "ledger/arena.h"
#include "ledger/hash.h"
#include "ledger/names.h"

enum { OM_FOUND_METALS_MAX = 16 }; /* proto/quantity.proto */

/* A lot that a person named: what a LotRef needs, and what is known of it. */
struct om_found_lot {
  bool within; /* written by an earlier event of the same statement: EVENT and OUTPUT count */
  uint32_t event, output;
  uint8_t number[OM_LOT_NUMBER_BYTES]; /* not within */
  struct om_hash last_event;           /* not within */
  bool described;                      /* the rest is known */
  uint32_t form;
  const char *name;
  uint32_t owner, consignor; /* member numbers; 0: not known, or nobody */
  uint64_t gross_mg;
  size_t n_metals; /* ascending by element */
  uint32_t elements[OM_FOUND_METALS_MAX];
  uint64_t contained_mg[OM_FOUND_METALS_MAX];
};

struct om_session {
  FILE *out, *err;
  const struct om_args *args; /* the command line's */
  bool json;
  struct om_profile profile;
  struct om_arena own;
  struct om_arena *arena; /* what is built lives here: &own, or what an import sets for each of its statements */
  /* Where lots are looked up before the daemon is asked: an import knows those of its other rows. NULL: nowhere.
   * OM_MISSING goes on to the daemon. */
  enum om_code (*find_lot)(void *ctx, struct om_found_lot *out, const char *text, struct om_status *st);
  void *find_ctx;
  /* Told of every lot that the daemon described; may know better, and say so in FOUND. NULL: nobody. */
  void (*found_lot)(void *ctx, struct om_found_lot *found, const char *text);
  size_t last_events_used; /* of the --last-event options */
  /* Asked once; use the functions below. */
  struct om_client *client;
  bool no_daemon; /* it was sought, and is not there */
  Oremark__Reply *members;
  Oremark__Reply *status;
  Oremark__Reply *registry, *rights; /* the last answers */
  Oremark__Facts *facts;             /* of --facts: asked in place of the daemon; NULL: not read */
  bool have_network;
  struct om_hash network;
  struct om_secret *secret;
  uint32_t self; /* member number of who speaks; 0: not known yet */
};

/* Begins with ARGS and the profile of this user. The session must not be moved. */
enum om_code om_session_begin(struct om_session *session, const struct om_args *args, struct om_status *st);
void om_session_end(struct om_session *session);

/* The connection. */
enum om_code om_session_client(struct om_session *session, struct om_client **out, struct om_status *st);
/* Sends REQUEST and takes its first reply, the caller's. */
enum om_code om_session_call(struct om_session *session, Oremark__Reply **out, Oremark__Request *request,
                             struct om_status *st);
/* Sends REQUEST; its first reply must carry WANTED. The caller frees *OUT. */
enum om_code om_ask(struct om_session *session, Oremark__Reply **out, Oremark__Request *request,
                    Oremark__Reply__WhatCase wanted, struct om_status *st);
enum om_code om_session_status(struct om_session *session, const Oremark__Status **out, struct om_status *st);
enum om_code om_session_members(struct om_session *session, const Oremark__Members **out, struct om_status *st);
/* How the network is governed; with EVENT (may be NULL), an act that SPEAKER is to make, also what comes before it. */
enum om_code om_session_registry(struct om_session *session, const Oremark__Registry **out, const Oremark__Event *event,
                                 uint32_t speaker, struct om_status *st);
/* MEMBER's keys, mandates and sealing key. */
enum om_code om_session_rights(struct om_session *session, const Oremark__MemberRights **out, uint32_t member,
                               struct om_status *st);
/* The network's id: from the genesis file where one is named, else from the daemon; where both are at hand they must
 * agree. */
enum om_code om_session_network(struct om_session *session, struct om_hash *out, struct om_status *st);

/* A member or a site of MEMBER, typed as number or name. Numbers need no daemon. */
enum om_code om_session_member(struct om_session *session, uint32_t *out, const char *text, struct om_status *st);
enum om_code om_session_site(struct om_session *session, uint32_t *out, uint32_t member, const char *text,
                             struct om_status *st);
/* Who speaks: --member, or the profile's. */
enum om_code om_session_self(struct om_session *session, uint32_t *out, struct om_status *st);
/* The secret half of --key, or of the profile's key; the session's. */
enum om_code om_session_secret(struct om_session *session, const struct om_secret **out, struct om_status *st);
/* A lot typed as OM- number or alias. */
enum om_code om_session_lot(struct om_session *session, struct om_found_lot *out, const char *text,
                            struct om_status *st);

/* The site option NAME of ARGS, one of the speaker's own. */
enum om_code om_session_own_site(struct om_session *session, uint32_t *out, const struct om_args *args,
                                 const char *name, struct om_status *st);
/* LotRefs of the plain words of ARGS, MIN at least; FOUND (may be NULL) gets what is known of each. */
enum om_code om_session_lots(struct om_session *session, Oremark__LotRef ***out, size_t *n, struct om_found_lot **found,
                             const struct om_args *args, size_t min, struct om_status *st);
Oremark__LotRef *om_lot_ref(struct om_arena *arena, const struct om_found_lot *found);
/* A request for the lot typed as TEXT into GET, whose bytes live in the arena. */
enum om_code om_get_lot(struct om_arena *arena, Oremark__GetLot *get, const char *text, struct om_status *st);
/* The number of a lot typed as OM- number or alias, for requests that take a number. */
enum om_code om_session_number(struct om_session *session, uint8_t out[OM_LOT_NUMBER_BYTES], const char *text,
                               struct om_status *st);

#endif
