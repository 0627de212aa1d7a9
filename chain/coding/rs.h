/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reed-Solomon over GF(2^8) (polynomial 0x11d) by ISA-L, with its Cauchy matrix. The matrix is part of Cairn's format:
 *
 *   rows 0..k-1     the identity: data columns are the data
 *   rows k..k+m-1   entry (i, j) = 1 / (i XOR j)
 *
 * so any k rows are independent and any k of the k+m columns give back the rest. tests/vectors/rs.json holds examples.
 */
#ifndef CAIRN_CHAIN_CODING_RS_H
#define CAIRN_CHAIN_CODING_RS_H

#include "chain/base/err.h"
#include "chain/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ISA-L wants 32 bytes of tables for each coefficient. */
#define RS_TABLE_LEN 32

/* A code of k data and m parity columns. Plain data, about 40 KiB; read-only after rs_init, so threads may share it. */
struct rs {
    unsigned k, m;
    uint8_t matrix[CODE_N_MAX * CODE_K_MAX];                /* (k + m) rows of k */
    uint8_t tables[RS_TABLE_LEN * CODE_K_MAX * CODE_K_MAX]; /* of the parity rows: k * m is largest at k = m = 32 */
};

/* Is there a code of this shape: 1 <= k <= CODE_K_MAX, k + m <= CODE_N_MAX? */
bool rs_shape_ok(unsigned k, unsigned m);

/* Sets up a code; rs_shape_ok must hold. */
void rs_init(struct rs *rs, unsigned k, unsigned m);

/* Computes the m parity columns from the k data columns, all of `len` bytes. Columns may not overlap. */
void rs_encode(const struct rs *rs, size_t len, const uint8_t *const *data, uint8_t *const *ret_parity);

/*
 * Computes the columns `want[0..wants)` from any k columns: have_rows[i] says which row have[i] is. All are of `len`
 * bytes; ret_columns may not overlap have. CODE_INVALID_ARGUMENT when rows repeat or lie outside of the code, or wants
 * > k + m.
 */
int rs_rebuild(const struct rs *rs, size_t len, const unsigned *have_rows, const uint8_t *const *have,
               const unsigned *want, size_t wants, uint8_t *const *ret_columns, struct err *err);

#endif
