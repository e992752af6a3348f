/* The acts about daemons: AddDaemon, the succession of the registry's, and the operator's SetAddress. */
#include <string.h>

#include "keys/vkey.h"
#include "ledger/acts_parts.h"

void om_act_put_daemon(struct om_txn *txn, uint64_t since, const struct om_daemon *d) {
  uint8_t row[OM_ROW_DAEMON_BYTES + OM_NAME_BYTES];
  size_t len = strlen(d->origin);
  om_be32(row, d->operator_member);
  memcpy(row + 4, d->log_key, 32);
  memcpy(row + 36, d->cosign_key, 32);
  memcpy(row + 68, d->witness_key, 32);
  memcpy(row + 100, d->link_key, 32);
  memcpy(row + OM_ROW_DAEMON_BYTES, d->origin, len);
  om_act_put(txn, OM_ROW_DAEMON, d->log, 0, since, row, OM_ROW_DAEMON_BYTES + len);
}

static void put_address(struct om_txn *txn, uint64_t since, uint32_t log, const struct om_by *by, const char *address) {
  uint8_t row[OM_ROW_BY_BYTES + OM_ADDRESS_BYTES];
  size_t len = strlen(address);
  OM_ASSERT(len <= OM_ADDRESS_BYTES); /* by its form */
  om_by_write(row, by);
  memcpy(row + OM_ROW_BY_BYTES, address, len);
  om_act_put(txn, OM_ROW_ADDRESS, log, 0, since, row, OM_ROW_BY_BYTES + len);
}

static void put_of(struct om_txn *txn, uint64_t since, uint32_t log, const Oremark__Daemon *d) {
  struct om_daemon row = {.log = log, .operator_member = d->operator_};
  strcpy(row.origin, d->origin); /* om_act_daemon_form has measured it */
  memcpy(row.log_key, d->log_key.data, 32);
  memcpy(row.cosign_key, d->cosign_key.data, 32);
  memcpy(row.witness_key, d->witness_key.data, 32);
  memcpy(row.link_key, d->link_key.data, 32);
  om_act_put_daemon(txn, since, &row);
}

void om_act_put_new_daemon(struct om_txn *txn, uint64_t since, uint32_t log, const Oremark__Daemon *d) {
  put_of(txn, since, log, d);
  om_act_put_count(txn, OM_ROW_DAEMON_COUNT, 0, since, log + 1);
}

enum om_code om_act_daemon_form(const Oremark__Daemon *d, struct om_status *st) {
  if (!om_key_name_ok(d->origin, strlen(d->origin)))
    return om_act_form(st, "origin", "is not a C2SP key name (no spaces, no +, at most 128 bytes)");
  if (!om_act_is_key(d->log_key) || !om_act_is_key(d->cosign_key) || !om_act_is_key(d->witness_key))
    return om_act_form(st, "keys", "of a daemon are not Ed25519 public keys");
  if (d->link_key.len != OM_PUBLIC_BYTES) return om_act_form(st, "link_key", "is not 32 bytes");
  const ProtobufCBinaryData *keys[] = {&d->log_key, &d->cosign_key, &d->witness_key};
  for (int i = 0; i < 3; i++)
    if (memcmp(keys[i]->data, keys[(i + 1) % 3]->data, OM_PUBLIC_BYTES) == 0)
      return om_act_form(st, "keys", "of a daemon are not all different: each has one meaning");
  return OM_OK;
}

/* A daemon that no log has had so far, and a member's. */
static enum om_code check_daemon(struct om_txn *txn, const Oremark__Daemon *d, struct om_status *st) {
  struct om_member operator_;
  uint32_t n_logs = om_registry_daemons(txn, OM_REGISTRY_NOW);
  enum om_code code = om_act_daemon_form(d, st);
  if (code == OM_OK) code = om_registry_member(txn, &operator_, d->operator_, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_act_refuse(st, "operator", "the daemon's operator is not a member");
  if (code == OM_OK) code = om_act_no_member_key(txn, d->operator_, d->cosign_key.data, st);
  for (uint32_t log = 0; log < n_logs && code == OM_OK; log++) {
    struct om_daemon other;
    code = om_registry_daemon(txn, &other, log, OM_REGISTRY_NOW, st);
    if (code != OM_OK) break;
    if (strcmp(other.origin, d->origin) == 0)
      code = om_act_refuse(st, "origin", "another log has that origin");
    else if (memcmp(other.link_key, d->link_key.data, OM_PUBLIC_BYTES) == 0)
      code = om_act_refuse(st, "key", "another daemon has that link key");
  }
  return code;
}

enum om_code om_act_add_daemon(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               uint16_t index, struct om_status *st) {
  (void)index; /* no chain */
  const Oremark__Daemon *d = event->add_daemon->daemon;
  uint32_t next = om_registry_daemons(txn, OM_REGISTRY_NOW);
  if (!d) return om_act_refuse(st, "form", "the act names no daemon");
  if (event->add_daemon->log != next)
    return om_fail(st, OM_REFUSED, "number",
                   "the next log's number is %u, not %u: another daemon was added before; make the act anew", next,
                   event->add_daemon->log);
  if (event->previous.len != 0) return om_act_refuse(st, "previous", "a new daemon has no act before this one");
  enum om_code code = check_daemon(txn, d, st);
  if (code != OM_OK) return code;
  om_act_put_new_daemon(txn, judged->index, next, d);
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
    code = om_act_refuse(st, "key", "a key is one of the daemon's that had the registry log before: make new ones");
  if (code != OM_OK) return code;
  put_of(txn, since, OM_LOG_REGISTRY, d);
  struct om_by by = om_act_by_governors(since);
  put_address(txn, since, OM_LOG_REGISTRY, &by, "");
  for (uint32_t log = 0; log < n_logs && code == OM_OK; log++) code = om_act_quorum_reachable(txn, log, st);
  return code;
}

/* Said by the daemon's operator; on the chain of its keys, as it is about its daemons and not about what it mines. */
enum om_code om_act_set_address(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                uint16_t index, struct om_status *st) {
  const Oremark__SetAddress *a = event->set_address;
  uint32_t member = judged->statement->member;
  struct om_daemon daemon;
  enum om_code code = om_registry_daemon(txn, &daemon, a->log, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "log", "there is no log %u", a->log);
  if (code == OM_OK && daemon.operator_member != member)
    code = om_fail(st, OM_REFUSED, "operator", "the daemon of %s is run by member %u, not by member %u", daemon.origin,
                   daemon.operator_member, member);
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  struct om_by by = om_act_by(judged);
  if (code == OM_OK) put_address(txn, judged->index, a->log, &by, a->address);
  return code;
}
