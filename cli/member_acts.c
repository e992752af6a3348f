/* Registry acts: those of the governors, and those of a member for itself. All go to the daemon that holds the registry
 * log. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/act.h"
#include "cli/governors.h"
#include "cli/material.h"
#include "cli/member.h"
#include "cli/secret.h"
#include "cli/words.h"
#include "keys/base64.h"

/* The speaker as the registry here knows it. */
static enum om_code self_member(struct om_session *session, const Oremark__Member **out, struct om_status *st) {
  const Oremark__Members *members;
  uint32_t self;
  if (om_session_self(session, &self, st) || om_session_members(session, &members, st)) return st->code;
  for (size_t i = 0; i < members->n_members; i++)
    if (members->members[i]->member == self) return *out = members->members[i], OM_OK;
  return om_fail(st, OM_MISSING, NULL, "there is no member %u here: see 'oremark member list'", self);
}

static const struct om_option enrol_options[] = {
    {"name", "TEXT", "the member's name"},
    {"country", "CC", "ISO 3166-1 alpha-2"},
    {"role", "ROLE", OM_ROLES_HELP},
    {"home", "LOG", "its home log: origin or number"},
    {"key-file", "FILE", "its first key: the key file (only the public half is read)"},
    {"vkey", "VKEY", "its first key: the public half, as 'oremark key show' prints it"},
    {"number", "N", "its number, the next free one, where no daemon can be asked; 'oremark network show' tells it"},
    {NULL, NULL, NULL},
};

/* Two may have one name; most often it is typed twice. */
static enum om_code tell_namesake(struct om_session *session, const char *name, struct om_status *st) {
  const Oremark__Members *members;
  if (om_session_members(session, &members, st)) return st->code;
  for (size_t i = 0; i < members->n_members; i++)
    if (strcasecmp(members->members[i]->name, name) == 0)
      fprintf(session->err, "note: member %u has that name already; both are then to be named by number\n",
              members->members[i]->member);
  return OM_OK;
}

/* By --number, or the next one as the daemon knows it. */
static enum om_code next_member(struct om_session *session, uint32_t *out, const struct om_args *args,
                                struct om_status *st) {
  const Oremark__Registry *registry;
  bool stated;
  if (om_number_stated(args, out, &stated, st)) return st->code;
  if (stated) return OM_OK;
  if (om_session_registry(session, &registry, NULL, 0, st)) return st->code;
  *out = registry->next_member;
  return tell_namesake(session, om_args_value(args, "name"), st);
}

static enum om_code build_enrol(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                struct om_status *st) {
  Oremark__Enrol *enrol = om_arena_alloc(session->arena, sizeof *enrol);
  Oremark__NewMember *member = om_arena_alloc(session->arena, sizeof *member);
  const struct om_given *name, *country, *home;
  oremark__enrol__init(enrol);
  oremark__new_member__init(member);
  if (om_args_words(args, 0, 0, st) || om_args_need(args, &name, "name", st) ||
      om_args_need(args, &country, "country", st) || om_args_need(args, &home, "home", st) ||
      om_public_given(session, &member->key, args, "", st) ||
      om_roles_given(session, &member->roles, &member->n_roles, args, st) ||
      next_member(session, &member->member, args, st) || om_log_named(session, &member->home_log, home, st) ||
      om_governors_suffice(session, st))
    return st->code;
  member->name = om_copy_text(session->arena, name->value);
  member->country = om_copy_text(session->arena, country->value);
  enrol->member = member;
  event->kind_case = OREMARK__EVENT__KIND_ENROL;
  event->enrol = enrol;
  return OM_OK;
}

const struct om_command om_command_member_enrol = {
    .name = "member enrol",
    .summary = "Take a new member in (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Example:\n"
    "  oremark member enrol --name \"Kokkola Refining\" --country FI --role refiner --home kokkola.example/log \\\n"
    "    --vkey kokkola.example/clerk-1+1f3a0c5d+AQ... --out enrol.statement\n",
    .options = enrol_options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build_enrol,
};

static const struct om_option add_key_options[] = {
    {"key-file", "FILE", "the new key: its key file (only the public half is read)"},
    {"vkey", "VKEY", "the new key: the public half, as 'oremark key show' prints it"},
    {"label", "TEXT", "what it is for: \"weighbridge\""},
    {NULL, NULL, NULL},
};

static enum om_code build_add_key(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                  struct om_status *st) {
  Oremark__AddKey *add = om_arena_alloc(session->arena, sizeof *add);
  oremark__add_key__init(add);
  if (om_args_words(args, 0, 0, st) || om_public_given(session, &add->key, args, "", st)) return st->code;
  add->label = om_copy_text(session->arena, om_args_value(args, "label"));
  event->kind_case = OREMARK__EVENT__KIND_ADD_KEY;
  event->add_key = add;
  return om_member_chain(session, event, st);
}

const struct om_command om_command_member_add_key = {
    .name = "member add-key",
    .summary = "Add a key of your own member's; goes to the daemon that holds the registry log.",
    .help = "Example:\n  oremark member add-key --key-file weighbridge.key --label weighbridge --key clerk.key\n",
    .options = add_key_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_add_key,
};

static const struct om_option add_site_options[] = {
    {"name", "TEXT", "the site's name"},
    {"country", "CC", "ISO 3166-1 alpha-2"},
    {"kind", "KIND", "mine, plant, warehouse, port, office"},
    {"latitude", "DEGREES", "WGS 84, at most six decimals: -17.252819"},
    {"longitude", "DEGREES", "WGS 84, at most six decimals: -70.603973"},
    {"external-id", "TEXT", "GLN, mine-site or facility number"},
    {"number", "N", "its number, the next free one, where no daemon can be asked; 'oremark member show' tells it"},

    {NULL, NULL, NULL},
};

/* The next number of a site and the act before it, as stated or as the daemon knows them. */
static enum om_code next_site(struct om_session *session, Oremark__AddSite *add, Oremark__Event *event,
                              const struct om_args *args, struct om_status *st) {
  const Oremark__Member *self = NULL;
  bool number, chain;
  if (om_number_stated(args, &add->site, &number, st) || om_chain_stated(session, event, &chain, st)) return st->code;
  if (number && chain) return OM_OK;
  if (self_member(session, &self, st)) return st->code;
  if (!number) add->site = om_member_sites(self) + 1;
  if (!chain) om_copy_id(session->arena, &event->previous, self->last_site);
  return OM_OK;
}

/* Degrees to millionths, without floating point. */
static enum om_code degrees(const struct om_given *given, int32_t *out, int32_t max, struct om_status *st) {
  const char *text = given->value;
  bool negative = *text == '-';
  if (negative) text++;
  char *end;
  long whole = strtol(text, &end, 10), part = 0;
  bool ok = *text >= '0' && *text <= '9' && whole <= max;
  if (ok && *end == '.') {
    size_t places = strspn(end + 1, "0123456789");
    ok = places >= 1 && places <= 6 && end[1 + places] == '\0';
    char six[7] = "000000";
    if (ok) memcpy(six, end + 1, places);
    part = strtol(six, NULL, 10);
  } else {
    ok = ok && *end == '\0';
  }
  long millionths = whole * 1000000 + part;
  if (!ok || millionths > (long)max * 1000000) {
    om_fail(st, OM_USAGE, NULL, "'%s' is not an angle of at most %d degrees with at most six decimals", given->value,
            max);
    return om_given_wrap(given, st);
  }
  *out = (int32_t)(negative ? -millionths : millionths);
  return OM_OK;
}

static enum om_code build_add_site(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                   struct om_status *st) {
  Oremark__AddSite *add = om_arena_alloc(session->arena, sizeof *add);
  const struct om_given *name, *country, *kind, *lat = om_args_find(args, "latitude"),
                                                *lon = om_args_find(args, "longitude");
  int value;
  oremark__add_site__init(add);
  if (om_args_words(args, 0, 0, st) || om_args_need(args, &name, "name", st) ||
      om_args_need(args, &country, "country", st) || om_args_need(args, &kind, "kind", st) ||
      om_given_word(kind, &value, &oremark__site_kind__descriptor, st) ||
      (lat && degrees(lat, &add->latitude_e6, 90, st)) || (lon && degrees(lon, &add->longitude_e6, 180, st)) ||
      next_site(session, add, event, args, st))
    return st->code;
  add->name = om_copy_text(session->arena, name->value);
  add->country = om_copy_text(session->arena, country->value);
  add->kind = (Oremark__SiteKind)value;
  add->external_id = om_copy_text(session->arena, om_args_value(args, "external-id"));
  event->kind_case = OREMARK__EVENT__KIND_ADD_SITE;
  event->add_site = add;
  return OM_OK;
}

const struct om_command om_command_member_add_site = {
    .name = "member add-site",
    .summary = "Add a site of your own member's; goes to the daemon that holds the registry log.",
    .help =
        "Example:\n  oremark member add-site --name Toquepala --country PE --kind mine --latitude -17.252819 "
        "--longitude -70.603973\n",
    .options = add_site_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_add_site,
};

static const struct om_option add_daemon_options[] = {
    {"origin", "ORIGIN", "the log's name: kokkola.example/log"},
    {"operator", "MEMBER", "who runs it: number or name"},
    {"keys", "DIR", "the daemon's folder of keys (only the public halves are read)"},
    {"log-key", "VKEY", "or each public half: of log.key"},
    {"cosign-key", "VKEY", "of cosign.key"},
    {"witness-key", "VKEY", "of witness.key"},
    {"link-key", "BASE64", "of link.key"},
    {"number", "N",
     "its log's number, the next free one, where no daemon can be asked; 'oremark network show' tells it"},
    {NULL, NULL, NULL},
};

static enum om_code daemon_key(struct om_session *session, ProtobufCBinaryData *out, const struct om_args *args,
                               const char *option, const char *file, enum om_key_kind kind, struct om_status *st) {
  const struct om_given *given = om_args_find(args, option), *keys = om_args_find(args, "keys");
  uint8_t key[OM_PUBLIC_BYTES];
  if (given && kind == OM_KEY_LINK) {
    size_t len;
    if (!om_base64_decode(key, sizeof key, &len, given->value, strlen(given->value)) || len != sizeof key) {
      om_fail(st, OM_USAGE, NULL, "'%s' is not 32 bytes in base64", given->value);
      return om_given_wrap(given, st);
    }
  } else if (given) {
    struct om_vkey vkey;
    if (om_vkey_parse(&vkey, given->value, strlen(given->value), st)) return om_given_wrap(given, st);
    memcpy(key, vkey.key, sizeof key);
  } else if (keys) {
    struct om_key_info info;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", keys->value, file);
    if (om_keyfile_info(&info, path, st)) return om_given_wrap(keys, st);
    if (info.kind != kind)
      return om_fail(st, OM_USAGE, NULL, "%s is a %s key; a %s key is wanted", path, om_key_kind_name(info.kind),
                     om_key_kind_name(kind));
    memcpy(key, info.public_key, sizeof key);
  } else {
    return om_fail(st, OM_USAGE, NULL, "member add-daemon: give --keys (the daemon's folder of keys) or --%s", option);
  }
  out->data = om_arena_copy(session->arena, key, sizeof key);
  out->len = sizeof key;
  return OM_OK;
}

enum om_code om_daemon_given(struct om_session *session, Oremark__Daemon *daemon, const struct om_args *args,
                             struct om_status *st) {
  const struct om_given *origin, *operator_;
  if (om_args_need(args, &origin, "origin", st) || om_args_need(args, &operator_, "operator", st) ||
      daemon_key(session, &daemon->log_key, args, "log-key", "log.key", OM_KEY_LOG, st) ||
      daemon_key(session, &daemon->cosign_key, args, "cosign-key", "cosign.key", OM_KEY_COSIGN, st) ||
      daemon_key(session, &daemon->witness_key, args, "witness-key", "witness.key", OM_KEY_WITNESS, st) ||
      daemon_key(session, &daemon->link_key, args, "link-key", "link.key", OM_KEY_LINK, st) ||
      om_session_member(session, &daemon->operator_, operator_->value, st))
    return st->code;
  daemon->origin = om_copy_text(session->arena, origin->value);
  return OM_OK;
}

/* By --number, or the next one as the daemon knows it. */
static enum om_code next_log(struct om_session *session, uint32_t *out, const struct om_args *args,
                             struct om_status *st) {
  const Oremark__Registry *registry;
  bool stated;
  if (om_number_stated(args, out, &stated, st)) return st->code;
  if (stated) return OM_OK;
  if (om_session_registry(session, &registry, NULL, 0, st)) return st->code;
  *out = registry->next_log;
  return OM_OK;
}

static enum om_code build_add_daemon(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                     struct om_status *st) {
  Oremark__AddDaemon *add = om_arena_alloc(session->arena, sizeof *add);
  Oremark__Daemon *daemon = om_arena_alloc(session->arena, sizeof *daemon);
  oremark__add_daemon__init(add);
  oremark__daemon__init(daemon);
  if (om_args_words(args, 0, 0, st) || om_daemon_given(session, daemon, args, st) ||
      next_log(session, &add->log, args, st) || om_governors_suffice(session, st))
    return st->code;
  add->daemon = daemon;
  event->kind_case = OREMARK__EVENT__KIND_ADD_DAEMON;
  event->add_daemon = add;
  return OM_OK;
}

const struct om_command om_command_member_add_daemon = {
    .name = "member add-daemon",
    .summary = "Admit a daemon and its log (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Example:\n  oremark member add-daemon --origin kokkola.example/log --operator 4 --keys keys --out add.statement\n",
    .options = add_daemon_options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build_add_daemon,
};

static const struct om_option standing_options[] = {
    {"reason", "TEXT", "why, at most 256 bytes"},
    {NULL, NULL, NULL},
};

/* Fills what both acts say: whom, and why. */
static enum om_code standing(struct om_session *session, uint32_t *member, char **reason, const struct om_args *args,
                             struct om_status *st) {
  const struct om_given *why;
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &why, "reason", st) ||
      om_session_member(session, member, args->words[0].value, st))
    return st->code;
  *reason = om_copy_text(session->arena, why->value);
  return OM_OK;
}

static enum om_code build_suspend(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                  struct om_status *st) {
  Oremark__Suspend *suspend = om_arena_alloc(session->arena, sizeof *suspend);
  oremark__suspend__init(suspend);
  if (standing(session, &suspend->member, &suspend->reason, args, st)) return st->code;
  event->kind_case = OREMARK__EVENT__KIND_SUSPEND;
  event->suspend = suspend;
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_member_suspend = {
    .name = "member suspend",
    .words = "MEMBER",
    .summary = "Take no new statements of a member's; hides nothing (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Example:\n  oremark member suspend 7 --reason \"tags found on ore of another mine\" --out suspend.statement\n",
    .options = standing_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_suspend,
};

static enum om_code build_reinstate(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                    struct om_status *st) {
  Oremark__Reinstate *reinstate = om_arena_alloc(session->arena, sizeof *reinstate);
  oremark__reinstate__init(reinstate);
  if (standing(session, &reinstate->member, &reinstate->reason, args, st)) return st->code;
  event->kind_case = OREMARK__EVENT__KIND_REINSTATE;
  event->reinstate = reinstate;
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_member_reinstate = {
    .name = "member reinstate",
    .words = "MEMBER",
    .summary = "End a member's suspension (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "Example:\n  oremark member reinstate 7 --reason \"cleared by the inspector\" --out reinstate.statement\n",
    .options = standing_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_reinstate,
};

static const struct om_option rehome_options[] = {
    {"home", "LOG", "its next home log: origin or number"},
    {NULL, NULL, NULL},
};

static enum om_code build_rehome(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                 struct om_status *st) {
  Oremark__Rehome *rehome = om_arena_alloc(session->arena, sizeof *rehome);
  const struct om_given *home;
  oremark__rehome__init(rehome);
  if (om_args_words(args, 1, 1, st) || om_args_need(args, &home, "home", st) ||
      om_session_member(session, &rehome->member, args->words[0].value, st) ||
      om_log_named(session, &rehome->home_log, home, st))
    return st->code;
  event->kind_case = OREMARK__EVENT__KIND_REHOME;
  event->rehome = rehome;
  return om_governors_chain(session, event, st);
}

const struct om_command om_command_member_rehome = {
    .name = "member rehome",
    .words = "MEMBER",
    .summary = "Move a member to another home log; its lots go with it (act of the governors).",
    .help = OM_GOVERNORS_ACT
    "The member writes in its new home log once the old one has taken the move up and that is final.\n"
    "Example:\n  oremark member rehome 7 --home andes.example/log --out rehome.statement\n",
    .options = rehome_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_rehome,
};

static const struct om_option set_address_options[] = {
    {"log", "LOG", "which of your daemons: its log's origin or number"},
    {NULL, NULL, NULL},
};

static enum om_code build_set_address(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                                      struct om_status *st) {
  Oremark__SetAddress *set = om_arena_alloc(session->arena, sizeof *set);
  const struct om_given *log;
  oremark__set_address__init(set);
  if (om_args_words(args, 0, 1, st) || om_args_need(args, &log, "log", st) || om_log_named(session, &set->log, log, st))
    return st->code;
  set->address = om_copy_text(session->arena, args->n_words ? args->words[0].value : "");
  event->kind_case = OREMARK__EVENT__KIND_SET_ADDRESS;
  event->set_address = set;
  return om_member_chain(session, event, st);
}

const struct om_command om_command_member_set_address = {
    .name = "member set-address",
    .words = "[HOST:PORT]",
    .summary = "Say in the registry where others reach a daemon of your own; without an address: nowhere.",
    .help =
        "Goes to the daemon that holds the registry log. Daemons dial it there unless their settings say where.\n"
        "Example:\n  oremark member set-address --log kokkola.example/log oremark.kokkola.example:7412\n",
    .options = set_address_options,
    .groups = OM_OPTS_ACT,
    .run = om_act_run,
    .build = build_set_address,
};
