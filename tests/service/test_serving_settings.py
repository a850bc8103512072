"""Settings: where they come from, and that everything wrong is named."""

from pathlib import Path

import pytest

from glm_image.errors import ConfigError
from glm_image.serving.setting_sources import read_settings, served_model, variable
from glm_image.serving.settings import (
    FetchSettings,
    KeyDefaults,
    LabelSettings,
    LogSettings,
    ModerationSettings,
    RequestLimits,
    ServedModel,
    Settings,
    Times,
)


def test_flags_win_over_the_environment_and_both_over_the_defaults() -> None:
    environ = {
        "GLM_IMAGE_PORT": "9000",
        "GLM_IMAGE_LIMITS_QUEUE": "7",
        "GLM_IMAGE_DATA": "~/pictures",
        "GLM_IMAGE_HOSTS": "a.example, b.example",
        "GLM_IMAGE_FETCH_ENABLED": "yes",
        "GLM_IMAGE_TIMES_ANSWER_SECONDS": "1.5",
        "GLM_IMAGE_DATABASE": "",
        "GLM_IMAGE_MODELS": "nano=,full=zai-org/GLM-Image",
        "GLM_IMAGE_BENCHMARKS": "/somewhere",
        "PATH": "/bin",
    }
    settings = read_settings({"port": 9001, "limits.queue": None, "workers": "2"}, environ)
    assert (settings.port, settings.workers, settings.limits.queue) == (9001, 2, 7)
    assert settings.data == Path.home() / "pictures"
    assert settings.hosts == ("a.example", "b.example")
    assert settings.fetch.enabled
    assert settings.times == Times(answer_seconds=1.5)
    assert settings.database is None
    assert settings.models == (
        ServedModel(name="nano"),
        ServedModel(name="full", source="zai-org/GLM-Image"),
    )
    assert settings.log == LogSettings()


def test_every_wrong_value_is_named_at_once() -> None:
    environ = {"GLM_IMAGE_PROT": "1", "GLM_IMAGE_PORT": "many", "GLM_IMAGE_FETCH_ENABLED": "maybe"}
    with pytest.raises(ConfigError) as caught:
        read_settings({"limits.quue": 3, "times.answer_seconds": "soon"}, environ)
    for part in (
        "GLM_IMAGE_PROT is unknown, did you mean 'GLM_IMAGE_PORT'?",
        "GLM_IMAGE_PORT is 'many', expected a whole number",
        "GLM_IMAGE_FETCH_ENABLED is 'maybe', expected true or false",
        "limits.quue is unknown, did you mean 'limits.queue'?",
        "times.answer_seconds is 'soon', expected a number",
    ):
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Settings(port=70000), "port"),
        (lambda: Settings(workers=0), "workers"),
        (lambda: Settings(models=()), "models"),
        (lambda: Settings(models=(ServedModel(name="a"),) * 2), "models"),
        (lambda: Settings(public_url="ftp://x"), "public_url"),
        (lambda: Settings(low_water_bytes=-1), "low_water_bytes"),
        (lambda: ServedModel(name="a b"), "models"),
        (lambda: RequestLimits(queue=0), "limits.queue"),
        (lambda: KeyDefaults(per_day=-1), "key.per_day"),
        (lambda: Times(grace_seconds=0), "times.grace_seconds"),
        (lambda: LabelSettings(c2pa_key=Path("k")), "labels.c2pa_certificate, labels.c2pa_key"),
        (lambda: ModerationSettings(hook="a.b"), "moderation.hook"),
        (lambda: ModerationSettings(seconds=0), "moderation.seconds"),
        (lambda: FetchSettings(hops=0), "fetch.hops"),
        (lambda: LogSettings(level="loud"), "log.level"),
    ],
)
def test_settings_check_themselves(make: object, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("draw.example", False),
    ],
)
def test_who_can_reach_the_service(host: str, alone: bool) -> None:
    assert Settings(host=host).on_loopback is alone


def test_a_model_as_typed() -> None:
    assert served_model("/folder") == ServedModel(name="glm-image", source="/folder")
    assert served_model("big=a/b") == ServedModel(name="big", source="a/b")


def test_names_of_variables() -> None:
    assert variable("limits.prompt_characters") == "GLM_IMAGE_LIMITS_PROMPT_CHARACTERS"


def test_places_follow_the_data_folder() -> None:
    settings = Settings(data=Path("/srv/pictures"))
    assert settings.database_url == "sqlite:////srv/pictures/service.sqlite3"
    assert settings.blob_url == "/srv/pictures/blobs"
