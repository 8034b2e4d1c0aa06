/* SPDX-License-Identifier: MIT */
/* libFuzzer's entry point, which framing.c defines and replay.c calls. */
#ifndef RUDEPROXY_TESTS_FUZZ_TARGET_H
#define RUDEPROXY_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
