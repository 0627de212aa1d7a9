/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_CODE_H
#define CAIRN_CHAIN_BASE_CODE_H
/* The table of error codes (enum code), generated from proto/cairn/code.proto. Unknown numbers are answered as
 * CODE_INTERNAL. */
#include "cairn/code.h"

#include <stdbool.h>

const char *code_name(int code);     /* "NOT_FOUND" */
const char *code_sentence(int code); /* "there is nothing by that name" */
int code_http(int code);             /* HTTP status */
int code_exit(int code);             /* exit status of the CLI, 0..8 */
bool code_retryable(int code);       /* may the same request succeed later */
bool code_known(int code);
int code_from_name(const char *name); /* -1 if there is none */

#endif
