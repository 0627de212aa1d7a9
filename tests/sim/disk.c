/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include "tests/lib/disk/model_disk.h"

/* The disk of a real node: tests/lib/disk under the shipped chain/wal and chain/signer, dying and failing by the draws
 * of the seed. */

static bool disk_dies(void *ctx, enum disk_call call, bool after, const char *file) {
    static const char *const names[DISK_CALLS][2] = {{"before making a file", "after making a file"},
                                                     {"before a resize", "after a resize"},
                                                     {"before a write", "after a write"},
                                                     {"before a disk sync", "after a disk sync"}};
    (void)file;
    return sim_node_dies_here(ctx, names[call][after]);
}

static int disk_fails(void *ctx, enum disk_call call, const char *file) {
    (void)file;
    return sim_node_disk_fails(ctx, call == DISK_SYNC ? CODE_IO : CODE_DISK_FULL);
}

struct disk *disk_new(struct sim_node *n) {
    return model_disk_new(&(struct model_disk_hooks){.ctx = n, .dies = disk_dies, .fails = disk_fails});
}

void disk_power_cut(struct disk *d, struct rng *r) {
    model_disk_power_cut(d, (enum tail)rng_below(r, TAILS), r);
}

void disk_restart(struct disk *d) {
    model_disk_restart(d);
}
