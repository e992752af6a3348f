/* The acts of the governors over members: Enrol, Suspend and Reinstate, Rehome; and Reassign, which gives a lot of one
 * to another. */
#include <string.h>

#include "keys/vkey.h"
#include "ledger/acts_parts.h"

static void put_member(struct om_txn *txn, uint64_t since, const struct om_member *m) {
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
  om_act_put(txn, OM_ROW_MEMBER, m->number, 0, since, row, OM_ROW_MEMBER_BYTES + len);
}

static uint32_t role_bits(const Oremark__Role *roles, size_t n) {
  uint32_t bits = 0;
  for (size_t i = 0; i < n; i++) {
    OM_ASSERT((unsigned)roles[i] < 32); /* a canonical message has none but those of the schema */
    bits |= 1U << roles[i];
  }
  return bits;
}

void om_act_put_new_member(struct om_txn *txn, uint64_t since, const Oremark__NewMember *m) {
  struct om_member row = {.number = m->member, .home_log = m->home_log};
  row.roles = role_bits(m->roles, m->n_roles);
  memcpy(row.country, m->country, 2);
  strcpy(row.name, m->name); /* om_act_member_form has measured it */
  put_member(txn, since, &row);
  om_act_put_count(txn, OM_ROW_MEMBER_COUNT, 0, since, m->member);
  om_act_put_new_key(txn, m->member, om_act_by_governors(since), m->key, "");
}

enum om_code om_act_member_form(const Oremark__NewMember *m, struct om_status *st) {
  if (!om_act_is_name(m->name)) return om_act_form(st, "name", "of a member is empty or longer than 128 bytes");
  if (!om_act_is_country(m->country))
    return om_act_form(st, "country", "is not two capital letters (ISO 3166-1 alpha-2)");
  if (!om_act_is_key(m->key)) return om_act_form(st, "key", "of a member is not an Ed25519 public key");
  for (size_t i = 0; i < m->n_roles; i++)
    if (m->roles[i] == OREMARK__ROLE__ROLE_UNSTATED || (i > 0 && m->roles[i] <= m->roles[i - 1]))
      return om_act_form(st, "roles", "are not ascending, each once");
  return OM_OK;
}

enum om_code om_act_enrol(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event, uint16_t index,
                          struct om_status *st) {
  const Oremark__NewMember *m = event->enrol->member;
  struct om_retired ended;
  uint32_t next = om_registry_members(txn, OM_REGISTRY_NOW) + 1;
  if (!m) return om_act_refuse(st, "form", "the act names no member");
  if (m->member != next)
    return om_fail(st, OM_REFUSED, "number",
                   "the next member's number is %u, not %u: another act was recorded before; make this one anew", next,
                   m->member);
  if (m->home_log >= om_registry_daemons(txn, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "home", "there is no log %u to be the member's home", m->home_log);
  if (om_registry_retired(txn, &ended, m->home_log, OM_REGISTRY_NOW))
    return om_fail(st, OM_REFUSED, "home", "log %u has ended, and can be nobody's home", m->home_log);
  if (event->previous.len != 0) return om_act_refuse(st, "previous", "a new member has no act before this one");
  enum om_code code = om_act_member_form(m, st);
  if (code == OM_OK) code = om_act_admit_key(txn, m->member, m->key, st);
  if (code != OM_OK) return code;
  om_act_put_new_member(txn, judged->index, m);
  code = om_act_chain(txn, judged, OM_SUBJECT_MEMBER, m->member, event, index, st);
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_KEYS, m->member, event, index, st);
  return code == OM_OK ? om_act_chain(txn, judged, OM_SUBJECT_SITES, m->member, event, index, st) : code;
}

enum om_code om_act_set_roles(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                              uint16_t index, struct om_status *st) {
  const Oremark__SetRoles *s = event->set_roles;
  struct om_member m;
  enum om_code code = om_registry_member(txn, &m, s->member, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING) return om_fail(st, OM_REFUSED, "member", "there is no member %u", s->member);
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_MEMBER, s->member, event, index, st);
  if (code != OM_OK) return code;
  m.roles = role_bits(s->roles, s->n_roles);
  put_member(txn, judged->index, &m);
  return OM_OK;
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
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_MEMBER, member, event, index, st);
  if (code != OM_OK) return code;
  m.suspended = suspended;
  put_member(txn, judged->index, &m);
  return OM_OK;
}

enum om_code om_act_suspend(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                            uint16_t index, struct om_status *st) {
  return set_standing(txn, judged, event, index, event->suspend->member, true, st);
}

enum om_code om_act_reinstate(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                              uint16_t index, struct om_status *st) {
  return set_standing(txn, judged, event, index, event->reinstate->member, false, st);
}

/* Who leans on the move waits until the old home has marked it: see om_stage's check_home. */
enum om_code om_act_rehome(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
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
  code = om_act_chain(txn, judged, OM_SUBJECT_MEMBER, member, event, index, st);
  if (code != OM_OK) return code;
  m.home_before = m.home_log;
  m.home_log = to;
  m.home_since = judged->index;
  m.moves++;
  put_member(txn, judged->index, &m);
  return OM_OK;
}

/* Whether the event that it names is the lot's last is not known here: it binds where it is, and is void where not. */
enum om_code om_act_reassign(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                             uint16_t index, struct om_status *st) {
  (void)index; /* no chain */
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
  return om_act_refuse(st, "twice", "a statement reassigns a lot once");
}
