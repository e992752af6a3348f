"""A bad line: passes what comes on to another address, late, and changes a byte now and then, in either direction.

  python3 proxy.py LISTEN-HOST PORT TO-HOST PORT CHANGES SEED

After CHANGES changed bytes it only delays. Says "link" for every connection and "changed" for every changed byte, a line each.
"""

import random
import socket
import sys
import threading
import time

DELAY_S = 0.02  # the longest for each piece
GOOD_BYTES = 3000  # pass unchanged on average: a handshake and some records
PIECE = 4096


class Proxy:
    def __init__(self, listen, to, changes, seed):
        self.listener, self.to = socket.create_server(listen), to
        self.changes, self.random, self.lock = changes, random.Random(seed), threading.Lock()
        self.good = self.next_good()

    def next_good(self):
        return int(self.random.expovariate(1 / GOOD_BYTES))

    def spoil(self, data):
        """DATA as it goes on, and how long it takes."""
        with self.lock:
            self.good -= len(data)
            if self.good < 0 and self.changes > 0:
                self.changes -= 1
                self.good = self.next_good()
                data = bytearray(data)
                data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
                print("changed", flush=True)
            return data, self.random.uniform(0, DELAY_S)

    def pass_on(self, source, target):
        try:
            while data := source.recv(PIECE):
                data, delay = self.spoil(data)
                time.sleep(delay)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def link(self, near):
        print("link", flush=True)
        try:
            far = socket.create_connection(self.to)
        except OSError:
            near.close()
            return
        back = threading.Thread(target=self.pass_on, args=(far, near))
        back.start()
        self.pass_on(near, far)
        back.join()
        near.close()
        far.close()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            threading.Thread(target=self.link, args=(near,), daemon=True).start()


if __name__ == "__main__":
    host, port, to_host, to_port, changes, seed = sys.argv[1:]
    Proxy((host, int(port)), (to_host, int(to_port)), int(changes), int(seed)).run()
