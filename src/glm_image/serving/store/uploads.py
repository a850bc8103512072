"""Files that clients gave."""

import dataclasses

import sqlalchemy as sa

from glm_image.serving.library import Upload
from glm_image.serving.store import rows
from glm_image.serving.store.part import Part
from glm_image.serving.store.reading import page_length
from glm_image.serving.store.tables import uploads


class Uploads(Part):
    """Uploads of an owner; ``key_id`` None is the operator, who sees everything."""

    def add_upload(self, upload: Upload) -> Upload:
        """Note an upload whose content lies among the blobs already."""
        with self._db.write() as unit:
            values = dataclasses.asdict(upload)
            unit.connection.execute(sa.insert(uploads).values(values))
        return upload

    def upload(self, upload_id: str, key_id: str | None) -> Upload:
        """An upload.

        Raises:
            NotFoundError: There is none.
        """
        with self._db.read() as unit:
            return rows.upload(rows.one(unit.connection, uploads, upload_id, key_id))

    def uploads(
        self,
        key_id: str | None,
        *,
        purpose: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Upload]:
        """Uploads, the newest first.

        Args:
            key_id: Their owner.
            purpose: Only those given for it.
            before: Id of the last upload of the page before.
            limit: Longest page, up to 1000.

        Raises:
            NotFoundError: There is no upload ``before``.
            InputError: The page is too long.
        """
        statement = sa.select(uploads)
        if key_id is not None:
            statement = statement.where(uploads.c.key_id == key_id)
        if purpose is not None:
            statement = statement.where(uploads.c.purpose == purpose)
        with self._db.read() as unit:
            if before is not None:
                last = rows.one(unit.connection, uploads, before, key_id)
                place = sa.tuple_(uploads.c.created, uploads.c.id)
                statement = statement.where(place < sa.tuple_(last.created, last.id))
            newest = statement.order_by(uploads.c.created.desc(), uploads.c.id.desc())
            page = unit.connection.execute(newest.limit(page_length(limit)))
            return [rows.upload(row) for row in page]

    def delete_upload(self, upload_id: str, key_id: str | None) -> Upload:
        """Forget an upload. Jobs that were given its content keep it.

        The content itself goes once nothing refers to it any more.

        Raises:
            NotFoundError: There is none.
        """
        with self._db.write() as unit:
            row = rows.one(unit.connection, uploads, upload_id, key_id, lock=True)
            unit.connection.execute(sa.delete(uploads).where(uploads.c.id == row.id))
            return rows.upload(row)
