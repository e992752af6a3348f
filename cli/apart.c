#include "cli/apart.h"

#include <string.h>

static bool network_named(const struct om_session *session) {
  return om_args_has(session->args, "network") || session->profile.network;
}

bool om_apart(const struct om_session *session, const struct om_status *st) {
  return session->no_daemon && st->code == OM_IO && network_named(session) && om_args_has(session->args, "out");
}

/* One more thing to give, where the command takes it and has not got it. */
static void want(char *list, size_t room, const struct om_session *session, const char *name, const char *value) {
  size_t len = strlen(list);
  if (!om_option_named(session->args->command, name) || om_args_has(session->args, name)) return;
  if (om_args_has(session->args, "facts") && strcmp(name, "out") != 0 && strcmp(name, "last-event") != 0) return;
  if (strcmp(name, "network") == 0 && network_named(session)) return;
  snprintf(list + len, room - len, "%s--%s %s", len ? ", " : "", name, value);
}

enum om_code om_say_apart(const struct om_session *session, struct om_status *st) {
  const struct om_command *command = session->args->command;
  const struct om_status said = *st;
  char list[160] = "";
  bool of_lots = command->words && strstr(command->words, "LOT") && !om_option_named(command, "previous");
  if (!session->no_daemon || st->code != OM_IO || command->groups & OM_OPTS_MANY || !(command->groups & OM_OPTS_SIGN))
    return st->code;
  want(list, sizeof list, session, "network", "GENESIS");
  want(list, sizeof list, session, "out", "FILE");
  want(list, sizeof list, session, "number", "N");
  want(list, sizeof list, session, "previous", "ID (or 'none')");
  if (of_lots) want(list, sizeof list, session, "last-event", "ID for each lot");
  return om_fail(st, OM_IO, said.rule, "%s; without a daemon, %s%s%s name %smembers, sites and logs by number%s",
                 said.text, *list ? "give " : "", list, *list ? ", and" : "", of_lots ? "lots, " : "",
                 om_args_has(session->args, "facts")
                     ? ""
                     : "; or by name with --facts FILE, which 'oremark network facts' writes where a daemon is");
}
