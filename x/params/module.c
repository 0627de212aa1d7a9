/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/types/keys_params.h"
#include "x/params/params.h"

static int genesis(struct ctx *ctx, const Genesis *genesis, struct err *err) {
    int rc = params_check(genesis->params, err);
    if (rc)
        return rc;
    if (genesis->params->version != 1)
        return err_set(err, CODE_INVALID_ARGUMENT, "parameter version must be 1 at genesis");
    return params_put(ctx, genesis->params, err);
}

static int query_current(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)question;
    (void)err;
    key_params(ret, ctx->params->version);
    return CODE_OK;
}

static int query_version(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    (void)err;
    key_params(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

static const struct query queries[] = {
    {.path = "/params",
     .help = "the parameters that hold now",
     .question = &empty_query__descriptor,
     .answer = &params__descriptor,
     .key = query_current},
    {.path = "/params/version",
     .help = "the parameters of a version: id",
     .question = &id_query__descriptor,
     .answer = &params__descriptor,
     .key = query_version},
};

const struct module params_module = {
    .name = "params",
    .id = KEY_PARAMS,
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .genesis = genesis,
};
