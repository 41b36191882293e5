# ranks.py - the subject `mpi`: the ranks of an MPI program as workers.
# SPDX-License-Identifier: MIT
#
# All ranks are on this machine: what crosses is shared memory, not a network. Two ranks are
# one that hands out and one that works, for cadre and for mpi4py alike. Where goals speak
# of an item, that is one worker's: rank 0 is what more of them wait for.
import os
import shutil
from statistics import median

from compare import WORDS, reached, settled, show_figure
from runner import Failed, Missing

# label, who, chunk, items, the goal in ns an item
MAPS = [
    ("cadre, automatic", "cadre", 0, 2000000, 1000),
    ("cadre, chunk 256", "cadre", 256, 2000000, None),
    ("cadre, chunk 1", "cadre", 1, 100000, 5000),
    ("mpi4py.futures, chunk 256", "python", 256, 50000, None),
    ("mpi4py.futures, chunk 1", "python", 1, 2000, None),
]
PINGS = 100000
WAKE_TRIES, GOAL_WAKE_NS = 100, 2e6
IDLE_S, GOAL_IDLE = 2, 0.05
RESULTS, RESULT_SIZE, WINDOW, ITEM_SIZE, ROOM_KB = 250000, 4096, 4096, 8, 65536
# By itself bench-simulator goes on to 16384 ranks, and takes minutes.
SIMULATED = ["--most-ranks", 1024, "--tasks", 400000]


class Ranks:
    name = "mpi"
    title = "ranks of an MPI program as workers"

    def measure(self, runner):
        quick = runner.quick
        maps = MAPS[::3] if quick else MAPS  # one of each program: launchers take long
        result = {"maps": [measure_map(row, runner) for row in maps]}
        result["pingpong"] = rounds(runner, 2, ["bench-mpi", "pingpong",
                                                10 if quick else PINGS])
        result["wake"] = rounds(runner, 3, ["bench-mpi", "wake", 3 if quick else WAKE_TRIES],
                                ("wake.median", GOAL_WAKE_NS))
        result["idle"] = rounds(runner, 4, ["bench-mpi", "idle", 0.05 if quick else IDLE_S], n=1)
        result["memory"] = rounds(runner, 3, ["bench-mpi", "memory", 2000 if quick else RESULTS,
                                              RESULT_SIZE, WINDOW], n=1)
        result["simulated"] = simulate(runner)
        return result

    def show(self, result):
        yield from show_maps(result["maps"], result["pingpong"])
        yield from show_waiting(result["wake"], result["idle"])
        yield from show_memory(result["memory"])
        yield from show_simulated(result["simulated"])


# ---- running ----

def launcher(runner):
    """That of the MPI which the program is built with."""
    name = "mpich" if "MPICH" in runner.about("bench-mpi")["library"] else "openmpi"
    found = shutil.which(f"mpiexec.{name}") or shutil.which("mpiexec")
    if not found:
        raise Missing("mpiexec")
    return found


ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1",
               "OMPI_MCA_hwloc_base_binding_policy": "none",
               "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}


def rounds(runner, ranks, argv, goal=None, n=None):
    """The figures of runs on so many ranks: n, or as many as compare.py says, with the name
    and the value of what is to be reached; fewer if something is missing or fails."""
    figures = []
    try:
        command = ["--launch", launcher(runner), "-n", ranks]
        words = argv if "/" in argv[0] else runner.command(argv)
        for turn in range(n or runner.rounds):
            if turn >= runner.few and (not goal or settled(of(figures, goal[0]), goal[1])):
                break
            figures.append(runner.quietly(command + words, ENVIRONMENT))
    except Missing:
        pass
    except Failed as failure:
        runner.failures.append(str(failure))
    return figures


def measure_map(row, runner):
    label, who, chunk, n, goal = row
    words = ["map", 200 if runner.quick else n, chunk, 1 if runner.quick else 5]
    if who == "cadre":
        figures = rounds(runner, 2, ["bench-mpi", *words], goal and ("map.min", goal))
    else:
        figures = with_python(runner, words)
    return {"label": label, "goal_ns": goal, "rounds": figures}


def with_python(runner, words):
    try:
        runner.about("peer_mpi.py")
    except Missing:
        return []
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_mpi.py")
    return rounds(runner, 2, [runner.python, "-m", "mpi4py.futures", here, *words])


def simulate(runner):
    words = SIMULATED
    if runner.quick:
        words = ["--ranks", 16, "--task-ns", 10000000, "--tasks", 1000]
    try:
        return runner.figures(["bench-simulator", *words])
    except Missing:
        return {}
    except Failed as failure:
        runner.failures.append(str(failure))
        return {}


# ---- on paper ----

def of(rows, name):
    return [row[name] for row in rows]


def show_maps(rows, pings):
    yield "x * x for each of many items, one rank that works (ns an item)"
    yield f"  {'':32}{'best':>10}{'usual':>10}{'rank 0':>10}"
    for row in rows:
        if not row["rounds"]:
            yield f"  {row['label']:32}{'not measured':>16}"
            continue
        line = f"  {row['label']:32}" + "".join(
            f"{show_figure(median(of(row['rounds'], k))):>10}"
            for k in ("map.min", "map.median", "map.cpu") if k in row["rounds"][0])
        if row["goal_ns"]:
            _, word = reached(of(row["rounds"], "map.min"), row["goal_ns"])
            line += f"   goal: at most {row['goal_ns']}: {WORDS[word]}"
        yield line
    if pings:
        yield (f"  {'MPI, 64 bytes there and back':32}"
               f"{show_figure(median(of(pings, 'pingpong.min'))):>10}")
    yield "  rank 0: the processor time of its threads"
    yield ""


def show_waiting(wake, idle):
    yield "ranks with nothing to do"
    if wake:
        figure, word = reached(of(wake, "wake.median"), GOAL_WAKE_NS)
        worst = max(of(wake, "wake.worst"))
        yield (f"  from the call to the first instruction of a task: {figure / 1e6:.3f} ms, "
               f"at worst {worst / 1e6:.3f} ms   goal: at most 2 ms: {WORDS[word]}")
    if idle:
        used = idle[0]["idle.rank"]
        yield (f"  CPU of an idle rank beside one long task: {100 * used:.1f} %, of rank 0: "
               f"{100 * idle[0]['idle.zero']:.1f} %   goal: below 5 %: "
               f"{'met' if used < GOAL_IDLE else 'not met'}")
    yield ""


def show_memory(rows):
    for row in rows:
        room = row["memory.window"] * (ITEM_SIZE + RESULT_SIZE) / 1024 + ROOM_KB
        peak = row["memory.peak_kb"]
        yield f"{row['memory.got']:.0f} results of {RESULT_SIZE} bytes, a slow reader"
        yield (f"  peak of rank 0: {peak:.0f} kB, {row['memory.before_kb']:.0f} kB of them before; "
               f"window {row['memory.window']:.0f}   goal: at most {room:.0f} kB: "
               f"{'met' if peak <= room else 'not met'}")
        yield ""


# ---- the simulator ----

def show_simulated(figures):
    cells = {tuple(map(int, name.split(".")[1:])): share for name, share in figures.items()
             if name.startswith("efficiency.")}
    if not cells:
        return
    times = sorted({time for _, time in cells})
    yield ("simulated ranks, driven by the real scheduling: the share of their time that is "
           "tasks (%), and, behind it, how busy rank 0 is")
    yield f"  {'ranks':>8}" + "".join(f"{show_time(t):>14}" for t in times)
    for ranks in sorted({ranks for ranks, _ in cells}):
        yield f"  {ranks:>8}" + "".join(
            f"{100 * cells[ranks, t]:8.1f} {100 * figures[f'root_busy.{ranks}.{t}']:5.1f}"
            for t in times)
    yield ""


def show_time(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns} ns"
