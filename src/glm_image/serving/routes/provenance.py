"""Where a picture comes from: one of the service, or any file."""

import json

from fastapi import APIRouter, Request

from glm_image.serving.auth import Drawer, Reader, ServiceDep
from glm_image.serving.provenance import Provenance, look
from glm_image.serving.routes.files import UPLOAD_FORM
from glm_image.serving.routes.paths import PictureId
from glm_image.serving.schemas.failing import ERRORS
from glm_image.serving.schemas.looking import HiddenLabel, ProvenanceAnswer
from glm_image.serving.uploading import read_form_file

router = APIRouter(tags=["gallery"], responses=ERRORS)


@router.get("/images/{picture_id}/provenance")
async def of_picture(
    picture_id: PictureId, service: ServiceDep, caller: Reader
) -> ProvenanceAnswer:
    """What the file of a picture says about itself."""
    picture = await service.call(service.store.picture, picture_id, caller.key_id)
    data = await service.call(service.blobs.get, picture.key)
    return _answer(await service.call(look, data))


@router.post("/provenance", openapi_extra=UPLOAD_FORM)
async def of_file(request: Request, service: ServiceDep, caller: Drawer) -> ProvenanceAnswer:
    """What any file says about itself; the file is not kept."""
    data, _, _ = await read_form_file(service, request)
    # A process of its own looks first whether it is a picture at all.
    await service.intake.check(data, field="file")
    return _answer(await service.call(look, data))


def _answer(found: Provenance) -> ProvenanceAnswer:
    hidden, parameters = found.label.hidden, found.label.parameters
    return ProvenanceAnswer(
        hidden=None if hidden is None else HiddenLabel(**json.loads(hidden.to_json())),
        parameters=None if parameters is None else dict(parameters),
        c2pa=found.manifest,
        notes=list(found.notes),
    )
