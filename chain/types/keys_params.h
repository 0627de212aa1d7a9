/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_PARAMS_H
#define CAIRN_CHAIN_TYPES_KEYS_PARAMS_H
/* Keys of x/params: every version of the parameters, so that an object keeps the rules that it was made under. */
#include "chain/types/key.h"

struct bytes key_params(struct key *k, uint64_t version); /* 'v' version -> Params */

#endif
