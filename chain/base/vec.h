/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_VEC_H
#define CAIRN_CHAIN_BASE_VEC_H
/*
 * A growing array of one type with a cap:
 *     VEC_DEFINE(u64_vec, uint64_t)
 *     struct u64_vec v; u64_vec_init(&v, 1000); if (!u64_vec_push(&v, 7)) ...; for (size_t i = 0; i < v.len; i++)
 * use(v.at[i]); u64_vec_release(&v); push answers false, and changes nothing, when the cap is reached or memory is out.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more of size bytes in *at; grows *room, never over cap. */
static inline bool vec_grow(void **at, size_t len, size_t *room, size_t cap, size_t size) {
    if (len < *room)
        return true;
    if (len >= cap)
        return false;
    size_t more = *room ? (*room > cap / 2 ? cap : *room * 2) : (cap < 8 ? cap : 8);
    if (more > (size_t)-1 / size)
        return false;
    void *p = realloc(*at, more * size);
    if (!p)
        return false;
    *at = p;
    *room = more;
    return true;
}

#define VEC_DEFINE(name, type)                                                                                         \
    struct name {                                                                                                      \
        type *at;                                                                                                      \
        size_t len, room, cap;                                                                                         \
    };                                                                                                                 \
    __attribute__((unused)) static inline void name##_init(struct name *v, size_t cap) {                               \
        *v = (struct name){.cap = cap};                                                                                \
    }                                                                                                                  \
    __attribute__((unused)) static inline void name##_release(struct name *v) {                                        \
        free(v->at);                                                                                                   \
        *v = (struct name){.cap = v->cap};                                                                             \
    }                                                                                                                  \
    __attribute__((unused)) static inline void name##_clear(struct name *v) {                                          \
        v->len = 0;                                                                                                    \
    }                                                                                                                  \
    __attribute__((unused)) static inline bool name##_push(struct name *v, type x) {                                   \
        void *at = v->at;                                                                                              \
        if (!vec_grow(&at, v->len, &v->room, v->cap, sizeof(type)))                                                    \
            return false;                                                                                              \
        v->at = (type *)at;                                                                                            \
        v->at[v->len++] = x;                                                                                           \
        return true;                                                                                                   \
    }                                                                                                                  \
    __attribute__((unused)) static inline void name##_remove(struct name *v, size_t i) {                               \
        assert(i < v->len);                                                                                            \
        memmove(v->at + i, v->at + i + 1, (v->len - i - 1) * sizeof(type));                                            \
        v->len--;                                                                                                      \
    }                                                                                                                  \
    struct name

#endif
