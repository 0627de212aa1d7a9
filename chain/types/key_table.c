/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/key_table.h"

#include "chain/base/num.h"
#include "chain/codec/bech32.h"

#include "cairn/auth.h"
#include "cairn/challenge.h"
#include "cairn/evidence.h"
#include "cairn/gateway.h"
#include "cairn/gov.h"
#include "cairn/params.h"
#include "cairn/payment.h"
#include "cairn/permission.h"
#include "cairn/sp.h"
#include "cairn/state.h"
#include "cairn/storage.h"
#include "cairn/validator.h"

#include <inttypes.h>

#define OF(message) &message##__descriptor

const struct key_row key_table[] = {
    {"chain", KEY_APP, 'c', "", "", OF(chain_state)},
    {"sequences", KEY_APP, 's', "", "", OF(sequences)},
    {"quarantine", KEY_APP, 'q', "k", "KEY", NULL},
    {"params", KEY_PARAMS, 'v', "8", "VERSION", OF(params)},
    {"account", KEY_AUTH, 'a', "a", "ADDR", OF(account)},
    {"unordered", KEY_AUTH, 'u', "81", "UNTIL-HEIGHT FIRST-BYTE", OF(unordered_ids)},
    {"grant", KEY_AUTH, 'g', "aa", "GRANTER GRANTEE", OF(grant)},
    {"grantee", KEY_AUTH, 'h', "aa", "GRANTEE GRANTER", NULL},
    {"grant-expiry", KEY_AUTH, 'x', "8aa", "TIME GRANTER GRANTEE", NULL},
    {"validator", KEY_VALIDATOR, 'v', "a", "ADDR", OF(validator)},
    {"validator-set", KEY_VALIDATOR, 's', "8", "FIRST-HEIGHT", OF(validator_set)},
    {"set-state", KEY_VALIDATOR, 'c', "", "", OF(set_state)},
    {"set-due", KEY_VALIDATOR, 'd', "", "", NULL},
    {"height-page", KEY_VALIDATOR, 'h', "8", "HEIGHT/128", OF(height_page)},
    {"candidate", KEY_VALIDATOR, 'p', "-a", "POWER ADDR", NULL},
    {"unbonding", KEY_VALIDATOR, 'q', "8a", "TIME ADDR", NULL},
    {"rewards", KEY_VALIDATOR, 'r', "a", "ADDR", OF(validator_rewards)},
    {"reward-state", KEY_VALIDATOR, 'f', "", "", OF(reward_state)},
    {"liveness", KEY_VALIDATOR, 'l', "a", "ADDR", OF(liveness)},
    {"missed", KEY_VALIDATOR, 'm', "8", "HEIGHT", OF(missed_height)},
    {"used-evidence", KEY_VALIDATOR, 'x', "h", "EVIDENCE-ID", OF(used_evidence)},
    {"seed", KEY_VALIDATOR, 'e', "", "", OF(seed_state)},
    {"sp", KEY_SP, 's', "4", "ID", OF(storage_provider)},
    {"sp-of", KEY_SP, 'a', "a", "ADDR", NULL},
    {"sp-admission", KEY_SP, 'A', "a", "OPERATOR", NULL},
    {"placement-group", KEY_SP, 'g', "8", "ID", OF(placement_group)},
    {"sp-group", KEY_SP, 'm', "48", "SP GROUP", NULL},
    {"primary-group", KEY_SP, 'p', "48", "SP GROUP", NULL},
    {"sp-totals", KEY_SP, 't', "", "", OF(sp_totals)},
    {"empty-group", KEY_SP, 'e', "88", "TIME GROUP", NULL},
    {"handover", KEY_SP, 'h', "88", "GROUP NUMBER", OF(handover)},
    {"reservation", KEY_SP, 'r', "84", "GROUP POSITION", OF(slot_reservation)},
    {"sp-reservation", KEY_SP, 'v', "484", "SP GROUP POSITION", NULL},
    {"reservation-due", KEY_SP, 'q', "884", "TIME GROUP POSITION", NULL},
    {"takeover-due", KEY_SP, 'w', "884", "TIME GROUP POSITION", NULL},
    {"maintenance-due", KEY_SP, 'u', "84", "TIME SP", NULL},
    {"forced-exit", KEY_SP, 'x', "84", "TIME SP", NULL},
    {"bucket", KEY_STORAGE, 'b', "n", "NAME", OF(bucket_info)},
    {"bucket-id", KEY_STORAGE, 'i', "8", "ID", OF(bucket_location)},
    {"bucket-by", KEY_STORAGE, 'o', "an", "OWNER NAME", NULL},
    {"owner", KEY_STORAGE, 'c', "a", "ADDR", OF(owner_counts)},
    {"object-of", KEY_STORAGE, 'n', "8n", "BUCKET-ID NAME", OF(object_info)},
    {"object-id", KEY_STORAGE, 'j', "8", "ID", OF(object_location)},
    {"unsealed", KEY_STORAGE, 'u', "88", "DEADLINE OBJECT-ID", NULL},
    {"expiry", KEY_STORAGE, 'e', "88", "TIME OBJECT-ID", NULL},
    {"bucket-end", KEY_STORAGE, 'l', "888", "BUCKET-ID TIME OBJECT-ID", NULL},
    {"replacement", KEY_STORAGE, 'r', "8n", "BUCKET-ID NAME", OF(object_info)},
    {"ended", KEY_STORAGE, 'v', "8n", "BUCKET-ID NAME", OF(ended_object)},
    {"ended-until", KEY_STORAGE, 'V', "88n", "TIME BUCKET-ID NAME", NULL},
    {"renewal", KEY_STORAGE, 'R', "88", "TIME OBJECT-ID", NULL},
    {"discontinued", KEY_STORAGE, 'd', "88", "TIME OBJECT-ID", NULL},
    {"discontinued-bucket", KEY_STORAGE, 'f', "88", "TIME BUCKET-ID", NULL},
    {"discontinue-window", KEY_STORAGE, 'H', "4", "SP", OF(discontinue_window)},
    {"upload", KEY_STORAGE, 'p', "a88", "CREATOR ID-HIGH ID-LOW", NULL},
    {"upload-until", KEY_STORAGE, 'P', "8a88", "TIME CREATOR ID-HIGH ID-LOW", NULL},
    {"group", KEY_STORAGE, 'g', "an", "OWNER NAME", OF(group_info)},
    {"group-id", KEY_STORAGE, 'k', "8", "ID", OF(group_location)},
    {"member", KEY_STORAGE, 'm', "8a", "GROUP-ID ADDR", OF(group_member)},
    {"member-expiry", KEY_STORAGE, 'h', "88a", "TIME GROUP-ID ADDR", NULL},
    {"group-gone", KEY_STORAGE, 'z', "88", "TIME GROUP-ID", NULL},
    {"slot", KEY_STORAGE, 's', "88", "BUCKET-ID SLOT", OF(bucket_slot)},
    {"slot-of", KEY_STORAGE, 't', "88", "BUCKET-ID PLACEMENT-GROUP", NULL},
    {"term-slot-of", KEY_STORAGE, 'T', "88", "BUCKET-ID PLACEMENT-GROUP", NULL},
    {"migration", KEY_STORAGE, 'M', "8", "BUCKET-ID", OF(bucket_migration)},
    {"sp-migration", KEY_STORAGE, 'N', "48", "SP BUCKET-ID", NULL},
    {"migration-due", KEY_STORAGE, 'D', "88", "TIME BUCKET-ID", NULL},
    {"primary-news", KEY_STORAGE, 'G', "8888", "TIME PLACEMENT-GROUP BUCKET-ID SLOT", NULL},
    {"nonce", KEY_STORAGE, 'a', "48", "SP NONCE", NULL},
    {"nonce-timeout", KEY_STORAGE, 'q', "848", "TIME SP NONCE", NULL},
    {"weights", KEY_STORAGE, 'w', "188", "LEVEL A B", OF(weight_set)},
    {"weight", KEY_STORAGE, 'x', "18818", "LEVEL A B CLASS INDEX", OF(weight_ref)},
    {"weight-of", KEY_STORAGE, 'y', "18888", "LEVEL A B ITEM-A ITEM-B", OF(weight_item)},
    {"policy", KEY_PERMISSION, 'p', "18Aa", "KIND RESOURCE-ID account ADDR", OF(policy)},
    {"policy", KEY_PERMISSION, 'p', "18G8", "KIND RESOURCE-ID group GROUP-ID", OF(policy)},
    {"policies", KEY_PERMISSION, 'c', "18", "KIND RESOURCE-ID", OF(policy_counts)},
    {"granted", KEY_PERMISSION, 'r', "Aa18", "account ADDR KIND RESOURCE-ID", NULL},
    {"granted", KEY_PERMISSION, 'r', "G818", "group GROUP-ID KIND RESOURCE-ID", NULL},
    {"policy-expiry", KEY_PERMISSION, 'e', "818Aa", "TIME KIND RESOURCE-ID account ADDR", NULL},
    {"policy-expiry", KEY_PERMISSION, 'e', "818G8", "TIME KIND RESOURCE-ID group GROUP-ID", NULL},
    {"policy-leftover", KEY_PERMISSION, 'd', "818", "TIME KIND ID", NULL},
    {"payment", KEY_PAYMENT, 'a', "a", "ADDR", OF(payment_account)},
    {"payment-due", KEY_PAYMENT, 'd', "8a", "TIME ADDR", NULL},
    {"payer-slot", KEY_PAYMENT, 'p', "a88", "PAYER BUCKET-ID SLOT", NULL},
    {"slot-due", KEY_PAYMENT, 's', "888", "TIME BUCKET-ID SLOT", NULL},
    {"read-quota", KEY_PAYMENT, 'q', "8", "BUCKET-ID", OF(read_quota)},
    {"channel", KEY_PAYMENT, 'c', "8", "ID", OF(channel)},
    {"channel-by", KEY_PAYMENT, 'k', "a8", "PAYER ID", NULL},
    {"channel-to", KEY_PAYMENT, 'r', "a8", "PAYEE ID", NULL},
    {"channel-count", KEY_PAYMENT, 'n', "a", "PAYER", NULL},
    {"channel-due", KEY_PAYMENT, 'x', "88", "TIME ID", NULL},
    {"territory", KEY_PAYMENT, 't', "8", "ID", OF(territory)},
    {"territory-of", KEY_PAYMENT, 'o', "an", "OWNER NAME", NULL},
    {"territory-due", KEY_PAYMENT, 'e', "88", "TIME ID", NULL},
    {"territory-offer", KEY_PAYMENT, 'g', "8", "ID", NULL},
    {"territory-totals", KEY_PAYMENT, 'T', "", "", OF(territory_totals)},
    {"withdrawal-due", KEY_PAYMENT, 'w', "8a", "TIME ADDR", NULL},
    {"challenge", KEY_CHALLENGE, 'c', "8", "ID", OF(challenge)},
    {"challenge-stats", KEY_CHALLENGE, 'T', "", "", OF(challenge_stats)},
    {"challenge-deadline", KEY_CHALLENGE, 'd', "88", "TIME ID", NULL},
    {"challenge-sp", KEY_CHALLENGE, 's', "48", "SP ID", NULL},
    {"challenge-object", KEY_CHALLENGE, 'o', "88", "OBJECT-ID ID", NULL},
    {"challenge-by", KEY_CHALLENGE, 'a', "a8", "ADDR ID", NULL},
    {"challenge-segment", KEY_CHALLENGE, 'n', "848", "OBJECT-ID POSITION SEGMENT", NULL},
    {"challenge-closed", KEY_CHALLENGE, 'k', "88", "KEPT-UNTIL ID", NULL},
    {"repair", KEY_CHALLENGE, 'r', "84", "OBJECT-ID POSITION", OF(repair_duty)},
    {"repair-due", KEY_CHALLENGE, 'q', "884", "TIME OBJECT-ID POSITION", NULL},
    {"floor", KEY_CHALLENGE, 'f', "84", "TIME SP", NULL},
    {"cooling", KEY_CHALLENGE, 'u', "84", "OBJECT-ID POSITION", NULL},
    {"cooling-due", KEY_CHALLENGE, 'v', "884", "TIME OBJECT-ID POSITION", NULL},
    {"proposal", KEY_GOV, 'p', "8", "ID", OF(gov_proposal)},
    {"vote", KEY_GOV, 'v', "8a", "PROPOSAL-ID VALIDATOR", OF(ballot)},
    {"proposal-end", KEY_GOV, 'q', "88", "TIME ID", NULL},
    {"proposal-kept", KEY_GOV, 'k', "88", "TIME ID", NULL},
    {"gov-state", KEY_GOV, 's', "", "", OF(gov_state)},
    {"upgrade", KEY_GOV, 'u', "", "", OF(upgrade_plan)},
    {"gateway", KEY_GATEWAY, 'g', "8", "ID", OF(gateway)},
    {"gateway-of", KEY_GATEWAY, 'o', "a8", "OPERATOR ID", NULL},
    {"gateway-totals", KEY_GATEWAY, 'T', "", "", OF(gateway_totals)},
};
const size_t key_table_count = sizeof key_table / sizeof *key_table;

/* --- from words --------------------------------------------------------------------------------------------------- */

static int add_hex(const char *text, struct key *k, struct err *err) {
    size_t len = strlen(text);
    const char *digits = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
    size_t n = strlen(digits) / 2;
    if (len == 0 || n == 0 || n > sizeof k->b - k->len || !hex_decode(digits, strlen(digits), k->b + k->len, n))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not a key in hexadecimal digits of at most %d bytes",
                       text, KEY_LEN_MAX);
    k->len += n;
    return CODE_OK;
}

static int add_number(const char *text, char field, struct key *k, struct err *err) {
    uint64_t value, max = field == '1' ? UINT8_MAX : field == '4' ? UINT32_MAX : UINT64_MAX;
    if (!u64_parse(text, strlen(text), &value) || value > max)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not a number up to %" PRIu64, text, max);
    if (field == '1')
        key_add_u8(k, (uint8_t)value);
    else if (field == '4')
        key_add_u32(k, (uint32_t)value);
    else
        key_add_u64(k, field == '-' ? UINT64_MAX - value : value);
    return CODE_OK;
}

static int add_field(const char *text, char field, struct key *k, struct err *err) {
    struct addr addr;
    int rc;
    switch (field) {
    case 'a':
        rc = addr_from_text(text, &addr, err);
        if (rc == CODE_OK)
            key_add_addr(k, &addr);
        return rc;
    case 'h':
        return strlen(text) == 64 ? add_hex(text, k, err)
                                  : err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" has not 64 hexadecimal digits", text);
    case 'k':
        return add_hex(text, k, err);
    case 'n':
        if (*text == '\0' || strlen(text) > sizeof k->b - k->len)
            return err_set(err, CODE_INVALID_ARGUMENT, "a name has 1 to %d bytes", OBJECT_NAME_MAX);
        key_add_name(k, text);
        return CODE_OK;
    case 'A':
    case 'G':
        key_add_u8(k, field == 'A' ? 1 : 2);
        return CODE_OK;
    default:
        return add_number(text, field, k, err);
    }
}

/* The letters stand where their word does: "account", "group". */
static bool fits(const struct key_row *row, const char *const *fields, size_t count) {
    if (strlen(row->fields) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if ((row->fields[i] == 'A' && strcmp(fields[i], "account") != 0) ||
            (row->fields[i] == 'G' && strcmp(fields[i], "group") != 0))
            return false;
    return true;
}

int key_from_words(const char *const *words, size_t count, struct key *ret, struct err *err) {
    const struct key_row *near = NULL;
    if (count == 1 && strncmp(words[0], "0x", 2) == 0) {
        struct key raw = {.len = 0};
        int rc = add_hex(words[0], &raw, err);
        if (rc == CODE_OK)
            *ret = raw;
        return rc;
    }
    for (size_t i = 0; i < key_table_count && count > 0; i++) {
        const struct key_row *row = &key_table[i];
        if (strcmp(row->word, words[0]) != 0)
            continue;
        near = row;
        if (!fits(row, words + 1, count - 1))
            continue;
        struct key k;
        key_begin(&k, row->module, row->table);
        for (size_t f = 0; row->fields[f] != '\0'; f++) {
            int rc = add_field(words[1 + f], row->fields[f], &k, err);
            if (rc != CODE_OK)
                return err_wrap(err, rc, "%s %s", row->word, row->names);
        }
        *ret = k;
        return CODE_OK;
    }
    return near != NULL ? err_set(err, CODE_INVALID_ARGUMENT, "say it as: %s %s", near->word, near->names)
                        : err_set(err, CODE_INVALID_ARGUMENT,
                                  "the state has no records called \"%s\": chain/types/key_table.c has them all",
                                  count > 0 ? words[0] : "");
}

/* --- to words ----------------------------------------------------------------------------------------------------- */

/* Bytes that a field takes of those that are left; 0: it does not fit. */
static size_t field_len(char field, struct bytes rest) {
    size_t len = rest.len;
    switch (field) {
    case '1':
        len = 1;
        break;
    case '4':
        len = 4;
        break;
    case '8':
    case '-':
        len = 8;
        break;
    case 'a':
        len = sizeof(struct addr);
        break;
    case 'h':
        len = sizeof(struct hash);
        break;
    case 'A':
    case 'G':
        len = rest.len > 0 && rest.data[0] == (field == 'A' ? 1 : 2) ? 1 : SIZE_MAX;
        break;
    default:
        break;
    }
    return len <= rest.len ? len : 0;
}

const struct key_row *key_row_of(struct bytes key) {
    for (size_t i = 0; i < key_table_count && key.len >= 2; i++) {
        const struct key_row *row = &key_table[i];
        if (row->module != key.data[0] || row->table != (char)key.data[1])
            continue;
        struct bytes rest = bytes_of(key.data + 2, key.len - 2);
        bool fit = true;
        for (const char *f = row->fields; fit && *f != '\0'; f++) {
            size_t len = field_len(*f, rest);
            fit = len > 0;
            rest = bytes_of(rest.data + len, rest.len - len);
        }
        if (fit && rest.len == 0)
            return row;
    }
    return NULL;
}

static const char *hex_words(struct arena *arena, const char *before, struct bytes s) {
    char *hex = arena_alloc(arena, 2 * s.len + 1);
    if (hex == NULL)
        return NULL;
    hex_encode(s.data, s.len, hex);
    return arena_printf(arena, "%s%s", before, hex);
}

static const char *field_words(struct arena *arena, char field, struct bytes s) {
    char text[ADDR_TEXT_MAX];
    struct addr addr;
    switch (field) {
    case '1':
        return arena_printf(arena, "%u", s.data[0]);
    case '4':
        return arena_printf(arena, "%" PRIu32, load_be32(s.data));
    case '8':
        return arena_printf(arena, "%" PRIu64, load_be64(s.data));
    case '-':
        return arena_printf(arena, "%" PRIu64, UINT64_MAX - load_be64(s.data));
    case 'a':
        addr_from(s, &addr);
        addr_to_text(&addr, text);
        return arena_strdup(arena, text);
    case 'A':
        return "account";
    case 'G':
        return "group";
    case 'n':
        return arena_strndup(arena, (const char *)s.data, s.len);
    default:
        return hex_words(arena, "", s);
    }
}

const char *key_to_words(struct bytes key, struct arena *arena) {
    const struct key_row *row = key_row_of(key);
    if (row == NULL)
        return hex_words(arena, "0x", key);
    const char *words = row->word;
    struct bytes rest = bytes_of(key.data + 2, key.len - 2);
    for (const char *f = row->fields; words != NULL && *f != '\0'; f++) {
        size_t len = field_len(*f, rest);
        const char *field = field_words(arena, *f, bytes_of(rest.data, len));
        words = field != NULL ? arena_printf(arena, "%s %s", words, field) : NULL;
        rest = bytes_of(rest.data + len, rest.len - len);
    }
    return words;
}
