#include "daemon/core/answer.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/answer_parts.h"
#include "daemon/core/frame.h"
#include "ledger/accept.h"
#include "ledger/evidence.h"
#include "ledger/had.h"
#include "ledger/queued.h"
#include "ledger/registry.h"
#include "ledger/rules.h"
#include "ledger/told.h"

void om_answer_status(Oremark__Reply *reply, uint64_t id, const struct om_status *st) {
  reply->id = id;
  reply->code = (char *)om_code_name(st->code);
  reply->rule = (char *)st->rule;
  reply->text = (char *)st->text;
}

bool om_answer_wanted(const struct om_answering *a) {
  return a->sink->wanted == NULL || a->sink->wanted(a->sink->ctx);
}

bool om_answer_fail(const struct om_answering *a, const struct om_status *st) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  om_answer_status(&reply, a->id, st);
  return a->sink->put(a->sink->ctx, &reply);
}

Oremark__Reply om_answer_good(const struct om_answering *a, Oremark__Reply__WhatCase what, bool more) {
  Oremark__Reply reply = OREMARK__REPLY__INIT;
  reply.id = a->id;
  reply.code = (char *)om_code_name(OM_OK);
  reply.more = more;
  reply.what_case = what;
  return reply;
}

bool om_answer_put(const struct om_answering *a, const Oremark__Reply *reply) {
  size_t len = oremark__reply__get_packed_size(reply);
  struct om_status st;
  if (len <= OM_FRAME_MAX_BYTES) return a->sink->put(a->sink->ctx, reply);
  om_fail(&st, OM_IO, NULL, "the answer has %zu bytes; a message holds at most %d", len, OM_FRAME_MAX_BYTES);
  return om_answer_fail(a, &st);
}

/* ---- the daemon ---- */

static enum om_code fill_logs(struct om_answering *a, Oremark__Status *status, struct om_status *st) {
  struct om_arena *arena = a->view.arena;
  uint32_t n = om_log_count(a->view.txn);
  status->logs = om_arena_array(arena, n, sizeof *status->logs);
  for (uint32_t log = 0; log < n; log++) {
    Oremark__LogState *state;
    if (om_view_log(&a->view, &state, log, st) != OM_OK) return st->code;
    status->logs[status->n_logs++] = state;
  }
  return OM_OK;
}

static void fill_restart(struct om_answering *a, Oremark__Status *status) {
  struct om_restart *restart = om_arena_alloc(a->view.arena, sizeof *restart);
  uint64_t index;
  if (a->about->unjudged)
    status->by_hand = (char *)(uintptr_t) "the registry log goes on under a head that can't be judged here: if the "
                                          "governors have restarted the network, or named another daemon for its "
                                          "registry, accept that (oremark network accept FILE) or stop this daemon";
  if (om_upgrade_met(a->view.txn)) status->by_hand = (char *)(uintptr_t)OM_UPGRADE_TEXT;
  if (om_by_hand_met(a->view.txn, &index)) status->by_hand = (char *)(uintptr_t)OM_BY_HAND_TEXT;
  if (!om_registry_restart(a->view.txn, restart, OM_REGISTRY_NOW)) return;
  Oremark__Restarted *out = status->restarted = om_arena_alloc(a->view.arena, sizeof *out);
  oremark__restarted__init(out);
  out->index = restart->since;
  out->taken_ms = restart->taken_ms;
  out->reason = restart->reason;
}

static enum om_code fill_status(struct om_answering *a, Oremark__Status *status, const Oremark__GetStatus *asked,
                                struct om_status *st) {
  struct om_txn *txn = a->view.txn;
  struct om_quorum *quorum = om_arena_alloc(a->view.arena, sizeof *quorum);
  uint32_t own = a->about->own_log;
  if (fill_logs(a, status, st) != OM_OK) return st->code;
  uint32_t judged = own < status->n_logs ? own : OM_LOG_REGISTRY;
  enum om_code code = om_log_quorum(txn, quorum, judged, status->logs[judged]->size, st);
  if (code != OM_OK && code != OM_MISSING && code != OM_REFUSED) return code;
  status->quorum = quorum->lists[0].k;
  status->ready = a->about->ready;
  status->queued = om_queued_count(txn);
  fill_restart(a, status);
  status->successions = om_successions_told(a->view.txn, a->view.arena, &status->n_successions);
  if (a->about->waiting != NULL) status->waiting = (char *)(uintptr_t)a->about->waiting;
  if (a->about->cosign_key && om_cosign_key_check(txn, own, a->about->cosign_key, st) != OM_OK) {
    status->cosign_waits = (char *)om_arena_copy(a->view.arena, (const uint8_t *)st->text, strlen(st->text) + 1);
    om_status_clear(st);
    if (om_txn_check(txn, st) != OM_OK) return st->code;
  }
  if (own < status->n_logs) {
    const Oremark__LogState *log = status->logs[own];
    status->origin = log->origin;
    if (log->final_size < log->size)
      om_answer_missing(a, &status->missing, &status->n_missing, &status->needed, log->size - 1);
  }
  if (!asked->state_hash) return OM_OK;
  struct om_hash *hash = om_arena_alloc(a->view.arena, sizeof *hash);
  if (om_store_state_hash(hash, txn, st) != OM_OK) return st->code;
  status->state_hash = (ProtobufCBinaryData){sizeof hash->bytes, hash->bytes};
  return OM_OK;
}

static enum om_code genesis_of(struct om_answering *a, const Oremark__Genesis **out, ProtobufCBinaryData *bytes,
                               struct om_status *st) {
  const Oremark__Entry *entry;
  if (om_view_entry(&a->view, &entry, OM_LOG_REGISTRY, 0, st) != OM_OK) return st->code;
  if (entry->what_case != OREMARK__ENTRY__WHAT_GENESIS)
    return om_fail(st, OM_CORRUPT, NULL, "the registry log begins with no genesis");
  *out = entry->genesis;
  bytes->len = oremark__genesis__get_packed_size(entry->genesis); /* canonical: its encoding is the file */
  bytes->data = om_arena_alloc(a->view.arena, bytes->len);
  oremark__genesis__pack(entry->genesis, bytes->data);
  return OM_OK;
}

static bool answer_status(struct om_answering *a, const Oremark__GetStatus *asked, struct om_status *st) {
  Oremark__Status status = OREMARK__STATUS__INIT;
  const Oremark__Genesis *genesis = NULL;
  ProtobufCBinaryData ignored;
  struct om_hash network = a->about->network;
  if (genesis_of(a, &genesis, &ignored, st) != OM_OK || fill_status(a, &status, asked, st) != OM_OK)
    return om_answer_fail(a, st);
  status.version = (char *)OREMARK_VERSION;
  status.network = genesis->name;
  status.network_id = (ProtobufCBinaryData){sizeof network.bytes, network.bytes};
  if (om_registry_rules(a->view.txn, &status.rules_version, OM_REGISTRY_NOW, st) != OM_OK) return om_answer_fail(a, st);
  status.started_ms = a->about->started_ms;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_STATUS, false);
  reply.status = &status;
  return om_answer_put(a, &reply);
}

static bool answer_genesis(struct om_answering *a, struct om_status *st) {
  Oremark__GenesisFile file = OREMARK__GENESIS_FILE__INIT;
  const Oremark__Genesis *genesis;
  if (genesis_of(a, &genesis, &file.genesis, st) != OM_OK) return om_answer_fail(a, st);
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_GENESIS, false);
  reply.genesis = &file;
  return om_answer_put(a, &reply);
}

static bool answer_peers(struct om_answering *a) {
  Oremark__Peers peers = OREMARK__PEERS__INIT;
  peers.peers = om_arena_array(a->view.arena, a->about->n_peers, sizeof *peers.peers);
  for (size_t i = 0; i < a->about->n_peers; i++) {
    const struct om_peer_view *from = &a->about->peers[i];
    Oremark__Peer *to = om_arena_alloc(a->view.arena, sizeof *to);
    oremark__peer__init(to);
    to->origin = (char *)from->origin;
    to->address = (char *)from->address;
    to->state = (char *)from->state;
    to->since_ms = from->since_ms;
    to->bytes_in = from->bytes_in;
    to->bytes_out = from->bytes_out;
    to->bytes_in_s = from->bytes_in_s;
    to->bytes_out_s = from->bytes_out_s;
    to->last_error = (char *)from->last_error;
    peers.peers[peers.n_peers++] = to;
  }
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_PEERS, false);
  reply.peers = &peers;
  return om_answer_put(a, &reply);
}

static bool answer_entry(struct om_answering *a, const Oremark__GetEntry *asked, struct om_status *st) {
  struct om_bytes bytes;
  Oremark__StoredEntry entry = OREMARK__STORED_ENTRY__INIT;
  if (om_log_entry(a->view.txn, &bytes, asked->log, asked->index, st) != OM_OK) return om_answer_fail(a, st);
  entry.entry = (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.data};
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_ENTRY, false);
  reply.entry = &entry;
  return om_answer_put(a, &reply);
}

/* ---- lots ---- */

enum om_code om_answer_number(ProtobufCBinaryData number, struct om_status *st) {
  if (number.len == OM_LOT_NUMBER_BYTES) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "a lot number has %d bytes, this one has %zu", OM_LOT_NUMBER_BYTES, number.len);
}

/* The number of the one lot with ALIAS. */
static enum om_code find_alias(struct om_answering *a, ProtobufCBinaryData *out, const char *alias,
                               struct om_status *st) {
  size_t len = strlen(alias) + 1;
  struct om_bytes key, row;
  bool found = om_txn_next(a->view.txn, &key, &row, OM_TABLE_ALIASES, alias, len);
  if (!found || key.len != len + OM_LOT_NUMBER_BYTES || memcmp(key.data, alias, len) != 0) {
    enum om_code code = om_txn_check(a->view.txn, st);
    return code != OM_OK ? code
                         : om_fail(st, OM_MISSING, "lot",
                                   "no lot is known here by the alias \"%s\"; capital and small letters count", alias);
  }
  out->len = OM_LOT_NUMBER_BYTES;
  out->data = om_arena_copy(a->view.arena, key.data + len, OM_LOT_NUMBER_BYTES);
  if (om_txn_step(a->view.txn, &key, &row, OM_TABLE_ALIASES) && key.len == len + OM_LOT_NUMBER_BYTES &&
      memcmp(key.data, alias, len) == 0)
    return om_fail(st, OM_USAGE, "alias",
                   "several lots have the alias \"%s\": ask by lot number ('oremark lots' lists them)", alias);
  return om_txn_check(a->view.txn, st);
}

static bool answer_lot(struct om_answering *a, const Oremark__GetLot *asked, struct om_status *st) {
  ProtobufCBinaryData number = asked->number;
  struct om_lot lot;
  Oremark__Lot *out;
  Oremark__AsOf *as_of = NULL;
  bool by_alias = asked->alias[0] != '\0';
  if (by_alias == (number.len > 0)) {
    om_fail(st, OM_USAGE, NULL, "ask for a lot by its number or by an alias, one of the two");
    return om_answer_fail(a, st);
  }
  enum om_code code = by_alias ? find_alias(a, &number, asked->alias, st) : om_answer_number(number, st);
  if (code == OM_OK) code = om_answer_as_of(a, &as_of, number, asked->as_of, st);
  if (code == OM_OK)
    code = as_of ? om_lot_get_step(a->view.txn, a->view.arena, &lot, number.data, as_of->step, st)
                 : om_lot_get(a->view.txn, a->view.arena, &lot, number.data, st);
  if (code == OM_OK) code = om_view_lot(&a->view, &out, &lot, st);
  if (code != OM_OK) return om_answer_fail(a, st);
  out->as_of = as_of;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_LOT, false);
  reply.lot = out;
  return om_answer_put(a, &reply);
}

static bool put_lots(struct om_answering *a, Oremark__Lot **lots, size_t n, bool more) {
  Oremark__Lots out = OREMARK__LOTS__INIT;
  out.lots = lots;
  out.n_lots = n;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_LOTS, more);
  reply.lots = &out;
  bool go_on = om_answer_put(a, &reply);
  om_view_reset(&a->view);
  return go_on;
}

/* Whose lots are asked for; OM_MEMBER_NONE: everybody's. */
static uint32_t whose(const Oremark__ListLots *asked) {
  return asked->owner != 0 ? asked->owner : asked->custodian != 0 ? asked->custodian : asked->consignee;
}

/* The last row of the first lot after NUMBER (or the first of all) that MEMBER has had to do with, in ARENA.
 * OM_MISSING: there is none. */
static enum om_code next_lot(struct om_answering *a, struct om_arena *arena, struct om_lot *out,
                             uint8_t number[OM_LOT_NUMBER_BYTES], uint32_t member, bool first, struct om_status *st) {
  uint8_t key[OM_LOT_KEY_BYTES];
  struct om_bytes found, row;
  om_lot_key(key, number, UINT32_MAX);
  bool any = member != OM_MEMBER_NONE
                 ? om_had_next(a->view.txn, number, member, first)
                 : om_txn_next(a->view.txn, &found, &row, OM_TABLE_LOTS, key, first ? 0 : sizeof key) &&
                       found.len == OM_LOT_KEY_BYTES;
  if (!any) {
    st->code = OM_MISSING;
    return om_txn_check(a->view.txn, st) != OM_OK ? st->code : OM_MISSING;
  }
  if (member == OM_MEMBER_NONE) memcpy(number, found.data, OM_LOT_NUMBER_BYTES);
  return om_lot_get(a->view.txn, arena, out, number, st);
}

static bool wanted(const Oremark__ListLots *asked, const struct om_lot *lot) {
  bool alive = lot->state == OM_LOT_HELD || lot->state == OM_LOT_IN_TRANSIT;
  if (asked->custodian != 0 && lot->custodian != asked->custodian) return false;
  if (asked->owner != 0 && lot->owner != asked->owner) return false;
  if (asked->on_hold && lot->hold.reason == OREMARK__HOLD_REASON__HOLD_REASON_UNSTATED) return false;
  if (asked->consignee != 0 && (lot->state != OM_LOT_IN_TRANSIT || lot->pen != asked->consignee)) return false;
  return asked->all || alive;
}

static bool answer_lots(struct om_answering *a, const Oremark__ListLots *asked, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES] = {0};
  bool first = asked->after.len == 0;
  uint32_t left = asked->limit == 0                  ? OM_LIST_LIMIT
                  : asked->limit < OM_LIST_LIMIT_MAX ? asked->limit
                                                     : OM_LIST_LIMIT_MAX;
  Oremark__Lot *rows[OM_REPLY_ROWS];
  size_t n = 0, size = 0;
  struct om_lot lot;
  enum om_code code = first ? OM_OK : om_answer_number(asked->after, st);
  if (code == OM_OK && !first) memcpy(number, asked->after.data, sizeof number);
  struct om_arena passing = {0}; /* a long walk past unwanted ones takes no memory */
  bool go_on = true;
  for (; code == OM_OK && left > 0 && go_on; om_arena_reset(&passing)) {
    code = next_lot(a, &passing, &lot, number, whose(asked), first, st);
    first = false;
    if (code == OM_OK && !wanted(asked, &lot)) go_on = om_answer_wanted(a);
    if (code != OM_OK || !wanted(asked, &lot)) continue;
    code = om_lot_get(a->view.txn, a->view.arena, &lot, number, st);
    if (code == OM_OK) code = om_view_lot(&a->view, &rows[n], &lot, st);
    if (code != OM_OK) break;
    size += oremark__lot__get_packed_size(rows[n++]);
    left--;
    if (n < OM_REPLY_ROWS && size < OM_REPLY_MAX_BYTES) continue;
    go_on = put_lots(a, rows, n, true);
    n = size = 0;
  }
  om_arena_free(&passing);
  if (!go_on) return false;
  return code != OM_OK && code != OM_MISSING ? om_answer_fail(a, st) : put_lots(a, rows, n, false);
}

static bool put_steps(struct om_answering *a, Oremark__Step **steps, size_t n, Oremark__AsOf *as_of, bool more) {
  Oremark__Steps out = OREMARK__STEPS__INIT;
  out.as_of = as_of;
  out.steps = steps;
  out.n_steps = n;
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_HISTORY, more);
  reply.history = &out;
  bool go_on = om_answer_put(a, &reply);
  om_view_reset(&a->view);
  return go_on;
}

static void name_details(struct om_answering *a, Oremark__Step *step, const Oremark__Event *event) {
  step->sealed = om_arena_array(a->view.arena, event->n_sealed, sizeof *step->sealed);
  for (; step->n_sealed < event->n_sealed; step->n_sealed++)
    step->sealed[step->n_sealed] = (uint32_t)event->sealed[step->n_sealed]->what;
}

/* What EVENT names, which lives as long as the reply. */
static void name_documents(struct om_answering *a, Oremark__Step *step, const Oremark__Event *event) {
  step->documents = om_arena_array(a->view.arena, event->n_documents, sizeof *step->documents);
  for (; step->n_documents < event->n_documents; step->n_documents++) {
    const Oremark__Document *from = event->documents[step->n_documents];
    Oremark__NamedDocument *to = om_arena_alloc(a->view.arena, sizeof *to);
    oremark__named_document__init(to);
    to->hash = from->hash;
    to->size = from->size;
    to->name = from->name;
    to->media = from->media;
    to->sealed = from->sealed;
    step->documents[step->n_documents] = to;
  }
}

enum om_code om_answer_step(struct om_answering *a, Oremark__Step **out, const struct om_place *place,
                            struct om_status *st) {
  struct om_step *step = om_arena_alloc(a->view.arena, sizeof *step);
  enum om_code code = om_step_read(a->view.txn, a->view.arena, step, &a->about->network, place, st);
  if (code == OM_OK) code = om_view_made(&a->view, out, step, st);
  if (code == OM_OK) name_documents(a, *out, step->event);
  if (code == OM_OK) name_details(a, *out, step->event);
  return code;
}

static bool answer_history(struct om_answering *a, const Oremark__GetHistory *asked, struct om_status *st) {
  Oremark__Step *rows[OM_REPLY_ROWS];
  uint8_t number[OM_LOT_NUMBER_BYTES];
  size_t n = 0;
  struct om_lot lot;
  Oremark__AsOf *as_of;
  enum om_code code = om_answer_number(asked->number, st);
  if (code != OM_OK) return om_answer_fail(a, st);
  memcpy(number, asked->number.data, sizeof number);
  code = om_answer_as_of(a, &as_of, asked->number, asked->as_of, st);
  if (code == OM_OK) code = om_lot_get(a->view.txn, a->view.arena, &lot, number, st);
  uint32_t last = as_of ? as_of->step : lot.step;
  for (uint32_t step = 0; code == OM_OK && step <= last; step++) {
    code = om_lot_get_step(a->view.txn, a->view.arena, &lot, number, step, st);
    if (code == OM_OK) code = om_answer_step(a, &rows[n++], &lot.at, st);
    if (code != OM_OK || n < OM_REPLY_ROWS || step == last) continue;
    if (!put_steps(a, rows, n, as_of, true)) return false;
    as_of = NULL; /* it lived as long as that reply */
    n = 0;
  }
  return code != OM_OK ? om_answer_fail(a, st) : put_steps(a, rows, n, as_of, false);
}

/* ---- members ---- */

static bool answer_members(struct om_answering *a, struct om_status *st) {
  Oremark__Members members = OREMARK__MEMBERS__INIT;
  if (om_view_members(&a->view, &members, st) != OM_OK) return om_answer_fail(a, st);
  Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_MEMBERS, false);
  reply.members = &members;
  if (oremark__reply__get_packed_size(&reply) <= OM_REPLY_MAX_BYTES) return om_answer_put(a, &reply);
  /* A large registry comes in pieces, each with what belongs to the whole. */
  size_t n = members.n_members;
  Oremark__Member **all = members.members;
  for (size_t from = 0; from < n; from += members.n_members) {
    size_t bytes = 0;
    members.members = all + from;
    members.n_members = 0;
    while (from + members.n_members < n && members.n_members < OM_REPLY_ROWS && bytes < OM_REPLY_MAX_BYTES)
      bytes += oremark__member__get_packed_size(members.members[members.n_members++]);
    reply.more = from + members.n_members < n;
    if (!om_answer_put(a, &reply)) return false;
  }
  return true;
}

static bool answer_audit(struct om_answering *a, const Oremark__GetAudit *asked, struct om_status *st) {
  Oremark__Audit all = OREMARK__AUDIT__INIT, part = OREMARK__AUDIT__INIT;
  if (om_view_audit(&a->view, &all, asked->member, st) != OM_OK) return om_answer_fail(a, st);
  bool go_on = true;
  for (size_t from = 0; from < all.n_sums && go_on; from += OM_AUDIT_ROWS) {
    size_t left = all.n_sums - from;
    part.sums = all.sums + from;
    part.n_sums = left > OM_AUDIT_ROWS ? OM_AUDIT_ROWS : left;
    Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_AUDIT, true);
    reply.audit = &part;
    go_on = om_answer_put(a, &reply);
  }
  return go_on && om_answer_outputs(a, asked->member, st);
}

/* What a piece says, in one sentence. */
static enum om_code evidence_text(struct om_answering *a, char **out, const struct om_bytes *bytes,
                                  enum om_evidence_standing standing, struct om_status *st) {
  struct om_checkpoint about;
  enum om_evidence_what what;
  char text[OM_STATUS_TEXT_BYTES];
  enum om_code code = om_evidence_about(bytes->data, bytes->len, &what, &about, st);
  if (code != OM_OK) return st->code = OM_CORRUPT;
  const char *said = standing == OM_EVIDENCE_CLAIMED ? ", as another daemon says; it was not judged here" : "";
  if (standing == OM_EVIDENCE_FREEZES)
    snprintf(text, sizeof text, "two final heads contradict each other: the log is frozen");
  else if (what == OM_EVIDENCE_OF_FORK)
    snprintf(text, sizeof text, "a signed head contradicts another one: a lapse, the log goes on");
  else
    snprintf(text, sizeof text, "entry %llu, which the log has signed, is invalid%s", (unsigned long long)about.size,
             said);
  *out = om_arena_copy(a->view.arena, text, strlen(text) + 1);
  return OM_OK;
}

/* *OUT NULL: a piece that is refuted here. */
static enum om_code evidence_file(struct om_answering *a, Oremark__EvidenceFile **out, uint32_t log, uint32_t number,
                                  struct om_status *st) {
  struct om_bytes bytes;
  struct om_log_info info;
  enum om_evidence_standing standing;
  char *why = NULL;
  *out = NULL;
  enum om_code code = om_log_info(a->view.txn, &info, log, st);
  if (code == OM_OK) code = om_log_evidence(a->view.txn, &bytes, &standing, log, number, st);
  if (code != OM_OK || standing == OM_EVIDENCE_REFUTED) return code;
  code = evidence_text(a, &why, &bytes, standing, st);
  if (code != OM_OK) return code;
  Oremark__EvidenceFile *file = *out = om_arena_alloc(a->view.arena, sizeof *file);
  oremark__evidence_file__init(file);
  file->evidence = (ProtobufCBinaryData){bytes.len, om_arena_copy(a->view.arena, bytes.data, bytes.len)};
  file->origin = om_arena_copy(a->view.arena, info.origin, strlen(info.origin) + 1);
  file->why = why;
  file->freezes = standing == OM_EVIDENCE_FREEZES;
  return OM_OK;
}

/* One reply a piece: each is a file of its own, and together they may be too long for one. */
static bool answer_evidence(struct om_answering *a, struct om_status *st) {
  Oremark__EvidenceList list = OREMARK__EVIDENCE_LIST__INIT;
  uint32_t logs = om_log_count(a->view.txn);
  for (uint32_t log = 0; log < logs; log++)
    for (uint32_t number = 0;; number++) {
      Oremark__EvidenceFile *file;
      enum om_code code = evidence_file(a, &file, log, number, st);
      if (code == OM_MISSING) break;
      if (code != OM_OK) return om_answer_fail(a, st);
      if (file == NULL) continue;
      Oremark__Reply reply = om_answer_good(a, OREMARK__REPLY__WHAT_EVIDENCE, true);
      reply.evidence = &list;
      list.files = &file;
      list.n_files = 1;
      if (!om_answer_put(a, &reply)) return false;
      om_view_reset(&a->view);
    }
  Oremark__Reply last = om_answer_good(a, OREMARK__REPLY__WHAT_EVIDENCE, false);
  list.n_files = 0;
  last.evidence = &list;
  return om_answer_put(a, &last);
}

static bool unknown(struct om_answering *a, struct om_status *st) {
  om_fail(st, OM_USAGE, NULL, "this daemon does not answer such a request; its version is %s", OREMARK_VERSION);
  return om_answer_fail(a, st);
}

void om_answer(const struct om_answer_sink *sink, struct om_txn *txn, const struct om_about *about,
               const Oremark__Request *request) {
  struct om_status st;
  struct om_answering a = {.sink = sink, .about = about, .id = request->id};
  om_view_begin(&a.view, txn, &about->network);
  om_status_clear(&st);
  switch (request->what_case) {
    case OREMARK__REQUEST__WHAT_GET_STATUS: answer_status(&a, request->get_status, &st); break;
    case OREMARK__REQUEST__WHAT_GET_GENESIS: answer_genesis(&a, &st); break;
    case OREMARK__REQUEST__WHAT_GET_LOT: answer_lot(&a, request->get_lot, &st); break;
    case OREMARK__REQUEST__WHAT_GET_HISTORY: answer_history(&a, request->get_history, &st); break;
    case OREMARK__REQUEST__WHAT_LIST_EVIDENCE: answer_evidence(&a, &st); break;
    case OREMARK__REQUEST__WHAT_LIST_LOTS: answer_lots(&a, request->list_lots, &st); break;
    case OREMARK__REQUEST__WHAT_LIST_MEMBERS: answer_members(&a, &st); break;
    case OREMARK__REQUEST__WHAT_GET_PEERS: answer_peers(&a); break;
    case OREMARK__REQUEST__WHAT_GET_AUDIT: answer_audit(&a, request->get_audit, &st); break;
    case OREMARK__REQUEST__WHAT_LIST_ATTESTATIONS: om_answer_attestations(&a, request->list_attestations, &st); break;
    case OREMARK__REQUEST__WHAT_LIST_HELD: om_answer_held(&a, request->list_held, &st); break;
    case OREMARK__REQUEST__WHAT_GET_REGISTRY: om_answer_registry(&a, request->get_registry, &st); break;
    case OREMARK__REQUEST__WHAT_GET_MEMBER: om_answer_member(&a, request->get_member, &st); break;
    case OREMARK__REQUEST__WHAT_GET_ENTRY: answer_entry(&a, request->get_entry, &st); break;
    case OREMARK__REQUEST__WHAT_GET_FINALITY: om_answer_finality(&a, request->get_finality, &st); break;
    case OREMARK__REQUEST__WHAT_GET_TRACE: om_answer_trace(&a, request->get_trace, &st); break;
    case OREMARK__REQUEST__WHAT_VERIFY_LOT: om_answer_verify(&a, request->verify_lot, &st); break;
    case OREMARK__REQUEST__WHAT_PUT_DOCUMENT: om_answer_put_document(&a, request->put_document, &st); break;
    case OREMARK__REQUEST__WHAT_GET_DOCUMENT: om_answer_get_document(&a, request->get_document, &st); break;
    case OREMARK__REQUEST__WHAT_GET_DOCUMENT_STATE:
      om_answer_document_state(&a, request->get_document_state, &st);
      break;
    case OREMARK__REQUEST__WHAT_ERASE_DOCUMENT: om_answer_erase_document(&a, request->erase_document, &st); break;
    case OREMARK__REQUEST__WHAT_GET_FINAL_HEAD: om_answer_head(&a, request->get_final_head, &st); break;
    case OREMARK__REQUEST__WHAT_COMPARE_HEAD: om_answer_compare(&a, request->compare_head, &st); break;
    case OREMARK__REQUEST__WHAT_GET_TILES: om_answer_tiles(&a, request->get_tiles, &st); break;
    case OREMARK__REQUEST__WHAT_READ_ENTRIES: om_answer_entries(&a, request->read_entries, &st); break;
    case OREMARK__REQUEST__WHAT_GET_QUORUM: om_answer_quorum(&a, request->get_quorum, &st); break;
    case OREMARK__REQUEST__WHAT_WRITE_BUNDLE: om_answer_bundle(&a, request->write_bundle, &st); break;
    case OREMARK__REQUEST__WHAT_PROVE_INCLUSION: om_answer_inclusion(&a, request->prove_inclusion, &st); break;
    case OREMARK__REQUEST__WHAT_FETCH_DOCUMENT:
    case OREMARK__REQUEST__WHAT_ACCEPT:
    case OREMARK__REQUEST__WHAT_SUBMIT:
    case OREMARK__REQUEST__WHAT_SEAL:
    case OREMARK__REQUEST__WHAT__NOT_SET:
    case _OREMARK__REQUEST__WHAT__CASE_IS_INT_SIZE: unknown(&a, &st); break;
  }
  om_view_end(&a.view);
}
