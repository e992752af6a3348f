"""Who witnesses is changed while the network works, and a witness comes back with nothing but a new cosign key."""

import shutil
import threading
import unittest

from network import DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, REFUSED, USAGE, NetworkTest, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=280kg")


class Witnesses(NetworkTest):
    members = FIVE
    witnesses = [GOVERNORS, MINE, REFINER, MAKER]  # all three that may must cosign the mine's log; of four, three

    def origin(self, name):
        return self.net.daemons[name].origin

    def status(self, name):
        return self.net.do(name, "status").json

    def wait_final(self):
        wait_until(lambda: all(log["final_size"] == log["size"] for name in self.members for log in self.status(name)["logs"]),
                   "something is never final")
        self.net.wait_level()

    def extract_until(self, done, lots):
        while not done.is_set():
            lots += self.net.do(MINE, *EXTRACT).lots

    def change(self, *words):
        """An act of the governors, while the mine goes on; its lots."""
        done, lots = threading.Event(), []
        miner = threading.Thread(target=self.extract_until, args=(done, lots))
        miner.start()
        try:
            wait_until(lambda: len(lots) > 2, "the mine records nothing")
            said = self.net.run(GOVERNORS, *words, "--wait-final")
            self.assertEqual(said.status, DONE, str(said))
            self.says(said.out, "recorded in ", "until each log has recorded a head that both lists signed")
            before = len(lots)
            wait_until(lambda: len(lots) > before + 2, "the mine records nothing any more")
        finally:
            done.set()
            miner.join()
        self.wait_final()
        return lots

    def quorum_of(self, name):
        """The quorum that the daemon needs for its own log."""
        return self.status(name)["quorum"]

    def test_1_a_change_of_the_list(self):
        self.assertEqual(self.quorum_of(RECYCLER), 3)
        numbers = [str(log["log"]) for log in self.status(MINE)["logs"]]
        lots = self.change("network", "set-witnesses", self.origin(RECYCLER), self.origin(MINE), *numbers[2:4], "0")
        for lot in (lots[0], lots[-1]):
            self.assertEqual(self.net.verify(MAKER, lot)["verdict"], "verified")
        self.net.daemons[RECYCLER].stop()  # one of four may be away now
        result = self.net.run(MINE, *EXTRACT, "--wait-final")
        self.net.start(RECYCLER)
        self.assertEqual(result.status, DONE, str(result))
        self.refused(self.net.run(GOVERNORS, "network", "set-witnesses", self.origin(MINE), self.origin(MINE)), USAGE, "named twice")
        self.refused(self.net.run(GOVERNORS, "network", "set-witnesses"), USAGE)
        self.refused(self.net.run(GOVERNORS, "network", "set-witnesses", "nobody.example/log"), USAGE, "no log", "status")
        self.refused(self.net.run(GOVERNORS, "network", "set-witnesses", "0", "1", "2", "3", "--quorum", "2"), REFUSED, "two heads")

    def registry(self):
        return self.status(GOVERNORS)["logs"][0]

    def test_3_one_change_after_the_other(self):
        everybody, four = [self.origin(name) for name in self.members], [self.origin(name) for name in self.witnesses]
        self.wait_final()
        self.net.daemons[MAKER].stop()  # the registry needs it under the new list, not under the old one
        said = self.net.run(GOVERNORS, "network", "set-witnesses", *four)
        self.assertEqual(said.status, DONE, str(said))
        self.assertEqual((self.registry()["quorum_before"], self.registry()["quorum"]), (3, 3))
        self.says(self.net.run(GOVERNORS, "status").out, "3 and 3")
        self.refused(self.net.run(GOVERNORS, "network", "set-witnesses", *everybody), REFUSED, "not settled yet", "try again when")
        self.net.start(MAKER)
        wait_until(lambda: self.registry()["quorum_before"] == 0, "the change is never settled")
        said = self.net.run(GOVERNORS, "network", "set-witnesses", *everybody, "--wait-final")
        self.assertEqual(said.status, DONE, str(said))
        self.wait_final()

    def test_2_a_lost_witness_comes_back_with_a_new_key(self):
        daemon = self.net.daemons[REFINER]
        cosign = daemon.keys / "cosign.key"
        self.wait_final()
        self.refused(self.net.run(GOVERNORS, "member", "replace-cosign-key", daemon.origin, "--keys", daemon.keys), USAGE, "already")
        self.assertEqual(daemon.stop(), 0)
        shutil.rmtree(daemon.store)
        cosign.rename(daemon.keys / "cosign.key.old")
        self.net.must("key", "new", "--kind", "cosign", "--name", daemon.origin, "--no-passphrase", cosign)
        daemon.start()
        wait_until(lambda: self.status(REFINER)["ready"], daemon.said)
        self.says(self.status(REFINER)["cosign_waits"], "replace-cosign-key")
        self.says(self.net.run(REFINER, "status").out, "cosigns nothing: the cosign key in the keys folder is not in use yet")
        self.says(daemon.said(), "cosign-key-waits")
        self.net.daemons[RECYCLER].stop()  # without these two, nothing is final
        self.assertNotEqual(self.net.run(MINE, *EXTRACT, "--wait-final=2").status, DONE)
        self.net.start(RECYCLER)
        self.change("member", "replace-cosign-key", daemon.origin, "--keys", daemon.keys, "--reason", "disk lost")
        wait_until(lambda: self.status(REFINER)["cosign_waits"] == "", daemon.said)
        self.net.daemons[RECYCLER].stop()
        result = self.net.run(MINE, *EXTRACT, "--wait-final")
        self.net.start(RECYCLER)
        self.assertEqual(result.status, DONE, str(result))
        self.says(daemon.said(), "cosign-key-in-use")
        self.wait_final()


if __name__ == "__main__":
    unittest.main()
