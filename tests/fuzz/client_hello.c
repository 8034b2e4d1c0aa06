/* SPDX-License-Identifier: MIT */
/* The server name in a TLS ClientHello: in one piece, and byte by byte, is the same. */
#include "tests/fuzz/target.h"

#include "proxy/framing/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_hello whole = {0}, bytes = {0};
    client_hello_scan(&whole, data, size);
    for (size_t i = 0; i < size; i++)
        client_hello_scan(&bytes, data + i, 1);
    fuzz_require(whole.state == bytes.state, "the end depends on the sizes of the pieces");
    fuzz_require(
        strcmp(whole.name, bytes.name) == 0, "the name depends on the sizes of the pieces");
    fuzz_require(whole.state != CLIENT_HELLO_NAMED || strlen(whole.name) == whole.name_size,
        "the name is not whole");
    return 0;
}
