#include "daemon/io/witness_http.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/add_checkpoint.h"
#include "daemon/io/logline.h"
#include "daemon/io/overdue.h"
#include "daemon/io/settings.h"
#include "daemon/io/wall.h"
#include "daemon/io/witness_used.h"

enum {
  CONNECTIONS_MAX = 256,   /* each a few KiB, and a body of at most 36 KiB */
  PER_ADDRESS_MAX = 32,    /* so that one stranger can't have them all; a proxy before it has to stay below that */
  SILENCE_S = 10,          /* a client that says nothing for so long is dropped */
  REQUEST_S = 20,          /* and one that is not answered by then, however it drips its headers or its body */
  HEADERS_BYTES = 8 << 10, /* memory for a connection's headers */
  PORT_BYTES = 6,
};

#define MAP_BYTES ((uint64_t)64 << 20) /* a thousand logs with checkpoints of 32 KiB, twice over */

struct om_witness_http {
  struct MHD_Daemon *mhd;
  struct om_store *store;
  struct om_overdue *overdue;
  struct om_outside_witness witness;
  struct om_witness_used used;
  struct om_vkey *keys;
};

/* A request that has begun. */
struct incoming {
  size_t len;
  uint8_t body[OM_ADD_CHECKPOINT_MAX_BYTES];
};

/* ---- replies ---- */

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct om_http_reply *reply) {
  struct MHD_Response *response =
      MHD_create_response_from_buffer(reply->len, (void *)(uintptr_t)reply->body, MHD_RESPMEM_MUST_COPY);
  if (response == NULL) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
  enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
  MHD_destroy_response(response);
  return result;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *why) {
  static _Thread_local struct om_http_reply reply;
  om_http_say(&reply, status, why);
  return send_reply(connection, &reply);
}

/* ---- requests ---- */

static bool declares_too_much(struct MHD_Connection *connection) {
  const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (length == NULL) return false;
  char *end;
  errno = 0;
  unsigned long long n = strtoull(length, &end, 10);
  return errno != 0 || n > OM_ADD_CHECKPOINT_MAX_BYTES;
}

static enum MHD_Result answer_add(struct om_witness_http *http, struct MHD_Connection *connection,
                                  const struct incoming *in) {
  static _Thread_local struct om_http_reply reply;
  om_add_checkpoint(&reply, &http->witness, in->body, in->len, (uint64_t)(om_wall_ms() / 1000));
  om_log(reply.status >= 500 ? OM_LOG_ERROR : OM_LOG_DEBUG, "add-checkpoint", "status=%u", reply.status);
  return send_reply(connection, &reply);
}

static enum MHD_Result on_add(struct om_witness_http *http, struct MHD_Connection *connection, const char *data,
                              size_t *len, void **state) {
  struct incoming *in = *state;
  if (in == NULL) {
    if (declares_too_much(connection))
      return say(connection, MHD_HTTP_CONTENT_TOO_LARGE, "no checkpoint with its proof is so long");
    in = *state = malloc(sizeof *in);
    if (in == NULL) return MHD_NO;
    in->len = 0;
    return MHD_YES;
  }
  if (*len > sizeof in->body - in->len) return MHD_NO; /* hangs up */
  if (*len == 0) return answer_add(http, connection, in);
  memcpy(in->body + in->len, data, *len);
  in->len += *len;
  *len = 0;
  return MHD_YES;
}

static char whole; /* the state of a request that has no body, once its headers are there */

static enum MHD_Result on_get(struct om_witness_http *http, struct MHD_Connection *connection, const char *path,
                              void **state) {
  static _Thread_local struct om_http_reply reply;
  static const char last[] = "/checkpoint";
  size_t len = strlen(path);
  if (*state == NULL) { /* who answers earlier than that closes the connection */
    *state = &whole;
    return MHD_YES;
  }
  if (len <= sizeof last || strcmp(path + len - (sizeof last - 1), last) != 0)
    return say(connection, MHD_HTTP_NOT_FOUND, "there is nothing here");
  om_witnessed_checkpoint(&reply, &http->witness, path + 1, len - sizeof last);
  return send_reply(connection, &reply);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *len, void **state) {
  (void)version;
  bool adds = strcmp(path, "/add-checkpoint") == 0;
  if (adds && strcmp(method, MHD_HTTP_METHOD_POST) == 0) return on_add(ctx, connection, data, len, state);
  if (adds) return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "checkpoints are added by POST");
  if (strcmp(method, MHD_HTTP_METHOD_GET) == 0) return on_get(ctx, connection, path, state);
  return say(connection, MHD_HTTP_NOT_FOUND, "there is nothing here");
}

static void on_ended(void *ctx, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
  struct om_witness_http *http = ctx;
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (*state != &whole) free(*state);
  *state = NULL;
  if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK && info != NULL && info->socket_context != NULL)
    om_overdue_again(http->overdue, info->socket_context);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what) {
  struct om_witness_http *http = ctx;
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (what == MHD_CONNECTION_NOTIFY_STARTED && info != NULL) *slot = om_overdue_add(http->overdue, info->connect_fd);
  if (what == MHD_CONNECTION_NOTIFY_CLOSED && *slot != NULL) om_overdue_remove(http->overdue, *slot);
}

/* ---- the endpoint ---- */

static enum om_code read_keys(struct om_witness_http *http, const struct om_witness_http_config *config,
                              struct om_status *st) {
  if (config->n_logs == 0)
    return om_fail(st, OM_USAGE, NULL, "witness-listen: name the logs that are witnessed there by witness-logs");
  if (config->n_logs > OM_WITNESSED_KEYS_MAX)
    return om_fail(st, OM_USAGE, NULL, "witness-logs: at most %d keys", OM_WITNESSED_KEYS_MAX);
  http->keys = calloc(config->n_logs, sizeof *http->keys);
  OM_ASSERT(http->keys != NULL);
  for (size_t i = 0; i < config->n_logs; i++)
    if (om_vkey_parse(&http->keys[i], config->logs[i], strlen(config->logs[i]), st) != OM_OK)
      return om_wrap(st, "witness-logs");
  http->witness = (struct om_outside_witness){.store = http->store,
                                              .name = config->name,
                                              .secret = config->secret,
                                              .n_keys = config->n_logs,
                                              .keys = http->keys};
  return OM_OK;
}

static enum om_code open_store(struct om_witness_http *http, const char *store, struct om_status *st) {
  char folder[PATH_MAX];
  if ((size_t)snprintf(folder, sizeof folder, "%s/witnessed", store) >= sizeof folder)
    return om_fail(st, OM_USAGE, NULL, "store: the path is too long");
  return om_store_open(&http->store, folder, MAP_BYTES, st);
}

static bool note(void *ctx, uint64_t count) {
  struct om_witness_http *http = ctx;
  struct om_status st;
  if (om_witness_used_raise(&http->used, count, &st) == OM_OK) return true;
  om_log(OM_LOG_ERROR, "witness-key", "why=\"%s\"", st.text);
  return false;
}

/* Whether the store remembers what the key has cosigned. */
static enum om_code check_used(struct om_witness_http *http, const struct om_witness_http_config *config,
                               struct om_status *st) {
  char vkey[OM_VKEY_BYTES];
  uint64_t held;
  om_vkey_format(vkey, config->name, OM_ALG_COSIGNATURE, om_secret_public(config->secret));
  if (om_witnessed_count(&held, http->store, st) != OM_OK ||
      om_witness_used_open(&http->used, config->keys, vkey, held, st) != OM_OK)
    return om_wrap(st, "witness-listen");
  http->witness.note = note;
  http->witness.note_ctx = http;
  if (!http->used.lost) return OM_OK;
  http->witness.lost =
      "this witness has lost what it has cosigned, and cosigns nothing until its operator has given it a new key";
  om_log(OM_LOG_ERROR, "witness-key",
         "why=\"%s/witnessed is gone, or older than %s/%s says: for outsiders nothing is cosigned until you put "
         "witness.key aside, make a new one (oremark key new --kind witness --no-passphrase --name %s %s/witness.key), "
         "start again, and hand its vkey out\"",
         config->store, config->keys, http->used.name, config->name, config->keys);
  return OM_OK;
}

static enum om_code listen_at(struct om_witness_http *http, const char *text, struct om_status *st) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
  struct om_address address;
  char port[PORT_BYTES];
  if (om_address_parse(&address, text, st) != OM_OK) return om_wrap(st, "witness-listen");
  snprintf(port, sizeof port, "%u", address.port);
  int rc = getaddrinfo(address.host, port, &hints, &found);
  if (rc != 0) return om_fail(st, OM_USAGE, NULL, "witness-listen: %s: %s", text, gai_strerror(rc));
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | (found->ai_family == AF_INET6 ? MHD_USE_DUAL_STACK : 0u);
  errno = 0;
  http->mhd = MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, http, MHD_OPTION_SOCK_ADDR, found->ai_addr, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS_MAX,
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_BYTES,
      MHD_OPTION_NOTIFY_COMPLETED, on_ended, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
  int error = errno;
  freeaddrinfo(found);
  if (http->mhd == NULL)
    return om_fail(st, OM_IO, NULL, "can't listen at %s: %s", text, error != 0 ? strerror(error) : "no memory");
  om_log(OM_LOG_INFO, "listening", "address=%s for=witnessing logs=%zu", text, http->witness.n_keys);
  return OM_OK;
}

enum om_code om_witness_http_start(struct om_witness_http **out, const struct om_witness_http_config *config,
                                   struct om_status *st) {
  struct om_witness_http *http = calloc(1, sizeof *http);
  OM_ASSERT(http != NULL);
  enum om_code code = open_store(http, config->store, st);
  if (code == OM_OK) code = read_keys(http, config, st);
  if (code == OM_OK) code = check_used(http, config, st);
  if (code == OM_OK)
    code = om_overdue_start(&http->overdue, CONNECTIONS_MAX, config->request_s > 0 ? config->request_s : REQUEST_S, st);
  if (code == OM_OK) code = listen_at(http, config->address, st);
  *out = code == OM_OK ? http : NULL;
  if (code != OM_OK) om_witness_http_stop(http);
  return code;
}

void om_witness_http_stop(struct om_witness_http *http) {
  if (http == NULL) return;
  if (http->mhd != NULL) MHD_stop_daemon(http->mhd);
  om_overdue_stop(http->overdue);
  if (http->store != NULL) om_store_close(http->store);
  free(http->keys);
  free(http);
}
