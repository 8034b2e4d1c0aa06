/* SPDX-License-Identifier: MIT */
/* A list of host names: `rudeproxy, api.test`. */
#ifndef RUDEPROXY_CONFIG_HOSTS_H
#define RUDEPROXY_CONFIG_HOSTS_H

#include "config/config.h"

/* char[OPTION_HOSTS_MAX]: the names with a comma between, without blanks; "": none. */
extern const struct option_kind option_hosts;

#endif
