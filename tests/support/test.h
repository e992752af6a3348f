/* What every cmocka program here needs, in the order that cmocka wants it. */
#ifndef OREMARK_TESTS_SUPPORT_TEST_H
#define OREMARK_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
