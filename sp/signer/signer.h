/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_SIGNER_SIGNER_H
#define CAIRN_SP_SIGNER_SIGNER_H
/*
 * The one owner of a provider's operational keys: signs approvals, receipts, questions and offers to other providers,
 * and sends the provider's transactions. Seals that wait at the same time share a transaction; should it fail as a
 * whole, each is sent alone, so that a bad one hurts nobody else. Answers to challenges share transactions in the same
 * way.
 *
 * Thread-safe. Keys never leave this module; they are wiped when it is released.
 */
#include "cairn/sp_wire.h"
#include "chain/os/thread.h"
#include "client/lib/ledger.h"

enum {
    SIGNER_BATCH_MAX = 16,         /* messages in one transaction, and about so many bytes of them: */
    SIGNER_BATCH_BYTES = 48 << 10, /* the ledger takes transactions of 64 KiB, an answer has several leaves of 4 KiB */
    SIGNER_WAITING_MAX = 4096,     /* messages that wait for one; more are refused with CODE_BUSY */
};

struct signer_keys {
    struct seckey seal, approval, gc, node;
};

/* Reads HOME/{seal,approval,gc,node}.key. */
int signer_keys_load(const char *home, struct bytes passphrase, struct signer_keys *ret, struct err *err);
void signer_keys_wipe(struct signer_keys *keys);

struct signer_job;

struct signer {
    struct ledger *ledger; /* borrowed */
    uint32_t sp_id;
    struct signer_keys keys;
    struct addr seal_account;
    struct mutex lock;
    struct cond work, done;
    struct signer_job *head, *tail; /* waiting, in order */
    size_t waiting;
    bool closing;
    struct thread thread;
};

/* Takes the keys over (and wipes *keys); starts the thread that sends. */
int signer_init(struct signer *signer, struct ledger *ledger, uint32_t sp_id, struct signer_keys *keys,
                struct err *err);
/* What waits ends with CODE_CLOSED. Idempotent. */
void signer_close(struct signer *signer);
void signer_release(struct signer *signer);

int signer_approve(struct signer *signer, const Approval *approval, struct arena *arena, SignedApproval **ret,
                   struct err *err);
/* One signature over all of them; ret[i] is receipt i. */
int signer_receipts(struct signer *signer, const Receipt *const *receipts, size_t count, struct arena *arena,
                    SignedReceipt **ret, struct err *err);
int signer_ask(struct signer *signer, const SecondaryAsk *ask, struct arena *arena, SignedSecondaryAsk **ret,
               struct err *err);
int signer_offer(struct signer *signer, const SecondaryApproval *offer, struct arena *arena,
                 SignedSecondaryApproval **ret, struct err *err);
/* The key that signs requests to other providers. Borrowed; only for sp_client_open. */
const struct seckey *signer_request_key(const struct signer *signer);

/* What one message came to. */
struct signer_result {
    struct hash tx_id;
    uint64_t height;
};

/* Sends msgs (1..4 that must happen together, signed by the seal key) and waits until they are committed. Free: nothing
 * but answers to challenges. Blocks; returns the ledger's code and sentence when they failed. */
int signer_send(struct signer *signer, Msg *const *msgs, size_t count, bool free, struct signer_result *ret,
                struct err *err);

#endif
