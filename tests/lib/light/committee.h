/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LIGHT_COMMITTEE_H
#define CAIRN_TESTS_LIB_LIGHT_COMMITTEE_H
/*
 * Validators with their keys, and the headers that they sign. Keys are numbered: number n has the same key in every
 * committee. Headers that are wished alike are the same bytes.
 */
#include "chain/types/light.h"

struct committee {
    struct validator_set set;
    struct seckey keys[VALIDATORS_MAX]; /* in the set's order */
};

struct seckey committee_key(uint16_t number);
void committee_add(struct committee *c, uint16_t number, uint64_t power);
/* n validators of power 10, numbers from `first` on. */
void committee_of(struct committee *c, uint16_t first, uint16_t n);
/* Where a number stands in the set; VALIDATOR_NONE: nowhere. */
uint16_t committee_place(const struct committee *c, uint16_t number);

/* Where headers are made. */
struct header_maker {
    struct arena *arena;
    struct hash chain_tag;
    const struct committee *by; /* who signs, when a wish does not say */
    uint64_t start;             /* the time of height 0 */
};

/* What a header is to be; zero: the ordinary. */
struct header_wish {
    uint64_t height;
    const struct committee *by;   /* the maker's */
    const struct committee *next; /* the same as by */
    const struct hash *chain_tag; /* the maker's */
    const struct hash *previous;  /* something */
    const struct hash *app_hash;  /* of height and salt */
    uint64_t time;                /* start + height */
    uint32_t round;               /* 1 */
    uint8_t salt;                 /* another header of that height */
    uint16_t signers;             /* all; else the first so many of the set */
    const uint16_t *numbers;      /* keys that sign, ended by 0; else as signers says */
    struct bytes tail;            /* bytes behind the header's encoding, under the signatures */
};

/* All on the maker's arena. */
struct bytes committee_encode_header(const struct header_maker *maker, const struct header_wish *wish);
SignedHeader *committee_header(const struct header_maker *maker, const struct header_wish *wish);
/* The same taken apart, by the shipped code. */
struct light_block *committee_block(const struct header_maker *maker, const struct header_wish *wish);
/* Signs anew what the certificate says. */
void committee_sign(struct certificate *cert, const struct header_maker *maker, const struct header_wish *wish);

/* A genesis with these validators (at most 8) and this time, on the arena. */
Genesis *committee_genesis(const struct committee *c, uint64_t time, struct arena *arena);

#endif
