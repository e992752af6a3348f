"""A daemon whose store was lost or set back takes its log back from its witnesses, and signs nothing before."""

import shutil
import threading
import unittest

from network import AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, REFUSED, UNDECIDED, NetworkTest, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}

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
        self.net.daemons[name].start()
        wait_until(lambda: self.net.do(name, "status").json["ready"], self.net.daemons[name].said)
        after = self.own(name)
        self.assertEqual((after["size"], after["root"]), (before["size"], before["root"]))
        lot = extract(self.net, 1)
        self.wait_final(name)
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
        """Its log once another's head was proposed to it: its own votes may be lost, so it does not cosign. The others do, and
        it takes up the act."""
        self.net.must("member", "add-site", "--name", "Second yard", "--kind", "plant", "--country", "SE",
                      socket=self.net.daemons[GOVERNORS].socket, key=self.net.key(RECYCLER), member=RECYCLER)
        wait_until(lambda: "votes-lost" in daemon.log.read_text(errors="replace"), daemon.said)
        wait_until(lambda: (lambda log: log["final_size"] == log["size"])(self.own(GOVERNORS, MINE)), daemon.said)
        extract(self.net, 1)
        self.wait_final(MINE)
        return daemon.log.read_text(errors="replace")

    def test_a_store_that_is_gone(self):
        daemon = self.net.daemons[MINE]
        extract(self.net, 3)
        self.wait_final(MINE)
        before = self.own(MINE)
        self.assertEqual(daemon.stop(), 0)
        shutil.rmtree(daemon.store)
        self.comes_back(MINE, before)

    EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
               "Cu=280kg")

    def queues(self, *words):
        """What oremark says in JSON of a statement that the mine's daemon only queues."""
        result = self.net.run(MINE, *words, "--wait", "0", "--json")
        self.assertEqual(result.status, UNDECIDED, str(result))
        self.says(result.err, "oremark receipt", "nothing needs to be done again")
        said = result.json
        self.assertEqual((said["queued"], said["index"], said["final"]), (True, None, False))
        return said

    def queued(self):
        return self.net.do(MINE, "status").json["queued"]

    def test_without_its_witnesses_it_queues_and_says_for_whom_it_waits(self):
        daemon = self.net.daemons[MINE]
        shipped = extract(self.net, 1)
        self.wait_final(MINE)
        others = [self.net.daemons[name] for name in (REFINER, MAKER)]
        for other in (daemon, *others):
            self.assertEqual(other.stop(), 0)
        daemon.start()
        status = self.net.do(MINE, "status").json
        self.assertFalse(status["ready"])
        self.says(status["waiting"], "witnesses", others[0].origin, others[1].origin)
        before = self.own(MINE)

        first = self.queues(*self.EXTRACT)
        file = daemon.folder / "extract.statement"
        self.net.do(MINE, *self.EXTRACT, "--out", file)
        handed_in = self.queues("submit", file)
        self.assertEqual(self.queues("submit", file)["statement"], handed_in["statement"])
        once = self.queues("ship", shipped, "--consignee", REFINER, "--mode", "rail")
        twice = self.queues("ship", shipped, "--consignee", MAKER, "--mode", "rail")
        text = self.net.run(MINE, *self.EXTRACT, "--wait", "0")
        self.assertEqual(text.status, UNDECIDED)
        self.says(text.out, "queued, not recorded yet", "lot OM-")
        self.assertEqual(self.queued(), 5)
        self.says(self.net.run(MINE, "status").out, "5 statements queued")
        self.refused(self.net.run(MINE, "receipt", first["statement"]), UNDECIDED, "queued")
        self.assertEqual(self.own(MINE)["size"], before["size"])
        daemon.kill()
        daemon.start()
        self.assertEqual(self.queued(), 5)

        waiting = []
        waiter = threading.Thread(target=lambda: waiting.append(
            self.net.run(MINE, *self.EXTRACT, "--wait", "0", "--wait-final=80", "--json")))
        waiter.start()
        wait_until(lambda: self.queued() == 6, daemon.said)
        others[0].start()
        others[1].start()
        wait_until(lambda: self.net.do(MINE, "status").json["ready"], daemon.said)
        waiter.join()
        self.assertEqual(waiting[0].status, DONE, str(waiting[0]))
        self.assertTrue(waiting[0].json["final"])
        self.assertFalse(waiting[0].json["queued"])
        indexes = [self.net.do(MINE, "receipt", said["statement"], "--wait-final").json["index"]
                   for said in (first, handed_in, once)] + [waiting[0].json["index"]]
        self.assertEqual(indexes, sorted(indexes))
        self.refused(self.net.run(MINE, "receipt", twice["statement"]), REFUSED, "queued, and then refused", shipped)
        self.assertIn("queued-refused", daemon.log.read_text(errors="replace"))
        self.assertEqual(self.queued(), 0)
        again = self.net.do(MINE, "submit", file).json
        self.assertEqual((again["again"], again["index"]), (True, indexes[1]))
        self.assertEqual(self.own(MINE)["size"], before["size"] + 5, "five statements, each once")
        self.net.do(REFINER, "receive", shipped, "--site", "Ilo")
        self.wait_final(MINE)


class ReplacedKey(NetworkTest):
    members = FIVE
    quorum = 3

    def new_cosign_key(self, daemon, number):
        cosign = daemon.keys / "cosign.key"
        cosign.rename(daemon.keys / f"cosign.key.{number}")
        self.net.must("key", "new", "--kind", "cosign", "--name", daemon.origin, "--no-passphrase", cosign)

    def replace_key(self, daemon):
        said = self.net.run(GOVERNORS, "member", "replace-cosign-key", daemon.origin, "--keys", daemon.keys, "--wait-final")
        self.assertEqual(said.status, DONE, str(said))

    def test_a_store_set_back_to_before_its_key_was_replaced(self):
        daemon = self.net.daemons[REFINER]
        waits = lambda: self.net.do(REFINER, "status").json["cosign_waits"]
        extract(self.net, 1)
        self.net.wait_level()
        self.assertEqual(daemon.stop(), 0)
        copy = daemon.folder / "copy-before"
        shutil.copytree(daemon.store, copy)
        self.new_cosign_key(daemon, 1)
        daemon.start()
        self.replace_key(daemon)
        wait_until(lambda: not waits(), daemon.said)
        extract(self.net, 1)
        self.net.wait_level()
        self.assertEqual(daemon.stop(), 0)
        shutil.rmtree(daemon.store)
        copy.rename(daemon.store)
        daemon.start()
        wait_until(lambda: self.net.do(REFINER, "status").json["ready"], daemon.said)
        self.says(waits(), "restored from an old copy", "replace-cosign-key")
        self.assertEqual(daemon.stop(), 0)
        self.new_cosign_key(daemon, 2)
        daemon.start()
        self.replace_key(daemon)
        wait_until(lambda: not waits(), daemon.said)
        self.net.wait_level()


if __name__ == "__main__":
    unittest.main()
