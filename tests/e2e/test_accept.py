"""What each operator accepts by hand: a restart of the network when too many witnesses are gone."""

import shutil
import unittest

from network import DONE, GOVERNORS, MAKER, MEMBERS, MINE, NO, RECYCLER, REFINER, REFUSED, UNDECIDED, USAGE, NetworkTest, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
GONE = (REFINER, MAKER, RECYCLER)
LEFT = (GOVERNORS, MINE)
EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
           "Cu=280kg")


class Restart(NetworkTest):
    members = FIVE
    quorum = 3  # of the four witnesses that each log has

    def log(self, of, at):
        return next(log for log in self.net.do(at, "status").json["logs"] if log["origin"] == self.net.daemons[of].origin)

    def final(self, of, at):
        log = self.log(of, at)
        return log["final_size"] == log["size"] and log["size"] > 0

    def accept(self, at, file, *more):
        return self.net.run(at, "network", "accept", file, *more)

    def test_two_of_five_go_on(self):
        lot, = self.net.do(MINE, *EXTRACT).lots
        wait_until(lambda: self.final(MINE, GOVERNORS), "the mine's log is never final")
        self.net.wait_level()
        for name in GONE:
            self.assertEqual(self.net.daemons[name].stop(), 0)
        kept = self.net.daemons[REFINER].folder / "kept"
        shutil.copytree(self.net.daemons[REFINER].store, kept)
        pending, = self.net.do(MINE, *EXTRACT).lots
        wait_until(lambda: self.log(MINE, GOVERNORS)["size"] == self.log(MINE, MINE)["size"], "the entry never arrives")
        self.assertFalse(self.final(MINE, MINE))

        # The governors state it; neither a stranger's signature nor the door lets it in.
        file = self.net.folder / "restart.statement"
        origins = [self.net.daemons[name].origin for name in LEFT]
        self.refused(self.net.run(GOVERNORS, "network", "restart", *origins, "--reason", "fire"), USAGE, "--out")
        self.net.do(GOVERNORS, "network", "restart", *origins, "--reason", "a fire at three sites", "--out", file)
        self.refused(self.net.run(GOVERNORS, "submit", file), REFUSED, "by hand")
        forged = self.net.folder / "forged.statement"
        self.net.do(MINE, "network", "restart", *origins, "--reason", "mine", "--out", forged)
        result = self.accept(MINE, forged, "--yes")
        self.assertEqual(result.status, REFUSED, str(result))
        self.says(result.err, "no governor")
        self.assertEqual(self.accept(MINE, file).status, USAGE)  # nobody is here to ask

        before = {name: self.log(name, MINE)["size"] for name in LEFT}
        for name in LEFT:
            result = self.accept(name, file, "--yes")
            self.assertEqual(result.status, DONE, str(result))
            self.says(result.out, "a fire at three sites", "goes on from the head", f"entry {before[GOVERNORS]} of the registry log")
        for name in LEFT:
            wait_until(lambda: self.final(GOVERNORS, name) and self.final(MINE, name), self.net.daemons[name].said)
        self.assertEqual(self.log(GOVERNORS, MINE)["size"], before[GOVERNORS] + 1)
        self.assertEqual(self.log(MINE, GOVERNORS)["size"], before[MINE] + 1, "a mark of the restart")
        third, = self.net.do(MINE, *EXTRACT, "--wait-final").lots
        for made in (lot, pending, third):
            verdict = self.net.verify(GOVERNORS, made)
            self.assertEqual(verdict["verdict"], "verified")
            self.assertTrue([text for text in verdict["not_checked"] if "restarted the network" in text], verdict)
        status = self.net.do(MINE, "status").json
        self.assertEqual(status["restarted"]["reason"], "a fire at three sites")
        self.assertEqual(status["by_hand"], "")
        self.says(self.net.run(MINE, "status").out, "RESTARTED", "a fire at three sites")
        self.assertTrue(self.accept(MINE, file, "--yes", "--json").json["again"])

        # All of it is there after a start; and a member is enrolled under the new witnesses.
        for name in LEFT:
            self.assertEqual(self.net.daemons[name].stop(), 0)
            self.net.daemons[name].start()
        self.net.do(MINE, *EXTRACT, "--wait-final")
        self.net.must("member", "add-site", "--name", "Second pit", "--kind", "mine", "--country", "PE",
                      socket=self.net.daemons[GOVERNORS].socket, key=self.net.key(MINE), member=MINE)
        wait_until(lambda: self.final(GOVERNORS, MINE), "the registry log is never final")

        # One that was gone comes back: it waits for its operator, and is told so; then it follows.
        self.net.daemons[REFINER].start()
        back = lambda: self.net.do(REFINER, "status").json
        wait_until(lambda: back()["by_hand"], self.net.daemons[REFINER].said)
        self.says(self.net.run(REFINER, "status").out, "accept it", "or stop")
        self.assertEqual(self.log(GOVERNORS, REFINER)["size"], before[GOVERNORS])
        self.assertEqual([log["stopped"] for log in back()["logs"] if log["stopped"]], [])
        self.assertEqual([log["evidence"] for log in back()["logs"] if log["evidence"]], [])
        result = self.accept(REFINER, file, "--yes")
        self.assertEqual(result.status, DONE, str(result))
        self.net.wait_level((*LEFT, REFINER))
        self.assertEqual(back()["by_hand"], "")


if __name__ == "__main__":
    unittest.main()
