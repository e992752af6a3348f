/* A daemon's mind and three peers that say anything. The input is a row of events: a byte says which, see step(). */
#include "daemon/core/node.h"
#include "daemon/core/peer.h"
#include "fuzz/fuzz.h"

enum { LOGS = 3, OWN = 1, PEERS = 3, JOBS_MAX = 4 * LOGS, FIRST_SIZE = 5, STEPS_MAX = 400 };

static const uint32_t remote[PEERS] = {0, 2, OM_LOG_NONE};

struct world {
  const uint8_t *data;
  size_t len;
  struct om_node *node;
  int64_t now_ms;
  uint64_t size[LOGS];
  size_t queued[PEERS];
  size_t n_jobs;
  struct om_action jobs[JOBS_MAX];
};

/* ---- what stands behind the node ---- */

static bool read_head(struct om_checkpoint *out, const uint8_t *bytes, size_t len) {
  struct om_note note;
  struct om_status st = {0};
  return om_note_parse(&note, (const char *)bytes, len, &st) == OM_OK &&
         om_checkpoint_parse(out, NULL, note.text, note.text_len, &st) == OM_OK;
}

static enum om_code give_entries(void *ctx, struct om_entry_sink *sink, uint32_t log, uint64_t from, uint64_t upto) {
  const struct world *w = ctx;
  OM_ASSERT(log < LOGS && from <= upto && upto <= w->size[log]);
  for (; from < upto; from++) {
    const uint8_t entry[40] = {(uint8_t)log, (uint8_t)from};
    if (!om_entry_put(sink, entry, sizeof entry)) break;
  }
  return OM_OK;
}

/* Of nothing, but of the right form. */
static enum om_code prove(void *ctx, struct om_proof *out, uint32_t log, uint64_t from, uint64_t size) {
  const struct world *w = ctx;
  OM_ASSERT(log < LOGS && from <= size && size <= w->size[log]);
  memset(out->hashes, 3, sizeof out->hashes[0]);
  out->n = from < size ? 1 : 0;
  return OM_OK;
}

static enum om_code judge(void *ctx, uint64_t *size, uint32_t log, const uint8_t *note, size_t len,
                          struct om_status *st) {
  struct om_checkpoint head;
  (void)ctx, (void)log;
  if (!read_head(&head, note, len)) return om_fail(st, OM_REFUSED, "head", "not a head");
  *size = head.size;
  return head.root.bytes[0] == 1 ? om_fail(st, OM_WAIT, "behind", "not yet") : OM_OK;
}

static void sign(void *ctx, uint8_t sig[OM_SIG_BYTES], const struct om_hash *what) {
  (void)ctx;
  memset(sig, what->bytes[0], OM_SIG_BYTES);
}

static bool started(void *ctx, uint8_t start[OM_START_BYTES], uint32_t log) {
  (void)ctx, (void)start, (void)log;
  return false;
}

static bool cosign_key(void *ctx, uint8_t key[OM_PUBLIC_BYTES], uint32_t log) {
  (void)ctx;
  memset(key, (int)log, OM_PUBLIC_BYTES);
  return true;
}

static size_t own_note(char note[OM_NOTE_BYTES_MAX], uint64_t size) {
  struct om_checkpoint head = {.origin = "daemon1.example/log", .size = size};
  char text[OM_CHECKPOINT_BYTES];
  static const char line[] = "— daemon1.example/log AAAAAAAA\n";
  struct om_status st = {0};
  size_t len;
  OM_ASSERT(om_note_begin(note, &len, text, om_checkpoint_format(text, &head), &st) == OM_OK);
  OM_ASSERT(om_note_add_line(note, &len, line, sizeof line - 1, &st) == OM_OK);
  return len;
}

/* Canonical evidence of nothing: where it says no more than its log's number. */
static bool give_evidence(void *ctx, uint8_t **bytes, size_t *len, uint32_t log, uint32_t number) {
  (void)ctx;
  OM_ASSERT(log < LOGS && number < OM_EVIDENCE_PIECES_MAX);
  if (number == 3) return false; /* not to be had */
  *bytes = malloc(2);
  OM_ASSERT(*bytes != NULL);
  (*bytes)[0] = 2 << 3;
  (*bytes)[1] = (uint8_t)(number + 1);
  *len = 2;
  return true;
}

/* A head of any size behind FROM; now and then it can't be read. */
static bool recorded(void *ctx, uint8_t *note, size_t *len, uint64_t *size, uint32_t log, uint64_t from) {
  const struct world *w = ctx;
  char text[OM_NOTE_BYTES_MAX];
  OM_ASSERT(log < LOGS && from <= w->size[log]);
  *size = from + 1 + from % 7;
  if (*size > w->size[log] || w->now_ms / 1000 % 3 == 0) return false;
  *len = own_note(text, *size);
  OM_ASSERT(*len <= OM_HEAD_MAX_BYTES);
  memcpy(note, text, *len);
  return true;
}

static void tell_own(struct world *w) {
  char note[OM_NOTE_BYTES_MAX];
  size_t len = own_note(note, w->size[OWN]);
  om_node_log_changed(w->node, OWN, w->size[OWN], false, w->now_ms);
  om_node_own_head(w->node, w->size[OWN], (const uint8_t *)note, len, w->now_ms);
  om_node_provable(w->node, OWN, w->size[OWN], (const uint8_t *)note, len, w->now_ms);
}

static void begin(struct world *w) {
  const struct om_node_config config = {.own_log = OWN,
                                        .version = "fuzz",
                                        .ctx = w,
                                        .entries = give_entries,
                                        .prove = prove,
                                        .judge = judge,
                                        .recorded = recorded,
                                        .evidence = give_evidence,
                                        .compare = judge,
                                        .sign = sign,
                                        .started = started,
                                        .cosign_key = cosign_key};
  w->now_ms = 1;
  w->node = om_node_new(&config);
  om_node_logs(w->node, LOGS);
  om_node_quorum(w->node, OWN, &(struct om_quorum){.n_lists = 1}, w->now_ms); /* ready before it has witnesses */
  for (uint32_t log = 0; log < LOGS; log++) {
    struct om_quorum quorum = {.n_lists = 1, .lists = {{.operators = LOGS - 1, .k = LOGS - 1}}};
    for (uint32_t i = 0; i < LOGS; i++)
      if (i != log) quorum.lists[0].daemons[quorum.lists[0].n++].log = i;
    om_node_quorum(w->node, log, &quorum, w->now_ms);
    w->size[log] = FIRST_SIZE;
    om_node_log_changed(w->node, log, FIRST_SIZE, false, w->now_ms);
  }
  tell_own(w);
  for (uint32_t slot = 0; slot < PEERS; slot++) om_node_connected(w->node, slot, remote[slot], w->now_ms);
}

/* ---- links ---- */

static void join_again(struct world *w, uint32_t slot) {
  om_node_disconnected(w->node, slot, w->now_ms);
  w->queued[slot] = 0;
  om_node_connected(w->node, slot, remote[slot], w->now_ms);
}

static void message(struct world *w, uint32_t slot) {
  struct om_status st = {0};
  size_t len = (size_t)fuzz_byte(&w->data, &w->len) << 8;
  len |= fuzz_byte(&w->data, &w->len);
  if (len > w->len) len = w->len;
  uint8_t *bytes = malloc(len);
  OM_ASSERT(bytes || len == 0);
  if (len) memcpy(bytes, w->data, len);
  w->data += len;
  w->len -= len;
  enum om_code code = om_node_message(w->node, slot, bytes, len, w->now_ms, &st);
  free(bytes);
  if (code == OM_OK) return;
  fuzz_refusal(&st, code);
  join_again(w, slot);
}

/* ---- jobs ---- */

static void applied(struct world *w, struct om_action *job, uint8_t how) {
  static const enum om_code codes[] = {OM_OK, OM_WAIT, OM_REFUSED, OM_NO, OM_IO, OM_MISSING};
  enum om_code code = codes[how % 6];
  uint32_t log = job->log;
  const struct om_proven *proven = job->proven;
  OM_ASSERT(job->n > 0 && job->start == w->size[log]);
  OM_ASSERT(proven->start == job->start && proven->n >= job->n && proven->size >= proven->start + proven->n);
  w->size[log] += code == OM_OK ? 1 + how / 6 % job->n : how / 6 % job->n;
  om_node_log_changed(w->node, log, w->size[log], code == OM_REFUSED, w->now_ms);
  om_node_applied(w->node, job, w->size[log], code, w->now_ms);
}

static void cosigned(struct world *w, struct om_action *job, uint8_t how) {
  static const enum om_code codes[] = {OM_OK, OM_WAIT, OM_REFUSED, OM_IO};
  enum om_code code = codes[how % 4];
  om_node_cosigned(w->node, job, code == OM_OK ? "— daemon1.example/log AAAAAAAA\n" : NULL, code, w->now_ms);
}

static void finalised(struct world *w, struct om_action *job, uint8_t how) {
  struct om_checkpoint head;
  enum om_code code = how % 4 == 0 ? OM_IO : OM_OK;
  if (!read_head(&head, job->bytes, job->len) || head.size == 0) code = OM_REFUSED;
  if (code == OM_OK && head.size > w->size[job->log]) code = OM_WAIT;
  if (code == OM_OK) om_node_final(w->node, job->log, head.size, job->bytes, job->len, w->now_ms);
  om_node_finalised(w->node, job, code, w->now_ms);
}

static void shown(struct world *w, struct om_action *job, uint8_t how) {
  static const enum om_code codes[] = {OM_OK, OM_NO, OM_IO, OM_OK};
  enum om_code code = codes[how % 4];
  uint32_t log = job->log, number = how / 4 % (OM_EVIDENCE_PIECES_MAX + 1);
  if (code == OM_OK && job->len > 0 && number < OM_EVIDENCE_PIECES_MAX)
    om_node_evidence(w->node, log, number + 1, how > 200);
  om_node_shown(w->node, job, number < OM_EVIDENCE_PIECES_MAX ? number : OM_EVIDENCE_NONE, code, w->now_ms);
}

static void finish_job(struct world *w) {
  uint8_t which = fuzz_byte(&w->data, &w->len), how = fuzz_byte(&w->data, &w->len);
  if (w->n_jobs == 0) return;
  size_t i = which % w->n_jobs;
  struct om_action job = w->jobs[i];
  w->jobs[i] = w->jobs[--w->n_jobs];
  if (job.kind == OM_ACTION_APPLY)
    applied(w, &job, how);
  else if (job.kind == OM_ACTION_COSIGN)
    cosigned(w, &job, how);
  else if (job.kind == OM_ACTION_START)
    om_node_start_kept(w->node, &job, how % 2 == 0 ? OM_OK : OM_IO, w->now_ms);
  else if (job.kind == OM_ACTION_EVIDENCE)
    shown(w, &job, how);
  else
    finalised(w, &job, how);
}

static void check_send(struct world *w, const struct om_action *action) {
  struct om_peer_message decoded;
  struct om_status st = {0};
  OM_ASSERT(action->slot < PEERS && om_peer_decode(&decoded, action->bytes, action->len, &st) == OM_OK);
  om_peer_message_free(&decoded);
  w->queued[action->slot] += action->len;
  OM_ASSERT(w->queued[action->slot] <= OM_LINK_QUEUE_BYTES + OM_FRAME_MAX_BYTES);
}

static void act(struct world *w) {
  struct om_action action;
  while (om_node_next(w->node, &action, w->now_ms)) {
    if (action.kind == OM_ACTION_SEND) {
      check_send(w, &action);
      om_action_free(&action);
    } else if (action.kind == OM_ACTION_DROP) {
      OM_ASSERT(action.reason[0]);
      join_again(w, action.slot);
      om_action_free(&action);
    } else {
      for (size_t i = 0; i < w->n_jobs; i++) OM_ASSERT(w->jobs[i].kind != action.kind || w->jobs[i].log != action.log);
      OM_ASSERT(w->n_jobs < JOBS_MAX);
      w->jobs[w->n_jobs++] = action;
    }
  }
  OM_ASSERT(om_node_inbox_bytes(w->node) <= OM_INBOX_BYTES);
}

/* ---- the input ---- */

static void step(struct world *w) {
  uint8_t what = fuzz_byte(&w->data, &w->len) % 8, arg;
  if (what < PEERS) {
    message(w, what);
    return;
  }
  if (what == 5) {
    finish_job(w);
    return;
  }
  arg = fuzz_byte(&w->data, &w->len);
  if (what == 3) {
    w->now_ms += 50 * (int64_t)arg;
    om_node_tick(w->node, w->now_ms);
  } else if (what == 4) {
    om_node_sent(w->node, arg % PEERS, w->queued[arg % PEERS], w->now_ms);
    w->queued[arg % PEERS] = 0;
  } else if (what == 6) {
    w->size[OWN] += 1 + arg % 4;
    tell_own(w);
  } else {
    join_again(w, arg % PEERS);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static struct world w;
  w = (struct world){.data = data, .len = len};
  begin(&w);
  act(&w);
  for (int i = 0; i < STEPS_MAX && w.len > 0; i++) {
    step(&w);
    act(&w);
  }
  for (size_t i = 0; i < w.n_jobs; i++) om_action_free(&w.jobs[i]);
  om_node_free(w.node);
  return 0;
}
