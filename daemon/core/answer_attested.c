/* What has been attested about lots, members and sites, and what sites have put out. */
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "ledger/bearing.h"
#include "ledger/downstream.h"
#include "ledger/output.h"

struct listing {
  struct om_answering *a;
  Oremark__Attestation *rows[OM_REPLY_ROWS];
  size_t n, size;
  uint64_t left_out; /* that come after those which are shown */
  struct om_downstream built_on;
  bool unwanted; /* the client has gone */
};

static ProtobufCBinaryData copied(struct om_view *view, const void *data, size_t len) {
  return (ProtobufCBinaryData){len, om_arena_copy(view->arena, data, len)};
}

static bool put(struct listing *l, bool more) {
  Oremark__Attestations out = OREMARK__ATTESTATIONS__INIT;
  out.attestations = l->rows;
  out.n_attestations = l->n;
  out.left_out = more ? 0 : l->left_out;
  Oremark__Downstream built_on = OREMARK__DOWNSTREAM__INIT;
  ProtobufCBinaryData first[OM_DOWNSTREAM_SHOWN];
  built_on.lots = l->built_on.n;
  built_on.more = l->built_on.more;
  built_on.first = first;
  for (; built_on.n_first < l->built_on.n && built_on.n_first < OM_DOWNSTREAM_SHOWN; built_on.n_first++)
    first[built_on.n_first] = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, l->built_on.first[built_on.n_first]};
  if (!more && built_on.lots > 0) out.built_on = &built_on;
  Oremark__Reply reply = om_answer_good(l->a, OREMARK__REPLY__WHAT_ATTESTATIONS, more);
  reply.attestations = &out;
  l->unwanted = !om_answer_put(l->a, &reply);
  om_view_reset(&l->a->view);
  l->n = l->size = 0;
  return !l->unwanted;
}

/* OVERRULED: where the governors ended it; NULL: they did not. */
static enum om_code view_ends(struct om_answering *a, Oremark__Attestation *out, const struct om_place *at,
                              const struct om_place *overruled, struct om_status *st) {
  enum { ENDS_SHOWN = 8 }; /* one ends it; what comes after says nothing new */
  struct om_place by = {0};
  enum om_code code = OM_OK;
  int kind;
  out->ends = om_arena_array(a->view.arena, ENDS_SHOWN, sizeof(Oremark__Step *));
  if (overruled) code = om_answer_step(a, &out->ends[out->n_ends++], overruled, st);
  while (code == OM_OK && out->n_ends < ENDS_SHOWN && om_attested_end(a->view.txn, &by, &kind, at)) {
    code = om_answer_step(a, &out->ends[out->n_ends], &by, st);
    out->n_ends += code == OM_OK;
  }
  return code;
}

static enum om_code view_corrected(struct om_answering *a, Oremark__Attestation *out, const struct om_place *at,
                                   struct om_status *st) {
  struct om_place corrected;
  if (!om_corrected(a->view.txn, &corrected, at)) return om_txn_check(a->view.txn, st);
  return om_answer_step(a, &out->about, &corrected, st);
}

static enum om_code view_attestation(struct om_answering *a, Oremark__Attestation **result, const struct om_place *at,
                                     struct om_status *st) {
  struct om_bytes entry;
  struct om_found found;
  struct om_hash id;
  Oremark__Attestation *out = *result = om_arena_alloc(a->view.arena, sizeof *out);
  oremark__attestation__init(out);
  enum om_code code = om_answer_step(a, &out->made, at, st);
  if (code == OM_OK) code = om_log_entry(a->view.txn, &entry, at->log, at->index, st);
  if (code != OM_OK) return code;
  if (!om_find_event(&found, entry.data, entry.len, at->event))
    return om_fail(st, OM_CORRUPT, NULL, "an attestation is not where it should stand: " OM_STORE_DAMAGED);
  OM_ASSERT(out->made->statement_id.len == sizeof id.bytes); /* as it was just read */
  memcpy(id.bytes, out->made->statement_id.data, sizeof id.bytes);
  out->signed_ms = (int64_t)found.signed_ms;
  out->statement_id = copied(&a->view, id.bytes, sizeof id.bytes);
  out->event = copied(&a->view, found.event.data, found.event.len);
  out->drawn_mg = (uint64_t)om_attested_drawn(a->view.txn, at);
  if (code == OM_OK) code = view_corrected(a, out, at, st);
  if (code != OM_OK) return code;
  struct om_place act;
  bool overruled = om_registry_overruled(a->view.txn, &act, OM_OVERRULED_FLAG, found.member, (int64_t)found.signed_ms,
                                         &id, at->event, OM_REGISTRY_NOW);
  return view_ends(a, out, at, overruled ? &act : NULL, st);
}

static enum om_code list_one(struct listing *l, const struct om_place *at, struct om_status *st) {
  if (view_attestation(l->a, &l->rows[l->n], at, st) != OM_OK) return st->code;
  l->size += oremark__attestation__get_packed_size(l->rows[l->n++]);
  if (l->n == OM_REPLY_ROWS || l->size >= OM_REPLY_MAX_BYTES) put(l, true);
  return OM_OK;
}

static enum om_code list_about(struct listing *l, const struct om_subject_key *about, struct om_status *st) {
  struct om_place at = {0};
  int kind;
  while (!l->unwanted && om_attested_next(l->a->view.txn, &at, &kind, about)) {
    if (list_one(l, &at, st) != OM_OK) return st->code;
  }
  return om_txn_check(l->a->view.txn, st);
}

static enum om_code list_member(struct listing *l, const Oremark__ListAttestations *asked, struct om_status *st) {
  struct om_txn *txn = l->a->view.txn;
  struct om_member member;
  struct om_subject_key about;
  struct om_site row;
  uint64_t first = asked->site, last = asked->site;
  enum om_code code = om_registry_member(txn, &member, asked->member, OM_REGISTRY_NOW, st);
  if (code == OM_OK && asked->site != 0)
    code = om_registry_site(txn, &row, asked->member, asked->site, OM_REGISTRY_NOW, st);
  if (code == OM_OK && asked->site == 0) {
    om_about_member(&about, asked->member);
    code = list_about(l, &about, st);
    first = 1;
    last = om_registry_sites(txn, asked->member, OM_REGISTRY_NOW);
  }
  for (uint64_t site = first; site <= last && code == OM_OK && !l->unwanted; site++) {
    om_about_site(&about, asked->member, (uint32_t)site);
    code = list_about(l, &about, st);
    l->unwanted |= !om_answer_wanted(l->a);
  }
  return code;
}

/* Whether the client still waits, for a walk that puts nothing. */
static bool still_wanted(void *ctx, const char *step, uint64_t done, uint64_t total) {
  struct listing *l = ctx;
  (void)step, (void)done, (void)total;
  l->unwanted = !om_answer_wanted(l->a);
  return !l->unwanted;
}

/* The lineage of NUMBER, by all cores where nobody else has them. */
static enum om_code collect_lineage(struct listing *l, struct om_lineage *out, const uint8_t *number,
                                    struct om_status *st) {
  struct om_answering *a = l->a;
  struct om_txn *txns[OM_CREW_MAX], *alone = a->view.txn;
  struct om_progress progress = {still_wanted, l};
  struct om_crew *crew = NULL;
  struct om_verify_memory *memory;
  struct om_status ignored; /* then this thread does it all */
  bool taken = a->sink->verifier && a->sink->verifier(a->sink->ctx, &crew, &memory);
  size_t n = om_crew_size(crew);
  bool helped = n > 1 && om_txn_twins(txns, n, a->view.txn, &ignored) == OM_OK;
  enum om_code code = om_lineage_collect_steps(out, helped ? txns : &alone, helped ? crew : NULL, &a->about->network,
                                               number, 0, &progress, st);
  for (size_t i = 0; helped && i < n; i++) om_txn_abort(txns[i]);
  if (taken) a->sink->verifier_done(a->sink->ctx);
  return code;
}

enum { BEARING_SHOWN = 50 }; /* nobody reads more of them below a lot, and each is read from its entry */

/* The flags and corrections that bear on the lot's lineage. What was found outlives the replies' memory. */
static enum om_code list_bearing(struct listing *l, ProtobufCBinaryData number, struct om_status *st) {
  struct om_answering *a = l->a;
  struct om_arena arena = {0};
  struct om_lineage lineage;
  struct om_bearing *list;
  struct om_progress progress = {still_wanted, l};
  size_t n = 0;
  enum om_code code = om_answer_number(number, st);
  if (code != OM_OK) return code;
  code = collect_lineage(l, &lineage, number.data, st);
  if (code == OM_OK)
    code = om_bearing_collect(a->view.txn, &arena, &list, &n, &a->about->network, &lineage, &progress, st);
  l->left_out = n > BEARING_SHOWN ? n - BEARING_SHOWN : 0;
  bool corrected = false;
  for (size_t i = 0; code == OM_OK && i < n; i++) corrected |= list[i].share == OM_BEARING_CORRECTION;
  if (corrected) code = om_downstream_collect(&l->built_on, a->view.txn, &a->about->network, number.data, st);
  for (size_t i = 0; code == OM_OK && i < n - l->left_out && !l->unwanted; i++)
    code = list_one(l, &list[i].what.at, st);
  om_lineage_free(&lineage);
  om_arena_free(&arena);
  return code;
}

enum om_code om_answer_attestations(struct om_answering *a, const Oremark__ListAttestations *asked,
                                    struct om_status *st) {
  struct listing l = {.a = a};
  struct om_subject_key about;
  struct om_lot lot;
  enum om_code code;
  if ((asked->lot.len != 0) + (asked->member != 0) + (asked->lineage.len != 0) != 1) {
    code = om_fail(st, OM_USAGE, NULL, "ask for the attestations of a lot, of a lineage or of a member, one of them");
  } else if (asked->lineage.len != 0) {
    code = list_bearing(&l, asked->lineage, st);
  } else if (asked->member != 0) {
    code = list_member(&l, asked, st);
  } else {
    code = om_answer_number(asked->lot, st);
    if (code == OM_OK) code = om_lot_get(a->view.txn, a->view.arena, &lot, asked->lot.data, st);
    if (code == OM_OK) om_about_lot(&about, asked->lot.data);
    if (code == OM_OK) code = list_about(&l, &about, st);
  }
  if (code == OM_OK && !l.unwanted) put(&l, false);
  return l.unwanted ? OM_OK : code;
}

/* ---- output ---- */

static char *member_name(struct om_view *view, uint32_t number) {
  struct om_member row;
  struct om_status ignored; /* a name is for show */
  if (om_registry_member(view->txn, &row, number, OM_REGISTRY_NOW, &ignored) != OM_OK) row.name[0] = '\0';
  return om_arena_copy(view->arena, row.name, strlen(row.name) + 1);
}

static char *site_name(struct om_view *view, uint32_t member, uint32_t site) {
  struct om_site row;
  struct om_status ignored;
  if (om_registry_site(view->txn, &row, member, site, OM_REGISTRY_NOW, &ignored) != OM_OK) row.name[0] = '\0';
  return om_arena_copy(view->arena, row.name, strlen(row.name) + 1);
}

static enum om_code view_output(struct om_view *view, Oremark__OutputSum **result, const struct om_output *from,
                                struct om_status *st) {
  struct om_output_ceiling capacity, resource, *each;
  size_t n;
  Oremark__OutputSum *out = *result = om_arena_alloc(view->arena, sizeof *out);
  if (om_output_ceilings(view->txn, view->arena, &each, &n, from, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY,
                         st) != OM_OK)
    return st->code;
  capacity = om_output_widest(each, n);
  if (om_output_ceilings(view->txn, view->arena, &each, &n, from, OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE, st) !=
      OM_OK)
    return st->code;
  resource = om_output_widest(each, n);
  oremark__output_sum__init(out);
  out->member = from->member;
  out->member_name = member_name(view, from->member);
  out->site = from->site;
  out->site_name = site_name(view, from->member, from->site);
  out->element = from->element;
  out->year = from->year;
  out->mass_mg = (uint64_t)from->mg;
  out->corrected_mg = (uint64_t)from->corrected_mg;
  if (capacity.stated) {
    out->capacity_mg = (uint64_t)capacity.mg;
    out->capacity_by = member_name(view, capacity.author);
  }
  if (resource.stated) {
    out->resource_mg = (uint64_t)resource.mg;
    out->resource_by = member_name(view, resource.author);
    out->since_resource_mg = (uint64_t)resource.sum_mg;
    out->since_resource_corrected_mg = (uint64_t)resource.corrected_mg;
  }
  return OM_OK;
}

/* What MEMBER's sites (0: everybody's) have put out; the last reply says that nothing follows. */
static enum om_code put_outputs(struct om_answering *a, uint32_t member, struct om_status *st) {
  Oremark__OutputSum *rows[OM_REPLY_ROWS];
  Oremark__Audit part = OREMARK__AUDIT__INIT;
  struct om_output at = {0};
  part.outputs = rows;
  for (bool more = true; more;) {
    for (part.n_outputs = 0; part.n_outputs < OM_REPLY_ROWS && more;) {
      more = om_output_next(a->view.txn, &at, member);
      if (more && view_output(&a->view, &rows[part.n_outputs++], &at, st) != OM_OK) return st->code;
    }
    if (om_txn_check(a->view.txn, st) != OM_OK) return st->code;
    Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_AUDIT, more);
    reply.audit = &part;
    if (!om_answer_put(a, &reply)) break;
    om_view_reset(&a->view);
  }
  return OM_OK;
}

enum om_code om_answer_audit(struct om_answering *a, const Oremark__GetAudit *asked, struct om_status *st) {
  Oremark__Audit all = OREMARK__AUDIT__INIT, part = OREMARK__AUDIT__INIT;
  if (om_view_audit(&a->view, &all, asked->member, st) != OM_OK) return st->code;
  bool go_on = true;
  for (size_t from = 0; from < all.n_sums && go_on; from += OM_AUDIT_ROWS) {
    size_t left = all.n_sums - from;
    part.sums = all.sums + from;
    part.n_sums = left > OM_AUDIT_ROWS ? OM_AUDIT_ROWS : left;
    Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_AUDIT, true);
    reply.audit = &part;
    go_on = om_answer_put(a, &reply);
  }
  return go_on ? put_outputs(a, asked->member, st) : OM_OK;
}
