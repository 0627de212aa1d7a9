/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>

/* The hash takes time, node, format and two numbers: enough that two different runs differ. The text is made only when
 * printed. */
void trace(struct sim *s, const struct sim_node *n, uint64_t a, uint64_t b, const char *fmt, ...) {
    uint64_t where = (uint64_t)(uint8_t)fmt[0] | (uint64_t)(uint8_t)fmt[1] << 8 | (uint64_t)strlen(fmt) << 16;
    s->trace_hash = mix64(s->trace_hash ^ mix64(s->now << 8 ^ (n ? n->index + 1 : 0)) ^ where);
    s->trace_hash = mix64(s->trace_hash + a) ^ mix64(b + 1);
    if (!s->options.trace)
        return;
    if (n)
        printf("%8llu  n%u%c ", (unsigned long long)s->now, n->index, " StaBo"[n->nature]);
    else
        printf("%8llu  --   ", (unsigned long long)s->now);
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

const char *value_name(const struct hash *value, char text[12]) {
    if (hash_is_zero(value))
        return "nil";
    snprintf(text, 12, "v%u", load_be32(value->b) - 1);
    return text;
}
