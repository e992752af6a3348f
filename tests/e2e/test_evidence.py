"""A log with two histories: whoever meets both keeps the proof, and tells those who met one only."""

import shutil
import unittest

from network import AUDITOR, DONE, GOVERNORS, MEMBERS, MINE, REFINER, REFUSED, UNDECIDED, Network, NetworkTest, run, wait_until

FOUR = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, AUDITOR)}


class Evidence(NetworkTest):
    """Without witnesses, whose question at the start would keep a daemon from signing two histories."""

    def setUp(self):
        self.net = Network(FOUR, witnesses=[])
        self.addCleanup(self.net.end)
        self.net.connect()
        self.net.start()
        self.net.add_sites()

    @classmethod
    def setUpClass(cls):
        pass

    def link(self, *pairs):
        """These call each other from the next start on, and nobody else."""
        for daemon in self.net.daemons.values():
            daemon.peers.clear()
        self.net.connect(pairs)

    def stop(self, *names):
        for name in names:
            self.assertEqual(self.net.daemons[name].stop(), 0)

    def extract(self):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t",
                           "--metal", "Cu=280kg").lots
        return lot

    def held(self, name):
        return self.net.do(name, "evidence").json["evidence"]

    def mines_log(self, name):
        return next(log for log in self.net.do(name, "status").json["logs"] if log["origin"] == "mine.example/log")

    def fork(self):
        """Two histories of the mine's log, both final as there are no witnesses: one at the governors', one marked by the refiner's
        log. None of the other daemons runs afterwards."""
        lot = self.extract()
        self.net.wait_level()
        self.stop(*FOUR)
        mine = self.net.daemons[MINE]
        copy = mine.folder / "copy"
        shutil.copytree(mine.store, copy)
        self.link((MINE, GOVERNORS), (MINE, REFINER))
        self.net.start(GOVERNORS, MINE)
        for _ in range(3):
            self.extract()
        self.net.wait_level([GOVERNORS, MINE])
        self.stop(GOVERNORS, MINE)
        shutil.rmtree(mine.store)
        copy.rename(mine.store)
        self.net.start(MINE, REFINER)
        self.net.do(MINE, "ship", lot, "--consignee", REFINER, "--with-title")
        wait_until(lambda: self.net.run(REFINER, "receive", lot, "--site", "Ilo").status == DONE, "the lot never comes")
        self.stop(MINE, REFINER)
        return lot

    def test_who_saw_one_history_is_shown_both(self):
        lot = self.fork()
        self.link((REFINER, GOVERNORS), (AUDITOR, GOVERNORS))
        self.net.start(GOVERNORS, REFINER, AUDITOR)
        for name in (GOVERNORS, REFINER, AUDITOR):
            wait_until(lambda: self.held(name), lambda: f"{name} has no evidence: {self.net.daemons[name].said()}")
            self.assertTrue(self.mines_log(name)["frozen"], name)
        self.assertFalse(self.mines_log(AUDITOR)["stopped"])  # it holds one history, and the other nobody brings
        self.assertNotIn("freezes\": false", self.net.do(AUDITOR, "evidence").out)
        files = self.net.do(AUDITOR, "evidence", "--out", self.net.folder / "out").json["evidence"]
        self.assertEqual(len(files), len(list((self.net.folder / "out").iterdir())))
        for piece in files:
            result = run("verify-evidence", piece["file"], "--network", self.net.genesis, "--json")
            self.assertEqual(result.status, DONE, str(result))
            self.assertEqual(result.json["origin"], "mine.example/log")
        self.assertEqual(self.net.do(AUDITOR, "lot", "show", lot).json["frozen"], True)
        self.says(self.net.run(AUDITOR, "lot", "show", lot).out, "two final histories")
        verdict = self.net.run(REFINER, "lot", "verify", lot)
        self.assertEqual(verdict.status, UNDECIDED, str(verdict))
        self.says(verdict.err, "mine.example/log", "two final histories", "governors")
        self.stop(GOVERNORS)  # from whom a further piece could come, or the same once more
        files = self.held(AUDITOR)
        self.stop(AUDITOR)
        self.net.start(AUDITOR)
        self.assertEqual(len(self.held(AUDITOR)), len(files))
        self.assertTrue(self.mines_log(AUDITOR)["frozen"])

    def test_a_frozen_log_takes_nothing_in(self):
        self.fork()
        self.link((REFINER, GOVERNORS), (MINE, GOVERNORS))
        self.net.start(GOVERNORS, REFINER, MINE)
        wait_until(lambda: self.mines_log(MINE)["frozen"], self.net.daemons[MINE].said)
        self.refused(self.net.run(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross",
                                  "1 t", "--metal", "Cu=280kg"), REFUSED, "two final histories", "oremark evidence", "governors")


if __name__ == "__main__":
    unittest.main()
