"""How daemons find each other: through others, after being away, and never with strangers."""

import itertools
import unittest

from network import (AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, Daemon, Network, NetworkTest, wait_until)


def extract(net):
    lot, = net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
                  "Cu=280kg").lots
    return lot


INNER = [name for name in MEMBERS if name != AUDITOR]


class InALine(NetworkTest):
    """Each daemon talks to its neighbours only; what the first writes reaches the last."""

    order = [MINE, GOVERNORS, REFINER, MAKER, RECYCLER, AUDITOR]
    pairs = list(zip(order[1:], order))
    witnesses = ()  # who witnesses needs a link to whom it witnesses for

    def test_what_one_end_writes_reaches_the_other(self):
        lot = extract(self.net)
        self.net.wait_level()
        self.assertEqual(self.net.verify(AUDITOR, lot)["verdict"], "verified")

    def test_custody_goes_from_one_end_to_the_other(self):
        lot = extract(self.net)
        self.net.do(MINE, "ship", lot, "--consignee", RECYCLER)
        wait_until(lambda: self.net.do(RECYCLER, "lots", "--incoming").json["lots"], "the far end is not told of the shipment")
        self.net.do(RECYCLER, "receive", lot, "--site", "Yard")
        self.net.wait_level()
        self.assertEqual(self.net.do(MINE, "lot", "show", lot).json["custodian_name"], RECYCLER)


class OnOneLink(NetworkTest):
    """The auditor, which witnesses nothing, has a link to the recycler only: all that it holds was relayed, under a quorum."""

    witnesses = INNER
    pairs = [*itertools.combinations(INNER, 2), (AUDITOR, RECYCLER)]

    def test_relayed(self):
        lot = extract(self.net)
        self.net.wait_level()
        peers = self.net.do(AUDITOR, "peers").json["peers"]
        self.assertEqual([peer["origin"] for peer in peers], [self.net.daemons[RECYCLER].origin])
        wait_until(lambda: self.net.do(AUDITOR, "lot", "show", lot).json["final"], "it is never final at the far end")
        self.assertEqual(self.net.verify(AUDITOR, lot)["verdict"], "verified")


class ByTheRegistry(NetworkTest):
    """A line, as above, in which the mine says in the registry where it is: then the far end finds it by itself."""

    order = [MINE, GOVERNORS, REFINER, MAKER, RECYCLER, AUDITOR]
    pairs = list(zip(order[1:], order))
    witnesses = ()

    def linked(self, name):
        return {peer["origin"] for peer in self.net.do(name, "peers").json["peers"] if peer["state"] == "connected"}

    def set_address(self, *words):
        mine = self.net.daemons[MINE].origin
        return self.net.run(MINE, "member", "set-address", "--log", mine, *words, at=GOVERNORS)

    def test_an_address_in_the_registry(self):
        mine = self.net.daemons[MINE]
        self.assertNotIn(mine.origin, self.linked(AUDITOR))
        self.refused(self.set_address("nowhere"), 4, "host:port")
        self.assertEqual(self.set_address(f"127.0.0.1:{mine.port}").status, DONE)
        for name in (AUDITOR, RECYCLER, REFINER):
            wait_until(lambda: mine.origin in self.linked(name), f"{name} does not dial the mine")
        self.net.daemons[AUDITOR].stop()
        self.net.daemons[AUDITOR].start()
        wait_until(lambda: mine.origin in self.linked(AUDITOR), "the auditor forgot where the mine is")


class Away(NetworkTest):
    def test_a_daemon_that_was_away_catches_up(self):
        self.assertEqual(self.net.daemons[AUDITOR].stop(), 0)
        lots = [extract(self.net) for _ in range(20)]
        self.net.wait_level()
        self.net.daemons[AUDITOR].start()
        self.net.wait_level()
        for lot in lots:
            self.assertEqual(self.net.verify(AUDITOR, lot)["verdict"], "verified")

    def test_a_daemon_writes_while_it_is_alone(self):
        """Without any other daemon a mine records; what it wrote spreads once the others are back."""
        others = [name for name in MEMBERS if name != MINE]
        for name in others:
            self.assertEqual(self.net.daemons[name].stop(), 0)
        lot = extract(self.net)
        self.assertFalse(self.net.do(MINE, "lot", "show", lot).json["final"])
        self.net.start(*others)
        self.net.wait_level()
        wait_until(lambda: self.net.do(AUDITOR, "lot", "show", lot).json["final"], "it is never final")

    def test_one_that_is_killed_in_between(self):
        for _ in range(3):
            extract(self.net)
            self.net.daemons[REFINER].kill()
            extract(self.net)
            self.net.daemons[REFINER].start()
        self.net.wait_level()


class Strangers(NetworkTest):
    def stranger(self, net, genesis):
        """A daemon whose keys no registry knows, with these settings otherwise right."""
        folder = self.net.folder / f"stranger-{net}"
        folder.mkdir()
        daemon = Daemon(folder, "stranger.example/log")
        self.net.must("key", "new", "--daemon", daemon.origin, daemon.keys)
        daemon.peers = [self.net.daemons[MINE]]
        daemon.configure(genesis)
        self.addCleanup(daemon.kill)
        daemon.start()
        return daemon

    def dropped(self, daemon):
        wait_until(lambda: "peer-refused" in self.net.daemons[MINE].said(), self.net.daemons[MINE].said)
        peers = self.net.do(MINE, "peers").json["peers"]
        self.assertEqual(sum(peer["state"] == "connected" for peer in peers), len(MEMBERS) - 1, peers)
        self.assertNotIn("stranger", str(peers))
        self.assertTrue(daemon.running())

    def test_keys_that_are_not_in_the_registry(self):
        daemon = self.stranger("keys", self.net.genesis)
        self.dropped(daemon)
        self.assertEqual(self.net.run(MINE, "status", at=MINE).status, DONE)

    def test_another_network(self):
        other = Network()
        self.addCleanup(other.end)
        self.dropped(self.stranger("network", other.genesis))


if __name__ == "__main__":
    unittest.main()
