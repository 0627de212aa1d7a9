/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/draw.h"

void draw_init(struct draw *d, const struct hash *seed, uint8_t stream, uint64_t number) {
    *d = (struct draw){.seed = *seed, .stream = stream, .number = number};
}

uint64_t draw_u64(struct draw *d) {
    if (d->left == 0) {
        struct hasher h;
        hasher_init(&h, DOMAIN_DRAW);
        hasher_add(&h, d->seed.b, sizeof d->seed.b);
        hasher_add(&h, &d->stream, 1);
        hasher_add_u64(&h, d->number);
        hasher_add_u64(&h, d->counter++);
        d->block = hasher_done(&h);
        d->left = sizeof d->block.b / sizeof(uint64_t);
    }
    d->left--;
    return load_be64(d->block.b + d->left * sizeof(uint64_t));
}

static u128 draw_bits(struct draw *d, u128 n) {
    uint64_t low = draw_u64(d);
    return n > UINT64_MAX ? (u128)draw_u64(d) << 64 | low : low;
}

u128 draw_below(struct draw *d, u128 n) {
    u128 top = n > UINT64_MAX ? ~(u128)0 : UINT64_MAX;
    u128 even = top - (top % n + 1) % n; /* the last value of the last whole run of n */
    u128 v = draw_bits(d, n);
    for (int tries = 0; v > even && tries < 64; tries++)
        v = draw_bits(d, n);
    return v % n;
}
