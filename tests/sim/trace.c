/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include <stdarg.h>
#include <stdio.h>

static void print_place(const struct sim *s, const struct sim_node *n) {
    if (n)
        printf("%8llu  n%u%c ", (unsigned long long)s->now, n->index, " StaBo"[n->nature]);
    else
        printf("%8llu  --   ", (unsigned long long)s->now);
}

/* The hash takes time, node, format and two numbers: enough that two different runs differ. The text is made only when
 * printed. */
void trace(struct sim *s, const struct sim_node *n, uint64_t a, uint64_t b, const char *fmt, ...) {
    uint64_t where = (uint64_t)(uint8_t)fmt[0] | (uint64_t)(uint8_t)fmt[1] << 8 | (uint64_t)strlen(fmt) << 16;
    s->trace_hash = mix64(s->trace_hash ^ mix64(s->now << 8 ^ (n ? n->index + 1 : 0)) ^ where);
    s->trace_hash = mix64(s->trace_hash + a) ^ mix64(b + 1);
    if (!s->options.trace)
        return;
    print_place(s, n);
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

/* --- events --- */

static void print_votes(const struct certificate *cert) {
    for (uint16_t i = 0; i < cert->n; i++)
        printf(" %u", cert->votes[i].validator);
}

static void print_message(const struct msg *m) {
    static const char *const certs[] = {"", "polka", "commit", "round"};
    char name[12];
    switch (m->kind) {
    case MSG_PROPOSAL:
        printf("proposal h %llu r %u %s vr %d%s\n", (unsigned long long)m->proposal.height, m->proposal.round,
               value_name(&m->proposal.value, name), m->proposal.pol_round,
               hash_is_zero(&m->value) ? ", without body" : "");
        break;
    case MSG_VOTE:
        printf("%s of %u h %llu r %u %s\n", m->vote.type == VOTE_PREVOTE ? "prevote" : "precommit", m->vote.validator,
               (unsigned long long)m->vote.height, m->vote.round, value_name(&m->vote.value, name));
        break;
    case MSG_CERTIFICATE:
    case MSG_DECISION:
        printf("%s%s certificate h %llu r %u %s by", m->kind == MSG_DECISION ? "block and " : "",
               certs[m->cert->kind <= CERTIFICATE_ROUND ? m->cert->kind : 0], (unsigned long long)m->cert->height,
               m->cert->round, value_name(&m->cert->value, name));
        print_votes(m->cert);
        putchar('\n');
        break;
    case MSG_STATUS:
        printf("status h %llu r %u\n", (unsigned long long)m->height, m->round);
        break;
    case MSG_BODY_REQUEST:
        printf("body %s?\n", value_name(&m->value, name));
        break;
    case MSG_BODY:
        printf("body %s\n", value_name(&m->value, name));
        break;
    case MSG_SUMMARY:
        printf("summary h %llu r %u%s prevotes %02x%02x precommits %02x%02x\n", (unsigned long long)m->summary.height,
               m->summary.round, m->summary.proposal ? " proposal" : "", m->summary.prevotes[0], m->summary.prevotes[1],
               m->summary.precommits[0], m->summary.precommits[1]);
        break;
    case MSG_FRAME:
        printf("frame of kind %u, %zu bytes\n", m->wire, m->data_len);
        break;
    }
}

static void print_event(const struct sim *s, const struct sim_event *e, const struct sim_node *n) {
    static const char *const timers[DRIVER_TIMERS] = {
        "", "newHeight", "heartbeat", "timeoutPropose", "timeoutPrevote", "timeoutPrecommit", "rebroadcast", "look"};
    static const char *const happenings[] = {[AT_BUILT] = "built",
                                             [AT_JUDGED] = "judged",
                                             [AT_NEXT_HEIGHT] = "next height",
                                             [AT_TX] = "transaction",
                                             [AT_RESTART] = "restart",
                                             [AT_FAULT] = "faults",
                                             [AT_HEAL] = "heal",
                                             [AT_BYZANTINE] = "liar",
                                             [AT_CALM] = "calm",
                                             [AT_TICK] = "tick",
                                             [AT_JOB] = "job",
                                             [AT_CHECKED] = "checked",
                                             [AT_ADMIT] = "door",
                                             [AT_IMPORTED] = "imported",
                                             [AT_KEEP] = "keep",
                                             [AT_LINK] = "link",
                                             [AT_LINK_DOWN] = "link down"};
    if (e->what == AT_TIMER && n && n->timer_generation[e->b] != e->a)
        return; /* cancelled */
    print_place(s, n);
    printf("[%llu] ", (unsigned long long)s->steps - 1);
    if (e->what == AT_DELIVER && e->msg) {
        printf("<- n%u ", e->msg->from);
        print_message(e->msg);
    } else if (e->what == AT_TIMER) {
        printf("%s fires\n", timers[e->b < DRIVER_TIMERS ? e->b : 0]);
    } else {
        bool named = e->what < sizeof happenings / sizeof *happenings && happenings[e->what];
        printf("%s\n", named ? happenings[e->what] : "something");
    }
}

void trace_event(struct sim *s, const struct sim_event *e) {
    uint64_t what = s->now << 20 ^ (uint64_t)e->node << 8 ^ (uint64_t)e->what;
    s->trace_hash = mix64(s->trace_hash + what) ^ e->a ^ (uint64_t)e->b << 40;
    if (!s->options.trace)
        return;
    const struct sim_node *n = e->node < s->nodes_n ? &s->nodes[e->node] : NULL;
    if (e->what == AT_FAULT || (e->what == AT_TICK && s->full && e->a != s->full->nodes[e->node].tick_generation) ||
        (n && !n->up && e->what != AT_RESTART))
        return;
    print_event(s, e, n);
}
