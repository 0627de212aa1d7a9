#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the ledger refuses, with the exit code that a script sees: transactions made here, sent by `cairn tx broadcast`; after each refusal
what was there before is there unchanged."""
import json
import os

from cairnd_net import main
from local_net import run as program
from provider_net import ProviderNet, spec, wait_for


class RefusalNet(ProviderNet):
    """One validator, one provider that is dear; three buckets for an account, and a reserve that is soon used up."""

    def __init__(self):
        super().__init__(sps=1, more=("--store-price", str(2**49)))
        self.genesis["params"]["storage"]["buckets_per_account"] = "3"
        self.genesis["params"]["payment"].update(reserve_time_ms="30000", frozen_time_ms="30000")
        self.home = os.path.join(self.dir, "client")
        os.mkdir(self.home)
        for home in (self.home, *(n.home for n in self.nodes), *(p.home for p in self.providers)):
            with open(os.path.join(home, "genesis.json"), "w") as f:
                json.dump(self.genesis, f)

    def cairn(self, *args, check=None, stdin=b""):
        return program("cairn", *args, check=check, stdin=stdin,
                       env={"CAIRN_HOME": self.home, "CAIRN_NODE": f"http://{self.nodes[0].http}"})

    def sends(self, who, exit_code, code, *msgs):
        """`cairn tx broadcast` ends with this exit code and names this error, in words for people too."""
        node = self.nodes[0]
        body = {"signer": who.pubkey.hex(), "sequence": str(max(int(node.account(who)["sequence"]), 1)),
                "valid_until_height": str(node.height() + 100), "fee": "1000000", "msgs": list(msgs)}
        data = spec.encode("TxBody", body)
        sig = spec.sign(who.secret, spec.H("cairn.tx", self.chain_tag, data))
        wire = (len(data).to_bytes(4, "big") + data + sig).hex().encode()
        r = self.cairn("tx", "broadcast", "-", "--json", stdin=wire, check=exit_code)
        if exit_code:
            assert r.error["error"] == code and len(r.error["message"]) > 10, (code, r)

    def owned(self, who):
        """All that an account could lose: its buckets with all fields, and its payment account without what time does to it."""
        node = self.nodes[0]
        buckets = [node.get(f"/v1/query/storage/bucket?bucket_name={name}")["record"] for name in ("one", "two", "three")]
        return buckets, node.get(f"/v1/query/payment/account?address={who.text}")["record"].get("locked", "0")


def bucket_spec(who, name):
    return {"creator": who.text, "bucket_name": name, "primary_sp": 1, "visibility": "VISIBILITY_PRIVATE",
            "profile": {"kind": "PROFILE_KIND_REPLICA", "k": 1, "segment_size": str(1 << 20)}}


def create(who, raw, approval):
    message = {"creator": who.text, "spec": raw}
    return {"create_bucket": {**message, "approval": approval} if approval else message}


def flipped(approval):
    signature = bytearray.fromhex(approval["signature"])
    signature[40] ^= 1
    return {**approval, "signature": signature.hex()}


def approvals():
    """Creates without an approval, with a tampered, a used, somebody else's and an expired one; one bucket more than allowed; a bucket
    that is not empty; a payer whose account is frozen."""
    with RefusalNet() as net:
        sp, owner, stranger = net.providers[0], net.owner, net.stranger
        # an approval that is soon over, used at the end
        assert sp.stop() == 0
        config = os.path.join(sp.home, "config.yaml")
        with open(config) as f:
            text = f.read()
        assert "approval_ttl_seconds: 600" in text
        with open(config, "w") as f:
            f.write(text.replace("approval_ttl_seconds: 600", "approval_ttl_seconds: 1"))
        sp.start()
        raw_late, late = owner.approval(sp, "bucket", "CreateBucketSpec", bucket_spec(owner, "late"))
        assert sp.stop() == 0
        with open(config, "w") as f:
            f.write(text)
        sp.start()

        raw, good = owner.approval(sp, "bucket", "CreateBucketSpec", bucket_spec(owner, "one"))
        other, _ = owner.approval(sp, "bucket", "CreateBucketSpec", bucket_spec(owner, "two"))
        net.sends(owner, 5, "APPROVAL_MISSING", create(owner, raw, None))
        net.sends(owner, 5, "APPROVAL_SIGNATURE", create(owner, raw, flipped(good)))
        net.sends(owner, 5, "APPROVAL_SPEC", create(owner, other, good))
        net.sends(stranger, 5, "DENIED", create(stranger, raw, good))
        net.cairn("bucket", "head", "one", check=3)  # none of them made it
        net.sends(owner, 0, "OK", create(owner, raw, good))
        owner.tx({"delete_bucket": {"creator": owner.text, "bucket_name": "one"}})
        net.sends(owner, 4, "APPROVAL_USED", create(owner, raw, good))
        net.sends(owner, 4, "APPROVAL_EXPIRED", create(owner, raw_late, late))
        net.cairn("bucket", "head", "late", check=3)

        for name in ("one", "two", "three"):
            owner.create_bucket(sp, name)
        data = bytes(range(256)) * 800
        owner.put(sp, "one", "full", data, max_price=str(2**49))
        before = net.owned(owner)
        raw, good = owner.approval(sp, "bucket", "CreateBucketSpec", bucket_spec(owner, "four"))
        net.sends(owner, 4, "BUCKET_LIMIT", create(owner, raw, good))
        net.sends(owner, 4, "BUCKET_NOT_EMPTY", {"delete_bucket": {"creator": owner.text, "bucket_name": "one"}})
        net.sends(stranger, 5, "DENIED", {"delete_bucket": {"creator": stranger.text, "bucket_name": "two"}})
        net.sends(stranger, 5, "DENIED", {"delete_object": {"creator": stranger.text, "bucket_name": "one", "object_name": "full"}})
        assert net.owned(owner) == before
        assert owner.get(sp, "one", "full").body == data

        # a payer that runs dry keeps what it stored for now, and stores nothing new
        stranger.deposit(210_000)
        stranger.create_bucket(sp, "poor")
        stranger.put(sp, "poor", "first", data, max_price=str(2**49))
        wait_for("the account to be frozen", lambda: net.nodes[0].get(f"/v1/query/payment/account?address={stranger.text}")
                 ["record"].get("status") == "PAYMENT_STATUS_FROZEN")
        value = {"creator": stranger.text, "bucket_name": "poor", "object_name": "second", "payload_size": str(len(data)),
                 "visibility": "VISIBILITY_INHERIT", "content_root": stranger.record("poor", "first")["checksums"][0], "max_price": str(2**49)}
        raw, good = stranger.approval(sp, "object", "CreateObjectSpec", value)
        net.sends(stranger, 6, "PAYER_FROZEN", {"create_object": {"creator": stranger.text, "spec": raw, "approval": good}})
        net.cairn("object", "head", "cairn://poor/second", check=3)
        assert stranger.record("poor", "first")["object_status"] == "OBJECT_STATUS_SEALED"
        assert owner.get(sp, "one", "full").body == data


if __name__ == "__main__":
    main([approvals])
