#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cairn-testnet and the demo: nothing is left running, whatever ends them; no process is touched that they did not start."""
import os
import re
import signal
import subprocess
import tempfile

from local_net import ROOT, LocalNet, main, ports, program, run, wait_for


def processes_of(path):
    """Pids of processes with `path` in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read()
        except OSError:
            continue
        if path.encode() in line and int(pid) != os.getpid():
            found.append(int(pid))
    return found


def foreground():
    """`up` in the foreground: Ctrl-C stops everything; so does `down` from another shell."""
    for how in (signal.SIGINT, signal.SIGTERM, "down"):
        with tempfile.TemporaryDirectory(prefix="cairn-e2e-") as tmp:
            net = os.path.join(tmp, "net")
            p = subprocess.Popen([program("cairn-testnet"), "up", "--dir", net, "--sps", "1", "--port-base", str(ports.block())],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            seen = ""
            for line in p.stdout:
                seen += line
                if "Ctrl-C" in line:
                    break
            assert "validator3" in seen and "sp0" in seen, seen
            assert len(processes_of(net)) == 6, processes_of(net)
            r = run("cairn-testnet", "up", "--dir", net, "--detach")
            assert r.code == 4, r  # it is up already
            if how == "down":
                run("cairn-testnet", "down", "--dir", net, check=0)
                wait_for("all to end", lambda: len(processes_of(net)) <= 1)
                p.send_signal(signal.SIGTERM)
            else:
                p.send_signal(how)
            p.wait(60)
            p.stdout.close()
            wait_for("nothing to be left", lambda: not processes_of(tmp))


def break_and_mend():
    """kill, start, status, env, logs, faucet; bad names; a pid that is somebody else's by now."""
    with LocalNet(validators=4, sps=0) as net:
        for args, code in ((["kill", "nobody"], 3), (["start", "nobody"], 3), (["logs", "nobody"], 3), (["fly"], 2), (["kill"], 2),
                           (["faucet", "nobody", "1CAIRN"], 1), (["corrupt", "sp0", "cairn://a/b"], 3)):
            r = net.testnet(*args, check=None)
            assert r.code == code and r.err, r
        assert "CAIRN_NODE=" in net.testnet("env").out
        assert "running" in net.testnet("logs", "validator0").out
        net.testnet("kill", "validator1")
        states = {n["name"]: n["running"] for n in net.nodes()}
        assert states == {"validator0": True, "validator1": False, "validator2": True, "validator3": True}, states
        net.one_app_hash()
        net.testnet("start", "validator1")
        net.one_app_hash()
        # a pid in network.json that is another process by now is left alone
        path = os.path.join(net.dir, "network.json")
        net.testnet("kill", "validator1")
        bystander = subprocess.Popen(["/bin/sleep", "600"])
        try:
            with open(path) as f:
                text = f.read()
            node = [n for n in net.nodes() if n["name"] == "validator0"][0]
            text = text.replace(str(node["pid"]), str(bystander.pid))
            with open(path, "w") as f:
                f.write(text)
            net.testnet("kill", "validator0")
            assert bystander.poll() is None, "a process that is not ours was killed"
        finally:
            bystander.kill()
            bystander.wait()
            os.kill(node["pid"], signal.SIGKILL)  # ours, which network.json does not name any more


def demo():
    with tempfile.TemporaryDirectory(prefix="cairn-e2e-") as tmp:
        where = os.path.join(tmp, "demo")
        p = subprocess.run([os.path.join(ROOT, "testnet", "demo"), "--dir", where, "--port-base", str(ports.block())],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280, check=False)
        last = p.stdout.strip().splitlines()[-1]
        steps = re.fullmatch(r"demo: (\d+) steps passed", last)
        assert p.returncode == 0 and steps and int(steps[1]) >= 20, p.stdout[-4000:]
        assert not processes_of(tmp)
        assert not os.listdir(where), os.listdir(where)


def demo_interrupted():
    with tempfile.TemporaryDirectory(prefix="cairn-e2e-") as tmp:
        where = os.path.join(tmp, "demo")
        p = subprocess.Popen([os.path.join(ROOT, "testnet", "demo"), "--dir", where, "--port-base", str(ports.block()), "--sps", "1"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in p.stdout:
            if "same state" in line:
                break
        assert processes_of(where)
        p.send_signal(signal.SIGINT)
        p.stdout.read()
        assert p.wait(60) != 0
        assert not processes_of(where), processes_of(where)


if __name__ == "__main__":
    main([foreground, break_and_mend, demo_interrupted, demo])
