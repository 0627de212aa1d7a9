/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_row option_rows[OPTIONS_N] = {
#define ROW(name, class, off, says) {#name, says, class, off},
    OPTIONS(ROW)
#undef ROW
};

static const char *const kinds[KINDS] = {"small", "real", "full"};

/* Every field of struct drawn is a uint32_t, in the order of the table. */
uint32_t option_get(const struct drawn *d, enum option o) {
    uint32_t value;
    memcpy(&value, (const char *)d + o * sizeof value, sizeof value);
    return value;
}

void option_set(struct drawn *d, enum option o, uint32_t value) {
    memcpy((char *)d + o * sizeof value, &value, sizeof value);
}

static void fix(struct limits *l, enum option o, uint32_t value) {
    l->fixed[o] = true;
    l->value[o] = value;
}

static bool find(const char *name, enum option *ret) {
    for (enum option o = 0; o < OPTIONS_N; o++)
        if (strcmp(option_rows[o].name, name) == 0) {
            *ret = o;
            return true;
        }
    return false;
}

static bool number(const char *text, uint32_t *ret) {
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    *ret = (uint32_t)value;
    return errno == 0 && end != text && *end == 0 && value <= UINT32_MAX && text[0] != '-';
}

static bool parse_kind(struct limits *l, const char *word) {
    for (uint32_t k = 0; k < KINDS; k++)
        if (strcmp(word, kinds[k]) == 0) {
            fix(l, OPTION_kind, k);
            return true;
        }
    return false;
}

static bool parse_word(struct limits *l, char *word, bool named[OPTIONS_N], bool *any) {
    enum option o;
    char *equals = strchr(word, '=');
    if (parse_kind(l, word))
        return true;
    if (equals) {
        uint32_t value;
        *equals = 0;
        if (!find(word, &o) || !number(equals + 1, &value))
            return false;
        fix(l, o, value);
        return true;
    }
    if (!find(word, &o) || option_rows[o].class != FAULT)
        return false;
    named[o] = *any = true;
    return true;
}

bool limits_parse(struct limits *l, const char *text, char *ret_why, size_t why_len) {
    char copy[1024], *rest = copy, *word;
    bool named[OPTIONS_N] = {false}, any = false;
    if (strlen(text) >= sizeof copy) {
        snprintf(ret_why, why_len, "more than %zu characters", sizeof copy - 1);
        return false;
    }
    memcpy(copy, text, strlen(text) + 1);
    while ((word = strtok_r(rest, ",", &rest)) != NULL)
        if (!parse_word(l, word, named, &any)) {
            snprintf(ret_why, why_len, "'%s' is no kind (small, real, full), no fault, and no option=NUMBER", word);
            return false;
        }
    for (enum option o = 0; any && o < OPTIONS_N; o++)
        if (option_rows[o].class == FAULT && !named[o] && !l->fixed[o])
            fix(l, o, option_rows[o].off);
    return true;
}

const char *limits_print(const struct limits *l, char *text, size_t len) {
    size_t n = 0;
    text[0] = 0;
    for (enum option o = 0; o < OPTIONS_N; o++)
        if (l->fixed[o] && n < len)
            n += (size_t)snprintf(text + n, len - n, "%s%s=%u", n ? "," : "", option_rows[o].name, l->value[o]);
    return text;
}

void limits_apply(const struct limits *l, struct drawn *d) {
    for (enum option o = 0; o < OPTIONS_N; o++)
        if (l->fixed[o])
            option_set(d, o, l->value[o]);
}

bool option_smaller(enum option o, uint32_t value, unsigned tries, uint32_t *ret) {
    uint32_t off = option_rows[o].off;
    if (value <= off || o == OPTION_kind)
        return false;
    uint32_t step = tries < 32 ? (value - off) >> tries : 0; /* all, half, a quarter ... of the way */
    *ret = value - step;
    return step > 0;
}

const char *drawn_print(const struct drawn *d, char *text, size_t len) {
    size_t n = (size_t)snprintf(text, len, "%s", d->kind < KINDS ? kinds[d->kind] : "?");
    for (enum option o = 0; o < OPTIONS_N; o++)
        if (o != OPTION_kind && option_get(d, o) != option_rows[o].off && n < len)
            n += (size_t)snprintf(text + n, len - n, " %s=%u", option_rows[o].name, option_get(d, o));
    return text;
}
