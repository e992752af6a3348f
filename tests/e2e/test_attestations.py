"""What is attested: assays side by side, estimates beside declared output, certificates and what is drawn from them."""

import time
import hashlib
import unittest

from network import DONE, GOVERNORS, MEMBERS, MINE, NO, REFINER, REFUSED, UNDECIDED, USAGE, NetworkTest, run, wait_until

LAB, CERTIFIER = "Alfred H Knight", "Assent"


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
        self.refused(self.net.run(REFINER, "assay", lot, "--side", "buyer", "--result", "Cu=28.05%", *say), REFUSED, "not the buyer")
        self.refused(self.net.run(LAB, "assay", lot, "--side", "seller", "--result", "Cu=28.05%", *say), REFUSED, "without a side")
        self.net.do(MINE, "ship", lot, "--consignee", REFINER, "--with-title")
        wait_until(lambda: "ship" in self.net.run(REFINER, "lot", "history", lot).out, "the shipment does not arrive")
        self.net.do(MINE, "assay", "CONC-A", "--side", "seller", "--result", "Cu=28.45%", "--sample", "S-1", *say)
        self.net.do(REFINER, "assay", lot, "--side", "buyer", "--result", "Cu=28.05%", "--result", "Au=12.5g/t", *say)
        wait_until(lambda: len(self.net.do(GOVERNORS, "attestations", "--lot", lot).json["attestations"]) == 2, "the assays do not arrive")
        metals = {m["element"]: m for m in self.net.do(GOVERNORS, "assays", lot).json["metals"]}
        self.assertEqual({m["element"]: m for m in self.net.do(GOVERNORS, "lot", "show", lot).json["assays"]}, metals)
        self.says(self.net.run(GOVERNORS, "lot", "show", lot).out, "assays, side by side", "28.45 %", "28.05 %")
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
        self.assertEqual({m["element"]: m for m in self.net.do(GOVERNORS, "lot", "show", lot).json["assays"]}, metals)
        self.says(self.net.run(GOVERNORS, "lot", "show", lot).out, "assays, side by side", "28.45 %", "28.05 %")
        self.assertEqual((metals["Cu"]["outcome"], metals["Cu"]["result"]), ("umpired", "28.20 %"))
        listed = self.net.run(GOVERNORS, "attestations", "--lot", lot)
        self.says(listed.out, "for the seller: Cu 28.45 % (ICP-OES, sample S-1)", LAB, "/0", "stands")
        one = self.net.do(GOVERNORS, "attestations", "--lot", lot).json["attestations"][0]
        self.assertEqual((one["kind"], one["state"], one["side"]), ("assay", "stands", "seller"))
        self.assertEqual(one["results"], [{"element": "Cu", "value": "28.45 %", "splitting_limit": "0.25 %"}])
        # Its author takes it back: it no longer counts.
        self.refused(self.net.run(REFINER, "withdraw", one["name"], "--reason", "too high"), REFUSED, "the assay is of", "only they can")
        self.net.do(MINE, "withdraw", one["name"], "--reason", "samples were mixed up")
        self.assertEqual(self.net.do(MINE, "attestations", "--lot", lot).json["attestations"][0]["state"], "withdrawn")
        metals = {m["element"]: m for m in self.net.do(MINE, "assays", lot).json["metals"]}
        self.assertEqual((metals["Cu"]["seller"], metals["Cu"]["outcome"]), (None, "umpired"))

    def test_what_is_wrong_is_said(self):
        lot = self.extract()
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--method", "XRF"), USAGE, "--result")
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--method", "XRF", "--result", "Cu"), USAGE, "Cu=28.45%")
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--method", "XRF", "--result", "Cu=2%", "--limit", "Au=1g/t"),
                     USAGE, "au=1g/t", "--result")
        self.refused(self.net.run(MINE, "assay", lot, "--method", "XRF", "--result", "Cu=2%"), REFUSED, "laboratory")
        self.refused(self.net.run(MINE, "assay", lot, "--side", "seller", "--result", "Cu=2%"), USAGE, "--method is missing")
        self.refused(self.net.run(MINE, "attestations"), USAGE, "--lot", "--member")
        self.refused(self.net.run(MINE, "attestations", "--lot", lot, "--member", MINE), USAGE, "--lot", "--member")
        self.says(self.net.run(MINE, "attestations", "--lot", lot).out, "nothing is attested")
        self.says(self.net.run(MINE, "assays", lot).out, "neither seller nor buyer")

    def extract_at(self, at, metal):
        return self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "300 t",
                           "--metal", metal, "--at", at).lots

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
        # A slip of a clerk's, put right.
        slip, = self.extract_at("2024-06-30", "Cu=90t")
        self.assertEqual((of(2024)["mass_mg"], of(2024)["outcome"]), (str(120 * 10**9), "over-capacity-and-resource"))
        self.net.do(MINE, "correct", slip, "--did-not-occur", "--text", "typed twice")
        self.assertEqual((of(2024)["mass_mg"], of(2024)["corrected_mg"], of(2024)["outcome"]), (str(120 * 10**9), str(90 * 10**9), "unsure"))
        self.says(self.net.run(MINE, "audit").out, "corrected", "90.000 t", "unsure")
        high, = self.extract_at("2023-06-30", "Cu=30t")
        self.net.do(MINE, "correct", high, "--metal", "Cu=15t", "--lower", "--text", "the scale read high")
        self.assertEqual((of(2023)["mass_mg"], of(2023)["corrected_mg"]), (str(15 * 10**9), "0"))
        self.says(self.net.run(LAB, "attestations", "--member", MINE, "--site", "Toquepala").out, "estimate the resource", "Cu 60.000 t")
        self.refused(self.net.run(REFINER, "estimate", "--of", MINE, "--site", "Toquepala", "--kind", "resource", "--metal", "Cu=1t"),
                     REFUSED, "laboratory", "auditor")


class Certificates(NetworkTest):
    """With witnesses: the time by which a record was final is known."""

    members = {**{name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER)}, CERTIFIER: ("assent", "GB", ["certifier"], {})}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = cls.net.run(CERTIFIER, "certify", "--of", MINE, "--scheme", "Copper Mark", "--from", "2026-01-01", "--until", "2099-01-01")
        cls.net.do(GOVERNORS, "scheme", "recognise", "Copper Mark", "--certifier", CERTIFIER)
        cls.net.wait_level()

    def certify(self, *words):
        """Certifies, and waits until the certificate is final at every daemon; its name."""
        said = self.net.do(CERTIFIER, "certify", "--scheme", "Copper Mark", *words).json["statement"]
        member = words[words.index("--of") + 1]
        for name in self.members:
            wait_until(lambda: any(a["name"].startswith(said) and a["final"] for a in self.about(name, member)), f"{said} is not final at {name}")
        return said + "/0"

    def about(self, name, member):
        return self.net.do(name, "attestations", "--member", member).json["attestations"]

    def one(self, name, member, certificate):
        return next(a for a in self.about(name, member) if a["name"] == certificate)

    def check(self, verdict, check):
        return next((c["passed"], c["failed"], c["unknown"]) for c in verdict["checks"] if c["name"] == check)

    def extract(self):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "10 t",
                           "--metal", "Cu=2.8t").lots
        wait_until(lambda: self.net.run(GOVERNORS, "lot", "verify", lot, "--json").status not in (UNDECIDED, REFUSED, USAGE, 3),
                   f"{lot} is never final")
        return lot

    def test_the_certificate_itself(self):
        paper = self.net.folder / "certificate.pdf"
        paper.write_bytes(b"%PDF-1.4 a certificate")
        named = self.certify("--of", REFINER, "--from", "2026-01-01", "--until", "2099-01-01", "--document", paper)
        one = self.one(MINE, REFINER, named)
        digest = hashlib.sha256(paper.read_bytes()).hexdigest()
        self.assertEqual((one["document_hash"], one["documents"][0]["hash"]), (digest, digest))
        self.net.do(MINE, "document", "get", digest, "-o", self.net.folder / "copy.pdf")
        self.assertEqual((self.net.folder / "copy.pdf").read_bytes(), paper.read_bytes())
        self.goes_with_what_it_certifies(digest)

    def goes_with_what_it_certifies(self, digest):
        """A certificate's paper is in the bundle of a lot of its holder's, and is reported where its bytes were altered."""
        lot, = self.net.do(REFINER, "declare", "--site", "Ilo", "--lot", "cathode", "--form", "cathode", "--gross", "8 t", "--metal",
                           "Cu=7.9t").lots
        wait_until(lambda: self.net.run(CERTIFIER, "lot", "verify", lot).status == DONE, f"{lot} is never final")
        bundle, alone = self.net.folder / "certified.bundle", {"XDG_STATE_HOME": str(self.net.folder / "seen")}
        check = lambda: run("verify", bundle, "--network", self.net.genesis, "--json", env=alone).json
        self.assertEqual(self.net.do(CERTIFIER, "bundle", lot, "-o", bundle).json["documents"], 0)
        self.says(" ".join(check()["not_checked"]), "the certificates and assays that bear on it, name are not in it")
        bundle.unlink()
        self.assertEqual(self.net.do(CERTIFIER, "bundle", lot, "-o", bundle, "--with-documents").json["documents"], 1)
        self.assertEqual(self.check(check(), "documents"), (1, 0, 0))
        (self.net.daemons[CERTIFIER].store / "documents" / digest[:2] / digest).write_bytes(b"%PDF-1.4 another text")
        told = self.net.run(CERTIFIER, "lot", "verify", lot)
        self.assertEqual(told.status, NO, str(told))
        self.says(told.out, "certificate.pdf", "have been altered")

    def test_a_site_is_certified(self):
        self.refused(self.before, REFUSED, "recognised no scheme")
        self.refused(self.net.run(MINE, "certify", "--of", MINE, "--scheme", "Copper Mark", "--from", "2026-01-01", "--until", "2099-01-01"),
                     REFUSED, "certifier")
        self.refused(self.net.run(CERTIFIER, "certify", "--of", MINE, "--site", "Toquepala", "--scheme", "Copper Mark", "--from", "2026-01-01",
                                  "--until", "2025-01-01"), REFUSED, "before it begins")
        self.refused(self.net.run(CERTIFIER, "certify", "--site", "Toquepala", "--scheme", "Copper Mark", "--from", "2026-01-01", "--until",
                                  "2027-01-01"), USAGE, "--of")
        lapsed = self.certify("--of", MINE, "--site", "Toquepala", "--from", "2020-01-01", "--until", "2021-01-01")
        lot = self.extract()
        verdict = self.net.verify(GOVERNORS, lot)
        self.assertEqual((verdict["verdict"], self.check(verdict, "certificates")), ("verified", (0, 0, 0)))
        self.assertTrue(any("records inside it 0, outside 1" in f["text"] for f in verdict["findings"]), verdict["findings"])
        self.assertEqual(self.one(MINE, MINE, lapsed)["state"], "expired")
        valid = self.certify("--of", MINE, "--site", "Toquepala", "--level", "full", "--from", "2020-01-01", "--until", "2099-01-01")
        verdict = self.net.verify(GOVERNORS, lot)
        self.assertEqual((verdict["verdict"], self.check(verdict, "certificates")), ("verified", (1, 0, 0)))
        self.assertEqual([self.one(MINE, MINE, valid)[key] for key in ("state", "level", "valid_until", "quantity_mg")],
                         ["valid", "full", "2099-01-01T00:00:00Z", None])
        self.says(self.net.run(MINE, "attestations", "--member", MINE).out, "valid", "under Copper Mark, full", valid)
        # Withdrawn, it ends then; what it covered before it still covers.
        self.refused(self.net.run(MINE, "withdraw", valid, "--reason", "mine"), REFUSED, "only they can withdraw")
        self.refused(self.net.run(CERTIFIER, "withdraw", "nonsense", "--reason", "audit"), USAGE, "MEMBER-TIME-ID")
        # (Of the times at which heads were final, one in ten minutes is kept: hence the hour.)
        in_an_hour = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        self.net.do(CERTIFIER, "withdraw", valid, "--reason", "surveillance audit failed", "--at", in_an_hour)
        wait_until(lambda: self.one(GOVERNORS, MINE, valid)["state"] == "withdrawn", "the withdrawal does not arrive")
        self.assertEqual(self.check(self.net.verify(GOVERNORS, lot), "certificates"), (1, 0, 0))
        self.says(self.net.run(GOVERNORS, "attestations", "--member", MINE).out, "withdrawn", "surveillance audit failed")
        self.refused(self.net.run(CERTIFIER, "withdraw", valid, "--reason", "again"), REFUSED, "withdrawn already")

    def test_a_quantity_is_drawn_down(self):
        credit = self.certify("--of", REFINER, "--from", "2020-01-01", "--until", "2099-01-01", "--quantity", "10t", "--metal", "Cu")
        lots = self.net.do(REFINER, "declare", "--site", "Ilo", "--lot", "cathode", "--form", "cathode", "--gross", "8 t", "--metal", "Cu=7.9t",
                           "--lot", "cathode", "--form", "cathode", "--gross", "8 t", "--metal", "Cu=7.9t").lots
        claim = lambda *words: self.net.run(REFINER, "claim", *words, "--certificate", credit)
        self.refused(claim(lots[0], "--quantity", "8t"), REFUSED, "holds 7.900 t")
        self.refused(claim(*lots, "--quantity", "1t"), USAGE, "2 lots, but 1 of --quantity")
        self.assertEqual(claim(*lots, "--quantity", "6t", "--quantity", "1t").status, DONE)
        self.refused(claim(lots[1], "--quantity", "4t"), REFUSED, "7.000 t is drawn already")
        self.assertEqual([self.one(REFINER, REFINER, credit)[key] for key in ("drawn_mg", "remaining_mg", "element")],
                         [str(7 * 10**9), str(3 * 10**9), "Cu"])
        self.says(self.net.run(REFINER, "attestations", "--member", REFINER).out, "7.000 t drawn, 3.000 t left")
        self.says(self.net.run(REFINER, "lot", "history", lots[0]).out, "claim 7.000 t for 2 lots")
        wait_until(lambda: self.net.run(GOVERNORS, "lot", "verify", lots[0], "--json").status == DONE, "the claim is never final")
        self.assertEqual(self.check(self.net.verify(GOVERNORS, lots[0]), "certificates"), (3, 0, 0))  # both records, and the claim

    def test_a_site_turns_red(self):
        lot = self.extract()
        status = lambda *words: self.net.do(GOVERNORS, "member", "site-status", MINE, "Toquepala", "--status", *words)
        status("green", "--from", "2020-01-01", "--until", "2099-01-01")
        self.net.wait_level()
        self.assertEqual(self.check(self.net.verify(MINE, lot), "sites"), (1, 0, 0))
        status("red", "--from", "2020-01-01", "--until", "2099-01-01")
        wait_until(lambda: self.net.run(MINE, "lot", "verify", lot, "--json").status == NO, "red is not heard of")
        self.assertEqual(self.check(self.net.verify(MINE, lot), "sites"), (0, 1, 0))
        status("green", "--from", "2020-01-01", "--until", "2099-01-01")  # for the other tests


if __name__ == "__main__":
    unittest.main()
