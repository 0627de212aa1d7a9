#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real processes that die at every named point between an input and its acknowledgement (chain/os/crash.h, in the build DEBUG=1), and by
kill -9 at random moments: what was acknowledged is there, nothing is there twice, all have one state. A sync that fails stops the node.
KILL_SEED and KILL_ROUNDS (of the random part) can be set."""
import os
import random
import re
import threading
import time

from cairnd_net import CAIRND, ROOT, HttpError, Network, main, wait_for

DEBUG = os.environ.get("CAIRND_DEBUG", os.path.join(ROOT, "build", "debug", "bin", "cairnd"))
SEED = int(os.environ.get("KILL_SEED", str(time.time_ns() % 1000000)))
FAST = {"heartbeat_ms": "100", "min_interval_ms": "10", "timeout_propose_ms": "200", "timeout_prevote_ms": "100",
        "timeout_precommit_ms": "100", "timeout_delta_ms": "50"}
seen = set()  # points that any process came to


def points():
    with open(os.path.join(ROOT, "chain", "os", "crash.h")) as f:
        return re.findall(r'^    X\(\w+, +"([a-z-]+)"\)', f.read(), re.M)


class World:
    """A network of debug builds, and who pays whom on it."""

    def __init__(self, n):
        self.net = Network(n, ["alice", "bob"], nodes=[{"program": DEBUG}] * n, consensus=FAST)
        self.alice, self.bob = self.net.accounts
        self.nodes = self.net.nodes
        self.trace = os.path.join(self.net.dir, "trace")
        self.acknowledged, self.died = [], 0
        self.sequence, self.tag = 1, None

    def __enter__(self):
        return self

    def __exit__(self, *what):
        if os.path.exists(self.trace):
            with open(self.trace) as f:
                seen.update(f.read().split())
        self.net.__exit__(*what)

    def start(self, node, at=None, ready=True, **env):
        env = {k: v for k, v in {"CAIRN_CRASH_TRACE": self.trace, "CAIRN_CRASH_AT": at, **env}.items() if v}
        node.start(ready=ready, env=env)

    def start_all(self):
        for n in self.nodes:
            if n.process is None or n.process.poll() is not None:
                self.start(n, ready=False)
        for n in self.nodes:
            n.wait_ready()
        self.tag = self.tag or self.net.chain_tag
        self.sequence = self.next_sequence(self.nodes[0])
        self.begin = getattr(self, "begin", int(self.nodes[0].account(self.bob)["balance"]))

    def pay(self, node):
        """True: the node said that it is committed."""
        try:
            tx_id, wire = self.alice.send(self.tag, self.bob, 1, self.sequence, node.height() + 100)
            done = node.broadcast(wire, timeout_ms="1000")["state"] == "committed"
        except (OSError, HttpError, ValueError):
            return False
        if done:
            self.acknowledged.append(tx_id)
            self.sequence += 1
        return done

    def pay_until_dead(self, node, dying, seconds=20):
        end = time.monotonic() + seconds
        while any(n.process.poll() is None for n in dying) and time.monotonic() < end:
            if not self.pay(node):
                self.sequence = self.next_sequence(node) or self.sequence
        died = sum(n.process.poll() is not None for n in dying)
        for n in dying:
            if n.process.poll() is None:
                n.kill()  # it never came to the point so often: let it die here
            assert n.process.returncode == -9, f"{n.name} ended with {n.process.returncode}: {n.log()[-1000:]}"
        self.died += died

    def next_sequence(self, node):
        try:
            return max(1, int(node.account(self.alice)["sequence"]))
        except (OSError, HttpError):
            return None

    def check(self):
        """Everybody is there, has what was acknowledged, once, and one state."""
        top = max(n.height() for n in self.nodes)
        for n in self.nodes:
            wait_for(f"{n.name} at {top + 1}", lambda n=n: n.height() > top)
        assert len({n.app_hash(top) for n in self.nodes}) == 1
        node = self.nodes[-1]
        for tx_id in self.acknowledged:
            assert node.get(f"/v1/tx/{tx_id.hex()}")["state"] == "committed", tx_id.hex()
        self.acknowledged.clear()
        # what waited may still be taken: sequence and balance of one moment, which a moment without blocks shows
        def still():
            a, b, c = (int(x) for x in (node.account(self.alice)["sequence"], node.account(self.bob)["balance"],
                                        node.account(self.alice)["sequence"]))
            return (max(1, a), b) if a == c else None
        self.sequence, balance = wait_for("a still moment", still)
        assert balance - self.begin == self.sequence - 1, (balance - self.begin, self.sequence)


def enough(w, died):
    print(f"   {w.died} processes died at their point", flush=True)
    assert w.died >= died


def alone():
    """One validator: who acknowledges is who dies. Its next start dies at the next point, so that recoveries die, too."""
    rng = random.Random(SEED)
    with World(1) as w:
        node = w.nodes[0]
        w.start_all()
        for point in points():
            node.kill()
            at = f"{point}:{rng.choice([1, 1, 2, 3, 5, 8, 13])}"
            w.start(node, at, ready=False)
            w.pay_until_dead(node, [node], 3)
            w.start_all()
            w.check()
        enough(w, 20)


def one_of_four():
    rng = random.Random(SEED + 1)
    with World(4) as w:
        w.start_all()
        for i, point in enumerate(points()):
            victim, other = w.nodes[i % 4], w.nodes[(i + 1) % 4]
            victim.kill()
            w.start(victim, f"{point}:{rng.choice([1, 2, 5, 13, 34])}", ready=False)
            w.pay_until_dead(other, [victim], 3)
            w.start_all()
        w.check()
        enough(w, 20)


def all_four():
    """All die at the same point, each when it comes to it; whoever is left without a quorum is killed."""
    rng = random.Random(SEED + 2)
    with World(4) as w:
        w.start_all()
        for point in rng.sample(points(), 4) + ["wal-after-sync", "store-after-write"]:
            for n in w.nodes:
                n.kill()
            n = rng.choice([1, 3, 8])
            for v in w.nodes:
                w.start(v, f"{point}:{n}", ready=False)
            w.pay_until_dead(w.nodes[0], w.nodes, 4)
            w.start_all()
            w.check()
        enough(w, 4)


def at_random():
    rng = random.Random(SEED + 3)
    with World(4) as w:
        w.start_all()
        for _ in range(int(os.environ.get("KILL_ROUNDS", "12"))):
            dying = rng.sample(w.nodes, rng.choice([1, 1, 2, 3, 4]))
            timer = threading.Timer(rng.random() * 0.2, lambda dying=dying: [n.process.kill() for n in dying])
            timer.start()
            while timer.is_alive():
                if not w.pay(rng.choice(w.nodes)):
                    break
            timer.join()
            for n in dying:
                n.process.wait()
            w.start_all()
        w.check()


def every_point_was_met():
    missing = set(points()) - seen
    with open(CAIRND, "rb") as f:
        assert b"CAIRN_CRASH_AT" not in f.read(), "the released program has crash points"
    assert len(points()) > 25 and not missing, f"no process ever came to {sorted(missing)}"


def failing_sync():
    """The kernel says that it could not write: nothing may leave any more. The node stops, says why, and starts again."""
    with World(1) as w:
        node = w.nodes[0]
        w.start_all()
        for name in ("wal.0", "wal.1", "signer.state"):
            node.stop()
            w.start(node, ready=False, CAIRN_FAIL_SYNC=f"{name}:6")
            while node.process.poll() is None:
                w.pay(node)
            assert node.process.returncode == 1, node.process.returncode
            assert "the node stops" in node.log() and "cannot sync" in node.log(), node.log()[-2000:]
            w.start_all()
            w.check()


if __name__ == "__main__":
    print(f"KILL_SEED={SEED}", flush=True)
    main([alone, one_of_four, all_four, at_random, every_point_was_met, failing_sync])
