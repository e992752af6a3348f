"""Documents beside the logs: put, named, had from another daemon, altered, erased, too large, killed halfway."""

import hashlib
import os
import threading
import unittest

from network import DONE, GOVERNORS, MEMBERS, MINE, NO, REFINER, REFUSED, UNDECIDED, UNREACHABLE, USAGE, NetworkTest, wait_until

PART = 512 << 10


class Documents(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER)}
    witnesses = ()

    def file(self, name, content):
        path = self.net.folder / name
        path.write_bytes(content)
        return path, hashlib.sha256(content).hexdigest()

    def stored(self, name, digest):
        return self.net.daemons[name].store / "documents" / digest[:2] / digest

    def extract(self, *more, **kinds):
        return self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "10 t",
                           "--metal", "Cu=2.8t", *more, **kinds)

    def test_an_event_brings_its_documents(self):
        assay, a = self.file("assay 1.pdf", b"%PDF-1.4 assay" + os.urandom(100))
        scan, s = self.file("scan.png", os.urandom(3 * PART + 17))
        lot, = self.extract("--document", assay, "--document", scan).lots
        steps = self.net.do(MINE, "lot", "history", lot).json["steps"]
        named = steps[0]["documents"]
        self.assertEqual([d["hash"] for d in named], sorted((a, s)))
        of = {d["hash"]: d for d in named}
        self.assertEqual((of[a]["name"], of[a]["media"], of[a]["size"]), ("assay 1.pdf", "application/pdf", len(assay.read_bytes())))
        self.assertEqual(self.stored(MINE, s).read_bytes(), scan.read_bytes())
        self.says(self.net.run(MINE, "lot", "history", lot).out, "2 documents:", "scan.png")
        listed = self.net.do(MINE, "document", "list", lot).json["documents"]
        self.assertEqual([(d["hash"], d["state"]) for d in listed], [(h, "held") for h in sorted((a, s))])
        shown = self.net.do(MINE, "lot", "show", lot).json
        self.assertEqual((shown["documents"], shown["sealed"]), (listed, []))
        self.says(self.net.run(MINE, "lot", "show", lot).out, "documents", "assay 1.pdf", "held", a, s)
        back = self.net.folder / "back.png"
        self.net.do(MINE, "document", "get", s, "-o", back)
        self.assertEqual(back.read_bytes(), scan.read_bytes())

    def test_of_attestations(self):
        paper, digest = self.file("certificate.pdf", os.urandom(200))
        lot, = self.extract().lots
        self.net.do(MINE, "assay", lot, "--side", "seller", "--method", "ICP-OES", "--result", "Cu=28.0%", "--document", paper)
        listed, = self.net.do(MINE, "document", "list", lot).json["documents"]
        self.assertEqual((listed["hash"], listed["kind"], listed["state"]), (digest, "assay", "held"))
        name = self.net.do(MINE, "attestations", "--lot", lot).json["attestations"][0]["name"]
        listed, = self.net.do(MINE, "document", "list", name).json["documents"]
        self.assertEqual((listed["hash"], listed["name"], listed["member_name"]), (digest, "certificate.pdf", MINE))
        self.says(self.net.run(MINE, "attestations", "--lot", lot).out, "1 document: certificate.pdf")
        self.assertEqual(self.check(lot), ("verified", 1, 0, []))
        self.stored(MINE, digest).write_bytes(b"another")
        self.assertEqual(self.check(lot)[:3], ("failed", 0, 1))
        self.net.do(MINE, "document", "erase", digest)
        verdict, _, failed, findings = self.check(lot)
        self.assertEqual((verdict, failed), ("verified", 0))
        self.says(findings[0], "certificate.pdf", "erased")

    def test_nothing_is_recorded_whose_document_is_not_there(self):
        paper, digest = self.file("paper.txt", b"carried on a stick\n")
        signed = self.net.folder / "extract.statement"
        made = self.net.run(MINE, "extract", "--site", "1", "--lot", "x", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=1kg",
                            "--document", paper, "--out", signed, "--network", self.net.genesis)
        self.assertEqual(made.status, DONE, str(made))
        self.says(made.out, "put that first", "document put")
        self.refused(self.net.run(MINE, "submit", signed), REFUSED, "paper.txt", "document put")
        self.net.do(MINE, "document", "put", paper)
        lot, = self.net.do(MINE, "submit", signed).lots
        # Handed in again, when the paper has been erased meanwhile, it gets its first receipt.
        self.net.do(MINE, "document", "erase", digest)
        self.assertTrue(self.net.do(MINE, "submit", signed).json["again"])
        self.assertEqual(self.net.do(MINE, "document", "list", lot).json["documents"][0]["state"], "erased")

    def test_what_is_wrong_is_said(self):
        empty, _ = self.file("empty", b"")
        large, _ = self.file("large", b"\0" * ((16 << 20) + 1))
        one, _ = self.file("one", b"1")
        same, _ = self.file("same", b"1")
        self.refused(self.net.run(MINE, "document", "put", empty), USAGE, "empty")
        self.refused(self.net.run(MINE, "document", "put", large), USAGE, "16777216")
        self.refused(self.net.run(MINE, "document", "put", self.net.folder / "nowhere"), UNREACHABLE, "nowhere")
        self.refused(self.net.run(MINE, "document", "get", "abc", "-o", self.net.folder / "x"), USAGE, "64 hexadecimal digits")
        self.refused(self.net.run(MINE, "document", "erase", "ab" * 32), UNDECIDED, "not held")
        result = self.net.run(MINE, "extract", "--site", "1", "--lot", "x", "--form", "concentrate", "--gross", "1 t", "--metal", "Cu=1kg",
                              "--document", one, "--document", same)
        self.refused(result, USAGE, "same bytes")

    def test_erased_and_put_again(self):
        paper, digest = self.file("permit.pdf", os.urandom(5000))
        self.extract("--document", paper)
        self.net.do(MINE, "document", "erase", digest)
        self.assertFalse(self.stored(MINE, digest).exists())
        self.refused(self.net.run(MINE, "document", "get", digest, "-o", self.net.folder / "gone"), UNDECIDED, "erased")
        self.net.do(MINE, "document", "put", paper)
        self.net.do(MINE, "document", "get", digest, "-o", self.net.folder / "again.pdf")
        self.assertEqual((self.net.folder / "again.pdf").read_bytes(), paper.read_bytes())

    def check(self, lot):
        """What verify says of documents: passed, failed, and its findings of them."""
        verdict = self.net.verify(MINE, lot)
        check, = (c for c in verdict["checks"] if c["name"] == "documents")
        return verdict["verdict"], check["passed"], check["failed"], [f["text"] for f in verdict["findings"] if f["kind"] == "document"]

    def test_verify_hashes_them_again(self):
        a, first = self.file("a.pdf", os.urandom(1000))
        b, second = self.file("b.pdf", os.urandom(1000))
        c, _ = self.file("c.pdf", os.urandom(1000))
        lot, = self.extract("--document", a, "--document", b).lots
        part, _ = self.net.do(MINE, "split", lot, "--lot", "p", "--gross", "4 t", "--metal", "Cu=1t", "--lot", "q", "--gross", "6 t",
                              "--metal", "Cu=1.8t", "--document", c).lots
        self.assertEqual(self.check(part), ("verified", 3, 0, []))  # also what its lineage names
        self.net.do(MINE, "document", "erase", first)
        verdict, passed, failed, findings = self.check(part)
        self.assertEqual((verdict, passed, failed, len(findings)), ("verified", 2, 0, 1))
        self.says(findings[0], "a.pdf", "erased")
        self.stored(MINE, second).write_bytes(os.urandom(1000))
        verdict, passed, failed, findings = self.check(part)
        self.assertEqual((verdict, passed, failed, len(findings)), ("failed", 1, 1, 1))
        shown = self.net.run(MINE, "lot", "verify", part)
        self.says(shown.out, "FAILED", "b.pdf", "altered")
        self.assertEqual(shown.status, NO)
        self.stored(MINE, second).unlink()
        verdict, passed, failed, findings = self.check(part)
        self.assertEqual((verdict, passed, failed, len(findings)), ("verified", 1, 0, 2))
        self.says("".join(findings), "b.pdf", "not held here")

    def test_altered_bytes_are_not_given_out(self):
        paper, digest = self.file("weights.csv", b"gross,20.01\n")
        self.extract("--document", paper)
        self.stored(MINE, digest).write_bytes(b"gross,20.10\n")
        self.refused(self.net.run(MINE, "document", "get", digest, "-o", self.net.folder / "no.csv"), UNREACHABLE, "another hash")
        self.net.do(MINE, "document", "put", paper)
        self.assertEqual(self.stored(MINE, digest).read_bytes(), paper.read_bytes())


    def test_another_daemon_has_it(self):
        scan, digest = self.file("scan.pdf", os.urandom(2 * PART + 3))
        lot, = self.extract("--document", scan).lots
        wait_until(lambda: self.net.run(REFINER, "lot", "show", lot).status == DONE, "the lot does not arrive")
        self.assertEqual(self.net.do(REFINER, "document", "list", lot).json["documents"][0]["state"], "missing")
        finding, = (f["text"] for f in self.net.verify(REFINER, lot)["findings"] if f["kind"] == "document")
        self.says(finding, "scan.pdf", "not held here")
        got = self.net.folder / "got.pdf"
        self.net.do(REFINER, "document", "get", digest, "-o", got)
        self.assertEqual(got.read_bytes(), scan.read_bytes())
        self.assertEqual(self.stored(REFINER, digest).read_bytes(), scan.read_bytes())  # and gives it to others
        self.net.do(MINE, "document", "erase", digest)
        self.net.do(GOVERNORS, "document", "get", digest, "-o", self.net.folder / "third.pdf")
        # What was erased is not fetched again, though others hold it.
        self.refused(self.net.run(MINE, "document", "get", digest, "-o", self.net.folder / "mine.pdf"), UNDECIDED, "erased")
        self.assertFalse(self.stored(MINE, digest).exists())
        self.refused(self.net.run(REFINER, "document", "get", "12" * 32, "-o", self.net.folder / "x"), UNDECIDED, "no daemon")

    def test_altered_bytes_are_not_fetched(self):
        paper, digest = self.file("grade.txt", b"Cu 28.45 %")
        lot, = self.extract("--document", paper).lots
        wait_until(lambda: self.net.run(REFINER, "lot", "show", lot).status == DONE, "the lot does not arrive")
        self.stored(MINE, digest).write_bytes(b"Cu 82.45 %")
        self.refused(self.net.run(REFINER, "document", "get", digest, "-o", self.net.folder / "y"), UNDECIDED, "no daemon")
        self.net.do(GOVERNORS, "document", "put", paper)
        good = self.net.folder / "good.txt"
        wait_until(lambda: self.net.run(REFINER, "document", "get", digest, "-o", good).status == DONE, "it is not fetched")
        self.assertEqual((self.net.folder / "good.txt").read_bytes(), paper.read_bytes())


class Limits(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    witnesses = ()

    def test_the_total_is_limited(self):
        daemon = self.net.daemons[MINE]
        daemon.stop()
        daemon.configure(self.net.genesis, documents_max='"1MiB"')
        daemon.start()
        papers = []
        for i, size in enumerate((PART, PART, 1)):
            papers.append(self.net.folder / f"paper{i}")
            papers[i].write_bytes(os.urandom(size))
        self.net.do(MINE, "document", "put", papers[0], papers[1])
        self.refused(self.net.run(MINE, "document", "put", papers[2]), UNREACHABLE, "documents-max", "erase")
        self.net.do(MINE, "document", "erase", hashlib.sha256(papers[0].read_bytes()).hexdigest())
        self.net.do(MINE, "document", "put", papers[2])
        daemon.stop()  # what is there counts after a start, too
        daemon.start()
        self.refused(self.net.run(MINE, "document", "put", papers[0]), UNREACHABLE, "documents-max")

    def test_killed_while_one_is_put(self):
        daemon = self.net.daemons[GOVERNORS]
        paper = self.net.folder / "long.pdf"
        for _ in range(3):
            paper.write_bytes(os.urandom(16 << 20))
            digest = hashlib.sha256(paper.read_bytes()).hexdigest()
            stored = daemon.store / "documents" / digest[:2] / digest
            putting = threading.Thread(target=self.net.run, args=(GOVERNORS, "document", "put", paper))
            putting.start()
            new = daemon.store / "documents" / "new"
            wait_until(lambda: any(new.iterdir()) or stored.exists(), "nothing arrives")
            daemon.kill()
            putting.join()
            if stored.exists():  # under its name it is whole
                self.assertEqual(stored.read_bytes(), paper.read_bytes())
            daemon.start()
            self.assertEqual(list(new.iterdir()), [])
            self.net.do(GOVERNORS, "document", "put", paper)
            self.assertEqual(stored.read_bytes(), paper.read_bytes())


if __name__ == "__main__":
    unittest.main()
