/* The acts of a member about its own keys: AddKey and RetireKey. The governors' RevokeKey is in acts_revoke.c. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"

/* ---- rows ---- */

void om_act_put_key(struct om_txn *txn, uint64_t since, const struct om_member_key *key) {
  uint8_t row[OM_ROW_KEY_BYTES + OM_LABEL_BYTES], *at = row + 33;
  size_t len = strlen(key->label);
  OM_ASSERT(len <= OM_LABEL_BYTES);
  memcpy(row, key->key, sizeof key->key);
  row[32] = (uint8_t)key->state;
  om_by_write(at, &key->added);
  om_by_write(at + OM_ROW_BY_BYTES, &key->ended);
  at += (size_t)2 * OM_ROW_BY_BYTES;
  om_be64(at, key->since_entry);
  om_be64(at + 8, (uint64_t)key->stolen_ms);
  memcpy(row + OM_ROW_KEY_BYTES, key->label, len);
  om_act_put(txn, OM_ROW_KEY, key->member, key->id, since, row, OM_ROW_KEY_BYTES + len);
}

void om_act_put_new_key(struct om_txn *txn, uint32_t member, struct om_by by, ProtobufCBinaryData key,
                        const char *label) {
  struct om_member_key row = {.member = member, .id = om_member_key_id(key.data), .state = OM_KEY_STANDS, .added = by};
  OM_ASSERT(key.len == sizeof row.key && strlen(label) < sizeof row.label); /* by its form */
  memcpy(row.key, key.data, sizeof row.key);
  strcpy(row.label, label);
  om_act_put_key(txn, by.at, &row);
}

enum om_code om_act_admit_key(struct om_txn *txn, uint32_t member, ProtobufCBinaryData key, struct om_status *st) {
  struct om_member_key other;
  struct om_daemon daemon;
  if (!om_act_is_key(key)) return om_act_refuse(st, "key", "the key is not an Ed25519 public key");
  enum om_code code = om_registry_key_row(txn, &other, member, om_member_key_id(key.data), OM_REGISTRY_NOW, st);
  if (code == OM_OK) return om_act_refuse(st, "key", "the member has, or had, a key with that id: make another one");
  if (code != OM_MISSING) return code;
  /* Who revokes a key names the key alone: it must say whether it signs statements or cosigns. */
  code = om_act_cosigner(txn, &daemon, member, key.data, st);
  if (code == OM_OK)
    return om_act_refuse(st, "key", "a daemon of the member's cosigns with that key: make another one for statements");
  if (code != OM_MISSING) return code;
  om_status_clear(st);
  return OM_OK;
}

enum om_code om_act_no_member_key(struct om_txn *txn, uint32_t member, const uint8_t key[OM_HASH_BYTES],
                                  struct om_status *st) {
  struct om_member_key row;
  enum om_code code = om_registry_key_row(txn, &row, member, om_member_key_id(key), OM_REGISTRY_NOW, st);
  if (code == OM_MISSING || (code == OM_OK && memcmp(row.key, key, sizeof row.key) != 0)) {
    om_status_clear(st);
    return OM_OK;
  }
  if (code != OM_OK) return code;
  return om_act_refuse(st, "key", "the member signs, or signed, statements with that key: make another one to cosign");
}

/* ---- AddKey ---- */

/* Keys that a member may have standing at once: one for each who signs in a large firm. The governors look at all of
 * them, and whatever asks for a member's keys walks them; without a bound one member makes that as long as it likes.
 * What the governors do by RevokeKey, a replacement and keys that stand again, is let through: a thief that filled
 * the list must not be in their way. */
enum { KEYS_STANDING_MAX = 64 };

/* Keys that a member may have had, retired ones included, which are walked like the others: twenty years of one each
 * week. Those that the governors have revoked don't count: who fills the list with a stolen key fills it until that is
 * revoked, and how often that happens is in the governors' hands. */
enum { KEYS_EVER_MAX = 1024 };

static enum om_code check_room(struct om_txn *txn, uint32_t member, struct om_status *st) {
  struct om_member_key key;
  unsigned n = 0, ever = 0;
  for (uint64_t from = 0; om_registry_key_next(txn, &key, member, from, OM_REGISTRY_NOW); from = (uint64_t)key.id + 1) {
    n += key.state == OM_KEY_STANDS;
    ever += key.state != OM_KEY_REVOKED;
  }
  if (n >= KEYS_STANDING_MAX)
    return om_fail(st, OM_REFUSED, "keys",
                   "member %u has %u keys that stand, and %d are allowed: retire one that is not needed first", member,
                   n, KEYS_STANDING_MAX);
  if (ever < KEYS_EVER_MAX) return om_txn_check(txn, st);
  return om_fail(st, OM_REFUSED, "keys",
                 "member %u has had %u keys, and %d are allowed: go on with those that stand, or have the governors "
                 "replace one (oremark governance propose member revoke-key)",
                 member, ever, KEYS_EVER_MAX);
}

enum om_code om_act_add_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st) {
  uint32_t member = judged->statement->member;
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  if (code == OM_OK) code = om_act_admit_key(txn, member, event->add_key->key, st);
  if (code == OM_OK) code = check_room(txn, member, st);
  if (code == OM_OK) om_act_put_new_key(txn, member, om_act_by(judged), event->add_key->key, event->add_key->label);
  return code;
}

/* ---- RetireKey ---- */

/* Whether a key of MEMBER's stands besides ID. */
static bool another_stands(struct om_txn *txn, uint32_t member, uint32_t id) {
  struct om_member_key key;
  for (uint64_t from = 0; om_registry_key_next(txn, &key, member, from, OM_REGISTRY_NOW); from = (uint64_t)key.id + 1)
    if (key.id != id && key.state == OM_KEY_STANDS) return true;
  return false;
}

/* A key may retire itself; what it has signed stays good. */
enum om_code om_act_retire_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               uint16_t index, struct om_status *st) {
  uint32_t member = judged->statement->member;
  struct om_member_key key;
  enum om_code code =
      om_registry_key_row(txn, &key, member, om_member_key_id(event->retire_key->key.data), OM_REGISTRY_NOW, st);
  if (code != OM_OK && code != OM_MISSING) return code;
  if (code == OM_MISSING || key.state != OM_KEY_STANDS ||
      memcmp(key.key, event->retire_key->key.data, sizeof key.key) != 0)
    return om_fail(st, OM_REFUSED, "key", "member %u has no such key that stands", member);
  if (!another_stands(txn, member, key.id))
    return om_fail(st, OM_REFUSED, "last-key",
                   "this is the only key of member %u that stands: add the next one before this one is retired",
                   member);
  code = om_act_chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  if (code != OM_OK) return code;
  key.state = OM_KEY_RETIRED;
  key.ended = om_act_by(judged);
  om_act_put_key(txn, judged->index, &key);
  return OM_OK;
}
