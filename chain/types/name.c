/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/name.h"
#include "chain/base/limits.h"
#include "chain/codec/walk.h"

static bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool ends_with(const char *name, size_t len, const char *suffix) {
    size_t n = strlen(suffix);
    return len >= n && memcmp(name + len - n, suffix, n) == 0;
}

/* Four decimal numbers of one to three digits with dots between. */
static bool looks_like_ipv4(const char *name) {
    int dots = 0, digits = 0;
    for (; *name; name++) {
        if (*name == '.') {
            if (digits == 0)
                return false;
            dots++;
            digits = 0;
        } else if (*name >= '0' && *name <= '9' && digits < 3) {
            digits++;
        } else {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

static int check_reserved(const char *name, size_t len, struct err *err) {
    static const char *const prefixes[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    static const char *const suffixes[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return err_set(err, CODE_INVALID_ARGUMENT, "a bucket's name may not begin with %s", prefixes[i]);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (ends_with(name, len, suffixes[i]))
            return err_set(err, CODE_INVALID_ARGUMENT, "a bucket's name may not end with %s", suffixes[i]);
    return CODE_OK;
}

int name_check_bucket(const char *name, struct err *err) {
    size_t len = strnlen(name, BUCKET_NAME_MAX + 1);
    if (len < BUCKET_NAME_MIN || len > BUCKET_NAME_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "a bucket's name has %d to %d characters", BUCKET_NAME_MIN,
                       BUCKET_NAME_MAX);
    for (size_t i = 0; i < len; i++) {
        if (is_lower_or_digit(name[i]))
            continue;
        if (name[i] != '.' && name[i] != '-')
            return err_set(err, CODE_INVALID_ARGUMENT, "a bucket's name consists of a-z, 0-9, dots and hyphens");
        bool edge = i == 0 || i + 1 == len;
        bool beside_dot = !edge && (name[i] == '.' ? !is_lower_or_digit(name[i - 1]) || !is_lower_or_digit(name[i + 1])
                                                   : name[i - 1] == '.' || name[i + 1] == '.');
        if (edge || beside_dot)
            return err_set(err, CODE_INVALID_ARGUMENT,
                           "a bucket's name, and each part of it between dots, begins and ends with a letter or digit");
    }
    if (looks_like_ipv4(name))
        return err_set(err, CODE_INVALID_ARGUMENT, "a bucket's name may not look like an IP address");
    return check_reserved(name, len, err);
}

static bool has_control(const char *name) {
    for (; *name; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            return true;
    return false;
}

/* Checks one part between slashes, of which only the last may be empty. */
static int check_part(const char *part, size_t len, bool last, struct err *err) {
    if (len == 0 && !last)
        return err_set(err, CODE_INVALID_ARGUMENT, "an object's name may not begin with / or contain //");
    if ((len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
        return err_set(err, CODE_INVALID_ARGUMENT, "an object's name may not contain . or .. between slashes");
    return CODE_OK;
}

int name_check_object(const char *name, struct err *err) {
    size_t len = strnlen(name, OBJECT_NAME_MAX + 1);
    if (len < 1 || len > OBJECT_NAME_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "an object's name has 1 to %d bytes", OBJECT_NAME_MAX);
    if (!walk_utf8_ok(bytes_of(name, len)) || has_control(name))
        return err_set(err, CODE_INVALID_ARGUMENT, "an object's name is UTF-8 without control characters");
    for (const char *part = name;;) {
        size_t n = strcspn(part, "/");
        int rc = check_part(part, n, part[n] == 0 && part != name, err);
        if (rc != CODE_OK || part[n] == 0)
            return rc;
        part += n + 1;
    }
}

int name_check_group(const char *name, struct err *err) {
    size_t len = strnlen(name, GROUP_NAME_MAX + 1);
    if (len < 1 || len > GROUP_NAME_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "a group's name has 1 to %d bytes", GROUP_NAME_MAX);
    if (!walk_utf8_ok(bytes_of(name, len)) || has_control(name) || strchr(name, '/'))
        return err_set(err, CODE_INVALID_ARGUMENT, "a group's name is UTF-8 without control characters or slashes");
    if (name[0] == ' ' || name[len - 1] == ' ')
        return err_set(err, CODE_INVALID_ARGUMENT, "a group's name may not begin or end with a blank");
    return CODE_OK;
}
