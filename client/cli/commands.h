/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_CLI_COMMANDS_H
#define CAIRN_CLIENT_CLI_COMMANDS_H
/* One function a verb, in the file of its noun; commands.c has the table. */
#include "cairn/storage.h"
#include "client/cli/cli.h"
#include "client/lib/placement.h"

int cmd_key_add(struct cli *cli, struct err *err);
int cmd_key_list(struct cli *cli, struct err *err);
int cmd_key_show(struct cli *cli, struct err *err);
int cmd_key_export(struct cli *cli, struct err *err);
int cmd_key_import(struct cli *cli, struct err *err);
int cmd_key_delete(struct cli *cli, struct err *err);

int cmd_account_show(struct cli *cli, struct err *err);
int cmd_account_send(struct cli *cli, struct err *err);
int cmd_account_wrap_key(struct cli *cli, struct err *err);
int cmd_account_supply(struct cli *cli, struct err *err);

int cmd_grant_give(struct cli *cli, struct err *err);
int cmd_grant_revoke(struct cli *cli, struct err *err);
int cmd_grant_show(struct cli *cli, struct err *err);
int cmd_grant_list(struct cli *cli, struct err *err);

int cmd_gov_now(struct cli *cli, struct err *err);
int cmd_gov_params(struct cli *cli, struct err *err);
int cmd_gov_upgrade(struct cli *cli, struct err *err);
int cmd_gov_admit(struct cli *cli, struct err *err);
int cmd_gov_exit(struct cli *cli, struct err *err);
int cmd_gov_vote(struct cli *cli, struct err *err);
int cmd_gov_list(struct cli *cli, struct err *err);
int cmd_gov_show(struct cli *cli, struct err *err);

int cmd_tx_show(struct cli *cli, struct err *err);
int cmd_tx_wait(struct cli *cli, struct err *err);
int cmd_tx_decode(struct cli *cli, struct err *err);
int cmd_tx_sign(struct cli *cli, struct err *err);
int cmd_tx_broadcast(struct cli *cli, struct err *err);

int cmd_block_show(struct cli *cli, struct err *err);
int cmd_status(struct cli *cli, struct err *err);
int cmd_validators(struct cli *cli, struct err *err);
int cmd_query(struct cli *cli, struct err *err);
int cmd_verify(struct cli *cli, struct err *err);
int cmd_doctor(struct cli *cli, struct err *err);

int cmd_bucket_create(struct cli *cli, struct err *err);
int cmd_bucket_head(struct cli *cli, struct err *err);
int cmd_bucket_list(struct cli *cli, struct err *err);
int cmd_bucket_delete(struct cli *cli, struct err *err);
int cmd_bucket_update(struct cli *cli, struct err *err);
int cmd_bucket_discontinue(struct cli *cli, struct err *err);

int cmd_object_put(struct cli *cli, struct err *err);
int cmd_object_get(struct cli *cli, struct err *err);
int cmd_object_cat(struct cli *cli, struct err *err);
int cmd_object_head(struct cli *cli, struct err *err);
int cmd_object_list(struct cli *cli, struct err *err);
int cmd_object_where(struct cli *cli, struct err *err);
int cmd_object_verify(struct cli *cli, struct err *err);
int cmd_object_progress(struct cli *cli, struct err *err);
int cmd_object_delete(struct cli *cli, struct err *err);
int cmd_object_state(struct cli *cli, struct err *err);
int cmd_object_copy(struct cli *cli, struct err *err);
int cmd_object_move(struct cli *cli, struct err *err);
int cmd_object_update(struct cli *cli, struct err *err);
int cmd_object_renew(struct cli *cli, struct err *err);
int cmd_object_refund(struct cli *cli, struct err *err);
int cmd_object_discontinue(struct cli *cli, struct err *err);
int cmd_object_cancel(struct cli *cli, struct err *err);

int cmd_group_create(struct cli *cli, struct err *err);
int cmd_group_head(struct cli *cli, struct err *err);
int cmd_group_list(struct cli *cli, struct err *err);
int cmd_group_members(struct cli *cli, struct err *err);
int cmd_group_update(struct cli *cli, struct err *err);
int cmd_group_leave(struct cli *cli, struct err *err);
int cmd_group_delete(struct cli *cli, struct err *err);

int cmd_policy_put(struct cli *cli, struct err *err);
int cmd_policy_show(struct cli *cli, struct err *err);
int cmd_policy_list(struct cli *cli, struct err *err);
int cmd_policy_check(struct cli *cli, struct err *err);
int cmd_policy_grants(struct cli *cli, struct err *err);
int cmd_policy_delete(struct cli *cli, struct err *err);

int cmd_sp_list(struct cli *cli, struct err *err);
int cmd_sp_show(struct cli *cli, struct err *err);
/* Unless --no-probe: does the provider answer where its record will say? */
int cli_sp_probe(struct cli *cli, uint32_t id, const char *endpoint, const char *p2p_endpoint, struct err *err);
int cmd_sp_register(struct cli *cli, struct err *err);
int cmd_sp_deposit(struct cli *cli, struct err *err);
int cmd_sp_edit(struct cli *cli, struct err *err);
int cmd_sp_withdraw(struct cli *cli, struct err *err);
int cmd_sp_price(struct cli *cli, struct err *err);
int cmd_sp_status(struct cli *cli, struct err *err);
int cmd_sp_revive(struct cli *cli, struct err *err);
int cmd_sp_exit(struct cli *cli, struct err *err);
int cmd_sp_complete_exit(struct cli *cli, struct err *err);
int cmd_sp_open_slots(struct cli *cli, struct err *err);
int cmd_sp_groups(struct cli *cli, struct err *err);
int cmd_sp_group(struct cli *cli, struct err *err);
int cmd_sp_reservation(struct cli *cli, struct err *err);
int cmd_sp_migrations(struct cli *cli, struct err *err);
int cmd_sp_complete_migration(struct cli *cli, struct err *err);
int cmd_sp_reject_migration(struct cli *cli, struct err *err);
int cmd_bucket_migrate(struct cli *cli, struct err *err);
int cmd_bucket_migrate_cancel(struct cli *cli, struct err *err);
int cmd_bucket_migration(struct cli *cli, struct err *err);
int cmd_sp_reservations(struct cli *cli, struct err *err);
int cmd_sp_close_group(struct cli *cli, struct err *err);
int cmd_sp_offer_slot(struct cli *cli, struct err *err);
int cmd_sp_reserve_slot(struct cli *cli, struct err *err);
int cmd_sp_complete_slot(struct cli *cli, struct err *err);
int cmd_sp_cancel_slot(struct cli *cli, struct err *err);
/* A provider's keys with their possession, as `cairn-sp possession` and `cairn-sp new-key` print them. */
int cli_sp_keys(struct cli *cli, const char *path, MsgEditSp **ret, struct err *err);

int cmd_validator_list(struct cli *cli, struct err *err);
int cmd_validator_show(struct cli *cli, struct err *err);
int cmd_validator_rewards(struct cli *cli, struct err *err);
int cmd_validator_create(struct cli *cli, struct err *err);
int cmd_validator_bond(struct cli *cli, struct err *err);
int cmd_validator_unbond(struct cli *cli, struct err *err);
int cmd_validator_edit(struct cli *cli, struct err *err);
int cmd_validator_unjail(struct cli *cli, struct err *err);
int cmd_validator_withdraw(struct cli *cli, struct err *err);
int cmd_validator_evidence(struct cli *cli, struct err *err);

/* A payment account: an address or key's name, or the number of one of the payer's own (0: the account under its
 * address); NULL: that of --from. */
int cli_payer(struct cli *cli, const char *text, struct addr *ret, struct err *err);
int cmd_payment_show(struct cli *cli, struct err *err);
int cmd_payment_quote(struct cli *cli, struct err *err);
int cmd_payment_quota(struct cli *cli, struct err *err);
int cmd_payment_deposit(struct cli *cli, struct err *err);
int cmd_payment_withdraw(struct cli *cli, struct err *err);
int cmd_channel_open(struct cli *cli, struct err *err);
int cmd_channel_topup(struct cli *cli, struct err *err);
int cmd_channel_redeem(struct cli *cli, struct err *err);
int cmd_channel_close(struct cli *cli, struct err *err);
int cmd_channel_show(struct cli *cli, struct err *err);
int cmd_channel_list(struct cli *cli, struct err *err);
int cmd_channel_voucher(struct cli *cli, struct err *err);
int cmd_territory_mint(struct cli *cli, struct err *err);
int cmd_territory_expand(struct cli *cli, struct err *err);
int cmd_territory_renew(struct cli *cli, struct err *err);
int cmd_territory_auto(struct cli *cli, struct err *err);
int cmd_territory_reactivate(struct cli *cli, struct err *err);
int cmd_territory_consign(struct cli *cli, struct err *err);
int cmd_territory_cancel(struct cli *cli, struct err *err);
int cmd_territory_buy(struct cli *cli, struct err *err);
int cmd_territory_show(struct cli *cli, struct err *err);
int cmd_territory_use(struct cli *cli, struct err *err);
int cmd_territory_list(struct cli *cli, struct err *err);
int cmd_territory_ending(struct cli *cli, struct err *err);
int cmd_territory_quote(struct cli *cli, struct err *err);
int cmd_payment_create(struct cli *cli, struct err *err);
int cmd_payment_list(struct cli *cli, struct err *err);
int cmd_payment_no_refund(struct cli *cli, struct err *err);

int cmd_gateway_register(struct cli *cli, struct err *err);
int cmd_gateway_update(struct cli *cli, struct err *err);
int cmd_gateway_remove(struct cli *cli, struct err *err);
int cmd_gateway_show(struct cli *cli, struct err *err);
int cmd_gateway_list(struct cli *cli, struct err *err);
int cmd_challenge_list(struct cli *cli, struct err *err);
int cmd_challenge_show(struct cli *cli, struct err *err);
int cmd_challenge_submit(struct cli *cli, struct err *err);
int cmd_challenge_run(struct cli *cli, struct err *err);
int cmd_challenge_owed(struct cli *cli, struct err *err);
int cmd_challenge_repairs(struct cli *cli, struct err *err);
int cmd_challenge_lost(struct cli *cli, struct err *err);

/* What several nouns share; each in the file of the noun it is about. */
int cli_visibility(const struct cli *cli, Visibility *ret, struct err *err);        /* --visibility; 0: not given */
int cli_group(struct cli *cli, const char *name, GroupInfo **ret, struct err *err); /* of --owner, proven */
int cli_find_object(struct cli *cli, const char *uri, struct placement *ret, struct err *err); /* proven */
int cli_sp_id(const char *text, uint32_t *ret, struct err *err);

/* What --tag KEY=VALUE says, several times. */
int cli_tag_list(struct cli *cli, Tag *ret[CLI_FLAGS_MAX], size_t *ret_count, struct err *err);
/* The same, or --no-tags; *ret is NULL when neither is given. */
int cli_tags(struct cli *cli, SetTags **ret, struct err *err);

#endif
