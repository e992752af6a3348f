/* The acts of a member for itself but those about its keys: AddSite, SetSealingKey, GiveMandate and EndMandate. */
#include <string.h>

#include "keys/sign.h"
#include "ledger/acts_parts.h"

enum om_code om_act_add_site(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             uint16_t index, struct om_status *st) {
  const Oremark__AddSite *s = event->add_site;
  uint32_t member = judged->statement->member;
  uint32_t next = om_registry_sites(txn, member, OM_REGISTRY_NOW) + 1;
  if (s->site != next)
    return om_fail(st, OM_REFUSED, "number",
                   "the member's next site number is %u, not %u: another site was added before; make the act anew",
                   next, s->site);
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_SITES, member, event, index, st);
  if (code != OM_OK) return code;
  uint8_t row[OM_ROW_SITE_BYTES + OM_NAME_BYTES], *at = row + OM_ROW_BY_BYTES;
  size_t len = strlen(s->name);
  if (!om_act_is_name(s->name) || !om_act_is_country(s->country))
    return om_act_refuse(st, "form", "a site needs a name of at most 128 bytes and a country of two capital letters");
  struct om_by by = om_act_by(judged);
  om_by_write(row, &by);
  at[0] = 0;
  at[1] = (uint8_t)s->kind;
  memcpy(at + 2, s->country, 2);
  memcpy(row + OM_ROW_SITE_BYTES, s->name, len);
  om_act_put(txn, OM_ROW_SITE, member, next, judged->index, row, OM_ROW_SITE_BYTES + len);
  om_act_put_count(txn, OM_ROW_SITE_COUNT, member, judged->index, next);
  return OM_OK;
}

/* A key of small order would make every secret that is sealed to it the same. */
enum om_code om_act_set_sealing_key(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                    uint16_t index, struct om_status *st) {
  uint32_t member = judged->statement->member;
  ProtobufCBinaryData key = event->set_sealing_key->key;
  uint8_t row[OM_ROW_BY_BYTES + OM_PUBLIC_BYTES];
  if (!om_box_public_ok(key.data)) return om_act_refuse(st, "key", "the key is not a safe X25519 public key");
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_KEYS, member, event, index, st);
  if (code != OM_OK) return code;
  struct om_by by = om_act_by(judged);
  om_by_write(row, &by);
  memcpy(row + OM_ROW_BY_BYTES, key.data, OM_PUBLIC_BYTES);
  om_act_put(txn, OM_ROW_SEALING, member, 0, judged->index, row, sizeof row);
  return OM_OK;
}

/* ---- mandates ---- */

static void put_mandate(struct om_txn *txn, const struct om_case *judged, uint32_t agent, uint8_t scope) {
  uint8_t row[OM_ROW_BY_BYTES + 1];
  struct om_by by = om_act_by(judged);
  om_by_write(row, &by);
  row[OM_ROW_BY_BYTES] = scope;
  om_act_put(txn, OM_ROW_MANDATE, judged->statement->member, agent, judged->index, row, sizeof row);
}

enum om_code om_act_give_mandate(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                 uint16_t index, struct om_status *st) {
  const Oremark__GiveMandate *g = event->give_mandate;
  uint32_t owner = judged->statement->member;
  struct om_member agent;
  enum om_code code = om_registry_member(txn, &agent, g->agent, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "member", "there is no member %u", g->agent);
  if (code == OM_OK && g->agent == owner)
    code = om_act_refuse(st, "mandate", "a member needs no mandate for what it owns itself");
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_MANDATES, owner, event, index, st);
  if (code == OM_OK)
    put_mandate(txn, judged, g->agent,
                (uint8_t)((g->ship ? OM_MANDATE_SHIP : 0) | (g->consume ? OM_MANDATE_CONSUME : 0)));
  return code;
}

enum om_code om_act_end_mandate(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                uint16_t index, struct om_status *st) {
  uint32_t owner = judged->statement->member, agent = event->end_mandate->agent, scope;
  enum om_code code = om_registry_mandate(txn, owner, agent, &scope, OM_REGISTRY_NOW, st);
  if (code == OM_OK && scope == 0)
    code = om_fail(st, OM_REFUSED, "mandate", "member %u has given member %u no mandate", owner, agent);
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_MANDATES, owner, event, index, st);
  if (code == OM_OK) put_mandate(txn, judged, agent, 0);
  return code;
}
