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


if __name__ == "__main__":
    main([in_one_step])
