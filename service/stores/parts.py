"""Writes an object too large for one request: part after part, so that only parts of it are ever in memory.

Amazon's own client does it for S3: it alone can make the last step, by which the parts become an object, conditional
(`If-None-Match: *`, CompleteMultipartUpload in the API reference), and can find uploads that a killed run left. The
client of the other two takes no condition with parts, so a look goes before: two writers of one key at one moment would
both write. What is written under its own SHA-256 is the same then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO

from service.stores.address import Address

ONE_REQUEST = 1 << 26
"""Bytes: what is larger goes in parts."""
LEAST_PART, MOST_PARTS = 1 << 24, 10_000
"""Bytes of a part, and the parts of an object: the limit of S3 and of Google (10,000); Azure takes 50,000 blocks."""
_AT_ONCE = 2


def measure_rest(content: bytes | BinaryIO) -> int:
    """How many bytes are still to be read."""
    if isinstance(content, bytes):
        return len(content)
    here = content.tell()
    end = content.seek(0, os.SEEK_END)
    content.seek(here)
    return end - here


def choose_part(size: int) -> int:
    """Bytes of each part of an object of that size."""
    return max(LEAST_PART, -(-size // MOST_PARTS))


def put_by_client(native: Any, key: str, content: BinaryIO, size: int) -> None:
    """By obstore's store: S3's multipart protocol at Google, blocks at Azure; nothing is there before the last step."""
    native.put(key, content, use_multipart=True, chunk_size=choose_part(size), max_concurrency=_AT_ONCE)


def put_to_amazon(address: Address, key: str, content: BinaryIO, size: int) -> bool:
    """Returns False where the key was there, or came to be there meanwhile: that stays."""
    client = import_module("boto3").Session().client("s3")
    upload = Upload(client, address.bucket, "/".join(part for part in (address.key.strip("/"), key) if part))
    is_new = upload.write(content, choose_part(size))
    upload.drop_left_over()
    return is_new


class Upload:
    """One object of a bucket of S3, written in parts. `client` is boto3's."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._where = {"Bucket": bucket, "Key": key}

    def write(self, content: BinaryIO, part: int) -> bool:
        """Returns whether the object is new. What fails on the way leaves nothing behind."""
        upload = {"UploadId": self._client.create_multipart_upload(**self._where)["UploadId"]}
        try:
            parts = list(self._send(upload, content, part))
            self._client.complete_multipart_upload(
                **self._where, **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException as error:
            self._abort(upload)
            # Another writer's clearing up may have ended this upload: then what it wrote is there.
            if _code(error) == "PreconditionFailed" or (_code(error) == "NoSuchUpload" and self._is_there()):
                return False
            raise
        return True

    def drop_left_over(self) -> None:
        """End uploads of this key that others began: the key is there, so none of them can become an object.

        S3 charges for their parts until then. Who may not list or end them leaves that to a rule of the bucket.
        """
        kinds = import_module("botocore.exceptions")
        with suppress(kinds.ClientError):
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._where["Bucket"], Prefix=self._where["Key"]):
                for upload in page.get("Uploads", []):
                    if upload["Key"] == self._where["Key"]:
                        self._client.abort_multipart_upload(**self._where, UploadId=upload["UploadId"])

    def _send(self, upload: dict[str, str], content: BinaryIO, part: int) -> Iterator[dict[str, Any]]:
        """What the last step is to be told of each part: its number, tag and checksum."""
        number = 0
        while piece := content.read(part):
            number += 1
            answer = self._client.upload_part(**self._where, **upload, PartNumber=number, Body=piece)
            told = {name: value for name, value in answer.items() if name in ("ETag", "ChecksumCRC32")}
            yield {"PartNumber": number, **told}

    def _abort(self, upload: dict[str, str]) -> None:
        """The error that led here says more than one of this."""
        with suppress(Exception):
            self._client.abort_multipart_upload(**self._where, **upload)

    def _is_there(self) -> bool:
        with suppress(import_module("botocore.exceptions").ClientError):
            return bool(self._client.head_object(**self._where))
        return False


def _code(error: BaseException) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
