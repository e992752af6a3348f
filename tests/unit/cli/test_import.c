#include "support/test.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "cli/act.h"
#include "fake_daemon.h"
#include "keys/keyfile.h"

static struct fake_daemon *fake;
static char csv[128], journal[160], key[128];
static struct om_status st;

static int begin(void **state) {
  (void)state;
  const struct om_passphrase_source none = {.from = OM_PASSPHRASE_NONE, .fd = -1};
  struct om_key_info info;
  fake = fake_start();
  snprintf(csv, sizeof csv, "%s/in.csv", fake->dir);
  snprintf(journal, sizeof journal, "%s.oremark", csv);
  snprintf(key, sizeof key, "%s/key", fake->dir);
  assert_int_equal(om_keyfile_create(&info, key, OM_KEY_MEMBER, "mine", "2026-11-23", &none, NULL, &st), OM_OK);
  setenv("OREMARK_SOCKET", fake->path, 1);
  setenv("OREMARK_KEY", key, 1);
  setenv("OREMARK_MEMBER", "1", 1);
  setenv("XDG_CONFIG_HOME", fake->dir, 1);
  return 0;
}

static int end(void **state) {
  (void)state;
  fake_end(fake);
  return 0;
}

static FILE *file_new(void) {
  FILE *file = fopen(csv, "w");
  assert_non_null(file);
  fputs("event,group,site,ref,lots,material,form,gross,metals,consignee,process,reason\n", file);
  return file;
}

static void file_is(const char *rows) {
  FILE *file = file_new();
  fputs(rows, file);
  fclose(file);
}

static char out[65536], err[65536];

/* Runs `oremark import` with up to two more options; fills OUT and ERR. */
static enum om_code import(const char *option, const char *value) {
  char *words[] = {(char *)(uintptr_t) "import", csv, (char *)(uintptr_t)option, (char *)(uintptr_t)value, NULL};
  struct om_args args;
  struct om_session session;
  int n = option ? value ? 4 : 3 : 2;
  om_status_clear(&st);
  memset(out, 0, sizeof out);
  memset(err, 0, sizeof err);
  assert_int_equal(om_args_parse(&args, om_command_named("import"), n, words, &st), OM_OK);
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  session.out = tmpfile();
  session.err = tmpfile();
  enum om_code code = args.command->run(&session, &st);
  rewind(session.out);
  rewind(session.err);
  assert_true(fread(out, 1, sizeof out - 1, session.out) + fread(err, 1, sizeof err - 1, session.err) < 2 * sizeof out);
  fclose(session.out);
  fclose(session.err);
  om_session_end(&session);
  om_args_free(&args);
  return code;
}

static void expect_in(const char *text, const char *part) {
  if (!strstr(text, part)) fail_msg("'%s' is not in: %s", part, text);
}

/* How many lots of that name were ever made, and are still there. */
static size_t made(const char *name, size_t *living) {
  size_t n = 0;
  *living = 0;
  for (size_t i = 0; i < fake->n_lots; i++) {
    if (strcmp(fake->lots[i].name, name) != 0) continue;
    n++;
    *living += !fake->lots[i].gone;
  }
  return n;
}

static void expect_made(const char *name, size_t n, size_t living) {
  size_t alive, all = made(name, &alive);
  if (all != n || alive != living) fail_msg("%s: made %zu, living %zu", name, all, alive);
}

#define ORE "ore,ore,20 t,Cu=1t,,,"

static void rows_refer_to_each_other(void **state) {
  (void)state;
  file_is("extract,,Pit,A,," ORE
          "\n"
          "extract,,1,B,," ORE
          "\n"
          "ship,,,,A;B,,,,,Smelter,,\n"
          "ship,,,,B,,,,,2,,\n" /* the fake keeps no pen: the second one chains to the first */
          "retire,,,,A,,,,,,,disposed\n");
  assert_int_equal(import(NULL, NULL), OM_OK);
  expect_in(out, "5 rows: 5 recorded as 5 events in 1 statement");
  assert_int_equal(fake->n_lots, 2);
  assert_true(fake->lots[0].gone && !fake->lots[1].gone);
}

static void references_reach_over_statements(void **state) {
  (void)state;
  file_is("extract,,Pit,A,," ORE "\nship,,,,A,,,,,2,,\nship,,,,A,,,,,2,,\nretire,,,,A,,,,,,,disposed\n");
  assert_int_equal(import("--events", "1"), OM_OK);
  assert_int_equal(fake->n_ids, 4);
  assert_true(fake->lots[0].gone);
}

static void rows_of_a_group_are_one_event(void **state) {
  (void)state;
  file_is("extract,,Pit,A,," ORE
          "\n"
          "transform,g,Pit,B,A,anodes,anode,1 t,Cu=900kg,,smelt,\n"
          "transform,g,Pit,C,A,slag,residue,2 t,Cu=100kg,,smelt,\n"
          "retire,,,,C,,,,,,,disposed\n");
  assert_int_equal(import(NULL, NULL), OM_OK);
  assert_int_equal(fake->n_events, 3);
  expect_made("anodes", 1, 1);
  expect_made("slag", 1, 0);
}

static void bad_rows_are_named_and_the_others_go_on(void **state) {
  (void)state;
  file_is("extract,,Pit,A,," ORE
          "\n"
          "extract,,Pit,B,,ore,ore,\"20,000 t\",Cu=1t,,,\n"
          "extrakt,,Pit,C,," ORE
          "\n"
          "extract,,Nowhere,D,," ORE
          "\n"
          "retire,,,,B,,,,,,,disposed\n"
          "extract,x,Pit,E,," ORE
          "\n"
          "ship,,,,,,,,,2,,\n"
          "extract,,Pit,F\n"
          "extract,x,Pit,E2,," ORE
          "\n"
          "extract,,Pit,A,," ORE
          "\n"
          "extract,,Pit,G,," ORE "\n");
  assert_int_equal(import(NULL, NULL), OM_REFUSED);
  expect_in(err, "line 3: column gross: ");
  expect_in(err, "line 4: column event: there is no event 'extrakt': did you mean 'extract'?");
  expect_in(err, "line 5: column site: ");
  expect_in(err, "line 6: column lots: lot 'B' was not recorded: mend line 3 first");
  expect_in(err, "line 8: ");
  expect_in(err, "line 9: it has 4 fields, but the header names 12 columns");
  expect_in(err, "line 10: column group: the rows of group x do not stand together");
  expect_in(err, "line 11: column ref: 'A' names a lot of line 2 already");
  expect_in(out, "11 rows: 3 recorded as 3 events in 1 statement, 8 not recorded");
  assert_int_equal(fake->n_events, 3);
}

static void an_unreadable_row_spoils_the_groups_beside_it(void **state) {
  (void)state;
  file_is("extract,g,Pit,A,," ORE
          "\n"
          "extract,g,Pit,\"B\"x,," ORE
          "\n"
          "extract,h,Pit,C,," ORE
          "\n"
          "extract,,Pit,D,," ORE "\n");
  assert_int_equal(import(NULL, NULL), OM_REFUSED);
  assert_int_equal(fake->n_events, 1);
  expect_in(out, "4 rows: 1 recorded");
}

static void many(size_t n, size_t every, size_t chained) {
  FILE *file = file_new();
  for (size_t i = 0; i < n; i++) {
    bool bad = every && i % every == every - 1;
    fprintf(file, "extract,,Pit,R%zu,,%s%zu,ore,20 t,Cu=1t,,,\n", i, bad ? "REFUSE" : "ore", i);
    if (chained && i % chained == 0) fprintf(file, "retire,,,,R%zu,,,,,,,disposed\n", i);
  }
  fclose(file);
}

static void a_refused_event_is_found_and_the_others_are_recorded(void **state) {
  (void)state;
  many(700, 97, 3); /* 7 bad ones; of those, 2 have a row that leans on them */
  assert_int_equal(import("--events", "40"), OM_REFUSED);
  expect_in(err, "[fake]");
  size_t leaning = 0;
  for (size_t i = 96; i < 700; i += 97) leaning += i % 3 == 0;
  char want[64];
  snprintf(want, sizeof want, "%zu not recorded", 7 + leaning);
  expect_in(out, want);
  assert_int_equal(fake->n_events, 700 + 234 - 7 - leaning);
  assert_int_equal(fake->n_lots, 693);
}

static void an_interrupted_import_goes_on_and_doubles_nothing(void **state) {
  (void)state;
  many(300, 0, 2);
  for (size_t hang_up = 1; hang_up < 45; hang_up += 7) {
    fake->hang_up_after = hang_up; /* the last one recorded is not answered */
    assert_int_equal(import("--events", "10"), OM_IO);
    expect_in(st.text, "run it again to go on");
  }
  fake->hang_up_after = 0;
  assert_int_equal(import("--events", "10"), OM_OK);
  assert_int_equal(fake->n_events, 450);
  assert_int_equal(fake->n_lots, 300);
  for (size_t i = 0; i < 300; i++) {
    char name[16];
    snprintf(name, sizeof name, "ore%zu", i);
    expect_made(name, 1, i % 2);
  }
  size_t submissions = fake->submissions;
  assert_int_equal(import(NULL, NULL), OM_OK); /* all there: nothing is submitted */
  assert_int_equal(fake->submissions, submissions);
  expect_in(out, "450 recorded before");
}

/* The daemon may go away while what an earlier run left unanswered is submitted again. */
static void an_import_interrupted_in_what_it_submits_again_says_how_to_go_on(void **state) {
  (void)state;
  many(60, 0, 0);
  fake->hang_up_after = 2;
  assert_int_equal(import("--events", "10"), OM_IO);
  fake->hang_up_after = 1; /* at the first one that it submits again */
  assert_int_equal(import("--events", "10"), OM_IO);
  expect_in(st.text, "run it again to go on");
  fake->hang_up_after = 0;
  assert_int_equal(import("--events", "10"), OM_OK);
  assert_int_equal(fake->n_lots, 60);
}

static void a_torn_journal_line_is_dropped(void **state) {
  (void)state;
  many(30, 0, 0);
  fake->hang_up_after = 2;
  assert_int_equal(import("--events", "10"), OM_IO);
  fake->hang_up_after = 0;
  FILE *file = fopen(journal, "a");
  fputs("s 20-2", file);
  fclose(file);
  assert_int_equal(import("--events", "10"), OM_OK);
  assert_int_equal(fake->n_lots, 30);
  file = fopen(journal, "a");
  fputs("nonsense\n", file);
  fclose(file);
  assert_int_equal(import(NULL, NULL), OM_CORRUPT);
}

static void a_changed_file_is_refused(void **state) {
  (void)state;
  many(3, 0, 0);
  assert_int_equal(import(NULL, NULL), OM_OK);
  many(4, 0, 0);
  assert_int_equal(import(NULL, NULL), OM_USAGE);
  expect_in(st.text, "was changed since its import began");
  many(3, 0, 0);
  assert_int_equal(import("--member", "2"), OM_USAGE);
  expect_in(st.text, "another member");
  assert_int_equal(fake->n_lots, 3);
}

static void atomic_takes_all_or_none(void **state) {
  (void)state;
  file_is("extract,,Pit,A,," ORE "\nextract,,Pit,B,,ore,ore,20,Cu=1t,,,\nextract,,Pit,C,," ORE "\n");
  assert_int_equal(import("--atomic", NULL), OM_REFUSED);
  expect_in(st.text, "nothing was recorded");
  assert_int_equal(fake->submissions, 0);
  unlink(journal);
  many(20, 20, 0);
  assert_int_equal(import("--atomic", NULL), OM_REFUSED);
  assert_int_equal(fake->n_lots, 0);
  unlink(journal);
  many(257, 0, 0);
  assert_int_equal(import("--atomic", NULL), OM_USAGE);
  expect_in(st.text, "at line 258 the statement is full");
  assert_int_equal(fake->n_lots, 0);
  unlink(journal);
  many(256, 0, 0);
  assert_int_equal(import("--atomic", NULL), OM_OK);
  assert_int_equal(fake->n_ids, 1);
  assert_int_equal(fake->n_lots, 256);
}

static void what_must_wait_is_tried_again(void **state) {
  (void)state;
  many(50, 0, 2);
  fake->waits = 3;
  assert_int_equal(import("--events", "10"), OM_OK);
  assert_int_equal(fake->n_lots, 50);
  assert_int_equal(fake->n_events, 75);
}

static void what_is_queued_is_waited_for_and_never_made_anew(void **state) {
  (void)state;
  many(50, 0, 2);
  fake->queues = 3; /* asked again, it is recorded */
  assert_int_equal(import("--events", "10"), OM_OK);
  assert_int_equal(fake->n_lots, 50);
  assert_int_equal(fake->n_events, 75);
}

/* The daemon stays unready: the import ends, and goes on with the same statements. */
static void what_stays_queued_ends_the_import_until_later(void **state) {
  (void)state;
  many(600, 0, 2);
  fake->queues = 1000;
  assert_int_equal(import("--wait", "0"), OM_WAIT);
  expect_in(st.text, "has queued what it was sent");
  expect_in(st.text, "run it again to go on");
  assert_int_equal(fake->n_lots, 0);
  size_t sent = fake->submissions;
  assert_true(sent >= 1);
  fake->queues = 0;
  assert_int_equal(import(NULL, NULL), OM_OK);
  assert_int_equal(fake->n_lots, 600); /* an event whose statement was made anew would stand twice */
  assert_int_equal(fake->n_events, 900);
}

static void lots_of_the_ledger_are_asked_for_once_and_followed(void **state) {
  (void)state;
  file_is("extract,,Pit,,,DRUM,ore,20 t,Cu=1t,,,\n");
  assert_int_equal(import(NULL, NULL), OM_OK);
  unlink(journal);
  char number[OM_LOT_TEXT_BYTES], rows[512];
  om_lot_format(number, sizeof number, fake->lots[0].number);
  snprintf(rows, sizeof rows,
           "ship,,,,DRUM,,,,,2,,\nship,,,,%s,,,,,2,,\nretire,,,,DRUM,,,,,,,disposed\nretire,,,,NOPE,,,,,,,disposed\n",
           number);
  file_is(rows);
  assert_int_equal(import("--events", "2"), OM_REFUSED);
  expect_in(err, "line 5: column lots: no such lot");
  expect_in(out, "3 recorded");
  assert_true(fake->lots[0].gone);
}

static void headers_are_checked(void **state) {
  (void)state;
  static const char *const bad[][2] = {{"", "the file is empty"},
                                       {"site,gross\n", "the column 'event' is missing"},
                                       {"event,gros\n", "did you mean 'gross'?"},
                                       {"event;site\n", "parted by semicolons"},
                                       {"event,metals,metal\n", "stands twice"},
                                       {"event,socket\n", "there is no column 'socket'"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    FILE *file = fopen(csv, "w");
    fputs(bad[i][0], file);
    fclose(file);
    assert_int_equal(import(NULL, NULL), OM_USAGE);
    expect_in(st.text, bad[i][1]);
  }
}

static void the_example_can_be_imported(void **state) {
  (void)state;
  assert_int_equal(import("--example", NULL), OM_OK);
  char *text = strdup(out);
  for (char *at; (at = strstr(text, ",Toquepala,"));) memcpy(at, ",Pit      ,", 11);
  for (char *at; (at = strstr(text, ",Ilo,"));) memcpy(at, ",Pit,", 5);
  for (char *at; (at = strstr(text, ",Refiner,"));) memcpy(at, ",Smelter,", 9);
  char *papers = strstr(text, "bill-of-lading.pdf;"); /* which are not there, and nobody to seal to */
  assert_non_null(papers);
  memcpy(papers, ",,\r\n", sizeof ",,\r\n");
  FILE *file = fopen(csv, "w");
  fputs(text, file);
  fclose(file);
  free(text);
  enum om_code code = import(NULL, NULL);
  if (code != OM_OK) fail_msg("%s", err);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(rows_refer_to_each_other, begin, end),
      cmocka_unit_test_setup_teardown(references_reach_over_statements, begin, end),
      cmocka_unit_test_setup_teardown(rows_of_a_group_are_one_event, begin, end),
      cmocka_unit_test_setup_teardown(bad_rows_are_named_and_the_others_go_on, begin, end),
      cmocka_unit_test_setup_teardown(an_unreadable_row_spoils_the_groups_beside_it, begin, end),
      cmocka_unit_test_setup_teardown(a_refused_event_is_found_and_the_others_are_recorded, begin, end),
      cmocka_unit_test_setup_teardown(an_interrupted_import_goes_on_and_doubles_nothing, begin, end),
      cmocka_unit_test_setup_teardown(an_import_interrupted_in_what_it_submits_again_says_how_to_go_on, begin, end),
      cmocka_unit_test_setup_teardown(a_torn_journal_line_is_dropped, begin, end),
      cmocka_unit_test_setup_teardown(a_changed_file_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(atomic_takes_all_or_none, begin, end),
      cmocka_unit_test_setup_teardown(what_must_wait_is_tried_again, begin, end),
      cmocka_unit_test_setup_teardown(what_is_queued_is_waited_for_and_never_made_anew, begin, end),
      cmocka_unit_test_setup_teardown(what_stays_queued_ends_the_import_until_later, begin, end),
      cmocka_unit_test_setup_teardown(lots_of_the_ledger_are_asked_for_once_and_followed, begin, end),
      cmocka_unit_test_setup_teardown(headers_are_checked, begin, end),
      cmocka_unit_test_setup_teardown(the_example_can_be_imported, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
