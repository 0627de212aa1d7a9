/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's height as a script for one core (golden/README.md): what its log holds, in the words of
 * tests/unit/chain/bft/test_golden.c, without the expected trace, which that test writes.
 */
#include "tests/sim/sim.h"

#include "chain/bft/record.h"

#include <stdarg.h>
#include <stdio.h>

#define NAMES 26

struct writer {
    char *text;
    size_t len, n;
    bool lost; /* does not fit, or has more values than letters */
    struct hash values[NAMES];
    uint32_t values_n;
};

static void say(struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct writer *w, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(w->text + w->n, w->len - w->n, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= w->len - w->n)
        w->lost = true;
    else
        w->n += (size_t)n;
}

/* A letter for each value, in the order in which they come. */
static const char *name_of(struct writer *w, const struct hash *value, char name[4]) {
    uint32_t i = 0;
    memcpy(name, "nil", 4);
    if (hash_is_zero(value))
        return name;
    while (i < w->values_n && !hash_eq(&w->values[i], value))
        i++;
    if (i == NAMES) {
        w->lost = true;
        return name;
    }
    w->values[i] = *value;
    if (i == w->values_n)
        w->values_n++;
    name[0] = (char)('A' + i);
    name[1] = 0;
    return name;
}

static const char *type_name(uint8_t type) {
    return type == VOTE_PREVOTE ? "prevote" : "precommit";
}

static void say_start(struct writer *w, const struct sim *s, const struct sim_node *n, const struct bft_start *start) {
    say(w, "start h %llu", (unsigned long long)start->height);
    if (n->validator != BFT_SELF_NONE)
        say(w, " self %u", n->validator);
    say(w, " of %u", s->validators);
    if (start->wait_ms)
        say(w, " wait %u", start->wait_ms);
    if (!start->due)
        say(w, " idle");
    say(w, " powers");
    for (uint16_t v = 0; v < s->validators; v++)
        say(w, " %llu", (unsigned long long)s->powers[v]);
    say(w, "\n");
}

static void say_certificate(struct writer *w, const struct certificate *c) {
    static const char *const kinds[] = {"", "polka", "commit", "round"};
    char name[4];
    say(w, "cert %s r %u", kinds[c->kind], c->round);
    if (c->kind != CERTIFICATE_ROUND)
        say(w, " %s", name_of(w, &c->value, name));
    say(w, c->kind == CERTIFICATE_ROUND ? " votes" : " from");
    for (uint16_t i = 0; i < c->n; i++) {
        const struct vote *v = &c->votes[i];
        say(w, " %u", v->validator);
        if (c->kind == CERTIFICATE_ROUND)
            say(w, ":%s:%u:%s", type_name(v->type), v->round, name_of(w, &v->value, name));
    }
    say(w, "\n");
}

static void say_timer(struct writer *w, const struct bft_timer *timer) {
    static const char *const names[BFT_TIMER_KINDS] = {"",        "start",     "heartbeat",  "propose",
                                                       "prevote", "precommit", "rebroadcast"};
    say(w, "timer %s r %u\n", names[timer->kind], timer->round);
}

static void say_event(struct writer *w, const struct sim *s, const struct sim_node *n, const struct bft_event *e) {
    char name[4];
    switch (e->kind) {
    case BFT_EVENT_START:
        say_start(w, s, n, &e->start);
        break;
    case BFT_EVENT_PROPOSAL:
        say(w, "proposal r %u %s", e->proposal.proposal.round, name_of(w, &e->proposal.proposal.value, name));
        if (e->proposal.proposal.pol_round >= 0)
            say(w, " pol %d", e->proposal.proposal.pol_round);
        say(w, " from %u%s\n", e->proposal.proposal.validator, e->proposal.timely ? "" : " untimely");
        break;
    case BFT_EVENT_VOTE:
        say(w, "%s r %u %s from %u\n", type_name(e->vote.type), e->vote.round, name_of(w, &e->vote.value, name),
            e->vote.validator);
        break;
    case BFT_EVENT_CERTIFICATE:
        say_certificate(w, e->certificate);
        break;
    case BFT_EVENT_BODY:
        say(w, "body %s %s\n", name_of(w, &e->body.value, name),
            e->body.verdict == BFT_VERDICT_VALID ? "valid" : "invalid");
        break;
    case BFT_EVENT_BUILT:
        say(w, "built %s\n", name_of(w, &e->built.value, name));
        break;
    case BFT_EVENT_TIMER:
        say_timer(w, &e->timer);
        break;
    case BFT_EVENT_DUE:
        say(w, "due\n");
        break;
    case BFT_EVENT_SIGNED: /* the script's signer answers by itself */
    case BFT_EVENT_RESUME:
        break;
    }
}

/* The node in whose step it happened: the one at work, else the one that the sentence names. */
static const struct sim_node *node_of_failure(const struct sim *s) {
    const char *at = strstr(s->failure, "node ");
    unsigned index;
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (s->nodes[i].up && s->nodes[i].driver.busy)
            return &s->nodes[i];
    if (at && sscanf(at, "node %u", &index) == 1 && index < s->nodes_n)
        return &s->nodes[index];
    return NULL;
}

void golden_of_failure(const struct sim *s, char *text, size_t len) {
    static struct certificate cert;
    const struct sim_node *n = node_of_failure(s);
    struct writer w = {.text = text, .len = len};
    text[0] = 0;
    if (!n || n->log.n == 0 || s->validators > 16)
        return;
    say(&w, "# %s\n", s->failure);
    for (uint32_t i = 0; i < n->log.n && !w.lost; i++) {
        const struct log_record *r = &n->log.records[i];
        struct bft_event event;
        if (r->len > 0 && bft_record_decode(n->log.bytes + r->offset, r->len, &cert, &event))
            say_event(&w, s, n, &event);
    }
    say(&w, "show\n");
    if (w.lost)
        text[0] = 0;
}
