#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Storing in one step: the client codes an object itself, leaves its pieces with the providers, and one transaction creates and seals it. Nothing is
on the ledger before the bytes are safe; what is never stored goes by itself; a gateway may do it in an owner's name under a grant."""
import base64
import json
import os
import subprocess

from local_net import LocalNet, main, program, read, run, wait_for
from provider_net import SEGMENT, HttpError, ProviderNet, content_root, replica, spec

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


class Stage:
    """What a client says to a provider to leave one position with it, by hand."""

    def __init__(self, net, who, name, data, version=0, upload=None, keep_ms=60000):
        self.net, self.who, self.sp, self.data = net, who, net.providers[0], data
        self.upload, self.keep_ms = upload or os.urandom(16).hex(), keep_ms
        self.bucket_id = net.nodes[0].get("/v1/query/storage/bucket?bucket_name=straight")["record"]["id"]
        self.ask = {"payload_size": str(len(data)), "profile": replica(1), "max_price": str(10**11), "nonce": self.upload, "bucket_name": "straight",
                    "object_name": name, "creator": who.text, "version": str(version), "bucket_id": self.bucket_id}
        self.offer = None

    def post(self, target, body, headers=None, who=None):
        raw = json.dumps(body).encode() if body is not None else b""
        return (who or self.who).request(self.sp, "POST", target, raw, headers, content=spec.H("cairn.body", raw).hex())

    def approve(self, who=None):
        r = self.post("/v1/stage", self.ask, who=who)
        if r.status == 200:
            self.offer = r.json
        return r

    def ticket(self, **other):
        now = int(self.net.nodes[0].get("/v1/status")["ledger_time"])
        value = {"approval": self.offer, "bucket_id": self.bucket_id, "object_name": self.ask["object_name"], "creator": self.who.text,
                 "version": self.ask["version"], "upload_id": self.upload, "payload_size": self.ask["payload_size"], "profile": replica(1),
                 "position": 0, "price": str(self.price()), "valid_until": str(now + self.keep_ms), "bucket_name": "straight", **other}
        return {"X-Cairn-Ticket": spec.encode("PieceTicket", value).hex()}

    def price(self):
        return int(self.net.nodes[0].get("/v1/query/sp/sp?id=1")["record"]["store_price"])

    def put(self, segment, data, who=None, **other):
        return (who or self.who).request(self.sp, "PUT", f"/v1/stage/{self.upload}/0/{segment}", data, self.ticket(**other))

    def receipt(self, **other):
        return self.post(f"/v1/stage/{self.upload}/0/receipt", None, self.ticket(**other))

    def whole(self):
        r = self.approve()
        assert r.status == 200, r
        for i in range(0, len(self.data), SEGMENT):
            r = self.put(i // SEGMENT, self.data[i:i + SEGMENT])
            assert r.status == 200, r
        r = self.receipt()
        assert r.status == 200, r
        return r.json

    def store(self, receipt, name=None, **other):
        value = {"creator": self.who.text, "bucket_name": "straight", "object_name": name or self.ask["object_name"],
                 "payload_size": str(len(self.data)), "visibility": "VISIBILITY_INHERIT", "content_type": "application/octet-stream",
                 "content_root": content_root(self.data).hex(), "max_price": str(10**11), "expected_version": self.ask["version"]}
        raw = base64.b64encode(spec.encode("CreateObjectSpec", value)).decode()
        group = self.net.nodes[0].get("/v1/query/sp/groups?sp_id=1&primary=true")["record"]["groups"][0]["id"]
        return self.who.tx({"store_object": {"creator": self.who.text, "spec": raw, "group_id": group, "upload_id": self.upload,
                                             "receipts": [receipt], **other}})


def refused(call, *words):
    try:
        r = call()
    except (AssertionError, HttpError) as e:
        assert all(w in str(e) for w in words), (words, e)
        return
    assert r.status >= 400 and all(w in r.body.decode() for w in words), (words, r)


def by_hand():
    """Receipts and tickets are good for what they were given for, and nothing else; what is stored is the provider's to answer for."""
    with ProviderNet(sps=1) as net:
        sp, owner = net.providers[0], net.owner
        owner.create_bucket(sp, "straight", public=True)
        data = os.urandom(SEGMENT + 5)
        s = Stage(net, owner, "a", data)
        r = s.post("/v1/placement", {"question": s.ask})
        assert r.status == 200 and r.json["members"] == [1], r
        refused(lambda: s.approve(net.stranger), "granted")
        assert s.approve().status == 200
        # another's ticket, another name, size, version or position than was approved; another path; a wrong root
        refused(lambda: s.put(0, data[:SEGMENT], net.stranger), "granted")
        for other in ({"object_name": "b"}, {"payload_size": str(len(data) - 1)}, {"version": "7"}, {"bucket_id": "99"}):
            refused(lambda o=other: s.put(0, data[:SEGMENT], **o), "DENIED")
        refused(lambda: s.put(0, data[:SEGMENT], valid_until="1"), "EXPIRED")
        refused(lambda: owner.request(sp, "PUT", f"/v1/stage/{'00' * 16}/0/0", data[:SEGMENT], s.ticket()), "DENIED")
        refused(lambda: owner.request(sp, "PUT", f"/v1/stage/{s.upload}/0/0", data[:SEGMENT], {**s.ticket(), "X-Cairn-Root": "00" * 32}), "INTEGRITY")
        refused(lambda: s.put(2, data[:5]), "segment")
        refused(s.receipt, "nothing of that position is here")  # what was refused takes no place
        assert s.put(1, data[SEGMENT:]).status == 200
        refused(s.receipt, "1 of 2 pieces are missing")
        receipt = s.whole()
        # into another object, version or upload
        refused(lambda: s.store(receipt, name="b"), "329")
        refused(lambda: s.store(receipt, upload_id="11" * 16), "329")
        refused(lambda: Stage(net, owner, "a", data[:-1]).store(receipt), "329")
        assert not [o for o in net.nodes[0].get("/v1/query/storage/objects?bucket_name=straight")["record"].get("objects", [])]
        s.store(receipt)
        wait_for("what was staged", lambda: sp.request("GET", "/straight/a").body == data)
        refused(lambda: s.store(receipt), "already has an object")
        owner.tx({"delete_object": {"creator": owner.text, "bucket_name": "straight", "object_name": "a"}})
        refused(lambda: s.store(receipt), "has been sealed already")  # an upload is good once
        # killed in the middle: what was acknowledged is there, and the stage goes on
        t = Stage(net, owner, "later", data)
        assert t.approve().status == 200 and t.put(0, data[:SEGMENT]).status == 200
        sp.kill()
        sp.start()
        assert t.put(1, data[SEGMENT:]).status == 200
        receipt = t.receipt().json
        sp.kill()  # stored while it is away
        t.store(receipt)
        sp.start()
        wait_for("what was staged before", lambda: sp.request("GET", "/straight/later").body == data)


if __name__ == "__main__":
    main([in_one_step, what_goes_wrong, in_an_owners_name, by_hand])
