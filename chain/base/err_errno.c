/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int code_of_errno(int errnum) {
    switch (errnum) {
    case 0:
        return CODE_INTERNAL;
    case ENOSPC:
    case EDQUOT:
        return CODE_DISK_FULL;
    case ENOENT:
    case ENOTDIR:
        return CODE_NOT_FOUND;
    case EEXIST:
        return CODE_ALREADY_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return CODE_DENIED;
    case ENOMEM:
        return CODE_NO_MEMORY;
    case EAGAIN:
    case EBUSY:
    case EMFILE:
    case ENFILE:
        return CODE_BUSY;
    case ETIMEDOUT:
        return CODE_TIMEOUT;
    case EINTR:
        return CODE_INTERRUPTED;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPIPE:
        return CODE_UNAVAILABLE;
    case EINVAL:
    case ENAMETOOLONG:
        return CODE_INVALID_ARGUMENT;
    default:
        return CODE_IO;
    }
}

int err_errno(struct err *err, int errnum, const char *fmt, ...) {
    int code = code_of_errno(errnum);
    if (!err)
        return code;
    char text[ERR_MSG_MAX / 2], reason[128];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(err, code, "%s: %s", text, strerror_r(errnum, reason, sizeof reason));
}
