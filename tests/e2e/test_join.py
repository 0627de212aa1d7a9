#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fresh node joins a live network: by all its blocks, or by a snapshot of its state; killed in the middle, with a peer that lies. It comes to
the same app hashes and follows."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

from cairnd_net import CAIRND, ROOT, WAIT, HttpError, Network, bech32_bytes, main, run, spec, wait_for

BYZANTINE = os.environ.get("CAIRND_BYZ", os.path.join(ROOT, "build", "byz", "bin", "cairnd"))
EVIL = os.environ.get("EVIL", os.path.join(ROOT, "build", "release", "tests", "e2e", "evil"))
EVERY = 10
GROUPS = 100  # an account's, with long tags: so that a snapshot has some chunks
OWNERS = 12
TAGS = [{"key": f"key{i}", "value": "v" * 256} for i in range(10)]


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
    """Validators that make a snapshot of every tenth height."""

    def __init__(self, validators=4, **more):
        super().__init__(validators, ["alice", "bob"] + [f"owner{i}" for i in range(OWNERS)], **more)
        self.genesis["params"]["auth"]["tx_bytes_max"] = str(1 << 20)
        self.sequence = 0
        for n in self.nodes:
            configure(n, self.genesis, [(m.info["node_id"], m.p2p) for m in self.nodes if m is not n],
                      {"snapshot_every_blocks": EVERY, "snapshots_kept": 3})

    def pay(self, node=None):
        """One transfer, committed; the height that the network has then."""
        node = node or self.nodes[0]
        alice, bob = self.accounts[:2]
        self.sequence += 1
        _, wire = alice.send(self.chain_tag, bob, 5, self.sequence, node.height() + 100, fee=20000)
        node.broadcast(wire)
        return node.height()

    def fill(self):
        """Some megabytes of state: each owner has many groups with long texts."""
        for k, who in enumerate(self.accounts[2:]):
            spec.ADDRESSES[who.text] = who.address
            node = self.nodes[k % 3]
            msgs = [{"create_group": {"creator": who.text, "group_name": f"group{i}", "tags": TAGS}} for i in range(GROUPS)]
            body = spec.encode("TxBody", {"signer": who.pubkey.hex(), "sequence": "1", "valid_until_height": str(node.height() + 100),
                                          "fee": str(10**8), "msgs": msgs})
            sig = spec.sign(who.secret, spec.H("cairn.tx", self.chain_tag, body))
            result = node.broadcast(len(body).to_bytes(4, "big") + body + sig)
            assert result["state"] == "committed" and int(result["result"].get("code", 0)) == 0, result

    def grow(self, height):
        while self.pay() < height:
            pass

    def joiner(self, name, peers, settings=None):
        n = self.full_node(name)
        configure(n, self.genesis, peers, settings or {})
        return n


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


def up_to_a_trusted_block():
    """Blocks whose signatures another block covers, that the operator names; and one who was told of a block that is not there."""
    with JoinNetwork() as net:
        net.start()
        net.grow(40)
        want = net.nodes[0].get("/v1/block/30")["header_id"]
        for name, trusted in ("right", want), ("wrong", net.nodes[0].get("/v1/block/31")["header_id"]):
            node = net.joiner(name, direct(net), {"block_sync": f"\n  trust_height: 30\n  trust_id: {trusted}"}).start(ready=False)
            if name == "right":
                height = follows(net, node)
                same_hashes(net, node, range(1, height, 7))
                node.stop()
                continue
            reason = wait_for("quarantine", lambda: node.get("/v1/status").get("quarantine"))["reason"]
            assert "block_sync.trust_id names another" in reason and node.height() < 30, reason
            assert node.stop() == 9
        for i, bad in enumerate(("trust_height: 30", f"trust_id: {want}", "trust_height: 30\n  trust_id: 12")):
            node = net.joiner(f"bad{i}", direct(net), {"block_sync": f"\n  {bad}"})
            said = run(CAIRND, "start", "--home", node.home, ok=False)
            assert said.returncode != 0 and "block_sync" in said.stderr, said


def by_snapshot():
    """The newest snapshot and the blocks behind it; and validators who joined so could go on from it."""
    with JoinNetwork() as net:
        net.start()
        net.fill()
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


def without_snapshots():
    """A network that is younger than its first snapshot: after asking for a while the node takes all blocks."""
    with JoinNetwork() as net:
        for n in net.nodes:
            configure(n, net.genesis, [(m.info["node_id"], m.p2p) for m in net.nodes if m is not n], {"no_snapshots": "true"})
        net.start()
        net.grow(EVERY)
        node = net.joiner("young", direct(net), STATE_SYNC).start(ready=False)
        # who knows nobody but another one that joins learns from it that it has nothing, and does not wait until it has joined
        other = net.joiner("younger", [(node.info["node_id"], node.p2p)], STATE_SYNC).start(ready=False)
        for n in node, other:
            wait_for("it to look for snapshots", lambda n=n: n.get("/v1/status")["sync"].get("phase") == "looking for snapshots")
        follows(net, node)
        assert "no peer has a snapshot; all blocks are taken instead" in node.log()
        follows(net, other)
        gave_up = re.search(r"all blocks are taken instead.* seconds=(\d+)", other.log())
        assert int(gave_up[1]) < 45, gave_up[0]
        assert int(node.get("/v1/status")["earliest_height"]) <= 1
        same_hashes(net, node, [1, EVERY])


def killed_in_the_middle():
    """A snapshot over a fast and a slow way; killed when a part of it is in. What is in is not fetched again."""
    with JoinNetwork() as net:
        net.start()
        net.fill()
        net.grow(EVERY * 2 + 2)
        ways = [SlowPath(net.nodes[0].p2p, 1000000), SlowPath(net.nodes[1].p2p, 50000)]
        peers = [(n.info["node_id"], w.address) for n, w in zip(net.nodes, ways)]
        node = net.joiner("killed", peers, STATE_SYNC).start(ready=False)

        def part():
            sync = node.get("/v1/status").get("sync", {})
            assert "phase" in sync or not sync, sync
            return 0 < sync.get("chunks_in", 0) < sync.get("chunks", 0)
        wait_for("a part of the snapshot", part)
        try:
            node.get("/v1/health")
            raise AssertionError("a node without a state says that it is ready")
        except HttpError as e:
            assert e.status == 503 and "snapshot" in e.body["message"], e.body
        node.kill()
        before = len(node.log())
        for w in ways:
            w.rate = 0
        node.start()
        log = node.log()[before:]
        chunks = [tuple(map(int, c)) for c in re.findall(r'phase="fetching chunks".* chunks=(\d+)/(\d+)', log)]
        assert chunks and 0 < chunks[0][0] < chunks[0][1], log[-3000:]
        follows(net, node)
        for w in ways:
            w.close()


def one_lies():
    """One of two peers gives chunks with a wrong bit: it is cut off, and the other one gives them."""
    liar = {"program": BYZANTINE, "env": {"CAIRN_BYZANTINE": "bad-chunks"}}
    with JoinNetwork(nodes=[liar, {}, {}, {}]) as net:
        net.start()
        net.fill()
        net.grow(EVERY * 2 + 2)
        other = net.nodes[1].process
        other.send_signal(signal.SIGSTOP)  # so that the liar is asked first
        node = net.joiner("lied-to", direct(net)[:2], STATE_SYNC).start(ready=False)
        wait_for("the lie", lambda: 'points=100 why="a chunk that is not the one it should be' in node.log())
        other.send_signal(signal.SIGCONT)
        follows(net, node)
        assert "joined by a snapshot" in node.log()


def among_evil_peers():
    """Strangers come to the node that joins: they claim heights, offer snapshots, and answer with noise, too much, nothing, or what nobody
    asked for. It joins all the same, by blocks and by a snapshot, and its memory stays what it is. One of another chain does not come in."""
    with JoinNetwork() as net:
        net.start()
        net.fill()
        net.grow(EVERY * 3 + 2)
        for name, settings in (("evil-state", STATE_SYNC), ("evil-blocks", {})):
            node = net.joiner(name, direct(net), settings)
            target = (node.info["node_id"], node.p2p)
            evil = subprocess.Popen([EVIL, net.chain_tag.hex(), *target, "6", "answer"], stdout=subprocess.PIPE)
            try:
                node.start()
                follows(net, node)
                said = json.loads(evil.communicate(timeout=WAIT)[0])
            finally:
                evil.kill()
                evil.wait()
            assert said["connected"] >= 3 and said["sent"] >= 3, said
            follows(net, node)
            log = node.log()
            assert "peer misbehaved" in log, log[-2000:]  # a stranger each time: none stays long enough to be banned
            assert node.rss_kib() < 200 * 1024, node.rss_kib()
            print(f"   {name}: {said}, {node.rss_kib() // 1024} MiB", flush=True)
            foreign = json.loads(subprocess.run([EVIL, "ab" * 32, *target, "1", "answer"], stdout=subprocess.PIPE, check=True).stdout)
            assert foreign == {"connected": 0, "sent": 0}, foreign


def a_validator_without_its_ledger():
    """A validator loses its database, not its keys and its memory: it joins by a snapshot and votes again."""
    with JoinNetwork() as net:
        net.start()
        net.fill()
        net.grow(EVERY * 2 + 2)
        node = net.nodes[3]
        node.stop()
        shutil.rmtree(os.path.join(node.home, "data", "db"))
        configure(node, net.genesis, [(n.info["node_id"], n.p2p) for n in net.nodes[:3]], STATE_SYNC)
        node.start()
        follows(net, node)
        height = net.nodes[0].height()
        me = node.info["validator"]["address"]
        wait_for("its votes to count", lambda: me in net.nodes[0].signers(net.pay() - 1) and net.nodes[0].height() > height + 2)
        assert "joined by a snapshot" in node.log()


if __name__ == "__main__":
    main([by_blocks, up_to_a_trusted_block, by_snapshot, without_snapshots, killed_in_the_middle, one_lies, among_evil_peers, a_validator_without_its_ledger])
