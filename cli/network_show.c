/* What stands in a genesis file, or how a running network is governed now. */
#include "cli/genesis.h"
#include "cli/governors.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/words.h"
#include "ledger/quantity.h"

static json_t *governors_json(const Oremark__Registry *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->n_governors; i++) {
    const Oremark__Governor *g = r->governors[i];
    json_t *keys = json_array();
    for (size_t k = 0; k < g->n_key_ids; k++) {
      char id[16];
      snprintf(id, sizeof id, "%08x", g->key_ids[k]);
      json_array_append_new(keys, json_string(id));
    }
    json_array_append_new(list, json_pack("{s:I, s:o, s:b, s:o}", "member", (json_int_t)g->member, "name",
                                          om_json_text(g->name), "suspended", g->suspended, "keys", keys));
  }
  return list;
}

static json_t *schemes_json(const Oremark__Registry *r) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->n_schemes; i++) {
    json_t *certifiers = json_array();
    for (size_t c = 0; c < r->schemes[i]->n_certifiers; c++)
      json_array_append_new(certifiers, json_integer((json_int_t)r->schemes[i]->certifiers[c]));
    json_array_append_new(list, json_pack("{s:o, s:b, s:o, s:o}", "scheme", om_json_text(r->schemes[i]->name), "ended",
                                          r->schemes[i]->ended, "certifiers", certifiers, "last_act",
                                          om_json_hex(r->schemes[i]->last_act.data, r->schemes[i]->last_act.len)));
  }
  return list;
}

static void show_percent(FILE *out, const char *what, uint32_t ppm) {
  fprintf(out, "  %-12s %u.%04u %%\n", what, ppm / 10000, ppm % 10000);
}

static void show_limits(FILE *out, const Oremark__Limits *l) {
  char word[OM_WORD_BYTES], mass[OM_MASS_TEXT_BYTES];
  fprintf(out, "tolerances\n");
  show_percent(out, "receipt", l->receipt_tolerance_ppm);
  for (size_t i = 0; i < l->n_processes; i++)
    show_percent(out, om_word(word, &oremark__process__descriptor, (int)l->processes[i]->process),
                 l->processes[i]->tolerance_ppm);
  fprintf(out, "gains inside them, at most in %u days\n", l->drift_period_days);
  for (size_t i = 0; i < l->n_drift_caps; i++) {
    uint32_t element = l->drift_caps[i]->element;
    fprintf(out, "  %-12s %s\n", element ? om_show_element(element) : "any",
            om_mass_format(mass, sizeof mass, (int64_t)l->drift_caps[i]->cap_mg));
  }
}

static void show_schemes(FILE *out, const Oremark__Registry *r) {
  char name[OM_SHOW_BYTES];
  if (r->n_schemes) fprintf(out, "schemes\n");
  for (size_t i = 0; i < r->n_schemes; i++) {
    const Oremark__Scheme *s = r->schemes[i];
    fprintf(out, "  %s%s", om_show_text(name, s->name), s->ended ? ": recognised no more" : ": certified by ");
    for (size_t c = 0; !s->ended && c < s->n_certifiers && c < s->n_certifier_names; c++)
      fprintf(out, "%s%s (member %u)", c ? ", " : "", om_show_text(name, s->certifier_names[c]), s->certifiers[c]);
    fprintf(out, "%s\n", s->ended || s->n_certifiers ? "" : "nobody");
  }
  if (r->more_schemes) fprintf(out, "  and %u more schemes, too many for one answer\n", r->more_schemes);
}

/* What is typed on a machine without a daemon. */
static void show_next(FILE *out, const Oremark__Registry *r) {
  char what[OM_SHOW_BYTES], name[OM_SHOW_BYTES];
  fprintf(out, "for acts made without a daemon: --number of the next member %u, of the next log %u; --previous on\n",
          r->next_member, r->next_log);
  om_show_last_act(out, "governors", r->last_governors);
  om_show_last_act(out, "limits", r->last_limits);
  om_show_last_act(out, "rules", r->last_rules);
  om_show_last_act(out, "witnesses", r->last_witnesses);
  for (size_t i = 0; i < r->n_schemes; i++) {
    snprintf(what, sizeof what, "scheme %.100s", om_show_text(name, r->schemes[i]->name));
    om_show_last_act(out, what, r->schemes[i]->last_act);
  }
}

static json_t *registry_json(const Oremark__Registry *r, const char *network) {
  json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:o}", "network_id", network, "registry_size",
                           (json_int_t)r->size, "rules_version", (json_int_t)r->rules_version, "threshold",
                           (json_int_t)r->threshold, "governors", governors_json(r), "schemes", schemes_json(r),
                           "more_schemes", (json_int_t)r->more_schemes, "limits", om_limits_json(r->limits));
  const struct {
    const char *name;
    ProtobufCBinaryData id;
  } last[] = {{"last_governors", r->last_governors},
              {"last_limits", r->last_limits},
              {"last_rules", r->last_rules},
              {"last_witnesses", r->last_witnesses}};
  for (size_t i = 0; i < sizeof last / sizeof *last; i++)
    json_object_set_new(json, last[i].name, om_json_hex(last[i].id.data, last[i].id.len));
  json_object_set_new(json, "next_member", json_integer(r->next_member));
  json_object_set_new(json, "next_log", json_integer(r->next_log));
  return json;
}

static enum om_code show_registry(struct om_session *session, struct om_status *st) {
  const Oremark__Registry *r;
  struct om_hash network;
  char hex[2 * OM_HASH_BYTES + 1], name[OM_SHOW_BYTES];
  if (om_session_network(session, &network, st) || om_session_registry(session, &r, NULL, 0, st)) return st->code;
  if (!r->limits) return om_fail(st, OM_IO, NULL, "the daemon does not say what the limits are");
  om_hex(hex, network.bytes, OM_HASH_BYTES);
  if (session->json) return om_show_json(session->out, registry_json(r, hex), st);
  fprintf(session->out, "network %s\nregistry of %llu entries, rules version %u\n", hex, (unsigned long long)r->size,
          r->rules_version);
  fprintf(session->out, "governors, %u of whom must sign an act\n", r->threshold);
  for (size_t i = 0; i < r->n_governors; i++) {
    const Oremark__Governor *g = r->governors[i];
    fprintf(session->out, "  member %u (%s)%s%s\n", g->member, om_show_text(name, g->name),
            g->suspended ? ", suspended" : "", g->n_key_ids ? "" : ", without a key that stands");
  }
  show_limits(session->out, r->limits);
  show_schemes(session->out, r);
  show_next(session->out, r);
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  const Oremark__Genesis *genesis;
  struct om_hash id;
  if (om_args_words(session->args, 0, 1, st)) return st->code;
  if (session->args->n_words == 0) return show_registry(session, st);
  if (om_genesis_read(session->arena, &genesis, &id, session->args->words[0].value, st)) return st->code;
  return om_genesis_show(session->out, genesis, &id, session->json, st);
}

const struct om_command om_command_network_show = {
    .name = "network show",
    .words = "[GENESIS]",
    .summary = "Who governs, the limits and schemes, as they are now; or what is in a genesis file.",
    .help = "Example:\n  oremark network show\n  oremark network show genesis.oremark\n",
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
