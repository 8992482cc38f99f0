"""The step kind `iso8583`: one message and its answer.

Only the fields of `core.iso8583.SHOWN` are shown anywhere. An authorisation whose answer is lost may have arrived, as the
attempt says; it is not repeated unless it is network management, or nothing of it was sent.
"""

from collections.abc import Mapping

from synthprobe.agent.calling import Calling, Came, call, destination, lines_of, text, within
from synthprobe.agent.scene import Acted, Scene, Unsendable
from synthprobe.core.iso8583 import SHOWN, defaults, is_safe_to_repeat
from synthprobe.core.protocols import FieldLayout, Iso8583, LengthHeader
from synthprobe.core.spans import Attribute
from synthprobe.core.steps import Step, all_steps
from synthprobe.core.templates import fill
from synthprobe.telemetry.secrecy import MASK
from synthprobe.telemetry.tracing import OpenSpan
from synthprobe.wire import iso8583 as wire
from synthprobe.wire.line import Line
from synthprobe.wire.sockets import Channel


async def act(step: Step, scene: Scene, span: OpenSpan, seconds: float) -> Acted:
    """Send the message and wait for its answer. Raises `LookupFailed`, `Unsendable`."""
    action, lines = step.action, lines_of(scene)
    assert isinstance(action, Iso8583)
    target = destination(action.endpoint, scene)
    asked = fields_of(step, action, scene)
    dialect = wire.Dialect(wire.Format(action.format), _layout(action.layout), newer=asked["t"][0] != "0")
    header = _header(action.header)

    async def talk(line: Line, channel: Channel) -> wire.Exchanged:
        return await wire.exchange(line, channel, asked, dialect, header)

    async def ask(deadline: float) -> Came:
        exchanged, sighting = await lines.converse(within(target, deadline), talk)
        facts = {f"field.{_KEYS.get(name, name)}": value for name, value in exchanged.answer.items()}
        return Came(sighting, headers=shown(exchanged.answer), facts=facts)

    calling = Calling(
        method=f"ISO8583 {asked['t']}",
        template=action.endpoint.template,
        host=target.host,
        port=target.port,
        said=shown(asked),
        repeatable=is_safe_to_repeat(asked["t"]),
        attributes=_attributes(asked),
    )
    return await call(calling, ask, step.retry, scene, span, seconds, action.endpoint.timeout.total_seconds())


def fields_of(step: Step, action: Iso8583, scene: Scene) -> dict[str, str]:
    """The message: its type, the fields written, and those every message has. Raises `LookupFailed`, `Unsendable`."""
    type = text(action.type, scene)
    if not (len(type) == 4 and type.isascii() and type.isdigit()):
        raise Unsendable("a message type has four digits, as 0100")
    number = next(
        index for index, each in enumerate(all_steps(scene.check.probe.steps)) if each.id == step.id
    )
    made = dict(defaults(type, scene.run_id, number, scene.watch.started_at, scene.watch.now()))
    for name, value in action.fields.items():
        if fill(value, scene.names) is None:
            made.pop(name, None)
        else:
            made[name] = text(value, scene)
    return {"t": type, **made}


def shown(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Every field of a message with its value, or a mask for it."""
    ordered = sorted(fields.items(), key=lambda field: int(field[0]) if field[0].isdigit() else -1)
    return tuple((_name(name), value if name in SHOWN else MASK) for name, value in ordered)


_KEYS = {"t": "type"}
"""Names of what has no number."""


def _name(field: str) -> str:
    return "type" if field == "t" else f"field {field}"


def _layout(fields: Mapping[str, FieldLayout]) -> tuple[tuple[str, wire.Field], ...]:
    return tuple(
        (
            "t" if name == "type" else name,
            wire.Field(wire.Encoding(field.data), field.most, field.digits, wire.Encoding(field.length)),
        )
        for name, field in fields.items()
    )


def _header(header: LengthHeader) -> wire.Header:
    return wire.Header(
        header.size, wire.Encoding(header.encoding), header.counts_itself, bytes.fromhex(header.prefix)
    )


def _attributes(asked: Mapping[str, str]) -> Mapping[str, Attribute]:
    return {"synthprobe.iso8583.type": asked["t"], "synthprobe.iso8583.stan": asked.get("11", "")}
