"""Reads a published folder as C2SP tlog-tiles says, with nothing of Oremark's but the bytes."""

import base64
import hashlib
import pathlib


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves):
    """RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node(root(leaves[:half]), root(leaves[half:]))


def climb(index, size, at, path):
    """The root to which PATH leads from the leaf hash AT (RFC 9162, section 2.1.3.2)."""
    last = size - 1
    for sibling in path:
        if index % 2 == 1 or index == last:
            at = node(sibling, at)
            while index % 2 == 0 and index != 0:
                index, last = index // 2, last // 2
        else:
            at = node(at, sibling)
        index, last = index // 2, last // 2
    assert last == 0, "the path is too short"
    return at


def number(n):
    digits = f"{n:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    return "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])


class Checkpoint:
    def __init__(self, text):
        body, self.signatures = text.split("\n\n")
        self.origin, size, root64 = body.split("\n")
        self.size, self.root = int(size), base64.b64decode(root64)
        self.signers = [line.split(" ")[1] for line in self.signatures.splitlines()]


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)

    def checkpoint(self):
        return Checkpoint((self.path / "checkpoint").read_text())

    def resource(self, kind, index, width):
        return (self.path / "tile" / (kind + "/" + number(index) + (f".p/{width}" if width < 256 else ""))).read_bytes()

    def widths(self, size, level):
        """Index and width of every tile of LEVEL."""
        hashes = size >> (8 * level)
        return [(i // 256, min(256, hashes - i)) for i in range(0, hashes, 256)]

    def entries(self, size):
        for index, width in self.widths(size, 0):
            bundle = self.resource("entries", index, width)
            for _ in range(width):
                length = int.from_bytes(bundle[:2], "big")
                yield bundle[2:2 + length]
                bundle = bundle[2 + length:]
            assert not bundle, "the bundle is longer than its entries"

    def check(self):
        """Every resource that the checkpoint asks for is there and hashes up; the entries."""
        checkpoint = self.checkpoint()
        entries = list(self.entries(checkpoint.size))
        hashes, level = [leaf(entry) for entry in entries], 0
        assert root(hashes) == checkpoint.root, "the entries do not hash to the checkpoint"
        while hashes:
            for index, width in self.widths(checkpoint.size, level):
                tile = self.resource(str(level), index, width)
                assert tile == b"".join(hashes[256 * index:256 * index + width]), f"tile {level}/{index} is wrong"
            hashes = [root(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
            level += 1
        return entries

    def files(self):
        return {str(file.relative_to(self.path)): file.read_bytes() for file in self.path.rglob("*") if file.is_file()}
