#include "ledger/policy.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = OM_POLICY_NAMES_MAX + 3 };

struct line {
  int number;
  size_t n;
  struct om_span words[WORDS_MAX];
};

static bool is(const struct om_span *word, const char *text) {
  return word->len == strlen(text) && memcmp(word->data, text, word->len) == 0;
}

static bool same(const struct om_span *a, const struct om_span *b) {
  return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static enum om_code wrong(const struct line *line, const char *what, struct om_status *st) {
  return om_fail(st, OM_MALFORMED, NULL, "no C2SP tlog-policy: line %d %s", line->number, what);
}

/* ---- lines ---- */

/* Parts LEN bytes into words; false: too many of them, or a control character. */
static bool split(struct line *line, const char *text, size_t len) {
  line->n = 0;
  bool in_word = false;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (c < 0x20 || c == 0x7f) return false;
    if (in_word) {
      line->words[line->n - 1].len++;
      continue;
    }
    if (line->n == WORDS_MAX) return false;
    line->words[line->n++] = (struct om_span){text + i, 1};
    in_word = true;
  }
  return true;
}

static bool is_comment(const char *text, size_t len) {
  size_t i = 0;
  while (i < len && (text[i] == ' ' || text[i] == '\t')) i++;
  return i < len && text[i] == '#';
}

/* ---- definitions ---- */

static bool find(const struct om_policy *p, size_t *out, const struct om_span *name) {
  for (size_t i = 0; i < p->n_nodes; i++)
    if (same(&p->nodes[i].name, name)) return *out = i, true;
  return false;
}

static enum om_code read_key(struct om_vkey *out, const struct line *line, const struct om_span *word, enum om_alg alg,
                             struct om_status *st) {
  if (om_vkey_parse(out, word->data, word->len, st) != OM_OK) return om_wrap(st, "line %d", line->number);
  return out->alg == alg ? OM_OK
                         : wrong(line, alg == OM_ALG_ED25519 ? "names no log's key" : "names no witness's key", st);
}

static enum om_code add_log(struct om_policy *p, const struct line *line, struct om_status *st) {
  if (line->n < 2 || line->n > 3) return wrong(line, "is not \"log VKEY [URL]\"", st);
  if (p->n_logs == OM_POLICY_LOGS_MAX) return wrong(line, "is one log too many", st);
  struct om_vkey *key = &p->logs[p->n_logs];
  if (read_key(key, line, &line->words[1], OM_ALG_ED25519, st) != OM_OK) return st->code;
  for (size_t i = 0; i < p->n_logs; i++)
    if (memcmp(p->logs[i].key, key->key, sizeof key->key) == 0) return wrong(line, "names a key again", st);
  p->n_logs++;
  return OM_OK;
}

/* A new name, without what it stands for. */
static enum om_code add_name(struct om_policy *p, struct om_policy_node **out, const struct line *line,
                             struct om_status *st) {
  size_t at;
  if (is(&line->words[1], "none")) return wrong(line, "gives the name \"none\", which has its meaning", st);
  if (find(p, &at, &line->words[1])) return wrong(line, "gives a name again", st);
  if (p->n_nodes == OM_POLICY_NAMES_MAX) return wrong(line, "is one name too many", st);
  *out = &p->nodes[p->n_nodes];
  **out = (struct om_policy_node){.name = line->words[1]};
  return OM_OK;
}

static enum om_code add_witness(struct om_policy *p, const struct line *line, struct om_status *st) {
  struct om_policy_node *node;
  if (line->n < 3 || line->n > 4) return wrong(line, "is not \"witness NAME VKEY [URL]\"", st);
  if (add_name(p, &node, line, st) != OM_OK ||
      read_key(&node->key, line, &line->words[2], OM_ALG_COSIGNATURE, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < p->n_nodes; i++)
    if (!p->nodes[i].is_group && memcmp(p->nodes[i].key.key, node->key.key, sizeof node->key.key) == 0)
      return wrong(line, "names a key again", st);
  p->n_nodes++;
  return OM_OK;
}

/* "any", "all", or 1 to N in decimal. */
static bool read_threshold(size_t *out, const struct om_span *word, size_t n) {
  const char *digits = word->data;
  *out = is(word, "any") ? 1 : is(word, "all") ? n : 0;
  if (*out > 0) return true;
  for (size_t i = 0; i < word->len && *out <= n; i++) {
    if (digits[i] < '0' || digits[i] > '9' || (i == 0 && digits[i] == '0')) return false;
    *out = *out * 10 + (size_t)(digits[i] - '0');
  }
  return *out >= 1 && *out <= n;
}

static enum om_code add_group(struct om_policy *p, const struct line *line, struct om_status *st) {
  struct om_policy_node *node;
  if (line->n < 4) return wrong(line, "is not \"group NAME all|any|K NAME...\"", st);
  if (add_name(p, &node, line, st) != OM_OK) return st->code;
  node->is_group = true;
  node->first = p->n_members;
  node->n = line->n - 3;
  if (!read_threshold(&node->k, &line->words[2], node->n))
    return wrong(line, "asks for another number than \"all\", \"any\" or 1 to as many as it names", st);
  for (size_t i = 3; i < line->n; i++) {
    size_t at;
    if (!find(p, &at, &line->words[i])) return wrong(line, "names what no line above defines", st);
    if (p->nodes[at].is_member) return wrong(line, "names what is in a group already", st);
    p->nodes[at].is_member = true;
    p->members[p->n_members++] = at;
  }
  p->n_nodes++;
  return OM_OK;
}

static enum om_code set_quorum(struct om_policy *p, const struct line *line, struct om_status *st) {
  if (line->n != 2) return wrong(line, "is not \"quorum NAME\"", st);
  if (p->has_quorum) return wrong(line, "states the quorum again", st);
  p->has_quorum = true;
  p->quorum = SIZE_MAX;
  if (is(&line->words[1], "none") || find(p, &p->quorum, &line->words[1])) return OM_OK;
  return wrong(line, "names what no line above defines", st);
}

static enum om_code take_line(struct om_policy *p, const struct line *line, struct om_status *st) {
  if (line->n == 0) return OM_OK;
  if (is(&line->words[0], "log")) return add_log(p, line, st);
  if (is(&line->words[0], "witness")) return add_witness(p, line, st);
  if (is(&line->words[0], "group")) return add_group(p, line, st);
  if (is(&line->words[0], "quorum")) return set_quorum(p, line, st);
  return wrong(line, "begins with neither log, witness, group nor quorum", st);
}

enum om_code om_policy_parse(struct om_policy *out, const char *data, size_t len, struct om_status *st) {
  struct line line = {0};
  const char *at = data, *end = data + len;
  memset(out, 0, sizeof *out);
  if (len > OM_POLICY_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, NULL, "a policy has at most %d bytes, this has %zu", OM_POLICY_MAX_BYTES, len);
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    line.number++;
    if (newline == NULL) return wrong(&line, "does not end with a newline", st);
    size_t n = (size_t)(newline - at);
    if (!is_comment(at, n)) {
      if (!split(&line, at, n)) return wrong(&line, "has a control character, or too many words", st);
      if (take_line(out, &line, st) != OM_OK) return st->code;
    }
    at = newline + 1;
  }
  return out->has_quorum ? OM_OK : om_fail(st, OM_MALFORMED, NULL, "no C2SP tlog-policy: no line states the quorum");
}

/* ---- judging ---- */

static enum om_code check_log(const struct om_policy *p, const struct om_note *note, const struct om_checkpoint *head,
                              struct om_status *st) {
  bool known = false;
  for (size_t i = 0; i < p->n_logs; i++) {
    if (strcmp(p->logs[i].name, head->origin) != 0) continue;
    known = true;
    if (om_note_verify_log(note, p->logs[i].name, p->logs[i].key, st) == OM_OK) return OM_OK;
  }
  return known ? om_fail(st, OM_NO, NULL, "the checkpoint is not signed by %s's key in the policy", head->origin)
               : om_fail(st, OM_NO, NULL, "the policy names no log %s", head->origin);
}

enum om_code om_policy_check(const struct om_policy *p, struct om_checkpoint *out, bool cosigned[OM_POLICY_NAMES_MAX],
                             const struct om_note *note, struct om_status *st) {
  size_t extensions;
  if (om_checkpoint_parse(out, &extensions, note->text, note->text_len, st) != OM_OK ||
      check_log(p, note, out, st) != OM_OK)
    return st->code;
  for (size_t i = 0; i < p->n_nodes; i++) {
    const struct om_policy_node *node = &p->nodes[i];
    struct om_status why;
    uint64_t time_s;
    size_t n = 0;
    for (size_t m = 0; m < node->n; m++) n += cosigned[p->members[node->first + m]]; /* defined above, so judged */
    cosigned[i] = node->is_group
                      ? n >= node->k
                      : om_note_verify_cosignature(note, &time_s, node->key.name, node->key.key, &why) == OM_OK;
  }
  if (p->quorum == SIZE_MAX || cosigned[p->quorum]) return OM_OK;
  return om_fail(st, OM_NO, NULL, "too few of the policy's witnesses have cosigned the checkpoint of %s", out->origin);
}
