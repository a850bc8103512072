"""Questions that only count if others are answered yes.

Two rules are in use, and they differ for chains of three and more.
"""

from collections.abc import Mapping, Sequence

from glm_image.evaluation.benchmark import Question


def by_parents(questions: Sequence[Question], yes: Mapping[int, bool]) -> dict[int, bool]:
    """A question counts if it and its parents are answered yes; grandparents do not matter.

    Args:
        questions: All of an item.
        yes: What was answered, by number.

    Source: reference behaviour: OneIG-Bench/OneIG-Benchmark, ``alignment_score``.
    """
    return {
        question.number: yes[question.number] and all(yes[parent] for parent in question.parents)
        for question in questions
    }


def by_ancestors(questions: Sequence[Question], yes: Mapping[int, bool]) -> dict[int, bool]:
    """A question counts if it is answered yes and its parents count: a no goes down the chain.

    Answers are struck in the order of the questions, so that a no only reaches questions behind.

    Args:
        questions: All of an item.
        yes: What was answered, by number.

    Source: reference behaviour: TencentQQGYLab/ELLA, ``dpg_bench``; j-min/DSG.
    """
    counts = dict(yes)
    for question in questions:
        if not all(counts[parent] for parent in question.parents):
            counts[question.number] = False
    return counts
