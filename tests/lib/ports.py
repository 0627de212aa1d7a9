# SPDX-License-Identifier: Apache-2.0
"""Ports of 127.0.0.1 that are this process's own until it ends, however many tests run beside it. They lie below the ephemeral ones, so that
no connection takes the port of a node that is down for a moment."""
import fcntl
import os
import random
import socket
import tempfile

FIRST, END, BLOCK = 11000, 32600, 300
_held = []  # open lock files: the locks go with the process
_left = []  # ports of the present block for single nodes


def _free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def block():
    """The first of BLOCK ports in a row."""
    where = os.path.join(tempfile.gettempdir(), f"cairn-ports-{os.getuid()}")
    os.makedirs(where, exist_ok=True)
    bases = list(range(FIRST, END - BLOCK + 1, BLOCK))
    random.shuffle(bases)
    for base in bases:
        f = open(os.path.join(where, str(base)), "w")
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            f.close()
            continue
        if all(_free(port) for port in range(base, base + BLOCK)):
            _held.append(f)
            return base
        f.close()
    raise AssertionError(f"no {BLOCK} free ports in a row on 127.0.0.1: what listens between {FIRST} and {END}?")


def free_port():
    if not _left:
        base = block()
        _left.extend(range(base, base + BLOCK))
    return _left.pop(0)
