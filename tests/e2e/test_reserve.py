"""A strategic reserve: lots on hold leave with the signatures of two of three, and `reserve` tells what went in and out."""

import unittest

from network import DONE, GOVERNORS, NO, REFUSED, USAGE, NetworkTest, wait_until

RESERVE, MINISTRY, BANK, ARMY, TRADER = "State Reserve", "Ministry", "Central Bank", "Army", "Cobalt House"
MEMBERS = {
    GOVERNORS: ("governors", "FI", [], {}),
    RESERVE: ("reserve", "FI", ["reserve"], {"Vault 1": "warehouse", "Vault 2": "warehouse"}),
    MINISTRY: ("ministry", "FI", [], {}),
    BANK: ("bank", "FI", [], {}),
    ARMY: ("army", "FI", [], {}),
    TRADER: ("trader", "FI", ["trader"], {"Shed": "warehouse"}),
}


class Reserve(NetworkTest):
    members = MEMBERS
    witnesses = ()

    def declare(self, site="Vault 1", gross="1 t", metal="Co=990kg"):
        lot, = self.net.do(RESERVE, "declare", "--site", site, "--lot", "cobalt cathode", "--form", "cathode", "--gross", gross,
                           "--metal", metal, "--reason", "stock before the ledger").lots
        return lot

    def hold(self, *lots):
        self.net.do(RESERVE, "hold", *lots, "--reason", "strategic-reserve", "--releaser", ARMY, "--releaser", MINISTRY, "--releaser",
                    BANK, "--threshold", "2")

    def show(self, lot):
        return self.net.do(RESERVE, "lot", "show", lot).json

    def test_two_of_three(self):
        net = self.net
        lot = self.declare()
        self.hold(lot)
        text = net.run(RESERVE, "lot", "show", lot).out
        self.says(text, "strategic-reserve, released by 2 of", MINISTRY, BANK, ARMY)
        self.assertEqual(self.show(lot)["hold"]["threshold"], 2)
        self.assertEqual({r["name"] for r in self.show(lot)["hold"]["releasers"]}, {MINISTRY, BANK, ARMY})

        for words in (("ship", lot, "--consignee", TRADER, "--with-title"),
                      ("split", lot, "--lot", "a", "--form", "cathode", "--gross", "500 kg", "--metal", "Co=490kg", "--lot", "b", "--form",
                       "cathode", "--gross", "500 kg", "--metal", "Co=500kg"),
                      ("retire", lot, "--reason", "left-network"), ("hold", lot, "--reason", "pledge", "--releaser", BANK)):
            self.refused(net.run(RESERVE, *words), REFUSED, "on hold (strategic-reserve)", "oremark release", "takes 2 of", MINISTRY)
        self.refused(net.run(RESERVE, "release", lot), REFUSED, "signatures of 2 of 3 members", "0 stand, and 2 more must come of", MINISTRY, BANK, ARMY,
                     "oremark sign")

        # One signature is missing, and said whose.
        file = net.folder / "release"
        made = net.must("release", lot, "--note", "decision 12", "--out", file, socket=net.daemons[RESERVE].socket, key=net.key(RESERVE),
                 member=RESERVE)
        self.says(made.out, "it takes others' signatures too, by 'oremark sign")
        signing = net.must("sign", file, "--yes", key=net.key(BANK), member=4)  # on a machine without a daemon
        self.says(signing.out, "release 1 lot from hold: decision 12", lot)
        result = net.run(RESERVE, "submit", file)
        self.refused(result, REFUSED, "1 stands, and 1 more must come of", MINISTRY, ARMY)
        self.assertNotIn(BANK, result.err)
        net.must("sign", file, "--yes", key=net.key(ARMY), member=5)
        net.do(RESERVE, "submit", file)
        self.assertIsNone(self.show(lot)["hold"])
        net.do(RESERVE, "ship", lot, "--consignee", TRADER, "--with-title")
        net.wait_level()
        self.assertEqual(net.verify(TRADER, lot)["verdict"], "verified")
        self.says(net.run(TRADER, "lot", "history", lot).out, "hold 1 lot (strategic-reserve) until 2 of Ministry (member 3), Central Bank (member 4), Army (member 5) sign",
                  "release 1 lot from hold: decision 12")

    def test_others_do_not_release(self):
        net = self.net
        lot = self.declare()
        self.hold(lot)
        file = net.folder / "others"
        net.must("release", lot, "--out", file, socket=net.daemons[RESERVE].socket, key=net.key(RESERVE), member=RESERVE)
        net.must("sign", file, "--yes", key=net.key(BANK), member=4)
        net.must("sign", file, "--yes", key=net.key(TRADER), member=6)
        self.refused(net.run(RESERVE, "submit", file), REFUSED, "1 stands, and 1 more")
        wait_until(lambda: net.run(TRADER, "lot", "show", lot).status == DONE, "the lot does not arrive at the trader")
        self.refused(net.run(TRADER, "release", lot), REFUSED)  # who does not have it

    def test_releasers_who_can_not_sign(self):
        """The governors stand in for them, and everybody sees it."""
        net = self.net
        lot = self.declare()
        self.hold(lot)
        file = net.folder / "overrule"
        net.wait_level()
        self.refused(net.run(RESERVE, "release", lot, "--reason", "gone"), USAGE, "--as-governors")
        proposed = net.must("governance", "propose", "release", lot, "--as-governors", "--reason", "the bank was wound up", "--out", file,
                            socket=net.daemons[GOVERNORS].socket)
        self.says(proposed.out, "let lots be released without the releasers of the hold that is event 0 of statement", "the bank was wound up",
                  "1 more of these 1 must sign")
        net.must("governance", "sign", file, "--yes", key=net.key(GOVERNORS), member=1)
        net.must("governance", "submit", file, socket=net.daemons[GOVERNORS].socket)
        wait_until(lambda: self.show(lot)["hold"]["overruled"], "the act does not arrive at the custodian")
        self.says(net.run(RESERVE, "lot", "show", lot).out, "overruled by the governors", "its custodian releases it alone", "wound up")
        self.refused(net.run(RESERVE, "ship", lot, "--consignee", TRADER, "--with-title"), REFUSED, "the governors have overruled that: release it first")
        net.do(RESERVE, "release", lot)
        net.do(RESERVE, "ship", lot, "--consignee", TRADER, "--with-title")
        net.wait_level()
        answer = net.verify(TRADER, lot)
        self.assertEqual(answer["verdict"], "verified")
        told, = [f["text"] for f in answer["findings"] if f["kind"] == "hold"]
        self.says(told, "hold 1 lot (strategic-reserve)", "the governors said", "the bank was wound up")
        self.refused(net.run(RESERVE, "release", self.declare(), "--as-governors", "--reason", "x"), NO, "no event 'hold'")

    def test_what_is_in_reserve(self):
        net = self.net
        before = net.do(GOVERNORS, "reserve").json["movements"]
        lots = [self.declare("Vault 2", "2 t", "Co=1.98t"), self.declare("Vault 2", "3 t", "Co=2.5t")]
        self.hold(*lots)
        net.do(RESERVE, "hold", self.declare("Vault 2", "10 kg", "Cu=9kg"), "--reason", "quarantine", "--releaser", RESERVE)
        file = net.folder / "out"
        net.must("release", lots[0], "--out", file, socket=net.daemons[RESERVE].socket, key=net.key(RESERVE), member=RESERVE)
        for name, number in ((MINISTRY, 3), (BANK, 4), (ARMY, 5)):
            net.must("sign", file, "--yes", key=net.key(name), member=number)
        net.do(RESERVE, "submit", file)
        net.wait_level()

        answer = net.do(GOVERNORS, "reserve", "--metal", "Co").json
        vault, = [r for r in answer["reserves"] if r["site_name"] == "Vault 2"]
        self.assertEqual((vault["element"], vault["holder_name"], vault["held_mg"], vault["lots"], vault["deposited_mg"],
                          vault["released_mg"]), ("Co", RESERVE, "2500000000", 1, "4480000000", "1980000000"))
        moved = [m for m in answer["movements"] if m["lot"] in lots]
        self.assertEqual([(m["movement"], m["mass_mg"]) for m in moved if m["lot"] == lots[0]],
                         [("deposit", "1980000000"), ("release", "1980000000")])
        self.assertEqual(len(answer["movements"]), len(before) + 3)
        self.assertEqual(net.do(GOVERNORS, "reserve", "--metal", "Cu").json["reserves"], [])
        self.assertEqual(net.do(GOVERNORS, "reserve", "--member", TRADER).json["movements"], [])
        apart = net.do(GOVERNORS, "reserve", "--reason", "quarantine").json
        self.assertEqual([(r["element"], r["held_mg"]) for r in apart["reserves"]], [("Cu", "9000000")])
        text = net.run(GOVERNORS, "reserve").out
        self.says(text, "Vault 2", RESERVE, "2.500 t", "deposit", "release", "then held")
        self.assertIn(lots[1], net.run(RESERVE, "lots", "--held", "--on-hold").out)
        self.assertNotIn(lots[0], net.run(RESERVE, "lots", "--held", "--on-hold").out)
        self.refused(net.run(GOVERNORS, "reserve", "--metal", "Xx"), USAGE, "no metal")

    def test_a_restart_forgets_nothing(self):
        self.hold(self.declare())
        daemon = self.net.daemons[RESERVE]
        before = self.net.do(RESERVE, "reserve").json
        daemon.stop()
        daemon.start()
        self.assertEqual(self.net.do(RESERVE, "reserve").json, before)


if __name__ == "__main__":
    unittest.main()
