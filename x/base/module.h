/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_BASE_MODULE_H
#define CAIRN_X_BASE_MODULE_H
/*
 * What a module is to x/app: one constant table, in its module.c, that names its messages, its begin and end work, its
 * genesis, queries and invariants. Adding a message is adding a line there (docs/first-change.md).
 */
#include "cairn/genesis.h"
#include "chain/types/key.h"
#include "x/base/ctx.h"
#include "x/base/record.h"

/* --- messages --- */

/* May an account let others send this in its name (MsgGrant)? What moves authority, or money in ways that no budget
 * counts, stays with who is named for it: that is what a new message gets when it says nothing. */
enum msg_grant {
    MSG_GRANT_NAMED, /* only when the grant names it */
    MSG_GRANT_ANY,   /* also when it says "*" */
};

struct msg_rule {
    Cairn__Msg__BodyCase kind; /* MSG__BODY_SEND */
    const ProtobufCMessageDescriptor
        *desc; /* &msg_send__descriptor; its short name is the one in AuthParams.message_prices */
    /* What can be judged without the state: lengths, counts, ranges. Part of the ante checks, so a block that carries
     * what it refuses is invalid. NULL: nothing beyond what the encoding says. Caps are parameters. */
    int (*check)(const void *msg, const Params *params, struct err *err);
    /* Signatures verified inside it (receipts, approvals): they count against the block's cap. NULL: none. */
    uint64_t (*signatures)(const void *msg);
    enum msg_grant grant;
    const ProtobufCMessageDescriptor *spec; /* what its field `spec` holds, encoded; NULL: it has no such field */
    /* Judges, authorises, computes, writes, emits. ctx->signer is the message's creator, who has signed the transaction
     * or has granted this message to who did. Whatever it answers other than CODE_OK undoes the whole transaction. */
    int (*run)(struct ctx *ctx, const void *msg, struct err *err);
    /* A message that may travel free of charge (AnswerChallenge): judges in the ante pass whether this one may, and
     * spends the free attempt; what it writes stands even when the message fails. NULL: never free. */
    int (*free_ante)(struct ctx *ctx, const void *msg, struct err *err);
};

/*
 * --- begin and end work --- every item runs in its own journal: what an item that fails has written is undone, an
 * event "app.quarantined" tells name, item and reason, and the item is put aside (key_quarantine), never tried again by
 * itself. A hook is one of two kinds.
 *
 * queue: items lie at keys `module, queue, due time u64be, ...` and are due when ctx->time has reached that time.
 * Before `due` is called the entry has been taken out of the queue; `rest` is its key behind the due time. `due` may
 * put it back under a later time. At most cap items a block, oldest first.
 *
 * step: called with 0, 1, ... while it sets *ret_more and the cap lasts; a step that fails ends the hook for this
 * block.
 */
struct hook {
    const char *name;                       /* "payment.due" */
    uint64_t (*cap)(const struct ctx *ctx); /* items in one block; never 0 */
    enum key_module module;                 /* with queue */
    char queue;                             /* table byte; 0 for a step hook */
    int (*due)(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
    int (*step)(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err);
};

/*
 * --- queries --- over a committed height. A question is a message, filled by x/app from the parameters of the request
 * by field name ("/storage/objects" with bucket_name=photos, limit=100), an answer is a message.
 */
struct query {
    const char *path; /* "/storage/bucket" */
    const char *help; /* one sentence */
    const ProtobufCMessageDescriptor *question;
    const ProtobufCMessageDescriptor *answer;
    /* One record that can be proven, also its absence: its state key. The answer is the record at that key. NULL for a
     * computed answer. CODE_NOT_FOUND when there can be no such key (an unknown id that the key needs translated). */
    int (*key)(struct ctx *ctx, const void *question, struct key *ret, struct err *err);
    /* A computed answer on ctx->arena: ret_answer is the address of a pointer to the answer's struct. CODE_NOT_FOUND.
     */
    int (*run)(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
};

#define QUERY_LIMIT     100  /* entries of a page when the question does not say */
#define QUERY_LIMIT_MAX 1000 /* and at most */
static inline size_t query_limit(uint32_t asked) {
    return asked == 0 ? QUERY_LIMIT : asked > QUERY_LIMIT_MAX ? QUERY_LIMIT_MAX : asked;
}

/* --- the table --- */
struct module {
    const char *name; /* "storage" */
    enum key_module id;
    const struct msg_rule *msgs;
    size_t msgs_n;
    const struct hook *begin; /* before the block's messages */
    size_t begin_n;
    const struct hook *end; /* after them */
    size_t end_n;
    const struct query *queries;
    size_t queries_n;
    /* Writes the first records. Modules run in the order of x/app's list. */
    int (*genesis)(struct ctx *ctx, const Genesis *genesis, struct err *err);
    /* Every account of coins that the module holds, for the sum of money: adds up what its records say it must hold. */
    int (*invariants)(struct ctx *ctx, struct err *err); /* CODE_INTERNAL and which one is broken */
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
