"""``glm-image serve``: the service over HTTP."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

from glm_image.cli.flags import Device, Dtype, flag
from glm_image.errors import InputError

if TYPE_CHECKING:
    from glm_image.serving.settings import Settings

_PACKAGES = ("fastapi", "uvicorn", "httptools", "sqlalchemy", "alembic", "obstore", "structlog")


@dataclass(frozen=True, kw_only=True)
class ServeFlags:
    """What is served where. Everything else is set with ``--set`` or in the environment."""

    host: Annotated[
        str | None,
        flag("Address to listen on. Default: 127.0.0.1; others need a key.", metavar="ADDRESS"),
    ] = None
    port: Annotated[int | None, flag("TCP port; 0 is any. Default: 8000.", metavar="N")] = None
    model: Annotated[
        list[str] | None,
        flag(
            "NAME=SOURCE, or a folder or repository; may be repeated. Default: the bundled model.",
            "--model",
            "-m",
            metavar="MODEL",
            panel="Model",
        ),
    ] = None
    device: Device = None
    dtype: Dtype = None
    workers: Annotated[
        int | None, flag("Engine processes per model. Default: 1.", metavar="N", panel="Model")
    ] = None
    ray: Annotated[
        str | None,
        flag("Draw on a Ray cluster: its address, or local.", metavar="ADDRESS", panel="Model"),
    ] = None
    data: Annotated[
        str | None,
        flag(
            "Folder of database, pictures and secrets. Default: glm-image in your data folder.",
            metavar="FOLDER",
            panel="Storage",
        ),
    ] = None
    database: Annotated[
        str | None,
        flag(
            "postgresql://... or sqlite:///... Default: in --data.", metavar="URL", panel="Storage"
        ),
    ] = None
    blobs: Annotated[
        str | None,
        flag("Folder or s3://bucket/prefix. Default: in --data.", metavar="URL", panel="Storage"),
    ] = None
    public_url: Annotated[
        str | None,
        flag("What addresses of pictures begin with. Default: the request's.", metavar="URL"),
    ] = None
    set: Annotated[
        list[str] | None,
        flag("Any setting, such as limits.queue=500; may be repeated.", metavar="NAME=VALUE"),
    ] = None


def serve(flags: ServeFlags) -> None:
    """Serve pictures over HTTP, to programs made for BigModel or OpenAI."""
    missing = next((name for name in _PACKAGES if find_spec(name) is None), None)
    if missing is not None:
        raise InputError(
            f"the service needs the package {missing}",
            field="serve",
            hint="pip install 'glm-image[serve]'",
        )
    from glm_image.serving.server import run

    run(settings_of(flags, os.environ))


def settings_of(flags: ServeFlags, environ: Mapping[str, str]) -> "Settings":
    """Settings from the command line and the environment.

    Raises:
        InputError: A ``--set`` has no name or no value.
        ConfigError: A setting is unknown or wrong.
    """
    from glm_image.serving.setting_sources import read_settings

    given: dict[str, object] = {
        "host": flags.host,
        "port": flags.port,
        "models": ",".join(flags.model) if flags.model else None,
        "workers": flags.workers,
        "ray": flags.ray,
        "data": flags.data,
        "database": flags.database,
        "blobs": flags.blobs,
        "public_url": flags.public_url,
    }
    for text in flags.set or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"got {text!r}", field="set", hint="write --set limits.queue=500")
        given[name] = value
    settings = read_settings(given, environ)
    models = tuple(
        replace(model, device=flags.device or model.device, dtype=flags.dtype or model.dtype)
        for model in settings.models
    )
    return replace(settings, models=models)
