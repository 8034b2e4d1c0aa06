/* SPDX-License-Identifier: MIT */
/*
 * The native run comes first, on the server's own port. Then a proxy is put in front of the same
 * port, and the polite script dials the proxy. A socket that never listens reserves the port for
 * both runs, since the proxy has to know it before the server of the second run exists.
 *
 * The runs agree if both scripts finished, the victim's native transcript has what the scenario
 * promises, and its second transcript is the same, line by line.
 */
#include "proxy/app/demo/run.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/app/demo/proxy.h"

const char *demo_verdict_name(enum demo_verdict verdict)
{
    static const char *const names[DEMO_VERDICTS] = {
        [DEMO_AGREE] = "agree",
        [DEMO_DIFFER] = "DIFFER",
        [DEMO_SKIPPED] = "skipped",
        [DEMO_FAILED] = "FAILED",
    };
    return names[verdict];
}

static bool have_capability(int capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    return (data[capability / 32].effective >> capability % 32 & 1u) != 0;
}

/* Returns the right that this process lacks for the scenario, or NULL. */
static const char *missing(const struct scenario *scenario)
{
    if ((scenario->needs & SCENARIO_NEEDS_NET_ADMIN) != 0 && !have_capability(CAP_NET_ADMIN))
        return "needs CAP_NET_ADMIN";
    return NULL;
}

/* -1 with run->err filled, for a run that could not be carried out. */
static int run_native(struct demo_run *run, struct peers_route *route)
{
    if (peers_run(&run->scenario->native, route, run->native) == 0)
        return 0;
    return err_set(&run->err, "the native run did not finish");
}

static int run_polite(struct demo_run *run, struct peers_route *route, const char *any)
{
    char upstream[PEER_ADDRESS_TEXT];
    const struct demo_place place = {.listen = any, .upstream = upstream};
    struct demo_proxy proxy;
    (void)peer_address_format(&route->listen, upstream, sizeof upstream);
    if (demo_proxy_start(&proxy, run->scenario->name, &place, &run->err) != 0)
        return -1;
    route->dial = proxy.address;
    int result = peers_run(&run->scenario->polite, route, run->proxied);
    char *log = demo_proxy_stop(&proxy, &run->err);
    if (log == NULL)
        return -1;
    demo_read_evidence(run, log);
    free(log);
    if (result != 0)
        return err_set(&run->err, "the run through rudeproxy did not finish");
    return 0;
}

static enum demo_verdict judge(struct demo_run *run)
{
    const struct scenario *scenario = run->scenario;
    const struct transcript *native = &run->native[scenario->victim];
    const struct transcript *proxied = &run->proxied[scenario->victim];
    if (!scenario_is_proved(scenario, native)) {
        err_set(&run->err, "the native run does not show '%s'", scenario->proof);
        return DEMO_DIFFER;
    }
    if (!transcript_equal(native, proxied)) {
        err_set(&run->err, "the victim did not see the same, at the lines marked !");
        return DEMO_DIFFER;
    }
    return DEMO_AGREE;
}

void demo_run_scenario(const struct scenario *scenario, const char *any, struct demo_run *run)
{
    struct peers_route route = {.deadline_ms = PEERS_DEADLINE_MS};
    const char *lack = missing(scenario);
    memset(run, 0, sizeof *run);
    run->scenario = scenario;
    run->verdict = DEMO_FAILED;
    if (lack != NULL) {
        run->verdict = DEMO_SKIPPED;
        err_set(&run->err, "%s", lack);
        return;
    }
    int reserved = peer_address_reserve(any, &route.listen);
    if (reserved < 0) {
        err_set(&run->err, "no free port on %s: %s", any, err_name(-reserved));
        return;
    }
    if (run_native(run, &route) == 0 && run_polite(run, &route, any) == 0)
        run->verdict = judge(run);
    close(reserved);
}
