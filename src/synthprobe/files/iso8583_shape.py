"""The shape of an ISO 8583 message as a probe file writes it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from synthprobe.files.protocol_shape import Host, Ip, Port, ServerName, Timeout, Tls, Via

FieldNumber = Annotated[
    str,
    Meta(
        pattern="^([2-9]|[1-5][0-9]|6[0-46-9]|[7-9][0-9]|1[01][0-9]|12[0-8])$",
        extra_json_schema={
            "patternErrorMessage": "a field is a number from 2 to 128, in quotes; 1 and 65 are bitmaps"
        },
    ),
]

LayoutName = Annotated[
    str,
    Meta(
        pattern="^(type|[2-9]|[1-5][0-9]|6[0-46-9]|[7-9][0-9]|1[01][0-9]|12[0-8])$",
        extra_json_schema={"patternErrorMessage": "a field is a number from 2 to 128, in quotes, or `type`"},
    ),
]

TextEncoding = Literal["ascii", "ebcdic", "bcd", "binary"]


class FieldLayout(Struct, frozen=True, forbid_unknown_fields=True):
    """How a host writes one field."""

    max: Annotated[
        Annotated[int, Meta(ge=1, le=9999)],
        Meta(description="Its length, or longest: in bytes, of BCD in digits.", examples=[19]),
    ]
    data: Annotated[
        TextEncoding | UnsetType,
        Meta(
            description="How it is written; ascii. Binary stands as hexadecimal in the file.",
            examples=["bcd"],
        ),
    ] = UNSET
    var: Annotated[
        Literal[1, 2, 3, 4] | UnsetType,
        Meta(description="Digits of its length: 2 is LLVAR, 3 LLLVAR; fixed unless given.", examples=[2]),
    ] = UNSET
    length: Annotated[
        TextEncoding | UnsetType, Meta(description="How its length is written; ascii.", examples=["bcd"])
    ] = UNSET


class LengthHeader(Struct, frozen=True, forbid_unknown_fields=True):
    """The length before each message."""

    size: Annotated[Literal[2, 4] | UnsetType, Meta(description="Its bytes; 2.", examples=[4])] = UNSET
    encoding: Annotated[
        Literal["binary", "ascii", "ebcdic"] | UnsetType,
        Meta(description="How it is written; binary.", examples=["ascii"]),
    ] = UNSET
    counts_itself: Annotated[
        bool | UnsetType, Meta(description="Whether it counts its own bytes; false.", examples=[True])
    ] = UNSET
    prefix: Annotated[
        str | UnsetType,
        Meta(
            description="Bytes between it and the message, in hexadecimal (a TPDU).", examples=["6000030000"]
        ),
    ] = UNSET


class Iso8583(Struct, frozen=True, forbid_unknown_fields=True):
    """An ISO 8583 message; fields 7, 11 and, of a transaction, 37 are made where they are not given."""

    host: Host
    port: Annotated[Port, Meta(description="Its port.", examples=[8583])]
    type: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{4}|\$\{\{.*\}\})$",
            description="Message type: 0800 or 1804 echo, 0100 authorisation, 0400 reversal.",
            examples=["0800"],
            extra_json_schema={"patternErrorMessage": "a message type has four digits, in quotes"},
        ),
    ]
    fields: Annotated[
        dict[FieldNumber, str | int | None] | UnsetType,
        Meta(
            description="Fields by number; null leaves out one that is made. Binary ones in hexadecimal.",
            examples=[{"3": "000000", "4": "000000000107", "49": "978", "70": "301"}],
        ),
    ] = UNSET
    tls: Tls = UNSET
    server_name: ServerName = UNSET
    format: Annotated[
        Literal["ascii", "binary", "ebcdic"] | UnsetType,
        Meta(
            description="ascii: all text, bitmaps in hexadecimal; binary: bitmaps, PIN, ICC data and MAC as bytes; "
            "ebcdic: as binary, with EBCDIC. ascii.",
            examples=["binary"],
        ),
    ] = UNSET
    layout: Annotated[
        dict[LayoutName, FieldLayout] | UnsetType,
        Meta(
            description="Fields that the host writes otherwise than `format` says.",
            examples=[
                {"48": {"var": 3, "max": 512}, "2": {"data": "bcd", "var": 2, "length": "bcd", "max": 19}}
            ],
        ),
    ] = UNSET
    header: Annotated[
        LengthHeader | UnsetType,
        Meta(
            description="The length before each message; two bytes, binary.",
            examples=[{"size": 4, "encoding": "ascii"}],
        ),
    ] = UNSET
    timeout: Timeout = UNSET
    ip: Ip = UNSET
    via: Via = UNSET
