#include "support/test.h"

#include <jansson.h>

#include "cli/session.h"
#include "cli/views.h"
#include "fake_daemon.h"

static struct fake_daemon *fake;
static struct om_status st;
static char out[65536];

#define LOT "OM-0000-00G1-M83P-0Q06-90R7-2FFG-SNYT-Q60Q-D"

static int begin(void **state) {
  (void)state;
  fake = fake_start();
  setenv("OREMARK_SOCKET", fake->path, 1);
  setenv("XDG_CONFIG_HOME", fake->dir, 1);
  return 0;
}

static int end(void **state) {
  (void)state;
  fake_end(fake);
  return 0;
}

static enum om_code run_on(const char *command, const char *word, const char *option) {
  char *words[] = {(char *)(uintptr_t)command, (char *)(uintptr_t)word, (char *)(uintptr_t)option, NULL};
  struct om_args args;
  struct om_session session;
  om_status_clear(&st);
  memset(out, 0, sizeof out);
  assert_int_equal(om_args_parse(&args, om_command_named(command), option ? 3 : 2, words, &st), OM_OK);
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  session.out = tmpfile();
  enum om_code code = args.command->run(&session, &st);
  rewind(session.out);
  assert_true(fread(out, 1, sizeof out - 1, session.out) > 0);
  fclose(session.out);
  om_session_end(&session);
  om_args_free(&args);
  return code;
}

static enum om_code run(const char *command, const char *option) {
  return run_on(command, LOT, option);
}

static void expect_in(const char *part) {
  if (!strstr(out, part)) fail_msg("'%s' is not in:\n%s", part, out);
}

static Oremark__Reply reply_ok(void) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  reply.code = (char *)(uintptr_t) "ok";
  return reply;
}

/* ---- trace: d from b and c, both of them from a; b's name is hostile ---- */

static Oremark__Lot lots[4];
static Oremark__TraceNode nodes[4], *node_list[4];
static Oremark__TraceNodes first_nodes, last_nodes;
static uint32_t inputs[4][2] = {{1, 2}, {3, 0}, {3, 0}, {0, 0}};
static Oremark__Reply trace_replies[2];
static uint8_t numbers[4][OM_LOT_NUMBER_BYTES];

static void can_trace(void) {
  static const char *const names[] = {"D", "B\"\\\x1b[31m", "C", "A"};
  static const size_t n_inputs[] = {2, 1, 1, 0};
  for (size_t i = 0; i < 4; i++) {
    oremark__lot__init(&lots[i]);
    oremark__trace_node__init(&nodes[i]);
    numbers[i][19] = (uint8_t)i;
    lots[i].name = (char *)(uintptr_t)names[i];
    lots[i].number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, numbers[i]};
    lots[i].gross_mg = 1000000 * (i + 1);
    nodes[i].lot = &lots[i];
    nodes[i].inputs = inputs[i];
    nodes[i].n_inputs = n_inputs[i];
    node_list[i] = &nodes[i];
  }
  oremark__trace_nodes__init(&first_nodes);
  oremark__trace_nodes__init(&last_nodes);
  first_nodes.nodes = node_list;
  first_nodes.n_nodes = 3;
  last_nodes.nodes = node_list + 3; /* indexes go over all replies */
  last_nodes.n_nodes = 1;
  for (size_t i = 0; i < 2; i++) {
    trace_replies[i] = reply_ok();
    trace_replies[i].what_case = OREMARK__REPLY__WHAT_TRACE;
    trace_replies[i].trace = i ? &last_nodes : &first_nodes;
    trace_replies[i].more = i == 0;
    fake->canned[i] = &trace_replies[i];
  }
}

static void a_trace_is_a_tree(void **state) {
  (void)state;
  can_trace();
  assert_int_equal(run("lot trace", NULL), OM_OK);
  expect_in("B\"\\?[31m");
  const char *first = strstr(out, "A "), *second = first ? strstr(first + 1, "A ") : NULL;
  assert_non_null(second); /* what went into two lots stands under both */
  size_t lines = 0;
  for (const char *c = out; *c; c++) lines += *c == '\n';
  assert_int_equal(lines, 6);
  for (const char *c = out; *c; c++) assert_true(*c == '\n' || (unsigned char)*c >= 0x20);
}

static void a_trace_as_dot(void **state) {
  (void)state;
  can_trace();
  assert_int_equal(run("lot trace", "--dot"), OM_OK);
  expect_in("digraph lineage {");
  expect_in("label=\"B\\\"\\\\?[31m");
  expect_in("n1 -> n0;");
  expect_in("n3 -> n2;");
}

static void a_trace_as_json(void **state) {
  (void)state;
  can_trace();
  assert_int_equal(run("lot trace", "--json"), OM_OK);
  json_error_t error;
  json_t *json = json_loads(out, JSON_REJECT_DUPLICATES, &error);
  assert_non_null(json);
  json_t *list = json_object_get(json, "nodes");
  assert_int_equal(json_array_size(list), 4);
  json_t *lot = json_object_get(json_array_get(list, 3), "lot");
  assert_string_equal(json_string_value(json_object_get(lot, "gross_mg")), "4000000");
  assert_int_equal(json_integer_value(json_array_get(json_object_get(json_array_get(list, 0), "inputs"), 1)), 2);
  json_decref(json);
}

static void a_trace_that_points_outside_itself_is_refused(void **state) {
  (void)state;
  can_trace();
  trace_replies[0].more = false;
  fake->canned[1] = NULL;
  struct om_args args;
  struct om_session session;
  char *words[] = {(char *)(uintptr_t) "trace", (char *)(uintptr_t)LOT, NULL};
  assert_int_equal(om_args_parse(&args, om_command_named("lot trace"), 2, words, &st), OM_OK);
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  assert_int_equal(args.command->run(&session, &st), OM_IO);
  om_session_end(&session);
  om_args_free(&args);
}

/* A lineage may be deeper than can be drawn: then it says so. */
static void a_deep_trace_is_drawn(void **state) {
  (void)state;
  enum { DEEP = 3000 };
  static Oremark__TraceNode deep[DEEP], *deep_list[DEEP];
  static uint32_t next[DEEP];
  can_trace();
  for (size_t i = 0; i < DEEP; i++) {
    oremark__trace_node__init(&deep[i]);
    deep[i].lot = &lots[0];
    next[i] = (uint32_t)i + 1;
    deep[i].inputs = &next[i];
    deep[i].n_inputs = i + 1 < DEEP;
    deep_list[i] = &deep[i];
  }
  first_nodes.nodes = deep_list;
  first_nodes.n_nodes = DEEP;
  trace_replies[0].more = false;
  fake->canned[1] = NULL;
  assert_int_equal(run("lot trace", "--json"), OM_OK);
  assert_int_equal(run("lot trace", NULL), OM_OK);
  expect_in("and 2899 lots further back");
}

/* ---- verify ---- */

static enum om_code verdict(bool verified, bool undecided, const char *option) {
  static Oremark__Check check;
  static Oremark__Check *checks[] = {&check};
  static char *not_checked[] = {(char *)(uintptr_t) "that declared weights are true"};
  static Oremark__Verdict answer;
  static Oremark__Progress progress;
  static Oremark__Reply replies[2];
  oremark__check__init(&check);
  oremark__verdict__init(&answer);
  oremark__progress__init(&progress);
  check.name = (char *)(uintptr_t) "inclusion";
  check.what = (char *)(uintptr_t) "every record stands in its log";
  check.passed = 12;
  check.failed = !verified;
  check.first = (char *)(uintptr_t) "entry 7";
  answer.verified = verified;
  answer.undecided = undecided;
  answer.checks = checks;
  answer.n_checks = 1;
  answer.not_checked = not_checked;
  answer.n_not_checked = 1;
  answer.records = 13;
  replies[0] = replies[1] = reply_ok();
  replies[0].more = true;
  replies[0].what_case = OREMARK__REPLY__WHAT_PROGRESS;
  replies[0].progress = &progress;
  replies[1].what_case = OREMARK__REPLY__WHAT_VERDICT;
  replies[1].verdict = &answer;
  fake->canned[0] = &replies[0];
  fake->canned[1] = &replies[1];
  return run("lot verify", option);
}

static void a_verdict_decides_the_exit_status(void **state) {
  (void)state;
  assert_int_equal(om_exit_status(verdict(true, false, NULL)), 0);
  expect_in("VERIFIED: 13 records");
  expect_in("- that declared weights are true");
  assert_int_equal(om_exit_status(verdict(false, false, NULL)), 1);
  expect_in("first failure: entry 7");
  expect_in("FAILED");
  assert_null(strstr(out, "VERIFIED"));
  assert_int_equal(om_exit_status(verdict(true, true, NULL)), 5);
  expect_in("UNDECIDED");
  assert_int_equal(om_exit_status(verdict(false, false, "--json")), 1);
  expect_in("\"verdict\": \"failed\"");
}

static void percentages_do_not_flatter(void **state) {
  (void)state;
  char text[16];
  assert_string_equal(om_percent(text, 1, 2), "50.00 %");
  assert_string_equal(om_percent(text, 1, 3), "33.33 %");
  assert_string_equal(om_percent(text, 0, 3), "0.00 %");
  assert_string_equal(om_percent(text, 3, 3), "100.00 %");
  assert_string_equal(om_percent(text, 1, 1000000), "< 0.01 %");
  assert_string_equal(om_percent(text, 999999, 1000000), "> 99.99 %");
  assert_string_equal(om_percent(text, INT64_MAX, INT64_MAX), "100.00 %");
  assert_string_equal(om_percent(text, 1, 0), "-");
}

static void origins_are_named(void **state) {
  (void)state;
  char text[OM_SHOW_BYTES];
  Oremark__Share share = OREMARK__SHARE__INIT;
  share.kind = 1;
  share.name = (char *)(uintptr_t) "Pit 1\n, Mine";
  share.country = (char *)(uintptr_t) "PE";
  assert_string_equal(om_share_text(text, &share), "Pit 1?, Mine, PE");
  share.kind = 3;
  assert_string_equal(om_share_text(text, &share), "Pit 1?, Mine, PE, post-consumer-waste");
  share.kind = 4;
  share.name = share.country = (char *)(uintptr_t) "";
  assert_string_equal(om_share_text(text, &share), "undeclared");
  share.kind = 1;
  share.country = (char *)(uintptr_t) "CL";
  assert_string_equal(om_share_text(text, &share), "mine, CL"); /* pooled */
}

static void sites_that_are_left_out_are_told(void **state) {
  (void)state;
  assert_int_equal(run_on("member show", "Smelter", NULL), OM_OK);
  expect_in("the last 2 of 3414 sites");
  assert_int_equal(run_on("member show", "Mine", NULL), OM_OK);
  assert_null(strstr(out, "the last"));
  assert_int_equal(run_on("member show", "Smelter", "--json"), OM_OK);
  json_t *json = json_loads(out, 0, NULL);
  assert_int_equal(json_integer_value(json_object_get(json, "sites_in_all")), 3414);
  assert_int_equal(json_array_size(json_object_get(json, "sites")), 2);
  json_decref(json);
  struct om_args args = {.command = om_command_named("member list")};
  struct om_session session;
  uint32_t site;
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  assert_int_equal(om_session_site(&session, &site, 2, "dock", &st), OM_OK);
  assert_int_equal(site, 3414);
  assert_int_equal(om_session_site(&session, &site, 2, "Old yard", &st), OM_USAGE);
  assert_non_null(strstr(st.text, "one of the first 3412"));
  om_session_end(&session);
}

static void an_answer_to_something_else_is_never_taken(void **state) {
  (void)state;
  fake->astray = true;
  struct om_args args = {.command = om_command_named("member list")};
  struct om_session session;
  const Oremark__Members *members;
  assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
  for (size_t asked = 0; asked < 2; asked++) { /* what came the first time is not kept for the second */
    assert_int_equal(om_session_members(&session, &members, &st), OM_IO);
    assert_non_null(strstr(st.text, "something else than was asked"));
  }
  om_session_end(&session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_trace_is_a_tree, begin, end),
      cmocka_unit_test_setup_teardown(a_trace_as_dot, begin, end),
      cmocka_unit_test_setup_teardown(a_trace_as_json, begin, end),
      cmocka_unit_test_setup_teardown(a_trace_that_points_outside_itself_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(a_deep_trace_is_drawn, begin, end),
      cmocka_unit_test_setup_teardown(a_verdict_decides_the_exit_status, begin, end),
      cmocka_unit_test_setup_teardown(sites_that_are_left_out_are_told, begin, end),
      cmocka_unit_test_setup_teardown(an_answer_to_something_else_is_never_taken, begin, end),
      cmocka_unit_test(percentages_do_not_flatter),
      cmocka_unit_test(origins_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
