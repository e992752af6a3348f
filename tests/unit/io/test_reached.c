/* Who waits for finality is told as soon as a quorum has cosigned, before the home's own disk shows it; nobody is told
 * less afterwards, and what was told comes true again after a crash. The test holds the home's writer back by the
 * store's own write lock. */
#include "support/test.h"

#include <lmdb.h>
#include <poll.h>

#include "daemon.h"
#include "daemon/io/wall.h"

enum { DAEMONS = 4, WITNESSES_FROM = 1, SHORT_MS = 300 };

struct rig {
  struct daemons d;
  struct om_hash previous, id; /* of the last act, of the last statement */
  int64_t signed_ms;
  uint32_t sites;
  int submits, reads; /* two connections to the home */
};

struct held {
  MDB_env *env;
  MDB_txn *txn;
};

static void signal_witnesses(const struct rig *r, int number) {
  for (size_t i = WITNESSES_FROM; i < DAEMONS; i++) assert_int_equal(kill(r->d.pids[i], number), 0);
}

static void connect_home(struct rig *r) {
  r->submits = client_open(&r->d, 0);
  r->reads = client_open(&r->d, 0);
  await_ready(r->reads);
}

static void begin(struct rig *r) {
  *r = (struct rig){.sites = 0};
  daemons_open(&r->d, DAEMONS, true);
  for (size_t i = 0; i < DAEMONS; i++) daemon_start(&r->d, i);
  connect_home(r);
  await(r->reads, 0, 1, 1);
}

static void end(struct rig *r) {
  close(r->submits);
  close(r->reads);
  daemons_close(&r->d);
}

/* A statement of member 1 that is recorded: one more site. */
static void submit(struct rig *r) {
  Oremark__AddSite site = OREMARK__ADD_SITE__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
  static const uint32_t signer[] = {1};
  uint8_t ignored[OM_LOT_NUMBER_BYTES];
  size_t len;
  site.site = ++r->sites;
  site.name = (char *)"pit";
  site.country = (char *)"PE";
  site.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
  event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event.add_site = &site;
  if (r->sites > 1) event.previous = (ProtobufCBinaryData){sizeof r->previous.bytes, r->previous.bytes};
  r->signed_ms = om_wall_ms();
  uint8_t *bytes = network_statement(&r->d.net, &len, 1, r->signed_ms, events, 1, signer, 1);
  network_lot(&r->d.net, ignored, &r->previous, bytes, len, 0, 0);
  client_submit(r->submits, 1, bytes, len);
  Oremark__Reply *reply = client_reply(r->submits);
  assert_non_null(reply);
  assert_string_equal(reply->text, "");
  assert_false(reply->receipt->final);
  memcpy(r->id.bytes, reply->receipt->statement_id.data, sizeof r->id.bytes);
  oremark__reply__free_unpacked(reply, NULL);
  free(bytes);
}

static void ask_final(struct rig *r, int fd, uint32_t wait_ms) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetFinality get = OREMARK__GET_FINALITY__INIT;
  request.id = 2;
  request.what_case = OREMARK__REQUEST__WHAT_GET_FINALITY;
  request.get_finality = &get;
  get.member = 1;
  get.signed_ms = r->signed_ms;
  get.statement_id = (ProtobufCBinaryData){sizeof r->id.bytes, r->id.bytes};
  get.wait_ms = wait_ms;
  client_send(fd, &request);
}

static bool answers(int fd, int ms) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return poll(&p, 1, ms) == 1;
}

static void expect(int fd, const char *state) {
  assert_true(answers(fd, PATIENCE_MS));
  Oremark__Reply *reply = client_reply(fd);
  assert_non_null(reply);
  assert_string_equal(reply->text, "");
  assert_string_equal(reply->finality->state, state);
  assert_true((reply->finality->time_s > 0) == (strcmp(state, "final") == 0));
  oremark__reply__free_unpacked(reply, NULL);
}

/* From now on the home writes nothing. */
static struct held hold_writer(const struct rig *r) {
  struct held h;
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/0", r->d.folder);
  assert_int_equal(mdb_env_create(&h.env), 0);
  assert_int_equal(mdb_env_set_maxdbs(h.env, 64), 0);
  assert_int_equal(mdb_env_open(h.env, path, 0, 0600), 0);
  assert_int_equal(mdb_txn_begin(h.env, NULL, 0, &h.txn), 0);
  return h;
}

static void let_write(struct held *h) {
  mdb_txn_abort(h->txn);
  mdb_env_close(h->env);
}

/* A statement that somebody waits for, and a home that can't write any more when the witnesses answer. */
static struct held wait_for_one(struct rig *r) {
  signal_witnesses(r, SIGSTOP);
  submit(r);
  ask_final(r, r->submits, PATIENCE_MS);
  ask_final(r, r->submits, 0); /* once this is answered, the daemon has read the other too */
  expect(r->submits, "pending");
  struct held h = hold_writer(r);
  signal_witnesses(r, SIGCONT);
  return h;
}

static void test_told_before_the_disk_shows_it(void **state) {
  (void)state;
  struct rig r;
  begin(&r);
  struct held h = wait_for_one(&r);
  expect(r.submits, "final");
  ask_final(&r, r.reads, 0);
  assert_false(answers(r.reads, SHORT_MS)); /* it would say less */
  let_write(&h);
  expect(r.reads, "final");
  await(r.reads, 0, 1 + r.sites, 1 + r.sites);
  end(&r);
}

static void test_what_was_told_comes_true_after_a_crash(void **state) {
  (void)state;
  struct rig r;
  begin(&r);
  struct held h = wait_for_one(&r);
  expect(r.submits, "final");
  assert_int_equal(daemon_end(&r.d, 0, SIGKILL), -1); /* no note of it on the disk */
  let_write(&h);
  close(r.submits);
  close(r.reads);
  daemon_start(&r.d, 0);
  connect_home(&r);
  ask_final(&r, r.submits, PATIENCE_MS);
  expect(r.submits, "final");
  end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_told_before_the_disk_shows_it),
      cmocka_unit_test(test_what_was_told_comes_true_after_a_crash),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
