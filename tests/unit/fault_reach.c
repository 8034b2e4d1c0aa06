/* SPDX-License-Identifier: MIT */
/* Faults that never act, because of what their proxies are: a corpus with one mistake each. */
#include "tests/unit/config_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TCP "[proxy a]\nlisten = 127.0.0.1:1\nupstream = a:2\n"
#define UNIX "[proxy b]\nlisten = unix:/b\nupstream = a:2\n"
#define TO_UNIX "[proxy c]\nlisten = 127.0.0.1:3\nupstream = unix:/c\n"
#define TAKES "[proxy d]\nintercept = 80\n"
#define API "[rudeproxy]\nadmin = 127.0.0.1:0\n"
#define F "[fault f]\n"
#define STALL F "type = stall\n"

static const struct complaint complaints[] = {
    {TCP STALL "destinations = a.test\n", 0, 6, "destinations: no proxy of this fault intercepts"},
    {TCP TAKES STALL "proxy = a\ndestinations = a.test\n", 0, 9, "write intercept ="},
    {UNIX STALL "clients = 127.0.0.1\n", 0, 6, "clients of a UNIX socket have no address"},
    {TCP UNIX STALL "proxy = b\nclients = 127.0.0.1\n", 0, 10, "never fires: leave clients out"},
    {UNIX F "type = packet_loss\nside = client\n", 0, 6,
        "[proxy b] has a UNIX socket to its clients"},
    {UNIX F "type = vanish\nside = both\n", 0, 6, "type = vanish acts on TCP"},
    {UNIX F "type = syn_blackhole\n", 0, 5, "UNIX socket to its clients"},
    {TO_UNIX F "type = vanish\nside = server\n", 0, 6, "[proxy c] has a UNIX socket to its server"},
    {TCP TO_UNIX F "type = packet_loss\nside = server\n", 0, 9, "UNIX socket to its server"},
    {API UNIX STALL "proxy = b\nclients = 127.0.0.1\n", 0, 9, "never fires: leave clients out"},
    /* one mistake is reported once */
    {TCP F "type = refuse\ndestinations = a.test\n", 0, 6, "listening socket"},
    {UNIX F "type = refuse\nclients = 127.0.0.1\n", 0, 6, "listening socket"},
    {"[proxy a]\nintercept = x\n" STALL "destinations = a.test\n", 0, 2, "has no port"},
    {"[proxy a]\nlisten = x\nupstream = a:1\n" STALL "destinations = a.test\n", 0, 2,
        "has no port"},
    {UNIX F "type = vanish\n", 0, 4, "side: the key is missing"},
    {TCP STALL "proxy = x\ndestinations = a.test\n", 0, 6, "there is no [proxy x]"},
};

static void a_fault_that_never_acts_is_an_error(void **state)
{
    (void)state;
    check_complaints(complaints, COUNT(complaints));
}

static void a_fault_of_some_of_its_proxies_is_allowed(void **state)
{
    static const char *const texts[] = {
        TAKES STALL "destinations = a.test\n",
        TCP TAKES STALL "destinations = a.test\n",
        TCP STALL "destinations = any\n",
        TCP UNIX STALL "clients = 127.0.0.1\n",
        TAKES STALL "clients = 127.0.0.1\n",
        UNIX STALL "clients = any\n",
        UNIX F "type = packet_loss\nside = server\n",
        TO_UNIX F "type = vanish\nside = client\n",
        TO_UNIX F "type = syn_blackhole\n",
        TCP UNIX F "type = vanish\nside = client\nproxy = a\n",
        UNIX F "type = refuse\n",
        API STALL "destinations = a.test\nclients = ::1\n",
        API UNIX STALL "destinations = a.test\nclients = ::1\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct built built = build_text(texts[i], strlen(texts[i]));
        if (built.count != 0)
            fail_msg("%s\n%s", texts[i], built.problems);
        built_free(&built);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_that_never_acts_is_an_error),
        cmocka_unit_test(a_fault_of_some_of_its_proxies_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
