/* SPDX-License-Identifier: MIT */
/* Handles of libuv that outlive their owner: the loop still closes them when the owner is freed. */
#ifndef RUDEPROXY_NET_HANDLE_H
#define RUDEPROXY_NET_HANDLE_H

#include <uv.h>

/* Closes a handle that malloc(3) gave. The loop frees it. */
void handle_free(uv_handle_t *handle);

#endif
