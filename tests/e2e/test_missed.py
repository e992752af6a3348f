"""A daemon is off while the witnesses are replaced by others, one change after the other, until none is left of whom it knows.

It comes level by the heads that each log has recorded at each change, which the witnesses before and after it signed.
"""

import unittest

from network import DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, NetworkTest, wait_until

EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=280kg")
COLLECT = ("--site", "Yard", "--waste", "post-consumer", "--lot", "scrap", "--form", "scrap", "--gross", "1 t", "--metal", "Cu=100kg")
WINDOW_BYTES = 4 << 20  # of entries that a follower gets and has not taken in yet


class Missed(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
    witnesses = [MINE, REFINER]

    def status(self, name):
        return self.net.do(name, "status").json

    def others_are_final(self):
        """All logs but the recycler's, wherever a daemon runs."""
        def final():
            for name in self.running():
                for log in self.status(name)["logs"]:
                    if log["origin"] != self.net.daemons[RECYCLER].origin and log["final_size"] != log["size"]:
                        return False
            return self.net.level(self.running())
        wait_until(final, lambda: "\n".join(f"{name}: {self.net.run(name, 'status').out}" for name in self.running()))

    def running(self):
        return [name for name in self.members if self.net.daemons[name].running()]

    def set_witnesses(self, *names):
        said = self.net.run(GOVERNORS, "network", "set-witnesses", *(self.net.daemons[name].origin for name in names), "--wait-final")
        self.assertEqual(said.status, DONE, str(said))
        self.others_are_final()

    def extract_much(self):
        """Entries of the mine that are more than what a follower is sent ahead."""
        path = self.net.folder / "much.csv"
        with path.open("w") as out:
            out.write("event,group,site,material,form,gross,metals,aliases\n")
            for event in range(84):
                for lot in range(7):
                    tags = ";".join(f"{event}-{lot}-{tag}-".ljust(128, "x") for tag in range(64))
                    out.write(f"extract,{event},Toquepala,concentrate,concentrate,1 t,Cu=280kg,{tags}\n")
        self.assertGreater(path.stat().st_size, WINDOW_BYTES * 9 // 8)
        self.net.do(MINE, "import", path, "--events", "1", "--wait-final")

    def test_level_after_missed_changes(self):
        first, = self.net.do(MINE, *EXTRACT, "--wait-final").lots
        self.net.wait_level()
        off, own = self.net.daemons[RECYCLER], self.net.daemons[RECYCLER].origin
        self.assertEqual(off.stop(), 0)
        self.extract_much()
        self.set_witnesses(REFINER, MAKER)
        self.net.do(MINE, *EXTRACT, "--wait-final")
        self.extract_much()
        self.set_witnesses(GOVERNORS, MAKER)
        last, = self.net.do(MINE, *EXTRACT, "--wait-final").lots
        for name in self.witnesses:
            self.assertEqual(self.net.daemons[name].stop(), 0)

        # It knows none of those who have signed what is newest; its own log still waits for the two that it does know.
        off.start()
        self.net.wait_level((GOVERNORS, MAKER, RECYCLER))
        for lot in (first, last):
            self.assertEqual(self.net.verify(RECYCLER, lot)["verdict"], "verified")
        status = self.status(RECYCLER)
        self.assertFalse(status["ready"])
        self.assertEqual([log["origin"] for log in status["logs"] if log["stopped"] or log["evidence"]], [])

        # They come back, and let it go over to the present ones.
        for name in self.witnesses:
            self.net.daemons[name].start()
        wait_until(lambda: self.status(RECYCLER)["ready"], off.said)
        lot, = self.net.do(RECYCLER, "collect", *COLLECT, "--wait-final").lots
        wait_until(lambda: next(log for log in self.status(RECYCLER)["logs"] if log["origin"] == own)["quorum_before"] == 0,
                   "the change is never settled")
        self.net.wait_level()
        self.assertEqual(self.net.verify(MAKER, lot)["verdict"], "verified")


if __name__ == "__main__":
    unittest.main()
