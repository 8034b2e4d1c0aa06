/* SPDX-License-Identifier: MIT */
/* Reads the fields of a ClientHello one by one: see client_hello.h. */
#include "proxy/framing/client_hello.h"

#include <stdbool.h>

#define RECORD_HANDSHAKE 22
#define MESSAGE_CLIENT_HELLO 1
#define RANDOM_SIZE 32
#define EXTENSION_SERVER_NAME 0
#define NAME_HOST 0
#define RECORD_MAX (1u << 14)

/* The numbers of a ClientHello, in their order. What stands between them is passed over. */
enum field {
    FIELD_TYPE,
    FIELD_LENGTH,
    FIELD_VERSION,
    FIELD_SESSION,
    FIELD_CIPHERS,
    FIELD_COMPRESSIONS,
    FIELD_EXTENSIONS,
    FIELD_EXTENSION,
    FIELD_EXTENSION_SIZE,
    FIELD_LIST,
    FIELD_NAME_TYPE,
    FIELD_NAME_SIZE,
    FIELD_NAME,
};

static const unsigned char widths[] = {
    [FIELD_TYPE] = 1,
    [FIELD_LENGTH] = 3,
    [FIELD_VERSION] = 2,
    [FIELD_SESSION] = 1,
    [FIELD_CIPHERS] = 2,
    [FIELD_COMPRESSIONS] = 1,
    [FIELD_EXTENSIONS] = 2,
    [FIELD_EXTENSION] = 2,
    [FIELD_EXTENSION_SIZE] = 2,
    [FIELD_LIST] = 2,
    [FIELD_NAME_TYPE] = 1,
    [FIELD_NAME_SIZE] = 2,
};

/* Takes the size of an extension. The server name is read, any other extension is passed over.
 * False: no extension follows. */
static bool take_extension(struct client_hello *hello, uint32_t size)
{
    bool is_name = hello->extension == EXTENSION_SERVER_NAME;
    if (hello->left < 4 + size)
        return false;
    hello->left -= 4 + size;
    hello->skip = is_name ? 0 : size;
    hello->field = is_name ? FIELD_LIST : FIELD_EXTENSION;
    return is_name || hello->left > 0;
}

/* Takes a complete field. False: the ClientHello has no server name. */
static bool take_field(struct client_hello *hello, uint32_t value)
{
    switch ((enum field)hello->field++) {
    case FIELD_TYPE:
        return value == MESSAGE_CLIENT_HELLO;
    case FIELD_LENGTH:
        hello->message_left = value;
        return value > 0;
    case FIELD_VERSION:
        hello->skip = RANDOM_SIZE;
        return true;
    case FIELD_SESSION:
    case FIELD_CIPHERS:
    case FIELD_COMPRESSIONS:
        hello->skip = value;
        return true;
    case FIELD_EXTENSIONS:
        hello->left = value;
        return value > 0;
    case FIELD_EXTENSION:
        hello->extension = value;
        return true;
    case FIELD_EXTENSION_SIZE:
        return take_extension(hello, value);
    case FIELD_NAME_TYPE:
        return value == NAME_HOST;
    case FIELD_NAME_SIZE:
        hello->name_size = value;
        return value > 0 && value < CLIENT_HELLO_NAME_MAX;
    case FIELD_LIST:
    case FIELD_NAME:
        break;
    }
    return true;
}

/* Takes a byte of the message. */
static void take_byte(struct client_hello *hello, unsigned char byte)
{
    if (hello->skip > 0) {
        hello->skip--;
        return;
    }
    if (hello->field == FIELD_NAME) {
        if (byte == '\0')
            hello->state = CLIENT_HELLO_NONE;
        hello->name[hello->have++] = (char)byte;
        if (hello->have == hello->name_size && byte != '\0')
            hello->state = CLIENT_HELLO_NAMED;
        return;
    }
    hello->value = hello->value << 8 | byte;
    if (++hello->have < widths[hello->field])
        return;
    uint32_t value = hello->value;
    hello->value = hello->have = 0;
    if (!take_field(hello, value))
        hello->state = CLIENT_HELLO_NONE;
}

/* Takes a byte of the handshake. If the message ends without a name, none comes: a ClientHello need
 * not have extensions. */
static void take_handshake_byte(struct client_hello *hello, unsigned char byte)
{
    bool in_body = hello->field > FIELD_LENGTH;
    take_byte(hello, byte);
    if (in_body && --hello->message_left == 0 && hello->state == CLIENT_HELLO_READING)
        hello->state = CLIENT_HELLO_NONE;
}

/* Takes a byte of a record's header. A ClientHello may need several records. */
static void take_record_byte(struct client_hello *hello, unsigned char byte)
{
    static const unsigned char begin[] = {RECORD_HANDSHAKE, 3};
    unsigned have = hello->record_have;
    hello->record[hello->record_have++] = byte;
    if (have < sizeof begin && byte != begin[have])
        hello->state = CLIENT_HELLO_NONE;
    if (hello->record_have < sizeof hello->record)
        return;
    hello->record_have = 0;
    hello->record_left = (unsigned)hello->record[3] << 8 | hello->record[4];
    if (hello->record_left == 0 || hello->record_left > RECORD_MAX)
        hello->state = CLIENT_HELLO_NONE;
}

enum client_hello_state client_hello_scan(
    struct client_hello *hello, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n && hello->state == CLIENT_HELLO_READING; i++) {
        if (hello->record_left == 0) {
            take_record_byte(hello, bytes[i]);
            continue;
        }
        hello->record_left--;
        take_handshake_byte(hello, bytes[i]);
    }
    return hello->state;
}
