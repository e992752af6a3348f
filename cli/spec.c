#include "cli/spec.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/clock.h"
#include "cli/words.h"
#include "keys/base64.h"
#include "keys/keyfile.h"
#include "ledger/ledger.h"
#include "ledger/quantity.h"

struct spec {
  struct om_arena *arena;
  cfg_t *cfg;
  const char *path;
  Oremark__Genesis *genesis;
};

static struct om_status *reading; /* libconfuse reports by callback, without a pointer of ours */

__attribute__((format(printf, 2, 0))) static void report(cfg_t *cfg, const char *fmt, va_list args) {
  char text[OM_STATUS_TEXT_BYTES];
  vsnprintf(text, sizeof text, fmt, args);
  if (reading->code == OM_OK)
    om_fail(reading, OM_USAGE, NULL, "%s, line %d: %s", cfg && cfg->filename ? cfg->filename : "spec",
            cfg ? cfg->line : 0, text);
}

static char *copy(struct spec *spec, const char *text) {
  if (!text) text = "";
  return om_arena_copy(spec->arena, text, strlen(text) + 1);
}

/* A file named in the spec: absolute, or beside the spec. */
static char *beside(struct spec *spec, const char *name, const char *file) {
  const char *slash = strrchr(spec->path, '/');
  size_t dir = *name == '/' || !slash ? 0 : (size_t)(slash + 1 - spec->path);
  size_t size = dir + strlen(name) + (file ? strlen(file) + 1 : 0) + 1;
  char *out = om_arena_alloc(spec->arena, size);
  snprintf(out, size, "%.*s%s%s%s", (int)dir, spec->path, name, file ? "/" : "", file ? file : "");
  return out;
}

static void set_key(struct spec *spec, ProtobufCBinaryData *out, const uint8_t key[OM_PUBLIC_BYTES]) {
  out->data = om_arena_copy(spec->arena, key, OM_PUBLIC_BYTES);
  out->len = OM_PUBLIC_BYTES;
}

/* The public half of the key file at PATH, which must be of that kind. */
static enum om_code key_of_file(struct spec *spec, ProtobufCBinaryData *out, const char *path, enum om_key_kind kind,
                                struct om_status *st) {
  struct om_key_info info;
  if (om_keyfile_info(&info, path, st)) return st->code;
  if (info.kind != kind)
    return om_fail(st, OM_USAGE, NULL, "%s is a %s key; a %s key is wanted here", path, om_key_kind_name(info.kind),
                   om_key_kind_name(kind));
  set_key(spec, out, info.public_key);
  return OM_OK;
}

/* "key" names a key file; "vkey" is the public half itself. */
static enum om_code member_key(struct spec *spec, ProtobufCBinaryData *out, cfg_t *section, struct om_status *st) {
  const char *file = cfg_getstr(section, "key"), *vkey = cfg_getstr(section, "vkey");
  if (!file == !vkey) return om_fail(st, OM_USAGE, NULL, "give either 'key' (a key file) or 'vkey' (its public half)");
  if (file) return key_of_file(spec, out, beside(spec, file, NULL), OM_KEY_MEMBER, st);
  struct om_vkey parsed;
  if (om_vkey_parse(&parsed, vkey, strlen(vkey), st)) return om_wrap(st, "vkey");
  set_key(spec, out, parsed.key);
  return OM_OK;
}

static enum om_code log_named(const struct spec *spec, uint32_t *out, const char *origin, struct om_status *st) {
  for (size_t i = 0; i < spec->genesis->n_daemons; i++)
    if (strcmp(spec->genesis->daemons[i]->origin, origin) == 0) return *out = (uint32_t)i, OM_OK;
  return om_fail(st, OM_USAGE, NULL, "no daemon has the origin '%s'", origin);
}

static enum om_code member_named(const struct spec *spec, uint32_t *out, const char *name, struct om_status *st) {
  for (size_t i = 0; i < spec->genesis->n_members; i++)
    if (strcmp(spec->genesis->members[i]->name, name) == 0) return *out = (uint32_t)(i + 1), OM_OK;
  return om_fail(st, OM_USAGE, NULL, "no member has the name '%s'", name);
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static enum om_code read_roles(struct spec *spec, Oremark__NewMember *member, cfg_t *section, struct om_status *st) {
  _Static_assert(sizeof(Oremark__Role) == sizeof(uint32_t), "roles are sorted as numbers");
  unsigned n = cfg_size(section, "roles");
  member->roles = om_arena_array(spec->arena, n, sizeof *member->roles);
  for (unsigned i = 0; i < n; i++) {
    int role;
    if (om_word_parse(&role, &oremark__role__descriptor, "role", cfg_getnstr(section, "roles", i), st)) return st->code;
    member->roles[member->n_roles++] = (Oremark__Role)role;
  }
  qsort(member->roles, member->n_roles, sizeof *member->roles, by_value);
  return OM_OK;
}

static enum om_code read_member(struct spec *spec, cfg_t *section, struct om_status *st) {
  Oremark__Genesis *g = spec->genesis;
  Oremark__NewMember *member = om_arena_alloc(spec->arena, sizeof *member);
  oremark__new_member__init(member);
  member->name = copy(spec, cfg_title(section));
  member->country = copy(spec, cfg_getstr(section, "country"));
  g->members[g->n_members++] = member;
  member->member = (uint32_t)g->n_members;
  const char *home = cfg_getstr(section, "home");
  if (!home) return om_fail(st, OM_USAGE, NULL, "'home' is missing: the origin of the daemon whose log is its home");
  if (log_named(spec, &member->home_log, home, st)) return om_wrap(st, "home");
  return read_roles(spec, member, section, st) || member_key(spec, &member->key, section, st) ? st->code : OM_OK;
}

/* A daemon's four public keys: from a folder of key files as `oremark key new --daemon` makes it, or each by its vkey
 * (the link key in base64, as `key show` prints it). */
static enum om_code daemon_keys(struct spec *spec, Oremark__Daemon *daemon, cfg_t *section, struct om_status *st) {
  const struct {
    const char *setting, *file;
    enum om_key_kind kind;
    ProtobufCBinaryData *out;
  } keys[] = {{"log-key", "log.key", OM_KEY_LOG, &daemon->log_key},
              {"cosign-key", "cosign.key", OM_KEY_COSIGN, &daemon->cosign_key},
              {"witness-key", "witness.key", OM_KEY_WITNESS, &daemon->witness_key},
              {"link-key", "link.key", OM_KEY_LINK, &daemon->link_key}};
  const char *folder = cfg_getstr(section, "keys");
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const char *text = cfg_getstr(section, keys[i].setting);
    struct om_vkey vkey;
    if (!text && !folder)
      return om_fail(st, OM_USAGE, NULL, "give 'keys' (the daemon's folder of keys) or '%s' (a public half)",
                     keys[i].setting);
    if (!text) {
      if (key_of_file(spec, keys[i].out, beside(spec, folder, keys[i].file), keys[i].kind, st)) return st->code;
    } else if (keys[i].kind == OM_KEY_LINK) {
      uint8_t key[OM_PUBLIC_BYTES];
      size_t len;
      if (!om_base64_decode(key, sizeof key, &len, text, strlen(text)) || len != sizeof key)
        return om_fail(st, OM_USAGE, NULL, "link-key is not 32 bytes in base64");
      set_key(spec, keys[i].out, key);
    } else {
      if (om_vkey_parse(&vkey, text, strlen(text), st)) return om_wrap(st, "%s", keys[i].setting);
      set_key(spec, keys[i].out, vkey.key);
    }
  }
  return OM_OK;
}

static enum om_code read_daemon(struct spec *spec, cfg_t *section, struct om_status *st) {
  Oremark__Genesis *g = spec->genesis;
  Oremark__Daemon *daemon = om_arena_alloc(spec->arena, sizeof *daemon);
  oremark__daemon__init(daemon);
  daemon->origin = copy(spec, cfg_title(section));
  g->daemons[g->n_daemons++] = daemon;
  return daemon_keys(spec, daemon, section, st);
}

/* Operators are members, and members' homes are daemons: so operators come after both. */
static enum om_code read_operator(struct spec *spec, cfg_t *section, size_t i, struct om_status *st) {
  const char *name = cfg_getstr(section, "operator");
  if (!name) return om_fail(st, OM_USAGE, NULL, "'operator' is missing: the name of the member who runs it");
  return member_named(spec, &spec->genesis->daemons[i]->operator_, name, st);
}

static enum om_code read_sections(struct spec *spec, struct om_status *st) {
  unsigned daemons = cfg_size(spec->cfg, "daemon"), members = cfg_size(spec->cfg, "member");
  spec->genesis->daemons = om_arena_array(spec->arena, daemons, sizeof *spec->genesis->daemons);
  spec->genesis->members = om_arena_array(spec->arena, members, sizeof *spec->genesis->members);
  for (unsigned i = 0; i < daemons; i++) {
    cfg_t *section = cfg_getnsec(spec->cfg, "daemon", i);
    if (read_daemon(spec, section, st)) return om_wrap(st, "daemon '%s'", cfg_title(section));
  }
  for (unsigned i = 0; i < members; i++) {
    cfg_t *section = cfg_getnsec(spec->cfg, "member", i);
    if (read_member(spec, section, st)) return om_wrap(st, "member '%s'", cfg_title(section));
  }
  for (unsigned i = 0; i < daemons; i++) {
    cfg_t *section = cfg_getnsec(spec->cfg, "daemon", i);
    if (read_operator(spec, section, i, st)) return om_wrap(st, "daemon '%s'", cfg_title(section));
  }
  return OM_OK;
}

static enum om_code read_lists(struct spec *spec, struct om_status *st) {
  Oremark__Genesis *g = spec->genesis;
  unsigned governors = cfg_size(spec->cfg, "governors"), witnesses = cfg_size(spec->cfg, "witnesses");
  g->governors = om_arena_array(spec->arena, governors, sizeof *g->governors);
  for (unsigned i = 0; i < governors; i++)
    if (member_named(spec, &g->governors[g->n_governors++], cfg_getnstr(spec->cfg, "governors", i), st))
      return om_wrap(st, "governors");
  qsort(g->governors, g->n_governors, sizeof *g->governors, by_value);
  long threshold = cfg_getint(spec->cfg, "threshold");
  g->threshold = threshold > 0 && threshold < 1000 ? (uint32_t)threshold : (uint32_t)g->n_governors / 2 + 1;
  long quorum = cfg_getint(spec->cfg, "quorum");
  if (quorum < 0 || quorum > OM_WITNESSES_MAX)
    return om_fail(st, OM_USAGE, NULL, "quorum is not 0 to %d", OM_WITNESSES_MAX);
  if (witnesses == 0 && quorum == 0) return OM_OK;
  g->witnesses = om_arena_alloc(spec->arena, sizeof *g->witnesses);
  oremark__witness_list__init(g->witnesses);
  g->witnesses->quorum = (uint32_t)quorum;
  g->witnesses->logs = om_arena_array(spec->arena, witnesses, sizeof *g->witnesses->logs);
  for (unsigned i = 0; i < witnesses; i++)
    if (log_named(spec, &g->witnesses->logs[g->witnesses->n_logs++], cfg_getnstr(spec->cfg, "witnesses", i), st))
      return om_wrap(st, "witnesses");
  qsort(g->witnesses->logs, g->witnesses->n_logs, sizeof *g->witnesses->logs, by_value);
  return OM_OK;
}

static enum om_code ppm(uint32_t *out, long value, const char *what, struct om_status *st) {
  if (value < 0 || value > 100000) return om_fail(st, OM_USAGE, NULL, "%s is not 0 to 100,000 parts per million", what);
  *out = (uint32_t)value;
  return OM_OK;
}

static int by_process(const void *a, const void *b) {
  const Oremark__ProcessTolerance *x = *(Oremark__ProcessTolerance *const *)a,
                                  *y = *(Oremark__ProcessTolerance *const *)b;
  return (x->process > y->process) - (x->process < y->process);
}

static int by_element(const void *a, const void *b) {
  const Oremark__DriftCap *x = *(Oremark__DriftCap *const *)a, *y = *(Oremark__DriftCap *const *)b;
  return (x->element > y->element) - (x->element < y->element);
}

static enum om_code read_tolerances(struct spec *spec, Oremark__Limits *limits, cfg_t *section, struct om_status *st) {
  unsigned n = cfg_size(section, "process");
  limits->processes = om_arena_array(spec->arena, n, sizeof *limits->processes);
  for (unsigned i = 0; i < n; i++) {
    cfg_t *one = cfg_getnsec(section, "process", i);
    Oremark__ProcessTolerance *t = om_arena_alloc(spec->arena, sizeof *t);
    oremark__process_tolerance__init(t);
    int process;
    if (om_word_parse(&process, &oremark__process__descriptor, "process", cfg_title(one), st) ||
        ppm(&t->tolerance_ppm, cfg_getint(one, "tolerance-ppm"), "tolerance-ppm", st))
      return om_wrap(st, "process '%s'", cfg_title(one));
    t->process = (Oremark__Process)process;
    limits->processes[limits->n_processes++] = t;
  }
  qsort(limits->processes, limits->n_processes, sizeof *limits->processes, by_process);
  return OM_OK;
}

static enum om_code read_caps(struct spec *spec, Oremark__Limits *limits, cfg_t *section, struct om_status *st) {
  unsigned n = cfg_size(section, "drift-cap");
  limits->drift_caps = om_arena_array(spec->arena, n, sizeof *limits->drift_caps);
  for (unsigned i = 0; i < n; i++) {
    cfg_t *one = cfg_getnsec(section, "drift-cap", i);
    Oremark__DriftCap *cap = om_arena_alloc(spec->arena, sizeof *cap);
    oremark__drift_cap__init(cap);
    const char *title = cfg_title(one), *mass = cfg_getstr(one, "mass");
    int64_t mg;
    if (strcmp(title, "any") != 0 && (cap->element = om_element_parse(title)) == 0)
      return om_fail(st, OM_USAGE, NULL, "drift-cap '%s': write an element's symbol, or any", title);
    if (!mass) return om_fail(st, OM_USAGE, NULL, "drift-cap '%s': 'mass' is missing", title);
    if (om_mass_parse(&mg, mass, st)) return om_wrap(st, "drift-cap '%s'", title);
    cap->cap_mg = (uint64_t)mg;
    limits->drift_caps[limits->n_drift_caps++] = cap;
  }
  qsort(limits->drift_caps, limits->n_drift_caps, sizeof *limits->drift_caps, by_element);
  return OM_OK;
}

static enum om_code read_limits(struct spec *spec, struct om_status *st) {
  Oremark__Limits *limits = om_arena_alloc(spec->arena, sizeof *limits);
  oremark__limits__init(limits);
  spec->genesis->limits = limits;
  cfg_t *section = cfg_getsec(spec->cfg, "limits");
  long days = cfg_getint(section, "drift-period-days");
  if (days < 1 || days > 3660) return om_fail(st, OM_USAGE, NULL, "drift-period-days is not 1 to 3,660");
  limits->drift_period_days = (uint32_t)days;
  if (ppm(&limits->receipt_tolerance_ppm, cfg_getint(section, "receipt-tolerance-ppm"), "receipt-tolerance-ppm", st) ||
      read_tolerances(spec, limits, section, st))
    return st->code;
  return read_caps(spec, limits, section, st);
}

static enum om_code read_all(struct spec *spec, int64_t now_ms, struct om_status *st) {
  Oremark__Genesis *g = spec->genesis = om_arena_alloc(spec->arena, sizeof *g);
  oremark__genesis__init(g);
  long rules = cfg_getint(spec->cfg, "rules-version");
  if (rules < 1 || rules > OM_RULES_VERSION)
    return om_fail(st, OM_USAGE, NULL, "rules-version is not 1 to %d", OM_RULES_VERSION);
  g->rules_version = (uint32_t)rules;
  g->name = copy(spec, cfg_getstr(spec->cfg, "name"));
  g->created_ms = now_ms;
  const char *created = cfg_getstr(spec->cfg, "created");
  int32_t zone;
  if (created && om_when_parse(&g->created_ms, &zone, created, st)) return om_wrap(st, "created");
  if (read_sections(spec, st) || read_lists(spec, st)) return st->code;
  if (read_limits(spec, st)) return om_wrap(st, "limits");
  return OM_OK;
}

static enum om_code read_limits_alone(struct spec *spec, int64_t now_ms, struct om_status *st) {
  (void)now_ms;
  spec->genesis = om_arena_alloc(spec->arena, sizeof *spec->genesis);
  oremark__genesis__init(spec->genesis);
  return read_limits(spec, st) ? om_wrap(st, "limits") : OM_OK;
}

static enum om_code read_file(struct om_arena *arena, Oremark__Genesis **out, const char *path, int64_t now_ms,
                              enum om_code (*read)(struct spec *spec, int64_t now_ms, struct om_status *st),
                              struct om_status *st) {
  cfg_opt_t member[] = {CFG_STR("country", NULL, CFGF_NONE), CFG_STR_LIST("roles", "{}", CFGF_NONE),
                        CFG_STR("key", NULL, CFGF_NONE),     CFG_STR("vkey", NULL, CFGF_NONE),
                        CFG_STR("home", NULL, CFGF_NONE),    CFG_END()};
  cfg_opt_t daemon[] = {CFG_STR("operator", NULL, CFGF_NONE),
                        CFG_STR("keys", NULL, CFGF_NONE),
                        CFG_STR("log-key", NULL, CFGF_NONE),
                        CFG_STR("cosign-key", NULL, CFGF_NONE),
                        CFG_STR("witness-key", NULL, CFGF_NONE),
                        CFG_STR("link-key", NULL, CFGF_NONE),
                        CFG_END()};
  cfg_opt_t process[] = {CFG_INT("tolerance-ppm", 0, CFGF_NONE), CFG_END()};
  cfg_opt_t cap[] = {CFG_STR("mass", NULL, CFGF_NONE), CFG_END()};
  cfg_opt_t limits[] = {CFG_INT("receipt-tolerance-ppm", 0, CFGF_NONE), CFG_INT("drift-period-days", 365, CFGF_NONE),
                        CFG_SEC("process", process, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                        CFG_SEC("drift-cap", cap, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()};
  cfg_opt_t top[] = {CFG_STR("name", NULL, CFGF_NONE),
                     CFG_STR("created", NULL, CFGF_NONE),
                     CFG_STR_LIST("governors", "{}", CFGF_NONE),
                     CFG_INT("threshold", 0, CFGF_NONE),
                     CFG_INT("rules-version", OM_RULES_VERSION, CFGF_NONE),
                     CFG_STR_LIST("witnesses", "{}", CFGF_NONE),
                     CFG_INT("quorum", 0, CFGF_NONE),
                     CFG_SEC("member", member, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                     CFG_SEC("daemon", daemon, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                     CFG_SEC("limits", limits, CFGF_NONE),
                     CFG_END()};
  struct spec spec = {.arena = arena, .path = path};
  spec.cfg = cfg_init(top, CFGF_NONE);
  OM_ASSERT(spec.cfg);
  cfg_set_error_function(spec.cfg, report);
  om_status_clear(st);
  reading = st;
  int got = cfg_parse(spec.cfg, path);
  enum om_code code;
  if (got == CFG_FILE_ERROR)
    code = om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
  else if (got != CFG_SUCCESS)
    code = st->code ? st->code : om_fail(st, OM_USAGE, NULL, "%s is not a network's spec", path);
  else if ((code = read(&spec, now_ms, st)) != OM_OK)
    om_wrap(st, "%s", path);
  cfg_free(spec.cfg);
  *out = spec.genesis;
  return code;
}

enum om_code om_spec_read(struct om_arena *arena, Oremark__Genesis **out, const char *path, int64_t now_ms,
                          struct om_status *st) {
  return read_file(arena, out, path, now_ms, read_all, st);
}

enum om_code om_spec_limits(struct om_arena *arena, Oremark__Limits **out, const char *path, struct om_status *st) {
  Oremark__Genesis *read;
  enum om_code code = read_file(arena, &read, path, 0, read_limits_alone, st);
  if (code == OM_OK) *out = read->limits;
  return code;
}
