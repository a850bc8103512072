"""Signed provenance in picture files, for operators who have a certificate.

Signing is the last thing that happens to a file: whatever is changed later breaks the signature.
The package ``c2pa-python`` does it and is only asked for where a certificate is set.

Source: C2PA technical specification 2.2, sections 9 and 18.
"""

import io
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from glm_image.errors import ConfigError, GlmImageError, InputError
from glm_image.serving.records import OutputFormat

_GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


class Signer:
    """Signs files with one certificate.

    Args:
        certificate: PEM file with the certificate and those that vouch for it, leaf first.
        key: PEM file with its private key, ECDSA on P-256.
        software: Who claims to have made the pictures.

    Raises:
        ConfigError: The package is missing, or the files cannot be read or used.
    """

    def __init__(self, certificate: Path, key: Path, software: str) -> None:
        c2pa = self._c2pa = _library()
        self._software = software
        # A small picture of a source would show what lies beneath its visible label.
        settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        self._context = c2pa.Context(settings)
        chain = _read(certificate, "labels.c2pa_certificate")
        secret = _read(key, "labels.c2pa_key")
        try:
            self._signer = c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(
                    alg=c2pa.C2paSigningAlg.ES256, sign_cert=chain, private_key=secret, ta_url=None
                )
            )
        except (c2pa.C2paError, ValueError, TypeError) as error:
            raise ConfigError(
                f"they cannot sign: {error}",
                field="labels.c2pa_certificate, labels.c2pa_key",
                hint="give a P-256 certificate for signing documents, leaf first, and its key",
            ) from error

    def sign(
        self, data: bytes, output_format: OutputFormat, title: str, sources: tuple[bytes, ...] = ()
    ) -> bytes:
        """A file with a signed manifest that says how it was made.

        Args:
            data: The file, labels included.
            output_format: Its kind.
            title: Name of the picture.
            sources: PNG files that it was made from.

        Raises:
            GlmImageError: It cannot be signed.
        """
        action = {
            "action": "c2pa.created",
            "digitalSourceType": _EDITED if sources else _GENERATED,
            "softwareAgent": {"name": self._software},
        }
        manifest = {
            "claim_generator_info": [{"name": self._software}],
            "title": title,
            "format": output_format.mime,
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
        }
        signed = io.BytesIO()
        try:
            with self._c2pa.Builder(json.dumps(manifest), self._context) as builder:
                for number, source in enumerate(sources, start=1):
                    builder.add_ingredient(
                        {"title": f"source {number}", "relationship": "inputTo"},
                        OutputFormat.PNG.mime,
                        io.BytesIO(source),
                    )
                builder.sign(self._signer, output_format.mime, io.BytesIO(data), signed)
        except (self._c2pa.C2paError, ValueError) as error:
            raise GlmImageError(
                f"the picture cannot be signed: {error}",
                field="labels.c2pa_certificate",
                hint="look whether the certificate is still valid",
            ) from error
        return signed.getvalue()


def read_manifest(data: bytes, output_format: OutputFormat) -> dict[str, Any] | None:
    """The manifest that a file carries, with its state of validation; None if it has none.

    Nothing is fetched, whatever addresses the file names.

    Raises:
        ConfigError: The package is missing.
        InputError: The manifest is damaged, or lies elsewhere.
    """
    c2pa = _library()
    alone = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    try:
        with c2pa.Context(c2pa.Settings.from_dict(alone)) as context:
            reader = c2pa.Reader.try_create(output_format.mime, io.BytesIO(data), context=context)
            if reader is None:
                return None
            with reader:
                manifest = reader.get_active_manifest() or {}
                return {"state": reader.get_validation_state(), **manifest}
    except c2pa.C2paError as error:
        raise InputError(f"the signed manifest is damaged: {error}", field="file") from error


def _library() -> Any:
    try:
        return import_module("c2pa")
    except ImportError as error:
        raise ConfigError(
            "signed provenance needs the package c2pa-python",
            field="labels.c2pa_certificate",
            hint="pip install 'glm-image[label]', or leave the certificate out",
        ) from error


def _read(path: Path, field: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", field=field, hint="name a PEM file"
        ) from error
