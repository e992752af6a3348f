"""Judges that others wrote and the Go module proxy has: litewitness and omniwitness cosign our logs, tessera has its log cosigned
by us and checks our published logs, torchwood reads our policies, proofs and tiles.

With OREMARK_JUDGES=1; it takes a network and minutes for building them (Go fetches a newer Go by itself where one is asked for).
A tool that can't be had is skipped, with the reason. All of them listen and speak on loopback only. Sigsum's witness is not among
them: the Go module proxy does not give sigsum.org/sigsum-go out.
"""

import base64
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

import skips
import tiles
from network import GOVERNORS, MEMBERS, MINE, NetworkTest, die_with_parent, free_port, wait_until

TORCHWOOD = "filippo.io/torchwood@v0.10.0"
TESSERA = "github.com/transparency-dev/tessera@v1.0.4"
WITNESS = "github.com/transparency-dev/witness@v0.0.0-20260720115447-2e1c6971d19e"
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "judges"
ORIGIN = "governors.example/log"
BUILD_S = 1800
EMPTY_ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # of RFC 6962's empty tree


class Tools(NetworkTest):
    """The governors' log, which outsiders witness; the governors' and the mine's, published."""
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    quorum = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bin = cls.net.folder / "bin"
        cls.sites = 0

    def go(self, *words, cwd=None):
        env = {**os.environ, "GOBIN": str(self.bin), "GOTOOLCHAIN": "auto", "GOFLAGS": "", "GO111MODULE": "on"}
        done = subprocess.run(["go", *words], env=env, cwd=cwd or self.net.folder, capture_output=True, text=True, timeout=BUILD_S)
        if done.returncode != 0:
            self.skipTest(f"can't be had: go {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}")

    def tool(self, module, command):
        """Builds COMMAND of MODULE, "path@version"; the program."""
        path, version = module.split("@")
        self.go("install", f"{path}/{command}@{version}")
        return self.bin / command.split("/")[-1]

    def serve(self, *command):
        """Starts a server, which ends with the test; its log."""
        log = self.net.folder / f"{pathlib.Path(command[0]).name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=die_with_parent)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return log

    def key(self, name, kind="log"):
        return self.net.must("key", "show", self.net.daemons[name].keys / f"{kind}.key", "--json").json["public"]

    def published(self, name=GOVERNORS):
        out = self.net.folder / f"{self.id()}-out"
        self.net.do(name, "publish", out, "--log", self.net.daemons[name].origin)
        return tiles.Folder(out / self.net.daemons[name].origin.replace("/", "_"))

    def grow(self):
        """One entry more in the governors' log."""
        Tools.sites += 1
        self.net.must("member", "add-site", "--name", f"Site {Tools.sites}", "--kind", "plant", "--country", "SE",
                      socket=self.net.daemons[GOVERNORS].socket, key=self.net.key(GOVERNORS), member=GOVERNORS)

    def restart(self, **settings):
        daemon = self.net.daemons[GOVERNORS]
        self.assertEqual(daemon.stop(), 0)
        daemon.configure(self.net.genesis, **settings)
        daemon.start()
        return daemon

    def cosigned_by(self, vkey, port, log):
        """Has the witness with VKEY at PORT cosign the governors' log as it grows, and after it was forgotten here how far that is."""
        name = vkey.split("+")[0]
        daemon = self.restart(outside_witnesses=f'"{vkey} http://127.0.0.1:{port}/"')
        policy = self.net.folder / f"{self.id()}.policy"
        policy.write_text(f"log {self.key(GOVERNORS)}\nwitness outsider {vkey}\nquorum outsider\n")

        def signs():
            head = self.published().checkpoint()
            return head.size if name in head.signers else None

        def said():
            return daemon.said() + log.read_text()
        size = wait_until(signs, said)
        for _ in range(2):
            self.grow()
            wait_until(lambda: (signs() or 0) > size, said)
            size = signs()
        self.assertEqual(daemon.stop(), 0)
        shutil.rmtree(daemon.store / "outside")
        daemon.start()
        self.assertEqual(wait_until(signs, said), size)  # it has told where it is
        self.assertNotIn("event=outside-witness ", daemon.said())
        proof = self.net.folder / f"{self.id()}.proof"
        head = (self.published().path / "checkpoint").read_text()
        self.net.do(GOVERNORS, "proof", ORIGIN, 0, "-o", proof)
        text = proof.read_text().split("\n\n", 1)[0] + "\n\n" + head
        proof.write_text(text)
        said = self.net.must("verify-proof", proof, "--policy", policy).out
        self.assertIn(f"cosigned by {name}\n", said)
        at = text.rindex(name) + len(name) + 20
        proof.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
        self.assertNotEqual(self.net.run(GOVERNORS, "verify-proof", proof, "--policy", policy).status, 0)
        self.restart()

    def test_litewitness(self):
        program, port = self.tool(TORCHWOOD, "cmd/litewitness"), free_port()
        folder = self.net.folder / "lite"
        folder.mkdir()
        agent, key, db = folder / "agent", folder / "key", folder / "db"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=60)
        self.serve("ssh-agent", "-D", "-a", agent)
        wait_until(agent.exists, "no agent")
        subprocess.run(["ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": str(agent)}, check=True, timeout=60)
        print_ = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True, timeout=60).stdout.split()[1]
        command = (program, "-name", "litewitness.example/w", "-db", db, "-ssh-agent", agent, "-key", print_,
                   "-listen", f"127.0.0.1:{port}")
        log = self.serve(*command)
        vkey = wait_until(lambda: re.search(r"vkey=(\S+)", log.read_text()), log.read_text).group(1).strip('"')
        with sqlite3.connect(db) as base:  # as its witnessctl add-log and add-key do, which can't be built without sigsum-go
            base.execute("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", (ORIGIN, EMPTY_ROOT))
            base.execute("INSERT INTO key (origin, key) VALUES (?, ?)", (ORIGIN, self.key(GOVERNORS)))
        self.cosigned_by(vkey, port, log)

    def test_omniwitness(self):
        program, make_keys, port = self.tool(WITNESS, "cmd/omniwitness"), self.tool(WITNESS, "cmd/generate_keys"), free_port()
        folder = self.net.folder / "omni"
        folder.mkdir()
        subprocess.run([make_keys, "-origin", "omniwitness.example/w", "-out_priv", folder / "key", "-out_pub", folder / "vkey"],
                       check=True, timeout=60)
        (folder / "logs.yaml").write_text(f"Logs:\n  - Origin: {ORIGIN}\n    URL: http://127.0.0.1/\n    PublicKey: {self.key(GOVERNORS)}\n")
        log = self.serve(program, "-listen", f"127.0.0.1:{port}", "-metrics_listen", "", "-db_file", folder / "db",
                         "-private_key_path", folder / "key", "-additional_logs", folder / "logs.yaml", "-logtostderr")
        self.cosigned_by((folder / "vkey").read_text().strip(), port, log)

    def test_tessera_has_its_log_cosigned_here(self):
        program, make_keys, port = self.tool(TESSERA, "cmd/examples/posix-oneshot"), self.tool(WITNESS, "cmd/generate_keys"), free_port()
        folder = self.net.folder / "tessera"
        (folder / "entries").mkdir(parents=True)
        origin = "tessera.example/log"
        subprocess.run([make_keys, "-origin", origin, "-out_priv", folder / "key", "-out_pub", folder / "vkey"], check=True, timeout=60)
        secret = (folder / "key").read_text().strip()
        public = base64.b64decode((folder / "vkey").read_text().strip().split("+", 2)[2])[1:]
        vkey = f"{origin}+{secret.split('+')[3]}+" + base64.b64encode(b"\1" + public).decode()  # the log's, where that is a witness's
        daemon = self.restart(witness_listen=f'"127.0.0.1:{port}"', witness_logs='{"%s"}' % vkey)
        witness = self.key(GOVERNORS, "witness")
        (folder / "policy").write_text(f"witness us {witness} http://127.0.0.1:{port}/\nquorum us\n")
        for i in range(3):
            (folder / "entries" / str(i)).write_text(f"entry {i}\n")
            done = subprocess.run([program, "-storage_dir", folder / "log", "-entries", folder / "entries" / str(i), "-private_key",
                                   folder / "key", "-witness_policy_file", folder / "policy", "-witness_timeout", "60s", "-logtostderr"],
                                  capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr + daemon.said())
            head = tiles.Checkpoint((folder / "log" / "checkpoint").read_text())
            self.assertEqual((head.origin, head.size), (origin, i + 1))
            self.assertIn(witness.split("+")[0], head.signers)
        self.restart()

    def record(self, n):
        path = self.net.folder / f"{self.id()}.csv"
        path.write_text("event,site,material,form,gross,metals,aliases\n" + "".join(
            f"extract,Toquepala,concentrate,concentrate,20 t,Cu=5.2t,{self.id()}-{i}\n" for i in range(n)))
        self.net.do(MINE, "import", path, "--events", "1")
        self.net.wait_level()
        wait_until(lambda: all(log["size"] == log["final_size"] for log in self.net.do(MINE, "status").json["logs"]), "not all is final")

    def test_tessera_checks_what_is_published(self):
        program = self.tool(TESSERA, "cmd/fsck")
        self.record(300)
        key = self.net.folder / "vkey"

        def says(folder):  # its exit status is 0 whatever it finds
            done = subprocess.run([program, "--ui=false", "--logtostderr", f"--storage_url=file://{folder.path}/", f"--public_key={key}"],
                                  capture_output=True, text=True, timeout=300)
            return done.stdout + done.stderr
        for name in (GOVERNORS, MINE):
            folder = self.published(name)
            key.write_text(self.key(name) + "\n")
            self.assertIn(f"Successfully fsck'd log with size {folder.checkpoint().size} ", says(folder))
        key.write_text(self.key(GOVERNORS) + "\n")
        self.assertIn("fsck failed", says(folder))  # the judge is awake

    def test_torchwood_reads_policy_proofs_and_tiles(self):
        build = self.net.folder / "torchwood"
        shutil.copytree(SOURCE / "torchwood", build)
        self.go("mod", "init", "judge", cwd=build)
        self.go("get", TORCHWOOD, cwd=build)
        self.go("build", "-o", "judge", ".", cwd=build)
        self.record(300)
        policy, folder, proofs = self.net.folder / "mine.policy", self.published(MINE).path, []
        self.net.do(MINE, "network", "policy", "mine.example/log", "-o", policy)
        for index in (0, 255, 256, 299):
            proofs.append(self.net.folder / f"{index}.tlog-proof")
            self.net.do(MINE, "proof", "mine.example/log", index, "-o", proofs[-1])

        def judge():
            return subprocess.run([build / "judge", policy, folder, *proofs], capture_output=True, text=True, timeout=120)
        done = judge()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for index in (0, 255, 256, 299):
            self.assertIn(f"{index}.tlog-proof proves entry {index}\n", done.stdout)
        text = policy.read_text()
        policy.write_text(text.replace(self.key(GOVERNORS, "cosign"), self.key(GOVERNORS, "witness")))
        self.assertNotEqual(policy.read_text(), text)
        self.assertNotEqual(judge().returncode, 0)  # the judge is awake


if __name__ == "__main__":
    if not os.environ.get("OREMARK_JUDGES"):
        skips.skip("with OREMARK_JUDGES=1, litewitness, omniwitness, tessera and torchwood are fetched by the Go module proxy")
    if shutil.which("go") is None:
        skips.skip("no Go compiler here")
    skips.main()
