"""A daemon's life: settings, start, two on one folder, kill -9 under load, clean stop, garbage on its sockets."""

import json
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import threading
import unittest

from network import DONE, GOVERNORS, MEMBERS, MINE, OREMARKD, UNREACHABLE, USAGE, Daemon, Network, NetworkTest, wait_until

TWO = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}


def extract(net, alias):
    return net.run(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t", "--metal",
                   "Cu=280kg", "--alias", alias, "--json")


class Life(NetworkTest):
    members = TWO
    witnesses = ()

    @property
    def daemon(self):
        return self.net.daemons[MINE]

    def spare(self, name, **changes):
        """A second daemon of the same keys, with its own folder, socket and port unless CHANGES say otherwise."""
        folder = self.net.folder / name
        folder.mkdir()
        spare = Daemon(folder, self.daemon.origin)
        spare.keys = self.daemon.keys
        spare.configure(**{"genesis": self.net.genesis, **changes})
        return spare

    def works(self):
        result = extract(self.net, f"after {self.id()}")
        self.assertEqual(result.status, DONE, f"{result}\n{self.daemon.said()}")

    def fails(self, spare, status, *words):
        spare.launch()
        self.assertEqual(spare.ends(), status, spare.said())
        last = spare.said().strip().splitlines()[-1]
        self.assertTrue(last.startswith("oremarkd: "), spare.said())
        self.says(last, *words)

    def test_kill_under_load(self):
        """Whatever was acknowledged before kill -9 is there afterwards, whole."""
        acknowledged, refusals, lock = [], [], threading.Lock()

        def load(worker, round_):
            for i in range(1000):
                result = extract(self.net, f"L-{round_}-{worker}-{i}")
                if result.status != DONE:
                    refusals.append(result.err)
                    return
                with lock:
                    acknowledged.append((result.lots[0], f"L-{round_}-{worker}-{i}"))

        for round_ in range(3):
            before = len(acknowledged)
            workers = [threading.Thread(target=load, args=(worker, round_)) for worker in range(3)]
            for worker in workers:
                worker.start()
            enough = random.randint(10, 40)
            wait_until(lambda: len(acknowledged) >= before + enough, lambda: f"no load: {refusals}")
            self.daemon.kill()
            for worker in workers:
                worker.join()
            self.daemon.start()
            lots = {lot["number"]: lot["aliases"] for lot in self.net.do(MINE, "lots", "--all").json["lots"]}
            for number, alias in acknowledged:
                self.assertEqual(lots.get(number), [alias])
            self.assertTrue(all(json.loads(text)["error"]["code"] == "io" for text in refusals), refusals)
            self.assertEqual(self.net.verify(MINE, acknowledged[-1][0])["verdict"], "verified")

    def test_clean_stop(self):
        self.assertTrue(self.daemon.socket.exists())
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())
        self.assertFalse(self.daemon.socket.exists())
        self.daemon.start()

    def test_second_daemon_on_the_same_folder(self):
        second = self.spare("second", store=f'"{self.daemon.store}"')
        self.fails(second, UNREACHABLE, str(self.daemon.store), "another")
        self.works()

    def test_socket_in_use(self):
        self.fails(self.spare("in-use", socket=f'"{self.daemon.socket}"'), UNREACHABLE, str(self.daemon.socket), "in use")
        self.works()
        spare = self.spare("no-socket")
        spare.socket.write_text("a file")
        self.fails(spare, UNREACHABLE, str(spare.socket))
        self.assertEqual(spare.socket.read_text(), "a file")

    def test_port_in_use(self):
        self.fails(self.spare("port", listen=f'{{"127.0.0.1:{self.daemon.port}"}}'), UNREACHABLE, str(self.daemon.port), "in use")

    def test_read_only_folder(self):
        spare = self.spare("read-only")
        spare.store.mkdir()
        spare.store.chmod(0o555)
        keys = spare.folder / "keys"
        shutil.copytree(self.daemon.keys, keys)
        spare.configure(self.net.genesis, keys=f'"{keys}"')
        kinds = {}
        if os.getuid() == 0:  # whom no mode stops: run it as nobody, whose everything else is
            self.net.folder.chmod(0o755)
            for path in [spare.folder, keys, *keys.iterdir()]:
                os.chown(path, 65534, 65534)
            kinds = {"user": 65534, "group": 65534, "extra_groups": []}
        done = subprocess.run([OREMARKD, "--config", spare.conf], capture_output=True, text=True, timeout=60, **kinds)
        self.assertEqual(done.returncode, UNREACHABLE, done.stderr)
        self.says(done.stderr, str(spare.store), "permission denied")

    def test_genesis_of_another_network(self):
        other = Network(TWO, ())
        self.addCleanup(other.end)
        self.daemon.stop()
        self.daemon.configure(other.genesis)
        self.fails(self.daemon, USAGE, "another network")
        self.daemon.configure(self.net.genesis)
        self.daemon.start()
        bad = self.net.folder / "bad-genesis"
        bad.write_bytes(self.net.genesis.read_bytes()[:-1])
        self.fails(self.spare("truncated", genesis=bad), USAGE, str(bad))
        self.fails(self.spare("absent", genesis="/nonexistent/genesis"), USAGE, "/nonexistent/genesis")

    def test_keys_that_are_not_the_registrys(self):
        keys = self.net.folder / "other-keys"
        self.net.must("key", "new", "--daemon", self.daemon.origin, keys)
        link = keys / "link.key"
        link.unlink()
        link.write_bytes((self.daemon.keys / "link.key").read_bytes())
        link.chmod(0o600)
        self.fails(self.spare("keys", keys=f'"{keys}"'), USAGE, "log key")

    def check(self, text):
        conf = self.net.folder / "check.conf"
        conf.write_text(text)
        done = subprocess.run([OREMARKD, "--config", conf, "--check-config"], capture_output=True, text=True, timeout=60)
        return done, conf

    def test_settings(self):
        good = self.daemon.conf.read_text()
        done, _ = self.check(good)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        good = "".join(line for line in good.splitlines(keepends=True) if not line.startswith(("listen", "log-level", "map-size")))
        lines = good.count("\n")
        for wrong, word in (("thread = 2", "thread"), ('threads = "many"', "threads"), ("threads = 0", "threads"),
                            ('map-size = "64 bytes"', "map-size"), ('log-level = "loud"', "log-level"),
                            ('store = "elsewhere"', "second time"), ('listen = {"localhost"}', "port"), ('peer "x" { }', "address"),
                            ('socket = "a', "closed")):
            done, conf = self.check(good + "\n\n" + wrong + "\n")
            self.assertEqual(done.returncode, USAGE, wrong)
            self.assertEqual(done.stdout, "")
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.says(done.stderr, f"{conf}:{lines + 3}:", word)

    def frame_of(self, size):
        return struct.pack(">I", size)

    def test_garbage_on_the_sockets(self):
        """Random bytes, frames too long, frames cut short, nothing at all: the daemon goes on."""
        rng = random.Random(20260101)
        blobs = [rng.randbytes(n) for n in (1, 100, 5000)] + [self.frame_of(0xffffffff), self.frame_of(2 << 20) + b"x" * 1000,
                 self.frame_of(1000) + b"short", self.frame_of(0), self.frame_of(4) + b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b""]
        blobs += [self.frame_of(n) + rng.randbytes(n) for n in (10, 1000, 60000)]
        for blob in blobs:
            for family, address in ((socket.AF_UNIX, str(self.daemon.socket)), (socket.AF_INET, ("127.0.0.1", self.daemon.port))):
                with socket.socket(family) as s:
                    s.settimeout(30)
                    s.connect(address)
                    try:
                        s.sendall(blob)
                        s.shutdown(socket.SHUT_WR)
                        while s.recv(65536):
                            pass
                    except (ConnectionResetError, BrokenPipeError):
                        pass
        self.assertTrue(self.daemon.running(), self.daemon.said())
        self.works()


if __name__ == "__main__":
    unittest.main()
