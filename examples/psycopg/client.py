# SPDX-License-Identifier: MIT
"""Inserts one row, and once more after an OperationalError: that is the bug, for COMMIT may have been done."""
import os

import psycopg2


def insert():
    connection = psycopg2.connect(host=os.environ["RUDEPROXY_DB_HOST"], port=os.environ["RUDEPROXY_DB_PORT"])
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders (run) VALUES (%s)", (os.environ["RUDEPROXY_RUN"],))
    connection.close()


for attempt in range(3):
    try:
        insert()
        break
    except psycopg2.OperationalError:
        if attempt == 2:
            raise
print("inserted")
