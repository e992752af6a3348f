/* A daemon's Unix socket, from the other side: requests out, replies in, many under way at once (proto/client.proto).
 * One connection, blocking, with a timeout on silence. Replies are the caller's: oremark__reply__free_unpacked. Thread:
 * one at a time. */
#ifndef OREMARK_CLI_CLIENT_H
#define OREMARK_CLI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/status.h"
#include "proto/client.pb-c.h"

enum {
  OM_CLIENT_FRAME_MAX_BYTES = 1 << 20, /* DESIGN section 5 */
  OM_CLIENT_TIMEOUT_MS = 60000,        /* a daemon that says nothing for this long while it owes a reply is stuck */
};

struct om_client;

/* Connects. OM_IO with what to do where nobody listens at PATH. */
enum om_code om_client_open(struct om_client **out, const char *path, struct om_status *st);
void om_client_close(struct om_client *client);

/* Queues REQUEST under a fresh id, which is set in it and returned in *ID, and sends what the socket takes. */
enum om_code om_client_send(struct om_client *client, uint64_t *id, Oremark__Request *request, struct om_status *st);

/* The next reply to request ID; 0: to any request. Others that arrive meanwhile are kept for their turn. OM_IO after
 * OM_CLIENT_TIMEOUT_MS of silence, or when the daemon hangs up. */
enum om_code om_client_receive(struct om_client *client, Oremark__Reply **out, uint64_t id, struct om_status *st);

/* Sends REQUEST and takes its first reply; a reply that is not "ok" becomes the returned code and sentence, with *OUT
 * NULL. */
enum om_code om_client_call(struct om_client *client, Oremark__Reply **out, Oremark__Request *request,
                            struct om_status *st);
/* The next reply to the same request, while REPLY->more; frees REPLY and sets it to the next, NULL on failure. */
enum om_code om_client_next(struct om_client *client, Oremark__Reply **reply, struct om_status *st);

/* What a reply says, as a status. */
enum om_code om_reply_status(const Oremark__Reply *reply, struct om_status *st);
/* OM_IO: what came does not fit what was asked. */
enum om_code om_not_what_was_asked(struct om_status *st);
/* Whether *REPLY says "ok" and carries WANTED; else frees it, sets it to NULL, and says why. */
enum om_code om_reply_carries(Oremark__Reply **reply, Oremark__Reply__WhatCase wanted, struct om_status *st);

#endif
