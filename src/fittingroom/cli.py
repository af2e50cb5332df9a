"""The command `fittingroom`. Data goes to stdout, talk to stderr.

A failure is one line `error: CODE: what to do next` and exit code 2; a warning is one line
`warning: CODE: ...`. Heavy modules are imported inside the commands, so that help is quick.
"""

import logging
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.exceptions import Abort, TyperException

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.version import __version__

if TYPE_CHECKING:
    from fittingroom.batch import Outcome
    from fittingroom.room import FittingRoom, TryOnResult
    from fittingroom.types import Notice

FAILED: Final = 2
SOME_FAILED: Final = 1
LOSSLESS: Final = (".png",)
TRANSPARENT: Final = (".png", ".webp")
EXAMPLES: Final = Path(__file__).parent / "assets" / "examples"

app = typer.Typer(
    name="fittingroom",
    help="Put the garment of one photo on the person of another.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
weights_app = typer.Typer(help="The networks that the package carries.", rich_markup_mode=None)
app.add_typer(weights_app, name="weights")

_log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line on `arguments`, by default the process's own; return the exit code."""
    warnings.simplefilter("ignore")  # libraries' talk; ours goes through `say`
    try:
        return _call(app, arguments, "fittingroom")
    except FittingRoomError as error:
        return _fail(error)
    except TyperException as error:
        return _fail(FittingRoomError(ErrorCode.BAD_OPTION, _hinted(error.format_message())))
    except Abort:
        return SOME_FAILED
    except Exception as error:  # whatever happens, a user sees one line
        _log.debug("unexpected", exc_info=True)
        advice = f"unexpected {type(error).__name__}: {error}; please report it"
        return _fail(FittingRoomError(ErrorCode.INTERNAL, advice))


def _call(application: typer.Typer, arguments: list[str] | None, name: str) -> int:
    command = typer.main.get_command(application)
    code = command.main(args=arguments, prog_name=name, standalone_mode=False)
    return code if isinstance(code, int) else 0


def _hinted(message: str) -> str:
    """Point to the help; a group that is called without a command leaves no message."""
    return f"{message.rstrip('. ') or 'name a command'}; see --help"


def _fail(error: FittingRoomError) -> int:
    say(f"error: {error}")
    return FAILED


def say(text: str) -> None:
    """Say one line on stderr."""
    typer.echo(" ".join(text.split()), err=True)


def _warn(notices: Iterable["Notice"]) -> None:
    for notice in notices:
        say(f"warning: {notice.code}: {notice.text}")


def open_room() -> "FittingRoom":
    """Load the networks; tests put a room of their own here."""
    from fittingroom.room import FittingRoom

    return FittingRoom()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fittingroom {__version__}")
        raise typer.Exit


Output = Annotated[Path, typer.Option("--output", "-o", help="File to write.", metavar="FILE")]
Photo = Annotated[Path, typer.Argument(help="Photo: JPEG, PNG or WebP.", metavar="PHOTO")]
Kind = Annotated[str, typer.Option(help="What the garment's photo shows: auto, product or worn.")]
Draw = Annotated[
    Path | None,
    typer.Option(help="Also draw the result over the photo, into this picture.", metavar="PNG"),
]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and leave.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("try")
def try_(
    person: Annotated[Path, typer.Argument(help="Photo of the person.", metavar="PERSON")],
    garment: Annotated[Path, typer.Argument(help="Photo of the garment.", metavar="GARMENT")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Dressed photo; .jpg, .png or .webp.", metavar="OUT"),
    ],
    category: Annotated[
        str, typer.Option(help="What the garment dresses: auto, upper, lower or dress.")
    ] = "auto",
    garment_kind: Kind = "auto",
    background: Annotated[str, typer.Option(help="Surroundings: keep or plain.")] = "keep",
    report: Annotated[
        Path | None, typer.Option(help="Also write what was done, as JSON.", metavar="JSON")
    ] = None,
    steps: Annotated[
        Path | None,
        typer.Option(help="Also write every intermediate picture into this folder.", metavar="DIR"),
    ] = None,
) -> None:
    """Dress the person of one photo in the garment of another."""
    from fittingroom.images import read_photo
    from fittingroom.options import background_named, category_named, photo_kind_named
    from fittingroom.outputs import Outputs
    from fittingroom.preview import STEP_FILES, draw_steps

    category_named(category)
    photo_kind_named(garment_kind)
    background_named(background)
    outputs = Outputs(inputs=(person, garment))
    outputs.promise(output)
    outputs.promise(report, None)
    outputs.promise_folder(steps, STEP_FILES)
    photo, product = read_photo(person), read_photo(garment)
    result = open_room().try_on(
        photo, product, category, background, steps is not None, garment_kind
    )
    outputs.put_picture(output, result.image)
    outputs.put_json(report, result.report)
    if steps is not None:
        for name, picture in draw_steps(photo, result.steps).items():
            outputs.put_picture(steps / name, picture)
    outputs.write()
    _warn(result.steps.notices)


@app.command()
def pose(photo: Photo, output: Output, draw: Draw = None) -> None:
    """Find everyone's joints: OpenPose JSON, COCO-18, in photo pixels, main person first."""
    from fittingroom.images import read_photo
    from fittingroom.outputs import Outputs
    from fittingroom.preview import draw_pose
    from fittingroom.report import openpose_document

    outputs = Outputs(inputs=(photo,))
    outputs.promise(output, None)
    outputs.promise(draw)
    image = read_photo(photo)
    people = open_room().pose(image)
    outputs.put_json(output, openpose_document(people))
    if draw is not None:
        outputs.put_picture(draw, draw_pose(image, people))
    outputs.write()


@app.command()
def parse(
    photo: Photo,
    output: Output,
    draw: Draw = None,
    labels: Annotated[str, typer.Option(help="Label set: lip, atr or acgpn.")] = "lip",
) -> None:
    """Label the main person's parts and clothes: an 8-bit PNG of the photo's size."""
    from fittingroom.images import read_photo
    from fittingroom.options import label_set_named
    from fittingroom.outputs import Outputs
    from fittingroom.preview import overlay_labels

    label_set_named(labels)
    outputs = Outputs(inputs=(photo,))
    outputs.promise(output, LOSSLESS)
    outputs.promise(draw)
    image = read_photo(photo)
    label_map = open_room().parse(image, labels)
    outputs.put_picture(output, label_map)
    if draw is not None:
        outputs.put_picture(draw, overlay_labels(image, label_map))
    outputs.write()


@app.command()
def garment(
    photo: Photo,
    output: Output,
    mask: Annotated[
        Path | None,
        typer.Option(
            help="Also write the mask: 0 ground, 255 garment, between them at its edge.",
            metavar="PNG",
        ),
    ] = None,
    garment_kind: Kind = "auto",
) -> None:
    """Cut the garment from its photo: a picture of the photo's size with transparency."""
    from fittingroom.options import photo_kind_named
    from fittingroom.outputs import Outputs
    from fittingroom.preview import cut_out

    photo_kind_named(garment_kind)
    outputs = Outputs(inputs=(photo,))
    outputs.promise(output, TRANSPARENT)
    outputs.promise(mask, LOSSLESS)
    found = open_room().garment(photo, garment_kind=garment_kind)
    outputs.put_picture(output, cut_out(found))
    outputs.put_picture(mask, found.mask)
    outputs.write()


@app.command()
def batch(
    pairs: Annotated[
        Path,
        typer.Argument(help="CSV: person,garment[,category[,output]].", metavar="PAIRS.csv"),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of the results, made if new.", metavar="DIR"),
    ],
) -> None:
    """Dress many pairs; goes on after a failure and exits 1 if there was any.

    Photos are looked for beside the list first, then in the current folder. Prints the path of
    each result.
    """
    from fittingroom.batch import read_pairs, run_batch
    from fittingroom.outputs import check_folder, make_folder

    rows = read_pairs(pairs)
    check_folder(output)
    room = open_room()
    make_folder(output)
    outcomes = run_batch(rows, room, output, pairs.parent)
    failures = _follow(outcomes, len(rows))
    if failures:
        say(f"{failures} of {len(rows)} pairs failed")
        raise typer.Exit(SOME_FAILED)


def _follow(outcomes: Iterable["Outcome"], total: int) -> int:
    """Show a bar on stderr while the outcomes come; return the number of failures."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    failures = 0
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=True
    ) as bar:
        task = bar.add_task("pairs", total=total)
        for outcome in outcomes:
            _tell(outcome)
            failures += outcome.error is not None
            bar.advance(task)
    return failures


def _tell(outcome: "Outcome") -> None:
    where = f"line {outcome.pair.line}: {outcome.pair.person}, {outcome.pair.garment}"
    for notice in outcome.notices:
        say(f"warning: {notice.code}: {where}: {notice.text}")
    if outcome.error is not None:
        say(f"error: {outcome.error.code}: {where}: {outcome.error.advice}")
    else:
        typer.echo(outcome.path)


@weights_app.command("list")
def weights_list() -> None:
    """Show each network's name, file, bytes, licence and SHA-256."""
    from fittingroom.weights import load_cards

    for card in load_cards():
        cells = (card.name, card.file, str(card.bytes), card.licence, card.sha256)
        typer.echo("\t".join(cells))


@weights_app.command("verify")
def weights_verify() -> None:
    """Check that each network's file is whole."""
    from fittingroom.weights import NETWORKS, missing

    faults = missing()
    for name in NETWORKS:
        typer.echo(f"{name}\t{faults.get(name, 'ok')}")
    if faults:
        named = ", ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise FittingRoomError(ErrorCode.BAD_WEIGHTS, f"{named}; install fittingroom again")


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Dressed photo.", metavar="OUT")
    ] = Path("fittingroom-demo.jpg"),
) -> None:
    """Dress a bundled example person in a bundled example garment."""
    from fittingroom.outputs import Outputs

    outputs = Outputs(inputs=())
    outputs.promise(output)
    result = open_room().try_on(EXAMPLES / "person_1.jpg", EXAMPLES / "garment_1.jpg")
    outputs.put_picture(output, result.image)
    outputs.write()
    _show_times(result)
    _warn(result.steps.notices)
    typer.echo(output.resolve())


def _show_times(result: "TryOnResult") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("stage", box=None)
    table.add_column("ms", justify="right")
    for name, value in result.report["milliseconds"].items():
        table.add_row(name, f"{value:.0f}")
    Console().print(table)


@app.command(
    "synth",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def synth(context: typer.Context) -> None:
    """Make synthetic try-on pairs (needs the extra: pip install 'fittingroom[render]')."""
    try:
        from fittingroom.synth.cli import app as synthesis

        code = _call(synthesis, context.args, "fittingroom synth")
    except ModuleNotFoundError as error:
        extra = "synth" if error.name in ("anny", "torch", "warp") else "render"
        advice = f"{error.name} is missing; install fittingroom[{extra}]"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice) from error
    except ValueError as error:
        raise FittingRoomError(ErrorCode.BAD_OPTION, str(error)) from error
    raise typer.Exit(code)


@app.command(
    "train",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def train(context: typer.Context) -> None:
    """Train and export the networks (needs the extra: pip install 'fittingroom[train]')."""
    try:
        from fittingroom.training.cli import app as training

        code = _call(training, context.args, "fittingroom train")
    except ModuleNotFoundError as error:
        advice = f"{error.name} is missing; install fittingroom[train]"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice) from error
    raise typer.Exit(code)
