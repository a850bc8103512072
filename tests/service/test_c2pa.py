"""Signed provenance, with a certificate made here."""

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fake import plain
from PIL import Image

from glm_image.errors import ConfigError
from glm_image.serving.c2pa import Signer, read_manifest
from glm_image.serving.labels import Aigc, Label, encode, read
from glm_image.serving.records import OutputFormat


def name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, text),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
        ]
    )


def certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority,
        crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    public = issuer_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not authority:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    folder = tmp_path_factory.mktemp("keys")
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root, leaf = name("root"), name("leaf")
    chain = [
        certificate(leaf, leaf_key, root, root_key, authority=False),
        certificate(root, root_key, root, root_key, authority=True),
    ]
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    (folder / "chain.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Signer(folder / "chain.pem", folder / "key.pem", "glm-image/test")


@pytest.mark.parametrize("kind", list(OutputFormat))
def test_signed_files_are_valid_and_keep_their_labels(signer: Signer, kind: OutputFormat) -> None:
    label = Label(hidden=Aigc(producer="me", produce_id="1"), parameters={"seed": 1})
    data = encode(Image.new("RGB", (64, 64), "red"), kind, 90, label)
    assert read_manifest(data, kind) is None
    signed = signer.sign(data, kind, "job_1-0")
    found = read_manifest(signed, kind)
    assert found is not None
    # Valid: nothing was changed. It would be trusted if the root were on a list.
    assert found["state"] == "Valid"
    (actions,) = [one for one in found["assertions"] if one["label"].startswith("c2pa.actions")]
    (action,) = actions["data"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert read(signed) == label
    assert len(signed) - len(data) < 64 * 1024


def test_an_edit_names_its_sources(signer: Signer) -> None:
    signed = signer.sign(plain(64, 64), OutputFormat.PNG, "job_1-0", (plain(32, 32, 5),))
    found = read_manifest(signed, OutputFormat.PNG)
    assert found is not None
    assert [one["relationship"] for one in found["ingredients"]] == ["inputTo"]


def test_a_source_is_not_shown_in_what_was_made_of_it(signer: Signer) -> None:
    """What lies beneath a visible label is such a source."""
    source = plain(320, 320, 5)
    found = read_manifest(
        signer.sign(plain(320, 320), OutputFormat.PNG, "job_1-0", (source,)), OutputFormat.PNG
    )
    assert found is not None
    assert "thumbnail" not in found["ingredients"][0]
    assert "thumbnail" not in found


def test_a_changed_file_is_found_out(signer: Signer) -> None:
    signed = bytearray(signer.sign(plain(64, 64), OutputFormat.PNG, "job_1-0"))
    place = signed.rindex(b"IDAT") + 6
    signed[place] ^= 1
    found = read_manifest(bytes(signed), OutputFormat.PNG)
    assert found is not None
    assert found["state"] == "Invalid"


def test_files_that_cannot_sign_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as missing:
        Signer(tmp_path / "no.pem", tmp_path / "no.pem", "x")
    assert missing.value.field == "labels.c2pa_certificate"
    (tmp_path / "a.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="cannot sign"):
        Signer(tmp_path / "a.pem", tmp_path / "a.pem", "x")
