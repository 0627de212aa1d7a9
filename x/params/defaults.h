/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PARAMS_DEFAULTS_H
#define CAIRN_X_PARAMS_DEFAULTS_H
/* The parameters that a new network begins with: what `cairnd genesis` prints, and what tests of the node run on. */
#include "cairn/params.h"

#include <stdbool.h>

/* Params with the room for its parts: params points into the same structure, which therefore must not be moved. */
struct default_params {
    Params params;
    ConsensusParams consensus;
    AuthParams auth;
    SpParams sp;
    StorageParams storage;
    PermissionParams permission;
    PaymentParams payment;
    ChallengeParams challenge;
    ValidatorParams validator;
    GovParams gov;
    GatewayParams gateway;
};

/* development: a block a second, a draw every few seconds, deadlines of 15 s. Needs no release. */
void params_defaults(struct default_params *ret, bool development);

#endif
