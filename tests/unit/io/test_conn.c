/* A connection that is slow is not one that is dead. */
#include "support/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/io/conn.h"

enum { WAITING = 8 << 20, STEP = 1 << 20 };

struct ends {
  struct om_conn conn; /* first: hooks get this address */
  int far;             /* the other side; blocking */
  bool ended, freed;
};

static void on_data(struct om_conn *conn, const uint8_t *bytes, size_t len) {
  (void)conn, (void)bytes, (void)len;
}

static void on_ended(struct om_conn *conn, const struct om_status *why) {
  (void)why;
  ((struct ends *)conn)->ended = true;
}

static void on_freed(struct om_conn *conn) {
  ((struct ends *)conn)->freed = true;
}

static const struct om_conn_hooks hooks = {.data = on_data, .ended = on_ended, .freed = on_freed};

/* Both ends of a TCP connection; *FAR takes little ahead of being read. */
static int tcp_pair(int *far) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  int small = 4096, listener = socket(AF_INET, SOCK_STREAM, 0), near = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
  assert_int_equal(connect(near, (struct sockaddr *)&address, sizeof address), 0);
  *far = accept(listener, NULL, NULL);
  assert_true(*far >= 0);
  close(listener);
  return near;
}

static void turn(uv_loop_t *loop) {
  for (int i = 0; i < 20; i++) {
    uv_run(loop, UV_RUN_NOWAIT);
    usleep(1000);
  }
}

/* As if OM_CONN_STALL_MS had passed. */
static void stall(struct om_conn *conn) {
  assert_true(uv_is_active((uv_handle_t *)&conn->stall));
  uv_timer_stop(&conn->stall);
  conn->stall.timer_cb(&conn->stall);
}

static void test_a_slow_peer_is_kept_and_a_dead_one_is_not(void **state) {
  (void)state;
  static uint8_t read_buffer[OM_CONN_READ_BYTES];
  struct ends ends = {.far = -1};
  struct om_status st;
  uv_loop_t loop;
  uint8_t *bytes = malloc(STEP);
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(om_conn_init(&ends.conn, &loop, OM_CONN_TCP, read_buffer, &hooks, &st), OM_OK);
  assert_int_equal(uv_tcp_open(&ends.conn.io.tcp, tcp_pair(&ends.far)), 0);
  assert_int_equal(om_conn_start(&ends.conn, &st), OM_OK);
  memset(om_conn_room(&ends.conn, WAITING), 0, WAITING);
  om_conn_added(&ends.conn, WAITING);
  om_conn_flush(&ends.conn);
  for (int i = 0; i < 3; i++) { /* a link of 1 KiB/s: less than the system takes ahead */
    turn(&loop);
    assert_int_equal(recv(ends.far, bytes, 30 << 10, MSG_WAITALL), 30 << 10);
    turn(&loop);
    stall(&ends.conn);
    assert_false(ends.ended);
  }
  turn(&loop);
  stall(&ends.conn); /* may still see what has gone since */
  if (!ends.ended) stall(&ends.conn);
  assert_true(ends.ended);
  turn(&loop);
  assert_true(ends.freed);
  assert_int_equal(uv_loop_close(&loop), 0);
  close(ends.far);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_slow_peer_is_kept_and_a_dead_one_is_not)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
