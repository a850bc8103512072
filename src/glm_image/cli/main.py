"""The ``glm-image`` command: its subcommands, and the one place that reports failures.

Exit codes: 0 done, 1 failed, 2 not possible as asked, 130 interrupted.
"""

import errno
import os
import sys

import typer

from glm_image.cli.bench import bench
from glm_image.cli.convert import convert
from glm_image.cli.doctor import doctor
from glm_image.cli.edit import edit
from glm_image.cli.evaluate import app as evaluate_app
from glm_image.cli.flags import FLAG_OF_FIELD, with_flags
from glm_image.cli.generate import generate
from glm_image.cli.keys import app as keys_app
from glm_image.cli.serve import serve
from glm_image.cli.train import app as train_app
from glm_image.errors import GlmImageError, InputError, NotFoundError

EXIT_FAILURE = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)

app = typer.Typer(
    help="Draw pictures from words and edit pictures by words.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("generate")(with_flags(generate))
app.command("edit")(with_flags(edit))
app.command("doctor")(with_flags(doctor))
app.command("bench")(with_flags(bench))
app.command("convert")(with_flags(convert))
app.command("serve")(with_flags(serve))
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(keys_app, name="keys")


@app.callback(invoke_without_command=True)
def _version(
    show: bool = typer.Option(False, "--version", help="Print the version and leave."),
) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("glm-image"))
        raise typer.Exit


def run() -> None:
    """Run the command line of this process and leave with its exit code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line.

    Args:
        arguments: Everything after the program's name.

    Returns:
        The exit code. Failures are reported on stderr, without a traceback.
    """
    try:
        app(args=arguments, prog_name="glm-image")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else EXIT_FAILURE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except GlmImageError as error:
        return _refuse(error)
    except BrokenPipeError:
        # The reader of our output is gone; the interpreter must not flush into the void.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILURE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _say(f"{place}{error.strerror or error}", None)
        return EXIT_FAILURE
    except MemoryError:
        _say("this machine has too little memory", "use a smaller picture or --dtype bfloat16")
        return EXIT_FAILURE
    return 0


def _refuse(error: GlmImageError) -> int:
    """Report an error in the words of the command line."""
    field = error.field or ""
    names = ", ".join(FLAG_OF_FIELD.get(name, name) for name in field.split(", ")) if field else ""
    names = FLAG_OF_FIELD.get(field, names)
    _say(f"{names}: {error.message}" if names else error.message, error.hint)
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
        return EXIT_FAILURE
    return EXIT_BAD_INPUT if isinstance(error, InputError | NotFoundError) else EXIT_FAILURE


def _say(message: str, hint: str | None) -> None:
    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(message, err=True)
    if hint:
        typer.echo(f"  fix: {hint}", err=True)


if __name__ == "__main__":
    run()
