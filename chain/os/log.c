/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/log.h"
#include "chain/base/limits.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
static atomic_int level_now = -1;

static int level(void) {
    int l = atomic_load_explicit(&level_now, memory_order_relaxed);
    if (l != -1)
        return l;
    enum log_level from_env = LOG_INFO;
    const char *env = getenv("CAIRN_LOG");
    if (env)
        (void)log_level_parse(env, &from_env, NULL);
    atomic_store(&level_now, (int)from_env);
    return (int)from_env;
}

void log_set_level(enum log_level l) {
    atomic_store(&level_now, (int)l);
}

int log_level_parse(const char *name, enum log_level *ret, struct err *err) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            *ret = (enum log_level)i;
            return CODE_OK;
        }
    return err_set(err, CODE_INVALID_ARGUMENT, "'%.32s' is not a log level; use error, warn, info, debug or trace",
                   name);
}

bool log_enabled(enum log_level l) {
    return (int)l <= level();
}

struct log_text log_quote(const char *value) {
    struct log_text t;
    size_t n = 0;
    t.s[n++] = '"';
    for (; *value && n < sizeof t.s - 4; value++) {
        unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\')
            t.s[n++] = '\\';
        t.s[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    t.s[n++] = '"';
    t.s[n] = 0;
    return t;
}

void log_write(enum log_level l, const char *mod, const char *msg, const char *fields, ...) {
    char line[LOG_LINE_MAX], when[32];
    struct timespec now;
    struct tm tm;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
    int head = snprintf(line, sizeof line - 1, "ts=%s.%03ldZ level=%s mod=%s msg=\"%s\"", when, now.tv_nsec / 1000000,
                        names[l], mod, msg);
    size_t n = head < 0 ? 0 : (size_t)head < sizeof line - 2 ? (size_t)head : sizeof line - 2;
    if (*fields && n < sizeof line - 3) {
        line[n++] = ' ';
        va_list ap;
        va_start(ap, fields);
        int more = vsnprintf(line + n, sizeof line - 1 - n, fields, ap);
        va_end(ap);
        if (more > 0)
            n += (size_t)more < sizeof line - 2 - n ? (size_t)more : sizeof line - 2 - n;
    }
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    ssize_t put = write(STDERR_FILENO, line, n);
    (void)put; /* nowhere to report it */
}
