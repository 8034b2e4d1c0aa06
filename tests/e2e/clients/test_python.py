# SPDX-License-Identifier: MIT
"""The launcher for Python: with pytest as a test, without as a program. "wait": says its pid and waits."""
import sys
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


def test_every_call(rudeproxy):
    every_call(rudeproxy)


if __name__ == "__main__":
    rude = Rudeproxy()
    if sys.argv[1:] == ["wait"]:
        print(rude.process.pid, flush=True)
        time.sleep(600)
    every_call(rude)
    assert rude.stop() == 0
