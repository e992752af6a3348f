#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/facts.h"
#include "cli/file.h"
#include "cli/show.h"
#include "keys/base64.h"

/* A file that anybody may have written: what is not whole or says too little is refused, and what it says of the act
 * before another is found by the act's subject. */
static char path[64];
static struct om_status st;
static struct om_arena arena;

static int begin(void **state) {
  (void)state;
  snprintf(path, sizeof path, "/tmp/oremark-facts-XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  return 0;
}

static int end(void **state) {
  (void)state;
  unlink(path);
  om_arena_free(&arena);
  return 0;
}

static void put(const void *bytes, size_t len) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, len, file), len);
  fclose(file);
}

/* As an attacker writes it: the hash is right. */
static enum om_code read_back(const Oremark__Facts *facts, Oremark__Facts **out) {
  uint8_t bytes[4096];
  char base64[OM_BASE64_BYTES(sizeof bytes)], text[sizeof base64 + 200], hex[2 * OM_HASH_BYTES + 1];
  struct om_hash hash;
  size_t len = oremark__facts__get_packed_size(facts);
  assert_true(len <= sizeof bytes);
  oremark__facts__pack(facts, bytes);
  om_sha256(&hash, bytes, len);
  om_base64(base64, sizeof base64, bytes, len);
  snprintf(text, sizeof text, "oremark facts 1\n# x\nsha256 %s\n%s\n", om_hex(hex, hash.bytes, OM_HASH_BYTES), base64);
  put(text, strlen(text));
  return om_facts_read(&arena, out, path, &st);
}

static ProtobufCBinaryData id(uint8_t fill) {
  return (ProtobufCBinaryData){32, memset(om_arena_alloc(&arena, 32), fill, 32)};
}

static void one_that_says_too_little_is_refused(void **state) {
  (void)state;
  Oremark__Status status = OREMARK__STATUS__INIT;
  Oremark__Members members = OREMARK__MEMBERS__INIT;
  Oremark__Registry registry = OREMARK__REGISTRY__INIT;
  Oremark__Member member = OREMARK__MEMBER__INIT, *list[] = {&member};
  Oremark__Facts facts = OREMARK__FACTS__INIT, *out;
  member.member = 1;
  members.members = list;
  assert_int_equal(read_back(&facts, &out), OM_USAGE);
  facts.status = &status;
  facts.members = &members;
  assert_int_equal(read_back(&facts, &out), OM_USAGE);
  facts.registry = &registry;
  assert_int_equal(read_back(&facts, &out), OM_OK);
  members.n_members = 1; /* whose keys are not told */
  assert_int_equal(read_back(&facts, &out), OM_USAGE);
  assert_non_null(strstr(st.text, "damaged"));
}

static void every_byte_counts(void **state) {
  (void)state;
  Oremark__Status status = OREMARK__STATUS__INIT;
  Oremark__Members members = OREMARK__MEMBERS__INIT;
  Oremark__Registry registry = OREMARK__REGISTRY__INIT;
  Oremark__Facts facts = OREMARK__FACTS__INIT, *out;
  uint8_t *bytes;
  size_t len;
  facts.status = &status;
  facts.members = &members;
  facts.registry = &registry;
  registry.last_rules = id(7);
  assert_int_equal(read_back(&facts, &out), OM_OK);
  assert_int_equal(om_file_read(&arena, &bytes, &len, path, 4096, &st), OM_OK);
  for (size_t i = 0; i + 1 < len; i++) {
    const uint8_t was = bytes[i];
    if ((i >= 15 && i <= 20) || was == '\n') continue; /* the remark for people, and ends of lines */
    bytes[i] = was == 'z' ? 'y' : 'z';
    put(bytes, len);
    assert_int_equal(om_facts_read(&arena, &out, path, &st), OM_USAGE);
    bytes[i] = was;
  }
  for (size_t cut = 0; cut + 1 < len; cut++) {
    put(bytes, cut);
    assert_int_equal(om_facts_read(&arena, &out, path, &st), OM_USAGE);
  }
}

static void the_act_before_is_found_by_its_subject(void **state) {
  (void)state;
  Oremark__Members members = OREMARK__MEMBERS__INIT;
  Oremark__Registry registry = OREMARK__REGISTRY__INIT;
  Oremark__Site site = OREMARK__SITE__INIT, *sites[] = {&site};
  Oremark__Member self = OREMARK__MEMBER__INIT, other = OREMARK__MEMBER__INIT, *list[] = {&self, &other};
  Oremark__Facts facts = OREMARK__FACTS__INIT;
  Oremark__Event event = OREMARK__EVENT__INIT;
  self.member = 1;
  other.member = 2;
  self.last_key = id(11);
  self.last_site = id(12);
  self.last_mandate = id(13);
  other.last_act = id(21);
  site.site = 3;
  site.last_status = id(22);
  other.sites = sites;
  other.n_sites = 1;
  registry.last_limits = id(31);
  members.members = list;
  members.n_members = 2;
  facts.members = &members;
  facts.registry = &registry;

  Oremark__Suspend suspend = OREMARK__SUSPEND__INIT;
  event.kind_case = OREMARK__EVENT__KIND_SUSPEND;
  event.suspend = &suspend;
  suspend.member = 2;
  assert_int_equal(om_facts_previous(&facts, &event, 1).data[0], 21);
  suspend.member = 9; /* nobody */
  assert_int_equal(om_facts_previous(&facts, &event, 1).len, 0);

  Oremark__SiteStatus green = OREMARK__SITE_STATUS__INIT;
  event.kind_case = OREMARK__EVENT__KIND_SITE_STATUS;
  event.site_status = &green;
  green.member = 2;
  green.site = 3;
  assert_int_equal(om_facts_previous(&facts, &event, 1).data[0], 22);
  green.site = 4;
  assert_int_equal(om_facts_previous(&facts, &event, 1).len, 0);

  static const struct {
    Oremark__Event__KindCase kind;
    uint8_t want;
  } own[] = {{OREMARK__EVENT__KIND_ADD_KEY, 11},     {OREMARK__EVENT__KIND_RETIRE_KEY, 11},
             {OREMARK__EVENT__KIND_SET_ADDRESS, 11}, {OREMARK__EVENT__KIND_SET_SEALING_KEY, 11},
             {OREMARK__EVENT__KIND_ADD_SITE, 12},    {OREMARK__EVENT__KIND_GIVE_MANDATE, 13},
             {OREMARK__EVENT__KIND_END_MANDATE, 13}, {OREMARK__EVENT__KIND_SET_LIMITS, 31}};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    event.kind_case = own[i].kind;
    assert_int_equal(om_facts_previous(&facts, &event, 1).data[0], own[i].want);
  }
  event.kind_case = OREMARK__EVENT__KIND_ADD_KEY;
  assert_int_equal(om_facts_previous(&facts, &event, 2).len, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(one_that_says_too_little_is_refused, begin, end),
      cmocka_unit_test_setup_teardown(every_byte_counts, begin, end),
      cmocka_unit_test_setup_teardown(the_act_before_is_found_by_its_subject, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
