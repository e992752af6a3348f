"""What a plant does besides the straight line: pools, joins, refused consignments, shortages and gains."""

import unittest

from network import GOVERNORS, MEMBERS, MINE, REFINER, REFUSED, NetworkTest, wait_until


class Plant(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER)}
    witnesses = ()

    def extract(self, gross="10 t", metal="Cu=2.8t"):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", gross,
                           "--metal", metal).lots
        return lot

    def ship(self, *lots):
        self.net.do(MINE, "ship", *lots, "--consignee", REFINER, "--with-title")
        wait_until(lambda: {lot["number"] for lot in self.net.do(REFINER, "lots", "--incoming").json["lots"]} >= set(lots),
                   f"{lots} do not arrive")

    def show(self, name, lot):
        return self.net.do(name, "lot", "show", lot).json

    def test_a_pool(self):
        lots = [self.extract(), self.extract("20 t", "Cu=5.6t")]
        self.ship(*lots)
        self.net.do(REFINER, "receive", *lots, "--site", "Ilo")
        pool, = self.net.do(REFINER, "charge", *lots, "--site", "Ilo", "--name", "tankhouse", "--process", "smelt").lots
        drawn, = self.net.do(REFINER, "draw", pool, "--lot", "anode", "--form", "anode", "--gross", "5 t", "--metal", "Cu=4.9t", "--loss",
                             "slag:Cu=100kg").lots
        self.assertEqual(self.show(REFINER, drawn)["contents"][0]["contained_mg"], str(4_900_000_000))
        self.assertEqual(self.show(REFINER, pool)["contents"][0]["contained_mg"], str(3_400_000_000))
        self.refused(self.net.run(REFINER, "draw", pool, "--lot", "anode", "--form", "anode", "--gross", "5 t", "--metal", "Cu=4.9t"),
                     REFUSED, "cu", "3.4")
        gross = int(self.show(REFINER, pool)["gross_mg"])
        self.net.do(REFINER, "stocktake", pool, "--gross", f"{gross}mg", "--metal", "Cu=3.395t", "--method", "dip")
        self.assertEqual(self.show(REFINER, pool)["contents"][0]["contained_mg"], str(3_395_000_000))
        self.net.wait_level()
        self.assertEqual(self.net.verify(GOVERNORS, drawn)["verdict"], "verified")
        self.assertEqual(self.net.verify(GOVERNORS, pool)["verdict"], "verified")

    def test_a_refused_consignment_goes_back(self):
        lot = self.extract()
        self.ship(lot)
        self.net.do(REFINER, "reject", lot, "--reason", "wet")
        wait_until(lambda: self.show(MINE, lot)["pen_name"] == MINE, "the mine is not told")
        self.assertEqual((self.show(MINE, lot)["state"], self.show(MINE, lot)["custodian_name"]), ("held", MINE))
        self.ship(lot)

    def test_combined(self):
        lots = [self.extract(), self.extract("20 t", "Cu=5.6t")]
        whole, = self.net.do(MINE, "combine", *lots).lots
        self.assertEqual(self.show(MINE, whole)["gross_mg"], str(30_000_000_000))
        self.assertEqual(self.show(MINE, whole)["contents"][0]["contained_mg"], str(8_400_000_000))
        self.assertEqual({self.show(MINE, lot)["state"] for lot in lots}, {"consumed"})

    def test_gains_are_summed_and_capped(self):
        """The tolerance of a receipt is 0.5 %, the cap on the sum of a year's gains 1 t for each metal."""
        lot = self.extract("10000 t", "Cu=200t")
        self.ship(lot)
        self.net.do(REFINER, "receive", lot, "--site", "Ilo", "--gross", "10000 t", "--metal", "Cu=200.9t")
        sums = self.net.do(REFINER, "audit", "--member", REFINER).json
        self.assertIn(str(900_000_000), str(sums))
        another = self.extract("10000 t", "Cu=200t")
        self.ship(another)
        self.refused(self.net.run(REFINER, "receive", another, "--site", "Ilo", "--gross", "10000 t", "--metal", "Cu=200.2t"), REFUSED,
                     "cap")
        self.net.do(REFINER, "receive", another, "--site", "Ilo", "--gross", "9990 t", "--metal", "Cu=199t", "--shortage", "spillage")


if __name__ == "__main__":
    unittest.main()
