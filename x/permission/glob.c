/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/glob.h"

#include <string.h>

/* The character after the one that s points at, which must not be the NUL. */
static const char *char_next(const char *s) {
    do
        s++;
    while (((unsigned char)*s & 0xc0u) == 0x80u);
    return s;
}

/* Greedy with one point to come back to: a later star makes an earlier one's choice irrelevant, because whatever the
 * earlier star could still take, the later one can take as well. */
bool glob_match(const char *pattern, const char *name) {
    const char *star = NULL; /* the pattern behind the last star */
    const char *from = NULL; /* where in the name that star's rest begins */
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (*pattern == '?') {
            pattern++;
            name = char_next(name);
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            from = char_next(from);
            name = from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

int glob_check(const char *pattern, struct err *err) {
    size_t len = strlen(pattern);
    if (len == 0)
        return err_set(err, CODE_POLICY_STATEMENT,
                       "a resource pattern is empty; leave the list empty to mean everything");
    if (len > GLOB_LEN_MAX)
        return err_set(err, CODE_POLICY_STATEMENT, "a resource pattern has %zu bytes; at most %d are allowed", len,
                       GLOB_LEN_MAX);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)pattern[i] < 0x20 || pattern[i] == 0x7f)
            return err_set(err, CODE_POLICY_STATEMENT, "a resource pattern has a control character at byte %zu", i);
        if (pattern[i] == '*' && pattern[i + 1] == '*')
            return err_set(err, CODE_POLICY_STATEMENT, "resource pattern %s has two stars in a row; one says the same",
                           pattern);
    }
    return CODE_OK;
}
