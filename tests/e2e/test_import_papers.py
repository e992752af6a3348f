"""What goes with the rows of a CSV: documents beside it, details that only some may read."""

import hashlib
import os
import subprocess
import time
import unittest

from network import DONE, GOVERNORS, MAKER, MEMBERS, MINE, OREMARK, REFINER, REFUSED, UNREACHABLE, NetworkTest, die_with_parent, wait_until

COLUMNS = "event,site,form,gross,metals,aliases,documents,secrets,secret-to,waste"


def row(alias, documents="", secrets="", to="", event="extract", waste=""):
    return f'{event},Toquepala,concentrate,20 t,Cu=5.2t,{alias},{documents},"{secrets}","{to}",{waste}'


class ImportPapers(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER)}
    witnesses = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sealing = cls.net.folder / "ilo.sealing"
        made = cls.net.do(REFINER, "key", "new", "--kind", "sealing", "--name", "sealing", "--no-passphrase", cls.sealing).json
        cls.net.do(REFINER, "member", "set-sealing-key", "--public", made["public"], at=GOVERNORS)
        cls.net.wait_level()

    def file(self, *rows):
        """A CSV in a folder of its own, which its documents are beside; nobody works in that folder."""
        folder = self.net.folder / f"{self.id()}-{time.monotonic_ns()}"
        folder.mkdir()
        path = folder / "events.csv"
        path.write_text("\n".join((COLUMNS, *rows)) + "\n")
        return path

    def paper(self, path, name, content=None):
        content = content or os.urandom(1000)
        (path.parent / name).write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def listed(self, lot, at=MINE):
        return [(d["name"], d["hash"], d["state"]) for d in self.net.do(at, "document", "list", lot).json["documents"]]

    def test_documents_are_beside_the_file(self):
        path = self.file(row("D-1", "assay.pdf; bill of lading.pdf"), row("D-2", "assay.pdf"), row("D-3"), row("D-4", "assay.pdf;lost.pdf"))
        assay, bill = self.paper(path, "assay.pdf"), self.paper(path, "bill of lading.pdf")
        result = self.net.run(MINE, "import", path, "--json")
        self.assertEqual(result.status, REFUSED, str(result))
        self.says(result.err, "line 5: column documents: can't read", str(path.parent / "lost.pdf"))
        self.assertEqual([bad["line"] for bad in result.json["bad"]], [5])
        self.assertEqual((result.json["recorded"], result.json["documents"]), (3, 2))
        self.assertEqual(sorted(self.listed("D-1")), [("assay.pdf", assay, "held"), ("bill of lading.pdf", bill, "held")])
        self.assertEqual(self.listed("D-2"), [("assay.pdf", assay, "held")])
        self.assertEqual(self.listed("D-3"), [])
        self.says(self.net.run(MINE, "import", self.file(row("D-5", str(path.parent / "assay.pdf")))).out, "1 document brought")

    def test_details_are_sealed(self):
        """Whatever statement a row ends up in: the row between is refused, and the others are sealed anew."""
        path = self.file(row("S-1", secrets="contract=C-17;price=8,412.50 USD/t", to=REFINER),
                         row("S-2", secrets="note=wet", to=MAKER),
                         row("S-3", secrets="note=wet"),
                         row("S-4", event="collect", waste="post-consumer", secrets="note=not a recycler", to=REFINER),
                         row("S-5", "assay.pdf", "document=plan.pdf", f"{REFINER}"),
                         row("S-6", secrets="document=lost.pdf", to=REFINER))
        self.paper(path, "assay.pdf")
        self.paper(path, "plan.pdf")
        result = self.net.run(MINE, "import", path, "--json")
        told = {bad["line"]: bad["why"] for bad in result.json["bad"]}
        self.assertEqual(sorted(told), [3, 4, 5, 7], told)
        for line, word in ((3, "published no sealing key"), (4, "column secret-to"), (5, "role"), (7, "lost.pdf")):
            self.says(told[line], word)
        wait_until(lambda: self.net.run(REFINER, "lot", "show", "S-5").status == DONE, "it does not arrive")
        for lot, want in (("S-1", [("contract", "C-17"), ("price", "8,412.50 USD/t")]), ("S-5", [("document", None)])):
            plan = self.net.folder / f"{lot}.plan"
            opened = self.net.do(REFINER, "detail", "open", lot, "--key", self.sealing, "-o", plan).json["details"]
            self.assertEqual([(d["what"], d["value"], d["matches_log"]) for d in opened], [(*one, True) for one in want])
        self.assertEqual(plan.read_bytes(), (path.parent / "plan.pdf").read_bytes())
        said = self.net.run(MINE, "import", self.file(row("S-7", secrets="note=dry", to=REFINER)))
        self.says(said.err, "details of 1 event are sealed; every member still sees", "masses", "counterparties",
                  "you have published no sealing key")
        self.assertNotIn("dry", said.err + said.out)

    def test_interrupted_and_resumed(self):
        """Every row stands in the log once, with its document; nothing is read again for what stands there."""
        rows = 60
        path = self.file(*(row(f"I-{i}", f"{i}.pdf", "note=x" if i % 3 == 0 else "", REFINER if i % 3 == 0 else "") for i in range(rows)))
        digests = [self.paper(path, f"{i}.pdf") for i in range(rows)]
        journal = path.with_name(path.name + ".oremark")
        command = [OREMARK, "import", path, "--events", "2", "--socket", self.net.daemons[MINE].socket, "--key", self.net.key(MINE),
                   "--member", MINE]
        for cut in (600, 5000):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       preexec_fn=die_with_parent)
            while process.poll() is None and not (journal.exists() and journal.stat().st_size > cut):
                time.sleep(0.001)
            process.kill()
            process.wait()
        missing = path.parent / f"{rows - 1}.pdf"
        kept = missing.read_bytes()
        missing.unlink()
        last = self.net.run(MINE, "import", path, "--events", "2", "--json")
        self.assertEqual((last.status, last.json["recorded"] + last.json["recorded_before"]), (REFUSED, rows - 1), str(last))
        self.assertGreater(last.json["recorded_before"], 0)
        missing.write_bytes(kept)
        for i in range(rows - 1):
            (path.parent / f"{i}.pdf").unlink()
        again = self.net.do(MINE, "import", path).json
        self.assertEqual((again["recorded"], again["recorded_before"], again["documents"]), (1, rows - 1, 1))
        for i in (0, 1, 2, rows // 2, rows - 1):
            self.assertIn((f"{i}.pdf", digests[i], "held"), self.listed(f"I-{i}"))
        lots = self.net.do(MINE, "lots", "--all").json["lots"]
        self.assertEqual(sorted(a for lot in lots for a in lot["aliases"] if a.startswith("I-")), sorted(f"I-{i}" for i in range(rows)))

    def test_a_daemon_without_room(self):
        """Its rows are not to blame: the import stops and goes on later."""
        daemon = self.net.daemons[MINE]
        daemon.stop()
        daemon.configure(self.net.genesis, documents_max='"1MiB"')
        daemon.start()
        path = self.file(row("F-1"), row("F-2", "large.pdf"))
        self.paper(path, "large.pdf", os.urandom(3 << 20))
        stopped = self.net.run(MINE, "import", path)
        self.assertEqual(stopped.status, UNREACHABLE, str(stopped))
        self.says(stopped.err, "large.pdf", "run it again to go on")
        daemon.stop()
        daemon.configure(self.net.genesis)
        daemon.start()
        self.assertEqual(self.net.do(MINE, "import", path).json["recorded"], 2)
        self.net.wait_linked()


if __name__ == "__main__":
    unittest.main()
