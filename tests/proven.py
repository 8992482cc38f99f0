"""A store in memory whose checks have all passed before under any definition: what fails there pages."""

from synthprobe.stores.inline import InlineStore
from synthprobe.stores.migrate import Migration, migrations

_PASSED = "update checks set passed_definition = json_extract(new.doc, '$.definition') where key = new.key"

_PROVEN = Migration(
    9001,
    "9001_proven.sql",
    f"""
create trigger proven after insert on checks begin {_PASSED}; end;
create trigger proven_again after update of doc on checks begin {_PASSED}; end;
""",
)


def proven_store() -> InlineStore:
    """A fresh store whose triggers take every announced check as having passed."""
    return InlineStore((*migrations(), _PROVEN))
