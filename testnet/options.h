/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_OPTIONS_H
#define CAIRN_TESTNET_OPTIONS_H
/* The command line of cairn-testnet. */
#include "testnet/network.h"

enum { OPTIONS_WORDS_MAX = 4 };

struct options {
    char dir[NETWORK_PATH_MAX]; /* absolute */
    bool dir_given;
    unsigned validators, sps, port_base;
    bool detach, json, hold, remove, full_node; /* the last: --no-bond */
    const char *bond;                           /* NULL: not given */
    uint64_t time_scale;                        /* of a network that is made; 0: not given */
    bool segment_given;
    uint64_t segment;
    const char *words[OPTIONS_WORDS_MAX]; /* what is not an option, after the command */
    size_t word_count;
};

/* argv[2..]; the directory is --dir, else CAIRN_TESTNET_DIR, else one of this user's below the temporary directory. */
int options_parse(int argc, char **argv, struct options *ret, struct err *err);

/* To standard output, as one word for a shell: in quotes when it holds anything that a shell would read otherwise. */
void options_print_quoted(const char *text);

#endif
