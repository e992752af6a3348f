"""A daemon as a witness of other people's logs: C2SP tlog-witness over HTTP."""

import hashlib
import http.client
import shutil
import socket
import subprocess
import unittest

import tiles
from network import GOVERNORS, MEMBERS, MINE, OREMARKD, NetworkTest, free_port, wait_until

ORIGIN = "governors.example/log"


class Witnessing(NetworkTest):
    """The mine's daemon witnesses the governors' log as if it were a stranger's."""
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    witnesses = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon, cls.port = cls.net.daemons[MINE], free_port()
        log_key = cls.key(cls, GOVERNORS, "log")
        cls.daemon.stop()
        cls.daemon.configure(cls.net.genesis, witness_listen=f'"127.0.0.1:{cls.port}"', witness_logs='{"%s"}' % log_key)
        cls.daemon.start()

    def key(self, name, kind):
        return self.net.must("key", "show", self.net.daemons[name].keys / f"{kind}.key", "--json").json["public"]

    def ask(self, method, path, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request(method, path, body and body.encode())
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        return answer.status, answer.getheader("Content-Type"), text

    def checkpoint(self):
        self.net.wait_level()
        self.net.do(MINE, "publish", self.net.folder / "out")
        return tiles.Folder(self.net.folder / "out" / "governors.example_log")

    def test_witness(self):
        folder = self.checkpoint()
        note, hashes = (folder.path / "checkpoint").read_text(), [tiles.leaf(entry) for entry in folder.check()]
        monitored = "/" + hashlib.sha256(ORIGIN.encode()).hexdigest() + "/checkpoint"
        self.assertEqual(self.ask("GET", monitored)[0], 404)
        status, kind, line = self.ask("POST", "/add-checkpoint", f"old 0\n\n{note}")
        self.assertEqual((status, kind), (200, "text/plain; charset=utf-8"))
        self.assertRegex(line, r"\A— mine\.example/log [A-Za-z0-9+/]+=*\n\Z")
        self.assertEqual(self.ask("POST", "/add-checkpoint", f"old 0\n\n{note}"), (409, "text/x.tlog.size", f"{len(hashes)}\n"))
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.ask("POST", "/add-checkpoint", f"old 0\n\n{note}"), (409, "text/x.tlog.size", f"{len(hashes)}\n"))
        self.assertEqual(self.ask("POST", "/add-checkpoint", f"old {len(hashes)}\n\n{note}")[0], 200)
        status, _, text = self.ask("GET", monitored)
        self.assertEqual((status, text.split("\n\n")[0]), (200, note.split("\n\n")[0]))
        self.assertEqual(text.count("\n— "), 2)

    def test_what_is_refused(self):
        note = (self.checkpoint().path / "checkpoint").read_text()
        for method, path, body, status in (("POST", "/add-checkpoint", "old 0\n", 400), ("POST", "/add-checkpoint", "", 400),
                                           ("POST", "/add-checkpoint", "x" * 40000, 413),
                                           ("POST", "/add-checkpoint", "old 0\n\n" + note.replace("governors", "strangers"), 404),
                                           ("POST", "/add-checkpoint", "old 0\n\n" + note.replace("\n2\n", "\n3\n").replace("\n1\n", "\n2\n"), 403),
                                           ("GET", "/add-checkpoint", None, 405), ("POST", "/", "old 0\n", 404), ("GET", "/", None, 404),
                                           ("GET", "/checkpoint", None, 404), ("GET", "/../checkpoint", None, 404),
                                           ("PUT", "/add-checkpoint", "x", 405), ("POST", "/add-checkpoint/", "old 0\n", 404)):
            self.assertEqual(self.ask(method, path, body)[0], status, (method, path, body))

    def test_a_body_without_end_is_cut_off(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            link.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(1000):
                    link.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                rest = link.recv(1)
            except OSError:
                rest = b""
            self.assertEqual(rest, b"")

    def test_witnessed_by_an_outsider(self):
        """The governors' daemon asks the mine's, as if that stood outside; what it signs is published with the head, beside what
        makes it final."""
        governors = self.net.daemons[GOVERNORS]
        outsider = self.key(MINE, "witness")
        nobody = f"http://127.0.0.1:{free_port()}/"
        self.assertEqual(governors.stop(), 0)
        governors.configure(self.net.genesis,
                            outside_witnesses='{"%s http://127.0.0.1:%d", "%s %s"}' % (outsider, self.port, self.key(MINE, "cosign"), nobody))
        governors.start()
        out = self.net.folder / "outside"
        folder = tiles.Folder(out / "governors.example_log")

        def cosigned():
            self.net.do(GOVERNORS, "publish", out, "--log", ORIGIN)
            return folder.checkpoint().signers == [ORIGIN, "mine.example/log"]
        wait_until(cosigned, governors.said)
        folder.check()
        wait_until(lambda: "event=outside-witness name=mine.example/log" in governors.log.read_text(), governors.said)  # who is not there
        size = folder.checkpoint().size
        self.net.must("member", "add-site", "--name", "Second", "--kind", "plant", "--country", "SE", socket=governors.socket,
                      key=self.net.key(GOVERNORS), member=GOVERNORS)
        wait_until(lambda: cosigned() and folder.checkpoint().size == size + 1, governors.said)
        self.assertEqual(governors.stop(), 0)
        governors.start()
        self.assertTrue(cosigned())  # it is remembered
        status = {log["origin"]: log for log in self.net.do(GOVERNORS, "status").json["logs"]}
        self.assertEqual(status[ORIGIN]["quorum"], 0)

    def cosign(self, note, size):
        """Has the mine's witness cosign NOTE of SIZE, from wherever it is; status and text."""
        status, _, text = self.ask("POST", "/add-checkpoint", f"old 0\n\n{note}")
        return (status, text) if status != 409 else self.ask("POST", "/add-checkpoint", f"old {size}\n\n{note}")[::2]

    def test_yesterdays_store_cosigns_no_more(self):
        """What was cosigned is noted beside the key: with a store that is lost, or that was put back, it could sign another history."""
        folder = self.checkpoint()
        note, size = (folder.path / "checkpoint").read_text(), folder.checkpoint().size
        store, kept = self.daemon.store / "witnessed", self.net.folder / "kept"
        self.assertEqual(self.daemon.stop(), 0)
        shutil.rmtree(store, ignore_errors=True)
        self.fresh_key()
        self.daemon.start()
        shutil.copytree(store, kept)
        self.assertEqual(self.cosign(note, size)[0], 200)
        for put_back in (True, False):
            self.assertEqual(self.daemon.stop(), 0)
            shutil.rmtree(store)
            if put_back:
                shutil.copytree(kept, store)
            self.daemon.start()
            status, text = self.cosign(note, size)
            self.assertEqual(status, 503, text)
            self.says(text, "new key")
            self.says(self.daemon.said(), "event=witness-key", "witness.used", "oremark key new --kind witness")
        self.assertEqual(self.daemon.stop(), 0)
        self.fresh_key()
        self.daemon.start()
        self.assertEqual(self.cosign(note, size)[0], 200)

    def fresh_key(self):
        path = self.daemon.keys / "witness.key"
        path.unlink()
        self.net.must("key", "new", "--kind", "witness", "--no-passphrase", "--name", "mine.example/log", path)

    def test_settings(self):
        conf = self.net.folder / "other.conf"
        text = self.daemon.conf.read_text()
        for change, words in ((('witness-logs = {"', 'witness-logs = {"x'), ["witness-logs", "key id"]),
                              ((self.key(GOVERNORS, "log"), self.key(GOVERNORS, "cosign")), ["witness-logs", "not a log's"]),
                              (("witness-logs", 'outside-witnesses = {"' + self.key(MINE, "log") + ' https://w/"}\nwitness-logs'),
                               ["outside-witnesses", "not a witness's"]),
                              (("witness-logs", 'outside-witnesses = {"' + self.key(MINE, "witness") + ' ftp://w/"}\nwitness-logs'),
                               ["outside-witnesses", "https"]),
                              ((f'"127.0.0.1:{self.port}"', '"127.0.0.1"'), ["witness-listen", "port"])):
            self.assertIn(change[0], text)
            conf.write_text(text.replace(*change))
            result = self.check(conf)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.says(result.stderr, *words)

    def check(self, conf):
        return subprocess.run([OREMARKD, "--config", conf, "--check-config"], capture_output=True, text=True, timeout=60)


if __name__ == "__main__":
    unittest.main()
