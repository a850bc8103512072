"""A small scored run, as the other commands leave it in its folder."""

import hashlib
import json
from pathlib import Path

from PIL import Image, ImageDraw

from glm_image.evaluation import catalogue
from glm_image.evaluation.run_settings import RunSettings

MODEL = "glm-image-nano"
_COLOURS = ("#274c77", "#a63d40", "#3a7d44", "#7b5e7b", "#b5651d", "#30323d")
_WORDS = ("OPEN DAILY", "FRESH BREAD", "Grand Sale", "Night Train", "No Entry", "Blue Harbour")


def make(
    folder: Path,
    *,
    name: str = "cvtg-2k",
    prompts: int = 24,
    share: float = 0.8,
    failed: int = 0,
    missing: int = 0,
    samples: int = 1,
    hostile: str = "",
    header: dict[str, object] | None = None,
    model: str = MODEL,
    steps: int = 25,
    side: int = 96,
) -> Path:
    """Make a run; ``share`` of the words are read, the last pictures are failed or missing."""
    (folder / "scores").mkdir(parents=True)
    settings = RunSettings(
        model=model,
        weights_sha256="cd" * 32,
        commit="",
        quotes="smart",
        width=side,
        height=side,
        steps=steps,
        guidance=1.5,
        temperature=0.9,
        top_p=0.75,
        dtype="float32",
        device="cpu",
        versions={"torch": "2.13.0"},
    )
    version = catalogue.get(name).version
    record = {"version": version, "data_sha256": "ab" * 32, "subset": "mini"}
    run = {
        "schema": 1,
        "settings": settings.to_json(),
        "settings_hash": settings.digest,
        "benchmarks": {name: record},
    }
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    facts = {
        "schema": 1,
        "benchmark": name,
        "version": version,
        "reader": {"name": "rapidocr", "version": "3.10.0"},
        "judge": None,
        "clip": None,
        "official_reader": False,
        "official_judge": False,
        "proxy": [],
        "ceiling": 0.99,
        "items": prompts,
        "subset": "mini",
        "settings": settings.digest,
        **(header or {}),
    }
    (folder / "scores" / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    scores, manifest = [], []
    places = [(number, sample) for number in range(prompts) for sample in range(1, samples + 1)]
    for place, (number, sample) in enumerate(places):
        status = "ok"
        if place >= len(places) - missing:
            status = "missing"
        elif place >= len(places) - missing - failed:
            status = "failed"
        score = _score(number, sample, status, share, hostile)
        scores.append(score)
        if status != "missing":
            manifest.append(_line(folder, name, score, place, side))
    text = "".join(json.dumps(one) + "\n" for one in scores)
    (folder / "scores" / f"{name}.samples.jsonl").write_text(text, encoding="utf-8")
    text = "".join(json.dumps(one) + "\n" for one in manifest)
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8")
    return folder


def _score(number: int, sample: int, status: str, share: float, hostile: str) -> dict[str, object]:
    texts = [_WORDS[number % 6] + hostile, _WORDS[(number + 1 + number // 6) % 6]]
    words = [word.lower() for text in texts for word in text.split()]
    chance = [_chance(number, sample, place) for place in range(len(words))]
    read = [word for word, one in zip(words, chance, strict=True) if one < share]
    read = read if status == "ok" else []
    value = len(read) / len(words)
    regions = 2 + number % 4
    values = {
        "word_accuracy": {"value": value, "weight": len(words)},
        "ned": {"value": (1 + value) / 2 if status == "ok" else 0, "weight": len(words)},
        "char_precision": {"value": min(1, value + 0.1) if status == "ok" else 0, "weight": 1},
    }
    prompt = f"A photo of {regions} signs in a quiet street, one says '{texts[0]}', another says "
    prompt += f"'{texts[1]}'; morning light, long shadows, a bicycle leans on the wall{hostile}"
    return {
        "item": f"CVTG/{regions}/{number}",
        "sample": sample,
        "status": status,
        "tags": {"subset": ("CVTG", "CVTG-Style")[number % 2], "regions": str(regions)},
        "values": values,
        "expected": texts,
        "read": [*read, *([hostile] if hostile and status == "ok" else [])],
        "detail": {"prompt": prompt},
    }


def _chance(number: int, sample: int, place: int) -> float:
    digest = hashlib.sha256(f"{number}/{sample}/{place}".encode()).digest()
    return digest[0] / 256


def _line(
    folder: Path, name: str, score: dict[str, object], place: int, side: int
) -> dict[str, object]:
    made = score["status"] == "ok"
    file = f"images/{name}/{score['item']}-{score['sample']}.png"
    if made:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (side, side), _COLOURS[place % 6])
        draw = ImageDraw.Draw(image)
        expected = score["expected"]
        assert isinstance(expected, list)
        box = (side // 10, side // 5, side * 9 // 10, side // 2)
        draw.rectangle(box, fill="#f4ead5")
        printable = "".join(one for one in expected[0] if 31 < ord(one) < 127)
        draw.text((side // 6, side // 4), printable, fill="#222", font_size=side / 9)
        image.save(path)
    return {
        "benchmark": name,
        "item": score["item"],
        "sample": score["sample"],
        "seed": 1000 + place,
        "prompt_sha256": "00",
        "texts": score["expected"],
        "width": side,
        "height": side,
        "status": score["status"],
        "error": "" if made else "out of memory",
        "seconds": 1.5,
        "file": file if made else "",
        "sha256": "00" if made else "",
    }
