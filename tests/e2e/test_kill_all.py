#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All validators and providers killed with -9 at once during an upload, started again: the upload completes or says how to go on; what was
sealed before is intact; all validators have one state; nobody is slashed for the halt."""
import os
import subprocess

from local_net import LocalNet, main, program, read, wait_for

MIB = 1 << 20
SEALED, LARGE = 20 * MIB + 17, 192 * MIB + 4097


def slashed(net):
    """What providers lost so far: {id: (missed, slashed)}."""
    out = {}
    for sp in net.cairn("sp", "list", "--json").json:
        counters = net.cairn("sp", "show", sp["id"], "--json").json.get("counters") or {}
        out[sp["id"]] = (counters.get("challenges_missed", "0"), counters.get("slashed", "0"))
    return out


def start_put(net, path, uri):
    return subprocess.Popen([program("cairn"), "object", "put", path, uri, "--json"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **net.env()})


def begun(net, uri, at_least):
    """The object is on the ledger and its primary has so many bytes of it."""
    r = net.cairn("object", "head", uri, "--json", check=None)
    if r.code:
        return False
    if not at_least:
        return True
    p = net.cairn("object", "progress", uri, "--json", check=None)
    return p.code == 0 and (p.json.get("status") == "sealed" or int(p.json["received_bytes"]) >= at_least)


def kill_during(net, round_no, at_least):
    uri = f"cairn://photos/large{round_no}"
    path = net.file(f"large{round_no}", LARGE, seed=round_no)
    put = start_put(net, path, uri)
    try:
        wait_for("the upload to begin", lambda: begun(net, uri, at_least) or put.poll() is not None)
        net.testnet("kill", "all")
        out, err = put.communicate(timeout=120)
    finally:
        if put.poll() is None:
            put.kill()
            put.wait()
    net.testnet("start", "all")
    if put.returncode == 0:
        print(f"# round {round_no}: the upload was over before")
    else:
        print(f"# round {round_no}: put exited {put.returncode}: {err.decode().strip()[-200:]}")
        assert put.returncode in (1, 4, 7), (put.returncode, out, err)
        assert b"the same command again" in err or not at_least, err
        again = net.cairn("object", "put", path, uri, "--json", timeout=240)
        assert again.json["sealed"], again
        print(f"# round {round_no}: the same command again: resumed={again.json['resumed']}")
    net.cairn("object", "get", uri, net.work + "/back", timeout=120)
    assert read(net.work + "/back") == read(path)
    r = net.cairn("object", "verify", uri, "--json", timeout=120)
    assert r.json["content"] == "match", r


def kill_all():
    with LocalNet(validators=4, sps=7) as net:
        net.cairn("payment", "deposit", "100CAIRN")
        net.cairn("bucket", "create", "photos")
        before = net.file("before", SEALED, seed=99)
        net.cairn("object", "put", before, "cairn://photos/before")
        lost = slashed(net)
        for n, at_least in enumerate([0, 1, 100 * MIB]):
            kill_during(net, n, at_least)
            net.one_app_hash()
        net.cairn("object", "get", "cairn://photos/before", net.work + "/back")
        assert read(net.work + "/back") == read(before)
        assert net.cairn("object", "verify", "cairn://photos/before", "--json").json["content"] == "match"
        assert slashed(net) == lost, f"slashed for the halt: {lost} -> {slashed(net)}"


if __name__ == "__main__":
    main([kill_all])
