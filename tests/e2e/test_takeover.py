#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A provider leaves, and another one takes over its position: its daemon copies what lies there, or rebuilds it when the leaver is dead, faces
the draws, and then the objects can be read from it. Who only claims to have the bytes is not let in."""
import os

from local_net import LocalNet, main, read, wait_for

GROUP_MEMBERS = 3  # of ec:2+1


class Net(LocalNet):
    """Seven providers, two objects in a group of three of them."""

    def __init__(self):
        super().__init__(validators=1, sps=5)

    def prepare(self):
        self.cairn("payment", "deposit", "10CAIRN")
        self.cairn("bucket", "create", "three", "--profile", "ec:2+1", "--segment-size", "1MiB", "--sp", "1")
        self.files = {name: self.file(name, size) for name, size in (("a", 3000000), ("b", 70000))}
        for name, path in self.files.items():
            self.cairn("object", "put", path, f"cairn://three/{name}")
        self.group = self.cairn("sp", "groups", "1", "--json").json[0]["id"]
        members = self.members()
        assert len(members) == GROUP_MEMBERS
        self.leaver, self.other = members[1], members[2]
        self.new = next(i for i in range(1, self.sps + 1) if i not in members)
        for name, sp in (("leaver", self.leaver), ("new", self.new)):
            self.cairn("key", "import", name, os.path.join(self.dir, f"sp{sp - 1}", "operator.key"))

    def members(self):
        return self.cairn("sp", "group", self.group, "--json").json["members"]

    def kill(self, sp):
        self.testnet("kill", f"sp{sp - 1}")

    def reserve(self):
        self.cairn("sp", "exit", self.leaver, key="leaver")
        self.cairn("sp", "complete-exit", self.leaver, key="leaver", check=4)  # not before it is empty
        self.cairn("sp", "reserve-slot", self.group, "1", "--bond", "2CAIRN", "--deadline", "10m", key="new")

    def taken_over(self):
        wait_for("the successor to be let in", lambda: self.members()[1] == self.new, 180)
        sp = self.cairn("sp", "show", self.new, "--json").json
        assert sp["counters"]["takeovers"] == "1" and int(sp["counters"]["challenges_passed"]) >= 30, sp
        assert sp["reserved_bytes"] == "0" and int(sp["stored_bytes"]) >= 1500000 + 35000, sp

    def reads_without(self, *sps):
        """Every object is whole where these providers are dead."""
        for sp in sps:
            self.kill(sp)
        for name, path in self.files.items():
            out = os.path.join(self.work, name + ".back")
            self.cairn("object", "get", f"cairn://three/{name}", out)
            assert read(out) == read(path), name


def copied_from_who_leaves():
    with Net() as net:
        net.prepare()
        net.reserve()
        net.taken_over()
        wait_for("its exit", lambda: net.cairn("sp", "complete-exit", net.leaver, key="leaver", check=None).code == 0, 120)
        assert net.cairn("sp", "show", net.leaver, "--json").json["status"] == "SP_STATUS_GONE"
        net.reads_without(net.leaver, net.other)


def rebuilt_when_it_is_dead():
    with Net() as net:
        net.prepare()
        net.kill(net.leaver)
        net.reserve()
        net.taken_over()
        net.reads_without(net.other)


if __name__ == "__main__":
    main([copied_from_who_leaves, rebuilt_when_it_is_dead])
