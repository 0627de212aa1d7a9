/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

/* Blocks are known to the whole simulation by their id; which node holds which body is the node's own matter. */
uint32_t sim_block_new(struct sim *s, uint64_t height, const struct hash *parent, uint64_t time, uint32_t txs_from,
                       uint32_t txs_end, bool broken) {
    if (s->blocks_n == BLOCKS_MAX) {
        check_fail(s, "more than %d blocks were built", BLOCKS_MAX);
        return 0;
    }
    uint32_t index = s->blocks_n++;
    struct sim_block *b = &s->blocks[index];
    *b = (struct sim_block){.height = height,
                            .parent = *parent,
                            .time = time,
                            .txs_end = txs_end,
                            .txs = txs_end - txs_from,
                            .broken = broken};
    uint64_t h = mix64(s->options.seed ^ mix64(index + 1) ^ mix64(height << 32 ^ time) ^ load_le64(parent->b + 8));
    for (size_t i = 0; i < sizeof b->id.b; i += 8)
        store_le64(b->id.b + i, h = mix64(h + i));
    store_be32(b->id.b, index + 1);
    return index;
}

uint32_t sim_block_find(const struct sim *s, const struct hash *id) {
    uint32_t index = load_be32(id->b) - 1;
    return index < s->blocks_n && hash_eq(&s->blocks[index].id, id) ? index : UINT32_MAX;
}

/* What a ledger would say of the body, given the committed parent. parent NULL: genesis. */
bool sim_block_is_valid(const struct sim *s, uint32_t block, uint64_t height, const struct sim_block *parent) {
    const struct sim_block *b = &s->blocks[block];
    static const struct hash none;
    if (b->broken || b->height != height || !hash_eq(&b->parent, parent ? &parent->id : &none))
        return false;
    if (!parent)
        return true;
    if (b->time <= parent->time || b->txs_end - b->txs != parent->txs_end)
        return false;
    /* An empty block only after one with transactions, or when the heartbeat has passed. */
    return b->txs > 0 || parent->txs > 0 || b->time >= parent->time + s->drawn.heartbeat_ms;
}
