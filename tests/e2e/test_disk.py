"""A full disk: said clearly, nothing acknowledged is lost, and work goes on once there is room.

Needs a small file system of its own: runs itself again in a mount namespace, and is skipped where that is not allowed.
"""

import os
import shutil
import subprocess
import sys
import unittest

import tiles
from network import DONE, GOVERNORS, MEMBERS, MINE, UNREACHABLE, NetworkTest

SKIPPED = 77
INSIDE = "OREMARK_TEST_INSIDE"


def in_a_namespace():
    """Runs this test again where it may mount; its exit status."""
    for words in (["unshare", "-m"], ["unshare", "-Urm"]):
        probe = f"mount -t tmpfs -o size=1m none {os.path.dirname(os.path.abspath(__file__))}"
        if shutil.which("unshare") and subprocess.run([*words, "sh", "-c", probe], capture_output=True).returncode == 0:
            return subprocess.run([*words, sys.executable, "-B", *sys.argv], env={**os.environ, INSIDE: "1"}).returncode
    print("skipped: no file system may be mounted here, so no disk can be full")
    return SKIPPED


class DiskTest(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE)}
    witnesses = ()

    def extract(self, i):
        return self.net.run(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t",
                            "--metal", "Cu=280kg", "--alias", f"D-{i}", "--json")

    def import_file(self, rows):
        path = self.net.folder / "big.csv"
        path.write_text("event,site,material,form,gross,metals,aliases\n" + "".join(
            f"extract,Toquepala,concentrate,concentrate,1 t,Cu=280kg,I-{i}\n" for i in range(rows)))
        return path


class FullDisk(DiskTest):
    def mount(self, size):
        store = self.net.daemons[MINE].store
        remount = ",remount" if os.path.ismount(store) else ""
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}{remount}", "none", store], check=True)

    def unmount(self):
        if self.net.daemons[MINE].running():
            self.assertEqual(self.net.daemons[MINE].stop(), 0)
        subprocess.run(["umount", self.net.daemons[MINE].store], check=True)

    def test_full(self):
        daemon = self.net.daemons[MINE]
        self.assertEqual(daemon.stop(), 0)
        kept = daemon.folder / "kept"
        daemon.store.rename(kept)
        daemon.store.mkdir()
        self.mount("4m")
        self.addCleanup(self.unmount)
        shutil.copytree(kept, daemon.store, dirs_exist_ok=True)
        daemon.start()
        acknowledged = [self.extract(i) for i in range(5)]
        self.assertEqual({result.status for result in acknowledged}, {DONE})
        path, rows = self.import_file(20000), 20000
        result = self.net.run(MINE, "import", path)
        self.assertEqual(result.status, UNREACHABLE, str(result))
        self.says(result.err, "full")
        self.mount("256m")
        if not daemon.running():
            self.says(daemon.said(), "full")
            daemon.start()
        done = self.net.do(MINE, "import", path).json
        self.assertEqual(done["recorded"] + done["recorded_before"], rows)
        self.assertGreater(done["recorded_before"], 0)
        aliases = [alias for lot in self.net.do(MINE, "lots", "--all").json["lots"] for alias in lot["aliases"]]
        self.assertEqual(len(aliases), len(set(aliases)))
        self.assertEqual(set(aliases), {f"D-{i}" for i in range(5)} | {f"I-{i}" for i in range(rows)})
        self.assertEqual(self.net.verify(MINE, "I-0")["verdict"], "verified")
        self.net.wait_level()


class FullFolder(DiskTest):
    def test_publishing(self):
        out = self.net.folder / "published"
        out.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", out], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", out], check=True))
        for i in range(3):
            self.extract(f"P{i}")
        self.net.do(MINE, "import", self.import_file(1000))
        self.net.wait_level()
        result = self.net.run(MINE, "publish", out)
        self.assertEqual(result.status, UNREACHABLE, str(result))
        self.says(result.err, "disk is full", "make room")
        self.assertFalse((out / "mine.example_log" / "checkpoint").exists())
        subprocess.run(["mount", "-o", "size=8m,remount", "none", out], check=True)
        self.net.do(MINE, "publish", out)
        tiles.Folder(out / "mine.example_log").check()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        sys.exit(in_a_namespace())
    unittest.main()
