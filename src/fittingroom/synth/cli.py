"""`fittingroom synth ...`: drape garments, render samples, look at them, check and judge them."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from fittingroom.outputs import Outputs
from fittingroom.synth.shapes import GarmentKind
from fittingroom.synth.sheet import draw_sheet, stored_numbers
from fittingroom.synth.wardrobe import SHIPPED, Wardrobe

app = typer.Typer(
    help="Synthetic try-on pairs; needs the extra [render], and `drape` the extra [synth].",
    no_args_is_help=True,
)

Seed = Annotated[int, typer.Option(help="The same seed gives the same files.")]
Drapes = Annotated[Path, typer.Option(help="Archive of drapes; default: the shipped.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes; one a core.")]


def _bar(unit: str) -> Progress:
    columns = (TextColumn(unit), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


@app.command()
def drape(
    out: Annotated[Path, typer.Option("--out", "-o", help="The archive to write (.zip).")],
    bodies: Annotated[int, typer.Option(min=1, help="How many bodies try on three each.")] = 40,
    seed: Seed = 0,
    jobs: Jobs = 2,
    kind: Annotated[
        list[GarmentKind] | None, typer.Option(help="Only these upper garments (repeatable).")
    ] = None,
) -> None:
    """Simulate garments on bodies in poses; interrupted, it goes on where it stopped."""
    from fittingroom.synth.fitting import drape_all, plan

    plans = plan(seed, bodies, tuple(kind or ()))
    with _bar("bodies") as bar:
        task = bar.add_task("", total=len(plans))
        refused = drape_all(plans, out, jobs, lambda: bar.advance(task))
    wardrobe = Wardrobe(out)
    garments = [garment for fitting in wardrobe.fittings for garment in fitting.garments]
    kept = sum(len(garment.drapes) for garment in garments)
    typer.echo(f"{len(garments)} garments, {kept} posed drapes in {out}")
    _tell_refused(refused, kept)


def _tell_refused(refused: dict[str, int], kept: int) -> None:
    total = sum(refused.values())
    typer.echo(f"refused: {total} of {total + kept}")
    for reason, count in sorted(refused.items(), key=lambda item: -item[1]):
        typer.echo(f"  {count:4d}  {reason}")


def _size(text: str) -> tuple[int, int]:
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no size; write it as 512x384") from None
    if min(height, width) < 64:
        raise typer.BadParameter(f"{text} is too small; 64 pixels at least")
    return height, width


@app.command()
def render(
    out: Annotated[Path, typer.Option("--out", "-o", help="The set's folder; continued if used.")],
    count: Annotated[int, typer.Option(min=1, help="How many samples.")] = 100,
    seed: Seed = 0,
    size: Annotated[str, typer.Option(help="Height x width in pixels.")] = "256x192",
    drapes: Drapes = SHIPPED,
    assets: Annotated[
        Path | None, typer.Option(help="Folder with MakeHuman's CC0 skins, hair and shoes.")
    ] = None,
    jobs: Jobs = 2,
) -> None:
    """Render samples and product pictures; interrupted, it goes on where it stopped."""
    from fittingroom.synth.scenes import Work, render_all

    work = Work(drapes, out, _size(size), seed, assets)
    Wardrobe(drapes)  # a wrong archive is told before the bar begins
    with _bar("pictures") as bar:
        tasks: dict[str, TaskID] = {}

        def tick(what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task("", total=count if what == "samples" else None)
            bar.advance(tasks[what])

        made, refused = render_all(work, count, jobs, tick)
    total = sum(path.stat().st_size for path in out.rglob("*.zip"))
    typer.echo(f"{made} samples in {out}, {total / 1e6:.0f} MB")
    _tell_refused(refused, made)


Folder = Annotated[Path, typer.Argument(help="The set's folder.", metavar="DIR")]
Json = Annotated[
    Path | None, typer.Option("--json", help="Also write all figures as JSON.", metavar="FILE")
]


def _chosen(folder: Path, count: int, seed: int) -> list[int]:
    """Numbers of `count` random samples of a set, in their order; all when it has no more."""
    stored = stored_numbers(folder)
    rng = np.random.default_rng([seed, 7])
    return sorted(rng.choice(stored, min(count, len(stored)), replace=False).tolist())


def _named(folder: Path, text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} are no numbers; write them as 0,1,2") from None
    missing = sorted({*numbers} - {*stored_numbers(folder)})
    if missing:
        raise typer.BadParameter(f"{folder} has no sample {missing[0]}; name others")
    return numbers


def _json_outputs(path: Path | None) -> Outputs:
    outputs = Outputs(inputs=())
    outputs.promise(path, (".json",))
    return outputs


def _tell(text: str, outputs: Outputs, path: Path | None, values: dict[str, Any]) -> None:
    outputs.put_json(path, values)
    outputs.write()
    typer.echo(text)


@app.command()
def sheet(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture to write (.png or .jpg).")],
    numbers: Annotated[
        str | None, typer.Option(help="Samples by number, as 0,1,2; default: random ones.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many random, unpicked samples.")] = 10,
    seed: Seed = 0,
) -> None:
    """Draw samples below each other: products and wearer of both garments, base layer, labels."""
    outputs = Outputs(inputs=())
    outputs.promise(out)
    chosen = _chosen(folder, count, seed) if numbers is None else _named(folder, numbers)
    try:
        outputs.put_picture(out, draw_sheet(folder, chosen, seed))
    except FileNotFoundError as error:
        advice = "is missing; render the set again, what is there stays"
        raise ValueError(f"{error.filename} {advice}") from None
    outputs.write()
    typer.echo(f"samples {', '.join(map(str, chosen))} in {out}")


@app.command()
def check(folder: Folder, drapes: Drapes = SHIPPED, json: Json = None, jobs: Jobs = 2) -> None:
    """Measure the flow of every sample by rays, count what is in the set; exit code 1 if amiss."""
    from fittingroom.synth import reports

    outputs = _json_outputs(json)
    stock = reports.take_stock(folder, drapes)
    with _bar("samples") as bar:
        task = bar.add_task("", total=stock.count)
        findings = reports.measure_set(folder, drapes, jobs, lambda: bar.advance(task))
    text, values = reports.as_text(findings, stock), reports.as_json(findings, stock)
    _tell(text, outputs, json, values)
    if reports.broken_laws(findings, stock):
        raise typer.Exit(1)


@app.command()
def judge(
    folder: Folder,
    count: Annotated[int, typer.Option(min=1, help="How many random samples.")] = 100,
    seed: Seed = 0,
    json: Json = None,
    threads: Annotated[int, typer.Option(min=1, help="For the networks.")] = 2,
) -> None:
    """Run the shipped pose and parsing networks on renders: how far are they from photos?"""
    from fittingroom.loading import load_stages
    from fittingroom.synth import judging

    outputs = _json_outputs(json)
    chosen = _chosen(folder, count, seed)
    renders = (judging.compose_render(folder, number, seed) for number in chosen)
    with _bar("pictures") as bar:
        task = bar.add_task("", total=len(chosen))
        found = judging.judge(renders, load_stages(threads), lambda: bar.advance(task))
    _tell(judging.as_text(found), outputs, json, judging.as_json(found))


@app.command(hidden=True)
def fixtures(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tests' samples.")],
    drapes: Drapes = SHIPPED,
) -> None:
    """Render the few small samples of tests/fixtures/synth anew."""
    from fittingroom.synth.fixtures import make_fixtures

    names = make_fixtures(drapes, out)
    total = sum(path.stat().st_size for path in out.rglob("*.zip"))
    typer.echo(f"{', '.join(names)} in {out}, {total / 1e6:.2f} MB")
