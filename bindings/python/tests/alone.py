# alone.py - imported first by tests: nothing of the caller's environment decides them.
# SPDX-License-Identifier: MIT
import os

for name in ("CADRE_BACKEND", "CADRE_WORKERS", "CADRE_TEST_WITHOUT"):
    os.environ.pop(name, None)
