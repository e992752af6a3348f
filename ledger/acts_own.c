/* The acts of a member for itself: AddKey and AddSite. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"

void om_act_put_key(struct om_txn *txn, uint32_t member, uint64_t since, ProtobufCBinaryData key) {
  om_act_put(txn, OM_ROW_KEY, member, om_member_key_id(key.data), since, key.data, key.len);
}

/* A key may be admitted to a member if its point is one, and its id is not taken by another key of that member's, ever.
 */
enum om_code om_act_admit_key(struct om_txn *txn, uint32_t member, ProtobufCBinaryData key, struct om_status *st) {
  uint8_t other[OM_PUBLIC_BYTES];
  if (!om_act_is_key(key)) return om_act_refuse(st, "key", "the key is not an Ed25519 public key");
  enum om_code code = om_registry_key(txn, other, member, om_member_key_id(key.data), OM_REGISTRY_NOW, st);
  if (code == OM_OK) return om_act_refuse(st, "key", "the member has, or had, a key with that id: make another one");
  if (code != OM_MISSING) return code;
  om_status_clear(st);
  return OM_OK;
}

enum om_code om_act_add_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st) {
  uint32_t member = judged->statement->member;
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  if (code == OM_OK) code = om_act_admit_key(txn, member, event->add_key->key, st);
  if (code == OM_OK) om_act_put_key(txn, member, judged->index, event->add_key->key);
  return code;
}

enum om_code om_act_add_site(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             uint16_t index, struct om_status *st) {
  const Oremark__AddSite *s = event->add_site;
  uint32_t member = judged->statement->member;
  uint32_t next = om_registry_sites(txn, member, OM_REGISTRY_NOW) + 1;
  if (s->site != next)
    return om_fail(st, OM_REFUSED, "number", "the member's next site number is %u, not %u", next, s->site);
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_SITES, member, event, index, st);
  if (code != OM_OK) return code;
  uint8_t row[OM_ROW_SITE_BYTES + OM_NAME_BYTES];
  size_t len = strlen(s->name);
  if (!om_act_is_name(s->name) || !om_act_is_country(s->country))
    return om_act_refuse(st, "form", "a site needs a name of at most 128 bytes and a country of two capital letters");
  row[0] = (uint8_t)s->kind;
  memcpy(row + 1, s->country, 2);
  memcpy(row + OM_ROW_SITE_BYTES, s->name, len);
  om_act_put(txn, OM_ROW_SITE, member, next, judged->index, row, OM_ROW_SITE_BYTES + len);
  om_act_put_count(txn, OM_ROW_SITE_COUNT, member, judged->index, next);
  return OM_OK;
}
