"""The clients that people have work with the service as it is, on loopback."""

import base64
import io
import time
from collections.abc import Iterator

import httpx2
import openai
import pytest
import zai
from fake import FakeEngine, masked, plain
from huggingface_hub import InferenceClient
from huggingface_hub.hf_api import InferenceProviderMapping
from huggingface_hub.inference import _client
from huggingface_hub.inference._providers import zai_org
from PIL import Image
from serving_rig import Rig, running

from glm_image.serving.errors import Code
from glm_image.serving.records import Failure


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    engine = FakeEngine(
        failures={
            "broken": Failure(code="1234", kind="GlmImageError", message="the canvas tore"),
            "unsafe": Failure(code="1301", kind="PolicyError", message="not allowed"),
        }
    )
    with running(tmp_path_factory.mktemp("clients"), engine=engine) as one:
        yield one


@pytest.fixture(scope="module")
def zai_client(rig: Rig) -> Iterator[zai.ZhipuAiClient]:
    with zai.ZhipuAiClient(api_key=rig.key(), base_url=f"{rig.url}/api/paas/v4") as client:
        yield client


@pytest.fixture(scope="module")
def open_client(rig: Rig) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=rig.key(), base_url=f"{rig.url}/v1") as client:
        yield client


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def unpacked(text: str) -> Image.Image:
    return opened(base64.b64decode(text))


# ------------------------------------------------------------------------ zai-sdk


def test_zai_gets_an_address_that_needs_no_key(zai_client: zai.ZhipuAiClient) -> None:
    answer = zai_client.images.generations(
        model="glm-image", prompt="a cat", size="64×96", quality="hd", watermark_enabled=False
    )
    picture = opened(httpx2.get(answer.data[0].url).content)
    assert picture.size == (64, 96)
    assert answer.created > 1_700_000_000


def test_zai_gets_base64_and_passes_our_own_fields(zai_client: zai.ZhipuAiClient) -> None:
    answer = zai_client.images.generations(
        model="glm-image",
        prompt="a cat",
        response_format="b64_json",
        sensitive_word_check={"type": "ALL", "status": "ENABLE"},
        user_id="someone-1",
        request_id="zai-request-1",
        extra_body={"seed": 7, "layout_seed": 8},
    )
    assert unpacked(answer.data[0].b64_json).size == (64, 64)
    assert answer.data[0].seed == 7
    assert answer.request_id == "zai-request-1"


def test_zai_edits_by_an_extra_field(rig: Rig, zai_client: zai.ZhipuAiClient) -> None:
    source = base64.b64encode(plain(64, 96)).decode()
    answer = zai_client.images.generations(
        model="glm-image", prompt="make it blue", extra_body={"image": source}
    )
    assert opened(httpx2.get(answer.data[0].url).content).size == (64, 96)
    assert len(rig.engine.inputs[-1].sources) == 1


def test_zai_polls_a_task(rig: Rig, zai_client: zai.ZhipuAiClient) -> None:
    # The client has no call of its own for pictures; its transport is what such code uses.
    started = zai_client.post(
        "/async/images/generations",
        body={"model": "glm-image", "prompt": "later", "request_id": "zai-task-1"},
        cast_type=dict[str, object],
    )
    assert started["task_status"] in ("PROCESSING", "SUCCESS")
    assert started["request_id"] == "zai-task-1"
    end = time.monotonic() + 20
    while time.monotonic() < end:
        result = zai_client.videos.retrieve_videos_result(started["id"])
        if result.task_status != "PROCESSING":
            break
        time.sleep(0.05)
    assert result.task_status == "SUCCESS"
    assert opened(httpx2.get(result.image_result[0]["url"]).content).size == (64, 64)


def test_zai_chats_for_a_picture(zai_client: zai.ZhipuAiClient) -> None:
    answer = zai_client.chat.completions.create(
        model="glm-image", messages=[{"role": "user", "content": "a cat"}]
    )
    url = answer.choices[0].message.content.partition("(")[2].rstrip(")")
    assert opened(httpx2.get(url).content).size == (64, 64)


def test_zai_keeps_files(zai_client: zai.ZhipuAiClient) -> None:
    kept = zai_client.files.create(file=("cat.png", plain(40, 50)), purpose="vision")
    assert kept.id.startswith("file_")
    assert kept.id in [one.id for one in zai_client.files.list(purpose="vision", limit=5).data]
    assert opened(zai_client.files.content(kept.id).content).size == (40, 50)
    assert zai_client.files.delete(kept.id).deleted


@pytest.mark.parametrize(
    ("fields", "kind", "number"),
    [
        ({"prompt": " "}, zai.core.APIRequestFailedError, Code.FIELD_INVALID),
        ({"prompt": "x" * 1001}, zai.core.APIRequestFailedError, Code.PROMPT_TOO_LONG),
        ({"prompt": "x", "model": "other"}, zai.core.APIRequestFailedError, Code.MODEL_UNKNOWN),
        ({"prompt": "x", "size": "65x64"}, zai.core.APIRequestFailedError, Code.FIELD_INVALID),
        ({"prompt": "unsafe"}, zai.core.APIRequestFailedError, Code.UNSAFE),
        ({"prompt": "broken"}, zai.core.APIInternalError, Code.INTERNAL),
    ],
)
def test_zai_raises_its_own_errors(
    zai_client: zai.ZhipuAiClient, fields: dict[str, str], kind: type[Exception], number: str
) -> None:
    with pytest.raises(kind) as caught:
        zai_client.images.generations(**{"model": "glm-image", **fields})
    body = caught.value.response.json()
    assert body["error"]["code"] == number
    assert ("contentFilter" in body) == (number == Code.UNSAFE)


def test_zai_hears_of_a_wrong_key(rig: Rig) -> None:
    wrong = zai.ZhipuAiClient(api_key="gi_nobody.secret", base_url=f"{rig.url}/api/paas/v4")
    with pytest.raises(zai.core.APIAuthenticationError):
        wrong.images.generations(model="glm-image", prompt="a cat")


def test_zai_is_told_to_send_its_key_as_it_is(rig: Rig) -> None:
    with (
        zai.ZhipuAiClient(
            api_key=rig.key(), base_url=f"{rig.url}/api/paas/v4", disable_token_cache=False
        ) as client,
        pytest.raises(zai.core.APIAuthenticationError, match="disable_token_cache=True"),
    ):
        client.images.generations(model="glm-image", prompt="a cat")


# ------------------------------------------------------------------------ openai


def test_openai_draws(open_client: openai.OpenAI) -> None:
    answer = open_client.images.generate(
        model="glm-image", prompt="a cat", n=2, size="96x64", output_format="webp", quality="low"
    )
    assert [unpacked(one.b64_json).size for one in answer.data] == [(96, 64)] * 2
    assert unpacked(answer.data[0].b64_json).format == "WEBP"
    assert (answer.size, answer.quality, answer.output_format) == ("96x64", "low", "webp")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


@pytest.mark.parametrize("count", [1, 3])
def test_openai_edits(rig: Rig, open_client: openai.OpenAI, count: int) -> None:
    files = [(f"{index}.png", plain(64, 96, index)) for index in range(count)]
    answer = open_client.images.edit(
        model="glm-image",
        image=files if count > 1 else files[0],
        mask=("mask.png", masked(64, 96)),
        prompt="make it blue",
        extra_body={"seed": 5, "strength": 0.5},
    )
    assert unpacked(answer.data[0].b64_json).size == (64, 96)
    assert answer.data[0].seed == 5
    assert len(rig.engine.inputs[-1].sources) == count
    assert rig.engine.inputs[-1].mask is not None


@pytest.mark.parametrize("edits", [False, True], ids=["generate", "edit"])
def test_openai_streams(
    rig: Rig, open_client: openai.OpenAI, edits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Previews are for those who listen, and in no time nobody could have begun to.
    monkeypatch.setattr(rig.engine, "seconds", 1.0)
    if edits:
        stream = open_client.images.edit(
            image=("a.png", plain(64, 64)), prompt="bluer", stream=True, partial_images=2
        )
        name = "image_edit"
    else:
        stream = open_client.images.generate(prompt="a cat", stream=True, partial_images=2)
        name = "image_generation"
    events = list(stream)
    kinds = [f"{name}.partial_image"] * 2 + [f"{name}.completed"]
    assert [event.type for event in events] == kinds
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert unpacked(events[0].b64_json).size == (32, 32)
    assert unpacked(events[-1].b64_json).size == (64, 64)
    assert events[-1].usage.output_tokens == 4


def test_openai_hears_of_a_failure_in_a_stream(open_client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="the canvas tore"):
        list(open_client.images.generate(prompt="broken", stream=True))


@pytest.mark.parametrize(
    ("fields", "kind", "code", "param"),
    [
        ({"prompt": "x", "model": "dall-e"}, openai.BadRequestError, "model_not_found", "model"),
        ({"prompt": "x", "size": "256"}, openai.BadRequestError, "invalid_value", "size"),
        (
            {"prompt": "x", "background": "transparent"},
            openai.BadRequestError,
            "invalid_value",
            "background",
        ),
        (
            {"prompt": "x", "output_format": "svg"},
            openai.BadRequestError,
            "invalid_value",
            "output_format",
        ),
        ({"prompt": "unsafe"}, openai.BadRequestError, "moderation_blocked", None),
        ({"prompt": "broken"}, openai.InternalServerError, "internal_error", None),
    ],
)
def test_openai_raises_its_own_errors(
    open_client: openai.OpenAI,
    fields: dict[str, str],
    kind: type[openai.APIStatusError],
    code: str,
    param: str | None,
) -> None:
    with pytest.raises(kind) as caught:
        open_client.images.generate(**fields)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.request_id == caught.value.response.json()["request_id"]


def test_openai_lists_models_and_keeps_files(open_client: openai.OpenAI) -> None:
    assert [model.id for model in open_client.models.list()] == ["glm-image"]
    assert open_client.models.retrieve("glm-image").owned_by == "glm-image"
    with pytest.raises(openai.NotFoundError):
        open_client.models.retrieve("other/model")
    kept = open_client.files.create(file=("cat.png", plain(40, 40)), purpose="vision")
    assert [one.id for one in open_client.files.list(purpose="vision")] == [kept.id]
    assert open_client.files.retrieve(kept.id).filename == "cat.png"
    assert opened(open_client.files.content(kept.id).read()).size == (40, 40)
    answer = open_client.images.generate(prompt="bluer", extra_body={"image": kept.id})
    assert unpacked(answer.data[0].b64_json).size == (32, 32)
    assert open_client.files.delete(kept.id).deleted
    with pytest.raises(openai.NotFoundError):
        open_client.files.retrieve(kept.id)


def test_openai_edits_by_chat(rig: Rig, open_client: openai.OpenAI) -> None:
    messages: list[dict[str, object]] = [{"role": "user", "content": "a cat"}]
    first = open_client.chat.completions.create(model="glm-image", messages=messages)
    assert not rig.engine.inputs[-1].sources
    messages += [
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "make it blue"},
    ]
    second = open_client.chat.completions.create(
        model="glm-image", messages=messages, extra_body={"seed": 3, "modalities": ["image"]}
    )
    assert len(rig.engine.inputs[-1].sources) == 1
    assert second.choices[0].message.content[0]["type"] == "image_url"
    chunks = list(
        open_client.chat.completions.create(
            model="glm-image",
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("![")
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == 4


# ------------------------------------------------------------------------ huggingface_hub


def test_hugging_face_draws_through_its_provider(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider zai-org starts a task, polls it, and fetches the address without a key."""
    helper = zai_org.ZaiTextToImageTask()
    monkeypatch.setattr(zai_org, "_POLLING_INTERVAL", 0.05)
    monkeypatch.setattr(helper, "base_url", rig.url)
    monkeypatch.setattr(helper, "_prepare_mapping_info", _mapping)
    monkeypatch.setattr(_client, "get_provider_helper", lambda *args, **kwargs: helper)
    client = InferenceClient(provider="zai-org", api_key=rig.key())
    picture = client.text_to_image("a cat", model="zai-org/GLM-Image", width=96, height=64)
    assert picture.size == (96, 64)


def _mapping(model: str | None) -> InferenceProviderMapping:
    return InferenceProviderMapping(
        provider="zai-org",
        hf_model_id=model or "",
        providerId="glm-image",
        status="live",
        task="text-to-image",
    )
