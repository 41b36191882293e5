# runner.py - run the contestants' programs, and watch who else uses the machine.
# SPDX-License-Identifier: MIT
import os
import re
import resource
import shutil
import subprocess
import sys
import time

MISSING = 77  # what a Python peer exits with when a library is not installed
TIME_LIMIT = 600
FEW = 3  # rounds, before it is asked whether more would tell more: see compare.py
QUIET = 0.10  # of all CPUs: what others may use during a run that counts


class Missing(Exception):
    """The program is not there, since what it measures is not installed."""


class Failed(Exception):
    """The program ran, and not well."""


class Runner:
    def __init__(self, programs, rounds, patience, quick, every_round=False):
        self.programs = programs
        self.quick = quick
        self.rounds = 1 if quick else rounds  # at most
        self.every_round = every_round  # peers that are far behind, too
        self.few = self.rounds if every_round else min(FEW, self.rounds)  # at least
        self.patience = 0 if quick else patience
        self.python = "/usr/bin/python3"  # the distribution's, with its libraries
        if not os.path.exists(self.python):
            self.python = sys.executable
        self.others = []  # the share of the CPUs that others used, run by run
        self.failures = []
        self.environment = {k: v for k, v in os.environ.items() if not
                            k.startswith(("OMP_", "GOMP_", "KMP_", "TBB_", "CADRE_"))}
        about = self.figures(["bench-cadre", "about"])
        self.step_ns = f"{about['step_ns']:.4f}"

    def command(self, argv):
        """A name ending in .py or .R is a file beside this one, else a built program."""
        here = os.path.dirname(os.path.abspath(__file__))
        if argv[0] == "--launch":  # a whole command, to be found as it is
            return argv[1:]
        if argv[0].endswith(".py"):
            return [self.python, os.path.join(here, argv[0]), *argv[1:]]
        if argv[0].endswith(".R"):
            if not shutil.which("Rscript"):
                raise Missing("Rscript")
            return ["Rscript", "--vanilla", os.path.join(here, argv[0]), *argv[1:]]
        program = os.path.join(self.programs, argv[0])
        if not os.path.exists(program):
            raise Missing(argv[0])
        return [program, *argv[1:]]

    def output(self, argv, environment=None):
        command = self.command([str(a) for a in argv])
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=TIME_LIMIT, stdin=subprocess.DEVNULL,
                              env={**self.environment, **(environment or {})})
        if done.returncode == MISSING:
            raise Missing(done.stderr.strip())
        if done.returncode:
            raise Failed(f"{' '.join(command)}: exit status {done.returncode}: "
                         f"{done.stderr.strip()}")
        return done.stdout

    def figures(self, argv, environment=None):
        """The `name value unit` lines of a run, as {name: value}."""
        text = self.output(argv, environment)
        lines = re.findall(r"^(\S+) (\S+)(?: \S+)?$", text, re.M)
        return {name: float(value) for name, value in lines if is_number(value)}

    def quietly(self, argv, environment=None):
        """The figures of a run during which others left the machine alone; when there
        is none, of that with the least disturbance. Whether a run counts depends on
        others, never on its figures."""
        best, until = None, time.monotonic() + self.patience
        while True:
            watch = Watch()
            figures = self.figures(argv, environment)
            others = watch.others()
            if best is None or others < best[0]:
                best = others, figures
            if others <= QUIET or time.monotonic() >= until:
                break
            wait_for_quiet(until)
        self.others.append(best[0])
        return best[1]

    def about(self, program):
        """What a program was built with, as {word: text}."""
        lines = self.output([program, "about"]).splitlines()
        return dict(line.split(" ", 1) for line in lines)


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


class Watch:
    """How much of all CPUs do processes other than ours use from now on? Includes what
    the host takes away from a virtual machine."""

    def __init__(self):
        self.began, self.busy, self.ours = time.monotonic(), all_busy(), our_busy()

    def others(self):
        elapsed = (time.monotonic() - self.began) * os.cpu_count()
        busy, ours = all_busy() - self.busy, our_busy() - self.ours
        return min(1.0, max(0.0, busy - ours) / elapsed)


def wait_for_quiet(until):
    while time.monotonic() < until:
        watch = Watch()
        time.sleep(0.3)
        if watch.others() <= QUIET:
            return


def all_busy():
    """Seconds in which CPUs were not idle. Linux counts them in ticks."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(f) for f in stat.readline().split()[1:9]]
    user, nice, system, _idle, _wait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def our_busy():
    """Seconds of CPU that this process and its finished children used."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total
