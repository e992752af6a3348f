"""Strangers who mean no good: they have no keys of the network, and go on until they are ended.

  python3 strangers.py stall|garbage|deaf HOST PORT

stall: 50 connections that begin a handshake and say no more. garbage: whatever comes to mind, as fast as it is taken.
deaf: begins a handshake again and again and never reads the answers. Who is thrown out comes again at once.
"""

import os
import socket
import sys
import threading
import time

STALLED = 50
HELD_S = 600
HANDSHAKE = b"\x00\x20" + b"\x09" + bytes(31)  # length, then a first Noise message: a point of the curve (RFC 7748's base)


def connect(to):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    s.connect(to)
    return s


def stall(to):
    """Half of a handshake message, then nothing until thrown out."""
    s = connect(to)
    s.settimeout(HELD_S)
    s.sendall(HANDSHAKE[:17])
    s.recv(1)


def garbage(to):
    s = connect(to)
    while True:
        s.sendall(os.urandom(1 << 16))


def deaf(to):
    s = connect(to)
    while True:
        s.sendall(HANDSHAKE)
        time.sleep(0.01)


def again(kind, to):
    while True:
        try:
            kind(to)
        except OSError:
            time.sleep(0.001)


if __name__ == "__main__":
    kind, host, port = {"stall": stall, "garbage": garbage, "deaf": deaf}[sys.argv[1]], sys.argv[2], int(sys.argv[3])
    for _ in range(STALLED if kind is stall else 1):
        threading.Thread(target=again, args=(kind, (host, port))).start()
