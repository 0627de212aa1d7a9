/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/code.h"

#include <stddef.h>
#include <string.h>

struct row {
    int code;
    const char *name;
    int http;
    int exit;
    bool retry;
    const char *sentence;
};

static const struct row rows[] = {
#define ROW(name, value, http, exit, retry, sentence) {value, #name, http, exit, retry, sentence},
    CODE_TABLE(ROW)
#undef ROW
};

static const struct row *find(int code) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

static const struct row *find_or_internal(int code) {
    const struct row *r = find(code);
    return r ? r : find(CODE_INTERNAL);
}

const char *code_name(int code) {
    return find_or_internal(code)->name;
}

const char *code_sentence(int code) {
    return find_or_internal(code)->sentence;
}

int code_http(int code) {
    return find_or_internal(code)->http;
}

int code_exit(int code) {
    return find_or_internal(code)->exit;
}

bool code_retryable(int code) {
    return find_or_internal(code)->retry;
}

bool code_known(int code) {
    return find(code) != NULL;
}

int code_from_name(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].code;
    return -1;
}
