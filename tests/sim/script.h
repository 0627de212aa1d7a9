/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_SCRIPT_H
#define CAIRN_TESTS_SIM_SCRIPT_H
/*
 * A script: a seed, its limits, and the events that do not happen. What `--shrink` writes and `--script` plays.
 *
 *     # what it showed, and when
 *     seed 77
 *     only validators=4,loss=0
 *     mute 12-40 44 60-99
 *     mutant lock_dropped
 *
 * Events are numbered from 0 in the order in which they happen. Muted are messages before the calm (as if lost), new
 * transactions, ticks of liars and of faults; all others happen, whatever a script says. On sound code a script passes;
 * with the mutants that it names it must fail (tests/sim/mutants/run plays it so): a script that does not is blunt, as
 * the simulator draws otherwise now, and has to be shrunk anew.
 */
#include "tests/sim/sim.h"

#define MUTES_MAX 4096

/* Ranges [from, to), ascending, apart. */
struct mutes {
    uint32_t n;
    struct {
        uint64_t from, to;
    } at[MUTES_MAX];
};

/* `m` may be NULL: none. */
bool mutes_has(const struct mutes *m, uint64_t event);
/* Adds [from, to). False: there are too many ranges. */
bool mutes_add(struct mutes *m, uint64_t from, uint64_t to);
/* Forgets what lies behind `end`. */
void mutes_cut(struct mutes *m, uint64_t end);
/* How many events that are. */
uint64_t mutes_count(const struct mutes *m);

/* Whether this event may fail to happen without any node being at fault. */
bool script_may_mute(const struct sim *s, const struct sim_event *e);

/* Reads a script; `options->mutes` is set to `mutes`. False: not a script; says why on standard error. */
bool script_read(const char *path, struct options *options, struct mutes *mutes);
/* Writes one; `why` becomes its first line. */
bool script_write(const char *path, const struct options *options, const char *why);

#endif
