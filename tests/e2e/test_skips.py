"""A program whose tests are all skipped is no program that passed."""

import pathlib
import subprocess
import sys
import textwrap
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class Skips(unittest.TestCase):
    def program(self, *tests, whole=""):
        """Runs one with these tests; its exit status, and what it says of skips."""
        text = "import unittest\nimport skips\n\nclass Some(unittest.TestCase):\n" + textwrap.indent(
            whole + "\n".join(f"def test_{i}(self):\n    {test}" for i, test in enumerate(tests)), "    ") + "\n\nskips.main()\n"
        done = subprocess.run([sys.executable, "-B", "-c", text], env={"PYTHONPATH": str(HERE)}, capture_output=True, text=True, timeout=60)
        return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("skipped: ")]

    def test_all(self):
        status, said = self.program('self.skipTest("no module proxy")', 'self.skipTest("no tool")')
        self.assertEqual((status, [line.split(": ", 2)[2] for line in said]), (77, ["no module proxy", "no tool"]))
        self.assertIn("Some.test_1", said[1])

    def test_the_class(self):
        whole = "@classmethod\ndef setUpClass(cls):\n    raise unittest.SkipTest('no network')\n"
        status, said = self.program("pass", "pass", whole=whole)
        self.assertEqual((status, len(said)), (77, 1))
        self.assertIn("no network", said[0])

    def test_some(self):
        status, said = self.program("pass", 'self.skipTest("no tool")')
        self.assertEqual((status, len(said)), (0, 1))

    def test_none(self):
        self.assertEqual(self.program("pass"), (0, []))

    def test_what_fails_is_not_skipped(self):
        for bad in ("self.fail()", "1 / 0"):
            status, said = self.program(bad, 'self.skipTest("no tool")')
            self.assertEqual((status, len(said)), (1, 1))


if __name__ == "__main__":
    unittest.main()
