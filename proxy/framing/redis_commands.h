/* SPDX-License-Identifier: MIT */
/* Names of Redis commands, in capital letters. */
#ifndef RUDEPROXY_FRAMING_REDIS_COMMANDS_H
#define RUDEPROXY_FRAMING_REDIS_COMMANDS_H

#define REDIS_COMMANDS 272

extern const char *const redis_commands[REDIS_COMMANDS];

#endif
