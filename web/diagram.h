/* SPDX-License-Identifier: MIT */
/* The modules that draw one connection, as text: the page serves them, and the page of `view` has
 * them inside. The build writes them (cmake/embed_text.cmake). */
#ifndef RUDEPROXY_WEB_DIAGRAM_H
#define RUDEPROXY_WEB_DIAGRAM_H

extern const char web_story_js[];
extern const char web_diagram_js[];

#endif
