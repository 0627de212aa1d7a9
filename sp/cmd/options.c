/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/cmd/options.h"

#include "chain/base/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- looking up ----------------------------------------------------------------------------------------------------
 */

const char *options_nth(const struct options *o, const char *flag, size_t i) {
    for (size_t j = 0; j < o->flag_count; j++)
        if (!strcmp(o->flags[j].name, flag) && !i--)
            return o->flags[j].value;
    return NULL;
}

const char *options_value(const struct options *o, const char *flag, const char *def) {
    for (size_t j = o->flag_count; j-- > 0;)
        if (!strcmp(o->flags[j].name, flag))
            return o->flags[j].value;
    return def;
}

static int number(const char *what, const char *text, uint64_t lo, uint64_t hi, uint64_t *ret, struct err *err) {
    uint64_t value;
    if (!u64_parse(text, strlen(text), &value) || value < lo || value > hi)
        return err_set(err, CODE_INVALID_ARGUMENT, "%s needs a number from %llu to %llu, not \"%.60s\"", what,
                       (unsigned long long)lo, (unsigned long long)hi, text);
    *ret = value;
    return CODE_OK;
}

int options_u64(const struct options *o, const char *flag, uint64_t def, uint64_t lo, uint64_t hi, uint64_t *ret,
                struct err *err) {
    const char *text = options_value(o, flag, NULL);
    if (text)
        return number(flag, text, lo, hi, ret, err);
    *ret = def;
    return CODE_OK;
}

int options_word_u64(const struct options *o, size_t i, const char *what, uint64_t *ret, struct err *err) {
    return number(what, o->words[i], 0, UINT64_MAX, ret, err);
}

/* --- parsing --------------------------------------------------------------------------------------------------------
 */

/* Is `flag` one of the names in `list`, which blanks divide? */
static bool takes(const char *list, const char *flag) {
    size_t n = strlen(flag);
    for (const char *p = list; (p = strstr(p, flag)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
            return true;
    return false;
}

/* The command that argv begins with; *ret_used: how many words its name has. */
static const struct command *find(const struct command *commands, size_t count, int argc, char **argv, int *ret_used) {
    for (size_t i = 0; i < count; i++) {
        const char *name = commands[i].name, *blank = strchr(name, ' ');
        size_t first = blank ? (size_t)(blank - name) : strlen(name);
        if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first))
            continue;
        if (blank && (argc < 2 || strcmp(argv[1], blank + 1)))
            continue;
        *ret_used = blank ? 2 : 1;
        return &commands[i];
    }
    return NULL;
}

static int take_flag(struct options *o, const char *name, const char *value, struct err *err) {
    if (strcmp(name, "--home") && !takes(o->command->flags, name))
        return err_set(err, CODE_INVALID_ARGUMENT, "cairn-sp %s does not take %s; see `cairn-sp help`",
                       o->command->name, name);
    if (!value)
        return err_set(err, CODE_INVALID_ARGUMENT, "%s needs a value", name);
    if (!strcmp(name, "--home"))
        o->home = value;
    else if (o->flag_count == OPTIONS_FLAGS_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "too many options");
    else {
        o->flags[o->flag_count].name = name;
        o->flags[o->flag_count++].value = value;
    }
    return CODE_OK;
}

int options_parse(struct options *ret, const struct command *commands, size_t count, int argc, char **argv,
                  struct err *err) {
    int used = 0, rc = CODE_OK;
    *ret = (struct options){.home = getenv("CAIRN_SP_HOME")};
    if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return CODE_OK;
    ret->command = find(commands, count, argc - 1, argv + 1, &used);
    if (!ret->command)
        return err_set(err, CODE_INVALID_ARGUMENT, "there is no command \"%.60s\"; see `cairn-sp help`", argv[1]);
    for (int i = 1 + used; !rc && i < argc; i++) {
        if (!strncmp(argv[i], "--", 2)) {
            rc = take_flag(ret, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
            i++;
        } else if (ret->word_count == OPTIONS_WORDS_MAX) {
            rc = err_set(err, CODE_INVALID_ARGUMENT, "too many words");
        } else {
            ret->words[ret->word_count++] = argv[i];
        }
    }
    if (!rc && (ret->word_count < ret->command->words_min || ret->word_count > ret->command->words_max))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "usage: cairn-sp %s %s", ret->command->name, ret->command->words);
    return rc;
}

void options_help(const struct command *commands, size_t count) {
    printf("cairn-sp: a storage provider\n\n");
    for (size_t i = 0; i < count; i++) {
        printf("  cairn-sp %s %s\n      %s\n", commands[i].name, commands[i].words, commands[i].does);
        if (*commands[i].flags)
            printf("      options: %s\n", commands[i].flags);
    }
    printf("\nEvery command but inspect takes --home DIR, else $CAIRN_SP_HOME.\n"
           "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 5 denied, 6 funds or quota,\n"
           "7 unavailable or timeout, 8 integrity.\n");
}
