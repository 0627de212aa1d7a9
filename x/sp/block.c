/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/block.h"

#include "x/sp/life.h"
#include "x/sp/placement.h"
#include "x/sp/takeover.h"

static uint64_t closings_cap(const struct ctx *ctx) {
    return u64_max(ctx->params->sp->closings_per_block, 1);
}

/* Providers a block; of each, so many groups as vacancies_per_block says. */
static uint64_t markings_cap(const struct ctx *ctx) {
    (void)ctx;
    return 4;
}

const struct hook sp_end_hooks[SP_END_HOOKS] = {
    {.name = "sp.maintenance", .cap = closings_cap, .module = KEY_SP, .queue = 'u', .due = maintenance_due},
    {.name = "sp.reservations", .cap = closings_cap, .module = KEY_SP, .queue = 'q', .due = takeover_due},
    {.name = "sp.marking", .cap = markings_cap, .module = KEY_SP, .queue = 'x', .due = marking_due},
    {.name = "sp.empty_groups", .cap = closings_cap, .module = KEY_SP, .queue = 'e', .due = placement_empty_due},
};
