"""Daemons on hosts of their own, whose network and power fail. In the end every record is final and verified at all of them, and all
hold the same state. The scenes run at once, each in a process of its own; skipped where network namespaces are not allowed.
"""

import pathlib
import signal
import subprocess
import sys
import threading
import time
import types
import unittest

import hosts
from network import (AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, NetworkTest, die_with_parent, wait_until)

PROXY, STRANGERS = (str(pathlib.Path(__file__).with_name(name)) for name in ("proxy.py", "strangers.py"))
SKIPPED = 77  # the exit status of a test that could not be made
SILENCE_S = 60  # OM_SILENCE_MS: after that a daemon gives up a link on which nothing comes
AT_ONCE = 4  # scenes: they wait more than they work
FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}  # of each log's four witnesses, three are a quorum

RECORDS = {  # name: what it records without anybody's help
    MINE: ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=280kg"),
    RECYCLER: ("collect", "--site", "Yard", "--waste", "post-consumer", "--product", "electric motors", "--lot", "scrap",
               "--form", "scrap", "--gross", "1 t", "--metal", "Cu=120kg"),
    REFINER: ("declare", "--site", "Ilo", "--lot", "bought blister", "--form", "blister", "--gross", "1 t", "--metal", "Cu=980kg"),
}


class Scene(NetworkTest):
    make_network = hosts.HostNetwork
    members = FIVE
    story = ""

    @classmethod
    def setUpClass(cls):
        cls.began = time.monotonic()
        super().setUpClass()
        cls.recorded = []

    def record(self, name):
        """A new lot of this member; its receipt was given."""
        lot, = self.net.do(name, *RECORDS[name]).lots
        self.recorded.append(lot)
        return lot

    def final(self, lot, at):
        result = self.net.run(at, "lot", "show", lot, "--json")
        return result.status == DONE and result.json["final"]

    def becomes_final(self, lots, names):
        for lot in lots:
            for name in names:
                wait_until(lambda: self.final(lot, name), lambda: f"{lot} is never final at {name}:\n{self.net.daemons[name].said()}")

    def links(self, name):
        """Origins of the peers that this member's daemon has a link to."""
        return {peer["origin"] for peer in self.net.do(name, "peers").json["peers"] if peer["state"] == "connected"}

    def hashes(self):
        return {self.net.do(name, "status", "--state-hash").json["state_hash"] for name in self.members}

    def settle(self, lots=None):
        """What every scene ends with."""
        lots = self.recorded if lots is None else lots
        self.net.wait_level()
        self.becomes_final(lots, self.members)
        for lot in lots[:2] + lots[-2:]:
            for name in self.members:
                self.assertEqual(self.net.verify(name, lot)["verdict"], "verified")
        self.net.wait_level()
        wait_until(lambda: len(self.hashes()) == 1, lambda: f"states differ: {self.hashes()}")
        self.assertNotIn(None, self.hashes())
        self.assertNotIn("", self.hashes())

    def tell(self, story):
        print(f"{type(self).__name__}: {story} ({time.monotonic() - self.began:.0f} s)", flush=True)


class Silence(Scene):
    """A cable is pulled for longer than a daemon waits for a silent peer."""

    def test(self):
        far = RECYCLER
        self.record(far)
        self.net.wait_level()
        self.net.daemons[far].pull()
        cut = time.monotonic()
        alone, meanwhile = self.record(far), self.record(MINE)
        self.becomes_final([meanwhile], [name for name in self.members if name != far])
        wait_until(lambda: not self.links(far) and self.net.daemons[far].origin not in self.links(MINE), "a silent link stays for ever",
                   SILENCE_S * 2)
        given_up = time.monotonic() - cut
        time.sleep(max(0, SILENCE_S + 2 - given_up))
        self.assertFalse(self.final(alone, far))
        self.net.daemons[far].mend()
        self.settle()
        self.tell(f"a cable was out for {SILENCE_S + 2} s, its links were given up after {given_up:.0f} s, and all came back")


class Partition(Scene):
    """Two daemons, one of them a witness, are cut off from four, three of them witnesses: of four witnesses three are a quorum."""

    members = MEMBERS
    witnesses = (GOVERNORS, REFINER, MAKER, RECYCLER)
    few = (RECYCLER, AUDITOR)

    def test(self):
        many = [name for name in self.members if name not in self.few]
        few = [self.net.daemons[name] for name in self.few]
        for daemon in few:
            others = ", ".join(self.net.daemons[name].host for name in many)
            daemon.filter(f"ip saddr {{ {others} }} drop")
        major = [self.record(MINE) for _ in range(3)]
        minor = [self.record(RECYCLER) for _ in range(3)]
        self.becomes_final(major, many)
        self.assertFalse(any(self.final(lot, name) for lot in minor for name in self.few))
        for daemon in few:
            daemon.filter()
        self.settle()
        self.tell("2 daemons were cut off from 4: what the 4 wrote became final, what the 2 wrote did so after the cut")


class Killed(Scene):
    """A daemon is killed again and again while two clerks write to it; every receipt that it gave stays true."""

    def write(self, stop, receipts):
        while not stop.is_set():
            result = self.net.run(MINE, *RECORDS[MINE], "--json")
            if result.status == DONE:
                receipts.extend(result.lots)

    def test(self):
        daemon, stop, receipts = self.net.daemons[MINE], threading.Event(), []
        writers = [threading.Thread(target=self.write, args=(stop, receipts)) for _ in range(2)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(3):
                before = len(receipts)
                wait_until(lambda: len(receipts) >= before + 5, daemon.said)
                daemon.kill()
                daemon.start()
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.settle(receipts)
        self.tell(f"3 times killed while it was written to: none of {len(receipts)} receipts was lost")


class BehindNat(Scene):
    """Nobody can call this daemon, and nobody has its address. A further witness is down, so that each quorum needs it."""

    behind = RECYCLER
    pairs = [(b, a) for i, b in enumerate(FIVE) for a in list(FIVE)[:i]]  # the last one calls all others, and none calls it

    def test(self):
        behind = self.net.daemons[self.behind]
        behind.stop()
        behind.filter("tcp flags & (syn | ack) == syn counter drop")
        self.net.daemons[MAKER].stop()
        behind.start()
        running = [name for name in self.members if name != MAKER]
        theirs, own = [self.record(MINE) for _ in range(3)], [self.record(self.behind) for _ in range(3)]
        self.becomes_final(theirs + own, running)
        wait_until(lambda: len(self.links(self.behind)) == len(running) - 1, behind.said)
        self.net.daemons[MAKER].start()
        self.settle()
        self.tell("what a daemon that only calls out wrote became final, and others' quorums counted it")


class Loss(Scene):
    """One host loses every tenth packet that comes in."""

    def test(self):
        self.net.daemons[RECYCLER].filter("numgen random mod 100 < 10 drop")
        for _ in range(5):
            self.record(MINE)
            self.record(RECYCLER)
        self.settle()
        self.tell(f"with a tenth of one host's packets lost, {len(self.recorded)} records became final everywhere")


class BadLine(Scene):
    """All between two daemons goes through a proxy that delays it and changes a byte now and then."""

    changes = 5
    port = hosts.PORT + 1

    def count(self, word):
        return self.said.read_text().split().count(word)

    def test(self):
        caller, called = self.net.daemons[RECYCLER], self.net.daemons[MINE]
        self.net.wait_level()
        self.assertEqual(caller.stop(), 0)
        proxied = types.SimpleNamespace(origin=called.origin, host=called.host, port=self.port)
        caller.peers = [proxied if peer is called else peer for peer in caller.peers]
        caller.configure(self.net.genesis)
        self.said = self.net.folder / "proxy"
        with self.said.open("wb") as out:
            proxy = called.namespace.start(sys.executable, "-B", PROXY, called.host, str(self.port), called.host, str(called.port),
                                           str(self.changes), "1", stdout=out)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.kill)
        caller.start()

        def spoilt():
            self.becomes_final([self.record(MINE), self.record(RECYCLER)], [MINE, REFINER])
            return self.count("changed") >= self.changes
        wait_until(spoilt, caller.said)
        self.settle()
        wait_until(lambda: called.origin in self.links(RECYCLER), caller.said)
        self.assertGreaterEqual(self.count("link"), 2)
        for name in self.members:
            text = self.net.daemons[name].log.read_text()
            lost = {line.split("origin=")[1].split()[0] for line in text.splitlines() if "event=peer-disconnected" in line}
            self.assertTrue(name == RECYCLER or lost <= {caller.origin}, f"{name} lost {lost}")
        self.tell(f"{self.changes} changed bytes and {self.count('link')} links between two daemons: {len(self.recorded)} records "
                  "became final, and no other link broke")


class Strangers(Scene):
    """Strangers stall, send garbage at full speed, and read nothing; and one peer stops reading."""

    def test(self):
        daemon = self.net.daemons[MINE]
        outside = hosts.Namespace()
        self.addCleanup(outside.end)
        self.net.switch.plug(outside)
        for kind in ("stall", "garbage", "deaf"):
            stranger = outside.start(sys.executable, "-B", STRANGERS, kind, daemon.host, str(daemon.port))
            self.addCleanup(stranger.wait)
            self.addCleanup(stranger.kill)
        wait_until(lambda: daemon.log.read_text().count("event=peer-refused") >= 3, daemon.said)
        deaf = self.net.daemons[MAKER]
        deaf.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(10):
                self.becomes_final([self.record(MINE), self.record(RECYCLER)], [MINE, REFINER, RECYCLER])
        finally:
            deaf.process.send_signal(signal.SIGCONT)
        self.settle()
        self.tell(f"while strangers stalled, shouted and did not read, {len(self.recorded)} records became final")


def scenes():
    return [scene.__name__ for scene in Scene.__subclasses__()]


def main():
    """Runs the scenes at once; the exit status."""
    reason = hosts.why_not()
    if reason:
        print(f"skipped: no hosts in network namespaces here: {reason}", flush=True)
        return SKIPPED
    waiting, running, failed = scenes(), {}, []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            name = waiting.pop(0)
            running[name] = subprocess.Popen([sys.executable, "-B", __file__, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                             text=True, preexec_fn=die_with_parent)
        ended = wait_until(lambda: [name for name, process in running.items() if process.poll() is not None], "a scene never ends", 600)
        for name in ended:
            process = running.pop(name)
            said = process.stdout.read()
            process.stdout.close()
            if process.returncode != 0:
                failed.append(name)
            print(said if process.returncode != 0 else said.splitlines()[0], flush=True)
    if failed:
        print("failed:", *failed, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if any(word in scenes() for word in sys.argv[1:]):
        unittest.main()
    sys.exit(main())
