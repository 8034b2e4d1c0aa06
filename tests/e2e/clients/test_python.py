# SPDX-License-Identifier: MIT
"""The launcher for Python: with pytest as a test, without as a program. "wait": says its pid and waits."""
import os
import socket
import sys
import tempfile
import time
import urllib.request

import rudeproxy as launcher
from rudeproxy import Rudeproxy

if hasattr(launcher, "pytest"):
    from rudeproxy import rudeproxy  # noqa: F401


def every_call(rude):
    address = rude.add_proxy("web", "builtin:http")
    assert rude.address("web") == address
    assert rude.add_fault("web", type="reset", when="bytes:1k", name="cut") == "cut"
    try:
        urllib.request.urlopen(f"http://{address}/bytes/100k", timeout=30).read()
        raise AssertionError("nothing was cut off")
    except ConnectionResetError:
        pass
    assert rude.fired("cut") == 1
    rude.remove_fault("web", "cut")
    assert len(urllib.request.urlopen(f"http://{address}/bytes/100k", timeout=30).read()) == 102400
    assert "fault" in [event["event"] for event in rude.events()]
    assert rude.report()["proxies"][0]["connections"] == 2
    try:
        rude.add_fault("web", type="rest")
        raise AssertionError("a misspelt type was taken")
    except launcher.RudeproxyError as error:
        assert "did you mean 'reset'" in str(error)


CONFIG = """
[rudeproxy]
grace = 60s
[proxy one]
listen = 127.0.0.1:0
upstream = builtin:http
[proxy two]
listen = 127.0.0.1:0
upstream = builtin:http
[fault cut]
type = reset
when = bytes:1k
"""


def config_of_two():
    """A fault of the file has one count, whatever number of proxies it is for. stop() waits for no connection."""
    with tempfile.NamedTemporaryFile("w", suffix=".ini", delete=False) as file:
        file.write(CONFIG)
    rude = Rudeproxy(config=file.name)
    os.unlink(file.name)
    try:
        urllib.request.urlopen(f"http://{rude.address('one')}/bytes/100k", timeout=30).read()
        raise AssertionError("nothing was cut off")
    except ConnectionResetError:
        pass
    assert rude.fired("cut") == 1
    host, port = rude.add_proxy("with a blank", "builtin:echo").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 30) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        assert rude.stop() == 0


def test_every_call(rudeproxy):
    every_call(rudeproxy)


def test_config_of_two():
    config_of_two()


if __name__ == "__main__":
    rude = Rudeproxy()
    if sys.argv[1:] == ["wait"]:
        print(rude.process.pid, flush=True)
        time.sleep(600)
    every_call(rude)
    assert rude.stop() == 0
    config_of_two()
