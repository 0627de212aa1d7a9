/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_OPTIONS_H
#define CAIRN_TESTS_SIM_OPTIONS_H
/*
 * What a seed draws, as numbers with names. A run is a seed, which draws every option, and limits, which set some of
 * them otherwise: by `--only` for people, one by one for the shrinker. What happens then is drawn from streams of their
 * own (one a subject), so that a fault that is off shifts no other.
 *
 *     --only full                  seeds of this kind, otherwise as drawn
 *     --only loss,crash            no faults but these
 *     --only validators=4,loss=0   these as given, otherwise as drawn
 *     --only small,twin,faults_ms=5000
 *
 * The first name of a fault turns off every fault that is not named. `name=value` alone turns nothing off.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
    KIND_SMALL, /* the shipped core and driver over models of disk, signer and ledger */
    KIND_REAL,  /* as small, with the shipped log, signer and keys on a model disk */
    KIND_FULL,  /* nodes are all that cairnd is, but for threads, sockets and files */
    KINDS,
};

/* name, class, off, what it is. Off: the value of a fault that does not happen, the least of a shape. */
#define OPTIONS(X)                                                                                                     \
    X(kind, SHAPE, 0, "small, real or full")                                                                           \
    X(validators, SHAPE, 1, "how many")                                                                                \
    X(skewed, SHAPE, 0, "powers of 1 to 10 instead of equal ones")                                                     \
    X(heartbeat_ms, SHAPE, 0, "an empty block is due after that")                                                      \
    X(interval_ms, SHAPE, 0, "between two blocks at least")                                                            \
    X(faults_ms, SHAPE, 1000, "faults stop after that")                                                                \
    X(load, SHAPE, 0, "transactions that come at once, at most")                                                       \
    X(observer, SHAPE, 0, "a node that is no validator follows")                                                       \
    X(joiners, SHAPE, 0, "nodes that may become validators: full seeds only")                                          \
    X(valset, SHAPE, 0, "of the transactions, per cent: bonds in and out; full seeds only")                            \
    X(snapshots, SHAPE, 0, "one every so many heights, and who is new joins by one; full seeds only")                  \
    X(chunks, SHAPE, 0, "of a snapshot, about, as the state is made large: full seeds only")                           \
    X(pruned, SHAPE, 0, "of four nodes one keeps only so many blocks: full seeds only")                                \
    X(downtime, SHAPE, 0,                                                                                              \
      "who signs less than half of 10 heights is jailed, when nobody lies: full seeds with valset only")               \
    X(lost_ledger, FAULT, 0, "of crashes, per cent, that one loses its ledger in: full seeds only")                    \
    X(delay_min, FAULT, 0, "of every message, ms")                                                                     \
    X(delay_mean, FAULT, 1, "on top of it, ms")                                                                        \
    X(loss, FAULT, 0, "of messages, per mille")                                                                        \
    X(duplicate, FAULT, 0, "messages, per mille")                                                                      \
    X(partition, FAULT, 0, "chance a tick of 100 ms, per mille")                                                       \
    X(dead, FAULT, 0, "links that never are, per mille; honest nodes stay connected by others")                        \
    X(clog, FAULT, 0, "chance a tick that one link, one way, gives nothing for seconds, per mille")                    \
    X(drift, FAULT, 0, "timers run faster or slower by up to that, per mille")                                         \
    X(skew_ms, FAULT, 0, "clocks are apart by up to that, and step")                                                   \
    X(crash, FAULT, 0, "of one node, or all: chance a tick, per mille")                                                \
    X(crash_inside, FAULT, 0, "at any call into the environment, per 100,000")                                         \
    X(gone, FAULT, 0, "when the faults stop, a minority is gone for good")                                             \
    X(disk_fails, FAULT, 0, "writes and syncs that fail, per 100,000")                                                 \
    X(ledger_ms, FAULT, 0, "building and judging take up to that")                                                     \
    X(forgetful, FAULT, 0, "hosts do not hold bodies of the next height")                                              \
    X(silent, FAULT, 0, "validators that say nothing")                                                                 \
    X(twin, FAULT, 0, "validators that run twice with one key")                                                        \
    X(amnesiac, FAULT, 0, "validators that lose log and signer again and again")                                       \
    X(scripted, FAULT, 0, "validators that follow no rules")                                                           \
    X(fork, FAULT, 0, "liars have more than a third: agreement may break, and then proves who lied")                   \
    X(garbage, FAULT, 0, "they send bytes that are no frames, too")                                                    \
    X(bad_txs, FAULT, 0, "of the transactions, per cent: full seeds only")                                             \
    X(gov, FAULT, 0,                                                                                                   \
      "they propose other parameters, and vote, as often as transactions come, per cent: full seeds only")             \
    X(upgrade, FAULT, 0, "with gov: they vote for other rules, too, which some programs do not know")

struct drawn {
#define FIELD(name, class, off, says) uint32_t name;
    OPTIONS(FIELD)
#undef FIELD
};

enum option {
#define NUMBER(name, class, off, says) OPTION_##name,
    OPTIONS(NUMBER)
#undef NUMBER
        OPTIONS_N
};

enum option_class { SHAPE, FAULT };

struct option_row {
    const char *name, *says;
    enum option_class class;
    uint32_t off;
};

extern const struct option_row option_rows[OPTIONS_N];

uint32_t option_get(const struct drawn *d, enum option o);
void option_set(struct drawn *d, enum option o, uint32_t value);

/* What the draws are replaced by. */
struct limits {
    bool fixed[OPTIONS_N];
    uint32_t value[OPTIONS_N];
};

/* Reads what stands after --only into `l`, beside what is in there already. False, with the reason: what is wrong. */
bool limits_parse(struct limits *l, const char *text, char *ret_why, size_t why_len);
/* The text that limits_parse reads; "" when nothing is limited. */
const char *limits_print(const struct limits *l, char *text, size_t len);
void limits_apply(const struct limits *l, struct drawn *d);

/* Something smaller to try when shrinking: off first, then half the way, again and again with the same `value` until it
 * answers false. `tries` counts from 0. */
bool option_smaller(enum option o, uint32_t value, unsigned tries, uint32_t *ret);

/* All that is drawn in one line: name=value, without what is off. */
const char *drawn_print(const struct drawn *d, char *text, size_t len);

#endif
