/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/script.h"

#include <stdio.h>
#include <stdlib.h>

/* --- muted events --- */

bool mutes_has(const struct mutes *m, uint64_t event) {
    if (!m || m->n == 0)
        return false;
    uint32_t low = 0, high = m->n; /* the first range that ends behind the event */
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (m->at[mid].to <= event)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->n && m->at[low].from <= event;
}

bool mutes_add(struct mutes *m, uint64_t from, uint64_t to) {
    struct mutes old = *m;
    m->n = 0;
    uint32_t i = 0;
    for (; i < old.n && old.at[i].to < from; i++)
        m->at[m->n++] = old.at[i];
    for (; i < old.n && old.at[i].from <= to; i++) {
        from = old.at[i].from < from ? old.at[i].from : from;
        to = old.at[i].to > to ? old.at[i].to : to;
    }
    bool room = m->n + 1 + (old.n - i) <= MUTES_MAX;
    if (!room) {
        *m = old;
        return false;
    }
    m->at[m->n].from = from;
    m->at[m->n++].to = to;
    for (; i < old.n; i++)
        m->at[m->n++] = old.at[i];
    return true;
}

void mutes_cut(struct mutes *m, uint64_t end) {
    while (m->n > 0 && m->at[m->n - 1].from >= end)
        m->n--;
    if (m->n > 0 && m->at[m->n - 1].to > end)
        m->at[m->n - 1].to = end;
}

uint64_t mutes_count(const struct mutes *m) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        n += m->at[i].to - m->at[i].from;
    return n;
}

bool script_may_mute(const struct sim *s, const struct sim_event *e) {
    return (e->what == AT_DELIVER && !s->calm) || e->what == AT_TX || e->what == AT_FAULT || e->what == AT_BYZANTINE;
}

/* --- files --- */

static bool read_mutes(char *text, struct mutes *mutes) {
    for (char *at = text, *end; *at; at = end) {
        uint64_t from = strtoull(at, &end, 10), to = from;
        if (end == at)
            return strspn(at, " \r\n") == strlen(at);
        if (*end == '-')
            to = strtoull(end + 1, &end, 10);
        if (to < from || !mutes_add(mutes, from, to + 1))
            return false;
    }
    return true;
}

static bool read_line(char *line, struct options *options, struct mutes *mutes, bool *any) {
    char why[128], *word = line, *rest = line + strcspn(line, " ");
    line[strcspn(line, "\r\n")] = 0;
    if (*word == 0 || *word == '#')
        return true;
    if (*rest)
        *rest++ = 0;
    if (strcmp(word, "seed") == 0) {
        options->seed = strtoull(rest, NULL, 10);
        *any = true;
        return true;
    }
    if (strcmp(word, "only") == 0)
        return limits_parse(&options->limits, rest, why, sizeof why);
    if (strcmp(word, "mute") == 0)
        return read_mutes(rest, mutes);
    return strcmp(word, "mutant") == 0;
}

bool script_read(const char *path, struct options *options, struct mutes *mutes) {
    static char line[65536];
    bool good = true, any = false;
    FILE *f = fopen(path, "r");
    mutes->n = 0;
    if (!f) {
        fprintf(stderr, "sim: cannot read %s\n", path);
        return false;
    }
    for (int n = 1; good && fgets(line, sizeof line, f); n++) {
        good = read_line(line, options, mutes, &any);
        if (!good)
            fprintf(stderr, "sim: %s:%d: want 'seed N', 'only OPTIONS', 'mute FROM-TO ...' or 'mutant NAME'\n", path,
                    n);
    }
    fclose(f);
    if (good && !any)
        fprintf(stderr, "sim: %s: no line 'seed N'\n", path);
    options->mutes = mutes;
    return good && any;
}

bool script_write(const char *path, const struct options *options, const char *why) {
    char only[1024];
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    fprintf(f, "# %s\nseed %llu\n", why, (unsigned long long)options->seed);
    if (limits_print(&options->limits, only, sizeof only)[0])
        fprintf(f, "only %s\n", only);
    const struct mutes *m = options->mutes;
    for (uint32_t i = 0; m && i < m->n; i++) {
        fprintf(f, "%s%llu", i % 12 == 0 ? i ? "\nmute " : "mute " : " ", (unsigned long long)m->at[i].from);
        if (m->at[i].to > m->at[i].from + 1)
            fprintf(f, "-%llu", (unsigned long long)m->at[i].to - 1);
    }
    fprintf(f, "%s", m && m->n ? "\n" : "");
    return fclose(f) == 0;
}
