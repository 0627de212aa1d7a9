/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/num.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "client/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLI_ARENA_MAX = 256 << 20 };

static const struct cli_flag global_flags[] = {
    {"--home", "DIR", "keys, journals and the genesis file; else $CAIRN_HOME, else ~/.cairn"},
    {"--node", "URL[,URL]", "ledger nodes; else $CAIRN_NODE, else http://127.0.0.1:26601"},
    {"--from", "KEY", "the key that signs; else $CAIRN_FROM, else the only one there is"},
    {"--keyring", "file|test", "how keys are kept; else $CAIRN_KEYRING, else file"},
    {"--passphrase-file", "FILE", "its first line opens the key; else a prompt asks"},
    {"--wait", "admitted|committed|sealed|closed",
     "how long a command waits (default: committed; object put: sealed; closed: challenge submit)"},
    {"--fee", "AMOUNT", "pay this, not what the ledger asks"},
    {"--for", "ADDR|KEY", "act in the name of this account, by its grant: `cairn grant`"},
    {"--fee-payer", "ADDR|KEY", "this account pays the fee, by its grant"},
    {"--json", NULL, "print one JSON value and nothing else"},
    {"--quiet", NULL, "no notes, no progress"},
    {"--yes", NULL, "do not ask before something is destroyed"},
    {"--trust", "HEIGHT:ID", "a header that you trust, when the genesis is too old: ask somebody you trust for its id"},
    {"--no-verify", NULL, "believe the node instead of checking proofs and signatures"},
    {NULL, NULL, NULL},
};

static const struct cli_flag *find_flag(const struct cli_flag *flags, const char *name) {
    for (; flags && flags->name; flags++)
        if (!strcmp(flags->name, name))
            return flags;
    return NULL;
}

const char *cli_value(const struct cli *cli, const char *flag) {
    const char *value = NULL;
    for (size_t i = 0; i < cli->given_count; i++)
        if (!strcmp(cli->given[i].name, flag))
            value = cli->given[i].value;
    return value;
}

bool cli_has(const struct cli *cli, const char *flag) {
    for (size_t i = 0; i < cli->given_count; i++)
        if (!strcmp(cli->given[i].name, flag))
            return true;
    return false;
}

int cli_number(const struct cli *cli, const char *flag, uint64_t def, uint64_t max, uint64_t *ret, struct err *err) {
    const char *text = cli_value(cli, flag);
    uint64_t value = def;
    if (text && (!u64_parse(text, strlen(text), &value) || value > max))
        return err_set(err, CODE_INVALID_ARGUMENT, "%s needs a number from 0 to %llu, not \"%s\"", flag,
                       (unsigned long long)max, text);
    *ret = value;
    return CODE_OK;
}

const char *cli_next_value(const struct cli *cli, const char *flag, size_t *at) {
    while (*at < cli->given_count) {
        const struct cli_given *g = &cli->given[(*at)++];
        if (!strcmp(g->name, flag))
            return g->value;
    }
    return NULL;
}

int cli_size(const struct cli *cli, const char *flag, uint64_t def, uint64_t *ret, struct err *err) {
    const char *text = cli_value(cli, flag);
    uint64_t value = def;
    int rc = text ? size_parse(text, &value, err) : CODE_OK;
    if (!rc)
        *ret = value;
    return rc ? err_wrap(err, rc, "%s", flag) : CODE_OK;
}

int cli_duration(const struct cli *cli, const char *flag, uint64_t def, uint64_t *ret_ms, struct err *err) {
    const char *text = cli_value(cli, flag);
    uint64_t value = def;
    int rc = text ? duration_parse(text, &value, err) : CODE_OK;
    if (!rc)
        *ret_ms = value;
    return rc ? err_wrap(err, rc, "%s", flag) : CODE_OK;
}

int cli_profile(struct cli *cli, const char *def, Profile **ret, struct err *err) {
    const char *text = cli_value(cli, "--profile");
    uint64_t segment_size = 0;
    int rc = cli_size(cli, "--segment-size", 0, &segment_size, err);
    *ret = NULL;
    if (!rc && !text && segment_size && !def)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--segment-size needs --profile beside it");
    if (rc || (!text && !def))
        return rc;
    Profile *profile = ARENA_NEW(&cli->arena, Profile);
    if (!profile)
        return err_set(err, CODE_NO_MEMORY, "no memory for a profile");
    profile__init(profile);
    rc = profile_parse(text ? text : def, segment_size, profile, err);
    if (!rc)
        *ret = profile;
    return rc;
}

int cli_object_uri(const char *text, struct object_uri *ret, struct err *err) {
    int rc = object_uri_parse(text, ret, err);
    if (!rc && !*ret->key)
        rc =
            err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" names a bucket, not an object: write cairn://bucket/key", text);
    return rc;
}

int cli_bucket_name(struct cli *cli, const char *text, const char **ret_bucket, struct err *err) {
    struct object_uri uri = {.bucket = ""};
    int rc = CODE_OK;
    if (strstr(text, "://")) {
        rc = object_uri_parse(text, &uri, err);
        if (!rc && *uri.key)
            rc = err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" names an object: a bucket is cairn://bucket", text);
        text = uri.bucket;
    }
    if (!rc)
        rc = name_check_bucket(text, err);
    if (rc)
        return rc;
    *ret_bucket = arena_strdup(&cli->arena, text);
    return *ret_bucket ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a name");
}

/* --- help --------------------------------------------------------------------------------------------------------- */

static void print_flags(const struct cli_flag *flags) {
    for (; flags && flags->name; flags++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", flags->name, flags->value ? " " : "", flags->value ? flags->value : "");
        printf("      %-40s %s\n", left, flags->does);
    }
}

static void print_command(const struct cli_command *c) {
    printf("  cairn %s%s%s%s%s\n      %s\n", c->noun, *c->verb ? " " : "", c->verb, *c->words ? " " : "", c->words,
           c->does);
}

void cli_usage(const struct cli_command *command, bool whole) {
    for (const struct cli_command *c = command ? command : cli_commands; c->noun; c++) {
        print_command(c);
        if (command || whole)
            print_flags(c->flags);
        if (command)
            break;
    }
    printf("\nEvery command takes:\n");
    print_flags(global_flags);
    if (!command)
        printf(
            "\nExit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 exists or conflict, 5 denied, 6 funds or quota,\n"
            "7 unavailable or timeout, 8 integrity. `cairn help NOUN` tells a noun's options.\n");
}

/* All verbs of a noun, or the one that is named. False when there is none. */
static bool usage_of_noun(const char *noun, const char *verb) {
    bool found = false;
    for (const struct cli_command *c = cli_commands; c->noun; c++)
        if (!strcmp(c->noun, noun) && (!verb || !strcmp(c->verb, verb))) {
            print_command(c);
            print_flags(c->flags);
            found = true;
        }
    return found;
}

/* --- parsing ------------------------------------------------------------------------------------------------------ */

/* The longest row that the first words name: a noun with its verb before a noun alone. */
static const struct cli_command *find_command(const char *noun, const char *verb) {
    const struct cli_command *alone = NULL;
    for (const struct cli_command *c = cli_commands; c->noun; c++) {
        if (strcmp(c->noun, noun))
            continue;
        if (verb && *c->verb && !strcmp(c->verb, verb))
            return c;
        if (!*c->verb)
            alone = c;
    }
    return alone;
}

static int unknown_command(const char *noun, const char *verb, struct err *err) {
    char verbs[256] = "";
    size_t len = 0;
    for (const struct cli_command *c = cli_commands; c->noun; c++)
        if (!strcmp(c->noun, noun) && *c->verb && len < sizeof verbs)
            len += (size_t)snprintf(verbs + len, sizeof verbs - len, "%s%s", len ? ", " : "", c->verb);
    if (!len)
        return err_set(err, CODE_INVALID_ARGUMENT, "there is no command \"%s\": see `cairn help`", noun);
    return verb ? err_set(err, CODE_INVALID_ARGUMENT, "cairn %s has no verb \"%s\", it has %s", noun, verb, verbs)
                : err_set(err, CODE_INVALID_ARGUMENT, "cairn %s needs a verb: %s", noun, verbs);
}

/* Do the words so far name this command? Options of one name may take a value in one command and none in another. */
static bool is_named(const struct cli *cli, const struct cli_command *c) {
    return cli->word_count > 0 && !strcmp(c->noun, cli->words[0]) &&
           (!*c->verb || (cli->word_count > 1 && !strcmp(c->verb, cli->words[1])));
}

/* Splits argv into words and flags; flags are judged when the command is known. "--" ends flags; "-" is a word. */
static int split(struct cli *cli, int argc, char **argv, bool *ret_help, struct err *err) {
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];
        if (only_words || strncmp(arg, "-", 1) || !arg[1]) {
            if (cli->word_count == CLI_WORDS_MAX)
                return err_set(err, CODE_INVALID_ARGUMENT, "more than %d words", CLI_WORDS_MAX);
            cli->words[cli->word_count++] = arg;
            continue;
        }
        if (!strcmp(arg, "--")) {
            only_words = true;
            continue;
        }
        if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
            *ret_help = true;
            continue;
        }
        const struct cli_flag *flag = find_flag(global_flags, arg);
        for (const struct cli_command *c = cli_commands; !flag && c->noun; c++)
            flag = is_named(cli, c) ? find_flag(c->flags, arg) : NULL;
        for (const struct cli_command *c = cli_commands; !flag && c->noun; c++)
            flag = find_flag(c->flags, arg);
        if (!flag)
            return err_set(err, CODE_INVALID_ARGUMENT, "there is no option %s: see `cairn help`", arg);
        if (flag->value && i + 1 >= argc)
            return err_set(err, CODE_INVALID_ARGUMENT, "%s needs a value: %s", arg, flag->value);
        if (cli->given_count == CLI_FLAGS_MAX)
            return err_set(err, CODE_INVALID_ARGUMENT, "more than %d options", CLI_FLAGS_MAX);
        cli->given[cli->given_count++] = (struct cli_given){arg, flag->value ? argv[++i] : ""};
    }
    return CODE_OK;
}

static const char *global_value(const struct cli *cli, const char *flag, const char *variable, const char *def) {
    const char *value = cli_value(cli, flag);
    if (!value && variable)
        value = getenv(variable);
    return value && *value ? value : def;
}

/* "1200:3f0a..." */
static int read_trust(struct cli *cli, struct err *err) {
    const char *text = cli_value(cli, "--trust"), *colon = text ? strchr(text, ':') : NULL;
    if (!text)
        return CODE_OK;
    if (!colon || !u64_parse(text, (size_t)(colon - text), &cli->trust_height) || !cli->trust_height ||
        strlen(colon + 1) != 2 * sizeof cli->trust_id.b ||
        !hex_decode(colon + 1, strlen(colon + 1), cli->trust_id.b, sizeof cli->trust_id.b))
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "--trust needs a header's height and id, HEIGHT:64 hex digits, not \"%s\"", text);
    return CODE_OK;
}

static int read_globals(struct cli *cli, struct err *err) {
    const char *home = global_value(cli, "--home", "CAIRN_HOME", NULL), *user = getenv("HOME");
    if (!home && !user)
        return err_set(err, CODE_INVALID_ARGUMENT, "say where keys are kept: --home DIR or CAIRN_HOME");
    int n = home ? snprintf(cli->home, sizeof cli->home, "%s", home)
                 : snprintf(cli->home, sizeof cli->home, "%s/.cairn", user);
    if (n <= 0 || n >= (int)sizeof cli->home - 64)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path of the home directory is too long");
    snprintf(cli->keys_dir, sizeof cli->keys_dir, "%.*s/keys", (int)sizeof cli->keys_dir - 8, cli->home);
    cli->node = global_value(cli, "--node", "CAIRN_NODE", "http://127.0.0.1:26601");
    cli->from = global_value(cli, "--from", "CAIRN_FROM", NULL);
    cli->passphrase_file = global_value(cli, "--passphrase-file", "CAIRN_PASSPHRASE_FILE", NULL);
    cli->wait = global_value(cli, "--wait", NULL, NULL);
    cli->acting_for = global_value(cli, "--for", NULL, NULL);
    cli->fee_payer = global_value(cli, "--fee-payer", NULL, NULL);
    cli->json = cli_has(cli, "--json");
    cli->quiet = cli_has(cli, "--quiet") || cli->json;
    cli->yes = cli_has(cli, "--yes");
    cli->unverified = cli_has(cli, "--no-verify");
    if (cli->wait && strcmp(cli->wait, "admitted") && strcmp(cli->wait, "committed") && strcmp(cli->wait, "sealed") &&
        strcmp(cli->wait, "closed"))
        return err_set(err, CODE_INVALID_ARGUMENT, "--wait is admitted, committed, sealed or closed, not \"%s\"",
                       cli->wait);
    const char *fee = cli_value(cli, "--fee");
    int rc = fee ? money_parse(fee, &cli->fee, err) : CODE_OK;
    if (!rc)
        rc = read_trust(cli, err);
    return rc ? rc : keyring_parse(global_value(cli, "--keyring", "CAIRN_KEYRING", "file"), &cli->keyring, err);
}

static int check_command(struct cli *cli, struct err *err) {
    const struct cli_command *c = cli->command;
    for (size_t i = 0; i < cli->given_count; i++)
        if (!find_flag(global_flags, cli->given[i].name) && !find_flag(c->flags, cli->given[i].name))
            return err_set(err, CODE_INVALID_ARGUMENT, "cairn %s %s does not take %s: see `cairn help %s`", c->noun,
                           c->verb, cli->given[i].name, c->noun);
    if (cli->word_count < c->words_min || cli->word_count > c->words_max)
        return err_set(err, CODE_INVALID_ARGUMENT, "usage: cairn %s%s%s %s", c->noun, *c->verb ? " " : "", c->verb,
                       c->words);
    return CODE_OK;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct err *err) {
    bool help = false;
    arena_init(&cli->arena, CLI_ARENA_MAX);
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) /* also what is wrong with the rest is told as JSON */
        cli->json = cli->json || !strcmp(argv[i], "--json");
    int rc = split(cli, argc, argv, &help, err);
    if (rc)
        return rc;
    bool help_word = cli->word_count && !strcmp(cli->words[0], "help");
    if (!cli->word_count || help_word) {
        const char *of = help_word && cli->word_count > 1 ? cli->words[1] : NULL;
        const char *of_verb = of && cli->word_count > 2 ? cli->words[2] : NULL;
        if (of && !usage_of_noun(of, of_verb))
            return unknown_command(of, of_verb, err);
        if (!of)
            cli_usage(NULL, false);
        return cli->word_count || help
                   ? CODE_OK
                   : err_set(err, CODE_INVALID_ARGUMENT, "say what to do, for example `cairn status`");
    }
    const char *verb = cli->word_count > 1 ? cli->words[1] : NULL;
    const struct cli_command *command = find_command(cli->words[0], verb);
    if (!command && help && !verb && usage_of_noun(cli->words[0], NULL))
        return CODE_OK;
    if (!command)
        return unknown_command(cli->words[0], verb, err);
    if (help) {
        cli_usage(command, true);
        return CODE_OK;
    }
    size_t taken = *command->verb ? 2 : 1;
    cli->word_count -= taken;
    memmove(cli->words, cli->words + taken, cli->word_count * sizeof *cli->words);
    cli->command = command;
    rc = check_command(cli, err);
    return rc ? rc : read_globals(cli, err);
}
