"""A daemon that is gone for good: its witnesses seal its log, the governors end it, its member goes on elsewhere; and if the
daemon comes back after all, it agrees with everybody."""

import shutil
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


class TwoHistories(NetworkTest):
    """One witness has sealed a head of entries that the log has lost since, and went on without: the heads are of different
    size, and no daemon that is there has ever met both."""
    members = FIVE
    quorum = 3
    ALONE = REFINER  # whose log is the SUCCESSOR

    def log(self, name):
        return next(log for log in self.net.do(name, "status").json["logs"] if log["origin"] == LOG)

    def extract(self):
        self.net.do(MINE, *Lifted.EXTRACT)

    def stop(self, *names):
        for name in names:
            self.assertEqual(self.net.daemons[name].stop(), 0)

    def seal(self, name):
        seal = self.net.folder / f"by-{MEMBERS[name][0]}.seal"
        return seal, self.net.do(name, "log", "make-seal", self.call, "--out", seal).json["size"]

    def retire(self, *words):
        return self.net.run(GOVERNORS, "log", "retire", LOG, *words, "--successor", SUCCESSOR, "--reason", "gone")

    def test_heads_of_different_size_contradict_each_other(self):
        mine, others = self.net.daemons[MINE], [GOVERNORS, MAKER, RECYCLER]
        self.call = self.net.folder / "mine.call"
        self.net.do(GOVERNORS, "log", "seal", LOG, "--reason", "gone", "--out", self.call)
        self.net.do(MINE, *Lifted.EXTRACT, "--wait-final")
        self.net.wait_level()
        before = self.log(MINE)["size"]
        self.stop(MINE)
        shutil.copytree(mine.store, mine.folder / "before")
        self.net.start(MINE)
        wait_until(lambda: self.net.do(MINE, "status").json["ready"], mine.said)
        self.stop(*others)
        self.extract()
        wait_until(lambda: SUCCESSOR not in self.net.do(MINE, "status").json["missing"], mine.said)  # it has cosigned
        alone, size = self.seal(self.ALONE)
        self.assertEqual(size, before + 1)
        self.stop(self.ALONE, MINE)
        shutil.rmtree(mine.store)
        (mine.folder / "before").rename(mine.store)
        self.net.start(MINE, *others)
        wait_until(lambda: self.net.do(MINE, "status").json["ready"], mine.said)
        self.extract()
        self.net.do(MINE, *Lifted.EXTRACT, "--wait-final")
        for name in others:
            wait_until(lambda: self.log(name)["final_size"] == before + 2, self.net.daemons[name].said)
        mine.kill()
        seals = [self.seal(name)[0] for name in (MAKER, RECYCLER)]
        self.refused(self.retire(alone, *seals), USAGE,
                     f"{alone} states a head of log 1 over {before + 1} entries that contradicts the {before + 2} entries",
                     "1 of the seals' heads contradicts", "--judge")
        result = self.retire(alone, *seals, "--judge", seals[0])
        self.assertEqual(result.status, DONE, str(result))
        self.says(result.err, f"{alone} states a head of log 1")


if __name__ == "__main__":
    unittest.main()
