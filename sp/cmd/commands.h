/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_CMD_COMMANDS_H
#define CAIRN_SP_CMD_COMMANDS_H
/* One function a command; each returns a code with *err filled. */
#include "sp/cmd/options.h"

int command_init(const struct options *options, struct err *err);
int command_start(const struct options *options, struct err *err);
int command_check_config(const struct options *options, struct err *err);
int command_possession(const struct options *options, struct err *err);
int command_new_key(const struct options *options, struct err *err);
int command_adopt_key(const struct options *options, struct err *err);
int command_inspect(const struct options *options, struct err *err);
int command_piece_path(const struct options *options, struct err *err);

/* These ask the provider that runs, with the operator's token. */
int command_status(const struct options *options, struct err *err);
int command_hold(const struct options *options, struct err *err);
int command_release(const struct options *options, struct err *err);
int command_task_list(const struct options *options, struct err *err);
int command_scrub_start(const struct options *options, struct err *err);
int command_scrub_status(const struct options *options, struct err *err);
int command_gc_start(const struct options *options, struct err *err);
int command_gc_status(const struct options *options, struct err *err);

#endif
