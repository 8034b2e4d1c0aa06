/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <string.h>

#include "proxy/admin/call.h"

#define JSON_TYPE "application/json"
#define PLAIN_TYPE "text/plain; charset=utf-8"

void answer_text(const struct call *call, unsigned status, const char *type, struct text *text)
{
    if (text->failed) {
        text_free(text);
        http_answer(call->request, 500, NULL, NULL, 0);
        return;
    }
    http_answer(call->request, status, type, text->bytes, text->size);
    *text = (struct text){0};
}

void answer_json_text(const struct call *call, unsigned status, struct text *text)
{
    answer_text(call, status, JSON_TYPE, text);
}

void answer_empty(const struct call *call, unsigned status)
{
    http_answer(call->request, status, NULL, NULL, 0);
}

__attribute__((format(printf, 3, 0))) static void write_error(
    struct text *text, unsigned status, const char *format, va_list args)
{
    char message[2 * ERR_TEXT_MAX];
    vsnprintf(message, sizeof message, format, args);
    text_puts(text, "{");
    text_json_member(text, "error", message);
    text_json_number(text, "status", status);
    text_puts(text, "}\n");
}

void answer_go_error(const struct call *call, unsigned status, const char *format, ...)
{
    struct text text = {0};
    va_list args;
    va_start(args, format);
    write_error(&text, status, format, args);
    va_end(args);
    answer_text(call, status, PLAIN_TYPE, &text);
    http_answer_header(call->request, "X-Content-Type-Options", "nosniff");
}

void answer_error(const struct call *call, unsigned status, const char *format, ...)
{
    struct text text = {0};
    va_list args;
    va_start(args, format);
    write_error(&text, status, format, args);
    va_end(args);
    answer_json_text(call, status, &text);
}
