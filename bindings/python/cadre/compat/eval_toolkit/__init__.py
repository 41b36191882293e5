# __init__.py - the interface of eval_toolkit's parallel layer, on cadre.
# SPDX-License-Identifier: MIT
"""eval_toolkit._parallel and eval_toolkit.bootstrap, on cadre.

    >>> from cadre.compat.eval_toolkit._parallel import parallel_map
    >>> parallel_map(abs, [-1, 2], n_jobs=2)
    [1, 2]
"""
import logging

logging.getLogger("eval_toolkit").addHandler(logging.NullHandler())
