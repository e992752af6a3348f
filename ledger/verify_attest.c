/* What was attested about the members, sites and lots of a lineage: certificates and the governors' status of mine
 * sites, each judged at the time that a record states and at the time by which it was final; and what those sites
 * declare to have put out, beside what was estimated. Certificates are told of and their entries hashed; one that was
 * not valid then, or of which that can't be known, is told and decides nothing, for anybody may be given certificates
 * by anybody: only a record that draws from a certificate leans on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/certificate.h"
#include "ledger/events/kinds.h"
#include "ledger/output.h"
#include "ledger/registry_rows.h"
#include "ledger/step.h"
#include "ledger/times.h"
#include "ledger/verify_state.h"

/* A certificate that bears on the lineage. */
struct held {
  struct om_certificate certificate; /* UNTIL as it was cut short by a withdrawal */
  struct om_certificate_end end;
  struct om_place at;
  uint32_t scheme;                   /* index in schemes */
  uint64_t inside, outside, unknown; /* records */
};

/* A scheme under which one was given. */
struct scheme {
  char name[OM_SCHEME_BYTES + 1];
  uint64_t valid_for; /* the last record, counted from 1, for which a certificate under it was found valid */
};

/* A member (site 0) or one of its sites; or, with WHAT, an element (its low byte) and year of a site's output. */
struct known {
  uint32_t member, site, what;
  uint32_t first, n; /* its certificates, in held */
  bool has_status;   /* the governors have spoken of the site */
  uint64_t yellow;   /* records of metal from it while it was */
};

struct attest {
  struct om_verify *v;
  struct om_arena arena; /* of the entry in hand */
  struct held *held;
  size_t n_held, cap_held;
  bool cut; /* there are more than OM_VERIFY_CERTIFICATES_MAX */
  struct scheme *schemes;
  size_t n_schemes, cap_schemes;
  uint64_t n_records; /* compared with certificates so far */
  struct known *known;
  size_t n_known, cap_known;
  uint32_t *slots;  /* open addressing over indexes of known; a slot holds index + 1, 0 is free */
  size_t n_slots;   /* a power of two */
  int64_t *at_ms;   /* of each event of the lineage; 0: not read */
  uint64_t *time_s; /* of each entry */
  bool any_status, any_lot;
};

/* ---- what is known of members and sites ---- */

static size_t probe(const struct attest *a, uint32_t member, uint32_t site, uint32_t what) {
  uint64_t hash = ((uint64_t)member << 32 | site) * UINT64_C(0x9E3779B97F4A7C15) + what * UINT64_C(0xC2B2AE3D27D4EB4F);
  size_t at = (size_t)(hash >> 32) & (a->n_slots - 1);
  for (; a->slots[at]; at = (at + 1) & (a->n_slots - 1)) {
    const struct known *k = &a->known[a->slots[at] - 1];
    if (k->member == member && k->site == site && k->what == what) break;
  }
  return at;
}

static void make_room(struct attest *a) {
  if (a->n_known < a->cap_known) return;
  a->cap_known = a->cap_known == 0 ? 64 : 2 * a->cap_known;
  a->known = realloc(a->known, a->cap_known * sizeof *a->known);
  a->n_slots = 2 * a->cap_known;
  free(a->slots);
  a->slots = calloc(a->n_slots, sizeof *a->slots);
  OM_ASSERT(a->known && a->slots);
  for (size_t i = 0; i < a->n_known; i++)
    a->slots[probe(a, a->known[i].member, a->known[i].site, a->known[i].what)] = (uint32_t)i + 1;
}

/* Its index, and whether it is new. */
static size_t know(struct attest *a, bool *is_new, uint32_t member, uint32_t site, uint32_t what) {
  make_room(a);
  size_t at = probe(a, member, site, what);
  *is_new = a->slots[at] == 0;
  if (*is_new) {
    a->known[a->n_known] = (struct known){.member = member, .site = site, .what = what};
    a->slots[at] = (uint32_t)++a->n_known;
  }
  return a->slots[at] - 1;
}

/* ---- certificates ---- */

/* The certificate at AT, cut short where it was withdrawn. *FINAL: else nobody answers for it yet. */
static enum om_code load(struct attest *a, struct held *out, bool *final, const struct om_place *at,
                         struct om_status *st) {
  struct om_attested row;
  *out = (struct held){.at = *at};
  enum om_code code = om_certificate_get(a->v->txn, &out->certificate, &row, &out->end, at, st);
  if (code == OM_OK) code = om_verify_also(a->v, final, at, st);
  if (code != OM_OK || !out->end.ended) return code;
  om_verify_time(a->v, out->end.by.log, out->end.by.index);
  bool end_final;
  code = om_verify_also(a->v, &end_final, &out->end.by, st);
  if (!end_final) out->end = (struct om_certificate_end){.until_ms = INT64_MAX};
  if (out->end.until_ms < out->certificate.until_ms) out->certificate.until_ms = out->end.until_ms;
  return code;
}

static uint32_t scheme_of(struct attest *a, const char *name) {
  for (size_t i = a->n_schemes; i-- > 0;)
    if (strcmp(a->schemes[i].name, name) == 0) return (uint32_t)i;
  if (a->n_schemes == a->cap_schemes) {
    a->cap_schemes = a->cap_schemes == 0 ? 8 : 2 * a->cap_schemes;
    a->schemes = realloc(a->schemes, a->cap_schemes * sizeof *a->schemes);
    OM_ASSERT(a->schemes);
  }
  a->schemes[a->n_schemes] = (struct scheme){0};
  memcpy(a->schemes[a->n_schemes].name, name, strlen(name) + 1);
  return (uint32_t)a->n_schemes++;
}

static enum om_code hold(struct attest *a, const struct om_place *at, struct om_status *st) {
  struct held held;
  bool final = false;
  if (a->n_held == OM_VERIFY_CERTIFICATES_MAX) { /* one too many goes into a bundle as well, so that it shows there */
    a->cut = true;
    return om_verify_also(a->v, &final, at, st);
  }
  enum om_code code = load(a, &held, &final, at, st);
  if (code != OM_OK || !final) return code;
  held.scheme = scheme_of(a, held.certificate.scheme);
  if (a->n_held == a->cap_held) {
    a->cap_held = a->cap_held == 0 ? 16 : 2 * a->cap_held;
    a->held = realloc(a->held, a->cap_held * sizeof *a->held);
    OM_ASSERT(a->held);
  }
  a->held[a->n_held++] = held;
  return OM_OK;
}

/* All certificates about ABOUT, as held[*FIRST .. *FIRST + *N). */
static enum om_code hold_all(struct attest *a, uint32_t *first, uint32_t *n, const struct om_subject_key *about,
                             struct om_status *st) {
  struct om_place at = {0};
  enum om_code code = OM_OK;
  int kind;
  *first = (uint32_t)a->n_held;
  while (code == OM_OK && !a->cut && om_attested_next(a->v->txn, &at, &kind, about))
    if (kind == OREMARK__EVENT__KIND_CERTIFY) code = hold(a, &at, st);
  *n = (uint32_t)a->n_held - *first;
  return code;
}

static enum om_code find_known(struct attest *a, struct known **out, uint32_t member, uint32_t site,
                               struct om_status *st) {
  struct om_site_status status;
  struct om_subject_key about;
  bool is_new;
  size_t i = know(a, &is_new, member, site, 0);
  enum om_code code = OM_OK;
  if (is_new) {
    if (site == 0)
      om_about_member(&about, member);
    else
      om_about_site(&about, member, site);
    code = hold_all(a, &a->known[i].first, &a->known[i].n, &about, st);
    a->known[i].has_status =
        site != 0 && om_registry_site_status_last(a->v->txn, &status, member, site, OM_REGISTRY_NOW);
  }
  *out = &a->known[i];
  return code;
}

/* When the record was final. */
static uint64_t time_of(struct attest *a, size_t event) {
  const struct om_lineage_event *e = &a->v->lineage.events[event];
  const struct om_verify_watch *watch = a->v->watch;
  if (watch) watch->when(watch->ctx, e->log, e->index);
  return a->time_s[a->v->entry_of[event]];
}

/* A record beside N certificates on one subject: where one is valid, another under the same scheme need not be. */
static void judge_record(struct attest *a, uint32_t first, uint32_t n, size_t event) {
  uint64_t time_s = n > 0 ? time_of(a, event) : 0;
  a->n_records++;
  for (uint32_t i = first; i < first + n; i++) {
    struct held *held = &a->held[i];
    const struct om_certificate *c = &held->certificate;
    if (om_valid_at(c->from_ms, c->until_ms, a->at_ms[event], time_s) != OM_VALID) continue;
    a->schemes[held->scheme].valid_for = a->n_records;
    held->inside++;
    om_verify_pass(a->v, OM_CHECK_CERTIFICATES, 1);
  }
  for (uint32_t i = first; i < first + n; i++) {
    struct held *held = &a->held[i];
    const struct om_certificate *c = &held->certificate;
    if (a->schemes[held->scheme].valid_for == a->n_records) continue;
    bool not = om_valid_at(c->from_ms, c->until_ms, a->at_ms[event], time_s) == OM_VALID_NOT;
    held->outside += not ;
    held->unknown += !not ;
  }
}

/* "event 0 of entry 7 of kamoto.example/log draws from a certificate under Copper Mark" */
static const char *drawing(const struct attest *a, char out[OM_STATUS_TEXT_BYTES], const struct held *held,
                           size_t event) {
  const struct om_lineage_event *e = &a->v->lineage.events[event];
  snprintf(out, OM_STATUS_TEXT_BYTES, "event %u of entry %llu of %s draws from a certificate under %s", e->event,
           (unsigned long long)e->index, om_verify_origin(a->v, e->log), held->certificate.scheme);
  return out;
}

static void judge_drawn(struct attest *a, const struct held *held, size_t event) {
  const struct om_verify *v = a->v;
  const struct om_certificate *c = &held->certificate;
  char what[OM_STATUS_TEXT_BYTES], when[OM_TIME_TEXT_BYTES];
  uint64_t time_s = time_of(a, event);
  enum om_valid valid = om_valid_at(c->from_ms, c->until_ms, a->at_ms[event], time_s);
  drawing(a, what, held, event);
  if (held->end.ended) {
    om_time_format(when, sizeof when, held->end.at_ms, 0);
    om_verify_find(a->v, "certificate", "%s that was withdrawn since, as of %s by its author's word", what, when);
  }
  if (valid == OM_VALID) om_verify_pass(a->v, OM_CHECK_CERTIFICATES, 1);
  if (valid == OM_VALID_NOT) om_verify_fail(a->v, OM_CHECK_CERTIFICATES, "%s that was not valid then", what);
  if (valid != OM_VALID_UNKNOWN) return;
  if (time_s == 0 && om_verify_timeless(v, v->lineage.events[event].log))
    om_verify_find(a->v, "certificate",
                   "%s: its log needs no cosignatures, so nobody but its operator says when it was final, and whether "
                   "the certificate was valid then is not known",
                   what);
  else
    om_verify_unknown(a->v, OM_CHECK_CERTIFICATES, "%s: whether it was valid then is not known", what);
}

/* A record that draws from a certificate leans on it, whatever else bears on the lineage: it must be valid then. */
static enum om_code judge_claim(struct attest *a, const Oremark__Claim *claim, size_t event, struct om_status *st) {
  const struct om_lineage_event *e = &a->v->lineage.events[event];
  const Oremark__EventRef *ref = claim->certificate;
  struct om_place at;
  struct om_hash id;
  struct held held;
  bool final = false;
  if (!ref || ref->statement_id.len != OM_HASH_BYTES) return OM_OK; /* the rules say so */
  memcpy(id.bytes, ref->statement_id.data, OM_HASH_BYTES);
  enum om_code code = om_statement_find(a->v->txn, &at, ref->member, ref->signed_ms, &id, st);
  at.event = (uint16_t)ref->event;
  if (code == OM_OK) code = load(a, &held, &final, &at, st);
  if (code == OM_MISSING) {
    om_verify_fail(a->v, OM_CHECK_CERTIFICATES,
                   "event %u of entry %llu of %s draws from a certificate that is not here", e->event,
                   (unsigned long long)e->index, om_verify_origin(a->v, e->log));
    return OM_OK;
  }
  if (code == OM_OK && final) {
    judge_drawn(a, &held, event);
    code = om_verify_paper(a->v, &at, st);
  }
  if (code == OM_OK && !final) {
    char what[OM_STATUS_TEXT_BYTES];
    om_verify_unknown(a->v, OM_CHECK_CERTIFICATES, "%s: that certificate is not final here",
                      drawing(a, what, &held, event));
  }
  return code;
}

/* ---- mine sites ---- */

/* The status at the record's time, and at both ends of the second by which it was final; 0: none. */
static void status_at(struct attest *a, int out[3], const struct known *site, size_t event) {
  uint64_t time_s = time_of(a, event);
  int64_t times[3] = {a->at_ms[event], (int64_t)time_s * 1000, (int64_t)time_s * 1000 + 999};
  for (int i = 0; i < 3; i++) {
    struct om_site_status status;
    bool said = (i == 0 || time_s != 0) &&
                om_registry_site_status(a->v->txn, &status, site->member, site->site, times[i], OM_REGISTRY_NOW);
    out[i] = said ? (int)status.state : 0;
  }
}

static void judge_site(struct attest *a, struct known *site, size_t event) {
  const struct om_lineage_event *e = &a->v->lineage.events[event];
  int at[3], green = 0, yellow = 0, red = 0;
  char name[OM_VERIFY_SITE_BYTES];
  status_at(a, at, site, event);
  for (int i = 0; i < 3; i++) {
    green += at[i] == OREMARK__SITE_STATE__SITE_STATE_GREEN;
    yellow += at[i] == OREMARK__SITE_STATE__SITE_STATE_YELLOW;
    red += at[i] == OREMARK__SITE_STATE__SITE_STATE_RED;
  }
  site->yellow += yellow > 0;
  if (green + yellow == 3) {
    om_verify_pass(a->v, OM_CHECK_SITES, 1);
  } else if (red == 3) {
    om_verify_fail(a->v, OM_CHECK_SITES, "event %u of entry %llu of %s: %s was red then", e->event,
                   (unsigned long long)e->index, om_verify_origin(a->v, e->log),
                   om_verify_site(a->v, name, site->member, site->site));
  } else {
    om_verify_unknown(a->v, OM_CHECK_SITES,
                      "event %u of entry %llu of %s: that %s was green or yellow at the time that it "
                      "states and at the time by which it was final is not known",
                      e->event, (unsigned long long)e->index, om_verify_origin(a->v, e->log),
                      om_verify_site(a->v, name, site->member, site->site));
  }
}

/* ---- output ---- */

/* Each site's metal of each year is compared once. */
static enum om_code judge_output(struct attest *a, const Oremark__Extract *extract, uint32_t member, int64_t at_ms,
                                 struct om_status *st) {
  struct om_output output = {.member = member, .site = extract->site, .year = om_year_of(at_ms)};
  for (size_t i = 0; i < extract->n_lots; i++)
    for (size_t k = 0; k < extract->lots[i]->n_metals; k++) {
      bool is_new;
      output.element = (uint8_t)extract->lots[i]->metals[k]->element;
      know(a, &is_new, member, extract->site, (uint32_t)output.year << 8 | output.element);
      struct om_output found = output;
      found.year--; /* the walk begins behind this key */
      if (!is_new || !om_output_next(a->v->txn, &found, member) || found.site != output.site ||
          found.element != output.element || found.year != output.year)
        continue;
      enum om_code code = om_verify_output(a->v, &a->arena, &found, st);
      if (code != OM_OK) return code;
    }
  return OM_OK;
}

/* ---- the records ---- */

/* Where EVENT takes place, by its own word; 0: it names no site. */
static uint32_t site_of(const Oremark__Event *event) {
  switch ((int)event->kind_case) {
    case OREMARK__EVENT__KIND_EXTRACT: return event->extract->site;
    case OREMARK__EVENT__KIND_COLLECT: return event->collect->site;
    case OREMARK__EVENT__KIND_DECLARE: return event->declare->site;
    case OREMARK__EVENT__KIND_RECEIVE: return event->receive->site;
    case OREMARK__EVENT__KIND_TRANSFORM: return event->transform->site;
    case OREMARK__EVENT__KIND_CHARGE: return event->charge->site;
    default: return 0;
  }
}

static enum om_code judge_event(struct attest *a, const Oremark__Event *event, uint32_t member, size_t index,
                                struct om_status *st) {
  struct known *known;
  uint32_t site = site_of(event);
  bool extracts = event->kind_case == OREMARK__EVENT__KIND_EXTRACT;
  if (find_known(a, &known, member, 0, st) != OM_OK) return st->code;
  judge_record(a, known->first, known->n, index);
  if (site != 0) {
    if (find_known(a, &known, member, site, st) != OM_OK) return st->code;
    judge_record(a, known->first, known->n, index);
    if (extracts && known->has_status) judge_site(a, known, index);
  }
  if (event->kind_case == OREMARK__EVENT__KIND_CLAIM) return judge_claim(a, event->claim, index, st);
  if (event->kind_case == OREMARK__EVENT__KIND_HOLD) return om_verify_hold(a->v, member, index, st);
  return extracts ? judge_output(a, event->extract, member, event->at_ms, st) : OM_OK;
}

/* An entry that can't be read is for other checks to tell. */
static enum om_code judge_entry(struct attest *a, size_t entry, struct om_status *st) {
  const struct om_verify *v = a->v;
  const struct om_verify_entry *e = &v->entries[entry];
  struct om_bytes bytes;
  struct om_found found;
  enum om_code code = om_log_entry(v->txn, &bytes, e->log, e->index, st);
  if (code != OM_OK) return code == OM_MISSING ? OM_OK : code;
  om_arena_reset(&a->arena);
  if (!om_find_event(&found, bytes.data, bytes.len, 0)) return OM_OK;
  const Oremark__Statement *s =
      oremark__statement__unpack(om_arena_protobuf(&a->arena), found.statement.len, found.statement.data);
  a->time_s[entry] = om_times_final(v->txn, e->log, e->index);
  for (uint32_t i = e->first_event; s && i < e[1].first_event && code == OM_OK; i++) {
    uint32_t index = v->order[i];
    uint16_t event = v->lineage.events[index].event;
    if (event >= s->n_events || om_event_form(s->events[event], st) != OM_OK) continue;
    a->at_ms[index] = s->events[event]->at_ms;
    code = judge_event(a, s->events[event], s->member, index, st);
  }
  return code;
}

/* Certificates on the lots themselves, beside each of their records. */
static enum om_code judge_lots(struct attest *a, struct om_status *st) {
  const struct om_lineage *l = &a->v->lineage;
  for (size_t i = 0; i < l->n_lots; i++) {
    struct om_subject_key about;
    uint32_t first, n;
    om_about_lot(&about, l->lots[i].number);
    enum om_code code = hold_all(a, &first, &n, &about, st);
    if (code != OM_OK) return code;
    if (n == 0 || l->lots[i].n_steps == 0) continue;
    for (uint32_t step = l->lots[i].first; step != OM_LINEAGE_NONE; step = l->steps[step].next)
      if (a->at_ms[l->steps[step].event] != 0) judge_record(a, first, n, l->steps[step].event);
  }
  return OM_OK;
}

/* ---- what is told ---- */

static enum om_code tell_certificate(struct attest *a, const struct held *held, struct om_status *st) {
  struct om_step *step = om_arena_alloc(a->v->arena, sizeof *step);
  char when[OM_TIME_TEXT_BYTES];
  enum om_code code = om_step_read(a->v->txn, &a->arena, step, a->v->network, &held->at, st);
  if (code != OM_OK) return code;
  bool known = held->end.ended && held->end.until_ms != INT64_MAX;
  om_time_format(when, sizeof when, known ? held->end.until_ms : held->end.at_ms, 0);
  om_verify_find(a->v, "certificate", "%s (member %u): %s%s%s: records inside it %llu, outside %llu, not known %llu",
                 step->member_name, step->member, step->text.bytes,
                 !held->end.ended ? ""
                 : known          ? "; withdrawn, with effect from "
                                  : "; withdrawn, when that was final is not known here, by its author's word ",
                 held->end.ended ? when : "", (unsigned long long)held->inside, (unsigned long long)held->outside,
                 (unsigned long long)held->unknown);
  return om_verify_paper(a->v, &held->at, st);
}

/* Certificates last: there may be many, and only so many findings are told. */
static enum om_code tell(struct attest *a, struct om_status *st) {
  char name[OM_VERIFY_SITE_BYTES];
  if (a->cut) {
    om_verify_find(a->v, "certificate", "more than %d certificates bear on it: the others were left out",
                   OM_VERIFY_CERTIFICATES_MAX);
    om_verify_unknown(a->v, OM_CHECK_CERTIFICATES, "more than %d certificates bear on it: the others were left out",
                      OM_VERIFY_CERTIFICATES_MAX);
  }
  for (size_t i = 0; i < a->n_known; i++)
    if (a->known[i].yellow > 0)
      om_verify_find(a->v, "site", "%s was yellow when %llu records of metal from it were made",
                     om_verify_site(a->v, name, a->known[i].member, a->known[i].site),
                     (unsigned long long)a->known[i].yellow);
  for (size_t i = 0; i < a->n_held; i++)
    if (a->held[i].inside + a->held[i].outside + a->held[i].unknown > 0 &&
        tell_certificate(a, &a->held[i], st) != OM_OK)
      return st->code;
  return OM_OK;
}

/* ---- all of it ---- */

/* Has anything been attested here, or a hold been overruled, that could bear on a lineage? Most networks begin without.
 */
static bool has_any(struct om_txn *txn) {
  static const uint8_t status[] = {OM_ROW_STATUS}, site[] = {OM_ABOUT_SITE};
  struct om_bytes key, row;
  return om_registry_schemes(txn, OM_REGISTRY_NOW) > 0 ||
         om_registry_overruled_any(txn, OM_OVERRULED_HOLD, OM_MEMBER_NONE, 0, 0) ||
         (om_txn_next(txn, &key, &row, OM_TABLE_REGISTRY, status, 1) && key.data[0] == status[0]) ||
         (om_txn_next(txn, &key, &row, OM_TABLE_ATTESTED, site, 1) && key.data[0] == site[0]);
}

bool om_verify_lots_attested(struct om_txn *txn) {
  static const uint8_t lot[] = {OM_ABOUT_LOT};
  struct om_bytes key, row;
  return om_txn_next(txn, &key, &row, OM_TABLE_ATTESTED, lot, 1) && key.data[0] == lot[0];
}

enum om_code om_verify_attested(struct om_verify *v, struct om_status *st) {
  bool lots = om_verify_lots_attested(v->txn);
  if (lots && om_verify_assays(v, st) != OM_OK) return st->code;
  if (!has_any(v->txn)) return om_txn_check(v->txn, st);
  struct attest a = {.v = v};
  a.at_ms = calloc(v->lineage.n_events + 1, sizeof *a.at_ms);
  a.time_s = calloc(v->n_entries + 1, sizeof *a.time_s);
  OM_ASSERT(a.at_ms && a.time_s);
  enum om_code code = OM_OK;
  for (size_t i = 0; i < v->n_entries && code == OM_OK; i++) {
    code = om_progress_tell(v->progress, "certificates", i, v->n_entries, st);
    if (code == OM_OK) code = judge_entry(&a, i, st);
  }
  if (code == OM_OK && lots) code = judge_lots(&a, st);
  if (code == OM_OK) code = tell(&a, st);
  free(a.at_ms);
  free(a.time_s);
  free(a.held);
  free(a.schemes);
  free(a.known);
  free(a.slots);
  om_arena_free(&a.arena);
  return code != OM_OK ? code : om_txn_check(v->txn, st);
}
