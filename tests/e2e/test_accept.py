"""What each operator accepts by hand: a restart of the network when too many witnesses are gone."""

import shutil
import unittest

from network import AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, NO, RECYCLER, REFINER, REFUSED, UNDECIDED, USAGE, NetworkTest, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
GONE = (REFINER, MAKER, RECYCLER)
LEFT = (GOVERNORS, MINE)
EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
           "Cu=280kg")


class Restart(NetworkTest):
    members = {**FIVE, AUDITOR: MEMBERS[AUDITOR]}
    witnesses = tuple(FIVE)  # each log has four, of whom three must sign; the auditor's has five

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
        act = ("network", "restart", *origins, "--reason", "mine", "--out", forged)
        self.refused(self.net.run(MINE, *act), NO, "does not govern", "'governance propose' before the command")
        self.net.do(MINE, "governance", "propose", *act)
        lines = forged.read_text().splitlines(keepends=True)
        forged.write_text("".join(line for line in lines if line.split()[0] not in ("threshold", "governor")))
        self.net.do(MINE, "sign", forged, "--yes")
        result = self.accept(MINE, forged, "--yes")
        self.assertEqual(result.status, REFUSED, str(result))
        self.says(result.err, "none of them")
        self.assertEqual(self.accept(MINE, file).status, USAGE)  # nobody is here to ask

        before = {name: self.log(name, MINE)["size"] for name in LEFT}
        wait_until(lambda: self.log(MINE, AUDITOR)["size"] == before[MINE] - 1, "the auditor takes in what is final only")
        for name in LEFT:
            result = self.accept(name, file, "--yes")
            self.assertEqual(result.status, DONE, str(result))
            self.says(result.out, "a fire at three sites", "goes on from the head", f"entry {before[GOVERNORS]} of the registry log")
        for name in LEFT:
            wait_until(lambda: self.final(GOVERNORS, name) and self.final(MINE, name), self.net.daemons[name].said)
        self.assertEqual(self.log(GOVERNORS, MINE)["size"], before[GOVERNORS] + 1)
        wait_until(lambda: self.log(MINE, GOVERNORS)["size"] == before[MINE] + 1, "there is no mark of the restart")
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

        # The auditor witnesses nothing, and has not accepted either: it is told why the registry log goes no further.
        wait_until(lambda: self.net.do(AUDITOR, "status").json["by_hand"], self.net.daemons[AUDITOR].said)
        self.assertEqual(self.log(GOVERNORS, AUDITOR)["size"], before[GOVERNORS])
        # It lacks what is not final of the mine's log, unless it has relayed the proposal that covers it.
        level = self.log(MINE, AUDITOR)["size"] == before[MINE]
        result = self.accept(AUDITOR, file, "--yes")
        if not level:
            self.assertEqual(result.status, UNDECIDED, str(result))
            self.says(result.err, "entries are missing here", "accept again")
        wait_until(lambda: self.accept(AUDITOR, file, "--yes").status == DONE, self.net.daemons[AUDITOR].said)
        self.net.wait_level((*LEFT, AUDITOR))
        self.assertEqual(self.net.do(AUDITOR, "status").json["by_hand"], "")

        # One that was gone comes back: it waits for its operator, and is told so; then it follows.
        self.net.daemons[REFINER].start()
        back = lambda: self.net.do(REFINER, "status").json
        wait_until(lambda: back()["by_hand"], self.net.daemons[REFINER].said)
        self.says(self.net.run(REFINER, "status").out, "accept it", "or stop")
        self.assertEqual(self.log(GOVERNORS, REFINER)["size"], before[GOVERNORS])
        self.assertEqual([log["stopped"] for log in back()["logs"] if log["stopped"]], [])
        self.assertEqual([log["evidence"] for log in back()["logs"] if log["evidence"]], [])
        # Whether it has the last entry that is stated yet depends on how fast it was told.
        wait_until(lambda: self.accept(REFINER, file, "--yes").status == DONE, self.net.daemons[REFINER].said)
        self.net.wait_level((*LEFT, REFINER))
        self.assertEqual(back()["by_hand"], "")


class Succession(NetworkTest):
    members = FIVE
    quorum = 3

    def log(self, of, at):
        return next(log for log in self.net.do(at, "status").json["logs"] if log["log"] == list(FIVE).index(of))

    def level(self, names):
        views = [[(log["size"], log["final_size"], log["root"]) for log in self.net.do(name, "status").json["logs"]] for name in names]
        return all(view == views[0] for view in views) and all(size == final for size, final, _ in views[0])

    def wait_level(self, names):
        wait_until(lambda: self.level(names), lambda: "\n".join(f"{name}: {self.net.run(name, 'status').out}" for name in names))

    def governor(self, *words, at=MINE):
        """An act of the governor, through another member's daemon."""
        result = self.net.run(GOVERNORS, *words, at=at)
        self.assertEqual(result.status, DONE, str(result))
        return result

    def test_a_new_daemon_goes_on_with_the_registry(self):
        others = [name for name in FIVE if name != GOVERNORS]
        lot, = self.net.do(MINE, *EXTRACT, "--wait-final").lots
        self.assertEqual(self.net.do(MINE, "status").json["successions"], [])
        self.wait_level(list(FIVE))
        size = self.log(GOVERNORS, MINE)["size"]

        # Its machine is gone for ever. Three of its four witnesses seal its log.
        old = self.net.daemons[GOVERNORS]
        old.kill()
        shutil.rmtree(old.folder / "keys")
        shutil.rmtree(old.store)
        call, act = self.net.folder / "call", self.net.folder / "act"
        self.governor("log", "seal", "0", "--reason", "its machine burnt down", "--out", call)
        seals = []
        for name in (MINE, REFINER, MAKER):
            seals.append(self.net.folder / f"{self.net.members[name][0]}.seal")
            self.net.must("log", "make-seal", call, "--out", seals[-1], socket=self.net.daemons[name].socket)

        # The governors name a new daemon, with keys of its own.
        new = self.net.make_daemon(self.net.folder / "registry2", "registry-2.example/log")
        new.folder.mkdir()
        self.net.must("key", "new", "--daemon", new.origin, new.keys)
        says = ("log", "retire", "0", *seals, "--reason", "its machine burnt down")
        self.refused(self.net.run(GOVERNORS, *says, "--successor", "1", at=MINE), USAGE, "--origin")
        self.governor(*says, "--origin", new.origin, "--operator", GOVERNORS, "--keys", new.keys, "--out", act)
        self.refused(self.net.run(GOVERNORS, "submit", act, at=MINE), REFUSED, "by hand")
        for name in others:
            result = self.net.run(name, "network", "accept", act, "--yes")
            self.assertEqual(result.status, DONE, str(result))
            self.says(result.out, new.origin, "3 seals", f"entry {size} of the registry log")

        # It begins with nothing but its keys and the genesis, mirrors, and is accepted at itself.
        new.peers.extend(self.net.daemons[name] for name in others)
        new.configure(self.net.genesis)
        self.net.daemons[GOVERNORS] = new
        new.start()
        wait_until(lambda: self.log(GOVERNORS, GOVERNORS)["size"] == size, new.said)
        result = self.net.run(GOVERNORS, "network", "accept", act, "--yes")
        self.assertEqual(result.status, DONE, str(result))
        wait_until(lambda: self.net.do(GOVERNORS, "status").json["ready"], new.said)
        self.wait_level(list(FIVE))
        self.assertEqual(self.log(GOVERNORS, MINE)["origin"], new.origin)

        # It is said ever after, of every lot.
        for name in FIVE:
            said = self.net.do(name, "status").json["successions"]
            self.assertEqual([(s["index"], s["before"], s["origin"], s["reason"]) for s in said],
                             [(size, old.origin, new.origin, "its machine burnt down")], name)
            verdict = self.net.verify(name, lot)
            self.assertEqual(verdict["verdict"], "verified")
            self.assertEqual(verdict["successions"], said)
        says = "SUCCEEDED", f"entry {size} of the registry log", f"the keys of {new.origin}", old.origin, "its machine burnt down"
        self.says(self.net.run(MINE, "status").out, *says)
        self.says(self.net.run(MINE, "lot", "verify", lot).out, *says)

        # A member is enrolled by it, with a site, and all follow.
        fresh = self.net.folder / "fresh.key"
        self.net.must("key", "new", "--name", "fresh.example/clerk", "--no-passphrase", fresh)
        result = self.net.run(GOVERNORS, "member", "enrol", "--name", "Fresh Mine", "--country", "CL", "--role", "mine", "--home",
                              self.net.daemons[MINE].origin, "--key-file", fresh, "--wait-final")
        self.assertEqual(result.status, DONE, str(result))
        self.net.do(MINE, *EXTRACT, "--wait-final")
        self.wait_level(list(FIVE))
        for name in FIVE:
            self.says(self.net.run(name, "member", "list").out, "Fresh Mine")
            self.assertEqual([log["stopped"] for log in self.net.do(name, "status").json["logs"] if log["stopped"]], [], name)
            self.assertEqual([log["evidence"] for log in self.net.do(name, "status").json["logs"] if log["evidence"]], [], name)


if __name__ == "__main__":
    unittest.main()
