#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Four validators, one of which breaks the rules in one of the ways that chain/node/byzantine.h lists: the other three go on for 200
blocks, agree, serve, and nobody honest is accused."""
import os

from cairnd_net import ROOT, Network, main

BYZANTINE = os.environ.get("CAIRND_BYZ", os.path.join(ROOT, "build", "byz", "bin", "cairnd"))
BLOCKS = int(os.environ.get("BYZANTINE_BLOCKS", "200"))
FAST = {"heartbeat_ms": "50", "min_interval_ms": "20", "timeout_propose_ms": "150", "timeout_prevote_ms": "50",
        "timeout_precommit_ms": "50", "timeout_delta_ms": "50"}  # blocks without a load, so that 200 are soon there


def run(kind):
    liar = {"program": BYZANTINE, "env": {"CAIRN_BYZANTINE": kind}}
    with Network(4, ["alice", "bob"], nodes=[{}, {}, {}, liar], consensus=FAST) as net:
        honest, (alice, bob) = net.nodes[:3], net.accounts
        for n in net.nodes:
            n.start(ready=False)
        for n in honest:  # the liar may be banned before it is
            n.wait_ready()
        tag, sequence, target = net.chain_tag, 1, BLOCKS
        before = int(honest[0].account(bob)["balance"])
        while min(n.height() for n in honest) < target:
            node = honest[sequence % 3]
            assert node.broadcast(alice.send(tag, bob, 1, sequence, node.height() + 300)[1])["state"] == "committed"
            sequence += 1
        for n in honest:
            assert int(n.account(bob)["balance"]) == before + sequence - 1, n.name
        height = min(n.height() for n in honest) - 1
        hashes = {n.app_hash(height) for n in honest}
        assert len(hashes) == 1, hashes
        assert "breaks the rules" in net.nodes[3].log()
        print(f"   {kind}: {height} blocks, {sequence - 1} transfers", flush=True)


def equivocate():
    run("equivocate")


def withhold():
    run("withhold")


def double_propose():
    run("double-propose")


def invalid_block():
    run("invalid-block")


def garbage():
    run("garbage")


def far():
    run("far")


def forge():
    run("forge")


if __name__ == "__main__":
    main([equivocate, withhold, double_propose, invalid_block, garbage, far, forge])
