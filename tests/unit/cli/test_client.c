#include "support/test.h"

#include "cli/client.h"
#include "fake_daemon.h"

static struct fake_daemon *fake;
static struct om_status st;

static int begin(void **state) {
  (void)state;
  fake = fake_start();
  return 0;
}

static int end(void **state) {
  (void)state;
  fake_end(fake);
  return 0;
}

static Oremark__Request *request_for(bool members) {
  static Oremark__GetStatus get = OREMARK__GET_STATUS__INIT;
  static Oremark__ListMembers list = OREMARK__LIST_MEMBERS__INIT;
  static Oremark__Request request;
  oremark__request__init(&request);
  request.what_case = members ? OREMARK__REQUEST__WHAT_LIST_MEMBERS : OREMARK__REQUEST__WHAT_GET_STATUS;
  if (members)
    request.list_members = &list;
  else
    request.get_status = &get;
  return &request;
}

static void nobody_listens(void **state) {
  (void)state;
  struct om_client *client;
  assert_int_equal(om_client_open(&client, "/nonexistent/sock", &st), OM_IO);
  assert_memory_equal(st.text, "no daemon at /nonexistent/sock: is oremarkd running?", 52);
  assert_int_equal(om_exit_status(st.code), 3);
  char longer[200];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  assert_int_equal(om_client_open(&client, longer, &st), OM_USAGE);
  assert_null(client);
}

/* Thousands under way at once, more than the sockets hold: replies are matched by id, in whatever order they are asked
 * for. */
static void requests_are_pipelined_and_matched(void **state) {
  (void)state;
  enum { N = 5000 };
  static uint64_t ids[N];
  struct om_client *client;
  Oremark__Reply *reply;
  assert_int_equal(om_client_open(&client, fake->path, &st), OM_OK);
  for (size_t i = 0; i < N; i++) assert_int_equal(om_client_send(client, &ids[i], request_for(i % 2), &st), OM_OK);
  assert_int_equal(om_client_receive(client, &reply, ids[10], &st), OM_OK);
  assert_int_equal(reply->id, ids[10]);
  oremark__reply__free_unpacked(reply, NULL);
  for (size_t i = 0; i < N; i++) {
    if (i == 10) continue;
    assert_int_equal(om_client_receive(client, &reply, i % 3 ? 0 : ids[i], &st), OM_OK);
    assert_int_equal(reply->id, ids[i]);
    assert_int_equal(reply->what_case, i % 2 ? OREMARK__REPLY__WHAT_MEMBERS : OREMARK__REPLY__WHAT_STATUS);
    oremark__reply__free_unpacked(reply, NULL);
  }
  om_client_close(client);
}

/* A server that answers anything with BYTES and hangs up. */
struct rude {
  int listener;
  const uint8_t *bytes;
  size_t len;
};

static void *rude_run(void *arg) {
  struct rude *rude = arg;
  uint8_t sink[256];
  int fd = accept(rude->listener, NULL, NULL);
  assert_true(recv(fd, sink, sizeof sink, 0) > 0);
  assert_int_equal(send(fd, rude->bytes, rude->len, MSG_NOSIGNAL), (ssize_t)rude->len);
  shutdown(fd, SHUT_WR);
  while (recv(fd, sink, sizeof sink, 0) > 0) continue;
  close(fd);
  return NULL;
}

static enum om_code call_rude(const void *bytes, size_t len) {
  char path[96];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct rude rude = {socket(AF_UNIX, SOCK_STREAM, 0), bytes, len};
  struct om_client *client;
  Oremark__Reply *reply;
  pthread_t thread;
  snprintf(path, sizeof path, "%s/rude", fake->dir);
  unlink(path);
  memcpy(address.sun_path, path, strlen(path) + 1);
  assert_int_equal(bind(rude.listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(rude.listener, 1), 0);
  assert_int_equal(pthread_create(&thread, NULL, rude_run, &rude), 0);
  assert_int_equal(om_client_open(&client, path, &st), OM_OK);
  enum om_code code = om_client_call(client, &reply, request_for(false), &st);
  assert_null(reply);
  om_client_close(client);
  pthread_join(thread, NULL);
  close(rude.listener);
  return code;
}

static void whatever_is_answered_ends_in_a_sentence(void **state) {
  (void)state;
  assert_int_equal(call_rude("", 0), OM_IO);
  assert_non_null(strstr(st.text, "closed the connection"));
  assert_int_equal(call_rude("\0\0\0\5\1", 5), OM_IO); /* torn */
  assert_non_null(strstr(st.text, "closed the connection"));
  assert_int_equal(call_rude("\0\0\0\0", 4), OM_IO);
  assert_non_null(strstr(st.text, "not an Oremark daemon"));
  assert_int_equal(call_rude("HTTP/1.1 400 Bad", 16), OM_IO); /* a length of 1.2 GB */
  assert_non_null(strstr(st.text, "not an Oremark daemon"));
  assert_int_equal(call_rude("\0\0\0\2\xFF\xFF", 6), OM_IO);
  assert_non_null(strstr(st.text, "not an Oremark daemon"));
}

static void codes_come_back_as_they_are(void **state) {
  (void)state;
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  reply.text = (char *)(uintptr_t) "why";
  reply.rule = (char *)(uintptr_t) "pen";
  for (int code = OM_OK; code <= OM_WAIT; code++) {
    reply.code = (char *)(uintptr_t)om_code_name((enum om_code)code);
    assert_int_equal(om_reply_status(&reply, &st), code);
    assert_string_equal(st.rule, code ? "pen" : "");
  }
  reply.code = (char *)(uintptr_t) "novel";
  assert_int_equal(om_reply_status(&reply, &st), OM_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(nobody_listens, begin, end),
      cmocka_unit_test_setup_teardown(requests_are_pipelined_and_matched, begin, end),
      cmocka_unit_test_setup_teardown(whatever_is_answered_ends_in_a_sentence, begin, end),
      cmocka_unit_test_setup_teardown(codes_come_back_as_they_are, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
