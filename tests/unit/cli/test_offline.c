#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/file.h"
#include "cli/genesis.h"
#include "cli/spec.h"
#include "keys/keyfile.h"
#include "ledger/acts.h"
#include "ledger/events/kinds.h"

/* Everything here works without a daemon: what a clerk at a pit does. */
static char dir[64], key[96], genesis[96], file[96];
static struct om_status st;
static struct om_arena arena;

#define LOT "OM-0000-00G1-M83P-0Q06-90R7-2FFG-SNYT-Q60Q-D"
#define LAST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char spec[] =
    "name = \"Trial\"\n"
    "governors = {\"Ministry\"}\n"
    "daemon \"registry.example/log\" { operator = \"Ministry\" keys = \"d\" }\n"
    "member \"Ministry\" { country = \"PE\" roles = {\"inspector\"} home = \"registry.example/log\" key = \"k\" }\n"
    "limits { receipt-tolerance-ppm = 5000 drift-period-days = 365\n"
    "  process \"smelt\" { tolerance-ppm = 4000 } process \"concentrate\" { tolerance-ppm = 3000 }\n"
    "  drift-cap \"Cu\" { mass = \"5 t\" } drift-cap \"any\" { mass = \"1 t\" } }\n";

static enum om_code run(const char *command, char **words, char **out) {
  struct om_args args;
  struct om_session session;
  size_t len;
  int n = 0;
  while (words[n]) n++;
  om_status_clear(&st);
  enum om_code code = om_args_parse(&args, om_command_named(command), n, words, &st);
  if (code == OM_OK) {
    assert_int_equal(om_session_begin(&session, &args, &st), OM_OK);
    char *text = NULL;
    session.out = open_memstream(&text, &len);
    code = args.command->run(&session, &st);
    fclose(session.out);
    if (out)
      *out = text;
    else
      free(text);
    om_session_end(&session);
  }
  om_args_free(&args);
  return code;
}

#define RUN(command, ...) run(command, (char *[]){"oremark", __VA_ARGS__, NULL}, NULL)

static void text_file(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int begin(void **state) {
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/oremark-cli-XXXXXX");
  assert_non_null(mkdtemp(dir));
  snprintf(key, sizeof key, "%s/k", dir);
  snprintf(genesis, sizeof genesis, "%s/genesis", dir);
  snprintf(file, sizeof file, "%s/statement", dir);
  setenv("XDG_CONFIG_HOME", dir, 1);
  setenv("OREMARK_KEY", key, 1);
  setenv("OREMARK_MEMBER", "2", 1);
  setenv("OREMARK_NETWORK", genesis, 1);
  char folder[80], specs[80];
  snprintf(folder, sizeof folder, "%s/d", dir);
  snprintf(specs, sizeof specs, "%s/spec", dir);
  text_file("spec", spec);
  assert_int_equal(RUN("key new", "--name", "ministry", "--no-passphrase", key), OM_OK);
  assert_int_equal(RUN("key new", "--daemon", "registry.example/log", folder), OM_OK);
  assert_int_equal(RUN("network new", specs, "-o", genesis), OM_OK);
  return 0;
}

static int end(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  assert_int_equal(system(command), 0);
  om_arena_free(&arena);
  return 0;
}

/* Reads the statement file back as a daemon would take it. */
static const Oremark__Event *taken(struct om_signed *s) {
  assert_int_equal(om_signed_read(s, &arena, file, &st), OM_OK);
  uint8_t *bytes;
  size_t len;
  om_signed_pack(s, &bytes, &len);
  struct om_checked *checked;
  if (om_check_statement(&checked, &arena, &s->network, NULL, bytes, len, &st)) fail_msg("%s", st.text);
  assert_int_equal(checked->statement->member, 2);
  assert_true(checked->statement->not_after_ms > checked->statement->signed_ms);
  assert_int_equal(om_event_form(checked->statement->events[0], &st), OM_OK);
  return checked->statement->events[0];
}

#define MATERIAL "--lot", "what", "--form", "metal", "--gross", "2 t", "--metal", "Cu=1t"
#define REF LOT, "--last-event", LAST
#define REFS LOT, LOT, "--last-event", LAST, "--last-event", LAST
#define TO_FILE "--out", file

static void every_event_is_built_canonical(void **state) {
  (void)state;
  static char out_option[] = "--out";
  char *const cases[][24] = {
      {"extract", "--site", "1", MATERIAL, "--method", "open pit"},
      {"collect", "--site", "1", "--waste", "post-consumer", "--feedstock", "boards", "--product-lot", LOT, MATERIAL},
      {"declare", "--site", "1", "--reason", "old stock", MATERIAL},
      {"ship", REF, "--consignee", "3", "--mode", "sea", "--seal", "b", "--seal", "a", "--with-title", "--waybill",
       "W1"},
      {"receive", REF, "--site", "1", "--gross", "1.9 t", "--metal", "Cu=0.9t", "--shortage", "weighing"},
      {"reject", REF, "--reason", "wet"},
      {"transform", REF, "--site", "1", "--process", "smelt", MATERIAL, "--loss", "slag:Cu=1kg", "--energy", "5",
       "--co2e", "6"},
      {"split", REF, MATERIAL, MATERIAL},
      {"combine", REFS, MATERIAL},
      {"charge", REF, "--site", "1", "--name", "tankhouse", "--process", "electrowin"},
      {"draw", REF, MATERIAL},
      {"stocktake", REF, "--gross", "5 t", "--metal", "Cu=4t", "--method", "weighed"},
      {"retire", REF, "--reason", "built-in", "--product", "motor", "--country", "SE"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *words[32];
    int n = 0;
    while (n < 24 && cases[i][n]) words[n] = cases[i][n], n++;
    words[n] = out_option;
    words[n + 1] = file;
    words[n + 2] = NULL;
    if (strcmp(cases[i][0], "combine") == 0)
      words[2] = (char *)(uintptr_t) "OM-0000-00G1-M83P-0Q36-CVKB-2XNA-02QA-QYK8-S";
    if (run(cases[i][0], words, NULL)) fail_msg("%s: %s", cases[i][0], st.text);
    struct om_signed s;
    const Oremark__Event *event = taken(&s);
    assert_string_equal(om_kind_of(event)->name, cases[i][0]);
    assert_int_equal(s.n_signatures, 1);
    unlink(file);
  }
}

static void fields_arrive_where_they_belong(void **state) {
  (void)state;
  struct om_signed s;
  assert_int_equal(RUN("ship", REF, "--consignee", "3", "--mode", "sea", "--seal", "b", "--seal", "a", "--with-title",
                       "--at", "2026-03-01T06:00:00-05:00", TO_FILE),
                   OM_OK);
  const Oremark__Event *event = taken(&s);
  assert_int_equal(event->at_ms, INT64_C(1772362800000));
  assert_int_equal(event->zone_min, -300);
  assert_int_equal(event->ship->consignee, 3);
  assert_int_equal(event->ship->mode, OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_SEA);
  assert_true(event->ship->with_title);
  assert_string_equal(event->ship->seals[0], "a");
  assert_int_equal(event->ship->lots[0]->last_event.data[1], 0x11);
  assert_int_equal(event->ship->lots[0]->number.len, OM_LOT_NUMBER_BYTES);
  assert_int_equal(RUN("ship", REF, "--consignee", "3", TO_FILE), OM_BUSY); /* the file is there */
  unlink(file);
}

/* What the command writes for TEXT as its option: its first moment of those that events carry. */
static int64_t moment_of(const char *command, const char *text) {
  char *when = (char *)(uintptr_t)text;
  struct om_signed s;
  enum om_code code = OM_USAGE;
  if (strcmp(command, "certify") == 0)
    code = RUN("certify", "--of", "2", "--scheme", "S", "--from", when, "--until", "2999-01-01", TO_FILE);
  else if (strcmp(command, "member site-status") == 0)
    code = RUN("member site-status", "2", "1", "--status", "green", "--from", when, "--until", "2999-01-01",
               "--previous", "none", TO_FILE);
  else if (strcmp(command, "flag") == 0)
    code = RUN("flag", "--of", "2", "--category", "other", "--text", "x", "--due", when, TO_FILE);
  else if (strcmp(command, "estimate") == 0)
    code = RUN("estimate", "--site", "1", "--kind", "resource", "--metal", "Cu=1kt", "--as-of", when, TO_FILE);
  else if (strcmp(command, "extract") == 0)
    code = RUN("extract", "--site", "1", MATERIAL, "--at", when, TO_FILE);
  if (code) fail_msg("%s %s: %s", command, text, st.text);
  const Oremark__Event *event = taken(&s);
  unlink(file);
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_CERTIFY: return event->certify->valid_from_ms;
    case OREMARK__EVENT__KIND_SITE_STATUS: return event->site_status->valid_from_ms;
    case OREMARK__EVENT__KIND_FLAG: return event->flag->due_ms;
    case OREMARK__EVENT__KIND_ESTIMATE: return event->estimate->as_of_ms;
    default: return event->at_ms;
  }
}

/* A date is its first moment where it is typed, whatever the command. */
static void all_read_times_alike(void **state) {
  (void)state;
  static const char *const commands[] = {"extract", "certify", "member site-status", "flag", "estimate"};
  static const struct {
    const char *text;
    int64_t ms;
  } times[] = {{"2026-01-01", INT64_C(1767243600000)},
               {"2026-01-01 10:00", INT64_C(1767279600000)},
               {"2026-01-01 10:00:30", INT64_C(1767279630000)},
               {"2026-01-01T10:00:00Z", INT64_C(1767261600000)},
               {"2026-01-01T10:00:00+01:00", INT64_C(1767258000000)}};
  setenv("TZ", "PIT5", 1);
  tzset();
  for (size_t c = 0; c < sizeof commands / sizeof *commands; c++)
    for (size_t t = 0; t < sizeof times / sizeof *times; t++)
      if (moment_of(commands[c], times[t].text) != times[t].ms) fail_msg("%s reads %s", commands[c], times[t].text);
  assert_int_equal(RUN("member site-status", "2", "1", "--status", "green", "--from", "2026-01-01 10", "--until",
                       "2027-01-01", "--previous", "none", TO_FILE),
                   OM_USAGE);
  assert_memory_equal(st.text, "--from: '2026-01-01 10' is not a time: write ", 45);
  unsetenv("TZ");
  tzset();
}

static void what_is_missing_is_named(void **state) {
  (void)state;
  assert_int_equal(RUN("extract", MATERIAL, TO_FILE), OM_USAGE);
  assert_memory_equal(st.text, "extract: --site is missing", 24);
  assert_int_equal(RUN("ship", REF, TO_FILE), OM_USAGE);
  assert_non_null(strstr(st.text, "consignee"));
  assert_int_equal(RUN("ship", "--consignee", "2", TO_FILE), OM_USAGE);
  assert_non_null(strstr(st.text, "usage: oremark ship LOT..."));
  assert_int_equal(RUN("extract", "--site", "1", "surplus", MATERIAL, TO_FILE), OM_USAGE);
  assert_int_equal(RUN("ship", LOT, "--last-event", "12", "--consignee", "3", TO_FILE), OM_USAGE);
  assert_int_equal(RUN("ship", "DRUM-17", "--last-event", LAST, "--consignee", "3", TO_FILE), OM_USAGE);
  assert_int_equal(RUN("extract", "--site", "1", MATERIAL, "--at", "yesterday", TO_FILE), OM_USAGE);
  assert_int_equal(RUN("extract", "--site", "1", MATERIAL, "--at", "2999-03-01", TO_FILE), OM_USAGE);
  assert_int_equal(access(file, F_OK), -1);
}

static void a_file_is_signed_by_others(void **state) {
  (void)state;
  struct om_signed s;
  char other[96];
  snprintf(other, sizeof other, "%s/other", dir);
  assert_int_equal(RUN("key new", "--name", "other", "--no-passphrase", other), OM_OK);
  assert_int_equal(RUN("extract", "--site", "1", MATERIAL, TO_FILE), OM_OK);
  assert_int_equal(RUN("sign", file, "--key", other, "--member", "1", "--yes"), OM_OK);
  assert_int_equal(RUN("sign", file, "--key", other, "--member", "1", "--yes"), OM_NO);
  taken(&s);
  assert_int_equal(s.n_signatures, 2);
  assert_int_equal(s.signatures[0]->member, 1); /* ascending */
  for (size_t i = 0; i < 2; i++) {
    struct om_key_info info;
    assert_int_equal(om_keyfile_info(&info, i ? key : other, &st), OM_OK);
    assert_true(om_verify(s.signatures[i]->signature.data, s.id.bytes, OM_HASH_BYTES, info.public_key));
    assert_int_equal(s.signatures[i]->key_id, om_member_key_id(info.public_key));
  }
  unlink(other);
  assert_int_equal(RUN("key new", "--daemon", "x.example/log", other), OM_OK);
  char log_key[128];
  snprintf(log_key, sizeof log_key, "%s/log.key", other);
  assert_int_equal(RUN("sign", file, "--key", log_key, "--member", "1", "--yes"), OM_USAGE); /* one key, one meaning */
  unlink(file);
}

static void a_spoiled_file_is_refused(void **state) {
  (void)state;
  struct om_signed s;
  uint8_t *bytes;
  size_t len;
  assert_int_equal(RUN("extract", "--site", "1", MATERIAL, TO_FILE), OM_OK);
  assert_int_equal(om_file_read(&arena, &bytes, &len, file, 100000, &st), OM_OK);
  struct om_hash id;
  assert_int_equal(om_signed_read(&s, &arena, file, &st), OM_OK);
  id = s.id;
  size_t kept = 0;
  for (size_t i = 0; i < len; i++) {
    uint8_t was = bytes[i];
    bytes[i] = was == 'A' ? 'B' : 'A';
    assert_int_equal(om_file_write(file, bytes, len, true, &st), OM_OK);
    /* What can still be read says something else, or only a signature or a line for people was hit. */
    if (om_signed_read(&s, &arena, file, &st) == OM_OK) kept += om_hash_equal(&s.id, &id) && s.n_signatures == 1;
    bytes[i] = was;
  }
  assert_true(kept < len / 2);
  for (size_t cut = 0; cut + 1 < len; cut += 7) { /* without its last newline it is whole */
    assert_int_equal(om_file_write(file, bytes, cut, true, &st), OM_OK);
    assert_int_not_equal(om_signed_read(&s, &arena, file, &st), OM_OK);
  }
  unlink(file);
}

static void a_new_lot_has_the_number_that_was_printed(void **state) {
  (void)state;
  char *out = NULL, number[OM_LOT_TEXT_BYTES];
  uint8_t made[OM_LOT_NUMBER_BYTES];
  struct om_signed s;
  assert_int_equal(run("extract", (char *[]){"oremark", "--site", "1", MATERIAL, MATERIAL, TO_FILE, NULL}, &out),
                   OM_OK);
  taken(&s);
  for (uint16_t i = 0; i < 2; i++) {
    om_made_number(made, &s, 0, i);
    assert_non_null(strstr(out, om_lot_format(number, sizeof number, made)));
  }
  free(out);
  unlink(file);
}

/* A draw and a stocktake write the pool first: the new lots of a draw come after it. */
static void new_lots_are_counted_as_the_ledger_counts_them(void **state) {
  (void)state;
  struct om_signed s;
  struct om_made makes;
  assert_int_equal(RUN("draw", REF, MATERIAL, MATERIAL, TO_FILE), OM_OK);
  om_event_makes(&makes, taken(&s));
  assert_int_equal(makes.n, 2);
  assert_int_equal(makes.first_output, 1);
  unlink(file);
  assert_int_equal(RUN("charge", REF, "--site", "1", "--name", "tankhouse", "--process", "electrowin", TO_FILE), OM_OK);
  om_event_makes(&makes, taken(&s));
  assert_int_equal(makes.n, 1);
  assert_int_equal(makes.first_output, 0);
  assert_null(makes.materials);
  unlink(file);
  assert_int_equal(RUN("charge", REF, "--last-event", LAST, "--site", "1", "--pool", LOT, TO_FILE), OM_OK);
  om_event_makes(&makes, taken(&s));
  assert_int_equal(makes.n, 0);
  unlink(file);
  assert_int_equal(RUN("split", REF, MATERIAL, MATERIAL, MATERIAL, TO_FILE), OM_OK);
  om_event_makes(&makes, taken(&s));
  assert_int_equal(makes.n, 3);
  assert_int_equal(makes.first_output, 0);
  unlink(file);
}

static void a_draft_takes_what_fits(void **state) {
  (void)state;
  struct om_draft draft;
  struct om_signed s;
  struct om_hash network = {{1}};
  struct om_secret *secret;
  char note[201];
  memset(note, 'n', 200);
  note[200] = '\0';
  assert_int_equal(om_secret_new(&secret, NULL, &st), OM_OK);
  assert_int_equal(om_draft_begin(&draft, &arena, 1, 1000, &st), OM_OK);
  size_t n = 0;
  for (;; n++) {
    Oremark__Event *event = om_arena_alloc(&arena, sizeof *event);
    Oremark__Declare *declare = om_arena_alloc(&arena, sizeof *declare);
    oremark__event__init(event);
    oremark__declare__init(declare);
    event->kind_case = OREMARK__EVENT__KIND_DECLARE;
    event->declare = declare;
    event->at_ms = 1;
    declare->site = 1;
    declare->reason = note + n % 7;
    if (!om_draft_fits(&draft, event)) break;
    om_draft_add(&draft, event);
  }
  assert_int_equal(n, OM_EVENTS_MAX);
  om_signed_make(&s, &draft, &network);
  assert_int_equal(om_signed_add(&s, secret, 1, &st), OM_OK);
  uint8_t *bytes;
  size_t len;
  om_signed_pack(&s, &bytes, &len);
  assert_true(len <= OM_STATEMENT_MAX_BYTES);
  assert_true(draft.bytes + 200 > s.len && draft.bytes >= s.len); /* the reckoning is close, and never too low */
  om_secret_free(secret);
}

/* ---- the spec of a network ---- */

static void a_genesis_is_canonical_and_read_back(void **state) {
  (void)state;
  const Oremark__Genesis *g;
  struct om_hash id, again;
  assert_int_equal(om_genesis_read(&arena, &g, &id, genesis, &st), OM_OK);
  assert_int_equal(om_genesis_id(&again, genesis, &st), OM_OK);
  assert_true(om_hash_equal(&id, &again));
  assert_string_equal(g->name, "Trial");
  assert_int_equal(g->threshold, 1);
  assert_int_equal(g->limits->processes[0]->process, OREMARK__PROCESS__PROCESS_CONCENTRATE); /* ascending */
  assert_int_equal(g->limits->drift_caps[0]->element, 0);
  assert_int_equal(g->limits->drift_caps[1]->cap_mg, INT64_C(5000000000));
  char specs[80];
  snprintf(specs, sizeof specs, "%s/spec", dir);
  assert_int_equal(RUN("network new", specs, "-o", genesis), OM_BUSY); /* never overwritten */
}

static void a_bad_spec_says_where(void **state) {
  (void)state;
  static const char *const bad[][3] = {
      {"name = \"Trial\"\n", "nome = \"Trial\"\n", "line 1"},
      {"country = \"PE\"", "country = \"Peru\"", "member 1: country"},
      {"{\"inspector\"}", "{\"inspektor\"}", "member 'Ministry': 'inspektor' is no role"},
      {"governors = {\"Ministry\"}", "governors = {\"Minister\"}", "governors: no member has the name 'Minister'"},
      {"operator = \"Ministry\"", "", "daemon 'registry.example/log': 'operator' is missing"},
      {"home = \"registry.example/log\"", "home = \"x\"", "member 'Ministry': home: no daemon has the origin 'x'"},
      {"tolerance-ppm = 4000", "tolerance-ppm = 400000", "process 'smelt': tolerance-ppm is not"},
      {"drift-cap \"Cu\"", "drift-cap \"Co2\"", "drift-cap 'Co2'"},
      {"mass = \"5 t\"", "mass = \"5\"", "drift-cap 'Cu'"},
      {"key = \"k\"", "key = \"d/log.key\"", "is a log key; a member key is wanted here"},
      {"key = \"k\"", "key = \"missing\"", "missing"},
  };
  char specs[80], fresh[96];
  snprintf(specs, sizeof specs, "%s/spec", dir);
  snprintf(fresh, sizeof fresh, "%s/fresh", dir);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char text[2048];
    const char *at = strstr(spec, bad[i][0]);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - spec), spec, bad[i][1], at + strlen(bad[i][0]));
    text_file("spec", text);
    if (RUN("network new", specs, "-o", fresh) == OM_OK) fail_msg("%s was taken", bad[i][1]);
    if (!strstr(st.text, bad[i][2])) fail_msg("'%s' is not in: %s", bad[i][2], st.text);
    assert_int_equal(access(fresh, F_OK), -1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_event_is_built_canonical, begin, end),
      cmocka_unit_test_setup_teardown(fields_arrive_where_they_belong, begin, end),
      cmocka_unit_test_setup_teardown(all_read_times_alike, begin, end),
      cmocka_unit_test_setup_teardown(what_is_missing_is_named, begin, end),
      cmocka_unit_test_setup_teardown(a_file_is_signed_by_others, begin, end),
      cmocka_unit_test_setup_teardown(a_spoiled_file_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(a_new_lot_has_the_number_that_was_printed, begin, end),
      cmocka_unit_test_setup_teardown(new_lots_are_counted_as_the_ledger_counts_them, begin, end),
      cmocka_unit_test_setup_teardown(a_draft_takes_what_fits, begin, end),
      cmocka_unit_test_setup_teardown(a_genesis_is_canonical_and_read_back, begin, end),
      cmocka_unit_test_setup_teardown(a_bad_spec_says_where, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
