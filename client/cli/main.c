/* SPDX-License-Identifier: Apache-2.0 */
/* cairn: keys, signed transactions, objects. */
#include "chain/os/log.h"
#include "client/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* With --json an error is JSON too, on standard error, so that programs can read it. */
static void print_error(const struct cli *cli, int rc, const struct err *err) {
    json_t *body = cli->json ? json_pack("{s:s, s:i, s:s, s:b}", "error", code_name(rc), "code", rc, "message",
                                         err_text(err), "retryable", code_retryable(rc))
                             : NULL;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (text)
        fprintf(stderr, "%s\n", text);
    else
        fprintf(stderr, "cairn: %s\n", err_text(err));
    free(text);
    json_decref(body);
}

int main(int argc, char **argv) {
    struct err err;
    struct cli *cli = calloc(1, sizeof *cli);
    if (!cli)
        return code_exit(CODE_NO_MEMORY);
    err_clear(&err);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    log_set_level(LOG_ERROR);
    int rc = cli_parse(cli, argc, argv, &err);
    if (!rc && cli->command)
        rc = cli->command->run(cli, &err);
    if (!rc && fflush(stdout))
        rc = err_set(&err, CODE_IO, "cannot write to standard output");
    if (rc)
        print_error(cli, rc, &err);
    cli_release(cli);
    free(cli);
    return code_exit(rc);
}
