#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cairnd end to end: four validators agree, survive kill -9 of one and of all, catch up, refuse bad input, stop on a full disk."""
import json
import os
import select
import socket
import subprocess

from cairnd_net import CAIRND, ROOT, HttpError, Network, bech32_bytes, main, run, wait_for

LOAD = os.environ.get("LOAD", os.path.join(ROOT, "build", "release", "tests", "e2e", "load"))
EVIL = os.environ.get("EVIL", os.path.join(ROOT, "build", "release", "tests", "e2e", "evil"))


def refused(code, status, call, *args):
    try:
        call(*args)
    except HttpError as e:
        assert e.code == code and e.status == status, f"got {e.status} {e.body}, want {status} {code}"
        assert len(e.body.get("message", "")) > 5, f"no sentence in {e.body}"
        return e.body["message"]
    raise AssertionError(f"not refused with {code}")


def same_app_hash(nodes):
    """All reach one height; all have one app hash there."""
    height = max(n.height() for n in nodes) + 1
    for n in nodes:
        wait_for(f"{n.name} at {height + 1}", lambda n=n: n.height() >= height + 1)
    hashes = {n.app_hash(height) for n in nodes}
    assert len(hashes) == 1, f"{hashes} at {height}"


def transfers_and_crashes():
    with Network(4, ["alice", "bob"]) as net:
        alice, bob = net.accounts
        net.start()
        tag = net.chain_tag
        seq = 0

        def pay(node, amount=100, wait="committed"):
            nonlocal seq
            seq += 1
            _, wire = alice.send(tag, bob, amount, seq, node.height() + 100)
            return node.broadcast(wire, wait)

        for n in net.nodes:
            got = pay(n)
            assert got["state"] == "committed" and got["result"]["code"] == 0, got
        assert int(net.nodes[2].account(bob)["balance"]) == 10**12 + 400
        tx = net.nodes[3].get("/v1/tx/" + got["tx_id"])
        assert tx["height"] == got["height"] and tx["body"]["msgs"][0]["send"]["amount"] == "100", tx

        # several at once, sent without waiting: order is kept
        last = [pay(net.nodes[0], 1, "admitted") for _ in range(10)][-1]
        assert int(net.nodes[0].get("/v1/sequence/" + alice.text)["sequence"]) == seq + 1
        net.nodes[1].get(f"/v1/tx/{last['tx_id']}?wait_ms=20000")
        same_app_hash(net.nodes)

        # one is killed, the others go on, it comes back
        net.nodes[1].kill()
        for _ in range(3):
            pay(net.nodes[0])
        net.nodes[1].start()
        same_app_hash(net.nodes)

        # all are killed in the middle of work; what was acknowledged is there
        before = int(net.nodes[0].account(bob)["balance"])
        pay(net.nodes[3], 7)
        pay(net.nodes[3], 1, "admitted")
        for n in net.nodes:
            n.kill()
        net.start()
        assert int(net.nodes[2].account(bob)["balance"]) >= before + 7
        for attempt in range(10):  # the block that was being agreed upon may still take the number that is read here
            seq = int(net.nodes[0].account(alice)["sequence"]) - 1
            try:
                pay(net.nodes[2])
                break
            except HttpError as e:
                assert e.code in ("TX_DROPPED", "SEQUENCE_WRONG") and attempt < 9, e
        same_app_hash(net.nodes)

        # one that starts empty catches up by blocks
        full = net.full_node().start()
        wait_for("the full node", lambda: full.height() >= net.nodes[0].height() - 1)
        same_app_hash(net.nodes + [full])
        assert full.get("/v1/status")["validator"] in ("", None), full.get("/v1/status")

        # idle memory, and a clean stop
        for n in net.nodes:
            assert n.rss_kib() < 150 * 1024 or "san/" in CAIRND, n.rss_kib()
        for n in net.nodes + [full]:
            assert n.stop() == 0, n.log()[-500:]
        check = [run(CAIRND, "check", "--home", n.home).stdout for n in net.nodes]
        assert all('"ok":true' in c for c in check), check


def two_processes_one_home():
    with Network(1) as net:
        net.start()
        r = run(CAIRND, "start", "--home", net.nodes[0].home, ok=False)
        assert r.returncode == 4 and "in use" in r.stderr, (r.returncode, r.stderr)
        assert net.nodes[0].get("/v1/health")["ready"]


def homes_that_are_wrong():
    """What `cairnd start` says of a home that it will not run: the exit status by the code table, and what to do."""
    with Network(1) as net:
        home = net.nodes[0].home
        config = home + "/config.yaml"
        with open(config) as f:
            good = f.read()

        def start(status, *words):
            r = run(CAIRND, "start", "--home", home, ok=False)
            assert r.returncode == status, (r.returncode, r.stderr)
            said = r.stderr.splitlines()[-1] if r.stderr else ""
            assert all(any(w in line for line in r.stderr.splitlines()) for w in words), (words, said)

        for text, words in ((good + "unknown_key: 1\n", ["unknown_key", "line"]),
                            (good.replace(net.nodes[0].http, "127.0.0.1:99999"), ["http_listen"]),
                            (good + "moniker: twice\n", ["moniker"])):
            with open(config, "w") as f:
                f.write(text)
            start(2, "config.yaml", *words)
        with open(config, "w") as f:
            f.write(good)
        os.chmod(home + "/validator.key", 0o644)
        start(5, "chmod 600")
        os.chmod(home + "/validator.key", 0o600)
        os.rename(home + "/data/signer.state", home + "/elsewhere")
        start(3, "signer.state", "sign twice")
        os.rename(home + "/elsewhere", home + "/data/signer.state")
        with open(home + "/genesis.json") as f:
            genesis = f.read()
        with open(home + "/genesis.json", "w") as f:
            f.write(genesis.replace('"chain_id"', '"chain_idea"'))
        start(2, "genesis.json", "chain_idea")
        with open(home + "/genesis.json", "w") as f:
            f.write(genesis)
        net.start()
        assert net.nodes[0].stop() == 0
        with open(home + "/genesis.json", "w") as f:
            f.write(genesis.replace('"e2e"', '"other"'))
        start(5, "another chain")
        with open(home + "/genesis.json", "w") as f:
            f.write(genesis)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def newest_log(home):
    """(path, height, end of the records, their number) of the newest durability log, by the format in chain/wal/wal.h."""
    best = ("", 0, 0, 0)
    for name in ("wal.0", "wal.1"):
        with open(f"{home}/data/{name}", "rb") as f:
            data = f.read()
        at, n, height = 0, 0, int.from_bytes(data[8:16], "little")
        while int.from_bytes(data[at + 8:at + 16], "little") == height > 0 and int.from_bytes(data[at + 16:at + 20], "little") == n:
            at += 32 + (int.from_bytes(data[at + 4:at + 8], "little") + 7) // 8 * 8
            n += 1
        best = max(best, (f"{home}/data/{name}", height, at, n), key=lambda x: x[1])
    return best


def damaged_log():
    """A record of the durability log that a later one calls durable does not check: found at the start, named, mended by the command."""
    with Network(4) as net:
        net.start()
        a = net.nodes[0]
        for n in net.nodes[2:]:
            n.kill()
        wait_for("a height that cannot be decided by two", lambda: newest_log(a.home)[1] > a.height())
        height = a.height()
        for n in net.nodes[:2]:
            n.kill()
        path, log_height, end, n = newest_log(a.home)
        le = [x.to_bytes(4, "little") for x in (0, n, n)]
        record = le[0] + log_height.to_bytes(8, "little") + le[1] + le[2] + b"\1" + bytes(7)
        with open(path, "r+b") as f:
            f.seek(4)
            f.write(b"\xff\xff")
            f.seek(end)
            f.write(crc32c(record).to_bytes(4, "little") + record)
        r = run(CAIRND, "start", "--home", a.home, ok=False)
        assert r.returncode == 8 and "damaged" in r.stderr and "cairnd wal-mend" in r.stderr, (r.returncode, r.stderr)
        assert "kept 0 records" in run(CAIRND, "wal-mend", "--home", a.home).stdout
        net.start()
        wait_for("more blocks", lambda: a.height() > height + 1)
        same_app_hash(net.nodes)


def bad_transactions():
    with Network(1, ["alice", "bob"]) as net:
        alice, bob = net.accounts
        node = net.start().nodes[0]
        tag = net.chain_tag
        until = node.height() + 100
        _, good = alice.send(tag, bob, 5, 1, until)
        refused("INVALID_ARGUMENT", 400, node.request, "POST", "/v1/tx", {"tx": "AAAA", "wait": "for ever"})
        refused("MALFORMED", 400, node.request, "POST", "/v1/tx", b"{not json")
        refused("INVALID_ARGUMENT", 400, node.request, "POST", "/v1/tx", {"tx": "AAAA", "unknown": 1})
        refused("MALFORMED", 400, node.broadcast, good[:40])
        refused("MALFORMED", 400, node.broadcast, good[:-1])
        refused("MALFORMED", 400, node.broadcast, good + b"\0")
        body = good[4:-64]
        unknown = body + b"\xf8\x07\x01"  # field 127
        refused("MALFORMED", 400, node.broadcast, len(unknown).to_bytes(4, "big") + unknown + good[-64:])
        twice = body + body[:35]  # the signer once more
        refused("MALFORMED", 400, node.broadcast, len(twice).to_bytes(4, "big") + twice + good[-64:])
        nested = b""
        for _ in range(40):  # a message in a message in a message...
            nested = b"\x3a" + (bytes([len(nested)]) if len(nested) < 128 else bytes([len(nested) & 127 | 128, len(nested) >> 7])) + nested
        for wrong in (body + nested, good, b"\x0b" * 200 + b"\x0c" * 200):  # ... after the body; a frame in the frame; groups
            refused("MALFORMED", 400, node.broadcast, len(wrong).to_bytes(4, "big") + wrong + good[-64:])
        deep = b"[" * 5000 + b"]" * 5000
        refused("MALFORMED", 400, node.request, "POST", "/v1/tx", b'{"wait":"committed","tx":' + deep + b"}")
        refused("TOO_LARGE", 413, node.broadcast, bytes(1 << 20) + good)
        refused("BAD_SIGNATURE", 401, node.broadcast, good[:-1] + bytes([good[-1] ^ 1]))
        other = alice.send(bytes(32), bob, 5, 1, until)[1]
        refused("BAD_SIGNATURE", 401, node.broadcast, other)
        n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
        high = good[:-32] + (n - int.from_bytes(good[-32:], "big")).to_bytes(32, "big")
        try:
            node.broadcast(high)
            raise AssertionError("high s was taken")
        except HttpError as e:
            assert e.code in ("BAD_SIGNATURE", "MALFORMED"), e.body
        message = refused("SEQUENCE_WRONG", 409, node.broadcast, alice.send(tag, bob, 5, 7, until)[1])
        assert "1" in message
        refused("FEE_LOW", 402, node.broadcast, alice.send(tag, bob, 5, 1, until, fee=1)[1])
        refused("TX_EXPIRED", 410, node.broadcast, alice.send(tag, bob, 5, 1, 0)[1])
        first = node.broadcast(good)
        assert first["state"] == "committed"
        for wait in ("committed", "admitted"):  # by a client that lost the answer: the same one, not "a wrong sequence"
            again = node.broadcast(good, wait)
            assert again["state"] == "committed" and again["height"] == first["height"], again
        refused("NOT_FOUND", 404, node.get, "/v1/tx/" + "00" * 32)
        refused("INVALID_ARGUMENT", 400, node.get, "/v1/tx/zz")
        refused("NOT_FOUND", 404, node.get, "/v1/block/99999999")
        refused("NOT_FOUND", 404, node.get, "/v1/query/no/such/path")
        assert int(node.account(bob)["balance"]) == 10**12 + 5


def garbage_to_p2p():
    with Network(2) as net:
        net.start()
        host, port = net.nodes[0].p2p.split(":")
        for i in range(24):
            with socket.create_connection((host, int(port)), timeout=10) as s:
                s.sendall((b"CRNP\0\1\1\0" if i % 2 else b"GET / HTTP/1.1\r\n") + os.urandom(20000 if i % 3 else 10))
                s.shutdown(socket.SHUT_WR)
                try:
                    while s.recv(65536):
                        pass
                except OSError:
                    pass
        before = net.nodes[0].height()
        wait_for("more blocks", lambda: net.nodes[0].height() > before + 2)
        assert net.nodes[0].get("/v1/status")["peers"] == 1


def evil_peers():
    """Through the hello, and then malformed, truncated, doubled, unknown, over-nested, over-long and forged messages of every kind."""
    with Network(2, ["alice", "bob"]) as net:
        net.start()
        node = net.nodes[0]
        before = node.height()
        said = run(EVIL, net.chain_tag.hex(), node.info["node_id"], node.p2p, "15")
        said = json.loads(said.stdout)
        assert said["connected"] >= 12 and said["sent"] > 120, said
        wait_for("more blocks", lambda: node.height() > before + 2)
        log = node.log()
        assert "peer banned" in log and log.isascii() and ": done" not in log  # each reproach has its reason
        alice, bob = net.accounts
        assert node.broadcast(alice.send(net.chain_tag, bob, 1, 1, node.height() + 50)[1])["state"] == "committed"
        same_app_hash(net.nodes)
        wait_for("no reproach that lasts", lambda: node.get("/v1/health"))


def proofs_and_events():
    with Network(1, ["alice", "bob"]) as net:
        alice, bob = net.accounts
        node = net.start().nodes[0]
        got = node.broadcast(alice.send(net.chain_tag, bob, 9, 1, node.height() + 50)[1])
        height = int(got["height"])
        proven = node.get(f"/v1/query/auth/account?address={bob.text}&prove=1&min_height={height}")
        assert int(proven["height"]) >= height and proven["proof"]["present"], proven
        state = node.get(f"/v1/state/{proven['key']}?prove=1&height={proven['height']}")
        assert state["proof"] == proven["proof"]
        absent = node.get("/v1/state/03ff?prove=1")
        assert not absent["proof"]["present"]
        header = node.get(f"/v1/header/{int(proven['height']) + 1}")
        assert header["certificate"]["signatures"] and header["next_validators"]["validators"]
        ahead = node.height() + 1
        assert node.get(f"/v1/header/{ahead}?wait_ms=20000")["header"], "a header to come is waited for"
        assert node.height() >= ahead
        host, port = node.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as s:
            s.sendall(f"GET /v1/events?from_height={height} HTTP/1.1\r\nHost: {node.http}\r\n\r\n".encode())
            seen = b""
            end = b'{"height":"%d","ledger_time":"%d"}\n' % (height, int(node.get(f"/v1/block/{height}")["ledger_time"]))
            while end not in seen:
                more = s.recv(65536)
                assert more, seen
                seen += more
        assert got["tx_id"].encode() in seen, seen
        assert b"cairn_height" in node.request("GET", "/metrics")


def waiters():
    """Waiters that nobody answers take half of the places; who does not wait is served; a place is free when its client has left."""
    with Network(1, ["alice", "bob"]) as net:
        alice, bob = net.accounts
        node = net.start().nodes[0]
        host, port = node.http.split(":")
        far = f"/v1/header/{node.height() + 10**9}?wait_ms=60000"

        def wait_there():
            s = socket.create_connection((host, int(port)), timeout=30)
            s.sendall(f"GET {far} HTTP/1.1\r\nHost: {node.http}\r\n\r\n".encode())
            return s

        waiting = [wait_there() for _ in range(260)]
        ready, _, _ = select.select(waiting, [], [], 30)
        assert ready and all(b" 503 " in s.recv(64) for s in ready), "the 257th is told to come again"
        got = node.broadcast(alice.send(net.chain_tag, bob, 9, 1, node.height() + 50)[1], wait="admitted")
        assert node.get("/v1/header/1?wait_ms=60000")["header"], "what is there is not waited for"
        wait_for("the block", lambda: node.get(f"/v1/tx/{got['tx_id']}")["state"] == "committed")
        for s in waiting:
            s.close()

        def waits_again():
            s = wait_there()
            refused, _, _ = select.select([s], [], [], 1)
            s.close()
            return not refused

        wait_for("a place", waits_again)


def full_disk():
    """The database's disk fills up: the node stops with the reason, and starts again when there is room."""
    with Network(1, ["alice", "bob"]) as net:
        node = net.nodes[0]
        net.genesis["accounts"] += [{"address": a, "balance": str(10**12)} for a in run(LOAD, "addresses", "20").stdout.split()]
        net.genesis["accounts"].sort(key=lambda a: bech32_bytes(a["address"]))
        node.configure(net.genesis, [])
        script = ('mount -t tmpfs -o size=24m tmpfs "$0/data.mnt" && cp -a "$0/data/." "$0/data.mnt/" && '
                  'mount --bind "$0/data.mnt" "$0/data" && "$1" start --home "$0"; rc=$?; '
                  'rm -f "$0/data/filler"; echo "first $rc"; '
                  'if [ $rc != 0 ]; then "$1" check --home "$0"; timeout --preserve-status -s TERM 5 "$1" start --home "$0"; echo "second $?"; '
                  '"$1" check --home "$0"; fi')
        os.mkdir(node.home + "/data.mnt")
        node.process = None
        log = open(node.home + "/log", "w")
        p = subprocess.Popen(["unshare", "-rm", "bash", "-c", script, node.home, CAIRND], stdout=log, stderr=log)
        try:
            wait_for("the node", lambda: node.get("/v1/health"))
            pid = int(run("pgrep", "-P", str(p.pid), "-f", "cairnd start").stdout.split()[0])
            filler = f"/proc/{pid}/root{node.home}/data/filler"
            try:
                with open(filler, "wb", buffering=0) as f:
                    while True:
                        f.write(bytes(1 << 16))
            except OSError:
                pass
            # what is written goes into room that was set aside before; 20,000 transfers are more than that
            subprocess.run([LOAD, "send", net.chain_tag.hex(), "20", "1000", node.http], input=b"\n", stdout=log, stderr=log)
            assert p.wait(60) == 0
        finally:
            if p.poll() is None:
                p.kill()
                p.wait()
            log.close()
        text = node.log()
        assert "first 1" in text and "DISK_FULL" in text, text[-2000:]
        assert "second 0" in text and text.count('"ok":true') == 2, text[-3000:]


if __name__ == "__main__":
    main([transfers_and_crashes, two_processes_one_home, homes_that_are_wrong, damaged_log, bad_transactions, garbage_to_p2p, evil_peers, proofs_and_events, waiters, full_disk])
