/* SPDX-License-Identifier: MIT */
/* page.html as text, written by the build (cmake/embed_text.cmake). */
#ifndef RUDEPROXY_APP_SWEEP_REPORT_PAGE_H
#define RUDEPROXY_APP_SWEEP_REPORT_PAGE_H

extern const char sweep_page[];

#endif
