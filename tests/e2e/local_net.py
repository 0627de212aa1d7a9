# SPDX-License-Identifier: Apache-2.0
"""A whole local network by cairn-testnet, and the CLI as a user runs it; everything by Python's standard library."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

from cairnd_net import ROOT, WAIT, main, ports, wait_for  # noqa: F401  for the tests that import this

BIN = os.environ.get("CAIRN_BIN", os.path.join(ROOT, "build", "bin"))


class Result:
    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """The JSON error of a command that ran with --json."""
        return json.loads(self.err.strip().splitlines()[-1])

    def __repr__(self):
        return f"{' '.join(self.args)} -> {self.code}\n{self.out[-2000:]}\n{self.err[-2000:]}"


def program(name):
    return os.path.join(BIN, name)


def run(name, *args, check=None, env=None, stdin=b"", timeout=300):
    """Runs a program to its end. check: the exit code that it must have (None: any)."""
    p = subprocess.run([program(name), *[str(a) for a in args]], input=stdin, capture_output=True, timeout=timeout,
                       env=dict(os.environ, **(env or {})), check=False)
    r = Result([name, *[str(a) for a in args]], p.returncode, p.stdout.decode(errors="replace"),
               p.stderr.decode(errors="replace"))
    r.bytes = p.stdout
    assert check is None or r.code == check, f"exit {r.code}, not {check}: {r}"
    return r


class LocalNet:
    """with LocalNet(validators=4, sps=7) as net: net.cairn("status")"""

    def __init__(self, validators=4, sps=7, time_scale=1):
        self.tmp = tempfile.TemporaryDirectory(prefix="cairn-e2e-")
        self.dir = os.path.join(self.tmp.name, "net")
        self.validators, self.sps, self.time_scale = validators, sps, time_scale
        self.work = os.path.join(self.tmp.name, "work")
        os.mkdir(self.work)
        self.up = False

    def testnet(self, *args, check=0, timeout=180):
        return run("cairn-testnet", *args, "--dir", self.dir, check=check, timeout=timeout)

    def __enter__(self):
        try:
            self.up = True
            self.testnet("up", "--validators", self.validators, "--sps", self.sps, "--port-base", ports.block(),
                         "--time-scale", self.time_scale, "--detach")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        self.home = os.path.join(self.dir, "client")
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            for n in sorted(os.listdir(self.dir)) if os.path.isdir(self.dir) else []:
                log = os.path.join(self.dir, n, "log")
                if os.path.exists(log):
                    with open(log, errors="replace") as f:
                        print(f"--- end of {n}'s log\n{f.read()[-2500:]}", flush=True)
        if self.up and os.path.exists(os.path.join(self.dir, "network.json")):
            run("cairn-testnet", "down", "--dir", self.dir, timeout=120)
        self.tmp.cleanup()

    # --- the client ---
    def env(self):
        nodes = [n for n in self.nodes() if n["kind"] == "validator"]
        return {"CAIRN_HOME": self.home, "CAIRN_NODE": ",".join(f"http://127.0.0.1:{n['http_port']}" for n in nodes),
                "CAIRN_KEYRING": "test", "CAIRN_FROM": "owner"}

    def cairn(self, *args, key="owner", check=0, stdin=b"", timeout=300, env=None):
        if not hasattr(self, "_env"):
            self._env = self.env()
        return run("cairn", *args, check=check, stdin=stdin, timeout=timeout,
                   env=dict(self._env, CAIRN_FROM=key, **(env or {})))

    def add_key(self, name, coins="1000CAIRN"):
        """A key with coins; its address."""
        address = self.cairn("key", "add", name, "--json").json["address"]
        if coins:
            self.testnet("faucet", address, coins)
        return address

    # --- the nodes ---
    def status(self):
        return self.testnet("status", "--json").json

    def nodes(self):
        return self.status()["nodes"]

    def one_app_hash(self):
        """Waits until all running validators have passed one height with one header."""
        import urllib.request
        nodes = [n for n in self.nodes() if n["kind"] == "validator" and n["running"]]
        height = max(int(n["status"]["height"]) for n in nodes) + 1

        def header(n):
            with urllib.request.urlopen(f"http://127.0.0.1:{n['http_port']}/v1/header/{height}", timeout=5) as r:
                return json.load(r)["header"]
        seen = {wait_for(f"{n['name']} at {height}", lambda n=n: header(n)) for n in nodes}
        assert len(seen) == 1, f"{len(seen)} different headers at {height}"
        return height

    def file(self, name, size, seed=1):
        """A file of pseudo-random bytes; its path."""
        path = os.path.join(self.work, name)
        rng = random.Random(seed)
        with open(path, "wb") as f:
            left = size
            while left:
                n = min(left, 1 << 20)
                f.write(rng.randbytes(n))
                left -= n
        return path


def read(path):
    with open(path, "rb") as f:
        return f.read()
