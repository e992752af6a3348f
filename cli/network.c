#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/file.h"
#include "cli/genesis.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/spec.h"
#include "keys/keyfile.h"
#include "ledger/acts.h"

static const struct om_option new_options[] = {
    {"out", "FILE", "where the genesis file goes (-o); never overwritten"},
    {NULL, NULL, NULL},
};

static enum om_code run_new(struct om_session *session, struct om_status *st) {
  const struct om_given *out;
  Oremark__Genesis *made;
  const Oremark__Genesis *genesis;
  struct om_hash id;
  if (om_args_words(session->args, 1, 1, st) || om_args_need(session->args, &out, "out", st) ||
      om_spec_read(session->arena, &made, session->args->words[0].value, om_now_ms(), st))
    return st->code;
  size_t len = oremark__genesis__get_packed_size(made);
  uint8_t *bytes = om_arena_alloc(session->arena, len);
  oremark__genesis__pack(made, bytes);
  if (om_genesis_check(&genesis, session->arena, bytes, len, st))
    return om_wrap(st, "%s", session->args->words[0].value);
  if (om_file_write(out->value, bytes, len, false, st)) return st->code;
  om_sha256(&id, bytes, len);
  return om_genesis_show(session->out, genesis, &id, session->json, st);
}

const struct om_command om_command_network_new = {
    .name = "network new",
    .words = "SPEC",
    .summary = "Make a new network's genesis file from a spec.",
    .help =
        "The spec names members, governors, daemons, witnesses and limits; see deploy/network.spec.example. Every "
        "operator\n"
        "needs a copy of the genesis file; the network's id, its hash, is best compared over another channel.\n"
        "Example:\n  oremark network new copper.spec -o genesis.oremark\n",
    .options = new_options,
    .run = run_new,
};

static const struct om_option join_options[] = {
    {"out", "FILE", "where the settings file goes (-o); never overwritten (default: oremarkd.conf)"},
    {"store", "DIR", "where the daemon keeps its store (default: /var/lib/oremark)"},
    {"socket", "PATH", "the daemon's socket for commands (default: " OM_SOCKET_DEFAULT ")"},
    {"listen", "ADDRESS", "where it awaits peers, host:port (default: [::]:7412)"},
    {NULL, NULL, NULL},
};

/* Absolute, as the daemon is started from anywhere. */
static enum om_code absolute(char **out, const char *path, struct om_status *st) {
  *out = realpath(path, NULL);
  return *out ? OM_OK : om_fail(st, OM_IO, NULL, "can't find %s: %s", path, strerror(errno));
}

/* Which of the genesis' daemons has the link key in the folder; its index, or n_daemons for none of them. */
static enum om_code which_daemon(size_t *out, const Oremark__Genesis *genesis, const char *keys, struct om_status *st) {
  struct om_key_info info;
  char path[4096];
  snprintf(path, sizeof path, "%s/link.key", keys);
  if (om_keyfile_info(&info, path, st)) return st->code;
  for (*out = 0; *out < genesis->n_daemons; (*out)++)
    if (memcmp(genesis->daemons[*out]->link_key.data, info.public_key, OM_PUBLIC_BYTES) == 0) break;
  return OM_OK;
}

/* NAME = "VALUE", whatever stands in VALUE. */
static void print_setting(FILE *file, const char *name, const char *value) {
  fprintf(file, "%s = \"", name);
  for (const char *c = value; *c; c++) {
    if (strchr("\"\\$", *c)) fputc('\\', file);
    fputc(*c, file);
  }
  fputs("\"\n", file);
}

static void print_settings(FILE *file, const struct om_args *args, const Oremark__Genesis *genesis, size_t self,
                           const char *genesis_path, const char *keys) {
  const char *store = om_args_value(args, "store"), *socket = om_args_value(args, "socket"),
             *listen = om_args_value(args, "listen");
  fprintf(file, "# oremarkd in the network %s", genesis->name);
  fprintf(file, self < genesis->n_daemons ? " as %s\n" : ": not in its genesis, a mirror until the governors add it\n",
          self < genesis->n_daemons ? genesis->daemons[self]->origin : "");
  print_setting(file, "genesis", genesis_path);
  print_setting(file, "keys", keys);
  print_setting(file, "store", store ? store : "/var/lib/oremark");
  print_setting(file, "socket", socket ? socket : OM_SOCKET_DEFAULT);
  fprintf(file, "listen = {\"%s\"}\n\n", listen ? listen : "[::]:7412");
  fprintf(file, "# Where the other daemons are is known to their operators only: ask them, and fill in.\n");
  for (size_t i = 0; i < genesis->n_daemons; i++)
    if (i != self) fprintf(file, "# peer \"%s\" { address = \"host:7412\" }\n", genesis->daemons[i]->origin);
}

static enum om_code write_settings(struct om_session *session, const Oremark__Genesis *genesis,
                                   const struct om_hash *id, const char *genesis_path, const char *keys,
                                   struct om_status *st) {
  const char *path = om_args_value(session->args, "out");
  if (!path) path = "oremarkd.conf";
  size_t self = 0, len;
  char *text = NULL, hex[2 * OM_HASH_BYTES + 1], clean[OM_SHOW_BYTES];
  if (which_daemon(&self, genesis, keys, st)) return st->code;
  FILE *memory = open_memstream(&text, &len);
  OM_ASSERT(memory);
  print_settings(memory, session->args, genesis, self, genesis_path, keys);
  OM_ASSERT(fclose(memory) == 0);
  enum om_code code = om_file_write(path, text, len, false, st);
  free(text);
  if (code) return code;
  om_hex(hex, id->bytes, OM_HASH_BYTES);
  const char *origin = self < genesis->n_daemons ? om_show_text(clean, genesis->daemons[self]->origin) : NULL;
  if (session->json)
    return om_show_json(session->out, json_pack("{s:s, s:s, s:s?}", "file", path, "network_id", hex, "origin", origin),
                        st);
  fprintf(session->out,
          "%s is ready: fill in the peers' addresses, then check it with 'oremarkd --config %s "
          "--check-config'\nnetwork %s\n%s%s\n",
          path, path, hex,
          origin ? "this daemon is " : "this daemon is not in the genesis: it mirrors until the governors add it",
          origin ? origin : "");
  return OM_OK;
}

static enum om_code run_join(struct om_session *session, struct om_status *st) {
  const struct om_args *args = session->args;
  const Oremark__Genesis *genesis;
  struct om_hash id;
  char *genesis_path = NULL, *keys = NULL;
  if (om_args_words(args, 2, 2, st) || om_genesis_read(session->arena, &genesis, &id, args->words[0].value, st))
    return st->code;
  enum om_code code = absolute(&genesis_path, args->words[0].value, st);
  if (code == OM_OK) code = absolute(&keys, args->words[1].value, st);
  if (code == OM_OK) code = write_settings(session, genesis, &id, genesis_path, keys, st);
  free(genesis_path);
  free(keys);
  return code;
}

const struct om_command om_command_network_join = {
    .name = "network join",
    .words = "GENESIS KEYS",
    .summary = "Write a daemon's settings file for a network, from its genesis file and the daemon's folder of keys.",
    .help =
        "Example:\n"
        "  oremark key new --daemon kokkola.example/log /etc/oremark/keys\n"
        "  oremark network join genesis.oremark /etc/oremark/keys -o /etc/oremark/oremarkd.conf\n",
    .options = join_options,
    .run = run_join,
};
