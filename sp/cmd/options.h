/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_CMD_OPTIONS_H
#define CAIRN_SP_CMD_OPTIONS_H
/* What was typed: one of the commands of a table, its words, its options. */
#include "chain/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTIONS_WORDS_MAX = 8, OPTIONS_FLAGS_MAX = 32 };

struct options;

struct command {
    const char *name;  /* "task list" */
    const char *words; /* "OBJECT_ID VERSION POSITION SEGMENT" */
    size_t words_min, words_max;
    const char *flags; /* names it takes beside --home, divided by blanks */
    const char *does;  /* one sentence */
    int (*run)(const struct options *options, struct err *err);
};

struct options {
    const struct command *command;
    const char *home; /* --home, else $CAIRN_SP_HOME; NULL when neither */
    const char *words[OPTIONS_WORDS_MAX];
    size_t word_count;
    struct {
        const char *name, *value;
    } flags[OPTIONS_FLAGS_MAX];
    size_t flag_count;
};

/* Finds the command and takes argv apart; command NULL: help was asked for. CODE_INVALID_ARGUMENT. Borrows argv. */
int options_parse(struct options *ret, const struct command *commands, size_t count, int argc, char **argv,
                  struct err *err);
void options_help(const struct command *commands, size_t count);

/* The last value given, or def. */
const char *options_value(const struct options *options, const char *flag, const char *def);
/* The i-th value given of an option that may be repeated; NULL behind the last. */
const char *options_nth(const struct options *options, const char *flag, size_t i);
/* A number in [lo, hi], def when not given. CODE_INVALID_ARGUMENT. */
int options_u64(const struct options *options, const char *flag, uint64_t def, uint64_t lo, uint64_t hi, uint64_t *ret,
                struct err *err);
/* The i-th word as a number. */
int options_word_u64(const struct options *options, size_t i, const char *what, uint64_t *ret, struct err *err);

#endif
