/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTNET_PROCESS_H
#define CAIRN_TESTNET_PROCESS_H
/*
 * Processes that outlive us. A pid alone may be somebody else's by now: with the kernel's start time beside it, it
 * names exactly the process that we started, and nothing else is ever signalled.
 */
#include "chain/base/bytes.h"

#include <sys/types.h>

/* Starts argv[0] (a path) in a session of its own, input from /dev/null, output appended to log_path. The parent may
 * exit and the process goes on. */
int process_start(const char *const argv[], const char *log_path, pid_t *ret_pid, uint64_t *ret_start_ticks,
                  struct err *err);

/* Runs argv to its end and gives what it wrote to its standard output (appended to ret_output, may be NULL: shared with
 * ours). A non-zero exit is CODE_INTERNAL with the last line of its standard error; ret_status (may be NULL) gets it.
 */
int process_run(const char *const argv[], struct buf *ret_output, int *ret_status, struct err *err);

/* True while that very process runs (a zombie does not count). */
bool process_alive(pid_t pid, uint64_t start_ticks);

/* Sends the signal if that very process is still there; waits until it is gone, at most wait_ms (0: does not wait).
 * True when it is gone. */
bool process_end(pid_t pid, uint64_t start_ticks, int signal, unsigned wait_ms);

/* The path of another program of ours, which lies beside this one. */
int process_sibling(const char *program, char *ret_path, size_t ret_size, struct err *err);

#endif
