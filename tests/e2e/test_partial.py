#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Objects that are sealed while some of their providers are away: read at once, paid for what is there, completed when the others come, also
across kill -9; and who failed is named."""
import http.client
import os
import random
import subprocess

from cairnd_net import main
from local_net import LocalNet, read as read_file
from provider_net import CAIRN_SP, ProviderNet, ec, replica, wait_for

KIB = 1 << 10


def payload(size, seed=1):
    return random.Random(seed).randbytes(size)


def deal(net, bucket, name):
    return net.nodes[0].get(f"/v1/query/storage/deal?bucket_name={bucket}&object_name={name}")["record"]


def payer_rate(net):
    rate = net.nodes[0].get(f"/v1/query/payment/account?address={net.owner.text}")["record"].get("rate", {})
    return int(rate.get("hi", 0)) << 64 | int(rate.get("lo", 0))


def read(sp, path):
    """None while it breaks off: what a provider can prove is some blocks old."""
    try:
        return sp.request("GET", path).body
    except http.client.IncompleteRead:
        return None


def network(sps):
    net = ProviderNet(sps=sps)
    for p in net.providers:
        path = os.path.join(p.home, "config.yaml")
        with open(path) as f:
            text = f.read()
        assert "partial_seal_seconds: 60\n" in text
        with open(path, "w") as f:
            f.write(text.replace("partial_seal_seconds: 60\n", "partial_seal_seconds: 1\n"))
    return net


def put_in_part(net, bucket, name, data):
    sp = net.providers[0]
    net.owner.create_object(sp, bucket, name, data)
    assert deal(net, bucket, name)["code"] == 0, "a Bid, before anything is stored"
    r = net.owner.upload(sp, bucket, name, data)
    assert r.status == 200, r
    net.owner.wait_sealed(sp, bucket, name, patient=True)


def wait_deal(net, bucket, name):
    wait_for(f"the whole deal of {name}", lambda: deal(net, bucket, name)["state"] == "DEAL_STATE_DEAL")


def poss_d1_27__one_of_three_then_all():
    with network(3) as net:
        sp, owner, data = net.providers[0], net.owner, payload(300 * KIB)
        owner.create_bucket(sp, "photos", public=True, profile=replica(3))
        for p in net.providers[1:]:
            p.kill()
        put_in_part(net, "photos", "a", data)
        state = deal(net, "photos", "a")
        assert (state["state"], state["code"], state["sealed"], state["positions"]) == ("DEAL_STATE_PART_DEAL", 1, 1, 3), state
        assert sp.request("GET", "/photos/a").body == data
        progress = owner.progress(sp, "photos", "a", 0).json
        assert (progress["sealed"], progress["positions"]) == (1, 3), progress
        rate = payer_rate(net)
        sp.kill()  # what is left to do is written down
        sp.start()
        for p in net.providers[1:]:
            p.start()
        wait_deal(net, "photos", "a")
        state = deal(net, "photos", "a")
        assert (state["code"], state["sealed"], state["sound"]) == (2, 3, 3), state
        assert payer_rate(net) == 3 * rate > 0, "three copies cost three times what one does"
        sp.kill()
        for p in net.providers[1:]:
            position = state["sps"].index(p.id)
            assert len(p.piece_files()) == 1, (p.name, position, p.piece_files())


def columns_wait_for_the_last():
    """No whole copy: the primary keeps what columns are cut from until all are placed."""
    with network(4) as net:
        sp, owner, data = net.providers[0], net.owner, payload(700 * KIB)
        owner.create_bucket(sp, "columns", public=True, profile=ec(2, 1, whole=False, segment=256 * KIB))
        last = net.providers[2:]
        for p in last:
            p.kill()
        net.owner.create_object(sp, "columns", "b", data, segment=256 * KIB)
        r = owner.upload(sp, "columns", "b", data)
        assert r.status == 200, r
        owner.wait_sealed(sp, "columns", "b", patient=True)
        state = deal(net, "columns", "b")
        assert (state["state"], state["sealed"]) == ("DEAL_STATE_PART_DEAL", 2), state
        member = state["sps"][2]
        assert member in [p.id for p in last], state
        sp.kill()
        other = next(p for p in last if p.id != member)
        sp.start()
        other.start()  # not the one that was named for it
        wait_deal(net, "columns", "b")
        state = deal(net, "columns", "b")
        assert state["sps"] == [1, 2, other.id], state
        wait_for("a read from the column that came last", lambda: read(sp, "/columns/b") == data)



def start_unwilling(sp):
    """A provider that says yes and can then not write a piece."""
    script = 'mount --bind "$0/pieces" "$0/pieces" && mount -o remount,bind,ro "$0/pieces" && exec "$1" start --home "$0"'
    with open(os.path.join(sp.home, "log"), "a") as log:
        sp.process = subprocess.Popen(["unshare", "-rm", "bash", "-c", script, sp.home, CAIRN_SP], stdout=log, stderr=log,
                                      stdin=subprocess.DEVNULL)
    wait_for(sp.name, lambda: sp.request("GET", "/v1/health").status == 200)


def point_d2_10__extra_providers_only_when_needed():
    """5 providers, 3 copies, 2 that do not take theirs: exactly 3 are sealed, the 2 are named with why."""
    with ProviderNet(sps=5) as net:
        sp, owner, data = net.providers[0], net.owner, payload(200 * KIB)
        bad, good = net.providers[1:3], net.providers[3:]
        owner.create_bucket(sp, "three", profile=replica(3))
        for p in net.providers[1:]:
            p.kill()
        for p in bad:
            start_unwilling(p)
        owner.create_object(sp, "three", "c", data)
        r = owner.upload(sp, "three", "c", data)
        assert r.status == 200, r

        def failed():
            return {row["sp_id"]: row["reason"] for row in owner.progress(sp, "three", "c", 0).json.get("placed", []) if row.get("failed")}
        wait_for("both to have failed", lambda: set(failed()) == {p.id for p in bad})
        for p in good:
            p.start()
        owner.wait_sealed(sp, "three", "c", patient=True)
        state = deal(net, "three", "c")
        assert (state["state"], state["sealed"]) == ("DEAL_STATE_DEAL", 3), state
        assert set(state["sps"]) == {sp.id} | {p.id for p in good}, state
        assert set(failed()) == {p.id for p in bad} and all(failed().values()), failed()
        assert not any(p.piece_files() for p in bad)


def by_hand(net):
    """The command line: done when so many have it, and what it says while others lack it."""
    config = os.path.join(net.dir, "sp0", "config.yaml")
    net.testnet("kill", "sp0")
    with open(config) as f:
        text = f.read()
    with open(config, "w") as f:
        f.write(text.replace("partial_seal_seconds: 60\n", "partial_seal_seconds: 1\n"))
    net.testnet("start", "sp0")
    net.cairn("payment", "deposit", "100CAIRN")
    net.cairn("bucket", "create", "hand", "--sp", "1", "--profile", "replica:3")
    for name in ("sp1", "sp2"):
        net.testnet("kill", name)
    path, uri = net.file("in", 100_000), "cairn://hand/in"
    r = net.cairn("object", "put", path, uri, "--json", "--min-copies", "1")
    assert (r.json["sealed"], r.json["sealed_positions"], r.json["positions"]) == (True, 1, 3), r
    r = net.cairn("object", "put", path, uri, "--min-copies", "1")  # it is there: the same again says how far
    assert "at 1 of 3 providers" in r.err, r
    r = net.cairn("object", "progress", uri, "--json").json
    assert (r["deal"], r["sealed"], r["positions"]) == ("part-deal", 1, 3), r
    rows = net.cairn("object", "where", uri, "--json").json["positions"]
    assert [p["sealed"] for p in rows] == [True, False, False], rows
    r = net.cairn("object", "put", path, uri, "--timeout", "1", "--json", check=7)  # all are waited for
    assert "1 of 3" in r.err, r
    for name in ("sp1", "sp2"):
        net.testnet("start", name)
    r = net.cairn("object", "put", path, uri, "--json")  # goes on waiting
    assert (r.json["sealed_positions"], r.json["positions"]) == (3, 3), r
    assert all(p["sealed"] for p in net.cairn("object", "where", uri, "--json").json["positions"])
    out = os.path.join(net.work, "out")
    net.cairn("object", "get", uri, out)
    assert read_file(out) == read_file(path)


def the_command_line():
    with LocalNet(validators=1, sps=3) as net:
        by_hand(net)


if __name__ == "__main__":
    main((poss_d1_27__one_of_three_then_all, columns_wait_for_the_last, point_d2_10__extra_providers_only_when_needed, the_command_line))
