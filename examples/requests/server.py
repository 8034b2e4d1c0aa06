# SPDX-License-Identifier: MIT
"""A shop: POST /orders/RUN writes one line to DIR/RUN and answers 201."""
import http.server
import os
import sys


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length == 0 or len(self.rfile.read(length)) < length:
            self.close_connection = True  # a request that was cut is no order
            return
        with open(os.path.join(sys.argv[1], os.path.basename(self.path)), "a") as orders:
            orders.write("order\n")
        self.send_response(201)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
with open(sys.argv[2] + ".new", "w") as ready:
    ready.write(str(server.server_address[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
