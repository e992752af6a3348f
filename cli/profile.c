#include "cli/profile.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libconfuse reports by callback, without a pointer of ours: the status of the load under way (commands have one
 * thread). */
static struct om_status *reading;

__attribute__((format(printf, 2, 0))) static void report(cfg_t *cfg, const char *fmt, va_list args) {
  char text[OM_STATUS_TEXT_BYTES];
  vsnprintf(text, sizeof text, fmt, args);
  om_fail(reading, OM_USAGE, NULL, "%s, line %d: %s", cfg && cfg->filename ? cfg->filename : "profile",
          cfg ? cfg->line : 0, text);
}

static void take(char **out, cfg_t *cfg, const char *name, const char *variable, const char *otherwise) {
  const char *value = getenv(variable);
  if (!value || !*value) value = cfg ? cfg_getstr(cfg, name) : NULL;
  if (!value || !*value) value = otherwise;
  *out = value ? strdup(value) : NULL;
  OM_ASSERT(!value || *out);
}

/* From the profile at PATH (NULL: none). */
static enum om_code load_file(struct om_profile *out, const char *path, struct om_status *st) {
  *out = (struct om_profile){0};
  cfg_opt_t options[] = {
      CFG_STR("socket", NULL, CFGF_NONE),          CFG_STR("key", NULL, CFGF_NONE),
      CFG_STR("member", NULL, CFGF_NONE),          CFG_STR("network", NULL, CFGF_NONE),
      CFG_STR("passphrase-file", NULL, CFGF_NONE), CFG_END(),
  };
  cfg_t *cfg = NULL;
  if (path && access(path, F_OK) == 0) {
    om_status_clear(st);
    cfg = cfg_init(options, CFGF_NONE);
    OM_ASSERT(cfg);
    cfg_set_error_function(cfg, report);
    reading = st;
    int got = cfg_parse(cfg, path);
    if (got != CFG_SUCCESS) {
      cfg_free(cfg);
      if (got == CFG_FILE_ERROR) return om_fail(st, OM_IO, NULL, "can't read %s: %s", path, strerror(errno));
      return st->code ? st->code : om_fail(st, OM_USAGE, NULL, "%s is not a profile: see 'oremark help'", path);
    }
  }
  take(&out->socket, cfg, "socket", "OREMARK_SOCKET", OM_SOCKET_DEFAULT);
  take(&out->key, cfg, "key", "OREMARK_KEY", NULL);
  take(&out->member, cfg, "member", "OREMARK_MEMBER", NULL);
  take(&out->network, cfg, "network", "OREMARK_NETWORK", NULL);
  take(&out->passphrase_file, cfg, "passphrase-file", "OREMARK_PASSPHRASE_FILE", NULL);
  if (cfg) cfg_free(cfg);
  return OM_OK;
}

enum om_code om_profile_load(struct om_profile *out, struct om_status *st) {
  char path[4096] = "";
  const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  if (config && *config)
    snprintf(path, sizeof path, "%s/oremark/oremark.conf", config);
  else if (home && *home)
    snprintf(path, sizeof path, "%s/.config/oremark/oremark.conf", home);
  return load_file(out, path[0] ? path : NULL, st);
}

void om_profile_free(struct om_profile *profile) {
  free(profile->socket);
  free(profile->key);
  free(profile->member);
  free(profile->network);
  free(profile->passphrase_file);
  *profile = (struct om_profile){0};
}
