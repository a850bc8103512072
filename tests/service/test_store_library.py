"""Pictures, uploads and conversations of an owner, on both kinds of database."""

import dataclasses

import pytest
from storing import BLOB, Clock, claim, done, painted, submit

from glm_image.errors import InputError, NotFoundError
from glm_image.serving.library import MAX_TAGS, PictureQuery, Role, Turn, Upload
from glm_image.serving.records import new_id
from glm_image.serving.store import Policy, Store


def found(store: Store, **query: object) -> list[str]:
    return [picture.prompt for picture in store.pictures("one", PictureQuery(**query))]


def test_pictures_are_found_by_words_and_tags(store: Store) -> None:
    sea = done(store, prompt="A blue SEA, 100% calm").pictures[0]
    done(store, prompt="a blue sky_line")
    done(store, prompt="蓝色的海")
    done(store, "two", prompt="a blue sea")
    store.patch_picture(sea.id, "one", tags=["  Holiday  ", "sea", "sea"], favourite=True)
    assert store.picture(sea.id, "one").tags == ("Holiday", "sea")
    assert found(store) == ["蓝色的海", "a blue sky_line", "A blue SEA, 100% calm"]
    assert found(store, text="SEA blue") == ["A blue SEA, 100% calm"]
    assert found(store, text="holiday") == ["A blue SEA, 100% calm"]
    assert found(store, text="100%") == ["A blue SEA, 100% calm"]
    assert found(store, text="y_l") == ["a blue sky_line"]
    assert found(store, text="a_b") == []
    assert found(store, text="海") == ["蓝色的海"]
    assert found(store, tags=("sea",)) == ["A blue SEA, 100% calm"]
    assert found(store, tags=("Sea",)) == []
    assert found(store, favourite=False, text="blue") == ["a blue sky_line"]
    assert store.pictures(None, PictureQuery(text="blue sea"))[0].prompt == "a blue sea"
    assert store.patch_picture(sea.id, "one", tags=[]).tags == ()
    assert store.picture(sea.id, "one").favourite


def test_pictures_are_found_by_where_they_come_from(store: Store) -> None:
    talk = store.create_conversation("one", "talk")
    first = done(store, prompt="first", conversation_id=talk.id).pictures[0]
    child = done(store, prompt="child", parents=(first.id, "img_gone"), sources=("x", "y"))
    assert child.pictures[0].parents == (first.id, "img_gone")
    assert found(store, parent=first.id) == ["child"]
    assert found(store, job_id=child.id) == ["child"]
    assert found(store, conversation_id=talk.id) == ["first"]


def test_pictures_come_page_by_page(store: Store, clock: Clock) -> None:
    for number in range(5):
        clock.go(number % 2)
        done(store, prompt=f"{number}", seeds=(1, 2))
    seen: list[str] = []
    before = None
    while page := store.pictures("one", before=before, limit=3):
        seen += [picture.id for picture in page]
        before = page[-1].id
    assert len(seen) == len(set(seen)) == 10


def test_a_picture_is_thrown_away_and_taken_back(store: Store, clock: Clock) -> None:
    job = done(store, seeds=(1, 2))
    first, second = job.pictures
    store.delete_picture(first.id, "one")
    assert [picture.id for picture in store.pictures("one")] == [second.id]
    assert [p.id for p in store.pictures("one", PictureQuery(deleted=True))] == [first.id]
    assert [picture.id for picture in store.job(job.id, "one").pictures] == [second.id]
    for call in (store.picture, store.delete_picture, store.patch_picture):
        with pytest.raises(NotFoundError):
            call(first.id, "one")
    assert store.restore_picture(first.id, "one") == first
    assert store.restore_picture(first.id, "one") == first

    store.delete_picture(first.id, "one")
    clock.go(Policy().undo + 1)
    with pytest.raises(InputError, match="thrown away more than 24 hours"):
        store.restore_picture(first.id, "one")
    store.purge()
    with pytest.raises(NotFoundError):
        store.restore_picture(first.id, "one")
    assert store.unused([BLOB]) == set()
    store.delete_picture(second.id, "one")
    clock.go(Policy().undo + 1)
    store.purge()
    assert store.unused([BLOB]) == {BLOB}


def test_tags_have_bounds(store: Store) -> None:
    picture = done(store).pictures[0]
    for tags in (["x"] * (MAX_TAGS + 1), [" "], ["x" * 65], ["\x00"]):
        with pytest.raises(InputError, match="tags"):
            store.patch_picture(picture.id, "one", tags=tags)
    for text in ("x" * 201, "\x00", "\ud800"):
        with pytest.raises(InputError, match="text"):
            PictureQuery(text=text)


def upload(store: Store, clock: Clock, key_id: str = "one", **changes: object) -> Upload:
    plain = Upload(
        id=new_id("file"),
        key_id=key_id,
        key=BLOB,
        filename="../../a b.png",
        purpose="vision",
        mime="image/png",
        bytes=2**33,
        width=8,
        height=9,
        created=clock(),
    )
    return store.add_upload(dataclasses.replace(plain, **changes))


def test_uploads_are_kept_for_a_while(store: Store, clock: Clock) -> None:
    first = upload(store, clock)
    second = upload(store, clock, purpose="batch", width=None, height=None)
    upload(store, clock, "two")
    assert store.upload(first.id, "one") == first
    assert store.uploads("one") == [second, first]
    assert store.uploads("one", purpose="batch") == [second]
    assert store.uploads("one", before=second.id) == [first]
    assert len(store.uploads(None)) == 3
    for call in (store.upload, store.delete_upload):
        with pytest.raises(NotFoundError, match="file"):
            call(first.id, "two")
    assert store.delete_upload(first.id, "one") == first
    assert store.uploads("one") == [second]
    clock.go(Policy().keep_uploads + 1)
    store.purge()
    assert store.uploads(None) == []
    assert store.unused([BLOB]) == {BLOB}


def test_what_a_job_needs_is_not_deleted_with_its_upload(store: Store, clock: Clock) -> None:
    given = upload(store, clock)
    job = submit(store, sources=(BLOB, BLOB), mask=BLOB)
    store.delete_upload(given.id, "one")
    assert store.unused([BLOB]) == set()
    assert claim(store).job.drawing == job.drawing


def turn(conversation_id: str, clock: Clock, **changes: object) -> Turn:
    plain = Turn(
        id=new_id("turn"),
        conversation_id=conversation_id,
        role=Role.USER,
        text="make it blue",
        created=clock(),
    )
    return dataclasses.replace(plain, **changes)


def test_a_conversation_is_a_tree(store: Store, clock: Clock) -> None:
    talk = store.create_conversation("one", "a talk")
    first = store.add_turn(talk.id, "one", turn(talk.id, clock))
    answer = turn(
        talk.id,
        clock,
        role=Role.ASSISTANT,
        parent_id=first.id,
        picture_ids=("img_1", "img_2"),
        job_id="job_1",
        text="好",
    )
    store.add_turn(talk.id, "one", answer)
    branch = store.add_turn(talk.id, "one", turn(talk.id, clock, parent_id=first.id))
    assert store.turns(talk.id, "one") == [first, answer, branch]
    other = store.create_conversation("one", "another")
    with pytest.raises(InputError, match="parent_id"):
        store.add_turn(other.id, "one", turn(other.id, clock, parent_id=first.id))
    with pytest.raises(InputError, match="conversation_id"):
        store.add_turn(other.id, "one", turn(talk.id, clock))


def test_conversations_are_listed_by_their_last_turn(store: Store, clock: Clock) -> None:
    first, second, third = (store.create_conversation("one", name) for name in "abc")
    store.create_conversation("two", "d")
    store.add_turn(first.id, "one", turn(first.id, clock))
    assert [talk.title for talk in store.conversations("one")] == ["a", "c", "b"]
    assert [talk.title for talk in store.conversations("one", before=third.id)] == ["b"]
    assert len(store.conversations(None)) == 4
    assert store.rename_conversation(second.id, "one", "new").title == "new"
    assert store.conversation(second.id, "one").title == "new"
    store.delete_conversation(first.id, "one")
    assert [talk.id for talk in store.conversations("one")] == [third.id, second.id]
    with pytest.raises(InputError, match="title"):
        store.rename_conversation(second.id, "one", "x" * 201)


def test_conversations_of_others_are_not_there(store: Store, clock: Clock) -> None:
    talk = store.create_conversation("one", "talk")
    calls = (
        lambda: store.conversation(talk.id, "two"),
        lambda: store.turns(talk.id, "two"),
        lambda: store.rename_conversation(talk.id, "two", "x"),
        lambda: store.delete_conversation(talk.id, "two"),
        lambda: store.add_turn(talk.id, "two", turn(talk.id, clock)),
        lambda: store.conversations("two", before=talk.id),
    )
    for call in calls:
        with pytest.raises(NotFoundError, match="conversation"):
            call()


def test_children_outlive_their_parents(store: Store, clock: Clock) -> None:
    first = done(store).pictures[0]
    second = submit(store, parents=(first.id,), sources=(BLOB,))
    store.delete_picture(first.id, "one")
    clock.go(Policy().undo + 1)
    store.purge()
    store.finish(claim(store), painted(second))
    assert store.job(second.id, "one").pictures[0].parents == (first.id,)
