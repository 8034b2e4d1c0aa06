/* SPDX-License-Identifier: MIT */
/* page.html as text, written by the build (cmake/embed_text.cmake). */
#ifndef RUDEPROXY_APP_VIEW_PAGE_H
#define RUDEPROXY_APP_VIEW_PAGE_H

extern const char view_page[];

#endif
