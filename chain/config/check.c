/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/config/check.h"

#include <stdbool.h>
#include <string.h>

#include "chain/base/code.h"
#include "chain/base/num.h"

static int refuse(struct err *err, const char *text, const char *want) {
    return err_set(err, CODE_CONFIG, "\"%.100s\" is not %s", text, want);
}

static int check_port(const char *text, struct err *err) {
    uint64_t port;
    if (!u64_parse(text, strlen(text), &port) || port == 0 || port > 65535)
        return err_set(err, CODE_CONFIG, "\"%.20s\" is not a port: a number from 1 to 65535 is needed", text);
    return CODE_OK;
}

static int check_host_port(const char *text, struct err *err) {
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || strpbrk(text, " \t/"))
        return refuse(err, text, "host:port");
    return check_port(colon + 1, err);
}

static int check_url(const char *text, struct err *err) {
    size_t scheme = strncmp(text, "http://", 7) == 0 ? 7 : strncmp(text, "https://", 8) == 0 ? 8 : 0;
    return scheme ? check_host_port(text + scheme, err) : refuse(err, text, "http://host:port or https://host:port");
}

static int check_level(const char *text, struct err *err) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(text, levels[i]) == 0)
            return CODE_OK;
    return refuse(err, text, "a log level: debug, info, warn or error");
}

static const struct {
    const char *ending; /* of the field's name */
    int (*check)(const char *text, struct err *err);
} rules[] = {
    {"_listen", check_host_port}, {"address", check_host_port}, {"_nodes", check_url},
    {"_port", check_port},        {"log_level", check_level},
};

static bool ends_with(const char *text, const char *ending) {
    size_t len = strlen(text), n = strlen(ending);
    return len >= n && strcmp(text + len - n, ending) == 0;
}

int config_check_value(const ProtobufCFieldDescriptor *field, const char *text, struct err *err) {
    if (!*text)
        return CODE_OK;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (ends_with(field->name, rules[i].ending))
            return rules[i].check(text, err);
    return CODE_OK;
}
