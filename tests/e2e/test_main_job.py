#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job through the CLI: objects of every size at an edge under several profiles, whole and by range; sharing; one provider alone; what
is wrong on the way is refused with its exit code and loses nothing."""
import os
import random

from local_net import LocalNet, main, read, wait_for

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


if __name__ == "__main__":
    main([sizes, one_provider])
