"""A daemon's store, checked while it runs and when it has stopped; tables that were damaged, made anew."""

import os
import shutil
import unittest

from network import AUDITOR, DONE, GOVERNORS, MEMBERS, MINE, NO, REFINER, UNREACHABLE, USAGE, NetworkTest, run, wait_until


class Fsck(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, AUDITOR)}
    witnesses = (GOVERNORS, REFINER, AUDITOR)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        do = cls.net.do
        for i in range(3):
            made = do(MINE, "extract", "--site", "Toquepala", "--lot", f"ore {i}", "--form", "concentrate", "--gross", "20 t", "--metal",
                      "Cu=5.6t", "--alias", f"ORE-{i}")
            if i == 1:
                cls.second = made.json["index"]
            ore, = made.lots
            do(MINE, "ship", ore, "--consignee", REFINER, "--mode", "rail", "--with-title", "--wait-final")
        wait_until(lambda: len(do(REFINER, "lots", "--incoming").json["lots"]) == 3, "they are not announced")
        do(REFINER, "receive", ore, "--site", "Ilo", "--wait-final")
        cls.net.wait_level()

    def setUp(self):
        self.scratch = self.net.folder / "scratch" / self.id()
        self.scratch.mkdir(parents=True)

    def fsck(self, store, *more):
        return run("fsck", store, *more, env={"TMPDIR": str(self.scratch)})

    def copied(self, name):
        """The store of a daemon that has stopped, to be spoilt."""
        to = self.net.folder / f"copy-{self.id()}"
        shutil.copytree(self.net.daemons[name].store, to)
        return to

    def test_stores_of_running_daemons_are_sound(self):
        for name in self.members:
            result = self.fsck(self.net.daemons[name].store, "--network", self.net.genesis, "--json")
            self.assertEqual(result.status, DONE, str(result))
            self.assertTrue(result.json["sound"])
            self.assertGreaterEqual(result.json["entries"], 14)
            self.assertGreater(result.json["rows"], 50)
        self.says(self.fsck(self.net.daemons[MINE].store).out, "SOUND", "0 findings")
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_a_running_daemons_store_is_not_repaired(self):
        self.refused(self.fsck(self.net.daemons[MINE].store, "--repair"), UNREACHABLE, "in use")

    def test_typed_wrong(self):
        self.refused(self.fsck(self.net.folder / "nowhere"), USAGE, "holds no store")
        self.refused(self.fsck(self.net.daemons[MINE].store, "--network", self.net.folder / "spec"), USAGE)

    def test_another_network(self):
        other = self.net.folder / "other-genesis"
        self.assertEqual(run("network", "new", self.net.folder / "spec", "--out", other).status, DONE)
        result = self.fsck(self.net.daemons[MINE].store, "--network", other)
        self.assertEqual(result.status, NO, str(result))
        self.says(result.out, "another network")

    def spoilt(self, name, what, by):
        """A copy of the store in which WHAT is BY, in every page where it stands."""
        store = self.copied(name)
        data = (store / "data.mdb").read_bytes()
        self.assertIn(what, data)
        (store / "data.mdb").write_bytes(data.replace(what, by))
        return store

    def test_a_table_that_was_damaged_is_made_anew(self):
        store = self.spoilt(AUDITOR, b"ORE-2\0", b"ORE-X\0")  # a key of the table of aliases
        found = self.fsck(store, "--json")
        self.assertEqual(found.status, NO, str(found))
        self.assertEqual({finding["table"] for finding in found.json["findings"]}, {"aliases"})
        self.assertEqual(len(found.json["findings"]), 2, found.out)
        self.says(found.err, "--repair")
        self.says(self.fsck(store).out, "aliases", "DAMAGED", "2 findings")
        repaired = self.fsck(store, "--repair")
        self.assertEqual(repaired.status, DONE, str(repaired))
        self.says(repaired.out, "REPAIRED")
        self.assertEqual(self.fsck(store).status, DONE)
        self.assertEqual(self.fsck(store, "--repair").status, DONE)

    def test_an_entry_that_was_damaged_is_named_and_nothing_is_thrown_away(self):
        store = self.spoilt(AUDITOR, b"ore 1", b"ore 9")
        found = self.fsck(store, "--json")
        self.assertEqual(found.status, NO, str(found))
        self.assertFalse(found.json["repairable"])
        before = (store / "data.mdb").read_bytes()
        self.assertEqual({finding["table"] for finding in found.json["findings"]}, {"entries"})
        self.says(found.json["findings"][0]["text"], f"entry {self.second} of log 1", "signature")
        repair = self.fsck(store, "--repair")
        self.assertEqual(repair.status, NO, str(repair))
        self.says(repair.err, "move the store away")
        self.assertEqual((store / "data.mdb").read_bytes(), before)

    def test_a_file_that_is_no_store(self):
        store = self.copied(AUDITOR)
        os.truncate(store / "data.mdb", 20000)
        self.assertNotEqual(self.fsck(store).status, DONE)
        (store / "data.mdb").write_bytes(b"\x55" * 100000)
        self.assertNotEqual(self.fsck(store).status, DONE)
        self.assertEqual(list(self.scratch.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
