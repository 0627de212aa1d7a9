#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Storing in one step: the client codes an object itself, leaves its pieces with the providers, and one transaction creates and seals it. Nothing is
on the ledger before the bytes are safe; what is never stored goes by itself; a gateway may do it in an owner's name under a grant."""
import os
import subprocess

from local_net import LocalNet, main, program, read, run, wait_for

MIB = 1 << 20


def pieces_of(net, sp):
    """What a provider has on its disk: path and size."""
    top = os.path.join(net.dir, f"sp{sp - 1}", "pieces")
    return {os.path.join(d, f): os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(top) for f in names}


def home_of(net, sp):
    return os.path.join(net.dir, f"sp{sp - 1}")


def collect(net, sp):
    run("cairn-sp", "gc", "start", "--home", home_of(net, sp), check=0)


def back(net, uri, *options):
    path = os.path.join(net.work, "back")
    net.cairn("object", "get", uri, path, *options)
    data = read(path)
    os.unlink(path)
    return data


def start_put(net, path, uri, *options):
    return subprocess.Popen([program("cairn"), "object", "put", path, uri, "--direct", "--json", *options], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **net.env()})


def sizes(net):
    """Every size and profile comes back, also with the primary down; what is sealed is whole at every position."""
    stored = {}
    for name, size, profile in (("empty", 0, None), ("one", 1, None), ("large", 40 * MIB, None), ("columns", 5 * MIB + 3, "ec:2+1"),
                                ("copies", 3 * MIB + 1, "replica:3"), ("edge", 65536, "ec:2+1+w")):
        path, uri = net.file("in", size, seed=size + 1), f"cairn://straight/{name}"
        more = ("--profile", profile, "--segment-size", "64KiB") if profile else ()
        r = net.cairn("object", "put", path, uri, "--direct", "--json", *more).json
        assert r["sealed"] and not r["resumed"], r
        assert back(net, uri) == read(path), uri
        if size:
            assert back(net, uri, "--direct") == read(path), uri
            assert net.cairn("object", "verify", uri, "--json").json["content"] == "match", uri
        stored[uri] = read(path)
        # once more: it is there; another content is refused, or replaces it
        assert net.cairn("object", "put", path, uri, "--direct", "--json", *more).json["resumed"]
    uri = "cairn://straight/one"
    other = net.file("other", 70_000)
    net.cairn("object", "put", other, uri, "--direct", check=4)
    before = net.cairn("object", "head", uri, "--json").json
    assert not before.get("coded_by_sp"), before
    net.cairn("object", "put", other, uri, "--direct", "--overwrite")
    assert back(net, uri) == read(other)
    assert net.cairn("object", "head", uri, "--json").json["version"] != before["version"]
    stored[uri] = read(other)
    return stored


def is_sealed(net, uri):
    return net.cairn("object", "head", uri, check=None).code == 0


def without_the_primary(net, stored):
    where = net.cairn("object", "where", "cairn://straight/large", "--json").json["positions"]
    primary = where[0]["sp_id"]
    net.testnet("kill", f"sp{primary - 1}")
    for uri, data in stored.items():
        assert back(net, uri) == data, uri
    r = net.cairn("object", "put", net.file("in", 1000), "cairn://straight/nobody", "--direct", "--json", check=7)
    assert f"provider {primary}" in r.error["message"] and "stored" in r.error["message"].lower(), r
    assert not is_sealed(net, "cairn://straight/nobody")
    net.testnet("start", f"sp{primary - 1}")


def in_one_step():
    with LocalNet(validators=1, sps=7) as net:
        net.cairn("payment", "deposit", "1000CAIRN")
        net.cairn("bucket", "create", "straight", "--sp", "1")
        stored = sizes(net)
        without_the_primary(net, stored)


def members(net, uri):
    return [p["sp_id"] for p in net.cairn("object", "where", uri, "--json").json["positions"]]


def staged_at(net, before, put, avoid):
    """A provider that has got a piece since; it is not among `avoid`."""
    def one():
        assert put.poll() is None, "the put was over before anybody had a piece"
        return next((sp for sp in before if sp not in avoid and len(pieces_of(net, sp)) > len(before[sp])), None)
    return wait_for("a staged piece", one)


def a_provider_is_killed(net):
    """In the middle of the staging: another takes its place, and the others keep what they have."""
    path, uri = net.file("in", 120 * MIB + 1), "cairn://straight/replaced"
    before = {sp: pieces_of(net, sp) for sp in range(1, 9)}
    put = start_put(net, path, uri)
    gone = staged_at(net, before, put, {1})
    net.testnet("kill", f"sp{gone - 1}")
    out, err = put.communicate(timeout=300)
    assert put.returncode == 0, (out, err)
    assert gone not in members(net, uri), (gone, members(net, uri))
    assert back(net, uri) == read(path)
    assert net.cairn("object", "verify", uri, "--json").json["content"] == "match"
    # too few are left: refused with who failed, and nothing is on the ledger
    others = [sp for sp in members(net, uri) if sp != 1][:1]
    net.testnet("kill", f"sp{others[0] - 1}")
    r = net.cairn("object", "put", net.file("small", 5000), "cairn://straight/refused", "--direct", "--json", check=7)
    assert "eligible" in r.error["message"], r
    assert not is_sealed(net, "cairn://straight/refused")
    for sp in (gone, *others):
        net.testnet("start", f"sp{sp - 1}")
    net.cairn("object", "delete", uri)


def all_clean(net, sps, before):
    """Nothing but what was there is on their disks, once they have looked."""
    def clean():
        for sp in sps:
            collect(net, sp)
        return all(set(pieces_of(net, sp)) <= set(before[sp]) for sp in sps)
    wait_for("the stage to go", clean)


def an_abandoned_stage(net):
    """The client is killed: what it left goes when its time is over, also at a provider that was killed meanwhile."""
    sps = range(1, 9)
    small = net.file("small", 100_000)
    wait_for("enough providers", lambda: net.cairn("object", "put", small, "cairn://straight/kept", "--direct", check=None).code == 0)
    for sp in sps:
        collect(net, sp)
    before = {sp: pieces_of(net, sp) for sp in sps}
    marker = b"this is what nobody has stored " * 40
    path = net.file("in", 120 * MIB)
    with open(path, "r+b") as f:
        f.write(marker)
    put = start_put(net, path, "cairn://straight/abandoned", "--keep", "20s")
    gone = staged_at(net, before, put, set())
    net.testnet("kill", f"sp{gone - 1}")
    put.kill()
    put.communicate()
    held = {sp: set(pieces_of(net, sp)) - set(before[sp]) for sp in sps}
    assert held[gone], held
    net.testnet("start", f"sp{gone - 1}")
    collect(net, gone)
    assert held[gone] <= set(pieces_of(net, gone)), "it went before its time"
    all_clean(net, sps, before)
    for sp in sps:
        assert not [p for p in pieces_of(net, sp) if marker[:200] in read(p)], sp
    assert not is_sealed(net, "cairn://straight/abandoned")
    assert back(net, "cairn://straight/kept") == read(small)


def what_goes_wrong():
    with LocalNet(validators=1, sps=8) as net:
        net.cairn("payment", "deposit", "1000CAIRN")
        net.cairn("bucket", "create", "straight", "--sp", "1")
        a_provider_is_killed(net)
        an_abandoned_stage(net)


def in_an_owners_name():
    """A gateway without coins makes a bucket and stores for an owner under a grant, both ways, as far as the grant goes."""
    with LocalNet(validators=1, sps=3) as net:
        net.cairn("payment", "deposit", "1000CAIRN")
        owner = net.cairn("key", "show", "owner", "--json").json["address"]
        gateway = net.add_key("gateway", coins=None)
        net.add_key("stranger")
        path = net.file("in", 300_000)
        acting = ("--for", owner, "--fee-payer", owner)
        net.cairn("bucket", "create", "theirs", "--profile", "ec:2+1", *acting, key="gateway", check=5)
        net.cairn("grant", "give", gateway, "--messages", "MsgCreateBucket,MsgCreateObject,MsgStoreObject", "--bytes", "700000", "--money", "100CAIRN",
                  "--fees", "5CAIRN")
        net.cairn("bucket", "create", "theirs", "--profile", "ec:2+1", "--segment-size", "64KiB", *acting, key="gateway")
        for name, more in (("two-steps", ()), ("one-step", ("--direct",))):
            uri = f"cairn://theirs/{name}"
            net.cairn("object", "put", path, uri, *acting, *more, key="gateway")
            assert back(net, uri) == read(path)
            o = net.cairn("object", "head", uri, "--json").json
            assert o["creator"] == o["owner"] == owner, o
        left = int(net.cairn("grant", "show", "owner", "gateway", "--json").json["bytes"])
        assert left == 100_000, left
        for more in ((), ("--direct",)):  # more than is left; by somebody else; in another's bucket
            r = net.cairn("object", "put", path, "cairn://theirs/more", *acting, *more, "--json", key="gateway", check=5)
            assert "bytes left" in r.error["message"], r
            net.cairn("object", "put", path, "cairn://theirs/more", "--for", owner, *more, key="stranger", check=5)
        net.cairn("grant", "revoke", gateway)
        for more in ((), ("--direct",)):
            net.cairn("object", "put", net.file("one", 1), "cairn://theirs/late", *acting, *more, key="gateway", check=5)
        assert {o["name"] for o in net.cairn("object", "list", "theirs", "--json").json} == {"two-steps", "one-step"}


if __name__ == "__main__":
    main([in_one_step, what_goes_wrong, in_an_owners_name])
