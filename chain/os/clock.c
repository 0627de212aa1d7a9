/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/clock.h"

#include <time.h>

static uint64_t now_ns(clockid_t id) {
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_real_ms(void) {
    return now_ns(CLOCK_REALTIME) / 1000000u;
}

uint64_t clock_mono_ns(void) {
    return now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void) {
    return now_ns(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t clock_cpu_ns(void) {
    return now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t clock_thread_ns(void) {
    return now_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t deadline_in_ms(uint64_t ms) {
    uint64_t now = clock_mono_ns();
    return ms > (DEADLINE_NEVER - now) / 1000000u ? DEADLINE_NEVER : now + ms * 1000000u;
}

int deadline_left_ms(uint64_t deadline_ns) {
    uint64_t now = clock_mono_ns();
    if (deadline_ns <= now)
        return 0;
    uint64_t left = (deadline_ns - now - 1) / 1000000u + 1;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}
