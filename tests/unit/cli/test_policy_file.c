/* The policy that is written asks for what the ledger asks for; during a change of witnesses for no less. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/network_policy.h"
#include "ledger/policy.h"

enum { DAEMONS = 8 };

static struct om_secret *secrets[DAEMONS];
static struct om_policy policy;
static char *text;

static int open_all(void **state) {
  (void)state;
  for (uint8_t i = 0; i < DAEMONS; i++) {
    uint8_t seed[OM_PUBLIC_BYTES];
    struct om_status st;
    memset(seed, i + 1, sizeof seed);
    assert_int_equal(om_secret_new(&secrets[i], seed, &st), OM_OK);
  }
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i < DAEMONS; i++) om_secret_free(secrets[i]);
  free(text);
  return 0;
}

/* A list: "1a 2b 3b" is daemon 1 of operator a, and daemons 2 and 3 of operator b. */
struct list {
  Oremark__QuorumList list;
  Oremark__ListedWitness witnesses[DAEMONS], *all[DAEMONS];
  char origins[DAEMONS][16];
};

static void fill(struct list *l, uint32_t needed, const char *daemons) {
  memset(l, 0, sizeof *l);
  oremark__quorum_list__init(&l->list);
  l->list.needed = needed;
  l->list.witnesses = l->all;
  for (const char *c = daemons; *c; c += c[2] ? 3 : 2) {
    size_t i = l->list.n_witnesses++;
    Oremark__ListedWitness *w = l->all[i] = &l->witnesses[i];
    oremark__listed_witness__init(w);
    w->log = (uint32_t)(c[0] - '0');
    snprintf(l->origins[i], sizeof l->origins[i], "d%c.example", c[0]);
    w->origin = l->origins[i];
    w->cosign_key = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(secrets[w->log])};
    w->operator_member = (uint32_t)c[1];
    w->operator_ = (char *)(uintptr_t) "An operator\n";
  }
}

static void write_policy(const struct list *now, const struct list *before) {
  Oremark__LogQuorum q = OREMARK__LOG_QUORUM__INIT;
  Oremark__QuorumList *lists[] = {(Oremark__QuorumList *)(uintptr_t)&now->list,
                                  before ? (Oremark__QuorumList *)(uintptr_t)&before->list : NULL};
  struct om_status st;
  size_t len;
  q.origin = (char *)(uintptr_t) "example.com/log";
  q.log_key = (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(secrets[0])};
  q.size = 7;
  q.lists = lists;
  q.n_lists = before ? 2 : 1;
  free(text);
  FILE *out = open_memstream(&text, &len);
  assert_true(om_policy_put(out, &q));
  fclose(out);
  if (om_policy_parse(&policy, text, len, &st) != OM_OK) fail_msg("%s\n%s", st.text, text);
}

/* Whether what the daemons in the bits of BY have cosigned satisfies the policy. */
static bool satisfies(unsigned by) {
  static char note[OM_NOTE_BYTES_MAX];
  static struct om_note parsed;
  struct om_checkpoint head = {.origin = "example.com/log", .size = 7}, seen;
  bool cosigned[OM_POLICY_NAMES_MAX];
  char body[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], name[16];
  struct om_status st;
  size_t body_len = om_checkpoint_format(body, &head), len;
  assert_int_equal(om_note_begin(note, &len, body, body_len, &st), OM_OK);
  size_t n = om_note_sign(line, head.origin, secrets[0], body, body_len);
  assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  for (unsigned i = 1; i < DAEMONS; i++) {
    if (!(by >> i & 1)) continue;
    snprintf(name, sizeof name, "d%u.example", i);
    n = om_note_cosign(line, name, secrets[i], 1795000000, body, body_len);
    assert_int_equal(om_note_add_line(note, &len, line, n, &st), OM_OK);
  }
  assert_int_equal(om_note_parse(&parsed, note, len, &st), OM_OK);
  return om_policy_check(&policy, &seen, cosigned, &parsed, &st) == OM_OK;
}

/* By the ledger's rule: enough operators of the list. */
static bool enough(const struct list *l, unsigned by) {
  uint32_t seen[DAEMONS];
  size_t n = 0;
  for (size_t i = 0; i < l->list.n_witnesses; i++) {
    bool again = !(by >> l->witnesses[i].log & 1);
    for (size_t k = 0; k < n; k++) again = again || seen[k] == l->witnesses[i].operator_member;
    if (!again) seen[n++] = l->witnesses[i].operator_member;
  }
  return n >= l->list.needed;
}

/* EXACT: it asks for just what the ledger asks for; else for no less, and says so, and all together satisfy it. */
static void check(uint32_t k_now, const char *now, uint32_t k_before, const char *before, bool exact) {
  struct list a, b;
  fill(&a, k_now, now);
  fill(&b, k_before, before ? before : "");
  write_policy(&a, before ? &b : NULL);
  for (unsigned by = 0; by < 1u << DAEMONS; by += 2) {
    bool final = enough(&a, by) && (!before || enough(&b, by));
    if (exact ? satisfies(by) != final : satisfies(by) && !final) fail_msg("%x: %s", by, text);
  }
  assert_true(satisfies((1u << DAEMONS) - 2));
  assert_int_equal(strstr(text, "asks for more than the ledger does") == NULL, exact);
}

static void test_one_list(void **state) {
  (void)state;
  check(1, "1a", 0, NULL, true);
  check(3, "1a 2b 3c 4d", 0, NULL, true);
  check(2, "1a 2b 3b 4b 5c", 0, NULL, true);
}

static void test_no_witnesses(void **state) {
  (void)state;
  struct list none;
  fill(&none, 0, "");
  write_policy(&none, NULL);
  assert_true(satisfies(0));
  assert_non_null(strstr(text, "quorum none"));
}

static void test_two_lists(void **state) {
  (void)state;
  check(2, "1a 2b 3c", 2, "4d 5e 6f", true); /* nobody is in both */
  check(3, "1a 2b 3c 4d", 3, "1a 2b 3c 4d", true);
  check(3, "1a 2b 3c 4d", 2, "1a 2b 3c", false);
  check(2, "1a 2b 3c", 3, "2b 3c 4d 5e", false);
  check(2, "1a 2b 3c", 2, "4a 2b 3c", false); /* an operator changes its daemon */
  check(2, "1a 2a 3b 4c", 2, "2a 5b 4c", false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_list),
      cmocka_unit_test(test_no_witnesses),
      cmocka_unit_test(test_two_lists),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
