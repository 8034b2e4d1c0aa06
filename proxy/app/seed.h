/* SPDX-License-Identifier: MIT */
#ifndef RUDEPROXY_APP_SEED_H
#define RUDEPROXY_APP_SEED_H

#include "config/config.h"

/* Draws a seed from the kernel if the settings have none. */
void seed_choose(struct settings *settings);

#endif
