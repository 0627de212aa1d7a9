/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/shrink.h"

#include <ctype.h>

struct search {
    struct shrunk *best;
    unsigned patience_s;
    uint32_t runs_max;
};

/* The same check failed: the sentences are equal but for numbers. */
static bool same_failure(const char *a, const char *b) {
    for (;;) {
        while (isdigit((unsigned char)*a))
            a++;
        while (isdigit((unsigned char)*b))
            b++;
        if (*a != *b)
            return false;
        if (*a == 0)
            return true;
        a++, b++;
    }
}

/* Runs the candidate, and keeps it when it fails alike. */
static bool try_one(struct search *search, const struct options *candidate, const struct mutes *mutes) {
    struct shrunk *best = search->best;
    static struct outcome outcome;
    struct options options = *candidate;
    if (best->runs >= search->runs_max)
        return false;
    best->runs++;
    options.mutes = mutes;
    run_apart(&options, search->patience_s, &outcome);
    if (!outcome.failed || !same_failure(outcome.failure, best->outcome.failure))
        return false;
    if (mutes != &best->mutes)
        best->mutes = *mutes;
    best->options = *candidate;
    best->options.mutes = &best->mutes;
    best->outcome = outcome;
    return true;
}

static bool try_value(struct search *search, enum option o, uint32_t value) {
    struct options candidate = search->best->options;
    candidate.limits.fixed[o] = true;
    candidate.limits.value[o] = value;
    return try_one(search, &candidate, &search->best->mutes);
}

static bool shrink_option(struct search *search, enum option o) {
    const struct outcome *at = &search->best->outcome;
    bool any = false;
    uint32_t smaller;
    if (o == OPTION_kind)
        return option_get(&at->drawn, o) != KIND_SMALL && try_value(search, o, KIND_SMALL);
    for (unsigned tries = 0; option_smaller(o, option_get(&at->drawn, o), tries, &smaller); tries++)
        if (try_value(search, o, smaller)) {
            any = true;
            tries = UINT32_MAX; /* again from the smaller one */
        }
    return any;
}

static void shrink_options(struct search *search) {
    bool any = true;
    while (any) {
        any = false;
        for (enum option o = 0; o < OPTIONS_N; o++)
            any = shrink_option(search, o) || any;
    }
}

/* The events after the failure never happened; of those before, pieces of half of them, a quarter ... one. */
static void shrink_events(struct search *search) {
    static struct mutes candidate;
    for (uint64_t size = search->best->outcome.step / 2; size > 0; size /= 2)
        for (uint64_t from = 0; from < search->best->outcome.step; from += size) {
            candidate = search->best->mutes;
            if (!mutes_add(&candidate, from, from + size))
                return;
            if (mutes_count(&candidate) > mutes_count(&search->best->mutes))
                try_one(search, &search->best->options, &candidate);
        }
}

bool shrink(const struct options *options, unsigned patience_s, uint32_t runs_max, struct shrunk *ret) {
    struct search search = {.best = ret, .patience_s = patience_s, .runs_max = runs_max};
    ret->options = *options;
    ret->mutes.n = 0;
    if (options->mutes)
        ret->mutes = *options->mutes;
    ret->options.mutes = &ret->mutes;
    ret->runs = 1;
    run_apart(&ret->options, patience_s, &ret->outcome);
    ret->events_before = ret->outcome.step;
    if (!ret->outcome.failed)
        return false;
    shrink_options(&search);
    shrink_events(&search);
    shrink_options(&search); /* what the events needed */
    mutes_cut(&ret->mutes, ret->outcome.step);
    return true;
}
