"""Whether a picture shows what its prompt quotes: each quoted text is read, misread or missing.

Letters count, not signs between them, nor case or width: ``Hello!`` is read where a reader finds
``HELLO``. A text may run over several boxes that follow one another in reading order.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge in pixels."""

LEAST_LIKENESS = 0.5
"""Share of common letters below which a text counts as missing, not as misread."""

_MOST_TOKENS = 400
"""Words of a picture that are looked at; a page full of text has fewer."""

_LONGEST_RUN = 40
"""Words that one quoted text may run over."""


class State(StrEnum):
    """What became of a quoted text."""

    READ = "read"
    MISREAD = "misread"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One box of text.

    Args:
        text: Its characters.
        score: How sure the reader is, 0 to 1.
        box: Its edges.
    """

    text: str
    score: float
    box: Box


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A quoted text, and what the picture shows of it.

    Args:
        text: As the prompt has it.
        state: What became of it.
        found: The nearest text; None if it is missing.
        box: Where that stands.
    """

    text: str
    state: State
    found: str | None = None
    box: Box | None = None


@dataclass(frozen=True)
class _Token:
    """A word of a line, or one character of a script without spaces."""

    plain: str
    shown: str
    line: int
    glued: bool


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Boxes row by row; two are on one row if the middle of one is inside the other's height."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3]):
        first = rows[-1][0].box if rows else None
        if first is not None and first[1] < (line.box[1] + line.box[3]) / 2 < first[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box[0])]


def judge(quotes: Sequence[str], lines: Sequence[Line]) -> list[Quote]:
    """What became of each quoted text; a text that is quoted twice has to stand there twice.

    Args:
        quotes: In the order of the prompt.
        lines: In reading order.
    """
    tokens = [token for number, line in enumerate(lines) for token in _tokens(line.text, number)]
    tokens = tokens[:_MOST_TOKENS]
    free = [True] * len(tokens)
    judged: dict[int, Quote] = {}
    for number, text in enumerate(quotes):
        run = _exact(letters(text), tokens, free)
        if run is not None:
            free[run.start : run.stop] = [False] * len(run)
            judged[number] = _quote(text, State.READ, run, tokens, lines)
    for number, text in enumerate(quotes):
        if number not in judged:
            run = _nearest(letters(text), tokens, free)
            if run is None:
                judged[number] = Quote(text=text, state=State.MISSING)
            else:
                judged[number] = _quote(text, State.MISREAD, run, tokens, lines)
    return [judged[number] for number in range(len(quotes))]


def letters(text: str) -> str:
    """A text as it is compared: letters and digits, one width and case; else its signs."""
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return "".join(sign for sign in plain if sign.isalnum()) or plain


def _tokens(text: str, line: int) -> Iterator[_Token]:
    for word in text.split():
        glued = False
        for part in _parts(word):
            if plain := letters(part):
                yield _Token(plain, part, line, glued)
                glued = True


def _parts(word: str) -> Iterator[str]:
    """Runs of a script with spaces, and single characters of one without."""
    run = ""
    for sign in word:
        if ord(sign) >= 0x2E80:
            if run:
                yield run
            run = ""
            yield sign
        else:
            run += sign
    if run:
        yield run


def _runs(tokens: Sequence[_Token], free: Sequence[bool], longest: int) -> Iterator[range]:
    """Runs of words that nothing has been found in, up to a number of letters."""
    for start in range(len(tokens)):
        length = 0
        for stop in range(start + 1, min(len(tokens), start + _LONGEST_RUN) + 1):
            length += len(tokens[stop - 1].plain)
            if not free[stop - 1] or (length > longest and stop > start + 1):
                break
            yield range(start, stop)


def _joined(tokens: Sequence[_Token], run: range) -> str:
    return "".join(tokens[index].plain for index in run)


def _exact(wanted: str, tokens: Sequence[_Token], free: Sequence[bool]) -> range | None:
    matching = (run for run in _runs(tokens, free, len(wanted)) if _joined(tokens, run) == wanted)
    return next(matching, None)


def _nearest(wanted: str, tokens: Sequence[_Token], free: Sequence[bool]) -> range | None:
    """The run that has most in common with a text, if that is enough."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    best, most = None, 0.0
    for run in _runs(tokens, free, 2 * len(wanted)):
        matcher.set_seq1(_joined(tokens, run))
        if matcher.real_quick_ratio() <= most or matcher.quick_ratio() <= most:
            continue
        if (likeness := matcher.ratio()) > most:
            best, most = run, likeness
    return best if most >= LEAST_LIKENESS else None


def _quote(
    text: str, state: State, run: range, tokens: Sequence[_Token], lines: Sequence[Line]
) -> Quote:
    boxes = [lines[number].box for number in dict.fromkeys(tokens[index].line for index in run)]
    left, top, right, bottom = zip(*boxes, strict=True)
    shown = "".join(
        tokens[index].shown if tokens[index].glued else f" {tokens[index].shown}" for index in run
    )
    return Quote(
        text=text,
        state=state,
        found=shown.strip(),
        box=(min(left), min(top), max(right), max(bottom)),
    )
