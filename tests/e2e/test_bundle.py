"""A lot's history in a file: written by a daemon, checked by the command with the genesis file alone."""

import hashlib
import os
import stat
import unittest

from network import AUDITOR, DONE, GOVERNORS, MEMBERS, MINE, NO, REFINER, UNDECIDED, USAGE, NetworkTest, run, wait_until


class Bundles(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, AUDITOR)}
    witnesses = (GOVERNORS, REFINER, AUDITOR)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        do = cls.net.do
        cls.paper = b"bill of lading 4711\n" * 90000  # more than one part
        (cls.net.folder / "bill.pdf").write_bytes(cls.paper)
        ore, = do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "20 t", "--metal",
                  "Cu=5.6t", "--alias", "ORE-1", "--document", cls.net.folder / "bill.pdf").lots
        do(MINE, "assay", ore, "--side", "seller", "--method", "XRF", "--result", "Cu=28.05%")
        do(MINE, "ship", ore, "--consignee", REFINER, "--mode", "rail", "--with-title")
        wait_until(lambda: ore in {lot["number"] for lot in do(REFINER, "lots", "--incoming").json["lots"]}, "it is not announced")
        do(REFINER, "receive", ore, "--site", "Ilo")
        cls.anode, = do(REFINER, "transform", ore, "--site", "Ilo", "--process", "smelt", "--lot", "anode", "--form", "anode", "--gross",
                        "5.5 t", "--metal", "Cu=5.4t", "--loss", "slag:Cu=200kg", "--alias", "ANODE-1", "--wait-final").lots
        cls.net.wait_level()
        cls.net.verify(AUDITOR, cls.anode)
        cls.bundle = cls.net.folder / "anode.bundle"
        cls.net.do(AUDITOR, "bundle", cls.anode, "-o", cls.bundle)

    def setUp(self):
        self.state = self.net.folder / "state" / self.id()
        self.scratch = self.net.folder / "scratch" / self.id()
        self.scratch.mkdir(parents=True)

    def verify(self, path, *more, genesis=None):
        """With no daemon, no key, and nothing remembered but what this test has verified."""
        return run("verify", path, "--network", genesis or self.net.genesis, *more,
                   env={"XDG_STATE_HOME": str(self.state), "TMPDIR": str(self.scratch)})

    def altered(self, at):
        path = self.net.folder / f"altered-{self.id()}-{at}"
        whole = bytearray(self.bundle.read_bytes())
        whole[at] ^= 1
        path.write_bytes(whole)
        return path

    def test_it_says_what_a_daemon_says(self):
        result = self.verify(self.bundle, "--json")
        self.assertEqual(result.status, DONE, str(result))
        offline, online = result.json, self.net.verify(AUDITOR, self.anode, "--deep")
        self.assertEqual((offline["verdict"], offline["lot"]), ("verified", self.anode))
        self.assertEqual(offline["records"], online["records"])
        self.assertEqual(offline["findings"], [f for f in online["findings"] if f["kind"] != "document"])
        passed = {check["name"]: check["passed"] for check in offline["checks"]}
        for name in ("signatures", "custody", "balance", "attribution", "chain", "rules", "head", "mark"):
            self.assertGreater(passed[name], 0, name)
        self.assertGreaterEqual(offline["signatures"], 4)
        self.assertEqual({head["origin"]: head["quorum"] for head in offline["heads"]},
                         {head["origin"]: head["quorum"] for head in online["heads"]})
        self.assertEqual({head["quorum"] for head in offline["heads"]}, {2, 3})
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_the_screen(self):
        result = self.verify(self.bundle, "--explain")
        self.assertEqual(result.status, DONE, str(result))
        self.says(result.out, "VERIFIED", self.anode, "registry head", "less than a day ago", "not checked", "signatures", "extract",
                  MINE, "under its head at", "cosigned by 3 operators", "for the seller: Cu 28.05 % (XRF)",
                  "side by side: Cu: seller 28.05 % by", "only one side has stated a result")
        first, last = result.out.index("extract"), result.out.index("transform")
        self.assertLess(first, last)

    def test_documents(self):
        """The mine's daemon holds the bill of lading; the auditor's has not asked for it."""
        digest, out = hashlib.sha256(self.paper).hexdigest(), self.net.folder / "documents"
        for name, held in ((MINE, 1), (AUDITOR, 0)):
            bundle = self.net.folder / f"{held}.bundle"
            self.assertEqual(self.net.do(name, "bundle", self.anode, "-o", bundle, "--with-documents").json["documents"], held)
            result = self.verify(bundle, "--json", "--documents", out)
            self.assertEqual((result.status, result.json["documents"]), (DONE, held), str(result))
            check, = (check for check in result.json["checks"] if check["name"] == "documents")
            self.assertEqual((check["passed"], check["failed"]), (held, 0))
            self.assertEqual([f["kind"] for f in result.json["findings"] if f["kind"] != "assay"], [] if held else ["document"])
        self.assertEqual([path.name for path in out.iterdir()], [digest])
        self.assertEqual((out / digest).read_bytes(), self.paper)
        whole = self.net.folder / "1.bundle"
        self.says(self.verify(whole).out, "1 document is in the file", "--documents")
        data = bytearray(whole.read_bytes())
        data[-3000] ^= 1  # of the document's last part
        altered = self.net.folder / "altered-document"
        altered.write_bytes(data)
        self.refused(self.verify(altered), NO, "document", "another hash")
        self.taken_out_of_what_fails(whole)

    def taken_out_of_what_fails(self, whole):
        """The document is there, whole, before the file turns out to be cut off: nothing of it is left anywhere."""
        cut, folder = self.net.folder / "cut-document", self.net.folder / "taken-out"
        cut.write_bytes(whole.read_bytes()[:-3])
        for there in (False, True):
            if there:
                folder.mkdir()
            self.refused(self.verify(cut, "--documents", folder), NO, "cut off")
            self.assertEqual(folder.exists(), there)
            self.assertEqual(list(self.net.folder.glob("taken-out*")), [folder] if there else [])
            self.assertEqual(list(folder.iterdir()) if there else [], [])
        self.assertEqual(self.verify(whole, "--documents", folder).status, DONE)
        self.assertEqual(len(list(folder.iterdir())), 1)

    def test_as_of(self):
        """What a daemon says of the moment, the file says too; what it can't say, it says so."""
        steps = [(record["origin"], record["index"]) for record in self.verify(self.bundle, "--explain", "--json").json["explained"]]
        made, ship = steps[0], steps[1]
        own = self.net.folder / "ore.bundle"
        self.net.do(AUDITOR, "bundle", "ORE-1", "-o", own)
        for (origin, index), records in ((made, 1), (ship, 2)):
            at = f"{origin}:{index + 1}"
            online = self.net.run(AUDITOR, "lot", "verify", "ORE-1", "--at", at, "--json").json
            result = self.verify(own, "--at", at, "--explain", "--json")
            if result.status != UNDECIDED:  # the last one: whether the receipt was marked then the file does not know
                self.assertEqual(result.status, DONE, str(result))
                self.assertEqual((result.json["records"], len(result.json["explained"])), (records, records))
                self.assertEqual(result.json["as_of"]["step"], online["as_of"]["step"])
            else:
                self.assertEqual((origin, index), ship)
                self.says(result.err, "can't tell", "--at")
        self.refused(self.verify(own, "--at", "2000-01-01"), UNDECIDED, "was not there then")
        self.refused(self.verify(own, "--at", f"{made[0]}:1000000"), UNDECIDED, "entries are final here")
        self.refused(self.verify(own, "--at", "yesterday"), USAGE, "yesterday")
        self.says(self.verify(own, "--at", f"{made[0]}:{made[1] + 1}").out, "as of", "VERIFIED: 1 record")

    def test_explained_as_json(self):
        explained = self.verify(self.bundle, "--explain", "--json").json["explained"]
        self.assertEqual([record["kind"] for record in explained], ["extract", "ship", "receive", "transform"])

    def test_a_bundle_is_not_overwritten_and_says_how_to_be_checked(self):
        again = self.net.run(AUDITOR, "bundle", "ANODE-1", "-o", self.bundle)
        self.assertNotEqual(again.status, DONE)
        self.says(again.err, "exists already")
        other = self.net.folder / "other.bundle"
        said = self.net.do(REFINER, "bundle", "ANODE-1", "-o", other).json
        self.assertEqual((said["records"], said["bytes"]), (4, other.stat().st_size))
        self.assertEqual(stat.S_IMODE(other.stat().st_mode), 0o644 & ~os.umask(os.umask(0)))
        self.says(self.net.run(REFINER, "bundle", "ANODE-1", "-o", self.net.folder / "third.bundle").out, "oremark verify", "registry head")
        self.refused(self.net.run(REFINER, "bundle", "ANODE-1"), USAGE, "--out")
        self.assertNotEqual(self.net.run(REFINER, "bundle", "NO-SUCH", "-o", self.net.folder / "none").status, DONE)
        self.assertFalse((self.net.folder / "none").exists())

    def test_altered_cut_and_foreign_files(self):
        size = self.bundle.stat().st_size
        for at in (0, 20, size // 3, size // 2, size - 1):
            self.refused(self.verify(self.altered(at)), NO)
        cut = self.net.folder / "cut"
        cut.write_bytes(self.bundle.read_bytes()[:size // 2])
        self.refused(self.verify(cut), NO, "cut off")
        empty = self.net.folder / "empty"
        empty.write_bytes(b"")
        self.refused(self.verify(empty), NO, "no bundle")
        self.refused(self.verify(self.net.genesis), NO, "no bundle")
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_typed_wrong(self):
        self.refused(run("verify", self.bundle), USAGE, "--network")
        self.refused(self.verify(self.bundle, "--registry-head", "12"), USAGE, "12", "64 hexadecimal")
        self.refused(self.verify(self.bundle, genesis=self.bundle), USAGE)
        self.assertNotEqual(self.verify(self.net.folder / "nowhere").status, DONE)

    def test_another_network(self):
        spec = (self.net.folder / "spec").read_text()
        other_spec, other = self.net.folder / "other-spec", self.net.folder / "other-genesis"
        other_spec.write_text(spec)
        made = run("network", "new", other_spec, "--out", other)
        self.assertEqual(made.status, DONE, str(made))
        self.refused(self.verify(self.bundle, genesis=other), NO, "network")

    def test_an_older_registry_is_refused_once_a_newer_one_was_seen(self):
        head = self.verify(self.bundle, "--json").json["registry_head"]
        size, root = head.split(":")
        self.assertEqual(self.verify(self.bundle, "--registry-head", head).status, DONE)
        self.refused(self.verify(self.bundle, "--registry-head", f"{size}:{'00' * 32}"), NO)
        self.net.do(MINE, "member", "add-site", "--name", "Cuajone", "--kind", "mine", "--country", "PE", at=GOVERNORS)
        newer = self.net.folder / "newer.bundle"

        def goes_further():
            newer.unlink(missing_ok=True)
            return int(self.net.do(AUDITOR, "bundle", self.anode, "-o", newer).json["registry_head"].split(":")[0]) > int(size)

        wait_until(goes_further, "the registry does not go on")
        self.assertEqual(self.verify(newer, "--registry-head", head).status, DONE)
        self.refused(self.verify(self.bundle), NO, "registry", str(self.state))
        self.assertEqual(self.verify(newer).status, DONE)
        # What is given by hand counts beside a higher one that is remembered.
        self.refused(self.verify(newer, "--registry-head", f"{size}:{'00' * 32}"), NO, "not the one")


if __name__ == "__main__":
    unittest.main()
