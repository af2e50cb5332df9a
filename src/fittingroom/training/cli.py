"""`fittingroom train ...`: teacher labels, trainings, export. Needs the extra `[train]`."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import cv2
import torch
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from fittingroom.runtime import OnnxNetwork
from fittingroom.stages.parsing import Parser
from fittingroom.training import export as release
from fittingroom.training.figures import measure
from fittingroom.training.garment.agreement import place_photos
from fittingroom.training.garment.cache import prepare_cache, read_annotations, unplaced
from fittingroom.training.loop import Limits, Progress, Start, train
from fittingroom.training.offsets import measure_offsets
from fittingroom.training.recipes import RECIPES, Recipe
from fittingroom.training.renders import read_person
from fittingroom.training.sources import Folders, open_source
from fittingroom.training.teacher import label_folder, read_poses
from fittingroom.training.worn import label_photos, read_worn
from fittingroom.weights import FOLDER

app = typer.Typer(help="Train the networks; needs the extra `train`.", no_args_is_help=True)


class Device(StrEnum):
    """Where a training may run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


Data = Annotated[Path, typer.Option(help="Folder with ccp/ and garments/.")]
Poses = Annotated[Path, typer.Option(help="The teacher's labels, as `train teach` writes them.")]
Renders = Annotated[
    Path | None, typer.Option(help="Synthetic pictures, as `train compose` writes them.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoints; resumed if used.")]
Annotations = Annotated[Path, typer.Option(help="The repository's folder annotations/.")]
Labels = Annotated[
    Path | None, typer.Option(help="Labels of named photos, as `train label` writes them.")
]
RecipeName = Annotated[
    str | None, typer.Option("--recipe", help="Numbers of the training; default: the network's.")
]
Seconds = Annotated[float, typer.Option(help="Stop after this time, earlier sittings included.")]
Threads = Annotated[int, typer.Option(help="CPU threads.")]
InitFrom = Annotated[
    str, typer.Option(help="Begin from: imagenet (the backbone), shipped, or an exported file.")
]
On = Annotated[Device, typer.Option(help="auto = CUDA where there is one.")]
Measured = Annotated[bool, typer.Option(help="Print validation figures at the end.")]

IMAGENET: Final = "imagenet"
SHIPPED: Final = "shipped"
NETWORK_OF_COMMAND: Final = ("pose", "parsing", "garment")


@app.command()
def teach(
    data: Data,
    models: Annotated[Path, typer.Option(help="Folder with BlazePose's two .tflite files.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file of labels; continued.")],
) -> None:
    """Label every photo's joints with BlazePose, the permissive teacher."""
    label_folder(models, sorted((data / "ccp" / "photos").glob("*.jpg")), out)


@app.command()
def compose(
    renders: Annotated[Path, typer.Argument(help="A set of `fittingroom synth render`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of pictures; continued.")],
    count: Annotated[int, typer.Option(min=1, help="Samples to draw.")] = 1000,
    seed: Annotated[int, typer.Option(help="Prints, light and grounds.")] = 1,
) -> None:
    """Draw synthetic people for trainings; needs the extra `render` too."""
    from fittingroom.training.composing import compose_people

    cv2.setNumThreads(1)
    with Bar(TextColumn("composing"), BarColumn(), MofNCompleteColumn()) as bar:
        task = bar.add_task("", total=count)
        compose_people(renders, out, range(count), seed, lambda: bar.advance(task))


@app.command()
def cutouts(
    renders: Annotated[Path, typer.Argument(help="A set of `fittingroom synth render`.")],
    data: Data,
    annotations: Annotations,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of pictures; continued.")],
) -> None:
    """Draw what garment pictures are made of; needs the extra `render` too."""
    cv2.setNumThreads(1)
    kept = read_annotations(annotations / "garments.json").kept
    with Bar(TextColumn("{task.description}"), TextColumn("{task.completed}")) as bar:
        task = bar.add_task("", total=None)
        prepare_cache(
            renders / "products",
            data / "garments",
            out,
            kept,
            lambda name: bar.update(task, advance=1, description=name),
        )


@app.command()
def placed(
    data: Data,
    annotations: Annotations,
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file of points; continued.")],
    weights: Annotated[Path, typer.Option(help="Garment network.")] = FOLDER / "garment.onnx",
) -> None:
    """Place landmarks where the garment network agrees with itself, on photos without any."""
    cv2.setNumThreads(1)
    photos = unplaced(data / "garments", read_annotations(annotations / "garments.json"))
    with Bar(TextColumn("placing"), BarColumn(), MofNCompleteColumn()) as bar:
        task = bar.add_task("", total=len(photos))
        network = OnnxNetwork(weights)
        place_photos(network, data / "garments", photos, out, lambda _: bar.advance(task))


@app.command()
def label(
    data: Data,
    poses: Poses,
    annotations: Annotations,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of labels; continued.")],
    weights: Annotated[Path, typer.Option(help="Parsing network.")] = FOLDER / "parsing.onnx",
) -> None:
    """Label the photos whose clothes were named by looking, true to the names."""
    cv2.setNumThreads(1)
    labelled = {path.stem for path in (data / "ccp" / "labels").glob("*.png")}
    everyone = read_worn(annotations / "worn.json").items()
    named = {name: worn for name, worn in everyone if name not in labelled}
    with Bar(TextColumn("labelling"), BarColumn(), MofNCompleteColumn()) as bar:
        task = bar.add_task("", total=len(named))
        parser = Parser(OnnxNetwork(weights))
        photos = data / "ccp" / "photos"
        label_photos(parser, photos, read_poses(poses), named, out, lambda: bar.advance(task))


@app.command()
def offsets(
    renders: Annotated[Path, typer.Argument(help="Pictures of `train compose`.")],
    models: Annotated[Path, typer.Option(help="Folder with BlazePose's two .tflite files.")],
    count: Annotated[int, typer.Option(min=1, help="Pictures to look at.")] = 100,
) -> None:
    """Print how far from a synthetic body's joints the teacher sees them, as JSON."""
    people = [read_person(path, exact=True)[0] for path in sorted(renders.glob("*.json"))[:count]]
    typer.echo(json.dumps(measure_offsets(models, people), indent=1))


def _refuse(message: str) -> typer.Exit:
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(2)


def _recipe(network: str, name: str | None) -> Recipe:
    recipe = RECIPES.get(name or network)
    if recipe is None or recipe.network != network:
        known = ", ".join(key for key, value in RECIPES.items() if value.network == network)
        raise _refuse(f"no recipe {name!r} for {network}; use one of: {known}")
    return recipe


def _start(network: str, init: str) -> Start:
    if init == IMAGENET:
        return Start()
    path = FOLDER / f"{network}.onnx" if init == SHIPPED else Path(init)
    if not path.exists():
        raise _refuse(f"there is no {path}; use --init imagenet, shipped or an exported file")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Start(release.shipped_parameters(path), digest, release.legs_of(path))


def _device(wanted: Device) -> str:
    if wanted is Device.CUDA and not torch.cuda.is_available():
        raise _refuse("torch sees no CUDA device; use --device cpu")
    if wanted is Device.AUTO:
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted.value


def _train(recipe: Recipe, start: Start, folders: Folders, out: Path, limits: Limits) -> None:
    source = open_source(recipe, folders)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns) as bar:
        task = bar.add_task(recipe.name, total=recipe.steps)

        def report(progress: Progress) -> None:
            text = f"{recipe.name} loss {progress.loss:.4f}"
            bar.update(task, completed=progress.step, description=text)

        train(recipe, source, out, limits, report, start, folders.described())


def _finish(recipe: Recipe, folders: Folders, out: Path) -> None:
    """Export into the run's folder and measure what was exported."""
    path = out / f"{recipe.network}.onnx"
    release.export_network(recipe.network, out / "checkpoint.pt", path)
    figures = measure(recipe.network, path, folders)
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    typer.echo(json.dumps(figures, indent=1))


@dataclass(frozen=True, slots=True)
class Asked:
    """What every training command is told."""

    recipe: str | None
    init: str
    out: Path
    device: Device
    seconds: float
    threads: int
    figures: bool


def _run(network: str, folders: Folders, asked: Asked) -> None:
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(1)
    recipe = _recipe(network, asked.recipe)
    limits = Limits(asked.seconds, _device(asked.device))
    _train(recipe, _start(network, asked.init), folders, asked.out, limits)
    if asked.figures:
        _finish(recipe, folders, asked.out)


@app.command()
def pose(
    *,
    data: Data,
    poses: Poses,
    out: Out,
    renders: Renders = None,
    recipe: RecipeName = None,
    init: InitFrom = IMAGENET,
    device: On = Device.AUTO,
    seconds: Seconds = 1e9,
    threads: Threads = 2,
    figures: Measured = True,
) -> None:
    """Train the pose network on all photos."""
    asked = Asked(recipe, init, out, device, seconds, threads, figures)
    _run("pose", Folders(data, poses, renders), asked)


@app.command()
def parsing(
    *,
    data: Data,
    poses: Poses,
    out: Out,
    renders: Renders = None,
    labels: Labels = None,
    annotations: Annotated[
        Path | None, typer.Option(help="The repository's folder annotations/; with --labels.")
    ] = None,
    recipe: RecipeName = None,
    init: InitFrom = IMAGENET,
    device: On = Device.AUTO,
    seconds: Seconds = 1e9,
    threads: Threads = 2,
    figures: Measured = True,
) -> None:
    """Train the parsing network on labelled and named photos and on synthetic people."""
    if labels and not annotations:
        raise _refuse("--labels needs --annotations, which says what the photos show")
    asked = Asked(recipe, init, out, device, seconds, threads, figures)
    _run("parsing", Folders(data, poses, renders, annotations=annotations, labels=labels), asked)


@app.command()
def garment(
    *,
    data: Data,
    cutouts: Annotated[Path, typer.Option(help="Of `train cutouts`.")],
    annotations: Annotations,
    out: Out,
    placed: Annotated[Path | None, typer.Option(help="Of `train placed`.")] = None,
    recipe: RecipeName = None,
    init: InitFrom = IMAGENET,
    device: On = Device.AUTO,
    seconds: Seconds = 1e9,
    threads: Threads = 2,
    figures: Measured = True,
) -> None:
    """Train the garment network on synthetic and real product pictures."""
    asked = Asked(recipe, init, out, device, seconds, threads, figures)
    folders = Folders(data, cutouts=cutouts, annotations=annotations, placed=placed)
    _run("garment", folders, asked)


@app.command()
def evaluate(
    data: Data,
    poses: Poses,
    renders: Renders = None,
    cutouts: Annotated[Path | None, typer.Option(help="Of `train cutouts`.")] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="The repository's folder annotations/.")
    ] = None,
    weights: Annotated[Path, typer.Option(help="Folder of .onnx files.")] = FOLDER,
) -> None:
    """Print the validation figures of the networks in a folder, as JSON.

    The garment network is measured where --cutouts and --annotations are given.
    """
    folders = Folders(data, poses, renders, cutouts, annotations)
    networks = [name for name in NETWORK_OF_COMMAND if (weights / f"{name}.onnx").exists()]
    if "garment" in networks and not (cutouts and annotations):
        networks.remove("garment")
        typer.echo("garment is left out: it needs --cutouts and --annotations", err=True)
    figures = {name: measure(name, weights / f"{name}.onnx", folders) for name in networks}
    typer.echo(json.dumps(figures, indent=1))


@app.command()
def average(
    checkpoints: Annotated[list[Path], typer.Argument(help="checkpoint.pt or phase_N.pt files.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to export from.")],
) -> None:
    """Average trainings that go back to one start into one network, to be exported."""
    recipe = checkpoints[-1].parent / "recipe.json"
    out.mkdir(parents=True, exist_ok=True)
    release.average(checkpoints, out / "checkpoint.pt")
    (out / "recipe.json").write_text(recipe.read_text())


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training, with checkpoint.pt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the package's weights.")] = (
        FOLDER
    ),
) -> None:
    """Write a training's averaged network as ONNX and its row in the table of weights.

    Refuses, exit 1, where torch and ONNX Runtime differ.
    """
    network = json.loads((run / "recipe.json").read_text())["network"]
    try:
        worst = release.export_network(network, run / "checkpoint.pt", out / f"{network}.onnx")
    except release.ExportRefused as refusal:
        typer.echo(f"error: {refusal}", err=True)
        raise typer.Exit(1) from refusal
    release.update_table(out, network)
    typer.echo(f"{network}: torch and ONNX Runtime differ by {worst:.1e}")
