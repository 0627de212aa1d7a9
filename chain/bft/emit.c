/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/emit.h"

void emit_log(struct bft *core, struct bft_update *update) {
    emit(update, BFT_OUT_LOG);
    core->unsynced = true;
}

void emit_arm(struct bft *core, struct bft_update *update, enum bft_timer_kind kind, uint32_t round,
              uint32_t delay_ms) {
    struct bft_timer timer = {.kind = (uint8_t)kind, .height = core->height, .round = round, .delay_ms = delay_ms};
    core->armed[kind] = timer;
    emit(update, BFT_OUT_ARM)->timer = timer;
}

void emit_cancel(struct bft *core, struct bft_update *update, enum bft_timer_kind kind) {
    if (!core->armed[kind].kind)
        return;
    emit(update, BFT_OUT_CANCEL)->timer = core->armed[kind];
    core->armed[kind].kind = 0;
}

void emit_sign(struct bft *core, struct bft_update *update, const struct bft_sign *sign) {
    if (core->unsynced)
        emit(update, BFT_OUT_SYNC);
    core->unsynced = false;
    core->asked[sign->type] = *sign;
    core->is_asked[sign->type] = true;
    emit(update, BFT_OUT_SIGN)->sign = *sign;
}

void emit_certificate(struct bft_update *update, const struct certificate *certificate) {
    if (certificate->n == 0)
        return;
    for (uint32_t i = 0; i < update->n;
         i++) /* passing two rounds in one step: the first was overwritten by the second */
        if (update->outputs[i].kind == BFT_OUT_SEND && update->outputs[i].send.kind == BFT_SEND_CERTIFICATE &&
            update->outputs[i].send.certificate == certificate)
            return;
    struct bft_output *out = emit(update, BFT_OUT_SEND);
    out->send.kind = BFT_SEND_CERTIFICATE;
    out->send.certificate = certificate;
}

void emit_body(const struct bft *core, struct bft_update *update, enum bft_output_kind kind, uint32_t round,
               const struct hash *value) {
    struct bft_output *out = emit(update, kind);
    out->body.height = core->height;
    out->body.round = round;
    out->body.value = *value;
}

void emit_rejected(struct bft_update *update, const char *reason) {
    emit(update, BFT_OUT_REJECTED)->reason = reason;
}

void emit_decide(const struct bft *core, struct bft_update *update) {
    struct bft_output *out = emit(update, BFT_OUT_DECIDE);
    out->decide.height = core->height;
    out->decide.round = core->commit->round;
    out->decide.value = core->commit->value;
    out->decide.certificate = core->commit;
}
