"""The file store, as the tools that agents get. Only read by loopbuild, never run."""

from __future__ import annotations

from typing import Literal, TypedDict


class FolderRef(TypedDict):
    folder_id: str
    name: str


class FileRef(TypedDict):
    file_id: str
    file_name: str


class Folders(TypedDict):
    folders: list[FolderRef]


class Files(TypedDict):
    files: list[FileRef]


class NewFolder(TypedDict):
    folder_id: str


class NewFile(TypedDict):
    file_id: str


class FileDetails(TypedDict):
    file_name: str
    size_kb: int
    owner_id: str


class Versions(TypedDict):
    version_ids: list[str]


class Done(TypedDict):
    status: str


def list_folders() -> Folders:
    """List the shared folders."""
    ...


def create_folder(name: str) -> NewFolder:
    """Create a shared folder."""
    ...


def list_folder_files(folder_id: str) -> Files:
    """List what lies in a folder."""
    ...


def search_files(query: str) -> Files:
    """Search files of all folders by words in their name.

    Args:
        query: Words to look for.
    """
    ...


def get_file(file_id: str) -> FileDetails:
    """Read a file's details: name, size, owner."""
    ...


def upload_file(folder_id: str, file_name: str, content: str) -> NewFile:
    """Upload a text file to a folder."""
    ...


def copy_file(file_id: str, folder_id: str) -> NewFile:
    """Copy a file to another folder."""
    ...


def move_file(file_id: str, folder_id: str) -> Done:
    """Move a file to another folder."""
    ...


def share_file(file_id: str, email: str, permission: Literal["view", "comment", "edit"]) -> Done:
    """Share a file with somebody by e-mail."""
    ...


def list_file_versions(file_id: str) -> Versions:
    """List the earlier versions of a file, latest first."""
    ...


def restore_version(version_id: str) -> Done:
    """Bring back an earlier version of a file."""
    ...


def delete_file(file_id: str) -> Done:
    """Delete a file for good."""
    ...
