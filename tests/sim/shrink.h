/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_SHRINK_H
#define CAIRN_TESTS_SIM_SHRINK_H
/* Makes a failing seed small: options one after another to nothing or half, then events left out, in ever smaller
 * pieces, as long as the same check fails. */
#include "tests/sim/run.h"
#include "tests/sim/script.h"

struct shrunk {
    struct options options; /* its mutes point to the ones below */
    struct mutes mutes;
    struct outcome outcome; /* of the small run */
    uint32_t runs;
    uint64_t events_before;
};

/* False: the seed does not fail. At most `runs_max` runs. */
bool shrink(const struct options *options, unsigned patience_s, uint32_t runs_max, struct shrunk *ret);

#endif
