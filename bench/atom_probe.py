# atom_probe.py - the subject `atom-probe`: the three loops of a calibration.
# SPDX-License-Identifier: MIT
#
# The program examples/atom_probe measures itself, on one CPU and on all; beside it stand
# the loops in Python with NumPy and SciPy. Those take so long that they do some of the
# items only, and their times are scaled up; the sums over items that both did are compared
# where they did all, which --quick does.
from statistics import median

from runner import Failed, Missing

PROGRAM = "../examples/atom_probe/atom-probe"
PEER = "peer_atom_probe.py"
STAGES = [  # key, title, goal, items that Python does
    ("bowl", "bowl: 2638 detector cells", 50, 30),
    ("voltage", "voltage: segments of 10000 ions", 12, 250),
    ("sequences", "sequences: batches of pulses", 190, 20000),
]
CONTROLS = [("mean", "voltage by mean, automatic"), ("few", "20000 pulses, automatic")]
SLOWER = 1.05  # a control may take so many times the loop's


class AtomProbe:
    name = "atom-probe"
    title = "atom probe calibration: three loops, against NumPy and SciPy"

    def measure(self, runner):
        ions, pulses = (20000, 2000) if runner.quick else (5000000, 1000000)
        result = {"ions": ions, "pulses": pulses, "rounds": [], "peers": {}}
        try:
            for _ in range(runner.few):
                result["rounds"].append(runner.quietly(
                    [PROGRAM, "report", "--figures", "--ions", ions, "--pulses", pulses,
                     "--repetitions", 1 if runner.quick else 2]))
            for key, _, _, items in STAGES:
                events = pulses if key == "sequences" else ions
                items = 10**9 if runner.quick else items
                result["peers"][key] = runner.quietly(
                    [PEER, key, events, items, 1])
        except Missing as missing:
            result["trouble"] = f"not there: {missing}"
        except Failed as failure:
            result["trouble"] = "FAILED"
            runner.failures.append(str(failure))
        if runner.quick:
            compare_sums(result, runner)
        return result

    def show(self, result):
        yield f"{result['ions']} ions, {result['pulses']} pulses (ms)"
        for key, title, goal, _ in STAGES if result["rounds"] else []:
            yield from show_stage(result, key, title, goal)
        for key, title in CONTROLS if result["rounds"] else []:
            yield show_control(result, key, title)
        if "trouble" in result:
            yield f"  {result['trouble']}"
        yield ""


def compare_sums(result, runner):
    for key, peer in result["peers"].items():
        ours, theirs = result["rounds"][0][f"{key}.sum"], peer[f"{key}.sum"]
        if abs(ours - theirs) > 1e-12 * abs(theirs):
            runner.failures.append(f"atom-probe: the sum of {key} is {ours}, and in Python "
                                   f"{theirs}")


def middle(result, figure):
    return median(r[figure] for r in result["rounds"])


def show_stage(result, key, title, goal):
    loop = middle(result, f"{key}.loop")
    yield f"  {title}"
    best = loop
    for figure in result["rounds"][0]:
        stage, _, way = figure.partition(".")
        if stage != key or way == "sum":
            continue
        took = middle(result, figure)
        best = min(best, took)
        yield f"    {way:22}{took / 1e6:10.2f}  {loop / took:6.2f} times the loop"
    peer = result["peers"].get(key)
    if peer:
        ratio = peer[f"{key}.min"] / best
        yield (f"    {'Python':22}{peer[f'{key}.min'] / 1e6:10.2f}  {ratio:6.1f} times as long "
               f"(goal {goal}: {'met' if ratio >= goal else 'not met'})")


def show_control(result, key, title):
    loop = middle(result, f"{key}.loop")
    ways = [f for f in result["rounds"][0] if f.startswith(f"{key}.auto")]
    ratio = middle(result, ways[0]) / loop
    return (f"  {title}: {loop / 1e6:.3f}, {ratio:.3f} times the loop's time "
            f"({'met' if ratio <= SLOWER else 'not met'})")
