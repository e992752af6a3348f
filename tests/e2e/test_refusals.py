"""What breaks a rule is refused, with the rule's reason and an exit status, and changes nothing."""

import json
import unittest

from network import (DONE, GOVERNORS, MAKER, MINE, REFINER, REFUSED, UNDECIDED, UNREACHABLE, USAGE, Network, NetworkTest, run,
                     wait_until)

LOT = ("--lot", "concentrate", "--form", "concentrate")


class Refusals(NetworkTest):
    def extract(self, gross="10 t", metal="Cu=2.8t"):
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", *LOT, "--gross", gross, "--metal", metal).lots
        return lot

    def known(self, name, lot, state):
        wait_until(lambda: any(one["number"] == lot and one["state"] == state
                               for one in self.net.do(name, "lots", "--all").json["lots"]), f"{name} does not see {lot} {state}")

    def at_refiner(self, *more):
        """A lot in the refiner's hands."""
        lot = self.extract()
        self.net.do(MINE, "ship", lot, "--consignee", REFINER, *more)
        self.known(REFINER, lot, "in-transit")
        self.net.do(REFINER, "receive", lot, "--site", "Ilo")
        return lot

    def statement(self, *more):
        """A signed statement in a file: the extraction of a lot."""
        path = self.net.folder / f"statement-{self.id()}"
        self.net.do(MINE, "extract", "--site", "Toquepala", *LOT, "--gross", "1 t", "--metal", "Cu=0.3t", "--out", path, *more)
        return path

    def test_shipped_twice(self):
        lot = self.extract()
        self.net.do(MINE, "ship", lot, "--consignee", REFINER)
        size = self.net.sizes(MINE)
        self.refused(self.net.run(MINE, "ship", lot, "--consignee", MAKER), REFUSED, lot, REFINER)
        self.assertEqual(self.net.sizes(MINE), size)
        self.says(self.net.do(MINE, "lot", "history", lot).json["steps"][-1]["text"], f"ship 1 lot to {REFINER} (member ")
        self.says(self.net.run(MINE, "lot", "show", lot).out, f" {MINE} (member ")

    def test_receipt_by_somebody_else(self):
        lot = self.extract()
        self.net.do(MINE, "ship", lot, "--consignee", REFINER)
        self.known(MAKER, lot, "in-transit")
        self.refused(self.net.run(MAKER, "receive", lot, "--site", "Motor plant"), REFUSED, lot, REFINER)

    def test_used_by_somebody_else(self):
        lot = self.extract()
        self.known(REFINER, lot, "held")
        self.refused(self.net.run(REFINER, "ship", lot, "--consignee", MAKER), REFUSED, lot, MINE)

    def test_outputs_heavier_than_inputs(self):
        lot = self.at_refiner("--with-title")
        smelt = ("transform", lot, "--site", "Ilo", "--process", "smelt", "--lot", "anode", "--form", "anode", "--gross", "3 t")
        self.refused(self.net.run(REFINER, *smelt, "--metal", "Cu=2.9t"), REFUSED, "cu", "2.8")
        self.refused(self.net.run(REFINER, *smelt, "--metal", "Cu=2.8t", "--metal", "Au=1g"), REFUSED, "au")
        self.net.do(REFINER, *smelt, "--metal", "Cu=2.8t")

    def test_consumed_without_its_owner(self):
        lot = self.at_refiner()
        self.refused(self.net.run(REFINER, "transform", lot, "--site", "Ilo", "--process", "smelt", "--lot", "anode", "--form", "anode",
                                  "--gross", "3 t", "--metal", "Cu=2.8t"), REFUSED, lot, MINE, "title")

    def test_a_split_conserves(self):
        lot = self.extract()
        self.refused(self.net.run(MINE, "split", lot, "--lot", "a", "--gross", "6 t", "--metal", "Cu=1t", "--lot", "b", "--gross", "4 t",
                                  "--metal", "Cu=1.800000001t"), REFUSED, "2.8")

    def test_received_heavier(self):
        lot = self.extract()
        self.net.do(MINE, "ship", lot, "--consignee", REFINER)
        self.known(REFINER, lot, "in-transit")
        self.refused(self.net.run(REFINER, "receive", lot, "--site", "Ilo", "--gross", "11 t", "--metal", "Cu=3t"), REFUSED, "ppm")
        self.net.do(REFINER, "receive", lot, "--site", "Ilo", "--gross", "9.9 t", "--metal", "Cu=2.79t", "--shortage", "weighing")

    def test_role(self):
        self.refused(self.net.run(REFINER, "extract", "--site", "Ilo", *LOT, "--gross", "1 t", "--metal", "Cu=1kg"), REFUSED, "mine",
                     "role")

    def test_consumed_twice(self):
        lot = self.extract()
        self.net.do(MINE, "split", lot, "--lot", "", "--gross", "6 t", "--rest")
        self.refused(self.net.run(MINE, "ship", lot, "--consignee", REFINER), REFUSED, "consumed")

    def test_unknown_signer(self):
        stranger = self.net.folder / "stranger.key"
        self.net.must("key", "new", "--name", "stranger", "--no-passphrase", stranger)
        extract = ("extract", "--site", "Toquepala", *LOT, "--gross", "1 t", "--metal", "Cu=1kg")
        socket = self.net.daemons[MINE].socket
        self.refused(run(*extract, socket=socket, key=stranger, member=MINE), REFUSED, "key")
        self.refused(run(*extract, socket=socket, key=self.net.key(REFINER), member=MINE), REFUSED, "key")
        self.refused(run("extract", "--site", "1", *extract[3:], socket=socket, key=stranger, member="99"), REFUSED, "member")

    def test_not_the_home_log(self):
        self.refused(self.net.run(MINE, "extract", "--site", "Toquepala", *LOT, "--gross", "1 t", "--metal", "Cu=1kg", at=REFINER),
                     REFUSED, "home")

    def test_resubmission(self):
        path = self.statement()
        first = self.net.do(MINE, "submit", path).json
        size = self.net.sizes(MINE)[self.net.daemons[MINE].origin]
        again = self.net.do(MINE, "submit", path).json
        self.assertFalse(first["again"])
        self.assertTrue(again["again"])
        same = first.keys() - {"again", "final"}  # it may have become final meanwhile
        self.assertEqual({k: first[k] for k in same}, {k: again[k] for k in same})
        self.assertEqual(self.net.sizes(MINE)[self.net.daemons[MINE].origin], size)

    def test_changed_statement(self):
        path = self.statement()
        text = path.read_text()
        lines = text.splitlines(keepends=True)
        self.refused(run("submit", "-", socket=self.net.daemons[MINE].socket, stdin="".join(lines[:-1])), REFUSED)
        middle = len(lines[-2]) // 2
        changed = lines[-2][:middle] + ("B" if lines[-2][middle] == "A" else "A") + lines[-2][middle + 1:]
        self.refused(run("submit", "-", socket=self.net.daemons[MINE].socket, stdin="".join(lines[:-2] + [changed] + lines[-1:])),
                     REFUSED)
        self.net.do(MINE, "submit", path)

    def test_another_network(self):
        other = Network()
        self.addCleanup(other.end)
        foreign = self.net.folder / "foreign"
        words = ("extract", "--site", "1", *LOT, "--gross", "1 t", "--metal", "Cu=1kg", "--member", "2", "--out", foreign)
        offline = run(*words, "--network", other.genesis, key=self.net.key(MINE), socket="/nonexistent/socket")
        self.assertEqual(offline.status, DONE, str(offline))
        submitted = self.net.run(MINE, "submit", foreign)
        self.assertIn(submitted.status, (USAGE, REFUSED), str(submitted))
        self.says(submitted.err, "network")
        self.refused(self.net.run(MINE, *words[:-2], "--network", other.genesis), USAGE, "network")

    def test_errors_as_json(self):
        def error(status, *words, **kinds):
            result = run(*words, "--json", **kinds)
            self.assertEqual(result.status, status, str(result))
            self.assertEqual(result.out, "", str(result))
            last, = result.err.splitlines()
            said = json.loads(last)
            self.assertEqual(list(said), ["error"])
            self.assertEqual(sorted(said["error"]), ["code", "rule", "text"])
            self.assertGreater(len(said["error"]["text"]), 20)
            return said["error"]["code"], said["error"]["rule"]

        here = dict(socket=self.net.daemons[MINE].socket, key=self.net.key(MINE), member=MINE)
        lot = self.extract()
        self.net.do(MINE, "ship", lot, "--consignee", REFINER)
        self.assertEqual(error(REFUSED, "ship", lot, "--consignee", MAKER, **here), ("refused", "pen"))
        self.assertEqual(error(USAGE, "lot", "show", "OM-000", **here), ("usage", "lot-number-text"))
        self.assertEqual(error(UNDECIDED, "lot", "show", "DRUM-404", **here)[0], "missing")
        self.assertEqual(error(USAGE, "lot", "show", **here), ("usage", None))
        self.assertEqual(error(USAGE, "lot", "shew", **here), ("usage", None))
        self.assertEqual(error(USAGE, "lots", "--no-such-option", **here), ("usage", None))
        self.assertEqual(error(UNREACHABLE, "lots", "--all", socket="/nonexistent/socket"), ("io", None))

    def test_figures_at_the_edge(self):
        over = ("extract", "--site", "Toquepala", *LOT, "--gross", "9223372036.854775808 t", "--metal", "Cu=1kg")
        self.refused(self.net.run(MINE, *over), USAGE, "9223372036.854775808")
        self.refused(self.net.run(MINE, *over[:6], "--gross", "-1 t", "--metal", "Cu=1kg"), USAGE, "-1")
        most = self.extract(gross="9223372036.854775807 t", metal="Cu=9223372036.854775807t")
        self.net.do(MINE, "split", most, "--lot", "", "--gross", "1mg", "--rest")

    def test_names(self):
        name = "精矿 концентрат مركز ☃ \U0001f40b é"
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", name, "--form", "concentrate", "--gross", "1 t",
                           "--metal", "Cu=1kg", "--alias", "№ 7 “ü”").lots
        self.assertEqual(self.net.do(MINE, "lot", "show", "№ 7 “ü”").json["name"], name)
        for bad in ("a\x1b[31mb", "a\nb", "a\x7fb", "a\u0085b", "a\u202eb"):
            result = self.net.run(MINE, "extract", "--site", "Toquepala", "--lot", bad, "--form", "concentrate", "--gross", "1 t",
                                  "--metal", "Cu=1kg")
            self.refused(result, REFUSED, "name")
            self.assertNotIn(bad, result.err)
        self.assertEqual(self.net.do(MINE, "lot", "show", lot).json["name"], name)

    def test_typing_mistakes(self):
        self.refused(self.net.run(MINE, "extrct"), USAGE, "extract")
        self.refused(self.net.run(MINE, "extract", "--grss", "1 t"), USAGE, "--gross")
        self.refused(self.net.run(MINE, "extract", "--site", "Toquepalla", *LOT, "--gross", "1 t", "--metal", "Cu=1kg"), USAGE,
                     "Toquepala")
        self.refused(self.net.run(MINE, "extract", "--site", "Toquepala", *LOT, "--gross", "1 stone", "--metal", "Cu=1kg"), USAGE,
                     "stone")
        self.refused(self.net.run(MINE, "ship", "OM-NOT-A-NUMBER", "--consignee", REFINER), USAGE, "lot number")
        self.refused(self.net.run(MINE, "lot", "show", "nowhere"), UNDECIDED, "nowhere")

    def test_no_daemon(self):
        self.refused(run("status", socket=self.net.folder / "none"), UNREACHABLE, str(self.net.folder / "none"))

    def test_wrong_passphrase(self):
        right, wrong, key = (self.net.folder / name for name in ("right", "wrong", "locked.key"))
        right.write_text("correct horse\n")
        wrong.write_text("battery staple\n")
        for path in (right, wrong):
            path.chmod(0o600)
        self.net.must("key", "new", "--name", "clerk", "--passphrase-file", right, key)
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        extract = ("extract", "--site", "Toquepala", *LOT, "--gross", "1 t", "--metal", "Cu=1kg")
        socket = self.net.daemons[MINE].socket
        self.refused(run(*extract, "--passphrase-file", wrong, socket=socket, key=key, member=MINE), USAGE, "passphrase")
        # With the right one it gets as far as the registry, which does not know the key.
        self.refused(run(*extract, "--passphrase-file", right, socket=socket, key=key, member=MINE), REFUSED, "key")
        plain = self.net.folder / "plain.key"
        self.net.must("key", "new", "--name", "clerk", "--no-passphrase", plain)
        plain.chmod(0o644)
        self.refused(run(*extract, socket=socket, key=plain, member=MINE), USAGE, str(plain), "600")

    def test_governors_write_no_lots(self):
        self.refused(self.net.run(GOVERNORS, "extract", "--site", "1", *LOT, "--gross", "1 t", "--metal", "Cu=1kg"), REFUSED)


if __name__ == "__main__":
    unittest.main()
