/* SPDX-License-Identifier: MIT */
#include "proxy/admin/ui/ui.h"

#include <string.h>

#include "proxy/admin/access.h"
#include "proxy/admin/ui/files.h"
#include "web/diagram.h"

#define TOKEN_MARK "@TOKEN@" /* replaced by the token in page.html */

static const char javascript[] = "text/javascript; charset=utf-8";

static const struct file {
    const char *path, *type, *text;
} files[] = {
    {"/ui/", "text/html; charset=utf-8", ui_page_html},
    {"/ui/page.css", "text/css; charset=utf-8", ui_page_css},
    {"/ui/icon.svg", "image/svg+xml", ui_icon_svg},
    {"/ui/page.js", javascript, ui_page_js},
    {"/ui/api.js", javascript, ui_api_js},
    {"/ui/store.js", javascript, ui_store_js},
    {"/ui/list.js", javascript, ui_list_js},
    {"/ui/proxies.js", javascript, ui_proxies_js},
    {"/ui/fault_form.js", javascript, ui_fault_form_js},
    {"/ui/detail.js", javascript, ui_detail_js},
    {"/ui/element.js", javascript, ui_element_js},
    {"/ui/story.js", javascript, web_story_js},
    {"/ui/diagram.js", javascript, web_diagram_js},
    {"/ui/payload.js", javascript, ui_payload_js},
};

/* Forbids inline scripts and styles, other sources, frames around the page, and texts that a script
 * could turn into markup (https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/trusted-types/). */
static const char *const headers[][2] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
                                "'self'; connect-src 'self'; "
                                "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                                "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

bool ui_has_target(const char *target)
{
    size_t length = strcspn(target, "?");
    return (length == 1 && *target == '/') || (length == 3 && strncmp(target, "/ui", 3) == 0) ||
           strncmp(target, "/ui/", strlen("/ui/")) == 0;
}

static void add_headers(const struct call *call)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        http_answer_header(call->request, headers[i][0], headers[i][1]);
}

static void answer_file(const struct call *call, const struct file *file)
{
    struct text text = {0};
    const char *mark = strstr(file->text, TOKEN_MARK);
    if (mark != NULL) {
        text_add(&text, file->text, (size_t)(mark - file->text));
        if (call->admin->token[0] == '\0')
            text_puts(&text, call->admin->page_token);
        text_puts(&text, mark + strlen(TOKEN_MARK));
    } else {
        text_puts(&text, file->text);
    }
    answer_text(call, 200, file->type, &text);
    add_headers(call);
}

static void answer_path(const struct call *call, const char *path, size_t length)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strlen(files[i].path) == length && strncmp(files[i].path, path, length) == 0) {
            answer_file(call, &files[i]);
            return;
        }
    }
    answer_error(call, 404, "the page has no file of this name");
}

/* Programs get a 404 at / and /ui, as from Toxiproxy. */
bool ui_answer(const struct call *call)
{
    const char *target = call->request->target;
    size_t length = strcspn(target, "?");
    bool is_file = strncmp(target, "/ui/", strlen("/ui/")) == 0;
    if (!ui_has_target(target) || (!is_file && !access_is_browser(call)))
        return false;
    if (strcmp(call->request->method, "GET") != 0) {
        answer_error(call, 405, "%s is not allowed here, only GET", call->request->method);
        http_answer_header(call->request, "Allow", "GET");
    } else if (is_file) {
        answer_path(call, target, length);
    } else {
        answer_empty(call, 302);
        http_answer_header(call->request, "Location", "/ui/");
    }
    return true;
}
