"""Confidential details: sealed to members, opened by them and nobody else, disclosed to an auditor, erased."""

import json
import os
import pathlib
import unittest

from network import AUDITOR, DONE, GOVERNORS, MAKER, MEMBERS, MINE, NO, REFINER, REFUSED, UNDECIDED, USAGE, NetworkTest, run, wait_until


class Details(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, AUDITOR)}
    witnesses = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {}
        for name in (MINE, REFINER, MAKER):
            cls.keys[name] = cls.net.folder / f"{cls.net.members[name][0]}.sealing"
            made = cls.net.do(name, "key", "new", "--kind", "sealing", "--name", "sealing", "--no-passphrase", cls.keys[name]).json
            if name != MAKER:  # it has one, and has not published it
                cls.net.do(name, "member", "set-sealing-key", "--public", made["public"], at=GOVERNORS)
        cls.net.wait_level()

    def extract(self, *more):
        return self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "10 t",
                           "--metal", "Cu=2.8t", *more)

    def arrives(self, name, lot):
        wait_until(lambda: self.net.run(name, "lot", "show", lot).status == DONE, f"{lot} does not arrive at {name}")

    def open(self, name, lot, *more, key=None):
        return self.net.run(name, "detail", "open", lot, "--key", self.keys[key or name], *more)

    def test_two_can_open_and_nobody_else(self):
        plan = self.net.folder / "plan.pdf"
        plan.write_bytes(os.urandom(300_000))
        made = self.net.run(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "10 t",
                            "--metal", "Cu=2.8t", "--secret", "contract=C-2026-117", "--secret", "price=8,412.50 USD/t",
                            "--secret", f"document={plan}", "--secret-to", REFINER, "--json")
        self.assertEqual(made.status, DONE, str(made))
        self.says(made.err, "contract, price, document", f"{MINE} (member 2), {REFINER} (member 3)", "every member still sees", "masses",
                  "counterparties", "origins")
        lot, = made.lots
        for name in (MINE, REFINER):
            self.arrives(name, lot)
            got = self.net.folder / f"{self.net.members[name][0]}.plan.pdf"
            opened = self.open(name, lot, "--json", "-o", got)
            self.assertEqual(opened.status, DONE, str(opened))
            details = opened.json["details"]
            self.assertEqual([(d["what"], d["value"], d["matches_log"]) for d in details],
                             [("contract", "C-2026-117", True), ("price", "8,412.50 USD/t", True), ("document", None, True)])
            self.assertEqual(got.read_bytes(), plan.read_bytes())
        self.says(self.open(REFINER, lot).out, "contract", "C-2026-117", "8,412.50 USD/t")
        self.arrives(MAKER, lot)
        self.refused(self.open(MAKER, lot), NO, "not sealed to this key")
        shown = self.net.do(MAKER, "lot", "show", lot).json
        self.assertEqual([(one["kind"], one["details"]) for one in shown["sealed"]], [("extract", ["contract", "price", "document"])])
        self.says(self.net.run(MAKER, "lot", "show", lot).out, f"extract  {MINE}: contract, price, document", f"detail list {lot}")
        listed = self.net.do(MAKER, "detail", "list", lot).json["details"]
        self.assertEqual([d["what"] for d in listed], ["contract", "price", "document"])
        self.says(listed[0]["readers"], MINE, REFINER)
        # Neither the log nor what lies beside it holds a value in clear.
        for name in (MINE, REFINER):
            for root, _, files in os.walk(self.net.daemons[name].store):
                for file in files:
                    content = pathlib.Path(root, file).read_bytes()
                    for value in (b"C-2026-117", b"8,412.50", plan.read_bytes()[:64]):
                        self.assertNotIn(value, content, file)
        self.says(self.net.run(MAKER, "lot", "history", lot).out, "sealed: contract, price, document")

    def test_disclosed_to_an_auditor(self):
        lot, = self.extract("--secret", "contract=C-7", "--secret", "price=100", "--secret-to", REFINER).lots
        self.arrives(REFINER, lot)
        shown = self.net.folder / "shown.json"
        self.net.do(REFINER, "detail", "disclose", lot, "contract", "--key", self.keys[REFINER], "-o", shown)
        self.arrives(AUDITOR, lot)
        checked = self.net.run(AUDITOR, "detail", "check", shown)
        self.assertEqual(checked.status, DONE, str(checked))
        self.says(checked.out, "contract: C-7", "TRUE", MINE)
        one = json.loads(shown.read_text())
        self.assertNotIn("100", shown.read_text().replace(one["salt"], "").replace(one["event"], "").replace(one["network"], ""))
        # Nothing in it can be another: value, salt, kind, place.
        for change in ({"value": "C-8"}, {"salt": one["salt"][:-1] + ("0" if one["salt"][-1] != "0" else "1")}, {"what": "note"},
                       {"index": 1}, {"index": 1, "what": "price"}):
            (self.net.folder / "changed.json").write_text(json.dumps({**one, **change}))
            self.refused(self.net.run(AUDITOR, "detail", "check", self.net.folder / "changed.json"), NO, "not what was committed to")
        for change in ({"format": "x"}, {"index": -1}, {"index": 8}, {"salt": "12"}, {"value": 7}, {"value_base64": "QQ=="}, {"network": ""}):
            (self.net.folder / "changed.json").write_text(json.dumps({**one, **change}))
            self.refused(self.net.run(AUDITOR, "detail", "check", self.net.folder / "changed.json"), USAGE, "disclose")
        other = self.net.do(MINE, "lot", "history", self.extract().lots[0]).json["steps"][0]["name"]
        self.arrives(AUDITOR, lot)
        self.net.wait_level()
        (self.net.folder / "changed.json").write_text(json.dumps({**one, "event": other}))
        self.refused(self.net.run(AUDITOR, "detail", "check", self.net.folder / "changed.json"), NO, "not what was committed to")
        unknown = other.split("-")[0] + "-1-" + "ab" * 32 + "/0"
        (self.net.folder / "changed.json").write_text(json.dumps({**one, "event": unknown}))
        self.refused(self.net.run(AUDITOR, "detail", "check", self.net.folder / "changed.json"), UNDECIDED, "knows no such event")

    def bundled(self, lot, name):
        """What the auditor's daemon writes of LOT once all of it is final there."""
        file = self.net.folder / name
        self.arrives(AUDITOR, lot)
        self.net.verify(AUDITOR, lot)
        self.net.do(AUDITOR, "bundle", lot, "-o", file)
        return file

    def test_checked_by_a_bundle(self):
        """No daemon is asked, and none is trusted."""
        lot, = self.extract("--secret", "contract=C-9", "--secret", "price=100", "--secret-to", REFINER).lots
        self.arrives(REFINER, lot)
        shown, changed = self.net.folder / "by-bundle.json", self.net.folder / "by-bundle-changed.json"
        self.net.do(REFINER, "detail", "disclose", lot, "contract", "--key", self.keys[REFINER], "-o", shown)
        bundle, other = self.bundled(lot, "sealed.bundle"), self.bundled(self.extract().lots[0], "other.bundle")
        state = {"XDG_STATE_HOME": str(self.net.folder / "state")}

        def check(file, *more):
            return run("detail", "check", file, "--network", self.net.genesis, *more, env=state)

        checked = check(shown, "--bundle", bundle)
        self.assertEqual(checked.status, DONE, str(checked))
        self.says(checked.out, "contract: C-9", "TRUE: this is what Toquepala Mine (member 2) committed to", f"bundle of lot {lot}", "registry head")
        said = check(shown, "--bundle", bundle, "--json").json
        self.assertEqual((said["matches_log"], said["value"], said["final"], said["bundle"]["lot"]), (True, "C-9", True, lot))
        one = json.loads(shown.read_text())
        for change in ({"value": "C-8"}, {"index": 1}, {"event": one["event"][:-1] + "1"}):
            changed.write_text(json.dumps({**one, **change}))
            result = check(changed, "--bundle", bundle)
            self.assertEqual((result.status, result.out), (UNDECIDED if "event" in change else NO, ""), str(result))
        self.refused(check(shown, "--bundle", other), UNDECIDED, "does not prove that event")
        whole = bytearray(bundle.read_bytes())
        for at in range(len(whole) // 7, len(whole), len(whole) // 7):
            whole[at] ^= 1
            changed.write_bytes(whole)
            self.refused(check(shown, "--bundle", changed), NO)
            whole[at] ^= 1
        head = said["bundle"]["registry_head"]
        self.assertEqual(check(shown, "--bundle", bundle, "--registry-head", head).status, DONE)
        self.refused(check(shown, "--bundle", bundle, "--registry-head", head.split(":")[0] + ":" + "00" * 32), NO, "not the one")
        changed.write_text(json.dumps({**one, "network": "00" * 32}))
        self.refused(check(changed, "--bundle", bundle), USAGE, "another network")
        self.refused(run("detail", "check", shown, "--bundle", bundle), USAGE, "--network")
        self.refused(self.net.run(AUDITOR, "detail", "check", shown, "--registry-head", head), USAGE, "--bundle")
        # What it has been checked against is remembered, as by verify.
        self.assertEqual([path.read_text().splitlines()[1] for path in (self.net.folder / "state").rglob("*") if path.is_file()],
                         [head.split(":")[0]])

    def test_a_bundle_that_does_not_verify_proves_nothing(self):
        """Of a mine site that nobody has looked at yet; the other sites of the mine stay as they are."""
        self.net.do(MINE, "member", "add-site", "--name", "Cuajone", "--kind", "mine", "--country", "PE", at=GOVERNORS)
        self.net.do(GOVERNORS, "member", "site-status", MINE, "Cuajone", "--status", "blue", "--from", "2020-01-01", "--until", "2999-01-01")
        self.net.wait_level()
        lot, = self.net.do(MINE, "extract", "--site", "Cuajone", "--lot", "ore", "--form", "ore", "--gross", "1 t", "--metal", "Cu=1kg",
                           "--secret", "note=wet", "--secret-to", REFINER).lots
        shown, bundle = self.net.folder / "blue.json", self.net.folder / "blue.bundle"
        self.net.do(MINE, "detail", "disclose", lot, "note", "--key", self.keys[MINE], "-o", shown)
        self.net.do(MINE, "bundle", lot, "-o", bundle)
        state = {"XDG_STATE_HOME": str(self.net.folder / "blue-state")}
        result = run("detail", "check", shown, "--bundle", bundle, "--network", self.net.genesis, env=state)
        self.refused(result, UNDECIDED, "blue.bundle", "green or yellow", "oremark verify")

    def test_erased(self):
        lot, = self.extract("--secret", "note=held for customs", "--secret-to", REFINER).lots
        digest = self.net.do(MINE, "document", "list", lot).json["documents"][0]["hash"]
        self.net.do(MINE, "document", "erase", digest)
        self.refused(self.open(MINE, lot), UNDECIDED, "erased")
        self.says(self.net.run(MINE, "detail", "list", lot).out, "erased here")
        verdict = self.net.verify(MINE, lot)
        self.assertEqual(verdict["verdict"], "verified")
        self.says("".join(f["text"] for f in verdict["findings"]), "confidential details", "erased")

    def test_signed_without_a_network(self):
        signed = self.net.folder / "extract.statement"
        made = self.net.run(MINE, "extract", "--site", "1", "--lot", "x", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=1kg",
                            "--secret", "place=12.0 S 70.6 W", "--secret-to", REFINER, "--out", signed, "--network", self.net.genesis)
        self.assertEqual(made.status, DONE, str(made))
        self.says(made.out, "document put", f"{signed}.sealed")
        self.refused(self.net.run(MINE, "submit", signed), REFUSED, "confidential details")
        self.net.do(MINE, "document", "put", f"{signed}.sealed")
        lot, = self.net.do(MINE, "submit", signed).lots
        self.says(self.open(MINE, lot).out, "12.0 S 70.6 W")

    def test_what_is_wrong_is_said(self):
        def extract(*more):
            return self.net.run(MINE, "extract", "--site", "1", "--lot", "x", "--form", "concentrate", "--gross", "1 t", "--metal",
                                "Cu=1kg", *more)
        self.refused(extract("--secret", "contract=C"), USAGE, "--secret-to")
        self.refused(extract("--secret-to", REFINER), USAGE, "--secret")
        self.refused(extract("--secret", "contract", "--secret-to", REFINER), USAGE, "contract=C-123")
        self.refused(extract("--secret", "salary=1", "--secret-to", REFINER), USAGE, "salary")
        self.refused(extract("--secret", "price=1", "--secret-to", MAKER), UNDECIDED, MAKER, "no sealing key", "set-sealing-key")
        self.refused(extract(*("--secret", "note=n") * 9, "--secret-to", REFINER), USAGE, "8")
        lot, = self.extract("--secret", "note=a", "--secret", "note=b", "--secret-to", REFINER).lots
        out = self.net.folder / "out.json"
        self.refused(self.net.run(MINE, "detail", "disclose", lot, "note", "--key", self.keys[MINE], "-o", out), USAGE, "several")
        self.refused(self.net.run(MINE, "detail", "disclose", lot, "price", "--key", self.keys[MINE], "-o", out), UNDECIDED, "no such detail")
        self.net.do(MINE, "detail", "disclose", lot, "1", "--key", self.keys[MINE], "-o", out)
        self.assertEqual(json.loads(out.read_text())["value"], "b")
        self.refused(self.net.run(MINE, "detail", "open", lot), USAGE, "--key")
        self.refused(self.net.run(MINE, "detail", "open", lot, "--key", self.net.key(MINE)), USAGE, "member key")
        plain, = self.extract().lots
        self.says(self.net.run(MINE, "detail", "list", plain).out, "no confidential details")


if __name__ == "__main__":
    unittest.main()
