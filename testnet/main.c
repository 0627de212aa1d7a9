/* SPDX-License-Identifier: Apache-2.0 */
/* cairn-testnet: makes, starts, watches, breaks and stops a network on this machine. */
#include "testnet/commands.h"

#include <stdio.h>

static const struct command {
    const char *name, *words, *does;
    size_t words_min, words_max;
    int (*run)(const struct options *o, struct err *err);
} commands[] = {
    {"up", "[--validators N] [--sps N] [--port-base P] [--time-scale N] [--detach]",
     "make the network if it is new, start it, wait until it serves", 0, 0, command_up},
    {"status", "[--json]", "who runs, at which height, on which ports", 0, 0, command_status},
    {"env", "", "shell exports for `cairn`: eval \"$(cairn-testnet env)\"", 0, 0, command_env},
    {"logs", "NAME", "print a node's log", 1, 1, command_logs},
    {"kill", "NAME", "kill a node with -9 (\"all\": every node)", 1, 1, command_kill},
    {"start", "NAME", "start a node again (\"all\": every node)", 1, 1, command_start},
    {"faucet", "ADDR AMOUNT", "send coins to an address, for example 5CAIRN", 2, 2, command_faucet},
    {"add-validator", "[--bond AMOUNT] [--no-bond]",
     "start one more node and make it a validator of the key \"owner\"; prints name, address and URL", 0, 0,
     command_add_validator},
    {"corrupt", "SP cairn://BUCKET/KEY [--segment N] [--hold]", "damage the piece that a provider holds", 2, 2,
     command_corrupt},
    {"mend", "SP", "let a held provider repair and answer again", 1, 1, command_mend},
    {"down", "[--remove]", "stop every node (and remove the directory)", 0, 0, command_down},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* "name words", and no blank where there are none. */
static void usage_line(FILE *to, const struct command *c) {
    fprintf(to, "cairn-testnet %s%s%s\n", c->name, *c->words ? " " : "", c->words);
}

static void usage(FILE *to) {
    fprintf(to, "cairn-testnet: a Cairn network on this machine\n\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(to, "  ");
        usage_line(to, &commands[i]);
        fprintf(to, "      %s\n", commands[i].does);
    }
    fprintf(
        to,
        "\nEvery command takes --dir D (else $CAIRN_TESTNET_DIR, else a directory of yours below the temporary one).\n"
        "Ports: validator i p2p P+10i and HTTP P+10i+1; provider j HTTP P+200+10j and p2p P+201+10j; P is 26600.\n");
}

int main(int argc, char **argv) {
    struct options o;
    struct err err;
    err_clear(&err);
    if (argc < 2) {
        usage(stderr);
        return code_exit(CODE_INVALID_ARGUMENT);
    }
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        usage(stdout);
        return 0;
    }
    const struct command *command = NULL;
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i].name, argv[1]))
            command = &commands[i];
    for (int i = 2; command && i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            usage_line(stdout, command);
            printf("    %s; `cairn-testnet help` tells the rest\n", command->does);
            return 0;
        }
    int rc = command
                 ? options_parse(argc, argv, &o, &err)
                 : err_set(&err, CODE_INVALID_ARGUMENT, "there is no command %s; see `cairn-testnet help`", argv[1]);
    if (!rc && (o.word_count < command->words_min || o.word_count > command->words_max))
        rc = err_set(&err, CODE_INVALID_ARGUMENT, "usage: cairn-testnet %s %s", command->name, command->words);
    if (!rc)
        rc = command->run(&o, &err);
    if (rc)
        fprintf(stderr, "cairn-testnet: %s\n", err_text(&err));
    return code_exit(rc);
}
