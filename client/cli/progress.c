/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cli/progress.h"

#include "chain/os/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { REDRAW_MS = 100, ETA_AFTER_MS = 1000 };

void progress_init(struct progress *p, const struct cli *cli) {
    *p = (struct progress){.shown = !cli->quiet, .live = !cli->quiet && isatty(STDERR_FILENO)};
}

static void put_size(FILE *to, double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t u = 0;
    while (bytes >= 1024 && u < 4) {
        bytes /= 1024;
        u++;
    }
    fprintf(to, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

static void put_rate(const struct progress *p, uint64_t ms) {
    uint64_t moved = p->done > p->from ? p->done - p->from : 0;
    if (!p->bytes || !ms || !moved)
        return;
    double rate = (double)moved * 1000 / (double)ms;
    fputs(", ", stderr);
    put_size(stderr, rate);
    fputs("/s", stderr);
    if (p->live && ms > ETA_AFTER_MS && p->total > p->done)
        fprintf(stderr, ", %.0f s left", (double)(p->total - p->done) / rate);
}

static void draw(struct progress *p, uint64_t now, bool last) {
    uint64_t ms = now - p->stage_ms;
    fprintf(stderr, p->live ? "\r\033[K%s" : "%s", p->stage);
    if (p->bytes) {
        fputc(' ', stderr);
        put_size(stderr, (double)p->done);
        fputs(" of ", stderr);
        put_size(stderr, (double)p->total);
    } else if (p->total > 1) {
        fprintf(stderr, " %llu/%llu", (unsigned long long)p->done, (unsigned long long)p->total);
    }
    if (last)
        fprintf(stderr, " in %.1f s", (double)ms / 1000);
    put_rate(p, ms);
    if (last)
        fputc('\n', stderr);
    fflush(stderr);
    p->drawn_ms = now;
}

void progress_step(struct progress *p, const char *stage, bool bytes, uint64_t done, uint64_t total) {
    uint64_t now = clock_mono_ms();
    if (!p->shown)
        return;
    if (!p->stage || strcmp(p->stage, stage)) {
        progress_end(p, true);
        p->stage = stage;
        p->bytes = bytes;
        p->stage_ms = now;
        p->drawn_ms = 0;
        p->from = bytes && done < total ? done : 0;
    }
    p->done = done;
    p->total = total;
    if (p->live && now - p->drawn_ms >= REDRAW_MS)
        draw(p, now, false);
}

void progress_end(struct progress *p, bool good) {
    if (!p->shown || !p->stage)
        return;
    if (good)
        draw(p, clock_mono_ms(), true);
    else if (p->live)
        fputc('\n', stderr);
    p->stage = NULL;
}
