/* C2SP tlog-policies: whatever is parsed holds together, and a checkpoint of one log and two witnesses (whose keys the
 * seeds name) fits it or not, with a reason. */
#include "fuzz/fuzz.h"
#include "ledger/policy.h"

static struct om_secret *secret(uint8_t number) {
  uint8_t seed[OM_PUBLIC_BYTES];
  struct om_secret *out;
  struct om_status st = {0};
  memset(seed, number, sizeof seed);
  OM_ASSERT(om_secret_new(&out, seed, &st) == OM_OK);
  return out;
}

static size_t reached[2]; /* checkpoints that fit, and that did not */

/* Log 1's checkpoint with the cosignatures of 2 and 3. */
static const struct om_note *checkpoint(void) {
  static struct om_note note;
  static char bytes[OM_NOTE_BYTES_MAX];
  static bool made;
  char text[OM_CHECKPOINT_BYTES], line[OM_NOTE_LINE_BYTES], name[] = "w0.example/w";
  struct om_checkpoint head = {.origin = "fuzz.example/log", .size = 4711};
  struct om_status st = {0};
  size_t len, text_len = om_checkpoint_format(text, &head);
  if (made) return &note;
  OM_ASSERT(om_note_begin(bytes, &len, text, text_len, &st) == OM_OK);
  struct om_secret *by = secret(1);
  OM_ASSERT(om_note_add_line(bytes, &len, line, om_note_sign(line, head.origin, by, text, text_len), &st) == OM_OK);
  om_secret_free(by);
  for (uint8_t i = 2; i < 4; i++) {
    name[1] = (char)('0' + i);
    by = secret(i);
    size_t n = om_note_cosign(line, name, by, 1700000000, text, text_len);
    OM_ASSERT(om_note_add_line(bytes, &len, line, n, &st) == OM_OK);
    om_secret_free(by);
  }
  OM_ASSERT(om_note_parse(&note, bytes, len, &st) == OM_OK);
  made = true;
  return &note;
}

static void check_nodes(const struct om_policy *policy) {
  OM_ASSERT(policy->n_logs <= OM_POLICY_LOGS_MAX && policy->n_nodes <= OM_POLICY_NAMES_MAX);
  OM_ASSERT(policy->n_members <= policy->n_nodes && policy->has_quorum);
  OM_ASSERT(policy->quorum == SIZE_MAX || policy->quorum < policy->n_nodes);
  for (size_t i = 0; i < policy->n_nodes; i++) {
    const struct om_policy_node *node = &policy->nodes[i];
    if (!node->is_group) continue;
    OM_ASSERT(node->k >= 1 && node->k <= node->n && node->first + node->n <= policy->n_members);
    for (size_t j = 0; j < node->n; j++) OM_ASSERT(policy->members[node->first + j] < i);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct om_policy policy;
  static bool cosigned[OM_POLICY_NAMES_MAX];
  struct om_checkpoint head;
  struct om_status st = {0};
  enum om_code code = om_policy_parse(&policy, (const char *)data, len, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_MALFORMED);
    return 0;
  }
  check_nodes(&policy);
  code = om_policy_check(&policy, &head, cosigned, checkpoint(), &st);
  if (code != OM_OK) fuzz_refusal(&st, OM_NO);
  OM_ASSERT(code != OM_OK || policy.quorum == SIZE_MAX || cosigned[policy.quorum]);
  reached[code != OM_OK]++;
  return 0;
}

void fuzz_replayed(void) {
  OM_ASSERT(reached[0] > 0 && reached[1] > 0);
}
