"""How a test program ends some of whose tests may be skipped: says why each was, and with the status that tells ctest so where
all were."""

import sys
import unittest

SKIPPED = 77  # SKIP_RETURN_CODE


def skip(why):
    """Ends the program: nothing here can run."""
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def main():
    result = unittest.main(exit=False).result
    for test, why in result.skipped:
        print(f"skipped: {test.id()}: {why}")
    sys.stdout.flush()
    if not result.wasSuccessful():
        sys.exit(1)
    ran = result.testsRun - len({test.id() for test, _ in result.skipped})
    sys.exit(SKIPPED if result.skipped and ran <= 0 else 0)
