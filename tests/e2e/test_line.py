"""The whole line: metal from a mine to a recycler and on, each step at the daemon of its member."""

import unittest
from datetime import datetime, timezone

from network import AUDITOR, DONE, MAKER, MEMBERS, MINE, RECYCLER, REFINER, UNDECIDED, USAGE, NetworkTest, wait_until


class Line(NetworkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.last = cls.whole_line()
        cls.net.wait_level()

    @classmethod
    def hand(cls, lots, sender, receiver, site):
        """Ships and receives LOTS, once the receiver's daemon has heard of it."""
        cls.net.do(sender, "ship", *lots, "--consignee", receiver, "--mode", "rail", "--with-title")
        wait_until(lambda: {lot["number"] for lot in cls.net.do(receiver, "lots", "--incoming").json["lots"]} >= set(lots),
                   f"{receiver} is not told of {lots}")
        cls.net.do(receiver, "receive", *lots, "--site", site)

    @classmethod
    def whole_line(cls):
        do = cls.net.do
        ore, = do(MINE, "extract", "--site", "Toquepala", "--lot", "copper concentrate", "--form", "concentrate", "--gross", "100 t",
                  "--metal", "Cu=28t@28%", "--alias", "CONC-1").lots
        part, _ = do(MINE, "split", ore, "--lot", "", "--gross", "60 t", "--rest").lots
        cls.hand([part], MINE, REFINER, "Ilo")
        bought, = do(REFINER, "declare", "--site", "Ilo", "--lot", "bought blister", "--form", "blister", "--gross", "10 t",
                     "--metal", "Cu=9.9t").lots
        anode, = do(REFINER, "transform", part, bought, "--site", "Ilo", "--process", "smelt", "--lot", "copper anode", "--form",
                    "anode", "--gross", "26.5 t", "--metal", "Cu=26.3t", "--loss", "slag:Cu=400kg").lots
        cathode, = do(REFINER, "transform", anode, "--site", "Ilo", "--process", "refine", "--lot", "copper cathode", "--form",
                      "cathode", "--gross", "26.21 t", "--metal", "Cu=26.2t", "--loss", "residue:Cu=100kg").lots
        cls.hand([cathode], REFINER, MAKER, "Motor plant")
        motors, offcuts = do(MAKER, "transform", cathode, "--site", "Motor plant", "--process", "manufacture",
                             "--lot", "motors", "--form", "product", "--gross", "80 t", "--metal", "Cu=25t",
                             "--lot", "wire offcuts", "--form", "scrap", "--gross", "1.2 t", "--metal", "Cu=1.2t").lots
        do(MAKER, "retire", motors, "--reason", "built-in", "--product", "electric motors", "--country", "DE")
        cls.hand([offcuts], MAKER, RECYCLER, "Yard")
        scrap, = do(RECYCLER, "collect", "--site", "Yard", "--waste", "post-consumer", "--product", "electric motors",
                    "--product-lot", motors, "--lot", "scrapped motors", "--form", "scrap", "--gross", "8 t", "--metal",
                    "Cu=2.5t").lots
        windings, = do(RECYCLER, "transform", scrap, "--site", "Yard", "--process", "dismantle", "--lot", "windings", "--form", "scrap",
                       "--gross", "2.5 t", "--metal", "Cu=2.4t", "--loss", "other:Cu=100kg").lots
        last, = do(RECYCLER, "transform", windings, offcuts, "--site", "Yard", "--process", "smelt", "--lot", "recycled copper",
                   "--form", "cathode", "--gross", "3.5 t", "--metal", "Cu=3.5t", "--loss", "slag:Cu=100kg").lots
        return last

    def test_every_daemon_has_the_same_state(self):
        hashes = {name: self.net.do(name, "status", "--state-hash").json["state_hash"] for name in MEMBERS}
        self.assertEqual(len(set(hashes.values())), 1, hashes)

    def test_verify_where_nothing_of_it_was_written(self):
        for more in ((), ("--deep",)):
            verdict = self.net.verify(AUDITOR, self.last, *more)
            self.assertEqual(verdict["verdict"], "verified")
            self.assertTrue(verdict["checks"])
            self.assertTrue(verdict["not_checked"])
            for check in verdict["checks"]:
                self.assertEqual(check["failed"], 0, check)
            self.assertGreater(sum(check["passed"] for check in verdict["checks"]), 20)
            self.assertGreaterEqual(verdict["records"], 13)

    def test_verify_as_a_table(self):
        self.net.verify(AUDITOR, self.last)
        result = self.net.run(AUDITOR, "lot", "verify", self.last)
        self.assertEqual(result.status, DONE, str(result))
        self.says(result.out, "verified", "passed", "not checked", "re-hashed")

    def test_origins(self):
        """4.8 t of cathode copper went in as offcuts, 24.5 t as post-consumer scrap: in that proportion to the gram."""
        copper, = self.net.do(AUDITOR, "lot", "show", self.last).json["contents"]
        self.assertEqual(copper["contained_mg"], str(3_500_000_000))
        shares = {(share["kind"], share["country"]): int(share["mass_mg"]) for share in copper["origins"]}
        self.assertEqual(sum(shares.values()), 3_500_000_000)
        self.assertEqual({kind for kind, _ in shares}, {"mine", "undeclared", "post-consumer-waste"})
        # 2.4 t of the 3.6 t that went in are post-consumer; of the offcuts 16.8 t in 26.7 t are from the mine.
        self.assertEqual(shares["post-consumer-waste", "SE"], 2_333_333_333)
        self.assertEqual(shares["mine", "PE"], round(3_500_000_000 / 3 * 16.8 / 26.7))

    def test_trace(self):
        nodes = self.net.do(AUDITOR, "lot", "trace", self.last).json["nodes"]
        self.assertEqual(nodes[0]["lot"]["number"], self.last)
        self.assertEqual({node["made_by"]["kind"] for node in nodes}, {"extract", "split", "declare", "transform", "collect"})
        self.assertEqual(len(nodes), 9)
        tree = self.net.run(AUDITOR, "lot", "trace", self.last)
        self.says(tree.out, "recycled copper", "windings", "wire offcuts", "copper cathode", "copper concentrate", "bought blister")
        dot = self.net.run(AUDITOR, "lot", "trace", self.last, "--dot")
        self.assertTrue(dot.out.startswith("digraph"), dot.out)
        self.assertEqual(dot.out.count("[label="), 9)
        self.assertEqual(dot.out.count("->"), sum(len(node["inputs"]) for node in nodes))

    def test_history_and_aliases(self):
        lot = self.net.do(AUDITOR, "lot", "show", "CONC-1").json
        self.assertEqual((lot["state"], lot["custodian_name"]), ("consumed", MINE))
        steps = self.net.run(AUDITOR, "lot", "history", lot["number"], "--json").json["steps"]
        self.assertEqual([step["kind"] for step in steps], ["extract", "split"])
        self.assertEqual({step["member_name"] for step in steps}, {MINE})

    def test_as_of_a_moment(self):
        """A lot that was split off, shipped, received and smelted, looked at as of each of these."""
        part = self.net.do(AUDITOR, "lot", "trace", self.last).json["nodes"]
        part = next(node["lot"]["number"] for node in part if node["made_by"]["kind"] == "split")
        self.net.verify(AUDITOR, part)
        steps = self.net.do(AUDITOR, "lot", "history", part).json["steps"]
        self.assertEqual([step["kind"] for step in steps], ["split", "ship", "receive", "transform"])

        def moment(answer):
            return {name: answer["as_of"][name] for name in ("log", "size", "time", "step", "taken", "later", "next_taken")}
        for i, step in enumerate(steps):
            at = "{origin}:{size}".format(origin=step["place"]["origin"], size=step["place"]["index"] + 1)
            shown = self.net.do(AUDITOR, "lot", "show", part, "--at", at).json
            self.assertEqual((shown["step"], shown["custodian_name"]), (i, MINE if i < 2 else REFINER))
            self.assertEqual((shown["state"], shown["final"]), (("held", "in-transit", "held", "consumed")[i], True))
            self.assertEqual((shown["as_of"]["log"], shown["as_of"]["later"]), (step["place"]["origin"], i < 3))
            history = self.net.do(AUDITOR, "lot", "history", part, "--at", at).json
            self.assertEqual(history["steps"], steps[:i + 1])
            self.assertEqual(moment(history), moment(shown))
            verdict = self.net.do(AUDITOR, "lot", "verify", part, "--at", at, "--deep").json
            self.assertEqual((verdict["verdict"], verdict["records"]), ("verified", i + 2))  # and the extraction
            self.assertEqual(moment(verdict), moment(shown))

        def step_now():
            result = self.net.run(AUDITOR, "lot", "show", part, "--json", "--at", datetime.now(timezone.utc).isoformat(timespec="seconds"))
            return result.status == DONE and result.json["step"] == 3 and not result.json["as_of"]["by_taken"]
        wait_until(step_now, "it is not known by when its last step was final")
        early = self.net.run(AUDITOR, "lot", "show", part, "--at", steps[0]["taken_at"])
        self.assertEqual(early.status, UNDECIDED, str(early))  # nothing is final in the moment in which it is taken in
        self.says(early.err, "was not known to be final then", "taken in at", "known to be final by")
        where = steps[1]["place"]
        self.says(self.net.run(AUDITOR, "lot", "show", part, "--at", f"{where['origin']}:{where['index'] + 1}").out, "in-transit",
                  f"the first {where['index'] + 1} entries of {where['origin']}", "its next event was taken in at", "as of now are")
        self.says(self.net.run(AUDITOR, "lot", "verify", part, "--at", f"{where['origin']}:{where['index'] + 1}").out, "as of",
                  "its next event", "as of then", "VERIFIED: 3 records")

    def test_moments_without_an_answer(self):
        self.net.verify(AUDITOR, self.last)
        lot = self.net.do(AUDITOR, "lot", "show", self.last).json
        for at, words in ((lot["at"]["index"], "stands neither in those entries nor in what they mark"),
                          ("2020-01-01", "this lot was not there then"), ("9999999", "entries are final here"),
                          ("2199-01-01T00:00Z", "still to come"), ("nobody:1", "no log is known here by that name")):
            for what in ("show", "verify", "history"):
                result = self.net.run(AUDITOR, "lot", what, self.last, "--at", at)
                self.assertEqual(result.status, UNDECIDED, str(result))
                self.says(result.err, words)
        for at in ("yesterday", "", ":5", "5:", "-1", "99999999999999999999999"):
            self.assertEqual(self.net.run(AUDITOR, "lot", "show", self.last, f"--at={at}").status, USAGE, at)

    def test_everything_is_final(self):
        for name in MEMBERS:
            def all_final(name=name):
                return all(log["final_size"] == log["size"] for log in self.net.do(name, "status").json["logs"])
            wait_until(all_final, f"not everything is final at {name}")
        self.assertTrue(self.net.do(AUDITOR, "lot", "show", self.last).json["final"])


if __name__ == "__main__":
    unittest.main()
