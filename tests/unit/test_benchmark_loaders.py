"""Loaders: small files in the authors' formats, and the published data where it is at hand."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from glm_image.errors import InputError
from glm_image.evaluation import catalogue
from glm_image.evaluation.benchmark import Benchmark, DataFile, Item, Question
from glm_image.evaluation.data_folder import VARIABLE, find
from glm_image.evaluation.loaders import (
    cvtg,
    dpg,
    dsg,
    geneval,
    longtext,
    oneig,
    posters,
    questions,
    tiif,
)

published = pytest.mark.skipif(
    VARIABLE not in os.environ, reason=f"{VARIABLE} names no folder with the published data"
)


def write(folder: Path, name: str, files: Mapping[str, str]) -> Benchmark:
    """Write files, and describe a benchmark that consists of them."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    entries = tuple(DataFile(path=path, bytes=0, sha256="") for path in files)
    return replace(catalogue.get(name), files=entries)


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


# ------------------------------------------------------------------------- cvtg


CVTG_ROW = {
    "index": 7,
    "prompt": "A girl’s shop with 'Open late,' above and 'Sale' below.",
    "carrier_list": ["shop", "window"],
    "sentence_list": ["x"],
}


def test_cvtg(tmp_path: Path) -> None:
    data = json.dumps({"data_list": [CVTG_ROW]})
    benchmark = write(tmp_path, "cvtg-2k", {"CVTG-Style/2.json": data})
    assert cvtg.load(tmp_path, benchmark) == (
        Item(
            id="CVTG-Style/2/7",
            prompt=str(CVTG_ROW["prompt"]),
            tags={"subset": "CVTG-Style", "regions": "2"},
            texts=("Open late,", "Sale"),
        ),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[]", "2.json: is list, expected an object"),
        ("{", "2.json: not JSON"),
        ("{}", "'data_list' is None, expected list"),
        (json.dumps({"data_list": [CVTG_ROW | {"index": True}]}), "row 0: 'index' is True"),
        (json.dumps({"data_list": [CVTG_ROW | {"prompt": 1}]}), "'prompt' is 1, expected str"),
    ],
)
def test_damaged_rows_are_named(tmp_path: Path, data: str, message: str) -> None:
    benchmark = write(tmp_path, "cvtg-2k", {"CVTG/2.json": data})
    with pytest.raises(InputError) as caught:
        cvtg.load(tmp_path, benchmark)
    assert message in str(caught.value)


# ------------------------------------------------------------------------- longtext


def test_longtext_keeps_sparse_numbers(tmp_path: Path) -> None:
    row = {
        "category": "sign",
        "length": "short",
        "prompt": "一块写着“今日\u2028特价”的牌子",
        "text": ["今日特价", "半价"],
        "text_length": 6,
        "prompt_id": 139,
    }
    benchmark = write(tmp_path, "longtext-zh", {"a.jsonl": lines(row, row | {"prompt_id": 160})})
    first, second = longtext.load(tmp_path, benchmark)
    assert (first.id, second.id) == ("0139", "0160")
    assert first.texts == ("今日特价", "半价")
    assert first.tags == {"category": "sign", "length": "short"}
    benchmark = write(tmp_path, "longtext-zh", {"a.jsonl": lines(row, row | {"text": [1]})})
    with pytest.raises(InputError, match=r"a\.jsonl:2: 'text' holds more than texts"):
        longtext.load(tmp_path, benchmark)


# ------------------------------------------------------------------------- questions


HEADING = (
    "item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple,"
    "question_natural_language\n"
)
RED_CUBE = (
    'cube_12,"A red, round cube",cube,1,0,entity,whole,t,Is there a cube?\n'
    'cube_12,"A red, round cube",red,2,"1",attribute,color,t,Is the cube red?\n'
    'cube_12,"A red, round cube",round,3,"1,2, edge",global,-,t,Is it round?\n'
)


def test_dsg(tmp_path: Path) -> None:
    benchmark = write(tmp_path, "dsg", {"a.csv": HEADING + RED_CUBE})
    (item,) = dsg.load(tmp_path, benchmark)
    assert (item.id, item.prompt, item.tags) == ("cube_12", "A red, round cube", {"source": "cube"})
    assert item.questions == (
        Question(number=1, text="Is there a cube?", category="entity - whole"),
        Question(number=2, text="Is the cube red?", parents=(1,), category="attribute - color"),
        Question(number=3, text="Is it round?", parents=(1, 2), category="global"),
    )


def test_links_that_cannot_be_followed_are_left_out() -> None:
    asked = [
        Question(number=1, text="a", parents=(1, 9)),
        Question(number=2, text="b", parents=(3, 1)),
        Question(number=3, text="c", parents=(2,)),
    ]
    assert [one.parents for one in questions.linked(asked, "x")] == [(), (1, 3), (2,)]
    with pytest.raises(InputError, match="same number"):
        questions.linked([asked[0], asked[0]], "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADING.replace("dependency", "parents") + RED_CUBE, "has no column dependency"),
        (HEADING + RED_CUBE.replace(",1,0,", ",one,0,"), "a.csv:2: proposition_id 'one'"),
        (HEADING + RED_CUBE.replace(",1,0,", ",1,none,"), "dependency 'none'"),
        (HEADING + RED_CUBE.replace(",2,", ",1,"), "the same number"),
        (HEADING + "cube_12,short\n", "another number of cells"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    benchmark = write(tmp_path, "dsg", {"a.csv": text})
    with pytest.raises(InputError) as caught:
        dsg.load(tmp_path, benchmark)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("item", "source"),
    [
        ("whoops_5", "whoops"),
        ("stanford_paragraph_54", "stanford_paragraph"),
        ("COCOval2014000", "COCOval"),
        ("117", "numbered"),
        ("odd", "odd"),
    ],
)
def test_the_collection_of_a_prompt(item: str, source: str) -> None:
    assert questions.source_of(item) == source


def test_dpg_with_and_without_questions(tmp_path: Path) -> None:
    rows = lines({"id": "cube_12", "prompt": "A red, round cube"})
    benchmark = write(tmp_path, "dpg", {"dpg_prompts.jsonl": rows})
    (bare,) = dpg.load(tmp_path, benchmark)
    assert (bare.questions, bare.tags) == ((), {"source": "cube"})
    (tmp_path / dpg.QUESTIONS).write_text(HEADING + RED_CUBE, encoding="utf-8")
    (asked,) = dpg.load(tmp_path, benchmark)
    assert [one.number for one in asked.questions] == [1, 2, 3]
    other = lines({"id": "cube_12", "prompt": "x"}, {"id": "cube_13", "prompt": "y"})
    with pytest.raises(InputError, match="no questions about"):
        dpg.load(tmp_path, write(tmp_path, "dpg", {"dpg_prompts.jsonl": other}))
    other = lines({"id": "cube_13", "prompt": "y"})
    with pytest.raises(InputError, match="unknown prompts"):
        dpg.load(tmp_path, write(tmp_path, "dpg", {"dpg_prompts.jsonl": other}))


# ------------------------------------------------------------------------- geneval


def test_geneval(tmp_path: Path) -> None:
    two = {"class": "clock", "count": 2}
    rows = lines(
        {"tag": "single_object", "include": [{"class": "cow", "count": 1}], "prompt": "a cow"},
        {"tag": "counting", "include": [two], "exclude": [two | {"count": 3}], "prompt": "clocks"},
    )
    first, second = geneval.load(tmp_path, write(tmp_path, "geneval", {"a.jsonl": rows}))
    assert (first.id, first.tags, first.detail["exclude"]) == (
        "00000",
        {"task": "single_object"},
        [],
    )
    assert second.detail == {"include": [two], "exclude": [{"class": "clock", "count": 3}]}


# ------------------------------------------------------------------------- tiif


def tiif_files(*, answers: object = ("yes", " No ")) -> dict[str, str]:
    rows = lines(
        {"type": "text", "short_description": 'Say "Hi"', "long_description": "Please say 'Hi you'"}
    )
    asked = lines(
        {"type": "text", "yn_question_list": [" Is it Hi? ", "x?"], "yn_answer_list": answers}
    )
    return {
        "data/t_prompts/text_prompts.jsonl": rows,
        "data/t_prompts/action+2d_prompts.jsonl": rows,
        "data/t_eval_prompts/text_eval_prompts.jsonl": asked,
        "data/t_eval_prompts/action+2d_eval_prompts.jsonl": asked,
    }


def test_tiif(tmp_path: Path) -> None:
    items = tiif.load(tmp_path, write(tmp_path, "tiif-testmini", tiif_files()))
    assert [item.id for item in items] == [
        "text/short_description/0",
        "text/long_description/0",
        "action+2d/short_description/0",
        "action+2d/long_description/0",
    ]
    assert items[1].tags == {"file": "text", "group": "text", "length": "long"}
    assert [item.texts for item in items] == [("Hi",), ("Hi you",), (), ()]
    assert items[0].questions == (
        Question(number=1, text="Is it Hi?", expected="yes"),
        Question(number=2, text="x?", expected="no"),
    )
    assert items[3].tags["group"] == "relation"


@pytest.mark.parametrize("answers", [["yes"], ["yes", "maybe"], "yes"])
def test_tiif_refuses_odd_answers(tmp_path: Path, answers: object) -> None:
    with pytest.raises(InputError, match="answer"):
        tiif.load(tmp_path, write(tmp_path, "tiif-testmini", tiif_files(answers=answers)))


def test_tiif_refuses_files_that_do_not_match(tmp_path: Path) -> None:
    files = tiif_files()
    files["data/t_prompts/text_prompts.jsonl"] *= 2
    with pytest.raises(InputError, match="2 prompts, 1 rows of questions"):
        tiif.load(tmp_path, write(tmp_path, "tiif-testmini", files))


def test_tiif_files_fall_into_nine_groups() -> None:
    """Every file that the description lists, with the numbers of files that the authors state."""
    names = {
        Path(file.path).stem.removesuffix("_prompts")
        for file in catalogue.get("tiif-test").files
        if not Path(file.path).stem.endswith("_eval_prompts")
    }
    assert Counter(map(tiif.group_of, names)) == {
        "attribute": 4,
        "relation": 4,
        "reasoning": 4,
        "attribute+relation": 8,
        "attribute+reasoning": 8,
        "relation+reasoning": 8,
        "text": 1,
        "style": 1,
        "real_world": 1,
    }
    with pytest.raises(InputError, match="no kind of instruction"):
        tiif.group_of("action+smell")


# ------------------------------------------------------------------------- oneig


def oneig_files(*, extra: str = "") -> dict[str, str]:
    table = (
        "category,id,prompt_en,type,prompt_length,class\n"
        'Anime_Stylization,000,"A castle, in clay",NP,short,Clay\n'
        'Anime_Stylization,001,A girl,"T,P",middle,\n'
        "Text_Rendering,000,A sign saying Hi,NP,short,\n"
        "Knowledge_Reasoning,000,Draw photosynthesis,NP,short,\n"
    )
    nested = {"question": {"1": "A castle?", "2": "Clay?"}, "dependency": {"1": [0], "2": [1]}}
    as_text = {name: json.dumps(value) for name, value in nested.items()}
    return {
        "OneIG-Bench.csv": table,
        "scripts/text/text_content.csv": "id,text_content\n000,Hi\n" + extra,
        "scripts/reasoning/gt_answer.json": json.dumps({"000": "Light becomes sugar."}),
        "scripts/style/style.csv": "id,class\n000,Pop Art\n001,nan\n",
        "scripts/alignment/Q_D/anime.json": json.dumps({"000": nested, "001": as_text}),
    }


def test_oneig(tmp_path: Path) -> None:
    items = oneig.load(tmp_path, write(tmp_path, "oneig-en", oneig_files()))
    assert [item.id for item in items] == ["anime/000", "anime/001", "text/000", "reasoning/000"]
    castle, girl, sign, reasoning = items
    assert castle.tags == {
        "category": "anime",
        "class": "Clay",
        "type": "NP",
        "prompt_length": "short",
    }
    assert castle.detail == {"style": "pop_art"}
    assert castle.questions == girl.questions
    assert [one.parents for one in castle.questions] == [(), (1,)]
    assert (girl.detail, girl.tags["type"]) == ({}, "T,P")
    assert "class" not in girl.tags
    assert (sign.texts, sign.questions, sign.reference) == (("Hi",), (), "")
    assert (reasoning.texts, reasoning.reference) == ((), "Light becomes sugar.")


def test_oneig_refuses_keys_without_prompts(tmp_path: Path) -> None:
    files = oneig_files(extra="007,Bye\n")
    with pytest.raises(InputError, match="text/007"):
        oneig.load(tmp_path, write(tmp_path, "oneig-en", files))


def test_oneig_refuses_an_unknown_category(tmp_path: Path) -> None:
    files = oneig_files()
    files["OneIG-Bench.csv"] = files["OneIG-Bench.csv"].replace("Text_R", "Test_R")
    with pytest.raises(InputError, match=r"csv:4: category 'Test_Rendering'"):
        oneig.load(tmp_path, write(tmp_path, "oneig-en", files))


# ------------------------------------------------------------------------- posters


def test_posters_are_the_held_out_cases() -> None:
    items = catalogue.items(catalogue.get("posters"))
    assert Counter(item.tags["task"] for item in items) == {"draw": 200, "edit": 80}
    assert posters.load(Path(), catalogue.get("posters"))[0].prompt == items[0].prompt
    for item in items:
        assert item.detail["case"].name == item.id
        assert [source.size for source in item.sources] == [item.size] * len(item.sources)
        wanted = (item.tags["task"] == "edit") + (item.tags["kind"] == "combine")
        assert len(item.sources) == wanted


# ------------------------------------------------------------------------- published data


WORDS = {
    "CVTG": {"2": 953, "3": 2099, "4": 2695, "5": 2361},
    "CVTG-Style": {"2": 1016, "3": 2150, "4": 2722, "5": 2210},
}


@published
def test_published_cvtg() -> None:
    items = catalogue.items(catalogue.get("cvtg-2k"))
    assert len(items) == 2000
    words: dict[str, Counter[str]] = {"CVTG": Counter(), "CVTG-Style": Counter()}
    for item in items:
        words[item.tags["subset"]][item.tags["regions"]] += len(" ".join(item.texts).split())
    assert words == WORDS
    assert sum(map(Counter.total, words.values())) == 16_206


@published
@pytest.mark.parametrize("name", ["longtext-en", "longtext-zh"])
def test_published_longtext(name: str) -> None:
    items = catalogue.items(catalogue.get(name))
    numbers = [int(item.id) for item in items]
    assert numbers == [*range(80), *range(100, 140), *range(160, 200)]
    assert set(Counter(tuple(item.tags.values()) for item in items).values()) == {10}


@published
def test_published_tables() -> None:
    dense = catalogue.items(catalogue.get("dpg"))
    assert max(len(item.prompt) for item in dense) == 891
    asked = catalogue.items(catalogue.get("dsg"))
    assert sum(len(item.questions) for item in asked) == 8182
    objects = catalogue.items(catalogue.get("geneval"))
    assert Counter(item.tags["task"] for item in objects) == {
        "single_object": 80, "two_object": 99, "counting": 80,
        "colors": 94, "position": 100, "color_attr": 100,
    }  # fmt: skip


@published
@pytest.mark.parametrize("name", catalogue.names())
def test_small_subsets_were_chosen_by_their_rule(name: str) -> None:
    benchmark = catalogue.get(name)
    if benchmark.files and not (find(benchmark) / benchmark.files[0].path).is_file():
        pytest.skip("its data is not at hand")
    items = catalogue.items(benchmark)
    chosen = catalogue.rule(benchmark, catalogue.MINI).choose(name, items)
    assert chosen == benchmark.minis.get(catalogue.MINI, chosen)
    assert [item.id for item in catalogue.subset(benchmark, items, "mini")] == list(chosen)
