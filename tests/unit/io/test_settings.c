#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/io/settings.h"

static char folder[] = "/tmp/oremark-settings-XXXXXX";
static char path[64];

static int make_folder(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/oremarkd.conf", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void write_bytes(const void *bytes, size_t len) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, len, file), len);
  assert_int_equal(fclose(file), 0);
}

static void load_text(struct om_settings *s, const char *text) {
  struct om_status st;
  write_bytes(text, strlen(text));
  if (om_settings_load(s, path, &st) != OM_OK) fail_msg("refused: %s\n%s", st.text, text);
}

/* Wants TEXT refused with SAYS after the file's name. */
static void refuse_bytes(const char *text, size_t len, const char *says) {
  struct om_settings s;
  struct om_status st;
  write_bytes(text, len);
  assert_int_equal(om_settings_load(&s, path, &st), OM_USAGE);
  assert_memory_equal(st.text, path, strlen(path));
  assert_string_equal(st.text + strlen(path), says);
  assert_null(s.store);
}

static void refuse(const char *text, const char *says) {
  refuse_bytes(text, strlen(text), says);
}

static void check_presets(const struct om_settings *s) {
  assert_string_equal(s->store, "/var/lib/oremark");
  assert_string_equal(s->genesis, "/etc/oremark/genesis");
  assert_string_equal(s->keys, "/etc/oremark/keys");
  assert_null(s->passphrase_file);
  assert_string_equal(s->socket, "/run/oremark/oremark.sock");
  assert_null(s->group);
  assert_int_equal(s->listen_count, 0);
  assert_int_equal(s->peers_count, 0);
  assert_int_equal(s->map_size, 64ull << 30);
  assert_int_equal(s->documents_max, 10ull << 30);
  assert_int_equal(s->log_level, OM_LOG_INFO);
  assert_true(s->threads >= 1 && s->threads <= 64);
  assert_int_equal(s->propose_interval_ms, 0);
}

static void test_empty_file_gives_the_presets(void **state) {
  (void)state;
  const char *const texts[] = {"", "\n", "# nothing\r\n\t\n", "/* nothing */"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct om_settings s;
    load_text(&s, texts[i]);
    check_presets(&s);
    om_settings_free(&s);
  }
}

static void test_every_setting(void **state) {
  (void)state;
  struct om_settings s;
  load_text(
      &s,
      "store = \"/srv/ore mark\"\ngenesis = /srv/genesis\nkeys = '/srv/keys'\npassphrase-file = \"/srv/pass\"\n"
      "socket = \"/srv/Å.sock\"\ngroup = metals\nlisten = {\"[::1]:7412\", \"0.0.0.0:0\"}\nlisten += \"a.example:1\"\n"
      "map-size = 3MiB\nlog-level = debug\nthreads = 64\npropose-interval-ms = 0\n"
      "peer \"kokkola.example/log\" { address = \"kokkola.example:7412\" }\npeer \"b\" {\n  address = "
      "\"[fe80::1%eth0]:9\"\n}\n");
  assert_string_equal(s.store, "/srv/ore mark");
  assert_string_equal(s.genesis, "/srv/genesis");
  assert_string_equal(s.keys, "/srv/keys");
  assert_string_equal(s.passphrase_file, "/srv/pass");
  assert_string_equal(s.socket, "/srv/Å.sock");
  assert_string_equal(s.group, "metals");
  assert_int_equal(s.listen_count, 3);
  assert_string_equal(s.listen[0], "[::1]:7412");
  assert_string_equal(s.listen[1], "0.0.0.0:0");
  assert_string_equal(s.listen[2], "a.example:1");
  assert_int_equal(s.map_size, 3 << 20);
  assert_int_equal(s.log_level, OM_LOG_DEBUG);
  assert_int_equal(s.threads, 64);
  assert_int_equal(s.propose_interval_ms, 0);
  assert_int_equal(s.peers_count, 2);
  assert_string_equal(s.peers[0].origin, "kokkola.example/log");
  assert_string_equal(s.peers[0].address, "kokkola.example:7412");
  assert_string_equal(s.peers[1].origin, "b");
  assert_string_equal(s.peers[1].address, "[fe80::1%eth0]:9");
  om_settings_free(&s);
  assert_null(s.store);
}

static void test_unknown_and_repeated(void **state) {
  (void)state;
  refuse("\n\nstoer = \"/x\"\n", ":3: no such option 'stoer'");
  refuse("\nthreads = 4\n\"\" = 3\n", ":3: a setting without a name");
  refuse("${OREMARK_NOT_SET_ANYWHERE} = 3\n", ":1: a setting without a name");
  refuse("include(\"/etc/passwd\")\n", ":1: no such option 'include'");
  refuse("peer \"a\" { address = \"a:1\"\n port = 7 }", ":2: no such option 'port'");
  refuse("store = a\n# x\nstore = b\n", ":3: store: set a second time");
  refuse("listen = {\"a:1\"}\nlisten = {\"b:1\"}\n", ":2: listen: set a second time");
  refuse("peer \"a\" {\n address = \"a:1\"\n address = \"a:2\"\n}", ":3: address: set a second time");
  refuse("peer \"a\" { address = \"a:1\" }\npeer \"b\" { address = \"a:1\" }\n\npeer \"a\" { address = \"a:2\" }",
         ":4: found duplicate title 'a'");
}

static void test_wrong_type(void **state) {
  (void)state;
  refuse("threads = four", ":1: threads: \"four\" is not a whole number");
  refuse("threads = 0x4", ":1: threads: \"0x4\" is not a whole number");
  refuse("threads = -1", ":1: threads: \"-1\" is not a whole number");
  refuse("threads = 2.5", ":1: threads: \"2.5\" is not a whole number");
  refuse("threads = \"\"", ":1: threads: \"\" is not a whole number");
  refuse("threads = 99999999999999999999", ":1: threads: \"99999999999999999999\" is not a whole number");
  refuse("\nlog-level = loud", ":2: log-level: \"loud\" is not one of error, warning, info, debug");
  refuse("map-size = 64", ":1: map-size: \"64\" is not a size: a whole number and B, KiB, MiB, GiB or TiB");
  refuse("map-size = 64GB", ":1: map-size: \"64GB\" is not a size: a whole number and B, KiB, MiB, GiB or TiB");
  refuse("map-size = 17592186044416TiB",
         ":1: map-size: \"17592186044416TiB\" is not a size: a whole number and B, KiB, MiB, GiB or TiB");
  refuse("store = {\"a\", \"b\"}", ":1: unexpected token '{'");
  refuse("\nstore = \"a\n\n", ":2: a quotation that begins here is not closed");
  refuse("store = 'a\n", ":1: a quotation that begins here is not closed");
  refuse("store = a\n/* b\n", ":2: a comment that begins here is not closed");
  refuse("/*/\n", ":1: a comment that begins here is not closed");
  refuse("store /x", ":1: missing equal sign after option 'store'");
  refuse("store =", ":1: premature end of file");
  refuse("peer { address = \"a:1\" }", ":1: missing title for section 'peer'");
}

static void test_comments_and_lines(void **state) {
  (void)state;
  struct om_settings s;
  load_text(
      &s,
      "# \"\n// '\nstore = /a//b/c # d\n/* keys = 'x\n * \"\n **/ keys = \"/k#//'\\\"/*\" // e\ngroup = 'a\\'#'/**/\n");
  assert_string_equal(s.store, "/a//b/c");
  assert_string_equal(s.keys, "/k#//'\"/*");
  assert_string_equal(s.group, "a'#");
  om_settings_free(&s);
  refuse("# a\n// b\n/* c\nd */\n\nstore = \"e\\\nf\" # g\n\nthreads = 0\n", ":9: threads: 0 is outside 1 to 64");
}

static void test_out_of_range(void **state) {
  (void)state;
  refuse("threads = 0", ":1: threads: 0 is outside 1 to 64");
  refuse("threads = 65", ":1: threads: 65 is outside 1 to 64");
  refuse("\npropose-interval-ms = 10001", ":2: propose-interval-ms: 10001 is outside 0 to 10000");
  refuse("map-size = 1048575B", ":1: map-size: 1048575B is outside 1MiB to 64TiB");
  refuse("map-size = 65TiB", ":1: map-size: 65TiB is outside 1MiB to 64TiB");
  refuse("store = \"\"", ":1: store: 0 bytes long; allowed are 1 to 4095");
  char text[200] = "socket = \"/";
  memset(text + strlen(text), 's', 107);
  strcat(text, "\"");
  refuse(text, ":1: socket: 108 bytes long; allowed are 1 to 107");
}

static void test_addresses(void **state) {
  (void)state;
  refuse("listen = \"localhost\"", ":1: listen: \"localhost\" has no port: write host:port");
  refuse("listen = {\"a:1\",\n\"a:65536\"}", ":2: listen: \"a:65536\": the port is a number from 0 to 65535");
  refuse("listen = \"a:\"", ":1: listen: \"a:\": the port is a number from 0 to 65535");
  refuse("listen = \":80\"", ":1: listen: \":80\": write host:port, an IPv6 address as [address]:port");
  refuse("listen = \"::1:80\"", ":1: listen: \"::1:80\": write host:port, an IPv6 address as [address]:port");
  refuse("listen = \"a b:80\"", ":1: listen: \"a b:80\": write host:port, an IPv6 address as [address]:port");
  refuse("peer \"a\" {\n address = \"a:0\"\n}", ":2: address: \"a:0\": a peer's port can't be 0");
  refuse("peer \"a\" {\n}", ":2: peer: \"a\" has no address");
  refuse("peer \"a+b\" { address = \"a:1\" }", ":1: peer: \"a+b\" can't be the origin of a log");
  refuse("peer \"a b\" { address = \"a:1\" }", ":1: peer: \"a b\" can't be the origin of a log");
  struct om_address address;
  struct om_status st;
  assert_int_equal(om_address_parse(&address, "[2001:db8::1]:443", &st), OM_OK);
  assert_string_equal(address.host, "2001:db8::1");
  assert_int_equal(address.port, 443);
  assert_int_equal(om_address_parse(&address, "mine.example:65535", &st), OM_OK);
  assert_string_equal(address.host, "mine.example");
  assert_int_equal(address.port, 65535);
}

static void test_control_characters(void **state) {
  (void)state;
  refuse_bytes("# x\n\0", 5, ":2: control character U+0000");
  refuse("\n\nstore = \"a\x1b[2J\"", ":3: control character U+001B");
  refuse("# \xe2\x80\xae", ":1: control character U+202E");
  refuse("\n# \xff", ":2: not UTF-8");
  refuse("store = \"/a\\nb\"", ":1: store: control characters are not allowed");
}

static void test_files_that_cannot_be_read(void **state) {
  (void)state;
  struct om_settings s;
  struct om_status st;
  assert_int_equal(om_settings_load(&s, "/nonexistent/oremarkd.conf", &st), OM_IO);
  assert_string_equal(st.text, "settings file /nonexistent/oremarkd.conf: No such file or directory");
  assert_int_equal(om_settings_load(&s, folder, &st), OM_IO);
  assert_non_null(strstr(st.text, "it is a folder"));
}

static void test_large_files(void **state) {
  (void)state;
  size_t len = OM_SETTINGS_FILE_MAX_BYTES + 1;
  char *text = malloc(len);
  assert_non_null(text);
  memset(text, '#', len);
  for (size_t i = 99; i < len; i += 100) text[i] = '\n';
  struct om_settings s;
  struct om_status st;
  write_bytes(text, 1000000);
  assert_int_equal(om_settings_load(&s, path, &st), OM_OK);
  check_presets(&s);
  om_settings_free(&s);
  memcpy(text + 1000000 - 12, "\nthreads = 65\n", 14);
  refuse_bytes(text, 1000000 + 2, ":10001: threads: 65 is outside 1 to 64");
  write_bytes(text, len);
  assert_int_equal(om_settings_load(&s, path, &st), OM_USAGE);
  assert_non_null(strstr(st.text, "larger than 1048576 bytes"));
  free(text);
}

/* The example is what --settings prints, and changes nothing. */
static void test_example_is_the_table(void **state) {
  (void)state;
  static const char example_path[] = TEST_DATA "/../../deploy/oremarkd.conf.example";
  char *printed;
  size_t printed_len;
  FILE *out = open_memstream(&printed, &printed_len);
  assert_non_null(out);
  om_settings_print(out);
  assert_int_equal(fclose(out), 0);
  char example[8192];
  FILE *file = fopen(example_path, "r");
  assert_non_null(file);
  size_t len = fread(example, 1, sizeof example - 1, file);
  fclose(file);
  example[len] = '\0';
  assert_string_equal(printed, example);
  free(printed);
  struct om_settings s;
  struct om_status st;
  assert_int_equal(om_settings_load(&s, example_path, &st), OM_OK);
  check_presets(&s);
  om_settings_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_empty_file_gives_the_presets),
      cmocka_unit_test(test_every_setting),
      cmocka_unit_test(test_unknown_and_repeated),
      cmocka_unit_test(test_wrong_type),
      cmocka_unit_test(test_comments_and_lines),
      cmocka_unit_test(test_out_of_range),
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_control_characters),
      cmocka_unit_test(test_files_that_cannot_be_read),
      cmocka_unit_test(test_large_files),
      cmocka_unit_test(test_example_is_the_table),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
