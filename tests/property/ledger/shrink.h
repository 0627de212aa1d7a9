/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_PROPERTY_LEDGER_SHRINK_H
#define CAIRN_TESTS_PROPERTY_LEDGER_SHRINK_H
/* Leaves out messages and blocks of a life that fails, as long as it fails alike. */
#include "tests/property/ledger/run.h"

#define FAILURE_MAX 480

struct outcome {
    bool failed;
    char failure[FAILURE_MAX]; /* the first words of what was wrong */
    struct report report;
};

/* Lives it in a process of its own: whatever happens there is an outcome. patience: processor seconds. */
void life_try(const struct life *life, bool trace, unsigned patience, struct outcome *ret);

/* Changes life to less of it that still fails with the same words (numbers aside); *tries counts lives. */
void life_shrink(struct life *life, const char *failure, unsigned patience, unsigned *ret_tries);

/* A life's messages that are left, a line a block: "block 12: 3 create_group, 5 put_policy". */
void life_print(const struct life *life, FILE *out);
/* As a script that life_load takes: the seed, and what is left of it. */
void life_save(const struct life *life, FILE *out);
bool life_load(FILE *in, struct life *ret);

#endif
