/* What a user need not type each time: socket, key, member, genesis file. From the environment, else from the profile
 * file $XDG_CONFIG_HOME/oremark/oremark.conf (~/.config where that is unset). Owns its strings. Thread: one. */
#ifndef OREMARK_CLI_PROFILE_H
#define OREMARK_CLI_PROFILE_H

#include "keys/status.h"

#define OM_SOCKET_DEFAULT "/run/oremark/oremark.sock"

struct om_profile {
  char *socket;          /* OREMARK_SOCKET; never NULL */
  char *key;             /* OREMARK_KEY; NULL: none */
  char *member;          /* OREMARK_MEMBER; number or name; NULL: none */
  char *network;         /* OREMARK_NETWORK; genesis file; NULL: none */
  char *passphrase_file; /* OREMARK_PASSPHRASE_FILE; NULL: none */
};

/* OM_USAGE with the line where the profile file is wrong; a missing file is none. */
enum om_code om_profile_load(struct om_profile *out, struct om_status *st);
void om_profile_free(struct om_profile *profile);

#endif
