/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/rs.h"

#include "chain/base/code.h"

#include <assert.h>
#include <isa-l/erasure_code.h>
#include <string.h>

bool rs_shape_ok(unsigned k, unsigned m) {
    return k >= 1 && k <= CODE_K_MAX && m <= CODE_N_MAX && k + m <= CODE_N_MAX;
}

_Static_assert(CODE_N_MAX == 2 * CODE_K_MAX, "the tables of struct rs hold k * m coefficients");

void rs_init(struct rs *rs, unsigned k, unsigned m) {
    assert(rs_shape_ok(k, m));
    rs->k = k;
    rs->m = m;
    gf_gen_cauchy1_matrix(rs->matrix, (int)(k + m), (int)k);
    if (m > 0)
        ec_init_tables((int)k, (int)m, rs->matrix + k * k, rs->tables);
}

/* ISA-L's functions take no const, and write only their outputs. */
static void multiply(size_t len, unsigned k, size_t rows, const uint8_t *tables, const uint8_t *const *in,
                     uint8_t *const *out) {
    uint8_t *sources[CODE_K_MAX], *targets[CODE_N_MAX];
    assert(len <= INT32_MAX && rows <= CODE_N_MAX);
    for (unsigned i = 0; i < k; i++)
        sources[i] = (uint8_t *)(uintptr_t)in[i];
    for (size_t i = 0; i < rows; i++)
        targets[i] = out[i];
    ec_encode_data((int)len, (int)k, (int)rows, (uint8_t *)(uintptr_t)tables, sources, targets);
}

void rs_encode(const struct rs *rs, size_t len, const uint8_t *const *data, uint8_t *const *ret_parity) {
    if (rs->m > 0 && len > 0)
        multiply(len, rs->k, rs->m, rs->tables, data, ret_parity);
}

static int check_rows(const struct rs *rs, const unsigned *rows, size_t count, bool distinct, struct err *err) {
    bool seen[CODE_N_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        if (rows[i] >= rs->k + rs->m)
            return err_set(err, CODE_INVALID_ARGUMENT, "column %u is not one of the %u of this code", rows[i],
                           rs->k + rs->m);
        if (distinct && seen[rows[i]])
            return err_set(err, CODE_INVALID_ARGUMENT, "column %u is given twice", rows[i]);
        seen[rows[i]] = true;
    }
    return CODE_OK;
}

/* The matrix that leads from the columns at hand to the data columns. */
static void invert(const struct rs *rs, const unsigned *have_rows, uint8_t *ret_inverse) {
    uint8_t square[CODE_K_MAX * CODE_K_MAX];
    unsigned k = rs->k;
    for (unsigned i = 0; i < k; i++)
        memcpy(square + i * k, rs->matrix + have_rows[i] * k, k);
    int singular = gf_invert_matrix(square, ret_inverse, (int)k);
    assert(!singular); /* any k rows of a Cauchy code are independent */
    (void)singular;
}

/* Row `row` of (code matrix x inverse): how to get that column from the ones at hand. */
static void combine(const struct rs *rs, unsigned row, const uint8_t *inverse, uint8_t *ret_row) {
    unsigned k = rs->k;
    for (unsigned j = 0; j < k; j++) {
        uint8_t sum = 0;
        for (unsigned i = 0; i < k; i++)
            sum ^= gf_mul(rs->matrix[row * k + i], inverse[i * k + j]);
        ret_row[j] = sum;
    }
}

/* Columns computed in one call of ISA-L: bounds the tables on the stack to 32 KiB. */
#define WANTS_AT_ONCE 32

int rs_rebuild(const struct rs *rs, size_t len, const unsigned *have_rows, const uint8_t *const *have,
               const unsigned *want, size_t wants, uint8_t *const *ret_columns, struct err *err) {
    uint8_t inverse[CODE_K_MAX * CODE_K_MAX], rows[WANTS_AT_ONCE * CODE_K_MAX];
    uint8_t tables[RS_TABLE_LEN * CODE_K_MAX * WANTS_AT_ONCE];
    int rc = check_rows(rs, have_rows, rs->k, true, err);
    if (!rc)
        rc = check_rows(rs, want, wants, false, err);
    if (rc || len == 0)
        return rc;
    invert(rs, have_rows, inverse);
    for (size_t done = 0; done < wants;) {
        size_t now = wants - done < WANTS_AT_ONCE ? wants - done : WANTS_AT_ONCE;
        for (size_t i = 0; i < now; i++)
            combine(rs, want[done + i], inverse, rows + i * rs->k);
        ec_init_tables((int)rs->k, (int)now, rows, tables);
        multiply(len, rs->k, now, tables, have, ret_columns + done);
        done += now;
    }
    return CODE_OK;
}
