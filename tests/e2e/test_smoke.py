#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job in short, for runs with sanitizers: every program starts, stores, serves, is challenged, mends, stops; no report in any log."""
import glob
import os
import re

from local_net import LocalNet, main, read, wait_for

REPORT = re.compile(r"ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion|LeakSanitizer")


def smoke():
    with LocalNet(validators=4, sps=4) as net:
        net.cairn("payment", "deposit", "100CAIRN")
        net.cairn("bucket", "create", "photos", "--profile", "ec:2+1+w", "--segment-size", "1MiB")
        path = net.file("in", 5_000_001)
        net.cairn("object", "put", path, "cairn://photos/a")
        net.cairn("object", "put", net.file("empty", 0), "cairn://photos/empty")
        net.cairn("object", "get", "cairn://photos/a", net.work + "/back")
        assert read(net.work + "/back") == read(path)
        assert net.cairn("object", "cat", "cairn://photos/a", "--range", "1048570-1048580").bytes == read(path)[1048570:1048581]
        net.cairn("object", "verify", "cairn://photos/a")
        net.add_key("stranger")
        net.cairn("object", "cat", "cairn://photos/a", key="stranger", check=5)
        net.cairn("group", "create", "friends", "--add", "stranger:1h")
        net.cairn("policy", "put", "cairn://photos", "--group", "friends", "--actions", "get")
        wait_for("the policy", lambda: net.cairn("object", "cat", "cairn://photos/a", key="stranger", check=None).code == 0)
        sp = net.cairn("object", "where", "cairn://photos/a", "--json").json["positions"][0]["sp_id"]
        net.cairn("challenge", "submit", "cairn://photos/a", "--sp", sp, "--segment", "0", "--wait", "closed")
        net.testnet("corrupt", f"sp{sp - 1}", "cairn://photos/a", "--hold")
        net.cairn("object", "get", "cairn://photos/a", net.work + "/back")
        assert read(net.work + "/back") == read(path)
        net.testnet("mend", f"sp{sp - 1}")
        wait_for("the repair", lambda: net.cairn("object", "verify", "cairn://photos/a", check=None).code == 0)
        net.testnet("kill", "validator3")
        net.testnet("start", "validator3")
        net.cairn("object", "delete", "cairn://photos/a")
        net.one_app_hash()
        net.testnet("down")  # a clean stop: leaks are reported now
        for log in glob.glob(os.path.join(net.dir, "*", "log")):
            with open(log, errors="replace") as f:
                text = f.read()
            found = REPORT.search(text)
            assert not found, f"{log}: {text[max(0, found.start() - 200):found.start() + 4000]}"


if __name__ == "__main__":
    main([smoke])
