#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proofs for others: query --prove, verify off line, the Python verifier; nodes that lie on the way; what a home remembers; slow
clients."""
import base64
import glob
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from local_net import ROOT, LocalNet, main, read, run, wait_for

VERIFY = os.path.join(ROOT, "tests", "vectors", "verify.py")


def python_verify(path, *args, check=0):
    p = subprocess.run([sys.executable, VERIFY, path, *[str(a) for a in args]], capture_output=True, timeout=60, check=False)
    assert p.returncode == check, (args, p.stdout, p.stderr)
    return [json.loads(line) for line in p.stdout.splitlines()]


class Liar(http.server.BaseHTTPRequestHandler):
    """A node behind a proxy that damages what it says about headers."""
    target, damage, asked = "", None, 0

    def do_GET(self):
        try:
            with urllib.request.urlopen(self.target + self.path, timeout=30) as r:
                status, body = r.status, r.read()
        except urllib.error.HTTPError as e:
            status, body = e.code, e.read()
        if self.path.startswith("/v1/header/") and status == 200:
            Liar.asked += 1
            body = json.dumps(self.damage(json.loads(body))).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def flip_signature(header):
    sig = bytearray.fromhex(header["certificate"]["signatures"][0])
    sig[20] ^= 1
    header["certificate"]["signatures"][0] = sig.hex()
    return header


def other_app_hash(header):
    raw = bytearray(base64.b64decode(header["header"]))
    raw[-60] ^= 1
    header["header"] = base64.b64encode(raw).decode()
    return header


def records(net, alice, tmp):
    """Presence and absence, by words, by hex; checked by both verifiers."""
    tag = net.cairn("status", "--json").json["chain_tag"]
    for i, (words, present) in enumerate([(("account", alice), [True]), (("account", "alice"), [True]), (("chain",), [True]),
                                          (("bucket", "no-such-bucket"), [False]), (("object", "no-such-bucket/x"), [False]),
                                          (("params", "1"), [True]), (("seed",), [True]), (("0163",), [True]), (("0x0163",), [True]),
                                          (("challenge", "123456"), [False])]):
        path = os.path.join(tmp, f"{i}.json")
        made = net.cairn("query", *words, "--prove", "--out", path, "--json").json
        assert [r["present"] for r in made["records"]] == present, made
        checked = net.cairn("verify", path, "--json").json
        assert checked["records"] == made["records"] and checked["trusted"] in ("genesis", made["header"].split(":")[0]), checked
        told = python_verify(path, "--chain-tag", tag)
        assert [(r["key"], r["value"], r["present"]) for r in told] == [(r["key"], r["value"], r["present"]) for r in made["records"]]
        python_verify(path, "--trust", made["header"])
        python_verify(path, "--chain-tag", "00" * 32, check=1)
    assert made["chain_id"] == "cairn-local"
    full = net.cairn("query", "account", alice, "--prove", "--json").json  # without --out the file is in the answer
    path = os.path.join(tmp, "inline.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(full["proof"], f)
    net.cairn("verify", path)
    assert "siblings" in net.cairn("query", "account", alice, "--prove").out
    for words in (("nonsense",), ("sp", "x"), ("account", "nobody-we-know"), ("bucket",), ("0xzz",)):
        net.cairn("query", *words, "--prove", check=2)
    net.cairn("query", "account", alice, check=2)  # several words without --prove
    net.cairn("query", "account", alice, "--prove", "--no-verify", check=2)
    return tag, os.path.join(tmp, "0.json")


def heights(net, alice, tmp):
    """An earlier height as it was then."""
    now = net.cairn("query", "account", alice, "--prove", "--json").json
    before = int(now["height"])
    net.cairn("account", "send", "owner", "1CAIRN", key="alice")
    path = os.path.join(tmp, "before.json")
    then = net.cairn("query", "account", alice, "--prove", "--height", before, "--out", path, "--json").json
    assert then["height"] == str(before) and then["records"][0]["record"] == now["records"][0]["record"]
    net.cairn("verify", path)
    later = net.cairn("query", "account", alice, "--prove", "--json").json
    assert int(later["records"][0]["record"]["balance"]) < int(now["records"][0]["record"]["balance"])
    net.cairn("query", "account", alice, "--prove", "--height", 10**9, check=7)  # not yet


def refused(net, path, tag, tmp):
    """Each thing wrong alone; another trust; another time."""
    good = json.loads(read(path))
    at = int(json.loads(net.cairn("verify", path, "--json").out)["time"])

    def damaged(name, change, status=(1, 5, 8)):
        file = json.loads(json.dumps(good))
        change(file)
        out = os.path.join(tmp, f"bad-{name}.json")
        with open(out, "w", encoding="utf-8") as f:
            json.dump(file, f)
        r = net.cairn("verify", out, "--json", check=None)
        assert r.code in status and len(r.error["message"]) > 20, (name, r)
        python_verify(out, "--chain-tag", tag, check=1)

    damaged("value", lambda f: f["proofs"][0].update(value=base64.b64encode(b"all mine").decode()))
    damaged("key", lambda f: f["proofs"][0].update(key=f["proofs"][0]["key"][:-2] + "ff"))
    damaged("sibling", lambda f: f["proofs"][0]["siblings"].__setitem__(0, "11" * 32))
    damaged("signature", lambda f: flip_signature(f["headers"][-1]), status=(8,))
    damaged("header", lambda f: other_app_hash(f["headers"][-1]))
    damaged("power", lambda f: f["headers"][-1]["validators"]["validators"][0].update(power="1000"))
    damaged("genesis", lambda f: f.update(genesis=f["genesis"][:-8] + "AAAAAAA="))
    damaged("member", lambda f: f.update(surprise=1))
    damaged("version", lambda f: f.update(version=2))
    damaged("nothing", lambda f: f.update(headers=[]))
    with open(os.path.join(tmp, "text.json"), "w", encoding="utf-8") as f:
        f.write("{ not json")
    net.cairn("verify", os.path.join(tmp, "text.json"), check=1)
    net.cairn("verify", os.path.join(tmp, "missing.json"), check=3)
    header = json.loads(net.cairn("verify", path, "--json").out)["header"]
    # a home that knows nothing but one header; one with another genesis; a time when the genesis is too old
    bare = os.path.join(tmp, "bare")
    os.mkdir(bare)
    run("cairn", "verify", path, "--home", bare, check=3)
    run("cairn", "verify", path, "--home", bare, "--trust", header, check=0)
    run("cairn", "verify", path, "--home", bare, "--trust", header.split(":")[0] + ":" + "ab" * 32, check=3)
    run("cairn", "verify", path, "--home", bare, "--trust", "12", check=2)
    genesis = json.loads(read(os.path.join(net.home, "genesis.json")))
    with open(os.path.join(bare, "genesis.json"), "w", encoding="utf-8") as f:
        json.dump(dict(genesis, chain_id="another"), f)
    run("cairn", "verify", path, "--home", bare, check=5)
    with open(os.path.join(bare, "genesis.json"), "w", encoding="utf-8") as f:
        json.dump(genesis, f)
    run("cairn", "verify", path, "--home", bare, check=0)
    late = at + 15 * 24 * 3600 * 1000
    r = run("cairn", "verify", path, "--home", bare, "--at", late, check=4)
    assert "--trust" in r.err
    run("cairn", "verify", path, "--home", bare, "--at", at - 3600 * 1000, check=8)  # from the future
    python_verify(path, "--chain-tag", tag, "--at", late, check=1)
    run("cairn", "verify", path, "--home", bare, "--trust", header, "--at", late, check=0)  # a header that one trusts needs no age


def lies(net, alice, tmp):
    """A node that lies about headers is passed over, and cannot be the only one."""
    nodes = net.env()["CAIRN_NODE"].split(",")
    Liar.target = nodes[0]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    liar = f"http://127.0.0.1:{server.server_port}"
    home = os.path.join(tmp, "lied-to")
    os.mkdir(home)
    shutil.copy(os.path.join(net.home, "genesis.json"), home)
    try:
        for damage in (flip_signature, other_app_hash):
            Liar.damage, Liar.asked = staticmethod(damage), 0
            r = run("cairn", "query", "account", alice, "--prove", "--home", home, "--node", liar, check=None)
            assert r.code in (5, 8) and liar in r.err, r
            assert not glob.glob(os.path.join(home, "trust", "*"))
            r = run("cairn", "query", "account", alice, "--prove", "--json", "--home", home, "--node", f"{liar},{nodes[1]}", check=0)
            assert Liar.asked > 0 and r.json["records"][0]["present"]
            assert glob.glob(os.path.join(home, "trust", "*.json"))
            run("cairn", "query", "account", alice, "--prove", "--home", home, "--node", f"{nodes[1]},{liar}", check=0)  # as witness
            assert not glob.glob(os.path.join(home, "light-attack*"))
            shutil.rmtree(os.path.join(home, "trust"))
    finally:
        server.shutdown()
        server.server_close()


def remembers(net, alice, tmp):
    """What was verified is kept, and damage to it is told."""
    home = os.path.join(tmp, "remembers")
    os.mkdir(home)
    shutil.copy(os.path.join(net.home, "genesis.json"), home)
    run("cairn", "account", "show", alice, "--home", home, "--node", net.env()["CAIRN_NODE"], check=0)
    kept = glob.glob(os.path.join(home, "trust", "*.json"))
    assert len(kept) == 1 and os.stat(kept[0]).st_mode & 0o777 == 0o600
    points = json.loads(read(kept[0]))["points"]
    assert points and int(points[-1]["height"]) >= 1
    # another node's word for that header is the same
    h = points[-1]
    r = run("cairn", "query", "account", alice, "--prove", "--home", home, "--node", net.env()["CAIRN_NODE"], "--trust",
            f"{h['height']}:{h['header_id']}", "--json", check=0).json
    assert r["proof"]["genesis"] == "" and int(r["proof"]["headers"][0]["certificate"]["height"]) == int(h["height"])
    run("cairn", "account", "show", alice, "--home", home, "--node", net.env()["CAIRN_NODE"], "--trust", f"{h['height']}:{'ab' * 32}", check=8)
    text = read(kept[0]).decode()
    with open(kept[0], "w", encoding="utf-8") as f:
        f.write(text[:100])
    r = run("cairn", "account", "show", alice, "--home", home, "--node", net.env()["CAIRN_NODE"], check=8)
    assert kept[0] in r.err and "remove it" in r.err
    os.unlink(kept[0])
    run("cairn", "account", "show", alice, "--home", home, "--node", net.env()["CAIRN_NODE"], check=0)


def light():
    with LocalNet(validators=4, sps=0) as net:
        alice = net.add_key("alice")
        tmp = net.work
        tag, path = records(net, alice, tmp)
        refused(net, path, tag, tmp)
        heights(net, alice, tmp)
        lies(net, alice, tmp)
        remembers(net, alice, tmp)


def changes():
    """A newcomer comes to hold two thirds, three of the first four are gone: nobody can skip there from the genesis, so headers between are
    verified, and are in what is handed on."""
    with LocalNet(validators=4, sps=0) as net:
        _, address, url = net.testnet("add-validator").out.split()
        net.cairn("validator", "bond", address, "70CAIRN", "--wait", "committed")

        def powers():
            return [int(v["power"]) for v in net.cairn("query", "/validator/set", "--json").json["record"]["validators"]]
        wait_for("the newcomer's power", lambda: sorted(powers()) == [10, 10, 10, 10, 80])
        for name in ("validator1", "validator2", "validator3"):
            net.testnet("kill", name)
        nodes = [net.env()["CAIRN_NODE"].split(",")[0], url]

        def height():
            with urllib.request.urlopen(f"{url}/v1/status", timeout=5) as r:
                return int(json.load(r)["height"])
        at = height()
        wait_for("blocks of the two", lambda: height() > at + 3, 120)
        home, path = os.path.join(net.work, "bisects"), os.path.join(net.work, "changes.json")
        os.mkdir(home)
        shutil.copy(os.path.join(net.home, "genesis.json"), home)
        made = run("cairn", "query", "chain", "--prove", "--out", path, "--json", "--home", home, "--node", ",".join(nodes), check=0).json
        headers = json.loads(read(path))["headers"]
        assert len(headers) >= 2 and len(headers[-1]["validators"]["validators"]) == 5, len(headers)
        run("cairn", "verify", path, "--home", home, check=0)
        file = json.loads(read(path))
        python_verify(path, "--chain-tag", file["chain_tag"])
        with open(path, "w", encoding="utf-8") as f:  # without those between nobody believes the last
            json.dump(dict(file, headers=headers[-1:]), f)
        bare = os.path.join(net.work, "bare")
        os.mkdir(bare)
        shutil.copy(os.path.join(net.home, "genesis.json"), bare)
        r = run("cairn", "verify", path, "--home", bare, "--json", check=8)
        assert r.error["error"] == "OVERLAP", r
        python_verify(path, "--chain-tag", file["chain_tag"], check=1)
        run("cairn", "verify", path, "--home", bare, "--trust", made["header"], check=0)


def slow():
    """Three hundred connections that send a byte now and then, in the head or in the body of a request: others are served meanwhile."""
    head = b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Slow: "
    body = b"POST /v1/tx HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
    with LocalNet(validators=4, sps=0) as net:
        alice = net.add_key("alice")
        nodes = net.env()["CAIRN_NODE"].split(",")
        host, port = nodes[0].removeprefix("http://").split(":")
        slow_ones = [socket.create_connection((host, int(port)), timeout=10) for _ in range(300)]
        try:
            for i, s in enumerate(slow_ones):
                s.sendall(head if i % 3 == 0 else body)
            for i in range(5):
                for s in slow_ones:
                    s.sendall(b"a")
                start = time.monotonic()
                net.cairn("account", "send", alice, "1CAIRN", env={"CAIRN_NODE": nodes[0]})
                assert time.monotonic() - start < 20
            with urllib.request.urlopen(f"{nodes[0]}/metrics", timeout=10) as r:
                assert b"cairn_http_cut_total" in r.read()
        finally:
            for s in slow_ones:
                s.close()


if __name__ == "__main__":
    main([light, changes, slow])
