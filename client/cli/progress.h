/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_CLI_PROGRESS_H
#define CAIRN_CLIENT_CLI_PROGRESS_H
/*
 * What a long command is doing, on standard error: one line that is redrawn on a terminal, one line a finished stage
 * elsewhere, nothing with --quiet or --json. Not thread-safe.
 */
#include "client/cli/cli.h"

struct progress {
    bool shown, live;
    const char *stage; /* static text; NULL: none yet */
    bool bytes;        /* the unit of done and total, else a count */
    uint64_t done, total;
    uint64_t stage_ms, drawn_ms; /* clock_mono_ms */
    uint64_t from;               /* done when the stage was first seen: not counted into the rate */
};

void progress_init(struct progress *p, const struct cli *cli);
/* Where a stage stands. A new stage finishes the one before. */
void progress_step(struct progress *p, const char *stage, bool bytes, uint64_t done, uint64_t total);
/* Finishes the last stage; good: it came to its end. */
void progress_end(struct progress *p, bool good);

#endif
