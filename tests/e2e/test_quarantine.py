#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A validator whose state is not the others': it stops voting, answers reads, says why, keeps what explains it, stays so over restarts, and
comes back when its operator says so."""
import json
import os

from cairnd_net import CAIRND, ROOT, HttpError, Network, main, run, wait_for

MISCOUNT = os.environ.get("MISCOUNT", os.path.join(ROOT, "build", "release", "tests", "e2e", "miscount"))


def refused(call, *args):
    try:
        call(*args)
    except HttpError as e:
        assert e.status == 503 and e.code == "QUARANTINED", f"{e.status} {e.body}"
        return e.body["message"]
    raise AssertionError("not refused")


def status(node):
    return node.get("/v1/status").get("quarantine")


def quarantine():
    with Network(4, ["alice", "bob"]) as net:
        alice, bob = net.accounts
        net.start()
        good, bad = net.nodes[:3], net.nodes[3]
        tag, seq = net.chain_tag, 0

        def pay():
            nonlocal seq
            r = good[0].broadcast(alice.send(tag, bob, 1, seq + 1, good[0].height() + 50)[1])
            assert r["state"] == "committed", r
            seq += 1

        pay()
        wait_for("a round figure", lambda: bad.height() >= good[0].height() - 1)
        assert status(bad) is None
        assert bad.stop() == 0
        run(MISCOUNT, os.path.join(bad.home, "data", "db"), alice.text)
        bad.start(ready=False)
        wait_for("the bad one at the height of the others", lambda: bad.height() >= good[0].height() - 1)
        pay()  # touches the wrong record: now the app hashes differ

        q = wait_for("quarantine", lambda: status(bad))
        height = int(q["height"])
        assert q["app_hash"] != q["certified_app_hash"] and "another app hash" in q["reason"], q
        assert good[0].app_hash(height - 1) == q["certified_app_hash"], q
        message = refused(bad.get, "/v1/health")
        assert str(height) in message and "cairnd quarantine show" in message, message
        assert "\ncairn_quarantined 1" in bad.request("GET", "/metrics").decode()
        assert "\ncairn_quarantined 0" in good[0].request("GET", "/metrics").decode()
        message = refused(bad.broadcast, alice.send(tag, bob, 1, seq + 1, height + 50)[1])
        assert "cairnd quarantine clear" in message, message

        # it answers reads, and stands still; the others go on without its votes
        assert bad.account(alice)["balance"] != good[0].account(alice)["balance"]
        assert bad.get(f"/v1/block/{height - 1}")["header"]["height"] == str(height - 1)
        for _ in range(2):
            pay()
        assert bad.height() == height - 1

        # the dump
        dump = os.path.join(bad.home, "data", "quarantine", str(height))
        for line in open(os.path.join(dump, "index.txt")).read().splitlines():
            assert os.path.getsize(os.path.join(dump, line.split(":")[0])) > 0, line
        files = set(os.listdir(dump))
        want = {"case.json", "certified-block.pb", "certificate.pb", "last-block.pb", "last-results.pb", "digests.json", "wal.0", "wal.1", "index.txt"}
        assert want <= files, files
        digests = json.load(open(os.path.join(dump, "digests.json")))
        assert digests["height"] == str(height - 1) and len(digests["auth"]) == 64 and "storage" in digests, digests

        # exit status, and the same after a restart
        assert bad.stop() == 9
        assert run(CAIRND, "quarantine", "show", "--home", bad.home).stdout == open(dump + "/case.json").read()
        bad.start(ready=False)
        q2 = wait_for("its status", lambda: status(bad))
        assert q2 == q, (q2, q)
        refused(bad.get, "/v1/health")
        r = run(CAIRND, "quarantine", "clear", "--home", bad.home, ok=False)
        assert r.returncode == 4 and "held by process" in r.stderr, r
        pay()
        assert bad.height() == height - 1 and bad.stop() == 9

        # mended: the ledger comes from the peers, and it votes again
        for n in good:
            assert status(n) is None
        run(CAIRND, "quarantine", "clear", "--resync", "--home", bad.home)
        r = run(CAIRND, "quarantine", "clear", "--home", bad.home, ok=False)
        assert r.returncode == 3 and "not in quarantine" in r.stderr, r
        bad.start()
        pay()
        me = bad.info["validator"]["address"]
        at = good[0].height()
        wait_for("its signature", lambda: any(me in good[0].signers(h) for h in range(at, good[0].height())))
        h = good[0].height()
        wait_for("the same height", lambda: all(n.height() > h for n in net.nodes))
        assert len({n.app_hash(h) for n in net.nodes}) == 1
        assert bad.account(alice) == good[0].account(alice)


if __name__ == "__main__":
    main([quarantine])
