"""What a clerk sees of pending and final: receipts, waiting, and who has not cosigned."""

import os
import re
import subprocess
import time
import unittest

from network import (AUDITOR, DONE, GOVERNORS, MAKER, MINE, OREMARK, RECYCLER, REFINER, UNDECIDED, UNREACHABLE, USAGE,
                     NetworkTest, die_with_parent, wait_until)

EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=280kg")
OTHERS = [GOVERNORS, REFINER, MAKER, RECYCLER, AUDITOR]  # five witnesses of the mine's log: four of them make a quorum
STOPPED = [RECYCLER, AUDITOR]


class WithWitnesses(NetworkTest):
    def stop(self, *names):
        for name in names:
            self.net.daemons[name].stop()

    def start(self, *names):
        self.net.start(*names)

    def origins(self, names):
        return sorted(self.net.daemons[name].origin for name in names)

    def status(self):
        return self.net.do(MINE, "status").json

    def begin(self, *words):
        """An extraction that is not waited for."""
        env = {**os.environ, "HOME": "/nonexistent", "OREMARK_SOCKET": str(self.net.daemons[MINE].socket),
               "OREMARK_KEY": str(self.net.key(MINE)), "OREMARK_MEMBER": MINE}
        return subprocess.Popen([OREMARK, *EXTRACT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=env, preexec_fn=die_with_parent)

    def test_what_all_cosign_is_final(self):
        result = self.net.run(MINE, *EXTRACT, "--wait-final")
        self.assertEqual(result.status, DONE, str(result))
        self.assertRegex(result.out, r"\nfinal (at|by) 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d.*Z \(quorum time\)\n")
        seen = self.net.do(MINE, *EXTRACT, "--wait-final=30").json
        self.assertTrue(seen["final"])
        self.assertEqual((seen["needed"], seen["missing"]), (0, []))
        self.assertRegex(seen["final_at"], r"^20\d\d-")
        wait_until(lambda: self.status()["pending"] == 0, "entries stay pending")
        self.assertEqual(self.status()["missing"], [])

    def test_too_few_are_named_and_the_rest_is_as_before(self):
        self.stop(*STOPPED)
        self.addCleanup(lambda: [self.start(name) for name in STOPPED if not self.net.daemons[name].running()])
        statement = self.net.folder / "pending.statement"
        self.net.must(*EXTRACT, "--out", statement, socket=self.net.daemons[MINE].socket, key=self.net.key(MINE), member=MINE)
        began = time.monotonic()
        seen = self.net.run(MINE, "submit", statement, "--wait-final=4")
        self.assertGreaterEqual(time.monotonic() - began, 4)
        self.assertEqual(seen.status, UNDECIDED, str(seen))
        self.assertTrue(seen.out.startswith("recorded in "), str(seen))
        self.says(seen.err, "not final after 4 s: ", ". It is recorded; nothing needs to be done again.")
        wait_until(lambda: self.status()["missing"] == self.origins(STOPPED), "those who are there don't cosign")
        named = self.net.run(MINE, "submit", statement, "--wait-final=1")
        self.says(named.err, "not final after 1 s: 1 more operator must cosign; not heard from: "
                  + ", ".join(self.origins(STOPPED)) + ". It is recorded; nothing needs to be done again.")
        again = self.net.run(MINE, "submit", statement, "--wait-final=1", "--json")
        self.assertEqual(again.status, UNDECIDED, str(again))
        self.assertEqual((again.json["again"], again.json["final"], again.json["needed"]), (True, False, 1))
        self.assertEqual(again.json["missing"], self.origins(STOPPED))
        self.assertFalse(self.net.do(MINE, "submit", statement).json["final"])
        status = self.status()
        self.assertGreater(status["pending"], 0)
        self.assertEqual((status["needed"], status["missing"]), (1, self.origins(STOPPED)))
        self.says(self.net.run(MINE, "status").out, "pending: 1 more operator must cosign; not heard from: ")
        self.start(*STOPPED)
        back = self.net.run(MINE, "submit", statement, "--wait-final", "--json")
        self.assertEqual(back.status, DONE, str(back))
        self.assertTrue(back.json["again"] and back.json["final"])

    def test_a_command_waits_until_the_witnesses_are_back(self):
        self.stop(*STOPPED)
        waiting = self.begin("--wait-final=90")
        wait_until(lambda: self.status()["pending"] > 0, "nothing is pending")
        time.sleep(1)
        self.assertIsNone(waiting.poll())
        self.start(*STOPPED)
        out, err = waiting.communicate(timeout=90)
        self.assertEqual(waiting.returncode, DONE, err)
        self.says(out, "final at ")

    def test_an_import_waits_for_its_last(self):
        rows = self.net.folder / "rows.csv"
        rows.write_text("event,site,material,form,gross,metals\n" + "extract,Toquepala,ore,ore,1 t,Cu=10kg\n" * 5)
        seen = self.net.do(MINE, "import", rows, "--events", "1", "--wait-final").json
        self.assertEqual((seen["recorded"], seen["final"]), (5, True))
        self.assertTrue(self.net.do(MINE, "import", rows, "--events", "1", "--wait-final").json["final"])  # nothing new

    def test_a_daemon_that_dies_ends_the_waiting(self):
        for end, words in (("kill", "closed the connection"), ("stop", "stops")):
            self.stop(*STOPPED)
            waiting = self.begin("--wait-final=80", "--json")
            wait_until(lambda: self.status()["pending"] > 0, "nothing is pending")
            time.sleep(1)
            self.assertIsNone(waiting.poll())
            getattr(self.net.daemons[MINE], end)()
            out, err = waiting.communicate(timeout=30)
            self.assertEqual(waiting.returncode, UNREACHABLE, err)
            self.says(err, "it is recorded", words)
            self.assertRegex(out, re.compile('"final": false'))  # the receipt is not lost
            self.start(MINE, *STOPPED)
            wait_until(lambda: self.status()["pending"] == 0, "what was pending stays so")

    def test_waiting_has_sense(self):
        self.refused(self.net.run(MINE, *EXTRACT, "--wait-final=0"), USAGE, "--wait-final", "a second at least")
        self.refused(self.net.run(MINE, *EXTRACT, "--wait-final=soon"), USAGE, "--wait-final", "whole number")
        self.refused(self.net.run(MINE, *EXTRACT, "--wait-final", "--out", self.net.folder / "x"), USAGE, "--out")

    def test_peers_have_rates(self):
        def busy():
            self.net.do(MINE, *EXTRACT)
            return any(peer["bytes_in_s"] > 0 and peer["bytes_out_s"] > 0 for peer in self.net.do(MINE, "peers").json["peers"])
        wait_until(busy, "no rates")
        self.says(self.net.run(MINE, "peers").out, "in now", "kB/s")


class WithoutWitnesses(NetworkTest):
    witnesses = ()

    def test_all_is_final_at_once_and_unprotected(self):
        seen = self.net.run(MINE, *EXTRACT, "--wait-final=5")
        self.assertEqual(seen.status, DONE, str(seen))
        self.says(seen.out, "final (this network has no witnesses: not protected against a dishonest operator)")
        seen = self.net.do(MINE, *EXTRACT).json
        self.assertTrue(seen["final"])
        self.assertEqual(self.net.do(MINE, "status").json["pending"], 0)


if __name__ == "__main__":
    unittest.main()
