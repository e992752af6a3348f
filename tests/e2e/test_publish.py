"""Logs as files that any web server can serve: whole, incremental, never rewritten, whatever interrupts a run."""

import base64
import os
import shutil
import subprocess
import unittest

import tiles
from network import (DONE, GOVERNORS, MEMBERS, MINE, NO, OREMARK, REFUSED, UNDECIDED, UNREACHABLE, USAGE, NetworkTest, die_with_parent,
                     run, wait_until)

FOLDERS = {"governors.example/log": "governors.example_log", "mine.example/log": "mine.example_log"}
MANY = 600  # entries: two full tiles, a partial one, and one above


class Publish(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    quorum = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = 0
        cls.record(cls, MANY)

    def record(self, n):
        """N more entries in the mine's log, all final."""
        Publish.runs += 1
        path = self.net.folder / f"{Publish.runs}.csv"
        path.write_text("event,site,material,form,gross,metals,aliases\n" + "".join(
            f"extract,Toquepala,concentrate,concentrate,20 t,Cu=5.2t,PUB-{Publish.runs}-{i}\n" for i in range(n)))
        self.net.do(MINE, "import", path, "--events", "1")
        self.net.wait_level()
        wait_until(lambda: all(log["size"] == log["final_size"] for name in self.members
                               for log in self.net.do(name, "status").json["logs"]), "not all is final")

    def setUp(self):
        self.out = self.net.folder / self.id()
        self.mine = tiles.Folder(self.out / FOLDERS["mine.example/log"])

    def publish(self, *words, at=MINE):
        return {log["origin"]: log for log in self.net.do(at, "publish", self.out, *words).json["logs"]}

    def sizes(self):
        return {log["origin"]: log["size"] for log in self.net.do(MINE, "status").json["logs"]}

    def test_whole(self):
        """At the daemon whose log it is, and the same at one that mirrors it; the second run writes nothing."""
        told = self.publish()
        for origin, folder in FOLDERS.items():
            folder = tiles.Folder(self.out / folder)
            folder.check()
            checkpoint = folder.checkpoint()
            self.assertEqual((checkpoint.origin, checkpoint.size), (origin, self.sizes()[origin]))
            self.assertEqual((told[origin]["state"], told[origin]["size"]), ("published", checkpoint.size))
            self.assertEqual(sorted(checkpoint.signers), sorted(FOLDERS))
            self.assertEqual(told[origin]["files"], len(folder.files()))
        before = {folder: tiles.Folder(self.out / folder).files() for folder in FOLDERS.values()}
        stamps = {file: file.stat().st_mtime_ns for file in self.out.rglob("*")}
        again = self.publish()
        self.assertEqual({(log["state"], log["files"], log["bytes"]) for log in again.values()}, {("unchanged", 0, 0)})
        self.assertEqual(stamps, {file: file.stat().st_mtime_ns for file in self.out.rglob("*")})
        self.out = self.net.folder / "mirror"
        self.publish(at=GOVERNORS)
        for folder, files in before.items():
            mirrored = tiles.Folder(self.out / folder).files()
            self.assertEqual({name: files[name] for name in files if name != "checkpoint"},
                             {name: mirrored[name] for name in mirrored if name != "checkpoint"})

    def test_one_log(self):
        self.assertEqual(list(self.publish("--log", "mine.example/log")), ["mine.example/log"])
        self.assertEqual([path.name for path in self.out.iterdir()], ["mine.example_log"])
        self.refused(self.net.run(MINE, "publish", self.out, "--log", "nobody.example/log"), USAGE, "nobody.example/log", "oremark status")
        self.says(self.net.run(MINE, "publish", self.out).out, "governors.example/log", "mine.example/log: nothing new")

    def test_growth(self):
        """Only what is new is written; partial tiles stay until the full one is there."""
        self.publish()
        old, files = self.mine.checkpoint(), self.mine.files()
        self.record(3)
        told = self.publish()["mine.example/log"]
        new = self.mine.checkpoint()
        self.assertGreaterEqual(new.size, old.size + 3)
        self.mine.check()
        now = self.mine.files()
        self.assertEqual({name: files[name] for name in files if name != "checkpoint"},
                         {name: now.get(name) for name in files if name != "checkpoint"})
        self.assertEqual(told["files"], len(now) - len(files) + 1)
        self.record(256 - new.size % 256)
        self.publish()
        self.mine.check()
        gone = f"tile/0/{tiles.number(new.size // 256)}.p/{new.size % 256}"
        self.assertIn(gone, now)
        self.assertNotIn(gone, self.mine.files())
        self.assertNotIn(gone.replace("/0/", "/entries/"), self.mine.files())

    def test_interrupted(self):
        """Whatever a run that was cut off has left, the next one completes it; a checkpoint is never there without its tiles."""
        self.publish()
        whole = self.mine.files()
        shutil.rmtree(self.out)
        env = {**os.environ, "HOME": "/nonexistent", "OREMARK_SOCKET": str(self.net.daemons[MINE].socket)}
        for stop_at in ("tile/0/000", "tile/entries/001", "tile/0/001"):
            with subprocess.Popen([OREMARK, "publish", self.out], env=env, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent) as cut:
                wait_until(lambda: (self.mine.path / stop_at).exists() or cut.poll() is not None, stop_at)
                cut.kill()
            if (self.mine.path / "checkpoint").exists():
                self.mine.check()
        (self.mine.path / "checkpoint").unlink(missing_ok=True)
        (self.mine.path / ".new").write_bytes(b"half a tile")
        os.remove(self.mine.path / "tile/entries/001")
        self.publish()
        self.mine.check()
        self.assertEqual(self.mine.files(), whole)

    def test_damaged_there(self):
        """A published file with other bytes is named, and left as it is."""
        self.publish()
        file = self.mine.path / "tile/entries/001"
        right = file.read_bytes()
        file.write_bytes(right[:-1] + b"?")
        self.assertEqual(self.publish()["mine.example/log"]["state"], "unchanged")
        result = self.net.run(MINE, "publish", self.out, "--all")
        self.assertEqual(result.status, REFUSED, str(result))
        self.says(result.err, str(file), "other bytes", "delete it")
        self.assertEqual(file.read_bytes(), right[:-1] + b"?")
        file.unlink()
        self.assertEqual(self.publish("--all")["mine.example/log"]["files"], 1)
        self.assertEqual(file.read_bytes(), right)

    def test_another_history_there(self):
        self.publish("--log", "mine.example/log")
        checkpoint = self.mine.path / "checkpoint"
        right = checkpoint.read_text()
        lines = right.split("\n")
        for change, words in (({0: "other.example/log"}, ["no checkpoint of mine.example/log", "another folder"]),
                              ({2: "A" * 43 + "="}, ["not of the history", "another one"]),
                              ({1: "300", 2: "A" * 43 + "="}, ["300 entries", "not of the history"])):
            text = "\n".join(change.get(i, line) for i, line in enumerate(lines))
            checkpoint.write_text(text)
            result = self.net.run(MINE, "publish", self.out, "--log", "mine.example/log")
            self.refused(result, REFUSED, *words)
            self.assertEqual(checkpoint.read_text(), text)
        checkpoint.write_text("\n".join({1: "99999"}.get(i, line) for i, line in enumerate(lines)))
        told = self.publish("--log", "mine.example/log")["mine.example/log"]
        self.assertEqual((told["state"], told["size"], told["files"]), ("newer-there", 99999, 0))

    def check_proof(self, path, index, checkpoint=None):
        """The entry that the file proves."""
        head, note = path.read_text().split("\n\n", 1)
        heading, extra, at, *hashes = head.split("\n")
        self.assertEqual((heading, at), ("c2sp.org/tlog-proof@v1", f"index {index}"))
        entry = base64.b64decode(extra.removeprefix("extra "), validate=True)
        checkpoint = tiles.Checkpoint(note)
        self.assertEqual(sorted(checkpoint.signers), sorted(FOLDERS))
        self.assertEqual(tiles.climb(index, checkpoint.size, tiles.leaf(entry), [base64.b64decode(h) for h in hashes]), checkpoint.root)
        return entry

    def test_proofs(self):
        self.publish()
        entries = self.mine.check()
        file = self.net.folder / "x.tlog-proof"
        for index in (0, 1, 255, 256, 511, 512, len(entries) - 1):
            self.net.do(MINE, "proof", "mine.example/log", index, "-o", file)
            self.assertEqual(self.check_proof(file, index), entries[index])
        lot = self.net.do(GOVERNORS, "proof", "PUB-1-17", "-o", file).json
        self.assertIn(b"PUB-1-17", self.check_proof(file, lot["index"]))
        made = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "c", "--form", "concentrate", "--gross", "1 t", "--metal",
                           "Cu=280kg", "--wait-final").json
        told = self.net.do(MINE, "proof", "--statement", made["statement"], "-o", file).json
        self.assertEqual((told["origin"], told["index"]), ("mine.example/log", made["index"]))
        self.check_proof(file, made["index"])
        before = file.read_bytes()
        self.refused(self.net.run(MINE, "proof", "mine.example/log", 99999, "-o", file), UNDECIDED, "99999", "not final yet")
        self.refused(self.net.run(MINE, "proof", "none.example/log", 1, "-o", file), USAGE, "none.example/log", "oremark status")
        self.refused(self.net.run(MINE, "proof", "mine.example/log", "one", "-o", file), USAGE, "one")
        self.refused(self.net.run(MINE, "proof", "PUB-1-17"), USAGE, "--out")
        self.assertEqual(file.read_bytes(), before)

    def test_policies(self):
        """What proof and policy write is what verify-proof takes; nothing else is."""
        policy, proof, other = (self.net.folder / name for name in ("mine.policy", "p.tlog-proof", "governors.policy"))
        text = self.net.do(MINE, "network", "policy", "-o", policy).json["policy"]
        self.assertEqual(text, policy.read_text())
        self.assertEqual([line.split()[0] for line in text.splitlines() if not line.startswith("#")], ["log", "witness", "group", "quorum"])
        self.assertEqual(text, self.net.do(GOVERNORS, "network", "policy", "mine.example/log").json["policy"])
        other.write_text(self.net.run(MINE, "network", "policy", "governors.example/log").out)
        self.net.do(MINE, "proof", "mine.example/log", 300, "-o", proof)
        seen = run("verify-proof", proof, "--policy", policy, "--json").json
        self.assertEqual((seen["verified"], seen["origin"], seen["index"], seen["cosigned_by"]), (True, "mine.example/log", 300, ["governors.example/log"]))
        self.says(run("verify-proof", proof, "--policy", policy).out, "VERIFIED: entry 300 of mine.example/log", "governors.example/log", "not checked")
        self.refused(run("verify-proof", proof, "--policy", other), NO, "no log mine.example/log")
        lines = proof.read_text().split("\n")
        wrong = self.net.folder / "wrong"
        for i, line in ((2, "index 301"), (3, lines[4]), (1, "extra " + base64.b64encode(b"another").decode())):
            wrong.write_text("\n".join(lines[:i] + [line] + lines[i + 1:]))
            self.refused(run("verify-proof", wrong, "--policy", policy), NO, "entry")
        wrong.write_text("\n".join(lines[:-2]) + "\n")  # no cosignature
        self.refused(run("verify-proof", wrong, "--policy", policy), NO, "too few")
        wrong.write_text("\n".join(lines[:1] + lines[2:]))
        self.refused(run("verify-proof", wrong, "--policy", policy), USAGE, "--entry")
        entry = self.net.folder / "entry"
        entry.write_bytes(base64.b64decode(lines[1].removeprefix("extra ")))
        self.assertEqual(run("verify-proof", wrong, "--policy", policy, "--entry", entry).status, DONE)
        self.refused(run("verify-proof", entry, "--policy", policy), REFUSED, "tlog-proof")
        self.refused(run("verify-proof", proof, "--policy", entry), REFUSED, "tlog-policy")
        self.refused(self.net.run(MINE, "network", "policy", "none.example/log"), USAGE, "none.example/log")

    def test_two_at_once(self):
        self.publish("--log", "mine.example/log")
        with subprocess.Popen(["flock", self.mine.path, "-c", "echo; read wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              preexec_fn=die_with_parent) as holder:
            holder.stdout.readline()
            self.refused(self.net.run(MINE, "publish", self.out, "--log", "mine.example/log"), UNREACHABLE, "at work in", str(self.mine.path))
            holder.communicate(b"\n")
        self.publish("--log", "mine.example/log")

    def test_nowhere(self):
        (self.out.parent / (self.out.name + ".file")).write_text("")
        self.refused(self.net.run(MINE, "publish", f"{self.out}.file", "--log", "mine.example/log"), UNREACHABLE, f"{self.out}.file")
        self.refused(self.net.run(MINE, "publish"), USAGE, "DIR")
        self.refused(run("publish", self.out, socket=self.net.folder / "none"), UNREACHABLE, "no daemon")


class DamagedStore(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    witnesses = ()

    def test_is_not_published(self):
        self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t",
                    "--metal", "Cu=280kg", "--alias", "UNMISTAKABLE-17")
        self.net.wait_level()
        daemon = self.net.daemons[MINE]
        self.assertEqual(daemon.stop(), 0)
        data = daemon.store / "data.mdb"
        data.write_bytes(data.read_bytes().replace(b"UNMISTAKABLE-17", b"UNMISTAKABLE-18"))
        daemon.start()
        out = self.net.folder / "out"
        result = self.net.run(MINE, "publish", out)
        self.assertEqual(result.status, UNREACHABLE, str(result))
        self.says(self.net.run(MINE, "network", "policy").out, "quorum none", "nothing protects")
        proof = self.net.run(MINE, "proof", "UNMISTAKABLE-18", "-o", self.net.folder / "proof")
        self.refused(proof, UNREACHABLE, "of mine.example/log", "does not hash", "damaged")
        self.assertFalse((self.net.folder / "proof").exists())
        self.says(result.err, "entry", "of mine.example/log", "does not hash", "damaged")
        tiles.Folder(out / FOLDERS["governors.example/log"]).check()
        self.assertEqual(tiles.Folder(out / FOLDERS["mine.example/log"]).files(), {})


if __name__ == "__main__":
    unittest.main()
