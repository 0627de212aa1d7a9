# SPDX-License-Identifier: Apache-2.0
"""A network of cairnd processes for end-to-end tests, and a client of its own: everything by Python's standard library, so that what it
signs and checks is written a second time."""
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "vectors"), os.path.join(ROOT, "tests", "lib")]
import check as spec  # noqa: E402  hashes, keys, signatures, bech32
import ports  # noqa: E402  for the tests that import this, too
from ports import free_port  # noqa: E402

CAIRND = os.environ.get("CAIRND", os.path.join(ROOT, "build", "bin", "cairnd"))
WAIT = float(os.environ.get("CAIRN_TEST_WAIT", "60"))


# --- encoding ---------------------------------------------------------------------------------------------------------------
def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    return varint(number << 3 | 2) + varint(len(value)) + value if value else b""


class Account:
    def __init__(self, seed):
        self.secret = spec.H("cairn.reveal", seed.encode())
        self.pubkey = spec.pubkey(self.secret)
        self.address = spec.H("cairn.addr", self.pubkey)[:20]
        self.text = spec.bech32(self.address)

    def send(self, chain_tag, to, amount, sequence, valid_until, fee=10000, memo=""):
        """A signed MsgSend: (tx_id, wire bytes)."""
        msg = field(1, self.address) + field(2, to.address) + field(3, amount)
        body = (field(1, self.pubkey) + field(2, sequence) + field(3, valid_until) + field(4, fee) +
                field(6, memo.encode()) + field(7, field(1, msg)))
        tx_id = spec.H("cairn.tx", chain_tag, body)
        return tx_id, len(body).to_bytes(4, "big") + body + spec.sign(self.secret, tx_id)


# --- waiting ----------------------------------------------------------------------------------------------------------------
def wait_for(what, condition, seconds=None):
    """Polls until the condition is true; its last value is returned. An OSError or a refusal counts as not yet."""
    end = time.monotonic() + (seconds or WAIT)
    while True:
        try:
            value = condition()
        except (OSError, HttpError):
            value = None
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited too long for " + what)
        time.sleep(0.02)  # poll


class HttpError(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status = status
        try:
            self.body = json.loads(body)
        except ValueError:
            self.body = {}

    @property
    def code(self):
        return self.body.get("code") if isinstance(self.body.get("code"), str) else self.body.get("name")


# --- nodes ------------------------------------------------------------------------------------------------------------------
class Node:
    def __init__(self, net, name, *more, host="127.0.0.1", prefix=(), program=CAIRND, env=None):
        """prefix: a command line that the program is started under; program and env: another build of cairnd, and what it is told."""
        self.net, self.name, self.home = net, name, os.path.join(net.dir, name)
        self.prefix, self.program, self.env = prefix, program, env or {}
        self.p2p, self.http = f"{host}:{free_port()}", f"{host}:{free_port()}"
        self.info = json.loads(run(CAIRND, "init", "--home", self.home, "--moniker", name, "--p2p", self.p2p, "--http",
                                   self.http, *more).stdout)
        self.process = None

    def configure(self, genesis, peers):
        with open(os.path.join(self.home, "genesis.json"), "w") as f:
            json.dump(genesis, f)
        path = os.path.join(self.home, "config.yaml")
        with open(path) as f:
            text = f.read().replace("peers: []\n", "")
        if not peers:
            return
        text += "peers:\n" + "".join(f"  - node_id: {n.info['node_id']}\n    address: {n.p2p}\n" for n in peers)
        with open(path, "w") as f:
            f.write(text)

    def start(self, prefix=(), ready=True, env=None, options=()):
        log = open(os.path.join(self.home, "log"), "a")
        self.process = subprocess.Popen([*self.prefix, *prefix, self.program, "start", "--home", self.home, *options], stderr=log, stdout=log,
                                        stdin=subprocess.DEVNULL, env=dict(os.environ, **self.env, **(env or {})))
        log.close()
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.log()[-2000:]}")
            return self.get("/v1/health")
        wait_for(self.name + " to be ready", ready)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT)

    def log(self):
        with open(os.path.join(self.home, "log"), errors="backslashreplace") as f:
            return f.read()

    def request(self, method, path, body=None, timeout=70):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        req = urllib.request.Request(f"http://{self.http}{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(req, timeout=timeout) as answer:
                return answer.read()
        except urllib.error.HTTPError as e:
            raise HttpError(e.code, e.read().decode(errors="replace")) from None

    def get(self, path):
        return json.loads(self.request("GET", path))

    def broadcast(self, wire, wait="committed", **more):
        return json.loads(self.request("POST", "/v1/tx", {"tx": base64.b64encode(wire).decode(), "wait": wait, **more}))

    def height(self):
        return int(self.get("/v1/status")["height"])

    def account(self, who):
        return self.get(f"/v1/query/auth/account?address={who.text}")["record"]

    def app_hash(self, height):
        """After `height`: what the next header carries."""
        return self.get(f"/v1/block/{height + 1}")["header"]["app_hash"]

    def signers(self, height):
        """The addresses of those whose signatures decided the block."""
        bits = bytes.fromhex(self.get(f"/v1/block/{height}")["certificate"]["signers"])
        rows = self.get(f"/v1/validators?height={height}")["set"]["validators"]
        return {spec.bech32(spec.address(bytes.fromhex(v["pubkey"]))) for i, v in enumerate(rows) if bits[i // 8] >> i % 8 & 1}

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(f.read().split("VmRSS:")[1].split()[0])


def run(*args, ok=True):
    r = subprocess.run(args, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=WAIT)
    if ok and r.returncode:
        raise AssertionError(f"{' '.join(args)} ended with {r.returncode}: {r.stderr}")
    return r


class Network:
    """Validators with accounts that have coins. `with Network(4) as net:` stops and removes everything."""

    def __init__(self, validators, accounts=(), base=None, nodes=(), consensus=None, links=None):
        """nodes: how each validator differs (arguments of Node); the rest do not. consensus: parameters that do.
        links: pairs of numbers, who is linked to whom; default: all to all."""
        self.tmp = tempfile.TemporaryDirectory(prefix="cairn-e2e-", dir=base)
        self.dir = self.tmp.name
        self.accounts = [Account(a) for a in accounts]
        self.nodes = [Node(self, f"v{i}", **(nodes[i] if i < len(nodes) else {})) for i in range(validators)]
        self.others = []
        self.genesis = json.loads(run(CAIRND, "genesis", "--chain-id", "e2e", "--development").stdout)
        self.genesis["params"]["consensus"].update(consensus or {})
        self.genesis["validators"] = sorted((n.info["validator"] for n in self.nodes), key=lambda v: bech32_bytes(v["address"]))
        rich = [a.text for a in self.accounts] + [t for n in self.nodes for t in n.info["accounts"]]
        self.genesis["accounts"] = [{"address": a, "balance": str(10**12)} for a in sorted(rich, key=bech32_bytes)]
        for i, n in enumerate(self.nodes):
            n.configure(self.genesis, [m for j, m in enumerate(self.nodes) if j != i and (links is None or (i, j) in links or (j, i) in links)])

    def full_node(self, name="full"):
        n = Node(self, name, "--full-node")
        n.configure(self.genesis, self.nodes)
        self.others.append(n)
        return n

    def start(self):
        for n in self.nodes:
            n.start(ready=False)
        for n in self.nodes:
            n.wait_ready()
        return self

    @property
    def chain_tag(self):
        return bytes.fromhex(self.nodes[0].get("/v1/status")["chain_tag"])

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for n in self.nodes + self.others:
            if n.process and n.process.poll() is None:
                n.kill()
            if kind and n.process:
                print(f"--- end of {n.name}'s log\n{n.log()[-3000:]}", flush=True)
        self.tmp.cleanup()


def bech32_bytes(text):
    words = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(c) for c in text.split("1")[1][:-6]]
    bits = "".join(f"{w:05b}" for w in words)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8))


def main(tests):
    """Runs the functions, prints ok / not ok; the exit status says whether all passed. Arguments pick tests by name."""
    import traceback
    failed = 0
    for t in tests:
        if len(sys.argv) > 1 and not any(a in t.__name__ for a in sys.argv[1:]):
            continue
        start = time.monotonic()
        try:
            t()
            print(f"ok {t.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f"not ok {t.__name__}", flush=True)
    sys.exit(1 if failed else 0)
