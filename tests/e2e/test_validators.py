#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The validator set changes while the network runs: a fifth joins by message and votes without a restart, one leaves and stops voting, one
that signs twice is thrown out; with restarts in between, and a full node that verifies all of it afterwards from the first block on."""
import json
import os

from cairnd_net import CAIRND, ROOT, Network, Node, bech32_bytes, main, run, spec, wait_for
from local_net import run as program

BYZANTINE = os.environ.get("CAIRND_BYZ", os.path.join(ROOT, "build", "byz", "bin", "cairnd"))
FAST = {"heartbeat_ms": "200", "min_interval_ms": "50"}


class World:
    """Four validators, of which an operator with the CLI governs the last, and that operator's coins."""

    def __init__(self, nodes=(), consensus=None):
        self.net = Network(4, ["alice", "bob"], nodes=nodes, consensus=consensus or FAST)
        self.home = os.path.join(self.net.dir, "client")
        os.mkdir(self.home)
        self.owner = self.cairn("key", "add", "owner", "--json").json["address"]
        net = self.net
        net.genesis["accounts"] = sorted(net.genesis["accounts"] + [{"address": self.owner, "balance": str(10**16)}],
                                         key=lambda a: bech32_bytes(a["address"]))
        leaver = address(net.nodes[3])
        for v in net.genesis["validators"]:
            if v["address"] == leaver:
                v["operator"] = self.owner
        with open(os.path.join(self.home, "genesis.json"), "w") as f:
            json.dump(net.genesis, f)
        for n in net.nodes:
            self.set_genesis(n)
        self.sequence = 1

    def set_genesis(self, node):
        with open(os.path.join(node.home, "genesis.json"), "w") as f:
            json.dump(self.net.genesis, f)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.net.__exit__(*what)

    def cairn(self, *args, check=0):
        return program("cairn", *args, check=check,
                       env={"CAIRN_HOME": self.home, "CAIRN_KEYRING": "test",
                            "CAIRN_NODE": f"http://{self.net.nodes[0].http}"})

    def add(self, name):
        n = Node(self.net, name)
        n.configure(self.net.genesis, self.net.nodes)
        self.net.others.append(n)
        return n

    def pay(self, node):
        alice, bob = self.net.accounts
        r = node.broadcast(alice.send(self.net.chain_tag, bob, 1, self.sequence, node.height() + 100)[1])
        assert r["state"] == "committed", r
        self.sequence += 1


def address(node):
    return node.info["validator"]["address"]


def voters(node, height=None):
    rows = node.get("/v1/validators" + (f"?height={height}" if height else ""))["set"]["validators"]
    return {spec.bech32(spec.address(bytes.fromhex(v["pubkey"]))): int(v["power"]) for v in rows}


def record(node, who):
    return node.get(f"/v1/query/validator/validator?address={address(who)}")["record"]


def signs(node, who, after):
    return any(address(who) in node.signers(h) for h in range(after + 1, node.height()))


def same(nodes):
    top = max(n.height() for n in nodes)
    for n in nodes:
        wait_for(f"{n.name} above {top}", lambda n=n: n.height() > top)
    hashes = {n.app_hash(top) for n in nodes}
    assert len(hashes) == 1, hashes


def joins_and_leaves():
    with World() as w:
        w.net.start()
        nodes = w.net.nodes
        first, leaver = nodes[0], nodes[3]
        for _ in range(3):
            w.pay(first)
        bond = int(record(first, nodes[1])["bond"])

        # joins: catches up as one who only follows, then votes, without a restart
        fifth = w.add("fifth")
        fifth.start()
        assert address(fifth) not in voters(first)
        proof = os.path.join(w.home, "fifth.json")
        with open(proof, "w") as f:
            f.write(run(CAIRND, "validator-proof", "--home", fifth.home, "--operator", w.owner).stdout)
        w.cairn("validator", "create", proof, "--bond", f"{bond}pebble", "--from", "owner", "--json")
        w.cairn("account", "send", address(fifth), "10CAIRN", "--from", "owner", "--json")
        wait_for("the fifth among those who vote", lambda: address(fifth) in voters(first))
        wait_for("its full power", lambda: voters(first)[address(fifth)] == voters(first)[address(nodes[1])])
        begin = first.height()
        wait_for("its signature", lambda: signs(first, fifth, begin))
        wait_for("a block of its own", lambda: any(first.get(f"/v1/block/{h}")["header"]["proposer"] == address(fifth)
                                                   for h in range(begin, first.height() + 1)))
        w.pay(fifth)

        # one is away when the set changes again
        nodes[1].kill()
        w.pay(fifth)
        same([first, nodes[2], leaver, fifth])

        w.cairn("validator", "unbond", address(leaver), "all", "--from", "owner", "--json")
        wait_for("the set without it", lambda: address(leaver) not in voters(first))
        nodes[1].start()
        begin = max(first.height(), leaver.height())
        wait_for("blocks without it", lambda: first.height() > begin + 5)
        assert not signs(first, leaver, begin + 2), "it still votes"
        leaver.wait_ready()  # it follows on
        same([*nodes, fifth])
        assert leaver.stop() == 0
        w.pay(nodes[1])

        # everybody killed and started again: the logs and stores know the set
        for n in [*nodes[:3], fifth]:
            n.kill()
        for n in [*nodes[:3], fifth]:
            n.start(ready=False)
        for n in [*nodes[:3], fifth]:
            n.wait_ready()
        begin = first.height()
        wait_for("the fifth's signature again", lambda: signs(first, fifth, begin))

        # and somebody who has seen none of it verifies all of it
        full = w.net.full_node()
        w.set_genesis(full)
        full.start()
        same([*nodes[:3], fifth, full])
        sizes = {len(voters(full, h)) for h in range(1, full.height())}
        assert sizes >= {4, 5}, sizes
        height = full.height()
        assert voters(full, height) == voters(first, height)


def thrown_out():
    """A validator that signs twice: those who saw it bring it to the ledger, which jails it for good; nobody else is accused."""
    quick = dict(FAST, heartbeat_ms="100", timeout_propose_ms="200", timeout_prevote_ms="100", timeout_precommit_ms="100")
    with World([{}, {}, {}, {"program": BYZANTINE, "env": {"CAIRN_BYZANTINE": "equivocate"}}], quick) as w:
        nodes = w.net.nodes
        honest, liar = nodes[:3], nodes[3]
        for n in nodes:
            n.start(ready=False)
        for n in honest:
            n.wait_ready()
        before = int(record(honest[0], liar)["bond"])
        wait_for("the ledger to know", lambda: record(honest[0], liar)["tombstoned"])
        wait_for("a set without it", lambda: address(liar) not in voters(honest[0]))
        v = record(honest[0], liar)
        assert int(v["slashed"]) > 0 and int(v["bond"]) < before, v
        for _ in range(3):
            w.pay(honest[0])
        kept = os.path.join("data", "evidence")
        wait_for("the evidence to be done with", lambda: not any(os.listdir(os.path.join(n.home, kept)) for n in honest))
        for n in honest:
            r = record(honest[0], n)
            assert not r["jailed"] and int(r["slashed"]) == 0, r
        same(honest)


if __name__ == "__main__":
    main([joins_and_leaves, thrown_out])
