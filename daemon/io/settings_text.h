/* A settings file as libconfuse can read it: text, whole, without its comments. Thread: any. */
#ifndef OREMARK_DAEMON_IO_SETTINGS_TEXT_H
#define OREMARK_DAEMON_IO_SETTINGS_TEXT_H

#include "keys/status.h"

/* Reads the file at PATH. *OUT is the caller's to free, also on failure. OM_IO; OM_USAGE names the line that is no
 * text, or where something begins that is not closed. */
enum om_code om_settings_text(char **out, const char *path, struct om_status *st);

#endif
