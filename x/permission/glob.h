/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_GLOB_H
#define CAIRN_X_PERMISSION_GLOB_H
/*
 * Patterns over object names: '*' stands for any run of characters (also none, also slashes), '?' for one character (a
 * UTF-8 code point), everything else for itself; there is no escape. Matching goes back to the last star only, so it
 * takes at most name length x pattern length steps; x/permission/statement.h bounds the bytes of all patterns of a
 * policy.
 */
#include "chain/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define GLOB_LEN_MAX 512 /* bytes of one pattern; longer ones are refused where they are stored */

/* True when the whole name matches the whole pattern. Both must be valid UTF-8. */
bool glob_match(const char *pattern, const char *name);

/* May this be stored as a pattern: 1..GLOB_LEN_MAX bytes, no control characters, no run of two stars.
 * CODE_POLICY_STATEMENT says which. */
int glob_check(const char *pattern, struct err *err);

#endif
