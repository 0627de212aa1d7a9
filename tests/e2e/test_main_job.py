#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job through the CLI: objects of every size at an edge under several profiles, whole and by range; sharing; one provider alone; what
is wrong on the way is refused with its exit code and loses nothing."""
import os
import random
import shutil
import subprocess

from local_net import LocalNet, main, ports, program, read, run, wait_for

MIB = 1 << 20
SEG = 64 * 1024  # a small segment, so that its edges are cheap to reach


def round_trip(net, uri, path, *options):
    net.cairn("object", "put", path, uri, *options)
    back = os.path.join(net.work, "back")
    net.cairn("object", "get", uri, back)
    data = read(path)
    assert read(back) == data, f"{uri}: another content came back"
    os.unlink(back)
    rng = random.Random(len(data))
    for _ in range(3 if data else 0):
        a = rng.randrange(len(data))
        b = min(len(data) - 1, a + rng.randrange(200_000))
        got = net.cairn("object", "cat", uri, "--range", f"{a}-{b}").bytes
        assert got == data[a:b + 1], f"{uri} {a}-{b}"
    return data


def sizes():
    with LocalNet(validators=4, sps=7) as net:
        net.cairn("payment", "deposit", "1000CAIRN")
        net.cairn("bucket", "create", "edges", "--profile", "ec:4+2+w", "--segment-size", "64KiB")
        net.cairn("bucket", "create", "large")
        for size in (0, 1, 3, 4, 4095, 4096, 4097, SEG - 1, SEG, SEG + 1, 3 * SEG + 5):
            round_trip(net, f"cairn://edges/s{size}", net.file("in", size, seed=size))
        for profile in ("ec:2+1", "ec:3+2+w", "replica:3", "ec:1+1", "ec:4+3"):
            name = profile.replace(":", "-").replace("+", "-")
            path = net.file("in", 2 * SEG + 777)
            round_trip(net, f"cairn://edges/{name}", path, "--profile", profile, "--segment-size", "64KiB")
            assert net.cairn("object", "verify", f"cairn://edges/{name}", "--json").json["content"] == "match"
        for size in (16 * MIB - 1, 16 * MIB, 16 * MIB + 1, 40 * MIB):
            round_trip(net, f"cairn://large/s{size}", net.file("in", size, seed=size))
        # from standard input, names with everything in them
        data = random.Random(5).randbytes(300_000)
        for key in ("a b/c+d=e&f?g#h%41.txt", "über/日本", "x" * 1000):
            net.cairn("object", "put", "-", f"cairn://edges/{key}", stdin=data)
            assert net.cairn("object", "cat", f"cairn://edges/{key}").bytes == data
        names = [o["name"] for o in net.cairn("object", "list", "edges", "--json").json]
        assert names == sorted(names, key=lambda n: n.encode()) and "über/日本" in names and len(names) == 11 + 5 + 3, names
        folded = net.cairn("object", "list", "edges", "--delimiter", "/", "--json").json
        assert {o["name"] for o in folded if o["status"] == "prefix"} == {"a b/", "über/"}, folded
        bad_input(net)
        net.one_app_hash()


def bad_input(net):
    """On the network of sizes()."""
    path = net.file("in", 100_000)
    net.add_key("stranger")
    net.cairn("object", "put", path, "cairn://edges/taken")
    net.cairn("object", "put", path, "cairn://edges/taken")  # the same again: there already
    other = net.file("other", 100_000, seed=77)
    net.cairn("object", "put", other, "cairn://edges/taken", check=4)
    net.cairn("bucket", "create", "edges", check=4)
    net.cairn("bucket", "delete", "edges", check=4)
    net.cairn("object", "put", net.work, "cairn://edges/dir", check=2)
    net.cairn("object", "put", "/nonexistent", "cairn://edges/x", check=3)
    net.cairn("object", "put", path, "cairn://nothing/x", check=3)
    for key in ("..", "a/../b", "a//b", "/a", "x" * 1025, "a\nb"):
        net.cairn("object", "put", path, f"cairn://edges/{key}", check=2)
    for r in ("100000-", "200000-300000"):
        net.cairn("object", "cat", "cairn://edges/taken", "--range", r, check=2)
    for r in ("5-4", "x", "-", "1-2-3"):
        net.cairn("object", "cat", "cairn://edges/taken", "--range", r, check=2)
    assert len(net.cairn("object", "cat", "cairn://edges/taken", "--range", "99990-200000").bytes) == 10
    assert len(net.cairn("object", "cat", "cairn://edges/taken", "--range", "-7").bytes) == 7
    # a stranger: nothing is read, created, deleted, listed as a file
    for args, code in ((["object", "get", "cairn://edges/taken", net.work + "/stolen"], 5),
                       (["object", "delete", "cairn://edges/taken"], 5), (["object", "put", path, "cairn://edges/mine"], 5),
                       (["bucket", "delete", "edges"], 5), (["policy", "put", "cairn://edges", "--to", "stranger"], 5),
                       (["policy", "check", "cairn://edges/taken", "get"], 5)):
        net.cairn(*args, key="stranger", check=code)
    assert not [n for n in os.listdir(net.work) if n.startswith("stolen")]
    # allowed for a moment, then denied by policy
    net.cairn("policy", "put", "cairn://edges", "--to", "stranger", "--actions", "get", "--objects", "tak*")
    wait_for("the policy", lambda: net.cairn("object", "cat", "cairn://edges/taken", key="stranger", check=None).code == 0)
    net.cairn("object", "cat", "cairn://edges/s4096", key="stranger", check=5)
    net.cairn("policy", "put", "cairn://edges/taken", "--to", "stranger", "--effect", "deny", "--actions", "get")
    wait_for("the denial", lambda: net.cairn("object", "cat", "cairn://edges/taken", key="stranger", check=None).code == 5)
    # membership that expires
    net.add_key("member")
    net.cairn("group", "create", "short", "--add", "member:8s")
    net.cairn("policy", "put", "cairn://large", "--group", "short", "--actions", "get")
    uri = f"cairn://large/s{16 * MIB}"
    if net.cairn("policy", "check", uri, "get", "--to", "member", check=None).code == 0:
        net.cairn("object", "cat", uri, "--range", "0-9", key="member")
    wait_for("the membership to expire", lambda: net.cairn("object", "cat", uri, "--range", "0-9", key="member", check=None).code == 5)
    # public ones are for all
    net.cairn("bucket", "create", "open", "--visibility", "public")
    net.cairn("object", "put", path, "cairn://open/a")
    assert net.cairn("object", "cat", "cairn://open/a", key="stranger").bytes == read(path)
    # an account that never paid in
    net.cairn("bucket", "create", "unpaid", key="member")
    net.cairn("object", "put", path, "cairn://unpaid/a", key="member", check=None)
    assert net.cairn("object", "list", "unpaid", "--json", key="member").json == []
    # nothing partial under the final name when nobody can serve
    net.cairn("object", "put", path, "cairn://edges/alone", "--profile", "replica:1")
    sp = net.cairn("object", "where", "cairn://edges/alone", "--json").json["positions"][0]["sp_id"]
    net.testnet("kill", f"sp{sp - 1}")
    r = net.cairn("object", "get", "cairn://edges/alone", net.work + "/never", "--json", check=7)
    assert f"provider {sp}" in r.error["message"], r
    assert not [n for n in os.listdir(net.work) if n.startswith("never")]
    net.cairn("challenge", "run", "cairn://edges/alone", "--sp", sp, check=7)
    net.testnet("start", f"sp{sp - 1}")
    net.cairn("object", "get", "cairn://edges/alone", net.work + "/now")
    # deleted is gone
    net.cairn("object", "delete", "cairn://edges/taken")
    net.cairn("object", "cat", "cairn://edges/taken", check=3)


def one_provider():
    with LocalNet(validators=4, sps=1) as net:
        net.cairn("payment", "deposit", "100CAIRN")
        net.cairn("bucket", "create", "alone", "--profile", "replica:1")
        round_trip(net, "cairn://alone/a", net.file("in", 5 * MIB + 3))
        net.cairn("challenge", "submit", "cairn://alone/a", "--position", "0", "--wait", "closed")
        assert net.cairn("challenge", "run", "cairn://alone/a", "--sp", "1", "--json").json["verdict"] == "MATCH"
        # damaged with nobody to mend it: the provider notices and says so; it is named, and there is no file
        net.testnet("corrupt", "sp0", "cairn://alone/a", "--hold")
        r = net.cairn("object", "get", "cairn://alone/a", net.work + "/bad", check=7)
        assert "provider 1" in r.err and not [n for n in os.listdir(net.work) if n.startswith("bad")], r
        net.cairn("object", "verify", "cairn://alone/a", check=7)


def start_put(net, path, uri):
    return subprocess.Popen([program("cairn"), "object", "put", path, uri, "--json"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **net.env()})


def wait_begun(net, uri, put):
    def begun():
        p = net.cairn("object", "progress", uri, "--json", check=None)
        return put.poll() is not None or (p.code == 0 and int(p.json.get("received_bytes", "1")) > 0)
    wait_for("the upload to begin", begun)


def interruptions():
    """Eight providers: one fails while its column is on the way; the client is killed and goes on; an upload is given up."""
    with LocalNet(validators=4, sps=8) as net:
        net.cairn("payment", "deposit", "100CAIRN")
        net.cairn("bucket", "create", "photos", "--sp", "1")
        # a failed column is replaced alone
        path, uri = net.file("in", 150 * MIB + 1), "cairn://photos/replaced"
        put = start_put(net, path, uri)
        wait_begun(net, uri, put)
        net.testnet("kill", "sp4")
        out, err = put.communicate(timeout=200)
        assert put.returncode == 0, (out, err)
        net.cairn("object", "get", uri, net.work + "/back")
        assert read(net.work + "/back") == read(path)
        holders = {p["sp_id"] for p in net.cairn("object", "where", uri, "--json").json["positions"]}
        print(f"# after sp4 (provider 5) was killed: {sorted(holders)}")
        net.testnet("start", "sp4")
        # the client is killed: the same command goes on
        uri = "cairn://photos/resumed"
        put = start_put(net, path, uri)
        wait_begun(net, uri, put)
        put.kill()
        put.communicate()
        again = net.cairn("object", "put", path, uri, "--json").json
        assert again["sealed"] and again["resumed"], again
        net.cairn("object", "get", uri, net.work + "/back")
        assert read(net.work + "/back") == read(path)
        # the file changes between hashing and sending: what arrives is not what was signed, and is never sealed
        changed, uri = net.file("changed", 192 * MIB), "cairn://photos/changed"
        put = start_put(net, changed, uri)
        wait_begun(net, uri, put)
        with open(changed, "r+b") as f:
            f.seek(192 * MIB - 4096)
            f.write(bytes(4096))
        out, err = put.communicate(timeout=200)
        print(f"# changed while it was sent: exit {put.returncode}: {err.decode().strip()[-200:]}")
        if put.returncode == 0:  # all of it had been read before
            assert net.cairn("object", "cat", uri, "--range", "-1").bytes != b"\0"
        else:
            assert net.cairn("object", "get", uri, net.work + "/changed-back", check=None).code in (3, 4)
        # another content under the name of an unfinished upload is refused; given up, the name is free again
        uri = "cairn://photos/given-up"
        put = start_put(net, path, uri)
        wait_begun(net, uri, put)
        net.testnet("kill", "sp0")
        put.kill()
        put.communicate()
        if net.cairn("object", "head", uri, "--json").json["object_status"] == "OBJECT_STATUS_CREATED":
            net.cairn("object", "put", net.file("other", 1000), uri, check=4)
            net.cairn("object", "get", uri, net.work + "/early", check=4)
            net.cairn("object", "cancel", uri)
        net.testnet("start", "sp0")
        if net.cairn("object", "head", uri, check=None).code == 3:
            net.cairn("object", "put", net.file("other", 1000), uri)
        net.one_app_hash()


def money():
    """Deposits, withdrawals, quotes; what is locked for an object is returned when it is given up; a new provider registers itself."""
    with LocalNet(validators=4, sps=1) as net:
        def balance():
            return int(net.cairn("payment", "show", "--json").json["balance"])
        net.cairn("payment", "show", check=3)
        net.cairn("payment", "deposit", "10CAIRN")
        assert balance() == 10**10
        net.cairn("payment", "withdraw", "4CAIRN")
        assert balance() == 6 * 10**9
        net.cairn("payment", "withdraw", "7CAIRN", check=6)
        net.add_key("other")
        net.cairn("payment", "withdraw", "1CAIRN", "--account", "owner", key="other", check=5)
        quote = net.cairn("payment", "quote", "1GiB", "--json").json
        assert int(quote["billed_bytes"]) == 5 * 2**29 and int(quote["locked_pebble"]) > 0, quote
        net.cairn("bucket", "create", "alone", "--profile", "replica:1")
        net.cairn("object", "put", net.file("in", MIB), "cairn://alone/a")
        rate = net.cairn("payment", "show", "--json").json["rate"]
        assert int(rate["hi"]) or int(rate["lo"]), rate
        net.cairn("object", "delete", "cairn://alone/a")
        rate = net.cairn("payment", "show", "--json").json.get("rate") or {"hi": "0", "lo": "0"}
        assert not int(rate["hi"]) and not int(rate["lo"]), rate
        # a provider that was not in genesis
        home, base = os.path.join(net.work, "new-sp"), ports.block()
        ledger = net.env()["CAIRN_NODE"].split(",")[0]
        made = run("cairn-sp", "init", "--home", home, "--sp-id", 2, "--moniker", "late", "--http", f"127.0.0.1:{base}", "--p2p",
                   f"127.0.0.1:{base + 1}", "--ledger", ledger, check=0)
        record = os.path.join(net.work, "sp.json")
        with open(record, "w") as f:
            f.write(made.out)
        for account in made.json["accounts"]:
            net.testnet("faucet", account, "50000CAIRN")
        shutil.copy(os.path.join(net.dir, "sp0", "genesis.json"), home)
        possession = os.path.join(net.work, "keys.json")
        with open(possession, "w") as f:
            f.write(run("cairn-sp", "possession", "--home", home, check=0).out)
        keys = ("--keys", possession)
        net.cairn("sp", "register", record, *keys, check=5)  # not the operator
        net.cairn("key", "import", "operator", os.path.join(home, "operator.key"))
        net.cairn("sp", "register", record, *keys, "--no-probe", key="operator")
        assert [sp["moniker"] for sp in net.cairn("sp", "list", "--json").json] == ["sp0", "late"]
        before = int(net.cairn("sp", "show", "2", "--json").json["deposit"])
        net.cairn("sp", "deposit", "2", "5CAIRN", key="operator")
        assert int(net.cairn("sp", "show", "2", "--json").json["deposit"]) == before + 5 * 10**9


if __name__ == "__main__":
    main([sizes, one_provider, interruptions, money])
