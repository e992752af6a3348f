#include "cli/commands.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/nearest.h"

/* clang-format off: one command a line */
#define COMMANDS(X)         \
  X(status)                 \
  X(peers)                  \
  X(lots)                   \
  X(lot_show)               \
  X(lot_history)            \
  X(publish)                \
  X(proof)                  \
  X(verify_proof)           \
  X(bundle)                 \
  X(verify)                 \
  X(fsck)                   \
  X(evidence)               \
  X(verify_evidence)        \
  X(lot_trace)              \
  X(lot_verify)             \
  X(lot_reassign)           \
  X(log_seal)               \
  X(log_make_seal)          \
  X(log_retire)             \
  X(log_lift_seal)          \
  X(extract)                \
  X(collect)                \
  X(declare)                \
  X(ship)                   \
  X(flag)                   \
  X(clear)                  \
  X(correct)                \
  X(receive)                \
  X(reject)                 \
  X(transform)              \
  X(split)                  \
  X(combine)                \
  X(charge)                 \
  X(draw)                   \
  X(stocktake)              \
  X(retire)                 \
  X(hold)                   \
  X(release)                \
  X(title)                  \
  X(settle)                 \
  X(assay)                  \
  X(certify)                \
  X(withdraw)               \
  X(claim)                  \
  X(estimate)               \
  X(attestations)           \
  X(assays)                 \
  X(document_put)           \
  X(document_get)           \
  X(document_list)          \
  X(document_erase)         \
  X(detail_list)            \
  X(detail_open)            \
  X(detail_disclose)        \
  X(detail_check)           \
  X(sign)                   \
  X(submit)                 \
  X(receipt)                \
  X(import)                 \
  X(audit)                  \
  X(reserve)                \
  X(member_list)            \
  X(member_show)            \
  X(member_enrol)           \
  X(member_add_key)         \
  X(member_add_site)        \
  X(member_add_daemon)      \
  X(member_suspend)         \
  X(member_reinstate)       \
  X(member_rehome)          \
  X(member_set_roles)       \
  X(member_site_status)     \
  X(member_revoke_key)      \
  X(member_retire_key)      \
  X(member_give_mandate)    \
  X(member_end_mandate)     \
  X(member_set_sealing_key) \
  X(member_set_address)     \
  X(key_new)                \
  X(key_show)               \
  X(key_passwd)             \
  X(network_new)            \
  X(network_show)           \
  X(network_facts)          \
  X(network_join)           \
  X(network_policy)         \
  X(network_set_witnesses)  \
  X(network_set_governors)  \
  X(network_set_limits)     \
  X(network_set_rules)      \
  X(scheme_recognise)       \
  X(governance_propose)     \
  X(governance_show)        \
  X(governance_sign)        \
  X(governance_submit)      \
  X(network_restart)        \
  X(network_accept)         \
  X(member_replace_cosign_key)
/* clang-format on */

#define DECLARE(name) extern const struct om_command om_command_##name;
COMMANDS(DECLARE)

#define ENTRY(name) &om_command_##name,
const struct om_command *const om_commands[] = {COMMANDS(ENTRY) NULL};

const struct om_command *om_command_named(const char *name) {
  for (const struct om_command *const *c = om_commands; *c; c++)
    if (strcmp((*c)->name, name) == 0) return *c;
  return NULL;
}

/* Whether some command's name is WORD and another word. */
static bool begins_a_name(const char *word) {
  size_t len = strlen(word);
  for (const struct om_command *const *c = om_commands; *c; c++)
    if (strncmp((*c)->name, word, len) == 0 && (*c)->name[len] == ' ') return true;
  return false;
}

/* "lot" alone: which commands begin so. */
static void list_second_words(const char *word, struct om_status *st) {
  char list[OM_STATUS_TEXT_BYTES] = "";
  size_t len = strlen(word), used = 0;
  for (const struct om_command *const *c = om_commands; *c; c++)
    if (strncmp((*c)->name, word, len) == 0 && (*c)->name[len] == ' ' && used < sizeof list)
      used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", (*c)->name);
  om_fail(st, OM_USAGE, NULL, "'%s' wants another word: %s", word, list);
}

static const struct om_command *unknown(const char *name, struct om_status *st) {
  struct om_nearest nearest = {name, NULL, 0};
  for (const struct om_command *const *c = om_commands; *c; c++) om_nearest_try(&nearest, (*c)->name);
  if (begins_a_name(name))
    list_second_words(name, st);
  else if (*name == '-')
    om_fail(st, OM_USAGE, NULL, "'%s' stands before the command: options come behind it, as in 'oremark status --json'",
            name);
  else if (nearest.best)
    om_fail(st, OM_USAGE, NULL, "there is no command '%s': did you mean '%s'?", name, nearest.best);
  else
    om_fail(st, OM_USAGE, NULL, "there is no command '%s': 'oremark --help' lists them", name);
  return NULL;
}

const struct om_command *om_command_find(size_t *used, int argc, char *const *argv, struct om_status *st) {
  char two[2 * OM_NEAREST_MAX_BYTES + 2];
  if (argc < 1) {
    om_fail(st, OM_USAGE, NULL, "what is to be done? 'oremark --help' lists the commands");
    return NULL;
  }
  const struct om_command *command = om_command_named(argv[0]);
  *used = 1;
  if (command) return command;
  bool second = argc > 1 && argv[1][0] != '-' && begins_a_name(argv[0]);
  snprintf(two, sizeof two, "%.64s%s%.64s", argv[0], second ? " " : "", second ? argv[1] : "");
  command = second ? om_command_named(two) : NULL;
  *used = 2;
  return command ? command : unknown(two, st);
}
