/* SPDX-License-Identifier: Apache-2.0 */
/* cairn-sp: a storage provider. */
#include "chain/base/code.h"
#include "sp/cmd/commands.h"

#include <signal.h>
#include <stdio.h>

static const struct command commands[] = {
    {"init", "", 0, 0,
     "--sp-id --moniker --http --p2p --ledger --endpoint --p2p-endpoint --funding --deposit --store-price --read-price "
     "--free-read-quota --free-read-once --capacity --passphrase-file",
     "makes a home: keys and config.yaml; prints the provider's record for the genesis", command_init},
    {"start", "", 0, 0, "--passphrase-file", "runs the provider until SIGTERM", command_start},
    {"possession", "", 0, 0, "--passphrase-file",
     "prints the keys with their signatures that they are this operator's, for `cairn sp register`",
     command_possession},
    {"new-key", "seal|approval|gc|node", 1, 1, "--passphrase-file",
     "makes the next key of this use and prints it for `cairn sp edit --keys`", command_new_key},
    {"adopt-key", "seal|approval|gc|node", 1, 1, "--passphrase-file",
     "puts the next key into the place of the present one, after the ledger has it", command_adopt_key},
    {"check-config", "", 0, 0, "--passphrase-file",
     "prints the effective configuration and probes clock, disk, keys, ledger and balance", command_check_config},
    {"status", "", 0, 0, "", "how the running provider is", command_status},
    {"inspect", "FILE", 1, 1, "", "reads and verifies a piece file", command_inspect},
    {"piece-path", "OBJECT_ID VERSION POSITION SEGMENT", 4, 4, "", "prints the path of a piece's file",
     command_piece_path},
    {"hold", "OBJECT_ID", 1, 1, "", "no scrub, rebuild or challenge answer for this object until released",
     command_hold},
    {"release", "[OBJECT_ID]", 0, 1, "", "ends a hold, or all of them", command_release},
    {"task list", "", 0, 0, "", "what waits to be done, and what is being done", command_task_list},
    {"scrub start", "", 0, 0, "", "begins a round of the scrubber now", command_scrub_start},
    {"scrub status", "", 0, 0, "", "what the scrubber has found", command_scrub_status},
    {"gc start", "", 0, 0, "", "compares what is held with what the ledger says, now", command_gc_start},
    {"gc status", "", 0, 0, "", "what waits to be removed", command_gc_status},
};

int main(int argc, char **argv) {
    struct options options;
    struct err err;
    err_clear(&err);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    int rc = options_parse(&options, commands, sizeof commands / sizeof *commands, argc, argv, &err);
    if (!rc && !options.command)
        options_help(commands, sizeof commands / sizeof *commands);
    else if (!rc)
        rc = options.command->run(&options, &err);
    if (!rc && fflush(stdout))
        rc = err_set(&err, CODE_IO, "cannot write to standard output");
    if (rc)
        fprintf(stderr, "cairn-sp: %s\n", err_text(&err));
    return code_exit(rc);
}
