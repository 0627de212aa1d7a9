# SPDX-License-Identifier: Apache-2.0
"""Providers beside validators for end-to-end tests, and a client of theirs by Python's standard library: what it signs, hashes and checks is
written a second time."""
import base64
import http.client
import json
import os
import signal
import subprocess
import time

from cairnd_net import ROOT, Account, HttpError, Network, free_port, run, spec, wait_for

CAIRN_SP = os.environ.get("CAIRN_SP", os.path.join(ROOT, "build", "bin", "cairn-sp"))
SEGMENT = 1 << 20


def content_root(data, segment=SEGMENT):
    return spec.list_root([spec.piece_root(data[i:i + segment]) for i in range(0, len(data), segment)], "cairn.pnode")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def name(self):
        """The name of the error's code."""
        return self.json.get("name") if self.status >= 400 else "OK"

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Provider:
    def __init__(self, net, sp_id, *more):
        self.net, self.id, self.home = net, sp_id, os.path.join(net.dir, f"sp{sp_id}")
        self.name = f"sp{sp_id}"
        self.http, self.p2p = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        urls = [x for n in net.nodes for x in ("--ledger", f"http://{n.http}")]
        self.info = json.loads(run(CAIRN_SP, "init", "--home", self.home, "--sp-id", str(sp_id), "--http", self.http, "--p2p", self.p2p,
                                   *urls, *more).stdout)
        self.process = None

    def start(self, ready=True, prefix=()):
        with open(os.path.join(self.home, "log"), "a") as log:
            self.process = subprocess.Popen([*prefix, CAIRN_SP, "start", "--home", self.home], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        if ready:
            def is_ready():
                assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}: {self.log()[-2000:]}"
                return self.request("GET", "/v1/health").status == 200
            wait_for(self.name + " to be ready", is_ready)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def log(self):
        with open(os.path.join(self.home, "log"), errors="replace") as f:
            return f.read()

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(f.read().split("VmRSS:")[1].split()[0])

    def command(self, *words, ok=True):
        return run(CAIRN_SP, *words, "--home", self.home, ok=ok)

    def request(self, method, target, body=b"", headers=None, chunked=False, timeout=120):
        host, port = self.http.split(":")
        c = http.client.HTTPConnection(host, int(port), timeout=timeout)
        try:
            c.request(method, target, body=iter([body]) if chunked else body or None, headers=headers or {}, encode_chunked=chunked)
            r = c.getresponse()
            return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        except (BrokenPipeError, ConnectionResetError):  # refused before the body was taken
            r = c.getresponse()
            return Answer(r.status, {}, r.read())
        finally:
            c.close()

    def piece_files(self):
        return sorted(os.path.join(d, f) for d, _, names in os.walk(os.path.join(self.home, "pieces")) for f in names)


class Client(Account):
    """An account that signs transactions and requests."""

    def __init__(self, net, seed):
        super().__init__(seed)
        self.net = net
        spec.ADDRESSES[self.text] = self.address

    # --- requests ---
    def authorization(self, sp, method, target, content="UNSIGNED-PAYLOAD", issued=None, life=60000, host=None, sp_id=None, nonce=None):
        path, _, query = target.partition("?")
        issued = issued or int(time.time() * 1000)
        claims = f"{self.pubkey.hex()}.{issued}.{issued + life}.{nonce or os.urandom(16).hex()}"
        text = spec.canonical(method, host or sp.http, path, query, {}, content, sp_id or sp.id, claims)
        sig = spec.sign(self.secret, spec.H("cairn.request", self.net.chain_tag, text))
        return f"Cairn v1.{claims}.{content}..{sig.hex()}"

    def request(self, sp, method, target, body=b"", headers=None, chunked=False, **sign):
        auth = self.authorization(sp, method, target, **sign)
        return sp.request(method, target, body, {"Authorization": auth, **(headers or {})}, chunked)

    # --- transactions ---
    def tx(self, *msgs):
        """Sends messages, given as JSON, and waits for the block. A failure is an HttpError or an AssertionError with the result."""
        node = self.net.nodes[0]
        body = {"signer": self.pubkey.hex(), "sequence": str(max(int(node.account(self)["sequence"]), 1)),
                "valid_until_height": str(node.height() + 100), "fee": "1000000", "msgs": list(msgs)}
        data = spec.encode("TxBody", body)
        sig = spec.sign(self.secret, spec.H("cairn.tx", self.net.chain_tag, data))
        status = node.broadcast(len(data).to_bytes(4, "big") + data + sig)
        assert int(status["result"]["code"]) == 0, status["result"]
        return status

    def approval(self, sp, kind, message, value):
        raw = spec.encode(message, value)
        body = json.dumps({"spec": base64.b64encode(raw).decode()}).encode()
        target = f"/v1/approval/{kind}"
        r = self.request(sp, "POST", target, body, content=spec.H("cairn.body", body).hex())
        assert r.status == 200, r
        return base64.b64encode(raw).decode(), r.json["approval"]

    def deposit(self, pebble=10**11):
        return self.tx({"deposit": {"creator": self.text, "payment_address": self.text, "amount": str(pebble)}})

    def create_bucket(self, sp, name, public=False, profile=None, quota=0):
        value = {"creator": self.text, "bucket_name": name, "primary_sp": sp.id, "read_quota": str(quota),
                 "visibility": "VISIBILITY_PUBLIC_READ" if public else "VISIBILITY_PRIVATE", "profile": profile or replica(1)}
        raw, approval = self.approval(sp, "bucket", "CreateBucketSpec", value)
        return self.tx({"create_bucket": {"creator": self.text, "spec": raw, "approval": approval}})

    def create_object(self, sp, bucket, name, data, segment=SEGMENT, **more):
        value = {"creator": self.text, "bucket_name": bucket, "object_name": name, "payload_size": str(len(data)),
                 "visibility": "VISIBILITY_INHERIT", "content_type": "application/octet-stream",
                 "content_root": content_root(data, segment).hex(), "max_price": str(10**11), **more}
        raw, approval = self.approval(sp, "object", "CreateObjectSpec", value)
        return self.tx({"create_object": {"creator": self.text, "spec": raw, "approval": approval}})

    def upload(self, sp, bucket, name, data, query="", **more):
        return self.request(sp, "PUT", f"/{bucket}/{name}{query}", data, {"Content-Type": "application/octet-stream"}, **more)

    def progress(self, sp, bucket, name, wait_ms=5000):
        return self.request(sp, "GET", f"/{bucket}/{name}?upload&wait_ms={wait_ms}")

    def wait_sealed(self, sp, bucket, name, patient=False):
        """patient: an error that is tried again, with others still starting, is no failure."""
        def sealed():
            r = self.progress(sp, bucket, name)
            assert r.status == 200 and (patient or not r.json["state"].endswith("_ERROR")), r
            return r.json["state"] == "SEAL_OBJECT_DONE" and self.record(bucket, name)["object_status"] == "OBJECT_STATUS_SEALED"
        wait_for(f"the seal of {name}", sealed)

    def put(self, sp, bucket, name, data, **more):
        self.create_object(sp, bucket, name, data, **more)
        if data:
            r = self.upload(sp, bucket, name, data)
            assert r.status == 200, r
        self.wait_sealed(sp, bucket, name) if data else None
        return self.record(bucket, name)

    def record(self, bucket, name):
        return self.net.nodes[0].get(f"/v1/query/storage/object?bucket_name={bucket}&object_name={name}")["record"]

    def get(self, sp, bucket, name, headers=None, method="GET"):
        return self.request(sp, method, f"/{bucket}/{name}", headers=headers)


def replica(n, segment=SEGMENT):
    return {"kind": "PROFILE_KIND_REPLICA", "k": n, "segment_size": str(segment)}


def ec(k, m, whole=True, segment=SEGMENT):
    return {"kind": "PROFILE_KIND_EC", "k": k, "m": m, "whole": whole, "segment_size": str(segment)}


class ProviderNet(Network):
    """`with ProviderNet(sps=2) as net:` one validator, providers that are up, clients with coins: net.owner, net.stranger."""

    def __init__(self, sps=1, validators=1, more=()):
        super().__init__(validators, ["owner", "stranger"])
        self.providers = [Provider(self, i + 1, *more) for i in range(sps)]
        self.genesis["sps"] = [p.info["storage_provider"] for p in self.providers]
        known = {a["address"] for a in self.genesis["accounts"]}
        for address in dict.fromkeys(a for p in self.providers for a in p.info["accounts"]):
            if address not in known:
                self.genesis["accounts"].append({"address": address, "balance": str(10**15)})
        from cairnd_net import bech32_bytes
        self.genesis["accounts"].sort(key=lambda a: bech32_bytes(a["address"]))
        for n in self.nodes:
            n.configure(self.genesis, [m for m in self.nodes if m is not n])
        for p in self.providers:
            with open(os.path.join(p.home, "genesis.json"), "w") as f:
                json.dump(self.genesis, f)

    def __enter__(self):
        try:
            return self.up()
        except BaseException as e:
            self.__exit__(type(e), e, None)
            raise

    def up(self):
        for n in self.nodes:
            n.start(ready=False)
        for n in self.nodes:
            n.wait_ready()
        self.tag = super().chain_tag
        wait_for("the first block", lambda: self.nodes[0].height() >= 2)
        for p in self.providers:
            p.start()
        self.owner, self.stranger = Client(self, "owner"), Client(self, "stranger")
        self.owner.deposit()
        return self

    @property
    def chain_tag(self):
        return self.tag

    def __exit__(self, kind, value, trace):
        for p in self.providers:
            if p.process and p.process.poll() is None:
                p.kill()
            if kind and p.process:
                print(f"--- end of {p.name}'s log\n{p.log()[-3000:]}", flush=True)
        super().__exit__(kind, value, trace)


__all__ = ["Answer", "Client", "HttpError", "Provider", "ProviderNet", "SEGMENT", "content_root", "ec", "replica", "spec", "wait_for"]
