"""Owner beside custodian: tolling, a warehouse receipt that is sold, a pledge, weights that are settled."""

import unittest

from network import GOVERNORS, REFUSED, NetworkTest, wait_until

MINE, SMELTER, WAREHOUSE, BANK, BUYER = "Toquepala Mine", "Ilo Smelter", "Port Warehouse", "Metal Bank", "Cable Works"
NUMBERS = {GOVERNORS: 1, MINE: 2, SMELTER: 3, WAREHOUSE: 4, BANK: 5, BUYER: 6}
MEMBERS = {
    GOVERNORS: ("governors", "SE", [], {}),
    MINE: ("mine", "PE", ["mine"], {"Toquepala": "mine", "Store": "plant"}),
    SMELTER: ("ilo", "PE", ["smelter", "refiner"], {"Ilo": "plant"}),
    WAREHOUSE: ("port", "NL", ["warehouse"], {"Shed 4": "warehouse"}),
    BANK: ("bank", "CH", [], {}),
    BUYER: ("cables", "DE", ["manufacturer"], {"Works": "plant"}),
}


class Title(NetworkTest):
    members = MEMBERS
    witnesses = ()

    def extract(self, gross="100 t", metal="Cu=28t"):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", gross,
                           "--metal", metal).lots
        return lot

    def arrive(self, lot, to):
        wait_until(lambda: lot in {one["number"] for one in self.net.do(to, "lots", "--incoming").json["lots"]},
                   f"{lot} does not arrive at {to}")

    def move(self, lot, who, to, site, *more):
        self.net.do(who, "ship", lot, "--consignee", to, *more)
        self.arrive(lot, to)
        self.net.do(to, "receive", lot, "--site", site)

    def show(self, name, lot):
        return self.net.do(name, "lot", "show", lot).json

    def signed(self, who, signers, *words):
        """WHO writes a statement to a file, SIGNERS sign it offline, WHO submits it; the result of that."""
        file = self.net.folder / f"statement-{len(list(self.net.folder.iterdir()))}"
        self.net.must(*words, "--out", file, socket=self.net.daemons[who].socket, key=self.net.key(who), member=who)
        for name in signers:
            self.net.must("sign", file, "--yes", key=self.net.key(name), member=NUMBERS[name])
        return self.net.run(who, "submit", file, "--json")

    def done(self, result):
        self.assertEqual(result.status, 0, str(result))
        return result

    def test_tolling(self):
        """A smelter works up another's concentrate and sends the metal back: it never owns it."""
        net = self.net
        lot = self.extract()
        self.move(lot, MINE, SMELTER, "Ilo")  # without title
        shown = self.show(SMELTER, lot)
        self.assertEqual((shown["custodian_name"], shown["owner_name"]), (SMELTER, MINE))
        wait_until(lambda: self.show(MINE, lot)["custodian_name"] == SMELTER, "the mine is not told")
        owned = {one["number"] for one in net.do(MINE, "lots", "--owned").json["lots"]}
        self.assertIn(lot, owned)
        self.assertNotIn(lot, {one["number"] for one in net.do(MINE, "lots", "--held").json["lots"]})
        self.assertIn(lot, {one["number"] for one in net.do(SMELTER, "lots", "--held").json["lots"]})
        self.assertNotIn(lot, {one["number"] for one in net.do(SMELTER, "lots", "--owned").json["lots"]})

        smelt = ("transform", lot, "--process", "smelt", "--site", "Ilo", "--lot", "cathode", "--form", "cathode", "--gross", "27.7 t",
                 "--metal", "Cu=27.6t", "--loss", "slag:Cu=400kg")
        self.refused(net.run(SMELTER, *smelt), REFUSED, "belongs to member 2 (Toquepala Mine)", "--out", "oremark sign")
        metal, = self.done(self.signed(SMELTER, [MINE], *smelt)).lots
        self.assertEqual(self.show(SMELTER, metal)["owner_name"], MINE)
        self.refused(net.run(SMELTER, "ship", metal, "--consignee", BUYER), REFUSED, "third party")
        self.move(metal, SMELTER, MINE, "Store")  # to its owner: nobody need be asked
        back = self.show(MINE, metal)
        self.assertEqual((back["custodian_name"], back["owner_name"]), (MINE, MINE))
        net.wait_level()
        self.assertEqual(net.verify(GOVERNORS, metal)["verdict"], "verified")

    def test_a_standing_mandate(self):
        """Tolling for years: the owner lets the smelter send and use up what it has there, and signs no more each time."""
        net = self.net
        lots = [self.extract() for _ in range(2)]
        for lot in lots:
            self.move(lot, MINE, SMELTER, "Ilo")
        smelt = ("--process", "smelt", "--site", "Ilo", "--lot", "anode", "--form", "anode", "--gross", "28 t", "--metal", "Cu=27.9t")
        self.refused(net.run(SMELTER, "transform", lots[0], *smelt), REFUSED, "standing mandate")
        registry = net.daemons[GOVERNORS].socket
        net.must("member", "give-mandate", SMELTER, "--consume", socket=registry, key=net.key(MINE), member=MINE)
        net.wait_level()
        metal, = net.do(SMELTER, "transform", lots[0], *smelt).lots
        self.assertEqual(self.show(SMELTER, metal)["owner_name"], MINE)
        self.refused(net.run(SMELTER, "ship", metal, "--consignee", BUYER), REFUSED, "third party")  # not for that
        self.refused(net.run(SMELTER, "title", metal, "--to", SMELTER), REFUSED, "present owner")  # nor for this
        net.must("member", "end-mandate", SMELTER, socket=registry, key=net.key(MINE), member=MINE)
        net.wait_level()
        self.refused(net.run(SMELTER, "transform", lots[1], *smelt), REFUSED, "standing mandate")
        self.assertEqual(net.verify(GOVERNORS, metal)["verdict"], "verified")  # as of when it was done

    def test_rows_of_a_file(self):
        """Holds and releases in bulk, as any other event."""
        net = self.net
        file = net.folder / "holds.csv"
        file.write_text("event,ref,site,material,form,gross,metals,lots,reason,releasers,threshold,note,to\n"
                        "extract,a,Toquepala,concentrate,concentrate,10 t,Cu=2.8t,,,,,,\n"
                        f"hold,,,,,,,a,quarantine,{MINE};{BANK},1,,\n"
                        "release,,,,,,,a,,,,dry now,\n"
                        f"title,,,,,,,a,,,,,{BUYER}\n")
        result = net.run(MINE, "import", file, "--json")
        self.says(result.out + result.err, "present owner with --from")  # of a lot of the file nobody knows it yet
        self.assertEqual([h["movement"] for h in net.do(MINE, "reserve", "--reason", "quarantine").json["movements"]],
                         ["deposit", "release"])

    def test_a_warehouse_receipt_is_sold(self):
        net = self.net
        lot = self.extract()
        self.move(lot, MINE, WAREHOUSE, "Shed 4")
        sale = ("title", lot, "--to", BUYER)
        wait_until(lambda: self.show(MINE, lot)["custodian_name"] == WAREHOUSE, "the mine is not told")
        self.refused(net.run(MINE, *sale), REFUSED, "in the hands of member 4")
        self.refused(net.run(WAREHOUSE, *sale), REFUSED, "both owners", "present owner, member 2 (Toquepala Mine)", "oremark sign")
        result = self.signed(WAREHOUSE, [MINE], *sale)
        self.assertEqual(result.status, REFUSED)
        self.says(result.err, "next owner, member 6 (Cable Works)")
        self.done(self.signed(WAREHOUSE, [MINE, BUYER], *sale))
        shown = self.show(WAREHOUSE, lot)
        self.assertEqual((shown["owner_name"], shown["custodian_name"], shown["site_name"]), (BUYER, WAREHOUSE, "Shed 4"))
        self.refused(net.run(WAREHOUSE, *sale, "--from", MINE), REFUSED)
        self.assertIn("owner      Cable Works", net.run(WAREHOUSE, "lot", "show", lot).out)
        wait_until(lambda: lot in {one["number"] for one in net.do(BUYER, "lots", "--owned").json["lots"]}, "the buyer is not told")
        self.move(lot, WAREHOUSE, BUYER, "Works")  # to its owner
        net.wait_level()
        self.assertEqual(net.verify(BANK, lot)["verdict"], "verified")
        self.says(net.run(BANK, "lot", "history", lot).out, "transfer title of 1 lot from Toquepala Mine (member 2) to Cable Works (member 6)")

    def test_a_pledge(self):
        net = self.net
        lot = self.extract()
        self.move(lot, MINE, WAREHOUSE, "Shed 4")
        pledge = ("hold", lot, "--reason", "pledge", "--releaser", BANK)
        self.refused(net.run(WAREHOUSE, *pledge), REFUSED, "belongs to member 2")
        self.done(self.signed(WAREHOUSE, [MINE], *pledge))
        self.refused(net.run(WAREHOUSE, "ship", lot, "--consignee", MINE), REFUSED, "on hold (pledge)", "member 5 (Metal Bank)")
        sale = ("title", lot, "--to", BUYER)
        result = self.signed(WAREHOUSE, [MINE, BUYER], *sale)
        self.assertEqual(result.status, REFUSED)
        self.says(result.err, "change of owner", "member 5 (Metal Bank)")
        self.done(self.signed(WAREHOUSE, [MINE, BANK, BUYER], *sale))
        self.assertEqual((self.show(WAREHOUSE, lot)["owner_name"], self.show(WAREHOUSE, lot)["hold"]["reason"]), (BUYER, "pledge"))
        self.done(self.signed(WAREHOUSE, [BANK], "release", lot, "--note", "loan repaid"))
        net.do(WAREHOUSE, "ship", lot, "--consignee", BUYER)

    def test_settlement(self):
        net = self.net
        lot = self.extract()
        self.move(lot, MINE, SMELTER, "Ilo", "--with-title")
        self.assertIn("provisional: as received from Toquepala Mine", net.run(SMELTER, "lot", "show", lot).out)
        final = ("settle", lot, "--gross", "99.8 t", "--metal", "Cu=27.9t", "--contract", "K-1177")
        self.refused(net.run(SMELTER, *final), REFUSED, "consignor, member 2 (Toquepala Mine)", "oremark sign")
        self.done(self.signed(SMELTER, [MINE], *final))
        shown = self.show(SMELTER, lot)
        self.assertEqual((shown["settled"], shown["consignor_name"], shown["gross_mg"], shown["contents"][0]["contained_mg"]),
                         (True, MINE, "99800000000", "27900000000"))
        self.assertIn("settled with Toquepala Mine", net.run(SMELTER, "lot", "show", lot).out)
        result = self.signed(SMELTER, [MINE], *final)
        self.assertEqual(result.status, REFUSED)
        self.says(result.err, "settled already")
        net.wait_level()
        self.assertEqual(net.verify(BUYER, lot)["verdict"], "verified")


if __name__ == "__main__":
    unittest.main()
