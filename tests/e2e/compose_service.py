#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The words of a service of a compose file, each behind a NUL: compose_service.py FILE SERVICE."""
import sys

import yaml

with open(sys.argv[1]) as file:
    service = yaml.safe_load(file)["services"][sys.argv[2]]
for word in service["entrypoint"] + service.get("command", []):
    sys.stdout.write(word.replace("$$", "$") + "\0")
