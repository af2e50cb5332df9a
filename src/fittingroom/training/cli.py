"""`fittingroom train ...`: teacher labels, trainings, export. Needs the extra `[train]`."""

import json
from pathlib import Path
from typing import Annotated

import cv2
import torch
import typer

from fittingroom.runtime import OnnxNetwork
from fittingroom.skeleton import Joint
from fittingroom.stages.parsing import Parser
from fittingroom.stages.pose import PoseEstimator
from fittingroom.training import ccp, views
from fittingroom.training import evaluate as evaluation
from fittingroom.training import export as release
from fittingroom.training.loop import train
from fittingroom.training.recipes import RECIPES
from fittingroom.training.teacher import TeacherPose, label_folder
from fittingroom.weights import FOLDER

app = typer.Typer(help="Train the networks; needs the extra [train].", no_args_is_help=True)

Data = Annotated[Path, typer.Option(help="Folder with ccp/ and garments/.")]
Poses = Annotated[Path, typer.Option(help="The teacher's labels, as `train teach` writes them.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoints; resumed if used.")]
Seconds = Annotated[float, typer.Option(help="Stop after this time, earlier sittings included.")]
Threads = Annotated[int, typer.Option(help="CPU threads.")]


def read_poses(path: Path) -> dict[str, TeacherPose]:
    """Read {photo name: teacher pose}."""
    return {k: TeacherPose.from_json(v) for k, v in json.loads(path.read_text()).items()}


@app.command()
def teach(
    data: Data,
    models: Annotated[Path, typer.Option(help="Folder with BlazePose's two .tflite files.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file of labels; continued.")],
) -> None:
    """Label every photo's joints with BlazePose, the permissive teacher."""
    label_folder(models, sorted((data / "ccp" / "photos").glob("*.jpg")), out)


def _run(name: str, data: Path, poses: Path, out: Path, seconds: float, threads: int) -> None:
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    root, known = data / "ccp", read_poses(poses)
    training, _ = ccp.split_names(root, known)
    names = ccp.read_names(root)
    photos = [ccp.read_photo(root, key, known[key], names) for key in training]
    if name == "parsing":
        photos = [photo for photo in photos if photo.classes is not None]
    empty = views.read_empty(data / "garments" / "images", 900)
    train(RECIPES[name], views.ViewMaker(photos, empty), out, seconds, typer.echo)


@app.command()
def pose(data: Data, poses: Poses, out: Out, seconds: Seconds = 1e9, threads: Threads = 2) -> None:
    """Train the pose network on all photos."""
    _run("pose", data, poses, out, seconds, threads)


@app.command()
def parsing(
    data: Data, poses: Poses, out: Out, seconds: Seconds = 1e9, threads: Threads = 2
) -> None:
    """Train the parsing network on the labelled photos."""
    _run("parsing", data, poses, out, seconds, threads)


Weights = Annotated[
    Path | None, typer.Option(help="Folder with pose.onnx and parsing.onnx; default: the shipped.")
]


@app.command()
def evaluate(data: Data, poses: Poses, weights: Weights = None) -> None:
    """Print the validation figures of pose and parsing on street and studio pictures."""
    folder = weights or FOLDER
    estimator = PoseEstimator(OnnxNetwork(folder / "pose.onnx"))
    parser = Parser(OnnxNetwork(folder / "parsing.onnx"))
    root, known = data / "ccp", read_poses(poses)
    names = ccp.read_names(root)
    _, validation = ccp.split_names(root, known)
    photos = [ccp.read_photo(root, key, known[key], names) for key in validation]
    for title, make in (
        ("street", evaluation.street_example),
        ("val_studio", evaluation.studio_example),
    ):
        examples = [make(photo) for photo in photos]
        pose_score = evaluation.score_pose(estimator, examples)
        typer.echo(
            f"{title}: pose right {pose_score.right:.3f} missed {pose_score.missed:.3f} "
            f"invented {pose_score.invented:.3f}"
        )
        joints = zip(Joint, pose_score.by_joint, strict=True)
        typer.echo("  " + " ".join(f"{joint.name.lower()} {share:.2f}" for joint, share in joints))
        scores = evaluation.score_parsing(parser, estimator, examples)
        typer.echo(f"{title}: parsing " + " ".join(f"{k} {v:.3f}" for k, v in scores.items()))
        seen = evaluation.count_peopled(estimator, (example.image for example in examples))
        typer.echo(f"{title}: somebody seen in {seen} of {len(examples)} pictures of people")
    garments = views.unseen_empty(data / "garments" / "images")
    seen = evaluation.count_peopled(estimator, garments)
    typer.echo(f"garments: somebody seen in {seen} of {len(garments)} kept out of training")


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
    recipe = json.loads((run / "recipe.json").read_text())
    try:
        worst = release.export_network(
            recipe["name"], run / "checkpoint.pt", out / f"{recipe['name']}.onnx", recipe
        )
    except release.ExportRefused as refusal:
        typer.echo(f"error: {refusal}", err=True)
        raise typer.Exit(1) from refusal
    release.update_table(out, recipe["name"])
    typer.echo(f"{recipe['name']}: torch and ONNX Runtime differ by {worst:.1e}")
