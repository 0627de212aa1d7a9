/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration text of the type that the first byte chooses. Properties: no text crashes or takes more than its
 * memory; what is read and printed reads back to the same message; an error names the file.
 */
#include <stdlib.h>
#include <string.h>

#include "cairn/config.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    struct err err;
    void *config, *again;
    const char *printed;
    struct bytes first, second;
    if (len == 0)
        return 0;
    const ProtobufCMessageDescriptor *desc = data[0] & 1 ? &sp_config__descriptor : &node_config__descriptor;
    arena_init(&arena, 16 * MIB);
    err_clear(&err);
    if (config_parse(desc, "f.yaml", bytes_of(data + 1, len - 1), &arena, &config, &err) == CODE_OK) {
        require(config_print(config, &arena, &printed, NULL) == CODE_OK);
        require(config_parse(desc, "printed", bytes_str(printed), &arena, &again, NULL) == CODE_OK);
        require(pb_encode(config, &arena, &first, NULL) == CODE_OK &&
                pb_encode(again, &arena, &second, NULL) == CODE_OK);
        require(bytes_eq(first, second));
        require(walk_check(desc, first, NULL, NULL) == CODE_OK);
    } else {
        require(strstr(err.msg, "f.yaml") != NULL);
    }
    arena_release(&arena);
    return 0;
}
