/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_CLOCK_H
#define CAIRN_CHAIN_OS_CLOCK_H
/* The two clocks. Deadlines are absolute values of clock_mono_ns / clock_mono_ms; real time is only for what people and
 * headers see. */
#include <stdint.h>

#define DEADLINE_NEVER UINT64_MAX

uint64_t clock_real_ms(void); /* since 1970 */
uint64_t clock_mono_ns(void); /* since some start; never steps */
uint64_t clock_mono_ms(void);
/* clock_mono_ns() + ms, saturating at DEADLINE_NEVER. */
uint64_t deadline_in_ms(uint64_t ms);
/* Milliseconds left until a deadline of clock_mono_ns, rounded up; 0 when it has passed; at most INT32_MAX. */
int deadline_left_ms(uint64_t deadline_ns);
/* CPU time of this process, and of this thread, for benchmarks. */
uint64_t clock_cpu_ns(void);
uint64_t clock_thread_ns(void);

#endif
