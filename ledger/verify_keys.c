/* Keys that were revoked after they had signed records of the lineage. By the rules those records stand: their logs had
 * not taken the act up. But between the theft of a key and its revocation anybody may have signed; only what was final
 * before the theft is beyond doubt, since its time was witnessed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_state.h"
#include "ledger/step.h"
#include "ledger/times.h"
#include "ledger/verify_state.h"

/* A revoked key that signed records of the lineage. */
struct om_verify_key {
  struct om_member_key key;
  uint64_t records;
  struct om_verify_doubtful doubtful;
  uint32_t log; /* of the first doubtful record, else of the last one */
  uint64_t index;
};

static struct om_verify_key *find(struct om_verify *v, const struct om_member_key *key) {
  for (size_t i = 0; i < v->n_revoked; i++)
    if (v->revoked[i].key.member == key->member && v->revoked[i].key.id == key->id) return &v->revoked[i];
  v->revoked = realloc(v->revoked, (v->n_revoked + 1) * sizeof *v->revoked);
  OM_ASSERT(v->revoked);
  v->revoked[v->n_revoked] = (struct om_verify_key){.key = *key};
  return &v->revoked[v->n_revoked++];
}

void om_verify_keys_free(struct om_verify *v) {
  for (size_t i = 0; i < v->n_revoked; i++) free(v->revoked[i].doubtful.first);
  free(v->revoked);
}

/* Was a record that was final at FINAL_S (0: not known) final before KEY was stolen? */
static bool is_before(const struct om_member_key *key, uint64_t final_s) {
  enum { MS = 1000 };
  return key->stolen_ms > 0 && final_s > 0 && final_s < (uint64_t)key->stolen_ms / MS;
}

void om_verify_revoked(struct om_verify *v, const struct om_member_key *key, uint32_t log, uint64_t index) {
  struct om_verify_key *known = find(v, key);
  bool before = is_before(key, key->stolen_ms > 0 ? om_verify_time(v, log, index) : 0);
  known->records++;
  if (!before) om_verify_doubt(&known->doubtful, log, index);
  if (known->doubtful.all > (before ? 0 : 1)) return;
  known->log = log;
  known->index = index;
}

enum om_code om_verify_taken(struct om_verify *v, int64_t *ms, uint32_t log, uint64_t index, struct om_status *st) {
  struct om_bytes bytes;
  enum om_code code = om_log_entry(v->txn, &bytes, log, index, st);
  if (code != OM_OK) return code;
  Oremark__Entry *entry = oremark__entry__unpack(NULL, bytes.len, bytes.data);
  if (!entry) return om_fail(st, OM_CORRUPT, NULL, "a stored entry can't be read");
  *ms = entry->taken_ms;
  oremark__entry__free_unpacked(entry, NULL);
  return OM_OK;
}

/* The entry of LOG that took registry entry ACT up; false: it has not. */
static bool taken_up(struct om_txn *txn, uint64_t *index, uint32_t log, uint64_t act) {
  uint8_t key[OM_MARK_KEY_BYTES];
  struct om_bytes found, row;
  enum { PREFIX = 8 };
  om_mark_key(key, log, OM_LOG_REGISTRY, 0);
  for (bool more = om_txn_next(txn, &found, &row, OM_TABLE_MARKS, key, sizeof key);
       more && found.len == sizeof key && memcmp(found.data, key, PREFIX) == 0 && row.len == 8;
       more = om_txn_step(txn, &found, &row, OM_TABLE_MARKS)) {
    *index = om_get64(found.data + PREFIX);
    if (om_get64(row.data) > act) return true;
  }
  return false;
}

enum om_code om_verify_slow(struct om_verify *v, char out[OM_VERIFY_SLOW_BYTES], uint32_t log, uint64_t act,
                            int64_t act_ms, struct om_status *st) {
  uint64_t index;
  int64_t ms = 0;
  const char *origin = om_verify_origin(v, log);
  if (!taken_up(v->txn, &index, log, act)) {
    snprintf(out, OM_VERIFY_SLOW_BYTES, "%.100s has not taken that up yet", origin);
    return om_txn_check(v->txn, st);
  }
  if (v->watch) v->watch->mark(v->watch->ctx, log, index + 1, OM_LOG_REGISTRY);
  enum om_code code = om_verify_taken(v, &ms, log, index, st);
  int64_t late_s = code == OM_OK && ms > act_ms ? (ms - act_ms) / 1000 : 0;
  snprintf(out, OM_VERIFY_SLOW_BYTES, "%.100s took that up %lld h %lld min %lld s later", origin,
           (long long)(late_s / 3600), (long long)(late_s / 60 % 60), (long long)(late_s % 60));
  return code;
}

static enum om_code tell(struct om_verify *v, const struct om_verify_key *k, struct om_status *st) {
  char revoked[OM_TIME_TEXT_BYTES], stolen[OM_TIME_TEXT_BYTES], late[OM_VERIFY_SLOW_BYTES];
  struct om_member member;
  int64_t act_ms = 0;
  enum om_code code = om_registry_member(v->txn, &member, k->key.member, OM_REGISTRY_NOW, st);
  if (code == OM_OK) code = om_verify_taken(v, &act_ms, OM_LOG_REGISTRY, k->key.ended.at, st);
  if (code == OM_OK) code = om_verify_slow(v, late, k->log, k->key.ended.at, act_ms, st);
  if (code != OM_OK) return code;
  om_time_format(revoked, sizeof revoked, act_ms, 0);
  om_time_format(stolen, sizeof stolen, k->key.stolen_ms, 0);
  if (k->key.stolen_ms == 0)
    om_verify_find_doubtful(
        v, "key", &k->doubtful,
        "key %08x of %s (member %u) was revoked on %s; since when another had it is not known, so that any of "
        "the %llu records here that it signed may be another's; %s",
        k->key.id, member.name, member.number, revoked, (unsigned long long)k->records, late);
  else if (k->doubtful.all == 0)
    om_verify_find(
        v, "key",
        "key %08x of %s (member %u) was revoked on %s, stolen on %s; the %llu records here that it signed were "
        "final before that; %s",
        k->key.id, member.name, member.number, revoked, stolen, (unsigned long long)k->records, late);
  else
    om_verify_find_doubtful(
        v, "key", &k->doubtful,
        "key %08x of %s (member %u) was revoked on %s, stolen on %s; of the %llu records here that it signed, "
        "%llu were not known to be final before the theft and may be another's, the first in entry %llu of "
        "%s; %s",
        k->key.id, member.name, member.number, revoked, stolen, (unsigned long long)k->records,
        (unsigned long long)k->doubtful.all, (unsigned long long)k->index, om_verify_origin(v, k->log), late);
  return OM_OK;
}

enum om_code om_verify_keys(struct om_verify *v, struct om_status *st) {
  enum om_code code = OM_OK;
  for (size_t i = 0; i < v->n_revoked && code == OM_OK; i++) code = tell(v, &v->revoked[i], st);
  return code;
}

/* ---- of one record ---- */

enum om_code om_signed_by_revoked(struct om_txn *txn, struct om_signed_by_revoked *out, uint32_t log, uint64_t index,
                                  struct om_status *st) {
  struct om_bytes bytes;
  *out = (struct om_signed_by_revoked){0};
  enum om_code code = om_log_entry(txn, &bytes, log, index, st);
  if (code != OM_OK) return code;
  Oremark__Entry *entry = oremark__entry__unpack(NULL, bytes.len, bytes.data);
  const Oremark__SignedStatement *s =
      entry && entry->what_case == OREMARK__ENTRY__WHAT_STATEMENT ? entry->statement : NULL;
  for (size_t i = 0; s && i < s->n_signatures && out->n < OM_SIGNATURES_MAX && code == OM_OK; i++) {
    struct om_revoked_signer *signer = &out->signers[out->n];
    code =
        om_registry_key_row(txn, &signer->key, s->signatures[i]->member, s->signatures[i]->key_id, OM_REGISTRY_NOW, st);
    if (code == OM_MISSING) code = OM_OK; /* other checks say so */
    if (code != OM_OK || signer->key.state != OM_KEY_REVOKED) continue;
    signer->before = is_before(&signer->key, om_times_final(txn, log, index));
    out->n++;
  }
  if (entry) oremark__entry__free_unpacked(entry, NULL);
  return code;
}
