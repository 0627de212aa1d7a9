/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_CMD_CMD_H
#define CAIRN_CHAIN_CMD_CMD_H
/* The commands of cairnd. Each takes its arguments behind the command's name and returns the exit status; *err is what
 * main prints. */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/crypto/key.h"
#include "chain/os/file.h"
#include "chain/store/store.h"

#include "cairn/config.h"
#include "cairn/genesis.h"

/* Options of the form --name VALUE (or --name=VALUE), each at most `max` times. */
struct cmd_option {
    const char *name; /* without the dashes */
    bool flag;        /* takes no value */
    bool needed;
    const char *value; /* set by cmd_options; "" for a flag that is given; NULL: not given */
};

/* Takes all arguments; CODE_INVALID_ARGUMENT with a sentence for what is unknown, repeated or missing. */
int cmd_options(int argc, char **argv, struct cmd_option *options, size_t n, struct err *err);

/* What a home holds. Paths are joined with the home; everything else lies on the arena. */
struct home {
    char dir[4096];
    char data[4096];
    struct arena arena;
    const NodeConfig *config;
    const Genesis *genesis;
    struct bytes genesis_text;
    struct hash chain_tag;
    struct seckey node_key, validator_key;
    bool validator; /* there is a validator.key */
    struct hash reveal_secret;
};

/* Reads config, genesis and keys of the home. CODE_NOT_FOUND with what is missing and how to make it. */
int home_open(struct home *h, const char *dir, struct err *err);
void home_release(struct home *h); /* wipes the keys */
/* A home whose node is stopped, and its store; CODE_LOCKED when it is not. stopped_close in any case. */
struct stopped {
    struct home home;
    bool opened;
    struct file_lock lock;
    struct store *store;
    struct store_view *view; /* the command's; closed with it */
};
int stopped_open(struct stopped *s, const char *dir, struct err *err);
void stopped_close(struct stopped *s);

/* Reads an export into an empty store. *ret_height is its height. CODE_MALFORMED, CODE_INTEGRITY with the line;
 * CODE_NOT_FOUND: for_node, and it has only the state. */
int export_read(const char *path, struct store *s, bool for_node, uint64_t *ret_height, struct err *err);

/* "<home>/name". */
int home_path(const char *dir, const char *name, char *ret, size_t size, struct err *err);

int cmd_init(int argc, char **argv, struct err *err);
int cmd_genesis(int argc, char **argv, struct err *err);
int cmd_start(int argc, char **argv, struct err *err);
int cmd_show(int argc, char **argv, struct err *err);
int cmd_export(int argc, char **argv, struct err *err);
int cmd_import(int argc, char **argv, struct err *err);
int cmd_digest(int argc, char **argv, struct err *err);
int cmd_diff_state(int argc, char **argv, struct err *err);
int cmd_check(int argc, char **argv, struct err *err);
int cmd_check_config(int argc, char **argv, struct err *err);
int cmd_quarantine(int argc, char **argv, struct err *err);
int cmd_validator_proof(int argc, char **argv, struct err *err);
int cmd_wal_mend(int argc, char **argv, struct err *err);

#endif
