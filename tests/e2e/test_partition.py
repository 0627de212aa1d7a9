#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Four validators, each in a network namespace of its own, on a bridge that is cut in two and healed: a side with a quorum goes on, one
without waits, and afterwards all have one history. Needs no root: the script starts itself again in its own user and network
namespace."""
import os
import subprocess
import sys

from cairnd_net import HttpError, Network, main, wait_for

BRIDGES = ("cairn0", "cairn1")  # the two sides; all begin on the first
HOME = "10.77.0.1"


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


class Wire:
    """A network namespace at one end of a cable whose other end hangs on one of the two bridges."""

    def __init__(self, number):
        self.host, self.cable = f"10.77.0.{11 + number}", f"cable{number}"
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec cat"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.prefix = ("nsenter", "--target", str(self.holder.pid), "--net")
        ip("link", "add", self.cable, "type", "veth", "peer", "name", f"end{number}")
        ip("link", "set", f"end{number}", "netns", str(self.holder.pid))
        for args in (["addr", "add", self.host + "/24", "dev", f"end{number}"], ["link", "set", f"end{number}", "up"],
                     ["link", "set", "lo", "up"]):
            subprocess.run([*self.prefix, "ip", *args], check=True)
        ip("link", "set", self.cable, "up")
        self.plug(0)

    def plug(self, side):
        ip("link", "set", self.cable, "master", BRIDGES[side])

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()


def cut(wires, *second):
    """The wires numbered `second` are on the other side from now on."""
    for i, w in enumerate(wires):
        w.plug(1 if i in second else 0)


def cut_and_healed():
    wires = [Wire(i) for i in range(4)]
    try:
        with Network(4, ["alice", "bob"], nodes=[{"host": w.host, "prefix": w.prefix} for w in wires]) as net:
            net.start()
            a, b, c, d = net.nodes
            alice, bob = net.accounts
            tag = net.chain_tag

            def have(sequence, *nodes):
                for n in nodes:
                    wait_for(f"transfer {sequence} at {n.name}", lambda n=n: int(n.account(bob)["balance"]) == 10**12 + sequence)

            def pay(node, sequence, wait="committed"):
                have(sequence - 1, node)
                return node.broadcast(alice.send(tag, bob, 1, sequence, node.height() + 500)[1], wait)

            assert pay(a, 1)["state"] == "committed"

            # one is alone: three go on without it, and this side of the bridge sees them only
            cut(wires, 3)
            assert pay(b, 2)["state"] == "committed"
            height = max(n.height() for n in (a, b, c))
            wait_for("three that go on", lambda: min(n.height() for n in (a, b, c)) > height + 3)
            assert "ended" not in d.log() and d.process.poll() is None
            cut(wires)
            wait_for("the fourth to catch up", lambda: d.height() > height + 3)
            assert pay(d, 3)["state"] == "committed"
            have(3, *net.nodes)

            # two and two: nobody decides anything, what is admitted waits, and is committed when the cut is healed
            cut(wires, 2, 3)
            pay(a, 4, "admitted")
            stood = max(a.height(), b.height())
            assert alone_together(a, b) <= stood + 1  # what was decided when the cut came
            cut(wires)
            wait_for("blocks again", lambda: min(n.height() for n in net.nodes) > stood + 3)
            have(4, c)

            # the cut moves: each is alone once, and comes back into a network that lost the next one
            for alone in range(4):
                cut(wires, alone)
                here = [n for i, n in enumerate(net.nodes) if i != alone]
                wait_for("the others", lambda: all(reachable(n) for n in here))
                height = max(n.height() for n in here)
                wait_for("three that go on", lambda: min(n.height() for n in here) > height + 1)
            cut(wires)
            height = max(n.height() for n in net.nodes if reachable(n)) + 1
            for n in net.nodes:
                wait_for(f"{n.name} at {height + 1}", lambda n=n: n.height() > height)
            hashes = {n.app_hash(height) for n in net.nodes}
            assert len(hashes) == 1, hashes
            assert not any(os.listdir(os.path.join(n.home, "data", "evidence")) for n in net.nodes)
    finally:
        for w in wires:
            w.close()


def reachable(node):
    try:
        return node.get("/v1/health")
    except (OSError, HttpError):
        return None


def alone_together(*nodes):
    """Waits until these have given up their links to all others. The height at which they stand."""
    for n in nodes:
        wait_for("links that are given up", lambda n=n: n.get("/v1/status")["peers"] == len(nodes) - 1)
    return max(n.height() for n in nodes)


if __name__ == "__main__":
    if os.environ.get("CAIRN_E2E_NAMESPACE") is None:
        os.environ["CAIRN_E2E_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--net", sys.executable, *sys.argv])
    ip("link", "set", "lo", "up")
    for bridge in BRIDGES:
        ip("link", "add", bridge, "type", "bridge")
        ip("link", "set", bridge, "up")
    ip("addr", "add", HOME + "/24", "dev", BRIDGES[0])
    main([cut_and_healed])
