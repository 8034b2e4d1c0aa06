/* SPDX-License-Identifier: MIT */
/*
 * An error text for the user. The function that finds the problem fills it; the caller that knows
 * the place (file, line, key) prints it. Functions that take a `struct err *` fill it whenever they
 * return a negative value.
 */
#ifndef RUDEPROXY_BASE_ERR_H
#define RUDEPROXY_BASE_ERR_H

#define ERR_TEXT_MAX 512 /* room for one sentence that quotes an address or a value */

struct err {
    char text[ERR_TEXT_MAX]; /* NUL-terminated, no newline */
};

/* Formats the text, truncated at ERR_TEXT_MAX. Always returns -1, so that callers can `return
 * err_set(...)`. */
int err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns the symbolic name of an errno value ("ECONNRESET"), "0" for 0, never NULL. Static
 * storage. */
const char *err_name(int errnum);

#endif
