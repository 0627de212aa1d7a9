/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cli/commands.h"

static const struct cli_flag height_flag[] = {{"--height", "N", "the block after which to look"}, {NULL, NULL, NULL}};
static const struct cli_flag wait_flags[] = {{"--timeout", "SECONDS", "how long (default 60)"}, {NULL, NULL, NULL}};
static const struct cli_flag query_flags[] = {
    {"--prove", NULL,
     "a record with its proof: say it as `bucket NAME`, `object BUCKET/NAME`, `account ADDR`, 0xHEX, ..."},
    {"--height", "N", "with --prove: as it was after this block; only recent ones are kept"},
    {"--out", "FILE.json", "with --prove: write what anybody can check with `cairn verify`"},
    {NULL, NULL, NULL}};
static const struct cli_flag verify_flags[] = {
    {"--at", "MS", "as if it were this time (ms since 1970): when you were given the file"}, {NULL, NULL, NULL}};
static const struct cli_flag bucket_create_flags[] = {
    {"--profile", "PROFILE", "redundancy of its objects: ec:4+2+w (default), ec:K+M[+w], replica:N"},
    {"--segment-size", "SIZE", "unit of coding, 16MiB when not said"},
    {"--visibility", "private|public", "who may read: private (default), public"},
    {"--sp", "N", "its primary provider; else one is chosen"},
    {"--quota", "SIZE", "bytes a month that may be read beyond what is free"},
    {"--payment", "ACCOUNT", "the account that pays: its address, or the number of one of yours"},
    {NULL, NULL, NULL}};
static const struct cli_flag bucket_update_flags[] = {
    {"--visibility", "private|public", "who may read"},
    {"--payment", "ADDR|KEY", "who pays from now on: an account that you may charge"},
    {"--quota", "SIZE", "bytes a month that may be read beyond what is free"},
    {"--price-cap", "N", "nothing dearer is stored in it: 2^-64 pebble per byte and ms; 0: no cap"},
    {"--profile", "PROFILE", "redundancy of new objects"},
    {"--segment-size", "SIZE", "with --profile"},
    {"--tag", "KEY=VALUE", "its tags, in place of those it has; several times"},
    {"--no-tags", NULL, "no tags any more"},
    {NULL, NULL, NULL}};
static const struct cli_flag update_flags[] = {
    {"--visibility", "private|public|inherit", "who may read; inherit: as its bucket says"},
    {"--content-type", "TYPE", "another content type"},
    {"--metadata", "TEXT", "another note of yours"},
    {"--etag", "TEXT", "another ETag"},
    {"--tag", "KEY=VALUE", "its tags, in place of those it has; several times"},
    {"--no-tags", NULL, "no tags any more"},
    {NULL, NULL, NULL}};
static const struct cli_flag copy_flags[] = {
    {"--overwrite", NULL, "replace what is there"},
    {"--profile", "PROFILE", "redundancy, when it is not the bucket's"},
    {"--segment-size", "SIZE", "with --profile"},
    {"--term", "DURATION", "ends by itself after so long; else stays until it is deleted"},
    {"--max-price", "N", "at most so much a position; twice what the primary asks when not said"},
    {NULL, NULL, NULL}};
static const struct cli_flag renew_flags[] = {
    {"--term", "DURATION", "ends so long from now"},
    {"--extend", "DURATION", "ends so much later"},
    {"--expires-at", "MS", "ends at this ledger time"},
    {"--open-ended", NULL, "stays until it is deleted"},
    {"--copies", "N", "of a replica profile: so many copies, made by the primary"},
    {"--max-price", "N", "at most so much a position; agreed at what providers ask now"},
    {"--auto-renew", "PERIOD", "the ledger adds so much before each end: 30d"},
    {"--auto-price", "N", "at most at this price"},
    {"--auto-until", "DURATION", "and no longer than so long from now"},
    {"--no-auto-renew", NULL, "not any more"},
    {NULL, NULL, NULL}};
static const struct cli_flag put_flags[] = {
    {"--overwrite", NULL, "replace an object of that name; it stays readable until the new one is sealed"},
    {"--profile", "PROFILE", "redundancy, when it is not the bucket's"},
    {"--segment-size", "SIZE", "with --profile"},
    {"--visibility", "private|public", "when it is not the bucket's"},
    {"--content-type", "TYPE", "application/octet-stream when not said"},
    {"--term", "DURATION", "ends by itself after so long: 30d; else stays until it is deleted"},
    {"--max-price", "N", "at most so much a position, 2^-64 pebble per byte and ms"},
    {"--timeout", "SECONDS", "how long to wait for the seal (default 600)"},
    {"--min-copies", "N",
     "done when N providers have it and it can be read; else when all have: the rest follows by itself"},
    {"--direct", NULL, "code it here, leave the pieces with the providers, then create and seal it in one transaction"},
    {"--keep", "DURATION", "with --direct: how long they keep what is not stored (default 50m, at most 1h)"},
    {NULL, NULL, NULL}};
static const struct cli_flag grant_flags[] = {
    {"--messages", "M[,M]", "what may be sent in your name: MsgCreateObject, ...; all: what needs no naming"},
    {"--in", "cairn://BUCKET[/PREFIX]", "only there"},
    {"--bytes", "SIZE|unlimited", "payload that it may store in your name"},
    {"--money", "AMOUNT|unlimited", "coins that such messages may take or hold back"},
    {"--max-price", "N", "the highest price it may agree to, 2^-64 pebble per byte and ms; any when not said"},
    {"--fees", "AMOUNT|unlimited", "fees of its transactions that you pay"},
    {"--expires", "DURATION", "holds for so long; else until it is revoked"},
    {NULL, NULL, NULL}};
static const struct cli_flag grant_list_flags[] = {{"--received", NULL, "those that it was given, not those it gave"},
                                                   {NULL, NULL, NULL}};
static const struct cli_flag title_flag[] = {{"--title", "TEXT", "what people read; else what it does"},
                                             {NULL, NULL, NULL}};
static const struct cli_flag upgrade_flags[] = {{"--title", "TEXT", "what people read; else what it does"},
                                                {"--info", "TEXT", "where to get the program"},
                                                {NULL, NULL, NULL}};
static const struct cli_flag get_flags[] = {{"--range", "FIRST-LAST", "only these bytes; FIRST- or -COUNT also do"},
                                            {"--direct", NULL, "from the others, without the bucket's primary"},
                                            {NULL, NULL, NULL}};
static const struct cli_flag list_flags[] = {
    {"--prefix", "TEXT", "names that begin so"},        {"--delimiter", "TEXT", "fold names at it, like folders"},
    {"--start-after", "NAME", "go on after this name"}, {"--limit", "N", "at most so many"},
    {"--ids", NULL, "their numbers and names"},         {NULL, NULL, NULL}};
static const struct cli_flag owner_flag[] = {{"--owner", "ADDR|KEY", "whose group, when it is not --from's"},
                                             {NULL, NULL, NULL}};
static const struct cli_flag group_create_flags[] = {
    {"--add", "ADDR[:DURATION]", "a member, for so long when said; several times"}, {NULL, NULL, NULL}};
static const struct cli_flag members_flags[] = {
    {"--add", "ADDR[:DURATION]", "a member, for so long when said; several times"},
    {"--remove", "ADDR", "not a member any more; several times"},
    {"--owner", "ADDR|KEY", "whose group, when it is not --from's"},
    {NULL, NULL, NULL}};
static const struct cli_flag group_update_flags[] = {{"--extra", "TEXT", "what it is for"},
                                                     {"--tag", "KEY=VALUE", "several times"},
                                                     {"--owner", "ADDR|KEY", "whose group, when it is not --from's"},
                                                     {NULL, NULL, NULL}};
static const struct cli_flag group_flag[] = {{"--group", "NAME", "which of your groups"}, {NULL, NULL, NULL}};
static const struct cli_flag policy_put_flags[] = {
    {"--to", "ADDR|KEY", "whom it is about"},
    {"--group", "NAME", "or which of your groups"},
    {"--effect", "allow|deny", "allow when not said"},
    {"--actions", "A[,A]", "get (default), list, create, delete, update, copy, all, ..."},
    {"--objects", "GLOB", "only names that match (* and ?); several times"},
    {"--expires", "DURATION", "the statement holds for so long"},
    {"--policy-expires", "DURATION", "and the policy with all its statements"},
    {"--size-limit", "SIZE", "bytes that may be created under it"},
    {"--replace", NULL, "in place of the statements that are there"},
    {NULL, NULL, NULL}};
static const struct cli_flag principal_flags[] = {
    {"--to", "ADDR|KEY", "whom it is about"}, {"--group", "NAME", "or which of your groups"}, {NULL, NULL, NULL}};
static const struct cli_flag check_flags[] = {{"--to", "ADDR|KEY", "who; --from's account when not said"},
                                              {"--size", "SIZE", "of what would be created"},
                                              {"--owner", "ADDR|KEY", "whose group, when it is not --from's"},
                                              {NULL, NULL, NULL}};
static const struct cli_flag register_flags[] = {
    {"--keys", "FILE", "what `cairn-sp possession` printed; needed"},
    {"--allow-private", NULL, "a local network: private addresses will do"},
    {"--no-probe", NULL, "do not ask first whether it answers there"},
    {"--deposit", "AMOUNT", "when it is not the file's"},
    {NULL, NULL, NULL}};
static const struct cli_flag sp_edit_flags[] = {
    {"--endpoint", "URL", "where clients reach it; it must answer there already"},
    {"--allow-private", NULL, "a local network: private addresses will do"},
    {"--no-probe", NULL, "do not ask first whether it answers there"},
    {"--p2p-endpoint", "URL", "where other providers do"},
    {"--capacity", "SIZE", "bytes offered; 0 = without limit"},
    {"--moniker", "TEXT", "its name"},
    {"--website", "TEXT", "of the operator"},
    {"--region", "TEXT", "where it stands"},
    {"--details", "TEXT", "anything else"},
    {"--keys", "FILE", "new keys, as `cairn-sp new-key` printed them; the old ones lead nowhere from then on"},
    {"--beneficiary", "ADDR|KEY", "whom its income is paid to; signed by the funding account"},
    {NULL, NULL, NULL}};
static const struct cli_flag sp_price_flags[] = {{"--store", "N", "2^-64 pebble per byte and ms"},
                                                 {"--read", "N", "2^-64 pebble per byte"},
                                                 {"--free-quota", "SIZE", "a bucket may be read so much a month"},
                                                 {"--free-once", "SIZE", "and a new one so much once"},
                                                 {NULL, NULL, NULL}};
static const struct cli_flag sp_status_flags[] = {
    {"--duration", "DURATION", "of a maintenance, at most what the quota leaves"}, {NULL, NULL, NULL}};
static const struct cli_flag offer_flags[] = {{"--withdraw", NULL, "others may not, after all"}, {NULL, NULL, NULL}};
static const struct cli_flag reserve_flags[] = {{"--bond", "AMOUNT", "lost when it is not completed in time; needed"},
                                                {"--deadline", "DURATION", "from now; 24h when not said"},
                                                {NULL, NULL, NULL}};
static const struct cli_flag validator_create_flags[] = {{"--bond", "AMOUNT", "what to put at stake; needed"},
                                                         {"--name", "TEXT", "when it is not the file's"},
                                                         {"--description", "TEXT", "what it says about itself"},
                                                         {NULL, NULL, NULL}};
static const struct cli_flag validator_edit_flags[] = {{"--name", "TEXT", "another name"},
                                                       {"--description", "TEXT", "another description"},
                                                       {"--operator", "ADDR|KEY", "hand it to another account"},
                                                       {NULL, NULL, NULL}};
static const struct cli_flag quote_flags[] = {
    {"--profile", "PROFILE", "ec:4+2+w when not said"},
    {"--segment-size", "SIZE", "16MiB when not said"},
    {"--term", "DURATION", "for so long: 30d"},
    {"--sp", "N", "at this provider's price; else at the lowest"},
    {"--price", "N", "at this price: 2^-64 pebble per byte and ms"},
    {"--read-quota", NULL, "what so many bytes a month to be read cost, at --sp"},
    {"--account", "ACCOUNT", "with --read-quota: who would pay; exact then"},
    {NULL, NULL, NULL}};
static const struct cli_flag account_flag[] = {
    {"--account", "ACCOUNT", "the payment account: its address, or its number (0: your own)"}, {NULL, NULL, NULL}};
static const struct cli_flag withdraw_flags[] = {
    {"--account", "ACCOUNT", "the payment account: its address, or its number (0: your own)"},
    {"--sp", "N", "a provider's income, to its funding account"},
    {NULL, NULL, NULL}};
static const struct cli_flag channel_flags[] = {
    {"--expires", "DURATION", "from now; what is not redeemed comes back then (open: 30d)"}, {NULL, NULL, NULL}};
static const struct cli_flag voucher_flags[] = {{"--out", "FILE", "write the voucher there"}, {NULL, NULL, NULL}};
static const struct cli_flag channel_list_flags[] = {{"--payee", NULL, "those that pay the account instead"},
                                                     {NULL, NULL, NULL}};
static const struct cli_flag mint_flags[] = {
    {"--owner", "ADDR|KEY", "who may take it for nothing: `territory buy ID 0 NAME`"}, {NULL, NULL, NULL}};
static const struct cli_flag consign_flags[] = {{"--buyer", "ADDR|KEY", "who alone may buy it"}, {NULL, NULL, NULL}};
static const struct cli_flag territory_list_flags[] = {{"--offers", NULL, "all that are for sale"}, {NULL, NULL, NULL}};
static const struct cli_flag territory_quote_flags[] = {{"--id", "N", "of one that is there; else of a new one"},
                                                        {"--capacity", "SIZE", "bytes, or bytes more"},
                                                        {"--term", "DURATION", "time, or more time"},
                                                        {NULL, NULL, NULL}};
static const struct cli_flag territory_ending_flags[] = {{"--within", "DURATION", "from now; 7d when not said"},
                                                         {NULL, NULL, NULL}};
static const struct cli_flag gateway_register_flags[] = {
    {"--region", "TEXT", "where it stands"}, {"--version", "TEXT", "of its program"}, {NULL, NULL, NULL}};
static const struct cli_flag gateway_update_flags[] = {{"--url", "URL", "where clients reach it"},
                                                       {"--region", "TEXT", "where it stands"},
                                                       {"--version", "TEXT", "of its program"},
                                                       {NULL, NULL, NULL}};
static const struct cli_flag challenge_list_flags[] = {{"--sp", "N", "of this provider"},
                                                       {"--object", "cairn://BUCKET/KEY", "about this object"},
                                                       {"--status", "open|passed|missed", "only those"},
                                                       {"--origin", "floor|bytes|submitted|repair", "only those"},
                                                       {NULL, NULL, NULL}};
static const struct cli_flag submit_flags[] = {{"--sp", "N", "the provider to challenge"},
                                               {"--position", "N", "or the position"},
                                               {"--segment", "N", "which segment; else the ledger draws one"},
                                               {"--timeout", "SECONDS", "with --wait closed (default 300)"},
                                               {NULL, NULL, NULL}};
static const struct cli_flag run_flags[] = {{"--sp", "N", "the provider to ask"},
                                            {"--position", "N", "or the position"},
                                            {"--segment", "N", "which segment (default 0)"},
                                            {NULL, NULL, NULL}};

static const struct cli_flag lost_flags[] = {
    {"--sp", "N", "the provider that owes it"}, {"--position", "N", "or the position"}, {NULL, NULL, NULL}};

#define URI             "cairn://BUCKET/KEY"
#define OBJECTS_AT_ONCE CLI_WORDS_MAX

const struct cli_command cli_commands[] = {
    {"status", "", "", "where the ledger node stands", 0, 0, NULL, cmd_status},
    {"doctor", "", "", "check node, clock, key, balance and providers, and name the next step", 0, 0, NULL, cmd_doctor},

    {"key", "add", "NAME", "make a key", 1, 1, NULL, cmd_key_add},
    {"key", "list", "", "the keys of this home", 0, 0, NULL, cmd_key_list},
    {"key", "show", "NAME", "a key's address and public key", 1, 1, NULL, cmd_key_show},
    {"key", "export", "NAME FILE", "copy the sealed key to a file (- for standard output)", 2, 2, NULL, cmd_key_export},
    {"key", "import", "NAME FILE", "take a key from an exported file", 2, 2, NULL, cmd_key_import},
    {"key", "delete", "NAME", "destroy a key (--yes)", 1, 1, NULL, cmd_key_delete},

    {"account", "show", "[ADDR|KEY]", "balance and sequence, proven", 0, 1, NULL, cmd_account_show},
    {"account", "send", "ADDR|KEY AMOUNT", "send coins, for example 1.5CAIRN", 2, 2, NULL, cmd_account_send},
    {"account", "wrap-key", "KEY|HEX|none", "say under which key others wrap object keys for you", 1, 1, NULL,
     cmd_account_wrap_key},
    {"account", "supply", "", "all coins there are, proven, and where those lie that belong to no key", 0, 0, NULL,
     cmd_account_supply},

    {"grant", "give", "ADDR|KEY", "let an account act in your name, or at your cost", 1, 1, grant_flags,
     cmd_grant_give},
    {"grant", "revoke", "ADDR|KEY", "end what you have granted it", 1, 1, NULL, cmd_grant_revoke},
    {"grant", "show", "GRANTER GRANTEE", "a grant and what is left of it, proven", 2, 2, NULL, cmd_grant_show},
    {"grant", "list", "[ADDR|KEY]", "the grants that an account gave, or was given", 0, 1, grant_list_flags,
     cmd_grant_list},

    {"gov", "now", "", "the parameters that hold now, and the version of the rules, proven", 0, 0, NULL, cmd_gov_now},
    {"gov", "params", "NAME=NUMBER...", "propose other values of parameters", 1, 32, title_flag, cmd_gov_params},
    {"gov", "upgrade", "HEIGHT VERSION", "propose that other rules hold from a height on", 2, 2, upgrade_flags,
     cmd_gov_upgrade},
    {"gov", "admit", "ADDR|KEY", "propose that an account may register a provider", 1, 1, title_flag, cmd_gov_admit},
    {"gov", "exit", "SP REASON", "propose that a provider must leave", 2, 2, title_flag, cmd_gov_exit},
    {"gov", "vote", "ID yes|no VALIDATOR", "vote with a validator's power; its operator does", 3, 3, NULL,
     cmd_gov_vote},
    {"gov", "list", "", "proposals, open and decided a while ago", 0, 0, NULL, cmd_gov_list},
    {"gov", "show", "ID", "a proposal, proven", 1, 1, NULL, cmd_gov_show},

    {"bucket", "create", "NAME", "make a bucket", 1, 1, bucket_create_flags, cmd_bucket_create},
    {"bucket", "head", "NAME", "a bucket's record, proven", 1, 1, NULL, cmd_bucket_head},
    {"bucket", "list", "[ADDR|KEY]", "an account's buckets", 0, 1, NULL, cmd_bucket_list},
    {"bucket", "update", "NAME", "change what a bucket says; what is not given stays", 1, 1, bucket_update_flags,
     cmd_bucket_update},
    {"bucket", "delete", "NAME", "delete an empty bucket", 1, 1, NULL, cmd_bucket_delete},
    {"bucket", "migrate", "NAME N", "move a bucket to another primary: provider N takes over what lies there", 2, 2,
     NULL, cmd_bucket_migrate},
    {"bucket", "migrate-cancel", "NAME", "the bucket stays with its primary after all", 1, 1, NULL,
     cmd_bucket_migrate_cancel},
    {"bucket", "migration", "NAME", "where a bucket is on its way to, proven", 1, 1, NULL, cmd_bucket_migration},
    {"bucket", "discontinue", "NAME REASON", "a primary's gc key gives notice: all of it goes after the grace", 2, 2,
     NULL, cmd_bucket_discontinue},

    {"object", "put", "FILE|- " URI, "store a file; the same again goes on with one that was interrupted", 2, 2,
     put_flags, cmd_object_put},
    {"object", "get", URI " [FILE|-]", "fetch an object, every byte verified", 1, 2, get_flags, cmd_object_get},
    {"object", "cat", URI, "the same to standard output", 1, 1, get_flags, cmd_object_cat},
    {"object", "head", URI, "an object's record, proven", 1, 1, NULL, cmd_object_head},
    {"object", "list", "cairn://BUCKET[/PREFIX]", "objects by name", 1, 1, list_flags, cmd_object_list},
    {"object", "where", URI, "who holds which position, proven", 1, 1, NULL, cmd_object_where},
    {"object", "verify", URI, "check every position's pieces and the content against the ledger", 1, 1, NULL,
     cmd_object_verify},
    {"object", "progress", URI, "how far an upload is, or the state of the deal", 1, 1, NULL, cmd_object_progress},
    {"object", "state", URI, "the state of the deal: Bid 0, Part-Deal 1, Deal 2, Pending-End 3, End 4", 1, 1, NULL,
     cmd_object_state},
    {"object", "copy", URI " " URI, "a copy, made by the providers", 2, 2, copy_flags, cmd_object_copy},
    {"object", "move", URI " " URI, "another name in the same bucket", 2, 2, NULL, cmd_object_move},
    {"object", "update", URI, "change what is said of an object; what is not given stays", 1, 1, update_flags,
     cmd_object_update},
    {"object", "renew", URI, "another end, price or number of copies; what is not given stays", 1, 1, renew_flags,
     cmd_object_renew},
    {"object", "refund", URI, "what deleting it now would give back", 1, 1, NULL, cmd_object_refund},
    {"object", "delete", URI "...", "delete objects, all or none; what was held back for them is returned", 1,
     OBJECTS_AT_ONCE, NULL, cmd_object_delete},
    {"object", "discontinue", URI " REASON", "a primary's gc key gives notice: it goes after the grace", 2, 2, NULL,
     cmd_object_discontinue},
    {"object", "cancel", URI, "give up an object that is not sealed yet", 1, 1, NULL, cmd_object_cancel},

    {"group", "create", "NAME", "make a group of accounts", 1, 1, group_create_flags, cmd_group_create},
    {"group", "head", "NAME", "a group's record, proven", 1, 1, owner_flag, cmd_group_head},
    {"group", "list", "[ADDR|KEY]", "an account's groups", 0, 1, NULL, cmd_group_list},
    {"group", "members", "NAME", "list members, or add and remove some", 1, 1, members_flags, cmd_group_members},
    {"group", "update", "NAME", "put these words and tags in place of those that a group has", 1, 1, group_update_flags,
     cmd_group_update},
    {"group", "leave", "NAME", "be a member of somebody's group no more", 1, 1, owner_flag, cmd_group_leave},
    {"group", "delete", "NAME", "delete a group; policies that name it say nothing any more", 1, 1, owner_flag,
     cmd_group_delete},

    {"policy", "put", "cairn://BUCKET[/KEY]|group:NAME", "allow or deny somebody something", 1, 1, policy_put_flags,
     cmd_policy_put},
    {"policy", "show", "cairn://BUCKET[/KEY]|group:NAME", "the policy for one principal, proven", 1, 1, principal_flags,
     cmd_policy_show},
    {"policy", "list", "cairn://BUCKET[/KEY]|group:NAME", "all policies", 1, 1, NULL, cmd_policy_list},
    {"policy", "grants", "[ADDR|KEY]", "all that policies say of an account, or of one of your groups", 0, 1,
     group_flag, cmd_policy_grants},
    {"policy", "check", "cairn://BUCKET[/KEY]|group:NAME ACTION", "may this account do it; exit code 5 when not", 2, 2,
     check_flags, cmd_policy_check},
    {"policy", "delete", "cairn://BUCKET[/KEY]|group:NAME", "drop the policy for one principal", 1, 1, principal_flags,
     cmd_policy_delete},

    {"sp", "list", "", "storage providers", 0, 0, NULL, cmd_sp_list},
    {"sp", "show", "N", "a provider's record, proven", 1, 1, NULL, cmd_sp_show},
    {"sp", "register", "FILE", "register the provider that `cairn-sp init` described", 1, 1, register_flags,
     cmd_sp_register},
    {"sp", "deposit", "N AMOUNT", "add to a provider's deposit", 2, 2, NULL, cmd_sp_deposit},
    {"sp", "withdraw", "N AMOUNT", "take back what the deposit holds beyond what is needed", 2, 2, NULL,
     cmd_sp_withdraw},
    {"sp", "edit", "N", "another endpoint, description, capacity, keys, beneficiary", 1, 1, sp_edit_flags, cmd_sp_edit},
    {"sp", "price", "N", "what it asks from now on", 1, 1, sp_price_flags, cmd_sp_price},
    {"sp", "status", "N maintenance|service", "into maintenance for a time, or back", 2, 2, sp_status_flags,
     cmd_sp_status},
    {"sp", "revive", "N", "out of jail, when everything owed has been repaired", 1, 1, NULL, cmd_sp_revive},
    {"sp", "exit", "N", "leave: nothing new is stored, others may take its positions over", 1, 1, NULL, cmd_sp_exit},
    {"sp", "complete-exit", "N", "nothing is left: the deposit goes back", 1, 1, NULL, cmd_sp_complete_exit},
    {"sp", "open-slots", "N", "positions of a provider that others may take over, and what it has left", 1, 1, NULL,
     cmd_sp_open_slots},
    {"sp", "groups", "[N]", "placement groups, all or those of a provider", 0, 1, NULL, cmd_sp_groups},
    {"sp", "group", "GROUP", "a placement group's record, proven", 1, 1, NULL, cmd_sp_group},
    {"sp", "close-group", "GROUP", "end an empty group: its bond goes back", 1, 1, NULL, cmd_sp_close_group},
    {"sp", "offer-slot", "GROUP POSITION", "let others take over a position of yours", 2, 2, offer_flags,
     cmd_sp_offer_slot},
    {"sp", "reserve-slot", "GROUP POSITION", "take over a position: your provider fetches what lies there", 2, 2,
     reserve_flags, cmd_sp_reserve_slot},
    {"sp", "complete-slot", "GROUP POSITION",
     "everything is there: the ledger draws, then it is yours; your provider says so by itself", 2, 2, NULL,
     cmd_sp_complete_slot},
    {"sp", "cancel-slot", "GROUP POSITION", "give a reservation up; part of the bond is lost", 2, 2, NULL,
     cmd_sp_cancel_slot},
    {"sp", "migrations", "N", "buckets on their way to a provider", 1, 1, NULL, cmd_sp_migrations},
    {"sp", "complete-migration", "BUCKET [SLOT [GROUP]]",
     "a step of a bucket's way to your provider, which takes them itself", 1, 3, NULL, cmd_sp_complete_migration},
    {"sp", "reject-migration", "BUCKET REASON", "the bucket does not come after all; part of the bonds is lost", 2, 2,
     NULL, cmd_sp_reject_migration},
    {"sp", "reservation", "GROUP POSITION", "who is taking over a position, proven", 2, 2, NULL, cmd_sp_reservation},
    {"sp", "reservations", "[N]", "who is taking over what; or only a provider", 0, 1, NULL, cmd_sp_reservations},

    {"validator", "list", "", "validators, also those that do not vote now", 0, 0, NULL, cmd_validator_list},
    {"validator", "show", "ADDR", "a validator's record, proven; what it earned and missed", 1, 1, NULL,
     cmd_validator_show},
    {"validator", "rewards", "", "the pot of fees: what a unit of power has earned, and what is not withdrawn, proven",
     0, 0, NULL, cmd_validator_rewards},
    {"validator", "create", "FILE", "become a validator with the key that `cairnd validator-proof` described", 1, 1,
     validator_create_flags, cmd_validator_create},
    {"validator", "bond", "ADDR AMOUNT", "add to a validator's bond", 2, 2, NULL, cmd_validator_bond},
    {"validator", "unbond", "ADDR AMOUNT|all", "take from a bond; the coins come after the unbonding time", 2, 2, NULL,
     cmd_validator_unbond},
    {"validator", "edit", "ADDR", "change name, description or operator", 1, 1, validator_edit_flags,
     cmd_validator_edit},
    {"validator", "unjail", "ADDR", "back into the set after a jail for being away", 1, 1, NULL, cmd_validator_unjail},
    {"validator", "withdraw", "ADDR", "take the validator's share of the fees", 1, 1, NULL, cmd_validator_withdraw},
    {"validator", "evidence", "FILE",
     "show two contradicting signatures of a validator (data/evidence/ADDR.pb, or JSON)", 1, 1, NULL,
     cmd_validator_evidence},

    {"payment", "show", "[ACCOUNT]", "what an account pays for storage, proven", 0, 1, NULL, cmd_payment_show},
    {"payment", "quote", "SIZE", "what an object would cost, or with --read-quota being read", 1, 1, quote_flags,
     cmd_payment_quote},
    {"payment", "quota", "BUCKET", "what a bucket pays for being read, proven", 1, 1, NULL, cmd_payment_quota},
    {"payment", "deposit", "AMOUNT", "put coins where storage is paid from", 1, 1, account_flag, cmd_payment_deposit},
    {"payment", "withdraw", "AMOUNT", "take coins back; much at once arrives after a delay", 1, 1, withdraw_flags,
     cmd_payment_withdraw},
    {"payment", "create", "", "make another payment account of your own", 0, 0, NULL, cmd_payment_create},
    {"payment", "list", "[ADDR|KEY]", "the payment accounts of an owner", 0, 1, NULL, cmd_payment_list},
    {"payment", "no-refund", "ACCOUNT", "keep what is in a payment account for storage, for good (--yes)", 1, 1, NULL,
     cmd_payment_no_refund},

    {"channel", "open", "ADDR|KEY AMOUNT", "put coins aside for one payee, who takes them by your vouchers", 2, 2,
     channel_flags, cmd_channel_open},
    {"channel", "topup", "ID AMOUNT", "put more into a channel; 0 with --expires for more time only", 2, 2,
     channel_flags, cmd_channel_topup},
    {"channel", "voucher", "sign ID AMOUNT|verify FILE", "promise AMOUNT in all, or check what was promised to you", 2,
     3, voucher_flags, cmd_channel_voucher},
    {"channel", "redeem", "FILE", "take what a voucher promises you", 1, 1, NULL, cmd_channel_redeem},
    {"channel", "close", "ID", "end a channel: the payee at once, the payer after a time to redeem", 1, 1, NULL,
     cmd_channel_close},
    {"channel", "show", "ID", "a channel, proven", 1, 1, NULL, cmd_channel_show},
    {"channel", "list", "[ADDR|KEY]", "channels that an account pays", 0, 1, channel_list_flags, cmd_channel_list},

    {"territory", "mint", "NAME CAPACITY TERM", "pay ahead for so many stored bytes and so long: 10GiB 90d", 3, 3,
     mint_flags, cmd_territory_mint},
    {"territory", "expand", "ID CAPACITY", "pay for so many more bytes, for the time that is left", 2, 2, NULL,
     cmd_territory_expand},
    {"territory", "renew", "ID TERM", "pay for so much more time, also while it is frozen", 2, 2, NULL,
     cmd_territory_renew},
    {"territory", "auto", "ID TERM|off", "have the ledger renew it at each deadline, from your account", 2, 2, NULL,
     cmd_territory_auto},
    {"territory", "reactivate", "ID TERM", "begin again with one that expired", 2, 2, NULL, cmd_territory_reactivate},
    {"territory", "consign", "ID AMOUNT", "offer an empty one for sale", 2, 2, consign_flags, cmd_territory_consign},
    {"territory", "cancel", "ID", "take the offer back", 1, 1, NULL, cmd_territory_cancel},
    {"territory", "buy", "ID AMOUNT NAME", "buy one at the price that is asked", 3, 3, NULL, cmd_territory_buy},
    {"territory", "show", "ID", "a territory, proven; buckets are charged to its payment_address", 1, 1, NULL,
     cmd_territory_show},
    {"territory", "use", "ID", "what of it is used and what its pot holds", 1, 1, NULL, cmd_territory_use},
    {"territory", "list", "[ADDR|KEY]", "an account's territories, or those for sale", 0, 1, territory_list_flags,
     cmd_territory_list},
    {"territory", "ending", "", "territories of all that freeze or end soon, the next first", 0, 0,
     territory_ending_flags, cmd_territory_ending},
    {"territory", "quote", "", "what one would cost, or more of one that is there", 0, 0, territory_quote_flags,
     cmd_territory_quote},

    {"gateway", "register", "URL", "put a gateway into the directory, for a deposit", 1, 1, gateway_register_flags,
     cmd_gateway_register},
    {"gateway", "update", "ID", "say something else about a gateway of yours; what is not given stays", 1, 1,
     gateway_update_flags, cmd_gateway_update},
    {"gateway", "remove", "ID", "take a gateway of yours out of the directory: its deposit goes back", 1, 1, NULL,
     cmd_gateway_remove},
    {"gateway", "show", "ID", "a gateway's record, proven", 1, 1, NULL, cmd_gateway_show},
    {"gateway", "list", "[ADDR|KEY]", "gateways, all or an operator's", 0, 1, NULL, cmd_gateway_list},

    {"challenge", "list", "", "challenges, open and closed a while ago", 0, 0, challenge_list_flags,
     cmd_challenge_list},
    {"challenge", "show", "ID", "a challenge, proven", 1, 1, NULL, cmd_challenge_show},
    {"challenge", "submit", URI, "have the ledger ask a provider for proof (--wait closed: exit code 8 when it misses)",
     1, 1, submit_flags, cmd_challenge_submit},
    {"challenge", "run", URI, "fetch a whole piece and compare: MATCH, MISMATCH (8), UNAVAILABLE (7)", 1, 1, run_flags,
     cmd_challenge_run},
    {"challenge", "owed", "SP", "what a provider owes now, and what it passed, missed and failed", 1, 1, NULL,
     cmd_challenge_owed},
    {"challenge", "repairs", "", "positions that providers must repair", 0, 0, NULL, cmd_challenge_repairs},
    {"challenge", "lost", URI, "by its provider: a position that cannot be repaired, for a fixed penalty", 1, 1,
     lost_flags, cmd_challenge_lost},

    {"tx", "show", "TX_ID", "a transaction and what came of it", 1, 1, NULL, cmd_tx_show},
    {"tx", "wait", "TX_ID", "wait until a transaction is in a block", 1, 1, wait_flags, cmd_tx_wait},
    {"tx", "decode", "FILE", "print a signed transaction (hex; - for standard input) as JSON", 1, 1, NULL,
     cmd_tx_decode},
    {"tx", "sign", "FILE", "sign the body in a JSON file (- for standard input); prints hex", 1, 1, NULL, cmd_tx_sign},
    {"tx", "broadcast", "FILE", "send a signed transaction (hex; - for standard input)", 1, 1, NULL, cmd_tx_broadcast},

    {"block", "show", "[HEIGHT]", "a block: header, certificate, transactions", 0, 1, NULL, cmd_block_show},
    {"validators", "", "", "who votes at a height, and in which round each would propose", 0, 0, height_flag,
     cmd_validators},
    {"query", "", "PATH|WHAT...", "ask the ledger a question of its own; with --prove take a record and its proof", 1,
     8, query_flags, cmd_query},
    {"verify", "", "FILE.json",
     "check a proof file, without a network: against --trust, what this home knows, or its genesis", 1, 1, verify_flags,
     cmd_verify},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
