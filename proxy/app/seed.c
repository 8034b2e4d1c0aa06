/* SPDX-License-Identifier: MIT */
#include "proxy/app/seed.h"

#include <sys/random.h>

#include "proxy/net/timers.h"

void seed_choose(struct settings *settings)
{
    if (settings->has_seed)
        return;
    if (getrandom(&settings->seed, sizeof settings->seed, 0) != sizeof settings->seed)
        settings->seed =
            timers_now(); /* only before the kernel's generator is ready, early at boot */
    settings->has_seed = true;
}
