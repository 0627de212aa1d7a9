/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_CLI_COMMANDS_H
#define CAIRN_CLIENT_CLI_COMMANDS_H
/* One function a verb, in the file of its noun; commands.c has the table. */
#include "client/cli/cli.h"

int cmd_key_add(struct cli *cli, struct err *err);
int cmd_key_list(struct cli *cli, struct err *err);
int cmd_key_show(struct cli *cli, struct err *err);
int cmd_key_export(struct cli *cli, struct err *err);
int cmd_key_import(struct cli *cli, struct err *err);
int cmd_key_delete(struct cli *cli, struct err *err);

int cmd_account_show(struct cli *cli, struct err *err);
int cmd_account_send(struct cli *cli, struct err *err);

int cmd_tx_show(struct cli *cli, struct err *err);
int cmd_tx_wait(struct cli *cli, struct err *err);
int cmd_tx_decode(struct cli *cli, struct err *err);
int cmd_tx_sign(struct cli *cli, struct err *err);
int cmd_tx_broadcast(struct cli *cli, struct err *err);

int cmd_block_show(struct cli *cli, struct err *err);
int cmd_status(struct cli *cli, struct err *err);
int cmd_validators(struct cli *cli, struct err *err);
int cmd_query(struct cli *cli, struct err *err);
int cmd_doctor(struct cli *cli, struct err *err);

#endif
