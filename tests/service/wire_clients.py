"""What people do with the clients of BigModel, OpenAI and Hugging Face, one call after another."""

import base64
import contextlib
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import httpx2
import openai
import zai
from fake import masked, plain
from huggingface_hub import InferenceClient
from huggingface_hub.hf_api import InferenceProviderMapping
from huggingface_hub.inference import _client
from huggingface_hub.inference._providers import zai_org
from serving_rig import ALL, Rig
from wiring import Marks, Tape

from glm_image.serving.accounts import KeyLimits

Call = Callable[[str, str], None]
"""Gets the address of a service and a key."""

SEED = {"seed": 7}
SMALL: Any = {"model": "glm-image", "prompt": "a cat", "extra_body": SEED}


def _zai(url: str, key: str, **options: Any) -> zai.ZhipuAiClient:
    return zai.ZhipuAiClient(api_key=key, base_url=f"{url}/api/paas/v4", **options)


def zai_draws(url: str, key: str) -> None:
    with _zai(url, key) as client:
        answer = client.images.generations(
            model="glm-image",
            prompt="a cat",
            size="64×96",
            quality="hd",
            watermark_enabled=False,
            user_id="someone-1",
            request_id="zai-request-1",
            sensitive_word_check={"type": "ALL", "status": "ENABLE"},
            extra_body=SEED,
        )
        httpx2.get(answer.data[0].url)
        client.images.generations(response_format="b64_json", **SMALL)


def zai_edits(url: str, key: str) -> None:
    source = base64.b64encode(plain(64, 96)).decode()
    with _zai(url, key) as client:
        client.images.generations(
            model="glm-image", prompt="bluer", extra_body={"image": source, **SEED}
        )


def zai_waits_for_a_task(url: str, key: str) -> None:
    with _zai(url, key) as client:
        started = client.post(
            "/async/images/generations",
            body={"model": "glm-image", "prompt": "later", "request_id": "zai-task-1", **SEED},
            cast_type=dict[str, object],
        )
        while True:
            result = client.videos.retrieve_videos_result(started["id"])
            if result.task_status != "PROCESSING":
                return
            time.sleep(0.05)


def zai_chats(url: str, key: str) -> None:
    asked: Any = {
        "model": "glm-image",
        "messages": [{"role": "user", "content": "a cat"}],
        "extra_body": SEED,
    }
    with _zai(url, key) as client:
        client.chat.completions.create(**asked)
        list(client.chat.completions.create(stream=True, **asked))


def zai_keeps_files(url: str, key: str) -> None:
    with _zai(url, key) as client:
        kept = client.files.create(file=("cat.png", plain(40, 50)), purpose="vision")
        client.files.list(purpose="vision", limit=5)
        client.files.content(kept.id)
        client.files.delete(kept.id)


def zai_hears_of_errors(url: str, key: str) -> None:
    with _zai(url, key) as client:
        for changes in (
            {"prompt": " "},
            {"prompt": "x" * 1001},
            {"model": "other"},
            {"size": "65x64"},
            {"prompt": "unsafe"},
            {"prompt": "broken"},
        ):
            with contextlib.suppress(zai.core.APIStatusError):
                client.images.generations(**{**SMALL, **changes})
    for wrong in ("gi_nobody.secret", "another.key"):
        with contextlib.suppress(zai.core.APIStatusError), _zai(url, wrong) as client:
            client.images.generations(**SMALL)


def _open(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(api_key=key, base_url=f"{url}/v1")


def openai_draws(url: str, key: str) -> None:
    with _open(url, key) as client:
        client.images.generate(
            n=2,
            size="96x64",
            output_format="webp",
            quality="low",
            background="opaque",
            moderation="auto",
            user="someone",
            **SMALL,
        )


def openai_edits(url: str, key: str) -> None:
    files = [(f"{index}.png", plain(64, 96, index)) for index in range(2)]
    mask = ("mask.png", masked(64, 96))
    asked: Any = {**SMALL, "extra_body": {**SEED, "strength": 0.5}}
    with _open(url, key) as client:
        client.images.edit(image=files[0], mask=mask, **asked)
        client.images.edit(image=files, size="auto", **asked)


def openai_streams(url: str, key: str) -> None:
    with _open(url, key) as client:
        list(client.images.generate(stream=True, partial_images=2, **SMALL))
        source = ("a.png", plain(64, 64))
        list(client.images.edit(image=source, stream=True, partial_images=1, **SMALL))
        with contextlib.suppress(openai.APIError):
            list(client.images.generate(stream=True, **{**SMALL, "prompt": "broken"}))


def openai_hears_of_errors(url: str, key: str) -> None:
    with _open(url, key) as client:
        for changes in (
            {"model": "dall-e"},
            {"size": "256"},
            {"background": "transparent"},
            {"output_format": "svg"},
            {"prompt": "unsafe"},
            {"prompt": "broken"},
        ):
            with contextlib.suppress(openai.APIStatusError):
                client.images.generate(**{**SMALL, **changes})
        with contextlib.suppress(openai.NotFoundError):
            client.models.retrieve("other/model")
    with contextlib.suppress(openai.AuthenticationError), _open(url, "sk-other") as client:
        client.images.generate(**SMALL)


def openai_looks_around(url: str, key: str) -> None:
    with _open(url, key) as client:
        list(client.models.list())
        client.models.retrieve("glm-image")
        kept = client.files.create(file=("cat.png", plain(40, 40)), purpose="vision")
        list(client.files.list(purpose="vision"))
        client.files.retrieve(kept.id)
        client.files.content(kept.id).read()
        client.images.generate(**{**SMALL, "extra_body": {**SEED, "image": kept.id}})
        client.files.delete(kept.id)


def openai_chats(url: str, key: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "a cat"}]
    with _open(url, key) as client:
        first = client.chat.completions.create(
            model="glm-image", messages=messages, extra_body=SEED
        )
        messages += [
            {"role": "assistant", "content": first.choices[0].message.content},
            {"role": "user", "content": "make it blue"},
        ]
        client.chat.completions.create(
            model="glm-image", messages=messages, extra_body={**SEED, "modalities": ["image"]}
        )
        list(
            client.chat.completions.create(
                model="glm-image",
                messages=messages,
                stream=True,
                stream_options={"include_usage": True},
                extra_body=SEED,
            )
        )


def hugging_face_draws(url: str, key: str) -> None:
    task = zai_org.ZaiTextToImageTask()
    mapping = InferenceProviderMapping(
        provider="zai-org",
        hf_model_id="zai-org/GLM-Image",
        providerId="glm-image",
        status="live",
        task="text-to-image",
    )
    # The provider knows one address and one pace only; everything else is as it comes.
    found, pause = _client.get_provider_helper, zai_org._POLLING_INTERVAL
    _client.get_provider_helper = lambda *args, **kwargs: task
    zai_org._POLLING_INTERVAL = 0.05
    vars(task).update(base_url=url, _prepare_mapping_info=lambda model: mapping)
    try:
        client = InferenceClient(provider="zai-org", api_key=key)
        client.text_to_image("a cat", model="zai-org/GLM-Image", width=96, height=64, seed=7)
    finally:
        _client.get_provider_helper, zai_org._POLLING_INTERVAL = found, pause


CALLS: dict[str, Call] = {
    call.__name__.replace("_", "-"): call
    for call in (
        zai_draws,
        zai_edits,
        zai_waits_for_a_task,
        zai_chats,
        zai_keeps_files,
        zai_hears_of_errors,
        openai_draws,
        openai_edits,
        openai_streams,
        openai_hears_of_errors,
        openai_looks_around,
        openai_chats,
        hugging_face_draws,
    )
}

_PACKAGES = {"zai": "zai-sdk", "openai": "openai", "hugging": "huggingface_hub"}


def recorded(rig: Rig, tape: Tape, name: str) -> dict[str, Any]:
    """What a client and a service say to each other, as it is kept."""
    _, key = rig.store.create_key(name, ALL, KeyLimits())
    start = len(tape.exchanges)
    CALLS[name](rig.url, key)
    end = time.monotonic() + 30
    while not all(one.over for one in tape.exchanges[start:]):
        if time.monotonic() > end:
            raise TimeoutError(name)
        time.sleep(0.01)
    marks = Marks(rig.url, key)
    package = _PACKAGES[name.partition("-")[0]]
    return {
        "client": f"{package} {version(package)}",
        "exchanges": [marks.exchange(one) for one in tape.exchanges[start:] if not one.is_early],
    }
