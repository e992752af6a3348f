#include "support/test.h"

#include "cli/commands.h"
#include "ledger/events/kinds.h"

/* What a governor types for each act of the governors; some are an option of another command. */
static const struct {
  const char *kind, *command, *option;
} acts[] = {
    {"enrol", "member enrol", NULL},
    {"set-roles", "member set-roles", NULL},
    {"suspend", "member suspend", NULL},
    {"reinstate", "member reinstate", NULL},
    {"add-daemon", "member add-daemon", NULL},
    {"set-witnesses", "network set-witnesses", NULL},
    {"set-governors", "network set-governors", NULL},
    {"set-rules", "network set-rules", NULL},
    {"set-limits", "network set-limits", NULL},
    {"recognise-scheme", "scheme recognise", NULL},
    {"site-status", "member site-status", NULL},
    {"revoke-key", "member revoke-key", NULL},
    {"revoke-key", "member replace-cosign-key", NULL},
    {"rehome", "member rehome", NULL},
    {"reassign", "lot reassign", NULL},
    {"retire-log", "log retire", NULL},
    {"seal-log", "log seal", NULL},
    {"lift-seal", "log lift-seal", NULL},
    {"restart", "network restart", NULL},
    {"overrule", "release", "as-governors"},
    {"overrule", "clear", "as-governors"},
};

enum { KINDS_MAX = 256 }; /* more than Event has fields, and than it has numbers for them */

/* `governance propose` takes any command that builds its act apart from signing it. */
static void every_act_of_the_governors_can_be_proposed(void **state) {
  (void)state;
  bool has[KINDS_MAX] = {false};
  size_t n = 0;
  for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
    const struct om_command *command = om_command_named(acts[i].command);
    assert_non_null(command);
    if (!command->build) fail_msg("'%s' can't be proposed", acts[i].command);
    bool found = acts[i].option == NULL;
    for (const struct om_option *o = command->options; !found && o->name; o++)
      found = strcmp(o->name, acts[i].option) == 0;
    assert_true(found);
    for (int kind = 1; kind < KINDS_MAX; kind++) {
      const Oremark__Event event = {.kind_case = (Oremark__Event__KindCase)kind};
      const struct om_kind *k = om_kind_of(&event);
      if (k && strcmp(k->name, acts[i].kind) == 0) has[kind] = true;
    }
  }
  for (int kind = 1; kind < KINDS_MAX; kind++) {
    const Oremark__Event event = {.kind_case = (Oremark__Event__KindCase)kind};
    const struct om_kind *k = om_kind_of(&event);
    if (!k || k->class != OM_KIND_GOVERNORS) continue;
    if (!has[kind]) fail_msg("no command makes '%s'", k->name);
    n++;
  }
  assert_int_equal(n, 19);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_act_of_the_governors_can_be_proposed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
