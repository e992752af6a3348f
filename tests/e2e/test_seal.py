"""A daemon that is gone for good: its witnesses seal its log, the governors end it, its member goes on elsewhere; and if the
daemon comes back after all, it agrees with everybody."""

import unittest

from network import DONE, GOVERNORS, MAKER, MEMBERS, MINE, RECYCLER, REFINER, REFUSED, UNDECIDED, USAGE, NetworkTest, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
LOG, SUCCESSOR = "mine.example/log", "ilo.example/log"


class Seal(NetworkTest):
    members = FIVE
    quorum = 3  # of the four witnesses that each log has; three of them must seal it

    def extract(self):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross",
                           "1 t", "--metal", "Cu=280kg").lots
        return lot

    def log(self, name, origin=LOG):
        return next(log for log in self.net.do(name, "status").json["logs"] if log["origin"] == origin)

    def path(self, name):
        return self.net.folder / name

    def seal(self, name, call):
        """NAME's daemon seals the mine's log; the file."""
        seal = self.path(f"by-{MEMBERS[name][0]}.seal")
        said = self.net.do(name, "log", "make-seal", call, "--out", seal).json
        self.assertEqual((said["again"], said["size"]), (False, self.log(name)["size"]))
        return seal

    def retire(self, seals, *more):
        return self.net.run(GOVERNORS, "log", "retire", LOG, *seals, "--successor", SUCCESSOR, "--reason", "gone", *more)

    def test_a_home_that_is_gone_and_comes_back(self):
        lots = [self.extract() for _ in range(3)]
        wait_until(lambda: self.log(MINE)["final_size"] == self.log(MINE)["size"], "the mine's log is never final")
        self.net.wait_level()
        self.lose_the_mine()
        call = self.path("mine.call")
        self.refused(self.net.run(GOVERNORS, "log", "seal", LOG, "--reason", "gone"), USAGE, "--out")
        self.net.do(GOVERNORS, "log", "seal", LOG, "--reason", "gone", "--out", call)
        self.refused(self.net.run(GOVERNORS, "submit", call), REFUSED, "make-seal")
        seals = [self.seal(name, call) for name in (REFINER, MAKER)]
        self.refused(self.retire(seals), REFUSED, "2 operators", "3 of the 4 are needed")
        seals.append(self.seal(RECYCLER, call))
        self.assertTrue(self.log(MAKER)["sealed"])
        self.says(self.net.run(MAKER, "status").out, "sealed here")
        result = self.retire(seals)
        self.assertEqual(result.status, DONE, str(result))
        self.goes_on(lots)
        self.comes_back(lots[2])

    def lose_the_mine(self):
        """It has recorded two lots more, which nobody has, when it dies."""
        others = [name for name in FIVE if name != MINE]
        for name in others:
            self.assertEqual(self.net.daemons[name].stop(), 0)
        self.lost = [self.extract(), self.extract()]
        self.net.daemons[MINE].kill()
        self.net.start(*others)
        for name in others:
            wait_until(lambda: self.net.do(name, "status").json["ready"], self.net.daemons[name].said)

    def goes_on(self, lots):
        ship = ("ship", lots[0], "--consignee", MAKER, "--mode", "rail")
        wait_until(lambda: self.net.run(MINE, *ship, at=REFINER).status == DONE, self.net.daemons[REFINER].said)
        receive = ("receive", lots[0], "--site", "Motor plant")
        wait_until(lambda: self.net.run(MAKER, *receive).status == DONE, self.net.daemons[MAKER].said)
        self.net.do(MINE, "ship", lots[1], "--consignee", REFINER, "--mode", "rail", at=REFINER)
        self.assertEqual(self.net.verify(RECYCLER, lots[0], "--deep")["verdict"], "verified")
        for name in FIVE:
            if name == MINE:
                continue
            log = self.log(name)
            self.assertEqual((log["end"], log["size"], log["final_size"], log["successor"]),
                             (log["size"], log["size"], log["size"], SUCCESSOR))
        self.says(self.net.run(MAKER, "status").out, f"goes on in {SUCCESSOR}")

    def comes_back(self, lot):
        daemon = self.net.daemons[MINE]
        self.net.start(MINE)
        wait_until(lambda: self.log(MINE)["successor"] == SUCCESSOR, daemon.said)
        self.net.wait_level()
        self.refused(self.net.run(MINE, "ship", lot, "--consignee", MAKER, "--mode", "rail"), REFUSED, "has ended",
                     SUCCESSOR)
        self.net.do(MINE, "ship", lot, "--consignee", MAKER, "--mode", "rail", at=REFINER)
        self.net.wait_level()
        for gone in self.lost:
            self.assertEqual(self.net.run(MINE, "lot", "show", gone).status, self.net.run(MAKER, "lot", "show", gone).status)
        hashes = {name: self.net.do(name, "status", "--state-hash").json["state_hash"] for name in FIVE}
        self.assertEqual(len(set(hashes.values())), 1, hashes)
        daemon.stop()
        self.net.start(MINE)
        self.net.wait_level()


class Lifted(NetworkTest):
    members = FIVE
    quorum = 3

    EXTRACT = ("extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
               "Cu=280kg")

    def test_the_governors_take_their_call_back(self):
        call, other = self.net.folder / "call", self.net.folder / "other"
        self.net.do(MINE, *self.EXTRACT, "--wait-final")
        self.net.do(GOVERNORS, "log", "seal", LOG, "--reason", "silent", "--out", call)
        self.net.do(GOVERNORS, "log", "seal", LOG, "--reason", "silent", "--out", other)
        seals = [self.net.folder / f"{i}.seal" for i in range(4)]
        for name, seal in ((MAKER, seals[0]), (RECYCLER, seals[1])):
            self.net.do(name, "log", "make-seal", call, "--out", seal)
        again = self.net.do(MAKER, "log", "make-seal", call, "--out", seals[2])
        self.assertTrue(again.json["again"])
        self.assertEqual(seals[0].read_bytes(), seals[2].read_bytes())
        self.refused(self.net.run(MAKER, "log", "make-seal", other, "--out", seals[3]), REFUSED, "has sealed log")
        self.refused(self.net.run(MINE, "log", "make-seal", call, "--out", seals[3]), REFUSED, "a witness of it")
        result = self.net.run(MINE, *self.EXTRACT, "--wait-final=2")
        self.assertEqual(result.status, UNDECIDED, str(result))
        self.net.do(GOVERNORS, "log", "lift-seal", seals[0], "--reason", "it is back")
        self.net.do(MINE, *self.EXTRACT, "--wait-final")
        self.refused(self.net.run(GOVERNORS, "log", "retire", LOG, *seals[:2], "--successor", SUCCESSOR, "--reason", "x"),
                     REFUSED, "was lifted")


class WithoutWitnesses(NetworkTest):
    members = FIVE
    witnesses = ()

    def test_the_governors_judge_where_it_ends(self):
        lot, = self.net.do(MINE, *Lifted.EXTRACT).lots
        self.net.wait_level()
        self.net.daemons[MINE].kill()
        retire = ("log", "retire", LOG, "--successor", SUCCESSOR, "--reason", "gone")
        self.refused(self.net.run(GOVERNORS, *retire), USAGE, "--judge here")
        self.net.do(GOVERNORS, *retire, "--judge", "here")
        ship = ("ship", lot, "--consignee", MAKER, "--mode", "rail")
        wait_until(lambda: self.net.run(MINE, *ship, at=REFINER).status == DONE, self.net.daemons[REFINER].said)
        self.net.start(MINE)
        self.net.wait_level()


if __name__ == "__main__":
    unittest.main()
