"""An act is accepted by hand where peers keep back what it states, and where the daemon or the command is killed meanwhile."""

import signal
import subprocess
import unittest

from network import (AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, OREMARK, RECYCLER, REFINER, UNDECIDED, NetworkTest, die_with_parent,
                     wait_until)

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
GONE = (REFINER, MAKER, RECYCLER)
LEFT = (GOVERNORS, MINE)
EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=280kg")


class Withheld(NetworkTest):
    members = {**FIVE, AUDITOR: MEMBERS[AUDITOR]}
    witnesses = tuple(FIVE)

    def log(self, of, at):
        return next(log for log in self.net.do(at, "status").json["logs"] if log["origin"] == self.net.daemons[of].origin)

    def final(self, of, at):
        log = self.log(of, at)
        return log["final_size"] == log["size"] and log["size"] > 0

    def freeze(self, name):
        """Its links stay, and it says nothing."""
        process = self.net.daemons[name].process
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)

    def thaw(self, name):
        self.net.daemons[name].process.send_signal(signal.SIGCONT)

    def accept(self, at, *more):
        return self.net.run(at, "network", "accept", self.act, "--yes", *more)

    def begin_accept(self, at):
        return subprocess.Popen([OREMARK, "network", "accept", self.act, "--yes", "--socket", self.net.daemons[at].socket],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                preexec_fn=die_with_parent)

    def accepted(self, at):
        """The act stands in the registry log there, once and as its last entry."""
        status = self.net.do(at, "status").json
        self.assertEqual(self.log(GOVERNORS, at)["size"], self.registry + 1, at)
        self.assertEqual((status["restarted"]["reason"], status["by_hand"]), ("a fire", ""), at)

    def misses(self):
        result = self.accept(AUDITOR)
        self.assertEqual(result.status, UNDECIDED, str(result))
        self.says(result.err, "entries are missing here", "accept again")
        self.assertEqual(self.log(GOVERNORS, AUDITOR)["size"], self.registry)

    def test_withheld_and_killed(self):
        self.net.do(MINE, *EXTRACT, "--wait-final")
        self.net.wait_level()
        for name in GONE:
            self.assertEqual(self.net.daemons[name].stop(), 0)
        pending, = self.net.do(MINE, *EXTRACT).lots
        wait_until(lambda: self.log(MINE, GOVERNORS)["size"] == self.log(MINE, MINE)["size"], "the entry never arrives")
        self.act, self.registry = self.net.folder / "act", self.log(GOVERNORS, GOVERNORS)["size"]
        origins = [self.net.daemons[name].origin for name in LEFT]
        self.net.do(GOVERNORS, "network", "restart", *origins, "--reason", "a fire", "--out", self.act)

        # The auditor, who witnesses nothing, lacks the pending entry, and those who have it are silent: as often as it is
        # tried, and behind a kill.
        for name in LEFT:
            self.freeze(name)
        self.misses()
        self.misses()
        auditor = self.net.daemons[AUDITOR]
        auditor.kill()
        auditor.start()
        self.misses()

        # The command is killed while its daemon has not heard it: the next one finds whatever came of that.
        self.freeze(AUDITOR)
        process = self.begin_accept(AUDITOR)
        process.kill()
        process.wait()
        self.thaw(AUDITOR)
        self.misses()

        # The governors' daemon is killed as it accepts, and again behind that; the mine's still keeps all back.
        self.thaw(GOVERNORS)
        governors = self.net.daemons[GOVERNORS]
        process = self.begin_accept(GOVERNORS)
        governors.kill()
        process.wait()
        governors.start()
        result = self.accept(GOVERNORS)
        self.assertEqual(result.status, DONE, str(result))
        self.accepted(GOVERNORS)
        governors.kill()
        governors.start()
        self.accepted(GOVERNORS)
        self.assertTrue(self.accept(GOVERNORS, "--json").json["again"])
        self.accepted(GOVERNORS)

        # Now there is one who gives what it states.
        wait_until(lambda: self.accept(AUDITOR).status == DONE, auditor.said)
        self.accepted(AUDITOR)
        auditor.kill()
        auditor.start()
        self.accepted(AUDITOR)
        self.assertTrue(self.accept(AUDITOR, "--json").json["again"])

        # The mine comes back, and all goes on.
        self.thaw(MINE)
        result = self.accept(MINE)
        self.assertEqual(result.status, DONE, str(result))
        self.accepted(MINE)
        for of in LEFT:
            wait_until(lambda: self.final(of, MINE) and self.final(of, GOVERNORS), self.net.daemons[MINE].said)
        lot, = self.net.do(MINE, *EXTRACT, "--wait-final").lots
        self.net.wait_level((*LEFT, AUDITOR))
        for made in (pending, lot):
            self.assertEqual(self.net.verify(AUDITOR, made)["verdict"], "verified")
        for name in (*LEFT, AUDITOR):
            status = self.net.do(name, "status").json
            self.assertEqual([log["origin"] for log in status["logs"] if log["stopped"] or log["evidence"]], [], name)


if __name__ == "__main__":
    unittest.main()
