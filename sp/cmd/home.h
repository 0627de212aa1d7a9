/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_CMD_HOME_H
#define CAIRN_SP_CMD_HOME_H
/*
 * A provider's home directory:
 *
 *     config.yaml       what the operator sets (proto SpConfig), every key with a comment
 *     genesis.json      the trust root; put there by who runs the network
 *     *.key             operator, seal, approval, gc, node: sealed key files, 0600
 *     operator.token    what the operator's routes ask for; new at every start
 *     db/  pieces/      the provider's records and bytes
 *     lock              held by the process that runs on it
 */
#include "cairn/config.h"
#include "chain/base/arena.h"
#include "chain/base/bytes.h"

#include "sp/spdb/stages.h"

#include <limits.h>

struct home {
    char dir[PATH_MAX];
    struct arena arena; /* of the config */
    SpConfig *config;   /* with defaults in place of what was left out; on the arena */
};

/* Opens a home: reads and completes its config. CODE_INVALID_ARGUMENT without a directory, CODE_NOT_FOUND, CODE_CONFIG.
 */
int home_open(struct home *home, const char *dir, struct err *err);
void home_release(struct home *home);

/* DIR/NAME. CODE_INVALID_ARGUMENT when it is too long. */
int home_path(const struct home *home, const char *name, char ret_path[PATH_MAX], struct err *err);

/* Where pieces lie: the config's piece_dir, relative to the home. */
int home_piece_dir(const struct home *home, char ret_path[PATH_MAX], struct err *err);

/* What clients may stage here. */
struct stage_limits home_stage_limits(const struct home *home);

/* What opens the key files: the first line of `file`, or the word of the test keyring for NULL. The caller wipes ret.
 */
int home_passphrase(const char *file, uint8_t *ret, size_t *ret_len, struct err *err);

/* "host:port" apart. CODE_CONFIG. */
int home_split(const char *host_port, char *ret_host, size_t size, uint16_t *ret_port, struct err *err);

/* The ledger's nodes divided by commas, on the arena. */
int home_nodes(struct home *home, const char **ret, struct err *err);

#endif
