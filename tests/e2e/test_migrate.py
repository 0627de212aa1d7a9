#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bucket moves to another primary: its objects are read all the while, the new primary proves that it has the bytes, is paid for reading, takes
new objects and serves what the old one had; it does so also when its daemon is killed on the way, and when the old primary is dead."""
import os

from local_net import LocalNet, main, read, wait_for


class Net(LocalNet):
    """Five providers; three objects in a group of three of them, and another bucket's object in the same group."""

    def __init__(self):
        super().__init__(validators=1, sps=5)

    def prepare(self):
        self.cairn("payment", "deposit", "50CAIRN")
        for bucket in ("moves", "stays"):
            self.cairn("bucket", "create", bucket, "--profile", "ec:2+1", "--segment-size", "1MiB", "--sp", "1", "--quota", "100MiB")
        self.files = {name: self.file(name, size) for name, size in (("a", 3000000), ("b", 70000), ("c", 1))}
        for name, path in self.files.items():
            self.cairn("object", "put", path, f"cairn://moves/{name}")
        self.cairn("object", "put", self.files["b"], "cairn://stays/b")
        members = self.where("moves")
        self.new = next(i for i in range(2, self.sps + 1) if i not in members)
        self.cairn("key", "import", "new", os.path.join(self.dir, f"sp{self.new - 1}", "operator.key"))

    def where(self, bucket, name="a"):
        """The providers by position."""
        return [p["sp_id"] for p in self.cairn("object", "where", f"cairn://{bucket}/{name}", "--json").json["positions"]]

    def bucket(self, name="moves"):
        return self.cairn("bucket", "head", name, "--json").json

    def quota(self):
        return self.cairn("query", "read-quota", self.bucket()["id"], "--prove", "--json").json

    def read_all(self):
        for name, path in self.files.items():
            out = os.path.join(self.work, name + ".back")
            self.cairn("object", "get", f"cairn://moves/{name}", out)
            assert read(out) == read(path), name

    def arrived(self):
        def at_new():
            self.read_all()  # all the while
            return self.bucket()["primary_sp"] == self.new
        wait_for("the bucket to be at its new primary", at_new, 240)
        bucket = self.bucket()
        assert bucket["status"] == "BUCKET_STATUS_CREATED", bucket
        assert self.where("moves")[0] == self.new and self.where("stays", "b")[0] == 1
        self.cairn("bucket", "migration", "moves", check=3)

    def serves(self):
        """What was there, and new things."""
        self.read_all()
        new = self.file("new", 200000, seed=7)
        self.cairn("object", "put", new, "cairn://moves/new", timeout=120)
        assert self.where("moves", "new")[0] == self.new
        names = {o["name"] for o in self.cairn("object", "list", "cairn://moves", "--json").json}
        assert names == {"a", "b", "c", "new"}, names


def moves_while_it_is_read():
    with Net() as net:
        net.prepare()
        held = int(net.cairn("sp", "show", "1", "--json").json["stored_bytes"])
        net.cairn("bucket", "migrate", "moves", "1", check=4)  # it is there
        net.cairn("bucket", "migrate", "moves", net.where("moves")[1], check=4)  # that one keeps another position
        net.cairn("bucket", "migrate", "moves", net.new)
        assert net.cairn("bucket", "migration", "moves", "--json").json["to_sp"] == net.new
        net.testnet("kill", f"sp{net.new - 1}")  # -9; what it was doing is on its disk and on the ledger
        net.cairn("object", "put", net.files["b"], "cairn://moves/late", check=4)
        net.read_all()
        net.testnet("start", f"sp{net.new - 1}")
        net.arrived()
        assert "REJECT" not in net.cairn("sp", "migrations", net.new).out
        sp = net.cairn("sp", "show", net.new, "--json").json
        assert sp["counters"]["takeovers"] == "1" and int(sp["counters"]["challenges_passed"]) >= 30, sp
        left = int(net.cairn("sp", "show", "1", "--json").json["stored_bytes"])
        assert held - left == int(sp["stored_bytes"]) >= 1500000 + 35000, (held, left, sp["stored_bytes"])
        quota = net.quota()
        assert quota["records"][0]["record"]["sp_id"] == net.new, quota
        net.serves()
        net.testnet("kill", "sp0")  # the old primary is not needed
        net.read_all()


def recovers_from_a_dead_primary():
    with Net() as net:
        net.prepare()
        net.testnet("kill", "sp0")
        net.cairn("bucket", "migrate", "moves", net.new)
        net.arrived()
        net.serves()


def stays_when_it_is_cancelled_or_rejected():
    with Net() as net:
        net.prepare()
        net.testnet("kill", f"sp{net.new - 1}")  # approvals are given before
        net.testnet("start", f"sp{net.new - 1}")
        net.cairn("bucket", "migrate", "moves", net.new)
        net.cairn("bucket", "migrate-cancel", "moves")
        net.cairn("bucket", "migrate", "moves", net.new)
        net.cairn("sp", "reject-migration", "moves", "no room", key="new")
        bucket = net.bucket()
        assert bucket["primary_sp"] == 1 and bucket["status"] == "BUCKET_STATUS_CREATED", bucket
        net.cairn("sp", "reject-migration", "moves", "no room", key="new", check=3)
        net.read_all()
        net.cairn("object", "put", net.files["b"], "cairn://moves/more")


if __name__ == "__main__":
    main([moves_while_it_is_read, recovers_from_a_dead_primary, stays_when_it_is_cancelled_or_rejected])
