"""Ids in paths."""

from typing import Annotated

from fastapi import Path

JobId = Annotated[str, Path(max_length=64, description="job_...")]
PictureId = Annotated[str, Path(max_length=64, description="img_...")]
UploadId = Annotated[str, Path(max_length=64, description="file_...")]
ConversationId = Annotated[str, Path(max_length=64, description="conv_...")]
