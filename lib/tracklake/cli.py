"""The command line of a job: the common flags, the job's own, and how a run ends."""

import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracklake.config import Conf, load
from tracklake.errors import Overtaken, WrongUsage, did_you_mean
from tracklake.failures import explain
from tracklake.handover import INTERRUPTED, master, say, send_noise_to_log, stderr_is_a_log
from tracklake.places import absolute, in_the_way, local_path, refuse_for_tables
from tracklake.progress import Steps, console
from tracklake.session import spark_session

if TYPE_CHECKING:
    from tracklake.run import Run

Job = Callable[..., None]

_FLAGS: dict[Job, tuple[str, ...]] = {}
"""The shared flags of jobs that do not take all of them."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f'"{text}" is not a date: give a day that exists as YYYY-MM-DD.') from error


@dataclass(frozen=True)
class Request:
    """What a command line asks for: the flags that all jobs share, and `own`, those of the one job."""

    env: Annotated[str, typer.Option(help="The environment: conf/<env>.toml.")] = "local"
    lake: Annotated[str | None, typer.Option(help="Where the tables are: a folder or a URI.")] = None
    source: Annotated[
        str | None, typer.Option(help="The form of the logs under --input; auto: find out.")
    ] = None
    input: Annotated[str | None, typer.Option(help="Where the logs are: a folder or a URI.")] = None
    start: Annotated[date | None, typer.Option(parser=_day, metavar="DATE", help="First day, UTC.")] = None
    end: Annotated[
        date | None, typer.Option(parser=_day, metavar="DATE", help="Last day, UTC, included.")
    ] = None
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace of a failure.")] = False
    own: dict[str, Any] = field(default_factory=dict)
    needs_lake: bool = True

    def __post_init__(self) -> None:
        if self.input == "":
            raise WrongUsage("--input names nothing: give a folder or a URI.")
        if (self.source is None) != (self.input is None) and (self.source or self.needs_lake):
            given, missing = ("--source", "--input") if self.source else ("--input", "--source")
            raise WrongUsage(
                f"{given} needs {missing} too: --source says the form of the logs, --input where they are."
            )
        if self.start and self.end and self.end < self.start:
            raise WrongUsage(
                f"The range ends before it starts: --start {self.start} comes after --end {self.end}."
            )


_ALL_FLAGS = tuple(field.name for field in fields(Request) if field.name not in ("own", "needs_lake"))


def on_the_lake(main: Job) -> Job:
    """Marks a job that is told of no logs: of the shared flags it takes --env, --lake and --debug only."""
    _FLAGS[main] = ("env", "lake", "debug")
    return main


def without_lake(*flags: str) -> Callable[[Job], Job]:
    """Marks a job that writes no table: it is handed a ``Look`` in place of a run, and --source may be left out.

    Of the shared flags it takes these, --env and --debug.
    """

    def mark(main: Job) -> Job:
        _FLAGS[main] = ("env", *flags, "debug")
        return main

    return mark


def launch(main: Job) -> None:
    """Runs a job as the process's command line says, and exits with 0, or the code that the failure has in errors.py.

    `main` takes the run and, as further parameters with typer annotations, the job's own flags.
    """
    send_noise_to_log()
    sys.exit(run_job(main, sys.argv[1:]))


def run_job(main: Job, args: Sequence[str]) -> int:
    """Runs a job with these arguments and returns the exit code; a failure says its one sentence."""
    logs: str | None = None
    try:
        request = parse(main, args)
        if request:
            logs = request.input and absolute(request.input)
            _perform(main, request)
        return 0
    except KeyboardInterrupt:
        say(INTERRUPTED)
        return 1
    except Exception as error:  # noqa: BLE001 - the one place where any failure becomes code and sentence
        if stderr_is_a_log():
            traceback.print_exc()
        if "--debug" in args:
            traceback.print_exc(file=sys.stdout)
        failure = explain(error, logs)
        say(failure.sentence)
        return failure.exit_code


def parse(main: Job, args: Sequence[str]) -> Request | None:
    """The request of these arguments; None when they ask for help, which is printed. Raises WrongUsage."""
    try:
        request = _command(main).main(args=list(args), prog_name=job_name(main), standalone_mode=False)
    except typer.TyperException as error:
        said = " ".join(error.format_message().split()).rstrip(".")
        raise WrongUsage(f"{said} (job {job_name(main)}; --help lists its flags).") from error
    return request if isinstance(request, Request) else None


def job_name(main: Job) -> str:
    """The name of a job: that of its file in jobs/."""
    return Path(main.__code__.co_filename).stem


def _perform(main: Job, request: Request) -> None:
    conf = load(request.env)
    conf = conf.on(master() or conf.spark.master)
    _refuse_unknown_sources(conf)
    lake = _lake(conf, request.lake) if request.needs_lake else ""
    source_input = request.input and absolute(request.input, conf)
    steps = Steps(console())

    from tracklake.run import Run  # only now: it brings much along that wrong flags need not wait for

    with steps.step("Starting Spark"):
        spark = spark_session(conf, f"tracklake {job_name(main)}")
    if not request.needs_lake:
        from tracklake.look import Look

        main(Look(spark, conf, steps, source_input, request.source, request.start), **request.own)
        return
    new_run = partial(
        Run,
        spark,
        conf,
        steps,
        job=job_name(main),
        lake=lake,
        source=request.source,
        input=source_input,
        start=request.start,
        end=request.end,
    )
    carry_out(new_run, partial(main, **request.own))


def carry_out(new_run: Callable[[], "Run"], work: Callable[["Run"], None]) -> None:
    """Does the work of the run that ``new_run`` makes, and publishes it; starts over where another publishes first.

    The next one that it makes is built on the newest release. Raises Overtaken at the third time.
    """
    for last in (False, False, True):
        with new_run() as run:
            try:
                work(run)
                release = run.finish()
            except Overtaken:
                if last:
                    raise
                run.steps.note("Another run published first: this one starts over from the newest release.")
                continue
            for step in run.afterwards:
                step(release)
            return


def _refuse_unknown_sources(conf: Conf) -> None:
    """Raises WrongUsage for a source in conf that there is none of: what it says would be passed over."""
    from tracklake.sources import SOURCES

    for name in conf.sources.keys() - SOURCES.keys():
        hint = did_you_mean(name, list(SOURCES)) or f"; known sources are {', '.join(SOURCES)}."
        raise WrongUsage(f'conf/{conf.env}.toml: unknown key "{name}" in [sources]{hint}')


def _command(main: Job) -> Any:
    flags = _FLAGS.get(main, _ALL_FLAGS)
    shared = [p for name, p in inspect.signature(Request).parameters.items() if name in flags]
    own = list(inspect.signature(main, eval_str=True).parameters.values())[1:]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*shared, *own)]

    def collect(**values: Any) -> Request:
        own_values = {p.name: values.pop(p.name) for p in own}
        return Request(own=own_values, needs_lake="lake" in flags, **values)

    collect.__doc__ = main.__doc__
    collect.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    collect.__annotations__ = {p.name: p.annotation for p in parameters}
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name=job_name(main))(collect)
    return typer.main.get_command(app)


def _lake(conf: Conf, asked: str | None) -> str:
    if asked == "":
        raise WrongUsage("--lake names nothing: give a folder or a URI, or leave it out.")
    uri = asked or conf.lake.uri
    if not uri:
        raise WrongUsage(f"Where is the lake? Give --lake URI: conf/{conf.env}.toml names none.")
    lake = absolute(uri, conf)
    path = local_path(lake)
    if path:
        refuse_for_tables(str(path))
        if file := in_the_way(lake):
            raise WrongUsage(f"The lake cannot be at {path}: {file} is a file; give --lake a folder.")
    return lake
