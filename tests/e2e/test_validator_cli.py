#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validators from the shell: one is added to a testnet, earns, is edited, and leaves; evidence that is none; one that was away is jailed,
and let out again."""
import json
import os

from cairnd_net import Network
from local_net import LocalNet, main, run, wait_for


def height_of(net):
    return int(net.cairn("status", "--json").json["height"])


def listed(net, *args):
    """address -> power, as people see who votes."""
    return {r["address"]: int(r["power"]) for r in net.cairn("validators", "--json", *args).json}


def voting(net, height=None):
    """pubkey -> power of the set that votes next, as the ledger's state has it."""
    path = "/validator/set" + (f"?at_height={height}" if height else "")
    record = net.cairn("query", path, "--json").json["record"]
    return {v["pubkey"]: int(v["power"]) for v in record["validators"]}


def show(net, address):
    return net.cairn("validator", "show", address, "--json").json


def join_and_leave():
    """create from H votes at H + 2, its power counts, the network goes on without it when it left."""
    with LocalNet(validators=4, sps=0) as net:
        name, address, url = net.testnet("add-validator").out.split()
        assert name == "validator4" and url.startswith("http://")
        record = show(net, address)
        key = record["record"]["pubkey"]
        assert record["record"]["bond"] == str(10 * 10**9) and record["proven"]
        wait_for("five to vote", lambda: voting(net).get(key) == 10)
        assert len(voting(net)) == 5 and len(voting(net, 1)) == 4
        # four of five must sign now: without two old ones nothing moves, with the new one and three others it does
        wait_for("it to sign", lambda: int(show(net, address)["standing"]["voting"]) == 10)
        net.one_app_hash()
        assert listed(net)[address] == 10 and address not in listed(net, "--height", "1")
        net.testnet("kill", "validator0")
        at = height_of(net)
        wait_for("blocks with the new one's vote", lambda: height_of(net) > at + 3)
        net.testnet("start", "validator0")
        net.one_app_hash()
        # what it earns goes to its operator, and only once
        for _ in range(3):
            net.cairn("account", "send", net.env()["CAIRN_FROM"], "1CAIRN", "--wait", "committed")
        assert int(show(net, address)["standing"]["rewards"]) > 0
        paid = net.cairn("validator", "withdraw", address, "--wait", "committed")
        assert "tx" in paid.out, paid
        # more bond, another name; nobody else may
        net.cairn("validator", "bond", address, "2CAIRN", "--wait", "committed")
        net.cairn("validator", "edit", address, "--name", "fifth", "--wait", "committed")
        assert show(net, address)["record"]["name"] == "fifth"
        net.add_key("stranger", "5CAIRN")
        r = net.cairn("validator", "unbond", address, "all", key="stranger", check=5)
        assert "operator" in r.err, r
        r = net.cairn("validator", "edit", address, check=2)
        assert "--name" in r.err, r
        r = net.cairn("validator", "unjail", address, check=4)
        assert "not in jail" in r.err, r
        assert "fifth" in net.cairn("validator", "list").out
        # and out
        net.cairn("validator", "unbond", address, "all", "--wait", "committed")
        r = net.cairn("validator", "unbond", address, "all", check=4)
        assert "nothing is bonded" in r.err, r
        wait_for("four to vote", lambda: key not in voting(net) and len(voting(net)) == 4)
        record = show(net, address)["record"]
        assert record["unbonding"][0]["amount"] == str(12 * 10**9) and record["bond"] == "0", record
        wait_for("a block without it", lambda: address not in listed(net))
        net.testnet("kill", "validator4")
        at = height_of(net)
        wait_for("blocks without it", lambda: height_of(net) > at + 3)
        net.one_app_hash()


def false_evidence():
    """What is no evidence is refused before any block, what is not signed in the block; nobody is punished."""
    with LocalNet(validators=4, sps=0) as net:
        vote = {"type": 2, "height": "1", "round": 0, "value_id": "11" * 32, "validator": 0, "signature": "01" * 64}
        other = dict(vote, value_id="22" * 32)
        path = os.path.join(net.work, "evidence.json")

        def submit(a, b, code, what):
            with open(path, "w") as f:
                json.dump({"kind": "EVIDENCE_KIND_DOUBLE_VOTE", "vote_a": a, "vote_b": b}, f)
            r = net.cairn("validator", "evidence", path, "--wait", "committed", check=code)
            assert what in r.err, r
        submit(vote, vote, 2, "say the same")
        submit(vote, dict(other, round=1), 2, "not of one validator")
        submit(vote, other, 5, "not signed by validator 0")
        submit(dict(vote, validator=9), dict(other, validator=9), 2, "no number 9")
        submit(dict(vote, height="1000000"), dict(other, height="1000000"), 4, "this is")
        assert not any(v["state"] != "free" for v in net.cairn("validator", "list", "--json").json)
        net.one_app_hash()


def away():
    """One of four is away: jailed, the three others go on; back again, its operator lets it out, and it votes."""
    with Network(4, consensus={"heartbeat_ms": "200", "min_interval_ms": "50"}) as net:
        home = os.path.join(net.dir, "client")
        os.mkdir(home)

        def cairn(*args, check=0):
            return run("cairn", *args, check=check, env={"CAIRN_HOME": home, "CAIRN_KEYRING": "test", "CAIRN_FROM": "owner",
                                                         "CAIRN_NODE": f"http://{net.nodes[0].http}"})
        owner = run("cairn", "key", "add", "owner", "--json", check=0, env={"CAIRN_HOME": home, "CAIRN_KEYRING": "test"}).json["address"]
        net.genesis["params"]["validator"].update({"downtime_window": "30", "downtime_signed_min": "5", "downtime_jail_ms": "4000",
                                                   "downtime_slash_ppm": "10000"})
        net.genesis["accounts"].append({"address": owner, "balance": str(10**12)})
        gone = net.nodes[3].info["validator"]["address"]
        for v in net.genesis["validators"]:
            if v["address"] == gone:
                v["operator"] = owner
        for where in [home, *(n.home for n in net.nodes)]:
            with open(os.path.join(where, "genesis.json"), "w") as f:
                json.dump(net.genesis, f)
        net.start()

        def record():
            return cairn("validator", "show", gone, "--json").json["record"]

        def voters():
            return {v["address"] for v in cairn("validators", "--json").json}
        wait_for("a block to prove with", lambda: net.nodes[0].height() > 2)
        net.nodes[3].kill()
        wait_for("it to be jailed", lambda: record()["jailed"])
        wait_for("three to vote", lambda: len(voters()) == 3)
        assert record()["bond"] == str(99 * 10**8), record()  # a hundredth
        r = cairn("validator", "unjail", gone, check=4)
        assert "in jail for another" in r.err, r
        at = net.nodes[0].height()
        net.nodes[3].start()
        wait_for("it to catch up", lambda: net.nodes[3].height() > at)
        wait_for("its time to be over", lambda: cairn("validator", "unjail", gone, "--wait", "committed", check=None).code == 0)
        wait_for("four to vote", lambda: gone in voters())
        begin = net.nodes[0].height()
        wait_for("its signature", lambda: any(gone in net.nodes[0].signers(h) for h in range(begin, net.nodes[0].height())))
        assert not record()["jailed"]
        top = max(n.height() for n in net.nodes)
        for n in net.nodes:
            wait_for("all there", lambda n=n: n.height() > top)
        assert len({n.app_hash(top) for n in net.nodes}) == 1


if __name__ == "__main__":
    main([join_and_leave, false_evidence, away])
