/* What every act does: its place in the chain of acts on its subject, and its rows. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"

enum om_code om_act_refuse(struct om_status *st, const char *rule, const char *why) {
  return om_fail(st, OM_REFUSED, rule, "%s", why);
}

/* ---- rows ---- */

void om_act_put(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint32_t b, uint64_t since, const void *row,
                size_t len) {
  uint8_t key[OM_REGISTRY_KEY_BYTES];
  om_registry_row_key(key, kind, a, b, since);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, sizeof key, row, len);
}

void om_act_put_count(struct om_txn *txn, enum om_registry_kind kind, uint32_t a, uint64_t since, uint32_t n) {
  uint8_t row[4];
  om_be32(row, n);
  om_act_put(txn, kind, a, 0, since, row, sizeof row);
}

void om_act_put_numbers(struct om_txn *txn, enum om_registry_kind kind, uint64_t since, uint32_t head,
                        const uint32_t *list, size_t n) {
  uint8_t row[4 * (1 + OM_WITNESSES_MAX)];
  OM_ASSERT(n <= OM_WITNESSES_MAX);
  om_be32(row, head);
  for (size_t i = 0; i < n; i++) om_be32(row + 4 + 4 * i, list[i]);
  om_act_put(txn, kind, 0, 0, since, row, 4 + 4 * n);
}

/* ---- the chain ---- */

/* BEFORE is the id of the last act, CODE what came of asking for it. */
static enum om_code chain(enum om_code code, const struct om_hash *before, const Oremark__Event *event,
                          struct om_status *st) {
  if (code != OM_OK && code != OM_MISSING) return code;
  size_t len = code == OM_OK ? sizeof *before : 0;
  if (event->previous.len != len || (len && memcmp(event->previous.data, before->bytes, len) != 0))
    return om_act_refuse(
        st, "previous",
        "another act on the same subject came before this one: look at the present state and state it anew");
  om_status_clear(st);
  return OM_OK;
}

enum om_code om_act_chain(struct om_txn *txn, const struct om_case *judged, enum om_act_subject subject,
                          uint32_t member, const Oremark__Event *event, uint16_t index, struct om_status *st) {
  struct om_hash before, id;
  enum om_code code = om_registry_last_act(txn, &before, subject, member, OM_REGISTRY_NOW, st);
  if (chain(code, &before, event, st) != OM_OK) return st->code;
  om_event_id(&id, &judged->network, &judged->statement_id, index);
  om_act_put(txn, OM_ROW_LAST_ACT, (uint32_t)subject, member, judged->index, id.bytes, sizeof id);
  return OM_OK;
}

enum om_code om_act_chain_status(struct om_txn *txn, const struct om_case *judged, uint32_t member, uint32_t site,
                                 const Oremark__Event *event, uint16_t index, struct om_status *st) {
  struct om_hash before, id;
  enum om_code code = om_registry_last_status(txn, &before, member, site, OM_REGISTRY_NOW, st);
  if (chain(code, &before, event, st) != OM_OK) return st->code;
  om_event_id(&id, &judged->network, &judged->statement_id, index);
  om_act_put(txn, OM_ROW_LAST_STATUS, member, site, judged->index, id.bytes, sizeof id);
  return OM_OK;
}

/* ---- authors ---- */

struct om_by om_act_by(const struct om_case *judged) {
  OM_ASSERT(judged->n_signers == 1 && judged->key_ids); /* an act of a member for itself */
  return (struct om_by){.key = true, .id = judged->key_ids[0], .at = judged->index};
}

struct om_by om_act_by_governors(uint64_t since) {
  return (struct om_by){.at = since};
}

/* ---- forms ---- */

enum om_code om_act_form(struct om_status *st, const char *field, const char *why) {
  return om_fail(st, OM_REFUSED, "genesis", "%s %s", field, why);
}

bool om_act_is_key(ProtobufCBinaryData key) {
  return key.len == OM_PUBLIC_BYTES && om_public_ok(key.data);
}

bool om_act_is_name(const char *name) {
  size_t len = strlen(name);
  return len >= 1 && len <= OM_NAME_BYTES;
}

bool om_act_is_country(const char *country) {
  return strlen(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z';
}
