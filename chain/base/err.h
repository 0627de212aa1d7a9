/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_ERR_H
#define CAIRN_CHAIN_BASE_ERR_H
/*
 * Errors: a code for the program, a bounded sentence for the person. A function that can fail returns a code (CODE_OK =
 * 0) and takes a struct err as its last argument, which may be NULL. Library code never prints.
 *
 *     return err_set(err, CODE_NOT_FOUND, "bucket %s does not exist; `cairn bucket ls` lists yours", name);
 */
#include "chain/base/code.h"

#include <stdarg.h>

#define ERR_MSG_MAX 512

struct err {
    int code;              /* enum code */
    char msg[ERR_MSG_MAX]; /* one sentence, NUL-terminated, cut when too long; no newline */
};

/* Fills *err (if not NULL) and returns code, which must not be CODE_OK. Control characters in the text become '?'. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_vset(struct err *err, int code, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

/* Puts "context: " before the message that is there and returns code (what the failed call returned).
 *     rc = file_read(path, ...); if (rc) return err_wrap(err, rc, "genesis"); */
int err_wrap(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A code from errno (ENOSPC -> CODE_DISK_FULL, ENOENT -> CODE_NOT_FOUND ...); the text of errno is appended to the
 * message. */
int err_errno(struct err *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int code_of_errno(int errnum);

/* Makes *err say CODE_OK and nothing else. */
void err_clear(struct err *err);

/* err's message, or the code's own sentence when there is none. Never NULL. Borrowed from err. */
const char *err_text(const struct err *err);

#endif
