/* SPDX-License-Identifier: MIT */
/* The commands of MySQL, and the names of what a client sends. */
#ifndef RUDEPROXY_FRAMING_MYSQL_COMMANDS_H
#define RUDEPROXY_FRAMING_MYSQL_COMMANDS_H

#define COM_QUIT 0x01
#define COM_FIELD_LIST 0x04
#define COM_STATISTICS 0x09
#define COM_CHANGE_USER 0x11
#define COM_BINLOG_DUMP 0x12
#define COM_STMT_PREPARE 0x16
#define COM_STMT_SEND_LONG_DATA 0x18
#define COM_STMT_CLOSE 0x19
#define COM_STMT_FETCH 0x1c
#define COM_BINLOG_DUMP_GTID 0x1e
#define SEMI_SYNC_ACK 0xef         /* of a replica, among the events that it receives */
#define COM_STMT_BULK_EXECUTE 0xfa /* MariaDB */

/* Names of messages that are no command, or whose command has a number beyond the table. */
enum mysql_message {
    MYSQL_HANDSHAKE_RESPONSE = 64,
    MYSQL_SSL_REQUEST,
    MYSQL_AUTH_RESPONSE,
    MYSQL_BULK_EXECUTE,
    MYSQL_NAMES
};

extern const char *const mysql_commands[MYSQL_NAMES];

#endif
