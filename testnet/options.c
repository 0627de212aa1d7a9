/* SPDX-License-Identifier: Apache-2.0 */
#include "testnet/options.h"

#include "chain/base/num.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIME_SCALE_MAX = 1000000 };

static int parse_number(const char *name, const char *text, uint64_t max, uint64_t *ret, struct err *err) {
    uint64_t value;
    if (!text || !u64_parse(text, strlen(text), &value) || value > max)
        return err_set(err, CODE_INVALID_ARGUMENT, "%s needs a number up to %llu", name, (unsigned long long)max);
    *ret = value;
    return CODE_OK;
}

static int set_dir(struct options *o, const char *dir, struct err *err) {
    char cwd[PATH_MAX];
    int n;
    if (dir[0] == '/')
        n = snprintf(o->dir, sizeof o->dir, "%s", dir);
    else if (getcwd(cwd, sizeof cwd))
        n = snprintf(o->dir, sizeof o->dir, "%s/%s", cwd, dir);
    else
        return err_errno(err, errno, "cannot tell the current directory");
    if (n <= 0 || n >= (int)sizeof o->dir)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path %s is too long", dir);
    return CODE_OK;
}

static int default_dir(struct options *o, struct err *err) {
    const char *env = getenv("CAIRN_TESTNET_DIR"), *tmp = getenv("TMPDIR");
    char path[NETWORK_PATH_MAX];
    if (env && *env) {
        o->dir_given = true;
        return set_dir(o, env, err);
    }
    if (snprintf(path, sizeof path, "%s/cairn-testnet-%u", tmp && *tmp ? tmp : "/tmp", (unsigned)getuid()) >=
        (int)sizeof path)
        return err_set(err, CODE_INVALID_ARGUMENT, "TMPDIR is too long");
    return set_dir(o, path, err);
}

/* One option with a value at argv[*at + 1]. CODE_NOT_FOUND when there is no such option. */
static int parse_valued(struct options *o, const char *name, const char *value, struct err *err) {
    uint64_t number = 0;
    int rc = CODE_NOT_FOUND;
    if (!strcmp(name, "--dir")) {
        o->dir_given = true;
        rc = value ? set_dir(o, value, err) : err_set(err, CODE_INVALID_ARGUMENT, "--dir needs a directory");
    } else if (!strcmp(name, "--validators")) {
        rc = parse_number(name, value, NETWORK_VALIDATORS_MAX, &number, err);
        o->validators = (unsigned)number;
    } else if (!strcmp(name, "--sps")) {
        rc = parse_number(name, value, NETWORK_SPS_MAX, &number, err);
        o->sps = (unsigned)number;
    } else if (!strcmp(name, "--port-base")) {
        rc = parse_number(name, value, UINT16_MAX, &number, err);
        o->port_base = (unsigned)number;
    } else if (!strcmp(name, "--time-scale")) {
        rc = parse_number(name, value, TIME_SCALE_MAX, &o->time_scale, err);
    } else if (!strcmp(name, "--bond")) {
        rc = value ? CODE_OK : err_set(err, CODE_INVALID_ARGUMENT, "--bond needs an amount");
        o->bond = value;
    } else if (!strcmp(name, "--segment")) {
        rc = parse_number(name, value, UINT32_MAX, &o->segment, err);
        o->segment_given = true;
    }
    return rc;
}

static bool parse_flag(struct options *o, const char *name) {
    bool *flag = !strcmp(name, "--detach")    ? &o->detach
                 : !strcmp(name, "--json")    ? &o->json
                 : !strcmp(name, "--hold")    ? &o->hold
                 : !strcmp(name, "--remove")  ? &o->remove
                 : !strcmp(name, "--no-bond") ? &o->full_node
                                              : NULL;
    if (flag)
        *flag = true;
    return flag != NULL;
}

void options_print_quoted(const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
    if (*text && !text[strspn(text, plain)]) {
        fputs(text, stdout);
        return;
    }
    putchar('\'');
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    putchar('\'');
}

int options_parse(int argc, char **argv, struct options *ret, struct err *err) {
    struct options o = {.validators = 4, .sps = 7, .port_base = 26600};
    int rc = default_dir(&o, err);
    for (int i = 2; !rc && i < argc; i++) {
        if (strncmp(argv[i], "--", 2)) {
            if (o.word_count == OPTIONS_WORDS_MAX)
                return err_set(err, CODE_INVALID_ARGUMENT, "too many words: %s", argv[i]);
            o.words[o.word_count++] = argv[i];
        } else if (!parse_flag(&o, argv[i])) {
            rc = parse_valued(&o, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
            if (rc == CODE_NOT_FOUND)
                rc = err_set(err, CODE_INVALID_ARGUMENT, "there is no option %s; see `cairn-testnet help`", argv[i]);
            i++;
        }
    }
    if (!rc)
        *ret = o;
    return rc;
}
