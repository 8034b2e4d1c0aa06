/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy replay LOG`: makes a configuration from the JSON log of a run. It injects the faults
 * of that run again, with connection numbers and offsets instead of chances and times.
 */
#ifndef RUDEPROXY_APP_REPLAY_REPLAY_H
#define RUDEPROXY_APP_REPLAY_REPLAY_H

/* Prints the file to stdout, problems to stderr. Returns an exit status. */
int replay_command(const char *path);

#endif
