"""What the parts of a step are made with: the document they stand in, what its probe shares, and the files it names."""

import mimetypes
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from synthprobe.core.requests import Body, BodyKind
from synthprobe.files.attached import Attached
from synthprobe.files.defaults_shape import Defaults
from synthprobe.files.documents import Document, read
from synthprobe.files.egress_values import Profiles
from synthprobe.files.fragments import Fragment
from synthprobe.files.values import value_of


class Making(Struct, frozen=True):
    """For one probe file, or one use of a fragment."""

    document: Document
    defaults: Defaults
    profiles: Profiles
    attached: Attached
    fragments: Mapping[str, Fragment]
    """By what `use` says."""
    prefix: str = ""
    """Of the ids of its steps: `refund/`."""

    def schema(self, written: object) -> str:
        """The JSON Schema that an assertion names or holds, as JSON."""
        if isinstance(written, str):
            content = self.attached.content(self.document.file, written)
            written = read(content, written).value
        return msgspec.json.encode(written).decode()

    def body_file(self, name: str) -> Body:
        """The body that a request takes from a file."""
        data = self.attached.content(self.document.file, name)
        content_type = mimetypes.guess_type(name)[0] or ""
        try:
            return Body(BodyKind.FILE, value_of(data.decode("utf-8")), content_type=content_type)
        except UnicodeDecodeError:
            return Body(BodyKind.FILE, data=data, content_type=content_type)
