#include <inttypes.h>
#include <string.h>

#include "cli/file.h"
#include "cli/genesis.h"
#include "cli/session.h"
#include "cli/show.h"
#include "ledger/evidence.h"

static const struct om_option options[] = {
    {"network", "GENESIS", "the network's genesis file: is the key the one that it names for the log?"},
    {NULL, NULL, NULL},
};

/* Whose key the evidence is about. */
struct named {
  bool asked; /* a genesis was given... */
  bool log;   /* ...and names the key for the log */
  const Oremark__Genesis *genesis;
};

/* All that a fork claims, and a malformed entry; not that a well-formed entry breaks a rule. */
static bool is_proved(const struct om_evidence_verdict *v) {
  return v->what == OM_EVIDENCE_OF_FORK || v->malformed;
}

static bool names_cosigner(const struct named *named, const struct om_evidence_cosigner *cosigner) {
  for (size_t i = 0; named->asked && i < named->genesis->n_daemons; i++) {
    const Oremark__Daemon *d = named->genesis->daemons[i];
    if (strcmp(d->origin, cosigner->origin) == 0 &&
        memcmp(d->cosign_key.data, cosigner->cosign_key, OM_PUBLIC_BYTES) == 0)
      return true;
  }
  return false;
}

/* The genesis may name another key for that log, or no such log: then the evidence says nothing about the network. */
static enum om_code check_named(struct om_session *session, struct named *out, const struct om_evidence_verdict *v,
                                struct om_status *st) {
  struct om_hash id;
  const char *path = om_args_value(session->args, "network");
  *out = (struct named){0};
  if (!path) return OM_OK;
  if (om_genesis_read(session->arena, &out->genesis, &id, path, st) != OM_OK)
    return st->code == OM_MALFORMED || st->code == OM_REFUSED ? st->code = OM_USAGE : st->code;
  out->asked = true;
  if (!om_hash_equal(&id, &v->network))
    return om_fail(st, OM_NO, NULL, "not proved: the evidence is of another network than %s", path);
  for (size_t i = 0; i < out->genesis->n_daemons; i++) {
    const Oremark__Daemon *d = out->genesis->daemons[i];
    if (strcmp(d->origin, v->larger.origin) == 0 && i == v->log)
      out->log = memcmp(d->log_key.data, v->log_key, OM_PUBLIC_BYTES) == 0;
  }
  if (out->log) return OM_OK;
  return om_fail(st, OM_NO, NULL,
                 "not proved: %s does not name this key for log %u, %s; if the log joined later, compare the key with "
                 "the registry's",
                 path, v->log, v->larger.origin);
}

static json_t *head_json(const struct om_checkpoint *head) {
  return json_pack("{s:I, s:o}", "size", (json_int_t)head->size, "root", om_json_hex(head->root.bytes, OM_HASH_BYTES));
}

static json_t *cosigners_json(const struct om_evidence_verdict *v, const struct named *named) {
  json_t *list = json_array();
  for (size_t i = 0; i < v->n_both; i++)
    json_array_append_new(list,
                          json_pack("{s:o, s:o, s:o}", "origin", om_json_text(v->both[i].origin), "cosign_key",
                                    om_json_hex(v->both[i].cosign_key, OM_PUBLIC_BYTES), "named_by_genesis",
                                    named->asked ? json_boolean(names_cosigner(named, &v->both[i])) : json_null()));
  return list;
}

static json_t *verdict_json(const struct om_evidence_verdict *v, const struct named *named) {
  json_t *json = json_pack("{s:b, s:s, s:o, s:I, s:o, s:o, s:o}", "proved", is_proved(v), "kind",
                           v->what == OM_EVIDENCE_OF_FORK ? "fork" : "entry", "origin", om_json_text(v->larger.origin),
                           "log", (json_int_t)v->log, "network_id", om_json_hex(v->network.bytes, OM_HASH_BYTES),
                           "log_key", om_json_hex(v->log_key, OM_PUBLIC_BYTES), "named_by_genesis",
                           named->asked ? json_boolean(named->log) : json_null());
  if (v->what == OM_EVIDENCE_OF_FORK) {
    json_object_set_new(json, "smaller", head_json(&v->smaller));
    json_object_set_new(json, "larger", head_json(&v->larger));
    json_object_set_new(json, "cosigned_both", cosigners_json(v, named));
  } else {
    json_object_set_new(json, "index", json_integer((json_int_t)v->index));
    json_object_set_new(json, "leaf", om_json_hex(v->leaf.bytes, OM_HASH_BYTES));
    json_object_set_new(json, "head", head_json(&v->larger));
    json_object_set_new(json, "why", om_json_text(v->why));
    json_object_set_new(json, "cosigned", cosigners_json(v, named));
  }
  return json;
}

static void show_head(FILE *out, const struct om_checkpoint *head) {
  char hex[17];
  om_hex(hex, head->root.bytes, 8);
  fprintf(out, "head at %" PRIu64 ", root %s\n", head->size, hex);
}

static void show_fork(FILE *out, const struct om_evidence_verdict *v) {
  char hex[17];
  show_head(out, &v->smaller);
  show_head(out, &v->larger);
  om_hex(hex, v->first_root.bytes, 8);
  if (v->smaller.size == v->larger.size)
    fprintf(out, "PROVED: the key signed two heads of one size with different entries\n");
  else
    fprintf(out,
            "PROVED: the key signed two histories: the larger head has root %s at %" PRIu64
            ", so it does not extend the smaller one\n",
            hex, v->smaller.size);
  if (v->n_both == 0) fprintf(out, "no witness named in it cosigned both\n");
}

static void show_entry(FILE *out, const struct om_evidence_verdict *v) {
  char hex[17], why[OM_SHOW_BYTES];
  show_head(out, &v->larger);
  om_hex(hex, v->leaf.bytes, 8);
  fprintf(out, "entry %" PRIu64 ", leaf hash %s, is covered by that head\n", v->index, hex);
  om_show_text(why, v->why);
  if (v->malformed)
    fprintf(out, "PROVED: the key signed a malformed entry, which no log of the network can hold: %s\n", why);
  else
    fprintf(out,
            "SIGNED, NOT DECIDED: the log signed this entry; that it is invalid (\"%s\") follows from the log's "
            "history, which a daemon that mirrors the log checks\n",
            why);
  if (v->n_both == 0) fprintf(out, "no witness named in it cosigned the head\n");
}

static void show(struct om_session *session, const struct om_evidence_verdict *v, const struct named *named) {
  char text[OM_SHOW_BYTES], hex[2 * OM_HASH_BYTES + 1];
  fprintf(session->out, "log %u, %s\n", v->log, om_show_text(text, v->larger.origin));
  om_hex(hex, v->log_key, OM_PUBLIC_BYTES);
  fprintf(
      session->out, "key %s%s\n", hex,
      named->asked ? ", which the genesis names for it" : ": give --network GENESIS to see whether it is the log's");
  if (v->what == OM_EVIDENCE_OF_FORK)
    show_fork(session->out, v);
  else
    show_entry(session->out, v);
  for (size_t i = 0; i < v->n_both; i++)
    fprintf(session->out, "%s: %s%s\n", v->what == OM_EVIDENCE_OF_FORK ? "cosigned both" : "cosigned",
            om_show_text(text, v->both[i].origin),
            !named->asked                        ? " (as the evidence names it)"
            : names_cosigner(named, &v->both[i]) ? ""
                                                 : " (the genesis does not name its key)");
}

static enum om_code conclude(const struct om_evidence_verdict *v, struct om_status *st) {
  if (is_proved(v)) return OM_OK;
  return om_fail(st, OM_WAIT, NULL,
                 "the log signed entry %" PRIu64
                 ", but whether it is invalid can't be decided from this file: ask "
                 "'oremark status' of a daemon that mirrors the log",
                 v->index);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct om_evidence_verdict *v = om_arena_alloc(session->arena, sizeof *v);
  struct named named;
  uint8_t *bytes;
  size_t len;
  if (om_args_words(session->args, 1, 1, st) ||
      om_file_read(session->arena, &bytes, &len, session->args->words[0].value, OM_EVIDENCE_MAX_BYTES, st))
    return st->code;
  enum om_code code = om_evidence_check(bytes, len, v, st);
  if (code == OM_MALFORMED) {
    st->code = OM_USAGE;
    return om_wrap(st, "%s is not a file of evidence", session->args->words[0].value);
  }
  if (code != OM_OK) return om_wrap(st, "not proved");
  if (check_named(session, &named, v, st) != OM_OK) return st->code;
  if (!session->json)
    show(session, v, &named);
  else if (om_show_json(session->out, verdict_json(v, &named), st) != OM_OK)
    return st->code;
  return conclude(v, st);
}

const struct om_command om_command_verify_evidence = {
    .name = "verify-evidence",
    .words = "FILE",
    .summary = "Check a proof that a log signed two histories or an invalid entry; needs no daemon.",
    .help =
        "The proof is about a key; with the network's genesis file it is about the log that has that key.\n"
        "Exit status: 0 proved, 1 not proved, 2 no file of evidence, 5 signed by the log, but whether it is invalid "
        "follows from the log's history.\n"
        "Example:\n  oremark verify-evidence kokkola.evidence --network network.genesis\n",
    .options = options,
    .run = run,
};
