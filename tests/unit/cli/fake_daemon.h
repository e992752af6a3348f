/* A daemon for the tests of cli/: one thread on a Unix socket, one connection after the other. It checks what it is
 * handed as far as that can be done without a store (canonical bytes, forms), keeps the chain of every lot, and can be
 * told to refuse, to make wait, and to hang up. Read its fields when it has been stopped, or between two commands. */
#ifndef OREMARK_TESTS_UNIT_CLI_FAKE_DAEMON_H
#define OREMARK_TESTS_UNIT_CLI_FAKE_DAEMON_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/statement.h"
#include "ledger/names.h"
#include "proto/client.pb-c.h"

enum { FAKE_STATEMENTS_MAX = 4096, FAKE_LOTS_MAX = 65536 };

struct fake_lot {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  struct om_hash last_event;
  bool gone;
  char name[64];
};

struct fake_daemon {
  char dir[64], path[96];
  int listener;
  _Atomic int client; /* the link under way; -1: none */
  pthread_t thread;
  bool stop;
  struct om_hash network;
  /* What it is told to do. */
  size_t hang_up_after;      /* record this many statements, and hang up before the answer to the last; 0: never */
  size_t waits;              /* answer this many submissions with "wait" */
  size_t queues;             /* and this many with a receipt that says "queued" */
  Oremark__Reply *canned[8]; /* the replies to any other request, one after the other, where there are any */
  bool astray;               /* whatever is asked, it answers with its status */
  /* What has happened. */
  size_t submissions, n_ids, n_events;
  struct om_hash ids[FAKE_STATEMENTS_MAX];
  size_t n_lots;
  struct fake_lot lots[FAKE_LOTS_MAX];
};

static struct fake_lot *fake_lot(struct fake_daemon *fake, const uint8_t *number) {
  for (size_t i = fake->n_lots; i-- > 0;)
    if (memcmp(fake->lots[i].number, number, OM_LOT_NUMBER_BYTES) == 0) return &fake->lots[i];
  return NULL;
}

/* The references of the kinds that the tests use. */
static Oremark__LotRef *const *fake_refs(const Oremark__Event *event, size_t *n, bool *used_up) {
  *used_up = event->kind_case == OREMARK__EVENT__KIND_TRANSFORM;
  *n = 0;
  if (event->kind_case == OREMARK__EVENT__KIND_SHIP) return *n = event->ship->n_lots, event->ship->lots;
  if (event->kind_case == OREMARK__EVENT__KIND_RETIRE) return *n = event->retire->n_lots, event->retire->lots;
  if (event->kind_case == OREMARK__EVENT__KIND_TRANSFORM)
    return *n = event->transform->n_inputs, event->transform->inputs;
  return NULL;
}

/* Judges a statement and, where it stands, writes it: all or nothing. */
static const char *fake_judge(struct fake_daemon *fake, const struct om_signed *s) {
  static struct fake_lot before[FAKE_LOTS_MAX];
  size_t n_before = fake->n_lots, outputs[OM_EVENTS_MAX][8];
  memcpy(before, fake->lots, n_before * sizeof before[0]);
  const char *why = NULL;
  for (size_t e = 0; e < s->statement->n_events && !why; e++) {
    const Oremark__Event *event = s->statement->events[e];
    struct om_hash id;
    om_event_id(&id, &s->network, &s->id, (uint16_t)e);
    size_t n, made_at = 0;
    bool used_up;
    Oremark__LotRef *const *refs = fake_refs(event, &n, &used_up);
    for (size_t i = 0; i < n && !why; i++) {
      struct fake_lot *lot = refs[i]->number.len ? fake_lot(fake, refs[i]->number.data)
                                                 : &fake->lots[outputs[refs[i]->event][refs[i]->output]];
      if (!lot) {
        why = "no such lot";
      } else if (lot->gone) {
        why = "the lot is gone";
      } else if (refs[i]->number.len && memcmp(lot->last_event.bytes, refs[i]->last_event.data, OM_HASH_BYTES) != 0) {
        why = "not its last event";
      } else {
        lot->last_event = id;
        lot->gone = used_up || event->kind_case == OREMARK__EVENT__KIND_RETIRE;
        outputs[e][i % 8] = (size_t)(lot - fake->lots);
      }
    }
    struct om_made made;
    om_event_makes(&made, event);
    for (size_t i = 0; i < made.n && !why; i++) {
      if (strncmp(made.materials[i]->name, "REFUSE", 6) == 0) why = "refused by name";
      struct fake_lot *lot = &fake->lots[fake->n_lots];
      *lot = (struct fake_lot){.last_event = id};
      snprintf(lot->name, sizeof lot->name, "%s", made.materials[i]->name);
      om_made_number(lot->number, s, (uint16_t)e, (uint16_t)(made.first_output + i));
      outputs[e][made_at++ % 8] = fake->n_lots++;
    }
  }
  if (!why) return NULL;
  memcpy(fake->lots, before, n_before * sizeof before[0]);
  fake->n_lots = n_before;
  return why;
}

static void fake_send(int fd, Oremark__Reply *reply) {
  uint8_t *bytes = malloc(oremark__reply__get_packed_size(reply) + 4);
  size_t len = oremark__reply__pack(reply, bytes + 4), sent = 0;
  bytes[0] = (uint8_t)(len >> 24), bytes[1] = (uint8_t)(len >> 16), bytes[2] = (uint8_t)(len >> 8),
  bytes[3] = (uint8_t)len;
  while (sent < len + 4) {
    ssize_t n = send(fd, bytes + sent, len + 4 - sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += (size_t)n;
  }
  free(bytes);
}

/* False: hang up. */
static bool fake_submit(struct fake_daemon *fake, int fd, uint64_t request, const ProtobufCBinaryData *bytes) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__Receipt receipt = OREMARK__RECEIPT__INIT;
  struct om_arena arena = {0};
  struct om_checked *checked = NULL;
  struct om_signed s;
  struct om_status st;
  const char *why = NULL;
  reply.id = request;
  reply.code = (char *)(uintptr_t) "ok";
  fake->submissions++;
  bool again = false, hang_up = false;
  if (om_check_statement(&checked, &arena, &fake->network, NULL, bytes->data, bytes->len, &st) ||
      om_signed_unpack(&s, &arena, &fake->network, bytes->data, bytes->len, &st))
    fail_msg("submitted: %s", st.text);
  for (size_t i = 0; i < fake->n_ids; i++) again |= om_hash_equal(&fake->ids[i], &s.id);
  if (fake->waits > 0 && !again) {
    fake->waits--;
    reply.code = (char *)(uintptr_t) "wait";
    reply.text = (char *)(uintptr_t) "it leans on what is not final";
  } else if (fake->queues > 0 && !again) {
    fake->queues--;
    receipt.statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, s.id.bytes};
    receipt.queued = true;
    reply.what_case = OREMARK__REPLY__WHAT_RECEIPT;
    reply.receipt = &receipt;
  } else if (!again && (why = fake_judge(fake, &s))) {
    reply.code = (char *)(uintptr_t) "refused";
    reply.rule = (char *)(uintptr_t) "fake";
    reply.text = (char *)(uintptr_t)why;
  } else {
    if (!again) fake->ids[fake->n_ids++] = s.id, fake->n_events += s.statement->n_events;
    receipt.statement_id = (ProtobufCBinaryData){OM_HASH_BYTES, s.id.bytes};
    receipt.origin = (char *)(uintptr_t) "fake.example/log";
    receipt.index = fake->n_ids;
    receipt.taken_ms = 1800000000000;
    receipt.again = again;
    reply.what_case = OREMARK__REPLY__WHAT_RECEIPT;
    reply.receipt = &receipt;
    hang_up = fake->hang_up_after && fake->n_ids >= fake->hang_up_after;
  }
  if (!hang_up) fake_send(fd, &reply);
  om_arena_free(&arena);
  return !hang_up;
}

static void fake_members(int fd, uint64_t request) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__Members members = OREMARK__MEMBERS__INIT;
  Oremark__Member mine = OREMARK__MEMBER__INIT, smelter = OREMARK__MEMBER__INIT;
  Oremark__Site pit = OREMARK__SITE__INIT, yard = OREMARK__SITE__INIT, dock = OREMARK__SITE__INIT;
  Oremark__Site *sites[] = {&pit}, *last_sites[] = {&yard, &dock};
  Oremark__Member *list[] = {&mine, &smelter};
  pit.site = 1;
  pit.name = (char *)(uintptr_t) "Pit";
  mine.member = 1;
  mine.name = (char *)(uintptr_t) "Mine";
  mine.sites = sites;
  mine.n_sites = 1;
  smelter.member = 2;
  smelter.name = (char *)(uintptr_t) "Smelter";
  yard.site = 3413; /* it has more than an answer holds */
  yard.name = (char *)(uintptr_t) "Yard";
  dock.site = 3414;
  dock.name = (char *)(uintptr_t) "Dock";
  smelter.sites = last_sites;
  smelter.n_sites = 2;
  members.members = list;
  members.n_members = 2;
  members.threshold = 2;
  reply.id = request;
  reply.code = (char *)(uintptr_t) "ok";
  reply.what_case = OREMARK__REPLY__WHAT_MEMBERS;
  reply.members = &members;
  fake_send(fd, &reply);
}

/* An alias is the name that the lot was made under. */
static void fake_get_lot(struct fake_daemon *fake, int fd, uint64_t request, const Oremark__GetLot *get) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__Lot lot = OREMARK__LOT__INIT;
  struct fake_lot *found = get->number.len == OM_LOT_NUMBER_BYTES ? fake_lot(fake, get->number.data) : NULL;
  for (size_t i = 0; i < fake->n_lots && !found; i++)
    if (strcmp(fake->lots[i].name, get->alias) == 0) found = &fake->lots[i];
  reply.id = request;
  reply.code = (char *)(uintptr_t)(found ? "ok" : "missing");
  reply.text = (char *)(uintptr_t)(found ? "" : "no such lot");
  if (found) {
    lot.number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, found->number};
    lot.last_event = (ProtobufCBinaryData){OM_HASH_BYTES, found->last_event.bytes};
    lot.gross_mg = 20000000000;
    reply.what_case = OREMARK__REPLY__WHAT_LOT;
    reply.lot = &lot;
  }
  fake_send(fd, &reply);
}

static void fake_status(struct fake_daemon *fake, int fd, uint64_t request) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__Status status = OREMARK__STATUS__INIT;
  status.network_id = (ProtobufCBinaryData){OM_HASH_BYTES, fake->network.bytes};
  status.version = status.network = status.origin = (char *)(uintptr_t) "fake";
  reply.id = request;
  reply.code = (char *)(uintptr_t) "ok";
  reply.what_case = OREMARK__REPLY__WHAT_STATUS;
  reply.status = &status;
  fake_send(fd, &reply);
}

/* No keys, no mandates. */
static void fake_rights(int fd, uint64_t request) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  Oremark__MemberRights rights = OREMARK__MEMBER_RIGHTS__INIT;
  reply.id = request;
  reply.code = (char *)(uintptr_t) "ok";
  reply.what_case = OREMARK__REPLY__WHAT_MEMBER;
  reply.member = &rights;
  fake_send(fd, &reply);
}

static bool fake_answer(struct fake_daemon *fake, int fd, const uint8_t *bytes, size_t len) {
  Oremark__Request *request = oremark__request__unpack(NULL, len, bytes);
  bool go_on = request != NULL;
  if (!request) return false;
  if (fake->astray)
    fake_status(fake, fd, request->id);
  else if (request->what_case == OREMARK__REQUEST__WHAT_SUBMIT)
    go_on = fake_submit(fake, fd, request->id, &request->submit->statement);
  else if (request->what_case == OREMARK__REQUEST__WHAT_LIST_MEMBERS)
    fake_members(fd, request->id);
  else if (request->what_case == OREMARK__REQUEST__WHAT_GET_MEMBER)
    fake_rights(fd, request->id);
  else if (request->what_case == OREMARK__REQUEST__WHAT_GET_LOT)
    fake_get_lot(fake, fd, request->id, request->get_lot);
  else if (fake->canned[0] && request->what_case != OREMARK__REQUEST__WHAT_GET_STATUS)
    for (size_t i = 0; fake->canned[i]; i++) {
      fake->canned[i]->id = request->id;
      fake_send(fd, fake->canned[i]);
    }
  else
    fake_status(fake, fd, request->id);
  oremark__request__free_unpacked(request, NULL);
  return go_on;
}

static bool fake_read(int fd, uint8_t *out, size_t len) {
  for (size_t have = 0; have < len;) {
    ssize_t n = recv(fd, out + have, len - have, 0);
    if (n <= 0) return false;
    have += (size_t)n;
  }
  return true;
}

static void *fake_run(void *arg) {
  struct fake_daemon *fake = arg;
  uint8_t *frame = malloc(1 << 20);
  for (;;) {
    int fd = accept(fake->listener, NULL, NULL);
    if (fd < 0 || fake->stop) {
      if (fd >= 0) close(fd);
      break;
    }
    fake->client = fd;
    uint8_t header[4];
    while (fake_read(fd, header, 4)) {
      size_t len = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
      if (len > 1 << 20 || !fake_read(fd, frame, len) || !fake_answer(fake, fd, frame, len)) break;
    }
    fake->client = -1;
    close(fd);
  }
  free(frame);
  return NULL;
}

static struct fake_daemon *fake_start(void) {
  struct fake_daemon *fake = calloc(1, sizeof *fake);
  assert_non_null(fake);
  memset(fake->network.bytes, 7, OM_HASH_BYTES);
  snprintf(fake->dir, sizeof fake->dir, "/tmp/oremark-cli-XXXXXX");
  assert_non_null(mkdtemp(fake->dir));
  snprintf(fake->path, sizeof fake->path, "%s/sock", fake->dir);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", fake->path);
  fake->client = -1;
  fake->listener = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fake->listener, 4), 0);
  assert_int_equal(pthread_create(&fake->thread, NULL, fake_run, fake), 0);
  return fake;
}

static void fake_end(struct fake_daemon *fake) {
  fake->stop = true;
  shutdown(fake->listener, SHUT_RDWR);
  int client = fake->client; /* of a command that failed in the middle */
  if (client >= 0) shutdown(client, SHUT_RDWR);
  pthread_join(fake->thread, NULL);
  close(fake->listener);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", fake->dir);
  assert_int_equal(system(command), 0);
  free(fake);
}

#endif
