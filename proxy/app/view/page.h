/* SPDX-License-Identifier: MIT */
/* page.html and the modules of a diagram (web/) as text, which the build writes
 * (cmake/embed_text.cmake). */
#ifndef RUDEPROXY_APP_VIEW_PAGE_H
#define RUDEPROXY_APP_VIEW_PAGE_H

extern const char view_page[];
extern const char view_diagram[];

#endif
