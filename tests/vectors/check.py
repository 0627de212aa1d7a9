#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cairn's hashes, keys, trees, layouts, names and signed structures, written a second time from the specification with nothing but the
standard library: what somebody else's client needs. Computes every vector anew and compares it with the *.json beside this file
(tests/unit/vectors does the same in C).

    tests/vectors/check.py            compare; ends with "N passed, N failed, 0 skipped"
    tests/vectors/check.py --write    write the files anew, after a format was added (a format that is in use never changes)
"""
import base64
import hashlib
import hmac
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


# --- hashes ---------------------------------------------------------------------------------------------------------------
def H(domain, *parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32, person=domain.encode()).digest()


def u8(v):
    return v.to_bytes(1, "big")


def u16(v):
    return v.to_bytes(2, "big")


def u32(v):
    return v.to_bytes(4, "big")


def u64(v):
    return v.to_bytes(8, "big")


def pattern(n):
    """n bytes to hash: byte i is (31 i + floor(i / 256)) mod 256."""
    return bytes((31 * i + (i >> 8)) & 255 for i in range(n))


# --- secp256k1, RFC 6979, low s -------------------------------------------------------------------------------------------
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
    for bit in bin(k)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, point)
    return out


def pubkey(secret):
    x, y = mul(int.from_bytes(secret, "big"), G)
    return bytes([2 + y % 2]) + x.to_bytes(32, "big")


def sign(secret, digest):
    k, v = bytes(32), b"\1" * 32
    for sep in b"\0", b"\1":
        k = hmac.digest(k, v + sep + secret + digest, "sha256")
        v = hmac.digest(k, v, "sha256")
    while True:
        v = hmac.digest(k, v, "sha256")
        nonce = int.from_bytes(v, "big")
        if 0 < nonce < N:
            break
        k = hmac.digest(k, v + b"\0", "sha256")
        v = hmac.digest(k, v, "sha256")
    r = mul(nonce, G)[0] % N
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * int.from_bytes(secret, "big")) % N
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def verify(key, digest, sig):
    x, r, s = int.from_bytes(key[1:], "big"), int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
    y = pow(x**3 + 7, (P + 1) // 4, P)
    point = (x, y if y % 2 == key[0] % 2 else P - y)
    if not (0 < r < N and 0 < s <= N // 2):
        return False
    w = pow(s, -1, N)
    at = add(mul(int.from_bytes(digest, "big") * w % N, G), mul(r * w % N, point))
    return at is not None and at[0] % N == r


def bech32(data, hrp="cairn"):
    bits = "".join(f"{b:08b}" for b in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    check = 1
    for w in [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp] + words + [0] * 6:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ w
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= g if top >> i & 1 else 0
    words += [(check ^ 1) >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[w] for w in words)


def address(key):
    return H("cairn.addr", key)[:20]


# --- the list tree and what stands on it ----------------------------------------------------------------------------------
def list_root(leaves, node="cairn.node"):
    if not leaves:
        return H("cairn.empty")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return H(node, list_root(leaves[:split], node), list_root(leaves[split:], node))


def list_path(leaves, index, node="cairn.node"):
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return list_path(leaves[:split], index, node) + [list_root(leaves[split:], node)]
    return list_path(leaves[split:], index - split, node) + [list_root(leaves[:split], node)]


def piece_root(data):
    leaves = [H("cairn.leaf", data[i:i + 4096]) for i in range(0, len(data), 4096)]
    return H("cairn.piece", u64(len(data)), list_root(leaves))


# --- the state tree -------------------------------------------------------------------------------------------------------
def bit(h, depth):
    return h[depth // 8] >> 7 - depth % 8 & 1


def state_root(pairs, depth=0):
    """pairs: (key hash, value hash)."""
    if not pairs:
        return bytes(32)
    if len(pairs) == 1:
        return H("cairn.sleaf", *pairs[0])
    return H("cairn.snode", *(state_root([p for p in pairs if bit(p[0], depth) == b], depth + 1) for b in (0, 1)))


def state_proof(pairs, key):
    """The fields of message StateProof below height, key and value."""
    key_hash, siblings, depth = H("cairn.state", key), [], 0
    while len(pairs) > 1:
        side = bit(key_hash, depth)
        siblings.append(state_root([p for p in pairs if bit(p[0], depth) != side], depth + 1))
        pairs = [p for p in pairs if bit(p[0], depth) == side]
        depth += 1
    mask = "".join("0" if s == bytes(32) else "1" for s in siblings)
    mask += "0" * (-depth % 8)
    present = bool(pairs) and pairs[0][0] == key_hash
    other = pairs[0] if pairs and not present else (b"", b"")
    return {"present": present, "depth": depth, "sibling_mask": bytes(int(mask[i:i + 8], 2) for i in range(0, len(mask), 8)).hex(),
            "siblings": [s.hex() for s in siblings if s != bytes(32)],
            "other_key_hash": other[0].hex(), "other_value_hash": other[1].hex()}


# --- protobuf, from the .proto files themselves ---------------------------------------------------------------------------
HINTS = {}
for fields, hint in (("creator to owner account payment_address proposer fee_payer group_owner operator funding address payer payee", "address"),
                     ("pubkey signer seal_key approval_key gc_key node_key", "hex"),
                     ("approval statement ask receipt spec header metadata data block voucher", "base64")):
    HINTS.update(dict.fromkeys(fields.split(), hint))


def load_protos():
    messages, enums = {}, {}
    for name in sorted(os.listdir(f"{ROOT}/proto/cairn")):
        text = re.sub(r"//.*", "", open(f"{ROOT}/proto/cairn/{name}", encoding="utf-8").read())
        for kind, what, body in re.findall(r"\b(message|enum)\s+(\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}", text):
            if kind == "enum":
                enums[what] = {n: int(v) for n, v in re.findall(r"(\w+)\s*=\s*(\d+)\s*;", body)}
            else:
                messages[what] = [(int(num), bool(rep), typ, field) for rep, typ, field, num in
                                  re.findall(r"(repeated\s+)?(\w+)\s+(\w+)\s*=\s*(\d+)\s*;", body)]
    return messages, enums


MESSAGES, ENUMS = load_protos()


def varint(v):
    out = b""
    while True:
        out += bytes([v & 127 | (128 if v > 127 else 0)])
        v >>= 7
        if not v:
            return out


def unhint(field, text):
    hint = HINTS.get(field, "hex")
    if hint == "base64":
        return base64.b64decode(text)
    return ADDRESSES[text] if hint == "address" and text else bytes.fromhex(text)


def encode(message, value):
    """A message, given as its JSON, in the one encoding: fields ascending, defaults left out, numbers of lists packed."""
    out = b""
    for number, repeated, kind, field in sorted(MESSAGES[message]):
        if field not in value:
            continue
        items = value[field] if repeated else [value[field]]
        scalar = kind in ("uint32", "uint64", "int32", "bool") or kind in ENUMS
        plain = []
        for item in items:
            if scalar:
                plain.append(varint(int(ENUMS[kind][item] if kind in ENUMS else item) & 2**64 - 1))
            elif kind == "string":
                plain.append(item.encode())
            elif kind == "bytes":
                plain.append(unhint(field, item))
            else:
                plain.append(encode(kind, item))
        if scalar and repeated:
            plain = [b"".join(plain)] if plain else []
        for item in plain:
            if scalar and not repeated:
                out += b"" if item == b"\0" else varint(number << 3) + item
            elif item or repeated or kind in MESSAGES:
                out += varint(number << 3 | 2) + varint(len(item)) + item
    return out


# --- layouts and names ----------------------------------------------------------------------------------------------------
def parse_profile(text, segment=0):
    m = re.fullmatch(r"ec:([1-9]\d{0,2})\+(0|[1-9]\d{0,2})(\+w)?", text)
    if m:
        k, par, whole = int(m[1]), int(m[2]), bool(m[3])
        if k > 32 or k + par + whole > 64:
            return None
        return {"ec": True, "k": k, "positions": k + par + whole, "whole": whole,
                "segment": segment or (32 if (k, par, whole) == (4, 8, False) else 16) << 20}
    m = re.fullmatch(r"(?:keyed-)?replica:([1-9]\d{0,2})", text)
    if not m or int(m[1]) > 64:
        return None
    return {"ec": False, "k": int(m[1]), "positions": int(m[1]), "whole": False, "segment": segment or 16 << 20}


def pieces(profile, size, position):
    """Lengths of the pieces that a position keeps."""
    lens = [min(profile["segment"], size - at) for at in range(0, size, profile["segment"])]
    whole = not profile["ec"] or profile["whole"] and position == 0
    return lens if whole else [-(-n // profile["k"]) for n in lens]


def bucket_ok(name):
    label = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    return bool(3 <= len(name) <= 63 and re.fullmatch(rf"{label}(?:\.{label})*", name)
                and not re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", name)
                and not re.match(r"xn--|sthree-|amzn-s3-demo-", name)
                and not re.search(r"(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)\Z", name))


def object_ok(name):
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        return False
    parts = name.split("/")
    return bool(1 <= len(raw) <= 1024 and not re.search(r"[\0-\x1f\x7f]", name) and "" not in parts[:-1] and name != "/"
                and not any(p in (".", "..") for p in parts))


def group_ok(name):
    return bool(1 <= len(name.encode()) <= 63 and not re.search(r"[\0-\x1f\x7f/]", name) and name.strip(" ") == name)


# --- the files ------------------------------------------------------------------------------------------------------------
SECRETS = [H("cairn.test", u8(i)) for i in range(4)]
KEYS = [pubkey(s) for s in SECRETS]
ADDRESSES = {bech32(address(k)): address(k) for k in KEYS}
TEXTS = list(ADDRESSES)
TAG = H("cairn.genesis", b"vectors")


def domains():
    table = re.findall(r'X\((\w+),[\s\\]*"([^"]+)"', open(f"{ROOT}/chain/crypto/domain.h", encoding="utf-8").read())
    assert len({p for _, p in table}) == len(table) > 40
    return [{"domain": p, "of_nothing": H(p).hex(), "of_abc": H(p, b"abc").hex()} for _, p in table]


def keys():
    out = []
    for i, secret in enumerate(SECRETS):
        digests = [H("cairn.tx", u8(i), u8(j)) for j in range(4)]
        sigs = [sign(secret, d) for d in digests]
        assert all(verify(KEYS[i], d, s) for d, s in zip(digests, sigs))
        owner = address(KEYS[i])
        out.append({"secret": secret.hex(), "pubkey": KEYS[i].hex(), "address": owner.hex(), "bech32": TEXTS[i],
                    "payment_accounts": [H("cairn.payaddr", owner, u32(j))[:20].hex() for j in range(2)],
                    "signatures": [{"digest": d.hex(), "signature": s.hex()} for d, s in zip(digests, sigs)]})
    modules = [{"module": m, "address": H("cairn.module", m.encode())[:20].hex()} for m in ("payment", "sp", "challenge")]
    return {"keys": out, "modules": modules}


def trees():
    lists = []
    for n in list(range(10)) + [16, 17, 33]:
        leaves = [H("cairn.leaf", u32(i)) for i in range(n)]
        lists.append({"count": n, "root": list_root(leaves).hex(),
                      "paths": [[h.hex() for h in list_path(leaves, i)] for i in range(n)] if n < 10 else []})
    sizes = [0, 1, 4095, 4096, 4097, 8192, 16 * 4096, 16 * 4096 + 1, 65 * 4096 + 7]
    roots = [{"length": n, "root": piece_root(pattern(n)).hex()} for n in sizes]
    sums = [{"pieces": sizes[:n], "checksum": list_root([piece_root(pattern(s)) for s in sizes[:n]], "cairn.pnode").hex()}
            for n in range(len(sizes) + 1)]
    contents = [{"size": n, "content_root": h.hex(), "content_id": H("cairn.content", u64(n), h).hex()}
                for n, h in ((0, H("cairn.empty")), (5, piece_root(b"hello")))]
    return {"about": "leaf i of a list is H(cairn.leaf, u32be i); byte i of a piece is (31 i + floor(i / 256)) mod 256",
            "lists": lists, "pieces": roots, "checksums": sums, "contents": contents}


def state_tree():
    out = []
    for n in (0, 1, 2, 3, 10):
        records = [(f"key{i}".encode(), f"value{i}".encode()) for i in range(n)]
        pairs = [(H("cairn.state", k), H("cairn.value", v)) for k, v in records]
        proofs = []
        for key in [k for k, _ in records] + [b"absent0", b"absent1", b"absent2"]:
            proofs.append(dict({"height": "7", "key": key.hex(), "value": base64.b64encode(dict(records).get(key, b"")).decode()},
                               **state_proof(pairs, key)))
        out.append({"records": [{"key": k.hex(), "value": v.hex()} for k, v in records], "root": state_root(pairs).hex(),
                    "proofs": proofs})
    return out


def snapshot_chunk(records, prefix, bits):
    """The chunk under a prefix (a number of so many bits) of all records (key, value)."""
    pairs = {H("cairn.state", k): (k, v) for k, v in records}
    here, depth, siblings = sorted(pairs), 0, []
    while depth < bits and len(here) > 1:
        side = prefix >> bits - 1 - depth & 1
        siblings.append(state_root([(h, H("cairn.value", pairs[h][1])) for h in here if bit(h, depth) != side], depth + 1))
        here = [h for h in here if bit(h, depth) == side]
        depth += 1
    inside = [h for h in here if int.from_bytes(h, "big") >> 256 - bits == prefix]
    mask = "".join("0" if s == bytes(32) else "1" for s in siblings)
    out = b"\1" + depth.to_bytes(2, "big") + bytes(int((mask + "0" * 8)[i:i + 8], 2) for i in range(0, len(mask), 8))
    out += b"".join(s for s in siblings if s != bytes(32))
    if here and not inside:
        out += b"\1" + here[0] + H("cairn.value", pairs[here[0]][1])
    else:
        out += b"\0"
    out += len(inside).to_bytes(4, "big")
    for h in inside:
        out += b"".join(len(x).to_bytes(n, "big") + x for x, n in zip(pairs[h], (2, 4)))
    return out


def snapshots():
    """With every list of prefix lengths that is one; the first, [0], is what Cairn makes of so small a state."""
    out = []
    for n in (0, 1, 2, 10):
        records = [(f"key{i}".encode(), f"value{i}".encode()) for i in range(n)]
        root = state_root([(H("cairn.state", k), H("cairn.value", v)) for k, v in records])
        made = []
        for cover in ([0], [1, 1], [2, 2, 1], [1, 2, 3, 3], [3] * 8):
            chunks, at = [], 0
            for bits in cover:
                chunks.append(snapshot_chunk(records, at >> 8 - bits, bits))
                at += 1 << 8 - bits
            manifest = b"\1" + (7).to_bytes(8, "big") + root + len(cover).to_bytes(4, "big")
            manifest += b"".join(bytes([b]) + len(c).to_bytes(4, "big") + H("cairn.chunk", c) for b, c in zip(cover, chunks))
            made.append({"bits": cover, "manifest": manifest.hex(), "id": H("cairn.manifest", manifest).hex(),
                         "chunks": [c.hex() for c in chunks]})
        out.append({"records": [{"key": k.hex(), "value": v.hex()} for k, v in records], "height": "7", "root": root.hex(), "snapshots": made})
    return out


def layouts():
    out = []
    for text, segment in (("ec:4+2+w", 0), ("ec:4+2", 0), ("ec:4+8", 0), ("ec:1+0", 65536), ("ec:7+3+w", 65536), ("replica:1", 0),
                          ("replica:3", 65536), ("keyed-replica:2", 0)):
        p = parse_profile(text, segment)
        seg, k = p["segment"], p["k"]
        for size in sorted({0, 1, k - 1, k, 4095, 4096, 4097, seg - 1, seg, seg + 1, 40 << 20, 10 * seg + 4097}):
            if size > 200 * seg:
                continue
            last = [pieces(p, size, i)[-1] if size else 0 for i in range(p["positions"])]
            out.append({"profile": text, "segment_size": str(seg), "size": str(size), "positions": p["positions"],
                        "segments": str(-(-size // seg)), "last_piece": [str(n) for n in last],
                        "position_bytes": [str(sum(pieces(p, size, i))) for i in range(p["positions"])],
                        "billed": str(sum(sum(pieces(p, size, i)) for i in range(p["positions"])))})
    refused = ["", "ec:4", "ec:0+2", "ec:33+1", "ec:32+32+w", "ec:04+2", "ec:4+2+x", "replica:0", "replica:65", "raid:5"]
    assert not any(map(parse_profile, refused))
    return {"layouts": out, "refused": refused}


def names():
    buckets = ["abc", "a-b", "a--b", "a.b", "my.bucket.2024", "1.2.3", "1.2.3.4.5", "a" * 63, "sthreea", "ab", "a" * 64, "Abc", "a_b", "-ab",
               "ab-", ".ab", "ab.", "a..b", "a.-b", "a-.b", "a b", "192.168.5.4", "xn--abc", "sthree-x", "my-s3alias", "my--ol-s3",
               "my.mrap", "my--x-s3", "my--table-s3", "amzn-s3-demo-a", "", "\u00e9t\u00e9"]
    objects = ["a", "a/b", "a/", ".a", "..a", "a..", "...", "a/.b/c", "x" * 1024, "\u00e9" * 512, "\U0001f600", "*?[]\\", "", "x" * 1025,
               "\u00e9" * 512 + "a", "/", "/a", "a//b", "a//", ".", "..", "./a", "a/./b", "a/../b", "a/.", "a\nb", "a\x7f"]
    groups = ["a", "g" * 63, "Friends of Ann", "\u00e9quipe", "", "g" * 64, " a", "a ", "a/b", "a\n"]
    return {kind: [{"name": n, "valid": ok(n)} for n in what]
            for kind, what, ok in (("buckets", buckets, bucket_ok), ("objects", objects, object_ok), ("groups", groups, group_ok))}


def state_keys():
    a, name, obj = address(KEYS[0]), "my.bucket", "a/b \u00e9"
    table = [  # builder, module, table, fields
        ("chain_state", 1, "c"), ("sequences", 1, "s"), ("params", 2, "v", u64(3)), ("account", 3, "a", a), ("validator", 4, "v", a),
        ("validator_set", 4, "s", u64(9)), ("set_state", 4, "c"), ("height_page", 4, "h", u64(3)), ("rewards", 4, "r", a),
        ("used_evidence", 4, "x", H("cairn.evidence", b"")), ("seed", 4, "e"), ("sp", 5, "s", u32(3)), ("sp_by_addr", 5, "a", a), ("placement_group", 5, "g", u64(4)),
        ("sp_group", 5, "m", u32(3), u64(4)), ("primary_group", 5, "p", u32(3), u64(4)), ("bucket", 6, "b", name.encode()),
        ("bucket_id", 6, "i", u64(5)), ("bucket_owner", 6, "o", a, name.encode()), ("object", 6, "n", u64(5), obj.encode()),
        ("object_id", 6, "j", u64(6)), ("group", 6, "g", a, b"friends"), ("group_id", 6, "k", u64(7)), ("member", 6, "m", u64(7), a),
        ("slot", 6, "s", u64(5), u64(0)), ("policy_account", 7, "p", u8(1), u64(5), u8(1), a),
        ("policy_group", 7, "p", u8(2), u64(6), u8(2), u64(7)), ("payment_account", 8, "a", a), ("read_quota", 8, "q", u64(5)), ("channel", 8, "c", u64(4)), ("challenge", 9, "c", u64(8)),
        ("challenge_sp", 9, "s", u32(3), u64(8)), ("repair", 9, "r", u64(6), u32(2))]
    doc = open(f"{ROOT}/docs/state-keys.md", encoding="utf-8").read()
    for row in table:
        assert f"| `{row[2]}` |" in doc, f"docs/state-keys.md has no table {row[2]} ({row[0]})"
    return {"about": "address: that of keys.json's first key; the other values can be read in the keys",
            "keys": [{"name": n, "key": (u8(m) + t.encode() + b"".join(f)).hex(), "key_hash": H("cairn.state", u8(m), t.encode(), *f).hex()}
                     for n, m, t, *f in table]}


PROFILE = {"kind": "PROFILE_KIND_EC", "k": 4, "m": 2, "whole": True, "segment_size": "16777216"}
UPLOAD = pattern(16).hex()


def signed():
    tag, some, c0, c1 = TAG.hex(), H("cairn.leaf", b"some").hex(), TEXTS[0], TEXTS[1]
    receipt = {"chain_tag": tag, "creator": c0, "bucket_id": "5", "object_name": "a/b \u00e9", "version": "1", "upload_id": UPLOAD,
               "size": "41943040", "profile": PROFILE, "position": 3, "sp_id": 4, "checksum": some, "price": "1000000007",
               "valid_until": "1750000000000", "object_id": "6"}
    cases = [("approval", "Approval", {"chain_tag": tag, "sp_id": 3, "spec_hash": some, "price": "9", "timeout": "1750000000000", "nonce": "8"}),
             ("statement", "PayloadStatement", {"chain_tag": tag, "creator": c0, "bucket_id": "5", "object_name": "a/b \u00e9", "version": "1",
                                                "upload_id": UPLOAD, "size": "5", "content_root": some}),
             ("ask", "SecondaryAsk", {"chain_tag": tag, "from_sp": 1, "object_id": "6", "payload_size": "5", "profile": PROFILE,
                                      "max_price": "9", "nonce": UPLOAD, "bucket_name": "abc", "object_name": "k", "creator": c0, "version": "1"}),
             ("offer", "SecondaryApproval", {"chain_tag": tag, "sp_id": 2, "for_sp": 1, "object_id": "6", "ask_hash": some, "price": "7",
                                             "free_bytes": "1000000", "timeout": "1750000000000"}),
             ("voucher", "Voucher", {"chain_tag": tag, "channel_id": "5", "amount": "1000000007"})]
    out = []
    for domain, message, value in cases:
        data = encode(message, value)
        digest = H(f"cairn.{domain}", TAG, data)
        out.append({"domain": f"cairn.{domain}", "message": message, "value": value, "bytes": data.hex(), "digest": digest.hex(),
                    "signature": sign(SECRETS[1], digest).hex()})

    receipts = [dict(receipt, position=i) for i in range(3)]
    raw = [encode("Receipt", r) for r in receipts]
    leaves = [H("cairn.leaf", r) for r in raw]
    digest = H("cairn.receipt", TAG, list_root(leaves), u32(3))
    batch = {"receipts": [{"value": r, "bytes": b.hex(), "path": [h.hex() for h in list_path(leaves, i)]}
                          for i, (r, b) in enumerate(zip(receipts, raw))],
             "digest": digest.hex(), "signature": sign(SECRETS[1], digest).hex()}

    body = {"signer": KEYS[0].hex(), "sequence": "1", "valid_until_height": "600", "fee": "20000", "memo": "caf\u00e9",
            "msgs": [{"send": {"creator": c0, "to": c1, "amount": "1000000000"}},
                     {"create_bucket": {"creator": c0, "spec": base64.b64encode(b"spec").decode(),
                                        "approval": {"approval": base64.b64encode(b"approval").decode(), "signature": (b"\1" * 64).hex()}}}]}
    data = encode("TxBody", body)
    tx_id = H("cairn.tx", TAG, data)
    sig = sign(SECRETS[0], tx_id)
    tx = {"value": body, "body": data.hex(), "tx_id": tx_id.hex(), "wire_hash": H("cairn.wire", data, sig).hex(),
          "wire": (u32(len(data)) + data + sig).hex()}
    spec = {"creator": c0, "bucket_name": "abc", "visibility": "VISIBILITY_PRIVATE", "primary_sp": 1, "profile": PROFILE}
    spec_bytes = encode("CreateBucketSpec", spec)
    roots = [H("cairn.leaf", u8(i)) for i in range(3)]
    layout = {"content_root": some, "checksums": [r.hex() for r in roots], "layout_root": H("cairn.layout", bytes.fromhex(some), *roots).hex()}
    return {"chain_tag": tag, "about": "the key that signs is keys.json's second, of transactions the first",
            "structures": out, "receipt_batch": batch, "tx": tx,
            "spec": {"message": "CreateBucketSpec", "value": spec, "bytes": spec_bytes.hex(), "spec_hash": H("cairn.spec", spec_bytes).hex()},
            "layout": layout}


def canonical(method, host, path, query, headers, content, sp, claims):
    parts = sorted(p.encode() for p in query.split("&") if p and not p.startswith("X-Cairn-Auth="))
    return (f"CAIRN-REQUEST-1\n{method}\n{host.lower()}\n{path}\n".encode() + b"&".join(parts) + b"\n"
            + b"".join(f"{n}:{v.strip(' ')}\n".encode() for n, v in sorted(headers.items())) + f"\n{content}\n{sp}\n{claims}\n".encode())


def requests():
    out = []
    for method, query, headers, body in (("GET", "", {}, None), ("PUT", "uploadId=3&offset=0&", {"content-type": " text/plain "}, b"hello"),
                                         ("GET", "b=2&a=%20&X-Cairn-Auth=v1.x&a=1&c", {"range": "bytes=0-9", "if-match": "\"x\""}, b"")):
        content = "UNSIGNED-PAYLOAD" if body is None else H("cairn.body", body).hex()
        claims = f"{KEYS[0].hex()}.1750000000000.1750000060000.{UPLOAD}"
        text = canonical(method, "SP1.example:9000", "/photos/a%20b", query, headers, content, 7, claims)
        digest = H("cairn.request", TAG, text)
        out.append({"method": method, "host": "SP1.example:9000", "path": "/photos/a%20b", "query": query, "headers": headers, "sp_id": 7,
                    "canonical": text.decode(), "digest": digest.hex(),
                    "auth": f"v1.{claims}.{content}.{'~'.join(sorted(headers))}.{sign(SECRETS[0], digest).hex()}"})
    return {"chain_tag": TAG.hex(), "requests": out}


def draw(height, round_, powers):
    used = []
    for turn in range(round_ - round_ % len(powers), round_ + 1):
        left = [v for v in range(len(powers)) if v not in used]
        at = int.from_bytes(H("cairn.proposer", u64(height), u32(turn))[:16], "big") % sum(powers[v] for v in left)
        for v in left:
            if at < powers[v]:
                break
            at -= powers[v]
        used.append(v)
    return used[-1]


def consensus():
    order = sorted(range(4), key=lambda i: address(KEYS[i]))
    powers = [10, 20, 30, 40]
    valset = H("cairn.valset", u32(4), *(KEYS[i] + u64(powers[i]) for i in order))
    zero, some = bytes(32).hex(), H("cairn.leaf", b"some").hex()
    header = {"version": 1, "chain_tag": TAG.hex(), "height": "2", "time": "1750000000000", "previous_id": some, "last_certificate_hash": some,
              "txs_root": list_root([H("cairn.leaf", H("cairn.wire", u8(i))) for i in range(3)]).hex(), "txs_count": "3",
              "validators_hash": valset.hex(), "next_validators_hash": valset.hex(), "params_hash": some, "app_hash": some, "results_hash": some,
              "proposer": TEXTS[order[0]], "reveal": zero}
    data = encode("Header", header)
    value = H("cairn.header", data)
    vote = u8(2) + u64(2) + u32(1) + value
    proposal = u8(0) + u64(2) + u32(1) + (-1).to_bytes(4, "big", signed=True) + value
    digest, signers = H("cairn.vote", TAG, vote), [0, 1, 3]
    sigs = [sign(SECRETS[order[i]], digest) for i in signers]
    cert = H("cairn.cert", u8(2), u64(2), u32(1), value, u16(3), *(u16(i) + s for i, s in zip(signers, sigs)))
    other = H("cairn.header", b"another")
    vote2 = vote[:13] + other
    proposal2 = proposal[:17] + other
    accused = order[1]
    halves = [{"type": 2, "height": "2", "round": 1, "value_id": v.hex(), "validator": 1, "signature": sign(SECRETS[accused], H("cairn.vote", TAG, b)).hex()}
              for v, b in ((value, vote), (other, vote2))]
    offers = [{"height": "2", "round": 1, "pol_round": -1, "value_id": v.hex(), "proposer": 1,
               "signature": sign(SECRETS[accused], H("cairn.proposal", TAG, b)).hex()} for v, b in ((value, proposal), (other, proposal2))]
    evidence = [{"value": {"kind": kind, f"{what}_a": a, f"{what}_b": b},
                 "id": H("cairn.evidence", address(KEYS[accused]), u64(2), u32(1), u8(step)).hex()}
                for kind, what, step, (a, b) in (("EVIDENCE_KIND_DOUBLE_VOTE", "vote", 2, halves), ("EVIDENCE_KIND_DOUBLE_PROPOSAL", "proposal", 0, offers))]
    held = H("cairn.possess", TAG, address(KEYS[0]))
    secret = H("cairn.test", b"reveal")
    chain = [H("cairn.revealkey", secret, u64(3))]
    for _ in range(5):
        chain.append(H("cairn.reveal", chain[-1]))
    seed = H("cairn.seed", bytes(32), chain[-2])
    draws = [{"height": str(h), "powers": [str(p) for p in ps], "proposers": [draw(h, r, ps) for r in range(10)]}
             for h, ps in ((1, [1, 1, 1, 1]), (2, [1, 1, 1, 1]), (3, [10, 20, 30, 40]), (2**40, [1, 1000, 1]), (7, [5]))]
    return {"chain_tag": TAG.hex(),
            "validators": [{"pubkey": KEYS[i].hex(), "power": str(powers[i])} for i in order], "validators_hash": valset.hex(),
            "txs_root": {"wire_hashes": [H("cairn.wire", u8(i)).hex() for i in range(3)], "root": header["txs_root"]},
            "header": {"value": header, "bytes": data.hex(), "id": value.hex()},
            "vote": {"type": 2, "height": "2", "round": 1, "value_id": value.hex(), "layout": vote.hex(), "digest": digest.hex()},
            "proposal": {"height": "2", "round": 1, "pol_round": -1, "value_id": value.hex(), "layout": proposal.hex(),
                         "digest": H("cairn.proposal", TAG, proposal).hex()},
            "certificate": {"type": 2, "height": "2", "round": 1, "value_id": value.hex(), "signers": "0b",
                            "signatures": [s.hex() for s in sigs], "hash": cert.hex()},
            "evidence": evidence,
            "sp_key": {"operator": TEXTS[0], "use": 2, "digest": H("cairn.spkey", TAG, address(KEYS[0]), bytes([2])).hex()},
            "possession": {"operator": TEXTS[0], "digest": held.hex(), "pubkey": KEYS[1].hex(), "signature": sign(SECRETS[1], held).hex()},
            "hello": {"transcript": some, "direction": 1, "digest": H("cairn.hello", TAG, bytes.fromhex(some), u8(1)).hex()},
            "reveal": {"secret": secret.hex(), "number": "3", "first": chain[0].hex(), "steps": 5, "tip": chain[-1].hex(), "first_reveal": chain[-2].hex(),
                       "seed_before": zero, "seed_after": seed.hex()},
            "proposers": draws}


def gf_mul(a, b):
    out = 0
    while b:
        out ^= a if b & 1 else 0
        a, b = a << 1 ^ (0x11D if a & 128 else 0), b >> 1
    return out


def check_rs(rs):
    inverse = {a: b for a in range(1, 256) for b in range(1, 256) if gf_mul(a, b) == 1}
    for case in rs["cases"]:
        data = [bytes.fromhex(d) for d in case["data"]]
        for row, want in enumerate(case["parity"]):
            got = bytearray(case["length"])
            for j, column in enumerate(data):
                factor = inverse[(case["k"] + row) ^ j]
                got = bytearray(g ^ gf_mul(factor, b) for g, b in zip(got, column))
            assert got.hex() == want, f"rs.json: k {case['k']}, m {case['m']}, parity row {row}"


def check_proofs(proofs):
    """verify.py, which knows nothing of this program, on the proof files that C made."""
    sys.path.insert(0, HERE)
    import verify
    for case in proofs["cases"]:
        height, _, header_id = (case["trust"] or "").partition(":")
        try:
            verify.verify(case["file"], int(case["now"]), bytes.fromhex(proofs["chain_tag"]), (int(height), bytes.fromhex(header_id)) if height else None)
            ended = "OK"
        except verify.Refused as e:
            ended = str(e)
        assert (ended == "OK") == (case["code"] == "OK"), f"proofs.json: {case['name']}: {ended}, C says {case['code']}"
    assert len([c for c in proofs["cases"] if c["code"] != "OK"]) >= 12
    with open(f"{HERE}/verify.py", encoding="utf-8") as f:
        assert len(f.readlines()) <= 300, "verify.py is to be read in one go: 300 lines"


FILES = {"domains": domains, "keys": keys, "trees": trees, "state_tree": state_tree, "snapshots": snapshots, "layouts": layouts, "names": names, "state_keys": state_keys,
         "signed": signed, "requests": requests, "consensus": consensus}


def main():
    passed = failed = 0
    for name, make in FILES.items():
        path, made = f"{HERE}/{name}.json", make()
        if "--write" in sys.argv:
            with open(path, "w", encoding="utf-8") as f:
                json.dump(made, f, indent=1, ensure_ascii=True)
                f.write("\n")
        ok = os.path.exists(path) and json.load(open(path, encoding="utf-8")) == made
        print(f"{'ok' if ok else 'not ok'} {name}.json" + ("" if ok else ": differs; a format changed, or see --write"))
        passed, failed = passed + ok, failed + (not ok)
    for name, check in (("rs", check_rs), ("proofs", check_proofs)):
        try:
            check(json.load(open(f"{HERE}/{name}.json", encoding="utf-8")))
            print(f"ok {name}.json")
            passed += 1
        except AssertionError as e:
            print(f"not ok {e}")
            failed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
