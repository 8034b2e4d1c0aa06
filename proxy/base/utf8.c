/* SPDX-License-Identifier: MIT */
#include "proxy/base/utf8.h"

#include <string.h>

size_t utf8_length(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (length < 2)
        return p[0] == '\0' ? 0 : length;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool wrong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
                 (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) || p[0] > 0xf4;
    return wrong ? 0 : length;
}

uint32_t utf8_code(const char *text, size_t length)
{
    static const unsigned char first_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

bool utf8_is_printable(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x00, 0x1f},       /* C0 */
        {0x7f, 0xa0},       /* DEL, C1, no-break space */
        {0xad, 0xad},       /* soft hyphen */
        {0x61c, 0x61c},     /* Arabic letter mark */
        {0x1680, 0x1680},   /* Ogham space */
        {0x180e, 0x180e},   /* Mongolian vowel separator */
        {0x2000, 0x200f},   /* spaces, joiners, marks of direction */
        {0x2028, 0x202f},   /* line and paragraph separators, embeddings and overrides */
        {0x205f, 0x206f},   /* mathematical space, isolates */
        {0x3000, 0x3000},   /* ideographic space */
        {0xd800, 0xf8ff},   /* surrogates, private use */
        {0xfe00, 0xfe0f},   /* variation selectors */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xfff0, 0xffff},   /* specials */
        {0xe0000, 0x10ffff} /* tags, private use */
    };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (code >= hidden[i].first && code <= hidden[i].last)
            return false;
    }
    return true;
}

void utf8_disarm(char *text)
{
    while (*text != '\0') {
        size_t length = utf8_length(text);
        if (length == 0 || !utf8_is_printable(utf8_code(text, length))) {
            length = length == 0 ? 1 : length;
            memset(text, '?', length);
        }
        text += length;
    }
}
