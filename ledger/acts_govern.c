/* The acts of the governors that are about no member's standing: SetGovernors, SetLimits, SetRules, RecogniseScheme,
 * SiteStatus.
 */
#include <string.h>

#include "ledger/acts_parts.h"

static bool is_member(struct om_txn *txn, uint32_t member, struct om_status *st) {
  struct om_member row;
  if (om_registry_member(txn, &row, member, OM_REGISTRY_NOW, st) == OM_OK) return true;
  if (st->code == OM_MISSING) om_fail(st, OM_REFUSED, "member", "there is no member %u", member);
  return false;
}

/* ---- SetGovernors ---- */

static bool has_key(struct om_txn *txn, uint32_t member) {
  struct om_member_key key;
  for (uint64_t from = 0; om_registry_key_next(txn, &key, member, from, OM_REGISTRY_NOW); from = (uint64_t)key.id + 1)
    if (key.state == OM_KEY_STANDS) return true;
  return false;
}

enum om_code om_act_governors_can(struct om_txn *txn, struct om_status *st) {
  struct om_governors g;
  size_t able = 0;
  enum om_code code = om_registry_governors(txn, &g, OM_REGISTRY_NOW, st);
  if (code != OM_OK) return code;
  for (size_t i = 0; i < g.n; i++) able += has_key(txn, g.members[i]);
  if (able >= g.threshold) return om_txn_check(txn, st);
  return om_fail(st, OM_REFUSED, "governors",
                 "%u governors must sign an act, and of only %zu would a key stand: nobody could govern any more",
                 g.threshold, able);
}

enum om_code om_act_set_governors(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                  uint16_t index, struct om_status *st) {
  const Oremark__SetGovernors *s = event->set_governors;
  for (size_t i = 0; i < s->n_governors; i++)
    if (!is_member(txn, s->governors[i], st)) return st->code;
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_GOVERNORS, 0, event, index, st);
  if (code != OM_OK) return code;
  om_act_put_numbers(txn, OM_ROW_GOVERNORS, judged->index, s->threshold, s->governors, s->n_governors);
  return om_act_governors_can(txn, st);
}

/* ---- SetLimits ---- */

enum om_code om_act_set_limits(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                               uint16_t index, struct om_status *st) {
  const Oremark__Limits *limits = event->set_limits->limits;
  if (om_act_limits_form(limits, st) != OM_OK) {
    struct om_status why = *st;
    return om_fail(st, OM_REFUSED, "limits", "%s", why.text);
  }
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_LIMITS, 0, event, index, st);
  if (code == OM_OK) om_act_put_limits(txn, judged->index, limits);
  return code;
}

/* ---- SetRules ---- */

/* In a statement of its own: what a program does not know may stand only behind the entry at which it waits. */
enum om_code om_act_set_rules(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                              uint16_t index, struct om_status *st) {
  uint32_t now, next = event->set_rules->rules_version;
  if (judged->statement->n_events != 1)
    return om_act_refuse(st, "rules", "a change of the rules is a statement of its own: leave out the other acts");
  enum om_code code = om_registry_rules(txn, &now, OM_REGISTRY_NOW, st);
  if (code == OM_OK && now == next)
    code = om_fail(st, OM_REFUSED, "rules", "the network follows rules version %u already", now);
  if (code == OM_OK) code = om_act_chain(txn, judged, OM_SUBJECT_RULES, 0, event, index, st);
  if (code != OM_OK) return code;
  if (next > judged->rules_known)
    return om_fail(st, OM_REFUSED, OM_RULE_UPGRADE,
                   "the network goes over to rules version %u, and this program knows %u: upgrade oremarkd", next,
                   judged->rules_known);
  om_act_put_count(txn, OM_ROW_RULES, 0, judged->index, next);
  return OM_OK;
}

/* ---- RecogniseScheme ---- */

static void put_scheme(struct om_txn *txn, uint64_t since, uint32_t number, const Oremark__RecogniseScheme *r) {
  uint8_t row[5 + 4 * OM_CERTIFIERS_MAX + OM_SCHEME_BYTES];
  size_t n = r->n_certifiers, len = strlen(r->scheme);
  OM_ASSERT(n <= OM_CERTIFIERS_MAX && len <= OM_SCHEME_BYTES); /* by its form */
  row[0] = r->ended != 0;
  om_be32(row + 1, (uint32_t)n);
  for (size_t i = 0; i < n; i++) om_be32(row + 5 + 4 * i, r->certifiers[i]);
  memcpy(row + 5 + 4 * n, r->scheme, len);
  om_act_put(txn, OM_ROW_SCHEME, number, 0, since, row, 5 + 4 * n + len);
}

/* Its name's number is its own for ever, so that what was certified under it can be looked up as of then. */
static uint32_t new_scheme(struct om_txn *txn, uint64_t since, const char *name) {
  uint8_t key[OM_SCHEME_NAMED_BYTES], row[4];
  uint32_t number = om_registry_schemes(txn, OM_REGISTRY_NOW) + 1;
  size_t len = om_scheme_named_key(key, name);
  om_be32(row, number);
  om_txn_put(txn, OM_TABLE_REGISTRY, key, len, row, sizeof row);
  om_act_put_count(txn, OM_ROW_SCHEME_COUNT, 0, since, number);
  return number;
}

enum om_code om_act_recognise_scheme(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                     uint16_t index, struct om_status *st) {
  const Oremark__RecogniseScheme *r = event->recognise_scheme;
  uint32_t number = om_registry_scheme_number(txn, r->scheme);
  if (number == 0 && r->ended) return om_fail(st, OM_REFUSED, "scheme", "there is no scheme called '%s'", r->scheme);
  for (size_t i = 0; i < r->n_certifiers; i++)
    if (!is_member(txn, r->certifiers[i], st)) return st->code;
  if (number == 0) number = new_scheme(txn, judged->index, r->scheme);
  enum om_code code = om_act_chain(txn, judged, OM_SUBJECT_SCHEME, number, event, index, st);
  if (code == OM_OK) put_scheme(txn, judged->index, number, r);
  return code;
}

/* ---- SiteStatus ---- */

/* Each act keeps its row: which of them holds depends on the time that is asked for. */
enum om_code om_act_site_status(struct om_txn *txn, const struct om_case *judged, const Oremark__Event *event,
                                uint16_t index, struct om_status *st) {
  const Oremark__SiteStatus *s = event->site_status;
  uint8_t key[OM_REGISTRY_KEY_BYTES], row[1 + 8 + 8];
  struct om_site site;
  enum om_code code = om_registry_site(txn, &site, s->member, s->site, OM_REGISTRY_NOW, st);
  if (code == OM_MISSING)
    return om_fail(st, OM_REFUSED, "site",
                   "member %u has no site %u: add it to the registry first (oremark member add-site)", s->member,
                   s->site);
  if (code == OM_OK && site.kind != OREMARK__SITE_KIND__SITE_KIND_MINE)
    code = om_fail(st, OM_REFUSED, "site", "site %u of member %u (%s) is no mine site", s->site, s->member, site.name);
  if (code == OM_OK) code = om_act_chain_status(txn, judged, s->member, s->site, event, index, st);
  if (code != OM_OK) return code;
  om_registry_row_key(key, OM_ROW_STATUS, s->member, s->site, judged->index);
  row[0] = (uint8_t)s->state;
  om_be64(row + 1, (uint64_t)s->valid_from_ms);
  om_be64(row + 9, (uint64_t)s->valid_until_ms);
  if (om_txn_insert(txn, OM_TABLE_REGISTRY, key, sizeof key, row, sizeof row)) return OM_OK;
  return om_act_refuse(st, "twice", "a statement gives a site one status");
}
