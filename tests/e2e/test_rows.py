#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows of docs/rows.md that need real processes: one network, whose ledger time passes seven times as fast as time."""
import os
import shutil
import signal
import subprocess
import time

from local_net import LocalNet, main, ports, program, run, wait_for

SCALE = 7  # as fast as the deadlines of a development network allow
net = None


def state(uri):
    return net.cairn("object", "state", uri, "--json").json


def poss_d1_27__states_by_the_clock():
    """Deal while the term runs, Pending-End before its end and in the grace, End after; nobody does anything meanwhile."""
    net.cairn("bucket", "create", "photos", "--profile", "replica:3", "--sp", "1")
    net.cairn("object", "put", net.file("in", 100_000), "cairn://photos/a", "--term", "150s")
    seen = [state("cairn://photos/a")]
    assert seen[0]["code"] == 2, seen

    def next_state():
        now = state("cairn://photos/a")
        return now if now["code"] != seen[-1]["code"] else None
    while seen[-1]["code"] != 4:
        seen.append(wait_for("the next state", next_state))
    assert [s["code"] for s in seen] == [2, 3, 4], seen
    assert [s["state"] for s in seen] == ["deal", "pending-end", "end"], seen


def cess_8_1__space_is_bought_before_it_is_used():
    """A fresh account without anything paid in: the put fails; with a territory it passes, and what is left of it falls."""
    address = net.add_key("carol")
    path = net.file("carols", 100_000)
    net.cairn("bucket", "create", "carols", "--profile", "replica:1", "--sp", "1", key="carol")
    r = net.cairn("object", "put", path, "cairn://carols/a", key="carol", check=None)
    assert r.code in (3, 6), r
    territory = net.cairn("territory", "mint", "attic", "1GiB", "30d", "--json", key="carol").json["territory"]
    assert int(net.cairn("territory", "use", territory, "--json").json["used"]) == 0
    purse = net.cairn("territory", "show", territory, "--json").json["payment_address"]
    net.cairn("bucket", "update", "carols", "--payment", purse, key="carol")
    net.cairn("object", "put", path, "cairn://carols/a", key="carol")
    assert int(net.cairn("territory", "use", territory, "--json").json["used"]) > 0
    assert net.cairn("bucket", "head", "carols", "--json").json["owner"] == address


def cess_8_136__a_provider_answers_before_it_is_registered():
    """The endpoint is asked before the transaction: a private one is refused unless allowed, then somebody must be there, and the right one."""
    home, base = os.path.join(net.work, "new-sp"), ports.block()
    ledger = net.env()["CAIRN_NODE"].split(",")[0]
    made = run("cairn-sp", "init", "--home", home, "--sp-id", net.sps + 1, "--moniker", "late", "--http", f"127.0.0.1:{base}", "--p2p",
               f"127.0.0.1:{base + 1}", "--ledger", ledger, check=0)
    record, keys = os.path.join(net.work, "sp.json"), os.path.join(net.work, "keys.json")
    with open(record, "w") as f:
        f.write(made.out)
    for account in made.json["accounts"]:
        net.testnet("faucet", account, "50000CAIRN")
    shutil.copy(os.path.join(net.dir, "sp0", "genesis.json"), home)
    with open(keys, "w") as f:
        f.write(run("cairn-sp", "possession", "--home", home, check=0).out)
    net.cairn("key", "import", "late", os.path.join(home, "operator.key"))
    register = ("sp", "register", record, "--keys", keys)
    net.cairn(*register, key="late", check=5)                     # 127.0.0.1
    net.cairn(*register, "--allow-private", key="late", check=7)  # nobody is there
    log = open(os.path.join(home, "log"), "w")
    provider = subprocess.Popen([program("cairn-sp"), "start", "--home", home], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for("the provider to answer",
                 lambda: net.cairn(*register, "--allow-private", key="late", check=None).code == 0)
        assert net.cairn("sp", "show", net.sps + 1, "--json").json["description"]["moniker"] == "late"
        # and it is asked again when it says that it is elsewhere
        other = f"http://127.0.0.1:{ports.block()}"
        net.cairn("sp", "edit", net.sps + 1, "--endpoint", other, "--allow-private", key="late", check=7)
        net.cairn("sp", "edit", 1, "--endpoint", f"http://127.0.0.1:{base}", "--allow-private", key="late", check=4)
    finally:
        provider.send_signal(signal.SIGTERM)
        provider.wait(60)
        log.close()


def rows():
    """All of them on one network."""
    global net
    with LocalNet(validators=1, sps=3, time_scale=SCALE) as net:
        net.cairn("payment", "deposit", "1000CAIRN")
        for test in (poss_d1_27__states_by_the_clock, cess_8_1__space_is_bought_before_it_is_used,
                     cess_8_136__a_provider_answers_before_it_is_registered):
            start = time.monotonic()
            test()
            print(f"ok {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    main([rows])
