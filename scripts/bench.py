"""Time and memory of a try-on at three photo sizes, as a table: `make bench`.

Each size runs in processes of its own: once through the command line (cold), then several times
in one process (warm). Medians; memory is the largest resident set of the cold command.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

EXAMPLES = Path(__file__).parents[1] / "src" / "fittingroom" / "assets" / "examples"
SIZES = {"768 x 1024": (768, 1024), "12 megapixels": (3000, 4000), "48 megapixels": (6000, 8000)}
RUNS = 5

WARM = """
import json, sys, time
from fittingroom import FittingRoom
from fittingroom.images import write_image
person, garment, out, runs = sys.argv[1:5]
room = FittingRoom()
rows = []
for _ in range(int(runs) + 1):
    start = time.perf_counter()
    result = room.try_on(person, garment)
    dressed = time.perf_counter()
    result.save(out)
    stages = dict(result.steps.milliseconds)
    stages["read"] = (dressed - start) * 1000 - sum(stages.values())
    stages["write"] = (time.perf_counter() - dressed) * 1000
    stages["whole"] = (time.perf_counter() - start) * 1000
    rows.append(stages)
print(json.dumps(rows[1:]))
"""


def warm(person: Path, garment: Path, out: Path) -> dict[str, float]:
    """Median milliseconds by stage of runs in one process, reading and writing included."""
    command = [sys.executable, "-c", WARM, str(person), str(garment), str(out), str(RUNS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows: list[dict[str, float]] = json.loads(done.stdout)
    return {stage: statistics.median(row[stage] for row in rows) for stage in rows[0]}


def cold(person: Path, garment: Path, out: Path) -> dict[str, float]:
    """Median seconds and megabytes of the command line."""
    command = [sys.executable, "-m", "fittingroom", "try", str(person), str(garment)]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([*command, "-o", str(out)], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return {"cold": statistics.median(seconds) * 1000}


def peak(person: Path, garment: Path, out: Path) -> float:
    """Peak memory of the command line in MB, measured by a parent that starts nothing else."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-m", "fittingroom", "try", str(person), str(garment)]
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "-o", str(out)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout) / 1024


def measure(folder: Path, size: tuple[int, int]) -> dict[str, Any]:
    """All figures of one size."""
    person, garment = folder / "person.jpg", folder / "garment.jpg"
    for source, target in (("person_1.jpg", person), ("garment_3.jpg", garment)):
        Image.open(EXAMPLES / source).resize(size, Image.Resampling.BICUBIC).save(
            target, quality=92
        )
    out = folder / "out.jpg"
    stages = warm(person, garment, out)
    return {**stages, **cold(person, garment, out), "memory MB": peak(person, garment, out)}


def main() -> None:
    """Print the table; lines are stages, columns are sizes, numbers are milliseconds."""
    columns: dict[str, dict[str, Any]] = {}
    for title, size in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            columns[title] = measure(Path(folder), size)
    table = Table("milliseconds", *columns, title=f"median of {RUNS} runs, both photos of the size")
    for line in next(iter(columns.values())):
        table.add_row(line, *(f"{column[line]:.0f}" for column in columns.values()))
    Console().print(table)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Console(stderr=True).print(f"(the benchmark itself used {own:.0f} MB)")


if __name__ == "__main__":
    main()
