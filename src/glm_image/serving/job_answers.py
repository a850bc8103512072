"""Jobs and pictures in the words of our own API."""

from collections.abc import Sequence

from glm_image.config import to_mapping
from glm_image.serving.answering import Addresses
from glm_image.serving.file_answers import THUMBNAIL_QUERY
from glm_image.serving.records import Drawing, Job, JobState, Picture
from glm_image.serving.schemas.jobs import (
    DrawingAnswer,
    FailureAnswer,
    JobAnswer,
    PictureAnswer,
)


def job_answer(job: Job, addresses: Addresses, notes: Sequence[str] = ()) -> JobAnswer:
    """A job; what is seen of a finished one teaches how long the next one takes."""
    pace = addresses.service.pace
    pace.learn(job)
    failure = job.failure
    made = len(job.pictures) if job.state is JobState.SUCCEEDED else None
    return JobAnswer.model_validate(
        {
            "id": job.id,
            "state": job.state.value,
            "stage": None if job.stage is None or job.state.ended else job.stage.value,
            "done": job.done if made is None else made,
            "total": job.total if made is None else made,
            "position": job.position,
            "eta_seconds": pace.left(job),
            "attempt": job.attempt,
            "seq": job.seq,
            "drawing": drawing_answer(job.drawing),
            "pictures": [picture_answer(picture, addresses) for picture in job.pictures],
            "failure": None if failure is None else FailureAnswer(**to_mapping(failure)),
            "created": job.created,
            "started": job.started,
            "finished": job.finished,
            "conversation_id": job.conversation_id,
            "request_key": job.request_key,
            "notes": list(notes),
        }
    )


def drawing_answer(drawing: Drawing) -> DrawingAnswer:
    """What is drawn; where files lie stays here."""
    fields = to_mapping(drawing)
    fields["masked"] = fields.pop("mask") is not None
    fields["sources"] = len(drawing.sources)
    return DrawingAnswer(**fields)


def picture_answer(picture: Picture, addresses: Addresses) -> PictureAnswer:
    """A picture with its address."""
    fields = to_mapping(picture)
    del fields["key"]
    url = addresses.picture(picture)
    return PictureAnswer(**fields, url=url, thumbnail_url=f"{url}&{THUMBNAIL_QUERY}")
