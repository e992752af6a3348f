"""Judges that nobody here wrote: Go's sumdb/note and sumdb/tlog (Debian: golang-golang-x-mod-dev) read what is published.

Skipped where there is no Go compiler with these packages.
"""

import glob
import os
import pathlib
import shutil
import subprocess

import skips
from network import GOVERNORS, MEMBERS, MINE, NetworkTest, free_port, wait_until

GOCODE = pathlib.Path("/usr/share/gocode")
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "judges"


def go():
    """Debian's compiler, which has its library ready; else any."""
    return next(iter(sorted(glob.glob("/usr/lib/go-*/bin/go"), reverse=True)), shutil.which("go"))


class Judges(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    quorum = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.judge = cls.net.folder / "judge"
        env = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOCODE), "GOCACHE": str(cls.net.folder / "go-cache"), "GOFLAGS": "",
               "GOTOOLCHAIN": "local", "CGO_ENABLED": "1"}  # as its library is built
        subprocess.run([go(), "build", "-o", cls.judge, SOURCE / "judge.go"], env=env, cwd=cls.net.folder, check=True, timeout=600)
        cls.out, cls.runs = cls.net.folder / "out", 0

    def record(self, n):
        """N more entries in the mine's log, all final, and published."""
        Judges.runs += 1
        path = self.net.folder / f"{Judges.runs}.csv"
        path.write_text("event,site,material,form,gross,metals,aliases\n" + "".join(
            f"extract,Toquepala,concentrate,concentrate,20 t,Cu=5.2t,J-{Judges.runs}-{i}\n" for i in range(n)))
        self.net.do(MINE, "import", path, "--events", "1")
        self.net.wait_level()
        wait_until(lambda: all(log["size"] == log["final_size"] for log in self.net.do(MINE, "status").json["logs"]), "not all is final")
        self.net.do(MINE, "publish", self.out)

    def key(self, name, kind="log"):
        return self.net.must("key", "show", self.net.daemons[name].keys / f"{kind}.key", "--json").json["public"]

    def says(self, name, *proofs, options=(), good=True):
        folder = self.out / self.net.daemons[name].origin.replace("/", "_")
        done = subprocess.run([self.judge, *options, self.key(name), folder, *proofs], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode == 0, good, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_sumdb(self):
        """Checkpoint, tiles, bundles, consistency and proofs of two logs, one of them with tiles at two levels; and witnessing."""
        self.record(100)
        old = self.net.folder / "old"
        shutil.copy(self.out / "mine.example_log" / "checkpoint", old)
        self.record(200)
        proofs = []
        for index in (0, 99, 256, 299):
            proofs.append(self.net.folder / f"{index}.tlog-proof")
            self.net.do(MINE, "proof", "mine.example/log", index, "-o", proofs[-1])
        said = self.says(MINE, *proofs, options=("-old", old))
        self.assertEqual(said.count("proves entry"), 4, said)
        self.assertIn("goes on from", said)
        self.assertIn("governors.example/log: 2 entries", self.says(GOVERNORS))
        # A client that is not ours asks the governors' daemon to witness the log.
        witness, port = self.net.daemons[GOVERNORS], free_port()
        self.assertEqual(witness.stop(), 0)
        witness.configure(self.net.genesis, witness_listen=f'"127.0.0.1:{port}"', witness_logs='{"%s"}' % self.key(MINE))
        witness.start()
        asked = ("-old", old, "-witness", f"http://127.0.0.1:{port}", "-witness-key", self.key(GOVERNORS, "witness"))
        self.assertIn("governors.example/log witnesses it", self.says(MINE, options=asked))
        # The judge is awake.
        bundle = self.out / "mine.example_log" / "tile/entries/000"
        right = bundle.read_bytes()
        bundle.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
        self.assertIn("entry 255", self.says(MINE, good=False))
        bundle.write_bytes(right)
        proofs[0].write_text(proofs[0].read_text().replace("index 0\n", "index 1\n"))
        self.says(MINE, proofs[0], good=False)


if __name__ == "__main__":
    if not go() or not (GOCODE / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        skips.skip("no Go compiler with golang.org/x/mod/sumdb here (Debian: golang-go, golang-golang-x-mod-dev)")
    skips.main()
