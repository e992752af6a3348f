"""Three governors, two of whom must sign: signatures are gathered one by one over a file, on machines that reach no daemon. A
member's keys come and go; a stolen one is revoked with what it did."""

import shutil
import unittest

from network import DONE, GOVERNORS, MAKER, MEMBERS, MINE, NO, RECYCLER, REFINER, REFUSED, UNREACHABLE, USAGE, NetworkTest, run, wait_until

FIVE = {name: MEMBERS[name] for name in (GOVERNORS, MINE, REFINER, MAKER, RECYCLER)}
NUMBER = {name: i + 1 for i, name in enumerate(FIVE)}


class Governance(NetworkTest):
    members = FIVE

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net.do(GOVERNORS, "network", "set-governors", GOVERNORS, MINE, REFINER, "--threshold", "2")

    def path(self, name):
        return self.net.folder / name

    def propose(self, file, *act):
        """Anybody who reaches a daemon can write it; the path."""
        self.net.do(GOVERNORS, "governance", "propose", *act, "--out", self.path(file))
        return self.path(file)

    def away(self, name, *words, key=None):
        """As member NAME on a machine without a network: by number, with a key file."""
        return run(*words, key=key or self.net.key(name), member=NUMBER[name])

    def sign(self, name, file, **kinds):
        return self.away(name, "governance", "sign", file, "--yes", **kinds)

    def submit(self, file):
        return self.net.run(GOVERNORS, "governance", "submit", file)

    def turned_down(self, result, *words):
        """What is to be signed is shown, and not signed."""
        self.assertEqual(result.status, NO, str(result))
        self.says(result.err, *words)

    def decide(self, file, *act):
        """Proposed, signed by two, handed in."""
        path = self.propose(file, *act)
        for name in (MINE, REFINER):
            self.assertEqual(self.sign(name, path).status, DONE)
        result = self.submit(path)
        self.assertEqual(result.status, DONE, str(result))

    def member(self, name, at=GOVERNORS):
        return self.net.do(at, "member", "show", name).json

    def test_signatures_are_gathered_over_a_file(self):
        self.refused(self.net.run(GOVERNORS, "member", "suspend", MAKER, "--reason", "tags"), USAGE, "governance propose")
        away = self.net.run(MINE, "member", "give-mandate", REFINER, "--ship")  # at a daemon that takes no such thing
        self.refused(away, REFUSED, "submit this to the daemon of governors.example/log (--socket)")
        here = self.net.run(MINE, "declare", "--site", "1", "--reason", "x", "--lot", "ore", "--form", "ore", "--gross", "1 t",
                            "--metal", "Cu=1kg", at=GOVERNORS)
        self.refused(here, REFUSED, "submit this to the daemon of mine.example/log (--socket)")
        self.refused(self.net.run(MINE, "member", "end-mandate", REFINER, at=GOVERNORS), REFUSED, "end-mandate: member 2 has given")
        lot = self.net.do(MINE, "extract", "--site", "Toquepala", "--lot", "ore", "--form", "ore", "--gross", "2 t", "--metal", "Cu=1t").lots[0]
        self.refused(self.net.run(MINE, "lot", "reassign", lot, "--to", REFINER, "--reason", "gone"), USAGE, "2 governors must sign", "propose")
        path = self.propose("suspend.statement", "member", "suspend", MAKER, "--reason", "tags of another mine")
        shown = self.away(MAKER, "governance", "show", path)
        self.says(shown.out, "suspend", "tags of another mine", "not signed  member 2 (Toquepala Mine)", "2 more of these 3")
        self.refused(self.submit(path), USAGE, "2 more of the governors must sign")
        self.turned_down(self.sign(MAKER, path), "does not govern")
        self.turned_down(self.sign(MINE, path, key=self.net.key(MAKER)), "none of member 2's")
        first = self.sign(REFINER, path)
        self.assertEqual(first.status, DONE, str(first))
        self.says(first.out, "1 more must sign")
        self.turned_down(self.sign(REFINER, path), "signed it already")
        said = self.away(MAKER, "governance", "show", path, "--json").json
        self.assertEqual([one["member"] for one in said["signed"]], [3])
        self.assertEqual([one["member"] for one in said["not_signed"]], [1, 2])
        self.assertEqual((said["threshold"], said["missing"]), (2, 1))
        self.says(self.sign(MINE, path).out, "enough have signed")
        copy = self.path("copy.statement")
        shutil.copy(path, copy)
        self.assertEqual(self.submit(path).status, DONE)
        self.assertTrue(self.member(MAKER)["suspended"])
        self.says(self.submit(copy).out, "already recorded")
        stale = self.propose("stale.statement", "member", "reinstate", MAKER, "--reason", "cleared")
        self.decide("reinstate.statement", "member", "reinstate", MAKER, "--reason", "cleared")
        for name in (MINE, REFINER):
            self.sign(name, stale)
        self.refused(self.submit(stale), REFUSED, "suspended")

    def test_a_governor_who_signs_at_once_writes_the_same_file(self):
        """With --out alone: who must sign stands in it, a stranger's signature is turned down, and one that got in is taken out."""
        act = ("scheme", "recognise", "At once", "--certifier", MAKER)
        path = self.path("at-once.statement")
        self.turned_down(self.net.run(MAKER, *act, "--out", path), "does not govern", "'governance propose' before the command")
        made = self.net.run(MINE, *act, "--out", path, at=GOVERNORS)
        self.assertEqual(made.status, DONE, str(made))
        self.says(made.out, "signed by  member 2 (Toquepala Mine)", "not signed  member 1 (Governors)", "1 more of these 2 must sign",
                  f"oremark governance sign {path}")
        proposed = self.propose("at-once-2.statement", *act)
        heads = [[line for line in file.read_text().splitlines() if line.split()[0] in ("oremark", "network", "threshold", "governor", "#")]
                 for file in (path, proposed)]
        self.assertEqual(heads[0], heads[1])
        said = [self.away(MAKER, "governance", "show", file, "--json").json for file in (path, proposed)]
        self.assertEqual([(one["threshold"], one["missing"]) for one in said], [(2, 1), (2, 2)])
        self.turned_down(self.sign(MAKER, path), "does not govern")
        # One that was made before: it does not tell who governs, so anybody's signature gets in.
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if line.split()[0] not in ("threshold", "governor")))
        self.says(self.away(MAKER, "governance", "show", path).out, "who must sign is not in the file", "oremark network show")
        for name in (MAKER, REFINER):
            self.assertEqual(self.sign(name, path).status, DONE)
        self.refused(self.submit(path), REFUSED, "member 4 signed, but is no governor", "oremark sign FILE --remove")
        self.turned_down(self.away(GOVERNORS, "sign", path, "--remove"), "member 1 has not signed it")
        out = self.away(MAKER, "sign", path, "--remove")
        self.assertEqual(out.status, DONE, str(out))
        self.says(out.out, "the signature of member 4 is taken out; 2 signatures in")
        handed = self.submit(path)
        self.assertEqual(handed.status, DONE, str(handed))

    def test_without_a_daemon(self):
        """The act before it is stated, and what network it is for."""
        before = self.member(MAKER)["last_act"] or "none"
        path = self.path("roles.statement")
        words = ("governance", "propose", "member", "set-roles", NUMBER[MAKER], "--role", "manufacturer", "--role", "trader",
                 "--network", self.net.genesis, "--out", path)
        self.assertEqual(self.away(GOVERNORS, *words).status, UNREACHABLE)
        made = self.away(GOVERNORS, *words, "--previous", before)
        self.assertEqual(made.status, DONE, str(made))
        for name in (GOVERNORS, REFINER):
            self.assertEqual(self.sign(name, path).status, DONE)
        self.assertEqual(self.submit(path).status, DONE)
        self.assertEqual(self.member(MAKER)["roles"], ["trader", "manufacturer"])

    def test_whoever_is_admitted_is_proposed_without_a_daemon(self):
        """A member, its daemon and its site, by the numbers that are free next; the last acts stand where a daemon is."""
        facts = self.net.do(GOVERNORS, "network", "show").json
        enrol, add = self.path("enrol.statement"), self.path("add.statement")
        self.net.must("key", "new", "--daemon", "new.example/log", self.path("new-keys"))
        key, away = self.new_key("newcomer.key"), ("--network", self.net.genesis, "--out")
        words = ("governance", "propose", "member", "enrol", "--name", "Newcomer", "--country", "FI", "--role", "mine", "--home", "1",
                 "--key-file", key)
        self.refused(self.away(GOVERNORS, *words), UNREACHABLE, "without a daemon, give --network GENESIS", "--out FILE", "--number N",
                     "by number")
        self.refused(self.away(GOVERNORS, *words, *away, enrol), UNREACHABLE, "without a daemon, give --number N")
        made = self.away(GOVERNORS, *words, "--number", facts["next_member"], *away, enrol)
        self.assertEqual(made.status, DONE, str(made))
        self.says(made.out, f"enrol member {facts['next_member']}, Newcomer", "who must sign is not in the file")
        words = ("governance", "propose", "member", "add-daemon", "--origin", "new.example/log", "--operator", facts["next_member"],
                 "--keys", self.path("new-keys"))
        self.refused(self.away(GOVERNORS, *words, *away, add), UNREACHABLE, "without a daemon, give --number N")
        made = self.away(GOVERNORS, *words, "--number", facts["next_log"], *away, add)
        self.assertEqual(made.status, DONE, str(made))
        for path in (enrol, add):
            for name in (GOVERNORS, MINE):
                self.assertEqual(self.sign(name, path).status, DONE)
            self.assertEqual(self.submit(path).status, DONE)
        self.assertEqual(self.net.do(GOVERNORS, "network", "show").json["next_member"], facts["next_member"] + 1)
        self.assertEqual(self.net.do(GOVERNORS, "status").json["logs"][-1]["origin"], "new.example/log")
        site = self.path("site.statement")
        words = ("member", "add-site", "--name", "Pit", "--country", "FI", "--kind", "mine", *away, site)
        late = run(*words, "--number", "1", key=key, member=facts["next_member"])
        self.refused(late, UNREACHABLE, "without a daemon, give --previous ID")
        made = run(*words, "--number", "1", "--previous", self.member("Newcomer")["last_site"], key=key, member=facts["next_member"])
        self.assertEqual(made.status, DONE, str(made))
        handed = self.net.run(GOVERNORS, "submit", site)
        self.assertEqual(handed.status, DONE, str(handed))
        shown = self.member("Newcomer")
        self.assertEqual([one["name"] for one in shown["sites"]], ["Pit"])
        self.says(self.net.run(GOVERNORS, "member", "show", "Newcomer").out, "next site 2", f"its sites            {shown['last_site']}")

    def test_facts_are_carried_to_where_no_daemon_is(self):
        """One file takes the place of the daemon: names, numbers, the acts before, and who governs."""
        facts, n = self.path("facts"), [0]
        written = self.net.run(MAKER, "network", "facts", "-o", facts)
        self.assertEqual(written.status, DONE, str(written))
        self.says(written.out, "of 5 members" if self.net.do(MAKER, "network", "show").json["next_member"] == 6 else "members", f"--facts {facts}")
        self.assertEqual(facts.read_text().splitlines()[0], "oremark facts 1")

        def made(member, *words, key=None, status=DONE):
            n[0] += 1
            path = self.path(f"carried-{n[0]}")
            result = run(*words, "--facts", facts, "--out", path, key=key or self.net.key(member), member=member)
            self.assertEqual(result.status, status, str(result))
            return path, result

        def fresh():
            facts.unlink()
            self.net.do(GOVERNORS, "network", "facts", "-o", facts)

        fresh()
        for words in (("member", "set-roles", MAKER, "--role", "manufacturer"),
                      ("scheme", "recognise", "Facts", "--certifier", MAKER),
                      ("scheme", "recognise", "Facts", "--certifier", REFINER),
                      ("member", "site-status", MINE, "Toquepala", "--status", "green", "--from", "2026-01-01", "--until", "2030-01-01"),
                      ("member", "site-status", MINE, "Toquepala", "--status", "green", "--from", "2026-01-01", "--until", "2031-01-01"),
                      ("member", "enrol", "--name", "Facts", "--country", "FI", "--home", "ilo.example/log", "--key-file",
                       self.new_key("facts.key")),
                      ("network", "set-governors", GOVERNORS, MINE, REFINER, "--threshold", "2")):
            path, result = made(GOVERNORS, "governance", "propose", *words)
            self.says(result.out, "not signed  member 2 (Toquepala Mine)", "2 more of these 3")
            for name in (MINE, REFINER):
                self.assertEqual(self.sign(name, path).status, DONE)
            handed = self.submit(path)
            self.assertEqual(handed.status, DONE, str(handed))
            fresh()
        for member, words in ((REFINER, ("member", "give-mandate", MINE, "--ship")),
                              (REFINER, ("member", "add-site", "--name", "Facts", "--country", "PE", "--kind", "plant")),
                              (REFINER, ("member", "add-key", "--key-file", self.new_key("facts-2.key")))):
            for again in range(2 if words[1] != "add-key" else 1):
                path, _ = made(member, *words)
                handed = self.net.run(GOVERNORS, "submit", path)
                self.assertEqual(handed.status, DONE, str(handed))
                fresh()
        path, _ = made(MINE, "extract", "--site", "Toquepala", "--lot", "ore", "--form", "ore", "--gross", "2 t", "--metal", "Cu=1t")
        self.assertEqual(self.net.run(MINE, "submit", path).status, DONE)
        _, result = made(MINE, "member", "suspend", "Nobody", "--reason", "x", status=USAGE)
        self.says(result.err, "there is no member 'Nobody'")
        self.refused(run("member", "suspend", MAKER, "--reason", "x", "--facts", facts, member=MINE), USAGE, "--out FILE")
        text = facts.read_text()
        facts.write_text(text[:-30] + "AAAA" + text[-26:])
        _, result = made(MINE, "member", "suspend", MAKER, "--reason", "x", status=USAGE)
        self.says(result.err, "damaged", "oremark network facts")
        facts.write_text("something else\n")
        self.says(made(MINE, "member", "suspend", MAKER, "--reason", "x", status=USAGE)[1].err, "is no file of 'oremark network facts'")

    def test_every_other_act_is_proposed_without_a_daemon(self):
        """Those that change who witnesses; the end of a log takes seals alone; a lot is named with its last event."""
        cosign, lot = self.path("fresh-cosign.key"), self.net.do(
            MINE, "extract", "--site", "Toquepala", "--lot", "ore", "--form", "ore", "--gross", "2 t", "--metal", "Cu=1t").lots[0]
        self.net.must("key", "new", "--kind", "cosign", "--name", "mine.example/log", "--no-passphrase", cosign)
        old, fresh = (self.net.must("key", "show", path).out.splitlines() for path in (self.net.daemons[MINE].keys / "cosign.key", cosign))
        vkey = lambda lines: next(word for line in lines for word in line.split() if word.startswith("mine.example/log+"))
        event = self.net.do(MINE, "lot", "show", lot).json["last_event"]
        call, lift = self.path("call"), self.path("lift")
        made = self.away(GOVERNORS, "governance", "propose", "log", "seal", "3", "--reason", "gone", "--network", self.net.genesis, "--out", call)
        self.assertEqual(made.status, DONE, str(made))
        for i, (previous, said, words) in enumerate((
                (True, "set the witnesses", ("network", "set-witnesses", "0", "1", "2", "3")),
                (True, "revoke key", ("member", "replace-cosign-key", "1", "--operator", NUMBER[MINE], "--old-cosign-key", vkey(old), "--cosign-key",
                        vkey(fresh))),
                (False, "seal", ("log", "lift-seal", call, "--reason", "back")),
                (False, "goes to member 3", ("lot", "reassign", lot, "--last-event", event, "--to", "3", "--reason", "bankrupt")))):
            path = self.path(f"act-{i}")
            act = ("governance", "propose", *words, "--network", self.net.genesis, "--out", path)
            if previous:
                self.refused(self.away(GOVERNORS, *act), UNREACHABLE, "without a daemon, give --previous ID")
                act += ("--previous", "none")
            made = self.away(GOVERNORS, *act)
            self.assertEqual(made.status, DONE, str(made))
            self.says(self.away(GOVERNORS, "governance", "show", path).out, said)
        facts = self.net.do(GOVERNORS, "network", "show").json
        self.assertIsNone(facts["last_witnesses"])
        self.assertEqual(len(facts["last_governors"]), 64)

    def test_a_member_signs_its_own_act_without_a_daemon(self):
        """A second key, signed for at the mine and handed in from town."""
        path, before = self.path("key.statement"), self.member(MINE)["last_key"] or "none"
        made = self.away(MINE, "member", "add-key", "--key-file", self.new_key("pit.key"), "--label", "pit", "--previous", before,
                         "--network", self.net.genesis, "--out", path)
        self.assertEqual(made.status, DONE, str(made))
        self.assertEqual(self.net.run(GOVERNORS, "submit", path).status, DONE)
        self.assertEqual([key["label"] for key in self.member(MINE)["keys"]], ["", "pit"])

    def test_what_is_no_proposal(self):
        self.refused(self.net.run(GOVERNORS, "governance", "propose"), USAGE, "which act")
        self.refused(self.net.run(GOVERNORS, "governance", "propose", "status"), USAGE, "makes no act")
        self.refused(self.net.run(GOVERNORS, "governance", "propose", "member", "end-mandate", "2", "--out", self.path("x")),
                     USAGE, "no act of the governors")
        self.refused(self.net.run(GOVERNORS, "governance", "propose", "member", "suspend", MAKER, "--reason", "x"), USAGE, "--out")

    def flagged(self):
        """The name of a concern that the refiner has raised about the mine, once the registry's daemon has it."""
        self.net.do(REFINER, "flag", "--of", MINE, "--category", "other", "--text", "permit bought")
        known = {one["name"] for one in self.net.do(REFINER, "attestations", "--member", MINE).json["attestations"] if one["state"] == "stands"}
        wait_until(lambda: known <= set(self.flags()), "the concern does not arrive")
        return max(known, key=lambda one: int(one.split("-")[1]))

    def flags(self):
        return {one["name"]: one["state"] for one in self.net.do(GOVERNORS, "attestations", "--member", MINE).json["attestations"]}

    def test_a_concern_is_overruled_by_two_of_three(self):
        name = self.flagged()
        alone = self.net.run(GOVERNORS, "clear", name, "--as-governors", "--reason", "looked at")
        self.refused(alone, USAGE, "2 governors must sign this", "governance propose", "--out FILE")
        self.refused(self.net.run(GOVERNORS, "governance", "propose", "clear", name, "--reason", "x", "--out", self.path("own")), USAGE,
                     "no act of the governors")
        self.refused(self.net.run(GOVERNORS, "governance", "propose", "clear", name, "--as-governors", "--reason", "x"), USAGE, "--out")
        path = self.propose("overrule.statement", "clear", name, "--as-governors", "--reason", "the permit was looked at")
        self.says(self.away(MAKER, "governance", "show", path).out, "the permit was looked at", "2 more of these 3")
        for governor in (MINE, REFINER):
            self.assertEqual(self.sign(governor, path).status, DONE)
        handed = self.submit(path)
        self.assertEqual(handed.status, DONE, str(handed))
        wait_until(lambda: self.flags()[name] == "overruled", "it is not overruled")

    def test_the_governors_change(self):
        """A signature of one who governs no more is refused, and so is what was gathered before."""
        path = self.propose("old.statement", "network", "set-governors", GOVERNORS, MINE, "--threshold", "2")
        for name in (GOVERNORS, MINE):
            self.sign(name, path)
        self.decide("new.statement", "network", "set-governors", GOVERNORS, MINE, REFINER, MAKER, "--threshold", "3")
        self.refused(self.submit(path), REFUSED, "")
        wait_until(lambda: "3 of whom must sign" in self.net.run(MAKER, "network", "show").out, "the motor works never hear of it")
        self.says(self.net.run(MAKER, "network", "show").out, "member 4 (Motor Works)")
        back = self.propose("back.statement", "network", "set-governors", GOVERNORS, MINE, REFINER, "--threshold", "2")
        for name in (GOVERNORS, MINE, MAKER):
            self.assertEqual(self.sign(name, back).status, DONE)
        self.assertEqual(self.submit(back).status, DONE)

    def test_limits_schemes_and_status(self):
        spec = self.path("limits.spec")
        spec.write_text('limits {\n  receipt-tolerance-ppm = 2500\n  drift-period-days = 30\n  drift-cap "Cu" { mass = "2 t" }\n}\n')
        self.decide("limits.statement", "network", "set-limits", spec)
        self.decide("scheme.statement", "scheme", "recognise", "RMI RMAP", "--certifier", REFINER)
        self.decide("status.statement", "member", "site-status", MINE, "Toquepala", "--status", "green", "--from", "2026-01-01",
                    "--until", "2030-01-01")
        shown = self.net.do(GOVERNORS, "network", "show").json
        self.assertEqual(shown["limits"]["drift_caps_mg"], {"Cu": "2000000000"})
        scheme = next(one for one in shown["schemes"] if one["scheme"] == "RMI RMAP")
        status = self.member(MINE)["sites"][0]["status"]
        self.assertEqual((scheme["scheme"], scheme["ended"], scheme["certifiers"]), ("RMI RMAP", False, [3]))
        self.assertEqual(status["status"], "green")
        for last, words in ((shown["last_limits"], ("network", "set-limits", spec)),
                            (scheme["last_act"], ("scheme", "recognise", "RMI RMAP", "--certifier", "3")),
                            (status["last_act"], ("member", "site-status", NUMBER[MINE], "1", "--status", "green", "--from",
                                                  "2026-01-01", "--until", "2030-01-01"))):
            self.decide(last + ".statement", *words, "--previous", last)  # as it is shown
        self.says(self.net.run(GOVERNORS, "member", "show", MINE).out, "green, 2026-01-01 to 2030-01-01")
        self.says(self.net.run(GOVERNORS, "network", "show").out, "RMI RMAP: certified by Ilo Refinery (member 3)", "0.2500 %")

    def test_the_rules_change(self):
        """Back to the first version, everywhere; one that no program knows is not taken."""
        self.assertEqual(self.net.do(MAKER, "network", "show").json["rules_version"], 2)
        self.decide("rules.statement", "network", "set-rules", "1")
        wait_until(lambda: self.net.do(MAKER, "network", "show").json["rules_version"] == 1, "the motor works never hear of it")
        self.assertEqual(self.net.do(MAKER, "status").json["rules_version"], 1)
        path = self.propose("future.statement", "network", "set-rules", "9")
        for name in (MINE, REFINER):
            self.sign(name, path)
        self.refused(self.submit(path), REFUSED, "upgrade oremarkd")

    def test_mandates(self):
        self.net.do(MAKER, "member", "give-mandate", REFINER, "--consume", at=GOVERNORS)
        self.assertEqual(self.member(MAKER)["mandates"],
                         [{"agent": 3, "agent_name": REFINER, "ship": False, "consume": True}])
        self.net.do(MAKER, "member", "end-mandate", REFINER, at=GOVERNORS)
        self.assertEqual(self.member(MAKER)["mandates"], [])
        self.refused(self.net.run(MAKER, "member", "end-mandate", REFINER, at=GOVERNORS), REFUSED, "no mandate")

    def new_key(self, name):
        file = self.path(name)
        self.net.must("key", "new", "--name", f"motors.example/{name}", "--no-passphrase", file)
        return file

    def test_a_stolen_key(self):
        """A thief adds a key of its own, retires the owner's and gives itself a mandate; the governors undo it."""
        def as_owner(key, *words):
            return run(*words, socket=self.net.daemons[GOVERNORS].socket, key=key, member=RECYCLER)
        stolen, thiefs, fresh = self.new_key("stolen.key"), self.new_key("thief.key"), self.new_key("fresh.key")
        owners = self.member(RECYCLER)["keys"][0]["key"]
        self.assertEqual(as_owner(self.net.key(RECYCLER), "member", "add-key", "--key-file", stolen, "--label", "night shift").status, DONE)
        wait_until(lambda: len(self.member(RECYCLER, at=RECYCLER)["keys"]) == 2, "its own daemon does not hear of the key")
        scrap = run("collect", "--site", "Yard", "--waste", "post-consumer", "--product", "motors", "--lot", "scrap", "--form", "scrap",
                    "--gross", "2 t", "--metal", "Cu=1t", "--alias", "SCRAP-1", socket=self.net.daemons[RECYCLER].socket, key=stolen,
                    member=RECYCLER)
        self.assertEqual(scrap.status, DONE, str(scrap))
        since = self.net.do(GOVERNORS, "network", "show").json["registry_size"]
        self.assertEqual(as_owner(stolen, "member", "add-key", "--key-file", thiefs).status, DONE)
        retired = as_owner(thiefs, "member", "retire-key", "--key-id", owners)
        self.assertEqual(retired.status, DONE, str(retired))
        self.refused(as_owner(self.net.key(RECYCLER), "member", "give-mandate", MINE, "--ship"), REFUSED, "retired")
        self.assertEqual(as_owner(thiefs, "member", "give-mandate", MINE, "--ship").status, DONE)
        id = next(key["key"] for key in self.member(RECYCLER)["keys"] if key["label"] == "night shift")
        told = self.net.run(GOVERNORS, "governance", "propose", "member", "revoke-key", RECYCLER, "--key-id", id, "--since-entry", since,
                            "--reason", "laptop stolen", "--out", self.path("told.statement"))
        self.assertEqual(told.status, DONE, str(told))
        self.says(told.err, f"key {owners}", "would stand again")
        self.decide("revoke.statement", "member", "revoke-key", RECYCLER, "--key-id", id, "--since-entry", since, "--new-key-file",
                    fresh, "--reason", "laptop stolen", "--stolen-at", "2026-01-02T03:04:05Z")
        shown = self.member(RECYCLER)
        self.assertEqual([key["state"] for key in shown["keys"]], ["stands", "revoked", "revoked", "stands"])
        self.assertEqual(shown["keys"][1]["stolen_at"], "2026-01-02T03:04:05Z")
        self.assertEqual(shown["mandates"], [])
        self.refused(as_owner(thiefs, "member", "give-mandate", MINE, "--ship"), REFUSED, "revoked")
        self.says(self.net.run(GOVERNORS, "member", "show", RECYCLER).out, "night shift", "stolen 2026-01-02")
        self.assertEqual(as_owner(fresh, "member", "retire-key", "--key-id", owners).status, DONE)
        self.assertEqual(as_owner(fresh, "member", "add-key", "--key-file", self.new_key("next.key")).status, DONE)
        wait_until(lambda: [key["state"] for key in self.member(RECYCLER, at=RECYCLER)["keys"]][:1] == ["retired"],
                   "the act never comes to the other daemons")
        self.names_what_a_stolen_key_signed(id)

    def names_what_a_stolen_key_signed(self, id):
        """In the daemon's verdict and in a file's, also record by record."""
        verdict = self.net.verify(RECYCLER, "SCRAP-1")
        finding, = (f for f in verdict["findings"] if f["kind"] == "key")
        index = self.net.do(RECYCLER, "lot", "show", "SCRAP-1").json["at"]["index"]
        place = f"{self.net.daemons[RECYCLER].origin}:{index}"
        self.assertEqual((finding["records"], finding["more_records"]), ([place], 0))
        self.says(self.net.run(RECYCLER, "lot", "verify", "SCRAP-1").out, "in doubt:", place)
        bundle = self.path("scrap.bundle")
        self.net.do(RECYCLER, "bundle", "SCRAP-1", "-o", bundle)
        alone = {"XDG_STATE_HOME": str(self.path("seen"))}
        told = run("verify", bundle, "--network", self.net.genesis, "--explain", env=alone)
        self.assertEqual(told.status, DONE, str(told))
        self.says(told.out, "in doubt:", place, f"signed with key {id} of member 5, which was revoked since",
                  "not known to be final before the theft")
        record, = run("verify", bundle, "--network", self.net.genesis, "--explain", "--json", env=alone).json["explained"]
        self.assertEqual([(key["key"], key["final_before_theft"]) for key in record["revoked_keys"]], [(id, False)])


if __name__ == "__main__":
    unittest.main()
