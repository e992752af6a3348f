/* The test network's keys as key files, plain, for the real programs. */
#ifndef OREMARK_TESTS_SUPPORT_KEYFILES_H
#define OREMARK_TESTS_SUPPORT_KEYFILES_H

#include "support/network.h"

/* Makes FOLDER and writes log.key, cosign.key, witness.key and link.key of DAEMON into it. */
void network_write_keys(const struct network *net, size_t daemon, const char *folder);
/* Writes the key of MEMBER to PATH. */
void network_write_member_key(const struct network *net, uint32_t member, const char *path);
/* Writes a file of mode 0600. */
void write_file(const char *path, const void *data, size_t len);

#endif
