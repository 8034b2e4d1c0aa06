/* SPDX-License-Identifier: MIT */
/* The functions in the rows of commands.c. */
#ifndef RUDEPROXY_CTL_COMMANDS_H
#define RUDEPROXY_CTL_COMMANDS_H

#include "proxy/ctl/command.h"

enum ctl_status ctl_list(struct ctl *ctl);
enum ctl_status ctl_inspect(struct ctl *ctl);
enum ctl_status ctl_create(struct ctl *ctl);
enum ctl_status ctl_toggle(struct ctl *ctl);
enum ctl_status ctl_delete(struct ctl *ctl);

enum ctl_status ctl_toxic_list(struct ctl *ctl);
enum ctl_status ctl_toxic_add(struct ctl *ctl);
enum ctl_status ctl_toxic_update(struct ctl *ctl);
enum ctl_status ctl_toxic_remove(struct ctl *ctl);

enum ctl_status ctl_fault_list(struct ctl *ctl);
enum ctl_status ctl_fault_add(struct ctl *ctl);
enum ctl_status ctl_fault_change(struct ctl *ctl);
enum ctl_status ctl_fault_remove(struct ctl *ctl);
enum ctl_status ctl_fault_enable(struct ctl *ctl);
enum ctl_status ctl_fault_disable(struct ctl *ctl);

enum ctl_status ctl_connections(struct ctl *ctl);
enum ctl_status ctl_kill(struct ctl *ctl);
enum ctl_status ctl_inject(struct ctl *ctl);

enum ctl_status ctl_top(struct ctl *ctl);
enum ctl_status ctl_events(struct ctl *ctl);
enum ctl_status ctl_report(struct ctl *ctl);
enum ctl_status ctl_config(struct ctl *ctl);
enum ctl_status ctl_reload(struct ctl *ctl);
enum ctl_status ctl_reset_counts(struct ctl *ctl);
enum ctl_status ctl_reset(struct ctl *ctl);
enum ctl_status ctl_version(struct ctl *ctl);

#endif
