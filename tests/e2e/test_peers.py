"""How daemons find each other: through others, after being away, and never with strangers."""

import itertools
import socket
import threading
import time
import unittest

from network import (AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, Daemon, Network, NetworkTest, wait_until)


def extract(net):
    lot, = net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
                  "Cu=280kg").lots
    return lot


HANDSHAKE_S = 10  # in which a stranger has to say who it is
INNER = [name for name in MEMBERS if name != AUDITOR]


class InALine(NetworkTest):
    """Each daemon talks to its neighbours only; what the first writes reaches the last."""

    order = [MINE, GOVERNORS, REFINER, MAKER, RECYCLER, AUDITOR]
    pairs = list(zip(order[1:], order))
    witnesses = ()  # who witnesses needs a link, or a neighbour in common, to whom it witnesses for

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

    def set_address(self, *words):
        mine = self.net.daemons[MINE].origin
        return self.net.run(MINE, "member", "set-address", "--log", mine, *words, at=GOVERNORS)

    def test_an_address_in_the_registry(self):
        mine = self.net.daemons[MINE]
        self.assertNotIn(mine.origin, self.net.linked(AUDITOR))
        self.refused(self.set_address("nowhere"), 4, "host:port")
        self.assertEqual(self.set_address(f"127.0.0.1:{mine.port}").status, DONE)
        for name in (AUDITOR, RECYCLER, REFINER):
            wait_until(lambda: mine.origin in self.net.linked(name), f"{name} does not dial the mine")
        self.net.daemons[AUDITOR].stop()
        self.net.daemons[AUDITOR].start()
        wait_until(lambda: mine.origin in self.net.linked(AUDITOR), "the auditor forgot where the mine is")


class Target:
    """Something that listens, is no daemon, and counts who comes."""

    def __init__(self, says):
        self.says, self.came, self.most, self.open = says, 0, 0, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            self.came += 1
            link.setblocking(False)
            self.open = [one for one in self.open if self.stands(one)] + [link]
            self.most = max(self.most, len(self.open))
            if self.says:
                link.send(self.says)

    def stands(self, link):
        """Whether the other side has left it open; what it said is read."""
        try:
            while link.recv(4096):
                pass
            return False
        except BlockingIOError:
            return True
        except OSError:
            return False

    def end(self):
        self.socket.close()
        for link in self.open:
            link.close()


class WrongAddress(NetworkTest):
    """A member says that its daemon is at some port that is none: who dials it does so seldom, once at a time, and nothing else suffers."""

    order = [MINE, GOVERNORS, REFINER, MAKER, RECYCLER, AUDITOR]
    pairs = list(zip(order[1:], order))
    witnesses = ()
    dialers = 4  # all but the mine itself and the registry's daemon, whose settings say where the mine is

    def attempts(self, seconds):
        """The most that all make in that time: each one after 0.2, 0.4, 0.8 ... 30 s at most, half of that at least."""
        n, gap = 1, 0.1
        while seconds >= gap:
            n, seconds, gap = n + 1, seconds - gap, min(2 * gap, 15)
        return n * self.dialers

    def target(self, says):
        target = Target(says)
        self.addCleanup(target.end)
        return target

    def set_address(self, target):
        self.net.must("member", "set-address", "--log", self.net.daemons[MINE].origin, f"127.0.0.1:{target.port}",
                      socket=self.net.daemons[GOVERNORS].socket, key=self.net.key(MINE), member=MINE)

    def all_works(self):
        lot = extract(self.net)
        self.assertEqual(self.net.verify(AUDITOR, lot)["verdict"], "verified")
        peers = {peer["origin"]: peer for peer in self.net.do(AUDITOR, "peers").json["peers"]}
        mine = peers[self.net.daemons[MINE].origin]
        self.assertIn(mine["state"], ("waiting", "connecting"))
        return mine["last_error"]

    def test(self):
        web = self.target(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 1000)
        begun = time.monotonic()
        self.set_address(web)
        wait_until(lambda: web.came >= 2 * self.dialers, "nobody dials")
        time.sleep(3)  # for those who would dial too often
        came = web.came
        self.assertLessEqual(came, self.attempts(time.monotonic() - begun))
        self.assertLessEqual(web.most, self.dialers)
        self.says(self.all_works(), "speaks another protocol")

        deaf = [self.target(b"") for _ in range(2)]
        before, begun = web.came, time.monotonic()
        for i in range(20):
            self.set_address(deaf[i % 2])
        wait_until(lambda: deaf[0].came + deaf[1].came >= 1, "nobody dials")
        time.sleep(3)  # for those who would dial too often
        came = deaf[0].came + deaf[1].came
        handshakes = (time.monotonic() - begun) // HANDSHAKE_S
        self.assertLessEqual(web.came, before + self.dialers)  # who was just about to
        self.assertLessEqual(came, (3 + handshakes) * self.dialers)
        self.assertLessEqual(max(deaf[0].most, deaf[1].most), self.dialers)
        self.all_works()


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
        peers = lambda: self.net.do(MINE, "peers").json["peers"]
        wait_until(lambda: sum(peer["state"] == "connected" for peer in peers()) == len(MEMBERS) - 1, lambda: str(peers()))
        self.assertNotIn("stranger", str(peers()))
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
