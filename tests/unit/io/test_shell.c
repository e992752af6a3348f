/* Whole daemons: submissions durable when answered, order of answers, mirrors and quorums over real links, bad clients,
 * stops and kills. */
#include "support/test.h"

#include <sys/ioctl.h>

#include "daemon.h"
#include "daemon/io/wall.h"
#include "ledger/ledger_state.h"

enum { MANY = 600 };

static const uint32_t first_member[] = {1};

/* A statement of member 1 by which it adds site NUMBER after the act PREVIOUS. */
static uint8_t *add_site(struct network *net, size_t *len, uint32_t number, struct om_hash *previous) {
  Oremark__AddSite site = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  site.site = number;
  site.name = (char *)"pit";
  site.country = (char *)"PE";
  site.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &site;
  if (number > 1) event.previous = (ProtobufCBinaryData){sizeof previous->bytes, previous->bytes};
  uint8_t *bytes = network_statement(net, len, 1, om_wall_ms(), events, 1, first_member, 1);
  uint8_t ignored[OM_LOT_NUMBER_BYTES];
  network_lot(net, ignored, previous, bytes, *len, 0, 0);
  return bytes;
}

/* Submits sites FROM to UPTO-1, all at once, and checks the answers. */
static void submit_sites(struct daemons *d, int fd, struct om_hash *previous, uint32_t from, uint32_t upto) {
  for (uint32_t i = from; i < upto; i++) {
    size_t len;
    uint8_t *bytes = add_site(&d->net, &len, i, previous);
    client_submit(fd, i, bytes, len);
    free(bytes);
  }
  for (uint32_t i = from; i < upto; i++) {
    Oremark__Reply *reply = client_reply(fd);
    assert_non_null(reply);
    assert_string_equal(reply->text, "");
    assert_int_equal(reply->id, i);
    assert_int_equal(reply->receipt->index, i);
    assert_false(reply->receipt->again);
    oremark__reply__free_unpacked(reply, NULL);
  }
}

static void test_submissions_are_answered_in_order_and_survive_a_kill(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  submit_sites(&d, fd, &previous, 1, MANY);
  assert_int_equal(daemon_end(&d, 0, SIGKILL), -1);
  close(fd);
  daemon_start(&d, 0); /* over the socket that the dead one left */
  fd = client_open(&d, 0);
  await(fd, 0, MANY, MANY);
  submit_sites(&d, fd, &previous, MANY, MANY + 10);
  close(fd);
  daemons_close(&d);
}

static void test_a_resubmission_gets_its_first_receipt(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  size_t len;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  uint8_t *bytes = add_site(&d.net, &len, 1, &previous);
  for (int again = 0; again < 2; again++) {
    client_submit(fd, 5, bytes, len);
    Oremark__Reply *reply = client_reply(fd);
    assert_string_equal(reply->code, "ok");
    assert_int_equal(reply->receipt->index, 1);
    assert_int_equal(reply->receipt->again, again);
    oremark__reply__free_unpacked(reply, NULL);
  }
  bytes[len - 1] ^= 1; /* in the signature */
  client_submit(fd, 6, bytes, len);
  Oremark__Reply *reply = client_reply(fd);
  assert_string_equal(reply->code, "refused");
  assert_string_equal(reply->rule, "signature");
  oremark__reply__free_unpacked(reply, NULL);
  free(bytes);
  submit_sites(&d, fd, &previous, 2, 4); /* and the next are taken */
  close(fd);
  daemons_close(&d);
}

static void test_a_stop_answers_what_was_taken_in(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  submit_sites(&d, fd, &previous, 1, 2);
  for (uint32_t i = 2; i < 300; i++) {
    size_t len;
    uint8_t *bytes = add_site(&d.net, &len, i, &previous);
    client_submit(fd, i, bytes, len);
    free(bytes);
  }
  assert_int_equal(daemon_end(&d, 0, SIGTERM), OM_OK); /* om_shell_run asserts that the loop is empty */
  uint64_t answered = 1;
  for (Oremark__Reply *reply; (reply = client_reply(fd)) != NULL; oremark__reply__free_unpacked(reply, NULL)) {
    assert_string_equal(reply->code, "ok");
    answered++;
  }
  close(fd);
  char path[PATH_BYTES];
  socket_path(&d, 0, path);
  assert_int_equal(access(path, F_OK), -1);
  daemon_start(&d, 0);
  fd = client_open(&d, 0);
  Oremark__Reply *reply = client_status(fd);
  assert_int_equal(reply->status->logs[0]->size, answered + 1); /* and the genesis */
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  daemons_close(&d);
}

/* Somebody who asks and never reads does not hold up a stop. */
static void test_a_stop_waits_for_nobody_long(void **state) {
  (void)state;
  struct daemons d;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int deaf = client_open(&d, 0);
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetGenesis get = OREMARK__GET_GENESIS__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_GENESIS;
  request.get_genesis = &get;
  for (int i = 0; i < 4000; i++) client_send(deaf, &request);
  /* The daemon is at it once a good part of what the socket holds waits to be read. */
  for (int waiting = 0; waiting < 32768; nap(10)) assert_int_equal(ioctl(deaf, FIONREAD, &waiting), 0);
  int64_t begun = om_wall_ms();
  assert_int_equal(daemon_end(&d, 0, SIGTERM), OM_OK);
  assert_in_range(om_wall_ms() - begun, 0, 20000);
  close(deaf);
  daemons_close(&d);
}

static void test_a_second_daemon_is_refused(void **state) {
  (void)state;
  struct daemons d;
  int status;
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  struct daemons same = d;
  daemon_start(&same, 0); /* same folder */
  waitpid(same.pids[0], &status, 0);
  assert_int_equal(WEXITSTATUS(status), OM_BUSY);
  close(fd);
  daemons_close(&d);
}

/* What can't be read at the start ends the daemon with a sentence, as it does later. */
static void test_a_damaged_head_ends_the_start(void **state) {
  (void)state;
  struct daemons d;
  struct om_store *store;
  struct om_txn *txn;
  struct om_status st;
  char path[PATH_BYTES];
  uint8_t key[OM_HEAD_KEY_BYTES], row[8 + 5] = {[7] = 1, [8] = 'n', 'o', 't', 'e', '?'};
  int status;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  close(client_open(&d, 0));
  assert_int_equal(daemon_end(&d, 0, SIGTERM), OM_OK);
  snprintf(path, sizeof path, "%s/0", d.folder);
  assert_int_equal(om_store_open(&store, path, UINT64_C(1) << 33, &st), OM_OK);
  assert_int_equal(om_txn_write(&txn, store, &st), OM_OK);
  om_head_key(key, 0, OM_HEAD_OWN);
  om_txn_put(txn, OM_TABLE_HEADS, key, sizeof key, row, sizeof row);
  assert_int_equal(om_txn_commit(txn, &st), OM_OK);
  om_store_close(store);
  daemon_start(&d, 0);
  waitpid(d.pids[0], &status, 0);
  d.pids[0] = 0;
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), OM_CORRUPT);
  daemons_close(&d);
}

/* A socket that another daemon answers on is left to it, a port too. */
static void test_what_is_in_use_is_refused(void **state) {
  (void)state;
  struct daemons d;
  int status;
  char path[PATH_BYTES], other[PATH_BYTES];
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  socket_path(&d, 0, path);
  socket_path(&d, 1, other);
  assert_int_equal(symlink(path, other), 0); /* a file that is no socket */
  daemon_start(&d, 1);
  waitpid(d.pids[1], &status, 0);
  assert_int_equal(WEXITSTATUS(status), OM_BUSY);
  assert_int_equal(unlink(other), 0);
  assert_int_equal(link(path, other), 0); /* the other daemon's socket */
  daemon_start(&d, 1);
  waitpid(d.pids[1], &status, 0);
  assert_int_equal(WEXITSTATUS(status), OM_BUSY);
  assert_int_equal(unlink(other), 0);
  uint16_t port = d.ports[1];
  d.ports[1] = d.ports[0];
  daemon_start(&d, 1);
  waitpid(d.pids[1], &status, 0);
  assert_int_equal(WEXITSTATUS(status), OM_BUSY);
  d.ports[1] = port;
  d.pids[1] = 0;
  Oremark__Reply *reply = client_status(fd);
  assert_string_equal(reply->code, "ok");
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  daemons_close(&d);
}

static int tcp_open(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

/* Whether the daemon behind FD has been told why a peer does not want it. */
static bool was_refused(int fd) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetPeers get = OREMARK__GET_PEERS__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_PEERS;
  request.get_peers = &get;
  client_send(fd, &request);
  Oremark__Reply *reply = client_reply(fd);
  assert_non_null(reply);
  bool refused = false;
  for (size_t i = 0; i < reply->peers->n_peers; i++) refused |= reply->peers->peers[i]->last_error[0] != '\0';
  oremark__reply__free_unpacked(reply, NULL);
  return refused;
}

/* Strangers on the peers' port: noise, silence, and a daemon of another network. */
static void test_strangers_are_no_peers(void **state) {
  (void)state;
  struct daemons d, other;
  struct om_hash previous;
  uint8_t noise[300], byte;
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)(7 * i);
  int loud = tcp_open(d.ports[0]), silent = tcp_open(d.ports[0]);
  write_all(loud, noise, sizeof noise);
  assert_false(read_all(loud, &byte, 1)); /* closed without a word */
  daemons_open(&other, 3, false);         /* the same keys, another genesis */
  other.ports[0] = d.ports[0];
  daemon_start(&other, 1);
  int theirs = client_open(&other, 1);
  while (!was_refused(theirs)) nap(20);
  Oremark__Reply *reply = client_status(theirs);
  assert_int_equal(reply->status->logs[0]->size, 1);
  assert_int_equal(reply->status->logs[0]->final_size, 0);
  oremark__reply__free_unpacked(reply, NULL);
  submit_sites(&d, fd, &previous, 1, 20);
  close(theirs);
  daemons_close(&other);
  close(loud);
  close(silent);
  close(fd);
  daemons_close(&d);
}

/* A store that is full refuses what it can't take, keeps what it has, and goes on when there is room. */
static void test_a_full_store_loses_nothing(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous, last;
  uint32_t taken = 0;
  bool full = false;
  daemons_open(&d, 1, false);
  d.map_size = 1 << 20;
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  for (uint32_t i = 1; i < 20000 && !full; i++) {
    size_t len;
    last = previous;
    uint8_t *bytes = add_site(&d.net, &len, i, &previous);
    client_submit(fd, i, bytes, len);
    free(bytes);
    Oremark__Reply *reply = client_reply(fd);
    assert_non_null(reply);
    full = strcmp(reply->code, "full") == 0;
    if (!full) {
      assert_string_equal(reply->code, "ok");
      taken = i;
    }
    oremark__reply__free_unpacked(reply, NULL);
  }
  assert_true(full);
  Oremark__Reply *reply = client_status(fd); /* it still answers */
  assert_int_equal(reply->status->logs[0]->size, taken + 1);
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  assert_int_equal(daemon_end(&d, 0, SIGTERM), OM_OK);
  d.map_size = 0;
  daemon_start(&d, 0);
  fd = client_open(&d, 0);
  submit_sites(&d, fd, &last, taken + 1, taken + 50);
  close(fd);
  daemons_close(&d);
}

static void test_bad_clients_harm_nobody(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1}, garbage[] = {0, 0, 0, 3, 0xff, 0xff, 0xff},
                       half[] = {0, 0, 0, 9, 8};
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int fds[3] = {client_open(&d, 0), client_open(&d, 0), client_open(&d, 0)};
  write_all(fds[0], huge, sizeof huge);
  write_all(fds[1], garbage, sizeof garbage);
  write_all(fds[2], half, sizeof half);
  for (int i = 0; i < 2; i++) {
    Oremark__Reply *reply = client_reply(fds[i]);
    assert_string_equal(reply->code, "malformed");
    oremark__reply__free_unpacked(reply, NULL);
    assert_null(client_reply(fds[i])); /* and closed */
    close(fds[i]);
  }
  int fd = client_open(&d, 0);
  submit_sites(&d, fd, &previous, 1, 20);
  Oremark__Request unknown = OREMARK__REQUEST__INIT;
  unknown.id = 9;
  client_send(fd, &unknown);
  Oremark__Reply *reply = client_reply(fd);
  assert_string_equal(reply->code, "usage");
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  close(fds[2]);
  daemons_close(&d);
}

static void test_a_client_that_does_not_read_stops_only_itself(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int deaf = client_open(&d, 0);
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetGenesis get = OREMARK__GET_GENESIS__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_GENESIS;
  request.get_genesis = &get;
  uint8_t frame[64];
  size_t len = oremark__request__get_packed_size(&request), sent = 0;
  om_frame_header(frame, len);
  oremark__request__pack(&request, frame + OM_FRAME_HEADER_BYTES);
  while (sent < 10000000) { /* ends when the daemon reads no more from it */
    ssize_t n = send(deaf, frame, OM_FRAME_HEADER_BYTES + len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      nap(300);
      n = send(deaf, frame, OM_FRAME_HEADER_BYTES + len, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0) break;
    }
    sent += (size_t)n;
  }
  assert_true(sent < 10000000);
  int fd = client_open(&d, 0);
  submit_sites(&d, fd, &previous, 1, 100);
  close(fd);
  close(deaf);
  daemons_close(&d);
}

static void test_daemons_mirror_and_make_final(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  enum { N = 4, SITES = 200 };
  daemons_open(&d, N, true);
  for (size_t i = 0; i < N; i++) daemon_start(&d, i);
  int fds[N];
  for (size_t i = 0; i < N; i++) fds[i] = client_open(&d, i);
  await_ready(fds[0]);
  submit_sites(&d, fds[0], &previous, 1, SITES);
  for (size_t i = 0; i < N; i++) {
    await(fds[i], 0, SITES, SITES);
    for (uint32_t log = 1; log < N; log++) await(fds[i], log, 1, 1); /* each log begins with its mark of the registry */
  }
  for (size_t i = 0; i < N; i++) close(fds[i]);
  daemons_close(&d);
}

static void test_a_daemon_that_was_away_catches_up(void **state) {
  (void)state;
  struct daemons d;
  struct om_hash previous;
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  daemon_start(&d, 1);
  int first = client_open(&d, 0), second = client_open(&d, 1);
  submit_sites(&d, first, &previous, 1, 50);
  await(second, 0, 50, 50);
  close(second);
  assert_int_equal(daemon_end(&d, 1, SIGKILL), -1);
  submit_sites(&d, first, &previous, 50, 400);
  daemon_start(&d, 1);
  second = client_open(&d, 1);
  await(second, 0, 400, 400);
  await(first, 1, 1, 1); /* no witness: it goes by heads alone */
  close(first);
  close(second);
  daemons_close(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_submissions_are_answered_in_order_and_survive_a_kill),
      cmocka_unit_test(test_a_resubmission_gets_its_first_receipt),
      cmocka_unit_test(test_a_stop_answers_what_was_taken_in),
      cmocka_unit_test(test_a_stop_waits_for_nobody_long),
      cmocka_unit_test(test_a_second_daemon_is_refused),
      cmocka_unit_test(test_a_damaged_head_ends_the_start),
      cmocka_unit_test(test_what_is_in_use_is_refused),
      cmocka_unit_test(test_strangers_are_no_peers),
      cmocka_unit_test(test_a_full_store_loses_nothing),
      cmocka_unit_test(test_bad_clients_harm_nobody),
      cmocka_unit_test(test_a_client_that_does_not_read_stops_only_itself),
      cmocka_unit_test(test_daemons_mirror_and_make_final),
      cmocka_unit_test(test_a_daemon_that_was_away_catches_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
