"""Draw sheets/pairs.csv: 48 pairs of validation people and adult tops, fixed by seed 0.

    python scripts/draw_pairs.py ../shared/data > sheets/pairs.csv

Slices come from the data set's own labels: "layers" = a coat-like and a top-like label, "dress",
"bag" = a bag that touches the upper clothes; "none" of these. A person may be in several.
"""

import csv
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PAIRS = 48
TOPS = {"T-Shirt", "Longsleeve", "Shirt", "Polo", "Blouse", "Top", "Undershirt", "Hoodie"}
INNER = "blouse bodysuit hoodie jumper shirt sweater sweatshirt t-shirt top vest dress".split()
OUTER = "blazer cape cardigan coat jacket suit".split()
BAGS = "bag purse wallet".split()


def adult_tops(folder: Path) -> list[str]:
    """Names of the garment pictures that show an adult's top."""
    with (folder / "images.csv").open() as file:
        rows = list(csv.DictReader(file))
    return sorted(r["image"] for r in rows if r["label"] in TOPS and r["kids"] == "False")


def slices(label: NDArray[np.uint8], names: list[str]) -> list[str]:
    """Which difficulties a person of the data set brings."""

    def share(chosen: list[str]) -> NDArray[np.bool_]:
        return np.isin(label, [names.index(name) for name in chosen])

    inner, outer, bags = share(INNER), share(OUTER), share(BAGS)
    found = []
    if inner.sum() > 300 and outer.sum() > 300:
        found.append("layers")
    if share(["dress", "romper"]).sum() > 300:
        found.append("dress")
    grown = cv2.dilate(bags.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if (grown & (inner | outer)).sum() > 60:
        found.append("bag")
    return found or ["none"]


def main() -> None:
    """Print the table."""
    data = Path(sys.argv[1])
    names = (data / "ccp" / "label_names.txt").read_text().split()
    rng = np.random.default_rng(0)
    people = rng.choice(sorted((data / "ccp" / "val.txt").read_text().split()), PAIRS, False)
    garments = rng.choice(adult_tops(data / "garments"), PAIRS, False)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["person", "garment", "slices"])
    for person, garment in zip(people, garments, strict=True):
        label = cv2.imread(str(data / "ccp" / "labels" / f"{person}.png"), cv2.IMREAD_UNCHANGED)
        writer.writerow([person, garment, " ".join(slices(label, names))])


if __name__ == "__main__":
    main()
