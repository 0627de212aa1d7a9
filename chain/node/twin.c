/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/twin.h"

#include <inttypes.h>

static bool later(const struct signer_mark *memory, uint64_t height, uint32_t round, enum signer_step step) {
    if (height != memory->height)
        return height > memory->height;
    if (round != memory->round)
        return round > memory->round;
    return step > memory->step;
}

int twin_check(const struct signer_mark *memory, uint64_t height, uint32_t round, enum signer_step step,
               struct err *err) {
    if (!later(memory, height, round, step))
        return CODE_OK;
    return err_set(err, CODE_CONFLICT,
                   "there is a signature of this validator's key of height %" PRIu64 " round %" PRIu32
                   ", but its memory ends at height %" PRIu64
                   ": another copy of the key runs, or signer.state is an old one; stop the other copy and use its "
                   "signer.state, or, when none runs, start with --takeover-height %" PRIu64 " or above",
                   height, round, memory->height, height);
}

int twin_check_certificate(const struct signer_mark *memory, uint16_t self, const struct certificate *c,
                           struct err *err) {
    for (uint16_t i = 0; self != VALIDATOR_NONE && i < c->n; i++)
        if (c->votes[i].validator == self)
            return twin_check(memory, c->height, c->round, SIGNER_PRECOMMIT, err);
    return CODE_OK;
}
