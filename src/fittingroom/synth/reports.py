"""`fittingroom synth check`: whether a rendered set keeps its laws, and what it is made of.

The flow is measured against the meshes themselves: drafted again and cast at by rays, without a
look at the stored validity.
"""

import json
import multiprocessing
import os
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.checks import flow_errors, worn_points
from fittingroom.synth.records import RecordError, read_product, read_sample
from fittingroom.synth.scenes import product_path, sample_path
from fittingroom.synth.shapes import Product, View
from fittingroom.synth.sheet import stored_numbers
from fittingroom.synth.skin_texture import TONES
from fittingroom.synth.wardrobe import Dressed, Fitting, StoredGarment, Wardrobe

LARGEST_ERROR: Final = 0.5
"""Product pixels that the 99th percentile of the flow's error may reach, over all pixels."""
USUAL_VALID: Final = 0.90
LEAST_VALID: Final = 0.75
"""Shares of a worn garment's pixels with a valid flow to the ghost view: median, and smallest."""
LARGEST_SETS: Final = {(512, 384): 450.0, (256, 192): 120.0}
"""Megabytes that 1,000 samples of a size may take with their products."""
WHOLE_SET: Final = 1000
"""From this many samples on a set must be as varied as it was asked to be."""
LEAST_DRAPES: Final = 250
LEAST_PATTERNS: Final = 80

_BIN: Final = 0.001
_BINS: Final = 50_000
"""Errors are counted in steps of 1/1000 product pixel up to 50; what is larger is in the last."""


@dataclass(frozen=True, slots=True)
class Garb:
    """One garment of one sample. errors: the 99th percentile by view; valid: share by view."""

    sample: int
    garment: str
    errors: dict[View, float]
    valid: dict[View, float]


@dataclass(slots=True, eq=False)
class Findings:
    """What was measured. counts: by view, (50000,) int64, pixels by error in 1/1000 pixel."""

    garbs: list[Garb] = field(default_factory=list)
    counts: dict[View, NDArray[np.int64]] = field(
        default_factory=lambda: {view: np.zeros(_BINS, np.int64) for view in View}
    )

    def add(self, other: "Findings") -> None:
        """Take in what another process found."""
        self.garbs += other.garbs
        for view in View:
            self.counts[view] += other.counts[view]

    def percentile(self, view: View) -> float:
        """The 99th percentile over the pixels of all samples, product pixels, rounded up."""
        counts = self.counts[view]
        return float(np.searchsorted(counts.cumsum(), 0.99 * counts.sum()) + 1) * _BIN

    def over(self, view: View) -> float:
        """Share of all pixels whose error is larger than the limit."""
        counts = self.counts[view]
        return float(counts[round(LARGEST_ERROR / _BIN) :].sum() / max(int(counts.sum()), 1))

    def worst(self, view: View) -> Garb:
        """The garment with the largest 99th percentile."""
        return max(self.garbs, key=lambda garb: garb.errors[view])

    def valid(self, view: View) -> NDArray[np.float64]:
        """(n,) shares of valid pixels."""
        return np.array([garb.valid[view] for garb in self.garbs])


def read_head(path: Path) -> dict[str, Any]:
    """The JSON of a sample without its pictures; raises RecordError where there is none."""
    try:
        with zipfile.ZipFile(path) as file:
            head: dict[str, Any] = json.loads(file.read("record.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RecordError(path, f"not a whole record ({error})") from error
    return head


def measure_set(folder: Path, archive: Path, jobs: int, tick: Callable[[], None]) -> Findings:
    """Measure the flow of all samples of a folder by `jobs` processes; tick after each.

    Raises ValueError where a set is empty, damaged, or not made from the archive.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number in stored_numbers(folder):
        # Samples of one body share garments, which are costly to draft.
        groups[read_head(sample_path(folder, number))["record"]["body"]].append(number)
    findings = Findings()
    for found in _parallel(partial(_measure_group, folder, archive), list(groups.values()), jobs):
        findings.add(found)
        for _ in range(len(found.garbs) // 2):
            tick()
    findings.garbs.sort(key=lambda garb: garb.sample)
    return findings


def _parallel(
    function: Callable[[list[int]], Findings], groups: list[list[int]], jobs: int
) -> Iterator[Findings]:
    if jobs == 1:
        for group in groups:
            # One by one, so that progress is told after each sample.
            yield from (function([number]) for number in group)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(jobs, cv2.setNumThreads, (1,)) as pool:
        yield from pool.imap_unordered(function, groups)


def _measure_group(folder: Path, archive: Path, numbers: list[int]) -> Findings:
    wardrobe = Wardrobe(archive)
    places = {
        garment.name: (fitting, garment)
        for fitting in wardrobe.fittings
        for garment in fitting.garments
    }
    findings = Findings()
    for number in numbers:
        findings.add(measure_sample(folder, number, wardrobe, places))
    return findings


def measure_sample(
    folder: Path,
    number: int,
    wardrobe: Wardrobe,
    places: Mapping[str, tuple[Fitting, StoredGarment]],
) -> Findings:
    """Measure the flow of both garments of a sample to both of their product pictures."""
    sample, findings = read_sample(sample_path(folder, number)), Findings()
    for name in "ab":
        outfit = sample.outfits[name]
        garment = str(outfit.garment)
        if garment not in places or outfit.cloth is None:
            advice = f"name the archive that {folder} was rendered from: --drapes"
            raise ValueError(f"{wardrobe.path} holds no garment {garment}; {advice}")
        dressed = wardrobe.open(*places[garment])
        points, garb = worn_points(dressed.mesh, outfit.cloth), Garb(number, garment, {}, {})
        for view in View:
            product, bare = _product(folder, garment, view), _bare(dressed, view)
            found = flow_errors(dressed.mesh, bare, outfit.cloth, product, points)
            garb.errors[view], garb.valid[view] = found.summary().p99, found.summary().valid
            steps = np.minimum(found.errors / _BIN, _BINS - 1).astype(np.int64)
            findings.counts[view] += np.bincount(steps, minlength=_BINS)
        findings.garbs.append(garb)
    return findings


def _product(folder: Path, garment: str, view: View) -> Product:
    path = product_path(folder, garment, view)
    try:
        return read_product(path)
    except FileNotFoundError:
        raise RecordError(path, "is missing") from None


def _bare(dressed: Dressed, view: View) -> NDArray[np.float32]:
    return dressed.ghost if view is View.GHOST else dressed.flat


@dataclass(frozen=True, slots=True)
class Stock:
    """What a set is made of; names or numbers of the different ones used.

    size: (height, width). samples and products: megabytes. refused: renderings by reason;
    given_up: samples that no attempt got right. undraped: drapes refused, by reason.
    """

    count: int
    size: tuple[int, int]
    samples: float
    products: float
    bodies: int
    poses: dict[str, int]
    patterns: int
    drapes: int
    kinds: dict[str, int]
    tones: dict[int, float]
    refused: dict[str, int]
    given_up: int
    undraped: dict[str, int]

    @property
    def thousand(self) -> float:
        """Megabytes that 1,000 samples take with the products that this set has."""
        return self.samples / self.count * WHOLE_SET + self.products


def take_stock(folder: Path, archive: Path) -> Stock:
    """Count what a set is made of; the pictures are not read."""
    numbers = stored_numbers(folder)
    records = [read_head(sample_path(folder, number))["record"] for number in numbers]
    worn = [(r["body"], r["pose_number"], g) for r in records for g in r["garments"].values()]
    refused: Counter[str] = Counter()
    for record in records:
        refused.update(record["refused"])
    missing = list((folder / "samples").glob("*.refused.json"))
    for path in missing:
        refused.update(json.loads(path.read_text()))
    tones = Counter(int(record["skin_tone"]) for record in records)
    wardrobe = Wardrobe(archive)
    kinds = {g.name: str(g.design.kind) for f in wardrobe.fittings for g in f.garments}
    height, width = records[0]["camera"]["size"]
    return Stock(
        count=len(numbers),
        size=(height, width),
        samples=_megabytes(folder / "samples"),
        products=_megabytes(folder / "products"),
        bodies=len({record["body"] for record in records}),
        poses=_by_count(Counter(record["pose"] for record in records)),
        patterns=len({garment for _, _, garment in worn}),
        drapes=len(set(worn)),
        kinds=_by_count(Counter(kinds.get(garment, "unknown") for _, _, garment in worn)),
        tones={tone: tones[tone] / len(records) for tone in range(len(TONES))},
        refused=_by_count(refused),
        given_up=len(missing),
        undraped=_by_count(Counter(wardrobe.refused)),
    )


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("*.zip")) / 1e6


def broken_laws(findings: Findings, stock: Stock) -> list[str]:
    """One line for each law that a set breaks; none when all is well."""
    broken = []
    for view in View:
        if findings.percentile(view) > LARGEST_ERROR:
            reached = f"{findings.percentile(view):.3f} px"
            broken.append(f"flow to {view}: 99th percentile {reached}, allowed {LARGEST_ERROR}")
    valid = findings.valid(View.GHOST)
    if np.median(valid) < USUAL_VALID:
        broken.append(f"valid flow: median {np.median(valid):.3f}, wanted {USUAL_VALID}")
    low = [garb for garb in findings.garbs if garb.valid[View.GHOST] < LEAST_VALID]
    for garb in low[:5]:
        share = f"{garb.valid[View.GHOST]:.3f}"
        broken.append(f"valid flow: sample {garb.sample} {garb.garment} {share} < {LEAST_VALID}")
    return broken + _small_stock(stock)


def _small_stock(stock: Stock) -> list[str]:
    broken = []
    limit = LARGEST_SETS.get(stock.size)
    if limit is not None and stock.thousand > limit:
        broken.append(f"1,000 samples take {stock.thousand:.0f} MB, allowed {limit:.0f}")
    if stock.count >= WHOLE_SET and stock.drapes < LEAST_DRAPES:
        broken.append(f"{stock.drapes} drapes used, wanted {LEAST_DRAPES}")
    if stock.count >= WHOLE_SET and stock.patterns < LEAST_PATTERNS:
        broken.append(f"{stock.patterns} patterns used, wanted {LEAST_PATTERNS}")
    return broken


def as_json(findings: Findings, stock: Stock) -> dict[str, Any]:
    """The whole report as JSON values."""
    views = {}
    for view in View:
        valid, worst = findings.valid(view), findings.worst(view)
        views[str(view)] = {
            "p99": round(findings.percentile(view), 4),
            "over_limit": findings.over(view),
            "pixels": int(findings.counts[view].sum()),
            "worst": {
                "sample": worst.sample,
                "garment": worst.garment,
                "p99": _finite(worst, view),
            },
            "valid": {
                "median": float(np.median(valid)),
                "p05": float(np.quantile(valid, 0.05)),
                "least": float(valid.min()),
            },
        }
    held = {name: getattr(stock, name) for name in Stock.__dataclass_fields__}
    tones = {str(tone): share for tone, share in stock.tones.items()}
    stored = held | {"size": list(stock.size), "tones": tones, "thousand": stock.thousand}
    return {"broken": broken_laws(findings, stock), "flow": views, "stock": stored}


def _finite(garb: Garb, view: View) -> float | None:
    """JSON knows no infinity: None where more than 1 % of the flow misses the garment."""
    return garb.errors[view] if np.isfinite(garb.errors[view]) else None


def as_text(findings: Findings, stock: Stock) -> str:
    """The report as lines of plain text."""
    lines = ["flow, product pixels       p99    > 0.5   worst sample (p99)"]
    for view in View:
        worst = findings.worst(view)
        end = f"{worst.sample} {worst.garment} ({worst.errors[view]:.3f})"
        over = 100 * findings.over(view)
        lines.append(f"  {view:20s}{findings.percentile(view):8.3f} {over:7.3f}%  {end}")
    lines.append("valid flow              median      p05    least")
    for view in View:
        valid = findings.valid(view)
        middle, low = np.median(valid), np.quantile(valid, 0.05)
        lines.append(f"  {view:20s}{middle:8.3f} {low:8.3f} {valid.min():8.3f}")
    return "\n".join([*lines, *_stock_lines(stock), "", *_verdict(findings, stock)])


def _stock_lines(stock: Stock) -> list[str]:
    mean = stock.samples / stock.count
    tones = " ".join(f"{100 * share:.1f}" for share in stock.tones.values())
    bad = sum(stock.refused.values())
    return [
        f"samples     {stock.count} of {stock.size[0]}x{stock.size[1]}, {stock.given_up} given up",
        f"size        {mean:.3f} MB a sample, products {stock.products:.1f} MB,"
        f" 1,000 samples {stock.thousand:.0f} MB",
        f"made of     {stock.patterns} patterns, {stock.drapes} posed drapes,"
        f" {stock.bodies} bodies",
        f"garments    {_listed(stock.kinds)}",
        f"poses       {_listed(stock.poses)}",
        f"skin tones  {tones} %",
        f"refused     {bad} of {stock.count + bad} renderings: {_listed(stock.refused)}",
        f"undraped    {sum(stock.undraped.values())} drapes: {_listed(stock.undraped)}",
    ]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _verdict(findings: Findings, stock: Stock) -> list[str]:
    broken = broken_laws(findings, stock)
    return [f"BROKEN: {law}" for law in broken] or ["all laws hold"]
