# __init__.py - the interfaces of other parallel maps, on cadre.
# SPDX-License-Identifier: MIT
"""Drop-in modules for programs that use the parallel layer of another library.

    pyccapt         pyccapt.calibration.core.parallel
    scinexus        scinexus.parallel
    phylozoo        phylozoo.utils.parallel
    smqtk           smqtk_descriptors.utils.parallel
    eval_toolkit    eval_toolkit: _parallel and bootstrap

Names, rules, exceptions, environment variables and the loggers' names are those of the
originals. What is better: functions and items need not be pickled where the original's
rules do not ask for it, the error is that of the lowest item that failed, no item runs
twice, inputs stay bounded, and a worker that dies is an error.
"""
