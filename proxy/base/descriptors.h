/* SPDX-License-Identifier: MIT */
/* Closing many descriptors at once. */
#ifndef RUDEPROXY_BASE_DESCRIPTORS_H
#define RUDEPROXY_BASE_DESCRIPTORS_H

/* Closes all descriptors from `first` on, except `keep`, which is not below `first`. Where neither
 * close_range(2) nor /proc is there, they stay open: what must be closed, the caller closes. */
void descriptors_close_from(int first, int keep);

#endif
