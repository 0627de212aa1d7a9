#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Providers end to end: what they store at every edge of sizes, what they refuse and how, reads, quota, damage, kill -9, a full disk."""
import http.client
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import threading
import time

from cairnd_net import main, run
from provider_net import CAIRN_SP, SEGMENT, ProviderNet, content_root, ec, spec, wait_for

MIB = 1 << 20


def payload(size, seed=1):
    return random.Random(seed).randbytes(size)


def sizes():
    """Objects at every edge: 0, 1, a leaf and a segment with one byte less and more, 40 MiB; whole, and by ranges over the seams."""
    with ProviderNet(sps=1) as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "edges", public=True)
        for size in (0, 1, 4095, 4096, 4097, SEGMENT - 1, SEGMENT, SEGMENT + 1, 40 * MIB):
            name, data = f"o{size}", payload(size, size)
            record = owner.put(sp, "edges", name, data)
            assert record["object_status"] == "OBJECT_STATUS_SEALED" and int(record["payload_size"]) == size, record
            r = sp.request("GET", f"/edges/{name}")
            assert r.status == 200 and r.body == data, (size, r.status, len(r.body))
            assert r.headers["etag"] == f'"{content_root(data).hex()}"', r.headers
            r = sp.request("HEAD", f"/edges/{name}")
            assert r.status == 200 and r.body == b"" and int(r.headers["content-length"]) == size, (size, r)
            for first, last in ((0, 0), (size - 1, size - 1), (4090, 4100), (SEGMENT - 2, SEGMENT + 2), (size - 5, size + 5)):
                if 0 <= first < size:
                    r = sp.request("GET", f"/edges/{name}", headers={"Range": f"bytes={first}-{last}"})
                    assert r.status == 206 and r.body == data[first:last + 1], (size, first, last, r.status)
            r = sp.request("GET", f"/edges/{name}", headers={"Range": f"bytes={size}-"})
            assert r.status == 416 and r.name == "RANGE", r
        # parts in any order, twice, and the whole under one upload id
        data = payload(3 * SEGMENT + 77, 5)
        owner.create_object(sp, "edges", "parts", data)
        upload = "?upload_id=" + "ab" * 16 + "&offset="
        for at in (2 * SEGMENT, 0, 0):
            end = len(data) if at else 2 * SEGMENT
            r = owner.upload(sp, "edges", "parts", data[at:end], upload + str(at))
            assert r.status == 200 and r.json["upload_id"] == "ab" * 16, r
        owner.wait_sealed(sp, "edges", "parts")
        assert sp.request("GET", "/edges/parts").body == data
        assert sp.stop() == 0, "a provider ends well on SIGTERM"


def signatures():
    """Requests that are forged, old, repeated, or meant for somebody else are refused, and nothing happens."""
    with ProviderNet(sps=2) as net:
        sp, other, owner = net.providers[0], net.providers[1], net.owner
        owner.create_bucket(sp, "private")
        data = payload(5000)
        owner.put(sp, "private", "secret", data)
        target = "/private/secret"
        now = int(time.time() * 1000)

        auth = owner.authorization(sp, "GET", target)
        assert sp.request("GET", target, headers={"Authorization": auth}).body == data
        r = sp.request("GET", target, headers={"Authorization": auth})
        assert r.status == 401 and r.name == "UNAUTHENTICATED" and "before" in r.json["message"], r  # replayed
        for what, auth, want in (
                ("expired", owner.authorization(sp, "GET", target, issued=now - 20000, life=1000), "EXPIRED"),
                ("from before the start", owner.authorization(sp, "GET", target, issued=now - 3600000, life=899000 + 3600000), None),
                ("from the future", owner.authorization(sp, "GET", target, issued=now + 600000), "UNAUTHENTICATED"),
                ("good for too long", owner.authorization(sp, "GET", target, life=3600000), "UNAUTHENTICATED"),
                ("another path", owner.authorization(sp, "GET", "/private/secrets"), "BAD_SIGNATURE"),
                ("another query", owner.authorization(sp, "GET", target + "?a=1"), "BAD_SIGNATURE"),
                ("another method", owner.authorization(sp, "PUT", target), "BAD_SIGNATURE"),
                ("another provider", owner.authorization(sp, "GET", target, sp_id=other.id), "BAD_SIGNATURE"),
                ("another host", owner.authorization(sp, "GET", target, host=other.http), "BAD_SIGNATURE"),
                ("a broken signature", owner.authorization(sp, "GET", target)[:-4] + "0000", "BAD_SIGNATURE"),
                ("cut short", owner.authorization(sp, "GET", target)[:-4], "UNAUTHENTICATED"),
                ("another scheme", "Bearer " + "0" * 64, "UNAUTHENTICATED"),
                ("nothing", "Cairn v1", "UNAUTHENTICATED")):
            r = sp.request("GET", target, headers={"Authorization": auth})
            assert r.status in (401, 410) and (want is None or r.name == want), (what, r)
        body = b'{"spec":""}'
        r = owner.request(sp, "POST", "/v1/approval/bucket", body, content=spec.H("cairn.body", b"another body").hex())
        assert r.status == 401 and r.name == "BAD_SIGNATURE", r
        r = sp.request("POST", "/v1/approval/bucket", body)
        assert r.status == 401, r

        # the operator's routes
        for auth in ({}, {"Authorization": "Bearer " + "0" * 64}, {"Authorization": owner.authorization(sp, "GET", "/v1/operator/tasks")}):
            r = sp.request("GET", "/v1/operator/tasks", headers=auth)
            assert r.status == 401, r
        sp.command("hold", "1")
        assert sp.request("GET", "/v1/status").json["holds"] == "1"
        sp.command("release")
        assert sp.request("GET", "/v1/status").json["holds"] == "0"
        # what only providers may send
        r = owner.request(sp, "PUT", "/v1/piece/1/1/0/0", b"x" * 10)
        assert r.status == 403 and r.name == "DENIED", r
        # URIs that are not clean
        for target in ("/private/%00", "/private/%zz", "/private/a%2e%2e?x=1&x=2"):
            assert sp.request("GET", target).status in (400, 401), target


def uploads():
    """Payloads of another size, content, account, place or time than declared; nothing of them is stored for good."""
    with ProviderNet(sps=2) as net:
        sp, other, owner, stranger = net.providers[0], net.providers[1], net.owner, net.stranger
        owner.create_bucket(sp, "photos")
        data = payload(2 * SEGMENT + 100)
        r = owner.upload(sp, "photos", "cat", data)
        assert r.status == 404, r  # not created
        r = owner.upload(sp, "nobuckets", "cat", data)
        assert r.status == 404, r
        owner.create_object(sp, "photos", "cat", data)
        for what, r, status, name in (
                ("a stranger", stranger.upload(sp, "photos", "cat", data), 403, "DENIED"),
                ("unsigned", sp.request("PUT", "/photos/cat", data), 401, "UNAUTHENTICATED"),
                ("too long", owner.upload(sp, "photos", "cat", data + b"x"), 413, "TOO_LARGE"),
                ("too short", owner.upload(sp, "photos", "cat", data[:-1]), 400, "INVALID_ARGUMENT"),
                ("a part inside a segment", owner.upload(sp, "photos", "cat", data[5:], "?offset=5"), 400, "INVALID_ARGUMENT"),
                ("a part behind the end", owner.upload(sp, "photos", "cat", data[:10], f"?offset={16 * SEGMENT}"), 416, "RANGE"),
                ("a part over the end", owner.upload(sp, "photos", "cat", data[:SEGMENT], f"?offset={2 * SEGMENT}"), 413, "TOO_LARGE"),
                ("an upload id that is none", owner.upload(sp, "photos", "cat", data, "?upload_id=xyz"), 400, "INVALID_ARGUMENT"),
                ("an offset that is none", owner.upload(sp, "photos", "cat", data, "?offset=-1"), 400, "INVALID_ARGUMENT"),
                ("another provider", owner.upload(other, "photos", "cat", data), 409, "CONFLICT"),
                ("signed over a digest", owner.upload(sp, "photos", "cat", data, content=spec.H("cairn.body", data).hex()), 400, "INVALID_ARGUMENT"),
                ("without a length", owner.upload(sp, "photos", "cat", data, chunked=True), 411, "LENGTH_REQUIRED")):
            assert r.status == status and r.name == name, (what, r)
            assert r.json["message"] and r.json["request_id"], r
        assert owner.progress(sp, "photos", "cat", 0).json["state"] in ("INIT_UNSPECIFIED", "UPLOAD_OBJECT_DOING")
        assert stranger.progress(sp, "photos", "cat", 0).status == 403
        # the right size, other bytes: nobody can store anything but what the owner signed
        r = owner.upload(sp, "photos", "cat", payload(len(data), 99))
        assert r.status == 502 and r.name == "INTEGRITY", r
        assert owner.progress(sp, "photos", "cat", 0).json["state"] == "UPLOAD_OBJECT_ERROR"
        assert owner.get(sp, "photos", "cat").status == 409  # nothing to read yet
        r = owner.upload(sp, "photos", "cat", data)
        assert r.status == 200, r
        owner.wait_sealed(sp, "photos", "cat")
        assert owner.get(sp, "photos", "cat").body == data
        r = owner.upload(sp, "photos", "cat", data)
        assert r.status == 409 and r.name == "DONE_ALREADY", r
        # a client that goes away in the middle, then goes on
        owner.create_object(sp, "photos", "dog", data)
        auth = owner.authorization(sp, "PUT", "/photos/dog?upload_id=" + "cd" * 16 + "&offset=0")
        host, port = sp.http.split(":")
        with socket.create_connection((host, int(port))) as s:
            s.sendall(f"PUT /photos/dog?upload_id={'cd' * 16}&offset=0 HTTP/1.1\r\nHost: {sp.http}\r\nAuthorization: {auth}\r\n"
                      f"Content-Length: {len(data)}\r\n\r\n".encode() + data[:SEGMENT + 5000])
        wait_for("the first segment", lambda: owner.progress(sp, "photos", "dog", 0).json["received_bytes"] == str(SEGMENT))
        held = owner.progress(sp, "photos", "dog", 0).json
        assert held["received_ranges"] == ["0", str(SEGMENT)] and held["upload_id"] == "cd" * 16, held
        r = owner.upload(sp, "photos", "dog", data[SEGMENT:], f"?upload_id={'cd' * 16}&offset={SEGMENT}")
        assert r.status == 200, r
        owner.wait_sealed(sp, "photos", "dog")
        assert owner.get(sp, "photos", "dog").body == data


def given_up():
    """An object is cancelled while its bytes arrive: those that come after the collection go with the next comparison."""
    with ProviderNet() as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "photos", profile=ec(1, 0, whole=False))
        data = payload(3 * SEGMENT)
        owner.create_object(sp, "photos", "late", data)
        auth = owner.authorization(sp, "PUT", "/photos/late")
        host, port = sp.http.split(":")
        with socket.create_connection((host, int(port))) as s:
            s.sendall(f"PUT /photos/late HTTP/1.1\r\nHost: {sp.http}\r\nAuthorization: {auth}\r\nContent-Length: {len(data)}\r\n\r\n".encode() +
                      data[:SEGMENT + 1])
            wait_for("the first segment", lambda: owner.progress(sp, "photos", "late", 0).json["received_bytes"] == str(SEGMENT))
            owner.tx({"cancel_object": {"creator": owner.text, "bucket_name": "photos", "object_name": "late"}})
            wait_for("its bytes to go", lambda: not sp.piece_files())
            s.sendall(data[SEGMENT + 1:])
            answer = s.recv(4096)
        assert answer.startswith(b"HTTP/1.1 4"), answer
        assert sp.piece_files(), "nothing came after the end: the test shows nothing"
        with open(os.path.join(sp.home, "operator.token")) as f:
            token = {"Authorization": "Bearer " + f.read().strip()}
        r = sp.request("POST", "/v1/operator/gc", b"{}", token)
        assert r.status == 200, r
        assert not sp.piece_files()


def capacity():
    """A provider that has sold all that it offers is not chosen, and others take its place where it was: the ledger would never seal with it."""
    net = ProviderNet(sps=4)
    net.genesis["sps"][3]["capacity"] = "200000"
    for n in net.nodes:
        n.configure(net.genesis, [m for m in net.nodes if m is not n])
    for p in net.providers:
        with open(os.path.join(p.home, "genesis.json"), "w") as f:
            json.dump(net.genesis, f)
    with net:
        net.owner.create_bucket(net.providers[0], "photos", profile=ec(2, 1, whole=False))
        for i in range(6):  # side by side: it offers a column to each, and can keep one of them
            net.owner.create_object(net.providers[0], "photos", f"p{i}", payload(300000, i))
        uploads = [threading.Thread(target=net.owner.upload, args=(net.providers[0], "photos", f"p{i}", payload(300000, i))) for i in range(6)]
        for t in uploads:
            t.start()
        for t in uploads:
            t.join()
        for i in range(6):
            net.owner.wait_sealed(net.providers[0], "photos", f"p{i}", patient=True)
        held = len(net.providers[3].piece_files())
        for i in range(3):  # more than it has left
            net.owner.put(net.providers[0], "photos", f"o{i}", payload(500000, i))
        assert len(net.providers[3].piece_files()) <= held  # nothing more; columns of others may have expired


def policy(who, actions, effect="EFFECT_ALLOW"):
    return [{"effect": effect, "actions": actions}], {"kind": "PRINCIPAL_KIND_ACCOUNT", "account": who.text}


def reads():
    """Who may read, what, under which conditions; pieces, roots, hashes, the whole-piece challenge; metadata."""
    with ProviderNet(sps=1) as net:
        sp, owner, stranger = net.providers[0], net.owner, net.stranger
        owner.create_bucket(sp, "mine")
        data = payload(SEGMENT + 70000)
        record = owner.put(sp, "mine", "a.txt", data)
        at = f"{record['id']}/{record['version']}/0"
        piece = f"/v1/piece/{at}/0"
        for target in ("/mine/a.txt", piece, f"/v1/roots/{at}", f"/v1/groups/{at}/0", f"/v1/challenge/{record['id']}/0/0",
                       "/v1/meta/object/mine/a.txt", "/v1/meta/list/mine"):
            assert sp.request("GET", target).status == 401, target
            assert stranger.request(sp, "GET", target).status == 403, target
            assert owner.request(sp, "GET", target).status == 200, target
        statements, principal = policy(stranger, ["ACTION_GET_OBJECT"])
        resource = {"kind": "RESOURCE_KIND_OBJECT", "bucket_name": "mine", "object_name": "a.txt"}
        owner.tx({"put_policy": {"creator": owner.text, "resource": resource, "principal": principal, "statements": statements,
                                 "mode": "POLICY_MODE_REPLACE"}})
        assert stranger.get(sp, "mine", "a.txt").body == data
        assert stranger.request(sp, "GET", "/v1/meta/list/mine").status == 403
        statements, principal = policy(stranger, ["ACTION_GET_OBJECT"], "EFFECT_DENY")
        owner.tx({"put_policy": {"creator": owner.text, "resource": resource, "principal": principal, "statements": statements,
                                 "mode": "POLICY_MODE_REPLACE"}})
        r = stranger.get(sp, "mine", "a.txt")
        assert r.status == 403 and r.name == "DENIED", r
        # conditions
        etag = owner.get(sp, "mine", "a.txt").headers["etag"]
        assert owner.get(sp, "mine", "a.txt", {"If-None-Match": etag}).status == 304
        assert owner.get(sp, "mine", "a.txt", {"If-None-Match": '"other"'}).status == 200
        assert owner.get(sp, "mine", "a.txt", {"If-Match": etag}).body == data
        assert owner.get(sp, "mine", "a.txt", {"If-Match": '"other"'}).status == 412
        # what is not there
        for target, status in (("/mine/b.txt", 404), ("/mine/", 400), ("/none/b", 404), ("/v1/piece/99/1/0/0", 404), (f"/v1/piece/{at}/7", 404),
                               (f"/v1/piece/{record['id']}/{record['version']}/3/0", 404), (f"/v1/piece/{record['id']}/77/0/0", 404),
                               ("/v1/piece/a/b/c/d", 400), (f"/v1/challenge/{record['id']}/0/9", 404), ("/v1/nothing", 400)):
            r = owner.request(sp, "GET", target)
            assert r.status == status, (target, r)
        # pieces verify by what the ledger says
        roots = owner.request(sp, "GET", f"/v1/roots/{at}").body
        assert spec.list_root([roots[:32], roots[32:]], "cairn.pnode").hex() == record["checksums"][0]
        assert owner.request(sp, "GET", piece).body == data[:SEGMENT] and spec.piece_root(data[:SEGMENT]) == roots[:32]
        r = owner.request(sp, "GET", piece, headers={"Range": "bytes=65530-65545"})
        assert r.status == 206 and r.body == data[65530:65546], r
        assert owner.request(sp, "GET", piece, headers={"Range": f"bytes={SEGMENT}-"}).status == 416
        groups = owner.request(sp, "GET", f"/v1/groups/{at}/1").body
        last = data[SEGMENT:]
        assert len(groups) == 64 and groups[:32] == spec.list_root([spec.H("cairn.leaf", last[i:i + 4096]) for i in range(0, 65536, 4096)])
        body = owner.request(sp, "GET", f"/v1/challenge/{record['id']}/0/1").body
        assert struct.unpack(">I", body[:4]) == (2,) and body[4:68] == roots and body[68:] == last
        # metadata, and what was read, to the owner alone
        assert owner.request(sp, "GET", f"/v1/meta/buckets?owner={owner.text}").json["buckets"][0]["bucket_name"] == "mine"
        assert [o["object_name"] for o in owner.request(sp, "GET", "/v1/meta/list/mine?prefix=a").json["objects"]] == ["a.txt"]
        assert stranger.request(sp, "GET", "/v1/meta/reads/mine").status == 403
        kinds = [x["kind"] for x in owner.request(sp, "GET", "/v1/meta/reads/mine").json["reads"]]
        assert {"get", "piece", "challenge"} <= set(kinds), kinds
        used = owner.request(sp, "GET", "/v1/meta/quota/mine").json
        assert int(used["free_used"]) > 3 * len(data) and used["charged_used"] == "0", used
        assert sp.request("GET", "/metrics").status == 200
        # deleted: not served any more, and the bytes go
        assert sp.piece_files()
        owner.tx({"delete_object": {"creator": owner.text, "bucket_name": "mine", "object_name": "a.txt"}})
        wait_for("the deletion", lambda: owner.get(sp, "mine", "a.txt").status == 404)
        wait_for("the bytes to go", lambda: not sp.piece_files())


def quota():
    """Charged, then free bytes, then a clear no before the first byte."""
    with ProviderNet(sps=1, more=("--free-read-quota", "10000")) as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "pub", public=True, quota=6000)
        data = payload(5000)
        owner.put(sp, "pub", "x", data)
        for _ in range(3):
            assert sp.request("GET", "/pub/x").body == data
        r = sp.request("GET", "/pub/x")
        assert r.status == 429 and r.name == "QUOTA", r
        assert sp.request("GET", "/pub/x", headers={"Range": "bytes=0-99"}).status == 206  # what is left
        assert sp.request("HEAD", "/pub/x").status == 200
        used = owner.request(sp, "GET", "/v1/meta/quota/pub").json
        assert (used["charged_used"], used["free_used"]) == ("6000", "9100"), used
        assert sp.stop() == 0
        sp.start()
        assert sp.request("GET", "/pub/x").status == 429  # a restart gives nothing back


def damage():
    """A damaged and a lost piece: reads go on from the others, nothing wrong is sent, the piece is rebuilt; but not while it is held."""
    with ProviderNet(sps=4) as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "pub", public=True, profile=ec(2, 1))
        data = payload(2 * SEGMENT + 5)
        record = owner.put(sp, "pub", "x", data)
        path = sp.command("piece-path", record["id"], record["version"], "0", "1").stdout.strip()
        good = open(path, "rb").read()
        assert run(CAIRN_SP, "inspect", path).stdout.count("0 damaged") == 1

        def hurt():
            with open(path, "r+b") as f:
                f.seek(4096 + 70000)
                f.write(bytes(100))
        sp.command("hold", record["id"])
        hurt()
        assert run(CAIRN_SP, "inspect", path, ok=False).returncode == 8
        assert sp.request("GET", "/pub/x").body == data  # degraded, from the others
        r = sp.request("GET", f"/v1/piece/{record['id']}/{record['version']}/0/1", headers={"Range": "bytes=65536-131071"})
        assert r.status == 500 and r.name == "CORRUPT", r
        try:
            r = sp.request("GET", f"/v1/challenge/{record['id']}/0/1")
            assert r.status == 500 and r.name == "CORRUPT", r
        except http.client.IncompleteRead:
            pass
        sp.command("scrub", "start")
        assert open(path, "rb").read() != good  # held
        sp.command("release")
        wait_for("the repair", lambda: open(path, "rb").read() == good)
        os.remove(path)
        assert sp.request("GET", "/pub/x").body == data
        wait_for("the lost piece", lambda: os.path.exists(path) and open(path, "rb").read() == good)
        # two of four gone: still read; the primary away: nobody else answers for it, but the others hold enough
        hurt()
        net.providers[2].kill()
        assert sp.request("GET", "/pub/x").body == data
        net.providers[2].start()
        wait_for("the repair", lambda: open(path, "rb").read() == good)
        # both columns of a segment and the whole copy bad at once: an honest error, the connection cut, no wrong byte
        for p in net.providers[1:3]:
            p.kill()
        net.providers[3].kill()
        sp.command("hold", record["id"])
        hurt()
        try:
            got = sp.request("GET", "/pub/x")
            assert got.status >= 500, got
        except Exception as e:  # noqa: BLE001  a body that was cut
            assert "IncompleteRead" in repr(e) or "Remote" in repr(e), e


def crashes():
    """kill -9 of the provider during an upload and after the seal: what was durable goes on, what was sealed is intact."""
    with ProviderNet(sps=4) as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "pub", public=True, profile=ec(2, 1))
        first = payload(SEGMENT, 1)
        owner.put(sp, "pub", "first", first)
        data = payload(6 * SEGMENT + 9, 2)
        owner.create_object(sp, "pub", "x", data)
        upload = "?upload_id=" + "ef" * 16 + "&offset="
        assert owner.upload(sp, "pub", "x", data[:2 * SEGMENT], upload + "0").status == 200
        sp.kill()
        sp.start()
        held = owner.progress(sp, "pub", "x", 0).json
        assert held["received_ranges"] == ["0", str(2 * SEGMENT)], held
        r = owner.upload(sp, "pub", "x", data[2 * SEGMENT:], upload + str(2 * SEGMENT))
        assert r.status == 200, r
        sp.kill()  # between upload and seal, as it falls
        for p in net.providers[1:]:
            p.kill()
        for p in net.providers:
            p.start()
        owner.wait_sealed(sp, "pub", "x", patient=True)
        assert sp.request("GET", "/pub/x").body == data and sp.request("GET", "/pub/first").body == first
        assert sp.rss_kib() < 300 * 1024, sp.rss_kib()


def homes():
    """Configurations, keys and homes that are wrong; two processes on one home; an idle provider is small."""
    with ProviderNet(sps=1) as net:
        sp = net.providers[0]
        second = run(CAIRN_SP, "start", "--home", sp.home, ok=False)
        assert second.returncode == 4 and "lock" in second.stderr, second.stderr
        again = run(CAIRN_SP, "init", "--home", sp.home, "--sp-id", "1", ok=False)
        assert again.returncode == 4, again.stderr
        assert sp.command("check-config").stdout.count("\nok ") >= 6
        assert sp.rss_kib() < 100 * 1024, sp.rss_kib()
        assert sp.stop() == 0
        config = os.path.join(sp.home, "config.yaml")
        text = open(config).read()
        for bad, part in (("nonsense: 1\n", "nonsense"), ("http_listen: \"127.0.0.1:99999\"\n", "port")):
            with open(config, "w") as f:
                f.write("\n".join(x for x in text.splitlines() if not x.startswith(bad.split(":")[0])) + "\n" + bad)
            r = run(CAIRN_SP, "start", "--home", sp.home, ok=False)
            assert r.returncode == 2 and "config.yaml" in r.stderr and part in r.stderr, (r.returncode, r.stderr)
        with open(config, "w") as f:
            f.write(text)
        key = os.path.join(sp.home, "seal.key")
        os.chmod(key, 0o644)
        r = run(CAIRN_SP, "start", "--home", sp.home, ok=False)
        assert r.returncode == 5 and "chmod" in r.stderr, (r.returncode, r.stderr)
        os.chmod(key, 0o600)
        secret = os.path.join(net.dir, "secret")
        with open(secret, "w") as f:
            f.write("not the passphrase\n")
        os.chmod(secret, 0o600)
        r = run(CAIRN_SP, "start", "--home", sp.home, "--passphrase-file", secret, ok=False)
        assert r.returncode == 5, (r.returncode, r.stderr)
        shutil.move(os.path.join(sp.home, "genesis.json"), os.path.join(sp.home, "away"))
        r = run(CAIRN_SP, "start", "--home", sp.home, ok=False)
        assert r.returncode == 3 and "genesis.json" in r.stderr, (r.returncode, r.stderr)
        shutil.move(os.path.join(sp.home, "away"), os.path.join(sp.home, "genesis.json"))
        sp.start()
        assert sp.stop() == 0


def full_disk():
    """The disk of the pieces fills up: uploads are refused with 507, what is stored is served, and with room it goes on."""
    with ProviderNet(sps=1) as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "pub", public=True)
        small = payload(100000)
        owner.put(sp, "pub", "small", small)
        assert sp.stop() == 0
        config = os.path.join(sp.home, "config.yaml")
        text = open(config).read()
        with open(config, "w") as f:
            f.write(text.replace("free_space_min_mib: 256", "free_space_min_mib: 1"))
        script = ('mkdir -p "$0/small" && mount -t tmpfs -o size=24m tmpfs "$0/small" && cp -a "$0/pieces/." "$0/small/" && '
                  'mount --bind "$0/small" "$0/pieces" && exec "$1" start --home "$0"')
        with open(os.path.join(sp.home, "log"), "a") as log:
            sp.process = subprocess.Popen(["unshare", "-rm", "bash", "-c", script, sp.home, CAIRN_SP], stdout=log, stderr=log,
                                          stdin=subprocess.DEVNULL)
        wait_for("the provider", lambda: sp.request("GET", "/v1/health").status == 200)
        big = payload(16 * MIB, 3)
        owner.create_object(sp, "pub", "big", big)
        filler = f"/proc/{sp.process.pid}/root{sp.home}/pieces/filler"
        with open(filler, "wb") as f:
            f.write(bytes(14 * MIB))
        r = owner.upload(sp, "pub", "big", big)
        assert r.status == 507 and r.name == "DISK_FULL", r
        assert sp.request("GET", "/pub/small").body == small
        os.remove(filler)
        r = owner.upload(sp, "pub", "big", big)
        assert r.status == 200, r
        owner.wait_sealed(sp, "pub", "big")
        assert sp.request("GET", "/pub/big").body == big
        assert sp.stop() == 0


if __name__ == "__main__":
    main([sizes, signatures, uploads, given_up, capacity, reads, quota, damage, crashes, homes, full_disk])
