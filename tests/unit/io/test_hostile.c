/* Whole daemons against strangers, a member's daemon that lies, and clients that take more than their share. */
#include "support/test.h"

#include <sys/resource.h>

#include "hostile.h"
#include "ledger/note.h"

enum { STRANGERS = 200, DEAF = 6, SOON_MS = 5000 };

static void test_strangers_do_not_keep_a_peer_out(void **state) {
  (void)state;
  struct daemons d;
  struct hostile peer;
  int strangers[STRANGERS];
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  close(client_open(&d, 0));
  for (size_t i = 0; i < STRANGERS; i++) strangers[i] = stranger_open(&d, 0);
  assert_true(hostile_open(&peer, &d, 0, 1, SOON_MS));
  hostile_close(&peer);
  for (size_t i = 0; i < STRANGERS; i++) close(strangers[i]);
  daemons_close(&d);
}

/* A head of daemon AS's log at SIZE, signed with daemon BY's log key. */
static size_t make_head(char note[OM_NOTE_BYTES_MAX], const struct daemons *d, size_t as, size_t by, uint64_t size) {
  struct om_checkpoint head = {.size = size};
  struct om_status st;
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES];
  size_t len = 0;
  snprintf(head.origin, sizeof head.origin, "daemon%zu.example/log", as);
  size_t text_len = om_checkpoint_format(text, &head);
  assert_int_equal(om_note_begin(note, &len, text, text_len, &st), OM_OK);
  size_t line_len = om_note_sign(line, head.origin, d->net.log_keys[by], text, text_len);
  assert_int_equal(om_note_add_line(note, &len, line, line_len, &st), OM_OK);
  return len;
}

/* Else it would stand in the way of true heads, and each would cost the loop its signatures without end. */
static void test_a_forged_head_beyond_what_is_held_ends_the_link(void **state) {
  (void)state;
  struct daemons d;
  struct hostile peer;
  char note[OM_NOTE_BYTES_MAX];
  daemons_open(&d, 3, true);
  daemon_start(&d, 0);
  close(client_open(&d, 0));
  assert_true(hostile_open(&peer, &d, 0, 1, SOON_MS));
  hostile_hello(&peer, 1);
  hostile_head(&peer, 2, note, make_head(note, &d, 2, 2, 7)); /* signed, the quorum can't be judged yet: kept */
  hostile_read(&peer, 300, SIZE_MAX);
  assert_true(peer.fd >= 0);
  hostile_head(&peer, 2, note, make_head(note, &d, 2, 1, UINT64_C(1) << 40));
  hostile_read(&peer, SOON_MS, SIZE_MAX);
  assert_int_equal(peer.fd, -1);
  hostile_close(&peer);
  daemons_close(&d);
}

/* Sends requests for the genesis file at one go, as many as the daemon takes, and reads no answer. */
static int deaf_client(const struct daemons *d) {
  enum { BURST = 60000 };
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetGenesis get = OREMARK__GET_GENESIS__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_GENESIS;
  request.get_genesis = &get;
  size_t len = oremark__request__get_packed_size(&request), step = OM_FRAME_HEADER_BYTES + len;
  uint8_t *frames = malloc(BURST * step);
  assert_non_null(frames);
  for (size_t i = 0; i < BURST; i++) {
    om_frame_header(frames + i * step, len);
    oremark__request__pack(&request, frames + i * step + OM_FRAME_HEADER_BYTES);
  }
  int fd = client_open(d, 0);
  size_t sent = 0;
  for (int refused = 0; refused < 3 && sent < BURST * step;) {
    ssize_t n = send(fd, frames + sent, BURST * step - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += (size_t)n;
    refused = n > 0 ? 0 : refused + 1;
    if (n <= 0) nap(100);
  }
  free(frames);
  return fd;
}

static void test_clients_that_do_not_read_keep_nobody_waiting(void **state) {
  (void)state;
  struct daemons d;
  daemons_open(&d, 1, false);
  daemon_start(&d, 0);
  int deaf[DEAF];
  for (size_t i = 0; i < DEAF; i++) deaf[i] = deaf_client(&d);
  int fd = client_open(&d, 0);
  int64_t since = om_wall_ms();
  Oremark__Reply *reply = client_status(fd);
  assert_string_equal(reply->code, "ok");
  assert_true(om_wall_ms() - since < SOON_MS);
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  for (size_t i = 0; i < DEAF; i++) close(deaf[i]);
  daemons_close(&d);
}

/* Statements of member 1 by which it adds sites FROM to UPTO-1 with the longest names. */
static void submit_sites(struct daemons *d, int fd, struct om_hash *previous, uint32_t from, uint32_t upto) {
  static const uint32_t signer[] = {1};
  char name[OM_NAME_BYTES + 1];
  uint8_t ignored[OM_LOT_NUMBER_BYTES];
  memset(name, 'p', OM_NAME_BYTES);
  name[OM_NAME_BYTES] = '\0';
  for (uint32_t i = from; i < upto; i++) {
    Oremark__AddSite site = OREMARK__ADD_SITE__INIT;
    Oremark__Event event = OREMARK__EVENT__INIT, *events[] = {&event};
    size_t len;
    site.site = i;
    site.name = name;
    site.country = (char *)"PE";
    site.kind = OREMARK__SITE_KIND__SITE_KIND_MINE;
    event.kind_case = OREMARK__EVENT__KIND_ADD_SITE;
    event.add_site = &site;
    if (i > 1) event.previous = (ProtobufCBinaryData){sizeof previous->bytes, previous->bytes};
    uint8_t *bytes = network_statement(&d->net, &len, 1, om_wall_ms(), events, 1, signer, 1);
    network_lot(&d->net, ignored, previous, bytes, len, 0, 0);
    client_submit(fd, i, bytes, len);
    free(bytes);
  }
  for (uint32_t i = from; i < upto; i++) {
    Oremark__Reply *reply = client_reply(fd);
    assert_string_equal(reply->text, "");
    oremark__reply__free_unpacked(reply, NULL);
  }
}

/* A member alone decides how many sites it adds. */
static void test_a_member_with_many_sites_does_not_end_the_daemon(void **state) {
  (void)state;
  enum { SITES = 8000, AT_ONCE = 250 }; /* over 1 MiB of them */
  struct daemons d;
  struct om_hash previous;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListMembers list = OREMARK__LIST_MEMBERS__INIT;
  daemons_open(&d, 2, false);
  daemon_start(&d, 0);
  int fd = client_open(&d, 0);
  for (uint32_t from = 1; from <= SITES; from += AT_ONCE) submit_sites(&d, fd, &previous, from, from + AT_ONCE);
  request.what_case = OREMARK__REQUEST__WHAT_LIST_MEMBERS;
  request.list_members = &list;
  client_send(fd, &request);
  size_t members = 0;
  for (bool more = true; more;) {
    Oremark__Reply *reply = client_reply(fd);
    assert_non_null(reply);
    assert_string_equal(reply->code, "ok");
    for (size_t i = 0; i < reply->members->n_members; i++, members++) {
      const Oremark__Member *member = reply->members->members[i];
      if (member->member == 1)
        assert_int_equal(member->sites[member->n_sites - 1]->site, SITES); /* the next is the one after */
    }
    more = reply->more;
    oremark__reply__free_unpacked(reply, NULL);
  }
  assert_int_equal(members, 2);
  close(fd);
  daemons_close(&d);
}

static void test_a_daemon_without_descriptors_recovers(void **state) {
  (void)state;
  enum { FEW = 40 };
  struct daemons d;
  struct hostile peer;
  struct rlimit many, few;
  int strangers[STRANGERS];
  daemons_open(&d, 2, false);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &many), 0);
  few = many;
  few.rlim_cur = FEW;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  daemon_start(&d, 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
  int fd = client_open(&d, 0);
  await(fd, 0, 1, 1); /* it has been taken, not only put in the row of those who wait */
  for (size_t i = 0; i < STRANGERS; i++) strangers[i] = stranger_open(&d, 0);
  Oremark__Reply *reply = client_status(fd);
  assert_string_equal(reply->code, "ok");
  oremark__reply__free_unpacked(reply, NULL);
  for (size_t i = 0; i < STRANGERS; i++) close(strangers[i]);
  int64_t since = om_wall_ms();
  while (!hostile_open(&peer, &d, 0, 1, SOON_MS / 10)) { /* it has not noticed yet that they have gone */
    hostile_close(&peer);
    assert_true(om_wall_ms() - since < SOON_MS);
  }
  hostile_close(&peer);
  close(fd);
  fd = client_open(&d, 0);
  reply = client_status(fd);
  assert_string_equal(reply->code, "ok");
  oremark__reply__free_unpacked(reply, NULL);
  close(fd);
  daemons_close(&d);
}

/* Who may connect may not fill the disk by it. */
static void test_strangers_do_not_fill_the_log(void **state) {
  (void)state;
  enum { LINES_MAX = 40 };
  struct daemons d;
  daemons_open(&d, 2, false);
  FILE *log = tmpfile();
  int was = dup(STDERR_FILENO);
  assert_true(log != NULL && was >= 0);
  setenv("OREMARK_TEST_LOG", "1", 1);
  dup2(fileno(log), STDERR_FILENO);
  daemon_start(&d, 0);
  dup2(was, STDERR_FILENO);
  close(was);
  unsetenv("OREMARK_TEST_LOG");
  close(client_open(&d, 0));
  for (size_t i = 0; i < STRANGERS; i++) close(stranger_open(&d, 0));
  struct hostile last;
  assert_true(hostile_open(&last, &d, 0, 1, SOON_MS)); /* all before it have been taken */
  hostile_close(&last);
  daemons_close(&d);
  size_t lines = 0, told = 0;
  char line[1024];
  rewind(log);
  while (fgets(line, sizeof line, log) != NULL) {
    lines++;
    told += strstr(line, "peer-refused") != NULL;
  }
  fclose(log);
  assert_true(told > 0);
  assert_in_range(lines, 1, LINES_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_strangers_do_not_keep_a_peer_out),
      cmocka_unit_test(test_a_forged_head_beyond_what_is_held_ends_the_link),
      cmocka_unit_test(test_clients_that_do_not_read_keep_nobody_waiting),
      cmocka_unit_test(test_a_daemon_without_descriptors_recovers),
      cmocka_unit_test(test_strangers_do_not_fill_the_log),
      cmocka_unit_test(test_a_member_with_many_sites_does_not_end_the_daemon),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
