/* The endpoint at which logs of others are witnessed: nobody holds a connection longer than a request may take. */
#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/io/witness_http.h"
#include "keys/vkey.h"
#include "support/keyfiles.h"

enum { DRIP_MS = 20, DRIPS_MAX = 3000, REQUEST_S = 1, TRIES = 10 };

static char *folder;
static struct om_secret *secret;
static struct om_witness_http *http;
static struct sockaddr_in where;

static void find_port(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t len = sizeof where;
  where = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(bind(fd, (struct sockaddr *)&where, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &len), 0);
  close(fd);
}

static int open_fixture(void **state) {
  (void)state;
  uint8_t seed[OM_PUBLIC_BYTES] = {1};
  char vkey[OM_VKEY_BYTES], address[32], *logs[] = {vkey};
  struct om_status st;
  folder = temp_folder();
  assert_int_equal(om_secret_new(&secret, seed, &st), OM_OK);
  om_vkey_format(vkey, "example.com/log", OM_ALG_ED25519, om_secret_public(secret));
  enum om_code code = OM_IO;
  for (int i = 0; code == OM_IO && i < TRIES; i++) { /* somebody else may take a free port */
    find_port();
    snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(where.sin_port));
    struct om_witness_http_config config = {.address = address,
                                            .store = folder,
                                            .keys = folder,
                                            .name = "witness.example/w",
                                            .secret = secret,
                                            .logs = logs,
                                            .n_logs = 1,
                                            .request_s = REQUEST_S};
    code = om_witness_http_start(&http, &config, &st);
  }
  if (code != OM_OK) fail_msg("%s", st.text);
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  om_witness_http_stop(http);
  om_secret_free(secret);
  remove_folder(folder);
  return 0;
}

static int dial(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
  return fd;
}

/* Says FIRST, then AGAIN over and over, never silent for long; it is hung up on before the drips end. */
static void check_dripping_ends(const char *first, const char *again) {
  const struct timespec pace = {.tv_nsec = DRIP_MS * 1000000};
  char byte;
  int fd = dial(), i = 0;
  bool open = send(fd, first, strlen(first), MSG_NOSIGNAL) > 0;
  for (; open && i < DRIPS_MAX; i++) {
    nanosleep(&pace, NULL);
    open = send(fd, again, strlen(again), MSG_NOSIGNAL) > 0 && recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }
  close(fd);
  assert_in_range(i, 1, DRIPS_MAX - 1);
}

static void test_headers_that_drip(void **state) {
  (void)state;
  check_dripping_ends("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nX: ", "x");
}

static void test_a_body_that_drips(void **state) {
  (void)state;
  check_dripping_ends("POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 30000\r\n\r\nold 0\n", "x");
}

/* One connection serves many requests. */
static void test_a_connection_stays(void **state) {
  (void)state;
  static const char *const requests[][2] = {
      {"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 6\r\n\r\nold 0\n", "checkpoint\n"},
      {"GET /nothing HTTP/1.1\r\nHost: w\r\n\r\n", "nothing here\n"},
      {"GET /00/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", "such a log\n"},
  };
  char answer[4096];
  int fd = dial();
  for (size_t i = 0; i < 6; i++) {
    const char *const *request = requests[i % 3];
    size_t n = 0, end = strlen(request[1]);
    assert_true(send(fd, request[0], strlen(request[0]), MSG_NOSIGNAL) > 0);
    do {
      ssize_t got = recv(fd, answer + n, sizeof answer - 1 - n, 0);
      if (got <= 0) fail_msg("request %zu: the connection is closed", i);
      n += (size_t)got;
      answer[n] = '\0';
    } while (n < end || strcmp(answer + n - end, request[1]) != 0);
  }
  close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_headers_that_drip),
      TEST(test_a_body_that_drips),
      TEST(test_a_connection_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
