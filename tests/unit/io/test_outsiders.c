/* Asking witnesses outside the network, here an endpoint of our own: no head is left unasked, and what is signed of one
 * log is not told of another. */
#include "support/test.h"

#include <inttypes.h>
#include <uv.h>

#include "daemon.h"
#include "daemon/io/outsiders.h"
#include "daemon/io/witness_http.h"
#include "support/records.h"

enum { DAEMONS = 2, REGISTRY_LOG = 0, MINE_LOG = 1, TRIES = 10, LOOK_MS = 5 };

static const int64_t t0 = INT64_C(1795000000000);
static struct network net;
static char *paths[DAEMONS], *folder, witness[OM_VKEY_BYTES + 64];
static struct om_ledger *ledgers[DAEMONS];
static struct om_secret *secret;
static struct om_witness_http *http;
static struct om_outsiders *outsiders;
static struct om_status st;
static uint32_t sites;
static struct om_hash last_site;

static void must(enum om_code code) {
  if (code != OM_OK) fail_msg("%s: [%s] %s", om_code_name(code), st.rule, st.text);
}

static void start_witness(void) {
  static int claim; /* as long as the test runs */
  uint8_t seed[OM_PUBLIC_BYTES] = {9};
  char vkeys[DAEMONS][OM_VKEY_BYTES], address[32], *logs[DAEMONS];
  enum om_code code = OM_IO;
  must(om_secret_new(&secret, seed, &st));
  for (uint32_t i = 0; i < DAEMONS; i++) {
    om_vkey_format(vkeys[i], network_info(ledgers[0], i).origin, OM_ALG_ED25519, om_secret_public(net.log_keys[i]));
    logs[i] = vkeys[i];
  }
  for (int i = 0; code == OM_IO && i < TRIES; i++) { /* some other program may take a free port */
    snprintf(address, sizeof address, "127.0.0.1:%u", free_port(&claim));
    struct om_witness_http_config config = {.address = address,
                                            .store = folder,
                                            .keys = folder,
                                            .name = "witness.example/w",
                                            .secret = secret,
                                            .logs = logs,
                                            .n_logs = DAEMONS};
    code = om_witness_http_start(&http, &config, &st);
  }
  must(code);
  om_vkey_format(witness, "witness.example/w", OM_ALG_COSIGNATURE, om_secret_public(secret));
  snprintf(witness + strlen(witness), sizeof witness - strlen(witness), " http://%s/", address);
}

static void start_asking(void) {
  static char *all[1] = {witness};
  must(om_outsiders_start(&outsiders, om_ledger_store(ledgers[0]), folder, all, 1, OM_OUTSIDERS_AFTER_FAULT_S, &st));
}

static int begin(void **state) {
  (void)state;
  om_status_clear(&st);
  sites = 0;
  network_open(&net, DAEMONS, true);
  network_ledgers(&net, paths, ledgers);
  must(network_settle(&net, ledgers, t0, &st));
  folder = temp_folder();
  start_witness();
  start_asking();
  return 0;
}

static int end(void **state) {
  (void)state;
  om_outsiders_stop(outsiders);
  om_witness_http_stop(http);
  om_secret_free(secret);
  remove_folder(folder);
  network_close_ledgers(&net, paths, ledgers);
  return 0;
}

/* One more entry in the registry log. */
static void grow(void) {
  struct om_receipt receipt;
  struct record site =
      record_site(&net, 1, sites + 1, sites > 0 ? &last_site : NULL, OREMARK__SITE_KIND__SITE_KIND_PLANT, t0 + sites);
  must(network_submit(&net, 0, ledgers[0], &receipt, site.bytes, site.len, t0 + sites, &st));
  must(network_settle(&net, ledgers, t0 + sites, &st));
  last_site = record_event(&net, &site);
  sites++;
  free(site.bytes);
}

static uint64_t tell(uint32_t log) {
  struct om_log_info info = network_info(ledgers[0], log);
  om_outsiders_final(outsiders, log, info.final_size);
  return info.final_size;
}

/* The size that the witness has signed of LOG; nothing that is told is of another. */
static uint64_t signed_of(uint32_t log) {
  size_t n;
  struct om_arena arena = {0};
  uint64_t size = 0;
  const struct om_outside_cosignature *lines = om_outsiders_lines(outsiders, &n, &arena);
  if (n > 0) {
    struct om_log_info info = network_info(ledgers[0], log);
    size = lines[0].size;
    if (size == info.size) assert_true(om_hash_equal(&lines[0].root, &info.root));
    assert_in_range(size, 0, info.size);
  }
  om_arena_free(&arena);
  return size;
}

static void wait_signed(uint32_t log, uint64_t size) {
  for (unsigned ms = 0; signed_of(log) != size; ms += LOOK_MS) {
    assert_in_range(ms, 0, PATIENCE_MS);
    nap(LOOK_MS);
  }
}

/* The second head comes while the first was just asked for, and no other follows. */
static void test_every_last_head_is_asked_for(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    wait_signed(REGISTRY_LOG, tell(REGISTRY_LOG));
    grow();
    wait_signed(REGISTRY_LOG, tell(REGISTRY_LOG));
    grow();
  }
}

static void test_another_log_is_another_history(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) grow();
  uint64_t size = tell(REGISTRY_LOG);
  wait_signed(REGISTRY_LOG, size);
  om_outsiders_stop(outsiders);
  start_asking();
  assert_int_equal(signed_of(REGISTRY_LOG), 0); /* whose it would be is not known yet */
  tell(REGISTRY_LOG);
  assert_int_equal(signed_of(REGISTRY_LOG), size); /* it is remembered */
  uint64_t other = tell(MINE_LOG);
  wait_signed(MINE_LOG, other);
  om_outsiders_stop(outsiders);
  start_asking();
  tell(REGISTRY_LOG);
  assert_int_equal(signed_of(REGISTRY_LOG), size);
}

/* ---- a witness that answers as it likes ---- */

struct fake {
  int fd;
  uv_thread_t thread;
};

/* Reads a request; what it says of the old size. */
static uint64_t read_request(int fd) {
  char text[8192];
  size_t n = 0;
  const char *body = NULL, *length;
  do {
    ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
    OM_ASSERT(got > 0);
    n += (size_t)got;
    text[n] = '\0';
    body = strstr(text, "\r\n\r\n");
    length = strcasestr(text, "Content-Length: ");
  } while (!body || !length || n < (size_t)(body + 4 - text) + strtoul(length + 16, NULL, 10));
  uint64_t old;
  OM_ASSERT(sscanf(body + 4, "old %" SCNu64, &old) == 1);
  return old;
}

/* Says once that it has cosigned far more than there is, and then is asked from the beginning again. */
static void lie_once(void *arg) {
  static const char lie[] =
      "HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 8\r\n"
      "Connection: close\r\n\r\n1000000\n",
                    none[] = "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  const struct fake *fake = arg;
  for (int i = 0; i < 2; i++) {
    int fd = accept(fake->fd, NULL, NULL);
    OM_ASSERT(fd >= 0 && read_request(fd) == 0);
    const char *answer = i == 0 ? lie : none;
    OM_ASSERT(send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0);
    close(fd);
  }
}

static void test_a_wrong_answer_silences_for_one_round(void **state) {
  (void)state;
  struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof where;
  const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
  struct fake fake = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
  char text[OM_VKEY_BYTES + 64], *all[1] = {text};
  assert_int_equal(bind(fake.fd, (struct sockaddr *)&where, len), 0);
  assert_int_equal(listen(fake.fd, 4), 0);
  assert_int_equal(getsockname(fake.fd, (struct sockaddr *)&where, &len), 0);
  assert_int_equal(setsockopt(fake.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0); /* of accept */
  snprintf(text, sizeof text, "%.*s http://127.0.0.1:%u/", (int)strcspn(witness, " "), witness, ntohs(where.sin_port));
  om_outsiders_stop(outsiders);
  must(om_outsiders_start(&outsiders, om_ledger_store(ledgers[0]), folder, all, 1, 0, &st));
  assert_int_equal(uv_thread_create(&fake.thread, lie_once, &fake), 0);
  tell(REGISTRY_LOG);
  uv_thread_join(&fake.thread);
  close(fake.fd);
  assert_int_equal(signed_of(REGISTRY_LOG), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_every_last_head_is_asked_for),
      TEST(test_another_log_is_another_history),
      TEST(test_a_wrong_answer_silences_for_one_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
