/* log retire: the governors end a log at the highest head that its witnesses' seals state. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/act.h"
#include "cli/apart.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "cli/seal_file.h"
#include "cli/views.h"

static const struct om_option options[] = {
    {"successor", "LOG", "where its members go on: origin or number"},
    {"reason", "TEXT", "why, at most 256 bytes"},
    {"judge", "SEAL", "the head in this seal stands, against others; or 'here': the one that the daemon asked holds"},
    {"origin", "ORIGIN", "of the registry log only, in place of --successor: the name it goes on under"},
    {"operator", "MEMBER", "who runs its new daemon: number or name"},
    {"keys", "DIR", "the new daemon's folder of keys (only the public halves are read)"},
    {"log-key", "VKEY", "or each public half: of log.key"},
    {"cosign-key", "VKEY", "of cosign.key"},
    {"witness-key", "VKEY", "of witness.key"},
    {"link-key", "BASE64", "of link.key"},
    {NULL, NULL, NULL},
};

static int by_witness(const void *a, const void *b) {
  const Oremark__Seal *x = *(Oremark__Seal *const *)a, *y = *(Oremark__Seal *const *)b;
  return (x->witness > y->witness) - (x->witness < y->witness);
}

static enum om_code read_seals(struct om_session *session, Oremark__RetireLog *retire, const struct om_args *args,
                               struct om_status *st) {
  retire->seals = om_arena_array(session->arena, args->n_words, sizeof(Oremark__Seal *));
  for (size_t i = 1; i < args->n_words; i++) {
    Oremark__Seal *seal;
    if (om_seal_read(session->arena, &seal, args->words[i].value, st)) return st->code;
    if (seal->log != retire->log)
      return om_fail(st, OM_USAGE, NULL, "%s is a seal of log %u, not of log %u", args->words[i].value, seal->log,
                     retire->log);
    retire->seals[retire->n_seals++] = seal;
  }
  qsort(retire->seals, retire->n_seals, sizeof *retire->seals, by_witness);
  for (size_t i = 1; i < retire->n_seals; i++)
    if (retire->seals[i]->witness == retire->seals[i - 1]->witness)
      return om_fail(st, OM_USAGE, NULL, "two of the seals are of log %u's daemon: name one",
                     retire->seals[i]->witness);
  return OM_OK;
}

static void end_at(struct om_session *session, Oremark__RetireLog *retire, uint64_t size, const uint8_t *root) {
  retire->size = size;
  retire->root = (ProtobufCBinaryData){OM_HASH_BYTES, om_arena_copy(session->arena, root, OM_HASH_BYTES)};
}

static enum om_code conflict(const struct om_checkpoint *head, struct om_status *st) {
  return om_fail(st, OM_USAGE, NULL,
                 "the seals state two heads of the log at %" PRIu64
                 " that contradict each other: say which one stands with --judge SEAL",
                 head->size);
}

/* The highest head that is stated. */
static enum om_code take_highest(struct om_session *session, Oremark__RetireLog *retire, struct om_status *st) {
  struct om_checkpoint *heads = om_arena_array(session->arena, retire->n_seals + 1, sizeof *heads);
  const struct om_checkpoint *highest = &heads[0];
  om_empty_root(&heads[0].root);
  for (size_t i = 1; i <= retire->n_seals; i++) {
    if (om_seal_head(&heads[i], retire->seals[i - 1], st)) return st->code;
    if (heads[i].size > highest->size) highest = &heads[i];
    for (size_t k = 1; k < i; k++)
      if (heads[k].size == heads[i].size && !om_hash_equal(&heads[k].root, &heads[i].root))
        return conflict(&heads[i], st);
  }
  end_at(session, retire, highest->size, highest->root.bytes);
  return OM_OK;
}

static enum om_code judged_head(struct om_session *session, Oremark__RetireLog *retire, const char *judge,
                                const Oremark__LogState *here, struct om_status *st) {
  struct om_checkpoint head;
  Oremark__Seal *seal;
  retire->judged = true;
  if (strcmp(judge, "here") != 0) {
    if (om_seal_read(session->arena, &seal, judge, st) || om_seal_head(&head, seal, st)) return st->code;
    end_at(session, retire, head.size, head.root.bytes);
    return OM_OK;
  }
  if (!session->status)
    return om_fail(st, OM_USAGE, NULL, "--judge here: no daemon is here: name the seal whose head stands");
  if (!here || here->root.len != OM_HASH_BYTES)
    return om_fail(st, OM_USAGE, NULL, "the daemon does not know log %u: see 'oremark status'", retire->log);
  end_at(session, retire, here->size, here->root.data);
  return OM_OK;
}

/* What the daemon says of the log; NULL: nothing. The seals say enough where there is none to ask. */
static enum om_code look(struct om_session *session, const Oremark__LogState **out, uint32_t log,
                         struct om_status *st) {
  const Oremark__Status *status;
  *out = NULL;
  if (om_session_status(session, &status, st)) {
    if (!om_apart(session, st)) return st->code;
    om_status_clear(st);
    return OM_OK;
  }
  for (size_t i = 0; i < status->n_logs; i++)
    if (status->logs[i]->log == log) *out = status->logs[i];
  return OM_OK;
}

/* What nobody holds can't be fetched, and every log waits for it before it follows the act. */
static enum om_code say_held(struct om_session *session, const Oremark__RetireLog *retire,
                             const Oremark__LogState *here) {
  uint64_t held = here ? here->size : 0;
  if (!session->status)
    fprintf(
        session->err,
        "oremark: no daemon was asked: heads of different size were not held against each other; and make sure that "
        "a daemon that goes on holds all %" PRIu64 " entries that log %u is to end with\n",
        retire->size, retire->log);
  else if (held < retire->size)
    fprintf(session->err,
            "oremark: %" PRIu64 " of the %" PRIu64
            " entries that log %u is to end with are held by the daemon asked: "
            "make sure that a daemon that goes on holds all of them\n",
            held, retire->size, retire->log);
  return OM_OK;
}

/* What the daemon says of the head in SEAL, by its own tree; NULL: the seal states none. */
static enum om_code compare(struct om_session *session, const Oremark__HeadCompared **out, const Oremark__Seal *seal,
                            struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__CompareHead ask = OREMARK__COMPARE_HEAD__INIT;
  Oremark__Reply *reply;
  *out = NULL;
  if (seal->head.len == 0) return OM_OK;
  ask.log = seal->log;
  ask.head = seal->head;
  request.what_case = OREMARK__REQUEST__WHAT_COMPARE_HEAD;
  request.compare_head = &ask;
  if (om_session_call(session, &reply, &request, st)) return st->code;
  Oremark__HeadCompared *copy = om_arena_alloc(session->arena, sizeof *copy);
  oremark__head_compared__init(copy);
  if (reply->what_case == OREMARK__REPLY__WHAT_HEAD_COMPARED) {
    copy->state = om_copy_text(session->arena, reply->head_compared->state);
    copy->size = reply->head_compared->size;
    copy->held = reply->head_compared->held;
  }
  oremark__reply__free_unpacked(reply, NULL);
  *out = copy;
  return OM_OK;
}

static void say_apart(struct om_session *session, const char *path, uint32_t log, const Oremark__HeadCompared *said) {
  if (strcmp(said->state, "other") == 0)
    fprintf(session->err,
            "oremark: %s states a head of log %u over %" PRIu64 " entries that contradicts the %" PRIu64
            " entries which the daemon asked holds\n",
            path, log, said->size, said->held);
  else
    fprintf(session->err,
            "oremark: %s states a head of log %u over %" PRIu64 " entries, more than the %" PRIu64
            " which the daemon asked holds: whether they fit together was not looked at; ask a daemon that holds them "
            "(--socket)\n",
            path, log, said->size, said->held);
}

/* Heads of different size contradict each other too: each is held against the tree that the daemon has, and those that
 * do not fit it are told, all of them. *OTHER: how many. */
static enum om_code compare_seals(struct om_session *session, size_t *other, const Oremark__RetireLog *retire,
                                  const struct om_args *args, struct om_status *st) {
  *other = 0;
  for (size_t i = 1; session->status && i <= retire->n_seals; i++) {
    const char *path = args->words[i].value;
    const Oremark__HeadCompared *said;
    Oremark__Seal *seal;
    if (om_seal_read(session->arena, &seal, path, st) || compare(session, &said, seal, st)) return st->code;
    if (!said || strcmp(said->state, "same") == 0) continue;
    if (strcmp(said->state, "unsigned") == 0)
      return om_fail(st, OM_USAGE, NULL, "%s states a head that log %u has not signed: leave that seal out", path,
                     seal->log);
    *other += strcmp(said->state, "other") == 0;
    say_apart(session, path, seal->log, said);
  }
  return OM_OK;
}

static enum om_code choose_head(struct om_session *session, Oremark__RetireLog *retire, const struct om_args *args,
                                struct om_status *st) {
  const Oremark__LogState *here;
  const char *judge = om_args_value(args, "judge");
  size_t other;
  if (look(session, &here, retire->log, st) || compare_seals(session, &other, retire, args, st)) return st->code;
  if (judge) return judged_head(session, retire, judge, here, st) == OM_OK ? say_held(session, retire, here) : st->code;
  if (retire->n_seals == 0)
    return om_fail(st, OM_USAGE, NULL,
                   "log retire: name the seals of its witnesses; where it has none, say --judge here to end it where "
                   "the daemon asked holds it");
  if (here && here->evidence > 0)
    return om_fail(
        st, OM_USAGE, NULL,
        "evidence is held against %s ('oremark evidence' shows it), so its highest head need not be the right "
        "one: say which one stands with --judge SEAL",
        here->origin);
  if (other > 0)
    return om_fail(st, OM_USAGE, NULL,
                   "%zu of the seals' heads contradict%s what the daemon asked holds of %s: two histories of one log. "
                   "Ask other daemons too (--socket), and say which one stands with --judge SEAL or --judge here",
                   other, other == 1 ? "s" : "", here->origin);
  return take_highest(session, retire, st) == OM_OK ? say_held(session, retire, here) : st->code;
}

/* Who goes on: another log's members in a successor, the registry log itself under another daemon. */
static enum om_code choose_next(struct om_session *session, Oremark__RetireLog *retire, const struct om_args *args,
                                struct om_status *st) {
  const struct om_given *successor;
  if (retire->log != OM_LOG_REGISTRY) {
    if (om_args_need(args, &successor, "successor", st)) return st->code;
    return om_log_named(session, &retire->successor, successor, st);
  }
  if (om_args_has(args, "successor"))
    return om_fail(st, OM_USAGE, NULL,
                   "log retire: the registry log has no successor: name the daemon that goes on with it by --origin, "
                   "--operator and --keys");
  if (!om_args_has(args, "out"))
    return om_fail(st, OM_USAGE, NULL,
                   "log retire: nobody takes this in for all: write it to a file (--out FILE), which every operator "
                   "accepts at its own daemon");
  retire->daemon = om_arena_alloc(session->arena, sizeof *retire->daemon);
  oremark__daemon__init(retire->daemon);
  return om_daemon_given(session, retire->daemon, args, st);
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__RetireLog *retire = om_arena_alloc(session->arena, sizeof *retire);
  const struct om_given *reason;
  oremark__retire_log__init(retire);
  if (om_args_words(args, 1, OM_WITNESSES_MAX + 1, st) || om_args_need(args, &reason, "reason", st) ||
      om_log_named(session, &retire->log, &args->words[0], st) || choose_next(session, retire, args, st) ||
      read_seals(session, retire, args, st) || choose_head(session, retire, args, st) ||
      om_governors_suffice(session, st))
    return st->code;
  retire->reason = om_copy_text(session->arena, reason->value);
  event->kind_case = OREMARK__EVENT__KIND_RETIRE_LOG;
  event->retire_log = retire;
  return OM_OK;
}

const struct om_command om_command_log_retire = {
    .name = "log retire",
    .words = "LOG SEAL...",
    .summary = "End a log that its witnesses have sealed; its members go on in another (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "It ends at the highest head that the seals state; of w operators that witness it, w + f - k + 1 must have sealed\n"
    "(three of four, five of seven). Each head is held against what the daemon asked holds of that log; where one\n"
    "contradicts it, ask other daemons too (--socket), and say which head stands with --judge.\n"
    "Example:\n"
    "  oremark log retire registry.example/log by-1.seal by-3.seal by-4.seal --origin registry-2.example/log \\\n"
    "    --operator 1 --keys new-keys --reason fire --out registry.retire    then: oremark network accept\n"
    "  oremark log retire andes.example/log by-1.seal by-3.seal by-4.seal --successor kokkola.example/log \\\n"
    "    --reason \"its operator is gone\" --out andes.retire\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
