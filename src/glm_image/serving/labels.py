"""Labels inside picture files: that a machine made them, and how.

The hidden label is the JSON object ``AIGC`` as the XMP property ``TC260:AIGC``, in a PNG in the
text chunk ``XML:com.adobe.xmp``. How a picture was made is a JSON object of our own: in a PNG the
text chunk ``parameters`` that :mod:`glm_image.image.codec` reads, in JPEG and WebP another XMP
property. Nothing here imports torch.

Source: GB 45438-2025, sections 5.2 and appendix E, as quoted by secondary sources.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from PIL import Image as PilImage
from PIL import UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from glm_image.errors import InputError
from glm_image.image.codec import PARAMETERS_KEY
from glm_image.serving.records import OutputFormat

XMP_KEY = "XML:com.adobe.xmp"
"""Keyword of the PNG text chunk that holds XMP. Source: Adobe, XMP specification part 3, 1.1.5."""

MOST_XMP = 65502
"""Longest XMP packet of a JPEG in bytes. Source: Adobe, XMP specification part 3, 1.1.3."""

_TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
_OWN = "urn:glm-image:parameters#"
_NOT_XML = re.compile("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{rdf}">'
    '<rdf:Description rdf:about=""{names}>{properties}</rdf:Description>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)

_PNG_LEVEL = 6
"""Effort of zlib at compression 100; more takes seconds for a percent."""

_WEBP_EFFORT = 4


@dataclass(frozen=True, kw_only=True)
class Aigc:
    """The hidden label.

    Args:
        label: ``"1"``: a machine made it.
        producer: Who answers for the service that made it.
        produce_id: Number under which the producer finds it.
        propagator: Who spread it; set by those who do.
        propagate_id: Their number.
    """

    label: str = "1"
    producer: str
    produce_id: str
    propagator: str = ""
    propagate_id: str = ""

    def to_json(self) -> str:
        """The object in the wording of the standard."""
        return json.dumps(
            {
                "Label": self.label,
                "ContentProducer": self.producer,
                "ProduceID": self.produce_id,
                "ReservedCode1": "",
                "ContentPropagator": self.propagator,
                "PropagateID": self.propagate_id,
                "ReservedCode2": "",
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is written into a file.

    Args:
        hidden: The hidden label; None leaves it out.
        parameters: How the picture was made; None leaves it out.
    """

    hidden: Aigc | None = None
    parameters: Mapping[str, object] | None = None


def encode(
    image: PilImage.Image, output_format: OutputFormat, compression: int, label: Label
) -> bytes:
    """A picture as a file that carries its labels.

    Args:
        image: RGB.
        output_format: Kind of file.
        compression: 0 to 100: quality of JPEG and WebP, effort for PNG.
        label: What is written into it.

    Raises:
        InputError: The labels are longer than a JPEG holds.
    """
    buffer = io.BytesIO()
    parameters = _json(label.parameters)
    if output_format is OutputFormat.PNG:
        info = PngInfo()
        if label.hidden is not None:
            info.add_itxt(XMP_KEY, _packet(label.hidden, None))
        if parameters is not None:
            info.add_itxt(PARAMETERS_KEY, parameters)
        level = max(1, round(_PNG_LEVEL * compression / 100))
        image.save(buffer, format="PNG", pnginfo=info, compress_level=level)
        return buffer.getvalue()
    xmp = _packet(label.hidden, parameters).encode() if label != Label() else b""
    if output_format is OutputFormat.JPEG:
        if len(xmp) > MOST_XMP:
            raise InputError(
                f"prompt and parameters take {len(xmp)} bytes, a JPEG holds {MOST_XMP}",
                field="output_format",
                hint="use png or webp, or a shorter prompt",
            )
        image.save(buffer, format="JPEG", quality=max(1, compression), optimize=True, xmp=xmp)
    else:
        image.save(buffer, format="WEBP", quality=compression, method=_WEBP_EFFORT, xmp=xmp)
    return buffer.getvalue()


def read(data: bytes) -> Label:
    """The labels of a file, as far as it has any.

    Args:
        data: A PNG, JPEG or WebP.

    Raises:
        InputError: It is no such picture, or a label in it is damaged.
    """
    try:
        with PilImage.open(io.BytesIO(data), formats=[one.value for one in OutputFormat]) as image:
            info = dict(image.info)
        xmp = info.get("xmp") or info.get(XMP_KEY)
        found = {} if not xmp else _properties(xmp)
        text = info.get(PARAMETERS_KEY) or found.get(f"{{{_OWN}}}parameters")
        hidden = found.get(f"{{{_TC260}}}AIGC")
        return Label(
            hidden=None if hidden is None else _aigc(json.loads(hidden)),
            parameters=None if text is None else dict(json.loads(text)),
        )
    except UnidentifiedImageError as error:
        raise InputError(
            "the content is no picture", field="image", hint="use png, jpeg or webp"
        ) from error
    except (OSError, SyntaxError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"the labels are damaged: {error}", field="image") from error


def _packet(hidden: Aigc | None, parameters: str | None) -> str:
    names, properties = "", ""
    if hidden is not None:
        names += f' xmlns:TC260="{_TC260}"'
        properties += f"<TC260:AIGC>{escape(hidden.to_json())}</TC260:AIGC>"
    if parameters is not None:
        names += f' xmlns:glm="{_OWN}"'
        properties += f"<glm:parameters>{escape(parameters)}</glm:parameters>"
    return _PACKET.format(rdf=_RDF, names=names, properties=properties)


def _properties(xmp: str | bytes) -> dict[str, str]:
    """Texts of a packet by their full names, as elements or as attributes.

    Raises:
        ValueError: It is no XML, or brings entities of its own.
    """
    text = xmp.decode("utf-8") if isinstance(xmp, bytes) else xmp
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a packet has no document type")
    root = ElementTree.fromstring(text.strip("\0 \n\ufeff"))
    found: dict[str, str] = {}
    for description in root.iter(f"{{{_RDF}}}Description"):
        found |= description.attrib
        found |= {child.tag: child.text or "" for child in description}
    return found


def _aigc(content: Mapping[str, str]) -> Aigc:
    return Aigc(
        label=content["Label"],
        producer=content["ContentProducer"],
        produce_id=content["ProduceID"],
        propagator=content.get("ContentPropagator", ""),
        propagate_id=content.get("PropagateID", ""),
    )


def _json(parameters: Mapping[str, object] | None) -> str | None:
    if parameters is None:
        return None
    text = json.dumps(dict(parameters), ensure_ascii=False)
    # JSON escapes some control characters; these, too, neither XML nor UTF-8 would hold.
    return _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
