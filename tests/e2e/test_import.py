"""CSV files as people have them: bad rows, odd bytes, interruptions; what is recorded once is recorded once."""

import pathlib
import signal
import subprocess
import time
import unittest

from network import (GOVERNORS, MEMBERS, MINE, OREMARK, REFINER, REFUSED, UNREACHABLE, USAGE, NetworkTest, die_with_parent,
                     wait_until)

COLUMNS = "event,site,lots,material,form,gross,metals,aliases,consignee"


def row(alias, gross="20 t", metals="Cu=5.2t", material="concentrate", site="Toquepala"):
    return f"extract,{site},,{material},concentrate,{gross},{metals},{alias},"


def state_of(process):
    """One letter, as ps shows it; T: stopped."""
    return pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


class Import(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER)}
    witnesses = ()

    def file(self, *lines, ending="\n", start=""):
        path = self.net.folder / f"{self.id()}-{time.monotonic_ns()}.csv"
        path.write_bytes((start + "".join(line + ending for line in lines)).encode())
        return path

    def size(self):
        return self.net.sizes(MINE)[self.net.daemons[MINE].origin]

    def lots(self):
        """Alias of every lot that the mine's daemon knows, with how often it stands there."""
        count = {}
        for lot in self.net.do(MINE, "lots", "--all").json["lots"]:
            for alias in lot["aliases"]:
                count[alias] = count.get(alias, 0) + 1
        return count

    def test_bad_rows_are_named_and_the_good_go_on(self):
        path = self.file(COLUMNS, row("B-2"),
                         row("B-3", gross='"1,000 t"'),
                         row("B-4", gross="20 stone"),
                         row("B-5") + ",one,too,many",
                         "extract,Toquepala,,short",
                         row("B-7", site="Nowhere"),
                         row("B-8", material="bell\x07"),
                         row("B-9", gross="1 t", metals="Cu=2t"),
                         row("B-10", material='"concentrate, ""wet"""'),
                         "smelt,,,,,,,,",
                         f"ship,,B-3,,,,,,{REFINER}",
                         f"ship,,B-2,,,,,,{REFINER}",
                         'extract,"never closed')
        result = self.net.run(MINE, "import", path, "--json")
        self.assertEqual(result.status, REFUSED, str(result))
        told = {bad["line"]: bad["why"] for bad in result.json["bad"]}
        self.assertEqual(sorted(told), [3, 4, 5, 6, 7, 8, 9, 11, 12, 14], told)
        for line, word in ((3, "1,000"), (4, "stone"), (5, "12 fields"), (6, "4 fields"), (7, "nowhere"), (8, "control"), (11, "smelt"),
                           (12, "B-3"), (14, "quote")):
            self.says(told[line], word)
            self.says(result.err, f"line {line}:")
        self.assertEqual((result.json["recorded"], result.json["not_recorded"]), (3, 10))
        lots = self.lots()
        self.assertEqual({alias for alias in lots if alias.startswith("B-")}, {"B-10", "B-2"})
        self.assertEqual(self.net.do(MINE, "lot", "show", "B-10").json["name"], 'concentrate, "wet"')
        self.assertEqual(self.net.do(MINE, "lot", "show", "B-2").json["state"], "in-transit")

    def test_many_bad_rows_are_in_a_file(self):
        path = self.file(COLUMNS, *(row(f"M-{i}", gross="20 stone") for i in range(20)))
        refused = path.with_name(path.name + ".refused")
        result = self.net.run(MINE, "import", path)
        self.assertEqual((result.status, result.err.count(": line ")), (REFUSED, 20), str(result))
        self.assertFalse(refused.exists())
        path = self.file(COLUMNS, *(row(f"M-{i}", gross="20 stone") for i in range(500)), row("M-500"))
        refused = path.with_name(path.name + ".refused")
        result = self.net.run(MINE, "import", path, "--json")
        self.assertEqual((result.status, result.err.count(": line ")), (REFUSED, 20), str(result))
        self.says(result.err, f"and 480 more; all are in {refused}")
        self.assertEqual((result.json["refused_file"], len(result.json["bad"])), (str(refused), 500))
        lines = refused.read_text().splitlines()
        self.assertEqual([line.split(":")[0] for line in lines], [f"line {i}" for i in range(2, 502)])
        for line in lines:
            self.says(line, "stone")
        self.assertIn("M-500", self.lots())

    def test_mark_and_line_ends(self):
        """A byte order mark, CRLF, everything in quotes, columns in another order and case: as spreadsheets save it."""
        path = self.file('"Gross","EVENT","Site","Material","Form","Metals","Aliases"',
                         '"20 t","extract","Toquepala","concentrate","concentrate","Cu=5.2t@26%","X-1;X-2"', ending="\r\n", start="\ufeff")
        result = self.net.do(MINE, "import", path)
        self.assertEqual(result.json["recorded"], 1)
        self.assertEqual(self.net.do(MINE, "lot", "show", "X-2").json["gross_mg"], str(20_000_000_000))

    def test_a_header_that_is_wrong_records_nothing(self):
        size = self.size()
        for header, words in (("site,gross", ["event", "missing"]), ("event,site,grams", ["grams"]), ("event,site,site", ["twice"]),
                              ("event;site;gross", ["semicolons"]), ("", ["empty"])):
            path = self.file(*([header, row("H-1")] if header else []))
            self.refused(self.net.run(MINE, "import", path), USAGE, *words)
        self.refused(self.net.run(MINE, "import", self.net.folder / "none.csv"), UNREACHABLE, "none.csv")
        self.assertEqual(self.size(), size)

    def test_all_or_nothing(self):
        size = self.size()
        good = [row(f"A-{i}") for i in range(50)]
        result = self.net.run(MINE, "import", "--atomic", self.file(COLUMNS, *good, row("A-bad", gross="20 stone")))
        self.assertEqual(result.status, REFUSED, str(result))
        self.says(result.err, "line 52", "stone", "nothing was recorded")
        self.assertEqual(self.size(), size)
        done = self.net.do(MINE, "import", "--atomic", self.file(COLUMNS, *good)).json
        self.assertEqual((done["recorded"], done["statements"]), (50, 1))

    def test_interrupted_and_resumed(self):
        """SIGKILL in the middle, as often as it takes: in the end every row stands in the log, once."""
        rows = 400
        path = self.file(COLUMNS, *[row(f"R-{i}") for i in range(rows)])
        journal = path.with_name(path.name + ".oremark")
        environment = {"OREMARK_SOCKET": str(self.net.daemons[MINE].socket), "OREMARK_KEY": str(self.net.key(MINE)),
                       "OREMARK_MEMBER": MINE, "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
        for cut in (600, 3000, 9000):
            process = subprocess.Popen([OREMARK, "import", path, "--events", "2"], env=environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
            while process.poll() is None and not (journal.exists() and journal.stat().st_size > cut):
                time.sleep(0.001)
            process.kill()
            process.wait()
        last = self.net.do(MINE, "import", path, "--events", "2").json
        self.assertEqual(last["recorded"] + last["recorded_before"], rows)
        self.assertGreater(last["recorded_before"], 0)
        size = self.size()
        again = self.net.do(MINE, "import", path).json
        self.assertEqual((again["recorded"], again["recorded_before"]), (0, rows))
        self.assertEqual(self.size(), size)
        lots = self.lots()
        self.assertEqual({lots.get(f"R-{i}") for i in range(rows)}, {1})

    def caught(self, prefix, rows=1000):
        """An import that stands still before half of it is recorded, as many rows as that takes: its process, file, and rows."""
        while True:
            path = self.file(COLUMNS, *[row(f"{prefix}-{rows}-{i}") for i in range(rows)])
            journal, before = path.with_name(path.name + ".oremark"), self.size()[0]
            process = subprocess.Popen([OREMARK, "import", path, "--events", "1", "--socket", self.net.daemons[MINE].socket, "--key",
                                        self.net.key(MINE), "--member", MINE], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       text=True, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)
            while process.poll() is None and not (journal.exists() and journal.stat().st_size > 1000):
                time.sleep(0.001)
            process.send_signal(signal.SIGSTOP)
            wait_until(lambda: process.poll() is not None or state_of(process) == "T", "it does not stand still")
            recorded = self.size()[0] - before
            if process.poll() is None and 0 < recorded < rows // 2:
                return process, path, rows
            process.send_signal(signal.SIGCONT)  # it has run on for too long before it was stopped
            process.communicate()
            rows *= 2

    def test_ctrl_c_says_how_to_go_on(self):
        process, path, rows = self.caught("I")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate()
        self.assertEqual(process.returncode, -signal.SIGINT, said)
        self.says(said, "interrupted", "the same command goes on")
        done = self.net.do(MINE, "import", path).json
        self.assertEqual(done["recorded"] + done["recorded_before"], rows)
        self.assertGreater(done["recorded_before"], 0)

    def test_a_daemon_that_is_killed_meanwhile(self):
        process, path, rows = self.caught("K")
        self.net.daemons[MINE].kill()
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate()
        self.assertEqual(process.returncode, UNREACHABLE, said)
        self.says(said, "oremark: ")
        self.net.daemons[MINE].start()
        done = self.net.do(MINE, "import", path).json
        self.assertEqual(done["recorded"] + done["recorded_before"], rows)
        lots = self.lots()
        self.assertEqual({lots.get(f"K-{rows}-{i}") for i in range(rows)}, {1})

    def test_a_file_that_changed(self):
        path = self.file(COLUMNS, row("C-1"))
        self.net.do(MINE, "import", path)
        path.write_text(path.read_text() + row("C-2") + "\n")
        self.refused(self.net.run(MINE, "import", path), USAGE, str(path))
        self.assertNotIn("C-2", self.lots())

    def test_lots_of_earlier_rows_and_of_the_ledger(self):
        self.net.do(MINE, "import", self.file(COLUMNS, row("E-1")))
        path = self.file("event,group,ref,lots,material,form,gross,metals,consignee,#invoice,#of whom",
                         "split,1,PART,E-1,concentrate,concentrate,5 t,Cu=1.3t,,17,Ana",
                         "split,1,REST,,concentrate,concentrate,15 t,Cu=3.9t,,18,",
                         f"ship,,,PART;REST,,,,,{REFINER},,")
        done = self.net.do(MINE, "import", path).json
        self.assertEqual((done["recorded"], done["events"], done["statements"]), (3, 2, 1))
        for ref in ("PART", "REST"):
            self.assertEqual(self.net.do(MINE, "lot", "show", done["lots"][ref]).json["state"], "in-transit")


if __name__ == "__main__":
    unittest.main()
