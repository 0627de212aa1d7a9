/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/hints.h"

#include <string.h>

/* Sorted by name; looked up by halving. */
static const struct {
    const char *name;
    enum hint hint;
} table[] = {
    {"account", HINT_ADDRESS},
    {"address", HINT_ADDRESS},
    {"addresses", HINT_ADDRESS},
    {"app_hash", HINT_HASH},
    {"approval", HINT_BASE64},
    {"approval_key", HINT_PUBKEY},
    {"approval_possession", HINT_SIG},
    {"ask", HINT_BASE64},
    {"ask_hash", HINT_HASH},
    {"beneficiary", HINT_ADDRESS},
    {"block", HINT_BASE64},
    {"blocks", HINT_BASE64},
    {"bond_payer", HINT_ADDRESS},
    {"buyer", HINT_ADDRESS},
    {"certified_app_hash", HINT_HASH},
    {"chain_tag", HINT_HASH},
    {"challenger", HINT_ADDRESS},
    {"checksum", HINT_HASH},
    {"checksums", HINT_HASH},
    {"chunk", HINT_BASE64},
    {"ciphertext", HINT_HEX},
    {"content_root", HINT_HASH},
    {"creator", HINT_ADDRESS},
    {"cursor", HINT_HEX},
    {"data", HINT_BASE64},
    {"digest", HINT_HASH},
    {"double_signers", HINT_ADDRESS},
    {"envelope_digest", HINT_HASH},
    {"ephemeral", HINT_HASH},
    {"evidence_id", HINT_HASH},
    {"fee_payer", HINT_ADDRESS},
    {"funding", HINT_ADDRESS},
    {"gc_key", HINT_PUBKEY},
    {"gc_possession", HINT_SIG},
    {"genesis", HINT_BASE64},
    {"grantee", HINT_ADDRESS},
    {"granter", HINT_ADDRESS},
    {"group_owner", HINT_ADDRESS},
    {"header", HINT_BASE64},
    {"header_id", HINT_HASH},
    {"key", HINT_HEX},
    {"last_certificate_hash", HINT_HASH},
    {"layout_root", HINT_HASH},
    {"manifest", HINT_BASE64},
    {"manifest_id", HINT_HASH},
    {"metadata", HINT_BASE64},
    {"new_operator", HINT_ADDRESS},
    {"next_cursor", HINT_HEX},
    {"next_key", HINT_HEX},
    {"next_tip", HINT_HASH},
    {"next_validators_hash", HINT_HASH},
    {"node_id", HINT_ADDRESS},
    {"node_key", HINT_PUBKEY},
    {"node_possession", HINT_SIG},
    {"nonce", HINT_HEX},
    {"operator", HINT_ADDRESS},
    {"other_key_hash", HINT_HASH},
    {"other_value_hash", HINT_HASH},
    {"owner", HINT_ADDRESS},
    {"params_hash", HINT_HASH},
    {"path", HINT_HASH},
    {"payee", HINT_ADDRESS},
    {"payer", HINT_ADDRESS},
    {"payment_address", HINT_ADDRESS},
    {"piece_path", HINT_HASH},
    {"piece_roots", HINT_HASH},
    {"possession", HINT_SIG},
    {"precommits", HINT_HEX},
    {"previous_id", HINT_HASH},
    {"prevotes", HINT_HEX},
    {"proposer", HINT_ADDRESS},
    {"pubkey", HINT_PUBKEY},
    {"receipt", HINT_BASE64},
    {"remove", HINT_ADDRESS},
    {"replicated", HINT_HEX},
    {"results_hash", HINT_HASH},
    {"reveal", HINT_HASH},
    {"root", HINT_HASH},
    {"salt", HINT_HEX},
    {"seal_key", HINT_PUBKEY},
    {"seal_possession", HINT_SIG},
    {"seal_tx", HINT_HASH},
    {"seal_tx_id", HINT_HASH},
    {"sealed_positions", HINT_HEX},
    {"seed", HINT_HASH},
    {"segments_done", HINT_HEX},
    {"sibling_mask", HINT_HEX},
    {"siblings", HINT_HASH},
    {"signature", HINT_SIG},
    {"signatures", HINT_SIG},
    {"signer", HINT_PUBKEY},
    {"signers", HINT_HEX},
    {"sound_positions", HINT_HEX},
    {"spec", HINT_BASE64},
    {"spec_hash", HINT_HASH},
    {"state_keys", HINT_HEX},
    {"statement", HINT_BASE64},
    {"submitter", HINT_ADDRESS},
    {"subtree", HINT_HASH},
    {"taken", HINT_HEX},
    {"tip", HINT_HASH},
    {"to", HINT_ADDRESS},
    {"tx", HINT_BASE64},
    {"tx_id", HINT_HASH},
    {"tx_ids", HINT_HASH},
    {"txs", HINT_BASE64},
    {"txs_root", HINT_HASH},
    {"upload_id", HINT_HEX},
    {"validator", HINT_ADDRESS},
    {"validators_hash", HINT_HASH},
    {"value", HINT_BASE64},
    {"value_hash", HINT_HASH},
    {"value_id", HINT_HASH},
    {"voucher", HINT_BASE64},
    {"whole_root", HINT_HASH},
    {"wire_hashes", HINT_HASH},
    {"wrap_pubkey", HINT_HEX},
};

enum hint hint_of(const char *field_name) {
    size_t low = 0, high = sizeof table / sizeof table[0];
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(field_name, table[mid].name);
        if (order == 0)
            return table[mid].hint;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return HINT_NONE;
}

size_t hint_size(enum hint hint) {
    switch (hint) {
    case HINT_ADDRESS:
        return 20;
    case HINT_HASH:
        return 32;
    case HINT_PUBKEY:
        return 33;
    case HINT_SIG:
        return 64;
    case HINT_NONE:
    case HINT_HEX:
    case HINT_BASE64:
        return 0;
    }
    return 0;
}
