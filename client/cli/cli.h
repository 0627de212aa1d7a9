/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_CLI_CLI_H
#define CAIRN_CLIENT_CLI_CLI_H
/*
 * One run of `cairn NOUN VERB`: what was typed, and what commands share. Every command is a row of a table
 * (commands.c); parsing, help and completion come from the rows. A command returns a code and fills *err; main prints
 * the sentence and exits with the code's status.
 *
 * Output: results to standard output, everything else to standard error. With --json standard output holds one JSON
 * value and nothing else.
 */
#include "chain/base/arena.h"
#include "client/lib/keystore.h"
#include "client/lib/ledger.h"
#include "client/lib/object_uri.h"
#include "client/lib/sp_client.h"

#include <jansson.h>

enum {
    CLI_WORDS_MAX = 64,
    CLI_FLAGS_MAX = 64,
    CLI_PATH_MAX = 1024,
};

struct cli;

/* An option of a command. value: what it takes ("N", "ADDR"), NULL when it is a switch. */
struct cli_flag {
    const char *name; /* "--profile" */
    const char *value;
    const char *does;
};

struct cli_command {
    const char *noun, *verb; /* verb "" when the noun stands alone */
    const char *words;       /* "cairn://BUCKET/KEY [FILE]" */
    const char *does;        /* one sentence */
    size_t words_min, words_max;
    const struct cli_flag *flags; /* ends with a NULL name; may be NULL */
    int (*run)(struct cli *cli, struct err *err);
};

struct cli_given {
    const char *name, *value;
};

struct cli {
    const struct cli_command *command;
    const char *words[CLI_WORDS_MAX];
    size_t word_count;
    struct cli_given given[CLI_FLAGS_MAX];
    size_t given_count;

    /* global options, from the command line, else the environment */
    char home[CLI_PATH_MAX]; /* --home, CAIRN_HOME, ~/.cairn */
    const char *node;        /* --node, CAIRN_NODE: comma-separated URLs */
    const char *from;        /* --from, CAIRN_FROM: a key's name */
    const char *acting_for;  /* --for: in whose name; NULL: the key's own */
    const char *fee_payer;   /* --fee-payer; NULL: the key's own account */
    const char *passphrase_file;
    const char *wait;     /* --wait: admitted, committed, sealed, closed */
    enum keyring keyring; /* --keyring, CAIRN_KEYRING */
    uint64_t fee;         /* --fee in pebble; 0: what the ledger asks */
    bool json, quiet, yes, unverified;
    uint64_t trust_height; /* --trust HEIGHT:ID; 0: not given */
    struct hash trust_id;

    struct arena arena; /* until the command ends */
    char keys_dir[CLI_PATH_MAX];
    struct ledger *ledger; /* opened at first use: cli_ledger */
    struct sp_client *sps; /* opened at first use: cli_sps */
    struct seckey key;     /* opened at first use: cli_key */
    struct key_info key_info;
    bool key_open;
};

/* --- what was typed ----------------------------------------------------------------------------------------------- */
const char *cli_value(const struct cli *cli, const char *flag); /* NULL when not given; the last one counts */
bool cli_has(const struct cli *cli, const char *flag);
/* The value of the flag's next occurrence from *at on (begin with 0); NULL when there is no more. */
const char *cli_next_value(const struct cli *cli, const char *flag, size_t *at);
/* A number, def when not given; CODE_INVALID_ARGUMENT names the flag and the bounds. */
int cli_number(const struct cli *cli, const char *flag, uint64_t def, uint64_t max, uint64_t *ret, struct err *err);
/* A size ("16MiB") or a duration in ms ("30d"), def when not given; errors name the flag. */
int cli_size(const struct cli *cli, const char *flag, uint64_t def, uint64_t *ret, struct err *err);
int cli_duration(const struct cli *cli, const char *flag, uint64_t def, uint64_t *ret_ms, struct err *err);
/* A profile ("ec:4+2+w"), def when not given (NULL: *ret stays NULL), with --segment-size; on the arena. */
int cli_profile(struct cli *cli, const char *def, Profile **ret, struct err *err);
/* cairn://bucket/key; a bucket may also be named bare. *ret_bucket on the arena. */
int cli_object_uri(const char *text, struct object_uri *ret, struct err *err);
int cli_bucket_name(struct cli *cli, const char *text, const char **ret_bucket, struct err *err);

/* --- what commands need ------------------------------------------------------------------------------------------- */
struct keystore cli_keystore(struct cli *cli);
/* The connection to the ledger, made once. Borrowed. */
int cli_ledger(struct cli *cli, struct ledger **ret, struct err *err);
/* The key of --from, opened once; asks for the passphrase at need. Borrowed until the command ends. */
int cli_key(struct cli *cli, const struct seckey **ret, struct err *err);
/* The account that acts: that of --for, else the one behind --from, without opening the key. */
int cli_address(struct cli *cli, struct addr *ret, struct err *err);
/* Who else is concerned when a client of providers signs with --from: the account of --for and that of --fee-payer, on
 * the arena; NULL where it was not given. */
int cli_sponsors(struct cli *cli, const struct addr **ret_creator, const struct addr **ret_payer, struct err *err);
/* "cairn1...", or the name of a key of ours. */
int cli_parse_address(struct cli *cli, const char *text, struct addr *ret, struct err *err);
/* The connection to providers, made once. signs: a key is needed; else requests are signed when a key is there.
 * Borrowed.
 */
int cli_sps(struct cli *cli, bool signs, struct sp_client **ret, struct err *err);
/* A question to the rules: path, then name and value pairs up to a NULL name; values that are NULL or "" are left out.
 * ret_msg on the arena. A node's word, not proven. */
int cli_ask(struct cli *cli, const char *path, const ProtobufCMessageDescriptor *desc, void *ret_msg, struct err *err,
            ...);
/* Ledger time `flag` (a duration) from now; 0 when it is not given or "never". */
int cli_expiry(struct cli *cli, const char *text, uint64_t *ret_ms, struct err *err);
/* Signs msgs with --from, sends them, waits as --wait says, and gives the result; a transaction that failed is an error
 * with the ledger's code and sentence. ret (may be NULL) lives on the arena. */
int cli_send(struct cli *cli, Msg **msgs, size_t count, TxStatus **ret, struct err *err);

/* --- one message (act.c) ------------------------------------------------------------------------------------------ */
/* The number that a word says, from 1 on; errors call it "the number of a `of`". */
int cli_id(const char *text, const char *of, uint64_t *ret, struct err *err);
/* As cli_parse_address, into a message's field, on the arena; without a text the field stays as it is. */
int cli_address_field(struct cli *cli, const char *text, ProtobufCBinaryData *ret, struct err *err);
/* Sends one message of the ledger, of whichever type (`&message.base`), and prints what came of it. Its creator, unless
 * it has one, becomes the account that acts: cli_address. */
int cli_act(struct cli *cli, ProtobufCMessage *message, struct err *err);
/* The same; the number that the ledger gave to what was made is printed as `name`. */
int cli_act_new(struct cli *cli, ProtobufCMessage *message, const char *name, struct err *err);
/* The same without printing. */
int cli_act_status(struct cli *cli, ProtobufCMessage *message, TxStatus **ret, struct err *err);

/* --- output ------------------------------------------------------------------------------------------------------- */
/* Takes value over. With --json prints it; else as lines "name  value", nested names joined by dots, lists numbered. */
int cli_print(struct cli *cli, json_t *value, struct err *err);
/* Any record, through the one JSON printer. */
int cli_print_pb(struct cli *cli, const void *msg, struct err *err);
/* A table: with --json the array itself; else the given members as columns. Takes rows over. columns end with NULL. */
int cli_print_table(struct cli *cli, json_t *rows, const char *const *columns, struct err *err);
/* How a listing ends: rows as a table, or when gathering them failed with rc no rows. Takes rows over. */
int cli_print_rows(struct cli *cli, int rc, json_t *rows, const char *const *columns, struct err *err);
/* A line to standard error, for people; not with --quiet. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A number as text: u64 in JSON are strings. On the arena; "" without memory. */
const char *cli_u64(struct cli *cli, uint64_t value);
/* Puts the transaction's id, height and cost beside what else a command tells. */
json_t *cli_tx_json(const TxStatus *status);

/* --- the table ---------------------------------------------------------------------------------------------------- */
extern const struct cli_command cli_commands[]; /* ends with a NULL noun */
int cli_parse(struct cli *cli, int argc, char **argv, struct err *err);
void cli_usage(const struct cli_command *command, bool whole); /* to standard output; NULL: every command */
void cli_release(struct cli *cli);                             /* wipes and closes */

#endif
