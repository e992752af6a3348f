#include "ledger/statement.h"

#include <string.h>

#include "keys/sign.h"
#include "ledger/events/kinds.h"

static bool has(ProtobufCBinaryData field, size_t len) {
  return field.len == len;
}

static enum om_code malformed(struct om_status *st, const char *field, const char *why) {
  return om_fail(st, OM_MALFORMED, "form", "%s %s", field, why);
}

/* Signatures: 1 to 32, of the right length, ascending by member, each once: a second one of the same member is not
 * needed, and could be taken away without a trace. */
static enum om_code signatures_form(const Oremark__SignedStatement *s, struct om_status *st) {
  if (s->n_signatures == 0) return malformed(st, "signatures", "are missing: sign the statement first");
  for (size_t i = 0; i < s->n_signatures; i++) {
    const Oremark__Signature *now = s->signatures[i];
    if (!has(now->signature, OM_SIG_BYTES)) return malformed(st, "signature", "is not 64 bytes");
    if (now->member == OM_MEMBER_NONE) return malformed(st, "signature", "names no member");
    if (i == 0) continue;
    const Oremark__Signature *before = s->signatures[i - 1];
    if (now->member <= before->member)
      return malformed(st, "signatures",
                       "are not in ascending order of member, one of each: leave out a second one of the same member");
  }
  return OM_OK;
}

/* A statement has custody events and attestations, or acts of the governors, or acts of its member: never a mixture, so
 * that it has one log and one set of signers. */
static enum om_code one_purpose(const Oremark__Statement *s, struct om_status *st) {
  enum om_kind_class first = OM_KIND_CUSTODY;
  for (size_t i = 0; i < s->n_events; i++) {
    enum om_kind_class class = om_kind_of(s->events[i])->class;
    if (class == OM_KIND_ATTESTATION) class = OM_KIND_CUSTODY;
    if (i == 0) first = class;
    if (class != first)
      return malformed(st, "events", "mix custody, acts of the governors and acts of the member: state them apart");
  }
  return OM_OK;
}

static enum om_code statement_form(const Oremark__Statement *s, struct om_status *st) {
  if (s->member == OM_MEMBER_NONE) return malformed(st, "member", "is missing");
  if (s->signed_ms <= 0 || s->signed_ms >= INT64_C(1) << 48)
    return malformed(st, "signed_ms", "is not a time after 1970 in milliseconds");
  if (s->not_after_ms < s->signed_ms) return malformed(st, "not_after_ms", "is before signed_ms");
  if (!has(s->nonce, OM_NONCE_BYTES)) return malformed(st, "nonce", "is not 16 bytes");
  if (s->n_events == 0 || s->n_events > OM_EVENTS_MAX) return malformed(st, "events", "are not 1 to 256");
  for (size_t i = 0; i < s->n_events; i++)
    if (om_event_form(s->events[i], st) != OM_OK) return om_wrap(st, "event %zu", i);
  return one_purpose(s, st);
}

/* Unpacks the statement inside CHECKED->signed_statement and checks all that needs no state. */
static enum om_code open_statement(struct om_checked *checked, struct om_arena *arena, const struct om_hash *network,
                                   struct om_status *st) {
  enum om_code code = signatures_form(checked->signed_statement, st);
  if (code != OM_OK) return code;
  ProtobufCBinaryData bytes = checked->signed_statement->statement;
  if (!om_canonical(&oremark__statement__descriptor, bytes.data, bytes.len, st)) return st->code;
  checked->statement = oremark__statement__unpack(om_arena_protobuf(arena), bytes.len, bytes.data);
  if (!checked->statement) return malformed(st, "statement", "unpacks to more than is allowed");
  om_statement_id(&checked->statement_id, network, bytes.data, bytes.len);
  return statement_form(checked->statement, st);
}

/* The same (member, key id) names one key for ever, so a signature found good here is good under every later registry:
 * only whether the key stands is asked again. */
static enum om_code check_known_signatures(struct om_checked *checked, struct om_txn *registry, uint64_t as_of,
                                           struct om_status *st) {
  const Oremark__SignedStatement *s = checked->signed_statement;
  for (size_t i = 0; i < s->n_signatures; i++) {
    const Oremark__Signature *sig = s->signatures[i];
    if (checked->known[i]) continue;
    struct om_member_key row;
    if (om_registry_key_row(registry, &row, sig->member, sig->key_id, as_of, st) != OM_OK) {
      if (st->code != OM_MISSING) return st->code;
      continue;
    }
    memcpy(checked->keys[i], row.key, sizeof row.key);
    if (!om_verify(sig->signature.data, checked->statement_id.bytes, OM_HASH_BYTES, checked->keys[i]))
      return om_fail(st, OM_REFUSED, "signature",
                     "the signature of member %u by key %08x is wrong: the statement was changed after it was signed, "
                     "or it is for another network",
                     sig->member, sig->key_id);
    checked->known[i] = true;
  }
  om_status_clear(st);
  return OM_OK;
}

static struct om_checked *copy_in(struct om_arena *arena, const uint8_t *bytes, size_t len) {
  struct om_checked *checked = om_arena_alloc(arena, sizeof *checked);
  checked->bytes = om_arena_copy(arena, bytes, len);
  checked->len = len;
  return checked;
}

enum om_code om_check_statement(struct om_checked **out, struct om_arena *arena, const struct om_hash *network,
                                struct om_txn *registry, const uint8_t *bytes, size_t len, struct om_status *st) {
  *out = NULL;
  if (len == 0 || len > OM_STATEMENT_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "size",
                   "a signed statement has 1 to %d bytes, this one has %zu: state fewer events at a time",
                   OM_STATEMENT_MAX_BYTES, len);
  if (!om_canonical(&oremark__signed_statement__descriptor, bytes, len, st)) return st->code;
  struct om_checked *checked = copy_in(arena, bytes, len);
  checked->signed_statement = oremark__signed_statement__unpack(om_arena_protobuf(arena), len, checked->bytes);
  if (!checked->signed_statement) return malformed(st, "statement", "unpacks to more than is allowed");
  enum om_code code = open_statement(checked, arena, network, st);
  if (code == OM_OK && registry) code = check_known_signatures(checked, registry, OM_REGISTRY_NOW, st);
  if (code == OM_OK) *out = checked;
  return code;
}

enum om_code om_check_entry(struct om_checked **out, struct om_arena *arena, const struct om_hash *network,
                            struct om_txn *registry, const uint8_t *bytes, size_t len, struct om_status *st) {
  *out = NULL;
  if (len == 0 || len > OM_ENTRY_MAX_BYTES)
    return om_fail(st, OM_MALFORMED, "size", "an entry has 1 to %d bytes, this one has %zu", OM_ENTRY_MAX_BYTES, len);
  if (!om_canonical(&oremark__entry__descriptor, bytes, len, st)) return st->code;
  struct om_checked *checked = copy_in(arena, bytes, len);
  checked->entry = oremark__entry__unpack(om_arena_protobuf(arena), len, checked->bytes);
  if (!checked->entry) return malformed(st, "entry", "unpacks to more than is allowed");
  om_leaf_hash(&checked->leaf, bytes, len);
  if (checked->entry->what_case == OREMARK__ENTRY__WHAT__NOT_SET) return malformed(st, "entry", "holds nothing");
  if (checked->entry->taken_ms <= 0 || checked->entry->taken_ms > OM_TIME_MAX_MS)
    return malformed(st, "taken_ms", "is not a time between 1970 and 9999");
  enum om_code code = OM_OK;
  if (checked->entry->what_case == OREMARK__ENTRY__WHAT_STATEMENT) {
    checked->signed_statement = checked->entry->statement;
    code = open_statement(checked, arena, network, st);
    if (code == OM_OK && registry) code = check_known_signatures(checked, registry, OM_REGISTRY_NOW, st);
  }
  if (code == OM_OK) *out = checked;
  return code;
}

enum om_code om_signers(uint32_t signers[OM_SIGNATURES_MAX], size_t *n, struct om_checked *checked,
                        struct om_txn *registry, uint64_t as_of, struct om_status *st) {
  const Oremark__SignedStatement *s = checked->signed_statement;
  enum om_code code = check_known_signatures(checked, registry, as_of, st);
  if (code != OM_OK) return code;
  *n = 0;
  for (size_t i = 0; i < s->n_signatures; i++) {
    const Oremark__Signature *sig = s->signatures[i];
    struct om_member_key row;
    code = om_registry_key_row(registry, &row, sig->member, sig->key_id, as_of, st);
    if (code == OM_MISSING)
      return om_fail(
          st, OM_REFUSED, "signature",
          "member %u has no key %08x in the registry that this log follows: sign with a key of that member, or "
          "name the member whose key it is",
          sig->member, sig->key_id);
    if (code != OM_OK) return code;
    if (row.state != OM_KEY_STANDS)
      return om_fail(st, OM_REFUSED, "signature",
                     "key %08x of member %u was %s by entry %llu of the registry: sign with a key that stands",
                     sig->key_id, sig->member, row.state == OM_KEY_RETIRED ? "retired" : "revoked",
                     (unsigned long long)row.ended.at);
    OM_ASSERT(checked->known[i] && memcmp(row.key, checked->keys[i], sizeof row.key) == 0);
    if (*n == 0 || signers[*n - 1] != sig->member) signers[(*n)++] = sig->member;
  }
  return OM_OK;
}
