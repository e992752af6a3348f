"""Concerns and corrections: told of a lot and of all that was made of it, ended by who raised them or by the governors."""

import unittest

from network import AUDITOR, DONE, GOVERNORS, MEMBERS, MINE, REFINER, REFUSED, USAGE, NetworkTest, wait_until


class Flags(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, AUDITOR)}
    witnesses = ()

    def ore(self):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "20 t",
                           "--metal", "Cu=5.6t").lots
        return lot

    def smelted(self, lot):
        """What the refiner makes of LOT."""
        self.net.do(MINE, "ship", lot, "--consignee", REFINER, "--mode", "rail", "--with-title")
        wait_until(lambda: lot in {l["number"] for l in self.net.do(REFINER, "lots", "--incoming").json["lots"]}, "it is not announced")
        self.net.do(REFINER, "receive", lot, "--site", "Ilo")
        anode, = self.net.do(REFINER, "transform", lot, "--site", "Ilo", "--process", "smelt", "--lot", "anode", "--form", "anode",
                             "--gross", "5.5 t", "--metal", "Cu=5.4t", "--loss", "slag:Cu=200kg").lots
        return anode

    def bearing(self, name, lot):
        return self.net.do(name, "lot", "show", lot).json["bearing"]

    def wait_bearing(self, name, lot, n, state=None):
        wait_until(lambda: len(b := self.bearing(name, lot)) == n and (state is None or b[-1]["state"] == state),
                   f"{name} is not told of what bears on {lot}")
        return self.bearing(name, lot)

    def test_a_mis_weighed_lot_that_was_smelted(self):
        lot = self.ore()
        anode = self.smelted(lot)
        self.assertEqual(self.bearing(REFINER, anode), [])
        say = self.net.run(MINE, "correct", lot, "--gross", "19.4 t", "--metal", "Cu=5.45t", "--text", "the scale read 0.6 t high")
        self.assertEqual(say.status, DONE, str(say))
        self.refused(self.net.run(MINE, "correct", lot, "--gross", "19.4 t", "--lower", "--text", "again"), REFUSED, "consumed")
        for name, of in ((REFINER, anode), (GOVERNORS, anode), (MINE, lot)):
            one, = self.wait_bearing(name, of, 1)
            self.assertEqual((one["kind"], one["member_name"]), ("correct", MINE))
            self.says(one["text"], "gross 19.400 t", "Cu 5.450 t", "the scale read 0.6 t high")
        # The lot itself says what was built on it.
        for name in (MINE, REFINER):
            shown = self.net.do(name, "lot", "show", lot).json["built_on"]
            self.assertEqual(shown, {"lots": 1, "at_least": False, "first": [anode]})
        self.says(self.net.run(MINE, "lot", "show", lot).out, "built on what was corrected: 1 lot has been made of it since: " + anode)
        self.assertEqual(self.net.do(REFINER, "lot", "show", anode).json["built_on"]["lots"], 0)
        self.assertIn(f"what was corrected is built on: 1 lot has been made of it since: {anode}",
                      [f["text"] for f in self.net.verify(GOVERNORS, lot)["findings"]])
        # Nothing is rewritten.
        first, = [s for s in self.net.do(MINE, "lot", "history", lot).json["steps"] if s["kind"] == "extract"]
        self.says(first["text"], "20.000 t")
        verdict = self.net.verify(GOVERNORS, anode)
        self.assertEqual([f["kind"] for f in verdict["findings"]], ["correction"])
        self.says(verdict["findings"][0]["text"], MINE, "19.400 t", "it says: extract 1 lot", "20.000 t", "; 1 lot of this lineage came of it")
        self.says(self.bearing(GOVERNORS, anode)[0]["corrected"]["text"], "20.000 t")
        self.says(self.net.run(GOVERNORS, "lot", "show", anode).out, "it says: extract 1 lot")
        self.says(self.net.run(GOVERNORS, "lot", "verify", anode).out, "to be known", "19.400 t")

    def test_one_of_several_lots_that_an_event_made(self):
        """A correction names the event: its text says which lot is meant."""
        first, second = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "fine", "--form", "ore", "--gross", "2 t", "--metal", "Cu=1t",
                                    "--lot", "coarse", "--form", "ore", "--gross", "3 t", "--metal", "Cu=1t").lots
        self.net.do(MINE, "correct", second, "--gross", "2.9 t", "--text", "tare")
        self.says(self.bearing(MINE, second)[0]["text"], "right is gross 2.900 t", "lot 2 of 2, coarse: tare")
        self.net.do(MINE, "correct", first, "--gross", "1.9 t", "--text", "tare", "--lower")
        self.says(self.bearing(MINE, first)[-1]["text"], "lot 1 of 2, fine: tare")

    def test_a_whole_lot_is_lowered(self):
        lot = self.ore()
        self.refused(self.net.run(MINE, "correct", lot, "--gross", "21 t", "--lower", "--text", "more"), REFUSED, "raise")
        self.refused(self.net.run(MINE, "correct", lot, "--lower", "--text", "more"), USAGE, "--gross")
        self.net.do(MINE, "correct", lot, "--gross", "19.4 t", "--metal", "Cu=5.45t", "--lower", "--text", "the scale read high")
        shown = self.net.do(MINE, "lot", "show", lot).json
        self.assertEqual((shown["gross_mg"], shown["contents"][0]["contained_mg"]), (str(19_400_000_000), str(5_450_000_000)))
        self.assertEqual(self.net.verify(MINE, lot)["verdict"], "verified")

    def test_a_concern_travels_until_it_is_cleared(self):
        lot, other = self.ore(), self.ore()
        anode = self.smelted(lot)
        wait_until(lambda: self.net.run(AUDITOR, "lot", "show", lot).status == DONE, "the lot does not arrive")
        self.net.do(AUDITOR, "flag", "--lot", lot, "--category", "non-state-armed-groups", "--severity", "3", "--due", "2031-03-01",
                    "--text", "tag seen at two sites")
        one, = self.wait_bearing(REFINER, anode, 1)
        self.assertEqual((one["kind"], one["state"]), ("flag", "stands"))
        self.says(self.net.run(REFINER, "lot", "show", anode).out, "to be known", "open", "non-state-armed-groups", "suspend at once",
                  "2031-03-01", one["name"])
        self.assertEqual(self.bearing(MINE, other), [])
        verdict = self.net.verify(REFINER, anode)
        self.assertEqual((verdict["verdict"], verdict["findings"][0]["kind"]), ("verified", "flag"))
        self.says(verdict["findings"][0]["text"], "; open")
        self.refused(self.net.run(MINE, "clear", one["name"], "--reason", "not true"), REFUSED, AUDITOR, "only it can clear it")
        self.net.do(AUDITOR, "clear", one["name"], "--reason", "the tags were misread")
        one, = self.wait_bearing(REFINER, anode, 1, "cleared")
        self.says(one["ended_by"][0]["text"], "the tags were misread")
        self.refused(self.net.run(AUDITOR, "clear", one["name"], "--reason", "twice"), REFUSED, "cleared")

    def test_the_governors_overrule_a_members_concern(self):
        lot = self.ore()
        wait_until(lambda: self.net.run(REFINER, "lot", "show", lot).status == DONE, "the lot does not arrive")
        self.net.do(REFINER, "flag", "--of", MINE, "--site", "Toquepala", "--category", "bribery-and-fraud", "--text", "permit bought")
        self.net.do(REFINER, "flag", "--of", MINE, "--category", "other", "--severity", "1", "--text", "late reports")
        of_site, of_member = self.wait_bearing(MINE, lot, 2)
        wait_until(lambda: len(self.bearing(GOVERNORS, lot)) == 2, "the governors are not told")
        self.net.do(GOVERNORS, "clear", of_site["name"], "--as-governors", "--reason", "the permit was looked at")
        wait_until(lambda: [b["state"] for b in self.bearing(MINE, lot)] == ["stands", "overruled"], "it is not overruled at the mine")
        listed = self.net.do(GOVERNORS, "attestations", "--member", MINE).json["attestations"]
        self.assertEqual({a["state"] for a in listed}, {"stands", "overruled"})

    def test_who_raised_it_is_told_how_to_end_it(self):
        lot = self.ore()
        for words, ends in ((("flag", "--lot", lot, "--category", "other", "--text", "wet"), "clear"),
                            (("estimate", "--site", "Toquepala", "--kind", "yearly-capacity", "--metal", "Cu=9kt"), "withdraw")):
            said = self.net.run(MINE, *words).out
            self.says(said, f"what would end it: oremark {ends} ", " --reason TEXT")
            name = said.split(f"oremark {ends} ")[1].split()[0]
            self.assertEqual(self.net.run(MINE, ends, name, "--reason", "dried").status, DONE)

    def test_what_is_wrong_is_said(self):
        lot = self.ore()
        self.refused(self.net.run(MINE, "flag", "--lot", lot, "--category", "other"), USAGE, "--text")
        self.refused(self.net.run(MINE, "flag", "--lot", lot, "--category", "gossip", "--text", "x"), USAGE, "gossip")
        self.refused(self.net.run(MINE, "flag", "--category", "other", "--text", "x"), USAGE, "--lot")
        self.refused(self.net.run(MINE, "clear", "DRUM-17", "--reason", "x"), USAGE, "MEMBER-TIME-ID/EVENT")
        self.refused(self.net.run(MINE, "correct", lot, "--did-not-occur", "--gross", "1 t", "--text", "x"), USAGE, "leave one")


if __name__ == "__main__":
    unittest.main()
