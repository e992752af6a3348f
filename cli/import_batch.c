/* The statements of an import: groups of rows become batches, several under way at once; what a refusal takes back is
 * done again, one by one. */
#include <stdlib.h>
#include <string.h>

#include "cli/act.h"
#include "cli/import_state.h"
#include "ledger/events/kinds.h"

enum { WINDOW = 8 }; /* statements under way: enough to keep a daemon's group commit full */

/* ---- batches ---- */

void om_import_free_batch(struct om_import_batch *batch) {
  for (size_t i = 0; i < batch->n; i++) om_group_free(batch->groups[i]);
  om_touches_free(&batch->touches);
  om_arena_free(&batch->arena);
  free(batch);
}

enum om_code om_import_new_batch(struct om_import *import, struct om_import_batch **out, struct om_status *st) {
  struct om_import_batch *batch = calloc(1, sizeof *batch);
  OM_ASSERT(batch);
  *out = batch;
  return om_draft_begin(&batch->draft, &batch->arena, import->self, import->valid_ms, st);
}

enum om_code om_import_build(struct om_import *import, struct om_import_batch *batch, struct om_group *group,
                             bool *full, struct om_status *st) {
  struct om_session *session = import->session;
  struct om_arena *arena = session->arena;
  Oremark__Event *event;
  *full = batch->n == import->events_max || om_import_papers_full(batch);
  if (*full) return OM_OK;
  session->arena = &batch->arena;
  enum om_code code = om_event_begin(session, &event, &group->args, batch->draft.statement.signed_ms, st);
  if (code == OM_OK) code = group->args.command->build(session, &group->args, event, st);
  if (code == OM_OK) code = om_import_papers(import, batch, group, event, st);
  if (code == OM_OK) code = om_event_form(event, st);
  session->arena = arena;
  if (code != OM_OK) return code;
  if (!om_draft_fits(&batch->draft, event)) {
    *full = batch->n > 0;
    return *full ? OM_OK
                 : om_fail(st, OM_USAGE, NULL, "the event is larger than a statement may be (%d bytes): divide it",
                           OM_STATEMENT_MAX_BYTES);
  }
  if (om_import_apply(&import->lots, &batch->touches, group, event, (uint32_t)batch->n, st)) return st->code;
  om_draft_add(&batch->draft, event);
  batch->groups[batch->n++] = group;
  return OM_OK;
}

/* Signs the batch and notes it in the journal: from here on it may be submitted. */
static enum om_code seal(struct om_import *import, struct om_import_batch *batch, struct om_status *st) {
  uint64_t numbers[OM_EVENTS_MAX];
  uint8_t *bytes;
  size_t len;
  if (om_import_put_papers(import, batch, st)) return st->code;
  om_signed_make(&batch->statement, &batch->draft, &import->session->network);
  if (om_signed_add(&batch->statement, import->secret, import->self, st)) return st->code;
  om_import_seal(&import->lots, &batch->touches, &batch->statement);
  om_signed_pack(&batch->statement, &bytes, &len);
  for (size_t i = 0; i < batch->n; i++) numbers[i] = batch->groups[i]->number;
  return om_journal_submit(import->journal, &batch->statement.id, bytes, len, numbers, batch->n, st);
}

void om_import_note_last(struct om_import *import, const struct om_signed *s, bool again) {
  if (again && import->events > 0) return;
  import->last = (struct om_recorded){s->statement->member, s->statement->signed_ms, s->id};
  import->any = true;
}

static enum om_code recorded(struct om_import *import, struct om_import_batch *batch, bool again,
                             struct om_status *st) {
  om_import_recorded(&batch->touches);
  for (size_t i = 0; i < batch->n; i++)
    *(again ? &import->rows_again : &import->rows_recorded) += batch->groups[i]->rows;
  om_import_note_last(import, &batch->statement, again);
  if (!again) import->events += batch->n;
  for (size_t i = 0; i < batch->n && !again; i++) import->sealed += batch->draft.statement.events[i]->n_sealed > 0;
  import->statements++;
  return om_journal_accept(import->journal, &batch->statement.id, st);
}

bool om_import_is_refusal(enum om_code code) {
  return code == OM_REFUSED || code == OM_MALFORMED || code == OM_MISSING || code == OM_NO || code == OM_USAGE;
}

bool om_import_is_stop(enum om_code code) {
  return code != OM_OK && !om_import_is_refusal(code);
}

/* ---- when a statement is refused ---- */

static enum om_code settle_groups(struct om_import *import, struct om_group **groups, size_t n, struct om_status *st);

/* What is queued may be recorded at any time: no other statement may be made of its rows. So the import stops, and the
 * same command asks again. */
static enum om_code only_queued(struct om_status *st) {
  return om_fail(
      st, OM_WAIT, OM_RULE_QUEUED,
      "the daemon is not ready yet and has queued what it was sent ('oremark status' says whom it waits for)");
}

enum om_code om_import_wait(struct om_import *import, const struct om_signed *statement, bool *again,
                            struct om_status *st) {
  Oremark__Reply *reply;
  enum om_code code = om_submit(import->session, &reply, statement, import->wait_ms, st);
  if (code != OM_OK) return code;
  bool queued = reply->receipt->queued;
  *again = reply->receipt->again;
  oremark__reply__free_unpacked(reply, NULL);
  return queued ? only_queued(st) : OM_OK;
}

enum om_code om_import_settle(struct om_import *import, struct om_import_batch *batch, struct om_status *st) {
  struct om_group *groups[OM_EVENTS_MAX];
  size_t n = batch->n;
  bool again;
  enum om_code code = seal(import, batch, st);
  if (code == OM_OK) code = om_import_wait(import, &batch->statement, &again, st);
  if (code == OM_OK) {
    code = recorded(import, batch, again, st);
    om_import_free_batch(batch);
    return code;
  }
  om_import_take_back(&batch->touches);
  struct om_status why = *st;
  if (om_import_is_refusal(code) && om_journal_give_up(import->journal, &batch->statement.id, st)) code = st->code;
  memcpy(groups, batch->groups, n * sizeof groups[0]);
  if (!om_import_is_refusal(code) || import->atomic) {
    om_import_free_batch(batch);
    return om_import_is_refusal(code) ? om_wrap(st, "nothing was recorded, as --atomic takes all rows or none") : code;
  }
  batch->n = 0;
  om_import_free_batch(batch);
  if (n == 1) return om_import_drop(import, groups[0], &why), OM_OK;
  code = settle_groups(import, groups, n / 2, st);
  if (code == OM_OK) return settle_groups(import, groups + n / 2, n - n / 2, st);
  for (size_t i = n / 2; i < n; i++) om_group_free(groups[i]);
  return code;
}

/* Records the groups one statement after the other, telling of those that can't be. They are the import's no more. */
static enum om_code settle_groups(struct om_import *import, struct om_group **groups, size_t n, struct om_status *st) {
  struct om_import_batch *batch = NULL;
  enum om_code code = OM_OK;
  size_t i = 0;
  while (i < n && code == OM_OK) {
    bool full;
    if (!batch && (code = om_import_new_batch(import, &batch, st)) != OM_OK) break;
    enum om_code built = om_import_build(import, batch, groups[i], &full, st);
    if (om_import_is_stop(built)) {
      code = built;
    } else if (full) {
      code = om_import_settle(import, batch, st);
      batch = NULL;
    } else {
      if (built != OM_OK) om_import_drop(import, groups[i], st);
      i++;
    }
  }
  if (batch && batch->n && code == OM_OK)
    code = om_import_settle(import, batch, st);
  else if (batch)
    om_import_free_batch(batch);
  for (; i < n; i++) om_group_free(groups[i]);
  return code;
}

/* Whether ST says that it may be submitted again later, as it is or otherwise. */
static bool is_wait(const struct om_status *st) {
  return st->code == OM_WAIT && !om_broke(st, OM_RULE_QUEUED);
}

/* What REPLY, which it frees, says of BATCH. */
static enum om_code take_reply(struct om_import *import, const struct om_import_batch *batch, Oremark__Reply *reply,
                               bool *again, struct om_status *st) {
  enum om_code code = om_reply_status(reply, st);
  const Oremark__Receipt *receipt = reply->what_case == OREMARK__REPLY__WHAT_RECEIPT ? reply->receipt : NULL;
  bool queued = code == OM_OK && receipt && receipt->queued;
  *again = code == OM_OK && receipt && receipt->again;
  oremark__reply__free_unpacked(reply, NULL);
  return queued ? om_import_wait(import, &batch->statement, again, st) : code;
}

/* Takes the replies to all that is under way; what was recorded is, the rest stays in the list. */
static enum om_code take_all(struct om_import *import, struct om_status *st) {
  struct om_import_batch **at = &import->first;
  while (*at) {
    struct om_import_batch *batch = *at;
    Oremark__Reply *reply;
    if (batch->request) {
      if (om_client_receive(import->session->client, &reply, batch->request, st)) return st->code;
      batch->request = 0;
      bool again;
      enum om_code code = take_reply(import, batch, reply, &again, st);
      if (code == OM_OK) {
        code = recorded(import, batch, again, st);
        *at = batch->next;
        import->under_way--;
        om_import_free_batch(batch);
        if (code != OM_OK) return code;
        continue;
      }
      if (!om_import_is_refusal(code) && !is_wait(st)) return code;
    }
    at = &batch->next;
  }
  return OM_OK;
}

/* Some statement was refused or must wait. Everything that may lean on it is taken back, and done again one by one. */
static enum om_code recover(struct om_import *import, struct om_status *st) {
  if (take_all(import, st)) return st->code;
  struct om_import_batch *failed = import->first;
  if (import->gathering) {
    struct om_import_batch **end = &failed;
    while (*end) end = &(*end)->next;
    *end = import->gathering;
    import->gathering->next = NULL;
  }
  for (struct om_import_batch *batch = failed; batch; batch = batch->next) om_import_take_back(&batch->touches);
  enum om_code code = OM_OK;
  for (struct om_import_batch *batch = import->first; batch && batch != import->gathering && code == OM_OK;
       batch = batch->next)
    code = om_journal_give_up(import->journal, &batch->statement.id, st);
  import->first = NULL;
  import->end = &import->first;
  import->under_way = 0;
  import->gathering = NULL;
  while (failed) {
    struct om_import_batch *batch = failed;
    struct om_group *groups[OM_EVENTS_MAX];
    size_t n = batch->n;
    failed = batch->next;
    memcpy(groups, batch->groups, n * sizeof groups[0]);
    batch->n = 0;
    om_import_free_batch(batch);
    if (code == OM_OK)
      code = settle_groups(import, groups, n, st);
    else
      for (size_t i = 0; i < n; i++) om_group_free(groups[i]);
  }
  return code;
}

/* ---- the ordinary way ---- */

enum om_code om_import_take_one(struct om_import *import, struct om_status *st) {
  struct om_import_batch *batch = import->first;
  Oremark__Reply *reply;
  if (om_client_receive(import->session->client, &reply, batch->request, st)) return st->code;
  batch->request = 0;
  bool again;
  enum om_code code = take_reply(import, batch, reply, &again, st);
  if (code != OM_OK) return om_import_is_refusal(code) || is_wait(st) ? recover(import, st) : code;
  code = recorded(import, batch, again, st);
  import->first = batch->next;
  if (!import->first) import->end = &import->first;
  import->under_way--;
  om_import_free_batch(batch);
  return code;
}

enum om_code om_import_send(struct om_import *import, struct om_status *st) {
  struct om_import_batch *batch = import->gathering;
  struct om_client *client;
  if (!batch || batch->n == 0) return OM_OK;
  if (seal(import, batch, st) || om_session_client(import->session, &client, st) ||
      om_client_send(client, &batch->request, om_submit_request(&batch->statement), st))
    return st->code;
  import->gathering = NULL;
  *import->end = batch;
  import->end = &batch->next;
  import->under_way++;
  return import->under_way >= WINDOW ? om_import_take_one(import, st) : OM_OK;
}

enum om_code om_import_gather(struct om_import *import, struct om_group *group, struct om_status *st) {
  for (;;) {
    bool full;
    if (!import->gathering && om_import_new_batch(import, &import->gathering, st)) break;
    enum om_code code = om_import_build(import, import->gathering, group, &full, st);
    if (om_import_is_stop(code)) break; /* the daemon, not the row */
    if (code != OM_OK) return om_import_drop(import, group, st), OM_OK;
    if (!full) return OM_OK;
    if (om_import_send(import, st)) break;
  }
  om_group_free(group);
  return st->code;
}
