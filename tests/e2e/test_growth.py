"""A network grows: a member hosted at somebody else's daemon, a new key, a new daemon with members of its own."""

import unittest

from network import DONE, GOVERNORS, MEMBERS, MINE, REFINER, REFUSED, Daemon, NetworkTest, run, wait_until


class Growth(NetworkTest):
    members = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER)}

    def new_key(self, name):
        path = self.net.folder / f"{name}.key"
        self.net.must("key", "new", "--name", name, "--no-passphrase", path)
        return path

    def enrol(self, name, home, key, role="trader"):
        self.net.do(GOVERNORS, "member", "enrol", "--name", name, "--country", "FI", "--role", role, "--home", home, "--key-file", key)

    def site(self, name, key, site="Yard"):
        registry = self.net.daemons[GOVERNORS].socket
        self.net.must("member", "add-site", "--name", site, "--kind", "warehouse", "--country", "FI", socket=registry, key=key,
                      member=name)

    def shipped_to(self, name):
        """A lot that the mine shipped to member NAME, once the mine's daemon knows that member."""
        lot, = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "concentrate", "--form", "concentrate", "--gross", "1 t",
                           "--metal", "Cu=280kg").lots
        wait_until(lambda: name in [m["name"] for m in self.net.do(MINE, "member", "list").json["members"]], f"{name} is not known")
        wait_until(lambda: self.net.run(MINE, "ship", lot, "--consignee", name, "--with-title").status == DONE, "the mine does not ship")
        return lot

    def receives(self, name, key, lot, daemon):
        def done():
            return run("receive", lot, "--site", "Yard", socket=daemon.socket, key=key, member=name).status == DONE
        wait_until(done, f"{name} does not receive")
        wait_until(lambda: self.net.do(MINE, "lot", "show", lot).json["custodian_name"] == name, f"{name} has not got it")

    def test_a_hosted_member_and_its_second_key(self):
        key, second = self.new_key("trader"), self.new_key("weighbridge")
        host = self.net.daemons[REFINER]
        self.enrol("Trader", host.origin, key)
        self.site("Trader", key)
        self.receives("Trader", key, self.shipped_to("Trader"), host)
        lot = self.shipped_to("Trader")
        early = run("receive", lot, "--site", "Yard", socket=host.socket, key=second, member="Trader")
        self.assertNotEqual(early.status, DONE, str(early))
        self.net.must("member", "add-key", "--key-file", second, "--label", "weighbridge", socket=self.net.daemons[GOVERNORS].socket,
                      key=key, member="Trader")
        self.receives("Trader", second, lot, host)

    def test_the_custodian_of_a_lot_is_lost(self):
        key = self.new_key("broker")
        self.enrol("Broker", self.net.daemons[REFINER].origin, key)
        lot = self.shipped_to("Broker")
        heir = self.new_key("heir")
        self.enrol("Heir", self.net.daemons[MINE].origin, heir)
        self.site("Heir", heir)
        at = self.net.daemons[GOVERNORS].socket
        wait_until(lambda: run("lot", "show", lot, socket=at, env={}).status == DONE, "the governors don't hear of the lot")
        wait_until(lambda: self.net.run(GOVERNORS, "lot", "show", lot, "--json").json["state"] == "in-transit", "it does not leave")
        self.net.do(GOVERNORS, "lot", "reassign", lot, "--to", "Heir", "--reason", "bankrupt")
        self.receives("Heir", heir, lot, self.net.daemons[MINE])
        self.assertEqual(self.net.verify(REFINER, lot)["verdict"], "verified")

    def test_a_member_is_suspended_moves_and_goes_on(self):
        key = self.new_key("dealer")
        old, new = self.net.daemons[REFINER], self.net.daemons[MINE]
        self.enrol("Dealer", old.origin, key)
        self.site("Dealer", key)
        self.receives("Dealer", key, self.shipped_to("Dealer"), old)
        self.net.do(GOVERNORS, "member", "suspend", "Dealer", "--reason", "tags of another mine")
        declare = ["declare", "--site", "Yard", "--lot", "anode", "--form", "anode", "--gross", "1 t", "--metal", "Cu=990kg",
                   "--reason", "stock"]
        wait_until(lambda: "suspended" in run(*declare, socket=old.socket, key=key, member="Dealer").err, "it is not suspended")
        self.net.do(GOVERNORS, "member", "reinstate", "Dealer", "--reason", "cleared")
        wait_until(lambda: run(*declare, socket=old.socket, key=key, member="Dealer").status == DONE, "it is not reinstated")
        self.net.do(GOVERNORS, "member", "rehome", "Dealer", "--home", new.origin)
        wait_until(lambda: run(*declare, socket=new.socket, key=key, member="Dealer").status == DONE, "the new home takes nothing")
        late = run(*declare, socket=old.socket, key=key, member="Dealer")
        self.refused(late, REFUSED, "home log")

    def test_only_governors_enrol(self):
        registry = self.net.daemons[GOVERNORS].socket
        result = run("member", "enrol", "--name", "Friend", "--country", "FI", "--role", "mine", "--home", self.net.daemons[MINE].origin,
                     "--key-file", self.net.key(MINE), socket=registry, key=self.net.key(MINE), member=MINE)
        self.refused(result, REFUSED, "governor")

    def test_a_daemon_joins(self):
        folder = self.net.folder / "newcomer"
        folder.mkdir()
        daemon = Daemon(folder, "newcomer.example/log")
        self.net.must("key", "new", "--daemon", daemon.origin, daemon.keys)
        operator, key = self.new_key("operator"), self.new_key("depot")
        self.enrol("Operator", self.net.daemons[REFINER].origin, operator)
        self.net.do(GOVERNORS, "member", "add-daemon", "--origin", daemon.origin, "--operator", "Operator", "--keys", daemon.keys)
        self.enrol("Depot", daemon.origin, key, "warehouse")
        self.site("Depot", key)
        daemon.peers = list(self.net.daemons.values())
        daemon.configure(self.net.genesis)
        self.addCleanup(daemon.kill)
        daemon.start()
        lot = self.shipped_to("Depot")
        self.receives("Depot", key, lot, daemon)
        wait_until(lambda: run("lot", "verify", lot, socket=daemon.socket).status == DONE, "the newcomer does not verify it")
        for name in self.members:
            wait_until(lambda name=name: self.net.do(name, "lot", "show", lot).json["final"], f"not final at {name}")
        self.assertEqual(daemon.stop(), 0, daemon.said())


if __name__ == "__main__":
    unittest.main()
