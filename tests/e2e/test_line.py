"""The whole line: metal from a mine to a recycler and on, each step at the daemon of its member."""

import unittest

from network import AUDITOR, DONE, MAKER, MEMBERS, MINE, RECYCLER, REFINER, NetworkTest, wait_until


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

    def test_everything_is_final(self):
        for name in MEMBERS:
            def all_final(name=name):
                return all(log["final_size"] == log["size"] for log in self.net.do(name, "status").json["logs"])
            wait_until(all_final, f"not everything is final at {name}")
        self.assertTrue(self.net.do(AUDITOR, "lot", "show", self.last).json["final"])


if __name__ == "__main__":
    unittest.main()
