"""What single pictures are worth, and the numbers that benchmarks make of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

from glm_image.errors import ConfigError, ToolError
from glm_image.evaluation import catalogue, statistics
from glm_image.evaluation.benchmark import Benchmark, Item, Question
from glm_image.evaluation.data_folder import VARIABLE, find
from glm_image.evaluation.judges.base import Request
from glm_image.evaluation.posters import held_out
from glm_image.evaluation.scorers.base import Marks
from glm_image.evaluation.scorers.dependencies import by_ancestors, by_parents
from glm_image.evaluation.scorers.geneval import questions_of
from glm_image.evaluation.scorers.longtext import units_of
from glm_image.evaluation.scorers.oneig import prepared, text_score
from glm_image.evaluation.scorers.registry import scorer_of
from glm_image.evaluation.scorers.tiif import GROUPS
from glm_image.evaluation.scores import MISSING, OK, SampleScore
from glm_image.evaluation.tools import Tools

IMAGE = Image.new("RGB", (4, 4))


@dataclass
class Lines:
    """A reader that always reads the same."""

    lines: list[str]
    name: str = "fixed"
    version: str = "1"

    def read(self, image: Image.Image) -> list[str]:
        return self.lines


@dataclass
class Answers:
    """A judge that says yes, but for some questions."""

    no: Sequence[str] = ()
    name: str = "fixed"
    version: str = "1"
    asked: list[str] = field(default_factory=list)

    def answer(self, image: Image.Image, request: Request) -> str:
        self.asked.append(request.text)
        listed = [line for line in request.text.splitlines() if line[:1].isdigit()]
        lines = listed or [request.text]
        return "\n".join("No" if any(text in line for text in self.no) else "Yes" for line in lines)


class Likeness:
    """A measure that finds everything alike."""

    name = "fixed"
    version = "1"

    def __init__(self, cosine: float) -> None:
        self._cosine = cosine
        self.texts: list[str] = []

    def cosine(self, image: Image.Image, text: str) -> float:
        self.texts.append(text)
        return self._cosine


def values(marks: Marks) -> Mapping[str, float]:
    return {name: value.value for name, value in marks.values.items()}


def numbers(benchmark: Benchmark, items: Sequence[Item], tools: Tools) -> dict[str, float]:
    """Metrics of a benchmark with one picture for each item."""
    scorer = scorer_of(benchmark)
    samples = [
        SampleScore(
            item=item.id,
            sample=1,
            status=OK,
            tags=item.tags,
            values=scorer.score(benchmark, item, IMAGE, tools).values,
        )
        for item in items
    ]
    figures = statistics.evaluate(scorer.scorecard(benchmark), samples, draws=2)
    return {name: figure.value for name, figure in figures.items()}


def chain(*parents: tuple[int, ...]) -> tuple[Question, ...]:
    return tuple(
        Question(number=number, text=f"q{number}?", parents=above)
        for number, above in enumerate(parents, 1)
    )


CHAIN = chain((), (1,), (2,), (3,))


def test_only_parents_matter_to_oneig() -> None:
    yes = {1: False, 2: True, 3: True, 4: True}
    assert by_parents(CHAIN, yes) == {1: False, 2: False, 3: True, 4: True}


def test_a_no_goes_down_the_chain_of_dpg() -> None:
    yes = {1: False, 2: True, 3: True, 4: True}
    assert by_ancestors(CHAIN, yes) == {1: False, 2: False, 3: False, 4: False}
    assert by_ancestors(CHAIN, dict.fromkeys(yes, True)) == dict.fromkeys(yes, True)
    assert by_ancestors(CHAIN, yes | {1: True, 3: False}) == {1: True, 2: True, 3: False, 4: False}


def test_answers_are_struck_in_order() -> None:
    backwards = tuple(reversed(CHAIN))
    yes = {1: False, 2: True, 3: True, 4: True}
    assert by_ancestors(backwards, yes) == {1: False, 2: False, 3: True, 4: True}


def test_questions_that_need_each_other_come_to_an_end() -> None:
    circle = chain((2,), (1,))
    assert by_ancestors(circle, {1: True, 2: True}) == {1: True, 2: True}
    assert by_ancestors(circle, {1: True, 2: False}) == {1: False, 2: False}
    assert by_parents(circle, {1: True, 2: False}) == {1: False, 2: False}


def test_the_two_rules_in_their_benchmarks() -> None:
    item = Item(id="a", prompt="p", tags={"category": "object"}, questions=CHAIN)
    tools = Tools(judge=Answers(no=["q1?"]))
    oneig, dpg = catalogue.get("oneig-en"), catalogue.get("dpg")
    assert values(scorer_of(oneig).score(oneig, item, IMAGE, tools))["alignment"] == 0.5
    assert values(scorer_of(dpg).score(dpg, item, IMAGE, tools))["judged_score"] == 0


def test_dsg_and_dpg_differ_in_the_name_only() -> None:
    question = Question(number=2, text="Blue?", category="attribute - color")
    item = Item(id="a", prompt="p", tags={"source": "s"}, questions=(*CHAIN[:1], question))
    tools = Tools(judge=Answers(no=["Blue?"]))
    dsg, dpg = catalogue.get("dsg"), catalogue.get("dpg")
    assert values(scorer_of(dsg).score(dsg, item, IMAGE, tools)) == {
        "question_score": 0.5, "other": 1.0, "attribute": 0.0,
    }  # fmt: skip
    assert scorer_of(dsg).proxies(dsg) == ()
    assert "judged_score" in scorer_of(dpg).proxies(dpg)
    assert scorer_of(dpg).official(dpg, tools) == (False, False)


def test_one_perfect_part_makes_the_text_score_of_oneig() -> None:
    def score(distance: float, complete: float, words: float) -> float:
        parts = (np.array([part]) for part in (distance, complete, words))
        return float(text_score(*parts, cap=100)[0])

    assert score(30, 0.2, 1.0) == 1
    assert score(30, 1.0, 0.5) == 1
    assert score(0, 0.0, 0.0) == 1
    assert score(20, 0.5, 0.5) == pytest.approx(1 - 20 * 0.25 / 100)
    assert score(500, 0, 0.25) == pytest.approx(0.25)


def test_oneig_text_is_a_formula_of_means() -> None:
    benchmark = catalogue.get("oneig-en")
    tags = {"category": "text"}
    items = [
        Item(id="a", prompt="p", tags=tags, texts=("Big Sale",)),
        Item(id="b", prompt="p", tags=tags, texts=("Big Sail",)),
    ]
    found = numbers(benchmark, items, Tools(reader=Lines(["Big", "Sale!"])))
    # "Big Sail" is two edits away; 3 of 4 words are there, 1 of 2 texts is complete.
    assert found["edit_distance"] == pytest.approx(1)
    assert (found["completion"], found["word_accuracy"]) == (0.5, 0.75)
    assert found["text"] == pytest.approx(1 - 1 * 0.5 * 0.25 / 100)
    assert "alignment" not in found


def test_texts_of_oneig() -> None:
    assert prepared("Don't  STOP\nnow") == "Dont STOP now"
    assert prepared("你好 World ！") == "你好World"


def test_units_of_longtext() -> None:
    assert units_of("Don't stop\tA-B", "en") == ["dont", "stop", "ab"]
    assert units_of("中 A b，1", "zh") == ["中", "A", "b", "1"]


def test_longtext_counts_over_all_words() -> None:
    benchmark = catalogue.get("longtext-en")
    tags = {"category": "sign", "length": "short"}
    items = [
        Item(id="a", prompt="p", tags=tags, texts=("one two three", "one")),
        Item(id="b", prompt="p", tags=tags, texts=("two",)),
    ]
    found = numbers(benchmark, items, Tools(reader=Lines(["ONE", "two", "junk junk"])))
    assert found["text_accuracy"] == pytest.approx(3 / 5)
    assert found["repeated"] == pytest.approx(0.25)
    assert found["extra_lines"] == pytest.approx((1 + 2) / 2)


def test_cvtg_with_and_without_clip() -> None:
    benchmark = catalogue.get("cvtg-2k")
    item = Item(
        id="CVTG/2/0",
        prompt="A sign 'OPEN NOW' by 'Sale, sale'",
        tags={"subset": "CVTG", "regions": "2"},
        texts=("OPEN NOW", "Sale, sale"),
    )
    reader = Lines(["open now", "SALE"])
    found = numbers(benchmark, [item], Tools(reader=reader))
    assert found["word_accuracy"] == found["word_accuracy_2"] == 0.75
    assert "clip_score" not in found and "word_accuracy_3" not in found
    clip = Likeness(0.3)
    found = numbers(benchmark, [item], Tools(reader=reader, clip=clip))
    assert found["clip_score"] == pytest.approx(0.75)
    assert clip.texts == [f"A photo depicts {item.prompt}"]
    assert numbers(benchmark, [item], Tools(clip=Likeness(-0.2)))["clip_score"] == 0
    marks = scorer_of(benchmark).score(benchmark, item, IMAGE, Tools(reader=reader))
    assert marks.detail["hits"] == [True, False]


def tiif_items(right: Mapping[str, Sequence[bool]]) -> list[Item]:
    """One file for each group with questions of which some are expected to be yes."""
    return [
        Item(
            id=f"{group}/short/0",
            prompt="p",
            tags={"file": group, "group": group, "length": "short"},
            questions=tuple(
                Question(number=number, text=f"q{number}?", expected="yes" if yes else "no")
                for number, yes in enumerate(answers, 1)
            ),
        )
        for group, answers in right.items()
    ]


def test_tiif_is_the_mean_of_nine_groups() -> None:
    benchmark = catalogue.get("tiif-testmini")
    shares = {group: [True] * index + [False] * (8 - index) for index, group in enumerate(GROUPS)}
    items = tiif_items(shares)
    # A second file of a group, with more questions, counts as much as the first.
    extra = tiif_items({"style": [True] * 20})[0]
    items.append(
        Item(
            id="other/short/0",
            prompt="p",
            tags={**extra.tags, "file": "other"},
            questions=extra.questions,
        )
    )
    found = numbers(benchmark, items, Tools(judge=Answers()))
    groups = [index / 8 for index in range(9)]
    groups[GROUPS.index("style")] = (6 / 8 + 1) / 2
    assert found["overall_short"] == pytest.approx(np.mean(groups))
    assert found["style_short"] == pytest.approx(groups[6])
    assert found["basic_short"] == pytest.approx(1 / 8)
    assert "overall_long" not in found


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no folder with the data")
@pytest.mark.parametrize(("name", "score"), [("tiif-testmini", 97.04), ("tiif-test", 96.91)])
def test_who_always_says_yes_scores_high_in_tiif(name: str, score: float) -> None:
    benchmark = catalogue.get(name)
    if not (find(benchmark) / benchmark.files[0].path).is_file():
        pytest.skip("its data is not at hand")
    found = numbers(benchmark, catalogue.items(benchmark), Tools(judge=Answers()))
    for length in ("short", "long"):
        assert 100 * found[f"overall_{length}"] == pytest.approx(score, abs=0.005)


def test_tiif_reads_words_one_to_one() -> None:
    benchmark = catalogue.get("tiif-testmini")
    tags = {"file": "text", "group": "text", "length": "short"}
    item = Item(id="text/short/0", prompt="p", tags=tags, texts=("Morning Sale",))
    found = numbers(benchmark, [item], Tools(reader=Lines(["MORNIN", "sale", "sale"])))
    assert found["text_recall"] == 1
    assert found["gned"] == pytest.approx((1 / 7 + 0 + 1) / 3)


def test_geneval_asks_for_all_that_matters() -> None:
    include = [
        {"class": "cup", "count": 2, "color": "red"},
        {"class": "dog", "count": 1, "position": ["left of", 0]},
    ]
    asked = questions_of(include, [{"class": "cup", "count": 3}])
    assert [yes for _, yes in asked] == [True, True, True, True, False]
    assert asked[3][0] == "Is the dog left of the cup?"
    benchmark = catalogue.get("geneval")
    item = Item(
        id="0", prompt="p", tags={"task": "counting"}, detail={"include": include, "exclude": []}
    )
    assert numbers(benchmark, [item], Tools(judge=Answers()))["judged_correct"] == 1
    assert numbers(benchmark, [item], Tools(judge=Answers(no=["red"])))["judged_correct"] == 0
    assert scorer_of(benchmark).proxies(benchmark) == ("judged_correct",)


def test_an_unusable_answer_is_no_score() -> None:
    class Mumbling(Answers):
        def answer(self, image: Image.Image, request: Request) -> str:
            return "Hmm"

    item = Item(id="a", prompt="p", tags={"category": "object"}, questions=CHAIN)
    for name in ("oneig-en", "dpg", "tiif-testmini"):
        benchmark = catalogue.get(name)
        with pytest.raises(ToolError):
            scorer_of(benchmark).score(benchmark, item, IMAGE, Tools(judge=Mumbling()))


def test_posters_are_marked_against_their_scene() -> None:
    from glm_image.data.draw import render

    benchmark = catalogue.get("posters")
    case = held_out.drawings(1)[0]
    tags = {"task": "draw", "kind": case.kind, "language": "en"}
    item = Item(id=case.name, prompt=case.prompt, tags=tags, detail={"case": case})
    tools = Tools(reader=Lines([]))
    truth = Image.fromarray(render(case.expected))
    scorer = scorer_of(benchmark)
    assert values(scorer.score(benchmark, item, truth, tools))["all right"] == 1
    blank = Image.new("RGB", truth.size, "white")
    assert values(scorer.score(benchmark, item, blank, tools))["all right"] == 0
    assert set(values(scorer.nothing(benchmark, item, tools)).values()) == {0.0}
    with pytest.raises(ConfigError):
        scorer.score(benchmark, Item(id="x", prompt="p"), truth, tools)


EXAMPLE = Item(
    id="a",
    prompt="A sign 'OPEN'",
    tags={"category": "text", "regions": "2", "group": "text", "length": "short", "file": "text"},
    texts=("OPEN",),
    questions=CHAIN,
    detail={"include": [{"class": "dog", "count": 1}], "exclude": []},
)


@pytest.mark.parametrize("name", [name for name in catalogue.names() if name != "posters"])
def test_a_missing_picture_has_the_values_of_a_picture(name: str) -> None:
    benchmark = catalogue.get(name)
    scorer = scorer_of(benchmark)
    for tools in (
        Tools(),
        Tools(reader=Lines(["OPEN"])),
        Tools(judge=Answers()),
        Tools(reader=Lines(["OPEN"]), judge=Answers(), clip=Likeness(0.3)),
    ):
        there = scorer.score(benchmark, EXAMPLE, IMAGE, tools).values
        gone = scorer.nothing(benchmark, EXAMPLE, tools).values
        assert there.keys() == gone.keys()
        assert all(gone[key].weight == there[key].weight for key in gone)
        assert {key: value.value for key, value in gone.items() if value.value > 1e-5} == (
            {"edit_distance": 4.0} if "edit_distance" in gone else
            {"gned": 1.0} if "gned" in gone else {}
        )  # fmt: skip


@pytest.mark.parametrize("name", catalogue.names())
def test_scorecards_hold_together(name: str) -> None:
    benchmark = catalogue.get(name)
    card = scorer_of(benchmark).scorecard(benchmark)
    names = [metric.name for metric in card.metrics]
    assert len(set(names)) == len(names)
    assert any(metric.headline for metric in card.metrics)
    for place, metric in enumerate(card.metrics):
        assert bool(metric.value) != bool(metric.formula)
        assert set(metric.of) <= set(names[:place])
    assert set(scorer_of(benchmark).proxies(benchmark)) <= set(names)


def test_strict_and_lenient_differ_by_missing_pictures() -> None:
    benchmark = catalogue.get("cvtg-2k")
    scorer = scorer_of(benchmark)
    tools = Tools(reader=Lines(["open"]))
    marks = (
        scorer.score(benchmark, EXAMPLE, IMAGE, tools),
        scorer.nothing(benchmark, EXAMPLE, tools),
    )
    samples = [
        SampleScore(item=item, sample=1, status=status, tags=EXAMPLE.tags, values=found.values)
        for item, status, found in zip("ab", (OK, MISSING), marks, strict=True)
    ]
    card = scorer.scorecard(benchmark)
    assert statistics.evaluate(card, samples, draws=2)["word_accuracy"].value == 0.5
    lenient = statistics.evaluate(card, samples, lenient=True, draws=2)
    assert lenient["word_accuracy"].value == 1


def test_unknown_scorers_are_named() -> None:
    from dataclasses import replace

    with pytest.raises(ConfigError, match="did you mean"):
        scorer_of(replace(catalogue.get("dpg"), scorer="question"))
