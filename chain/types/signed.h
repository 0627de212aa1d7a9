/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_SIGNED_H
#define CAIRN_CHAIN_TYPES_SIGNED_H
/*
 * What is signed outside of transactions: approvals, receipts, payload statements, a primary's question to secondaries
 * and their answers. Each travels as the very bytes that were signed, with the signature beside:
 *
 *     signature over H(domain, chain tag | bytes)
 *     approval  cairn.approval      statement  cairn.statement      ask  cairn.ask      offer  cairn.offer
 *     voucher   cairn.voucher
 *     receipts  H(cairn.receipt, chain tag | list tree root over the receipts' bytes | count u32be): one signature for
 * many
 *
 * *_open decodes and checks that the message names this chain; *_verify checks the signature by a key that the caller
 * found from what the message says. Both are needed, in this order. Errors: CODE_MALFORMED (and other codes of the
 * decoder), CODE_CHAIN_MISMATCH, CODE_BAD_SIGNATURE. Decoded messages and what *_sign returns lie on the arena.
 */
#include "chain/base/arena.h"
#include "chain/crypto/key.h"

#include "cairn/payment.h"
#include "cairn/sp_wire.h"
#include "cairn/storage.h"

/* H(cairn.spec, spec bytes): how an approval names the create that it allows. */
struct hash signed_spec_hash(struct bytes spec);

/* H(cairn.layout, content root | checksums by position): what a client that coded the columns itself signs. */
struct hash signed_layout_root(const struct hash *content_root, const struct hash *checksums, size_t count);

/* H(cairn.possess, chain tag | address of the operator): what a consensus key signs to show that its holder wants to be
 * a validator of this operator's (MsgCreateValidator.possession). */
struct hash signed_possession(const struct addr *operator_, const struct hash *chain_tag);

/* H(cairn.spkey, chain tag | address of the operator | use): what a key of a storage provider signs to show that its
 * holder wants it to be this operator's, for this use and no other (MsgRegisterSp, MsgEditSp). */
enum sp_key_use { SP_KEY_SEAL = 1, SP_KEY_APPROVAL, SP_KEY_GC, SP_KEY_NODE };
struct hash signed_sp_key(const struct addr *operator_, enum sp_key_use use, const struct hash *chain_tag);

/* What was signed in one of those below, and the signature. */
struct signed_parts {
    struct hash digest;
    struct sig sig;
};

int approval_sign(const Approval *approval, const struct seckey *key, const struct hash *chain_tag, struct arena *arena,
                  SignedApproval **ret, struct err *err);
int approval_open(const SignedApproval *in, const struct hash *chain_tag, struct arena *arena, Approval **ret,
                  struct err *err);
int approval_verify(const SignedApproval *in, const struct pubkey *key, const struct hash *chain_tag, struct err *err);
int approval_parts(const SignedApproval *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err);

int statement_sign(const PayloadStatement *statement, const struct seckey *key, const struct hash *chain_tag,
                   struct arena *arena, SignedStatement **ret, struct err *err);
int statement_open(const SignedStatement *in, const struct hash *chain_tag, struct arena *arena, PayloadStatement **ret,
                   struct err *err);
int statement_verify(const SignedStatement *in, const struct pubkey *key, const struct hash *chain_tag,
                     struct err *err);
int statement_parts(const SignedStatement *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err);

int ask_sign(const SecondaryAsk *ask, const struct seckey *key, const struct hash *chain_tag, struct arena *arena,
             SignedSecondaryAsk **ret, struct err *err);
int ask_open(const SignedSecondaryAsk *in, const struct hash *chain_tag, struct arena *arena, SecondaryAsk **ret,
             struct err *err);
int ask_verify(const SignedSecondaryAsk *in, const struct pubkey *key, const struct hash *chain_tag, struct err *err);
int ask_parts(const SignedSecondaryAsk *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err);
/* H(cairn.askid, encoded ask): how an offer names the question that it answers. */
struct hash ask_hash(struct bytes ask);

int offer_sign(const SecondaryApproval *offer, const struct seckey *key, const struct hash *chain_tag,
               struct arena *arena, SignedSecondaryApproval **ret, struct err *err);
int offer_open(const SignedSecondaryApproval *in, const struct hash *chain_tag, struct arena *arena,
               SecondaryApproval **ret, struct err *err);
int offer_verify(const SignedSecondaryApproval *in, const struct pubkey *key, const struct hash *chain_tag,
                 struct err *err);
int offer_parts(const SignedSecondaryApproval *in, const struct hash *chain_tag, struct signed_parts *ret,
                struct err *err);

/* What a payer promises to a channel's payee; by the payer's account key. */
int voucher_sign(const Voucher *voucher, const struct seckey *key, const struct hash *chain_tag, struct arena *arena,
                 SignedVoucher **ret, struct err *err);
int voucher_open(const SignedVoucher *in, const struct hash *chain_tag, struct arena *arena, Voucher **ret,
                 struct err *err);
int voucher_verify(const SignedVoucher *in, const struct pubkey *key, const struct hash *chain_tag, struct err *err);
int voucher_parts(const SignedVoucher *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err);

/* One signature over `count` (1..RECEIPT_BATCH_MAX) receipts; ret[i] (the caller's array) is receipt i with its path.
 */
enum { RECEIPT_BATCH_MAX = 4096 };
int receipts_sign(const Receipt *const *receipts, size_t count, const struct seckey *key, const struct hash *chain_tag,
                  struct arena *arena, SignedReceipt **ret, struct err *err);
int receipt_open(const SignedReceipt *in, const struct hash *chain_tag, struct arena *arena, Receipt **ret,
                 struct err *err);
int receipt_verify(const SignedReceipt *in, const struct pubkey *key, const struct hash *chain_tag, struct err *err);
int receipt_parts(const SignedReceipt *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err);

#endif
