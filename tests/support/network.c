#include "support/network.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/names.h"

static const int64_t created_ms = INT64_C(1700000000000);

static void must(enum om_code code, const struct om_status *st, const char *doing) {
  if (code == OM_OK) return;
  fprintf(stderr, "%s: %s\n", doing, st->text);
  abort();
}

static struct om_secret *secret(uint32_t kind, uint32_t number, bool x25519) {
  uint8_t seed[OM_SEED_BYTES] = {0};
  struct om_status st = {0};
  struct om_secret *out;
  om_be32(seed, kind);
  om_be32(seed + 4, number + 1);
  must(x25519 ? om_secret_new_x25519(&out, seed, &st) : om_secret_new(&out, seed, &st), &st, "making a key");
  return out;
}

static ProtobufCBinaryData public_of(const struct om_secret *s) {
  return (ProtobufCBinaryData){OM_PUBLIC_BYTES, (uint8_t *)(uintptr_t)om_secret_public(s)};
}

static void pack_genesis(struct network *net, size_t n_named, size_t n_witnesses) {
  static char names[NETWORK_MAX][32], origins[NETWORK_MAX][32], country[] = "PE", name[] = "test network";
  Oremark__NewMember members[NETWORK_MAX], *member_list[NETWORK_MAX];
  Oremark__Daemon daemons[NETWORK_MAX], *daemon_list[NETWORK_MAX];
  uint32_t witness_logs[NETWORK_MAX], governor = 1;
  Oremark__Role roles[14];
  for (int r = 0; r < 14; r++) roles[r] = (Oremark__Role)(r + 1);
  for (size_t i = 0; i < n_named; i++) {
    members[i] = (Oremark__NewMember)OREMARK__NEW_MEMBER__INIT;
    snprintf(names[i], sizeof names[i], "member %zu", i + 1);
    members[i].member = (uint32_t)i + 1;
    members[i].name = names[i];
    members[i].country = country;
    members[i].n_roles = 14;
    members[i].roles = roles;
    members[i].key = public_of(net->member_keys[i]);
    members[i].home_log = (uint32_t)i;
    member_list[i] = &members[i];
    daemons[i] = (Oremark__Daemon)OREMARK__DAEMON__INIT;
    snprintf(origins[i], sizeof origins[i], "daemon%zu.example/log", i);
    daemons[i].origin = origins[i];
    daemons[i].operator_ = (uint32_t)i + 1;
    daemons[i].log_key = public_of(net->log_keys[i]);
    daemons[i].cosign_key = public_of(net->cosign_keys[i]);
    daemons[i].witness_key = public_of(net->witness_keys[i]);
    daemons[i].link_key = public_of(net->link_keys[i]);
    daemon_list[i] = &daemons[i];
    witness_logs[i] = (uint32_t)i;
  }
  Oremark__ProcessTolerance tolerance[2] = {OREMARK__PROCESS_TOLERANCE__INIT, OREMARK__PROCESS_TOLERANCE__INIT},
                            *tolerances[2] = {&tolerance[0], &tolerance[1]};
  tolerance[0].process = OREMARK__PROCESS__PROCESS_SMELT;
  tolerance[0].tolerance_ppm = 10000;
  tolerance[1].process = OREMARK__PROCESS__PROCESS_REFINE;
  tolerance[1].tolerance_ppm = 5000;
  Oremark__DriftCap cap = OREMARK__DRIFT_CAP__INIT, *caps[] = {&cap};
  cap.cap_mg = 1000000000; /* a tonne of any element */
  Oremark__Limits limits = OREMARK__LIMITS__INIT;
  limits.n_processes = 2;
  limits.processes = tolerances;
  limits.receipt_tolerance_ppm = 5000;
  limits.n_drift_caps = 1;
  limits.drift_caps = caps;
  limits.drift_period_days = 365;
  Oremark__WitnessList witnesses = OREMARK__WITNESS_LIST__INIT;
  witnesses.n_logs = n_witnesses;
  witnesses.logs = witness_logs;
  Oremark__Genesis g = OREMARK__GENESIS__INIT;
  g.rules_version = OM_RULES_VERSION;
  g.name = name;
  g.created_ms = created_ms;
  g.n_members = n_named;
  g.members = member_list;
  g.n_governors = 1;
  g.governors = &governor;
  g.threshold = 1;
  g.n_daemons = n_named;
  g.daemons = daemon_list;
  g.witnesses = n_witnesses > 0 ? &witnesses : NULL;
  g.limits = &limits;
  net->genesis_len = oremark__genesis__get_packed_size(&g);
  net->genesis = malloc(net->genesis_len);
  OM_ASSERT(net->genesis);
  oremark__genesis__pack(&g, net->genesis);
}

void network_open(struct network *net, size_t n, bool witnessed) {
  network_open_witnesses(net, n, witnessed ? n : 0);
}

void network_open_witnesses(struct network *net, size_t n, size_t n_witnesses) {
  network_open_part(net, n, n, n_witnesses);
}

void network_open_rules(struct network *net, size_t n, size_t n_witnesses, uint32_t rules_version) {
  network_open_witnesses(net, n, n_witnesses);
  network_begin_rules(net, rules_version);
}

void network_begin_rules(struct network *net, uint32_t rules_version) {
  Oremark__Genesis *g = oremark__genesis__unpack(NULL, net->genesis_len, net->genesis);
  OM_ASSERT(g);
  g->rules_version = rules_version;
  OM_ASSERT(oremark__genesis__get_packed_size(g) == net->genesis_len);
  oremark__genesis__pack(g, net->genesis);
  oremark__genesis__free_unpacked(g, NULL);
  om_sha256(&net->id, net->genesis, net->genesis_len);
}

void network_open_part(struct network *net, size_t n, size_t n_named, size_t n_witnesses) {
  OM_ASSERT(n_named >= 1 && n_named <= n && n <= NETWORK_MAX && n_witnesses <= n_named);
  *net = (struct network){.n = n};
  for (size_t i = 0; i < n; i++) {
    net->member_keys[i] = secret(1, (uint32_t)i, false);
    net->log_keys[i] = secret(2, (uint32_t)i, false);
    net->cosign_keys[i] = secret(3, (uint32_t)i, false);
    net->witness_keys[i] = secret(4, (uint32_t)i, false);
    net->link_keys[i] = secret(5, (uint32_t)i, true);
  }
  pack_genesis(net, n_named, n_witnesses);
  om_sha256(&net->id, net->genesis, net->genesis_len);
}

void network_close(struct network *net) {
  for (size_t i = 0; i < net->n; i++) {
    om_secret_free(net->member_keys[i]);
    om_secret_free(net->log_keys[i]);
    om_secret_free(net->cosign_keys[i]);
    om_secret_free(net->witness_keys[i]);
    om_secret_free(net->link_keys[i]);
  }
  free(net->genesis);
}

struct om_signers_keys network_signers(const struct network *net, size_t daemon) {
  return (struct om_signers_keys){net->log_keys[daemon], net->cosign_keys[daemon]};
}

struct om_ledger *network_ledger(const struct network *net, size_t daemon, const char *path) {
  struct om_ledger *ledger;
  struct om_status st = {0};
  must(om_ledger_open(&ledger, path, UINT64_C(1) << 33, net->genesis, net->genesis_len,
                      om_secret_public(net->link_keys[daemon]), &st),
       &st, "opening a ledger");
  return ledger;
}

static void sign(const struct om_secret *key, Oremark__Signature *out, uint8_t sig[OM_SIG_BYTES], uint32_t member,
                 const struct om_hash *id) {
  *out = (Oremark__Signature)OREMARK__SIGNATURE__INIT;
  out->member = member;
  out->key_id = om_member_key_id(om_secret_public(key));
  om_sign(key, sig, id->bytes, sizeof id->bytes);
  out->signature = (ProtobufCBinaryData){OM_SIG_BYTES, sig};
}

void network_ledgers(const struct network *net, char **folders, struct om_ledger **ledgers) {
  for (size_t i = 0; i < net->n; i++) {
    folders[i] = temp_folder();
    ledgers[i] = network_ledger(net, i, folders[i]);
  }
}

void network_close_ledgers(struct network *net, char **folders, struct om_ledger **ledgers) {
  for (size_t i = 0; i < net->n; i++) {
    om_ledger_close(ledgers[i]);
    remove_folder(folders[i]);
  }
  network_close(net);
}

uint8_t *network_statement(struct network *net, size_t *len, uint32_t member, int64_t signed_ms,
                           Oremark__Event **events, size_t n_events, const uint32_t *signers, size_t n_signers) {
  const struct om_secret *keys[OM_SIGNATURES_MAX];
  OM_ASSERT(n_signers <= OM_SIGNATURES_MAX);
  for (size_t i = 0; i < n_signers; i++) keys[i] = net->member_keys[signers[i] - 1];
  return network_statement_keys(net, len, member, signed_ms, events, n_events, signers, keys, n_signers);
}

uint8_t *network_statement_keys(struct network *net, size_t *len, uint32_t member, int64_t signed_ms,
                                Oremark__Event **events, size_t n_events, const uint32_t *signers,
                                const struct om_secret *const *keys, size_t n_signers) {
  uint8_t nonce[OM_NONCE_BYTES] = {0}, sigs[OM_SIGNATURES_MAX][OM_SIG_BYTES];
  Oremark__Signature list[OM_SIGNATURES_MAX], *pointers[OM_SIGNATURES_MAX];
  Oremark__Statement s = OREMARK__STATEMENT__INIT;
  om_be32(nonce, ++net->nonce);
  for (size_t i = 0; i < n_events; i++)
    if (events[i]->at_ms == 0) events[i]->at_ms = signed_ms;
  s.member = member;
  s.signed_ms = signed_ms;
  s.not_after_ms = signed_ms + INT64_C(86400000) * (net->valid_days ? net->valid_days : 365);
  s.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
  s.n_events = n_events;
  s.events = events;
  Oremark__SignedStatement out = OREMARK__SIGNED_STATEMENT__INIT;
  out.statement.len = oremark__statement__get_packed_size(&s);
  out.statement.data = malloc(out.statement.len);
  OM_ASSERT(out.statement.data && n_signers <= OM_SIGNATURES_MAX);
  oremark__statement__pack(&s, out.statement.data);
  struct om_hash id;
  om_statement_id(&id, &net->id, out.statement.data, out.statement.len);
  for (size_t i = 0; i < n_signers; i++) {
    sign(keys[i], &list[i], sigs[i], signers[i], &id);
    pointers[i] = &list[i];
  }
  out.n_signatures = n_signers;
  out.signatures = pointers;
  *len = oremark__signed_statement__get_packed_size(&out);
  uint8_t *bytes = malloc(*len);
  OM_ASSERT(bytes);
  oremark__signed_statement__pack(&out, bytes);
  free(out.statement.data);
  return bytes;
}

uint8_t *network_entry(size_t *len, const uint8_t *statement, size_t statement_len, int64_t taken_ms) {
  Oremark__Entry entry = OREMARK__ENTRY__INIT;
  entry.taken_ms = taken_ms;
  entry.what_case = OREMARK__ENTRY__WHAT_STATEMENT;
  entry.statement = oremark__signed_statement__unpack(NULL, statement_len, statement);
  OM_ASSERT(entry.statement);
  uint8_t *out = malloc(oremark__entry__get_packed_size(&entry));
  OM_ASSERT(out);
  *len = oremark__entry__pack(&entry, out);
  oremark__signed_statement__free_unpacked(entry.statement, NULL);
  return out;
}

void network_lot(const struct network *net, uint8_t number[OM_LOT_NUMBER_BYTES], struct om_hash *event_id,
                 const uint8_t *bytes, size_t len, uint16_t event, uint16_t output) {
  Oremark__SignedStatement *s = oremark__signed_statement__unpack(NULL, len, bytes);
  OM_ASSERT(s);
  Oremark__Statement *inner = oremark__statement__unpack(NULL, s->statement.len, s->statement.data);
  OM_ASSERT(inner);
  struct om_hash id;
  om_statement_id(&id, &net->id, s->statement.data, s->statement.len);
  om_lot_number_make(number, inner->member, (uint64_t)inner->signed_ms, &id, event, output);
  if (event_id) om_event_id(event_id, &net->id, &id, event);
  oremark__statement__free_unpacked(inner, NULL);
  oremark__signed_statement__free_unpacked(s, NULL);
}

enum om_code network_submit(const struct network *net, size_t daemon, struct om_ledger *ledger, struct om_receipt *out,
                            const uint8_t *bytes, size_t len, int64_t taken_ms, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_checked *checked;
  struct om_txn *txn;
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(net, daemon);
  enum om_code code = om_txn_read(&txn, om_ledger_store(ledger), st);
  if (code != OM_OK) return code;
  code = om_check_statement(&checked, &arena, &net->id, txn, bytes, len, st);
  om_txn_abort(txn);
  if (code == OM_OK) code = om_batch_begin(&batch, ledger, st);
  if (code == OM_OK) {
    code = om_batch_submit(batch, out, checked, taken_ms, st);
    struct om_status committed = {0};
    must(om_batch_commit(batch, &keys, &committed), &committed, "committing");
  }
  om_arena_free(&arena);
  return code;
}

static enum om_code mirror_one(const struct network *net, struct om_batch *batch, struct om_txn *source, uint32_t log,
                               uint64_t index, struct om_status *st) {
  struct om_arena arena = {0};
  struct om_bytes entry;
  struct om_checked *checked;
  enum om_code code = om_log_entry(source, &entry, log, index, st);
  if (code == OM_OK) code = om_check_entry(&checked, &arena, &net->id, om_batch_txn(batch), entry.data, entry.len, st);
  if (code == OM_OK) code = om_batch_mirror(batch, log, index, checked, st);
  om_arena_free(&arena);
  return code;
}

enum om_code network_mirror(const struct network *net, struct om_ledger *to, struct om_ledger *from, uint32_t log,
                            struct om_status *st) {
  struct om_txn *source;
  struct om_batch *batch;
  struct om_log_info here, there;
  enum om_code code = om_txn_read(&source, om_ledger_store(from), st);
  if (code != OM_OK) return code;
  must(om_batch_begin(&batch, to, st), st, "beginning a batch");
  must(om_log_info(source, &there, log, st), st, "reading a log");
  must(om_log_info(om_batch_txn(batch), &here, log, st), st, "reading a log");
  for (uint64_t i = here.size; i < there.size && code == OM_OK; i++) code = mirror_one(net, batch, source, log, i, st);
  om_txn_abort(source);
  if (here.size >= there.size) { /* nothing to be flushed */
    om_batch_abort(batch);
    return OM_OK;
  }
  struct om_status committed = {0};
  must(om_batch_commit(batch, NULL, &committed), &committed, "committing");
  return code;
}

/* The own head of LOG with the cosignatures of everybody who gives one. */
static enum om_code gather(const struct network *net, struct om_ledger **ledgers, char note[OM_NOTE_BYTES_MAX],
                           size_t *len, uint32_t log, uint64_t time_s, struct om_status *st) {
  struct om_txn *txn;
  struct om_bytes own;
  must(om_txn_read(&txn, om_ledger_store(ledgers[log]), st), st, "reading");
  enum om_code code = om_log_head(txn, &own, log, st);
  *len = code == OM_OK ? own.len : 0;
  if (code == OM_OK) memcpy(note, own.data, own.len);
  om_txn_abort(txn);
  uint8_t plain[OM_NOTE_BYTES_MAX];
  size_t plain_len = *len;
  memcpy(plain, note, plain_len);
  for (size_t i = 0; i < net->n && code == OM_OK; i++) {
    char line[OM_NOTE_LINE_BYTES];
    struct om_batch *batch;
    struct om_signers_keys keys = network_signers(net, i);
    struct om_status ignored = {0};
    if (i == log || ledgers[i] == NULL) continue;
    must(om_batch_begin(&batch, ledgers[i], st), st, "beginning a batch");
    bool signs = om_batch_cosign(batch, line, log, plain, plain_len, time_s, &keys, &ignored) == OM_OK;
    if (signs || strcmp(ignored.rule, "fork") == 0) /* else there is nothing to be flushed */
      must(om_batch_commit(batch, NULL, st), st, "committing");
    else
      om_batch_abort(batch);
    if (signs) code = om_note_add_line(note, len, line, strlen(line), st);
  }
  return code;
}

/* Is LOG final everywhere as far as it goes? */
struct om_log_info network_info(const struct om_ledger *ledger, uint32_t log) {
  struct om_status st;
  struct om_txn *txn;
  struct om_log_info out;
  must(om_txn_read(&txn, om_ledger_store(ledger), &st), &st, "reading");
  must(om_log_info(txn, &out, log, &st), &st, "reading a log");
  om_txn_abort(txn);
  return out;
}

static bool is_final(const struct network *net, struct om_ledger **ledgers, uint32_t log) {
  uint64_t size = UINT64_MAX;
  for (size_t i = 0; i <= net->n; i++) {
    const struct om_ledger *ledger = ledgers[i == 0 ? log : i - 1];
    if (ledger == NULL) continue;
    struct om_log_info info = network_info(ledger, log);
    if (i == 0) size = info.size;
    if (info.size == 0 || info.final_size < size) return false;
  }
  return true;
}

enum om_code network_finalise(const struct network *net, struct om_ledger **ledgers, uint32_t log, uint64_t time_s,
                              struct om_status *st) {
  char note[OM_NOTE_BYTES_MAX];
  size_t len;
  if (is_final(net, ledgers, log)) return OM_OK;
  enum om_code code = gather(net, ledgers, note, &len, log, time_s, st);
  for (size_t i = 0; i < net->n && code == OM_OK; i++) {
    struct om_batch *batch;
    bool newer;
    if (ledgers[i] == NULL) continue;
    must(om_batch_begin(&batch, ledgers[i], st), st, "beginning a batch");
    code = om_batch_final(batch, &newer, log, (const uint8_t *)note, len, st);
    struct om_status committed = {0};
    if (code == OM_OK && !newer)
      om_batch_abort(batch);
    else
      must(om_batch_commit(batch, NULL, &committed), &committed, "committing");
  }
  return code;
}

/* What a daemon does when its registry mark lags. */
static bool follow(const struct network *net, size_t daemon, struct om_ledger *ledger, int64_t now_ms,
                   struct om_status *st) {
  struct om_batch *batch;
  struct om_signers_keys keys = network_signers(net, daemon);
  bool marked;
  must(om_batch_begin(&batch, ledger, st), st, "beginning a batch");
  bool marked_own;
  must(om_batch_follow_registry(batch, &marked, now_ms, st), st, "following the registry");
  must(om_batch_settle_witnesses(batch, &marked_own, now_ms, st), st, "settling the witnesses");
  must(om_batch_commit(batch, &keys, st), st, "committing");
  return marked || marked_own;
}

/* One round of everybody mirroring everybody, and every log's head cosigned. */
static enum om_code exchange(const struct network *net, struct om_ledger **ledgers, int64_t now_ms,
                             struct om_status *st) {
  for (int twice = 0; twice < 2; twice++) /* a mark may wait for a log that comes later in the row */
    for (uint32_t log = 0; log < net->n; log++)
      for (size_t i = 0; i < net->n; i++) {
        if (i == log || ledgers[i] == NULL || ledgers[log] == NULL) continue;
        enum om_code code = network_mirror(net, ledgers[i], ledgers[log], log, st);
        if (code != OM_OK && code != OM_WAIT) return code;
      }
  for (uint32_t log = 0; log < net->n; log++) {
    if (ledgers[log] == NULL) continue;
    enum om_code code = network_finalise(net, ledgers, log, (uint64_t)now_ms / 1000, st);
    if (code != OM_OK && code != OM_MISSING) return code;
  }
  return OM_OK;
}

enum om_code network_settle(const struct network *net, struct om_ledger **ledgers, int64_t now_ms,
                            struct om_status *st) {
  enum om_code code = OM_OK;
  bool moved = true;
  for (int round = 0; code == OM_OK && (moved || round < 2); round++) {
    moved = false;
    for (size_t i = 0; i < net->n; i++)
      if (ledgers[i] != NULL) moved = follow(net, i, ledgers[i], now_ms, st) || moved;
    code = exchange(net, ledgers, now_ms, st);
  }
  om_status_clear(st);
  return code;
}

char *temp_folder(void) {
  const char *base = getenv("TMPDIR");
  char *path = malloc(4096);
  OM_ASSERT(path);
  snprintf(path, 4096, "%s/oremark-test-XXXXXX", base ? base : "/tmp");
  OM_ASSERT(mkdtemp(path));
  return path;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where) {
  (void)info, (void)type, (void)where;
  return remove(path);
}

void remove_folder(char *path) {
  nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(path);
}
