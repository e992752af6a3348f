/* RevokeKey: the governors end a key of a member's that got into other hands, and with it what it did to the registry
 * since: the keys and sites that it added, and what those did in turn, end; keys that it retired stand again; and of
 * what takes the place of something else (sealing key, mandates, addresses) that which was so before holds again.
 * Nothing is taken back that stands in another log: what was recorded under the key is judged by each log's mark. A
 * daemon's cosign key is replaced instead (acts_witness.c). */
#include <stdlib.h>
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"

/* A key that the member has, or had; what it wrote from registry entry VOID_FROM on is void, NEVER: nothing is. */
#define NEVER UINT64_MAX
struct known {
  struct om_member_key key;
  uint64_t void_from;
};

struct revoking {
  struct om_txn *txn;
  const struct om_case *judged;
  const Oremark__RevokeKey *act;
  struct om_arena arena;
  struct known *keys;   /* by id */
  struct known **order; /* in the order in which they were added */
  size_t n_keys;
};

static int by_id(const void *a, const void *b) {
  uint32_t id = *(const uint32_t *)a;
  const struct known *known = b;
  return (id > known->key.id) - (id < known->key.id);
}

static bool is_tainted(const struct revoking *r, const struct om_by *by) {
  if (!by->key || r->n_keys == 0) return false;
  const struct known *known = bsearch(&by->id, r->keys, r->n_keys, sizeof *r->keys, by_id);
  return known && by->at >= known->void_from;
}

/* ---- which keys ---- */

/* Two of the same entry by their ids, so that every daemon goes through them alike. */
static int by_entry(const void *a, const void *b) {
  const struct om_member_key *x = &(*(struct known *const *)a)->key, *y = &(*(struct known *const *)b)->key;
  if (x->added.at != y->added.at) return x->added.at < y->added.at ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

static void list_keys(struct revoking *r) {
  struct om_member_key key;
  size_t cap = 0;
  for (uint64_t from = 0; om_registry_key_next(r->txn, &key, r->act->member, from, OM_REGISTRY_NOW);
       from = (uint64_t)key.id + 1) {
    if (r->n_keys == cap) {
      struct known *more = om_arena_array(&r->arena, cap = cap ? 2 * cap : 16, sizeof *more);
      if (r->n_keys) memcpy(more, r->keys, r->n_keys * sizeof *more);
      r->keys = more;
    }
    r->keys[r->n_keys++] = (struct known){key, NEVER};
  }
  r->order = om_arena_array(&r->arena, r->n_keys, sizeof(struct known *));
  for (size_t i = 0; i < r->n_keys; i++) r->order[i] = &r->keys[i];
  if (r->n_keys > 0) qsort(r->order, r->n_keys, sizeof(struct known *), by_entry);
}

/* Those revoked before stay so; a key that a tainted one added is tainted from its beginning. None can have signed in
 * the entry that added it, so that one pass in their order finds all. */
static void taint(struct revoking *r, uint32_t revoked) {
  for (size_t i = 0; i < r->n_keys; i++) {
    struct known *known = r->order[i];
    const struct om_member_key *key = &known->key;
    uint64_t from = key->state == OM_KEY_REVOKED ? key->since_entry : NEVER;
    if (key->id == revoked && r->act->since_entry < from) from = r->act->since_entry;
    if (is_tainted(r, &key->added) && key->added.at < from) from = key->added.at;
    known->void_from = from;
  }
}

/* ---- what becomes of each thing ---- */

static int64_t earlier(int64_t known, int64_t stated) {
  return known == 0 || (stated != 0 && stated < known) ? stated : known;
}

static void settle_keys(struct revoking *r) {
  uint32_t revoked = om_member_key_id(r->act->key.data);
  for (size_t i = 0; i < r->n_keys; i++) {
    struct om_member_key *key = &r->order[i]->key;
    uint64_t from = r->order[i]->void_from;
    bool new_end = from != NEVER && (key->state != OM_KEY_REVOKED || from < key->since_entry || key->id == revoked);
    if (new_end) {
      if (key->state != OM_KEY_REVOKED) key->ended = om_act_by_governors(r->judged->index);
      key->stolen_ms = earlier(key->stolen_ms, r->act->stolen_ms);
      key->state = OM_KEY_REVOKED;
      key->since_entry = from;
      om_act_put_key(r->txn, r->judged->index, key);
    } else if (key->state == OM_KEY_RETIRED && is_tainted(r, &key->ended)) {
      key->state = OM_KEY_STANDS;
      key->ended = (struct om_by){0};
      om_act_put_key(r->txn, r->judged->index, key);
    }
  }
}

/* The newest row of a subject that no tainted key wrote holds again; NONE where there is none. */
static void settle_row(struct revoking *r, enum om_registry_kind kind, uint32_t a, uint32_t b, const uint8_t *none,
                       size_t none_len) {
  uint8_t key[OM_REGISTRY_KEY_BYTES], copy[OM_ROW_BY_BYTES + OM_ADDRESS_BYTES];
  struct om_bytes found, row;
  bool changed = false, had = false;
  for (uint64_t upto = UINT64_MAX;; changed = true) {
    om_registry_row_key(key, kind, a, b, upto);
    had = om_txn_last(r->txn, &found, &row, OM_TABLE_REGISTRY, key, sizeof key, OM_REGISTRY_SUBJECT_BYTES) &&
          row.len >= OM_ROW_BY_BYTES && row.len <= sizeof copy;
    if (!had) break;
    struct om_by by = om_by_read(row.data);
    if (!is_tainted(r, &by)) break;
    upto = om_get64(found.data + OM_REGISTRY_SUBJECT_BYTES) - 1; /* no member's act is the genesis */
  }
  if (!changed) return;
  size_t len = had ? row.len : OM_ROW_BY_BYTES + none_len;
  struct om_by governors = om_act_by_governors(r->judged->index);
  if (had)
    memcpy(copy, row.data, row.len);
  else
    om_by_write(copy, &governors);
  if (!had && none_len) memcpy(copy + OM_ROW_BY_BYTES, none, none_len);
  om_act_put(r->txn, kind, a, b, r->judged->index, copy, len);
}

/* A site's number stays its own; nothing more is recorded at it. */
static void settle_sites(struct revoking *r) {
  uint32_t n = om_registry_sites(r->txn, r->act->member, OM_REGISTRY_NOW);
  for (uint32_t site = 1; site <= n; site++) {
    uint8_t copy[OM_ROW_SITE_BYTES + OM_NAME_BYTES];
    struct om_bytes row;
    if (!om_registry_row(r->txn, &row, OM_ROW_SITE, r->act->member, site, OM_REGISTRY_NOW) ||
        row.len < OM_ROW_SITE_BYTES || row.len > sizeof copy || row.data[OM_ROW_BY_BYTES])
      continue;
    struct om_by by = om_by_read(row.data);
    if (!is_tainted(r, &by)) continue;
    memcpy(copy, row.data, row.len);
    copy[OM_ROW_BY_BYTES] = 1;
    om_act_put(r->txn, OM_ROW_SITE, r->act->member, site, r->judged->index, copy, row.len);
  }
}

static enum om_code settle(struct revoking *r, struct om_status *st) {
  uint32_t member = r->act->member, n_logs = om_registry_daemons(r->txn, OM_REGISTRY_NOW), agent;
  settle_keys(r);
  settle_sites(r);
  settle_row(r, OM_ROW_SEALING, member, 0, NULL, 0);
  for (uint64_t from = 0; om_registry_next_b(r->txn, &agent, OM_ROW_MANDATE, member, from); from = (uint64_t)agent + 1)
    settle_row(r, OM_ROW_MANDATE, member, agent, (const uint8_t[]){0}, 1);
  for (uint32_t log = 0; log < n_logs; log++) {
    struct om_daemon daemon;
    if (om_registry_daemon(r->txn, &daemon, log, OM_REGISTRY_NOW, st) != OM_OK) return st->code;
    if (daemon.operator_member == member) settle_row(r, OM_ROW_ADDRESS, log, 0, NULL, 0);
  }
  return om_txn_check(r->txn, st);
}

/* ---- the act ---- */

/* A key is revoked again only to say more: that it was stolen earlier, or which one takes its place. */
static enum om_code check_key(const struct om_member_key *key, const struct om_case *judged,
                              const Oremark__RevokeKey *act, struct om_status *st) {
  if (memcmp(key->key, act->key.data, sizeof key->key) != 0)
    return om_fail(st, OM_REFUSED, "key", "member %u has, and had, no such key", act->member);
  if (act->since_entry > judged->index)
    return om_fail(st, OM_REFUSED, "since", "the registry has %llu entries: what was added from %llu on is not there",
                   (unsigned long long)judged->index, (unsigned long long)act->since_entry);
  bool earlier_theft = act->stolen_ms != 0 && (key->stolen_ms == 0 || act->stolen_ms < key->stolen_ms);
  if (key->state != OM_KEY_REVOKED || act->since_entry < key->since_entry || earlier_theft || act->replacement.len != 0)
    return OM_OK;
  return om_fail(st, OM_REFUSED, "again",
                 "the key is revoked already, since entry %llu: revoke it again only to say an earlier entry or time, "
                 "or to admit a replacement",
                 (unsigned long long)key->since_entry);
}

static enum om_code revoke(struct revoking *r, struct om_status *st) {
  const Oremark__RevokeKey *act = r->act;
  struct om_member_key key;
  enum om_code code =
      om_registry_key_row(r->txn, &key, act->member, om_member_key_id(act->key.data), OM_REGISTRY_NOW, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "key", "member %u has, and had, no such key, nor a daemon that cosigns with it",
                   act->member);
  if (code == OM_OK) code = check_key(&key, r->judged, act, st);
  if (code == OM_OK && act->replacement.len != 0) code = om_act_admit_key(r->txn, act->member, act->replacement, st);
  if (code != OM_OK) return code;
  list_keys(r);
  taint(r, key.id);
  code = settle(r, st);
  if (code != OM_OK) return code;
  if (act->replacement.len != 0)
    om_act_put_new_key(r->txn, act->member, om_act_by_governors(r->judged->index), act->replacement, "");
  return om_act_governors_can(r->txn, st);
}

/* On the chain that only the governors write: on that of the member's keys a thief could always put another act in
 * front, and no gathered signatures would ever be in time. */
enum om_code om_act_revoke_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               uint16_t index, struct om_status *st) {
  struct revoking r = {.txn = txn, .judged = judged, .act = event->revoke_key};
  struct om_daemon cosigner;
  struct om_member member;
  enum om_code code = om_registry_member(txn, &member, r.act->member, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "member", "there is no member %u", r.act->member);
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_MEMBER, r.act->member, event, index, st);
  if (code != OM_OK) return code;
  code = om_act_cosigner(txn, &cosigner, r.act->member, r.act->key.data, st);
  if (code == OM_OK) return om_act_replace_cosign_key(txn, judged, event, index, st);
  if (code != OM_MISSING) return code;
  code = revoke(&r, st);
  om_arena_free(&r.arena);
  return code;
}
