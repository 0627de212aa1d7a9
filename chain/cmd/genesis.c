/* SPDX-License-Identifier: Apache-2.0 */
/* cairnd genesis: a genesis with the default parameters and nobody in it. */
#include "chain/cmd/cmd.h"

#include "chain/base/limits.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "x/params/defaults.h"

#include <stdio.h>

int cmd_genesis(int argc, char **argv, struct err *err) {
    struct cmd_option o[] = {{.name = "chain-id", .needed = true}, {.name = "development", .flag = true}};
    int rc = cmd_options(argc, argv, o, sizeof o / sizeof *o, err);
    if (rc != CODE_OK)
        return rc;
    if (o[0].value[0] == '\0' || strlen(o[0].value) > CHAIN_ID_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "--chain-id has 1 to %d characters", CHAIN_ID_MAX);
    struct default_params defaults;
    params_defaults(&defaults, o[1].value != NULL);
    Genesis genesis = GENESIS__INIT;
    genesis.version = 1;
    genesis.chain_id = pb_text(o[0].value);
    genesis.time = clock_real_ms();
    genesis.params = &defaults.params;
    struct arena arena;
    arena_init(&arena, 4 * MIB);
    const char *text = NULL;
    rc = json_print_pb(&genesis, true, &arena, &text, err);
    if (rc == CODE_OK)
        printf("%s", text);
    arena_release(&arena);
    return rc;
}
