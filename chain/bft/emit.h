/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_EMIT_H
#define CAIRN_CHAIN_BFT_EMIT_H
/* Appends outputs to the update. Private to this folder. */
#include <assert.h>

#include "chain/bft/core.h"

static inline struct bft_output *emit(struct bft_update *update, enum bft_output_kind kind) {
    assert(update->n < BFT_OUTPUTS_MAX);
    struct bft_output *out = &update->outputs[update->n++];
    out->kind = kind;
    return out;
}

/* Room left for outputs that may come in numbers (evidence), beside what the rules need in one step. */
#define EMIT_RESERVED 64
static inline bool emit_has_room(const struct bft_update *update) {
    return update->n + EMIT_RESERVED < BFT_OUTPUTS_MAX;
}

/* The event of this step is part of what the state is made of: what is signed later may depend on it. */
void emit_log(struct bft *core, struct bft_update *update);
void emit_arm(struct bft *core, struct bft_update *update, enum bft_timer_kind kind, uint32_t round, uint32_t delay_ms);
void emit_cancel(struct bft *core, struct bft_update *update, enum bft_timer_kind kind);
/* SYNC if anything is not durable yet, then SIGN. */
void emit_sign(struct bft *core, struct bft_update *update, const struct bft_sign *sign);
void emit_certificate(struct bft_update *update, const struct certificate *certificate);
void emit_body(const struct bft *core, struct bft_update *update, enum bft_output_kind kind, uint32_t round,
               const struct hash *value);
void emit_decide(const struct bft *core, struct bft_update *update);
void emit_rejected(struct bft_update *update, const char *reason);

#endif
