#include "ledger/acts.h"

#include <string.h>

#include "keys/sign.h"
#include "keys/vkey.h"
#include "ledger/events/kinds.h"
#include "ledger/registry_rows.h"

enum { PPM_MAX = 100000, PERIOD_DAYS_MAX = 3660 };

/* ---- writing rows ---- */

static void put(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint32_t b, uint64_t since, const void *row,
                size_t len) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  om_registry_row_key(key, kind, a, b, since);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, len);
}

static void put_count(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint64_t since, uint32_t n) {
  uint8_t row[4];
  om_be32(row, n);
  put(txn, kind, a, 0, since, row, sizeof row);
}

static void put_numbers(struct om_txn *txn, enum om_registry_kind kind, uint64_t since, uint32_t head,
                        const uint32_t *list, size_t n) {
  uint8_t row[4 * (1 + OM_WITNESSES_MAX)];
  OM_ASSERT(n <= OM_WITNESSES_MAX);
  om_be32(row, head);
  for (size_t i = 0; i < n; i++) om_be32(row + 4 + 4 * i, list[i]);
  put(txn, kind, 0, 0, since, row, 4 + 4 * n);
}

static void put_key(struct om_txn *txn, uint32_t member, uint64_t since, ProtobufCBinaryData key) {
  put(txn, OM_ROW_KEY, member, om_member_key_id(key.data), since, key.data, key.len);
}

static void put_member_row(struct om_txn *txn, uint64_t since, const struct om_member *m) {
  uint8_t row[OM_ROW_MEMBER_BYTES + OM_NAME_BYTES];
  size_t len = strlen(m->name);
  om_be32(row, m->roles);
  om_be32(row + 4, m->home_log);
  row[8] = m->suspended;
  memcpy(row + 9, m->country, 2);
  om_be32(row + 11, m->home_before);
  om_be64(row + 15, m->home_since);
  row[23] = m->moves;
  memcpy(row + OM_ROW_MEMBER_BYTES, m->name, len);
  put(txn, OM_ROW_MEMBER, m->number, 0, since, row, OM_ROW_MEMBER_BYTES + len);
}

static void put_member(struct om_txn *txn, uint64_t since, const Oremark__NewMember *m) {
  struct om_member row = {.number = m->member, .home_log = m->home_log};
  for (size_t i = 0; i < m->n_roles; i++) row.roles |= 1U << m->roles[i];
  memcpy(row.country, m->country, 2);
  strcpy(row.name, m->name); /* member_form has measured it */
  put_member_row(txn, since, &row);
  put_count(txn, OM_ROW_MEMBER_COUNT, 0, since, m->member);
  put_key(txn, m->member, since, m->key);
}

static void put_daemon_row(struct om_txn *txn, uint64_t since, uint32_t log, const Oremark__Daemon *d) {
  uint8_t row[OM_ROW_DAEMON_BYTES + OM_NAME_BYTES];
  size_t len = strlen(d->origin);
  om_be32(row, d->operator_);
  memcpy(row + 4, d->log_key.data, 32);
  memcpy(row + 36, d->cosign_key.data, 32);
  memcpy(row + 68, d->witness_key.data, 32);
  memcpy(row + 100, d->link_key.data, 32);
  memcpy(row + OM_ROW_DAEMON_BYTES, d->origin, len);
  put(txn, OM_ROW_DAEMON, log, 0, since, row, OM_ROW_DAEMON_BYTES + len);
}

static void put_daemon(struct om_txn *txn, uint64_t since, uint32_t log, const Oremark__Daemon *d) {
  put_daemon_row(txn, since, log, d);
  put_count(txn, OM_ROW_DAEMON_COUNT, 0, since, log + 1);
}

/* ---- the genesis ---- */

static enum om_code no(struct om_status *st, const char *field, const char *why) {
  return om_fail(st, OM_REFUSED, "genesis", "%s %s", field, why);
}

static bool is_key(ProtobufCBinaryData key) {
  return key.len == OM_PUBLIC_BYTES && om_public_ok(key.data);
}

static bool ascending(const uint32_t *list, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (list[i] <= list[i - 1]) return false;
  return true;
}

static bool is_name(const char *name) {
  size_t len = strlen(name);
  return len >= 1 && len <= OM_NAME_BYTES;
}

static bool is_country(const char *country) {
  return strlen(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z';
}

static enum om_code member_form(const Oremark__NewMember *m, struct om_status *st) {
  if (!is_name(m->name)) return no(st, "name", "of a member is empty or longer than 128 bytes");
  if (!is_country(m->country)) return no(st, "country", "is not two capital letters (ISO 3166-1 alpha-2)");
  if (!is_key(m->key)) return no(st, "key", "of a member is not an Ed25519 public key");
  for (size_t i = 0; i < m->n_roles; i++)
    if (m->roles[i] == OREMARK__ROLE__ROLE_UNSTATED || (i > 0 && m->roles[i] <= m->roles[i - 1]))
      return no(st, "roles", "are not ascending, each once");
  return OM_OK;
}

static enum om_code daemon_form(const Oremark__Daemon *d, struct om_status *st) {
  if (!om_key_name_ok(d->origin, strlen(d->origin)))
    return no(st, "origin", "is not a C2SP key name (no spaces, no +, at most 128 bytes)");
  if (!is_key(d->log_key) || !is_key(d->cosign_key) || !is_key(d->witness_key))
    return no(st, "keys", "of a daemon are not Ed25519 public keys");
  if (d->link_key.len != OM_PUBLIC_BYTES) return no(st, "link_key", "is not 32 bytes");
  const ProtobufCBinaryData *keys[] = {&d->log_key, &d->cosign_key, &d->witness_key};
  for (int i = 0; i < 3; i++)
    if (memcmp(keys[i]->data, keys[(i + 1) % 3]->data, OM_PUBLIC_BYTES) == 0)
      return no(st, "keys", "of a daemon are not all different: each has one meaning");
  return OM_OK;
}

static enum om_code limits_form(const Oremark__Limits *l, struct om_status *st) {
  if (!l) return no(st, "limits", "are missing");
  for (size_t i = 0; i < l->n_processes; i++) {
    const Oremark__ProcessTolerance *p = l->processes[i];
    if (p->process == OREMARK__PROCESS__PROCESS_UNSTATED || (i > 0 && p->process <= l->processes[i - 1]->process))
      return no(st, "limits.processes", "are not ascending, each once");
    if (p->tolerance_ppm > PPM_MAX) return no(st, "limits.tolerance_ppm", "is over 100,000 (ten percent)");
  }
  if (l->receipt_tolerance_ppm > PPM_MAX)
    return no(st, "limits.receipt_tolerance_ppm", "is over 100,000 (ten percent)");
  for (size_t i = 0; i < l->n_drift_caps; i++) {
    const Oremark__DriftCap *c = l->drift_caps[i];
    if (c->element > 118 || c->cap_mg > INT64_MAX || (i > 0 && c->element <= l->drift_caps[i - 1]->element))
      return no(st, "limits.drift_caps", "are not ascending by element, each once, up to 2^63 - 1 mg");
  }
  if (l->drift_period_days < 1 || l->drift_period_days > PERIOD_DAYS_MAX)
    return no(st, "limits.drift_period_days", "is not 1 to 3,660");
  return OM_OK;
}

static enum om_code members_form(const Oremark__Genesis *g, struct om_status *st) {
  if (g->n_members == 0) return no(st, "members", "are missing");
  for (size_t i = 0; i < g->n_members; i++) {
    const Oremark__NewMember *m = g->members[i];
    if (m->member != i + 1) return no(st, "members", "are not numbered 1, 2, 3, ...");
    if (m->home_log >= g->n_daemons) return no(st, "home_log", "of a member names no daemon");
    if (member_form(m, st) != OM_OK) return om_wrap(st, "member %zu", i + 1);
  }
  if (g->n_governors == 0 || g->n_governors > OM_GOVERNORS_MAX || !ascending(g->governors, g->n_governors))
    return no(st, "governors", "are not 1 to 32, ascending, each once");
  if (g->governors[0] == OM_MEMBER_NONE || g->governors[g->n_governors - 1] > g->n_members)
    return no(st, "governors", "name no member");
  if (g->threshold > g->n_governors || 2 * (uint64_t)g->threshold <= g->n_governors)
    return no(st, "threshold", "is not over half of the governors, and at most all");
  return OM_OK;
}

static enum om_code daemons_form(const Oremark__Genesis *g, struct om_status *st) {
  if (g->n_daemons == 0) return no(st, "daemons", "are missing: the first one holds the registry log");
  for (size_t i = 0; i < g->n_daemons; i++) {
    const Oremark__Daemon *d = g->daemons[i];
    if (daemon_form(d, st) != OM_OK) return om_wrap(st, "daemon %zu", i);
    if (d->operator_ == OM_MEMBER_NONE || d->operator_ > g->n_members)
      return no(st, "operator", "of a daemon names no member");
    for (size_t j = 0; j < i; j++) {
      const Oremark__Daemon *e = g->daemons[j];
      if (strcmp(d->origin, e->origin) == 0) return no(st, "origin", "stands twice");
      if (memcmp(d->link_key.data, e->link_key.data, OM_PUBLIC_BYTES) == 0) return no(st, "link_key", "stands twice");
    }
  }
  return OM_OK;
}

uint32_t om_quorum_size(uint32_t w, uint32_t override) {
  if (w == 0) return 0;
  return override ? override : 2 * w / 3 + 1;
}

bool om_quorum_safe(uint32_t w, uint32_t k) {
  return w > 0 && k <= w && 2 * k > w + (w - 1) / 3;
}

/* Operators among the listed witnesses that are not OWN, each counted once. */
static uint32_t other_operators(const Oremark__Genesis *g, uint32_t own) {
  uint32_t n = 0;
  for (size_t i = 0; i < g->witnesses->n_logs; i++) {
    uint32_t operator_ = g->daemons[g->witnesses->logs[i]]->operator_;
    bool counted = operator_ == own;
    for (size_t j = 0; j < i && !counted; j++) counted = g->daemons[g->witnesses->logs[j]]->operator_ == operator_;
    if (!counted) n++;
  }
  return n;
}

static enum om_code witnesses_form(const Oremark__Genesis *g, struct om_status *st) {
  const Oremark__WitnessList *w = g->witnesses;
  if (!w || w->n_logs == 0)
    return !w || w->quorum == 0 ? OM_OK : no(st, "quorum", "is stated, but there are no witnesses");
  if (w->n_logs > OM_WITNESSES_MAX || !ascending(w->logs, w->n_logs))
    return no(st, "witnesses", "are not at most 64, ascending, each once");
  if (w->logs[w->n_logs - 1] >= g->n_daemons) return no(st, "witnesses", "name no daemon");
  for (size_t i = 0; i < g->n_daemons; i++) {
    uint32_t eligible = other_operators(g, g->daemons[i]->operator_);
    uint32_t k = om_quorum_size(eligible, w->quorum);
    if (!om_quorum_safe(eligible, k))
      return om_fail(st, OM_REFUSED, "genesis",
                     "quorum: log %s has %u operators that may witness it, and %u needed: that can't be reached, or "
                     "two heads could both be final",
                     g->daemons[i]->origin, eligible, k);
  }
  return OM_OK;
}

enum om_code om_genesis_check(const Oremark__Genesis **out, struct om_arena *arena, const uint8_t *bytes, size_t len,
                              struct om_status *st) {
  if (len == 0 || len > OM_ENTRY_MAX_BYTES - 64)
    return om_fail(st, OM_MALFORMED, "size", "a genesis file has 1 to %d bytes, this one has %zu",
                   OM_ENTRY_MAX_BYTES - 64, len);
  if (!om_canonical(&oremark__genesis__descriptor, bytes, len, st)) return st->code;
  const Oremark__Genesis *g = oremark__genesis__unpack(om_arena_protobuf(arena), len, bytes);
  if (!g) return om_fail(st, OM_MALFORMED, "size", "the genesis unpacks to more than is allowed");
  if (g->rules_version == 0) return no(st, "rules_version", "is missing");
  if (strlen(g->name) == 0 || strlen(g->name) > 64)
    return no(st, "name", "of the network is empty or longer than 64 bytes");
  if (g->created_ms <= 0) return no(st, "created_ms", "is missing");
  enum om_code code = daemons_form(g, st);
  if (code == OM_OK) code = members_form(g, st);
  if (code == OM_OK) code = witnesses_form(g, st);
  if (code == OM_OK) code = limits_form(g->limits, st);
  if (code == OM_OK) *out = g;
  return code;
}

enum om_code om_genesis_apply(struct om_txn *txn, const Oremark__Genesis *g, struct om_status *st) {
  for (size_t i = 0; i < g->n_members; i++) put_member(txn, 0, g->members[i]);
  for (size_t i = 0; i < g->n_daemons; i++) put_daemon(txn, 0, (uint32_t)i, g->daemons[i]);
  put_numbers(txn, OM_ROW_GOVERNORS, 0, g->threshold, g->governors, g->n_governors);
  if (g->witnesses)
    put_numbers(txn, OM_ROW_WITNESSES, 0, g->witnesses->quorum, g->witnesses->logs, g->witnesses->n_logs);
  else
    put_numbers(txn, OM_ROW_WITNESSES, 0, 0, NULL, 0);
  uint8_t limits[OM_ENTRY_MAX_BYTES];
  size_t len = oremark__limits__get_packed_size(g->limits);
  OM_ASSERT(len <= sizeof limits);
  oremark__limits__pack(g->limits, limits);
  put(txn, OM_ROW_LIMITS, 0, 0, 0, limits, len);
  return om_txn_check(txn, st);
}

/* ---- acts ---- */

static enum om_code refuse(struct om_status *st, const char *rule, const char *why) {
  return om_fail(st, OM_REFUSED, rule, "%s", why);
}

/* The act must name the one before it on its subject; it becomes the last one. */
static enum om_code chain(struct om_txn *txn, const struct om_case *judged, enum om_act_subject subject,
                          uint32_t member, const Oremark__Event *event, uint16_t index, struct om_status *st) {
  struct om_hash before, id;
  enum om_code code = om_registry_last_act(txn, &before, subject, member, OM_REGISTRY_NOW, st);
  if (code != OM_OK && code != OM_MISSING) return code;
  size_t len = code == OM_OK ? sizeof before : 0;
  if (event->previous.len != len || (len && memcmp(event->previous.data, before.bytes, len) != 0))
    return refuse(st, "previous",
                  "another act on the same subject came before this one: look at the present state and state it anew");
  om_event_id(&id, &judged->network, &judged->statement_id, index);
  put(txn, OM_ROW_LAST_ACT, (uint32_t)subject, member, judged->index, id.bytes, sizeof id);
  om_status_clear(st);
  return OM_OK;
}

/* A key may be admitted to a member if its point is one, and its id is not taken by another key of that member's, ever.
 */
static enum om_code admit_key(struct om_txn *txn, uint32_t member, ProtobufCBinaryData key, struct om_status *st) {
  uint8_t other[OM_PUBLIC_BYTES];
  if (!is_key(key)) return refuse(st, "key", "the key is not an Ed25519 public key");
  enum om_code code = om_registry_key(txn, other, member, om_member_key_id(key.data), OM_REGISTRY_NOW, st);
  if (code == OM_OK) return refuse(st, "key", "the member has, or had, a key with that id: make another one");
  if (code != OM_MISSING) return code;
  om_status_clear(st);
  return OM_OK;
}

static enum om_code enrol(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event, uint16_t index,
                          struct om_status *st) {
  const Oremark__NewMember *m = event->enrol->member;
  struct om_retired ended;
  uint32_t next = om_registry_members(txn, OM_REGISTRY_NOW) + 1;
  if (!m) return refuse(st, "form", "the act names no member");
  if (m->member != next)
    return om_fail(st, OM_REFUSED, "number", "the next member's number is %u, not %u", next, m->member);
  if (m->home_log >= om_registry_daemons(txn, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "home", "there is no log %u to be the member's home", m->home_log);
  if (om_registry_retired(txn, &ended, m->home_log, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "home", "log %u has ended, and can be nobody's home", m->home_log);
  if (event->previous.len != 0) return refuse(st, "previous", "a new member has no act before this one");
  enum om_code code = member_form(m, st);
  if (code == OM_OK) code = admit_key(txn, m->member, m->key, st);
  if (code != OM_OK) return code;
  put_member(txn, judged->index, m);
  code = chain(txn, judged, OM_SUBJECT_MEMBER, m->member, event, index, st);
  if (code == OM_OK) code = chain(txn, judged, OM_SUBJECT_KEYS, m->member, event, index, st);
  return code == OM_OK ? chain(txn, judged, OM_SUBJECT_SITES, m->member, event, index, st) : code;
}

/* A suspended member makes no new statements from a log's mark of this on; it hides nothing, and a governor stays one:
 * who governs is another act's matter. */
static enum om_code set_standing(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                 uint16_t index, uint32_t member, bool suspended, struct om_status *st) {
  struct om_member m;
  enum om_code code = om_registry_member(txn, &m, member, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "member", "there is no member %u", member);
  if (code == OM_OK && m.suspended == suspended)
    code = om_fail(st, OM_REFUSED, "standing", "member %u (%s) is %s suspended", member, m.name,
                   suspended ? "already" : "not");
  if (code == OM_OK) code = chain(txn, judged, OM_SUBJECT_MEMBER, member, event, index, st);
  if (code != OM_OK) return code;
  m.suspended = suspended;
  put_member_row(txn, judged->index, &m);
  return OM_OK;
}

/* Who leans on the move waits until the old home has marked it: see om_stage's check_home. */
static enum om_code rehome(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                           uint16_t index, struct om_status *st) {
  uint32_t member = event->rehome->member, to = event->rehome->home_log;
  struct om_retired ended;
  struct om_member m;
  enum om_code code = om_registry_member(txn, &m, member, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "member", "there is no member %u", member);
  if (code != OM_OK) return code;
  if (to == OM_LOG_REGISTRY || to >= om_registry_daemons(txn, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "home", "log %u can't be the member's home: name another daemon's", to);
  if (to == m.home_log)
    return om_fail(st, OM_REFUSED, "home", "log %u is the home of member %u (%s) already", to, member, m.name);
  if (om_registry_retired(txn, &ended, to, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "home", "log %u has ended, and can be nobody's home", to);
  if (m.moves == OM_MOVES_MAX)
    return om_fail(st, OM_REFUSED, "home", "member %u (%s) has moved %d times, and that is the most: enrol it anew",
                   member, m.name, OM_MOVES_MAX);
  code = chain(txn, judged, OM_SUBJECT_MEMBER, member, event, index, st);
  if (code != OM_OK) return code;
  m.home_before = m.home_log;
  m.home_log = to;
  m.home_since = judged->index;
  m.moves++;
  put_member_row(txn, judged->index, &m);
  return OM_OK;
}

/* Whether the event that it names is the lot's last is not known here: it binds where it is, and is void where not. */
static enum om_code reassign(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             struct om_status *st) {
  const Oremark__Reassign *r = event->reassign;
  uint8_t key[OM_REASSIGNED_KEY_BYTES], row[OM_REASSIGNED_BYTES];
  struct om_reassigned before;
  struct om_hash last;
  struct om_member to;
  enum om_code code = om_registry_member(txn, &to, r->to, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "member", "there is no member %u", r->to);
  if (code != OM_OK) return code;
  memcpy(last.bytes, r->last_event.data, sizeof last);
  if (om_registry_reassigned(txn, &before, r->lot.data, &last, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "again", "the lot was given to member %u at this event already", before.to);
  om_reassigned_key(key, r->lot.data, judged->index);
  memcpy(row, last.bytes, sizeof last);
  om_be32(row + OM_HASH_BYTES, r->to);
  if (om_txn_insert(txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row)) return OM_OK;
  return refuse(st, "twice", "a statement reassigns a lot once");
}

/* A daemon that no log has had so far, and a member's. */
static enum om_code check_daemon(struct om_txn *txn, const Oremark__Daemon *d, struct om_status *st) {
  struct om_member operator_;
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  enum om_code code = daemon_form(d, st);
  if (code == OM_OK) code = om_registry_member(txn, &operator_, d->operator_, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return refuse(st, "operator", "the daemon's operator is not a member");
  for (uint32_t log = 0; log < n_logs && code == OM_OK; log++) {
    struct om_daemon other;
    code = om_registry_daemon(txn, &other, log, OM_REGISTRY_NOW, st);
    if (code != OM_OK) break;
    if (strcmp(other.origin, d->origin) == 0)
      code = refuse(st, "origin", "another log has that origin");
    else if (memcmp(other.link_key, d->link_key.data, OM_PUBLIC_BYTES) == 0)
      code = refuse(st, "key", "another daemon has that link key");
  }
  return code;
}

static enum om_code add_daemon(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               struct om_status *st) {
  const Oremark__Daemon *d = event->add_daemon->daemon;
  uint32_t next = om_registry_daemons(txn, OM_REGISTRY_NOW);
  if (!d) return refuse(st, "form", "the act names no daemon");
  if (event->add_daemon->log != next)
    return om_fail(st, OM_REFUSED, "number", "the next log's number is %u, not %u", next, event->add_daemon->log);
  if (event->previous.len != 0) return refuse(st, "previous", "a new daemon has no act before this one");
  enum om_code code = check_daemon(txn, d, st);
  if (code != OM_OK) return code;
  put_daemon(txn, judged->index, next, d);
  return om_act_quorum_reachable(txn, next, st);
}

/* One key, one meaning: also none of the daemon that had the log before. */
static bool has_key_of(const Oremark__Daemon *d, const struct om_daemon *before) {
  const uint8_t *new_keys[] = {d->log_key.data, d->cosign_key.data, d->witness_key.data};
  const uint8_t *old_keys[] = {before->log_key, before->cosign_key, before->witness_key};
  for (size_t i = 0; i < 3; i++)
    for (size_t k = 0; k < 3; k++)
      if (memcmp(new_keys[i], old_keys[k], OM_PUBLIC_BYTES) == 0) return true;
  return false;
}

enum om_code om_act_succeed_daemon(struct om_txn *txn, uint64_t since, const Oremark__Daemon *d, struct om_status *st) {
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  struct om_daemon before;
  enum om_code code = check_daemon(txn, d, st);
  if (code == OM_OK) code = om_registry_daemon(txn, &before, OM_LOG_REGISTRY, OM_REGISTRY_NOW, st);
  if (code == OM_OK && has_key_of(d, &before))
    code = refuse(st, "key", "a key is one of the daemon's that had the registry log before: make new ones");
  if (code != OM_OK) return code;
  put_daemon_row(txn, since, OM_LOG_REGISTRY, d);
  put(txn, OM_ROW_ADDRESS, OM_LOG_REGISTRY, 0, since, "", 0);
  for (uint32_t log = 0; log < n_logs && code == OM_OK; log++) code = om_act_quorum_reachable(txn, log, st);
  return code;
}

static enum om_code add_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st) {
  uint32_t member = judged->statement->member;
  enum om_code code = chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  if (code == OM_OK) code = admit_key(txn, member, event->add_key->key, st);
  if (code == OM_OK) put_key(txn, member, judged->index, event->add_key->key);
  return code;
}

/* Said by the daemon's operator; on the chain of its keys, as it is about its daemons and not about what it mines. */
static enum om_code set_address(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                uint16_t index, struct om_status *st) {
  const Oremark__SetAddress *a = event->set_address;
  uint32_t member = judged->statement->member;
  struct om_daemon daemon;
  enum om_code code = om_registry_daemon(txn, &daemon, a->log, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "log", "there is no log %u", a->log);
  if (code == OM_OK && daemon.operator_member != member)
    code = om_fail(st, OM_REFUSED, "operator", "the daemon of %s is run by member %u, not by member %u", daemon.origin,
                   daemon.operator_member, member);
  if (code == OM_OK) code = chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  if (code == OM_OK) put(txn, OM_ROW_ADDRESS, a->log, 0, judged->index, a->address, strlen(a->address));
  return code;
}

static enum om_code add_site(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             uint16_t index, struct om_status *st) {
  const Oremark__AddSite *s = event->add_site;
  uint32_t member = judged->statement->member;
  uint32_t next = om_registry_sites(txn, member, OM_REGISTRY_NOW) + 1;
  if (s->site != next)
    return om_fail(st, OM_REFUSED, "number", "the member's next site number is %u, not %u", next, s->site);
  enum om_code code = chain(txn, judged, OM_SUBJECT_SITES, member, event, index, st);
  if (code != OM_OK) return code;
  uint8_t row[OM_ROW_SITE_BYTES + OM_NAME_BYTES];
  size_t len = strlen(s->name);
  if (!is_name(s->name) || !is_country(s->country))
    return refuse(st, "form", "a site needs a name of at most 128 bytes and a country of two capital letters");
  row[0] = (uint8_t)s->kind;
  memcpy(row + 1, s->country, 2);
  memcpy(row + OM_ROW_SITE_BYTES, s->name, len);
  put(txn, OM_ROW_SITE, member, next, judged->index, row, OM_ROW_SITE_BYTES + len);
  put_count(txn, OM_ROW_SITE_COUNT, member, judged->index, next);
  return OM_OK;
}

enum om_code om_act_governors_signed(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  struct om_governors g;
  enum om_code code = om_registry_governors(txn, &g, judged->index, st);
  if (code != OM_OK) return code;
  for (size_t i = 0; i < judged->n_signers; i++) {
    bool is_governor = false;
    for (size_t j = 0; j < g.n; j++) is_governor = is_governor || g.members[j] == judged->signers[i];
    if (!is_governor)
      return om_fail(st, OM_REFUSED, "signature-not-needed",
                     "member %u signed, but is no governor: leave that signature out", judged->signers[i]);
  }
  if (judged->n_signers < g.threshold)
    return om_fail(st, OM_REFUSED, "threshold",
                   "%zu of the governors have signed, %u are needed: gather the others' signatures", judged->n_signers,
                   g.threshold);
  return OM_OK;
}

static enum om_code member_signed(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  struct om_member m;
  enum om_code code = om_registry_member(txn, &m, judged->statement->member, judged->index, st);
  if (code == OM_MISSING) st->code = OM_REFUSED;
  if (code != OM_OK) return st->code;
  if (m.suspended) return om_fail(st, OM_REFUSED, "suspended", "member %u (%s) is suspended", m.number, m.name);
  if (judged->n_signers != 1 || judged->signers[0] != m.number)
    return om_fail(st, OM_REFUSED, "signature-not-needed", "an act of member %u for itself is signed by it alone",
                   m.number);
  return OM_OK;
}

static enum om_code set_witnesses(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                  uint16_t index, struct om_status *st) {
  enum om_code code = chain(txn, judged, OM_SUBJECT_WITNESSES, 0, event, index, st);
  return code == OM_OK ? om_act_set_witnesses(txn, judged, event->set_witnesses, st) : code;
}

static enum om_code restart(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st) {
  enum om_code code = chain(txn, judged, OM_SUBJECT_WITNESSES, 0, event, index, st);
  return code == OM_OK ? om_act_restart(txn, judged, event->restart, st) : code;
}

static enum om_code revoke_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               uint16_t index, struct om_status *st) {
  enum om_code code = chain(txn, judged, OM_SUBJECT_KEYS, event->revoke_key->member, event, index, st);
  return code == OM_OK ? om_act_revoke_key(txn, judged, event->revoke_key, st) : code;
}

static enum om_code apply_one(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                              uint16_t index, struct om_status *st) {
  if (event->kind_case == OREMARK__EVENT__KIND_ENROL) return enrol(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_SUSPEND)
    return set_standing(txn, judged, event, index, event->suspend->member, true, st);
  if (event->kind_case == OREMARK__EVENT__KIND_REINSTATE)
    return set_standing(txn, judged, event, index, event->reinstate->member, false, st);
  if (event->kind_case == OREMARK__EVENT__KIND_REHOME) return rehome(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_REASSIGN) return reassign(txn, judged, event, st);
  if (event->kind_case == OREMARK__EVENT__KIND_ADD_DAEMON) return add_daemon(txn, judged, event, st);
  if (event->kind_case == OREMARK__EVENT__KIND_SET_WITNESSES) return set_witnesses(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_RESTART) return restart(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_REVOKE_KEY) return revoke_key(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_ADD_KEY) return add_key(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_SET_ADDRESS) return set_address(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_ADD_SITE) return add_site(txn, judged, event, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_LIFT_SEAL) return om_act_lift_seal(txn, judged, event, st);
  if (event->kind_case == OREMARK__EVENT__KIND_RETIRE_LOG) return om_act_retire_log(txn, judged, event, st);
  if (event->kind_case == OREMARK__EVENT__KIND_SEAL_LOG)
    return refuse(st, "call",
                  "a call to seal stands in no log: each witness makes its seal by `oremark log make-seal`");
  return refuse(st, "not-built", "rules of this kind of act are not built in this version");
}

enum om_code om_acts_apply(struct om_txn *txn, const struct om_case *judged, struct om_status *st) {
  const Oremark__Statement *s = judged->statement;
  enum om_kind_class class = om_kind_of(s->events[0])->class;
  enum om_code code = class == OM_KIND_GOVERNORS ? om_act_governors_signed(txn, judged, st)
                      : class == OM_KIND_MEMBER  ? member_signed(txn, judged, st)
                                                 : refuse(st, "registry", "the registry log holds registry acts only");
  for (size_t i = 0; i < s->n_events && code == OM_OK; i++) {
    code = apply_one(txn, judged, s->events[i], (uint16_t)i, st);
    if (code != OM_OK) om_wrap(st, "event %zu", i);
  }
  return code == OM_OK ? om_txn_check(txn, st) : code;
}
