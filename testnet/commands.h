/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_COMMANDS_H
#define CAIRN_TESTNET_COMMANDS_H
/* One function a command; each answers a code and fills *err. They print what a person asked for to standard output. */
#include "testnet/options.h"

int command_up(const struct options *o, struct err *err);
int command_down(const struct options *o, struct err *err);
int command_status(const struct options *o, struct err *err);
int command_env(const struct options *o, struct err *err);
int command_logs(const struct options *o, struct err *err);
int command_kill(const struct options *o, struct err *err);
int command_start(const struct options *o, struct err *err);
int command_faucet(const struct options *o, struct err *err);
int command_corrupt(const struct options *o, struct err *err);
int command_add_validator(const struct options *o, struct err *err);
int command_mend(const struct options *o, struct err *err);

/* Takes DIR/lock and loads the network; release the lock when done with saving. On failure nothing is held. */
int command_open(const struct options *o, struct file_lock *lock, struct network *net, struct err *err);

#endif
