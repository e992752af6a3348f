#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/clock.h"
#include "cli/secret.h"
#include "cli/session.h"
#include "cli/show.h"

static const struct om_option new_options[] = {
    {"kind", "KIND", "member, log, cosign, witness, link or sealing (default: member)"},
    {"name", "NAME", "what the key is called: no spaces, no '+' (kokkola.example/clerk-1)"},
    {"no-passphrase", NULL, "keep the secret plain, for a machine; the file is readable by you alone"},
    {"daemon", "ORIGIN", "make the four keys of a daemon with that log origin, in the folder DIR, plain"},
    {NULL, NULL, NULL},
};

static void today(char out[OM_CREATED_BYTES + 1]) {
  time_t now = (time_t)(om_now_ms() / 1000);
  struct tm tm;
  OM_ASSERT(gmtime_r(&now, &tm) && strftime(out, OM_CREATED_BYTES + 1, "%Y-%m-%d", &tm) == OM_CREATED_BYTES);
}

static json_t *info_json(const struct om_key_info *info, const char *path) {
  char text[OM_VKEY_BYTES];
  om_key_public_text(text, info);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "file", path, "kind", om_key_kind_name(info->kind), "name",
                   info->name, "public", text, "created", info->created, "passphrase", info->is_encrypted);
}

static enum om_code show_info(struct om_session *session, const struct om_key_info *info, const char *path,
                              struct om_status *st) {
  char text[OM_VKEY_BYTES];
  if (session->json) return om_show_json(session->out, info_json(info, path), st);
  om_key_public_text(text, info);
  fprintf(session->out, "%s key %s, created %s, %s\npublic: %s\n", om_key_kind_name(info->kind), info->name,
          info->created, info->is_encrypted ? "under a passphrase" : "plain", text);
  return OM_OK;
}

static enum om_code new_daemon(struct om_session *session, const char *origin, const char *dir, struct om_status *st) {
  static const struct {
    enum om_key_kind kind;
    const char *file;
  } keys[] = {{OM_KEY_LOG, "log.key"},
              {OM_KEY_COSIGN, "cosign.key"},
              {OM_KEY_WITNESS, "witness.key"},
              {OM_KEY_LINK, "link.key"}};
  const struct om_passphrase_source none = {.from = OM_PASSPHRASE_NONE, .fd = -1};
  char created[OM_CREATED_BYTES + 1];
  today(created);
  if (mkdir(dir, 0700) && errno != EEXIST)
    return om_fail(st, OM_IO, NULL, "can't make the folder %s: %s", dir, strerror(errno));
  json_t *all = json_array();
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    struct om_key_info info;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, keys[i].file) >= sizeof path)
      om_fail(st, OM_USAGE, NULL, "%s: the path is too long", dir);
    else if (!om_keyfile_create(&info, path, keys[i].kind, origin, created, &none, NULL, st)) {
      json_array_append_new(all, info_json(&info, path));
      if (!session->json) {
        char text[OM_VKEY_BYTES];
        om_key_public_text(text, &info);
        fprintf(session->out, "%-8s %s\n         %s\n", om_key_kind_name(info.kind), path, text);
      }
      continue;
    }
    json_decref(all);
    return st->code;
  }
  if (session->json) return om_show_json(session->out, json_pack("{s:o}", "keys", all), st);
  json_decref(all);
  return OM_OK;
}

static enum om_code run_new(struct om_session *session, struct om_status *st) {
  const struct om_args *args = session->args;
  const struct om_given *name, *kind_given = om_args_find(args, "kind");
  struct om_passphrase_source source;
  struct om_key_info info;
  enum om_key_kind kind = OM_KEY_MEMBER;
  char created[OM_CREATED_BYTES + 1];
  if (om_args_words(args, 1, 1, st)) return st->code;
  const char *path = args->words[0].value, *origin = om_args_value(args, "daemon");
  if (origin) return new_daemon(session, origin, path, st);
  if (om_args_need(args, &name, "name", st)) return st->code;
  if (kind_given && !om_key_kind_parse(&kind, kind_given->value)) {
    om_fail(st, OM_USAGE, NULL, "'%s' is no kind of key: write member, log, cosign, witness, link or sealing",
            kind_given->value);
    return om_given_wrap(kind_given, st);
  }
  if (om_passphrase_option(&source, args, session->profile.passphrase_file, st)) return st->code;
  if (om_args_has(args, "no-passphrase")) source = (struct om_passphrase_source){.from = OM_PASSPHRASE_NONE, .fd = -1};
  today(created);
  if (om_keyfile_create(&info, path, kind, name->value, created, &source, NULL, st)) return st->code;
  return show_info(session, &info, path, st);
}

const struct om_command om_command_key_new = {
    .name = "key new",
    .words = "FILE|DIR",
    .summary = "Make a new key and its file, or the four keys of a daemon.",
    .help =
        "Examples:\n"
        "  oremark key new --name kokkola.example/clerk-1 clerk.key\n"
        "  oremark key new --kind sealing --name kokkola.example/sealing sealing.key\n"
        "  oremark key new --daemon kokkola.example/log /etc/oremark/keys\n",
    .options = new_options,
    .groups = OM_OPTS_PASSPHRASE,
    .run = run_new,
};

static enum om_code run_show(struct om_session *session, struct om_status *st) {
  struct om_key_info info;
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  const char *path = session->args->words[0].value;
  if (om_keyfile_info(&info, path, st)) return st->code;
  return show_info(session, &info, path, st);
}

const struct om_command om_command_key_show = {
    .name = "key show",
    .words = "FILE",
    .summary = "Show what a key file says of itself: kind, name and public half; asks for no passphrase.",
    .run = run_show,
};

static const struct om_option passwd_options[] = {
    {"new-passphrase-file", "FILE", "take the new passphrase from the first line of FILE"},
    {"new-passphrase-fd", "N", "take it from file descriptor N"},
    {"no-passphrase", NULL, "keep the secret plain from now on"},
    {NULL, NULL, NULL},
};

static enum om_code run_passwd(struct om_session *session, struct om_status *st) {
  const struct om_args *args = session->args;
  struct om_passphrase_source before, after = {.from = OM_PASSPHRASE_ASK, .fd = -1};
  const struct om_given *fd = om_args_find(args, "new-passphrase-fd");
  const char *file = om_args_value(args, "new-passphrase-file");
  uint64_t number = 0;
  if (om_args_words(args, 1, 1, st) || om_passphrase_option(&before, args, session->profile.passphrase_file, st) ||
      (fd && om_given_u64(fd, &number, INT32_MAX, st)))
    return st->code;
  if (om_args_has(args, "no-passphrase"))
    after.from = OM_PASSPHRASE_NONE;
  else if (fd)
    after = (struct om_passphrase_source){.from = OM_PASSPHRASE_FD, .fd = (int)number};
  else if (file)
    after = (struct om_passphrase_source){.from = OM_PASSPHRASE_FILE, .file = file, .fd = -1};
  if (om_keyfile_passwd(args->words[0].value, &before, &after, NULL, st)) return st->code;
  struct om_key_info info;
  if (om_keyfile_info(&info, args->words[0].value, st)) return st->code;
  return show_info(session, &info, args->words[0].value, st);
}

const struct om_command om_command_key_passwd = {
    .name = "key passwd",
    .words = "FILE",
    .summary = "Put a key file under another passphrase.",
    .help = "Example:\n  oremark key passwd clerk.key\n",
    .options = passwd_options,
    .groups = OM_OPTS_PASSPHRASE,
    .run = run_passwd,
};
