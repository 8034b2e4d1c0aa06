# SPDX-License-Identifier: MIT
"""Posts an order. Its retry adapter also retries POST: that is the bug."""
import os

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

session = requests.Session()
session.trust_env = False  # no proxy of the environment
session.mount("http://", HTTPAdapter(max_retries=Retry(total=3, allowed_methods=None, backoff_factor=0)))
url = "http://%s/orders/%s" % (os.environ["RUDEPROXY_SHOP_ADDR"], os.environ["RUDEPROXY_RUN"])
answer = session.post(url, data="one book", timeout=5)
answer.raise_for_status()
print(answer.text.strip())
