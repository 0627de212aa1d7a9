/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/crash.h"

#ifdef CAIRN_DEBUG
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
#define CRASH_POINT_NAME(name, text) text,
    CRASH_POINTS(CRASH_POINT_NAME)
#undef CRASH_POINT_NAME
};

/* Is `value` "NAME" or "NAME:N", and N what this is the how manieth call for? */
static bool meant(const char *value, const char *name, atomic_ulong *count) {
    size_t len = strlen(name);
    if (value == NULL || strncmp(value, name, len) != 0 || (value[len] != '\0' && value[len] != ':'))
        return false;
    unsigned long n = value[len] == ':' ? strtoul(value + len + 1, NULL, 10) : 1;
    return atomic_fetch_add(count, 1) + 1 == n;
}

static void trace(const char *file, const char *name) {
    char line[64];
    size_t len = strlen(name);
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || len + 1 > sizeof line)
        return;
    memcpy(line, name, len);
    line[len] = '\n';
    ssize_t n = write(fd, line, len + 1);
    (void)n;
    close(fd);
}

void crash_point(enum crash_point point) {
    static atomic_ulong count;
    static atomic_bool seen[CRASH_POINTS_N];
    const char *file = getenv("CAIRN_CRASH_TRACE");
    if (file != NULL && !atomic_exchange(&seen[point], true))
        trace(file, names[point]);
    if (meant(getenv("CAIRN_CRASH_AT"), names[point], &count))
        kill(getpid(), SIGKILL);
}

bool crash_fails_sync(const char *file) {
    static atomic_ulong count;
    return meant(getenv("CAIRN_FAIL_SYNC"), file, &count);
}
#else
/* Nothing: an empty translation unit is no C. */
extern const int crash_points_are_compiled_out;
const int crash_points_are_compiled_out = 1;
#endif
