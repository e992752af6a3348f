"""Two daemons that nobody can call, and that can't call each other: all between them goes through a third."""

import re
import shutil
import unittest

from network import DONE, GOVERNORS, MEMBERS, MINE, REFINER, UNDECIDED, Network, NetworkTest, wait_until

BEHIND = (MINE, REFINER)
RECORDS = {
    MINE: ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=280kg"),
    REFINER: ("declare", "--site", "Ilo", "--lot", "blister", "--form", "blister", "--gross", "1 t", "--metal", "Cu=980kg"),
}


class Behind(Network):
    def connect(self, pairs=None):
        super().connect(pairs)
        for name in BEHIND:
            self.daemons[name].configure(self.genesis, listen="")


class Nat(NetworkTest):
    make_network = Behind
    members = {name: MEMBERS[name] for name in (GOVERNORS, *BEHIND)}
    quorum = 2  # of the two witnesses that each log has: nothing is final without the other one behind NAT
    pairs = [(name, GOVERNORS) for name in BEHIND]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in BEHIND:  # a site counts once the registry is final with it, here after two hops each way
            wait_until(lambda: cls.net.run(name, *RECORDS[name]).status == DONE, cls.net.daemons[name].said)

    def becomes_final(self, name, *words):
        result = self.net.run(name, *RECORDS[name], "--wait-final", *words, "--json")
        self.assertEqual(result.status, DONE, f"{result}\n{self.net.daemons[name].said()}")
        self.assertTrue(result.json["final"])
        return result.lots[0]

    def status(self, name):
        return self.net.do(name, "status").json

    def own(self, name):
        return next(log for log in self.status(name)["logs"] if log["origin"] == self.net.daemons[name].origin)

    def wait_ready(self, name):
        wait_until(lambda: self.status(name)["ready"], self.net.daemons[name].said)

    def test_1_what_both_write_becomes_final(self):
        for name in BEHIND:
            peers = self.net.do(name, "peers").json["peers"]
            self.assertEqual([peer["origin"] for peer in peers], [self.net.daemons[GOVERNORS].origin])
            self.assertNotIn("for=peers", self.net.daemons[name].said())
        lot = self.becomes_final(MINE)
        self.becomes_final(REFINER)
        self.net.do(MINE, "ship", lot, "--consignee", REFINER, "--wait-final")
        wait_until(lambda: self.net.do(REFINER, "lots", "--incoming").json["lots"], "it is not told of the shipment")
        self.net.do(REFINER, "receive", lot, "--site", "Ilo", "--wait-final")
        self.net.wait_level()
        self.assertEqual(self.net.verify(GOVERNORS, lot)["verdict"], "verified")

    def test_2_one_that_is_killed_asks_the_other(self):
        for name in BEHIND:
            before = self.own(name)
            self.net.daemons[name].kill()
            self.net.daemons[name].start()
            self.wait_ready(name)
            self.assertEqual(self.own(name)["root"], before["root"])
            self.becomes_final(name)

    def test_3_who_is_missing_is_named(self):
        mine, other = self.net.daemons[MINE], self.net.daemons[REFINER]
        self.assertEqual(other.stop(), 0)
        statement = self.net.do(MINE, *RECORDS[MINE]).json["statement"]
        wait_until(lambda: self.status(MINE)["missing"] == [other.origin], "the governors don't cosign")
        result = self.net.run(MINE, "receipt", statement, "--wait-final=2")
        self.assertEqual(result.status, UNDECIDED, str(result))
        self.says(result.err, f"1 more operator must cosign; not heard from: {other.origin}.")
        mine.kill()
        mine.start()
        wait_until(lambda: re.search(f"waits for 1 more of its witnesses .*: {other.origin}$", self.status(MINE)["waiting"]),
                   lambda: str(self.status(MINE)))
        other.start()
        self.wait_ready(MINE)
        self.becomes_final(MINE)
        self.assertEqual((self.status(MINE)["pending"], self.status(MINE)["missing"]), (0, []))

    def test_4_a_store_from_an_old_copy(self):
        mine, copy = self.net.daemons[MINE], self.net.folder / "copy"
        self.assertEqual(mine.stop(), 0)
        shutil.copytree(mine.store, copy)
        mine.start()
        self.wait_ready(MINE)
        for _ in range(5):
            self.becomes_final(MINE)
        before = self.own(MINE)
        mine.kill()
        shutil.rmtree(mine.store)
        shutil.copytree(copy, mine.store)
        mine.start()
        self.wait_ready(MINE)
        after = self.own(MINE)
        self.assertEqual((after["size"], after["root"]), (before["size"], before["root"]))
        lot = self.becomes_final(MINE)
        self.assertEqual(self.net.verify(REFINER, lot)["verdict"], "verified")
        for name in self.members:
            self.assertEqual([log["stopped"] for log in self.status(name)["logs"] if log["stopped"]], [], name)


if __name__ == "__main__":
    unittest.main()
