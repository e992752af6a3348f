#include "daemon/io/clients.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/frame.h"
#include "daemon/io/logline.h"
#include "daemon/io/reads.h"
#include "daemon/io/waiters.h"

enum {
  STOP_MS = 3000, /* what a stop grants a client to read its answers, and a long answer to end */
  READS_MAX = 1,  /* pieces of read work of one client at once, each up to a chunk of requests: each keeps a thread */
  QUEUE_PAUSE = 1 << 20, /* bytes of replies that wait: read no more from this client before they are written */
  OM_FINALITY_REQUEST_BYTES = 96, /* id, member, time and statement id, each as long as it may be: 75 */
};

struct om_client {
  struct om_conn conn; /* first: hooks get this address */
  struct om_clients *all;
  struct om_client *prev, *next;
  struct om_frame_reader reader;
  struct om_job *job;   /* submissions of this chunk; NULL: none yet */
  struct om_read *read; /* read requests of this chunk */
  size_t reads;         /* read work under way */
  bool dirty;           /* replies wait to be flushed */
  bool answering;       /* a piece of an answer is being handed over */
};

struct om_clients {
  struct om_clients_config config;
  struct om_writer *writer;
  struct om_reads *reads;
  struct om_waiters *waiters;
  struct om_client *first;
  size_t n;
  bool paused, stopping;
  struct om_arena arena; /* of the request being looked at */
  char origin[OM_NAME_BYTES + 1];
  uint64_t final_size; /* of the own log */
};

/* ---- replies ---- */

static void put_reply(struct om_client *client, const Oremark__Reply *reply) {
  size_t len = oremark__reply__get_packed_size(reply);
  OM_ASSERT(len <= OM_FRAME_MAX_BYTES);
  uint8_t *room = om_conn_room(&client->conn, OM_FRAME_HEADER_BYTES + len);
  if (room == NULL) return;
  om_frame_header(room, len);
  oremark__reply__pack(reply, room + OM_FRAME_HEADER_BYTES);
  om_conn_added(&client->conn, OM_FRAME_HEADER_BYTES + len);
  client->dirty = true;
}

static void put_status(struct om_client *client, uint64_t id, const struct om_status *st) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  om_answer_status(&reply, id, st);
  put_reply(client, &reply);
}

static void put_receipt(struct om_client *client, const struct om_job_item *item) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__Receipt receipt = OREMARK__RECEIPT__INIT;
  struct om_hash id = item->receipt.statement_id;
  receipt.statement_id = (ProtobufCBinaryData){sizeof id.bytes, id.bytes};
  receipt.queued = item->receipt.queued;
  if (!receipt.queued) receipt.origin = client->all->origin;
  receipt.index = item->receipt.index;
  receipt.taken_ms = item->receipt.taken_ms;
  receipt.again = item->receipt.again;
  receipt.final = !receipt.queued && item->receipt.index < client->all->final_size;
  reply.id = item->request;
  reply.code = (char *)om_code_name(OM_OK);
  reply.what_case = OREMARK__REPLY__WHAT_RECEIPT;
  reply.receipt = &receipt;
  put_reply(client, &reply);
}

static void put_seal(struct om_client *client, const struct om_job_item *item) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__SealMade made = OREMARK__SEAL_MADE__INIT;
  made.seal = (ProtobufCBinaryData){item->seal_len, item->seal};
  made.again = item->again;
  reply.id = item->request;
  reply.code = (char *)om_code_name(OM_OK);
  reply.what_case = OREMARK__REPLY__WHAT_SEAL;
  reply.seal = &made;
  put_reply(client, &reply);
}

static void put_accepted(struct om_client *client, const struct om_job *job) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__Accepted accepted = OREMARK__ACCEPTED__INIT;
  struct om_hash id = job->accepted.statement_id;
  accepted.statement_id = (ProtobufCBinaryData){sizeof id.bytes, id.bytes};
  accepted.index = job->accepted.index;
  accepted.again = job->accepted.again;
  reply.id = job->items[0].request;
  reply.code = (char *)om_code_name(OM_OK);
  reply.what_case = OREMARK__REPLY__WHAT_ACCEPTED;
  reply.accepted = &accepted;
  put_reply(client, &reply);
}

void om_clients_done(struct om_clients *clients, struct om_job *job) {
  (void)clients;
  struct om_client *client = job->owner;
  for (size_t i = 0; i < job->n && !client->conn.closing; i++) {
    const struct om_job_item *item = &job->items[i];
    if (item->why != NULL)
      put_status(client, item->request, item->why);
    else if (item->seals)
      put_seal(client, item);
    else if (job->accepts)
      put_accepted(client, job);
    else
      put_receipt(client, item);
  }
  om_job_free(job);
  om_conn_drop(&client->conn);
}

/* ---- requests ---- */

static void send_job(struct om_client *client) {
  if (client->job == NULL) return;
  om_conn_hold(&client->conn);
  om_writer_add(client->all->writer, client->job);
  client->job = NULL;
}

static void send_read(struct om_client *client, void (*add)(struct om_reads *reads, struct om_read *read)) {
  struct om_read *read = client->read;
  if (read == NULL) return;
  om_conn_hold(&client->conn);
  client->reads++;
  client->read = NULL;
  add(client->all->reads, read);
}

static bool try_submit(struct om_client *client, uint64_t id, ProtobufCBinaryData statement, bool seals) {
  if (client->job == NULL) client->job = om_job_submit(client);
  struct om_status st;
  if (client->all->config.waits(client->all->config.ctx, &st)) return om_job_refuse(client->job, id, &st);
  if (statement.len <= OM_STATEMENT_MAX_BYTES)
    return (seals ? om_job_add_call : om_job_add)(client->job, id, statement.data, statement.len);
  om_fail(&st, OM_MALFORMED, "size", "the statement has %zu bytes; the limit is %d", statement.len,
          OM_STATEMENT_MAX_BYTES);
  return om_job_refuse(client->job, id, &st);
}

static void take_submit(struct om_client *client, uint64_t id, ProtobufCBinaryData statement, bool seals) {
  if (try_submit(client, id, statement, seals)) return;
  send_job(client);
  OM_ASSERT(try_submit(client, id, statement, seals));
}

/* Between others' submissions it has no place: it goes by itself, after what came before. */
static void take_accept(struct om_client *client, uint64_t id, ProtobufCBinaryData statement) {
  struct om_status st;
  struct om_job *job = om_job_submit(client);
  bool fits = statement.len <= OM_STATEMENT_MAX_BYTES && om_job_add(job, id, statement.data, statement.len);
  job->accepts = true;
  om_conn_hold(&client->conn);
  if (fits && om_writer_accept(client->all->writer, job)) return;
  om_fail(
      &st, fits ? OM_BUSY : OM_MALFORMED, NULL,
      fits ? "another act is being accepted just now: try again" : "the statement is longer than a statement may be");
  put_status(client, id, &st);
  om_job_free(job);
  om_conn_drop(&client->conn);
}

static void take_read(struct om_client *client, const uint8_t *bytes, size_t len) {
  if (client->read == NULL) client->read = om_read_new(client);
  om_read_add(client->read, bytes, len);
}

/* Answered at once, or when it is due. */
static void take_finality(struct om_client *client, const Oremark__Request *request, const struct om_frame *frame) {
  struct om_status st;
  bool kept;
  if (om_waiters_add(client->all->waiters, &kept, client, request, &st) != OM_OK)
    put_status(client, request->id, &st);
  else if (!kept)
    take_read(client, frame->bytes, frame->len);
}

/* The answer goes out before the peers are told of what has made it due. */
static void on_due(void *owner, const Oremark__Request *request) {
  struct om_client *client = owner;
  uint8_t bytes[OM_FINALITY_REQUEST_BYTES];
  OM_ASSERT(oremark__request__get_packed_size(request) <= sizeof bytes);
  take_read(client, bytes, oremark__request__pack(request, bytes));
  send_read(client, om_reads_now);
}

static void take_fetch(struct om_client *client, const Oremark__Request *request) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__DocumentState state = OREMARK__DOCUMENT_STATE__INIT;
  const struct om_clients_config *config = &client->all->config;
  const char *name = NULL;
  struct om_status st;
  om_fail(&st, OM_USAGE, NULL, "this daemon keeps no documents");
  if (config->fetch == NULL || config->fetch(config->ctx, &name, request->fetch_document, &st) != OM_OK) {
    put_status(client, request->id, &st);
    return;
  }
  state.state = (char *)(uintptr_t)name;
  reply.id = request->id;
  reply.code = (char *)om_code_name(OM_OK);
  reply.what_case = OREMARK__REPLY__WHAT_DOCUMENT_STATE;
  reply.document_state = &state;
  put_reply(client, &reply);
}

static void take_frame(struct om_client *client, const struct om_frame *frame) {
  struct om_clients *all = client->all;
  struct om_status st;
  om_arena_reset(&all->arena);
  const Oremark__Request *request = oremark__request__unpack(om_arena_protobuf(&all->arena), frame->len, frame->bytes);
  if (request == NULL) {
    om_fail(&st, OM_MALFORMED, NULL, "a frame of %zu bytes holds no request", frame->len);
    put_status(client, 0, &st);
    om_conn_finish(&client->conn);
  } else if (request->what_case == OREMARK__REQUEST__WHAT_SUBMIT) {
    take_submit(client, request->id, request->submit->statement, false);
  } else if (request->what_case == OREMARK__REQUEST__WHAT_SEAL) {
    take_submit(client, request->id, request->seal->statement, true);
  } else if (request->what_case == OREMARK__REQUEST__WHAT_ACCEPT) {
    take_accept(client, request->id, request->accept->statement);
  } else if (request->what_case == OREMARK__REQUEST__WHAT__NOT_SET) {
    om_fail(&st, OM_USAGE, NULL, "this daemon does not know such a request; its version is %s", OREMARK_VERSION);
    put_status(client, request->id, &st);
  } else if (request->what_case == OREMARK__REQUEST__WHAT_FETCH_DOCUMENT) {
    take_fetch(client, request);
  } else if (request->what_case == OREMARK__REQUEST__WHAT_GET_FINALITY) {
    take_finality(client, request, frame);
  } else {
    take_read(client, frame->bytes, frame->len);
  }
}

/* Reads on, or not, by what waits for this client and for the writer. */
static void steer(struct om_client *client) {
  if (client->all->paused) return;
  if (om_writer_has_room(client->all->writer) && client->reads < READS_MAX &&
      om_conn_waiting(&client->conn) < QUEUE_PAUSE)
    om_conn_resume(&client->conn);
  else
    om_conn_pause(&client->conn);
}

static void flush(struct om_client *client) {
  if (!client->dirty) return;
  client->dirty = false;
  om_conn_flush(&client->conn);
}

static void on_data(struct om_conn *conn, const uint8_t *bytes, size_t len) {
  struct om_client *client = (struct om_client *)conn;
  struct om_chunk chunk = {bytes, len};
  struct om_frame frame = {0};
  struct om_status st;
  om_conn_hold(conn);
  do {
    if (om_frame_next(&client->reader, &frame, &chunk, &st) != OM_OK) {
      put_status(client, 0, &st);
      om_conn_finish(conn);
      frame.len = 0;
    }
    if (frame.len > 0) take_frame(client, &frame);
  } while (frame.len > 0 && !conn->finishing && !conn->closing);
  send_job(client);
  send_read(client, om_reads_add);
  flush(client);
  if (!conn->closing) steer(client);
  om_conn_drop(conn);
}

static void on_drained(struct om_conn *conn) {
  struct om_client *client = (struct om_client *)conn;
  if (!client->answering) om_reads_progress(client->all->reads, client);
  if (!conn->closing) steer(client);
}

static void on_ended(struct om_conn *conn, const struct om_status *why) {
  struct om_client *client = (struct om_client *)conn;
  if (why->code != OM_OK) om_log(OM_LOG_INFO, "client-dropped", "why=\"%s\"", why->text);
  om_reads_cancel(client->all->reads, client);
  om_waiters_forget(client->all->waiters, client);
}

static void check_gone(struct om_clients *clients) {
  if (clients->stopping && clients->n == 0) clients->config.gone(clients->config.ctx);
}

static void on_freed(struct om_conn *conn) {
  struct om_client *client = (struct om_client *)conn;
  struct om_clients *all = client->all;
  if (client->prev != NULL)
    client->prev->next = client->next;
  else
    all->first = client->next;
  if (client->next != NULL) client->next->prev = client->prev;
  all->n--;
  om_frame_reader_free(&client->reader);
  free(client);
  check_gone(all);
}

static const struct om_conn_hooks hooks = {
    .data = on_data, .drained = on_drained, .ended = on_ended, .freed = on_freed};

/* ---- reads ---- */

/* A piece of an answer, or its end. */
static void on_answer(void *owner, const uint8_t *bytes, size_t len, bool last) {
  struct om_client *client = owner;
  if (len > 0 && !client->conn.closing) {
    uint8_t *room = om_conn_room(&client->conn, len);
    if (room != NULL) {
      memcpy(room, bytes, len);
      om_conn_added(&client->conn, len);
      client->answering = true;
      om_conn_flush(&client->conn);
      client->answering = false;
    }
  }
  if (!last) return;
  client->reads--;
  if (!client->conn.closing) steer(client);
  om_conn_drop(&client->conn);
}

static bool wants_more(void *owner) {
  const struct om_client *client = owner;
  return om_conn_waiting(&client->conn) < QUEUE_PAUSE;
}

/* ---- the whole ---- */

enum om_code om_clients_new(struct om_clients **out, const struct om_clients_config *config, struct om_status *st) {
  struct om_clients *clients = calloc(1, sizeof *clients);
  if (clients == NULL) return om_fail(st, OM_IO, NULL, "no memory for clients");
  clients->config = *config;
  struct om_reads_config reads = {.loop = config->loop,
                                  .store = config->store,
                                  .ctx = config->ctx,
                                  .about = config->about,
                                  .answer = on_answer,
                                  .wants_more = wants_more};
  struct om_waiters_config waiters = {.loop = config->loop, .store = config->store, .due = on_due};
  if (om_waiters_new(&clients->waiters, &waiters, st) != OM_OK || om_reads_new(&clients->reads, &reads, st) != OM_OK) {
    free(clients);
    return st->code;
  }
  *out = clients;
  return OM_OK;
}

void om_clients_writer(struct om_clients *clients, struct om_writer *writer) {
  clients->writer = writer;
}

void om_clients_origin(struct om_clients *clients, const char *origin) {
  snprintf(clients->origin, sizeof clients->origin, "%s", origin);
}

void om_clients_final(struct om_clients *clients, uint64_t final_size) {
  clients->final_size = final_size;
}

bool om_clients_reached(struct om_clients *clients, uint32_t log, uint64_t size) {
  if (!om_waiters_reached(clients->waiters, log, size)) return false;
  om_reads_hold(clients->reads);
  return true;
}

void om_clients_shown(struct om_clients *clients) {
  om_reads_go_on(clients->reads);
}

static void link_in(struct om_clients *clients, struct om_client *client) {
  client->all = clients;
  client->next = clients->first;
  if (client->next != NULL) client->next->prev = client;
  clients->first = client;
  clients->n++;
}

void om_clients_incoming(struct om_clients *clients, struct om_listener *listener) {
  struct om_status st;
  struct om_client *client = calloc(1, sizeof *client);
  if (client == NULL) return; /* it stays in the backlog */
  if (om_conn_init(&client->conn, clients->config.loop, OM_CONN_UNIX, clients->config.read_buffer, &hooks, &st) !=
      OM_OK) {
    free(client);
    return;
  }
  link_in(clients, client);
  if (om_listener_accept(listener, &client->conn, &st) != OM_OK) {
    om_conn_close(&client->conn, &st);
  } else if (clients->paused || clients->n > OM_CLIENTS_MAX) {
    om_fail(&st, OM_BUSY, NULL, "%zu clients are connected already; try again later", clients->n - 1);
    put_status(client, 0, &st);
    om_conn_finish(&client->conn);
  }
}

void om_clients_settled(struct om_clients *clients) {
  om_waiters_settled(clients->waiters);
  for (struct om_client *client = clients->first, *next; client != NULL; client = next) {
    next = client->next; /* freed only by a later turn of the loop, or by itself */
    flush(client);
    if (!client->conn.closing) steer(client);
  }
}

void om_clients_pause(struct om_clients *clients) {
  clients->paused = true;
  for (struct om_client *client = clients->first; client != NULL; client = client->next) om_conn_pause(&client->conn);
}

/* What is recorded stays so: only the answer is not known yet. */
static void end_waiting(struct om_client *client) {
  struct om_status st;
  uint64_t id;
  om_fail(&st, OM_IO, NULL, "this daemon stops, and the statement is not final yet: it is recorded, ask again later");
  while (om_waiters_take(client->all->waiters, &id, client)) put_status(client, id, &st);
}

void om_clients_stop(struct om_clients *clients) {
  clients->stopping = true;
  for (struct om_client *client = clients->first, *next; client != NULL; client = next) {
    next = client->next;
    om_conn_deadline(&client->conn, STOP_MS, "this daemon stops");
    end_waiting(client);
    om_conn_finish(&client->conn);
  }
  check_gone(clients);
}

void om_clients_free(struct om_clients *clients) {
  om_reads_free(clients->reads);
  om_waiters_free(clients->waiters);
  om_arena_free(&clients->arena);
  free(clients);
}
