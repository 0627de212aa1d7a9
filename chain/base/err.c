/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/err.h"

#include "chain/base/bytes.h"

#include <stdio.h>
#include <string.h>

/* Sentences go into JSON, logs and the ledger's results, which take nothing but UTF-8: a character that a precision or
 * the end of the buffer cut is no more. */
static void clean(char *s) {
    for (size_t left = strlen(s), n; left; s += n, left -= n) {
        n = utf8_len((const uint8_t *)s, left);
        if (n == 0 || (unsigned char)*s < 0x20 || *s == 0x7f) {
            *s = '?';
            n = 1;
        }
    }
}

int err_vset(struct err *err, int code, const char *fmt, va_list ap) {
    if (!err)
        return code;
    char text[ERR_MSG_MAX]; /* an argument may be err->msg itself */
    (void)vsnprintf(text, sizeof text, fmt, ap);
    clean(text);
    err->code = code;
    memcpy(err->msg, text, sizeof text);
    return code;
}

int err_set(struct err *err, int code, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    err_vset(err, code, fmt, ap);
    va_end(ap);
    return code;
}

int err_wrap(struct err *err, int code, const char *fmt, ...) {
    if (!err)
        return code;
    char text[ERR_MSG_MAX], both[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    clean(text);
    size_t n = strlen(text), room = sizeof both - 1 - n;
    const char *inner = err->code == code && err->msg[0] ? err->msg : code_sentence(code);
    memcpy(both, text, n);
    both[n] = 0;
    if (room > 2) {
        size_t m = strlen(inner);
        m = m < room - 2 ? m : room - 2;
        both[n] = ':';
        both[n + 1] = ' ';
        memcpy(both + n + 2, inner, m);
        both[n + 2 + m] = 0;
        clean(both);
    }
    err->code = code;
    memcpy(err->msg, both, strlen(both) + 1);
    return code;
}

void err_clear(struct err *err) {
    if (!err)
        return;
    err->code = CODE_OK;
    err->msg[0] = 0;
}

const char *err_text(const struct err *err) {
    return err->msg[0] ? err->msg : code_sentence(err->code);
}
