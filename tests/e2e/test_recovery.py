"""A daemon whose store was lost or set back takes its log back from its witnesses, and signs nothing before."""

import shutil
import time
import unittest

from network import AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, UNDECIDED, NetworkTest, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
RECOVERY_S = 40


def extract(net, n):
    for _ in range(n):
        lot, = net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t",
                      "--metal", "Cu=280kg").lots
    return lot


class Recovery(NetworkTest):
    members = FIVE
    quorum = 3  # of the four witnesses that each log has

    def own(self, name, at=None):
        """What the daemon of AT holds of NAME's own log."""
        return next(log for log in self.net.do(at or name, "status").json["logs"]
                    if log["origin"] == self.net.daemons[name].origin)

    def wait_final(self, name):
        wait_until(lambda: (lambda log: log["final_size"] == log["size"])(self.own(name)), f"{name}'s log is never final")
        self.net.wait_level()

    def comes_back(self, name, before):
        """Starts NAME's daemon; it holds what it held BEFORE, and what it then records is final everywhere."""
        begun = time.monotonic()
        self.net.daemons[name].start()
        wait_until(lambda: self.net.do(name, "status").json["ready"], self.net.daemons[name].said, RECOVERY_S)
        after = self.own(name)
        self.assertEqual((after["size"], after["root"]), (before["size"], before["root"]))
        lot = extract(self.net, 1)
        self.wait_final(name)
        self.assertLess(time.monotonic() - begun, RECOVERY_S)
        self.assertEqual(self.net.verify(REFINER, lot)["verdict"], "verified")
        for other in self.members:
            self.assertEqual([log["stopped"] for log in self.net.do(other, "status").json["logs"] if log["stopped"]], [], other)
        return lot

    def test_a_store_set_back_to_an_old_copy(self):
        daemon = self.net.daemons[MINE]
        extract(self.net, 3)
        self.wait_final(MINE)
        self.assertEqual(daemon.stop(), 0)
        copy = daemon.folder / "copy"
        shutil.copytree(daemon.store, copy)
        daemon.start()
        extract(self.net, 5)
        self.wait_final(MINE)
        before = self.own(MINE)
        self.assertEqual(daemon.stop(), 0)
        shutil.rmtree(daemon.store)
        copy.rename(daemon.store)
        self.comes_back(MINE, before)
        self.net.do(MAKER, "status")
        self.assertIn("votes-lost", self.log_after_votes(daemon))

    def log_after_votes(self, daemon):
        """Its log once another's head was proposed to it: its own votes may be lost, so it does not cosign."""
        self.net.must("member", "add-site", "--name", "Second yard", "--kind", "plant", "--country", "SE",
                      socket=self.net.daemons[GOVERNORS].socket, key=self.net.key(RECYCLER), member=RECYCLER)
        wait_until(lambda: "votes-lost" in daemon.log.read_text(errors="replace"), daemon.said)
        return daemon.log.read_text(errors="replace")

    def test_a_store_that_is_gone(self):
        daemon = self.net.daemons[MINE]
        extract(self.net, 3)
        self.wait_final(MINE)
        before = self.own(MINE)
        self.assertEqual(daemon.stop(), 0)
        shutil.rmtree(daemon.store)
        self.comes_back(MINE, before)

    def test_without_its_witnesses_it_waits_and_says_for_whom(self):
        daemon = self.net.daemons[MINE]
        extract(self.net, 1)
        self.wait_final(MINE)
        others = [self.net.daemons[name] for name in (REFINER, MAKER)]
        for other in (daemon, *others):
            self.assertEqual(other.stop(), 0)
        daemon.start()
        status = self.net.do(MINE, "status").json
        self.assertFalse(status["ready"])
        self.refused(self.net.run(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross",
                                  "1 t", "--metal", "Cu=280kg", "--wait", "0"), UNDECIDED, "witnesses", others[0].origin, others[1].origin)
        others[0].start()
        wait_until(lambda: self.net.do(MINE, "status").json["ready"], daemon.said)
        others[1].start()
        extract(self.net, 1)
        self.wait_final(MINE)


if __name__ == "__main__":
    unittest.main()
