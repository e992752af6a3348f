"""What is attested: assays side by side, estimates beside declared output."""

import unittest

from network import DONE, GOVERNORS, MEMBERS, MINE, REFINER, REFUSED, USAGE, NetworkTest, wait_until

LAB = "Alfred H Knight"


class Attestations(NetworkTest):
    members = {**{name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER)}, LAB: ("lab", "GB", ["laboratory"], {})}
    witnesses = ()

    def extract(self, *more, gross="10 t", metal="Cu=2.8t"):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", gross,
                           "--metal", metal, *more).lots
        return lot

    def arrives(self, name, lot):
        wait_until(lambda: self.net.run(name, "lot", "show", lot).status == DONE, f"{lot} does not arrive at {name}")

    def sides(self, lot):
        metal, = self.net.do(GOVERNORS, "assays", lot).json["metals"]
        return metal["outcome"], metal["result"], metal["difference"]

    def test_assays_side_by_side(self):
        lot = self.extract("--alias", "CONC-A")
        for name in (REFINER, LAB, GOVERNORS):
            self.arrives(name, lot)
        say = ("--method", "ICP-OES", "--limit", "Cu=0.25%")
        self.net.do(MINE, "assay", "CONC-A", "--side", "seller", "--result", "Cu=28.45%", "--sample", "S-1", *say)
        self.net.do(REFINER, "assay", lot, "--side", "buyer", "--result", "Cu=28.05%", "--result", "Au=12.5g/t", *say)
        wait_until(lambda: len(self.net.do(GOVERNORS, "attestations", "--lot", lot).json["attestations"]) == 2, "the assays do not arrive")
        metals = {m["element"]: m for m in self.net.do(GOVERNORS, "assays", lot).json["metals"]}
        self.assertEqual((metals["Cu"]["outcome"], metals["Cu"]["result"], metals["Cu"]["difference"]), ("split", None, "0.40 %"))
        self.assertEqual((metals["Cu"]["seller"]["value"], metals["Cu"]["buyer"]["member_name"]), ("28.45 %", REFINER))
        self.assertEqual(metals["Au"]["outcome"], "one-sided")
        self.says(self.net.run(GOVERNORS, "assays", lot).out, "28.45 %", "28.05 %", "an umpire is called for")
        # The umpire's result stands; a side's own word as umpire is refused or does not count.
        self.refused(self.net.run(REFINER, "assay", lot, "--side", "umpire", "--result", "Cu=28.0%", "--method", "XRF"), REFUSED,
                     "laboratory")
        self.net.do(LAB, "assay", lot, "--side", "umpire", "--result", "Cu=28.20%", "--method", "electrogravimetry")
        wait_until(lambda: len(self.net.do(GOVERNORS, "attestations", "--lot", lot).json["attestations"]) == 3, "the umpire is not heard")
        metals = {m["element"]: m for m in self.net.do(GOVERNORS, "assays", lot).json["metals"]}
        self.assertEqual((metals["Cu"]["outcome"], metals["Cu"]["result"]), ("umpired", "28.20 %"))
        listed = self.net.run(GOVERNORS, "attestations", "--lot", lot)
        self.says(listed.out, "for the seller: Cu 28.45 % (ICP-OES, sample S-1)", LAB, "/0", "stands")
        one = self.net.do(GOVERNORS, "attestations", "--lot", lot).json["attestations"][0]
        self.assertEqual((one["kind"], one["state"], one["side"]), ("assay", "stands", "seller"))
        self.assertEqual(one["results"], [{"element": "Cu", "value": "28.45 %", "splitting_limit": "0.25 %"}])

    def test_what_is_wrong_is_said(self):
        lot = self.extract()
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--method", "XRF"), USAGE, "--result")
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--method", "XRF", "--result", "Cu"), USAGE, "Cu=28.45%")
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--method", "XRF", "--result", "Cu=2%", "--limit", "Au=1g/t"),
                     USAGE, "au=1g/t", "--result")
        self.refused(self.net.run(MINE, "assay", lot, "--method", "XRF", "--result", "Cu=2%"), REFUSED, "laboratory")
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--result", "Cu=2%"), REFUSED, "method")
        self.refused(self.net.run(MINE, "attestations"), USAGE, "--lot", "--member")
        self.refused(self.net.run(MINE, "attestations", "--lot", lot, "--member", MINE), USAGE, "--lot", "--member")
        self.says(self.net.run(MINE, "attestations", "--lot", lot).out, "nothing is attested")
        self.says(self.net.run(MINE, "assays", lot).out, "neither seller nor buyer")

    def test_output_beside_estimates(self):
        self.extract("--at", "2024-12-31T23:59:59Z", gross="100 t", metal="Cu=30t")
        self.extract("--at", "2025-01-01T00:00:00Z", gross="100 t", metal="Cu=31t")
        def of(year, metal="Cu"):
            return next(o for o in self.net.do(MINE, "audit", "--member", MINE).json["output"] if (o["year"], o["element"]) == (year, metal))
        self.assertEqual((of(2024)["mass_mg"], of(2024)["outcome"]), (str(30 * 10**9), "no-estimate"))
        self.net.do(MINE, "estimate", "--site", "Toquepala", "--kind", "yearly-capacity", "--metal", "Cu=30t", "--as-of", "2024-06-01")
        self.assertEqual((of(2024)["outcome"], of(2025)["outcome"]), ("within", "over-capacity"))
        wait_until(lambda: self.net.do(LAB, "attestations", "--member", MINE).json["attestations"], "the estimate does not arrive")
        self.net.do(LAB, "estimate", "--of", MINE, "--site", "Toquepala", "--kind", "resource", "--metal", "Cu=60t", "--as-of", "2024-01-01")
        wait_until(lambda: of(2025)["resource_by"] == LAB, "the resource does not arrive")
        self.assertEqual((of(2025)["since_resource_mg"], of(2025)["outcome"]), (str(61 * 10**9), "over-capacity-and-resource"))
        self.says(self.net.run(MINE, "audit").out, "declared output", "over-capacity-and-resource", "31.000 t")
        self.says(self.net.run(LAB, "attestations", "--member", MINE, "--site", "Toquepala").out, "estimate the resource", "Cu 60.000 t")
        self.refused(self.net.run(REFINER, "estimate", "--of", MINE, "--site", "Toquepala", "--kind", "resource", "--metal", "Cu=1t"),
                     REFUSED, "laboratory", "auditor")


if __name__ == "__main__":
    unittest.main()
