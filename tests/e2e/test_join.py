#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fresh node joins a live network: by all its blocks, or by a snapshot of its state; killed in the middle, with a peer that lies. It comes to
the same app hashes and follows."""
import json
import os
import re
import socket
import threading

from cairnd_net import Network, bech32_bytes, main, spec, wait_for

ACCOUNTS = 30000  # so that a snapshot has some chunks
EVERY = 10


class SlowPath:
    """A way to a node's p2p port that lets through so many bytes a second, in both directions; `rate` may change."""

    def __init__(self, to, rate):
        self.to, self.rate, self.closed = to, rate, threading.Event()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closed.is_set():
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            host, port = self.to.rsplit(":", 1)
            try:
                b = socket.create_connection((host, int(port)))
            except OSError:
                a.close()
                continue
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=self.pump, args=(x, y), daemon=True).start()

    def pump(self, a, b):
        try:
            while data := a.recv(16384):
                b.sendall(data)
                if self.rate:
                    self.closed.wait(len(data) / self.rate)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.closed.set()
        self.listener.close()


class JoinNetwork(Network):
    """Validators with many accounts in their state and a snapshot of every tenth height."""

    def __init__(self, validators=4):
        super().__init__(validators, ("alice", "bob"))
        many = [{"address": address(i), "balance": "1000000"} for i in range(ACCOUNTS)]
        self.genesis["accounts"] = sorted(self.genesis["accounts"] + many, key=lambda a: bech32_bytes(a["address"]))
        self.sequence = 0
        for n in self.nodes:
            configure(n, self.genesis, [(m.info["node_id"], m.p2p) for m in self.nodes if m is not n],
                      {"snapshot_every_blocks": EVERY, "snapshots_kept": 3})

    def pay(self, node=None):
        """One transfer, committed; the height that the network has then."""
        node = node or self.nodes[0]
        alice, bob = self.accounts
        self.sequence += 1
        _, wire = alice.send(self.chain_tag, bob, 5, self.sequence, node.height() + 100, fee=20000)
        node.broadcast(wire)
        return node.height()

    def grow(self, height):
        while self.pay() < height:
            pass

    def joiner(self, name, peers, settings=None):
        n = self.full_node(name)
        configure(n, self.genesis, peers, settings or {})
        return n


def address(i):
    return spec.bech32(spec.H("cairn.addr", b"many" + i.to_bytes(4, "big"))[:20])


def configure(node, genesis, peers, settings):
    """genesis.json and config.yaml, with these peers: (node_id, host:port), and these settings: key to value as YAML."""
    with open(os.path.join(node.home, "genesis.json"), "w") as f:
        json.dump(genesis, f)
    path = os.path.join(node.home, "config.yaml")
    settings = {"peers": "".join(f"\n  - node_id: {i}\n    address: {a}" for i, a in peers), **settings}
    with open(path) as f:
        text = f.read()
    for key, value in settings.items():
        text = re.sub(rf"^{key}:.*\n(  .*\n)*", "", text, flags=re.M) + f"{key}: {value}\n"
    with open(path, "w") as f:
        f.write(text)


def direct(net):
    return [(n.info["node_id"], n.p2p) for n in net.nodes]


STATE_SYNC = {"state_sync": "\n  enabled: true"}


def same_hashes(net, node, heights):
    for h in heights:
        want = wait_for(f"height {h}", lambda: net.nodes[0].app_hash(h))
        assert wait_for(f"{node.name} at {h}", lambda: node.app_hash(h)) == want, h


def follows(net, node):
    """It has what is committed from now on, soon."""
    height = net.pay()
    wait_for(f"{node.name} to follow", lambda: node.height() >= height)
    same_hashes(net, node, [height])
    return height


def by_blocks():
    """All blocks, from genesis, killed once in the middle."""
    with JoinNetwork() as net:
        net.start()
        net.grow(60)
        node = net.joiner("blocks", direct(net)).start(ready=False)
        wait_for("some blocks", lambda: node.height() > 5)
        node.kill()
        node.start()
        height = follows(net, node)
        same_hashes(net, node, range(1, height, 7))
        assert "catching up by blocks" in node.log()
        assert int(node.get("/v1/status")["earliest_height"]) <= 1


def by_snapshot():
    """The newest snapshot and the blocks behind it; and validators who joined so could go on from it."""
    with JoinNetwork() as net:
        net.start()
        net.grow(EVERY * 3 + 2)
        node = net.joiner("state", direct(net), STATE_SYNC).start()
        height = follows(net, node)
        status = node.get("/v1/status")
        first = int(status["earliest_height"])
        assert first >= EVERY and first % EVERY == 0, status
        assert "joined by a snapshot" in node.log()
        same_hashes(net, node, range(first, height))
        # it knows every account, and serves those who come after it
        assert node.account(net.accounts[1])["balance"] == net.nodes[0].account(net.accounts[1])["balance"]
        node.stop()
        node.start()
        follows(net, node)


if __name__ == "__main__":
    main([by_blocks, by_snapshot])
