/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd: the ledger node. Joins the engine (chain/node), its interface (chain/rpc) and the rules (x/app). */
#include "chain/cmd/cmd.h"
#include "chain/cmd/version.h"

#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv, struct err *err);
    const char *args, *what;
} commands[] = {
    {"init", cmd_init, "--home DIR [--moniker NAME] [--p2p HOST:PORT] [--http HOST:PORT] [--full-node]",
     "makes a home with keys and config; prints what a genesis needs"},
    {"genesis", cmd_genesis, "--chain-id ID [--development]", "prints a genesis with default parameters"},
    {"start", cmd_start, "--home DIR [--takeover-height H]",
     "runs the node; with H its key signs nothing up to that height: for a key whose signer.state is lost or old"},
    {"show-node-id", cmd_show, "--home DIR", "prints ids and chain tag"},
    {"check-config", cmd_check_config, "--home DIR", "prints the config as it will be used"},
    {"validator-proof", cmd_validator_proof, "--home DIR --operator ADDR [--name TEXT]",
     "prints what `cairn validator create` needs to make a validator of this home's key"},
    {"export", cmd_export, "--home DIR [--state-only]",
     "prints the state, and what a node needs to start from it, as JSON (node stopped)"},
    {"import", cmd_import, "--home DIR --from FILE",
     "fills an empty home from an export; - reads standard input (node stopped)"},
    {"digest", cmd_digest, "--home DIR | --url URL [--height H]", "prints a digest of what each module keeps"},
    {"diff-state", cmd_diff_state, "A B [--height H] [--max N]",
     "prints where two states differ; A, B: a home (node stopped), an export, or http://HOST:PORT"},
    {"check", cmd_check, "--home DIR", "recomputes the app hash from the state (node stopped)"},
    {"quarantine", cmd_quarantine, "show|clear --home DIR [--resync]",
     "says why a node only answers reads; takes that mark away, with --resync also its ledger (node stopped)"},
    {"wal-mend", cmd_wal_mend, "--home DIR",
     "cuts a damaged durability log behind its last good record (node stopped)"},
};

static int help(void) {
    printf("cairnd " CAIRND_VERSION ": a node of the Cairn ledger\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  cairnd %s %s\n      %s\n", commands[i].name, commands[i].args, commands[i].what);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return help();
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
        printf("cairnd " CAIRND_VERSION "\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        struct err err;
        err_clear(&err);
        int rc = commands[i].run(argc - 2, argv + 2, &err);
        if (rc != CODE_OK)
            fprintf(stderr, "cairnd %s: %s\n", argv[1], err_text(&err));
        return rc == CODE_OK ? 0 : code_exit(rc);
    }
    fprintf(stderr, "cairnd: there is no command %s; see cairnd help\n", argv[1]);
    return 2;
}
