#!/usr/bin/env python3
# run.py - measure cadre beside other libraries, and print a table for each subject.
# SPDX-License-Identifier: MIT
#
# Exit status 1 when something could not run. Figures never decide it.
import argparse
import json
import os
import platform
import sys
import time

from runner import Failed, Missing, Runner, Watch
from subjects import PROGRAMS, SUBJECTS


def options():
    names = [s.name for s in SUBJECTS]
    p = argparse.ArgumentParser(description="Measure cadre beside other libraries.")
    p.add_argument("--build", default="build", help="the build directory (default: build)")
    p.add_argument("--subject", action="append", choices=names, metavar="NAME",
                   help=f"only this; may be repeated: {', '.join(names)}")
    p.add_argument("--rounds", type=int, default=5, metavar="N",
                   help="rounds, at most (default: 5): more than 3 only where they are not "
                   "close to each other, or the goal lies among them")
    p.add_argument("--every-round", action="store_true",
                   help="that many rounds of everything, needed or not")
    p.add_argument("--patience", type=float, default=5, metavar="SECONDS",
                   help="how long to repeat a run while others use the CPUs (default: 5)")
    p.add_argument("--quick", action="store_true",
                   help="tiny sizes: only to see that everything runs")
    p.add_argument("--json", metavar="FILE", help="all figures, of every round")
    return p.parse_args()


def describe_machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cpus": len(os.sched_getaffinity(0)),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}"}


def describe_programs(runner):
    described = {}
    for program, name in PROGRAMS.items():
        try:
            described[name] = runner.about(program)
        except Missing:
            described[name] = None
        except Failed as failure:
            described[name] = None
            runner.failures.append(str(failure))
    return described


def load():
    return " ".join(f"{x:.2f}" for x in os.getloadavg())


def print_head(machine, programs, runner):
    print(f"{machine['processor']}, {machine['cpus']} CPUs, {machine['system']}")
    for name, about in programs.items():
        if about is None:
            print(f"  {name}: NOT INSTALLED, not measured")
        else:
            print(f"  {name}: " + ", ".join(about[k] for k in ("library", "compiler",
                                                              "flags") if k in about))
    rounds = {runner.few, runner.rounds}
    print(f"  load average {load()}; {' to '.join(map(str, sorted(rounds)))} rounds"
          + ("; QUICK: the figures mean nothing" if runner.quick else ""))
    print("  best: lowest of a round's repetitions; usual: their median; CPU: processor "
          "time of all\n  threads; of all three the median of the rounds; ratio: to the "
          "best peer, below 1 is faster\n", flush=True)


def measure(subject, runner):
    runner.others.clear()
    watch, began = Watch(), time.monotonic()
    result = subject.measure(runner)
    result["others"] = sorted(runner.others)
    result["seconds"] = time.monotonic() - began
    print(f"== {subject.name}: {subject.title} ==\n")
    for line in subject.show(result):
        print(line)
    print(f"({result['seconds']:.0f} s; others used "
          f"{watch.others() * 100:.0f} % of the CPUs meanwhile, in the runs that count at "
          f"most {max(runner.others, default=0) * 100:.0f} %)\n", flush=True)
    return result


def main():
    args, began = options(), time.monotonic()
    sys.stdout.reconfigure(line_buffering=True)
    programs = os.path.join(args.build, "bench")
    try:
        runner = Runner(programs, max(1, args.rounds), args.patience, args.quick,
                        args.every_round)
    except Missing:
        sys.exit(f"run.py: no bench-cadre in {programs}: build it first "
                 f"(meson compile -C {args.build})")
    machine, described = describe_machine(), describe_programs(runner)
    print_head(machine, described, runner)
    report = {"machine": machine, "programs": described, "rounds": runner.rounds,
              "rounds_at_least": runner.few, "quick": args.quick,
              "load_before": load(), "subjects": {}}
    for subject in SUBJECTS:
        if not args.subject or subject.name in args.subject:
            report["subjects"][subject.name] = measure(subject, runner)
    seconds = round(time.monotonic() - began)
    print(f"All of it took {seconds // 60} min {seconds % 60} s.")
    report["load_after"], report["failures"] = load(), runner.failures
    report["seconds"] = seconds
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    for failure in runner.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if runner.failures else 0


if __name__ == "__main__":
    sys.exit(main())
