/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_BENCH_OBJECT_H
#define CAIRN_TESTS_BENCH_OBJECT_H
/* Objects for benchmarks: a file with bytes that do not repeat, a bucket, a put to its seal, a verified get. */
#include "tests/bench/net.h"

/* Makes path with size bytes. */
void object_file(const char *path, uint64_t size);
/* A bucket at the first provider with the profile. */
void object_bucket(struct bench_net *net, const char *bucket, const char *profile);
/* Stores the file and waits for the seal; seconds. */
double object_store(struct bench_net *net, const char *bucket, const char *object, const char *path);
/* Reads it back verified, to nowhere; seconds. */
double object_read(struct bench_net *net, const char *bucket, const char *object);

#endif
