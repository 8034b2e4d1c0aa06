/* SPDX-License-Identifier: MIT */
/* The files of web/ as text, written by the build (cmake/embed_text.cmake). web/diagram.h has the
 * two that `view` needs too. */
#ifndef RUDEPROXY_ADMIN_UI_FILES_H
#define RUDEPROXY_ADMIN_UI_FILES_H

extern const char ui_page_html[];
extern const char ui_page_css[];
extern const char ui_icon_svg[];
extern const char ui_page_js[];
extern const char ui_api_js[];
extern const char ui_store_js[];
extern const char ui_list_js[];
extern const char ui_proxies_js[];
extern const char ui_fault_form_js[];
extern const char ui_detail_js[];
extern const char ui_element_js[];
extern const char ui_payload_js[];

#endif
