"""HTML that is built from elements; whatever is not an element is escaped."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

SCROLLS = {"tabindex": "0", "role": "region", "aria-label": "Table, scrolls sideways"}
"""Attributes of a box that the keyboard can scroll."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"img", "meta", "br", "hr"})


@dataclass(frozen=True)
class Html:
    """Markup that is ready to be put into a page.

    Attributes:
        text: The markup.
    """

    text: str


Node = str | Html
"""A text, which is escaped, or markup, which is not."""


def escape(text: str) -> str:
    """A text for elements and attributes; control characters become the replacement character."""
    return html.escape(_CONTROL.sub("\ufffd", text), quote=True)


def element(
    name: str, css: str, *children: Node, attributes: Mapping[str, str] | None = None
) -> Html:
    """An element.

    Args:
        name: Such as ``td``.
        css: Classes; empty for none.
        children: What stands in it, in order.
        attributes: Further attributes; values are escaped.
    """
    given = {"class": css} if css else {}
    given |= dict(attributes or {})
    words = "".join(f' {key}="{escape(value)}"' for key, value in given.items())
    if name in _VOID:
        return Html(f"<{name}{words}>")
    return Html(f"<{name}{words}>{join(*children).text}</{name}>")


def join(*nodes: Node) -> Html:
    """Nodes one after the other."""
    return Html("".join(one.text if isinstance(one, Html) else escape(one) for one in nodes))


def said(name: str, css: str, text: str) -> Html:
    """An element with a text that strangers wrote: its direction cannot reach out of it."""
    return element(name, css, text, attributes={"dir": "auto"})
