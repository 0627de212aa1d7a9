#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The CLI against bad input: the exit code, one sentence, nothing but JSON with --json, nothing lost."""
import json
import os

from local_net import LocalNet, main, read, run


def usage():
    """What needs no network: wrong commands, options, names."""
    for args in (["fly"], ["object"], ["object", "fly"], ["object", "put"], ["object", "get", "cairn://b"],
                 ["object", "get", "not-an-address"], ["bucket", "create", "AB"], ["bucket", "create", "has_underscore"],
                 ["bucket", "create", "photos", "--profile", "ec:99+99"], ["bucket", "create", "photos", "--visibility", "maybe"],
                 ["bucket", "create", "photos", "--nonsense"], ["status", "--wait", "forever"], ["status", "--keyring", "gold"],
                 ["help", "nonsense"], ["help", "bucket", "nonsense"], ["bucket"], ["bucket", "nonsense"],
                 ["account", "send", "nobody", "1CAIRN"], ["account", "send", "cairn1qqqq", "1CAIRN"], ["sp", "show", "zero"],
                 ["sp", "show", "0"], ["challenge", "show", "x"], ["policy", "put", "bucket"], ["payment", "quote", "much"],
                 ["block", "show", "-5"]):
        r = run("cairn", *args, "--home", "/nonexistent", check=2)
        assert r.out == "" and len(r.err) > 10, r
        r = run("cairn", *args, "--home", "/nonexistent", "--json", check=2)
        assert r.out == "" and len(r.error["message"]) > 10, r
    for args in (["help"], ["help", "object"], ["help", "object", "put"], ["object", "--help"], ["object", "put", "--help"]):
        assert "cairn" in run("cairn", *args, check=0).out
    r = run("cairn", "key", "list", "--home", "/nonexistent", check=0)
    assert r.out == "", r
    # no key, no genesis, nobody there
    run("cairn", "account", "show", "--home", "/nonexistent", check=3)
    run("cairn", "status", "--home", "/nonexistent", check=3)
    run("cairn", "status", "--home", "/nonexistent", "--no-verify", "--node", "http://127.0.0.1:1", check=7)


def keys():
    """Keystores: modes, passphrases, damage."""
    import tempfile
    with tempfile.TemporaryDirectory() as home:
        secret = os.path.join(home, "secret")
        with open(secret, "w") as f:
            f.write("correct horse\n")
        os.chmod(secret, 0o600)
        common = ["--home", home, "--passphrase-file", secret]
        made = run("cairn", "key", "add", "one", *common, "--json", check=0).json
        assert made["address"].startswith("cairn1")
        run("cairn", "key", "add", "one", *common, check=4)
        run("cairn", "key", "add", "Not A Name", *common, check=2)
        run("cairn", "key", "show", "two", *common, check=3)
        path = [os.path.join(d, "one.json") for d, _, names in os.walk(home) if "one.json" in names][0]
        os.chmod(path, 0o644)
        run("cairn", "key", "show", "one", *common, check=5)
        os.chmod(path, 0o600)
        run("cairn", "key", "delete", "one", *common, check=2)  # not without --yes
        assert os.path.exists(path)
        out = os.path.join(home, "copy")
        run("cairn", "key", "export", "one", out, *common, check=0)
        with open(secret, "w") as f:
            f.write("wrong\n")
        run("cairn", "key", "import", "two", out, *common, check=5)
        os.chmod(secret, 0o644)
        run("cairn", "key", "import", "two", out, *common, check=5)  # others may read the passphrase
        os.chmod(secret, 0o600)
        with open(secret, "w") as f:
            f.write("correct horse\n")
        assert run("cairn", "key", "import", "two", out, *common, "--json", check=0).json["address"] == made["address"]
        data = bytearray(read(path))
        data[len(data) // 2] ^= 1
        with open(path, "wb") as f:
            f.write(data[:len(data) // 2])
        run("cairn", "key", "show", "one", *common, check=8)


def ledger():
    """Against a ledger without providers."""
    with LocalNet(validators=4, sps=0) as net:
        alice = net.add_key("alice")
        net.add_key("poor", coins=None)
        assert net.cairn("account", "show", "alice", "--json").json["balance"] == "1000 CAIRN"
        assert net.cairn("account", "show", "poor", "--json").json["balance_pebble"] == "0"
        before = net.cairn("account", "show", "alice", "--json").json
        net.cairn("account", "send", alice, "1CAIRN", key="poor", check=6)
        net.cairn("account", "send", "poor", "5000CAIRN", key="alice", check=6)
        net.cairn("account", "send", "poor", "0", key="alice", check=2)
        net.cairn("account", "send", "poor", "1CAIRN", "--fee", "1pebble", key="alice", check=6)
        after = net.cairn("account", "show", "alice", "--json").json  # what failed in a block paid its fee, and nothing else
        assert 0 <= int(before["balance_pebble"]) - int(after["balance_pebble"]) < 100_000
        assert net.cairn("account", "show", "poor", "--json").json["balance_pebble"] == "0"
        # nothing by that name
        for args in (["bucket", "head", "nothing"], ["object", "head", "cairn://nothing/a"], ["object", "get", "cairn://nothing/a", "-"],
                     ["object", "list", "cairn://nothing"], ["group", "head", "nothing"], ["sp", "show", "9"],
                     ["challenge", "show", "77"], ["bucket", "delete", "nothing"], ["object", "delete", "cairn://nothing/a"],
                     ["tx", "show", "00" * 32], ["block", "show", "99999999"]):
            r = net.cairn(*args, key="alice", check=3)
            assert r.out == "" and r.err, r
            r = net.cairn(*args, "--json", key="alice", check=3)
            assert r.out == "" and r.error["code"], r
        # nobody to store with
        net.cairn("bucket", "create", "photos", key="alice", check=7)
        assert net.cairn("sp", "list", "--json").json == []
        assert net.cairn("bucket", "list", "--json", key="alice").json == []
        # groups work without providers
        net.cairn("group", "create", "friends", "--add", "poor:1h", key="alice")
        net.cairn("group", "create", "friends", key="alice", check=4)
        members = net.cairn("group", "members", "friends", "--json", key="alice").json
        assert len(members) == 1 and int(members[0]["expires_at"]) > 0
        net.cairn("group", "members", "friends", "--remove", "poor", key="alice")
        assert net.cairn("group", "members", "friends", "--json", key="alice").json == []
        net.cairn("group", "members", "friends", "--remove", "poor", key="alice", check=3)
        net.cairn("group", "members", "friends", "--add", "poor", key="owner", check=3)  # not the owner's group
        # a transaction made elsewhere, sent twice, damaged
        body = json.dumps({"signer": "", "msgs": []})
        signed = net.cairn("tx", "sign", "-", stdin=body.encode()).bytes
        net.cairn("tx", "broadcast", "-", stdin=signed, check=1)  # no message in it
        net.cairn("tx", "sign", "-", stdin=b"{", check=1)
        net.cairn("tx", "sign", "-", stdin=b'{"nonsense": 1}', check=2)
        net.cairn("tx", "broadcast", "-", stdin=b"zz", check=1)
        net.cairn("tx", "broadcast", "-", stdin=b"00" * 70, check=1)
        # the genesis of another network proves nothing here
        genesis = os.path.join(net.home, "genesis.json")
        good = read(genesis)
        other = json.loads(good)
        other["chain_id"] = "elsewhere"
        with open(genesis, "w") as f:
            json.dump(other, f)
        r = net.cairn("account", "show", "alice", check=5)
        assert "chain" in r.err, r
        with open(genesis, "wb") as f:
            f.write(good)
        # JSON only, one value
        for args in (["status"], ["doctor"], ["validators"], ["account", "show", "alice"], ["block", "show"], ["payment", "quote", "1GiB", "--price", "5"],
                     ["group", "list"], ["key", "list"]):
            r = net.cairn(*args, "--json", key="alice", check=None)
            json.loads(r.out)
        net.one_app_hash()


if __name__ == "__main__":
    main([usage, keys, ledger])
