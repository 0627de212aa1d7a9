#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody else's verifier: checks a proof file of Cairn (docs/formats.md) with nothing but Python's standard library and the page.

    verify.py FILE.json --chain-tag HEX | --trust HEIGHT:ID    [--at MS]

--chain-tag: H(cairn.genesis, genesis) of the network that you trust; the file then begins at its genesis. --trust: height and id of a
header that you trust. --at: as if it were this time, ms since 1970. Prints one line of JSON a record, {"key", "present", "value",
"height", "time"}, and exits 0; or says why the file is refused and exits 1. The record is as it was after block `height`; what lies
under which key: docs/state-keys.md, and how the value is encoded: proto/cairn/.
"""
import argparse
import base64
import hashlib
import json
import sys
import time

TRUST_PERIOD_MS = 14 * 24 * 3600 * 1000
DRIFT_MS = 10 * 1000
ZERO = bytes(32)


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def H(domain, *parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32, person=domain.encode()).digest()


# --- secp256k1 ------------------------------------------------------------------------------------------------------------
P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def mul(k, point):
    out = None
    for digit in bin(k)[2:]:
        out = add(out, out)
        if digit == "1":
            out = add(out, point)
    return out


def signature_ok(key, digest, signature):
    x, r, s = (int.from_bytes(b, "big") for b in (key[1:], signature[:32], signature[32:]))
    y = pow(x**3 + 7, (P + 1) // 4, P)
    if key[0] not in (2, 3) or x >= P or (y * y - x**3 - 7) % P or not (0 < r < N and 0 < s <= N // 2):
        return False
    w = pow(s, -1, N)
    at = add(mul(int.from_bytes(digest, "big") * w % N, G), mul(r * w % N, (x, y if y % 2 == key[0] % 2 else P - y)))
    return at is not None and at[0] % N == r


# --- protobuf: the one encoding -------------------------------------------------------------------------------------------
def varint(data, at):
    value = shift = 0
    while True:
        need(at < len(data) and shift < 70, "a number in an encoding is cut off or too long")
        byte, at = data[at], at + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            need((byte or shift == 7) and value < 2**64, "a number in an encoding is not the shortest, or too large")
            return value, at


def fields(data):
    """(number, value) of a message: an int, or bytes; in ascending order of numbers."""
    out, at, before = [], 0, 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        need(tag & 7 in (0, 2) and tag >> 3 >= before > -1, "an encoding has a field of another kind, or out of order")
        before = tag >> 3
        if tag & 7 == 2:
            need(value <= len(data) - at, "an encoding is cut off")
            value, at = data[at:at + value], at + value
        out.append((before, value))
    return out


HEADER = {1: "version", 2: "chain_tag", 3: "height", 4: "time", 5: "previous_id", 6: "last_certificate_hash", 7: "txs_root",
          8: "txs_count", 9: "validators_hash", 10: "next_validators_hash", 11: "params_hash", 12: "app_hash", 13: "results_hash",
          14: "proposer", 15: "reveal"}
NUMBERS = {"version", "height", "time", "txs_count"}


def read_header(encoded):
    header = {name: 0 if name in NUMBERS else b"" for name in HEADER.values()}
    before = 0
    for number, value in fields(encoded):
        need(number in HEADER and number > before and value, "a header has an unknown field, one twice, or a default written out")
        need(isinstance(value, int) == (HEADER[number] in NUMBERS), "a header's field is of another kind")
        header[HEADER[number]], before = value, number
    for name, value in header.items():
        size = 20 if name == "proposer" else 0 if name == "previous_id" and header["height"] == 1 else 32
        need(name in NUMBERS or len(value) == size, f"a header's {name} has another size")
    need(header["version"] == 1 and header["height"] >= 1, "a header is of another version or height 0")
    header["id"] = H("cairn.header", encoded)
    return header


def read_genesis(encoded):
    """Its time and its set: all of it is bound by the chain tag."""
    found = fields(encoded)
    rows = [dict(fields(value)) for number, value in found if number == 6]
    return dict(found).get(3, 0), check_set([(row[2], row[4]) for row in rows], ordered=False)


# --- validator sets, certificates -----------------------------------------------------------------------------------------
def address(key):
    return H("cairn.addr", key)[:20]


def check_set(rows, ordered=True):
    """[(public key, power)] in ascending order of address."""
    sorted_rows = sorted(rows, key=lambda row: address(row[0]))
    need(1 <= len(rows) <= 128 and len({address(key) for key, _ in rows}) == len(rows), "a validator set is empty, too large, or has one twice")
    need(all(len(key) == 33 and power >= 1 for key, power in rows) and sum(power for _, power in rows) <= 2**60, "a validator's key or power")
    need(not ordered or sorted_rows == rows, "a validator set is not in the order of addresses")
    return sorted_rows


def set_hash(rows):
    return H("cairn.valset", len(rows).to_bytes(4, "big"), *(key + power.to_bytes(8, "big") for key, power in rows))


def power_of(rows):
    return sum(power for _, power in rows)


def read_block(signed, chain_tag):
    """A SignedHeader that hangs together: header, set, who signed, signatures not yet checked."""
    need(set(signed) <= {"header", "certificate", "validators", "next_validators"}, "a header came with something unknown")
    header = read_header(base64.b64decode(signed["header"], validate=True))
    need(header["chain_tag"] == chain_tag, "a header is of another chain")
    rows = check_set([(bytes.fromhex(v["pubkey"]), int(v["power"])) for v in signed["validators"]["validators"]])
    need(set_hash(rows) == header["validators_hash"], "a header came with another validator set than it names")
    cert = signed["certificate"]
    need(set(cert) == {"type", "height", "round", "value_id", "signers", "signatures"}, "a certificate has something unknown or lacks something")
    need((cert["type"], int(cert["height"]), bytes.fromhex(cert["value_id"])) == (2, header["height"], header["id"]),
         "a certificate does not decide the header beside it")
    bitmap, signatures = bytes.fromhex(cert["signers"]), [bytes.fromhex(s) for s in cert["signatures"]]
    need(len(bitmap) == (len(rows) + 7) // 8, "a certificate's bitmap has another size than its set")
    signers = [i for i in range(8 * len(bitmap)) if bitmap[i // 8] >> i % 8 & 1]
    need(len(signers) == len(signatures) and signers and signers[-1] < len(rows) and all(len(s) == 64 for s in signatures),
         "a certificate has not one signature for each signer")
    return {"header": header, "rows": rows, "signers": signers, "signatures": signatures, "round": int(cert["round"])}


def check_commit(block, chain_tag):
    header, rows = block["header"], block["rows"]
    power = power_of([rows[i] for i in block["signers"]])
    need(3 * power > 2 * power_of(rows), f"header {header['height']}: not more than two thirds of its set signed it")
    layout = b"\2" + header["height"].to_bytes(8, "big") + block["round"].to_bytes(4, "big") + header["id"]
    digest = H("cairn.vote", chain_tag, layout)
    for i, signature in zip(block["signers"], block["signatures"]):
        need(signature_ok(rows[i][0], digest, signature), f"header {header['height']}: the signature of validator {i} does not verify")


# --- from what is trusted to the last header ------------------------------------------------------------------------------
def believe(trust, block, now):
    """The trust that `block` is, when it can be believed on the ground of `trust`."""
    header, rows = block["header"], block["rows"]
    need(now < trust["time"] + TRUST_PERIOD_MS, "what is trusted is older than the trust period")
    need(header["time"] <= now + DRIFT_MS, f"header {header['height']} lies in the future")
    need(header["height"] > trust["height"] and header["time"] > trust["time"], f"header {header['height']} is not later than the trusted one")
    adjacent = header["height"] == trust["height"] + 1
    if adjacent:
        need(header["validators_hash"] == trust["next"], f"header {header['height']} is of another set than the header before announced")
        need(trust["height"] == 0 or header["previous_id"] == trust["id"], f"header {header['height']} does not follow the trusted one")
    else:
        known = dict(trust["rows"])
        overlap = sum(known.get(rows[i][0], 0) for i in block["signers"])
        need(3 * overlap > power_of(trust["rows"]), f"header {header['height']}: not more than a third of the trusted set signed it")
    check_commit(block, trust["chain_tag"])
    return trust_of(block, trust["chain_tag"])


def trust_of(block, chain_tag):
    header = block["header"]
    return {"chain_tag": chain_tag, "height": header["height"], "time": header["time"], "id": header["id"], "rows": block["rows"],
            "next": header["next_validators_hash"], "app_hash": header["app_hash"]}


def follow(file, chain_tag, named, now):
    blocks = [read_block(signed, chain_tag) for signed in file["headers"]]
    heights = [b["header"]["height"] for b in blocks]
    need(1 <= len(blocks) <= 257 and all(a < b for a, b in zip(heights, heights[1:])), "there are no headers, too many, or they do not ascend")
    if named:
        found = [b for b in blocks if (b["header"]["height"], b["header"]["id"]) == named]
        need(found, "the file has not the header that is trusted")
        check_commit(found[0], chain_tag)
        trust = trust_of(found[0], chain_tag)
    else:
        start, rows = read_genesis(base64.b64decode(file["genesis"], validate=True))
        trust = {"chain_tag": chain_tag, "height": 0, "time": start, "id": ZERO, "rows": rows, "next": set_hash(rows)}
    for block in blocks:
        if block["header"]["height"] > trust["height"]:
            trust = believe(trust, block, now)
    return trust


# --- records --------------------------------------------------------------------------------------------------------------
def bit(data, i):
    return data[i // 8] >> 7 - i % 8 & 1


def check_proof(proof, app_hash):
    """The record, when the proof leads to the app hash; None when it shows that there is none."""
    key, value = bytes.fromhex(proof["key"]), base64.b64decode(proof["value"], validate=True)
    depth, mask = proof["depth"], bytes.fromhex(proof["sibling_mask"])
    siblings, other = [bytes.fromhex(s) for s in proof["siblings"]], [bytes.fromhex(proof[f"other_{k}_hash"]) for k in ("key", "value")]
    need(0 <= depth <= 256 and len(mask) == (depth + 7) // 8 and not any(bit(mask, i) for i in range(depth, 8 * len(mask))), "a proof's mask")
    need(sum(bit(mask, i) for i in range(depth)) == len(siblings) and all(len(s) == 32 and s != ZERO for s in siblings), "a proof's siblings")
    path = H("cairn.state", key)
    if proof["present"]:
        need(other == [b"", b""], "a proof shows another leaf beside a record")
        node = H("cairn.sleaf", path, H("cairn.value", value))
    elif other == [b"", b""]:
        need(not value, "a proof has a value for nothing")
        node = ZERO
    else:
        need(not value and all(len(h) == 32 for h in other) and other[0] != path, "a proof's other leaf")
        need(all(bit(other[0], i) == bit(path, i) for i in range(depth)), "a proof's other leaf does not lie on the key's path")
        node = H("cairn.sleaf", *other)
    for i in range(depth - 1, -1, -1):
        sibling = siblings.pop() if bit(mask, i) else ZERO
        node = H("cairn.snode", sibling, node) if bit(path, i) else H("cairn.snode", node, sibling)
    need(node == app_hash, "a proof does not lead to the app hash")
    return value if proof["present"] else None


def verify(file, now, chain_tag=None, named=None):
    """What the file shows: a list of records. Raises Refused. chain_tag: bytes; named: (height, id); one of them."""
    try:
        need(set(file) <= {"version", "chain_id", "chain_tag", "genesis", "headers", "proofs"}, "the file has something unknown")
        need(file["version"] == 1, "the file is of another version")
        tag = bytes.fromhex(file["chain_tag"])
        genesis = base64.b64decode(file.get("genesis", ""), validate=True)
        need(not genesis or H("cairn.genesis", genesis) == tag, "the genesis in the file does not hash to its chain tag")
        need(named or (genesis and tag == chain_tag), "the file is of another chain, or does not begin at its genesis: name a header of it")
        need(1 <= len(file["proofs"]) <= 64, "the file proves nothing, or too much")
        end = follow(file, tag, named, now)
        out = []
        for proof in file["proofs"]:
            need(int(proof["height"]) + 1 == end["height"], "a proof is of another height than the last header")
            value = check_proof(proof, end["app_hash"])
            out.append({"key": proof["key"], "present": value is not None, "value": (value or b"").hex(), "height": end["height"] - 1,
                        "time": end["time"]})
        return out
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as e:
        raise Refused(f"the file is malformed: {e!r}") from e


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("file")
    p.add_argument("--chain-tag", type=bytes.fromhex)
    p.add_argument("--trust", type=lambda text: (int(text.split(":")[0]), bytes.fromhex(text.split(":")[1])), metavar="HEIGHT:ID")
    p.add_argument("--at", type=int, default=int(time.time() * 1000), metavar="MS")
    args = p.parse_args()
    if not args.chain_tag and not args.trust:
        p.error("say what you trust: --chain-tag or --trust")
    try:
        with open(args.file, encoding="utf-8") as f:
            file = json.load(f)
        for record in verify(file, args.at, args.chain_tag, args.trust):
            print(json.dumps(record))
    except (Refused, OSError, ValueError) as e:
        print(f"{args.file}: refused: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
