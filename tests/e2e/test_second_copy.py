#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What keeps one key from signing twice: its memory lost, put back to an older state, in two running copies. Each is refused with a sentence
that says how to go on, and going on works."""
import os
import re
import shutil

from cairnd_net import CAIRND, Network, Node, main, run, wait_for

FAST = {"heartbeat_ms": "100", "min_interval_ms": "20"}


def signs(node, who, after):
    """A block above `after` carries the validator's signature."""
    me = who.info["validator"]["address"]
    return any(me in node.signers(h) for h in range(after + 1, node.height()))


def refused(node, status, *words, options=()):
    r = run(CAIRND, "start", "--home", node.home, *options, ok=False)
    assert r.returncode == status, (r.returncode, r.stderr)
    last = r.stderr.splitlines()[-1]
    assert all(w in last for w in words), (words, last)
    return last


def lost_and_old_memory():
    with Network(4) as net:
        net.start()
        good, v = net.nodes[0], net.nodes[3]
        memory, old, newer = v.home + "/data/signer.state", v.home + "/old", v.home + "/newer"
        wait_for("its signature", lambda: signs(good, v, 0))
        assert v.stop() == 0
        shutil.copy(memory, old)
        begin = good.height()
        v.start()
        wait_for("later signatures", lambda: signs(good, v, begin + 2))
        assert v.stop() == 0
        shutil.copy(memory, newer)

        # put back from a backup: the blocks know better
        shutil.copy(old, memory)
        said = refused(v, 4, "another copy of the key", "signer.state is an old one", "--takeover-height")
        named = int(re.search(r"--takeover-height (\d+)", said).group(1))
        assert named > begin, said
        refused(v, 4, "--takeover-height", options=("--takeover-height", str(begin)))
        refused(v, 2, "wants a height", options=("--takeover-height", "0"))

        # lost
        os.remove(memory)
        refused(v, 3, "signer.state is missing", "--takeover-height H", "cairnd init")
        assert not os.path.exists(memory)
        height = good.height() + 5
        v.start(options=("--takeover-height", str(height)))
        wait_for("a signature above that height", lambda: signs(good, v, height))
        me = v.info["validator"]["address"]
        assert not any(me in good.signers(h) for h in range(named + 1, height + 1)), "it signed what it had promised not to"
        assert v.stop() == 0
        v.start(options=("--takeover-height", str(height)))  # left in a unit file: nothing to do any more
        assert v.stop() == 0
        wait_for("the same height", lambda: good.height() > height)


def copy_of(net, v, name):
    """A second home with the same validator key and memory, and a node key of its own."""
    twin = Node(net, name)
    net.others.append(twin)
    twin.configure(net.genesis, net.nodes)
    for part in ("validator.key", "reveal.seed", "data"):
        path, src = os.path.join(twin.home, part), os.path.join(v.home, part)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        shutil.copytree(src, path) if os.path.isdir(src) else shutil.copy(src, path)
    return twin


def a_copy_beside_a_running_one():
    """The second one hears the first before it has signed anything."""
    with Network(4, consensus=FAST) as net:
        net.start()
        good, v = net.nodes[0], net.nodes[3]
        wait_for("its signature", lambda: signs(good, v, 0))
        assert v.stop() == 0
        twin = copy_of(net, v, "twin")
        v.start()
        begin = good.height()
        wait_for("later signatures", lambda: signs(good, v, begin + 1))
        twin.start(ready=False)
        wait_for("the copy to stop", lambda: twin.process.poll() is not None)
        assert twin.process.returncode == 4 and "another copy of the key runs" in twin.log(), twin.log()[-2000:]
        begin = good.height()
        wait_for("more signatures of the first", lambda: signs(good, v, begin))
        assert "contradicting" not in "".join(n.log() for n in net.nodes), "it signed twice"


def two_copies_at_once():
    """They may have signed twice before they hear of each other; they do not go on."""
    with Network(4, consensus=FAST) as net:
        net.start()
        good, v = net.nodes[0], net.nodes[3]
        wait_for("its signature", lambda: signs(good, v, 0))
        assert v.stop() == 0
        pair = [v, copy_of(net, v, "twin")]
        for n in pair:
            n.start(ready=False)
        wait_for("one of the two to stop", lambda: [n for n in pair if n.process.poll() is not None])
        for n in pair:
            if n.process.poll() is not None:
                assert n.process.returncode == 4 and "another copy of the key runs" in n.log(), n.log()[-2000:]
        begin = good.height()
        wait_for("more blocks", lambda: good.height() > begin + 5)


if __name__ == "__main__":
    main([lost_and_old_memory, a_copy_beside_a_running_one, two_copies_at_once])
