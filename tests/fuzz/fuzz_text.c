/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people and programs type: numbers, money, sizes, times, addresses, hex, profiles, names, addresses of objects,
 * words for keys, ranges. The first byte chooses.
 *
 * Properties: what is read and printed reads back the same; a name that is taken obeys the rule that its header states.
 */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/http/uri.h"
#include "chain/os/log.h"
#include "chain/types/action.h"
#include "chain/types/key_table.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "client/lib/keystore.h"
#include "client/lib/object_uri.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool ok) {
    if (!ok)
        abort();
}

static void fuzz_numbers(const char *text) {
    uint64_t value, again;
    char printed[24];
    if (u64_parse(text, strlen(text), &value)) {
        snprintf(printed, sizeof printed, "%" PRIu64, value);
        must(!strcmp(printed, text));
    }
    if (money_parse(text, &value, NULL) == CODE_OK) {
        struct money_text money = money_text(value);
        char *blank = strchr(money.s, ' '); /* "1.5 CAIRN" is typed without the blank */
        if (blank != NULL)
            memmove(blank, blank + 1, strlen(blank));
        must(money_parse(money.s, &again, NULL) == CODE_OK && again == value);
    }
    if (size_parse(text, &value, NULL) == CODE_OK) {
        snprintf(printed, sizeof printed, "%" PRIu64, value);
        must(size_parse(printed, &again, NULL) == CODE_OK && again == value);
    }
    if (duration_parse(text, &value, NULL) == CODE_OK) {
        snprintf(printed, sizeof printed, "%" PRIu64 "ms", value);
        must(duration_parse(printed, &again, NULL) == CODE_OK && again == value);
    }
}

static void fuzz_addresses(const char *text) {
    struct addr addr;
    char printed[ADDR_TEXT_MAX];
    uint8_t some[40];
    if (addr_from_text(text, &addr, NULL) == CODE_OK) {
        addr_to_text(&addr, printed);
        must(!strcasecmp(printed, text));
    }
    for (size_t n = 0; n <= sizeof some; n += 8)
        (void)bech32_decode("cairn", text, some, n, NULL);
    size_t n = strlen(text) / 2;
    if (n <= sizeof some && hex_decode(text, strlen(text), some, n)) {
        char hex[2 * sizeof some + 1];
        hex_encode(some, n, hex);
        must(!strcasecmp(hex, text));
    }
}

static void fuzz_profile(const char *text) {
    Profile profile = PROFILE__INIT, again = PROFILE__INIT;
    char printed[PROFILE_TEXT_MAX];
    if (profile_parse(text, 0, &profile, NULL) != CODE_OK)
        return;
    must(profile_check(&profile, NULL) == CODE_OK);
    must(!strcmp(profile_print(&profile, printed), text));
    must(profile_parse(printed, profile.segment_size, &again, NULL) == CODE_OK && profile_eq(&profile, &again));
    must(profile_needed(&profile) >= 1 && profile_needed(&profile) <= profile_positions(&profile));
}

static void fuzz_names(const char *text) {
    size_t len = strlen(text);
    if (name_check_bucket(text, NULL) == CODE_OK)
        must(len >= 3 && len <= 63 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len &&
             isalnum((unsigned char)text[0]) && isalnum((unsigned char)text[len - 1]) && !strstr(text, ".."));
    if (name_check_object(text, NULL) == CODE_OK)
        must(len >= 1 && len <= 1024 && text[0] != '/' && !strstr(text, "//") && !strpbrk(text, "\n\r\t\x7f"));
    if (name_check_group(text, NULL) == CODE_OK)
        must(len >= 1 && len <= 63 && !strchr(text, '/') && text[0] != ' ' && text[len - 1] != ' ');
    struct object_uri uri;
    if (object_uri_parse(text, &uri, NULL) == CODE_OK) {
        char again[sizeof uri.bucket + sizeof uri.key + 16];
        snprintf(again, sizeof again, "cairn://%s%s%s", uri.bucket, *uri.key ? "/" : "", uri.key);
        must(!strncmp(again, text, strlen(again)) && strlen(text) - strlen(again) <= 1);
    }
    enum keyring keyring;
    enum log_level level;
    Action action;
    (void)keyring_parse(text, &keyring, NULL);
    (void)log_level_parse(text, &level, NULL);
    if (action_parse(text, len, &action, NULL) == CODE_OK)
        must(!strcasecmp(action_text(action), text));
}

static void fuzz_key(char *text, struct arena *arena) {
    const char *words[8], *again;
    char *rest = NULL;
    size_t n = 0;
    struct key k;
    for (char *w = strtok_r(text, " ", &rest); w && n < 8; w = strtok_r(NULL, " ", &rest))
        words[n++] = w;
    if (n == 0 || key_from_words(words, n, &k, NULL) != CODE_OK)
        return;
    again = key_to_words(key_bytes(&k), arena);
    must(again != NULL);
    struct key back;
    const char *said[8], *raw = NULL;
    size_t said_n = 0;
    if (!strncmp(again, "0x", 2)) {
        raw = again;
        must(key_from_words(&raw, 1, &back, NULL) == CODE_OK);
    } else {
        /* a name that came as hex may hold blanks: then its words are no way back */
        char *copy = arena_strdup(arena, again);
        for (char *w = strtok_r(copy, " ", &rest); w && said_n < 8; w = strtok_r(NULL, " ", &rest))
            said[said_n++] = w;
        if (key_from_words(said, said_n, &back, NULL) != CODE_OK || strpbrk(again, "\t\n") || back.len != k.len)
            return;
    }
    must(back.len == k.len && !memcmp(back.b, k.b, k.len));
}

static void fuzz_range(const char *text) {
    static const uint64_t totals[] = {0, 1, 1000, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        uint64_t first, last;
        if (uri_range_parse(text, totals[i], &first, &last))
            must(first <= last || first >= totals[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    if (len == 0 || len > 4096)
        return 0;
    arena_init(&arena, 1 << 20);
    char *text = arena_strndup(&arena, (const char *)data + 1, len - 1);
    switch (data[0] % 6) {
    case 0:
        fuzz_numbers(text);
        break;
    case 1:
        fuzz_addresses(text);
        break;
    case 2:
        fuzz_profile(text);
        break;
    case 3:
        fuzz_names(text);
        break;
    case 4:
        fuzz_key(text, &arena);
        break;
    default:
        fuzz_range(text);
        break;
    }
    arena_release(&arena);
    return 0;
}
