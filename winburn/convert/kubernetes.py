"""What Kubernetes keeps about every resource, and no SLO needs."""

from __future__ import annotations

from collections.abc import Iterator

from winburn.convert.draft import Document
from winburn.convert.notes import Note

BOOKKEEPING = (
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Keys of metadata that the server writes."""


def settle_kind(document: Document) -> None:
    """Counts as read what says of which kind a resource is, and what the server adds to it."""
    top = document.fields
    for key in ("apiVersion", "kind", "status"):
        top.raw(key)
    for key in BOOKKEEPING:
        top.inner("metadata").raw(key)


def metadata_lost(document: Document) -> Iterator[Note]:
    """A note on what a resource's metadata says and the spec has no place for."""
    settle_kind(document)
    metadata = document.fields.inner("metadata")
    lost = [key for key in ("name", "namespace", "labels", "annotations") if metadata.raw(key) is not None]
    if set(lost) - {"name"}:
        names = ", ".join(f"metadata.{key}" for key in lost if key != "name")
        message = f"{names}: they belong to the resource in Kubernetes and were not carried; labels go under labels"
        yield Note(document.file, metadata.line, "", message)
