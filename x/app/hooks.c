/* SPDX-License-Identifier: Apache-2.0 */
/* Begin and end work: every item in its own journal, the ones that fail put aside. */
#include "x/app/execute.h"

#include "chain/types/keys_app.h"

struct item {
    struct bytes key, value;
};

struct gather {
    struct item *at;
    size_t n, max;
    uint64_t now;
    struct bytes prefix;
};

#define QUEUE_PREFIX_LEN 2 /* module byte, table byte */

static int gather_due(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)msg;
    struct gather *g = arg;
    if (rest.len < 8)
        return ctx_fault(ctx, CODE_CORRUPT, "an entry without a time in queue %c", g->prefix.data[1]);
    if (load_be64(rest.data) > g->now)
        return RECORD_STOP;
    struct item *item = &g->at[g->n++];
    if (!arena_dup_bytes(ctx->arena, bytes_of(rest.data - QUEUE_PREFIX_LEN, rest.len + QUEUE_PREFIX_LEN), &item->key) ||
        !arena_dup_bytes(ctx->arena, value, &item->value))
        return err_set(err, CODE_NO_MEMORY, "no memory for due work");
    return CODE_OK;
}

/* What failed is kept under its own key behind key_quarantine, and said. */
static int put_aside(struct ctx *ctx, const struct hook *hook, struct bytes key, struct bytes value, int code,
                     const struct err *why, struct err *err) {
    struct key k;
    int rc = state_del(ctx->state, key, err);
    if (rc == CODE_OK)
        rc = state_put(ctx->state, key_quarantine(&k, key), value, err);
    ctx_event(ctx, "app.quarantined", "hook", hook->name, "item", ctx_hex_text(ctx, key), "code", code_name(code),
              "reason", err_text(why), NULL);
    return rc;
}

/* Runs fn in its own journal. *ret_code: what the item answered; the function itself fails only by a fault. */
static int in_journal(struct ctx *ctx, int (*fn)(struct ctx *, void *, struct err *), void *arg, int *ret_code,
                      struct err *why, struct err *err) {
    size_t events = ctx->events.len, mark = state_mark(ctx->state);
    *why = (struct err){0};
    int rc = fn(ctx, arg, why);
    if (rc) {
        state_rollback(ctx->state, mark);
        ctx->events.len = events;
    } else {
        state_commit(ctx->state, mark);
    }
    *ret_code = rc;
    return ctx_failed(ctx, err);
}

struct due_call {
    const struct hook *hook;
    const struct item *item;
};

static int call_due(struct ctx *ctx, void *arg, struct err *err) {
    const struct due_call *call = arg;
    struct bytes key = call->item->key;
    int rc = state_del(ctx->state, key, err);
    if (rc)
        return rc;
    return call->hook->due(ctx, load_be64(key.data + QUEUE_PREFIX_LEN),
                           bytes_of(key.data + QUEUE_PREFIX_LEN + 8, key.len - QUEUE_PREFIX_LEN - 8), call->item->value,
                           err);
}

static int run_item(struct ctx *ctx, const struct hook *hook, const struct item *item, struct err *err) {
    struct arena_mark memory = arena_mark(ctx->arena);
    struct due_call call = {hook, item};
    struct err why;
    bool there;
    int code = CODE_OK;
    int rc = state_has(ctx->state, item->key, &there, err);
    if (rc == CODE_OK && there) /* an item before it may have taken it out or moved it */
        rc = in_journal(ctx, call_due, &call, &code, &why, err);
    if (rc == CODE_OK && code)
        rc = put_aside(ctx, hook, item->key, item->value, code, &why, err);
    arena_rewind(ctx->arena, memory);
    return rc;
}

static int run_queue(struct ctx *ctx, const struct hook *hook, struct err *err) {
    uint8_t prefix[QUEUE_PREFIX_LEN] = {(uint8_t)hook->module, (uint8_t)hook->queue};
    struct arena_mark memory = arena_mark(ctx->arena);
    size_t cap = hook->cap(ctx);
    struct gather g = {.max = cap, .now = ctx->time, .prefix = bytes_of(prefix, sizeof prefix)};
    g.at = ctx_array(ctx, cap, sizeof *g.at);
    int rc = record_each(ctx, g.prefix, BYTES_NONE, cap, NULL, gather_due, &g, err);
    for (size_t i = 0; rc == CODE_OK && i < g.n; i++)
        rc = run_item(ctx, hook, &g.at[i], err);
    arena_rewind(ctx->arena, memory);
    return rc;
}

struct step_call {
    const struct hook *hook;
    uint64_t index;
    bool more;
};

static int call_step(struct ctx *ctx, void *arg, struct err *err) {
    struct step_call *call = arg;
    return call->hook->step(ctx, call->index, &call->more, err);
}

static int run_steps(struct ctx *ctx, const struct hook *hook, struct err *err) {
    uint64_t cap = hook->cap(ctx);
    struct step_call call = {.hook = hook, .more = true};
    int rc = CODE_OK;
    for (call.index = 0; rc == CODE_OK && call.more && call.index < cap; call.index++) {
        struct arena_mark memory = arena_mark(ctx->arena);
        struct err why;
        int code;
        call.more = false;
        rc = in_journal(ctx, call_step, &call, &code, &why, err);
        if (rc == CODE_OK && code) {
            call.more = false;
            ctx_event(ctx, "app.step_failed", "hook", hook->name, "code", code_name(code), "reason", err_text(&why),
                      NULL);
        }
        arena_rewind(ctx->arena, memory);
    }
    return rc;
}

int execute_hooks(struct run *run, enum execute_phase phase, Event ***ret_events, size_t *ret_n, struct err *err) {
    struct ctx *ctx = &run->ctx;
    event_vec_clear(&ctx->events);
    ctx->signer = ctx->actor = (struct addr){{0}};
    ctx->signer_key = (struct pubkey){{0}};
    int rc = CODE_OK;
    for (size_t m = 0; rc == CODE_OK && m < run->ledger->modules_n; m++) {
        const struct module *module = run->ledger->modules[m];
        const struct hook *hooks = phase == EXECUTE_BEGIN ? module->begin : module->end;
        size_t n = phase == EXECUTE_BEGIN ? module->begin_n : module->end_n;
        for (size_t i = 0; rc == CODE_OK && i < n; i++)
            rc = hooks[i].queue ? run_queue(ctx, &hooks[i], err) : run_steps(ctx, &hooks[i], err);
    }
    if (rc == CODE_OK)
        rc = ctx_failed(ctx, err);
    if (rc)
        return rc;
    return run_take_events(ctx, ret_events, ret_n, err);
}
