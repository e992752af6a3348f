/* verify: what the command remembers of the files that it has checked, and what it takes out of them. */
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/beside.h"
#include "cli/bundled.h"
#include "cli/commands.h"
#include "cli/file.h"
#include "cli/scratch.h"
#include "cli/seen.h"
#include "cli/session.h"
#include "support/bundled.h"
#include "support/frozen.h"
#include "support/records.h"

enum { DAEMONS = 2, MINER = 2 };
static const int64_t T = INT64_C(1710000000000);

static struct network net;
static char *paths[NETWORK_MAX], *folder;
static struct om_ledger *ledgers[NETWORK_MAX];
static uint8_t lot[OM_LOT_NUMBER_BYTES];
static char genesis[256], file[256];
static struct om_status st;

static int begin(bool witnessed) {
  unsetenv("TMPDIR");
  folder = temp_folder();
  setenv("XDG_STATE_HOME", folder, 1);
  setenv("XDG_CONFIG_HOME", folder, 1);
  setenv("TMPDIR", folder, 1);
  snprintf(genesis, sizeof genesis, "%s/genesis", folder);
  snprintf(file, sizeof file, "%s/file", folder);
  record_network(&net, paths, ledgers, DAEMONS, witnessed, MINER, T);
  assert_ok(network_settle(&net, ledgers, T + 1000, &st), &st);
  struct record made = record_extract(&net, MINER, 1, 1, 1000, T + 4000);
  record_submit(&net, ledgers, MINER - 1, &made, T + 4000);
  network_lot(&net, lot, NULL, made.bytes, made.len, 0, 0);
  assert_ok(network_settle(&net, ledgers, T + 5000, &st), &st);
  free(made.bytes);
  return om_file_write(genesis, net.genesis, net.genesis_len, false, &st);
}

static int setup(void **state) {
  (void)state;
  return begin(false);
}

static int setup_witnessed(void **state) {
  (void)state;
  return begin(true);
}

static int teardown(void **state) {
  (void)state;
  network_close_ledgers(&net, paths, ledgers);
  remove_folder(folder);
  return 0;
}

static enum om_code run(size_t n, char **words) {
  struct om_args args;
  struct om_session session;
  om_status_clear(&st);
  assert_int_equal(om_args_parse(&args, om_command_named(words[0]), (int)n, words, &st), OM_OK);
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  session.out = tmpfile();
  enum om_code code = args.command->run(&session, &st);
  fclose(session.out);
  om_session_end(&session);
  om_args_free(&args);
  return code;
}
#define RUN(...) run(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *), (char *[]){__VA_ARGS__})

static bool is_remembered(void) {
  struct om_seen seen;
  assert_ok(om_seen_read(&seen, &net.id, &st), &st);
  return seen.any;
}

static void write_bundle(void) {
  struct bundled b;
  assert_ok(bundled_write(&b, ledgers[0], lot, &st), &st);
  assert_ok(om_file_write(file, b.bytes, b.len, true, &st), &st);
  free(b.bytes);
}

/* A file that lies may lie about the registry, too, and would have honest ones refused. */
static void only_what_is_verified_is_remembered(void **state) {
  (void)state;
  write_bundle();
  struct stat about;
  assert_int_equal(stat(file, &about), 0);
  assert_int_equal(truncate(file, about.st_size - 3), 0);
  assert_int_equal(RUN("verify", file, "--network", genesis), OM_NO);
  assert_false(is_remembered());
  write_bundle();
  assert_ok(RUN("verify", file, "--network", genesis), &st);
  assert_true(is_remembered());
  char other[300];
  snprintf(other, sizeof other, "%s/other", folder);
  setenv("XDG_STATE_HOME", other, 1);
  frozen_log(ledgers[0], &net, MINER - 1);
  write_bundle();
  assert_int_equal(RUN("verify", file, "--network", genesis), OM_WAIT);
  assert_false(is_remembered());
}

/* The governors say what the mine is from now on; PREVIOUS is the act before, and then this one. */
static void say_of_mine(Oremark__SiteState state, struct om_hash *previous, bool first, int64_t at_ms) {
  Oremark__SiteStatus act = OREMARK__SITE_STATUS__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT, *list[] = {&event};
  struct om_receipt receipt;
  uint32_t governor = 1;
  act.member = MINER;
  act.site = 1;
  act.state = state;
  act.valid_from_ms = 1;
  act.valid_until_ms = 2 * T;
  event.kind_case = OREMARK__EVENT__KIND_SITE_STATUS;
  event.site_status = &act;
  if (!first) event.previous = (ProtobufCBinaryData){OM_HASH_BYTES, previous->bytes};
  struct record r = {0};
  r.bytes = network_statement(&net, &r.len, governor, at_ms, list, 1, &governor, 1);
  assert_ok(network_submit(&net, 0, ledgers[0], &receipt, r.bytes, r.len, at_ms, &st), &st);
  assert_ok(network_settle(&net, ledgers, at_ms + 1000, &st), &st);
  *previous = record_event(&net, &r);
  free(r.bytes);
}

static uint64_t remembered(void) {
  struct om_seen seen;
  assert_ok(om_seen_read(&seen, &net.id, &st), &st);
  return seen.any ? seen.head.size : 0;
}

/* Where nothing fails but something is not known, the registry in the file is as good as in one that is verified: an
 * older one, from before a key was revoked, is refused from then on. One in which something fails is not. */
static void what_is_undecided_is_remembered_too(void **state) {
  (void)state;
  char older[300], state_of[300];
  struct om_hash act;
  snprintf(state_of, sizeof state_of, "%s/undecided", folder);
  snprintf(older, sizeof older, "%s/older", folder);
  setenv("XDG_STATE_HOME", state_of, 1);
  write_bundle();
  assert_int_equal(rename(file, older), 0);
  say_of_mine(OREMARK__SITE_STATE__SITE_STATE_BLUE, &act, true, T + 20000); /* nobody has looked: not known */
  write_bundle();
  assert_int_equal(RUN("verify", file, "--network", genesis), OM_WAIT);
  uint64_t blue = remembered();
  assert_true(blue > 0);
  assert_int_equal(RUN("verify", older, "--network", genesis), OM_NO);
  assert_string_equal(st.rule, "registry-head");
  assert_non_null(strstr(st.text, state_of));
  assert_int_equal(RUN("verify", file, "--network", genesis), OM_WAIT);
  say_of_mine(OREMARK__SITE_STATE__SITE_STATE_RED, &act, false, T + 30000);
  write_bundle();
  assert_int_equal(RUN("verify", file, "--network", genesis), OM_NO);
  assert_int_equal(RUN("verify", file, "--network", genesis, "--at", "2000-01-01"), OM_NO); /* whatever it can't tell */
  assert_int_equal(remembered(), blue);
  /* Nor does a question that the file can't answer keep it from being remembered. */
  say_of_mine(OREMARK__SITE_STATE__SITE_STATE_GREEN, &act, false, T + 40000);
  write_bundle();
  assert_int_equal(RUN("verify", file, "--network", genesis, "--at", "2000-01-01"), OM_WAIT);
  assert_true(remembered() > blue);
  assert_ok(RUN("verify", file, "--network", genesis), &st);
}

/* ---- what comes through a pipe ---- */

static size_t count(const char *name) {
  char path[400];
  size_t n = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  DIR *dir = opendir(path);
  for (struct dirent *entry; dir && (entry = readdir(dir));) n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
  if (dir) closedir(dir);
  return n;
}

struct poured {
  const char *from;
  int into;
};

/* All of the file, in writes as small as they come, until nobody reads any more. */
static void *pour(void *ctx) {
  struct poured *p = ctx;
  FILE *from = fopen(p->from, "re");
  assert_non_null(from);
  for (int c; (c = fgetc(from)) != EOF;)
    if (write(p->into, &(char){(char)c}, 1) != 1) break;
  fclose(from);
  close(p->into);
  return NULL;
}

/* Begins to pour the bundle into a pipe, which is standard input until dry() has ended that. */
static void wet(pthread_t *thread, struct poured *poured, int *before) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  *before = dup(STDIN_FILENO);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  close(ends[0]);
  *poured = (struct poured){file, ends[1]};
  assert_int_equal(pthread_create(thread, NULL, pour, poured), 0);
}

static void dry(pthread_t thread, int before) {
  assert_int_equal(before >= 0 ? dup2(before, STDIN_FILENO) : close(STDIN_FILENO), before >= 0 ? STDIN_FILENO : 0);
  if (before >= 0) close(before);
  pthread_join(thread, NULL);
}

/* What is made of it is bounded by what has come, as for a file of that size. */
static void a_pipe_is_as_long_as_what_came(void **state) {
  (void)state;
  static const char *const names[] = {"-", "/dev/stdin"};
  struct stat about;
  char other[300];
  snprintf(other, sizeof other, "%s/seen-by-pipe", folder);
  setenv("XDG_STATE_HOME", other, 1);
  write_bundle();
  assert_int_equal(stat(file, &about), 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *words[] = {"verify", (char *)(uintptr_t)names[i], "--network", genesis};
    struct om_args args;
    struct om_session session;
    struct om_bundled bundled = {.path = NULL};
    struct poured poured;
    pthread_t thread;
    int before;
    wet(&thread, &poured, &before);
    assert_ok(om_args_parse(&args, om_command_named(words[0]), 4, words, &st), &st);
    assert_ok(om_session_begin(&session, &args, &st), &st);
    assert_ok(om_bundled_judge(&bundled, &session, names[i], &st), &st);
    assert_true(bundled.verdict.verified);
    assert_int_equal(bundled.file_bytes, about.st_size);
    om_bundled_close(&bundled);
    om_session_end(&session);
    om_args_free(&args);
    dry(thread, before);
  }
  setenv("XDG_STATE_HOME", folder, 1);
}

/* One byte more than may be copied, and just as many. */
static void no_more_is_copied_than_may_be(void **state) {
  (void)state;
  static const char text[] = "a file";
  for (uint64_t max = sizeof text - 1; max <= sizeof text; max++) {
    FILE *from = fmemopen((void *)(uintptr_t)text, sizeof text, "r"), *copy = NULL;
    char back[sizeof text];
    uint64_t len;
    size_t files = count("");
    enum om_code code = om_scratch_copy(&copy, &len, from, "standard input", max, &st);
    assert_int_equal(count(""), files);
    assert_int_equal(code, max < sizeof text ? OM_USAGE : OM_OK);
    if (code == OM_OK) {
      assert_int_equal(len, sizeof text);
      assert_int_equal(fread(back, 1, sizeof back, copy), sizeof text);
      assert_string_equal(back, text);
      fclose(copy);
    } else {
      assert_non_null(strstr(st.text, "standard input")), assert_non_null(strstr(st.text, "in a file"));
    }
    fclose(from);
  }
}

/* ---- what is taken out ---- */

static bool is_there(const char *name) {
  char path[400];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return access(path, F_OK) == 0;
}

static void files_get_their_names_all_together(void **state) {
  (void)state;
  char into[300], place[PATH_MAX];
  snprintf(into, sizeof into, "%s/into/", folder);
  for (int round = 0; round < 3; round++) { /* dropped; into a new folder; into one that is there */
    struct om_beside files = {.folder = into};
    assert_ok(om_beside_add(&files, "one", (const uint8_t *)"1", 1, &st), &st);
    assert_ok(om_beside_add(&files, round == 2 ? "three" : "two", (const uint8_t *)"2", 1, &st), &st);
    assert_int_equal(is_there("into/one"), round == 2);
    snprintf(place, sizeof place, "%s", files.beside);
    if (round > 0)
      assert_ok(om_beside_keep(&files, &st), &st);
    else
      om_beside_drop(&files);
    om_beside_drop(&files);
    assert_true(access(place, F_OK) != 0 && errno == ENOENT);
    assert_int_equal(count("into"), round == 0 ? 0 : 1 + round);
  }
  struct om_beside none = {.folder = into};
  assert_ok(om_beside_keep(&none, &st), &st);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pipe_is_as_long_as_what_came),
      cmocka_unit_test(no_more_is_copied_than_may_be),
      cmocka_unit_test(files_get_their_names_all_together),
      cmocka_unit_test(only_what_is_verified_is_remembered),
  };
  const struct CMUnitTest witnessed[] = {
      cmocka_unit_test_setup_teardown(what_is_undecided_is_remembered_too, setup_witnessed, teardown),
  };
  return cmocka_run_group_tests(tests, setup, teardown) + cmocka_run_group_tests(witnessed, NULL, NULL);
}
