#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validators that are not all linked to each other: what others signed is passed on. Where too many are gone a node says who."""
from cairnd_net import Network, main, wait_for

LINE = [(0, 1), (1, 2), (2, 3), (3, 4)]


def in_a_line():
    """Five validators, each linked to its neighbours only: a quorum of four needs votes from two links away."""
    with Network(5, ["alice", "bob"], links=LINE, consensus={"min_interval_ms": "20"}) as net:
        net.start()
        alice, bob = net.accounts
        a, e = net.nodes[0], net.nodes[4]
        assert a.get("/v1/status")["peers"] == 1
        before = int(e.account(bob)["balance"])
        for sequence in range(1, 6):
            wire = alice.send(net.chain_tag, bob, 1, sequence, a.height() + 500)[1]
            assert a.broadcast(wire)["state"] == "committed"
        wait_for("the transfers at the other end", lambda: int(e.account(bob)["balance"]) == before + 5)
        top = e.height() + 2
        for n in net.nodes:
            wait_for(f"{n.name} at {top}", lambda n=n: n.height() >= top)
        assert len({n.app_hash(top - 1) for n in net.nodes}) == 1
        for n in net.nodes:
            assert "misbehaved" not in n.log() and "banned" not in n.log(), n.log()[-2000:]

        # two of five are gone: nothing is decided, and those who are left say who is missing
        gone = net.nodes[3:]
        for n in gone:
            n.kill()
        names = [n.info["accounts"][0] for n in gone]
        a.broadcast(alice.send(net.chain_tag, bob, 1, 6, a.height() + 500)[1], wait="admitted")
        line = wait_for("the sentence", lambda: next((row for row in a.log().splitlines() if "stands still" in row), None))
        assert "missing=2 " in line and all(name in line for name in names), (line, names)
        assert "cairn_validators_missing 2" in a.request("GET", "/metrics").decode()
        for n in gone:
            n.start(ready=False)
        wait_for("the transfer", lambda: int(a.account(bob)["balance"]) == before + 6)
        wait_for("nobody to be missing", lambda: "cairn_validators_missing 0" in a.request("GET", "/metrics").decode())


if __name__ == "__main__":
    main([in_a_line])
