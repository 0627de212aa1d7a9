#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether nodes hold the same: digests, diff-state over homes, exports and running nodes; a network that starts again from an export."""
import glob
import json
import os
import shutil

from cairnd_net import CAIRND, Network, main, run, wait_for


def pay(net, node, sequence, amount=100):
    alice, bob = net.accounts
    _, wire = alice.send(net.chain_tag, bob, amount, sequence, node.height() + 100)
    return node.broadcast(wire)


def url(node):
    return f"http://{node.http}"


def export(node, path, *more):
    with open(path, "w") as f:
        f.write(run(CAIRND, "export", "--home", node.home, *more).stdout)
    return path


def export_import_and_go_on():
    with Network(2, ["alice", "bob"]) as net:
        net.start()
        one, two = net.nodes
        for i in range(5):
            pay(net, net.nodes[i % 2], i + 1)
        height = one.height()
        wait_for("the other", lambda: two.height() > height and one.height() > height)
        digests = [json.loads(run(CAIRND, "digest", "--url", url(n), "--height", str(height)).stdout) for n in net.nodes]
        assert digests[0] == digests[1] and digests[0]["app_hash"] == one.app_hash(height), digests
        assert {"auth", "validator", "params"} <= {m["module"] for m in digests[0]["modules"]}
        assert "equal after height" in run(CAIRND, "diff-state", url(one), url(two)).stdout
        r = run(CAIRND, "diff-state", one.home, url(two), ok=False)
        assert r.returncode == 4 and "its node runs; give its URL instead" in r.stderr, r

        assert one.stop() == 0 and two.stop() == 0
        told = ("--height", str(height))
        assert "equal after height" in run(CAIRND, "diff-state", one.home, two.home, *told).stdout
        assert json.loads(run(CAIRND, "digest", "--home", one.home, *told).stdout)["modules"] == digests[0]["modules"]

        file = export(one, os.path.join(net.dir, "export.json"))
        head = json.loads(open(file).readline() + "]}")
        assert "equal after height " + head["height"] in run(CAIRND, "diff-state", file, one.home).stdout
        for n in net.nodes:  # all that they knew is gone but the export, the keys and the signer's memory
            shutil.rmtree(os.path.join(n.home, "data", "db"))
            for wal in glob.glob(os.path.join(n.home, "data", "wal.*")):
                os.remove(wal)
            got = json.loads(run(CAIRND, "import", "--home", n.home, "--from", file).stdout)
            assert got == {"height": head["height"], "app_hash": head["root"]}, got
        again = run(CAIRND, "import", "--home", one.home, "--from", file, ok=False)
        assert again.returncode == 4 and "already" in again.stderr, again
        net.start()
        pay(net, one, 6)
        assert int(two.account(net.accounts[1])["balance"]) == 10**12 + 600
        height = max(n.height() for n in net.nodes) + 1
        wait_for("both", lambda: all(n.height() > height for n in net.nodes))
        assert one.app_hash(height) == two.app_hash(height)


def damaged_exports_are_refused():
    with Network(1, ["alice", "bob"]) as net:
        net.start()
        node = net.nodes[0]
        pay(net, node, 1)
        assert node.stop() == 0
        lines = open(export(node, os.path.join(net.dir, "export.json"))).read().splitlines(keepends=True)
        fresh = net.full_node("fresh")
        entry = len(lines) // 2
        flipped = lines[entry].replace('"value":"', '"value":"00', 1)
        cases = [(lines[:entry] + lines[entry + 1:], 8, "records"), (lines[:entry] + [flipped] + lines[entry + 1:], 8, "changed"),
                 (lines[:entry], 1, "ends before"), (lines[:entry] + ["{}\n"] + lines[entry:], 1, f"line {entry + 1}"),
                 ([lines[0].replace("cairn-export-1", "other")] + lines[1:], 1, "version"),
                 ([lines[0].replace(json.loads(lines[0] + "]}")["root"], "0" * 64)] + lines[1:], 8, "root"), ([], 1, "ends before")]
        for text, status, why in cases:
            path = os.path.join(net.dir, "bad.json")
            with open(path, "w") as f:
                f.write("".join(text))
            r = run(CAIRND, "import", "--home", fresh.home, "--from", path, ok=False)
            assert r.returncode == status and why in r.stderr, (r.returncode, r.stderr, why)
        with open(path, "w") as f:
            f.write("".join(lines))
        run(CAIRND, "import", "--home", fresh.home, "--from", path)
        run(CAIRND, "check", "--home", fresh.home)


def differing_keys_are_named():
    with Network(1, ["alice", "bob"]) as net, Network(1, ["alice", "bob"]) as other:
        node, peer = net.nodes[0].start(), other.nodes[0].start()
        height = int(pay(net, node, 1)["height"])
        wait_for("blocks behind it", lambda: node.height() > height and peer.height() > height)
        assert node.stop() == 0
        r = run(CAIRND, "diff-state", node.home, url(peer), "--height", str(height), "--max", "100", ok=False)
        assert r.returncode == 8 and f"keys differ after height {height}" in r.stderr, r
        at = r.stdout.splitlines()

        def shown(words):
            i = at.index(words)
            return [None if line[5:] == "absent" else json.loads(line[5:]) for line in at[i + 1:i + 3]]
        bob = shown(f"auth: account {net.accounts[1].text}")
        assert [b["balance"] for b in bob] == [str(10**12 + 100), str(10**12)], bob
        chain = shown("app: chain")
        assert chain[0]["chain_tag"] != chain[1]["chain_tag"], chain
        mine = shown(f"auth: account {node.info['accounts'][0]}")
        assert mine[0] and not mine[1], mine
        r = run(CAIRND, "diff-state", node.home, url(peer), "--height", str(height), "--max", "1", ok=False)
        assert r.returncode == 8 and "more than 1 keys differ" in r.stderr, r
        file = export(node, os.path.join(net.dir, "a.json"), "--state-only")
        assert "equal" in run(CAIRND, "diff-state", file, node.home).stdout
        assert peer.stop() == 0
        os.rename(os.path.join(peer.home, "data", "db"), os.path.join(peer.home, "data", "old"))
        r = run(CAIRND, "import", "--home", peer.home, "--from", file, ok=False)
        assert r.returncode == 3 and "--state-only" in r.stderr, r


if __name__ == "__main__":
    main([export_import_and_go_on, damaged_exports_are_refused, differing_keys_are_named])
