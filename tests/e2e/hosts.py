"""Hosts for daemons: each in a network namespace of its own, with a cable to one switch.

The namespaces have no names: each lives as long as the process that holds it, and that dies with the test, however it ends. Nothing
is ever put into the machine's own network, so any number of tests may run at once with the same addresses.
"""

import os
import shutil
import subprocess
import time

from network import Daemon, Network, die_with_parent

SWITCH, CABLE = "switch0", "eth0"
PORT = 7000  # every host has all ports for itself


class Namespace:
    """A network namespace, held by a process that sleeps."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.path = f"/proc/{self.holder.pid}/ns/net"
        while self.holder.poll() is None and os.readlink(self.path) == os.readlink("/proc/self/ns/net"):
            time.sleep(0.005)
        if self.holder.poll() is not None:
            raise OSError(self.holder.stderr.read().strip())

    def command(self, *words):
        """What runs words in here: the process is that of the words, not one around it."""
        return ["nsenter", f"--net={self.path}", "--", *words]

    def do(self, *words, text=""):
        done = subprocess.run(self.command(*words), input=text, capture_output=True, text=True, preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")

    def start(self, *words, stdout=subprocess.DEVNULL):
        """Starts words in here; the process dies with the test."""
        return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=stdout, preexec_fn=die_with_parent)

    def filter(self, *rules):
        """From now on these nft rules alone see every packet that comes in."""
        text = "table inet test\ndelete table inet test\ntable inet test {\n  chain in {\n    type filter hook input priority 0;\n"
        self.do("nft", "-f", "-", text=text + "".join(f"    {rule}\n" for rule in rules) + "  }\n}\n")

    def end(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stderr.close()


class Switch(Namespace):
    def __init__(self):
        super().__init__()
        self.cables = 0
        self.do("ip", "link", "add", SWITCH, "type", "bridge")
        self.do("ip", "link", "set", SWITCH, "up")

    def plug(self, namespace):
        """A cable to NAMESPACE, which gets an address; both ends up. The number of the cable."""
        self.cables += 1
        end = f"port{self.cables}"
        self.do("ip", "link", "add", end, "type", "veth", "peer", "name", CABLE, "netns", str(namespace.holder.pid))
        self.do("ip", "link", "set", end, "master", SWITCH, "up")
        namespace.do("ip", "address", "add", f"{address(self.cables)}/24", "dev", CABLE)
        for device in ("lo", CABLE):
            namespace.do("ip", "link", "set", device, "up")
        return self.cables

    def pull(self, cable):
        self.do("ip", "link", "set", f"port{cable}", "down")

    def mend(self, cable):
        self.do("ip", "link", "set", f"port{cable}", "up")


def address(cable):
    return f"10.77.0.{cable}"


class Host(Daemon):
    """A daemon on a host of its own. Its folder and its socket are reached from outside."""

    def __init__(self, folder, origin, switch):
        super().__init__(folder, origin)
        self.switch, self.namespace = switch, Namespace()
        self.cable = switch.plug(self.namespace)
        self.host, self.port = address(self.cable), PORT

    def command(self):
        return self.namespace.command(*super().command())

    def pull(self):
        self.switch.pull(self.cable)

    def mend(self):
        self.switch.mend(self.cable)

    def filter(self, *rules):
        self.namespace.filter(*rules)


class HostNetwork(Network):
    """The same network as on loopback, each daemon on a host of its own."""

    def __init__(self, *arguments):
        self.switch, self.hosts = Switch(), []
        super().__init__(*arguments)

    def make_daemon(self, folder, origin):
        self.hosts.append(Host(folder, origin, self.switch))
        return self.hosts[-1]

    def end(self):
        try:
            super().end()
        finally:
            for namespace in (self.switch, *(host.namespace for host in self.hosts)):
                namespace.end()


def why_not():
    """Why there can be no hosts here; None if there can. It tries."""
    for program in ("ip", "nft", "unshare", "nsenter"):
        if not shutil.which(program):
            return f"{program} is not installed"
    made = []
    try:
        made.append(Switch())
        made.append(Namespace())
        made[0].plug(made[1])
        made[1].filter("numgen random mod 100 < 1 drop", "tcp flags & (syn | ack) == syn counter drop")
        return None
    except OSError as failure:
        return str(failure)
    finally:
        for namespace in made:
            namespace.end()
