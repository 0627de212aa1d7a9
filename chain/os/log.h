/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_LOG_H
#define CAIRN_CHAIN_OS_LOG_H
/*
 * Structured log lines on stderr (logfmt), one write each:
 *     ts=2026-01-02T03:04:05.678Z level=info mod=node msg="block committed" height=12 txs=3
 *
 *     log_info("node", "block committed", "height=%llu txs=%zu", height, n);
 *
 * msg is a constant sentence; the fields are key=value pairs, values with blanks or from outside quoted by %s of
 * log_quote. Never a key, passphrase, token or payload byte. The function that decides logs, once; libraries that only
 * report errors do not log.
 */
#include "chain/base/err.h"

#include <stdbool.h>

enum log_level { LOG_NONE = -2, LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

/* LOG_NONE: nothing at all, for simulated nodes. Default LOG_INFO; CAIRN_LOG=debug in the environment sets the start
 * value. Thread-safe. */
void log_set_level(enum log_level level);
int log_level_parse(const char *name, enum log_level *ret, struct err *err);
bool log_enabled(enum log_level level);

/* fields may be "" (pass "%s", "" is not needed). Control characters in the line are replaced. */
void log_write(enum log_level level, const char *mod, const char *msg, const char *fields, ...)
    __attribute__((format(printf, 4, 5)));

/* A value in double quotes, with quotes, backslashes and control characters escaped; cut at 255 bytes. */
struct log_text {
    char s[260];
};
struct log_text log_quote(const char *value);

#define log_at(level, mod, msg, ...)                                                                                   \
    do {                                                                                                               \
        if (log_enabled(level))                                                                                        \
            log_write((level), (mod), (msg), __VA_ARGS__);                                                             \
    } while (0)
#define log_error(mod, msg, ...) log_at(LOG_ERROR, mod, msg, __VA_ARGS__)
#define log_warn(mod, msg, ...)  log_at(LOG_WARN, mod, msg, __VA_ARGS__)
#define log_info(mod, msg, ...)  log_at(LOG_INFO, mod, msg, __VA_ARGS__)
#define log_debug(mod, msg, ...) log_at(LOG_DEBUG, mod, msg, __VA_ARGS__)
#define log_trace(mod, msg, ...) log_at(LOG_TRACE, mod, msg, __VA_ARGS__)

#endif
