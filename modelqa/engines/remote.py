"""Files of an object store, through pyarrow's file systems: fetched, then read as files are.

Fetched whole, for the digest that a result names is one of all bytes, and every column is of the
same version. Credentials come from the environment, as each store's own tools read them.
"""

import fnmatch
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from modelqa.core.patience import PATIENCE, patiently, size
from modelqa.engines.files import File, format_of
from modelqa.errors import SubjectError

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss")
_OPTIONS = {
    "region", "scheme", "endpoint_override", "tls_ca_file_path", "retry_limit_seconds", "enable_tls",
    "blob_storage_authority", "dfs_storage_authority", "credential_kind", "tenant_id", "client_id",
}  # fmt: skip
_GOOGLE = ("gs", "gcs")
_AMAZON = ("region", "scheme", "endpoint_override", "tls_ca_file_path")
_SECRET = re.compile(r"[^/@]*:[^/@]*@")


def public(url: str) -> str:
    """An address as messages may tell it: no user, no password, no options.

    >>> public("s3://key:secret@bucket/new.parquet?region=eu-west-1")
    's3://bucket/new.parquet'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{_SECRET.sub('', parts.netloc, count=1)}{parts.path}"


def local(url: str) -> Path:
    """The path behind a ``file:`` address. Raises `SubjectError` for one of another machine.

    >>> local("file:///data/new%20rows.csv").name
    'new rows.csv'
    """
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise SubjectError(f"{public(url)}: expected file:///path, found the name of a machine")
    from urllib.request import url2pathname  # brings http and ssl along

    return Path(url2pathname(parts.path))


@contextmanager
def fetched(url: str, *, patience: float = PATIENCE) -> Iterator[list[File]]:
    """The files behind an address, as copies that live as long as the context.

    The last part of the address may be a pattern: ``s3://bucket/new/*.parquet``.
    Raises `SubjectError` where there is no such file, the store refuses or does not answer within
    ``patience`` seconds, or the address holds a secret.
    """
    shown = _checked(url)
    with TemporaryDirectory(prefix="modelqa-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        try:
            yield patiently(
                lambda: copy(*_open(url), folder, shown),
                seconds=patience,
                progress=lambda: size(folder),
            )
        except TimeoutError as error:
            raise SubjectError(
                f"{shown}: no answer within {patience:g} s; check the address, the network, and that the "
                "credentials of the environment are those of this store"
            ) from error


def copy(filesystem: Any, path: str, folder: Path, shown: str) -> list[File]:
    """Copy a file, or those that match a pattern, out of a file system of pyarrow's, in name order.

    Raises `SubjectError` where there is none, or it cannot be read.
    """
    import pyarrow as pa

    made = []
    try:
        for place, found in enumerate(_names(filesystem, path, shown)):
            name = PurePosixPath(found).name
            file = File(
                folder / f"{place:06}{''.join(PurePosixPath(name).suffixes[-2:])}", _beside(shown, name)
            )
            with filesystem.open_input_stream(found, compression=None) as source, file.path.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            made.append(file)
    except (OSError, pa.ArrowException) as error:
        raise SubjectError(f"{shown}: {_refused(error)}") from None
    return made


def _checked(url: str) -> str:
    """What messages may call an address. Raises `SubjectError` where it cannot be one of a table file."""
    shown, parts = public(url), urlsplit(url)
    if _SECRET.match(parts.netloc):
        raise SubjectError(
            f"{shown}: expected an address without credentials; set them in the environment of the run"
        )
    strange = sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)} - _OPTIONS)
    if strange or parts.fragment:
        raise SubjectError(
            f"{shown}: {', '.join(map(repr, strange)) or 'a fragment'} is no option of an address; known are "
            f"{', '.join(sorted(_OPTIONS))}, and credentials come from the environment"
        )
    *folders, name = parts.path.split("/")
    if not parts.netloc or not name:
        raise SubjectError(f"{shown}: expected {parts.scheme}://bucket/folder/file.parquet")
    if "*" in parts.netloc + "".join(folders):
        raise SubjectError(f"{shown}: a pattern (*) may stand in the last part of an address only")
    format_of(name, shown)
    return shown


def _open(url: str) -> tuple[Any, str]:
    """A file system and the path in it; asks the store where a bucket is."""
    import pyarrow as pa
    import pyarrow.fs as fs

    parts = urlsplit(url)
    if parts.scheme in _GOOGLE and "retry_limit_seconds" not in parts.query:
        # The library's own limit is a quarter of an hour.
        url = f"{url}{'&' if parts.query else '?'}retry_limit_seconds=10"
    try:
        if parts.scheme == "s3":
            return _amazon(parts.netloc, dict(parse_qsl(parts.query))), unquote(parts.netloc + parts.path)
        filesystem, path = fs.FileSystem.from_uri(url)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SubjectError(f"{public(url)}: {_refused(error)}") from None
    return filesystem, path


def _amazon(bucket: str, options: dict[str, str]) -> Any:
    """A file system that gives up sooner than we do, so that no request of it outlives the process."""
    import pyarrow.fs as fs

    if "region" not in options and "endpoint_override" not in options:
        options = {**options, "region": fs.resolve_s3_region(bucket)}
    known = {key: value for key, value in options.items() if key in _AMAZON}
    retries = fs.AwsStandardS3RetryStrategy(max_attempts=2)
    return fs.S3FileSystem(connect_timeout=5, request_timeout=5, retry_strategy=retries, **known)


def _names(filesystem: Any, path: str, shown: str) -> list[str]:
    import pyarrow.fs as fs

    if "*" not in path:
        if filesystem.get_file_info(path).type != fs.FileType.File:
            raise SubjectError(f"{shown}: no such file; check the bucket and the name")
        return [path]
    folder, _, pattern = path.rpartition("/")
    listed = filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    names = sorted(
        one.path
        for one in listed
        if one.type == fs.FileType.File and fnmatch.fnmatchcase(one.base_name, pattern)
    )
    if not names:
        raise SubjectError(f"{shown} matches 0 files; expected at least one")
    return names


def _beside(shown: str, name: str) -> str:
    return f"{shown.rpartition('/')[0]}/{name}"


def _refused(error: Exception) -> str:
    """Why a store did not give a file: its error code, and none of its words, which may hold anything."""
    if isinstance(error, FileNotFoundError):
        return "no such file; check the bucket and the name"
    code = re.search(r"\b(?:AWS Error|Status\() ?([A-Z_]+)", str(error))
    told = code[1] if code else type(error).__name__
    return (
        f"cannot be read ({told}); check the address, the network and the credentials, which come from the "
        "environment (AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS, AZURE_CLIENT_ID and the like)"
    )
