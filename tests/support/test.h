/* What every cmocka program here needs, in the order that cmocka wants it. */
#ifndef OREMARK_TESTS_SUPPORT_TEST_H
#define OREMARK_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/status.h"

/* CALL, which tells ST why not, must be OM_OK. */
#define assert_ok(call, st)                                                      \
  do {                                                                           \
    if ((call) != OM_OK) fail_msg("%s: [%s] %s", #call, (st)->rule, (st)->text); \
  } while (0)

/* The code GOT, of which ST tells why, must be WANTED. */
#define must_be(got, wanted, st)                                                                      \
  do {                                                                                                \
    if ((got) != (wanted)) fail_msg("%s: [%s] %s", om_code_name((st)->code), (st)->rule, (st)->text); \
  } while (0)

/* The code GOT must be WANTED, by RULE, and ST must tell a person why. */
#define assert_refused(got, wanted, name, st)                                            \
  do {                                                                                   \
    enum om_code code_got = (got);                                                       \
    if (code_got != (wanted) || strcmp((st)->rule, name) != 0)                           \
      fail_msg("%s: %s: [%s] %s", #got, om_code_name(code_got), (st)->rule, (st)->text); \
    assert_true(strlen((st)->text) > 20);                                                \
  } while (0)

#endif
