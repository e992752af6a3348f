/* `oremark verify-proof`: a C2SP tlog-proof against a C2SP tlog-policy, without a daemon. */
#include <inttypes.h>
#include <string.h>

#include "cli/file.h"
#include "cli/session.h"
#include "cli/show.h"
#include "ledger/policy.h"
#include "ledger/tlog_proof.h"

static const struct om_option options[] = {
    {"policy", "FILE", "whose signatures count (C2SP tlog-policy): 'oremark network policy' writes one"},
    {"entry", "FILE", "the entry, where the proof does not hold it"},
    {NULL, NULL, NULL},
};

struct checking {
  struct om_tlog_proof proof;
  struct om_policy policy;
  struct om_note note;
  struct om_checkpoint head;
  bool cosigned[OM_POLICY_NAMES_MAX];
};

static enum om_code read_all(struct om_session *session, struct checking *c, struct om_status *st) {
  const struct om_args *args = session->args;
  const struct om_given *policy;
  const char *entry = om_args_value(args, "entry"), *path;
  uint8_t *bytes;
  size_t len;
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &policy, "policy", st)) return st->code;
  path = args->words[0].value;
  if (om_file_read(session->arena, &bytes, &len, path, OM_TLOG_PROOF_MAX_BYTES, st)) return st->code;
  if (om_tlog_proof_parse(&c->proof, session->arena, (const char *)bytes, len, st)) return om_wrap(st, "%s", path);
  if (om_note_parse(&c->note, c->proof.note.data, c->proof.note.len, st)) return om_wrap(st, "%s", path);
  if (om_file_read(session->arena, &bytes, &len, policy->value, OM_POLICY_MAX_BYTES, st)) return st->code;
  if (om_policy_parse(&c->policy, (const char *)bytes, len, st)) return om_wrap(st, "%s", policy->value);
  if (!entry) return OM_OK;
  if (om_file_read(session->arena, &bytes, &len, entry, OM_TLOG_ENTRY_MAX_BYTES, st)) return st->code;
  c->proof.entry = (struct om_span){bytes, len};
  return OM_OK;
}

static enum om_code check(struct checking *c, struct om_status *st) {
  struct om_hash leaf;
  if (c->proof.entry.len == 0)
    return om_fail(st, OM_USAGE, NULL, "the proof does not hold the entry that it is about: name it with --entry FILE");
  if (om_policy_check(&c->policy, &c->head, c->cosigned, &c->note, st)) return st->code;
  om_leaf_hash(&leaf, c->proof.entry.data, c->proof.entry.len);
  if (om_inclusion_ok(&leaf, c->proof.index, c->head.size, &c->proof.path, &c->head.root)) return OM_OK;
  return om_fail(st, OM_NO, NULL, "the entry is not the one that the checkpoint of %s has at %" PRIu64, c->head.origin,
                 c->proof.index);
}

static enum om_code show(struct om_session *session, const struct checking *c, struct om_status *st) {
  char origin[OM_SHOW_BYTES], name[OM_SHOW_BYTES];
  json_t *names = json_array();
  size_t n = 0;
  for (size_t i = 0; i < c->policy.n_nodes; i++)
    if (!c->policy.nodes[i].is_group && c->cosigned[i])
      json_array_append_new(names, om_json_text(c->policy.nodes[i].key.name)), n++;
  if (session->json)
    return om_show_json(
        session->out,
        json_pack("{s:b, s:o, s:I, s:I, s:o}", "verified", true, "origin", om_json_text(c->head.origin), "index",
                  (json_int_t)c->proof.index, "size", (json_int_t)c->head.size, "cosigned_by", names),
        st);
  json_decref(names);
  fprintf(session->out, "VERIFIED: entry %" PRIu64 " of %s, in its checkpoint of %" PRIu64 " entries\n", c->proof.index,
          om_show_text(origin, c->head.origin), c->head.size);
  fprintf(session->out, n ? "cosigned by" : "the policy asks for no cosignature\n");
  for (size_t i = 0, shown = 0; i < c->policy.n_nodes; i++)
    if (!c->policy.nodes[i].is_group && c->cosigned[i])
      fprintf(session->out, "%s %s", shown++ ? "," : "", om_show_text(name, c->policy.nodes[i].key.name));
  fprintf(session->out, n ? "\n" : "");
  fprintf(session->out, "not checked: whether the entry holds to the ledger's rules, and what came after it\n");
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct checking *c = om_arena_alloc(session->arena, sizeof *c);
  if (read_all(session, c, st) || check(c, st)) return st->code;
  return show(session, c, st);
}

const struct om_command om_command_verify_proof = {
    .name = "verify-proof",
    .words = "FILE",
    .summary = "Check a proof that an entry stands in a log (C2SP tlog-proof), without a daemon.",
    .help =
        "Exit status 0: it does, by the log's key and a quorum of the witnesses in the policy; 1: it does not; 4: a "
        "file "
        "is no proof,\nor no policy. Any log's proof and policy will do.\nExample:\n  oremark verify-proof "
        "drum-17.tlog-proof --policy network.policy\n",
    .options = options,
    .run = run,
};
