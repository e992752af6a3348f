"""A network of real daemons on loopback, for tests through the two programs.

The programs are found by OREMARKD and OREMARK. A Network makes keys, genesis and settings in a folder of its own, starts daemons,
runs commands, and ends everything: daemons die with the test, however it ends. With sanitizers everything may take
longer, so waiting is by what happens, never by a fixed time.
"""

import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

OREMARK = os.environ.get("OREMARK", "oremark")
OREMARKD = os.environ.get("OREMARKD", "oremarkd")
PATIENCE_S = 90  # an idle machine needs well under one

# Exit statuses of oremark.
DONE, NO, USAGE, UNREACHABLE, REFUSED, UNDECIDED = range(6)

GOVERNORS = "Governors"
MINE, REFINER, MAKER, RECYCLER, AUDITOR = "Toquepala Mine", "Ilo Refinery", "Motor Works", "Rönnskär", "Auditor"
MEMBERS = {  # name: (short name, country, roles, sites with their kinds)
    GOVERNORS: ("governors", "SE", [], {}),
    MINE: ("mine", "PE", ["mine"], {"Toquepala": "mine"}),
    REFINER: ("ilo", "PE", ["smelter", "refiner"], {"Ilo": "plant"}),
    MAKER: ("motors", "DE", ["manufacturer"], {"Motor plant": "plant"}),
    RECYCLER: ("ronnskar", "SE", ["smelter", "refiner", "recycler"], {"Yard": "plant"}),
    AUDITOR: ("auditor", "SE", ["auditor"], {}),
}
LIMITS = """limits {
  receipt-tolerance-ppm = 5000
  drift-period-days = 365
  process "smelt" { tolerance-ppm = 10000 }
  drift-cap "any" { mass = "1 t" }
}
"""


def die_with_parent():
    """Run in a child: it gets SIGKILL when the test ends, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(true, what, patience=PATIENCE_S):
    """Waits until true() is; its value. Fails with what (text, or a function that gives one)."""
    end = time.monotonic() + patience
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what() if callable(what) else what}")
        time.sleep(0.05)


class Result:
    """What a command came to."""

    def __init__(self, args, status, out, err):
        self.args, self.status, self.out, self.err = args, status, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lots(self):
        """OM- numbers of the lots that an event command with --json made."""
        return [lot["number"] for lot in self.json["lots"]]

    def __str__(self):
        return f"{' '.join(map(str, self.args))}\nexit status {self.status}\n{self.out}{self.err}"


claimed = []


def free_port():
    """A port that nobody has, below those that the system gives to outgoing connections. No other test is given it while this
    one runs: it is claimed by the name of a socket."""
    while True:
        port = random.randrange(10000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0oremark-test-port-{port}")
        except OSError:
            claim.close()
            continue
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                claimed.append(claim)
                return port
        claim.close()


class Daemon:
    """One oremarkd with its folder; start, stop and kill as often as wanted."""

    def __init__(self, folder, origin):
        self.folder, self.origin = folder, origin
        self.host, self.port, self.peers, self.process = "127.0.0.1", free_port(), [], None
        self.conf, self.log = folder / "oremarkd.conf", folder / "log"
        self.socket, self.store, self.keys = folder / "sock", folder / "store", folder / "keys"

    def configure(self, genesis, **changes):
        """Writes the settings; CHANGES are settings with - written as _ and their text."""
        settings = {"store": f'"{self.store}"', "genesis": f'"{genesis}"', "keys": f'"{self.keys}"',
                    "socket": f'"{self.socket}"', "listen": f'{{"{self.host}:{self.port}"}}', "map_size": '"1GiB"', "log_level": '"debug"'}
        settings.update(changes)
        text = "".join(f"{name.replace('_', '-')} = {value}\n" for name, value in settings.items() if value)
        for peer in self.peers:
            text += f'peer "{peer.origin}" {{ address = "{peer.host}:{peer.port}" }}\n'
        self.conf.write_text(text)

    def command(self):
        return [OREMARKD, "--config", self.conf]

    def launch(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent)

    def start(self):
        self.launch()
        wait_until(self.answers, self.said)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.origin} ended with {self.process.returncode}: {self.said()}")
        return run("status", socket=self.socket, env={}).status == DONE

    def ends(self):
        """Waits for it to end by itself; its exit status."""
        return self.process.wait(PATIENCE_S)

    def stop(self):
        """A clean stop; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def said(self):
        """The end of its log."""
        return self.log.read_text(errors="replace")[-6000:] if self.log.exists() else ""


def run(*words, socket=None, key=None, member=None, env=None, stdin="", timeout=PATIENCE_S * 4):
    """Runs oremark with words; keywords become OREMARK_SOCKET, OREMARK_KEY and OREMARK_MEMBER."""
    full = {name: value for name, value in os.environ.items() if not name.startswith("OREMARK_")}
    full.update({"HOME": "/nonexistent", "TZ": "UTC"})
    full.update(env or {})
    for name, value in (("OREMARK_SOCKET", socket), ("OREMARK_KEY", key), ("OREMARK_MEMBER", member)):
        if value is not None:
            full[name] = str(value)
    args = [OREMARK, *map(str, words)]
    done = subprocess.run(args, env=full, input=stdin, capture_output=True, text=True, timeout=timeout,
                          preexec_fn=die_with_parent)
    return Result(args, done.returncode, done.stdout, done.stderr)


class Network:
    """Members, each with a daemon of its own."""

    make_daemon = Daemon

    def __init__(self, members=None, witnesses=None, quorum=0, limits=LIMITS):
        self.members = members or MEMBERS
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="oremark-e2e-"))
        self.genesis, self.daemons = self.folder / "genesis", {}
        for name, (short, *_) in self.members.items():
            (self.folder / short).mkdir()
            self.daemons[name] = self.make_daemon(self.folder / short, f"{short}.example/log")
        try:
            self.make_keys()
            self.make_genesis(self.members if witnesses is None else witnesses, quorum, limits)
        except BaseException:
            self.end()
            raise

    def must(self, *words, **kinds):
        result = run(*words, **kinds)
        if result.status != DONE:
            raise AssertionError(str(result))
        return result

    def make_keys(self):
        for name, (short, *_) in self.members.items():
            daemon = self.daemons[name]
            self.must("key", "new", "--daemon", daemon.origin, daemon.keys)
            self.must("key", "new", "--name", f"{short}.example/clerk", "--no-passphrase", self.key(name))

    def make_genesis(self, witnesses, quorum, limits):
        def quoted(names):
            return "{" + ", ".join(f'"{name}"' for name in names) + "}"
        first = next(iter(self.members))
        text = f'name = "e2e"\ngovernors = {quoted([first])}\nthreshold = 1\nquorum = {quorum}\n'
        text += f"witnesses = {quoted(self.daemons[name].origin for name in witnesses)}\n{limits}"
        for name, (short, country, roles, _) in self.members.items():
            origin = self.daemons[name].origin
            text += f'daemon "{origin}" {{\n  operator = "{name}"\n  keys = "{short}/keys"\n}}\n'
            text += (f'member "{name}" {{\n  country = "{country}"\n  roles = {quoted(roles)}\n  key = "{short}/clerk.key"\n'
                     f'  home = "{origin}"\n}}\n')
        (self.folder / "spec").write_text(text)
        self.must("network", "new", self.folder / "spec", "--out", self.genesis)

    def key(self, name):
        return self.folder / self.members[name][0] / "clerk.key"

    def connect(self, pairs=None):
        """Writes the settings of all daemons. PAIRS of names say who calls whom; without, everybody calls those before it."""
        names = list(self.members)
        pairs = [(b, a) for i, b in enumerate(names) for a in names[:i]] if pairs is None else pairs
        for caller, called in pairs:
            self.daemons[caller].peers.append(self.daemons[called])
        for daemon in self.daemons.values():
            daemon.configure(self.genesis)

    def start(self, *names):
        """Starts these daemons (all), each with its members' sites once the registry is there."""
        for name in names or self.members:
            self.daemons[name].launch()
        for name in names or self.members:
            wait_until(self.daemons[name].answers, self.daemons[name].said)

    def add_sites(self):
        """Every member's sites, through the registry's daemon; waits until each member's own daemon knows them."""
        registry = self.daemons[next(iter(self.members))]
        for name, (_, country, _, sites) in self.members.items():
            for site, kind in sites.items():
                self.must("member", "add-site", "--name", site, "--kind", kind, "--country", country, socket=registry.socket,
                          key=self.key(name), member=name)
        self.wait_level()

    def run(self, name, *words, at=None, **kinds):
        """Runs oremark as member NAME at its own daemon, or at that of AT."""
        return run(*words, socket=self.daemons[at or name].socket, key=self.key(name), member=name, **kinds)

    def do(self, name, *words, **kinds):
        """The same with --json, and it must come off."""
        result = self.run(name, *words, "--json", **kinds)
        if result.status != DONE:
            raise AssertionError(f"{result}\n{name} says:\n{self.daemons[kinds.get('at') or name].said()}")
        return result

    def verify(self, name, lot, *more):
        """What lot verify says at member NAME's daemon once all of the lineage is final there."""
        def decided():
            result = self.run(name, "lot", "verify", lot, "--json", *more)
            return result if result.status != UNDECIDED else None
        return wait_until(decided, f"{lot} is never final at {name}").json

    def sizes(self, name):
        """What this member's daemon holds of each log."""
        return {log["origin"]: (log["size"], log["root"]) for log in self.do(name, "status").json["logs"]}

    def level(self, names):
        views = [self.sizes(name) for name in names]
        return len(views[0]) == len(self.members) and all(view == views[0] for view in views)

    def wait_level(self, names=None):
        """Waits until the running daemons (or those of NAMES) hold the same of every log."""
        names = names or [name for name in self.members if self.daemons[name].running()]
        wait_until(lambda: self.level(names), lambda: "logs differ: " + json.dumps({name: self.sizes(name) for name in names}, indent=1))

    def linked(self, name):
        """The origins that this member's daemon has a link with."""
        return {peer["origin"] for peer in self.do(name, "peers").json["peers"] if peer["state"] == "connected"}

    def wait_linked(self):
        """Waits until every running daemon has a link with each running one that its settings name, and that one with it."""
        running = {daemon.origin: name for name, daemon in self.daemons.items() if daemon.running()}
        for origin, name in running.items():
            for peer in self.daemons[name].peers:
                if peer.origin in running:
                    wait_until(lambda: peer.origin in self.linked(name) and origin in self.linked(running[peer.origin]),
                               f"{origin} and {peer.origin} are not linked")

    def end(self):
        """Ends all daemons and removes everything; fails if one of them did not stop as it should."""
        bad = []
        for daemon in self.daemons.values():
            if daemon.running():
                status = daemon.stop()
                if status != 0:
                    bad.append(f"{daemon.origin} stopped with {status}: {daemon.said()}")
            if daemon.log.exists() and "Sanitizer" in daemon.log.read_text(errors="replace"):
                bad.append(f"{daemon.origin}: {daemon.said()}")
        shutil.rmtree(self.folder, ignore_errors=True)
        if bad:
            raise AssertionError("\n".join(bad))


class NetworkTest(unittest.TestCase):
    """A test case with one network for all its tests, in the class attribute net."""

    make_network = Network
    quorum = 0
    witnesses = None
    members = None
    pairs = None

    @classmethod
    def setUpClass(cls):
        cls.net = cls.make_network(cls.members, cls.witnesses, cls.quorum)
        cls.addClassCleanup(cls.net.end)
        cls.net.connect(cls.pairs)
        cls.net.start()
        cls.net.add_sites()
        cls.net.wait_linked()  # what is fetched on demand is asked of those who are linked then

    def refused(self, result, status, *words):
        """RESULT has this status and one message, which holds all these words."""
        self.assertEqual(result.status, status, str(result))
        self.says(result.err, *words)
        self.assertEqual(result.out, "", str(result))

    def says(self, text, *words):
        for word in words:
            self.assertIn(word.lower(), text.lower())
