"""What a reference in a URL names reaches no other part of the URL than the one it was written in."""

import pytest

from synthprobe.core.templates import LookupFailed, Names, Template, parse
from synthprobe.core.url_templates import fill_url

SECRET = "p@ss:w0rd?x#y%41z"
NAMES: Names = {
    "region": {
        "base_url": "http://h.example:8421/a%20b?key=1",
        "host": "h.example:8421",
        "root": "https://h",
    },
    "secrets": {"k": SECRET},
    "steps": {
        "a": {
            "id": "in/voice 7&x=y+é",
            "path": "/v1/x?y=1",
            "none": None,
            "number": 12,
            "url": "https://h/x?y#z",
        }
    },
}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        pytest.param("${{ steps.a.url }}", "https://h/x?y#z", id="a whole URL"),
        pytest.param("${{ region.root }}${{ steps.a.path }}", "https://h/v1/x?y=1", id="a URL in two halves"),
        pytest.param(
            "${{ region.root }}/v1/${{ secrets.k }}/x", "https://h/v1/p@ss:w0rd%3Fx%23y%2541z/x", id="a path"
        ),
        pytest.param(
            "https://h/${{ steps.a.id }}",
            "https://h/in%2Fvoice%207%26x%3Dy%2B%C3%A9",
            id="one segment of a path",
        ),
        pytest.param(
            "https://h/?k=${{ secrets.k }}", "https://h/?k=p%40ss%3Aw0rd%3Fx%23y%2541z", id="a query"
        ),
        pytest.param(
            "${{ region.base_url }}${{ steps.a.number }}&id=${{ steps.a.id }}",
            "http://h.example:8421/a%20b?key=112&id=in%2Fvoice%207%26x%3Dy%2B%C3%A9",
            id="a query that the base URL began",
        ),
        pytest.param("https://h/#${{ steps.a.path }}", "https://h/#%2Fv1%2Fx%3Fy%3D1", id="a fragment"),
        pytest.param("http://${{ region.host }}/x", "http://h.example:8421/x", id="a host with its port"),
        pytest.param(
            "https://me:${{ secrets.k }}@h/x", "https://me:p%40ss%3Aw0rd%3Fx%23y%2541z@h/x", id="a password"
        ),
    ],
)
def test_a_reference_is_encoded_for_where_it_stands(written: str, filled: str) -> None:
    template = parse(written)
    assert isinstance(template, Template)
    assert fill_url(template, NAMES) == filled


def test_a_reference_without_a_text_is_no_part_of_a_url() -> None:
    template = parse("https://h/${{ steps.a.none }}")
    assert isinstance(template, Template)
    with pytest.raises(LookupFailed, match="null"):
        fill_url(template, NAMES)
